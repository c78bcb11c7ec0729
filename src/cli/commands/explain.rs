//! `explain`.

use clap::Args;

use crate::cli::options::{FormatOption, Global, NumbersOption, PopulationOption, pseudonym};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::report::Format;
use crate::store::{CertainParent, ExplainOptions, Explained};

#[derive(Args)]
pub(crate) struct Explain {
    /// The pseudonym of the family, as `candidates` lists it
    family: String,
    /// The pseudonym of the child
    child: String,
    /// Show the genotypes, which identify people; from the ratios by locus alone, an expert can infer many of them
    #[arg(long)]
    show_genotypes: bool,
    /// For the CPI: the parent (father or mother) who is certain; only the other one is questioned
    #[arg(long, value_enum, value_name = "PARENT")]
    certain_parent: Option<CertainParent>,
    #[command(flatten)]
    numbers: NumbersOption,
    #[command(flatten)]
    population: PopulationOption,
    #[command(flatten)]
    format: FormatOption,
}

impl Explain {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let options = ExplainOptions {
            family: pseudonym("FAMILY", &self.family)?,
            child: pseudonym("CHILD", &self.child)?,
            certain_parent: self.certain_parent,
            show_genotypes: self.show_genotypes,
            numbers: self.numbers.numbers.clone(),
        };
        let entry = global.entry("explain").with("format", self.format.format.word());
        let Explained { report, same_as, changed_settings, .. } =
            self.population.open(global)?.explain(&options, &entry)?;
        changed_settings.iter().for_each(|changed| output.warn(&changed.to_string()));
        if let Some(relative) = same_as {
            output.warn(&format!(
                "the child has the profile of relative {relative}: one person under two numbers, or identical twins; the LR \
                 shows how alike they are, not that the child is the missing one"
            ));
        }
        if report.differs_from_candidate() {
            output.warn("the pair is a candidate with another LR: its data have changed since; run `reunite match`");
        }
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.data(&report.table())?,
        }
        Ok(Outcome::Done)
    }
}
