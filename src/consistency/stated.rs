//! Derives the relation between each two relatives of a family from their stated relations to the missing child.

use std::fmt;

use serde::Serialize;

use crate::model::{Member, Pedigree, PedigreeError, Relation};

/// The relation between two persons, as far as unlinked autosomal loci can distinguish it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kin {
    /// One person typed twice, or identical twins.
    SamePerson,
    /// Parent and child.
    ParentChild,
    /// Same father and same mother.
    FullSiblings,
    /// Half-siblings, grandparent and grandchild, uncle or aunt and nephew or niece: unlinked loci cannot distinguish
    /// them.
    SecondDegree,
    /// No relation.
    Unrelated,
}

impl Kin {
    /// All kinds, the closest first.
    pub const ALL: [Self; 5] =
        [Self::SamePerson, Self::ParentChild, Self::FullSiblings, Self::SecondDegree, Self::Unrelated];

    /// Returns the kind with these probabilities of sharing 0, 1 and 2 alleles by descent (Cotterman, 1940); `None` for
    /// other probabilities.
    #[must_use]
    pub fn of_sharing(k: [f64; 3]) -> Option<Self> {
        // Coefficients of outbred pedigrees are multiples of powers of two, so they are exact in `f64`.
        let known: [(Self, [f64; 3]); 5] = [
            (Self::SamePerson, [0.0, 0.0, 1.0]),
            (Self::ParentChild, [0.0, 1.0, 0.0]),
            (Self::FullSiblings, [0.25, 0.5, 0.25]),
            (Self::SecondDegree, [0.5, 0.5, 0.0]),
            (Self::Unrelated, [1.0, 0.0, 0.0]),
        ];
        known.into_iter().find(|known| known.1 == k).map(|known| known.0)
    }

    /// Returns the word used in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SamePerson => "same-person",
            Self::ParentChild => "parent-child",
            Self::FullSiblings => "full-siblings",
            Self::SecondDegree => "second-degree",
            Self::Unrelated => "unrelated",
        }
    }
}

impl fmt::Display for Kin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SamePerson => "one person or identical twins",
            Self::ParentChild => "parent and child",
            Self::FullSiblings => "full siblings",
            Self::SecondDegree => "relatives of the second degree",
            Self::Unrelated => "unrelated",
        })
    }
}

/// The stated relation between two relatives, who are given by their positions in the list of relations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stated {
    /// Position of the first relative.
    pub first: usize,
    /// Position of the second relative.
    pub second: usize,
    /// The relation between the two.
    pub kin: Kin,
    /// Which of the two is the relative, and with which relation to the other; `None` if they are unrelated.
    pub as_relative: Option<AsRelative>,
}

/// One of two relatives, as a relative of the other, who takes the place of the missing child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsRelative {
    /// `true` if the second relative takes the child's place.
    pub child_is_second: bool,
    /// The relation to the one in the child's place.
    pub relation: Relation,
}

/// Returns every pair of these relatives and the relation between the two, derived from the pedigree that the relations
/// form.
///
/// # Errors
/// Returns [`PedigreeError`] if the relations do not form a pedigree.
pub fn stated_pairs(relations: &[Relation]) -> Result<Vec<Stated>, PedigreeError> {
    Ok(pairs_of(&Pedigree::from_relations(relations)?))
}

/// Returns every pair of a pedigree's relatives and the relation between the two. Skips pairs of a kind outside
/// [`Kin::ALL`], and pairs with an inbred person, for whom the probabilities of sharing by descent are not sufficient.
#[must_use]
pub fn pairs_of(pedigree: &Pedigree) -> Vec<Stated> {
    let members = pedigree.members();
    let coefficients = Coefficients::new(members);
    let relatives = pedigree.relatives();
    let mut pairs = Vec::with_capacity(relatives.len() * relatives.len().saturating_sub(1) / 2);
    for (first, &a) in relatives.iter().enumerate() {
        for (second, &b) in relatives.iter().enumerate().skip(first + 1) {
            if coefficients.is_inbred(a) || coefficients.is_inbred(b) {
                continue;
            }
            let Some(kin) = Kin::of_sharing(coefficients.sharing(members, a, b)) else { continue };
            let place = |child_is_second, relation| AsRelative { child_is_second, relation };
            let as_relative = relation_to(members, a, b)
                .map(|relation| place(true, relation))
                .or_else(|| relation_to(members, b, a).map(|relation| place(false, relation)));
            pairs.push(Stated { first, second, kin, as_relative });
        }
    }
    pairs
}

/// Kinship coefficients of all members: the probability that an allele drawn from one person is identical by descent
/// with an allele drawn from the other (Malécot, 1948).
struct Coefficients {
    members: usize,
    cells: Vec<f64>,
}

impl Coefficients {
    /// Computes the coefficients by the usual recursion; parents must come before their children.
    fn new(members: &[Member]) -> Self {
        let mut all = Self { members: members.len(), cells: vec![0.0; members.len() * members.len()] };
        for (i, member) in members.iter().enumerate() {
            for j in 0..i {
                let value = f64::midpoint(all.at(member.father, Some(j)), all.at(member.mother, Some(j)));
                all.cells[i * members.len() + j] = value;
                all.cells[j * members.len() + i] = value;
            }
            all.cells[i * members.len() + i] = f64::midpoint(1.0, all.at(member.father, member.mother));
        }
        all
    }

    fn at(&self, a: Option<usize>, b: Option<usize>) -> f64 {
        match (a, b) {
            (Some(a), Some(b)) => self.cells[a * self.members + b],
            _ => 0.0,
        }
    }

    fn is_inbred(&self, a: usize) -> bool {
        self.at(Some(a), Some(a)) > 0.5
    }

    /// Returns the probabilities that two different persons, neither of them inbred, share 0, 1 and 2 alleles by
    /// descent: k2 from the parents' coefficients, and k1 from 4 phi = k1 + 2 k2 (Thompson, 1975).
    fn sharing(&self, members: &[Member], a: usize, b: usize) -> [f64; 3] {
        let (one, other) = (members[a], members[b]);
        let k2 = self.at(one.father, other.father) * self.at(one.mother, other.mother)
            + self.at(one.father, other.mother) * self.at(one.mother, other.father);
        let k1 = 4.0 * self.at(Some(a), Some(b)) - 2.0 * k2;
        [1.0 - k1 - k2, k1, k2]
    }
}

/// Returns the relation of `person` to `child`; `None` if it has no name. An aunt is returned as an uncle.
fn relation_to(members: &[Member], person: usize, child: usize) -> Option<Relation> {
    use Relation::{
        Father, FullSibling, MaternalGrandfather, MaternalGrandmother, MaternalHalfSibling, MaternalUncle, Mother,
        PaternalGrandfather, PaternalGrandmother, PaternalHalfSibling, PaternalUncle,
    };
    let full =
        |a: Member, b: Member| a.father.is_some() && a.mother.is_some() && (a.father, a.mother) == (b.father, b.mother);
    let (own, me) = (members[child], members[person]);
    if full(own, me) {
        return Some(FullSibling);
    }
    let paternal = (own.father, me.father, [Father, PaternalGrandfather, PaternalGrandmother, PaternalHalfSibling]);
    let maternal = (own.mother, me.mother, [Mother, MaternalGrandfather, MaternalGrandmother, MaternalHalfSibling]);
    let uncles = [PaternalUncle, MaternalUncle];
    for ((parent, mine, [is_parent, grandfather, grandmother, half]), uncle) in
        [paternal, maternal].into_iter().zip(uncles)
    {
        let Some(parent) = parent else { continue };
        let above = members[parent];
        let found = [
            (parent == person, is_parent),
            (above.father == Some(person), grandfather),
            (above.mother == Some(person), grandmother),
            (mine == Some(parent), half),
            (full(above, me), uncle),
        ];
        if let Some((_, relation)) = found.into_iter().find(|found| found.0) {
            return Some(relation);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use Relation::{
        Father, FullSibling, MaternalAunt, MaternalGrandmother, MaternalHalfSibling, Mother, PaternalAunt,
        PaternalGrandfather, PaternalGrandmother, PaternalHalfSibling, PaternalUncle,
    };

    fn pair(a: Relation, b: Relation) -> (Kin, Option<(bool, Relation)>) {
        let [pair] = stated_pairs(&[a, b]).unwrap()[..] else { panic!() };
        (pair.kin, pair.as_relative.map(|place| (place.child_is_second, place.relation)))
    }

    #[test]
    fn relatives_are_to_each_other_what_the_pedigree_says() {
        use Kin::{FullSiblings, ParentChild, SecondDegree, Unrelated};
        for (a, b, kin, place) in [
            (Father, Mother, Unrelated, None),
            (Father, FullSibling, ParentChild, Some((true, Father))),
            (FullSibling, Mother, ParentChild, Some((false, Mother))),
            (Father, PaternalUncle, FullSiblings, Some((true, FullSibling))),
            (Father, PaternalGrandfather, ParentChild, Some((false, Father))),
            (PaternalGrandmother, PaternalAunt, ParentChild, Some((true, Mother))),
            (PaternalGrandfather, PaternalGrandmother, Unrelated, None),
            (Father, PaternalHalfSibling, ParentChild, Some((true, Father))),
            (Father, MaternalHalfSibling, Unrelated, None),
            (PaternalHalfSibling, FullSibling, SecondDegree, Some((true, PaternalHalfSibling))),
            (PaternalHalfSibling, PaternalHalfSibling, SecondDegree, Some((true, PaternalHalfSibling))),
            (PaternalHalfSibling, MaternalHalfSibling, Unrelated, None),
            (PaternalHalfSibling, PaternalGrandfather, SecondDegree, Some((false, PaternalGrandfather))),
            (MaternalHalfSibling, MaternalGrandmother, SecondDegree, Some((false, MaternalGrandmother))),
            (MaternalHalfSibling, PaternalGrandfather, Unrelated, None),
            (FullSibling, FullSibling, FullSiblings, Some((true, FullSibling))),
            (MaternalAunt, FullSibling, SecondDegree, Some((true, Relation::MaternalUncle))),
            (PaternalUncle, PaternalAunt, FullSiblings, Some((true, FullSibling))),
            (PaternalUncle, MaternalAunt, Unrelated, None),
            (Mother, PaternalUncle, Unrelated, None),
        ] {
            assert_eq!(pair(a, b), (kin, place), "{a} and {b}");
        }
    }

    #[test]
    fn every_pair_is_of_a_known_kind_and_has_a_place_if_related() {
        // Relations that may occur twice are included twice.
        let relations: Vec<Relation> = Relation::ALL
            .into_iter()
            .chain(Relation::ALL.into_iter().filter(|relation| !relation.is_unique()))
            .collect();
        let pairs = stated_pairs(&relations).unwrap();
        assert_eq!(pairs.len(), relations.len() * (relations.len() - 1) / 2);
        for pair in pairs {
            assert_eq!(pair.as_relative.is_none(), pair.kin == Kin::Unrelated);
            // The other relatives do not change the relation between the two.
            let alone = stated_pairs(&[relations[pair.first], relations[pair.second]]).unwrap()[0];
            assert_eq!((alone.kin, alone.as_relative), (pair.kin, pair.as_relative));
        }
    }
}
