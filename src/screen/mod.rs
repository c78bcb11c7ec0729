//! Screens the children of an index, 512 at a time: finds those who can still reach the threshold with a family, and
//! never loses one of them.
//!
//! At each locus a family tolerates the children who carry an allele of one set and an allele of another. The kernel
//! counts, bit-sliced, the loci at which a child is not tolerated. From the compiled tables the plan derives which
//! counts exclude the threshold: a child with m misses has at most `sum of bests - the m smallest drops of misses`. The
//! bound is taken over all genotypes that the sets let through, so a poor choice of sets costs time but never loses a
//! relationship.
//!
//! If relatives exclude too little to count, for example siblings, each genotype of a child has a weight instead, and
//! another kernel adds the weights: see `weights`, and `coarse` for processors that look up few bytes at once. Children
//! who pass a rough screen are also weighed, 64 at a time, so that few are left to be scored. Views of a family that
//! doubt the papers can share the counters of two of them, see [`Shared`], or be weighed together, see [`Merged`].

mod bound;
mod classes;
mod coarse;
mod differences;
mod instructions;
mod kernel;
mod lanes;
mod locus;
mod merged;
mod passed;
mod plan;
mod screens;
mod weigh;
mod weights;

pub(crate) use bound::may_reach;
pub use classes::{Classes, LocusClasses, Packed};
pub use coarse::{CoarseWeights, coarsen, weigh_coarsely};
pub use differences::Differences;
pub use instructions::Instructions;
pub use kernel::screen_block;
pub use lanes::Lanes;
pub use locus::{AlleleSet, Carries, LocusScreen, ScreenedLocus, TOLERANCES};
pub use merged::Merged;
pub use passed::Passed;
pub use plan::{Both, ClassShares, Layout, Plan, Screen, Shared, UntypedGroup, Viewed};
pub use screens::{Asked, Screens};
pub use weigh::{weigh_block, weigh_few};
pub use weights::{Measure, Table, Weighing, Weights};
