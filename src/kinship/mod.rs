//! Exact likelihood ratios: from the relatives' genotypes to the LR of every child genotype, locus by locus.
//!
//! H1: the child is the missing child of the family. H2: the child is unrelated to it. Pure arithmetic: nothing
//! here reads, writes, waits or runs in parallel, and the same input gives the same bits everywhere (`libm`, fixed
//! order of sums).

mod calculator;
pub mod cpi;
mod descent;
mod distribution;
mod evidence;
mod hypotheses;
mod linked;
mod observation;
mod peel;
mod same_person;
mod spectrum;
mod structure;
mod table;
mod tree;
mod urn;

pub use calculator::{Calculator, CalculatorError, KinshipError};
pub use distribution::{Bounds, Grid, Hypothesis, LocusOutcomes, LrDistribution};
pub use evidence::{Evidence, Kind, Shown};
pub use linked::{LinkedError, LinkedEvidence, LinkedPair, LinkedScorer, LinkedShown, haldane};
pub use same_person::{SamePerson, TYPING_ERROR};
pub use structure::{Structure, StructureError};
pub use table::LocusTable;
