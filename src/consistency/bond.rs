//! What two relatives are to each other, if each is to the missing child what is stated.

use serde::Serialize;

use crate::model::{Member, Pedigree};

/// A relation between two relatives, as far as independent loci can tell relations apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bond {
    /// The first is a parent of the second, or the second of the first.
    ParentChild,
    /// Both parents in common.
    FullSiblings,
    /// Half-siblings, grandparent and grandchild, uncle or aunt and nephew or niece.
    SecondDegree,
    /// Related, but less.
    Distant,
    /// No ancestor in common.
    Unrelated,
}

impl Bond {
    /// Those that are held against each other.
    pub const TOLD_APART: [Self; 4] = [Self::ParentChild, Self::FullSiblings, Self::SecondDegree, Self::Unrelated];

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ParentChild => "parent and child",
            Self::FullSiblings => "full siblings",
            Self::SecondDegree => "relatives of the second degree",
            Self::Distant => "distant relatives",
            Self::Unrelated => "unrelated",
        }
    }
}

/// The bond of two members.
pub(super) fn bond(pedigree: &Pedigree, a: usize, b: usize) -> Bond {
    let members = pedigree.members();
    let is_parent =
        |parent: usize, child: usize| members[child].father == Some(parent) || members[child].mother == Some(parent);
    if is_parent(a, b) || is_parent(b, a) {
        return Bond::ParentChild;
    }
    let both = identical_by_both(members, a, b);
    let one = 4.0 * kinship(members, a, b) - 2.0 * both;
    match (one, both) {
        (_, both) if both > 0.0 => Bond::FullSiblings,
        (one, _) if one >= 0.5 => Bond::SecondDegree,
        (one, _) if one > 0.0 => Bond::Distant,
        _ => Bond::Unrelated,
    }
}

/// The kinship coefficient: that alleles drawn from both are identical by descent (Malecot 1948), by the recursion over
/// the parents of the one who stands later.
fn kinship(members: &[Member], a: usize, b: usize) -> f64 {
    let of_parent = |parent: Option<usize>, other: usize| parent.map_or(0.0, |parent| kinship(members, parent, other));
    if a == b {
        let Member { father, mother } = members[a];
        let parents = father.zip(mother).map_or(0.0, |(father, mother)| kinship(members, father, mother));
        return (1.0 + parents) / 2.0;
    }
    // Parents stand before their children, so the later of two is no ancestor of the other.
    let (earlier, later) = (a.min(b), a.max(b));
    (of_parent(members[later].father, earlier) + of_parent(members[later].mother, earlier)) / 2.0
}

/// The probability that both alleles are identical by descent, of persons who are not inbred: through the fathers and
/// the mothers, or crosswise.
fn identical_by_both(members: &[Member], a: usize, b: usize) -> f64 {
    let between = |one: Option<usize>, other: Option<usize>| {
        one.zip(other).map_or(0.0, |(one, other)| kinship(members, one, other))
    };
    let (a, b) = (members[a], members[b]);
    between(a.father, b.father) * between(a.mother, b.mother)
        + between(a.father, b.mother) * between(a.mother, b.father)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Relation;

    fn of(one: Relation, other: Relation) -> Bond {
        let pedigree = Pedigree::from_relations(&[one, other]).unwrap();
        bond(&pedigree, pedigree.relatives()[0], pedigree.relatives()[1])
    }

    #[test]
    fn bonds_follow_from_the_pedigree() {
        use Relation::{
            Father, FullSibling, MaternalAunt, MaternalGrandmother, MaternalHalfSibling, Mother, PaternalGrandfather,
            PaternalGrandmother, PaternalHalfSibling, PaternalUncle,
        };
        for (one, other, expected) in [
            (Father, Mother, Bond::Unrelated),
            (Father, FullSibling, Bond::ParentChild),
            (Mother, MaternalHalfSibling, Bond::ParentChild),
            (Mother, PaternalHalfSibling, Bond::Unrelated),
            (PaternalGrandfather, Father, Bond::ParentChild),
            (PaternalGrandfather, PaternalUncle, Bond::ParentChild),
            (PaternalGrandfather, PaternalGrandmother, Bond::Unrelated),
            (PaternalGrandfather, FullSibling, Bond::SecondDegree),
            (Father, PaternalUncle, Bond::FullSiblings),
            (PaternalUncle, PaternalUncle, Bond::FullSiblings),
            (PaternalUncle, MaternalAunt, Bond::Unrelated),
            (FullSibling, FullSibling, Bond::FullSiblings),
            (FullSibling, MaternalAunt, Bond::SecondDegree),
            (FullSibling, PaternalHalfSibling, Bond::SecondDegree),
            (PaternalHalfSibling, PaternalHalfSibling, Bond::SecondDegree),
            (PaternalHalfSibling, MaternalHalfSibling, Bond::Unrelated),
            (MaternalGrandmother, Mother, Bond::ParentChild),
            (PaternalUncle, PaternalHalfSibling, Bond::SecondDegree),
        ] {
            assert_eq!(of(one, other), expected, "{one} and {other}");
            assert_eq!(of(other, one), expected, "{other} and {one}");
        }
    }
}
