//! Screens the children of an index, 512 at a time: finds those who can still reach the threshold with a family, and
//! never loses one of them.
//!
//! At each locus a family tolerates the children who carry an allele of one set and an allele of another. The kernel
//! counts, bit-sliced, the loci at which a child is not tolerated and, if the plan requires it, those at which the
//! child matches strongly. From the compiled tables the plan derives which counts exclude the threshold: a child with m
//! misses and s strong matches has at most `sum of ordinary bests + the s largest surpluses of strong matches - the m
//! smallest drops of misses`. The bound is taken over all genotypes that the sets let through, so a poor choice of sets
//! costs time but never loses a relationship.
//!
//! If relatives exclude too little to count, for example siblings, each genotype of a child has a weight instead, and
//! another kernel adds the weights: see `weights`. Children who pass the counters are also weighed, one by one, so that
//! few are left to be scored.

mod bound;
mod classes;
mod differences;
mod instructions;
mod kernel;
mod locus;
mod plan;
mod screens;
mod weigh;
mod weights;

pub(crate) use bound::may_reach;
pub use classes::{Classes, Lane, LocusClasses};
pub use differences::Differences;
pub use instructions::Instructions;
pub use kernel::screen_block;
pub use locus::{AlleleSet, Carries, LocusScreen, ScreenedLocus, TOLERANCES};
pub use plan::{Layout, Plan, Screen, UntypedGroup};
pub use screens::Screens;
pub use weigh::weigh_block;
pub use weights::{Measure, Table, Weighing, Weights};
