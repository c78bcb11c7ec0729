//! `candidates`.

use clap::Args;

use crate::ledger::CandidateFilter;
use crate::model::Pseudonym;
use crate::report::Format;

use super::Outcome;
use super::matching::{TABLE_ROWS, filtered_report};
use super::options::{FormatOption, Global};
use super::output::Output;
use super::store::Store;

#[derive(Args)]
pub(super) struct List {
    /// Only those of this family
    #[arg(long, value_name = "PSEUDONYM")]
    family: Option<Pseudonym>,
    /// Only those of this child
    #[arg(long, value_name = "PSEUDONYM")]
    child: Option<Pseudonym>,
    /// At most this many, best first
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    #[command(flatten)]
    format: FormatOption,
}

impl List {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store)?;
        let ledger = store.ledger()?;
        let filter = CandidateFilter { family: self.family, child: self.child, limit: self.limit };
        let report = filtered_report(&ledger, &filter)?;
        if ledger.generation()?.number != report.run.generation {
            output.warn("samples were imported since the last match: run `reunite match` to take them in");
        }
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.candidates.is_empty() => output.say("no candidates"),
            Format::Table => output.data(&report.table(self.limit.map_or(TABLE_ROWS, |limit| limit as usize)))?,
        }
        Ok(if report.candidates.is_empty() { Outcome::Nothing } else { Outcome::Done })
    }
}
