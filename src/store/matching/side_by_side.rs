//! Gathers the candidates that share their child or their family, to compare them side by side.

use std::collections::BTreeSet;

use crate::audit::Entry;
use crate::ledger::{CandidateFilter, CurrentCandidate, Ledger};
use crate::matching::{LocusExplanation, explain};
use crate::model::{Locus, Pseudonym};
use crate::report::{CandidateReport, Comparison, FactsPair};

use super::candidates::report;
use super::meaning::MeaningOptions;
use super::slice::SlicePlace;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::observer::Silent;

/// What candidates have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// The child: each is with another family.
    Child,
    /// The family: each is with another child.
    Family,
}

/// Selects the candidates to compare with one.
#[derive(Clone, Debug)]
pub struct SideBySideQuery {
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// What the others share with this pair.
    pub shared: Shared,
    /// The last one of the others that were shown before.
    pub after: Option<SlicePlace>,
    /// The most others.
    pub most: u32,
}

/// Candidates to compare side by side.
#[derive(Debug)]
#[non_exhaustive]
pub struct SideBySide {
    /// The candidates, weighed and with their reviews: the pair itself if it is a candidate, then others, the best first.
    pub report: CandidateReport,
    /// What else is compared of each candidate.
    pub details: Vec<PairDetails>,
    /// `true` if the pair itself is a candidate.
    pub is_candidate: bool,
    /// The number of the others, shown or not.
    pub others: u64,
    /// The place after which further others follow; `None` after the last one.
    pub next: Option<SlicePlace>,
    /// `true` if the ledger has changed since the run.
    pub outdated: bool,
}

/// What is compared of a candidate besides its row in a list.
#[derive(Debug)]
#[non_exhaustive]
pub struct PairDetails {
    /// The comparison of what is stated of both children; `None` if nothing is.
    pub facts: Option<FactsPair>,
    /// Each locus, without genotypes; `None` if the pair cannot be explained now.
    pub loci: Option<Vec<LocusRatio>>,
}

/// The likelihood ratio of a pair at a locus, with the relationships as they are stated.
#[derive(Clone, Debug, PartialEq)]
pub struct LocusRatio {
    /// The locus.
    pub locus: Locus,
    /// log10 LR; `None` if the locus is not compared.
    pub log10_lr: Option<f64>,
    /// `true` if the child requires a mutation.
    pub is_incompatible: bool,
}

impl Store {
    /// Counts the other candidates of a child, and those of a family. Nothing is recorded: whoever shows the numbers shows
    /// the pair, too.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn count_beside(&self, family: Pseudonym, child: Pseudonym) -> Result<[u64; 2], StoreError> {
        let ledger = self.ledger()?;
        let all = CandidateFilter { identities: Some(false), ..CandidateFilter::default() };
        let itself = CandidateFilter { family: Some(family), child: Some(child), ..all };
        let itself = ledger.count_candidates(&itself)?;
        let of_child = ledger.count_candidates(&CandidateFilter { child: Some(child), ..all })?;
        let of_family = ledger.count_candidates(&CandidateFilter { family: Some(family), ..all })?;
        Ok([of_child, of_family].map(|count| count.saturating_sub(itself)))
    }

    /// Gathers a candidate and others of its child or of its family, without genotypes. This takes some milliseconds for
    /// each of them.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let family = "6f7d1c0b5a4e4d3c8b2a190817263544".parse()?;
    /// let child = "00112233445566778899aabbccddeeff".parse()?;
    /// let query = SideBySideQuery { family, child, shared: Shared::Child, after: None, most: 3 };
    /// let beside = store.side_by_side(&query, &store::entry("compare", None))?;
    /// println!("{} other families for this child", beside.others);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::NoChild`]; [`StoreError::NeverMatched`] before the first run; errors of the
    /// ledger.
    pub fn side_by_side(&self, query: &SideBySideQuery, entry: &Entry) -> Result<SideBySide, StoreError> {
        self.recording_unknown(entry, self.side_by_side_of_known(query, entry))
    }

    fn side_by_side_of_known(&self, query: &SideBySideQuery, entry: &Entry) -> Result<SideBySide, StoreError> {
        let &SideBySideQuery { family, child, shared, after, most } = query;
        let mut ledger = self.ledger()?;
        if !ledger.has_family(family)? {
            return Err(StoreError::NoFamily(family));
        }
        if !ledger.has_child(child)? {
            return Err(StoreError::NoChild(child));
        }
        let Some((number, run)) = ledger.last_run()? else { return Err(StoreError::NeverMatched) };
        let of_shared = match shared {
            Shared::Child => CandidateFilter { child: Some(child), ..CandidateFilter::default() },
            Shared::Family => CandidateFilter { family: Some(family), ..CandidateFilter::default() },
        };
        let all = ledger.candidates(&CandidateFilter { identities: Some(false), ..of_shared })?;
        let is_itself = |one: &CurrentCandidate| one.candidate.pair() == (family, child);
        let (mut columns, others): (Vec<CurrentCandidate>, Vec<CurrentCandidate>) =
            all.into_iter().partition(is_itself);
        let (is_candidate, count) = (!columns.is_empty(), others.len() as u64);
        let mut rest = others.into_iter().skip_while(|one| after.is_some_and(|place| !place.is_before(one)));
        let shown: Vec<CurrentCandidate> = rest.by_ref().take(most as usize).collect();
        let next = rest.next().and(shown.last()).map(SlicePlace::from);
        columns.extend(shown);

        let comparison = Comparison {
            min_loci: run.min_loci,
            pairs_not_comparable: run.pairs_not_comparable,
            ..Comparison::default()
        };
        let candidates = columns.iter().map(|current| (&current.candidate, current.first_run)).collect();
        let mut report = report(self, &ledger, (&self.calculator()?, comparison), (number, run), candidates)?;
        self.add_meaning(&mut report, &MeaningOptions::default(), &Silent)?;
        self.add_facts(&mut report)?;
        let mut details = Vec::with_capacity(report.candidates.len());
        let mut shown = BTreeSet::from([family, child]);
        for row in &mut report.candidates {
            // One without a history may contradict a pair that was confirmed.
            let review = self.review_of_pair(&ledger, row.family, row.child, None)?.0.review;
            row.review = Some(Box::new(review));
            shown.extend([row.family, row.child]);
            let loci = match self.loci_of_pair(&ledger, (row.family, row.child), &mut shown) {
                Ok(loci) => Some(loci),
                Err(StoreError::NotSearched(_) | StoreError::Unscorable { .. }) => None,
                Err(error) => return Err(error),
            };
            details.push(PairDetails { facts: self.facts_of_pair(&ledger, row.family, row.child, None)?, loci });
        }
        let outdated = ledger.generation()?.number != report.run.generation;
        let entry = self.name_table(entry).with("candidates", report.candidates.len());
        let entry = entry.with("run_digest", report.run.digest.as_str());
        ledger.append_look(&entry.about(shown))?;
        Ok(SideBySide { report, details, is_candidate, others: count, next, outdated })
    }

    /// Returns the likelihood ratio of a pair at each locus, and adds the relatives to those who are shown.
    fn loci_of_pair(
        &self,
        ledger: &Ledger,
        (family, child): (Pseudonym, Pseudonym),
        shown: &mut BTreeSet<Pseudonym>,
    ) -> Result<Vec<LocusRatio>, StoreError> {
        let family = self.family(ledger, family)?;
        let child = ledger.child(self.table().panel(), child)?.ok_or(StoreError::NoChild(child))?;
        self.refuse_not_searched(ledger, &family, child.pseudonym)?;
        let explanation = explain(&self.calculator()?, &family, &child, None)
            .map_err(|error| StoreError::Unscorable { locus: error.locus, reason: error.reason })?;
        shown.extend(family.relatives.iter().map(|relative| relative.sample));
        // Linked loci and inbred children have a value at loci that are not compared.
        let has_value = |is_compared: bool, log10_lr: f64| is_compared || log10_lr != 0.0;
        let ratio = |locus: &LocusExplanation| LocusRatio {
            locus: locus.locus.clone(),
            log10_lr: Some(locus.log10_lr).filter(|&log10_lr| has_value(locus.is_compared, log10_lr)),
            is_incompatible: locus.is_compatible == Some(false),
        };
        Ok(explanation.loci.iter().map(ratio).collect())
    }
}
