//! `doctor` finds each planted problem, says what to do, and changes nothing.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use rusqlite::{Connection, OpenFlags};

use crate::common::rotation::custodian;
use crate::common::{Lab, Said, everything_in, reunite};

/// A matched store with a custodian and a backup.
fn healthy() -> Lab {
    let lab = Lab::with_population(20, 100);
    let (_, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    lab.run(&["match"]).ends(0);
    lab.run(&["backup", &lab.name("file")]).ends(0);
    lab
}

fn doctor(lab: &Lab) -> Said {
    lab.run(&["doctor", "--format", "json"])
}

/// Returns the findings about a part that are not fine, with their states.
fn findings(said: &Said, part: &str) -> Vec<(String, String)> {
    let checks = said.json()["checks"].as_array().unwrap().clone();
    let of_part = checks.iter().filter(|check| check["part"] == part && check["state"] != "ok");
    let text = |check: &serde_json::Value| {
        let remedy = check["remedy"].as_str().unwrap_or_else(|| panic!("no remedy: {check}"));
        (check["state"].as_str().unwrap().to_owned(), format!("{}: {remedy}", check["text"].as_str().unwrap()))
    };
    of_part.map(text).collect()
}

/// Checks that one finding about a part is not fine, and says this.
#[track_caller]
fn finds(said: &Said, part: &str, state: &str, texts: &[&str]) {
    let found = findings(said, part);
    let has = |one: &(String, String)| one.0 == state && texts.iter().all(|text| one.1.contains(text));
    assert!(found.iter().any(has), "{state} {part} {texts:?}: {found:?}");
    assert_eq!(said.status, if said.json()["problems"] == 0 { 0 } else { 1 });
    assert!(state != "problem" || said.status == 1);
}

/// Modes, sizes, times and contents of everything in a store.
fn contents(lab: &Lab) -> BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)> {
    let of = |path: PathBuf| {
        let found = fs::metadata(&path).unwrap();
        let bytes = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        (path, (found.mode(), found.mtime(), found.mtime_nsec(), bytes))
    };
    everything_in(&lab.path("store")).into_iter().map(of).collect()
}

#[test]
fn a_healthy_store_has_no_problem_and_nothing_is_changed() {
    let lab = healthy();
    // A mode that each other command repairs.
    let before = contents(&lab);
    for format in ["table", "csv", "json"] {
        lab.run(&["doctor", "--format", format]).ends(0);
    }
    assert_eq!(contents(&lab), before);
    let said = doctor(&lab);
    let parts: Vec<String> = said.json()["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["state"] == "ok")
        .map(|check| check["part"].as_str().unwrap().to_owned())
        .collect();
    for part in [
        "store",
        "ledger",
        "key",
        "custodians",
        "backup",
        "clock",
        "match",
        "program",
        "settings",
        "index",
        "permissions",
    ] {
        assert!(parts.iter().any(|one| one == part), "{part}: {}", said.out);
    }
    assert_eq!(said.json()["problems"], 0);
    lab.run(&["doctor"])
        .ends(0)
        .says(&["ok       backup: the last one was made today", "ok       match: run 1, today"]);
    lab.run_on("nowhere", &["doctor"]).ends(2).says(&["there is no store in"]);
}

#[test]
fn wrong_modes_and_a_damaged_store_are_found_and_not_repaired() {
    let lab = healthy();
    let mode = |name: &str, mode| fs::set_permissions(lab.path(name), Permissions::from_mode(mode)).unwrap();
    mode("store/ledger.db", 0o644);
    mode("store", 0o755);
    let before = contents(&lab);
    finds(&doctor(&lab), "permissions", "problem", &["ledger.db is open to other users (mode 0644)"]);
    assert_eq!(findings(&doctor(&lab), "permissions").len(), 2);
    assert_eq!(contents(&lab), before);
    lab.run(&["verify"]).ends(0);
    assert_eq!(doctor(&lab).ends(0).json()["problems"], 0);
    for (name, part, what) in [
        ("store/ledger.db", "ledger", "was changed since this program last wrote it"),
        ("store/index/children.idx", "index", "build it again with `reunite index`"),
        ("store/reunite.toml", "store", "reunite.toml"),
        ("store/frequencies.csv", "store", "frequencies.csv"),
    ] {
        let sound = fs::read(lab.path(name)).unwrap();
        let mut damaged = sound.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= if name.ends_with(".csv") { 0x01 } else { 0x80 };
        fs::write(lab.path(name), &damaged).unwrap();
        let before = contents(&lab);
        finds(&doctor(&lab), part, "problem", &[what]);
        assert_eq!(contents(&lab), before, "{name}");
        fs::write(lab.path(name), sound).unwrap();
    }
    fs::remove_file(lab.path("store/ledger.db")).unwrap();
    finds(&doctor(&lab), "ledger", "problem", &["there is no ledger"]);
    assert!(!lab.path("store/ledger.db").exists());
}

#[test]
fn the_key_is_checked() {
    let lab = healthy();
    let without = reunite(&["--store", &lab.name("store"), "doctor", "--format", "json"]);
    if !reunite::ledger::ENCRYPTS {
        finds(&without, "key", "warning", &["no key file was named", "give --key-file"]);
    }
    let with = |key: &str| {
        reunite(&["--store", &lab.name("store"), "--key-file", &lab.name(key), "doctor", "--format", "json"])
    };
    reunite(&["key", "new", &lab.name("other")]).ends(0);
    fs::copy(lab.path("key"), lab.path("open")).unwrap();
    fs::set_permissions(lab.path("open"), Permissions::from_mode(0o644)).unwrap();
    fs::copy(lab.path("key"), lab.path("store/inside")).unwrap();
    lab.write("bad", "nonsense");
    fs::set_permissions(lab.path("bad"), Permissions::from_mode(0o600)).unwrap();
    for (key, told) in [
        ("none", "there is no key file"),
        ("open", "is open to other users (mode 0644); run chmod 600"),
        ("bad", "is not a key file"),
        ("store/inside", "is inside the store"),
    ] {
        finds_key(&with(key), told);
    }
    if !reunite::ledger::ENCRYPTS {
        finds_key(&with("other"), "use the right --key-file");
    }
    let digits = lab.read("key").trim().rsplit(' ').next().unwrap().to_owned();
    assert!(!doctor(&lab).out.contains(&digits[..16]));
}

/// Checks that a problem about the key says this. Some messages say what to do themselves.
#[track_caller]
fn finds_key(said: &Said, told: &str) {
    let checks = said.json()["checks"].as_array().unwrap().clone();
    let problem = checks.iter().find(|check| check["part"] == "key" && check["state"] == "problem").unwrap();
    assert!(problem.to_string().contains(told), "{told}: {problem}");
    assert_eq!(said.status, 1);
}

#[test]
fn what_a_laboratory_forgets_is_found() {
    let lab = Lab::with_population(20, 100);
    let said = doctor(&lab).ends(0);
    finds(&said, "custodians", "warning", &["none", "`reunite vault recipients add`"]);
    finds(&said, "backup", "warning", &["no record", "run `reunite backup FILE`"]);
    finds(&said, "match", "warning", &["nothing has been matched yet", "run `reunite match`"]);
    let (_, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    lab.run(&["match"]).ends(0);
    let text = lab.read("store/reunite.toml");
    fs::write(lab.path("store/reunite.toml"), text.replace("min_log10_lr = 4", "min_log10_lr = 5")).unwrap();
    finds(&doctor(&lab).ends(0), "settings", "warning", &["match.min_log10_lr is 5.0, and was 4.0", "undo it"]);
    fs::write(lab.path("store/reunite.toml"), text).unwrap();
    lab.import("children", "late.csv", "sample_id,sex,vWA,FGA\nLate,m,14/15,22/23\n", &[]).ends(0);
    finds(&doctor(&lab).ends(0), "match", "warning", &["run 1, today; the store changed since", "`reunite match`"]);
    // Folders of interrupted commands may hold data.
    fs::create_dir(lab.path(".reunite-restore-abc")).unwrap();
    finds(&doctor(&lab).ends(0), "permissions", "warning", &["was left by an interrupted command", "delete it"]);
}

/// Writes the audit chain anew, with records of other times.
fn aged(lab: &Lab, seconds: i64) {
    let database = lab.database("store");
    database.execute_batch("DROP TRIGGER audit_is_not_edited").unwrap();
    database.execute("UPDATE audit SET at = at + ?1", [seconds]).unwrap();
}

#[test]
fn an_old_backup_and_a_clock_that_is_behind_are_found() {
    const DAY: i64 = 24 * 60 * 60;
    let lab = healthy();
    aged(&lab, -9 * DAY);
    finds(&doctor(&lab).ends(0), "backup", "warning", &["9 days ago", "run `reunite backup FILE`"]);
    let database = lab.database("store");
    database.execute("UPDATE audit SET at = at - ?1", [31 * DAY]).unwrap();
    drop(database);
    finds(&doctor(&lab).ends(1), "backup", "problem", &["40 days ago"]);
    let database = lab.database("store");
    database.execute("UPDATE audit SET at = at + ?1", [41 * DAY]).unwrap();
    drop(database);
    finds(&doctor(&lab).ends(1), "clock", "problem", &["behind the last record", "set the clock"]);
    // A backup that was begun and not completed is none.
    let database = lab.database("store");
    database.execute_batch("DROP TRIGGER audit_is_not_cut").unwrap();
    let last = "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit WHERE command = 'backup')";
    database.execute(last, []).unwrap();
    drop(database);
    finds(&doctor(&lab), "backup", "warning", &["no record"]);
}

#[test]
fn doctor_works_beside_commands_and_where_nothing_can_be_written() {
    let lab = healthy();
    let lock = File::open(lab.path("store/lock")).unwrap();
    lock.lock().unwrap();
    doctor(&lab).ends(0);
    lock.unlock().unwrap();
    if !reunite::ledger::ENCRYPTS {
        // What is only in the journal is seen, and stays there.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(lab.path("store/ledger.db"), flags).unwrap();
        reader.execute_batch("BEGIN; SELECT 1 FROM meta LIMIT 1").unwrap();
        lab.import("children", "late.csv", "sample_id,sex,vWA,FGA\nLate,m,14/15,22/23\n", &[]).ends(0);
        let journal = fs::metadata(lab.path("store/ledger.db-wal")).unwrap().len();
        assert!(journal > 0);
        let said = doctor(&lab).ends(0);
        finds(&said, "store", "warning", &["a command is at work on it"]);
        finds(&said, "match", "warning", &["the store changed since"]);
        assert_eq!(fs::metadata(lab.path("store/ledger.db-wal")).unwrap().len(), journal);
    }
    lab.run(&["match"]).ends(0);
    for path in everything_in(&lab.path("store")) {
        let mode = if path.is_dir() { 0o500 } else { 0o400 };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
    let before = contents(&lab);
    let said = doctor(&lab);
    assert_eq!(said.json()["problems"], 0, "{}", said.out);
    if !nix::unistd::geteuid().is_root() {
        finds(&said, "store", "warning", &["this account can read it, and not write to it"]);
    }
    assert_eq!(contents(&lab), before);
    for path in everything_in(&lab.path("store")) {
        fs::set_permissions(&path, Permissions::from_mode(if path.is_dir() { 0o700 } else { 0o600 })).unwrap();
    }
}
