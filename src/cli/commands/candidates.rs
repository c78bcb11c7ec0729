//! `candidates`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use jiff::civil::Date;

use crate::cli::notices::{Notices, warn_unweighed};
use crate::cli::options::{Global, NumbersOption, PriorOption, TableFormatOption, whom};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count, plural};
use crate::meaning::Class;
use crate::report::{Format, TableFormat};
use crate::store::{Assigning, CandidateQuery, Candidates, MeaningOptions, Since, Sort, Whom};

/// Candidates shown with what they mean, if no limit is given.
const CARDS: u32 = 10;

/// Candidates shown without it.
const ROWS: u32 = 50;

#[derive(Args)]
pub(crate) struct List {
    /// Only candidates of this family
    #[arg(long, value_name = "PSEUDONYM", help_heading = SELECTION)]
    family: Option<String>,
    /// Only candidates of this child
    #[arg(long, value_name = "PSEUDONYM", help_heading = SELECTION)]
    child: Option<String>,
    /// Only candidates that are new since then: `last` for the last run, the number of a run, or a day (YYYY-MM-DD)
    #[arg(long, value_name = "RUN", value_parser = since, help_heading = SELECTION)]
    since: Option<Since>,
    /// Only candidates that two reviewers have not decided yet, or whose data changed since they did
    #[arg(long, help_heading = SELECTION)]
    undecided: bool,
    /// Only candidates of this class; may be given several times
    #[arg(long, value_name = "CLASS", value_enum, help_heading = SELECTION)]
    class: Vec<Class>,
    /// Only candidates with this agency on either side
    #[arg(long, value_name = "AGENCY", help_heading = SELECTION)]
    agency: Option<String>,
    /// Only candidates with this region on either side
    #[arg(long, value_name = "REGION", help_heading = SELECTION)]
    region: Option<String>,
    /// Only candidates with at least this log10 LR, as far as the last run has them
    #[arg(long, value_name = "X", allow_negative_numbers = true, help_heading = SELECTION)]
    min_log10_lr: Option<f64>,
    /// Only each family's N best candidates
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = SELECTION)]
    max_per_family: Option<u32>,
    /// Only candidates whose LR at most X unrelated children are expected to reach
    #[arg(long, value_name = "X", help_heading = SELECTION)]
    max_chance_hits: Option<f64>,
    /// The order of the list
    #[arg(long, value_enum, default_value_t = Sort::default(), hide_possible_values = false)]
    sort: Sort,
    /// The first N candidates [default: 10 in a table, 50 with --brief; all in JSON and CSV]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Leave out what the candidates mean, which takes some milliseconds for each
    #[arg(long, conflicts_with_all = ["prior", "also_frequencies", "class", "max_chance_hits", "assign"])]
    brief: bool,
    #[command(flatten)]
    prior: PriorOption,
    #[command(flatten)]
    numbers: NumbersOption,
    /// Another frequency table under which candidates must hold; may be given several times. The tables that the store
    /// keeps, and theta 0 and 0.01, are always tried
    #[arg(long, value_name = "FILE")]
    also_frequencies: Vec<PathBuf>,
    /// Add the probability of each candidate given that a child fills one place in the whole database
    #[arg(long)]
    assign: bool,
    /// Add the LR of each found person as the missing child's own child, full sibling, nephew or niece
    #[arg(long)]
    alternatives: bool,
    #[command(flatten)]
    format: TableFormatOption,
}

const SELECTION: &str = "Which candidates";

fn since(text: &str) -> Result<Since, String> {
    let other = || format!("`last`, the number of a run, or a day as YYYY-MM-DD; not {text:?}");
    match text {
        "last" => Ok(Since::Last),
        _ if text.contains('-') => text.parse::<Date>().map(Since::Day).map_err(|_| other()),
        _ => text.parse().map(Since::Run).map_err(|_| other()),
    }
}

impl List {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        if self.limit == Some(0) {
            bail!("--limit 0 lists nothing; leave it out, or give 1 or more");
        }
        let is_table = self.format.format == TableFormat::default();
        let usual = if self.brief { ROWS } else { CARDS };
        let options = MeaningOptions { prior: self.prior.prior, also_frequencies: self.also_frequencies.clone() };
        let entry = global.entry("candidates").with("format", self.format.format.word());
        let store = global.open()?;
        let named = |of, option, text: &Option<String>| {
            text.as_deref().map(|text| whom(&store, of, option, text, &entry)).transpose()
        };
        let query = CandidateQuery {
            family: named(Whom::Family, "--family", &self.family)?,
            child: named(Whom::Child, "--child", &self.child)?,
            since: self.since,
            min_log10_lr: self.min_log10_lr,
            max_per_family: self.max_per_family,
            max_chance_hits: self.max_chance_hits,
            classes: self.class.iter().copied().collect(),
            agency: self.agency.clone(),
            region: self.region.clone(),
            undecided: self.undecided,
            numbers: self.numbers.numbers.clone(),
            sort: self.sort,
            limit: self.limit.or(is_table.then_some(usual)),
            meaning: (!self.brief).then(|| options.clone()),
        };
        let notices = Notices::new(output);
        let Candidates { mut report, outdated, changed_settings, not_shown, unweighed, min_log10_lr, .. } =
            store.candidates(&query, &entry, &notices)?;
        if self.alternatives {
            store.add_alternatives(&mut report)?;
        }
        let unweighed_too = if self.assign {
            let Assigning { components, too_large, unweighed, .. } =
                store.add_assignment(&mut report, &options, &notices)?;
            output.say(&format!(
                "children assigned to families in {} that share no candidate",
                plural(components as u64, "group")
            ));
            for (families, children) in too_large {
                output.warn(&format!(
                    "a group of {} and {} is too large to add up exactly: its probabilities are bounds",
                    plural(families as u64, "family"),
                    plural(children as u64, "child")
                ));
            }
            unweighed
        } else {
            Vec::new()
        };
        warn_unweighed(output, unweighed.iter().chain(&unweighed_too));
        changed_settings.iter().for_each(|changed| output.warn(&changed.to_string()));
        if outdated {
            output
                .warn("the store changed since the last match: run `reunite match` to bring the candidates up to date");
        }
        if let (Some(least), Some(of_run)) = (self.min_log10_lr, min_log10_lr)
            && least < of_run
        {
            output.warn(&format!(
                "the last match kept pairs from log10 LR {of_run} on: `reunite match --min-log10-lr {least}` finds the others"
            ));
        }
        let is_empty = report.candidates.is_empty() && report.identities.is_empty();
        match self.format.format {
            TableFormat::Listed(Format::Json) => output.data(&report.json()?)?,
            TableFormat::Parquet => output.parquet("candidates", &report.csv())?,
            TableFormat::Listed(Format::Csv) => output.data(&report.csv())?,
            TableFormat::Listed(Format::Table) if is_empty && query.is_filtered() => {
                output.say("no candidate passes these filters");
            }
            TableFormat::Listed(Format::Table) if is_empty => output.say("no candidates"),
            TableFormat::Listed(Format::Table) if self.brief && self.numbers.numbers.is_none() => {
                output.page(report.table(usize::MAX))?;
            }
            TableFormat::Listed(Format::Table) => output.page(report.cards())?,
        }
        if not_shown > 0 {
            output.say(&format!(
                "{} more {}; --limit lists them",
                count(not_shown),
                if not_shown == 1 { "candidate" } else { "candidates" }
            ));
        }
        Ok(Outcome::unless_empty(is_empty))
    }
}
