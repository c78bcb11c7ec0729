//! `report`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::cli::pair_options::{PairOptions, warn_of_pair};
use crate::model::shown_path;
use crate::pages::{Language, Templates};
use crate::store::{Replace, check_output, write_output};

#[derive(Subcommand)]
pub(crate) enum Report {
    /// Write the lead report on a family and a child: one HTML page to read, print and sign
    Candidate(CandidateReport),
}

#[derive(Args)]
pub(crate) struct CandidateReport {
    #[command(flatten)]
    pair: PairOptions,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// html or json
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "html")]
    format: PageFormat,
    /// The language of the page: zh or en [default: that of your locale]
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<Language>,
    /// Your own templates: a folder with base.html or candidate.html
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
        let inputs: Vec<&std::path::Path> = self.pair.numbers.numbers.as_deref().into_iter().collect();
        check_output(&self.out, replace, &inputs)?;
        let options = self.pair.explain_options()?;
        let language = self.lang.unwrap_or_else(of_locale);
        let entry = global.entry("report candidate").with("templates", templates.digest());
        let (page, notes) = self.pair.population.open(global)?.candidate_page(&options, &entry)?;
        let differs = page.explained.differs_from_candidate();
        warn_of_pair(output, &notes.changed_settings, notes.same_as, differs);
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
