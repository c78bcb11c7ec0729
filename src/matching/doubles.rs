//! Two samples of one person, found among all pairs of samples.
//!
//! A first look, by the kernel that weighs, at the few loci that tell most people apart: there alone, more alleles differ
//! than are allowed in nearly every pair. Who is left is compared at all loci, exactly.

use rayon::prelude::*;

use crate::index::{BLOCK, Index, Row, UNLISTED};
use crate::kinship::Calculator;
use crate::model::{GenotypeCode, Pseudonym, genotype_count};
use crate::screen::{Classes, Differences, Instructions, Lane, Table, Weighing, weigh_block};

use super::identity::{IdentityRule, Likeness};
use super::watch::{Stopped, Watch};

/// Loci of the first look. Of the pairs of unrelated persons typed there, two in a million are left if two alleles may
/// differ, at the loci of the built-in table.
const FIRST: usize = 6;

/// Where everybody of a block is untyped at more loci of the panel, all loci are looked at: too few of the first are left.
const WHOLE: usize = 2;

/// Samples that go over the blocks together.
const CHUNK: usize = 256;

/// Two samples whose profiles are as alike as the rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Double {
    /// Number of the one.
    pub one: usize,
    /// Number of the other.
    pub other: usize,
}

/// Looks for samples of one person among those of an index.
pub struct Doubles<'a> {
    index: &'a Index,
    rule: IdentityRule,
    classes: Classes,
    lanes: Vec<Lane>,
    differences: Differences,
    /// Loci of the panel, those first that tell most people apart.
    order: Vec<usize>,
    /// Per locus, the code of someone untyped.
    untyped: Vec<GenotypeCode>,
    instructions: Instructions,
}

/// The samples that are looked for, as far as they are typed enough: numbers and what is weighed.
#[derive(Default)]
struct Wanted {
    numbers: Vec<usize>,
    /// The typed loci of each, one after the other; where each begins, and where the last ends.
    loci: Vec<usize>,
    tables: Vec<Table>,
    starts: Vec<usize>,
}

impl Wanted {
    /// The weighings of all, at so many loci of each.
    fn weighings(&self, loci: usize, most: u8) -> Vec<Weighing<'_>> {
        let weighing = |&[from, to]: &[usize; 2]| {
            let range = from..to.min(from.saturating_add(loci));
            Differences::weighing(&self.loci[range.clone()], &self.tables[range], most)
        };
        self.starts.array_windows().map(weighing).collect()
    }
}

impl<'a> Doubles<'a> {
    /// Over an index that was built for the calculator's panel.
    #[must_use]
    pub fn new(index: &'a Index, calculator: &Calculator, rule: IdentityRule) -> Self {
        let frequencies: Vec<&[f64]> =
            calculator.loci().iter().map(|locus| &locus.frequencies()[..locus.alleles().len()]).collect();
        let classes = Classes::new(frequencies.iter().copied());
        let mut lanes = classes.empty(index.blocks());
        lanes
            .par_chunks_exact_mut(classes.lanes())
            .enumerate()
            .for_each(|(block, lanes)| classes.arrange(index, block, lanes));
        let untyped: Vec<GenotypeCode> =
            index.loci().iter().map(|locus| genotype_count(locus.1.len()) as GenotypeCode).collect();
        let mut typed = vec![0_u32; untyped.len()];
        for sample in index.codes().chunks_exact(untyped.len()) {
            for ((typed, code), untyped) in typed.iter_mut().zip(sample).zip(&untyped) {
                *typed += u32::from(code != untyped);
            }
        }
        let tells = |locus: usize| {
            let alike: f64 = frequencies[locus].iter().map(|p| p * p).sum();
            f64::from(typed[locus]) * (1.0 - alike)
        };
        let mut order: Vec<usize> = (0..untyped.len()).collect();
        order.sort_by(|&a, &b| tells(b).total_cmp(&tells(a)));
        let differences = Differences::new(&classes);
        Self { index, rule, classes, lanes, differences, order, untyped, instructions: Instructions::detect() }
    }

    /// The sample of a number of the index.
    ///
    /// # Panics
    /// If there is no such number.
    #[must_use]
    pub fn pseudonym(&self, number: usize) -> Pseudonym {
        self.index.pseudonym(number)
    }

    /// Runs on these instructions instead of the best that the machine has.
    #[must_use]
    pub fn with_instructions(mut self, instructions: Instructions) -> Self {
        self.instructions = instructions;
        self
    }

    /// Every pair of a sample of `queries`, an index of the same panel, and one of the index; a sample is no pair with
    /// itself. By number.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn of(&self, queries: &Index, watch: &Watch) -> Result<Vec<Double>, Stopped> {
        watch.expect(queries.children() as u64 * self.index.children() as u64);
        self.search(queries, false, watch)
    }

    /// Every pair of samples of the index, the lower number first. By number.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn within(&self, watch: &Watch) -> Result<Vec<Double>, Stopped> {
        watch.expect(self.index.children() as u64 * self.index.children() as u64);
        self.search(self.index, true, watch)
    }

    fn search(&self, queries: &Index, within: bool, watch: &Watch) -> Result<Vec<Double>, Stopped> {
        let all = queries.children();
        let chunk = |chunk: usize| {
            watch.check()?;
            let (from, to) = (chunk * CHUNK, all.min((chunk + 1) * CHUNK));
            let mut found = self.chunk(queries, from..to, within, watch)?;
            found.sort_unstable();
            watch.keep(found.len(), 0);
            watch.did((to - from) * self.index.children());
            Ok(found)
        };
        let parts: Vec<Vec<Double>> = (0..all.div_ceil(CHUNK)).into_par_iter().map(chunk).collect::<Result<_, _>>()?;
        Ok(parts.concat())
    }

    fn chunk(
        &self,
        queries: &Index,
        numbers: std::ops::Range<usize>,
        within: bool,
        watch: &Watch,
    ) -> Result<Vec<Double>, Stopped> {
        // A lower number has had its pairs with all higher ones.
        let from = if within { numbers.start / BLOCK } else { 0 };
        let wanted = self.wanted(queries, numbers);
        let most = self.rule.max_differences.min(IdentityRule::MOST_DIFFERENCES);
        let first = wanted.weighings(FIRST, most);
        let all = wanted.weighings(usize::MAX, most);
        let mut passed = vec![Row::default(); wanted.numbers.len()];
        let mut found = Vec::new();
        for (block, lanes) in self.lanes.chunks_exact(self.classes.lanes()).enumerate().skip(from) {
            // Those typed at most loci come first: from here on nobody is typed enough.
            if self.untyped.len() - self.index.untyped(block) < self.rule.min_loci as usize {
                break;
            }
            let weighings = if self.index.untyped(block) > WHOLE { &all } else { &first };
            weigh_block(self.instructions, lanes, weighings, &mut passed);
            let before = found.len();
            for (row, &one) in passed.iter().zip(&wanted.numbers) {
                for (word, &bits) in row.iter().enumerate() {
                    let mut bits = bits;
                    // Most often nobody.
                    while bits != 0 {
                        let other = block * BLOCK + word * 64 + bits.trailing_zeros() as usize;
                        bits &= bits - 1;
                        let is_pair = other < self.index.children() && !(within && other <= one);
                        if is_pair && self.is_double(queries, one, other) {
                            found.push(Double { one, other });
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
        Ok(found)
    }

    fn wanted(&self, queries: &Index, numbers: std::ops::Range<usize>) -> Wanted {
        let mut wanted = Wanted { starts: vec![0], ..Wanted::default() };
        for number in numbers {
            let codes = codes(queries, number);
            let typed = |&&locus: &&usize| codes[locus] != self.untyped[locus];
            if self.order.iter().filter(typed).count() < self.rule.min_loci as usize {
                continue;
            }
            wanted.numbers.push(number);
            for &locus in self.order.iter().filter(typed) {
                wanted.loci.push(locus);
                wanted.tables.push(self.differences.table(locus, codes[locus]));
            }
            wanted.starts.push(wanted.loci.len());
        }
        wanted
    }

    fn is_double(&self, queries: &Index, one: usize, other: usize) -> bool {
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

fn codes(index: &Index, number: usize) -> &[GenotypeCode] {
    let loci = index.loci().len();
    &index.codes()[number * loci..(number + 1) * loci]
}
