//! Children with an allele that the frequency table does not list.
//!
//! No table has their genotype at that locus, so they bypass the screen: their listed loci are added up, a bound is
//! put in for the others, and who may still reach the threshold is computed exactly.

use crate::index::{Index, Unlisted};
use crate::kinship::{Calculator, KinshipError};

use super::compile::CompiledFamily;
use super::score::Scorer;

/// The irregular children of an index, each with its unlisted genotypes.
pub(super) struct Irregular {
    children: Vec<(usize, Vec<Unlisted>, Vec<usize>)>,
}

impl Irregular {
    /// Without irregular children.
    pub(super) fn none() -> Self {
        Self { children: Vec::new() }
    }

    /// Their numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        self.children.iter().map(|child| child.0)
    }

    pub(super) fn of(index: &Index) -> Self {
        let children = index
            .unlisted()
            .chunk_by(|a, b| a.child == b.child)
            .map(|unlisted| (unlisted[0].child, unlisted.to_vec(), unlisted.iter().map(|u| u.locus).collect()));
        Self { children: children.collect() }
    }

    /// Calls `found` with the child and its log10 LR for every irregular child that reaches the threshold.
    pub(super) fn score(
        &self,
        index: &Index,
        calculator: &Calculator,
        family: &CompiledFamily,
        scorer: &Scorer<'_>,
        threshold: f64,
        mut found: impl FnMut(usize, f64),
    ) -> Result<(), (usize, KinshipError)> {
        let loci = family.loci.len();
        for (child, unlisted, positions) in &self.children {
            let codes = &index.codes()[child * loci..(child + 1) * loci];
            let mut bound = scorer.without(codes, positions);
            for one in unlisted {
                if let Some(locus) = &family.loci[one.locus] {
                    bound += calculator.log10_lr_bound(one.locus, &locus.structure, &locus.evidence, one.genotype);
                }
            }
            if bound < threshold - 1e-6 {
                continue;
            }
            let mut sum = 0.0;
            for (position, &code) in codes.iter().enumerate() {
                sum += match (unlisted.iter().find(|one| one.locus == position), &family.loci[position]) {
                    (Some(one), Some(locus)) => calculator
                        .log10_lr(position, &locus.evidence, Some(one.genotype))
                        .map_err(|error| (position, error))?,
                    _ => scorer.at(position, code),
                };
            }
            if sum >= threshold {
                found(*child, sum + 0.0);
            }
        }
        Ok(())
    }
}
