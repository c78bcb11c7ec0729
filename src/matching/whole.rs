//! Matches with a part of the children as if the whole index were there, so that the results of the parts add up to the
//! result of the whole.
//!
//! Two things that a family's result depends on concern all children: the plan of its screen, which decides the counts
//! of a run, and the threshold by which chance hits are limited.

use serde::{Deserialize, Serialize};

use crate::index::Index;
use crate::screen::UntypedGroup;

use super::chance::ChanceHits;
use super::matcher::{Matcher, untyped_groups};
use super::result::Criterion;
use super::shared_loci::LocusSet;

/// What a matcher over some of the children must know of all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Whole {
    /// Groups of children by the number of loci at which they are untyped, each with its share of all children, 0 to 1.
    groups: Vec<(u32, f64)>,
    /// How many children are typed at which loci, in rising order of the sets; `None` if chance hits are not limited.
    sets: Option<Vec<(LocusSet, u64)>>,
}

impl Whole {
    /// Describes all children of an index, for runs with this criterion.
    #[must_use]
    pub fn of(index: &Index, criterion: &Criterion) -> Self {
        let group = |group: UntypedGroup| (group.loci as u32, group.share);
        let sets = criterion.max_chance_hits.map(|_| {
            let mut sets: Vec<(LocusSet, u64)> = ChanceHits::sets_of_children(index).into_iter().collect();
            sets.sort_unstable();
            sets
        });
        Self { groups: untyped_groups(index).into_iter().map(group).collect(), sets }
    }

    /// Reports whether the numbers can describe this many children of a panel of this many loci: shares from 0 to 1, and
    /// sets that rise, have no other loci, and add up.
    #[must_use]
    pub fn is_sound(&self, loci: usize, children: u64) -> bool {
        let sum = |sets: &[(LocusSet, u64)]| sets.iter().try_fold(0_u64, |sum, set| sum.checked_add(set.1));
        let is_set = |set: &(LocusSet, u64)| set.0.checked_shr(loci as u32).unwrap_or(0) == 0;
        let is_group = |group: &(u32, f64)| group.0 as usize <= loci && (0.0..=1.0).contains(&group.1);
        self.groups.iter().all(is_group)
            && self.sets.iter().all(|sets| {
                sets.iter().all(is_set) && sets.is_sorted_by(|a, b| a.0 < b.0) && sum(sets) == Some(children)
            })
    }
}

impl Matcher<'_> {
    /// Matches as a matcher over all children would, of whom the index has only some. Every block of the index must be a
    /// block of the whole one.
    #[must_use]
    pub fn as_part_of(mut self, whole: &Whole) -> Self {
        let group = |&(loci, share): &(u32, f64)| UntypedGroup { loci: loci as usize, share };
        self.layout.untyped = whole.groups.iter().map(group).collect();
        if let (Some(_), Some(sets)) = (self.criterion.max_chance_hits, &whole.sets) {
            self.chance_hits = Some(ChanceHits::of_sets(sets.clone(), self.index.loci().len()));
        }
        self
    }
}
