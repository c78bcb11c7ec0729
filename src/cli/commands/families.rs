//! `families`.

use clap::{Args, Subcommand};

use crate::audit::Entry;
use crate::cli::notices::Notices;
use crate::cli::options::{FormatOption, Global, whom};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count, plural};
use crate::consistency::Severity;
use crate::model::Pseudonym;
use crate::report::Format;
use crate::store::{FamilyStates, Store, Whom, WithdrawalReason};

#[derive(Subcommand)]
pub(crate) enum Families {
    /// Check whether the relatives of each family fit together, and flag families that do not
    Check(Check),
    /// List flagged and withdrawn families
    List(List),
    /// Skip families when matching
    Withdraw(Withdraw),
    /// Match withdrawn families again
    Restore(Restore),
}

#[derive(Args)]
pub(crate) struct List {
    /// Only withdrawn families
    #[arg(long)]
    withdrawn: bool,
    /// Only flagged families
    #[arg(long, conflicts_with = "withdrawn")]
    marked: bool,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Args)]
pub(crate) struct Withdraw {
    /// Pseudonyms of families
    #[arg(required = true)]
    families: Vec<String>,
    /// Why the families are skipped
    #[arg(long, value_name = "CAUSE", value_parser = WithdrawalReason::ALL.map(WithdrawalReason::word))]
    cause: String,
}

#[derive(Args)]
pub(crate) struct Restore {
    /// Pseudonyms of families
    #[arg(required = true)]
    families: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Check {
    /// Only these families, by pseudonym
    families: Vec<String>,
    #[command(flatten)]
    format: FormatOption,
}

impl Families {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::Check(command) => command.run(global, output),
            Self::List(command) => command.run(global, output),
            Self::Withdraw(command) => command.run(global, output),
            Self::Restore(command) => command.run(global, output),
        }
    }
}

fn named(store: &Store, families: &[String], entry: &Entry) -> anyhow::Result<Vec<Pseudonym>> {
    families.iter().map(|text| whom(store, Whom::Family, "FAMILY", text, entry)).collect()
}

impl Withdraw {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let reason: WithdrawalReason = self.cause.parse()?;
        let (store, entry) = (global.open()?, global.entry("families withdraw"));
        let families = named(&store, &self.families, &entry)?;
        let changed = store.withdraw_families(&families, reason, &entry)?;
        Ok(say_changed(changed, "withdrawn", output))
    }
}

impl Restore {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("families restore"));
        let families = named(&store, &self.families, &entry)?;
        let changed = store.restore_families(&families, &entry)?;
        Ok(say_changed(changed, "restored", output))
    }
}

fn say_changed(changed: usize, what: &str, output: &Output) -> Outcome {
    output.say(&format!("{} {what}; the next match takes that into account", plural(changed as u64, "family")));
    Outcome::Done
}

impl List {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let which = match (self.marked, self.withdrawn) {
            (true, _) => FamilyStates::Marked,
            (false, true) => FamilyStates::Withdrawn,
            (false, false) => FamilyStates::All,
        };
        let entry = global.entry("families list").with("format", self.format.format.word());
        let report = global.open()?.list_families(which, &entry)?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.families.is_empty() => output.say("no family is flagged or withdrawn"),
            Format::Table => output.page(report.table())?,
        }
        Ok(Outcome::Done)
    }
}

impl Check {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("families check"));
        let entry = entry.with("format", self.format.format.word());
        let families = named(&store, &self.families, &entry)?;
        let report = store.check_consistency(&families, &entry, &Notices::new(output))?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.findings.is_empty() => {}
            Format::Table => output.page(report.text())?,
        }
        let with = |wanted: fn(Severity) -> bool| {
            let mut families: Vec<Pseudonym> =
                report.findings.iter().filter(|row| wanted(row.finding.severity)).map(|row| row.family).collect();
            families.dedup();
            families.len() as u64
        };
        let marked = with(Severity::is_mark);
        output.say(&format!(
            "checked {} for consistency: {} flagged, {} with a likely mutation",
            plural(report.families, "family"),
            count(marked),
            count(with(|severity| !severity.is_mark()))
        ));
        Ok(if marked == 0 { Outcome::Done } else { Outcome::Nothing })
    }
}
