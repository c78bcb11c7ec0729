//! Encrypts a plain ledger, and changes the key that an encrypted one is encrypted with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::LedgerError;
use super::cipher::{Form, LedgerKey, PAGE, form};
use super::ledger::Ledger;
use super::open::{flush_folder_of, version};
use super::schema::APPLICATION_ID;
use super::seal::{Seal, Standing, rename_over};
use crate::audit::{Attribution, Entry};
use crate::files;

impl Ledger {
    /// Commits the transaction that the ledger is in, under another key.
    ///
    /// SQLCipher writes every page again and commits that with all that the transaction did before, so that there is no
    /// instant at which both keys open the ledger, or none. It does not say whether the commit succeeded: see
    /// [`Self::reopen`], which has to follow whatever happens.
    pub(super) fn commit_under(connection: &Connection, next: Option<&LedgerKey>) -> Result<(), LedgerError> {
        let Some(next) = next else { return Ok(()) };
        // A changed page that is still in memory would go out under the new key when room is needed, and be read again under
        // the old one.
        connection.cache_flush()?;
        next.give_to(connection, "PRAGMA rekey")
    }

    /// Opens the ledger again, with the key that opens it now: after a change that failed, a connection would go on writing
    /// with the other one.
    pub(super) fn reopen(&mut self, next: &LedgerKey) -> Result<(), LedgerError> {
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
        remove_unfinished_files(path)?;
        if form(path).map_err(|source| cannot_encrypt(path, source))? != Form::Plain {
            return Ok(false);
        }
        let done = Self::encrypt_beside(path, key, fingerprint, entry);
        if done.is_err() {
            // What went wrong first says more.
            let _ = remove_unfinished_files(path);
        }
        done.map(|()| true)
    }

    fn encrypt_beside(path: &Path, key: &LedgerKey, fingerprint: [u8; 8], entry: &Entry) -> Result<(), LedgerError> {
        let io = |source| cannot_encrypt(path, source);
        let [new, journal, ..] = unfinished_files(path);
        let (mut seal, standing, _) = Seal::of(path, || Ok(()))?;
        if let Standing::Altered { from, to } = standing {
            return Err(LedgerError::Altered { path: path.to_owned(), from, to });
        }
        let plain = Connection::open(path)?;
        let version = version(&plain, path)?;
        drop(seal.break_open()?);
        // Only who is alone with it can end its journal; and nobody joins in until another file has its name.
        plain.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
        let mode = plain.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0));
        if mode.as_deref() != Ok("delete") || plain.execute_batch("BEGIN EXCLUSIVE; COMMIT").is_err() {
            return Err(LedgerError::InUse(path.to_owned()));
        }
        let file = files::create_new(&new).map_err(io)?;
        let words = key.hex_between("x'", "'");
        plain.execute("ATTACH ?1 AS encrypted KEY ?2", (new.to_string_lossy(), words.as_str()))?;
        plain.execute_batch(&format!(
            "PRAGMA encrypted.cipher_page_size = {PAGE}; BEGIN; SELECT sqlcipher_export('encrypted');
             PRAGMA encrypted.application_id = {APPLICATION_ID}; PRAGMA encrypted.user_version = {version}; COMMIT;
             DETACH encrypted"
        ))?;
        // The new file has no seal yet, so that it is read whole; what is wrong with it is wrong with the old one.
        let mut ledger = Self::open(&new, Some(key)).map_err(|error| match error {
            LedgerError::Unsound { finding, .. } => LedgerError::Unsound { path: path.to_owned(), finding },
            error => error,
        })?;
        ledger.bind_key(fingerprint, Attribution::Unrecorded("the entry of the encryption follows"))?;
        if let Some(finding) = ledger.verify()?.into_iter().next() {
            return Err(LedgerError::Unsound { path: path.to_owned(), finding });
        }
        ledger.append(entry)?;
        drop(ledger);
        if journal.exists() {
            return Err(io(io::ErrorKind::StorageFull.into()));
        }
        file.sync_all().and_then(|()| rename_over(&new, path)).map_err(io)?;
        drop(plain);
        flush_folder_of(path).map_err(io)
    }
}

fn cannot_encrypt(path: &Path, source: io::Error) -> LedgerError {
    LedgerError::Io { doing: "encrypt", path: path.to_owned(), source }
}

/// An encrypted ledger that is not finished, and what SQLite puts beside it, its journal first.
fn unfinished_files(path: &Path) -> [PathBuf; 5] {
    ["", "-wal", "-shm", "-journal", ".seal"].map(|end| PathBuf::from(format!("{}.encrypting{end}", path.display())))
}

/// Removes what an interrupted encryption left.
fn remove_unfinished_files(path: &Path) -> Result<(), LedgerError> {
    unfinished_files(path).iter().try_for_each(|left| match fs::remove_file(left) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot_encrypt(path, error)),
        _ => Ok(()),
    })
}
