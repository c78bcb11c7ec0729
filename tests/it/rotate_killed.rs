//! If a rotation is killed at any instant, exactly one of the two keys opens the store, and repeating the command
//! completes it.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::rotation::{Matched, files_with, rotation, same};
use crate::common::{Numbers, copy, counts, kill_rounds};

/// Number of sealed files in a store: one for each import.
const FILES: usize = 4;

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
    // Reports whether a key is the store's, by a command that requires it.
    let opens = |store: &str, key: &str, announced: bool| {
        let mut command = std::process::Command::new(crate::common::PROGRAM);
        command.arg("--store").arg(lab.path(store)).arg("--key-file").arg(lab.path(key));
        let said = crate::common::run(command.args(["import", "--as", "children", "--dry-run", &twin]));
        let closed = "the given key does not open the encrypted ledger";
        let known = ["has replaced the key", "still belongs to the key", "was made with the key", closed];
        assert!(
            said.status == 0 && said.err.contains("nothing changed")
                || said.status == 2 && known.iter().any(|part| said.err.contains(part)),
            "{key}: {}",
            said.err
        );
        let waits = ["still belongs to the key", closed].iter().any(|part| said.err.contains(part));
        assert!(!announced || said.status == 0 || waits, "{}", said.err);
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
    let rounds = kill_rounds(20);
    for round in 0..rounds {
        let store = format!("store{round}");
        copy(&lab.path("store"), &lab.path(&store));
        let mut process = lab.command_on(&store, &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if round % 2 == 0 {
            std::thread::sleep(whole.mul_f64(numbers.below(1050) as f64 / 1000.0));
        } else {
            // Kills it after all files are sealed anew, while the change is committed and traces are deleted.
            while sealed_files(&store) < 2 * FILES && process.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(numbers.below(60_000) as u64));
        }
        process.kill().unwrap();
        killed += usize::from(!process.wait().unwrap().success());
        // An encrypted ledger opens only with its key, so the test tries both.
        let mut verified = lab.run_on(&store, &["verify"]);
        if verified.err.contains("the given key does not open the encrypted ledger") {
            fs::copy(lab.path("new"), lab.path("key")).unwrap();
            verified = lab.run_on(&store, &["verify"]);
        }
        let interrupted = verified.out.contains("a change of the key was interrupted: run `reunite index`");
        assert!(verified.status == 0 || interrupted, "{}", verified.out);
        assert_eq!(counts(&verified), counted);
        assert!(verified.out.contains("vault: sound") && verified.out.contains("audit chain: sound"));
        let is_announced = verified.out.contains("a change to");
        announced += usize::from(is_announced);
        traces += usize::from(interrupted);
        let is_new = if round % 3 == 0 { None } else { Some(opens(&store, "new", is_announced)) };
        if let Some(is_new) = is_new {
            assert_ne!(is_new, opens(&store, "old", is_announced), "exactly one key");
            same(&matched.pairs(&store, if is_new { &new } else { &old }), &before, 0.0);
            assert!(!interrupted || is_new);
        }
        fs::copy(lab.path("old"), lab.path("key")).unwrap();
        let again = lab.run_on(&store, &words);
        assert!(again.status < 2, "{}", again.err);
        done += usize::from(again.err.contains("already"));
        assert!(opens(&store, "new", false) && !opens(&store, "old", false));
        assert_eq!(files_with(&lab.path(&store), old.values()), [""; 0]);
        fs::copy(lab.path("new"), lab.path("key")).unwrap();
        let verified = lab.run_on(&store, &["verify"]).ends(0);
        assert!(!verified.out.contains("a change to") && !verified.out.contains("interrupted"), "{}", verified.out);
        assert_eq!(counts(&verified), counted);
        same(&matched.pairs(&store, &new), &before, 0.0);
        assert_eq!(fs::read_dir(lab.path(&store).join("vault")).unwrap().count(), FILES);
        fs::copy(lab.path("old"), lab.path("key")).unwrap();
        fs::remove_dir_all(lab.path(&store)).unwrap();
    }
    println!("{killed} of {rounds} killed, {announced} before and {done} after the change, {traces} with traces left");
    assert!(killed >= 3 && announced >= 1, "{killed} killed, {announced} begun");
}
