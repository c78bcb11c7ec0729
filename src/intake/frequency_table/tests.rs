//! Tests tables of each form; all are invented.

use super::{PublishedTable, TableForm, TableRequest, read_frequency_table};
use crate::intake::Problem;
use crate::model::FindingCode;

fn read(text: impl AsRef<[u8]>) -> Result<PublishedTable, Vec<Problem>> {
    read_frequency_table("t.csv", text.as_ref(), &TableRequest::default())
}

fn sound(text: impl AsRef<[u8]>) -> PublishedTable {
    read(text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Returns the lines and code words of problems.
fn refused(text: impl AsRef<[u8]>) -> Vec<(u64, &'static str)> {
    read(text).unwrap_err().iter().map(|problem| (problem.line, problem.code.word())).collect()
}

fn notes(read: &PublishedTable) -> Vec<&'static str> {
    read.notes.iter().map(|note| note.code.word()).collect()
}

/// Checks the contents that the small table has in every form.
fn is_small(read: &PublishedTable, form: TableForm) {
    let expected = "locus,allele,frequency,individuals\nD3S1358,15,0.6,100\nD3S1358,16,0.4,100\nTH01,6,0.3,100\nTH01,9.3,0.7,100\n";
    assert_eq!((read.table.to_csv().as_str(), read.form), (expected, form));
}

/// Reads the second of two populations, above or below two loci.
fn of_hui(text: &str) -> Result<PublishedTable, Vec<Problem>> {
    let request = TableRequest { population: Some("Hui"), ..TableRequest::default() };
    read_frequency_table("t.csv", text.as_bytes(), &request)
}

#[test]
fn headers_over_columns_name_each_of_them_or_are_refused() {
    let hui = of_hui(",TH01,,vWA,\nAllele,Han,Hui,Han,Hui\n6,0.3,0.2,,\n9.3,0.7,0.8,,\n14,,,1,1\nN,9,8,9,7\n").unwrap();
    assert_eq!(hui.table.to_csv(), "locus,allele,frequency,individuals\nTH01,6,0.2,8\nTH01,9.3,0.8,8\nvWA,14,1,7\n");
    assert_eq!((hui.population.as_deref(), notes(&hui)), (Some("Hui"), Vec::new()));
    // A locus that other populations have but this one does not.
    let none = of_hui(",TH01,,vWA\nAllele,Han,Hui,Han\n6,1,1,\n14,,,1\n").unwrap();
    assert_eq!((none.table.panel().len(), notes(&none)), (1, vec!["empty-locus"]));
    for (text, found) in [
        // The name of the locus is above the second of its columns, as centred text is.
        (",,TH01,,,vWA,\nAllele,Han,Hui,Miao,Han,Hui,Miao\n6,1,1,1,,,\n14,,,,1,1,1\n", vec![(2, "table-column")]),
        // A further column that no header names, and a missing header.
        (",TH01,,vWA,\nAllele,Han,Hui,Han,\n6,1,1,,\n14,,,1,1\n", vec![(2, "table-column")]),
        ("Allele,TH01,,vWA\n6,1,1,\n14,,,1\n", vec![(1, "table-column")]),
        // The same population occurs twice for a locus.
        (",TH01,,vWA,\nAllele,Hui,Hui,Han,Hui\n6,1,1,,\n14,,,1,1\n", vec![(2, "repeated-column")]),
        // A misspelled locus is not a population.
        (",TH01,,D21Sl1,\nAllele,Han,Hui,Han,Hui\n6,1,1,,\n29,,,1,1\n", vec![(1, "table-locus")]),
        (",Han,,Hui,\nAllele,TH01,D21Sl1,TH01,D21Sl1\n6,1,,1,\n29,,1,,1\n", vec![(1, "table-locus")]),
        // Unknown rows are a problem; their meaning is not guessed.
        (",TH01,,vWA,\nAllele,Han,Hui,Han,Hui\n6,1,1,,\n14,,,1,1\nmode,6,6,14,14\n", vec![(5, "table-label"); 2]),
        ("Allele,TH01,vWA\nrepeat,TCAT,TCTA\n6,1,\n14,,1\n", vec![(2, "table-label")]),
        ("x,y\nAllele,vWA\n14,1\n", vec![(1, "header")]),
    ] {
        let read = of_hui(text).or_else(|problems| match problems[0].code {
            FindingCode::NoPopulations => read(text),
            _ => Err(problems),
        });
        let found_now: Vec<_> = read.map_or_else(
            |problems| problems.iter().map(|problem| (problem.line, problem.code.word())).collect(),
            |read| panic!("{text}: {}", read.table.to_csv()),
        );
        assert_eq!(found_now, found, "{text}");
    }
}

#[test]
fn numbers_beside_frequencies_are_counts_or_persons_as_their_rows_say() {
    let read = |text: &str| sound(text).table.to_csv();
    let expected = "locus,allele,frequency,individuals\nTH01,6,0.25,40\nTH01,7,0.75,40\n";
    // An equal number in each row is that of the persons.
    assert_eq!(read("TH01,,\nAllele,Freq,N\n6,0.25,40\n7,0.75,40\n"), expected);
    assert_eq!(read("TH01,,\nAllele,n,Freq\n6,20,0.25\n7,60,0.75\n"), expected);
    assert_eq!(read("TH01,,\nAllele,Freq,2N\n6,0.25,80\n7,0.75,80\n"), expected);
    assert_eq!(read("TH01,,,\nAllele,Freq,SE,p\n6,0.25,0.01,0.2\n7,0.75,0.01,0.2\nN,40\n"), expected);
    // Only counts.
    assert_eq!(read("TH01,\nAllele,Count\n6,20\n7,60\n"), expected);
    assert_eq!(refused("TH01,,vWA,\nAllele,Count,Allele,Freq\n6,20,14,1\n7,60\n"), [(1, "frequency-units")]);
    // Two different numbers.
    assert_eq!(read("TH01 (n=40),\nAllele,Freq\n6,0.25\n7,0.75\n"), expected);
    assert_eq!(refused("TH01 (n=30),\nAllele,Freq\n6,1\nN,31\n"), [(4, "sample-sizes")]);
    assert_eq!(refused(",TH01,vWA\nAllele,Han (n=30),Han (n=30)\n6,1,\n14,,1\nN,30,31\n"), [(5, "sample-sizes")]);
}

#[test]
fn alleles_of_each_locus_stand_on_the_left_of_their_frequencies() {
    let read = |text: &str| sound(text).table.to_csv();
    let expected = "locus,allele,frequency,individuals\nTH01,6,0.3,\nTH01,9.3,0.7,\nvWA,14,1,\n";
    assert_eq!(read("TH01,,vWA\n6,0.3,14,1\n9.3,0.7\n"), expected);
    assert_eq!(read("TH01,,vWA,\nAllele,Freq,Allele,Freq\n6,0.3,14,1\n9.3,0.7,,\nSum,1,Sum,1\n"), expected);
    // The column of alleles is repeated after a page break.
    assert_eq!(read("Allele,TH01,Allele,vWA\n6,0.3,6,\n9.3,0.7,9.3,\n14,,14,1\n"), expected);
    assert_eq!(read(",TH01,,vWA\nAllele,Freq,Allele,Freq\n6,0.3,6,\n9.3,0.7,9.3,\n14,,14,1\n"), expected);
    for (text, found) in [
        ("TH01,,vWA,\nFreq,Allele,Freq,Allele\n0.3,6,1,14\n0.7,9.3,,\n", (2, "table-column")),
        ("TH01,,vWA,\nAllele,Freq,Freq,Freq\n6,0.3,0.5,1\n9.3,0.7,0.5,\n", (2, "repeated-column")),
        ("TH01,,vWA\n6,0.3,0.5,1\n9.3,0.7,0.5,\n", (1, "table-column")),
        ("TH01,,vWA\n6,0.3,14,1\n9.3,0.6,,0.1\n", (3, "table-label")),
    ] {
        assert!(refused(text).contains(&found), "{text}: {:?}", refused(text));
    }
}

#[test]
fn lists_of_linkage_programs_name_their_alleles_or_are_refused() {
    for (text, found) in [
        ("M vWA\nF 0.4 0.6\n", vec![(2, "table-label")]),
        ("M vWA\nA 1 0.4\nA 2 0.6\n", vec![(0, "table-label")]),
        ("M vWA\nA 14 0.4\nA 15\nB 16 0.6\n", vec![(3, "ladder-line"), (4, "ladder-line")]),
        ("vWA AUTOSOME 2 0\n14 0.4\n15 0.6\n16 0.1\n", vec![(4, "ladder-line")]),
        ("vWA AUTOSOME 3 0\n14 0.4\n15 0.6\nTH01 AUTOSOME 1 0\n6 1\n", vec![(1, "ladder-line")]),
        ("vWA AUTOSOME 2 1\n14 0.4\n15 0.6\nx 1\n14/15\n", vec![(1, "ladder-line")]),
        ("vWA AUTOSOME 2 0\n1 0.4\n2 0.6\n", vec![(0, "table-label")]),
        ("vWA AUTOSOME 2 0\n14 0.4\nx 0.6\n", vec![(3, "table-label")]),
        ("vWA\t14=0.4\t15=0.6\nFGA\t20=0.5\t0.5\nTH01\n", vec![(2, "ladder-line"), (3, "ladder-line")]),
        ("vWA\t14=0.4\t15=0.6\nVWA\t14=1\n", vec![(2, "two-names")]),
        ("2\nvWA,2\n1,14,0.4\n2,15,0.6\n", vec![(1, "ladder-line")]),
        ("1\nvWA,3\n1,14,0.4\n2,15,0.6\n", vec![(2, "ladder-line")]),
        ("1\nvWA,1\n1,14,0.4\n2,15,0.6\n", vec![(4, "ladder-line")]),
        ("1\nvWA,2\n1,14,0.4\n3,15,0.6\n", vec![(2, "ladder-line")]),
        ("1\nvWA,2\n1,1,0.4\n2,2,0.6\n", vec![(0, "table-label")]),
        ("M vWA\nA 14 1\nM VWA\nA 15 1\n", vec![(3, "two-names")]),
    ] {
        assert_eq!(refused(text), found, "{text}");
    }
}

#[test]
fn xml_of_strider_is_read_by_origin_or_refused() {
    let han = TableRequest { population: Some("Han"), ..TableRequest::default() };
    let read_xml = |text: &str| read_frequency_table("t.xml", text.as_bytes(), &han);
    let sound = read_xml(STRIDER).unwrap();
    assert_eq!(notes(&sound), ["statistic", "empty-locus"]);
    let problems = read(STRIDER).unwrap_err();
    assert_eq!((problems[0].code, problems.len()), (FindingCode::Population, 1));
    assert!(problems[0].what.ends_with("choose one of Han, Hui"));
    let hui = of_hui(STRIDER).unwrap();
    assert_eq!(hui.table.to_csv(), "locus,allele,frequency,individuals\nD3S1358,15,1,50\nTH01,6,1,50\nvWA,14,1,50\n");
    for (from, to, found) in [
        ("allele=\"9.3\"", "allele=\"x\"", (16, "table-label")),
        ("<frequency allele=\"9.3\">0.7", "<frequency allele=\"9.3\">", (16, "frequency-value")),
        ("<frequency allele=\"9.3\">0.7</frequency>", "", (10, "sum")),
        ("allele=\"9.3\"", "", (16, "attribute")),
        ("n=\"100\">\n", "n=\"many\">\n", (14, "sample-size")),
        ("</frequencies>\n", "", (24, "truncated")),
        ("<frequencies>", "<!DOCTYPE x>\n<frequencies>", (2, "doctype")),
        ("frequencies>", "table>", (2, "table-form")),
        ("</marker>", "</mark>", (9, "xml")),
        (
            "origin name=\"Hui\" n=\"50\"><frequency allele=\"6\"",
            "origin name=\"Han\"><frequency allele=\"6\"",
            (14, "repeated-element"),
        ),
    ] {
        let text = STRIDER.replace(from, to);
        assert_ne!(text, STRIDER);
        let problems = read_xml(&text).unwrap_err();
        let found_now: Vec<_> = problems.iter().map(|problem| (problem.line, problem.code.word())).collect();
        assert!(found_now.contains(&found), "{from}: {found_now:?}");
    }
}

#[test]
fn loci_named_by_lengths_are_left_out_and_lengths_elsewhere_refused() {
    let ladder = sound("vWA\n14\t0.4\n15\t0.6\n\nD17S906\n96\t0.2\n330\t0.3\n341.5\t0.5\n");
    assert_eq!((ladder.table.panel().len(), notes(&ladder)), (1, vec!["new-locus", "base-pairs"]));
    // The name of a locus that is left out may be unknown.
    let unknown = sound("APO\n256\t0.4\n263\t0.6\n\nvWA\n14\t1\n");
    assert_eq!((unknown.table.panel().len(), notes(&unknown)), (1, vec!["base-pairs"]));
    assert_eq!(refused("APO\n6\t0.4\n263\t0.6\n\nvWA\n14\t1\n"), [(1, "table-locus")]);
    let wide = sound("Allele,vWA,D17S906\n14,0.4,\n15,0.6,\n330,,1\n");
    assert_eq!((wide.table.panel().len(), notes(&wide)), (1, vec!["new-locus", "base-pairs"]));
    assert_eq!(refused("Allele,vWA\n14,0.4\n150,0.6\n"), [(3, "table-label")]);
    assert_eq!(refused("Allele,vWA\n2021,0.4\n15,0.6\n"), [(2, "table-label")]);
    // An unknown label with nothing beside it.
    let rest = sound("Marker\tAllele\tBP\tEA1\nTH01\t6\t170\t3\nTH01\t7\t174\t1\nTH01\t-100\tNA\t0\nTH01\tR\tNA\t0\n");
    assert_eq!(rest.table.to_csv(), "locus,allele,frequency,individuals\nTH01,6,0.75,2\nTH01,7,0.25,2\n");
    assert_eq!(notes(&rest), ["statistic", "text-row", "allele-class"]);
    assert_eq!(refused("Marker,Allele,EA1\nTH01,6,3\nTH01,-100,1\n"), [(3, "table-label")]);
    // A locus named only in the file name, and one whose name denotes two markers.
    let problems = read("Allele,Han,Hui\n14,3,1\n15,1,3\n").unwrap_err();
    assert!(problems[0].what.starts_with("beside the column of alleles there is no known locus"), "{}", problems[0]);
    assert_eq!(notes(&sound("Allele,D5S2500\n14,1\n")), ["ambiguous-locus"]);
    // The alleles of one person are not frequencies.
    assert!(read("Marker,Allele 1,Allele 2\nvWA,14,15\nFGA,20,22\n").is_err());
}

const STRIDER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<frequencies>
  <created>today</created>
  <marker>
    <name>D3S1358</name>
    <alleles>15, 16</alleles>
    <origin name="Han" n="100"><frequency allele="15">0.6</frequency><frequency allele="16">0.4</frequency></origin>
    <origin name="Hui" n="50"><frequency allele="15">1</frequency></origin>
  </marker>
  <marker>
    <name>TH01</name>
    <alleles>6, 9.3</alleles>
    <origin name="Hui" n="50"><frequency allele="6">1</frequency></origin>
    <origin name="Han" n="100">
      <frequency allele="6">0.3</frequency>
      <frequency allele="9.3">0.7</frequency>
    </origin>
  </marker>
  <marker>
    <name>vWA</name>
    <alleles>14</alleles>
    <origin name="Hui" n="50"><frequency allele="14">1</frequency></origin>
  </marker>
</frequencies>
"#;

#[test]
fn a_table_says_the_same_in_every_form() {
    for (text, form) in [
        (
            "locus,allele,frequency,individuals\nD3S1358,15,0.6,100\nD3S1358,16,0.4,100\nTH01,6,0.3,100\nTH01,9.3,0.7,100\n",
            TableForm::Tidy,
        ),
        (
            "\u{feff}Marker;Allele;2N;Freq\r\nD3S1358;15;200;0,6\r\nD3S1358;16;200;0,4\r\nTHO1;6;200;0,3\r\nTHO1;9,3;200;0,7\r\n",
            TableForm::Tidy,
        ),
        (
            "基因座\t等位基因\t频率\t样本量\nD3S1358\t15\t60%\t100\n\t16\t40%\t100\nTH01\t6\t30%\t100\n\t9.3\t70%\t100\n",
            TableForm::Tidy,
        ),
        (
            "locus,allele,frequency,N\nD3S1358\n,15,0.6,100\n,16,0.4,100\nTH01\n,6,0.3,100\n,9.3,0.7,100\n",
            TableForm::Tidy,
        ),
        ("Marcador,Alelo,Conteo\nD3S1358,15,120\nD3S1358,16,80\nTH01,6,60\nTH01,9.3,140\n", TableForm::Tidy),
        (
            "Marcador,Individuos,Total Muestras,Alelo,n,freq\nD3S1358,100,9,15,120,0.6\nD3S1358,100,9,16,80,0.4\nTH01,100,9,6,1,0.3\nTH01,100,9,9.3,2,0.7\n",
            TableForm::Tidy,
        ),
        (
            "locus,allele,n,freq\nD3S1358,15,120,0.6\nD3S1358,16,80,0.4\nTH01,6,60,0.3\nTH01,9.3,140,0.7\n",
            TableForm::Tidy,
        ),
        (
            "locus,allele,n,freq\nD3S1358,15,100,0.6\nD3S1358,16,100,0.4\nTH01,6,100,0.3\nTH01,9.3,100,0.7\n",
            TableForm::Tidy,
        ),
        (
            "\"locus\" \"allele\" \"frequency\" \"N\"\n\"1\" \"D3S1358\" 15 0.6 100\n\"2\" \"D3S1358\" 16 0.4 100\n\"3\" \"TH01\" 6 0.3 100\n\"4\" \"TH01\" 9.3 0.7 100\n",
            TableForm::Tidy,
        ),
        (
            "Locus,Allele,Han,Hui\nD3S1358,15,0.6,0.5\nD3S1358,16,0.4,0.5\nD3S1358,N,100,50\nTH01,6,0.3,1\nTH01,9.3,0.7,\nTH01,N,100,50\n",
            TableForm::PopulationColumns,
        ),
        ("Allele,D3S1358,TH01\n6,,0.3\n9.3,,0.7\n15,0.6,\n16,0.4,\nN,100,100\n", TableForm::Wide),
        (
            "Table 1. Frequencies, invented\n\nAllele;D3S1358;THO1;AMEL\n6;-;0,3\n9,3;-;0,7\n15;0,6;-\n16;0,4;-\n2n;200;200\nHo;0,7;0,8\np-value;0,1;0,2\nTotal;1;1\na invented\n",
            TableForm::Wide,
        ),
        ("Allele/Locus\tD3S1358\tTH01\n6\t\t30.0\n9.3\t\t70.0\n15\t60.0\t\n16\t40.0\t\nN\t100\t100\n", TableForm::Wide),
        ("Allele,D3S1358,TH01\n6,,60\n9.3,,140\n15,120,\n16,80,\n", TableForm::Wide),
        (
            "\"D3S1358\" \"TH01\"\n\"6\" NA 0.3\n\"9.3\" NA 0.7\n\"15\" 0.6 NA\n\"16\" 0.4 NA\n\"N\" 100 100\n",
            TableForm::Wide,
        ),
        (
            "Database\tN\tAllele\tAMEL\tD3S1358\tTH01\nHan\t100\tX\t0.5\nHan\t100\t6\t\t\t0.3\nHan\t100\t9.3\t\t\t0.7\nHan\t100\t15\t\t0.6\nHan\t100\t16\t\t0.4\n",
            TableForm::Wide,
        ),
        (
            "Locus,6,9.3,15,16,N,He\nD3S1358,,,0.6,0.4,100,0.5\nTH01,0.3,0.7,,,100,0.5\nAMEL,0.5,0.5\n",
            TableForm::Transposed,
        ),
        ("D3S1358\n15\t0.6\n16\t0.4\nN\t100\n\nTH01\n6\t0.3\n9.3\t0.7\nN\t100\n", TableForm::Ladder),
        (
            "Population;N;STR;freq_6;freq_9.3;freq_15;freq_16;Ho\nHan;100;D3S1358;;;0.6;0.4;1\nHan;100;TH01;0.3;0.7;;;1\n",
            TableForm::Transposed,
        ),
        (
            "Locus,Allele,Han (n=100),Hui\nD3S1358,15,0.6,0.5\nD3S1358,16,0.4,0.5\nTH01,6,0.3,1\nTH01,9.3,0.7,\n",
            TableForm::PopulationColumns,
        ),
        // Loci above populations, and the reverse; merged cells leave blanks behind them.
        (
            ",D3S1358,,TH01,\nAllele,Han,Hui,Han,Hui\n6,,,0.3,1\n9.3,,,0.7,\n15,0.6,0.5,,\n16,0.4,0.5,,\nN,100,50,100,50\n",
            TableForm::Headers,
        ),
        (
            "Allele;D3S1358;;THO1;\n;Han (n=100);Hui (n = 50);Han (n=100);Hui (n=50)\n6;;;0,3;1\n9,3;;;0,7;\n15;0,6;0,5;;\n16;0,4;0,5;;\n",
            TableForm::Headers,
        ),
        (
            ",D3S1358,D3S1358,TH01,TH01\nAllele,Han,Hui,Han,Hui\n6,,,30,100\n9.3,,,70,\n15,60,50,,\n16,40,50,,\nN,100,50,100,50\n",
            TableForm::Headers,
        ),
        (
            "Table 2. Invented\nPopulation,Han,,Hui,\nLocus,D3S1358,TH01,D3S1358,TH01\n6,,0.3,,1\n9.3,,0.7,,\n15,0.6,,0.5,\n16,0.4,,0.5,\nN,100,100,50,50\nHo,1,1,1,1\n",
            TableForm::Headers,
        ),
        (
            ",Han,,,,Hui,,,\n,D3S1358,,TH01,,D3S1358,,TH01,\nAllele,n,freq,n,freq,n,freq,n,freq\n6,,,60,30,,,9,100\n9.3,,,140,70,,,,\n15,120,60,,,5,50,,\n16,80,40,,,5,50,,\n",
            TableForm::Headers,
        ),
        (
            ",D3S1358,,TH01,\nAllele,Count,Freq,Count,Freq\n6,,,60,0.3\n9.3,,,140,0.7\n15,120,0.6,,\n16,80,0.4,,\nTotal,200,1,200,1\n",
            TableForm::Headers,
        ),
        (
            "Locus,Allele,Han,,Hui,\n,,n,freq,n,freq\nD3S1358,15,120,0.6,1,0.5\n,16,80,0.4,1,0.5\nTH01,6,60,0.3,2,1\n,9.3,140,0.7,,\n",
            TableForm::Headers,
        ),
        // Each locus has its own alleles.
        ("D3S1358,,TH01,\nAllele,Freq,Allele,Freq\n15,0.6,6,0.3\n16,0.4,9.3,0.7\nN,100,N,100\n", TableForm::Paired),
        (
            "D3S1358,,,TH01,,\nAllele,n,Freq,Allele,n,Freq\n15,120,0.6,6,60,0.3\n16,80,0.4,9.3,140,0.7\n",
            TableForm::Paired,
        ),
        ("D3S1358,Freq.,,TH01,Freq.\n15,60%,,6,30%\n16,40%,,9.3,70%\nN,100,,N,100\n", TableForm::Paired),
        ("D3S1358,,TH01\n15,0.6,6,0.3\n16,0.4,9.3,0.7\n2N,200,2N,200\n", TableForm::Paired),
        ("Allele,D3S1358,Allele,TH01\n15,0.6,6,0.3\n16,0.4,9.3,0.7\nN,100,N,100\n", TableForm::Paired),
        (
            "D3S1358 allele;D3S1358 freq;TH01 allele;TH01 freq\n15;0,6;6;0,3\n16;0,4;9,3;0,7\nN;100;N;100\n",
            TableForm::Paired,
        ),
        ("M D3S1358\nA 15 0.6\nA 16 0.4\nA N 100\nM TH01\nA 6 0.3\nA 9.3 0.7\nA N 100\n", TableForm::Merlin),
        (
            "D3S1358 AUTOSOME 3 0\n15 0.6\n16 0.4\nN 100\nTH01    AUTOSOME 3 0\n6 0.3\n9.3 0.7\nN 100\nDXS101  X-LINKED 1 0\n20 1.0\n",
            TableForm::Mendel,
        ),
        ("D3S1358,AUTOSOME,3\n15,0.6\n16,0.4\nN,100\nHUMTH01AUTOSOME,3\n6,0.3\n9.3,0.7\nN,100\n", TableForm::Mendel),
        ("#Han\nD3S1358\t15=0.6\t16=0.4\tN=100\nTHO1\t6=0.3\t9.3=0.7\tN=100\t\n", TableForm::Pairs),
        ("2\nD3S1358,3\n1,15,0.6\n2,16,0.4\n3,N,100\nTHO1,3\n1,6,0.3\n2,9.3,0.7\n3,N,100\n", TableForm::Curran),
        (STRIDER, TableForm::Xml),
    ] {
        let populations = text.contains("Hui") && text.contains("Han");
        let request = TableRequest { population: populations.then_some("Han"), ..TableRequest::default() };
        match read_frequency_table("t.csv", text.as_bytes(), &request) {
            Ok(read) => is_small(&read, form),
            Err(problems) => panic!("{text}: {problems:?}"),
        }
    }
}

#[test]
fn a_population_is_asked_for() {
    let tidy = "pop,locus,allele,freq\nHan,vWA,14,1\nHui,vWA,15,1\n";
    let wide = "Database,Allele,vWA\nHan,14,1\nHui,15,1\n";
    let columns = "locus,allele,Han,Hui\nvWA,14,1,\nvWA,15,,1\n";
    let transposed = "population,locus,14,15\nHan,vWA,1,\nHui,vWA,,1\n";
    for text in [tidy, wide, columns, transposed] {
        let of = |population| {
            read_frequency_table(
                "t.csv",
                text.as_bytes(),
                &TableRequest { population: Some(population), ..TableRequest::default() },
            )
        };
        let problems = read(text).unwrap_err();
        assert_eq!((problems.len(), problems[0].code), (1, FindingCode::Population));
        assert!(problems[0].to_string().ends_with("choose one of Han, Hui"), "{}", problems[0]);
        let hui = of("hui").unwrap();
        assert_eq!(hui.table.loci()[0].alleles(), ["15".parse().unwrap()], "{text}");
        assert_eq!(hui.population.as_deref(), Some("Hui"));
        assert_eq!(of("Miao").unwrap_err()[0].code, FindingCode::Population);
    }
    let request = TableRequest { population: Some("Han"), ..TableRequest::default() };
    for one in ["locus,allele,freq\nvWA,14,1\n", "vWA\n14\t1\n", "Allele,vWA\n14,1\n"] {
        let problems = read_frequency_table("t.csv", one.as_bytes(), &request).unwrap_err();
        assert_eq!(problems[0].code, FindingCode::NoPopulations, "{one}");
    }
}

#[test]
fn sums_are_warned_of_and_refused() {
    let of = |share: f64| format!("locus,allele,frequency\nvWA,14,0.5\nvWA,15,{share}\n");
    assert_eq!(notes(&sound(of(0.495))), Vec::<&str>::new());
    let off = sound(of(0.4866));
    assert_eq!(notes(&off), ["sum-off"]);
    assert!(off.notes[0].what.contains("add up to 0.9866"));
    assert_eq!(off.table.sums_off().count(), 1);
    assert_eq!(notes(&sound(of(0.55))), ["sum-off"]);
    assert_eq!(refused(of(0.5501)), [(2, "sum")]);
    assert_eq!(refused(of(0.4499)), [(2, "sum")]);
    // Percentages are divided by 100, not by their sum.
    let percent = sound("Allele,vWA\n14,50\n15,48.66\n");
    assert!((percent.table.loci()[0].sum() - 0.9866).abs() < 1e-12);
}

#[test]
fn rows_that_are_no_alleles_are_left_out_and_said() {
    let read = sound(
        "Allele;vWA;FGA\n0;0,0002;\n14;0,6;\n15;0,4;\n<18;;0,001\n20;;0,5\n21;;0,497\nOL;;0,001\nRest allele;;0,001\nfmin;0,002;0,002\n",
    );
    assert_eq!(notes(&read), ["allele-class", "allele-class"]);
    assert!(read.notes[1].what.contains("0.0030"), "{}", read.notes[1]);
    assert_eq!(read.floors, [Some(0.002), Some(0.002)]);
    assert_eq!(read.table.loci()[1].alleles().len(), 2);
    // `rare` is what the sum lacks, or otherwise a minimum frequency.
    assert_eq!(sound("Allele,vWA\n14,0.5\n15,0.496\nrare,0.004\n").floors, [None]);
    assert_eq!(sound("Allele,vWA\n14,0.5\n15,0.5\nrare,0.004\n").floors, [Some(0.004)]);
    assert_eq!(refused("Allele,vWA\n14,1\nMin,0.01\n5/2N,0.02\n"), [(4, "repeated-allele")]);
    // Too large a share is refused.
    assert_eq!(refused("Allele,vWA\n14,0.5\n15,0.4\nOL,0.1\n"), [(1, "sum")]);
    let silent = sound("Allele,vWA\n14,0.5\n15,0.5\nsilent,0.01\n");
    assert_eq!(silent.table.loci()[0].silent(), Some(0.01));
}

#[test]
fn names_of_loci_are_resolved_and_never_taken_twice() {
    let read = sound("Allele,THO1,TP0X,Penta.E,D2S1779\n8,1,1,1,1\n");
    let names: Vec<&str> = read.table.panel().loci().iter().map(crate::model::Locus::name).collect();
    assert_eq!(names, ["TH01", "TPOX", "Penta_E", "D2S1779"]);
    assert_eq!(read.written, ["THO1", "TP0X", "Penta.E", "D2S1779"]);
    assert_eq!(notes(&read), ["alias", "alias", "alias", "new-locus"]);
    assert_eq!(refused("Allele,TH01,THO1\n6,1,1\n"), [(1, "two-names")]);
    assert_eq!(refused("Allele,TH01,TH01\n6,1,1\n"), [(1, "two-names")]);
    assert_eq!(refused("locus,allele,frequency\nTH01,6,0.5\nTHO1,7,0.5\n"), [(3, "two-names")]);
    assert_eq!(refused("TH01\n6\t1\nTHO1\n7\t1\n"), [(3, "two-names")]);
    assert_eq!(refused("Allele,TH01,D21Sl1\n6,1,\n29,,1\n"), [(1, "table-locus")]);
    let text = "locus,allele,frequency\nL1,6,1\n";
    let problems = self::read(text).unwrap_err();
    assert_eq!(problems[0].code, FindingCode::TableLocus);
    assert!(!problems[0].to_string().contains("L1"), "cells are not repeated");
    let keep_loci = ["L1".to_owned()];
    let request = TableRequest { keep_loci: &keep_loci, ..TableRequest::default() };
    assert_eq!(read_frequency_table("t", text.as_bytes(), &request).unwrap().written, ["L1"]);
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    let head = "locus,allele,frequency\n";
    for (text, found) in [
        ("", vec![(0, "empty")]),
        ("sample_id,sex,vWA\nS1,m,14/15\n", vec![(1, "table-form")]),
        (head, vec![(0, "no-rows")]),
        ("locus,allele\nvWA,14\n", vec![(1, "table-form")]),
        ("locus,allele,frequency,region\nvWA,14,1,x\n", vec![(1, "table-column")]),
        ("locus,allele,frequency,freq\nvWA,14,1,1\n", vec![(1, "repeated-column")]),
        ("Allele,vWA,\n14,1,x\n", vec![(1, "table-column")]),
        ("Allele,vWA\n14,1\nmode,0.5\n", vec![(3, "table-label")]),
        ("Allele,vWA\n14,1\n,0.5\n", vec![(3, "table-label")]),
        ("Allele,vWA\n14,x\n", vec![(2, "frequency-value")]),
        ("Allele,vWA\n14,0.5\n14.0,0.5\n", vec![(3, "repeated-allele")]),
        ("Allele,vWA,FGA\n14,100,\n20,,1\n", vec![(1, "frequency-units")]),
        ("Allele,vWA\n14,50%\n15,0.5\n", vec![(3, "frequency-units")]),
        ("Allele,vWA\n14,1\nN,1,008\n", vec![(1, "table-column")]),
        ("Allele;vWA\n14;1\nN;1,008\n", vec![(3, "sample-size")]),
        ("Allele,vWA\n14,1\nN,100\n2N,300\n", vec![(4, "sample-sizes")]),
        ("Allele,vWA\nOL,1\n", vec![(1, "no-allele")]),
        ("vWA\n14\t1\n15\t1\t2\n", vec![(3, "ladder-line")]),
        ("A title\nx,y\nAllele,vWA\n14,1\n", vec![(2, "header")]),
        ("locus,14,14.0\nvWA,0.5,0.5\n", vec![(1, "repeated-column")]),
        (
            "locus,allele,frequency\nvWA,14,0.5\nvWA,15,-0.5\nvWA,x,1\n,,\nvWA,16,\n",
            vec![(3, "frequency-value"), (4, "table-label"), (6, "frequency-value")],
        ),
        ("locus,allele,count\nvWA,14,1.5\nvWA,15,2\n", vec![(2, "frequency-value")]),
        ("locus,allele,frequency\nvWA,14,\"0.5\n", vec![(2, "quote")]),
    ] {
        assert_eq!(refused(text), found, "{text}");
    }
}

#[test]
fn encodings_are_told_by_the_content() {
    use crate::intake::text::encoding::tests::{gb18030_bytes, utf_16_bytes};
    let text = "基因座,等位基因,频率\nvWA,14,1\n";
    for bytes in
        [text.as_bytes().to_vec(), utf_16_bytes(text, true, true), utf_16_bytes(text, false, true), gb18030_bytes(text)]
    {
        assert_eq!(sound(bytes).table.panel().len(), 1);
    }
    assert_eq!(sound(b"Marqueur;All\xe8le;Fr\xe9quence\nvWA;14;1\n").table.panel().len(), 1);
}

#[test]
fn alleles_that_are_counted_as_persons_are_warned_of() {
    // Multiples of 1/404 or of 1/808, with four decimals.
    let table = |step: f64, n: u32| {
        let counts = [3.0, 5.0, 41.0, 77.0, 101.0, 91.0, 55.0, 21.0, 7.0, 3.0];
        let rows: String =
            (10..).zip(counts).map(|(allele, count)| format!("{allele},{0:.4},{0:.4}\n", count / step)).collect();
        let rest = (step - counts.iter().sum::<f64>()) / step;
        let rest = if rest > 0.0 { format!("30,{rest:.4},{rest:.4}\n") } else { String::new() };
        format!("Allele,vWA,FGA\n{rows}{rest}N,{n},{n}\n")
    };
    assert_eq!(notes(&sound(table(404.0, 404))), ["sample-alleles"]);
    assert_eq!(notes(&sound(table(808.0, 404))), Vec::<&str>::new());
    assert_eq!(notes(&sound(table(404.0, 202))), Vec::<&str>::new());
}
