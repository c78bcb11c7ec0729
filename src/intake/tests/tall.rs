//! Tests tables with a row per sample and locus, and case lists.

use std::collections::HashSet;

use super::forms::{genotypes, notes};
use super::*;

const HEADER: &str = "Sample Name\tMarker\tAllele 1\tAllele 2\tAllele 3\n";

fn tall(rows: &str) -> Intake {
    read(Layout::Children, format!("{HEADER}{rows}"))
}

fn list(layout: Layout, text: &str) -> Result<CaseList, Vec<Problem>> {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    CaseList::read("cases.csv", text.as_bytes(), &request(layout, &panel, &pseudonymizer))
}

fn with_list(layout: Layout, list: &CaseList, text: &str) -> Intake {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let request = Request { cases: Some(list), ..request(layout, &panel, &pseudonymizer) };
    read_bytes("f.txt", text.as_bytes(), &request)
}

fn line_and_code(problems: &[Problem]) -> Vec<(u64, &'static str)> {
    problems.iter().map(|problem| (problem.line, problem.code.word())).collect()
}

#[test]
fn rows_of_a_sample_are_one_row() {
    let text = "Dye,Marker,Allele 2,Sample Name,Allele 1,Height 1\r\n\
                B,vWA,15,S1,14,900\r\nB,FGA,,S2,22,800\r\nG,FGA,24,S1,23.2,1\r\nG,AMEL,Y,S1,X,1\r\nG,vwa31,14,S2,14,1\r\n\
                G,AMEL,,S2,X,1\r\nG,DYS391,,S1,10,1\r\n";
    let intake = read(Layout::Children, text);
    assert_eq!(intake.format, Format::GeneMapper);
    assert_eq!(intake.problems, []);
    assert_eq!(intake.loci.iter().map(Locus::name).collect::<Vec<_>>(), ["vWA", "FGA"]);
    let rows: Vec<_> = intake.rows.iter().map(|row| (row.line, row.sex, genotypes(row))).collect();
    let typed = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
    assert_eq!(rows, [(2, Sex::Male, typed(["14/15", "23.2/24"])), (3, Sex::Female, typed(["14", "22"]))]);
    assert_eq!(intake.rows[0].sample, pseudonymizer().sample(None, "S1").unwrap());
    let codes: Vec<_> = intake.notes.iter().map(|note| (note.line, note.code.word())).collect();
    assert_eq!(codes, [(1, "no-sex"), (3, "single-allele"), (6, "alias"), (8, "elsewhere")]);
}

#[test]
fn a_table_of_controls_alone_is_refused() {
    let intake = tall("Ladder\tvWA\t11\t12\t13\nNC\tvWA\t\t\t\n");
    assert_eq!(line_and_code(&intake.problems), [(0, "only-controls")]);
    assert!(intake.rows.is_empty());
}

#[test]
fn every_bad_row_is_named_and_spoils_its_sample() {
    let intake = tall(
        "S1\tvWA\t14\t15\t\nS1\tFGA\tx\t22\t\nS2\tvWA\t14\t15\t\nS2\tFGA\t22\ty\t\nS3\tvWA\t\t15\t\nS4\tvWB\t14\t15\t\n\
         S5\tvWA\t14\nS5\tFGA\t22\t23\t\n\tvWA\t14\t15\t\nS6\tvWA\t14\t15\t16\nS6\tFGA\t22\t\t\nS7\tAMEL\tX\tZ\t\n\
         S8\tvWA\t14\t15\t\nS8\tvWA\t15\t14\t\nS8\tvWA\t14\t16\t\nS9\tvWA\t14\tx\t16\nSa\tvWA\t14\t15\t\n",
    );
    assert_eq!(
        places(&intake),
        [
            (3, 3, "allele"),
            (5, 4, "allele"),
            (6, 4, "no-first-allele"),
            (7, 2, "locus"),
            (8, 0, "fields"),
            (10, 1, "identifier"),
            (13, 4, "amelogenin"),
            (16, 2, "repeated-locus"),
            (17, 4, "allele"),
        ]
    );
    assert_eq!(intake.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [11, 18]);
    assert_eq!((genotypes(&intake.rows[0]), intake.rows[0].many.len()), (vec![String::new(), "22".to_owned()], 1));
}

#[test]
fn results_that_are_none_are_noted_where_they_stand() {
    let intake = tall(
        "S1\tvWA\tOL\t15\t\nS1\tFGA\t22\t23\t\nS2\tvWA\t14\t?\t\nS2\tFGA\t22\t23\t\nS3\tvWA\t-\t-\t\nS3\tFGA\t22\t22\t\n\
         S4\tvWA\t14\t15\tOL\nS4\tFGA\t22\t23\t\nS5\tvWA\t\t\t\nS5\tFGA\t22\t23\t\n",
    );
    assert_eq!(intake.problems, []);
    assert_eq!(notes(&intake).len(), 5);
    let codes: Vec<_> = intake.notes.iter().map(|note| (note.line, note.code.word())).collect();
    assert_eq!(codes, [(1, "no-sex"), (2, "off-ladder"), (4, "half-typed"), (6, "no-result"), (8, "off-ladder")]);
    assert!(intake.rows.iter().all(|row| row.profile.typed_loci() == 1));
    assert_eq!(intake.rows.len(), 5);
}

#[test]
fn controls_are_skipped_unless_a_case_list_has_them() {
    let rows =
        "Ladder\tvWA\t11\t12\t13\nLadder\tFGA\t11\t12\t13\nNC\tvWA\t\t\t\n9948\tvWA\t17\t17\t\nS1\tvWA\t14\t15\t\n";
    let intake = tall(rows);
    assert_eq!(intake.problems, []);
    assert_eq!(intake.rows.len(), 1);
    let codes: Vec<_> = intake.notes.iter().map(|note| (note.line, note.code.word())).collect();
    assert_eq!(codes, [(1, "no-sex"), (2, "control"), (4, "control"), (5, "control")]);
    let list = list(Layout::Children, "sample_id,sex\n9948,m\nS1,f\n").unwrap();
    let intake = with_list(Layout::Children, &list, &format!("{HEADER}{rows}"));
    assert_eq!(intake.problems, []);
    assert_eq!(intake.rows.iter().map(|row| row.sex).collect::<Vec<_>>(), [Sex::Male, Sex::Female]);
    let typed = "Sample Name,Sample Type,Marker,Allele 1,Allele 2\nx,Positive Control,vWA,14,15\nS1,Sample,vWA,14,15\n";
    assert_eq!(read(Layout::Children, typed).rows.len(), 1);
}

#[test]
fn one_allele_may_be_left_untyped() {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let request = Request { single_allele: SingleAllele::Untyped, ..request(Layout::Children, &panel, &pseudonymizer) };
    let text = format!("{HEADER}S1\tvWA\t14\t\t\nS1\tFGA\t22\t22\t\nS1\tAMEL\tX\t\t\n");
    let intake = read_bytes("f.txt", text.as_bytes(), &request);
    assert_eq!(intake.problems, []);
    assert_eq!((genotypes(&intake.rows[0]), intake.rows[0].sex), (vec![String::new(), "22".to_owned()], Sex::Unknown));
    assert_eq!(intake.notes.iter().filter(|note| note.code.word() == "single-allele").count(), 1);
}

#[test]
fn a_case_list_says_who_the_samples_are() {
    let list = list(
        Layout::Families,
        "family_id,sample_id,relation,sex,agency,kit,name\nF1,S1,father,男,3701,AGCU EX22,x\nF1,S2,mother,f,3701,,y\n\
         F2,S1,paternal-uncle,m,3701,AGCU EX22,z\nF3,S9,father,,3701,,\n",
    )
    .unwrap();
    assert_eq!(line_and_code(list.notes()), [(1, "not-read")]);
    let text = format!("{HEADER}S2\tvWA\t14\t15\t\nS1\tvWA\t14\t16\t\nS1\tAMEL\tX\tY\t\n");
    let intake = with_list(Layout::Families, &list, &text);
    assert_eq!(intake.problems, []);
    let p = pseudonymizer();
    let family = |name| p.family(Some("3701"), name).unwrap();
    let sample = |name| p.sample(Some("3701"), name).unwrap();
    let rows: Vec<_> = intake.rows.iter().map(|row| (row.line, row.sample, row.family.unwrap(), row.sex)).collect();
    assert_eq!(
        rows,
        [
            (2, sample("S2"), (family("F1"), Relation::Mother), Sex::Female),
            (3, sample("S1"), (family("F1"), Relation::Father), Sex::Male),
            (3, sample("S1"), (family("F2"), Relation::PaternalUncle), Sex::Male),
        ]
    );
    assert_eq!(intake.rows[1].kit.as_deref(), Some("AGCU EX22"));
    let read: HashSet<_> = intake.rows.iter().map(|row| row.sample).collect();
    let without = list.without_genotypes(&read);
    assert_eq!(line_and_code(&without), [(5, "no-genotypes")]);
    assert_eq!(&*without[0].file, "cases.csv");
    // Also with tidy files.
    let tidy = with_list(Layout::Families, &list, "sample_id,vWA\nS2,14/15\nS1,14/16\n");
    assert_eq!(tidy.problems, []);
    assert_eq!(tidy.rows, intake.rows);
}

#[test]
fn samples_and_lists_that_do_not_fit_are_named() {
    let children = list(Layout::Children, "sample_id,sex\nS1,m\n").unwrap();
    let intake = with_list(Layout::Children, &children, &format!("{HEADER}S1\tvWA\t14\t15\t\nS2\tvWA\t14\t15\t\n"));
    assert_eq!(places(&intake), [(3, 0, "no-case")]);
    assert_eq!(intake.rows.len(), 1);
    let intake = with_list(Layout::Children, &children, "sample_id,vWA\nS1,14\nS2,14\n ,15\n");
    assert_eq!(places(&intake), [(3, 1, "no-case"), (4, 1, "identifier")]);
    // Values in both may conflict.
    let intake = with_list(Layout::Children, &children, "sample_id,sex,vWA\nS1,f,14\n");
    assert_eq!(places(&intake), [(1, 2, "repeated-column")]);
    // Families require a case list.
    let intake = read(Layout::Families, format!("{HEADER}S1\tvWA\t14\t15\t\n"));
    assert_eq!(places(&intake), [(1, 0, "layout")]);
    assert!(intake.problems[0].what.contains("--cases"), "{}", intake.problems[0]);
}

#[test]
fn a_case_list_is_checked_as_files_are() {
    let header = "sample_id,family_id,relation,sex\n";
    let of = |rows: &str| list(Layout::Families, &format!("{header}{rows}")).map(|_| ()).unwrap_err();
    assert_eq!(
        line_and_code(&of("S1,F1,brother,m\nS2,F1,father,f\nS3,F1\n,F1,mother,f\n")),
        [(2, "relation-unclear"), (3, "sex-contradiction"), (4, "fields"), (5, "identifier"),]
    );
    assert_eq!(line_and_code(&of("S1,F1,father,m\nS2,F1,father,m\n")), [(3, "second-father")]);
    assert_eq!(line_and_code(&of("S1,F1,father,m\nS1,F1,father,m\n")), [(3, "repeated-sample")]);
    assert_eq!(line_and_code(&of("S1,F1,father,m\nS1,F2,full-sibling,\n")), [(3, "sample-differs")]);
    assert_eq!(line_and_code(&of("")), [(0, "no-rows")]);
    let problems = of("S1,F1,brother,m\n");
    assert!(problems[0].to_string().starts_with("cases.csv:2: column C (relation): "), "{}", problems[0]);
    for (layout, text, code) in [
        (Layout::Families, "sample_id,family_id,sex\nS1,F1,m\n", "missing-column"),
        (Layout::Children, "sex\nm\n", "missing-column"),
        (Layout::Children, "", "empty"),
        (Layout::Children, "sample_id,sex\nS1,m\nS1,m\n", "repeated-sample"),
        (Layout::Children, "sample_id,agency\nS1,A\nS1,B\n", "sample-two-agencies"),
    ] {
        assert_eq!(list(layout, text).map(|_| ()).unwrap_err()[0].code.word(), code, "{text}");
    }
}

#[test]
fn nothing_of_a_cell_is_repeated() {
    let secrets = ["ZHANG-SAN", "110101199003070011"];
    let [name, number] = secrets;
    let text = format!(
        "{HEADER}{number}\t{name}\t{name}\t{number}\t\n{name}\tvWA\t{number}\t\t\n{number}\tAMEL\t{name}\t\t\n{name}\tFGA\n"
    );
    let intake = tall(&text[HEADER.len()..]);
    let said = format!("{:?} {:?}", intake.problems, intake.notes);
    assert!(intake.problems.len() >= 4);
    assert!(secrets.iter().all(|secret| !said.contains(secret)), "{said}");
    let list = list(Layout::Children, &format!("sample_id,sex,{name}\n{number},{name},x\n{number},m,x\n"));
    let said = format!("{:?}", list.map(|_| ()).unwrap_err());
    assert!(secrets.iter().all(|secret| !said.contains(secret)), "{said}");
}

#[test]
fn a_column_of_whole_genotypes_is_read() {
    for (name, a, b, sex) in
        [("Genotype", "14,15", "22", "X,Y"), ("Alleles", "14/15", "22/22", "XY"), ("基因型", "14 15", "22", "X/Y")]
    {
        let text = format!("Sample,Marker,{name}\nS1,vWA,\"{a}\"\nS1,FGA,{b}\nS1,AMEL,\"{sex}\"\n");
        let intake = read(Layout::Children, text);
        assert_eq!(intake.problems, [], "{name}");
        assert_eq!(
            (genotypes(&intake.rows[0]), intake.rows[0].sex),
            (vec!["14/15".to_owned(), "22".to_owned()], Sex::Male)
        );
    }
    let intake = read(Layout::Children, "Sample,Marker,Genotype\nS1,vWA,14/15/16\nS1,FGA,22\nS1,AMEL,Q\nS2,vWA,9/3\n");
    assert_eq!(line_and_code(&intake.problems), [(4, "amelogenin"), (5, "allele-or-pair")]);
    let intake = read(Layout::Children, "Sample,Marker,Genotype\nS1,vWA,14/15/16\nS1,FGA,22\n");
    assert_eq!((intake.problems.len(), intake.rows[0].many.len()), (0, 1));
}

#[test]
fn a_row_for_each_allele_and_columns_without_alleles_are_named() {
    let intake = read(Layout::Children, "Sample,Marker,Allele\nS1,vWA,14\nS1,vWA,15\n");
    assert_eq!(line_and_code(&intake.problems), [(3, "repeated-locus")]);
    assert!(intake.problems[0].what.contains("into one row"), "{}", intake.problems[0]);
    let intake = read(Layout::Children, "Sample,Marker,A1,A2\nS1,vWA,14,15\n");
    assert_eq!(line_and_code(&intake.problems), [(1, "format")]);
    assert!(intake.problems[0].what.contains("Allele 1"), "{}", intake.problems[0]);
}

#[test]
fn other_columns_are_shown_and_nearly_known_ones_refused() {
    let intake = read(Layout::Children, "Sample,Marker,Allele 1,Allele 2,Colour\nS1,vWA,14,15,red\n");
    let note = intake.notes.iter().find(|note| note.code.word() == "not-read").unwrap();
    assert_eq!(note.column.as_ref().map(|column| &*column.name), Some("Colour"));
    for name in ["drop_outs", "relations", "agencies"] {
        let intake = read(Layout::Children, format!("Sample,Marker,Allele 1,Allele 2,{name}\nS1,vWA,14,15,x\n"));
        assert_eq!(line_and_code(&intake.problems), [(1, "locus")], "{name}");
    }
}
