//! A command that reads a bad file ends with status 2, names the place and a remedy, and changes nothing.

use std::process::Command;

use crate::common::{Lab, PROGRAM, Said, plain, run};
use reunite::intake::KNOWN_LOCI;

const CHILDREN: &str = "sample_id,sex,vWA,FGA\n";
const FAMILIES: &str = "family_id,sample_id,relation,sex,vWA,FGA\n";

/// Makes a store with a family and two children.
fn lab() -> Lab {
    let lab = Lab::new();
    let father = format!("{FAMILIES}F1,R1,father,male,14/15,22\n");
    lab.import("families", "known-families.csv", father, &[]).ends(0);
    lab.import("children", "known-children.csv", format!("{CHILDREN}S1,m,14,22\nS2,f,16,23/24\n"), &[]).ends(0);
    lab
}

/// Imports a file that must be refused. The message names a place (`:3: column B (sex)`) and words of the remedy.
#[track_caller]
fn refused(lab: &Lab, layout: &str, bytes: impl AsRef<[u8]>, place: &str, remedy: &str) -> Said {
    let before = lab.counts();
    let said = lab.import(layout, "bad.csv", bytes, &[]);
    let said = said.ends(2).says(&[&format!("bad.csv{place}: "), remedy, "nothing imported"]);
    assert_eq!(said.out, "", "no data");
    assert_eq!(lab.counts(), before);
    said
}

#[test]
fn a_bad_cell_is_named_by_line_and_column() {
    let lab = lab();
    let families = |rows: &str, place: &str, remedy: &str| {
        refused(&lab, "families", format!("{FAMILIES}{rows}"), place, remedy);
    };
    let children = |rows: &str, place: &str, remedy: &str| {
        refused(&lab, "children", format!("{CHILDREN}{rows}"), place, remedy);
    };
    families(
        "F2,R2,brother,male,14,22\n",
        ":2: column C (relation)",
        "write one of full-sibling (全同胞), paternal-half",
    );
    families("F2,R2,friend,male,14,22\n", ":2: column C (relation)", "father, mother, parent, full-sibling");
    families("F2,R2,,male,14,22\n", ":2: column C (relation)", "is not one of: father");
    families(
        "F2,R2,father,male,14,22\nF2,R3,father,male,15,22\n",
        ":3: column C (relation)",
        "line 2 has this relative",
    );
    families("F2,R2,mother,male,14,22\n", ":2: column D (sex)", "correct the sex or the relation");
    families(",R2,mother,female,14,22\n", ":2: column A (family_id)", "every sample and family needs one");
    families("F2,R2,father,m,14,22\nF2,R2,mother,f,14,22\n", ":3: column B (sample_id)", "remove one of the two");
    families("F2,R2,father,m,14,22\nF3,R2,father,m,15,22\n", ":3: column B (sample_id)", "one sample has one profile");
    for cell in ["14/x", "x", "14.55", "00", "100", "-14", "1e1", "14 x", "１４x"] {
        children(&format!("S3,m,14,22\nS4,m,{cell},22\n"), ":3: column C (vWA)", "is not a");
    }
    children("S3,m,9/3,22\n", ":2: column C (vWA)", "write the smaller allele first, 3/9, or the point, 9.3");
    children("S3,m,11-Sep,22\n", ":2: column C (vWA)", "format the column as text and export");
    children("3.7E+17,m,14,22\n", ":2: column A (sample_id)", "--spreadsheet-numbers take");
    children("S3,m,14/15/x,22\n", ":2: column C (vWA)", "is not an allele");
    children("S3,m,1/2/3/4/5/6/7/8/9,22\n", ":2: column C (vWA)", "more than two alleles");
    children("S3,x,14,22\n", ":2: column B (sex)", "male, female, unknown");
    children("S3,m,14,22\nS4,f,15,22\nS3,m,14,22\n", ":4: column A (sample_id)", "remove one of the two");
    children("S3,m,,\n", ":2", "no locus is typed");
    children(&format!("{},m,14,22\n", "7".repeat(257)), ":2: column A (sample_id)", "longer than 256 bytes");
}

#[test]
fn a_bad_line_is_named() {
    let lab = lab();
    let children = |rows: &[u8], place: &str, remedy: &str| {
        refused(&lab, "children", [CHILDREN.as_bytes(), rows].concat(), place, remedy);
    };
    children(b"S3,m,14,22\nS4,m\n", ":3", "a comma is missing or too many");
    children(b"S3,m,14,22,9\n", ":2", "fields in the row: 5, in the header: 4");
    children(b"S3;m;14;22\n", ":2", "fields in the row: 1,");
    children(b"S3,m,14,22\nS4,m,\xff14,22\n", ":3", "not UTF-8 at its byte 6; save the file as CSV UTF-8");
    children(
        "名,m,14,22\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice(),
        ": 2 rows: 2-3",
        "NUL",
    );
    children(b"S3,\"m,14,22\n", ":2: column B (sex)", "remove or close it");
    children(b"S3,m,14\r,22\n", ":2", "carriage return alone");
}

#[test]
fn a_bad_header_or_file_is_named() {
    let lab = lab();
    let children = |bytes: &str, place: &str, remedy: &str| {
        refused(&lab, "children", bytes, place, remedy);
    };
    children("sample_id,sex,D3S135B,FGA\nS3,m,14,22\n", ":1: column C (D3S135B)", "did you mean D3S1358?");
    children(
        "sample_id,sex,vWA,comment\nS3,m,14,x\n",
        ":1: column D (comment)",
        "correct its name or remove the column",
    );
    children("sample_id|sex|vWA\nS3|m|14\n", ":1", "separated by vertical bars; save the file as CSV with commas");
    children("sample_id;sex;vWA\nS3;m\n", ":2", "a semicolon is missing or too many");
    children("sample_id,sex,vWA_1\nS3,m,14\n", ":1: column C (vWA_1)", "the other is missing");
    children("S3,m,14,22\n", ":1", "the first line must name the columns sample_id, sex");
    children("sex,vWA\nm,14\n", ":1", "the column sample_id is missing");
    children("", "", "the file is empty");
    children("\u{feff}\r\n\r\n", "", "the file is empty");
    children(CHILDREN, "", "the file has a header and no rows");
    let workbook = if cfg!(feature = "xlsx") { "save it again" } else { "save it as CSV UTF-8" };
    children("PK\u{3}\u{4}rest", "", workbook);
    children(&format!("{FAMILIES}F2,R2,father,m,14,22\n"), ":1", "import it with --as families");
    refused(&lab, "families", format!("{CHILDREN}S3,m,14,22\n"), ":1", "import it with --as children");
    let missing = lab.run(&["import", "--as", "children", &lab.name("none.csv")]).ends(2);
    missing.says(&["cannot read", "none.csv: No such file"]);
    lab.run(&["import", "--as", "children", &lab.name("store/index")])
        .ends(2)
        .says(&["index: the folder holds no file"]);
}

#[test]
fn every_problem_of_a_file_is_listed_in_its_order() {
    let lab = lab();
    let said = refused(&lab, "children", format!("{CHILDREN}S3,x,y,22\nS4,m\nS5,m,14,z\n"), ":4: column D (FGA)", "");
    let lines: Vec<&str> = said.err.lines().filter_map(|line| line.split_once("bad.csv:")).map(|line| line.1).collect();
    let places: Vec<&str> = lines.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places[..4], ["2", "2", "3", "4"], "{}", said.err);
    assert!(said.err.contains("4 problems found, nothing imported"), "{}", said.err);
}

#[test]
fn a_second_father_from_another_file_is_refused_whatever_is_asked() {
    let lab = lab();
    let before = lab.counts();
    let text = format!("{FAMILIES}F2,R8,mother,female,14,22\nF1,R9,father,male,14,22\n");
    for option in ["refuse", "replace"] {
        let said = lab.import("families", "second.csv", &text, &["--on-conflict", option]).ends(2);
        said.says(&["second.csv: line 3: sample ", "would be the family's second father", "nothing imported"]);
        assert_eq!(lab.counts(), before);
    }
    let said = lab.import("families", "role.csv", format!("{FAMILIES}F2,S1,father,male,14,22\n"), &[]).ends(2);
    said.says(&["role.csv: line 2: sample ", "is a child here and a relative there", "nothing imported"]);
    assert_eq!(lab.counts(), before);
}

#[test]
fn what_spreadsheets_write_is_accepted() {
    let lab = Lab::new();
    let bytes = "\u{feff}Sample_ID,SEX,vWA31,fga\r\n\"S1\",M,\" 14/15 \",22\r\n,,,\r\nS2,,16,\r\n\r\n";
    lab.import("children", "excel.csv", bytes, &[]).ends(0).says(&["2 rows of children: 2 added"]);
    assert!(lab.counts().contains(" 2 children"), "{}", lab.counts());
}

#[test]
fn a_line_of_100_mb_is_refused_in_little_memory() {
    let lab = lab();
    let before = lab.counts();
    let mut bytes = CHILDREN.as_bytes().to_vec();
    bytes.resize(100 << 20, b'1');
    for (name, bytes) in [("row.csv", &bytes[..]), ("header.csv", &bytes[CHILDREN.len()..])] {
        let file = lab.write(name, bytes);
        // The limit allows for the file itself, and little more.
        let limited = format!("ulimit -v 300000 && exec {PROGRAM} \"$@\"");
        let (store, key) = (lab.name("store"), lab.name("key"));
        let arguments = ["-", "--store", &store, "--key-file", &key, "import", "--as", "children", &file];
        let said = run(Command::new("sh").args(["-c", &limited]).args(arguments)).ends(2);
        said.says(&[name, "the line is longer than 64 KiB; check for a missing line end", "nothing imported"]);
    }
    assert_eq!(lab.counts(), before);
}

#[test]
fn a_table_of_many_samples_and_markers_takes_little_memory() {
    let lab = lab();
    let before = lab.counts();
    // One row for each sample, with all loci in turn. The reader may use 128 times the size of the file, beside the
    // program itself.
    let mut text = String::from("Sample Name,Marker,Allele 1\n");
    for number in 0..100_000_u32 {
        let sample = char::from_digit(number % 36, 36).map_or(String::new(), |c| c.to_string());
        text += &format!("{sample}{number},{},9\n", KNOWN_LOCI[number as usize % KNOWN_LOCI.len()]);
    }
    // The last row is invalid, so that the import ends before it uses the ledger.
    text += "x,FGA,x\n";
    let file = lab.write("tall.csv", &text);
    let kilobytes = (64 << 10) + text.len() * 128 / 1024;
    let limited = format!("ulimit -v {kilobytes} && exec {PROGRAM} \"$@\"");
    let (store, key) = (lab.name("store"), lab.name("key"));
    let arguments = ["-", "--store", &store, "--key-file", &key, "import", "--as", "children", &file];
    let said = run(Command::new("sh").args(["-c", &limited]).args(arguments)).ends(2);
    said.says(&["tall.csv:100002: column C (Allele 1): the cell is not an allele", "nothing imported"]);
    assert_eq!(lab.counts(), before);
}

#[test]
fn a_case_list_that_is_wrong_or_missing_changes_nothing() {
    let lab = lab();
    let before = lab.counts();
    let tall = lab.write("tall.txt", "Sample Name\tMarker\tAllele 1\tAllele 2\nS3\tvWA\t14\t15\nS4\tvWA\t14\t\n");
    let import = |layout: &str, list: &str| {
        let list = lab.write("list.csv", list);
        lab.run(&["import", "--as", layout, "--cases", &list, &tall])
    };
    let said = import("families", "sample_id,family_id,relation,sex\nS3,F3,brother,m\n").ends(2);
    said.says(&["list.csv:2: column C (relation): the cell", "list.csv: 1 problem found, nothing imported"]);
    let said = import("families", "sample_id,family_id,relation,sex\nS3,F3,father,m\n").ends(2);
    said.says(&["tall.txt:3: sample_id: the sample is not in the case list", "nothing imported"]);
    lab.run(&["import", "--as", "families", &tall]).ends(2).says(&["tall.txt:1: ", "--cases"]);
    lab.run(&["import", "--as", "families", "--format", "csv", &tall]).ends(2).says(&["--format genemapper"]);
    let absent = lab.run(&["import", "--as", "children", "--cases", &lab.name("none.csv"), &tall]).ends(2);
    absent.says(&["cannot read", "none.csv"]);
    assert_eq!(lab.counts(), before);
    let said = import("children", "sample_id,sex\nS3,m\nS4,f\nS5,f\n").ends(0);
    said.says(&["list.csv:4: column A (sample_id): no valid genotypes", "2 rows of children: 2 added", "homozygote"]);
}

#[test]
fn one_bad_file_does_not_stop_the_others_nor_hide_itself() {
    let lab = lab();
    let (bad, good) = (lab.write("bad.csv", CHILDREN), lab.write("good.csv", format!("{CHILDREN}S3,m,14,22\n")));
    let said = lab.run(&["import", "--as", "children", &bad, &good]).ends(2);
    said.says(&["bad.csv: the file has a header and no rows", "good.csv: 1 row of children: 1 added"]);
    assert!(lab.counts().contains(" 3 children"));
}

#[test]
fn bad_frequencies_make_no_store() {
    let lab = Lab::new();
    let head = "locus,allele,frequency\n";
    for (rows, parts) in [
        ("vWA,14,0.5\nvWA,15,0.5\nvWA,14,0.001\n", [":4: ", "vWA allele 14 is given twice, first in line 2"]),
        ("vWA,14,0.5\nvWA,15,-0.5\n", [":3: column C (frequency)", "write a number from 0 to 1"]),
        ("vWA,14,1.5\n", [":2: column C (frequency)", "write a number from 0 to 1"]),
        ("vWA,14,NaN\n", [":2: column C (frequency)", "write a number from 0 to 1"]),
        ("vWA,14,\n", [":2: column C (frequency)", "write a number from 0 to 1"]),
        ("vWA,x,1\n", [":2: column B (allele)", "write a repeat number"]),
        ("vWA,14,1\nFGA,20,0.5\nFGA,21,0.4499\n", [":3: ", "add up to 0.9499, not to 1"]),
        ("vWA,14,0.5\nvWA,15,0.5501\n", [":2: ", "add up to 1.0501, not to 1"]),
        ("", ["bad.csv: ", "one line per locus and allele"]),
        ("vWX,14,1\n", [":2: column A (locus)", "did you mean vWA?"]),
    ] {
        let file = lab.write("bad.csv", format!("{head}{rows}"));
        lab.run_on("new", &["init", "--frequencies", &file]).ends(2).says(&["bad.csv"]).says(&parts);
        let cases = lab.write("cases.csv", "case,person,relation,sex,locus,allele1,allele2\nc,c,child,,vWA,14,14\n");
        lab.run(&["lr", "--frequencies", &file, &cases]).ends(2).says(&parts);
    }
    let file = lab.write("bad.csv", "locus|allele|frequency\nvWA|14|1\n");
    lab.run_on("new", &["init", "--frequencies", &file]).ends(2).says(&["bad.csv:1: ", "not a frequency table"]);
    let file = lab.write("bad.csv", b"locus,allele,frequency\nvWA,14,1\n\xff,1,1\n");
    lab.run_on("new", &["init", "--frequencies", &file]).ends(2).says(&["bad.csv:3: ", "UTF-8"]);
    let file = lab.write("bad.csv", format!("\u{feff}{head}vWA,14,0.49\nvWA,15,0.5\n").replace('\n', "\r\n"));
    lab.run_on("new", &["init", "--frequencies", &file]).ends(2).says(&["individuals"]);
    assert!(!lab.path("new").exists());
    let options = ["init", "--frequencies", &file, "--rare-allele-frequency", "0.001"];
    lab.run_on("new", &options).ends(0).says(&["vWA add up to 0.9900, not to 1"]);
}

#[test]
fn bad_options_of_a_model_make_no_store() {
    let lab = Lab::new();
    for (options, part) in [
        (&["--mutation-rate", "2"][..], "rate"),
        (&["--mutation-rate", "NaN"], "rate"),
        (&["--mutation-range=-1"], "range"),
        (&["--theta", "1"], "a theta of 1"),
        (&["--theta", "NaN"], "a theta of NaN"),
        (&["--silent-frequency", "1"], "silent"),
        (&["--drop-out=-0.1"], "drop-out"),
        (&["--drop-out", "0.1", "--drop-out-children", "0.1"], "--drop-out-children"),
        (&["--linked", "vWA:vWA=0.1"], "is named twice in linked pairs"),
        (&["--linked", "vWA:NoSuch=0.1"], "NoSuch"),
        (&["--linked", "vWA:D12S391=0.7"], "from 0 to 0.5"),
        (&["--rare-allele-frequency", "often"], "refuse"),
        (&["--min-log10-lr", "NaN"], "log10 LR NaN must be a finite number"),
        (&["--min-log10-lr", "inf"], "log10 LR inf must be a finite number"),
        (&["--rare-allele-frequency", "0"], "0"),
        (&["--mutation", "none", "--mutation-rate", "0.1"], "--mutation none"),
        (&["--mutation", "equal", "--mutation-range", "0.1"], "--mutation-range"),
        (&["--untyped", "half"], "pruned, full"),
        (&["--mutation", "magic"], "stepwise"),
    ] {
        lab.run_on("new", &[&["init"], options].concat()).ends(2).says(&[part]);
        assert!(!lab.path("new").exists(), "{options:?}");
    }
}

#[test]
fn bad_cases_for_the_calculator_are_refused_with_their_place() {
    let lab = Lab::new();
    let head = "case,person,relation,sex,locus,allele1,allele2\n";
    let sound = "c,kid,child,male,vWA,14,15\n";
    for (text, parts) in [
        (format!("{head}{sound}c,x,brother,male,vWA,14,15\n"), [":3: column C (relation)", "full-sibling"]),
        (format!("{head}{sound}c,x,father,male,vWB,14,15\n"), [":3: column E (locus)", "did you mean vWA?"]),
        (format!("{head}{sound}c,x,father,male,SE33,14,15\n"), [":3: column E (locus)", "not in the frequency table"]),
        (format!("{head}{sound}c,x,father,male,vWA,14,\n"), [":3: column G (allele2)", "is not an allele"]),
        (format!("{head}{sound}c,x,father,female,vWA,14,15\n"), [":3: column D (sex)", "contradicts the relation"]),
        (format!("{head}{sound}{sound}"), [":3: column E (locus)", "has a row for the locus already"]),
        (format!("{head}{sound}c,kid,father,male,FGA,22,22\n"), [":3: column C (relation)", "differs from the person"]),
        (format!("{head}{sound}c,a,father,m,vWA,14,15\nc,b,father,m,vWA,14,15\n"), [":2: ", "two persons of relation"]),
        (format!("{head}c,x,father,male,vWA,14,15\n"), [":2: ", "exactly one person of the relation child, and has 0"]),
        (format!("{head}{sound}c,x,father\n"), [":3: ", "fields in the row: 3,"]),
        (format!("{head}{sound},x,father,male,vWA,14,15\n"), [":3: column A (case)", "give the case"]),
        ("case,person,relation,sex,locus,allele1\n".to_owned(), [":1: ", "the column allele2 is missing"]),
        (head.replace(',', "|"), [":1: ", "the column case is missing; the header must be"]),
        (format!("{head}{sound}c,x,father\n").replace(',', ";"), [":3: ", "a semicolon is missing or too many"]),
        (head.to_owned(), ["cases.csv: ", "the file has a header and no rows"]),
        (String::new(), ["cases.csv: ", "the file is empty"]),
    ] {
        let said = lab.run(&["lr", &lab.write("cases.csv", text)]).ends(2).says(&["cases.csv"]).says(&parts);
        assert_eq!(said.out, "");
    }
    lab.run(&["lr", &lab.name("none.csv")]).ends(2).says(&["cannot read", "none.csv"]);
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend(b"c,kid,child,male,vWA,14,\xff\n");
    lab.run(&["lr", &lab.write("cases.csv", bytes)]).ends(2).says(&["cases.csv:2: ", "not UTF-8"]);
}

#[test]
fn an_import_succeeds_although_standard_error_cannot_be_written() {
    let lab = lab();
    let file = lab.write("good.csv", format!("{CHILDREN}S3,m,14,22\n"));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = plain(&mut lab.command(&["import", "--as", "children", &file])).stderr(full).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(lab.counts().contains(" 3 children"));
}
