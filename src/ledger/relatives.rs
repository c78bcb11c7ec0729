//! Which relatives a batch adds to which families, and where it disagrees with the ledger.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction};

use super::import::Plan;
use super::{Batch, ConflictKind, LedgerError, OnConflict};
use crate::model::{Pseudonym, Relation};

/// What a row does to its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    /// Nothing: a child, or a relative that the family has.
    Unchanged,
    Add,
    /// Another relation than the ledger's.
    Change,
}

/// Decides for every family of the batch. Rows that are left aside already are not looked at.
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
    let mut find = tx.prepare("SELECT id FROM family WHERE pseudonym = ?1")?;
    let mut select = tx.prepare(
        "SELECT sample.pseudonym, member.relation FROM member JOIN sample ON sample.id = member.sample_id
         WHERE member.family_id = ?1",
    )?;
    let none: bool = tx.query_row("SELECT NOT EXISTS (SELECT 1 FROM family)", [], |row| row.get(0))?;
    for rows in order.chunk_by(|a, b| a.0 == b.0) {
        let family = rows[0].0;
        let id: Option<i64> =
            if none { None } else { find.query_row([family.as_bytes()], |row| row.get(0)).optional()? };
        let mut members: BTreeMap<Pseudonym, Relation> = BTreeMap::new();
        if let Some(id) = id {
            let mut stored = select.query([id])?;
            while let Some(row) = stored.next()? {
                members.insert(Pseudonym::from_bytes(row.get(0)?), relation(family, row.get_ref(1)?.as_str())?);
            }
        }
        decide(batch, &members, rows.iter().map(|row| row.3), on_conflict, plan);
    }
    Ok(())
}

fn decide(
    batch: &Batch,
    stored: &BTreeMap<Pseudonym, Relation>,
    rows: impl Iterator<Item = usize> + Clone,
    on_conflict: OnConflict,
    plan: &mut Plan,
) {
    // The family as it would be.
    let mut members = stored.clone();
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
            Some(known) if *known == relation => Membership::Unchanged,
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
    // All at once, so that neither the order of rows nor that of pseudonyms decides.
    for i in rows {
        let Some((_, relation)) = of(i) else { continue };
        let holders = || members.values().filter(|held| **held == relation).count();
        let news = !plan.aside[i] && plan.memberships[i] != Membership::Unchanged;
        if news && relation.is_unique() && holders() > 1 {
            plan.conflict(batch, i, ConflictKind::Second(relation));
            plan.aside[i] = true;
        }
    }
}

/// Reads a stored relation.
pub(super) fn relation(family: Pseudonym, word: Result<&str, impl Sized>) -> Result<Relation, LedgerError> {
    word.ok()
        .and_then(|word| word.parse().ok())
        .ok_or_else(|| LedgerError::Damaged { of: format!("family {family}"), what: "a relation is none" })
}
