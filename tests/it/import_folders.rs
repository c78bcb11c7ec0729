//! Imports a folder file by file, in name order, with one report and one manifest.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::{Lab, everything_in};
use serde_json::Value;

const CHILDREN: &str = "sample_id,sex,vWA\n";
const FAMILIES: &str = "family_id,sample_id,relation,sex,vWA\n";

/// Makes a folder with files that can be imported, and some that cannot.
fn folder(lab: &Lab) -> String {
    fs::create_dir_all(lab.path("in/deep")).unwrap();
    lab.write("in/b-children.csv", format!("{CHILDREN}C1,m,14/15\nC2,f,15/16\n"));
    lab.write("in/Z-families.CSV", format!("{FAMILIES}F1,R1,father,m,14/15\n"));
    lab.write("in/a.csv", format!("{CHILDREN}C3,m,14/17\n"));
    lab.write("in/.hidden.csv", "x");
    lab.write("in/notes.docx", "x");
    lab.write("in/deep/c.csv", "x");
    lab.name("in")
}

fn manifest(lab: &Lab) -> Value {
    serde_json::from_str(&lab.read("manifest.json")).unwrap()
}

fn files(manifest: &Value) -> Vec<(String, String)> {
    let name = |value: &Value| value.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    manifest["files"].as_array().unwrap().iter().map(|file| (name(&file["file"]), name(&file["outcome"]))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|&(name, outcome)| (name.to_owned(), outcome.to_owned())).collect()
}

#[test]
fn a_folder_is_imported_in_name_order_and_the_manifest_lists_the_outcomes() {
    let lab = Lab::new();
    let folder = folder(&lab);
    let manifest_file = lab.name("manifest.json");
    let import = ["import", &folder, "--min-loci", "1", "--manifest", &manifest_file];
    let empty = lab.counts();
    lab.run(&[&import[..], &["--dry-run"]].concat()).ends(0);
    assert_eq!(manifest(&lab)["dry_run"], true);
    assert_eq!(lab.counts(), empty);
    let said = lab.run(&import).ends(0);
    said.says(&[".hidden.csv: is hidden: skipped", "notes.docx: ", "deep: is a folder within", "[note: skipped]"]);
    let found = manifest(&lab);
    let all = [
        (".hidden.csv", "skipped"),
        ("Z-families.CSV", "imported"),
        ("a.csv", "imported"),
        ("b-children.csv", "imported"),
        ("deep", "skipped"),
        ("notes.docx", "skipped"),
    ];
    assert_eq!(files(&found), pairs(&all));
    let children = &found["files"][3];
    assert_eq!((&children["layout"], &children["rows"]["added"]), (&"children".into(), &2.into()));
    let bytes = fs::read(lab.path("in/b-children.csv")).unwrap();
    assert_eq!(children["blake3"].as_str().unwrap(), blake3::hash(&bytes).to_hex().as_str());
    assert_eq!(children["size"].as_u64().unwrap(), bytes.len() as u64);
    assert_eq!(found["files"][1]["layout"], "families");
    assert_eq!(fs::metadata(lab.path("manifest.json")).unwrap().permissions().mode() & 0o7777, 0o600);
    assert!(lab.counts().contains(" 3 children"), "{}", lab.counts());
    // A second import changes nothing, and its manifest replaces the first.
    let before = lab.counts();
    lab.run(&import).ends(0).says(&["all known and unchanged"]);
    assert_eq!(lab.counts(), before);
    assert_eq!(files(&manifest(&lab))[2], ("a.csv".to_owned(), "unchanged".to_owned()));
    let left = everything_in(&lab.path("")).into_iter().filter(|path| path.to_string_lossy().contains(".reunite-"));
    assert_eq!(left.count(), 0, "nothing temporary is left");
}

#[test]
fn a_bad_file_is_rejected_and_the_others_are_imported() {
    let lab = Lab::new();
    let folder = folder(&lab);
    lab.write("in/a.csv", format!("{CHILDREN}C3,m,x\nC4,m,14\n"));
    lab.write("in/c.csv", "name,vWA\nx,14\n");
    let said = lab.run(&["import", &folder, "--min-loci", "1", "--manifest", &lab.name("manifest.json")]).ends(2);
    said.says(&[
        "a.csv:2: column C (vWA): ",
        "1 problem found, nothing imported",
        "c.csv: the columns do not show whether",
        "give --as families or --as children",
    ]);
    let found = manifest(&lab);
    let outcome = |name: &str| files(&found).into_iter().find(|file| file.0 == name).unwrap().1;
    assert_eq!(
        (outcome("a.csv"), outcome("b-children.csv"), outcome("c.csv")),
        ("rejected".into(), "imported".into(), "rejected".into())
    );
    let rows = &found["files"][2]["rows"];
    assert_eq!((&rows["rejected"], &rows["sound"], &rows["added"]), (&1.into(), &1.into(), &0.into()));
    assert_eq!(found["files"][2]["findings"]["allele"], 1);
    assert!(lab.counts().contains(" 2 children"), "{}", lab.counts());
}

#[test]
fn an_empty_folder_or_a_file_that_is_not_there_is_an_error() {
    let lab = Lab::new();
    fs::create_dir(lab.path("none")).unwrap();
    lab.run(&["import", &lab.name("none")]).ends(2).says(&["the folder holds no file to import"]);
    lab.write("sound.csv", format!("{CHILDREN}C3,m,14\n"));
    // The command still imports the files after the missing one.
    let said = lab.run(&["import", &lab.name("gone.csv"), &lab.name("sound.csv"), "--min-loci", "1"]).ends(2);
    said.says(&["cannot read", "gone.csv: No such file", "1 row of children: 1 added"]);
    assert!(lab.counts().contains(" 1 child,"), "{}", lab.counts());
}

#[test]
fn a_folder_may_hold_the_pedigrees() {
    let lab = Lab::new();
    fs::create_dir(lab.path("in")).unwrap();
    lab.write("in/f.csv", format!("{FAMILIES}F1,R1,member,m,14/15\n"));
    let pedigrees = "family_id,person,father,mother,sex,missing,sample_id\nF1,kid,dad,,,yes,\nF1,dad,,,m,,R1\n";
    let pedigrees = lab.write("in/pedigrees.csv", pedigrees);
    let said = lab.run(&["import", &lab.name("in"), "--pedigrees", &pedigrees, "--min-loci", "1"]).ends(0);
    said.says(&["pedigrees.csv: is the pedigree file: skipped here", "1 row of families: 1 added"]);
}

#[test]
fn a_manifest_that_cannot_be_written_is_an_error() {
    let lab = Lab::new();
    let file = lab.write("c.csv", format!("{CHILDREN}C3,m,14\n"));
    let said = lab.run(&["import", &file, "--min-loci", "1", "--manifest", &lab.name("nowhere/m.json")]).ends(2);
    said.says(&["1 added", "cannot write", "nowhere/m.json"]);
}
