//! `synth`.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use rayon::prelude::*;

use crate::cli::model_options::ModelOptions;
use crate::cli::options::FrequencyOption;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count, plural};
use crate::kinship::{Calculator, Evidence};
use crate::model::{Locus, Panel, Profile, shown_path};
use crate::population::{FrequencyTable, Model};
use crate::report::CsvText;
use crate::store::{Frequencies, write_private};
use crate::synthesis::{ChallengePlan, FalsePapers, Link, Plan, Population, SyntheticFamily, Trap, relation_shape};

use super::challenge;

#[derive(Args)]
pub(crate) struct Synth {
    /// Number of families
    #[arg(long, value_name = "N")]
    families: usize,
    /// Number of children, those of the families included
    #[arg(long, value_name = "N")]
    children: usize,
    /// The same seed gives the same population, on every machine
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The folder to write families.csv, children.csv, truth.csv and traps.csv to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Share of families whose child is among the children
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    planted: f64,
    /// Probability that a locus of a profile is untyped [default: 0.01; with --challenge 0.05]
    #[arg(long, value_name = "P")]
    untyped_loci: Option<f64>,
    /// Write a search for parent or child instead: profiles.csv with --children people, queries.csv with a sample for each
    /// of the --families, and truth.csv
    #[arg(long, conflicts_with_all = ["forced_mutations", "nephew_traps", "sibling_parent_traps", "planted", "wrong_father", "wrong_mother", "exchanged", "half_as_full"])]
    challenge: bool,
    /// With --challenge: probability that one of the two copies at a locus is not seen
    #[arg(long, value_name = "P", default_value_t = challenge::SINGLE, requires = "challenge")]
    single_allele_loci: f64,
    /// With --challenge: the kit with which all are typed
    #[arg(long, value_name = "NAME", default_value = "AGCU EX22", requires = "challenge")]
    kit: String,
    /// Number of planted children that contradict a typed parent at one or two loci
    #[arg(long, value_name = "N", default_value_t = 0)]
    forced_mutations: usize,
    /// Number of children who are a typed parent's nephew or niece
    #[arg(long, value_name = "N", default_value_t = 0)]
    nephew_traps: usize,
    /// Number of families whose typed parent is really the sibling of a child's parent
    #[arg(long, value_name = "N", default_value_t = 0)]
    sibling_parent_traps: usize,
    /// Probability that the sample of a family's stated father is a stranger's
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    wrong_father: f64,
    /// The same of the mother
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    wrong_mother: f64,
    /// Probability that the samples of two relatives of a family were swapped, where their sexes do not show it
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    exchanged: f64,
    /// Probability that one of a family's full siblings is a half-sibling, by another father
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    half_as_full: f64,
    #[command(flatten)]
    frequencies: FrequencyOption,
    #[command(flatten)]
    model: ModelOptions,
}

impl Synth {
    pub(super) fn run(&self, output: &Output) -> anyhow::Result<Outcome> {
        let Frequencies { table, .. } = self.frequencies.read(output)?;
        let settings = self.model.settings()?;
        let model = settings.model;
        anyhow::ensure!(settings.linked.is_empty(), "synthetic loci are independent: leave out --linked");
        if self.challenge {
            return self.write_challenge(&table, &model, output);
        }
        let calculator = settings.calculator(&table)?;
        let plan = Plan {
            families: self.families,
            children: self.children,
            seed: self.seed,
            planted: self.planted,
            untyped: self.untyped_loci.unwrap_or(0.01),
            forced_mutations: self.forced_mutations,
            nephew_traps: self.nephew_traps,
            sibling_parent_traps: self.sibling_parent_traps,
            wrong_father: self.wrong_father,
            wrong_mother: self.wrong_mother,
            exchanged: self.exchanged,
            half_as_full: self.half_as_full,
            ..Plan::default()
        };
        let population = Population::generate(&plan, &table, &model)?;
        let files = [
            ("families.csv", families(&population, table.panel())),
            ("children.csv", children(&population, table.panel())),
            ("truth.csv", truth(&population, &calculator)?),
            ("traps.csv", traps(&population, &calculator)?),
        ];
        self.write(&files)?;
        output.say(&format!(
            "wrote {}, {} and {} to {}",
            plural(population.families.len() as u64, "family"),
            plural(population.children.len() as u64, "child"),
            plural(population.truth.len() as u64, "true relation"),
            shown_path(&self.out)
        ));
        Ok(Outcome::Done)
    }
}

impl Synth {
    fn write(&self, files: &[(&str, String)]) -> anyhow::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.out)
            .with_context(|| format!("cannot make the folder {}", shown_path(&self.out)))?;
        files.iter().try_for_each(|(name, text)| Ok(write_private(&self.out.join(name), text.as_bytes())?))
    }

    fn write_challenge(&self, table: &FrequencyTable, model: &Model, output: &Output) -> anyhow::Result<Outcome> {
        let panel = table.panel();
        let plan = ChallengePlan {
            people: self.children,
            queries: self.families,
            seed: self.seed,
            loci: challenge::loci_of(&self.kit, panel)?,
            missing: self.untyped_loci.unwrap_or(challenge::MISSING),
            single: self.single_allele_loci,
        };
        let made = plan.generate(table, model)?;
        self.write(&[
            ("profiles.csv", challenge::people(&made, panel, ',')),
            ("queries.csv", challenge::queries(&made, panel, ',')),
            ("truth.csv", challenge::truth(&made)),
        ])?;
        output.say(&format!(
            "wrote {} people and {} queries to {}; one allele alone is explained by --drop-out {:.4}",
            count(self.children as u64),
            count(self.families as u64),
            shown_path(&self.out),
            challenge::drop_out(self.single_allele_loci)
        ));
        Ok(Outcome::Done)
    }
}

fn header(first: &[&str], panel: &Panel) -> CsvText {
    CsvText::with_header(first.iter().copied().chain(panel.loci().iter().map(Locus::name)))
}

fn cells(csv: &mut CsvText, profile: &Profile) {
    for genotype in profile.genotypes() {
        csv.optional(genotype.as_ref());
    }
    csv.end_row();
}

fn families(population: &Population, panel: &Panel) -> String {
    let mut csv = header(&["family_id", "sample_id", "relation", "sex"], panel);
    for family in &population.families {
        for person in &family.relatives {
            csv.field(&family.id).field(&person.id).field(person.relation).field(person.sex);
            cells(&mut csv, &person.profile);
        }
    }
    csv.finish()
}

fn children(population: &Population, panel: &Panel) -> String {
    let mut csv = header(&["sample_id", "sex"], panel);
    for child in &population.children {
        csv.field(&child.id).field(child.sex);
        cells(&mut csv, &child.profile);
    }
    csv.finish()
}

/// log10 LR of a pair over all loci.
fn log10_lr(family: &SyntheticFamily, child: &Profile, calculator: &Calculator) -> anyhow::Result<f64> {
    let mut total = 0.0;
    for position in 0..calculator.panel().len() {
        let relatives = family.relatives.iter().map(|person| (person.relation, person.profile.at(position)));
        let evidence = Evidence::new(relatives, calculator.model().convention);
        total += calculator
            .log10_lr(position, &evidence, child.at(position))
            .with_context(|| format!("family {}, locus {}", family.id, calculator.panel().loci()[position]))?;
    }
    Ok(total + 0.0)
}

fn truth(population: &Population, calculator: &Calculator) -> anyhow::Result<String> {
    let log10_lr = |link: &Link| {
        let (family, child) = (&population.families[link.family], &population.children[link.child]);
        log10_lr(family, &child.profile, calculator)
    };
    let values: Vec<f64> = population.truth.par_iter().map(log10_lr).collect::<anyhow::Result<_>>()?;
    let mut csv =
        CsvText::with_header(["family_id", "child_sample_id", "relation_shape", "log10_lr", "mutated_loci", "papers"]);
    for (link, log10_lr) in population.truth.iter().zip(values) {
        let (family, child) = (&population.families[link.family], &population.children[link.child]);
        csv.field(&family.id).field(&child.id).field(relation_shape(family));
        csv.field(log10_lr).field(link.mutated_loci);
        csv.field(family.papers.map_or("true", FalsePapers::word)).end_row();
    }
    Ok(csv.finish())
}

fn traps(population: &Population, calculator: &Calculator) -> anyhow::Result<String> {
    let log10_lr = |trap: &Trap| {
        let (family, child) = (&population.families[trap.family], &population.children[trap.child]);
        log10_lr(family, &child.profile, calculator)
    };
    let values: Vec<f64> = population.traps.par_iter().map(log10_lr).collect::<anyhow::Result<_>>()?;
    let mut csv = CsvText::with_header(["family_id", "child_sample_id", "relation_shape", "log10_lr", "kind"]);
    for (trap, log10_lr) in population.traps.iter().zip(values) {
        let (family, child) = (&population.families[trap.family], &population.children[trap.child]);
        csv.field(&family.id).field(&child.id).field(relation_shape(family));
        csv.field(log10_lr).field(trap.kind).end_row();
    }
    Ok(csv.finish())
}
