//! `candidates`.

use clap::Args;

use crate::ledger::CandidateFilter;
use crate::model::Pseudonym;
use crate::report::Format;

use super::Outcome;
use super::matching::{TABLE_ROWS, stored_report};
use super::options::{FormatOption, Global};
use super::output::Output;
use super::store::Store;

#[derive(Args)]
pub(super) struct List {
    /// Only those of this family
    #[arg(long, value_name = "PSEUDONYM")]
    family: Option<String>,
    /// Only those of this child
    #[arg(long, value_name = "PSEUDONYM")]
    child: Option<String>,
    /// At most this many, best first
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    #[command(flatten)]
    format: FormatOption,
}

impl List {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store, global.key())?;
        let mut ledger = store.ledger()?;
        let filter = CandidateFilter {
            family: self.family.as_deref().map(|text| pseudonym("--family", text)).transpose()?,
            child: self.child.as_deref().map(|text| pseudonym("--child", text)).transpose()?,
            limit: self.limit,
        };
        let report = stored_report(&store, &ledger, &filter)?;
        if ledger.generation()?.number != report.run.generation {
            output.warn("samples were imported since the last match: run `reunite match` to take them in");
        }
        let shown = report.candidates.iter().flat_map(|candidate| [candidate.family, candidate.child]);
        let entry = global.entry("candidates").with("format", self.format.format.word());
        let entry = entry.with("candidates", report.candidates.len()).with("run_digest", report.run.digest.as_str());
        ledger.append(&entry.about(filter.family.into_iter().chain(filter.child)).about(shown))?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.candidates.is_empty() && report.identities.is_empty() => {
                output.say("no candidates");
            }
            Format::Table => output.data(&report.table(self.limit.map_or(TABLE_ROWS, |limit| limit as usize)))?,
        }
        Ok(if report.candidates.is_empty() && report.identities.is_empty() { Outcome::Nothing } else { Outcome::Done })
    }
}

/// Reads a pseudonym without repeating what is none: it may be the identifier itself.
pub(super) fn pseudonym(argument: &str, text: &str) -> anyhow::Result<Pseudonym> {
    text.parse().map_err(|error| {
        anyhow::anyhow!("{argument}: {error}; `reunite pseudonym` gives that of an original identifier")
    })
}
