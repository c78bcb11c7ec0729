//! Validates the numbers of a laboratory's own panel, frequencies, model, kits and size, by simulation with known truth.
//!
//! For each set of relatives, pairs are drawn for several truths: the missing child, an unrelated child, and close kin.
//! Their likelihood ratios are computed as a match computes them. The same plan gives the same numbers on every machine.
//!
//! The simulation assumes the model of the store: it shows whether the numbers do what they promise if the model holds, and
//! how often they mislead. It draws no typing errors, drop-outs or wrong papers.

mod draw;
mod facts;
mod measures;
mod night;
mod plan;
mod published;
mod shape;

pub use facts::{FactsBand, FactsCalibration, FactsPlan, calibrate_facts};
pub use measures::{Bin, Ece, cllr, cllr_min, ece};
pub use plan::{ValidationError, ValidationPlan};
pub use published::{PublishedFigure, published};
pub use shape::{ShapeResult, TippettPoint, Truth, TruthResult};

use serde::Serialize;

use crate::kinship::Calculator;
use crate::population::FrequencyTable;

/// The result of a validation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Validation {
    /// One result for each set of relatives, the most frequent first.
    pub shapes: Vec<ShapeResult>,
    /// Reliability of the posterior over a synthetic database: candidates by their posterior, and how many are true.
    pub reliability: Vec<Bin>,
    /// Published figures, with what this program computes.
    pub published: Vec<PublishedFigure>,
    /// Expected number of unrelated candidates of one full match of the whole database.
    pub false_candidates_per_match: f64,
}

/// Runs a validation. `done` is called after each part with the number of simulated pairs.
///
/// # Errors
/// [`ValidationError`].
pub fn validate(
    plan: &ValidationPlan,
    table: &FrequencyTable,
    calculator: &Calculator,
    done: &(dyn Fn(usize) -> Result<(), crate::matching::Stopped> + Sync),
) -> Result<Validation, ValidationError> {
    let mut shapes = Vec::with_capacity(plan.shapes.len());
    for (relations, families) in &plan.shapes {
        shapes.push(shape::result(plan, table, calculator, (relations, *families), done)?);
    }
    let reliability = night::reliability(plan, table, calculator, done)?;
    Ok(Validation {
        false_candidates_per_match: shapes.iter().map(|shape| shape.false_candidates_per_match).sum(),
        shapes,
        reliability,
        published: published(plan, table, calculator)?,
    })
}
