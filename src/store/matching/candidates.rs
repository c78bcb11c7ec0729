//! Lists the current candidates of a store, with the run that found them.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::civil::Date;
use rayon::prelude::*;

use crate::audit::Entry;
use crate::kinship::Calculator;
use crate::ledger::{CandidateFilter, Ledger, RunRecord};
use crate::matching::{alternatives, views};
use crate::meaning::Class;
use crate::model::{Candidate, Pseudonym, Unscorable};
use crate::report::{
    AlternativesRow, CandidateReport, CandidateRow, Comparison, ReviewState, RunSummary, SCHEMA_VERSION, TableUsed,
    ViewsRow,
};
use crate::review::{Conflict, Status};

use super::duplicates::Identities;
use super::manifest::{criterion_used, table_used};
use super::meaning::{MeaningOptions, facts};
use crate::store::configuration::changed::ChangedSetting;
use crate::store::configuration::limits::{checked_chance_hits, checked_threshold};
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::observer::Observer;
use crate::store::pages::people::People;
use crate::store::review::lists::ReviewStates;

/// The candidates to list, and how. Nothing of it changes the stored run.
#[derive(Clone, Debug, Default)]
pub struct CandidateQuery {
    /// Only candidates of this family.
    pub family: Option<Pseudonym>,
    /// Only candidates of this child.
    pub child: Option<Pseudonym>,
    /// Only candidates that are new since then.
    pub since: Option<Since>,
    /// Only candidates with at least this log10 LR.
    pub min_log10_lr: Option<f64>,
    /// Only the best candidates of each family, at most this number.
    pub max_per_family: Option<u32>,
    /// Only candidates with at most this expected number of chance hits.
    pub max_chance_hits: Option<f64>,
    /// Only candidates of these classes; of all classes if it is empty.
    pub classes: BTreeSet<Class>,
    /// Only candidates with this agency on one of the two sides.
    pub agency: Option<String>,
    /// Only candidates with this region on one of the two sides.
    pub region: Option<String>,
    /// Only candidates that two reviewers have not decided, or whose basis has changed since.
    pub undecided: bool,
    /// The laboratory's own list of numbers, to name families and children by; its use is recorded.
    pub numbers: Option<PathBuf>,
    /// The order.
    pub sort: Sort,
    /// At most this number of candidates, the first ones; identities are listed all the same.
    pub limit: Option<u32>,
    /// How the candidates are weighed; `None` to leave out what they mean, unless a filter needs it.
    pub meaning: Option<MeaningOptions>,
}

/// A run or a day since which candidates are new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// New in the last run.
    Last,
    /// New in the run of this number, or in a later one.
    Run(i64),
    /// New in a run on this day, by UTC, or later.
    Day(Date),
}

/// The order of a list of candidates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sort {
    /// Best first, by log10 LR, less the doubt of a view.
    #[default]
    Ratio,
    /// By class, then by the posterior; best first.
    Class,
    /// Most probable first.
    Posterior,
    /// Newest first, then best first.
    New,
    /// By family, then best first.
    Family,
    /// By child, then best first.
    Child,
}

impl Sort {
    /// All orders.
    pub const ALL: [Self; 6] = [Self::Ratio, Self::Class, Self::Posterior, Self::New, Self::Family, Self::Child];

    /// Returns the word for the order.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ratio => "lr",
            Self::Class => "class",
            Self::Posterior => "posterior",
            Self::New => "new",
            Self::Family => "family",
            Self::Child => "child",
        }
    }
}

impl CandidateQuery {
    /// Reports whether the query leaves out candidates of the last run by anything but its limit.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.family.is_some() || self.child.is_some() || self.selects()
    }

    /// Reports whether the ledger cannot select the candidates by itself.
    fn selects(&self) -> bool {
        self.since.is_some()
            || self.min_log10_lr.is_some()
            || self.max_per_family.is_some()
            || self.max_chance_hits.is_some()
            || !self.classes.is_empty()
            || self.agency.is_some()
            || self.region.is_some()
            || self.undecided
    }

    /// Reports whether filters or the order need the meaning of every candidate.
    fn needs_meaning(&self) -> bool {
        self.max_chance_hits.is_some() || !self.classes.is_empty() || matches!(self.sort, Sort::Class | Sort::Posterior)
    }
}

/// Candidates of the last run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Candidates {
    /// The run and the selected candidates, best first.
    pub report: CandidateReport,
    /// `true` if the ledger, or the frequency table of the run, has changed since the run.
    pub outdated: bool,
    /// Settings that differ from those of the last run.
    pub changed_settings: Vec<ChangedSetting>,
    /// Number of candidates beyond the limit.
    pub not_shown: u64,
    /// Families that could not be weighed.
    pub unweighed: Vec<Unscorable>,
    /// The least log10 LR of a candidate of the run, as far as it is known.
    pub min_log10_lr: Option<f64>,
}

impl Store {
    /// Lists current candidates.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let query = CandidateQuery { meaning: Some(MeaningOptions::default()), ..CandidateQuery::default() };
    /// let listed = store.candidates(&query, &store::entry("candidates", None), &Silent)?;
    /// for candidate in &listed.report.candidates {
    ///     let class = candidate.meaning.as_ref().map(|meaning| meaning.class.word());
    ///     println!("{} {} {:.2} {class:?}", candidate.family, candidate.child, candidate.log10_lr);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NeverMatched`] before the first run; [`StoreError::NoRun`], [`StoreError::Number`]; those of
    /// [`Self::add_meaning`]; [`StoreError`].
    pub fn candidates(
        &self,
        query: &CandidateQuery,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Candidates, StoreError> {
        self.recording_unknown(entry, self.candidates_of_known(query, entry, observer))
    }

    fn candidates_of_known(
        &self,
        query: &CandidateQuery,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Candidates, StoreError> {
        checked_chance_hits(query.max_chance_hits)?;
        query.min_log10_lr.map(checked_threshold).transpose()?;
        let mut ledger = self.ledger()?;
        // Without other filters, the ledger reads no more candidates than are shown.
        let is_plain = !query.selects() && query.sort == Sort::Ratio;
        let limit = query.limit.filter(|_| is_plain);
        let filter = CandidateFilter { family: query.family, child: query.child, limit, identities: Some(false) };
        let (mut report, of_table) = self.last_report(&ledger, &filter)?;
        self.check_named(&ledger, &filter)?;
        add_reviews(&mut report, &self.review_states()?);
        let (mut not_shown, mut unweighed) = (0, Vec::new());
        if is_plain {
            if let Some(limit) = limit {
                not_shown = ledger.count_candidates(&filter)?.saturating_sub(limit.into());
            }
        } else {
            unweighed = self.select(&ledger, query, &mut report, observer)?;
            if let Some(limit) = query.limit {
                not_shown = report.candidates.len().saturating_sub(limit as usize) as u64;
                report.candidates.truncate(limit as usize);
            }
        }
        if let Some(options) = &query.meaning {
            if !query.needs_meaning() {
                unweighed = self.add_meaning(&mut report, options, observer)?;
            }
            self.add_facts(&mut report)?;
        }
        if let Some(list) = &query.numbers {
            let rows = report.candidates.iter().chain(&report.identities);
            let numbers = self.numbers(list, rows.flat_map(|row| [row.family, row.child]))?;
            for row in report.candidates.iter_mut().chain(&mut report.identities) {
                row.family_number = numbers.of(row.family).map(str::to_owned);
                row.child_number = numbers.of(row.child).map(str::to_owned);
            }
        }
        let exchanged = of_table.is_some_and(|digest| !self.has_table(&report.run.table, &digest));
        let changed_settings = self.changed_settings(&ledger)?;
        let run = ledger.last_run()?;
        let min_log10_lr = run.and_then(|(_, run)| criterion_used(&run.manifest)).map(|used| used.min_log10_lr);
        let outdated = ledger.generation()?.number != report.run.generation || exchanged;
        let shown = report.candidates.iter().chain(&report.identities);
        let shown = shown.flat_map(|candidate| [candidate.family, candidate.child]);
        let entry = entry.clone().with("candidates", report.candidates.len());
        let entry = entry.with("run_digest", report.run.digest.as_str());
        let entry = if query.numbers.is_some() { entry.with("numbers", true) } else { entry };
        let entry = match &report.prior {
            Some(prior) => entry.with("prior", prior.as_str()),
            None => entry,
        };
        ledger.append_look(&entry.about(query.family.into_iter().chain(query.child)).about(shown))?;
        Ok(Candidates { report, outdated, changed_settings, not_shown, unweighed, min_log10_lr })
    }

    /// Leaves the candidates that a query asks for, in its order. Returns the families that could not be weighed.
    fn select(
        &self,
        ledger: &Ledger,
        query: &CandidateQuery,
        report: &mut CandidateReport,
        observer: &dyn Observer,
    ) -> Result<Vec<Unscorable>, StoreError> {
        if let Some(since) = query.since {
            let first = self.first_run_since(ledger, since)?;
            report.candidates.retain(|row| row.first_run >= first);
            report.identities.retain(|row| row.first_run >= first);
        }
        if query.undecided {
            let is_open = |row: &CandidateRow| !row.review.as_deref().is_some_and(is_decided);
            report.candidates.retain(is_open);
            report.identities.retain(is_open);
        }
        if let Some(most) = query.max_per_family {
            // The rows are in the order of their rank.
            let mut seen: HashMap<Pseudonym, u32> = HashMap::new();
            report.candidates.retain(|row| {
                let seen = seen.entry(row.family).or_insert(0);
                *seen += 1;
                *seen <= most
            });
        }
        if let Some(least) = query.min_log10_lr {
            let reaches = |row: &CandidateRow| row.log10_lr >= least;
            report.candidates.retain(reaches);
            report.identities.retain(reaches);
        }
        if query.agency.is_some() || query.region.is_some() {
            let rows = report.candidates.iter().chain(&report.identities);
            let (families, children) = rows.map(|row| (row.family, row.child)).unzip();
            let facts = facts(ledger, &families, &children)?;
            let wanted = |row: &CandidateRow| {
                let is_of = |wanted: &Option<String>, of: [&Option<String>; 2]| {
                    wanted.as_ref().is_none_or(|wanted| of.into_iter().any(|one| one.as_ref() == Some(wanted)))
                };
                facts.pair(row.family, row.child).is_some_and(|facts| {
                    is_of(&query.agency, [&facts.family_agency, &facts.child_agency])
                        && is_of(&query.region, [&facts.family_region, &facts.child_region])
                })
            };
            report.candidates.retain(wanted);
            report.identities.retain(wanted);
        }
        let mut unweighed = Vec::new();
        if query.needs_meaning() {
            let options = query.meaning.clone().unwrap_or_default();
            unweighed = self.add_meaning(report, &options, observer)?;
            let of =
                |row: &CandidateRow| row.meaning.as_ref().map(|meaning| (meaning.class, meaning.expected_chance_hits));
            // A candidate that could not be weighed stays: nothing is left out silently.
            report.candidates.retain(|row| {
                of(row).is_none_or(|(class, hits)| {
                    (query.classes.is_empty() || query.classes.contains(&class))
                        && query.max_chance_hits.is_none_or(|most| hits <= most)
                })
            });
        }
        let posterior = |row: &CandidateRow| row.meaning.as_ref().map_or(0.0, |meaning| meaning.posterior);
        let class = |row: &CandidateRow| row.meaning.as_ref().map(|meaning| meaning.class);
        match query.sort {
            Sort::Ratio => {}
            Sort::Class => {
                report.candidates.sort_by(|a, b| class(b).cmp(&class(a)).then(posterior(b).total_cmp(&posterior(a))));
            }
            Sort::Posterior => report.candidates.sort_by(|a, b| posterior(b).total_cmp(&posterior(a))),
            Sort::New => report.candidates.sort_by_key(|row| std::cmp::Reverse(row.first_run)),
            Sort::Family => report.candidates.sort_by_key(|row| row.family),
            Sort::Child => report.candidates.sort_by_key(|row| row.child),
        }
        Ok(unweighed)
    }

    /// Returns the number of the first run since then; the number after the last one if there is none.
    fn first_run_since(&self, ledger: &Ledger, since: Since) -> Result<i64, StoreError> {
        let runs = ledger.runs()?;
        let last = runs.last().map_or(0, |run| run.0);
        match since {
            Since::Last => Ok(last),
            Since::Run(number) if (1..=last).contains(&number) => Ok(number),
            Since::Run(number) => Err(StoreError::NoRun { number, last }),
            Since::Day(day) => {
                let begins: Timestamp = format!("{day}T00:00:00Z").parse().map_err(|_| StoreError::Clock)?;
                let begins = begins.as_second();
                Ok(runs.iter().find(|run| run.1.started_at >= begins).map_or(last + 1, |run| run.0))
            }
        }
    }

    /// Refuses a family or child that the store does not have: its list would be empty for another reason.
    fn check_named(&self, ledger: &Ledger, filter: &CandidateFilter) -> Result<(), StoreError> {
        if let Some(family) = filter.family
            && !ledger.has_family(family)?
        {
            return Err(StoreError::NoFamily(family));
        }
        match filter.child {
            Some(child) if !ledger.has_child(child)? => Err(StoreError::NoChild(child)),
            _ => Ok(()),
        }
    }

    /// Adds to each candidate the likelihood ratios of the person found as the missing child's own child, sibling or
    /// nephew, in the view that made the candidate. This takes some milliseconds for each candidate.
    ///
    /// # Errors
    /// [`StoreError::NeverMatched`], [`StoreError::Model`]; errors of the ledger.
    pub fn add_alternatives(&self, report: &mut CandidateReport) -> Result<(), StoreError> {
        let (ledger, calculator, panel) = (self.ledger()?, self.calculator()?, self.table().panel());
        let pairs = report.candidates.iter().map(|row| (row.family, row.child));
        let people = People::read(&ledger, panel, pairs)?;
        let run = ledger.last_run()?.ok_or(StoreError::NeverMatched)?.1;
        let doubts = criterion_used(&run.manifest).unwrap_or_else(|| self.criterion()).doubts;
        report.candidates.par_iter_mut().for_each(|row| {
            row.alternatives = people.pair(row.family, row.child).and_then(|(family, child)| {
                // The views always include the stated relationships.
                let made_by = views(family, &doubts).into_iter().find(|one| one.view == row.views.made_by)?;
                alternatives(&calculator, &made_by.family, child).ok().map(AlternativesRow::from)
            });
        });
        Ok(())
    }

    /// Reads the last run and the selected current candidates from the ledger. Also returns the digest of the run's
    /// frequency table.
    pub(in crate::store) fn last_report(
        &self,
        ledger: &Ledger,
        filter: &CandidateFilter,
    ) -> Result<(CandidateReport, Option<String>), StoreError> {
        let Some((number, run)) = ledger.last_run()? else { return Err(StoreError::NeverMatched) };
        // Identities are few, and are listed whatever the limit of candidates is.
        let mut found = ledger.candidates(filter)?;
        found.extend(ledger.candidates(&CandidateFilter { limit: None, identities: Some(true), ..*filter })?);
        let candidates = found.iter().map(|current| (&current.candidate, current.first_run)).collect();
        // The lists would be those of this moment; `Store::comparable` computes them.
        let (min_loci, pairs_not_comparable) = (run.min_loci, run.pairs_not_comparable);
        let comparison = Comparison { min_loci, pairs_not_comparable, ..Comparison::default() };
        let (digest, _) = table_used(&run.manifest);
        Ok((report(self, ledger, (&self.calculator()?, comparison), (number, run), candidates)?, digest))
    }

    /// Reports whether the store still has the frequency table of a run.
    fn has_table(&self, used: &TableUsed, digest: &str) -> bool {
        match &used.population {
            None => self.main_digest() == digest,
            Some(name) => self.population_digest(name).is_some_and(|table| HEXLOWER.encode(&table) == digest),
        }
    }
}

/// Adds the states of the reviews. A pair that two reviewers have decided is not new, unless its basis has changed.
pub(in crate::store) fn add_reviews(report: &mut CandidateReport, states: &ReviewStates) {
    for row in report.candidates.iter_mut().chain(&mut report.identities) {
        row.review = states.get(&(row.family, row.child)).cloned().map(Box::new);
        if let Some(review) = &mut row.review {
            // The states may be older than the run that made this pair a candidate.
            review.conflicts.retain(|one| one.conflict != Conflict::NeverCandidate);
        }
        row.new &= !row.review.as_deref().is_some_and(is_decided);
    }
}

/// Reports whether two reviewers have decided a pair whose basis is still the same.
fn is_decided(review: &ReviewState) -> bool {
    matches!(review.status, Status::Confirmed | Status::Refuted) && review.changed.is_empty()
}

/// Builds the report of a run and some of its candidates in their order, each with the run that first found it.
pub(in crate::store) fn report(
    store: &Store,
    ledger: &Ledger,
    (calculator, comparison): (&Calculator, Comparison),
    (number, run): (i64, RunRecord),
    candidates: Vec<(&Candidate, i64)>,
) -> Result<CandidateReport, StoreError> {
    let mut marks: HashMap<Pseudonym, Vec<String>> = HashMap::new();
    for (family, cause) in ledger.marks()? {
        marks.entry(family).or_default().push(cause);
    }
    let of_one_person = candidates.iter().map(|one| one.0).filter(|pair| pair.same_as.is_some());
    let of_one_person: Vec<(Pseudonym, Pseudonym)> = of_one_person.map(Candidate::pair).collect();
    let about = Identities::read(ledger, store, calculator, of_one_person.iter().copied())?;
    let row = |(candidate, first_run): (&Candidate, i64)| CandidateRow {
        family_marks: marks.get(&candidate.family).cloned().unwrap_or_default(),
        family: candidate.family,
        child: candidate.child,
        log10_lr: candidate.log10_lr,
        loci_compared: candidate.loci_compared,
        incompatible_loci: candidate.incompatible_loci,
        few_loci: comparison.min_loci.is_some_and(|least| candidate.loci_compared < least),
        first_run,
        new: first_run == number,
        same_person: about.same_person(candidate).map(Box::new),
        views: ViewsRow::of(candidate),
        alternatives: None,
        facts: None,
        meaning: None,
        assigned: None,
        review: None,
        family_number: None,
        child_number: None,
    };
    let mut found: Vec<CandidateRow> = candidates.into_par_iter().map(row).collect();
    let identities = match of_one_person.is_empty() {
        true => Vec::new(),
        false => found.extract_if(.., |row| row.same_person.is_some()).collect(),
    };
    Ok(CandidateReport {
        schema_version: SCHEMA_VERSION,
        prior: None,
        left_out: ledger.not_searched()?.into_iter().collect(),
        candidates: found,
        identities,
        run: RunSummary {
            mode: run.mode,
            generation: run.generation,
            families: run.families,
            children: run.children,
            pairs: run.pairs,
            seconds: run.seconds,
            digest: HEXLOWER.encode(&run.digest),
            comparison,
            table: table_used(&run.manifest).1,
        },
    })
}
