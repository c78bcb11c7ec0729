//! Options that several commands share.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::audit::Entry;
use crate::intake::Format;
use crate::kinship::Calculator;
use crate::population::FrequencyTable;
use crate::pseudonym::KeySource;
use crate::report;

use super::fam;
use super::model::{Base, Settings};

/// Options of every command.
#[derive(Args)]
pub(super) struct Global {
    /// The store
    #[arg(long, global = true, value_name = "DIR", env = "REUNITE_STORE", default_value = "reunite-store")]
    pub(super) store: PathBuf,
    /// The file with the secret key; kept outside the store
    #[arg(long, global = true, value_name = "FILE", env = "REUNITE_KEY_FILE", hide_env_values = true)]
    key_file: Option<PathBuf>,
    /// Read the secret key from this open file descriptor, and not from a file
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(3..))]
    key_fd: Option<u32>,
    /// Why, in a few words without names; kept in the audit chain
    #[arg(long, global = true, value_name = "TEXT", value_parser = super::who::checked)]
    reason: Option<String>,
    /// Threads to use; all processors by default
    #[arg(long, global = true, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// Say only what must not be missed
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
}

impl Global {
    /// Where the secret key is, if that was said.
    pub(super) fn key(&self) -> Option<KeySource> {
        self.key_fd.map(KeySource::Descriptor).or_else(|| self.key_file.clone().map(KeySource::File))
    }

    /// Why it is run, if that was said.
    pub(super) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// A record of this command for the audit chain.
    pub(super) fn entry(&self, command: &str) -> Entry {
        super::who::entry(command, self.reason.as_deref())
    }

    pub(super) fn use_threads(&self) -> anyhow::Result<()> {
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global().context("starting threads")?;
        }
        Ok(())
    }
}

/// How lists go out.
#[derive(Args)]
pub(super) struct FormatOption {
    /// table, csv or json
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(super) format: report::Format,
}

/// The file of allele frequencies.
#[derive(Args, Clone, Default)]
pub(super) struct FrequencyOption {
    /// Allele frequencies: CSV with locus, allele, frequency and, optionally, individuals; or a project of the program
    /// Familias (.fam), whose mutation model, theta and rare-allele frequency `init` and `lr` take as well, unless options
    /// say otherwise [default: the built-in table of 23 loci, Chinese Han]
    #[arg(long, value_name = "FILE")]
    pub(super) frequencies: Option<PathBuf>,
}

impl FrequencyOption {
    /// The text of the table and the table read from it.
    pub(super) fn read(&self) -> anyhow::Result<(String, FrequencyTable)> {
        self.read_with_base().map(|read| (read.text, read.table))
    }

    /// The same, and what the file says of the model.
    pub(super) fn read_with_base(&self) -> anyhow::Result<Frequencies> {
        match &self.frequencies {
            None => {
                let text = FrequencyTable::chinese_han_23_text().to_owned();
                let table = FrequencyTable::chinese_han_23().clone();
                Ok(Frequencies { text, table, base: Base::default(), notes: Vec::new() })
            }
            Some(path) => {
                let bytes = read_bytes(path)?;
                if Format::detect(&bytes) == Format::Fam {
                    return fam::frequencies(&path.display().to_string(), &bytes);
                }
                let (text, table) = frequencies_of(path, bytes)?;
                Ok(Frequencies { text, table, base: Base::default(), notes: Vec::new() })
            }
        }
    }
}

/// A frequency table and what comes with it.
pub(super) struct Frequencies {
    /// As CSV.
    pub(super) text: String,
    pub(super) table: FrequencyTable,
    /// What the file says of the model.
    pub(super) base: Base,
    /// What of the file is not taken.
    pub(super) notes: Vec<String>,
}

fn read_bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

pub(super) fn read_frequencies(path: &Path) -> anyhow::Result<(String, FrequencyTable)> {
    frequencies_of(path, read_bytes(path)?)
}

fn frequencies_of(path: &Path, bytes: Vec<u8>) -> anyhow::Result<(String, FrequencyTable)> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        anyhow::anyhow!("{}:{line}: is not UTF-8 text: save the file as UTF-8", path.display())
    })?;
    let table = FrequencyTable::read(&path.display().to_string(), &text)?;
    Ok((text, table))
}

/// Builds the calculator, naming the model in errors.
pub(super) fn calculator(table: &FrequencyTable, settings: &Settings) -> anyhow::Result<Calculator> {
    let model = settings.model;
    let calculator = Calculator::new(table, model)
        .with_context(|| format!("the model ({model}) does not go with the frequencies"))?;
    let pairs: Vec<_> =
        (settings.linked.iter()).map(|link| (link.loci[0].clone(), link.loci[1].clone(), link.recombination)).collect();
    Ok(calculator.with_linked(&pairs)?)
}
