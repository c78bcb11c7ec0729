//! Tests projects as Familias writes them.

mod bad;

use super::*;
use crate::intake::tests::{panel, pseudonymizer, request};
use crate::intake::{Format, Intake, read_bytes};
use crate::model::{Locus, Relation, Sex};

/// The database: D3S1358 with 14, 15 and 16, VWA with 15, 16 and 17, FGA with 20, 21 and 22.2.
pub(super) const DATABASE: &str = "#FALSE# (#Databases: 1 ;Theta/Kinship/Fst: 0.02 )\n3\n#TRUE#\n\"Synthetic\"\n\
    \"D3S1358\"\n0.001\n0.002\n4\n4\n3\n0.1\n0.1\n1e-006\n1e-006\n#FALSE#\n0\n\
    3\t(DatabaseSize = 500 , Dropout probability = 0.05 , Minor allele frequency = 0 )\n\
    \"14\"\n0.25\n\"15\"\n0.5\n\"16\"\n0.25\n\
    \"VWA\"\n0.001\n0.002\n4\n4\n4\n0.1\n0.1\n1e-006\n1e-006\n#TRUE#\n0.02\n\
    3\t(DatabaseSize = 501 , Dropout probability = 0.05 , Minor allele frequency = 0 )\n\
    \"15\"\n0.245\n\"16\"\n0.49\n\"17\"\n0.245\n\
    \"FGA\"\n0.001\n0.002\n4\n4\n4\n0.1\n0.1\n1e-006\n1e-006\n#FALSE#\n0\n\
    4\t(DatabaseSize = 0 , Dropout probability = 0.05 , Minor allele frequency = 0 )\n\
    \"20\"\n0.3\n\"21\"\n0.3\n\"22.2\"\n0.39999\n\"Rest allele\"\n0.00001\n";

const HEAD: &str = "\"Output from Familias, version 3.3.1\"\n\"DO NOT EDIT!\"\n3.3.1\n\"\"\n";

/// Father, mother, a brother of the father, the missing child, and someone else.
const PERSONS: &str = "5\n\"AF\"\n#FALSE#\n-1 (Consider dropouts)\n#FALSE#\n#TRUE#\n2\n0\n1\n0\n2\n2\n1\n\
    \"MO\"\n#FALSE#\n1980\n#FALSE#\n#FALSE#\n3\n1\n1\n0\n0\n1\n1\n0\n2\n2\n\
    \"UN\"\n#FALSE#\n-1\n#FALSE#\n#TRUE#\n1\n0\n0\n0\n\
    \"Missing 1\"\n#FALSE#\n-1\n#TRUE#\n#FALSE#\n0\n\
    \"XX\"\n#FALSE#\n-1\n#FALSE#\n#TRUE#\n1\n0\n0\n0\n";

/// Two pedigrees: one with the nameless grandparents, and one without a missing person's relatives.
const PEDIGREES: &str = "\"Known relations\"\n0\n0\n1\n1\n3\n2\n0\n\"Case 7\"\n1\n1\n5\n0\n3\n5\n0\n6\n0\n5\n2\n6\n2\n\
    1\n\"Case 8\"\n0\n0\n0\n";

pub(super) fn project() -> String {
    [HEAD, PERSONS, PEDIGREES, DATABASE].concat()
}

fn dvi_part(families: &str) -> String {
    let unidentified = "\n[DVI]\n[[Unidentified persons]]\nnPersons= 2\n[[[Person 1 ]]]\nName= V1\nGender= Male\n\
        [[[[DNA data]]]]\nnSystems= 2\nSystemName= D3S1358\nAllele1= 14\nAllele2= 15\nSystemName= FGA\nAllele1= 22.2\n\
        Allele2= 22.2\n[[[Person 2 ]]]\nName= V2\nGender= Unknown\n[[[[DNA data]]]]\nnSystems= 0\n[[Notes]]\nnFamilies= 1\n\
        [a note]\n\n[[Reference Families]]\n";
    let head = HEAD.replace("3.3.1\n\"\"", "3.3.1 (DVI)\n\"\"");
    let nobody = "0\n\"Known relations\"\n0\n0\n0\n0\n";
    [&head, nobody, DATABASE, unidentified, families, "[Prior]\nUseList= Yes\nSize= 2\n"].concat()
}

fn person(number: usize, name: &str, gender: &str, alleles: &str) -> String {
    let data = match alleles.split_once('/') {
        None => "0\n".to_owned(),
        Some((first, second)) => format!("1\nSystemName= VWA\nAllele1= {first}\nAllele2= {second}\n"),
    };
    format!("[[[[[Person {number}]]]]]\nName= {name}\nGender= {gender}\n[[[[[[DNA data]]]]]]\nnSystems= {data}")
}

fn pedigree(number: usize, name: &str, relations: &[(&str, &str)]) -> String {
    let relations: Vec<String> = relations.iter().map(|(a, b)| format!("Parent= {a}\nChild= {b}\n")).collect();
    let (count, relations) = (relations.len(), relations.concat());
    format!("[[[[[Pedigree {number}]]]]]\nName= {name}\nnRelations= {count}\n{relations}")
}

fn family(number: usize, name: &str, persons: &[String], pedigrees: &[String]) -> String {
    format!(
        "[[[Family {number} ]]]\nName= {name}\n[[[[Persons]]]]\nnPersons= {}\n{}[[[[Pedigrees]]]]\nnPedigrees= {}\n{}",
        persons.len(),
        persons.concat(),
        pedigrees.len(),
        pedigrees.concat()
    )
}

/// A father with the pedigree twice, and a sister with a half-brother who shares the other parent.
fn dvi() -> String {
    let of_father = [("Father", "Missing person")];
    let parents = [("F", "Missing person"), ("M", "Missing person"), ("F", "Sis"), ("M", "Sis")];
    let half = [&parents[..], &[("F", "Half"), ("N", "Half"), ("F", "Half 2"), ("N", "Half 2")]].concat();
    let persons = [
        person(1, "Sis", "Female", "15/16"),
        person(2, "F", "Male", ""),
        person(3, "Half", "Male", "16/17"),
        person(4, "Half 2", "Unknown", "16/16"),
    ];
    let one = family(
        1,
        "One",
        &[person(1, "Father", "Male", "15/16")],
        &[pedigree(1, "Reference pedigree", &of_father), pedigree(2, "Father", &of_father)],
    );
    let two = family(2, "Two", &persons, &[pedigree(1, "Reference pedigree", &half)]);
    dvi_part(&["nFamilies= 2\n", &one, &two].concat())
}

fn read(layout: Layout, text: impl AsRef<[u8]>) -> Intake {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let intake = read_bytes("p.fam", text.as_ref(), &request(layout, &panel, &pseudonymizer));
    for problem in intake.problems.iter().chain(&intake.notes) {
        let text = problem.to_string();
        let names = ["AF", "MO", "Case", "V1", "Sis", "Half"];
        assert!(names.iter().all(|name| !text.contains(name)), "nothing of a cell is repeated: {text}");
    }
    intake
}

fn sample(name: &str) -> crate::model::Pseudonym {
    pseudonymizer().sample(None, name).unwrap()
}

fn places(problems: &[crate::intake::Problem]) -> Vec<(u64, &'static str)> {
    problems.iter().map(|problem| (problem.line, problem.code.word())).collect()
}

/// Returns the number of the line with this text, from 1; `nth` selects a later occurrence.
#[track_caller]
fn line(text: &str, wanted: &str, nth: usize) -> u64 {
    let mut lines = text.lines().zip(1..).filter(|line| line.0 == wanted);
    lines.nth(nth).unwrap_or_else(|| panic!("{wanted}")).1
}

#[test]
fn families_are_read_from_pedigrees() {
    let text = project();
    assert_eq!(Format::detect(text.as_bytes()), Format::Fam);
    for text in [text.clone(), text.replace('\n', "\r\n"), format!("\u{feff}{}", text.replace("\"\"\n", ""))] {
        let intake = read(Layout::Families, &text);
        assert_eq!(intake.problems, []);
        let family = pseudonymizer().family(None, "Case 7").unwrap();
        let found: Vec<_> = intake.rows.iter().map(|row| (row.sample, row.family, row.sex)).collect();
        let of = |name, relation, sex| (sample(name), Some((family, relation)), sex);
        let other = pseudonymizer().family(None, "Case 8").unwrap();
        assert_eq!(
            found,
            [
                of("AF", Relation::Father, Sex::Male),
                of("MO", Relation::Mother, Sex::Female),
                of("UN", Relation::PaternalUncle, Sex::Male),
                (sample("MO"), Some((other, Relation::Mother)), Sex::Female),
            ]
        );
        assert_eq!(intake.loci.iter().map(Locus::name).collect::<Vec<_>>(), ["D3S1358", "vWA", "FGA"]);
        let genotypes = intake.rows[0].profile.genotypes().iter().map(|g| g.map(|g| g.to_string()));
        assert_eq!(genotypes.collect::<Vec<_>>(), [Some("14/15".into()), Some("17".into()), None]);
        assert_eq!(intake.rows[0].drop_out.map(crate::model::DropOut::get), Some(0.05));
        assert_eq!(intake.rows[1].drop_out, None);
        assert_eq!(intake.pedigrees, []);
        // One in the first pedigree, and three in the second, in which only the known relations make a relative.
        assert_eq!(intake.notes.iter().map(|note| note.code.word()).collect::<Vec<_>>(), ["not-related"; 4]);
    }
    let second = text.replace("\"Case 8\"\n0\n0\n0\n", "\"Case 8\"\n0\n0\n1\n2\n3\n");
    let intake = read(Layout::Families, &second);
    let of_second = pseudonymizer().family(None, "Case 8").unwrap();
    let relations: Vec<_> =
        intake.rows.iter().filter_map(|row| row.family).filter(|family| family.0 == of_second).map(|of| of.1).collect();
    assert_eq!(relations, [Relation::Mother, Relation::Father], "known relations belong to every pedigree");
}

#[test]
fn families_of_a_dvi_part_get_relations_or_a_pedigree() {
    let intake = read(Layout::Families, dvi());
    assert_eq!(intake.problems, []);
    let rows: Vec<_> = intake.rows.iter().map(|row| (row.sample, row.family.unwrap())).collect();
    let [one, two] = ["One", "Two"].map(|name| pseudonymizer().family(None, name).unwrap());
    assert_eq!(rows[0], (sample("Father"), (one, Relation::Father)));
    assert_eq!(rows[1..].iter().map(|row| row.1).collect::<Vec<_>>(), [(two, Relation::Member); 3]);
    let [pedigree] = &intake.pedigrees[..] else { panic!("{:?}", intake.pedigrees) };
    assert_eq!(pedigree.family, two);
    let members = pedigree.pedigree.members();
    let parents = |name| members[pedigree.place(sample(name)).unwrap()];
    let child = members[pedigree.pedigree.child()];
    assert_eq!(parents("Sis"), child);
    assert_eq!(parents("Half"), parents("Half 2"));
    assert_eq!((parents("Half").father, parents("Half").mother == child.mother), (child.father, false));
}

#[test]
fn children_are_the_unidentified_persons_alone() {
    let text = dvi();
    let intake = read(Layout::Children, &text);
    assert_eq!(intake.problems, []);
    let [child] = &intake.rows[..] else { panic!("{:?}", intake.rows) };
    assert_eq!((child.sample, child.sex, child.line), (sample("V1"), Sex::Male, line(&text, "[[[Person 1 ]]]", 0)));
    assert_eq!(child.profile.at(1).unwrap().to_string(), "22.2");
    assert_eq!(places(&intake.notes), [(line(&text, "[[[Person 2 ]]]", 0), "untyped")]);
    assert_eq!(places(&read(Layout::Children, project()).problems), [(0, "no-dvi")]);
    let nobody = text.replace(
        "nSystems= 2\nSystemName= D3S1358\nAllele1= 14\nAllele2= 15\nSystemName= FGA\nAllele1= 22.2\nAllele2= 22.2\n",
        "nSystems= 0\n",
    );
    assert_eq!(places(&read(Layout::Children, nobody).problems), [(0, "no-rows")]);
}

#[test]
fn a_pedigree_may_have_several_missing_and_a_family_several_pedigrees() {
    let persons =
        [person(1, "R", "Female", "15/16"), person(2, "Missing a", "Male", ""), person(3, "Missing b", "Female", "")];
    let both = pedigree(1, "Both", &[("R", "Missing a"), ("Missing a", "Missing b")]);
    let file = |pedigrees: &[String]| dvi_part(&["nFamilies= 1\n", &family(1, "One", &persons, pedigrees)].concat());
    let families = |text: &str| -> Vec<_> {
        let intake = read(Layout::Families, text);
        assert_eq!(intake.problems, []);
        intake.rows.iter().filter_map(|row| row.family).collect()
    };
    let named = |name: &str, relation| (pseudonymizer().family(None, name).unwrap(), relation);
    assert_eq!(
        families(&file(&[both])),
        [named("One: Missing a", Relation::Mother), named("One: Missing b", Relation::PaternalGrandmother)]
    );
    let two = [pedigree(1, "P", &[("R", "Missing a")]), pedigree(2, "Q", &[("R", "Missing person")])];
    // In the second, Missing a has no relatives.
    assert_eq!(families(&file(&two)), [named("One: P", Relation::Mother), named("One: Q", Relation::Mother)]);
}

#[test]
fn names_may_be_those_of_each_family() {
    let one = |name: &str, alleles: &str| {
        let pedigree = pedigree(1, "P", &[("Father", "Missing person")]);
        family(1, name, &[person(1, "Father", "Male", alleles)], &[pedigree])
    };
    let text = dvi_part(&["nFamilies= 2\n".to_owned(), one("One", "15/16"), one("Two", "16/17")].concat());
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let plain = request(Layout::Families, &panel, &pseudonymizer);
    let codes = |intake: &Intake| intake.problems.iter().map(|problem| problem.code.word()).collect::<Vec<_>>();
    assert_eq!(codes(&read_bytes("p", text.as_bytes(), &plain)), ["names", "sample-differs"]);
    let within = Request { names_within_family: true, ..plain };
    let intake = read_bytes("p", text.as_bytes(), &within);
    assert_eq!(codes(&intake), [] as [&str; 0]);
    assert_eq!(intake.rows[1].sample, sample("Two/Father"));
}

/// The sex marker as a system with the alleles X and Y.
fn amelogenin(text: &str, name: &str) -> String {
    let locus = format!(
        "\"{name}\"\n0\n0\n0\n0\n2\n0.1\n0.1\n0\n0\n#FALSE#\n0\n\
         2\t(DatabaseSize = 0 , Dropout probability = 0.05 , Minor allele frequency = 0 )\n\"X\"\n0.75\n\"Y\"\n0.25\n"
    );
    text.replacen("3\n#TRUE#\n\"Syn", "4\n#TRUE#\n\"Syn", 1) + &locus
}

#[test]
fn the_sex_marker_is_held_against_the_sex() {
    let persons = |father: &str, mother: &str| {
        amelogenin(&project(), "Amelogenin")
            .replacen("2\n0\n1\n0\n2\n2\n1\n", &format!("3\n0\n1\n0\n2\n2\n1\n{father}\n3\n"), 1)
            .replacen("3\n1\n1\n0\n0\n1\n1\n", &format!("4\n{mother}\n3\n1\n1\n0\n0\n1\n1\n"), 1)
    };
    let right = read(Layout::Families, persons("0\n1", "0\n0"));
    let expected = read(Layout::Families, project());
    let codes = |intake: &Intake| intake.notes.iter().map(|note| note.code.word()).collect::<Vec<_>>();
    assert_eq!((&right.problems, &right.loci), (&vec![], &expected.loci));
    assert_eq!(codes(&right), codes(&expected));
    assert!(right.rows.iter().zip(&expected.rows).all(|(one, other)| one.profile == other.profile));
    let text = persons("0\n0", "1\n1");
    let wrong = read(Layout::Families, &text);
    assert_eq!(wrong.problems, []);
    let [father, mother] = ["\"AF\"", "\"MO\""].map(|name| line(&text, name, 0));
    let warned = |code| places(&wrong.notes).into_iter().filter(move |place| place.1 == code).map(|place| place.0);
    assert_eq!(warned("amelogenin-sex").collect::<Vec<_>>(), [father]);
    assert!(warned("amelogenin").eq([mother, mother]), "Y alone is no reading: {:?}", places(&wrong.notes));
    // The marker is recognised by its name in the DVI part, too.
    let marker = "nSystems= 3\nSystemName= AMEL\nAllele1= X\nAllele2= X\n";
    let text = dvi().replacen("nSystems= 2\n", marker, 1);
    let children = read(Layout::Children, &text);
    assert_eq!((children.problems.len(), children.rows.len()), (0, 1));
    assert!(places(&children.notes).contains(&(line(&text, "[[[Person 1 ]]]", 0), "amelogenin-sex")));
    // The marker has no frequencies that are used.
    let text = persons("0\n1", "0\n0");
    let database = read_fam_database("p.fam", text.as_bytes()).unwrap();
    assert_eq!(database.loci.len(), 3);
    assert!(places(&database.notes).contains(&(line(&text, "\"Amelogenin\"", 0), "amelogenin")));
}

#[test]
fn who_is_left_out_is_counted_once() {
    assert_eq!(read(Layout::Families, dvi()).rejected, 0);
    // Three invalid alleles of one person.
    let wrong = dvi().replacen("Allele1= 14\nAllele2= 15\n", "Allele1= x\nAllele2= y\n", 1).replacen(
        "Allele1= 22.2",
        "Allele1= z",
        1,
    );
    let intake = read(Layout::Children, wrong);
    assert!(intake.problems.len() > 1, "{:?}", intake.problems);
    assert_eq!((intake.rejected, intake.rows.len()), (1, 0));
    // The second family has three persons with DNA data, and no sound pedigree.
    let fathers = dvi().replacen("Parent= M\nChild= Sis\n", "Parent= Half\nChild= Sis\n", 1);
    let intake = read(Layout::Families, fathers);
    assert_ne!(intake.problems, []);
    assert_eq!((intake.rejected, intake.rows.len()), (3, 1));
}

#[test]
fn the_database_is_read_with_its_settings() {
    let database = read_fam_database("p.fam", project().as_bytes()).unwrap();
    assert_eq!(database.theta, 0.02);
    let names: Vec<&str> = database.loci.iter().map(|locus| locus.locus.name()).collect();
    assert_eq!(names, ["D3S1358", "vWA", "FGA"]);
    let persons: Vec<_> = database.loci.iter().map(|locus| locus.individuals).collect();
    assert_eq!(persons, [Some(250), Some(250), None], "sizes are numbers of alleles");
    assert_eq!(database.loci.iter().map(|locus| locus.silent).collect::<Vec<_>>(), [None, Some(0.02), None]);
    let alleles: Vec<_> = database.loci[2].alleles.iter().map(|(a, p)| (a.tenths(), *p)).collect();
    assert_eq!(alleles, [(200, 0.3), (210, 0.3), (222, 0.39999)]);
    assert_eq!(database.loci[0].mutation.rates, [0.001, 0.002]);
    assert_eq!(database.loci[0].mutation.second_rates, [1e-6; 2]);
    assert_eq!((database.loci[0].drop_out, database.loci[0].rare), (0.05, 0.0));
    let rest = line(&project(), "\"Rest allele\"", 0);
    assert_eq!(places(&database.notes), [(rest, "rest-allele")]);
    assert_eq!(database.loci.iter().map(|locus| locus.rest).collect::<Vec<_>>(), [0.0, 0.0, 0.00001]);
}

/// Returns one family of the DVI part with these persons, and pedigrees named `P0`, `P1`.
fn one_family(persons: &[(&str, &str, &str)], pedigrees: &[&[(&str, &str)]]) -> String {
    let persons: Vec<String> = (persons.iter().zip(1..))
        .map(|(&(name, gender, alleles), number)| person(number, name, gender, alleles))
        .collect();
    let pedigrees: Vec<String> = (pedigrees.iter().zip(0..))
        .map(|(relations, number)| pedigree(number + 1, &format!("P{number}"), relations))
        .collect();
    dvi_part(&["nFamilies= 1\n", &family(1, "One", &persons, &pedigrees)].concat())
}

/// Returns the families of a sound text by name, with the relations of their samples.
#[track_caller]
fn families_of(request: &Request<'_>, text: &str, names: &[&str]) -> Vec<(String, Vec<Relation>)> {
    let intake = read_bytes("p", text.as_bytes(), request);
    assert_eq!(intake.problems, []);
    let mut found: Vec<(String, Vec<Relation>)> = Vec::new();
    for (family, relation) in intake.rows.iter().filter_map(|row| row.family) {
        let is = |name: &&&str| pseudonymizer().family(None, name).unwrap() == family;
        let name = (*names.iter().find(is).expect("a family of an expected name")).to_owned();
        match found.last_mut() {
            Some((last, relations)) if *last == name => relations.push(relation),
            _ => found.push((name, vec![relation])),
        }
    }
    found
}

#[test]
fn no_missing_person_switches_others_off() {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let plain = request(Layout::Families, &panel, &pseudonymizer);
    let persons = [("R", "Female", "15/16"), ("Missing male 2", "Male", ""), ("missing 3", "Male", "")];
    let links = [("R", "Missing person"), ("R", "Missing male 2"), ("Missing male 2", "missing 3"), ("R", "M1")];
    let text = one_family(&persons, &[&links]);
    let names = ["One: Missing person", "One: Missing male 2", "One: missing 3", "One: M1"];
    let expected = |wanted: &[usize]| -> Vec<_> {
        let relation = |at: usize| if at == 2 { Relation::PaternalGrandmother } else { Relation::Mother };
        wanted.iter().map(|&at| (names[at].to_owned(), vec![relation(at)])).collect()
    };
    // Nodes of persons come before those that only pedigrees name.
    assert_eq!(families_of(&plain, &text, &names), expected(&[1, 2, 0]));
    let given = ["m1 ".to_owned(), "M2".to_owned()];
    let with_names = Request { missing: &given, ..plain };
    assert_eq!(families_of(&with_names, &text, &names), expected(&[1, 2, 0, 3]));
    let notes = |request: &Request<'_>, text: &str| places(&read_bytes("p", text.as_bytes(), request).notes);
    let at = line(&text, "[[[[[Pedigree 1]]]]]", 0);
    assert_eq!(notes(&plain, &text), [(at, "several-missing")]);
    assert_eq!(notes(&with_names, &text), [(0, "missing-name"), (at, "several-missing")], "nobody is M2");
    // Nobody is left out silently: without links, with DNA data, in a separate pedigree.
    let persons = [&persons[..], &[("Missing 4", "Male", ""), ("Missing 5", "Male", "15/16")]].concat();
    let text = one_family(&persons, &[&links[..1], &[("R", "Missing 5")]]);
    let of = |name: &str| line(&text, &format!("Name= {name}"), 0) - 1;
    let expected = [
        (of("Missing male 2"), "missing-unlinked"),
        (of("missing 3"), "missing-unlinked"),
        (of("Missing 4"), "missing-unlinked"),
        (of("Missing 5"), "missing-typed"),
        (of("P1"), "no-missing"),
    ];
    let mut found = notes(&plain, &text);
    found.retain(|place| place.1 != "not-related");
    assert_eq!(found, expected);
}

#[test]
fn a_missing_parent_without_a_sex_is_tried_as_both() {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let plain = request(Layout::Families, &panel, &pseudonymizer);
    let persons = [("Kid", "Male", "15/16"), ("R", "Female", "15/16")];
    let text = one_family(&persons, &[&[("Missing person", "Kid"), ("R", "Missing person")]]);
    let names = ["One", "One (male)", "One (female)"];
    let members = vec![Relation::Member; 2];
    let both: Vec<_> = names[1..].iter().map(|name| ((*name).to_owned(), members.clone())).collect();
    assert_eq!(families_of(&plain, &text, &names), both);
    let alike = Request { sexes_mutate_alike: true, ..plain };
    assert_eq!(families_of(&alike, &text, &names), [("One".to_owned(), members)]);
    let intake = read_bytes("p", text.as_bytes(), &plain);
    let parents = |family: &str| {
        let of = |one: &&FamilyPedigree| one.family == pseudonymizer.family(None, family).unwrap();
        let family = intake.pedigrees.iter().find(of).unwrap();
        let kid = family.pedigree.members()[family.place(sample("Kid")).unwrap()];
        let child = Some(family.pedigree.child());
        (kid.father == child, kid.mother == child, kid.father.is_some() && kid.mother.is_some())
    };
    assert_eq!((parents("One (male)"), parents("One (female)")), ((true, false, true), (false, true, true)));
    // The sex of another parent is needed: the family is left out, the rest is imported.
    let persons = [("Kid", "Unknown", "15/16"), ("R", "Female", "15/16")];
    let text = one_family(&persons, &[&[("Kid", "Missing person")], &[("R", "Missing person")]]);
    assert_eq!(families_of(&plain, &text, &["One: P1"]), [("One: P1".to_owned(), vec![Relation::Mother])]);
    let notes = places(&read_bytes("p", text.as_bytes(), &plain).notes);
    assert!(notes.contains(&(line(&text, "Parent= Kid", 0), "parent-sex")), "{notes:?}");
    assert_eq!(families_of(&alike, &text, &["One: P0", "One: P1"]).len(), 2);
}

#[test]
fn a_spouse_without_a_typed_child_is_left_out_by_line() {
    let persons = [("Dad", "Male", "15/16"), ("Wife", "Female", "15/16"), ("Half", "Male", "")];
    let links = [("Dad", "Missing person"), ("Dad", "Half"), ("Wife", "Half")];
    let text = one_family(&persons, &[&links]);
    let intake = read(Layout::Families, &text);
    assert_eq!((intake.problems.len(), intake.rows.len()), (0, 1));
    assert_eq!(places(&intake.notes), [(line(&text, "[[[[[Person 2]]]]]", 0), "not-related")]);
    let typed = text.replace("Name= Half\nGender= Male\n[[[[[[DNA data]]]]]]\nnSystems= 0\n", &{
        let half = person(3, "Half", "Male", "15/16");
        half[half.find("Name=").unwrap()..].to_owned()
    });
    let intake = read(Layout::Families, &typed);
    assert_eq!((intake.problems.len(), intake.rows.len(), intake.pedigrees.len()), (0, 3, 1));
}

#[test]
fn a_locus_in_base_pairs_is_left_out_and_the_file_is_not() {
    let database = "\"LOC9\"\n0\n0\n0\n0\n2\n0.1\n0.1\n0\n0\n#FALSE#\n0\n\
        2\t(DatabaseSize = 0 , Dropout probability = 0 , Minor allele frequency = 0 )\n\"152\"\n0.5\n\"156.2\"\n0.5\n";
    let add = |text: &str| text.replacen("3\n#TRUE#\n\"Syn", "4\n#TRUE#\n\"Syn", 1).replace("\n\n[DVI]", "\n[DVI]");
    let typed = "nSystems= 3\nSystemName= LOC9\nAllele1= 152\nAllele2= 156.2\n";
    let text = add(&dvi()).replacen("nSystems= 2\n", typed, 1).replacen("\n[DVI]", &format!("\n{database}\n[DVI]"), 1);
    let text = text.replace("\n\n\"LOC9", "\n\"LOC9");
    let intake = read(Layout::Children, &text);
    assert_eq!((&intake.problems, intake.rows.len()), (&vec![], 1));
    assert!(places(&intake.notes).contains(&(line(&text, "\"LOC9\"", 0), "base-pairs")));
    let main = add(&project()) + database;
    let found = read_fam_database("p.fam", main.as_bytes()).unwrap();
    assert_eq!((found.loci.len(), found.notes.iter().filter(|note| note.code.word() == "base-pairs").count()), (3, 1));
    // A single number among repeats is a mistake.
    let wrong = text.replacen("Allele1= 22.2", "Allele1= 152", 1);
    assert_eq!(read(Layout::Children, wrong).problems[0].code.word(), "allele");
}

#[test]
fn people_may_have_names_in_any_encoding() {
    let text = dvi()
        .replace("Name= V1\n", "Name= \u{65e0}\u{540d}\u{6c0f}1\n")
        .replace("3.3.1 (DVI)", "3.3.1 (DVI, \u{6570}\u{636e})");
    let utf_16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let gb18030 = encoding_rs::GB18030.encode(&text).0.into_owned();
    for bytes in [text.clone().into_bytes(), utf_16, gb18030] {
        let intake = read(Layout::Children, bytes);
        assert_eq!((&intake.problems, intake.rows[0].sample), (&vec![], sample("\u{65e0}\u{540d}\u{6c0f}1")));
    }
}
