//! `missed`.

use clap::Args;

use crate::cli::notices::Notices;
use crate::cli::options::{FormatOption, Global, PriorOption, whom};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, TABLE_ROWS};
use crate::model::Unscorable;
use crate::report::Format;
use crate::store::{FoundMissed, MeaningOptions, Whom};

#[derive(Args)]
pub(crate) struct FamilyMissed {
    /// The pseudonym of the family [default: a table of all families]
    family: Option<String>,
    #[command(flatten)]
    prior: PriorOption,
    #[command(flatten)]
    format: FormatOption,
}

impl FamilyMissed {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let entry = global.entry("missed").with("format", self.format.format.word());
        let store = global.open()?;
        let family =
            self.family.as_deref().map(|text| whom(&store, Whom::Family, "FAMILY", text, &entry)).transpose()?;
        let options = MeaningOptions { prior: self.prior.prior, ..MeaningOptions::default() };
        let FoundMissed { report, failed, outdated, has_linked_loci, .. } =
            store.missed(family, &options, &entry, &Notices::new(output))?;
        if outdated {
            output.warn("the store changed since the last match, and so may the candidates: run `reunite match`");
        }
        if has_linked_loci {
            output.warn("linked loci are scored together, but counted as independent here");
        }
        for Unscorable { family, locus, reason } in &failed {
            output.warn(&format!("family {family} could not be computed, at locus {locus}: {reason}"));
        }
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.families.is_empty() => output.say("no families"),
            Format::Table => output.page(report.table(TABLE_ROWS))?,
        }
        Ok(if failed.is_empty() { Outcome::Done } else { Outcome::Rejected })
    }
}
