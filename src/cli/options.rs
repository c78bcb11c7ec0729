//! Options that several commands share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use jiff::civil::Date;

use crate::audit::Entry;
use crate::files::{Found, Repaired};
use crate::intake::TableRequest;
use crate::meaning::Prior;
use crate::model::{Pseudonym, shown_path};
use crate::pages::Language;
use crate::pseudonym::KeySource;
use crate::report::{self, TableFormat};
use crate::store::{self, Frequencies, Store, StoreError, Whom};

use super::language::of_locale;
use super::output::{Colour, LogFormat, Output, plural};

/// The heading of the options that commands share.
const EVERYWHERE: &str = "Options of every command";

/// Options of every command.
#[derive(Args)]
pub(super) struct Global {
    /// The folder of the store
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "DIR", env = "REUNITE_STORE", default_value = "reunite-store")]
    pub(super) store: PathBuf,
    /// The file with the secret key, outside the store
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE", env = "REUNITE_KEY_FILE", hide_env_values = true)]
    key_file: Option<PathBuf>,
    /// Read the secret key from this open file descriptor
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "N", value_parser = clap::value_parser!(u32).range(3..))]
    key_fd: Option<u32>,
    /// Why you run the command, without names; the audit chain keeps it
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "TEXT", value_parser = store::checked_reason)]
    reason: Option<String>,
    /// Wait up to SECONDS for another command that changes the store
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "SECONDS", default_value_t = 0)]
    wait: u32,
    /// Number of threads [default: one per processor]
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// The language of everything that people read: zh or en [default: that of your locale]
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "LANGUAGE")]
    lang: Option<Language>,
    /// Colour headings and warnings: on a terminal, always or never; NO_COLOR is observed
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "WHEN", default_value = "auto")]
    color: Colour,
    /// The form of notices, warnings and errors; json: one object a line, for programs
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// Print warnings and results only
    #[arg(long, short, global = true, help_heading = EVERYWHERE)]
    pub(super) quiet: bool,
}

impl Global {
    /// Where the secret key is, if that was said.
    pub(super) fn key(&self) -> Option<KeySource> {
        self.key_fd.map(KeySource::Descriptor).or_else(|| self.key_file.clone().map(KeySource::File))
    }

    /// The file with the secret key, if one was named.
    pub(super) fn key_file(&self) -> Option<&Path> {
        self.key_file.as_deref()
    }

    /// Returns how long to wait for another command that changes the store.
    #[cfg(feature = "serve")]
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.wait.into())
    }

    /// Returns why the command is run, if that was said.
    #[cfg(feature = "serve")]
    pub(super) fn reason(&self) -> Option<String> {
        self.reason.clone()
    }

    /// Opens the store.
    pub(super) fn open(&self) -> Result<Store, StoreError> {
        let store = Store::open(&self.store, self.key())?;
        let output = self.output();
        for Repaired { path, found, mode, done } in store.repaired() {
            let (was, now) = match (found, done) {
                (Found::Open, true) => {
                    ("open to other users", "it is closed to them now; think about who may have read it")
                }
                (Found::Open, false) => ("open to other users", "its owner closes it with `reunite verify`"),
                (Found::Foreign, _) => (
                    "made by another user, who can change it",
                    "take it over as the store's owner: cp FILE NEW && mv NEW FILE",
                ),
                (Found::Closed, true) => ("closed to the store's group", "it is open to it now"),
                (Found::Closed, false) => ("closed to the store's group", "have its owner run `reunite verify`"),
            };
            output.warn(&format!("{} was {was} (mode {:04o}): {now}", shown_path(path), mode & 0o777));
        }
        if !store.is_writable() {
            output.warn(&format!(
                "this account cannot write to the store {}: the audit chain does not record what it looks at",
                shown_path(store.dir())
            ));
            if store.is_behind() {
                output.warn("a command is at work on the store, or was cut off: what it did is not in what you see");
            }
        }
        Ok(store.waiting(Duration::from_secs(self.wait.into())))
    }

    /// Where the command speaks.
    pub(super) fn output(&self) -> Output {
        Output::new(self.quiet, self.log_format, self.color, self.language())
    }

    /// The language of all that people read.
    pub(super) fn language(&self) -> Language {
        self.lang.unwrap_or_else(of_locale)
    }

    /// A record of this command for the audit chain.
    pub(super) fn entry(&self, command: &str) -> Entry {
        store::entry(command, self.reason.as_deref())
    }

    /// Starts the threads, so that nothing starts them later where it could only panic.
    pub(super) fn use_threads(&self) -> anyhow::Result<()> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let most = (8 * processors).max(64);
        let threads = match self.threads {
            Some(threads) if threads.get() > most => bail!(
                "--threads {threads}: more than {most} threads only hinder each other on {}; give fewer",
                plural(processors as u64, "processor")
            ),
            Some(threads) => threads.get(),
            None => processors,
        };
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().with_context(|| {
            format!(
                "cannot start {}; give fewer with --threads, or raise the limit of memory or processes",
                plural(threads as u64, "thread")
            )
        })
    }
}

/// How lists go out.
#[derive(Args)]
pub(super) struct FormatOption {
    /// table, csv or json
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(super) format: report::Format,
}

/// How lists go out that other programs analyse.
#[derive(Args)]
pub(super) struct TableFormatOption {
    /// table, csv, json or parquet
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(super) format: TableFormat,
}

/// The file of allele frequencies.
#[derive(Args, Clone, Default)]
pub(super) struct FrequencyOption {
    /// Allele frequencies: a published table (`reunite frequencies check` shows what is read), or a Familias project (.fam)
    /// with its mutation model, theta and rare-allele frequency, unless options override them [default: the built-in table
    /// of 23 loci, Chinese Han]
    #[arg(long, value_name = "FILE")]
    pub(super) frequencies: Option<PathBuf>,
    #[command(flatten)]
    table: TableOptions,
}

/// The table that a store computes with.
#[derive(Args)]
pub(super) struct PopulationOption {
    /// Use the frequency table of this population (`reunite frequencies add`)
    #[arg(long, value_name = "NAME")]
    population: Option<String>,
}

impl PopulationOption {
    /// Opens the store with that table.
    pub(super) fn open(&self, global: &Global) -> Result<Store, StoreError> {
        let store = global.open()?;
        match &self.population {
            Some(name) => store.with_population(name),
            None => Ok(store),
        }
    }
}

/// What is asked of a file of allele frequencies.
#[derive(Args, Clone, Default)]
pub(super) struct TableOptions {
    /// The population, if the file has several
    #[arg(long, value_name = "NAME")]
    pub(super) population: Option<String>,
    /// Keep this unknown locus name; may be given several times
    #[arg(long, value_name = "NAME")]
    keep_locus: Vec<String>,
    /// The sheet of a workbook with frequencies [default: the first]
    #[arg(long, value_name = "NAME")]
    frequency_sheet: Option<String>,
}

impl TableOptions {
    /// Reads a file, and says what of it is left out.
    pub(super) fn read(&self, file: &Path, output: &Output) -> Result<Frequencies, StoreError> {
        let request = TableRequest {
            population: self.population.as_deref(),
            sheet: self.frequency_sheet.as_deref(),
            keep_loci: &self.keep_locus,
        };
        let frequencies = Frequencies::read_as(file, &request)?;
        for note in &frequencies.notes {
            if note.is_warning() {
                output.warn(&note.to_string());
            } else {
                output.say(&note.to_string());
            }
        }
        Ok(frequencies)
    }
}

impl FrequencyOption {
    /// The population, if it is one of a store's and not of a file.
    pub(super) fn of_store(&self) -> Option<&str> {
        if self.frequencies.is_none() { self.table.population.as_deref() } else { None }
    }

    /// Reads the table, and what its file says of the model; says what of it is left out.
    pub(super) fn read(&self, output: &Output) -> anyhow::Result<Frequencies> {
        match &self.frequencies {
            Some(file) => Ok(self.table.read(file, output)?),
            None if self.table.population.is_some() => bail!("--population requires --frequencies"),
            None => Ok(Frequencies::built_in()),
        }
    }
}

/// Reads a pseudonym without repeating an invalid one: it may be the identifier itself.
pub(super) fn pseudonym(argument: &str, text: &str) -> anyhow::Result<Pseudonym> {
    text.parse().map_err(|error| {
        anyhow::anyhow!("{argument}: {error}; `reunite pseudonym` gives that of an original identifier")
    })
}

/// Reads the pseudonym of a family or a child of the store, or its first digits.
pub(super) fn whom(store: &Store, whom: Whom, argument: &str, text: &str, entry: &Entry) -> anyhow::Result<Pseudonym> {
    store.whom(whom, text, entry).map_err(|error| match error {
        StoreError::FirstDigits(cause) => {
            anyhow::anyhow!("{argument}: {cause}; `reunite pseudonym` gives that of an original identifier")
        }
        other => other.into(),
    })
}

/// Reads a day without repeating an invalid one.
pub(super) fn day(argument: &str, text: &str) -> anyhow::Result<Date> {
    text.parse().map_err(|_| anyhow::anyhow!("{argument}: write the date as YYYY-MM-DD, for example 2026-03-31"))
}

/// The option for the prior of candidates.
#[derive(Args)]
pub(super) struct PriorOption {
    /// The probability that a family's missing child is in the database at all, spread evenly over the children
    /// [default: the store's, or 0.5]
    #[arg(long, value_name = "P", value_parser = prior)]
    pub(super) prior: Option<Prior>,
}

/// The option for the laboratory's own numbers.
#[derive(Args)]
pub(super) struct NumbersOption {
    /// Your own list of sample and family numbers (text or CSV, UTF-8), to show them beside the pseudonyms; it is read with
    /// the key and not stored, and its use is recorded
    #[arg(long, value_name = "FILE")]
    pub(super) numbers: Option<PathBuf>,
}

fn prior(text: &str) -> Result<Prior, String> {
    let value: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    Prior::try_from(value).map_err(|error| error.to_string())
}
