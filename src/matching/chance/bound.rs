//! Bounds how many unrelated children reach a likelihood ratio, by Chernoff's bound.
//!
//! For every s > 0, `P(LR >= t | H2) <= E(LR^s | H2) / t^s`. Loci are independent under H2, so the expectation is a
//! product over the loci at which the child is typed. At s = 1 the expectation is 1 and the bound is Turing's `1 / t`;
//! the best of several s gives a much sharper bound if the relatives exclude much.

use crate::kinship::LocusTable;

/// The exponents tried; the last one is 1.
const EXPONENTS: usize = 12;

/// Per exponent, log10 E(LR^s | H2) at a locus, of a child that shows a listed genotype.
pub(in crate::matching) type Moments = [f64; EXPONENTS];

fn exponent(number: usize) -> f64 {
    (number + 1) as f64 / EXPONENTS as f64
}

/// Computes the moments of a table, given the probabilities of its genotypes in an unrelated child.
pub(in crate::matching) fn moments(table: &LocusTable, unrelated: &[f64]) -> Moments {
    let (mut sums, mut listed) = ([0.0; EXPONENTS], 0.0);
    for (value, p) in table.values().iter().zip(unrelated) {
        listed += p;
        // The exponents are multiples of the first.
        let root = libm::pow(10.0, exponent(0) * value);
        let mut power = *p;
        for sum in &mut sums {
            power *= root;
            *sum += power;
        }
    }
    sums.map(|sum| libm::log10(sum / listed))
}

/// A bound on how many of some children reach a log10 LR.
pub(super) struct Bound {
    /// Per exponent, log10 of the sum of E(LR^s | H2) over the children.
    log10_sums: Moments,
}

impl Bound {
    /// Builds the bound from a family's moments at each locus, and from how many children are untyped at how many loci.
    pub(super) fn new(moments: &[Moments], by_untyped: &[u64], is_linked: bool) -> Self {
        let sum = |number: usize| {
            let mut at: Vec<f64> = moments.iter().map(|moments| moments[number]).collect();
            if is_linked {
                // Linked loci are not independent, so only E(LR | H2) = 1 remains usable.
                at.fill(if number + 1 == EXPONENTS { 0.0 } else { f64::INFINITY });
            }
            // Whichever loci are untyped, the sum over the others is at most that of the largest moments.
            at.sort_unstable_by(|a, b| b.total_cmp(a));
            let of_group = |(untyped, &children): (usize, &u64)| match children {
                0 => 0.0,
                _ => children as f64 * libm::pow(10.0, at[..at.len() - untyped].iter().sum()),
            };
            libm::log10(by_untyped.iter().enumerate().map(of_group).sum())
        };
        Self { log10_sums: std::array::from_fn(sum) }
    }

    /// Returns an upper bound on the expected number of children that reach this log10 LR.
    pub(super) fn expected(&self, log10_lr: f64) -> f64 {
        let bound = |(number, sum): (usize, &f64)| libm::pow(10.0, sum - exponent(number) * log10_lr);
        self.log10_sums.iter().enumerate().map(bound).fold(f64::INFINITY, f64::min)
    }

    /// Returns the least log10 LR that at most `most` children reach, by the best exponent; negative infinity without
    /// children.
    pub(super) fn threshold(&self, most: f64) -> f64 {
        let threshold = |(number, sum): (usize, &f64)| (sum - libm::log10(most)) / exponent(number);
        self.log10_sums.iter().enumerate().map(threshold).fold(f64::INFINITY, f64::min)
    }
}
