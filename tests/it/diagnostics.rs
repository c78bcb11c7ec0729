//! An import reports what is unusual, by place and code, and imports the rows all the same.

use std::collections::BTreeMap;

use crate::common::{Lab, Numbers, Said};
use serde_json::Value;

const HEADER: &str = "sample_id,sex,AMEL,resident_id,D3S1358,vWA,D16S539,CSF1PO,TPOX,D8S1179,D21S11,D18S51";
const LOCI: &str = "15/16,14/17,9/11,10/12,8/11,13/14,29/30,13/14";

/// An invented number of a man, with a valid check digit.
const NUMBER: &str = "370102199003077736";

#[track_caller]
fn json(lab: &Lab, layout: &str, text: impl AsRef<[u8]>, options: &[&str]) -> (Said, Value) {
    let said = lab.import(layout, "x.csv", text, &[&["--report-format", "json"], options].concat());
    let json = said.json();
    (said, json)
}

/// Returns line, column, severity and code of each finding.
fn places(report: &Value) -> Vec<(u64, u64, &str, &str)> {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let (severity, code) = (one["severity"].as_str().unwrap(), one["code"].as_str().unwrap());
            (number(&one["line"]), number(&one["column"]), severity, code)
        })
        .collect()
}

#[test]
fn what_is_unusual_in_a_row_is_named_by_place_and_code() {
    let lab = Lab::new();
    let text = format!(
        "{HEADER}\nS1,m,X/Y,{NUMBER},{LOCI}\nS2,m,X,{NUMBER},{LOCI}\nS3,,X,,{LOCI}\nS4,f,X/Y/Y,370102199003077731,{LOCI}\n\
         S5,f,X,,15/16,14/15/16,9/11,10/12,8/11,13/14,29/30,13/14\nS6,f,X,37010219900307773,15/16/17,14/15/16,,,,,,99\n\
         S7,f,X,,15,14/14/14,9,10,8,13,29,13\n"
    );
    let (said, report) = json(&lab, "children", &text, &[]);
    let said = said.ends(0);
    assert_eq!(
        places(&report),
        [
            (3, 3, "warning", "amelogenin-sex"),
            (5, 3, "warning", "amelogenin"),
            (5, 4, "warning", "id-check-digit"),
            (6, 0, "warning", "few-loci"),
            (6, 6, "warning", "many-alleles"),
            (7, 0, "warning", "mixture"),
            (7, 0, "warning", "few-loci"),
            (7, 4, "warning", "id-form"),
            (7, 5, "warning", "many-alleles"),
            (7, 6, "warning", "many-alleles"),
            (7, 12, "warning", "allele-far"),
            (8, 0, "warning", "homozygosity"),
            (4, 3, "note", "sex-not-stated"),
        ]
    );
    assert_eq!(report["schema_version"], 1);
    let file = &report["files"][0];
    assert_eq!(
        (&file["outcome"], &file["layout"], &file["format"]),
        (&"imported".into(), &"children".into(), &"csv".into())
    );
    assert_eq!(file["rows"]["added"], 7);
    assert_eq!((&file["findings"]["many-alleles"], &file["size"]), (&3.into(), &text.len().into()));
    assert_eq!(file["blake3"].as_str().unwrap(), blake3::hash(text.as_bytes()).to_hex().as_str());
    let first = report["summary"].as_array().unwrap().iter().find(|kind| kind["code"] == "many-alleles").unwrap();
    assert_eq!(
        (&first["count"], &first["first"]["line"], &first["first"]["column_name"]),
        (&3.into(), &6.into(), &"vWA".into())
    );
    assert!(first["remedy"].as_str().unwrap().contains("case file"));
    // Standard error holds only what every import says.
    assert!(said.err.contains("7 rows of children: 7 added") && !said.err.contains("AMEL"), "{}", said.err);
}

#[test]
fn without_json_an_import_prints_a_list_and_a_table() {
    let lab = Lab::new();
    let mut text = format!("{HEADER}\n");
    for i in 0..45 {
        text += &format!("S{i},m,X,,{LOCI}\n");
    }
    let said = lab.import("children", "x.csv", &text, &[]).ends(0);
    assert_eq!(said.out, "");
    assert_eq!(said.err.matches("x.csv:").count(), 2, "{}", said.err);
    let said = said.says(&[
        "x.csv: column C (AMEL), 45 rows: 2-46: the marker shows the other sex than stated; check whether samples were \
         swapped",
        "[warning: amelogenin-sex]",
        "45 rows of children: 45 added",
        "severity",
        "rule out exchanged",
    ]);
    assert!(said.shown.lines().all(|line| line.chars().count() <= 80), "{}", said.shown);
    let (_, report) = json(&lab, "children", &text, &[]);
    assert_eq!(report["findings"].as_array().unwrap().iter().filter(|f| f["code"] == "amelogenin-sex").count(), 45);
    let quiet = lab.run(&["--quiet", "import", "--as", "children", &lab.name("x.csv")]).ends(0);
    assert!(quiet.err.contains("[warning: amelogenin-sex]") && !quiet.err.contains("severity"), "{}", quiet.err);
}

#[test]
fn numbers_of_persons_are_checked_wherever_a_column_says_so() {
    let lab = Lab::new();
    let text = format!("sample_id,sex,身份证号,出生证号,vWA\nS1,f,{NUMBER},Q990123456,14/15\nS2,m,,q1,14/15\n");
    let (said, report) = json(&lab, "children", &text, &["--min-loci", "1"]);
    let said = said.ends(0);
    assert_eq!(
        places(&report),
        [
            (2, 3, "warning", "id-sex"),
            (2, 4, "warning", "birth-certificate-province"),
            (3, 4, "warning", "birth-certificate-form")
        ]
    );
    let names: Vec<_> = (0..3).map(|i| report["findings"][i]["column_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["resident_id", "birth_certificate", "birth_certificate"]);
    assert!(!(said.out + &said.err).contains(NUMBER));
    let text = format!("sample_id,sex,vWA\n{NUMBER},m,14/15\n37990020000229002x,f,14/15\n370102199003077731,m,14/15\n");
    let kind = ["--sample-id-kind", "resident-id", "--min-loci", "1"];
    let (said, report) = json(&lab, "children", &text, &kind);
    said.ends(0);
    assert_eq!(places(&report), [(3, 1, "warning", "id-small-x"), (4, 1, "warning", "id-check-digit")]);
}

#[test]
fn more_than_two_alleles_are_kept_and_the_locus_is_left_out() {
    let lab = Lab::new();
    let families = format!("family_id,sample_id,relation,{}\nF1,R1,father,m,X/Y,,{LOCI}\n", &HEADER[10..]);
    lab.import("families", "f.csv", families, &[]).ends(0);
    let children = format!("{HEADER}\nC1,m,X/Y,,15/16,14/16/17,9/11,10/12,8/11,13/14,29/30,13/14\n");
    let said = lab.import("children", "c.csv", &children, &[]).ends(0);
    said.says(&["c.csv:2: column F (vWA): the cell has more than two alleles", "1 row of children: 1 added"]);
    let before = lab.counts();
    // The same again, with the alleles in another order within the cell.
    for text in [children.clone(), children.replace("14/16/17", "17/14/16/14")] {
        lab.import("children", "again.csv", text, &[]).ends(0).says(&["all known and unchanged"]);
    }
    for other in ["14/16/18", "14/16", ""] {
        let text = children.replace("14/16/17", other);
        lab.import("children", "other.csv", text, &[]).ends(2).says(&["other.csv: line 2: sample ", "other genotypes"]);
    }
    assert_eq!(lab.counts(), before);
    let (family, child) = (&lab.pseudonyms("family", ["F1"])["F1"], &lab.pseudonyms("sample", ["C1"])["C1"]);
    let page = lab.run(&["explain", family, child]).ends(0).out;
    let line = page.lines().find(|line| line.trim_start().starts_with("vWA ")).unwrap();
    assert!(line.contains("untyped") && line.ends_with('*'), "{page}");
    assert!(page.contains("* vWA: left out: more than two alleles (child)"), "{page}");
    assert!(page.contains("over 7 loci"), "{page}");
    let report = lab.run(&["explain", family, child, "--format", "json"]).ends(0).json();
    let vwa = report["loci"].as_array().unwrap().iter().find(|locus| locus["locus"] == "vWA").unwrap();
    assert_eq!((&vwa["compared"], &vwa["more_than_two_alleles"][0]), (&false.into(), &"child".into()));
    let replaced = children.replace("14/16/17", "14/17");
    lab.import("children", "r.csv", replaced, &["--on-conflict", "replace"]).ends(0).says(&["1 replaced"]);
    let page = lab.run(&["explain", family, child]).ends(0).out;
    assert!(page.contains("over 8 loci") && !page.contains("left out"), "{page}");
    lab.run(&["verify"]).ends(0);
}

/// Changes the cells of a column of a CSV text.
fn with_column(text: &str, name: &str, mut change: impl FnMut(&str) -> String) -> String {
    let at = text.lines().next().unwrap().split(',').position(|column| column == name).unwrap();
    let rows = text.lines().enumerate().map(|(line, row)| {
        let mut cells: Vec<String> = row.split(',').map(str::to_owned).collect();
        if line > 0 {
            cells[at] = change(&cells[at]);
        }
        cells.join(",")
    });
    rows.collect::<Vec<_>>().join("\n") + "\n"
}

fn codes(report: &Value) -> BTreeMap<String, u64> {
    let kinds = report["summary"].as_array().unwrap().iter();
    kinds.map(|kind| (kind["code"].as_str().unwrap().to_owned(), kind["count"].as_u64().unwrap())).collect()
}

#[test]
fn a_synthetic_population_is_clean_and_a_shifted_ladder_is_not() {
    let lab = Lab::new();
    lab.synth("files", 150, 400, 9);
    let (families, children) = (lab.read("files/families.csv"), lab.read("files/children.csv"));
    for (layout, text) in [("families", &families), ("children", &children)] {
        let (said, report) = json(&lab, layout, text, &["--dry-run"]);
        said.ends(0);
        let found = codes(&report);
        assert!(found.keys().all(|code| code == "allele-unlisted"), "{layout}: {found:?}");
    }
    let up = |cell: &str| {
        let one = |allele: &str| (allele.parse::<f64>().unwrap() + 1.0).to_string();
        if cell.is_empty() { String::new() } else { cell.split('/').map(one).collect::<Vec<_>>().join("/") }
    };
    for (layout, text) in [("families", &families), ("children", &children)] {
        let shifted = with_column(text, "D16S539", up);
        let (said, report) = json(&lab, layout, shifted, &["--dry-run"]);
        said.ends(0);
        let shift: Vec<&Value> =
            report["findings"].as_array().unwrap().iter().filter(|f| f["code"] == "frequencies-shift").collect();
        assert_eq!(shift.len(), 1, "{layout}");
        assert_eq!((&shift[0]["column_name"], &shift[0]["line"]), (&"D16S539".into(), &Value::Null));
        assert!(shift[0]["what"].as_str().unwrap().contains("once -1 is added"), "{}", shift[0]["what"]);
    }
    let without = with_column(&children, "FGA", |_| String::new());
    let (_, report) = json(&lab, "children", without, &["--dry-run"]);
    assert_eq!(codes(&report)["locus-untyped"], 1);
    assert_eq!(lab.counts(), Lab::new().counts(), "dry runs");
}

#[test]
fn conflicts_and_marks_are_findings_too() {
    let lab = Lab::new();
    let child = |sex: &str, vwa: &str| format!("sample_id,sex,vWA\nS1,{sex},{vwa}\n");
    lab.import("children", "c.csv", child("m", "14/15"), &["--min-loci", "1"]).ends(0);
    let (said, report) = json(&lab, "children", child("f", "14/16"), &["--min-loci", "1"]);
    said.ends(2).says(&["nothing imported; decide which version is right"]);
    assert_eq!(places(&report), [(2, 0, "error", "conflict-profile"), (2, 0, "error", "conflict-sex")]);
    assert_eq!(report["files"][0]["outcome"], "conflict");
    let (said, report) = json(&lab, "children", child("f", "14/16"), &["--min-loci", "1", "--on-conflict", "keep"]);
    said.ends(0);
    assert_eq!(places(&report)[0], (2, 0, "warning", "conflict-profile"));
    assert_eq!(report["files"][0]["rows"]["kept"], 1);
    let (said, report) = json(&lab, "children", "sample_id,sex,vWA\nS3,m,x\nS4,f,14\n", &["--keep-going"]);
    said.ends(2);
    assert_eq!(places(&report)[0], (2, 3, "error", "allele"));
    let rows = &report["files"][0]["rows"];
    assert_eq!((&rows["rejected"], &rows["added"]), (&1.into(), &1.into()));
    // A family whose profiles contradict its relations.
    lab.synth("files", 3, 3, 4);
    let text = lab.read("files/families.csv");
    let header = text.lines().next().unwrap();
    let one = |i: usize, relation: &str, sex: &str, low: u64| {
        let loci = header.split(',').count() - 4;
        let cells: Vec<String> = (0..loci).map(|locus| format!("{}/{}", low + locus as u64 % 2, low + 2)).collect();
        format!("F,R{i},{relation},{sex},{}\n", cells.join(","))
    };
    let bad = format!("{header}\n{}{}", one(1, "father", "m", 8), one(2, "full-sibling", "m", 17));
    let (said, report) = json(&lab, "families", bad, &[]);
    said.ends(0);
    let marks: Vec<_> = places(&report).into_iter().filter(|place| place.3 == "sample-or-relation").collect();
    assert_eq!(marks.len(), 1, "{:?}", places(&report));
    assert_eq!((marks[0].0, marks[0].2), (2, "warning"));
}

#[test]
fn nothing_of_a_cell_is_in_a_report() {
    let lab = Lab::new();
    let mut numbers = Numbers(5);
    let secret = ["KanarieRij-8827", "张三金丝雀", "370102199003077731", "Q990123457", "13/14/15/16.3"];
    let header = "sample_id,sex,AMEL,resident_id,birth_certificate,collected_on,D3S1358,vWA,FGA";
    for _ in 0..40 {
        let mut rows: Vec<Vec<&str>> = (0..4)
            .map(|i| {
                vec![
                    ["A1", "A2", "A3", "A4"][i],
                    "m",
                    "X/Y",
                    NUMBER,
                    "Q370123456",
                    "2024-01-31",
                    "15/16",
                    "14/17",
                    "22",
                ]
            })
            .collect();
        for _ in 0..3 {
            let (row, column) = (numbers.below(4), numbers.below(9));
            rows[row][column] = secret[numbers.below(secret.len())];
        }
        let rows: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
        let text = format!("{header}\n{}\n", rows.join("\n"));
        let manifest = lab.name("manifest.json");
        for form in ["json", "text"] {
            let options = ["--report-format", form, "--dry-run", "--manifest", &manifest];
            let said = lab.import("children", "x.csv", &text, &options);
            let all = said.out + &said.err + &lab.read("manifest.json");
            for cell in secret.iter().chain(&[NUMBER, "Q370123456", "2024-01-31"]) {
                assert!(!all.contains(cell), "{cell} of\n{text}\nin {all}");
            }
        }
    }
}
