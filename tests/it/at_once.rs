//! Two processes at one store: who comes second is told who is first, reading goes on, and what becomes of the index under a
//! run does not matter to it.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::common::disk::{Disk, STORE};
use crate::common::{Lab, Said};

/// A matched store, and a disk that halts a command.
fn matched() -> Option<(Lab, Disk, String)> {
    let lab = Lab::with_population(40, 300);
    let disk = Disk::new(&lab)?;
    let digest = lab.digest(&[]);
    disk.reset(&lab, Some("store"));
    Some((lab, disk, digest))
}

/// Starts a command that halts before its first change of a file with this in its path.
fn halted(lab: &Lab, disk: &Disk, words: &[&str], at: &str) -> Child {
    let mut command = lab.command_on(STORE, words);
    disk.under(&mut command, "pause", 1, at);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let [paused, _] = disk.signs();
    while !paused.exists() {
        assert!(child.try_wait().unwrap().is_none(), "{words:?} ended without {at}");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

fn go_on(disk: &Disk, child: Child) -> Said {
    let [_, go] = disk.signs();
    fs::write(go, "").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.code().is_some(), "{output:?}");
    Said::of(output)
}

#[test]
fn who_comes_second_is_told_who_is_first_and_reading_goes_on() {
    let Some((lab, disk, digest)) = matched() else { return };
    let first = halted(&lab, &disk, &["match", "--full"], ".families-");
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
    assert_eq!(go_on(&disk, first).ends(0).digest(), digest);
    lab.run_on(STORE, &["match"]).ends(0);
}

#[test]
fn an_index_that_is_cut_off_or_changed_under_a_run_does_not_matter() {
    let Some((lab, disk, digest)) = matched() else { return };
    let place = lab.path(STORE).join("index/children.idx");
    let length = fs::metadata(&place).unwrap().len();
    for rest in [Some(0), Some(4096), Some(length / 2), None] {
        disk.reset(&lab, Some("store"));
        let [paused, go] = disk.signs();
        drop((fs::remove_file(paused), fs::remove_file(go)));
        // It has opened the index by then, and screened nothing.
        let run = halted(&lab, &disk, &["match", "--full"], ".families-");
        fs::set_permissions(&place, Permissions::from_mode(0o600)).unwrap();
        match rest {
            Some(rest) => OpenOptions::new().write(true).open(&place).unwrap().set_len(rest).unwrap(),
            None => fs::write(&place, vec![0xa5; length as usize]).unwrap(),
        }
        assert_eq!(go_on(&disk, run).ends(0).digest(), digest, "{rest:?}");
        lab.run_on(STORE, &["verify"]).ends(1).says(&["index: "]);
        let again = lab.run_on(STORE, &["match", "--full"]).ends(0).says(&["built the index"]);
        assert_eq!(again.digest(), digest);
    }
}
