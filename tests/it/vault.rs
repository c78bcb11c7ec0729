//! Only a custodian gets original identifiers back; without a custodian the program does not keep them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::sealed;
use crate::common::{Lab, Numbers, Said, copy, counts, everything_in, kill_rounds};
use age::secrecy::ExposeSecret;

/// Makes a custodian's identity file; returns its name and the recipient.
fn custodian(lab: &Lab, name: &str) -> (String, String) {
    let identity = age::x25519::Identity::generate();
    let file = lab.write(name, format!("# created for a test\n{}\n", identity.to_string().expose_secret()));
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    (file, identity.to_public().to_string())
}

fn add(lab: &Lab, recipients: &[&str]) -> Said {
    lab.run(&[&["vault", "recipients", "add"], recipients].concat())
}

fn reidentify(lab: &Lab, identity: &str, pseudonyms: &[&str]) -> Said {
    let why = ["--identity", identity, "--reason", "an order of the court", "--case-number", "2026-17"];
    lab.run(&[&["reidentify", "--format", "csv"], pseudonyms, &why].concat())
}

const FAMILIES: &str = "family_id,sample_id,relation,sex,agency,vWA,FGA\n\
    Famille-4711,Mere-1189,mother,f,鲁公安,14/15,22\nFamille-4711,Pere-2290,father,m,鲁公安,14/16,22/23\n";
const CHILDREN: &str = "sample_id,sex,vWA,FGA\nEnfant-3301,m,14,22\nEnfant-3302,f,15,22/24\n";
const NAMES: [&str; 6] = ["Famille-4711", "Mere-1189", "Pere-2290", "Enfant-3301", "Enfant-3302", "鲁公安"];

fn sealed_files(lab: &Lab) -> Vec<std::path::PathBuf> {
    let mut all = everything_in(&lab.path("store"));
    all.retain(|path| path.extension().is_some_and(|extension| extension == "sealed"));
    all
}

#[test]
fn without_a_custodian_nothing_is_kept() {
    let lab = Lab::new();
    let (identity, _) = custodian(&lab, "identity");
    lab.import("children", "c.csv", CHILDREN, &[]).ends(0).says(&["no custodian: original identifiers are not kept"]);
    assert!(!lab.path("store/vault").exists() || sealed_files(&lab).is_empty());
    let child = &lab.pseudonyms("sample", ["Enfant-3301"])["Enfant-3301"];
    reidentify(&lab, &identity, &[child]).ends(1).says(&[child, "no sealed record is about it"]);
}

#[test]
fn a_custodian_gets_named_identifiers_back_and_nobody_else() {
    let lab = Lab::new();
    let [(a, to_a), (b, to_b), (stranger, _)] = ["a", "b", "c"].map(|name| custodian(&lab, name));
    add(&lab, &[&to_a, &to_b]).ends(0).says(&["added 2 custodians"]);
    let listed = lab.run(&["vault", "recipients", "list"]).ends(0).out;
    assert!(listed.contains(&to_a) && listed.contains(&to_b));
    let said = lab.import("families", "f.csv", FAMILIES, &[]).ends(0);
    assert!(!said.err.contains("no custodian"));
    lab.import("children", "c.csv", CHILDREN, &[]).ends(0);
    assert_eq!(sealed_files(&lab).len(), 2);
    for path in everything_in(&lab.path("store")) {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{}", path.display());
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            // An agency is no person: the ledger holds its name in clear.
            for name in &NAMES[..5] {
                let found = bytes.windows(name.len()).any(|window| window == name.as_bytes());
                assert!(!found, "{name} in {}", path.display());
            }
        }
    }
    let agency = ["pseudonym", "--agency", NAMES[5], "--kind"];
    let named = |kind: &str, name: &str| {
        let mut command = lab.command(&[&agency[..], &[kind]].concat());
        let input = fs::File::open(lab.write("name", format!("{name}\n"))).unwrap();
        Said::of(command.stdin(input).output().unwrap()).ends(0).out.trim().to_owned()
    };
    let (mother, family) = (named("sample", "Mere-1189"), named("family", "Famille-4711"));
    let child = lab.pseudonyms("sample", ["Enfant-3302"])["Enfant-3302"].clone();
    let mut expected = [
        format!("{mother},sample,鲁公安,Mere-1189"),
        format!("{family},family,鲁公安,Famille-4711"),
        format!("{child},sample,,Enfant-3302"),
    ];
    expected.sort();
    for identity in [&a, &b] {
        let said = reidentify(&lab, identity, &[&mother, &family, &child]).ends(0);
        assert_eq!(said.out.lines().skip(1).collect::<Vec<_>>(), expected);
    }
    let said = reidentify(&lab, &stranger, &[&mother]).ends(2).says(&["is sealed to other custodians"]);
    assert_eq!(said.out, "");
    // The matching machine has the store and its key: neither opens the vault.
    let key = lab.name("key");
    reidentify(&lab, &key, &[&mother]).ends(2).says(&["is not a key file"]);
    let listed = lab.run(&["audit", "list", "--about", &mother, "--format", "json"]).ends(0).json();
    let attempts = listed["records"].as_array().unwrap();
    assert_eq!(attempts.len(), 3, "the stranger's, too");
    assert!(attempts.iter().all(|one| one["details"]["case_number"] == "2026-17" && one["reason"].is_string()));
    // Anybody can open it so, with the age tool, the custodian's identity and the keys that the file holds beside the
    // records.
    let texts = sealed_files(&lab).into_iter().map(|path| fs::read_to_string(path).unwrap());
    let text = texts.into_iter().find(|text| text.contains(&format!("sample {mother}"))).unwrap();
    let [_, armored, keys] = sealed::parts(&text);
    let identity: age::x25519::Identity = fs::read_to_string(&a).unwrap().lines().nth(1).unwrap().parse().unwrap();
    let lines = String::from_utf8(age::decrypt(&identity, armored.as_bytes()).unwrap()).unwrap();
    let (number, key) = sealed::key(keys, &mother);
    let plain: serde_json::Value = serde_json::from_str(&sealed::open(&key, sealed::record(&lines, number))).unwrap();
    assert_eq!(plain["sample_id"], "Mere-1189");
    for missing in ["--reason", "--case-number", "--identity"] {
        let whole = ["--identity", &a, "--reason", "r", "--case-number", "1"];
        let rest: Vec<&str> = whole.chunks(2).filter(|pair| pair[0] != missing).flatten().copied().collect();
        lab.run(&[&["reidentify", &mother], &rest[..]].concat()).ends(2).says(&[missing]);
    }
    fs::copy(&a, lab.path("store/identity")).unwrap();
    reidentify(&lab, &lab.name("store/identity"), &[&mother]).ends(2).says(&["is inside the store"]);
}

#[test]
fn what_was_imported_before_is_sealed_when_it_comes_again() {
    let lab = Lab::new();
    let (identity, recipient) = custodian(&lab, "identity");
    lab.import("children", "c.csv", CHILDREN, &[]).ends(0);
    lab.import("families", "f.csv", FAMILIES, &[]).ends(0);
    add(&lab, &[&recipient]).ends(0);
    add(&lab, &[&recipient]).ends(0).says(&["added 0 custodians"]);
    lab.import("children", "c.csv", CHILDREN, &["--dry-run"]).ends(0);
    let other = CHILDREN.replace("14,22", "16,22");
    lab.import("children", "o.csv", other, &[]).ends(2);
    assert_eq!(sealed_files(&lab).len(), 0, "neither dry runs nor refused files leave anything");
    for (layout, text) in [("children", CHILDREN), ("families", FAMILIES)] {
        lab.import(layout, "again.csv", text, &[]).ends(0).says(&["nothing changed"]);
    }
    lab.run(&["verify"]).ends(0).says(&["vault: sound; 4 sealed records in 2 files; 0 samples without"]);
    let child = &lab.pseudonyms("sample", ["Enfant-3301"])["Enfant-3301"];
    assert!(reidentify(&lab, &identity, &[child]).ends(0).out.contains("Enfant-3301"));
    lab.import("children", "c.csv", CHILDREN, &[]).ends(0);
    assert_eq!(sealed_files(&lab).len(), 2, "once is enough");
    lab.run(&["vault", "recipients", "remove", &recipient]).ends(0);
    lab.import("children", "n.csv", CHILDREN.replace("33", "44"), &[]).ends(0).says(&["no custodian"]);
    assert_eq!(sealed_files(&lab).len(), 2);
    lab.run(&["vault", "recipients", "add", "AGE-SECRET-KEY-1SECRETSECRET"]).ends(2).says(&["is an age recipient"]);
    let said = lab.run_on("new", &["init", "--custodian", "AGE-SECRET-KEY-1SECRETSECRET"]).ends(2);
    assert!(!said.err.contains("SECRETSECRET") && !lab.path("new").exists());
    lab.run_on("new", &["init", "--custodian", &recipient]).ends(0).says(&["seal original identifiers to 1 custodian"]);
    assert_eq!(lab.run_on("new", &["vault", "recipients", "list"]).ends(0).out.trim(), recipient);
}

#[test]
fn damage_and_leftovers_are_noticed() {
    let lab = Lab::new();
    let (_, recipient) = custodian(&lab, "identity");
    add(&lab, &[&recipient]).ends(0);
    lab.import("children", "c.csv", CHILDREN, &[]).ends(0);
    let file = sealed_files(&lab).remove(0);
    let sound = fs::read(&file).unwrap();
    let mut flipped = sound.clone();
    flipped[sound.len() / 2] ^= 1;
    fs::write(&file, &flipped).unwrap();
    lab.run(&["verify"]).ends(1).says(&["vault:", "was changed"]);
    fs::remove_file(&file).unwrap();
    lab.run(&["verify"]).ends(1).says(&["vault: cannot read"]);
    fs::write(&file, &sound).unwrap();
    lab.run(&["verify"]).ends(0);
    let left = file.with_file_name("0123.sealed");
    fs::write(&left, &sound).unwrap();
    fs::write(file.with_file_name(".sealing-Xy12"), "half").unwrap();
    lab.run(&["verify"]).ends(0).says(&["1 file of interrupted commands"]);
    lab.run(&["vault", "sweep"]).ends(0).says(&["deleted 1 file"]);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    assert_eq!(fs::read(&file).unwrap(), sound);
    lab.run(&["verify"]).ends(0);
}

#[test]
fn an_import_that_is_killed_leaves_all_or_nothing_sealed() {
    let lab = Lab::new();
    let (_, recipient) = custodian(&lab, "identity");
    add(&lab, &[&recipient]).ends(0);
    lab.synth("files", 5, 1500, 3);
    let import = ["import", "--as", "children", &lab.name("files/children.csv")];
    let before = lab.counts();
    copy(&lab.path("store"), &lab.path("undisturbed"));
    let started = Instant::now();
    lab.run_on("undisturbed", &import).ends(0);
    let whole = started.elapsed();
    let after = counts(&lab.run_on("undisturbed", &["verify"]).ends(0).says(&["1,500 sealed records"]));
    let mut numbers = Numbers(7);
    let (mut killed, mut undone) = (0, 0);
    let rounds = kill_rounds(15);
    for round in 0..rounds {
        let store = format!("store{round}");
        copy(&lab.path("store"), &lab.path(&store));
        let mut child = lab.command_on(&store, &import).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(numbers.below(1000) as f64 / 1000.0).max(Duration::from_millis(1)));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        let said = lab.run_on(&store, &["verify"]).ends(0);
        let now = counts(&said);
        assert!(now == before || now == after, "{now}");
        undone += usize::from(now == before);
        assert!(
            now == before || said.out.contains("1,500 sealed records in 1 file; 0 samples without"),
            "{}",
            said.out
        );
        lab.run_on(&store, &import).ends(0);
        lab.run_on(&store, &["verify"]).ends(0).says(&["1,500 sealed records in 1 file; 0 samples without"]);
        let left = lab.run_on(&store, &["vault", "sweep"]);
        assert!(left.status < 2);
        assert_eq!(fs::read_dir(lab.path(&store).join("vault")).unwrap().count(), 1);
    }
    assert!(killed >= 3 && undone >= 1, "{killed} {undone}");
}
