//! A store gets another key: everyone has another pseudonym, nobody's candidates change, no old pseudonym is left, and
//! whenever the command dies, exactly one of the two keys is right.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use age::secrecy::ExposeSecret;
use common::{Lab, Numbers, Said, copy, counts, everything_in, reunite};
use rusqlite::Connection;

/// A relative in two families, and an agency: each has a sub-key of its own.
const SHARED: &str = "family_id,sample_id,relation,sex,agency,vWA,FGA\nN1,A,mother,f,鲁公安,14/15,22\n\
                      N1,S,father,m,鲁公安,14,22/23\nN2,S,father,m,鲁公安,14,22/23\nN3,S,father,m,,16,21\n";

/// A custodian's identity file, and the recipient.
fn custodian(lab: &Lab, name: &str) -> (String, String) {
    let identity = age::x25519::Identity::generate();
    let file = lab.write(name, identity.to_string().expose_secret());
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    (file, identity.to_public().to_string())
}

/// What rotates a store of a lab to the key in the file `new`.
fn rotation(lab: &Lab, identity: &str) -> Vec<String> {
    let words = ["key", "rotate", "--reason", "the old key was shown", "--identity", identity, "--new-key-file"];
    words.into_iter().map(str::to_owned).chain([lab.name("new")]).collect()
}

fn rotate(lab: &Lab, identity: &str) -> Said {
    rotate_on(lab, "store", identity, &[])
}

fn rotate_on(lab: &Lab, store: &str, identity: &str, options: &[&str]) -> Said {
    let words = rotation(lab, identity);
    lab.run_on(store, &[&words.iter().map(String::as_str).collect::<Vec<_>>()[..], options].concat())
}

/// The columns of these names.
fn columns(text: &str, names: &[&str]) -> Vec<Vec<String>> {
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let header = cells(text.lines().next().unwrap());
    let at: Vec<usize> = names.iter().map(|name| header.iter().position(|one| one == name).unwrap()).collect();
    text.lines().skip(1).map(cells).map(|row| at.iter().map(|&at| row[at].clone()).collect()).collect()
}

/// A matched store with a custodian, the numbers of all its samples and families, and a child with a relative's profile.
struct Matched {
    lab: Lab,
    identity: String,
    samples: BTreeSet<String>,
    families: BTreeSet<String>,
}

impl Matched {
    fn new(families: usize, children: usize) -> Self {
        let lab = Lab::new();
        let (identity, recipient) = custodian(&lab, "identity");
        lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
        lab.synth("files", families, children, 1);
        reunite(&["key", "new", &lab.name("new")]).ends(0);
        let relatives = lab.read("files/families.csv");
        let header = relatives.lines().next().unwrap().to_owned();
        let loci: Vec<&str> =
            header.split(',').filter(|name| !["family_id", "sample_id", "relation", "sex"].contains(name)).collect();
        let wanted = [&["sex"], &loci[..]].concat();
        // A father with the most loci, and nobody beside him: as a child of his own he reaches the threshold.
        let rows = columns(&relatives, &[&["relation", "family_id"], &wanted[..]].concat());
        let alone = |row: &&Vec<String>| rows.iter().filter(|one| one[1] == row[1]).count() == 1;
        let fathers = rows.iter().filter(|row| row[0] == "father").filter(alone);
        let father = fathers.max_by_key(|row| row.iter().filter(|cell| !cell.is_empty()).count()).unwrap();
        let twin = father[2..].join(",");
        lab.write("twin.csv", format!("sample_id,{}\nTWIN,{twin}\n", wanted.join(",")));
        let matched = Self {
            identity,
            samples: columns(&relatives, &["sample_id"])
                .concat()
                .into_iter()
                .chain(columns(&lab.read("files/children.csv"), &["sample_id"]).concat())
                .chain(["TWIN".to_owned()])
                .collect(),
            families: columns(&relatives, &["family_id"]).concat().into_iter().collect(),
            lab,
        };
        matched.import("store", "added");
        matched.lab.run(&["match"]).ends(0);
        matched
    }

    /// Imports all files.
    #[track_caller]
    fn import(&self, store: &str, what: &str) {
        let lab = &self.lab;
        lab.write("shared.csv", SHARED);
        for (layout, file) in
            [("families", "files/families.csv"), ("children", "files/children.csv"), ("families", "shared.csv")]
        {
            lab.run_on(store, &["import", "--as", layout, &lab.name(file)]).ends(0).says(&[what]);
        }
        lab.run_on(store, &["import", "--as", "children", &lab.name("twin.csv")]).ends(0).says(&[what]);
    }

    /// The pseudonyms of everyone of whom a number is known, with the kind before the number, under the key in use.
    fn names(&self) -> BTreeMap<String, String> {
        let of = |kind: &str, ids: &BTreeSet<String>| {
            let all = self.lab.pseudonyms(kind, ids.iter().map(String::as_str));
            all.into_iter().map(|(id, pseudonym)| (format!("{kind} {id}"), pseudonym)).collect::<BTreeMap<_, _>>()
        };
        let mut all = of("sample", &self.samples);
        all.extend(of("family", &self.families));
        all
    }

    /// Candidates and identities with their numbers, under these names.
    fn pairs(&self, store: &str, names: &BTreeMap<String, String>) -> Vec<(String, f64)> {
        let by_pseudonym: BTreeMap<&str, &str> = names.iter().map(|(id, name)| (name.as_str(), id.as_str())).collect();
        let listed = self.lab.run_on(store, &["candidates", "--format", "json"]).ends(0).json();
        let (candidates, identities) = (&listed["candidates"], &listed["identities"]);
        assert!(candidates.as_array().unwrap().len() > 5 && !identities.as_array().unwrap().is_empty());
        let rows = [candidates, identities].into_iter().flat_map(|list| list.as_array().unwrap());
        let pair = |row: &serde_json::Value| {
            let row = row.as_object().unwrap();
            let lr = row["log10_lr"].as_f64().unwrap();
            let mut text = String::new();
            // New is what the last run brought.
            for (field, value) in row.iter().filter(|(field, _)| !["log10_lr", "new"].contains(&field.as_str())) {
                // Wherever one stands in it.
                let value = value.to_string();
                let parts: Vec<&str> =
                    value.split('"').map(|part| by_pseudonym.get(part).copied().unwrap_or(part)).collect();
                text += &format!("{field}={} ", parts.concat());
            }
            assert!(text.contains("family=family ") && text.contains("child=sample "), "{text}");
            (text, lr)
        };
        let mut all: Vec<(String, f64)> = rows.map(pair).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// From now on the key in `new` is used; the present one is in `old`.
    fn use_new_key(&self) {
        fs::rename(self.lab.path("key"), self.lab.path("old")).unwrap();
        fs::rename(self.lab.path("new"), self.lab.path("key")).unwrap();
    }
}

/// The files below a folder in which one of these pseudonyms stands, as bytes or as text.
fn files_with<'a>(folder: &Path, pseudonyms: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let (mut bytes, mut texts) = (HashSet::new(), HashSet::new());
    for pseudonym in pseudonyms {
        let pair = |i: usize| u8::from_str_radix(&pseudonym[2 * i..2 * i + 2], 16).unwrap();
        bytes.insert((0..16).map(pair).collect::<Vec<u8>>());
        texts.extend([pseudonym.as_bytes().to_vec(), pseudonym.to_uppercase().into_bytes()]);
    }
    let holds = |path: &Path| {
        let all = fs::read(path).unwrap();
        all.windows(16).any(|window| bytes.contains(window)) || all.windows(32).any(|window| texts.contains(window))
    };
    let files = everything_in(folder).into_iter().filter(|path| path.is_file() && holds(path));
    let mut names: Vec<String> =
        files.map(|path| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[track_caller]
fn same(a: &[(String, f64)], b: &[(String, f64)], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.0, b.0);
        assert!((a.1 - b.1).abs() <= tolerance, "{a:?} {b:?}");
    }
}

#[test]
fn everyone_has_another_pseudonym_and_the_same_candidates() {
    let matched = Matched::new(60, 300);
    let Matched { lab, identity, .. } = &matched;
    let store = lab.path("store");
    let (old, before) = (matched.names(), matched.pairs("store", &matched.names()));
    let (counted, digest) = (lab.counts(), lab.run(&["match"]).ends(0).digest());
    assert!(files_with(&store, old.values()).len() >= 4, "ledger, both indices and vault");
    copy(&lab.path("store/index"), &lab.path("index"));
    let said = rotate(lab, identity).ends(0).says(&["belongs to the key", "another digest", "keep a copy"]);
    assert!(!said.err.contains("AGE-SECRET"));
    assert_eq!(files_with(&store, old.values()), [""; 0]);
    let verified = lab.run(&["verify"]).ends(0).says(&["audit chain: sound", "vault: sound", "0 samples without"]);
    assert_eq!(counts(&verified), counted);
    for path in everything_in(&store) {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
    // The old key is told so, and brings nothing in.
    let children = lab.name("files/children.csv");
    lab.run(&["import", "--as", "children", &children]).ends(2).says(&["took the place of", "new key file"]);
    matched.use_new_key();
    let new = matched.names();
    let (was, is): (HashSet<&String>, HashSet<&String>) = (old.values().collect(), new.values().collect());
    assert!(was.is_disjoint(&is));
    // The numbers are bit for bit what they were.
    same(&matched.pairs("store", &new), &before, 0.0);
    // An index of before, which a crash may leave, is not taken for one of today.
    fs::remove_dir_all(lab.path("store/index")).unwrap();
    copy(&lab.path("index"), &lab.path("store/index"));
    let delta = lab.run(&["match"]).ends(0).says(&["it is not known what changed since the last run"]);
    let again = matched.pairs("store", &new);
    same(&again, &before, 1e-9);
    assert_eq!(lab.run(&["match", "--full"]).ends(0).digest(), delta.digest());
    assert_ne!(delta.digest(), digest);
    same(&matched.pairs("store", &new), &before, 1e-9);
    // Whom a file names is known under the new key: agencies, shared relatives, everyone.
    matched.import("store", "nothing changed");
    assert_eq!(lab.run(&["match"]).ends(0).digest(), delta.digest());
    assert_eq!(lab.counts(), counted);
    assert_eq!(files_with(&store, old.values()), [""; 0], "nor do they come back");
    let reidentify =
        |whom: &str| lab.run(&["reidentify", whom, "--identity", identity, "--reason", "a test", "--case-number", "1"]);
    assert!(reidentify(&new["sample TWIN"]).ends(0).out.contains("TWIN"));
    reidentify(&old["sample TWIN"]).ends(1);
    // Who had only the new key all along would get the same store.
    lab.run_on("fresh", &["init"]).ends(0);
    matched.import("fresh", "added");
    assert_eq!(lab.run_on("fresh", &["match"]).ends(0).digest(), delta.digest());
}

#[test]
fn it_is_recorded_without_names_and_hides_no_history() {
    let matched = Matched::new(40, 200);
    let Matched { lab, identity, .. } = &matched;
    let old = matched.names();
    lab.run(&["reidentify", &old["sample TWIN"], "--identity", identity, "--reason", "r", "--case-number", "1"])
        .ends(0);
    rotate(lab, identity).ends(0);
    matched.use_new_key();
    let new = matched.names();
    let listed = |about: &str| -> Vec<String> {
        let found = lab.run(&["audit", "list", "--about", about, "--format", "json"]).ends(0).json();
        let rows = found["records"].as_array().unwrap().iter();
        rows.map(|row| row["command"].as_str().unwrap().to_owned()).collect()
    };
    let all = lab.run(&["audit", "list", "--format", "json"]).ends(0).json();
    let rotations: Vec<&serde_json::Value> =
        all["records"].as_array().unwrap().iter().filter(|one| one["command"] == "key rotate").collect();
    assert_eq!(rotations.len(), 2, "begun, which counts by itself, and done");
    for (record, outcome) in rotations.iter().zip(["begun", "done"]) {
        let details = &record["details"];
        assert_eq!((&details["outcome"], &record["reason"]), (&outcome.into(), &"the old key was shown".into()));
        assert!(details["from"] != details["to"] && details["from"].as_str().unwrap().len() == 16);
    }
    assert_eq!(rotations[1]["details"]["samples"], matched.samples.len() + 3);
    let (of_old, of_new) = (listed(&old["sample TWIN"]), listed(&new["sample TWIN"]));
    assert!(of_old.contains(&"reidentify".to_owned()) && of_old.contains(&"key rotate".to_owned()), "{of_old:?}");
    assert_eq!(of_new, ["key rotate"]);
    lab.run(&["audit", "list", "--about", &new["sample TWIN"]]).ends(0).says(&["pseudonyms of the key before"]);
    let expunge = ["expunge", &new["sample TWIN"], "--reason", "consent was withdrawn"];
    lab.run(&expunge).ends(0).says(&["pseudonyms of the key before"]);
    assert_eq!(files_with(&lab.path("store"), [&old["sample TWIN"], &new["sample TWIN"]]), [""; 0]);
    lab.run(&["audit", "verify"]).ends(0);
}

#[test]
fn manifests_name_them_by_the_new_pseudonyms() {
    let lab = Lab::new();
    let (identity, recipient) = custodian(&lab, "identity");
    reunite(&["key", "new", &lab.name("new")]).ends(0);
    let refuse = ["init", "--rare-allele-frequency", "refuse", "--custodian", &recipient];
    lab.run_on("refusing", &refuse).ends(0);
    lab.write("f.csv", "family_id,sample_id,relation,sex,vWA,FGA\nF1,A,mother,f,14/15,22\n");
    lab.write("c.csv", "sample_id,sex,vWA,FGA\nX,m,14/99,22\nY,m,14,22\n");
    for (layout, name) in [("families", "f.csv"), ("children", "c.csv")] {
        lab.run_on("refusing", &["import", "--as", layout, &lab.name(name)]).ends(0);
    }
    lab.run_on("refusing", &["match", "--min-log10-lr", "-3"]).ends(2).says(&["was not compared"]);
    let manifest = || -> String {
        let database = Connection::open(lab.path("refusing/ledger.db")).unwrap();
        database.query_row("SELECT manifest FROM run", [], |row| row.get(0)).unwrap()
    };
    let old = lab.pseudonyms("sample", ["X"])["X"].clone();
    assert!(manifest().contains(&old));
    rotate_on(&lab, "refusing", &identity, &[]).ends(0);
    fs::copy(lab.path("new"), lab.path("key")).unwrap();
    let new = lab.pseudonyms("sample", ["X"])["X"].clone();
    assert!(manifest().contains(&new) && manifest().contains("\"survivors\""));
    assert_eq!(files_with(&lab.path("refusing"), [&old]), [""; 0]);
}

#[test]
fn what_cannot_be_done_whole_is_not_begun() {
    let matched = Matched::new(20, 60);
    let Matched { lab, identity, .. } = &matched;
    let (stranger, _) = custodian(lab, "stranger");
    let candidates = |store: &str| lab.run_on(store, &["candidates", "--format", "csv"]).ends(0).out;
    let before = candidates("store");
    let vault = || fs::read_dir(lab.path("store/vault")).unwrap().count();
    let files = vault();
    rotate(lab, &stranger).ends(2).says(&["sealed to other custodians", "nothing was changed"]);
    let words = rotation(lab, identity);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    reunite(&["key", "new", &lab.name("third")]).ends(0);
    let with = |key: &str| {
        let mut command = std::process::Command::new(common::PROGRAM);
        command.arg("--store").arg(lab.path("store")).arg("--key-file").arg(lab.path(key)).args(&words);
        common::run(&mut command)
    };
    with("third").ends(2).says(&["was made with the key", "--key-lost"]);
    with("none").ends(2).says(&["there is no key file"]);
    let reasonless: Vec<&str> =
        words.iter().copied().filter(|word| !["--reason", "the old key was shown"].contains(word)).collect();
    lab.run(&reasonless).ends(2).says(&["give --reason"]);
    let lock = File::open(lab.path("store/lock")).unwrap();
    lock.lock().unwrap();
    rotate(lab, identity).ends(2).says(&["another command is changing the store"]);
    drop(lock);
    for (file, what) in [("new", "the new key file lies inside"), ("identity", "the identity file lies inside")] {
        fs::copy(lab.path(file), lab.path("store").join(file)).unwrap();
        let inside = lab.name(&format!("store/{file}"));
        let at = |word: &str| if word == lab.name(file) { inside.clone() } else { word.to_owned() };
        let words: Vec<String> = words.iter().map(|word| at(word)).collect();
        lab.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).ends(2).says(&[what]);
        fs::remove_file(&inside).unwrap();
    }
    let sealed = everything_in(&lab.path("store")).into_iter().find(|path| path.to_string_lossy().ends_with(".sealed"));
    let (sealed, sound) = (sealed.clone().unwrap(), fs::read(sealed.unwrap()).unwrap());
    let mut changed = sound.clone();
    changed[sound.len() / 2] ^= 1;
    fs::write(&sealed, changed).unwrap();
    rotate(lab, identity).ends(2).says(&["was changed: restore it"]);
    fs::write(&sealed, sound).unwrap();
    assert_eq!((candidates("store"), vault()), (before, files));
    let said = lab.run(&["verify"]).ends(0);
    assert!(!said.err.contains("a change to") && !said.err.contains("interrupted"), "{}", said.err);
    matched.import("store", "nothing changed");
    // One sample without its original is one too many.
    let recipients = lab.run(&["vault", "recipients", "list"]).ends(0).out;
    lab.run(&["vault", "recipients", "remove", recipients.trim()]).ends(0);
    rotate(lab, identity).ends(2).says(&["no custodian is left"]);
    lab.import("children", "one.csv", "sample_id,sex,vWA,FGA\nONE,m,14,22\n", &[]).ends(0);
    rotate(lab, identity).ends(2).says(&["1 samples have no sealed original", "import their files again", "expunge"]);
    lab.run(&["vault", "recipients", "add", recipients.trim()]).ends(0);
    lab.run(&["import", "--as", "children", &lab.name("one.csv")]).ends(0);
    // The new key before its time, and each key after.
    lab.run_on("empty", &["init"]).ends(0);
    rotate_on(lab, "empty", identity, &[]).ends(0).says(&["0 samples"]);
    rotate(lab, identity).ends(0);
    rotate(lab, identity).ends(1).says(&["belongs to the key", "already"]);
    rotate_on(lab, "store", identity, &["--key-lost"]).ends(1).says(&["already"]);
    matched.use_new_key();
    fs::copy(lab.path("key"), lab.path("new")).unwrap();
    rotate(lab, identity).ends(2).says(&["is the store's present one"]);
    fs::copy(lab.path("old"), lab.path("new")).unwrap();
    rotate(lab, identity).ends(2).says(&["had the key", "make a fresh one"]);
    lab.run(&["verify"]).ends(0);
    let keyless = std::process::Command::new(common::PROGRAM)
        .args(["--store", &lab.name("keyless"), "init"])
        .env_remove("REUNITE_KEY_FILE")
        .output()
        .unwrap();
    Said::of(keyless).ends(0);
    rotate_on(lab, "keyless", identity, &[]).ends(2).says(&["belongs to no key yet"]);
}

#[test]
fn records_are_held_against_the_present_key_or_it_is_lost() {
    let matched = Matched::new(20, 60);
    let Matched { lab, identity, .. } = &matched;
    let before = matched.pairs("store", &matched.names());
    // Two records of the vault exchanged whole, sealed anew by who knows the recipient: what `age` alone cannot notice.
    copy(&lab.path("store"), &lab.path("forged"));
    let path = everything_in(&lab.path("forged")).into_iter().find(|path| {
        path.to_string_lossy().ends_with(".sealed")
            && fs::read_to_string(path).unwrap().matches("\nsample ").count() > 9
    });
    let path = path.unwrap();
    let secret: age::x25519::Identity = fs::read_to_string(identity).unwrap().trim().parse().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let end = "-----END AGE ENCRYPTED FILE-----\n";
    let start = text.find("-----BEGIN").unwrap();
    let stop = text.find(end).unwrap() + end.len();
    let plain = String::from_utf8(age::decrypt(&secret, text[start..stop].as_bytes()).unwrap()).unwrap();
    let id = plain.split("\"sample_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let other = plain.replace(&format!("\"sample_id\":\"{id}\""), "\"sample_id\":\"SOMEBODY-ELSE\"");
    let sealed = age::encrypt_and_armor(&secret.to_public(), other.as_bytes()).unwrap();
    let forged = format!("{}{}\n{}", &text[..start], sealed.trim_end(), &text[stop..]);
    fs::write(&path, &forged).unwrap();
    let database = Connection::open(lab.path("forged/ledger.db")).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let digest = blake3::hash(forged.as_bytes());
    database.execute("UPDATE sealed SET digest = ?2 WHERE name = ?1", (name, digest.as_bytes())).unwrap();
    drop(database);
    rotate_on(lab, "forged", identity, &[]).ends(2).says(&["holds something else", "nothing was changed"]);
    lab.run_on("forged", &["verify"]).ends(0);
    // Without the present key, and with the identities of two custodians.
    let (second, _) = custodian(lab, "second");
    let key = fs::read(lab.path("key")).unwrap();
    fs::remove_file(lab.path("key")).unwrap();
    rotate(lab, identity).ends(2).says(&["--key-lost"]);
    let said = rotate_on(lab, "store", &second, &["--key-lost", "--identity", identity]).ends(0);
    assert!(said.err.contains("belongs to the key"));
    fs::write(lab.path("key"), key).unwrap();
    fs::set_permissions(lab.path("key"), Permissions::from_mode(0o600)).unwrap();
    matched.use_new_key();
    same(&matched.pairs("store", &matched.names()), &before, 0.0);
    matched.import("store", "nothing changed");
}

/// Sealed files of a store: one for each import.
const FILES: usize = 4;

/// Rounds of killing; more by `REUNITE_KILL_ROUNDS`.
fn rounds() -> usize {
    std::env::var("REUNITE_KILL_ROUNDS").ok().map_or(20, |rounds| rounds.parse().unwrap())
}

#[test]
fn whenever_it_is_killed_exactly_one_key_is_right() {
    let matched = Matched::new(60, 600);
    let Matched { lab, identity, .. } = &matched;
    let old = matched.names();
    let before = matched.pairs("store", &old);
    let counted = lab.counts();
    let words = rotation(lab, identity);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    copy(&lab.path("store"), &lab.path("undisturbed"));
    let started = Instant::now();
    lab.run_on("undisturbed", &words).ends(0);
    let whole = started.elapsed();
    fs::copy(lab.path("key"), lab.path("old")).unwrap();
    let twin = lab.name("twin.csv");
    // Whether a key is the store's, told by a command that needs it.
    let opens = |store: &str, key: &str| {
        let mut command = std::process::Command::new(common::PROGRAM);
        command.arg("--store").arg(lab.path(store)).arg("--key-file").arg(lab.path(key));
        let said = common::run(command.args(["import", "--as", "children", "--dry-run", &twin]));
        let known = ["took the place of", "is to be given the key", "was made with the key"];
        assert!(
            said.status == 0 && said.err.contains("nothing changed")
                || said.status == 2 && known.iter().any(|part| said.err.contains(part)),
            "{key}: {}",
            said.err
        );
        said.status == 0
    };
    let new = {
        let present = fs::read(lab.path("key")).unwrap();
        fs::copy(lab.path("new"), lab.path("key")).unwrap();
        let names = matched.names();
        fs::write(lab.path("key"), present).unwrap();
        names
    };
    let sealed_files = |store: &str| {
        let files = fs::read_dir(lab.path(store).join("vault")).unwrap();
        files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "sealed")).count()
    };
    let mut numbers = Numbers(23);
    let (mut killed, mut announced, mut done, mut traces) = (0, 0, 0, 0);
    let rounds = rounds();
    for round in 0..rounds {
        let store = format!("store{round}");
        copy(&lab.path("store"), &lab.path(&store));
        let mut process = lab.command_on(&store, &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if round % 2 == 0 {
            std::thread::sleep(whole.mul_f64(numbers.below(1050) as f64 / 1000.0));
        } else {
            // From when everything is sealed anew: the change is committed then, and traces removed.
            while sealed_files(&store) < 2 * FILES && process.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(numbers.below(60_000) as u64));
        }
        process.kill().unwrap();
        killed += usize::from(!process.wait().unwrap().success());
        let verified = lab.run_on(&store, &["verify"]);
        let interrupted = verified.err.contains("a change of the key: run `reunite index`");
        assert!(verified.status == 0 || interrupted, "{}", verified.err);
        assert_eq!(counts(&verified), counted);
        assert!(verified.err.contains("vault: sound") && verified.err.contains("audit chain: sound"));
        announced += usize::from(verified.err.contains("a change to"));
        traces += usize::from(interrupted);
        let is_new = if round % 3 == 0 { None } else { Some(opens(&store, "new")) };
        if let Some(is_new) = is_new {
            assert_ne!(is_new, opens(&store, "old"), "exactly one key");
            same(&matched.pairs(&store, if is_new { &new } else { &old }), &before, 0.0);
            assert!(!interrupted || is_new);
        }
        let again = lab.run_on(&store, &words);
        assert!(again.status < 2, "{}", again.err);
        done += usize::from(again.err.contains("already"));
        assert!(opens(&store, "new") && !opens(&store, "old"));
        assert_eq!(files_with(&lab.path(&store), old.values()), [""; 0]);
        let verified = lab.run_on(&store, &["verify"]).ends(0);
        assert!(!verified.err.contains("a change to") && !verified.err.contains("interrupted"), "{}", verified.err);
        assert_eq!(counts(&verified), counted);
        same(&matched.pairs(&store, &new), &before, 0.0);
        assert_eq!(fs::read_dir(lab.path(&store).join("vault")).unwrap().count(), FILES);
        fs::remove_dir_all(lab.path(&store)).unwrap();
    }
    println!("{killed} of {rounds} killed, {announced} before and {done} after the change, {traces} with traces left");
    assert!(killed >= 3 && announced >= 1, "{killed} killed, {announced} begun");
}
