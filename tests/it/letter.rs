//! A letter gives a family and the laboratory two codes by which they know each other on the telephone; no other code
//! passes, and a change of the key, a backup and an expunging leave the right ones.

use std::fs;

use serde_json::Value;

use crate::common::rotation::{custodian, rotate_on};
use crate::common::{Lab, Said, reunite};

/// A relative in two families.
const FAMILIES: &str = "family_id,sample_id,relation,sex,vWA,FGA\nN1,A,mother,f,14/15,22\nN1,S,father,m,14,22/23\n\
                        N2,S,father,m,14,22/23\nN3,B,father,m,16,21\n";

const OURS: [&str; 4] = ["--laboratory", "Laboratory of the province", "--phone", "0531 1234567"];

/// A store with the families N1, N2 and N3, and a custodian.
struct Letters {
    lab: Lab,
    identity: String,
}

/// The codes of a letter.
#[derive(Clone, Debug, PartialEq)]
struct Codes {
    family: String,
    laboratory: String,
}

impl Letters {
    fn new() -> Self {
        let lab = Lab::new();
        let (identity, recipient) = custodian(&lab, "identity");
        lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
        lab.import("families", "families.csv", FAMILIES, &[]).ends(0);
        Self { lab, identity }
    }

    fn family(&self, number: &str) -> String {
        self.lab.pseudonyms("family", [number])[number].clone()
    }

    /// Writes a letter as JSON, and returns its codes.
    #[track_caller]
    fn write(&self, family: &str, options: &[&str]) -> Codes {
        let out = self.lab.name("letter.json");
        let words = [&["letter", family, "--out", &out, "--force", "--format", "json"], &OURS[..], options].concat();
        self.lab.run(&words).ends(0);
        let page: Value = serde_json::from_str(&self.lab.read("letter.json")).unwrap();
        let text = |name: &str| page[name].as_str().unwrap().to_owned();
        Codes { family: text("family_code"), laboratory: text("laboratory_code") }
    }

    fn check(&self, code: &str, options: &[&str]) -> Said {
        self.lab.run(&[&["letter", "check", code, "--format", "json"], options].concat())
    }

    /// Checks a code, and returns the result.
    #[track_caller]
    fn result(&self, code: &str, options: &[&str]) -> Value {
        let said = self.check(code, options);
        let result = said.json();
        assert_eq!(said.status, i32::from(result["result"] != "valid"), "{said:?}");
        result
    }

    fn last_record(&self) -> Value {
        self.lab.run(&["audit", "list", "--last", "1", "--format", "json"]).ends(0).json()["records"][0].clone()
    }

    fn about(&self, family: &str) -> Vec<String> {
        let listed = self.lab.run(&["audit", "list", "--about", family, "--format", "json"]).ends(0).json();
        listed["records"].as_array().unwrap().iter().map(|row| row["command"].as_str().unwrap().to_owned()).collect()
    }
}

/// Returns digits with one of them changed.
fn with_a_slip(code: &str) -> String {
    let last = code.chars().last().unwrap();
    let other = if last == '0' { '1' } else { '0' };
    code[..code.len() - 1].to_owned() + &other.to_string()
}

#[test]
fn codes_of_a_letter_are_known_and_others_are_not() {
    let letters = Letters::new();
    let (first, second) = (letters.family("N1"), letters.family("N2"));
    letters.lab.run(&["letter", "call", &first]).ends(2).says(&["has no letter"]);
    let codes = letters.write(&first, &[]);
    assert_eq!((codes.family.len(), codes.laboratory.len()), (14, 9));
    assert_eq!(letters.write(&first[..8], &[]), codes, "the same letter again");
    let others = letters.write(&second, &[]);
    assert!(others.family != codes.family && others.laboratory != codes.laboratory);

    let found = letters.result(&codes.family, &[]);
    assert_eq!(
        (&found["result"], &found["said"], &found["family"]),
        (&"valid".into(), &"family".into(), &first.clone().into())
    );
    assert_eq!((&found["issue"], &found["letters"]), (&1.into(), &2.into()));
    // Two letters among 10^11 codes.
    assert!((found["chance"].as_f64().unwrap() - 2e-11).abs() < 1e-15);
    let both = format!("{}-{}", codes.family.replace(' ', ""), codes.laboratory);
    assert_eq!(letters.result(&both, &["--family", &first])["result"], "valid");
    // As a family reads it from the letter.
    letters.lab.run(&["letter", "check", &codes.family[..4], &codes.family[5..9], &codes.family[10..]]).ends(0);

    // A family says what a caller has said.
    letters.check(&codes.laboratory, &[]).ends(2).says(&["several families", "--family"]);
    assert_eq!(letters.result(&codes.laboratory, &["--family", &first])["result"], "valid");
    assert_eq!(letters.result(&codes.laboratory, &["--family", &second])["result"], "unknown");
    let mixed = format!("{} {}", codes.family, others.laboratory);
    letters.check(&mixed, &[]).ends(1).says(&["mismatch"]);
    assert_eq!(letters.result(&codes.family, &["--family", &second])["result"], "other-family");
    assert_eq!(letters.result(&with_a_slip(&codes.family), &[])["result"], "mistyped");
    assert_eq!(letters.result("4711", &[])["result"], "mistyped");
    let unknown = "0000 0000 0000";
    assert_eq!(letters.result(unknown, &[])["result"], "unknown");

    // What is recorded shows failures and no code.
    let record = letters.last_record();
    assert_eq!((&record["command"], &record["details"]["result"]), (&"letter check".into(), &"unknown".into()));
    let said = letters.lab.run(&["letter", "check", unknown]).ends(1);
    assert!(said.err.contains("7 checks failed in the last seven days"), "{}", said.err);
    let called = letters.lab.run(&["letter", "call", &first]).ends(0);
    assert_eq!(called.out.trim(), codes.laboratory);
    assert!(letters.about(&first).contains(&"letter call".to_owned()));
    let everything = letters.lab.run(&["audit", "list", "--format", "json"]).ends(0).out;
    for code in [&codes.family, &codes.laboratory, &others.family] {
        assert!(!everything.contains(code.as_str()) && !everything.contains(&code.replace(' ', "")));
    }
    letters.lab.run(&["verify"]).ends(0);
}

#[test]
fn a_code_is_read_from_standard_input_where_nobody_sees_it() {
    let letters = Letters::new();
    let codes = letters.write(&letters.family("N1"), &[]);
    let mut command = letters.lab.command(&["letter", "check", "-"]);
    command.stdin(fs::File::open(letters.lab.write("said", &codes.family)).unwrap());
    Said::of(command.output().unwrap()).ends(0).says(&["valid: letter 1"]);
}

#[test]
fn a_lost_letter_is_replaced_and_a_withdrawn_family_is_named() {
    let letters = Letters::new();
    let (lab, family) = (&letters.lab, letters.family("N1"));
    let old = letters.write(&family, &[]);
    let new = letters.write(&family, &["--renew"]);
    assert!(old.family != new.family && old.laboratory != new.laboratory);
    let replaced = letters.result(&old.family, &[]);
    assert_eq!(
        (&replaced["result"], &replaced["issue"], &replaced["last_issue"]),
        (&"replaced".into(), &1.into(), &2.into())
    );
    assert_eq!(letters.result(&old.laboratory, &["--family", &family])["result"], "replaced");
    assert_eq!(letters.result(&new.family, &[])["result"], "valid");
    assert_eq!(lab.run(&["letter", "call", &family]).ends(0).out.trim(), new.laboratory);
    let html = lab.name("letter.html");
    for (language, says) in [("en", "destroy them"), ("zh", "请销毁以前的信")] {
        lab.run(&[&["letter", &family, "--out", &html, "--force", "--lang", language], &OURS[..]].concat()).ends(0);
        let page = lab.read("letter.html");
        for text in [says, &new.family, &new.laboratory, OURS[1], OURS[3], &family[..8]] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains(&family[..9]), "only first digits");
    }
    lab.run(&["families", "withdraw", &family, "--cause", "consent"]).ends(0);
    let withdrawn = letters.result(&new.family, &[]);
    assert_eq!((&withdrawn["result"], &withdrawn["withdrawn"]), (&"withdrawn".into(), &"consent".into()));
    lab.run(&["letter", "check", &old.family])
        .ends(1)
        .says(&["replaced: letter 1", "the family is withdrawn (consent)"]);
    for command in [&["letter", "call", &family][..], &["letter", &family, "--out", &html, "--force"]] {
        lab.run(&[command, if command[1] == "call" { &[] } else { &OURS[..] }].concat())
            .ends(2)
            .says(&["is withdrawn"]);
    }
    let outdated = lab.run(&["letter", "list", "--outdated", "--format", "json"]).ends(0).json();
    assert_eq!((&outdated["families"], &outdated["letters"][0]["issue"]), (&1.into(), &2.into()));
}

#[test]
fn the_laboratory_and_its_number_are_named_by_settings_or_options() {
    let letters = Letters::new();
    let (lab, family) = (&letters.lab, letters.family("N1"));
    let letter = |options: &[&str]| {
        lab.run(&[&["letter", &family, "--out", &lab.name("letter.html"), "--force"], options].concat())
    };
    letter(&[]).ends(2).says(&["name of the laboratory", "letter.laboratory"]);
    letter(&["--laboratory", "L"]).ends(2).says(&["number to call", "letter.phone"]);
    lab.run(&["config", "set", "letter.laboratory", "Our laboratory"]).ends(0).says(&["the next letter"]);
    lab.run(&["config", "set", "letter.phone", "110 119"]).ends(0);
    letter(&[]).ends(0);
    assert!(lab.read("letter.html").contains("Our laboratory") && lab.read("letter.html").contains("110 119"));
    letter(&["--laboratory", "Another & one"]).ends(0);
    assert!(lab.read("letter.html").contains("Another &amp; one"));
    lab.run(&["match"]);
    lab.run(&["config", "check"]).ends(0);
}

#[test]
fn letters_stay_valid_over_a_change_of_the_key_and_are_listed() {
    let letters = Letters::new();
    let lab = &letters.lab;
    let first = letters.write(&letters.family("N1"), &[]);
    let second = letters.write(&letters.family("N1"), &["--renew"]);
    let other = letters.write(&letters.family("N2"), &[]);
    reunite(&["key", "new", &lab.name("new")]).ends(0);
    rotate_on(lab, "store", &letters.identity, &[]).ends(0).says(&["letters to families that stay valid: 3"]);
    fs::rename(lab.path("key"), lab.path("old")).unwrap();
    fs::rename(lab.path("new"), lab.path("key")).unwrap();
    lab.run(&["verify"]).ends(0);
    let family = letters.family("N1");
    assert_eq!(letters.result(&first.family, &[])["result"], "replaced");
    let found = letters.result(&format!("{} {}", second.family, second.laboratory), &[]);
    assert_eq!((&found["result"], &found["family"]), (&"valid".into(), &family.clone().into()));
    assert_eq!(found["issued_on"], Value::Null);
    assert_eq!(lab.run(&["letter", "call", &letters.family("N2")]).ends(0).out.trim(), other.laboratory);
    let listed = |options: &[&str]| {
        let listed = lab.run(&[&["letter", "list", "--format", "json"], options].concat()).ends(0).json();
        listed["letters"].as_array().unwrap().clone()
    };
    assert_eq!(listed(&["--outdated"]).len(), 2);
    assert!(listed(&[]).iter().all(|row| row["state"] == "earlier-key"));
    let new = letters.write(&family, &["--renew"]);
    assert!(new.family != second.family);
    assert_eq!(letters.result(&second.family, &[])["result"], "replaced");
    assert_eq!(listed(&["--outdated"]).len(), 1);

    // A further change of the key, and one after which the key is lost.
    for key_lost in [&[][..], &["--key-lost"]] {
        let lost = !key_lost.is_empty();
        reunite(&["key", "new", &lab.name("new")]).ends(0);
        let said = rotate_on(lab, "store", &letters.identity, key_lost);
        fs::rename(lab.path("new"), lab.path("key")).unwrap();
        lab.run(&["verify"]).ends(0);
        let (family, expected) = (letters.family("N1"), if lost { "unknown" } else { "valid" });
        assert_eq!(letters.result(&new.family, &[])["result"], expected, "{said:?}");
        if lost {
            said.says(&[
                "letters to families whose codes are void, because the key that they were derived from is lost: 4",
            ]);
            lab.run(&["letter", "call", &family]).ends(2).says(&["void", "--renew"]);
            assert_eq!(listed(&["--outdated"])[0]["state"], "void");
            let again = letters.write(&family, &["--renew"]);
            assert_eq!(letters.result(&again.family, &[])["result"], "valid");
        } else {
            assert_eq!(letters.result(&first.family, &[])["result"], "replaced");
        }
    }
}

#[test]
fn a_backup_has_the_letters_and_an_expunging_forgets_them() {
    let letters = Letters::new();
    let (lab, family) = (&letters.lab, letters.family("N1"));
    let codes = letters.write(&family, &[]);
    let other = letters.write(&letters.family("N3"), &[]);
    lab.run(&["backup", &lab.name("backup")]).ends(0);
    lab.run(&["expunge", &family, "--reason", "consent withdrawn"]).ends(0);
    lab.run(&["verify"]).ends(0);
    assert_eq!(letters.result(&codes.family, &[])["result"], "unknown");
    assert_eq!(letters.result(&other.family, &[])["result"], "valid");
    assert_eq!(lab.run(&["letter", "list", "--format", "json"]).ends(0).json()["families"], 1);
    let restored = ["restore", &lab.name("backup"), "--identity", &letters.identity, "--reason", "a test"];
    lab.run_on("restored", &restored).ends(0);
    lab.run_on("restored", &["letter", "check", &codes.family]).ends(0);
}

#[test]
fn a_changed_or_missing_letter_is_named() {
    let letters = Letters::new();
    let (lab, family) = (&letters.lab, letters.family("N1"));
    let codes = letters.write(&family, &[]);
    letters.write(&family, &["--renew"]);
    letters.write(&letters.family("N2"), &[]);
    for (sql, what) in [
        ("UPDATE letter SET issue = 3 WHERE issue = 2", family.as_str()),
        ("UPDATE letter SET issued_on = issued_on + 1 WHERE issue = 2", &family),
        ("UPDATE letter SET issued_on = NULL WHERE issue = 2", &family),
        ("UPDATE letter SET shift = unhex('01' || substr(hex(shift), 3)) WHERE issue = 2", &family),
        ("UPDATE letter SET shift = NULL WHERE issue = 2", &family),
        ("UPDATE letter SET sum = zeroblob(8) WHERE issue = 2", &family),
        // Without this letter, the first one would be valid again.
        ("DELETE FROM letter WHERE issue = 2", "more or fewer than were issued"),
        ("UPDATE meta SET value = 7 WHERE key = 'letters'", "more or fewer than were issued"),
    ] {
        crate::common::copy(&lab.path("store"), &lab.path("damaged"));
        lab.database("damaged").execute_batch(sql).unwrap();
        lab.run_on("damaged", &["verify"]).ends(1).says(&["letter", what]);
        lab.run_on("damaged", &["letter", "check", &codes.family]).ends(2).says(&["letter", what]);
        lab.run_on("damaged", &["letter", "list"]).ends(2).says(&[what]);
        fs::remove_dir_all(lab.path("damaged")).unwrap();
    }
    letters.check(&codes.family, &[]).ends(1);
}

#[test]
fn codes_require_the_key_of_the_store_and_a_record() {
    let letters = Letters::new();
    let (lab, family) = (&letters.lab, letters.family("N1"));
    let codes = letters.write(&family, &[]);
    reunite(&["key", "new", &lab.name("another")]).ends(0);
    for command in [&["letter", "check", &codes.family][..], &["letter", "call", &family]] {
        let store = ["--store", &lab.name("store")];
        reunite(&[command, &store[..], &["--key-file", &lab.name("another")]].concat()).ends(2);
        reunite(&[command, &store[..]].concat()).ends(2).says(&["key"]);
    }
    lab.database("store").execute_batch("DROP TABLE audit").unwrap();
    let said = lab.run(&["letter", "check", &codes.family]);
    assert!(said.status == 2 && said.out.is_empty(), "{said:?}");
}
