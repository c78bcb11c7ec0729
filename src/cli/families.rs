//! `families`.

use anyhow::Context;
use clap::{Args, Subcommand};
use rayon::prelude::*;

use crate::consistency::{Cause, Checker};
use crate::kinship::Calculator;
use crate::model::{Family, Pseudonym};
use crate::report::{FamiliesReport, FindingRow, Format};

use super::Outcome;
use super::candidates::pseudonym;
use super::options::{FormatOption, Global};
use super::output::{Output, count};
use super::store::Store;

#[derive(Subcommand)]
pub(super) enum Families {
    /// Hold the relatives of each family against each other
    Check(Check),
}

#[derive(Args)]
pub(super) struct Check {
    /// Only these families, by pseudonym
    families: Vec<String>,
    #[command(flatten)]
    format: FormatOption,
}

impl Families {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::Check(check) => check.run(global, output),
        }
    }
}

impl Check {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let wanted: Vec<Pseudonym> =
            self.families.iter().map(|text| pseudonym("FAMILY", text)).collect::<anyhow::Result<_>>()?;
        let store = Store::open(&global.store)?;
        let ledger = store.ledger()?;
        let panel = store.table.panel();
        let families = if wanted.is_empty() {
            ledger.families(panel)?.0
        } else {
            let family = |&wanted: &Pseudonym| {
                ledger.family(panel, wanted)?.with_context(|| format!("there is no family {wanted} in the store"))
            };
            wanted.iter().map(family).collect::<anyhow::Result<_>>()?
        };
        let calculator = store.calculator()?;
        let findings = findings(&families, &calculator)?;
        let own = families.iter().filter(|family| family.pedigree.is_some()).count();
        if own > 0 {
            output.warn(&format!("{} families with a pedigree of their own were not checked", count(own as u64)));
        }
        let report = FamiliesReport::new(families.len() as u64, calculator.settings_line(), findings);
        let doubted = report.findings.iter().filter(|row| row.finding.cause != Cause::Mutation).count();
        let mutations = report.findings.len() - doubted;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.findings.is_empty() => {}
            Format::Table => output.data(&report.table())?,
        }
        output.say(&format!(
            "{} families checked: {} with a doubtful relation or sample, {} with a mutation inside the family",
            count(families.len() as u64),
            count(doubted as u64),
            count(mutations as u64)
        ));
        Ok(if report.findings.is_empty() { Outcome::Done } else { Outcome::Nothing })
    }
}

/// What does not fit in these families, in their order.
pub(super) fn findings(families: &[Family], calculator: &Calculator) -> anyhow::Result<Vec<FindingRow>> {
    let checker = Checker::new(calculator);
    let check = |family: &Family| -> anyhow::Result<Vec<FindingRow>> {
        let findings = checker.check(family).with_context(|| format!("family {}", family.pseudonym))?;
        Ok(findings.into_iter().map(|finding| FindingRow { family: family.pseudonym, finding }).collect())
    };
    let checked: Vec<Vec<FindingRow>> = families.par_iter().map(check).collect::<anyhow::Result<_>>()?;
    Ok(checked.into_iter().flatten().collect())
}
