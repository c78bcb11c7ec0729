//! `restore`.

use std::path::PathBuf;

use clap::Args;

use super::verify;
use crate::cli::notices::Notices;
use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, hex, plural};
use crate::model::shown_path;
use crate::pseudonym::{KeySource, Passphrase};
use crate::store::{RestoreOptions, RestoreWith, Restored, Store};

#[derive(Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The age identity file of a recipient; may be given several times
    #[arg(long, value_name = "FILE", required_unless_present = "passphrase_file", conflicts_with = "passphrase_file")]
    identity: Vec<PathBuf>,
    /// The file with the passphrase, if the backup is sealed with one
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Restore {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let load = |file: &PathBuf| Passphrase::load(&KeySource::File(file.clone()));
        let passphrase = self.passphrase_file.as_ref().map(load).transpose()?;
        let with = match &passphrase {
            Some(passphrase) => RestoreWith::Passphrase(passphrase),
            None => RestoreWith::Identities(&self.identity),
        };
        let options = RestoreOptions { file: &self.file, with, key: global.key() };
        let restored = Store::restore(&global.store, &options, &global.entry("restore"), &Notices::new(output))?;
        let Restored { store, digest, made_at, program, generation, families, children, records, head, .. } = &restored;
        let run = match &restored.last_run {
            None => "nothing was matched yet".to_owned(),
            Some(run) => format!("last match: run {}, {}", run.number, run.started_at),
        };
        output.say(&format!(
            "{}: the store of {made_at}, written by {program}\ngeneration {generation}: {}, {}; {run}\naudit chain: {}, last \
             hash {head}\nBLAKE3 of the backup: {}",
            shown_path(store.dir()),
            plural(*families, "family"),
            plural(*children, "child"),
            plural(*records, "record"),
            hex(digest)
        ));
        if let Some(folder) = &restored.missing_index_dir {
            output.warn(&format!(
                "{}: the folder for the index does not exist here; make it, or change index_dir in reunite.toml",
                shown_path(folder)
            ));
        }
        let sound = restored.verification.is_sound();
        for (part, text) in verify::findings(restored.verification)? {
            output.warn(&format!("{part}: {text}"));
        }
        output.say(
            "later events are not in it: who was expunged since is back, and later decisions are missing; see page *Operating*",
        );
        Ok(Outcome::unless_empty(!sound))
    }
}
