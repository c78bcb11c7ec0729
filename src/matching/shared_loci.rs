//! Counts the pairs that have too few loci in common for a meaningful comparison.
//!
//! Two samples of different kits may share a single locus. This pair misses any threshold, and nothing shows then that
//! it was never really compared. This module therefore counts pairs with fewer loci in common than a stated number, and
//! finds families and children that share enough loci with few others only.
//!
//! It does not look at each pair, because all samples typed at the same loci have the same result. It groups families
//! and children by their sets of loci. A family typed at `f` of `n` loci has at least `f + c - n` in common with a
//! child typed at `c`, so most families need no comparison with any child.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::model::Pseudonym;

/// Set of loci of the panel, which has at most 64 loci: bit i represents position i.
pub type LocusSet = u64;

/// Returns the set of loci of the panel for which `holds` is true, from the first locus on.
#[must_use]
pub fn locus_set(holds: impl IntoIterator<Item = bool>) -> LocusSet {
    holds.into_iter().enumerate().fold(0, |set, (locus, holds)| set | LocusSet::from(holds) << locus)
}

/// A family or child, and the loci at which it can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypedLoci {
    /// The family or the child.
    pub pseudonym: Pseudonym,
    /// Loci at which the child, or at least one relative of the family, is typed.
    pub loci: LocusSet,
}

/// Numbers of pairs that have too few loci in common, in total and by the set of loci of a family or child.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FewLoci {
    /// Total number of these pairs.
    pub pairs: u64,
    /// Number of children.
    pub children: u64,
    /// Number of families.
    pub families: u64,
    /// Per set of loci of a family, the number of children with whom it has too few in common; sets with 0 are left
    /// out.
    of_families: HashMap<LocusSet, u64>,
    /// Per set of loci of a child, the number of families with whom it has too few in common; sets with 0 are left out.
    of_children: HashMap<LocusSet, u64>,
}

impl FewLoci {
    /// Counts, of all pairs of these families and children, those with fewer than `least` loci in common.
    #[must_use]
    pub fn count(families: &[TypedLoci], children: &[TypedLoci], least: u32) -> Self {
        // No set has more loci than this.
        let least = least.min(LocusSet::BITS + 1);
        let (mut of_families, mut of_children) = (groups(families), groups(children));
        // The order by number of loci puts the groups that need a comparison next to each other.
        of_families.sort_unstable_by_key(|group| (group.0.count_ones(), group.0));
        of_children.sort_unstable_by_key(|group| (group.0.count_ones(), group.0));
        let sets: Vec<LocusSet> = of_children.iter().map(|group| group.0).collect();
        let counts: Vec<u64> = of_children.iter().map(|group| group.1).collect();
        let panel = of_families.iter().chain(&of_children).fold(0, |all, group| all | group.0).count_ones();
        let below = |loci: u32| sets.partition_point(|set| set.count_ones() < loci);
        let first = below(least);
        let (with_first, with_all): (u64, u64) = (counts[..first].iter().sum(), counts.iter().sum());
        // Families typed at too few loci have too few in common with everyone.
        let start = of_families.partition_point(|group| group.0.count_ones() < least);
        let poor: u64 = of_families[..start].iter().map(|group| group.1).sum();
        let look = |mut by_child: Vec<u64>, &(set, many): &(LocusSet, u64)| {
            let end = below(least + panel - set.count_ones()).max(first);
            let mut with = with_first;
            for ((child, count), few) in sets[first..end].iter().zip(&counts[first..end]).zip(&mut by_child) {
                let is_few = u64::from((set & child).count_ones() < least);
                with += is_few * count;
                *few += is_few * many;
            }
            (by_child, with)
        };
        let rest = sets.len() - first;
        let (by_child, by_family) = of_families[start..]
            .par_iter()
            .fold(
                || (vec![0; rest], Vec::new()),
                |(by_child, mut by_family), group| {
                    let (by_child, with) = look(by_child, group);
                    by_family.push((*group, with));
                    (by_child, by_family)
                },
            )
            .reduce(
                || (vec![0; rest], Vec::new()),
                |(mut one, mut all), (other, more)| {
                    one.iter_mut().zip(other).for_each(|(sum, few)| *sum += few);
                    all.extend(more);
                    (one, all)
                },
            );
        let total: u64 = of_families.iter().map(|group| group.1).sum();
        let poor_families = of_families[..start].iter().map(|&group| (group, with_all));
        let all: Vec<((LocusSet, u64), u64)> = poor_families.chain(by_family).collect();
        let of_child = |place: usize| if place < first { total } else { poor + by_child[place - first] };
        Self {
            pairs: all.iter().map(|((_, many), with)| many * with).sum(),
            children: with_all,
            families: total,
            of_families: all.into_iter().filter(|one| one.1 > 0).map(|((set, _), with)| (set, with)).collect(),
            of_children: (sets.iter().enumerate())
                .map(|(place, &set)| (set, of_child(place)))
                .filter(|one| one.1 > 0)
                .collect(),
        }
    }

    /// Returns the number of children with whom a family typed at these loci has too few in common.
    #[must_use]
    pub fn of_family(&self, loci: LocusSet) -> u64 {
        self.of_families.get(&loci).copied().unwrap_or(0)
    }

    /// Returns the number of families with whom a child typed at these loci has too few in common.
    #[must_use]
    pub fn of_child(&self, loci: LocusSet) -> u64 {
        self.of_children.get(&loci).copied().unwrap_or(0)
    }
}

/// Counts how often each set of loci occurs.
fn groups(typed: &[TypedLoci]) -> Vec<(LocusSet, u64)> {
    let mut sets: Vec<LocusSet> = typed.iter().map(|one| one.loci).collect();
    sets.par_sort_unstable();
    sets.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(sets: &[LocusSet]) -> Vec<TypedLoci> {
        let name = |number: usize| Pseudonym::from_bytes((number as u128).to_be_bytes());
        sets.iter().enumerate().map(|(number, &set)| TypedLoci { pseudonym: name(number), loci: set }).collect()
    }

    /// Generates sets of all kinds: whole kits, partial profiles, and some of a few loci only.
    fn sets() -> impl Strategy<Value = Vec<LocusSet>> {
        let one = prop_oneof![
            Just(0x7f_ffff),
            Just(0x1f_ffff),
            Just(0x70_00f0),
            any::<u32>().prop_map(|set| u64::from(set & 0x7f_ffff)),
            any::<(u32, u32)>().prop_map(|(a, b)| u64::from(a & b & 0x7f_ffff)),
            any::<u64>(),
        ];
        prop::collection::vec(one, 0..40)
    }

    proptest! {
        #[test]
        fn it_counts_what_looking_at_every_pair_counts(families in sets(), children in sets(), least in prop_oneof![0_u32..30, Just(u32::MAX)]) {
            let few = |a: LocusSet, b: LocusSet| u64::from((a & b).count_ones() < least);
            let found = FewLoci::count(&typed(&families), &typed(&children), least);
            let of_family = |family| children.iter().map(|&child| few(family, child)).sum::<u64>();
            let of_child = |child| families.iter().map(|&family| few(family, child)).sum::<u64>();
            prop_assert_eq!(found.pairs, families.iter().map(|&family| of_family(family)).sum::<u64>());
            prop_assert_eq!((found.families, found.children), (families.len() as u64, children.len() as u64));
            for &family in &families {
                prop_assert_eq!(found.of_family(family), of_family(family));
            }
            for &child in &children {
                prop_assert_eq!(found.of_child(child), of_child(child));
            }
        }
    }
}
