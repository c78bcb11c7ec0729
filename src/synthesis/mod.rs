//! Generates synthetic populations with known truth: families, children of unknown origin, and the true relations
//! between them.
//!
//! Genes are dropped through the whole pedigree of each family: the founders' alleles follow the frequency table, every
//! transmission follows the mutation matrices of the model, loci are independent, and theta is 0. Nobody in a
//! population exists; every identifier is a running number. Children are in random order and numbered in that order, so
//! neither position nor number reveals the family of a child.
//!
//! The same plan, table and model give the same population on every machine, now and in later versions. Random words
//! come from `ChaCha8` streams of the plan's seed, one per family and per block of unrelated children, so a family's
//! relatives do not depend on the number of families or children.

mod challenge;
mod draw;
mod generate;
mod genes;
mod members;
mod papers;
mod plan;
mod plantings;
mod random;
#[cfg(test)]
mod tests;
mod typing;

pub use challenge::{Answer, Challenge, ChallengePlan};
pub use generate::{Link, Population, SyntheticChild, SyntheticFamily, SyntheticPerson, Trap, relation_shape};
pub use members::PedigreeDraws;
pub use papers::FalsePapers;
pub use plan::{Plan, PlanError, Shape};
pub use plantings::{NEPHEW, SIBLING_PARENT};
pub(crate) use random::StatementDraws;
