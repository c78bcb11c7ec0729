//! Lists candidates page by page: only those of the page leave the ledger, however many there are.

use std::collections::BTreeSet;

use crate::audit::Entry;
use crate::ledger::SliceFilter;
pub use crate::ledger::{SliceOrder, SlicePlace};
use crate::model::Pseudonym;
use crate::report::{CandidateReport, Comparison};

use super::candidates::{add_reviews, report};
use super::manifest::criterion_used;
use super::meaning::MeaningOptions;
use crate::store::configuration::limits::checked_threshold;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::naming::first_digits::between;
use crate::store::observer::Silent;

/// The candidates of one page of a list.
#[derive(Clone, Debug, Default)]
pub struct SliceQuery {
    /// The first digits of the pseudonym of the family or the child.
    pub digits: Option<String>,
    /// The least log10 LR.
    pub min_log10_lr: Option<f64>,
    /// The most incompatible loci.
    pub max_incompatible: Option<u32>,
    /// Only candidates that are new in the last run.
    pub new: bool,
    /// Only candidates with a review, or only those without one.
    pub reviewed: Option<bool>,
    /// Only candidates of which the child or a relative was sent by this agency.
    pub agency: Option<String>,
    /// The order.
    pub order: SliceOrder,
    /// The last candidate of the page before this one.
    pub after: Option<SlicePlace>,
    /// The most candidates of the page.
    pub most: u32,
    /// Adds what the candidates mean, which takes some milliseconds for each of them.
    pub meaning: bool,
}

/// One page of a list of candidates.
#[derive(Debug)]
#[non_exhaustive]
pub struct Slice {
    /// The run and the candidates of the page.
    pub report: CandidateReport,
    /// The number of candidates on all pages.
    pub count: u64,
    /// The place after which the next page begins; `None` for the last page.
    pub next: Option<SlicePlace>,
    /// `true` if the ledger has changed since the run.
    pub outdated: bool,
    /// The least log10 LR of a candidate of the run, as far as it is known.
    pub min_log10_lr: Option<f64>,
}

impl Store {
    /// Lists one page of the current candidates, without identities.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let mut query = SliceQuery { most: 50, ..SliceQuery::default() };
    /// let first = store.candidate_slice(&query, &store::entry("candidates", None))?;
    /// query.after = first.next;
    /// let second = store.candidate_slice(&query, &store::entry("candidates", None))?;
    /// println!("{} of {}", second.report.candidates.len(), second.count);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NeverMatched`] before the first run; [`StoreError::FirstDigits`], [`StoreError::Number`]; errors of
    /// the ledger.
    pub fn candidate_slice(&self, query: &SliceQuery, entry: &Entry) -> Result<Slice, StoreError> {
        query.min_log10_lr.map(checked_threshold).transpose()?;
        let mut ledger = self.ledger()?;
        let Some((number, run)) = ledger.last_run()? else { return Err(StoreError::NeverMatched) };
        let filter = SliceFilter {
            between: query.digits.as_deref().map(between).transpose()?,
            min_log10_lr: query.min_log10_lr,
            max_incompatible: query.max_incompatible,
            first_run: query.new.then_some(number),
            reviewed: query.reviewed,
            agency: query.agency.clone(),
        };
        let mut found =
            ledger.candidate_slice(&filter, query.order, query.after.as_ref(), query.most.saturating_add(1))?;
        let has_more = found.len() > query.most as usize;
        found.truncate(query.most as usize);
        let next = found.last().filter(|_| has_more).map(SlicePlace::from);
        let min_log10_lr = criterion_used(&run.manifest).map(|used| used.min_log10_lr);
        let comparison = Comparison {
            min_loci: run.min_loci,
            pairs_not_comparable: run.pairs_not_comparable,
            ..Comparison::default()
        };
        let candidates = found.iter().map(|current| (&current.candidate, current.first_run)).collect();
        let mut report = report(self, &ledger, (&self.calculator()?, comparison), (number, run), candidates)?;
        let pairs: BTreeSet<(Pseudonym, Pseudonym)> =
            report.candidates.iter().map(|row| (row.family, row.child)).collect();
        add_reviews(&mut report, &self.review_states_of(&ledger, &pairs)?);
        if query.meaning {
            self.add_meaning(&mut report, &MeaningOptions::default(), &Silent)?;
            self.add_facts(&mut report)?;
        }
        let count = ledger.count_slice(&filter)?;
        let outdated = ledger.generation()?.number != report.run.generation;
        let shown = report.candidates.iter().flat_map(|row| [row.family, row.child]);
        let entry = entry.clone().with("candidates", report.candidates.len());
        let entry = entry.with("run_digest", report.run.digest.as_str()).about(shown);
        ledger.append_look(&entry)?;
        Ok(Slice { report, count, next, outdated, min_log10_lr })
    }
}
