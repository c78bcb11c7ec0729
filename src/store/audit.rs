//! Lists the records of the audit chain, checks the chain, and signs checkpoints of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use crate::audit::{Break, Chain, Checkpoint, CheckpointError, Entry, PublicKey, Record, SigningKey, Subject};
use crate::ledger::Ledger;
use crate::model::Pseudonym;
use crate::report::{AuditReport, AuditRow};

use super::actor::now;
use super::error::StoreError;
use super::folder::Store;
use super::matching::digests::FileDigests;
use super::output::write::{read, write_private};

/// Selects the records to list; all of them by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter<'a> {
    /// Only records of the import or export of this file since the last expunging or key rotation. The store recognises
    /// files of original identifiers only if the key is given.
    pub file: Option<&'a Path>,
    /// Only records that are about this sample or family, or may be about it.
    pub about: Option<Pseudonym>,
    /// The maximum number of records; the last ones are listed.
    pub last: Option<usize>,
}

/// Records of the audit chain.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AuditTrail {
    /// The records, in the order of their numbers.
    pub report: AuditReport,
    /// In a search by pseudonym: the number of the last record that gave the store another key. Records before it refer
    /// to the sample or family by a pseudonym of the earlier key.
    pub rekeyed_by: Option<u64>,
}

/// Files with checkpoints, and the key that must have signed them.
#[derive(Clone, Copy, Debug)]
pub struct SignedCheckpoints<'a> {
    /// The files.
    pub files: &'a [PathBuf],
    /// The key that must have signed them.
    pub key: &'a PublicKey,
}

/// The result of a check of the audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditCheck {
    /// Number of records in the chain.
    pub records: u64,
    /// The places where the chain is broken.
    pub breaks: Vec<Break>,
    /// The result for each checkpoint, in the order in which the files were named.
    pub checkpoints: Vec<CheckedCheckpoint>,
}

/// The result of checking the audit chain with one checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedCheckpoint {
    /// The file of the checkpoint.
    pub file: PathBuf,
    /// `Ok` if the chain contains what the checkpoint signed; otherwise the reason.
    pub result: Result<(), CheckpointError>,
}

impl AuditCheck {
    /// Reports whether the chain is unbroken and contains what every checkpoint signed.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.breaks.is_empty() && self.checkpoints.iter().all(|checkpoint| checkpoint.result.is_ok())
    }
}

impl Store {
    /// Lists records of the audit chain.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// use reunite::store::{AuditFilter, Store};
    ///
    /// let store = Store::open(Path::new("reunite-store"), None)?;
    /// for record in store.audit_trail(&AuditFilter::default())?.report.records {
    ///     println!("{} {} {}", record.at, record.user, record.command);
    /// }
    /// # Ok::<(), reunite::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::DamagedRecord`] and [`StoreError::Time`] at the first record that cannot be read; [`StoreError::Io`] for a
    /// file that cannot be read; errors of the ledger.
    pub fn audit_trail(&self, filter: &AuditFilter<'_>) -> Result<AuditTrail, StoreError> {
        let ledger = self.ledger()?;
        let mut rows = match filter.about {
            Some(about) => records_about(&ledger, &[about])?,
            None => all_records(&ledger)?,
        };
        if let Some(file) = filter.file {
            let plain = *blake3::hash(&read(file)?).as_bytes();
            let key = if self.has_key_source() { Some(self.key()?) } else { None };
            let all = [FileDigests::new(&ledger, None)?, FileDigests::new(&ledger, key.as_deref())?];
            let all = all.map(|digests| HEXLOWER.encode(&digests.recorded(&plain)));
            rows.retain(|row| ["file", "typings"].iter().any(|name| all.iter().any(|one| row.details[name] == **one)));
        }
        let rekeyed_by = filter.about.and_then(|_| last_rekeying(&rows));
        if let Some(last) = filter.last {
            rows.drain(..rows.len().saturating_sub(last));
        }
        Ok(AuditTrail { report: AuditReport::new(rows), rekeyed_by })
    }

    /// Signs the present state of the audit chain, in a new file of mode 0600. Returns the number of records, including
    /// the record of this signature.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let key = reunite::audit::SigningKey::load(&reunite::pseudonym::KeySource::File("signing.key".into()))?;
    /// let records = store.sign_checkpoint("checkpoint.txt".as_ref(), &key, &store::entry("audit checkpoint", None))?;
    /// println!("signed {records} records");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::BrokenChain`], [`StoreError::Io`] if the file exists or cannot be written; errors of the ledger.
    pub fn sign_checkpoint(&self, file: &Path, key: &SigningKey, entry: &Entry) -> Result<u64, StoreError> {
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        if !follow(&ledger, BTreeMap::new())?.breaks.is_empty() {
            return Err(StoreError::BrokenChain);
        }
        ledger.append(entry)?;
        let at = now()?.as_second();
        let checkpoint = Checkpoint::sign(ledger.store_id()?, ledger.audit_end()?, at, key);
        write_private(file, checkpoint.text().as_bytes())?;
        Ok(checkpoint.chain.length)
    }

    /// Checks that no record of the audit chain was edited, removed or moved, and that the chain contains what the
    /// checkpoints signed. Only a checkpoint reveals that the end of the chain was cut off.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// let store = reunite::store::Store::open(Path::new("reunite-store"), None)?;
    /// assert!(store.check_audit(None)?.is_sound());
    /// # Ok::<(), reunite::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Io`] if a checkpoint's file cannot be read; errors of the ledger.
    pub fn check_audit(&self, checkpoints: Option<SignedCheckpoints<'_>>) -> Result<AuditCheck, StoreError> {
        let ledger = self.ledger()?;
        let mut read_checkpoints = Vec::new();
        for file in checkpoints.iter().flat_map(|signed| signed.files) {
            let text = read(file)?;
            if let Some(SignedCheckpoints { key, .. }) = checkpoints {
                read_checkpoints.push((file, Checkpoint::read(&text, key)));
            }
        }
        let sound = read_checkpoints.iter().filter_map(|(_, checkpoint)| checkpoint.as_ref().ok());
        let followed = follow(&ledger, sound.map(|checkpoint| (checkpoint.chain.length, None)).collect())?;
        let store_id = ledger.store_id()?;
        let checkpoints = read_checkpoints.into_iter().map(|(file, checkpoint)| {
            let result = checkpoint.and_then(|checkpoint| {
                let head = followed.heads.get(&checkpoint.chain.length).copied().flatten();
                checkpoint.check(&store_id, followed.records, head)
            });
            CheckedCheckpoint { file: file.clone(), result }
        });
        let checkpoints = checkpoints.collect();
        Ok(AuditCheck { records: followed.records, breaks: followed.breaks, checkpoints })
    }
}

/// The result of following the chain.
pub(super) struct Followed {
    pub(super) records: u64,
    pub(super) breaks: Vec<Break>,
    /// The hashes of the records with some numbers; `None` where the chain has no record of that number.
    heads: BTreeMap<u64, Option<[u8; 32]>>,
}

/// Follows the chain of a ledger and notes the hashes of the records with the numbers in `heads`.
pub(super) fn follow(ledger: &Ledger, mut heads: BTreeMap<u64, Option<[u8; 32]>>) -> Result<Followed, StoreError> {
    let mut chain = Chain::new(&ledger.store_id()?);
    let mut breaks = Vec::new();
    if let Some(head) = heads.get_mut(&0) {
        *head = Some(chain.head);
    }
    ledger.audit(|record| {
        breaks.extend(chain.follow(&record));
        if let Some(head) = heads.get_mut(&record.number) {
            *head = Some(record.hash);
        }
    })?;
    Ok(Followed { records: chain.length, breaks, heads })
}

fn all_records(ledger: &Ledger) -> Result<Vec<AuditRow>, StoreError> {
    let mut rows = Vec::new();
    ledger.audit(|record| rows.push(row(record)))?;
    rows.into_iter().collect()
}

/// Lists the records that are about one of these samples and families, or may be about one.
pub(super) fn records_about(ledger: &Ledger, whom: &[Pseudonym]) -> Result<Vec<AuditRow>, StoreError> {
    let store_id = ledger.store_id()?;
    let subjects: Vec<Subject> = whom.iter().map(|one| Subject::commit_to(&store_id, *one)).collect();
    let mut rows = Vec::new();
    ledger.audit(|record| {
        if subjects.iter().any(|subject| record.is_about(*subject).unwrap_or(true)) {
            rows.push(row(record));
        }
    })?;
    rows.into_iter().collect()
}

/// Returns the number of the last of these records that gave the store another key.
pub(super) fn last_rekeying(rows: &[AuditRow]) -> Option<u64> {
    let rekeyed = |row: &&AuditRow| row.command == "key rotate" && row.details["outcome"] == "done";
    rows.iter().rev().find(rekeyed).map(|row| row.number)
}

fn row(record: Record) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        number: record.number,
        at: jiff::Timestamp::from_second(record.at)?.to_string(),
        subjects: record.subjects.as_ref().map(|all| (all.len() / Subject::LEN) as u64),
        details: serde_json::from_str(&record.details)
            .map_err(|source| StoreError::DamagedRecord { number: record.number, source })?,
        user: record.user,
        uid: record.uid,
        command: record.command,
        reason: record.reason,
        hash: HEXLOWER.encode(&record.hash),
    })
}
