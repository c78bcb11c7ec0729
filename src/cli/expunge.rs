//! `expunge`.

use std::io::{BufRead, stdin};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};

use crate::ledger::{Ledger, Replacement, Scope, SealedFile};
use crate::model::Pseudonym;
use crate::pseudonym::{Pseudonymizer, Sealed};
use crate::report::AuditReport;

use super::Outcome;
use super::audit::{about_whom, tell_of_other_keys};
use super::candidates::pseudonym;
use super::options::Global;
use super::output::{Output, count, plural};
use super::store::Store;
use super::vault::sweep;
use super::who;

#[derive(Args)]
pub(super) struct Expunge {
    /// Samples and families, by pseudonym; a family takes its relatives along, unless they are in another one, too
    #[arg(value_name = "PSEUDONYM")]
    pseudonyms: Vec<String>,
    /// Read original identifiers of this kind from standard input, one per line; needs the key
    #[arg(long, value_enum, value_name = "KIND")]
    identifiers: Option<Kind>,
    /// The agency that issued the identifiers, if the files named one
    #[arg(long, value_name = "NAME", requires = "identifiers")]
    agency: Option<String>,
    /// Say what would go, and let it stay
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Samples of relatives and of children
    Sample,
    /// Families
    Family,
}

impl Expunge {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        who::required(global.reason())?;
        let store = Store::open(&global.store, global.key())?;
        let _lock = store.lock()?;
        let mut ledger = store.ledger()?;
        finish(&store, &mut ledger, output)?;
        let mut whom: Vec<Pseudonym> =
            self.pseudonyms.iter().map(|text| pseudonym("PSEUDONYM", text)).collect::<anyhow::Result<_>>()?;
        if let Some(kind) = self.identifiers {
            let names = store.pseudonymizer(&mut ledger)?;
            whom.extend(self.read(kind, &names)?);
        }
        ensure!(!whom.is_empty(), "nobody was named: give pseudonyms, or --identifiers and a list on standard input");
        let scope = match ledger.scope(&whom)? {
            Ok(scope) => scope,
            Err(unknown) => bail!("there is no sample or family {unknown} in the store: nothing was expunged"),
        };
        let all: Vec<Pseudonym> = scope.samples.iter().chain(&scope.families).copied().collect();
        // Asked before the record of expunging is among them.
        let records = about_whom(&ledger, &all)?;
        tell_of_other_keys(&records, output);
        let records = AuditReport::new(records);
        let samples = plural(scope.samples.len() as u64, "sample");
        let families = match scope.families.len() as u64 {
            1 => "1 family".to_owned(),
            number => format!("{} families", count(number)),
        };
        if self.dry_run {
            output.say(&format!("{samples} and {families} would go; dry run, nothing changed"));
            ledger.append(&global.entry("expunge").with("outcome", "dry run").about(all))?;
        } else {
            let replaced = without(&store, &ledger, &scope)?;
            let gone = ledger.expunge(&scope, &replaced, &global.entry("expunge"))?;
            finish(&store, &mut ledger, output)?;
            output.say(&format!(
                "expunged {samples} and {families}, with {}; the next match builds the index anew",
                plural(gone.candidates, "candidate")
            ));
        }
        if !records.records.is_empty() {
            output.data(&records.table())?;
            output.say(
                "these commands showed or wrote them, or may have: recall what left the store. Backups hold them, too",
            );
        }
        Ok(Outcome::Done)
    }

    fn read(&self, kind: Kind, names: &Pseudonymizer) -> anyhow::Result<Vec<Pseudonym>> {
        let mut all = Vec::new();
        for (i, line) in stdin().lock().lines().enumerate() {
            let line = line.with_context(|| format!("standard input, line {}", i + 1))?;
            let agency = self.agency.as_deref();
            let pseudonym = match kind {
                Kind::Sample => names.sample(agency, &line),
                Kind::Family => names.family(agency, &line),
            };
            all.push(pseudonym.map_err(|error| anyhow::anyhow!("standard input, line {}: {error}", i + 1))?);
        }
        Ok(all)
    }
}

/// Writes the files of the vault that hold records of a scope anew, without those. Gives which took the place of which.
fn without(store: &Store, ledger: &Ledger, scope: &Scope) -> anyhow::Result<Vec<Replacement>> {
    let vault = store.vault();
    let gone = |one: Sealed| {
        scope.samples.contains(&one.sample) || one.family.is_some_and(|family| scope.families.contains(&family))
    };
    sweep(&vault, ledger)?;
    let mut replaced = Vec::new();
    for SealedFile { name, .. } in ledger.sealed_files()? {
        let Some(file) = vault.without(&name, gone)? else { continue };
        if file.records == 0 {
            vault.remove(&file.name)?;
        }
        let file =
            (file.records > 0).then_some(SealedFile { name: file.name, digest: file.digest, records: file.records });
        replaced.push((name, file));
    }
    Ok(replaced)
}

/// Removes every trace of what was expunged or renamed, also by a command that was interrupted.
pub(super) fn finish(store: &Store, ledger: &mut Ledger, output: &Output) -> anyhow::Result<()> {
    let Some(doomed) = ledger.unfinished()? else { return Ok(()) };
    let vault = store.vault();
    vault.clear_unfinished()?;
    doomed.iter().try_for_each(|name| vault.remove(name))?;
    store.remove_index()?;
    if ledger.compact()? {
        ledger.finished()?;
    } else {
        output.warn(
            "traces of what was expunged, or of old pseudonyms, stay in the ledger's journal as long as another command reads \
             it; the next import, match, expunge or index removes them",
        );
    }
    Ok(())
}
