//! The power of a family: how well it distinguishes its missing child from unrelated children.

use serde::Serialize;

use crate::kinship::{Bounds, Grid, Hypothesis, LocusOutcomes, LrDistribution};

/// The log10 LR of the missing child and of an unrelated child with a family, both typed at all loci.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Power {
    /// Mean of log10 LR for the missing child.
    pub expected_log10_lr: f64,
    /// Standard deviation of log10 LR for the missing child.
    pub standard_deviation: f64,
    /// Quantiles of log10 LR for the missing child, rising.
    pub quantiles: Vec<Quantile>,
    /// P(LR reaches the threshold) for the missing child: the probability that it is found.
    pub found: Bounds,
    /// P(LR reaches the threshold) for an unrelated child.
    pub by_chance: Bounds,
}

/// The value below which a share of the missing children would stay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Quantile {
    /// The share, 0 to 1.
    pub share: f64,
    /// Bounds on the value.
    pub log10_lr: Bounds,
}

impl Power {
    /// The shares of [`Self::quantiles`].
    pub const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

    /// Computes the power from the outcomes at each locus.
    ///
    /// # Panics
    /// If the threshold is not finite, or the step is not above 0.
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
