//! Detects a file that was imported before and conflicts only with later imports.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Transaction};

use super::plan::{Action, Plan};
use crate::ledger::{Batch, ConflictKind, LedgerError, OnConflict};
use crate::model::Pseudonym;

/// The last import of a file.
pub(super) struct Before {
    id: i64,
    /// Its time, in seconds since 1970 UTC.
    pub(super) at: i64,
    /// Set if that import ignored rows in favour of the ledger's: the user decided this then.
    kept: bool,
}

/// Returns the last import of the file of a batch; `None` if it was never imported.
pub(super) fn before(tx: &Transaction<'_>, batch: &Batch) -> Result<Option<Before>, LedgerError> {
    let sql = "SELECT id, imported_at, rows > added + unchanged + replaced + typings FROM import
               WHERE file_digest = ?1 AND layout = ?2 ORDER BY id DESC LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| Ok(Before { id: row.get(0)?, at: row.get(1)?, kept: row.get(2)? });
    Ok(tx.query_row(sql, (batch.file_digest, batch.layout.word()), read).optional()?)
}

impl Before {
    /// Reports whether the file is to be skipped: a later import changed all data that the file would change or
    /// conflicts with. If the same file is read in another way, it conflicts with its own earlier import and is not
    /// skipped.
    pub(super) fn is_superseded(
        &self,
        tx: &Transaction<'_>,
        batch: &Batch,
        plan: &Plan,
        on_conflict: OnConflict,
    ) -> Result<bool, LedgerError> {
        if matches!(on_conflict, OnConflict::Keep | OnConflict::Replace) {
            return Ok(false);
        }
        let added = plan.samples.iter().zip(&batch.rows).filter(|(action, _)| matches!(action, Action::Add { .. }));
        let mut samples: BTreeSet<Pseudonym> = added.map(|(_, row)| row.sample).collect();
        let mut relatives = BTreeSet::new();
        for conflict in &plan.conflicts {
            match conflict.kind {
                ConflictKind::Itself => return Ok(false),
                kind if kind.is_return() && batch.returning.take_in => return Ok(false),
                ConflictKind::Relation
                | ConflictKind::Second(_)
                | ConflictKind::Pedigree
                | ConflictKind::Unplaced
                | ConflictKind::Half => relatives.insert(conflict.sample),
                ConflictKind::Role
                | ConflictKind::Profile
                | ConflictKind::FewShared
                | ConflictKind::Sex
                | ConflictKind::Metadata
                | ConflictKind::Expunged
                | ConflictKind::ExpungedFamily => samples.insert(conflict.sample),
            };
        }
        if samples.is_empty() && relatives.is_empty() {
            return Ok(false);
        }
        let of_sample = "SELECT max(import_id, coalesce(changed, 0)) > ?2 FROM sample WHERE pseudonym = ?1";
        // `family.changed` is the generation in which a family was last given other relatives; `past` has the last
        // import of that generation.
        let of_families =
            "SELECT max(coalesce((SELECT last_import FROM past WHERE generation = family.changed), ?2 + 1)) > ?2
                           FROM sample JOIN member ON sample_id = sample.id JOIN family ON family.id = family_id
                           WHERE sample.pseudonym = ?1";
        Ok(self.kept || self.all_later(tx, of_sample, &samples)? && self.all_later(tx, of_families, &relatives)?)
    }

    /// Reports whether the query states for all of these that they changed after the import.
    fn all_later(&self, tx: &Transaction<'_>, sql: &str, of: &BTreeSet<Pseudonym>) -> Result<bool, LedgerError> {
        let mut select = tx.prepare(sql)?;
        for sample in of {
            let later = select.query_row((sample.as_bytes(), self.id), |row| row.get(0)).optional()?;
            if later.flatten() != Some(true) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
