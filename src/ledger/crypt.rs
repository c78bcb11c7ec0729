//! What the ledger's file is encrypted with in a build with the feature `sqlcipher`. Nothing else asks for the feature.
//!
//! SQLCipher encrypts every page with AES-256 and signs it, also those of the journal. The key is random, so it is given as
//! it is, and not stretched like a password.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use rusqlite::Connection;
use zeroize::Zeroizing;

use super::LedgerError;
use super::open::{Ledger, PAGE, flush_folder_of, version};
use super::schema::APPLICATION_ID;
use crate::audit::{Attribution, Entry};

/// Whether this build encrypts ledgers; it opens no others then.
pub const ENCRYPTS: bool = cfg!(feature = "sqlcipher");

/// What SQLite's files begin with, unless they are encrypted.
const PLAIN: &[u8; 16] = b"SQLite format 3\0";

/// What a ledger is encrypted with. Wiped from memory when dropped; never printed.
#[derive(Clone)]
pub struct LedgerKey(Arc<Zeroizing<[u8; 32]>>);

impl LedgerKey {
    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(Arc::new(bytes))
    }

    /// Its hexadecimal digits between two texts.
    fn words(&self, before: &str, after: &str) -> Zeroizing<String> {
        // With its full capacity from the start, so that no copy is left behind by growing.
        let mut words = Zeroizing::new(String::with_capacity(before.len() + 64 + after.len()));
        words.push_str(before);
        HEXLOWER.encode_append(&self.0[..], &mut words);
        words.push_str(after);
        words
    }

    /// Gives it to a connection, as its key or as the one to come.
    fn give(&self, connection: &Connection, pragma: &str) -> Result<(), LedgerError> {
        let sql = self.words(&format!("{pragma} = \"x'"), "'\"");
        // SQLite's words about it could hold the statement.
        connection.execute_batch(&sql).map_err(|_| LedgerError::KeyRefused)
    }
}

impl fmt::Debug for LedgerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LedgerKey(..)")
    }
}

/// The key of a ledger that is to be made or opened; in a build that does not encrypt none, whatever was given.
pub(super) fn needed<'a>(path: &Path, key: Option<&'a LedgerKey>) -> Result<Option<&'a LedgerKey>, LedgerError> {
    match (ENCRYPTS, key) {
        (true, None) => Err(LedgerError::KeyNeeded(path.to_owned())),
        (true, key) => Ok(key),
        (false, _) => Ok(None),
    }
}

/// Gives a new connection its key, before anything else is done with it.
pub(super) fn unlock(connection: &Connection, key: Option<&LedgerKey>) -> Result<(), LedgerError> {
    let Some(key) = key else { return Ok(()) };
    // Its log goes to standard error, where a wrong key is said better.
    connection.execute_batch("PRAGMA cipher_log_level = NONE")?;
    key.give(connection, "PRAGMA key")?;
    connection.execute_batch(&format!("PRAGMA cipher_page_size = {PAGE}"))?;
    // SQLite without SQLCipher takes all of this for unknown words, and goes on in clear.
    let version = connection.query_row("PRAGMA cipher_version", [], |row| row.get::<_, String>(0));
    if version.is_ok_and(|version| !version.is_empty()) { Ok(()) } else { Err(LedgerError::NoCipher) }
}

/// What the first bytes of a file say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    /// Whole pages of something else: encrypted, or no ledger.
    Pages,
    Other,
}

/// Reads them. No connection of this process to a file that others use may be open: closing the file lets go of the locks
/// that the process has on it.
pub(super) fn form(path: &Path) -> io::Result<Form> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut start = [0; PLAIN.len()];
    let plain = length >= PLAIN.len() as u64 && file.read_exact(&mut start).is_ok() && start == *PLAIN;
    let pages = length > 0 && length.is_multiple_of(u64::from(PAGE));
    Ok(if plain {
        Form::Plain
    } else if pages {
        Form::Pages
    } else {
        Form::Other
    })
}

/// Refuses a file of a form that this build does not open.
pub(super) fn check_form(path: &Path, form: Form) -> Result<(), LedgerError> {
    match (ENCRYPTS, form) {
        (true, Form::Plain) => Err(LedgerError::Plain(path.to_owned())),
        (false, Form::Pages) => Err(LedgerError::Encrypted(path.to_owned())),
        _ => Ok(()),
    }
}

impl Ledger {
    /// Commits the transaction that the ledger is in, under another key.
    ///
    /// SQLCipher writes every page again and commits that with all that the transaction did before, so that there is no
    /// instant at which both keys open the ledger, or none. It does not say whether the commit succeeded: see
    /// [`Self::settle`], which has to follow whatever happens.
    pub(super) fn commit_under(connection: &Connection, next: Option<&LedgerKey>) -> Result<(), LedgerError> {
        let Some(next) = next else { return Ok(()) };
        // A changed page that is still in memory would go out under the new key when room is needed, and be read again under
        // the old one.
        connection.cache_flush()?;
        next.give(connection, "PRAGMA rekey")
    }

    /// Opens the ledger again, with the key that opens it now: after a change that failed, a connection would go on writing
    /// with the other one.
    pub(super) fn settle(&mut self, next: &LedgerKey) -> Result<(), LedgerError> {
        let former = self.key.clone();
        self.connection = Connection::open_in_memory()?;
        let (opened, changed) = match Self::open(&self.path, Some(next)) {
            Err(LedgerError::WrongKey(_)) => (Self::open(&self.path, former.as_ref())?, false),
            opened => (opened?, true),
        };
        *self = opened;
        if changed { Ok(()) } else { Err(LedgerError::NotChanged) }
    }

    /// Encrypts a ledger that a build without encryption made: beside it first, and then in its place, so that it is plain or
    /// encrypted at every instant and whole in either case. The new one is held against what it should be, is bound to the
    /// key of this fingerprint, and has a record of this. Whether there was something to do.
    ///
    /// The plain file is removed, which does not overwrite it on the disk. No other command may run meanwhile.
    ///
    /// # Errors
    /// [`LedgerError::InUse`], [`LedgerError::Unsound`]; as [`Self::open`] and [`Self::bind_key`]. The ledger is plain then.
    pub fn encrypt(path: &Path, key: &LedgerKey, fingerprint: [u8; 8], entry: &Entry) -> Result<bool, LedgerError> {
        clear(path)?;
        if form(path).map_err(|source| refused(path, source))? != Form::Plain {
            return Ok(false);
        }
        let done = Self::encrypt_beside(path, key, fingerprint, entry);
        if done.is_err() {
            // What went wrong first says more.
            let _ = clear(path);
        }
        done.map(|()| true)
    }

    fn encrypt_beside(path: &Path, key: &LedgerKey, fingerprint: [u8; 8], entry: &Entry) -> Result<(), LedgerError> {
        let io = |source| refused(path, source);
        let [new, journal, ..] = beside(path);
        let plain = Connection::open(path)?;
        let version = version(&plain, path)?;
        // Only who is alone with it can end its journal; and nobody joins in until another file has its name.
        plain.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
        let mode = plain.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0));
        if mode.as_deref() != Ok("delete") || plain.execute_batch("BEGIN EXCLUSIVE; COMMIT").is_err() {
            return Err(LedgerError::InUse(path.to_owned()));
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(io)?;
        let words = key.words("x'", "'");
        plain.execute("ATTACH ?1 AS encrypted KEY ?2", (new.to_string_lossy(), words.as_str()))?;
        plain.execute_batch(&format!(
            "PRAGMA encrypted.cipher_page_size = {PAGE}; BEGIN; SELECT sqlcipher_export('encrypted');
             PRAGMA encrypted.application_id = {APPLICATION_ID}; PRAGMA encrypted.user_version = {version}; COMMIT;
             DETACH encrypted"
        ))?;
        let mut ledger = Self::open(&new, Some(key))?;
        ledger.bind_key(fingerprint, Attribution::Unrecorded("the entry of the encryption follows"))?;
        if let Some(finding) = ledger.verify()?.into_iter().next() {
            return Err(LedgerError::Unsound { path: path.to_owned(), finding });
        }
        ledger.append(entry)?;
        drop(ledger);
        if journal.exists() {
            return Err(io(io::ErrorKind::StorageFull.into()));
        }
        file.sync_all().and_then(|()| fs::rename(&new, path)).map_err(io)?;
        drop(plain);
        flush_folder_of(path).map_err(io)
    }
}

fn refused(path: &Path, source: io::Error) -> LedgerError {
    LedgerError::Io { doing: "encrypt", path: path.to_owned(), source }
}

/// An encrypted ledger that is not finished, and what SQLite puts beside it, its journal first.
fn beside(path: &Path) -> [PathBuf; 4] {
    ["", "-wal", "-shm", "-journal"].map(|end| PathBuf::from(format!("{}.encrypting{end}", path.display())))
}

/// Removes what an interrupted encryption left.
fn clear(path: &Path) -> Result<(), LedgerError> {
    beside(path).iter().try_for_each(|left| match fs::remove_file(left) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused(path, error)),
        _ => Ok(()),
    })
}
