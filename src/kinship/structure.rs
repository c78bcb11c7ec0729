//! Builds the pruned pedigrees of the two hypotheses of a family.

use crate::model::{Pedigree, Relation};
use crate::population::Convention;

use super::error::StructureError;
use super::evidence::Kind;
use super::shape::Shape;
use super::tree::Tree;

/// The two hypotheses of a family, for given relations and typed relatives, ready to compute.
///
/// It depends on the relations and on who is typed, not on genotypes, so it is valid for every locus and every family
/// of the same kind.
#[derive(Clone, Debug)]
pub struct Structure {
    /// H1: with the missing child, who is taken as untyped.
    pub(super) with_child: Shape,
    /// H2: the relatives alone.
    pub(super) without_child: Shape,
    /// Both pedigrees as trees for peeling; `None` if there is a loop.
    pub(super) trees: Option<[Tree; 2]>,
    /// `true` if a parent of unstated sex, and the descendants of that parent, may equally be on the other side: see
    /// [`Relation::Parent`].
    pub(super) either_side: bool,
}

impl Structure {
    /// Builds the structure of relatives, each given by the relation and by whether the relative is typed at the locus.
    ///
    /// # Errors
    /// Returns [`StructureError`]: two persons of a unique relation, or too many siblings.
    pub fn new(relatives: &[(Relation, bool)], convention: Convention) -> Result<Self, StructureError> {
        let relations: Vec<Relation> = relatives.iter().map(|relative| relative.0).collect();
        let pedigree = Pedigree::from_relations(&relations)?;
        let typed: Vec<bool> = relatives.iter().map(|relative| relative.1).collect();
        let either_side = relations.contains(&Relation::Parent)
            && !relations.iter().any(|relation| matches!(relation, Relation::Father | Relation::Mother));
        Ok(Self { either_side, ..Self::of_pedigree(&pedigree, &typed, convention)? })
    }

    /// Builds the structure of this kind of evidence.
    ///
    /// # Errors
    /// Returns the errors of [`Self::new`].
    pub fn of_kind(kind: &Kind, convention: Convention) -> Result<Self, StructureError> {
        match &kind.pedigree {
            None => Self::new(&kind.typed, convention),
            Some(pedigree) => {
                let typed: Vec<bool> = kind.typed.iter().map(|relative| relative.1).collect();
                Self::of_pedigree(pedigree, &typed, convention)
            }
        }
    }

    /// Builds the structure of an explicit pedigree; `typed` follows the order of [`Pedigree::relatives`].
    ///
    /// # Errors
    /// Returns [`StructureError::Siblings`] if a couple has too many children.
    pub fn of_pedigree(pedigree: &Pedigree, typed: &[bool], convention: Convention) -> Result<Self, StructureError> {
        let mut relative_of = vec![None; pedigree.members().len()];
        for (relative, (&member, _)) in pedigree.relatives().iter().zip(typed).enumerate().filter(|(_, (_, t))| **t) {
            relative_of[member] = Some(relative);
        }
        let with_child = Shape::new(pedigree.members(), &relative_of, Some(pedigree.child()), convention);
        let without_child = Shape::new(pedigree.members(), &relative_of, None, convention);
        let trees = Tree::new(&with_child)?.zip(Tree::new(&without_child)?).map(|(with, without)| [with, without]);
        Ok(Self { with_child, without_child, trees, either_side: false })
    }

    /// Reports whether two persons are linked along two ways, as in a marriage of cousins.
    #[must_use]
    pub fn has_loop(&self) -> bool {
        self.trees.is_none()
    }

    /// Returns the number of persons that remain, under both hypotheses together.
    pub(super) fn persons(&self) -> usize {
        self.with_child.persons.len() + self.without_child.persons.len()
    }

    /// Returns an upper bound on the number of single mutation steps between the origins of relatives' alleles under H1
    /// and H2: the number of alleles that H2 draws directly from the population but H1 passes through untyped
    /// ancestors, times the number of those ancestors. 0 if pruning treats both hypotheses alike.
    pub(super) fn steps_apart(&self) -> usize {
        let (one, other) = (&self.with_child, &self.without_child);
        let known = |shape: &Shape, member: Option<usize>| {
            let person = shape.persons.iter().find(|person| person.member == member)?;
            Some(usize::from(person.father.is_some()) + usize::from(person.mother.is_some()))
        };
        let gametes: usize = (other.persons.iter())
            .map(|person| {
                known(one, person.member).unwrap_or(0).saturating_sub(known(other, person.member).unwrap_or(0))
            })
            .sum();
        let ancestors = one.persons.iter().filter(|person| known(other, person.member).is_none()).count();
        gametes * ancestors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Member;
    use Relation::{
        Father, FullSibling, MaternalGrandmother, Mother, PaternalGrandfather, PaternalGrandmother,
        PaternalHalfSibling, PaternalUncle,
    };

    /// Returns the numbers of persons that remain under H1 and H2.
    fn sizes(relations: &[Relation], convention: Convention) -> (usize, usize) {
        let typed: Vec<_> = relations.iter().map(|&relation| (relation, true)).collect();
        let structure = Structure::new(&typed, convention).unwrap();
        (structure.with_child.persons.len(), structure.without_child.persons.len())
    }

    #[test]
    fn pruning_leaves_what_the_convention_says() {
        // The numbers that the pruning rule of the reference software gives.
        let pruned = |relations: &[Relation]| sizes(relations, Convention::Pruned);
        assert_eq!(pruned(&[Mother]), (2, 1));
        assert_eq!(pruned(&[Father, Mother]), (3, 2));
        assert_eq!(pruned(&[Father, Mother, FullSibling]), (4, 3));
        assert_eq!(pruned(&[FullSibling]), (4, 1));
        assert_eq!(pruned(&[FullSibling, FullSibling]), (5, 4));
        assert_eq!(pruned(&[Mother, FullSibling]), (4, 2));
        assert_eq!(pruned(&[PaternalGrandfather, PaternalGrandmother]), (4, 2));
        assert_eq!(pruned(&[Mother, PaternalGrandfather, PaternalGrandmother]), (5, 3));
        assert_eq!(pruned(&[MaternalGrandmother]), (3, 1));
        assert_eq!(pruned(&[PaternalHalfSibling]), (3, 1));
        assert_eq!(pruned(&[Mother, PaternalHalfSibling]), (4, 2));
        assert_eq!(pruned(&[PaternalUncle]), (5, 1));
        assert_eq!(pruned(&[Mother, PaternalUncle]), (6, 2));
    }

    #[test]
    fn the_full_convention_leaves_out_only_the_childless() {
        let full = |relations: &[Relation]| sizes(relations, Convention::Full);
        assert_eq!(full(&[Mother]), (3, 1));
        assert_eq!(full(&[PaternalHalfSibling]), (5, 3));
        assert_eq!(full(&[Mother, PaternalUncle]), (6, 4));
        let nobody = Structure::new(&[(Father, false)], Convention::Full).unwrap();
        assert_eq!((nobody.with_child.persons.len(), nobody.without_child.persons.len()), (3, 0));
    }

    #[test]
    fn loops_make_no_tree_and_crowds_are_errors() {
        // A child of brother and sister.
        let person = |father, mother| Member { father, mother };
        let founders = || person(None, None);
        let couple = |f, m| person(Some(f), Some(m));
        let members = [founders(), founders(), couple(0, 1), couple(0, 1), couple(2, 3)];
        let shape = Shape::new(&members, &[Some(0), Some(1), None, None, None], Some(4), Convention::Full);
        assert!(matches!(Tree::new(&shape), Ok(None)));
        let many = vec![(FullSibling, true); 17];
        assert!(matches!(Structure::new(&many, Convention::Full), Err(StructureError::Siblings { most: 16 })));
        assert!(Structure::new(&many[1..], Convention::Full).is_ok());
    }
}
