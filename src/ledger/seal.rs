//! Keeps a seal next to the ledger's file: checksums of the file, renewed whenever a command has written to it.
//!
//! The rows have checksums of their own, but one changed bit can hide a row from every query, or make the ledger report
//! that nothing was changed. A ledger is therefore opened only if its file equals, bit by bit, what was written. This
//! check takes less than a tenth of a second for a hundred megabytes.
//!
//! A command writes to SQLite's journal (`-wal`), and the content of the journal moves to the file when the last
//! connection closes. The order is: the seal is emptied, and this is flushed to the disk before the file changes; the
//! journal is written to the file; the seal is written. A command that is killed in between leaves an empty seal. If
//! the seal is empty, missing or damaged, the whole ledger is read, and every checksum in it is compared, before
//! anything else is done (see `verify`).
//!
//! SQLite's locks end as soon as a process closes any handle of the file. Therefore this module reads the file only
//! while no connection of this process has it open.

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

/// Size in bytes of the part of the file that one checksum covers: eight pages.
const PART: u64 = 8 * PAGE as u64;

/// Size of a checksum in bytes, the start of a BLAKE3 hash.
const SUM: usize = 16;

const MAGIC: &[u8; 16] = b"reunite seal 1\n\0";

/// Files up to this size are read by one thread.
const SMALL: u64 = 64 * PART;

/// Time that a command that wrote waits for readers before it leaves the journal to the next command.
const PATIENCE: Duration = Duration::from_secs(5);

/// Time between two attempts.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);

/// The connections of this process to a file.
type Connections = Arc<Mutex<Opened>>;

/// What this process has open of a file.
#[derive(Debug, Default)]
struct Opened {
    /// Number of connections.
    number: usize,
    /// Handles for reading the file beside the connections. Closing one ends SQLite's locks, so they stay open until no
    /// connection is left.
    files: Vec<Arc<File>>,
}

/// The connections, by device and inode number of the file.
static OPEN: LazyLock<Mutex<HashMap<(u64, u64), Connections>>> = LazyLock::new(Mutex::default);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Result of comparing a ledger's file with its seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The file is unchanged since it was written.
    Sound,
    /// Unknown: there is no seal, or it was not completely written.
    Unsealed,
    /// The file was changed. These are the first bytes that differ.
    Altered {
        /// The first byte of the first part that differs.
        from: u64,
        /// The byte after that part.
        to: u64,
    },
}

/// The part of a connection in sealing the file.
#[derive(Debug)]
pub(super) struct Seal {
    /// The ledger's file.
    path: PathBuf,
    connections: Connections,
    /// Set while this connection is counted among them.
    is_counted: bool,
    /// Set if the file must be sealed even if the journal is empty.
    is_due: bool,
    /// Set if this connection may seal the file: not if it was altered, or can only be read.
    is_ours: bool,
    /// Lock that prevents others from writing to the file while it is read, if it can only be read.
    held: Reading,
}

/// Access to the file: for writing or only for reading.
#[derive(Debug)]
enum Reading {
    /// It can be written to; SQLite's locks keep readers and writers apart.
    No,
    /// Only for reading; its seal is locked, if it has one.
    Only(#[expect(dead_code, reason = "it is held, not used")] Option<File>),
}

/// Returns the path of the seal of a ledger's file.
pub(super) fn seal_path(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.seal", path.display()))
}

impl Seal {
    /// Compares the file with its seal, unless a connection of this process already has the file open. Must be called
    /// before a connection is opened. `look` may read the file meanwhile, if nobody in this process has it open.
    ///
    /// # Errors
    /// The errors of `look`; an I/O error of the system.
    pub(super) fn of<T>(
        path: &Path,
        look: impl FnOnce() -> Result<T, LedgerError>,
    ) -> Result<(Self, Standing, Option<T>), LedgerError> {
        let metadata = fs::metadata(path).map_err(|source| cannot("open", path, source))?;
        let connections = Arc::clone(lock(&OPEN).entry((metadata.dev(), metadata.ino())).or_default());
        let mut open = lock(&connections);
        let (standing, seen) = match open.number {
            0 => {
                let seen = look()?;
                (standing(path)?, Some(seen))
            }
            _ => (Standing::Sound, None),
        };
        open.number += 1;
        drop(open);
        let (is_due, is_ours) = (standing == Standing::Unsealed, !matches!(standing, Standing::Altered { .. }));
        let held = Reading::No;
        Ok((Self { path: path.to_owned(), connections, is_counted: true, is_due, is_ours, held }, standing, seen))
    }

    /// Compares a file that can only be read with its seal, as [`Self::of`] does. Until this seal is dropped, nobody
    /// writes to the file itself: concurrent writes stay in the journal.
    ///
    /// # Errors
    /// As [`Self::of`]; [`LedgerError::Unfinished`] if neither the file nor its seal shows what was written.
    pub(super) fn of_reader<T>(
        path: &Path,
        look: impl Fn() -> Result<T, LedgerError>,
    ) -> Result<(Self, Standing, Option<T>), LedgerError> {
        let until = Instant::now() + PATIENCE;
        loop {
            let held = lock_for_reading(path)?;
            let (mut seal, standing, seen) = Self::of(path, &look)?;
            (seal.is_due, seal.is_ours) = (false, false);
            if standing != Standing::Unsealed || !journal_holds_pages(path) {
                seal.held = Reading::Only(held);
                return Ok((seal, standing, seen));
            }
            // A command that rewrites the ledger seals it at its end.
            if Instant::now() >= until {
                return Err(LedgerError::Unfinished(path.to_owned()));
            }
            drop((held, seal));
            std::thread::sleep(BETWEEN_ATTEMPTS);
        }
    }

    /// Leaves the file without a valid seal until [`Self::resume`]. Returns whether this connection could seal it before.
    pub(super) fn suspend(&mut self) -> bool {
        std::mem::take(&mut self.is_ours)
    }

    /// Ends [`Self::suspend`], with its result.
    pub(super) fn resume(&mut self, is_ours: bool) {
        self.is_ours = is_ours;
    }

    /// Reports whether the file can only be read.
    pub(super) fn reads_only(&self) -> bool {
        matches!(self.held, Reading::Only(_))
    }

    /// Opens the file for reading beside the connection.
    ///
    /// # Errors
    /// An I/O error of the system.
    pub(super) fn read_beside(&self) -> io::Result<Arc<File>> {
        let file = Arc::new(files::open(&self.path)?);
        lock(&self.connections).files.push(Arc::clone(&file));
        Ok(file)
    }

    /// Empties the seal before the file is written to by other means than closing the connection. The returned file of
    /// the seal keeps others from sealing meanwhile.
    ///
    /// # Errors
    /// An I/O error of the system; the file must not be written to then.
    pub(super) fn break_open(&mut self) -> Result<File, LedgerError> {
        let file = empty(&self.path).map_err(|source| cannot("seal", &self.path, source))?;
        self.is_due = true;
        Ok(file)
    }

    /// Closes a connection and renews the seal, if the file is written to.
    ///
    /// If the system refuses, this function does not report it, and leaves the journal or the empty seal to the next
    /// command.
    pub(super) fn close(&mut self, connection: Connection) {
        let connections = Arc::clone(&self.connections);
        let mut open = lock(&connections);
        open.number -= usize::from(std::mem::take(&mut self.is_counted));
        self.close_last(connection, open.number == 0);
        if open.number == 0 {
            open.files.clear();
        }
    }

    fn close_last(&self, connection: Connection, is_last: bool) {
        // The last other connection of this process will renew the seal.
        if !is_last || !self.is_ours {
            return;
        }
        let journal_may_end = || connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        if !self.is_due && !journal_holds_pages(&self.path) {
            // Nothing is written in this case; SQLite removes its files.
            let _ = journal_may_end();
            return;
        }
        let Ok(file) = empty(&self.path) else { return };
        // Other processes may still be reading; part of the journal then waits for them.
        let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        let _ = journal_may_end();
        drop(connection);
        let _ = write(file, &self.path);
    }
}

impl Drop for Seal {
    fn drop(&mut self) {
        lock(&self.connections).number -= usize::from(self.is_counted);
    }
}

/// Configures a connection so that it writes to the file only when [`Seal`] allows it.
pub(super) fn keep_closed(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch("PRAGMA wal_autocheckpoint = 0")
}

/// Seals a ledger's file with its present content, whatever that is, after it was restored or checked by other means.
/// No connection may have it open.
///
/// # Errors
/// An I/O error of the system.
pub(super) fn take_as_written(path: &Path) -> Result<(), LedgerError> {
    empty(path).and_then(|file| write(file, path)).map_err(|source| cannot("seal", path, source))
}

/// Renames a file over another one, and its seal with it. Between the two renames there is no seal.
///
/// # Errors
/// An I/O error of the system.
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

/// Empties the seal on the disk, and locks it against other processes.
fn empty(path: &Path) -> io::Result<File> {
    let file = files::open_or_create(&seal_path(path))?;
    // A process that can only read locks the seal while it makes a list, and could do so for any length of time.
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

/// Returns the checksums of a seal, if it is complete.
fn parts(seal: &[u8]) -> Option<Vec<[u8; SUM]>> {
    let (rest, end) = seal.split_last_chunk::<{ blake3::OUT_LEN }>()?;
    if blake3::hash(rest) != *end {
        return None;
    }
    let (sums, rest) = rest.strip_prefix(MAGIC)?.as_chunks::<SUM>();
    rest.is_empty().then(|| sums.to_vec())
}

/// Computes the checksums of the parts of a file; the last part may be shorter.
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

/// Reports whether SQLite's journal holds pages that are not in the file yet.
pub(super) fn journal_holds_pages(path: &Path) -> bool {
    fs::metadata(format!("{}-wal", path.display())).is_ok_and(|journal| journal.len() > 0)
}
