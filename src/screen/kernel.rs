//! The kernel: bit-sliced counting of misses, 512 children at a time.
//!
//! A miss adds one to a counter of four bits per child, held in four rows. The counter starts at 15 - k, so its
//! carry out of the fourth bit says "more than k misses", for good. All arithmetic is on bits: nothing overflows.

use crate::index::Row;

use super::Screen;

/// The instruction set that the kernel runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
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
                return Self::Avx512;
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
        let order = [Self::Avx512, Self::Avx2, Self::Portable];
        let best = order.iter().position(|&i| i == Self::detect()).unwrap_or(0);
        order[best..].to_vec()
    }

    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
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
        Instructions::Avx512 if is_x86_feature_detected!("avx512f") => {
            #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
            // SAFETY: the machine has just been found to have AVX-512F, all that the function asks for.
            unsafe {
                run_avx512(block, untyped, screens, passed);
            }
        }
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 | Instructions::Avx2 if is_x86_feature_detected!("avx2") => {
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
        *passed = match screen.misses.get(untyped) {
            Some(&misses) => survivors(block, screen, misses),
            None => [0; 8],
        };
    }
}

#[inline(always)]
fn each(a: Row, b: Row, operation: impl Fn(u64, u64) -> u64) -> Row {
    std::array::from_fn(|i| operation(a[i], b[i]))
}

/// Children of the block that carry an allele of the set.
#[inline(always)]
fn carriers(block: &[Row], rows: &[u16]) -> Row {
    let mut carriers = Row::default();
    for &row in rows {
        carriers = each(carriers, block[usize::from(row)], |a, b| a | b);
    }
    carriers
}

#[inline(always)]
fn survivors(block: &[Row], screen: &Screen, misses: usize) -> Row {
    let start = Screen::MOST_MISSES - misses;
    let mut counter: [Row; 4] = std::array::from_fn(|bit| if start >> bit & 1 == 1 { [!0; 8] } else { [0; 8] });
    let mut over = [0; 8];
    let mut rows = screen.rows.as_slice();
    for (done, &(first, second)) in screen.sets.iter().enumerate() {
        let (set, rest) = rows.split_at(usize::from(first));
        let (other, rest) = rest.split_at(usize::from(second));
        rows = rest;
        let mut tolerated = carriers(block, set);
        if !other.is_empty() {
            tolerated = each(tolerated, carriers(block, other), |a, b| a & b);
        }
        let mut carry = each(tolerated, tolerated, |a, _| !a);
        for bit in &mut counter {
            let next = each(*bit, carry, |a, b| a & b);
            *bit = each(*bit, carry, |a, b| a ^ b);
            carry = next;
        }
        over = each(over, carry, |a, b| a | b);
        if done >= misses && over.iter().fold(!0, |all, word| all & word) == !0 {
            return [0; 8];
        }
    }
    each(block[0], over, |regular, over| regular & !over)
}
