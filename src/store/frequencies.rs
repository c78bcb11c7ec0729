//! Frequency tables as they are brought: CSV, or the database of a Familias project.

use std::path::Path;

use crate::intake::Format;
use crate::population::{Floor, FrequencyTable, Model, Mutation};

use super::error::StoreError;
use super::familias::{FamiliasDatabase, FamiliasNote, UnknownFloor, UnknownMutation, read_database};
use super::files::read;

/// A frequency table, and what its file says of the model.
#[derive(Clone, Debug)]
pub struct Frequencies {
    /// The table as CSV, as a store keeps it.
    pub text: String,
    /// The table.
    pub table: FrequencyTable,
    /// What holds where no option says otherwise.
    pub base: ModelBase,
    /// What of the file is not taken.
    pub notes: Vec<FamiliasNote>,
}

impl Frequencies {
    /// Gives the built-in table: 23 loci, Chinese Han.
    ///
    /// ```
    /// assert_eq!(reunite::store::Frequencies::built_in().table.panel().len(), 23);
    /// ```
    #[must_use]
    pub fn built_in() -> Self {
        let text = FrequencyTable::chinese_han_23_text().to_owned();
        Self { text, table: FrequencyTable::chinese_han_23().clone(), base: ModelBase::default(), notes: Vec::new() }
    }

    /// Reads a file: tidy CSV (`locus,allele,frequency` and, optionally, `individuals`), or a Familias project.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::NotUtf8`], [`StoreError::Frequencies`], [`StoreError::FamiliasDatabase`].
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let bytes = read(path)?;
        if Format::detect(&bytes) == Format::Fam {
            let FamiliasDatabase { table, mutation, floor, theta, notes } =
                read_database(&path.display().to_string(), &bytes)?;
            let base = ModelBase { mutation, floor, theta };
            return Ok(Self { text: table.to_csv(), table, base, notes });
        }
        let (text, table) = table(path, bytes)?;
        Ok(Self { text, table, base: ModelBase::default(), notes: Vec::new() })
    }
}

impl From<FrequencyTable> for Frequencies {
    /// Takes a table that was built from values, and writes its text.
    fn from(table: FrequencyTable) -> Self {
        Self { text: table.to_csv(), table, base: ModelBase::default(), notes: Vec::new() }
    }
}

/// Reads a table in CSV, with its text.
pub(super) fn read_table(path: &Path) -> Result<(String, FrequencyTable), StoreError> {
    table(path, read(path)?)
}

fn table(path: &Path, bytes: Vec<u8>) -> Result<(String, FrequencyTable), StoreError> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        StoreError::NotUtf8 { path: path.to_owned(), line: line as u64 }
    })?;
    let table = FrequencyTable::read(&path.display().to_string(), &text)?;
    Ok((text, table))
}

/// What holds of a model where no option says otherwise; or why nothing does.
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
