//! Weighs all children of a block with the classes of fewer alleles: 32 weights per locus, which two byte shuffles look
//! up. A class has the least of the weights that it comprises, so whoever stays within the limit stays within it
//! here, too; the few who pass are weighed with all classes. This is for processors that cannot look up 64 bytes at
//! once.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::classes::{CLASSES, COARSE, Classes, coarse_of_code};
use super::instructions::Instructions;
use super::lanes::{LANE, Lanes};
use super::weights::{LIMIT, Weighing};
use crate::index::Row;

/// A weight per coarse class.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(32))]
struct CoarseTable([u8; COARSE]);

/// Weights of a family, per locus and coarse class.
#[derive(Clone, Debug, PartialEq)]
pub struct CoarseWeights {
    loci: Vec<usize>,
    tables: Vec<CoarseTable>,
    start: u8,
}

impl CoarseWeights {
    /// Merges weights.
    ///
    /// # Panics
    /// If a locus is not of the panel of `classes`.
    #[must_use]
    pub fn new(weighing: &Weighing<'_>, classes: &Classes) -> Self {
        let merge = |(locus, table): (usize, &super::weights::Table)| {
            let mut merged = [u8::MAX; COARSE];
            for (&weight, &coarse) in table.0.iter().zip(classes.coarse(locus)) {
                let least = &mut merged[coarse_of_code(coarse)];
                *least = weight.min(*least);
            }
            CoarseTable(merged)
        };
        let tables = weighing.loci().map(merge).collect();
        Self { loci: weighing.loci.to_vec(), tables, start: weighing.start }
    }

    fn loci(&self) -> impl Iterator<Item = (usize, &CoarseTable)> {
        self.loci.iter().copied().zip(&self.tables)
    }
}

/// Replaces the classes of lanes by the codes of coarse ones.
///
/// # Panics
/// If the lanes are of another panel.
pub fn coarsen(instructions: Instructions, lanes: &mut Lanes, classes: &Classes) {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512Vbmi | Instructions::Avx512 | Instructions::Avx2 if is_x86_feature_detected!("avx2") => {
            #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
            // SAFETY: the machine has just been found to have AVX2, all that the function asks for.
            unsafe {
                x86::coarsen_avx2(lanes, classes);
            }
        }
        _ => {
            for locus in 0..classes.len() {
                let coarse = classes.coarse(locus);
                for class in lanes.of_locus_mut(locus).iter_mut().flat_map(|lane| &mut lane.0) {
                    *class = coarse[usize::from(*class) % CLASSES];
                }
            }
        }
    }
}

/// Weighs one block of coarse classes for several families. Sets, per family, the bits of the children whose weights
/// stay within the limit.
///
/// # Panics
/// If the lanes are not those of a block of the weights' panel, or `passed` is shorter than `families`.
pub fn weigh_coarsely(instructions: Instructions, block: &Lanes, families: &[CoarseWeights], passed: &mut [Row]) {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512Vbmi | Instructions::Avx512 | Instructions::Avx2 if is_x86_feature_detected!("avx2") => {
            #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
            // SAFETY: the machine has just been found to have AVX2, all that the function asks for.
            unsafe {
                x86::weigh_avx2(block, families, passed);
            }
        }
        _ => {
            for (family, passed) in families.iter().zip(passed) {
                *passed = std::array::from_fn(|word| weigh(block, word, family));
            }
        }
    }
}

fn weigh(lanes: &Lanes, word: usize, family: &CoarseWeights) -> u64 {
    let mut sums = [family.start; LANE];
    for (locus, table) in family.loci() {
        for (sum, &class) in sums.iter_mut().zip(&lanes.at(locus, word).0) {
            *sum = sum.saturating_add(table.0[coarse_of_code(class)]);
        }
    }
    sums.iter().rev().fold(0, |bits, &sum| bits << 1 | u64::from(sum <= LIMIT))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm256_adds_epu8, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_min_epu8,
        _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_shuffle_epi8, _mm256_xor_si256,
    };

    use zerocopy::transmute;

    use super::{Classes, CoarseWeights, LIMIT, Lanes, Row};
    use crate::screen::lanes::Lane;
    use crate::screen::weigh::x86::{look_up, tables};

    /// Number of words whose sums fit into registers.
    const WORDS: usize = 4;

    #[target_feature(enable = "avx2")]
    pub(super) fn coarsen_avx2(lanes: &mut Lanes, classes: &Classes) {
        for locus in 0..classes.len() {
            let tables = tables(classes.coarse(locus));
            for lane in lanes.of_locus_mut(locus) {
                let halves: [__m256i; 2] = transmute!(*lane);
                let coarse = halves.map(|classes| look_up(tables, classes));
                *lane = transmute!(coarse);
            }
        }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn weigh_avx2(block: &Lanes, families: &[CoarseWeights], passed: &mut [Row]) {
        let (limit, is_second) = (_mm256_set1_epi8(LIMIT.cast_signed()), _mm256_set1_epi8(0x80_u8.cast_signed()));
        for (family, passed) in families.iter().zip(passed) {
            for (part, passed) in passed.as_chunks_mut::<WORDS>().0.iter_mut().enumerate() {
                let mut sums = [[_mm256_set1_epi8(family.start.cast_signed()); 2]; WORDS];
                for (locus, table) in family.loci() {
                    let tables: [__m128i; 2] = transmute!(*table);
                    let [first, second] = tables.map(|table| _mm256_broadcastsi128_si256(table));
                    let lanes: &[Lane; WORDS] = &block.of_locus(locus).as_chunks().0[part];
                    for (sums, lane) in sums.iter_mut().zip(lanes) {
                        let halves: [__m256i; 2] = transmute!(*lane);
                        for (sum, codes) in sums.iter_mut().zip(halves) {
                            let others = _mm256_xor_si256(codes, is_second);
                            let (a, b) = (_mm256_shuffle_epi8(first, codes), _mm256_shuffle_epi8(second, others));
                            *sum = _mm256_adds_epu8(*sum, _mm256_or_si256(a, b));
                        }
                    }
                }
                *passed = sums.map(|sums| {
                    let within = sums.map(|sum| {
                        let mask = _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(sum, limit), sum));
                        u64::from(mask.cast_unsigned())
                    });
                    within[0] | within[1] << 32
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::index::BLOCK;
    use crate::screen::classes::Packed;
    use crate::screen::weights::{Table, Weights};

    const LOCI: usize = 4;

    proptest! {
        /// Whoever stays within the limit does so with coarse classes, and the kernels agree.
        #[test]
        fn coarse_classes_lose_nobody(
            tables in prop::collection::vec(prop::collection::vec(prop_oneof![0..90_u8, Just(255)], CLASSES), LOCI),
            alleles in prop::collection::vec(1..15_usize, LOCI),
            picks in prop::collection::vec(any::<prop::sample::Index>(), LOCI * BLOCK),
            start in 0..80_u8,
        ) {
            let frequencies: Vec<Vec<f64>> = alleles.iter().map(|&alleles| vec![1.0; alleles]).collect();
            let classes = Classes::new(frequencies.iter().map(Vec::as_slice));
            let table = |(locus, table): (usize, &Vec<u8>)| (locus, Table(std::array::from_fn(|class| table[class])));
            let weights = Weights::of_parts(tables.iter().enumerate().map(table), start);
            let class = |child: usize, locus: usize| {
                let codes = &classes.loci()[locus].of_code;
                codes[picks[child * LOCI + locus].index(codes.len())]
            };
            let pack = |child| Packed(std::array::from_fn(|locus| if locus < LOCI { class(child, locus) } else { 0 }));
            let children: Vec<Packed> = (0..BLOCK).map(pack).collect();
            let coarse = [CoarseWeights::new(&weights.weighing(), &classes)];
            for instructions in Instructions::available() {
                let mut lanes = Lanes::of_block(1);
                lanes.turn(instructions, &children);
                coarsen(instructions, &mut lanes, &classes);
                let mut passed = [Row::default()];
                weigh_coarsely(instructions, &lanes, &coarse, &mut passed);
                for child in 0..BLOCK {
                    let passes = passed[0][child / 64] >> (child % 64) & 1 == 1;
                    let least = |locus: usize| {
                        let mine = classes.coarse(locus)[usize::from(class(child, locus))];
                        let same = (0..CLASSES).filter(|&other| classes.coarse(locus)[other] == mine);
                        same.map(|other| u32::from(tables[locus][other])).min().unwrap_or(0)
                    };
                    let exact = |locus| u32::from(tables[locus][usize::from(class(child, locus))]);
                    let total = |of: &dyn Fn(usize) -> u32| u32::from(start) + (0..LOCI).map(of).sum::<u32>();
                    prop_assert_eq!(passes, total(&least) <= u32::from(LIMIT), "{:?} {}", instructions, child);
                    prop_assert!(passes || total(&exact) > u32::from(LIMIT));
                }
            }
        }
    }
}
