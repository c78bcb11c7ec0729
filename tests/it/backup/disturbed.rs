//! Backups and restores that are killed, or run out of disk space: done or not done, and nothing is left behind.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{leftovers, restore};
use crate::common::disk::Disk;
use crate::common::rotation::custodian;
use crate::common::{Lab, Numbers, Said, counts, everything_in, kill_rounds};

const ROUNDS: usize = 20;

/// A store large enough to be killed at, with a custodian.
fn stored(children: usize) -> (Lab, String) {
    let lab = Lab::in_memory();
    let (identity, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    lab.synth("files", 60, children, 1);
    lab.run(&["import", &lab.name("files/families.csv"), &lab.name("files/children.csv")]).ends(0);
    lab.run(&["match"]).ends(0);
    (lab, identity)
}

/// Starts a command, and kills it after a part of the time that it takes. Returns whether it was killed.
fn killed(mut command: Command, whole: Duration, numbers: &mut Numbers) -> bool {
    let wait = whole.mul_f64(numbers.below(1050) as f64 / 1000.0);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(wait);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(status.signal() == Some(9) || status.success(), "{status:?}");
    status.signal() == Some(9)
}

fn timed(mut command: Command) -> Duration {
    let started = Instant::now();
    Said::of(command.output().unwrap()).ends(0);
    started.elapsed()
}

#[test]
fn a_killed_backup_leaves_a_complete_file_or_nothing() {
    let (lab, identity) = stored(6000);
    let counted = lab.counts();
    fs::create_dir(lab.path("backups")).unwrap();
    let backup = |name: &str| lab.command(&["backup", &lab.name(&format!("backups/{name}"))]);
    let whole = timed(backup("undisturbed"));
    fs::remove_file(lab.path("backups/undisturbed")).unwrap();
    let mut numbers = Numbers(11);
    let (mut times, mut complete) = (0, 0);
    for round in 0..kill_rounds(ROUNDS) {
        times += usize::from(killed(backup("file"), whole, &mut numbers));
        let left: Vec<_> = fs::read_dir(lab.path("backups")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        if left == ["file"] {
            complete += 1;
            restore(&lab, "backups/file", &format!("restored{round}"), &identity).ends(0);
            assert_eq!(counts(&lab.run_on(&format!("restored{round}"), &["verify"]).ends(0)), counted);
            fs::remove_dir_all(lab.path(&format!("restored{round}"))).unwrap();
            fs::remove_file(lab.path("backups/file")).unwrap();
        } else {
            assert!(left.is_empty(), "{left:?}");
        }
        assert_eq!(lab.counts(), counted);
    }
    println!("{times} killed, {complete} complete");
    assert!(times > 3);
    lab.run(&["audit", "verify"]).ends(0);
}

#[test]
fn a_killed_restore_leaves_a_store_or_none() {
    let (lab, identity) = stored(6000);
    lab.run(&["backup", &lab.name("file")]).ends(0);
    let counted = lab.counts();
    let command = |store: &str| lab.command_on(store, &["restore", &lab.name("file"), "--identity", &identity]);
    let whole = timed(command("undisturbed"));
    let mut numbers = Numbers(12);
    let (mut times, mut made) = (0, 0);
    for round in 0..kill_rounds(ROUNDS) {
        let store = format!("restored{round}");
        times += usize::from(killed(command(&store), whole, &mut numbers));
        // What is left of a killed command is no store until it is complete, and closed to others.
        for left in leftovers(&lab) {
            assert!(private(&lab.path(&left)), "{left}");
            let said = lab.run_on(&left, &["verify"]);
            assert!(said.status != 1, "{}{}", said.out, said.err);
            fs::remove_dir_all(lab.path(&left)).unwrap();
        }
        if lab.path(&store).exists() {
            made += 1;
        } else {
            restore(&lab, "file", &store, &identity).ends(0);
        }
        assert_eq!(counts(&lab.run_on(&store, &["verify"]).ends(0)), counted);
        fs::remove_dir_all(lab.path(&store)).unwrap();
    }
    println!("{times} killed, {made} made");
    assert!(times > 3);
}

fn private(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    everything_in(folder).iter().all(|path| fs::metadata(path).unwrap().permissions().mode() & 0o077 == 0)
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn on_a_full_or_failing_disk_nothing_is_left() {
    let (lab, identity) = stored(3000);
    let disk = Disk::new(&lab);
    lab.run(&["backup", &lab.name("file")]).ends(0);
    let target = lab.name("arena/file");
    let store = "arena/restored";
    let backup = || lab.command(&["backup", &target]);
    let restore = || lab.command_on(store, &["restore", &lab.name("file"), "--identity", &identity]);
    for (name, command) in [("backup", &backup as &dyn Fn() -> Command), ("restore", &restore)] {
        disk.reset(&lab, None);
        disk.run(&mut command(), "count", 0, "").ends(0);
        let calls = disk.calls();
        let mut refused = 0;
        for kind in ["enospc", "eio"] {
            let mut at: Vec<usize> = (0..calls.len()).filter(|&at| kind == "eio" || calls[at].grows()).collect();
            let step = at.len().div_ceil(25);
            at = at.into_iter().step_by(step).collect();
            for at in at {
                disk.reset(&lab, None);
                let said = disk.run(&mut command(), kind, at + 1, "");
                let left: Vec<_> =
                    fs::read_dir(lab.path("arena")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
                if said.status == 2 {
                    refused += 1;
                    // A folder or file whose name could not be flushed is complete.
                    if left.iter().any(|name| name == "restored") {
                        lab.run_on(store, &["verify"]).ends(0);
                    } else if kind == "enospc" {
                        assert!(left.is_empty(), "{name}, {kind} at {:?}: {left:?}", calls[at]);
                    }
                    assert!(said.err.contains("error: "), "{}", said.err);
                } else {
                    said.ends(0);
                }
            }
        }
        println!("{name}: {refused} refused");
        assert!(refused > 5, "{name}: {refused}");
    }
    lab.run(&["verify"]).ends(0);
}
