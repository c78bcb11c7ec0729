//! Reads workbooks (.xlsx), with the feature `xlsx`: one sheet as CSV, a line for each of its rows.
//!
//! A sheet is unpacked while it is read. Its text may grow to [`MOST_UNPACKED`] times the file, or [`LEAST_ALLOWED`]
//! for small files. Real workbooks stay far below these limits; one that is made to exhaust the memory is refused.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Cursor, Read};

use calamine::{DataRef, Reader, Xlsx, XlsxError};
use zip::ZipArchive;

use crate::intake::findings::{ColumnName, Findings};
use crate::model::FindingCode;

/// The maximum ratio of the unpacked parts, and of a sheet's text, to the size of the file.
const MOST_UNPACKED: u64 = 100;
/// The size to which a small file may always be unpacked, in bytes.
const LEAST_ALLOWED: u64 = 16 << 20;
/// The maximum number of columns of a tidy file.
const MOST_COLUMNS: u32 = 256;
/// The maximum number of rows in a sheet, which is Excel's own limit.
const MOST_ROWS: u32 = 1 << 20;

/// Reports whether the bytes are a package, as workbooks are.
pub(in crate::intake) fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Returns a sheet as CSV: the one with this name, or the first. Returns `None` if there is no sheet; the findings then
/// say why.
pub(in crate::intake) fn text(bytes: &[u8], sheet: Option<&str>, findings: &mut Findings) -> Option<String> {
    let allowed = (bytes.len() as u64).saturating_mul(MOST_UNPACKED).max(LEAST_ALLOWED);
    unpacked(bytes, allowed)
        .and_then(|()| csv(bytes, sheet, allowed, findings))
        .map_err(|Refused { line, code, what }| findings.problem(line, None, code, what))
        .ok()
}

/// Returns the names of the sheets that have cells, in their order; `None` if the file is not a workbook.
pub(in crate::intake) fn sheets(bytes: &[u8]) -> Option<Vec<String>> {
    let allowed = (bytes.len() as u64).saturating_mul(MOST_UNPACKED).max(LEAST_ALLOWED);
    let workbook = || Xlsx::new(Cursor::new(bytes)).map_err(|_: XlsxError| DAMAGED);
    if !is_workbook(bytes) {
        return None;
    }
    unpacked(bytes, allowed).and_then(|()| filled(&mut workbook()?)).ok()
}

/// Returns the names of the sheets that have cells, including hidden ones.
fn filled(workbook: &mut Xlsx<Cursor<&[u8]>>) -> Result<Vec<String>, Refused> {
    let mut names = Vec::new();
    for name in workbook.sheet_names() {
        let mut cells = workbook.worksheet_cells_reader(&name).map_err(|_| DAMAGED)?;
        loop {
            match cells.next_cell().map_err(|_| DAMAGED)? {
                Some(cell) if matches!(cell.get_value(), DataRef::Empty) => {}
                Some(_) => break names.push(name),
                None => break,
            }
        }
    }
    Ok(names)
}

/// The reason why a workbook cannot be read.
struct Refused {
    /// The line, from 1; 0 for the whole workbook.
    line: u64,
    code: FindingCode,
    what: &'static str,
}

impl Refused {
    const fn whole(code: FindingCode, what: &'static str) -> Self {
        Self { line: 0, code, what }
    }
}

const DAMAGED: Refused =
    Refused::whole(FindingCode::Workbook, "the workbook cannot be read; open it in Excel and save it again, as .xlsx");
const TOO_LARGE: Refused = Refused::whole(
    FindingCode::Workbook,
    "the workbook unpacks to far more than its own size; save the sheet as CSV UTF-8",
);
const NO_SHEET: Refused = Refused::whole(FindingCode::Sheet, "all sheets of the workbook are empty");
const SEVERAL_SHEETS: Refused = Refused::whole(
    FindingCode::Sheets,
    "several sheets of the workbook have cells; name those to read with --sheet NAME, or read each with --all-sheets",
);
const OTHER_SHEETS: Refused =
    Refused::whole(FindingCode::Sheet, "the workbook has no sheet of the name given with --sheet");

/// Unpacks every part once without keeping it, because the stated size of a part may be false.
fn unpacked(bytes: &[u8], allowed: u64) -> Result<(), Refused> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| DAMAGED)?;
    let mut left = allowed;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|_| DAMAGED)?;
        let size = io::copy(&mut part.take(left + 1), &mut io::sink()).map_err(|_| DAMAGED)?;
        left = left.checked_sub(size).ok_or(TOO_LARGE)?;
    }
    Ok(())
}

fn csv(bytes: &[u8], sheet: Option<&str>, allowed: u64, findings: &mut Findings) -> Result<String, Refused> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_: XlsxError| DAMAGED)?;
    let names = match sheet {
        None => filled(&mut workbook)?,
        Some(_) => workbook.sheet_names(),
    };
    let name = match (sheet, &names[..]) {
        (Some(sheet), _) => names.iter().find(|name| *name == sheet).ok_or(OTHER_SHEETS)?,
        (None, [name]) => name,
        (None, []) => return Err(NO_SHEET),
        // The sheets with samples cannot be identified, and no sheet may be left out silently.
        (None, _) => return Err(SEVERAL_SHEETS),
    };
    let mut cells = workbook.worksheet_cells_reader(name).map_err(|_| DAMAGED)?;
    let mut lines = Lines { text: String::new(), row: 0, column: 0, width: None };
    while let Some(cell) = cells.next_cell().map_err(|_| DAMAGED)? {
        let (row, column) = cell.get_position();
        if matches!(cell.get_value(), DataRef::Empty) {
            continue;
        }
        if row >= MOST_ROWS || column >= MOST_COLUMNS {
            return Err(Refused {
                line: u64::from(row) + 1,
                code: FindingCode::Columns,
                what: "the sheet has more columns than the 256 that a file may have; remove those that do not belong \
                       here",
            });
        }
        lines.go_to(row, column).ok_or(DAMAGED)?;
        let place = Place { line: u64::from(row) + 1, column, in_header: lines.width.is_none() };
        lines.write(&cell_text(cell.get_value(), &place, findings));
        if lines.text.len() as u64 > allowed {
            return Err(TOO_LARGE);
        }
    }
    lines.pad();
    Ok(lines.text)
}

/// The position of a cell.
struct Place {
    line: u64,
    /// The column, from 0.
    column: u32,
    in_header: bool,
}

/// Returns what a cell shows.
fn cell_text<'a>(value: &'a DataRef<'_>, place: &Place, findings: &mut Findings) -> Cow<'a, str> {
    let Place { line, column, in_header } = *place;
    let mut problem = |code, what: &'static str| {
        findings.problem(line, Some(ColumnName::at(column as usize, "?")), code, what);
        Cow::Borrowed("")
    };
    let text = match value {
        DataRef::String(text) => text.as_str(),
        DataRef::SharedString(text) => text,
        DataRef::Int(number) => return Cow::Owned(number.to_string()),
        DataRef::Float(number) => {
            return number_text(*number).map_or_else(
                || {
                    problem(
                        FindingCode::Digits,
                        "is a number of more than 15 digits, of which Excel has lost the last; enter it as text",
                    )
                },
                Cow::Owned,
            );
        }
        DataRef::DateTime(time) => {
            let (year, month, day, ..) = time.to_ymd_hms_milli();
            return Cow::Owned(format!("{year:04}-{month:02}-{day:02}"));
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.get(..10).unwrap_or(text),
        DataRef::Empty => "",
        // No locus or identifier has this value, so the cell is refused at its place.
        DataRef::Bool(_) | DataRef::Error(_) => "#",
    };
    if !text.contains(['\n', '\r']) {
        return Cow::Borrowed(text);
    }
    if in_header || text.trim().lines().count() < 2 {
        return Cow::Owned(text.replace(['\n', '\r'], " "));
    }
    problem(FindingCode::LineBreak, "holds a line break; write it in one line")
}

/// Returns a number as it was typed: 9.300000000000001 becomes 9.3. Returns `None` above 15 digits, which is what Excel
/// keeps.
fn number_text(number: f64) -> Option<String> {
    if number.abs() >= 1e15 {
        return None;
    }
    let tenths = (number * 10.0).round() / 10.0;
    if number.fract() == 0.0 {
        Some(format!("{number:.0}"))
    } else if (number - tenths).abs() < 1e-9 {
        Some(format!("{tenths:.1}"))
    } else {
        Some(number.to_string())
    }
}

/// The lines written so far.
struct Lines {
    text: String,
    row: u32,
    /// The column of the next field.
    column: u32,
    /// Number of columns in the header, once it is complete.
    width: Option<u32>,
}

impl Lines {
    /// Moves to a cell, which must follow the last one.
    fn go_to(&mut self, row: u32, column: u32) -> Option<()> {
        if row > self.row {
            self.pad();
            while self.row < row {
                self.text.push('\n');
                self.row += 1;
            }
        } else if row < self.row || column < self.column {
            return None;
        }
        while self.column < column {
            self.text.push(',');
            self.column += 1;
        }
        Some(())
    }

    /// Writes a field; the next field writes the delimiter.
    fn write(&mut self, field: &str) {
        if field.contains([',', '"']) {
            // Writing to a string cannot fail.
            let _ = write!(self.text, "\"{}\"", field.replace('"', "\"\""));
        } else {
            self.text.push_str(field);
        }
    }

    /// Completes a line, because sheets omit empty cells at the end.
    fn pad(&mut self) {
        let blank = self.column == 0 && (self.text.is_empty() || self.text.ends_with('\n'));
        if !blank {
            let width = *self.width.get_or_insert(self.column + 1);
            while self.column + 1 < width {
                self.text.push(',');
                self.column += 1;
            }
        }
        self.column = 0;
    }
}

#[cfg(test)]
pub(in crate::intake) mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::intake::tests::{places, read};
    use crate::intake::{Intake, Layout};

    /// Returns a workbook with these sheets, given by their names and rows as XML.
    pub(in crate::intake) fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let mut part = |name: &str, text: &str| {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        };
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let package = "http://schemas.openxmlformats.org/package/2006/relationships";
        let (mut list, mut links) = (String::new(), String::new());
        for (number, (name, rows)) in (1..).zip(sheets) {
            write!(list, "<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"r{number}\"/>").unwrap();
            let link = format!("Id=\"r{number}\" Type=\"{office}/worksheet\" Target=\"worksheets/s{number}.xml\"");
            write!(links, "<Relationship {link}/>").unwrap();
            part(
                &format!("xl/worksheets/s{number}.xml"),
                &format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>"),
            );
        }
        part(
            "_rels/.rels",
            &format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"r1\" Type=\"{office}/officeDocument\" \
                 Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        );
        part("xl/_rels/workbook.xml.rels", &format!("<Relationships xmlns=\"{package}\">{links}</Relationships>"));
        part(
            "xl/workbook.xml",
            &format!("<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets>{list}</sheets></workbook>"),
        );
        archive.finish().unwrap().into_inner()
    }

    fn text_cell(place: &str, text: &str) -> String {
        format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
    }

    fn number_cell(place: &str, number: &str) -> String {
        format!("<c r=\"{place}\"><v>{number}</v></c>")
    }

    fn row(number: u32, cells: &[String]) -> String {
        format!("<row r=\"{number}\">{}</row>", cells.concat())
    }

    fn header() -> String {
        let names = ["sample_id", "sex", "vWA", "FGA", "region"];
        let cells: Vec<String> =
            ["A1", "B1", "C1", "D1", "E1"].iter().zip(names).map(|(p, n)| text_cell(p, n)).collect();
        row(1, &cells)
    }

    fn children(rows: &str) -> Intake {
        read(Layout::Children, workbook(&[("Children", &(header() + rows))]))
    }

    #[test]
    fn numbers_are_alleles_again() {
        for (number, text) in [
            (14.0, "14"),
            (9.3, "9.3"),
            (9.3_f64.next_up(), "9.3"),
            (0.05, "0.05"),
            (-3.0, "-3"),
            (370_100_000_017.0, "370100000017"),
            (123_456_789_012_345.0, "123456789012345"),
        ] {
            assert_eq!(number_text(number).as_deref(), Some(text));
        }
        assert_eq!(number_text(110_101_199_003_070_000.0), None);
    }

    #[test]
    fn a_sheet_is_read_as_a_file() {
        let first = row(
            2,
            &[
                number_cell("A2", "17"),
                text_cell("B2", "m"),
                number_cell("C2", "14"),
                text_cell("D2", "22/23.2"),
                text_cell("E2", "Jinan, East"),
            ],
        );
        // Empty cells and rows are omitted.
        let second = row(4, &[text_cell("A4", "S2"), number_cell("D4", "22.199999999999999")]);
        let intake = children(&(first + &second));
        assert_eq!(intake.problems, []);
        let tidy =
            read(Layout::Children, "sample_id,sex,vWA,FGA,region\n17,m,14,22/23.2,\"Jinan, East\"\n\nS2,,,22.2,\n");
        assert_eq!(intake.rows, tidy.rows);
    }

    #[test]
    fn a_sheet_is_chosen_by_name() {
        let sheets = workbook(&[("Notes", &row(1, &[text_cell("A1", "x")])), ("Typing", &header())]);
        let mut findings = Findings::new("f");
        let wanted = text(&sheets, Some("Typing"), &mut findings);
        assert_eq!(wanted.as_deref(), Some("sample_id,sex,vWA,FGA,region"));
        assert_eq!(text(&sheets, Some("Notes"), &mut findings).as_deref(), Some("x"));
        assert_eq!(text(&sheets, None, &mut findings), None);
        assert_eq!(text(&sheets, Some("None"), &mut findings), None);
        let codes: Vec<_> = findings.finish().0.iter().map(|problem| problem.code.word()).collect();
        assert_eq!(codes, ["sheets", "sheet"]);
        assert_eq!(super::sheets(&sheets).unwrap(), ["Notes", "Typing"]);
        assert_eq!(super::sheets(b"x"), None);
        // A sheet without cells is not counted; Excel creates three of them.
        let empty = workbook(&[("Sheet1", ""), ("Typing", &header()), ("Sheet3", "")]);
        assert_eq!(text(&empty, None, &mut Findings::new("f")).as_deref(), Some("sample_id,sex,vWA,FGA,region"));
    }

    #[test]
    fn bad_cells_and_sheets_are_named() {
        let bad =
            row(2, &[number_cell("A2", "110101199003070000"), number_cell("C2", "14.55"), text_cell("D2", "22\n23")]);
        assert_eq!(
            places(&children(&bad)),
            [(2, 1, "digits"), (2, 1, "identifier"), (2, 3, "allele"), (2, 4, "line-break")]
        );
        let wide = row(2, &[text_cell("IW2", "x")]);
        assert_eq!(places(&children(&wide)), [(2, 0, "columns")]);
        let back = row(3, &[text_cell("A3", "x")]) + &row(2, &[text_cell("A2", "x")]);
        assert_eq!(places(&children(&back)), [(0, 0, "workbook")]);
        for bytes in [&b"PK\x03\x04rest"[..], &workbook(&[])] {
            assert!(["workbook", "sheet"].contains(&read(Layout::Children, bytes).problems[0].code.word()));
        }
    }

    #[test]
    fn a_workbook_that_swells_is_refused() {
        let cell = text_cell("E2", &"x".repeat(20 << 20));
        let bytes = workbook(&[("Bomb", &(header() + &row(2, &[cell])))]);
        assert!(bytes.len() < 1 << 20);
        assert_eq!(places(&read(Layout::Children, bytes)), [(0, 0, "workbook")]);
    }
}
