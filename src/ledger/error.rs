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
    /// It does not write or read.
    Failing,
    /// The file or its folder cannot be written, or not even read.
    Closed,
}

impl LedgerError {
    /// What is wrong with the disk, if that is why SQLite refused: its words name no file.
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
}

/// Why the ledger did not do what was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// No such file.
    #[error("there is no ledger at {}", shown_path(.0))]
    Missing(PathBuf),
    /// A new ledger was to be written over something.
    #[error("{} exists already and is not overwritten", shown_path(.0))]
    Exists(PathBuf),
    /// Something else than a ledger.
    #[error("{} is not a ledger of this program, or is damaged: restore it from its backup", shown_path(.0))]
    NotALedger(PathBuf),
    /// Not encrypted, and this build opens encrypted ones only.
    #[error(
        "{} is not encrypted, and this build (feature `sqlcipher`) works on encrypted ledgers alone", shown_path(.0)
    )]
    Plain(PathBuf),
    /// Perhaps encrypted, which this build does not read.
    #[error(
        "{} is encrypted, or damaged", shown_path(.0)
    )]
    Encrypted(PathBuf),
    /// It is encrypted, and no key was given.
    #[error("the ledger {} is encrypted in this build", shown_path(.0))]
    KeyNeeded(PathBuf),
    /// The key does not decrypt it.
    #[error(
        "the given key does not open the encrypted ledger {}", shown_path(.0)
    )]
    WrongKey(PathBuf),
    /// SQLCipher refused a key.
    #[error("SQLCipher does not take the ledger's key: report this, it should not happen")]
    KeyRefused,
    /// A build that should encrypt does not.
    #[error("this build should encrypt the ledger, but its SQLite cannot: build it with the bundled SQLCipher")]
    NoCipher,
    /// A plain ledger was to be encrypted that others are reading.
    #[error("{} is open in another command: wait until it has ended, and repeat this one", shown_path(.0))]
    InUse(PathBuf),
    /// Its file holds other bytes than were written.
    #[error(
        "{} was changed since it was last written, at byte {from} to {to}: by a fault of the disk, or another program",
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
    /// This account may only read it, and it is to be written to.
    #[error("this account may read the ledger {}, and not write to it", shown_path(.0))]
    ReadOnly(PathBuf),
    /// This account may only read it, and what the last command wrote is not in its file yet.
    #[error(
        "the last command that wrote to the ledger {} was cut off, and this account cannot put it in order: have somebody who \
         may write to it run `reunite verify`",
        shown_path(.0)
    )]
    Unfinished(PathBuf),
    /// This account may only read it, and it is of an earlier version.
    #[error(
        "the ledger {} has schema version {found} and not {known}, and this account cannot bring it up to date: have somebody \
         who may write to it run `reunite verify`, or read a copy that you may write to",
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
    /// It holds damage, and was to be encrypted, or has no seal.
    #[error("{} is damaged: {finding}", shown_path(path))]
    Unsound {
        /// The ledger.
        path: PathBuf,
        /// The first thing that is wrong.
        finding: String,
    },
    /// The change to another key did not get through.
    #[error("the ledger could not be encrypted with the new key, and still has the old one: is the disk full?")]
    NotChanged,
    /// Written by a later version of the program.
    #[error(
        "the ledger {} has schema version {found}, this program knows versions up to {known}: use a newer program",
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
    /// The file system refused.
    #[error("cannot {doing} the ledger {}: {source}", shown_path(path))]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("the ledger's database: {0}")]
    Database(#[from] rusqlite::Error),
    /// A file disagrees with the ledger or itself, and is not imported.
    #[error("{} rows disagree with what is in the ledger: nothing was imported", .0.len())]
    Conflicts(Vec<Conflict>),
    /// A row with a profile that is not over the batch's loci.
    #[error("line {line} has {found} genotypes, the batch has {loci} loci")]
    Shape {
        /// Line of the file.
        line: u64,
        /// Genotypes of its profile.
        found: usize,
        /// Loci of the batch.
        loci: usize,
    },
    /// Families and children in one batch, or a locus twice.
    #[error("the batch is not of one kind: {0}")]
    Mixed(&'static str),
    /// More loci than a profile's form can name.
    #[error("the ledger cannot hold more than {most} loci", most = u16::MAX)]
    TooManyLoci,
    /// What is stored of a sample cannot be.
    #[error("the stored record of {of} is damaged ({what}): restore the ledger from its backup")]
    Damaged {
        /// The sample or family, or the table's name.
        of: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A likelihood ratio that is no number, or infinite.
    #[error("the pair of family {family} and child {child} has no finite log10_lr: it is no candidate")]
    NotFinite {
        /// The family.
        family: Pseudonym,
        /// The child.
        child: Pseudonym,
    },
    /// One pair twice in a run.
    #[error("the pair of family {family} and child {child} is in the run twice")]
    RepeatedCandidate {
        /// The family.
        family: Pseudonym,
        /// The child.
        child: Pseudonym,
    },
    /// Samples changed between the start of a run and its end.
    #[error("the run compared generation {run}, but the ledger is at generation {ledger} by now: match again")]
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
    /// The ledger was given another key.
    #[error("the store belongs to the key {ledger} by now, which took the place of {given}: use the new key file")]
    FormerKey {
        /// Fingerprint of the ledger's key.
        ledger: String,
        /// Fingerprint of the given one.
        given: String,
    },
    /// The ledger is to be given this key, and was not yet.
    #[error("the store is to be given the key {given}, and still belongs to {ledger}")]
    AnnouncedKey {
        /// Fingerprint of the ledger's key.
        ledger: String,
        /// Fingerprint of the given one.
        given: String,
    },
    /// Nobody here has this pseudonym.
    #[error("there is no sample or family {0} in the ledger")]
    Unknown(Pseudonym),
    /// Original identifiers could not be sealed.
    #[error("the original identifiers could not be sealed, so nothing was imported: {0}")]
    Sealing(Box<dyn std::error::Error + Send + Sync>),
    /// No random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
}
