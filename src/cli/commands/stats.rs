//! `stats`.

use clap::Args;

use crate::cli::notices::Notices;
use crate::cli::options::{Global, TableFormatOption};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, plural};
use crate::report::{Format, TableFormat};
use crate::store::{Statistics, StatisticsOptions};
use crate::supervision::LEAST_SHOWN;

#[derive(Args)]
pub(crate) struct Stats {
    /// Hide numbers below N, and as many others as it takes so that none of them can be computed
    #[arg(long, value_name = "N", default_value_t = LEAST_SHOWN, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    least: u64,
    /// Leave out what takes time to compute: classes, and families that cannot be identified
    #[arg(long)]
    counts_only: bool,
    #[command(flatten)]
    format: TableFormatOption,
}

impl Stats {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let entry = global.entry("stats").with("format", self.format.format.word());
        let options = StatisticsOptions { least: self.least, counts_only: self.counts_only };
        let Statistics { report, never_matched, outdated, unweighed, .. } =
            global.open()?.statistics(&options, &entry, &Notices::new(output))?;
        if never_matched {
            output.warn("nothing has been matched yet: run `reunite match`");
        }
        if outdated {
            output.warn("the store changed since the last match, and so may the candidates: run `reunite match`");
        }
        if !unweighed.is_empty() {
            output.warn(&format!(
                "{} could not be weighed and are not counted by class: `reunite missed` names them",
                plural(unweighed.len() as u64, "family")
            ));
        }
        if self.least < LEAST_SHOWN {
            output.warn(&format!("numbers below {LEAST_SHOWN} can point at a person: do not give this list away"));
        }
        match self.format.format {
            TableFormat::Listed(Format::Json) => output.data(&report.json()?)?,
            TableFormat::Listed(Format::Csv) => output.data(&report.csv())?,
            TableFormat::Parquet => output.parquet("statistics", &report.csv())?,
            TableFormat::Listed(Format::Table) => output.page(report.table())?,
        }
        Ok(if unweighed.is_empty() { Outcome::Done } else { Outcome::Rejected })
    }
}
