//! `expunge`.

use std::io::stdin;

use clap::Args;

use crate::cli::confirm::{StandardInput, YesOption};
use crate::cli::notices::Notices;
use crate::cli::options::{Global, pseudonym};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count, plural};
use crate::model::{Pseudonym, shown_path};
use crate::store::{ExpungeOptions, IdentifierKind, IdentifierList, ToExpunge};

use super::audit::say_other_keys;

#[derive(Args)]
pub(crate) struct Expunge {
    /// Pseudonyms of samples and families; a family includes its relatives, unless another family has them, too
    #[arg(value_name = "PSEUDONYM")]
    pseudonyms: Vec<String>,
    /// Read original identifiers of this kind from standard input, one per line; requires the key
    #[arg(long, value_enum, value_name = "KIND")]
    identifiers: Option<IdentifierKind>,
    /// The agency that issued the identifiers, if the files named one
    #[arg(long, value_name = "NAME", requires = "identifiers")]
    agency: Option<String>,
    /// Report what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    yes: YesOption,
}

impl Expunge {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let whom: Vec<Pseudonym> =
            self.pseudonyms.iter().map(|text| pseudonym("PSEUDONYM", text)).collect::<anyhow::Result<_>>()?;
        let store = global.open()?;
        let mut lines = stdin().lock();
        let identifiers = self.identifiers.map(|kind| IdentifierList {
            kind,
            agency: self.agency.as_deref(),
            name: "standard input",
            lines: &mut lines,
        });
        let options = ExpungeOptions { whom: &whom, identifiers, dry_run: self.dry_run };
        let entry = global.entry("expunge");
        let input = if self.identifiers.is_some() { StandardInput::Data } else { StandardInput::Unused };
        let report = if !self.dry_run && self.yes.asks(input) {
            let ToExpunge { whom, samples, families } = store.find_to_expunge(options, &entry)?;
            let all = samples_and_families(samples, families);
            let question = format!("delete {all} from {} for good, with all candidates?", shown_path(&global.store));
            self.yes.confirm(&question, input, output)?;
            let options = ExpungeOptions { whom: &whom, ..ExpungeOptions::default() };
            store.expunge(options, &entry, &Notices::new(output))?
        } else {
            store.expunge(options, &entry, &Notices::new(output))?
        };
        say_other_keys(report.rekeyed_by, output);
        let all = samples_and_families(report.samples, report.families);
        match report.deleted {
            None => output.say(&format!("would delete {all}; dry run, nothing changed")),
            Some(deleted) => output.say(&format!(
                "deleted {all}, with {}; the next match builds the index again\nfiles that bring them back are rejected: keyed \
                 commitments recognise them",
                plural(deleted.candidates, "candidate")
            )),
        }
        for agency in &report.agencies {
            output.say(&format!("{agency} has it: `reunite exchange export --to AGENCY FILE` withdraws it there"));
        }
        if !report.records.records.is_empty() {
            output.page(report.records.table())?;
            output.say(
                "these commands showed or exported them, or may have: recall what left the store; backups hold them, too",
            );
        }
        Ok(Outcome::Done)
    }
}

fn samples_and_families(samples: u64, families: u64) -> String {
    let families = match families {
        1 => "1 family".to_owned(),
        number => format!("{} families", count(number)),
    };
    format!("{} and {families}", plural(samples, "sample"))
}
