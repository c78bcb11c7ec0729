//! Whichever write, flush or change of a name fails, and whenever the process or the power does: what was acknowledged is
//! there, nothing is half done, the message is clear, and repeating the command gives the undisturbed result.
//!
//! A sample of the calls fails in each way; with `REUNITE_ALL_FAULTS=1` every one.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod common;
#[path = "common/disk.rs"]
mod disk;
#[path = "common/rotation.rs"]
mod rotation;

use std::collections::BTreeMap;
use std::fs;

use common::{Lab, Numbers, Said, copy, everything_in, reunite};
use disk::{Call, Disk, STORE};
use rotation::custodian;

/// How the disk, the process or the power fails.
const KINDS: [&str; 7] = ["eio", "enospc", "short", "kill", "half", "names", "data"];
/// Calls of each command that fail in each way.
const SAMPLE: usize = 4;

fn applies(kind: &str, call: &Call) -> bool {
    match kind {
        "eio" => call.name != "exit",
        "enospc" => call.grows(),
        "short" | "half" => call.writes(),
        _ => true,
    }
}

/// The calls that are to fail: a sample of all, and one as large of those that are no writes of a database's pages.
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

/// A command on a store, and what is known of both.
struct Case<'a> {
    lab: &'a Lab,
    disk: &'a Disk,
    name: &'a str,
    /// The store that it runs on; none for `init`.
    base: Option<&'a str>,
    words: Vec<&'a str>,
}

fn check(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// What a user sees of a store: counts, families, candidates.
fn state(lab: &Lab, store: &str) -> Result<String, String> {
    if !lab.path(store).exists() {
        return Ok(String::new());
    }
    let verified = lab.run_on(store, &["verify"]).err;
    let counted = verified.lines().find(|line| line.starts_with("ledger: sound; "));
    check(counted.is_some() && verified.contains("audit chain: sound"), || verified.clone())?;
    let candidates = lab.run_on(store, &["candidates", "--format", "csv"]);
    check(candidates.status < 2 || candidates.err.contains("nothing has been matched yet"), || candidates.err.clone())?;
    // Except what is new: that the last run says.
    let columns = ["family", "child", "log10_lr", "loci_compared", "incompatible_loci", "first_run", "same_person"];
    let candidates = if candidates.status == 0 { rotation::columns(&candidates.out, &columns) } else { Vec::new() };
    let families = lab.run_on(store, &["families", "list", "--withdrawn", "--format", "json"]);
    check(families.status < 2, || families.err.clone())?;
    Ok(format!("{counted:?}\n{candidates:?}\n{}", families.out))
}

/// Whether `verify` finds no more than work that the next command finishes, or a families index that was not flushed.
fn sound(verified: &Said, kind: &str) -> Result<(), String> {
    let unflushed = ["names", "data"].contains(&kind) && verified.err.contains("families index: damaged");
    let unfinished = verified.err.contains("an expunge was interrupted");
    check(verified.status == 0 || verified.status == 1 && (unflushed || unfinished), || verified.err.clone())
}

/// A store before a command and after it, and what it comes to.
struct Known {
    status: i32,
    before: String,
    after: String,
    digest: Option<String>,
    children: String,
}

impl Case<'_> {
    /// Lets calls of the command fail, each in a store of its own. Gives how often, by kind.
    fn survives(&self) -> BTreeMap<&str, usize> {
        let Self { lab, disk, name, base, words } = self;
        disk.reset(lab, *base);
        let before = state(lab, STORE).unwrap();
        disk.reset(lab, *base);
        let undisturbed = disk.run(&mut lab.command_on(STORE, words), "count", 0, "");
        assert!(undisturbed.status < 2, "{}", undisturbed.err);
        let calls = disk.calls();
        let after = state(lab, STORE).unwrap();
        let digest = lab.run_on(STORE, &["match"]).digest_if_any();
        let known = Known { status: undisturbed.status, before, after, digest, children: self.children() };
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
        let Self { lab, disk, base, words, .. } = self;
        let Known { before, after, .. } = known;
        disk.reset(lab, *base);
        let said = disk.run(&mut lab.command_on(STORE, words), kind, at + 1, "");
        let acknowledged = said.status == known.status || call.name == "exit";
        match said.status {
            -9 => check(!["eio", "enospc", "short"].contains(&kind), || said.err.clone())?,
            2 => self.clear(&said)?,
            status => check(status == known.status, || format!("status {status}: {}", said.err))?,
        }
        if lab.path(STORE).exists() {
            sound(&lab.run_on(STORE, &["verify"]), kind)?;
        }
        let now = state(lab, STORE)?;
        check(now == *after || now == *before, || format!("half done\n{now}\nbefore {before}\nafter {after}"))?;
        check(!acknowledged || now == *after, || format!("acknowledged and lost: {}", said.err))?;
        let again = lab.run_on(STORE, words);
        check(again.status < 2 || now == *after, || format!("repeated: {}", again.err))?;
        let repeated = state(lab, STORE)?;
        check(repeated == *after, || format!("repeated: {repeated}"))?;
        let matched = lab.run_on(STORE, &["match"]);
        check(matched.digest_if_any() == known.digest, || format!("another digest: {}", matched.err))?;
        sound(&lab.run_on(STORE, &["verify"]), kind)?;
        check(self.children() == known.children, || "other children".to_owned())?;
        let left = everything_in(&lab.path(STORE));
        let left = left.iter().find(|path| path.file_name().unwrap().to_string_lossy().starts_with('.'));
        check(left.is_none(), || format!("left behind: {left:?}"))
    }

    /// The genotypes of all children.
    fn children(&self) -> String {
        let file = self.lab.path("exported.csv");
        drop(fs::remove_file(&file));
        let words = ["export", "--as", "children", "--show-genotypes", file.to_str().unwrap()];
        let said = self.lab.run_on(STORE, &words);
        if said.status == 0 { self.lab.read("exported.csv") } else { said.err }
    }

    /// An error names what it is about, and why.
    fn clear(&self, said: &Said) -> Result<(), String> {
        if std::env::var_os("SHOW").is_some() {
            println!("{}", said.err.lines().filter(|line| line.contains("rror")).collect::<String>());
        }
        let place = self.lab.name("arena");
        check(said.err.contains("error: ") && said.err.contains(&place), || format!("not clear: {}", said.err))
    }
}

/// Two stores with the same people: `plain`, matched and then given a custodian, and `sealed`, with one from the beginning.
fn lab() -> (Lab, String) {
    let lab = Lab::in_memory();
    let (identity, recipient) = custodian(&lab, "identity");
    lab.synth("files", 12, 60, 1);
    lab.synth("more", 2, 8, 2);
    lab.write("more.csv", lab.read("more/children.csv").replace("\nC", "\nD"));
    reunite(&["key", "new", &lab.name("new")]).ends(0);
    copy(&lab.path("store"), &lab.path("sealed"));
    lab.run_on("sealed", &["vault", "recipients", "add", &recipient]).ends(0);
    for store in ["store", "sealed"] {
        lab.run_on(store, &["import", &lab.name("files/families.csv"), &lab.name("files/children.csv")]).ends(0);
        copy(&lab.path(store), &lab.path(&format!("{store}-unmatched")));
        assert_eq!(lab.run_on(store, &["match"]).status, 0);
    }
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    (lab, identity)
}

fn survives(name: &str, base: Option<&str>, words: &dyn Fn(&Lab, &str) -> Vec<String>) {
    let (lab, identity) = lab();
    let Some(disk) = Disk::new(&lab) else { return };
    let words = words(&lab, &identity);
    let words = words.iter().map(String::as_str).collect();
    let case = Case { lab: &lab, disk: &disk, name, base, words };
    let survived = case.survives();
    assert_eq!(survived.len(), KINDS.len());
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[test]
fn init() {
    survives("init", None, &|_, _| owned(&["init"]));
}

#[test]
fn import() {
    survives("import", Some("store"), &|lab, _| owned(&["import", "--as", "children", &lab.name("more.csv")]));
}

#[test]
fn a_full_match() {
    survives("match", Some("store-unmatched"), &|_, _| owned(&["match"]));
}

#[test]
fn a_match_of_what_is_new() {
    survives("delta", Some("sealed"), &|lab, _| {
        lab.run_on("sealed", &["import", "--as", "children", &lab.name("more.csv")]).ends(0);
        owned(&["match"])
    });
}

#[test]
fn a_decision() {
    survives("withdraw", Some("sealed"), &|lab, _| {
        let family = best_pair(lab)[0].clone();
        owned(&["families", "withdraw", &family, "--reason", "other"])
    });
}

#[test]
fn expunge() {
    survives("expunge", Some("sealed"), &|lab, _| {
        let child = best_pair(lab)[1].clone();
        owned(&["expunge", &child, "--reason", "consent was withdrawn"])
    });
}

#[test]
fn another_key() {
    survives("rotate", Some("sealed"), &|lab, identity| rotation::rotation(lab, identity));
}

#[test]
fn an_index() {
    survives("index", Some("sealed"), &|lab, _| {
        fs::remove_file(lab.path("sealed/index/children.idx")).unwrap();
        owned(&["index"])
    });
}

/// On a disk that does not flush, the sealed file of an acknowledged import is lost when the power fails.
#[test]
fn a_loss_would_be_noticed() {
    let (lab, _) = lab();
    let Some(disk) = Disk::new(&lab) else { return };
    let import = ["import", "--as", "children", &lab.name("more.csv")];
    for (kind, status) in [("names", 0), ("lies", 1)] {
        disk.reset(&lab, Some("store"));
        assert_eq!(disk.run(&mut lab.command_on(STORE, &import), "count", 0, "").status, 0);
        let end = disk.calls().len();
        disk.reset(&lab, Some("store"));
        assert_eq!(disk.run(&mut lab.command_on(STORE, &import), kind, end, "").status, -9);
        let verified = lab.run_on(STORE, &["verify"]).ends(status);
        assert_eq!(verified.err.contains("cannot read the vault file"), status == 1, "{}", verified.err);
    }
}

/// Family and child of the best candidate.
fn best_pair(lab: &Lab) -> Vec<String> {
    let listed = lab.run_on("sealed", &["candidates", "--format", "csv"]).ends(0).out;
    listed.lines().nth(1).unwrap().split(',').take(2).map(str::to_owned).collect()
}
