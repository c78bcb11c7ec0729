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

use std::borrow::Cow;
use std::collections::HashMap;

use rayon::prelude::*;

use crate::index::{Index, UNLISTED};
use crate::kinship::KinshipError;
use crate::model::{GenotypeCode, genotype_count};

use super::compile::Compiler;
use super::compiled::CompiledFamily;
use super::shared_loci::{LocusSet, locus_set};

use bound::Bound;
use transform::{Cells, Expected, Part, Sum, count};
use typed_sets::TypedSets;

pub(super) use bound::{Moments, moments};
pub(super) use transform::Transform;

/// The most sets of typed loci that are convolved. Laboratories with a handful of kits and a locus or two lost in some
/// profiles have fewer.
const MOST_SETS: usize = 4096;

/// The most by which the bound is assumed to exceed the exact threshold, in log10 LR.
const MOST_GAIN: f64 = 10.0;

/// The children of an index, grouped by the loci at which they are typed.
///
/// How many unrelated children are expected to reach LR 10 with a father:
///
/// ```
/// use reunite::kinship::Calculator;
/// use reunite::matching::{ChanceHits, Compiler};
/// use reunite::model::{Family, Profile, Pseudonym, Relation, Relative};
/// use reunite::population::{FrequencyTable, Model};
///
/// let table = FrequencyTable::chinese_han_23();
/// let calculator = Calculator::new(table, Model::default())?;
/// let compiler = Compiler::new(&calculator, false);
/// let mut genotypes = vec![None; 23];
/// for (locus, shown) in ["D3S1358", "vWA", "FGA", "D8S1179", "D21S11"].into_iter().zip(["15/16", "14/17", "22/24", "10/13", "29/30"]) {
///     genotypes[table.panel().position(&locus.parse()?).ok_or("a locus of the panel")?] = Some(shown.parse()?);
/// }
/// let father = Relative {
///     sample: Pseudonym::from_bytes([1; 16]),
///     relation: Relation::Father,
///     profile: Profile::new(genotypes),
///     drop_out: None,
/// };
/// let family = Family { pseudonym: Pseudonym::from_bytes([2; 16]), relatives: vec![father], pedigree: None };
/// let compiled = compiler.family(&family)?;
///
/// // A million children typed at all 23 loci. No more than a tenth of them reach LR 10 (Turing).
/// let hits = ChanceHits::of_sets(vec![((1 << 23) - 1, 1_000_000)], 23);
/// let expected = hits.with_family(&compiler, &compiled)?.expected(1.0);
/// assert!(!expected.is_bound && expected.number > 1_000.0 && expected.number < 100_000.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ChanceHits {
    sets: TypedSets,
    /// All children, if there are more sets than are convolved: the most frequent half of the sets, and a sample of the
    /// others, each in units of [`UNIT`] of a child.
    sampled: Option<TypedSets>,
    /// Number of all children.
    children: u64,
    /// Number of all children by their number of untyped loci.
    by_untyped: Vec<u64>,
    /// The same for children whose set is not among the convolved ones.
    rest_by_untyped: Vec<u64>,
}

impl ChanceHits {
    /// Counts the children of an index. Alleles that are not listed count as untyped.
    #[must_use]
    pub fn of_children(index: &Index) -> Self {
        Self::of_sets(Self::sets_of_children(index).into_iter().collect(), index.loci().len())
    }

    /// Counts how many children of an index are typed at which loci. Alleles that are not listed count as untyped.
    #[must_use]
    pub fn sets_of_children(index: &Index) -> HashMap<LocusSet, u64> {
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
        children.fold(HashMap::new, count).reduce(HashMap::new, add)
    }

    /// Builds the counts from how many children are typed at which of `loci` loci.
    #[must_use]
    pub fn of_sets(sets: Vec<(LocusSet, u64)>, loci: usize) -> Self {
        Self::of_most(sets, loci, MOST_SETS)
    }

    /// As [`Self::of_sets`]; the `most` frequent sets are convolved.
    fn of_most(mut sets: Vec<(LocusSet, u64)>, loci: usize, most: usize) -> Self {
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
            children: sets.iter().chain(&rest).map(|set| set.1).sum(),
            sampled: (!rest.is_empty()).then(|| TypedSets::new(&sample(&sets, &rest), loci)),
            sets: TypedSets::new(&sets, loci),
        }
    }

    /// Returns the sets of all children, and the number of units that make a child.
    fn all(&self) -> (&TypedSets, f64) {
        self.sampled.as_ref().map_or((&self.sets, 1.0), |sampled| (sampled, UNIT as f64))
    }

    /// Returns the number of children.
    #[must_use]
    pub fn children(&self) -> u64 {
        self.children
    }

    /// Prepares how many of the children reach a likelihood ratio with a family.
    ///
    /// # Errors
    /// [`KinshipError`].
    pub fn with_family(
        &self,
        compiler: &Compiler<'_>,
        family: &CompiledFamily,
    ) -> Result<HitsWithFamily<'_>, KinshipError> {
        let (mut cells, mut true_factors) = (Vec::new(), Vec::new());
        let (mut moments_of_loci, mut unrelated) = (Vec::new(), Vec::new());
        for (locus, compiled) in family.loci.iter().enumerate() {
            let Some(compiled) = compiled else {
                cells.push(None);
                true_factors.push(1.0);
                moments_of_loci.push(Moments::default());
                unrelated.push(Vec::new());
                continue;
            };
            let of_locus = compiler.calculator().unrelated(locus, &compiled.evidence)?;
            let values = compiled.screened.table.values();
            cells.push(Some(Cells::new(values, &of_locus)));
            // Under H1 the probabilities are those of H2 times LR, divided by their sum, which pruning may keep from 1.
            let sum: f64 = of_locus.iter().zip(values).map(|(p, value)| p * libm::pow(10.0, *value)).sum();
            true_factors.push(of_locus.iter().sum::<f64>() / sum);
            moments_of_loci.push(moments(&compiled.screened.table, &of_locus));
            unrelated.push(of_locus);
        }
        let is_linked = family.linkage.matters();
        let (sets, unit) = self.all();
        Ok(HitsWithFamily {
            children: self.children as f64,
            unit,
            sum: Sum::new(Cow::Borrowed(sets), cells, Some(true_factors)),
            bound: Bound::new(&moments_of_loci, &self.by_untyped, is_linked),
            is_linked,
            unrelated,
        })
    }

    /// Computes the probability that the missing child of a family, if it is one of the children, stays below a log10 LR
    /// although its genotypes follow another model: those of `truth`, the same family in the same pedigree compiled under
    /// that model. The mean over the loci at which the children are typed; ignores linkage. 0 if there are no children.
    ///
    /// # Errors
    /// [`KinshipError`].
    pub fn missed_in_truth(
        &self,
        family: &CompiledFamily,
        (truth_compiler, truth): (&Compiler<'_>, &CompiledFamily),
        log10_lr: f64,
    ) -> Result<f64, KinshipError> {
        let mut cells: Vec<Option<Cells>> = (0..family.loci.len()).map(|_| None).collect();
        for (locus, compiled) in family.informative() {
            let evidence = truth.loci[locus].as_ref().map_or(&compiled.evidence, |truth| &truth.evidence);
            let mut probabilities = truth_compiler.calculator().unrelated(locus, evidence)?;
            if let Some(truth) = &truth.loci[locus] {
                let values = truth.screened.table.values();
                probabilities.iter_mut().zip(values).for_each(|(p, value)| *p *= libm::pow(10.0, *value));
            }
            let sum: f64 = probabilities.iter().sum();
            // Divided by LR here, because the part of the true children multiplies by it.
            let values = compiled.screened.table.values();
            probabilities.iter_mut().zip(values).for_each(|(p, value)| *p *= libm::pow(10.0, -*value));
            cells[locus] = Some(Cells::divided(values, &probabilities, sum));
        }
        if self.children == 0 {
            return Ok(0.0);
        }
        let (sets, unit) = self.all();
        let below = count(&mut Sum::new(Cow::Borrowed(sets), cells, None), log10_lr, Part::TrueBelow);
        Ok((below / unit / self.children as f64).min(1.0))
    }
}

/// How many children reach a likelihood ratio with one family.
pub struct HitsWithFamily<'a> {
    children: f64,
    /// Number of units of the sums that make a child.
    unit: f64,
    sum: Sum<'a>,
    bound: Bound,
    is_linked: bool,
    /// Per locus, the probabilities of the genotypes in an unrelated child.
    unrelated: Vec<Vec<f64>>,
}

impl HitsWithFamily<'_> {
    /// Computes how many of the children are expected to reach a log10 LR if all are unrelated to the family.
    pub fn expected(&mut self, log10_lr: f64) -> ExpectedHits {
        let bound = self.bound.expected(log10_lr).min(self.children);
        if self.is_linked || bound < LEAST {
            return ExpectedHits { number: bound, is_bound: true };
        }
        let convolved = count(&mut self.sum, log10_lr, Part::Reaching) / self.unit;
        ExpectedHits { number: convolved.min(bound), is_bound: false }
    }

    /// Computes the probability that a child reaches a log10 LR with the family, which must be that of this object, if it is
    /// in truth the missing child of `other`: the same relatives in another pedigree. The child is typed at these loci;
    /// linkage is ignored. Within 1 % with a dozen loci; 0 if it is below 10^-12. A value more than 16 above `log10_lr` does
    /// not count.
    #[must_use]
    pub fn reached_as(&self, family: &CompiledFamily, other: &CompiledFamily, typed: LocusSet, log10_lr: f64) -> f64 {
        let mut cells: Vec<Option<Cells>> = (0..family.loci.len()).map(|_| None).collect();
        for (locus, compiled) in family.informative().filter(|(locus, _)| typed >> locus & 1 == 1) {
            let mut probabilities = self.unrelated[locus].clone();
            if let Some(other) = &other.loci[locus] {
                let values = other.screened.table.values();
                probabilities.iter_mut().zip(values).for_each(|(p, value)| *p *= libm::pow(10.0, *value));
            }
            cells[locus] = Some(Cells::new(compiled.screened.table.values(), &probabilities));
        }
        let sets = TypedSets::new(&[(typed, 1)], family.loci.len());
        let mut sum = Sum::new(Cow::Owned(sets), cells, None);
        if sum.bound(log10_lr) < LEAST {
            return 0.0;
        }
        let reached = count(&mut sum, log10_lr, Part::Reaching).min(1.0);
        if reached < LEAST { 0.0 } else { reached }
    }

    /// Computes the probability that the family's missing child stays below a log10 LR, if it is one of the children: the
    /// mean over the loci at which they are typed. Ignores linkage. 0 if there are no children.
    pub fn missed(&mut self, log10_lr: f64) -> f64 {
        if self.children == 0.0 {
            return 0.0;
        }
        (count(&mut self.sum, log10_lr, Part::TrueBelow) / self.unit / self.children).min(1.0)
    }
}

/// Expected number of unrelated children that reach a likelihood ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExpectedHits {
    /// The number; within 1 % if it is not a bound and a dozen loci are compared. Of more than 4,096 sets of typed loci,
    /// half are convolved as they are and stand beside a sample of the others, which adds some 2 %.
    pub number: f64,
    /// `true` if the number is an upper bound: linked loci matter in the family, or the number is below 10^-12.
    pub is_bound: bool,
}

/// Number of units that make a child where sets are sampled.
const UNIT: u64 = 1000;

/// Returns the most frequent half of the sets, and a sample of all other sets of the same number, which stand for them by
/// their number of children; in units of [`UNIT`].
fn sample(sets: &[(LocusSet, u64)], rest: &[(LocusSet, u64)]) -> Vec<(LocusSet, u64)> {
    let (kept, others) = sets.split_at(sets.len() / 2);
    let others: Vec<&(LocusSet, u64)> = others.iter().chain(rest).collect();
    let many = (sets.len() - kept.len()).max(1);
    // Every so-and-so-many-th set, in the order of their frequency, then of the sets.
    let chosen: Vec<&(LocusSet, u64)> = (0..many).map(|at| others[at * others.len() / many]).collect();
    let count = |sets: &[&(LocusSet, u64)]| sets.iter().map(|set| set.1).sum::<u64>();
    let scale = count(&others) as f64 / count(&chosen) as f64 * UNIT as f64;
    let kept = kept.iter().map(|&(set, count)| (set, count * UNIT));
    kept.chain(chosen.into_iter().map(|&(set, count)| (set, (count as f64 * scale).round() as u64))).collect()
}

/// The least number that is convolved. Far below it the rounding of the transforms would show.
const LEAST: f64 = 1e-12;

impl ChanceHits {
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
            let grid = Grid { step: 2e-4, from: t };
            count as f64 * LrDistribution::new(typed, Hypothesis::H2, grid).tail(t).middle()
        };
        sets.iter().map(of_set).sum()
    }

    #[test]
    fn the_expected_number_is_within_one_percent() {
        use Relation::{Father, FullSibling, Mother, PaternalAunt};
        let calculator = calculator();
        let all: LocusSet = (1 << 12) - 1;
        let sets = vec![(all, 200_000), (all & !(1 << 3), 40_000), (0b1111_1101_0110, 50_000), (0b1011_0011_1111, 70)];
        let hits = ChanceHits::of_sets(sets.clone(), 12);
        assert_eq!(hits.children(), 290_070);
        let families = [&[Father][..], &[Father, Mother], &[FullSibling], &[PaternalAunt, FullSibling], &[Mother]];
        for (seed, relations) in families.into_iter().enumerate() {
            let family = family(relations, seed);
            let compiler = Compiler::new(&calculator, false);
            let compiled = compiler.family(&family).unwrap();
            for t in [-1.03, 0.0, 0.51, 2.0, 3.77, 5.2] {
                let exact = expected(&calculator, &family, &sets, t);
                let ours = hits.with_family(&compiler, &compiled).unwrap().expected(t);
                if exact > 1e-10 {
                    assert!(!ours.is_bound);
                    assert!((ours.number / exact - 1.0).abs() < 0.01, "{relations:?} {t}: {} {exact}", ours.number);
                }
            }
        }
    }

    /// Children with more sets of loci than are convolved.
    #[test]
    fn a_sample_of_rare_sets_stands_for_them() {
        let calculator = calculator();
        let all: LocusSet = (1 << 12) - 1;
        // Every set of 8 to 12 loci, the larger ones more often.
        let sets: Vec<(LocusSet, u64)> = (0..=all)
            .filter(|set| set.count_ones() >= 8)
            .map(|set| (set, u64::from(set.count_ones() - 7).pow(3) + set % 5))
            .collect();
        let few = ChanceHits::of_most(sets.clone(), 12, 128);
        let exact = ChanceHits::of_sets(sets.clone(), 12);
        assert!(sets.len() > 700 && few.children() == exact.children());
        for (seed, relations) in [&[Relation::Father][..], &[Relation::FullSibling]].into_iter().enumerate() {
            let compiler = Compiler::new(&calculator, false);
            let compiled = compiler.family(&family(relations, seed)).unwrap();
            let [mut few, mut exact] = [&few, &exact].map(|hits| hits.with_family(&compiler, &compiled).unwrap());
            for t in [0.0, 2.0, 4.0] {
                let [number, right] = [&mut few, &mut exact].map(|hits| hits.expected(t).number);
                assert!((number / right - 1.0).abs() < 0.05, "{relations:?} {t}: {number} {right}");
                let [number, right] = [few.missed(t), exact.missed(t)];
                assert!((number / right - 1.0).abs() < 0.05, "{relations:?} {t}: {number} {right}");
            }
        }
    }

    /// The family's own child and a cousin, against the convolution over all genotypes.
    #[test]
    fn true_children_and_other_kin_reach_what_a_fine_convolution_says() {
        use Relation::{Father, FullSibling, Mother, PaternalUncle};
        let calculator = calculator();
        let all: LocusSet = (1 << 12) - 1;
        let hits = ChanceHits::of_sets(vec![(all, 1)], 12);
        let missed_of = |family: &CompiledFamily, compiler: &Compiler<'_>, sets: Vec<(LocusSet, u64)>| {
            ChanceHits::of_sets(sets, 12).with_family(compiler, family).unwrap().missed(1.5)
        };
        let fathers = family(&[Father], 3);
        let compiler = Compiler::new(&calculator, false);
        let compiled = compiler.family(&fathers).unwrap();
        let few = all & !0b1111;
        let both = ChanceHits::of_sets(vec![(few, 30), (all, 10)], 12);
        let in_truth = both.missed_in_truth(&compiled, (&compiler, &compiled), 1.5).unwrap();
        let missed = both.with_family(&compiler, &compiled).unwrap().missed(1.5);
        assert!((in_truth - missed).abs() < 1e-9, "{in_truth} {missed}");
        let [of_all, of_few] = [all, few].map(|set| missed_of(&compiled, &compiler, vec![(set, 1)]));
        let of_both = missed_of(&compiled, &compiler, vec![(few, 30), (all, 10)]);
        assert!(
            of_few > of_all && (of_both / (0.25 * of_all + 0.75 * of_few) - 1.0).abs() < 1e-3,
            "{of_all} {of_few} {of_both}"
        );
        // The found child has a typed father's brother as its father: the relation of the typed relative is uncle.
        for (seed, (relations, others)) in [
            (&[Father][..], &[PaternalUncle][..]),
            (&[Father, Mother], &[PaternalUncle, Mother]),
            (&[FullSibling], &[PaternalUncle]),
        ]
        .into_iter()
        .enumerate()
        {
            let (stated, other) = (family(relations, seed), family(others, seed));
            let compiler = Compiler::new(&calculator, false);
            let (compiled, compiled_other) = (compiler.family(&stated).unwrap(), compiler.family(&other).unwrap());
            let outcomes = |compiled: &CompiledFamily| -> Vec<LocusOutcomes> {
                let of = |locus: &super::super::compiled::CompiledLocus, at: usize| {
                    let unrelated = calculator.unrelated(at, &locus.evidence).unwrap();
                    LocusOutcomes::new(&locus.screened.table, &unrelated)
                };
                compiled.informative().map(|(at, locus)| of(locus, at)).collect()
            };
            let stated_outcomes = outcomes(&compiled);
            for t in [-1.03, 0.4, 2.0] {
                let grid = Grid { step: 2e-4, from: t };
                let exact = 1.0 - LrDistribution::new(&stated_outcomes, Hypothesis::H1, grid).tail(t).middle();
                let ours = hits.with_family(&compiler, &compiled).unwrap().missed(t);
                assert!((ours - exact).abs() < 0.01 * exact + 1e-9, "{relations:?} {t}: {ours} {exact}");
                // As itself, the child reaches what it does not miss. That of two parents may be more than 16 above.
                let with_family = hits.with_family(&compiler, &compiled).unwrap();
                let reached = with_family.reached_as(&compiled, &compiled, all, t);
                let is_near = relations.len() == 1;
                assert!(!is_near || (reached - (1.0 - exact)).abs() < 0.01, "{relations:?} {t}: {reached} {exact}");
                let as_other = with_family.reached_as(&compiled, &compiled_other, all, t);
                let by_chance = hits.with_family(&compiler, &compiled).unwrap().expected(t).number;
                assert!(by_chance < as_other && as_other < reached, "{by_chance} {as_other} {reached}");
            }
        }
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
                let hits = ChanceHits::of_most(sets.clone(), 12, 16);
                let threshold = hits.threshold(&compiler, &compiled, most, -30.0).unwrap();
                let number = |t: f64| expected(&calculator, &family, &sets, t);
                assert!(number(threshold + NEAR) <= 1.02 * most, "{relations:?} {most}: {}", number(threshold + NEAR));
                assert!(number(threshold - NEAR) >= 0.98 * most, "{relations:?} {most}: {}", number(threshold - NEAR));

                // If few sets are convolved, the others are bounded.
                let bounded =
                    ChanceHits::of_most(sets.clone(), 12, 2).threshold(&compiler, &compiled, most, -30.0).unwrap();
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
