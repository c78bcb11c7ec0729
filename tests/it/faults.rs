//! Any write, flush or rename may fail, and the process or the power may fail at any time: what was acknowledged is
//! stored, nothing is half done, the message is clear, and repeating the command gives the undisturbed result.
//!
//! A sample of the calls fails in each way; with `REUNITE_ALL_FAULTS=1` every call fails.

use std::collections::BTreeMap;

use crate::common::disk::{Call, Disk, STORE};
use crate::common::outcome::{Act, Disturbed, Known, check, commands, state, stores};
use crate::common::{Lab, Numbers};

/// The ways in which the disk, the process or the power fails.
const KINDS: [&str; 7] = ["eio", "enospc", "short", "kill", "half", "names", "data"];
/// Number of calls of each command that fail in each way.
const SAMPLE: usize = 4;

fn applies(kind: &str, call: &Call) -> bool {
    match kind {
        "eio" => call.name != "exit",
        "enospc" => call.grows(),
        "short" | "half" => call.writes(),
        _ => true,
    }
}

/// Chooses the calls that are to fail: half of the sample from all calls, and half from those that do not write pages
/// of a database; and the last.
fn sample(calls: &[Call], kind: &str, numbers: &mut Numbers) -> Vec<usize> {
    let fitting: Vec<usize> = (0..calls.len()).filter(|&at| applies(kind, &calls[at])).collect();
    if std::env::var_os("REUNITE_ALL_FAULTS").is_some() {
        return fitting;
    }
    let rare: Vec<usize> = fitting.iter().copied().filter(|&at| calls[at].name != "pwrite").collect();
    let mut chosen = Vec::new();
    for from in [&fitting, &rare] {
        for _ in 0..SAMPLE / 2 {
            chosen.extend(from.get(numbers.below(from.len().max(1))));
        }
    }
    chosen.extend(fitting.last());
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// A command that is tried on copies of a store.
struct Case<'a> {
    act: Act<'a>,
    disk: &'a Disk,
    name: &'a str,
    /// The store that it runs on; `None` for `init`.
    base: Option<&'a str>,
}

impl Case<'_> {
    /// Runs the command once for each chosen call and way of failing, on a new copy of the store. Returns the number of
    /// runs by way.
    fn survives(&self) -> BTreeMap<&str, usize> {
        let Self { act, disk, name, base } = self;
        let lab = act.lab;
        disk.reset(lab, *base);
        let before = state(lab, STORE).unwrap();
        disk.reset(lab, *base);
        let undisturbed = disk.run(&mut lab.command_on(STORE, &act.words), "count", 0, "");
        let calls = disk.calls();
        let known = act.known(before, &undisturbed);
        let mut numbers = Numbers(name.len() as u64);
        let (mut survived, mut found) = (BTreeMap::new(), Vec::new());
        for kind in KINDS {
            for at in sample(&calls, kind, &mut numbers) {
                let survives = self.survives_one(kind, at, &calls[at], &known);
                let place = || format!("{name}: {kind} at call {} of {}, {:?}", at + 1, calls.len(), calls[at]);
                found.extend(survives.err().map(|what| format!("{}: {what}", place())));
                *survived.entry(kind).or_default() += 1;
            }
        }
        println!("{name}: {} calls; tried {survived:?}", calls.len());
        assert!(found.is_empty(), "{} of them fail:\n{}", found.len(), found.join("\n"));
        survived
    }

    fn survives_one(&self, kind: &str, at: usize, call: &Call, known: &Known) -> Result<(), String> {
        let Self { act, disk, base, .. } = self;
        disk.reset(act.lab, *base);
        let said = &disk.run(&mut act.lab.command_on(STORE, &act.words), kind, at + 1, "");
        let died = said.status == -9;
        check(!died || !["eio", "enospc", "short"].contains(&kind), || said.err.clone())?;
        let acknowledged = said.status == known.status || call.name == "exit";
        act.judge(&Disturbed { said, acknowledged, unflushed: ["names", "data"].contains(&kind) }, known)
    }
}

fn lab() -> (Lab, String) {
    stores(Lab::in_memory(), 12, 60)
}

/// Tries a command of [`commands`].
fn survives_command(name: &str) {
    let (lab, identity) = lab();
    let commands = commands(&lab, &identity);
    let (_, base, words) = commands.iter().find(|one| one.0 == name).unwrap();
    survives(&lab, name, Some(base), words);
}

fn survives(lab: &Lab, name: &str, base: Option<&str>, words: &[String]) {
    let disk = Disk::new(lab);
    let act = Act { lab, store: STORE, words: words.iter().map(String::as_str).collect() };
    let case = Case { act, disk: &disk, name, base };
    assert_eq!(case.survives().len(), KINDS.len());
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn init() {
    survives(&lab().0, "init", None, &["init".to_owned()]);
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn import() {
    survives_command("import");
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn a_full_match() {
    survives_command("match");
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn a_match_of_what_is_new() {
    survives_command("delta");
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn a_decision() {
    survives_command("withdraw");
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn expunge() {
    survives_command("expunge");
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn another_key() {
    survives_command("rotate");
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn an_index() {
    survives_command("index");
}

/// On a disk that ignores flushes, a power failure loses the sealed file of an acknowledged import.
#[test]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    ignore = "needs a disk that fails: Linux on x86-64 or ARM64"
)]
fn the_loss_of_a_file_that_was_not_flushed_is_noticed() {
    let (lab, _) = lab();
    let disk = Disk::new(&lab);
    let import = ["import", "--as", "children", &lab.name("more.csv")];
    for (kind, status) in [("names", 0), ("lies", 1)] {
        disk.reset(&lab, Some("store"));
        assert_eq!(disk.run(&mut lab.command_on(STORE, &import), "count", 0, "").status, 0);
        let end = disk.calls().len();
        disk.reset(&lab, Some("store"));
        assert_eq!(disk.run(&mut lab.command_on(STORE, &import), kind, end, "").status, -9);
        let verified = lab.run_on(STORE, &["verify"]).ends(status);
        assert_eq!(verified.out.contains("cannot read the vault file"), status == 1, "{}", verified.out);
    }
}
