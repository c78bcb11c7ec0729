//! `facts`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::options::{FormatOption, Global, PopulationOption, PriorOption, whom};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count};
use crate::facts::{Rate, Verdict, Weights};
use crate::report::{FactsCalibrationReport, Format};
use crate::store::{FactsQuery, FactsWeighing, StoreError, Whom};
use crate::validation::{FactsPlan, calibrate_facts};

#[derive(Subcommand)]
pub(crate) enum FactsCommand {
    /// Show what is stated of a found child, or of the missing child of a family
    ///
    /// Free text is sealed: a custodian opens it with --identity and --reason.
    Show(Show),
    /// Compare what is stated of a family's missing child and of a found child
    ///
    /// Facts exclude no candidate and change no LR of the DNA. With --factors, sex and age get likelihood ratios of their own,
    /// which are stated apart and enter the prior.
    Compare(Compare),
    /// Simulate statements with known truth, and show whether the factors of sex and age keep their promise
    Calibrate(Calibrate),
}

#[derive(Args)]
pub(crate) struct Show {
    /// The pseudonym of the child or of the family, or at least its first 6 digits
    subject: String,
    /// Also show earlier facts
    #[arg(long)]
    history: bool,
    /// The age identity file of a custodian, to open free text; requires --reason, which the audit chain keeps
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    #[command(flatten)]
    format: FormatOption,
}

/// What the factors assume. No default is an estimate from data.
#[derive(Args)]
pub(super) struct WeightOptions {
    /// The rate of wrong records of a sex
    #[arg(long, value_name = "E", default_value = "0.01", value_parser = rate)]
    sex_error: Rate,
    /// The rate of true ages outside the apparent window
    #[arg(long, value_name = "E", default_value = "0.1", value_parser = rate)]
    age_error: Rate,
    /// The share of girls among found children
    #[arg(long, value_name = "SHARE", default_value = "0.5", value_parser = rate)]
    girls: Rate,
    /// The ages of found children: from 0 to below this number of years
    #[arg(long, value_name = "YEARS", default_value_t = 18, value_parser = clap::value_parser!(u8).range(1..=100))]
    below_age: u8,
}

impl WeightOptions {
    pub(super) fn weights(&self) -> Weights {
        let &Self { sex_error, age_error, girls, below_age } = self;
        Weights { sex_error, age_error, girls, years: below_age }
    }
}

#[derive(Args)]
pub(crate) struct Compare {
    /// The pseudonym of the family, or at least its first 6 digits
    family: String,
    /// The pseudonym of the child, or its first digits
    child: String,
    /// Also weigh sex and age, with the rates below
    #[arg(long)]
    factors: bool,
    #[command(flatten)]
    weights: WeightOptions,
    #[command(flatten)]
    prior: PriorOption,
    #[command(flatten)]
    population: PopulationOption,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Args)]
pub(crate) struct Calibrate {
    /// Simulated pairs per truth
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    pairs: u32,
    /// The seed; the same seed gives the same numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The rate of wrong records of a sex in the simulation [default: that of --sex-error]
    #[arg(long, value_name = "E", value_parser = rate)]
    true_sex_error: Option<Rate>,
    /// The rate of true ages outside the apparent window in the simulation [default: that of --age-error]
    #[arg(long, value_name = "E", value_parser = rate)]
    true_age_error: Option<Rate>,
    #[command(flatten)]
    weights: WeightOptions,
    #[command(flatten)]
    format: FormatOption,
}

impl FactsCommand {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::Show(show) => show.run(global, output),
            Self::Compare(compare) => compare.run(global, output),
            Self::Calibrate(calibrate) => calibrate.run(output),
        }
    }
}

impl Show {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let entry = global.entry("facts show").with("format", self.format.format.word());
        let store = global.open()?;
        // Digits that no child's pseudonym begins with may be a family's.
        let subject = match store.whom(Whom::Child, &self.subject, &entry) {
            Ok(child) => child,
            Err(StoreError::FirstDigits(_)) => whom(&store, Whom::Family, "SUBJECT", &self.subject, &entry)?,
            Err(error) => return Err(error.into()),
        };
        let query = FactsQuery { subject, history: self.history, identity: self.identity.as_deref() };
        let report = store.facts_of(&query, &entry)?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.table())?,
        }
        Ok(Outcome::Done)
    }
}

impl Compare {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let entry = global.entry("facts compare").with("format", self.format.format.word());
        let store = self.population.open(global)?;
        let family = whom(&store, Whom::Family, "FAMILY", &self.family, &entry)?;
        let child = whom(&store, Whom::Child, "CHILD", &self.child, &entry)?;
        let weighing = FactsWeighing { weights: self.weights.weights(), prior: self.prior.prior };
        let report = store.compare_facts(family, child, self.factors.then_some(&weighing), &entry)?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.table())?,
        }
        output.say(&format!(
            "{} agreeing, {} conflicting, {} unknown; facts exclude no candidate",
            count(report.with(Verdict::Agreeing)),
            count(report.with(Verdict::Conflicting)),
            count(report.with(Verdict::Unknown))
        ));
        Ok(Outcome::Done)
    }
}

impl Calibrate {
    fn run(&self, output: &Output) -> anyhow::Result<Outcome> {
        let weights = self.weights.weights();
        let plan = FactsPlan {
            pairs: self.pairs as usize,
            seed: self.seed,
            weights,
            true_sex_error: self.true_sex_error.unwrap_or(weights.sex_error),
            true_age_error: self.true_age_error.unwrap_or(weights.age_error),
        };
        let report = FactsCalibrationReport::new(&plan, calibrate_facts(&plan));
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.table())?,
        }
        Ok(Outcome::Done)
    }
}

fn rate(text: &str) -> Result<Rate, String> {
    let value: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    Rate::try_from(value).map_err(|error| error.to_string())
}
