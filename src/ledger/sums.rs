//! Checksums of candidates and runs: SQLite has none, and a changed bit would be another number.
//!
//! The start of the BLAKE3 hash of all values of a row, each after its length. Profiles have their own, see `codec`.

use rusqlite::Transaction;

use super::LedgerError;
use super::candidates::{self, CurrentCandidate};
use super::runs::{self, RunRecord};
use crate::model::Pseudonym;

/// A checksum.
pub(super) type Sum = [u8; 8];

pub(super) fn of(values: &[&[u8]]) -> Sum {
    let mut hash = blake3::Hasher::new();
    for value in values {
        hash.update(&(value.len() as u64).to_le_bytes()).update(value);
    }
    let mut sum = Sum::default();
    sum.copy_from_slice(&hash.finalize().as_bytes()[..size_of::<Sum>()]);
    sum
}

/// That of a candidate.
pub(super) fn of_candidate(CurrentCandidate { candidate, run, first_run }: &CurrentCandidate) -> Sum {
    of(&[
        candidate.family.as_bytes(),
        candidate.child.as_bytes(),
        &candidate.log10_lr.to_le_bytes(),
        &candidate.loci_compared.to_le_bytes(),
        &candidate.incompatible_loci.to_le_bytes(),
        candidate.same_as.as_ref().map_or(&[][..], |sample| sample.as_bytes()),
        &run.to_le_bytes(),
        &first_run.to_le_bytes(),
    ])
}

/// That of a run.
pub(super) fn of_run(run: &RunRecord) -> Sum {
    of(&[
        run.mode.as_bytes(),
        &run.started_at.to_le_bytes(),
        &run.seconds.to_le_bytes(),
        &run.generation.to_le_bytes(),
        &run.families.to_le_bytes(),
        &run.children.to_le_bytes(),
        &run.pairs.to_le_bytes(),
        &run.digest,
        run.manifest.as_bytes(),
        run.basis.as_ref().map_or(&[][..], |basis| basis),
    ])
}

/// Gives every candidate the checksum of what it says now, whatever it had.
pub(super) fn renew_candidates(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let mut select = tx.prepare(candidates::ALL)?;
    let mut update = tx.prepare("UPDATE candidate SET sum = ?3 WHERE family = ?1 AND child = ?2")?;
    let mut rows = select.query([])?;
    let mut all: Vec<(Pseudonym, Pseudonym, Sum)> = Vec::new();
    while let Some(row) = rows.next()? {
        let current = candidates::unchecked(row)?;
        all.push((current.candidate.family, current.candidate.child, of_candidate(&current)));
    }
    for (family, child, sum) in &all {
        update.execute((family.as_bytes(), child.as_bytes(), sum))?;
    }
    Ok(())
}

/// The same of every run.
pub(super) fn renew_runs(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let mut select = tx.prepare(runs::ALL)?;
    let mut update = tx.prepare("UPDATE run SET sum = ?2 WHERE id = ?1")?;
    let all: Vec<(i64, RunRecord)> = select.query_map([], runs::unchecked)?.collect::<rusqlite::Result<_>>()?;
    for (id, run) in &all {
        update.execute((id, of_run(run)))?;
    }
    Ok(())
}
