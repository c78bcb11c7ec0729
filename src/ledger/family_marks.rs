//! Marks families whose relatives are inconsistent, and excludes families from matching.

use rusqlite::{Connection, OptionalExtension};

use super::audit::append;
use super::column::{pseudonym, pseudonym_list};
use super::generation::{advance, next_generation};
use super::ledger::Ledger;
use super::{LedgerError, integrity, review_keeping};
use crate::audit::Attribution;
use crate::model::{Layout, Pseudonym};

impl Ledger {
    /// Replaces the marks of the families that were checked `under` these settings. A mark is a family and the word of
    /// a cause. Families that were checked under other settings count as unchecked from now on.
    ///
    /// # Errors
    /// A database error. Unknown families are ignored.
    pub fn set_marks<'e>(
        &mut self,
        under: &str,
        checked: &[Pseudonym],
        marks: &[(Pseudonym, &str)],
        entry: impl Into<Attribution<'e>>,
    ) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        if checked_under(&tx)?.as_deref() != Some(under) {
            tx.execute("UPDATE family SET checked = 0 WHERE checked = 1", [])?;
            tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('checked_under', ?1)", [under])?;
        }
        {
            let list = pseudonym_list(checked);
            let those = "pseudonym IN (SELECT unhex(value) FROM json_each(?1))";
            tx.execute(&format!("UPDATE family SET checked = 1 WHERE {those}"), [&list])?;
            let sql = format!("DELETE FROM mark WHERE family_id IN (SELECT id FROM family WHERE {those})");
            tx.execute(&sql, [&list])?;
            let mut insert = tx.prepare(
                "INSERT OR IGNORE INTO mark (family_id, cause) SELECT id, ?2 FROM family WHERE pseudonym = ?1",
            )?;
            for (family, cause) in marks {
                insert.execute((*family.as_bytes(), *cause))?;
            }
        }
        if let Some(entry) = entry.into().entry() {
            append(&tx, &entry.with("checked", checked.len()).with("marks", marks.len()))?;
        }
        Ok(tx.commit()?)
    }

    /// Returns the marks of all families, by family and cause.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn marks(&self) -> Result<Vec<(Pseudonym, String)>, LedgerError> {
        self.families_with_words(
            "SELECT pseudonym, cause FROM mark JOIN family ON family.id = family_id ORDER BY pseudonym, cause",
        )
    }

    /// Returns the families that are withdrawn from matching, and the word of the reason, by family.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn withdrawn(&self) -> Result<Vec<(Pseudonym, String)>, LedgerError> {
        self.families_with_words(
            "SELECT pseudonym, withdrawn FROM family WHERE withdrawn IS NOT NULL ORDER BY pseudonym",
        )
    }

    /// Withdraws families from matching, with a word for the reason, or restores them with `None`. Returns how many
    /// changed.
    ///
    /// # Errors
    /// A database error. Unknown families are ignored.
    pub fn withdraw<'e>(
        &mut self,
        families: &[Pseudonym],
        reason: Option<&str>,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<usize, LedgerError> {
        let tx = self.begin()?;
        let mut changed = 0;
        let next = next_generation(&tx)?;
        let before = integrity::families_matched(&tx)?;
        let mut which = Vec::new();
        for family in families {
            let one = tx.execute(
                "UPDATE family SET withdrawn = ?2, changed = ?3 WHERE pseudonym = ?1 AND withdrawn IS NOT ?2",
                (*family.as_bytes(), reason, next),
            )?;
            changed += one;
            which.extend((one > 0).then_some(*family));
        }
        integrity::add_to_count(&tx, Layout::Families, integrity::families_matched(&tx)? - before)?;
        if changed > 0 {
            advance(&tx)?;
        }
        let attribution = entry.into();
        if let Attribution::Entry(entry) = attribution {
            review_keeping::note_change(&tx, which, entry)?;
        }
        if let Some(entry) = attribution.entry() {
            append(&tx, &entry.with("changed", changed).about(families.iter().copied()))?;
        }
        tx.commit()?;
        Ok(changed)
    }

    /// Reads families with a word about each.
    fn families_with_words(&self, sql: &str) -> Result<Vec<(Pseudonym, String)>, LedgerError> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push((pseudonym(row, 0)?, row.get(1)?));
        }
        Ok(all)
    }
}

/// Returns the settings under which the checked families were checked.
pub(super) fn checked_under(connection: &Connection) -> Result<Option<String>, LedgerError> {
    let mut statement = connection.prepare("SELECT value FROM meta WHERE key = 'checked_under'")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?)
}
