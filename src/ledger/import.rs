//! Importing a batch, whole or not at all.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::thread;

use rayon::prelude::*;
use rusqlite::{OptionalExtension, Transaction};

use super::audit::append;
use super::changes::next;
use super::known::{Encoder, Known, same_sample};
use super::open::{Ledger, advance, key_id, now};
use super::relatives::{self, Membership};
use super::sealed;
use super::{Batch, Conflict, ConflictKind, ImportReport, LedgerError, OnConflict, Sealer, pedigrees, whole, write};
use crate::audit::Attribution;
use crate::model::{Layout, Pseudonym, Relation};

/// What is to be done with each row of a batch.
pub(super) struct Plan {
    /// Rows left aside for the ledger's version.
    pub(super) aside: Vec<bool>,
    pub(super) memberships: Vec<Membership>,
    /// Positions of the rows, by sample and line.
    pub(super) order: Vec<(Pseudonym, u64, usize)>,
    pub(super) samples: Vec<Action>,
    conflicts: Vec<Conflict>,
}

/// What a row does to its sample. Further rows of a sample do what the first does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Insert,
    /// The ledger has it, under this id.
    None(i64),
    Replace {
        id: i64,
        profile: bool,
    },
}

impl Plan {
    pub(super) fn conflict(&mut self, batch: &Batch, row: usize, kind: ConflictKind) {
        self.conflict_of(batch, row, batch.rows[row].sample, kind);
    }

    /// A conflict with something that the row says of another sample.
    pub(super) fn conflict_of(&mut self, batch: &Batch, row: usize, sample: Pseudonym, kind: ConflictKind) {
        self.conflicts.push(Conflict { line: batch.rows[row].line, sample, kind });
    }

    fn new(batch: &Batch) -> Self {
        let mut order: Vec<_> = batch.rows.iter().enumerate().map(|(i, row)| (row.sample, row.line, i)).collect();
        order.par_sort_unstable();
        Self {
            aside: vec![false; batch.rows.len()],
            memberships: vec![Membership::Unchanged; batch.rows.len()],
            order,
            samples: vec![Action::Insert; batch.rows.len()],
            conflicts: Vec::new(),
        }
    }

    fn samples(
        &mut self,
        tx: &Transaction<'_>,
        batch: &Batch,
        encoder: &Encoder,
        on_conflict: OnConflict,
    ) -> Result<(), LedgerError> {
        let mut known = Known::new(tx, batch)?;
        let order = std::mem::take(&mut self.order);
        for same in order.chunk_by(|a, b| a.0 == b.0) {
            let first = same[0].2;
            let stored = known.get(encoder, same[0].0, &batch.rows[first])?;
            let differs = stored.as_ref().map_or(&[][..], |stored| &stored.differs);
            let action = match &stored {
                None => Action::Insert,
                Some(stored) if differs.is_empty() => Action::None(stored.id),
                Some(stored) => Action::Replace { id: stored.id, profile: differs.contains(&ConflictKind::Profile) },
            };
            for &(_, _, i) in same {
                self.samples[i] = action;
                if i == first || same_sample(&batch.rows[i], &batch.rows[first]) {
                    differs.iter().for_each(|&kind| self.conflict(batch, i, kind));
                    self.aside[i] = !differs.is_empty() && on_conflict == OnConflict::Keep;
                } else {
                    self.conflict(batch, i, ConflictKind::Itself);
                    self.aside[i] = true;
                }
            }
        }
        self.order = order;
        Ok(())
    }

    /// The report, counting every row once.
    fn report(&self) -> ImportReport {
        let mut report = ImportReport { conflicts: self.conflicts.clone(), ..ImportReport::default() };
        let mut last = None;
        for &(sample, _, i) in &self.order {
            let count = match (self.aside[i], self.samples[i], self.memberships[i]) {
                (true, ..) => &mut report.kept,
                (_, Action::Replace { .. }, _) | (_, _, Membership::Change) => &mut report.replaced,
                (_, _, Membership::Add) => &mut report.added,
                (_, Action::Insert, _) if last != Some(sample) => &mut report.added,
                _ => &mut report.unchanged,
            };
            *count += 1;
            last = Some(sample);
        }
        report
    }
}

impl Ledger {
    /// Imports a batch in one transaction: all of it, or nothing.
    ///
    /// A row whose sample, relation and metadata the ledger holds already changes nothing; if that is so for all
    /// rows, the generation stays. The result does not depend on the order of the rows. With `dry_run` the report
    /// is the same, nothing is changed and nothing recorded.
    ///
    /// # Errors
    /// [`LedgerError::Conflicts`] with every disagreement if `on_conflict` is [`OnConflict::Refuse`], or
    /// [`OnConflict::Replace`] and one of them cannot be settled so; [`LedgerError::Shape`] and
    /// [`LedgerError::Mixed`] for a batch that is none; the database's.
    pub fn import<'e>(
        &mut self,
        batch: &Batch,
        on_conflict: OnConflict,
        dry_run: bool,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<ImportReport, LedgerError> {
        self.import_with(batch, on_conflict, dry_run, None, entry.into())
    }

    /// The same, and has the identifiers sealed of the rows that are taken in and of which no file holds them yet, before
    /// anything is acknowledged. With `dry_run` nothing is sealed.
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
        // What the new rows refer to is written or looked up by the transaction that writes them.
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
        let tx = self.begin()?;
        let encoder = Encoder::new(&tx, batch)?;
        let mut plan = Plan::new(batch);
        plan.samples(&tx, batch, &encoder, on_conflict)?;
        relatives::plan(&tx, batch, on_conflict, &mut plan)?;
        plan.conflicts.sort_unstable();
        let refused = match on_conflict {
            OnConflict::Refuse => !plan.conflicts.is_empty(),
            OnConflict::Keep => false,
            OnConflict::Replace => plan.conflicts.iter().any(|conflict| !conflict.kind.is_replaceable()),
        };
        if refused {
            return Err(LedgerError::Conflicts(plan.conflicts));
        }
        let mut report = plan.report();
        report.seen_before = tx
            .query_row(
                "SELECT imported_at FROM import WHERE file_digest = ?1 AND layout = ?2 ORDER BY id DESC LIMIT 1",
                (batch.file_digest, batch.layout.word()),
                |row| row.get(0),
            )
            .optional()?;
        let import = record(&tx, batch, &report)?;
        let sealing = match &seal {
            Some(_) if !dry_run => sealed::plan(&tx, batch, &plan)?,
            _ => None,
        };
        let file = sealing.as_ref().map(|sealing| sealing.file);
        // Sealing takes as long as writing, and another thread.
        let (written, sealed) = thread::scope(|scope| {
            let sealed = seal.zip(sealing.as_ref()).map(|(seal, sealing)| scope.spawn(|| seal(&sealing.rows)));
            let written = write::samples(&tx, batch, &encoder, &plan, import, file).and_then(|(samples, new)| {
                let families = write_members(&tx, batch, &plan, &samples, file)?;
                if batch.layout == Layout::Children {
                    whole::add(&tx, Layout::Children, new)?;
                }
                Ok((families, samples))
            });
            let sealed = sealed.map(|sealed| sealed.join().unwrap_or_else(|panic| resume_unwind(panic)));
            (written, sealed.transpose().map_err(LedgerError::Sealing))
        });
        let ((families, samples), sealed) = (written?, sealed?);
        if let Some((sealing, file)) = sealing.zip(sealed.as_ref()) {
            sealing.note(&tx, batch, &samples, file)?;
        }
        uncheck_families(&tx, batch, &plan)?;
        report.candidates_deleted = delete_candidates(&tx, batch, &plan, &samples, &families)?;
        if report.added + report.replaced > 0 {
            advance(&tx)?;
        }
        if dry_run {
            tx.rollback()?;
            return Ok(report);
        }
        if let Some(entry) = attribution.entry() {
            append(&tx, &batch.record(entry, &report).with("sealed", sealed.map_or(0, |file| file.records)))?;
        }
        tx.commit()?;
        if report.replaced > 0 {
            // What was overwritten is gone from the journal, too. A reader may hold it open: then it goes later.
            let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
        Ok(report)
    }
}

fn record(tx: &Transaction<'_>, batch: &Batch, report: &ImportReport) -> Result<i64, LedgerError> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO import (layout, file_digest, rows, added, unchanged, replaced, imported_at, first_sample)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT coalesce(max(id), 0) + 1 FROM sample))",
        (
            batch.layout.word(),
            batch.file_digest,
            count(batch.rows.len() as u64),
            count(report.added),
            count(report.unchanged),
            count(report.replaced),
            now(),
        ),
    )?;
    Ok(tx.last_insert_rowid())
}

/// Writes the families and their relatives and gives the families of which a relation changed.
fn write_members(
    tx: &Transaction<'_>,
    batch: &Batch,
    plan: &Plan,
    samples: &[i64],
    sealed: Option<i64>,
) -> Result<BTreeSet<Pseudonym>, LedgerError> {
    let mut find = tx.prepare("SELECT id FROM family WHERE pseudonym = ?1")?;
    let next = next(tx)?;
    let mut found = tx.prepare("INSERT INTO family (pseudonym, changed, key_id, sum) VALUES (?1, ?2, ?3, ?4)")?;
    let (mut sums, mut new) = (whole::Families::new(tx)?, 0);
    let key = key_id(tx)?;
    let mut write = tx.prepare(
        "INSERT INTO member (family_id, sample_id, relation, sealed_id) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (family_id, sample_id) DO UPDATE SET relation = excluded.relation, place = NULL",
    )?;
    let mut change = tx.prepare("UPDATE family SET checked = 0, changed = ?2 WHERE id = ?1")?;
    let mut links = pedigrees::Writer::new(tx, batch)?;
    let mut order = Vec::new();
    for (i, row) in batch.rows.iter().enumerate() {
        if let Some((family, relation)) = row.family.filter(|_| !plan.aside[i])
            && plan.memberships[i] != Membership::Unchanged
        {
            order.push((family, samples[i], relation, plan.memberships[i], row.sample));
        }
    }
    order.sort_unstable_by_key(|&(family, sample, ..)| (family, sample));
    order.dedup_by_key(|&mut (family, sample, ..)| (family, sample));
    let mut changed = BTreeSet::new();
    for members in order.chunk_by(|a, b| a.0 == b.0) {
        let family = members[0].0;
        let (id, renew) = match find.query_row([family.as_bytes()], |row| row.get(0)).optional()? {
            Some(id) => {
                change.execute((id, next))?;
                (id, sums.is_sound(id)?)
            }
            None => {
                // All that it has is in the batch.
                let pedigree = links.of(family);
                let held = |&(_, _, relation, _, sample): &(_, _, Relation, _, Pseudonym)| {
                    (sample, relation.word(), pedigree.and_then(|pedigree| pedigrees::place(pedigree, sample)))
                };
                let encoded = pedigree.map(|pedigree| pedigrees::encode(&pedigree.pedigree));
                let mut held: Vec<whole::Held<'_>> = members.iter().map(held).collect();
                found.execute((
                    family.as_bytes(),
                    next,
                    key,
                    whole::of_family(family, &mut held, encoded.as_deref()),
                ))?;
                new += 1;
                (tx.last_insert_rowid(), false)
            }
        };
        for &(_, sample, relation, membership, _) in members {
            let sealed = sealed.filter(|_| membership == Membership::Add);
            write.execute((id, sample, relation.word(), sealed))?;
        }
        links.write(family, id)?;
        if renew {
            sums.renew(id)?;
        }
        if members.iter().any(|member| member.3 == Membership::Change) {
            changed.insert(family);
        }
    }
    whole::add(tx, Layout::Families, new)?;
    Ok(changed)
}

/// Forgets that families were checked of whose relatives one was replaced.
fn uncheck_families(tx: &Transaction<'_>, batch: &Batch, plan: &Plan) -> Result<(), LedgerError> {
    let mut uncheck =
        tx.prepare("UPDATE family SET checked = 0 WHERE id IN (SELECT family_id FROM member WHERE sample_id = ?1)")?;
    for i in (0..batch.rows.len()).filter(|&i| !plan.aside[i]) {
        if let Action::Replace { id, .. } = plan.samples[i] {
            uncheck.execute([id])?;
        }
    }
    Ok(())
}

/// Deletes the candidates that were computed from what was replaced; says how many.
fn delete_candidates(
    tx: &Transaction<'_>,
    batch: &Batch,
    plan: &Plan,
    samples: &[i64],
    changed: &BTreeSet<Pseudonym>,
) -> Result<u64, LedgerError> {
    let mut of_child = tx.prepare("DELETE FROM candidate WHERE child = ?1")?;
    let mut of_family = tx.prepare("DELETE FROM candidate WHERE family = ?1")?;
    let mut of_relative = tx.prepare(
        "DELETE FROM candidate WHERE family IN
         (SELECT family.pseudonym FROM member JOIN family ON family.id = member.family_id WHERE member.sample_id = ?1)",
    )?;
    let mut deleted = 0;
    for (i, row) in batch.rows.iter().enumerate() {
        if !plan.aside[i] && matches!(plan.samples[i], Action::Replace { profile: true, .. }) {
            deleted += match batch.layout {
                Layout::Children => of_child.execute([row.sample.as_bytes()])?,
                Layout::Families => of_relative.execute([samples[i]])?,
            };
        }
    }
    for family in changed {
        deleted += of_family.execute([family.as_bytes()])?;
    }
    Ok(deleted as u64)
}
