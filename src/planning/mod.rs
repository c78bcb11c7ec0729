//! What a family can show, and whom to sample next.
//!
//! Would the missing child be found if it were among the children? Would unrelated children be taken for it? And which
//! further relative would help most? All three are answered exactly, by the distribution of log10 LR: loci are
//! independent, so a relative of whom only the distribution of genotypes is known makes the locus' outcomes a mixture,
//! and the convolution over the loci stays what it was. Nothing is simulated.
//!
//! Children, and the relative that might be sampled, are taken to be typed at all loci of the panel. Linked loci count
//! as independent.

mod error;
mod listed;
mod planner;
mod power;

pub use error::PlanningError;
pub use planner::Planner;
pub use power::{Power, Quantile};
