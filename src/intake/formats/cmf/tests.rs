//! Tests CMF files: the rows that they give, and the place and code of each problem.

use crate::intake::tests::{panel, pseudonymizer, request};
use crate::intake::{CaseList, Format, Intake, Layout, Problem, Request, read_bytes};
use crate::model::{Locus, Relation, Sex};

const HEADER: &str = "<HEADERVERSION>3.2</HEADERVERSION><MESSAGETYPE>Import</MESSAGETYPE>\
    <DESTINATIONORI>SD37</DESTINATIONORI><SOURCELAB>LAB1</SOURCELAB><SUBMITBYUSERID>u</SUBMITBYUSERID>\
    <SUBMITDATETIME>2024-03-05T08:00:00</SUBMITDATETIME><BATCHID>B</BATCHID><KIT>GlobalFiler</KIT>";

/// Returns a file with the declaration on line 1, the header on line 2, and the specimens from line 3 on.
fn cmf(specimens: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <CODISImportFile xmlns=\"urn:CODISImportFile-schema\">{HEADER}\n{specimens}\n</CODISImportFile>\n"
    )
}

/// Returns a locus on one line.
pub(super) fn locus(name: &str, alleles: &[&str]) -> String {
    let alleles: String =
        alleles.iter().map(|value| format!("<ALLELE><ALLELEVALUE>{value}</ALLELEVALUE></ALLELE>")).collect();
    format!(
        "<LOCUS><LOCUSNAME>{name}</LOCUSNAME><READINGBY>u</READINGBY>\
         <READINGDATETIME>2024-03-05T08:00:00</READINGDATETIME>{alleles}</LOCUS>"
    )
}

/// Returns a specimen on several lines: the tag, number and category, and each locus on its own line.
fn specimen(id: &str, category: &str, attributes: &str, loci: &[String]) -> String {
    format!(
        "<SPECIMEN{attributes}>\n<SPECIMENID>{id}</SPECIMENID><SPECIMENCATEGORY>{category}</SPECIMENCATEGORY>\n{}\n\
         </SPECIMEN>\n",
        loci.join("\n")
    )
}

fn child(loci: &[String]) -> String {
    cmf(&specimen("S1", "Unidentified Person", "", loci))
}

fn read(layout: Layout, bytes: impl AsRef<[u8]>) -> Intake {
    crate::intake::tests::read(layout, bytes)
}

fn places(problems: &[Problem]) -> Vec<(u64, &str, &'static str)> {
    let name = |problem: &'_ Problem| problem.column.as_ref().map_or("", |column| &*column.name).to_owned();
    problems.iter().map(|problem| (problem.line, name(problem).leak() as &str, problem.code.word())).collect()
}

fn problems(text: &str) -> Vec<(u64, &'static str)> {
    read(Layout::Children, text).problems.iter().map(|problem| (problem.line, problem.code.word())).collect()
}

#[test]
fn children_are_read() {
    let loci = [
        locus("D3S1358", &["15"]),
        locus("vWA31", &["14", "17.3"]),
        locus("Amelogenin", &["X", "Y"]),
        locus("DYS391", &["10"]),
        locus("FGA", &["&lt;18", "22"]),
    ];
    let text = cmf(&format!(
        "{}{}{}",
        specimen(" S1 ", "Unidentified Person", " SOURCEID='Yes' PARTIAL='true' CASEID='C1'", &loci),
        specimen("S2", "Unidentified Person", "", &[locus("vWA", &["14", "14"])]),
        specimen("S3", "Biological Mother", " CASEID='C1'", &[locus("vWA", &["14"]), locus("nonsense", &["x"])]),
    ));
    let intake = read(Layout::Children, &text);
    assert_eq!(intake.problems, []);
    assert_eq!((intake.format, intake.layout), (Format::Cmf, Layout::Children));
    assert_eq!(intake.loci.iter().map(Locus::name).collect::<Vec<_>>(), ["D3S1358", "vWA", "FGA"]);
    let [first, second] = &intake.rows[..] else { panic!("{:?}", intake.rows) };
    assert_eq!((first.line, second.line), (3, 11));
    assert_eq!(first.sample, pseudonymizer().sample(Some("LAB1"), "S1").unwrap());
    assert_eq!((first.agency.as_deref(), first.kit.as_deref()), (Some("LAB1"), Some("GlobalFiler")));
    assert_eq!((first.sex, first.family), (Sex::Male, None));
    let shown = |row: &crate::intake::Row| {
        (0..3).map(|at| row.profile.at(at).map_or(String::new(), |g| g.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(shown(first), ["15", "14/17.3", ""]);
    assert_eq!(shown(second), ["", "14", ""]);
    assert_eq!(
        places(&intake.notes),
        [
            (0, "", "skipped"),
            (0, "", "partial"),
            (0, "", "no-sex"),
            (6, "LOCUSNAME", "alias"),
            (8, "LOCUSNAME", "elsewhere"),
            (9, "ALLELEVALUE", "off-ladder"),
        ]
    );
    assert!(intake.notes.iter().all(|note| note.column.as_ref().is_none_or(|column| column.number.is_none())));
    assert_eq!(
        intake.notes[0].to_string(),
        "f.csv: specimens of relatives are skipped (import them with --as families): 1"
    );
}

#[test]
fn more_than_two_alleles_are_kept() {
    let text = child(&[locus("vWA", &["14", "15"]), locus("FGA", &["24", "22", "23.2"])]);
    let intake = read(Layout::Children, &text);
    assert_eq!(intake.problems, []);
    let row = &intake.rows[0];
    assert_eq!((intake.loci[1].name(), row.profile.at(1)), ("FGA", None));
    let [(1, many)] = &row.many[..] else { panic!("{:?}", row.many) };
    assert_eq!(many.alleles().iter().map(ToString::to_string).collect::<Vec<_>>(), ["22", "23.2", "24"]);
    assert!(intake.notes.iter().any(|note| note.code.word() == "many-alleles"), "{:?}", places(&intake.notes));
}

#[test]
fn rejected_are_specimens_and_not_lines() {
    let good = |id: &str| specimen(id, "Unidentified Person", "", &[locus("vWA", &["14"])]);
    let bad = specimen("S2", "Unidentified Person", "", &[locus("vWA", &["x"]), locus("FGA", &["y"])]);
    let other = specimen("M1", "Biological Mother", " CASEID='C1'", &[locus("vWA", &["14"])]);
    let rejected = |specimens: &[String]| {
        let intake = read(Layout::Children, cmf(&specimens.concat()));
        (intake.problems.len(), intake.rejected, intake.rows.len())
    };
    assert_eq!(rejected(&[good("S1"), other.clone(), good("S3")]), (0, 0, 2));
    assert_eq!(rejected(&[good("S1"), bad.clone(), other.clone(), good("S3")]), (2, 1, 2));
    assert_eq!(rejected(&[bad.clone(), other]), (2, 1, 0));
    // Rejections by the table count, too: a specimen without any typed locus.
    let empty = specimen("S4", "Unidentified Person", "", &[locus("DYS391", &["10"])]);
    assert_eq!(rejected(&[good("S1"), bad, empty]), (3, 2, 1));
}

#[test]
fn parents_are_read_and_other_relatives_need_a_case_list() {
    let vwa = [locus("vWA", &["14", "15"])];
    let text = cmf(&format!(
        "{}{}{}{}{}",
        specimen("S1", "Biological Father", " CASEID='C1'", &vwa),
        specimen("S2", "Alleged Mother", " CASEID='C1'", &vwa),
        specimen("S3", "Biological Sibling", " CASEID='C1'", &vwa),
        specimen("S4", "Biological Mother", "", &vwa),
        specimen("S5", "Unidentified Person", "", &vwa),
    ));
    let intake = read(Layout::Families, &text);
    assert_eq!(places(&intake.problems), [(12, "SPECIMENCATEGORY", "relation"), (15, "CASEID", "identifier")]);
    assert_eq!(places(&intake.notes), [(0, "", "skipped"), (8, "SPECIMENCATEGORY", "alleged")]);
    let family = pseudonymizer().family(Some("LAB1"), "C1").unwrap();
    let found: Vec<_> = intake.rows.iter().map(|row| (row.line, row.family.unwrap())).collect();
    assert_eq!(found, [(3, (family, Relation::Father)), (7, (family, Relation::Mother))]);
}

/// Returns the problems and rows of a file that is read with a case list; the list's own problems, if it has any.
fn listed(text: &str, list: &str) -> (Vec<(u64, &'static str)>, Vec<crate::intake::Row>) {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let request = request(Layout::Families, &panel, &pseudonymizer);
    let of = |problems: &[Problem]| problems.iter().map(|problem| (problem.line, problem.code.word())).collect();
    let list = format!("sample_id,family_id,relation,sex\n{list}");
    match CaseList::read("l.csv", list.as_bytes(), &request) {
        Err(problems) => (of(&problems), Vec::new()),
        Ok(list) => {
            let intake = read_bytes("f.xml", text.as_bytes(), &Request { cases: Some(&list), ..request });
            (of(&intake.problems), intake.rows)
        }
    }
}

#[test]
fn a_case_list_goes_first_and_is_held_against_the_categories() {
    let vwa = [locus("vWA", &["14", "15"])];
    let text = cmf(&format!(
        "{}{}",
        specimen("S1", "Biological Sibling", " CASEID='C1'", &vwa),
        specimen("S2", "Biological Mother", " CASEID='C1'", &vwa),
    ));
    let (problems, rows) = listed(&text, "S1,F7,full-sibling,male\nS2,F7,mother,\n");
    assert_eq!(problems, []);
    // The list names no agency, so its numbers have none.
    let family = pseudonymizer().family(None, "F7").unwrap();
    assert_eq!(rows[0].family, Some((family, Relation::FullSibling)));
    assert_eq!((rows[0].sex, rows[1].sex), (Sex::Male, Sex::Unknown));
    assert_eq!(rows[1].family, Some((family, Relation::Mother)));
    let (problems, rows) = listed(&text, "S1,F7,full-sibling,\nS2,F7,father,\n");
    assert_eq!((problems, rows.len()), (vec![(8, "relation")], 1));
    let (problems, _) = listed(&text, "S1,F7,brother,\nS2,F7,mother,male\n");
    assert_eq!(
        problems,
        [(2, "relation-unclear"), (3, "sex-contradiction")],
        "what the list says is checked as a row is"
    );
}

#[test]
fn every_limit_is_kept_by_place_and_code() {
    let vwa = locus("vWA", &["14"]);
    let long = |least: usize| "9".repeat(least);
    let is = |text: String, expected: &[(u64, &'static str)]| assert_eq!(problems(&text), expected, "{text}");
    is(child(std::slice::from_ref(&vwa)), &[]);
    // Texts and attributes at their limits, and one character above.
    for (element, most) in [("SPECIMENID", 24), ("LOCUSNAME", 255), ("DESTINATIONORI", 10), ("SOURCELAB", 10)]
        .into_iter()
        .chain([("SUBMITBYUSERID", 20), ("BATCHID", 32), ("KIT", 32), ("SUBMITDATETIME", 255), ("READINGBY", 255)])
    {
        let written = child(std::slice::from_ref(&vwa));
        let start = written.find(&format!("<{element}>")).unwrap() + element.len() + 2;
        let end = start + written[start..].find('<').unwrap();
        let line = written[..start].lines().count() as u64;
        let with = |text: &str| [&written[..start], text, &written[end..]].concat();
        // Characters count, not bytes.
        let expected: &[_] = if element == "LOCUSNAME" { &[(line, "locus")] } else { &[] };
        is(with(&"\u{6d4e}".repeat(most)), expected);
        is(with(&"\u{6d4e}".repeat(most + 1)), &[(line, "length")]);
        is(with(&long(100_000)), &[(line, "length")]);
    }
    is(child(&[locus("vWA", &["      14        "])]), &[]);
    is(child(&[locus("vWA", &[&long(11)])]), &[(5, "length")]);
    is(child(&[locus("vWA", &["14.x"])]), &[(5, "allele")]);
    is(child(&[locus("vWA", &["<![CDATA[<x]]>"])]), &[(5, "allele")]);
    is(child(&[locus("Amelogenin", &["14"])]), &[(5, "allele")]);
    let with = |attributes: &str| cmf(&specimen("S1", "Unidentified Person", attributes, std::slice::from_ref(&vwa)));
    is(with(&format!(" CASEID='{}'", long(32))), &[]);
    is(with(&format!(" CASEID='{}'", long(33))), &[(3, "length")]);
    is(with(" SOURCEID='maybe'"), &[(3, "attribute")]);
    is(with(" PARTIAL='yes'"), &[(3, "attribute")]);
    is(with(" PARTIAL='1' PARTIAL='1'"), &[(3, "attribute")]);
    is(with(" AGE='7'"), &[(3, "attribute")]);
    is(with(" CASEID=7"), &[(3, "attribute")]);
    is(with(" CASEID='&x;'"), &[(3, "entity")]);
    is(child(&[vwa.replace("<LOCUS>", &format!("<LOCUS KIT='{}'>", long(33)))]), &[(5, "length")]);
    // Categories.
    is(cmf(&specimen("S1", "unidentified person", "", std::slice::from_ref(&vwa))), &[(4, "category")]);
    is(cmf(&specimen("S1", "Zhang San", "", std::slice::from_ref(&vwa))), &[(4, "category")]);
    is(cmf(&specimen("S1", "Unidentified Person, X", "", std::slice::from_ref(&vwa))), &[(4, "length")]);
    // Numbers.
    let loci =
        |number: usize| crate::intake::KNOWN_LOCI[..number].iter().map(|name| locus(name, &["14"])).collect::<Vec<_>>();
    is(child(&loci(32)), &[]);
    is(child(&loci(33)), &[(37, "too-many")]);
    is(child(&loci(40)), &[(37, "too-many")]);
    is(child(&[]), &[(3, "missing-element")]);
    is(child(&[locus("vWA", &[])]), &[(5, "missing-element")]);
    let nine = locus("DYS391", &["14"; 9]);
    is(child(&[vwa.clone(), nine.replace("DYS391", "FGA")]), &[(6, "too-many")]);
    is(child(&[vwa.clone(), locus("DYS391", &["14"; 8])]), &[]);
    is(child(&[vwa.clone(), locus("VWA", &["14"])]), &[(6, "repeated-locus")]);
    is(child(&[vwa.clone(), locus("D3S135B", &["14"])]), &[(6, "locus")]);
    let twice = specimen("S1", "Unidentified Person", "", std::slice::from_ref(&vwa)).repeat(2);
    is(cmf(&twice), &[(8, "repeated-sample")]);
    is(cmf(&specimen("", "Unidentified Person", "", std::slice::from_ref(&vwa))), &[(4, "empty-element")]);
    is(cmf(""), &[(2, "missing-element")]);
    is(child(&[locus("vWA", &["OL"])]), &[(3, "untyped")]);
    is(child(&[locus("DYS391", &["14"])]), &[(0, "no-loci")]);
}

#[test]
fn the_header_and_the_order_are_kept() {
    let sound = child(&[locus("vWA", &["14"])]);
    let version = |version: &str| problems(&sound.replace(">3.2<", &format!(">{version}<")));
    assert_eq!((version("3.3"), version("3.1")), (vec![], vec![(2, "version")]));
    assert_eq!(problems(&sound.replace(">Import<", ">Export<")), [(2, "message-type")]);
    assert_eq!(problems(&sound.replace("<SOURCELAB>LAB1</SOURCELAB>", "")), [(2, "missing-element")]);
    assert_eq!(problems(&sound.replace(">LAB1<", "> <")), [(2, "empty-element")]);
    assert_eq!(
        problems(&sound.replace("<KIT>GlobalFiler</KIT>", "<KIT>A</KIT><KIT>B</KIT>")),
        [(2, "repeated-element")]
    );
    assert_eq!(
        problems(&sound.replace("<BATCHID>B</BATCHID><KIT>", "<KIT>").replace("</KIT>", "</KIT><BATCHID>B</BATCHID>")),
        [(2, "order")]
    );
    assert_eq!(problems(&sound.replace("<READINGBY>u</READINGBY>", "")), []);
    let id = "<SPECIMENID>S1</SPECIMENID>";
    assert_eq!(
        problems(&sound.replace(id, "").replace("</SPECIMENCATEGORY>", &format!("</SPECIMENCATEGORY>{id}"))),
        [(4, "order")]
    );
    assert_eq!(problems(&sound.replace("<READINGBY>", "<ZHANG><A><B/></A>c</ZHANG><READINGBY>")), [(5, "element")]);
    assert_eq!(problems(&sound.replace("<READINGBY>", "Zhang<READINGBY>")), [(5, "text")]);
}

#[test]
fn xml_is_read_as_xml() {
    let sound = child(&[locus("vWA", &["14"])]);
    let rows = read(Layout::Children, &sound).rows;
    let prefixed = sound.replace("</", "</c:").replace("<", "<c:").replace("<c:/c:", "</c:").replace("<c:?", "<?");
    for same in [
        sound.replace(" xmlns=\"urn:CODISImportFile-schema\"", ""),
        prefixed.replace("xmlns=", "xmlns:c="),
        sound.replace('\n', "\r\n"),
        sound.replace(">S1<", ">&#83;&#x31;<"),
        sound.replace(">S1<", "><!-- x -->S<![CDATA[1]]><?y?><"),
        sound.replace("</SPECIMEN>", "</SPECIMEN\t>"),
        sound
            .replace("xmlns=", "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a b' xmlns="),
    ] {
        let intake = read(Layout::Children, &same);
        assert_eq!(intake.problems, [], "{same}");
        assert_eq!(intake.rows, rows, "{same}");
    }
    let utf_16: Vec<u8> = ["\u{feff}", &sound].concat().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(Layout::Children, utf_16).rows, rows);
    for (bad, line, code) in [
        (sound.replace("urn:CODIS", "urn:OTHER"), 2, "not-cmf"),
        (sound.replace("CODISImportFile>", "Workbook>").replace("<CODISImportFile", "<Workbook"), 2, "not-cmf"),
        (sound.replace("<SPECIMEN>", "<SPECIMEN xmlns='x'>"), 3, "element"),
        (sound.replace("<SPECIMEN>", "<x:SPECIMEN>"), 6, "xml"),
        (sound.replacen('\n', "\n<!DOCTYPE CODISImportFile [<!ENTITY a 'b'>]>", 1), 2, "doctype"),
        (sound.replace(">S1<", ">&nbsp;<"), 4, "entity"),
        (sound.replace(">S1<", ">&#0;<"), 4, "entity"),
        (sound.replace(">S1<", ">&#7;<"), 4, "entity"),
        (sound.replace(">S1<", ">S & 1<"), 4, "xml"),
        (sound.replace("</SPECIMENID>", "</SPECIMENI>"), 4, "xml"),
        (sound.replace("</CODISImportFile>", ""), 9, "truncated"),
        (sound[..sound.len() - 4].to_owned(), 8, "xml"),
        (sound.replace(">S1<", ">\u{1}<"), 4, "control-character"),
        (format!("{sound}<CODISImportFile/>"), 9, "element"),
        (format!("{sound}text"), 9, "text"),
        ("<?xml version='1.0'?>".to_owned(), 0, "empty"),
        ("<a>".repeat(100), 1, "not-cmf"),
        (sound.replace("<READINGBY>", &"<a>".repeat(100)), 5, "depth"),
        (sound.replace("<READINGBY>", &format!("<READINGBY {}>", "a='b' ".repeat(1000))), 5, "attribute"),
    ] {
        let found = read(Layout::Children, &bad).problems;
        assert!(
            found.iter().any(|problem| (problem.line, problem.code.word()) == (line, code)),
            "{code}: {found:?}\n{bad}"
        );
    }
    assert!(read(Layout::Children, "<CODISRapidImportFile/>").problems[0].what.contains("arrest"));
}

#[test]
fn kits_of_loci_go_before_that_of_the_file() {
    let with = |kit: &str, name: &str| locus(name, &["14"]).replace("<LOCUS>", &format!("<LOCUS KIT='{kit}'>"));
    let kit = |loci: &[String]| read(Layout::Children, child(loci)).rows[0].kit.as_deref().unwrap().to_owned();
    assert_eq!(kit(&[with("A", "vWA"), with("A", "FGA")]), "A");
    assert_eq!(kit(&[with("A", "vWA"), locus("FGA", &["14"])]), "A + GlobalFiler");
}

#[test]
fn specimens_of_one_line_are_told_of() {
    let text = child(&[locus("vWA", &["14"])]).replace('\n', "");
    assert_eq!(places(&read(Layout::Children, &text).notes), [(0, "", "no-sex")]);
    let two = cmf(&["S1", "S2"].map(|id| specimen(id, "Unidentified Person", "", &[locus("vWA", &["14"])])).concat());
    let intake = read(Layout::Children, two.replace('\n', ""));
    assert_eq!((places(&intake.notes), intake.rows.len()), (vec![(0, "", "shared-lines"), (0, "", "no-sex")], 2));
}

#[test]
fn a_file_without_a_row_says_so() {
    let text = child(&[locus("vWA", &["14"])]);
    let intake = read(Layout::Families, &text);
    assert_eq!(places(&intake.problems), [(0, "", "no-rows")]);
    assert_eq!(places(&intake.notes), [(0, "", "skipped")]);
}

#[test]
fn nothing_of_a_value_is_repeated() {
    let name = "Zhang San";
    let sound = child(&[locus("vWA", &["14"]), locus("FGA", &["14"])]);
    for place in [">S1<", ">14<", ">vWA<", ">Unidentified Person<", ">3.2<", ">Import<", ">u<", "><ALLELE><"] {
        for text in [name, "Zhang &amp; San", "Zhang & San", "<Zhang>San", "<Zhang>San</Zhang>", "&Zhang;", "</Zhang>"]
        {
            let bad = sound.replacen(place, &format!(">{text}<"), 1);
            for layout in [Layout::Children, Layout::Families] {
                let intake = read(layout, &bad);
                for finding in intake.problems.iter().chain(&intake.notes) {
                    let said = finding.to_string();
                    assert!(!said.contains("Zhang") && !said.contains("San"), "{said}");
                }
            }
        }
    }
}

#[test]
fn cmf_is_told_by_its_content() {
    let text = child(&[locus("vWA", &["14"])]);
    let utf_16 = |mark: &str, unit: fn(u16) -> [u8; 2]| {
        [mark, &text].concat().encode_utf16().flat_map(unit).collect::<Vec<u8>>()
    };
    for bytes in [
        text.clone().into_bytes(),
        ["\u{feff}\n ", &text[text.find('\n').unwrap()..]].concat().into_bytes(),
        utf_16("\u{feff}", u16::to_le_bytes),
        utf_16("\u{feff}", u16::to_be_bytes),
        utf_16("", u16::to_le_bytes),
        utf_16("", u16::to_be_bytes),
    ] {
        assert_eq!(Format::detect(&bytes), Format::Cmf);
    }
    for other in ["", "sample_id,sex", "\u{feff}sample_id", "[DVI]", "\"a<\""] {
        assert_eq!(Format::detect(other.as_bytes()), Format::Csv);
    }
    let asked = |format| {
        let (panel, pseudonymizer) = (panel(), pseudonymizer());
        let request = request(Layout::Children, &panel, &pseudonymizer);
        read_bytes("f", text.as_bytes(), &Request { format, ..request }).problems.len()
    };
    assert_eq!((asked(Some(Format::Cmf)), asked(None), asked(Some(Format::Csv)) > 0), (0, 0, true));
}

#[test]
fn a_case_list_without_agencies_has_the_numbers_of_the_file() {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let loci = [locus("vWA", &["14", "17"])];
    for (layout, list, category) in [
        (Layout::Families, "sample_id,family_id,relation,sex\nS1,F1,mother,f\n", "Biological Mother"),
        (Layout::Children, "sample_id,sex\nS1,f\n", "Suspect, Known"),
    ] {
        let plain = request(layout, &panel, &pseudonymizer);
        let list = CaseList::read("l.csv", list.as_bytes(), &plain).map_err(drop).unwrap();
        let text = cmf(&specimen("S1", category, "", &loci));
        let intake = read_bytes("f.xml", text.as_bytes(), &Request { cases: Some(&list), ..plain });
        assert_eq!(intake.problems, []);
        assert_eq!(places(&intake.notes), [(2, "SOURCELAB", "source-lab")]);
        let [row] = &intake.rows[..] else { panic!("{:?}", intake.rows) };
        assert_eq!((row.sample, &row.agency), (pseudonymizer.sample(None, "S1").unwrap(), &None));
        assert_eq!(list.without_genotypes(&[row.sample].into()), []);
    }
    let list = "sample_id,family_id,relation,sex,agency\nS1,F1,mother,f,LAB2\n";
    let plain = request(Layout::Families, &panel, &pseudonymizer);
    let list = CaseList::read("l.csv", list.as_bytes(), &plain).map_err(drop).unwrap();
    let text = cmf(&specimen("S1", "Biological Mother", "", &loci));
    let intake = read_bytes("f.xml", text.as_bytes(), &Request { cases: Some(&list), ..plain });
    assert_eq!((&intake.problems, &intake.notes), (&vec![], &vec![]));
    assert_eq!(intake.rows[0].sample, pseudonymizer.sample(Some("LAB2"), "S1").unwrap());
}
