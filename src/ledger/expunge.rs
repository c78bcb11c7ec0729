//! Deletes samples and families permanently.

use std::collections::{BTreeSet, HashSet};

use rusqlite::{Connection, OptionalExtension, Transaction};
use serde_json::Value;

use super::audit::append;
use super::column::pseudonym;
use super::generation::{advance, next_generation};
use super::ledger::Ledger;
use super::meta::set_meta;
use super::traces::UNFINISHED;
use super::{
    LedgerError, Replacement, certificate_keeping, custody, digests, exchange_keeping, expunged, facts, integrity,
    keeping, letters, lost, review_keeping, runs,
};
use crate::audit::{Attribution, Entry};
use crate::model::{Layout, Pseudonym};

/// Samples and families that an expunging deletes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Samples, with their profiles.
    pub samples: BTreeSet<Pseudonym>,
    /// Families, with all that links samples to them. This includes families that would have no relative left.
    pub families: BTreeSet<Pseudonym>,
    /// Families that the caller named: a later import with other relatives does not bring them back.
    pub named: BTreeSet<Pseudonym>,
}

/// Numbers of deleted records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expunged {
    /// Samples.
    pub samples: u64,
    /// Families.
    pub families: u64,
    /// Candidates.
    pub candidates: u64,
    /// Runs whose manifest named one of them.
    pub manifests: u64,
}

impl Ledger {
    /// Returns the samples and families to delete with the named ones: deleting a family also deletes those of its
    /// relatives that are in no other family.
    ///
    /// # Errors
    /// [`LedgerError::Unknown`] for the first name that the ledger does not hold; a database error.
    pub fn scope(&self, whom: &[Pseudonym]) -> Result<Scope, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let mut scope = Scope::default();
        for &one in whom {
            if id_of(&tx, "sample", one)?.is_some() {
                scope.samples.insert(one);
            } else if let Some(id) = id_of(&tx, "family", one)? {
                scope.families.insert(one);
                scope.named.insert(one);
                let mut statement = tx.prepare(
                    "SELECT pseudonym FROM member JOIN sample ON sample.id = sample_id WHERE family_id = ?1 AND NOT EXISTS
                     (SELECT 1 FROM member other WHERE other.sample_id = sample.id AND other.family_id <> ?1)",
                )?;
                let mut rows = statement.query([id])?;
                while let Some(row) = rows.next()? {
                    scope.samples.insert(pseudonym(row, 0)?);
                }
            } else {
                return Err(LedgerError::Unknown(one));
            }
        }
        let families: BTreeSet<Pseudonym> = scope
            .samples
            .iter()
            .map(|one| families_of(&tx, *one))
            .collect::<Result<Vec<_>, _>>()?
            .concat()
            .into_iter()
            .collect();
        for family in families.difference(&scope.families.clone()) {
            let mut statement = tx.prepare(
                "SELECT sample.pseudonym FROM family JOIN member ON family_id = family.id JOIN sample ON sample.id = sample_id
                 WHERE family.pseudonym = ?1",
            )?;
            let mut rows = statement.query([family.as_bytes()])?;
            let mut stays = false;
            while let Some(row) = rows.next()? {
                stays |= !scope.samples.contains(&pseudonym(row, 0)?);
            }
            if !stays {
                scope.families.insert(*family);
            }
        }
        Ok(scope)
    }

    /// Deletes all data about a scope: profiles, families, candidates, marks, and mentions in manifests. Families that
    /// lose a relative are checked and compared again. Commitments stay, so that an import recognises what was
    /// expunged. `replaced` are the files of the vault that held its records.
    ///
    /// SQLite overwrites the deleted data in the pages that held it; the caller must run [`Self::compact`] afterwards.
    ///
    /// # Errors
    /// A database error. Nothing is changed then.
    pub fn expunge<'e>(
        &mut self,
        scope: &Scope,
        replaced: &[Replacement],
        entry: impl Into<Attribution<'e>>,
    ) -> Result<Expunged, LedgerError> {
        let tx = self.begin()?;
        let attribution = entry.into();
        let entry = match attribution {
            Attribution::Entry(entry) => Some(entry),
            Attribution::Unrecorded(_) => None,
        };
        let (gone, record) = expunge_in(&tx, scope, replaced, entry, true)?;
        if let Some(record) = record {
            append(&tx, &record)?;
        }
        tx.commit()?;
        Ok(gone)
    }
}

/// Expunges in a transaction of the caller, who commits it. `remember` leaves commitments, by which an import recognises
/// what was expunged. Returns the record, which is not in the audit chain yet.
///
/// # Errors
/// As [`Ledger::expunge`].
pub(super) fn expunge_in(
    tx: &Transaction<'_>,
    scope: &Scope,
    replaced: &[Replacement],
    entry: Option<&Entry>,
    remember: bool,
) -> Result<(Expunged, Option<Entry>), LedgerError> {
    let mut gone = Expunged::default();
    let next = next_generation(tx)?;
    let mut reduced: BTreeSet<Pseudonym> = BTreeSet::new();
    forget_files(tx, scope)?;
    // A family that is deleted only because it has no relative left may be imported again with other relatives.
    if remember {
        expunged::note(tx, scope.samples.iter().chain(&scope.named).copied())?;
    }
    let matched = integrity::families_matched(tx)?;
    letters::expunge(tx, &scope.families)?;
    for family in &scope.families {
        gone.candidates += tx.execute("DELETE FROM candidate WHERE family = ?1", [family.as_bytes()])? as u64;
        tx.execute(
            "DELETE FROM member WHERE family_id = (SELECT id FROM family WHERE pseudonym = ?1)",
            [family.as_bytes()],
        )?;
        gone.families += tx.execute("DELETE FROM family WHERE pseudonym = ?1", [family.as_bytes()])? as u64;
    }
    scope.families.iter().chain(&scope.samples).try_for_each(|who| lost::forget(tx, *who))?;
    let mut sums = integrity::Families::new(tx)?;
    for sample in &scope.samples {
        let mut sound = Vec::new();
        for family in families_of(tx, *sample)? {
            if let Some(id) = id_of(tx, "family", family)?
                && sums.is_sound(id)?
            {
                sound.push(id);
            }
            reduced.insert(family);
            gone.candidates += tx.execute("DELETE FROM candidate WHERE family = ?1", [family.as_bytes()])? as u64;
            tx.execute("UPDATE family SET changed = ?2, checked = 0 WHERE pseudonym = ?1", (family.as_bytes(), next))?;
        }
        gone.candidates += tx.execute("DELETE FROM candidate WHERE child = ?1", [sample.as_bytes()])? as u64;
        tx.execute(
            "DELETE FROM member WHERE sample_id = (SELECT id FROM sample WHERE pseudonym = ?1)",
            [sample.as_bytes()],
        )?;
        sound.into_iter().try_for_each(|id| sums.renew(id))?;
        let sql = "DELETE FROM sample WHERE pseudonym = ?1 RETURNING role = 'child'";
        if let Some(is_child) = tx.query_row(sql, [sample.as_bytes()], |row| row.get::<_, bool>(0)).optional()? {
            gone.samples += 1;
            integrity::add_to_count(tx, Layout::Children, -i64::from(is_child))?;
        }
    }
    drop(sums);
    integrity::add_to_count(tx, Layout::Families, integrity::families_matched(tx)? - matched)?;
    gone.manifests = scrub_runs(tx, scope)?;
    certificate_keeping::expunge(tx, &scope.samples)?;
    exchange_keeping::expunge(tx, &scope.samples, &scope.families, remember)?;
    keeping::expunge(tx, &scope.samples)?;
    facts::expunge(tx, scope.samples.iter().chain(&scope.families))?;
    let reviews = review_keeping::expunge(tx, &scope.families, &scope.samples)?;
    if let Some(entry) = entry {
        review_keeping::note_change(tx, reduced, entry)?;
    }
    replaced.iter().try_for_each(|one| custody::replace(tx, one))?;
    set_meta(tx, UNFINISHED, 1)?;
    advance(tx)?;
    let record = entry.map(|entry| {
        let entry = entry.clone().with("samples", gone.samples).with("families", gone.families);
        let entry = entry.with("candidates", gone.candidates).with("manifests", gone.manifests);
        reviews.describe(entry).about(scope.samples.iter().chain(&scope.families).copied())
    });
    Ok((gone, record))
}

/// Forgets the digests of all files that may have held one of these: from their first import on.
fn forget_files(tx: &Transaction<'_>, scope: &Scope) -> Result<(), LedgerError> {
    let of_sample = "SELECT min(import_id) FROM sample WHERE pseudonym = ?1";
    let of_family =
        "SELECT min(import_id) FROM family JOIN member ON family_id = family.id JOIN sample ON sample.id = sample_id
                     WHERE family.pseudonym = ?1";
    let mut first: Option<i64> = None;
    for (sql, all) in [(of_sample, &scope.samples), (of_family, &scope.families)] {
        let mut import = tx.prepare(sql)?;
        for one in all {
            let import: Option<i64> = import.query_row([one.as_bytes()], |row| row.get(0))?;
            first = first.into_iter().chain(import).min();
        }
    }
    if let Some(first) = first {
        digests::forget_since(tx, first)?;
    }
    digests::renew_secret(tx)
}

fn id_of(connection: &Connection, table: &str, pseudonym: Pseudonym) -> rusqlite::Result<Option<i64>> {
    let sql = format!("SELECT id FROM {table} WHERE pseudonym = ?1");
    connection.query_row(&sql, [pseudonym.as_bytes()], |row| row.get(0)).optional()
}

/// Returns the families of a sample.
pub(super) fn families_of(connection: &Connection, sample: Pseudonym) -> Result<Vec<Pseudonym>, LedgerError> {
    let mut statement = connection.prepare(
        "SELECT family.pseudonym FROM sample JOIN member ON sample_id = sample.id JOIN family ON family.id = family_id
         WHERE sample.pseudonym = ?1",
    )?;
    let mut rows = statement.query([sample.as_bytes()])?;
    let mut families = Vec::new();
    while let Some(row) = rows.next()? {
        families.push(pseudonym(row, 0)?);
    }
    Ok(families)
}

/// Removes what is expunged from all runs and their manifests. Returns how many runs named it.
fn scrub_runs(tx: &Transaction<'_>, scope: &Scope) -> Result<u64, LedgerError> {
    let gone: HashSet<Pseudonym> = scope.samples.iter().chain(&scope.families).copied().collect();
    runs::edit_all(tx, |run| {
        let mut named = false;
        if let Some(unscorable) = &mut run.unscorable {
            let before = unscorable.len();
            unscorable.retain(|one| !scope.families.contains(&one.family));
            named = unscorable.len() < before;
        }
        let mut manifest = serde_json::from_str(&run.manifest)?;
        if scrub(&mut manifest, &gone) {
            run.manifest = manifest.to_string();
            named = true;
        }
        Ok(named)
    })
}

/// Removes every member of a list that names one of these, and every other mention. Returns whether there was one.
fn scrub(value: &mut Value, gone: &HashSet<Pseudonym>) -> bool {
    match value {
        Value::Array(all) => {
            let before = all.len();
            all.retain(|one| !mentions(one, gone));
            let fewer = all.len() < before;
            all.iter_mut().fold(fewer, |any, one| scrub(one, gone) | any)
        }
        Value::Object(all) => all.values_mut().fold(false, |any, one| scrub(one, gone) | any),
        _ if names_one(value, gone) => {
            *value = Value::Null;
            true
        }
        _ => false,
    }
}

/// Reports whether a value is the name of one of these, or an object with a field that is.
fn mentions(value: &Value, gone: &HashSet<Pseudonym>) -> bool {
    match value {
        Value::Object(all) => all.values().any(|one| names_one(one, gone)),
        value => names_one(value, gone),
    }
}

fn names_one(value: &Value, gone: &HashSet<Pseudonym>) -> bool {
    value.as_str().and_then(|text| text.parse().ok()).is_some_and(|pseudonym| gone.contains(&pseudonym))
}
