//! Scoring: one sum, in panel order, and a bound that ends it early.

use crate::index::BLOCK;
use crate::model::GenotypeCode;

use super::compile::CompiledFamily;

/// A family's tables, arranged for scoring children by their genotype codes.
pub struct Scorer<'a> {
    /// Per locus of the panel, the table's values; empty where no relative is typed.
    tables: Vec<&'a [f64]>,
    /// Loci in the order in which a bad child is recognised soonest.
    order: Vec<Step>,
    /// The tables of those loci, one after the other.
    values: Vec<f64>,
    /// The same, rounded.
    rough: Vec<f32>,
    best: f64,
    threshold: f64,
}

/// Room for rounding in `f32`: 64 sums below 10^3 are off by less than 0.005.
const ROUGH_SLACK: f32 = 0.02;

/// One locus on the way.
struct Step {
    locus: usize,
    /// Where its table begins.
    table: usize,
    /// The most that all later loci can add.
    rest: f64,
}

/// Loci between two looks at the bound.
const STRIDE: usize = 4;

/// Room for rounding when the sum is taken in another order than the panel's.
const SLACK: f64 = 1e-6;

impl<'a> Scorer<'a> {
    /// A scorer of pairs that reach `threshold`, or would with linkage: it is lowered by what that can add.
    #[must_use]
    pub fn new(family: &'a CompiledFamily, threshold: f64) -> Self {
        let tables = family.loci.iter().map(|locus| match locus {
            Some(locus) => locus.screened.table.values(),
            None => &[],
        });
        let excludes = |locus: &super::compile::CompiledLocus| {
            locus.screened.screens.iter().flatten().map(|screen| screen.misses).fold(0.0, f64::max)
        };
        let mut loci: Vec<(usize, f64, f64)> =
            family.informative().map(|(i, locus)| (i, excludes(locus), locus.screened.best)).collect();
        loci.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let best = loci.iter().map(|locus| locus.2).sum();
        let tables: Vec<&[f64]> = tables.collect();
        let mut rest: f64 = best;
        let (mut order, mut values) = (Vec::with_capacity(loci.len()), Vec::new());
        for &(locus, _, most) in &loci {
            rest -= most;
            order.push(Step { locus, table: values.len(), rest });
            values.extend_from_slice(tables[locus]);
        }
        let rough = values.iter().map(|&value| value as f32).collect();
        Self { order, values, rough, tables, best, threshold: threshold - family.linkage.slack }
    }

    /// The largest log10 LR that any child typed at listed alleles only can have, up to rounding.
    #[must_use]
    pub fn best(&self) -> f64 {
        self.best
    }

    /// log10 LR of a child, if it reaches the threshold.
    ///
    /// # Panics
    /// If a code is none of its locus' table.
    #[must_use]
    pub fn score(&self, codes: &[GenotypeCode]) -> Option<f64> {
        let mut sum = 0.0;
        // Looking after every locus costs more than it saves.
        for part in self.order.chunks(STRIDE) {
            let mut rest = 0.0;
            for step in part {
                sum += self.values[step.table + usize::from(codes[step.locus])];
                rest = step.rest;
            }
            if sum + rest < self.threshold - SLACK {
                return None;
            }
        }
        Some(self.sum(codes)).filter(|&log10_lr| log10_lr >= self.threshold)
    }

    /// Scores a whole block, codes arranged locus by locus; calls `found` with the children whose rough sum comes near
    /// the threshold, in `f32` and locus after locus for all of them. Every child that reaches it is among them.
    ///
    /// # Panics
    /// If a code is none of its locus' table, or `codes` is shorter than loci times [`BLOCK`].
    pub(super) fn near(&self, codes: &[GenotypeCode], mut found: impl FnMut(usize)) {
        let mut sums = [0.0_f32; BLOCK];
        for step in &self.order {
            let table = &self.rough[step.table..][..self.tables[step.locus].len()];
            let codes = &codes[step.locus * BLOCK..][..BLOCK];
            for (sum, &code) in sums.iter_mut().zip(codes) {
                *sum += table[usize::from(code)];
            }
        }
        let least = self.threshold as f32 - ROUGH_SLACK;
        sums.iter().enumerate().filter(|(_, sum)| **sum >= least).for_each(|(child, _)| found(child));
    }

    /// The log10 LR itself: loci added up in panel order.
    fn sum(&self, codes: &[GenotypeCode]) -> f64 {
        let at = |(table, &code): (&&[f64], &GenotypeCode)| table.get(usize::from(code)).copied();
        // A locus without a typed relative has no table and adds nothing.
        self.tables.iter().zip(codes).filter_map(at).sum::<f64>() + 0.0
    }

    /// The part of the sum over all loci but those in `except`, which is rising.
    #[must_use]
    pub(super) fn without(&self, codes: &[GenotypeCode], except: &[usize]) -> f64 {
        let ordinary = self.order.iter().filter(|step| except.binary_search(&step.locus).is_err());
        ordinary.map(|step| self.tables[step.locus][usize::from(codes[step.locus])]).sum()
    }

    /// The table value of a locus, 0 where no relative is typed.
    pub(super) fn at(&self, locus: usize, code: GenotypeCode) -> f64 {
        self.tables[locus].get(usize::from(code)).copied().unwrap_or(0.0)
    }
}
