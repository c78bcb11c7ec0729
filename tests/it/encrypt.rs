//! A build with encryption encrypts a plain ledger in its place; a build without encryption refuses to.

use std::fs;
use std::time::{Duration, Instant};

use crate::common::{Lab, copy, counts, everything_in, kill_rounds, reunite};
use reunite::ledger::Ledger;
use rusqlite::Connection;

/// Replaces the ledger of a store by the one that a build without encryption would have left.
fn decrypt(lab: &Lab, store: &str) {
    let path = lab.path(store).join("ledger.db");
    let plain = lab.path("plain.db");
    let database = lab.database(store);
    let version: i64 = database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let application: i64 = database.pragma_query_value(None, "application_id", |row| row.get(0)).unwrap();
    database
        .execute_batch(&format!(
            "ATTACH '{}' AS plain KEY ''; SELECT sqlcipher_export('plain');
             PRAGMA plain.application_id = {application}; PRAGMA plain.user_version = {version}; DETACH plain",
            plain.display()
        ))
        .unwrap();
    drop(database);
    fs::rename(plain, &path).unwrap();
    Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "wal").unwrap();
    Ledger::seal(&path).unwrap();
}

fn is_plain(lab: &Lab, store: &str) -> bool {
    fs::read(lab.path(store).join("ledger.db")).unwrap().starts_with(b"SQLite format 3\0")
}

#[test]
#[cfg_attr(feature = "sqlcipher", ignore = "needs a build that does not encrypt")]
fn a_build_that_does_not_encrypt_says_so() {
    let lab = Lab::new();
    lab.run(&["key", "encrypt"]).ends(2).says(&["build it with `--features sqlcipher`"]);
    fs::write(lab.path("store").join("ledger.db"), [0x5a; 16384]).unwrap();
    lab.run(&["match"]).ends(2).says(&["is encrypted, or damaged", "needs a build with `--features sqlcipher`"]);
}

#[test]
#[cfg_attr(not(feature = "sqlcipher"), ignore = "needs a build that encrypts: --features sqlcipher")]
fn a_plain_ledger_is_encrypted_in_its_place() {
    let lab = Lab::with_population(40, 300);
    let (digest, counted) = (lab.digest(&["--full"]), lab.counts());
    lab.run(&["key", "encrypt"]).ends(0).says(&["encrypted already"]);
    decrypt(&lab, "store");
    assert!(is_plain(&lab, "store"));
    lab.run(&["match"]).ends(2).says(&["is not encrypted", "`reunite key encrypt`"]);
    // The key of another laboratory does not encrypt the ledger.
    copy(&lab.path("store"), &lab.path("other"));
    reunite(&["key", "new", &lab.name("other-key")]).ends(0);
    let encrypt = ["--store", &lab.name("other"), "--key-file", &lab.name("other-key"), "key", "encrypt"];
    reunite(&encrypt).ends(2).says(&["was made with the key"]);
    assert!(is_plain(&lab, "other"));
    // The command does not encrypt a ledger that another process is reading.
    let reader = Connection::open(lab.path("other/ledger.db")).unwrap();
    reader.pragma_update(None, "journal_mode", "wal").unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM sample").unwrap();
    lab.run_on("other", &["key", "encrypt"]).ends(2).says(&["another command has"]);
    // Nor one that a server of a build without encryption keeps open between two requests.
    reader.execute_batch("COMMIT").unwrap();
    lab.run_on("other", &["key", "encrypt"]).ends(2).says(&["another command has"]);
    assert!(is_plain(&lab, "other"));
    drop(reader);
    lab.run_on("other", &["key", "encrypt", "--reason", "the new build"]).ends(0);
    lab.run(&["key", "encrypt", "--reason", "the new build"]).ends(0).says(&["what the disk and backups still hold"]);
    for store in ["store", "other"] {
        assert!(!is_plain(&lab, store));
        assert_eq!(counts(&lab.run_on(store, &["verify"]).ends(0).says(&["audit chain: sound"])), counted);
        let names = everything_in(&lab.path(store)).into_iter().map(|path| path.to_string_lossy().into_owned());
        assert_eq!(names.filter(|name| name.contains("encrypting") || name.contains("-wal")).count(), 0);
    }
    let last = lab.run(&["audit", "list", "--format", "json"]).ends(0).json();
    let last = last["records"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["command"], &last["reason"]), (&"key encrypt".into(), &"the new build".into()));
    assert_eq!(lab.run(&["match"]).ends(0).digest(), digest);
    assert_eq!(lab.digest(&["--full"]), digest);
}

#[test]
#[cfg_attr(not(feature = "sqlcipher"), ignore = "needs a build that encrypts: --features sqlcipher")]
fn a_damaged_ledger_is_not_encrypted() {
    let lab = Lab::with_population(40, 300);
    decrypt(&lab, "store");
    let plain = Connection::open(lab.path("store/ledger.db")).unwrap();
    plain.execute("UPDATE sample SET profile = zeroblob(length(profile)) WHERE id = 7", []).unwrap();
    drop(plain);
    Ledger::seal(&lab.path("store/ledger.db")).unwrap();
    lab.run(&["key", "encrypt"]).ends(2).says(&["ledger.db is damaged: "]);
    assert!(is_plain(&lab, "store") && !lab.path("store/ledger.db.encrypting").exists());
}

#[test]
#[cfg_attr(not(feature = "sqlcipher"), ignore = "needs a build that encrypts: --features sqlcipher")]
fn whenever_it_is_killed_the_ledger_is_plain_or_encrypted_and_whole() {
    let lab = Lab::with_population(40, 3000);
    let counted = lab.counts();
    decrypt(&lab, "store");
    copy(&lab.path("store"), &lab.path("timed"));
    let begun = Instant::now();
    lab.run_on("timed", &["key", "encrypt"]).ends(0);
    let whole = begun.elapsed();
    let rounds = kill_rounds(8);
    let mut killed = 0;
    for round in 0..rounds {
        let name = format!("killed{round}");
        copy(&lab.path("store"), &lab.path(&name));
        let mut child = lab.command_on(&name, &["key", "encrypt", "-q"]).spawn().unwrap();
        std::thread::sleep(whole.mul_f64((round as f64 + 0.5) / rounds as f64).min(Duration::from_secs(2)));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        assert!(lab.run_on(&name, &["key", "encrypt"]).status < 2);
        assert!(!is_plain(&lab, &name));
        assert_eq!(counts(&lab.run_on(&name, &["verify"]).ends(0)), counted);
        fs::remove_dir_all(lab.path(&name)).unwrap();
    }
    assert!(killed > 0);
}
