//! Computes how many loci a child may miss, and how many children pass with that number.

use std::cmp::Ordering;

/// The classes of a counter of strong matches: 0 to 6, and 7 or more.
pub(super) const STRONG_CLASSES: usize = 8;

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

/// Returns, per number of strong matches (the last class: 7 or more), the misses allowed to a child whose ordinary
/// matches have at most `ordinary` in total: each strong match may add one of the largest `surpluses`, which must be in
/// falling order.
pub(super) fn staircase(
    ordinary: f64,
    surpluses: &[f64],
    drops: &[f64],
    threshold: f64,
) -> [Option<usize>; STRONG_CLASSES] {
    std::array::from_fn(|strong| {
        let taken = if strong + 1 == STRONG_CLASSES { surpluses.len() } else { strong.min(surpluses.len()) };
        misses_allowed(ordinary + surpluses[..taken].iter().sum::<f64>(), drops, threshold)
    })
}

/// Computes the probability that a child passes the staircase, given for each locus the probabilities of a miss and of
/// a strong match. No allowed number of misses may exceed [`MOST_MISSES`].
pub(super) fn passes(staircase: &[Option<usize>; STRONG_CLASSES], loci: impl Iterator<Item = (f64, f64)>) -> f64 {
    let Some(&most) = staircase.iter().flatten().max() else { return 0.0 };
    if staircase.iter().all(|&allowed| allowed == Some(most)) {
        return few_misses(most, loci.map(|locus| locus.0));
    }
    // By strong matches and misses; a child with more misses than are ever allowed is dropped.
    let mut shares = [[0.0; MOST_MISSES + 1]; STRONG_CLASSES];
    shares[0][0] = 1.0;
    for (miss, strong) in loci {
        for s in (0..STRONG_CLASSES).rev() {
            let kept = if s + 1 == STRONG_CLASSES { 1.0 - miss } else { 1.0 - miss - strong };
            let (fewer, here) = shares.split_at_mut(s);
            let (fewer, here) = (fewer.last(), &mut here[0][..=most]);
            for m in (0..=most).rev() {
                let fewer_strong = fewer.map_or(0.0, |fewer| fewer[m] * strong);
                let fewer_misses = if m > 0 { here[m - 1] * miss } else { 0.0 };
                here[m] = here[m] * kept + fewer_strong + fewer_misses;
            }
        }
    }
    let allowed = |(shares, allowed): (&[f64; MOST_MISSES + 1], &Option<usize>)| {
        allowed.map_or(0.0, |allowed| shares[..=allowed].iter().sum())
    };
    shares.iter().zip(staircase).map(allowed).sum()
}

/// Computes the probability of at most this number of misses.
fn few_misses(most: usize, misses: impl Iterator<Item = f64>) -> f64 {
    let mut shares = [0.0; MOST_MISSES + 1];
    shares[0] = 1.0;
    for miss in misses {
        for m in (1..=most).rev() {
            shares[m] = shares[m] * (1.0 - miss) + shares[m - 1] * miss;
        }
        shares[0] *= 1.0 - miss;
    }
    shares[..=most].iter().sum()
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
    fn strong_matches_buy_misses() {
        let stairs = staircase(3.0, &[2.0, 1.0], &[1.0, 1.0, 1.0], 4.0);
        assert_eq!(stairs, [None, Some(1), Some(2), Some(2), Some(2), Some(2), Some(2), Some(2)]);
    }

    #[test]
    fn shares_add_up() {
        let halves = || [(0.5, 0.0); 4].into_iter();
        let flat = |allowed| [Some(allowed); STRONG_CLASSES];
        assert!((passes(&flat(1), halves()) - 5.0 / 16.0).abs() < 1e-15);
        assert!((passes(&flat(9), halves()) - 1.0).abs() < 1e-15);
        // The same, found by the general case: a staircase that is not level, and no strong matches.
        let mut almost = flat(1);
        almost[7] = Some(2);
        assert!((passes(&almost, halves()) - 5.0 / 16.0).abs() < 1e-15);
        // Ten loci with strong matches: every child is in the last class.
        let mut last = [None; STRONG_CLASSES];
        last[7] = Some(0);
        assert!((passes(&last, [(0.0, 1.0); 10].into_iter()) - 1.0).abs() < 1e-15);
        // One strong match of two loci, and no miss: 2 x 1/4 x 1/4.
        let mut one = [None; STRONG_CLASSES];
        one[1] = Some(0);
        assert!((passes(&one, [(0.5, 0.25); 2].into_iter()) - 0.125).abs() < 1e-15);
    }
}
