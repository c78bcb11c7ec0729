//! A match ends in limited time: it names a family that takes too much work, and stops at a signal.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::Lab;

/// Five relatives, none of them a parent of the child: with theta, each way of descent requires a sum over all ways to
/// share alleles.
const COSTLY: &str = "F1,R0,maternal-half-sibling,u,15/16,14/17,22/24,6/7\n\
    F1,R1,full-sibling,u,15/17,14/18,21/24,6/9\nF1,R2,paternal-aunt,f,14/17,16/18,23/25,7/9\n\
    F1,R3,maternal-uncle,m,16/18,17/19,20/23,8/9.3\nF1,R4,paternal-uncle,m,15/18,15/16,22/26,9/10\n";

fn lab(families: &str) -> Lab {
    let lab = Lab::with_model(&["--theta", "0.01", "--min-log10-lr", "-3", "--doubt-whom", "none"]);
    let header = "family_id,sample_id,relation,sex,D3S1358,vWA,FGA,TH01\n";
    lab.import("families", "f.csv", format!("{header}{families}"), &["--min-loci", "1", "--skip-identities"]);
    let children = "sample_id,sex,D3S1358,vWA,FGA,TH01\nC1,m,15/16,14/17,22/24,6/7\n";
    lab.import("children", "c.csv", children, &["--min-loci", "1", "--skip-identities"]).ends(0);
    lab
}

#[test]
fn a_family_that_costs_too_much_is_left_out_and_the_others_are_matched() {
    let lab = lab(&format!("{COSTLY}F2,M2,mother,f,15/17,14/18,22/25,6/9\n"));
    let said = lab.run(&["match", "--format", "json"]).ends(2);
    let found = said.json();
    assert_eq!(found["candidates"].as_array().unwrap().len(), 1, "{}", said.out);
    let named = lab.pseudonyms("family", ["F1"]).remove("F1").unwrap();
    let said = lab.run(&["match", "--full"]).ends(2).says(&["too large to compute"]);
    assert!(said.err.contains(&named), "{}", said.err);
    // The report of the night names the family first of all.
    lab.run(&["report", "night", "--format", "json", "--out", &lab.name("night.json")]).ends(0);
    let night: serde_json::Value = serde_json::from_str(&lab.read("night.json")).unwrap();
    assert_eq!(
        (&night["unscored"]["total"], &night["unscored"]["rows"][0]["family"]),
        (&1.into(), &named.as_str().into())
    );
    lab.run(&["report", "night", "--lang", "en", "--out", &lab.name("night.html")]).ends(0);
    let html = lab.read("night.html");
    assert!(html.find("could not be compared with any child").unwrap() < html.find("<h2").unwrap(), "on top");
    // The next run gives the same result.
    assert_eq!(lab.run(&["match", "--format", "json"]).ends(2).json()["run"]["digest"], found["run"]["digest"]);
}

#[test]
fn a_signal_ends_a_match_within_a_second_wherever_it_is() {
    for (signal, after) in [("-INT", 150), ("-TERM", 300), ("-INT", 500)] {
        // Many families: each takes a while, and the computation of one does not look at the clock.
        let families: String =
            (0..40).map(|n| COSTLY.replace("F1", &format!("F{n}")).replace('R', &format!("R{n}-"))).collect();
        let lab = lab(&families);
        let mut process = lab.command(&["match"]);
        let mut process = process.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(after));
        let asked = Instant::now();
        assert!(Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap().success());
        let status = process.wait().unwrap();
        // One second, plus what a busy machine adds.
        assert!(asked.elapsed() < Duration::from_secs(5), "{signal}: {:?}", asked.elapsed());
        assert_eq!(status.code(), Some(130), "{signal}");
        lab.run(&["verify"]).ends(0);
    }
}

#[test]
fn a_command_waits_for_another_one_if_asked() {
    let lab = Lab::with_population(5, 20);
    let lock = std::fs::File::open(lab.path("store/lock")).unwrap();
    lock.lock().unwrap();
    lab.run(&["match"]).ends(2).says(&["another command is changing the store"]);
    lab.run(&["match", "--wait", "1"]).ends(2).says(&["another command is changing the store"]);
    let waiting = lab.command(&["match", "--wait", "60"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    lock.unlock().unwrap();
    let output = waiting.wait_with_output().unwrap();
    assert!(output.status.code().is_some_and(|status| status < 2), "{}", String::from_utf8_lossy(&output.stderr));
}
