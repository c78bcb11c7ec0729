//! Checks the reliability of the posterior over a synthetic database.

use std::collections::{BTreeMap, BTreeSet};

use crate::index::{Binding, Builder, Index};
use crate::kinship::Calculator;
use crate::matching::{ChanceHits, Criterion, Matcher, Stopped, Watch};
use crate::meaning::{MOST_STATES, Weigher, assign};
use crate::model::{Candidate, Child, Family, Pseudonym, Relative};
use crate::population::FrequencyTable;
use crate::synthesis::{Plan, Population, Shape, SyntheticFamily};

use super::measures::Bin;
use super::plan::{ValidationError, ValidationPlan};

/// The ends of the ranges of the posterior.
const ENDS: [f64; 8] = [0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0];

/// Draws a database, matches it, and compares the assigned posteriors with the truth.
pub(super) fn reliability(
    plan: &ValidationPlan,
    table: &FrequencyTable,
    calculator: &Calculator,
    done: &(dyn Fn(usize) -> Result<(), Stopped> + Sync),
) -> Result<Vec<Bin>, ValidationError> {
    let shapes = plan
        .shapes
        .iter()
        .map(|(relations, families)| Shape { relations: relations.clone(), weight: *families as f64 });
    let planned = Plan {
        families: plan.database_families,
        children: plan.database_children,
        seed: plan.seed,
        planted: plan.prior.in_database(),
        shapes: shapes.collect(),
        ..Plan::default()
    };
    let population = Population::generate(&planned, table, calculator.model())?;
    let name = |kind: u8, number: usize| {
        let mut bytes = [kind; 16];
        bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
        Pseudonym::from_bytes(bytes)
    };
    let loci = table.panel().loci().iter().zip(table.loci());
    let mut builder = Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect());
    for (number, child) in population.children.iter().enumerate() {
        builder.push(Child { pseudonym: name(2, number), profile: child.profile.clone(), drop_out: None });
    }
    let binding = Binding { alleles: table.alleles_digest(), stamp: [0; 16], generation: 0 };
    let index = Index::from_bytes(&builder.finish(&binding)?)?;
    let family = |(number, drawn): (usize, &SyntheticFamily)| Family {
        pseudonym: name(1, number),
        relatives: drawn
            .relatives
            .iter()
            .enumerate()
            .map(|(at, one)| Relative {
                sample: name(3, number * 64 + at),
                relation: one.relation,
                profile: one.profile.clone(),
                drop_out: None,
            })
            .collect(),
        pedigree: None,
    };
    let families: Vec<Family> = population.families.iter().enumerate().map(family).collect();
    let criterion = Criterion { min_log10_lr: plan.min_log10_lr, doubts: plan.doubts, ..Criterion::default() };
    let watch = Watch::default();
    let (found, _) = Matcher::new(&index, calculator, criterion).run(&families, &watch)?;
    done(families.len())?;
    let hits = ChanceHits::of_children(&index);
    let weigher = Weigher::new(calculator, &hits, plan.prior, (plan.min_log10_lr, plan.doubts), &[]);
    let mut by_family: BTreeMap<Pseudonym, Vec<Candidate>> = BTreeMap::new();
    for candidate in found.candidates {
        by_family.entry(candidate.family).or_default().push(candidate);
    }
    let mut places = Vec::with_capacity(by_family.len());
    for family in families.iter().filter(|family| by_family.contains_key(&family.pseudonym)) {
        places.push(weigher.place(family, &by_family[&family.pseudonym])?);
    }
    let truth: BTreeSet<(Pseudonym, Pseudonym)> =
        population.truth.iter().map(|link| (name(1, link.family), name(2, link.child))).collect();
    let assigned = assign(&places, MOST_STATES);
    let bin = |ends: &[f64; 2]| {
        let is_last = ends[1] == 1.0;
        let inside = |p: f64| p >= ends[0] && (p < ends[1] || is_last);
        let of: Vec<_> = assigned.pairs.iter().filter(|pair| inside(pair.posterior.middle())).collect();
        let sum: f64 = of.iter().map(|pair| pair.posterior.middle()).sum();
        Bin {
            from: ends[0],
            to: ends[1],
            candidates: of.len() as u64,
            mean_posterior: if of.is_empty() { 0.0 } else { sum / of.len() as f64 },
            true_candidates: of.iter().filter(|pair| truth.contains(&(pair.family, pair.child))).count() as u64,
        }
    };
    Ok(ENDS.array_windows().map(bin).collect())
}
