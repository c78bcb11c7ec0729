//! What people state of found and missing children: two languages, history, comparison, sealed text, and no name anywhere.

use crate::common::{Lab, Said, reunite};
use crate::privacy::canaries::{CANARIES, Search};
use crate::privacy::commands::custodian;

const LOCI: &str =
    "D3S1358,vWA,D16S539,CSF1PO,TPOX,D8S1179,D21S11,D18S51,TH01,FGA,D5S818,D13S317,D7S820,Penta D,Penta E";

/// A couple with its child C1, and an unrelated child C2.
fn lab() -> Lab {
    let lab = Lab::new();
    people(&lab);
    lab
}

fn people(lab: &Lab) {
    let mother = "15/16,14/17,11/13,10/12,8/11,13/14,29/30,13/14,6/7,22/24,11/12,8/11,10/11,9/10,11/12";
    let father = "17/18,16/18,9/12,11/13,9/12,10/15,31/32.2,15/16,8/9,20/23,10/13,9/12,8/12,11/13,14/16";
    let child = "16/17,14/18,9/11,10/13,8/12,13/15,30/31,14/15,7/9,20/24,12/13,8/12,10/12,9/13,12/14";
    let other = "14/14,19/20,10/10,9/9,10/10,11/11,28/28,18/19,9.3/10,25/26,7/9,10/10,9/13,12/14,5/18";
    let families = format!("family_id,sample_id,relation,sex,{LOCI}\nA,S1,mother,f,{mother}\nA,S2,father,m,{father}\n");
    lab.import("families", "f.csv", families, &[]).ends(0);
    let children = format!("sample_id,sex,{LOCI}\nC1,m,{child}\nC2,f,{other}\n");
    lab.import("children", "c.csv", children, &["--skip-identities"]).ends(0);
}

const FOUND: &str = "sample_id,sex,found_on,found_place,found_by,apparent_age,marks,dialect,native_place,custody,certificate\n\
                     C1,m,2014-02-01,370102,police,3-4,scar left face,jilu-mandarin,371203,institution,Q370451117\n";
const FOUND_IN_CHINESE: &str = "样本编号,性别,发现日期,发现地代码,发现单位类别,估计年龄,体表特征,方言,籍贯代码,安置方式,出生证编号\n\
     C1,男,2014年2月1日,370102,公安,3至4岁,左脸疤痕,冀鲁官话,371203,福利院,Ｑ370451117\n";
const MISSING: &str = "family_id,sex,birth_from,birth_to,missing_on,missing_place,marks,dialect,native_place\n\
                       A,m,2010-01-01,2010-03-31,2012-05-01,371202,birthmark back; scar face,jilu-mandarin,370102\n";
const MISSING_IN_CHINESE: &str = "家系编号,性别,出生日期起,出生日期止,失踪日期,失踪地代码,体表特征,方言,籍贯代码\n\
                                  A,男,20100101,20100331,2012.5.1,371202,背部胎记；面部疤痕,冀鲁官话,370102\n";

fn names(lab: &Lab) -> (String, String, String) {
    let family = lab.pseudonyms("family", ["A"]).remove("A").unwrap();
    let mut samples = lab.pseudonyms("sample", ["C1", "C2"]);
    (family, samples.remove("C1").unwrap(), samples.remove("C2").unwrap())
}

fn shown(lab: &Lab, subject: &str) -> serde_json::Value {
    lab.run(&["facts", "show", subject, "--history", "--format", "json"]).ends(0).json()
}

/// Returns the verdicts of a pair by their first letters.
fn verdicts(lab: &Lab, family: &str, child: &str) -> String {
    let json = lab.run(&["facts", "compare", family, child, "--format", "json"]).ends(0).json();
    assert!(json["weighed"].is_null(), "only on request");
    let facts = json["facts"].as_array().unwrap().iter();
    facts.map(|one| &one["verdict"].as_str().unwrap()[..1]).collect::<Vec<_>>().concat()
}

#[test]
fn both_languages_say_the_same_and_changes_are_kept_as_history() {
    let lab = lab();
    let (family, child, _) = names(&lab);
    let added = lab.import("found-children", "found.csv", FOUND, &[]).ends(0);
    added.says(&["1 row of found-children: 1 added; 1 claim of a certificate added"]);
    lab.import("found-children", "发现.csv", FOUND_IN_CHINESE, &[]).ends(0).says(&["0 added, 1 unchanged"]);
    lab.import("missing-children", "missing.csv", MISSING, &[]).ends(0).says(&["1 row of missing-children: 1 added"]);
    lab.import("missing-children", "失踪.csv", MISSING_IN_CHINESE, &[]).ends(0).says(&["0 added, 1 unchanged"]);
    assert_eq!(verdicts(&lab, &family, &child), "aaaaaaa");
    // A later estimate.
    let later = FOUND.replace(",3-4,", ",60m-5y6m,");
    lab.import("found-children", "later.csv", &later, &["--dry-run"]).ends(0).says(&["1 changed", "dry run"]);
    assert_eq!(shown(&lab, &child)["versions"].as_array().unwrap().len(), 1);
    lab.import("found-children", "later.csv", &later, &[])
        .ends(0)
        .says(&["0 added, 1 changed, with their history kept"]);
    let history = shown(&lab, &child);
    let ages: Vec<&serde_json::Value> =
        history["versions"].as_array().unwrap().iter().map(|one| &one["facts"]["age"]).collect();
    assert_eq!(ages, [&serde_json::json!({"from": 36, "to": 59}), &serde_json::json!({"from": 60, "to": 66})]);
    assert_eq!((&history["kind"], &history["versions"][1]["number"]), (&"found".into(), &2.into()));
    let last = lab.run(&["facts", "show", &child[..8]]).ends(0).out;
    assert!(last.contains("5y-5y6m") && !last.contains("3y-4y11m") && last.contains("scar, left-side, face"), "{last}");
    assert_eq!(verdicts(&lab, &family, &child), "acaaaaa");
    let csv = lab.run(&["facts", "show", &family, "--format", "csv"]).ends(0).out;
    assert!(csv.contains("missing,1,") && csv.contains(",missing_place,371202 (2012-05-01)"), "{csv}");
    let chinese = lab.run(&["facts", "show", &child, "--lang", "zh"]).ends(0).out;
    assert!(
        chinese.contains("福利机构") && chinese.contains("冀鲁官话") && chinese.contains("左侧，面部"),
        "{chinese}"
    );
    lab.run(&["certificate", "check", "--child", &child]).ends(0).says(&["1 claim"]);
    // The claim is not made twice, and an own list of claims may say more.
    lab.run(&["verify"]).ends(0);
    let record = lab.run(&["audit", "list", "--last", "1", "--format", "json"]).ends(0).json()["records"][0].clone();
    assert_eq!(record["command"], "certificate check");
}

#[test]
fn facts_exclude_no_candidate_and_change_no_likelihood_ratio() {
    let lab = lab();
    let (family, child, other) = names(&lab);
    lab.run(&["match"]).ends(0);
    let explained = lab.run(&["explain", &family, &child, "--format", "json"]).ends(0).out;
    let before = lab.digest(&["--full"]);
    let page = |options: &[&str]| {
        let out = lab.name("page.html");
        let report = ["report", "candidate", &family, &child, "--out", &out, "--force"];
        lab.run(&[&report, options].concat()).ends(0);
        lab.read("page.html")
    };
    assert!(!page(&["--lang", "en", "--with-facts"]).contains("Facts that people state"));
    let girl = FOUND.replace("C1,m,", "C1,f,").replace("2014-02-01", "2009-02-01");
    lab.import("found-children", "found.csv", girl, &[]).ends(0);
    lab.import("missing-children", "missing.csv", MISSING, &[]).ends(0);
    assert_eq!(verdicts(&lab, &family, &child), "cccaaaa");
    let english = page(&["--lang", "en"]);
    assert!(english.contains("Facts that people state") && !english.contains("Prior odds"), "{english}");
    assert!(page(&["--lang", "en", "--with-facts"]).contains("Prior odds"));
    let chinese = page(&["--lang", "zh", "--with-facts"]);
    assert!(chinese.contains("左侧面部疤痕") && chinese.contains("先验比数"), "{chinese}");
    assert_eq!(lab.digest(&["--full"]), before);
    let candidates = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    assert_eq!(candidates["candidates"][0]["child"], child.as_str());
    assert_eq!(lab.run(&["explain", &family, &child, "--format", "json"]).ends(0).out, explained);
    // Nothing is stated of the other child.
    assert_eq!(verdicts(&lab, &family, &other), "uuuuuuu");
    lab.run(&["facts", "show", &other]).ends(2).says(&["no facts about", "--as found-children"]);
    lab.run(&["facts", "show", &"0".repeat(32)]).ends(2);
}

#[test]
fn factors_are_as_by_hand_and_stand_apart_from_the_dna() {
    let lab = lab();
    let (family, child, _) = names(&lab);
    // The day of birth is certain; the window is the two years from 3 to 4.
    let found = "sample_id,sex,found_on,apparent_age\nC1,m,2015-06-01,3-4\n";
    lab.import("found-children", "found.csv", found, &[]).ends(0);
    lab.import("missing-children", "m.csv", "family_id,sex,birth_from\nA,m,2011-01-01\n", &[]).ends(0);
    let weighed = |options: &[&str]| {
        let compare = ["facts", "compare", &family, &child, "--factors", "--format", "json"];
        lab.run(&[&compare, options].concat()).ends(0).json()["weighed"].clone()
    };
    let usual = weighed(&[]);
    let (sex, age) = (1.98_f64.log10(), (6574.0_f64 * 0.9 / 731.0).log10());
    let close = |value: &serde_json::Value, expected: f64| {
        assert!((value.as_f64().unwrap() - expected).abs() < 1e-9, "{value} {expected}");
    };
    close(&usual["factors"][0]["log10_lr"], sex);
    close(&usual["factors"][1]["log10_lr"], age);
    close(&usual["log10_lr_facts"], sex + age);
    // The store's prior, 0.5, over two children: odds of 1 to 3.
    let prior = -(3_f64.log10());
    close(&usual["log10_prior_odds"], prior);
    close(&usual["log10_odds_with_facts"], prior + sex + age);
    let explained = lab.run(&["explain", &family, &child, "--format", "json"]).ends(0).json();
    let dna = explained["log10_lr"].as_f64().unwrap();
    close(&usual["log10_lr_dna"], dna);
    close(&usual["log10_odds_with_dna"], prior + sex + age + dna);
    let other = weighed(&["--sex-error", "0.05", "--girls", "0.6", "--age-error", "0.2", "--prior", "0.1"]);
    close(&other["factors"][0]["log10_lr"], (0.95_f64 / 0.4).log10());
    close(&other["factors"][1]["log10_lr"], (6574.0_f64 * 0.8 / 731.0).log10());
    close(&other["log10_prior_odds"], (0.05_f64 / 0.95).log10());
    let table = lab.run(&["facts", "compare", &family, &child, "--factors"]).ends(0);
    table.says(&[
        "factor of the sex",
        "LR of the DNA, without facts",
        "no data to support one",
        "facts exclude no candidate",
    ]);
    lab.run(&["facts", "compare", &family, &child, "--sex-error", "0"]).ends(2).says(&["must be above 0 and below 1"]);
}

#[test]
fn the_calibration_repeats_and_finds_wrong_rates() {
    let calibrated =
        |options: &[&str]| reunite(&[&["facts", "calibrate", "--pairs", "20000"], options].concat()).ends(0).out;
    let first = calibrated(&["--format", "json"]);
    assert_eq!(calibrated(&["--format", "json"]), first);
    assert_ne!(calibrated(&["--format", "json", "--seed", "2"]), first);
    let json: serde_json::Value = serde_json::from_str(&first).unwrap();
    let number = |json: &serde_json::Value, name: &str| json[name].as_f64().unwrap();
    assert!((number(&json, "mean_lr_different") - 1.0).abs() < 4.0 * number(&json, "standard_error"), "{json}");
    let wrong = calibrated(&["--format", "json", "--true-age-error", "0.5", "--true-sex-error", "0.2"]);
    let wrong: serde_json::Value = serde_json::from_str(&wrong).unwrap();
    assert!(number(&wrong, "cllr") > number(&json, "cllr") + 0.2);
    assert!(calibrated(&[]).contains("Cllr") && calibrated(&["--format", "csv"]).starts_with("from,to,same,"));
}

#[test]
fn bad_cells_and_unknown_children_are_named_by_line_and_column() {
    let lab = lab();
    let bad = "sample_id,sex,found_on,found_place,apparent_age,marks,dialect\nC1,m,spring,Jinan,old,star,merry\n\
               nobody,m,,,,,\nC2,f,2014-01-01,370102,3,,\n";
    let said = lab.import("found-children", "bad.csv", bad, &[]).ends(2);
    let said = said.says(&[
        "bad.csv:2: column C (found_on)",
        "bad.csv:2: column D (found_place)",
        "bad.csv:2: column E (apparent_age)",
        "bad.csv:2: column F (marks)",
        "bad.csv:2: column G (dialect)",
        "bad.csv:3: ",
        "unknown-child",
        "nothing imported",
    ]);
    assert!(!said.err.contains("merry") && !said.err.contains("nobody"), "{}", said.err);
    lab.import("found-children", "bad.csv", bad, &["--keep-going"]).ends(2).says(&["1 row of found-children: 1 added"]);
    let unknown = "family_id,sex\nB,m\n";
    lab.import("missing-children", "m.csv", unknown, &[]).ends(2).says(&["m.csv:2: ", "unknown-family"]);
    let replace = ["--on-conflict", "replace", "--yes"];
    lab.import("found-children", "f.csv", FOUND, &replace).ends(2).says(&["leave --on-conflict out"]);
    lab.import("found-children", "f.csv", FOUND, &["--kit", "x"]).ends(2);
    let template = lab.run(&["import", "--as", "missing-children", "--template", "-"]).ends(0).out;
    assert!(template.starts_with("family_id,sex,birth_from,"), "{template}");
}

/// A canary in every column, and in columns of names and addresses.
fn canaries(key: &str, columns: &str, search: &Search, lab: &Lab, layout: &str) {
    let columns: Vec<&str> = columns.trim().split(',').chain(["姓名", "家庭住址", "联系电话", "remarks"]).collect();
    for (at, canary) in (0..columns.len()).flat_map(|at| [(at, CANARIES[at % 7]), (at, CANARIES[7])]) {
        let mut cells = vec![""; columns.len()];
        cells[0] = key;
        cells[at] = canary;
        let file = format!("{}\n{}\n", columns.join(","), cells.join(","));
        let said = lab.import(layout, "canary.csv", file, &["--keep-going"]);
        search.finds_nothing("standard output", said.out.as_bytes());
        search.finds_nothing("standard error", said.err.as_bytes());
    }
}

#[test]
fn names_numbers_and_addresses_are_in_no_file_of_the_store() {
    let lab = Lab::new();
    let (_, recipient) = custodian(&lab);
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    people(&lab);
    let search = Search::new(CANARIES);
    let of = |layout: &str| lab.run(&["import", "--as", layout, "--template", "-"]).ends(0).out;
    canaries("C1", &of("found-children"), &search, &lab, "found-children");
    canaries("A", &of("missing-children"), &search, &lab, "missing-children");
    let (family, child, _) = names(&lab);
    for subject in [&family, &child] {
        let history = shown(&lab, subject);
        let texts = history["versions"].as_array().unwrap().iter().filter(|one| one["has_text"] == true).count();
        assert!(texts >= 4, "{history}");
        search.finds_nothing("facts show", history.to_string().as_bytes());
    }
    lab.run(&["facts", "compare", &family, &child]).ends(0);
    search.finds_nothing_below(&lab.path("store"));
}

#[test]
fn free_text_opens_for_the_custodian_alone_and_follows_the_key() {
    let lab = Lab::new();
    let text = "sample_id,sex,marks_text,description\nC1,m,like a star,shy\n";
    let unsealed = |said: Said| said.says(&["text-not-kept", "no custodian"]);
    let without = self::lab();
    unsealed(without.import("found-children", "f.csv", text, &[]).ends(0));
    assert_eq!(shown(&without, &names(&without).1)["versions"][0]["has_text"], false);
    let (identity, recipient) = custodian(&lab);
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    people(&lab);
    let (_, child, _) = names(&lab);
    lab.import("found-children", "f.csv", text, &[]).ends(0).says(&["1 added"]);
    lab.import("found-children", "f.csv", text, &[]).ends(0).says(&["1 unchanged"]);
    lab.import("found-children", "f.csv", text.replace("shy", "bold"), &[]).ends(0).says(&["1 changed"]);
    lab.import("missing-children", "m.csv", "family_id,sex,description\nA,m,likes trains\n", &[]).ends(0);
    let closed = lab.run(&["facts", "show", &child, "--history"]).ends(0).out;
    assert!(closed.contains("sealed") && !closed.contains("star"), "{closed}");
    let with = |identity: &str| vec!["--identity".to_owned(), identity.to_owned()];
    let open = |lab: &Lab, subject: &str, identity: &str, reason: &[&str]| {
        let mut arguments = vec!["facts", "show", subject, "--history", "--format", "csv"];
        let with = with(identity);
        arguments.extend(with.iter().map(String::as_str));
        arguments.extend(reason);
        lab.run(&arguments)
    };
    let why = ["--reason", "a test of ours"];
    open(&lab, &child, &identity, &[]).ends(2).says(&["reason"]);
    let opened = open(&lab, &child, &identity, &why).ends(0).out;
    assert!(opened.contains("like a star") && opened.contains("shy") && opened.contains("bold"), "{opened}");
    let record = lab.run(&["audit", "list", "--last", "1", "--format", "json"]).ends(0).json()["records"][0].clone();
    assert_eq!((&record["command"], &record["details"]["opened"]), (&"facts show".into(), &true.into()));
    let (stranger, _) = crate::common::rotation::custodian(&lab, "stranger");
    let said = open(&lab, &child, &stranger, &why).ends(2);
    assert!(!said.err.contains("star") && said.out.is_empty(), "{}", said.err);
    // A backup carries them; a change of the key gives them their new names.
    let backup = lab.name("backup");
    lab.run(&["backup", &backup, "--reason", "a test of ours"]).ends(0);
    let restore = ["restore", &backup, "--identity", &identity, "--reason", "a test of ours"];
    lab.run_on("restored", &restore).ends(0);
    lab.run_on("restored", &["facts", "show", &child]).ends(0).says(&["sealed"]);
    reunite(&["key", "new", &lab.name("new")]).ends(0);
    let rotate = ["key", "rotate", "--new-key-file", &lab.name("new"), "--identity", &identity, "--yes"];
    lab.run(&[&rotate[..], &why].concat()).ends(0);
    std::fs::copy(lab.path("new"), lab.path("key")).unwrap();
    lab.run(&["verify"]).ends(0);
    let (family, renamed, _) = names(&lab);
    assert_ne!(renamed, child);
    let opened = open(&lab, &renamed, &identity, &why).ends(0).out;
    assert!(opened.contains("like a star") && opened.contains("bold"), "{opened}");
    assert!(open(&lab, &family, &identity, &why).ends(0).out.contains("likes trains"));
    assert_eq!(shown(&lab, &renamed)["versions"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_expunged_takes_its_facts_along() {
    let lab = lab();
    let (family, child, _) = names(&lab);
    lab.import("found-children", "found.csv", FOUND, &[]).ends(0);
    lab.import("missing-children", "missing.csv", MISSING, &[]).ends(0);
    let why = ["--reason", "a test of ours", "--yes"];
    lab.run(&[&["expunge", &child][..], &why].concat()).ends(0);
    let rows = |lab: &Lab| -> i64 {
        lab.database("store").query_row("SELECT count(*) FROM fact", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(rows(&lab), 1);
    lab.run(&["verify"]).ends(0);
    lab.run(&["facts", "show", &child]).ends(2);
    lab.import("found-children", "found.csv", FOUND, &[]).ends(2).says(&["unknown-child"]);
    lab.run(&[&["expunge", &family][..], &why].concat()).ends(0);
    assert_eq!(rows(&lab), 0);
    lab.run(&["verify"]).ends(0);
}

#[test]
fn a_changed_or_missing_row_is_found() {
    let lab = lab();
    let (_, child, _) = names(&lab);
    lab.import("found-children", "found.csv", FOUND, &[]).ends(0);
    lab.import("found-children", "found.csv", FOUND.replace("C1,m,", "C1,f,"), &[]).ends(0);
    for sql in [
        "UPDATE fact SET body = json_set(body, '$.sex', 'male') WHERE number = 2",
        "UPDATE fact SET body = json_set(body, '$.sex', 'none') WHERE number = 2",
        "DELETE FROM fact WHERE number = 1",
        "DELETE FROM fact",
    ] {
        let copied = lab.path("copy");
        crate::common::copy(&lab.path("store"), &copied);
        lab.database("copy").execute_batch(sql).unwrap();
        lab.run_on("copy", &["verify"]).ends(1).says(&["the facts about a child"]);
        lab.run_on("copy", &["facts", "show", &child]).ends(2);
        lab.run_on("copy", &["match"]).ends(0);
        std::fs::remove_dir_all(copied).unwrap();
    }
}
