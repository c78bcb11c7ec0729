//! Making and opening the file, and what identifies its state.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::audit::append;
use super::changes::remember;
use super::crypt::{Form, LedgerKey, check_form, form, needed, unlock};
use super::rekey::{ANNOUNCED, is_known};
use super::{LedgerError, schema};
use crate::audit::Attribution;

/// The ledger of a store. One connection; other processes may read meanwhile, and wait to write.
#[derive(Debug)]
pub struct Ledger {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// What the file is encrypted with, if it is.
    pub(super) key: Option<LedgerKey>,
}

/// The state of the samples and families: what an index of them is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Counts the transactions that changed samples or families; 0 in a new ledger.
    pub number: u64,
    /// Random, new with each number: tells apart two ledgers that were one once.
    pub stamp: [u8; 16],
}

impl Ledger {
    /// Makes a new, empty ledger in a file of mode 0600. The key counts in a build that encrypts ledgers.
    ///
    /// # Errors
    /// [`LedgerError::Exists`] if there is something at the path already; [`LedgerError::KeyNeeded`].
    pub fn create(path: &Path, key: Option<&LedgerKey>) -> Result<Self, LedgerError> {
        let key = needed(path, key)?;
        // SQLite gives its journal files the permissions of this file.
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|source| {
            if source.kind() == io::ErrorKind::AlreadyExists {
                LedgerError::Exists(path.to_owned())
            } else {
                LedgerError::Io { doing: "create", path: path.to_owned(), source }
            }
        })?;
        let mut ledger = Self { connection: connect(path, key)?, path: path.to_owned(), key: key.cloned() };
        let tx = ledger.begin()?;
        schema::migrate(&tx, 0)?;
        for key in ["store_id", "stamp"] {
            set_meta(&tx, key, random()?)?;
        }
        set_meta(&tx, "generation", 0)?;
        remember(&tx)?;
        tx.commit()?;
        drop(ledger);
        // The file's name, too, survives a power cut.
        flush_folder_of(path).map_err(|source| LedgerError::Io { doing: "create", path: path.to_owned(), source })?;
        // Held against what it should be, as on any later day.
        Self::open(path, key)
    }

    /// Opens a ledger, bringing one of an older version up to date, and makes its file private if it is not. The key counts
    /// in a build that encrypts ledgers.
    ///
    /// # Errors
    /// [`LedgerError::Missing`], [`LedgerError::NotALedger`], [`LedgerError::Newer`], or the system's refusal;
    /// [`LedgerError::KeyNeeded`], [`LedgerError::WrongKey`] or [`LedgerError::Plain`] in a build that encrypts,
    /// [`LedgerError::Encrypted`] in one that does not.
    pub fn open(path: &Path, key: Option<&LedgerKey>) -> Result<Self, LedgerError> {
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
        if metadata.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(io("protect"))?;
        }
        let form = form(path).map_err(io("open"))?;
        check_form(path, form)?;
        let key = needed(path, key)?;
        let not_ours = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) if key.is_some() && form == Form::Pages => {
                LedgerError::WrongKey(path.to_owned())
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => LedgerError::NotALedger(path.to_owned()),
            _ => LedgerError::Database(error),
        };
        // Looked at before anything is set: opening another program's database must not change it.
        let plain =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .map_err(not_ours)?;
        unlock(&plain, key)?;
        plain.busy_timeout(BUSY_TIMEOUT)?;
        let version = version(&plain, path).map_err(|error| match error {
            LedgerError::Database(error) => not_ours(error),
            error => error,
        })?;
        drop(plain);
        let mut ledger = Self {
            connection: connect(path, key).map_err(|error| match error {
                LedgerError::Database(error) => not_ours(error),
                error => error,
            })?,
            path: path.to_owned(),
            key: key.cloned(),
        };
        if version < schema::VERSION {
            let tx = ledger.begin()?;
            // Another process may have done it since.
            let version = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
            schema::migrate(&tx, version)?;
            remember(&tx)?;
            tx.commit()?;
        }
        Ok(ledger)
    }

    /// The state of the samples and families.
    ///
    /// # Errors
    /// The database's.
    pub fn generation(&self) -> Result<Generation, LedgerError> {
        generation(&self.connection)
    }

    /// What names this store: 16 random bytes.
    ///
    /// # Errors
    /// The database's.
    pub fn store_id(&self) -> Result<[u8; 16], LedgerError> {
        store_id(&self.connection)
    }

    /// Fingerprint of the key that its pseudonyms were made with; `None` if none was used yet.
    ///
    /// # Errors
    /// The database's.
    pub fn key_fingerprint(&self) -> Result<Option<[u8; 8]>, LedgerError> {
        meta(&self.connection, "key_fingerprint")
    }

    /// Binds the ledger to a key, or checks that it is the one it is bound to. Only the binding is recorded.
    ///
    /// # Errors
    /// [`LedgerError::OtherKey`] if it is bound to another key; [`LedgerError::FormerKey`] and
    /// [`LedgerError::AnnouncedKey`] if that took the given one's place, or is to make room for it.
    pub fn bind_key<'e>(&mut self, fingerprint: [u8; 8], entry: impl Into<Attribution<'e>>) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        match meta::<[u8; 8]>(&tx, "key_fingerprint")? {
            Some(bound) if bound == fingerprint => return Ok(()),
            Some(bound) => {
                let (ledger, given) = (HEXLOWER.encode(&bound), HEXLOWER.encode(&fingerprint));
                return Err(if is_known(&tx, fingerprint)? {
                    LedgerError::FormerKey { ledger, given }
                } else if meta(&tx, ANNOUNCED)? == Some(fingerprint) {
                    LedgerError::AnnouncedKey { ledger, given }
                } else {
                    LedgerError::OtherKey { ledger, given }
                });
            }
            None => {
                set_meta(&tx, "key_fingerprint", fingerprint)?;
                tx.execute("INSERT OR IGNORE INTO key_used (fingerprint) VALUES (?1)", [fingerprint])?;
                if let Some(entry) = entry.into().entry() {
                    append(&tx, &entry.with("key", HEXLOWER.encode(&fingerprint)))?;
                }
            }
        }
        Ok(tx.commit()?)
    }

    /// A transaction that may write; rolled back unless committed.
    pub(super) fn begin(&mut self) -> rusqlite::Result<Transaction<'_>> {
        // Taking the write lock at once: a reader that turns writer half-way may have to give up.
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate)
    }
}

const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of a page of the file.
pub(super) const PAGE: u32 = 8192;

fn connect(path: &Path, key: Option<&LedgerKey>) -> Result<Connection, LedgerError> {
    let connection = Connection::open(path)?;
    unlock(&connection, key)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // FULL: what was acknowledged survives a power cut. secure_delete: an expunged profile is gone from the file.
    // The cache (256 MiB at most) holds the index pages that a large import touches again and again.
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
         PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -262144;
         PRAGMA journal_size_limit = 67108864;",
    ))?;
    Ok(connection)
}

/// Flushes the folder that a file is in, so that the file's name survives a power cut.
pub(super) fn flush_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
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

pub(super) fn generation(connection: &Connection) -> Result<Generation, LedgerError> {
    let number: i64 = meta(connection, "generation")?.ok_or_else(|| missing("generation"))?;
    let stamp = meta(connection, "stamp")?.ok_or_else(|| missing("stamp"))?;
    Ok(Generation { number: u64::try_from(number).map_err(|_| missing("generation"))?, stamp })
}

pub(super) fn store_id(connection: &Connection) -> Result<[u8; 16], LedgerError> {
    meta(connection, "store_id")?.ok_or_else(|| missing("store_id"))
}

/// Marks the samples or families as changed.
pub(super) fn advance(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let next = i64::try_from(generation(tx)?.number + 1).map_err(|_| missing("generation"))?;
    set_meta(tx, "generation", next)?;
    set_meta(tx, "stamp", random()?)?;
    remember(tx)
}

pub(super) fn meta<T: rusqlite::types::FromSql>(connection: &Connection, key: &str) -> Result<Option<T>, LedgerError> {
    Ok(connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

pub(super) fn set_meta(tx: &Transaction<'_>, key: &str, value: impl rusqlite::ToSql) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    tx.execute(sql, (key, value)).map(drop)
}

/// The id of the key that new pseudonyms are made with; `None` if none was named.
pub(super) fn key_id(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM key_used WHERE fingerprint = (SELECT value FROM meta WHERE key = 'key_fingerprint')";
    connection.query_row(sql, [], |row| row.get(0)).optional()
}

fn missing(key: &str) -> LedgerError {
    LedgerError::Damaged { of: format!("meta {key}"), what: "it is missing" }
}

fn random() -> Result<[u8; 16], LedgerError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(LedgerError::Random)?;
    Ok(bytes)
}

/// Seconds since 1970, UTC.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|age| i64::try_from(age.as_secs()).ok()).unwrap_or(0)
}
