//! Tests of the whole work, from files to candidates, and of what must not change its result.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use crate::common::{Lab, Numbers, counts, reunite};
use serde_json::Value;

/// Reads the rows of a CSV text, without the header.
fn rows(text: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect()
}

/// Returns family, child and the bits of their log10 LR.
fn pairs(report: &Value) -> Vec<(String, String, u64)> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let pair = |row: &Value| (text(row, "family"), text(row, "child"), row["log10_lr"].as_f64().unwrap().to_bits());
    report["candidates"].as_array().unwrap().iter().map(pair).collect()
}

#[test]
fn the_job_finds_every_planted_relation_with_its_exact_ratio() {
    let lab = Lab::with_population(300, 1500);
    let matched = lab.run(&["match", "--format", "json"]).ends(0);
    let report = matched.json();
    assert_eq!(report["schema_version"], 1);
    let run = &report["run"];
    assert_eq!((run["mode"].as_str(), run["families"].as_u64()), (Some("full"), Some(300)));
    assert_eq!((run["children"].as_u64(), run["pairs"].as_u64()), (Some(1500), Some(450_000)));
    assert_eq!(run["generation"].as_u64(), Some(2));
    assert!(run["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(run["digest"].as_str().unwrap(), matched.digest());
    assert_eq!(matched.digest().len(), 64);
    let candidates = report["candidates"].as_array().unwrap();
    let log10_lr = |row: &Value| row["log10_lr"].as_f64().unwrap();
    assert!(candidates.iter().all(|row| log10_lr(row) >= 4.0));
    assert!(candidates.is_sorted_by(|a, b| log10_lr(a) >= log10_lr(b)), "best first");
    for row in candidates {
        let (compared, incompatible) = (row["loci_compared"].as_u64(), row["incompatible_loci"].as_u64());
        assert!(compared.unwrap() <= 23 && incompatible.unwrap() <= compared.unwrap());
        assert!([&row["family"], &row["child"]].iter().all(|name| name.as_str().unwrap().len() == 32));
    }

    let truth = rows(&lab.read("files/truth.csv"));
    let families = lab.pseudonyms("family", truth.iter().map(|row| &row[0]));
    let children = lab.pseudonyms("sample", truth.iter().map(|row| &row[1]));
    let found: HashMap<(String, String), u64> = pairs(&report).into_iter().map(|(f, c, lr)| ((f, c), lr)).collect();
    let mut within = 0;
    for row in &truth {
        let exact: f64 = row[3].parse().unwrap();
        let pair = (families[&row[0]].clone(), children[&row[1]].clone());
        if exact >= 4.0 {
            within += 1;
            assert_eq!(found.get(&pair), Some(&exact.to_bits()), "{} {}", &row[0], &row[1]);
        } else {
            assert_eq!(found.get(&pair), None);
        }
    }
    assert!(within > 100, "{within}");

    let listed = lab.run(&["candidates", "--brief", "--format", "json"]).ends(0);
    // All but the people who are hardly comparable, whom `comparable` lists at any time.
    let mut said = matched.json();
    for side in ["families_hardly_comparable", "children_hardly_comparable"] {
        assert!(said["run"].as_object_mut().unwrap().remove(side).unwrap().is_array());
    }
    assert!(listed.json() == said);
    let listed = rows(&lab.run(&["candidates", "--format", "csv"]).ends(0).out);
    let bits = |text: &str| text.parse::<f64>().unwrap().to_bits();
    let listed: Vec<_> = listed.iter().map(|row| (row[0].to_owned(), row[1].to_owned(), bits(&row[2]))).collect();
    assert_eq!(listed, pairs(&report));
    assert_eq!(rows(&lab.run(&["candidates", "--format", "csv", "--limit", "3"]).ends(0).out).len(), 3);
    let best = &pairs(&report)[0];
    let of_family = lab.run(&["candidates", "--format", "csv", "--family", &best.0]).ends(0);
    assert!(rows(&of_family.out).iter().all(|row| row[0] == best.0) && of_family.out.contains(&best.1));
    assert_eq!(rows(&lab.run(&["match", "--format", "csv"]).ends(0).out).len(), candidates.len());
}

#[test]
fn the_digest_depends_on_nothing_but_the_people() {
    let lab = Lab::with_population(200, 1000);
    let digest = lab.digest(&[]);
    // Many candidates for each family, so that a change of their order would change the digest.
    let low = ["--min-log10-lr", "-6"];
    let digest_of_many = lab.digest(&low);
    assert!(rows(&lab.run(&["candidates", "--format", "csv"]).ends(0).out).len() > 1000);
    for options in [&["--threads", "1"][..], &["--threads", "2"], &["--no-mmap"], &["--full"]] {
        assert_eq!(lab.digest(options), digest, "{options:?}");
    }
    let mut numbers = Numbers(5);
    lab.run_on("second", &["init"]).ends(0);
    for layout in ["children", "families"] {
        let shuffled = numbers.shuffled(&lab.read(&format!("files/{layout}.csv")));
        assert_ne!(shuffled, lab.read(&format!("files/{layout}.csv")));
        // The file is in two parts, in the other order.
        let (header, rows) = shuffled.split_once('\n').unwrap();
        let middle = rows.match_indices('\n').nth(90).unwrap().0 + 1;
        for (i, part) in [&rows[middle..], &rows[..middle]].into_iter().enumerate() {
            let file = lab.write(&format!("{layout}{i}.csv"), format!("{header}\n{part}"));
            lab.run_on("second", &["import", "--as", layout, &file]).ends(0);
        }
    }
    assert_eq!(lab.run_on("second", &["match", "--threads", "1"]).ends(0).digest(), digest);
    let listed = |store: &str| lab.run_on(store, &[&["match", "--format", "csv"], &low[..]].concat()).ends(0);
    assert_eq!(listed("second").digest(), digest_of_many);
    let without_runs = |text: &str| rows(text).iter().map(|row| row.iter().take(5).collect()).collect::<Vec<String>>();
    assert_eq!(without_runs(&listed("second").out), without_runs(&listed("store").out));
    assert_ne!(lab.digest(&["--min-log10-lr", "6"]), digest, "another threshold is another question");
}

#[test]
fn the_same_file_again_changes_nothing() {
    let lab = Lab::with_population(50, 300);
    let digest = lab.digest(&[]);
    let before = lab.counts();
    for layout in ["children", "families"] {
        let said = lab.run(&["import", "--as", layout, &lab.name(&format!("files/{layout}.csv"))]).ends(0);
        said.says(&["all known and unchanged", "this very file was imported before", "nothing changed"]);
    }
    let mut numbers = Numbers(1);
    let shuffled = numbers.shuffled(&lab.read("files/children.csv"));
    lab.import("children", "again.csv", shuffled, &[]).ends(0).says(&["300 rows of children, all known and unchanged"]);
    let verified = lab.run(&["verify"]).ends(0).says(&["index: sound; 300 children"]);
    assert_eq!(counts(&verified), before);
    let matched = lab.run(&["match", "--format", "csv"]).ends(0).says(&[" 0 of them new; 0 withdrawn"]);
    assert!(!matched.err.contains("built the index"), "{}", matched.err);
    assert_eq!(matched.digest(), digest);
    let new = lab.run(&["match"]).ends(0);
    assert_eq!(new.out, "", "the table shows what is new");
}

#[test]
fn a_changed_profile_is_never_taken_over_unasked() {
    let lab = Lab::with_population(60, 300);
    let digest = lab.digest(&[]);
    let truth = rows(&lab.read("files/truth.csv"));
    let best = truth.iter().max_by(|a, b| a[3].parse::<f64>().unwrap().total_cmp(&b[3].parse().unwrap())).unwrap();
    let text = lab.read("files/children.csv");
    let line = text.lines().position(|line| line.starts_with(&best[1])).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut cells: Vec<&str> = lines[line].split(',').collect();
    cells.truncate(2);
    let other = lines.iter().skip(1).find(|other| !other.starts_with(&best[1])).unwrap();
    lines[line] = [cells, other.split(',').skip(2).collect()].concat().join(",");
    let changed = lines.join("\n") + "\n";
    let child = lab.pseudonyms("sample", [&best[1]])[&best[1]].clone();
    let candidates = || lab.run(&["candidates", "--format", "csv", "--child", &child]);
    let listed = candidates().ends(0).out;

    let place = format!("changed.csv: line {}: sample {child} has other genotypes", line + 1);
    let refused = lab.import("children", "changed.csv", &changed, &[]).ends(2);
    refused.says(&[&place, "1 row in conflict", "nothing imported", "--on-conflict keep", "--on-conflict replace"]);
    let dry = lab.import("children", "changed.csv", &changed, &["--on-conflict", "replace", "--dry-run"]).ends(0);
    dry.says(&["299 unchanged, 1 replaced", "dry run, nothing changed"]);
    let kept = lab.import("children", "changed.csv", &changed, &["--on-conflict", "keep"]).ends(0);
    kept.says(&[&place, "299 unchanged, 1 left as the store has them"]);
    assert_eq!(lab.digest(&[]), digest);
    assert_eq!(candidates().ends(0).out.lines().count(), listed.lines().count());

    let before = lab.counts();
    let replaced = lab.import("children", "changed.csv", &changed, &["--on-conflict", "replace"]).ends(0);
    replaced.says(&[&place, "299 unchanged, 1 replaced", "withdrawn until the next match"]);
    candidates().ends(1);
    assert_ne!(lab.counts(), before, "candidates are gone at once");
    lab.run(&["candidates"]).ends(0).says(&["the store changed since the last match"]);
    let after = lab.digest(&[]);
    assert_ne!(after, digest);
    lab.run_on("second", &["init"]).ends(0);
    lab.run_on("second", &["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
    lab.run_on("second", &["import", "--as", "children", &lab.name("changed.csv")]).ends(0);
    assert_eq!(lab.run_on("second", &["match"]).ends(0).digest(), after);
    lab.import("children", "back.csv", &text, &["--on-conflict", "replace"]).ends(0);
    assert_eq!(lab.digest(&[]), digest);
}

#[test]
fn a_dry_run_changes_nothing_and_keep_going_takes_the_sound_rows() {
    let lab = Lab::new();
    let head = "sample_id,sex,vWA,FGA\n";
    let sound = format!("{head}S1,m,14,22\nS2,f,15,23\n");
    let empty = lab.counts();
    let said = lab.import("children", "c.csv", &sound, &["--dry-run"]).ends(0);
    said.says(&["2 would be added", "dry run, nothing changed"]);
    assert_eq!(lab.counts(), empty);
    let mixed = format!("{head}S1,m,14,22\nS2,f,x,23\nS3,f\nS4,f,16,24\n");
    lab.import("children", "m.csv", &mixed, &[]).ends(2).says(&["2 problems found, nothing imported"]);
    assert_eq!(lab.counts(), empty);
    lab.import("children", "m.csv", &mixed, &["--keep-going", "--dry-run"]).ends(2).says(&["2 would be added"]);
    assert_eq!(lab.counts(), empty);
    let said = lab.import("children", "m.csv", &mixed, &["--keep-going"]).ends(2);
    said.says(&["m.csv:3: column C (vWA)", "m.csv:4: ", "2 rows of children: 2 added"]);
    assert!(lab.counts().contains(" 2 children"));
    lab.import("children", "m.csv", format!("{head}S9,f,x,\n"), &["--keep-going"]).ends(2).says(&["nothing imported"]);
}

#[test]
fn a_query_that_finds_nothing_is_status_1_and_a_mistake_is_2() {
    let lab = Lab::new();
    lab.run(&["candidates"]).ends(2).says(&["nothing has been matched yet; run `reunite match`"]);
    lab.run(&["match"]).ends(0).says(&["0 candidates"]);
    lab.run(&["candidates"]).ends(1).says(&["no candidates"]);
    let json = lab.run(&["match", "--format", "json"]).ends(0).json();
    assert_eq!(json["candidates"], Value::Array(Vec::new()));
    for arguments in [
        &[][..],
        &["no-such-command"],
        &["match", "--no-such-option"],
        &["import", "--as", "parents", "x.csv"],
        &["import", "--as", "children"],
        &["import", "x.csv"],
        &["match", "--format", "xml"],
        &["match", "--min-log10-lr", "NaN"],
        &["match", "--threads", "0"],
        &["candidates", "--limit", "-1"],
    ] {
        let said = lab.run(arguments).ends(2);
        assert!(!said.err.is_empty() && said.out.is_empty(), "{arguments:?}");
    }
    for arguments in [&["match"][..], &["verify"], &["candidates"], &["import", "--as", "children", "x.csv"]] {
        lab.run_on("none", arguments).ends(2).says(&["there is no store in"]);
    }
    lab.run(&["init"]).ends(2).says(&["exists already and is not an empty folder"]);
    assert!(reunite(&["--version"]).ends(0).out.starts_with("reunite "));
    for command in ["", "import", "synth", "match", "init", "lr", "demo"] {
        let arguments: Vec<&str> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        assert!(reunite(&arguments).ends(0).out.contains("Usage: "), "{command}");
    }
}

#[test]
fn the_calculator_agrees_with_the_reference() {
    for (theta, least) in [("0", 1000), ("0.01", 200), ("0.03", 200)] {
        agrees_with_the_reference(theta, least);
    }
}

fn agrees_with_the_reference(theta: &str, least: usize) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/reference");
    let (cases, expected) = (format!("{folder}/genotypes.csv"), format!("{folder}/expected.csv"));
    let model = "--mutation stepwise --mutation-rate 0.002 --mutation-range 0.1 --mutation-microvariant-rate 1e-6";
    let arguments: Vec<&str> =
        ["lr"].into_iter().chain(model.split(' ')).chain(["--untyped", "full", "--theta", theta, &cases]).collect();
    let said = reunite(&arguments).ends(0);
    let mut ours: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
    for row in rows(&said.out) {
        ours.entry(row[0].to_owned()).or_default().push((row[1].to_owned(), row[2].parse().unwrap()));
    }
    let panel: Vec<&String> = ours.values().next().unwrap().iter().map(|row| &row.0).collect();
    assert_eq!((panel.len(), panel[0].as_str(), panel[23].as_str()), (24, "D3S1358", "total"));
    for of_case in ours.values() {
        assert!(of_case.iter().map(|row| &row.0).eq(panel.iter().copied()), "loci in panel order");
        let sum = of_case[..23].iter().fold(0.0, |sum, row| sum + row.1);
        assert_eq!(sum.to_bits(), of_case[23].1.to_bits());
    }
    // Where no relative is typed, our ratio is exactly 1 by convention.
    let typed: Vec<(String, String)> = rows(&fs::read_to_string(&cases).unwrap())
        .iter()
        .filter(|row| &row[2] != "child")
        .map(|row| (row[0].to_owned(), row[4].to_owned()))
        .collect();
    let mut compared = 0;
    for row in rows(&fs::read_to_string(expected).unwrap()) {
        let informative = typed.iter().any(|typed| typed.0 == row[0] && typed.1 == row[4]);
        if &row[1] == "stepwise" && &row[2] == theta && &row[3] == "full" && informative {
            let value = ours[&row[0]].iter().find(|ours| ours.0 == row[4]).unwrap().1;
            let theirs: f64 = row[5].replace("Inf", "inf").parse().unwrap();
            assert!(value == theirs || (value - theirs).abs() < 1e-9, "{row:?}: {value}");
            compared += 1;
        }
    }
    assert!(compared > least, "{compared}");
}

#[test]
fn a_store_keeps_its_model_and_refuses_unlisted_alleles_if_configured_to() {
    let lab = Lab::new();
    lab.synth("files", 40, 400, 3);
    let model = ["--theta", "0.02", "--silent-frequency", "0.01", "--drop-out", "0.02"];
    let mut digests = Vec::new();
    for (store, more) in [("plain", [].as_slice()), ("modelled", &model)] {
        lab.run_on(store, &[&["init"], more].concat()).ends(0);
        lab.run_on(store, &["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
        lab.run_on(store, &["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
        digests.push(lab.run_on(store, &["match"]).ends(0).digest());
    }
    assert_ne!(digests[0], digests[1]);
    assert!(lab.read("modelled/reunite.toml").contains("theta = 0.02"));

    // An allele that no table lists.
    let children = lab.read("files/children.csv");
    let (header, first) = children.split_once('\n').unwrap();
    let mut cells: Vec<&str> = first.lines().next().unwrap().split(',').collect();
    cells[2] = "99/99";
    let strange = lab.write("strange.csv", format!("{header}\n{}\n", cells.join(",").replacen("C0", "X0", 1)));
    lab.run_on("refusing", &["init", "--rare-allele-frequency", "refuse"]).ends(0);
    lab.run_on("refusing", &["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
    lab.run_on("refusing", &["import", "--as", "children", &strange]).ends(0);
    lab.run_on("refusing", &["match"]).ends(2).says(&["was not compared", "refuses"]);
    let unlisted =
        "case,person,relation,sex,locus,allele1,allele2\nk,m,mother,female,vWA,99,14\nk,c,child,,vWA,14,15\n";
    let cases = lab.write("cases.csv", unlisted);
    reunite(&["lr", &cases, "--rare-allele-frequency", "refuse"]).ends(2).says(&["vWA", "no frequency"]);
    reunite(&["lr", &cases, "--rare-allele-frequency", "0.001"]).ends(0).says(&["vWA", "the floor is used"]);
}

#[test]
fn linked_loci_count_where_there_are_siblings() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/reference");
    let cases = format!("{folder}/genotypes.csv");
    let plain = rows(&reunite(&["lr", &cases]).ends(0).out);
    let linked = rows(&reunite(&["lr", &cases, "--linked", "vWA:D12S391=11.9cM"]).ends(0).out);
    let text = fs::read_to_string(&cases).unwrap();
    let related = |case: &str, relation: &str| text.lines().any(|l| l.starts_with(case) && l.contains(relation));
    let of = |rows: &[csv::StringRecord], case: &str, locus: &str| {
        rows.iter().find(|row| &row[0] == case && &row[1] == locus).map(|row| row[2].parse::<f64>().unwrap())
    };
    let (mut pairs, mut parents) = (0, 0);
    for row in plain.iter().filter(|row| &row[1] == "total") {
        let case = &row[0];
        let total: f64 = row[2].parse().unwrap();
        let with = of(&linked, case, "total").unwrap();
        match of(&linked, case, "vWA+D12S391") {
            Some(both) => {
                let alone = of(&plain, case, "vWA").unwrap() + of(&plain, case, "D12S391").unwrap();
                assert!((with - both - (total - alone)).abs() < 1e-9, "{case}");
                assert_eq!(of(&linked, case, "D12S391"), None);
                pairs += 1;
            }
            // With parents alone, nothing changes, not even a bit.
            None => {
                assert!(!related(case, "sibling") && !related(case, "grand") && !related(case, "uncle"), "{case}");
                assert_eq!(total.to_bits(), with.to_bits(), "{case}");
                parents += 1;
            }
        }
    }
    assert!(pairs > 30 && parents > 5, "{pairs} {parents}");
    reunite(&["lr", &cases, "--linked", "vWA:D1"]).ends(2).says(&["vWA:D12S391=0.106"]);
    reunite(&["lr", &cases, "--linked", "vWA:NoSuch=0.1"]).ends(2).says(&["NoSuch", "not in the frequency table"]);

    let lab = Lab::new();
    lab.synth("files", 60, 400, 5);
    let mut digests = Vec::new();
    for (store, more) in [("plain", [].as_slice()), ("linked", &["--linked", "D12S391:vWA=0.1"])] {
        lab.run_on(store, &[&["init"], more].concat()).ends(0);
        lab.run_on(store, &["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
        lab.run_on(store, &["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
        digests.push(lab.run_on(store, &["match"]).ends(0).digest());
    }
    assert_ne!(digests[0], digests[1]);
}

#[test]
fn the_demonstration_loses_nothing() {
    let said = reunite(&["demo"]).ends(0);
    assert!(said.out.contains("; 0 lost\n") && said.out.contains(" 0 with another LR"), "{}", said.out);
}
