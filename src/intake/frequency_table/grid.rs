//! Splits a table of any encoding and delimiter into rows of cells.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

use crate::intake::findings::Findings;
use crate::intake::text::encoding::decode;
use crate::intake::text::lines::{Lines, split_fields};
use crate::intake::text::source::{line_text, unclosed_quote};
use crate::model::FindingCode;

/// The maximum size of a table in bytes; the largest published tables have some hundred thousand.
pub(super) const MOST_BYTES: usize = 64 << 20;
/// The maximum number of cells in a table: enough for 100 populations with 64 loci of 100 alleles, and some more
/// columns.
const MOST_CELLS: usize = 4_000_000;
/// The maximum number of columns.
const MOST_COLUMNS: usize = 1024;
/// The number of lines from which the delimiter is determined.
const FIRST_LINES: usize = 50;

/// A row: its line, from 1, and its cells without surrounding white space. A cell that marks a missing value is empty.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

impl Row {
    pub(super) fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    /// Returns the number of cells that are not empty.
    pub(super) fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.is_empty()).count()
    }
}

/// The separator between the cells of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delimiter {
    Byte(u8),
    /// Any number of spaces.
    Spaces,
}

/// Reads the rows that are neither empty nor comments; `None` if that is impossible, and the findings then say why.
pub(super) fn rows(bytes: &[u8], sheet: Option<&str>, findings: &mut Findings) -> Option<Vec<Row>> {
    if bytes.len() > MOST_BYTES {
        let what = "the file is larger than 64 MiB; give the frequency table alone";
        findings.problem(0, None, FindingCode::TableSize, what);
        return None;
    }
    let text = text(bytes, sheet, findings)?;
    let text = match text.contains(&b'\n') {
        // Old Macs end lines with carriage returns.
        false if text.contains(&b'\r') => {
            Cow::Owned(text.iter().map(|&byte| if byte == b'\r' { b'\n' } else { byte }).collect())
        }
        _ => text,
    };
    let before = findings.count();
    let delimiter = delimiter(&text);
    let (mut rows, mut cells) = (Vec::new(), 0);
    for (number, line) in Lines::new(&text) {
        let Some(line) = line_text(number, line, findings) else { continue };
        if line.trim_start().starts_with('#') || line.starts_with("sep=") && number == 1 {
            continue;
        }
        let line = if delimiter == Delimiter::Spaces { spaced(line) } else { Cow::Borrowed(line) };
        let byte = if let Delimiter::Byte(byte) = delimiter { byte } else { b'\t' };
        let mut fields = Vec::new();
        if split_fields(&line, byte, &mut fields).is_err() {
            unclosed_quote(number, None, findings);
            continue;
        }
        let mut row = Row { line: number, cells: fields.iter().map(|field| cell(field)).collect() };
        while row.cells.last().is_some_and(String::is_empty) {
            row.cells.pop();
        }
        if row.cells.is_empty() {
            continue;
        }
        cells += row.cells.len();
        if cells > MOST_CELLS || row.cells.len() > MOST_COLUMNS {
            let what = format!(
                "the table has more than {MOST_CELLS} cells, or this row more than {MOST_COLUMNS}; give the table \
                 alone, or one population of it"
            );
            findings.problem(number, None, FindingCode::TableSize, what);
            return None;
        }
        rows.push(row);
    }
    if rows.is_empty() && findings.count() == before {
        findings.problem(0, None, FindingCode::Empty, "the file is empty; give one row per locus and allele");
    }
    (findings.count() == before).then_some(rows)
}

/// Returns the text as UTF-8. Invalid lines may remain; they are found later.
fn text<'a>(bytes: &'a [u8], sheet: Option<&str>, findings: &mut Findings) -> Option<Cow<'a, [u8]>> {
    if sheet.is_none() && is_latin_1(bytes) {
        findings.note(0, None, FindingCode::Encoding, "the file is not UTF-8: read as Windows-1252 (Latin-1)");
        let (text, ..) = WINDOWS_1252.decode(bytes);
        return Some(Cow::Owned(text.into_owned().into_bytes()));
    }
    decode(bytes, sheet, findings)
}

/// Reports whether text that is not UTF-8 is more likely Latin-1 than GB18030: accented letters mostly occur singly,
/// while Chinese characters are pairs of these bytes.
fn is_latin_1(bytes: &[u8]) -> bool {
    if std::str::from_utf8(bytes).is_ok() || bytes.contains(&0) || bytes.starts_with(b"PK") {
        return false;
    }
    let runs = bytes.chunk_by(|a, b| a.is_ascii() == b.is_ascii()).filter(|run| !run[0].is_ascii());
    let (mut alone, mut paired) = (0, 0);
    for run in runs {
        if run.len() == 1 { alone += 1 } else { paired += 1 }
    }
    // Control characters occur in no text, so these bytes are halves of another encoding's characters.
    let controls = bytes.iter().any(|byte| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d | 0xff));
    alone > paired && !controls
}

/// Returns the one of tab, semicolon and comma that divides the most lines; spaces if none does.
fn delimiter(text: &[u8]) -> Delimiter {
    let mut lines = Lines::new(text).map(|(_, line)| line).take(FIRST_LINES).peekable();
    if let Some(&[b's', b'e', b'p', b'=', byte @ (b',' | b';' | b'\t' | b'|')]) = lines.peek() {
        return Delimiter::Byte(*byte);
    }
    let mut votes = [(b'\t', 0), (b';', 0), (b',', 0)];
    for line in lines.filter(|line| !line.starts_with(b"#")) {
        let outside: Vec<u8> = line.split(|&byte| byte == b'"').step_by(2).collect::<Vec<_>>().join(&b'"');
        // The first of these that is present: a comma may be a decimal mark, but a semicolon or tab is always a
        // separator.
        let divides = |byte| outside.contains(&byte) && (byte != b',' || !only_decimal_commas(&outside));
        if let Some(vote) = votes.iter_mut().find(|vote| divides(vote.0)) {
            vote.1 += 1;
        }
    }
    match votes.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best }) {
        Some((byte, 1..)) => Delimiter::Byte(byte),
        _ => Delimiter::Spaces,
    }
}

/// Reports whether each comma of a line is between two digits, and spaces divide the line.
fn only_decimal_commas(line: &[u8]) -> bool {
    let digit = |at: Option<usize>| at.and_then(|at| line.get(at)).is_some_and(u8::is_ascii_digit);
    line.contains(&b' ')
        && (0..line.len()).filter(|&at| line[at] == b',').all(|at| digit(at.checked_sub(1)) && digit(Some(at + 1)))
}

/// Returns a line of cells divided by spaces, with a tab in place of each run of spaces outside quotes.
fn spaced(line: &str) -> Cow<'_, str> {
    let mut text = String::with_capacity(line.len());
    for (at, part) in line.trim().split('"').enumerate() {
        if at > 0 {
            text.push('"');
        }
        if at % 2 == 1 {
            text.push_str(part);
            continue;
        }
        let mut after_space = false;
        for c in part.chars() {
            let space = matches!(c, ' ' | '\t' | '\u{a0}');
            if !space {
                text.push(c);
            } else if !after_space {
                text.push('\t');
            }
            after_space = space;
        }
    }
    Cow::Owned(text)
}

/// Returns the contents of a cell: without quotes and surrounding white space, with full-width signs in ASCII, and
/// empty if the cell marks a missing value.
fn cell(field: &str) -> String {
    let plain = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{a0}' | '\u{3000}' | '\t' => ' ',
        // Dashes of every length.
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => c,
    };
    let text: String = field.chars().map(plain).filter(|c| !matches!(c, '\u{feff}' | '\u{200b}')).collect();
    let text = text.trim();
    let none = matches!(text, "-" | "--" | "." | "/")
        || ["na", "n/a", "nan", "null", "nd"].iter().any(|word| text.eq_ignore_ascii_case(word));
    if none { String::new() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Vec<String>> {
        let mut findings = Findings::new("f");
        let rows = rows(bytes, None, &mut findings);
        assert_eq!(findings.count(), 0);
        rows.unwrap().into_iter().map(|row| row.cells).collect()
    }

    #[test]
    fn delimiters_are_those_that_divide_most_lines() {
        for text in [
            "a,b,c\n1,2,3\n",
            "a;b;c\n1;2;3\n",
            "a\tb\tc\n1\t2\t3\n",
            "a b  c\n 1 2 3\n",
            "\"a\" \"b\" \"c\"\n\"1\" 2 3\n",
            "sep=;\na;b;c\n1;2;3\n",
            "# remark, with, commas\na;b;c\r\n1;2;3\r\n",
            "a;b;c\r1;2;3\r",
            "ａ;b;c;;\n１;2;3\n\n;;;\n",
        ] {
            assert_eq!(read(text.as_bytes()), [["a", "b", "c"], ["1", "2", "3"]], "{text:?}");
        }
        assert_eq!(read(b"Title, one, two\na;b\n0,1;0,2\n0,3;0,4\n")[2], ["0,1", "0,2"]);
        assert_eq!(read(b"D3S1358\n15 0,5\n16 0,5\n"), [&["D3S1358"][..], &["15", "0,5"], &["16", "0,5"]]);
        assert_eq!(read(b"a,NA,-\n1,N/A,.\n"), [["a"], ["1"]]);
    }

    #[test]
    fn latin_1_and_gb18030_are_told_apart() {
        assert_eq!(read(b"al\xe8le;fr\xe9quence\n14;1\n")[0], ["al\u{e8}le", "fr\u{e9}quence"]);
        assert_eq!(read(b"\xbb\xf9\xd2\xf2\xd7\xf9,\xc6\xb5\xc2\xca\nvWA,1\n")[0], ["基因座", "频率"]);
    }

    #[test]
    fn a_table_beyond_its_bounds_is_refused() {
        let mut findings = Findings::new("f");
        let wide = ",1".repeat(MOST_COLUMNS + 1);
        assert!(rows(wide.as_bytes(), None, &mut findings).is_none());
        let many = ",1,1,1\n".repeat(MOST_CELLS / 4 + 1);
        assert!(rows(many.as_bytes(), None, &mut findings).is_none());
        assert_eq!(findings.count(), 2);
        assert!(rows(b"\n\n", None, &mut findings).is_none());
    }
}
