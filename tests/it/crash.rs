//! A command killed at any instant leaves a sound store, and repeating it gives the undisturbed result.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Lab, Numbers, PROGRAM, copy, counts, everything_in, kill_rounds};

/// Number of rounds in which a command dies at a write.
const ROUNDS: usize = 25;

fn rounds() -> usize {
    kill_rounds(ROUNDS)
}

/// Kills commands at instants from their start to a little after their usual end.
struct Killer {
    numbers: Numbers,
    whole: Duration,
    killed: usize,
}

impl Killer {
    /// Times an undisturbed command.
    fn timing(seed: u64, mut undisturbed: Command) -> Self {
        let started = Instant::now();
        let output = undisturbed.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        Self { numbers: Numbers(seed), whole: started.elapsed(), killed: 0 }
    }

    /// Starts a command and kills it at a random instant.
    fn kill(&mut self, mut command: Command) {
        let wait = self.whole.mul_f64(self.numbers.below(1100) as f64 / 1000.0);
        let started = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Sleeping is too coarse for the last millisecond.
        std::thread::sleep(wait.saturating_sub(Duration::from_millis(1)));
        while started.elapsed() < wait {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert!(status.signal() == Some(9) || status.success(), "{status:?}");
        self.killed += usize::from(status.signal() == Some(9));
    }

    fn report(&self, what: &str, changed: usize) {
        println!("{what}: {} of {} killed in time, {changed} had done their work", self.killed, rounds());
        assert!(self.killed >= 3, "{what}: only {} were killed in time", self.killed);
    }
}

#[track_caller]
fn private(folder: &Path) {
    for path in everything_in(folder) {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{}", path.display());
    }
}

#[test]
fn init_makes_a_store_or_none() {
    let lab = Lab::new();
    let mut killer = Killer::timing(1, lab.command_on("undisturbed", &["init"]));
    let empty = lab.counts();
    let mut made = 0;
    for round in 0..rounds() {
        let store = format!("store{round}");
        killer.kill(lab.command_on(&store, &["init"]));
        if lab.path(&store).exists() {
            made += 1;
        } else {
            lab.run_on(&store, &["verify"]).ends(2).says(&["there is no store in"]);
            lab.run_on(&store, &["init"]).ends(0);
        }
        assert_eq!(counts(&lab.run_on(&store, &["verify"]).ends(0)), empty);
        private(&lab.path(&store));
    }
    for left in everything_in(&lab.path(".")).iter().filter(|path| path.to_string_lossy().contains(".reunite-store-")) {
        assert_eq!(fs::metadata(left).unwrap().permissions().mode() & 0o077, 0, "{}", left.display());
    }
    killer.report("init", made);
}

/// Makes a matched store with few children and a file of many more, and returns the counts and the digest of the store.
fn growing() -> (Lab, String, [String; 2]) {
    let lab = Lab::new();
    lab.synth("files", 60, 3000, 3);
    lab.run(&["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
    let few: Vec<String> = lab.read("files/children.csv").lines().take(400).map(str::to_owned).collect();
    lab.import("children", "few.csv", few.join("\n"), &[]).ends(0);
    let digest = lab.digest(&[]);
    let children = lab.name("files/children.csv");
    // The counts include the candidates of the last match.
    let counts = lab.counts();
    (lab, children, [counts, digest])
}

#[test]
fn an_import_is_there_wholly_or_not_at_all() {
    let (lab, children, [before, digest_before]) = growing();
    let import = ["import", "--as", "children", &children];
    copy(&lab.path("store"), &lab.path("undisturbed"));
    let mut killer = Killer::timing(2, lab.command_on("undisturbed", &import));
    let after = counts(&lab.run_on("undisturbed", &["verify"]).ends(0));
    let digest = lab.run_on("undisturbed", &["match"]).ends(0).digest();
    assert_ne!(digest, digest_before);
    let mut done = 0;
    for round in 0..rounds() {
        let store = format!("store{round}");
        copy(&lab.path("store"), &lab.path(&store));
        killer.kill(lab.command_on(&store, &import));
        private(&lab.path(&store));
        let now = counts(&lab.run_on(&store, &["verify"]).ends(0));
        assert!(now == before || now == after, "half an import: {now}");
        done += usize::from(now == after);
        if round % 2 == 0 {
            // The existing index is older than the import.
            let expected = if now == after { &digest } else { &digest_before };
            assert_eq!(lab.run_on(&store, &["match"]).ends(0).digest(), *expected);
        }
        let again = if now == after { "all known and unchanged" } else { "2,601 added" };
        lab.run_on(&store, &import).ends(0).says(&[again]);
        assert_eq!(lab.run_on(&store, &["match"]).ends(0).digest(), digest);
    }
    killer.report("import", done);
}

/// Runs a command until the write that makes the journal, or at the end the ledger, longer than `limit` blocks of 512
/// bytes.
fn dying(lab: &Lab, store: &str, limit: usize, arguments: &[&str]) -> ExitStatus {
    let script = format!("ulimit -c 0; ulimit -f {limit}; exec {PROGRAM} \"$@\"");
    let command = lab.command_on(store, arguments);
    let mut limited = Command::new("sh");
    limited.args(["-c", &script, "-"]).args(command.get_args());
    limited.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap()
}

#[test]
fn an_import_that_dies_at_a_write_is_undone() {
    let (lab, children, [before, digest_before]) = growing();
    let import = ["import", "--as", "children", &children];
    copy(&lab.path("store"), &lab.path("undisturbed"));
    lab.run_on("undisturbed", &import).ends(0);
    let after = counts(&lab.run_on("undisturbed", &["verify"]).ends(0));
    let digest = lab.run_on("undisturbed", &["match"]).ends(0).digest();
    let blocks = fs::metadata(lab.path("undisturbed/ledger.db")).unwrap().len() as usize / 512;
    let (mut undone, mut done) = (0, 0);
    for round in 1..=ROUNDS {
        let store = format!("store{round}");
        copy(&lab.path("store"), &lab.path(&store));
        let limit = blocks * round * 5 / (ROUNDS * 4);
        let status = dying(&lab, &store, limit, &import);
        let now = counts(&lab.run_on(&store, &["verify"]).ends(0));
        assert!(now == before || now == after, "half an import: {now}");
        assert!(now == after || !status.success(), "acknowledged and lost");
        let expected = if now == after { &digest } else { &digest_before };
        assert_eq!(lab.run_on(&store, &["match"]).ends(0).digest(), *expected, "{limit} blocks");
        undone += usize::from(now == before);
        done += usize::from(now == after);
    }
    println!("{undone} imports were undone, {done} were done");
    assert!(undone > 5 && done > 2);
}

#[test]
fn a_match_is_recorded_wholly_or_not_at_all() {
    let lab = Lab::with_population(100, 3000);
    let before = lab.counts();
    copy(&lab.path("store"), &lab.path("undisturbed"));
    let mut killer = Killer::timing(3, lab.command_on("undisturbed", &["match"]));
    let after = counts(&lab.run_on("undisturbed", &["verify"]).ends(0));
    assert_ne!(before, after);
    let list = |store: &str| lab.run_on(store, &["candidates", "--format", "csv"]);
    let candidates = list("undisturbed").ends(0).out;
    let digest = lab.run_on("undisturbed", &["match"]).ends(0).digest();
    let mut done = 0;
    for round in 0..rounds() {
        let store = format!("store{round}");
        copy(&lab.path("store"), &lab.path(&store));
        killer.kill(lab.command_on(&store, &["match"]));
        private(&lab.path(&store));
        let now = counts(&lab.run_on(&store, &["verify"]).ends(0));
        assert!([&before, &after].contains(&&now), "half a run: {now}");
        if now == after {
            done += 1;
            assert_eq!(list(&store).ends(0).out, candidates);
        } else {
            list(&store).ends(2).says(&["nothing has been matched yet"]);
        }
        assert_eq!(lab.run_on(&store, &["match"]).ends(0).digest(), digest);
        assert_eq!(counts(&lab.run_on(&store, &["verify"]).ends(0).says(&["index: sound"])), after);
    }
    killer.report("match", done);
}

#[test]
fn a_match_of_what_is_new_is_recorded_wholly_or_not_at_all() {
    let lab = Lab::new();
    lab.synth("files", 100, 3000, 1);
    let text = lab.read("files/children.csv");
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let part = |rows: &[&str]| format!("{header}\n{}\n", rows.join("\n"));
    lab.run(&["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
    lab.import("children", "first.csv", part(&rows[..1500]), &[]).ends(0);
    lab.run(&["match"]).ends(0);
    lab.import("children", "later.csv", part(&rows[1500..]), &[]).ends(0);
    let list = |store: &str| lab.run_on(store, &["candidates", "--format", "csv"]).ends(0).out;
    copy(&lab.path("store"), &lab.path("full"));
    let digest = lab.run_on("full", &["match", "--full"]).ends(0).digest();
    copy(&lab.path("store"), &lab.path("undisturbed"));
    let mut killer = Killer::timing(5, lab.command_on("undisturbed", &["match"]));
    let (before, after) = (list("store"), list("undisturbed"));
    assert!(before != after);
    let mut done = 0;
    for round in 0..rounds() {
        let store = format!("store{round}");
        copy(&lab.path("store"), &lab.path(&store));
        killer.kill(lab.command_on(&store, &["match"]));
        lab.run_on(&store, &["verify"]).ends(0);
        let now = list(&store);
        assert!(now == before || now == after, "half a run");
        done += usize::from(now == after);
        assert_eq!(lab.run_on(&store, &["match"]).ends(0).digest(), digest);
    }
    killer.report("delta", done);
}

#[test]
fn a_match_that_dies_at_a_write_leaves_the_run_before() {
    let lab = Lab::with_population(60, 400);
    let list = |store: &str| lab.run_on(store, &["candidates", "--format", "json"]).ends(0).json();
    lab.run(&["match"]).ends(0);
    // Enough candidates that the journal outgrows SQLite's shared memory of 32 KiB.
    let again = ["match", "--min-log10-lr", "-8", "--doubt-whom", "none"];
    copy(&lab.path("store"), &lab.path("undisturbed"));
    lab.run_on("undisturbed", &again).ends(0);
    let (before, after) = (list("store"), list("undisturbed"));
    let (mut undone, mut done) = (0, 0);
    for limit in (64..700).step_by(48) {
        let store = format!("store{limit}");
        copy(&lab.path("store"), &lab.path(&store));
        let status = dying(&lab, &store, limit, &again);
        lab.run_on(&store, &["verify"]).ends(0);
        let now = list(&store);
        if now == before {
            assert!(!status.success(), "acknowledged and lost");
            undone += 1;
        } else {
            assert_eq!(now["run"]["digest"], after["run"]["digest"], "{limit}");
            assert_eq!(now["candidates"], after["candidates"], "{limit}");
            done += 1;
        }
        lab.run_on(&store, &again).ends(0);
        assert_eq!(list(&store)["run"]["digest"], after["run"]["digest"]);
    }
    println!("{undone} runs were undone, {done} were done");
    assert!(undone > 2 && done > 2);
}
