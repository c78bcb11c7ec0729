//! `export`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::options::{Global, pseudonym};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::model::{Layout, Pseudonym, shown_path};
use crate::store::{ExportForm, ExportOptions, ExportRemark};

/// Identifiers in the file are pseudonyms: import it with --identifiers pseudonyms.
#[derive(Args)]
pub(crate) struct Export {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What to write: families or children; a .fam file may hold both, and does unless told
    #[arg(long = "as", value_name = "LAYOUT")]
    layout: Option<Layout>,
    /// The form of the file
    #[arg(long, value_enum, default_value_t = ExportForm::Csv)]
    to: ExportForm,
    /// Only this family; may be given several times [default: all that are not withdrawn]
    #[arg(long, value_name = "PSEUDONYM")]
    family: Vec<String>,
    /// Only this child; may be given several times [default: all]
    #[arg(long, value_name = "PSEUDONYM")]
    child: Vec<String>,
    /// The children that are candidates of these families
    #[arg(long, requires = "family")]
    candidates: bool,
    /// Where to write the pedigrees of families that have one, which the file itself cannot hold as CSV
    #[arg(long, value_name = "FILE")]
    pedigrees: Option<PathBuf>,
    /// Where to write each typing of samples that have several, as CSV; the file itself holds what they show together
    #[arg(long, value_name = "FILE")]
    typings: Option<PathBuf>,
    /// Write the genotypes, which identify a person; a .fam file is nothing without them
    #[arg(long)]
    show_genotypes: bool,
    /// Write over a file that exists
    #[arg(long)]
    force: bool,
}

impl Export {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let options = ExportOptions {
            file: &self.file,
            form: self.to,
            layout: self.layout,
            families: &pseudonyms("--family", &self.family)?,
            children: &pseudonyms("--child", &self.child)?,
            candidates: self.candidates,
            pedigrees: self.pedigrees.as_deref(),
            typings: self.typings.as_deref(),
            show_genotypes: self.show_genotypes,
            force: self.force,
        };
        let exported = global.open()?.export(&options, &global.entry("export"))?;
        for remark in &exported.remarks {
            let fix = match remark {
                ExportRemark::WithdrawnLeftOut(_) => ": name them with --family",
                ExportRemark::SeveralTypings(_) => "; --typings FILE writes each",
                _ => "",
            };
            output.warn(&format!("{remark}{fix}"));
        }
        let with = if self.show_genotypes { "with genotypes: keep it as you keep the samples" } else { "no genotypes" };
        output.say(&format!("{}: {}, {with}", shown_path(&self.file), exported.content));
        Ok(Outcome::Done)
    }
}

fn pseudonyms(argument: &str, texts: &[String]) -> anyhow::Result<Vec<Pseudonym>> {
    texts.iter().map(|text| pseudonym(argument, text)).collect()
}
