//! Arranges a pedigree without loops as a tree for peeling.

use super::error::StructureError;
use super::shape::Shape;

/// A pedigree without loops: persons and couples, each person the child of at most one couple.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) persons: Vec<Person>,
    pub(super) couples: Vec<Couple>,
    /// The missing child among `persons`, under H1.
    pub(super) child: Option<usize>,
    /// One person of each connected part; the missing child in its own part.
    pub(super) roots: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Index of the relative; `None` for an untyped link.
    pub(super) relative: Option<usize>,
    /// The couple from which this person descends; `None` for a founder.
    pub(super) origin: Option<usize>,
    /// The couples in which this person is a parent.
    pub(super) unions: Vec<usize>,
}

/// Two parents and their children, or one parent; the other allele of each child then comes from the population.
#[derive(Clone, Debug)]
pub(super) struct Couple {
    pub(super) father: Option<usize>,
    pub(super) mother: Option<usize>,
    pub(super) children: Vec<usize>,
}

impl Tree {
    /// The largest number of children of a couple, besides the missing child: peeling sums over the 2^n ways in which n
    /// heterozygous siblings may have received their alleles.
    pub(super) const MOST_CHILDREN: usize = 16;

    /// Builds the tree; `None` if the shape has a loop.
    ///
    /// # Errors
    /// Returns [`StructureError::Siblings`] if a couple has too many children.
    pub(super) fn new(shape: &Shape) -> Result<Option<Self>, StructureError> {
        let mut tree = Self { persons: Vec::new(), couples: Vec::new(), child: shape.child, roots: Vec::new() };
        for (person, &one) in shape.persons.iter().enumerate() {
            let origin = (one.father.is_some() || one.mother.is_some()).then(|| tree.couple(one.father, one.mother));
            if let Some(couple) = origin {
                tree.couples[couple].children.push(person);
            }
            tree.persons.push(Person { relative: one.relative, origin, unions: Vec::new() });
        }
        for (c, couple) in tree.couples.iter().enumerate() {
            if couple.children.len() > Self::MOST_CHILDREN + 1 {
                return Err(StructureError::Siblings { most: Self::MOST_CHILDREN });
            }
            for parent in [couple.father, couple.mother].into_iter().flatten() {
                tree.persons[parent].unions.push(c);
            }
        }
        Ok(tree.find_parts().then_some(tree))
    }

    /// Returns the couple of these parents. The children of a single parent each receive a separate draw from the
    /// population, so they are not siblings on the other side: each has a couple of its own.
    fn couple(&mut self, father: Option<usize>, mother: Option<usize>) -> usize {
        let known = (father.is_some() && mother.is_some())
            .then(|| self.couples.iter().position(|c| c.father == father && c.mother == mother));
        known.flatten().unwrap_or_else(|| {
            self.couples.push(Couple { father, mother, children: Vec::new() });
            self.couples.len() - 1
        })
    }

    /// Finds the connected parts and a root for each; returns `false` if it reaches a person twice, that is, if there
    /// is a loop.
    fn find_parts(&mut self) -> bool {
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
                            return false;
                        }
                        open.push((next, Some(couple)));
                    }
                }
            }
        }
        true
    }
}
