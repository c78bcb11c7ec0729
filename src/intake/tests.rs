//! Tests every kind of invalid file, by place and code.

mod forms;
mod same;
mod spreadsheets;
mod tall;

use super::*;
use crate::model::{Locus, Panel, Relation, Sex};
use crate::pseudonym::{Pseudonymizer, SecretKey};

pub(super) fn panel() -> Panel {
    Panel::new(["D3S1358", "vWA", "FGA"].iter().map(|name| name.parse().unwrap()).collect()).unwrap()
}

pub(super) fn pseudonymizer() -> Pseudonymizer {
    Pseudonymizer::new(&SecretKey::from_bytes([1; 32]))
}

pub(super) fn read(layout: Layout, bytes: impl AsRef<[u8]>) -> Intake {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    read_bytes("f.csv", bytes.as_ref(), &request(layout, &panel, &pseudonymizer))
}

pub(super) fn request<'a>(layout: Layout, panel: &'a Panel, pseudonymizer: &'a Pseudonymizer) -> Request<'a> {
    Request::new(layout, panel, pseudonymizer)
}

/// Returns line, column and code of each problem.
pub(super) fn places(intake: &Intake) -> Vec<(u64, usize, &'static str)> {
    intake
        .problems
        .iter()
        .map(|p| (p.line, p.column.as_ref().and_then(|column| column.number).unwrap_or(0), p.code.word()))
        .collect()
}

fn families(rows: &str) -> Intake {
    read(Layout::Families, format!("family_id,sample_id,relation,sex,vWA,FGA\n{rows}"))
}

fn children(rows: &str) -> Intake {
    read(Layout::Children, format!("sample_id,sex,vWA,FGA\n{rows}"))
}

#[test]
fn a_families_file_is_read() {
    let text = "FGA,Sex,Family_ID,relation,SAMPLE_ID,vwa,kit,agency,collected_on,region\r\n\
                22/23.2,m,F1,father,S1,14,AGCU EX22,3701,2024-03-05,Jinan\r\n\r\n,,,,,,,,,\r\n\
                ,,F1,full-sibling,\"S2\",\"14/15\",AGCU EX22,3701,,";
    let intake = read(Layout::Families, [b"\xef\xbb\xbf", text.as_bytes()].concat());
    assert_eq!(intake.problems, []);
    assert_eq!(intake.notes, []);
    assert_eq!(intake.loci.iter().map(Locus::name).collect::<Vec<_>>(), ["FGA", "vWA"]);
    let [father, sibling] = &intake.rows[..] else { panic!("{:?}", intake.rows) };
    assert_eq!((father.line, sibling.line), (2, 5));
    assert_eq!(father.sample, pseudonymizer().sample(Some("3701"), "S1").unwrap());
    let family = pseudonymizer().family(Some("3701"), "F1").unwrap();
    assert_eq!(father.family, Some((family, Relation::Father)));
    assert_eq!(sibling.family, Some((family, Relation::FullSibling)));
    assert_eq!((father.sex, sibling.sex), (Sex::Male, Sex::Unknown));
    assert_eq!(father.profile.at(0).unwrap().to_string(), "22/23.2");
    assert_eq!(father.profile.at(1).unwrap().to_string(), "14");
    assert_eq!(sibling.profile.at(0), None);
    assert_eq!(father.region.as_deref(), Some("Jinan"));
    assert_eq!(sibling.kit.as_deref(), Some("AGCU EX22"));
    assert_eq!(father.collected_on, jiff::civil::Date::new(2024, 3, 5).ok());
    assert_eq!(sibling.collected_on, None);
}

#[test]
fn every_bad_cell_is_reported_and_none_repeated() {
    let text = "family_id,sample_id,relation,sex,collected_on,agency,region,vWA,FGA\n\
                ,S1,brother,wrong,2023-02-30,,,ZHANG,1/2/x3\n\
                F1,,father,male,,,,14,22\n\
                F2,S3,mother,female,,,,,\n\
                F3,S4,mother,male,,,,14,\n\
                F4,S5\u{200b},mother,female,,A\u{200b},R\u{85}R,14,\n";
    let intake = read(Layout::Families, text);
    assert_eq!(
        places(&intake),
        [
            (2, 1, "identifier"),
            (2, 3, "relation-unclear"),
            (2, 4, "sex"),
            (2, 5, "date"),
            (2, 8, "allele"),
            (2, 9, "allele"),
            (3, 2, "identifier"),
            (4, 0, "untyped"),
            (5, 4, "sex-contradiction"),
            (6, 2, "identifier"),
            (6, 6, "agency"),
            (6, 7, "text"),
        ]
    );
    assert!(intake.rows.is_empty());
    let all: String = intake.problems.iter().map(|p| format!("{p} {p:?}")).collect();
    for cell in ["ZHANG", "brother", "wrong", "02-30", "1/2/x3"] {
        assert!(!all.contains(cell), "{cell}");
    }
    assert!(intake.problems[4].to_string().starts_with("f.csv:2: column H (vWA): the cell is not an allele"));
}

#[test]
fn a_child_has_one_father() {
    let intake = families(
        "F1,S1,father,male,14,22\nF2,S2,father,male,14,22\nF1,S3,father,,14,22\nF1,S4,maternal-grandmother,,14,\n\
         F1,S5,maternal-grandmother,,14,\nF1,S6,full-sibling,,14,\nF1,S7,full-sibling,,14,\n",
    );
    assert_eq!(places(&intake), [(4, 3, "second-father"), (6, 3, "second-maternal-grandmother")]);
    assert!(intake.problems[0].what.contains("line 2"));
    assert_eq!(intake.rows.len(), 5);
}

#[test]
fn a_sample_stands_once() {
    let intake = children("S1,m,14,\nS2,f,14,\n S1,m,14,\n");
    assert_eq!(places(&intake), [(4, 1, "repeated-sample")]);
    assert!(intake.problems[0].what.contains("line 2"));
    let intake = families("F1,S1,father,m,14,\nF1,S1,paternal-uncle,m,14,\nF1,S2,mother,f,14,\nF1,S2,mother,f,14,\n");
    assert_eq!(places(&intake), [(3, 2, "repeated-sample"), (5, 2, "repeated-sample")]);
    // A second typing is not a row to remove, because its loci would be lost.
    for intake in [children("S1,m,14,\nS1,m,14,22\n"), families("F1,S1,father,m,14,\nF1,S1,father,m,14,22\n")] {
        assert_eq!(
            intake.problems.iter().map(|one| (one.line, one.code.word())).collect::<Vec<_>>(),
            [(3, "sample-differs")]
        );
        assert!(intake.problems[0].what.contains("a file of its own"), "{}", intake.problems[0]);
    }
}

#[test]
fn a_sample_of_two_families_is_one_sample() {
    assert_eq!(families("F1,S1,father,m,14,\nF2,S1,paternal-uncle,m,14/14,\n").problems, []);
    let intake = families("F1,S1,father,m,14,\nF2,S1,father,m,14/15,\nF3,S1,full-sibling,,14,\n");
    assert_eq!(places(&intake), [(3, 2, "sample-differs"), (4, 2, "sample-differs")]);
    // A row with a problem of its own is still compared.
    let intake = families("F1,S1,father,f,14,\nF1,S2,father,m,14,\n");
    assert_eq!(places(&intake), [(2, 4, "sex-contradiction"), (3, 3, "second-father")]);
}

#[test]
fn identifiers_belong_to_their_agency() {
    let header = "family_id,sample_id,relation,sex,agency,vWA\n";
    let intake = read(
        Layout::Families,
        format!("{header}F1,S1,father,m,A,14\nF1,S1,father,m,B,15\nF2,S3,mother,f,A,14\nF1,S4,mother,f,B,14\n"),
    );
    assert_eq!(intake.problems, []);
    assert_eq!(intake.rows.len(), 4);
    assert_eq!(intake.notes.len(), 1);
    assert_eq!((intake.notes[0].line, intake.notes[0].code.word()), (3, "two-agencies"));
    assert!(intake.notes[0].what.contains("line 2"));
}

#[test]
fn headers_are_checked_by_name() {
    for (layout, text, expected) in [
        (Layout::Families, "sample_id,sex,vWA\nS1,m,14\n", (1, 0, "layout", "--as children")),
        (Layout::Children, "family_id,sample_id,relation,sex,vWA\n", (1, 0, "layout", "--as families")),
        (Layout::Children, "sample_id|sex|vWA\nS1|m|14\n", (1, 0, "delimiter", "vertical bars")),
        (Layout::Children, "sample_id，sex，vWA\nS1，m，14\n", (1, 0, "delimiter", "full-width commas")),
        (Layout::Children, "S1,m,14\nS2,f,15\n", (1, 0, "header", "sample_id, sex")),
        (Layout::Children, "sample_id,sex,vWA,D3S135B\nS1,m,14,\n", (1, 4, "locus", "D3S1358")),
        (Layout::Children, "sample_id,sex,vWA,comment\nS1,m,14,\n", (1, 4, "locus", "remove")),
        (Layout::Children, "sample_id,sex,,vWA\nS1,m,,14\n", (1, 3, "locus", "no name")),
        (Layout::Children, "sample_id,sex,vWA,FGA,VWA\nS1,m,14,,\n", (1, 5, "repeated-column", "position 3")),
        (Layout::Children, "sample_id,sex,vWA,SEX\nS1,m,14,m\n", (1, 4, "repeated-column", "position 2")),
        (Layout::Families, "family_id,sample_id,relation,vWA\nF1,S1,father,14\n", (1, 0, "missing-column", "sex")),
        (Layout::Children, "sex,vWA\nm,14\n", (1, 0, "missing-column", "sample_id")),
        (Layout::Families, "sample_id,family_id,sex,vWA\n", (1, 0, "missing-column", "relation")),
        (Layout::Children, "sample_id,sex,kit\nS1,m,x\n", (1, 0, "no-loci", "locus column")),
        (Layout::Children, "sample_id,sex,vWA\n", (0, 0, "no-rows", "no row")),
        (Layout::Children, "sample_id,sex,vWA\n\n,,\n", (0, 0, "no-rows", "no row")),
        (Layout::Children, "", (0, 0, "empty", "empty")),
        (Layout::Children, "\u{feff}\n \n", (0, 0, "empty", "empty")),
        (Layout::Children, "sample_id,\"sex,vWA\nS1,m,14\n", (1, 2, "quote", "quote")),
        (Layout::Children, "sample_id,sex\r,vWA\nS1,m,14\n", (1, 0, "line-end", "carriage")),
    ] {
        let intake = read(layout, text);
        let (line, column, code, hint) = expected;
        assert_eq!(places(&intake), [(line, column, code)], "{text:?}");
        assert!(intake.problems[0].what.contains(hint), "{text:?}: {}", intake.problems[0]);
    }
    let many: Vec<String> = (0..300).map(|i| format!("X{i}")).collect();
    assert_eq!(places(&read(Layout::Children, format!("sample_id,sex,{}\n", many.join(",")))), [(1, 0, "columns")]);
}

#[test]
fn a_line_of_data_in_the_headers_place_is_not_repeated() {
    let intake = read(Layout::Children, "S1,male,张三,110101199003070000,vWA,sex\n");
    let all = format!("{:?}", intake.problems);
    assert!(!all.contains("张三") && !all.contains("1101"), "{all}");
}

#[test]
fn a_transposed_table_gives_no_identifier_away() {
    let text = "sample_id,S-1,C0000017,Zhang San,VWA,D3S135B\nsex,m,f,m,m,m\n";
    let problems = read(Layout::Children, text).problems;
    let all = format!("{problems:?}");
    assert!(["S-1", "C0000017", "Zhang"].iter().all(|id| !all.contains(id)), "{all}");
    assert!(problems.iter().any(|p| p.to_string().starts_with("f.csv:1: column B (?): is an unknown")), "{all}");
    assert!(problems.iter().any(|p| p.to_string().starts_with("f.csv:1: column F (D3S135B): ")), "{all}");
}

#[test]
fn unknown_columns_of_a_header_are_shown_and_left_aside_when_asked() {
    let text = "sample_id,sex,vWA,FGA,D3S1358,vWA_x9,杂项,\u{202e}x,110101199003070000\nC1,m,14,22,15,,urgent,,\n";
    let intake = read(Layout::Children, text);
    let names: Vec<_> = intake.problems.iter().map(|p| p.column.as_ref().unwrap().name.to_string()).collect();
    assert_eq!(names, ["vWA_x9", "杂项", "?", "?"]);
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let request = Request { ignore_unknown: true, ..request(Layout::Children, &panel, &pseudonymizer) };
    let intake = read_bytes("f.csv", text.as_bytes(), &request);
    // A column that may be a locus is not ignored.
    assert_eq!(places(&intake), [(1, 6, "locus")]);
    let ignored: Vec<_> = intake.notes.iter().filter(|note| note.code == FindingCode::IgnoredColumn).collect();
    assert_eq!(ignored.len(), 3);
    assert_eq!(
        ignored[0].to_string(),
        "f.csv:1: column G (杂项): is an unknown column or locus: ignored, as requested"
    );
}

#[test]
fn a_map_leaves_aside_what_it_says_and_warns_of_loci() {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let map = ColumnMap::parse("ignore = ['FGA', '备注']\n[columns]\nNr = 'sample_id'\n", &panel).unwrap();
    let request = Request { map: Some(&map), ..request(Layout::Children, &panel, &pseudonymizer) };
    let intake = read_bytes("f.csv", "Nr,sex,vWA,FGA,备注\nC1,m,14,xx,x\n".as_bytes(), &request);
    assert_eq!(intake.problems, []);
    assert_eq!(intake.loci.iter().map(Locus::name).collect::<Vec<_>>(), ["vWA"]);
    let notes: Vec<_> = intake.notes.iter().map(|note| (note.severity, note.code.word())).collect();
    assert!(
        notes.contains(&(Severity::Warning, "ignored-column")) && notes.contains(&(Severity::Note, "ignored-column"))
    );
    // The same applies to tables with a row per sample and locus, and to case lists.
    let tall =
        ColumnMap::parse("[columns]\nNr = 'sample_id'\nOrt = 'Marker'\nA = 'Allele 1'\n[values.loci]\nz = ''", &panel);
    let tall = tall.unwrap();
    let request = Request { map: Some(&tall), ..request };
    let intake = read_bytes("f.txt", b"Nr\tOrt\tA\nC1\tvWA\t14\nC1\tFGA\tz\n", &request);
    assert_eq!((intake.format, intake.rows.len(), intake.problems), (Format::GeneMapper, 1, vec![]));
}

#[test]
fn a_parent_is_told_by_the_sex_or_by_the_others() {
    use Relation::{Father, Mother, Parent};
    let intake = families("F1,S1,parent,m,14,\nF2,S2,parent,female,14,\nF3,S3,Parent,,14,\nF3,S4,parent,u,15,\n");
    assert_eq!(places(&intake), []);
    let relations: Vec<_> = intake.rows.iter().filter_map(|row| Some(row.family?.1)).collect();
    assert_eq!(relations, [Father, Mother, Parent, Parent]);
    let [note] = &intake.notes[..] else { panic!("{:?}", intake.notes) };
    assert_eq!((note.line, note.code.word()), (2, "parent-by-sex"));
    assert!(note.what.starts_with("2 rows"), "{note}");
    for (rows, place) in [
        ("F1,S1,father,m,14,\nF1,S2,mother,f,14,\nF1,S3,parent,,14,\n", (4, 3, "third-parent")),
        ("F1,S1,parent,,14,\nF1,S2,parent,,14,\nF1,S3,parent,,14,\n", (4, 3, "third-parent")),
        ("F1,S1,parent,,14,\nF1,S2,paternal-uncle,m,14,\n", (2, 3, "parent-side")),
        ("F1,S1,parent,,14,\nF1,S2,maternal-half-sibling,,14,\n", (2, 3, "parent-side")),
        ("F1,S1,parent,m,14,\nF1,S2,father,m,14,\n", (3, 3, "second-father")),
    ] {
        assert_eq!(places(&families(rows)), [place], "{rows}");
    }
    assert_eq!(places(&families("F1,S1,parent,,14,\nF1,S2,mother,f,14,\nF1,S3,paternal-uncle,m,14,\n")), []);
}

#[test]
fn loci_outside_the_panel_are_kept_and_noted() {
    let intake = read(Layout::Children, "sample_id,sex,AMEL,fga,TPOX,THO1\nS1,m,X/Y,22,8,9.3\n");
    assert_eq!(intake.problems, []);
    assert_eq!(intake.loci.iter().map(Locus::name).collect::<Vec<_>>(), ["FGA", "TPOX", "TH01"]);
    assert_eq!(intake.rows[0].profile.typed_loci(), 3);
    let notes: Vec<_> =
        intake.notes.iter().map(|n| (n.column.as_ref().unwrap().number.unwrap(), n.code.word())).collect();
    assert_eq!(notes, [(5, "not-in-panel"), (6, "alias"), (6, "not-in-panel")]);
}

#[test]
fn lines_that_cannot_be_read_spoil_only_themselves() {
    let mut bytes = b"sample_id,sex,vWA,FGA\nS1,m\nS2,m,14,,22\nS3,\"m,14,\nS4,m,14,\nS5,m\0,14,\nS6,m,\xff14,\n\
                      S7,m,14\r,22\nS8,m,1\x1b4,\n"
        .to_vec();
    bytes.extend(std::iter::repeat_n(b'x', 70_000));
    bytes.extend(b"\nS9,f,,22\n");
    let intake = read(Layout::Children, &bytes);
    assert_eq!(
        places(&intake),
        [
            (2, 0, "fields"),
            (3, 0, "fields"),
            (4, 2, "quote"),
            (6, 0, "nul"),
            (7, 0, "utf-8"),
            (8, 0, "line-end"),
            (9, 0, "control-character"),
            (10, 0, "line-length"),
        ]
    );
    assert!(intake.problems[4].what.contains("byte 6"), "{}", intake.problems[4]);
    assert_eq!(intake.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [5, 11]);
}

#[test]
fn files_that_are_no_csv_are_named() {
    for (bytes, code) in [
        (b"PK\x03\x04rest".to_vec(), "workbook"),
        (b"\x1f\x8b\x08".to_vec(), "compressed"),
        (vec![b'x'; 1_000_000], "line-length"),
    ] {
        assert_eq!(read(Layout::Children, bytes).problems[0].code.word(), code);
    }
}

#[test]
fn files_are_read_from_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("children.csv");
    let bytes = b"sample_id,sex,vWA\nS1,m,14\n";
    std::fs::write(&path, bytes).unwrap();
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let request = request(Layout::Children, &panel, &pseudonymizer);
    let intake = read_file(&path, &request).unwrap();
    assert_eq!(intake.rows.len(), 1);
    assert_eq!(intake.digest, *blake3::hash(bytes).as_bytes());
    let none = read_file(&dir.path().join("none"), &request);
    assert!(matches!(none, Err(IntakeError::Io { .. })));
    // A sparse file, of which nothing is read.
    std::fs::File::create(&path).unwrap().set_len(MOST_BYTES + 1).unwrap();
    let large = read_file(&path, &request);
    assert!(matches!(large, Err(IntakeError::TooLarge(_))));
}

#[test]
fn a_sample_of_a_pedigree_without_a_row_is_said() {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let pedigree = |sample: &str| {
        let text = format!(
            "family_id,person,father,mother,sex,missing,sample_id\nF1,kid,dad,mum,,yes,\nF1,dad,,,m,,S1\nF1,mum,,,f,,{sample}\n"
        );
        FamilyPedigrees::read("p.csv", text.as_bytes(), &pseudonymizer, SpreadsheetNumbers::Refuse).unwrap()
    };
    let read = |pedigrees: &FamilyPedigrees| {
        let request = Request { pedigrees: Some(pedigrees), ..request(Layout::Families, &panel, &pseudonymizer) };
        read_bytes("f.csv", b"family_id,sample_id,relation,sex,vWA\nF1,S1,member,m,14\n", &request)
    };
    let codes = |intake: &Intake| intake.notes.iter().map(|note| (note.line, note.code.word())).collect::<Vec<_>>();
    let intake = read(&pedigree("S9"));
    assert_eq!((intake.problems.len(), intake.rows.len(), codes(&intake)), (0, 1, vec![(2, "pedigree-sample")]));
    assert_eq!(codes(&read(&pedigree(""))), []);
}
