//! Keeps the column maps of agencies, and makes the empty sheet for laboratories to fill in.

use std::path::Path;

use crate::audit::Entry;
use crate::intake::ColumnMap;
use crate::model::{Layout, shown_path};

use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::output::write::read;

impl Store {
    /// Lists the agencies whose column maps the store keeps, in the order of their names.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn list_column_maps(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.ledger()?.column_maps()?)
    }

    /// Returns the text of an agency's column map.
    ///
    /// # Errors
    /// [`StoreError::NoColumnMap`]; errors of the ledger.
    pub fn column_map(&self, agency: &str) -> Result<String, StoreError> {
        self.ledger()?.column_map(agency)?.ok_or_else(|| StoreError::NoColumnMap(agency.to_owned()))
    }

    /// Stores a column map for an agency and replaces an earlier one. Returns `true` if that changed anything.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// store.set_column_map("Jinan", "jinan.toml".as_ref(), &store::entry("maps set", None))?;
    /// let options = ImportOptions { map_of: Some("Jinan".to_owned()), ..ImportOptions::default() };
    /// store.import(&["export.csv".into()], &options, &store::entry("import", None), &Silent)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::ColumnMap`] if the file is not a valid map; [`StoreError::Io`], [`StoreError::Locked`]; errors of
    /// the ledger.
    pub fn set_column_map(&self, agency: &str, path: &Path, entry: &Entry) -> Result<bool, StoreError> {
        let _lock = self.lock()?;
        let (_, text) = self.read_column_map(path)?;
        Ok(self.ledger()?.set_column_map(agency, Some(&text), entry)?)
    }

    /// Removes the column map of an agency.
    ///
    /// # Errors
    /// [`StoreError::NoColumnMap`], [`StoreError::Locked`]; errors of the ledger.
    pub fn remove_column_map(&self, agency: &str, entry: &Entry) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        match self.ledger()?.set_column_map(agency, None, entry)? {
            true => Ok(()),
            false => Err(StoreError::NoColumnMap(agency.to_owned())),
        }
    }

    /// Returns the header of an empty sheet for files of this layout: every column that an import reads, and the loci
    /// of the panel.
    #[must_use]
    pub fn template(&self, layout: Layout) -> String {
        let fields: &[&str] = match layout {
            Layout::Families => {
                &["family_id", "sample_id", "relation", "sex", "agency", "region", "collected_on", "kit"]
            }
            Layout::Children => &["sample_id", "sex", "agency", "region", "collected_on", "kit"],
        };
        let loci = self.table().panel().loci().iter().map(crate::model::Locus::name);
        let names: Vec<&str> = fields.iter().copied().chain(["AMEL"]).chain(loci).collect();
        names.join(",") + "\n"
    }

    /// Reads a file that holds a column map, and returns its text, too.
    pub(in crate::store) fn read_column_map(&self, path: &Path) -> Result<(ColumnMap, String), StoreError> {
        let bytes = read(path)?;
        let refused = |source| StoreError::ColumnMap { of: shown_path(path), source };
        let map = ColumnMap::read(&bytes, self.table().panel()).map_err(refused)?;
        Ok((map, String::from_utf8_lossy(&bytes).into_owned()))
    }
}
