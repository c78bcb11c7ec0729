//! Adds up weights by table look-ups in registers, for 512 children at a time. This is the weighing kernel.

use crate::index::Row;

use super::classes::{CLASSES, LANES, Lane};
use super::instructions::Instructions;
use super::weights::{LIMIT, Weighing};

/// Weighs one block for several families. Sets, per family, the bits of the children whose weights stay within the
/// limit. The block must be arranged by [`super::Classes`].
///
/// # Panics
/// If the block is shorter than the panel of the weights, or `passed` shorter than `families`.
pub fn weigh_block(instructions: Instructions, block: &[Lane], families: &[Weighing<'_>], passed: &mut [Row]) {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512Vbmi if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi") => {
            #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
            // SAFETY: the machine has just been found to have AVX-512BW and VBMI, which imply AVX-512F.
            unsafe {
                x86::run_vbmi(block, families, passed);
            }
        }
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512Vbmi | Instructions::Avx512 | Instructions::Avx2 if is_x86_feature_detected!("avx2") => {
            #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
            // SAFETY: the machine has just been found to have AVX2, all that the function asks for.
            unsafe {
                x86::run_avx2(block, families, passed);
            }
        }
        _ => run(block, families, passed),
    }
}

fn run(block: &[Lane], families: &[Weighing<'_>], passed: &mut [Row]) {
    for (family, passed) in families.iter().zip(passed) {
        for (word, passed) in passed.iter_mut().enumerate() {
            let mut sums = [family.start; 64];
            for (locus, table) in family.loci() {
                for (sum, &class) in sums.iter_mut().zip(&block[locus * LANES + word].0) {
                    *sum = sum.saturating_add(table.0[usize::from(class) % CLASSES]);
                }
            }
            *passed = sums.iter().rev().fold(0, |bits, &sum| bits << 1 | u64::from(sum <= LIMIT));
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, __m256i, __m512i, _mm256_adds_epu8, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_min_epu8,
        _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
        _mm256_xor_si256, _mm512_adds_epu8, _mm512_cmple_epu8_mask, _mm512_permutexvar_epi8, _mm512_set1_epi8,
    };

    use zerocopy::transmute;

    use super::{LANES, LIMIT, Lane, Row, Weighing};

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn run_vbmi(block: &[Lane], families: &[Weighing<'_>], passed: &mut [Row]) {
        let limit = _mm512_set1_epi8(LIMIT.cast_signed());
        for (family, passed) in families.iter().zip(passed) {
            let mut sums = [_mm512_set1_epi8(family.start.cast_signed()); LANES];
            for (locus, table) in family.loci() {
                let table: __m512i = transmute!(*table);
                for (sum, lane) in sums.iter_mut().zip(&block[locus * LANES..][..LANES]) {
                    let classes: __m512i = transmute!(*lane);
                    *sum = _mm512_adds_epu8(*sum, _mm512_permutexvar_epi8(classes, table));
                }
            }
            *passed = sums.map(|sum| _mm512_cmple_epu8_mask(sum, limit));
        }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn run_avx2(block: &[Lane], families: &[Weighing<'_>], passed: &mut [Row]) {
        let limit = _mm256_set1_epi8(LIMIT.cast_signed());
        for (family, passed) in families.iter().zip(passed) {
            for (word, passed) in passed.iter_mut().enumerate() {
                let mut sums = [_mm256_set1_epi8(family.start.cast_signed()); 2];
                for (locus, table) in family.loci() {
                    let tables: [__m128i; 4] = transmute!(*table);
                    let halves: [__m256i; 2] = transmute!(block[locus * LANES + word]);
                    for (sum, classes) in sums.iter_mut().zip(halves) {
                        *sum = _mm256_adds_epu8(*sum, look_up(tables, classes));
                    }
                }
                let within = sums.map(|sum| {
                    let mask = _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(sum, limit), sum));
                    u64::from(mask.cast_unsigned())
                });
                *passed = within[0] | within[1] << 32;
            }
        }
    }

    /// Returns the weights of 32 classes, from tables of 16 each.
    #[target_feature(enable = "avx2")]
    fn look_up(tables: [__m128i; 4], classes: __m256i) -> __m256i {
        let mut weights = _mm256_setzero_si256();
        for (number, table) in tables.into_iter().enumerate() {
            // A shuffle uses the lower four bits, and returns 0 if the highest bit is set, which is true here for
            // classes of the other tables.
            let here = _mm256_xor_si256(classes, _mm256_set1_epi8((number << 4) as i8));
            let place = _mm256_adds_epu8(here, _mm256_set1_epi8(0x70));
            weights = _mm256_or_si256(weights, _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), place));
        }
        weights
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::index::BLOCK;
    use crate::screen::weights::{Table, Weights};

    const LOCI: usize = 5;

    fn weights() -> impl Strategy<Value = Weights> {
        let table = prop::collection::vec(prop_oneof![0..60_u8, Just(255)], CLASSES);
        let locus =
            (0..LOCI, table).prop_map(|(locus, table)| (locus, Table(std::array::from_fn(|class| table[class]))));
        (prop::collection::vec(locus, 1..12), 0..80_u8).prop_map(|(parts, start)| Weights::of_parts(parts, start))
    }

    proptest! {
        #[test]
        fn every_kernel_adds_up_as_one_would_by_hand(
            families in prop::collection::vec(weights(), 1..4),
            classes in prop::collection::vec(0..CLASSES as u8, LOCI * BLOCK),
        ) {
            let lane = |classes: &[u8]| Lane(std::array::from_fn(|child| classes[child]));
            let block: Vec<Lane> = classes.chunks_exact(64).map(lane).collect();
            let borrowed: Vec<Weighing<'_>> = families.iter().map(Weights::weighing).collect();
            for instructions in Instructions::available() {
                let mut passed = vec![Row::default(); families.len()];
                weigh_block(instructions, &block, &borrowed, &mut passed);
                for (family, passed) in borrowed.iter().zip(&passed) {
                    for child in 0..BLOCK {
                        let weight = |(locus, table): (usize, &Table)| {
                            u32::from(table.0[usize::from(classes[locus * BLOCK + child])])
                        };
                        let total: u32 = u32::from(family.start) + family.loci().map(weight).sum::<u32>();
                        let passes = passed[child / 64] >> (child % 64) & 1 == 1;
                        prop_assert_eq!(passes, total <= u32::from(LIMIT), "{:?} {}", instructions, child);
                    }
                }
            }
        }
    }
}
