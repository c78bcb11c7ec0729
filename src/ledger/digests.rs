//! Manages the digests of imported files: forgets digests that could identify a person, and stores the secret of the
//! digests in the audit chain.

use rusqlite::Transaction;

use super::LedgerError;
use super::ledger::Ledger;
use super::meta::{meta, missing, set_meta};

/// Name of the secret in `meta`.
const SECRET: &str = "digest_secret";

/// Sets the value of a forgotten digest.
const FORGOTTEN: &str = "UPDATE import SET file_digest = zeroblob(32), keyed = 1";

impl Ledger {
    /// Returns the secret that keys the digests of files in the audit chain: 32 random bytes, new after each expunging
    /// and each change of the key.
    ///
    /// # Errors
    /// A database error.
    pub fn digest_secret(&self) -> Result<[u8; 32], LedgerError> {
        meta(&self.connection, SECRET)?.ok_or_else(|| missing(SECRET))
    }

    /// Replaces the plain digests of files that a ledger of an earlier version stored by keyed ones.
    ///
    /// # Errors
    /// A database error.
    pub fn key_digests(&mut self, keyed: impl Fn(&[u8; 32]) -> [u8; 32]) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        let plain: Vec<(i64, [u8; 32])> = {
            let mut select = tx.prepare("SELECT id, file_digest FROM import WHERE keyed = 0")?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<_>>()?
        };
        if plain.is_empty() {
            return Ok(());
        }
        let mut update = tx.prepare("UPDATE import SET file_digest = ?2, keyed = 1 WHERE id = ?1")?;
        plain.iter().try_for_each(|(id, plain)| update.execute((id, keyed(plain))).map(drop))?;
        drop(update);
        tx.commit()?;
        // The checkpoint also removes the plain digests from the journal. If a reader keeps the journal open, a later
        // one does.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        Ok(())
    }
}

/// Replaces the secret by a new random one.
pub(super) fn renew_secret(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(LedgerError::Random)?;
    Ok(set_meta(tx, SECRET, secret)?)
}

/// Forgets the digests of all files that were imported with this import or later.
pub(super) fn forget_since(tx: &Transaction<'_>, import: i64) -> rusqlite::Result<()> {
    tx.execute(&format!("{FORGOTTEN} WHERE id >= ?1"), [import]).map(drop)
}
