//! Keeps which letters with a code families have: their numbers and days. The codes themselves are not here, because the
//! key derives them.
//!
//! `shift` is what the key's digits need to become those of the letter, see `CodeShift`: zero for a letter issued under
//! the present key; null if the key that the letter was issued under is lost. A change of the key also removes the day, by
//! which somebody with the old key could find out which new pseudonym a family has. `letters` in `meta` is the number of
//! rows: without it nobody would notice a missing one, and a replaced letter would be valid again.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, Row, Transaction};

use super::LedgerError;
use super::audit::append;
use super::checksum::{Checksum, Sum, verify_rows};
use super::column::pseudonym;
use super::ledger::Ledger;
use super::meta::{add_to_count, meta, now};
use crate::audit::Attribution;
use crate::model::Pseudonym;

/// A letter that a family has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The family.
    pub family: Pseudonym,
    /// The number of the issue, rising from 1: the last one is valid, the others are replaced.
    pub issue: u32,
    /// Days since 1970, UTC; `None` for a letter from before the last change of the key.
    pub issued_on: Option<i32>,
    /// See the module; `None` if the code cannot be derived any more.
    pub shift: Option<[u8; 16]>,
    /// The reason for which the family is withdrawn.
    pub withdrawn: Option<String>,
}

/// The shifts of letters under another key, by the present pseudonym of the family and the issue.
pub type LetterShifts = HashMap<(Pseudonym, u32), [u8; 16]>;

const SECONDS_OF_A_DAY: i64 = 86_400;

/// The number of rows, in `meta`.
const NUMBER: &str = "letters";

const ALL: &str = "SELECT family.pseudonym, letter.issue, letter.issued_on, letter.shift, family.withdrawn, letter.sum
     FROM letter JOIN family ON family.id = letter.family_id";

impl Ledger {
    /// Returns the letters of all families, those of a family together by number.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn letters(&self) -> Result<Vec<Letter>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let mut statement = tx.prepare(&format!("{ALL} ORDER BY letter.family_id, letter.issue"))?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(checked(row)?);
        }
        check_number(&tx, all.len() as u64)?;
        Ok(all)
    }

    /// Records a letter to a family, issued today. Returns it.
    ///
    /// # Errors
    /// A database error, also if the family already has a letter with this number, or is unknown.
    pub fn add_letter<'e>(
        &mut self,
        family: Pseudonym,
        issue: u32,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<Letter, LedgerError> {
        let tx = self.begin()?;
        let today = i32::try_from(now() / SECONDS_OF_A_DAY).unwrap_or(i32::MAX);
        let letter = Letter { family, issue, issued_on: Some(today), shift: Some([0; 16]), withdrawn: None };
        let added = tx.execute(
            "INSERT INTO letter (family_id, issue, issued_on, shift, sum) SELECT id, ?2, ?3, ?4, ?5 FROM family WHERE pseudonym = ?1",
            (family.as_bytes(), issue, letter.issued_on, letter.shift, checksum(&letter)),
        )?;
        if added == 0 {
            return Err(LedgerError::Unknown(family));
        }
        add_to_count(&tx, NUMBER, 1)?;
        if let Some(entry) = entry.into().entry() {
            append(&tx, &entry.with("issue", issue).about([family]))?;
        }
        tx.commit()?;
        Ok(letter)
    }

    /// Counts the records of a command since a time (seconds since 1970, UTC) whose detail of this name is one of these
    /// words.
    ///
    /// # Errors
    /// A database error.
    pub fn count_records(&self, command: &str, since: i64, name: &str, values: &[&str]) -> Result<u64, LedgerError> {
        let values = format!("[\"{}\"]", values.join("\",\""));
        let number: i64 = self.connection.query_row(
            "SELECT count(*) FROM audit WHERE command = ?1 AND at >= ?2
             AND json_extract(details, '$.' || ?3) IN (SELECT value FROM json_each(?4))",
            (command, since, name, values),
            |row| row.get(0),
        )?;
        Ok(number.unsigned_abs())
    }
}

fn checksum(letter: &Letter) -> Sum {
    Checksum::default()
        .with(letter.family.as_bytes())
        .with(letter.issue.to_le_bytes())
        .with_optional(letter.issued_on.map(i32::to_le_bytes))
        .with_optional(letter.shift)
        .sum()
}

/// Reads a letter, and whether its checksum is right.
fn read(row: &Row<'_>) -> Result<(Letter, bool), LedgerError> {
    let family = pseudonym(row, 0)?;
    let read = || -> rusqlite::Result<(Letter, Option<Sum>)> {
        let (issue, issued_on, shift, withdrawn) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        Ok((Letter { family, issue, issued_on, shift, withdrawn }, row.get(5)?))
    };
    let (letter, sum) = read().map_err(|_| damaged(family))?;
    let is_sound = sum == Some(checksum(&letter));
    Ok((letter, is_sound))
}

fn checked(row: &Row<'_>) -> Result<Letter, LedgerError> {
    let (letter, is_sound) = read(row)?;
    if is_sound { Ok(letter) } else { Err(damaged(letter.family)) }
}

fn damaged(family: Pseudonym) -> LedgerError {
    LedgerError::Damaged { of: format!("a letter to the family {family}"), what: "it was changed" }
}

/// Checks that there are as many letters as were recorded.
fn check_number(connection: &Connection, found: u64) -> Result<(), LedgerError> {
    if meta::<i64>(connection, NUMBER)?.map(i64::unsigned_abs) == Some(found) {
        return Ok(());
    }
    Err(LedgerError::Damaged { of: "the letters".to_owned(), what: "there are more or fewer than were issued" })
}

/// Deletes the letters of families that are expunged.
pub(super) fn expunge(tx: &Transaction<'_>, families: &BTreeSet<Pseudonym>) -> rusqlite::Result<()> {
    let sql = "DELETE FROM letter WHERE family_id = (SELECT id FROM family WHERE pseudonym = ?1)";
    for family in families {
        let deleted = tx.execute(sql, [family.as_bytes()])?;
        add_to_count(tx, NUMBER, -i64::try_from(deleted).unwrap_or(0))?;
    }
    Ok(())
}

/// Gives the letters of renamed families their shifts under the new key, and removes their days. A letter without a new
/// shift has no valid code any more; returns how many have one. A letter with a wrong checksum gets another wrong one, so that the damage stays
/// visible. Call it before the families have their new names.
pub(super) fn rename(
    tx: &Transaction<'_>,
    families: &HashMap<Pseudonym, Pseudonym>,
    shifts: &LetterShifts,
) -> Result<u64, LedgerError> {
    let mut statement = tx.prepare(ALL)?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    let mut update = tx.prepare(
        "UPDATE letter SET issued_on = NULL, shift = ?3, sum = ?4
         WHERE family_id = (SELECT id FROM family WHERE pseudonym = ?1) AND issue = ?2",
    )?;
    let mut valid = 0;
    for (letter, is_sound) in all {
        let of_old = (letter.family, letter.issue);
        let family = families.get(&letter.family).copied().unwrap_or(letter.family);
        let shift = letter.shift.and_then(|_| shifts.get(&of_old).copied());
        let new = Letter { family, issued_on: None, shift, ..letter };
        let mut sum = checksum(&new);
        if !is_sound {
            sum[0] ^= 1;
        }
        valid += u64::from(new.shift.is_some());
        update.execute((of_old.0.as_bytes(), of_old.1, new.shift, sum))?;
    }
    Ok(valid)
}

/// Checks every letter.
pub(super) fn verify(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let number = verify_rows(connection, ALL, checked, findings)?;
    findings.extend(check_number(connection, number).err().map(|error| error.to_string()));
    Ok(())
}
