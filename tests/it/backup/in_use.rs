//! Backups while other commands work: nobody waits for anybody, and each backup is one state of the store.

use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::restore;
use crate::common::rotation::custodian;
use crate::common::{Lab, Said, counts};

/// A store with a custodian and 40 families, and files of the same number of children.
fn growing(files: usize, children: usize) -> (Lab, String, Vec<String>) {
    let lab = Lab::new();
    let (identity, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    lab.synth("files", 40, children * files, 1);
    lab.run(&["import", &lab.name("files/families.csv")]).ends(0);
    let text = lab.read("files/children.csv");
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let file =
        |(at, some): (usize, &[&str])| lab.write(&format!("c{at}.csv"), format!("{header}\n{}\n", some.join("\n")));
    let names = rows.chunks(children).enumerate().map(file).collect();
    (lab, identity, names)
}

fn children(verified: &Said) -> usize {
    let line = counts(verified);
    let at = line.find(" children").unwrap();
    line[..at].rsplit(' ').next().unwrap().replace(',', "").parse().unwrap()
}

#[test]
fn backups_during_imports_and_matches_are_states_of_the_store() {
    let (lab, identity, files) = growing(30, 800);
    let mut words = vec!["import", "--as", "children"];
    words.extend(files.iter().map(String::as_str));
    let import = lab.command(&words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut work = vec![import];
    let mut made = 0;
    let started = Instant::now();
    while made < 6
        || started.elapsed() < Duration::from_secs(5) && work.iter_mut().any(|one| one.try_wait().unwrap().is_none())
    {
        if made == 3 {
            let mut command = lab.command(&["--wait", "100", "match"]);
            work.push(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
        }
        lab.run(&["backup", &lab.name(&format!("b{made}"))]).ends(0);
        made += 1;
    }
    for one in work {
        let said = Said::of(one.wait_with_output().unwrap());
        assert!(said.status < 2, "{}", said.err);
    }
    lab.run(&["verify"]).ends(0);
    let mut numbers = Vec::new();
    for at in 0..made {
        let store = format!("r{at}");
        restore(&lab, &format!("b{at}"), &store, &identity).ends(0);
        let verified = lab.run_on(&store, &["verify"]).ends(0);
        numbers.push(children(&verified));
        // Each file was imported wholly or not at all, and so were its sealed numbers.
        assert_eq!(numbers[at] % 800, 0);
        assert!(verified.out.contains("; 0 samples without one") || numbers[at] == 0, "{}", verified.out);
    }
    println!("children in the backups: {numbers:?}");
    assert!(numbers.is_sorted() && numbers.iter().any(|&number| number > 0 && number < 24_000), "{numbers:?}");
    // A match compares what a backup holds.
    let digest = |store: &str| lab.run_on(store, &["match", "--full"]).ends(0).digest();
    lab.run(&["import", "--as", "children", &files[0]]).ends(0);
    lab.run(&["backup", &lab.name("last")]).ends(0);
    restore(&lab, "last", "last-restored", &identity).ends(0);
    assert_eq!(digest("last-restored"), digest("store"));
}

#[test]
fn a_backup_requires_no_lock_and_keeps_nobody_waiting() {
    let (lab, identity, files) = growing(2, 100);
    let lock = File::open(lab.path("store/lock")).unwrap();
    lock.lock().unwrap();
    lab.run(&["import", "--as", "children", &files[0]]).ends(2).says(&["another command is changing the store"]);
    lab.run(&["backup", &lab.name("locked")]).ends(0);
    lock.unlock().unwrap();
    restore(&lab, "locked", "restored", &identity).ends(0);
}

/// Somebody who reads keeps what later commands write in the journal. A backup holds it nevertheless.
#[test]
fn what_is_only_in_the_journal_is_in_the_backup() {
    if reunite::ledger::ENCRYPTS {
        return;
    }
    let (lab, identity, files) = growing(3, 100);
    lab.run(&["import", "--as", "children", &files[0]]).ends(0);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(lab.path("store/ledger.db"), flags).unwrap();
    reader.execute_batch("BEGIN; SELECT 1 FROM meta LIMIT 1").unwrap();
    let before = std::fs::read(lab.path("store/ledger.db")).unwrap();
    for file in &files[1..] {
        lab.run(&["import", "--as", "children", file]).ends(0);
    }
    lab.run(&["match"]).ends(0);
    assert!(lab.path("store/ledger.db-wal").metadata().unwrap().len() > 100_000);
    assert_eq!(std::fs::read(lab.path("store/ledger.db")).unwrap(), before, "the file is as before");
    lab.run(&["backup", &lab.name("file")]).ends(0).says(&["300 children"]);
    drop(reader);
    restore(&lab, "file", "restored", &identity).ends(0);
    let verified = lab.run_on("restored", &["verify"]).ends(0);
    assert_eq!(children(&verified), 300);
    let list = |store: &str| lab.run_on(store, &["candidates", "--format", "csv"]).ends(0).out;
    assert_eq!(list("restored"), list("store"));
}
