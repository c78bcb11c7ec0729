//! Stores the custodians, for whom original identifiers are sealed, and the list of vault files that hold these
//! identifiers.

use std::error::Error;

use rusqlite::Transaction;

use super::LedgerError;
use super::audit::append;
use super::ledger::Ledger;
use super::meta::now;
use crate::audit::Attribution;

/// A valid file of the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedFile {
    /// Its name.
    pub name: String,
    /// BLAKE3 of its bytes.
    pub digest: [u8; 32],
    /// Number of records that it holds.
    pub records: u64,
}

/// A file of the vault that is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The file's name.
    pub name: String,
    /// The file that replaces it; `None` if no record is left.
    pub by: Option<SealedFile>,
}

/// Seals the identifiers of these rows of a batch in one file. The file must be safe on the disk when the function
/// returns.
pub type Sealer<'a> = &'a mut (dyn FnMut(&[usize]) -> Result<SealedFile, Box<dyn Error + Send + Sync>> + Send);

impl Ledger {
    /// Returns the custodians in their original text, sorted by it.
    ///
    /// # Errors
    /// A database error.
    pub fn custodians(&self) -> Result<Vec<String>, LedgerError> {
        let mut statement = self.connection.prepare("SELECT recipient FROM custodian ORDER BY recipient")?;
        let all = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(all)
    }

    /// Adds custodians, for whom later imports are sealed. Returns how many are new.
    ///
    /// # Errors
    /// A database error.
    pub fn add_custodians<'e>(
        &mut self,
        recipients: &[String],
        entry: impl Into<Attribution<'e>>,
    ) -> Result<usize, LedgerError> {
        let sql = "INSERT OR IGNORE INTO custodian (recipient, added_at) VALUES (?1, ?2)";
        self.change_custodians(sql, recipients, entry.into())
    }

    /// Removes custodians. Identifiers that were sealed for them stay sealed for them. Returns how many custodians were
    /// removed.
    ///
    /// # Errors
    /// A database error.
    pub fn remove_custodians<'e>(
        &mut self,
        recipients: &[String],
        entry: impl Into<Attribution<'e>>,
    ) -> Result<usize, LedgerError> {
        let sql = "DELETE FROM custodian WHERE recipient = ?1 AND ?2 IS NOT NULL";
        self.change_custodians(sql, recipients, entry.into())
    }

    fn change_custodians(
        &mut self,
        sql: &str,
        recipients: &[String],
        attribution: Attribution<'_>,
    ) -> Result<usize, LedgerError> {
        let tx = self.begin()?;
        let mut changed = 0;
        for recipient in recipients {
            changed += tx.execute(sql, (recipient, now()))?;
        }
        if let Some(entry) = attribution.entry() {
            append(&tx, &entry.with("custodians", recipients).with("changed", changed))?;
        }
        tx.commit()?;
        Ok(changed)
    }

    /// Returns the files of the vault, in the order of their creation.
    ///
    /// # Errors
    /// A database error.
    pub fn sealed_files(&self) -> Result<Vec<SealedFile>, LedgerError> {
        let mut statement = self.connection.prepare("SELECT name, digest, records FROM sealed ORDER BY id")?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(SealedFile { name: row.get(0)?, digest: row.get(1)?, records: row.get::<_, i64>(2)?.unsigned_abs() })
        };
        let all = statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
        Ok(all)
    }

    /// Counts the children and members of families whose identifiers are in no file of the vault.
    ///
    /// # Errors
    /// A database error.
    pub fn unsealed(&self) -> Result<u64, LedgerError> {
        // What another agency sent has no identifiers here.
        let sql = "SELECT (SELECT count(*) FROM sample WHERE role = 'child' AND sealed_id IS NULL
                               AND pseudonym NOT IN (SELECT own FROM exchange_received))
                   + (SELECT count(*) FROM member JOIN family ON family.id = family_id WHERE member.sealed_id IS NULL
                               AND family.pseudonym NOT IN (SELECT own FROM exchange_received))";
        Ok(self.connection.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }
}

/// Reserves an id for a file that is being written, so that rows can refer to it already, and returns the id. Until
/// [`complete`] is called, the row has an empty name; nobody sees it before the transaction ends.
pub(super) fn reserve(tx: &Transaction<'_>) -> rusqlite::Result<i64> {
    tx.execute("INSERT INTO sealed (name, digest, records) VALUES ('', zeroblob(32), 0)", [])?;
    Ok(tx.last_insert_rowid())
}

/// Stores the facts of the file for which the id was reserved.
pub(super) fn complete(tx: &Transaction<'_>, id: i64, file: &SealedFile) -> rusqlite::Result<()> {
    let sql = "UPDATE sealed SET name = ?2, digest = ?3, records = ?4 WHERE id = ?1";
    tx.execute(sql, (id, &file.name, file.digest, records(file))).map(drop)
}

/// Replaces a file by another, or by none, and marks the old one for deletion.
pub(super) fn replace(tx: &Transaction<'_>, Replacement { name, by }: &Replacement) -> rusqlite::Result<()> {
    match by {
        Some(file) => {
            let sql = "UPDATE sealed SET name = ?2, digest = ?3, records = ?4 WHERE name = ?1";
            tx.execute(sql, (name, &file.name, file.digest, records(file)))?;
        }
        None => {
            for table in ["sample", "member"] {
                let of_file = "sealed_id = (SELECT id FROM sealed WHERE name = ?1)";
                tx.execute(&format!("UPDATE {table} SET sealed_id = NULL WHERE {of_file}"), [name])?;
            }
            tx.execute("DELETE FROM sealed WHERE name = ?1", [name])?;
        }
    }
    tx.execute("INSERT OR IGNORE INTO doomed (name) VALUES (?1)", [name]).map(drop)
}

fn records(file: &SealedFile) -> i64 {
    i64::try_from(file.records).unwrap_or(i64::MAX)
}
