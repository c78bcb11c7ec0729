//! Traces of what was expunged or renamed: files and pages that still hold it, until a command removes them.
//!
//! Removing them changes nothing that the ledger holds, so nothing here is recorded: the change that left them was.

use rusqlite::OptionalExtension;

use super::LedgerError;
use super::ledger::Ledger;

/// Under which name `meta` says that what was expunged or renamed has left traces.
pub(super) const UNFINISHED: &str = "expunge_unfinished";

impl Ledger {
    /// The files of the vault that are to be removed, if something was expunged or renamed whose traces are not yet gone from
    /// all files; `None` if nothing is left to do.
    ///
    /// # Errors
    /// The database's.
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

    /// Writes the whole file anew, without what was deleted, and empties the journal. `false` if another program is reading
    /// the ledger, so that the journal could not be emptied.
    ///
    /// # Errors
    /// The database's.
    pub fn compact(&mut self) -> Result<bool, LedgerError> {
        self.connection.execute_batch("VACUUM")?;
        self.empty_journal()
    }

    /// Notes that the index, the vault's old files and the journal are gone.
    ///
    /// # Errors
    /// The database's.
    pub fn finished(&mut self) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        tx.execute("DELETE FROM meta WHERE key = ?1", [UNFINISHED])?;
        tx.execute("DELETE FROM doomed", [])?;
        Ok(tx.commit()?)
    }
}
