//! `validate`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::cli::notices::Notices;
use crate::cli::options::{Global, PopulationOption};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::model::shown_path;
use crate::report::{PlanRow, SCHEMA_VERSION, ValidationReport, prior_in_words};
use crate::store::{Replace, ValidateOptions, Validated, check_output, write_output};

#[derive(Args)]
pub(crate) struct Validate {
    /// The folder for report.txt, validation.json and tippett.csv; it is made if it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Simulated pairs per set of relatives and truth
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pairs: u32,
    /// The seed; the same seed gives the same files
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write over files that exist already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    population: PopulationOption,
}

const FILES: [&str; 3] = ["report.txt", "validation.json", "tippett.csv"];

impl Validate {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = self.population.open(global)?;
        fs::create_dir_all(&self.out).with_context(|| format!("cannot make the folder {}", shown_path(&self.out)))?;
        let replace = if self.force { Replace::AnyFile } else { Replace::Unforced };
        let paths = FILES.map(|name| self.out.join(name));
        for path in &paths {
            check_output(path, replace, &[])?;
        }
        let options = ValidateOptions { pairs: self.pairs as usize, seed: self.seed };
        let Validated { validation, plan, families, children, frequencies, model, .. } =
            store.validate(&options, &global.entry("validate"), &Notices::new(output))?;
        let report = ValidationReport {
            schema_version: SCHEMA_VERSION,
            program: concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned(),
            model,
            frequencies,
            population: store.population().map(str::to_owned),
            loci: store.table().panel().len(),
            families,
            children,
            min_log10_lr: plan.min_log10_lr,
            prior: prior_in_words(plan.prior, children),
            pairs: self.pairs.into(),
            seed: self.seed,
            plan: PlanRow::from(&plan),
            validation,
        };
        let json = report.json()?;
        let text = report.text(&blake3::hash(json.as_bytes()).to_hex()).to_string();
        for (path, bytes) in paths.iter().zip([text, json, report.csv()]) {
            write_output(path, bytes.as_bytes(), replace, &[])?;
        }
        output.say(&format!("wrote {} to {}", FILES.join(", "), shown_path(&self.out)));
        Ok(Outcome::Done)
    }
}
