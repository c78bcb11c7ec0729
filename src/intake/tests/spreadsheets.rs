//! Tests files as spreadsheets and other programs save them.

use super::forms::{genotypes, notes};
use super::*;

#[test]
fn columns_of_a_tall_table_are_read_or_refused() {
    let tall = |header: &str, rows: &str| read(Layout::Children, format!("{header}\n{rows}"));
    let intake = tall(
        "Sample Name,sex,drop_out,kit,采集日期,Marker,Allele1,Allele_4,Size 1",
        "S1,男,0.2,GlobalFiler,2024/1/5,vWA,14,15,101\nS1,,,,,FGA,22,,\nS2,2,,,,vWA,14,,\n",
    );
    assert_eq!(intake.problems, []);
    let row = &intake.rows[0];
    assert_eq!(
        (row.sex, row.drop_out.map(crate::model::DropOut::get), row.kit.as_deref()),
        (Sex::Male, Some(0.2), Some("GlobalFiler"))
    );
    assert_eq!(row.collected_on, jiff::civil::Date::new(2024, 1, 5).ok());
    assert_eq!((intake.rows[1].sex, genotypes(row)), (Sex::Female, vec!["14/15".to_owned(), "22".to_owned()]));
    let differs = tall("Sample Name,sex,Marker,Allele 1", "S1,m,vWA,14\nS1,f,FGA,22\nS2,f,vWA,14\n");
    assert_eq!((places(&differs), differs.rows.len()), (vec![(3, 2, "sample-differs")], 1));
    for (header, expected) in [
        ("Sample Name,Marker,Allele 1,Marker,Allele 1", vec![(1, 4, "repeated-column"), (1, 5, "repeated-column")]),
        ("Sample Name,Marker,Allele 1,Marker.1,Allele 1.1", vec![(1, 4, "repeated-column"), (1, 5, "repeated-column")]),
        ("Sample Name,Marker,Allele 1,sex,Gender", vec![(1, 5, "repeated-column")]),
        ("Sample Name,Marker,Allele 1,sample_id,Height 1", vec![(1, 4, "repeated-column")]),
        ("Sample Name,Marker,Allele 1,FGA,Height 1", vec![(1, 4, "column")]),
        ("Sample Name,Marker,Allele 1,AMEL,Height 1", vec![(1, 4, "column")]),
    ] {
        assert_eq!(places(&tall(header, "S1,vWA,14,,\n")), expected, "{header}");
    }
    let aside = tall("Sample Name,Marker,Allele 1,colour", "S1,vWA,14,x\n");
    assert_eq!(
        (aside.problems.len(), notes(&aside)),
        (0, vec![(1, 0, "no-sex"), (1, 4, "not-read"), (2, 3, "single-allele")])
    );
}

#[test]
fn a_tall_table_may_hold_families() {
    let header = "Sample Name,family_id,relation,sex,Marker,Allele 1,Allele 2";
    let intake = read(
        Layout::Families,
        format!("{header}\nS1,F1,父亲,m,vWA,14,15\nS1,F1,父亲,m,FGA,22,23\nS2,F1,兄,m,vWA,14,15\n"),
    );
    assert_eq!(intake.problems.iter().map(|p| (p.line, p.code.word())).collect::<Vec<_>>(), [(4, "relation-unclear")]);
    assert_eq!(intake.rows[0].family.map(|family| family.1), Some(Relation::Father));
    let children = read(Layout::Children, format!("{header}\nS1,F1,父亲,m,vWA,14,15\n"));
    assert_eq!(children.problems[0].code.word(), "layout");
}

#[test]
fn rows_may_lack_or_exceed_blank_cells_at_their_end() {
    let expected = children("S1,m,14,22\nS2,m,14,\n");
    for text in [
        "sample_id,sex,vWA,FGA\nS1,m,14,22,,\nS2,m,14,,,,\n",
        "sample_id,sex,vWA,FGA,,\nS1,m,14,22,,\nS2,m,14,,,\n",
        "sep=,\nsample_id,sex,vWA,FGA\nS1,m,14,22\nS2,m,14,\n",
        "sample_id,sex,vWA,FGA\rS1,m,14,22\rS2,m,14,\r",
    ] {
        let intake = read(Layout::Children, text);
        assert_eq!((intake.problems, intake.notes.len()), (vec![], 0), "{text}");
        assert!(intake.rows.iter().zip(&expected.rows).all(|(row, other)| row.profile == other.profile), "{text}");
    }
    let short = read(Layout::Children, "sample_id,sex,vWA,FGA\nS1,m,14,22\nS2,m,14\nS3,m,15,23\n");
    assert_eq!((places(&short), notes(&short), short.rows.len()), (vec![], vec![(3, 0, "short-row")], 3));
    // A file that ends within a row may have been cut off.
    let cut = read(Layout::Children, "sample_id,sex,vWA,FGA\nS1,m,14,22\nS2,m,1");
    assert_eq!((places(&cut), cut.rows.len()), (vec![(3, 0, "cut-off")], 1));
    // One allele of two columns would be read as a homozygote.
    let half = read(Layout::Children, "sample_id,sex,FGA,vWA_1,vWA_2\nS1,m,22,14\n");
    assert_eq!(places(&half), [(2, 0, "fields")]);
    let beyond = read(Layout::Children, "sample_id,sex,vWA,\nS1,m,14,x\n");
    assert_eq!(places(&beyond), [(2, 0, "fields")]);
}

#[test]
fn lines_before_the_header_are_skipped_and_said() {
    let intake = read(
        Layout::Children,
        "Report of laboratory X\nDate:;2024\n\nsample_id;sex;vWA_1;vWA_2\nS1;m;9,3;\nS2;m;14;9,3\n",
    );
    assert_eq!(intake.problems, []);
    assert_eq!(
        intake.rows.iter().map(|row| (row.line, genotypes(row).concat())).collect::<Vec<_>>(),
        [(5, "9.3".into()), (6, "9.3/14".into())]
    );
    assert_eq!(intake.notes[0].code.word(), "preamble");
    // An existing header with two cells is not taken for a title.
    assert_eq!(places(&read(Layout::Children, "sample_id,vWA\nS1,14,15\n")), [(2, 0, "fields")]);
}

#[test]
fn spoilt_identifiers_are_refused_in_every_column() {
    let rows = "3.70102E+17,S1,father,m,14,\n3.70102E+17,S2,mother,f,14,\nF1,370102199003077000,father,m,14,\nN/A,S3,father,m,14,\nF–2,S4,father,m,14,\n";
    let intake = families(rows);
    let codes: Vec<_> = intake.problems.iter().map(|p| (p.line, p.code.word())).collect();
    let expected = [
        (2, "identifier-spreadsheet"),
        (3, "identifier-spreadsheet"),
        (4, "identifier-spreadsheet"),
        (5, "identifier-placeholder"),
        (6, "identifier-lookalike"),
    ];
    assert!(expected.iter().all(|place| codes.contains(place)), "{codes:?}");
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let request =
        Request { spreadsheet_numbers: SpreadsheetNumbers::Take, ..request(Layout::Children, &panel, &pseudonymizer) };
    let intake = read_bytes("f.csv", b"sample_id,sex,vWA\n3.70102E+17,m,14\n", &request);
    assert_eq!((intake.problems.len(), intake.rows.len()), (0, 1));
}

#[test]
fn controls_of_tidy_files_are_skipped() {
    let intake = children("Ladder,,11/12/13/14/15/16/17/18/19,\nNTC,,,\n9947A,f,17,23\nS1,m,14,22\n");
    assert_eq!((intake.problems.len(), intake.rows.len()), (0, 1));
    assert_eq!(notes(&intake), [(2, 1, "control"), (3, 1, "control"), (4, 1, "control")]);
    assert_eq!(places(&children("NTC,,,\n")), [(0, 0, "only-controls")]);
}

#[test]
fn columns_of_a_chinese_laboratory_are_read() {
    let header = "序号,家系编号,样本编号,人员姓名,样本与本人关系,性别,采样日期,试剂盒,备注,D3S1358,vWA";
    let intake =
        read(Layout::Families, format!("{header}\n1,F1,S1,张三,1,男性,2024年1月5日,GlobalFiler,x,１５／１６,未检出\n"));
    assert_eq!(intake.problems, []);
    let codes: Vec<_> = intake.notes.iter().map(|note| note.code.word()).collect();
    for code in ["not-kept", "not-read", "relation-number", "no-result"] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    assert!(!format!("{:?}", intake.notes).contains("张三"));
    assert_eq!(intake.rows[0].family.map(|family| family.1), Some(Relation::Father));
}

#[test]
fn dye_channels_after_loci_are_no_alleles() {
    let intake = read(Layout::Children, "Sample\tAMEL-1\tvWA-1\tFGA-2\nS1\tX, Y\t15, 16\t22\n");
    assert_eq!(intake.problems, []);
    assert_eq!(
        (genotypes(&intake.rows[0]), intake.rows[0].sex),
        (vec!["15/16".to_owned(), "22".to_owned()], Sex::Male)
    );
    assert!(notes(&intake).contains(&(1, 0, "dye-channel")));
    assert_eq!(places(&read(Layout::Children, "sample_id,sex,vWA-1,FGA-1\nS1,m,14,22\n")).len(), 2);
}

#[test]
fn well_formed_loci_are_kept_and_not_corrected() {
    let intake = read(Layout::Children, "sample_id,sex,vWA,D5S2801,Penta C\nS1,m,14,15,9/10\n");
    assert_eq!(intake.problems, []);
    assert_eq!(intake.loci.iter().map(Locus::name).collect::<Vec<_>>(), ["vWA", "D5S2801", "Penta_C"]);
    // A locus in no known kit may be misspelled, so this is a warning.
    let said: Vec<_> = intake.notes.iter().map(|note| (note.place().1, note.code.word(), note.severity)).collect();
    assert!(said.contains(&(4, "unlisted-locus", Severity::Warning)), "{said:?}");
    assert!(said.contains(&(5, "not-in-panel", Severity::Note)), "{said:?}");
}
