//! Counts misses, bit-sliced, for 512 children at a time. This is the counting kernel.
//!
//! First the kernel computes the sets that the families request, once for all families. Then, family by family, a tree
//! of full adders adds eight sets at a time into a counter of four bits per child, held in four rows. The counter
//! starts at 15 - k, so a carry out of the fourth bit means "more than k misses", permanently. All arithmetic is on
//! bits, so nothing overflows.

use crate::index::Row;

use super::instructions::Instructions;
use super::screens::{Counter, GROUP, SET, Screens, Unit, WORDS};

/// Screens one block for all parts, one after the other. Sets, per row that was asked for, the bits of the children who
/// miss no more sets of alleles than are allowed there. The first row of the block is the mask of the children who take part; every
/// child of the block is untyped at `untyped` or more loci.
///
/// # Panics
/// If a plan refers to a row that the block does not have, or if `passed` is shorter than the number of rows.
pub fn screen_block(
    instructions: Instructions,
    block: &[Row],
    untyped: usize,
    parts: &mut [Screens<'_>],
    mut passed: &mut [Row],
) {
    for screens in parts {
        let (these, rest) = passed.split_at_mut(screens.rows());
        passed = rest;
        screen_part(instructions, block, untyped, screens, these);
    }
}

fn screen_part(
    instructions: Instructions,
    block: &[Row],
    untyped: usize,
    screens: &mut Screens<'_>,
    passed: &mut [Row],
) {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512Vbmi | Instructions::Avx512 if is_x86_feature_detected!("avx512f") => {
            #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
            // SAFETY: the machine has just been found to have AVX-512F, all that the function asks for.
            unsafe {
                run_avx512(block, untyped, screens, passed);
            }
        }
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512Vbmi | Instructions::Avx512 | Instructions::Avx2 if is_x86_feature_detected!("avx2") => {
            #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
            // SAFETY: the machine has just been found to have AVX2, all that the function asks for.
            unsafe {
                run_avx2(block, untyped, screens, passed);
            }
        }
        _ => run::<2>(block, untyped, screens, passed),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn run_avx512(block: &[Row], untyped: usize, screens: &mut Screens<'_>, passed: &mut [Row]) {
    run::<8>(block, untyped, screens, passed);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2(block: &[Row], untyped: usize, screens: &mut Screens<'_>, passed: &mut [Row]) {
    run::<4>(block, untyped, screens, passed);
}

/// One bit for each of some children, as many as a register holds.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Bits<const W: usize>([u64; W]);

impl<const W: usize> Bits<W> {
    const NONE: Self = Self([0; W]);
    const ALL: Self = Self([!0; W]);

    #[inline(always)]
    fn of(set: bool) -> Self {
        if set { Self::ALL } else { Self::NONE }
    }

    #[inline(always)]
    fn each(self, other: Self, operation: impl Fn(u64, u64) -> u64) -> Self {
        Self(std::array::from_fn(|i| operation(self.0[i], other.0[i])))
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.each(other, |a, b| a & b)
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.each(other, |a, b| a | b)
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.each(other, |a, b| a ^ b)
    }

    #[inline(always)]
    fn without(self, other: Self) -> Self {
        self.each(other, |a, b| a & !b)
    }
}

#[inline(always)]
fn run<const W: usize>(block: &[Row], untyped: usize, screens: &mut Screens<'_>, passed: &mut [Row]) {
    screens.turn_to(untyped);
    let Screens { units, found, sets, rows, misses, .. } = screens;
    let Some((found, _)) = found.split_first_chunk_mut::<WORDS>() else { return };
    let mut rows = rows.as_slice();
    for (&set, found) in sets.iter().zip(found.as_chunks_mut().0).skip(1) {
        let (these, rest) = rows.split_at(usize::from(set));
        rows = rest;
        let carriers = these.iter().fold(Bits::NONE, |carriers, &row| carriers.or(Bits(block[usize::from(row)])));
        *found = Bits::ALL.without(carriers).0;
    }
    let found: &[u64; WORDS] = found;
    let mut misses = misses.as_slice();
    let mut next = |counter: &Counter<'_>| {
        let these;
        (these, misses) = misses.split_at(counter.misses);
        these
    };
    let mut rest = passed;
    for unit in units {
        let these;
        match unit {
            Unit::Alone(counter) => {
                (these, rest) = rest.split_at_mut(1);
                let misses = next(counter);
                match counter.start {
                    None => these[0] = Row::default(),
                    Some(start) => fill(&mut these[0], |part| within(count::<W>(found, part, misses, start).over)),
                }
            }
            Unit::Together(counters, joint) => {
                (these, rest) = rest.split_at_mut(2 + joint.len());
                let [first, second] = counters;
                let misses = [next(first), next(second)];
                let (own, both) = these.split_at_mut(2);
                for part in 0..SET / W {
                    // Without a start nobody passes, whatever is counted.
                    let a = count::<W>(found, part, misses[0], first.start.unwrap_or(0));
                    let b = count::<W>(found, part, misses[1], second.start.unwrap_or(0));
                    set_part(&mut own[0], part, within(a.over.or(at_least(&a.bits, first.too_many))));
                    set_part(&mut own[1], part, within(b.over.or(at_least(&b.bits, second.too_many))));
                    let (sum, over) = (add(&a.bits, &b.bits), a.over.or(b.over));
                    for (joint, passed) in joint.iter().zip(both.iter_mut()) {
                        set_part(passed, part, within(over.or(at_least(&sum, joint.too_many))));
                    }
                }
            }
        }
        for passed in these {
            passed.iter_mut().zip(&block[0]).for_each(|(passed, taking_part)| *passed &= taking_part);
        }
    }
}

/// Sets a part of a row.
#[inline(always)]
fn set_part<const W: usize>(row: &mut Row, part: usize, bits: Bits<W>) {
    row.as_chunks_mut::<W>().0[part] = bits.0;
}

/// Calls `survivors` for each part of a block, as many children at a time as registers hold.
#[inline(always)]
fn fill<const W: usize>(passed: &mut Row, mut survivors: impl FnMut(usize) -> Bits<W>) {
    passed.as_chunks_mut::<W>().0.iter_mut().enumerate().for_each(|(part, passed)| *passed = survivors(part).0);
}

/// Returns the set with this number; every number is in range.
#[inline(always)]
fn set(found: &[u64; WORDS], number: u16) -> &Row {
    let start = usize::from(number);
    &found[start..start + SET].as_chunks().0[0]
}

/// Adds three bits per child: returns the sum and the carry.
#[inline(always)]
fn full_add<const W: usize>(a: Bits<W>, b: Bits<W>, c: Bits<W>) -> (Bits<W>, Bits<W>) {
    let either = a.xor(b);
    (either.xor(c), a.and(b).or(either.and(c)))
}

/// Adds eight bits, taken one by one, to the lowest three bits of a counter; returns the carry, which counts eight.
#[inline(always)]
fn add_group<const W: usize>([ones, twos, fours]: &mut [Bits<W>; 3], take: impl Fn(usize) -> Bits<W>) -> Bits<W> {
    let mut carried = [Bits::NONE; 2];
    for (half, carried) in carried.iter_mut().enumerate() {
        let (first, second);
        (*ones, first) = full_add(*ones, take(4 * half), take(4 * half + 1));
        (*ones, second) = full_add(*ones, take(4 * half + 2), take(4 * half + 3));
        (*twos, *carried) = full_add(*twos, first, second);
    }
    let carry;
    (*fours, carry) = full_add(*fours, carried[0], carried[1]);
    carry
}

/// A counter of four bits per child, lowest bit first, and the children whose counters overflowed.
struct Count<const W: usize> {
    bits: [Bits<W>; 4],
    over: Bits<W>,
}

/// Counts the misses of a part of a block, given the first value of the counter and the numbers of the sets of those who
/// miss. It counts all sets, because the processor cannot predict after how many nobody is left, and a misprediction
/// costs as much as a group of them.
#[inline(always)]
fn count<const W: usize>(found: &[u64; WORDS], part: usize, misses: &[u16], start: u8) -> Count<W> {
    let bit = |number: usize| Bits::of(start >> number & 1 == 1);
    let (mut low, mut eights, mut over) = ([bit(0), bit(1), bit(2)], bit(3), Bits::NONE);
    for misses in misses.as_chunks::<GROUP>().0 {
        let carry = add_group(&mut low, |i| Bits(set(found, misses[i]).as_chunks::<W>().0[part]));
        over = over.or(eights.and(carry));
        eights = eights.xor(carry);
    }
    Count { bits: [low[0], low[1], low[2], eights], over }
}

/// Adds two counters.
#[inline(always)]
fn add<const W: usize>(a: &[Bits<W>; 4], b: &[Bits<W>; 4]) -> [Bits<W>; 5] {
    let mut carry = Bits::NONE;
    let mut sum = [Bits::NONE; 5];
    for i in 0..4 {
        (sum[i], carry) = full_add(a[i], b[i], carry);
    }
    sum[4] = carry;
    sum
}

/// Returns the children whose counters did not overflow.
#[inline(always)]
fn within<const W: usize>(over: Bits<W>) -> Bits<W> {
    Bits::ALL.without(over)
}

/// Returns the children whose counters are at least `least`. It has no branches, because families differ and the
/// processor would mispredict them.
#[inline(always)]
fn at_least<const BITS: usize, const W: usize>(counter: &[Bits<W>; BITS], least: u8) -> Bits<W> {
    // From the lowest bit up: a higher bit decides unless it equals that of `least`.
    let decide = |reached: Bits<W>, (i, &bit): (usize, &Bits<W>)| {
        let low = Bits::of(least >> i & 1 == 0);
        reached.and(bit).or(low.and(reached.or(bit)))
    };
    let reached = counter.iter().enumerate().fold(Bits::ALL, decide);
    reached.without(Bits::of(usize::from(least) >> BITS > 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::index::BLOCK;
    use crate::screen::locus::{AlleleSet, positions};
    use crate::screen::plan::{Both, Counted, Screen};
    use crate::screen::screens::Asked;

    const ALLELES: usize = 12;
    /// The mask of the children who take part, and three loci.
    const ROWS: usize = 1 + 3 * (1 + ALLELES);

    fn screens() -> impl Strategy<Value = Screen> {
        let set = (0..3_u16, 0..(1 as AlleleSet) << ALLELES).prop_map(|(locus, alleles)| Counted {
            first_row: 1 + locus * (1 + ALLELES as u16),
            alleles,
            misses: 0.0,
        });
        (prop::collection::vec(set, 1..50), 0..=Screen::MOST_MISSES)
            .prop_map(|(sets, allowed)| Screen::of_parts(sets, vec![allowed]))
    }

    fn is_set(block: &[Row], row: u16, child: usize) -> bool {
        block[usize::from(row)][child / 64] >> (child % 64) & 1 == 1
    }

    /// Counts the misses of a child with ordinary numbers.
    fn misses(block: &[Row], screen: &Screen, child: usize) -> usize {
        let misses = |set: &&Counted| {
            let carries = |allele: usize| is_set(block, set.first_row + 1 + allele as u16, child);
            !is_set(block, set.first_row, child) && !positions(set.alleles).any(carries)
        };
        screen.sets.iter().filter(misses).count()
    }

    proptest! {
        #[test]
        fn every_kernel_counts_as_one_would_by_hand(
            screens in prop::collection::vec(screens(), 3),
            together in prop::collection::vec(0..=Screen::MOST_MISSES, 0..3),
            words in prop::collection::vec(any::<u64>(), ROWS * 8),
            sparse in any::<bool>(),
        ) {
            let row = |words: &[u64]| -> Row {
                std::array::from_fn(|i| if sparse { words[i] & words[(i + 3) % 8] } else { words[i] | words[(i + 3) % 8] })
            };
            let block: Vec<Row> = words.chunks_exact(8).map(row).collect();
            let both: Vec<Both> = together.iter().map(|&allowed| Both::of_parts(vec![allowed])).collect();
            let asked = [Asked::Together([&screens[0], &screens[1]], both.iter().collect()), Asked::Alone(&screens[2])];
            let mut parts = Screens::new(&asked);
            prop_assert_eq!(parts.len(), 1);
            for instructions in Instructions::available() {
                let mut passed = vec![Row::default(); parts[0].rows()];
                screen_block(instructions, &block, 0, &mut parts, &mut passed);
                for child in 0..BLOCK {
                    let counts: Vec<usize> = screens.iter().map(|screen| misses(&block, screen, child)).collect();
                    let own = |i: usize| screens[i].misses_allowed(0).is_some_and(|allowed| counts[i] <= allowed);
                    let both = together.iter().map(|&allowed| counts[0] + counts[1] <= allowed);
                    let expected = [own(0), own(1)].into_iter().chain(both).chain([own(2)]);
                    for (passed, expected) in passed.iter().zip(expected) {
                        let passes = passed[child / 64] >> (child % 64) & 1 == 1;
                        prop_assert_eq!(passes, expected && is_set(&block, 0, child), "{:?} {}", instructions, child);
                    }
                }
                screen_block(instructions, &block, 1, &mut parts, &mut passed);
                prop_assert!(passed.iter().all(|row| *row == Row::default()), "nobody so untyped is allowed");
            }
        }
    }
}
