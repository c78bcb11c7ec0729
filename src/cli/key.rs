//! `key`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::pseudonym::SecretKey;

use super::Outcome;
use super::options::Global;
use super::output::Output;
use super::rotate::Rotate;

#[derive(Subcommand)]
pub(super) enum Key {
    /// Write a fresh random key to a new file that only you can read
    New {
        /// The file to make; keep it outside the store, and keep a copy in a safe place
        file: PathBuf,
    },
    /// Give a store another key, and everyone in it another pseudonym: for custodians, with their identity file
    Rotate(Rotate),
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
        }
    }
}
