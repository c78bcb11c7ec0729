//! Finds the families with a missing child in a graph of parents and children.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::main_part::Descent;
use super::relations::{Placed, plain, relations_of};
use crate::intake::columns::fixed::Columns;
use crate::intake::findings::{Findings, value_named};
use crate::intake::pedigree::columns::OF_FAMILIES;
use crate::intake::pedigree::link::{Linked, MOST_PERSONS, Person, link_family};
use crate::intake::pedigree::reach::linked_with_child;
use crate::model::{FindingCode, Member, Pseudonym, Relation, Sex};

/// A person in a pedigree.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    /// The line of the person.
    pub(super) line: u64,
    /// `None` for nameless persons.
    pub(super) name: Option<&'a str>,
    pub(super) sex: Sex,
    /// Number of the person among those with DNA data.
    pub(super) typed: Option<usize>,
}

/// The descent of everyone in a pedigree.
pub(super) struct Graph<'a> {
    /// The line where it begins.
    pub(super) line: u64,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) links: Vec<Descent>,
}

/// The names of missing persons: those that begin with `Missing`, and these names; in any case.
pub(super) struct MissingNames(Vec<String>);

impl MissingNames {
    pub(super) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty()).collect())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        let name = name.trim().to_lowercase();
        name.starts_with("missing") || self.0.contains(&name)
    }

    /// Returns the number of these names that are not among the given ones.
    pub(super) fn not_among<'n>(&self, names: impl Iterator<Item = &'n str>) -> usize {
        let known: HashSet<String> = names.map(|name| name.trim().to_lowercase()).collect();
        self.0.iter().filter(|name| !known.contains(*name)).count()
    }
}

/// A missing child and its typed relatives.
pub(super) struct Kin {
    /// Position of the missing child.
    pub(super) missing: usize,
    /// The relatives with DNA data, by position.
    pub(super) relatives: Vec<Relative>,
    /// Positions of everyone who affects the likelihood ratio.
    pub(super) people: Vec<usize>,
    /// Numbers of persons with DNA data who are not related to the child.
    pub(super) unrelated: Vec<usize>,
}

/// A relative with DNA data.
#[derive(Clone, Copy)]
pub(super) struct Relative {
    /// Number among the persons with DNA data.
    pub(super) person: usize,
    /// The relation, if a relation describes the place; otherwise member.
    pub(super) relation: Relation,
}

impl Kin {
    /// Reports whether relations are not sufficient to describe the family.
    pub(super) fn needs_pedigree(&self) -> bool {
        self.relatives.iter().any(|relative| relative.relation == Relation::Member)
    }
}

/// The sexes, as far as they can be inferred.
pub(super) struct Sexes {
    /// Everyone's sex; for `open` groups, one of the two possibilities.
    pub(super) assumed: Vec<Sex>,
    /// Positions of parents without a stated sex whose sexes depend only on each other.
    pub(super) open: Vec<Vec<usize>>,
}

impl Sexes {
    /// Returns the sexes with those of a group exchanged.
    pub(super) fn with_exchanged(&self, group: &[usize]) -> Vec<Sex> {
        let mut sexes = self.assumed.clone();
        group.iter().for_each(|&person| sexes[person] = other(sexes[person]));
        sexes
    }
}

fn other(sex: Sex) -> Sex {
    match sex {
        Sex::Male => Sex::Female,
        Sex::Female => Sex::Male,
        Sex::Unknown => Sex::Unknown,
    }
}

impl Graph<'_> {
    /// Returns the positions of missing persons: their names begin with `Missing`, or are among these names. DNA data
    /// is not considered.
    pub(super) fn missing(&self, names: &MissingNames) -> Vec<usize> {
        (0..self.nodes.len()).filter(|&i| self.nodes[i].name.is_some_and(|name| names.has(name))).collect()
    }

    /// Reports for each person whether they have a parent or a child.
    pub(super) fn linked_at_all(&self) -> Vec<bool> {
        let mut linked = vec![false; self.nodes.len()];
        self.links.iter().for_each(|link| (linked[link.parent], linked[link.child]) = (true, true));
        linked
    }

    /// Returns everyone's father and mother for these sexes. Returns `None` if the pedigree is impossible; the findings
    /// then say why.
    pub(super) fn members(&self, sexes: &[Sex], findings: &mut Findings) -> Option<Vec<Member>> {
        let mut members = vec![Member::default(); self.nodes.len()];
        for &Descent { line, parent, child } in &self.links {
            let member = &mut members[child];
            let (place, word) = match sexes[parent] {
                Sex::Female => (&mut member.mother, "mother"),
                // No parent's sex is unknown here: see `sexes`.
                Sex::Male | Sex::Unknown => (&mut member.father, "father"),
            };
            if place.replace(parent).is_some_and(|known| known != parent) {
                let what = format!("is a second {word} of the child; correct the relations, or the sex of a parent");
                findings.problem(line, value_named("parent"), FindingCode::TwoParents, what);
                return None;
            }
        }
        Some(members)
    }

    /// Returns everyone's sex. If none is stated, it is inferred from the other parents of the person's children.
    pub(super) fn sexes(&self) -> Sexes {
        let mut assumed: Vec<Sex> = self.nodes.iter().map(|node| node.sex).collect();
        let mut parents: HashMap<usize, Vec<usize>> = HashMap::new();
        for link in &self.links {
            let of_child = parents.entry(link.child).or_default();
            if !of_child.contains(&link.parent) {
                of_child.push(link.parent);
            }
        }
        let mut partners: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for couple in parents.values() {
            if let &[one, other] = &couple[..] {
                partners[one].push(other);
                partners[other].push(one);
            }
        }
        // Assigns alternating sexes to everyone who is reached from these persons.
        let settle = |start: Vec<usize>, assumed: &mut Vec<Sex>| {
            let (mut stack, mut settled) = (start, Vec::new());
            while let Some(person) = stack.pop() {
                for &partner in &partners[person] {
                    if assumed[partner] == Sex::Unknown {
                        assumed[partner] = other(assumed[person]);
                        settled.push(partner);
                        stack.push(partner);
                    }
                }
            }
            settled
        };
        let known = (0..self.nodes.len()).filter(|&person| assumed[person] != Sex::Unknown).collect();
        settle(known, &mut assumed);
        let mut is_parent = vec![false; self.nodes.len()];
        self.links.iter().for_each(|link| is_parent[link.parent] = true);
        let mut open = Vec::new();
        for person in (0..self.nodes.len()).filter(|&person| is_parent[person]) {
            if assumed[person] == Sex::Unknown {
                assumed[person] = Sex::Male;
                let mut group = settle(vec![person], &mut assumed);
                group.push(person);
                open.push(group);
            }
        }
        Sexes { assumed, open }
    }

    /// Returns the missing child's relatives in the pedigree.
    pub(super) fn kin(&self, members: &[Member], missing: usize) -> Kin {
        let typed: Vec<(usize, usize)> =
            self.nodes.iter().enumerate().filter_map(|(i, node)| Some((i, node.typed?))).collect();
        let places: Vec<usize> = typed.iter().map(|one| one.0).collect();
        let is_near = linked_with_child(members, missing, &places);
        let part = |wanted: bool| typed.iter().zip(&is_near).filter(move |one| *one.1 == wanted).map(|one| *one.0);
        let (near, far): (Vec<_>, Vec<_>) = (part(true).collect(), part(false).collect());
        let mut wanted = vec![false; members.len()];
        let mut stack: Vec<usize> = near.iter().map(|one| one.0).chain([missing]).collect();
        while let Some(person) = stack.pop() {
            if !std::mem::replace(&mut wanted[person], true) {
                stack.extend([members[person].father, members[person].mother].into_iter().flatten());
            }
        }
        let people: Vec<usize> = (0..members.len()).filter(|&person| wanted[person]).collect();
        let names = self.names(members, &people, &near, missing);
        let relation = |at: usize| names.as_ref().map_or(Relation::Member, |names| names[at]);
        Kin {
            missing,
            relatives: near
                .iter()
                .enumerate()
                .map(|(at, &(_, person))| Relative { person, relation: relation(at) })
                .collect(),
            people,
            unrelated: far.iter().map(|one| one.1).collect(),
        }
    }

    /// Returns the relations of the typed persons; `None` if relations do not describe the family.
    fn names(
        &self,
        members: &[Member],
        people: &[usize],
        typed: &[(usize, usize)],
        missing: usize,
    ) -> Option<Vec<Relation>> {
        if people.len() > MOST_PERSONS {
            return None;
        }
        let at = |person: usize| people.binary_search(&person).ok();
        let member = |&person: &usize| Member {
            father: members[person].father.and_then(at),
            mother: members[person].mother.and_then(at),
        };
        let members: Vec<Member> = people.iter().map(member).collect();
        let typed: Option<Vec<(usize, Sex)>> =
            typed.iter().map(|&(person, _)| Some((at(person)?, self.nodes[person].sex))).collect();
        relations_of(&Placed { members: &members, child: at(missing)?, typed: &typed? })
    }

    /// Returns the links of a missing child's relatives; `sample` gives their pseudonyms by number.
    ///
    /// If `plainly` is set, untyped founders with one child are left out, and a person with one parent gets the other,
    /// as in pedigrees made from relations. So whatever untyped persons transmit, both ways of stating a family give
    /// the same likelihood ratio.
    pub(super) fn linked(
        &self,
        members: &[Member],
        kin: &Kin,
        plainly: bool,
        sample: impl Fn(usize) -> Option<Pseudonym>,
        findings: &mut Findings,
    ) -> Option<Linked> {
        let is_kept = |person: usize| person == kin.missing || self.nodes[person].typed.is_some();
        let (mut members, mut people) = (Cow::Borrowed(members), Cow::Borrowed(&kin.people[..]));
        if plainly {
            let kept: Vec<usize> = people.iter().copied().filter(|&person| is_kept(person)).collect();
            let mut plain = plain(&members, kin.missing, &kept);
            let parents = |person: usize| [plain[person].father, plain[person].mother].into_iter().flatten();
            let mut left: Vec<usize> = people.iter().copied().flat_map(parents).chain(kept).collect();
            left.sort_unstable();
            left.dedup();
            for person in left.clone() {
                let other = Some(plain.len());
                match &mut plain[person] {
                    Member { father: Some(_), mother: place @ None }
                    | Member { father: place @ None, mother: Some(_) } => {
                        *place = other;
                    }
                    _ => continue,
                }
                left.extend(other);
                plain.push(Member::default());
            }
            (members, people) = (Cow::Owned(plain), Cow::Owned(left));
        }
        // Names follow the position in the file, because the order of some relatives matters.
        let name = |person: usize| format!("{person:09}");
        let parent = |parent: Option<usize>| parent.map(name);
        let person = |&i: &usize| Person {
            line: self.line,
            name: name(i),
            parents: [parent(members[i].father), parent(members[i].mother)],
            sex: self.nodes.get(i).map_or(Sex::Unknown, |node| node.sex),
            missing: i == kin.missing,
            sample: self.nodes.get(i).and_then(|node| node.typed).and_then(&sample),
        };
        link_family(people.iter().map(person).collect(), &Columns::nowhere(&OF_FAMILIES), findings)
    }
}
