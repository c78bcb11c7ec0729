//! `completions`.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::outcome::Outcome;
use crate::cli::output::Output;

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, mut program: Command, output: &Output) -> anyhow::Result<Outcome> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "reunite", &mut script);
        output.data(&String::from_utf8(script)?)?;
        Ok(Outcome::Done)
    }
}
