//! How many loci a child may miss, and how many children that lets through.

/// The largest number m of misses with which `best - (the m smallest drops)` still reaches the threshold; `None` if
/// not even m = 0 does. `drops` are rising and not negative.
pub(super) fn misses_allowed(best: f64, drops: &[f64], threshold: f64) -> Option<usize> {
    if best < threshold {
        return None;
    }
    let mut left = best;
    let fits = |drop: &&f64| {
        left -= **drop;
        left >= threshold
    };
    Some(drops.iter().take_while(fits).count())
}

/// P(at most `most` of independent events happen), from each event's probability.
pub(super) fn at_most(most: usize, probabilities: impl Iterator<Item = f64>) -> f64 {
    let mut exactly = vec![0.0; most + 1];
    exactly[0] = 1.0;
    for p in probabilities {
        for m in (0..=most).rev() {
            let fewer = if m == 0 { 0.0 } else { exactly[m - 1] };
            exactly[m] = exactly[m] * (1.0 - p) + fewer * p;
        }
    }
    exactly.iter().sum()
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
    }

    #[test]
    fn poisson_binomial_tail() {
        let halves = || [0.5; 4].into_iter();
        assert!((at_most(1, halves()) - 5.0 / 16.0).abs() < 1e-15);
        assert!((at_most(9, halves()) - 1.0).abs() < 1e-15);
        assert!((at_most(0, [0.1, 0.9].into_iter()) - 0.09).abs() < 1e-15);
    }
}
