//! `due`.

use clap::Args;

use crate::cli::confirm::YesOption;
use crate::cli::notices::Notices;
use crate::cli::options::{FormatOption, Global, day};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, TABLE_ROWS, count, plural};
use crate::keeping::CONSENT_YEARS;
use crate::model::shown_path;
use crate::report::{Format, KeepingDueReport};
use crate::store::{DueOptions, ExpungedDue, Store};

#[derive(Args)]
pub(crate) struct Due {
    /// List also what becomes due within N days
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(..=3660))]
    within: u16,
    /// The day [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    on: Option<String>,
    /// Renew a consent N years after its day; no law states a number
    #[arg(long, value_name = "N", default_value_t = CONSENT_YEARS, value_parser = clap::value_parser!(u16).range(1..=100))]
    consent_years: u16,
    /// Delete the samples that must be deleted today, after a confirmation; requires --reason
    #[arg(long, conflicts_with = "on")]
    expunge: bool,
    #[command(flatten)]
    yes: YesOption,
    #[command(flatten)]
    format: FormatOption,
}

impl Due {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let on = self.on.as_deref().map(|text| day("--on", text)).transpose()?;
        let options = DueOptions { on, within: self.within, consent_years: self.consent_years };
        let entry = global.entry("due").with("format", self.format.format.word());
        let store = global.open()?;
        let report = store.due(&options, &entry)?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.table(TABLE_ROWS))?,
        }
        say_due(&report, output);
        if self.expunge {
            return self.expunge(global, &store, &report, output);
        }
        Ok(Outcome::unless_empty(!report.to_delete().is_empty()))
    }

    fn expunge(
        &self,
        global: &Global,
        store: &Store,
        report: &KeepingDueReport,
        output: &Output,
    ) -> anyhow::Result<Outcome> {
        let whom = report.to_delete();
        if whom.is_empty() {
            return Ok(Outcome::Done);
        }
        let question = format!(
            "delete {} from {} for good, with all candidates and empty families?",
            plural(whom.len() as u64, "sample"),
            shown_path(&global.store)
        );
        self.yes.require(&question, output)?;
        let ExpungedDue { deleted, skipped, failed, .. } =
            store.expunge_due(&whom, &global.entry("due"), &Notices::new(output))?;
        output.say(&format!(
            "deleted {}; the next match builds the index again; recall what left the store; backups hold them, too",
            plural(deleted.len() as u64, "sample")
        ));
        if !skipped.is_empty() {
            output.warn(&format!("not due any more: {}", plural(skipped.len() as u64, "sample")));
        }
        for (sample, error) in &failed {
            output.warn(&format!("sample {sample} was not deleted: {}", error.with_causes()));
        }
        Ok(if failed.is_empty() { Outcome::Done } else { Outcome::Rejected })
    }
}

fn say_due(report: &KeepingDueReport, output: &Output) {
    let with = plural(report.with_terms, "sample");
    if report.due.is_empty() {
        output.say(&format!("nothing is due; terms are known of {with}"));
    } else {
        let later = report.due.iter().filter(|row| !row.is_due).count() as u64;
        output.say(&format!(
            "due: {}, to delete: {}, due only later: {}; terms are known of {with}",
            plural(report.samples_due(), "sample"),
            count(report.to_delete().len() as u64),
            count(later)
        ));
    }
    if report.without_terms > 0 {
        output.say(&format!(
            "without terms, so that nothing is known to be due: {}; `reunite import --as keeping` adds terms",
            plural(report.without_terms, "sample")
        ));
    }
}
