//! `key`.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Subcommand;

use crate::ledger::ENCRYPTS;
use crate::pseudonym::SecretKey;

use super::Outcome;
use super::options::Global;
use super::output::Output;
use super::rotate::Rotate;
use super::store::Store;

#[derive(Subcommand)]
pub(super) enum Key {
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
                    file.display()
                ));
                Ok(Outcome::Done)
            }
            Self::Rotate(command) => command.run(global, output),
            Self::Encrypt => {
                ensure!(ENCRYPTS, "this build does not encrypt ledgers: build it with `--features sqlcipher`");
                let store = Store::open(&global.store, global.key())?;
                let _lock = store.lock()?;
                if !store.encrypt(&global.entry("key encrypt"))? {
                    output.say("the ledger is encrypted already");
                    return Ok(Outcome::Nothing);
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
