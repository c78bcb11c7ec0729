//! What a look at a store and its machine finds.

use std::fmt;
use std::path::PathBuf;

use crate::files::{Found, Repaired};
use crate::index::IndexError;
use crate::ledger::LedgerError;
use crate::model::shown_path;
use crate::report::words::{count, counted, plural};

use super::machine::Swap;
use super::verify::IndexCheck;
use crate::store::configuration::changed::ChangedSetting;
use crate::store::error::StoreError;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Nothing is wrong.
    Fine,
    /// Something should be looked after.
    Warning,
    /// Something must be done.
    Problem,
}

impl Gravity {
    /// Returns the word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// A finding of a look at a store.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub gravity: Gravity,
    /// What was found.
    pub condition: Condition,
}

/// The state of a part of a store, or of its machine.
#[derive(Debug)]
#[non_exhaustive]
pub enum Condition {
    /// The settings and frequency tables can be read.
    Readable,
    /// They cannot.
    Unreadable(StoreError),
    /// The ledger can be read.
    Ledger {
        /// Number of families.
        families: u64,
        /// Number of children.
        children: u64,
    },
    /// The ledger's file was changed by other means than this program.
    LedgerAltered(LedgerError),
    /// The ledger cannot be read.
    LedgerUnreadable(StoreError),
    /// A command is at work on the store, or was cut off.
    AtWork,
    /// Expunging or a change of the key was interrupted.
    Interrupted,
    /// This account can only read the store.
    ReadOnly,
    /// The key is that of the store.
    Key {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// The store has no key yet.
    NoKeyYet,
    /// No key was named.
    KeyNotNamed,
    /// The key cannot be used.
    KeyWrong(StoreError),
    /// A change to another key was begun and not completed.
    KeyChange {
        /// Fingerprint of the next key.
        next: String,
    },
    /// The store has this number of custodians.
    Custodians(u64),
    /// It has none.
    NoCustodian,
    /// This number of custodians' recipients is invalid, so that nothing can be sealed for them.
    BadCustodians(u64),
    /// The last backup.
    Backup {
        /// Its age in days.
        days: i64,
    },
    /// There is no record of a backup.
    NoBackup,
    /// The children index.
    Index(IndexCheck),
    /// Free disk space.
    Disk {
        /// In bytes.
        free: u64,
        /// Size of the ledger.
        ledger: u64,
    },
    /// The system does not say how much disk space is free.
    DiskUnknown,
    /// Swap.
    Swap(Swap),
    /// A crash leaves no memory on a disk.
    NoCoreDumps,
    /// It may.
    CoreDumps,
    /// The clock is not behind the last record of the audit chain.
    Clock,
    /// It is behind by this number of seconds.
    ClockBehind(i64),
    /// Only the accounts that the store is for can read its files.
    Permissions,
    /// A file has wrong permissions.
    Permission(Repaired),
    /// A folder of an interrupted command beside the store holds data of a store.
    LeftBehind(PathBuf),
    /// This program made the last run, or there was none.
    Program,
    /// Another version of it did.
    OtherProgram {
        /// That version.
        last: String,
    },
    /// The settings are those of the last run.
    Settings,
    /// One differs.
    ChangedSetting(ChangedSetting),
    /// The last run.
    LastRun {
        /// Its number.
        number: i64,
        /// Its age in days.
        days: i64,
    },
    /// The store changed since the last run.
    Outdated {
        /// The number of that run.
        number: i64,
        /// Its age in days.
        days: i64,
    },
    /// Nothing was matched yet.
    NeverMatched,
    /// What is due about samples.
    Due {
        /// Number of samples that must be deleted.
        to_delete: u64,
        /// Number of samples about which something is due.
        samples: u64,
    },
    /// A part could not be examined.
    NotExamined {
        /// The part.
        part: &'static str,
        /// Why not.
        error: StoreError,
    },
}

impl Condition {
    /// Returns the part that it is about.
    #[must_use]
    pub fn part(&self) -> &'static str {
        match self {
            Self::Readable | Self::Unreadable(_) | Self::ReadOnly | Self::AtWork | Self::Interrupted => "store",
            Self::Ledger { .. } | Self::LedgerAltered(_) | Self::LedgerUnreadable(_) => "ledger",
            Self::Key { .. } | Self::NoKeyYet | Self::KeyNotNamed | Self::KeyWrong(_) | Self::KeyChange { .. } => "key",
            Self::Custodians(_) | Self::NoCustodian | Self::BadCustodians(_) => "custodians",
            Self::Backup { .. } | Self::NoBackup => "backup",
            Self::Index(_) => "index",
            Self::Disk { .. } | Self::DiskUnknown => "disk",
            Self::Swap(_) => "swap",
            Self::NoCoreDumps | Self::CoreDumps => "core dumps",
            Self::Clock | Self::ClockBehind(_) => "clock",
            Self::Permissions | Self::Permission(_) | Self::LeftBehind(_) => "permissions",
            Self::Program | Self::OtherProgram { .. } => "program",
            Self::Settings | Self::ChangedSetting(_) => "settings",
            Self::LastRun { .. } | Self::Outdated { .. } | Self::NeverMatched => "match",
            Self::Due { .. } => "keeping",
            Self::NotExamined { part, .. } => part,
        }
    }
}

/// Formats an age.
fn ago(days: i64) -> String {
    match u64::try_from(days) {
        Ok(0) | Err(_) => "today".to_owned(),
        Ok(days) => format!("{} ago", counted(days, "day", "days")),
    }
}

/// Formats a number of bytes.
fn bytes(number: u64) -> String {
    const MEGABYTE: u64 = 1_000_000;
    if number < 10 * MEGABYTE {
        format!("{} kB", count(number / 1000))
    } else {
        format!("{} MB", count(number / MEGABYTE))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Readable => f.write_str("settings and frequency tables are sound"),
            Self::Unreadable(error) | Self::LedgerUnreadable(error) | Self::KeyWrong(error) => {
                f.write_str(&error.with_causes())
            }
            Self::Ledger { families, children } => {
                write!(f, "{}, {}", plural(*families, "family"), plural(*children, "child"))
            }
            Self::LedgerAltered(error) => error.fmt(f),
            Self::AtWork => f.write_str("a command is at work on it, or was cut off"),
            Self::Interrupted => f.write_str("an expunge or a change of the key was interrupted, and traces remain"),
            Self::ReadOnly => f.write_str("this account can read it, and not write to it"),
            Self::Key { fingerprint } => write!(f, "{fingerprint}, readable for this account alone"),
            Self::NoKeyYet => f.write_str("the store has no key yet; the first import sets it"),
            Self::KeyNotNamed => f.write_str("no key file was named, so it was not checked"),
            Self::KeyChange { next } => write!(f, "a change to the key {next} was begun and not completed"),
            Self::Custodians(number) => f.write_str(&plural(*number, "recipient")),
            Self::NoCustodian => f.write_str("none; original identifiers are not kept, and backups require recipients"),
            Self::BadCustodians(number) => write!(f, "invalid: {}", plural(*number, "recipient")),
            Self::Backup { days } => write!(f, "the last one was made {}", ago(*days)),
            Self::NoBackup => f.write_str("the audit chain has no record of one"),
            Self::Index(index) => index_text(f, index),
            Self::Disk { free, ledger } => write!(f, "{} free; the ledger has {}", bytes(*free), bytes(*ledger)),
            Self::DiskUnknown => f.write_str("the system does not say how much space is free"),
            Self::Swap(Swap::Off) => f.write_str("off"),
            Self::Swap(Swap::Closed) => f.write_str("in memory or encrypted"),
            Self::Swap(Swap::Open) => {
                f.write_str("on and not known to be encrypted: a key in memory may be written to it")
            }
            Self::Swap(Swap::Unknown) => f.write_str("the system does not say"),
            Self::NoCoreDumps => f.write_str("forbidden by this program"),
            Self::CoreDumps => f.write_str("allowed: a crash may write a key to a disk"),
            Self::Clock => f.write_str("not behind the last record of the audit chain"),
            Self::ClockBehind(seconds) => {
                write!(f, "{} behind the last record of the audit chain", plural(seconds.unsigned_abs(), "second"))
            }
            Self::Permissions => f.write_str("only the accounts that the store is for can read its files"),
            Self::Permission(Repaired { path, found, mode, .. }) => {
                let what = match found {
                    Found::Foreign => "belongs to an account that the store is not for",
                    Found::Open => "is open to other users",
                    Found::Closed => "is closed to the store's group",
                };
                write!(f, "{} {what} (mode {:04o})", shown_path(path), mode & 0o777)
            }
            Self::LeftBehind(path) => {
                write!(f, "{} was left by an interrupted command and may hold data of a store", shown_path(path))
            }
            Self::Program => f.write_str(concat!("reunite ", env!("CARGO_PKG_VERSION"))),
            Self::OtherProgram { last } => {
                write!(f, "reunite {}; the last match was made by {last}", env!("CARGO_PKG_VERSION"))
            }
            Self::Settings => f.write_str("those of the last match"),
            Self::ChangedSetting(changed) => changed.fmt(f),
            Self::LastRun { number, days } => write!(f, "run {number}, {}", ago(*days)),
            Self::Outdated { number, days } => {
                write!(f, "run {number}, {}; the store changed since", ago(*days))
            }
            Self::NeverMatched => f.write_str("nothing has been matched yet"),
            Self::Due { samples: 0, .. } => f.write_str("nothing is due"),
            Self::Due { to_delete, samples } => {
                let samples = counted(*samples, "sample is due", "samples are due");
                write!(f, "{samples}, to delete: {}", count(*to_delete))
            }
            Self::NotExamined { error, .. } => write!(f, "not examined: {}", error.with_causes()),
        }
    }
}

fn index_text(f: &mut fmt::Formatter<'_>, index: &IndexCheck) -> fmt::Result {
    match index {
        IndexCheck::Missing => f.write_str("there is no index yet; the next match builds it"),
        IndexCheck::Sound(children) => write!(f, "sound; {}", plural(*children, "child")),
        IndexCheck::Stale => f.write_str("of an earlier state; the next match builds it again"),
        IndexCheck::Unsound(error @ IndexError::Io { .. }) => write!(f, "cannot be read: {error}"),
        IndexCheck::Unsound(error) => write!(f, "{error}"),
    }
}
