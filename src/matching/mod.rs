//! Families against children: compile, screen, score, rank.
//!
//! The result is that of scoring every family with every child: the screen and the bounds only leave out pairs that
//! provably miss the threshold, and every pair that stays is scored by the same sum, in panel order, in `f64`. So it
//! depends neither on the number of threads nor on the order of anything.

mod chance;
mod chunk;
mod comparable;
mod compile;
mod doubles;
mod engine;
mod explain;
mod identity;
mod kin;
mod linkage;
mod reach;
mod result;
mod score;
mod unlisted;
mod watch;

pub use comparable::{FewLoci, LocusSet, Typed};
pub use compile::{CompiledFamily, Compiler};
pub use doubles::{Double, Doubles};
pub use engine::{Keep, Matcher, Stages};
pub use explain::{CpiTotal, Explanation, LocusExplanation, explain};
pub use identity::{Identity, IdentityRule, Judge, Likeness};
pub use kin::{KinCriterion, KinPair, KinRatios, KinRelation, KinResult, KinSearch};
pub use linkage::{FamilyLinkage, PairScorers};
pub use reach::{ReachError, Reached};
pub use result::{Criterion, MatchResult, run_digest};
pub use score::Scorer;
pub use watch::{Stopped, Watch};
