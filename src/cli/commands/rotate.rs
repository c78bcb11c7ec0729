//! `key rotate`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::confirm::{StandardInput, YesOption};
use crate::cli::notices::Notices;
use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count, plural};
use crate::model::shown_path;
use crate::store::{KeyRotated, KeyRotation};

#[derive(Args)]
pub(crate) struct Rotate {
    /// The file with the new key; `reunite key new` creates it
    #[arg(long, value_name = "FILE")]
    new_key_file: PathBuf,
    /// A custodian's age identity file; may be given several times, if records are sealed to different custodians
    #[arg(long, value_name = "FILE", required = true)]
    identity: Vec<PathBuf>,
    /// Go on without the present key, which is lost: sealed records are not checked against it; impossible with an
    /// encrypted ledger
    #[arg(long)]
    key_lost: bool,
    #[command(flatten)]
    yes: YesOption,
}

impl Rotate {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let rotation = KeyRotation { new_key: &self.new_key_file, identities: &self.identity, key_lost: self.key_lost };
        let entry = global.entry("key rotate");
        let store = global.open()?;
        let question = format!("change the key of {} and every pseudonym in it, for good?", shown_path(&global.store));
        self.yes.confirm(&question, StandardInput::Unused, output)?;
        match store.rotate_key(&rotation, &entry, &Notices::new(output))? {
            KeyRotated::Changed { from, to, renamed } => {
                output.say(&format!(
                    "changed the key of the store from {from} to {to}: {} and {} have other pseudonyms, {} kept\nthe next \
                     match compares everything and builds the index again: the same pairs, with another digest\nkeep a copy \
                     of the new key; keep the old one to read earlier records, reports and exports",
                    plural(renamed.samples, "sample"),
                    plural(renamed.families, "family"),
                    plural(renamed.candidates, "candidate")
                ));
                if renamed.certificates_forgotten + renamed.claims_forgotten > 0 {
                    output.warn(&format!(
                        "{} and {} were deleted, because only the earlier key gives their numbers; import the registry and \
                         the claims again: until then no birth certificate is checked",
                        plural(renamed.certificates_forgotten, "birth certificate"),
                        plural(renamed.claims_forgotten, "claim")
                    ));
                }
                if renamed.letters > 0 {
                    output.say(&format!(
                        "letters to families that stay valid: {}; whoever else had the old key knows their codes: \
                         `reunite letter list --outdated` lists them, `reunite letter FAMILY --renew` replaces one",
                        count(renamed.letters)
                    ));
                }
                Ok(Outcome::Done)
            }
            KeyRotated::Already { key, finished } => {
                output.say(&format!("the store belongs to the key {key} already"));
                Ok(Outcome::unless_empty(!finished))
            }
        }
    }
}
