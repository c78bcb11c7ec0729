//! What is left of a pedigree once everyone who carries no information is gone, as a tree to peel.

use crate::model::{Member, Pedigree, PedigreeError, Relation};
use crate::population::Convention;

/// The two hypotheses of a family whose relatives are typed or not as given, ready to peel.
///
/// It depends on relations and on who is typed, not on genotypes, so it serves every locus and every family of
/// the same kind.
#[derive(Clone, Debug)]
pub struct Structure {
    /// H1: with the missing child, who is untyped.
    pub(super) with_child: Tree,
    /// H2: the relatives alone.
    pub(super) without_child: Tree,
}

/// Why a pedigree cannot be peeled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StructureError {
    /// The relations contradict each other.
    #[error(transparent)]
    Pedigree(#[from] PedigreeError),
    /// Two persons are linked along two ways.
    #[error("the pedigree has a loop: it cannot be computed yet")]
    Loop,
    /// More siblings than their 2^n phases allow.
    #[error("more than {most} typed children of one couple: leave out those typed at fewest loci", most = Tree::MOST_CHILDREN)]
    Siblings,
}

/// A pedigree without loops: persons and couples, each person the child of at most one couple.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) persons: Vec<Person>,
    pub(super) couples: Vec<Couple>,
    /// The missing child among `persons`, under H1.
    pub(super) child: Option<usize>,
    /// One person of each connected part, the missing child where it is.
    pub(super) roots: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Position in the pedigree.
    member: usize,
    /// Which relative this is; `None` for an untyped link.
    pub(super) relative: Option<usize>,
    /// The couple this person descends from; `None` for a founder.
    pub(super) origin: Option<usize>,
    /// The couples in which this person is a parent.
    pub(super) unions: Vec<usize>,
}

/// Two parents, or one with an allele from the population in place of the other, and their children.
#[derive(Clone, Debug)]
pub(super) struct Couple {
    pub(super) father: Option<usize>,
    pub(super) mother: Option<usize>,
    pub(super) children: Vec<usize>,
}

impl Structure {
    /// The structure of relatives given by relation and by whether each is typed at the locus.
    ///
    /// # Errors
    /// [`StructureError`]: two persons of a unique relation, a loop, or too many siblings.
    pub fn new(relatives: &[(Relation, bool)], convention: Convention) -> Result<Self, StructureError> {
        let relations: Vec<Relation> = relatives.iter().map(|relative| relative.0).collect();
        let pedigree = Pedigree::from_relations(&relations)?;
        let typed: Vec<bool> = relatives.iter().map(|relative| relative.1).collect();
        Self::of_pedigree(&pedigree, &typed, convention)
    }

    /// The structure of an explicit pedigree; `typed` runs along [`Pedigree::relatives`].
    ///
    /// # Errors
    /// [`StructureError::Loop`] or [`StructureError::Siblings`].
    pub fn of_pedigree(pedigree: &Pedigree, typed: &[bool], convention: Convention) -> Result<Self, StructureError> {
        let mut relative_of = vec![None; pedigree.members().len()];
        for (relative, (&member, _)) in pedigree.relatives().iter().zip(typed).enumerate().filter(|(_, (_, t))| **t) {
            relative_of[member] = Some(relative);
        }
        Ok(Self {
            with_child: Tree::new(pedigree.members(), &relative_of, Some(pedigree.child()), convention)?,
            without_child: Tree::new(pedigree.members(), &relative_of, None, convention)?,
        })
    }

    /// How many single mutation steps, at most, lie between where relatives' alleles come from under H1 and under
    /// H2: alleles that H2 draws from the population directly and H1 through untyped ancestors, times the number
    /// of those ancestors. 0 if pruning treats both hypotheses alike.
    pub(super) fn steps_apart(&self) -> usize {
        let (one, other) = (&self.with_child, &self.without_child);
        let known = |tree: &Tree, member: usize| {
            let person = tree.persons.iter().find(|person| person.member == member)?;
            let couple = person.origin.map(|couple| &tree.couples[couple]);
            Some(couple.map_or(0, |couple| usize::from(couple.father.is_some()) + usize::from(couple.mother.is_some())))
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

impl Tree {
    /// Peeling sums over the 2^n ways in which n heterozygous siblings may have got their alleles.
    const MOST_CHILDREN: usize = 16;

    fn new(
        members: &[Member],
        relative_of: &[Option<usize>],
        child: Option<usize>,
        convention: Convention,
    ) -> Result<Self, StructureError> {
        let members = prune(members, |i| relative_of[i].is_some() || child == Some(i), convention);
        let mut place = vec![None; members.len()];
        let mut tree = Self { persons: Vec::new(), couples: Vec::new(), child: None, roots: Vec::new() };
        for (i, member) in members.iter().enumerate() {
            let Some(member) = member else { continue };
            place[i] = Some(tree.persons.len());
            let parent = |position: Option<usize>| position.and_then(|p| place[p]);
            let (father, mother) = (parent(member.father), parent(member.mother));
            let person = tree.persons.len();
            let origin = (father.is_some() || mother.is_some()).then(|| tree.couple(father, mother));
            if let Some(couple) = origin {
                tree.couples[couple].children.push(person);
            }
            tree.persons.push(Person { member: i, relative: relative_of[i], origin, unions: Vec::new() });
        }
        tree.child = child.and_then(|c| place[c]);
        for (c, couple) in tree.couples.iter().enumerate() {
            if couple.children.len() > Self::MOST_CHILDREN + 1 {
                return Err(StructureError::Siblings);
            }
            for parent in [couple.father, couple.mother].into_iter().flatten() {
                tree.persons[parent].unions.push(c);
            }
        }
        tree.find_parts()?;
        Ok(tree)
    }

    /// The couple of these parents. A parent alone hands on to each child beside another draw from the
    /// population, so such children are no siblings on the other side: each has a couple of its own.
    fn couple(&mut self, father: Option<usize>, mother: Option<usize>) -> usize {
        let known = (father.is_some() && mother.is_some())
            .then(|| self.couples.iter().position(|c| c.father == father && c.mother == mother));
        known.flatten().unwrap_or_else(|| {
            self.couples.push(Couple { father, mother, children: Vec::new() });
            self.couples.len() - 1
        })
    }

    /// Joins persons and couples part by part; meeting one from two sides means a loop.
    fn find_parts(&mut self) -> Result<(), StructureError> {
        let mut seen = vec![false; self.persons.len()];
        let order = self.child.into_iter().chain(0..self.persons.len());
        for root in order {
            if seen[root] {
                continue;
            }
            self.roots.push(root);
            seen[root] = true;
            let mut open = vec![(root, None)];
            while let Some((person, from)) = open.pop() {
                let adjacent = self.persons[person].unions.iter().copied().chain(self.persons[person].origin);
                for couple in adjacent.filter(|&couple| from != Some(couple)) {
                    let Couple { father, mother, children } = &self.couples[couple];
                    for next in father.iter().chain(mother).chain(children).copied().filter(|&next| next != person) {
                        if std::mem::replace(&mut seen[next], true) {
                            return Err(StructureError::Loop);
                        }
                        open.push((next, Some(couple)));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Leaves out, until nothing changes, everyone who is not `kept` and has no child left; under
/// [`Convention::Pruned`] also everyone not kept without parents and with at most one child left. `None` marks
/// those left out.
fn prune(members: &[Member], kept: impl Fn(usize) -> bool, convention: Convention) -> Vec<Option<Member>> {
    let mut left: Vec<Option<Member>> = members.iter().copied().map(Some).collect();
    loop {
        let mut children = vec![0_usize; members.len()];
        for member in left.iter().flatten() {
            for parent in [member.father, member.mother].into_iter().flatten() {
                children[parent] += 1;
            }
        }
        let gone = (0..members.len()).find(|&i| {
            let Some(member) = left[i] else { return false };
            let founder = member.father.is_none() && member.mother.is_none();
            let idle = convention == Convention::Pruned && founder && children[i] <= 1;
            !kept(i) && (children[i] == 0 || idle)
        });
        let Some(gone) = gone else { return left };
        left[gone] = None;
        for member in left.iter_mut().flatten() {
            for parent in [&mut member.father, &mut member.mother] {
                if *parent == Some(gone) {
                    *parent = None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Relation::{
        Father, FullSibling, MaternalGrandmother, Mother, PaternalGrandfather, PaternalGrandmother,
        PaternalHalfSibling, PaternalUncle,
    };

    /// How many persons stay under H1 and H2.
    fn sizes(relations: &[Relation], convention: Convention) -> (usize, usize) {
        let typed: Vec<_> = relations.iter().map(|&relation| (relation, true)).collect();
        let structure = Structure::new(&typed, convention).unwrap();
        (structure.with_child.persons.len(), structure.without_child.persons.len())
    }

    #[test]
    fn pruning_leaves_what_the_convention_says() {
        // The table of removals that the reference software's own rule gives.
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
    fn loops_and_crowds_are_errors() {
        // Two brothers with two sisters: double first cousins, one of whom is the child's sibling by marriage.
        let person = |father, mother| Member { father, mother };
        let founders = || person(None, None);
        let couple = |f, m| person(Some(f), Some(m));
        let members = [founders(), founders(), couple(0, 1), couple(0, 1), couple(2, 3)];
        let tree = Tree::new(&members, &[Some(0), Some(1), None, None, None], Some(4), Convention::Full);
        assert!(matches!(tree, Err(StructureError::Loop)));
        let many = vec![(FullSibling, true); 17];
        assert!(matches!(Structure::new(&many, Convention::Full), Err(StructureError::Siblings)));
        assert!(Structure::new(&many[1..], Convention::Full).is_ok());
    }
}
