//! How many unrelated children reach a likelihood ratio by chance, and from which one on they are few enough.
//!
//! Chernoff's bound: for every s > 0, `P(LR >= t | H2) <= E(LR^s | H2) / t^s`. Loci are independent under H2, so the
//! expectation is a product over the loci at which the child is typed. At s = 1 it is 1 and the bound Turing's `1 / t`;
//! the best of several s is much sharper where the relatives exclude much.

use crate::index::{Index, UNLISTED};
use crate::kinship::{Calculator, KinshipError, LocusTable};
use crate::model::genotype_count;

use super::compiled::CompiledFamily;

/// The exponents tried; the last one is 1.
const EXPONENTS: usize = 12;

/// Per exponent, log10 E(LR^s | H2) at a locus.
pub(super) type Moments = [f64; EXPONENTS];

fn exponent(number: usize) -> f64 {
    (number + 1) as f64 / EXPONENTS as f64
}

/// The moments of a table, given the probabilities of its genotypes in an unrelated child.
pub(super) fn moments(table: &LocusTable, unrelated: &[f64]) -> Moments {
    std::array::from_fn(|number| {
        let s = exponent(number);
        let term = |(value, p): (&f64, &f64)| p * libm::pow(10.0, s * value);
        libm::log10(table.values().iter().zip(unrelated).map(term).sum())
    })
}

/// How many children are untyped at how many loci of the panel.
pub(super) struct Completeness(Vec<u64>);

impl Completeness {
    /// Counts the children of an index. Alleles that are not listed count as untyped.
    pub(super) fn of_children(index: &Index) -> Self {
        let codes: Vec<usize> = index.loci().iter().map(|locus| genotype_count(locus.1.len())).collect();
        let mut children = vec![0; codes.len() + 1];
        for child in index.codes().chunks_exact(codes.len()) {
            let untyped = |&(code, untyped): &(&u16, &usize)| usize::from(*code) == *untyped || *code == UNLISTED;
            children[child.iter().zip(&codes).filter(untyped).count()] += 1;
        }
        Self(children)
    }

    /// The least log10 LR from which on at most `most` unrelated children are expected, by the best bound.
    ///
    /// # Errors
    /// [`KinshipError`].
    pub(super) fn threshold(
        &self,
        calculator: &Calculator,
        family: &CompiledFamily,
        most: f64,
        moments_of: impl Fn(usize) -> Result<Moments, KinshipError>,
    ) -> Result<f64, KinshipError> {
        let mut loci: Vec<Moments> = Vec::with_capacity(calculator.panel().len());
        for (locus, compiled) in family.loci.iter().enumerate() {
            loci.push(if compiled.is_some() { moments_of(locus)? } else { [0.0; EXPONENTS] });
        }
        // Linked loci are not independent; but E(LR | H2) is 1 all the same.
        let first = if family.linkage.matters() { EXPONENTS - 1 } else { 0 };
        let bound = |number: usize| {
            let mut at: Vec<f64> = loci.iter().map(|moments| moments[number]).collect();
            if number + 1 == EXPONENTS {
                at.fill(0.0);
            }
            // Wherever a child is untyped, the loci that are left are at most these.
            at.sort_unstable_by(|a, b| b.total_cmp(a));
            let expected = |(untyped, &children): (usize, &u64)| {
                children as f64 * libm::pow(10.0, at[..at.len() - untyped].iter().sum())
            };
            let expected: f64 = self.0.iter().enumerate().map(expected).sum();
            libm::log10(expected / most) / exponent(number)
        };
        Ok((first..EXPONENTS).map(bound).fold(f64::INFINITY, f64::min))
    }
}
