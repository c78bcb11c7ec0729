//! Links the rows of a family's pedigree, and reports everything that is impossible in a family.

use std::collections::HashMap;

use crate::intake::columns::fixed::Columns;
use crate::intake::findings::Findings;
use crate::intake::pedigree::columns::{FATHER, MISSING, MOTHER, PERSON, SAMPLE};
use crate::intake::pedigree::reach::linked_with_child;
use crate::model::{FindingCode, Member, Pedigree, PedigreeError, Pseudonym, Sex};

/// More persons than any pedigree for which likelihoods are computed.
pub(in crate::intake) const MOST_PERSONS: usize = 1000;

/// The text of the finding about a typed person who cannot change any likelihood ratio.
pub(in crate::intake) const UNLINKED: &str = "is typed, but nothing links the person with the missing child, so the \
                                              sample cannot change any likelihood ratio; correct father and mother, \
                                              here or further up; add the sample of a common descendant; or leave the \
                                              person out";

/// One row.
pub(in crate::intake) struct Person {
    pub(in crate::intake) line: u64,
    pub(in crate::intake) name: String,
    /// Names of father and mother, if they are in the pedigree.
    pub(in crate::intake) parents: [Option<String>; 2],
    pub(in crate::intake) sex: Sex,
    pub(in crate::intake) missing: bool,
    pub(in crate::intake) sample: Option<Pseudonym>,
}

/// A pedigree by positions. Parents precede their children; the order of the rows has no meaning.
pub(in crate::intake) struct Linked {
    pub(in crate::intake) persons: Vec<Person>,
    pub(in crate::intake) members: Vec<Member>,
    pub(in crate::intake) child: usize,
}

impl Linked {
    fn new(persons: Vec<Person>, members: &[Member], child: usize, order: &[usize]) -> Self {
        let mut place = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(&person, at)| place[person] = at);
        let at = |parent: Option<usize>| parent.map(|parent| place[parent]);
        let member = |&i: &usize| Member { father: at(members[i].father), mother: at(members[i].mother) };
        let mut persons: Vec<(usize, Person)> = place.iter().copied().zip(persons).collect();
        persons.sort_unstable_by_key(|person| person.0);
        Self {
            persons: persons.into_iter().map(|person| person.1).collect(),
            members: order.iter().map(member).collect(),
            child: place[child],
        }
    }

    /// Returns the position of a person.
    pub(in crate::intake) fn place(&self, name: &str) -> Option<usize> {
        self.persons.iter().position(|person| person.name == name)
    }

    /// Reports for each of these typed persons whether they can change a likelihood ratio of the missing child.
    pub(in crate::intake) fn linked_with_child(&self, typed: &[usize]) -> Vec<bool> {
        linked_with_child(&self.members, self.child, typed)
    }

    /// Returns the pedigree with these persons as relatives.
    pub(in crate::intake) fn pedigree(&self, relatives: &[usize]) -> Result<Pedigree, PedigreeError> {
        Pedigree::from_members(&self.members, self.child, relatives)
    }
}

/// Links the rows of one family, which has at least one row. Returns `None` if something is wrong; the findings then
/// say what.
pub(in crate::intake) fn link_family(
    mut persons: Vec<Person>,
    columns: &Columns,
    findings: &mut Findings,
) -> Option<Linked> {
    let before = findings.count();
    let first = persons.first()?.line;
    if persons.len() > MOST_PERSONS {
        let what = format!("the family that begins here has more than {MOST_PERSONS} persons; leave out distant ones");
        findings.problem(first, None, FindingCode::Persons, what);
        return None;
    }
    check_repeated(&persons, columns, findings);
    check_missing_child(&persons, columns, findings);
    // The sort is stable: of two rows with one name, which are refused, the first stays the first.
    persons.sort_by(|a, b| a.name.cmp(&b.name));
    let members = parents_by_position(&persons, columns, findings);
    if findings.count() > before {
        return None;
    }
    let child = persons.iter().position(|person| person.missing)?;
    let linked = match parents_first(&members, child) {
        Ok(order) => Linked::new(persons, &members, child, &order),
        Err(person) => {
            let what = "the person is their own ancestor; correct father and mother, here or further up";
            findings.problem(persons[person].line, columns.column(PERSON), FindingCode::Cycle, what);
            return None;
        }
    };
    if let Err(error) = linked.pedigree(&[]) {
        findings.problem(first, None, FindingCode::Pedigree, format!("the family that begins here: {error}"));
        return None;
    }
    let typed: Vec<usize> = (0..linked.persons.len()).filter(|&at| linked.persons[at].sample.is_some()).collect();
    for (&at, is_linked) in typed.iter().zip(linked.linked_with_child(&typed)) {
        if !is_linked {
            findings.problem(linked.persons[at].line, columns.column(PERSON), FindingCode::Unlinked, UNLINKED);
        }
    }
    (findings.count() == before).then_some(linked)
}

/// Reports persons and samples that occur twice.
fn check_repeated(persons: &[Person], columns: &Columns, findings: &mut Findings) {
    let (mut names, mut samples) = (HashMap::new(), HashMap::new());
    for person in persons {
        if let Some(known) = names.insert(person.name.as_str(), person) {
            let two = known.sample.is_some() && person.sample.is_some() && known.sample != person.sample;
            let what = if two {
                format!(
                    "line {} has the same person with another sample; enter each person once, with one sample; \
                     identical twins are one person, entered once",
                    known.line
                )
            } else {
                format!("line {} has the same person; enter each person once", known.line)
            };
            findings.problem(person.line, columns.column(PERSON), FindingCode::RepeatedPerson, what);
            names.insert(&known.name, known);
        } else if let Some(sample) = person.sample
            && let Some(line) = samples.insert(sample, person.line)
        {
            let what = format!("line {line} has the same sample in this family; remove one of the two");
            findings.problem(person.line, columns.column(SAMPLE), FindingCode::RepeatedSample, what);
            samples.insert(sample, line);
        }
    }
}

/// Checks that there is exactly one missing child, without a sample.
fn check_missing_child(persons: &[Person], columns: &Columns, findings: &mut Findings) {
    let mut children = persons.iter().filter(|person| person.missing);
    let Some(child) = children.next() else {
        let what = "the family that begins here has no missing child; write yes in the column missing of one row";
        let line = persons.first().map_or(0, |first| first.line);
        return findings.problem(line, columns.column(MISSING), FindingCode::MissingChild, what);
    };
    for second in children {
        let what = format!(
            "the family has a missing child on line {} already; mark one of the two, and enter the family again under \
             another family_id for the other",
            child.line
        );
        findings.problem(second.line, columns.column(MISSING), FindingCode::MissingTwice, what);
    }
    if child.sample.is_some() {
        let what = "a missing child cannot have a sample; leave sample_id empty, and import a sample that may be the \
                    child's with --as children";
        findings.problem(child.line, columns.column(SAMPLE), FindingCode::MissingTyped, what);
    }
}

/// Returns the parents by position.
fn parents_by_position(persons: &[Person], columns: &Columns, findings: &mut Findings) -> Vec<Member> {
    let place: HashMap<&str, usize> = persons.iter().map(|person| person.name.as_str()).zip(0..).collect();
    // The first line that names each person as father, or as mother.
    let mut named = [HashMap::new(), HashMap::new()];
    let mut rows: Vec<usize> = (0..persons.len()).collect();
    rows.sort_unstable_by_key(|&i| persons[i].line);
    let mut members = vec![Member::default(); persons.len()];
    for i in rows {
        let mut parents = [None; 2];
        for (role, column) in [FATHER, MOTHER].into_iter().enumerate() {
            let Some(name) = &persons[i].parents[role] else { continue };
            let (word, other, wrong) =
                if role == 0 { ("father", "mother", Sex::Female) } else { ("mother", "father", Sex::Male) };
            let mut problem =
                |code, what: String| findings.problem(persons[i].line, columns.column(column), code, what);
            match place.get(name.as_str()) {
                None => problem(
                    FindingCode::UnknownParent,
                    format!(
                        "is no person of this family; correct the name, add a row for the {word}, or leave it empty"
                    ),
                ),
                Some(&parent) => {
                    parents[role] = Some(parent);
                    named[role].entry(parent).or_insert(persons[i].line);
                    if persons[parent].sex == wrong {
                        problem(
                            FindingCode::ParentSex,
                            format!(
                                "the {word} is {wrong} on line {}; correct the sex, or father and mother",
                                persons[parent].line
                            ),
                        );
                    }
                    if let Some(line) = named[1 - role].get(&parent) {
                        problem(
                            FindingCode::BothParents,
                            format!("the {word} is also a {other} on line {line}; correct one of the two"),
                        );
                    }
                }
            }
        }
        members[i] = Member { father: parents[0], mother: parents[1] };
    }
    members
}

/// Orders parents before children: the missing child's paternal ancestors, the maternal ones, the child, then the
/// others in their order, each after their own ancestors. So names decide nothing but the order of the child's
/// collateral relatives.
///
/// # Errors
/// The position of a person who is their own ancestor.
fn parents_first(members: &[Member], child: usize) -> Result<Vec<usize>, usize> {
    let mut order = Vec::with_capacity(members.len());
    let mut seen = vec![None; members.len()];
    for person in std::iter::once(child).chain(0..members.len()) {
        visit(person, members, &mut seen, &mut order)?;
    }
    Ok(order)
}

/// Adds a person's ancestors and then the person to the order; `seen` records whether that is complete or in progress.
fn visit(person: usize, members: &[Member], seen: &mut [Option<bool>], order: &mut Vec<usize>) -> Result<(), usize> {
    match seen[person].replace(false) {
        None => {}
        Some(false) => return Err(person),
        Some(true) => {
            seen[person] = Some(true);
            return Ok(());
        }
    }
    for parent in [members[person].father, members[person].mother].into_iter().flatten() {
        visit(parent, members, seen, order)?;
    }
    seen[person] = Some(true);
    order.push(person);
    Ok(())
}
