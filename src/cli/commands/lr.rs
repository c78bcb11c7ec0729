//! `lr`: the kinship calculator.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::cli::model_options::ModelOptions;
use crate::cli::options::{FrequencyOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::intake::{Case, CasePedigrees, Problem, file_bytes, read_cases};
use crate::kinship::{Calculator, Evidence, LinkedEvidence, LinkedShown, Shown};
use crate::model::Locus;
use crate::population::Convention;
use crate::report::{CsvText, TableUsed};
use crate::store::Frequencies;

use super::import::list;

#[derive(Args)]
pub(crate) struct Lr {
    #[command(flatten)]
    frequencies: FrequencyOption,
    #[command(flatten)]
    model: ModelOptions,
    /// CSV with case, person, relation, sex, locus, allele1, allele2 and, if wanted, drop_out; one row per person and
    /// typed locus
    cases: PathBuf,
    /// Pedigrees of cases that relations do not describe: CSV with case, person, father, mother, sex, missing; one row per
    /// person, `missing` is yes for the child in question
    #[arg(long, value_name = "FILE")]
    pedigree: Option<PathBuf>,
}

impl Lr {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let Frequencies { table, base, .. } = match self.frequencies.of_store() {
            Some(population) => global.open()?.with_population(population)?.table().clone().into(),
            None => self.frequencies.read(output)?,
        };
        let calculator = self.model.settings_over(&base)?.calculator(&table)?;
        let read = |path: &Path| file_bytes(path).map_err(anyhow::Error::from);
        let refused = |problems: Vec<Problem>| {
            list(&problems, output);
            output.warn("no likelihood ratio was computed: correct the file first");
            Ok(Outcome::Rejected)
        };
        let pedigrees = match &self.pedigree {
            None => None,
            Some(path) => match CasePedigrees::read(&path.display().to_string(), &read(path)?) {
                Ok(pedigrees) => Some(pedigrees),
                Err(problems) => return refused(problems),
            },
        };
        let name = self.cases.display().to_string();
        let cases = match read_cases(&name, &read(&self.cases)?, table.panel(), pedigrees.as_ref()) {
            Ok(cases) => cases,
            Err(problems) => return refused(problems),
        };
        if cases.is_empty() {
            output.warn(&format!("{name}: holds no case: nothing was computed"));
            return Ok(Outcome::Nothing);
        }
        output.say(&format!("{} cases; {}", cases.len(), calculator.settings_line()));
        if let Some(remark) = TableUsed::new(&table, self.frequencies.of_store()).remark()
            && self.frequencies.of_store().is_some()
        {
            output.warn(&remark);
        }
        let mut csv = CsvText::with_header(["case", "locus", "log10_lr"]);
        for case in &cases {
            for locus in unlisted(case, &calculator) {
                output.warn(&format!(
                    "case {}, locus {locus}: has an allele that the frequency table does not list; the floor is used",
                    case.name
                ));
            }
            write_case(&mut csv, case, &calculator)?;
        }
        output.data(&csv.finish())?;
        Ok(Outcome::Done)
    }
}

fn write_case(csv: &mut CsvText, case: &Case, calculator: &Calculator) -> anyhow::Result<()> {
    let name = &case.name;
    let mut total = 0.0;
    let linked = linked(case, calculator).with_context(|| format!("case {name}"))?;
    for (position, locus) in calculator.panel().loci().iter().enumerate() {
        if let Some((loci, log10_lr)) = linked.iter().find(|(loci, _)| loci.contains(&position)) {
            // Both loci in one row, where the first stands.
            if loci[0] == position {
                let both = format!("{locus}+{}", calculator.panel().loci()[loci[1]]);
                csv.field(name).field(both).field(log10_lr).end_row();
                total += log10_lr;
            }
            continue;
        }
        let evidence = evidence(case, position, calculator.model().convention);
        let log10_lr = calculator
            .log10_lr_with(position, &evidence, case.child.at(position), case.child_drop_out)
            .with_context(|| format!("case {name}, locus {locus}"))?;
        csv.field(name).field(locus).field(log10_lr).end_row();
        total += log10_lr;
    }
    csv.field(name).field("total").field(total + 0.0).end_row();
    Ok(())
}

/// The linked pairs that matter in this case, with the log10 LR of both loci together.
fn linked(case: &Case, calculator: &Calculator) -> anyhow::Result<Vec<([usize; 2], f64)>> {
    let mut values = Vec::new();
    for (number, pair) in calculator.linked().iter().enumerate() {
        let relatives = case.relatives.iter().map(|relative| LinkedShown {
            relation: relative.relation,
            genotypes: pair.loci.map(|locus| relative.profile.at(locus)),
            drop_out: relative.drop_out,
        });
        let evidence = LinkedEvidence::new(case.pedigree.clone(), relatives);
        let child = pair.loci.map(|locus| case.child.at(locus));
        let mut scorer = calculator.linked_scorer(number, &evidence)?;
        if let Some(value) = calculator.linked_log10_lr(&mut scorer, child, case.child_drop_out)? {
            values.push((pair.loci, value));
        }
    }
    Ok(values)
}

fn evidence(case: &Case, position: usize, convention: Convention) -> Evidence {
    let shown = case.relatives.iter().map(|relative| Shown {
        relation: relative.relation,
        genotype: relative.profile.at(position),
        drop_out: relative.drop_out,
    });
    match &case.pedigree {
        Some(pedigree) => Evidence::of_pedigree(pedigree.clone(), shown),
        None => Evidence::new(shown, convention),
    }
}

/// Loci at which someone carries an allele without a frequency.
fn unlisted<'a>(case: &'a Case, calculator: &'a Calculator) -> impl Iterator<Item = &'a Locus> + 'a {
    let profiles = || case.relatives.iter().map(|relative| &relative.profile).chain([&case.child]);
    let loci = calculator.panel().loci().iter().zip(calculator.loci()).enumerate();
    loci.filter(move |(position, (_, model))| {
        profiles().filter_map(|profile| profile.at(*position)).any(|genotype| model.positions(genotype).is_none())
    })
    .map(|(_, (locus, _))| locus)
}
