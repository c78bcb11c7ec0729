//! Errors of the ledger. Their messages hold pseudonyms and places, never genotypes or identifiers.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

use super::Conflict;
use crate::model::{Pseudonym, shown_path};

/// What is wrong with the disk that the ledger is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// There is no room left.
    Full,
    /// It fails to write or to read.
    Failing,
    /// The file or its folder is not writable, or not even readable.
    Closed,
}

impl LedgerError {
    /// Returns what is wrong with the disk, if SQLite failed because of it: SQLite's message names no file.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        let Self::Database(error) = self else { return None };
        match error.sqlite_error_code()? {
            ErrorCode::DiskFull => Some(Trouble::Full),
            ErrorCode::SystemIoFailure => Some(Trouble::Failing),
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Some(Trouble::Closed),
            _ => None,
        }
    }

    /// Reports whether another command is writing to the ledger at this moment.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Database(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }
}

/// Why an operation of the ledger failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The file does not exist.
    #[error("there is no ledger at {}", shown_path(.0))]
    Missing(PathBuf),
    /// A new ledger would overwrite something.
    #[error("{} exists already and is not overwritten", shown_path(.0))]
    Exists(PathBuf),
    /// The file is not a ledger.
    #[error("{} is not a ledger of this program, or is damaged; restore it from its backup", shown_path(.0))]
    NotALedger(PathBuf),
    /// It is not encrypted, and this build opens encrypted ledgers only.
    #[error(
        "{} is not encrypted, and this build (feature `sqlcipher`) opens encrypted ledgers only", shown_path(.0)
    )]
    Plain(PathBuf),
    /// It may be encrypted, and this build cannot read encrypted ledgers.
    #[error(
        "{} is encrypted, or damaged", shown_path(.0)
    )]
    Encrypted(PathBuf),
    /// It is encrypted, and no key was given.
    #[error("the ledger {} is encrypted and requires the key", shown_path(.0))]
    KeyNeeded(PathBuf),
    /// The key does not decrypt it.
    #[error(
        "the given key does not open the encrypted ledger {}", shown_path(.0)
    )]
    WrongKey(PathBuf),
    /// SQLCipher refused the key.
    #[error("SQLCipher refused the ledger's key; report this as a fault of the program")]
    KeyRefused,
    /// The build should encrypt ledgers and cannot.
    #[error(
        "this build cannot encrypt the ledger, because its SQLite is not SQLCipher; build it with the bundled SQLCipher"
    )]
    NoCipher,
    /// A plain ledger cannot be encrypted while another process reads it.
    #[error("another command has {} open; wait until it ends, and repeat this one", shown_path(.0))]
    InUse(PathBuf),
    /// The bytes of its file differ from those that this program wrote.
    #[error(
        "{} was changed since this program last wrote it, at byte {from} to {to}: the disk failed, or another program \
         wrote to it",
        shown_path(path)
    )]
    Altered {
        /// The ledger.
        path: PathBuf,
        /// The first byte of the first part that differs.
        from: u64,
        /// The byte after it.
        to: u64,
    },
    /// This account may only read it, and the operation writes.
    #[error("this account can read the ledger {}, but not write to it", shown_path(.0))]
    ReadOnly(PathBuf),
    /// This account may only read it, and the file does not contain yet what the last command wrote.
    #[error(
        "a command is rewriting the ledger {}, or was interrupted; repeat the command, and if this stays, ask somebody who \
         can write to the store to run `reunite verify`",
        shown_path(.0)
    )]
    Unfinished(PathBuf),
    /// This account may only read it, and its schema is older than this program's.
    #[error(
        "the ledger {} has schema version {found} and not {known}, and this account cannot upgrade it; ask somebody \
         who can write to it to run `reunite verify`, or read a copy that you can write to",
        shown_path(path)
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// That of this program.
        known: i64,
    },
    /// It is damaged, so it cannot be encrypted or sealed.
    #[error("{} is damaged: {finding}", shown_path(path))]
    Unsound {
        /// The ledger.
        path: PathBuf,
        /// The first thing that is wrong.
        finding: String,
    },
    /// The change to another key failed.
    #[error(
        "the ledger could not be encrypted with the new key, and still has the old one; check that the disk has free \
         space, and repeat the command"
    )]
    NotChanged,
    /// A later version of the program wrote it.
    #[error(
        "the ledger {} has schema version {found}, this program knows versions up to {known}; use a newer program",
        shown_path(path)
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest known one.
        known: i64,
    },
    /// The operating system returned an error.
    #[error("cannot {doing} the ledger {}: {source}", shown_path(path))]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// SQLite returned an error.
    #[error("the ledger's database: {0}")]
    Database(#[from] rusqlite::Error),
    /// A file conflicts with the ledger or with itself, and is not imported.
    #[error("rows that conflict with the ledger: {}; nothing was imported", .0.len())]
    Conflicts(Vec<Conflict>),
    /// The number of genotypes of a row differs from the number of loci of the batch.
    #[error("line {line}: the number of genotypes ({found}) differs from the number of loci of the batch ({loci})")]
    Shape {
        /// Line of the file.
        line: u64,
        /// Genotypes of its profile.
        found: usize,
        /// Loci of the batch.
        loci: usize,
    },
    /// A batch mixes families and children, or repeats a locus.
    #[error("the batch is not of one kind: {0}")]
    Mixed(&'static str),
    /// More loci than the format of a profile can number.
    #[error("the ledger cannot hold more than {most} loci", most = u16::MAX)]
    TooManyLoci,
    /// A stored record is invalid.
    #[error("the stored record of {of} is damaged ({what}); restore the ledger from its backup")]
    Damaged {
        /// The sample or family, or the table's name.
        of: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A likelihood ratio is not a number, or infinite.
    #[error("the pair of family {family} and child {child} has no finite log10_lr, so it is not a candidate")]
    NotFinite {
        /// The family.
        family: Pseudonym,
        /// The child.
        child: Pseudonym,
    },
    /// A run repeats a pair.
    #[error("the pair of family {family} and child {child} is in the run twice")]
    RepeatedCandidate {
        /// The family.
        family: Pseudonym,
        /// The child.
        child: Pseudonym,
    },
    /// Samples changed between the start of a run and its end.
    #[error("the run compared generation {run}, but the ledger is now at generation {ledger}; match again")]
    Stale {
        /// The generation that was compared.
        run: u64,
        /// The ledger's.
        ledger: u64,
    },
    /// The ledger belongs to another key.
    #[error("the ledger was made with the key {ledger}, not with {given}: pseudonyms would not agree")]
    OtherKey {
        /// Fingerprint of the ledger's key.
        ledger: String,
        /// Fingerprint of the given one.
        given: String,
    },
    /// The key of the ledger was replaced by another one.
    #[error("the key {ledger} has replaced the key {given} of this store; use the new key file")]
    FormerKey {
        /// Fingerprint of the ledger's key.
        ledger: String,
        /// Fingerprint of the given one.
        given: String,
    },
    /// A change of the ledger to this key has begun and is not finished.
    #[error("the store still belongs to the key {ledger}: its change to the key {given} is not finished")]
    AnnouncedKey {
        /// Fingerprint of the ledger's key.
        ledger: String,
        /// Fingerprint of the given one.
        given: String,
    },
    /// The ledger has nobody with this pseudonym.
    #[error("there is no sample or family {0} in the ledger")]
    Unknown(Pseudonym),
    /// Original identifiers could not be sealed.
    #[error("the original identifiers could not be sealed, so nothing was imported: {0}")]
    Sealing(Box<dyn std::error::Error + Send + Sync>),
    /// The records of reviews were changed by other means than this program.
    #[error("the records of reviews are damaged or were tampered with ({0}); restore the ledger from its backup")]
    Review(String),
    /// Another command recorded something about the same case.
    #[error("another command changed this review meanwhile; repeat the command")]
    ReviewChanged,
    /// The operating system returned no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
}
