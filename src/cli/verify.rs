//! `verify`.

use clap::Args;

use crate::index::{Access, IndexError};

use super::Outcome;
use super::options::Global;
use super::output::{Output, count};
use super::store::Store;

#[derive(Args)]
pub(super) struct Verify {}

impl Verify {
    #[expect(clippy::unused_self, reason = "every command has the same form")]
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store)?;
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
        Ok(if sound { Outcome::Done } else { Outcome::Nothing })
    }
}
