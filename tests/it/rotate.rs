//! `key rotate` gives a store another key: everybody has another pseudonym and the same candidates, and no old
//! pseudonym is left.

use std::collections::HashSet;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::common::rotation::{Matched, custodian, files_with, rotate, rotate_on, rotation, same};
use crate::common::sealed;
use crate::common::{Lab, PROGRAM, copy, counts, everything_in, reunite, run};
use reunite::ledger::ENCRYPTS;

#[test]
fn everyone_has_another_pseudonym_and_the_same_candidates() {
    let matched = Matched::new(60, 300);
    let Matched { lab, identity, .. } = &matched;
    let store = lab.path("store");
    let (old, before) = (matched.names(), matched.pairs("store", &matched.names()));
    let (counted, digest) = (lab.counts(), lab.run(&["match"]).ends(0).digest());
    assert!(files_with(&store, old.values()).len() >= 4 - usize::from(ENCRYPTS), "ledger, both indices and vault");
    copy(&lab.path("store/index"), &lab.path("index"));
    let said = rotate(lab, identity).ends(0).says(&["changed the key of the store", "another digest", "keep a copy"]);
    assert!(!said.err.contains("AGE-SECRET"));
    assert_eq!(files_with(&store, old.values()), [""; 0]);
    for path in everything_in(&store) {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
    // The program refuses the old key, and says why.
    let children = lab.name("files/children.csv");
    // An encrypted ledger does not open with it.
    let told = if ENCRYPTS { "does not open the encrypted ledger" } else { "has replaced the key" };
    lab.run(&["import", "--as", "children", &children]).ends(2).says(&[told, "new"]);
    matched.use_new_key();
    let verified = lab.run(&["verify"]).ends(0).says(&["audit chain: sound", "vault: sound", "0 samples without"]);
    assert_eq!(counts(&verified), counted);
    let new = matched.names();
    let (was, is): (HashSet<&String>, HashSet<&String>) = (old.values().collect(), new.values().collect());
    assert!(was.is_disjoint(&is));
    // The values are bit for bit the same.
    same(&matched.pairs("store", &new), &before, 0.0);
    // The program does not accept an index from before the rotation, which a crash may leave.
    fs::remove_dir_all(lab.path("store/index")).unwrap();
    copy(&lab.path("index"), &lab.path("store/index"));
    let delta = lab.run(&["match"]).ends(0).says(&["the changes since the last run are unknown"]);
    let again = matched.pairs("store", &new);
    same(&again, &before, 1e-9);
    assert_eq!(lab.run(&["match", "--full"]).ends(0).digest(), delta.digest());
    assert_ne!(delta.digest(), digest);
    same(&matched.pairs("store", &new), &before, 1e-9);
    // The program recognises everybody in the files under the new key: agencies, shared relatives, all others.
    matched.import("store", "nothing changed");
    assert_eq!(lab.run(&["match"]).ends(0).digest(), delta.digest());
    assert_eq!(lab.counts(), counted);
    assert_eq!(files_with(&store, old.values()), [""; 0], "nor do they come back");
    let reidentify =
        |whom: &str| lab.run(&["reidentify", whom, "--identity", identity, "--reason", "a test", "--case-number", "1"]);
    assert!(reidentify(&new["sample TWIN"]).ends(0).out.contains("TWIN"));
    reidentify(&old["sample TWIN"]).ends(1);
    // A store that had only the new key from the beginning is the same.
    lab.run_on("fresh", &["init"]).ends(0);
    matched.import("fresh", "added");
    assert_eq!(lab.run_on("fresh", &["match"]).ends(0).digest(), delta.digest());
}

#[test]
fn damage_is_still_reported_after_a_rotation() {
    let matched = Matched::new(40, 200);
    let Matched { lab, identity, .. } = &matched;
    let database = lab.database("store");
    let one = "UPDATE candidate SET log10_lr = log10_lr + 1
               WHERE (family, child) IN (SELECT family, child FROM candidate LIMIT 1)";
    assert_eq!(database.execute(one, []).unwrap(), 1);
    drop(database);
    rotate(lab, identity).ends(0);
    matched.use_new_key();
    for (command, code) in [(&["verify"][..], 1), (&["candidates", "--limit", "1000"], 2)] {
        lab.run(command).ends(code).says(&["candidate", "is damaged (it was changed)"]);
    }
}

#[test]
fn a_rotation_is_recorded_without_names_and_keeps_the_history() {
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
fn manifests_have_the_new_pseudonyms_after_a_rotation() {
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
        let database = lab.database("refusing");
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
fn a_rotation_that_cannot_be_completed_changes_nothing() {
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
        let mut command = Command::new(PROGRAM);
        command.arg("--store").arg(lab.path("store")).arg("--key-file").arg(lab.path(key)).args(&words);
        run(&mut command)
    };
    let told = if ENCRYPTS { "does not open the encrypted ledger" } else { "was made with the key" };
    with("third").ends(2).says(&[told]);
    assert!(ENCRYPTS || with("third").err.contains("--key-lost"));
    with("none").ends(2).says(&["there is no key file"]);
    let reasonless: Vec<&str> =
        words.iter().copied().filter(|word| !["--reason", "the old key was shown"].contains(word)).collect();
    lab.run(&reasonless).ends(2).says(&["give --reason"]);
    let lock = File::open(lab.path("store/lock")).unwrap();
    lock.lock().unwrap();
    rotate(lab, identity).ends(2).says(&["another command is changing the store"]);
    drop(lock);
    for (file, what) in [("new", "the new key file is inside"), ("identity", "the identity file is inside")] {
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
    rotate(lab, identity).ends(2).says(&["was changed; restore it"]);
    fs::write(&sealed, sound).unwrap();
    assert_eq!((candidates("store"), vault()), (before, files));
    let said = lab.run(&["verify"]).ends(0);
    assert!(!said.out.contains("a change to") && !said.out.contains("interrupted"), "{}", said.out);
    matched.import("store", "nothing changed");
    // One sample without its sealed original prevents the rotation.
    let recipients = lab.run(&["vault", "recipients", "list"]).ends(0).out;
    lab.run(&["vault", "recipients", "remove", recipients.trim()]).ends(0);
    rotate(lab, identity).ends(2).says(&["no custodian is left"]);
    lab.import("children", "one.csv", "sample_id,sex,vWA,FGA\nONE,m,14,22\n", &[]).ends(0);
    rotate(lab, identity).ends(2).says(&[
        "samples without a sealed original identifier: 1",
        "import their files again",
        "expunge",
    ]);
    lab.run(&["vault", "recipients", "add", recipients.trim()]).ends(0);
    lab.run(&["import", "--as", "children", &lab.name("one.csv")]).ends(0);
    // The new key before its time, and each key after the rotation.
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
    let keyless = reunite(&["--store", &lab.name("keyless"), "init"]);
    if ENCRYPTS {
        keyless.ends(2).says(&["this build encrypts the ledger", "--key-file"]);
    } else {
        keyless.ends(0);
        rotate_on(lab, "keyless", identity, &[]).ends(2).says(&["has no key yet"]);
    }
}

#[test]
fn sealed_records_are_checked_against_the_present_pseudonyms() {
    let matched = Matched::new(20, 60);
    let Matched { lab, identity, .. } = &matched;
    // A changed record of the vault, sealed again by somebody who knows the recipient; age alone cannot notice it.
    copy(&lab.path("store"), &lab.path("forged"));
    let path = everything_in(&lab.path("forged")).into_iter().find(|path| path.to_string_lossy().ends_with(".sealed"));
    let path = path.unwrap();
    let secret: age::x25519::Identity = fs::read_to_string(identity).unwrap().trim().parse().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let [form, armored, keys] = sealed::parts(&text);
    let lines = String::from_utf8(age::decrypt(&secret, armored.as_bytes()).unwrap()).unwrap();
    let (number, key) = sealed::key(keys, keys.split(' ').nth(1).unwrap());
    let record = sealed::record(&lines, number);
    let plain = sealed::open(&key, record);
    let id = plain.split("\"sample_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let other = plain.replace(&format!("\"sample_id\":\"{id}\""), "\"sample_id\":\"SOMEBODY-ELSE\"");
    let lines = lines.replace(record, &sealed::seal(&key, &other));
    let armored = age::encrypt_and_armor(&secret.to_public(), lines.as_bytes()).unwrap();
    let forged = format!("{form}{}\n{keys}", armored.trim_end());
    fs::write(&path, &forged).unwrap();
    let database = lab.database("forged");
    let name = path.file_name().unwrap().to_str().unwrap();
    let digest = blake3::hash(forged.as_bytes());
    database.execute("UPDATE sealed SET digest = ?2 WHERE name = ?1", (name, digest.as_bytes())).unwrap();
    drop(database);
    rotate_on(lab, "forged", identity, &[]).ends(2).says(&["holds something else", "nothing was changed"]);
    lab.run_on("forged", &["verify"]).ends(0);
}

#[test]
#[cfg_attr(not(feature = "sqlcipher"), ignore = "needs a build that encrypts: --features sqlcipher")]
fn without_the_key_of_an_encrypted_ledger_there_is_nothing_to_read() {
    let Matched { lab, identity, .. } = &Matched::new(20, 60);
    fs::remove_file(lab.path("key")).unwrap();
    let said = rotate_on(lab, "store", identity, &["--key-lost"]).ends(2);
    said.says(&["the ledger is encrypted", "there is no key file"]);
}

#[test]
#[cfg_attr(feature = "sqlcipher", ignore = "needs a build that does not encrypt")]
fn a_store_whose_key_is_lost_gets_another_with_the_identities_of_its_custodians() {
    let matched = Matched::new(20, 60);
    let Matched { lab, identity, .. } = &matched;
    let before = matched.pairs("store", &matched.names());
    // The rotation has the identities of two custodians.
    let (second, _) = custodian(lab, "second");
    let key = fs::read(lab.path("key")).unwrap();
    fs::remove_file(lab.path("key")).unwrap();
    rotate(lab, identity).ends(2).says(&["--key-lost"]);
    let said = rotate_on(lab, "store", &second, &["--key-lost", "--identity", identity]).ends(0);
    assert!(said.err.contains("changed the key of the store"));
    fs::write(lab.path("key"), key).unwrap();
    fs::set_permissions(lab.path("key"), Permissions::from_mode(0o600)).unwrap();
    matched.use_new_key();
    same(&matched.pairs("store", &matched.names()), &before, 0.0);
    matched.import("store", "nothing changed");
}

#[test]
fn a_disk_that_is_full_leaves_the_old_key() {
    let matched = Matched::new(60, 1000);
    let Matched { lab, identity, .. } = &matched;
    let before = matched.pairs("store", &matched.names());
    let words = rotation(lab, identity);
    let mut refused = 0;
    for limit in [400, 800, 1200, 1600, 2400] {
        let store = format!("store{limit}");
        copy(&lab.path("store"), &lab.path(&store));
        // No file may grow beyond `limit` blocks; the last file to be written is the journal of the change itself.
        let script = format!("ulimit -f {limit}; trap '' XFSZ; exec {} \"$@\"", PROGRAM);
        let (at, key) = (lab.name(&store), lab.name("key"));
        let mut command = Command::new("sh");
        command.args(["-c", &script, "-", "--store", &at, "--key-file", &key]).args(&words);
        let said = run(&mut command);
        // The rotation is done and only the work after it fails, or nothing is done.
        let done = said.status == 0 || said.err.contains("the store has the new key");
        if !done {
            refused += 1;
            assert!(said.err.contains("nothing was changed"), "{limit}: {}", said.err);
            lab.run_on(&store, &["verify"]).ends(0);
            same(&matched.pairs(&store, &matched.names()), &before, 0.0);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert!(lab.run_on(&store, &words).status < 2);
        fs::remove_dir_all(lab.path(&store)).unwrap();
    }
    assert!(refused > 0, "the limits are too high to refuse anything");
}

/// A pipe gives the key once: it must not be read again to make pseudonyms.
#[test]
#[cfg_attr(feature = "sqlcipher", ignore = "an encrypted ledger does not open with a former key")]
fn a_former_key_from_a_pipe_makes_its_pseudonyms_with_a_warning() {
    let lab = Lab::new();
    let (identity, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    let before = lab.pseudonyms("family", ["F1"])["F1"].clone();
    fs::copy(lab.path("key"), lab.path("former")).unwrap();
    reunite(&["key", "new", &lab.name("new")]).ends(0);
    rotate(&lab, &identity).ends(0);
    let script = r#"echo F1 | "$0" --store "$1" --key-fd 3 pseudonym --kind family 3< <(cat "$2")"#;
    let mut bash = Command::new("bash");
    bash.args(["-c", script, PROGRAM, &lab.name("store"), &lab.name("former")]);
    let said = run(&mut bash).ends(0).says(&["has replaced the key"]);
    assert_eq!(said.out.trim(), before);
}
