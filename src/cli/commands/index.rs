//! `index`.

use clap::Args;

use crate::cli::notices::Notices;
use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, plural};

#[derive(Args)]
pub(crate) struct Rebuild {}

impl Rebuild {
    #[expect(clippy::unused_self, reason = "every command has the same form")]
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let built = global.open()?.rebuild_index(&global.entry("index"), &Notices::new(output))?;
        output.say(&format!("built the index of {}, {}", plural(built.children, "child"), plural(built.bytes, "byte")));
        Ok(Outcome::Done)
    }
}
