//! `expunge` deletes a person from every file of the store, whenever the command dies, and nothing else.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::{Lab, Numbers, Said, copy, everything_in, kill_rounds};
use age::secrecy::ExposeSecret;
use reunite::ledger::ENCRYPTS;

const WHY: [&str; 2] = ["--reason", "consent was withdrawn"];

fn bytes_of(pseudonym: &str) -> Vec<u8> {
    (0..16).map(|i| u8::from_str_radix(&pseudonym[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// Returns the profile as the ledger keeps it.
fn profile(lab: &Lab, store: &str, pseudonym: &str) -> Vec<u8> {
    let database = lab.database(store);
    let sql = "SELECT profile FROM sample WHERE pseudonym = ?1";
    database.query_row(sql, [bytes_of(pseudonym)], |row| row.get(0)).unwrap()
}

/// Lists the files of a store that contain one of these byte sequences.
fn files_with(folder: &Path, traces: &[Vec<u8>]) -> Vec<String> {
    let holds = |bytes: &[u8]| traces.iter().any(|trace| bytes.windows(trace.len()).any(|window| window == trace));
    let files = everything_in(folder).into_iter().filter(|path| path.is_file() && holds(&fs::read(path).unwrap()));
    let mut names: Vec<String> =
        files.map(|path| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Returns every form in which a store may hold the pseudonym of a sample or family.
fn traces(pseudonym: &str) -> Vec<Vec<u8>> {
    vec![bytes_of(pseudonym), pseudonym.as_bytes().to_vec(), pseudonym.to_uppercase().into_bytes()]
}

/// A matched store with a custodian, and the pseudonyms of a candidate's family, child and that family's relatives.
struct Matched {
    lab: Lab,
    identity: String,
    family: String,
    child: String,
    relatives: Vec<String>,
}

fn matched() -> Matched {
    let lab = Lab::new();
    let identity = age::x25519::Identity::generate();
    let file = lab.write("identity", identity.to_string().expose_secret());
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    lab.run(&["vault", "recipients", "add", &identity.to_public().to_string()]).ends(0);
    lab.synth("files", 60, 300, 1);
    for layout in ["families", "children"] {
        lab.run(&["import", "--as", layout, &lab.name(&format!("files/{layout}.csv"))]).ends(0);
    }
    lab.run(&["match"]).ends(0);
    let all = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    let database = lab.database("store");
    let relatives = |family: &str| -> Vec<String> {
        let sql = "SELECT lower(hex(sample.pseudonym)) FROM family JOIN member ON family_id = family.id
                   JOIN sample ON sample.id = sample_id WHERE family.pseudonym = ?1";
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([bytes_of(family)], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let pairs = all["candidates"].as_array().unwrap().iter();
    let pair = |pair: &serde_json::Value, which: &str| pair[which].as_str().unwrap().to_owned();
    let (family, child, relatives) = pairs
        .map(|one| (pair(one, "family"), pair(one, "child"), relatives(&pair(one, "family"))))
        .find(|(.., relatives)| relatives.len() > 1)
        .unwrap();
    Matched { lab, identity: file, family, child, relatives }
}

fn reidentify(matched: &Matched, whom: &str) -> Said {
    let lab = &matched.lab;
    lab.run(&["reidentify", whom, "--identity", &matched.identity, "--reason", "a test", "--case-number", "1"])
}

#[test]
fn a_child_is_gone_from_every_file() {
    let matched = matched();
    let Matched { lab, child, .. } = &matched;
    let store = lab.path("store");
    let genotypes = profile(lab, "store", child);
    let before = files_with(&store, &traces(child));
    // The content of an encrypted ledger is not visible.
    let ledger = usize::from(!ENCRYPTS);
    assert!(before.contains(&"ledger.db".to_owned()) != ENCRYPTS, "{before:?}");
    assert!(before.len() >= 2 + ledger, "ledger, index and vault: {before:?}");
    assert_eq!(files_with(&store, std::slice::from_ref(&genotypes)), ["ledger.db"][..ledger]);
    reidentify(&matched, child).ends(0);
    lab.run(&["expunge", child]).ends(2).says(&["give --reason TEXT"]);
    let said =
        lab.run(&[&["expunge", child, "--dry-run"], &WHY[..]].concat()).ends(0).says(&["1 sample and 0 families"]);
    assert!(said.out.contains("reidentify"));
    assert_eq!(files_with(&store, &traces(child)), before);
    let said =
        lab.run(&[&["expunge", child], &WHY[..]].concat()).ends(0).says(&["deleted 1 sample", "recall what left"]);
    for command in ["match", "candidates", "reidentify"] {
        assert!(said.out.contains(command), "{command}: {}", said.out);
    }
    assert!(!said.out.contains("import"), "what read it in did not give it out: {}", said.out);
    let gone = [traces(child), vec![genotypes]].concat();
    assert_eq!(files_with(&store, &gone), [""; 0]);
    lab.run(&["verify"]).ends(0).says(&["audit chain: sound", "vault: sound"]);
    reidentify(&matched, child).ends(1);
    lab.run(&[&["expunge", child], &WHY[..]].concat()).ends(2).says(&["there is no sample or family"]);
    let about = lab.run(&["audit", "list", "--about", child]).ends(0).out;
    assert!(about.contains("expunge") && about.contains("consent was withdrawn"));
    let delta = lab.run(&["match"]).ends(0).digest();
    assert_eq!(lab.run(&["match", "--full"]).ends(0).digest(), delta);
    assert_eq!(files_with(&store, &gone), [""; 0], "nor does it come back");
    // A store that never held the child has the same candidates.
    lab.run_on("never", &["init"]).ends(0);
    let names: Vec<String> =
        lab.read("files/children.csv").lines().skip(1).map(|row| row.split(',').next().unwrap().to_owned()).collect();
    let pseudonyms = lab.pseudonyms("sample", names.iter().map(String::as_str));
    let id = names.iter().find(|name| pseudonyms[*name] == *child).unwrap();
    let rest: String = lab
        .read("files/children.csv")
        .lines()
        .filter(|row| !row.starts_with(&format!("{id},")))
        .map(|row| format!("{row}\n"))
        .collect();
    lab.write("rest.csv", rest);
    lab.run_on("never", &["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
    lab.run_on("never", &["import", "--as", "children", &lab.name("rest.csv")]).ends(0);
    assert_eq!(lab.run_on("never", &["match"]).ends(0).digest(), delta);
}

#[test]
fn a_relative_and_then_its_family_are_gone() {
    let matched = matched();
    let Matched { lab, family, relatives, .. } = &matched;
    let store = lab.path("store");
    let (first, rest) = relatives.split_first().unwrap();
    let genotypes = profile(lab, "store", first);
    lab.run(&[&["expunge", first], &WHY[..]].concat()).ends(0).says(&["deleted 1 sample and 0 families"]);
    assert_eq!(files_with(&store, &[traces(first), vec![genotypes]].concat()), [""; 0]);
    assert!(!files_with(&store, &traces(family)).is_empty());
    let delta = lab.run(&["match"]);
    assert_eq!(lab.run(&["match", "--full"]).digest(), delta.digest());
    // This time the family is named by its number.
    let names: Vec<String> =
        lab.read("files/families.csv").lines().skip(1).map(|row| row.split(',').next().unwrap().to_owned()).collect();
    let pseudonyms = lab.pseudonyms("family", names.iter().map(String::as_str));
    let id = names.iter().find(|name| pseudonyms[*name] == *family).unwrap();
    let input = fs::File::open(lab.write("ids", format!("{id}\n"))).unwrap();
    let mut command = lab.command(&[&["expunge", "--identifiers", "family"], &WHY[..]].concat());
    let said = Said::of(command.stdin(input).output().unwrap()).ends(0);
    said.says(&[&format!("deleted {} sample", rest.len()), " and 1 family,"]);
    for one in rest.iter().chain([family]) {
        assert_eq!(files_with(&store, &traces(one)), [""; 0], "{one}");
    }
    lab.run(&["verify"]).ends(0);
    assert_eq!(lab.run(&["match"]).digest(), lab.run(&["match", "--full"]).digest());
}

#[test]
fn expunging_the_last_relative_expunges_the_family_and_a_shared_relative_stays() {
    let lab = Lab::new();
    let families = "family_id,sample_id,relation,sex,vWA,FGA\nF1,A,mother,f,14/15,22\nF1,S,father,m,14,22/23\n\
                    F2,S,father,m,14,22/23\nF2,B,mother,f,16,21\nF3,C,mother,f,16,21/24\n";
    lab.import("families", "f.csv", families, &[]).ends(0);
    let samples = lab.pseudonyms("sample", ["S", "C"]);
    let of_family = lab.pseudonyms("family", ["F1", "F2", "F3"]);
    lab.run(&[&["expunge", &samples["C"]], &WHY[..]].concat()).ends(0).says(&["1 sample and 1 family"]);
    lab.run(&[&["expunge", &of_family["F1"]], &WHY[..]].concat()).ends(0).says(&["1 sample and 1 family"]);
    assert!(lab.counts().contains("1 family with 2 relatives"));
    let shared = files_with(&lab.path("store"), &traces(&samples["S"]));
    assert_eq!(shared.contains(&"ledger.db".to_owned()), !ENCRYPTS);
}

#[test]
fn the_manifest_of_a_run_keeps_no_expunged_pseudonym() {
    let lab = Lab::new();
    lab.run_on("refusing", &["init", "--rare-allele-frequency", "refuse"]).ends(0);
    let families = "family_id,sample_id,relation,sex,vWA,FGA\nF1,A,mother,f,14/15,22\n";
    lab.write("f.csv", families);
    lab.write("c.csv", "sample_id,sex,vWA,FGA\nX,m,14/99,22\nY,m,14,22\n");
    for (layout, name) in [("families", "f.csv"), ("children", "c.csv")] {
        lab.run_on("refusing", &["import", "--as", layout, &lab.name(name)]).ends(0);
    }
    let child = &lab.pseudonyms("sample", ["X"])["X"];
    lab.run_on("refusing", &["match", "--min-log10-lr", "-3"]).ends(2).says(&["was not compared"]);
    let manifest = || -> String {
        let database = lab.database("refusing");
        database.query_row("SELECT manifest FROM run", [], |row| row.get(0)).unwrap()
    };
    assert!(manifest().contains(child.as_str()));
    lab.run_on("refusing", &[&["expunge", child], &WHY[..]].concat()).ends(0);
    assert!(manifest().contains("\"refused\":[]") && manifest().contains("\"survivors\""));
    assert_eq!(files_with(&lab.path("refusing"), &traces(child)), [""; 0]);
    lab.run_on("refusing", &["match", "--min-log10-lr", "-3"]).ends(0);
}

#[test]
fn an_expunge_that_is_killed_is_finished_by_what_comes_next() {
    let matched = matched();
    let Matched { lab, child, .. } = &matched;
    let gone = [traces(child), vec![profile(lab, "store", child)]].concat();
    let expunge = [&["expunge", child.as_str()], &WHY[..]].concat();
    copy(&lab.path("store"), &lab.path("undisturbed"));
    let started = Instant::now();
    lab.run_on("undisturbed", &expunge).ends(0);
    let whole = started.elapsed();
    let mut numbers = Numbers(11);
    let (mut killed, mut done) = (0, 0);
    let rounds = kill_rounds(20);
    for round in 0..rounds {
        let store = format!("store{round}");
        copy(&lab.path("store"), &lab.path(&store));
        let mut process = lab.command_on(&store, &expunge).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(numbers.below(1000) as f64 / 1000.0).max(Duration::from_millis(1)));
        process.kill().unwrap();
        killed += usize::from(!process.wait().unwrap().success());
        let verified = lab.run_on(&store, &["verify"]);
        assert!(verified.status == 0 || verified.out.contains("was interrupted"), "{}", verified.out);
        lab.run_on(&store, &["index"]).ends(0);
        lab.run_on(&store, &["vault", "sweep"]);
        let there = files_with(&lab.path(&store), &gone);
        if there.is_empty() {
            done += 1;
        } else {
            assert!(ENCRYPTS || there.contains(&"ledger.db".to_owned()), "half gone: {there:?}");
            lab.run_on(&store, &expunge).ends(0);
            assert_eq!(files_with(&lab.path(&store), &gone), [""; 0]);
        }
        lab.run_on(&store, &["verify"]).ends(0);
    }
    assert!(killed >= 3, "{killed} of {rounds}, {done} done");
}
