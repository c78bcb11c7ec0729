//! Answers a family's question: is my child in there, and did you miss it?

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::audit::Entry;
use crate::ledger::{CandidateFilter, Ledger};
use crate::matching::{ChanceHits, Watch, locus_set};
use crate::meaning::Truths;
use crate::model::{Candidate, Family, Pseudonym, Unscorable};
use crate::planning::Planner;
use crate::report::{MissedReport, MissedRow, Remedy, RemedyRow, SCHEMA_VERSION};

use super::meaning::{MeaningOptions, Prepared};
use crate::store::configuration::settings::UnfitModel;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::observer::Observer;

/// Families per page.
const PAGE: u32 = 4096;

/// The answer about one family, or about all.
#[derive(Debug)]
#[non_exhaustive]
pub struct FoundMissed {
    /// The families, those most likely to be missed first.
    pub report: MissedReport,
    /// Families that could not be computed.
    pub failed: Vec<Unscorable>,
    /// `true` if the ledger has changed since the last run.
    pub outdated: bool,
    /// `true` if the store has linked loci, which a match scores together but this computation treats as independent.
    pub has_linked_loci: bool,
}

impl Store {
    /// Computes the probability that the missing child of a family, or of every family, is in the database and was missed
    /// by the last run; for a single family also what would lower it.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let all = store.missed(None, &MeaningOptions::default(), &store::entry("missed", None), &Silent)?;
    /// println!("{:?}", all.report.mean_missed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NeverMatched`], [`StoreError::NoFamily`], [`StoreError::Model`], [`StoreError::Stopped`]; errors of
    /// the ledger.
    pub fn missed(
        &self,
        family: Option<Pseudonym>,
        options: &MeaningOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<FoundMissed, StoreError> {
        self.recording_unknown(entry, self.missed_of_known(family, options, entry, observer))
    }

    fn missed_of_known(
        &self,
        family: Option<Pseudonym>,
        options: &MeaningOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<FoundMissed, StoreError> {
        let mut ledger = self.ledger()?;
        let found = self.missed_report(&ledger, &self.prepare(&ledger, options)?, family, observer)?;
        let report = &found.report;
        let entry = entry.clone().with("families", report.families.len()).with("prior", report.prior.as_str());
        ledger.append_look(&entry.about(family))?;
        Ok(found)
    }

    /// As [`Self::missed`], with what it depends on and without a record.
    pub(in crate::store) fn missed_report(
        &self,
        ledger: &Ledger,
        prepared: &Prepared,
        family: Option<Pseudonym>,
        observer: &dyn Observer,
    ) -> Result<FoundMissed, StoreError> {
        let truths = self.truths()?;
        let weigher = prepared.weigher();
        let mut candidates: BTreeMap<Pseudonym, Vec<Candidate>> = BTreeMap::new();
        for current in ledger.candidates(&CandidateFilter { family, ..CandidateFilter::default() })? {
            if current.candidate.same_as.is_none() {
                candidates.entry(current.candidate.family).or_default().push(current.candidate);
            }
        }
        let row = |family: &Family| -> Result<MissedRow, Unscorable> {
            let missed = weigher.missed_by_cause(family, &truths)?;
            let own = candidates.get(&family.pseudonym).map_or(&[][..], Vec::as_slice);
            Ok(MissedRow {
                family: family.pseudonym,
                relatives: family.relatives.iter().map(|relative| relative.relation).collect(),
                candidates: own.len() as u64,
                in_database_and_missed: weigher.in_database_and_missed(missed.missed, own),
                missed,
                remedies: Vec::new(),
            })
        };
        let watch = observer.watch();
        watch.begin("computing what is missed");
        let following = observer.follow(&watch);
        let (mut rows, mut failed) = (Vec::new(), Vec::new());
        match family {
            Some(pseudonym) => {
                let family = self.family(ledger, pseudonym)?;
                match row(&family) {
                    Ok(row) => rows.push(MissedRow { remedies: self.remedies(prepared, &family)?, ..row }),
                    Err(error) => failed.push(error),
                }
            }
            None => {
                watch.expect(ledger.families_matched()?);
                for row in each_family(self, ledger, &watch, row)? {
                    match row {
                        Ok(row) => rows.push(row),
                        Err(error) => failed.push(error),
                    }
                }
            }
        }
        drop(following);
        rows.sort_by(|a, b| {
            b.in_database_and_missed.total_cmp(&a.in_database_and_missed).then(a.family.cmp(&b.family))
        });
        let mean = rows.iter().map(|row| row.missed.missed).sum::<f64>() / rows.len() as f64;
        let report = MissedReport {
            schema_version: SCHEMA_VERSION,
            prior: prepared.prior_in_words(),
            min_log10_lr: prepared.threshold(),
            mean_missed: Some(mean).filter(|mean| mean.is_finite()),
            families: rows,
        };
        let matched = ledger.last_run()?.map(|(_, run)| run.generation);
        let outdated = matched != Some(ledger.generation()?.number);
        Ok(FoundMissed { report, failed, outdated, has_linked_loci: !self.settings().linked.is_empty() })
    }

    /// Returns the models of children without mutation and drop-out.
    fn truths(&self) -> Result<Truths, StoreError> {
        let model = self.settings().model;
        let unfit = |source| UnfitModel::Model { model: Box::new(model), source: Box::new(source) };
        Ok(Truths::new(self.table(), &model).map_err(unfit)?)
    }

    /// Returns what would lower the probability of a miss, the most first.
    fn remedies(&self, prepared: &Prepared, family: &Family) -> Result<Vec<RemedyRow>, StoreError> {
        let threshold = prepared.threshold();
        let panel = self.table().panel().len();
        let full = ChanceHits::of_sets(vec![(locus_set((0..panel).map(|_| true)), 1)], panel);
        let unscorable = |error: Unscorable| StoreError::Unscorable { locus: error.locus, reason: error.reason };
        let missed = |hits, threshold| prepared.weigher_of(hits, threshold).missed(family).map_err(unscorable);
        let mut remedies = vec![
            RemedyRow { remedy: Remedy::TypeAllLoci, missed: missed(&full, threshold)? },
            RemedyRow { remedy: Remedy::LowerThreshold, missed: missed(prepared.hits(), threshold - 1.0)? },
        ];
        // A relative who cannot be planned with is left out, as `power` says for itself.
        if let Ok(planner) = Planner::new(self.table(), self.settings().model, family) {
            let with = planner.options().into_par_iter().filter_map(|relation| {
                let found = planner.power_with(relation, threshold).ok()?.found.middle();
                Some(RemedyRow { remedy: Remedy::Sample(relation), missed: 1.0 - found })
            });
            remedies.extend(with.collect::<Vec<_>>());
        }
        remedies.sort_by(|a, b| a.missed.total_cmp(&b.missed));
        Ok(remedies)
    }
}

/// Computes something for every family that is matched, in several threads.
pub(in crate::store) fn each_family<T: Send>(
    store: &Store,
    ledger: &Ledger,
    watch: &Watch,
    compute: impl Fn(&Family) -> T + Sync,
) -> Result<Vec<T>, StoreError> {
    let generation = ledger.generation()?;
    let (mut all, mut last) = (Vec::new(), None);
    loop {
        let page = ledger.families_after(store.table().panel(), last, PAGE, &generation)?;
        let Some(end) = page.last() else { return Ok(all) };
        last = Some(end.pseudonym);
        let computed = page.par_iter().map(|family| {
            watch.check()?;
            let computed = compute(family);
            watch.did(1);
            Ok(computed)
        });
        all.extend(computed.collect::<Result<Vec<_>, StoreError>>()?);
    }
}
