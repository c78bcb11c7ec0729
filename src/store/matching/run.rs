//! Matches the families of a store with its children and records the run.

use std::collections::HashSet;
use std::time::{Duration, Instant, SystemTime};

use rayon::prelude::*;

use crate::audit::{Attribution, Entry};
use crate::index::Access;
use crate::kinship::Calculator;
use crate::ledger::{Generation, Ledger, RunRecord, Standing};
use crate::matching::{Criterion, MatchResult, Stages, run_digest};
use crate::model::{Candidate, Pseudonym};
use crate::report::{CandidateReport, LostRow, NearRow};

use super::candidates::{add_reviews, report};
use super::compare::{Compared, Extent, Job, basis, extent};
use super::manifest::manifest;
use super::near;
use super::runs::lost_rows;
use crate::store::certificates::check::CertificateNight;
use crate::store::checking::{Checking, marks};
use crate::store::configuration::limits::{checked_chance_hits, checked_threshold};
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::observer::{Notice, Observer, WhyFull};
use crate::store::review::lists::ReviewStates;

/// Which candidates the report of a match lists, besides all identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// All of them.
    All,
    /// Those that the run found first: the rows of millions of standing ones would take longer than a small run.
    New,
}

/// The options of a match.
#[derive(Clone, Copy, Debug)]
pub struct MatchOptions {
    /// The criterion for candidates.
    pub criterion: Criterion,
    /// The least number of loci in common with which a pair counts as comparable.
    pub min_loci: u32,
    /// The way in which the index is read.
    pub access: Access,
    /// `true` to compare everything, instead of only what changed since the last run.
    pub full: bool,
    /// `true` to score every pair instead of screening; effective in full runs only.
    pub exhaustive: bool,
    /// The number of pairs to list per family that nearly are candidates. This compares all families with all children,
    /// and the result is not recorded.
    pub near: Option<u32>,
    /// The candidates that the report lists.
    pub listing: Listing,
}

impl MatchOptions {
    /// Matches what changed since the last run, with the store's settings, and lists all candidates.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        let (criterion, min_loci) = (store.criterion(), store.min_loci());
        Self {
            criterion,
            min_loci,
            access: Access::Usual,
            full: false,
            exhaustive: false,
            near: None,
            listing: Listing::All,
        }
    }

    /// Matches everything, with the store's settings.
    #[must_use]
    pub fn full(store: &Store) -> Self {
        Self { full: true, ..Self::new(store) }
    }
}

/// Numbers of candidates of a run, without identities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunCounts {
    /// All of them.
    pub candidates: u64,
    /// Those that no earlier run found and that nobody has decided.
    pub new: u64,
    /// Those in a view that doubts a statement of the papers.
    pub in_doubt: u64,
    /// Those compared at fewer loci than a pair should have in common.
    pub few_loci: u64,
    /// Those of families whose relatives do not all fit.
    pub marked: u64,
}

/// A finished and recorded run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Matched {
    /// The run and its candidates, as reports show them; those that [`MatchOptions::listing`] asks for.
    pub report: CandidateReport,
    /// The numbers of all candidates.
    pub counts: RunCounts,
    /// The result, with families and children that could not be compared.
    pub result: MatchResult,
    /// The best pairs of each family that are not candidates, if requested; best first.
    pub near: Vec<NearRow>,
    /// Number of candidates of the last run that are no longer candidates.
    pub withdrawn: u64,
    /// The pairs that are no longer candidates, because of this run or of imports since the last one.
    pub lost: Vec<LostRow>,
    /// Number of withdrawn families that were left out.
    pub families_withdrawn: u64,
    /// What the check of birth certificates found; `None` if no child claims one.
    pub certificates: Option<CertificateNight>,
    /// Number of samples about which something is due by the terms on which they are kept; `None` if that is unknown.
    pub due: Option<u64>,
    /// Processor time by stage.
    pub stages: Stages,
    /// The time for computing the digest.
    pub digest: Duration,
    /// The time for recording the run.
    pub write: Duration,
}

/// What a run is recorded with, besides its result.
pub(in crate::store) struct Recording<'a> {
    pub(in crate::store) calculator: &'a Calculator,
    pub(in crate::store) criterion: Criterion,
    pub(in crate::store) basis: [u8; 32],
    pub(in crate::store) generation: Generation,
    /// `full` or `delta`.
    pub(in crate::store) mode: &'static str,
    /// The time since 1970 when the run began.
    pub(in crate::store) started_at: Duration,
    pub(in crate::store) started: Instant,
    pub(in crate::store) listing: Listing,
}

/// Counts the candidates of a run, except the new ones.
fn counts(ledger: &Ledger, candidates: &[Candidate], min_loci: Option<u32>) -> Result<RunCounts, StoreError> {
    let marked: HashSet<Pseudonym> = ledger.marks()?.into_iter().map(|(family, _)| family).collect();
    let mut counts = RunCounts::default();
    for candidate in candidates.iter().filter(|candidate| candidate.same_as.is_none()) {
        counts.candidates += 1;
        counts.in_doubt += u64::from(candidate.log10_doubt() < 0.0);
        counts.few_loci += u64::from(min_loci.is_some_and(|least| candidate.loci_compared < least));
        counts.marked += u64::from(!marked.is_empty() && marked.contains(&candidate.family));
    }
    Ok(counts)
}

impl Store {
    /// Matches the families of the store with its children, and records the run. Before that, checks families whose
    /// consistency check is outstanding.
    ///
    /// A run that is stopped or fails changes no candidate.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let matched = store.match_all(&MatchOptions::new(&store), &store::entry("match", Some("nightly")), &Silent)?;
    /// println!("{} candidates, digest {}", matched.report.candidates.len(), matched.report.run.digest);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`], including [`StoreError::Stopped`].
    pub fn match_all(
        &self,
        options: &MatchOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Matched, StoreError> {
        let &MatchOptions { criterion, min_loci, access, full, exhaustive, near, listing } = options;
        checked_threshold(criterion.min_log10_lr)?;
        checked_chance_hits(criterion.max_chance_hits)?;
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        self.finish_interrupted(&mut ledger, observer)?;
        // Reviews with a fault are refused before anything is recorded.
        let reviews = self.review_states()?;
        self.check_waiting_families(&mut ledger, observer)?;
        self.tell_changed_settings(&ledger, observer)?;
        let calculator = self.calculator()?;
        let basis = basis(self, &calculator, &criterion)?;
        let started_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| StoreError::Clock)?;
        let started = Instant::now();
        let generation = ledger.generation()?;
        let mut before = ledger.standing()?;
        let extent = if full {
            Extent::Full(WhyFull::Asked)
        } else {
            extent(self, &ledger, (&calculator, basis), &criterion, before.candidates())?
        };
        let watch = observer.watch();
        watch.begin("comparing families with children");
        let following = observer.follow(&watch);
        let job = Job {
            store: self,
            calculator: &calculator,
            criterion,
            min_loci,
            access,
            exhaustive,
            basis,
            generation,
            watch: &watch,
        };
        let (mode, compared) = match extent {
            Extent::Since(last) => ("delta", job.delta(&mut ledger, &last, &mut before, observer)?),
            Extent::Full(why) => {
                if why != WhyFull::Asked {
                    observer.notice(&Notice::MatchingAll(why));
                }
                ("full", job.full(&mut ledger, observer)?)
            }
        };
        let near = match near {
            None => Vec::new(),
            Some(most) => {
                let index = self.current_index(&ledger, access, observer)?;
                let found = job.near(&mut ledger, &index, most, &compared.result.candidates)?;
                near::rows(self, &ledger, &calculator, &criterion, &found)?
            }
        };
        drop(following);
        // After this point the run is recorded completely.
        watch.check()?;
        let calculator = &calculator;
        let recording = Recording { calculator, criterion, basis, generation, mode, started_at, started, listing };
        let mut matched =
            self.record_matched(&mut ledger, (&recording, &before, &reviews), compared, entry, observer)?;
        matched.near = near;
        Ok(matched)
    }

    /// Records the result of a comparison as a run.
    pub(in crate::store) fn record_matched(
        &self,
        ledger: &mut Ledger,
        (recording, before, reviews): (&Recording<'_>, &Standing, &ReviewStates),
        compared: Compared,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Matched, StoreError> {
        let &Recording { calculator, criterion, basis, generation, mode, started_at, started, listing } = recording;
        let Compared { result, stages, index, comparison } = compared;
        let ranked = Instant::now();
        let digest = run_digest(self.table(), calculator, &criterion, &result.candidates);
        let digest_time = ranked.elapsed();
        let seconds = started.elapsed().as_secs_f64();
        let record = RunRecord {
            mode: mode.to_owned(),
            started_at: i64::try_from(started_at.as_secs()).map_err(|_| StoreError::Clock)?,
            seconds,
            generation: generation.number,
            families: result.families,
            children: result.children,
            pairs: result.pairs,
            digest,
            basis: Some(basis),
            min_loci: comparison.min_loci,
            pairs_not_comparable: comparison.pairs_not_comparable,
            unscorable: Some(result.unscorable.clone()),
            manifest: manifest(self, calculator, criterion, (&result, &comparison), &index)?.to_string(),
        };
        let certificates = self.certificates_of_night(ledger, calculator).unwrap_or_else(|error| {
            observer.notice(&Notice::CertificatesNotChecked(&error));
            None
        });
        let entry = match certificates {
            Some(night) => &entry
                .clone()
                .with("certificate_claims", night.claims)
                .with("certificates_contradicted", night.contradicted),
            None => entry,
        };
        let due = self.samples_due(ledger);
        let due = due.map_err(|error| observer.notice(&Notice::DueNotListed(&error))).ok();
        let entry = match due {
            Some(due) if due > 0 => &entry.clone().with("samples_due", due),
            _ => entry,
        };
        let recording = Instant::now();
        let delta = ledger.record_run(&record, &result.candidates, before, &self.name_table(entry))?;
        let write = recording.elapsed();
        let mut counts = counts(ledger, &result.candidates, comparison.min_loci)?;
        let all = result.candidates.iter().zip(delta.first_runs);
        let is_listed = |(candidate, first_run): &(&Candidate, i64)| {
            listing == Listing::All || *first_run == delta.run || candidate.same_as.is_some()
        };
        let mut listed: Vec<(&Candidate, i64)> = all.filter(is_listed).collect();
        listed.par_sort_unstable_by(|(one, _), (other, _)| one.best_first(other));
        let mut report = report(self, ledger, (calculator, comparison), (delta.run, record), listed)?;
        add_reviews(&mut report, reviews);
        counts.new = report.candidates.iter().filter(|row| row.new).count() as u64;
        let families_withdrawn = ledger.withdrawn()?.len() as u64;
        let withdrawn = delta.withdrawn;
        let lost = lost_rows(delta.lost, reviews);
        Ok(Matched {
            report,
            counts,
            result,
            near: Vec::new(),
            withdrawn,
            lost,
            families_withdrawn,
            certificates,
            due,
            stages,
            digest: digest_time,
            write,
        })
    }

    /// Reports settings that differ from those of the last run.
    pub(in crate::store) fn tell_changed_settings(
        &self,
        ledger: &Ledger,
        observer: &dyn Observer,
    ) -> Result<(), StoreError> {
        let changed = self.changed_settings(ledger)?;
        if !changed.is_empty() {
            observer.notice(&Notice::SettingsChanged(&changed));
        }
        Ok(())
    }

    /// Checks the families that the import did not check: it was interrupted, the settings changed since, or the
    /// families were withdrawn at that time.
    pub(in crate::store) fn check_waiting_families(
        &self,
        ledger: &mut Ledger,
        observer: &dyn Observer,
    ) -> Result<(), StoreError> {
        let checking = Checking::new(self)?;
        let families = checking.unchecked(ledger, self)?;
        if !families.is_empty() {
            let step = Attribution::Unrecorded("a step of match");
            let marks = marks(&checking.mark(ledger, &families, step, observer)?).len() as u64;
            observer.notice(&Notice::FamiliesChecked { families: families.len() as u64, marks });
        }
        Ok(())
    }
}
