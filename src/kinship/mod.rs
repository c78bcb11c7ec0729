//! Computes exact likelihood ratios: from the relatives' genotypes to the LR of each child genotype, locus by locus.
//!
//! H1: the child is the missing child of the family. H2: the child is unrelated to the family. This module only
//! computes: it does no input or output and runs nothing in parallel. The same input gives the same bits on every
//! machine, because it uses `libm` and a fixed order of sums.

mod calculator;
mod couple;
pub mod cpi;
mod descent;
mod distribution;
mod effort;
mod error;
mod evidence;
mod hypotheses;
mod linked;
mod linked_pair;
mod log10;
mod observation;
mod outlook;
mod peel;
mod same_person;
mod shape;
mod sibship;
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
pub use outlook::Outlook;
pub use same_person::{SamePerson, TYPING_ERROR};
pub use structure::Structure;
pub use table::LocusTable;
