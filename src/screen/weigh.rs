//! Adds up weights by table look-ups in registers. This is the weighing kernel.

use crate::index::{BLOCK, Row};

use super::classes::CLASSES;
use super::instructions::Instructions;
use super::lanes::{LANE, Lane, Lanes};
use super::weights::{LIMIT, Weighing};

/// Weighs one block for several families. Sets, per family, the bits of the children whose weights stay within the
/// limit.
///
/// # Panics
/// If the lanes are not those of a block of the weights' panel, or `passed` is shorter than `families`.
pub fn weigh_block(instructions: Instructions, block: &Lanes, families: &[Weighing<'_>], passed: &mut [Row]) {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512Vbmi if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi") => {
            #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
            // SAFETY: the machine has just been found to have AVX-512BW and VBMI, which imply AVX-512F.
            unsafe {
                x86::block_vbmi(block, families, passed);
            }
        }
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512Vbmi | Instructions::Avx512 | Instructions::Avx2 if is_x86_feature_detected!("avx2") => {
            #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
            // SAFETY: the machine has just been found to have AVX2, all that the function asks for.
            unsafe {
                x86::block_avx2(block, families, passed);
            }
        }
        _ => {
            for (family, passed) in families.iter().zip(passed) {
                *passed = std::array::from_fn(|word| few(block, word, family));
            }
        }
    }
}

/// Weighs 64 children for a family, and returns the bits of those whose weights stay within the limit.
///
/// # Panics
/// If the lanes are not of the weights' panel.
#[must_use]
pub fn weigh_few(instructions: Instructions, children: &Lanes, family: &Weighing<'_>) -> u64 {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512Vbmi if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi") => {
            #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
            // SAFETY: the machine has just been found to have AVX-512BW and VBMI, which imply AVX-512F.
            unsafe {
                x86::few_vbmi(children, family)
            }
        }
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512Vbmi | Instructions::Avx512 | Instructions::Avx2 if is_x86_feature_detected!("avx2") => {
            #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
            // SAFETY: the machine has just been found to have AVX2, all that the function asks for.
            unsafe {
                x86::few_avx2(children, 0, family)
            }
        }
        _ => few(children, 0, family),
    }
}

fn few(lanes: &Lanes, word: usize, family: &Weighing<'_>) -> u64 {
    let mut sums = [family.start; LANE];
    for (locus, table) in family.loci() {
        for (sum, &class) in sums.iter_mut().zip(&lanes.at(locus, word).0) {
            *sum = sum.saturating_add(table.0[usize::from(class) % CLASSES]);
        }
    }
    sums.iter().rev().fold(0, |bits, &sum| bits << 1 | u64::from(sum <= LIMIT))
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use std::arch::x86_64::{
        __m128i, __m256i, __m512i, _mm256_adds_epu8, _mm256_blendv_epi8, _mm256_broadcastsi128_si256,
        _mm256_cmpeq_epi8, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_set1_epi8, _mm256_shuffle_epi8,
        _mm256_slli_epi16, _mm512_adds_epu8, _mm512_cmple_epu8_mask, _mm512_permutexvar_epi8, _mm512_set1_epi8,
    };

    use zerocopy::transmute;

    use super::{BLOCK, CLASSES, LANE, LIMIT, Lane, Lanes, Row, Weighing};

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn block_vbmi(block: &Lanes, families: &[Weighing<'_>], passed: &mut [Row]) {
        let limit = _mm512_set1_epi8(LIMIT.cast_signed());
        for (family, passed) in families.iter().zip(passed) {
            let mut sums = [_mm512_set1_epi8(family.start.cast_signed()); BLOCK / LANE];
            for (locus, table) in family.loci() {
                let table: __m512i = transmute!(*table);
                let lanes: &[Lane; BLOCK / LANE] = &block.of_locus(locus).as_chunks().0[0];
                for (sum, lane) in sums.iter_mut().zip(lanes) {
                    let classes: __m512i = transmute!(*lane);
                    *sum = _mm512_adds_epu8(*sum, _mm512_permutexvar_epi8(classes, table));
                }
            }
            *passed = sums.map(|sum| _mm512_cmple_epu8_mask(sum, limit));
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn few_vbmi(children: &Lanes, family: &Weighing<'_>) -> u64 {
        let mut sum = _mm512_set1_epi8(family.start.cast_signed());
        for (locus, table) in family.loci() {
            let (classes, table): (__m512i, __m512i) = (transmute!(*children.at(locus, 0)), transmute!(*table));
            sum = _mm512_adds_epu8(sum, _mm512_permutexvar_epi8(classes, table));
        }
        _mm512_cmple_epu8_mask(sum, _mm512_set1_epi8(LIMIT.cast_signed()))
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn block_avx2(block: &Lanes, families: &[Weighing<'_>], passed: &mut [Row]) {
        for (family, passed) in families.iter().zip(passed) {
            for (word, passed) in passed.iter_mut().enumerate() {
                *passed = few_avx2(block, word, family);
            }
        }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn few_avx2(lanes: &Lanes, word: usize, family: &Weighing<'_>) -> u64 {
        let limit = _mm256_set1_epi8(LIMIT.cast_signed());
        let mut sums = [_mm256_set1_epi8(family.start.cast_signed()); 2];
        for (locus, table) in family.loci() {
            let tables = tables(&table.0);
            let halves: [__m256i; 2] = transmute!(*lanes.at(locus, word));
            for (sum, classes) in sums.iter_mut().zip(halves) {
                *sum = _mm256_adds_epu8(*sum, look_up(tables, classes));
            }
        }
        let within = sums.map(|sum| {
            let mask = _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(sum, limit), sum));
            u64::from(mask.cast_unsigned())
        });
        within[0] | within[1] << 32
    }

    /// Returns values of 64 classes as tables of 16 each, the same in either half of a register.
    #[target_feature(enable = "avx2")]
    pub(in crate::screen) fn tables(values: &[u8; CLASSES]) -> [__m256i; 4] {
        let tables: [__m128i; 4] = transmute!(*values);
        tables.map(|table| _mm256_broadcastsi128_si256(table))
    }

    /// Returns the values of 32 classes.
    #[target_feature(enable = "avx2")]
    pub(in crate::screen) fn look_up(tables: [__m256i; 4], classes: __m256i) -> __m256i {
        // A shuffle uses the lowest four bits of a class; the next two bits, moved to the highest of the byte, choose
        // among the tables.
        let [a, b, c, d] = tables.map(|table| _mm256_shuffle_epi8(table, classes));
        let (fourth, fifth) = (_mm256_slli_epi16::<3>(classes), _mm256_slli_epi16::<2>(classes));
        _mm256_blendv_epi8(_mm256_blendv_epi8(a, b, fourth), _mm256_blendv_epi8(c, d, fourth), fifth)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::index::BLOCK;
    use crate::screen::classes::Packed;
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
            let pack = |classes: &[u8]| Packed(std::array::from_fn(|locus| *classes.get(locus).unwrap_or(&0)));
            let children: Vec<Packed> = classes.chunks_exact(LOCI).map(pack).collect();
            let (mut block, mut few) = (Lanes::of_block(1), Lanes::of_few(1));
            let borrowed: Vec<Weighing<'_>> = families.iter().map(Weights::weighing).collect();
            for instructions in Instructions::available() {
                let mut passed = vec![Row::default(); families.len()];
                block.turn(instructions, &children);
                weigh_block(instructions, &block, &borrowed, &mut passed);
                for (family, passed) in borrowed.iter().zip(&passed) {
                    for (children, &passed) in children.chunks_exact(LANE).zip(passed) {
                        few.turn(instructions, children);
                        prop_assert_eq!(weigh_few(instructions, &few, family), passed);
                    }
                }
                for (family, passed) in borrowed.iter().zip(&passed) {
                    for child in 0..BLOCK {
                        let weight = |(locus, table): (usize, &Table)| {
                            u32::from(table.0[usize::from(classes[child * LOCI + locus])])
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
