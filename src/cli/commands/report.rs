//! `report`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::cli::notices::{Notices, warn_unweighed};
use crate::cli::options::{Global, NumbersOption, PopulationOption, whom};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::cli::pair_options::{PairOptions, warn_of_pair};
use crate::model::shown_path;
use crate::pages::{Language, PageError, Templates, ValidationPage};
use crate::store::{FactsWeighing, FamilyOptions, NightOptions, Replace, Whom, check_output, write_output};

use super::facts::WeightOptions;

#[derive(Subcommand)]
pub(crate) enum Report {
    /// Write the lead report on a family and a child: one HTML page to read, print and sign
    Candidate(CandidateReport),
    /// Write the report of a night: what a run found and lost, which families are flagged, what waits for whom
    Night(NightReport),
    /// Write the report on a family: its candidates, what may have been missed, and what would help most
    Family(FamilyReport),
    /// Write the validation report with its plots, from what `validate` wrote
    Validation(ValidationReport),
}

#[derive(Args)]
pub(crate) struct CandidateReport {
    #[command(flatten)]
    pair: PairOptions,
    /// Also weigh the sex and the age that people state, apart from the DNA, with the rates below; see `reunite facts compare`
    #[arg(long)]
    with_facts: bool,
    #[command(flatten)]
    weights: WeightOptions,
    #[command(flatten)]
    page: PageOptions,
}

#[derive(Args)]
pub(crate) struct NightReport {
    /// The number of the run, as `runs` lists it [default: the last one]
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    run: Option<i64>,
    /// The most rows of a list; all are counted
    #[arg(long, value_name = "N", default_value_t = 200)]
    rows: u32,
    /// Leave out what the candidates mean, which takes some milliseconds for each of them
    #[arg(long)]
    brief: bool,
    #[command(flatten)]
    numbers: NumbersOption,
    #[command(flatten)]
    page: PageOptions,
    #[command(flatten)]
    population: PopulationOption,
}

#[derive(Args)]
pub(crate) struct FamilyReport {
    /// The pseudonym of the family, or at least its first 6 digits
    family: String,
    /// The most rows of a list; all are counted
    #[arg(long, value_name = "N", default_value_t = 200)]
    rows: u32,
    #[command(flatten)]
    numbers: NumbersOption,
    #[command(flatten)]
    page: PageOptions,
    #[command(flatten)]
    population: PopulationOption,
}

#[derive(Args)]
pub(crate) struct ValidationReport {
    /// The folder that `validate` wrote
    dir: PathBuf,
    #[command(flatten)]
    page: PageOptions,
}

/// Where a page goes, and how it looks.
#[derive(Args)]
pub(super) struct PageOptions {
    /// The file to write
    // A command with commands of its own has no file if one of these was given.
    #[arg(long, value_name = "FILE", required = true)]
    out: Option<PathBuf>,
    /// html or json
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "html")]
    format: PageFormat,
    /// Your own templates: a folder with some of base.html, style.css, lists.css, macros.html, candidate.html,
    /// night.html, family.html, letter.html, validation.html
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
    /// Write over a file that exists already
    #[arg(long)]
    force: bool,
}

/// The format of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum PageFormat {
    /// For people.
    Html,
    /// For programs.
    Json,
}

impl Report {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::Candidate(command) => command.run(global, output),
            Self::Night(command) => command.run(global, output),
            Self::Family(command) => command.run(global, output),
            Self::Validation(command) => command.run(global, output),
        }
    }
}

impl CandidateReport {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let ready = self.page.ready(global, self.pair.numbers.numbers.as_deref())?;
        let entry = global.entry("report candidate").with("templates", ready.templates.digest());
        let store = self.pair.population.open(global)?;
        let options = self.pair.explain_options(&store, &entry)?;
        let weighing = FactsWeighing { weights: self.weights.weights(), prior: None };
        let (page, notes) = store.candidate_page(&options, self.with_facts.then_some(&weighing), &entry)?;
        let differs = page.explained.differs_from_candidate();
        warn_of_pair(output, &notes.changed_settings, notes.same_as, differs);
        ready.write(output, wrote_report, || page.json(), |language, templates| page.html(language, templates))
    }
}

impl NightReport {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let ready = self.page.ready(global, self.numbers.numbers.as_deref())?;
        let options = NightOptions {
            run: self.run,
            most: self.rows as usize,
            brief: self.brief,
            numbers: self.numbers.numbers.clone(),
        };
        let entry = global.entry("report night").with("templates", ready.templates.digest());
        let (page, unweighed) = self.population.open(global)?.night_page(&options, &entry, &Notices::new(output))?;
        warn_unweighed(output, &unweighed);
        ready.write(output, wrote_report, || page.json(), |language, templates| page.html(language, templates))
    }
}

impl FamilyReport {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let ready = self.page.ready(global, self.numbers.numbers.as_deref())?;
        let entry = global.entry("report family").with("templates", ready.templates.digest());
        let store = self.population.open(global)?;
        let options = FamilyOptions {
            family: whom(&store, Whom::Family, "FAMILY", &self.family, &entry)?,
            most: self.rows as usize,
            numbers: self.numbers.numbers.clone(),
        };
        let (page, notes) = store.family_page(&options, &entry)?;
        notes.changed_settings.iter().for_each(|changed| output.warn(&changed.to_string()));
        warn_unweighed(output, &notes.unweighed);
        ready.write(output, wrote_report, || page.json(), |language, templates| page.html(language, templates))
    }
}

impl ValidationReport {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let file = self.dir.join("validation.json");
        let ready = self.page.ready(global, Some(&file))?;
        let bytes = fs::read(&file)
            .with_context(|| format!("cannot read {}; `reunite validate --out DIR` writes it", shown_path(&file)))?;
        let page = ValidationPage::read(&bytes).with_context(|| format!("cannot use {}", shown_path(&file)))?;
        ready.write(output, wrote_report, || page.json(), |language, templates| page.html(language, templates))
    }
}

/// Says where a report is.
fn wrote_report(place: &str) -> String {
    format!("wrote the report to {place}")
}

/// A page's options, checked before anything is computed.
pub(super) struct Ready<'a> {
    options: &'a PageOptions,
    out: &'a Path,
    templates: Templates,
    language: Language,
    replace: Replace,
    /// A file that the command reads.
    input: Option<PathBuf>,
}

impl PageOptions {
    pub(super) fn ready(&self, global: &Global, input: Option<&Path>) -> anyhow::Result<Ready<'_>> {
        let templates = match &self.templates {
            None => Templates::embedded(),
            Some(folder) => Templates::read(folder).with_context(|| {
                format!("cannot read templates (base.html, candidate.html, ...) from {}", shown_path(folder))
            })?,
        };
        let replace = if self.force { Replace::AnyFile } else { Replace::Unforced };
        let out = self.out.as_deref().context("--out FILE is missing")?;
        check_output(out, replace, input.as_slice())?;
        let language = global.language();
        Ok(Ready { options: self, out, templates, language, replace, input: input.map(Path::to_owned) })
    }
}

impl Ready<'_> {
    /// The digest of the templates.
    pub(super) fn digest(&self) -> String {
        self.templates.digest()
    }

    pub(super) fn write(
        &self,
        output: &Output,
        wrote: fn(&str) -> String,
        json: impl FnOnce() -> serde_json::Result<String>,
        html: impl FnOnce(Language, &Templates) -> Result<String, PageError>,
    ) -> anyhow::Result<Outcome> {
        let PageOptions { format, templates, .. } = self.options;
        let out = self.out;
        let text = match format {
            PageFormat::Json => json()?,
            PageFormat::Html => html(self.language, &self.templates).with_context(|| match templates {
                None => "cannot write the page".to_owned(),
                Some(folder) => format!("cannot write the page with the templates of {}", shown_path(folder)),
            })?,
        };
        write_output(out, text.as_bytes(), self.replace, self.input.as_deref().as_slice())?;
        output.say(&wrote(&shown_path(out)));
        Ok(Outcome::Done)
    }
}
