//! Keeps the pairs that are no longer candidates: which run or import lost them, and why.

use std::collections::HashMap;

use rusqlite::{Connection, Params, Row, Statement, ToSql, Transaction};

use super::LedgerError;
use super::checksum::{Checksum, Sum, verify_rows};
use super::column::pseudonym;
use super::ledger::Ledger;
use crate::model::Pseudonym;

/// Why a pair is no longer a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LossCause {
    /// The family was withdrawn.
    FamilyWithdrawn,
    /// A sample or the family's relatives were replaced, added or corrected by an import.
    DataChanged,
    /// The terms of a sample do not allow the comparison any more.
    PurposeEnded,
    /// The run had other settings, other frequencies or another threshold.
    SettingsChanged,
    /// Not a loss: the pair came back with the numbers that it had before it was lost.
    Returned,
    /// As [`Self::DataChanged`], but the next run found the pair again, with the new data.
    FoundAgain,
    /// The pair does not meet the criterion any more for another reason, as when better pairs displace it.
    BelowCriterion,
}

impl LossCause {
    /// All causes.
    pub const ALL: [Self; 7] = [
        Self::FamilyWithdrawn,
        Self::DataChanged,
        Self::PurposeEnded,
        Self::FoundAgain,
        Self::Returned,
        Self::SettingsChanged,
        Self::BelowCriterion,
    ];

    /// Returns the word for the cause, in the ledger and in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::FamilyWithdrawn => "family-withdrawn",
            Self::DataChanged => "data-changed",
            Self::PurposeEnded => "purpose-ended",
            Self::FoundAgain => "found-again",
            Self::Returned => "returned",
            Self::SettingsChanged => "settings-changed",
            Self::BelowCriterion => "below-criterion",
        }
    }

    /// Returns words for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::FamilyWithdrawn => "the family was withdrawn",
            Self::DataChanged => "a sample or the relatives were changed",
            Self::PurposeEnded => "the terms of a sample do not allow the comparison",
            Self::FoundAgain => "a sample or the relatives were changed; found again",
            Self::Returned => "it came back with the same numbers",
            Self::SettingsChanged => "the run had other settings",
            Self::BelowCriterion => "it does not meet the criterion any more",
        }
    }
}

/// A pair that is no longer a candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct LostCandidate {
    /// The run that lost it; for an import, the run after it, which there may not be yet.
    pub lost_in: i64,
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// The last log10 LR.
    pub log10_lr: f64,
    /// The first run of the series in which the pair was a candidate.
    pub first_run: i64,
    /// The cause.
    pub cause: LossCause,
}

/// The columns of a lost candidate, in the order that [`read`] expects.
const ALL: &str = "SELECT lost_in, family, child, log10_lr, first_run_id, cause, sum FROM lost";

impl Ledger {
    /// Returns the pairs that runs and imports lost, the first ones first.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn lost(&self) -> Result<Vec<LostCandidate>, LedgerError> {
        selected(&self.connection, "true ORDER BY lost_in, family, child", [])
    }

    /// Reports whether a pair is a candidate, or was one in an earlier run.
    ///
    /// # Errors
    /// A database error.
    pub(crate) fn was_candidate(&self, family: Pseudonym, child: Pseudonym) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM candidate WHERE family = ?1 AND child = ?2)
                       OR EXISTS (SELECT 1 FROM lost WHERE family = ?1 AND child = ?2)";
        let pair = [family.as_bytes(), child.as_bytes()];
        Ok(self.connection.query_row(sql, pair, |row| row.get(0))?)
    }

    /// Counts, per run, the pairs that it found first, whether or not they are still candidates.
    ///
    /// # Errors
    /// A database error.
    pub fn pairs_by_first_run(&self) -> Result<Vec<(i64, u64)>, LedgerError> {
        let mut statement = self.connection.prepare(
            "SELECT first_run_id, count(*) FROM (SELECT first_run_id, family, child FROM candidate WHERE same_as IS NULL
             UNION SELECT first_run_id, family, child FROM lost) GROUP BY 1 ORDER BY 1",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn checksum(lost: &LostCandidate) -> Sum {
    Checksum::default()
        .with(lost.lost_in.to_le_bytes())
        .with(lost.family.as_bytes())
        .with(lost.child.as_bytes())
        .with(lost.log10_lr.to_le_bytes())
        .with(lost.first_run.to_le_bytes())
        .with(lost.cause.word())
        .sum()
}

fn read(row: &Row<'_>) -> Result<(LostCandidate, Option<Sum>), LedgerError> {
    let (family, child) = (pseudonym(row, 1)?, pseudonym(row, 2)?);
    let word = row.get_ref(5)?.as_str().unwrap_or_default().to_owned();
    let cause = LossCause::ALL.into_iter().find(|cause| cause.word() == word);
    let lost = LostCandidate {
        lost_in: row.get(0)?,
        family,
        child,
        log10_lr: row.get(3)?,
        first_run: row.get(4)?,
        cause: cause.ok_or_else(|| damaged(family, child))?,
    };
    Ok((lost, row.get(6)?))
}

fn checked(row: &Row<'_>) -> Result<LostCandidate, LedgerError> {
    let (lost, sum) = read(row)?;
    if sum == Some(checksum(&lost)) { Ok(lost) } else { Err(damaged(lost.family, lost.child)) }
}

fn damaged(family: Pseudonym, child: Pseudonym) -> LedgerError {
    LedgerError::Damaged { of: format!("the former candidate {child} of the family {family}"), what: "it was changed" }
}

/// Records lost candidates. The last loss of a pair before a run replaces an earlier one.
pub(super) fn record(tx: &Transaction<'_>, lost: &[LostCandidate]) -> Result<(), LedgerError> {
    let mut insert = tx.prepare(
        "INSERT OR REPLACE INTO lost (lost_in, family, child, log10_lr, first_run_id, cause, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for one in lost {
        insert.execute((
            one.lost_in,
            one.family.as_bytes(),
            one.child.as_bytes(),
            one.log10_lr,
            one.first_run,
            one.cause.word(),
            checksum(one),
        ))?;
    }
    Ok(())
}

/// Deletes candidates, and keeps them as lost to the next run.
pub(super) struct Deletion<'t> {
    tx: &'t Transaction<'t>,
    lost_in: i64,
    cause: LossCause,
    deleted: u64,
    lost: Vec<LostCandidate>,
}

impl<'t> Deletion<'t> {
    pub(super) fn new(tx: &'t Transaction<'t>) -> Result<Self, LedgerError> {
        Self::because(tx, LossCause::DataChanged)
    }

    pub(super) fn because(tx: &'t Transaction<'t>, cause: LossCause) -> Result<Self, LedgerError> {
        let lost_in = tx.query_row("SELECT coalesce(max(id), 0) + 1 FROM run", [], |row| row.get(0))?;
        Ok(Self { tx, lost_in, cause, deleted: 0, lost: Vec::new() })
    }

    /// Prepares the deletion of the candidates that a condition selects.
    pub(super) fn prepare(&self, condition: &str) -> Result<Statement<'t>, LedgerError> {
        Ok(self.tx.prepare(&format!(
            "DELETE FROM candidate WHERE {condition} RETURNING family, child, log10_lr, first_run_id, same_as IS NULL"
        ))?)
    }

    /// Deletes the candidates that a prepared condition selects for this value.
    pub(super) fn delete(&mut self, statement: &mut Statement<'_>, value: impl ToSql) -> Result<(), LedgerError> {
        let mut rows = statement.query([value])?;
        while let Some(row) = rows.next()? {
            self.deleted += 1;
            if row.get(4)? {
                let (lost_in, cause) = (self.lost_in, self.cause);
                let (family, child) = (pseudonym(row, 0)?, pseudonym(row, 1)?);
                let (log10_lr, first_run) = (row.get(2)?, row.get(3)?);
                self.lost.push(LostCandidate { lost_in, family, child, log10_lr, first_run, cause });
            }
        }
        Ok(())
    }

    /// Records what was lost; returns how many candidates were deleted.
    pub(super) fn finish(self) -> Result<u64, LedgerError> {
        record(self.tx, &self.lost)?;
        Ok(self.deleted)
    }
}

/// For each family and child, the first run and the last log10 LR.
type LostPairs = HashMap<(Pseudonym, Pseudonym), (i64, f64)>;

/// Returns the first run and the last log10 LR of the pairs whose last loss was for another reason than new data.
pub(super) fn with_same_data(tx: &Transaction<'_>) -> Result<LostPairs, LedgerError> {
    let mut pairs = HashMap::new();
    for one in selected(tx, "true ORDER BY lost_in", [])? {
        match one.cause {
            LossCause::DataChanged | LossCause::FoundAgain => pairs.remove(&(one.family, one.child)),
            LossCause::Returned => None,
            _ => pairs.insert((one.family, one.child), (one.first_run, one.log10_lr)),
        };
    }
    Ok(pairs)
}

/// Marks those of the pairs that an import lost which this run found again.
pub(super) fn found_again(
    tx: &Transaction<'_>,
    run: i64,
    is_candidate: impl Fn(Pseudonym, Pseudonym) -> bool,
) -> Result<(), LedgerError> {
    let mut again = of_run(tx, run)?;
    let by_import = |one: &LostCandidate| matches!(one.cause, LossCause::DataChanged | LossCause::PurposeEnded);
    again.retain(|one| by_import(one) && is_candidate(one.family, one.child));
    again.iter_mut().for_each(|one| one.cause = LossCause::FoundAgain);
    record(tx, &again)
}

/// Returns the pairs that were lost in a run.
pub(super) fn of_run(tx: &Transaction<'_>, run: i64) -> Result<Vec<LostCandidate>, LedgerError> {
    selected(tx, "lost_in = ?1 ORDER BY family, child", [run])
}

/// Reads the rows that a condition selects, and checks them.
fn selected(connection: &Connection, condition: &str, values: impl Params) -> Result<Vec<LostCandidate>, LedgerError> {
    let mut statement = connection.prepare(&format!("{ALL} WHERE {condition}"))?;
    let mut rows = statement.query(values)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(checked(row)?);
    }
    Ok(all)
}

/// Deletes what is known about a family or a child that is expunged.
pub(super) fn forget(tx: &Transaction<'_>, who: Pseudonym) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM lost WHERE family = ?1 OR child = ?1", [who.as_bytes()]).map(drop)
}

/// Renames the pairs after a change of the key, and drops those of whom the ledger has no new name. A row with a wrong
/// checksum keeps it, so that the damage stays visible.
pub(super) fn rename(
    tx: &Transaction<'_>,
    families: &HashMap<Pseudonym, Pseudonym>,
    samples: &HashMap<Pseudonym, Pseudonym>,
) -> Result<(), LedgerError> {
    let mut statement = tx.prepare(ALL)?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    tx.execute("DELETE FROM lost", [])?;
    for (one, sum) in all {
        let is_sound = sum == Some(checksum(&one));
        let names = families.get(&one.family).zip(samples.get(&one.child));
        if let Some((&family, &child)) = names {
            let one = LostCandidate { family, child, ..one };
            record(tx, std::slice::from_ref(&one))?;
            if !is_sound {
                tx.execute(
                    "UPDATE lost SET sum = ?4 WHERE lost_in = ?1 AND family = ?2 AND child = ?3",
                    (one.lost_in, family.as_bytes(), child.as_bytes(), sum),
                )?;
            }
        }
    }
    Ok(())
}

/// Checks every row.
pub(super) fn verify(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    verify_rows(connection, ALL, checked, findings).map(drop)
}
