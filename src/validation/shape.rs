//! Simulates pairs of one set of relatives with several truths.

use rayon::prelude::*;
use serde::Serialize;

use crate::kinship::Calculator;
use crate::matching::{Alternative, ChanceHits, Compiler, Stopped, explain};
use crate::meaning::{Class, FamilyToWeigh, PairToWeigh, Weigher, pair_log10_lr};
use crate::model::{Child, Family, Pedigree, Relation};
use crate::population::FrequencyTable;
use crate::synthesis::PedigreeDraws;

use super::draw::{blank, family_and_child};
use super::measures::{Ece, cllr, cllr_min, ece};
use super::plan::{ValidationError, ValidationPlan};

/// What a simulated child is in truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Truth {
    /// The family's missing child.
    Child,
    /// Related to nobody of the family.
    Unrelated,
    /// Another relative of the missing child.
    Kin(Alternative),
}

impl Truth {
    /// Returns the word for the truth, as used in files and lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Child => "child",
            Self::Unrelated => "unrelated",
            Self::Kin(kin) => kin.word(),
        }
    }
}

/// The share of pairs at or above a value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TippettPoint {
    /// log10 LR.
    pub log10_lr: f64,
    /// The share.
    pub share: f64,
}

/// The simulated pairs of one truth.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TruthResult {
    /// The truth.
    pub truth: Truth,
    /// Number of pairs.
    pub pairs: u64,
    /// Median of log10 LR.
    pub median_log10_lr: f64,
    /// Share at or above the threshold.
    pub candidates: f64,
    /// Tippett curve: shares at or above whole numbers of log10 LR.
    pub tippett: Vec<TippettPoint>,
    /// Shares of the classified pairs that are candidates of each class, and of those that are no candidates.
    pub classes: Vec<(&'static str, f64)>,
}

/// The result for one set of relatives.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ShapeResult {
    /// The relatives.
    pub relations: Vec<Relation>,
    /// Number of families that have them.
    pub families: u64,
    /// The truths.
    pub truths: Vec<TruthResult>,
    /// Cllr of true pairs against unrelated ones.
    pub cllr: f64,
    /// Its least value.
    pub cllr_min: f64,
    /// The empirical cross-entropy of true pairs against unrelated ones.
    pub ece: Vec<Ece>,
    /// `true` if the share of unrelated pairs at or above every whole log10 LR is at most 1 / LR, allowing for four
    /// standard deviations of the simulation.
    pub turing_holds: bool,
    /// Expected unrelated candidates of these families in one full match, by convolution.
    pub false_candidates_per_match: f64,
}

/// Families over which the expected number of unrelated candidates is averaged.
const NIGHT: usize = 100;

pub(super) fn result(
    plan: &ValidationPlan,
    table: &FrequencyTable,
    calculator: &Calculator,
    (relations, families): (&[Relation], u64),
    done: &(dyn Fn(usize) -> Result<(), Stopped> + Sync),
) -> Result<ShapeResult, ValidationError> {
    let pedigree = Pedigree::from_relations(relations)?;
    let blank = blank(relations);
    let mut truths = vec![(Truth::Child, pedigree.clone()), (Truth::Unrelated, pedigree)];
    for rival in Alternative::rivals_in(&blank) {
        if let Some(pedigree) = rival.family(&blank).and_then(|family| family.pedigree) {
            truths.push((Truth::Kin(rival), (*pedigree).clone()));
        }
    }
    let hits = ChanceHits::of_sets(plan.child_sets.clone(), table.panel().len());
    let weigher = Weigher::new(calculator, &hits, plan.prior, (plan.min_log10_lr, plan.doubts), &[]);
    let (mut results, mut numbers) = (Vec::new(), Vec::new());
    for (truth, pedigree) in &truths {
        let draws = PedigreeDraws::new(table, calculator.model(), pedigree, plan.seed)?;
        let pair = |number: usize| pair(plan, (&draws, pedigree), relations, *truth, number);
        let score = |number: usize| -> Result<f64, ValidationError> {
            let (family, child) = pair(number);
            if number.is_multiple_of(64) {
                done(64)?;
            }
            Ok(pair_log10_lr(calculator, &family, &child)?)
        };
        let log10_lrs: Vec<f64> = (0..plan.pairs).into_par_iter().map(score).collect::<Result<_, ValidationError>>()?;
        let classify = |number: usize| -> Result<Option<Class>, ValidationError> {
            if log10_lrs[number] < plan.min_log10_lr {
                return Ok(None);
            }
            let (family, child) = pair(number);
            let explained = explain(calculator, &family, &child, None)?;
            let candidate = explained.as_candidate(family.pseudonym, child.pseudonym);
            let all = std::slice::from_ref(&candidate);
            let of = FamilyToWeigh { family: &family, candidates: all, is_marked: false };
            let weighed = weigher.weigh(&of, &[PairToWeigh { child: &child, candidate: &candidate, of_child: all }])?;
            Ok(weighed.first().map(|meaning| meaning.class))
        };
        let classified = plan.classified.min(plan.pairs);
        let classes: Vec<Option<Class>> =
            (0..classified).into_par_iter().map(classify).collect::<Result<_, ValidationError>>()?;
        results.push(truth_result(*truth, &log10_lrs, &classes, plan.min_log10_lr));
        numbers.push(log10_lrs);
    }
    let holds = |point: &TippettPoint| {
        let bound = libm::pow(10.0, -point.log10_lr).min(1.0);
        point.share <= bound + 4.0 * (bound * (1.0 - bound) / plan.pairs as f64).sqrt() + 1.0 / plan.pairs as f64
    };
    Ok(ShapeResult {
        relations: relations.to_vec(),
        families,
        cllr: cllr(&numbers[0], &numbers[1]),
        cllr_min: cllr_min(&numbers[0], &numbers[1]),
        ece: ece(&numbers[0], &numbers[1]),
        turing_holds: results[1].tippett.iter().filter(|point| point.log10_lr >= 0.0).all(holds),
        false_candidates_per_match: false_candidates(plan, table, calculator, (relations, families), &hits)?,
        truths: results,
    })
}

/// Computes the expected number of unrelated candidates of all families with these relatives.
fn false_candidates(
    plan: &ValidationPlan,
    table: &FrequencyTable,
    calculator: &Calculator,
    (relations, families): (&[Relation], u64),
    hits: &ChanceHits,
) -> Result<f64, ValidationError> {
    let pedigree = Pedigree::from_relations(relations)?;
    let draws = PedigreeDraws::new(table, calculator.model(), &pedigree, plan.seed)?;
    let compiler = Compiler::new(calculator, false);
    let expected = |number: usize| -> Result<f64, ValidationError> {
        let (family, _) = pair(plan, (&draws, &pedigree), relations, Truth::Child, number);
        Ok(hits.with_family(&compiler, &compiler.family(&family)?)?.expected(plan.min_log10_lr).number)
    };
    let numbers: Vec<f64> = (0..NIGHT).into_par_iter().map(expected).collect::<Result<_, ValidationError>>()?;
    Ok(numbers.iter().sum::<f64>() / NIGHT as f64 * families as f64)
}

/// Draws the family and the child of a number, typed at loci of the database.
fn pair(
    plan: &ValidationPlan,
    drawn_from: (&PedigreeDraws<'_>, &Pedigree),
    relations: &[Relation],
    truth: Truth,
    number: usize,
) -> (Family, Child) {
    let relative_set = |at| ValidationPlan::set_of(&plan.relative_sets, number * relations.len() + at);
    let child_set = ValidationPlan::set_of(&plan.child_sets, number);
    family_and_child(drawn_from, relations, (relative_set, child_set), truth == Truth::Unrelated, number)
}

fn truth_result(truth: Truth, log10_lrs: &[f64], classes: &[Option<Class>], threshold: f64) -> TruthResult {
    let mut sorted = log10_lrs.to_vec();
    sorted.sort_by(f64::total_cmp);
    let share = |t: f64| (sorted.len() - sorted.partition_point(|one| *one < t)) as f64 / sorted.len().max(1) as f64;
    let of =
        |class: Option<Class>| classes.iter().filter(|one| **one == class).count() as f64 / classes.len().max(1) as f64;
    let mut shares: Vec<(&'static str, f64)> =
        Class::ALL.into_iter().map(|class| (class.word(), of(Some(class)))).collect();
    shares.push(("below", of(None)));
    TruthResult {
        truth,
        pairs: sorted.len() as u64,
        median_log10_lr: sorted.get(sorted.len() / 2).copied().unwrap_or(0.0),
        candidates: share(threshold),
        tippett: (-10..=30).map(|t| TippettPoint { log10_lr: f64::from(t), share: share(f64::from(t)) }).collect(),
        classes: shares,
    }
}
