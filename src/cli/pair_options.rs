//! The options of commands that explain one pair, and what these commands warn of.

use clap::Args;

use crate::audit::Entry;
use crate::model::Pseudonym;
use crate::store::{CertainParent, ChangedSetting, ExplainOptions, Store, Whom};

use super::options::{NumbersOption, PopulationOption, whom};
use super::output::Output;

/// A family and a child, and what is shown of them.
#[derive(Args)]
pub(super) struct PairOptions {
    /// The pseudonym of the family, or at least its first 6 digits
    family: String,
    /// The pseudonym of the child, or its first digits
    child: String,
    /// Show the genotypes, which identify people; from the ratios by locus alone, an expert can infer many of them
    #[arg(long)]
    show_genotypes: bool,
    /// For the CPI: the parent (father or mother) who is certain; only the other one is questioned
    #[arg(long, value_enum, value_name = "PARENT")]
    certain_parent: Option<CertainParent>,
    #[command(flatten)]
    pub(super) numbers: NumbersOption,
    #[command(flatten)]
    pub(super) population: PopulationOption,
}

impl PairOptions {
    pub(super) fn explain_options(&self, store: &Store, entry: &Entry) -> anyhow::Result<ExplainOptions> {
        Ok(ExplainOptions {
            family: whom(store, Whom::Family, "FAMILY", &self.family, entry)?,
            child: whom(store, Whom::Child, "CHILD", &self.child, entry)?,
            certain_parent: self.certain_parent,
            show_genotypes: self.show_genotypes,
            numbers: self.numbers.numbers.clone(),
        })
    }
}

/// Warns of what a reader of an explanation has to know first.
pub(super) fn warn_of_pair(
    output: &Output,
    changed_settings: &[ChangedSetting],
    same_as: Option<Pseudonym>,
    differs_from_candidate: bool,
) {
    changed_settings.iter().for_each(|changed| output.warn(&changed.to_string()));
    if let Some(relative) = same_as {
        output.warn(&format!(
            "the child has the profile of relative {relative}: one person under two numbers, or identical twins; the LR \
             shows how alike they are, not that the child is the missing one"
        ));
    }
    if differs_from_candidate {
        output.warn("the pair is a candidate with another LR: its data have changed since; run `reunite match`");
    }
}
