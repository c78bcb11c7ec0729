//! Finds the samples that `match` leaves out, because their terms do not allow it; see `keeping`.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::LedgerError;
use super::column::pseudonym;
use super::ledger::Ledger;
use crate::model::Pseudonym;

impl Ledger {
    /// Returns the samples that `match` leaves out: their terms have other purposes, or their consent was withdrawn.
    ///
    /// # Errors
    /// A database error.
    pub fn not_searched(&self) -> Result<BTreeSet<Pseudonym>, LedgerError> {
        not_searched(&self.connection)
    }
}

/// Returns the samples that `match` leaves out.
pub(super) fn not_searched(connection: &Connection) -> Result<BTreeSet<Pseudonym>, LedgerError> {
    let mut statement = connection.prepare("SELECT sample FROM keeping WHERE is_searched = 0")?;
    let mut rows = statement.query([])?;
    let mut all = BTreeSet::new();
    while let Some(row) = rows.next()? {
        all.insert(pseudonym(row, 0)?);
    }
    Ok(all)
}
