//! Asks before something that cannot be undone.
//!
//! Whoever sits at a terminal is asked, as a slip of the hand must not delete a family. Without a terminal nobody is asked and the
//! command goes on: scripts that worked stay working, nothing waits at night for an answer that nobody gives, and what is done for
//! good takes a reason anyhow, which is recorded.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, stderr, stdin};

use anyhow::{Context, bail};
use clap::Args;

use super::output::Output;

/// The answer that means yes. One letter is typed too easily.
const YES: &str = "yes";
/// More than an answer has.
const MOST_BYTES: u64 = 1024;

/// Whether to go on without asking.
#[derive(Args)]
pub(super) struct YesOption {
    /// Do not ask for confirmation (only a terminal is asked)
    #[arg(long)]
    yes: bool,
}

/// What standard input is to a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StandardInput {
    /// Not read.
    Unused,
    /// Data, which a person at a terminal may send through a pipe.
    Data,
}

impl YesOption {
    /// Finds out whether a person is to be asked.
    pub(super) fn asks(&self, input: StandardInput) -> bool {
        let person = input == StandardInput::Data || stdin().is_terminal();
        !self.yes && person && stderr().is_terminal() && File::open(TERMINAL).is_ok()
    }

    /// Asks whether to do this; without a terminal only --yes means yes.
    ///
    /// # Errors
    /// If the answer is not yes.
    pub(super) fn require(&self, what: &str, output: &Output) -> anyhow::Result<()> {
        if !self.yes && !self.asks(StandardInput::Unused) {
            bail!("{what}\nnot confirmed, nothing was changed: nobody can be asked here; give --yes");
        }
        self.confirm(what, StandardInput::Unused, output)
    }

    /// Asks whether to do this, if a person is to be asked.
    ///
    /// # Errors
    /// If the answer is not yes.
    pub(super) fn confirm(&self, what: &str, input: StandardInput, output: &Output) -> anyhow::Result<()> {
        if !self.asks(input) {
            return Ok(());
        }
        output.warn(&format!("{what}\ntype {YES} to continue:"));
        let terminal = File::open(TERMINAL).context("opening the terminal")?;
        decide(&mut BufReader::new(terminal))
    }
}

const TERMINAL: &str = "/dev/tty";

/// Reads an answer.
fn decide(answers: &mut dyn BufRead) -> anyhow::Result<()> {
    let mut answer = Vec::new();
    answers.take(MOST_BYTES).read_until(b'\n', &mut answer).context("reading the answer")?;
    if answer.trim_ascii() != YES.as_bytes() {
        bail!("not confirmed, nothing was changed; answer {YES}, or give --yes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        let decided = |answer: &str| decide(&mut answer.as_bytes()).is_ok();
        assert!(decided("yes\n") && decided(" yes \r\n") && decided("yes"));
        let endless = "yes".repeat(1000);
        for no in ["", "\n", "y\n", "YES\n", "yes, no\n", "no\nyes\n", "\u{0}yes\n", &endless] {
            assert!(!decided(no), "{no:?}");
        }
    }
}
