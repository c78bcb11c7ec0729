//! The screen: which children can still reach the threshold with a family, 512 at a time, losing none.
//!
//! Per locus a family tolerates the children who carry an allele of one set and an allele of another. The kernel
//! counts, bit-sliced, the loci at which a child is not tolerated, and, if the plan says so, those at which it
//! matches strongly; the plan knows, from the compiled tables, which counts leave no way to reach the threshold: a child
//! with m misses and s strong matches has at most
//! `sum of ordinary bests + the s largest surpluses of strong matches - the m smallest drops of misses`.
//! Whatever the sets are, the bound is taken over what they really let through, so a clumsy choice costs time and
//! never a relation.
//!
//! Where relatives exclude too little to count, as siblings do, each genotype of a child has a weight instead, and
//! another kernel adds them up: see `weights`. Those who pass the counters are weighed, too, one by one, so that few are
//! left to be scored.

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
pub use classes::{Classes, Lane};
pub use differences::Differences;
pub use instructions::Instructions;
pub use kernel::screen_block;
pub use locus::{AlleleSet, Carries, LocusScreen, ScreenedLocus, TOLERANCES};
pub use plan::{Layout, Plan, Screen, UntypedGroup};
pub use screens::Screens;
pub use weigh::weigh_block;
pub use weights::{Measure, Table, Weighing, Weights};
