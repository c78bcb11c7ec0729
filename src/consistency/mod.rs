//! Checks whether the genotypes of a family's relatives agree with their stated relations.
//!
//! The stated relations of two relatives to the missing child also define their relation to each other. Likelihood
//! ratios, exact under the model, judge each pair: the stated relation against one person, parent and child, full
//! siblings, second degree, and unrelated. If a pair does not fit, the check names the likely cause: two swapped
//! samples, a wrong sample or relation, one person typed twice; or, at single loci, a mutation.

mod cause;
mod checker;
mod finding;
mod impossible;
mod pair;
mod stated;
mod tables;
#[cfg(test)]
mod tests;

pub use crate::kinship::TYPING_ERROR;
pub use checker::Checker;
pub use finding::{Cause, Finding, Involved, LogRatios, PairNumbers, Severity};
pub use stated::{Kin, Stated, pairs_of, stated_pairs};
