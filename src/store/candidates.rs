//! Lists the current candidates of a store, with the run that found them.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use rayon::prelude::*;

use crate::audit::Entry;
use crate::kinship::Calculator;
use crate::ledger::{CandidateFilter, Ledger, RunRecord};
use crate::matching::{alternatives, views};
use crate::model::{Candidate, Pseudonym};
use crate::report::{
    AlternativesRow, CandidateReport, CandidateRow, Comparison, RunSummary, SCHEMA_VERSION, TableUsed, ViewsRow,
};

use super::changed_settings::ChangedSetting;
use super::duplicates::Identities;
use super::error::StoreError;
use super::folder::Store;
use super::manifest::{criterion_used, table_used};
use super::people::People;

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
    /// Number of candidates beyond the filter's limit.
    pub not_shown: u64,
}

impl Store {
    /// Lists current candidates, best first.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let listed = store.candidates(&Default::default(), &store::entry("candidates", None))?;
    /// for candidate in &listed.report.candidates {
    ///     println!("{} {} {:.2}", candidate.family, candidate.child, candidate.log10_lr);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NeverMatched`] before the first run; [`StoreError`].
    pub fn candidates(&self, filter: &CandidateFilter, entry: &Entry) -> Result<Candidates, StoreError> {
        self.recording_unknown(entry, self.candidates_of_known(filter, entry))
    }

    fn candidates_of_known(&self, filter: &CandidateFilter, entry: &Entry) -> Result<Candidates, StoreError> {
        let mut ledger = self.ledger()?;
        let (report, of_table) = self.last_report(&ledger, filter)?;
        self.check_named(&ledger, filter)?;
        let not_shown = match filter.limit {
            None => 0,
            Some(limit) => ledger.count_candidates(filter)?.saturating_sub(limit.into()),
        };
        let exchanged = of_table.is_some_and(|digest| !self.has_table(&report.run.table, &digest));
        let changed_settings = self.changed_settings(&ledger)?;
        let outdated = ledger.generation()?.number != report.run.generation || exchanged;
        let shown = report.candidates.iter().flat_map(|candidate| [candidate.family, candidate.child]);
        let entry = entry.clone().with("candidates", report.candidates.len());
        let entry = entry.with("run_digest", report.run.digest.as_str());
        ledger.append_look(&entry.about(filter.family.into_iter().chain(filter.child)).about(shown))?;
        Ok(Candidates { report, outdated, changed_settings, not_shown })
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
    fn last_report(
        &self,
        ledger: &Ledger,
        filter: &CandidateFilter,
    ) -> Result<(CandidateReport, Option<String>), StoreError> {
        let Some((number, run)) = ledger.last_run()? else { return Err(StoreError::NeverMatched) };
        let candidates = ledger.candidates(filter)?.into_iter().map(|current| (current.candidate, current.first_run));
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

/// Builds the report of a run and some of its candidates, best first, each with the run that first found it.
pub(super) fn report(
    store: &Store,
    ledger: &Ledger,
    (calculator, comparison): (&Calculator, Comparison),
    (number, run): (i64, RunRecord),
    candidates: impl Iterator<Item = (Candidate, i64)>,
) -> Result<CandidateReport, StoreError> {
    let mut marks: HashMap<Pseudonym, Vec<String>> = HashMap::new();
    for (family, cause) in ledger.marks()? {
        marks.entry(family).or_default().push(cause);
    }
    let candidates: Vec<(Candidate, i64)> = candidates.collect();
    let pairs: Vec<Candidate> = candidates.iter().map(|one| one.0.clone()).collect();
    let about = Identities::read(ledger, store, calculator, &pairs)?;
    let (mut found, mut identities) = (Vec::new(), Vec::new());
    for (candidate, first_run) in candidates {
        let row = CandidateRow {
            family_marks: marks.get(&candidate.family).cloned().unwrap_or_default(),
            family: candidate.family,
            child: candidate.child,
            log10_lr: candidate.log10_lr,
            loci_compared: candidate.loci_compared,
            incompatible_loci: candidate.incompatible_loci,
            few_loci: comparison.min_loci.is_some_and(|least| candidate.loci_compared < least),
            first_run,
            new: first_run == number,
            same_person: about.same_person(&candidate),
            views: ViewsRow::of(&candidate),
            alternatives: None,
        };
        if row.same_person.is_some() { identities.push(row) } else { found.push(row) }
    }
    Ok(CandidateReport {
        schema_version: SCHEMA_VERSION,
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
