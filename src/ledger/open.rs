//! Creates the ledger's file, opens it, and migrates an older version to the present one.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::cipher::{Form, LedgerKey, PAGE, check_form, form, needed, unlock};
use super::generation::remember;
use super::ledger::Ledger;
use super::meta::{random, set_meta};
use super::migrate::migrate;
use super::seal::{Seal, Standing, journal_holds_pages, keep_closed, take_as_written};
use super::{LedgerError, schema};
use crate::files::{self, folder};

impl Ledger {
    /// Creates a new, empty ledger, for the accounts that its folder is for. A build that encrypts ledgers uses the
    /// key.
    ///
    /// # Errors
    /// [`LedgerError::Exists`] if the path already exists; [`LedgerError::KeyNeeded`].
    pub fn create(path: &Path, key: Option<&LedgerKey>) -> Result<Self, LedgerError> {
        let key = needed(path, key)?;
        // SQLite gives its journal files the permissions of this file.
        files::create_new(path).map_err(|source| {
            if source.kind() == io::ErrorKind::AlreadyExists {
                LedgerError::Exists(path.to_owned())
            } else {
                LedgerError::Io { doing: "create", path: path.to_owned(), source }
            }
        })?;
        let (seal, _, _) = Seal::of(path, || Ok(()))?;
        let mut ledger =
            Self { connection: connect(path, key)?, seal, path: path.to_owned(), key: key.cloned(), memory: None };
        let tx = ledger.begin()?;
        migrate(&tx, 0)?;
        for key in ["store_id", "stamp"] {
            set_meta(&tx, key, random()?)?;
        }
        set_meta(&tx, "generation", 0)?;
        remember(&tx)?;
        tx.commit()?;
        drop(ledger);
        // The flush makes the file's name survive a power cut, too.
        flush_folder_of(path).map_err(|source| LedgerError::Io { doing: "create", path: path.to_owned(), source })?;
        // The new ledger is checked in the same way as on any later day.
        Self::open(path, key)
    }

    /// Opens a ledger, migrates one of an older version, and makes its file private if it is not. A build that encrypts
    /// ledgers uses the key.
    ///
    /// The file is compared with its seal. If the seal says nothing, because a command was killed, the whole ledger is
    /// read.
    ///
    /// If this process cannot write to the ledger (because it belongs to another account, or the medium cannot be
    /// written to), the ledger is opened for reading, in the state that the last completed command left; see
    /// [`Self::reads_only`].
    ///
    /// # Errors
    /// [`LedgerError::Missing`], [`LedgerError::NotALedger`], [`LedgerError::Newer`], or an I/O error;
    /// [`LedgerError::KeyNeeded`], [`LedgerError::WrongKey`] or [`LedgerError::Plain`] in a build that encrypts,
    /// [`LedgerError::Encrypted`] in one that does not; [`LedgerError::Altered`] or [`LedgerError::Unsound`];
    /// [`LedgerError::Unfinished`] or [`LedgerError::Older`] if the ledger can only be read.
    pub fn open(path: &Path, key: Option<&LedgerKey>) -> Result<Self, LedgerError> {
        let (mut ledger, standing) = Self::open_standing(path, key, false)?;
        if standing != Standing::Unsealed {
            return Ok(ledger);
        }
        // Only a ledger in which nothing is found is sealed when it is closed.
        let is_ours = ledger.seal.suspend();
        match ledger.verify()?.into_iter().next() {
            Some(finding) => Err(LedgerError::Unsound { path: path.to_owned(), finding }),
            None => {
                ledger.seal.resume(is_ours);
                Ok(ledger)
            }
        }
    }

    /// Opens a ledger as [`Self::open`] does, but also a damaged or altered one, to find out what is wrong with it. A
    /// ledger that was altered or has no valid seal is not sealed, whatever the caller does with it.
    ///
    /// # Errors
    /// As [`Self::open`], except for [`LedgerError::Altered`] and [`LedgerError::Unsound`].
    pub fn open_to_verify(path: &Path, key: Option<&LedgerKey>) -> Result<(Self, Option<LedgerError>), LedgerError> {
        let (mut ledger, standing) = Self::open_standing(path, key, true)?;
        let altered = match standing {
            Standing::Altered { from, to } => Some(LedgerError::Altered { path: path.to_owned(), from, to }),
            Standing::Unsealed => {
                ledger.seal.suspend();
                None
            }
            Standing::Sound => None,
        };
        Ok((ledger, altered))
    }

    /// Opens a ledger without changing anything, also a damaged or altered one. Also returns how it was altered.
    ///
    /// Where a journal holds later data than the file, the ledger is read with the journal.
    ///
    /// # Errors
    /// As [`Self::open`], except for [`LedgerError::Altered`] and [`LedgerError::Unsound`].
    pub fn open_to_look(path: &Path, key: Option<&LedgerKey>) -> Result<(Self, Option<LedgerError>), LedgerError> {
        let look = || {
            let form = form(path).map_err(|source| LedgerError::Io { doing: "open", path: path.to_owned(), source })?;
            check_form(path, form).map(|()| form)
        };
        let with_journal = journal_holds_pages(path);
        let (mut seal, standing, form) = if with_journal {
            let (seal, _, form) = Seal::of(path, look)?;
            // A command at work has emptied the seal, or will.
            (seal, Standing::Unsealed, form)
        } else {
            Seal::of_reader(path, look)?
        };
        seal.suspend();
        let altered = match standing {
            Standing::Altered { from, to } => Some(LedgerError::Altered { path: path.to_owned(), from, to }),
            _ => None,
        };
        let key = needed(path, key)?;
        let way = if with_journal { Way::Look } else { Way::File };
        let connection = Self::connection_to(path, key, form, way)?;
        Ok((Self { connection, seal, path: path.to_owned(), key: key.cloned(), memory: None }, altered))
    }

    /// Opens a ledger; opens an altered one only for reading, and only if `also_altered` is set.
    fn open_standing(
        path: &Path,
        key: Option<&LedgerKey>,
        also_altered: bool,
    ) -> Result<(Self, Standing), LedgerError> {
        let io = |doing| {
            move |source: io::Error| match source.kind() {
                io::ErrorKind::NotFound => LedgerError::Missing(path.to_owned()),
                _ => LedgerError::Io { doing, path: path.to_owned(), source },
            }
        };
        let metadata = fs::metadata(path).map_err(io("open"))?;
        if !metadata.is_file() {
            return Err(LedgerError::NotALedger(path.to_owned()));
        }
        let reads_only = !files::may_write(path);
        if !reads_only {
            files::keep_private(path).map_err(io("protect"))?;
        }
        let look = || {
            let form = form(path).map_err(io("open"))?;
            check_form(path, form).map(|()| form)
        };
        let (seal, standing, form) = if reads_only { Seal::of_reader(path, look) } else { Seal::of(path, look) }?;
        if let (Standing::Altered { from, to }, false) = (standing, also_altered) {
            return Err(LedgerError::Altered { path: path.to_owned(), from, to });
        }
        let key = needed(path, key)?;
        let is_altered = matches!(standing, Standing::Altered { .. });
        let way = if reads_only {
            Way::File
        } else if is_altered {
            Way::Look
        } else {
            Way::Write
        };
        let connection = Self::connection_to(path, key, form, way)?;
        let mut ledger = Self { connection, seal, path: path.to_owned(), key: key.cloned(), memory: None };
        if way == Way::Write {
            ledger.bring_up_to_date()?;
        }
        Ok((ledger, standing))
    }

    fn connection_to(
        path: &Path,
        key: Option<&LedgerKey>,
        form: Option<Form>,
        way: Way,
    ) -> Result<Connection, LedgerError> {
        let not_ours = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) if key.is_some() && form.is_none_or(|form| form == Form::Pages) => {
                LedgerError::WrongKey(path.to_owned())
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => LedgerError::NotALedger(path.to_owned()),
            _ => LedgerError::Database(error),
        };
        // The file is checked before any setting: opening another program's database must not change it.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let plain = match way {
            Way::File => Connection::open_with_flags(unchanging(path), flags | OpenFlags::SQLITE_OPEN_URI),
            Way::Look | Way::Write => Connection::open_with_flags(path, flags),
        };
        let plain = plain.map_err(not_ours)?;
        keep_closed(&plain)?;
        unlock(&plain, key)?;
        plain.busy_timeout(BUSY_TIMEOUT)?;
        let found = version(&plain, path).map_err(|error| match error {
            LedgerError::Database(error) => not_ours(error),
            error => error,
        })?;
        match way {
            Way::File if found < schema::VERSION => {
                return Err(LedgerError::Older { path: path.to_owned(), found, known: schema::VERSION });
            }
            Way::File | Way::Look => return Ok(plain),
            Way::Write => drop(plain),
        }
        connect(path, key).map_err(|error| match error {
            LedgerError::Database(error) => not_ours(error),
            error => error,
        })
    }

    /// Opens another connection to a ledger that this process has open, for reading.
    pub(super) fn connect_to_read(path: &Path, key: Option<&LedgerKey>) -> Result<Connection, LedgerError> {
        Self::connection_to(path, key, None, Way::Look)
    }

    fn bring_up_to_date(&mut self) -> Result<(), LedgerError> {
        let version = |connection: &Connection| connection.pragma_query_value(None, "user_version", |row| row.get(0));
        if version(&self.connection)? < schema::VERSION {
            let tx = self.begin()?;
            // Another process may have migrated it since.
            let version = version(&tx)?;
            migrate(&tx, version)?;
            remember(&tx)?;
            tx.commit()?;
        }
        Ok(())
    }

    /// Seals the present file as it was last written, whatever it contains: after it was changed by other means and
    /// found sound. No command may have it open.
    ///
    /// # Errors
    /// [`LedgerError::Io`].
    pub fn seal(path: &Path) -> Result<(), LedgerError> {
        take_as_written(path)
    }
}

/// Way in which a ledger's file is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// For writing.
    Write,
    /// For reading, with the content of its journal.
    Look,
    /// For reading, the file alone: reading a journal requires other files next to it, which cannot be created there.
    File,
}

/// Returns a URI that states to SQLite that the file does not change while it is open; the seal ensures this.
fn unchanging(path: &Path) -> OsString {
    let mut uri = OsString::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'?' | b'#' => uri.push(format!("%{byte:02x}")),
            _ => uri.push(OsStr::from_bytes(&[byte])),
        }
    }
    uri.push("?immutable=1");
    uri
}

const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

fn connect(path: &Path, key: Option<&LedgerKey>) -> Result<Connection, LedgerError> {
    let connection = Connection::open(path)?;
    keep_closed(&connection)?;
    unlock(&connection, key)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // FULL: a committed change survives a power cut. secure_delete: an expunged profile is gone from the file. The
    // cache (256 MiB at most) holds the index pages that a large import uses again and again.
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
         PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -262144;
         PRAGMA journal_size_limit = 67108864;",
    ))?;
    Ok(connection)
}

/// Flushes the folder that a file is in, so that the file's name survives a power cut.
pub(super) fn flush_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

/// The schema version of a file, if it is a ledger that this program knows.
pub(super) fn version(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    if application != schema::APPLICATION_ID || version < 1 {
        return Err(LedgerError::NotALedger(path.to_owned()));
    }
    if version > schema::VERSION {
        return Err(LedgerError::Newer { path: path.to_owned(), found: version, known: schema::VERSION });
    }
    Ok(version)
}
