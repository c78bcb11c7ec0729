//! Published figures that a simulation can be compared with.
//!
//! Sources: figures of Chinese laboratory practice for the 19 autosomal loci of Goldeneye 20A and the 15 of Identifiler,
//! and of identification programs for 15 loci; see the guide.

use serde::Serialize;

use crate::kinship::Calculator;
use crate::matching::{ChanceHits, Compiler, LocusSet, locus_set};
use crate::meaning::pair_log10_lr;
use crate::model::{Pedigree, Relation};
use crate::population::{FrequencyTable, LocusFrequencies};
use crate::synthesis::PedigreeDraws;

use super::draw::family_and_child;
use super::plan::{ValidationError, ValidationPlan};

/// A published figure and the same by this program, with the store's frequencies and model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PublishedFigure {
    /// What it is.
    pub figure: &'static str,
    /// The published value.
    pub published: f64,
    /// The computed value; `None` if the panel lacks the loci.
    pub computed: Option<f64>,
}

/// The loci of Identifiler, and those that Goldeneye 20A has besides.
const IDENTIFILER: [&str; 15] = [
    "CSF1PO", "FGA", "TH01", "TPOX", "vWA", "D3S1358", "D5S818", "D7S820", "D8S1179", "D13S317", "D16S539", "D18S51",
    "D21S11", "D2S1338", "D19S433",
];
const BESIDES: [&str; 4] = ["Penta_D", "Penta_E", "D6S1043", "D12S391"];

/// Parents over which shares are averaged.
const PARENTS: usize = 200;

/// Pairs of which medians are taken.
const PAIRS: usize = 2_000;

/// Computes the figures.
///
/// # Errors
/// [`ValidationError`].
pub fn published(
    plan: &ValidationPlan,
    table: &FrequencyTable,
    calculator: &Calculator,
) -> Result<Vec<PublishedFigure>, ValidationError> {
    let set = |names: &[&str]| -> Option<LocusSet> {
        let at = |name: &&str| table.panel().position(&name.parse().ok()?);
        let places: Vec<usize> = names.iter().map(at).collect::<Option<_>>()?;
        Some(locus_set((0..table.panel().len()).map(|locus| places.contains(&locus))))
    };
    let fifteen = set(&IDENTIFILER);
    let nineteen = set(&[&IDENTIFILER[..], &BESIDES].concat());
    let passing = |most: usize| nineteen.map(|set| 1e6 * inconsistent_at_most(table, set, most));
    let mut figures = vec![
        figure("unrelated adults per million without an inconsistent locus as single parent, 19 loci", 7.0, passing(0)),
        figure("with at most one", 129.0, passing(1)),
        figure("with at most two", 1130.0, passing(2)),
    ];
    let share = |set: Option<LocusSet>| set.map(|set| reaching(plan, table, calculator, set)).transpose();
    figures.push(figure("share of true single parents at LR 10,000, 19 loci", 0.98, share(nineteen)?));
    figures.push(figure("share of true single parents at LR 10,000, 15 loci", 0.76, share(fifteen)?));
    let median =
        |relations: &[Relation]| fifteen.map(|set| median(plan, table, calculator, relations, set)).transpose();
    use Relation::{Father, FullSibling, Mother};
    figures.push(figure("log10 of the median LR of couples, 15 loci", 6.7e11_f64.log10(), median(&[Father, Mother])?));
    figures.push(figure("log10 of the median LR of single parents, 15 loci", 48_900_f64.log10(), median(&[Mother])?));
    figures.push(figure(
        "log10 of the median LR of single siblings, 15 loci",
        9_250_f64.log10(),
        median(&[FullSibling])?,
    ));
    Ok(figures)
}

fn figure(figure: &'static str, published: f64, computed: Option<f64>) -> PublishedFigure {
    PublishedFigure { figure, published, computed }
}

/// Computes the probability that two unrelated people share no allele at this locus: the sum over the genotypes of one,
/// of the probability that both alleles of the other are among the rest.
fn unlike(locus: &LocusFrequencies) -> f64 {
    let p = locus.frequencies();
    let mut sum = 0.0;
    for (i, a) in p.iter().enumerate() {
        sum += a * a * (1.0 - a) * (1.0 - a);
        for b in &p[i + 1..] {
            sum += 2.0 * a * b * (1.0 - a - b) * (1.0 - a - b);
        }
    }
    sum
}

/// Computes the probability that an unrelated adult shares no allele with a child at no more than `most` loci of a set.
fn inconsistent_at_most(table: &FrequencyTable, set: LocusSet, most: usize) -> f64 {
    let mut by_count = vec![0.0; most + 1];
    by_count[0] = 1.0;
    for (_, locus) in table.loci().iter().enumerate().filter(|(locus, _)| set >> locus & 1 == 1) {
        let unlike = unlike(locus);
        for count in (0..=most).rev() {
            let fewer = if count > 0 { by_count[count - 1] } else { 0.0 };
            by_count[count] = by_count[count] * (1.0 - unlike) + fewer * unlike;
        }
    }
    by_count.iter().sum()
}

/// Computes the share of true children of a single parent who reach LR 10,000, both typed at these loci: by convolution for
/// each of some parents.
fn reaching(
    plan: &ValidationPlan,
    table: &FrequencyTable,
    calculator: &Calculator,
    set: LocusSet,
) -> Result<f64, ValidationError> {
    let relations = [Relation::Father];
    let pedigree = Pedigree::from_relations(&relations)?;
    let draws = PedigreeDraws::new(table, calculator.model(), &pedigree, plan.seed)?;
    let compiler = Compiler::new(calculator, false);
    let hits = ChanceHits::of_sets(vec![(set, 1)], table.panel().len());
    let mut missed = 0.0;
    for number in 0..PARENTS {
        let (family, _) = family_and_child((&draws, &pedigree), &relations, (|_| set, set), false, number);
        missed += hits.with_family(&compiler, &compiler.family(&family)?)?.missed(4.0);
    }
    Ok(1.0 - missed / PARENTS as f64)
}

/// Returns the median of log10 LR of true children.
fn median(
    plan: &ValidationPlan,
    table: &FrequencyTable,
    calculator: &Calculator,
    relations: &[Relation],
    set: LocusSet,
) -> Result<f64, ValidationError> {
    let pedigree = Pedigree::from_relations(relations)?;
    let draws = PedigreeDraws::new(table, calculator.model(), &pedigree, plan.seed)?;
    let mut numbers = Vec::with_capacity(PAIRS);
    for number in 0..PAIRS {
        let (family, child) = family_and_child((&draws, &pedigree), relations, (|_| set, set), false, number);
        numbers.push(pair_log10_lr(calculator, &family, &child)?);
    }
    numbers.sort_by(f64::total_cmp);
    Ok(numbers[PAIRS / 2])
}
