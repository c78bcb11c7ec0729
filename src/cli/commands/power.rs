//! `power`.

use clap::Args;

use crate::cli::notices::Notices;
use crate::cli::options::{FormatOption, Global, whom};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::model::Relation;
use crate::report::Format;
use crate::store::{FurtherRelatives, Planned, PowerOptions, Whom};

#[derive(Args)]
pub(crate) struct FamilyPower {
    /// The pseudonym of the family
    family: String,
    /// The least log10 LR of a candidate [default: the store's]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    min_log10_lr: Option<f64>,
    /// A further relative to consider; may be given several times [default: all who may help]
    #[arg(long, value_name = "RELATION", conflicts_with = "as_it_is")]
    with: Vec<Relation>,
    /// Do not consider further relatives
    #[arg(long)]
    as_it_is: bool,
    #[command(flatten)]
    format: FormatOption,
}

impl FamilyPower {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let further = match self.with.as_slice() {
            _ if self.as_it_is => FurtherRelatives::None,
            [] => FurtherRelatives::All,
            chosen => FurtherRelatives::These(chosen.iter().copied().collect()),
        };
        let entry = global.entry("power").with("format", self.format.format.word());
        let store = global.open()?;
        let family = whom(&store, Whom::Family, "FAMILY", &self.family, &entry)?;
        let options = PowerOptions { family, min_log10_lr: self.min_log10_lr, further };
        let Planned { report, failed, has_linked_loci, .. } = store.power(&options, &entry, &Notices::new(output))?;
        if has_linked_loci {
            output.warn("linked loci are scored together, but counted as independent here");
        }
        for (relation, error) in &failed {
            output.warn(&format!("with one more relative, {relation}: {error}"));
        }
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.table())?,
        }
        Ok(if failed.is_empty() { Outcome::Done } else { Outcome::Rejected })
    }
}
