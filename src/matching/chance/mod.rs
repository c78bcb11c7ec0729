//! Computes how many unrelated children reach a likelihood ratio by chance, and from which ratio on they are few
//! enough.
//!
//! Under H2 a child's log10 LR is a sum of independent numbers, one for each locus at which it is typed. The expected
//! number of children at or above a value follows from their distributions at each locus, convolved for each set of
//! loci at which children are typed ([`TypedSets`], [`Transform`]). In two cases a bound ([`Moments`]) replaces the
//! convolution: for linked loci, which are not independent, and for children with a rare set of loci.

mod bound;
mod transform;
mod typed_sets;

use std::collections::HashMap;

use rayon::prelude::*;

use crate::index::{Index, UNLISTED};
use crate::kinship::KinshipError;
use crate::model::{GenotypeCode, genotype_count};

use super::compile::Compiler;
use super::compiled::CompiledFamily;
use super::shared_loci::{LocusSet, locus_set};

use bound::Bound;
use transform::Expected;
use typed_sets::TypedSets;

pub(super) use bound::{Moments, moments};
pub(super) use transform::Transform;

/// The most sets of typed loci that are convolved. Laboratories with a handful of kits and a locus or two lost in some
/// profiles have fewer.
const MOST_SETS: usize = 4096;

/// The most by which the bound is assumed to exceed the exact threshold, in log10 LR.
const MOST_GAIN: f64 = 10.0;

/// The children of an index, grouped by the loci at which they are typed.
pub(super) struct ChanceHits {
    sets: TypedSets,
    /// Number of all children by their number of untyped loci.
    by_untyped: Vec<u64>,
    /// The same for children whose set is not among the convolved ones.
    rest_by_untyped: Vec<u64>,
}

impl ChanceHits {
    /// Counts the children of an index. Alleles that are not listed count as untyped.
    pub(super) fn of_children(index: &Index) -> Self {
        let untyped: Vec<usize> = index.loci().iter().map(|locus| genotype_count(locus.1.len())).collect();
        let set = |codes: &[GenotypeCode]| {
            locus_set(codes.iter().zip(&untyped).map(|(&code, &none)| usize::from(code) != none && code != UNLISTED))
        };
        let count = |mut counts: HashMap<LocusSet, u64>, codes: &[GenotypeCode]| {
            *counts.entry(set(codes)).or_insert(0) += 1;
            counts
        };
        let add = |mut all: HashMap<LocusSet, u64>, part: HashMap<LocusSet, u64>| {
            part.into_iter().for_each(|(set, count)| *all.entry(set).or_insert(0) += count);
            all
        };
        let children = index.codes().par_chunks_exact(untyped.len());
        let counts = children.fold(HashMap::new, count).reduce(HashMap::new, add);
        Self::of_sets(counts.into_iter().collect(), untyped.len(), MOST_SETS)
    }

    /// Builds the counts from how many children are typed at which of `loci` loci; the `most` frequent sets are
    /// convolved.
    fn of_sets(mut sets: Vec<(LocusSet, u64)>, loci: usize, most: usize) -> Self {
        sets.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let rest = sets.split_off(sets.len().min(most));
        let by_untyped = |sets: &mut dyn Iterator<Item = &(LocusSet, u64)>| {
            let mut counts = vec![0; loci + 1];
            sets.for_each(|&(set, count)| counts[loci - set.count_ones() as usize] += count);
            counts
        };
        Self {
            by_untyped: by_untyped(&mut sets.iter().chain(&rest)),
            rest_by_untyped: by_untyped(&mut rest.iter()),
            sets: TypedSets::new(&sets, loci),
        }
    }

    /// Computes the least log10 LR, if it is above `least`, from which on at most `most` unrelated children are
    /// expected; otherwise `least` or less.
    ///
    /// # Errors
    /// [`KinshipError`].
    pub(super) fn threshold(
        &self,
        compiler: &Compiler<'_>,
        family: &CompiledFamily,
        most: f64,
        least: f64,
    ) -> Result<f64, KinshipError> {
        let loci = 0..family.loci.len();
        let moments = loci.clone().map(|locus| compiler.moments(family, locus)).collect::<Result<Vec<_>, _>>()?;
        let is_linked = family.linkage.matters();
        let bound = Bound::new(&moments, &self.by_untyped, is_linked).threshold(most);
        if bound <= least || is_linked {
            return Ok(bound);
        }
        let transforms = loci.map(|locus| compiler.transform(family, locus)).collect::<Result<Vec<_>, _>>()?;
        let expected = Expected::new(&self.sets, &transforms, most, bound);
        let rest = Bound::new(&moments, &self.rest_by_untyped, false);
        let is_few = |t: f64| expected.at(t) + rest.expected(t) <= most;
        Ok(transform::least_step(f64::max(least, bound - MOST_GAIN), bound, is_few))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinship::{Calculator, Grid, Hypothesis, LocusOutcomes, LrDistribution};
    use crate::model::{Family, Profile, Pseudonym, Relation, Relative};
    use crate::population::{FrequencyTable, Model};

    /// Builds a calculator with twelve loci of ten alleles each.
    fn calculator() -> Calculator {
        let names: Vec<String> = (1..=12).map(|locus| format!("D{locus}S{locus}")).collect();
        let alleles = |locus: usize| -> Vec<(u16, f64)> {
            (0..10u16)
                .map(|i| (100 + 10 * i, (1.0 + f64::from(i) + locus as f64 / 7.0) / (55.0 + locus as f64 / 0.7)))
                .collect()
        };
        let alleles: Vec<Vec<(u16, f64)>> = (0..12).map(alleles).collect();
        let table: Vec<(&str, &[(u16, f64)])> =
            names.iter().map(String::as_str).zip(alleles.iter().map(Vec::as_slice)).collect();
        Calculator::new(&FrequencyTable::from_counts(&table).unwrap(), Model::default()).unwrap()
    }

    /// Builds a family of these relatives, whose alleles follow from `seed`.
    fn family(relations: &[Relation], seed: usize) -> Family {
        let genotype = |relative: usize, locus: usize| {
            let allele = |i: usize| 10 + (seed * 7 + relative * 3 + locus * 5 + i * (locus + seed + 1)) % 10;
            // Leaves some relatives untyped at some loci.
            (!(seed + locus + relative).is_multiple_of(9))
                .then(|| format!("{}/{}", allele(0), allele(1)).parse().unwrap())
        };
        let relative = |(number, &relation): (usize, &Relation)| Relative {
            sample: Pseudonym::from_bytes([number as u8; 16]),
            relation,
            profile: Profile::new((0..12).map(|locus| genotype(number, locus)).collect()),
            drop_out: None,
        };
        let relatives = relations.iter().enumerate().map(relative).collect();
        Family { pseudonym: Pseudonym::from_bytes([0xf0; 16]), relatives, pedigree: None }
    }

    /// Computes how many children are expected at or above `t`, by convolving each set of loci separately.
    fn expected(calculator: &Calculator, family: &Family, sets: &[(LocusSet, u64)], t: f64) -> f64 {
        let compiled = Compiler::new(calculator, false).family(family).unwrap();
        let outcomes: Vec<Option<LocusOutcomes>> = (0..12)
            .map(|locus| {
                let compiled = compiled.loci[locus].as_ref()?;
                let unrelated = calculator.unrelated(locus, &compiled.evidence).unwrap();
                Some(LocusOutcomes::new(&compiled.screened.table, &unrelated).given_listed())
            })
            .collect();
        let of_set = |&(set, count): &(LocusSet, u64)| {
            let typed = (0..12).filter(|locus| set >> locus & 1 == 1).filter_map(|locus| outcomes[locus].as_ref());
            let grid = Grid { step: 1e-3, from: t };
            count as f64 * LrDistribution::new(typed, Hypothesis::H2, grid).tail(t).middle()
        };
        sets.iter().map(of_set).sum()
    }

    /// Tolerance: values differ by up to a step at each locus, and the threshold lies on the grid.
    const NEAR: f64 = 0.1;

    #[test]
    fn from_the_threshold_on_as_many_are_expected_as_asked() {
        use Relation::{Father, FullSibling, Mother, PaternalAunt};
        let calculator = calculator();
        let all: LocusSet = (1 << 12) - 1;
        let sets =
            vec![(all, 200_000), (all & !(1 << 3), 40_000), (0b1111_1100_0000, 50_000), (0b0000_0011_1111, 7), (0, 5)];
        let (mut gains, mut families) = (0.0, 0.0);
        for (seed, relations) in
            [&[Father][..], &[Father, Mother], &[FullSibling], &[PaternalAunt, FullSibling], &[Mother]]
                .into_iter()
                .enumerate()
        {
            let family = family(relations, seed);
            let compiler = Compiler::new(&calculator, false);
            let compiled = compiler.family(&family).unwrap();
            for most in [1e-4, 0.5, 40.0] {
                let hits = ChanceHits::of_sets(sets.clone(), 12, 16);
                let threshold = hits.threshold(&compiler, &compiled, most, -30.0).unwrap();
                let number = |t: f64| expected(&calculator, &family, &sets, t);
                assert!(number(threshold + NEAR) <= 1.02 * most, "{relations:?} {most}: {}", number(threshold + NEAR));
                assert!(number(threshold - NEAR) >= 0.98 * most, "{relations:?} {most}: {}", number(threshold - NEAR));

                // If few sets are convolved, the others are bounded.
                let bounded =
                    ChanceHits::of_sets(sets.clone(), 12, 2).threshold(&compiler, &compiled, most, -30.0).unwrap();
                let moments = (0..12).map(|locus| compiler.moments(&compiled, locus).unwrap()).collect::<Vec<_>>();
                let bound = Bound::new(&moments, &hits.by_untyped, false).threshold(most);
                assert!(threshold <= bounded && bounded <= bound, "{threshold} {bounded} {bound}");
                // The threshold is not computed above what the criterion needs.
                let least = bound + 0.5;
                assert!(hits.threshold(&compiler, &compiled, most, least).unwrap() <= least);
                (gains, families) = (gains + bound - threshold, families + 1.0);
            }
        }
        // The bound is an order of magnitude too large.
        assert!(gains / families > 0.8, "{}", gains / families);
    }
}
