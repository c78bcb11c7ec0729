//! What a validation simulates.

use crate::index::IndexError;
use crate::kinship::KinshipError;
use crate::matching::{Doubts, LocusSet, Stopped};
use crate::meaning::Prior;
use crate::model::{PedigreeError, Relation, Unscorable};
use crate::population::MutationError;
use crate::synthesis::PlanError;

/// What a validation simulates.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidationPlan {
    /// Sets of relatives, each with the number of families that have it.
    pub shapes: Vec<(Vec<Relation>, u64)>,
    /// Sets of loci at which children are typed, each with their number; not empty.
    pub child_sets: Vec<(LocusSet, u64)>,
    /// Sets of loci at which relatives are typed, each with their number; not empty.
    pub relative_sets: Vec<(LocusSet, u64)>,
    /// Number of pairs per set of relatives and truth.
    pub pairs: usize,
    /// How many of these are classified; classes take more time.
    pub classified: usize,
    /// Number of families of the synthetic database for the reliability of the posterior.
    pub database_families: usize,
    /// Number of its children.
    pub database_children: usize,
    /// The seed.
    pub seed: u64,
    /// The least log10 LR of a candidate.
    pub min_log10_lr: f64,
    /// The doubts about the papers.
    pub doubts: Doubts,
    /// The prior.
    pub prior: Prior,
}

impl ValidationPlan {
    /// Returns the set of loci of a number, so that the sets have their shares among many numbers.
    pub(super) fn set_of(sets: &[(LocusSet, u64)], number: usize) -> LocusSet {
        let total: u64 = sets.iter().map(|set| set.1).sum();
        // Steps of the golden ratio spread evenly over the total.
        let at = (number as f64 * 0.618_033_988_749_894_8).fract() * total as f64;
        let mut left = at;
        for (set, count) in sets {
            left -= *count as f64;
            if left < 0.0 {
                return *set;
            }
        }
        sets.last().map_or(0, |set| set.0)
    }
}

/// Why a validation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValidationError {
    /// Relatives form no pedigree.
    #[error(transparent)]
    Pedigree(#[from] PedigreeError),
    /// The mutation model gives no matrix.
    #[error(transparent)]
    Mutation(#[from] MutationError),
    /// A family cannot be scored.
    #[error(transparent)]
    Unscorable(#[from] Unscorable),
    /// A likelihood cannot be computed.
    #[error(transparent)]
    Kinship(#[from] KinshipError),
    /// The synthetic database cannot be drawn.
    #[error(transparent)]
    Population(#[from] PlanError),
    /// The index of the synthetic database cannot be built.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The work was stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
