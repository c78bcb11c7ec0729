//! Relatives of one family held against each other: do their genotypes fit the relations they are stated to have?
//!
//! Two relatives whose relations to the missing child are stated have a stated relation to each other, too. Each pair
//! is judged by likelihood ratios, exact under the model: the stated relation against being one person, parent and
//! child, full siblings, second degree, and unrelated. Where a pair does not fit, the likely cause is named: an
//! exchange of two samples, a sample or relation that is wrong, one person twice; or, at single loci, a mutation.

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
