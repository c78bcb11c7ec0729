//! Settings are shown with their source, changed one at a time if they stay valid, and compared with the last run.

use std::fs;

use crate::common::{Lab, Said};

fn set(lab: &Lab, key: &str, value: &str) -> Said {
    lab.run(&["config", "set", key, value])
}

fn row(lab: &Lab, key: &str) -> serde_json::Value {
    let listed = lab.run(&["config", "show", "--format", "json"]).ends(0).json();
    listed["settings"].as_array().unwrap().iter().find(|row| row["setting"] == key).unwrap().clone()
}

#[test]
fn settings_are_listed_with_their_source() {
    let lab = Lab::with_model(&["--theta", "0.01"]);
    let theta = row(&lab, "model.theta");
    assert_eq!((&theta["value"], &theta["source"], &theta["default"]), (&"0.01".into(), &"store".into(), &"0".into()));
    let prior = row(&lab, "meaning.prior");
    assert_eq!((&prior["value"], &prior["source"]), (&"0.5".into(), &"default".into()));
    assert!(row(&lab, "model.rare_allele_frequency")["value"].is_null());
    assert_eq!((&row(&lab, "store_id")["settable"], &prior["settable"]), (&false.into(), &true.into()));
    lab.run(&["config", "show"]).ends(0).says(&["model.theta = 0.01: coancestry", "meaning.prior = 0.5 (default): "]);
    let csv = lab.run(&["config", "show", "--format", "csv"]).ends(0).out;
    assert!(csv.contains("\nmatch.min_log10_lr,4,store,4,true,"), "{csv}");
}

#[test]
fn a_setting_is_changed_recorded_and_used() {
    let lab = Lab::with_population(30, 200);
    lab.run(&["config", "check"]).ends(0).says(&["nothing has been matched yet"]);
    let digest = lab.digest(&[]);
    lab.run(&["config", "check"]).ends(0).says(&["the next match repeats the last one"]);
    let text = lab.read("store/reunite.toml");
    // Somebody's remarks stay.
    let text = text.replace("[model]", "# agreed on 2026-03-01\n[model]");
    fs::write(lab.path("store/reunite.toml"), &text).unwrap();
    let said = lab.run(&["config", "set", "match.min_log10_lr", "6", "--reason", "fewer chance hits"]).ends(0);
    said.says(&["match.min_log10_lr is 6, and was 4"]);
    assert_eq!(lab.read("store/reunite.toml"), text.replace("min_log10_lr = 4.0", "min_log10_lr = 6.0"));
    let last = lab.run(&["audit", "list", "--last", "1", "--format", "json"]).json()["records"][0].clone();
    let details = serde_json::json!({"setting": "match.min_log10_lr", "before": "4", "now": "6"});
    assert_eq!(
        (&last["command"], &last["details"], &last["reason"]),
        (&"config set".into(), &details, &"fewer chance hits".into())
    );
    let said = lab.run(&["config", "check"]).ends(1);
    said.says(&["setting: match.min_log10_lr is 6.0, and was 4.0"]);
    assert_ne!(lab.digest(&[]), digest);
    // The same value again is no change and no record.
    let records = lab.run(&["audit", "list", "--format", "csv"]).out.lines().count();
    set(&lab, "match.min_log10_lr", "6.0").ends(0).says(&["nothing changed"]);
    assert_eq!(lab.run(&["audit", "list", "--format", "csv"]).out.lines().count(), records);
    set(&lab, "match.min_log10_lr", "default").ends(0);
    set(&lab, "meaning.prior", "0.2").ends(0);
    set(&lab, "model.linked", "vWA:D12S391=0.106, D5S818:CSF1PO=0.25").ends(0);
    assert_eq!(row(&lab, "model.linked")["value"], "vWA:D12S391=0.106, D5S818:CSF1PO=0.25");
    set(&lab, "model.linked", "default").ends(0);
    set(&lab, "match.min_log10_lr", "-2").ends(0);
    set(&lab, "match.min_log10_lr", "default").ends(0);
    assert_eq!(lab.digest(&["--full"]), digest);
    lab.run(&["verify"]).ends(0);
    let table = include_str!("../../fixtures/frequencies_chinese_han_23.csv");
    let exchanged =
        table.replace("D3S1358,13,0.002,", "D3S1358,13,0.0417,").replacen("D3S1358,14,0.0417,", "D3S1358,14,0.002,", 1);
    let file = lab.write("table.csv", exchanged);
    lab.run(&["frequencies", "set", &file, "--reason", "a new census"]).ends(0);
    lab.import("children", "late.csv", "sample_id,sex,vWA,FGA\nLate,m,14/15,22/23\n", &[]).ends(0);
    let found = lab.run(&["config", "check", "--format", "json"]).ends(1).json();
    let what: Vec<&str> =
        found["differences"].as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["frequencies", "samples"]);
}

#[test]
fn an_invalid_change_is_refused_and_nothing_is_written() {
    let lab = Lab::with_population(5, 20);
    let (text, chain) = (lab.read("store/reunite.toml"), lab.run(&["audit", "list", "--format", "csv"]).out);
    for (key, value, told) in [
        ("model.tetha", "0.1", "there is no setting of this name; `reunite config show` lists"),
        ("theta", "0.1", "there is no setting of this name"),
        ("model", "0.1", "there is no setting of this name"),
        ("model.theta", "much", "the value of model.theta must be a number"),
        ("model.theta", "nan", "must be a number"),
        ("model.theta", "2", "theta"),
        ("model.theta", "", "must be a number"),
        ("match.min_loci", "1.5", "must be a whole number"),
        ("match.min_loci", "-1", "must be a whole number"),
        ("match.doubt_whom", "everybody", "write none, parents or all"),
        ("match.doubt", "0", "probability above 0"),
        ("model.mutation", "fast", "write none, equal, proportional or stepwise"),
        ("model.rate_male", "default", "requires rate_male"),
        ("model.rare_alleles", "accept", "rare_alleles can only be"),
        ("model.linked", "vWA", "write two loci"),
        ("model.linked", "vWA:NoLocus=0.1", "NoLocus"),
        ("meaning.prior", "1", "prior"),
        ("store_id", "00", "is not changed in this way; it stays"),
        ("frequencies.file", "x.csv", "is not changed in this way; see `reunite frequencies`"),
        ("access.members", "write", "edit reunite.toml"),
    ] {
        set(&lab, key, value).ends(2).says(&[told]);
        assert_eq!(lab.read("store/reunite.toml"), text, "{key}");
    }
    assert_eq!(lab.run(&["audit", "list", "--format", "csv"]).out, chain);
    let lock = fs::File::open(lab.path("store/lock")).unwrap();
    lock.lock().unwrap();
    set(&lab, "model.theta", "0.1").ends(2).says(&["another command is changing the store"]);
    lock.unlock().unwrap();
    assert_eq!(lab.read("store/reunite.toml"), text);
    assert!(
        fs::read_dir(lab.path("store")).unwrap().all(|entry| !entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with(".reunite"))
    );
}
