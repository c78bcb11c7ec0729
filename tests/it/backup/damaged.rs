//! A backup that was changed anywhere, or is cut short, is not restored, and nothing of it is left.

use std::fs;

use super::{full, leftovers, restore};
use crate::common::Numbers;

#[test]
fn a_changed_or_shortened_backup_is_refused() {
    let (lab, identity) = full();
    lab.run(&["backup", &lab.name("file")]).ends(0);
    let whole = fs::read(lab.path("file")).unwrap();
    let refused = |bytes: &[u8], what: &str| {
        lab.write("bad", bytes);
        let said = restore(&lab, "bad", "restored", &identity).ends(2);
        let told = ["cut short", "was changed", "sealed for other recipients"];
        assert!(told.iter().any(|told| said.err.contains(told)) && said.err.contains("bad"), "{what}: {}", said.err);
        assert!(!lab.path("restored").exists() && leftovers(&lab).is_empty(), "{what}");
    };
    for part in 0..50 {
        let length = whole.len() * part / 50;
        refused(&whole[..length], &format!("{length} bytes"));
    }
    refused(&whole[..whole.len() - 1], "the last byte is missing");
    let mut numbers = Numbers(5);
    // The first bytes are the header, which is not encrypted.
    let mut places: Vec<usize> = (0..400).step_by(23).chain([whole.len() - 1]).collect();
    places.extend((0..40).map(|_| numbers.below(whole.len())));
    for at in places {
        let mut changed = whole.clone();
        changed[at] ^= 1 << numbers.below(8);
        refused(&changed, &format!("byte {at}"));
    }
    refused(&[&whole[..], b"more"].concat(), "something follows");
    refused(&[&whole[..], &whole[..]].concat(), "another backup follows");
    restore(&lab, "file", "restored", &identity).ends(0);
}
