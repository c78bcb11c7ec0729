//! Tests of indices that are kept outside the store.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::common::Lab;

/// Returns the folder of the only store that has its indices in `memory`.
fn folder(lab: &Lab) -> PathBuf {
    let mut entries = fs::read_dir(lab.path("memory")).unwrap();
    let folder = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none());
    folder
}

/// Makes a store with people and with its indices in `memory`.
fn with_indices_elsewhere() -> Lab {
    let lab = Lab::new();
    lab.synth("people", 40, 400, 1);
    fs::create_dir(lab.path("memory")).unwrap();
    lab.run_on("other", &["init", "--index-dir", &lab.name("memory")]).ends(0);
    let files = [lab.name("people/families.csv"), lab.name("people/children.csv")];
    lab.run_on("other", &["import", &files[0], &files[1]]).ends(0);
    lab
}

#[test]
fn a_store_keeps_its_indices_in_the_configured_folder() {
    let lab = with_indices_elsewhere();
    let digest = lab.run_on("other", &["match"]).ends(0).digest();
    let folder = folder(&lab);
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("children.idx"))), (0o700, 0o400));
    assert!(folder.join("families.idx").exists() && !lab.path("other").join("index").exists());
    lab.run_on("other", &["verify"]).ends(0).says(&["index: sound; 400 children"]);
    // A memory file system is empty after the machine starts.
    fs::remove_dir_all(&folder).unwrap();
    let again = lab.run_on("other", &["match", "--full"]).ends(0);
    again.says(&["built the index of 400 children", "there was no index"]);
    assert!(folder.join("children.idx").exists());
    assert_eq!(lab.run_on("other", &["match"]).ends(0).digest(), digest);
    // A store with the same people and its index inside gives the same result.
    lab.run_on("inside", &["init"]).ends(0);
    let files = [lab.name("people/families.csv"), lab.name("people/children.csv")];
    lab.run_on("inside", &["import", &files[0], &files[1]]).ends(0);
    assert_eq!(lab.run_on("inside", &["match"]).ends(0).digest(), digest);
    // If the setting is added later, the next match deletes the indices in the store.
    let config = lab.read("inside/reunite.toml");
    let told = config.replacen("store_id", &format!("index_dir = {:?}\nstore_id", lab.name("memory")), 1);
    lab.write("inside/reunite.toml", told);
    lab.run_on("inside", &["match", "--full"]).ends(0);
    assert!(!lab.path("inside").join("index").exists());
    assert_eq!(fs::read_dir(lab.path("memory")).unwrap().count(), 2);
}

#[test]
fn nobody_else_reads_the_indices() {
    let lab = with_indices_elsewhere();
    lab.run_on("other", &["match"]).ends(0);
    let folder = folder(&lab);
    fs::remove_file(folder.join("children.idx")).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    lab.run_on("other", &["match", "--full"])
        .ends(0)
        .says(&["was open to other users (mode 0755)", "closed to them now"]);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o7777, 0o700);
    fs::remove_dir_all(&folder).unwrap();
    // Somebody else has made a link there first.
    fs::create_dir(lab.path("theirs")).unwrap();
    fs::set_permissions(lab.path("theirs"), Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink(lab.path("theirs"), &folder).unwrap();
    lab.run_on("other", &["match", "--full"]).ends(2).says(&["cannot hold the index"]);
    assert_eq!(fs::read_dir(lab.path("theirs")).unwrap().count(), 0);
}

#[test]
fn a_folder_that_is_not_there_is_refused() {
    let lab = Lab::new();
    let said = lab.run_on("other", &["init", "--index-dir", &lab.name("nowhere")]);
    said.ends(2).says(&["--index-dir", "the folder does not exist"]);
    assert!(!lab.path("other").exists());
}

#[test]
fn what_is_expunged_leaves_the_indices() {
    let lab = with_indices_elsewhere();
    lab.run_on("other", &["match"]).ends(0);
    assert!(folder(&lab).join("children.idx").exists());
    let names = lab.pseudonyms("sample", ["C0000001"]);
    let expunge = ["expunge", "--reason", "consent was withdrawn", &names["C0000001"]];
    lab.run_on("other", &expunge).ends(0);
    let bytes = (0..16).map(|i| u8::from_str_radix(&names["C0000001"][2 * i..2 * i + 2], 16).unwrap());
    let bytes: Vec<u8> = bytes.collect();
    for entry in fs::read_dir(folder(&lab)).unwrap() {
        let file = fs::read(entry.unwrap().path()).unwrap();
        assert!(!file.windows(16).any(|window| window == bytes));
    }
}
