//! Prunes a pedigree to the persons who carry information about the genotypes.

use crate::model::Member;
use crate::population::Convention;

use super::observation::Observation;

/// A pruned pedigree, parents before children.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) persons: Vec<Person>,
    /// The missing child among `persons`, under H1.
    pub(super) child: Option<usize>,
}

/// One person of a [`Shape`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    /// Position in the pedigree; `None` for an unrelated child added to it.
    pub(super) member: Option<usize>,
    /// Index of the relative; `None` for an untyped link.
    pub(super) relative: Option<usize>,
    /// Position of the father; `None` if that gamete is drawn from the population.
    pub(super) father: Option<usize>,
    /// Position of the mother; `None` if that gamete is drawn from the population.
    pub(super) mother: Option<usize>,
}

impl Person {
    /// Reports whether both gametes are drawn from the population.
    pub(super) fn is_founder(&self) -> bool {
        self.father.is_none() && self.mother.is_none()
    }
}

impl Shape {
    pub(super) fn new(
        members: &[Member],
        relative_of: &[Option<usize>],
        child: Option<usize>,
        convention: Convention,
    ) -> Self {
        let members = prune(members, |i| relative_of[i].is_some() || child == Some(i), convention);
        let mut place = vec![None; members.len()];
        let mut persons = Vec::new();
        for (i, member) in members.iter().enumerate() {
            let Some(member) = member else { continue };
            place[i] = Some(persons.len());
            let parent = |position: Option<usize>| position.and_then(|p| place[p]);
            let (father, mother) = (parent(member.father), parent(member.mother));
            persons.push(Person { member: Some(i), relative: relative_of[i], father, mother });
        }
        Self { persons, child: child.and_then(|c| place[c]) }
    }

    /// Reports whether the missing child is itself a parent of someone.
    pub(super) fn child_is_parent(&self) -> bool {
        let child = |parent: Option<usize>| parent.is_some() && parent == self.child;
        self.persons.iter().any(|person| child(person.father) || child(person.mother))
    }

    /// Returns the observation of each person: that of the relative, or `child` for the missing child.
    pub(super) fn shown<'a>(
        &'a self,
        observations: &'a [Option<Observation>],
        child: Option<&'a Observation>,
    ) -> impl Iterator<Item = (&'a Person, Option<&'a Observation>)> {
        self.persons.iter().enumerate().map(move |(i, person)| {
            let seen = person.relative.and_then(|relative| observations[relative].as_ref());
            (person, if self.child == Some(i) { child } else { seen })
        })
    }

    /// Returns this shape without some persons, who must not be parents of others, and where each remaining person is
    /// then found. The shape has no child.
    pub(super) fn without(&self, gone: impl Fn(usize) -> bool) -> (Self, Vec<usize>) {
        let mut places = Vec::with_capacity(self.persons.len());
        let mut persons = Vec::new();
        for (i, person) in self.persons.iter().enumerate() {
            places.push(persons.len());
            if !gone(i) {
                let [father, mother] = [person.father, person.mother].map(|parent| parent.map(|parent| places[parent]));
                persons.push(Person { father, mother, ..*person });
            }
        }
        (Self { persons, child: None }, places)
    }

    /// Returns this shape with the child added as an unrelated person.
    pub(super) fn with_stranger(&self) -> Self {
        let mut shape = self.clone();
        shape.child = Some(shape.persons.len());
        shape.persons.push(Person { member: None, relative: None, father: None, mother: None });
        shape
    }
}

/// Repeatedly removes every person who is not `kept` and has no remaining child; under [`Convention::Pruned`] also
/// every person who is not `kept`, has no parents and has at most one remaining child. `None` marks the removed
/// persons.
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
