//! The key of a store changes while its pages are open.

use std::collections::HashSet;

use super::client::{PASSPHRASE, Served, enrol, rows};
use crate::common::rotation::{Matched, files_with, rotate};
use reunite::ledger::ENCRYPTS;

#[test]
fn a_key_is_rotated_under_open_pages_and_they_go_on_with_the_new_one() {
    let matched = Matched::new(40, 200);
    let Matched { lab, identity, .. } = &matched;
    enrol(lab);
    let mut served = Served::new(lab, &[]);
    let (mut one, mut two) = (served.signed_in("R1"), served.signed_in("R2"));
    let before = rows(&one.get("/candidates"));
    assert_eq!(one.decide(&before[0], "confirm", "profiles-agree", PASSPHRASE).status, 200);
    one.get("/import");
    let file = lab.read("files/children.csv").replace("C00", "D00");
    assert_eq!(one.upload("a.csv", file.as_bytes(), &[("holds", "children")]).status, 303);
    let number = one.get("/import").field("number").unwrap();
    let (old, counted) = (matched.names(), lab.counts());

    // The server has the ledger open.
    rotate(lab, identity).ends(0).says(&["changed the key of the store"]);
    assert_eq!(files_with(&lab.path("store"), old.values()), [""; 0]);
    // With the old key nothing is imported, and no old name is shown.
    one.post("/import/confirm", &[("number", &number)]);
    assert_eq!(one.get(&before[0]).status, if ENCRYPTS { 500 } else { 404 });
    let listed = one.get("/candidates");
    assert_eq!(listed.status, if ENCRYPTS { 500 } else { 200 });
    let names: HashSet<String> = before.iter().flat_map(|pair| pair.split('/').skip(2).map(str::to_owned)).collect();
    assert!(!names.iter().any(|name| listed.body.contains(name.as_str())));

    // The new key in the place of the old one: the server goes on without a new start.
    matched.use_new_key();
    let after = rows(&one.get("/candidates"));
    assert_eq!((after.len(), lab.counts()), (before.len(), counted.clone()));
    assert!(!after.iter().any(|pair| names.iter().any(|name| pair.contains(name.as_str()))));
    let waiting = rows(&two.get("/waiting"));
    assert_eq!(waiting.len(), 1, "the decision is still there, and waits for the second one");
    assert!(one.get(&waiting[0]).body.contains("Your decision, which waits"));
    assert!(two.decide(&waiting[0], "confirm", "profiles-agree", PASSPHRASE).body.contains("confirmed"));
    one.get("/import");
    assert_eq!(one.upload("a.csv", file.as_bytes(), &[("holds", "children")]).status, 303);
    let number = one.get("/import").field("number").unwrap();
    one.post("/import/confirm", &[("number", &number)]);
    assert!(one.get("/import").body.contains("The file is imported"));
    assert_ne!(lab.counts(), counted);
    lab.run(&["verify"]).ends(0).says(&["audit chain: sound"]);
    assert_eq!(served.end(), Some(0));
    assert_eq!(files_with(&lab.path("store"), old.values()), [""; 0]);
    lab.run(&["verify"]).ends(0).says(&["audit chain: sound"]);
}
