//! Stores column maps by agency: the names that an agency uses for its columns, for imports.

use rusqlite::OptionalExtension;

use super::LedgerError;
use super::audit::append;
use super::ledger::Ledger;
use super::meta::{meta, set_meta};
use crate::audit::Attribution;

/// Prefix of the names of these values in the table `meta`.
const PREFIX: &str = "column_map/";

impl Ledger {
    /// Returns the agencies that have a map, sorted by name.
    ///
    /// # Errors
    /// A database error.
    pub fn column_maps(&self) -> Result<Vec<String>, LedgerError> {
        let sql = "SELECT substr(key, ?1) FROM meta WHERE substr(key, 1, ?1 - 1) = ?2 ORDER BY key";
        let mut statement = self.connection.prepare(sql)?;
        let all = statement
            .query_map((i64::try_from(PREFIX.len() + 1).unwrap_or(i64::MAX), PREFIX), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(all)
    }

    /// Returns the text of an agency's map; `None` if it has none.
    ///
    /// # Errors
    /// A database error.
    pub fn column_map(&self, agency: &str) -> Result<Option<String>, LedgerError> {
        meta(&self.connection, &format!("{PREFIX}{agency}"))
    }

    /// Stores the map of an agency and replaces an earlier one; `None` deletes it. Returns whether that changed
    /// anything.
    ///
    /// # Errors
    /// A database error.
    pub fn set_column_map<'e>(
        &mut self,
        agency: &str,
        text: Option<&str>,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<bool, LedgerError> {
        let key = format!("{PREFIX}{agency}");
        let attribution = entry.into();
        let tx = self.begin()?;
        let before: Option<String> =
            tx.query_row("SELECT value FROM meta WHERE key = ?1", [&key], |row| row.get(0)).optional()?;
        if before.as_deref() == text {
            return Ok(false);
        }
        match text {
            Some(text) => set_meta(&tx, &key, text)?,
            None => drop(tx.execute("DELETE FROM meta WHERE key = ?1", [&key])?),
        }
        if let Some(entry) = attribution.entry() {
            let digest = *blake3::hash(text.unwrap_or_default().as_bytes()).as_bytes();
            append(&tx, &entry.with("agency", agency).with_digest("map", &digest))?;
        }
        tx.commit()?;
        Ok(true)
    }
}
