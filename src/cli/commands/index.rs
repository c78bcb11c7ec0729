//! `index`.

use clap::Args;

use crate::index::Access;

use super::Outcome;
use super::options::Global;
use super::output::{Output, count};
use super::store::Store;

#[derive(Args)]
pub(super) struct Rebuild {}

impl Rebuild {
    #[expect(clippy::unused_self, reason = "every command has the same form")]
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store, global.key())?;
        let _lock = store.lock()?;
        let mut ledger = store.ledger()?;
        super::expunge::finish(&store, &mut ledger, output)?;
        ledger.append(&global.entry("index"))?;
        let index = store.build_index(&ledger, Access::Usual)?;
        let (children, bytes) = (index.children() as u64, index.size() as u64);
        output.say(&format!("built the index of {} children, {} bytes", count(children), count(bytes)));
        Ok(Outcome::Done)
    }
}
