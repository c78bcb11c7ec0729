//! Digests of imported files: forgets those that a person could be told from, and the secret of those in the audit chain.

use rusqlite::Transaction;

use super::LedgerError;
use super::ledger::Ledger;
use super::meta::{meta, missing, set_meta};

/// Under which name `meta` has the secret.
const SECRET: &str = "digest_secret";

/// In place of a digest that was forgotten.
const FORGOTTEN: &str = "UPDATE import SET file_digest = zeroblob(32), keyed = 1";

impl Ledger {
    /// The secret that digests of files in the audit chain are keyed with: 32 random bytes, others after each expunging and each
    /// change of the key.
    ///
    /// # Errors
    /// The database's.
    pub fn digest_secret(&self) -> Result<[u8; 32], LedgerError> {
        meta(&self.connection, SECRET)?.ok_or_else(|| missing(SECRET))
    }

    /// Keys the plain digests of files that a ledger of an earlier version kept.
    ///
    /// # Errors
    /// The database's.
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
        // The plain ones are gone from the journal, too. A reader may hold it open: then they go later.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        Ok(())
    }
}

/// Draws another secret.
pub(super) fn renew_secret(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(LedgerError::Random)?;
    Ok(set_meta(tx, SECRET, secret)?)
}

/// Forgets the digests of all files that were imported, from this import on.
pub(super) fn forget_since(tx: &Transaction<'_>, import: i64) -> rusqlite::Result<()> {
    tx.execute(&format!("{FORGOTTEN} WHERE id >= ?1"), [import]).map(drop)
}
