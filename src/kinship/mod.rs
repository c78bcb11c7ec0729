//! Exact likelihood ratios: from the relatives' genotypes to the LR of every child genotype, locus by locus.
//!
//! H1: the child is the missing child of the family. H2: the child is unrelated to it. Pure arithmetic: nothing
//! here reads, writes, waits or runs in parallel, and the same input gives the same bits everywhere (`libm`, fixed
//! order of sums).

mod calculator;
pub mod cpi;
mod descent;
mod distribution;
mod effort;
mod error;
mod evidence;
mod hypotheses;
mod linked;
mod linked_pair;
mod observation;
mod peel;
mod same_person;
mod shape;
mod spectrum;
mod structure;
mod table;
mod tree;
mod urn;

pub use calculator::Calculator;
pub use distribution::{Bounds, Grid, Hypothesis, LocusOutcomes, LrDistribution};
pub use error::{CalculatorError, KinshipError, StructureError};
pub use evidence::{Evidence, Kind, Pattern, Shown};
pub use linked::{LinkedEvidence, LinkedScorer, LinkedShown};
pub use linked_pair::{LinkedError, LinkedLoci, LinkedPair, haldane};
pub use same_person::{SamePerson, TYPING_ERROR};
pub use structure::Structure;
pub use table::LocusTable;
