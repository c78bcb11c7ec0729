//! The keys that a ledger's pseudonyms were made with, and the one that it belongs to.

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension};

use super::LedgerError;
use super::audit::append;
use super::ledger::Ledger;
use super::meta::{meta, set_meta};
use crate::audit::Attribution;

/// Under which name `meta` has the key that a rotation was begun to.
pub(super) const ANNOUNCED: &str = "key_next";

impl Ledger {
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
            Some(bound) => return same_key(&tx, bound, fingerprint),
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

    /// Checks that the ledger is bound to a key, or to none yet.
    ///
    /// # Errors
    /// As [`Self::bind_key`].
    pub fn check_key(&self, fingerprint: [u8; 8]) -> Result<(), LedgerError> {
        match meta(&self.connection, "key_fingerprint")? {
            Some(bound) => same_key(&self.connection, bound, fingerprint),
            None => Ok(()),
        }
    }

    /// Whether pseudonyms here were ever made with a key, now or before.
    ///
    /// # Errors
    /// The database's.
    pub fn has_used_key(&self, fingerprint: [u8; 8]) -> Result<bool, LedgerError> {
        Ok(was_used(&self.connection, fingerprint)?)
    }

    /// Says that the ledger is to be given another key, or with `None` that it is not after all. It belongs to the present
    /// one all the same, until [`Self::rekey`].
    ///
    /// # Errors
    /// The database's.
    pub fn announce_key<'e>(
        &mut self,
        next: Option<[u8; 8]>,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        match next {
            Some(next) => set_meta(&tx, ANNOUNCED, next)?,
            None => drop(tx.execute("DELETE FROM meta WHERE key = ?1", [ANNOUNCED])?),
        }
        if let Some(entry) = entry.into().entry() {
            append(&tx, &entry)?;
        }
        Ok(tx.commit()?)
    }

    /// The key that it is to be given; `None` if that is its own.
    ///
    /// # Errors
    /// The database's.
    pub fn announced_key(&self) -> Result<Option<[u8; 8]>, LedgerError> {
        meta(&self.connection, ANNOUNCED)
    }
}

/// The id of the key that new pseudonyms are made with; `None` if none was named.
pub(super) fn key_id(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM key_used WHERE fingerprint = (SELECT value FROM meta WHERE key = 'key_fingerprint')";
    connection.query_row(sql, [], |row| row.get(0)).optional()
}

/// Says how a given key differs from the one that a ledger is bound to, if it does.
fn same_key(connection: &Connection, bound: [u8; 8], given: [u8; 8]) -> Result<(), LedgerError> {
    if bound == given {
        return Ok(());
    }
    let (was_used, is_next) = (was_used(connection, given)?, meta(connection, ANNOUNCED)? == Some(given));
    let (ledger, given) = (HEXLOWER.encode(&bound), HEXLOWER.encode(&given));
    Err(if was_used {
        LedgerError::FormerKey { ledger, given }
    } else if is_next {
        LedgerError::AnnouncedKey { ledger, given }
    } else {
        LedgerError::OtherKey { ledger, given }
    })
}

/// Whether pseudonyms were ever made with a key.
pub(super) fn was_used(connection: &Connection, fingerprint: [u8; 8]) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM key_used WHERE fingerprint = ?1";
    Ok(connection.query_row(sql, [fingerprint], |_| Ok(())).optional()?.is_some())
}
