//! Compares the number of homozygous loci of a profile with the number expected from the frequencies.

use crate::population::LocusFrequencies;

/// A profile is reported if its number of homozygous loci, or a larger one, has a probability below this.
pub const TAIL: f64 = 1e-4;

/// Returns the probability that a person is homozygous at a locus.
pub(super) fn expected(locus: &LocusFrequencies, theta: f64) -> f64 {
    theta + (1.0 - theta) * locus.frequencies().iter().map(|p| p * p).sum::<f64>()
}

/// Computes the probability of `least` or more successes in independent trials with these probabilities, exactly, by
/// convolution.
pub(super) fn upper_tail(probabilities: &[f64], least: usize) -> f64 {
    if least == 0 {
        return 1.0;
    }
    if least > probabilities.len() {
        return 0.0;
    }
    // exactly[k]: probability of k successes so far; the last entry includes all numbers from `least` on.
    let mut exactly = vec![0.0; least + 1];
    exactly[0] = 1.0;
    for &p in probabilities {
        exactly[least] += exactly[least - 1] * p;
        for k in (1..least).rev() {
            exactly[k] = exactly[k] * (1.0 - p) + exactly[k - 1] * p;
        }
        exactly[0] *= 1.0 - p;
    }
    exactly[least]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sums over all outcomes.
    fn by_hand(probabilities: &[f64], least: usize) -> f64 {
        (0..1_u32 << probabilities.len())
            .filter(|outcome| outcome.count_ones() as usize >= least)
            .map(|outcome| {
                let each = probabilities.iter().enumerate();
                each.map(|(i, p)| if outcome >> i & 1 == 1 { *p } else { 1.0 - p }).product::<f64>()
            })
            .sum()
    }

    proptest! {
        #[test]
        fn tails_are_the_sum_over_all_outcomes(probabilities in prop::collection::vec(0.0..1.0, 0..10), least in 0usize..12) {
            let (found, expected) = (upper_tail(&probabilities, least), by_hand(&probabilities, least));
            prop_assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn equal_trials_are_binomial() {
        // 3 or more of 4 at 1/2: (4 + 1) / 16.
        assert_eq!(upper_tail(&[0.5; 4], 3), 5.0 / 16.0);
    }
}
