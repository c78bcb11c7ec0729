//! Runs, and how each replaces the candidates of the one before.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::audit::append;
use super::candidates::{self, candidate};
use super::open::{Ledger, generation};
use super::{CurrentCandidate, LedgerError, sums};
use crate::audit::Attribution;
use crate::model::{Candidate, Pseudonym};

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
    /// For each given candidate, the first run of the unbroken series in which the pair was one: this run, if it is new.
    pub first_runs: Vec<i64>,
    /// Candidates of the run before that are none any more.
    pub withdrawn: u64,
}

/// The candidates as they stand before a run, and when that was.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// By family and child.
    pub candidates: Vec<CurrentCandidate>,
    generation: u64,
    run: Option<i64>,
}

impl Ledger {
    /// The current candidates, for a run to build on.
    ///
    /// # Errors
    /// The database's, or [`LedgerError::Damaged`].
    pub fn standing(&self) -> Result<Standing, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let mut statement = tx.prepare(&format!("{} ORDER BY family, child", candidates::ALL))?;
        let mut rows = statement.query([])?;
        let mut candidates = Vec::new();
        while let Some(row) = rows.next()? {
            candidates.push(candidate(row)?);
        }
        Ok(Standing { candidates, generation: generation(&tx)?.number, run: last_run(&tx)? })
    }

    /// Records a run: `candidates` become the current ones, all of them, in place of those before. A pair that
    /// stays a candidate keeps its first run. Numbers that stay the same keep the run that gave them. `before` is how
    /// they stand.
    ///
    /// # Errors
    /// [`LedgerError::Stale`] if samples or families changed since the run's generation, which its results would hide, or
    /// candidates since `before`; [`LedgerError::NotFinite`] and [`LedgerError::RepeatedCandidate`] for candidates that are none; the
    /// database's, also if the manifest is no JSON. Nothing is changed then.
    pub fn record_run<'e>(
        &mut self,
        run: &RunRecord,
        candidates: &[Candidate],
        before: &Standing,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<RunDelta, LedgerError> {
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
        if current != run.generation || current != before.generation || last_run(&tx)? != before.run {
            return Err(LedgerError::Stale { run: run.generation, ledger: current });
        }
        let number = insert_run(&tx, run, candidates.len())?;
        let mut insert = tx.prepare(
            "INSERT OR REPLACE INTO candidate (family, child, log10_lr, loci_compared, incompatible_loci, run_id,
             first_run_id, same_as, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        let mut delete = tx.prepare("DELETE FROM candidate WHERE family = ?1 AND child = ?2")?;
        let mut first_runs = vec![number; candidates.len()];
        let mut withdrawn = 0;
        let mut given = order.iter().peekable();
        let mut changed = Vec::new();
        // Both by family and child.
        for known in &before.candidates {
            let key = (known.candidate.family, known.candidate.child);
            while let Some(&&(.., new)) = given.peek().filter(|given| (given.0, given.1) < key) {
                changed.push(new);
                given.next();
            }
            match given.next_if(|given| (given.0, given.1) == key) {
                Some(&(.., i)) => {
                    first_runs[i] = known.first_run;
                    if candidates[i] != known.candidate {
                        changed.push(i);
                    }
                }
                None => {
                    delete.execute((key.0.as_bytes(), key.1.as_bytes()))?;
                    withdrawn += 1;
                }
            }
        }
        changed.extend(given.map(|&(.., new)| new));
        for i in changed {
            let candidate = &candidates[i];
            let sum =
                sums::of_candidate(&CurrentCandidate { candidate: *candidate, run: number, first_run: first_runs[i] });
            insert.execute((
                candidate.family.as_bytes(),
                candidate.child.as_bytes(),
                candidate.log10_lr,
                candidate.loci_compared,
                candidate.incompatible_loci,
                number,
                first_runs[i],
                candidate.same_as.as_ref().map(Pseudonym::as_bytes),
                sum,
            ))?;
        }
        drop(delete);
        drop(insert);
        if let Some(entry) = entry.into().entry() {
            let shown = candidates.iter().flat_map(|candidate| [candidate.family, candidate.child]);
            let entry = entry
                .with("mode", run.mode.as_str())
                .with("run", number)
                .with("generation", run.generation)
                .with("candidates", candidates.len())
                .with_digest("run_digest", &run.digest);
            append(&tx, &entry.about(shown))?;
        }
        tx.commit()?;
        Ok(RunDelta { run: number, first_runs, withdrawn })
    }

    /// The last run and its number; `None` before the first.
    ///
    /// # Errors
    /// The database's.
    pub fn last_run(&self) -> Result<Option<(i64, RunRecord)>, LedgerError> {
        let sql = format!("{ALL} ORDER BY id DESC LIMIT 1");
        let read = |row: &Row<'_>| Ok((unchecked(row)?, sum(row)?));
        let Some(((id, run), sum)) = self.connection.query_row(&sql, [], read).optional()? else { return Ok(None) };
        if sum != Some(sums::of_run(&run)) {
            return Err(LedgerError::Damaged { of: format!("run {id}"), what: "it was changed" });
        }
        Ok(Some((id, run)))
    }
}

pub(super) const ALL: &str = "SELECT id, mode, started_at, seconds, generation, families, children, pairs, digest,
                              manifest, basis, sum FROM run";

/// Reads a row of [`ALL`], whatever the checksum says.
pub(super) fn unchecked(row: &Row<'_>) -> rusqlite::Result<(i64, RunRecord)> {
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

/// The checksum in a row of [`ALL`].
pub(super) fn sum(row: &Row<'_>) -> rusqlite::Result<Option<sums::Sum>> {
    row.get(11)
}

fn insert_run(tx: &Transaction<'_>, run: &RunRecord, candidates: usize) -> Result<i64, LedgerError> {
    // 10^6 families x 10^6 children are 10^12 pairs: far from the end of an i64.
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO run (mode, started_at, seconds, generation, families, children, pairs, candidates, digest, manifest,
         basis, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
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
            sums::of_run(run),
        ),
    )?;
    Ok(tx.last_insert_rowid())
}

fn last_run(tx: &Transaction<'_>) -> rusqlite::Result<Option<i64>> {
    tx.query_row("SELECT max(id) FROM run", [], |row| row.get(0))
}
