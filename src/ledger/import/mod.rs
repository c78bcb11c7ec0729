//! Imports a batch in one transaction, which applies all of it or nothing.

mod members;
mod plan;
mod relatives;
mod samples;
mod sealing;
mod stored;
mod superseded;
mod typings;

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use rusqlite::Transaction;

use self::plan::Plan;
use self::stored::Encoder;
use crate::audit::{Attribution, Entry};
use crate::ledger::Ledger;
use crate::ledger::audit::append;
use crate::ledger::generation::advance;
use crate::ledger::meta::now;
use crate::ledger::{
    Batch, Commitment, ConflictKind, ImportReport, LedgerError, OnConflict, Sealer, expunged, integrity, review_keeping,
};
use crate::model::{Layout, Pseudonym};
#[cfg(doc)]
use crate::{ledger::Returning, model::SURE_LOCI};

impl Ledger {
    /// Imports a batch in one transaction, which applies all of it or nothing.
    ///
    /// A row is added as a further typing of a known sample if this is certain: nothing in the row contradicts that it
    /// is of the same person, and it has at least [`SURE_LOCI`] loci in common with the ledger, all of which agree.
    /// [`OnConflict::Add`] also adds rows that are less certain. [`OnConflict::Refuse`] and [`OnConflict::Add`] skip a
    /// file that was imported before and conflicts only with later imports ([`ImportReport::superseded`]).
    ///
    /// A row with an expunged sample or family is a conflict. [`OnConflict::Keep`] ignores the row, and only
    /// [`Returning::take_in`] imports it.
    ///
    /// A row whose sample, relation and metadata the ledger already holds changes nothing; if this is true of all rows,
    /// the generation stays. The result does not depend on the order of the rows. With `dry_run` the report is the
    /// same, but nothing is changed and nothing recorded.
    ///
    /// # Errors
    /// [`LedgerError::Conflicts`] with every conflict if `on_conflict` is [`OnConflict::Refuse`], or if it is
    /// [`OnConflict::Replace`] and cannot settle one of them; [`LedgerError::Shape`] and [`LedgerError::Mixed`] for an
    /// invalid batch; a database error.
    pub fn import<'e>(
        &mut self,
        batch: &Batch,
        on_conflict: OnConflict,
        dry_run: bool,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<ImportReport, LedgerError> {
        self.import_with(batch, on_conflict, dry_run, None, entry.into())
    }

    /// Imports a batch as [`Self::import`] does, and before it acknowledges the import, seals the identifiers of the
    /// imported rows that no file holds yet. With `dry_run` nothing is sealed.
    ///
    /// # Errors
    /// As [`Self::import`], and [`LedgerError::Sealing`].
    pub fn import_sealed<'e>(
        &mut self,
        batch: &Batch,
        on_conflict: OnConflict,
        dry_run: bool,
        seal: Sealer<'_>,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<ImportReport, LedgerError> {
        self.import_with(batch, on_conflict, dry_run, Some(seal), entry.into())
    }

    fn import_with(
        &mut self,
        batch: &Batch,
        on_conflict: OnConflict,
        dry_run: bool,
        seal: Option<Sealer<'_>>,
        attribution: Attribution<'_>,
    ) -> Result<ImportReport, LedgerError> {
        // The transaction itself writes or looks up everything to which the new rows refer.
        self.connection.pragma_update(None, "foreign_keys", false)?;
        let done = self.import_unchecked(batch, on_conflict, dry_run, seal, attribution);
        self.connection.pragma_update(None, "foreign_keys", true)?;
        done
    }

    fn import_unchecked(
        &mut self,
        batch: &Batch,
        on_conflict: OnConflict,
        dry_run: bool,
        seal: Option<Sealer<'_>>,
        attribution: Attribution<'_>,
    ) -> Result<ImportReport, LedgerError> {
        let path = self.path.clone();
        let tx = self.begin()?;
        let seal = seal.filter(|_| !dry_run);
        let entry = match attribution {
            Attribution::Entry(entry) => Some(entry),
            Attribution::Unrecorded(_) => None,
        };
        let Imported { report, record } = import_in(&tx, &path, batch, on_conflict, seal, entry)?;
        if dry_run {
            tx.rollback()?;
            return Ok(report);
        }
        if let Some(record) = record {
            append(&tx, &record)?;
        }
        tx.commit()?;
        if report.replaced + report.typings > 0 {
            // The overwritten data is removed from the journal, too. If a reader keeps the journal open, a later
            // command does this.
            let _ = self.empty_journal();
        }
        Ok(report)
    }
}

/// What an import did in a transaction.
pub(super) struct Imported {
    pub(super) report: ImportReport,
    /// The record of it, which is not in the audit chain yet; `None` without an entry.
    pub(super) record: Option<Entry>,
}

/// Imports a batch in a transaction of the caller, who commits it, or rolls it back. Foreign keys must not be checked.
///
/// # Errors
/// As [`Ledger::import`].
pub(super) fn import_in(
    tx: &Transaction<'_>,
    path: &Path,
    batch: &Batch,
    on_conflict: OnConflict,
    seal: Option<Sealer<'_>>,
    entry: Option<&Entry>,
) -> Result<Imported, LedgerError> {
    let encoder = Encoder::new(tx, batch)?;
    let mut plan = Plan::new(batch);
    stored::plan(tx, batch, &encoder, on_conflict, &mut plan)?;
    let returning = expunged::returning(tx, batch)?;
    plan.note_returning(batch, &returning, on_conflict);
    relatives::plan(tx, batch, on_conflict, &mut plan)?;
    plan.conflicts.sort_unstable();
    let mut kinds = plan.conflicts.iter().map(|conflict| conflict.kind);
    let is_open = |kind: &ConflictKind| !(batch.returning.take_in && kind.is_return());
    let refused = match on_conflict {
        OnConflict::Refuse => kinds.any(|kind| is_open(&kind)),
        OnConflict::Keep => false,
        OnConflict::Replace => kinds.any(|kind| is_open(&kind) && !kind.is_replaceable()),
        OnConflict::Add => kinds.any(|kind| is_open(&kind) && kind != ConflictKind::FewShared),
    };
    let before = superseded::before(tx, batch)?;
    let mut report = match &before {
        Some(before) if before.is_superseded(tx, batch, &plan, on_conflict)? => {
            let report = ImportReport {
                superseded: true,
                kept: batch.rows.len() as u64,
                seen_before: Some(before.at),
                ..ImportReport::default()
            };
            let record = entry.map(|entry| batch.describe_import(entry.clone(), &report).with("outcome", "superseded"));
            return Ok(Imported { report, record });
        }
        _ if refused => return Err(LedgerError::Conflicts(plan.conflicts)),
        _ => plan.report(),
    };
    report.seen_before = before.map(|before| before.at);
    let restored = restored(batch, &plan, &returning);
    report.restored = restored.len() as u64;
    expunged::forget(tx, restored.values())?;
    let import = note_import(tx, batch, &report)?;
    let sealing = match &seal {
        Some(_) => sealing::plan(tx, batch, &plan)?,
        None => None,
    };
    let file = sealing.as_ref().map(|sealing| sealing.file);
    // Sealing takes as long as writing, so another thread does it.
    let (written, sealed) = thread::scope(|scope| {
        let sealed = match seal.zip(sealing.as_ref()) {
            None => None,
            Some((seal, sealing)) => match thread::Builder::new().spawn_scoped(scope, move || seal(&sealing.rows)) {
                Ok(sealed) => Some(sealed),
                Err(source) => {
                    let path = path.to_owned();
                    return (Err(LedgerError::Io { doing: "start a thread for", path, source }), Ok(None));
                }
            },
        };
        let written = samples::write(tx, batch, &encoder, &plan, import, file).and_then(|written| {
            typings::write(tx, batch, &encoder, &plan, import)?;
            let families = members::write(tx, batch, &plan, &written.ids, file)?;
            if batch.layout == Layout::Children {
                integrity::add_to_count(tx, Layout::Children, written.new)?;
            }
            Ok((families, written.ids))
        });
        let sealed = sealed.map(|sealed| sealed.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (written, sealed.transpose().map_err(LedgerError::Sealing))
    });
    let ((families, samples), sealed) = (written?, sealed?);
    if let Some((sealing, file)) = sealing.zip(sealed.as_ref()) {
        sealing.note_file(tx, batch, &samples, file)?;
    }
    members::uncheck_families(tx, batch, &plan)?;
    report.candidates_deleted = members::delete_candidates(tx, batch, &plan, &samples, &families)?;
    let is_changed = report.added + report.replaced + report.typings > 0;
    if is_changed {
        advance(tx)?;
    }
    let record = match entry {
        None => None,
        Some(entry) => {
            if is_changed {
                review_keeping::note_import(tx, &plan.typings_of_children(batch), entry)?;
            }
            let mut record = batch.describe_import(entry.clone(), &report).with("import", import);
            if !restored.is_empty() {
                record = record.with("restored", report.restored).about(restored.into_keys());
            }
            Some(record.with("sealed", sealed.map_or(0, |file| file.records)))
        }
    };
    Ok(Imported { report, record })
}

/// Returns the expunged samples and families that are taken in again.
fn restored(
    batch: &Batch,
    plan: &Plan,
    returning: &BTreeMap<Pseudonym, Commitment>,
) -> BTreeMap<Pseudonym, Commitment> {
    if returning.is_empty() {
        return BTreeMap::new();
    }
    let rows = batch.rows.iter().zip(&plan.aside).filter(|(_, aside)| !**aside);
    let all = rows.flat_map(|(row, _)| [Some(row.sample), row.family.map(|family| family.0)]).flatten();
    all.filter_map(|one| Some((one, *returning.get(&one)?))).collect()
}

/// Records the import. Returns its id.
fn note_import(tx: &Transaction<'_>, batch: &Batch, report: &ImportReport) -> Result<i64, LedgerError> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO import (layout, file_digest, rows, added, unchanged, replaced, typings, imported_at, keyed, first_sample)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, (SELECT coalesce(max(id), 0) + 1 FROM sample))",
        (
            batch.layout.word(),
            batch.file_digest,
            count(batch.rows.len() as u64),
            count(report.added),
            count(report.unchanged),
            count(report.replaced),
            count(report.typings),
            now(),
        ),
    )?;
    Ok(tx.last_insert_rowid())
}
