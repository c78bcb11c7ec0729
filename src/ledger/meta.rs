//! Reads and writes single values of a ledger by name, in the table `meta`.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::LedgerError;

pub(super) fn meta<T: rusqlite::types::FromSql>(connection: &Connection, key: &str) -> Result<Option<T>, LedgerError> {
    Ok(connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

pub(super) fn set_meta(tx: &Transaction<'_>, key: &str, value: impl rusqlite::ToSql) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    tx.execute(sql, (key, value)).map(drop)
}

/// Adds to a number, such as that of the rows of a table.
pub(super) fn add_to_count(tx: &Transaction<'_>, key: &str, by: i64) -> rusqlite::Result<()> {
    tx.execute("UPDATE meta SET value = value + ?2 WHERE key = ?1", (key, by)).map(drop)
}

/// Returns the error for a missing value that every ledger must have.
pub(super) fn missing(key: &str) -> LedgerError {
    LedgerError::Damaged { of: format!("meta {key}"), what: "it is missing" }
}

/// Returns 16 random bytes.
pub(super) fn random() -> Result<[u8; 16], LedgerError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(LedgerError::Random)?;
    Ok(bytes)
}

/// Returns the present time in seconds since 1970, UTC.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|age| i64::try_from(age.as_secs()).ok()).unwrap_or(0)
}
