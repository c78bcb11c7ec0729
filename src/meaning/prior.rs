//! The prior probability that a missing child is in the database, and the posterior that follows.

use serde::{Deserialize, Serialize};

/// The probability, before any comparison, that a family's missing child is among the children of the database. It is
/// spread evenly: each child is the missing one with this probability divided by the number of children.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Prior(f64);

/// A prior that is not a probability above 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a prior is a probability above 0 and below 1, and {0} is not")]
pub struct BadPrior(pub f64);

impl Default for Prior {
    /// Returns 0.5: as likely as not.
    fn default() -> Self {
        Self(0.5)
    }
}

impl TryFrom<f64> for Prior {
    type Error = BadPrior;

    fn try_from(in_database: f64) -> Result<Self, BadPrior> {
        if in_database > 0.0 && in_database < 1.0 { Ok(Self(in_database)) } else { Err(BadPrior(in_database)) }
    }
}

impl From<Prior> for f64 {
    fn from(prior: Prior) -> Self {
        prior.0
    }
}

impl Prior {
    /// Returns the probability that the missing child is in the database.
    #[must_use]
    pub fn in_database(self) -> f64 {
        self.0
    }

    /// Returns the weight of a child with this log10 LR: its likelihood ratio times its prior probability.
    pub(super) fn weight(self, log10_lr: f64, children: u64) -> f64 {
        libm::pow(10.0, log10_lr) * self.0 / (children.max(1) as f64)
    }

    /// Returns the weight of all other explanations: the missing child is not in the database, or it is but stays below
    /// the threshold, which happens with the probability `missed`.
    ///
    /// A child below the threshold has the weight of its own likelihood ratio. For an unrelated child, the expectation
    /// of LR over the part below the threshold is P(the true child stays below it), because P(x | H1) = LR P(x | H2).
    /// The sum over all children below the threshold is therefore about their number times that probability.
    pub(super) fn weight_of_none(self, missed: f64) -> f64 {
        1.0 - self.0 + self.0 * missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prior_is_a_probability_between_nought_and_one() {
        for bad in [0.0, 1.0, -0.5, f64::NAN, f64::INFINITY] {
            assert!(Prior::try_from(bad).is_err(), "{bad}");
        }
        assert_eq!(Prior::try_from(0.25).unwrap().in_database(), 0.25);
        assert_eq!(serde_json::to_string(&Prior::default()).unwrap(), "0.5");
        assert!(serde_json::from_str::<Prior>("1.5").is_err());
    }

    /// 100 children, a prior of one half, one candidate of LR 10^5: 10^5 x 0.005 against 0.5.
    #[test]
    fn the_weights_are_those_of_the_textbook() {
        let prior = Prior::default();
        let (child, none) = (prior.weight(5.0, 100), prior.weight_of_none(0.0));
        assert!((child / (child + none) - 500.0 / 500.5).abs() < 1e-12);
        assert_eq!(prior.weight_of_none(1.0), 1.0);
    }
}
