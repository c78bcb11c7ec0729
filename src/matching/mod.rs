//! Families against children: compile, screen, score, rank.
//!
//! The result is that of scoring every family with every child: the screen and the bounds only leave out pairs that
//! provably miss the threshold, and every pair that stays is scored by the same sum, in panel order, in `f64`. So it
//! depends neither on the number of threads nor on the order of anything.

mod aim;
mod alternatives;
mod chance;
mod chunk;
mod compile;
mod compiled;
mod doubt;
mod duplicates;
mod explain;
mod identity;
mod irregular;
mod kin;
mod matcher;
mod reach;
mod result;
mod run;
mod score;
mod shared_loci;
mod watch;

pub use alternatives::{Alternative, alternatives};
pub use compile::{Compiler, LocusCounts};
pub use compiled::{CompiledFamily, CompiledLocus, FamilyLinkage, PairScorer};
pub use doubt::{BadDoubt, DoubtWhom, Doubts, FamilyView, views};
pub use duplicates::{DuplicatePair, DuplicateSearch};
pub use explain::{CpiTotal, ExplainedViews, Explanation, LocusExplanation, explain, explain_views};
pub use identity::{Identity, IdentityRule, Judge, Likeness};
pub use kin::{KinCriterion, KinPair, KinRatios, KinRelation, KinResult, KinSearch};
pub use matcher::Matcher;
pub use reach::{ReachError, Reached};
pub use result::{Criterion, MatchResult, Stages, run_digest};
pub use run::Keep;
pub use score::Scorer;
pub use shared_loci::{FewLoci, LocusSet, TypedLoci, locus_set};
pub use watch::{Stopped, Watch};
