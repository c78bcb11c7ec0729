//! Computes log10 of many numbers at once, with the bits that `libm::log10` gives for each.
//!
//! A table has a hundred logarithms or more, and one after the other they took a quarter of the time of compiling a
//! family. The steps and constants are those of FreeBSD's `e_log10.c` by Sun Microsystems, which `libm` follows, in a
//! form without branches, so that a processor takes several numbers together:
//!
//! `x = 2^k m` with `m` in `[sqrt(2)/2, sqrt(2)]`; with `f = m - 1` and `s = f / (2 + f)`,
//! `log(m) = f - f^2/2 + s (f^2/2 + R(s^2))`, and `log10(x) = (log(m) + k log(2)) / log(10)`, in two parts each.

/// Number of values that are computed together.
const TOGETHER: usize = 8;

/// 1 / log(10) in two parts.
const INVERSE_LN_10: [f64; 2] = [f64::from_bits(0x3fdb_cb7b_1520_0000), f64::from_bits(0x3dbb_9438_ca9a_add5)];

/// log10(2) in two parts.
const LOG10_2: [f64; 2] = [f64::from_bits(0x3fd3_4413_509f_6000), f64::from_bits(0x3d59_fef3_11f1_2b36)];

/// Coefficients of R at even and odd powers of `s^2`.
const EVEN: [f64; 3] = [
    f64::from_bits(0x3fd9_9999_9997_fa04),
    f64::from_bits(0x3fcc_71c5_1d8e_78af),
    f64::from_bits(0x3fc3_9a09_d078_c69f),
];
const ODD: [f64; 4] = [
    f64::from_bits(0x3fe5_5555_5555_5593),
    f64::from_bits(0x3fd2_4924_9422_9359),
    f64::from_bits(0x3fc7_4664_96cb_03de),
    f64::from_bits(0x3fc2_f112_df3e_5244),
];

/// Upper half of the bits of 1, and of sqrt(2)/2.
const ONE: u64 = 0x3ff0_0000;
const ROOT: u64 = 0x3fe6_a09e;

/// Replaces each value by its log10.
pub(super) fn log10_all(values: &mut [f64]) {
    let (whole, rest) = values.as_chunks_mut::<TOGETHER>();
    for values in whole {
        // Without a branch after each value.
        let is_normal = |all: bool, value: &f64| all & (*value >= f64::MIN_POSITIVE) & (*value < f64::INFINITY);
        if values.iter().fold(true, is_normal) {
            values.iter_mut().for_each(|value| *value = of_normal(*value));
        } else {
            values.iter_mut().for_each(|value| *value = libm::log10(*value));
        }
    }
    rest.iter_mut().for_each(|value| *value = libm::log10(*value));
}

/// Computes log10 of a positive number that is neither subnormal nor infinite.
#[inline(always)]
fn of_normal(x: f64) -> f64 {
    // Sums that cannot overflow, without the check that would take the numbers one by one.
    let bits = x.to_bits().wrapping_add((ONE - ROOT) << 32);
    // The exponent as a number: below 2^52 the last bits of a number from 2^52 up are its units.
    let k = f64::from_bits(0x4330_0000_0000_0000 | bits >> 52) - (4_503_599_627_370_496.0 + 1023.0);
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(ROOT << 32));
    let f = m - 1.0;
    let half = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (EVEN[0] + w * (EVEN[1] + w * EVEN[2]));
    let odd = z * (ODD[0] + w * (ODD[1] + w * (ODD[2] + w * ODD[3])));
    let r = odd + even;
    let high = f64::from_bits((f - half).to_bits() & 0xffff_ffff_0000_0000);
    let low = f - high - half + s * (half + r);
    let value = high * INVERSE_LN_10[0];
    let y = k * LOG10_2[0];
    let rest = k * LOG10_2[1] + (low + high) * INVERSE_LN_10[1] + low * INVERSE_LN_10[0];
    let sum = y + value;
    rest + ((y - sum) + value) + sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_value_has_the_bits_of_libm(
            bits in prop::collection::vec(any::<u64>(), 0..40),
            usual in prop::collection::vec(1e-30..1e30, 0..40_usize),
            near in prop::collection::vec(0.5..2.0, 0..40_usize),
        ) {
            let special = [0.0, -0.0, 1.0, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, 5e-324, 10.0, 0.1, 1e22, 2.0, 0.5];
            let any = bits.iter().map(|&bits| f64::from_bits(bits));
            for mut values in [any.collect(), usual, near, special.to_vec(), vec![1.0; 8], vec![f64::MIN_POSITIVE; 8], vec![f64::MAX; 8]] {
                let expected: Vec<u64> = values.iter().map(|&value| libm::log10(value).to_bits()).collect();
                log10_all(&mut values);
                for (value, expected) in values.iter().zip(expected) {
                    prop_assert!(value.to_bits() == expected || value.is_nan() && f64::from_bits(expected).is_nan());
                }
            }
        }
    }
}
