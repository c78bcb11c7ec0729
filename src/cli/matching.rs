//! `match`.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use serde_json::json;

use crate::audit::{Attribution, Entry};
use crate::index::{Access, Index};
use crate::kinship::Calculator;
use crate::ledger::{Ledger, RunRecord};
use crate::matching::{Criterion, IdentityRule, MatchResult, Stages, run_digest};
use crate::model::{Candidate, Pseudonym};
use crate::report::{CandidateReport, CandidateRow, Comparison, Format, Hardly, RunSummary, SCHEMA_VERSION};
use crate::screen::Instructions;

use super::Outcome;
use super::checking::{Checking, marks};
use super::delta::{self, Compared, Job};
use super::identities::Identities;
use super::init::checked;
use super::options::{FormatOption, Global};
use super::output::{Output, count, hex, plural};
use super::progress::{Bar, interruptible};
use super::store::Store;

/// Rows of a table on a terminal; all are in the other formats.
pub(super) const TABLE_ROWS: usize = 50;

#[derive(Args)]
pub(super) struct Match {
    /// Match everything with everything, instead of only what came or changed since the last run
    #[arg(long)]
    full: bool,
    /// Score every pair instead of screening: slow, and to show that screening loses nothing
    #[arg(long, requires = "full")]
    exhaustive: bool,
    /// The least log10 LR of a candidate, instead of the store's
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    min_log10_lr: Option<f64>,
    /// At most so many candidates of a family, its best
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_per_family: Option<u32>,
    /// Only candidates whose LR so many of the children, at most, may be expected to reach by chance, if all were
    /// unrelated to the family
    #[arg(long, value_name = "X")]
    max_chance_hits: Option<f64>,
    /// The least number of loci in common with which a pair counts as comparable, instead of the store's; pairs with fewer
    /// that reach the LR stay candidates, all others are reported as not comparable
    #[arg(long, value_name = "N")]
    min_loci: Option<u32>,
    /// Read the index into memory even if it is larger than 1 GiB, instead of mapping it
    #[arg(long)]
    no_mmap: bool,
    #[command(flatten)]
    format: FormatOption,
}

/// A finished and recorded run.
pub(super) struct Matched {
    pub(super) report: CandidateReport,
    pub(super) result: MatchResult,
    pub(super) withdrawn: u64,
    pub(super) families_withdrawn: u64,
    pub(super) stages: Stages,
    /// What it took to compute the digest, and to record the run.
    pub(super) digest: Duration,
    pub(super) write: Duration,
}

impl Match {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store, global.key())?;
        let criterion = self.min_log10_lr.map(checked).transpose()?.unwrap_or(store.criterion);
        if let Some(most) = self.max_chance_hits {
            anyhow::ensure!(most.is_finite() && most > 0.0, "--max-chance-hits {most} is no number above 0");
        }
        let (max_per_family, max_chance_hits) = (self.max_per_family, self.max_chance_hits);
        let criterion = Criterion { max_per_family, max_chance_hits, ..criterion };
        let _lock = store.lock()?;
        let access = if self.no_mmap { Access::Read } else { Access::Usual };
        let min_loci = self.min_loci.unwrap_or(store.min_loci);
        let how = How { criterion, min_loci, access, full: self.full, exhaustive: self.exhaustive };
        let entry = global.entry("match").with("exhaustive", self.exhaustive).with("format", self.format.format.word());
        let matched = run_match(&store, how, &entry, output)?;
        match self.format.format {
            Format::Json => output.data(&matched.report.json()?)?,
            Format::Csv => output.data(&matched.report.csv())?,
            Format::Table => {
                let mut new = matched.report.clone();
                new.candidates.retain(|candidate| candidate.new);
                new.identities.retain(|identity| identity.new);
                if !(new.candidates.is_empty() && new.identities.is_empty()) {
                    output.data(&new.table(TABLE_ROWS))?;
                }
            }
        }
        matched.say(output);
        let whole = matched.result.unscorable.is_empty() && matched.result.refused.is_empty();
        Ok(match (whole, matched.report.candidates.is_empty() && matched.report.identities.is_empty()) {
            (false, _) => Outcome::Rejected,
            (true, true) => Outcome::Nothing,
            (true, false) => Outcome::Done,
        })
    }
}

impl Matched {
    /// Says what came of it.
    pub(super) fn say(&self, output: &Output) {
        for family in &self.result.unscorable {
            output.warn(&format!(
                "family {} was not scored, at locus {}: {}",
                family.family, family.locus, family.reason
            ));
        }
        for child in &self.result.refused {
            output.warn(&format!(
                "child {child} was not compared: it has an allele without a frequency, and the model refuses those"
            ));
        }
        let run = &self.report.run;
        let new = self.report.candidates.iter().filter(|candidate| candidate.new).count();
        output.say(&format!(
            "{} families x {} children = {} pairs in {:.2} s ({:.1e} a second); {} passed the screen",
            count(run.families),
            count(run.children),
            count(run.pairs),
            run.seconds,
            run.pairs as f64 / run.seconds.max(1e-9),
            count(self.result.survivors),
        ));
        let Stages { compile, screen, score, describe } = self.stages;
        output.say(&format!(
            "processor time: compile {:.2} s, screen {:.2} s, score {:.2} s, describe {:.2} s",
            compile.as_secs_f64(),
            screen.as_secs_f64(),
            score.as_secs_f64(),
            describe.as_secs_f64()
        ));
        output.say(&format!(
            "{} candidates, {} of them new; {} withdrawn",
            count(self.report.candidates.len() as u64),
            count(new as u64),
            count(self.withdrawn)
        ));
        super::comparable::say(&self.report, output);
        let identities = self.report.identities.len() as u64;
        if identities > 0 {
            output.warn(&format!(
                "{} more pairs are no candidates but identities: the child has the profile of a relative of the family, \
                 one person under two numbers, or identical twins; `reunite candidates` lists them",
                count(identities)
            ));
        }
        if self.families_withdrawn > 0 {
            output.say(&format!("{} withdrawn families were left out", count(self.families_withdrawn)));
        }
        let marked = self.report.candidates.iter().filter(|candidate| !candidate.family_marks.is_empty()).count();
        if marked > 0 {
            output.say(&format!(
                "{} of families whose relatives do not all fit: see `reunite families list`",
                plural(marked as u64, "candidate")
            ));
        }
        output.say(&format!("digest {}", run.digest));
    }
}

/// How to match.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) criterion: Criterion,
    pub(super) min_loci: u32,
    pub(super) access: Access,
    pub(super) full: bool,
    pub(super) exhaustive: bool,
}

impl How {
    /// In full, as the store says.
    pub(super) fn full(store: &Store) -> Self {
        let (criterion, min_loci) = (store.criterion, store.min_loci);
        Self { criterion, min_loci, access: Access::Usual, full: true, exhaustive: false }
    }
}

/// Matches the families of a store with its children, and records the run.
pub(super) fn run_match(store: &Store, how: How, entry: &Entry, output: &Output) -> anyhow::Result<Matched> {
    let How { criterion, min_loci, access, exhaustive, .. } = how;
    let mut ledger = store.ledger()?;
    super::expunge::finish(store, &mut ledger, output)?;
    check_the_rest(store, &mut ledger, output)?;
    let calculator = store.calculator()?;
    let basis = delta::basis(store, &calculator, &criterion)?;
    let since = if how.full { Err("") } else { delta::since(&ledger, basis, &criterion)? };
    let started_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let started = Instant::now();
    let generation = ledger.generation()?;
    let before = ledger.standing()?;
    let watch = interruptible()?;
    let bar = Bar::follow(&watch, output)?;
    let watch_ref = &watch;
    let job = Job {
        store,
        calculator: &calculator,
        criterion,
        min_loci,
        access,
        exhaustive,
        basis,
        generation,
        watch: watch_ref,
    };
    let (mode, compared) = match since {
        Ok((since, last)) => ("delta", job.delta(&mut ledger, &since, &last, &before.candidates, output)?),
        Err(reason) => {
            if !reason.is_empty() {
                output.say(&format!("everything is matched: {reason}"));
            }
            ("full", job.full(&mut ledger, output)?)
        }
    };
    drop(bar);
    // Past this, the run is recorded as a whole.
    watch.check()?;
    let Compared { result, stages, index, comparison } = compared;
    let ranked = Instant::now();
    let digest = run_digest(&store.table, &calculator, &criterion, &result.candidates);
    let digest_time = ranked.elapsed();
    let seconds = started.elapsed().as_secs_f64();
    let record = RunRecord {
        mode: mode.to_owned(),
        started_at: i64::try_from(started_at)?,
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
        manifest: manifest(store, &calculator, criterion, (&result, &comparison), &index).to_string(),
    };
    let recording = Instant::now();
    let delta = ledger.record_run(&record, &result.candidates, &before, entry)?;
    let write = recording.elapsed();
    let candidates = result.candidates.iter().copied().zip(delta.first_runs.iter().copied());
    let report = report(store, &ledger, (&calculator, comparison), (delta.run, record), candidates)?;
    let families_withdrawn = ledger.withdrawn()?.len() as u64;
    Ok(Matched { report, result, withdrawn: delta.withdrawn, families_withdrawn, stages, digest: digest_time, write })
}

/// Marks the families that were not checked at import: an interruption came between, the settings changed, or they were
/// withdrawn then.
fn check_the_rest(store: &Store, ledger: &mut Ledger, output: &Output) -> anyhow::Result<()> {
    let checking = Checking::of(store)?;
    let families = checking.unchecked(ledger, store)?;
    if !families.is_empty() {
        let marked =
            marks(&checking.mark(ledger, &families, Attribution::Unrecorded("a step of match"), output)?).len() as u64;
        let families = count(families.len() as u64);
        output.say(&format!("{families} families held against themselves first: {} marks set", count(marked)));
    }
    Ok(())
}

/// The index, built again where it is missing, stale or damaged.
pub(super) fn current_index(store: &Store, ledger: &Ledger, access: Access, output: &Output) -> anyhow::Result<Index> {
    match store.open_index(ledger, access)? {
        Ok(index) => Ok(index),
        Err(reason) => {
            let fresh = !store.has_index();
            let why = if fresh { "there is no index yet".to_owned() } else { reason.to_string() };
            let started = Instant::now();
            let index = store.build_index(ledger, access)?;
            output.say(&format!(
                "built the index of {} children in {:.2} s ({why})",
                count(index.children() as u64),
                started.elapsed().as_secs_f64()
            ));
            Ok(index)
        }
    }
}

/// Everything that the results depend on, and how they were found.
fn manifest(
    store: &Store,
    calculator: &Calculator,
    criterion: Criterion,
    (result, comparison): (&MatchResult, &Comparison),
    index: &Index,
) -> serde_json::Value {
    let listed = |list: &Option<Vec<Hardly>>| list.as_ref().map_or(0, Vec::len);
    let unlisted: std::collections::BTreeSet<&str> =
        index.unlisted().iter().map(|unlisted| index.loci()[unlisted.locus].0.name()).collect();
    json!({
        "program": concat!("reunite ", env!("CARGO_PKG_VERSION")),
        "model": calculator.settings_line(),
        "frequencies": hex(&store.table.digest()),
        "loci": store.table.panel().loci(),
        "criterion": criterion,
        "completeness": "the candidates are exactly those of scoring every pair",
        "identity": IdentityRule::default(),
        "families_screened": result.families_screened,
        "families_weighed": result.families_weighed,
        "families_out_of_reach": result.families_out_of_reach,
        "survivors": result.survivors,
        "min_loci": comparison.min_loci,
        "pairs_not_comparable": comparison.pairs_not_comparable,
        "families_hardly_comparable": listed(&comparison.families_hardly_comparable),
        "children_hardly_comparable": listed(&comparison.children_hardly_comparable),
        "children_with_own_drop_out": index.drop_outs().len(),
        "children_with_unlisted_alleles": index.unlisted().chunk_by(|a, b| a.child == b.child).count(),
        "loci_with_unlisted_alleles": unlisted,
        "instructions": Instructions::detect().name(),
        "refused": result.refused,
        "unscorable": result.unscorable,
    })
}

/// The last run and some of the current candidates, as the ledger has them.
pub(super) fn stored_report(
    store: &Store,
    ledger: &Ledger,
    filter: &crate::ledger::CandidateFilter,
) -> anyhow::Result<CandidateReport> {
    let Some((number, run)) = ledger.last_run()? else {
        anyhow::bail!("nothing has been matched yet: run `reunite match`");
    };
    let candidates = ledger.candidates(filter)?.into_iter().map(|candidate| (candidate.candidate, candidate.first_run));
    // The lists are those of the moment, which `comparable` gives.
    let comparison =
        Comparison { min_loci: run.min_loci, pairs_not_comparable: run.pairs_not_comparable, ..Comparison::default() };
    report(store, ledger, (&store.calculator()?, comparison), (number, run), candidates)
}

/// A run and candidates of it, best first, each with its first run.
fn report(
    store: &Store,
    ledger: &Ledger,
    (calculator, comparison): (&Calculator, Comparison),
    (number, run): (i64, RunRecord),
    candidates: impl Iterator<Item = (Candidate, i64)>,
) -> anyhow::Result<CandidateReport> {
    let mut marks: HashMap<Pseudonym, Vec<String>> = HashMap::new();
    for (family, cause) in ledger.marks()? {
        marks.entry(family).or_default().push(cause);
    }
    let about = Identities::new(ledger, store, calculator);
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
            same_person: about.of(&candidate)?,
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
            digest: hex(&run.digest),
            comparison,
        },
    })
}
