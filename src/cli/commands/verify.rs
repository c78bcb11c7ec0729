//! `verify`.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::cli::options::{FormatOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count, plural};
use crate::cli::progress::Bar;
use crate::index::IndexError;
use crate::matching::Watch;

use crate::report::{CsvText, Format, SCHEMA_VERSION};
use crate::store::{IndexCheck, LedgerCheck, MarkFinding, MarksCheck, StoreError, VaultCheck, Verification};

#[derive(Args)]
pub(crate) struct Verify {
    /// Accept a ledger that was changed by other means and is sound otherwise; requires --reason
    #[arg(long)]
    reseal: bool,
    #[command(flatten)]
    format: FormatOption,
}

/// What a check found, for people and for programs.
#[derive(Serialize)]
struct Report {
    schema_version: u32,
    /// Set if every part could be checked and is sound.
    sound: bool,
    lines: Vec<Line>,
}

/// One statement about a part of the store.
#[derive(Serialize)]
struct Line {
    part: &'static str,
    /// Unset where it says that something is wrong.
    sound: bool,
    text: String,
}

impl Report {
    fn is_fine(&mut self, part: &'static str, text: String) {
        self.lines.push(Line { part, sound: true, text });
    }

    fn is_wrong(&mut self, part: &'static str, text: String) {
        self.lines.push(Line { part, sound: false, text });
    }

    fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{}: {}\n", line.part, line.text)).collect()
    }

    fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["part", "sound", "text"]);
        for line in &self.lines {
            csv.field(line.part).field(line.sound).field(&line.text).end_row();
        }
        csv.finish()
    }
}

impl Verify {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = global.open()?;
        if self.reseal {
            match store.reseal(&global.entry("verify"))? {
                true => output.say("accepted the present ledger; the audit chain records that"),
                false => output.say("nothing to accept: the ledger is unchanged since it was last written"),
            }
        }
        let found = {
            let watch = Arc::new(Watch::default());
            watch.begin("checking the store");
            let _bar = Bar::follow(&watch, output);
            store.verify()?
        };
        let sound = found.is_sound();
        let mut report = Report { schema_version: SCHEMA_VERSION, sound, lines: Vec::new() };
        describe(found, &mut report)?;
        match self.format.format {
            Format::Json => output.data(&(serde_json::to_string_pretty(&report)? + "\n"))?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.text())?,
        }
        Ok(if sound { Outcome::Done } else { Outcome::Nothing })
    }
}

/// Says what is wrong: the part and the text of each finding.
pub(super) fn findings(found: Verification) -> Result<Vec<(&'static str, String)>, StoreError> {
    let mut report = Report { schema_version: SCHEMA_VERSION, sound: found.is_sound(), lines: Vec::new() };
    describe(found, &mut report)?;
    Ok(report.lines.into_iter().filter(|line| !line.sound).map(|line| (line.part, line.text)).collect())
}

/// Says what was found of each part. An error is one that leaves the rest without a meaning.
fn describe(found: Verification, report: &mut Report) -> Result<(), StoreError> {
    match found.ledger? {
        LedgerCheck::Damaged(findings) => {
            findings.into_iter().for_each(|finding| report.is_wrong("ledger", finding));
        }
        LedgerCheck::Sound(counts) => report.is_fine(
            "ledger",
            format!(
                "sound; {} with {}, {}, {}",
                plural(counts.families, "family"),
                plural(counts.relatives, "relative"),
                plural(counts.children, "child"),
                plural(counts.candidates, "candidate")
            ),
        ),
    }
    match found.settings {
        Ok(changed) => changed.iter().for_each(|changed| report.is_wrong("settings", changed.to_string())),
        Err(error) => {
            report.is_wrong("settings", format!("not compared with the last match: {}", error.with_causes()));
        }
    }
    let chain = found.audit?;
    chain.breaks.iter().for_each(|one| report.is_wrong("audit chain", one.to_string()));
    if chain.is_sound() {
        report.is_fine("audit chain", format!("sound; {}", plural(chain.records, "record")));
    }
    if found.interrupted? {
        let text =
            "an expunge or a change of the key was interrupted: run `reunite index`, which removes the last traces";
        report.is_wrong("traces", text.to_owned());
    }
    if let Some(change) = found.key_change? {
        report.is_fine(
            "key",
            format!(
                "{}; a change to {} was begun and not finished: repeat `reunite key rotate`, or go on with the present key",
                change.present, change.next
            ),
        );
    }
    of_vault(&found.vault?, report);
    match found.marks {
        Ok(marks) => of_marks(&marks, report),
        Err(error) => report.is_wrong("marks", format!("not checked: {}", error.with_causes())),
    }
    match found.index? {
        IndexCheck::Sound(children) => report.is_fine("index", format!("sound; {}", plural(children, "child"))),
        IndexCheck::Missing => report.is_fine("index", "there is no index yet; the next match builds it".to_owned()),
        IndexCheck::Stale => report.is_fine("index", "of an earlier state; the next match builds it again".to_owned()),
        IndexCheck::Unsound(error) => report.is_wrong("index", format!("{error}; build it again with `reunite index`")),
    }
    let part = "families index";
    match found.families_index {
        IndexCheck::Missing => {}
        IndexCheck::Sound(families) => report.is_fine(part, format!("sound; {}", plural(families, "family"))),
        IndexCheck::Stale => report.is_fine(part, "of another program; the next match writes it again".to_owned()),
        IndexCheck::Unsound(IndexError::Damaged(what)) => {
            report.is_wrong(part, format!("damaged ({what}): write it again with `reunite match --full`"));
        }
        IndexCheck::Unsound(error) => report.is_wrong(part, error.to_string()),
    }
    let part = "samples index";
    match found.samples_index? {
        IndexCheck::Missing => {}
        IndexCheck::Sound(samples) => report.is_fine(part, format!("sound; {}", plural(samples, "sample"))),
        IndexCheck::Stale => report.is_fine(part, "of another state; the next import writes it again".to_owned()),
        IndexCheck::Unsound(error) => report.is_wrong(part, format!("{error}; the next import writes it again")),
    }
    Ok(())
}

fn of_vault(vault: &VaultCheck, report: &mut Report) {
    vault.faults.iter().for_each(|fault| report.is_wrong("vault", fault.to_string()));
    if vault.orphans > 0 {
        let files = plural(vault.orphans as u64, "file");
        report.is_fine("vault", format!("{files} of interrupted commands; `reunite vault sweep` removes them"));
    }
    if vault.in_file_order > 0 {
        report.is_wrong(
            "vault",
            format!(
                "in {} people are in the order of the imported file, which may show who is who without the key: run `reunite key \
                 rotate`, which sorts them",
                plural(vault.in_file_order, "file")
            ),
        );
    }
    if let Some(unsealed) = vault.unsealed {
        report.is_fine(
            "vault",
            format!(
                "sound; {} in {}; {} without one",
                plural(vault.records, "sealed record"),
                plural(vault.files, "file"),
                plural(unsealed, "sample")
            ),
        );
    }
}

fn of_marks(marks: &MarksCheck, report: &mut Report) {
    report.is_fine(
        "marks",
        format!(
            "{} on {}; {} to be checked by the next import or match",
            plural(marks.marks, "mark"),
            plural(marks.checked, "checked family"),
            count(marks.waiting)
        ),
    );
    for finding in &marks.findings {
        let fix = match finding {
            MarkFinding::Differs { family, .. } => format!(": run `reunite families check {family}`"),
            _ => String::new(),
        };
        report.is_wrong("marks", format!("{finding}{fix}"));
    }
}
