//! Rotates the key of a store, which gives every sample and family a new pseudonym.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rayon::prelude::*;

use crate::audit::{Entry, Subjects};
use crate::ledger::{Ledger, Rekeyed, Renamed, Replacement, Resealed, SealedFile};
use crate::model::Pseudonym;
use crate::pseudonym::{
    ConsentHasher, Custodian, FactText, Identity, KeySource, Opened, Pseudonymizer, Record, SealError, SecretKey, Vault,
};

use super::sealing::{PAGE, TOGETHER, custodians};
use super::traces::sweep;
use crate::store::actor::require_reason;
use crate::store::error::{RotationState, StoreError};
use crate::store::exchange::received::rename_received;
use crate::store::folder::{Store, ledger_key};
use crate::store::letters::kept::carried_codes;
use crate::store::matching::returning::carried_over;
use crate::store::observer::{Notice, Observer};
use crate::store::output::write::outside;

/// The options of a key rotation.
#[derive(Clone, Copy, Debug)]
pub struct KeyRotation<'a> {
    /// The file with the new key; outside the store.
    pub new_key: &'a Path,
    /// Identity files of custodians, which can open the sealed records; outside the store.
    pub identities: &'a [PathBuf],
    /// `true` if the present key is lost. Nothing can then prove that the sealed records belong to their pseudonyms,
    /// and an encrypted ledger cannot be opened.
    pub key_lost: bool,
}

/// The result of a key rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRotated {
    /// The store has the new key.
    Changed {
        /// Fingerprint of the earlier key, in hexadecimal.
        from: String,
        /// Fingerprint of the new key, in hexadecimal.
        to: String,
        /// The samples and families that have new pseudonyms.
        renamed: Rekeyed,
    },
    /// The store had the key already.
    Already {
        /// The key's fingerprint, in hexadecimal.
        key: String,
        /// `true` if an earlier rotation was interrupted and is now finished.
        finished: bool,
    },
}

impl Store {
    /// Gives the store another key. Opens every sealed record, computes its pseudonym with the new key, seals it again,
    /// and renames samples and families in the ledger in one step. The audit chain records the attempt before any
    /// record is opened.
    ///
    /// If a rotation was interrupted, run it again: it is then finished, or begun anew.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let identities = ["custodian.age".into()];
    /// let rotation = KeyRotation { new_key: "new.key".as_ref(), identities: &identities, key_lost: false };
    /// store.rotate_key(&rotation, &store::entry("key rotate", Some("yearly change")), &Silent)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Rotation`] and [`StoreError::RotationNotCleared`] describe the state of the store after a failure.
    /// After any other error the store still has its earlier key.
    pub fn rotate_key(
        &self,
        rotation: &KeyRotation<'_>,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<KeyRotated, StoreError> {
        require_reason(entry)?;
        let _lock = self.lock()?;
        let source = KeySource::File(rotation.new_key.to_owned());
        outside(&source.path(), self.dir(), "new key file")?;
        let new = SecretKey::load(&source).map_err(StoreError::NewKey)?;
        // An encrypted ledger has one of the two keys: the new one if this operation was interrupted.
        let mut ledger = self.ledger().or_else(|error| self.ledger_under(Some(&new)).map_err(|_| error))?;
        let fingerprint = new.fingerprint().bytes();
        let present = ledger.key_fingerprint()?.ok_or(StoreError::NoKeyYet)?;
        if present == fingerprint {
            return self.finish_rotation(&mut ledger, &new, rotation.key_lost, observer);
        }
        if ledger.has_used_key(fingerprint)? {
            return Err(StoreError::UsedKey(new.fingerprint().to_string()));
        }
        let names = match rotation.key_lost {
            true => None,
            false => Some(self.pseudonymizer(&mut ledger).map_err(|error| StoreError::PresentKey(Box::new(error)))?),
        };
        let present_key = if rotation.key_lost { None } else { Some(self.key()?) };
        let identity = self.custodians_identity(rotation.identities)?;
        self.finish_interrupted(&mut ledger, observer)?;
        let custodians = complete(&self.vault(), &ledger)?;
        let (from, to) = (HEXLOWER.encode(&present), HEXLOWER.encode(&fingerprint));
        let entry = entry.clone().with("from", from.as_str()).with("to", to.as_str());
        let entry = entry.with("key_lost", rotation.key_lost);
        // An attempt must be recorded before any record is opened.
        ledger.announce_key(Some(fingerprint), &entry.clone().with("outcome", "begun"))?;
        let vault = self.vault();
        let expunged = ledger.expunged()?;
        if present_key.is_none() && expunged > 0 {
            observer.notice(&Notice::ExpungedForgotten(expunged));
        }
        if present_key.is_none() {
            let letters = ledger.letters()?.len() as u64;
            if letters > 0 {
                observer.notice(&Notice::LettersVoid(letters));
            }
            let references = ledger.consent_references()?;
            if references > 0 {
                observer.notice(&Notice::ConsentReferencesLost(references));
            }
        }
        let mut resealing = Resealing {
            present: names.as_ref(),
            new: Pseudonymizer::new(&new),
            custodians,
            renamed: Renamed {
                expunged: carried_over(&ledger, present_key.as_deref(), &new, expunged)?,
                ..Renamed::default()
            },
            replaced: Vec::new(),
        };
        let done = resealing.reseal_all(&identity, &vault, &ledger, observer).and_then(|()| {
            rename_received(&ledger, &new, &mut resealing.renamed)?;
            if let Some(present) = &present_key {
                let mask = ledger.consent_mask()?;
                resealing.renamed.consent_mask = Some(ConsentHasher::new(present, &mask).mask_under(&new));
                resealing.renamed.letters = carried_codes(&ledger, present, &new, &resealing.renamed.families)?;
            }
            // The record is about everyone, so it names nobody.
            resealing.renamed.texts = resealing.texts(&identity, &ledger)?;
            let everyone = Entry { subjects: Subjects::Many, ..entry.clone() };
            let everyone = everyone.with("outcome", "done");
            let Resealing { renamed, replaced, .. } = &resealing;
            Ok(ledger.rekey(fingerprint, Some(&ledger_key(&new)), renamed, replaced, &everyone)?)
        });
        let renamed = match done {
            Ok(renamed) => renamed,
            Err(error) => return Err(undo(&mut ledger, &vault, fingerprint, entry, error)),
        };
        self.finish_interrupted(&mut ledger, observer).map_err(|error| failed(RotationState::TracesLeft, error))?;
        Ok(KeyRotated::Changed { from, to, renamed })
    }

    /// Finishes what an interrupted rotation left: the store already has the key.
    fn finish_rotation(
        &self,
        ledger: &mut Ledger,
        new: &SecretKey,
        key_lost: bool,
        observer: &dyn Observer,
    ) -> Result<KeyRotated, StoreError> {
        if !key_lost && self.has_key_source() && self.key()?.fingerprint() == new.fingerprint() {
            return Err(StoreError::SameKey);
        }
        let finished = ledger.unfinished()?.is_some();
        self.finish_interrupted(ledger, observer)?;
        Ok(KeyRotated::Already { key: new.fingerprint().to_string(), finished })
    }

    /// Loads identity files as one identity that opens what any of them opens.
    fn custodians_identity(&self, files: &[PathBuf]) -> Result<Identity, StoreError> {
        let all = files.iter().map(|file| self.custodian_identity(file));
        Ok(Identity::join(all.collect::<Result<Vec<_>, _>>()?))
    }

    /// Loads a custodian's identity file, which must lie outside the store.
    pub(in crate::store) fn custodian_identity(&self, file: &Path) -> Result<Identity, StoreError> {
        let source = KeySource::File(file.to_owned());
        outside(&source.path(), self.dir(), "identity file")?;
        Ok(Identity::load(&source)?)
    }
}

fn failed(state: RotationState, error: StoreError) -> StoreError {
    StoreError::Rotation { state, source: Box::new(error) }
}

/// Removes what a failed rotation began. Returns the error with the present state of the store.
fn undo(ledger: &mut Ledger, vault: &Vault, next: [u8; 8], entry: Entry, error: StoreError) -> StoreError {
    // The disk may have failed after the last write succeeded.
    match ledger.key_fingerprint() {
        Err(unknown) => return failed(RotationState::Unknown, unknown.into()),
        Ok(present) if present == Some(next) => return failed(RotationState::NewKey, error),
        Ok(_) => {}
    }
    let announced = ledger.announce_key(None, &entry.with("outcome", "failed"));
    match announced.map_err(StoreError::from).and_then(|()| sweep(vault, ledger)) {
        Ok(()) => failed(RotationState::Unchanged, error),
        // The operation that failed may fail again.
        Err(why) => StoreError::RotationNotCleared { why: Box::new(why), source: Box::new(error) },
    }
}

/// Checks that the vault holds all records that are needed. Returns the custodians to whom they are sealed again.
fn complete(vault: &Vault, ledger: &Ledger) -> Result<Vec<Custodian>, StoreError> {
    let missing = ledger.unsealed()?;
    if missing > 0 {
        return Err(StoreError::Unsealed(missing));
    }
    let files = ledger.sealed_files()?;
    for file in &files {
        if vault.digest(&file.name)? != file.digest {
            return Err(StoreError::VaultChanged(vault.path(&file.name)));
        }
    }
    let custodians = custodians(&ledger.custodians()?)?;
    if custodians.is_empty() && !files.is_empty() {
        return Err(StoreError::NoCustodian);
    }
    Ok(custodians)
}

/// Opens all records and seals them again under the new pseudonyms.
struct Resealing<'a> {
    present: Option<&'a Pseudonymizer>,
    new: Pseudonymizer,
    custodians: Vec<Custodian>,
    renamed: Renamed,
    replaced: Vec<Replacement>,
}

impl Resealing<'_> {
    /// Opens the free texts about children, and seals them again for their new pseudonyms.
    fn texts(&self, identity: &Identity, ledger: &Ledger) -> Result<Resealed, StoreError> {
        let again = |(subject, number, sealed): (Pseudonym, u32, Vec<u8>)| {
            let renamed = self.renamed.samples.get(&subject).or_else(|| self.renamed.families.get(&subject));
            let renamed = *renamed.ok_or(SealError::Unknown(subject))?;
            let text = FactText::open(subject, &sealed, identity)?;
            Ok(((subject, number), text.seal(renamed, &self.custodians)?))
        };
        Ok(ledger.sealed_texts()?.into_par_iter().map(again).collect::<Result<_, SealError>>()?)
    }

    fn reseal_all(
        &mut self,
        identity: &Identity,
        vault: &Vault,
        ledger: &Ledger,
        observer: &dyn Observer,
    ) -> Result<(), StoreError> {
        sweep(vault, ledger)?;
        let files = ledger.sealed_files()?;
        let records = files.iter().map(|file| file.records).sum();
        observer.notice(&Notice::Resealing { records });
        for SealedFile { name, .. } in files {
            let (mut page, mut sealed): (Vec<Opened>, Vec<Record>) = Default::default();
            vault.open(
                &name,
                identity,
                |_| true,
                |opened| {
                    page.push(opened);
                    if page.len() < PAGE { Ok(()) } else { self.reseal(&std::mem::take(&mut page), &mut sealed) }
                },
            )?;
            self.reseal(&page, &mut sealed)?;
            // The earlier order is that of the earlier pseudonyms or, in old files, that of the original numbers.
            sealed.par_sort_unstable_by_key(|record| record.of);
            let mut writer = vault.begin(&self.custodians)?;
            sealed.iter().try_for_each(|record| writer.push(record))?;
            let file = writer.finish()?;
            let by = Some(SealedFile { name: file.name, digest: file.digest, records: file.records });
            self.replaced.push(Replacement { name, by });
        }
        Ok(())
    }

    /// Seals some records again.
    fn reseal(&mut self, page: &[Opened], sealed: &mut Vec<Record>) -> Result<(), StoreError> {
        let some = |page: &[Opened]| {
            let moved = page.iter().map(|old| old.under(&self.new, self.present));
            Opened::seal(&moved.collect::<Result<Vec<_>, _>>()?)
        };
        let moved: Vec<Vec<Record>> = page.par_chunks(TOGETHER).map(some).collect::<Result<_, SealError>>()?;
        for (old, record) in page.iter().zip(moved.into_iter().flatten()) {
            note(&mut self.renamed.samples, old.sample, record.of.sample)?;
            if let (Some(old), Some(new)) = (old.family, record.of.family) {
                note(&mut self.renamed.families, old, new)?;
            }
            sealed.push(record);
        }
        Ok(())
    }
}

/// Records the new pseudonym of a sample or family. All of its records must agree on it.
fn note(names: &mut HashMap<Pseudonym, Pseudonym>, old: Pseudonym, new: Pseudonym) -> Result<(), SealError> {
    if *names.entry(old).or_insert(new) == new { Ok(()) } else { Err(SealError::Exchanged(old)) }
}
