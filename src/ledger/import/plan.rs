//! Plans what an import does with each row of its batch. The other files of this module carry out the plan.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use crate::ledger::review_keeping::ImportedTyping;
use crate::ledger::{AddedTyping, Batch, Commitment, Conflict, ConflictKind, ImportReport, OnConflict};
use crate::model::{Layout, Pseudonym};

/// Plan for each row of a batch; vectors run along its rows.
pub(super) struct Plan {
    /// Set for rows that are ignored in favour of the ledger's version.
    pub(super) aside: Vec<bool>,
    pub(super) memberships: Vec<Membership>,
    /// Positions of the rows, by sample and line.
    pub(super) order: Vec<(Pseudonym, u64, usize)>,
    pub(super) samples: Vec<Action>,
    pub(super) conflicts: Vec<Conflict>,
    /// Further typings of samples that the ledger has.
    pub(super) added_typings: Vec<AddedTyping>,
    /// The ids of the batch's families that the ledger has.
    pub(super) families: HashMap<Pseudonym, i64>,
}

/// Effect of a row on its sample. Further rows of a sample have the effect of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Insert,
    /// The ledger has the sample, under this id.
    None(i64),
    Replace {
        id: i64,
        profile: bool,
    },
    /// A further typing of a sample that the ledger has. `profile` is set if it changes the data used in matching.
    Add {
        id: i64,
        profile: bool,
    },
}

impl Plan {
    /// Records a conflict of a row with the ledger about its sample.
    pub(super) fn conflict(&mut self, batch: &Batch, row: usize, kind: ConflictKind) {
        self.conflict_of(batch, row, batch.rows[row].sample, kind);
    }

    /// Records a conflict of a row with the ledger about another sample.
    pub(super) fn conflict_of(&mut self, batch: &Batch, row: usize, sample: Pseudonym, kind: ConflictKind) {
        self.conflicts.push(Conflict { line: batch.rows[row].line, sample, kind, comparison: None });
    }

    pub(super) fn new(batch: &Batch) -> Self {
        let mut order: Vec<_> = batch.rows.iter().enumerate().map(|(i, row)| (row.sample, row.line, i)).collect();
        order.par_sort_unstable();
        Self {
            aside: vec![false; batch.rows.len()],
            memberships: vec![Membership::Unchanged; batch.rows.len()],
            order,
            samples: vec![Action::Insert; batch.rows.len()],
            conflicts: Vec::new(),
            added_typings: Vec::new(),
            families: HashMap::new(),
        }
    }

    /// Records the rows with expunged samples and families, and ignores those rows if that was requested.
    pub(super) fn note_returning(
        &mut self,
        batch: &Batch,
        returning: &BTreeMap<Pseudonym, Commitment>,
        on_conflict: OnConflict,
    ) {
        if returning.is_empty() {
            return;
        }
        for (i, row) in batch.rows.iter().enumerate() {
            let kind = if returning.contains_key(&row.sample) {
                ConflictKind::Expunged
            } else if row.family.is_some_and(|(family, _)| returning.contains_key(&family)) {
                ConflictKind::ExpungedFamily
            } else {
                continue;
            };
            self.conflict(batch, i, kind);
            self.aside[i] |= on_conflict == OnConflict::Keep && !batch.returning.take_in;
        }
    }

    /// Returns what the import does to children that the ledger had.
    pub(super) fn typings_of_children(&self, batch: &Batch) -> BTreeMap<Pseudonym, ImportedTyping<'_>> {
        if batch.layout != Layout::Children {
            return BTreeMap::new();
        }
        let compared: HashMap<Pseudonym, &AddedTyping> =
            self.added_typings.iter().map(|typing| (typing.sample, typing)).collect();
        let written = self.order.iter().filter(|&&(_, _, i)| !self.aside[i]);
        let typing = |&(sample, _, i): &(Pseudonym, u64, usize)| match self.samples[i] {
            Action::Add { .. } => Some((sample, ImportedTyping::Further(&compared.get(&sample)?.comparison))),
            Action::Replace { profile: true, .. } => Some((sample, ImportedTyping::Replaced)),
            _ => None,
        };
        written.filter_map(typing).collect()
    }

    /// Returns the report, which counts every row once.
    pub(super) fn report(&self) -> ImportReport {
        let mut report = ImportReport {
            conflicts: self.conflicts.clone(),
            added_typings: self.added_typings.clone(),
            ..ImportReport::default()
        };
        let mut last = None;
        for &(sample, _, i) in &self.order {
            let count = match (self.aside[i], self.samples[i], self.memberships[i]) {
                (true, ..) => &mut report.kept,
                (_, Action::Replace { .. }, _) | (_, _, Membership::Change) => &mut report.replaced,
                (_, Action::Add { .. }, _) => &mut report.typings,
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

/// Effect of a row on its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    /// Nothing: the row is of a child, or of a relative that the family has.
    Unchanged,
    Add,
    /// Another relation than the ledger's, or another pedigree of the family.
    Change,
}
