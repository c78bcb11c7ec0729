//! `key`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::ledger::ENCRYPTS;
use crate::model::shown_path;
use crate::pseudonym::SecretKey;

use super::rotate::Rotate;

#[derive(Subcommand)]
pub(crate) enum Key {
    /// Write a fresh random key to a new file that only you can read
    New {
        /// The file to make; keep it outside the store, and keep a copy in a safe place
        file: PathBuf,
    },
    /// Give a store another key, and everyone in it another pseudonym: for custodians, with their identity file
    Rotate(Rotate),
    /// Encrypt the ledger of a store that a build without the feature `sqlcipher` made; no other command may run meanwhile
    #[command(hide = !ENCRYPTS)]
    Encrypt,
}

impl Key {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::New { file } => {
                let key = SecretKey::generate(file)?;
                output.say(&format!(
                    "wrote the key {} to {}\nkeep a copy in a safe place: without it, new samples cannot be told from old \
                     ones",
                    key.fingerprint(),
                    shown_path(file)
                ));
                Ok(Outcome::Done)
            }
            Self::Rotate(command) => command.run(global, output),
            Self::Encrypt => {
                if !global.open()?.encrypt(&global.entry("key encrypt"))? {
                    output.say("the ledger is encrypted already");
                    return Ok(Outcome::Done);
                }
                output.say(
                    "the ledger is encrypted, and opens with the key alone: keep a copy of it\nits plain file was removed; what \
                     the disk and backups still hold of it was not",
                );
                Ok(Outcome::Done)
            }
        }
    }
}
