//! `frequencies`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::options::{FormatOption, Global, TableOptions};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, hex};
use crate::model::{Locus, shown_path};
use crate::population::FrequencyTable;
use crate::report::{Format, FrequencyReport, TablesReport};
use crate::store::{Frequencies, KeptTable, Store, TableExchange};

#[derive(Subcommand)]
pub(crate) enum FrequencyCommand {
    /// Show what is read from a file of allele frequencies: loci, persons, sums, floors, skipped parts
    Check(Check),
    /// Replace the store's table; requires --reason, and the next match compares everything
    Set(Set),
    /// Add or replace the table of another population; requires --reason
    Add(Add),
    /// List the store's tables
    List(List),
}

#[derive(Args)]
pub(crate) struct Check {
    /// A published table: CSV or other text (UTF-8, UTF-16, GB18030, Latin-1), a workbook, the XML of STRidER, or
    /// a Familias project. Rows of locus, allele and frequency; alleles as rows and loci as columns, or the other way round;
    /// several headers, such as loci over populations; columns of alleles and frequencies for each locus; a list with the
    /// name of each locus above its alleles; a line per locus with its alleles as 14=0.12; or a file for Merlin or Mendel
    file: PathBuf,
    #[command(flatten)]
    table: TableOptions,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Args)]
pub(crate) struct Set {
    /// The table, as `frequencies check` reads it
    file: PathBuf,
    #[command(flatten)]
    table: TableOptions,
    /// Replace the table even if it lacks loci of the store, which are then not compared any more
    #[arg(long)]
    without_loci: bool,
}

#[derive(Args)]
pub(crate) struct Add {
    /// The name of the population in this store
    name: String,
    /// The table, as `frequencies check` reads it
    file: PathBuf,
    #[command(flatten)]
    table: TableOptions,
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    format: FormatOption,
}

impl FrequencyCommand {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::Check(command) => command.run(global, output),
            Self::Set(command) => command.run(global, output),
            Self::Add(command) => command.run(global, output),
            Self::List(command) => command.run(global, output),
        }
    }
}

impl Check {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let read = self.table.read(&self.file, output)?;
        let Frequencies { table, form, population, written, floors, .. } = &read;
        let report = FrequencyReport::new(table, population.as_deref(), written, floors);
        let form = form.map_or("a Familias project".to_owned(), |form| form.to_string());
        let of = population.as_ref().map_or(String::new(), |name| format!(", population {name}"));
        output.say(&format!("{}: {form}{of}; {}", shown_path(&self.file), loci(table.panel().len())));
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.table())?,
        }
        if table.loci().iter().zip(floors).any(|(locus, floor)| locus.individuals().is_none() && floor.is_none()) {
            output.say(
                "the table does not say everywhere how many persons were counted, which gives alleles without a row a \
                 frequency: add a row or column N; `init` and `lr` take --rare-allele-frequency instead",
            );
        }
        if Store::exists(&global.store) {
            say_panels(&global.open()?, table, output);
        }
        output.say(&format!("digest {}", hex(&table.digest())));
        Ok(Outcome::Done)
    }
}

fn loci(number: usize) -> String {
    if number == 1 { "1 locus".to_owned() } else { format!("{number} loci") }
}

/// Says which loci a table has beside those of a store, and which it lacks.
fn say_panels(store: &Store, table: &FrequencyTable, output: &Output) {
    let others = |of: &FrequencyTable, than: &FrequencyTable| -> Vec<Locus> {
        of.panel().loci().iter().filter(|locus| than.panel().position(locus).is_none()).cloned().collect()
    };
    let (gained, lost) = (others(table, store.table()), others(store.table(), table));
    if gained.is_empty() && lost.is_empty() {
        output.say("the loci are those of the store");
    }
    say_loci("not in the panel of the store: ", &gained, output);
    say_loci("in the panel of the store, and not in the table: ", &lost, output);
}

fn say_loci(what: &str, loci: &[Locus], output: &Output) {
    if !loci.is_empty() {
        output.say(&format!("{what}{}", loci.iter().map(Locus::name).collect::<Vec<_>>().join(", ")));
    }
}

impl Set {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = global.open()?;
        let frequencies = self.table.read(&self.file, output)?;
        let entry = global.entry("frequencies set");
        let TableExchange { before, after, gained, lost, .. } =
            store.set_frequencies(&frequencies, self.without_loci, &entry)?;
        output.say(&format!("the store's frequencies were {} and are {}", hex(&before), hex(&after)));
        say_loci("further loci, at which samples are untyped until their files are imported again: ", &gained, output);
        say_loci("loci that are not compared any more: ", &lost, output);
        output.say(&format!("the model stays: {}", global.open()?.calculator()?.settings_line()));
        output.say("the next `reunite match` compares everything");
        Ok(Outcome::Done)
    }
}

impl Add {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = global.open()?;
        let frequencies = self.table.read(&self.file, output)?;
        store.add_frequencies(&self.name, &frequencies, &global.entry("frequencies add"))?;
        let panel = store.table().panel();
        let all = frequencies.table.panel().loci().iter();
        let unused: Vec<Locus> = all.filter(|locus| panel.position(locus).is_none()).cloned().collect();
        say_loci("loci that the store does not compare, skipped: ", &unused, output);
        output.say(&format!(
            "added the frequencies {} of {}: --population '{}' of `match`, `explain` and `lr` computes with them",
            hex(&frequencies.table.digest()),
            self.name,
            self.name
        ));
        Ok(Outcome::Done)
    }
}

impl List {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let tables = global.open()?.tables()?;
        let report =
            TablesReport::new(tables.iter().map(|KeptTable { population, table, .. }| (population.as_deref(), table)));
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.table())?,
        }
        Ok(Outcome::Done)
    }
}
