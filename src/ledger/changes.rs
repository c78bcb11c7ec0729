//! Reads the children and families that changed since an earlier generation.

use rusqlite::OptionalExtension;

use super::LedgerError;
use super::families::{Positions, Which, families};
use super::generation::{Generation, Past, generation, samples_since};
use super::ledger::Ledger;
use crate::model::{Child, Family, Panel, Pseudonym};

impl Ledger {
    /// Returns the children who were added or whose data changed since then, by pseudonym; the list may include some of
    /// whom only the metadata changed.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn changed_children(&self, panel: &Panel, since: &Past) -> Result<Vec<Child>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let positions = Positions::new(&tx, panel)?;
        // The sign keeps SQLite from reading all samples in the order of the result.
        let mut statement = tx.prepare(&format!(
            "SELECT pseudonym, profile, drop_out FROM sample WHERE id IN ({}) AND role = 'child' ORDER BY +pseudonym",
            samples_since("?1")
        ))?;
        positions.read_children(statement.query([since.last_import])?)
    }

    /// Returns the families that are not withdrawn and that were added, restored, or given other relatives or data
    /// since then, by pseudonym; the list may include some of whose relatives only the metadata changed.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn changed_families(&self, panel: &Panel, since: &Past) -> Result<Vec<Family>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let generation = i64::try_from(since.generation.number).unwrap_or(i64::MAX);
        families(&tx, panel, Which::Changed { generation, last_import: since.last_import })
    }

    /// Returns those of these families that exist and are not withdrawn, in the form of [`Self::families`].
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn families_among(&self, panel: &Panel, among: &[Pseudonym]) -> Result<Vec<Family>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        families(&tx, panel, Which::Among(among))
    }

    /// Returns at most `most` families that are not withdrawn, the first of those whose pseudonym is greater than
    /// `last`, in the form of [`Self::families`]; an empty list if there are no more. All of them must be of
    /// `generation`.
    ///
    /// # Errors
    /// [`LedgerError::Stale`] if that generation has ended; [`LedgerError::Damaged`] at the first record that cannot be
    /// read.
    pub fn families_after(
        &self,
        panel: &Panel,
        last: Option<Pseudonym>,
        most: u32,
        of: &Generation,
    ) -> Result<Vec<Family>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let now = generation(&tx)?;
        if now != *of {
            return Err(LedgerError::Stale { run: of.number, ledger: now.number });
        }
        let after: &[u8] = last.as_ref().map_or(&[], |last| last.as_bytes());
        // The query finds the last family of the page, because the limit applies to families, not to relatives.
        let sql = "SELECT pseudonym FROM family WHERE withdrawn IS NULL AND pseudonym > ?1 ORDER BY pseudonym
                   LIMIT 1 OFFSET ?2";
        let last = tx.query_row(sql, (after, most.saturating_sub(1)), |row| row.get(0)).optional()?;
        let up_to: Vec<u8> = last.unwrap_or_else(|| vec![u8::MAX; Pseudonym::LEN]);
        families(&tx, panel, Which::Between { after, up_to: &up_to })
    }
}
