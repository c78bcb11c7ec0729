//! Replaces the pseudonyms of all samples and families by those of another key.

use std::collections::HashMap;

use rusqlite::Transaction;
use serde_json::Value;

use super::cipher::needed;
use super::column::{drop_out, pseudonym};
use super::generation::{advance, generation};
use super::keys::ANNOUNCED;
use super::ledger::Ledger;
use super::meta::set_meta;
use super::renumber::renumber;
use super::traces::UNFINISHED;
use super::{
    CarriedOver, LedgerError, LedgerKey, LetterShifts, Replacement, Resealed, candidates, certificate_keeping, codec,
    custody, described, digests, exchange_keeping, expunged, facts, integrity, keeping, letters, lost, review_keeping,
    runs, typings, views,
};
use crate::audit::Attribution;
use crate::model::{Candidate, Pseudonym, Unscorable};

/// The pseudonyms of another key, by the present ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renamed {
    /// Of samples.
    pub samples: HashMap<Pseudonym, Pseudonym>,
    /// Of families.
    pub families: HashMap<Pseudonym, Pseudonym>,
    /// The data that keeps expunged samples and families known; `None` if the old key is lost, which forgets them.
    pub expunged: Option<CarriedOver>,
    /// The data that keeps the codes of letters valid; empty if the old key is lost, which makes them invalid.
    pub letters: LetterShifts,
    /// The free texts about children, sealed again.
    pub texts: Resealed,
    /// The mask that keeps the references of consents comparable; `None` if the old key is lost, which deletes them.
    pub consent_mask: Option<[u8; 32]>,
}

/// Numbers of records that were renamed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rekeyed {
    /// Samples.
    pub samples: u64,
    /// Families.
    pub families: u64,
    /// Candidates.
    pub candidates: u64,
    /// Runs whose manifest named one of them.
    pub manifests: u64,
    /// Birth certificates that were deleted, because their hashes cannot be renamed; import the registry again.
    pub certificates_forgotten: u64,
    /// Claims of birth certificates that were deleted, for the same reason.
    pub claims_forgotten: u64,
    /// Letters to families whose codes stay valid.
    pub letters: u64,
    /// Rows of facts about children.
    pub facts: u64,
    /// References of consents that were deleted, because the old key is lost.
    pub consent_references_forgotten: u64,
}

impl Ledger {
    /// Changes the ledger's key, in one transaction: the pseudonyms of all samples and families, in candidates and
    /// manifests, and the files of the vault, each with its replacement. Results from before are not a basis for
    /// results after it: relatives of one relation are taken in the order of their pseudonyms, so last digits may
    /// differ.
    ///
    /// In the same step an encrypted ledger is encrypted with `next`, and is opened again.
    ///
    /// SQLite overwrites the old pseudonyms in the pages that held them; the caller must run [`Self::compact`]
    /// afterwards.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first sample or family without a new pseudonym; a database error, also if the
    /// key was used before or two records have the same new pseudonym; [`LedgerError::NotChanged`]. Nothing is changed
    /// then.
    pub fn rekey<'e>(
        &mut self,
        fingerprint: [u8; 8],
        next: Option<&LedgerKey>,
        renamed: &Renamed,
        replaced: &[Replacement],
        entry: impl Into<Attribution<'e>>,
    ) -> Result<Rekeyed, LedgerError> {
        let next = needed(&self.path, next)?;
        let done = self.give_key(fingerprint, next, renamed, replaced, entry.into());
        if let Some(next) = next {
            let reopened = self.reopen(next);
            // The first error is more informative than one of opening the ledger again.
            return done.and_then(|done| reopened.map(|()| done));
        }
        done
    }

    fn give_key(
        &mut self,
        fingerprint: [u8; 8],
        next: Option<&LedgerKey>,
        renamed: &Renamed,
        replaced: &[Replacement],
        attribution: Attribution<'_>,
    ) -> Result<Rekeyed, LedgerError> {
        let tx = self.begin()?;
        tx.execute("INSERT INTO key_used (fingerprint) VALUES (?1)", [fingerprint])?;
        let key = tx.last_insert_rowid();
        let sound = integrity::sound_families(&tx)?;
        let forgotten = certificate_keeping::forget(&tx)?;
        let letters = letters::rename(&tx, &renamed.families, &renamed.letters)?;
        exchange_keeping::rename(&tx, &renamed.samples, &renamed.families)?;
        let consent_references_forgotten = keeping::rename(&tx, &renamed.samples, renamed.consent_mask.as_ref())?;
        let done = Rekeyed {
            samples: rename(&tx, "sample", key, &renamed.samples)?,
            families: rename(&tx, "family", key, &renamed.families)?,
            candidates: candidates(&tx, renamed)?,
            manifests: runs(&tx, renamed)?,
            certificates_forgotten: forgotten.certificates,
            claims_forgotten: forgotten.claims,
            letters,
            facts: facts::rename(&tx, &renamed.families, &renamed.samples, &renamed.texts)?,
            consent_references_forgotten,
        };
        lost::rename(&tx, &renamed.families, &renamed.samples)?;
        let reviews = review_keeping::rename(&tx, &renamed.families, &renamed.samples)?;
        integrity::renew_families(&tx, &sound)?;
        renumber(&tx)?;
        replaced.iter().try_for_each(|one| custody::replace(&tx, one))?;
        expunged::carry_over(&tx, renamed.expunged.as_ref())?;
        // With the old key, somebody could find out which file each of these digests is of.
        digests::forget_since(&tx, 0)?;
        digests::renew_secret(&tx)?;
        set_meta(&tx, "key_fingerprint", fingerprint)?;
        set_meta(&tx, UNFINISHED, 1)?;
        tx.execute("DELETE FROM meta WHERE key = ?1", [ANNOUNCED])?;
        advance(&tx)?;
        // An index of an earlier generation has the old pseudonyms.
        let present = i64::try_from(generation(&tx)?.number).unwrap_or(i64::MAX);
        tx.execute("DELETE FROM past WHERE generation < ?1", [present])?;
        if let Some(entry) = attribution.entry() {
            let entry = entry.with("samples", done.samples).with("families", done.families);
            let entry = entry.with("candidates", done.candidates).with("sealed_files", replaced.len());
            let entry = match forgotten.certificates + forgotten.claims {
                0 => entry,
                _ => entry
                    .with("certificates_forgotten", forgotten.certificates)
                    .with("claims_forgotten", forgotten.claims),
            };
            let entry = if done.letters > 0 { entry.with("letters", done.letters) } else { entry };
            let entry = if done.facts > 0 { entry.with("facts", done.facts) } else { entry };
            let entry = match done.consent_references_forgotten {
                0 => entry,
                forgotten => entry.with("consent_references_forgotten", forgotten),
            };
            review_keeping::append_renaming(&tx, entry, reviews)?;
        }
        Self::commit_under(&tx, next)?;
        tx.commit()?;
        Ok(done)
    }
}

/// Returns the new name of a sample or family of the table.
fn new_name(table: &str, old: Pseudonym, names: &HashMap<Pseudonym, Pseudonym>) -> Result<Pseudonym, LedgerError> {
    let missing = || LedgerError::Damaged { of: format!("{table} {old}"), what: "the vault has no record of it" };
    names.get(&old).copied().ok_or_else(missing)
}

fn rename(
    tx: &Transaction<'_>,
    table: &str,
    key: i64,
    names: &HashMap<Pseudonym, Pseudonym>,
) -> Result<u64, LedgerError> {
    let mut select = tx.prepare(&format!("SELECT id, pseudonym FROM {table}"))?;
    let mut rows = select.query([])?;
    let mut all: Vec<(i64, Pseudonym, Pseudonym)> = Vec::new();
    while let Some(row) = rows.next()? {
        let old = pseudonym(row, 1)?;
        all.push((row.get(0)?, old, new_name(table, old, names)?));
    }
    let mut update = tx.prepare(&format!("UPDATE {table} SET pseudonym = ?2, key_id = ?3 WHERE id = ?1"))?;
    for (id, _, new) in &all {
        update.execute((id, new.as_bytes(), key))?;
    }
    if table == "sample" {
        profiles(tx, &all)?;
        typings::rename(tx, &all)?;
    }
    Ok(all.len() as u64)
}

/// Writes the profiles of samples with these ids, each under its new name.
fn profiles(tx: &Transaction<'_>, samples: &[(i64, Pseudonym, Pseudonym)]) -> Result<(), LedgerError> {
    let sql = format!("SELECT profile, drop_out, {} FROM sample WHERE id = ?1", described::COLUMNS);
    let mut select = tx.prepare(&sql)?;
    let mut update = tx.prepare("UPDATE sample SET profile = ?2 WHERE id = ?1")?;
    let mut renewal = described::Renewal::new(tx)?;
    for &(id, old, new) in samples {
        let (blob, drop_out, checked) = select.query_row([id], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, drop_out(row, old, 1), described::check(row, old, 2)))
        })?;
        checked?;
        let damaged = |what| LedgerError::Damaged { of: format!("sample {old}"), what };
        update.execute((id, codec::under_new_pseudonym(old, drop_out?, &blob, new).map_err(damaged)?))?;
        renewal.renew(id)?;
    }
    Ok(())
}

/// Renames samples and families in candidates. A candidate with a wrong checksum keeps it, so that the damage stays
/// visible.
fn candidates(tx: &Transaction<'_>, renamed: &Renamed) -> Result<u64, LedgerError> {
    let mut select = tx.prepare(candidates::ALL)?;
    let mut rows = select.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((candidates::unchecked(row)?, candidates::sum(row)?));
    }
    let mut update = tx.prepare(
        "UPDATE candidate SET family = ?3, child = ?4, same_as = ?5, sum = ?6, views = ?7 WHERE family = ?1 AND child = ?2",
    )?;
    let number = all.len() as u64;
    for (mut current, sum) in all {
        let is_sound = sum == Some(candidates::checksum(&current.candidate, current.runs()));
        let candidate = &mut current.candidate;
        let (family, child) = (candidate.family, candidate.child);
        candidate.family = new_name("family", family, &renamed.families)?;
        candidate.child = new_name("sample", child, &renamed.samples)?;
        candidate.same_as = candidate.same_as.map(|sample| new_name("sample", sample, &renamed.samples)).transpose()?;
        for in_view in candidate.views.iter_mut().flat_map(|views| &mut views.all) {
            in_view.view = in_view.view.renamed(|sample| new_name("sample", sample, &renamed.samples))?;
        }
        let sum = if is_sound { Some(candidates::checksum(&current.candidate, current.runs())) } else { sum };
        let Candidate { family: new_family, child: new_child, same_as, views, .. } = current.candidate;
        update.execute((
            family.as_bytes(),
            child.as_bytes(),
            new_family.as_bytes(),
            new_child.as_bytes(),
            same_as.as_ref().map(Pseudonym::as_bytes),
            sum,
            views.as_deref().map(views::encode),
        ))?;
    }
    Ok(number)
}

/// Renames samples and families in runs and their manifests, and removes those that the ledger does not hold. Returns
/// how many runs named one.
fn runs(tx: &Transaction<'_>, renamed: &Renamed) -> Result<u64, LedgerError> {
    runs::edit_all(tx, |run| {
        let mut manifest: Value = serde_json::from_str(&run.manifest)?;
        let mut named = rename_in(&mut manifest, renamed);
        if named {
            run.manifest = manifest.to_string();
        }
        if let Some(unscorable) = run.unscorable.as_mut().filter(|unscorable| !unscorable.is_empty()) {
            let under_new_name =
                |one: Unscorable| Some(Unscorable { family: *renamed.families.get(&one.family)?, ..one });
            *unscorable = std::mem::take(unscorable).into_iter().filter_map(under_new_name).collect();
            unscorable.sort_by_key(|one| one.family);
            named = true;
        }
        Ok(named)
    })
}

/// Renames every pseudonym in a value, and removes unknown ones. Returns whether there was one.
fn rename_in(value: &mut Value, renamed: &Renamed) -> bool {
    match value {
        Value::Array(all) => all.iter_mut().fold(false, |any, one| rename_in(one, renamed) | any),
        Value::Object(all) => all.values_mut().fold(false, |any, one| rename_in(one, renamed) | any),
        Value::String(text) => {
            let Ok(old) = text.parse::<Pseudonym>() else { return false };
            let new = renamed.samples.get(&old).or_else(|| renamed.families.get(&old));
            *value = new.map_or(Value::Null, |new| Value::String(new.to_string()));
            true
        }
        _ => false,
    }
}
