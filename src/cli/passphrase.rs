//! Asks for the passphrase of a reviewer's key, at the terminal or in a file.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, IsTerminal, Read, Write, stderr};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::pseudonym::{KeySource, Passphrase};

const TERMINAL: &str = "/dev/tty";
/// More than a passphrase has.
const MOST_BYTES: usize = 1 << 10;

/// Where the passphrase is.
#[derive(Args)]
pub(super) struct PassphraseOption {
    /// Read the passphrase of the reviewer's key from this file instead of asking at the terminal
    #[arg(long, value_name = "FILE", env = "REUNITE_PASSPHRASE_FILE", hide_env_values = true)]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseOption {
    /// Reads the passphrase that opens a key.
    pub(super) fn read(&self) -> anyhow::Result<Passphrase> {
        match &self.passphrase_file {
            Some(file) => Ok(Passphrase::load(&KeySource::File(file.clone()))?),
            None => asked("passphrase of the reviewer's key: "),
        }
    }

    /// Reads the passphrase of a new key. A person at a terminal types it twice.
    pub(super) fn read_new(&self) -> anyhow::Result<Passphrase> {
        if self.passphrase_file.is_some() {
            return self.read();
        }
        let line = ask("new passphrase, at least 12 characters: ")?;
        let passphrase = Passphrase::new(&line)?;
        passphrase.check_new()?;
        if *ask("the same again: ")? != *line {
            bail!("the two passphrases differ; repeat the command");
        }
        Ok(passphrase)
    }
}

fn asked(question: &str) -> anyhow::Result<Passphrase> {
    Ok(Passphrase::new(&ask(question)?)?)
}

/// Puts the terminal back into its former state.
struct Restore<'a>(&'a File, Termios);

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        // If that fails, the user sees it at the next key.
        let _ = tcsetattr(self.0, SetArg::TCSAFLUSH, &self.1);
    }
}

/// Asks at the terminal, which does not show what is typed.
fn ask(question: &str) -> anyhow::Result<Zeroizing<String>> {
    let terminal = OpenOptions::new().read(true).write(true).open(TERMINAL);
    let Some(mut terminal) = terminal.ok().filter(|terminal| terminal.is_terminal() && stderr().is_terminal()) else {
        bail!("there is no terminal to ask for the passphrase at; give --passphrase-file FILE");
    };
    let before = tcgetattr(&terminal).context("reading the state of the terminal")?;
    let mut silent = before.clone();
    silent.local_flags.remove(LocalFlags::ECHO);
    terminal.write_all(question.as_bytes()).context("writing to the terminal")?;
    let reader = terminal.try_clone().context("opening the terminal")?;
    let restore = Restore(&reader, before);
    tcsetattr(&reader, SetArg::TCSAFLUSH, &silent).context("silencing the terminal")?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
    let read = BufReader::new(&reader).take(MOST_BYTES as u64).read_until(b'\n', &mut bytes);
    drop(restore);
    // The line end was not shown, either. If it cannot be written, nothing is lost.
    let _ = terminal.write_all(b"\n");
    read.context("reading the passphrase")?;
    let text = std::str::from_utf8(&bytes).context("the passphrase is not UTF-8 text")?;
    Ok(Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_owned()))
}
