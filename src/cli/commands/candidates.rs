//! `candidates`.

use clap::Args;

use crate::cli::options::{FormatOption, Global, pseudonym};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, TABLE_ROWS, plural};
use crate::ledger::CandidateFilter;
use crate::report::Format;
use crate::store::Candidates;

#[derive(Args)]
pub(crate) struct List {
    /// Only candidates of this family
    #[arg(long, value_name = "PSEUDONYM")]
    family: Option<String>,
    /// Only candidates of this child
    #[arg(long, value_name = "PSEUDONYM")]
    child: Option<String>,
    /// The N best candidates
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Add the LR of each found person as the missing child's own child, full sibling, nephew or niece
    #[arg(long)]
    alternatives: bool,
    #[command(flatten)]
    format: FormatOption,
}

impl List {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let filter = CandidateFilter {
            family: self.family.as_deref().map(|text| pseudonym("--family", text)).transpose()?,
            child: self.child.as_deref().map(|text| pseudonym("--child", text)).transpose()?,
            limit: self.limit,
        };
        let entry = global.entry("candidates").with("format", self.format.format.word());
        let store = global.open()?;
        let Candidates { mut report, outdated, changed_settings, not_shown, .. } = store.candidates(&filter, &entry)?;
        if self.alternatives {
            store.add_alternatives(&mut report)?;
        }
        changed_settings.iter().for_each(|changed| output.warn(&changed.to_string()));
        if outdated {
            output
                .warn("the store changed since the last match: run `reunite match` to bring the candidates up to date");
        }
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.candidates.is_empty() && report.identities.is_empty() => {
                output.say("no candidates");
            }
            Format::Table => output.data(&report.table(self.limit.map_or(TABLE_ROWS, |limit| limit as usize)))?,
        }
        if not_shown > 0 {
            output.say(&format!("{}; raise --limit to list them", plural(not_shown, "more candidate")));
        }
        Ok(Outcome::unless_empty(report.candidates.is_empty() && report.identities.is_empty()))
    }
}
