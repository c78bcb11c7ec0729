//! Why an operation on a store fails.
//!
//! Errors carry data and name neither options nor commands: the caller that offers the operation adds what to type.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::audit::ReviewerKeyError;
use crate::cluster::ClusterError;
use crate::index::IndexError;
use crate::intake::{IntakeError, MapError, Problem};
use crate::kinship::KinshipError;
use crate::ledger::LedgerError;
use crate::matching::{ReachError, Stopped};
use crate::model::{Locus, PedigreeError, Pseudonym, shown, shown_path};
use crate::planning::PlanningError;
use crate::population::{FrequencyTableError, TableTextError};
use crate::pseudonym::{CustodianError, IdentifierError, KeyError, SealError, StreamError, VaultError};
use crate::report::words::{count, plural};
use crate::report::{CmfError, ConflictRow, FamError};
use crate::review::{Refusal, Role, StaffCode};

use super::backup::container::BackupFault;
use super::configuration::bad_setting::BadSetting;
use super::configuration::config::SettingsError;
use super::exchange::error::ExchangeError;
use super::naming::not_digits::FirstDigitsError;
use super::output::error::OutputError;
use crate::validation::ValidationError;

use super::configuration::settings::UnfitModel;

/// The operation on a file or folder that the operating system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileAction {
    /// Reading it.
    Read,
    /// Reading what was just written.
    ReadBack,
    /// Writing it.
    Write,
    /// Removing it.
    Remove,
    /// Making a store there.
    MakeStore,
    /// Making a folder.
    MakeFolder,
    /// Making a folder in it.
    MakeFolderIn,
    /// Opening it.
    Open,
    /// Closing it to other users.
    Protect,
    /// Flushing the names in it.
    Flush,
    /// Locking it.
    Lock,
}

impl FileAction {
    fn words(self) -> &'static str {
        match self {
            Self::Read => "cannot read",
            Self::ReadBack => "cannot read back",
            Self::Write => "cannot write",
            Self::Remove => "cannot remove",
            Self::MakeStore => "cannot make the store",
            Self::MakeFolder => "cannot make the folder",
            Self::MakeFolderIn => "cannot make a folder in",
            Self::Open => "cannot open",
            Self::Protect => "cannot protect",
            Self::Flush => "cannot flush the folder",
            Self::Lock => "cannot lock",
        }
    }
}

/// A number that is not in its range.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BadNumber {
    /// A threshold for log10 LR that is not a finite number.
    #[error("the minimum log10 LR {0} must be a finite number")]
    MinLog10Lr(f64),
    /// A bound on chance hits that is not above 0.
    #[error("the bound {0} on chance hits must be greater than 0")]
    MaxChanceHits(f64),
}

/// What is missing in a damaged ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incomplete {
    /// Not all families were found.
    #[error("its number of families is {expected}, but it holds {found}")]
    Families {
        /// As counted.
        expected: u64,
        /// As read.
        found: u64,
    },
    /// Some samples or families that were added since the last run are missing.
    #[error("some samples or families added since the last run are missing")]
    Changes,
    /// The ledger does not know its own generation.
    #[error("its generation is missing")]
    Generation,
    /// A family that should have a pedigree has none.
    #[error("family {0} has no pedigree")]
    Pedigree(Pseudonym),
}

/// Names of loci in a message.
fn names(loci: &[Locus]) -> String {
    loci.iter().map(Locus::name).collect::<Vec<_>>().join(", ")
}

/// What of populations a message names.
fn known_populations(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; it has tables of {}", known.join(", ")) }
}

/// Why an operation on a store fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused a file or folder.
    #[error("{} {}", action.words(), shown_path(path))]
    Io {
        /// What was being done.
        action: FileAction,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A column map cannot be used.
    #[error("{of}: {source}")]
    ColumnMap {
        /// The file, or the agency whose map it is.
        of: String,
        /// Why not.
        source: MapError,
    },
    /// An agency has no column map.
    #[error("the store has no column map of {0:?}")]
    NoColumnMap(String),
    /// The file is a pipe, a device or another special file.
    #[error("{} is a pipe or a device, not a file", shown_path(.0))]
    NotAFile(PathBuf),
    /// There is no store in this folder.
    #[error("there is no store in {}", shown_path(.0))]
    NoStore(PathBuf),
    /// A store cannot be made in a folder that holds something.
    #[error("{} exists already and is not an empty folder", shown_path(.0))]
    NotEmpty(PathBuf),
    /// The folder for indices does not exist.
    #[error("{}: the folder does not exist", shown_path(.0))]
    NoIndexFolder(PathBuf),
    /// The folder for indices belongs to someone else, or others can read it.
    #[error(
        "{} cannot hold the index, because it is not a folder that only the owner of the store can read; remove it",
        shown_path(.0)
    )]
    OpenIndexFolder(PathBuf),
    /// `reunite.toml` cannot be read as TOML.
    #[error("{} cannot be read", shown_path(path))]
    Config {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: toml::de::Error,
    },
    /// `reunite.toml` cannot be written.
    #[error("the settings cannot be written: {0}")]
    WriteConfig(#[from] toml::ser::Error),
    /// The store has another version of the layout of its folders.
    #[error(
        "the store has layout version {found}, and this program supports version {known}; use the program's version \
         that made the store"
    )]
    Version {
        /// The store's.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// The settings in `reunite.toml` are not understood.
    #[error("{}, [{section}]", shown_path(path))]
    Settings {
        /// The file.
        path: PathBuf,
        /// Which part of them.
        section: &'static str,
        /// What is wrong.
        source: SettingsError,
    },
    /// A setting is not changed.
    #[error("{0}")]
    Setting(#[from] BadSetting),
    /// The frequency table is not the one that the store was made with.
    #[error("{} is not the table that this store was made with", shown_path(.0))]
    OtherFrequencies(PathBuf),
    /// The store has no table of this population.
    #[error("the store has no frequency table of the population {name}{}", known_populations(known))]
    NoPopulation {
        /// The name.
        name: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// A population's table lacks loci of the store's panel.
    #[error(
        "the frequency table of the population {name} lacks {}, which the store matches on: a run with this table \
         would ignore these loci",
        names(loci)
    )]
    PopulationLacks {
        /// The population.
        name: String,
        /// The loci.
        loci: Vec<Locus>,
    },
    /// Another table would take loci away from the panel.
    #[error(
        "the table lacks {}, which the store matches on: a match would ignore the samples' genotypes there",
        names(.0)
    )]
    LociLost(Vec<Locus>),
    /// A population cannot have this name.
    #[error("the name of the population is invalid; write 1 to 40 letters, digits, spaces, `-` or `_`")]
    PopulationName,
    /// The store's table was exchanged after it was opened.
    #[error("the store's frequency table was replaced while this command ran")]
    TableExchanged,
    /// The ledger belongs to another store.
    #[error("{} is the ledger of another store", shown_path(.0))]
    OtherLedger(PathBuf),
    /// There is no group of accounts of this name.
    #[error(
        "this machine has no group {}; create it, or name another one under [access] in reunite.toml", shown(.0)
    )]
    NoGroup(String),
    /// A new store cannot be a group's.
    #[error("cannot give the store to the group {}; only root and members of the group can: {source}", shown(group))]
    CannotGive {
        /// The group.
        group: String,
        /// Why not.
        source: io::Error,
    },
    /// This account may only read.
    #[error(
        "this account can read the store {}, but not write to it: it can only list and verify its contents",
        shown_path(.0)
    )]
    CannotWrite(PathBuf),
    /// Another process changes the store.
    #[error("another command is changing the store {}{holder}", shown_path(dir))]
    Locked {
        /// The store.
        dir: PathBuf,
        /// ` (process ...)`, if it is known.
        holder: String,
    },
    /// The operation requires the secret key, and none was given.
    #[error("this command requires the secret key")]
    KeyNeeded,
    /// The ledger is encrypted and cannot be opened without its key.
    #[error("the ledger is encrypted: {0}")]
    EncryptedLedger(Box<StoreError>),
    /// This build encrypts ledgers, so that a store is made with its key.
    #[error("this build encrypts the ledger, which requires the key")]
    KeyForNewLedger,
    /// A secret file lies inside the store.
    #[error("the {what} is inside the store; move it elsewhere, because anyone who copies the store would have both")]
    InsideStore {
        /// Its kind.
        what: &'static str,
    },
    /// The operation requires a reason for the audit chain.
    #[error("this command requires a reason for the audit chain")]
    ReasonNeeded,
    /// An existing file would be overwritten.
    #[error("{} exists", shown_path(.0))]
    FileExists(PathBuf),
    /// An output cannot be written to its path.
    #[error("{0}")]
    Output(#[from] OutputError),
    /// See [`IntakeError`].
    #[error("{0}")]
    Unread(#[from] IntakeError),
    /// The file has one database and no sheets.
    #[error("{} is a Familias project, which has one database; leave out the population and the sheet", shown_path(.0))]
    OnePopulation(PathBuf),
    /// A frequency table is not understood.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Frequencies(Vec<Problem>),
    /// A frequency table of the store was changed.
    #[error("{}", shown_path(path))]
    KeptTable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TableTextError,
    },
    /// The database of a Familias project is not understood.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    FamiliasDatabase(Vec<Problem>),
    /// The database of a Familias project gives no frequency table.
    #[error("{file}: {source}")]
    FamiliasTable {
        /// The file, as named.
        file: String,
        /// Why not.
        source: FrequencyTableError,
    },
    /// The model cannot be used with the frequencies.
    #[error("{0}")]
    Model(#[from] UnfitModel),
    /// A number is out of range.
    #[error("{0}")]
    Number(#[from] BadNumber),
    /// An altered ledger is damaged.
    #[error("the ledger was altered and is damaged, so it cannot be accepted")]
    StillUnsound,
    /// A validation cannot be computed.
    #[error(transparent)]
    Validation(Box<ValidationError>),
    /// No run has this number.
    #[error("there is no run {number}: the runs are numbered from 1 to {last}")]
    NoRun {
        /// The number asked for.
        number: i64,
        /// The number of the last run.
        last: i64,
    },
    /// Nothing was matched yet.
    #[error("nothing has been matched yet")]
    NeverMatched,
    /// The ledger was changed while a run began.
    #[error("another command changed the ledger while this one opened the index")]
    ChangedMeanwhile,
    /// The ledger lacks something that it should have.
    #[error("the ledger is damaged: {0}")]
    Incomplete(#[from] Incomplete),
    /// A value cannot be written as JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Digits do not name one family or child.
    #[error(transparent)]
    FirstDigits(#[from] FirstDigitsError),
    /// The store does not have the family.
    #[error("there is no family {0} in the store")]
    NoFamily(Pseudonym),
    /// The store does not have the child.
    #[error("there is no child {0} in the store")]
    NoChild(Pseudonym),
    /// The store does not have the sample or family.
    #[error("there is no sample or family {0} in the store")]
    NoSubject(Pseudonym),
    /// Nothing is stated of the child, or of the missing child of the family.
    #[error("the store has no facts about {0}")]
    NoFacts(Pseudonym),
    /// The store does not have the sample.
    #[error("there is no sample {0} in the store")]
    NoSample(Pseudonym),
    /// No terms of the sample were imported.
    #[error("the store has no terms on which the sample {0} is kept")]
    NoTerms(Pseudonym),
    /// The terms of the sample do not allow `match` and what belongs to it.
    #[error(
        "the terms on which the sample {0} is kept do not allow to compare it: they lack the purpose search, or its \
         consent was withdrawn"
    )]
    NotSearched(Pseudonym),
    /// The child claims no birth certificate.
    #[error("the child {0} claims no birth certificate in the store")]
    NoClaim(Pseudonym),
    /// Neither birth certificates nor claims were imported.
    #[error("the store has neither birth certificates nor claims of them")]
    NoCertificates,
    /// A change of the key deleted birth certificates or claims, and others were not imported since.
    #[error(
        "a change of the key deleted {} and {}, whose numbers are known only by hashes of the earlier key",
        plural(*certificates, "birth certificate"), plural(*claims, "claim")
    )]
    CertificatesForgotten {
        /// Deleted certificates, if none were imported since.
        certificates: u64,
        /// Deleted claims, if none were imported since.
        claims: u64,
    },
    /// The laboratory's half of a code is as that of many letters.
    #[error("the laboratory's code alone may be that of several families")]
    HalfAlone,
    /// A letter must say who the laboratory is.
    #[error("the letter lacks the name of the laboratory")]
    LetterLacksLaboratory,
    /// A letter must say which number to call.
    #[error("the letter lacks the number to call")]
    LetterLacksPhone,
    /// The family has no letter.
    #[error("the family {0} has no letter")]
    NoLetter(Pseudonym),
    /// The codes of the family's letter are not known any more.
    #[error("the codes of the letter to the family {0} are void, because the key that they were derived from is lost")]
    VoidLetter(Pseudonym),
    /// Nobody was named.
    #[error("no sample or family was named")]
    Nobody,
    /// A pair cannot be scored.
    #[error("locus {locus}: {reason}")]
    Unscorable {
        /// Where.
        locus: Locus,
        /// Why.
        reason: String,
    },
    /// The families could not be marked.
    #[error("cannot mark the families")]
    Marking(#[source] LedgerError),
    /// A file of pedigrees or a case list has errors.
    #[error("{}: {} found, nothing imported", shown_path(path), plural(problems.len() as u64, "problem"))]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problems: Vec<Problem>,
    },
    /// A file could not be imported.
    #[error("cannot import {file}")]
    Import {
        /// The file, as named.
        file: String,
        /// Why not.
        source: LedgerError,
    },
    /// The refusal of a file could not be recorded.
    #[error("cannot record that a file was refused")]
    Recording(#[source] LedgerError),
    /// A folder holds no file to import.
    #[error("{}: the folder holds no file to import; names must end in .{}", shown_path(folder), endings.join(", ."))]
    NothingToImport {
        /// The folder.
        folder: PathBuf,
        /// The endings that are read.
        endings: &'static [&'static str],
    },
    /// A pedigree file was given for an import of children.
    #[error("a pedigree file can only be imported with families")]
    PedigreesOfChildren,
    /// A case list was given without stating whether the files hold families or children.
    #[error("a case list does not show whether the files hold families or children")]
    CasesWithoutLayout,
    /// A text file that should be valid has a problem.
    #[error("{0}")]
    Unsound(Problem),
    /// A line of a list of original identifiers is not understood.
    #[error("{list}, line {line}")]
    IdentifierList {
        /// What the list is called.
        list: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        source: BadLine,
    },
    /// A custodian's recipient is invalid.
    #[error("{0}")]
    Custodian(#[from] CustodianError),
    /// An option of an export conflicts with another.
    #[error("{0}")]
    Export(#[from] ExportConflict),
    /// See [`ExchangeError`].
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// See [`ClusterError`].
    #[error(transparent)]
    Cluster(ClusterError),
    /// A Familias project cannot be written.
    #[error("{0}")]
    Fam(#[from] FamError),
    /// A CMF file cannot be written.
    #[error("{0}")]
    Cmf(#[from] CmfError),
    /// A table cannot be written.
    #[error("{0}")]
    Csv(#[from] csv::Error),
    /// The relations of a family do not form a pedigree.
    #[error("family {family}")]
    Pedigree {
        /// The family.
        family: Pseudonym,
        /// Why not.
        source: PedigreeError,
    },
    /// A family cannot be planned for.
    #[error("cannot compute the expected power of family {family}")]
    Plan {
        /// The family.
        family: Pseudonym,
        /// Why not.
        source: PlanningError,
    },
    /// A family has a pedigree, so a relative cannot be added by relation alone.
    #[error("family {0} has a pedigree, so no relative can be added by relation alone")]
    PlanInPedigree(Pseudonym),
    /// Samples have no sealed original identifier, without which they cannot get a pseudonym under another key.
    #[error(
        "samples without a sealed original identifier: {}; without it a sample cannot get a pseudonym under the new \
         key; nothing was changed", count(*.0)
    )]
    Unsealed(u64),
    /// A sealed file was changed.
    #[error("{} was changed; restore it from its backup; nothing was changed in the store", shown_path(.0))]
    VaultChanged(PathBuf),
    /// There is no custodian to seal identifiers to.
    #[error("no custodian is left to seal identifiers to")]
    NoCustodian,
    /// The store has no key yet.
    #[error("the store has no key yet: the first import sets it")]
    NoKeyYet,
    /// The store had this key before and replaced it.
    #[error("the store had the key {0} before and replaced it")]
    UsedKey(String),
    /// The record of former keys cannot be read.
    #[error("the ledger's record of former keys is damaged; restore the ledger from its backup")]
    FormerKeys,
    /// The new key is the present one.
    #[error("the new key is the store's present one")]
    SameKey,
    /// The new key could not be loaded.
    #[error("the new key")]
    NewKey(#[source] KeyError),
    /// The present key could not be used to check the sealed records.
    #[error("the present key is required to check that every sealed record belongs to its pseudonym")]
    PresentKey(#[source] Box<StoreError>),
    /// A change of the key failed.
    #[error("{state}")]
    Rotation {
        /// The state of the store now.
        state: RotationState,
        /// What failed.
        source: Box<StoreError>,
    },
    /// A change of the key failed, and so did deleting the unfinished change. The store keeps its key.
    #[error(
        "nothing was changed, and the store keeps its key; the unfinished change could not be deleted ({})",
        why.with_causes()
    )]
    RotationNotCleared {
        /// Why it could not be deleted.
        why: Box<StoreError>,
        /// What failed.
        source: Box<StoreError>,
    },
    /// There is nobody to seal a backup for.
    #[error("the store has no custodian, so there is nobody to seal the backup for")]
    NoBackupRecipient,
    /// The settings or the vault were changed while a backup was written, each time.
    #[error("another command changed the settings or the vault of the store while the backup was written")]
    Overtaken,
    /// A backup cannot be opened.
    #[error("{}", shown_path(path))]
    Sealed {
        /// Its file.
        path: PathBuf,
        /// Why not.
        source: StreamError,
    },
    /// A backup cannot be restored, or not be written.
    #[error("{}", shown_path(path))]
    Backup {
        /// Its file, or the file of the store.
        path: PathBuf,
        /// Why not.
        source: BackupFault,
    },
    /// A store cannot be restored where something is already.
    #[error("{} exists already; a store is restored into a folder that does not exist yet", shown_path(.0))]
    RestoredOver(PathBuf),
    /// A restored store is damaged.
    #[error("the restored store is damaged: {0}; nothing of it is left")]
    RestoredUnsound(String),
    /// This build does not encrypt ledgers.
    #[error("this build does not encrypt ledgers")]
    CannotEncrypt,
    /// The audit chain is invalid, so it is not signed.
    #[error("the audit chain is invalid, so it is not signed")]
    BrokenChain,
    /// A record of the audit chain is damaged.
    #[error("record {number} of the audit chain is damaged")]
    DamagedRecord {
        /// Its number.
        number: u64,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A time is out of range.
    #[error("{0}")]
    Time(#[from] jiff::Error),
    /// The clock is before 1970 or after 9999.
    #[error("the clock of this machine shows a year before 1970 or after 9999")]
    Clock,
    /// An error of SQLite, which does not name the file.
    #[error("{}", shown_path(path))]
    LedgerAt {
        /// The ledger's file.
        path: PathBuf,
        /// What it says.
        source: LedgerError,
    },
    /// See [`LedgerError`].
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// An error of an index, with its file.
    #[error("{}", shown_path(path))]
    IndexAt {
        /// The index's file.
        path: PathBuf,
        /// What is wrong.
        source: IndexError,
    },
    /// See [`IndexError`].
    #[error("{0}")]
    Index(#[from] IndexError),
    /// See [`Stopped`].
    #[error("{0}")]
    Stopped(#[from] Stopped),
    /// See [`ReachError`].
    #[error("{0}")]
    Reach(#[from] ReachError),
    /// See [`KinshipError`].
    #[error("{0}")]
    Kinship(#[from] KinshipError),
    /// See [`VaultError`].
    #[error("{0}")]
    Vault(#[from] VaultError),
    /// See [`SealError`].
    #[error("{0}")]
    Seal(#[from] SealError),
    /// See [`KeyError`].
    #[error("{0}")]
    Key(#[from] KeyError),
    /// See [`ReviewerKeyError`].
    #[error("{0}")]
    ReviewerKey(#[from] ReviewerKeyError),
    /// The rules of a review do not allow this.
    #[error("{0}")]
    Review(#[from] Refusal),
    /// Another pair with the same family or child was confirmed and is not refuted. A family is informed of one child,
    /// and a child is of one family.
    #[error("another pair with the same family or child was confirmed and is not refuted: {}", named(.0))]
    ReviewConflict(Vec<ConflictRow>),
    /// The family is withdrawn, so nobody informs it.
    #[error("the family {0} is withdrawn")]
    WithdrawnFamily(Pseudonym),
    /// The staff code is enrolled.
    #[error("the staff code {0} is already enrolled")]
    ReviewerEnrolled(StaffCode),
    /// The key is enrolled, or was.
    #[error("this key is enrolled already, or was once; every enrolment requires a new key")]
    ReviewerKeyKnown,
    /// No reviewer with this staff code is enrolled.
    #[error("no reviewer with the staff code {0} is enrolled")]
    NoReviewer(StaffCode),
    /// The key is not that of an enrolled reviewer.
    #[error("this key is not the key of an enrolled reviewer")]
    NotAReviewer,
    /// The role of an enrolled person does not allow to decide.
    #[error("{staff} has the role {role}, which decides nothing")]
    RoleDecidesNothing {
        /// The staff code.
        staff: StaffCode,
        /// The role.
        role: Role,
    },
    /// The further sample of a retest is not a further one.
    #[error("the sample is the child's own, or is already recorded in this review")]
    NoFurtherSample,
    /// Two samples have too few loci in common to be one person's or not.
    #[error("the two samples share {found} loci, and at least {needed} are required")]
    RetestTooShort {
        /// Loci typed in both.
        found: u32,
        /// The fewest that suffice.
        needed: u32,
    },
    /// A day is in the future.
    #[error("the date {0} is in the future")]
    Future(jiff::civil::Date),
    /// A remark is invalid.
    #[error("the text is invalid: {0}")]
    Remark(String),
}

/// Names pairs.
fn named(pairs: &[ConflictRow]) -> String {
    pairs.iter().filter_map(ConflictRow::pair).collect::<Vec<_>>().join("; ")
}

impl From<ClusterError> for StoreError {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Stopped(stopped) => stopped.into(),
            other => Self::Cluster(other),
        }
    }
}

impl From<ValidationError> for StoreError {
    fn from(error: ValidationError) -> Self {
        match error {
            ValidationError::Stopped(stopped) => stopped.into(),
            other => Self::Validation(Box::new(other)),
        }
    }
}

impl StoreError {
    pub(super) fn io(action: FileAction, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }

    /// Gives the error and its causes in one line, each once.
    #[must_use]
    pub fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let next = error.to_string();
            // Many errors name their cause themselves.
            if !text.ends_with(&next) {
                text = text + ": " + &next;
            }
            cause = error.source();
        }
        text
    }
}

/// What is wrong with a line of a list of identifiers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadLine {
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is longer than any identifier.
    #[error("is longer than any identifier can be; check for a missing line end")]
    Long,
    /// It is not UTF-8.
    #[error("is not UTF-8 text")]
    NotUtf8,
    /// The list has more identifiers than this.
    #[error("the list has more than {0} identifiers; split it")]
    Many(usize),
    /// It is not an identifier.
    #[error("{0}")]
    Identifier(#[from] IdentifierError),
}

/// The state of a store after a change of the key failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RotationState {
    /// It keeps its key.
    #[error("nothing was changed, and the store keeps its key")]
    Unchanged,
    /// It has the new key; traces of old pseudonyms remain to be deleted.
    #[error("the store has the new key, but traces of old pseudonyms remain")]
    TracesLeft,
    /// It has the new key; its index must be built again.
    #[error("the store has the new key")]
    NewKey,
    /// The state is unknown.
    #[error("it is unknown which key the store has now")]
    Unknown,
}

/// Options of an export that conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportConflict {
    /// A Familias project holds genotypes.
    #[error("a .fam file holds genotypes, which identify people")]
    FamNeedsGenotypes,
    /// A Familias project holds pedigrees itself.
    #[error("a .fam file already contains the pedigrees")]
    FamHoldsPedigrees,
    /// A CMF file holds genotypes.
    #[error("a CMF file holds genotypes, which identify people")]
    CmfNeedsGenotypes,
    /// A CMF file names two laboratories.
    #[error("a CMF file names the laboratory that sends it and the one that receives it")]
    CmfNeedsParties,
    /// A CMF file has no place for pedigrees.
    #[error("a CMF file has no place for pedigrees")]
    CmfHoldsNoPedigrees,
    /// A CSV or CMF file holds families or children.
    #[error("a CSV or CMF file holds either families or children")]
    NoLayout,
    /// Pedigrees are those of families.
    #[error("pedigrees are written with families only")]
    PedigreesOfChildren,
    /// A file of families holds no children.
    #[error("children are not written to a file of families")]
    ChildrenAmongFamilies,
    /// A file of children holds no families.
    #[error("families are not written to a file of children")]
    FamiliesAmongChildren,
    /// None of the named families has a candidate.
    #[error("there is no candidate to write")]
    NoCandidate,
    /// Some families have pedigrees, which a CSV file of relatives cannot hold.
    #[error("families with a pedigree: {}; a CSV file of relatives cannot hold pedigrees", count(*.0))]
    PedigreesNeeded(u64),
}
