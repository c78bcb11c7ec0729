//! Writes families and their relatives, and deletes checks and candidates of those that changed.

use std::collections::BTreeSet;

use rusqlite::Transaction;

use super::plan::{Action, Membership, Plan};
use crate::ledger::generation::next_generation;
use crate::ledger::integrity::{self, Held};
use crate::ledger::keys::key_id;
use crate::ledger::lost::Deletion;
use crate::ledger::{Batch, LedgerError, pedigrees};
use crate::model::{Layout, Pseudonym, Relation};

/// A relative that is added to a family, or written again.
struct NewMember {
    family: Pseudonym,
    /// Id of the sample.
    sample: i64,
    pseudonym: Pseudonym,
    relation: Relation,
    membership: Membership,
}

/// Writes the families and their relatives, and returns the families in which a relation changed.
pub(super) fn write(
    tx: &Transaction<'_>,
    batch: &Batch,
    plan: &Plan,
    samples: &[i64],
    sealed: Option<i64>,
) -> Result<BTreeSet<Pseudonym>, LedgerError> {
    let next = next_generation(tx)?;
    let mut found = tx.prepare("INSERT INTO family (pseudonym, changed, key_id, sum) VALUES (?1, ?2, ?3, ?4)")?;
    let (mut sums, mut new) = (integrity::Families::new(tx)?, 0);
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
            let (sample, pseudonym, membership) = (samples[i], row.sample, plan.memberships[i]);
            order.push(NewMember { family, sample, pseudonym, relation, membership });
        }
    }
    order.sort_unstable_by_key(|member| (member.family, member.sample));
    order.dedup_by_key(|member| (member.family, member.sample));
    let mut changed = BTreeSet::new();
    for members in order.chunk_by(|a, b| a.family == b.family) {
        let family = members[0].family;
        let (id, renew) = match plan.families.get(&family).copied() {
            Some(id) => {
                change.execute((id, next))?;
                (id, sums.is_sound(id)?)
            }
            None => {
                // The batch has everything that the family has.
                let pedigree = links.pedigree(family);
                let held = members.iter().map(|member| Held {
                    sample: member.pseudonym,
                    relation: member.relation.word(),
                    place: pedigree.and_then(|pedigree| pedigrees::place(pedigree, member.pseudonym)),
                });
                let mut held: Vec<Held<'_>> = held.collect();
                let encoded = pedigree.map(|pedigree| pedigrees::encode(&pedigree.pedigree));
                found.execute((
                    family.as_bytes(),
                    next,
                    key,
                    integrity::family_checksum(family, &mut held, encoded.as_deref()),
                ))?;
                new += 1;
                (tx.last_insert_rowid(), false)
            }
        };
        for &NewMember { sample, relation, membership, .. } in members {
            let sealed = sealed.filter(|_| membership == Membership::Add);
            write.execute((id, sample, relation.word(), sealed))?;
        }
        links.write(family, id)?;
        if renew {
            sums.renew(id)?;
        }
        if members.iter().any(|member| member.membership == Membership::Change) {
            changed.insert(family);
        }
    }
    integrity::add_to_count(tx, Layout::Families, new)?;
    Ok(changed)
}

/// Marks families as unchecked if one of their relatives was replaced.
pub(super) fn uncheck_families(tx: &Transaction<'_>, batch: &Batch, plan: &Plan) -> Result<(), LedgerError> {
    let mut uncheck =
        tx.prepare("UPDATE family SET checked = 0 WHERE id IN (SELECT family_id FROM member WHERE sample_id = ?1)")?;
    for i in (0..batch.rows.len()).filter(|&i| !plan.aside[i]) {
        if let Action::Replace { id, .. } | Action::Add { id, .. } = plan.samples[i] {
            uncheck.execute([id])?;
        }
    }
    Ok(())
}

/// Deletes the candidates that were computed from replaced data; returns how many.
pub(super) fn delete_candidates(
    tx: &Transaction<'_>,
    batch: &Batch,
    plan: &Plan,
    samples: &[i64],
    changed: &BTreeSet<Pseudonym>,
) -> Result<u64, LedgerError> {
    let mut deletion = Deletion::new(tx)?;
    let mut of_child = deletion.prepare("child = ?1")?;
    let mut of_family = deletion.prepare("family = ?1")?;
    let mut of_relative = deletion.prepare(
        "family IN
         (SELECT family.pseudonym FROM member JOIN family ON family.id = member.family_id WHERE member.sample_id = ?1)",
    )?;
    for (i, row) in batch.rows.iter().enumerate() {
        let is_other =
            matches!(plan.samples[i], Action::Replace { profile: true, .. } | Action::Add { profile: true, .. });
        if !plan.aside[i] && is_other {
            match batch.layout {
                Layout::Children => deletion.delete(&mut of_child, row.sample.as_bytes())?,
                Layout::Families => deletion.delete(&mut of_relative, samples[i])?,
            }
        }
    }
    for family in changed {
        deletion.delete(&mut of_family, family.as_bytes())?;
    }
    deletion.finish()
}
