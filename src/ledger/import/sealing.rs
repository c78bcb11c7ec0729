//! Finds the rows of an import whose identifiers no file of the vault holds yet.

use std::collections::HashSet;

use rusqlite::{OptionalExtension, Transaction};

use super::plan::{Action, Membership, Plan};
use crate::ledger::{Batch, LedgerError, SealedFile, custody};

/// The part of a batch that is to be sealed.
pub(super) struct Sealing {
    /// Id of the future file.
    pub(super) file: i64,
    /// Rows whose identifiers no file holds yet.
    pub(super) rows: Vec<usize>,
    /// Those of the rows that the ledger already knows.
    known: Vec<usize>,
}

/// Returns the rows of an import that are to be sealed; `None` if there are none. Reserves an id for the file, so that
/// rows written meanwhile can refer to it.
pub(super) fn plan(tx: &Transaction<'_>, batch: &Batch, plan: &Plan) -> Result<Option<Sealing>, LedgerError> {
    let mut child = tx.prepare("SELECT sealed_id IS NULL FROM sample WHERE id = ?1")?;
    let mut member = tx.prepare(
        "SELECT sealed_id IS NULL FROM member
         WHERE sample_id = (SELECT id FROM sample WHERE pseudonym = ?1)
         AND family_id = (SELECT id FROM family WHERE pseudonym = ?2)",
    )?;
    let (mut seen, mut rows, mut known) = (HashSet::new(), Vec::new(), Vec::new());
    for (i, row) in batch.rows.iter().enumerate().filter(|&(i, _)| !plan.aside[i]) {
        let family = row.family.map(|(family, _)| family);
        if !seen.insert((row.sample, family)) {
            continue;
        }
        let open = match (family, plan.samples[i]) {
            (None, Action::Insert) => None,
            (Some(_), _) if plan.memberships[i] == Membership::Add => None,
            (None, Action::None(id) | Action::Replace { id, .. } | Action::Add { id, .. }) => {
                Some(child.query_row([id], |row| row.get(0))?)
            }
            (Some(family), _) => {
                let open = member.query_row((row.sample.as_bytes(), family.as_bytes()), |row| row.get(0)).optional()?;
                Some(open.unwrap_or(false))
            }
        };
        if open == Some(true) {
            known.push(i);
        }
        if open != Some(false) {
            rows.push(i);
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(Sealing { file: custody::reserve(tx)?, rows, known }))
}

impl Sealing {
    /// Records the finished file, also in the rows that already existed. `samples` are the ids of the rows' samples.
    pub(super) fn note_file(
        &self,
        tx: &Transaction<'_>,
        batch: &Batch,
        samples: &[i64],
        file: &SealedFile,
    ) -> Result<(), LedgerError> {
        custody::complete(tx, self.file, file)?;
        let mut child = tx.prepare("UPDATE sample SET sealed_id = ?2 WHERE id = ?1")?;
        let mut member = tx.prepare(
            "UPDATE member SET sealed_id = ?3
             WHERE sample_id = ?1 AND family_id = (SELECT id FROM family WHERE pseudonym = ?2)",
        )?;
        for &i in &self.known {
            match batch.rows[i].family {
                None => child.execute((samples[i], self.file))?,
                Some((family, _)) => member.execute((samples[i], family.as_bytes(), self.file))?,
            };
        }
        Ok(())
    }
}
