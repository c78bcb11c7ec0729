//! The program writes files of mode 0600 and folders of mode 0700, whatever the umask.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::canaries::{CANARIES, children, families};
use super::commands::custodian;
use crate::common::{Lab, PROGRAM, everything_in, run};

#[test]
fn nobody_else_can_read_what_is_written() {
    ["000", "077"].into_iter().for_each(private_under);
}

/// Checks that everything written under an umask is private: files 0600 (or 0400), folders 0700.
fn private_under(mask: &str) {
    let lab = Lab::new();
    let (identity, recipient) = custodian(&lab);
    let umask = |arguments: &[&str]| {
        let script = format!("umask {mask}; exec {PROGRAM} \"$@\"");
        let (store, key) = (lab.name("open"), lab.name("key"));
        let global = ["-", "--store", &store, "--key-file", &key];
        run(Command::new("sh").args(["-c", &script]).args(global).args(arguments)).ends(0);
    };
    let private = |folder: &str| {
        let all = everything_in(&lab.path(folder));
        for path in &all {
            let mode = fs::metadata(path).unwrap().permissions().mode() & 0o7777;
            let right = if path.is_dir() { mode == 0o700 } else { mode == 0o600 || mode == 0o400 };
            assert!(right, "umask {mask}: {} has mode {mode:o}", path.display());
        }
        all.len()
    };
    umask(&["key", "new", &lab.name("made")]);
    let alone = |file: &str| {
        assert_eq!(fs::metadata(lab.path(file)).unwrap().permissions().mode() & 0o7777, 0o600, "umask {mask}: {file}");
    };
    umask(&["init", "--custodian", &recipient]);
    private("open");
    let (families, children) = (lab.write("f.csv", families()), lab.write("c.csv", children()));
    for command in [
        &["import", "--as", "families", &families, "--manifest", &lab.name("manifest")][..],
        &["import", "--as", "children", &children],
        &["match"],
        &["index"],
        &["candidates"],
        &["verify"],
    ] {
        umask(command);
        assert!(private("open") >= 6, "{command:?}");
    }
    umask(&["export", "--as", "children", "--show-genotypes", &lab.name("out.csv")]);
    umask(&["audit", "key", "new", &lab.name("audit.key")]);
    umask(&["audit", "checkpoint", "--out", &lab.name("cp"), "--signing-key", &lab.name("audit.key")]);
    ["made", "manifest", "out.csv", "audit.key", "cp"].iter().for_each(|file| alone(file));
    let gone = lab.pseudonyms("sample", [CANARIES[3]])[CANARIES[3]].clone();
    umask(&["expunge", &gone, "--reason", "a test"]);
    private("open");
    fs::copy(lab.path("key"), lab.path("present")).unwrap();
    let rotate = ["key", "rotate", "--reason", "a test", "--identity", &identity, "--new-key-file", &lab.name("made")];
    umask(&rotate);
    private("open");
    umask(&["synth", "--families", "2", "--children", "5", "--out", &lab.name("synthetic")]);
    assert_eq!(private("synthetic"), 5);
    umask(&["demo", "--dir", &lab.name("demo")]);
    private("demo");
}
