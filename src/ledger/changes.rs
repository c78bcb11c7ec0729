//! Reads the children and families that changed since an earlier generation.

use rusqlite::OptionalExtension;

use super::LedgerError;
use super::families::{Positions, Which, families};
use super::generation::{Generation, Past, generation, samples_since};
use super::ledger::Ledger;
use crate::model::{Child, Family, Panel, Pseudonym};

impl Ledger {
    /// The children that came or were given other data since, by pseudonym; perhaps some that were only described anew.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn changed_children(&self, panel: &Panel, since: &Past) -> Result<Vec<Child>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let positions = Positions::new(&tx, panel)?;
        // The sign keeps SQLite from going through all samples in the order asked for.
        let mut statement = tx.prepare(&format!(
            "SELECT pseudonym, profile, drop_out FROM sample WHERE id IN ({}) AND role = 'child' ORDER BY +pseudonym",
            samples_since("?1")
        ))?;
        positions.read_children(statement.query([since.last_import])?)
    }

    /// The families that are not withdrawn and that came, were restored or have relatives or data that they had not got
    /// then, by pseudonym; perhaps some whose relatives were only described anew.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn changed_families(&self, panel: &Panel, since: &Past) -> Result<Vec<Family>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let generation = i64::try_from(since.generation.number).unwrap_or(i64::MAX);
        families(&tx, panel, Which::Changed { generation, last_import: since.last_import })
    }

    /// Those of these families that are there and not withdrawn, as [`Self::families`] gives them.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn families_among(&self, panel: &Panel, among: &[Pseudonym]) -> Result<Vec<Family>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        families(&tx, panel, Which::Among(among))
    }

    /// At most `most` families that are not withdrawn, the first of those whose pseudonym comes after `last`, as
    /// [`Self::families`] gives them; none if there are no more. All of them must be of `generation`.
    ///
    /// # Errors
    /// [`LedgerError::Stale`] if it is over; [`LedgerError::Damaged`] at the first record that cannot be read.
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
        // Up to which family: the limit is on families, not on relatives.
        let sql = "SELECT pseudonym FROM family WHERE withdrawn IS NULL AND pseudonym > ?1 ORDER BY pseudonym
                   LIMIT 1 OFFSET ?2";
        let last = tx.query_row(sql, (after, most.saturating_sub(1)), |row| row.get(0)).optional()?;
        let up_to: Vec<u8> = last.unwrap_or_else(|| vec![u8::MAX; Pseudonym::LEN]);
        families(&tx, panel, Which::Between { after, up_to: &up_to })
    }
}
