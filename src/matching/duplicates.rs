//! Finds samples of one person among all pairs of samples.
//!
//! The counting kernel first compares the few loci that best distinguish people: already there, nearly every pair of
//! different persons lacks alleles at more loci than alleles may differ. An exact comparison at all loci follows for
//! the pairs that are left.

use std::cell::OnceCell;

use rayon::prelude::*;

use crate::index::{BLOCK, Index, Row, UNLISTED};
use crate::kinship::Calculator;
use crate::model::{GenotypeCode, Pseudonym, genotype_count};
use crate::screen::{Asked, Differences, Instructions, Screen, Screens, screen_block};

use super::identity::{IdentityRule, Likeness};
use super::watch::{Stopped, Watch};

/// Loci of the first comparison, for each three alleles that may differ: one group of the kernel. Of the pairs of
/// unrelated persons typed there, one in ten thousand is left if two alleles may differ, at the loci of the built-in
/// table.
const FIRST: usize = 8;

/// If everybody in a block is untyped at more than this many loci of the panel, the search screens all loci, because
/// too few of the first loci are typed.
const WHOLE: usize = 2;

/// The largest number of samples that are screened together, block by block.
const CHUNK: usize = 1024;

/// Two samples whose profiles are as similar as the rule requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DuplicatePair {
    /// Number of the first sample.
    pub one: usize,
    /// Number of the second sample.
    pub other: usize,
}

/// Finds samples of one person among those of an index.
pub struct DuplicateSearch<'a> {
    index: &'a Index,
    rule: IdentityRule,
    differences: Differences,
    /// Samples with an unlisted allele or with a drop-out probability of their own; no row of the index has them.
    irregular: Vec<usize>,
    /// Loci of the panel, ordered by how well they distinguish people, the best first.
    order: Vec<usize>,
    /// Per locus, the code of an untyped sample.
    untyped: Vec<GenotypeCode>,
    instructions: Instructions,
}

impl<'a> DuplicateSearch<'a> {
    /// Creates a search over an index that was built for the calculator's panel.
    #[must_use]
    pub fn new(index: &'a Index, calculator: &Calculator, rule: IdentityRule) -> Self {
        let frequencies: Vec<&[f64]> =
            calculator.loci().iter().map(|locus| &locus.frequencies()[..locus.alleles().len()]).collect();
        let untyped: Vec<GenotypeCode> =
            index.loci().iter().map(|locus| genotype_count(locus.1.len()) as GenotypeCode).collect();
        let count = |mut typed: Vec<u32>, sample: &[GenotypeCode]| {
            for ((typed, code), untyped) in typed.iter_mut().zip(sample).zip(&untyped) {
                *typed += u32::from(code != untyped);
            }
            typed
        };
        let none = || vec![0_u32; untyped.len()];
        let typed = index.codes().par_chunks_exact(untyped.len()).fold(none, count);
        let typed = typed.reduce(none, |a, b| a.iter().zip(b).map(|(a, b)| a + b).collect());
        let tells = |locus: usize| {
            let alike: f64 = frequencies[locus].iter().map(|p| p * p).sum();
            f64::from(typed[locus]) * (1.0 - alike)
        };
        let mut order: Vec<usize> = (0..untyped.len()).collect();
        order.sort_by(|&a, &b| tells(b).total_cmp(&tells(a)));
        let with_unlisted = index.unlisted().iter().map(|one| one.child);
        let mut irregular: Vec<usize> = with_unlisted.chain(index.drop_outs().iter().map(|one| one.0)).collect();
        irregular.sort_unstable();
        irregular.dedup();
        let differences = Differences::default();
        Self { index, rule, differences, irregular, order, untyped, instructions: Instructions::detect() }
    }

    /// Returns the pseudonym of the sample with this number in the index.
    ///
    /// # Panics
    /// If the index has no sample with this number.
    #[must_use]
    pub fn pseudonym(&self, number: usize) -> Pseudonym {
        self.index.pseudonym(number)
    }

    /// Uses these instructions instead of the best ones of the machine.
    #[must_use]
    pub fn with_instructions(mut self, instructions: Instructions) -> Self {
        self.instructions = instructions;
        self
    }

    /// Finds every pair of a sample of `queries`, an index of the same panel, and a sample of this index. A sample does
    /// not form a pair with itself. The pairs are in the order of their numbers.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn pairs_with(&self, queries: &Index, watch: &Watch) -> Result<Vec<DuplicatePair>, Stopped> {
        watch.expect(queries.children() as u64 * self.index.children() as u64);
        self.search(queries, false, watch)
    }

    /// Finds every pair of samples of the index, the lower number first. The pairs are in the order of their numbers.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn pairs_within(&self, watch: &Watch) -> Result<Vec<DuplicatePair>, Stopped> {
        watch.expect(self.index.children() as u64 * self.index.children() as u64);
        self.search(self.index, true, watch)
    }

    fn search(&self, queries: &Index, within: bool, watch: &Watch) -> Result<Vec<DuplicatePair>, Stopped> {
        let all = queries.children();
        // Few samples are shared between the threads, too.
        let size = all.div_ceil(rayon::current_num_threads()).clamp(1, CHUNK);
        let chunk = |chunk: usize| {
            watch.check()?;
            let (from, to) = (chunk * size, all.min((chunk + 1) * size));
            let mut found = self.chunk(queries, from..to, within, watch)?;
            found.sort_unstable();
            watch.keep(found.len(), 0);
            watch.did((to - from) * self.index.children());
            Ok(found)
        };
        let parts: Vec<Vec<DuplicatePair>> =
            (0..all.div_ceil(size)).into_par_iter().map(chunk).collect::<Result<_, _>>()?;
        Ok(parts.concat())
    }

    fn chunk(
        &self,
        queries: &Index,
        numbers: std::ops::Range<usize>,
        within: bool,
        watch: &Watch,
    ) -> Result<Vec<DuplicatePair>, Stopped> {
        // Samples with lower numbers already cover their pairs with this one.
        let from = if within { numbers.start / BLOCK } else { 0 };
        let wanted: Vec<usize> = numbers.filter(|&number| self.is_typed_enough(queries, number)).collect();
        let screens =
            |loci: usize| -> Vec<Screen> { wanted.iter().map(|&number| self.screen(queries, number, loci)).collect() };
        // In most searches no block needs all loci, so the screens for all loci are built on demand.
        let (first, all) = (screens(FIRST * (1 + usize::from(self.rule.max_differences) / 3)), OnceCell::new());
        let (mut by_first, mut by_all) = (arranged(&first), None);
        let is_pair = |one: usize, other: usize| {
            other < self.index.children() && !(within && other <= one) && self.is_duplicate(queries, one, other)
        };
        let mut passed = vec![Row::default(); wanted.len()];
        let mut found = Vec::new();
        for (block, rows) in self.index.planes().chunks_exact(self.index.rows_per_block()).enumerate().skip(from) {
            // Samples typed at most loci come first, so no later block has a sample typed at enough loci.
            let untyped = self.index.untyped(block);
            if self.untyped.len() - untyped < self.rule.min_loci as usize {
                break;
            }
            let parts = match untyped > WHOLE {
                true => by_all.get_or_insert_with(|| arranged(all.get_or_init(|| screens(usize::MAX)))),
                false => &mut by_first,
            };
            screen_block(self.instructions, rows, untyped, parts, &mut passed);
            let before = found.len();
            for (row, &one) in passed.iter().zip(&wanted) {
                for (word, &bits) in row.iter().enumerate() {
                    let mut bits = bits;
                    // Most words have no survivor.
                    while bits != 0 {
                        let other = block * BLOCK + word * 64 + bits.trailing_zeros() as usize;
                        bits &= bits - 1;
                        if is_pair(one, other) {
                            found.push(DuplicatePair { one, other });
                        }
                    }
                }
            }
            if found.len() > before {
                watch.check()?;
                if found.len() as u64 > Watch::MOST_CANDIDATES {
                    return Err(Stopped::TooMany);
                }
            }
        }
        for &one in &wanted {
            let others = self.irregular.iter().filter(|&&other| is_pair(one, other));
            found.extend(others.map(|&other| DuplicatePair { one, other }));
        }
        Ok(found)
    }

    fn is_typed_enough(&self, queries: &Index, number: usize) -> bool {
        let typed = codes(queries, number).iter().zip(&self.untyped).filter(|(code, untyped)| code != untyped);
        typed.count() >= self.rule.min_loci as usize
    }

    /// Builds the screen of a sample over its first `loci` loci. If more alleles may differ than the kernel counts, the
    /// screen has no loci and everybody passes it.
    fn screen(&self, queries: &Index, number: usize, loci: usize) -> Screen {
        let codes = codes(queries, number);
        let most = usize::from(self.rule.max_differences);
        let (loci, most) = if most > Screen::MOST_MISSES { (0, 0) } else { (loci, most) };
        let listed = |&&locus: &&usize| codes[locus] != self.untyped[locus] && codes[locus] != UNLISTED;
        let looked_at = self.order.iter().filter(listed).take(loci);
        let looked_at = looked_at.map(|&locus| (self.index.first_rows()[locus], codes[locus]));
        self.differences.screen(looked_at, self.untyped.len(), most)
    }

    fn is_duplicate(&self, queries: &Index, one: usize, other: usize) -> bool {
        let most = u32::from(self.rule.max_differences);
        let mut likeness = Likeness::default();
        let codes = codes(queries, one).iter().zip(codes(self.index, other));
        for (locus, ((&a, &b), &untyped)) in codes.zip(&self.untyped).enumerate() {
            if a == untyped || b == untyped {
                continue;
            }
            likeness.loci_compared += 1;
            likeness.differing_alleles += if a == UNLISTED || b == UNLISTED {
                let genotypes = queries.genotype(one, locus).zip(self.index.genotype(other, locus));
                genotypes.map_or(0, |(a, b)| a.differing_alleles(b))
            } else if a == b {
                0
            } else {
                u32::from(self.differences.between(a, b))
            };
            if likeness.differing_alleles > most {
                return false;
            }
        }
        self.rule.holds(likeness) && queries.pseudonym(one) != self.index.pseudonym(other)
    }
}

/// Arranges screens over the rows of an index for running together.
fn arranged(screens: &[Screen]) -> Vec<Screens<'_>> {
    Screens::new(&screens.iter().map(Asked::Alone).collect::<Vec<_>>())
}

fn codes(index: &Index, number: usize) -> &[GenotypeCode] {
    let loci = index.loci().len();
    &index.codes()[number * loci..(number + 1) * loci]
}
