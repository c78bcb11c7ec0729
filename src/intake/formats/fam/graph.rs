//! From parents and children by position to families with a missing child.

use std::collections::HashMap;

use super::main_part::Descent;
use super::relations::{Placed, relations_of};
use crate::intake::columns::fixed::Columns;
use crate::intake::findings::{Findings, value_named};
use crate::intake::pedigree::columns::OF_FAMILIES;
use crate::intake::pedigree::link::{Linked, MOST_PERSONS, Person, link_family};
use crate::model::{FindingCode, Member, Pseudonym, Relation, Sex};

/// TypedPerson in a pedigree.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    /// `None` for the nameless.
    pub(super) name: Option<&'a str>,
    pub(super) sex: Sex,
    /// Number of the person among those with DNA data.
    pub(super) typed: Option<usize>,
}

/// Who descends from whom.
pub(super) struct Graph<'a> {
    /// Where it begins.
    pub(super) line: u64,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) links: Vec<Descent>,
}

/// A missing child and its typed relatives.
pub(super) struct Kin {
    /// Position of the missing child.
    pub(super) missing: usize,
    /// The relatives with DNA data, by position.
    pub(super) relatives: Vec<Relative>,
    /// Everyone who matters, where relations do not say it.
    people: Vec<usize>,
    /// Numbers of those with DNA data who are not related to the child.
    pub(super) unrelated: Vec<usize>,
}

/// A relative with DNA data.
#[derive(Clone, Copy)]
pub(super) struct Relative {
    /// Number among those with DNA data.
    pub(super) person: usize,
    /// The relation, where that says the place; else member.
    pub(super) relation: Relation,
}

impl Kin {
    /// Whether relations do not say who is who.
    pub(super) fn needs_pedigree(&self) -> bool {
        self.relatives.iter().any(|relative| relative.relation == Relation::Member)
    }
}

impl<'a> Graph<'a> {
    /// Positions of the missing who have a parent or child: whoever is named `Missing person`, else the untyped whose names
    /// begin with `Missing`.
    pub(super) fn missing(&self) -> Vec<usize> {
        let mut linked = vec![false; self.nodes.len()];
        self.links.iter().for_each(|link| (linked[link.parent], linked[link.child]) = (true, true));
        let missing = |exact: bool| {
            let is = |&i: &usize| {
                let name = self.nodes[i].name.unwrap_or_default().to_ascii_lowercase();
                let named = if exact { name == "missing person" } else { name.starts_with("missing") };
                linked[i] && named && self.nodes[i].typed.is_none()
            };
            (0..self.nodes.len()).filter(is).collect::<Vec<_>>()
        };
        Some(missing(true)).filter(|found| !found.is_empty()).unwrap_or_else(|| missing(false))
    }

    /// Father and mother of everyone. `None` if that cannot be told; the findings then say why.
    pub(super) fn members(&self, findings: &mut Findings) -> Option<Vec<Member>> {
        let sexes = self.sexes();
        let mut members = vec![Member::default(); self.nodes.len()];
        for &Descent { line, parent, child } in &self.links {
            let member = &mut members[child];
            let (place, word) = match sexes[parent] {
                Sex::Male => (&mut member.father, "father"),
                Sex::Female => (&mut member.mother, "mother"),
                Sex::Unknown => {
                    let what = "may be father or mother: give the sex, or the other parent of the child";
                    findings.problem(line, value_named("parent"), FindingCode::ParentSex, what);
                    return None;
                }
            };
            if place.replace(parent).is_some_and(|known| known != parent) {
                let what = format!("is a second {word} of the child: correct the relations, or the sex of a parent");
                findings.problem(line, value_named("parent"), FindingCode::TwoParents, what);
                return None;
            }
        }
        Some(members)
    }

    /// Sexes, and where none is given, what the other parents of the own children leave.
    fn sexes(&self) -> Vec<Sex> {
        let mut sexes: Vec<Sex> = self.nodes.iter().map(|node| node.sex).collect();
        let mut parents: HashMap<usize, Vec<usize>> = HashMap::new();
        self.links.iter().for_each(|link| parents.entry(link.child).or_default().push(link.parent));
        let couples: Vec<[usize; 2]> = parents.into_values().filter_map(|of_child| of_child.try_into().ok()).collect();
        // Each round settles someone, or is the last; chains of couples are short.
        for _ in 0..self.nodes.len().min(100) {
            let mut settled = true;
            for &[one, other] in &couples {
                for (one, other) in [(one, other), (other, one)] {
                    if sexes[one] == Sex::Unknown && sexes[other] != Sex::Unknown {
                        sexes[one] = if sexes[other] == Sex::Male { Sex::Female } else { Sex::Male };
                        settled = false;
                    }
                }
            }
            if settled {
                break;
            }
        }
        sexes
    }

    /// What the pedigree says of a missing child.
    pub(super) fn kin(&self, members: &[Member], missing: usize) -> Kin {
        let together = self.together(missing);
        let typed = |&i: &usize| Some((i, self.nodes[i].typed?));
        let (near, far): (Vec<_>, Vec<_>) =
            (0..self.nodes.len()).filter_map(|i| typed(&i)).partition(|&(i, _)| together[i]);
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

    /// The relations of the typed among these people; `None` if they do not say who is who.
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

    /// Who is linked to a person in any way.
    fn together(&self, person: usize) -> Vec<bool> {
        let mut near: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for &Descent { parent, child, .. } in &self.links {
            near[parent].push(child);
            near[child].push(parent);
        }
        let mut together = vec![false; self.nodes.len()];
        let mut stack = vec![person];
        while let Some(person) = stack.pop() {
            if !std::mem::replace(&mut together[person], true) {
                stack.extend(&near[person]);
            }
        }
        together
    }

    /// The links of a missing child's kin, of whom `sample` gives the pseudonyms by number.
    pub(super) fn linked(
        &self,
        members: &[Member],
        kin: &Kin,
        sample: impl Fn(usize) -> Option<Pseudonym>,
        findings: &mut Findings,
    ) -> Option<Linked> {
        // By position in the file, which is the order of those whose order matters.
        let name = |person: usize| format!("{person:09}");
        let parent = |parent: Option<usize>| parent.map(name);
        let person = |&i: &usize| Person {
            line: self.line,
            name: name(i),
            parents: [parent(members[i].father), parent(members[i].mother)],
            sex: self.nodes[i].sex,
            missing: i == kin.missing,
            sample: self.nodes[i].typed.and_then(&sample),
        };
        link_family(kin.people.iter().map(person).collect(), &Columns::nowhere(&OF_FAMILIES), findings)
    }
}
