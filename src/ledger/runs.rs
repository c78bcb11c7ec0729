//! Records runs, each of which replaces the candidates of the previous one, and reads the last one.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::audit::append;
use super::candidates;
use super::checksum::{Checksum, Sum};
use super::column::pseudonym;
use super::generation::generation;
use super::ledger::Ledger;
use super::standing::{Standing, last_id};
use super::{LedgerError, LossCause, LostCandidate, lost, views};
use crate::audit::Attribution;
use crate::model::{Candidate, Pseudonym, Unscorable};

/// One finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// `full` or `delta`, as in the run's manifest.
    pub mode: String,
    /// Seconds since 1970, UTC.
    pub started_at: i64,
    /// Duration in seconds.
    pub seconds: f64,
    /// Number of the generation that was compared.
    pub generation: u64,
    /// Number of families compared.
    pub families: u64,
    /// Number of children compared.
    pub children: u64,
    /// Number of pairs compared.
    pub pairs: u64,
    /// BLAKE3 of the canonical result set.
    pub digest: [u8; 32],
    /// BLAKE3 of everything on which the results depend, except samples and families; unknown for runs before it was
    /// stored.
    pub basis: Option<[u8; 32]>,
    /// The least number of common loci with which a pair counted as comparable; unknown for runs before it was stored.
    pub min_loci: Option<u32>,
    /// Number of pairs that were not comparable and are not candidates; unknown for runs before it was stored.
    pub pairs_not_comparable: Option<u64>,
    /// Families that could not be scored, by pseudonym, without duplicates; `None` if they are unknown.
    pub unscorable: Option<Vec<Unscorable>>,
    /// Everything on which the results depend, for human readers: a JSON object. The program reads the frequency table,
    /// the criterion and the store's settings from it.
    pub manifest: String,
}

/// Changes that a run made to the candidates.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RunDelta {
    /// Number of the run, from 1.
    pub run: i64,
    /// For each given candidate, the run that first found the pair, as in [`super::CurrentCandidate::first_run`]: this run, if
    /// it is new.
    pub first_runs: Vec<i64>,
    /// Number of candidates of the previous run that are no longer candidates.
    pub withdrawn: u64,
    /// Pairs that are no longer candidates, because of this run or of imports since the last one; without identities.
    pub lost: Vec<LostCandidate>,
}

impl Ledger {
    /// Records a run: `candidates`, the complete list, replace the previous ones. A pair that stays a candidate keeps
    /// its first run, and so does one that comes back with the same log10 LR, if no import changed it meanwhile. Numbers
    /// that stay the same keep the run that computed them. `before` is the state of the candidates before the run; if
    /// some were taken with [`Standing::with`], `candidates` are what it returned.
    ///
    /// # Errors
    /// [`LedgerError::Stale`] if samples or families changed since the run's generation, which its results would hide,
    /// or candidates since `before`; [`LedgerError::NotFinite`] and [`LedgerError::RepeatedCandidate`] for invalid
    /// candidates; a database error, also if the manifest is not JSON. Nothing is changed then.
    ///
    /// # Panics
    /// Candidates were taken from `before`, and their number is another one.
    pub fn record_run<'e>(
        &mut self,
        run: &RunRecord,
        candidates: &[Candidate],
        before: &Standing,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<RunDelta, LedgerError> {
        if let Some(candidate) = candidates.iter().find(|candidate| !candidate.log10_lr.is_finite()) {
            return Err(LedgerError::NotFinite { family: candidate.family, child: candidate.child });
        }
        let key = |&i: &usize| candidates[i].pair();
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        if !order.is_sorted_by_key(key) {
            order.par_sort_unstable_by_key(key);
        }
        if let Some([first, _]) = order.array_windows().find(|[a, b]| key(a) == key(b)) {
            let (family, child) = key(first);
            return Err(LedgerError::RepeatedCandidate { family, child });
        }
        let tx = self.begin()?;
        let current = generation(&tx)?.number;
        if current != run.generation || current != before.generation || last_id(&tx)? != before.run {
            return Err(LedgerError::Stale { run: run.generation, ledger: current });
        }
        let has_other_basis = last_run(&tx)?.is_some_and(|(_, last)| last.basis != run.basis);
        let number = insert_run(&tx, run, candidates.len())?;
        let mut insert = tx.prepare(
            "INSERT OR REPLACE INTO candidate (family, child, log10_lr, loci_compared, incompatible_loci, run_id,
             first_run_id, same_as, sum, views, log10_doubt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        let mut delete = tx.prepare("DELETE FROM candidate WHERE family = ?1 AND child = ?2")?;
        let known = before.known(candidates);
        let mut first_runs: Vec<i64> = known.iter().map(|&run| if run == 0 { number } else { run }).collect();
        let (mut withdrawn, mut lost) = (0, Vec::new());
        let mut is_withdrawn = tx.prepare("SELECT withdrawn IS NOT NULL FROM family WHERE pseudonym = ?1")?;
        let mut is_left_out = tx.prepare(
            "SELECT EXISTS (SELECT 1 FROM keeping WHERE is_searched = 0 AND sample IN
             (SELECT ?2 UNION ALL SELECT sample.pseudonym FROM family JOIN member ON member.family_id = family.id
              JOIN sample ON sample.id = member.sample_id WHERE family.pseudonym = ?1))",
        )?;
        let mut given = order.iter().copied().filter(|&i| known[i] == 0).peekable();
        let mut changed = Vec::new();
        // Both lists are in the order of family and child.
        for (was, first_run) in before.others() {
            let pair = was.pair();
            while let Some(new) = given.next_if(|i| key(i) < pair) {
                changed.push(new);
            }
            match given.next_if(|i| key(i) == pair) {
                Some(i) => {
                    first_runs[i] = first_run;
                    if candidates[i] != *was {
                        changed.push(i);
                    }
                }
                None => {
                    let (family, child) = pair;
                    delete.execute((family.as_bytes(), child.as_bytes()))?;
                    withdrawn += 1;
                    if was.same_as.is_none() {
                        let family_withdrawn: Option<bool> =
                            is_withdrawn.query_row([family.as_bytes()], |row| row.get(0)).optional()?;
                        let is_left_out: bool =
                            is_left_out.query_row((family.as_bytes(), child.as_bytes()), |row| row.get(0))?;
                        let cause = match family_withdrawn {
                            Some(true) => LossCause::FamilyWithdrawn,
                            _ if is_left_out => LossCause::PurposeEnded,
                            _ if has_other_basis => LossCause::SettingsChanged,
                            _ => LossCause::BelowCriterion,
                        };
                        let log10_lr = was.log10_lr;
                        lost.push(LostCandidate { lost_in: number, family, child, log10_lr, first_run, cause });
                    }
                }
            }
        }
        changed.extend(given);
        if changed.iter().any(|&i| first_runs[i] == number) {
            let lost_before = lost::with_same_data(&tx)?;
            let mut returned = Vec::new();
            for &i in &changed {
                let candidate = &candidates[i];
                if let Some((first_run, log10_lr)) = lost_before.get(&candidate.pair())
                    && first_runs[i] == number
                    && *log10_lr == candidate.log10_lr
                {
                    first_runs[i] = *first_run;
                    returned.push(LostCandidate {
                        lost_in: number,
                        family: candidate.family,
                        child: candidate.child,
                        log10_lr: candidate.log10_lr,
                        first_run: *first_run,
                        cause: LossCause::Returned,
                    });
                }
            }
            lost::record(&tx, &returned)?;
        }
        for i in changed {
            let candidate = &candidates[i];
            let sum = candidates::checksum(candidate, [number, first_runs[i]]);
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
                candidate.views.as_deref().map(views::encode),
                candidate.log10_doubt(),
            ))?;
        }
        drop(delete);
        drop(insert);
        drop(is_withdrawn);
        drop(is_left_out);
        lost::record(&tx, &lost)?;
        let is_candidate = |family, child| order.binary_search_by_key(&(family, child), key).is_ok();
        lost::found_again(&tx, number, is_candidate)?;
        let mut lost = lost::of_run(&tx, number)?;
        lost.retain(|one| !matches!(one.cause, LossCause::FoundAgain | LossCause::Returned));
        if let Some(entry) = entry.into().entry() {
            let shown = candidates.iter().flat_map(|candidate| [candidate.family, candidate.child]);
            let entry = entry
                .with("mode", run.mode.as_str())
                .with("run", number)
                .with("generation", run.generation)
                .with("candidates", candidates.len())
                .with("lost", lost.len())
                .with_digest("run_digest", &run.digest);
            append(&tx, &entry.about(shown))?;
        }
        tx.commit()?;
        Ok(RunDelta { run: number, first_runs, withdrawn, lost })
    }

    /// Returns all runs with their numbers, in their order.
    ///
    /// # Errors
    /// A database error; [`LedgerError::Damaged`] if a run was changed.
    pub fn runs(&self) -> Result<Vec<(i64, RunRecord)>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let sound = |Stored { id, run, sum }| {
            if sum == Some(checksum(&run)) { Ok((id, run)) } else { Err(damaged(id, "it was changed")) }
        };
        stored(&tx, None)?.into_iter().map(sound).collect()
    }

    /// Returns the last run and its number; `None` before the first run.
    ///
    /// # Errors
    /// A database error.
    pub fn last_run(&self) -> Result<Option<(i64, RunRecord)>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        last_run(&tx)
    }
}

/// Returns the last run and its number, after checking its checksum.
pub(super) fn last_run(connection: &Connection) -> Result<Option<(i64, RunRecord)>, LedgerError> {
    let Some(last) = last_id(connection)? else { return Ok(None) };
    let Some(Stored { id, run, sum }) = stored(connection, Some(last))?.pop() else { return Ok(None) };
    if sum == Some(checksum(&run)) { Ok(Some((id, run))) } else { Err(damaged(id, "it was changed")) }
}

/// A run in its stored form, whether or not its checksum is correct.
struct Stored {
    id: i64,
    run: RunRecord,
    sum: Option<Sum>,
}

fn damaged(id: i64, what: &'static str) -> LedgerError {
    LedgerError::Damaged { of: format!("run {id}"), what }
}

/// Reads one run, or all runs.
fn stored(connection: &Connection, which: Option<i64>) -> Result<Vec<Stored>, LedgerError> {
    let mut unscorable: BTreeMap<i64, Vec<Unscorable>> = BTreeMap::new();
    let mut statement = connection.prepare(
        "SELECT run_id, family, locus, reason FROM unscorable WHERE run_id = ?1 OR ?1 IS NULL ORDER BY run_id, family",
    )?;
    let mut rows = statement.query([which])?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let locus = row.get_ref(2)?.as_str().ok().and_then(|name| name.parse().ok());
        let locus = locus.ok_or_else(|| damaged(id, "a locus of a family is invalid"))?;
        let one = Unscorable { family: pseudonym(row, 1)?, locus, reason: row.get(3)? };
        unscorable.entry(id).or_default().push(one);
    }
    let mut statement = connection.prepare(
        "SELECT id, mode, started_at, seconds, generation, families, children, pairs, digest, manifest, basis, sum,
         min_loci, pairs_not_comparable, unscorable FROM run WHERE id = ?1 OR ?1 IS NULL ORDER BY id",
    )?;
    let mut rows = statement.query([which])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
        let id: i64 = row.get(0)?;
        // The checksum covers the number of unscorable families.
        let is_listed = row.get_ref(14)? != ValueRef::Null;
        let unscorable = unscorable.remove(&id).unwrap_or_default();
        let run = RunRecord {
            mode: row.get(1)?,
            started_at: row.get(2)?,
            seconds: row.get(3)?,
            generation: count(4)?,
            families: count(5)?,
            children: count(6)?,
            pairs: count(7)?,
            digest: row.get(8)?,
            basis: row.get(10)?,
            min_loci: row.get(12)?,
            pairs_not_comparable: row.get::<_, Option<i64>>(13)?.map(i64::unsigned_abs),
            unscorable: is_listed.then_some(unscorable),
            manifest: row.get(9)?,
        };
        all.push(Stored { id, run, sum: row.get(11)? });
    }
    Ok(all)
}

/// Computes the checksum of a run.
fn checksum(run: &RunRecord) -> Sum {
    let listed = run.unscorable.as_ref().map(|all| (all.len() as u64).to_le_bytes());
    let facts = values_before_version_17(run)
        .with_optional(run.min_loci.map(u32::to_le_bytes))
        .with_optional(run.pairs_not_comparable.map(u64::to_le_bytes))
        .with_optional(listed);
    let all = run.unscorable.iter().flatten().fold(facts, |values, Unscorable { family, locus, reason }| {
        values.with(family.as_bytes()).with(locus.name()).with(reason)
    });
    all.sum()
}

/// Returns the values that the checksum of a run covered before version 17, and with which it still begins.
fn values_before_version_17(run: &RunRecord) -> Checksum {
    Checksum::default()
        .with(&run.mode)
        .with(run.started_at.to_le_bytes())
        .with(run.seconds.to_le_bytes())
        .with(run.generation.to_le_bytes())
        .with(run.families.to_le_bytes())
        .with(run.children.to_le_bytes())
        .with(run.pairs.to_le_bytes())
        .with(run.digest)
        .with(&run.manifest)
        .with_optional(run.basis)
}

/// Edits runs in place, and returns how many `edit` reports as changed. A run with a wrong checksum keeps it, so that
/// the damage stays visible.
pub(super) fn edit_all(
    tx: &Transaction<'_>,
    edit: impl Fn(&mut RunRecord) -> serde_json::Result<bool>,
) -> Result<u64, LedgerError> {
    let mut edited = 0;
    for Stored { id, mut run, sum } in stored(tx, None)? {
        let is_sound = sum == Some(checksum(&run));
        if edit(&mut run).map_err(|_| damaged(id, "its manifest is no JSON"))? {
            let sum = if is_sound { Some(checksum(&run)) } else { sum };
            write_facts(tx, id, &run, sum)?;
            edited += 1;
        }
    }
    Ok(edited)
}

/// Fills the columns of version 17 in the runs of an older ledger, with or without checksums. A run with a wrong
/// checksum keeps it, so that the damage stays visible.
pub(super) fn take_facts_from_manifests(tx: &Transaction<'_>, with_checksums: bool) -> Result<(), LedgerError> {
    for Stored { id, mut run, sum } in stored(tx, None)? {
        if with_checksums && sum != Some(values_before_version_17(&run).sum()) {
            continue;
        }
        // The manifests of the oldest runs do not have all of these values.
        let manifest: Value = serde_json::from_str(&run.manifest).unwrap_or_default();
        run.min_loci = fact(&manifest, "min_loci");
        run.pairs_not_comparable = fact(&manifest, "pairs_not_comparable");
        run.unscorable = fact(&manifest, "unscorable").map(in_order);
        write_facts(tx, id, &run, Some(checksum(&run)))?;
    }
    Ok(())
}

fn fact<T: DeserializeOwned>(manifest: &Value, name: &str) -> Option<T> {
    manifest.get(name).and_then(|fact| T::deserialize(fact).ok())
}

/// Returns the families that could not be scored in their stored order: by pseudonym, without duplicates.
fn in_order(mut unscorable: Vec<Unscorable>) -> Vec<Unscorable> {
    unscorable.sort_by_key(|one| one.family);
    unscorable.dedup_by_key(|one| one.family);
    unscorable
}

/// Writes the columns of a run that may be edited or that later versions added.
fn write_facts(tx: &Transaction<'_>, id: i64, run: &RunRecord, sum: Option<Sum>) -> Result<(), LedgerError> {
    tx.execute(
        "UPDATE run SET manifest = ?2, min_loci = ?3, pairs_not_comparable = ?4, unscorable = ?5, sum = ?6 WHERE id = ?1",
        (
            id,
            &run.manifest,
            run.min_loci,
            run.pairs_not_comparable.map(stored_count),
            run.unscorable.as_ref().map(|all| stored_count(all.len() as u64)),
            sum,
        ),
    )?;
    tx.execute("DELETE FROM unscorable WHERE run_id = ?1", [id])?;
    write_unscorable(tx, id, run)
}

fn write_unscorable(tx: &Transaction<'_>, id: i64, run: &RunRecord) -> Result<(), LedgerError> {
    let mut insert = tx.prepare("INSERT INTO unscorable (run_id, family, locus, reason) VALUES (?1, ?2, ?3, ?4)")?;
    for Unscorable { family, locus, reason } in run.unscorable.iter().flatten() {
        insert.execute((id, family.as_bytes(), locus.name(), reason))?;
    }
    Ok(())
}

/// Converts a count to SQLite's type. 10^6 families x 10^6 children are 10^12 pairs, far below the largest i64.
fn stored_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn insert_run(tx: &Transaction<'_>, run: &RunRecord, candidates: usize) -> Result<i64, LedgerError> {
    let count = stored_count;
    tx.execute(
        "INSERT INTO run (mode, started_at, seconds, generation, families, children, pairs, candidates, digest, manifest,
         basis, sum, min_loci, pairs_not_comparable, unscorable)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
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
            checksum(run),
            run.min_loci,
            run.pairs_not_comparable.map(count),
            run.unscorable.as_ref().map(|all| count(all.len() as u64)),
        ),
    )?;
    let id = tx.last_insert_rowid();
    write_unscorable(tx, id, run)?;
    Ok(id)
}
