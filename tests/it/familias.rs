//! Tests of the import of Familias projects: missing persons, sexes, alleles.

use std::collections::BTreeMap;

use crate::common::{Lab, Said};

const LOCI: [&str; 4] = ["D3S1358", "vWA", "FGA", "TH01"];

/// A project with these families: persons with name, gender and one genotype per locus, and relations.
struct Project(Vec<String>);

impl Project {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn family(mut self, name: &str, persons: &[(&str, &str, &[&str])], relations: &[(&str, &str)]) -> Self {
        let mut text =
            format!("[[[Family {} ]]]\nName= {name}\n[[[[Persons]]]]\nnPersons= {}\n", self.0.len() + 1, persons.len());
        for (number, (name, gender, genotypes)) in persons.iter().enumerate() {
            text += &format!("[[[[[Person {}]]]]]\nName= {name}\nGender= {gender}\n[[[[[[DNA data]]]]]]\n", number + 1);
            text += &format!("nSystems= {}\n", genotypes.len());
            for (locus, genotype) in LOCI.iter().zip(*genotypes) {
                let (one, other) = genotype.split_once('/').unwrap();
                text += &format!("SystemName= {locus}\nAllele1= {one}\nAllele2= {other}\n");
            }
        }
        text += "[[[[Pedigrees]]]]\nnPedigrees= 1\n[[[[[Pedigree 1]]]]]\nName= Reference pedigree\n";
        text += &format!("nRelations= {}\n", relations.len());
        relations.iter().for_each(|(parent, child)| text += &format!("Parent= {parent}\nChild= {child}\n"));
        self.0.push(text);
        self
    }

    fn text(&self) -> String {
        let head = "\"Output from Familias, version 3.3\"\n\"DO NOT EDIT!\"\n3.3 (DVI)\n\"\"\n0\n\"Known relations\"\n0\n0\n0\n0\n\
            #FALSE# (#Databases: 1 ;Theta/Kinship/Fst: 0 )\n0\n#FALSE#\n\n[DVI]\n[[Unidentified persons]]\nnPersons= 0\n\
            [[Notes]]\n\n[[Reference Families]]\n";
        format!("{head}nFamilies= {}\n{}", self.0.len(), self.0.concat())
    }
}

/// Makes a store with a child, and imports the families of a project; returns the output of the import.
fn imported(lab: &Lab, init: &[&str], project: &Project, options: &[&str]) -> Said {
    std::fs::remove_dir_all(lab.name("store")).unwrap();
    lab.run(&[&["init", "--min-log10-lr", "-30"], init].concat()).ends(0);
    let children = format!("sample_id,sex,{}\nC1,male,15/17,16/18,22/24,7/9\n", LOCI.join(","));
    let children = lab.write("children.csv", children);
    lab.run(&["import", "--as", "children", &children]).ends(0);
    let file = lab.write("project.fam", project.text());
    lab.run(&[&["import", "--as", "families", "--min-loci", "1", &file], options].concat())
}

/// Returns the log10 LR of the child in each family, by the family's name.
fn log10_lrs(lab: &Lab, names: &[&str]) -> BTreeMap<String, String> {
    let said = lab.run(&["match", "--format", "csv"]).ends(0);
    let pseudonyms = lab.pseudonyms("family", names.iter().copied());
    let mut reader = csv::Reader::from_reader(said.out.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let of = |name: &&str| {
        let row = rows.iter().find(|row| row[0] == pseudonyms[*name]);
        row.map(|row| ((*name).to_owned(), row[2].to_owned()))
    };
    names.iter().filter_map(of).collect()
}

const GRANDFATHER: &[&str] = &["15/16", "16/16", "22/23", "7/7"];
const UNCLE: &[&str] = &["14/15", "16/17", "23/24", "7/8"];

/// If the file does not state an uncle's sex, he is neither uncle nor aunt, and the program keeps a pedigree of the
/// family.
#[test]
fn relations_and_a_pedigree_say_the_same_whatever_untyped_persons_hand_on() {
    let lab = Lab::new();
    let relations = [("GF", "Dad"), ("GF", "Uncle"), ("GM", "Dad"), ("GM", "Uncle"), ("Dad", "Missing person")];
    let alone = [("GF", "Dad"), ("Dad", "Missing person")];
    let further = [("Great", "GF"), ("Grand", "GM"), ("Lady", "GM")];
    let persons = |uncle| {
        [
            ("GF", "Male", GRANDFATHER),
            ("Uncle", uncle, UNCLE),
            ("Dad", "Male", &[][..]),
            ("GM", "Female", &[]),
            ("Great", "Male", &[]),
            ("Grand", "Male", &[]),
        ]
    };
    let names_of = |name: &str| -> Vec<(String, &'static str, &'static [&'static str])> {
        persons(if name == "A" { "Male" } else { "Unknown" })
            .iter()
            .map(|(person, gender, genotypes)| (format!("{name} {person}"), *gender, *genotypes))
            .collect()
    };
    let mut project = Project::new();
    for name in ["A", "B", "C", "D"] {
        let all = names_of(name);
        let mut links: Vec<(String, String)> = Vec::new();
        let drawn: Vec<(&str, &str)> = match name {
            "C" => [&relations[..], &further].concat(),
            "D" => alone.to_vec(),
            _ => relations.to_vec(),
        };
        for (parent, child) in drawn {
            let own = |person: &str| {
                if person == "Missing person" { person.to_owned() } else { format!("{name} {person}") }
            };
            links.push((own(parent), own(child)));
        }
        let persons: Vec<(&str, &str, &[&str])> = all.iter().map(|one| (one.0.as_str(), one.1, one.2)).collect();
        let links: Vec<(&str, &str)> = links.iter().map(|one| (one.0.as_str(), one.1.as_str())).collect();
        project = project.family(name, &persons, &links);
    }
    for (untyped, rate) in [("full", "0.2"), ("pruned", "0.2")] {
        let init = ["--untyped", untyped, "--mutation", "equal", "--mutation-rate", rate];
        imported(&lab, &init, &project, &[]).ends(0);
        let found = log10_lrs(&lab, &["A", "B", "C", "D"]);
        assert_eq!(found.len(), 4);
        let value = |name: &str| found[name].parse::<f64>().unwrap();
        for name in ["B", "C"] {
            assert!((value(name) - value("A")).abs() < 1e-12, "{untyped} {name}: {found:?}");
        }
        assert!((value("D") - value("A")).abs() > 1e-6, "the uncle says something: {found:?}");
    }
}

#[test]
fn every_missing_person_is_matched_and_names_may_be_given() {
    let lab = Lab::new();
    let persons: [(&str, &str, &[&str]); 3] =
        [("R", "Female", GRANDFATHER), ("Missing male 2", "Male", &[]), ("M1", "Male", &[])];
    let relations = [("R", "Missing male 2"), ("Missing person", "Missing male 2"), ("R", "M1"), ("M1", "Missing 3")];
    let project = Project::new().family("One", &persons, &relations);
    let said = imported(&lab, &[], &project, &[]).ends(0);
    said.says(&["has 2 missing persons with relatives", "nobody with DNA data is related to this missing person"]);
    let names = ["One: Missing male 2", "One: Missing 3", "One: M1", "One: Missing person"];
    assert!(log10_lrs(&lab, &names).keys().eq(["One: Missing 3", "One: Missing male 2"]));
    imported(&lab, &[], &project, &["--missing", "m1"]).ends(0).says(&["has 3 missing persons with relatives"]);
    assert_eq!(log10_lrs(&lab, &names).len(), 3);
    imported(&lab, &[], &project, &["--missing", "Nobody"]).ends(0).says(&["names given with --missing that nobody"]);
}

#[test]
fn a_missing_parent_without_a_sex_is_matched_as_both() {
    let lab = Lab::new();
    let persons: [(&str, &str, &[&str]); 2] = [("Kid", "Male", GRANDFATHER), ("Missing person", "Unknown", &[])];
    let project = Project::new().family("One", &persons, &[("Missing person", "Kid")]);
    imported(&lab, &[], &project, &[]).ends(0).says(&["imported as two families"]);
    let names = ["One", "One (male)", "One (female)"];
    assert!(log10_lrs(&lab, &names).keys().eq(["One (female)", "One (male)"]));
    imported(&lab, &["--mutation-rate", "0.001"], &project, &[]).ends(0).says(&["the result is the same"]);
    assert!(log10_lrs(&lab, &names).keys().eq(["One"]));
}
