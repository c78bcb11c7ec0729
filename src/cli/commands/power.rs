//! `power`.

use std::collections::BTreeSet;

use anyhow::Context;
use clap::Args;
use rayon::prelude::*;

use crate::model::Relation;
use crate::planning::Planner;
use crate::report::{Format, PowerReport, SCHEMA_VERSION};

use super::Outcome;
use super::candidates::pseudonym;
use super::init::checked;
use super::options::{FormatOption, Global};
use super::output::{Output, hex};
use super::store::Store;

#[derive(Args)]
pub(super) struct FamilyPower {
    /// The family, by its pseudonym
    family: String,
    /// The least log10 LR of a candidate, instead of the store's
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    min_log10_lr: Option<f64>,
    /// A relative whose sample might be taken; may be given several times [default: every one that may help]
    #[arg(long, value_name = "RELATION", conflicts_with = "as_it_is")]
    with: Vec<Relation>,
    /// Say nothing about further relatives
    #[arg(long)]
    as_it_is: bool,
    #[command(flatten)]
    format: FormatOption,
}

impl FamilyPower {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let pseudonym = pseudonym("FAMILY", &self.family)?;
        let store = Store::open(&global.store, global.key())?;
        let min_log10_lr = checked(self.min_log10_lr.unwrap_or(store.criterion.min_log10_lr))?.min_log10_lr;
        let mut ledger = store.ledger()?;
        let family = ledger.family(store.table.panel(), pseudonym)?;
        let family = family.with_context(|| format!("there is no family {pseudonym} in the store"))?;
        anyhow::ensure!(
            self.with.is_empty() || family.pedigree.is_none(),
            "family {pseudonym} has a pedigree of its own, in which --with has no place: leave it out"
        );
        let calculator = store.calculator()?;
        if !calculator.linked().is_empty() {
            output.warn("linked loci are scored together, but counted as independent here");
        }
        let failed = || format!("family {pseudonym} cannot be planned for");
        let planner = Planner::new(&store.table, *calculator.model(), &family).with_context(failed)?;
        let power = planner.power(min_log10_lr).with_context(failed)?;
        let options = match self.with.as_slice() {
            _ if self.as_it_is => Vec::new(),
            [] => planner.options(),
            chosen => chosen.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
        };
        let with: Vec<_> = options.par_iter().map(|&one| (one, planner.power_with(one, min_log10_lr))).collect();
        let mut outcome = Outcome::Done;
        let mut computed = Vec::with_capacity(with.len());
        for (relation, power) in with {
            match power {
                Ok(power) => computed.push((relation, power)),
                Err(error) => {
                    output.warn(&format!("with one more relative, {relation}: {error}"));
                    outcome = Outcome::Rejected;
                }
            }
        }
        let children = ledger.counts()?.children;
        let report = PowerReport {
            schema_version: SCHEMA_VERSION,
            family: pseudonym,
            relatives: family.relatives.iter().map(|relative| relative.relation).collect(),
            loci: store.table.panel().len(),
            informative_loci: planner.informative_loci(),
            min_log10_lr,
            children,
            settings: format!("{}; loci independent", calculator.model()),
            frequencies: hex(&store.table.digest()),
            power: PowerReport::rows(power, computed, children),
        };
        let entry = global.entry("power").with("format", self.format.format.word());
        ledger.append(&entry.about(family.relatives.iter().map(|relative| relative.sample)).about([pseudonym]))?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.data(&report.table())?,
        }
        Ok(outcome)
    }
}
