//! Reads one page of the current candidates, from a place on, without reading those before it.

use rusqlite::ToSql;
use rusqlite::named_params;

use super::candidates::{ALL, candidate};
use super::ledger::Ledger;
use super::{CurrentCandidate, LedgerError};
use crate::model::Pseudonym;

/// The order of the candidates in a list that is read page by page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SliceOrder {
    /// Best first: by falling rank, then by family and child.
    #[default]
    Rank,
    /// Those of the last run first, and in a run best first.
    Newest,
}

/// Selection of candidates; all but identities by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SliceFilter {
    /// Lists only pairs whose family or child lies between two pseudonyms, which are included.
    pub between: Option<(Pseudonym, Pseudonym)>,
    /// The least log10 LR.
    pub min_log10_lr: Option<f64>,
    /// The most incompatible loci.
    pub max_incompatible: Option<u32>,
    /// Lists only pairs that this run or a later one found first.
    pub first_run: Option<i64>,
    /// Lists only pairs with a review, or only pairs without one.
    pub reviewed: Option<bool>,
}

/// The place of a candidate in a list: the next page begins after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlicePlace {
    /// Its rank, see [`Candidate::rank`](crate::model::Candidate::rank).
    pub rank: f64,
    /// The run that first found it.
    pub first_run: i64,
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
}

impl From<&CurrentCandidate> for SlicePlace {
    fn from(CurrentCandidate { candidate, first_run, .. }: &CurrentCandidate) -> Self {
        let (family, child) = (candidate.family, candidate.child);
        Self { rank: candidate.rank(), first_run: *first_run, family, child }
    }
}

/// The condition of a [`SliceFilter`].
const WHERE: &str = "same_as IS NULL
 AND (:first IS NULL OR family BETWEEN :first AND :last OR child BETWEEN :first AND :last)
 AND (:least IS NULL OR log10_lr >= :least)
 AND (:incompatible IS NULL OR incompatible_loci <= :incompatible)
 AND (:run IS NULL OR first_run_id >= :run)
 AND (:reviewed IS NULL OR :reviewed = EXISTS (SELECT 1 FROM review_case
      WHERE review_case.child = candidate.child AND coalesce(review_case.family, x'') = candidate.family))";

impl Ledger {
    /// Returns the next candidates of a list, at most this number: from the first one, or after a place.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn candidate_slice(
        &self,
        filter: &SliceFilter,
        order: SliceOrder,
        after: Option<&SlicePlace>,
        most: u32,
    ) -> Result<Vec<CurrentCandidate>, LedgerError> {
        const BEHIND: &str = "(log10_lr + log10_doubt < :rank OR (log10_lr + log10_doubt = :rank AND (family, child) > (:family, :child)))";
        let (condition, by) = match order {
            SliceOrder::Rank => (BEHIND.to_owned(), ""),
            SliceOrder::Newest => {
                (format!("(first_run_id < :found OR (first_run_id = :found AND {BEHIND}))"), "first_run_id DESC, ")
            }
        };
        let condition = if after.is_some() { condition } else { "TRUE".to_owned() };
        let sql = format!(
            "{ALL} WHERE {WHERE} AND {condition} ORDER BY {by}log10_lr + log10_doubt DESC, family, child LIMIT :most"
        );
        let mut statement = self.connection.prepare(&sql)?;
        bind(&mut statement, filter)?;
        let mut set = |name: &str, value: &dyn ToSql| match statement.parameter_index(name)? {
            Some(at) => statement.raw_bind_parameter(at, value),
            None => Ok(()),
        };
        set(":most", &most)?;
        if let Some(SlicePlace { rank, first_run, family, child }) = after {
            set(":rank", rank)?;
            set(":found", first_run)?;
            set(":family", family.as_bytes())?;
            set(":child", child.as_bytes())?;
        }
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(candidate(row)?);
        }
        Ok(all)
    }

    /// Counts the candidates that a filter lets through.
    ///
    /// # Errors
    /// A database error.
    pub fn count_slice(&self, filter: &SliceFilter) -> Result<u64, LedgerError> {
        let mut statement = self.connection.prepare(&format!("SELECT count(*) FROM candidate WHERE {WHERE}"))?;
        bind(&mut statement, filter)?;
        let mut rows = statement.raw_query();
        let count: i64 = rows.next()?.map_or(Ok(0), |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

/// Binds the values of [`WHERE`].
fn bind(statement: &mut rusqlite::Statement<'_>, filter: &SliceFilter) -> rusqlite::Result<()> {
    let SliceFilter { between, min_log10_lr, max_incompatible, first_run, reviewed } = filter;
    let values = named_params! {
        ":first": between.map(|ends| *ends.0.as_bytes()),
        ":last": between.map(|ends| *ends.1.as_bytes()),
        ":least": min_log10_lr,
        ":incompatible": max_incompatible,
        ":run": first_run,
        ":reviewed": reviewed,
    };
    for (name, value) in values {
        if let Some(at) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(at, value)?;
        }
    }
    Ok(())
}
