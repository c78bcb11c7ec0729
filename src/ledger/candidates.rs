//! Reads the current candidates, and checks each against its checksum.

use rayon::prelude::*;
use rusqlite::{Row, Transaction};

use super::checksum::{Checksum, Sum};
use super::column::pseudonym;
use super::ledger::Ledger;
use super::{LedgerError, views};
use crate::model::{Candidate, Pseudonym};

/// A current candidate, and the run since which it is one.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentCandidate {
    /// The pair and its numbers.
    pub candidate: Candidate,
    /// The first run that computed these numbers.
    pub run: i64,
    /// The run that first found the pair; a later one, if an import changed the pair and it was found again, or if it was
    /// lost and came back with another log10 LR.
    pub first_run: i64,
}

/// The run that computed a candidate's numbers, and the run that first found the pair.
pub(super) type Runs = [i64; 2];

impl CurrentCandidate {
    pub(super) fn runs(&self) -> Runs {
        [self.run, self.first_run]
    }
}

/// Selection of the candidates to list; all of them by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct CandidateFilter {
    /// Lists only candidates of this family.
    pub family: Option<Pseudonym>,
    /// Lists only candidates of this child.
    pub child: Option<Pseudonym>,
    /// Lists only candidates, or only identities.
    pub identities: Option<bool>,
    /// Lists at most this number of candidates.
    pub limit: Option<u32>,
}

impl CandidateFilter {
    /// Each case has a text of its own, so that each uses its index.
    fn condition(&self) -> &'static str {
        match (self.family, self.child) {
            (None, None) => "?1 IS NULL AND ?2 IS NULL",
            (Some(_), None) => "family = ?1 AND ?2 IS NULL",
            (None, Some(_)) => "?1 IS NULL AND child = ?2",
            (Some(_), Some(_)) => "family = ?1 AND child = ?2",
        }
    }

    fn values(&self) -> [Option<[u8; 16]>; 2] {
        [self.family, self.child].map(|one| one.map(|pseudonym| *pseudonym.as_bytes()))
    }
}

impl Ledger {
    /// Counts the current candidates that a filter lets through, whatever its limit.
    ///
    /// # Errors
    /// A database error.
    pub fn count_candidates(&self, filter: &CandidateFilter) -> Result<u64, LedgerError> {
        let sql = format!(
            "SELECT count(*) FROM candidate WHERE {} AND (?3 IS NULL OR (same_as IS NOT NULL) = ?3)",
            filter.condition()
        );
        let [family, child] = filter.values();
        Ok(self
            .connection
            .query_row(&sql, (family, child, filter.identities), |row| row.get::<_, i64>(0))?
            .unsigned_abs())
    }

    /// Reports whether the ledger has a family.
    ///
    /// # Errors
    /// A database error.
    pub fn has_family(&self, family: Pseudonym) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM family WHERE pseudonym = ?1)";
        Ok(self.connection.query_row(sql, [family.as_bytes()], |row| row.get(0))?)
    }

    /// Returns families whose pseudonyms lie between two, which are included, at most this number.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn families_between(
        &self,
        first: Pseudonym,
        last: Pseudonym,
        most: u32,
    ) -> Result<Vec<Pseudonym>, LedgerError> {
        self.between("SELECT pseudonym FROM family WHERE pseudonym BETWEEN ?1 AND ?2 LIMIT ?3", (first, last, most))
    }

    /// Returns children whose pseudonyms lie between two, which are included, at most this number.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn children_between(
        &self,
        first: Pseudonym,
        last: Pseudonym,
        most: u32,
    ) -> Result<Vec<Pseudonym>, LedgerError> {
        let sql = "SELECT pseudonym FROM sample WHERE pseudonym BETWEEN ?1 AND ?2 AND role = 'child' LIMIT ?3";
        self.between(sql, (first, last, most))
    }

    /// Returns samples of children and relatives whose pseudonyms lie between two, which are included, at most this number.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn samples_between(&self, first: Pseudonym, last: Pseudonym, most: u32) -> Result<Vec<Pseudonym>, LedgerError> {
        self.between("SELECT pseudonym FROM sample WHERE pseudonym BETWEEN ?1 AND ?2 LIMIT ?3", (first, last, most))
    }

    fn between(
        &self,
        sql: &str,
        (first, last, most): (Pseudonym, Pseudonym, u32),
    ) -> Result<Vec<Pseudonym>, LedgerError> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query((first.as_bytes(), last.as_bytes(), most))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(pseudonym(row, 0)?);
        }
        Ok(found)
    }

    /// Reports whether the ledger has a child.
    ///
    /// # Errors
    /// A database error.
    pub fn has_child(&self, child: Pseudonym) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sample WHERE pseudonym = ?1 AND role = 'child')";
        Ok(self.connection.query_row(sql, [child.as_bytes()], |row| row.get(0))?)
    }

    /// Returns the current candidates, best first: by falling [`Candidate::rank`], then by family and child. Identities come after all
    /// others.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn candidates(&self, filter: &CandidateFilter) -> Result<Vec<CurrentCandidate>, LedgerError> {
        let condition = filter.condition();
        let mut statement = self.connection.prepare(&format!(
            "{ALL} WHERE {condition} AND (?4 IS NULL OR (same_as IS NOT NULL) = ?4) ORDER BY same_as IS NOT NULL, log10_lr + log10_doubt DESC, family, child LIMIT ?3"
        ))?;
        let [family, child] = filter.values();
        let limit = filter.limit.map_or(-1, i64::from);
        let mut rows = statement.query((family, child, limit, filter.identities))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(candidate(row)?);
        }
        Ok(all)
    }
}

/// Columns: family, child, `log10_lr`, loci compared, incompatible loci, run, first run, the relative with the child's
/// profile, the checksum of all of these, and the views.
pub(super) const ALL: &str = "SELECT family, child, log10_lr, loci_compared, incompatible_loci, run_id, first_run_id, same_as, sum, views FROM candidate";

/// Reads a row of [`ALL`].
pub(super) fn candidate(row: &Row<'_>) -> Result<CurrentCandidate, LedgerError> {
    let current = unchecked(row)?;
    if sum(row)? != Some(checksum(&current.candidate, current.runs())) {
        return Err(damaged(&current.candidate));
    }
    Ok(current)
}

/// Compares candidates with their checksums.
///
/// # Errors
/// [`LedgerError::Damaged`] for the first one that was changed.
pub(super) fn check(candidates: &[Candidate], runs: &[Runs], sums: &[Option<Sum>]) -> Result<(), LedgerError> {
    let rows = candidates.par_iter().zip(runs).zip(sums);
    let changed = rows.find_first(|((candidate, runs), sum)| **sum != Some(checksum(candidate, **runs)));
    changed.map_or(Ok(()), |((candidate, _), _)| Err(damaged(candidate)))
}

fn damaged(Candidate { family, child, .. }: &Candidate) -> LedgerError {
    LedgerError::Damaged { of: format!("the candidate {child} of the family {family}"), what: "it was changed" }
}

/// Returns the checksum in a row of [`ALL`].
pub(super) fn sum(row: &Row<'_>) -> rusqlite::Result<Option<Sum>> {
    row.get(8)
}

/// Reads a row of [`ALL`] without checking the checksum.
pub(super) fn unchecked(row: &Row<'_>) -> Result<CurrentCandidate, LedgerError> {
    let candidate = Candidate {
        family: pseudonym(row, 0)?,
        child: pseudonym(row, 1)?,
        log10_lr: row.get(2)?,
        loci_compared: row.get(3)?,
        incompatible_loci: row.get(4)?,
        same_as: row.get::<_, Option<[u8; Pseudonym::LEN]>>(7)?.map(Pseudonym::from_bytes),
        views: None,
    };
    let candidate = match row.get_ref(9)?.as_blob_or_null().map_err(rusqlite::Error::from)? {
        Some(bytes) => {
            Candidate { views: Some(Box::new(views::decode(bytes).ok_or_else(|| damaged(&candidate))?)), ..candidate }
        }
        None => candidate,
    };
    Ok(CurrentCandidate { candidate, run: row.get(5)?, first_run: row.get(6)? })
}

/// Computes the checksum of a candidate.
pub(super) fn checksum(candidate: &Candidate, [run, first_run]: Runs) -> Sum {
    let sum = Checksum::default()
        .with(candidate.family.as_bytes())
        .with(candidate.child.as_bytes())
        .with(candidate.log10_lr.to_le_bytes())
        .with(candidate.loci_compared.to_le_bytes())
        .with(candidate.incompatible_loci.to_le_bytes())
        .with_optional(candidate.same_as.as_ref().map(Pseudonym::as_bytes))
        .with(run.to_le_bytes())
        .with(first_run.to_le_bytes());
    // Candidates of older runs have no views.
    match &candidate.views {
        Some(views) => sum.with(views::encode(views)).sum(),
        None => sum.sum(),
    }
}

/// Stores the checksum of every candidate's present values, whatever checksum it had.
pub(super) fn renew_checksums(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let mut select = tx.prepare(ALL)?;
    let mut update = tx.prepare("UPDATE candidate SET sum = ?3 WHERE family = ?1 AND child = ?2")?;
    let mut rows = select.query([])?;
    let mut all: Vec<CurrentCandidate> = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(unchecked(row)?);
    }
    for current in &all {
        let Candidate { family, child, .. } = &current.candidate;
        update.execute((family.as_bytes(), child.as_bytes(), checksum(&current.candidate, current.runs())))?;
    }
    Ok(())
}
