//! Reads one page of the current candidates, from a place on, without reading those before it.

use std::cmp::Ordering;

use rusqlite::ToSql;
use rusqlite::named_params;

use super::candidates::{ALL, candidate};
use super::ledger::Ledger;
use super::{CurrentCandidate, LedgerError};
use crate::model::Pseudonym;

/// The order of the candidates in a list that is read page by page. Equal ones follow each other best first, then by
/// family and child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SliceOrder {
    /// Best first: by falling rank.
    #[default]
    Rank,
    /// Those of the last run first.
    Newest,
    /// Those that were found first, first.
    Oldest,
    /// By family.
    Family,
    /// By child.
    Child,
    /// The most loci compared first.
    MostLoci,
    /// The fewest incompatible loci first.
    FewestIncompatible,
}

impl SliceOrder {
    /// All orders.
    pub const ALL: [Self; 7] =
        [Self::Rank, Self::Newest, Self::Oldest, Self::Family, Self::Child, Self::MostLoci, Self::FewestIncompatible];

    /// Returns the column that comes before the rank, the sign of what follows a place in it, and its direction.
    fn column(self) -> Option<(&'static str, &'static str, &'static str)> {
        Some(match self {
            Self::Rank => return None,
            Self::Newest => ("first_run_id", "<", "DESC"),
            Self::Oldest => ("first_run_id", ">", "ASC"),
            Self::Family => ("family", ">", "ASC"),
            Self::Child => ("child", ">", "ASC"),
            Self::MostLoci => ("loci_compared", "<", "DESC"),
            Self::FewestIncompatible => ("incompatible_loci", ">", "ASC"),
        })
    }
}

/// Selection of candidates; all but identities by default.
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// Lists only pairs of which the child or a relative was sent by this agency.
    pub agency: Option<String>,
}

/// The place of a candidate in a list: the next page begins after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlicePlace {
    /// Its rank, see [`Candidate::rank`](crate::model::Candidate::rank).
    pub rank: f64,
    /// The run that first found it.
    pub first_run: i64,
    /// The number of loci compared.
    pub loci_compared: u32,
    /// The number of incompatible loci.
    pub incompatible_loci: u32,
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
}

impl From<&CurrentCandidate> for SlicePlace {
    fn from(CurrentCandidate { candidate, first_run, .. }: &CurrentCandidate) -> Self {
        Self {
            rank: candidate.rank(),
            first_run: *first_run,
            loci_compared: candidate.loci_compared,
            incompatible_loci: candidate.incompatible_loci,
            family: candidate.family,
            child: candidate.child,
        }
    }
}

impl SlicePlace {
    /// Reports whether a candidate follows this place in a list that is best first.
    #[must_use]
    pub fn is_before(&self, CurrentCandidate { candidate, .. }: &CurrentCandidate) -> bool {
        match candidate.rank().partial_cmp(&self.rank) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => candidate.pair() > (self.family, self.child),
            _ => false,
        }
    }
}

/// The condition of a [`SliceFilter`].
const WHERE: &str = "same_as IS NULL
 AND (:first IS NULL OR family BETWEEN :first AND :last OR child BETWEEN :first AND :last)
 AND (:least IS NULL OR log10_lr >= :least)
 AND (:incompatible IS NULL OR incompatible_loci <= :incompatible)
 AND (:run IS NULL OR first_run_id >= :run)
 AND (:reviewed IS NULL OR :reviewed = EXISTS (SELECT 1 FROM review_case
      WHERE review_case.child = candidate.child AND coalesce(review_case.family, x'') = candidate.family))
 AND (:agency IS NULL
      OR EXISTS (SELECT 1 FROM sample WHERE sample.pseudonym = candidate.child AND sample.agency = :agency)
      OR EXISTS (SELECT 1 FROM family JOIN member ON member.family_id = family.id JOIN sample ON sample.id = member.sample_id
                 WHERE family.pseudonym = candidate.family AND sample.agency = :agency))";

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
        let (condition, by) = match order.column() {
            None => (BEHIND.to_owned(), String::new()),
            Some((column, sign, direction)) => {
                let at = format!(":{column}");
                // An index leads to the place only by the first part.
                (
                    format!("({column} {sign}= {at} AND ({column} <> {at} OR {BEHIND}))"),
                    format!("{column} {direction}, "),
                )
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
        if let Some(SlicePlace { rank, first_run, loci_compared, incompatible_loci, family, child }) = after {
            set(":rank", rank)?;
            set(":first_run_id", first_run)?;
            set(":loci_compared", loci_compared)?;
            set(":incompatible_loci", incompatible_loci)?;
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
    let SliceFilter { between, min_log10_lr, max_incompatible, first_run, reviewed, agency } = filter;
    let values = named_params! {
        ":first": between.map(|ends| *ends.0.as_bytes()),
        ":last": between.map(|ends| *ends.1.as_bytes()),
        ":least": min_log10_lr,
        ":incompatible": max_incompatible,
        ":run": first_run,
        ":reviewed": reviewed,
        ":agency": agency,
    };
    for (name, value) in values {
        if let Some(at) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(at, value)?;
        }
    }
    Ok(())
}
