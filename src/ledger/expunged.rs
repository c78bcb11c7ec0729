//! Who was expunged: keyed commitments, by which samples and families are recognised when a file brings them again.
//!
//! A commitment is the BLAKE3 keyed hash of a pseudonym under a secret of the ledger: whoever has the laboratory's key finds out
//! whether a number was expunged, and nobody else. Each change of the key veils all commitments: hashes them under a sub-key of the
//! new key, so that the old one finds nothing any more. `expunged.key_id` stays that of the key that the pseudonym was made with.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use rusqlite::{Connection, Transaction};
use zeroize::Zeroizing;

use super::keys::key_id;
use super::ledger::Ledger;
use super::meta::{meta, missing, set_meta};
use super::{Batch, Commitment, LedgerError};
use crate::model::Pseudonym;

/// Under which name `meta` has the secret.
const SECRET: &str = "expunged_secret";
/// Under which name `meta` has the keys that the store had before, encrypted under the present one.
const FORMER_KEYS: &str = "former_keys";

/// What it takes to recognise those who were expunged before the last change of the key.
#[derive(Clone, Default)]
pub struct ExpungedBefore {
    /// The secret of the ledger.
    pub secret: [u8; 32],
    /// Their commitments, veiled.
    pub commitments: HashSet<Commitment>,
    /// The keys that the store had before, as [`CarriedOver`] gave them.
    pub former_keys: Option<Vec<u8>>,
}

/// What a change of the key keeps of the old key, so that those who were expunged stay known.
#[derive(Clone, PartialEq, Eq)]
pub struct CarriedOver {
    /// The sub-key that commitments are veiled with.
    pub veil: Zeroizing<[u8; 32]>,
    /// The keys that the store had before, encrypted under the new one.
    pub former_keys: Vec<u8>,
}

impl fmt::Debug for CarriedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CarriedOver(..)")
    }
}

/// The commitment to a sample or family.
#[must_use]
pub fn commit(secret: &[u8; 32], pseudonym: Pseudonym) -> Commitment {
    *blake3::keyed_hash(secret, pseudonym.as_bytes()).as_bytes()
}

/// Veils a commitment with the sub-key of a later key.
#[must_use]
pub fn veil(key: &[u8; 32], commitment: &Commitment) -> Commitment {
    *blake3::keyed_hash(key, commitment).as_bytes()
}

impl Ledger {
    /// What it takes to recognise those who were expunged before the last change of the key.
    ///
    /// # Errors
    /// The database's.
    pub fn expunged_before(&self) -> Result<ExpungedBefore, LedgerError> {
        let mut statement = self.connection.prepare("SELECT commitment FROM expunged WHERE key_id IS NOT ?1")?;
        let commitments = statement.query_map([key_id(&self.connection)?], |row| row.get(0))?;
        Ok(ExpungedBefore {
            secret: secret(&self.connection)?,
            commitments: commitments.collect::<rusqlite::Result<_>>()?,
            former_keys: meta(&self.connection, FORMER_KEYS)?,
        })
    }

    /// How many samples and families are known as expunged.
    ///
    /// # Errors
    /// The database's.
    pub fn expunged(&self) -> Result<u64, LedgerError> {
        let sql = "SELECT count(*) FROM expunged";
        Ok(self.connection.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }
}

fn secret(connection: &Connection) -> Result<[u8; 32], LedgerError> {
    meta(connection, SECRET)?.ok_or_else(|| missing(SECRET))
}

/// Notes samples and families that are expunged now.
pub(super) fn note(tx: &Transaction<'_>, whom: impl IntoIterator<Item = Pseudonym>) -> Result<(), LedgerError> {
    let (secret, key) = (secret(tx)?, key_id(tx)?);
    let mut insert = tx.prepare("INSERT OR IGNORE INTO expunged (commitment, key_id) VALUES (?1, ?2)")?;
    for one in whom {
        insert.execute((commit(&secret, one), key))?;
    }
    Ok(())
}

/// The samples and families of a batch that were expunged.
pub(super) fn returning(tx: &Transaction<'_>, batch: &Batch) -> Result<BTreeMap<Pseudonym, Commitment>, LedgerError> {
    let mut found: BTreeMap<Pseudonym, Commitment> =
        batch.returning.former.iter().map(|(&one, &commitment)| (one, commitment)).collect();
    let mut statement = tx.prepare("SELECT commitment FROM expunged WHERE key_id IS ?1")?;
    let known = statement.query_map([key_id(tx)?], |row| row.get(0))?;
    let known: HashSet<Commitment> = known.collect::<rusqlite::Result<_>>()?;
    if !known.is_empty() {
        let secret = secret(tx)?;
        for one in batch.rows.iter().flat_map(|row| [Some(row.sample), row.family.map(|family| family.0)]).flatten() {
            let commitment = commit(&secret, one);
            if known.contains(&commitment) {
                found.insert(one, commitment);
            }
        }
    }
    Ok(found)
}

/// Forgets that these were expunged: they are taken in again.
pub(super) fn forget<'c>(
    tx: &Transaction<'_>,
    commitments: impl IntoIterator<Item = &'c Commitment>,
) -> rusqlite::Result<()> {
    let mut delete = tx.prepare("DELETE FROM expunged WHERE commitment = ?1")?;
    commitments.into_iter().try_for_each(|one| delete.execute([one]).map(drop))
}

/// Veils all commitments for another key; without what it takes, forgets them.
pub(super) fn carry_over(tx: &Transaction<'_>, carried: Option<&CarriedOver>) -> Result<(), LedgerError> {
    let Some(CarriedOver { veil: key, former_keys }) = carried else {
        tx.execute("DELETE FROM expunged", [])?;
        tx.execute("DELETE FROM meta WHERE key = ?1", [FORMER_KEYS])?;
        return Ok(());
    };
    let all: Vec<Commitment> = {
        let mut select = tx.prepare("SELECT commitment FROM expunged")?;
        select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
    };
    let mut update = tx.prepare("UPDATE expunged SET commitment = ?2 WHERE commitment = ?1")?;
    all.iter().try_for_each(|one| update.execute((one, veil(key, one))).map(drop))?;
    Ok(set_meta(tx, FORMER_KEYS, former_keys)?)
}
