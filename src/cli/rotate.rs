//! `key rotate`.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::Args;
use rayon::prelude::*;

use crate::audit::{Entry, Subjects};
use crate::ledger::{Ledger, Renamed, SealedFile};
use crate::model::Pseudonym;
use crate::pseudonym::{
    Custodian, Identity, KeySource, Opened, Pseudonymizer, Record, SealError, SecretKey, Vault, VaultWriter,
};

use super::Outcome;
use super::options::Global;
use super::output::{Output, count, hex};
use super::store::{Store, ledger_key, outside};
use super::vault::{PAGE, TOGETHER, custodians, sweep};
use super::who;

#[derive(Args)]
pub(super) struct Rotate {
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
}

impl Rotate {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        who::required(global.reason())?;
        let store = Store::open(&global.store, global.key())?;
        let _lock = store.lock()?;
        let source = KeySource::File(self.new_key_file.clone());
        outside(&source.path(), store.dir(), "new key file")?;
        let new = SecretKey::load(&source).context("the new key")?;
        // An encrypted ledger has one of the two keys; the new one if this command was interrupted.
        let mut ledger = store.ledger().or_else(|error| store.ledger_under(Some(&new)).map_err(|_| error))?;
        let fingerprint = new.fingerprint().bytes();
        let Some(present) = ledger.key_fingerprint()? else {
            bail!("the store belongs to no key yet: the first import gives it the one that it is run with");
        };
        if present == fingerprint {
            return self.again(&store, &mut ledger, &new, global, output);
        }
        ensure!(
            !ledger.has_used_key(fingerprint)?,
            "the store had the key {} before, and left it: make a fresh one with `reunite key new`",
            new.fingerprint()
        );
        let names = match self.key_lost {
            true => None,
            false => Some(store.pseudonymizer(&mut ledger).context(
                "the present key shows that every sealed record belongs to its pseudonym; without it: --key-lost",
            )?),
        };
        let identity = self.identity(&store)?;
        super::expunge::finish(&store, &mut ledger, output)?;
        let custodians = complete(&store, &ledger)?;
        let entry = global.entry("key rotate").with("from", hex(&present)).with("to", hex(&fingerprint));
        let entry = entry.with("key_lost", self.key_lost);
        // Recorded before anything is opened: an attempt counts.
        ledger.announce_key(Some(fingerprint), &entry.clone().with("outcome", "begun"))?;
        let vault = store.vault();
        let mut work = Work {
            present: names.as_ref(),
            new: Pseudonymizer::new(&new),
            custodians,
            renamed: Renamed::default(),
            replaced: Vec::new(),
        };
        let done = work.all(&identity, &vault, &ledger, output).and_then(|()| {
            // About everyone, whom it does not name.
            let everyone = Entry { subjects: Subjects::Many, ..entry.clone() };
            let everyone = everyone.with("outcome", "done");
            Ok(ledger.rekey(fingerprint, Some(&ledger_key(&new)), &work.renamed, &work.replaced, &everyone)?)
        });
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                // The disk may have failed after the last word was written.
                if ledger.key_fingerprint().context("which key the store has is not known now: repeat the command")?
                    == Some(fingerprint)
                {
                    return Err(error.context("the store has the new key; finish with `reunite index`"));
                }
                let undone = ledger
                    .announce_key(None, &entry.with("outcome", "failed"))
                    .map_err(Into::into)
                    .and_then(|()| sweep(&vault, &ledger));
                let error = error.context("nothing was changed, the store has the key that it had");
                return Err(match undone {
                    Ok(()) => error,
                    // What failed may fail once more.
                    Err(why) => error.context(format!(
                        "what was begun could not be cleared away ({why:#}): mend the cause, then repeat the command, or \
                         run `reunite vault sweep`"
                    )),
                });
            }
        };
        super::expunge::finish(&store, &mut ledger, output)
            .context("the store has the new key, and traces of old pseudonyms are left: repeat the command")?;
        output.say(&format!(
            "the store belongs to the key {} now, and no more to {}: {} samples and {} families have other pseudonyms, {} \
             candidates stay\nthe next match compares everything and builds the index anew: the same pairs, with another \
             digest\nkeep a copy of the new key; the old one finds what the audit chain, reports and exports of before say",
            new.fingerprint(),
            hex(&present),
            count(done.samples),
            count(done.families),
            count(done.candidates)
        ));
        Ok(Outcome::Done)
    }

    /// The store has the key already: what an interrupted rotation left is finished.
    fn again(
        &self,
        store: &Store,
        ledger: &mut Ledger,
        new: &SecretKey,
        global: &Global,
        output: &Output,
    ) -> anyhow::Result<Outcome> {
        if !self.key_lost && global.key().is_some() {
            ensure!(
                store.key()?.fingerprint() != new.fingerprint(),
                "the new key is the store's present one: make another with `reunite key new`"
            );
        }
        let unfinished = ledger.unfinished()?.is_some();
        super::expunge::finish(store, ledger, output)?;
        output.say(&format!("the store belongs to the key {} already", new.fingerprint()));
        Ok(if unfinished { Outcome::Done } else { Outcome::Nothing })
    }

    fn identity(&self, store: &Store) -> anyhow::Result<Identity> {
        let load = |path: &PathBuf| {
            let source = KeySource::File(path.clone());
            outside(&source.path(), store.dir(), "identity file")?;
            Ok(Identity::load(&source)?)
        };
        Ok(Identity::any(self.identity.iter().map(load).collect::<anyhow::Result<Vec<_>>>()?))
    }
}

/// Whether the vault holds everything that is needed. Gives the custodians, to whom it is sealed again.
fn complete(store: &Store, ledger: &Ledger) -> anyhow::Result<Vec<Custodian>> {
    let missing = ledger.unsealed()?;
    ensure!(
        missing == 0,
        "{} samples have no sealed original identifier, so that nobody can say what another key makes of it: import their \
         files again with a custodian (`reunite vault recipients add`), or expunge them; nothing was changed",
        count(missing)
    );
    let vault = store.vault();
    let files = ledger.sealed_files()?;
    for file in &files {
        ensure!(
            vault.digest(&file.name)? == file.digest,
            "{} was changed: restore it from its backup; nothing was changed in the store",
            vault.path(&file.name).display()
        );
    }
    let custodians = custodians(&ledger.custodians()?)?;
    ensure!(
        files.is_empty() || !custodians.is_empty(),
        "no custodian is left to seal identifiers to: add one with `reunite vault recipients add`"
    );
    Ok(custodians)
}

/// Opening all records, and sealing them again under the new pseudonyms.
struct Work<'a> {
    present: Option<&'a Pseudonymizer>,
    new: Pseudonymizer,
    custodians: Vec<Custodian>,
    renamed: Renamed,
    replaced: Vec<(String, SealedFile)>,
}

impl Work<'_> {
    fn all(&mut self, identity: &Identity, vault: &Vault, ledger: &Ledger, output: &Output) -> anyhow::Result<()> {
        sweep(vault, ledger)?;
        let files = ledger.sealed_files()?;
        let records: u64 = files.iter().map(|file| file.records).sum();
        output.say(&format!("opening and sealing {} records", count(records)));
        for SealedFile { name, .. } in files {
            let mut writer = vault.begin(&self.custodians)?;
            let mut page: Vec<Opened> = Vec::new();
            vault.open(
                &name,
                identity,
                |_| true,
                |opened| {
                    page.push(opened);
                    if page.len() < PAGE { Ok(()) } else { self.page(&std::mem::take(&mut page), &mut writer) }
                },
            )?;
            self.page(&page, &mut writer)?;
            let file = writer.finish()?;
            self.replaced.push((name, SealedFile { name: file.name, digest: file.digest, records: file.records }));
        }
        Ok(())
    }

    fn page(&mut self, page: &[Opened], writer: &mut VaultWriter) -> anyhow::Result<()> {
        let some = |page: &[Opened]| {
            let moved = page.iter().map(|old| old.under(&self.new, self.present));
            Opened::seal(&moved.collect::<Result<Vec<_>, _>>()?)
        };
        let moved: Vec<Vec<Record>> = page.par_chunks(TOGETHER).map(some).collect::<Result<_, SealError>>()?;
        for (old, record) in page.iter().zip(moved.iter().flatten()) {
            note(&mut self.renamed.samples, old.sample, record.of.sample)?;
            if let (Some(old), Some(new)) = (old.family, record.of.family) {
                note(&mut self.renamed.families, old, new)?;
            }
            writer.push(record)?;
        }
        Ok(())
    }
}

/// Notes the new name of a sample or family, which all of its records must agree on.
fn note(names: &mut HashMap<Pseudonym, Pseudonym>, old: Pseudonym, new: Pseudonym) -> Result<(), SealError> {
    if *names.entry(old).or_insert(new) == new { Ok(()) } else { Err(SealError::Exchanged(old)) }
}
