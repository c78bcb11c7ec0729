//! Birth certificates: every answer to a claim, numbers that stay secret, and what other operations do to them.

use crate::common::{Lab, Said, reunite};
use crate::privacy::canaries::Search;
use crate::privacy::commands::custodian;

/// Numbers and identifiers that no file of the store may hold.
const SECRETS: [&str; 6] =
    ["Q370451117", "Q370451118", "KanarieMutter-7381", "KanariePaard-2950", "王金丝雀九四七", "Q37045"];

/// A file of families and one of children: child C1 is the child of M1 and F1, C2 and C3 are unrelated to everybody.
fn lab() -> Lab {
    let lab = Lab::new();
    let loci = "D3S1358,vWA,D16S539,CSF1PO,TPOX,D8S1179,D21S11,D18S51,TH01,FGA,D5S818,D13S317,D7S820,Penta D,Penta E";
    let mother = "15/16,14/17,11/13,10/12,8/11,13/14,29/30,13/14,6/7,22/24,11/12,8/11,10/11,9/10,11/12";
    let father = "17/18,16/18,9/12,11/13,9/12,10/15,31/32.2,15/16,8/9,20/23,10/13,9/12,8/12,11/13,14/16";
    let child = "16/17,14/18,9/11,10/13,8/12,13/15,30/31,14/15,7/9,20/24,12/13,8/12,10/12,9/13,12/14";
    let other = "14/14,19/20,10/10,9/9,10/10,11/11,28/28,18/19,9.3/10,25/26,7/9,10/10,9/13,12/14,5/18";
    let third = "14/18,15/19,10/14,9/14,10/13,16/17,27/33,12/20,5/10,19/27,9/14,13/14,7/14,8/15,7/20";
    let families = format!(
        "family_id,sample_id,relation,sex,{loci}\nA,KanarieMutter-7381,mother,f,{mother}\n\
         A,KanariePaard-2950,father,m,{father}\n"
    );
    let children =
        format!("sample_id,sex,{loci}\nC1,m,{child}\nC2,m,{other}\nC3,f,{third}\nC4,f,{third}\nC5,m,{other}\n");
    lab.import("families", "f.csv", families, &[]).ends(0);
    lab.import("children", "c.csv", children, &["--skip-identities"]).ends(0);
    lab
}

const REGISTRY: &str = "出生医学证明编号,出生日期,出生地代码,性别,母亲身份证号,父亲身份证号,签发日期,签发地代码,母亲姓名\n\
    Q370451117,2010-05-01,370102,男,KanarieMutter-7381,KanariePaard-2950,2010-05-09,370102,王金丝雀九四七\n\
    Q370451118,2010-05-02,370102,男,Somebody,未提供,2010-05-09,370102,王金丝雀九四七\n\
    Q370451130,2010-05-02,320102,女,Another,,2012-05-09,370102,\n\
    370000001,1997-05-02,370102,男,,,1997-05-09,370202,\n";

/// Runs a check, and returns for each child or line the severity and the codes.
fn checked(lab: &Lab, arguments: &[&str], status: i32) -> Vec<(String, String)> {
    let said = lab.run(&[&["certificate", "check", "--format", "json"], arguments].concat()).ends(status);
    let rows = said.json()["claims"].as_array().unwrap().clone();
    let of = |row: &serde_json::Value| {
        let whose = match (row["line"].as_u64(), row["child"].as_str()) {
            (Some(line), _) => line.to_string(),
            (None, child) => child.unwrap_or("none").to_owned(),
        };
        let codes = row["answers"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap());
        (whose, codes.collect::<Vec<_>>().join(" "))
    };
    rows.iter().map(of).collect()
}

fn claims(lab: &Lab, rows: &str) -> Said {
    let head = "样本编号,出生证编号,性别,出生日期,申报日期,申报地代码\n";
    lab.import("certificate-claims", "claims.csv", format!("{head}{rows}"), &[])
}

#[test]
fn a_genuine_certificate_that_was_sold_is_found_by_dna_alone() {
    let lab = lab();
    lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0).says(&["4 rows of certificates: 4 added"]);
    claims(&lab, "C1,Q370451117,男,2010-05-01,2015-01-01,370102\n").ends(0);
    let names = lab.pseudonyms("sample", ["C1", "C2"]);
    assert_eq!(checked(&lab, &[], 0), [(names["C1"].clone(), "dna-supports known".to_owned())]);
    // The same certificate, sold: all that the registry has agrees.
    let lab = self::lab();
    lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0);
    claims(&lab, "C2,Q370451117,男,2010-05-01,2015-01-01,370102\n").ends(0);
    let names = lab.pseudonyms("sample", ["C2"]);
    assert_eq!(checked(&lab, &[], 1), [(names["C2"].clone(), "dna-contradicts known".to_owned())]);
    let said = lab.run(&["certificate", "check"]).ends(1);
    let said = said.says(&["dna-contradicts", "at 15 loci", "1 claim against 4 certificates: 1 contradicted"]);
    assert!(said.out.contains("the mother alone"), "{}", said.out);
    let json = lab.run(&["certificate", "check", "--format", "json"]).ends(1).json();
    let dna = &json["claims"][0]["dna"];
    assert!(dna["log10_lr"].as_f64().unwrap() < -4.0 && dna["loci_compared"] == 15, "{dna}");
    // One parent is typed.
    let lab = self::lab();
    let one = REGISTRY.replace("KanarieMutter-7381,KanariePaard-2950", "Unknown-1,KanariePaard-2950");
    lab.import("certificates", "r.csv", one, &[]).ends(0);
    claims(&lab, "C1,Q370451117,男,2010-05-01,2015-01-01,370102\n").ends(0);
    let json = lab.run(&["certificate", "check", "--format", "json"]).ends(0).json();
    let dna = &json["claims"][0]["dna"];
    assert!((3.0..4.0).contains(&dna["log10_lr"].as_f64().unwrap()), "{dna}");
    assert_eq!(checked(&lab, &[], 0)[0].1, "dna-undecided known", "15 loci of one parent");
    assert_eq!((&dna["log10_lr_mother"], &dna["log10_lr_father"]), (&().into(), &dna["log10_lr"]));
    // A withdrawn family is compared with nobody.
    let family = lab.pseudonyms("family", ["A"]).remove("A").unwrap();
    lab.run(&["families", "withdraw", &family, "--cause", "consent"]).ends(0);
    assert_eq!(checked(&lab, &[], 0)[0].1, "known not-typed");
}

#[test]
fn every_answer_is_given_for_its_reason() {
    let lab = lab();
    lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0);
    let rows = "C1,Q370451117,男,2010-05-01,2015-01-01,370102\n\
                C2,Q370451118,女,2010-04-01,2010-05-01,370102\n\
                C3,Q370451130,女,2010-05-02,2015-01-01,370103\n\
                C4,37-45,,,,\n\
                C5,Q370999999,男,2001-01-01,,\n\
                C5,370000001,男,2003-05-02,,\n\
                C3,Q320000001,,,,\n";
    claims(&lab, rows).ends(0).says(&["birth-certificate-form", "7 rows of certificate-claims: 7 added"]);
    let names = lab.pseudonyms("sample", ["C1", "C2", "C3", "C4", "C5"]);
    let found = checked(&lab, &[], 1);
    let of = |child: &str| {
        let mut of = found.iter().filter(|one| one.0 == names[child]).map(|one| one.1.as_str()).collect::<Vec<_>>();
        of.sort_unstable();
        of
    };
    assert_eq!(of("C1"), ["consecutive dna-supports known"]);
    assert_eq!(of("C2"), ["claimed-before-issue sex birth-date-near consecutive known not-typed"]);
    let late = "issued-elsewhere late several-numbers known not-typed";
    assert_eq!(of("C3"), [late, "several-numbers not-covered"]);
    assert_eq!(of("C4"), ["malformed"]);
    assert_eq!(of("C5"), ["birth-date several-numbers known not-typed other-city", "unknown several-numbers"]);
    // One child, one number.
    assert_eq!(checked(&lab, &["--child", &names["C1"]], 0).len(), 1);
    assert_eq!(checked(&lab, &["--number", "Ｑ 370 451 117"], 0)[0].0, names["C1"]);
    assert_eq!(checked(&lab, &["--number", "370000002"], 1), [("none".to_owned(), "unknown".to_owned())]);
    assert_eq!(checked(&lab, &["--number", "K110000002"], 0), [("none".to_owned(), "not-covered".to_owned())]);
    // A file is compared with the store and with itself, and is not stored.
    let file = lab.write("look.csv", "sample_id,certificate\n,Q370451117\nC1,Q370451117\n,Q370111111\n,Q370111111\n");
    let looked = checked(&lab, &[&file], 1);
    let lines: Vec<&str> = looked.iter().map(|one| one.0.as_str()).collect();
    assert_eq!(lines, ["2", "3", "4", "5"]);
    assert_eq!(looked[0].1, "several-children known");
    assert_eq!(looked[2].1, "several-children unknown");
    assert_eq!(checked(&lab, &[], 1).len(), found.len());
    let csv = lab.run(&["certificate", "check", "--format", "csv"]).ends(1).out;
    assert!(csv.starts_with("line,child,severity,code,others,log10_lr,"), "{csv}");
    lab.run(&["certificate", "check", "--lang", "zh"]).ends(1).says(&["矛盾"]);
    lab.run(&["verify"]).ends(0);
}

#[test]
fn two_children_with_one_number_name_each_other() {
    let lab = lab();
    lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0);
    claims(&lab, "C1,Q370451117,,,,\nC2,Q370451117,,,,\n").ends(0);
    let names = lab.pseudonyms("sample", ["C1", "C2"]);
    let json = lab.run(&["certificate", "check", "--format", "json"]).ends(1).json();
    for row in json["claims"].as_array().unwrap() {
        let other = if row["child"] == names["C1"].as_str() { "C2" } else { "C1" };
        let answer = row["answers"].as_array().unwrap().iter().find(|one| one["code"] == "several-children").unwrap();
        assert_eq!(answer["others"][0], names[other].as_str());
    }
}

#[test]
fn nothing_of_a_list_with_errors_is_imported() {
    let lab = lab();
    let bad = format!("{REGISTRY}Q37,2010-05-01,370102,男,,,,,\nQ370000009,2010-05-01,Jinan,男,,,soon,,\n");
    let said = lab.import("certificates", "bad.csv", &bad, &[]).ends(2);
    let said =
        said.says(&["bad.csv:6: column A (certificate)", "bad.csv:7: column C (birth_place)", "bad.csv:7: column G"]);
    assert!(!said.err.contains("Jinan") && said.err.contains("nothing imported"), "{}", said.err);
    lab.run(&["certificate", "check"]).ends(2).says(&["neither birth certificates nor claims", "--as certificates"]);
    lab.import("certificates", "bad.csv", &bad, &["--keep-going"]).ends(2).says(&["4 added"]);
    // A claim needs a child of the store.
    claims(&lab, "C1,Q370451117,,,,\nnobody,Q370451118,,,,\n").ends(2).says(&["claims.csv:3: ", "unknown-child"]);
    assert!(checked(&lab, &[], 0).is_empty());
    // Other details are a conflict.
    lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0).says(&["4 unchanged"]);
    let other = REGISTRY.replace("Q370451118,2010-05-02", "Q370451118,2010-05-03");
    lab.import("certificates", "r.csv", &other, &[]).ends(2).says(&["r.csv:3", "conflict-certificate"]);
    lab.import("certificates", "r.csv", &other, &["--on-conflict", "keep"]).ends(0).says(&["1 left as the store"]);
    let replace = ["--on-conflict", "replace", "--yes"];
    lab.import("certificates", "r.csv", &other, &[&replace[..], &["--dry-run"]].concat()).ends(0).says(&["dry run"]);
    lab.import("certificates", "r.csv", &other, &replace).ends(0).says(&["1 replaced"]);
    lab.import("certificates", "r.csv", &other, &["--kit", "x"]).ends(2);
    lab.import("certificates", "r.csv", &other, &["--identifiers", "pseudonyms"]).ends(2).says(&["leave it out"]);
    let said = lab.run(&["import", "--as", "certificates", "--template", "-"]).ends(0);
    assert!(said.out.starts_with("certificate,birth_date"), "{}", said.out);
    lab.run(&["verify"]).ends(0);
}

#[test]
fn numbers_and_names_are_in_no_file_of_the_store() {
    let lab = lab();
    let search = Search::new(SECRETS);
    let silent = |said: Said| {
        search.finds_nothing("standard output", said.out.as_bytes());
        search.finds_nothing("standard error", said.err.as_bytes());
    };
    silent(lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0));
    silent(
        claims(&lab, "C1,Q370451117,男,2010-05-01,,370102\nC2,Q370451118,,,,370102\nC3,王金丝雀九四七,,,,\n").ends(0),
    );
    silent(claims(&lab, "KanarieMutter-7381,Q370451117,王金丝雀九四七,Q370451118,,KanariePaard-2950\n").ends(2));
    for format in ["table", "csv", "json"] {
        silent(lab.run(&["certificate", "check", "--format", format]).ends(1));
        silent(lab.run(&["certificate", "check", "--number", SECRETS[0], "--format", format]).ends(0));
    }
    let file = lab.write("look.csv", format!("certificate,sex\n{},{}\n", SECRETS[0], SECRETS[4]));
    silent(lab.run(&["certificate", "check", &file]).ends(2));
    silent(lab.run(&["match"]).ends(0));
    search.finds_nothing_below(&lab.path("store"));
}

#[test]
fn the_night_says_what_is_new() {
    let lab = lab();
    let said = lab.run(&["match"]).ends(0);
    assert!(!said.err.contains("birth certificate"), "{}", said.err);
    lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0);
    claims(&lab, "C1,Q370451117,,,,\nC2,Q370451118,女,,,\n").ends(0);
    let line = "2 claims of birth certificates checked: 1 contradicted, 0 with warnings, 1 of them new";
    lab.run(&["match"]).ends(0).says(&[line]);
    lab.run(&["match"]).ends(0).says(&["1 contradicted, 0 with warnings, 0 of them new"]);
    claims(&lab, "C5,Q370451117,,,,\n").ends(0);
    lab.run(&["match"]).ends(0).says(&["3 claims", "3 contradicted, 0 with warnings, 2 of them new"]);
    let record = lab.run(&["audit", "list", "--last", "1", "--format", "json"]).ends(0).json()["records"][0].clone();
    assert_eq!((&record["command"], &record["details"]["certificates_contradicted"]), (&"match".into(), &3.into()));
    lab.run(&["certificate", "check"]).ends(1);
    let record = lab.run(&["audit", "list", "--last", "1", "--format", "json"]).ends(0).json()["records"][0].clone();
    assert_eq!((&record["command"], &record["details"]["claims"]), (&"certificate check".into(), &3.into()));
}

#[test]
fn what_is_expunged_takes_its_claims_along_and_comes_back_on_no_certificate() {
    let lab = lab();
    lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0);
    claims(&lab, "C1,Q370451117,,,,\nC2,Q370451118,,,,\n").ends(0);
    let names = lab.pseudonyms("sample", ["C1", "C2", "KanarieMutter-7381"]);
    let why = ["--reason", "a test of ours", "--yes"];
    lab.run(&[&["expunge", &names["C2"], &names["KanarieMutter-7381"]][..], &why].concat()).ends(0);
    assert_eq!(checked(&lab, &[], 0).len(), 1);
    lab.run(&["verify"]).ends(0);
    claims(&lab, "C2,Q370451118,,,,\n").ends(2).says(&["unknown-child"]);
    let again = lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0);
    again.says(&["4 unchanged; 1 parent left out, because their samples were expunged"]);
    let database = lab.database("store");
    let mothers: i64 = database.query_row("SELECT count(mother) FROM certificate", [], |row| row.get(0)).unwrap();
    assert_eq!(mothers, 2);
}

#[test]
fn a_change_of_the_key_deletes_certificates_and_says_so_until_they_are_imported_again() {
    let lab = Lab::new();
    let (identity, recipient) = custodian(&lab);
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    lab.import("children", "c.csv", "sample_id,sex,vWA\nC1,m,14/15\n", &["--min-loci", "1"]).ends(0);
    lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0);
    claims(&lab, "C1,Q370451117,,,,\n").ends(0);
    // A backup carries both.
    let backup = lab.name("backup");
    lab.run(&["backup", &backup, "--reason", "a test of ours"]).ends(0);
    let restore = ["restore", &backup, "--identity", &identity, "--reason", "a test of ours"];
    lab.run_on("restored", &restore).ends(0);
    lab.run_on("restored", &["certificate", "check"]).ends(0).says(&["1 claim against 4 certificates"]);
    reunite(&["key", "new", &lab.name("new")]).ends(0);
    let why = ["--reason", "a test of ours", "--yes"];
    let rotate = ["key", "rotate", "--new-key-file", &lab.name("new"), "--identity", &identity];
    let said = lab.run(&[&rotate[..], &why].concat()).ends(0);
    said.says(&["4 birth certificates and 1 claim were deleted", "import the registry"]);
    std::fs::copy(lab.path("new"), lab.path("key")).unwrap();
    lab.run(&["verify"]).ends(0);
    for arguments in [&[][..], &["--number", "Q370451117"]] {
        let said = lab.run(&[&["certificate", "check"], arguments].concat()).ends(2);
        said.says(&["a change of the key deleted 4 birth certificates and 1 claim", "import the registry again"]);
    }
    lab.run(&["match"]).ends(0).says(&["birth certificates were not checked"]);
    lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0);
    lab.run(&["certificate", "check"]).ends(2).says(&["a change of the key deleted 0 birth certificates and 1 claim"]);
    lab.run(&["certificate", "check", "--number", "Q370451117"]).ends(0).says(&["nothing was compared with 1 claim"]);
    claims(&lab, "C1,Q370451117,,,,\n").ends(0);
    assert_eq!(checked(&lab, &[], 0)[0].1, "known not-typed");
}

#[test]
fn a_changed_or_missing_row_is_found() {
    let lab = lab();
    lab.import("certificates", "r.csv", REGISTRY, &[]).ends(0);
    claims(&lab, "C1,Q370451117,,,,\nC2,Q370451118,,,,\n").ends(0);
    for (sql, said) in [
        ("UPDATE certificate SET sex = 'female' WHERE sex = 'male'", "a birth certificate"),
        ("DELETE FROM certificate WHERE letter IS NULL", "the birth certificates"),
        ("UPDATE certificate_claim SET born = 20100101", "a claim of a birth certificate"),
        ("DELETE FROM certificate_claim", "the claims of birth certificates"),
    ] {
        let copied = lab.path("copy");
        crate::common::copy(&lab.path("store"), &copied);
        lab.database("copy").execute_batch(sql).unwrap();
        lab.run_on("copy", &["verify"]).ends(1).says(&[said]);
        lab.run_on("copy", &["certificate", "check"]).ends(2).says(&[said]);
        // The search for the missing goes on.
        lab.run_on("copy", &["match"]).ends(0).says(&["the claims of birth certificates could not be checked"]);
        std::fs::remove_dir_all(copied).unwrap();
    }
}
