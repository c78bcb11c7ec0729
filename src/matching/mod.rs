//! Compares families with children: compiles the families, screens the children, scores the pairs and ranks the
//! candidates.
//!
//! The result equals that of scoring every family with every child. The screen and the bounds only leave out pairs that
//! provably miss the threshold, and one sum, in panel order and in `f64`, scores every pair that stays. The result
//! therefore depends neither on the number of threads nor on the order of the input.

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
mod roster;
mod run;
mod score;
mod scoring;
mod search;
mod shared_loci;
mod view_weights;
mod watch;
mod whole;

pub use alternatives::{Alternative, alternatives};
pub use chance::{ChanceHits, ExpectedHits, HitsWithFamily};
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
pub use run::{Keep, apart};
pub use score::Scorer;
pub(crate) use scoring::SCORING;
pub use scoring::scoring_version;
pub use shared_loci::{FewLoci, LocusSet, TypedLoci, locus_set};
pub use watch::{Stopped, Watch};
pub use whole::Whole;
