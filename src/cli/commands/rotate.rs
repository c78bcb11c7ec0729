//! `key rotate`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::confirm::{StandardInput, YesOption};
use crate::cli::notices::Notices;
use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count};
use crate::model::shown_path;
use crate::store::{KeyRotated, KeyRotation};

#[derive(Args)]
pub(crate) struct Rotate {
    /// The file with the key that the store is to have; make it with `reunite key new`
    #[arg(long, value_name = "FILE")]
    new_key_file: PathBuf,
    /// A custodian's age identity file; may be given several times, if records are sealed to different custodians
    #[arg(long, value_name = "FILE", required = true)]
    identity: Vec<PathBuf>,
    /// The present key is lost: trust that the sealed records belong to their pseudonyms. Without it an encrypted ledger
    /// cannot be opened
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
        let question = format!("give everybody in {} another pseudonym, for good?", shown_path(&global.store));
        self.yes.confirm(&question, StandardInput::Unused, output)?;
        match store.rotate_key(&rotation, &entry, &Notices::new(output))? {
            KeyRotated::Changed { from, to, renamed } => {
                output.say(&format!(
                    "the store belongs to the key {to} now, and no more to {from}: {} samples and {} families have other \
                     pseudonyms, {} candidates stay\nthe next match compares everything and builds the index anew: the same \
                     pairs, with another digest\nkeep a copy of the new key; the old one finds what the audit chain, reports \
                     and exports of before say",
                    count(renamed.samples),
                    count(renamed.families),
                    count(renamed.candidates)
                ));
                Ok(Outcome::Done)
            }
            KeyRotated::Already { key, finished } => {
                output.say(&format!("the store belongs to the key {key} already"));
                Ok(Outcome::unless_empty(!finished))
            }
        }
    }
}
