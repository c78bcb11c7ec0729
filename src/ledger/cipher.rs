//! Holds the key that encrypts a ledger's file in a build with the feature `sqlcipher`. No other module depends on the
//! feature.
//!
//! SQLCipher encrypts every page with AES-256 and authenticates it, also the pages of the journal. The key is random,
//! so SQLCipher takes its bytes directly and does not stretch it like a password.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use rusqlite::Connection;
use zeroize::Zeroizing;

use super::LedgerError;

/// Size of a page of the file in bytes.
pub(super) const PAGE: u32 = 8192;

/// `true` if this build encrypts ledgers; it then opens no plain ones.
pub const ENCRYPTS: bool = cfg!(feature = "sqlcipher");

/// First bytes of SQLite's files, unless they are encrypted.
const PLAIN: &[u8; 16] = b"SQLite format 3\0";

/// Key that encrypts a ledger. It is wiped from memory when dropped, and never printed.
#[derive(Clone)]
pub struct LedgerKey(Arc<Zeroizing<[u8; 32]>>);

impl LedgerKey {
    /// Creates a key from these bytes.
    #[must_use]
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(Arc::new(bytes))
    }

    /// Returns the key's hexadecimal digits between two texts.
    pub(super) fn hex_between(&self, before: &str, after: &str) -> Zeroizing<String> {
        // The full capacity from the start prevents copies of the digits that a growing string would leave.
        let mut words = Zeroizing::new(String::with_capacity(before.len() + 64 + after.len()));
        words.push_str(before);
        HEXLOWER.encode_append(&self.0[..], &mut words);
        words.push_str(after);
        words
    }

    /// Gives the key to a connection, as its key or as its next key.
    pub(super) fn give_to(&self, connection: &Connection, pragma: &str) -> Result<(), LedgerError> {
        let sql = self.hex_between(&format!("{pragma} = \"x'"), "'\"");
        // SQLite's error message could contain the statement, and with it the key.
        connection.execute_batch(&sql).map_err(|_| LedgerError::KeyRefused)
    }
}

impl fmt::Debug for LedgerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LedgerKey(..)")
    }
}

/// Returns the key for creating or opening a ledger; `None` in a build that does not encrypt, even if a key is given.
pub(super) fn needed<'a>(path: &Path, key: Option<&'a LedgerKey>) -> Result<Option<&'a LedgerKey>, LedgerError> {
    match (ENCRYPTS, key) {
        (true, None) => Err(LedgerError::KeyNeeded(path.to_owned())),
        (true, key) => Ok(key),
        (false, _) => Ok(None),
    }
}

/// Gives a new connection its key, before any other statement.
pub(super) fn unlock(connection: &Connection, key: Option<&LedgerKey>) -> Result<(), LedgerError> {
    let Some(key) = key else { return Ok(()) };
    // SQLCipher's log goes to standard error, where this program describes a wrong key better.
    connection.execute_batch("PRAGMA cipher_log_level = NONE")?;
    key.give_to(connection, "PRAGMA key")?;
    connection.execute_batch(&format!("PRAGMA cipher_page_size = {PAGE}"))?;
    // SQLite without SQLCipher ignores these pragmas as unknown, and would continue in plain text.
    let version = connection.query_row("PRAGMA cipher_version", [], |row| row.get::<_, String>(0));
    if version.is_ok_and(|version| !version.is_empty()) { Ok(()) } else { Err(LedgerError::NoCipher) }
}

/// Form of a file according to its first bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    /// Whole pages of something else: an encrypted ledger, or not a ledger.
    Pages,
    Other,
}

/// Reads the form of a file. No connection of this process to a file that others use may be open, because closing the
/// file releases the locks that the process has on it.
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

/// Checks that this build opens files of this form.
pub(super) fn check_form(path: &Path, form: Form) -> Result<(), LedgerError> {
    match (ENCRYPTS, form) {
        (true, Form::Plain) => Err(LedgerError::Plain(path.to_owned())),
        (false, Form::Pages) => Err(LedgerError::Encrypted(path.to_owned())),
        _ => Ok(()),
    }
}
