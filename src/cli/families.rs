//! `families`.

use std::collections::BTreeMap;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::consistency::Severity;
use crate::ledger::Ledger;
use crate::model::{Family, Pseudonym};
use crate::report::{FamiliesReport, Format, StateRow, StatesReport};

use super::Outcome;
use super::candidates::pseudonym;
use super::checking::Checking;
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
    let store = Store::open(&global.store, global.key())?;
    let _lock = store.lock()?;
    let mut ledger = store.ledger()?;
    for family in &families {
        known(&ledger, &store, *family)?;
    }
    let command = if reason.is_some() { "families withdraw" } else { "families restore" };
    let changed = ledger.withdraw(&families, reason, &global.entry(command).with("cause", reason))?;
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
        let mut ledger = Store::open(&global.store, global.key())?.ledger()?;
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
        let entry = global.entry("families list").with("format", self.format.format.word());
        ledger.append(&entry.about(report.families.iter().map(|row| row.family)))?;
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
        let store = Store::open(&global.store, global.key())?;
        let _lock = store.lock()?;
        let mut ledger = store.ledger()?;
        let families = if wanted.is_empty() {
            ledger.families(store.table.panel())?.0
        } else {
            wanted.iter().map(|&wanted| known(&ledger, &store, wanted)).collect::<anyhow::Result<_>>()?
        };
        let checking = Checking::of(&store)?;
        let entry = global.entry("families check").with("format", self.format.format.word());
        let entry = entry.about(families.iter().map(|family| family.pseudonym));
        let findings = checking.mark(&mut ledger, &families, (&entry).into(), output)?;
        let report = FamiliesReport::new(families.len() as u64, checking.settings_line(), findings);
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.findings.is_empty() => {}
            Format::Table => output.data(&report.text())?,
        }
        let with = |wanted: fn(Severity) -> bool| {
            let mut families: Vec<Pseudonym> =
                report.findings.iter().filter(|row| wanted(row.finding.severity)).map(|row| row.family).collect();
            families.dedup();
            families.len() as u64
        };
        let marked = with(Severity::is_mark);
        output.say(&format!(
            "{} families checked: {} marked because something does not fit, {} with a likely mutation to know of",
            count(report.families),
            count(marked),
            count(with(|severity| !severity.is_mark()))
        ));
        Ok(if marked == 0 { Outcome::Done } else { Outcome::Nothing })
    }
}
