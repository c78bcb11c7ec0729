//! `audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::audit::{CheckpointError, PublicKey, SigningKey};
use crate::cli::options::{FormatOption, Global, pseudonym};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, plural};
use crate::model::shown_path;
use crate::pseudonym::KeySource;
use crate::report::Format;
use crate::store::{AuditFilter, AuditTrail, SignedCheckpoints};

#[derive(Subcommand)]
pub(crate) enum Audit {
    /// List who did what, when and why
    List(List),
    /// Sign the present length of the chain; keep the checkpoint away from the store
    Checkpoint(MakeCheckpoint),
    /// Check that no record was edited, deleted or moved, and that the chain holds what checkpoints signed
    Verify(Verify),
    /// Create a key for signing checkpoints
    #[command(subcommand)]
    Key(Key),
}

#[derive(Subcommand)]
pub(crate) enum Key {
    /// Write a new signing key to FILE, readable by you alone, and its public key to FILE.pub
    New {
        /// The file to write; keep it away from the store and its users
        file: PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct List {
    /// Only records that are or may be about this sample or family
    #[arg(long, value_name = "PSEUDONYM")]
    about: Option<String>,
    /// Only imports and exports of this file, since the last expunge or key rotate; files of original identifiers are recognised
    /// with the key
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only the last N records
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Args)]
pub(crate) struct MakeCheckpoint {
    /// The file to write; keep it where the store's users cannot write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The file with the signing key
    #[arg(long, value_name = "FILE", env = "REUNITE_SIGNING_KEY", hide_env_values = true)]
    signing_key: PathBuf,
}

#[derive(Args)]
pub(crate) struct Verify {
    /// A checkpoint that the chain must hold; may be given several times
    #[arg(long, value_name = "FILE", requires = "public_key")]
    checkpoint: Vec<PathBuf>,
    /// The public key that checkpoints must be signed with
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    public_key: Option<PathBuf>,
}

impl Audit {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::List(command) => command.run(global, output),
            Self::Checkpoint(command) => command.run(global, output),
            Self::Verify(command) => command.run(global, output),
            Self::Key(Key::New { file }) => {
                SigningKey::generate(file)?;
                output.say(&format!(
                    "wrote the signing key to {file} and its public key to {file}.pub\nkeep the first away from the \
                     store; whoever checks needs the second",
                    file = shown_path(file)
                ));
                Ok(Outcome::Done)
            }
        }
    }
}

impl List {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let about = self.about.as_deref().map(|text| pseudonym("--about", text)).transpose()?;
        let AuditTrail { report, rekeyed_by, .. } =
            global.open()?.audit_trail(&AuditFilter { about, file: self.file.as_deref(), last: self.last })?;
        say_other_keys(rekeyed_by, output);
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.records.is_empty() => output.say("no records"),
            Format::Table => output.page(report.table())?,
        }
        Ok(Outcome::Done)
    }
}

/// Says that a search by pseudonym ends where the store was given another key.
pub(super) fn say_other_keys(rekeyed_by: Option<u64>, output: &Output) {
    if let Some(number) = rekeyed_by {
        output.say(&format!(
            "record {number} gave the store another key: what is older is found by pseudonyms of the key before"
        ));
    }
}

impl MakeCheckpoint {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let key = SigningKey::load(&KeySource::File(self.signing_key.clone()))?;
        let records = global.open()?.sign_checkpoint(&self.out, &key, &global.entry("audit checkpoint"))?;
        output.say(&format!("signed {}, in {}", plural(records, "record"), shown_path(&self.out)));
        Ok(Outcome::Done)
    }
}

impl Verify {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let key = self.public_key.as_deref().map(PublicKey::load).transpose()?;
        let signed = key.as_ref().map(|key| SignedCheckpoints { files: &self.checkpoint, key });
        let check = global.open()?.check_audit(signed)?;
        let wrong = check.checkpoints.iter().filter_map(|one| Some((shown_path(&one.file), one.result.err()?)));
        let (unread, wrong): (Vec<_>, Vec<_>) =
            wrong.partition(|(_, error)| matches!(error, CheckpointError::Malformed | CheckpointError::Signature));
        unread.iter().for_each(|(file, error)| output.warn(&format!("{file}: {error}")));
        check.breaks.iter().for_each(|one| output.warn(&format!("audit chain: {one}")));
        wrong.iter().for_each(|(file, error)| output.warn(&format!("{file}: {error}")));
        if !check.is_sound() {
            return Ok(Outcome::Nothing);
        }
        let with = match check.checkpoints.len() {
            0 => "; without a checkpoint nothing shows whether its end was cut off".to_owned(),
            number => format!("; it agrees with {}", plural(number as u64, "checkpoint")),
        };
        output.say(&format!("audit chain: sound; {}{with}", plural(check.records, "record")));
        Ok(Outcome::Done)
    }
}
