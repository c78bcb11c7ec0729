//! Keeps keyed commitments to expunged samples and families, so that an import recognises them if a file contains them
//! again.
//!
//! A commitment is the BLAKE3 keyed hash of a pseudonym under a secret of the ledger. Whoever has the laboratory's key
//! can find out whether an identity number was expunged; nobody else can. Each change of the key veils all commitments:
//! it hashes them under a sub-key of the new key, so that the old key finds nothing any more. `expunged.key_id` stays
//! that of the key that made the pseudonym.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use rusqlite::{Connection, Transaction};
use zeroize::Zeroizing;

use super::keys::key_id;
use super::ledger::Ledger;
use super::meta::{meta, missing, set_meta};
use super::{Batch, Commitment, LedgerError};
use crate::model::Pseudonym;

/// Name of the secret in `meta`.
const SECRET: &str = "expunged_secret";
/// Name in `meta` of the former keys of the store, encrypted under the present one.
const FORMER_KEYS: &str = "former_keys";

/// Data for recognising samples and families that were expunged before the last change of the key.
#[derive(Clone, Default)]
pub struct ExpungedBefore {
    /// The secret of the ledger.
    pub secret: [u8; 32],
    /// Their commitments, veiled.
    pub commitments: HashSet<Commitment>,
    /// The former keys of the store, in the form of [`CarriedOver`].
    pub former_keys: Option<Vec<u8>>,
}

/// Data of the old key that a change of the key keeps, so that expunged samples and families stay known.
#[derive(Clone, PartialEq, Eq)]
pub struct CarriedOver {
    /// The sub-key that veils the commitments.
    pub veil: Zeroizing<[u8; 32]>,
    /// The former keys of the store, encrypted under the new one.
    pub former_keys: Vec<u8>,
}

impl fmt::Debug for CarriedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CarriedOver(..)")
    }
}

/// Returns the commitment to a sample or family.
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
    /// Returns the data for recognising samples and families that were expunged before the last change of the key.
    ///
    /// # Errors
    /// A database error.
    pub fn expunged_before(&self) -> Result<ExpungedBefore, LedgerError> {
        let mut statement = self.connection.prepare("SELECT commitment FROM expunged WHERE key_id IS NOT ?1")?;
        let commitments = statement.query_map([key_id(&self.connection)?], |row| row.get(0))?;
        Ok(ExpungedBefore {
            secret: secret(&self.connection)?,
            commitments: commitments.collect::<rusqlite::Result<_>>()?,
            former_keys: meta(&self.connection, FORMER_KEYS)?,
        })
    }

    /// Counts the samples and families that are known as expunged.
    ///
    /// # Errors
    /// A database error.
    pub fn expunged(&self) -> Result<u64, LedgerError> {
        let sql = "SELECT count(*) FROM expunged";
        Ok(self.connection.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// Returns a secret that stays the same as long as the ledger exists, derived for one purpose.
    ///
    /// # Errors
    /// A database error.
    pub fn lasting_secret(&self, purpose: &str) -> Result<[u8; 32], LedgerError> {
        Ok(blake3::derive_key(purpose, &secret(&self.connection)?))
    }
}

fn secret(connection: &Connection) -> Result<[u8; 32], LedgerError> {
    meta(connection, SECRET)?.ok_or_else(|| missing(SECRET))
}

/// Records samples and families that are being expunged.
pub(super) fn note(tx: &Transaction<'_>, whom: impl IntoIterator<Item = Pseudonym>) -> Result<(), LedgerError> {
    let (secret, key) = (secret(tx)?, key_id(tx)?);
    let mut insert = tx.prepare("INSERT OR IGNORE INTO expunged (commitment, key_id) VALUES (?1, ?2)")?;
    for one in whom {
        insert.execute((commit(&secret, one), key))?;
    }
    Ok(())
}

/// Returns the samples and families of a batch that were expunged.
pub(super) fn returning(tx: &Transaction<'_>, batch: &Batch) -> Result<BTreeMap<Pseudonym, Commitment>, LedgerError> {
    let mut found: BTreeMap<Pseudonym, Commitment> =
        batch.returning.former.iter().map(|(&one, &commitment)| (one, commitment)).collect();
    let known = under_present_key(tx)?;
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

/// Returns the commitments to what was expunged under the present key.
fn under_present_key(tx: &Transaction<'_>) -> Result<HashSet<Commitment>, LedgerError> {
    let mut statement = tx.prepare("SELECT commitment FROM expunged WHERE key_id IS ?1")?;
    let known = statement.query_map([key_id(tx)?], |row| row.get(0))?;
    Ok(known.collect::<rusqlite::Result<_>>()?)
}

/// Returns those of these samples that were expunged under the present key.
pub(super) fn expunged_among(
    tx: &Transaction<'_>,
    whom: impl Iterator<Item = Pseudonym>,
) -> Result<BTreeSet<Pseudonym>, LedgerError> {
    let known = under_present_key(tx)?;
    if known.is_empty() {
        return Ok(BTreeSet::new());
    }
    let secret = secret(tx)?;
    Ok(whom.filter(|one| known.contains(&commit(&secret, *one))).collect())
}

/// Forgets that these were expunged, because an import takes them in again.
pub(super) fn forget<'c>(
    tx: &Transaction<'_>,
    commitments: impl IntoIterator<Item = &'c Commitment>,
) -> rusqlite::Result<()> {
    let mut delete = tx.prepare("DELETE FROM expunged WHERE commitment = ?1")?;
    commitments.into_iter().try_for_each(|one| delete.execute([one]).map(drop))
}

/// Veils all commitments for another key; without the data for that, forgets them.
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
