//! The paternity index of Chinese laboratory practice: "CPI, stepwise mutation convention (mu/4p)".
//!
//! A second number beside the exact likelihood ratio, computed by the tables that laboratories put on their reports: a
//! consistent locus by its row, an inconsistent one by `k mu 10^(1-s) / 4p`, where s is the least whole number of repeat
//! steps between an allele of the parent and the one required, and k how many of the parent's alleles are at that
//! distance. Source of the tables: published calculators and worked examples of laboratories; the texts of the
//! standards (GB/T 37223-2018 among them) were not at hand, so no conformity is claimed. Siblings and relatives of the
//! second degree by their identity coefficients (k0, k1, k2).

use crate::model::{Allele, Genotype, Relation};

/// From this CPI on, laboratories speak of support for parenthood.
pub const SUPPORTS: f64 = 1e4;

/// Up to this CPI, laboratories speak of exclusion.
pub const EXCLUDES: f64 = 1e-4;

/// So many inconsistent loci are a flag; not a rule.
pub const FLAGGED_LOCI: u32 = 3;

/// Mutation rate of a father, per meiosis and locus.
pub const FATHER_RATE: f64 = 0.002;

/// Mutation rate of a mother.
pub const MOTHER_RATE: f64 = FATHER_RATE / 3.5;

/// Which of the tables a family falls under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpiCase {
    /// One parent alone, questioned: [`Relation::Father`] or [`Relation::Mother`].
    Duo(Relation),
    /// A child against a couple.
    BothParents,
    /// The parent of this relation is certain, the other one questioned.
    Trio {
        /// The certain parent.
        certain: Relation,
    },
    /// A full sibling alone.
    FullSibling,
    /// A half-sibling, grandparent, uncle or aunt alone.
    SecondDegree(Relation),
}

/// Why there is no CPI.
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
    /// What must have mutated; empty at a consistent locus.
    pub mutations: Vec<NeededMutation>,
}

/// A mutation without which a parent cannot have handed on what is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeededMutation {
    /// The parent.
    pub parent: Relation,
    /// The least number of whole repeats; `None` if no allele is a whole number of repeats away.
    pub steps: Option<u32>,
}

/// How a parent may hand on a required allele: probability in the sense of the tables, and mutation if needed.
#[derive(Clone, Copy)]
struct Gift {
    probability: f64,
    mutation: Option<NeededMutation>,
}

impl CpiCase {
    /// The case of a family's typed relatives; `certain` names a parent who is known for certain.
    ///
    /// # Errors
    /// [`NoCpi`].
    pub fn of_relations(relations: &[Relation], certain: Option<Relation>) -> Result<Self, NoCpi> {
        let mut relations = relations.to_vec();
        relations.sort_unstable();
        match relations.as_slice() {
            [Relation::Father, Relation::Mother] => {
                Ok(certain.map_or(Self::BothParents, |certain| Self::Trio { certain }))
            }
            &[parent @ (Relation::Father | Relation::Mother)] => Ok(Self::Duo(parent)),
            [Relation::FullSibling] => Ok(Self::FullSibling),
            // Whose mutation rate holds is not known.
            [Relation::Member | Relation::Parent] => Err(NoCpi),
            &[one] => Ok(Self::SecondDegree(one)),
            _ => Err(NoCpi),
        }
    }

    /// The index of a child genotype at a locus. `relative` gives the genotype of a relation there, `frequency` that of
    /// an allele, above 0. Where one of two questioned parents is untyped, the other is taken alone.
    ///
    /// `None` where a needed relative is untyped, or the certain parent cannot be one.
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

/// Probability that the parent transmits the allele without mutation: 1, 1/2 or 0.
fn transmits(parent: Genotype, allele: Allele) -> f64 {
    (f64::from(u8::from(parent.low() == allele)) + f64::from(u8::from(parent.high() == allele))) / 2.0
}

/// The least whole number of steps from one of the parent's alleles, and how many of them are at that distance.
fn nearest(parent: Genotype, allele: Allele) -> Option<(u32, f64)> {
    let steps = |from: Allele| {
        let tenths = u32::from(from.tenths().abs_diff(allele.tenths()));
        tenths.is_multiple_of(10).then_some(tenths / 10)
    };
    let least = [parent.low(), parent.high()].into_iter().filter_map(steps).min()?;
    let count = [parent.low(), parent.high()].into_iter().filter(|&from| steps(from) == Some(least)).count();
    Some((least, count as f64))
}

/// `k mu 10^(1-s) / 4`; with an allele that is no whole number of repeats away, what makes the index mu: `mu p`.
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

/// What sets ways apart: how many mutations they need, then how many steps. A change that is no whole number of repeats
/// counts as longer than any other.
fn cost(gifts: &[Gift]) -> (usize, u32) {
    let mutations = || gifts.iter().filter_map(|gift| gift.mutation);
    (mutations().count(), mutations().map(|mutation| mutation.steps.unwrap_or(1000)).sum())
}

/// The sum over those ways that cost least, and the mutations of the first of them.
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

/// One parent alone: homozygous child `T(p) / p`, heterozygous `(T(p) / p + T(q) / q) / 2`.
fn duo(parent: Relation, genotype: Genotype, child: Genotype, frequency: &impl Fn(Allele) -> f64) -> LocusIndex {
    let way = |allele: Allele, share: f64| {
        let p = frequency(allele);
        ([gift(parent, genotype, allele, p)], share / p)
    };
    if child.is_homozygous() {
        return least_cost(&[way(child.low(), 1.0)]);
    }
    let mut index = least_cost(&[way(child.low(), 0.5), way(child.high(), 0.5)]);
    // By the table the index is mu then, not the mean of mu for each allele that is out of reach.
    if index.mutations.iter().any(|mutation| mutation.steps.is_none()) {
        index.index = rate(parent);
    }
    index
}

/// One parent certain: what the child must have from the other. `None` if the certain parent shares nothing.
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
        // The certain parent has both alleles of the child, so either may be required.
        (true, true) => {
            let sum = frequency(low) + frequency(high);
            let way = |allele: Allele| ([gift(parent, questioned, allele, sum / 2.0)], 1.0 / sum);
            Some(least_cost(&[way(low), way(high)]))
        }
    }
}

/// A child against a couple. The tables have the consistent rows; where a parent lacks what is required, it hands it on
/// with `k mu 10^(1-s) / 4` in place of 1 or 1/2, by the ways with the fewest mutations and steps. With one parent
/// consistent this is the trio row times the index of that parent; it is our extension of the convention.
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

/// `k0 + k1 PI + k2 [same genotype] / P(genotype)`, PI being that of a parent alone without mutation.
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
