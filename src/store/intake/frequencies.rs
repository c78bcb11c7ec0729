//! Reads frequency tables: a file in any supported format, or the database of a Familias project.

use std::io;
use std::path::Path;

use crate::files;
use crate::intake::{
    PublishedTable, TableForm, TableRequest, file_bytes, is_fam_database, read_fam_database, read_frequency_table,
};
use crate::model::shown_path;
use crate::population::{Floor, FrequencyTable, Model, Mutation};

use crate::store::error::{FileAction, StoreError};
use crate::store::output::familias::{FamiliasDatabase, FrequencyNote, UnknownFloor, UnknownMutation, of_database};

/// A frequency table, and the model settings that its file gives.
#[derive(Clone, Debug)]
pub struct Frequencies {
    /// The table as CSV, in the form in which a store keeps it.
    pub text: String,
    /// The table.
    pub table: FrequencyTable,
    /// The model settings to use if no option overrides them.
    pub base: ModelBase,
    /// Notes about parts of the file that are not used or need attention.
    pub notes: Vec<FrequencyNote>,
    /// The layout of the file; `None` for a Familias project and for tables that were not read from a file.
    pub form: Option<TableForm>,
    /// The population, if the file names it.
    pub population: Option<String>,
    /// For each locus, its name in the file if that may differ.
    pub written: Vec<String>,
    /// For each locus, the frequency that the file gives to alleles without a row.
    pub floors: Vec<Option<f64>>,
}

impl Frequencies {
    /// Returns the built-in table: 23 loci, Chinese Han.
    ///
    /// ```
    /// assert_eq!(reunite::store::Frequencies::built_in().table.panel().len(), 23);
    /// ```
    #[must_use]
    pub fn built_in() -> Self {
        let text = FrequencyTable::chinese_han_23_text().to_owned();
        Self { text, ..FrequencyTable::chinese_han_23().clone().into() }
    }

    /// Reads a file: a table in any format that [`read_frequency_table`] supports, or a Familias project.
    ///
    /// # Errors
    /// Those of [`Self::read_as`].
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        Self::read_as(path, &TableRequest::default())
    }

    /// Reads a file according to the request.
    ///
    /// ```
    /// use reunite::intake::TableRequest;
    /// use reunite::store::Frequencies;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("table.csv");
    /// std::fs::write(&path, "Allele,Pop,TH01\n6,Han,1\n9.3,Hui,1\nfmin,Han,0.001\n")?;
    /// let request = TableRequest { population: Some("Han"), ..TableRequest::default() };
    /// let frequencies = Frequencies::read_as(&path, &request)?;
    /// assert_eq!(frequencies.table.loci()[0].alleles(), ["6".parse()?]);
    /// assert_eq!(frequencies.floors, [Some(0.001)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Unread`], [`StoreError::Frequencies`], [`StoreError::FamiliasDatabase`].
    pub fn read_as(path: &Path, request: &TableRequest<'_>) -> Result<Self, StoreError> {
        let bytes = file_bytes(path)?;
        let name = shown_path(path);
        if is_fam_database(&bytes) {
            if request.population.is_some() || request.sheet.is_some() {
                return Err(StoreError::OnePopulation(path.to_owned()));
            }
            let database = read_fam_database(&name, &bytes).map_err(StoreError::FamiliasDatabase)?;
            let FamiliasDatabase { table, mutation, floor, theta, notes } = of_database(&name, database)?;
            return Ok(Self { base: ModelBase { mutation, floor, theta }, notes, ..table.into() });
        }
        let read = read_frequency_table(&name, &bytes, request).map_err(StoreError::Frequencies)?;
        let PublishedTable { table, form, population, written, floors, notes, .. } = read;
        let base = ModelBase { floor: floor(&table, &floors), ..ModelBase::default() };
        let mut notes: Vec<FrequencyNote> = notes.into_iter().map(FrequencyNote::Finding).collect();
        if let Some(floor) = floor_note(&name, &table, &floors) {
            notes.push(floor);
        }
        Ok(Self { base, notes, form: Some(form), population, written, floors, ..table.into() })
    }
}

impl From<FrequencyTable> for Frequencies {
    /// Wraps a table that was built from values, and writes its text.
    fn from(table: FrequencyTable) -> Self {
        let written = table.panel().loci().iter().map(|locus| locus.name().to_owned()).collect();
        Self {
            text: table.to_csv(),
            floors: vec![None; table.panel().len()],
            table,
            base: ModelBase::default(),
            notes: Vec::new(),
            form: None,
            population: None,
            written,
        }
    }
}

/// Returns the frequency that the table states for unlisted alleles, if all loci have the same one. If it differs from
/// locus to locus, the number of persons determines it, if it is known.
fn floor(table: &FrequencyTable, floors: &[Option<f64>]) -> Result<Floor, UnknownFloor> {
    let mut stated = floors.iter();
    match stated.next().copied().flatten() {
        Some(first) if stated.all(|floor| *floor == Some(first)) => Ok(Floor::Fixed(first)),
        _ if floors.iter().all(Option::is_none) => Ok(Floor::Counted),
        _ if table.loci().iter().all(|locus| locus.individuals().is_some()) => Ok(Floor::Counted),
        _ => Err(UnknownFloor),
    }
}

fn floor_note(file: &str, table: &FrequencyTable, floors: &[Option<f64>]) -> Option<FrequencyNote> {
    let stated = floors.iter().any(Option::is_some);
    match floor(table, floors) {
        Ok(Floor::Fixed(floor)) => Some(FrequencyNote::Floor { file: file.to_owned(), floor: Some(floor) }),
        Ok(Floor::Counted) if stated => Some(FrequencyNote::Floor { file: file.to_owned(), floor: None }),
        _ => None,
    }
}

/// Reads a table that a store keeps.
pub(in crate::store) fn read_kept(path: &Path) -> Result<FrequencyTable, StoreError> {
    let text = files::open(path)
        .and_then(io::read_to_string)
        .map_err(|source| StoreError::io(FileAction::Read, path, source))?;
    FrequencyTable::from_csv(&text).map_err(|source| StoreError::KeptTable { path: path.to_owned(), source })
}

/// The model settings to use if no option overrides them, or the reasons why there are none.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelBase {
    /// The mutation model.
    pub mutation: Result<Mutation, UnknownMutation>,
    /// The frequency of alleles that the table does not list.
    pub floor: Result<Floor, UnknownFloor>,
    /// `F_ST`, from 0 and below 1.
    pub theta: f64,
}

impl Default for ModelBase {
    fn default() -> Self {
        let model = Model::default();
        Self { mutation: Ok(model.mutation), floor: Ok(model.floor), theta: model.theta }
    }
}
