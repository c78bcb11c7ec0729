//! Lists the runs of a store, and what each gained and lost.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::ledger::{Ledger, LossCause, LostCandidate};
use crate::model::Pseudonym;
use crate::report::{LostRow, RunRow, RunsReport, SCHEMA_VERSION};
use crate::review::Step;

use super::manifest::{criterion_used, table_used};
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::review::lists::ReviewStates;

/// Describes lost candidates, given the states of all reviews; those whose family was informed come first.
pub(in crate::store) fn lost_rows(lost: Vec<LostCandidate>, states: &ReviewStates) -> Vec<LostRow> {
    let row = |lost: LostCandidate| {
        let LostCandidate { family, child, log10_lr, first_run, cause, .. } = lost;
        let told = states.get(&(family, child)).and_then(|state| state.step).map(Step::word);
        LostRow { family, child, log10_lr, first_run, cause: cause.word(), words: cause.words(), told }
    };
    let mut rows: Vec<LostRow> = lost.into_iter().map(row).collect();
    rows.sort_by_key(|row| row.told.is_none());
    rows
}

impl Store {
    /// Lists the runs, the first one first.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn runs(&self, entry: &Entry) -> Result<RunsReport, StoreError> {
        let mut ledger = self.ledger()?;
        let report = self.runs_report(&ledger)?;
        let lost = report.runs.iter().flat_map(|run| run.lost_candidates.iter().chain(&run.changed_candidates));
        let named: Vec<Pseudonym> = lost.chain(&report.removed_since).flat_map(|row| [row.family, row.child]).collect();
        ledger.append_look(&entry.clone().with("runs", report.runs.len()).about(named))?;
        Ok(report)
    }

    /// Lists the runs, without a record.
    pub(in crate::store) fn runs_report(&self, ledger: &Ledger) -> Result<RunsReport, StoreError> {
        let mut gained: BTreeMap<i64, u64> = ledger.pairs_by_first_run()?.into_iter().collect();
        let mut returned: BTreeMap<i64, u64> = BTreeMap::new();
        let mut by_run: BTreeMap<i64, Vec<LostCandidate>> = BTreeMap::new();
        for one in ledger.lost()? {
            if one.cause == LossCause::Returned {
                *returned.entry(one.lost_in).or_insert(0) += 1;
                continue;
            }
            by_run.entry(one.lost_in).or_default().push(one);
        }
        let states = if by_run.is_empty() { ReviewStates::new() } else { self.review_states()? };
        let mut lost: BTreeMap<i64, Vec<LostRow>> =
            by_run.into_iter().map(|(run, lost)| (run, lost_rows(lost, &states))).collect();
        let runs = ledger.runs()?.into_iter().map(|(number, run)| {
            let of_run = lost.remove(&number).unwrap_or_default();
            let (changed_candidates, lost_candidates): (Vec<LostRow>, Vec<LostRow>) =
                of_run.into_iter().partition(|row| row.cause == LossCause::FoundAgain.word());
            let criterion = criterion_used(&run.manifest);
            let started_at = jiff::Timestamp::from_second(run.started_at);
            RunRow {
                run: number,
                started_at: started_at.map_or_else(|_| run.started_at.to_string(), |at| at.to_string()),
                mode: run.mode,
                seconds: run.seconds,
                min_log10_lr: criterion.map(|criterion| criterion.min_log10_lr),
                max_per_family: criterion.and_then(|criterion| criterion.max_per_family),
                max_chance_hits: criterion.and_then(|criterion| criterion.max_chance_hits),
                population: table_used(&run.manifest).1.population,
                families: run.families,
                children: run.children,
                digest: HEXLOWER.encode(&run.digest),
                gained: gained.remove(&number).unwrap_or(0),
                returned: returned.remove(&number).unwrap_or(0),
                lost: lost_candidates.len() as u64,
                lost_candidates,
                changed_candidates,
            }
        });
        let runs: Vec<RunRow> = runs.collect();
        let removed_since = lost.into_values().flatten().collect();
        Ok(RunsReport { schema_version: SCHEMA_VERSION, runs, removed_since })
    }
}
