//! `letter`.

use std::io::{Read, stdin};

use anyhow::Context;
use clap::{Args, Subcommand};

use super::report::PageOptions;
use crate::cli::options::{FormatOption, Global, whom};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count};
use crate::report::{CodeResult, Format, LetterState};
use crate::store::{LetterOptions, Whom};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Letter {
    #[command(subcommand)]
    command: Option<LetterCommand>,
    #[command(flatten)]
    write: WriteLetter,
}

#[derive(Args)]
struct WriteLetter {
    /// The pseudonym of the family, or at least its first 6 digits
    #[arg(required = true)]
    family: Option<String>,
    /// Replace the letter that the family has: its codes are not valid any more
    #[arg(long)]
    renew: bool,
    /// The name of the laboratory [default: the setting letter.laboratory]
    #[arg(long, value_name = "NAME")]
    laboratory: Option<String>,
    /// The number that the family calls [default: the setting letter.phone]
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    #[command(flatten)]
    page: PageOptions,
}

#[derive(Subcommand)]
enum LetterCommand {
    /// Find the family to whose letter a code belongs; every check is recorded
    ///
    /// CODE is what a caller says: the family's code (12 digits), the laboratory's code (8 digits, with --family), or both.
    /// Exit status 1: it is not the code of a valid letter.
    Check(CheckCode),
    /// Show the laboratory's code, to say it first in a call to the family; it is recorded
    ///
    /// Say it only in a call that you make, to the number on file. Do not say it to somebody who calls you.
    Call(CallFamily),
    /// List the letters of families
    List(ListLetters),
}

#[derive(Args)]
struct CheckCode {
    /// The digits, with or without blanks; `-` reads them from standard input, where no other user sees them
    #[arg(required = true, value_name = "CODE")]
    code: Vec<String>,
    /// The family that the caller claims to be, or that asks about a caller
    #[arg(long, value_name = "FAMILY")]
    family: Option<String>,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Args)]
struct CallFamily {
    /// The pseudonym of the family, or at least its first 6 digits
    family: String,
}

#[derive(Args)]
struct ListLetters {
    /// Only letters from before the last change of the key, and letters of withdrawn families
    #[arg(long)]
    outdated: bool,
    #[command(flatten)]
    format: FormatOption,
}

/// So many failed checks in a week are more than slips of the tongue.
const MANY: u64 = 5;

/// More than a code has.
const MOST_BYTES: u64 = 1024;

impl Letter {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match &self.command {
            Some(LetterCommand::Check(command)) => command.run(global, output),
            Some(LetterCommand::Call(command)) => command.run(global, output),
            Some(LetterCommand::List(command)) => command.run(global, output),
            None => self.write.run(global, output),
        }
    }
}

/// Says where a letter is.
fn wrote_letter(place: &str) -> String {
    format!("wrote the letter to {place}")
}

impl WriteLetter {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let ready = self.page.ready(global, None)?;
        let entry = global.entry("letter").with("templates", ready.digest());
        let store = global.open()?;
        let options = LetterOptions {
            family: whom(&store, Whom::Family, "FAMILY", self.family.as_deref().unwrap_or_default(), &entry)?,
            renew: self.renew,
            laboratory: self.laboratory.as_deref(),
            phone: self.phone.as_deref(),
        };
        let page = store.write_letter(&options, &entry)?;
        let done =
            ready.write(output, wrote_letter, || page.json(), |language, templates| page.html(language, templates))?;
        if page.replaces {
            output.say("the earlier letters of this family are replaced: have the family destroy them");
        }
        output.say("print it, hand it over in person, and delete the file");
        Ok(done)
    }
}

impl CheckCode {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("letter check"));
        let entry = entry.with("format", self.format.format.word());
        let family =
            (self.family.as_ref()).map(|text| whom(&store, Whom::Family, "--family", text, &entry)).transpose()?;
        let said = if self.code == ["-"] {
            let mut text = String::new();
            stdin()
                .lock()
                .take(MOST_BYTES)
                .read_to_string(&mut text)
                .context("reading the code from standard input")?;
            text
        } else {
            self.code.join(" ")
        };
        let check = store.check_letter(&said, family, &entry)?;
        match self.format.format {
            Format::Json => output.data(&check.json()?)?,
            Format::Csv => output.data(&check.csv())?,
            Format::Table => output.page(check.page())?,
        }
        if let Some(failed) = check.failed_in_a_week.filter(|&failed| failed >= MANY) {
            output.warn(&format!(
                "{} checks failed in the last seven days: somebody may be guessing; `reunite audit list` shows who checked when",
                count(failed)
            ));
        }
        Ok(Outcome::unless_empty(check.result != CodeResult::Valid))
    }
}

impl CallFamily {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("letter call"));
        let family = whom(&store, Whom::Family, "FAMILY", &self.family, &entry)?;
        let code = store.call_family(family, &entry)?;
        output.data(&format!("{code}\n"))?;
        output.say(
            "call the number on file and say this code first; the family then says its own, which `reunite letter check CODE \
             --family FAMILY` checks; do not say this code to somebody who calls you",
        );
        Ok(Outcome::Done)
    }
}

impl ListLetters {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let entry = global.entry("letter list").with("format", self.format.format.word());
        let report = global.open()?.list_letters(self.outdated, &entry)?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.letters.is_empty() => {}
            Format::Table => output.page(report.table())?,
        }
        let earlier = report.letters.iter().filter(|row| row.state != LetterState::Valid).count() as u64;
        output.say(&format!(
            "families with a letter: {}; those listed from before the last change of the key: {}",
            count(report.families),
            count(earlier)
        ));
        Ok(Outcome::Done)
    }
}
