//! Checks every part of a store: ledger, audit chain, vault, marks of families, indices.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::index::{Access, Index, IndexError};
use crate::kinship::KinshipError;
use crate::ledger::{Counts, Ledger, LedgerError, SealedFile};
use crate::model::{Pseudonym, shown_path};
use crate::pseudonym::VaultError;

use crate::store::actor::require_reason;
use crate::store::audit::{AuditCheck, follow};
use crate::store::checking::{Checked, Checking, marks};
use crate::store::configuration::changed::ChangedSetting;
use crate::store::custody::traces::orphans;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::matching::compare::{are_of_run, basis};
use crate::store::matching::indices::Opened;
use crate::store::matching::manifest::{criterion_used, table_used};

/// The result for each part of a store; an error if a part could not be checked.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verification {
    /// The ledger.
    pub ledger: Result<LedgerCheck, StoreError>,
    /// Settings that differ from those of the last run.
    pub settings: Result<Vec<ChangedSetting>, StoreError>,
    /// The audit chain, without checkpoints.
    pub audit: Result<AuditCheck, StoreError>,
    /// `true` if expunging or renaming was interrupted, so that traces remain.
    pub interrupted: Result<bool, StoreError>,
    /// A key rotation that was begun and not completed.
    pub key_change: Result<Option<KeyChange>, StoreError>,
    /// The vault.
    pub vault: Result<VaultCheck, StoreError>,
    /// The marks of families.
    pub marks: Result<MarksCheck, StoreError>,
    /// The children index.
    pub index: Result<IndexCheck, StoreError>,
    /// The families index.
    pub families_index: IndexCheck,
    /// The index of all samples, which finds duplicate people during an import.
    pub samples_index: Result<IndexCheck, StoreError>,
}

/// The result of checking the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerCheck {
    /// The ledger is sound; its contents.
    Sound(Counts),
    /// The ledger is damaged; one line for each finding.
    Damaged(Vec<String>),
}

/// A key rotation that was begun and not completed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyChange {
    /// Fingerprint of the store's key, in hexadecimal.
    pub present: String,
    /// Fingerprint of the key that was to replace it.
    pub next: String,
}

/// The result of checking the vault.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct VaultCheck {
    /// Number of files that the ledger names.
    pub files: u64,
    /// Number of sealed records in these files.
    pub records: u64,
    /// Files that differ from what was written.
    pub faults: Vec<VaultFault>,
    /// Number of files that interrupted operations left and the ledger does not name.
    pub orphans: usize,
    /// Number of sound files whose records are not in the order of the pseudonyms. Earlier versions wrote them in the
    /// order of the imported file.
    pub in_file_order: u64,
    /// Number of samples without a sealed record; `None` if there is no file, or not all files are sound.
    pub unsealed: Option<u64>,
}

/// A fault in a file of the vault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultFault {
    /// The contents were changed.
    #[error("{} was changed; restore it from its backup", shown_path(.0))]
    Changed(PathBuf),
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(#[from] VaultError),
}

/// The result of checking the marks of families. Withdrawn families are left out.
#[derive(Debug)]
#[non_exhaustive]
pub struct MarksCheck {
    /// Number of marks of the checked families.
    pub marks: u64,
    /// Number of families that were checked again.
    pub checked: u64,
    /// Number of families that wait for a check by the next import or match.
    pub waiting: u64,
    /// The wrong marks, by family.
    pub findings: Vec<MarkFinding>,
}

/// A fault in the marks of a family.
#[derive(Debug)]
#[non_exhaustive]
pub enum MarkFinding {
    /// A mark that a check would not set now, or a missing mark.
    Differs {
        /// The family.
        family: Pseudonym,
        /// The word of the cause.
        cause: String,
    },
    /// The family cannot be checked.
    NotChecked {
        /// The family.
        family: Pseudonym,
        /// The reason.
        error: KinshipError,
    },
}

impl fmt::Display for MarkFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { family, cause } => {
                write!(f, "family {family}: the stored marks and the check disagree about {cause}")
            }
            Self::NotChecked { family, error } => write!(f, "family {family} cannot be checked: {error}"),
        }
    }
}

/// The result of checking an index.
#[derive(Debug)]
#[non_exhaustive]
pub enum IndexCheck {
    /// There is no index; the next match builds it.
    Missing,
    /// The index is sound and holds this many children, families or samples.
    Sound(u64),
    /// The index belongs to an earlier state of the store, or to another version of the program; the next match builds
    /// it again.
    Stale,
    /// The index is damaged or cannot be read.
    Unsound(IndexError),
}

impl IndexCheck {
    fn is_sound(&self) -> bool {
        !matches!(self, Self::Unsound(_))
    }
}

impl Verification {
    /// Reports whether every part could be checked and is sound.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        matches!(self.ledger, Ok(LedgerCheck::Sound(_)))
            && self.settings.as_ref().is_ok_and(Vec::is_empty)
            && self.audit.as_ref().is_ok_and(AuditCheck::is_sound)
            && matches!(self.interrupted, Ok(false))
            && self.key_change.is_ok()
            && self.vault.as_ref().is_ok_and(|vault| vault.faults.is_empty())
            && self.marks.as_ref().is_ok_and(|marks| marks.findings.is_empty())
            && self.index.as_ref().is_ok_and(IndexCheck::is_sound)
            && self.families_index.is_sound()
            && self.samples_index.as_ref().is_ok_and(IndexCheck::is_sound)
    }
}

impl Store {
    /// Checks every part of the store, and changes nothing.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// let store = reunite::store::Store::open(Path::new("reunite-store"), None)?;
    /// assert!(store.verify()?.is_sound());
    /// # Ok::<(), reunite::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] if the ledger cannot be opened.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        let (ledger, altered) = self.ledger_to_verify()?;
        Ok(Verification {
            ledger: self.check_ledger(&ledger, altered.as_ref()),
            settings: self.changed_settings(&ledger),
            audit: follow(&ledger, BTreeMap::new()).map(|followed| AuditCheck {
                records: followed.records,
                breaks: followed.breaks,
                checkpoints: Vec::new(),
            }),
            interrupted: ledger.unfinished().map(|doomed| doomed.is_some()).map_err(StoreError::from),
            key_change: key_change(&ledger),
            vault: self.check_vault(&ledger),
            marks: self.check_marks(&ledger),
            index: self.check_index(&ledger),
            families_index: match self.check_families() {
                None => IndexCheck::Missing,
                Some(Ok(families)) => IndexCheck::Sound(families),
                Some(Err(IndexError::Stale)) => IndexCheck::Stale,
                Some(Err(error)) => IndexCheck::Unsound(error),
            },
            samples_index: self.check_samples(&ledger),
        })
    }

    /// Accepts the present state of a ledger that was changed by other means, if its seal is the only fault. Returns
    /// `true` if the ledger had been altered.
    ///
    /// # Errors
    /// [`StoreError::ReasonNeeded`], [`StoreError::StillUnsound`]; [`StoreError`].
    pub fn reseal(&self, entry: &Entry) -> Result<bool, StoreError> {
        require_reason(entry)?;
        let _lock = self.lock()?;
        let (ledger, altered) = self.ledger_to_verify()?;
        if altered.is_none() {
            return Ok(false);
        }
        let findings = ledger.verify()?;
        if !findings.is_empty() || !follow(&ledger, BTreeMap::new())?.breaks.is_empty() {
            return Err(StoreError::StillUnsound);
        }
        drop(ledger);
        self.seal_ledger()?;
        self.ledger()?.append(&entry.clone().with("resealed", true))?;
        Ok(true)
    }

    /// Checks every file of the vault that the ledger names, and counts those that it does not name.
    fn check_vault(&self, ledger: &Ledger) -> Result<VaultCheck, StoreError> {
        let vault = self.vault();
        let files = ledger.sealed_files()?;
        let faults: Vec<VaultFault> = (files.iter())
            .filter_map(|file| match vault.digest(&file.name) {
                Ok(digest) if digest == file.digest => None,
                Ok(_) => Some(VaultFault::Changed(vault.path(&file.name))),
                Err(error) => Some(VaultFault::Unreadable(error)),
            })
            .collect();
        let in_file_order = |file: &&SealedFile| vault.records(&file.name).is_ok_and(|records| !records.is_sorted());
        let in_file_order = files.iter().filter(in_file_order).count() as u64;
        let orphans = orphans(&vault, ledger)?.len();
        let unsealed = if faults.is_empty() && !files.is_empty() { Some(ledger.unsealed()?) } else { None };
        let records = files.iter().map(|file| file.records).sum();
        Ok(VaultCheck { files: files.len() as u64, records, faults, orphans, in_file_order, unsealed })
    }

    /// Compares the marks of families with those that a check would set now. Families that wait for a check are only
    /// counted.
    fn check_marks(&self, ledger: &Ledger) -> Result<MarksCheck, StoreError> {
        let checking = Checking::new(self)?;
        let waiting: BTreeSet<Pseudonym> =
            checking.unchecked(ledger, self)?.into_iter().map(|family| family.pseudonym).collect();
        let mut families = ledger.families(self.table().panel())?.0;
        families.retain(|family| !waiting.contains(&family.pseudonym));
        let checked: BTreeSet<Pseudonym> = families.iter().map(|family| family.pseudonym).collect();
        let stored: BTreeSet<(Pseudonym, String)> =
            ledger.marks()?.into_iter().filter(|(family, _)| checked.contains(family)).collect();
        let Checked { findings, failed } = checking.check(&families);
        let found: BTreeSet<(Pseudonym, String)> =
            marks(&findings).into_iter().map(|(family, cause)| (family, cause.to_owned())).collect();
        let differing = stored.symmetric_difference(&found).cloned();
        let differing = differing.map(|(family, cause)| MarkFinding::Differs { family, cause });
        let failed = failed.into_iter().map(|(family, error)| MarkFinding::NotChecked { family, error });
        Ok(MarksCheck {
            marks: stored.len() as u64,
            checked: checked.len() as u64,
            waiting: waiting.len() as u64,
            findings: differing.chain(failed).collect(),
        })
    }

    pub(in crate::store) fn check_index(&self, ledger: &Ledger) -> Result<IndexCheck, StoreError> {
        Ok(IndexCheck::of(self.open_index(ledger, Access::Read)?))
    }

    /// Checks every byte of the index of all samples. One of an earlier state is sound: an import adds what is newer.
    fn check_samples(&self, ledger: &Ledger) -> Result<IndexCheck, StoreError> {
        Ok(IndexCheck::of(self.open_earlier_samples(ledger, Access::Read)?.map(|(index, _)| index)))
    }
}

impl IndexCheck {
    fn of(opened: Opened<Index>) -> Self {
        match opened {
            Ok(index) => Self::Sound(index.children() as u64),
            Err(IndexError::Io { error, .. }) if error.kind() == ErrorKind::NotFound => Self::Missing,
            Err(IndexError::Stale) => Self::Stale,
            Err(error) => Self::Unsound(error),
        }
    }
}

impl Store {
    fn check_ledger(&self, ledger: &Ledger, altered: Option<&LedgerError>) -> Result<LedgerCheck, StoreError> {
        let mut findings: Vec<String> = altered.iter().map(ToString::to_string).collect();
        findings.extend(ledger.verify()?);
        if findings.is_empty() {
            findings.extend(self.check_candidates(ledger)?);
        }
        Ok(if findings.is_empty() { LedgerCheck::Sound(ledger.counts()?) } else { LedgerCheck::Damaged(findings) })
    }

    /// Compares the candidates with the digest of the run that recorded them: a row that was deleted has no checksum that
    /// could be wrong. This is possible until an import or another change removes candidates, and with the run's
    /// frequencies and model.
    fn check_candidates(&self, ledger: &Ledger) -> Result<Option<String>, StoreError> {
        let Some((number, run)) = ledger.last_run()? else { return Ok(None) };
        let calculator = self.calculator()?;
        let (Some(criterion), (table, used)) = (criterion_used(&run.manifest), table_used(&run.manifest)) else {
            return Ok(None);
        };
        let has_its_basis = run.generation == ledger.generation()?.number
            && used.population.is_none()
            && table.is_some_and(|digest| digest == HEXLOWER.encode(&self.table().digest()))
            && run.basis == Some(basis(self, &calculator, &criterion)?);
        if !has_its_basis || are_of_run(self, &calculator, &criterion, ledger.standing()?.candidates(), &run) {
            return Ok(None);
        }
        Ok(Some(format!(
            "the candidates are not those that run {number} recorded: somebody changed or deleted some; `reunite match` finds \
             them again"
        )))
    }
}

pub(in crate::store) fn key_change(ledger: &Ledger) -> Result<Option<KeyChange>, StoreError> {
    let (present, next) = (ledger.key_fingerprint()?, ledger.announced_key()?);
    Ok(present
        .zip(next)
        .map(|(present, next)| KeyChange { present: HEXLOWER.encode(&present), next: HEXLOWER.encode(&next) }))
}
