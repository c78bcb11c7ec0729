//! To whom original identifiers are sealed, and which files hold those of which samples.

use std::collections::HashSet;
use std::error::Error;

use rusqlite::{OptionalExtension, Transaction};

use super::audit::append;
use super::import::{Action, Plan};
use super::open::{Ledger, now};
use super::relatives::Membership;
use super::{Batch, LedgerError};
use crate::audit::Attribution;

/// A file of the vault that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedFile {
    /// Its name.
    pub name: String,
    /// BLAKE3 of its bytes.
    pub digest: [u8; 32],
    /// How many records it holds.
    pub records: u64,
}

/// Seals the identifiers of these rows of a batch in one file, which must be safe on the disk before it returns.
pub type Sealer<'a> = &'a mut (dyn FnMut(&[usize]) -> Result<SealedFile, Box<dyn Error + Send + Sync>> + Send);

impl Ledger {
    /// The custodians, as they were given, in the order of that text.
    ///
    /// # Errors
    /// The database's.
    pub fn custodians(&self) -> Result<Vec<String>, LedgerError> {
        let mut statement = self.connection.prepare("SELECT recipient FROM custodian ORDER BY recipient")?;
        let all = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(all)
    }

    /// Adds custodians, to whom later imports are sealed. Gives how many are new.
    ///
    /// # Errors
    /// The database's.
    pub fn add_custodians<'e>(
        &mut self,
        recipients: &[String],
        entry: impl Into<Attribution<'e>>,
    ) -> Result<usize, LedgerError> {
        let sql = "INSERT OR IGNORE INTO custodian (recipient, added_at) VALUES (?1, ?2)";
        self.change_custodians(sql, recipients, entry.into())
    }

    /// Takes custodians out. What was sealed to them stays so. Gives how many there were.
    ///
    /// # Errors
    /// The database's.
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

    /// The files of the vault, in the order in which they came.
    ///
    /// # Errors
    /// The database's.
    pub fn sealed_files(&self) -> Result<Vec<SealedFile>, LedgerError> {
        let mut statement = self.connection.prepare("SELECT name, digest, records FROM sealed ORDER BY id")?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(SealedFile { name: row.get(0)?, digest: row.get(1)?, records: row.get::<_, i64>(2)?.unsigned_abs() })
        };
        let all = statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
        Ok(all)
    }

    /// Children and members of families whose identifiers no file of the vault holds.
    ///
    /// # Errors
    /// The database's.
    pub fn unsealed(&self) -> Result<u64, LedgerError> {
        let sql = "SELECT (SELECT count(*) FROM sample WHERE role = 'child' AND sealed_id IS NULL)
                   + (SELECT count(*) FROM member WHERE sealed_id IS NULL)";
        Ok(self.connection.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }
}

/// What is to be sealed of a batch.
pub(super) struct Sealing {
    /// Id of the file that is to come.
    pub(super) file: i64,
    /// Rows whose identifiers no file holds yet.
    pub(super) rows: Vec<usize>,
    /// Those of them that the ledger knows already.
    known: Vec<usize>,
}

/// Which rows of an import are to be sealed; `None` if none is. Makes room for the file, so that what is written of the rows
/// meanwhile can name it.
pub(super) fn plan(tx: &Transaction<'_>, batch: &Batch, plan: &Plan) -> Result<Option<Sealing>, LedgerError> {
    let mut child = tx.prepare("SELECT sealed_id IS NULL FROM sample WHERE id = ?1")?;
    let mut member = tx.prepare(
        "SELECT sealed_id IS NULL FROM member
         WHERE sample_id = (SELECT id FROM sample WHERE pseudonym = ?1)
         AND family_id = (SELECT id FROM family WHERE pseudonym = ?2)",
    )?;
    let (mut seen, mut rows, mut known) = (HashSet::new(), Vec::new(), Vec::new());
    for (i, row) in batch.rows.iter().enumerate().filter(|&(i, _)| !plan.aside[i]) {
        let family = row.family.map(|(family, _)| family);
        if !seen.insert((row.sample, family)) {
            continue;
        }
        let open = match (family, plan.samples[i]) {
            (None, Action::Insert) => None,
            (Some(_), _) if plan.memberships[i] == Membership::Add => None,
            (None, Action::None(id) | Action::Replace { id, .. }) => Some(child.query_row([id], |row| row.get(0))?),
            (Some(family), _) => {
                let open = member.query_row((row.sample.as_bytes(), family.as_bytes()), |row| row.get(0)).optional()?;
                Some(open.unwrap_or(false))
            }
        };
        if open == Some(true) {
            known.push(i);
        }
        if open != Some(false) {
            rows.push(i);
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    // No file has this name, and nobody sees it.
    let file = SealedFile { name: String::new(), digest: [0; 32], records: 0 };
    Ok(Some(Sealing { file: insert(tx, &file)?, rows, known }))
}

impl Sealing {
    /// Notes the file, now that it is there, also with the rows that were there before. `samples` are the ids of the rows'
    /// samples.
    pub(super) fn note(
        &self,
        tx: &Transaction<'_>,
        batch: &Batch,
        samples: &[i64],
        file: &SealedFile,
    ) -> Result<(), LedgerError> {
        let records = i64::try_from(file.records).unwrap_or(i64::MAX);
        let sql = "UPDATE sealed SET name = ?2, digest = ?3, records = ?4 WHERE id = ?1";
        tx.execute(sql, (self.file, &file.name, file.digest, records))?;
        let mut child = tx.prepare("UPDATE sample SET sealed_id = ?2 WHERE id = ?1")?;
        let mut member = tx.prepare(
            "UPDATE member SET sealed_id = ?3
             WHERE sample_id = ?1 AND family_id = (SELECT id FROM family WHERE pseudonym = ?2)",
        )?;
        for &i in &self.known {
            match batch.rows[i].family {
                None => child.execute((samples[i], self.file))?,
                Some((family, _)) => member.execute((samples[i], family.as_bytes(), self.file))?,
            };
        }
        Ok(())
    }
}

/// Notes a file. Gives its id.
pub(super) fn insert(tx: &Transaction<'_>, file: &SealedFile) -> rusqlite::Result<i64> {
    tx.execute(
        "INSERT INTO sealed (name, digest, records) VALUES (?1, ?2, ?3)",
        (&file.name, file.digest, i64::try_from(file.records).unwrap_or(i64::MAX)),
    )?;
    Ok(tx.last_insert_rowid())
}
