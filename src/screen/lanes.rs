//! Turns children's classes, which are stored child by child, so that those of one locus lie together in a register.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::classes::{PACK, Packed};
use super::instructions::Instructions;
use crate::index::BLOCK;

/// Number of children of a lane.
pub(super) const LANE: usize = 64;

/// Classes of genotypes of 64 children at one locus; its size is that of a cache line.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(64))]
pub(super) struct Lane(pub(super) [u8; LANE]);

/// Children arranged for weighing: per locus, `words` lanes of 64 children each.
#[derive(Clone, Debug)]
pub struct Lanes {
    words: usize,
    lanes: Vec<Lane>,
}

impl Lanes {
    /// Returns lanes for the children of a block; `packs` is [`Classes::packs`](super::Classes::packs).
    #[must_use]
    pub fn of_block(packs: usize) -> Self {
        Self::new(BLOCK / LANE, packs)
    }

    /// Returns lanes for 64 children.
    #[must_use]
    pub fn of_few(packs: usize) -> Self {
        Self::new(1, packs)
    }

    fn new(words: usize, packs: usize) -> Self {
        Self { words, lanes: vec![Lane([0; LANE]); words * packs * PACK] }
    }

    /// Returns the lane of these 64 children at a locus.
    ///
    /// # Panics
    /// If there is no such locus or word.
    #[inline(always)]
    pub(super) fn at(&self, locus: usize, word: usize) -> &Lane {
        &self.lanes[locus * self.words + word]
    }

    /// Returns the lanes of a locus.
    ///
    /// # Panics
    /// If there is no such locus.
    #[inline(always)]
    pub(super) fn of_locus(&self, locus: usize) -> &[Lane] {
        &self.lanes[locus * self.words..(locus + 1) * self.words]
    }

    /// Returns the lanes of a locus.
    ///
    /// # Panics
    /// If there is no such locus.
    pub(super) fn of_locus_mut(&mut self, locus: usize) -> &mut [Lane] {
        &mut self.lanes[locus * self.words..(locus + 1) * self.words]
    }

    /// Fills the lanes with all these children, which [`Classes::arrange`](super::Classes::arrange) arranged.
    ///
    /// # Panics
    /// If there are fewer children than the lanes hold.
    pub fn turn(&mut self, instructions: Instructions, children: &[Packed]) {
        let packs = self.packs();
        self.turn_each(instructions, |child, pack| &children[child * packs + pack]);
    }

    /// Fills the lanes with the children of these numbers; a number that is missing counts as 0.
    ///
    /// # Panics
    /// If there is no child of a number.
    pub fn turn_some(&mut self, instructions: Instructions, children: &[Packed], numbers: &[u32]) {
        let mut whole = [0; LANE];
        let numbers = numbers.first_chunk().unwrap_or_else(|| {
            whole[..numbers.len()].copy_from_slice(numbers);
            &whole
        });
        match self.packs() {
            // Most panels have at most 32 loci.
            1 => self.turn_each(instructions, |child, _| &children[numbers[child % LANE] as usize]),
            packs => {
                self.turn_each(instructions, |child, pack| &children[numbers[child % LANE] as usize * packs + pack]);
            }
        }
    }

    fn packs(&self) -> usize {
        self.lanes.len() / (self.words * PACK)
    }

    #[inline(always)]
    fn turn_each<'p>(&mut self, instructions: Instructions, children: impl Fn(usize, usize) -> &'p Packed) {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512Vbmi | Instructions::Avx512 | Instructions::Avx2
                if is_x86_feature_detected!("avx2") =>
            {
                #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
                // SAFETY: the machine has just been found to have AVX2, all that the function asks for.
                unsafe {
                    x86::turn_avx2(self, children);
                }
            }
            _ => self.turn_bytes(children),
        }
    }

    fn turn_bytes<'p>(&mut self, children: impl Fn(usize, usize) -> &'p Packed) {
        for child in 0..self.words * LANE {
            for pack in 0..self.packs() {
                for (locus, &class) in children(child, pack).0.iter().enumerate() {
                    self.lanes[(pack * PACK + locus) * self.words + child / LANE].0[child % LANE] = class;
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256i, _mm256_setzero_si256, _mm256_unpackhi_epi8, _mm256_unpacklo_epi8};

    use zerocopy::transmute;

    use super::{Lanes, PACK, Packed};

    /// Number of bytes of half a register, and of children and loci that are turned together in each half.
    const HALF: usize = 16;

    /// Number of children that are turned together.
    const WHOLE: usize = 2 * HALF;

    #[target_feature(enable = "avx2")]
    pub(super) fn turn_avx2<'p>(lanes: &mut Lanes, children: impl Fn(usize, usize) -> &'p Packed) {
        let packs = lanes.packs();
        for part in 0..2 * lanes.words {
            for pack in 0..packs {
                let turned = turn_pack(&std::array::from_fn(|child| children(part * WHOLE + child, pack)));
                let lanes = lanes.lanes[pack * PACK * lanes.words..].chunks_exact_mut(lanes.words);
                for (lanes, classes) in lanes.zip(&turned) {
                    lanes[part / 2].0.as_chunks_mut().0[part % 2] = *classes;
                }
            }
        }
    }

    /// Returns, per locus, the classes of these children.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn turn_pack(children: &[&Packed; WHOLE]) -> [[u8; WHOLE]; PACK] {
        let mut turned = [[0; WHOLE]; PACK];
        for side in 0..PACK / HALF {
            let mut rows = [_mm256_setzero_si256(); HALF];
            for i in 0..HALF {
                let first: [u8; HALF] = children[i].0.as_chunks().0[side];
                let other: [u8; HALF] = children[i + HALF].0.as_chunks().0[side];
                rows[i] = transmute!([first, other]);
            }
            let rows = turn(rows);
            for i in 0..HALF {
                turned[side * HALF + i] = transmute!(rows[i]);
            }
        }
        turned
    }

    /// Turns 16 rows of 16 bytes into columns, in either half of the registers. Each step interleaves rows that are
    /// eight apart: it moves the highest bit of a byte's row number to the lowest of its place in the row. After four
    /// steps, row and place have changed places.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn turn(mut rows: [__m256i; HALF]) -> [__m256i; HALF] {
        for _ in 0..4 {
            let mut next = [_mm256_setzero_si256(); HALF];
            for i in 0..HALF / 2 {
                next[2 * i] = _mm256_unpacklo_epi8(rows[i], rows[i + HALF / 2]);
                next[2 * i + 1] = _mm256_unpackhi_epi8(rows[i], rows[i + HALF / 2]);
            }
            rows = next;
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_turning_gives_the_same() {
        for (words, packs) in [(1, 1), (8, 1), (1, 2), (8, 2)] {
            let byte = |i: usize| (i.wrapping_mul(2_654_435_761) >> 7) as u8;
            let children: Vec<Packed> =
                (0..words * LANE * packs).map(|pack| Packed(std::array::from_fn(|i| byte(pack * PACK + i)))).collect();
            for instructions in Instructions::available() {
                let mut lanes = Lanes::new(words, packs);
                lanes.turn(instructions, &children);
                for child in 0..words * LANE {
                    for locus in 0..packs * PACK {
                        let class = children[child * packs + locus / PACK].0[locus % PACK];
                        assert_eq!(lanes.at(locus, child / LANE).0[child % LANE], class, "{instructions:?}");
                    }
                }
            }
        }
    }
}
