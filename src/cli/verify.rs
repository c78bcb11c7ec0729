//! `verify`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;

use crate::index::{Access, IndexError};
use crate::ledger::Ledger;
use crate::model::Pseudonym;

use super::Outcome;
use super::checking::{Checked, Checking, marks};
use super::options::Global;
use super::output::{Output, count, hex};
use super::store::Store;

#[derive(Args)]
pub(super) struct Verify {}

impl Verify {
    #[expect(clippy::unused_self, reason = "every command has the same form")]
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store, global.key())?;
        let ledger = store.ledger()?;
        let mut sound = true;
        let findings = ledger.verify()?;
        for finding in &findings {
            sound = false;
            output.warn(&format!("ledger: {finding}"));
        }
        if findings.is_empty() {
            let counts = ledger.counts()?;
            output.say(&format!(
                "ledger: sound; {} families with {} relatives, {} children, {} candidates",
                count(counts.families),
                count(counts.relatives),
                count(counts.children),
                count(counts.candidates)
            ));
        }
        let chain = super::audit::check(&ledger, &BTreeMap::new())?;
        for one in &chain.breaks {
            sound = false;
            output.warn(&format!("audit chain: {one}"));
        }
        if chain.breaks.is_empty() {
            output.say(&format!("audit chain: sound; {} records", count(chain.length)));
        }
        if ledger.unfinished()?.is_some() {
            sound = false;
            output.warn(
                "an expunge was interrupted, or a change of the key: run `reunite index`, which removes the last traces",
            );
        }
        if let (Some(present), Some(next)) = (ledger.key_fingerprint()?, ledger.announced_key()?) {
            output.say(&format!(
                "key: {}; a change to {} was begun, and nothing came of it: repeat `reunite key rotate`, or go on as before",
                hex(&present),
                hex(&next)
            ));
        }
        sound &= super::vault::verify(&store, &ledger, output)?;
        match stale_marks(&store, &ledger, output) {
            Ok(found) => {
                for finding in found {
                    sound = false;
                    output.warn(&format!("marks: {finding}"));
                }
            }
            Err(error) => {
                sound = false;
                output.warn(&format!("marks: not checked: {error:#}"));
            }
        }
        match store.open_index(&ledger, Access::Read)? {
            Ok(index) => output.say(&format!("index: sound; {} children", count(index.children() as u64))),
            Err(IndexError::Io { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {
                output.say("index: none yet; the next match builds it");
            }
            Err(IndexError::Stale) => output.say("index: of an earlier generation; the next match builds it again"),
            Err(error) => {
                sound = false;
                output.warn(&format!("index: {error}"));
            }
        }
        match store.check_families() {
            None => {}
            Some(Ok(families)) => output.say(&format!("families index: sound; {} families", count(families))),
            Some(Err(IndexError::Stale)) => {
                output.say("families index: of another program; the next match writes it again");
            }
            Some(Err(IndexError::Damaged(what))) => {
                sound = false;
                output.warn(&format!("families index: damaged ({what}): write it again with `reunite match --full`"));
            }
            Some(Err(error)) => {
                sound = false;
                output.warn(&format!("families index: {error}"));
            }
        }
        Ok(if sound { Outcome::Done } else { Outcome::Nothing })
    }
}

/// A line for every family whose marks are not what a check would give now, or which cannot be checked. Families that
/// wait for a check are counted only, withdrawn ones left out.
fn stale_marks(store: &Store, ledger: &Ledger, output: &Output) -> anyhow::Result<Vec<String>> {
    let checking = Checking::of(store)?;
    let waiting: BTreeSet<Pseudonym> =
        checking.unchecked(ledger, store)?.into_iter().map(|family| family.pseudonym).collect();
    let mut families = ledger.families(store.table.panel())?.0;
    families.retain(|family| !waiting.contains(&family.pseudonym));
    let checked: BTreeSet<Pseudonym> = families.iter().map(|family| family.pseudonym).collect();
    let own = |(family, cause): (Pseudonym, String)| checked.contains(&family).then_some((family, cause));
    let stored: BTreeSet<(Pseudonym, String)> = ledger.marks()?.into_iter().filter_map(own).collect();
    let Checked { findings, failed } = checking.check(&families);
    let found: BTreeSet<(Pseudonym, String)> =
        marks(&findings).into_iter().map(|(family, cause)| (family, cause.to_owned())).collect();
    let waiting = waiting.len() as u64;
    let with = count(stored.len() as u64);
    output.say(&format!(
        "marks: {with} of {} checked families; {} wait for the next import or match",
        count(checked.len() as u64),
        count(waiting)
    ));
    let line = |(family, cause): &(Pseudonym, String)| {
        format!("family {family}: {cause} is marked or found, but not both: run `reunite families check {family}`")
    };
    let unable = failed.iter().map(|(family, error)| format!("family {family} cannot be checked: {error}"));
    Ok(stored.symmetric_difference(&found).map(line).chain(unable).collect())
}
