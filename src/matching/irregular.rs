//! Scores irregular children, whom the tables do not cover: those with an allele that the frequency table does not
//! list, or with a drop-out probability of their own.
//!
//! Irregular children bypass the screen. Where a table has their value, the value is added; at other loci, a bound is
//! added. Children who may still reach the threshold are computed exactly.
//!
//! A child's own drop-out probability d does not affect the tables of loci at which it shows two alleles: they show
//! with (1 - d)^2 under both hypotheses, for any d, so the LR is the table's up to rounding. At a locus where the child
//! shows one allele, its LR is a weighted mean of those of the genotypes that may lie behind it, so at most the largest
//! of them.

use std::collections::BTreeMap;

use crate::index::{Index, Unlisted};
use crate::kinship::Calculator;
use crate::model::{DropOut, Genotype, genotype_code};
use crate::population::Floor;
use crate::screen::may_reach;

use super::compiled::{CompiledFamily, CompiledLocus, LocusError};
use super::score::Scorer;

/// The irregular children of an index.
pub(super) struct Irregular {
    children: Vec<IrregularChild>,
}

/// A child that is scored without a table at some loci.
pub(super) struct IrregularChild {
    /// Number in the index.
    pub(super) child: usize,
    /// The sample's own drop-out probability.
    pub(super) drop_out: Option<DropOut>,
    /// Loci at which no table has the child's value, in rising order.
    pub(super) positions: Vec<usize>,
    /// Its genotypes at these loci.
    pub(super) genotypes: Vec<Genotype>,
    /// The largest values that it can have at these loci, without the part that depends on the family: see
    /// [`Calculator::bound_by_child`].
    pub(super) bounds: Vec<f64>,
}

impl Irregular {
    /// Finds the irregular children of an index. If the model refuses unlisted alleles, the second list has the
    /// children with one.
    pub(super) fn find(index: &Index, calculator: &Calculator) -> (Self, Vec<usize>) {
        let refuses_unlisted = calculator.model().floor == Floor::Refuse;
        let unlisted = index.unlisted().chunk_by(|a, b| a.child == b.child);
        let mut all: BTreeMap<usize, (&[Unlisted], Option<DropOut>)> =
            unlisted.map(|unlisted| (unlisted[0].child, (unlisted, None))).collect();
        let refused: Vec<usize> = if refuses_unlisted { all.keys().copied().collect() } else { Vec::new() };
        for &(child, drop_out) in index.drop_outs() {
            all.entry(child).or_default().1 = Some(drop_out);
        }
        all.retain(|child, _| refused.binary_search(child).is_err());
        let one = |(child, (unlisted, drop_out)): (usize, (&[Unlisted], Option<DropOut>))| {
            let apart = |locus: &usize| {
                let alone = || drop_out.is_some() && index.genotype(child, *locus).is_some_and(Genotype::is_homozygous);
                unlisted.iter().any(|one| one.locus == *locus) || alone()
            };
            let positions: Vec<usize> = (0..index.loci().len()).filter(apart).collect();
            let genotypes: Vec<Genotype> = positions.iter().filter_map(|&locus| index.genotype(child, locus)).collect();
            let bound = |(&locus, &genotype): (&usize, &_)| calculator.bound_by_child(locus, genotype, drop_out);
            let bounds = positions.iter().zip(&genotypes).map(bound).collect();
            IrregularChild { child, drop_out, positions, genotypes, bounds }
        };
        (Self { children: all.into_iter().map(one).collect() }, refused)
    }

    pub(super) fn children(&self) -> &[IrregularChild] {
        &self.children
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
    ) -> Result<(), LocusError> {
        let loci = family.loci.len();
        for IrregularChild { child, drop_out, positions, genotypes, bounds } in &self.children {
            let codes = &index.codes()[child * loci..(child + 1) * loci];
            let mut bound = scorer.sum_without(codes, positions);
            for ((&position, &genotype), by_child) in positions.iter().zip(genotypes).zip(bounds) {
                if let Some(locus) = &family.loci[position] {
                    bound += most_behind(index, calculator, locus, position, genotype)
                        .unwrap_or_else(|| by_child + locus.bound_by_family(calculator, position));
                }
            }
            if !may_reach(bound, threshold - 1e-6) {
                continue;
            }
            let mut sum = 0.0;
            for (position, &code) in codes.iter().enumerate() {
                sum += match &family.loci[position] {
                    Some(locus) if drop_out.is_some() || positions.contains(&position) => calculator
                        .log10_lr_with(position, &locus.evidence, index.genotype(*child, position), *drop_out)
                        .map_err(|reason| LocusError { locus: position, reason })?,
                    _ => scorer.value_at(position, code),
                };
            }
            if sum >= threshold {
                found(*child, sum + 0.0);
            }
        }
        Ok(())
    }
}

/// Returns the largest log10 LR of a genotype that may lie behind one listed allele shown alone, for any drop-out
/// probability. `None` if the table does not have all of these genotypes: with a silent allele, with an unlisted allele
/// of the relatives, or with drop-out in the model.
fn most_behind(
    index: &Index,
    calculator: &Calculator,
    locus: &CompiledLocus,
    position: usize,
    shown: Genotype,
) -> Option<f64> {
    let model = &calculator.loci()[position];
    let listed = &index.loci()[position].1;
    let allele = listed.binary_search(&shown.low()).ok().filter(|_| shown.is_homozygous())?;
    let whole = calculator.model().drop_out.children == 0.0
        && model.silent().is_none()
        && model.rest().is_none()
        && locus.evidence.alleles().all(|allele| listed.binary_search(&allele).is_ok());
    if !whole {
        return None;
    }
    let values = locus.screened.table.values();
    let value = |other: usize| values[genotype_code(allele.min(other), allele.max(other))];
    // The margin covers the rounding of the logarithms.
    Some((0..listed.len()).map(value).fold(f64::NEG_INFINITY, f64::max) + 1e-9)
}
