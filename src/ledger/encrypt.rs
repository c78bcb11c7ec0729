//! Encrypts a plain ledger, and changes the key of an encrypted one.

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
    /// Commits the current transaction of the ledger, under another key.
    ///
    /// SQLCipher writes every page again and commits this together with the rest of the transaction, so that there is
    /// no instant at which both keys open the ledger, or neither does. It does not report whether the commit succeeded,
    /// so the caller must call [`Self::reopen`] whatever happens.
    pub(super) fn commit_under(connection: &Connection, next: Option<&LedgerKey>) -> Result<(), LedgerError> {
        let Some(next) = next else { return Ok(()) };
        // Without the flush, a changed page that is still in memory could be written under the new key to make room,
        // and then be read again under the old one.
        connection.cache_flush()?;
        next.give_to(connection, "PRAGMA rekey")
    }

    /// Opens the ledger again with the key that now opens it: after a failed change, a connection would continue to
    /// write with the other key.
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

    /// Encrypts a ledger that a build without encryption made. It writes the encrypted file next to the plain one and
    /// then renames it over that, so that the ledger is complete at every instant, either plain or encrypted. The new
    /// ledger is verified, is bound to the key of this fingerprint, and has an audit record of the encryption. Returns
    /// whether the ledger was plain before.
    ///
    /// The plain file is removed, which does not overwrite it on the disk. No other command may run meanwhile.
    ///
    /// # Errors
    /// [`LedgerError::InUse`], [`LedgerError::Unsound`]; as [`Self::open`] and [`Self::bind_key`]. The ledger stays
    /// plain then.
    pub fn encrypt(path: &Path, key: &LedgerKey, fingerprint: [u8; 8], entry: &Entry) -> Result<bool, LedgerError> {
        remove_unfinished_files(path)?;
        if form(path).map_err(|source| cannot_encrypt(path, source))? != Form::Plain {
            return Ok(false);
        }
        let done = Self::encrypt_beside(path, key, fingerprint, entry);
        if done.is_err() {
            // The first error is more informative than one of the removal.
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
        // Only an exclusive connection can end the journal, and no other process can connect until another file has the
        // name.
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
        // The new file has no seal yet, so the whole file is read. A fault found in it is a fault of the old one.
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

/// Returns the paths of an unfinished encrypted ledger and of the files that SQLite puts next to it, the journal first.
fn unfinished_files(path: &Path) -> [PathBuf; 5] {
    ["", "-wal", "-shm", "-journal", ".seal"].map(|end| PathBuf::from(format!("{}.encrypting{end}", path.display())))
}

/// Removes the files of an interrupted encryption.
fn remove_unfinished_files(path: &Path) -> Result<(), LedgerError> {
    unfinished_files(path).iter().try_for_each(|left| match fs::remove_file(left) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot_encrypt(path, error)),
        _ => Ok(()),
    })
}
