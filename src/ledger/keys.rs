//! Stores the fingerprints of the keys that made the ledger's pseudonyms, and binds the ledger to one key.

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension};

use super::LedgerError;
use super::audit::append;
use super::ledger::Ledger;
use super::meta::{meta, set_meta};
use crate::audit::Attribution;

/// Name in `meta` of the key to which a rotation has begun.
pub(super) const ANNOUNCED: &str = "key_next";

impl Ledger {
    /// Returns the fingerprint of the key that made the pseudonyms; `None` if no key was used yet.
    ///
    /// # Errors
    /// A database error.
    pub fn key_fingerprint(&self) -> Result<Option<[u8; 8]>, LedgerError> {
        meta(&self.connection, "key_fingerprint")
    }

    /// Binds the ledger to a key, or checks that it is bound to this key. Only the binding is recorded.
    ///
    /// # Errors
    /// [`LedgerError::OtherKey`] if the ledger is bound to another key; [`LedgerError::FormerKey`] if that key replaced
    /// the given one; [`LedgerError::AnnouncedKey`] if the given key is to replace that one.
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

    /// Reports whether a key ever made pseudonyms here, now or before.
    ///
    /// # Errors
    /// A database error.
    pub fn has_used_key(&self, fingerprint: [u8; 8]) -> Result<bool, LedgerError> {
        Ok(was_used(&self.connection, fingerprint)?)
    }

    /// Announces the key that is to replace the present one, or withdraws the announcement with `None`. The ledger
    /// still belongs to the present key until [`Self::rekey`].
    ///
    /// # Errors
    /// A database error.
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

    /// Returns the announced key; `None` if there is no announcement.
    ///
    /// # Errors
    /// A database error.
    pub fn announced_key(&self) -> Result<Option<[u8; 8]>, LedgerError> {
        meta(&self.connection, ANNOUNCED)
    }
}

/// Returns the id of the key that makes new pseudonyms; `None` if the ledger is bound to no key.
pub(super) fn key_id(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM key_used WHERE fingerprint = (SELECT value FROM meta WHERE key = 'key_fingerprint')";
    connection.query_row(sql, [], |row| row.get(0)).optional()
}

/// Checks that a key is the one that a ledger is bound to.
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

/// Reports whether a key ever made pseudonyms.
pub(super) fn was_used(connection: &Connection, fingerprint: [u8; 8]) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM key_used WHERE fingerprint = ?1";
    Ok(connection.query_row(sql, [fingerprint], |_| Ok(())).optional()?.is_some())
}
