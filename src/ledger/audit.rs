//! Appends records to the audit chain, in the same transaction as the change that they describe, and reads the chain.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::LedgerError;
use super::generation::store_id;
use super::ledger::Ledger;
use super::meta::now;
use crate::audit::{Chain, Entry, Record};

impl Ledger {
    /// Appends a record of an event that changes nothing else in the ledger. Returns its number.
    ///
    /// # Errors
    /// A database error; the caller must then not continue with the event.
    pub fn append(&mut self, entry: &Entry) -> Result<u64, LedgerError> {
        let tx = self.begin()?;
        let number = append(&tx, entry)?;
        tx.commit()?;
        Ok(number)
    }

    /// Appends a record of reading the ledger, which changes nothing in it. If this account can only read, there is no
    /// record: the account could also read the file by other means.
    ///
    /// # Errors
    /// A database error; the caller must then not show anything.
    pub fn append_look(&mut self, entry: &Entry) -> Result<(), LedgerError> {
        if self.reads_only() { Ok(()) } else { self.append(entry).map(drop) }
    }

    /// Calls `each` for every record of the chain, in its order.
    ///
    /// # Errors
    /// A database error.
    pub fn audit(&self, each: impl FnMut(Record)) -> Result<(), LedgerError> {
        each_record(&self.connection, each)
    }

    /// Returns the length and the head of the chain, from its last record alone.
    ///
    /// # Errors
    /// A database error.
    pub fn audit_end(&self) -> Result<Chain, LedgerError> {
        chain_end(&self.connection)
    }
}

const COLUMNS: &str = "number, at, uid, user, command, details, reason, subjects, previous, hash";

fn read_record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        number: row.get::<_, i64>(0)?.unsigned_abs(),
        at: row.get(1)?,
        uid: row.get(2)?,
        user: row.get(3)?,
        command: row.get(4)?,
        details: row.get(5)?,
        reason: row.get(6)?,
        subjects: row.get(7)?,
        previous: row.get(8)?,
        hash: row.get(9)?,
    })
}

/// Calls `each` for every record of the chain, in its order.
pub(super) fn each_record(connection: &Connection, each: impl FnMut(Record)) -> Result<(), LedgerError> {
    each_record_after(connection, 0, each)
}

/// Calls `each` for every record of the chain after one, in its order. Records before the first number count as records
/// of a chain from its beginning on, because they are faults of it.
pub(super) fn each_record_after(
    connection: &Connection,
    after: u64,
    mut each: impl FnMut(Record),
) -> Result<(), LedgerError> {
    let mut statement =
        connection.prepare(&format!("SELECT {COLUMNS} FROM audit WHERE number > ?1 ORDER BY number"))?;
    let after = if after == 0 { i64::MIN } else { i64::try_from(after).unwrap_or(i64::MAX) };
    let mut rows = statement.query([after])?;
    while let Some(row) = rows.next()? {
        each(read_record(row)?);
    }
    Ok(())
}

/// Reports whether the chain has the record at which a chain that was read before ended.
pub(super) fn is_record(connection: &Connection, chain: &Chain) -> Result<bool, LedgerError> {
    let sql = "SELECT hash FROM audit WHERE number = ?1";
    let number = i64::try_from(chain.length).unwrap_or(i64::MAX);
    let hash: Option<[u8; 32]> = connection.query_row(sql, [number], |row| row.get(0)).optional()?;
    Ok(hash == Some(chain.head))
}

fn chain_end(connection: &Connection) -> Result<Chain, LedgerError> {
    let sql = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1";
    let read = |row: &Row<'_>| Ok(Chain { length: row.get::<_, i64>(0)?.unsigned_abs(), head: row.get(1)? });
    match connection.query_row(sql, [], read).optional()? {
        Some(chain) => Ok(chain),
        None => Ok(Chain::new(&store_id(connection)?)),
    }
}

/// Appends a record; the caller commits.
pub(super) fn append(tx: &Transaction<'_>, entry: &Entry) -> Result<u64, LedgerError> {
    let last = chain_end(tx)?;
    let record = Record::new(&store_id(tx)?, entry, last.length + 1, now(), last.head);
    tx.execute(
        &format!("INSERT INTO audit ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"),
        (
            i64::try_from(record.number).unwrap_or(i64::MAX),
            record.at,
            record.uid,
            &record.user,
            &record.command,
            &record.details,
            &record.reason,
            &record.subjects,
            record.previous,
            record.hash,
        ),
    )?;
    Ok(record.number)
}
