//! Computes what each genotype of a child costs a family: the screen for families whose relatives exclude too little to
//! count.
//!
//! At a locus, a child lacks `best - log10 LR` of the most that any child can have there. The amount that it may lack
//! at all loci together is the family's room: the sum of the bests less the threshold. The unit is chosen so that
//! [`LIMIT`] units make the room, and amounts are rounded down. The sum of what a child lacks is then at most [`LIMIT`]
//! if the child reaches the threshold. If the room is small, the unit does not shrink with it, and the sum starts above
//! 0 instead.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::bound::SLACK;
use super::classes::{CLASSES, Classes};
use super::locus::ScreenedLocus;
use crate::model::GenotypeCode;

/// The most units that a child may lack. Sums stop at 255.
pub(super) const LIMIT: u8 = 250;

/// The smallest room, in log10, for which the unit is chosen: one weight can then express that a locus lacks this much.
const LEAST_ROOM: f64 = 1.0;

/// The weights of a family's loci.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Positions in the panel; loci where unrelated children lack most come first.
    loci: Vec<usize>,
    /// The weights at each locus; they are stored separately, because the speed of the kernel is that of reading them.
    tables: Vec<Table>,
    measure: Measure,
}

/// Unit and start of a family's weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// The most that a child may lack, in log10; below 0 if no child reaches the threshold.
    pub room: f64,
    /// Units per log10.
    pub units: f64,
    /// Start of the sums; above [`LIMIT`] if no child reaches the threshold.
    pub start: u8,
}

/// A weight per class of genotypes; its size is that of a cache line.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(64))]
pub struct Table(pub(super) [u8; CLASSES]);

impl Default for Table {
    /// Returns the table of a locus that excludes nobody.
    fn default() -> Self {
        Self([0; CLASSES])
    }
}

/// Weights in the kernel's form.
#[derive(Clone, Copy, Debug)]
pub struct Weighing<'a> {
    /// Positions of loci in the panel.
    pub loci: &'a [usize],
    /// The weights at each locus.
    pub tables: &'a [Table],
    /// Start of the sums.
    pub start: u8,
}

impl Measure {
    fn new(room: f64) -> Self {
        let units = f64::from(LIMIT) / room.max(LEAST_ROOM);
        // The cast stops at 0 and 255, and a value in between stays an upper bound: the plan's tolerance covers the
        // rounding.
        Self { room, units, start: (f64::from(LIMIT) - (room * units).floor()) as u8 }
    }
}

impl Weights {
    /// Computes the weights for a threshold. `loci` holds, per locus of the panel, the compiled locus if it is
    /// informative.
    #[must_use]
    pub fn new(loci: &[Option<&ScreenedLocus>], threshold: f64) -> Self {
        let best: f64 = loci.iter().flatten().map(|locus| locus.best).sum();
        let measure = Measure::new(best - (threshold - SLACK));
        // Loci where unrelated children lack most come first, so that a first part of them excludes most.
        let mut order: Vec<(f64, usize, &ScreenedLocus)> = Vec::with_capacity(loci.len());
        let informative = loci.iter().enumerate().filter_map(|(position, locus)| Some((position, (*locus)?)));
        order.extend(informative.map(|(position, locus)| (locus.best - locus.expected, position, locus)));
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        // A weight is that of the best genotype of its class. The cast rounds down, and more than 255 becomes 255. The
        // tolerance covers the earlier rounding.
        let mut tables = vec![Table::default(); order.len()];
        for (table, (.., locus)) in tables.iter_mut().zip(&order) {
            for (weight, lacking) in table.0.iter_mut().zip(&locus.lacking) {
                *weight = (f64::from(*lacking) * measure.units) as u8;
            }
        }
        Self { loci: order.iter().map(|one| one.1).collect(), tables, measure }
    }

    /// Computes weights from what a child lacks at each locus, by class, more or less than 0; a child passes if the sum
    /// is at most 0.
    pub(super) fn of_lacking(loci: &[[f64; CLASSES]]) -> Self {
        let least: Vec<f64> =
            loci.iter().map(|lacking| lacking.iter().copied().fold(f64::INFINITY, f64::min)).collect();
        let measure = Measure::new(-least.iter().sum::<f64>());
        let mut tables = vec![Table::default(); loci.len()];
        for ((table, lacking), least) in tables.iter_mut().zip(loci).zip(&least) {
            for (weight, lacking) in table.0.iter_mut().zip(lacking) {
                *weight = ((lacking - least) * measure.units) as u8;
            }
        }
        Self { loci: (0..loci.len()).collect(), tables, measure }
    }

    /// Returns unit and start of the weights.
    #[must_use]
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// Returns the weights in the kernel's form.
    #[must_use]
    pub fn weighing(&self) -> Weighing<'_> {
        Weighing { loci: &self.loci, tables: &self.tables, start: self.measure.start }
    }

    #[cfg(test)]
    pub(super) fn of_parts(parts: impl IntoIterator<Item = (usize, Table)>, start: u8) -> Self {
        let (loci, tables) = parts.into_iter().unzip();
        Self { loci, tables, measure: Measure { room: 0.0, units: 1.0, start } }
    }
}

impl<'a> Weighing<'a> {
    /// Returns the positions of the loci and their weights.
    pub fn loci(&self) -> impl Iterator<Item = (usize, &'a Table)> {
        self.loci.iter().copied().zip(self.tables)
    }

    /// Adds up the weights of one child, given its genotype codes at all loci of the panel, over all loci but those in
    /// `except`, which must be in rising order; without the start.
    ///
    /// # Panics
    /// If codes, other than at those loci, are not the panel's.
    #[must_use]
    pub fn sum_without(&self, classes: &Classes, codes: &[GenotypeCode], except: &[usize]) -> u32 {
        let others = self.loci().filter(|(locus, _)| except.binary_search(locus).is_err());
        let weight = |(locus, table): (usize, &Table)| {
            let class = classes.loci()[locus].of_code[usize::from(codes[locus])];
            u32::from(table.0[usize::from(class)])
        };
        others.map(weight).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::index::{BLOCK, Row, UNLISTED};
    use crate::kinship::LocusTable;
    use crate::model::genotype_count;
    use crate::screen::classes::{LocusClasses, Packed};
    use crate::screen::instructions::Instructions;
    use crate::screen::lanes::Lanes;
    use crate::screen::weigh::weigh_block;

    /// Generates a locus of 1 to 20 alleles, some of them rare, with log10 LRs that may be impossible.
    fn locus() -> impl Strategy<Value = (Vec<f64>, LocusTable)> {
        (1..20_usize).prop_flat_map(|alleles| {
            let value = prop_oneof![8 => -5.0..3.0, 1 => Just(f64::NEG_INFINITY), 1 => 3.0..9.0];
            let values = prop::collection::vec(value, genotype_count(alleles));
            let frequencies = prop::collection::vec(0.001..1.0, alleles);
            (frequencies, values.prop_map(LocusTable::of_values))
        })
    }

    proptest! {
        /// Every child that reaches the threshold passes, and a child that passes is no further below it than rounding
        /// and shared classes explain.
        #[test]
        fn who_reaches_the_threshold_passes(
            loci in prop::collection::vec(locus(), 1..8),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 8 * BLOCK),
            share in 0.0..1.2,
        ) {
            let classes = Classes::new(loci.iter().map(|(p, _)| p.as_slice()));
            let prepare = |((p, table), classes): (&(Vec<f64>, LocusTable), &LocusClasses)| {
                ScreenedLocus::new(table.clone(), p, classes, false)
            };
            let screened: Vec<ScreenedLocus> = loci.iter().zip(classes.loci()).map(prepare).collect();
            let best: f64 = screened.iter().map(|locus| locus.best).sum();
            let threshold = best - share * 4.0 * loci.len() as f64;
            let some: Vec<Option<&ScreenedLocus>> = screened.iter().map(Some).collect();
            let weights = Weights::new(&some, threshold);
            // Every eighth genotype is not listed, and some are untyped.
            let codes: Vec<u16> = (0..BLOCK * loci.len())
                .map(|i| match i % 8 {
                    0 => UNLISTED,
                    _ => picks[i % picks.len()].index(loci[i % loci.len()].1.values().len()) as u16,
                })
                .collect();
            let mut children = vec![Packed::default(); BLOCK * classes.packs()];
            classes.arrange_codes(&codes, &mut children);
            let mut lanes = Lanes::of_block(classes.packs());
            lanes.turn(Instructions::Portable, &children);
            let mut passed = [Row::default()];
            weigh_block(Instructions::Portable, &lanes, &[weights.weighing()], &mut passed);
            let exact = loci.iter().all(|(p, _)| p.len() <= 10);
            for (child, codes) in codes.chunks_exact(loci.len()).enumerate() {
                let value = |(&code, (_, table)): (&u16, &(Vec<f64>, LocusTable))| {
                    if code == UNLISTED { 0.0 } else { table.values()[usize::from(code)] }
                };
                let log10_lr: f64 = codes.iter().zip(&loci).map(value).sum();
                let passes = passed[0][child / 64] >> (child % 64) & 1 == 1;
                prop_assert!(passes || log10_lr < threshold, "{} {}", log10_lr, threshold);
                let rounding = (loci.len() as f64 + 2.0) / weights.measure().units;
                prop_assert!(!exact || !passes || log10_lr >= threshold - rounding, "{} {}", log10_lr, threshold);
            }
        }
    }
}
