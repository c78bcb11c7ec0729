//! Tests of the sources of files: standard input, pipes, devices, and streams that never end.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::common::{Lab, Said};

const CHILDREN: &str = "sample_id,sex,TH01,vWA,FGA,D3S1358,TPOX,CSF1PO,D16S539,D8S1179\n\
                        C1,m,7/9,14/17,22,15/16,8/11,10/12,9/11,13/14\n";

/// Runs a command and writes these bytes to its standard input, and then `for_ever` again and again, unless it is
/// empty.
fn fed(lab: &Lab, arguments: &[&str], bytes: &[u8], for_ever: &[u8]) -> Said {
    let mut command = lab.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // Writing fails, and the loop ends, when the command no longer reads.
        scope.spawn(move || {
            let begun = input.write_all(bytes).is_ok();
            while begun && !for_ever.is_empty() && input.write_all(for_ever).is_ok() {}
        });
        Said::of(child.wait_with_output().unwrap())
    })
}

#[test]
fn standard_input_is_a_file() {
    let lab = Lab::new();
    let import = ["import", "--as", "children", "-"];
    fed(&lab, &import, CHILDREN.as_bytes(), b"").ends(0).says(&["standard input: 1 row of children: 1 added"]);
    let bad = CHILDREN.replace("7/9", "x");
    fed(&lab, &import, bad.as_bytes(), b"").ends(2).says(&["standard input:2: "]);
}

/// Makes `count` children with 8 loci, in about 70 bytes each.
fn children(count: usize) -> String {
    let (header, row) = CHILDREN.split_once('\n').unwrap();
    let rows = (0..count).map(|number| row.replace("C1", &format!("C{number}")));
    rows.fold(format!("{header}\n"), |text, row| text + &row)
}

#[test]
fn reading_of_an_endless_stream_stops_with_an_error() {
    let lab = Lab::new();
    let block = |line: &str| line.repeat((64 << 10) / line.len()).into_bytes();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let cmf = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CODISImportFile xmlns=\"urn:CODISImportFile-schema\">\n\
               <HEADERVERSION>3.2</HEADERVERSION>\n<MESSAGETYPE>Import</MESSAGETYPE>\n";
    let sound = children(50_000);
    let again = sound.lines().nth(1).map(|row| format!("{row}\n")).unwrap();
    let cases: [(&[u8], Vec<u8>, u64); 10] = [
        (b"", block("y\n"), 1),
        (b"", vec![0; 64 << 10], 1),
        (b"", block("x"), 1),
        (CHILDREN.as_bytes(), block("y\n"), 1),
        // The file is valid for more than 3 MiB.
        (sound.as_bytes(), block("y\n"), 8),
        (sound.as_bytes(), block(&again), 8),
        (sound.as_bytes(), block("\n"), 128),
        (&[&[0xFF, 0xFE][..], &utf16(&sound)].concat(), utf16(&"y\n".repeat(1 << 15)), 16),
        (cmf.as_bytes(), block("<SPECIMEN></SPECIMEN>\n"), 1),
        (cmf.as_bytes(), block("<!-- -->"), 1),
    ];
    for (begin, rest, mib) in cases {
        let said = fed(&lab, &["import", "--as", "children", "-"], begin, &rest).ends(2);
        said.says(&[&format!("only the first {mib} MiB were read")]);
    }
}

#[test]
fn a_file_is_read_to_its_end_although_much_of_it_is_bad_or_blank() {
    let lab = Lab::new();
    let sound = children(50_000);
    let (first, last) = sound.split_at(sound.lines().take(25_000).map(|line| line.len() + 1).sum());
    let import = |middle: String| {
        let file = lab.write("long.csv", format!("{first}{middle}{last}"));
        lab.run(&["import", "--as", "children", "--keep-going", "--dry-run", &file])
    };
    import(",,,\n".repeat(3 << 20)).ends(0).says(&["50,000 rows of children"]);
    // At 8 MiB, less than half of what was read is bad.
    import("x,m\n".repeat(1 << 19)).ends(2).says(&["50,000 rows"]);
}

#[test]
fn pipes_and_devices_are_refused_at_once() {
    let lab = Lab::new();
    let pipe = lab.name("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let file = lab.write("c.csv", CHILDREN);
    for special in [pipe.as_str(), "/dev/zero"] {
        for arguments in [
            vec!["import", "--as", "children", special],
            vec!["import", "--as", "children", "--cases", special, &file],
            vec!["import", "--as", "families", "--pedigrees", special, &file],
            vec!["import", "--as", "children", "--map", special, &file],
            vec!["maps", "set", "A", special],
            vec!["lr", special],
            vec!["lr", "--pedigree", special, &file],
            vec!["lr", "--frequencies", special, &file],
        ] {
            lab.run(&arguments).ends(2).says(&["is a pipe or a device, not a file"]);
        }
    }
}

/// Makes a workbook whose sheets have these rows of text.
#[cfg(feature = "xlsx")]
fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
    use zip::write::{SimpleFileOptions, ZipWriter};

    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut part = |name: &str, text: &str| {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    };
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let (mut list, mut links) = (String::new(), String::new());
    for (number, (name, text)) in (1..).zip(sheets) {
        list += &format!("<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"r{number}\"/>");
        links += &format!(
            "<Relationship Id=\"r{number}\" Type=\"{office}/worksheet\" Target=\"worksheets/s{number}.xml\"/>"
        );
        let mut rows = String::new();
        for (row, line) in (1..).zip(text.lines()) {
            let cell = |(column, cell): (u8, &str)| {
                let place = format!("{}{row}", char::from(b'A' + column));
                format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>")
            };
            let cells: String = (0..).zip(line.split(',')).map(cell).collect();
            rows += &format!("<row r=\"{row}\">{cells}</row>");
        }
        part(
            &format!("xl/worksheets/s{number}.xml"),
            &format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>"),
        );
    }
    let book = format!(
        "<Relationships xmlns=\"{package}\"><Relationship Id=\"r1\" Type=\"{office}/officeDocument\" \
         Target=\"xl/workbook.xml\"/></Relationships>"
    );
    part("_rels/.rels", &book);
    part("xl/_rels/workbook.xml.rels", &format!("<Relationships xmlns=\"{package}\">{links}</Relationships>"));
    part(
        "xl/workbook.xml",
        &format!("<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets>{list}</sheets></workbook>"),
    );
    archive.finish().unwrap().into_inner()
}

#[cfg(feature = "xlsx")]
#[test]
fn every_sheet_with_cells_is_imported_or_asked_about() {
    let lab = Lab::new();
    let second = CHILDREN.replace("C1", "C2").replace("7/9", "6/9");
    let book = lab.write("book.xlsx", workbook(&[("2023", CHILDREN), ("Empty", ""), ("2024", &second)]));
    let import = |options: &[&str]| lab.run(&[&["import", "--as", "children", &book], options].concat());
    import(&[]).ends(2).says(&["several sheets of the workbook have cells", "--sheet NAME", "--all-sheets"]);
    import(&["--sheet", "2025"]).ends(2).says(&["book.xlsx[2025]: the workbook has no sheet of the name"]);
    import(&["--sheet", "2023"]).ends(0).says(&["book.xlsx[2023]: 1 row of children: 1 added"]);
    import(&["--all-sheets"]).ends(0).says(&["book.xlsx[2024]: 1 row of children: 1 added"]);
    assert!(lab.counts().contains("2 children"), "{}", lab.counts());
}
