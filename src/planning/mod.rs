//! Plans for a family: how likely its missing child is to be found, and which further relative to sample.
//!
//! This module answers three questions. Would the missing child be found if it were among the children? Would unrelated
//! children be mistaken for it? Which further relative would help most? The distribution of log10 LR answers all three
//! exactly. The loci are independent. If only the distribution of a relative's genotypes is known, the outcomes of a
//! locus become a mixture, and the convolution over the loci remains the same. The answers do not use simulation.
//!
//! The module assumes that children, and a relative to sample, are typed at all loci of the panel. It treats linked
//! loci as independent.

mod error;
mod listed;
mod planner;
mod power;

pub use error::PlanningError;
pub use planner::Planner;
pub use power::{Power, Quantile};
