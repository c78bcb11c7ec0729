//! `key new`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::pseudonym::SecretKey;

use super::Outcome;
use super::output::Output;

#[derive(Subcommand)]
pub(super) enum Key {
    /// Write a fresh random key to a new file that only you can read
    New {
        /// The file to make; keep it outside the store, and keep a copy in a safe place
        file: PathBuf,
    },
}

impl Key {
    pub(super) fn run(&self, output: &Output) -> anyhow::Result<Outcome> {
        let Self::New { file } = self;
        let key = SecretKey::generate(file)?;
        output.say(&format!(
            "wrote the key {} to {}\nkeep a copy in a safe place: without it, new samples cannot be told from old ones",
            key.fingerprint(),
            file.display()
        ));
        Ok(Outcome::Done)
    }
}
