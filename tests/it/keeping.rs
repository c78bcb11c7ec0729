//! Terms on which samples are kept: what is due and why, deletion after a confirmation, purposes that are enforced, and what
//! other operations do to terms.

use std::collections::BTreeMap;

use reunite::pseudonym::KeySource;
use reunite::store::Store;

use crate::common::{Lab, Said, reunite};
use crate::privacy::canaries::Search;
use crate::privacy::commands::custodian;

const LOCI: &str =
    "D3S1358,vWA,D16S539,CSF1PO,TPOX,D8S1179,D21S11,D18S51,TH01,FGA,D5S818,D13S317,D7S820,Penta D,Penta E";
const MOTHER: &str = "15/16,14/17,11/13,10/12,8/11,13/14,29/30,13/14,6/7,22/24,11/12,8/11,10/11,9/10,11/12";
const FATHER: &str = "17/18,16/18,9/12,11/13,9/12,10/15,31/32.2,15/16,8/9,20/23,10/13,9/12,8/12,11/13,14/16";
const CHILD: &str = "16/17,14/18,9/11,10/13,8/12,13/15,30/31,14/15,7/9,20/24,12/13,8/12,10/12,9/13,12/14";
const OTHER: &str = "14/14,19/20,10/10,9/9,10/10,11/11,28/28,18/19,9.3/10,25/26,7/9,10/10,9/13,12/14,5/18";

/// C1 is the child of M and F. C2 and C3 are one person.
fn lab() -> Lab {
    let lab = Lab::new();
    fill(&lab);
    lab
}

fn fill(lab: &Lab) {
    let families = format!("family_id,sample_id,relation,sex,{LOCI}\nA,M,mother,f,{MOTHER}\nA,F,father,m,{FATHER}\n");
    let children = format!("sample_id,sex,{LOCI}\nC1,m,{CHILD}\nC2,m,{OTHER}\nC3,m,{OTHER}\n");
    lab.import("families", "f.csv", families, &[]).ends(0);
    lab.import("children", "c.csv", children, &["--skip-identities"]).ends(0);
}

const HEADER: &str =
    "sample_id,legal_basis,purposes,consent_kind,consent_on,consent_reference,born_on,keep_until,review_on";

fn terms(lab: &Lab, rows: &str) -> Said {
    lab.import("keeping", "terms.csv", format!("{HEADER}\n{rows}"), &[])
}

fn names(lab: &Lab) -> BTreeMap<String, String> {
    lab.pseudonyms("sample", ["M", "F", "C1", "C2", "C3"])
}

/// Returns for each row of a list who is due, what to do, why, and when.
fn due(lab: &Lab, arguments: &[&str], status: i32) -> Vec<String> {
    let names: BTreeMap<String, String> = names(lab).into_iter().map(|(name, pseudonym)| (pseudonym, name)).collect();
    let said = lab.run(&[&["due", "--format", "json"], arguments].concat()).ends(status);
    let of = |row: &serde_json::Value| {
        let text = |field: &str| row[field].as_str().unwrap_or("now").to_owned();
        format!("{} {} {} {}", names[&text("sample")], text("action"), text("code"), text("due_on"))
    };
    said.json()["due"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn everything_that_is_due_is_listed_with_its_reason() {
    let lab = lab();
    lab.run(&["due"]).ends(0).says(&["nothing is due; terms are known of 0 samples", "without terms"]);
    let rows = "C1,consent,search kin,guardian,2025-03-01,A-1,2012-02-29,2030-01-01,2026-05-01\n\
                C2,consent,search,withdrawn,2026-01-05,,~2013,,\n\
                C3,consent,search,,,,,,\n\
                M,statutory-duty,search,withdrawn,2026-01-01,,,2026-01-31,\n\
                F,consent,search,own,2020-01-01,F-1,1980,,\n";
    terms(&lab, rows).ends(0).says(&["5 rows of keeping: 5 added"]);
    let on = |day: &'static str, within: &'static str| ["--on", day, "--within", within];
    let of = [
        "C2 delete withdrawn 2026-01-05",
        "C3 renew consent-missing now",
        "F renew consent-old 2025-01-01",
        "M review withdrawn-besides 2026-01-01",
    ];
    assert_eq!(due(&lab, &on("2026-01-31", "0"), 1), of);
    assert_eq!(due(&lab, &on("2026-02-01", "0"), 1)[1], "M delete keep-until 2026-02-01");
    let all = due(&lab, &on("2026-02-27", "0"), 1);
    assert!(!all.iter().any(|one| one.starts_with("C1")), "{all:?}");
    let all = due(&lab, &on("2026-02-28", "0"), 1);
    assert!(all.contains(&"C1 renew turns-14 2026-02-28".to_owned()), "{all:?}");
    assert!(due(&lab, &on("2026-02-20", "10"), 1).contains(&"C1 renew turns-14 2026-02-28".to_owned()));
    let all = due(&lab, &on("2026-05-01", "0"), 1);
    assert!(all.contains(&"C1 review review-on 2026-05-01".to_owned()), "{all:?}");
    let all = due(&lab, &on("2030-02-28", "0"), 1);
    assert!(all.contains(&"C1 renew turns-18 2030-02-28".to_owned()), "{all:?}");
    assert!(all.contains(&"C1 delete keep-until 2030-01-02".to_owned()), "{all:?}");
    let few = due(&lab, &[&on("2026-01-31", "0")[..], &["--consent-years", "20"]].concat(), 1);
    assert!(!few.iter().any(|one| one.contains("consent-old")), "{few:?}");
    let said = lab.run(&["due", "--on", "2026-02-28"]).ends(1);
    let said = said.says(&["withdrawn: the consent was withdrawn", "; PIPL 47", "; PIPL 31", "to delete: 2"]);
    assert!(!said.out.contains("review-on"), "{}", said.out);
    let csv = lab.run(&["due", "--on", "2026-02-28", "--format", "csv"]).ends(1).out;
    assert!(csv.starts_with("sample,side,action,code,due_on,"), "{csv}");
    lab.run(&["due", "--on", "2026-02-28", "--lang", "zh"]).ends(1).says(&["删除", "个人信息保护法"]);
    lab.run(&["due", "--on", "tomorrow"]).ends(2).says(&["YYYY-MM-DD"]);
    let names = names(&lab);
    lab.run(&["keeping", "show", &names["C1"][..12]]).ends(0).says(&["guardian", "2012-02-29", "consent_reference"]);
    let json = lab.run(&["keeping", "show", &names["M"], "--format", "json"]).ends(0).json();
    assert_eq!((&json["legal_basis"], &json["articles"]), (&"statutory-duty".into(), &"PIPL 13(3), 34-36".into()));
    lab.run(&["verify"]).ends(0);
}

#[test]
fn later_terms_replace_earlier_ones_and_the_chain_says_in_which_fields() {
    let lab = lab();
    let row = "C1,consent,search kin,guardian,2025-03-01,A-1,2012-02-29,,\n";
    terms(&lab, row).ends(0);
    terms(&lab, row).ends(0).says(&["0 added, 1 unchanged"]);
    let other = row.replace("search kin", "search").replace("A-1", "A-2");
    let dry = lab.import("keeping", "t.csv", format!("{HEADER}\n{other}"), &["--dry-run"]).ends(0);
    dry.says(&["1 replaced", "dry run"]);
    terms(&lab, &other).ends(0).says(&["0 added, 1 replaced"]);
    let record = lab.run(&["audit", "list", "--last", "1", "--format", "json"]).ends(0).json()["records"][0].clone();
    let details = record["details"].as_object().unwrap();
    let changed: Vec<&String> = details.keys().filter(|key| key.starts_with("changed_")).collect();
    assert_eq!(changed, ["changed_consent_reference", "changed_purposes"]);
    assert_eq!((&details["changed_purposes"], &details["replaced"]), (&1.into(), &1.into()));
    terms(&lab, &other).ends(0).says(&["1 unchanged"]);
    let said = lab.import("keeping", "t.csv", format!("{HEADER}\n{other}"), &["--on-conflict", "keep"]).ends(2);
    said.says(&["later terms replace earlier ones"]);
    let said = lab.run(&["import", "--as", "keeping", "--template", "-"]).ends(0);
    assert_eq!(said.out.trim(), format!("{HEADER},agency"));
}

#[test]
fn nothing_of_a_list_with_errors_is_imported() {
    let lab = lab();
    let rows = "C1,consent,search,,,,,,\nC2,because,search,,,,,,\nC3,consent,publish,,,,,,\n\
                nobody,consent,search,,,,,,\nM,consent,search,own,,,,,\nF,consent,search,,,,,someday,\n";
    let said = terms(&lab, rows).ends(2).says(&[
        "terms.csv:3: column B (legal_basis)",
        "statutory-duty, consent, court-order or public-interest",
        "terms.csv:4: column C (purposes)",
        "search, kin, exchange or validation",
        "terms.csv:5: ",
        "unknown-sample",
        "terms.csv:6: column E (consent_on)",
        "terms.csv:7: column H (keep_until)",
        "nothing imported",
    ]);
    assert!(!said.err.contains("someday") && !said.err.contains("publish"), "{}", said.err);
    lab.run(&["due"]).ends(0).says(&["terms are known of 0 samples"]);
    let said = lab.import("keeping", "terms.csv", format!("{HEADER}\n{rows}"), &["--keep-going"]).ends(2);
    said.says(&["1 added"]);
    let names = names(&lab);
    lab.run(&["keeping", "show", &names["C2"]]).ends(2).says(&["no terms", "--as keeping"]);
    lab.run(&["keeping", "show", "00000000000000000000000000000000"]).ends(2).says(&["there is no sample"]);
}

#[test]
fn samples_are_deleted_only_after_a_confirmation() {
    let lab = lab();
    let rows = "C1,consent,search,withdrawn,,,,,\nC2,statutory-duty,search,,,,,2020-01-01,\n\
                C3,statutory-duty,search,,,,,2999-01-01,\nM,consent,search,withdrawn,,,,,\n";
    terms(&lab, rows).ends(0);
    lab.run(&["match"]).ends(0).says(&["3 samples are due", "reunite due"]);
    lab.run(&["doctor"]).ends(1).says(&["3 samples are due, to delete: 3", "reunite due"]);
    let why = ["--reason", "a test of ours"];
    let said = lab.run(&[&["due", "--expunge"][..], &why].concat()).ends(2);
    said.says(&["delete 3 samples", "not confirmed, nothing was changed", "--yes"]);
    lab.run(&["due", "--expunge", "--yes"]).ends(2).says(&["reason"]);
    lab.run(&["due", "--expunge", "--on", "2999-01-01"]).ends(2);
    assert_eq!(due(&lab, &[], 1).len(), 3);
    // One that fails does not stop the others.
    let names = names(&lab);
    let trigger = |name: &str| {
        format!(
            "CREATE TRIGGER stays BEFORE DELETE ON sample WHEN OLD.pseudonym = x'{name}'
             BEGIN SELECT raise(ABORT, 'it stays'); END"
        )
    };
    lab.database("store").execute_batch(&trigger(&names["C2"])).unwrap();
    let said = lab.run(&[&["due", "--expunge", "--yes"][..], &why].concat()).ends(2);
    said.says(&["deleted 2 samples", &format!("sample {} was not deleted", names["C2"]), "it stays"]);
    assert_eq!(due(&lab, &[], 1), ["C2 delete keep-until 2020-01-02"]);
    lab.database("store").execute_batch("DROP TRIGGER stays").unwrap();
    lab.run(&[&["due", "--expunge", "--yes"][..], &why].concat()).ends(0).says(&["deleted 1 sample"]);
    let record = lab.run(&["audit", "list", "--last", "1", "--format", "json"]).ends(0).json()["records"][0].clone();
    assert_eq!((&record["command"], &record["details"]["samples"]), (&"due".into(), &1.into()));
    assert_eq!(record["reason"], "a test of ours");
    assert!(due(&lab, &[], 0).is_empty());
    lab.run(&[&["due", "--expunge", "--yes"][..], &why].concat()).ends(0);
    lab.run(&["doctor"]).ends(0).says(&["nothing is due"]);
    lab.run(&["verify"]).ends(0);
    let left: i64 = lab.database("store").query_row("SELECT count(*) FROM keeping", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
    let counted = lab.run(&["keeping", "record", "--least", "0", "--format", "json"]).ends(0).json();
    assert_eq!(counted["samples_expunged"], 3);
    // What was deleted does not come back unnoticed.
    let children = format!("sample_id,sex,{LOCI}\nC1,m,{CHILD}\n");
    lab.import("children", "again.csv", children, &[]).ends(2).says(&["expunged"]);
}

fn kin(lab: &Lab, arguments: &[&str], status: i32) -> (Vec<[String; 2]>, Vec<String>) {
    let names: BTreeMap<String, String> = names(lab).into_iter().map(|(name, pseudonym)| (pseudonym, name)).collect();
    let json = lab.run(&[&["kin", "--format", "json"], arguments].concat()).ends(status).json();
    let named = |value: &serde_json::Value| names[value.as_str().unwrap()].clone();
    let mut pairs: Vec<[String; 2]> = Vec::new();
    for pair in json["pairs"].as_array().unwrap() {
        let mut both = [0, 1].map(|side| named(&pair["samples"][side]["sample"]));
        both.sort();
        pairs.push(both);
    }
    pairs.sort();
    let mut left_out: Vec<String> = json["left_out"].as_array().unwrap().iter().map(named).collect();
    left_out.sort();
    (pairs, left_out)
}

#[test]
fn kin_leaves_out_samples_that_were_given_for_their_family_alone() {
    let lab = lab();
    let identity = ["--within", "children", "--relation", "identity"];
    let pair = ["C2".to_owned(), "C3".to_owned()];
    assert_eq!(kin(&lab, &identity, 0), (vec![pair.clone()], vec![]));
    // Either of the two may be the one that is left out.
    for (without, with) in [("C2", "C3"), ("C3", "C2")] {
        let rows = format!("{without},statutory-duty,search,,,,,,\n{with},statutory-duty,search kin,,,,,,\n");
        terms(&lab, &rows).ends(0);
        assert_eq!(kin(&lab, &identity, 1), (vec![], vec![without.to_owned()]));
        let said = lab.run(&[&["kin"][..], &identity].concat()).ends(1);
        said.says(&["do not allow kin: 1 sample", "--format json names them", "2 samples, 1 pair"]);
    }
    let all = kin(&lab, &["--within", "all", "--relation", "parent-child", "--min-log10-lr", "2"], 0).0;
    assert_eq!(all, [["C1".to_owned(), "F".to_owned()]]);
    // A withdrawn consent ends the purpose, and kin needs no purpose beside its own.
    terms(&lab, "C2,consent,kin,own,2025-01-01,,2000,,\nC3,statutory-duty,kin,,,,,,\n").ends(0);
    assert_eq!(kin(&lab, &identity, 0), (vec![pair], vec![]));
    terms(&lab, "C2,consent,kin,withdrawn,,,2000,,\n").ends(0);
    assert_eq!(kin(&lab, &identity, 1), (vec![], vec!["C2".to_owned()]));
    let record = lab.run(&["audit", "list", "--last", "1", "--format", "json"]).ends(0).json()["records"][0].clone();
    assert_eq!(record["details"]["left_out"], 1);
}

#[test]
fn match_leaves_out_samples_without_the_purpose_and_says_so() {
    let lab = lab();
    let pair = || {
        let json = lab.run(&["candidates", "--brief", "--format", "json"]);
        json.json()["candidates"].as_array().unwrap().first().map(|row| row["log10_lr"].as_f64().unwrap())
    };
    let first = lab.run(&["match"]).ends(0).digest();
    let (whole, names) = (pair().unwrap(), names(&lab));
    let family = lab.pseudonyms("family", ["A"]).remove("A").unwrap();
    // The child.
    let said = terms(&lab, "C1,statutory-duty,kin exchange,,,,,,\n").ends(0);
    said.says(&["1 candidate withdrawn until the next match"]);
    assert_eq!(pair(), None);
    let said = lab.run(&["match"]).ends(0);
    let said =
        said.says(&["do not allow search: 1 sample", "no longer a candidate", "the terms of a sample do not allow"]);
    assert_eq!(pair(), None);
    assert_eq!(lab.run(&["match", "--full"]).ends(0).digest(), said.digest());
    let json = lab.run(&["match", "--format", "json"]).ends(0).json();
    assert_eq!(json["left_out"], serde_json::json!([names["C1"]]));
    lab.run(&["explain", &family, &names["C1"]]).ends(2).says(&["do not allow to compare it", "keeping show"]);
    lab.run(&["report", "candidate", &family, &names["C1"], "--out", &lab.name("page.html")]).ends(2);
    lab.run(&["verify"]).ends(0);
    // Its purpose comes back, and the candidate with it.
    terms(&lab, "C1,statutory-duty,search,,,,,,\n").ends(0);
    assert_eq!(lab.run(&["match"]).ends(0).digest(), first);
    assert_eq!(pair(), Some(whole));
    // One relative: the other is still compared.
    terms(&lab, "M,consent,search,withdrawn,,,,,\n").ends(0);
    lab.run(&["match", "--min-log10-lr", "2"]).ends(0).says(&["do not allow search: 1 sample"]);
    let half = pair().unwrap();
    assert!(half < whole - 1.0, "{half} {whole}");
    let said = lab.run(&["explain", &family, &names["C1"]]).ends(0);
    said.says(&[&format!("the relative {} counts as untyped", names["M"])]);
    let digest = lab.run(&["match", "--full", "--min-log10-lr", "2"]).ends(0).digest();
    assert_eq!(lab.run(&["match", "--min-log10-lr", "2"]).ends(0).digest(), digest);
    // Both.
    terms(&lab, "F,statutory-duty,exchange,,,,,,\n").ends(0);
    lab.run(&["match"]).ends(0).says(&["2 samples"]);
    lab.run(&["explain", &family, &names["C1"]]).ends(2).says(&["do not allow to compare it"]);
    lab.run(&["verify"]).ends(0);
    // An export still has all that the store has.
    lab.run(&["export", "--as", "families", "--show-genotypes", &lab.name("out.csv")]).ends(0);
    assert!(lab.read("out.csv").contains("29/30"), "{}", lab.read("out.csv"));
}

#[test]
fn only_samples_given_for_it_may_leave_for_another_agency() {
    let lab = lab();
    let rows = "C1,statutory-duty,search,,,,,,\nC2,statutory-duty,search exchange,,,,,2020-01-01,\n\
                C3,statutory-duty,exchange,,,,,2999-01-01,\nM,consent,exchange,withdrawn,,,,,\n";
    terms(&lab, rows).ends(0);
    let store = Store::open(&lab.path("store"), Some(KeySource::File(lab.path("key")))).unwrap();
    let may_leave = |name: &String| store.may_exchange(name.parse().unwrap()).unwrap();
    let names = names(&lab);
    let leave: Vec<&str> = names.iter().filter(|one| may_leave(one.1)).map(|one| one.0.as_str()).collect();
    assert_eq!(leave, ["C3", "F"], "F has no terms");
    let said = lab.run(&["export", "--as", "children", "--show-genotypes", &lab.name("out.csv")]).ends(0);
    said.says(&["2 samples whose terms do not allow exchange"]);
    let withheld = store.samples_to_withhold().unwrap();
    assert!(names.values().all(|name| withheld.contains(&name.parse().unwrap()) != may_leave(name)));
}

#[test]
fn references_and_names_are_in_no_file_of_the_store() {
    const SECRETS: [&str; 3] = ["Kanarie-Akte-77120", "王金丝雀同意书九四", "KanarieVormund-5518"];
    let lab = lab();
    let search = Search::new(SECRETS);
    let silent = |said: Said| {
        search.finds_nothing("standard output", said.out.as_bytes());
        search.finds_nothing("standard error", said.err.as_bytes());
    };
    let [one, other, name] = SECRETS;
    let list = format!(
        "{HEADER},姓名\nC1,consent,search,guardian,2025-01-01,{one},2012-01-01,,,{name}\n\
         C2,consent,search,own,2025-01-01,{other},2000-01-01,,,{name}\n"
    );
    silent(lab.import("keeping", "terms.csv", &list, &[]).ends(0));
    silent(lab.import("keeping", "bad.csv", list.replace("guardian", name), &[]).ends(2));
    silent(lab.import("keeping", "bad.csv", list.replace("C2", other), &[]).ends(2));
    silent(lab.import("keeping", "bad.csv", list.replace("search", one), &[]).ends(2));
    let names = names(&lab);
    for format in ["table", "csv", "json"] {
        silent(lab.run(&["due", "--within", "3660", "--format", format]).ends(0));
        silent(lab.run(&["keeping", "show", &names["C1"], "--format", format]).ends(0));
        silent(lab.run(&["keeping", "record", "--least", "0", "--format", format]).ends(0));
    }
    silent(lab.run(&["match"]).ends(0));
    search.finds_nothing_below(&lab.path("store"));
    // The same reference has the same hash: nothing changed.
    lab.import("keeping", "terms.csv", &list, &[]).ends(0).says(&["2 unchanged"]);
}

#[test]
fn a_change_of_the_key_keeps_terms_and_references() {
    let lab = Lab::new();
    let (identity, recipient) = custodian(&lab);
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    fill(&lab);
    let rows = "C1,consent,search,guardian,2025-03-01,A-1,2020-02-29,,\nC2,statutory-duty,kin,,,,,2020-01-01,\n\
                F,consent,search kin,own,2025-01-01,F-1,1980,,\n";
    terms(&lab, rows).ends(0);
    // A backup carries them.
    let backup = lab.name("backup");
    lab.run(&["backup", &backup, "--reason", "a test of ours"]).ends(0);
    let restore = ["restore", &backup, "--identity", &identity, "--reason", "a test of ours"];
    lab.run_on("restored", &restore).ends(0);
    lab.run_on("restored", &["verify"]).ends(0);
    lab.run_on("restored", &["due"]).ends(1).says(&["terms are known of 3 samples"]);
    for number in ["1", "2"] {
        let new = lab.name(&format!("new-{number}"));
        reunite(&["key", "new", &new]).ends(0);
        let rotate = ["key", "rotate", "--new-key-file", &new, "--identity", &identity, "--reason", "a test", "--yes"];
        lab.run(&rotate).ends(0);
        std::fs::copy(&new, lab.path("key")).unwrap();
        lab.run(&["verify"]).ends(0);
        assert_eq!(due(&lab, &["--within", "0"], 1), ["C2 delete keep-until 2020-01-02"]);
        terms(&lab, rows).ends(0).says(&["0 added, 3 unchanged"]);
        lab.run(&["match"]).ends(0).says(&["do not allow search: 1 sample"]);
    }
    terms(&lab, &rows.replace("A-1", "A-9")).ends(0).says(&["2 unchanged, 1 replaced"]);
    // A lost key takes the references with it.
    let new = lab.name("new-3");
    reunite(&["key", "new", &new]).ends(0);
    let rotate = ["key", "rotate", "--new-key-file", &new, "--identity", &identity, "--reason", "a test", "--yes"];
    if reunite::ledger::ENCRYPTS {
        return;
    }
    let said = lab.run(&[&rotate[..], &["--key-lost"]].concat()).ends(0);
    said.says(&["references of consents that are deleted", "2", "--as keeping"]);
    std::fs::copy(&new, lab.path("key")).unwrap();
    lab.run(&["verify"]).ends(0);
    terms(&lab, rows).ends(0).says(&["1 unchanged, 2 replaced"]);
}

#[test]
fn a_changed_or_missing_row_is_found() {
    let lab = lab();
    terms(&lab, "C1,consent,search,guardian,2025-03-01,A-1,2012-02-29,,\nC2,statutory-duty,search,,,,,,\n").ends(0);
    for (sql, said) in [
        ("UPDATE keeping SET purposes = 'search kin' WHERE purposes = 'search'", "the terms of sample"),
        ("UPDATE keeping SET is_searched = 0 WHERE consent_kind IS NULL", "the terms of sample"),
        ("UPDATE keeping SET keep_until = 20990101", "the terms of sample"),
        ("UPDATE keeping SET legal_basis = 'none'", "the legal basis is invalid"),
        ("DELETE FROM keeping WHERE consent_kind IS NULL", "the terms on which samples are kept"),
    ] {
        let copied = lab.path("copy");
        crate::common::copy(&lab.path("store"), &copied);
        lab.database("copy").execute_batch(sql).unwrap();
        lab.run_on("copy", &["verify"]).ends(1).says(&[said]);
        lab.run_on("copy", &["due"]).ends(2).says(&[said]);
        // The search for the missing goes on, and says what it does not know.
        lab.run_on("copy", &["match"]).ends(0).says(&["what is due about samples could not be listed"]);
        std::fs::remove_dir_all(copied).unwrap();
    }
}

#[test]
fn the_record_for_auditors_hides_small_numbers() {
    let lab = Lab::with_population(30, 200);
    let listed = lab.read("files/children.csv");
    let children: Vec<&str> = listed.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert!(children.len() >= 100);
    let row = |(at, child): (usize, &&str)| match at {
        0..3 => format!("{child},consent,search kin,guardian,2025-01-01,R-{at},2016-01-01,,\n"),
        3..60 => format!("{child},statutory-duty,search,,,,2014,2035-01-01,\n"),
        _ => format!("{child},statutory-duty,search kin,,,,1990-05-01,,\n"),
    };
    let rows: String = children.iter().take(120).enumerate().map(row).collect();
    terms(&lab, &rows).ends(0);
    let record =
        |arguments: &[&str]| lab.run(&[&["keeping", "record", "--format", "json"], arguments].concat()).ends(0).json();
    let all = record(&["--least", "0"]);
    let of = |record: &serde_json::Value, basis: &str, purposes: &str| {
        let groups = record["groups"].as_array().unwrap().clone();
        let is = |one: &&serde_json::Value| one["legal_basis"] == basis && one["purposes"] == purposes;
        groups.iter().find(is).unwrap()["children"].clone()
    };
    assert_eq!(of(&all, "consent", "search kin"), 3);
    assert_eq!(of(&all, "statutory-duty", "search"), 57);
    assert_eq!(all["assessment"]["ages"][0]["age"], "adult");
    let under = all["assessment"]["ages"].as_array().unwrap().iter().find(|row| row["age"] == "under-14").unwrap();
    assert_eq!(under["children"], 60, "3 by day, 57 by year");
    let imports = all["activity"].as_array().unwrap().iter().find(|row| row["command"] == "import").unwrap();
    assert_eq!(imports["records"], 3);
    let hidden = record(&[]);
    assert!(of(&hidden, "consent", "search kin").is_null());
    let shown = hidden["groups"].as_array().unwrap().iter().filter(|row| !row["children"].is_null()).count();
    assert!(shown + 2 <= hidden["groups"].as_array().unwrap().len(), "one hidden number could be computed: {hidden}");
    assert!(hidden["total"]["children"].as_u64().unwrap() >= 100);
    let csv = lab.run(&["keeping", "record", "--format", "csv"]).ends(0).out;
    assert!(csv.starts_with("section,item,purposes,children,relatives,value\n"), "{csv}");
    lab.run(&["keeping", "record"]).ends(0).says(&["hidden", "ledger_encrypted"]);
    lab.run(&["keeping", "record", "--lang", "zh"]).ends(0).says(&["法定职责"]);
    let none = record(&["--to", "2001-01-01"]);
    assert_eq!((&none["activity"], &none["from"]), (&serde_json::json!([]), &"1998-01-01".into()));
}
