//! `runs`.

use clap::Args;

use crate::cli::options::{FormatOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::report::Format;

#[derive(Args)]
pub(crate) struct Runs {
    #[command(flatten)]
    format: FormatOption,
}

impl Runs {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let entry = global.entry("runs").with("format", self.format.format.word());
        let report = global.open()?.runs(&entry)?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.runs.is_empty() => output.say("nothing has been matched yet"),
            Format::Table => output.page(report.table())?,
        }
        Ok(Outcome::Done)
    }
}
