//! Computes how many loci a child may miss, and how many children pass with that number.

use std::cmp::Ordering;

/// The largest number of misses that the kernel's counter of four bits can distinguish from one more.
pub(super) const MOST_MISSES: usize = 15;

/// Tolerance for the rounding of sums of at most 64 values below 10^3, with a large margin.
pub(super) const SLACK: f64 = 1e-6;

/// Reports whether a bound may reach a threshold. A bound that is not a number, like infinity minus infinity, excludes
/// nothing, so the result is `true`.
pub(crate) fn may_reach(bound: f64, threshold: f64) -> bool {
    bound.partial_cmp(&threshold) != Some(Ordering::Less)
}

/// Returns the largest number m of misses with which `best - (the m smallest drops)` still reaches the threshold;
/// `None` if not even m = 0 does. `drops` must be in rising order and not negative.
pub(super) fn misses_allowed(best: f64, drops: &[f64], threshold: f64) -> Option<usize> {
    if !may_reach(best, threshold) {
        return None;
    }
    let mut left = best;
    let fits = |drop: &&f64| {
        left -= **drop;
        may_reach(left, threshold)
    };
    Some(drops.iter().take_while(fits).count())
}

/// Computes the probability that a child misses at most `allowed` loci, given the probability of a miss at each.
pub(super) fn passes(allowed: usize, misses: impl Iterator<Item = f64>) -> f64 {
    // By number of misses; a child with more than are allowed is dropped.
    let mut shares = [0.0; MOST_MISSES + 1];
    let shares = &mut shares[..=allowed.min(MOST_MISSES)];
    shares[0] = 1.0;
    for miss in misses {
        for m in (1..shares.len()).rev() {
            shares[m] = shares[m] * (1.0 - miss) + shares[m - 1] * miss;
        }
        shares[0] *= 1.0 - miss;
    }
    shares.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misses_are_counted_against_the_smallest_drops() {
        let drops = [1.0, 2.0, 4.0];
        assert_eq!(misses_allowed(10.0, &drops, 10.0), Some(0));
        assert_eq!(misses_allowed(10.0, &drops, 9.0), Some(1));
        assert_eq!(misses_allowed(10.0, &drops, 3.1), Some(2));
        assert_eq!(misses_allowed(10.0, &drops, 3.0), Some(3));
        assert_eq!(misses_allowed(10.0, &drops, -5.0), Some(3));
        assert_eq!(misses_allowed(10.0, &drops, 10.1), None);
        assert_eq!(misses_allowed(10.0, &[f64::INFINITY; 3], 1.0), Some(0));
        // Values that are not finite are within reach.
        assert_eq!(misses_allowed(10.0, &[f64::INFINITY; 3], f64::NEG_INFINITY), Some(3));
        assert_eq!(misses_allowed(f64::INFINITY, &[f64::INFINITY; 3], 1.0), Some(3));
        assert_eq!(misses_allowed(f64::NAN, &drops, 1.0), Some(3));
    }

    #[test]
    fn shares_add_up() {
        let halves = || [0.5; 4].into_iter();
        assert!((passes(1, halves()) - 5.0 / 16.0).abs() < 1e-15);
        assert!((passes(9, halves()) - 1.0).abs() < 1e-15);
        assert!((passes(0, [0.5, 0.25].into_iter()) - 0.375).abs() < 1e-15);
    }
}
