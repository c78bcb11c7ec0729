//! Two people review a pair: nobody confirms alone, nobody sees the first decision, and no history is forged.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use reunite::audit::{ReviewerKey, ReviewerPublicKey};
use reunite::ledger::LedgerError;
use reunite::model::Pseudonym;
use reunite::pseudonym::KeySource;
use reunite::review::{BasisPart, Decision, NextAction, ReasonCode, Refusal, Role, Status, Step};
use reunite::store::{self, DecisionRecorded, NewDecision, Store, StoreError};

use crate::common::rotation::{Matched, files_with, rotate};
use crate::common::{Lab, Said, copy, enrolled, reunite};

/// A matched store with candidates, best first.
struct Reviewed {
    lab: Lab,
    pairs: Vec<(Pseudonym, Pseudonym)>,
}

fn pairs(lab: &Lab) -> Vec<(Pseudonym, Pseudonym)> {
    let listed = lab.run(&["candidates", "--format", "csv"]).ends(0).out;
    let pair = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[0].parse().unwrap(), cells[1].parse().unwrap())
    };
    listed.lines().skip(1).map(pair).collect()
}

fn reviewed() -> Reviewed {
    let lab = Lab::with_population(40, 300);
    lab.run(&["match"]).ends(0);
    let pairs = pairs(&lab);
    assert!(pairs.len() > 4);
    Reviewed { lab, pairs }
}

/// Opens a store. A process that another test starts inherits the lock for a moment, so operations wait for it.
fn open(lab: &Lab, name: &str) -> Store {
    let store = Store::open(&lab.path(name), Some(KeySource::File(lab.path("key")))).unwrap();
    store.waiting(Duration::from_secs(60))
}

fn decide(
    store: &Store,
    (family, child): (Pseudonym, Pseudonym),
    key: &ReviewerKey,
    decision: Decision,
) -> Result<DecisionRecorded, StoreError> {
    let code = match decision {
        Decision::Confirm => ReasonCode::CaseFactsFit,
        Decision::Refute => ReasonCode::CaseFactsContradict,
        Decision::Retest => ReasonCode::TooFewLoci,
    };
    let new = NewDecision { family, child, decision, code, text: None, key };
    store.decide(&new, &store::entry("review decide", None))
}

fn status(store: &Store, pair: (Pseudonym, Pseudonym)) -> Status {
    store.review_states().unwrap().get(&pair).map_or(Status::New, |state| state.status)
}

/// Writes the row of a child again, under another number and with another day.
fn again(lab: &Lab, child: &str, number: &str, name: &str) -> Said {
    let text = lab.read("files/children.csv");
    let (header, row) = (text.lines().next().unwrap(), text.lines().find(|line| line.starts_with(child)).unwrap());
    let rest = row.split_once(',').unwrap().1;
    lab.import("children", name, format!("collected_on,{header}\n2025-01-05,{number},{rest}\n"), &[])
}

/// Returns the present day in UTC.
fn today() -> String {
    jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date().to_string()
}

/// Returns a text with single blanks instead of line ends.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns another genotype.
fn other_than(genotype: &str) -> &'static str {
    if genotype == "12/13" { "12/14" } else { "12/13" }
}

/// Writes the row of a child again with another genotype at this many loci, of another day.
fn contradicting(lab: &Lab, number: &str, loci: usize, name: &str, options: &[&str]) -> Said {
    let text = lab.read("files/children.csv");
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let row = text.lines().find(|line| line.split(',').next() == Some(number)).unwrap();
    let mut cells: Vec<&str> = row.split(',').collect();
    let typed = |at: &usize| cells[*at].contains('/');
    let changed: Vec<usize> = (0..cells.len()).filter(typed).take(loci).collect();
    assert_eq!(changed.len(), loci, "{row}");
    changed.iter().for_each(|&at| cells[at] = other_than(cells[at]));
    let file = format!("collected_on,{}\n2025-03-09,{}\n", header.join(","), cells.join(","));
    lab.import("children", name, file, options)
}

/// Enrols two reviewers with key files, and returns their decisions through the command line.
fn two_at_the_terminal(lab: &Lab) -> impl Fn(usize, (Pseudonym, Pseudonym), &str, &str) -> Said + '_ {
    let passphrase = lab.write("passphrase", "a passphrase of ours\n");
    fs::set_permissions(&passphrase, Permissions::from_mode(0o600)).unwrap();
    for name in ["r1", "r2"] {
        let file = lab.name(name);
        reunite(&["review", "key", "--out", &file, "--passphrase-file", &passphrase]).ends(0);
        let public = format!("{file}.pub");
        lab.run(&["review", "enrol", "--staff", &name.to_uppercase(), "--public-key", &public]).ends(0);
    }
    move |who, (family, child), decision, code| {
        let (family, child, key) = (family.to_string(), child.to_string(), lab.name(["r1", "r2"][who]));
        lab.run(&[
            "review",
            "decide",
            &family,
            &child,
            "--decision",
            decision,
            "--code",
            code,
            "--key",
            &key,
            "--passphrase-file",
            &passphrase,
        ])
    }
}

/// Returns the original number of a child.
fn number(lab: &Lab, child: Pseudonym) -> String {
    let text = lab.read("files/children.csv");
    let ids: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    let all = lab.pseudonyms("sample", ids.iter().copied());
    all.into_iter().find(|(_, pseudonym)| *pseudonym == child.to_string()).unwrap().0
}

#[test]
fn two_people_follow_a_pair_to_its_end() {
    let Reviewed { lab, pairs } = reviewed();
    let (family, child) = (pairs[0].0.to_string(), pairs[0].1.to_string());
    let passphrase = lab.write("passphrase", "a passphrase of ours\n");
    fs::set_permissions(&passphrase, Permissions::from_mode(0o600)).unwrap();
    let with = ["--passphrase-file", &passphrase];
    let keys = ["r1", "r2"].map(|name| {
        let file = lab.name(name);
        reunite(&[&["review", "key", "--out", &file], &with[..]].concat()).ends(0).says(&["wrote the reviewer's key"]);
        let public = format!("{file}.pub");
        lab.run(&["review", "enrol", "--staff", &name.to_uppercase(), "--public-key", &public]).ends(0);
        file
    });
    assert!(lab.read("r1").starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
    assert_eq!(fs::metadata(lab.path("r1")).unwrap().permissions().mode() & 0o777, 0o600);
    let decide = |key: &str, decision: &str, code: &str| {
        let words = ["review", "decide", &family, &child, "--decision", decision, "--code", code, "--key", key];
        lab.run(&[&words, &with[..]].concat())
    };
    let step = |step: &str, date: &str| lab.run(&["review", "step", &family, &child, step, "--date", date]);
    step("informed", "2025-03-01").ends(2).says(&["two reviewers must confirm the pair first"]);
    decide(&keys[0], "confirm", "profiles-contradict").ends(2).says(&["does not fit the decision"]);
    let said = decide(&keys[0], "confirm", "profiles-agree").ends(0);
    said.says(&["recorded the decision of R1: the pair is confirmed-once; a second reviewer decides next"]);
    // Nobody else sees the decision: not in any form, and not in the audit chain.
    let show = ["review", "show", &family, &child];
    for format in ["table", "csv", "json"] {
        for words in [&show[..], &["review", "list"], &["review", "due"], &["audit", "list"]] {
            let said = lab.run(&[words, &["--format", format]].concat()).ends(0);
            assert!(!said.out.contains("confirm") && !said.out.contains("profiles-agree"), "{words:?}: {}", said.out);
            assert!(words[1] == "due" || said.out.contains("R1"), "{words:?}: {}", said.out);
        }
    }
    let state = open(&lab, "store").review_states().unwrap().remove(&pairs[0]).unwrap();
    assert_eq!((state.status, &state.decided_by[..]), (Status::InReview, &["R1".to_owned()][..]));
    let own = lab.run(&[&show[..], &["--format", "json", "--key", &keys[0]], &with].concat()).ends(0).json();
    assert_eq!(
        (&own["review"]["status"], &own["history"][0]["decision"]),
        (&"confirmed-once".into(), &"confirm".into())
    );
    let other = lab.run(&[&show[..], &["--format", "json", "--key", &keys[1]], &with].concat()).ends(0).json();
    assert_eq!((&other["review"]["status"], &other["history"][0]["hidden"]), (&"in-review".into(), &true.into()));
    step("informed", "2025-03-01").ends(2).says(&["two reviewers must confirm the pair first"]);
    decide(&keys[0], "confirm", "profiles-agree").ends(2).says(&["another reviewer must decide next"]);
    decide(&keys[1], "confirm", "case-facts-fit").ends(0).says(&["recorded the decision of R2: the pair is confirmed"]);
    lab.run(&show).ends(0).says(&["state confirmed", "decided by R1 and R2", "profiles-agree", "next recheck"]);
    decide(&keys[1], "refute", "case-facts-contradict").ends(2).says(&["the pair is already confirmed"]);
    // No family is informed before the child is typed a second time.
    let today = &today();
    step("informed", today).ends(2).says(&["no second typing, kit or sample of the child agrees"]);
    let retest = |sample: &str| lab.run(&["review", "retest", &family, &child, "--sample", sample]);
    retest(&child).ends(2).says(&["the sample is the child's own"]);
    let number = number(&lab, pairs[0].1);
    again(&lab, &number, "SECOND", "second.csv").ends(0);
    let second = lab.pseudonyms("sample", ["SECOND"])["SECOND"].clone();
    retest(&second).ends(0).says(&["the further sample agrees with the first"]);
    retest(&second).ends(2).says(&["is already recorded in this review"]);
    step("recognised", today).ends(2).says(&["the step recognised must follow informed"]);
    step("informed", "2126-03-01").ends(2).says(&["is in the future"]);
    step("informed", "1 March").ends(2).says(&["write the date as YYYY-MM-DD"]);
    step("informed", "2025-03-01").ends(2).says(&["the date 2025-03-01 is before the second decision, of ", "in UTC"]);
    step("informed", today).ends(0);
    step("recognised", "2025-02-01").ends(2).says(&["the date 2025-02-01 is before ", today, "of the step informed"]);
    for word in ["recognised", "handed-over", "registered"] {
        lab.run(&["review", "due"]).ends(0).says(&["since "]);
        let said = step(word, today).ends(0);
        assert!(!said.err.contains("warning"), "{}", said.err);
    }
    lab.run(&["review", "due"]).ends(0).says(&["nothing is due"]);
    let history = lab.run(&[&show[..], &["--format", "json"]].concat()).ends(0).json();
    let kinds: Vec<&str> =
        history["history"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["decision", "decision", "retest", "step", "step", "step", "step"]);
    for row in lab.run(&show).ends(0).out.lines().chain(lab.run(&["review", "reviewers"]).ends(0).out.lines()) {
        assert!(row.chars().count() <= 80, "{row}");
    }
    lab.run(&["verify"]).ends(0).says(&["ledger: sound", "audit chain: sound"]);
    // A wrong passphrase, a key that is not a reviewer's, a file that is not a key.
    let wrong = lab.write("wrong", "another passphrase\n");
    fs::set_permissions(&wrong, Permissions::from_mode(0o600)).unwrap();
    let words = [&show[..], &["--key", &keys[0], "--passphrase-file"]].concat();
    lab.run(&[&words[..], &[&wrong]].concat()).ends(2).says(&["the passphrase does not open the key"]);
    lab.run(&[&show[..], &["--key", &keys[0]]].concat()).ends(2).says(&["give --passphrase-file FILE"]);
    let words = ["review", "enrol", "--staff", "R9", "--public-key", &keys[0]];
    lab.run(&words).ends(2).says(&["is not a key file"]);
}

#[test]
fn no_trick_with_one_key_confirms() {
    let Reviewed { lab, pairs } = reviewed();
    let store = open(&lab, "store");
    let entry = store::entry("review enrol", None);
    let staff = |code: &str| code.parse().unwrap();
    let (pair, other) = (pairs[0], pairs[1]);
    let a = enrolled(&store, "A");
    // One reviewer enrolled twice; two staff codes with one key.
    let twice = store.enrol_reviewer(&staff("a"), ReviewerKey::random().unwrap().public(), Role::Reviewer, &entry);
    assert!(matches!(twice, Err(StoreError::ReviewerEnrolled(_))));
    assert!(matches!(
        store.enrol_reviewer(&staff("B"), a.public(), Role::Reviewer, &entry),
        Err(StoreError::ReviewerKeyKnown)
    ));
    assert_eq!(decide(&store, pair, &a, Decision::Confirm).unwrap().status, Status::ConfirmedOnce);
    // The same decision twice, and one with a key of nobody.
    let again = decide(&store, pair, &a, Decision::Confirm);
    assert!(matches!(again, Err(StoreError::Review(Refusal::DecidedBefore))));
    let stranger = decide(&store, pair, &ReviewerKey::random().unwrap(), Decision::Confirm);
    assert!(matches!(stranger, Err(StoreError::NotAReviewer)));
    // The reviewer is withdrawn and enrolled again with another key: still one person.
    store.withdraw_reviewer(&staff("A"), &entry).unwrap();
    assert!(matches!(decide(&store, pair, &a, Decision::Confirm), Err(StoreError::NotAReviewer)));
    assert!(matches!(
        store.enrol_reviewer(&staff("A"), a.public(), Role::Reviewer, &entry),
        Err(StoreError::ReviewerKeyKnown)
    ));
    assert!(matches!(store.withdraw_reviewer(&staff("A"), &entry), Err(StoreError::NoReviewer(_))));
    let new = enrolled(&store, "A");
    let again = decide(&store, pair, &new, Decision::Confirm);
    assert!(matches!(again, Err(StoreError::Review(Refusal::DecidedBefore))));
    assert_eq!(status(&store, pair), Status::InReview);
    // The decision of a reviewer who is withdrawn since stays valid.
    let b = enrolled(&store, "B");
    assert_eq!(decide(&store, pair, &b, Decision::Confirm).unwrap().status, Status::Confirmed);
    // Two who disagree decide again, and a third one counts as much.
    assert_eq!(decide(&store, other, &b, Decision::Confirm).unwrap().status, Status::ConfirmedOnce);
    assert_eq!(decide(&store, other, &new, Decision::Refute).unwrap().status, Status::Reopened);
    assert_eq!(decide(&store, other, &new, Decision::Refute).unwrap().status, Status::InReview);
    let c = enrolled(&store, "C");
    assert_eq!(decide(&store, other, &c, Decision::Refute).unwrap().status, Status::Refuted);
    // A retest is requested; nobody decides before it is recorded.
    assert_eq!(decide(&store, other, &b, Decision::Retest).unwrap().status, Status::RetestRequested);
    for decision in [Decision::Confirm, Decision::Refute] {
        let early = decide(&store, other, &c, decision);
        assert!(matches!(early, Err(StoreError::Review(Refusal::RetestMissing))));
    }
    let nobody = Pseudonym::from_bytes([7; 16]);
    let unknown = decide(&store, (nobody, pair.1), &b, Decision::Confirm);
    assert!(matches!(unknown, Err(StoreError::NoFamily(_))));
    assert!(matches!(decide(&store, (pair.0, nobody), &b, Decision::Confirm), Err(StoreError::NoChild(_))));
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn tampering_with_a_review_is_noticed_and_never_confirms() {
    let Reviewed { lab, pairs } = reviewed();
    {
        let store = open(&lab, "store");
        let (a, b) = (enrolled(&store, "A"), enrolled(&store, "B"));
        decide(&store, pairs[0], &a, Decision::Refute).unwrap();
        decide(&store, pairs[0], &b, Decision::Confirm).unwrap();
        decide(&store, pairs[1], &a, Decision::Confirm).unwrap();
        decide(&store, pairs[2], &a, Decision::Confirm).unwrap();
        decide(&store, pairs[2], &b, Decision::Confirm).unwrap();
        // After its last decision, this reviewer may not sign any more.
        store.withdraw_reviewer(&"B".parse().unwrap(), &store::entry("review withdraw-reviewer", None)).unwrap();
        assert!(store.verify().unwrap().is_sound());
    }
    let open_triggers =
        "DROP TRIGGER review_is_not_edited; DROP TRIGGER audit_is_not_edited; DROP TRIGGER audit_is_not_cut;";
    let tampered = |name: &str, sql: &str| {
        copy(&lab.path("store"), &lab.path(name));
        lab.database(name).execute_batch(&format!("PRAGMA foreign_keys = OFF; {open_triggers} {sql}")).unwrap();
        lab.run_on(name, &["verify"]).ends(1).says(&["reviews: "]);
        lab.run_on(name, &["review", "list"]).ends(2).says(&["damaged or were tampered with", "reunite verify"]);
        let store = open(&lab, name);
        let states = store.review_states();
        assert!(matches!(states, Err(StoreError::Ledger(LedgerError::Review(_)))), "{name}: {states:?}");
        let step = store.record_step(
            pairs[2].0,
            pairs[2].1,
            Step::Informed,
            "2025-01-01".parse().unwrap(),
            &store::entry("review step", None),
        );
        assert!(matches!(step, Err(StoreError::Ledger(LedgerError::Review(_)))), "{name}: {step:?}");
    };
    tampered("edited", "UPDATE review_event SET body = replace(body, '\"refute\"', '\"confirm\"') WHERE case_id = 1");
    tampered("signature", "UPDATE review_event SET signature = zeroblob(64) WHERE case_id = 3 AND number = 2");
    tampered("unsigned", "UPDATE review_event SET signature = NULL WHERE case_id = 3 AND number = 2");
    tampered("last", "DELETE FROM review_event WHERE case_id = 1 AND number = 2");
    tampered("first", "DELETE FROM review_event WHERE case_id = 3 AND number = 1");
    tampered("case", "DELETE FROM review_event WHERE case_id = 1; DELETE FROM review_case WHERE id = 1");
    tampered(
        "order",
        "UPDATE review_event SET number = 9 WHERE case_id = 3 AND number = 1;
         UPDATE review_event SET number = 1 WHERE case_id = 3 AND number = 2;
         UPDATE review_event SET number = 2 WHERE case_id = 3 AND number = 9",
    );
    tampered(
        "twice",
        "INSERT INTO review_event SELECT case_id, 2, body, signature, previous, digest, sample, sum
         FROM review_event WHERE case_id = 2 AND number = 1",
    );
    tampered(
        "replayed",
        "INSERT INTO review_event SELECT 2, 2, body, signature, previous, digest, sample, sum
         FROM review_event WHERE case_id = 3 AND number = 2",
    );
    tampered(
        "swapped",
        "CREATE TEMP TABLE kept AS SELECT family, child FROM review_case WHERE id = 3;
         UPDATE review_case SET family = zeroblob(16), child = zeroblob(16) WHERE id = 3;
         CREATE TEMP TABLE other AS SELECT family, child FROM review_case WHERE id = 2;
         UPDATE review_case SET family = (SELECT family FROM kept), child = (SELECT child FROM kept) WHERE id = 2;
         UPDATE review_case SET family = (SELECT family FROM other), child = (SELECT child FROM other) WHERE id = 3",
    );
    tampered("family", "UPDATE review_case SET family = (SELECT family FROM review_case WHERE id = 2) WHERE id = 3");
    tampered("salt", "UPDATE review_case SET salt = zeroblob(32) WHERE id = 3");
    tampered("tag", "UPDATE review_case SET tag = zeroblob(16) WHERE id = 3");
    tampered("audited", "DELETE FROM audit WHERE command = 'review enrol'");
    tampered("unrecorded", "DELETE FROM audit WHERE command = 'review decide'");
    // A case of another store, with everything that belongs to it.
    copy(&lab.path("store"), &lab.path("mixed"));
    let database = lab.database("mixed");
    database.execute_batch("DELETE FROM review_event; DELETE FROM review_case").unwrap();
    drop(database);
    lab.run_on("mixed", &["verify"]).ends(1).says(&["reviews that the audit chain has and the ledger has not: 3"]);
    // Without a case the store answers that nobody has decided, and does not confirm.
    assert_eq!(status(&open(&lab, "mixed"), pairs[2]), Status::New);
    // The store itself is untouched.
    assert_eq!(status(&open(&lab, "store"), pairs[2]), Status::Confirmed);
}

#[test]
fn a_changed_basis_is_named_and_both_decide_again() {
    let Reviewed { lab, pairs } = reviewed();
    let store = open(&lab, "store");
    let (a, b) = (enrolled(&store, "A"), enrolled(&store, "B"));
    let pair = pairs[0];
    decide(&store, pair, &a, Decision::Confirm).unwrap();
    decide(&store, pair, &b, Decision::Confirm).unwrap();
    let state = |store: &Store| store.review_states().unwrap().remove(&pair).unwrap();
    assert_eq!((state(&store).status, state(&store).changed), (Status::Confirmed, vec![]));
    lab.run(&["match", "--full"]).ends(0);
    assert_eq!(state(&store).changed, [], "another run of the same data is no change");
    // A further typing that agrees counts as a recheck; it changes no profile.
    let number = number(&lab, pair.1);
    again(&lab, &number, &number, "further.csv").ends(0).says(&["1 further typing"]);
    assert_eq!((state(&store).rechecks, state(&store).changed), (1, vec![]));
    // A withdrawn family stays in the history.
    let family = pair.0.to_string();
    lab.run(&["families", "withdraw", &family, "--cause", "wrong-relation"]).ends(0);
    lab.run(&["families", "restore", &family]).ends(0);
    let shown = lab.run(&["review", "show", &family, &pair.1.to_string()]).ends(0).out;
    assert!(shown.contains("families withdraw: wrong-relation") && shown.contains("families restore"), "{shown}");
    // Another profile of the child.
    let text = lab.read("files/children.csv");
    let header = text.lines().next().unwrap();
    let stranger = text.lines().skip(1).find(|line| !line.starts_with(&number)).unwrap();
    let file = format!("{header}\n{number},{}\n", stranger.split_once(',').unwrap().1);
    lab.import("children", "replaced.csv", file, &["--on-conflict", "replace"]).ends(0);
    assert_eq!(state(&store).changed, [BasisPart::Profiles]);
    lab.run(&["review", "list", "--changed"]).ends(0).says(&["changed since then: profiles", "decide-again"]);
    lab.run(&["review", "step", &family, &pair.1.to_string(), "informed", "--date", "2025-01-01"])
        .ends(2)
        .says(&["the basis has changed since the pair was confirmed (profiles)"]);
    let recorded = decide(&store, pair, &a, Decision::Refute).unwrap();
    assert_eq!((recorded.status, &recorded.changed[..]), (Status::InReview, &[BasisPart::Profiles][..]));
    assert_eq!(decide(&store, pair, &b, Decision::Refute).unwrap().status, Status::Refuted);
    // Another model.
    let settings = lab.read("store/reunite.toml");
    assert!(settings.contains("rate_male = 0.002"), "{settings}");
    lab.write("store/reunite.toml", settings.replace("rate_male = 0.002", "rate_male = 0.003"));
    assert_eq!(state(&open(&lab, "store")).changed, [BasisPart::Model]);
    lab.write("store/reunite.toml", settings);
    // A further relative.
    let text = lab.read("files/families.csv");
    let ids: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    let of_family = lab.pseudonyms("family", ids).into_iter().find(|(_, name)| *name == family).unwrap().0;
    let row = text.lines().find(|line| line.starts_with(&of_family)).unwrap();
    let genotypes = row.splitn(5, ',').last().unwrap();
    let file = format!("{}\n{of_family},UNCLE,paternal-uncle,male,{genotypes}\n", text.lines().next().unwrap());
    lab.import("families", "uncle.csv", file, &[]).ends(0);
    assert_eq!(state(&open(&lab, "store")).changed, [BasisPart::Relatives]);
    lab.run(&["review", "show", &family, &pair.1.to_string()]).ends(0).says(&["changed: relatives", "text: import"]);
    // A relative is expunged, with consent withdrawn.
    let sql = "SELECT lower(hex(sample.pseudonym)) FROM family JOIN member ON family_id = family.id
               JOIN sample ON sample.id = sample_id WHERE family.pseudonym = ?1";
    let relatives: Vec<String> = {
        let database = lab.database("store");
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([pair.0.as_bytes()], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    assert!(relatives.len() > 1, "the best candidate has both parents");
    lab.run(&["expunge", &relatives[0], "--reason", "consent withdrawn"]).ends(0);
    let store = open(&lab, "store");
    assert_eq!(state(&store).changed, [BasisPart::Relatives]);
    lab.run(&["review", "show", &family, &pair.1.to_string()]).ends(0).says(&["changed: relatives", "text: expunge"]);
    lab.run(&["verify"]).ends(0);
    // The child is expunged: nothing of the review is left but its tag.
    decide(&store, pairs[1], &a, Decision::Confirm).unwrap();
    lab.run(&["expunge", &pair.1.to_string(), "--reason", "consent withdrawn"]).ends(0);
    assert!(!open(&lab, "store").review_states().unwrap().contains_key(&pair));
    assert_eq!(status(&open(&lab, "store"), pairs[1]), Status::InReview);
    lab.run(&["verify"]).ends(0);
    let left = lab.database("store");
    let cases: i64 = left.query_row("SELECT count(*) FROM review_case", [], |row| row.get(0)).unwrap();
    assert_eq!(cases, 1);
}

#[test]
fn a_sample_that_contradicts_opens_the_pair_again() {
    let Reviewed { lab, pairs } = reviewed();
    let store = open(&lab, "store");
    let (a, b) = (enrolled(&store, "A"), enrolled(&store, "B"));
    decide(&store, pairs[0], &a, Decision::Confirm).unwrap();
    decide(&store, pairs[0], &b, Decision::Confirm).unwrap();
    let [family, child, other] = [pairs[0].0, pairs[0].1, pairs[1].1].map(|one| one.to_string());
    let retest = ["review", "retest", &family, &child, "--sample", &other];
    lab.run(&retest).ends(1).says(&["the further sample is not the same person's", "both reviewers decide again"]);
    assert_eq!(status(&store, pairs[0]), Status::Reopened);
    let nobody = "cd".repeat(16);
    lab.run(&["review", "retest", &family, &child, "--sample", &nobody]).ends(2).says(&["there is no child"]);
}

#[test]
fn a_change_of_the_key_keeps_every_signature() {
    let matched = Matched::new(60, 300);
    let Matched { lab, identity, .. } = &matched;
    let (old, of_lab) = (matched.names(), pairs(lab));
    let store = open(lab, "store");
    let (a, b) = (enrolled(&store, "A"), enrolled(&store, "B"));
    let numbers: std::collections::BTreeMap<&String, &String> = old.iter().map(|(id, name)| (name, id)).collect();
    for pair in &of_lab[..2] {
        decide(&store, *pair, &a, Decision::Confirm).unwrap();
        decide(&store, *pair, &b, Decision::Confirm).unwrap();
    }
    store.record_found(of_lab[2].1, "2025-01-01".parse().unwrap(), &store::entry("review found", None)).unwrap();
    let child = of_lab[0].1;
    let named = numbers[&child.to_string()].strip_prefix("sample ").unwrap();
    again(lab, named, "SECOND", "second.csv").ends(0);
    let second: Pseudonym = lab.pseudonyms("sample", ["SECOND"])["SECOND"].parse().unwrap();
    assert!(store.record_retest(of_lab[0].0, child, second, &store::entry("review retest", None)).unwrap().agrees);
    drop(store);
    // Whoever gave a case to another pair before the change of the key gains nothing by it.
    copy(&lab.path("store"), &lab.path("swapped"));
    let swap = "UPDATE review_case SET child = (SELECT child FROM review_case WHERE id = 3) WHERE id = 2";
    lab.database("swapped").execute_batch(swap).unwrap();
    crate::common::rotation::rotate_on(lab, "swapped", identity, &[]).ends(2).says(&["nothing was changed"]);
    rotate(lab, identity).ends(0);
    let gone: Vec<String> = old.values().cloned().chain([second.to_string()]).collect();
    assert_eq!(files_with(&lab.path("store"), &gone), [""; 0]);
    matched.use_new_key();
    let new = matched.names();
    lab.run(&["verify"]).ends(0).says(&["ledger: sound"]);
    let renamed = |name: Pseudonym| -> Pseudonym { new[numbers[&name.to_string()]].parse().unwrap() };
    let renamed_pairs: Vec<_> = of_lab[..2].iter().map(|(family, child)| (renamed(*family), renamed(*child))).collect();
    let store = open(lab, "store");
    let states = store.review_states().unwrap();
    for pair in &renamed_pairs {
        assert_eq!((states[pair].status, &states[pair].changed[..]), (Status::Confirmed, &[][..]));
    }
    let entry = store::entry("review step", None);
    let (family, child) = renamed_pairs[0];
    store.record_step(family, child, Step::Informed, today().parse().unwrap(), &entry).unwrap();
    let due = store.due_reviews(Some("2025-01-08".parse().unwrap()), &entry).unwrap();
    assert_eq!((due.due[0].what, due.due[0].child), ("transfer", renamed(of_lab[2].1)));
    lab.run(&["verify"]).ends(0);
    // After the change, too, nobody gives a case to another pair, or edits the list of links.
    for (name, sql) in [
        ("after", "UPDATE review_case SET child = (SELECT child FROM review_case WHERE id = 3) WHERE id = 2"),
        ("list", "UPDATE review_renaming SET listed = zeroblob(length(listed))"),
        ("no list", "DELETE FROM review_renaming"),
        ("further list", "INSERT INTO review_renaming VALUES (1, x'00')"),
    ] {
        copy(&lab.path("store"), &lab.path(name));
        lab.database(name).execute_batch(sql).unwrap();
        lab.run_on(name, &["verify"]).ends(1).says(&["reviews: "]);
    }
}

#[test]
fn deadlines_of_a_child_are_listed_until_they_are_met() {
    let Reviewed { lab, pairs } = reviewed();
    let child = pairs[0].1.to_string();
    let due = |on: &str| lab.run(&["review", "due", "--on", on, "--format", "csv"]).ends(0).out;
    let done = |deadline: &str, date: &str| lab.run(&["review", "done", &child, deadline, "--date", date]);
    done("transfer", "2025-01-02").ends(2).says(&["the date on which the child was found is not recorded"]);
    lab.run(&["review", "found", &child, "--date", "2025-01-01"]).ends(0);
    assert_eq!(due("2025-01-07").lines().count(), 1);
    let expected = format!(",{child},transfer,2025-01-01,2025-01-08,2");
    assert!(due("2025-01-10").contains(&expected), "{}", due("2025-01-10"));
    done("transfer", "2025-01-02").ends(0);
    done("transfer", "2025-01-03").ends(2).says(&["transfer is already recorded as done"]);
    done("certificate", "2024-12-31").ends(2).says(&["the date is before 2025-01-01"]);
    assert_eq!(due("2025-01-10").lines().count(), 1);
    let words = |text: &str| -> Vec<String> {
        text.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().to_owned()).collect()
    };
    assert_eq!(words(&due("2026-01-01")), ["public-notice", "police-certificate", "certificate"]);
    // The same date again changes nothing; another one is said.
    let again = lab.run(&["review", "found", &child, "--date", "2025-01-01"]).ends(0);
    assert!(!again.err.contains("was recorded"), "{}", again.err);
    let other = lab.run(&["review", "found", &child, "--date", "2025-01-02"]).ends(0);
    assert!(flat(&other.err).contains("was recorded as found on 2025-01-01"), "{}", other.err);
    lab.run(&["review", "found", &child, "--date", "2025-01-01"]).ends(0);
    lab.run(&["review", "list"]).ends(0).says(&["found 2025-01-01; done: transfer"]);
    lab.run(&["review", "found", &"cd".repeat(16), "--date", "2025-01-01"]).ends(2).says(&["there is no child"]);
}

#[test]
fn a_write_that_is_cut_off_leaves_no_event() {
    let Reviewed { lab, pairs } = reviewed();
    let store = open(&lab, "store");
    let (a, b) = (enrolled(&store, "A"), enrolled(&store, "B"));
    decide(&store, pairs[0], &a, Decision::Confirm).unwrap();
    // The record of the audit chain cannot be written, and then the event is not written either.
    let fail = "CREATE TRIGGER fails BEFORE INSERT ON audit WHEN new.details LIKE '%\"review_number\"%'
                BEGIN SELECT raise(ABORT, 'a fault of the test'); END";
    lab.database("store").execute_batch(fail).unwrap();
    assert!(decide(&store, pairs[0], &b, Decision::Confirm).is_err());
    assert!(decide(&store, pairs[1], &b, Decision::Confirm).is_err());
    lab.database("store").execute_batch("DROP TRIGGER fails").unwrap();
    assert_eq!(store.review_states().unwrap().len(), 1);
    assert!(store.verify().unwrap().is_sound());
    assert_eq!(decide(&store, pairs[0], &b, Decision::Confirm).unwrap().status, Status::Confirmed);
    // A public key of a checkpoint is not a reviewer's.
    reunite(&["audit", "key", "new", &lab.name("signing")]).ends(0);
    assert!(ReviewerPublicKey::load(&lab.path("signing.pub")).is_err());
}

#[test]
fn a_typing_that_contradicts_opens_the_pair_again_and_asks_for_another_recheck() {
    let Reviewed { lab, pairs } = reviewed();
    let store = open(&lab, "store");
    let (a, b) = (enrolled(&store, "A"), enrolled(&store, "B"));
    let pair = pairs[0];
    let (family, child) = (pair.0.to_string(), pair.1.to_string());
    let state = || store.review_states().unwrap().remove(&pair).unwrap();
    let inform = || {
        let entry = store::entry("review step", None);
        store.record_step(pair.0, pair.1, Step::Informed, today().parse().unwrap(), &entry)
    };
    for key in [&a, &b] {
        decide(&store, pair, key, Decision::Confirm).unwrap();
    }
    let number = number(&lab, pair.1);
    again(&lab, &number, &number, "further.csv").ends(0);
    again(&lab, &number, "SECOND", "second.csv").ends(0);
    let second: Pseudonym = lab.pseudonyms("sample", ["SECOND"])["SECOND"].parse().unwrap();
    let retest = || store.record_retest(pair.0, pair.1, second, &store::entry("review retest", None));
    assert!(retest().unwrap().agrees);
    assert!(matches!(retest(), Err(StoreError::NoFurtherSample)));
    assert_eq!((state().status, state().rechecks, state().next), (Status::Confirmed, 2, Some(NextAction::Inform)));
    // A dry run changes nothing, and a refused file does not.
    contradicting(&lab, &number, 1, "dry.csv", &["--on-conflict", "add", "--dry-run"]).ends(0);
    contradicting(&lab, &number, 1, "refused.csv", &[]).ends(2);
    assert_eq!(state().status, Status::Confirmed);
    contradicting(&lab, &number, 1, "other.csv", &["--on-conflict", "add"]).ends(0);
    assert_eq!((state().status, state().rechecks, state().decided_by.len()), (Status::Reopened, 0, 0));
    lab.run(&["review", "list", "--state", "reopened"]).ends(0).says(&[&child, "next decide-again"]);
    lab.run(&["review", "due"]).ends(0).says(&["decide-again: since ", &child]);
    lab.run(&["review", "show", &family, &child]).ends(0).says(&[
        "typing",
        "disagrees",
        "differing loci 1",
        "text: import",
    ]);
    assert!(matches!(inform(), Err(StoreError::Review(Refusal::NotConfirmed))));
    // Both decide again; the comparisons from before the contradiction do not count any more.
    for key in [&a, &b] {
        decide(&store, pair, key, Decision::Confirm).unwrap();
    }
    assert_eq!((state().status, state().next), (Status::Confirmed, Some(NextAction::Recheck)));
    assert!(matches!(inform(), Err(StoreError::Review(Refusal::NotRechecked))));
    assert!(retest().unwrap().agrees);
    assert_eq!((state().rechecks, state().next), (1, Some(NextAction::Inform)));
    inform().unwrap();
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn a_requested_retest_is_answered_by_a_typing_that_agrees() {
    let Reviewed { lab, pairs } = reviewed();
    let store = open(&lab, "store");
    let (a, b) = (enrolled(&store, "A"), enrolled(&store, "B"));
    let state = || store.review_states().unwrap().remove(&pairs[0]).unwrap();
    decide(&store, pairs[0], &a, Decision::Retest).unwrap();
    assert_eq!((state().status, state().next), (Status::RetestRequested, Some(NextAction::Retest)));
    let number = number(&lab, pairs[0].1);
    again(&lab, &number, &number, "further.csv").ends(0);
    assert_eq!((state().status, state().next), (Status::InReview, Some(NextAction::Decide)));
    lab.run(&["review", "due"]).ends(0).says(&["decide: since "]);
    let history = lab.run(&["review", "show", &pairs[0].0.to_string(), &pairs[0].1.to_string()]).ends(0).out;
    assert!(history.contains("typing") && history.contains("agrees; "), "{history}");
    assert_eq!(decide(&store, pairs[0], &b, Decision::Confirm).unwrap().status, Status::ConfirmedOnce);
}

#[test]
fn confirmed_pairs_that_contradict_each_other_are_named_and_no_family_is_informed() {
    let Reviewed { lab, pairs } = reviewed();
    let decide = two_at_the_terminal(&lab);
    let store = open(&lab, "store");
    let (family, child) = pairs[0];
    let other = pairs.iter().find(|pair| pair.0 != family && pair.1 != child).unwrap();
    // Another child of the family, and another family of the child; neither pair is a candidate.
    let (second_child, second_family) = ((family, other.1), (other.0, child));
    assert!(!pairs.contains(&second_child) && !pairs.contains(&second_family));
    let confirm = |pair| {
        let once = decide(0, pair, "confirm", "case-facts-fit").ends(0);
        (once, decide(1, pair, "confirm", "case-facts-fit").ends(0))
    };
    let (once, twice) = confirm(pairs[0]);
    assert!(!once.err.contains("warning") && !twice.err.contains("warning"), "{}{}", once.err, twice.err);
    let number = number(&lab, child);
    again(&lab, &number, &number, "further.csv").ends(0);
    let next = |pair| store.review_states().unwrap().remove(&pair).unwrap().next;
    assert_eq!(next(pairs[0]), Some(NextAction::Inform));
    let show = |(family, child): (Pseudonym, Pseudonym), format| {
        lab.run(&["review", "show", &family.to_string(), &child.to_string(), "--format", format]).ends(0)
    };
    // It shows before anybody decides, and the warning says which pair.
    let never = "conflict: never a candidate of a run";
    let shown = flat(&show(second_child, "table").out);
    assert!(shown.contains(never) && shown.contains("another child was confirmed for the family"), "{shown}");
    let warned = decide(0, second_child, "confirm", "case-facts-fit").ends(0);
    for part in [
        "warning: never a candidate of a run; check both",
        "warning: another child was confirmed",
        "the LR is below 1 (log10 LR -",
        &child.to_string(),
    ] {
        assert!(flat(&warned.err).contains(part), "{part}: {}", warned.err);
    }
    // What everybody sees is the same for a refutation, which is not warned of.
    let seen = show(second_child, "json").json();
    assert_eq!(seen["review"]["conflicts"][1]["child"], child.to_string());
    let refuted = decide(1, second_child, "refute", "case-facts-contradict").ends(0);
    assert!(!refuted.err.contains("warning"), "{}", refuted.err);
    assert_eq!(next(pairs[0]), Some(NextAction::Inform), "the other pair is not confirmed");
    confirm(second_child);
    let warned = flat(&confirm(second_family).1.err);
    assert!(warned.contains("warning: the child was confirmed for another family"), "{warned}");
    for pair in [pairs[0], second_child, second_family] {
        assert_eq!(next(pair), Some(NextAction::ResolveConflict));
    }
    for (command, parts) in [
        ("list", ["conflict: another child was", never, "next resolve-conflict"]),
        ("due", ["resolve-conflict: since ", "conflict: the child was confirmed for another family", never]),
    ] {
        let out = flat(&lab.run(&["review", command]).ends(0).out);
        parts.iter().for_each(|part| assert!(out.contains(part), "{part}: {out}"));
    }
    for words in [["review", "list"], ["review", "due"]] {
        for line in lab.run(&words).ends(0).out.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
    let csv = lab.run(&["review", "due", "--format", "csv"]).ends(0).out;
    assert!(csv.lines().any(|line| line.contains(",family-confirmed child-confirmed,")), "{csv}");
    let today = &today();
    let inform = || lab.run(&["review", "step", &family.to_string(), &child.to_string(), "informed", "--date", today]);
    let [named_child, named_family] = [other.1.to_string(), other.0.to_string()];
    let refused = flat(&inform().ends(2).err);
    for part in
        [&named_child[..], &named_family, "another pair with the same family or child was confirmed", "must refute one"]
    {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    // A confirmed pair in conflict may be refuted on the same basis, by two.
    decide(0, second_child, "refute", "case-facts-contradict").ends(0);
    decide(1, second_child, "refute", "case-facts-contradict").ends(0).says(&["the pair is refuted"]);
    let history = flat(&show(second_child, "table").out);
    assert!(history.contains("conflict family-confirmed"), "{history}");
    inform().ends(2).says(&["another pair with the same family"]);
    // One decision, or a request for a retest, does not end the conflict.
    decide(0, second_family, "refute", "case-facts-contradict").ends(0);
    inform().ends(2).says(&["another pair with the same family"]);
    decide(1, second_family, "refute", "case-facts-contradict").ends(0);
    assert!(!show(second_family, "table").out.contains("conflict: "), "what is refuted is in no conflict");
    inform().ends(0);
    decide(0, pairs[0], "refute", "case-facts-contradict").ends(2).says(&["the pair is already confirmed"]);
    lab.run(&["verify"]).ends(0);
}

#[test]
fn what_follows_informing_is_recorded_with_a_warning_if_the_basis_changed() {
    let Reviewed { lab, pairs } = reviewed();
    let store = open(&lab, "store");
    let (a, b) = (enrolled(&store, "A"), enrolled(&store, "B"));
    let (family, child) = (pairs[0].0.to_string(), pairs[0].1.to_string());
    for key in [&a, &b] {
        decide(&store, pairs[0], key, Decision::Confirm).unwrap();
    }
    let number = number(&lab, pairs[0].1);
    again(&lab, &number, &number, "further.csv").ends(0);
    let today = &today();
    let step = |word: &str| lab.run(&["review", "step", &family, &child, word, "--date", today]);
    step("informed").ends(0);
    // The profile is replaced: the comparisons before do not count, and the history says so.
    contradicting(&lab, &number, 4, "replaced.csv", &["--on-conflict", "replace"]).ends(0);
    let warned = step("recognised").ends(0);
    warned.says(&["changed since the pair was decided: profiles", "no second typing", "recorded: recognised on "]);
    contradicting(&lab, &number, 2, "other.csv", &["--on-conflict", "add"]).ends(0);
    step("handed-over").ends(0).says(&["warning: the pair is not confirmed any more"]);
    let shown = flat(&lab.run(&["review", "show", &family, &child]).ends(0).out);
    for part in ["changed: profiles", "warning: basis-changed, not-rechecked", "warning: not-confirmed", "reopened"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let history = lab.run(&["review", "show", &family, &child, "--format", "json"]).ends(0).json();
    let all = history["history"].as_array().unwrap();
    let doubts = |kind: &str| all.iter().find(|row| row["step"] == kind).unwrap()["doubts"].to_string();
    assert_eq!(doubts("informed"), "[]");
    assert_eq!(doubts("recognised"), r#"["basis-changed","not-rechecked"]"#);
    let due = lab.run(&["review", "due"]).ends(0).out;
    assert!(due.contains("decide-again: since ") && due.contains("last step with the family: handed-over"), "{due}");
    let due = lab.run(&["review", "due", "--format", "csv"]).ends(0).out;
    assert!(due.lines().any(|line| line.contains(",handed-over,reviewer,0,")), "{due}");
    lab.run(&["verify"]).ends(0);
}

#[test]
fn a_match_with_tampered_reviews_records_nothing() {
    let Reviewed { lab, pairs } = reviewed();
    {
        let store = open(&lab, "store");
        let a = enrolled(&store, "A");
        decide(&store, pairs[0], &a, Decision::Confirm).unwrap();
    }
    lab.import("children", "more.csv", lab.read("files/children.csv"), &["--on-conflict", "keep"]).ends(0);
    let tamper = "DROP TRIGGER review_is_not_edited; UPDATE review_event SET signature = zeroblob(64)";
    lab.database("store").execute_batch(tamper).unwrap();
    let count = || -> (i64, i64, i64) {
        let database = lab.database("store");
        let of =
            |table: &str| database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        (of("run"), of("audit"), of("lost"))
    };
    let before = count();
    for words in [&["match", "--full"][..], &["match", "--min-log10-lr", "2"], &["candidates"]] {
        let said = lab.run(words).ends(2).says(&["damaged or were tampered with", "reunite verify"]);
        assert_eq!(said.out, "", "{words:?}");
    }
    assert_eq!(count(), before);
}

#[test]
fn a_process_that_remembers_the_audit_chain_sees_what_is_added_and_notices_what_is_cut_off() {
    let Reviewed { lab, pairs } = reviewed();
    let decide = two_at_the_terminal(&lab);
    let store = open(&lab, "store").remembering();
    let events = || store.state_of_pair(pairs[0].0, pairs[0].1).map(|state| state.1);
    assert_eq!(events().unwrap(), 0);
    decide(0, pairs[0], "confirm", "profiles-agree").ends(0);
    assert_eq!(events().unwrap(), 1, "by another process");
    lab.run(&["review", "role", "R2", "analyst"]).ends(0);
    assert_eq!(store.roll().unwrap().0[1].role, Role::Analyst);
    decide(1, pairs[0], "confirm", "profiles-agree").ends(2);
    lab.run(&["review", "role", "R2", "reviewer"]).ends(0);
    decide(1, pairs[0], "confirm", "profiles-agree").ends(0);
    assert_eq!(events().unwrap(), 2);
    // The end of the chain, which the process has read already, is cut off.
    lab.database("store")
        .execute_batch(
            "DROP TRIGGER audit_is_not_cut; DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)",
        )
        .unwrap();
    assert!(matches!(events(), Err(StoreError::Ledger(LedgerError::Review(_)))), "{:?}", events());
}
