//! `audit`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::audit::{Chain, Checkpoint, PublicKey, Record, SigningKey, Subject};
use crate::ledger::Ledger;
use crate::pseudonym::KeySource;
use crate::report::{AuditReport, AuditRow, Format};

use super::Outcome;
use super::candidates::pseudonym;
use super::options::{FormatOption, Global};
use super::output::{Output, count, hex};
use super::store::{Store, write_private};

#[derive(Subcommand)]
pub(super) enum Audit {
    /// Show who did what, when and why
    List(List),
    /// Sign how far the chain has come, to be kept at another place than the store
    Checkpoint(MakeCheckpoint),
    /// Check that no record was edited, removed or moved, and that the chain holds what checkpoints signed
    Verify(Verify),
    /// Make a key for signing checkpoints
    #[command(subcommand)]
    Key(Key),
}

#[derive(Subcommand)]
pub(super) enum Key {
    /// Write a fresh signing key to FILE, which only you can read, and its public key to FILE.pub
    New {
        /// The file to make; keep it away from the store and from those who use it
        file: PathBuf,
    },
}

#[derive(Args)]
pub(super) struct List {
    /// Only records that are, or may be, about this sample or family
    #[arg(long, value_name = "PSEUDONYM")]
    about: Option<String>,
    /// Only the last so many
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Args)]
pub(super) struct MakeCheckpoint {
    /// The file to write; keep it where those who can write the store cannot
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The file with the signing key
    #[arg(long, value_name = "FILE", env = "REUNITE_SIGNING_KEY", hide_env_values = true)]
    signing_key: PathBuf,
}

#[derive(Args)]
pub(super) struct Verify {
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
                    file = file.display()
                ));
                Ok(Outcome::Done)
            }
        }
    }
}

impl List {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let ledger = Store::open(&global.store, global.key())?.ledger()?;
        let about = self.about.as_deref().map(|text| pseudonym("--about", text)).transpose()?;
        let mut rows = match about {
            Some(about) => about_whom(&ledger, &[about])?,
            None => all(&ledger)?,
        };
        if about.is_some() {
            tell_of_other_keys(&rows, output);
        }
        if let Some(last) = self.last {
            rows.drain(..rows.len().saturating_sub(last));
        }
        let report = AuditReport::new(rows);
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv()?)?,
            Format::Table if report.records.is_empty() => output.say("no records"),
            Format::Table => output.data(&report.table())?,
        }
        Ok(if report.records.is_empty() { Outcome::Nothing } else { Outcome::Done })
    }
}

fn all(ledger: &Ledger) -> anyhow::Result<Vec<AuditRow>> {
    let mut rows = Vec::new();
    ledger.audit(|record| rows.push(row(record)))?;
    rows.into_iter().collect()
}

/// The records that are about one of these, or may be.
pub(super) fn about_whom(ledger: &Ledger, whom: &[crate::model::Pseudonym]) -> anyhow::Result<Vec<AuditRow>> {
    let store_id = ledger.store_id()?;
    let subjects: Vec<Subject> = whom.iter().map(|one| Subject::of(&store_id, *one)).collect();
    let mut rows = Vec::new();
    ledger.audit(|record| {
        if subjects.iter().any(|subject| record.is_about(*subject).unwrap_or(true)) {
            rows.push(row(record));
        }
    })?;
    rows.into_iter().collect()
}

/// Says that a search by pseudonym ends where the store was given another key.
pub(super) fn tell_of_other_keys(found: &[AuditRow], output: &Output) {
    let changed = |row: &&AuditRow| row.command == "key rotate" && row.details["outcome"] == "done";
    if let Some(last) = found.iter().rev().find(changed) {
        output.say(&format!(
            "record {} gave the store another key: what is older is found by pseudonyms of the key before",
            last.number
        ));
    }
}

fn row(record: Record) -> anyhow::Result<AuditRow> {
    Ok(AuditRow {
        number: record.number,
        at: jiff::Timestamp::from_second(record.at)?.to_string(),
        subjects: record.subjects.as_ref().map(|all| (all.len() / Subject::LEN) as u64),
        details: serde_json::from_str(&record.details)
            .with_context(|| format!("record {} of the audit chain is damaged", record.number))?,
        user: record.user,
        uid: record.uid,
        command: record.command,
        reason: record.reason,
        hash: hex(&record.hash),
    })
}

impl MakeCheckpoint {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let key = SigningKey::load(&KeySource::File(self.signing_key.clone()))?;
        let store = Store::open(&global.store, global.key())?;
        let _lock = store.lock()?;
        let mut ledger = store.ledger()?;
        let checked = check(&ledger, &BTreeMap::new())?;
        anyhow::ensure!(
            checked.breaks.is_empty(),
            "the audit chain does not hold, and is not signed: see `reunite audit verify`"
        );
        ledger.append(&global.entry("audit checkpoint"))?;
        let at = jiff::Timestamp::now().as_second();
        let checkpoint = Checkpoint::sign(ledger.store_id()?, ledger.audit_end()?, at, &key);
        write_private(&self.out, checkpoint.text().as_bytes())?;
        output.say(&format!("signed {} records, to {}", count(checkpoint.chain.length), self.out.display()));
        Ok(Outcome::Done)
    }
}

impl Verify {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let ledger = Store::open(&global.store, global.key())?.ledger()?;
        let key = self.public_key.as_deref().map(PublicKey::load).transpose()?;
        let mut checkpoints = Vec::new();
        let mut sound = true;
        for path in &self.checkpoint {
            let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let Some(key) = &key else { continue };
            match Checkpoint::read(&text, key) {
                Ok(checkpoint) => checkpoints.push((path, checkpoint)),
                Err(error) => {
                    sound = false;
                    output.warn(&format!("{}: {error}", path.display()));
                }
            }
        }
        let wanted = checkpoints.iter().map(|(_, checkpoint)| (checkpoint.chain.length, None)).collect();
        let checked = check(&ledger, &wanted)?;
        for one in &checked.breaks {
            sound = false;
            output.warn(&format!("audit chain: {one}"));
        }
        let store_id = ledger.store_id()?;
        for (path, checkpoint) in &checkpoints {
            let head = checked.heads.get(&checkpoint.chain.length).copied().flatten();
            if let Err(error) = checkpoint.check(&store_id, checked.length, head) {
                sound = false;
                output.warn(&format!("{}: {error}", path.display()));
            }
        }
        if sound {
            let with = if checkpoints.is_empty() {
                "; only a checkpoint can tell whether its end was cut off".to_owned()
            } else {
                format!("; it holds what {} checkpoints signed", checkpoints.len())
            };
            output.say(&format!("audit chain: sound; {} records{with}", count(checked.length)));
        }
        Ok(if sound { Outcome::Done } else { Outcome::Nothing })
    }
}

/// What came of following the chain.
pub(super) struct Checked {
    pub(super) length: u64,
    pub(super) breaks: Vec<String>,
    /// The hashes of the records of these numbers, where there are such.
    heads: BTreeMap<u64, Option<[u8; 32]>>,
}

/// Follows the chain of a ledger, and notes the hashes at these numbers.
pub(super) fn check(ledger: &Ledger, at: &BTreeMap<u64, Option<[u8; 32]>>) -> anyhow::Result<Checked> {
    let mut chain = Chain::new(&ledger.store_id()?);
    let mut heads = at.clone();
    let mut breaks = Vec::new();
    if let Some(head) = heads.get_mut(&0) {
        *head = Some(chain.head);
    }
    ledger.audit(|record| {
        breaks.extend(chain.follow(&record).map(|found| found.to_string()));
        if let Some(head) = heads.get_mut(&record.number) {
            *head = Some(record.hash);
        }
    })?;
    Ok(Checked { length: chain.length, breaks, heads })
}
