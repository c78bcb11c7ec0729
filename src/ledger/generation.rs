//! Numbers the states of samples and families as generations, so that an index or a run can state the data that it is
//! based on.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::LedgerError;
use super::checksum::{Checksum, Sum};
use super::ledger::Ledger;
use super::meta::{meta, missing, random, set_meta};

/// The state of the samples and families to which an index is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Number of transactions that changed samples or families; 0 in a new ledger.
    pub number: u64,
    /// Random bytes, new with each number: they distinguish two ledgers that are copies of one ledger.
    pub stamp: [u8; 16],
}

/// An earlier state of the samples and families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its number and stamp.
    pub generation: Generation,
    /// The last import that this state includes.
    pub(super) last_import: i64,
}

/// Records the present generation, so that later ones can find out what changed since.
pub(super) fn remember(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let Generation { number, stamp } = generation(tx)?;
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let last_import = tx.query_row("SELECT coalesce(max(id), 0) FROM import", [], |row| row.get(0))?;
    tx.execute(
        "INSERT OR REPLACE INTO past (generation, stamp, last_import, sum) VALUES (?1, ?2, ?3, ?4)",
        (number, stamp, last_import, past_checksum(number, &stamp, last_import)),
    )?;
    Ok(())
}

/// Returns a query for the ids of the samples that imports after this one added or changed. The query reads no other
/// samples.
pub(super) fn samples_since(import: &str) -> String {
    // SQLite reuses freed ids. The query therefore starts at the least id of all these imports, and then compares the
    // import itself.
    format!(
        "SELECT id FROM sample WHERE id >= (SELECT min(first_sample) FROM import WHERE import.id > {import})
         AND import_id > {import} UNION ALL SELECT id FROM sample WHERE changed > {import}"
    )
}

/// Returns the number of the generation that the present transaction leads to.
pub(super) fn next_generation(tx: &Connection) -> Result<i64, LedgerError> {
    Ok(i64::try_from(generation(tx)?.number).unwrap_or(i64::MAX).saturating_add(1))
}

/// Computes the checksum of the row of a generation in `past`.
pub(super) fn past_checksum(generation: i64, stamp: &[u8; 16], last_import: i64) -> Sum {
    Checksum::default().with(generation.to_le_bytes()).with(stamp).with(last_import.to_le_bytes()).sum()
}

impl Ledger {
    /// Returns the present generation.
    ///
    /// # Errors
    /// A database error.
    pub fn generation(&self) -> Result<Generation, LedgerError> {
        generation(&self.connection)
    }

    /// Returns the identity of this store: 16 random bytes.
    ///
    /// # Errors
    /// A database error.
    pub fn store_id(&self) -> Result<[u8; 16], LedgerError> {
        store_id(&self.connection)
    }

    /// Returns an earlier generation, or the present one; `None` if this ledger never had it, or if its row is damaged.
    ///
    /// # Errors
    /// A database error.
    pub fn past(&self, number: u64) -> Result<Option<Past>, LedgerError> {
        let Ok(wanted) = i64::try_from(number) else { return Ok(None) };
        let sql = "SELECT stamp, last_import, sum FROM past WHERE generation = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            let (stamp, last_import, sum): (_, _, Option<Sum>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let is_sound = sum == Some(past_checksum(wanted, &stamp, last_import));
            Ok(is_sound.then_some(Past { generation: Generation { number, stamp }, last_import }))
        };
        Ok(self.connection.query_row(sql, [wanted], read).optional()?.flatten())
    }
}

pub(super) fn generation(connection: &Connection) -> Result<Generation, LedgerError> {
    let number: i64 = meta(connection, "generation")?.ok_or_else(|| missing("generation"))?;
    let stamp = meta(connection, "stamp")?.ok_or_else(|| missing("stamp"))?;
    Ok(Generation { number: u64::try_from(number).map_err(|_| missing("generation"))?, stamp })
}

pub(super) fn store_id(connection: &Connection) -> Result<[u8; 16], LedgerError> {
    meta(connection, "store_id")?.ok_or_else(|| missing("store_id"))
}

/// Marks samples or families as changed by starting the next generation.
pub(super) fn advance(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let next = i64::try_from(generation(tx)?.number + 1).map_err(|_| missing("generation"))?;
    set_meta(tx, "generation", next)?;
    set_meta(tx, "stamp", random()?)?;
    remember(tx)
}
