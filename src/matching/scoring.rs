//! The version of the scoring: equal versions give equal numbers.

use crate::population::Model;

/// Raise it whenever the same people under the same settings would get other numbers.
pub(crate) const SCORING: u32 = 5;

/// The version of the rounding with theta, whose sums were twice added up in another way. It changes the last bits of a
/// number and therefore the digest of a run, but nothing that a reviewer decides on.
const ROUNDING_WITH_THETA: u32 = 7;

/// Returns the version of the scoring under a model. Two programs whose versions differ must not work on one run.
#[must_use]
pub fn scoring_version(model: &Model) -> u32 {
    if model.theta == 0.0 { SCORING } else { ROUNDING_WITH_THETA }
}
