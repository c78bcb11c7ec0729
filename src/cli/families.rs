//! `families`.

use std::collections::BTreeMap;

use anyhow::Context;
use clap::{Args, Subcommand};
use rayon::prelude::*;

use crate::consistency::{Cause, Checker};
use crate::kinship::Calculator;
use crate::ledger::Ledger;
use crate::model::{Family, Pseudonym};
use crate::report::{FamiliesReport, FindingRow, Format, StateRow, StatesReport};

use super::Outcome;
use super::candidates::pseudonym;
use super::options::{FormatOption, Global};
use super::output::{Output, count};
use super::store::Store;

#[derive(Subcommand)]
pub(super) enum Families {
    /// Hold the relatives of each family against each other, and mark the families that do not fit
    Check(Check),
    /// List the families that are marked or withdrawn
    List(List),
    /// Leave families out of matching
    Withdraw(Withdraw),
    /// Match withdrawn families again
    Restore(Restore),
}

#[derive(Args)]
pub(super) struct List {
    /// Only those that are withdrawn
    #[arg(long)]
    withdrawn: bool,
    /// Only those that are marked
    #[arg(long, conflicts_with = "withdrawn")]
    marked: bool,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Args)]
pub(super) struct Withdraw {
    /// Their pseudonyms
    #[arg(required = true)]
    families: Vec<String>,
    /// Why: wrong-sample, wrong-relation, found, consent or other
    #[arg(long, value_name = "REASON", value_parser = ["wrong-sample", "wrong-relation", "found", "consent", "other"])]
    reason: String,
}

#[derive(Args)]
pub(super) struct Restore {
    /// Their pseudonyms
    #[arg(required = true)]
    families: Vec<String>,
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
            Self::List(list) => list.run(global, output),
            Self::Withdraw(withdraw) => change(&withdraw.families, Some(&withdraw.reason), global, output),
            Self::Restore(restore) => change(&restore.families, None, global, output),
        }
    }
}

/// Withdraws families, or restores them if there is no reason.
fn change(families: &[String], reason: Option<&str>, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
    let families: Vec<Pseudonym> =
        families.iter().map(|text| pseudonym("FAMILY", text)).collect::<anyhow::Result<_>>()?;
    let store = Store::open(&global.store)?;
    let _lock = store.lock()?;
    let mut ledger = store.ledger()?;
    for family in &families {
        known(&ledger, &store, *family)?;
    }
    let changed = ledger.withdraw(&families, reason)?;
    let what = if reason.is_some() { "withdrawn" } else { "restored" };
    output.say(&format!("{} families {what}; the next match takes it into account", count(changed as u64)));
    Ok(if changed == 0 { Outcome::Nothing } else { Outcome::Done })
}

fn known(ledger: &Ledger, store: &Store, wanted: Pseudonym) -> anyhow::Result<Family> {
    let family = ledger.family(store.table.panel(), wanted)?;
    family.with_context(|| format!("there is no family {wanted} in the store"))
}

impl List {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let ledger = Store::open(&global.store)?.ledger()?;
        let mut rows: BTreeMap<Pseudonym, StateRow> = BTreeMap::new();
        let marks = if self.withdrawn { Vec::new() } else { ledger.marks()? };
        let withdrawn = if self.marked { Vec::new() } else { ledger.withdrawn()? };
        for (family, cause) in marks {
            rows.entry(family).or_insert_with(|| StateRow::new(family)).marks.push(cause);
        }
        for (family, reason) in withdrawn {
            rows.entry(family).or_insert_with(|| StateRow::new(family)).withdrawn = Some(reason);
        }
        let report = StatesReport::new(rows.into_values().collect());
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.families.is_empty() => output.say("none"),
            Format::Table => output.data(&report.table())?,
        }
        Ok(if report.families.is_empty() { Outcome::Nothing } else { Outcome::Done })
    }
}

impl Check {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let wanted: Vec<Pseudonym> =
            self.families.iter().map(|text| pseudonym("FAMILY", text)).collect::<anyhow::Result<_>>()?;
        let store = Store::open(&global.store)?;
        let _lock = store.lock()?;
        let mut ledger = store.ledger()?;
        let families = if wanted.is_empty() {
            ledger.families(store.table.panel())?.0
        } else {
            wanted.iter().map(|&wanted| known(&ledger, &store, wanted)).collect::<anyhow::Result<_>>()?
        };
        let calculator = store.checking_calculator()?;
        let findings = check_and_mark(&mut ledger, &families, &calculator)?;
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

/// What does not fit in these families, in their order; they are marked with it.
pub(super) fn check_and_mark(
    ledger: &mut Ledger,
    families: &[Family],
    calculator: &Calculator,
) -> anyhow::Result<Vec<FindingRow>> {
    let checker = Checker::new(calculator);
    let check = |family: &Family| -> anyhow::Result<Vec<FindingRow>> {
        let findings = checker.check(family).with_context(|| format!("family {}", family.pseudonym))?;
        Ok(findings.into_iter().map(|finding| FindingRow { family: family.pseudonym, finding }).collect())
    };
    let checked: Vec<Vec<FindingRow>> = families.par_iter().map(check).collect::<anyhow::Result<_>>()?;
    let findings: Vec<FindingRow> = checked.into_iter().flatten().collect();
    let checked: Vec<Pseudonym> = families.iter().map(|family| family.pseudonym).collect();
    let marks: Vec<(Pseudonym, &str)> = findings.iter().map(|row| (row.family, row.finding.cause.code())).collect();
    ledger.set_marks(&checked, &marks)?;
    Ok(findings)
}
