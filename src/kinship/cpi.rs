//! Computes the paternity index of Chinese laboratory practice: "CPI, stepwise mutation convention (mu/4p)".
//!
//! It is a second number beside the exact likelihood ratio, computed with the tables that laboratories use in their
//! reports. A consistent locus follows its row. The index of an inconsistent locus is `k mu 10^(1-s) / 4p`, where s is
//! the least whole number of repeat steps between an allele of the parent and the required allele, and k is the number
//! of the parent's alleles at that distance. Siblings and second-degree relatives follow their identity coefficients
//! (k0, k1, k2).
//!
//! Sources of the tables: published calculators and worked examples of laboratories. The texts of the standards (GB/T
//! 37223-2018 among them) were not available, so this module claims no conformity.

use crate::model::{Allele, Genotype, Relation};

/// The least CPI that laboratories report as support for parenthood.
pub const SUPPORTS: f64 = 1e4;

/// The largest CPI that laboratories report as exclusion.
pub const EXCLUDES: f64 = 1e-4;

/// The number of inconsistent loci from which a pair is flagged. Laboratories have no fixed rule.
pub const FLAGGED_LOCI: u32 = 3;

/// Mutation rate of a father, per meiosis and locus.
pub const FATHER_RATE: f64 = 0.002;

/// Mutation rate of a mother, per meiosis and locus.
pub const MOTHER_RATE: f64 = FATHER_RATE / 3.5;

/// The table that applies to a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpiCase {
    /// One questioned parent alone: [`Relation::Father`] or [`Relation::Mother`].
    Duo(Relation),
    /// A child and a couple, both questioned.
    BothParents,
    /// The parent of this relation is certain, the other parent is questioned.
    Trio {
        /// The certain parent.
        certain: Relation,
    },
    /// A full sibling alone.
    FullSibling,
    /// A half-sibling, grandparent, uncle or aunt alone.
    SecondDegree(Relation),
}

/// The error for relatives without a table, so that there is no CPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the convention has tables for one parent, for both, and for one sibling, half-sibling, grandparent, uncle or aunt \
     alone, but not for these relatives together, nor for a parent of unstated sex"
)]
pub struct NoCpi;

/// The index at one locus.
#[derive(Clone, Debug, PartialEq)]
pub struct LocusIndex {
    /// The paternity index, above 0.
    pub index: f64,
    /// The mutations that must have occurred; empty at a consistent locus.
    pub mutations: Vec<NeededMutation>,
}

/// A mutation without which a parent cannot have transmitted the required allele.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeededMutation {
    /// The parent.
    pub parent: Relation,
    /// The least number of whole repeats; `None` if no allele is a whole number of repeats away.
    pub steps: Option<u32>,
}

/// The way in which a parent may transmit a required allele: the probability in the tables, and the mutation if needed.
#[derive(Clone, Copy)]
struct Gift {
    probability: f64,
    mutation: Option<NeededMutation>,
}

impl CpiCase {
    /// Returns the case of a family's typed relatives; `certain` names a parent whose parenthood is certain.
    ///
    /// # Errors
    /// Returns [`NoCpi`] if the convention has no table for these relatives.
    pub fn of_relations(relations: &[Relation], certain: Option<Relation>) -> Result<Self, NoCpi> {
        let mut relations = relations.to_vec();
        relations.sort_unstable();
        match relations.as_slice() {
            [Relation::Father, Relation::Mother] => {
                Ok(certain.map_or(Self::BothParents, |certain| Self::Trio { certain }))
            }
            &[parent @ (Relation::Father | Relation::Mother)] => Ok(Self::Duo(parent)),
            [Relation::FullSibling] => Ok(Self::FullSibling),
            // It is unknown which mutation rate applies.
            [Relation::Member | Relation::Parent] => Err(NoCpi),
            &[one] => Ok(Self::SecondDegree(one)),
            _ => Err(NoCpi),
        }
    }

    /// Computes the index of a child genotype at a locus. `relative` returns the genotype of a relation there,
    /// `frequency` that of an allele, which must be above 0. If one of two questioned parents is untyped, only the
    /// other is used.
    ///
    /// Returns `None` if a required relative is untyped, or if the certain parent cannot be a parent.
    pub fn index(
        self,
        relative: impl Fn(Relation) -> Option<Genotype>,
        child: Genotype,
        frequency: impl Fn(Allele) -> f64,
    ) -> Option<LocusIndex> {
        let (father, mother) = (relative(Relation::Father), relative(Relation::Mother));
        match self {
            Self::Duo(parent) => Some(duo(parent, relative(parent)?, child, &frequency)),
            Self::BothParents => match (father, mother) {
                (Some(father), Some(mother)) => Some(both_parents(father, mother, child, &frequency)),
                (Some(father), None) => Some(duo(Relation::Father, father, child, &frequency)),
                (None, mother) => Some(duo(Relation::Mother, mother?, child, &frequency)),
            },
            Self::Trio { certain } => {
                let (known, questioned, parent) = match certain {
                    Relation::Mother => (mother?, father?, Relation::Father),
                    _ => (father?, mother?, Relation::Mother),
                };
                trio(parent, questioned, known, child, &frequency)
            }
            Self::FullSibling => {
                Some(by_identity([0.25, 0.5, 0.25], relative(Relation::FullSibling)?, child, &frequency))
            }
            Self::SecondDegree(relation) => Some(by_identity([0.5, 0.5, 0.0], relative(relation)?, child, &frequency)),
        }
    }
}

fn rate(parent: Relation) -> f64 {
    if parent == Relation::Mother { MOTHER_RATE } else { FATHER_RATE }
}

/// Returns the probability that the parent transmits the allele without mutation: 1, 1/2 or 0.
fn transmits(parent: Genotype, allele: Allele) -> f64 {
    (f64::from(u8::from(parent.low() == allele)) + f64::from(u8::from(parent.high() == allele))) / 2.0
}

/// Returns the least whole number of steps from an allele of the parent, and the number of its alleles at that
/// distance.
fn nearest(parent: Genotype, allele: Allele) -> Option<(u32, f64)> {
    let steps = |from: Allele| {
        let tenths = u32::from(from.tenths().abs_diff(allele.tenths()));
        tenths.is_multiple_of(10).then_some(tenths / 10)
    };
    let least = [parent.low(), parent.high()].into_iter().filter_map(steps).min()?;
    let count = [parent.low(), parent.high()].into_iter().filter(|&from| steps(from) == Some(least)).count();
    Some((least, count as f64))
}

/// Returns the gift with a mutation: `k mu 10^(1-s) / 4`, or `mu p` if no allele is a whole number of repeats away, so
/// that the index becomes mu.
fn mutates(parent: Relation, genotype: Genotype, allele: Allele, p: f64) -> Gift {
    let (steps, probability) = match nearest(genotype, allele) {
        Some((steps, k)) => (Some(steps), k * rate(parent) * libm::pow(10.0, 1.0 - f64::from(steps)) / 4.0),
        None => (None, rate(parent) * p),
    };
    Gift { probability, mutation: Some(NeededMutation { parent, steps }) }
}

fn gift(parent: Relation, genotype: Genotype, allele: Allele, p: f64) -> Gift {
    match transmits(genotype, allele) {
        0.0 => mutates(parent, genotype, allele, p),
        probability => Gift { probability, mutation: None },
    }
}

/// Returns the cost by which ways are compared: the number of mutations, then the number of steps. A change by no whole
/// number of repeats counts as longer than any other.
fn cost(gifts: &[Gift]) -> (usize, u32) {
    let mutations = || gifts.iter().filter_map(|gift| gift.mutation);
    (mutations().count(), mutations().map(|mutation| mutation.steps.unwrap_or(1000)).sum())
}

/// Sums over the ways of least cost and returns the mutations of the first of them.
fn least_cost<const N: usize>(ways: &[([Gift; N], f64)]) -> LocusIndex {
    let least = ways.iter().map(|way| cost(&way.0)).min().unwrap_or_default();
    let mut index = LocusIndex { index: 0.0, mutations: Vec::new() };
    for (gifts, factor) in ways.iter().filter(|way| cost(&way.0) == least) {
        index.index += factor * gifts.iter().map(|gift| gift.probability).product::<f64>();
        if index.mutations.is_empty() {
            index.mutations = gifts.iter().filter_map(|gift| gift.mutation).collect();
        }
    }
    index
}

/// Computes the index of one parent alone: homozygous child `T(p) / p`, heterozygous child `(T(p) / p + T(q) / q) / 2`.
fn duo(parent: Relation, genotype: Genotype, child: Genotype, frequency: &impl Fn(Allele) -> f64) -> LocusIndex {
    let way = |allele: Allele, share: f64| {
        let p = frequency(allele);
        ([gift(parent, genotype, allele, p)], share / p)
    };
    if child.is_homozygous() {
        return least_cost(&[way(child.low(), 1.0)]);
    }
    let mut index = least_cost(&[way(child.low(), 0.5), way(child.high(), 0.5)]);
    // In the table, the index is then mu, not the mean of mu over the alleles that are out of reach.
    if index.mutations.iter().any(|mutation| mutation.steps.is_none()) {
        index.index = rate(parent);
    }
    index
}

/// Computes the index if one parent is certain, from the allele that the child must have from the other parent. `None`
/// if the certain parent shares no allele with the child.
fn trio(
    parent: Relation,
    questioned: Genotype,
    certain: Genotype,
    child: Genotype,
    frequency: &impl Fn(Allele) -> f64,
) -> Option<LocusIndex> {
    let (low, high) = (child.low(), child.high());
    let gives = |allele: Allele| transmits(certain, allele) > 0.0;
    let required = |allele: Allele| {
        let p = frequency(allele);
        least_cost(&[([gift(parent, questioned, allele, p)], 1.0 / p)])
    };
    match (gives(low), gives(high)) {
        (false, false) => None,
        (true, false) => Some(required(high)),
        (false, true) => Some(required(low)),
        (true, true) if low == high => Some(required(low)),
        // The certain parent has both alleles of the child, so either may be the required one.
        (true, true) => {
            let sum = frequency(low) + frequency(high);
            let way = |allele: Allele| ([gift(parent, questioned, allele, sum / 2.0)], 1.0 / sum);
            Some(least_cost(&[way(low), way(high)]))
        }
    }
}

/// Computes the index of a child and a couple. The tables contain the consistent rows. If a parent lacks a required
/// allele, its probability is `k mu 10^(1-s) / 4` instead of 1 or 1/2, for the ways with the fewest mutations and
/// steps. If one parent is consistent, the result is the trio row times the index of that parent. This is an extension
/// of the convention by Reunite.
fn both_parents(father: Genotype, mother: Genotype, child: Genotype, frequency: &impl Fn(Allele) -> f64) -> LocusIndex {
    let (c, d) = (child.low(), child.high());
    let (p, q) = (frequency(c), frequency(d));
    let way = |from_father: (Allele, f64), from_mother: (Allele, f64), share: f64| {
        let gifts = [
            gift(Relation::Father, father, from_father.0, from_father.1),
            gift(Relation::Mother, mother, from_mother.0, from_mother.1),
        ];
        (gifts, share / (p * q))
    };
    if c == d {
        return least_cost(&[way((c, p), (c, p), 1.0)]);
    }
    least_cost(&[way((c, p), (d, q), 0.5), way((d, q), (c, p), 0.5)])
}

/// Computes `k0 + k1 PI + k2 [same genotype] / P(genotype)`, where PI is that of one parent alone without mutation.
fn by_identity(
    [k0, k1, k2]: [f64; 3],
    relative: Genotype,
    child: Genotype,
    frequency: &impl Fn(Allele) -> f64,
) -> LocusIndex {
    let (p, q) = (frequency(child.low()), frequency(child.high()));
    let parent = (transmits(relative, child.low()) / p + transmits(relative, child.high()) / q) / 2.0;
    let probability = if child.is_homozygous() { p * q } else { 2.0 * p * q };
    let same = if relative == child { 1.0 / probability } else { 0.0 };
    LocusIndex { index: k0 + k1 * parent + k2 * same, mutations: Vec::new() }
}

#[cfg(test)]
#[path = "cpi_tests.rs"]
mod tests;
