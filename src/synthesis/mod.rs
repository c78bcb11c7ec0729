//! Synthetic populations with known truth: families, children of unknown origin, and who belongs to whom.
//!
//! Genes are dropped through each family's whole pedigree: founders' alleles follow the frequency table, every
//! transmission goes through the model's mutation matrices, loci are independent, theta is 0. Nobody here exists;
//! every identifier is a running number. Children stand in a random order and are numbered in it, so neither place
//! nor number tells where a child belongs.
//!
//! The same plan, table and model give the same population on every machine, now and in later versions: random
//! words come from `ChaCha8` streams of the plan's seed, one per family and per block of unrelated children, so a
//! family's relatives do not depend on how many families or children there are.

mod challenge;
mod draw;
mod generate;
mod genes;
mod papers;
mod plan;
mod plantings;
mod random;
#[cfg(test)]
mod tests;
mod typing;

pub use challenge::{Answer, Challenge, ChallengePlan};
pub use generate::{Link, Population, SyntheticChild, SyntheticFamily, SyntheticPerson, Trap, relation_shape};
pub use papers::FalsePapers;
pub use plan::{Plan, PlanError, Shape};
pub use plantings::{NEPHEW, SIBLING_PARENT};
