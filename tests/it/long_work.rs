//! Work that lasts: it can be interrupted, and measured.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::{Lab, Said, reunite};

#[test]
fn an_interrupted_match_leaves_the_last_run() {
    let lab = Lab::with_population(300, 6_000);
    let before = lab.run(&["match"]).ends(0).digest();
    // Slow, and with another result.
    let slow = ["match", "--full", "--exhaustive", "--min-log10-lr", "2", "--threads", "1"];
    let mut interrupted = 0;
    for wait in [10, 30, 60, 100, 150] {
        let listed = lab.run(&["candidates", "--format", "json"]).ends(0).out;
        let child = lab.command(&slow).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        // The handler may not be there yet, or the work be over.
        let pid = child.id().to_string();
        Command::new("kill").args(["-INT", &pid]).stderr(Stdio::null()).status().unwrap();
        let output = child.wait_with_output().unwrap();
        if output.status.code() == Some(130) {
            interrupted += 1;
            Said::of(output).says(&["interrupted: the candidates are still those of the last run"]);
            assert!(lab.run(&["candidates", "--format", "json"]).ends(0).out == listed);
            lab.run(&["verify"]).ends(0);
            let again = lab.run(&["match"]).ends(0);
            assert_eq!(again.digest(), before);
        } else {
            // Put back what another run left.
            lab.run(&["match", "--full"]).ends(0);
        }
    }
    assert!(interrupted > 0, "none of five was interrupted");
}

#[test]
fn scoring_every_pair_gives_the_same() {
    let lab = Lab::with_population(80, 700);
    let screened = lab.run(&["match", "--full", "--min-log10-lr", "-2"]).ends(0).digest();
    let every = lab.run(&["match", "--full", "--exhaustive", "--min-log10-lr", "-2"]).ends(0).digest();
    assert_eq!(screened, every);
    lab.run(&["match", "--exhaustive"]).ends(2).says(&["--full"]);
}

#[test]
fn the_machine_is_measured() {
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
