//! `report`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::cli::options::{Global, NumbersOption, PopulationOption, pseudonym};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::model::shown_path;
use crate::pages::{Language, Templates};
use crate::store::{CertainParent, ExplainOptions, Replace, check_output, write_output};

#[derive(Subcommand)]
pub(crate) enum Report {
    /// Write the lead report on a family and a child: one HTML page to read, print and sign
    Candidate(CandidateReport),
}

#[derive(Args)]
pub(crate) struct CandidateReport {
    /// The pseudonym of the family, as `candidates` lists it
    family: String,
    /// The pseudonym of the child
    child: String,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// html or json
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "html")]
    format: PageFormat,
    /// The language of the page: zh or en [default: that of your locale]
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<Language>,
    /// Show the genotypes, which identify people; from the ratios by locus alone, an expert can infer many of them
    #[arg(long)]
    show_genotypes: bool,
    /// For the CPI: the parent (father or mother) who is certain; only the other one is questioned
    #[arg(long, value_enum, value_name = "PARENT")]
    certain_parent: Option<CertainParent>,
    #[command(flatten)]
    numbers: NumbersOption,
    /// Your own templates: a folder with base.html or candidate.html
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
    /// Write over a file that exists already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    population: PopulationOption,
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
        let Self::Candidate(command) = self;
        command.run(global, output)
    }
}

impl CandidateReport {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let templates = match &self.templates {
            None => Templates::embedded(),
            Some(folder) => Templates::read(folder).with_context(|| {
                format!("cannot read templates (base.html, candidate.html) from {}", shown_path(folder))
            })?,
        };
        let replace = if self.force { Replace::AnyFile } else { Replace::Unforced };
        let inputs: Vec<&std::path::Path> = self.numbers.numbers.as_deref().into_iter().collect();
        check_output(&self.out, replace, &inputs)?;
        let options = ExplainOptions {
            family: pseudonym("FAMILY", &self.family)?,
            child: pseudonym("CHILD", &self.child)?,
            certain_parent: self.certain_parent,
            show_genotypes: self.show_genotypes,
            numbers: self.numbers.numbers.clone(),
        };
        let language = self.lang.unwrap_or_else(of_locale);
        let entry = global.entry("report candidate").with("templates", templates.digest());
        let (page, notes) = self.population.open(global)?.candidate_page(&options, &entry)?;
        notes.changed_settings.iter().for_each(|changed| output.warn(&changed.to_string()));
        if let Some(relative) = notes.same_as {
            output.warn(&format!(
                "the child has the profile of relative {relative}: one person under two numbers, or identical twins"
            ));
        }
        if notes.differs {
            output.warn("the pair is a candidate with another LR: its data have changed since; run `reunite match`");
        }
        let text = match self.format {
            PageFormat::Json => page.json()?,
            PageFormat::Html => page.html(language, &templates).with_context(|| match &self.templates {
                None => "cannot write the page".to_owned(),
                Some(folder) => format!("cannot write the page with the templates of {}", shown_path(folder)),
            })?,
        };
        write_output(&self.out, text.as_bytes(), replace, &inputs)?;
        output.say(&format!("wrote the report to {}", shown_path(&self.out)));
        Ok(Outcome::Done)
    }
}

/// Returns the language of the user's locale.
fn of_locale() -> Language {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
    Language::of_locale(&locale.unwrap_or_default())
}
