//! The kernel: bit-sliced counting of misses, 512 children at a time.
//!
//! A miss adds one to a counter of four bits per child, held in four rows. The counter starts at 15 - k, so its
//! carry out of the fourth bit says "more than k misses", for good. Where a plan counts strong matches, too, a second
//! counter of three bits stops at 7, and at the end the misses are held against what that many strong matches allow.
//! All arithmetic is on bits: nothing overflows.

use crate::index::Row;

use super::Screen;
use super::plan::Allowed;

/// The instruction set that the kernel runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// 512-bit vectors that can look bytes up.
    Avx512Vbmi,
    /// 512-bit vectors.
    Avx512,
    /// 256-bit vectors.
    Avx2,
    /// Whatever the compiler assumes of every machine of this kind (SSE2, NEON).
    Portable,
}

impl Instructions {
    /// The best that this machine has.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                let has_bytes = is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi");
                return if has_bytes { Self::Avx512Vbmi } else { Self::Avx512 };
            }
            if is_x86_feature_detected!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// All that this machine has, best first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let order = [Self::Avx512Vbmi, Self::Avx512, Self::Avx2, Self::Portable];
        let best = order.iter().position(|&i| i == Self::detect()).unwrap_or(0);
        order[best..].to_vec()
    }

    /// What it costs to weigh a child's genotypes, if counting its misses costs 1; measured by `cargo bench --bench kernel`.
    #[must_use]
    pub fn cost_of_weighing(self) -> f64 {
        match self {
            Self::Avx512Vbmi => 0.75,
            Self::Avx512 => 5.5,
            Self::Avx2 => 3.3,
            Self::Portable => 14.0,
        }
    }

    /// Whether counting ever is the quicker way.
    #[must_use]
    pub fn counts(self) -> bool {
        self.cost_of_weighing() > 1.0
    }

    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512Vbmi => "AVX-512 VBMI",
            Self::Avx512 => "AVX-512",
            Self::Avx2 => "AVX2",
            Self::Portable => "portable",
        }
    }
}

/// Screens one block for several families: sets, per family, the bits of the children who miss no more loci than
/// its plan allows. The first row of the block masks who takes part; every child of the block is untyped at
/// `untyped` loci at least.
///
/// # Panics
/// If a plan names a row that the block does not have, or `passed` is shorter than `screens`.
pub fn screen_block(
    instructions: Instructions,
    block: &[Row],
    untyped: usize,
    screens: &[&Screen],
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
        _ => run(block, untyped, screens, passed),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn run_avx512(block: &[Row], untyped: usize, screens: &[&Screen], passed: &mut [Row]) {
    run(block, untyped, screens, passed);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2(block: &[Row], untyped: usize, screens: &[&Screen], passed: &mut [Row]) {
    run(block, untyped, screens, passed);
}

#[inline(always)]
fn run(block: &[Row], untyped: usize, screens: &[&Screen], passed: &mut [Row]) {
    for (screen, passed) in screens.iter().zip(passed) {
        *passed = match screen.allowed.get(untyped) {
            None => NONE,
            Some(allowed) if screen.counts_strong => survivors::<true>(block, screen, allowed),
            Some(allowed) => survivors::<false>(block, screen, allowed),
        };
    }
}

const NONE: Row = [0; 8];
const ALL: Row = [!0; 8];

#[inline(always)]
fn each(a: Row, b: Row, operation: impl Fn(u64, u64) -> u64) -> Row {
    std::array::from_fn(|i| operation(a[i], b[i]))
}

/// Children of the block that carry an allele of the set.
#[inline(always)]
fn carriers(block: &[Row], rows: &[u16]) -> Row {
    let mut carriers = NONE;
    for &row in rows {
        carriers = each(carriers, block[usize::from(row)], |a, b| a | b);
    }
    carriers
}

/// Children that carry an allele of each of the two sets, the second of which may be left out.
#[inline(always)]
fn carriers_of_both<'a>(block: &[Row], rows: &'a [u16], sets: [u8; 2]) -> (Row, &'a [u16]) {
    let (first, rest) = rows.split_at(usize::from(sets[0]));
    let (second, rest) = rest.split_at(usize::from(sets[1]));
    let mut both = carriers(block, first);
    if !second.is_empty() {
        both = each(both, carriers(block, second), |a, b| a & b);
    }
    (both, rest)
}

/// Adds one where the bit is set, and gives the carry.
#[inline(always)]
fn add<const BITS: usize>(counter: &mut [Row; BITS], mut carry: Row) -> Row {
    for bit in counter {
        let next = each(*bit, carry, |a, b| a & b);
        *bit = each(*bit, carry, |a, b| a ^ b);
        carry = next;
    }
    carry
}

/// Where a counter is at least `least`.
#[inline(always)]
fn at_least<const BITS: usize>(counter: &[Row; BITS], least: usize) -> Row {
    // From the lowest bit up: a higher bit decides unless it equals that of `least`.
    let mut reached = ALL;
    for (i, &bit) in counter.iter().enumerate() {
        reached = if least >> i & 1 == 1 {
            each(reached, bit, |reached, bit| reached & bit)
        } else {
            each(reached, bit, |reached, bit| reached | bit)
        };
    }
    reached
}

#[inline(always)]
fn survivors<const COUNTS_STRONG: bool>(block: &[Row], screen: &Screen, allowed: &Allowed) -> Row {
    let most = allowed.most();
    let start = Screen::MOST_MISSES - most;
    let mut misses: [Row; 4] = std::array::from_fn(|bit| if start >> bit & 1 == 1 { ALL } else { NONE });
    let mut over = NONE;
    let mut strong = [NONE; 3];
    let mut rows = screen.rows.as_slice();
    for (done, sets) in screen.sets.iter().enumerate() {
        let Some((&untyped, rest)) = rows.split_first() else { break };
        let (carrying, rest) = carriers_of_both(block, rest, sets.tolerated);
        rows = rest;
        let tolerated = each(carrying, block[usize::from(untyped)], |a, b| a | b);
        if COUNTS_STRONG {
            let (matching, rest) = carriers_of_both(block, rows, sets.strong);
            rows = rest;
            let saturated = add(&mut strong, each(matching, carrying, |a, b| a & b));
            strong = strong.map(|bit| each(bit, saturated, |a, b| a | b));
        }
        let carry = add(&mut misses, each(tolerated, tolerated, |a, _| !a));
        over = each(over, carry, |a, b| a | b);
        if done >= most && over.iter().fold(!0, |all, word| all & word) == !0 {
            return NONE;
        }
    }
    let within = each(block[0], over, |regular, over| regular & !over);
    if COUNTS_STRONG { each(within, climb(&misses, &strong, allowed, start), |a, b| a & b) } else { within }
}

/// Where misses are allowed for the number of strong matches. `start` is what the counter of misses began with.
#[inline(always)]
fn climb(misses: &[Row; 4], strong: &[Row; 3], allowed: &Allowed, start: usize) -> Row {
    let mut passed = NONE;
    let mut before = None;
    for (least, &step) in allowed.misses.iter().enumerate() {
        // Stairs rise: who has more strong matches may miss as many loci at least.
        if let Some(step) = step.filter(|_| step != before) {
            before = Some(step);
            let enough = at_least(strong, least);
            let too_many = if start + step < Screen::MOST_MISSES { at_least(misses, start + step + 1) } else { NONE };
            passed = std::array::from_fn(|i| passed[i] | (enough[i] & !too_many[i]));
        }
    }
    passed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::screen::bound::STRONG_CLASSES;
    use crate::screen::plan::Sets;

    const ROWS: usize = 40;

    fn screens() -> impl Strategy<Value = Screen> {
        let set = || prop::collection::vec(1..ROWS as u16, 0..4);
        let locus = (1..ROWS as u16, set(), set(), set(), set());
        let stairs = prop::collection::vec(prop::option::of(0..=Screen::MOST_MISSES), STRONG_CLASSES);
        (prop::collection::vec(locus, 1..24), any::<bool>(), stairs).prop_map(|(loci, counts_strong, mut stairs)| {
            stairs.sort();
            stairs[STRONG_CLASSES - 1].get_or_insert(0);
            if !counts_strong {
                let last = stairs[STRONG_CLASSES - 1];
                stairs.fill(last);
            }
            let (mut rows, mut sets) = (Vec::new(), Vec::new());
            for (untyped, a, b, c, d) in loci {
                rows.push(untyped);
                let strong: [&[u16]; 2] = if counts_strong { [&c, &d] } else { [&[], &[]] };
                let all: [&[u16]; 4] = [&a, &b, strong[0], strong[1]];
                all.iter().for_each(|set| rows.extend_from_slice(set));
                let [a, b, c, d] = all.map(|set| set.len() as u8);
                sets.push(Sets { tolerated: [a, b], strong: [c, d] });
            }
            let allowed = Allowed { misses: std::array::from_fn(|i| stairs[i]) };
            Screen::of_parts(rows, sets, counts_strong, vec![allowed])
        })
    }

    /// The same, child by child with ordinary numbers.
    fn naive(block: &[Row], screen: &Screen, child: usize) -> bool {
        let bit = |row: u16| block[usize::from(row)][child / 64] >> (child % 64) & 1 == 1;
        let mut rows = screen.rows.iter().copied();
        let (mut misses, mut strong) = (0, 0);
        for sets in &screen.sets {
            let untyped = rows.next().is_some_and(bit);
            let mut carries = |sets: [u8; 2]| {
                let set: Vec<bool> = rows.by_ref().take(sets[0].into()).map(bit).collect();
                let other: Vec<bool> = rows.by_ref().take(sets[1].into()).map(bit).collect();
                set.contains(&true) && (other.is_empty() || other.contains(&true))
            };
            let carrying = carries(sets.tolerated);
            let matching = carries(sets.strong);
            misses += usize::from(!carrying && !untyped);
            strong += usize::from(carrying && matching);
        }
        block[0][child / 64] >> (child % 64) & 1 == 1
            && screen.misses_allowed(0, strong).is_some_and(|allowed| misses <= allowed)
    }

    proptest! {
        #[test]
        fn every_kernel_counts_as_one_would_by_hand(
            screens in prop::collection::vec(screens(), 1..4),
            words in prop::collection::vec(any::<u64>(), ROWS * 8),
            sparse in any::<bool>(),
        ) {
            let row = |words: &[u64]| -> Row {
                std::array::from_fn(|i| if sparse { words[i] & words[(i + 3) % 8] } else { words[i] | words[(i + 3) % 8] })
            };
            let block: Vec<Row> = words.chunks_exact(8).map(row).collect();
            let borrowed: Vec<&Screen> = screens.iter().collect();
            for instructions in Instructions::available() {
                let mut passed = vec![NONE; screens.len()];
                screen_block(instructions, &block, 0, &borrowed, &mut passed);
                for (screen, passed) in screens.iter().zip(&passed) {
                    for child in 0..512 {
                        let ours = passed[child / 64] >> (child % 64) & 1 == 1;
                        prop_assert_eq!(ours, naive(&block, screen, child), "{:?} {}", instructions, child);
                    }
                }
                screen_block(instructions, &block, 1, &borrowed, &mut passed);
                prop_assert!(passed.iter().all(|row| *row == NONE), "nobody so untyped is allowed");
            }
        }
    }
}
