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
    /// Write a new random key to a file that you alone can read
    New {
        /// The file to write; keep it outside the store, and a copy in a safe place
        file: PathBuf,
    },
    /// Change the key of a store, and with it all pseudonyms: for custodians, with their identity file
    Rotate(Rotate),
    /// Encrypt the plain ledger of a store (feature `sqlcipher`); no other command may run meanwhile
    #[command(hide = !ENCRYPTS)]
    Encrypt,
}

impl Key {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::New { file } => {
                let key = SecretKey::generate(file)?;
                output.say(&format!(
                    "wrote the key {} to {}\nkeep a copy in a safe place: without it nobody recognises known samples \
                     in new files",
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
