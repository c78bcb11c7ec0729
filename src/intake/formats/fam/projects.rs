//! Turns the contents of a project into tidy rows.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::dvi::{self, Dvi};
use super::graph::{Graph, Kin, MissingNames, Node, Relative, Sexes};
use super::main_part::{Descent, Drawn, Links, MOST_PLACES, Main, Typed};
use super::people::{FamRow, Loci, TypedPerson, Typing, table};
use crate::intake::columns::fields::Field;
use crate::intake::findings::{Findings, value_named};
use crate::intake::pedigree::link::{Linked, MOST_PERSONS};
use crate::intake::pedigree::placed::FamilyPedigrees;
use crate::intake::request::Request;
use crate::intake::rows::table::Table;
use crate::model::{FindingCode, Member, Pseudonym, Sex};

/// A family in the form in which it is imported.
struct Family {
    name: String,
    relatives: Vec<Relative>,
}

/// Returns the children: the unidentified persons.
pub(super) fn children<'a>(
    main: &Main<'a>,
    dvi: &Dvi<'a>,
    request: &Request<'_>,
    findings: &mut Findings,
) -> Option<(Table, FamilyPedigrees)> {
    let mut loci = Loci::new(&main.loci);
    let mut people = Vec::with_capacity(dvi.unidentified.len());
    for person in &dvi.unidentified {
        match person_with_data(person, person.name.into(), &mut loci) {
            Some(someone) => people.push(someone),
            None => {
                findings.note(person.line, value_named("person"), FindingCode::Untyped, "has no DNA data: left out");
            }
        }
    }
    if people.is_empty() {
        findings.problem(
            0,
            None,
            FindingCode::NoRows,
            "the file has no unidentified person with DNA data: nothing to import",
        );
        return None;
    }
    let rows = (0..people.len()).map(|person| FamRow { person, family: None, relation: None });
    let table = table(&[Field::SampleId, Field::Sex], main, &loci, &people, rows, request, findings)?;
    Some((table, FamilyPedigrees::linked(std::iter::empty())))
}

/// Returns the families: those of the DVI part, or else of the pedigrees.
pub(super) fn families<'a>(
    main: &Main<'a>,
    dvi: Option<&Dvi<'a>>,
    request: &Request<'_>,
    findings: &mut Findings,
) -> Option<(Table, FamilyPedigrees)> {
    let mut loci = Loci::new(&main.loci);
    let before = findings.count();
    let mut reader = Reader {
        request,
        missing: MissingNames::new(request.missing),
        families: Vec::new(),
        names: HashMap::new(),
        linked: Vec::new(),
        sought: HashSet::new(),
    };
    let people = match dvi {
        Some(dvi) => people_of_dvi(dvi, &mut loci, &mut reader, findings),
        None => people_of_pedigrees(main, &mut reader, findings)?,
    };
    let of_dvi = dvi.into_iter().flat_map(|dvi| &dvi.families);
    let in_pedigrees = of_dvi.clone().flat_map(|family| &family.pedigrees).flat_map(|drawn| &drawn.relations);
    let names = main.persons.iter().map(|person| person.name);
    let names = names.chain(of_dvi.flat_map(|family| &family.persons).map(|person| person.name));
    let names = names.chain(in_pedigrees.flat_map(|relation| [relation.parent, relation.child]));
    let unknown = reader.missing.not_among(names);
    if unknown > 0 {
        let what = format!("names given with --missing that nobody in the file has: {unknown}; correct them");
        findings.warn(0, None, FindingCode::MissingName, what);
    }
    if reader.families.is_empty() && findings.count() == before {
        let what = "in no family is somebody with DNA data related to a missing person; name the missing child \
                    \"Missing person\" in the pedigree of each family, or give its name with --missing";
        findings.problem(0, None, FindingCode::MissingChild, what);
    }
    let rows = reader.families.iter().flat_map(|family| {
        let row = |&Relative { person, relation }: &Relative| FamRow {
            person,
            family: Some(family.name.clone()),
            relation: Some(relation),
        };
        family.relatives.iter().map(row)
    });
    let fields = [Field::FamilyId, Field::SampleId, Field::Relation, Field::Sex];
    let table = table(&fields, main, &loci, &people, rows, request, findings)?;
    Some((table, FamilyPedigrees::linked(reader.linked.into_iter())))
}

struct Reader<'r> {
    request: &'r Request<'r>,
    missing: MissingNames,
    families: Vec<Family>,
    /// The line of each family's pedigree, by the family's name.
    names: HashMap<String, u64>,
    linked: Vec<(Pseudonym, Linked)>,
    /// Lines of missing persons with a parent or child in any pedigree.
    sought: HashSet<u64>,
}

impl Reader<'_> {
    /// Adds the families of a pedigree: one for each missing person with relatives.
    fn pedigree(&mut self, name: &str, graph: &Graph<'_>, people: &[TypedPerson<'_>], findings: &mut Findings) {
        let is_linked = graph.linked_at_all();
        let missing: Vec<usize> = graph
            .missing(&self.missing)
            .into_iter()
            .filter(|&person| is_linked[person] && graph.nodes[person].typed.is_none())
            .collect();
        if missing.is_empty() {
            let what = "has no missing person: left out; name the missing child \"Missing person\", or give its name \
                        with --missing";
            findings.note(graph.line, value_named("pedigree"), FindingCode::NoMissing, what);
            return;
        }
        if missing.len() > MOST_PERSONS {
            let what = format!("has more than {MOST_PERSONS} missing persons; split it");
            return findings.problem(graph.line, value_named("pedigree"), FindingCode::Persons, what);
        }
        let sexes = graph.sexes();
        let Some(members) = graph.members(&sexes.assumed, findings) else { return };
        self.sought.extend(missing.iter().map(|&person| graph.nodes[person].line));
        let all: Vec<Kin> = missing.iter().map(|&child| graph.kin(&members, child)).collect();
        let (kin, alone): (Vec<Kin>, Vec<Kin>) = all.into_iter().partition(|kin| !kin.relatives.is_empty());
        for one in &alone {
            let what = "nobody with DNA data is related to this missing person: left out";
            findings.note(graph.nodes[one.missing].line, value_named("person"), FindingCode::NoRelatives, what);
        }
        if kin.len() > 1 {
            let what = format!(
                "has {} missing persons with relatives: each becomes a family of its own, named FAMILY: PERSON",
                kin.len()
            );
            findings.note(graph.line, value_named("pedigree"), FindingCode::SeveralMissing, what);
        }
        for one in &kin {
            let name = match kin.len() {
                1 => name.to_owned(),
                _ => format!("{name}: {}", graph.nodes[one.missing].name.unwrap_or_default()),
            };
            for &number in &one.unrelated {
                let what = "is not related to the missing person of a pedigree: left out there";
                findings.note(people[number].line, value_named("person"), FindingCode::NotRelated, what);
            }
            self.with_either_sex(name, graph, &sexes, (&members, one), people, findings);
        }
    }

    /// Adds a family in which some parents may have no stated sex.
    fn with_either_sex(
        &mut self,
        name: String,
        graph: &Graph<'_>,
        sexes: &Sexes,
        (members, kin): (&[Member], &Kin),
        people: &[TypedPerson<'_>],
        findings: &mut Findings,
    ) {
        let mut group_of = vec![None; graph.nodes.len()];
        for (number, group) in sexes.open.iter().enumerate() {
            group.iter().for_each(|&person| group_of[person] = Some(number));
        }
        let is_of_kin = |person: usize| kin.people.binary_search(&person).is_ok();
        let links = graph.links.iter().filter(|link| is_of_kin(link.child));
        let open: BTreeSet<usize> = links.filter_map(|link| group_of[link.parent]).collect();
        let open: Vec<&Vec<usize>> = open.into_iter().map(|number| &sexes.open[number]).collect();
        let line = graph.nodes[kin.missing].line;
        match open[..] {
            [] => self.family(name, graph, members, kin, people, findings),
            _ if self.request.sexes_mutate_alike => {
                let what = "a parent in the family of this missing person has no sex: the result is the same, because \
                            this store has one mutation rate for fathers and mothers";
                findings.note(line, value_named("person"), FindingCode::ParentSex, what);
                self.family(name, graph, members, kin, people, findings);
            }
            [group] if group.contains(&kin.missing) => {
                let what = "the missing person is a parent and has no sex: imported as two families, FAMILY (male) and \
                            FAMILY (female)";
                findings.note(line, value_named("person"), FindingCode::ParentSex, what);
                let exchanged = sexes.with_exchanged(group);
                let Some(others) = graph.members(&exchanged, findings) else { return };
                let kin_of_others = graph.kin(&others, kin.missing);
                for (sexes, members, kin) in [(&sexes.assumed, members, kin), (&exchanged, &others, &kin_of_others)] {
                    self.family(format!("{name} ({})", sexes[kin.missing]), graph, members, kin, people, findings);
                }
            }
            _ => {
                let what = "the family of this missing person is left out: it has parents without a sex, and this \
                            store has different mutation rates for fathers and mothers; state the sex";
                findings.warn(line, value_named("person"), FindingCode::ParentSex, what);
            }
        }
    }

    fn family(
        &mut self,
        name: String,
        graph: &Graph<'_>,
        members: &[Member],
        kin: &Kin,
        people: &[TypedPerson<'_>],
        findings: &mut Findings,
    ) {
        if let Some(line) = self.names.insert(name.clone(), graph.line) {
            let what =
                format!("gives a family the same name as one on line {line}; rename a family, pedigree or person");
            return findings.problem(graph.line, value_named("pedigree"), FindingCode::RepeatedFamily, what);
        }
        if kin.needs_pedigree() {
            let pseudonymizer = self.request.pseudonymizer;
            let sample = |number: usize| pseudonymizer.sample(None, &people[number].sample).ok();
            // A file that this program exported has the required form already.
            let plainly = !pseudonymizer.takes_pseudonyms();
            let Some(linked) = graph.linked(members, kin, plainly, sample, findings) else { return };
            // Invalid identifiers are reported when the rows are read.
            if let Ok(family) = pseudonymizer.family(None, &name) {
                self.linked.push((family, linked));
            }
        }
        self.families.push(Family { name, relatives: kin.relatives.clone() });
    }

    /// Reports the missing persons who are in no family, because nothing links them to anybody, or because they have
    /// DNA data.
    fn missing_elsewhere<'n>(&self, nodes: impl IntoIterator<Item = &'n Node<'n>>, findings: &mut Findings) {
        for node in nodes.into_iter().filter(|node| node.name.is_some_and(|name| self.missing.has(name))) {
            let (code, what) = if node.typed.is_some() {
                let what = "is called missing and has DNA data: the person is not searched for, and is read as a \
                            relative of others; compare the profile with `reunite kin --relation identity`";
                (FindingCode::MissingTyped, what)
            } else if self.sought.contains(&node.line) {
                continue;
            } else {
                (FindingCode::MissingUnlinked, "is called missing and has no parent or child in any pedigree: left out")
            };
            findings.warn(node.line, value_named("person"), code, what);
        }
    }
}

/// Returns a person of the DVI part under the name of a sample, if the person has DNA data.
fn person_with_data<'a>(
    person: &dvi::Person<'a>,
    sample: Cow<'a, str>,
    loci: &mut Loci<'a>,
) -> Option<TypedPerson<'a>> {
    let typed = person.typed.iter().filter(|typed| typed.alleles != ["", ""]);
    let typed: Vec<Typing<'a>> =
        typed.map(|typed| Typing { locus: loci.number(typed.line, typed.locus), alleles: typed.alleles }).collect();
    let found = !typed.is_empty();
    found.then_some(TypedPerson { line: person.line, sample, sex: person.sex, drop_out: false, typed })
}

fn people_of_dvi<'a>(
    dvi: &Dvi<'a>,
    loci: &mut Loci<'a>,
    reader: &mut Reader<'_>,
    findings: &mut Findings,
) -> Vec<TypedPerson<'a>> {
    let mut people = Vec::new();
    let mut names: HashMap<&str, u64> = HashMap::new();
    for family in &dvi.families {
        if let Some(first) = names.insert(family.name, family.line) {
            let what = format!("another family of this name begins on line {first}; rename one of them");
            findings.problem(family.line, value_named("Name"), FindingCode::RepeatedFamily, what);
        } else if family.persons.len().saturating_mul(family.pedigrees.len()) > MOST_PLACES {
            let what = "has too many persons and pedigrees; split it";
            findings.problem(family.line, value_named("family"), FindingCode::Persons, what);
        } else {
            let (before, first, read) = (findings.count(), people.len(), reader.families.len());
            read_family(family, &mut people, loci, reader, findings);
            if findings.count() > before && reader.families.len() == read {
                findings.rejected += (people.len() - first) as u64;
            }
        }
    }
    people
}

fn read_family<'a>(
    family: &dvi::Family<'a>,
    people: &mut Vec<TypedPerson<'a>>,
    loci: &mut Loci<'a>,
    reader: &mut Reader<'_>,
    findings: &mut Findings,
) {
    let mut nodes: Vec<Node<'a>> = Vec::with_capacity(family.persons.len());
    let mut at: HashMap<&'a str, usize> = HashMap::new();
    for person in &family.persons {
        if at.insert(person.name, nodes.len()).is_some() {
            let what = "another person of the family has this name; rename one of them";
            findings.problem(person.line, value_named("Name"), FindingCode::RepeatedPerson, what);
        }
        let sample = match reader.request.names_within_family {
            true => format!("{}/{}", family.name, person.name).into(),
            false => person.name.into(),
        };
        let typed = person_with_data(person, sample, loci).map(|someone| {
            people.push(someone);
            people.len() - 1
        });
        nodes.push(Node { line: person.line, name: Some(person.name), sex: person.sex, typed });
    }
    let graph = |drawn: &dvi::Drawn<'a>| {
        let mut graph = Graph { line: drawn.line, nodes: nodes.clone(), links: Vec::new() };
        let mut others: HashMap<&'a str, usize> = HashMap::new();
        for &dvi::Descent { line, parent, child } in &drawn.relations {
            let mut place = |name: &'a str| {
                at.get(name).copied().unwrap_or_else(|| {
                    *others.entry(name).or_insert_with(|| {
                        graph.nodes.push(Node { line, name: Some(name), sex: Sex::Unknown, typed: None });
                        graph.nodes.len() - 1
                    })
                })
            };
            let (parent, child) = (place(parent), place(child));
            graph.links.push(Descent { line, parent, child });
        }
        graph
    };
    // Familias writes the pedigree of a missing person twice, under two names.
    let mut seen = HashSet::new();
    let mut relations = |drawn: &dvi::Drawn<'a>| {
        let mut relations: Vec<_> = drawn.relations.iter().map(|link| (link.parent, link.child)).collect();
        relations.sort_unstable();
        !relations.is_empty() && seen.insert(relations)
    };
    let (drawn, others): (Vec<&dvi::Drawn<'a>>, Vec<_>) =
        family.pedigrees.iter().filter(|drawn| relations(drawn)).partition(|drawn| {
            let graph = graph(drawn);
            let is_linked = graph.linked_at_all();
            graph.missing(&reader.missing).iter().any(|&one| is_linked[one] && graph.nodes[one].typed.is_none())
        });
    if drawn.is_empty() {
        let what = "has no pedigree with a missing person: left out; name the missing child \"Missing person\", or \
                    give its name with --missing";
        findings.warn(family.line, value_named("family"), FindingCode::NoMissing, what);
    } else {
        for one in others {
            let what = "has no missing person: left out";
            findings.note(one.line, value_named("pedigree"), FindingCode::NoMissing, what);
        }
    }
    for one in &drawn {
        let name = match drawn.len() {
            1 => family.name.to_owned(),
            _ => format!("{}: {}", family.name, one.name),
        };
        reader.pedigree(&name, &graph(one), people, findings);
    }
    reader.missing_elsewhere(&nodes, findings);
}

fn people_of_pedigrees<'a>(
    main: &Main<'a>,
    reader: &mut Reader<'_>,
    findings: &mut Findings,
) -> Option<Vec<TypedPerson<'a>>> {
    let before = findings.count();
    let mut people = Vec::new();
    let mut nodes = Vec::with_capacity(main.persons.len());
    let mut names: HashMap<&str, u64> = HashMap::new();
    for person in &main.persons {
        if let Some(first) = names.insert(person.name, person.line) {
            let what = format!("another person of this name is on line {first}; rename one of them");
            findings.problem(person.line, value_named("person"), FindingCode::RepeatedPerson, what);
        }
        let mut typings: Vec<Typing<'a>> = Vec::with_capacity(person.typed.len());
        for &Typed { line, alleles, locus } in &person.typed {
            let of = main.loci.get(locus);
            let [first, second] = alleles.map(|allele| Some(of?.alleles.get(allele)?.name));
            let (Some(first), Some(second)) = (first, second) else {
                let what = "an allele or the locus is not in the database: the file was damaged; save it again";
                findings.problem(line, value_named("DNA data"), FindingCode::Index, what);
                continue;
            };
            typings.push(Typing { locus, alleles: [first, second] });
        }
        let typed = (!typings.is_empty()).then_some(people.len());
        nodes.push(Node { line: person.line, name: Some(person.name), sex: person.sex, typed });
        if typed.is_some() {
            let (line, sex, drop_out) = (person.line, person.sex, person.drop_out);
            people.push(TypedPerson { line, sample: person.name.into(), sex, drop_out, typed: typings });
        }
    }
    let mut names: HashMap<&str, u64> = HashMap::new();
    // A file without pedigrees may still state known relations.
    let nothing = Links { women: 0, men: 0, relations: Vec::new() };
    let only = [Drawn { line: main.known_line, name: "Known relations", own: nothing }];
    let has_known = main.pedigrees.is_empty() && !main.known.relations.is_empty();
    let pedigrees = if has_known { &only[..] } else { &main.pedigrees };
    for drawn in pedigrees {
        if let Some(first) = names.insert(drawn.name, drawn.line) {
            let what = format!("another pedigree of this name begins on line {first}; rename one of them");
            findings.problem(drawn.line, value_named("pedigree"), FindingCode::RepeatedFamily, what);
        }
        let mut graph = Graph { line: drawn.line, nodes: nodes.clone(), links: Vec::new() };
        for links in [&main.known, &drawn.own] {
            let nameless = [(links.women, Sex::Female), (links.men, Sex::Male)];
            let nameless = nameless.into_iter().flat_map(|(count, sex)| std::iter::repeat_n(sex, count));
            graph.nodes.extend(nameless.map(|sex| Node { line: drawn.line, name: None, sex, typed: None }));
            graph.links.extend_from_slice(&links.relations);
        }
        reader.pedigree(drawn.name, &graph, &people, findings);
    }
    reader.missing_elsewhere(&nodes, findings);
    (findings.count() == before).then_some(people)
}
