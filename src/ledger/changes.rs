//! What changed since an earlier generation.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::checksum::Sum;
use super::open::{Generation, Ledger, generation};
use super::read::{Positions, Which, families, pseudonym};
use super::{LedgerError, whole};
use crate::model::{Child, Family, Panel, Pseudonym};

/// An earlier state of the samples and families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its number and stamp.
    pub generation: Generation,
    /// The last import that it knew.
    last_import: i64,
}

/// Remembers the present generation, so that later ones can say what changed since.
pub(super) fn remember(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let Generation { number, stamp } = generation(tx)?;
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let last_import = tx.query_row("SELECT coalesce(max(id), 0) FROM import", [], |row| row.get(0))?;
    tx.execute(
        "INSERT OR REPLACE INTO past (generation, stamp, last_import, sum) VALUES (?1, ?2, ?3, ?4)",
        (number, stamp, last_import, whole::of_past(number, &stamp, last_import)),
    )?;
    Ok(())
}

/// A query for the ids of the samples that came or were given other data by imports after this one. It goes through no others.
pub(super) fn samples_since(import: &str) -> String {
    // Ids that became free are given again: the least of all, and then the import itself.
    format!(
        "SELECT id FROM sample WHERE id >= (SELECT min(first_sample) FROM import WHERE import.id > {import})
         AND import_id > {import} UNION ALL SELECT id FROM sample WHERE changed > {import}"
    )
}

/// The generation that the transaction under way will lead to.
pub(super) fn next(tx: &Connection) -> Result<i64, LedgerError> {
    Ok(i64::try_from(generation(tx)?.number).unwrap_or(i64::MAX).saturating_add(1))
}

impl Ledger {
    /// An earlier generation, or the present one; `None` if this ledger has never been there, or what it knows of it was
    /// damaged.
    ///
    /// # Errors
    /// The database's.
    pub fn past(&self, number: u64) -> Result<Option<Past>, LedgerError> {
        let Ok(wanted) = i64::try_from(number) else { return Ok(None) };
        let sql = "SELECT stamp, last_import, sum FROM past WHERE generation = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            let (stamp, last_import, sum): (_, _, Option<Sum>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let is_sound = sum == Some(whole::of_past(wanted, &stamp, last_import));
            Ok(is_sound.then_some(Past { generation: Generation { number, stamp }, last_import }))
        };
        Ok(self.connection.query_row(sql, [wanted], read).optional()?.flatten())
    }

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
        let mut rows = statement.query([since.last_import])?;
        let mut children = Vec::new();
        while let Some(row) = rows.next()? {
            let pseudonym = pseudonym(row, 0)?;
            let (profile, drop_out) = positions.read(row, pseudonym, 1)?;
            children.push(Child { pseudonym, profile, drop_out });
        }
        Ok(children)
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
