//! `explain`.

use clap::Args;

use crate::cli::options::{Global, TableFormatOption};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::cli::pair_options::{PairOptions, warn_of_pair};
use crate::report::{Format, TableFormat};
use crate::store::Explained;

#[derive(Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pair: PairOptions,
    #[command(flatten)]
    format: TableFormatOption,
}

impl Explain {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let entry = global.entry("explain").with("format", self.format.format.word());
        let store = self.pair.population.open(global)?;
        let options = self.pair.explain_options(&store, &entry)?;
        let Explained { report, same_as, changed_settings, not_searched, .. } = store.explain(&options, &entry)?;
        warn_of_pair(output, &changed_settings, same_as, report.differs_from_candidate());
        for sample in not_searched {
            output.warn(&format!(
                "the relative {sample} counts as untyped: the terms on which the sample is kept do not allow to compare it"
            ));
        }
        match self.format.format {
            TableFormat::Listed(Format::Json) => output.data(&report.json()?)?,
            TableFormat::Listed(Format::Csv) => output.data(&report.csv())?,
            TableFormat::Parquet => output.parquet("explanation", &report.csv())?,
            TableFormat::Listed(Format::Table) => output.page(report.table())?,
        }
        Ok(Outcome::Done)
    }
}
