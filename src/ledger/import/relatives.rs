//! Plans which relatives a batch adds to which families, and finds conflicts with the ledger.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Transaction;
use rusqlite::types::ValueRef;

use super::plan::{Membership, Plan};
use crate::ledger::column::{pseudonym, relation};
use crate::ledger::{Batch, ConflictKind, LedgerError, OnConflict, pedigrees};
use crate::model::{FamilyPedigree, Pseudonym, Relation};

/// A family in the ledger.
#[derive(Default)]
struct Stored {
    members: BTreeMap<Pseudonym, (Relation, Option<i64>)>,
    links: Option<Vec<u8>>,
}

impl Stored {
    /// Returns the conflict of the family as a whole, and the sample that causes it, with a batch that has this
    /// pedigree, or none, and these relatives for it.
    fn disagrees(
        &self,
        pedigree: Option<&FamilyPedigree>,
        given: &BTreeSet<Pseudonym>,
    ) -> Option<(ConflictKind, Option<Pseudonym>)> {
        let left = |relation: &Relation| pedigree.is_none() == (*relation == Relation::Member);
        let mut behind = self.members.iter().filter(|(sample, held)| left(&held.0) && !given.contains(sample));
        if let Some((&sample, _)) = behind.next() {
            return Some((ConflictKind::Half, Some(sample)));
        }
        let Some(pedigree) = pedigree else {
            return self.links.is_some().then_some((ConflictKind::Relation, None));
        };
        if let Some((&sample, _)) = self.members.iter().find(|(sample, _)| pedigree.place(**sample).is_none()) {
            return Some((ConflictKind::Unplaced, Some(sample)));
        }
        if self.members.values().any(|held| held.0 != Relation::Member) {
            return Some((ConflictKind::Relation, None));
        }
        let same = self.links.as_ref().is_none_or(|links| *links == pedigrees::encode(&pedigree.pedigree))
            && self.members.iter().all(|(sample, held)| held.1 == pedigrees::place(pedigree, *sample));
        (!same).then_some((ConflictKind::Pedigree, None))
    }
}

/// Plans every family of the batch. Rows that are already ignored do not count.
pub(super) fn plan(
    tx: &Transaction<'_>,
    batch: &Batch,
    on_conflict: OnConflict,
    plan: &mut Plan,
) -> Result<(), LedgerError> {
    let mut order: Vec<(Pseudonym, Pseudonym, u64, usize)> = Vec::with_capacity(batch.rows.len());
    for (i, row) in batch.rows.iter().enumerate() {
        if let Some((family, _)) = row.family.filter(|_| !plan.aside[i]) {
            order.push((family, row.sample, row.line, i));
        }
    }
    order.sort_unstable();
    let mut select = tx.prepare(
        "SELECT family.id, sample.pseudonym, member.relation, member.place, pedigree.links
         FROM family LEFT JOIN member ON member.family_id = family.id LEFT JOIN sample ON sample.id = member.sample_id
         LEFT JOIN pedigree ON pedigree.family_id = family.id WHERE family.pseudonym = ?1",
    )?;
    let pedigrees = pedigrees::by_family(batch)?;
    let none: bool = tx.query_row("SELECT NOT EXISTS (SELECT 1 FROM family)", [], |row| row.get(0))?;
    for rows in order.chunk_by(|a, b| a.0 == b.0) {
        let family = rows[0].0;
        let mut stored = Stored::default();
        if !none {
            let mut members = select.query([family.as_bytes()])?;
            while let Some(row) = members.next()? {
                plan.families.insert(family, row.get(0)?);
                stored.links = row.get(4)?;
                if row.get_ref(1)? != ValueRef::Null {
                    let held = (relation(family, row.get_ref(2)?.as_str())?, row.get(3)?);
                    stored.members.insert(pseudonym(row, 1)?, held);
                }
            }
        }
        let given = rows.iter().map(|row| row.1).collect();
        let rows = rows.iter().map(|row| row.3);
        match stored.disagrees(pedigrees.get(&family).copied(), &given) {
            None => plan_rows(batch, &stored.members, rows, on_conflict, plan),
            Some((kind, sample)) => plan_disagreeing_family(batch, rows, (kind, sample), on_conflict, plan),
        }
    }
    Ok(())
}

/// Plans all rows of a family that conflicts as a whole.
fn plan_disagreeing_family(
    batch: &Batch,
    rows: impl Iterator<Item = usize>,
    (kind, sample): (ConflictKind, Option<Pseudonym>),
    on_conflict: OnConflict,
    plan: &mut Plan,
) {
    for (number, i) in rows.enumerate() {
        match sample {
            None => plan.conflict(batch, i, kind),
            Some(sample) if number == 0 => plan.conflict_of(batch, i, sample, kind),
            Some(_) => {}
        }
        plan.memberships[i] = Membership::Change;
        plan.aside[i] = on_conflict == OnConflict::Keep || !kind.is_replaceable();
    }
}

/// Plans the rows of a family that agrees as a whole.
fn plan_rows(
    batch: &Batch,
    stored: &BTreeMap<Pseudonym, (Relation, Option<i64>)>,
    rows: impl Iterator<Item = usize> + Clone,
    on_conflict: OnConflict,
    plan: &mut Plan,
) {
    // The family after the import.
    let mut members: BTreeMap<Pseudonym, Relation> = stored.iter().map(|(&sample, held)| (sample, held.0)).collect();
    let mut given: BTreeMap<Pseudonym, Relation> = BTreeMap::new();
    let of = |i: usize| batch.rows[i].family.map(|(_, relation)| (batch.rows[i].sample, relation));
    for i in rows.clone() {
        let Some((sample, relation)) = of(i) else { continue };
        match given.insert(sample, relation) {
            Some(before) if before != relation => {
                given.insert(sample, before);
                plan.conflict(batch, i, ConflictKind::Itself);
                plan.aside[i] = true;
                continue;
            }
            Some(_) => continue,
            None => {}
        }
        plan.memberships[i] = match stored.get(&sample) {
            None => Membership::Add,
            Some(known) if known.0 == relation => Membership::Unchanged,
            Some(_) => {
                plan.conflict(batch, i, ConflictKind::Relation);
                if on_conflict == OnConflict::Keep {
                    plan.aside[i] = true;
                    continue;
                }
                Membership::Change
            }
        };
        members.insert(sample, relation);
    }
    // All rows are checked together, so that neither their order nor that of the pseudonyms matters.
    for i in rows {
        let Some((_, relation)) = of(i) else { continue };
        let holders = || members.values().filter(|held| **held == relation).count();
        // The case above covers two fathers. Three parents are possible if the sex of one is unstated.
        let unstated = || members.values().any(|held| *held == Relation::Parent);
        let parents = || members.values().filter(|held| held.is_parent()).count();
        let news = !plan.aside[i] && plan.memberships[i] != Membership::Unchanged;
        let is_second = relation.is_unique() && holders() > 1;
        if news && (is_second || (relation.is_parent() && unstated() && parents() > 2)) {
            plan.conflict(batch, i, ConflictKind::Second(relation));
            plan.aside[i] = true;
        }
    }
}
