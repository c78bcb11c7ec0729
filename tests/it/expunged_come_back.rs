//! The program refuses files that bring back an expunged person, unless the user asks for it with a reason.

use std::fs;

use crate::common::rotation::{custodian, rotate_on};
use crate::common::{Lab, Said, reunite};
use reunite::ledger::ENCRYPTS;

const WHY: [&str; 2] = ["--reason", "consent was withdrawn"];
const CHILDREN: &str = "sample_id,sex,vWA,FGA\nC1,m,14/15,22\nC2,f,16,21/24\n";

fn expunged() -> (Lab, String) {
    let lab = Lab::new();
    lab.import("children", "c.csv", CHILDREN, &[]).ends(0);
    let child = lab.pseudonyms("sample", ["C1"])["C1"].clone();
    lab.run(&[&["expunge", &child], &WHY[..]].concat()).ends(0).says(&["keyed commitments recognise them"]);
    (lab, child)
}

#[test]
fn the_expunged_do_not_come_back_unless_asked_for_with_a_reason() {
    let (lab, child) = expunged();
    let counted = lab.counts();
    let again = lab.name("c.csv");
    let import = |options: &[&str]| lab.run(&[&["import", "--as", "children", &again], options].concat());
    import(&[]).ends(2).says(&["expunged", "--restore-expunged", &child]);
    import(&["--dry-run"]).ends(2).says(&["expunged"]);
    import(&["--on-conflict", "replace"]).ends(2).says(&["expunged"]);
    import(&["--on-conflict", "add"]).ends(2).says(&["expunged"]);
    import(&["--keep-going"]).ends(2).says(&["expunged"]);
    assert_eq!(lab.counts(), counted);
    // A file of pseudonyms is refused, too.
    let pseudonyms = lab.write("p.csv", format!("sample_id,sex,vWA,FGA\n{child},m,14/15,22\n"));
    lab.run(&["import", "--as", "children", "--identifiers", "pseudonyms", &pseudonyms]).ends(2).says(&["expunged"]);
    // So is a file that names the person as a relative.
    let family = "family_id,sample_id,relation,sex,vWA,FGA\nF1,C1,full-sibling,m,14/15,22\nF1,M,mother,f,14/17,22\n";
    lab.import("families", "f.csv", family, &[]).ends(2).says(&["expunged"]);
    let kept = import(&["--on-conflict", "keep"]).ends(0).says(&["expunged"]);
    assert!(kept.err.contains("1 ") && lab.counts() == counted, "{}", kept.err);
    import(&["--restore-expunged"]).ends(2).says(&["--reason"]);
    assert_eq!(lab.counts(), counted);
    let why = ["--restore-expunged", "--reason", "consent was given again"];
    import(&[&why[..], &["--dry-run"]].concat()).ends(0).says(&["would be imported again"]);
    assert_eq!(lab.counts(), counted);
    import(&why).ends(0).says(&["imported again"]);
    assert!(lab.counts().contains("2 children"), "{}", lab.counts());
    let listed = lab.run(&["audit", "list", "--about", &child, "--format", "json"]).ends(0).json();
    let last = listed["records"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["command"], &last["reason"]), (&"import".into(), &"consent was given again".into()));
    assert_eq!(last["details"]["restored"], 1);
    // After that, the same file changes nothing.
    import(&[]).ends(0).says(&["nothing changed"]);
    lab.run(&["verify"]).ends(0);
}

#[test]
fn a_family_that_was_named_stays_out_and_one_that_was_left_empty_may_get_others() {
    let lab = Lab::new();
    let head = "family_id,sample_id,relation,sex,vWA,FGA\n";
    let first = "F1,A,mother,f,14/15,22\nF1,S,father,m,14,22/23\nF2,S,father,m,14,22/23\nF3,B,mother,f,16,21\n";
    lab.import("families", "f.csv", format!("{head}{first}"), &[]).ends(0);
    let family = lab.pseudonyms("family", ["F1"])["F1"].clone();
    let mother = lab.pseudonyms("sample", ["B"])["B"].clone();
    lab.run(&[&["expunge", &family, &mother], &WHY[..]].concat()).ends(0).says(&["2 samples and 2 families"]);
    // The father is in the store, in another family; the expunged family is still refused.
    lab.import("families", "s.csv", format!("{head}F1,S,father,m,14,22/23\n"), &[]).ends(2).says(&["expunged"]);
    lab.import("families", "n.csv", format!("{head}F3,N,father,m,16/17,21\n"), &[]).ends(0);
    let kept = ["--on-conflict", "keep"];
    lab.import("families", "f.csv", format!("{head}{first}"), &kept).ends(0);
    assert!(lab.counts().contains("2 families with 2 relatives"), "{}", lab.counts());
    let why = ["--restore-expunged", "--reason", "a mistake"];
    lab.import("families", "f.csv", format!("{head}{first}"), &why).ends(0);
    assert!(lab.counts().contains("3 families"), "{}", lab.counts());
    lab.run(&["verify"]).ends(0);
}

#[test]
fn they_are_recognised_after_several_changes_of_the_key_and_not_without_the_old_one() {
    let lab = Lab::new();
    let (identity, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    let people = "sample_id,sex,agency,vWA,FGA\nC1,m,鲁,14/15,22\nC2,f,,16,21/24\nC3,m,,15,23\nC4,m,,15,22\n";
    lab.import("children", "c.csv", people, &[]).ends(0);
    let expunge = |id: &str, agency: &str| {
        let input = fs::File::open(lab.write("ids", format!("{id}\n"))).unwrap();
        let agency: &[&str] = if agency.is_empty() { &[] } else { &["--agency", agency] };
        let words = [&["expunge", "--identifiers", "sample"], agency, &WHY[..]].concat();
        let said = Said::of(lab.command(&words).stdin(input).output().unwrap());
        said.ends(0);
    };
    let rotate = |lost: &[&str]| {
        let _ = fs::remove_file(lab.path("new"));
        reunite(&["key", "new", &lab.name("new")]).ends(0);
        let said = rotate_on(&lab, "store", &identity, lost).ends(0);
        fs::rename(lab.path("new"), lab.path("key")).unwrap();
        said
    };
    let refused = |id: &str| {
        let row = people.lines().find(|row| row.starts_with(id)).unwrap();
        let said = lab.import("children", "x.csv", format!("sample_id,sex,agency,vWA,FGA\n{row}\n"), &["--dry-run"]);
        said.status == 2 && said.err.contains("expunged")
    };
    expunge("C1", "鲁");
    rotate(&[]);
    assert!(refused("C1") && !refused("C2"));
    expunge("C2", "");
    rotate(&[]);
    rotate(&[]);
    expunge("C3", "");
    assert!(refused("C1") && refused("C2") && refused("C3") && !refused("C4"));
    let why = ["--restore-expunged", "--reason", "consent was given again"];
    lab.import("children", "c.csv", people, &[]).ends(2).says(&["3 rows"]);
    lab.import("children", "c1.csv", "sample_id,sex,agency,vWA,FGA\nC1,m,鲁,14/15,22\n", &why).ends(0);
    assert!(!refused("C1") && refused("C2"));
    if !ENCRYPTS {
        rotate(&["--key-lost"]).says(&["cannot be recognised any more"]);
        assert!(!refused("C2") && !refused("C3"));
    }
    lab.run(&["verify"]).ends(0);
}
