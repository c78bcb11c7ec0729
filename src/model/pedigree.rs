//! Pedigrees: the links from parents to children that connect relatives with the missing child.

use super::Relation;

/// One person of a pedigree, defined by the positions of the parents. A person without parents is a founder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Member {
    /// Position of the father.
    pub father: Option<usize>,
    /// Position of the mother.
    pub mother: Option<usize>,
}

/// A missing child's pedigree: all persons who link the relatives with the child.
///
/// Parents come before their children, so the order is topological.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pedigree {
    members: Vec<Member>,
    child: usize,
    relatives: Vec<usize>,
}

/// The reason why relations or links do not form a pedigree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PedigreeError {
    /// Two persons are given for a relation that only one person can have.
    #[error("a child has one {0} only, but two are given")]
    Two(Relation),
    /// More than two of father, mother and [`Relation::Parent`] are given.
    #[error("a child has two parents, but three are given")]
    ThreeParents,
    /// [`Relation::Parent`] is given together with relatives of one side.
    #[error(
        "the sex of a parent is not known, and beside paternal or maternal relatives it must be; state father or mother"
    )]
    Side,
    /// [`Relation::Member`] is given without a pedigree that defines the place.
    #[error("member is a relation only in a family with a pedigree of its own")]
    NoPlace,
    /// A position is outside the pedigree.
    #[error("someone is named who is not in the pedigree")]
    Nobody,
    /// A person is their own ancestor.
    #[error("a person cannot be their own ancestor")]
    Cycle,
    /// A person is a father in one place and a mother in another.
    #[error("a person cannot be both a father and a mother")]
    BothSexes,
    /// Two relatives, or a relative and the missing child, are the same person of the pedigree.
    #[error("two samples cannot be the same person of the pedigree; identical twins are one person, entered once")]
    SamePerson,
}

impl Pedigree {
    /// Creates the pedigree of a child and its relatives, from their relations to the child.
    ///
    /// The father and mother are always in it; the grandparents of a side only if one of them, or an uncle or aunt of
    /// that side, is given. One parent of unstated sex takes the father's place; of two, each takes one place. Beside
    /// parents and full siblings alone, the two places differ only in the mutation rate. Uncles and aunts are full
    /// siblings of the parent. Each half-sibling has its own other parent: the relation does not say that two
    /// half-siblings share one, and assuming so could exclude a true family.
    ///
    /// # Errors
    /// Returns [`PedigreeError::Two`] if a parent or grandparent is given twice; [`PedigreeError::ThreeParents`];
    /// [`PedigreeError::NoPlace`]; [`PedigreeError::Side`] if a parent of unstated sex could be on either side of other
    /// relatives.
    pub fn from_relations(relations: &[Relation]) -> Result<Self, PedigreeError> {
        let told: Vec<Relation> =
            relations.iter().map(|relation| relation.beside(|other| relations.contains(&other))).collect();
        let stated_twice = |parent| relations.iter().filter(|&&given| given == parent).count() > 1;
        let three = relations.iter().filter(|relation| relation.is_parent()).count() > 2;
        if three && !stated_twice(Relation::Father) && !stated_twice(Relation::Mother) {
            return Err(PedigreeError::ThreeParents);
        }
        let relations = &*told;
        if relations.contains(&Relation::Member) {
            return Err(PedigreeError::NoPlace);
        }
        for relation in Relation::ALL.into_iter().filter(|relation| relation.is_unique()) {
            if relations.iter().filter(|&&given| given == relation).count() > 1 {
                return Err(PedigreeError::Two(relation));
            }
        }
        let mut unstated = relations.iter().filter(|&&given| given == Relation::Parent).count();
        if unstated > 0 && relations.iter().any(|relation| relation.has_side()) {
            return Err(PedigreeError::Side);
        }
        let mut members = Vec::with_capacity(relations.len() + 8);
        let mut add = |father, mother| {
            members.push(Member { father, mother });
            members.len() - 1
        };
        let mut side = |first: Relation| {
            use Relation::{
                MaternalAunt, MaternalGrandfather, MaternalGrandmother, MaternalUncle, PaternalAunt,
                PaternalGrandfather, PaternalGrandmother, PaternalUncle,
            };
            let kin = if first == Relation::Father {
                [PaternalGrandfather, PaternalGrandmother, PaternalUncle, PaternalAunt]
            } else {
                [MaternalGrandfather, MaternalGrandmother, MaternalUncle, MaternalAunt]
            };
            let grandparents = relations.iter().any(|r| kin.contains(r)).then(|| (add(None, None), add(None, None)));
            let parent = add(grandparents.map(|g| g.0), grandparents.map(|g| g.1));
            (grandparents, parent)
        };
        let (paternal, father) = side(Relation::Father);
        let (maternal, mother) = side(Relation::Mother);
        let child = add(Some(father), Some(mother));
        let below =
            |grandparents: Option<(usize, usize)>| grandparents.map_or((None, None), |g| (Some(g.0), Some(g.1)));
        let relatives = relations
            .iter()
            .map(|relation| match relation {
                Relation::Father => father,
                Relation::Mother => mother,
                Relation::FullSibling => add(Some(father), Some(mother)),
                Relation::PaternalHalfSibling => {
                    let other = add(None, None);
                    add(Some(father), Some(other))
                }
                Relation::MaternalHalfSibling => {
                    let other = add(None, None);
                    add(Some(other), Some(mother))
                }
                Relation::PaternalGrandfather => paternal.map_or(father, |g| g.0),
                Relation::PaternalGrandmother => paternal.map_or(father, |g| g.1),
                Relation::MaternalGrandfather => maternal.map_or(mother, |g| g.0),
                Relation::MaternalGrandmother => maternal.map_or(mother, |g| g.1),
                Relation::PaternalUncle | Relation::PaternalAunt => {
                    let (father, mother) = below(paternal);
                    add(father, mother)
                }
                Relation::MaternalUncle | Relation::MaternalAunt => {
                    let (father, mother) = below(maternal);
                    add(father, mother)
                }
                Relation::Parent => {
                    unstated -= 1;
                    if unstated == 0 { father } else { mother }
                }
                // Rejected above.
                Relation::Member => child,
            })
            .collect();
        Ok(Self { members, child, relatives })
    }

    /// Creates a pedigree from its links: all persons with the positions of their parents, in any order, the missing
    /// child, and the relatives with samples. Loops are allowed.
    ///
    /// Renumbers positions so that parents come before their children.
    ///
    /// # Errors
    /// Returns [`PedigreeError`] if no persons could be related in this way.
    pub fn from_members(members: &[Member], child: usize, relatives: &[usize]) -> Result<Self, PedigreeError> {
        let parents = |member: &Member| [member.father, member.mother];
        let named = members.iter().flat_map(parents).flatten().chain([child]).chain(relatives.iter().copied());
        if named.max().is_some_and(|last| last >= members.len()) {
            return Err(PedigreeError::Nobody);
        }
        if members.iter().filter_map(|m| m.father).any(|father| members.iter().any(|m| m.mother == Some(father))) {
            return Err(PedigreeError::BothSexes);
        }
        let mut seen = vec![false; members.len()];
        if relatives.iter().chain([&child]).any(|&one| std::mem::replace(&mut seen[one], true)) {
            return Err(PedigreeError::SamePerson);
        }
        let mut order: Vec<usize> = Vec::with_capacity(members.len());
        let mut place = vec![None; members.len()];
        while order.len() < members.len() {
            let ready = |&i: &usize| {
                place[i].is_none() && parents(&members[i]).into_iter().flatten().all(|parent| place[parent].is_some())
            };
            let next = (0..members.len()).find(ready).ok_or(PedigreeError::Cycle)?;
            place[next] = Some(order.len());
            order.push(next);
        }
        let at = |position: usize| place[position].unwrap_or_default();
        let member = |&i: &usize| Member { father: members[i].father.map(at), mother: members[i].mother.map(at) };
        Ok(Self {
            members: order.iter().map(member).collect(),
            child: at(child),
            relatives: relatives.iter().map(|&relative| at(relative)).collect(),
        })
    }

    /// Returns all persons, parents before children.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns the position of the missing child.
    #[must_use]
    pub fn child(&self) -> usize {
        self.child
    }

    /// Reports whether the missing child is inbred: its father and mother share an ancestor, or one is an ancestor of
    /// the other. Its two alleles may then be copies of one, which is informative wherever the child is typed.
    #[must_use]
    pub fn child_is_inbred(&self) -> bool {
        let line = |parent: Option<usize>| {
            let mut is_in = vec![false; self.members.len()];
            parent.into_iter().for_each(|parent| is_in[parent] = true);
            for (person, member) in self.members.iter().enumerate().rev() {
                if is_in[person] {
                    [member.father, member.mother].into_iter().flatten().for_each(|parent| is_in[parent] = true);
                }
            }
            is_in
        };
        let Member { father, mother } = self.members[self.child];
        line(father).into_iter().zip(line(mother)).any(|(paternal, maternal)| paternal && maternal)
    }

    /// Returns the positions of the relatives, in the order in which their relations were given.
    #[must_use]
    pub fn relatives(&self) -> &[usize] {
        &self.relatives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_stand_before_children_in_every_combination() {
        let pedigree = Pedigree::from_relations(&Relation::ALL).unwrap();
        for (i, member) in pedigree.members().iter().enumerate() {
            assert!(member.father.is_none_or(|f| f < i) && member.mother.is_none_or(|m| m < i));
        }
        let mut positions = pedigree.relatives().to_vec();
        positions.sort_unstable();
        positions.dedup();
        assert_eq!(positions.len(), Relation::ALL.len(), "no two relatives are one person");
    }

    #[test]
    fn relations_place_relatives() {
        let pedigree = Pedigree::from_relations(&[Relation::PaternalUncle, Relation::Mother]).unwrap();
        let [uncle, mother] = pedigree.relatives() else { panic!() };
        let child = pedigree.members()[pedigree.child()];
        assert_eq!(child.mother, Some(*mother));
        assert_eq!(pedigree.members()[*uncle], pedigree.members()[child.father.unwrap()]);
        assert_eq!(pedigree.members()[*mother], Member::default());
    }

    #[test]
    fn a_child_of_relatives_is_inbred() {
        let founder = Member::default();
        let couple = |father, mother| Member { father: Some(father), mother: Some(mother) };
        let one = |father| Member { father: Some(father), mother: None };
        let inbred = |members: &[Member], child| Pedigree::from_members(members, child, &[]).unwrap().child_is_inbred();
        let siblings = [founder, founder, couple(0, 1), couple(0, 1), couple(2, 3)];
        assert!(inbred(&siblings, 4));
        assert!(!inbred(&siblings[..4], 3));
        assert!(inbred(&[founder, one(0), couple(0, 1)], 2), "father and daughter");
        assert!(inbred(&[founder, one(0), one(0), couple(1, 2)], 3), "half-siblings");
        // Cousins who share a grandfather; their child, and a child of one of them and a stranger.
        let cousins = [founder, one(0), one(0), one(1), one(2), founder, couple(3, 4), couple(3, 5)];
        assert!(inbred(&cousins, 6) && !inbred(&cousins, 7));
        // A loop elsewhere: the child's half-sibling is the inbred one.
        let elsewhere = [founder, founder, couple(0, 1), couple(0, 1), couple(2, 3), one(2)];
        assert!(!inbred(&elsewhere, 5));
        assert!(!Pedigree::from_relations(&Relation::ALL).unwrap().child_is_inbred());
    }

    #[test]
    fn two_fathers_are_refused() {
        let two = Pedigree::from_relations(&[Relation::Father, Relation::Mother, Relation::Father]);
        assert_eq!(two, Err(PedigreeError::Two(Relation::Father)));
        assert!(Pedigree::from_relations(&[Relation::FullSibling, Relation::FullSibling]).is_ok());
    }

    #[test]
    fn a_parent_takes_the_place_that_is_free() {
        use Relation::{Father, FullSibling, MaternalAunt, Mother, Parent, PaternalUncle};
        let of = |relations: &[Relation]| Pedigree::from_relations(relations);
        assert_eq!(of(&[Father, Parent]), of(&[Father, Mother]));
        assert_eq!(of(&[Mother, Parent, PaternalUncle]), of(&[Mother, Father, PaternalUncle]));
        assert_eq!(of(&[Parent, FullSibling]), of(&[Father, FullSibling]));
        assert_eq!(of(&[Parent, Parent]), of(&[Mother, Father]));
        assert_eq!(of(&[Parent, MaternalAunt]), Err(PedigreeError::Side));
        assert_eq!(of(&[Parent, Parent, MaternalAunt]), Err(PedigreeError::Side));
        assert_eq!(of(&[Parent; 3]), Err(PedigreeError::ThreeParents));
        assert_eq!(of(&[Father, Mother, Parent]), Err(PedigreeError::ThreeParents));
        assert_eq!(of(&[Father, Parent, Parent]), Err(PedigreeError::ThreeParents));
    }
}
