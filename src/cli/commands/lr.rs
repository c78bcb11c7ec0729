//! `lr`: the kinship calculator.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use crate::cli::model_options::ModelOptions;
use crate::cli::options::{FrequencyOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, plural};
use crate::intake::{Case, CasePedigrees, CaseRelative, Problem, file_bytes, read_cases};
use crate::kinship::{Calculator, Evidence, KinshipError, LinkedEvidence, LinkedShown, Shown};
use crate::matching::{Alternative, alternatives};
use crate::model::{Child, Family, Locus, Pseudonym, Relative, shown_path};
use crate::population::{Convention, Floor};
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
    /// After each total, write what the child is worth as the missing child's own child, full sibling, nephew or niece:
    /// rows total:own-child, total:full-sibling, total:nephew
    #[arg(long)]
    alternatives: bool,
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
            Some(path) => match CasePedigrees::read(&shown_path(path), &read(path)?) {
                Ok(pedigrees) => Some(pedigrees),
                Err(problems) => return refused(problems),
            },
        };
        let name = shown_path(&self.cases);
        let cases = match read_cases(&name, &read(&self.cases)?, table.panel(), pedigrees.as_ref()) {
            Ok(cases) => cases,
            Err(problems) => return refused(problems),
        };
        if cases.is_empty() {
            output.warn(&format!("{name}: holds no case: nothing was computed"));
            return Ok(Outcome::Nothing);
        }
        output.say(&format!("{}; {}", plural(cases.len() as u64, "case"), calculator.settings_line()));
        if let Some(remark) = TableUsed::new(&table, self.frequencies.of_store()).remark()
            && self.frequencies.of_store().is_some()
        {
            output.warn(&remark);
        }
        let mut csv = CsvText::with_header(["case", "locus", "log10_lr"]);
        let mut failed: u64 = 0;
        for case in &cases {
            if calculator.model().floor != Floor::Refuse {
                for locus in unlisted(case, &calculator) {
                    output.warn(&format!(
                        "case {}, locus {locus}: has an allele that the frequency table does not list; the floor is used",
                        case.name
                    ));
                }
            }
            match rows(case, &calculator) {
                Ok(rows) => {
                    write_case(&mut csv, &case.name, &rows);
                    if self.alternatives {
                        match write_alternatives(&mut csv, case, &calculator) {
                            Ok(()) => {}
                            Err(reason) => {
                                failed += 1;
                                output.error(&anyhow!("case {}, the alternatives: {reason}", case.name), None);
                            }
                        }
                    }
                }
                Err(failures) => {
                    failed += 1;
                    failures.iter().for_each(|failure| output.error(&anyhow!("case {}, {failure}", case.name), None));
                }
            }
        }
        output.data(&csv.finish())?;
        if failed == 0 {
            return Ok(Outcome::Done);
        }
        let rest = cases.len() as u64 - failed;
        output.warn(&format!("no likelihood ratio of {}; {} computed", plural(failed, "case"), plural(rest, "case")));
        Ok(Outcome::Rejected)
    }
}

/// The rows of a case, in panel order: a locus, or two linked ones where the first stands, and its log10 LR.
///
/// # Errors
/// What cannot be computed: the loci, and why, each reason once.
fn rows(case: &Case, calculator: &Calculator) -> Result<Vec<(String, f64)>, Vec<String>> {
    let loci = calculator.panel().loci();
    let mut rows = Vec::with_capacity(loci.len());
    let mut failures: Vec<(KinshipError, Vec<String>)> = Vec::new();
    let mut add = |name: String, value: Result<f64, KinshipError>| match value {
        Ok(value) => rows.push((name, value)),
        Err(error) => match failures.iter_mut().find(|failure| failure.0 == error) {
            Some((_, names)) => names.push(name),
            None => failures.push((error, vec![name])),
        },
    };
    let linked: Vec<_> = (0..calculator.linked().len()).map(|pair| linked(case, calculator, pair)).collect();
    for (position, locus) in loci.iter().enumerate() {
        let pair = calculator.linked().iter().zip(&linked).find(|(pair, _)| pair.loci.contains(&position));
        if let Some((pair, value)) = pair
            && let Some(value) = value.clone().transpose()
        {
            if pair.loci[0] == position {
                add(format!("{locus}+{}", loci[pair.loci[1]]), value);
            }
            continue;
        }
        let evidence = evidence(case, position, calculator.model().convention);
        let child = case.child.at(position);
        add(locus.to_string(), calculator.log10_lr_with(position, &evidence, child, case.child_drop_out));
    }
    let failure = |(error, names): (KinshipError, Vec<String>)| {
        format!("{} {}: {error}", if names.len() == 1 { "locus" } else { "loci" }, names.join(", "))
    };
    if failures.is_empty() { Ok(rows) } else { Err(failures.into_iter().map(failure).collect()) }
}

fn write_case(csv: &mut CsvText, name: &str, rows: &[(String, f64)]) {
    let mut total = 0.0;
    for (locus, log10_lr) in rows {
        csv.field(name).field(locus).field(log10_lr).end_row();
        total += log10_lr;
    }
    csv.field(name).field("total").field(total + 0.0).end_row();
}

fn write_alternatives(csv: &mut CsvText, case: &Case, calculator: &Calculator) -> Result<(), String> {
    // Nobody is named by these: one number each.
    let nobody = |number: u8| Pseudonym::from_bytes([number; Pseudonym::LEN]);
    let relative = |one: &CaseRelative| Relative {
        sample: nobody(1),
        relation: one.relation,
        profile: one.profile.clone(),
        drop_out: one.drop_out,
    };
    let family = Family {
        pseudonym: nobody(2),
        relatives: case.relatives.iter().map(relative).collect(),
        pedigree: case.pedigree.clone(),
    };
    let child = Child { pseudonym: nobody(3), profile: case.child.clone(), drop_out: case.child_drop_out };
    let values =
        alternatives(calculator, &family, &child).map_err(|error| format!("{}: {}", error.locus, error.reason))?;
    for (alternative, log10_lr) in Alternative::DESCENDANTS.into_iter().zip(values) {
        csv.field(&case.name).field(format!("total:{}", alternative.word())).field(log10_lr).end_row();
    }
    Ok(())
}

/// log10 LR of both loci of a linked pair together; `None` where linkage changes nothing.
fn linked(case: &Case, calculator: &Calculator, pair: usize) -> Result<Option<f64>, KinshipError> {
    let loci = calculator.linked()[pair].loci;
    let relatives = case.relatives.iter().map(|relative| LinkedShown {
        relation: relative.relation,
        genotypes: loci.map(|locus| relative.profile.at(locus)),
        drop_out: relative.drop_out,
    });
    let evidence = LinkedEvidence::new(case.pedigree.clone(), relatives);
    let mut scorer = calculator.linked_scorer(pair, &evidence)?;
    calculator.linked_log10_lr(&mut scorer, loci.map(|locus| case.child.at(locus)), case.child_drop_out)
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
