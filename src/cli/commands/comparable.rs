//! `comparable`: families and children that have too few loci in common with most of the others.

use clap::Args;

use crate::cli::options::{FormatOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, TABLE_ROWS, count, plural};
use crate::report::Format;

#[derive(Args)]
pub(crate) struct Comparable {
    /// The least number of loci in common of a comparable pair [default: the store's]
    #[arg(long, value_name = "N")]
    min_loci: Option<u32>,
    #[command(flatten)]
    format: FormatOption,
}

impl Comparable {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let entry = global.entry("comparable").with("format", self.format.format.word());
        let found = global.open()?.comparable(self.min_loci, &entry)?;
        output.say(&format!(
            "{} of {} pairs have fewer than {} loci in common; {} and {} have enough with fewer than half of the others",
            count(found.pairs),
            count(found.all_pairs),
            found.min_loci,
            plural(found.families, "family"),
            plural(found.children, "child"),
        ));
        let report = found.report;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.is_empty() => {}
            Format::Table => output.page(report.table(TABLE_ROWS))?,
        }
        Ok(Outcome::Done)
    }
}
