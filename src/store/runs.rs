//! Lists the runs of a store, and what each gained and lost.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::ledger::LostCandidate;
use crate::report::{LostRow, RunRow, RunsReport, SCHEMA_VERSION};

use super::error::StoreError;
use super::folder::Store;
use super::manifest::{criterion_used, table_used};

impl From<LostCandidate> for LostRow {
    fn from(lost: LostCandidate) -> Self {
        let LostCandidate { family, child, log10_lr, first_run, cause, .. } = lost;
        Self { family, child, log10_lr, first_run, cause: cause.word(), words: cause.words() }
    }
}

impl Store {
    /// Lists the runs, the first one first.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn runs(&self, entry: &Entry) -> Result<RunsReport, StoreError> {
        let mut ledger = self.ledger()?;
        let mut gained: BTreeMap<i64, u64> = ledger.candidates_by_first_run()?.into_iter().collect();
        let mut lost: BTreeMap<i64, Vec<LostRow>> = BTreeMap::new();
        let mut named = Vec::new();
        for one in ledger.lost()? {
            *gained.entry(one.first_run).or_insert(0) += 1;
            named.extend([one.family, one.child]);
            lost.entry(one.lost_in).or_default().push(one.into());
        }
        let runs = ledger.runs()?.into_iter().map(|(number, run)| {
            let lost_candidates = lost.remove(&number).unwrap_or_default();
            let started_at = jiff::Timestamp::from_second(run.started_at);
            RunRow {
                run: number,
                started_at: started_at.map_or_else(|_| run.started_at.to_string(), |at| at.to_string()),
                mode: run.mode,
                seconds: run.seconds,
                min_log10_lr: criterion_used(&run.manifest).map(|criterion| criterion.min_log10_lr),
                population: table_used(&run.manifest).1.population,
                families: run.families,
                children: run.children,
                digest: HEXLOWER.encode(&run.digest),
                gained: gained.remove(&number).unwrap_or(0),
                lost: lost_candidates.len() as u64,
                lost_candidates,
            }
        });
        let runs: Vec<RunRow> = runs.collect();
        let removed_since = lost.into_values().flatten().collect();
        ledger.append_look(&entry.clone().with("runs", runs.len()).about(named))?;
        Ok(RunsReport { schema_version: SCHEMA_VERSION, runs, removed_since })
    }
}
