//! `index`.

use clap::Args;

use crate::cli::notices::Notices;
use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count};

#[derive(Args)]
pub(crate) struct Rebuild {}

impl Rebuild {
    #[expect(clippy::unused_self, reason = "every command has the same form")]
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let built = global.open()?.rebuild_index(&global.entry("index"), &Notices::new(output))?;
        output.say(&format!("built the index of {} children, {} bytes", count(built.children), count(built.bytes)));
        Ok(Outcome::Done)
    }
}
