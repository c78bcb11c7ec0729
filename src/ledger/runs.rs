//! Runs, and how each replaces the candidates of the one before.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::open::{Ledger, generation};
use super::read::pseudonym;
use super::{CandidateRecord, LedgerError};
use crate::model::Pseudonym;

/// One finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// `full` or `delta`, as the run's manifest says.
    pub mode: String,
    /// Seconds since 1970, UTC.
    pub started_at: i64,
    /// How long it took.
    pub seconds: f64,
    /// The generation that was compared.
    pub generation: u64,
    /// Families compared.
    pub families: u64,
    /// Children compared.
    pub children: u64,
    /// Pairs compared.
    pub pairs: u64,
    /// BLAKE3 of the canonical result set.
    pub digest: [u8; 32],
    /// BLAKE3 of everything beside samples and families that the results depend on; unknown of runs before it was kept.
    pub basis: Option<[u8; 32]>,
    /// Everything that the results depend on: a JSON object.
    pub manifest: String,
}

/// What a run changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDelta {
    /// Number of the run, from 1.
    pub run: i64,
    /// For each given candidate, whether the run before had not got it.
    pub new: Vec<bool>,
    /// Candidates of the run before that are none any more.
    pub withdrawn: u64,
}

impl Ledger {
    /// Records a run: `candidates` become the current ones, all of them, in place of those before. A pair that
    /// stays a candidate keeps its first run. Numbers that stay the same keep the run that gave them.
    ///
    /// # Errors
    /// [`LedgerError::Stale`] if samples or families changed since the run's generation: its results would hide
    /// that; [`LedgerError::NotFinite`] and [`LedgerError::RepeatedCandidate`] for candidates that are none; the
    /// database's, also if the manifest is no JSON. Nothing is changed then.
    pub fn record_run(&mut self, run: &RunRecord, candidates: &[CandidateRecord]) -> Result<RunDelta, LedgerError> {
        let mut order: Vec<(Pseudonym, Pseudonym, usize)> = Vec::with_capacity(candidates.len());
        for (i, candidate) in candidates.iter().enumerate() {
            if !candidate.log10_lr.is_finite() {
                return Err(LedgerError::NotFinite { family: candidate.family, child: candidate.child });
            }
            order.push((candidate.family, candidate.child, i));
        }
        order.sort_unstable();
        if let Some(twice) = order.array_windows().find(|[a, b]| (a.0, a.1) == (b.0, b.1)) {
            return Err(LedgerError::RepeatedCandidate { family: twice[0].0, child: twice[0].1 });
        }
        let tx = self.begin()?;
        let current = generation(&tx)?.number;
        if current != run.generation {
            return Err(LedgerError::Stale { run: run.generation, ledger: current });
        }
        let number = insert_run(&tx, run, candidates.len())?;
        let before = candidates_before(&tx)?;
        let mut insert = tx.prepare(
            "INSERT OR REPLACE INTO candidate (family, child, log10_lr, loci_compared, incompatible_loci, run_id,
             first_run_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let mut new = vec![true; candidates.len()];
        let mut stayed = vec![false; before.len()];
        let mut changed = Vec::new();
        for &(family, child, i) in &order {
            let known = before.binary_search_by_key(&(family, child), |known| (known.0.family, known.0.child)).ok();
            let first = known.map_or(number, |at| {
                new[i] = false;
                stayed[at] = true;
                before[at].1
            });
            if known.is_none_or(|at| before[at].0 != candidates[i]) {
                changed.push((i, first));
            }
        }
        let mut delete = tx.prepare("DELETE FROM candidate WHERE family = ?1 AND child = ?2")?;
        for ((gone, _), _) in before.iter().zip(&stayed).filter(|(_, stayed)| !**stayed) {
            delete.execute((gone.family.as_bytes(), gone.child.as_bytes()))?;
        }
        for (i, first) in changed {
            let candidate = &candidates[i];
            insert.execute((
                candidate.family.as_bytes(),
                candidate.child.as_bytes(),
                candidate.log10_lr,
                candidate.loci_compared,
                candidate.incompatible_loci,
                number,
                first,
            ))?;
        }
        drop(delete);
        drop(insert);
        tx.commit()?;
        Ok(RunDelta { run: number, new, withdrawn: stayed.iter().filter(|stayed| !**stayed).count() as u64 })
    }

    /// The last run and its number; `None` before the first.
    ///
    /// # Errors
    /// The database's.
    pub fn last_run(&self) -> Result<Option<(i64, RunRecord)>, LedgerError> {
        let sql = "SELECT id, mode, started_at, seconds, generation, families, children, pairs, digest, manifest, basis
                   FROM run ORDER BY id DESC LIMIT 1";
        Ok(self.connection.query_row(sql, [], read_run).optional()?)
    }
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<(i64, RunRecord)> {
    let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let run = RunRecord {
        mode: row.get(1)?,
        started_at: row.get(2)?,
        seconds: row.get(3)?,
        generation: count(4)?,
        families: count(5)?,
        children: count(6)?,
        pairs: count(7)?,
        digest: row.get(8)?,
        manifest: row.get(9)?,
        basis: row.get(10)?,
    };
    Ok((row.get(0)?, run))
}

fn insert_run(tx: &Transaction<'_>, run: &RunRecord, candidates: usize) -> Result<i64, LedgerError> {
    // 10^6 families x 10^6 children are 10^12 pairs: far from the end of an i64.
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO run (mode, started_at, seconds, generation, families, children, pairs, candidates, digest, manifest,
         basis) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        (
            &run.mode,
            run.started_at,
            run.seconds,
            count(run.generation),
            count(run.families),
            count(run.children),
            count(run.pairs),
            count(candidates as u64),
            run.digest,
            &run.manifest,
            run.basis,
        ),
    )?;
    Ok(tx.last_insert_rowid())
}

/// The current candidates, by family and child, with their first runs.
fn candidates_before(tx: &Transaction<'_>) -> Result<Vec<(CandidateRecord, i64)>, LedgerError> {
    let mut statement = tx.prepare(
        "SELECT family, child, log10_lr, loci_compared, incompatible_loci, first_run_id FROM candidate
         ORDER BY family, child",
    )?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let record = CandidateRecord {
            family: pseudonym(row, 0)?,
            child: pseudonym(row, 1)?,
            log10_lr: row.get(2)?,
            loci_compared: row.get(3)?,
            incompatible_loci: row.get(4)?,
        };
        all.push((record, row.get(5)?));
    }
    Ok(all)
}
