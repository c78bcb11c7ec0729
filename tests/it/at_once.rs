//! Tests of two processes on one store: the second writer is refused with the first one named, readers go on, and
//! damage to the index during a run does not change its result.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::common::disk::{Disk, STORE};
use crate::common::{Lab, Said, counts};

/// Makes a matched store, and a disk that halts a command.
fn matched() -> (Lab, Disk, String) {
    let lab = Lab::with_population(40, 300);
    let disk = Disk::new(&lab);
    let digest = lab.digest(&[]);
    disk.reset(&lab, Some("store"));
    (lab, disk, digest)
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn a_second_writer_is_refused_with_the_first_named_and_readers_go_on() {
    let (lab, disk, digest) = matched();
    let first = disk.halted(&lab, &["match", "--full"], ".families-");
    let holder = format!("(process {} of ", first.id());
    let file = lab.name("files/children.csv");
    for words in [&["import", "--as", "children", &file][..], &["match"], &["index"]] {
        let said = lab.run_on(STORE, words).ends(2);
        said.says(&["another command is changing the store", &holder, "wait until it has ended"]);
    }
    for words in [&["verify"][..], &["candidates"], &["families", "list"]] {
        let said = lab.run_on(STORE, words);
        assert!(said.status < 2, "{words:?}: {}", said.err);
    }
    assert_eq!(disk.go_on(first).ends(0).digest(), digest);
    lab.run_on(STORE, &["match"]).ends(0);
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn an_index_cut_off_or_changed_during_a_run_changes_no_result() {
    let (lab, disk, digest) = matched();
    let place = lab.path(STORE).join("index/children.idx");
    let length = fs::metadata(&place).unwrap().len();
    for rest in [Some(0), Some(4096), Some(length / 2), None] {
        disk.reset(&lab, Some("store"));
        // The command has opened the index by then, and has screened nothing.
        let run = disk.halted(&lab, &["match", "--full"], ".families-");
        fs::set_permissions(&place, Permissions::from_mode(0o600)).unwrap();
        match rest {
            Some(rest) => OpenOptions::new().write(true).open(&place).unwrap().set_len(rest).unwrap(),
            None => fs::write(&place, vec![0xa5; length as usize]).unwrap(),
        }
        assert_eq!(disk.go_on(run).ends(0).digest(), digest, "{rest:?}");
        lab.run_on(STORE, &["verify"]).ends(1).says(&["index: "]);
        let again = lab.run_on(STORE, &["match", "--full"]).ends(0).says(&["built the index"]);
        assert_eq!(again.digest(), digest);
    }
}

/// Files above 1 GiB are mapped. The system ends a process that reads behind the new end of a mapped file that was cut
/// off. The ledger is unchanged, the next command builds the index again, and its result is the same.
#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn a_mapped_index_that_is_cut_off_ends_the_run_and_nothing_else() {
    const MOST_READ: u64 = 1 << 30;
    const SIGBUS: i32 = 7;
    let (lab, disk, digest) = matched();
    let place = lab.path(STORE).join("index/children.idx");
    let length = fs::metadata(&place).unwrap().len();
    let counted = counts(&lab.run_on(STORE, &["verify"]).ends(0));
    let candidates = |said: Said| said.ends(0).out;
    let listed = candidates(lab.run_on(STORE, &["candidates", "--format", "csv"]));
    for (rest, status) in [(0, -SIGBUS), (4096, -SIGBUS), (length / 2, -SIGBUS), (length, 0)] {
        disk.reset(&lab, Some("store"));
        // A hole behind the sections makes the file large enough, and uses no disk space.
        fs::set_permissions(&place, Permissions::from_mode(0o600)).unwrap();
        let file = OpenOptions::new().write(true).open(&place).unwrap();
        file.set_len(MOST_READ + 1).unwrap();
        // The command has opened the index by then, and has screened nothing.
        let run = disk.halted(&lab, &["match", "--full"], ".families-");
        let maps = fs::read_to_string(format!("/proc/{}/maps", run.id())).unwrap();
        assert!(maps.contains("index/children.idx"), "it is not mapped");
        file.set_len(rest).unwrap();
        let said = disk.go_on(run);
        assert_eq!(said.status, status, "{rest}: {}", said.err);
        if status == 0 {
            assert_eq!(said.digest(), digest);
            continue;
        }
        let verified = lab.run_on(STORE, &["verify"]).ends(1).says(&["audit chain: sound", "index: "]);
        assert_eq!(counts(&verified), counted);
        assert_eq!(candidates(lab.run_on(STORE, &["candidates", "--format", "csv"])), listed);
        let again = lab.run_on(STORE, &["match", "--full"]).ends(0).says(&["built the index"]);
        assert_eq!(again.digest(), digest);
        lab.run_on(STORE, &["verify"]).ends(0);
    }
}
