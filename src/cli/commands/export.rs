//! `export`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::options::{Global, pseudonym};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::model::{Layout, Pseudonym, shown_path};
use crate::report::CmfParties;
use crate::store::{ExportForm, ExportOptions, ExportRemark};

/// The file holds pseudonyms: import it with --identifiers pseudonyms.
#[derive(Args)]
pub(crate) struct Export {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What to write: families or children; a .fam file holds both by default
    #[arg(long = "as", value_name = "LAYOUT")]
    layout: Option<Layout>,
    /// The format of the file
    #[arg(long, value_enum, default_value_t = ExportForm::Csv)]
    to: ExportForm,
    /// Only this family; may be given several times [default: all that are not withdrawn]
    #[arg(long, value_name = "PSEUDONYM")]
    family: Vec<String>,
    /// Only this child; may be given several times [default: all]
    #[arg(long, value_name = "PSEUDONYM")]
    child: Vec<String>,
    /// Children that are candidates of these families
    #[arg(long, requires = "family")]
    candidates: bool,
    /// A file for the pedigrees of families, which a CSV of relatives cannot hold
    #[arg(long, value_name = "FILE")]
    pedigrees: Option<PathBuf>,
    /// A CSV file for each typing of samples that have several
    #[arg(long, value_name = "FILE")]
    typings: Option<PathBuf>,
    /// The laboratory that sends, in a CMF file: at most 10 letters and digits
    #[arg(long, value_name = "LAB")]
    source_lab: Option<String>,
    /// The laboratory that receives, in a CMF file: at most 10 letters and digits
    #[arg(long, value_name = "LAB")]
    destination_lab: Option<String>,
    /// Write the genotypes, which identify people; required for .fam and CMF files
    #[arg(long)]
    show_genotypes: bool,
    /// Overwrite an existing file
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
            cmf: self
                .source_lab
                .as_deref()
                .zip(self.destination_lab.as_deref())
                .map(|(source, destination)| CmfParties { source, destination }),
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
