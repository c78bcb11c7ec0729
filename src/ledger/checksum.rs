//! Computes checksums of stored rows. SQLite has none, and a changed bit would turn a number into another one.
//!
//! A checksum is the start of the BLAKE3 hash of all values of a row, each preceded by its length. Profiles have
//! checksums of their own, see `codec`.

use rusqlite::{Connection, Row};

use super::LedgerError;

/// A checksum.
pub(super) type Sum = [u8; 8];

/// A checksum under construction: takes one value after the other. The bytes are hashed together, because a hasher is
/// large: to move one for every value takes many times as long as to hash the values.
pub(super) struct Checksum(Vec<u8>);

impl Default for Checksum {
    fn default() -> Self {
        // Enough for a candidate without views.
        Self(Vec::with_capacity(256))
    }
}

impl Checksum {
    /// Adds a value. A missing value counts as an empty one.
    pub(super) fn with(mut self, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.0.extend_from_slice(&(value.len() as u64).to_le_bytes());
        self.0.extend_from_slice(value);
        self
    }

    /// Adds a value that may be missing.
    pub(super) fn with_optional(self, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.with(value),
            None => self.with([]),
        }
    }

    /// Returns the checksum of the values added.
    pub(super) fn sum(&self) -> Sum {
        let mut sum = Sum::default();
        sum.copy_from_slice(&blake3::hash(&self.0).as_bytes()[..size_of::<Sum>()]);
        sum
    }
}

/// Reads every row of a query, and adds what is wrong to the findings. Returns the number of rows.
pub(super) fn verify_rows<T>(
    connection: &Connection,
    sql: &str,
    checked: impl Fn(&Row<'_>) -> Result<T, LedgerError>,
    findings: &mut Vec<String>,
) -> Result<u64, LedgerError> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut number = 0;
    while let Some(row) = rows.next()? {
        findings.extend(checked(row).err().map(|error| error.to_string()));
        number += 1;
    }
    Ok(number)
}
