//! A backup of a store in use is one state of it, opens for its recipients alone, and is restored wholly or not at all.

mod damaged;
mod disturbed;
mod hostile;
mod in_use;

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use crate::common::rotation::{custodian, files_with};
use crate::common::{Lab, Said, counts, everything_in, reunite};

/// A store with reviews, a vault, a map, a second table, a withdrawn family and two runs; the custodian's identity.
fn full() -> (Lab, String) {
    let lab = Lab::new();
    let (identity, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    lab.synth("files", 40, 300, 1);
    lab.synth("more", 2, 50, 2);
    lab.write("more.csv", lab.read("more/children.csv").replace("\nC", "\nD"));
    lab.run(&["import", &lab.name("files/families.csv"), &lab.name("files/children.csv")]).ends(0);
    lab.run(&["match"]).ends(0);
    let map = lab.write("map.toml", "[columns]\nNr = 'sample_id'\n");
    lab.run(&["maps", "set", "Jinan", &map]).ends(0);
    let table = lab.write("table.csv", include_str!("../../fixtures/frequencies_chinese_han_23.csv"));
    lab.run(&["frequencies", "add", "other", &table, "--reason", "a second table"]).ends(0);
    let pairs = lab.run(&["candidates", "--format", "csv"]).ends(0).out;
    let pair: Vec<&str> = pairs.lines().nth(1).unwrap().split(',').take(2).collect();
    let passphrase = secret(&lab, "passphrase", "a passphrase of ours");
    let with = ["--passphrase-file", passphrase.as_str()];
    reunite(&[&["review", "key", "--out", &lab.name("r1")], &with[..]].concat()).ends(0);
    lab.run(&["review", "enrol", "--staff", "R1", "--public-key", &lab.name("r1.pub")]).ends(0);
    let decide = ["review", "decide", pair[0], pair[1], "--decision", "confirm", "--code", "profiles-agree"];
    lab.run(&[&decide[..], &["--key", &lab.name("r1")], &with[..]].concat()).ends(0);
    let other = pairs.lines().nth(3).unwrap().split(',').next().unwrap();
    lab.run(&["families", "withdraw", other, "--cause", "consent"]).ends(0);
    lab.run(&["match"]).ends(0);
    (lab, identity)
}

/// Writes a file that only its owner can read.
fn secret(lab: &Lab, name: &str, text: &str) -> String {
    let file = lab.write(name, text);
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    file
}

fn restore(lab: &Lab, file: &str, store: &str, identity: &str) -> Said {
    lab.run_on(store, &["restore", &lab.name(file), "--identity", identity])
}

/// What a user sees of a store.
fn seen(lab: &Lab, store: &str) -> Vec<String> {
    let lists: [&[&str]; 8] = [
        &["candidates", "--format", "csv"],
        &["runs", "--format", "json"],
        &["families", "list", "--withdrawn", "--format", "csv"],
        &["review", "list", "--format", "json"],
        &["review", "reviewers", "--format", "json"],
        &["frequencies", "list", "--format", "json"],
        &["maps", "show", "Jinan"],
        &["vault", "recipients", "list"],
    ];
    let verified = counts(&lab.run_on(store, &["verify"]).ends(0));
    lists.iter().map(|list| lab.run_on(store, list).ends(0).out).chain([verified]).collect()
}

/// Returns the names of files in a folder that do not belong to a store or a test.
fn leftovers(lab: &Lab) -> Vec<String> {
    let names = fs::read_dir(lab.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).filter(|name| name.starts_with(".reunite")).collect()
}

/// Opens a backup by the guide alone, and returns its parts.
fn parts(file: &[u8], identity: &str) -> Vec<(String, Vec<u8>)> {
    let identity: age::x25519::Identity = identity.trim().parse().unwrap();
    let decryptor = age::Decryptor::new(file).unwrap();
    let mut text = Vec::new();
    decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).unwrap().read_to_end(&mut text).unwrap();
    let mut rest = text.strip_prefix(b"reunite-backup-1\n").unwrap();
    let mut parts = Vec::new();
    let mut index = Vec::new();
    loop {
        let (size, after) = rest.split_first_chunk::<2>().unwrap();
        index.extend(size);
        let size = usize::from(u16::from_le_bytes(*size));
        if size == 0 {
            let (number, digest) = after.split_first_chunk::<8>().unwrap();
            assert_eq!(u64::from_le_bytes(*number), parts.len() as u64);
            index.extend(number);
            assert_eq!(blake3::hash(&index).as_bytes(), digest);
            return parts;
        }
        let (name, after) = after.split_at(size);
        let (length, after) = after.split_first_chunk::<8>().unwrap();
        let (content, after) = after.split_at(u64::from_le_bytes(*length) as usize);
        let (digest, after) = after.split_first_chunk::<32>().unwrap();
        assert_eq!(blake3::hash(content).as_bytes(), digest);
        index.extend([name, length, digest].concat());
        parts.push((String::from_utf8(name.to_vec()).unwrap(), content.to_vec()));
        rest = after;
    }
}

#[test]
fn a_restored_store_is_the_one_that_was_backed_up() {
    let (lab, identity) = full();
    let before = seen(&lab, "store");
    let said = lab.run(&["backup", &lab.name("file"), "--reason", "weekly"]).ends(0);
    said.says(&["sealed for 1 recipient and read back", "40 families, 300 children"]);
    assert_eq!(fs::metadata(lab.path("file")).unwrap().permissions().mode() & 0o7777, 0o600);
    let digest = blake3::hash(&fs::read(lab.path("file")).unwrap()).to_string();
    let records = |store: &str| -> Vec<serde_json::Value> {
        let listed = lab.run_on(store, &["audit", "list", "--format", "json"]).ends(0).json();
        listed["records"].as_array().unwrap().clone()
    };
    let chain = records("store");
    let last = &chain[chain.len() - 2..];
    assert_eq!((&last[0]["details"]["outcome"], &last[1]["details"]["outcome"]), (&"begun".into(), &"done".into()));
    assert_eq!((&last[1]["details"]["blake3"], &last[1]["reason"]), (&digest.as_str().into(), &"weekly".into()));
    assert!(!chain.iter().any(|record| record["details"].to_string().contains(&lab.name(""))), "no path is recorded");
    let said = restore(&lab, "file", "restored", &identity).ends(0);
    said.says(&["40 families, 300 children; last match: run 2,", &digest, "generation "]);
    // The chain goes on from the record of the backup's beginning.
    let restored = records("restored");
    assert_eq!(restored[..restored.len() - 1], chain[..chain.len() - 1]);
    let last = restored.last().unwrap();
    assert_eq!((&last["command"], &last["details"]["blake3"]), (&"restore".into(), &digest.as_str().into()));
    assert_eq!(seen(&lab, "restored"), before);
    for path in everything_in(&lab.path("restored")) {
        let name = path.strip_prefix(lab.path("restored")).unwrap();
        let found = fs::metadata(&path).unwrap().permissions();
        assert_eq!(found.mode() & 0o7777, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        if path.is_file() && !name.starts_with("index") && !name.to_str().unwrap().starts_with("l") {
            assert_eq!(fs::read(&path).unwrap(), fs::read(lab.path("store").join(name)).unwrap(), "{}", path.display());
        }
    }
    // What is new is compared in both in the same way, also by the sealed numbers.
    let more = lab.name("more.csv");
    let matched = |store: &str| {
        lab.run_on(store, &["import", "--as", "children", &more]).ends(0);
        lab.run_on(store, &["match"]).ends(0).digest()
    };
    assert_eq!(matched("restored"), matched("store"));
    assert_eq!(lab.run_on("restored", &["runs", "--format", "json"]).json()["runs"][2]["mode"], "delta");
    assert_eq!(leftovers(&lab), [""; 0]);
}

#[test]
fn a_backup_holds_no_key_and_nothing_in_the_clear() {
    let (lab, identity) = full();
    // What does not belong to a store, a key for example, is left out.
    fs::copy(lab.path("key"), lab.path("store/forgotten-key")).unwrap();
    lab.run(&["backup", &lab.name("file")]).ends(0).says(&["not in the backup: forgotten-key"]);
    let file = fs::read(lab.path("file")).unwrap();
    assert!(file.starts_with(b"age-encryption.org/v1\n"));
    let listed = lab.run(&["candidates", "--format", "csv"]).ends(0).out;
    let pseudonyms: Vec<String> =
        listed.lines().skip(1).flat_map(|line| line.split(',').take(2).map(str::to_owned)).collect();
    fs::create_dir(lab.path("sealed")).unwrap();
    fs::copy(lab.path("file"), lab.path("sealed/file")).unwrap();
    assert_eq!(files_with(&lab.path("sealed"), &pseudonyms), [""; 0]);
    let parts = parts(&file, &lab.read("identity"));
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..2], ["backup.json", "reunite.toml"]);
    assert!(names.contains(&"ledger.db") && names.iter().filter(|name| name.starts_with("vault/")).count() == 2);
    assert!(names.iter().filter(|name| name.starts_with("frequencies")).count() == 2 && names.len() == 7, "{names:?}");
    let text = lab.read("key");
    let digits = text.trim().rsplit(' ').next().unwrap();
    let bytes: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()).collect();
    for (name, content) in &parts {
        assert!(!content.windows(32).any(|window| window == bytes), "{name}");
        assert!(!content.windows(64).any(|window| window == digits.as_bytes()), "{name}");
    }
    let ledger = &parts.iter().find(|(name, _)| name == "ledger.db").unwrap().1;
    assert!(reunite::ledger::ENCRYPTS || ledger.starts_with(b"SQLite format 3\0"));
    restore(&lab, "file", "restored", &identity).ends(0);
    assert!(!lab.path("restored/forgotten-key").exists());
}

#[test]
fn a_backup_opens_for_its_recipients_or_with_its_passphrase_alone() {
    let lab = Lab::with_population(5, 20);
    let [(first, to_first), (second, to_second), (stranger, _)] = ["a", "b", "c"].map(|name| custodian(&lab, name));
    let file = lab.name("file");
    lab.run(&["backup", &file]).ends(2).says(&["has no custodian", "give --recipient or --passphrase-file"]);
    lab.run(&["backup", &file, "--recipient", "age1none"]).ends(2);
    let [short, passphrase, other] =
        [("short", "short"), ("pass", "a passphrase of ours"), ("other", "another passphrase")]
            .map(|(name, text)| secret(&lab, name, text));
    lab.run(&["backup", &file, "--passphrase-file", &short]).ends(2).says(&["too short"]);
    assert!(!lab.path("file").exists());
    lab.run(&["backup", &file, "--recipient", &to_first, "--recipient", &to_second]).ends(0).says(&["2 recipients"]);
    lab.run(&["backup", &lab.name("by-word"), "--passphrase-file", &passphrase]).ends(0);
    let by_word = |word: &str| lab.run_on("restored", &["restore", &lab.name("by-word"), "--passphrase-file", word]);
    restore(&lab, "file", "restored", &stranger).ends(2).says(&["it is sealed for other recipients", "file"]);
    restore(&lab, "by-word", "restored", &first).ends(2).says(&["give --passphrase-file instead"]);
    by_word(&other).ends(2).says(&["the passphrase does not open it"]);
    lab.run_on("restored", &["restore", &file, "--passphrase-file", &passphrase]).ends(2).says(&["give --identity"]);
    restore(&lab, "none", "restored", &first).ends(2).says(&["cannot read"]);
    restore(&lab, "files", "restored", &first).ends(2).says(&["not a file"]);
    assert!(!lab.path("restored").exists());
    for (at, identity) in [&first, &second].into_iter().enumerate() {
        restore(&lab, "file", &format!("restored{at}"), identity).ends(0);
    }
    by_word(&passphrase).ends(0);
    // Nothing is written over, not even an empty folder.
    by_word(&passphrase).ends(2).says(&["exists already; a store is restored into a folder"]);
    fs::create_dir(lab.path("empty")).unwrap();
    restore(&lab, "file", "empty", &first).ends(2).says(&["exists already"]);
    lab.run(&["backup", &file, "--recipient", &to_first]).ends(2).says(&["exists already"]);
    lab.run(&["backup", &lab.name("store/backup"), "--recipient", &to_first]).ends(2);
    assert_eq!(leftovers(&lab), [""; 0]);
    assert_eq!(fs::read_dir(lab.path("empty")).unwrap().count(), 0);
}

#[test]
fn a_store_with_a_damaged_vault_is_backed_up_and_restored_with_a_warning() {
    let (lab, identity) = full();
    let sealed = everything_in(&lab.path("store/vault"));
    let mut sealed: Vec<_> = sealed.into_iter().filter(|path| path.is_file()).collect();
    sealed.sort();
    fs::write(&sealed[0], "damaged").unwrap();
    fs::remove_file(&sealed[1]).unwrap();
    lab.run(&["backup", &lab.name("file")]).ends(1).says(&["was changed; restore it", "cannot read the vault file"]);
    restore(&lab, "file", "restored", &identity).ends(1).says(&["vault: ", "was changed; restore it"]);
    lab.run_on("restored", &["verify"]).ends(1);
    // A damaged ledger or table is no backup.
    let ledger = lab.path("store/ledger.db");
    let mut bytes = fs::read(&ledger).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&ledger, &bytes).unwrap();
    lab.run(&["backup", &lab.name("again")]).ends(2).says(&["was changed since this program last wrote it"]);
    bytes[middle] ^= 1;
    fs::write(&ledger, &bytes).unwrap();
    fs::write(lab.path("store/frequencies.csv"), lab.read("table.csv").replacen("0.", "0.0", 1)).unwrap();
    lab.run(&["backup", &lab.name("again")]).ends(2);
    assert!(!lab.path("again").exists());
}
