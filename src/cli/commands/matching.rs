//! `match`.

use anyhow::bail;
use clap::Args;

use crate::cli::doubt_options::DoubtOptions;
use crate::cli::notices::Notices;
use crate::cli::options::{FormatOption, Global, PopulationOption};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, TABLE_ROWS, count, plural};
use crate::index::Access;
use crate::keeping::Purpose;
use crate::matching::{Criterion, Stages};
use crate::report::words::counted;
use crate::report::{Comparison, Format, Hardly, left_out_in_words, near_table};
use crate::store::{Listing, MatchOptions, Matched};

use super::certificate::say_night;

/// The criterion for candidates of a run.
#[derive(Args)]
pub(super) struct CriterionOptions {
    /// The least log10 LR of a candidate, for this run and the list that it leaves [default: the store's]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    min_log10_lr: Option<f64>,
    /// Keep each family's N best candidates, and drop the others
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_per_family: Option<u32>,
    /// Keep candidates whose LR at most X of the children are expected to reach by chance, if all were unrelated to the
    /// family
    #[arg(long, value_name = "X")]
    max_chance_hits: Option<f64>,
    /// The least number of loci in common of a comparable pair [default: the store's]; pairs with fewer loci that reach
    /// the LR are candidates all the same
    #[arg(long, value_name = "N")]
    min_loci: Option<u32>,
    #[command(flatten)]
    doubts: DoubtOptions,
}

impl CriterionOptions {
    /// Adds what was given to the options of a run.
    pub(super) fn over(&self, options: &mut MatchOptions) -> anyhow::Result<()> {
        let min_log10_lr = self.min_log10_lr.unwrap_or(options.criterion.min_log10_lr);
        let (max_per_family, max_chance_hits) = (self.max_per_family, self.max_chance_hits);
        let doubts = self.doubts.over(options.criterion.doubts)?;
        options.criterion = Criterion { min_log10_lr, max_per_family, max_chance_hits, doubts };
        options.min_loci = self.min_loci.unwrap_or(options.min_loci);
        Ok(())
    }
}

#[derive(Args)]
pub(crate) struct Match {
    /// Compare everything, not only what was added or changed since the last run
    #[arg(long)]
    full: bool,
    /// Score every pair without screening: slow, to check that screening loses nothing
    #[arg(long, requires = "full")]
    exhaustive: bool,
    #[command(flatten)]
    criterion: CriterionOptions,
    /// Also list the N best pairs of each family that fall short by at most four powers of ten, with what separates them;
    /// compares all families with all children
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    near: Option<u32>,
    /// Read the index into memory even above 1 GiB, instead of mapping it
    #[arg(long)]
    no_mmap: bool,
    #[command(flatten)]
    population: PopulationOption,
    #[command(flatten)]
    format: FormatOption,
}

impl Match {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = self.population.open(global)?;
        let mut options = MatchOptions { full: self.full, exhaustive: self.exhaustive, ..MatchOptions::new(&store) };
        self.criterion.over(&mut options)?;
        options.near = self.near;
        options.listing = listing(self.format.format);
        if self.near.is_some() && self.format.format == Format::Csv {
            bail!("pairs that fall short are no rows of the candidates' CSV: list them with --format table or json");
        }
        if self.no_mmap {
            options.access = Access::Read;
        }
        let entry = global.entry("match").with("exhaustive", self.exhaustive).with("format", self.format.format.word());
        let matched = store.match_all(&options, &entry, &Notices::new(output))?;
        tell_matched(&matched, self.format.format, self.near.is_some(), output)
    }
}

/// Returns the candidates that a format lists.
pub(super) fn listing(format: Format) -> Listing {
    match format {
        Format::Table => Listing::New,
        Format::Json | Format::Csv => Listing::All,
    }
}

/// Prints what came of a run, with the pairs that fall short if they were asked for.
pub(super) fn tell_matched(
    matched: &Matched,
    format: Format,
    is_with_near: bool,
    output: &Output,
) -> anyhow::Result<Outcome> {
    match format {
        Format::Json if !is_with_near => output.data(&matched.report.json()?)?,
        Format::Json => {
            let mut report = serde_json::to_value(&matched.report)?;
            report["near"] = serde_json::to_value(&matched.near)?;
            output.data(&(serde_json::to_string_pretty(&report)? + "\n"))?;
        }
        Format::Csv => output.data(&matched.report.csv())?,
        Format::Table => {
            let new = matched.report.only_new();
            if !(new.candidates.is_empty() && new.identities.is_empty()) {
                output.page(new.table(TABLE_ROWS))?;
            }
            if is_with_near {
                output.page(near_table(&matched.near, TABLE_ROWS))?;
            }
        }
    }
    say_matched(matched, output);
    if matched.result.candidates.is_empty() {
        let run = &matched.report.run;
        if run.mode != "delta" && run.pairs == 0 {
            let (families, children) = (plural(run.families, "family"), plural(run.children, "child"));
            output.warn(&format!(
                "no pair was compared: the store holds {families} and {children}; `reunite import` adds \
                 files"
            ));
        } else {
            output.say("no candidates: no family and child of the store reach the threshold");
        }
    }
    let whole = matched.result.unscorable.is_empty() && matched.result.refused.is_empty();
    Ok(if whole { Outcome::Done } else { Outcome::Rejected })
}

/// The most candidates that a run names as lost.
const LOST_ROWS: usize = 10;

/// Says what came of a run.
pub(super) fn say_matched(matched: &Matched, output: &Output) {
    for family in &matched.result.unscorable {
        output.warn(&format!("family {} was not scored, at locus {}: {}", family.family, family.locus, family.reason));
    }
    for child in &matched.result.refused {
        output.warn(&format!(
            "child {child} was not compared: it has an allele without a frequency, and the model refuses those"
        ));
    }
    let run = &matched.report.run;
    let counts = &matched.counts;
    output.say(&format!(
        "{} x {}: {} in {:.2} s ({:.1e} a second); {} passed the screen",
        plural(run.families, "family"),
        plural(run.children, "child"),
        plural(run.pairs, "pair"),
        run.seconds,
        run.pairs as f64 / run.seconds.max(1e-9),
        count(matched.result.survivors),
    ));
    let Stages { compile, screen, score, describe } = matched.stages;
    // The stages of a run in tiles were on other machines.
    if matched.stages != Stages::default() {
        output.say(&format!(
            "processor time: compile {:.2} s, screen {:.2} s, score {:.2} s, describe {:.2} s",
            compile.as_secs_f64(),
            screen.as_secs_f64(),
            score.as_secs_f64(),
            describe.as_secs_f64()
        ));
    }
    output.say(&format!(
        "{}, {} of them new; {} withdrawn",
        plural(counts.candidates, "candidate"),
        count(counts.new),
        count(matched.withdrawn)
    ));
    for lost in matched.lost.iter().take(LOST_ROWS) {
        output.warn(&format!("no longer a candidate: {}", lost.line()));
    }
    if matched.lost.len() > LOST_ROWS {
        output.warn(&format!(
            "and {} more; `reunite runs` names them all",
            plural((matched.lost.len() - LOST_ROWS) as u64, "former candidate")
        ));
    }
    if counts.in_doubt > 0 {
        output.say(&format!(
            "{} of them in a view that doubts a statement of the papers: the table names whom",
            count(counts.in_doubt)
        ));
    }
    say_comparable(matched, output);
    if let Some(remark) = run.table.remark() {
        output.warn(&remark);
    }
    let identities = matched.report.identities.len() as u64;
    if identities > 0 {
        output.warn(&format!(
            "{} more: the child has the profile of a relative of the family, so that they are one person under two numbers, \
             or identical twins, and no candidates; `reunite candidates` lists them as identities",
            plural(identities, "pair")
        ));
    }
    if matched.families_withdrawn > 0 {
        output.say(&format!("skipped {}", plural(matched.families_withdrawn, "withdrawn family")));
    }
    if counts.marked > 0 {
        output.say(&format!(
            "{} of families whose relatives do not all fit: see `reunite families list`",
            plural(counts.marked, "candidate")
        ));
    }
    if let Some(text) = left_out_in_words(matched.report.left_out.len() as u64, Purpose::Search) {
        output.warn(&format!("{text}; --format json names them"));
    }
    if let Some(night) = &matched.certificates {
        say_night(night, output);
    }
    if let Some(due) = matched.due.filter(|due| *due > 0) {
        output.warn(&format!("{}: see `reunite due`", counted(due, "sample is due", "samples are due")));
    }
    output.say(&format!("digest {}", run.digest));
}

/// Says which pairs of a run were not comparable.
fn say_comparable(matched: &Matched, output: &Output) {
    let run = &matched.report.run;
    let Comparison { min_loci: Some(least), pairs_not_comparable: Some(pairs), .. } = run.comparison else {
        return;
    };
    let few = matched.counts.few_loci;
    if pairs > 0 {
        let which = if run.mode == "delta" { " of those compared in this run" } else { "" };
        output
            .say(&format!("not comparable, with fewer than {least} loci in common: {}{which}", plural(pairs, "pair")));
    }
    if few > 0 {
        output.say(&format!("compared at fewer than {least} loci: {}", plural(few, "candidate")));
    }
    let listed = |list: &Option<Vec<Hardly>>| list.as_ref().map_or(0, Vec::len) as u64;
    let families = listed(&run.comparison.families_hardly_comparable);
    let children = listed(&run.comparison.children_hardly_comparable);
    if families + children > 0 {
        output.say(&format!(
            "comparable with fewer than half of the others: {} and {}; `reunite comparable` lists them",
            plural(families, "family"),
            plural(children, "child")
        ));
    }
}
