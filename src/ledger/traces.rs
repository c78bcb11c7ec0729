//! Tracks the traces of expunged or renamed data: files and pages that still hold it, until a command removes them.
//!
//! Removing the traces changes nothing that the ledger holds, so it is not recorded; the change that left them is.

use rusqlite::OptionalExtension;

use super::LedgerError;
use super::ledger::Ledger;

/// Name in `meta` of the value that says that expunged or renamed data has left traces.
pub(super) const UNFINISHED: &str = "expunge_unfinished";

impl Ledger {
    /// Returns the files of the vault that must be deleted, if traces of expunged or renamed data are left in files;
    /// `None` if there is nothing left to do.
    ///
    /// # Errors
    /// A database error.
    pub fn unfinished(&self) -> Result<Option<Vec<String>>, LedgerError> {
        let sql = "SELECT value FROM meta WHERE key = ?1";
        let unfinished: Option<i64> = self.connection.query_row(sql, [UNFINISHED], |row| row.get(0)).optional()?;
        if unfinished.is_none() {
            return Ok(None);
        }
        let mut statement = self.connection.prepare("SELECT name FROM doomed ORDER BY name")?;
        let names = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(Some(names))
    }

    /// Rewrites the whole file without deleted data, and empties the journal. Returns `false` if another program is
    /// reading the ledger, so that the journal could not be emptied.
    ///
    /// # Errors
    /// A database error.
    pub fn compact(&mut self) -> Result<bool, LedgerError> {
        self.connection.execute_batch("VACUUM")?;
        self.empty_journal()
    }

    /// Records that the index, the vault's old files and the journal are gone.
    ///
    /// # Errors
    /// A database error.
    pub fn finished(&mut self) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        tx.execute("DELETE FROM meta WHERE key = ?1", [UNFINISHED])?;
        tx.execute("DELETE FROM doomed", [])?;
        Ok(tx.commit()?)
    }
}
