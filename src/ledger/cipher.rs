//! The key that a ledger's file is encrypted with in a build with the feature `sqlcipher`. Nothing else asks for the feature.
//!
//! SQLCipher encrypts every page with AES-256 and signs it, also those of the journal. The key is random, so SQLCipher takes its
//! bytes directly and does not stretch it as it does a password.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use rusqlite::Connection;
use zeroize::Zeroizing;

use super::LedgerError;

/// Bytes of a page of the file.
pub(super) const PAGE: u32 = 8192;

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
    pub(super) fn hex_between(&self, before: &str, after: &str) -> Zeroizing<String> {
        // With its full capacity from the start, so that no copy is left behind by growing.
        let mut words = Zeroizing::new(String::with_capacity(before.len() + 64 + after.len()));
        words.push_str(before);
        HEXLOWER.encode_append(&self.0[..], &mut words);
        words.push_str(after);
        words
    }

    /// Gives it to a connection, as its key or as the one to come.
    pub(super) fn give_to(&self, connection: &Connection, pragma: &str) -> Result<(), LedgerError> {
        let sql = self.hex_between(&format!("{pragma} = \"x'"), "'\"");
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
    key.give_to(connection, "PRAGMA key")?;
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
