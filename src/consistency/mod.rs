//! The relatives of one family held against each other.
//!
//! A family in which a relation is stated wrongly, or a sample was swapped, looks for the wrong child. Every two
//! relatives have a bond that follows from what each is to the missing child; its likelihood ratio against other bonds,
//! under the store's own model, tells whether their genotypes bear it out.

mod bond;
mod check;

pub use bond::Bond;
pub use check::{Cause, Checker, Finding, IDENTICAL_LOCI, MARGIN, MUTATED_LOCI};
