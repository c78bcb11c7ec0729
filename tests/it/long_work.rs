//! Tests of long work: it can be interrupted, and its speed can be measured.

use crate::common::disk::{Disk, STORE};
use crate::common::{Lab, interrupt, reunite};

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn an_interrupted_match_leaves_the_last_run() {
    let lab = Lab::with_population(300, 2_000);
    let disk = Disk::new(&lab);
    let before = lab.run(&["match"]).ends(0).digest();
    disk.reset(&lab, Some("store"));
    let listed = lab.run_on(STORE, &["candidates", "--format", "json"]).ends(0).out;
    // The match has another criterion and so another result. It begins to write the families index, and has screened
    // nothing.
    let other = ["match", "--full", "--min-log10-lr", "2", "--threads", "1"];
    let child = disk.halted(&lab, &other, ".families-");
    interrupt(&child);
    let said = disk.go_on(child).ends(130);
    said.says(&["interrupted: the candidates are still those of the last run"]);
    assert_eq!(lab.run_on(STORE, &["candidates", "--format", "json"]).ends(0).out, listed);
    lab.run_on(STORE, &["verify"]).ends(0);
    assert_eq!(lab.run_on(STORE, &["match"]).ends(0).digest(), before);
    assert_ne!(lab.run_on(STORE, &other).ends(0).digest(), before);
}

#[test]
fn an_exhaustive_match_gives_the_same_digest() {
    let lab = Lab::with_population(80, 700);
    let screened = lab.run(&["match", "--full", "--min-log10-lr", "-2"]).ends(0).digest();
    let every = lab.run(&["match", "--full", "--exhaustive", "--min-log10-lr", "-2"]).ends(0).digest();
    assert_eq!(screened, every);
    lab.run(&["match", "--exhaustive"]).ends(2).says(&["--full"]);
}

#[test]
fn bench_measures_runs_and_checks_their_results() {
    let sizes = ["bench", "--families", "80", "--children", "900", "--new", "6", "--runs", "3"];
    let measured = reunite(&[&sizes[..], &["--json"]].concat()).ends(0).json();
    assert_eq!((&measured["families"], &measured["children"]), (&74.into(), &894.into()));
    assert_eq!(measured["full"]["pairs"], 74 * 894);
    assert_eq!((&measured["delta"]["equal"], &measured["every_pair"]["equal"]), (&true.into(), &true.into()));
    assert_eq!(measured["full"]["runs"].as_array().unwrap().len(), 3);
    let again = reunite(&sizes).ends(0);
    assert!(again.out.contains(measured["digest"].as_str().unwrap()), "{}", again.out);
    assert!(!again.out.contains("NOT THE SAME"));
}
