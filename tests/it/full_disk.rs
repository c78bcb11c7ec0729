//! On a disk that is really full, a command is done or not done, says so, and can be repeated, however little room is
//! left.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::common::outcome::{Act, Disturbed, commands, state, stores};
use crate::common::{Lab, copy};

/// Room that is left on the disk, in KiB, from none on.
const LEFT: [u64; 14] = [0, 4, 8, 16, 32, 64, 128, 256, 512, 768, 1024, 2048, 4096, 8192];

/// Fills the disk except for `left` bytes.
fn fill(folder: &Path, left: u64) {
    let mut filler = File::create(folder.join("filler")).unwrap();
    // Writes until the disk is full.
    let error = io::copy(&mut io::repeat(1), &mut filler).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    filler.set_len(filler.metadata().unwrap().len().saturating_sub(left)).unwrap();
    filler.sync_all().unwrap();
}

#[test]
#[ignore = "needs an empty file system of 16 to 64 MB: REUNITE_SMALL_DISK=FOLDER; .ci/run mounts one where it may"]
fn whatever_is_left_of_a_disk_a_command_is_done_or_not_done() {
    let folder = std::env::var_os("REUNITE_SMALL_DISK").map(PathBuf::from).unwrap();
    let (lab, identity) = stores(Lab::in_memory(), 40, 2000);
    let store = folder.join("store");
    let reset = |base: &str| {
        drop(fs::remove_dir_all(&store));
        copy(&lab.path(base), &store);
    };
    for (name, base, words) in commands(&lab, &identity) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let act = Act { lab: &lab, store: store.to_str().unwrap(), words };
        reset(base);
        let before = state(&lab, act.store).unwrap();
        let known = act.known(before, &{
            reset(base);
            lab.run_on(act.store, &act.words)
        });
        let mut refused = 0;
        for kilobytes in LEFT {
            reset(base);
            fill(&folder, kilobytes * 1024);
            let said = &lab.run_on(act.store, &act.words);
            fs::remove_file(folder.join("filler")).unwrap();
            refused += usize::from(said.status == 2);
            let is_told = said.err.contains("free disk space for the store");
            assert!(is_told || said.status == known.status, "{name}, {kilobytes} KiB left: {}", said.err);
            let disturbed = Disturbed { said, acknowledged: said.status == known.status, unflushed: false };
            if let Err(what) = act.judge(&disturbed, &known) {
                panic!("{name}, {kilobytes} KiB left: {what}");
            }
        }
        println!("{name}: {refused} of {} refused", LEFT.len());
        assert!(refused > 0, "{name}: there was always room enough");
    }
    fs::remove_dir_all(store).unwrap();
}
