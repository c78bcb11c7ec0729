//! Checks the limits on candidates that users state.

use crate::store::error::BadNumber;

/// Checks a threshold for log10 LR.
///
/// # Errors
/// [`BadNumber::MinLog10Lr`] if it is not finite.
pub fn checked_threshold(min_log10_lr: f64) -> Result<f64, BadNumber> {
    if min_log10_lr.is_finite() { Ok(min_log10_lr) } else { Err(BadNumber::MinLog10Lr(min_log10_lr)) }
}

/// Checks a bound on chance hits.
///
/// # Errors
/// [`BadNumber::MaxChanceHits`] if it is not finite and above 0.
pub fn checked_chance_hits(most: Option<f64>) -> Result<Option<f64>, BadNumber> {
    match most {
        Some(most) if !(most.is_finite() && most > 0.0) => Err(BadNumber::MaxChanceHits(most)),
        most => Ok(most),
    }
}
