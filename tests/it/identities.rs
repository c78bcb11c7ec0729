//! The program finds one person under two numbers, reports it at import, and never lists it as a candidate.

use std::collections::BTreeSet;

use crate::common::{Lab, Said, copy};

/// Returns the cells of a file's rows, the header first.
fn cells(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn text(rows: &[Vec<String>]) -> String {
    rows.iter().map(|row| row.join(",") + "\n").collect()
}

fn column(rows: &[Vec<String>], name: &str) -> usize {
    rows[0].iter().position(|cell| cell == name).unwrap()
}

/// Returns the row under another number, with one allele moved at each of the first `differing` typed loci, and only
/// the first `typed` loci typed.
fn again(rows: &[Vec<String>], row: usize, name: &str, differing: usize, typed: usize) -> Vec<String> {
    let mut cells = rows[row].clone();
    let sample = column(rows, "sample_id");
    cells[sample] = name.to_owned();
    let first = column(rows, "D3S1358");
    let (mut seen, mut moved) = (0, 0);
    for cell in cells[first..].iter_mut().filter(|cell| !cell.is_empty()) {
        seen += 1;
        if seen > typed {
            cell.clear();
        } else if moved < differing {
            moved += 1;
            let (low, high) = cell.split_once('/').unwrap_or((cell, cell));
            // The new allele is lower than both of the genotype, so exactly one allele differs.
            let low: f64 = low.parse::<f64>().unwrap() - 1.0;
            *cell = format!("{low:.1}/{high}").replace(".0/", "/");
        }
    }
    cells
}

/// Returns the rows in the order of their typed loci, most first.
fn best_typed(rows: &[Vec<String>]) -> Vec<usize> {
    let mut order: Vec<usize> = (1..rows.len()).collect();
    order.sort_by_key(|&row| rows[row].iter().filter(|cell| cell.is_empty()).count());
    order
}

fn pairs(said: &Said) -> BTreeSet<[String; 2]> {
    let json = said.json();
    let sample = |pair: &serde_json::Value, i: usize| pair["samples"][i]["sample"].as_str().unwrap().to_owned();
    json["pairs"].as_array().unwrap().iter().map(|pair| [sample(pair, 0), sample(pair, 1)]).collect()
}

#[test]
fn the_same_person_under_two_numbers_is_found() {
    let lab = Lab::new();
    lab.synth("files", 60, 400, 5);
    let (families, children) = (cells(&lab.read("files/families.csv")), cells(&lab.read("files/children.csv")));
    lab.run(&["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
    let quiet = lab.run(&["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
    assert!(!quiet.err.contains("has the profile of"), "nobody is there twice: {}", quiet.err);
    let nothing = ["kin", "--within", "all", "--relation", "identity", "--format", "json"];
    assert_eq!(pairs(&lab.run(&nothing).ends(1)), BTreeSet::new());

    let best = best_typed(&children);
    let mut later = vec![children[0].clone()];
    for (i, &row) in best.iter().take(4).enumerate() {
        later.push(again(&children, row, &format!("AGAIN-{i}"), i, 99));
    }
    // One sample shares too few loci, and one just enough.
    later.push(again(&children, best[4], "AGAIN-few", 0, 9));
    later.push(again(&children, best[5], "AGAIN-ten", 0, 10));
    // Two new samples are of one person.
    later.push(again(&children, best[6], "AGAIN-x", 0, 99));
    later.push(again(&children, best[6], "AGAIN-y", 1, 99));
    // A relative is among the children.
    let relative = best_typed(&families)[0];
    let mut as_child = again(&families, relative, "AGAIN-r", 0, 99);
    as_child.drain(..column(&families, "D3S1358"));
    later.push([&["AGAIN-r".to_owned(), "unknown".to_owned()][..], &as_child].concat());
    let said = lab.import("children", "later.csv", text(&later), &[]).ends(0);

    let sample = |row: usize| children[row][column(&children, "sample_id")].as_str();
    let names = [
        "AGAIN-0",
        "AGAIN-1",
        "AGAIN-2",
        "AGAIN-3",
        "AGAIN-few",
        "AGAIN-ten",
        "AGAIN-x",
        "AGAIN-y",
        "AGAIN-r",
        sample(best[0]),
        sample(best[1]),
        sample(best[2]),
        sample(best[3]),
        sample(best[5]),
        sample(best[6]),
        &families[relative][column(&families, "sample_id")],
    ];
    let known = lab.pseudonyms("sample", names);
    let pair = |a: &str, b: &str| {
        let mut pair = [known[a].clone(), known[b].clone()];
        pair.sort();
        pair
    };
    let mut expected = BTreeSet::from([
        pair("AGAIN-0", sample(best[0])),
        pair("AGAIN-1", sample(best[1])),
        pair("AGAIN-2", sample(best[2])),
        pair("AGAIN-ten", sample(best[5])),
        pair("AGAIN-x", sample(best[6])),
        pair("AGAIN-y", sample(best[6])),
        pair("AGAIN-x", "AGAIN-y"),
        pair("AGAIN-r", &families[relative][column(&families, "sample_id")]),
    ]);
    let warned =
        said.err.lines().filter(|line| line.contains(": sample ") && line.contains("has the profile of")).count();
    assert_eq!(warned, expected.len(), "{}", said.err);
    let at = |line: u64, sample: &str, other: &str, differ: &str| {
        let (sample, other) = (&known[sample], &known[other]);
        format!("later.csv: line {line}: sample {sample} has the profile of {other} ({differ}")
            .replace("profile of ", "profile of child ")
    };
    for (i, differ) in ["no allele differs", "1 allele differs", "2 alleles differ"].into_iter().enumerate() {
        let expected = at(i as u64 + 2, &format!("AGAIN-{i}"), sample(best[i]), differ);
        assert!(said.err.contains(&expected), "{expected} is missing in {}", said.err);
    }
    assert!(said.err.contains("has the profile of relative"), "{}", said.err);
    let identity = |options: &[&str]| lab.run(&[&nothing[..], options].concat()).ends(0);
    assert_eq!(pairs(&identity(&[])), expected);
    let csv = lab.run(&["kin", "--within", "all", "--relation", "identity", "--format", "csv"]).ends(0).out;
    assert_eq!(csv.lines().count(), expected.len() + 1);
    expected.insert(pair("AGAIN-3", sample(best[3])));
    assert_eq!(pairs(&identity(&["--max-differences", "3"])), expected);
    expected.retain(|two| two.contains(&known["AGAIN-0"]) || two.contains(&known["AGAIN-ten"]));
    let exact = pairs(&identity(&["--max-differences", "0"]));
    assert!(exact.is_superset(&expected) && exact.len() == 4, "{exact:?}");
    let many = pairs(&identity(&["--max-differences", "0", "--min-common-loci", "11"]));
    assert_eq!(many.len(), 3, "{many:?}");

    // The finding has a code of its own: relatives of one family with the same profile have another.
    let last = vec![children[0].clone(), again(&children, best[0], "AGAIN-code", 0, 99)];
    let report = lab.import("children", "code.csv", text(&last), &["--report-format", "json"]).ends(0).json();
    let findings = report["findings"].as_array().unwrap();
    let codes: BTreeSet<&str> = findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert!(codes.contains("same-profile") && !codes.contains("same-person"), "{codes:?}");

    // The program does not repeat what it has reported, and reports nothing that it was not asked to look for.
    let same = lab.import("children", "later.csv", text(&later), &[]).ends(0);
    assert!(!same.err.contains("has the profile of"));
    let twice = vec![children[0].clone(), again(&children, best[0], "AGAIN-z", 0, 99)];
    let dry = lab.import("children", "z.csv", text(&twice), &["--dry-run"]).ends(0);
    let skipped = lab.import("children", "z.csv", text(&twice), &["--skip-identities"]).ends(0);
    assert!(!dry.err.contains("has the profile of") && !skipped.err.contains("has the profile of"));
    // Members of a withdrawn family are left out.
    let family = families[relative][column(&families, "family_id")].as_str();
    let family = lab.pseudonyms("family", [family])[family].clone();
    lab.run(&["families", "withdraw", &family, "--cause", "consent"]).ends(0);
    let left = pairs(&identity(&[]));
    assert!(!left.iter().any(|two| two.contains(&known["AGAIN-r"])));
}

/// Imports a population in which a full sibling's profile is also among the children.
fn with_a_sibling_twice(lab: &Lab) -> (String, String, String) {
    lab.synth("files", 150, 600, 9);
    let (families, children) = (cells(&lab.read("files/families.csv")), cells(&lab.read("files/children.csv")));
    lab.run(&["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
    lab.run(&["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
    let relation = column(&families, "relation");
    let sibling = best_typed(&families).into_iter().find(|&row| families[row][relation] == "full-sibling").unwrap();
    let mut cells = again(&families, sibling, "TWIN", 1, 99);
    cells.drain(..column(&families, "D3S1358"));
    let row = [&["TWIN".to_owned(), "unknown".to_owned()][..], &cells].concat();
    let twin = text(&[children[0].clone(), row]);
    let family = families[sibling][column(&families, "family_id")].clone();
    let relative = families[sibling][column(&families, "sample_id")].clone();
    let samples = lab.pseudonyms("sample", [relative.as_str(), "TWIN"]);
    lab.write("twin.csv", twin);
    (lab.pseudonyms("family", [family.as_str()])[&family].clone(), samples[&relative].clone(), samples["TWIN"].clone())
}

#[test]
fn an_identity_is_listed_apart_from_candidates() {
    let lab = Lab::new();
    let (family, relative, twin) = with_a_sibling_twice(&lab);
    lab.run(&["match"]).ends(0);
    lab.run(&["import", "--as", "children", &lab.name("twin.csv")]).ends(0).says(&["has the profile of relative"]);
    copy(&lab.path("store"), &lab.path("whole"));
    let best = ["--max-per-family", "1"];
    for (options, mode) in [(&[][..], "delta"), (&["--full"], "full"), (&best, "full")] {
        let said = lab.run(&[&["match", "--format", "json"], options].concat()).ends(0);
        let json = said.json();
        assert_eq!(json["run"]["mode"], mode);
        let is_twin = |row: &&serde_json::Value| row["child"] == twin.as_str();
        let candidates = json["candidates"].as_array().unwrap();
        assert!(candidates.iter().all(|row| !is_twin(&row) || row["family"] != family.as_str()));
        let identities = json["identities"].as_array().unwrap();
        let found = identities.iter().find(is_twin).unwrap_or_else(|| panic!("lost: {json}"));
        assert_eq!(identities.len(), 1);
        assert_eq!((&found["family"], &found["same_person"]["sample"]), (&family[..].into(), &relative[..].into()));
        let same = &found["same_person"];
        assert_eq!((&same["relation"], &same["differing_alleles"]), (&"full-sibling".into(), &1.into()));
        assert!(found["log10_lr"].as_f64().unwrap() >= 4.0 && same["log10_lr_over_siblings"].as_f64().unwrap() > 2.0);
        assert!(said.err.contains("1 pair more"), "{}", said.err);
        if !best.contains(options.first().unwrap_or(&"")) {
            let whole = lab.run_on("whole", &["match", "--full", "--format", "json"]).ends(0);
            assert_eq!(whole.digest(), said.digest());
            assert_eq!(whole.json()["identities"].as_array().unwrap().len(), 1);
        }
    }
    // The identity does not take the place of a candidate.
    let of_family = lab.run(&["candidates", "--family", &family, "--format", "json"]).ends(0).json();
    assert_eq!(of_family["identities"].as_array().unwrap().len(), 1);
    let csv = lab.run(&["candidates", "--child", &twin, "--format", "csv"]).ends(0).out;
    let row = csv.lines().find(|row| row.starts_with(&family)).unwrap();
    assert!(row.contains(&format!(",{relative},as stated,")), "{row}");
    lab.run(&["explain", &family, &twin]).ends(0).says(&["the child has the profile of relative", &relative]);
    let table = lab.run(&["candidates"]).ends(0).out;
    let (_, identities) = table.split_once("or identical twins\n").unwrap();
    assert!(identities.contains(&format!("full-sibling {relative}")), "{identities}");
}

#[test]
fn an_incremental_run_with_identities_gives_the_result_of_a_full_run() {
    let lab = Lab::new();
    with_a_sibling_twice(&lab);
    let children = cells(&lab.read("files/children.csv"));
    lab.run(&["import", "--as", "children", &lab.name("twin.csv")]).ends(0);
    let run = |store: &str, options: &[&str]| lab.run_on(store, &[&["match", "--format", "json"], options].concat());
    let first = run("store", &[]).ends(0);
    // One more child; a family withdrawn and restored; another profile for the twin.
    let mut more = vec![children[0].clone(), children[1].clone()];
    more[1][column(&children, "sample_id")] = "MORE".to_owned();
    let family = first.json()["identities"][0]["family"].as_str().unwrap().to_owned();
    let mut other = children[2].clone();
    other[column(&children, "sample_id")] = "TWIN".to_owned();
    let steps: [&dyn Fn(); 4] = [
        &|| drop(lab.import("children", "more.csv", text(&more), &[]).ends(0)),
        &|| drop(lab.run(&["families", "withdraw", &family, "--cause", "other"]).ends(0)),
        &|| drop(lab.run(&["families", "restore", &family]).ends(0)),
        &|| {
            let rows = text(&[children[0].clone(), other.clone()]);
            drop(lab.import("children", "other.csv", rows, &["--on-conflict", "replace"]).ends(0));
        },
    ];
    for ((number, step), identities) in steps.into_iter().enumerate().zip([1, 0, 1, 0]) {
        step();
        let store = format!("full-{number}");
        copy(&lab.path("store"), &lab.path(&store));
        let (delta, full) = (run("store", &[]).ends(0), run(&store, &["--full"]).ends(0));
        assert_eq!((&delta.json()["run"]["mode"], delta.digest()), (&"delta".into(), full.digest()), "{number}");
        let of = |said: &Said| said.json()["identities"].clone();
        let strip = |list: serde_json::Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|row| row["same_person"].to_string()).collect()
        };
        assert_eq!(strip(of(&delta)), strip(of(&full)));
        assert_eq!(of(&delta).as_array().unwrap().len(), identities, "{number}");
    }
}

#[test]
fn output_about_identities_contains_no_identifier() {
    let lab = Lab::new();
    lab.synth("files", 5, 30, 3);
    let children = cells(&lab.read("files/children.csv"));
    lab.run(&["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
    let canary = "KANARIE-99481";
    let twice = text(&[children[0].clone(), again(&children, best_typed(&children)[0], canary, 0, 99)]);
    let said = lab.import("children", "twice.csv", twice, &[]).ends(0).says(&["has the profile of child"]);
    let number = &children[best_typed(&children)[0]][0];
    for format in ["table", "csv", "json"] {
        let kin = lab.run(&["kin", "--within", "children", "--format", format]).ends(0);
        for text in [&kin.out, &kin.err, &said.out, &said.err] {
            assert!(!text.contains(canary) && !text.contains(number.as_str()), "{text}");
        }
    }
}

#[test]
fn kin_says_which_mutation_model_it_takes_where_the_store_has_none() {
    let lab = Lab::new();
    let children = lab.write("c.csv", "sample_id,sex,vWA,FGA\nC1,male,14/15,22/24\nC2,male,14/15,22/24\n");
    let kin = |store: &str, mutation: &str| {
        lab.run_on(store, &["init", "--mutation", mutation]).ends(0);
        lab.run_on(store, &["import", "--as", "children", &children]).ends(0);
        lab.run_on(store, &["kin", "--within", "children", "--min-log10-lr", "-2", "--format", "json"]).ends(0)
    };
    let model = |said: &Said| {
        let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        report["model"].as_str().unwrap().to_owned()
    };
    let taken = "mutation stepwise (rate male 0.001285";
    let none = kin("none", "none").says(&["the store's mutation model is none", "kin takes the default", taken]);
    assert!(model(&none).starts_with(taken), "{}", model(&none));
    let equal = kin("equal", "equal").says(&["model: mutation equal"]);
    assert!(model(&equal).starts_with("mutation equal") && !equal.err.contains("takes the default"), "{}", equal.err);
    let help = lab.run(&["kin", "--help"]).ends(0).out;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["stepwise, rate 0.001285", "range 0.1, microvariant rate 0.000001"] {
        assert!(help.contains(part), "{help}");
    }
}
