//! Everybody who knows a custodian's recipient can seal anything for him: no content of a backup leads out of the new
//! store, takes the memory, or passes for another store.

use std::fs;
use std::io::Write;

use super::{full, leftovers, parts, restore};
use crate::common::{Lab, everything_in};

/// A part as it is written: its name, its length and its content.
struct Part(Vec<u8>, u64, Vec<u8>);

fn part(name: &str, content: &[u8]) -> Part {
    Part(name.as_bytes().to_vec(), content.len() as u64, content.to_vec())
}

/// Seals parts in the form of a backup.
fn sealed(lab: &Lab, form: &[u8], parts: &[Part]) -> Vec<u8> {
    let mut text = form.to_vec();
    let mut index = Vec::new();
    for Part(name, length, content) in parts {
        let size = u16::try_from(name.len()).unwrap().to_le_bytes();
        let digest = blake3::hash(content);
        text.extend([&size[..], name, &length.to_le_bytes(), content, digest.as_bytes()].concat());
        index.extend([&size[..], name, &length.to_le_bytes(), digest.as_bytes()].concat());
    }
    let end = [&[0; 2][..], &(parts.len() as u64).to_le_bytes()].concat();
    index.extend(&end);
    text.extend([&end[..], blake3::hash(&index).as_bytes()].concat());
    let identity: age::x25519::Identity = lab.read("identity").trim().parse().unwrap();
    let recipient = identity.to_public();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).unwrap();
    let mut writer = encryptor.wrap_output(Vec::new()).unwrap();
    writer.write_all(&text).unwrap();
    writer.finish().unwrap()
}

#[test]
fn a_backup_with_hostile_content_is_refused() {
    const FORM: &[u8] = b"reunite-backup-1\n";
    let (lab, identity) = full();
    lab.run(&["backup", &lab.name("file")]).ends(0);
    let sound = parts(&fs::read(lab.path("file")).unwrap(), &lab.read("identity"));
    let all = || -> Vec<Part> { sound.iter().map(|(name, content)| part(name, content)).collect() };
    let before = everything_in(&lab.path(".")).len() + 1;
    let refused = |what: &str, form: &[u8], parts: &[Part], told: &str| {
        lab.write("bad", sealed(&lab, form, parts));
        let said = restore(&lab, "bad", "restored", &identity).ends(2);
        assert!(said.err.contains(told), "{what}: {}", said.err);
        assert!(!lab.path("restored").exists() && leftovers(&lab).is_empty(), "{what}");
        assert_eq!(everything_in(&lab.path(".")).len(), before, "{what}");
    };
    lab.write("bad", sealed(&lab, FORM, &all()));
    restore(&lab, "bad", "sound", &identity).ends(0);
    fs::remove_dir_all(lab.path("sound")).unwrap();

    refused("another version", b"reunite-backup-2\n", &all(), "another version");
    refused("something else", b"a picture of a c\n", &all(), "it is not a backup");
    let outside = lab.name("outside.csv");
    for name in [
        "../outside.csv",
        &outside,
        "vault/../../outside.csv",
        "vault/../ledger.db",
        "index/children.idx",
        "vault",
        "vault/",
        "vault/x.sealed",
        ".",
        "..",
        "./frequencies.csv",
        "lock",
        "ledger.db-wal",
        "ledger.db.seal",
        "key",
        ".hidden.csv",
        "a\0b.csv",
        "a/b.csv",
        &"x".repeat(300),
    ] {
        for at in [2, sound.len()] {
            let mut parts = all();
            parts.insert(at, part(name, b"content"));
            refused(name, FORM, &parts, "holds a part that no store has");
        }
    }
    let mut parts = all();
    parts.insert(2, Part(vec![0xff, 0xfe], 1, vec![1]));
    refused("a name that is no text", FORM, &parts, "holds a part that no store has");
    for name in ["ledger.db", "frequencies.csv", "reunite.toml", "backup.json"] {
        let mut parts = all();
        parts.push(part(name, b"content"));
        refused(name, FORM, &parts, "twice");
        let without = all().into_iter().filter(|part| part.0 != name.as_bytes()).collect::<Vec<_>>();
        let told = if name == "ledger.db" { "not in its place" } else { "is missing" };
        refused(name, FORM, &without, told);
    }
    refused("nothing", FORM, &[], "is missing");
    let mut parts = all();
    parts.push(part("later.csv", b"content"));
    refused("a table behind the ledger", FORM, &parts, "not in its place");
    for at in 0..sound.len() {
        for length in [u64::MAX, 1 << 62, 1 << 40] {
            let mut parts = all();
            parts[at].1 = length;
            // The small parts are read into memory, and the others to the end of the file.
            refused(
                &sound[at].0,
                FORM,
                &parts,
                if at < 2 || sound[at].0.ends_with(".csv") { "too large" } else { "cut short" },
            );
        }
        let mut parts = all();
        parts[at].1 = parts[at].1.saturating_sub(1);
        lab.write("bad", sealed(&lab, FORM, &parts));
        restore(&lab, "bad", "restored", &identity).ends(2);
    }
    for (at, text) in [(0, "{}"), (0, "no json"), (1, "no = 'settings'"), (1, "\u{0}")] {
        let mut parts = all();
        parts[at] = part(&sound[at].0, text.as_bytes());
        refused(text, FORM, &parts, "is invalid");
    }
    let about: serde_json::Value = serde_json::from_slice(&sound[0].1).unwrap();
    for (field, value) in [
        ("store_id", "00".repeat(16).into()),
        ("generation", 99.into()),
        ("audit_records", 1.into()),
        ("audit_head", "00".repeat(32).into()),
    ] {
        let mut changed = about.clone();
        changed[field] = value;
        let mut parts = all();
        parts[0] = part("backup.json", changed.to_string().as_bytes());
        refused(field, FORM, &parts, "is not the one that was backed up");
    }
    let settings = String::from_utf8(sound[1].1.clone()).unwrap();
    for (text, told) in [
        (settings.replace("store_version = 1", "store_version = 2"), "layout version 2"),
        (settings.replace("file = \"frequencies.csv\"", "file = \"../outside.csv\""), "is missing"),
        (settings.clone() + "\n[access]\ngroup = \"no such group\"\nmembers = \"write\"\n", "no group"),
    ] {
        assert_ne!(text, settings);
        let mut parts = all();
        parts[1] = part("reunite.toml", text.as_bytes());
        refused(told, FORM, &parts, told);
    }
    let at = sound.iter().position(|(name, _)| name == "ledger.db").unwrap();
    for ledger in [&b""[..], b"no ledger", &sound[at].1[..sound[at].1.len() / 2]] {
        let mut parts = all();
        parts[at] = part("ledger.db", ledger);
        lab.write("bad", sealed(&lab, FORM, &parts));
        restore(&lab, "bad", "restored", &identity).ends(2);
        assert!(!lab.path("restored").exists() && leftovers(&lab).is_empty());
    }
    assert!(!lab.path("outside.csv").exists());
}
