//! Measures of calibration: Cllr, its least value after isotonic calibration, and the empirical cross-entropy.
//!
//! Cllr (Brümmer & du Preez 2006) is the mean of log2(1 + 1/LR) over true pairs and of log2(1 + LR) over others, halved. 0 is
//! perfect, 1 says nothing. The part that remains after the pool-adjacent-violators algorithm is that of discrimination;
//! the rest is that of calibration. The empirical cross-entropy (Ramos & González-Rodríguez 2013) is the same for other
//! prior odds.

use serde::Serialize;

/// The empirical cross-entropy at one prior.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ece {
    /// log10 of the prior odds.
    pub log10_prior_odds: f64,
    /// The cross-entropy of these likelihood ratios, in bits.
    pub ece: f64,
    /// The cross-entropy without them: LR 1 for everybody.
    pub without: f64,
}

/// Candidates whose posterior lies in one range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// The lower end of the range, inclusive.
    pub from: f64,
    /// The upper end, exclusive; 1 is in the last range.
    pub to: f64,
    /// Number of candidates.
    pub candidates: u64,
    /// Mean of their posteriors; 0 without candidates.
    pub mean_posterior: f64,
    /// How many of them are true.
    pub true_candidates: u64,
}

/// log2(1 + 10^x), without overflow.
fn log2_1p_power(x: f64) -> f64 {
    if x > 15.0 { x / std::f64::consts::LOG10_2 } else { libm::log1p(libm::pow(10.0, x)) / std::f64::consts::LN_2 }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let many = values.len().max(1) as f64;
    values.sum::<f64>() / many
}

/// Computes Cllr from log10 LR of true pairs and of others.
#[must_use]
pub fn cllr(of_true: &[f64], of_others: &[f64]) -> f64 {
    f64::midpoint(
        mean(of_true.iter().map(|log10_lr| log2_1p_power(-log10_lr))),
        mean(of_others.iter().map(|log10_lr| log2_1p_power(*log10_lr))),
    )
}

/// Computes the least Cllr that a rising function of these likelihood ratios can have.
#[must_use]
pub fn cllr_min(of_true: &[f64], of_others: &[f64]) -> f64 {
    if of_true.is_empty() || of_others.is_empty() {
        return 0.0;
    }
    let weights = [0.5 / of_others.len() as f64, 0.5 / of_true.len() as f64];
    let mut all: Vec<(f64, bool)> = of_true.iter().map(|lr| (*lr, true)).collect();
    all.extend(of_others.iter().map(|lr| (*lr, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Blocks of equal fitted probability: the weights of true pairs and of others.
    let mut blocks: Vec<[f64; 2]> = Vec::new();
    for alike in all.chunk_by(|a, b| a.0 == b.0) {
        let weight =
            |is_true: bool| alike.iter().filter(|one| one.1 == is_true).count() as f64 * weights[usize::from(is_true)];
        let mut block = [weight(true), weight(false)];
        while let Some(last) = blocks.last().copied()
            && last[0] * block[1] >= block[0] * last[1]
        {
            block = [block[0] + last[0], block[1] + last[1]];
            blocks.pop();
        }
        blocks.push(block);
    }
    let bits = |of: f64, sum: f64| if of > 0.0 { -of * libm::log2(of / sum) } else { 0.0 };
    blocks.iter().map(|[yes, no]| bits(*yes, yes + no) + bits(*no, yes + no)).sum()
}

/// Computes the empirical cross-entropy for prior odds of 10^-3 to 10^3.
#[must_use]
pub fn ece(of_true: &[f64], of_others: &[f64]) -> Vec<Ece> {
    let at = |step: i32| {
        let log10_odds = f64::from(step) / 2.0;
        let prior = 1.0 / (1.0 + libm::pow(10.0, -log10_odds));
        let cross = |of_true: f64, of_others: f64| prior * of_true + (1.0 - prior) * of_others;
        Ece {
            log10_prior_odds: log10_odds,
            ece: cross(
                mean(of_true.iter().map(|log10_lr| log2_1p_power(-log10_lr - log10_odds))),
                mean(of_others.iter().map(|log10_lr| log2_1p_power(log10_lr + log10_odds))),
            ),
            without: cross(log2_1p_power(-log10_odds), log2_1p_power(log10_odds)),
        }
    };
    (-6..=6).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_of_simple_cases() {
        // LR 1 for everybody says nothing; LR 3 and 1/3 by hand: log2(1 + 1/3).
        assert!((cllr(&[0.0, 0.0], &[0.0]) - 1.0).abs() < 1e-12);
        let three = 3_f64.log10();
        assert!((cllr(&[three], &[-three]) - (4.0_f64 / 3.0).log2()).abs() < 1e-12);
        assert!(cllr(&[300.0], &[-300.0]) < 1e-12);
        assert!((cllr(&[-300.0], &[-300.0]) - 150.0 / std::f64::consts::LOG10_2).abs() < 1e-6);
        // Perfect discrimination costs nothing once calibrated; none costs one bit.
        assert!(cllr_min(&[1.0, 2.0], &[-1.0, 0.5]).abs() < 1e-12);
        assert!((cllr_min(&[1.0], &[1.0]) - 1.0).abs() < 1e-12);
        assert!((cllr_min(&[0.0, 1.0], &[0.0, 1.0]) - 1.0).abs() < 1e-12);
        // One of two pairs is in the wrong order: by hand, blocks {other}, {true, other}, {true} of weight 1/4 each.
        assert!((cllr_min(&[1.0, 3.0], &[0.0, 2.0]) - 0.5).abs() < 1e-12);
        assert!(cllr_min(&[0.2, 1.0, -0.3], &[0.1, -2.0]) <= cllr(&[0.2, 1.0, -0.3], &[0.1, -2.0]));
        let even = ece(&[three], &[-three]).into_iter().find(|one| one.log10_prior_odds == 0.0).unwrap();
        assert!((even.ece - cllr(&[three], &[-three])).abs() < 1e-12 && (even.without - 1.0).abs() < 1e-12);
    }
}
