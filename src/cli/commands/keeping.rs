//! `keeping`.

use clap::{Args, Subcommand};

use crate::cli::options::{FormatOption, Global, day, whom};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::report::Format;
use crate::store::{RecordOptions, Whom};
use crate::supervision::LEAST_SHOWN;

#[derive(Subcommand)]
pub(crate) enum Keeping {
    /// Show the terms on which a sample is kept, and what is due about it
    Show(ShowTerms),
    /// Record the processing for auditors, with the facts for an impact assessment
    ///
    /// Samples by legal basis and purposes, kinds of data, who has access, retention, and what the audit chain says of the
    /// period: commands and deletions. For the assessment: ages, sensitive data, safeguards. Small numbers are hidden.
    Record(WriteRecord),
}

#[derive(Args)]
pub(crate) struct ShowTerms {
    /// The pseudonym of a child's or relative's sample, or at least its first 6 digits
    sample: String,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Args)]
pub(crate) struct WriteRecord {
    /// The first day of the period [default: 3 years before its last day]
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<String>,
    /// The last day of the period [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<String>,
    /// Hide numbers of samples below N, and as many others as it takes so that none of them can be computed
    #[arg(long, value_name = "N", default_value_t = LEAST_SHOWN, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    least: u64,
    #[command(flatten)]
    format: FormatOption,
}

impl Keeping {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::Show(command) => command.run(global, output),
            Self::Record(command) => command.run(global, output),
        }
    }
}

impl ShowTerms {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let entry = global.entry("keeping show").with("format", self.format.format.word());
        let store = global.open()?;
        let sample = whom(&store, Whom::Sample, "SAMPLE", &self.sample, &entry)?;
        let report = store.terms(sample, &entry)?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.table())?,
        }
        Ok(Outcome::Done)
    }
}

impl WriteRecord {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let date = |option, text: &Option<String>| text.as_deref().map(|text| day(option, text)).transpose();
        let options =
            RecordOptions { from: date("--from", &self.from)?, to: date("--to", &self.to)?, least: self.least };
        let entry = global.entry("keeping record").with("format", self.format.format.word());
        let record = global.open()?.keeping_record(&options, &entry)?;
        if self.least < LEAST_SHOWN {
            output.warn(&format!("numbers below {LEAST_SHOWN} can point at a person: do not give this list away"));
        }
        match self.format.format {
            Format::Json => output.data(&record.json()?)?,
            Format::Csv => output.data(&record.csv())?,
            Format::Table => output.page(record.table())?,
        }
        Ok(Outcome::Done)
    }
}
