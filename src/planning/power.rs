//! What a family can show.

use serde::Serialize;

use crate::kinship::{Bounds, Grid, Hypothesis, LocusOutcomes, LrDistribution};

/// What log10 LR the missing child would have with a family, and an unrelated child, both typed at all loci.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Power {
    /// Mean of log10 LR in the missing child.
    pub expected_log10_lr: f64,
    /// Its standard deviation.
    pub standard_deviation: f64,
    /// Its quantiles, rising.
    pub quantiles: Vec<Quantile>,
    /// P(LR reaches the threshold) in the missing child: the probability that it is found.
    pub found: Bounds,
    /// P(LR reaches the threshold) in an unrelated child.
    pub by_chance: Bounds,
}

/// The value that a share of the missing children would stay below.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Quantile {
    /// The share, 0 to 1.
    pub share: f64,
    /// Bounds of the value.
    pub log10_lr: Bounds,
}

impl Power {
    /// The shares of [`Self::quantiles`].
    pub const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

    /// From the outcomes at each locus.
    ///
    /// # Panics
    /// If the threshold is not finite or the step not above 0.
    pub(super) fn new(loci: &[LocusOutcomes], threshold: f64, step: f64) -> Self {
        let distribution = |hypothesis, from| LrDistribution::new(loci, hypothesis, Grid { step, from });
        let missing = distribution(Hypothesis::H1, threshold.min(Grid::default().from));
        let unrelated = distribution(Hypothesis::H2, threshold);
        let quantile = |share| Quantile { share, log10_lr: missing.quantile(share) };
        Self {
            expected_log10_lr: missing.mean(),
            standard_deviation: missing.variance().sqrt(),
            quantiles: Self::SHARES.map(quantile).to_vec(),
            found: missing.tail(threshold),
            by_chance: unrelated.tail(threshold),
        }
    }
}
