//! Looks up which pseudonyms the ledger knows.

use std::collections::HashSet;

use super::LedgerError;
use super::ledger::Ledger;
use crate::model::Pseudonym;

impl Ledger {
    /// Returns those of these pseudonyms that are families here, withdrawn or not.
    ///
    /// # Errors
    /// A database error.
    pub fn families_known(
        &self,
        among: impl IntoIterator<Item = Pseudonym>,
    ) -> Result<HashSet<Pseudonym>, LedgerError> {
        self.known("SELECT 1 FROM family WHERE pseudonym = ?1", among)
    }

    /// Returns those of these pseudonyms that are samples here, of children or of relatives.
    ///
    /// # Errors
    /// A database error.
    pub fn samples_known(&self, among: impl IntoIterator<Item = Pseudonym>) -> Result<HashSet<Pseudonym>, LedgerError> {
        self.known("SELECT 1 FROM sample WHERE pseudonym = ?1", among)
    }

    /// Returns those of these pseudonyms that are children here.
    ///
    /// # Errors
    /// A database error.
    pub fn children_known(
        &self,
        among: impl IntoIterator<Item = Pseudonym>,
    ) -> Result<HashSet<Pseudonym>, LedgerError> {
        self.known("SELECT 1 FROM sample WHERE pseudonym = ?1 AND role = 'child'", among)
    }

    fn known(&self, sql: &str, among: impl IntoIterator<Item = Pseudonym>) -> Result<HashSet<Pseudonym>, LedgerError> {
        let mut statement = self.connection.prepare(sql)?;
        let mut known = HashSet::new();
        for whom in among {
            if statement.exists([whom.as_bytes().as_slice()])? {
                known.insert(whom);
            }
        }
        Ok(known)
    }
}
