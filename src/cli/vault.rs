//! `vault`: to whom original identifiers are sealed; and the sealing at import.

use std::error::Error;

use clap::Subcommand;
use rayon::prelude::*;

use crate::ledger::{Batch, Ledger, SealedFile};
use crate::pseudonym::{Custodian, Pseudonymizer, Record, Sealed, Vault};

use super::Outcome;
use super::options::Global;
use super::output::{Output, plural};
use super::store::Store;

/// Records that are sealed at once, before they are written.
pub(super) const PAGE: usize = 8192;
/// How many of them one thread does before the next.
pub(super) const TOGETHER: usize = 256;

#[derive(Subcommand)]
pub(super) enum VaultCommand {
    /// Custodians: to whom the original identifiers of later imports are sealed
    #[command(subcommand)]
    Recipients(Recipients),
    /// Remove sealed files that an interrupted import, expunge or change of key left and the ledger does not name
    Sweep,
}

#[derive(Subcommand)]
pub(super) enum Recipients {
    /// Add custodians by their age recipients
    Add {
        /// age1...
        #[arg(required = true, value_name = "RECIPIENT")]
        recipients: Vec<String>,
    },
    /// List them
    List,
    /// Seal nothing more to these; what was sealed to them stays so
    Remove {
        /// age1...
        #[arg(required = true, value_name = "RECIPIENT")]
        recipients: Vec<String>,
    },
}

impl VaultCommand {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store, global.key())?;
        if let Self::Recipients(Recipients::List) = self {
            let custodians = store.ledger()?.custodians()?;
            output.data(&custodians.iter().map(|one| format!("{one}\n")).collect::<String>())?;
            return Ok(if custodians.is_empty() { Outcome::Nothing } else { Outcome::Done });
        }
        let _lock = store.lock()?;
        let mut ledger = store.ledger()?;
        let changed = match self {
            Self::Recipients(Recipients::Add { recipients }) => {
                let custodians = custodians(recipients)?;
                let added = ledger.add_custodians(&words(&custodians), &global.entry("vault recipients add"))?;
                output.say(&format!(
                    "{} added; what is imported from now on is sealed to all of them",
                    plural(added as u64, "custodian")
                ));
                added
            }
            Self::Recipients(Recipients::Remove { recipients }) => {
                let custodians = custodians(recipients)?;
                let removed =
                    ledger.remove_custodians(&words(&custodians), &global.entry("vault recipients remove"))?;
                output
                    .say(&format!("{} removed; what was sealed to them stays so", plural(removed as u64, "custodian")));
                removed
            }
            Self::Recipients(Recipients::List) => 0,
            Self::Sweep => {
                let vault = store.vault();
                vault.clear_unfinished()?;
                let orphans = orphans(&vault, &ledger)?;
                ledger.append(&global.entry("vault sweep").with("files", orphans.len()))?;
                orphans.iter().try_for_each(|name| vault.remove(name))?;
                output.say(&format!("{} removed", plural(orphans.len() as u64, "file")));
                orphans.len()
            }
        };
        Ok(if changed == 0 { Outcome::Nothing } else { Outcome::Done })
    }
}

/// Reads custodians without repeating what is none: it may be a secret.
pub(super) fn custodians(texts: &[String]) -> anyhow::Result<Vec<Custodian>> {
    texts.iter().map(|text| text.parse().map_err(|error: &str| anyhow::anyhow!("{error}"))).collect()
}

/// As the ledger keeps them.
pub(super) fn words(custodians: &[Custodian]) -> Vec<String> {
    custodians.iter().map(ToString::to_string).collect()
}

/// Finished files that the ledger does not name.
fn orphans(vault: &Vault, ledger: &Ledger) -> anyhow::Result<Vec<String>> {
    let known = ledger.sealed_files()?;
    let mut names = vault.names()?;
    names.retain(|name| known.iter().all(|file| file.name != *name));
    Ok(names)
}

/// Removes the files that count for nothing: they may name samples in another way, under a key that the store left or was
/// not given after all.
pub(super) fn sweep(vault: &Vault, ledger: &Ledger) -> anyhow::Result<()> {
    vault.clear_unfinished()?;
    orphans(vault, ledger)?.iter().try_for_each(|name| Ok(vault.remove(name)?))
}

/// Checks every file of the vault, and says what it found. Whether it is sound.
pub(super) fn verify(store: &Store, ledger: &Ledger, output: &Output) -> anyhow::Result<bool> {
    let vault = store.vault();
    let files = ledger.sealed_files()?;
    let mut sound = true;
    for file in &files {
        match vault.digest(&file.name) {
            Ok(digest) if digest == file.digest => {}
            Ok(_) => {
                sound = false;
                let path = vault.path(&file.name);
                output.warn(&format!("vault: {} was changed: restore it from its backup", path.display()));
            }
            Err(error) => {
                sound = false;
                output.warn(&format!("vault: {error}"));
            }
        }
    }
    let orphans = orphans(&vault, ledger)?.len();
    if orphans > 0 {
        output.say(&format!(
            "vault: {orphans} files of commands that were interrupted; `reunite vault sweep` removes them"
        ));
    }
    if sound && !files.is_empty() {
        let records: u64 = files.iter().map(|file| file.records).sum();
        let unsealed = ledger.unsealed()?;
        output.say(&format!(
            "vault: sound; {} in {}, {} without",
            plural(records, "sealed record"),
            plural(files.len() as u64, "file"),
            plural(unsealed, "sample")
        ));
    }
    Ok(sound)
}

/// Seals what imports bring to the custodians of a store.
pub(super) struct Sealing {
    vault: Vault,
    custodians: Vec<Custodian>,
    written: Option<String>,
}

impl Sealing {
    /// `None` if the store has no custodian: then identifiers are not kept at all.
    pub(super) fn of(store: &Store, ledger: &Ledger) -> anyhow::Result<Option<Self>> {
        let custodians = custodians(&ledger.custodians()?)?;
        let vault = store.vault();
        vault.clear_unfinished()?;
        Ok((!custodians.is_empty()).then_some(Self { vault, custodians, written: None }))
    }

    /// Seals the identifiers of some rows in a file that is safe on the disk afterwards.
    pub(super) fn seal(
        &mut self,
        batch: &Batch,
        rows: &[usize],
        names: &Pseudonymizer,
    ) -> Result<SealedFile, Box<dyn Error + Send + Sync>> {
        let mut writer = self.vault.begin(&self.custodians)?;
        for page in rows.chunks(PAGE) {
            let of = |&row: &usize| {
                let row = &batch.rows[row];
                Sealed { sample: row.sample, family: row.family.map(|family| family.0) }
            };
            let seal = |rows: &[usize]| names.seal(&rows.iter().map(of).collect::<Vec<_>>());
            let page: Vec<Vec<Record>> = page.par_chunks(TOGETHER).map(seal).collect::<Result<_, _>>()?;
            page.iter().flatten().try_for_each(|record| writer.push(record))?;
        }
        let file = writer.finish()?;
        self.written = Some(file.name.clone());
        Ok(SealedFile { name: file.name, digest: file.digest, records: file.records })
    }

    /// Removes the file of an import that failed after all, unless the ledger names it all the same.
    pub(super) fn undo(&mut self, ledger: &Ledger) -> anyhow::Result<()> {
        let Some(name) = self.written.take() else { return Ok(()) };
        if ledger.sealed_files()?.iter().all(|file| file.name != name) {
            self.vault.remove(&name)?;
        }
        Ok(())
    }

    /// The import was acknowledged.
    pub(super) fn keep(&mut self) {
        self.written = None;
    }
}
