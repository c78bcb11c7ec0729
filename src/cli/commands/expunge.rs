//! `expunge`.

use std::io::stdin;

use clap::Args;

use crate::cli::notices::Notices;
use crate::cli::options::{Global, pseudonym};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count, plural};
use crate::model::Pseudonym;
use crate::store::{ExpungeOptions, IdentifierKind, IdentifierList};

use super::audit::say_other_keys;

#[derive(Args)]
pub(crate) struct Expunge {
    /// Samples and families, by pseudonym; a family takes its relatives along, unless they are in another one, too
    #[arg(value_name = "PSEUDONYM")]
    pseudonyms: Vec<String>,
    /// Read original identifiers of this kind from standard input, one per line; needs the key
    #[arg(long, value_enum, value_name = "KIND")]
    identifiers: Option<IdentifierKind>,
    /// The agency that issued the identifiers, if the files named one
    #[arg(long, value_name = "NAME", requires = "identifiers")]
    agency: Option<String>,
    /// Say what would go, and let it stay
    #[arg(long)]
    dry_run: bool,
}

impl Expunge {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let whom: Vec<Pseudonym> =
            self.pseudonyms.iter().map(|text| pseudonym("PSEUDONYM", text)).collect::<anyhow::Result<_>>()?;
        let mut lines = stdin().lock();
        let identifiers = self.identifiers.map(|kind| IdentifierList {
            kind,
            agency: self.agency.as_deref(),
            name: "standard input",
            lines: &mut lines,
        });
        let options = ExpungeOptions { whom: &whom, identifiers, dry_run: self.dry_run };
        let report = global.open()?.expunge(options, &global.entry("expunge"), &Notices::new(output))?;
        say_other_keys(report.rekeyed_by, output);
        let samples = plural(report.samples, "sample");
        let families = match report.families {
            1 => "1 family".to_owned(),
            number => format!("{} families", count(number)),
        };
        match report.deleted {
            None => output.say(&format!("{samples} and {families} would go; dry run, nothing changed")),
            Some(deleted) => output.say(&format!(
                "expunged {samples} and {families}, with {}; the next match builds the index anew",
                plural(deleted.candidates, "candidate")
            )),
        }
        if !report.records.records.is_empty() {
            output.data(&report.records.table())?;
            output.say(
                "these commands showed or wrote them, or may have: recall what left the store. Backups hold them, too",
            );
        }
        Ok(Outcome::Done)
    }
}
