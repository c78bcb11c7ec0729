//! `doctor`.

use clap::Args;

use crate::cli::advice;
use crate::cli::options::{FormatOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::files::Found;
use crate::report::{DoctorReport, DoctorRow, Format};
use crate::store::{Condition, Finding, Gravity, IndexCheck, Store, Swap};

#[derive(Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    format: FormatOption,
}

impl Doctor {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let findings = Store::doctor(&global.store, global.key())?;
        let row = |finding: &Finding| DoctorRow {
            part: finding.condition.part(),
            state: finding.gravity.word(),
            text: finding.condition.to_string(),
            remedy: if finding.gravity == Gravity::Fine { None } else { remedy(&finding.condition) },
        };
        let report = DoctorReport::new(findings.iter().map(row).collect());
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.table())?,
        }
        Ok(Outcome::unless_empty(report.problems > 0))
    }
}

/// Says what to do about a finding that is not fine.
fn remedy(condition: &Condition) -> Option<String> {
    let text = match condition {
        Condition::KeyWrong(error) => return advice::of_store(error),
        Condition::Unreadable(error) | Condition::LedgerUnreadable(error) => {
            return advice::of_store(error).or_else(|| Some("restore it from its backup".to_owned()));
        }
        Condition::NotExamined { error, .. } => {
            return advice::of_store(error).or_else(|| Some("run `reunite verify`".to_owned()));
        }
        Condition::LedgerAltered(_) => "`reunite verify` shows the damage; restore the store from its backup",
        Condition::AtWork => "if no command is at work, the next one finishes: run `reunite verify`",
        Condition::Interrupted => "run `reunite index`, which removes the last traces",
        Condition::ReadOnly => "nothing to do for a reader; others check the folder's owner and modes",
        Condition::KeyNotNamed => advice::GIVE_KEY,
        Condition::KeyChange { .. } => "repeat `reunite key rotate`, or go on with the present key",
        Condition::NoCustodian | Condition::BadCustodians(_) => "name them with `reunite vault recipients add`",
        Condition::Backup { .. } | Condition::NoBackup => {
            "run `reunite backup FILE`, and keep the file elsewhere; copies made by other means are not recorded"
        }
        Condition::Index(IndexCheck::Unsound(_)) => "build it again with `reunite index`",
        Condition::Disk { .. } | Condition::DiskUnknown => "free disk space",
        Condition::Swap(Swap::Open | Swap::Unknown) => "turn swap off (`swapoff -a`), or encrypt it",
        Condition::CoreDumps => "forbid them (`ulimit -c 0`)",
        Condition::ClockBehind(_) => "set the clock; if it is right, it was wrong at the last record",
        Condition::Permission(fault) => match fault.found {
            Found::Foreign => "take it over as the store's owner: cp FILE NEW && mv NEW FILE",
            Found::Open => "the next command closes it; think about who may have read it",
            Found::Closed => "the next command of its owner opens it",
        },
        Condition::LeftBehind(_) => "if no `reunite restore` or `reunite init` is at work, delete it",
        Condition::OtherProgram { .. } => "read the changelog; the next match uses this version",
        Condition::ChangedSetting(_) => {
            "undo it, or run `reunite match --full` and inform those who have the old numbers"
        }
        Condition::Due { .. } => "see `reunite due`",
        Condition::Outdated { .. } | Condition::NeverMatched => "run `reunite match`",
        _ => return None,
    };
    Some(text.to_owned())
}
