//! Tests the spellings of tidy files: encodings, delimiters, columns, cells.

use super::super::text::encoding::tests::{gb18030_bytes, utf_16_bytes};
use super::*;

/// Returns line, column and code of each note.
pub(super) fn notes(intake: &Intake) -> Vec<(u64, usize, &'static str)> {
    intake
        .notes
        .iter()
        .map(|p| (p.line, p.column.as_ref().and_then(|column| column.number).unwrap_or(0), p.code.word()))
        .collect()
}

/// Returns the genotypes of a row; untyped ones are empty.
pub(super) fn genotypes(row: &Row) -> Vec<String> {
    row.profile.genotypes().iter().map(|one| one.map_or(String::new(), |genotype| genotype.to_string())).collect()
}

fn untyped_if_single(layout: Layout, text: &str) -> Intake {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let request = Request { single_allele: SingleAllele::Untyped, ..request(layout, &panel, &pseudonymizer) };
    read_bytes("f.csv", text.as_bytes(), &request)
}

#[test]
fn other_encodings_are_read_by_the_same_lines() {
    let text = "sample_id,sex,agency,vWA\n\nS1,m,济南市公安局,14\nS2,x,青岛,15\n";
    let expected = read(Layout::Children, text);
    assert_eq!(places(&expected), [(4, 2, "sex")]);
    for bytes in [utf_16_bytes(text, true, true), utf_16_bytes(text, false, false), gb18030_bytes(text)] {
        let intake = read(Layout::Children, &bytes);
        assert_eq!((&intake.problems, &intake.rows), (&expected.problems, &expected.rows));
        assert_eq!(notes(&intake), [(0, 0, "encoding")]);
        assert_eq!(intake.digest, *blake3::hash(&bytes).as_bytes());
    }
}

#[test]
fn delimiters_are_told_by_the_header() {
    let expected = children("S1,m,14/15,22\nS2,f,,9.3/10\n");
    let semicolons = "sample_id;sex;vWA;FGA\r\nS1;m;14,15;22\r\nS2;f;;9.3,10\r\n;;;\r\n";
    let tabs = "sample_id\tsex\tvWA\tFGA\nS1\tm\t14,15\t22\nS2\tf\t\t\"9.3;10\"\n\t\t\t\n";
    let commas = "sample_id,sex,vWA,FGA\nS1,m,\"14,15\",22\nS2,f,,9.3-10\n";
    for text in [semicolons, tabs, commas] {
        let intake = read(Layout::Children, text);
        assert_eq!((intake.problems, intake.notes), (vec![], vec![]));
        assert_eq!(intake.rows, expected.rows);
    }
    let intake = read(Layout::Children, "sample_id;sex;vWA\nS1;m\n");
    assert_eq!(places(&intake), [(2, 0, "fields")]);
    assert!(intake.problems[0].what.contains("a semicolon is missing"), "{}", intake.problems[0]);
    // These may not be two alleles.
    assert_eq!(places(&read(Layout::Children, "sample_id;sex;vWA\nS1;m;9,3\n")), [(2, 3, "allele-or-pair")]);
}

#[test]
fn two_columns_make_a_genotype() {
    let expected = children("S1,m,14/15,22/23.2\nS2,f,16,\n");
    for names in [
        ["vWA_1", "vWA_2", "FGA_1", "FGA_2"],
        ["vWA 1", "vWA 2", "FGA 1", "FGA 2"],
        ["vWA.1", "vWA.2", "FGA.1", "FGA.2"],
        ["vWA_a", "vWA_b", "FGA-A", "FGA-B"],
        ["vWA Allele 1", "vWA Allele 2", "FGA Allele1", "FGA_allele2"],
        ["vWA", "vWA", "FGA", "FGA"],
        ["vWA", "vWA.1", "FGA", "FGA.1"],
    ] {
        let header = format!("sample_id,sex,{}", names.join(","));
        let intake = read(Layout::Children, format!("{header}\nS1,m,14,15,23.2,22\nS2,f,16,16,,\n"));
        assert_eq!((intake.problems, intake.notes), (vec![], vec![]), "{header}");
        assert_eq!(intake.rows, expected.rows, "{header}");
    }
    // Columns may be in any order.
    let intake = read(Layout::Children, "FGA_2,vWA_2,sample_id,vWA_1,sex,FGA_1\n22,15,S1,14,m,23.2\n");
    assert_eq!(genotypes(&intake.rows[0]), ["22/23.2", "14/15"]);
}

#[test]
fn two_columns_of_the_sex_marker_are_one() {
    let intake = read(Layout::Children, "sample_id,sex,AMEL_1,AMEL_2,DYS391,vWA\nS1,m,X,Y,10,14/15\n");
    assert_eq!(intake.problems, []);
    assert_eq!(notes(&intake), [(1, 5, "elsewhere")]);
    assert_eq!(intake.loci.len(), 1);
    // The marker is checked against the stated sex.
    let intake = read(Layout::Children, "sample_id,sex,AMEL_1,AMEL_2,vWA\nS1,f,X,Y,14/15\n");
    assert_eq!(notes(&intake).len(), 1);
}

#[test]
fn columns_of_one_allele_are_two() {
    for (header, expected) in [
        ("sample_id,sex,vWA_1,FGA", (1, 3, "half-locus")),
        ("sample_id,sex,vWA_2,FGA", (1, 3, "half-locus")),
        ("sample_id,sex,vWA,FGA,vWA_2", (1, 5, "repeated-column")),
        ("sample_id,sex,vWA_1,vWA_2,vWA_1", (1, 5, "repeated-column")),
        ("sample_id,sex,vWA,vWA,vWA", (1, 5, "repeated-column")),
        ("sample_id,sex,vWA_1,vWA_2,vWA_3", (1, 5, "locus")),
        ("sample_id,sex,vWA,comment_1", (1, 4, "locus")),
    ] {
        let row = header.split(',').map(|name| if name == "sex" { "m" } else { "14" }).collect::<Vec<_>>().join(",");
        assert_eq!(places(&read(Layout::Children, format!("{header}\n{row}\n"))), [expected], "{header}");
    }
    let intake = read(Layout::Children, "sample_id,sex,vWA_1,vWA_2\nS1,m,,15\nS2,m,14,x\nS3,m,14/15,\n");
    assert_eq!(places(&intake), [(2, 3, "no-first-allele"), (3, 3, "allele"), (4, 3, "allele")]);
    assert!(intake.problems[0].what.contains("no first"), "{}", intake.problems[0]);
}

#[test]
fn what_one_allele_means_is_a_setting() {
    let two = "sample_id,sex,vWA_1,vWA_2,FGA_1,FGA_2\nS1,m,14,,22,22\nS2,m,15,,22,23\n";
    let intake = read(Layout::Children, two);
    assert_eq!(intake.rows.iter().map(genotypes).collect::<Vec<_>>(), [["14", "22"], ["15", "22/23"]]);
    assert_eq!(notes(&intake), [(2, 3, "single-allele")]);
    let intake = untyped_if_single(Layout::Children, two);
    assert_eq!(intake.rows.iter().map(genotypes).collect::<Vec<_>>(), [["", "22"], ["", "22/23"]]);
    assert_eq!(notes(&intake), [(2, 3, "single-allele"), (3, 3, "single-allele")]);
    // Also in one column, where it is usual and not noted.
    let one = "sample_id,sex,vWA,FGA\nS1,m,14,22/22\nS2,m,15,\n";
    assert_eq!(notes(&read(Layout::Children, one)), []);
    let intake = untyped_if_single(Layout::Children, one);
    assert_eq!(genotypes(&intake.rows[0]), ["", "22"]);
    assert_eq!(notes(&intake), [(2, 3, "single-allele"), (3, 3, "single-allele")]);
    assert_eq!(places(&intake), [(3, 0, "untyped")]);
}

#[test]
fn off_ladder_alleles_and_signs_leave_a_locus_untyped() {
    let intake = children(
        "S1,m,OL,22\nS2,m,<9/14,22\nS3,m,14,>10\nS4,m,-,22\nS5,m,NA,-\nS6,m,0,22\nS7,m,22,?\nS8,m,14/?,22\nS9,m,-,n/a\n",
    );
    assert_eq!(places(&intake), [(6, 0, "untyped"), (10, 0, "untyped")]);
    assert_eq!(
        notes(&intake),
        [
            (2, 3, "off-ladder"),
            (3, 3, "off-ladder"),
            (4, 4, "off-ladder"),
            (5, 3, "no-result"),
            (6, 3, "no-result"),
            (7, 3, "no-result"),
            (8, 4, "no-result"),
            (9, 3, "half-typed"),
        ]
    );
    let typed: Vec<_> = intake.rows.iter().map(genotypes).collect();
    assert_eq!(typed, [["", "22"], ["", "22"], ["14", ""], ["", "22"], ["", "22"], ["22", ""], ["", "22"]]);
}

#[test]
fn fields_go_by_other_names() {
    let text = "Case ID,Specimen ID,relation,性别,vWA\nF1,S1,father,男,14/15\nF1,S2,mother,女,15/16\n";
    let intake = read(Layout::Families, text);
    assert_eq!(intake.problems, []);
    assert_eq!(notes(&intake), [(1, 1, "alias"), (1, 2, "alias"), (1, 4, "alias")]);
    let plain =
        read(Layout::Families, "family_id,sample_id,relation,sex,vWA\nF1,S1,father,m,14/15\nF1,S2,mother,f,15/16\n");
    assert_eq!(intake.rows, plain.rows);
    assert_eq!(
        places(&read(Layout::Children, "Sample Name,sample_id,sex,vWA\nS1,S1,m,14\n")),
        [(1, 2, "repeated-column")]
    );
}

#[test]
fn a_sex_may_be_a_number_or_missing() {
    let intake = children("S1,1,14,22\nS2,2,14,22\nS3,3,14,22\nS4,0,14,22\n");
    assert_eq!(places(&intake), [(4, 2, "sex")]);
    assert_eq!(notes(&intake), [(2, 2, "sex-number")]);
    assert_eq!(intake.rows.iter().map(|row| row.sex).collect::<Vec<_>>(), [Sex::Male, Sex::Female, Sex::Unknown]);
    let intake = read(Layout::Children, "sample_id,vWA\nS1,14\n");
    assert_eq!((places(&intake), notes(&intake)), (vec![], vec![(1, 0, "no-sex")]));
    assert_eq!(intake.rows[0].sex, Sex::Unknown);
}

#[test]
fn a_form_that_is_not_the_files_is_told() {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let tidy = "sample_id,sex,vWA\nS1,m,14\n";
    let tall = "Sample Name,Marker,Allele 1,Allele 2\nS1,vWA,14,15\n";
    for (format, text, hint) in
        [(Some(Format::Csv), tall, "--format genemapper"), (Some(Format::GeneMapper), tidy, "without --format")]
    {
        let request = Request { format, ..request(Layout::Children, &panel, &pseudonymizer) };
        let intake = read_bytes("f.csv", text.as_bytes(), &request);
        assert_eq!(places(&intake), [(1, 0, "format")]);
        assert!(intake.problems[0].what.contains(hint), "{}", intake.problems[0]);
        let right = Request { format: None, ..request };
        assert_eq!(read_bytes("f.csv", text.as_bytes(), &right).rows.len(), 1);
    }
    let request = Request { sheet: Some("Children"), ..request(Layout::Children, &panel, &pseudonymizer) };
    assert_eq!(places(&read_bytes("f.csv", tidy.as_bytes(), &request)), [(0, 0, "sheet")]);
}

#[test]
fn a_row_whose_category_is_of_the_other_layout_is_refused() {
    let header = "样本编号,人员类别,性别,vWA\n";
    let intake =
        read(Layout::Children, format!("{header}A1,打拐儿童,男,14\nA2,打拐父母,男,14\nA3,11,男,14\nA4,,男,14\n"));
    assert_eq!(places(&intake), [(3, 2, "other-category"), (4, 2, "other-category")]);
    assert!(intake.problems[0].what.contains("--as families"), "{}", intake.problems[0]);
    assert_eq!(intake.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 5]);
    let intake = read(Layout::Children, format!("{header}A1,前科人员,男,14\n"));
    assert_eq!((places(&intake), intake.rows.len()), (vec![], 1));
    assert!(notes(&intake).contains(&(2, 2, "unknown-category")));
    let text = "家系编号,样本编号,关系,人员类别,性别,vWA\nF1,A1,父亲,打拐儿童,男,14\nF1,A2,母亲,打拐父母,女,14\n";
    let intake = read(Layout::Families, text);
    assert_eq!(places(&intake), [(2, 4, "other-category")]);
    // Also in a table with a row per sample and locus.
    let tall = "Sample Name\t人员类别\tMarker\tAllele 1\tAllele 2\nA1\t父亲\tvWA\t14\t15\nA2\t孩子\tvWA\t14\t15\n";
    let intake = read(Layout::Children, tall);
    assert_eq!(intake.problems.iter().map(|one| one.code.word()).collect::<Vec<_>>(), ["other-category"]);
    assert_eq!(intake.rows.len(), 1);
}

#[test]
fn a_map_that_reads_one_locus_as_another_is_said() {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let map = ColumnMap::parse("[columns]\n\"vWA\" = \"FGA\"\n\"Kind\" = \"sex\"\n", &panel).unwrap();
    let request = Request { map: Some(&map), ..request(Layout::Children, &panel, &pseudonymizer) };
    let intake = read_bytes("f.csv", b"sample_id,Kind,vWA\nS1,m,22\n", &request);
    assert_eq!(notes(&intake), [(1, 3, "mapped-locus")]);
    assert_eq!(intake.loci[0].name(), "FGA");
    for (section, theirs, sound) in [
        ("vWA", "14/17", false),
        ("loci", "9.3", false),
        ("loci", "leer", true),
        ("loci", "0", true),
        ("sex", "1", true),
    ] {
        let map = ColumnMap::parse(&format!("[values.{section}]\n\"{theirs}\" = \"2\"\n"), &panel);
        assert_eq!(map.is_ok(), sound, "{section} {theirs}");
    }
}
