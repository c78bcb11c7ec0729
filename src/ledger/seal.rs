//! The seal: checksums of the ledger's file, kept beside it and renewed whenever a command has written to it.
//!
//! The rows have checksums of their own; but one changed bit can hide a row from whoever looks for it, or say that nothing was
//! changed. So a ledger is opened only if its file is, to the last bit, what was written: that takes less than a tenth of a
//! second for a hundred megabytes.
//!
//! What a command writes goes to SQLite's journal (`-wal`), and from there to the file when the last connection closes. The
//! order is: the seal is emptied, and that is on the disk before the file changes; the journal goes into the file; the seal is
//! written. A command that is killed in between leaves an empty seal. Then, and where there is none or it is damaged itself,
//! the whole ledger is read and every checksum in it is compared before anything else is done (see `verify`).
//!
//! SQLite's locks end as soon as a process closes any handle of the file. So the file is read here only while no connection
//! of this process has it open.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::LedgerError;
use super::cipher::PAGE;
use crate::files;

/// Bytes of the file that a checksum is of: eight pages.
const PART: u64 = 8 * PAGE as u64;

/// Bytes of a checksum, of BLAKE3's.
const SUM: usize = 16;

const MAGIC: &[u8; 16] = b"reunite seal 1\n\0";

/// Files up to here are read by one thread.
const SMALL: u64 = 64 * PART;

/// How long a command that wrote waits for those who read, before it leaves the journal to the next command.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it asks.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);

/// The connections of this process to a file.
type Connections = Arc<Mutex<usize>>;

/// By device and number of the file.
static OPEN: LazyLock<Mutex<HashMap<(u64, u64), Connections>>> = LazyLock::new(Mutex::default);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a ledger's seal says of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The file is as it was written.
    Sound,
    /// Nothing: there is no seal, or it was not written to its end.
    Unsealed,
    /// The file is another one, first in these bytes.
    Altered {
        /// The first byte of the first part that differs.
        from: u64,
        /// The byte after that part.
        to: u64,
    },
}

/// A connection's part in the seal.
#[derive(Debug)]
pub(super) struct Seal {
    /// The ledger's file.
    path: PathBuf,
    connections: Connections,
    /// Whether this one is among them still.
    is_counted: bool,
    /// Whether the file is to be sealed whether or not something is in the journal.
    is_due: bool,
    /// Whether it may be sealed at all: not where it was altered, or can only be read.
    is_ours: bool,
    /// What keeps others from writing to the file while it is read, where it can only be read.
    held: Reading,
}

/// Whether a file can only be read.
#[derive(Debug)]
enum Reading {
    /// It can be written to; SQLite's locks keep readers and writers apart.
    No,
    /// Its seal is locked, if it has one.
    Only(#[expect(dead_code, reason = "it is held, not used")] Option<File>),
}

/// Where the seal of a ledger's file is.
pub(super) fn seal_path(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.seal", path.display()))
}

impl Seal {
    /// Compares the file with its seal, unless a connection of this process has it open already. To be called before a
    /// connection is opened; `look` may read the file meanwhile, if nobody has it open.
    ///
    /// # Errors
    /// What `look` gives; the system's refusal.
    pub(super) fn of<T>(
        path: &Path,
        look: impl FnOnce() -> Result<T, LedgerError>,
    ) -> Result<(Self, Standing, Option<T>), LedgerError> {
        let metadata = fs::metadata(path).map_err(|source| cannot("open", path, source))?;
        let connections = Arc::clone(lock(&OPEN).entry((metadata.dev(), metadata.ino())).or_default());
        let mut number = lock(&connections);
        let (standing, seen) = match *number {
            0 => {
                let seen = look()?;
                (standing(path)?, Some(seen))
            }
            _ => (Standing::Sound, None),
        };
        *number += 1;
        drop(number);
        let (is_due, is_ours) = (standing == Standing::Unsealed, !matches!(standing, Standing::Altered { .. }));
        let held = Reading::No;
        Ok((Self { path: path.to_owned(), connections, is_counted: true, is_due, is_ours, held }, standing, seen))
    }

    /// Compares a file that can only be read with its seal, as [`Self::of`] does. Until this seal is dropped nobody writes to
    /// the file itself: what is written meanwhile stays in the journal.
    ///
    /// # Errors
    /// As [`Self::of`]; [`LedgerError::Unfinished`] if neither the file nor its seal says what was written.
    pub(super) fn of_reader<T>(
        path: &Path,
        look: impl FnOnce() -> Result<T, LedgerError>,
    ) -> Result<(Self, Standing, Option<T>), LedgerError> {
        let held = lock_for_reading(path)?;
        let (mut seal, standing, seen) = Self::of(path, look)?;
        if standing == Standing::Unsealed && journal_holds_pages(path) {
            return Err(LedgerError::Unfinished(path.to_owned()));
        }
        (seal.is_due, seal.is_ours, seal.held) = (false, false, Reading::Only(held));
        Ok((seal, standing, seen))
    }

    /// Whether the file can only be read.
    pub(super) fn reads_only(&self) -> bool {
        matches!(self.held, Reading::Only(_))
    }

    /// Empties the seal before the file is written to by other means than closing the connection. The seal that is
    /// given keeps others from sealing meanwhile.
    ///
    /// # Errors
    /// The system's refusal; then the file must not be written to.
    pub(super) fn break_open(&mut self) -> Result<File, LedgerError> {
        let file = empty(&self.path).map_err(|source| cannot("seal", &self.path, source))?;
        self.is_due = true;
        Ok(file)
    }

    /// Closes a connection and renews the seal, if the file is written to.
    ///
    /// Nothing can be done about a system that refuses; the journal or the empty seal is left to the next command.
    pub(super) fn close(&mut self, connection: Connection) {
        let mut number = lock(&self.connections);
        *number -= usize::from(std::mem::take(&mut self.is_counted));
        // The others of this process will see to it.
        if *number > 0 || !self.is_ours {
            return;
        }
        let journal_may_end = || connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        if !self.is_due && !journal_holds_pages(&self.path) {
            // Nothing is written then; SQLite removes its files.
            let _ = journal_may_end();
            return;
        }
        let Ok(file) = empty(&self.path) else { return };
        // Other processes may read still: then some of it waits for them.
        let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        let _ = journal_may_end();
        drop(connection);
        let _ = write(file, &self.path);
    }
}

impl Drop for Seal {
    fn drop(&mut self) {
        *lock(&self.connections) -= usize::from(self.is_counted);
    }
}

/// Sets a connection up to write to the file only where [`Seal`] says so.
pub(super) fn keep_closed(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch("PRAGMA wal_autocheckpoint = 0")
}

/// Takes a ledger's file for what was written, whatever it holds: after it was restored or looked through by other means. No
/// connection may have it open.
///
/// # Errors
/// The system's refusal.
pub(super) fn take_as_written(path: &Path) -> Result<(), LedgerError> {
    empty(path).and_then(|file| write(file, path)).map_err(|source| cannot("seal", path, source))
}

/// Gives the seal of a file that takes another one's place to it: between the two renames there is none.
///
/// # Errors
/// The system's refusal.
pub(super) fn rename_over(new: &Path, path: &Path) -> io::Result<()> {
    match fs::remove_file(seal_path(path)) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(new, path)?;
    fs::rename(seal_path(new), seal_path(path))
}

fn cannot(doing: &'static str, path: &Path, source: io::Error) -> LedgerError {
    match source.kind() {
        ErrorKind::NotFound if doing == "open" => LedgerError::Missing(path.to_owned()),
        _ => LedgerError::Io { doing, path: path.to_owned(), source },
    }
}

/// Empties the seal, on the disk, and keeps other processes from it.
fn empty(path: &Path) -> io::Result<File> {
    let file = files::open_or_create(&seal_path(path))?;
    // Whoever may only read holds it while a list is made, and could for as long as he likes.
    let until = Instant::now() + PATIENCE;
    while let Err(refused) = file.try_lock() {
        match refused {
            TryLockError::WouldBlock if Instant::now() < until => std::thread::sleep(BETWEEN_ATTEMPTS),
            TryLockError::WouldBlock => return Err(ErrorKind::ResourceBusy.into()),
            TryLockError::Error(error) => return Err(error),
        }
    }
    file.set_len(0)?;
    file.sync_all()?;
    Ok(file)
}

fn write(mut file: File, path: &Path) -> io::Result<()> {
    let mut seal = MAGIC.to_vec();
    for sum in sums(path)? {
        seal.extend_from_slice(&sum);
    }
    let end = blake3::hash(&seal);
    seal.extend_from_slice(end.as_bytes());
    file.rewind()?;
    file.write_all(&seal)
}

/// Opens the seal of a file, if it has one, and keeps others from emptying it.
fn lock_for_reading(path: &Path) -> Result<Option<File>, LedgerError> {
    let file = match files::open(&seal_path(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(cannot("read the seal of", path, source)),
    };
    file.lock_shared().map_err(|source| cannot("read the seal of", path, source))?;
    Ok(Some(file))
}

fn standing(path: &Path) -> Result<Standing, LedgerError> {
    let Some(mut file) = lock_for_reading(path)? else { return Ok(Standing::Unsealed) };
    let mut seal = Vec::new();
    file.read_to_end(&mut seal).map_err(|source| cannot("read the seal of", path, source))?;
    let Some(sealed) = parts(&seal) else { return Ok(Standing::Unsealed) };
    let found = sums(path).map_err(|source| cannot("read", path, source))?;
    let first = (0..sealed.len().max(found.len())).find(|&part| sealed.get(part) != found.get(part));
    match first {
        None => Ok(Standing::Sound),
        Some(part) => Ok(Standing::Altered { from: part as u64 * PART, to: (part as u64 + 1) * PART }),
    }
}

/// The checksums that a seal holds, if it is whole.
fn parts(seal: &[u8]) -> Option<Vec<[u8; SUM]>> {
    let (rest, end) = seal.split_last_chunk::<{ blake3::OUT_LEN }>()?;
    if blake3::hash(rest) != *end {
        return None;
    }
    let (sums, rest) = rest.strip_prefix(MAGIC)?.as_chunks::<SUM>();
    rest.is_empty().then(|| sums.to_vec())
}

/// The checksums of the parts of a file; the last one may be shorter.
fn sums(path: &Path) -> io::Result<Vec<[u8; SUM]>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let sum = |part: u64| {
        let mut bytes = vec![0; (length - part * PART).min(PART) as usize];
        file.read_exact_at(&mut bytes, part * PART)?;
        let hash = blake3::hash(&bytes);
        Ok(std::array::from_fn(|i| hash.as_bytes()[i]))
    };
    let parts = 0..length.div_ceil(PART);
    if length <= SMALL { parts.map(sum).collect() } else { parts.into_par_iter().map(sum).collect() }
}

/// Whether SQLite's journal holds pages that are not in the file yet.
fn journal_holds_pages(path: &Path) -> bool {
    fs::metadata(format!("{}-wal", path.display())).is_ok_and(|journal| journal.len() > 0)
}
