//! Tests of kits, of pairs with too few loci in common, and of a search for parent or child, on the command line.

use std::collections::BTreeSet;

use crate::common::{Lab, reunite};

#[test]
fn kits_are_listed_with_what_they_share() {
    let said =
        reunite(&["kits", "--store", "/nonexistent", "--format", "json"]).ends(0).says(&["Sinofiler", "built-in"]);
    let json = said.json();
    let kits = json["kits"].as_array().unwrap();
    assert!(kits.iter().all(|kit| kit["verified"] == true));
    let at = |name: &str| kits.iter().position(|kit| kit["name"] == name).unwrap();
    let (global, goldeneye, other) = (at("GlobalFiler"), at("Goldeneye 20A"), at("AGCU 21+1 (non-CODIS)"));
    assert_eq!((kits[global]["loci"].as_array().unwrap().len(), &kits[global]["loci_in_panel"]), (21, &20.into()));
    let shared = |a: usize, b: usize| json["shared_loci"][a][b].as_u64().unwrap();
    assert_eq!((shared(goldeneye, other), shared(other, goldeneye), shared(other, other)), (1, 1, 21));
    let lab = Lab::new();
    let said = lab.run(&["kits", "--unverified-kits", "--format", "csv"]).ends(0);
    assert!(
        said.out.contains("\nSinofiler,false,15,15,") && said.out.contains("\"29-plex (Yu, Li 2021)\""),
        "{}",
        said.out
    );
    assert!(lab.run(&["kits"]).ends(0).out.contains("of the panel's 23"));
}

#[test]
fn an_import_states_the_kit_of_its_rows() {
    let lab = Lab::new();
    let rows = "sample_id,sex,vWA,Penta D\nS1,m,14,9\n";
    lab.import("children", "a.csv", rows, &["--kit", "Sinofiler"]).ends(2).says(&["--unverified-kits"]);
    lab.import("children", "a.csv", rows, &["--kit", "GlobalFilet"]).ends(2).says(&["did you mean GlobalFiler?"]);
    let said = lab.import("children", "a.csv", rows, &["--kit", "globalfiler"]).ends(0);
    said.says(&["a.csv:2: column D (Penta D): 1 row of the kit GlobalFiler", "1 added"]);
    let ambiguous = "sample_id,sex,vWA,D5S2500\nS2,m,14,9\n";
    lab.import("children", "b.csv", ambiguous, &[]).ends(2).says(&["b.csv:2: column D (D5S2500): "]);
    lab.import("children", "b.csv", ambiguous, &["--kit", "AGCU 21+1 (non-CODIS)"]).ends(0);
}

/// Returns a row without the genotypes at the loci that a kit lacks.
fn typed_with(row: &str, header: &[&str], first: usize, loci: &BTreeSet<String>) -> String {
    let cells = row.split(',').zip(header).enumerate();
    let cells = cells.map(|(at, (cell, name))| if at < first || loci.contains(*name) { cell } else { "" });
    cells.collect::<Vec<_>>().join(",")
}

/// Returns the loci at which rows are typed; for families, of all rows of a family together.
fn typed_loci(rows: &[String], first: usize, families: bool) -> Vec<BTreeSet<usize>> {
    let mut all: Vec<(String, BTreeSet<usize>)> = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.split(',').collect();
        let typed = (first..cells.len()).filter(|&at| !cells[at].is_empty()).map(|at| at - first);
        match all.last_mut().filter(|last| families && last.0 == cells[0]) {
            Some(last) => last.1.extend(typed),
            None => all.push((cells[0].to_owned(), typed.collect())),
        }
    }
    all.into_iter().map(|one| one.1).collect()
}

#[test]
fn pairs_that_share_too_few_loci_are_counted_and_not_lost() {
    let lab = Lab::new();
    lab.synth("files", 60, 400, 4);
    let kits = reunite(&["kits", "--store", "/nonexistent", "--format", "json"]).json();
    let loci = |name: &str| -> BTreeSet<String> {
        let kit = kits["kits"].as_array().unwrap().iter().find(|kit| kit["name"] == name).unwrap().clone();
        kit["loci"].as_array().unwrap().iter().map(|locus| locus.as_str().unwrap().to_owned()).collect()
    };
    let of_kits = ["GlobalFiler", "AGCU EX22", "Microreader 23HS", "AGCU 21+1 (non-CODIS)"].map(loci);
    let mixed = |name: &str, first: usize, by_family: bool| -> (String, Vec<String>) {
        let text = lab.read(&format!("files/{name}.csv"));
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let row = |(number, row): (usize, &str)| {
            // All rows of a family have one kit; its number ends in a digit.
            let key = if by_family { row.as_bytes()[6] as usize } else { number };
            typed_with(row, &header, first, &of_kits[[0, 1, 1, 2, 3][key % 5]])
        };
        let rows = lines.enumerate().map(row);
        // A row without any locus is left out.
        let rows = rows.filter(|row| row.split(',').skip(first).any(|cell| !cell.is_empty()));
        (header.join(","), rows.collect())
    };
    let ((family_header, families), (child_header, children)) =
        (mixed("families", 4, true), mixed("children", 2, false));
    let text = |header: &str, rows: &[String]| format!("{header}\n{}\n", rows.join("\n"));
    let (early, late) = children.split_at(300);
    lab.import("families", "families.csv", text(&family_header, &families), &[]).ends(0);
    lab.import("children", "early.csv", text(&child_header, early), &[]).ends(0);

    let few = |families: &[BTreeSet<usize>], children: &[BTreeSet<usize>], least: usize| -> (u64, usize, usize) {
        let few = |a: &BTreeSet<usize>, b: &BTreeSet<usize>| a.intersection(b).count() < least;
        let pairs =
            families.iter().map(|family| children.iter().filter(|child| few(family, child)).count()).sum::<usize>();
        let hardly = |one: &BTreeSet<usize>, others: &[BTreeSet<usize>]| {
            others.iter().filter(|other| few(one, other)).count() * 2 > others.len()
        };
        let families_hardly = families.iter().filter(|family| hardly(family, children)).count();
        (pairs as u64, families_hardly, children.iter().filter(|child| hardly(child, families)).count())
    };
    let family_loci = typed_loci(&families, 4, true);
    let [early_loci, late_loci, all_loci] = [early, late, &children[..]].map(|rows| typed_loci(rows, 2, false));

    let found = |options: &[&str], expected: (u64, usize, usize), least: u64| {
        let said = lab.run(&[&["match", "--format", "json"], options].concat());
        let json = said.json();
        let run = &json["run"];
        let candidates = json["candidates"].as_array().unwrap();
        let below = |row: &&serde_json::Value| row["loci_compared"].as_u64().unwrap() < least;
        assert!(candidates.iter().all(|row| row["few_loci"] == below(&row)));
        let listed = |name: &str| run[name].as_array().unwrap().len();
        assert_eq!(run["min_loci"], least);
        assert_eq!(
            (listed("families_hardly_comparable"), listed("children_hardly_comparable")),
            (expected.1, expected.2)
        );
        (said, run["pairs_not_comparable"].as_u64().unwrap(), candidates.iter().filter(below).count() as u64)
    };
    // The first run covers the whole population; 10 loci is the store's own limit.
    let expected = few(&family_loci, &early_loci, 10);
    assert!(expected.0 > 3_000 && expected.1 > 5 && expected.2 > 50, "{expected:?}");
    let (first, pairs, below) = found(&["--full"], expected, 10);
    assert_eq!(pairs + below, expected.0);
    first.says(&["not comparable, with fewer than 10 loci in common", "`reunite comparable` lists them"]);
    // Another limit changes the messages, and no result.
    let expected_20 = few(&family_loci, &early_loci, 20);
    let (again, pairs, below) = found(&["--full", "--min-loci", "20"], expected_20, 20);
    assert!(below > 0, "some candidates have fewer than 20 loci");
    assert_eq!(pairs + below, expected_20.0);
    let digest = again.digest();
    assert_eq!(found(&["--full"], expected, 10).0.digest(), digest);
    // An incremental run reports the pairs that it compared.
    lab.import("children", "late.csv", text(&child_header, late), &[]).ends(0);
    let (pairs_late, _, hardly_late) = few(&family_loci, &late_loci, 20);
    let said = lab.run(&["match", "--format", "json", "--min-loci", "20"]).says(&["of those compared in this run"]);
    let json = said.json();
    assert_eq!(
        (&json["run"]["mode"], &json["run"]["families_hardly_comparable"]),
        (&"delta".into(), &serde_json::json!([]))
    );
    assert_eq!(json["run"]["children_hardly_comparable"].as_array().unwrap().len(), hardly_late);
    let new_below =
        json["candidates"].as_array().unwrap().iter().filter(|row| row["new"] == true && row["few_loci"] == true);
    assert_eq!(json["run"]["pairs_not_comparable"].as_u64().unwrap() + new_below.count() as u64, pairs_late);
    assert_eq!(found(&["--full"], few(&family_loci, &all_loci, 10), 10).0.digest(), said.digest());
    // `comparable` lists them at any time, also in a store from before this limit existed.
    let config = lab.read("store/reunite.toml");
    assert!(config.contains("min_loci = 10\n"));
    lab.write("store/reunite.toml", config.replace("min_loci = 10\n", ""));
    let (_, families_hardly, children_hardly) = few(&family_loci, &all_loci, 10);
    let said = lab.run(&["comparable", "--format", "csv"]).ends(0);
    let lines = |kind: &str| said.out.lines().filter(|line| line.starts_with(kind)).count();
    assert_eq!((lines("family,"), lines("child,")), (families_hardly, children_hardly));
    assert_eq!(lab.run(&["candidates", "--format", "json"]).json()["run"]["min_loci"], 10);
}

#[test]
fn a_parent_or_child_is_found_among_many() {
    let lab = Lab::new();
    let out = lab.name("search");
    let numbers = ["--families", "30", "--children", "3000", "--out", &out];
    reunite(&[&["synth", "--challenge"], &numbers[..]].concat()).ends(0).says(&["--drop-out 0.0417"]);
    let (profiles, queries) = (lab.read("search/profiles.csv"), lab.read("search/queries.csv"));
    assert!(
        profiles.starts_with("PersonID,D3S1358,") && queries.starts_with("family_id,sample_id,relation,sex,D3S1358,")
    );
    assert!(profiles.lines().nth(1).unwrap().starts_with("P0000001,") && profiles.contains(",\"1"));
    let store = lab.name("other");
    reunite(&["--store", &store, "init", "--drop-out", "0.0417", "--min-log10-lr", "0"]).ends(0);
    // Files of the usual form: PersonID, commas between alleles, no sex.
    for (layout, file) in [("children", "search/profiles.csv"), ("families", "search/queries.csv")] {
        lab.run_on("other", &["import", "--as", layout, &lab.name(file)]).ends(0);
    }
    let said = lab.run_on("other", &["match", "--max-per-family", "1", "--format", "csv"]).ends(0);
    let truth = lab.read("search/truth.csv");
    let truth: Vec<Vec<&str>> = truth.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert!(["parent", "child"].iter().all(|relation| truth.iter().any(|row| row[2] == *relation)));
    let families = lab.pseudonyms("family", truth.iter().map(|row| row[0]));
    let people = lab.pseudonyms("sample", truth.iter().map(|row| row[1]));
    let first = |row: &&Vec<&str>| said.out.contains(&format!("\n{},{},", families[row[0]], people[row[1]]));
    let found = truth.iter().filter(first).count();
    assert!(found >= 24, "{found} of 30 come first among 3,000");
    // The same in one command, which also states the expected result.
    let said = reunite(&["challenge", "--people", "3000", "--queries", "30", "--json"]).ends(0);
    let json = said.json();
    assert_eq!(json["searches"][0]["first"].as_u64().unwrap() as usize, found);
    let (top, limit) = (json["top_1"].as_f64().unwrap(), json["limit"].as_f64().unwrap());
    assert!((top - limit).abs() < 0.25 && limit > 0.7, "{top} {limit}");
}
