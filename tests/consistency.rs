//! Relatives held against each other: true families are left alone, planted errors are found.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use Relation::{Father, FullSibling, Mother, PaternalGrandfather, PaternalUncle};
use common::Lab;
use reunite::consistency::{Cause, Checker, Finding, MUTATED_LOCI};
use reunite::kinship::Calculator;
use reunite::model::{Family, Pseudonym, Relation, Relative};
use reunite::population::{FrequencyTable, Model};
use reunite::synthesis::{Plan, Population, Shape};

/// Families of these relations, without mistakes.
fn families(shapes: &[&[Relation]], count: usize, seed: u64) -> Vec<Family> {
    let shapes = shapes.iter().map(|relations| Shape { relations: relations.to_vec(), weight: 1.0 }).collect();
    let plan = Plan { families: count, children: 1, planted: 0.0, shapes, seed, ..Plan::default() };
    let population = Population::generate(&plan, FrequencyTable::chinese_han_23(), &Model::default()).unwrap();
    let family = |(i, family): (usize, &reunite::synthesis::SyntheticFamily)| Family {
        pseudonym: Pseudonym::from_bytes([i as u8; 16]),
        relatives: (family.relatives.iter().enumerate())
            .map(|(j, person)| Relative {
                sample: Pseudonym::from_bytes([j as u8; 16]),
                relation: person.relation,
                profile: person.profile.clone(),
                drop_out: None,
            })
            .collect(),
        pedigree: None,
    };
    population.families.iter().enumerate().map(family).collect()
}

fn check(family: &Family) -> Vec<Finding> {
    thread_local! {
        static CALCULATOR: Calculator =
            Calculator::new(FrequencyTable::chinese_han_23(), Model::default()).unwrap();
    }
    CALCULATOR.with(|calculator| Checker::new(calculator).check(family).unwrap())
}

/// Findings other than a mutation.
fn doubted(family: &Family) -> Vec<Finding> {
    check(family).into_iter().filter(|finding| finding.cause != Cause::Mutation).collect()
}

const SHAPES: [&[Relation]; 6] = [
    &[Father, Mother],
    &[Mother, FullSibling],
    &[Father, Mother, FullSibling],
    &[Father, PaternalGrandfather],
    &[Mother, PaternalUncle, PaternalGrandfather],
    &[FullSibling, FullSibling, PaternalUncle],
];

#[test]
fn true_families_are_left_alone() {
    let families = families(&SHAPES, 600, 1);
    let wrong: usize = families.iter().filter(|family| !doubted(family).is_empty()).count();
    assert!(wrong <= 3, "{wrong} of 600");
    // Mutations do happen, and are called so.
    let mutated = families.iter().filter(|family| check(family).iter().any(|f| f.cause == Cause::Mutation)).count();
    assert!((1..60).contains(&mutated), "{mutated} of 600");
}

#[test]
fn a_stranger_in_place_of_a_relative_is_found() {
    let mut families = families(&SHAPES, 300, 2);
    let strangers = self::families(&[&[Father]], 300, 3);
    let (mut found, mut doubtful, mut all, mut swapped, mut trios) = (0, 0, 0, 0, 0);
    for (family, stranger) in families.iter_mut().zip(&strangers) {
        let relations: Vec<Relation> = family.relatives.iter().map(|r| r.relation).collect();
        // Father and mother say nothing of each other.
        if relations == [Father, Mother] {
            continue;
        }
        all += 1;
        let last = family.relatives.len() - 1;
        family.relatives[last].profile = stranger.relatives[0].profile.clone();
        let findings = doubted(family);
        doubtful += usize::from(!findings.is_empty());
        found += usize::from(findings.iter().any(|f| f.samples.contains(&family.relatives[last].sample)));
        if relations == [Father, Mother, FullSibling] {
            // A sibling who fits neither parent is to blame, not the parents.
            trios += 1;
            let blamed =
                matches!(&findings[..], [f] if f.cause == Cause::SwappedSample && f.relations == [FullSibling]);
            swapped += usize::from(blamed);
        }
    }
    assert!(swapped * 100 >= trios * 90, "{swapped} of {trios}");
    // Uncles and grandfathers alone beside siblings are too weak to always tell.
    assert!(found * 10 >= all * 7 && doubtful * 10 >= all * 7, "{found}, {doubtful} of {all}");
}

#[test]
fn an_uncle_given_as_the_father_is_found() {
    let (mut found, mut all) = (0, 0);
    for mut family in families(&[&[FullSibling, PaternalUncle]], 200, 4) {
        all += 1;
        family.relatives[1].relation = Father;
        let findings = doubted(&family);
        found += usize::from(findings.iter().any(|f| f.cause == Cause::WrongRelation));
    }
    assert!(found * 100 >= all * 85, "{found} of {all}");
}

#[test]
fn exchanged_relations_and_one_person_twice_are_called_so() {
    let (mut exchanged, mut all) = (0, 0);
    for mut family in families(&[&[Father, FullSibling, PaternalGrandfather]], 100, 5) {
        all += 1;
        let last = family.relatives.len() - 1;
        let (one, other) = (family.relatives[0].profile.clone(), family.relatives[last].profile.clone());
        (family.relatives[0].profile, family.relatives[last].profile) = (other, one);
        let findings = doubted(&family);
        exchanged += usize::from(findings.iter().any(|f| f.cause == Cause::Exchanged));
    }
    assert!(exchanged * 100 >= all * 90, "{exchanged} of {all}");
    for mut family in families(&[&[Father, Mother, FullSibling]], 20, 6) {
        family.relatives[1].profile = family.relatives[2].profile.clone();
        assert!(check(&family).iter().any(|f| f.cause == Cause::SamePerson && f.relations == [Mother, FullSibling]));
    }
}

#[test]
fn the_command_names_pseudonyms_only() {
    let lab = Lab::with_population(60, 100);
    let families = lab.read("files/families.csv");
    let all = lab.run(&["families", "check", "--format", "json"]);
    assert!(all.status < 2, "{}", all.err);
    assert_eq!(all.json()["families"], 60);
    // A mother and a full sibling who is another family's.
    let header = families.lines().next().unwrap();
    let rows: Vec<Vec<&str>> = families.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let people: Vec<&Vec<&str>> = rows.iter().filter(|row| row.iter().skip(4).all(|cell| !cell.is_empty())).collect();
    let (one, other) = (people[0], people.iter().rev().find(|row| row[0] != people[0][0]).unwrap());
    let line = |sample: &str, relation: &str, sex: &str, from: &[&str]| {
        format!("CANARYFAMILY,{sample},{relation},{sex},{}\n", from[4..].join(","))
    };
    let file = format!(
        "{header}\n{}{}",
        line("CANARYA", "mother", "female", one),
        line("CANARYB", "full-sibling", "unknown", other)
    );
    let said = lab.import("families", "bad.csv", file, &[]).ends(0);
    let said = said.says(&["bad.csv: line 2 and line 3: family", "perhaps a wrong relation"]);
    assert!(!said.err.contains("CANARY"), "{}", said.err);
    let ids = ["CANARYFAMILY"];
    let family = lab.pseudonyms("family", ids).remove("CANARYFAMILY").unwrap();
    let samples = lab.pseudonyms("sample", ["CANARYA", "CANARYB"]);
    for format in ["table", "csv", "json"] {
        let said = lab.run(&["families", "check", &family, "--format", format]).ends(1);
        for sample in samples.values() {
            assert!(said.out.contains(sample.as_str()), "{}", said.out);
        }
        assert!(!said.out.contains("CANARY") && !said.err.contains("CANARY"), "{said:?}");
    }
    let json = lab.run(&["families", "check", &family, "--format", "json"]).json();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["findings"][0]["cause"], "wrong-relation");
    assert_eq!(json["findings"][0]["likelier"][0], "unrelated");
    lab.run(&["families", "check", &"0".repeat(32)]).ends(2).says(&["there is no family"]);
}

#[test]
fn marked_families_match_and_withdrawn_ones_do_not() {
    let lab = Lab::with_population(60, 300);
    let before = lab.run(&["match", "--format", "json"]).ends(0);
    let family = before.json()["candidates"][0]["family"].as_str().unwrap().to_owned();
    let of_family = |json: &serde_json::Value| {
        json["candidates"].as_array().unwrap().iter().filter(|c| c["family"] == family.as_str()).count()
    };
    assert!(of_family(&before.json()) > 0);
    lab.run(&["families", "list", "--withdrawn"]).ends(1);
    lab.run(&["families", "withdraw", &family, "--reason", "found"]).ends(0).says(&["1 families withdrawn"]);
    lab.run(&["families", "withdraw", &family, "--reason", "found"]).ends(1);
    lab.run(&["families", "withdraw", &family, "--reason", "a name"]).ends(2).says(&["consent"]);
    let listed = lab.run(&["families", "list", "--withdrawn", "--format", "json"]).ends(0).json();
    assert_eq!(
        (&listed["families"][0]["family"], &listed["families"][0]["withdrawn"]),
        (&family.clone().into(), &"found".into())
    );
    let without = lab.run(&["match", "--format", "json"]).ends(0).says(&["1 withdrawn families were left out"]);
    assert_eq!(of_family(&without.json()), 0);
    assert_ne!(without.digest(), before.digest());
    lab.run(&["families", "restore", &family]).ends(0);
    let again = lab.run(&["match", "--format", "json"]).ends(0);
    assert_eq!((again.digest(), of_family(&again.json())), (before.digest(), of_family(&before.json())));
    lab.run(&["families", "restore", &"0".repeat(32)]).ends(2).says(&["there is no family"]);

    // The first family's second relative once more, in place of the first: it is marked, and matches all the same.
    let families = lab.read("files/families.csv");
    let header = families.lines().next().unwrap();
    let row = families.lines().skip(1).find(|line| line.contains(",mother,")).unwrap();
    let cells: Vec<&str> = row.split(',').collect();
    let twice = format!(
        "{header}\nTWICE,T1,mother,female,{}\nTWICE,T2,full-sibling,unknown,{}\n",
        cells[4..].join(","),
        cells[4..].join(",")
    );
    lab.import("families", "twice.csv", &twice, &[]).ends(0).says(&["the same person twice"]);
    let twice = lab.pseudonyms("family", ["TWICE"]).remove("TWICE").unwrap();
    let listed = lab.run(&["families", "list", "--marked", "--format", "csv"]).ends(0).out;
    assert!(listed.contains(&format!("{twice},same-person,")), "{listed}");
    let said = lab.run(&["match", "--min-log10-lr", "-60", "--format", "json"]).ends(0);
    let marks = |c: &serde_json::Value| c["family_marks"].as_array().unwrap().len();
    for candidate in said.json()["candidates"].as_array().unwrap() {
        let expected = usize::from(listed.contains(candidate["family"].as_str().unwrap()));
        assert_eq!(marks(candidate) > 0, expected > 0, "{candidate}");
    }
    assert!(said.err.contains("whose relatives do not all fit"), "{}", said.err);
}

#[test]
fn more_loci_than_mutate_are_no_mutation() {
    let mut families = families(&[&[FullSibling, FullSibling, FullSibling]], 200, 7);
    let strangers = self::families(&[&[Father]], 200, 8);
    for (family, stranger) in families.iter_mut().zip(&strangers) {
        family.relatives[2].profile = stranger.relatives[0].profile.clone();
        for finding in check(family).iter().filter(|finding| finding.cause == Cause::Mutation) {
            assert!(finding.loci.len() <= MUTATED_LOCI, "{finding:?}");
        }
    }
}

#[test]
fn a_store_without_mutation_still_names_one() {
    let lab = Lab::new();
    lab.run_on("none", &["init", "--mutation", "none"]).ends(0);
    let loci = "D3S1358,vWA,D16S539,CSF1PO,TPOX,D8S1179,D21S11,D18S51,D2S441,D19S433,TH01,FGA";
    // They share an allele at every locus but the last, where one step lies between them.
    let file = format!(
        "family_id,sample_id,relation,sex,{loci}\n\
         f,a,father,male,15/16,14/17,9/11,11/12,8/11,13/14,29/30,14/15,10/11,13/14,7/9,22/22\n\
         f,b,full-sibling,male,16/17,17/18,11/12,10/12,8/8,14/15,30/31,15/16,11/12,14/15.2,9/9,23/24\n"
    );
    let name = lab.write("mutated.csv", file);
    let said = lab.run_on("none", &["import", "--as", "families", &name]).ends(0);
    assert!(!said.err.contains("does not fit"), "{}", said.err);
    let json = lab.run_on("none", &["families", "check", "--format", "json"]).ends(1).json();
    assert_eq!(json["findings"].as_array().unwrap().len(), 1, "{json}");
    assert_eq!((&json["findings"][0]["cause"], &json["findings"][0]["loci"][0]), (&"mutation".into(), &"FGA".into()));
}
