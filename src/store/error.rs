//! Why an operation on a store fails.
//!
//! Errors carry data and name neither options nor commands: whoever offers the operation knows what to do about them.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::index::IndexError;
use crate::intake::{IntakeError, MapError, Problem};
use crate::kinship::KinshipError;
use crate::ledger::LedgerError;
use crate::matching::{ReachError, Stopped};
use crate::model::{Locus, PedigreeError, Pseudonym, shown, shown_path};
use crate::planning::PlanningError;
use crate::population::{FrequencyTableError, TableTextError};
use crate::pseudonym::{CustodianError, IdentifierError, KeyError, SealError, VaultError};
use crate::report::FamError;
use crate::report::words::{count, plural};

use super::config::SettingsError;
use super::output_error::OutputError;
use super::settings::UnfitModel;

/// What was being done with a file or folder when the operating system refused.
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
            Self::ReadBack => "cannot read what is to be",
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
    /// A threshold for log10 LR that is no finite number.
    #[error("a least log10 LR of {0} is not a finite number")]
    MinLog10Lr(f64),
    /// A bound on chance hits that is not above 0.
    #[error("a bound of {0} on chance hits is not greater than 0")]
    MaxChanceHits(f64),
}

/// What is missing in a damaged ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incomplete {
    /// Not all families were found.
    #[error("it has {expected} families, of which {found} were found")]
    Families {
        /// As counted.
        expected: u64,
        /// As read.
        found: u64,
    },
    /// Not everyone who came since the last run was found.
    #[error("it does not tell all that came since the last run")]
    Changes,
    /// The ledger does not know its own generation.
    #[error("it does not know its own generation")]
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
    if known.is_empty() { String::new() } else { format!("; it has those of {}", known.join(", ")) }
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
    #[error("the store keeps no column map of {0:?}")]
    NoColumnMap(String),
    /// The file is a pipe, a device or the like.
    #[error("{} is a pipe or a device, not a file", shown_path(.0))]
    NotAFile(PathBuf),
    /// There is no store in this folder.
    #[error("there is no store in {}", shown_path(.0))]
    NoStore(PathBuf),
    /// A store cannot be made in a folder that holds something.
    #[error("{} exists already and is not an empty folder", shown_path(.0))]
    NotEmpty(PathBuf),
    /// There is no such folder for indices.
    #[error("{}: there is no such folder", shown_path(.0))]
    NoIndexFolder(PathBuf),
    /// The folder for indices belongs to someone else, or others can read it.
    #[error(
        "{} is to hold the index, but it is no folder that the owner of the store alone can read: remove it",
        shown_path(.0)
    )]
    OpenIndexFolder(PathBuf),
    /// `reunite.toml` is no such file.
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
    /// The store was made with another layout of folders.
    #[error("the store has layout version {found}, this program knows {known}")]
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
        "the frequency table of the population {name} lacks {}, which the store matches on: a run with it would lose them",
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
        "the table lacks {}, which the store matches on: what its samples have there would not count any more",
        names(.0)
    )]
    LociLost(Vec<Locus>),
    /// A population cannot have this name.
    #[error("a population's name has 1 to 40 letters, digits, spaces, `-` and `_`")]
    PopulationName,
    /// The store's table was exchanged after it was opened.
    #[error("the store's frequency table was exchanged meanwhile")]
    TableExchanged,
    /// The ledger belongs to another store.
    #[error("{} is the ledger of another store", shown_path(.0))]
    OtherLedger(PathBuf),
    /// There is no group of accounts of this name.
    #[error(
        "this machine knows no group {}: make it, or name another one under [access] in reunite.toml", shown(.0)
    )]
    NoGroup(String),
    /// A new store cannot be a group's.
    #[error("cannot give the store to the group {}: {source}; only its members, and root, can", shown(group))]
    CannotGive {
        /// The group.
        group: String,
        /// Why not.
        source: io::Error,
    },
    /// This account may only read.
    #[error(
        "this account may read the store {}, and not write to it: it can list and verify what is in it, and nothing else",
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
    /// This needs the secret key, and none was named.
    #[error("the secret key is needed")]
    KeyNeeded,
    /// The ledger is encrypted and cannot be opened without its key.
    #[error("the ledger is encrypted: {0}")]
    EncryptedLedger(Box<StoreError>),
    /// This build encrypts ledgers, so that a store is made with its key.
    #[error("this build encrypts the ledger, which takes the key")]
    KeyForNewLedger,
    /// A secret file lies inside the store.
    #[error("the {what} lies inside the store: keep it elsewhere, or whoever takes the store has both")]
    InsideStore {
        /// Its kind.
        what: &'static str,
    },
    /// This needs a reason for the audit chain.
    #[error("this needs a reason, which is kept in the audit chain")]
    ReasonNeeded,
    /// A file exists that was not to be replaced.
    #[error("{} exists", shown_path(.0))]
    FileExists(PathBuf),
    /// An output cannot go to its place.
    #[error("{0}")]
    Output(#[from] OutputError),
    /// See [`IntakeError`].
    #[error("{0}")]
    Unread(#[from] IntakeError),
    /// The file has one database and no sheets.
    #[error("{} is a Familias project, which has one database: neither a population nor a sheet can be chosen", shown_path(.0))]
    OnePopulation(PathBuf),
    /// A frequency table is not understood.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Frequencies(Vec<Problem>),
    /// A frequency table that the store keeps was changed.
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
    /// An altered ledger is not sound.
    #[error("the ledger was altered, and is damaged: it is not taken for what was written")]
    StillUnsound,
    /// Nothing was matched yet.
    #[error("nothing has been matched yet")]
    NeverMatched,
    /// The ledger was changed while a run began.
    #[error("the ledger was changed while the index was opened")]
    ChangedMeanwhile,
    /// The ledger lacks something that it should have.
    #[error("the ledger is damaged: {0}")]
    Incomplete(#[from] Incomplete),
    /// A value cannot be written as JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// There is no such family.
    #[error("there is no family {0} in the store")]
    NoFamily(Pseudonym),
    /// There is no such child.
    #[error("there is no child {0} in the store")]
    NoChild(Pseudonym),
    /// There is no such sample or family.
    #[error("there is no sample or family {0} in the store")]
    NoSubject(Pseudonym),
    /// Nobody was named.
    #[error("nobody was named")]
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
    #[error("marking families")]
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
    #[error("importing {file}")]
    Import {
        /// The file, as named.
        file: String,
        /// Why not.
        source: LedgerError,
    },
    /// That a file was refused could not be recorded.
    #[error("recording that a file was refused")]
    Recording(#[source] LedgerError),
    /// A folder holds no file to import.
    #[error("{}: the folder holds no file to import: names end in .{}", shown_path(folder), endings.join(", ."))]
    NothingToImport {
        /// The folder.
        folder: PathBuf,
        /// The endings that are read.
        endings: &'static [&'static str],
    },
    /// A pedigree file is of no use for children.
    #[error("a file of pedigrees requires that families are imported")]
    PedigreesOfChildren,
    /// With a case list, what the files hold must be said.
    #[error("a case list requires that it is said whether the files hold families or children")]
    CasesWithoutLayout,
    /// A text file that should be sound has a problem.
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
    /// A custodian's recipient is none.
    #[error("{0}")]
    Custodian(#[from] CustodianError),
    /// An option of an export conflicts with another.
    #[error("{0}")]
    Export(#[from] ExportConflict),
    /// A Familias project cannot be written.
    #[error("{0}")]
    Fam(#[from] FamError),
    /// A table cannot be written.
    #[error("{0}")]
    Csv(#[from] csv::Error),
    /// A family's relations give no pedigree.
    #[error("family {family}")]
    Pedigree {
        /// The family.
        family: Pseudonym,
        /// Why not.
        source: PedigreeError,
    },
    /// A family cannot be planned for.
    #[error("family {family} cannot be planned for")]
    Plan {
        /// The family.
        family: Pseudonym,
        /// Why not.
        source: PlanningError,
    },
    /// A family has a pedigree of its own, so that relatives by relation have no place in it.
    #[error("family {0} has a pedigree of its own, in which a relative by relation has no place")]
    PlanInPedigree(Pseudonym),
    /// Samples have no sealed original identifier, so that nobody can give them a name under another key.
    #[error(
        "{} samples have no sealed original identifier, so that nobody can say what another key makes of it; nothing was \
         changed", count(*.0)
    )]
    Unsealed(u64),
    /// A sealed file was changed.
    #[error("{} was changed: restore it from its backup; nothing was changed in the store", shown_path(.0))]
    VaultChanged(PathBuf),
    /// There is no custodian to seal identifiers to.
    #[error("no custodian is left to seal identifiers to")]
    NoCustodian,
    /// The store belongs to no key yet.
    #[error("the store belongs to no key yet: the first import gives it the one that it is run with")]
    NoKeyYet,
    /// The store had this key before, and left it.
    #[error("the store had the key {0} before, and left it")]
    UsedKey(String),
    /// What is kept of former keys cannot be read.
    #[error("what the ledger keeps of former keys is damaged: restore the ledger from its backup")]
    FormerKeys,
    /// The new key is the present one.
    #[error("the new key is the store's present one")]
    SameKey,
    /// The new key could not be loaded.
    #[error("the new key")]
    NewKey(#[source] KeyError),
    /// The present key could not be used to check the sealed records.
    #[error("the present key shows that every sealed record belongs to its pseudonym")]
    PresentKey(#[source] Box<StoreError>),
    /// A change of the key failed.
    #[error("{state}")]
    Rotation {
        /// What the store is like now.
        state: RotationState,
        /// What failed.
        source: Box<StoreError>,
    },
    /// A change of the key failed, and so did clearing away what it had begun. The store has the key that it had.
    #[error(
        "nothing was changed, the store has the key that it had; what was begun could not be cleared away ({})",
        why.with_causes()
    )]
    RotationNotCleared {
        /// Why it could not be cleared away.
        why: Box<StoreError>,
        /// What failed.
        source: Box<StoreError>,
    },
    /// This build does not encrypt ledgers.
    #[error("this build does not encrypt ledgers")]
    CannotEncrypt,
    /// The audit chain does not hold, so it is not signed.
    #[error("the audit chain does not hold, and is not signed")]
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
    /// SQLite's own errors, which do not name the file.
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
    /// An index, by its file.
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
    #[error("is longer than any identifier can be: a line end is missing")]
    Long,
    /// It is not UTF-8.
    #[error("is not UTF-8 text")]
    NotUtf8,
    /// The list has more lines than this.
    #[error("a list may have {0} identifiers at most: divide it")]
    Many(usize),
    /// It is not an identifier.
    #[error("{0}")]
    Identifier(#[from] IdentifierError),
}

/// What a store is like after a change of the key failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RotationState {
    /// It has the key that it had.
    #[error("nothing was changed, the store has the key that it had")]
    Unchanged,
    /// It has the new key; what is left of old pseudonyms remains to be removed.
    #[error("the store has the new key, and traces of old pseudonyms are left")]
    TracesLeft,
    /// It has the new key; its index is to be built again.
    #[error("the store has the new key")]
    NewKey,
    /// It is not known.
    #[error("which key the store has is not known now")]
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
    #[error("a .fam file holds the pedigrees itself")]
    FamHoldsPedigrees,
    /// A CSV file holds families or children.
    #[error("a CSV file holds families or children: say which")]
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
    /// Families have pedigrees, which a CSV file of relatives cannot hold.
    #[error("{} of these families have a pedigree, which a CSV file of relatives cannot hold", count(*.0))]
    PedigreesNeeded(u64),
}
