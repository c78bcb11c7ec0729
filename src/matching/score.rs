//! Scores children by one sum, in panel order, with a bound that ends a sum early.

use crate::model::GenotypeCode;
use crate::screen::may_reach;

use super::compiled::CompiledFamily;

/// A family's tables, arranged to score children by their genotype codes.
pub struct Scorer<'a> {
    /// Per locus of the panel, the table's values; empty if every child has 0 there.
    tables: Vec<&'a [f64]>,
    /// Loci in the order that rejects unsuitable children soonest.
    order: Vec<Step>,
    best: f64,
    threshold: f64,
}

/// One locus in the order of scoring.
struct Step {
    locus: usize,
    /// The largest sum that all later loci can add.
    rest: f64,
}

/// Number of loci before the first check of the bound, and between two later checks.
const FIRST: usize = 8;
const STRIDE: usize = 4;

/// Number of children that are scored together.
const TOGETHER: usize = 8;

/// Tolerance for rounding if the sum is taken in another order than the panel's.
const SLACK: f64 = 1e-6;

impl<'a> Scorer<'a> {
    /// Creates a scorer of pairs that reach `threshold`, or could reach it with linkage: the threshold is lowered by
    /// the most that linkage can add.
    #[must_use]
    pub fn new(family: &'a CompiledFamily, threshold: f64) -> Self {
        let tables = family.loci.iter().map(|locus| match locus {
            Some(locus) => locus.screened.table.values(),
            None => &[],
        });
        let mut loci: Vec<(usize, f64, f64)> = family
            .informative()
            .map(|(position, locus)| (position, locus.screened.expected, locus.screened.best))
            .collect();
        loci.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let best = loci.iter().map(|locus| locus.2).sum();
        let tables: Vec<&[f64]> = tables.collect();
        let mut rest: f64 = best;
        let step = |&(locus, _, most): &(usize, f64, f64)| {
            rest -= most;
            Step { locus, rest }
        };
        let order = loci.iter().map(step).collect();
        Self { order, tables, best, threshold: threshold - family.linkage.slack }
    }

    /// Returns the largest log10 LR that a child typed at listed alleles only can have, up to rounding.
    #[must_use]
    pub fn best(&self) -> f64 {
        self.best
    }

    /// Returns the log10 LR of a child, if it reaches the threshold.
    ///
    /// # Panics
    /// If a code is not in its locus's table.
    #[must_use]
    pub fn score(&self, codes: &[GenotypeCode]) -> Option<f64> {
        if !self.may_reach(0.0, &self.order, codes) {
            return None;
        }
        Some(self.sum(codes)).filter(|&log10_lr| log10_lr >= self.threshold)
    }

    /// Scores children by their genotype codes, listed one child after the other. Calls `found` with the place and the
    /// log10 LR of each child that reaches the threshold.
    ///
    /// # Panics
    /// If a code is not in its locus's table.
    pub(super) fn score_all(&self, codes: &[GenotypeCode], mut found: impl FnMut(usize, f64)) {
        let loci = self.tables.len();
        let (first, later) = self.order.split_at(self.order.len().min(FIRST));
        let rest = first.last().map_or(self.best, |step| step.rest);
        for (group, codes) in codes.chunks(TOGETHER * loci).enumerate() {
            // The loop scores several children at a time without a branch, so their sums do not wait for one another.
            let mut sums = [0.0; TOGETHER];
            for step in first {
                let table = self.tables[step.locus];
                for (sum, codes) in sums.iter_mut().zip(codes.chunks_exact(loci)) {
                    *sum += table[usize::from(codes[step.locus])];
                }
            }
            for (place, (sum, codes)) in sums.into_iter().zip(codes.chunks_exact(loci)).enumerate() {
                if may_reach(sum + rest, self.threshold - SLACK) && self.may_reach(sum, later, codes) {
                    let log10_lr = self.sum(codes);
                    if log10_lr >= self.threshold {
                        found(group * TOGETHER + place, log10_lr);
                    }
                }
            }
        }
    }

    /// Reports whether a sum over some loci and these later ones may reach the threshold.
    fn may_reach(&self, mut sum: f64, later: &[Step], codes: &[GenotypeCode]) -> bool {
        // A check after every locus costs more than it saves.
        later.chunks(STRIDE).all(|part| {
            let mut rest = 0.0;
            for step in part {
                sum += self.tables[step.locus][usize::from(codes[step.locus])];
                rest = step.rest;
            }
            may_reach(sum + rest, self.threshold - SLACK)
        })
    }

    /// Computes the log10 LR itself: the sum over the loci in panel order.
    fn sum(&self, codes: &[GenotypeCode]) -> f64 {
        let at = |(table, &code): (&&[f64], &GenotypeCode)| table.get(usize::from(code)).copied();
        // A locus without a typed relative has no table and adds nothing.
        self.tables.iter().zip(codes).filter_map(at).sum::<f64>() + 0.0
    }

    /// Adds up the values of all loci but those in `except`, which must be in rising order.
    #[must_use]
    pub(super) fn sum_without(&self, codes: &[GenotypeCode], except: &[usize]) -> f64 {
        let ordinary = self.order.iter().filter(|step| except.binary_search(&step.locus).is_err());
        ordinary.map(|step| self.tables[step.locus][usize::from(codes[step.locus])]).sum()
    }

    /// Returns the table value of a locus, 0 if there is no table.
    pub(super) fn value_at(&self, locus: usize, code: GenotypeCode) -> f64 {
        self.tables[locus].get(usize::from(code)).copied().unwrap_or(0.0)
    }
}
