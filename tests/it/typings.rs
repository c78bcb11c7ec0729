//! Tests of one sample in several files: a further typing is added, a disagreement is flagged, and a superseded file
//! does not stop an import.

use std::fs;

use crate::common::Lab;

/// Returns a part of a file of children or families that has all loci: these loci and the first rows only.
fn part(text: &str, kit: &str, loci: std::ops::Range<usize>, rows: usize) -> String {
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let first = header.iter().position(|name| *name == "D3S1358").unwrap();
    let cut = |line: &str, kit: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let loci = &cells[first + loci.start..first + loci.end];
        [&cells[..first], &[kit], loci].concat().join(",")
    };
    let mut lines = text.lines();
    let mut out = vec![cut(lines.next().unwrap(), "kit")];
    out.extend(lines.take(rows).map(|line| cut(line, kit)));
    out.join("\n") + "\n"
}

fn lab() -> (Lab, String, String) {
    let lab = Lab::new();
    lab.synth("files", 20, 60, 1);
    let (families, children) = (lab.read("files/families.csv"), lab.read("files/children.csv"));
    (lab, families, children)
}

#[test]
fn joined_typings_match_as_one_typing() {
    let (lab, families, children) = lab();
    lab.run_on("whole", &["init"]).ends(0);
    for name in ["families", "children"] {
        lab.run_on("whole", &["import", &lab.name(&format!("files/{name}.csv"))]).ends(0);
    }
    lab.import("families", "f1.csv", part(&families, "A", 0..15, 99), &[]).ends(0);
    lab.import("children", "c1.csv", part(&children, "A", 0..15, 99), &[]).ends(0);
    lab.run(&["match"]);
    // Some people have few typed loci, so that agreement at the shared loci proves little.
    let (second_families, second) = (part(&families, "B", 4..23, 99), part(&children, "B", 4..23, 99));
    lab.import("families", "f2.csv", second_families, &["--on-conflict", "add"]).ends(0).says(&[
        "0 added",
        "further typing",
        "[note: typing-added]",
    ]);
    lab.import("children", "c2.csv", &second, &["--on-conflict", "add"]).ends(0);
    let delta = lab.digest(&[]);
    assert_eq!(delta, lab.digest(&["--full"]));
    // The joined profiles equal those of people who were typed at all loci at once.
    assert_eq!(delta, lab.run_on("whole", &["match"]).digest());
    lab.run(&["verify"]).ends(0);
    // A repeated file changes nothing, even with other line ends.
    let again = lab.import("children", "c3.csv", second.replace('\n', "\r\n"), &[]).ends(0);
    again.says(&["all known and unchanged"]);
}

#[test]
fn disagreeing_loci_are_named_flagged_and_shown() {
    let (lab, families, children) = lab();
    lab.import("families", "f.csv", families, &[]).ends(0);
    lab.import("children", "c1.csv", part(&children, "A", 0..23, 5), &[]).ends(0);
    // The first child has 16/17 at vWA and 9/12 at D16S539.
    let second = part(&children, "B", 0..15, 1).replace(",16/17,9/12,", ",16/16,10/12,");
    let refused = lab.import("children", "c2.csv", &second, &[]).ends(2);
    refused.says(&[
        "has other genotypes at 2 of 15 shared loci: D16S539, vWA; drop-out would explain vWA",
        "[error: conflict-profile]",
        "--on-conflict add",
    ]);
    let added = lab.import("children", "c2.csv", &second, &["--on-conflict", "add"]).ends(0);
    added.says(&["[warning: typing-differs]", "1 further typing"]);
    let child = lab.pseudonyms("sample", ["C0000001"])["C0000001"].clone();
    let family = lab.pseudonyms("family", ["F000001"])["F000001"].clone();
    let page = lab.run(&["explain", &family, &child]).ends(0).out;
    assert!(page.contains("Typings of the child") && page.contains("1. kit A") && page.contains("2. kit B"), "{page}");
    assert!(page.contains("not matched on (typings disagree): vWA; drop-out can explain it"), "{page}");
    assert!(page.contains("left out: typings disagree (child)"), "{page}");
    assert!(!page.contains("16/17"), "genotypes are shown on request");
    let json = lab.run(&["explain", &family, &child, "--format", "json"]).json();
    assert_eq!(json["typings"][0]["disputed"].as_array().unwrap().len(), 2);
    assert_eq!(json["typings"][0]["typings"][1]["kit"], "B");
    let (out, beside) = (lab.name("out.csv"), lab.name("typings.csv"));
    let exported = lab.run(&["export", &out, "--as", "children", "--show-genotypes"]).ends(0);
    exported.says(&["1 sample with several typings", "--typings FILE"]);
    lab.run(&["export", &out, "--as", "children", "--show-genotypes", "--force", "--typings", &beside]).ends(0);
    let typings = lab.read("typings.csv");
    assert_eq!(typings.lines().count(), 3, "{typings}");
    assert!(typings.contains("16/17") && typings.contains("D16S539 and vWA"), "{typings}");
    // The store already has all rows of its own export.
    lab.run(&["import", &out, "--identifiers", "pseudonyms"]).ends(0).says(&["all known and unchanged"]);
}

#[test]
fn a_superseded_file_in_a_folder_does_not_stop_the_import() {
    let (lab, _, children) = lab();
    fs::create_dir(lab.path("in")).unwrap();
    let text = part(&children, "A", 0..23, 5);
    lab.write("in/1-yesterday.csv", &text);
    lab.run(&["import", &lab.name("in")]).ends(0);
    // A corrected version, which the user imports with `replace`.
    lab.write("in/2-today.csv", text.replace(",16/17,9/12,", ",16/18,9/12,"));
    lab.run(&["import", &lab.name("in/2-today.csv")]).ends(2);
    lab.run(&["import", &lab.name("in/2-today.csv"), "--on-conflict", "replace"]).ends(0);
    let before = lab.counts();
    for option in ["refuse", "add"] {
        let manifest = lab.name("manifest.json");
        let said = lab.run(&["import", &lab.name("in"), "--on-conflict", option, "--manifest", &manifest]).ends(0);
        said.says(&["1-yesterday.csv: was imported on ", "skipped", "[note: superseded]"]);
        let manifest: serde_json::Value = serde_json::from_str(&lab.read("manifest.json")).unwrap();
        assert_eq!(manifest["files"][0]["outcome"], "superseded");
        assert_eq!(manifest["files"][1]["outcome"], "unchanged");
    }
    assert_eq!(lab.counts(), before);
    let chain = lab.run(&["audit", "list", "--format", "json"]).ends(0).out;
    assert!(chain.contains("superseded"), "{chain}");
}

#[test]
fn typings_are_expunged_with_their_sample() {
    let (lab, _, children) = lab();
    lab.import("children", "c1.csv", part(&children, "A", 0..15, 3), &[]).ends(0);
    lab.import("children", "c2.csv", part(&children, "B", 4..23, 1), &[]).ends(0).says(&["1 further typing"]);
    let child = lab.pseudonyms("sample", ["C0000001"])["C0000001"].clone();
    lab.run(&["expunge", &child, "--reason", "consent was withdrawn"]).ends(0);
    let left: i64 = lab.database("store").query_row("SELECT count(*) FROM typing", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}
