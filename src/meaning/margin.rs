//! By how much a candidate is ahead of what rivals it.

use serde::Serialize;

use crate::matching::Alternative;

/// The distance of a candidate from the best other candidate of its family, or of its child, in log10.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Margin {
    /// The distance; negative if the other one is better.
    pub log10: f64,
    /// `true` if there is no other candidate: the distance from the threshold, which any other one stays below.
    pub at_least: bool,
}

impl Margin {
    /// Returns the margin of a candidate of this rank over the others, or over the threshold.
    pub(super) fn over(rank: f64, others: impl Iterator<Item = f64>, threshold: f64) -> Self {
        match others.max_by(f64::total_cmp) {
            Some(best) => Self { log10: rank - best, at_least: false },
            None => Self { log10: rank - threshold, at_least: true },
        }
    }
}

/// The likelihood ratio of "the child is the missing one" against another relation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RivalRatio {
    /// The other relation of the found child.
    pub rival: Alternative,
    /// log10 LR against it; 0 if the profiles cannot tell the two apart. `None` if the rival is impossible.
    pub log10_lr: Option<f64>,
}
