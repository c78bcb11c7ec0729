//! The program asks a person at a terminal before it does something for good; without a terminal, or with `--yes`, it
//! does not ask.

use std::fs;
use std::process::{Command, Stdio};

use crate::common::rotation::{custodian, rotation};
use crate::common::{Lab, PROGRAM, plain, reunite};

/// Runs the program with a terminal of its own and this text as typed input. Returns what it showed, and its status;
/// `None` if the system has no program that makes terminals.
fn at_terminal(lab: &Lab, typed: &str, arguments: &[&str]) -> Option<(String, i32)> {
    let quoted = |word: &str| format!("'{}'", word.replace('\'', "'\\''"));
    let words = [PROGRAM, "--store", &lab.name("store"), "--key-file", &lab.name("key")];
    let line: Vec<String> = words.iter().chain(arguments).map(|word| quoted(word)).collect();
    let input = fs::File::open(lab.write("typed", typed)).unwrap();
    let mut command = Command::new("script");
    command.args(["-q", "-e", "-c", &line.join(" "), "/dev/null"]).stdin(input).stderr(Stdio::piped());
    let output = plain(&mut command).output().ok()?;
    Some((String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap_or(-1)))
}

#[test]
fn a_person_at_a_terminal_is_asked_and_a_script_is_not() {
    let lab = Lab::new();
    let (identity, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    lab.import("children", "c.csv", "sample_id,sex,vWA,FGA\nC1,m,14/15,22\nC2,f,16,21/24\nC3,m,15,23\n", &[]).ends(0);
    let names = lab.pseudonyms("sample", ["C1", "C2", "C3"]);
    let expunge = |id: &str| ["expunge".to_owned(), names[id].clone(), "--reason".to_owned(), "a test".to_owned()];
    let (one, two) = (expunge("C1"), expunge("C2"));
    let words = |all: &[String; 4]| -> Vec<String> { all.to_vec() };
    let run =
        |typed: &str, all: Vec<String>| at_terminal(&lab, typed, &all.iter().map(String::as_str).collect::<Vec<_>>());
    let Some((shown, status)) = run("no\n", words(&one)) else { return };
    assert!(shown.contains("1 sample and 0 families") && shown.contains("type yes"), "{shown}");
    assert!(status == 2 && shown.contains("not confirmed") && lab.counts().contains("3 children"), "{shown}");
    let asked = |shown: &str| shown.contains("type yes");
    let (shown, status) = run("yes\n", words(&one)).unwrap();
    assert!(asked(&shown) && status == 0 && lab.counts().contains("2 children"), "{shown}");
    let (shown, status) = run("", [words(&two), vec!["--yes".to_owned()]].concat()).unwrap();
    assert!(!asked(&shown) && status == 0 && lab.counts().contains("1 child,"), "{shown}");
    let (shown, _) = run("", [words(&expunge("C3")), vec!["--dry-run".to_owned()]].concat()).unwrap();
    assert!(!asked(&shown) && shown.contains("would delete"), "{shown}");
    let other = lab.write("o.csv", "sample_id,sex,vWA,FGA\nC3,f,15,23\n");
    let replace = ["import", "--as", "children", &other, "--on-conflict", "replace"];
    let (shown, status) = at_terminal(&lab, "y\n", &replace).unwrap();
    assert!(asked(&shown) && status == 2, "{shown}");
    let (shown, status) = at_terminal(&lab, "", &[&replace[..], &["--dry-run"]].concat()).unwrap();
    assert!(!asked(&shown) && status == 0, "{shown}");
    // Without a terminal the program goes on without asking.
    let said = lab.run(&replace).ends(0);
    assert!(!asked(&said.err), "{}", said.err);
    reunite(&["key", "new", &lab.name("new")]).ends(0);
    let rotation = rotation(&lab, &identity);
    let (shown, status) = run("\n", rotation.clone()).unwrap();
    assert!(asked(&shown) && status == 2, "{shown}");
    lab.run(&["verify"]).ends(0);
    let (shown, status) = run("yes\n", rotation).unwrap();
    assert!(asked(&shown) && status == 0, "{shown}");
}
