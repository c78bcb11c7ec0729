//! A text up to its header line, and the fields of each line after it.

use std::borrow::Cow;

use crate::intake::findings::{Column, ColumnName, Findings};
use crate::intake::text::lines;
use crate::intake::text::lines::{Lines, split_fields};
use crate::model::FindingCode;

/// The most bytes of a line, without its end.
pub const MOST_LINE_BYTES: usize = 64 << 10;

/// A file up to and with its header line.
pub(in crate::intake) struct Source<'a> {
    /// Number of the header line.
    pub(in crate::intake) line: u64,
    /// The header line.
    pub(in crate::intake) text: &'a str,
    /// What separates its fields.
    pub(in crate::intake) delimiter: u8,
    /// Its fields.
    pub(in crate::intake) header: Vec<Cow<'a, str>>,
    /// What follows.
    pub(in crate::intake) lines: Lines<'a>,
}

/// How many lines may stand before a header.
const MOST_PREAMBLE: usize = 20;

/// Where the header of a text is.
struct Start<'a> {
    /// Number of the line, and the line.
    header: (u64, &'a [u8]),
    /// The lines that follow.
    lines: Lines<'a>,
    /// The delimiter that a line such as `sep=;` states.
    stated: Option<u8>,
    /// First and last line of what stands before the header.
    preamble: Option<(u64, u64)>,
}

/// Finds the header: the first line that is not blank, a line `sep=;` aside; or, if that has one or two cells, as titles
/// and dates of reports do, the first line soon after it that has more. `None` if every line is blank.
fn find_start(text: &[u8]) -> Option<Start<'_>> {
    let is_blank = |line: &[u8]| line.trim_ascii().is_empty();
    let mut lines = Lines::new(text);
    let mut first = lines.find(|(_, line)| !is_blank(line))?;
    let stated = stated_delimiter(first.1);
    if stated.is_some() {
        first = lines.find(|(_, line)| !is_blank(line))?;
    }
    let here = Start { header: first, lines: lines.clone(), stated, preamble: None };
    let of_first = cells_filled(first.1, stated);
    if of_first > 2 {
        return Some(here);
    }
    let mut last = first.0;
    for _ in 0..MOST_PREAMBLE {
        let Some((number, line)) = lines.next() else { break };
        if cells_filled(line, stated) >= of_first.max(1) + 2 {
            return Some(Start { header: (number, line), lines, stated, preamble: Some((first.0, last)) });
        }
        last = number;
    }
    Some(here)
}

/// The delimiter that the first line of a file states for spreadsheets: `sep=;`.
fn stated_delimiter(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line.get(..4).filter(|start| start.eq_ignore_ascii_case(b"sep="))? {
        _ if line == b"sep=" => Some(b'\t'),
        _ => line.get(4).copied().filter(|delimiter| matches!(delimiter, b',' | b';' | b'\t')),
    }
}

/// How many cells of a line are not blank; quotes are not looked at. 0 if it is no line of text.
fn cells_filled(line: &[u8], stated: Option<u8>) -> usize {
    let text = Some(line).filter(|line| line.len() <= MOST_LINE_BYTES).and_then(|line| std::str::from_utf8(line).ok());
    text.map_or(0, |text| {
        let delimiter = char::from(stated.unwrap_or_else(|| lines::header_delimiter(text)));
        text.split(delimiter).filter(|cell| !cell.trim_matches([' ', '"']).is_empty()).count()
    })
}

/// The cells of a text's header, for a look at what form it has.
pub(in crate::intake) fn header_cells(text: &[u8]) -> Option<Vec<Cow<'_, str>>> {
    let Start { header: (_, line), stated, .. } = find_start(text)?;
    let line = Some(line).filter(|line| line.len() <= MOST_LINE_BYTES)?;
    let line = std::str::from_utf8(line).ok()?;
    let mut cells = Vec::new();
    split_fields(line, stated.unwrap_or_else(|| lines::header_delimiter(line)), &mut cells).ok()?;
    Some(cells)
}

/// Reads a text, as [`decode`](super::encoding::decode) gives it, up to its header line. `None` if there is no such thing;
/// the findings then say why. Blank cells at the end of the header are left out.
pub(in crate::intake) fn open_source<'a>(text: &'a [u8], findings: &mut Findings) -> Option<Source<'a>> {
    let Some(Start { header: (line, first), lines, stated, preamble }) = find_start(text) else {
        findings.problem(0, None, FindingCode::Empty, "the file is empty: nothing to import");
        return None;
    };
    let text = line_text(line, first, findings)?;
    if let Some((first, last)) = preamble {
        let what = match last - first {
            0 => format!("the line before the header, which is line {line}, is skipped"),
            _ => format!("lines {first} to {last}, before the header, which is line {line}, are skipped"),
        };
        findings.note(first, None, FindingCode::Preamble, what);
    }
    let delimiter = stated.unwrap_or_else(|| lines::header_delimiter(text));
    let mut header = Vec::new();
    split_fields(text, delimiter, &mut header)
        .map_err(|place| unclosed_quote(line, Some(ColumnName::at(place - 1, "?")), findings))
        .ok()?;
    let filled = header.iter().rposition(|name| !name.trim().is_empty()).map_or(0, |last| last + 1);
    header.truncate(filled.max(1));
    Some(Source { line, text, delimiter, header, lines })
}

/// How many cells a row has, and how many it may do with.
pub(in crate::intake) struct Width<E: Fn(usize) -> bool> {
    /// The columns of the header.
    pub(in crate::intake) columns: usize,
    /// Whether a row may have so many cells, which are fewer.
    pub(in crate::intake) may_end: E,
}

/// The width of rows that must have a cell for every column.
pub(in crate::intake) fn whole_rows(columns: usize) -> Width<impl Fn(usize) -> bool> {
    Width { columns, may_end: |_| false }
}

/// A row of which the fields were read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::intake) enum Row {
    Whole,
    /// It ended early: its last fields are empty.
    Short,
}

/// The fields of a row, as many as the header has: blank cells beyond it are left out, and those that spreadsheets leave
/// out at the end of a row are read as empty. `name` gives the column at a position, from 0, as findings name it.
pub(in crate::intake) fn row_fields<'a>(
    number: u64,
    line: &'a [u8],
    delimiter: u8,
    width: &Width<impl Fn(usize) -> bool>,
    name: impl Fn(usize) -> Column,
    fields: &mut Vec<Cow<'a, str>>,
    findings: &mut Findings,
) -> Option<Row> {
    let text = line_text(number, line, findings)?;
    if let Err(place) = split_fields(text, delimiter, fields) {
        unclosed_quote(number, name(place - 1).or_else(|| Some(ColumnName::at(place - 1, "?"))), findings);
        return None;
    }
    if fields.len() == width.columns { Some(Row::Whole) } else { fit(number, delimiter, width, fields, findings) }
}

/// Makes the fields of a row as many as the header has, if that is certain.
#[cold]
fn fit(
    number: u64,
    delimiter: u8,
    width: &Width<impl Fn(usize) -> bool>,
    fields: &mut Vec<Cow<'_, str>>,
    findings: &mut Findings,
) -> Option<Row> {
    let (found, columns) = (fields.len(), width.columns);
    if found > columns && fields[columns..].iter().all(|field| field.trim().is_empty()) {
        fields.truncate(columns);
        return Some(Row::Whole);
    }
    if found < columns && (width.may_end)(found) {
        let missing = columns - found;
        let what = format!(
            "the row ends {missing} cell{} before the header does: read as empty, because spreadsheets leave empty \
             cells out; if the row had a value there, or a delimiter is missing, correct the row",
            if missing == 1 { "" } else { "s" }
        );
        findings.note(number, None, FindingCode::ShortRow, what);
        fields.resize(columns, Cow::Borrowed(""));
        return Some(Row::Short);
    }
    let word = match delimiter {
        b'\t' => "tab",
        b';' => "semicolon",
        _ => "comma",
    };
    let what = format!("fields in the row: {found}, in the header: {columns}; a {word} is missing or too many");
    findings.problem(number, None, FindingCode::Fields, what);
    None
}

/// Refuses the last row of a file that has no line end, if that row is short: the file may have been cut off within it.
/// `last` is the last row.
pub(in crate::intake) fn refuse_cut_off(lines: &Lines<'_>, last: Option<(u64, Row)>, findings: &mut Findings) {
    if let Some((number, Row::Short)) = last.filter(|_| lines.is_open()) {
        let what = "the file ends within this row, without a line end: it may be cut off; copy or export it again";
        findings.problem(number, None, FindingCode::CutOff, what);
    }
}

/// The text of a line, if it is one.
pub(in crate::intake) fn line_text<'a>(number: u64, line: &'a [u8], findings: &mut Findings) -> Option<&'a str> {
    if line.len() > MOST_LINE_BYTES {
        findings.problem(
            number,
            None,
            FindingCode::LineLength,
            "the line is longer than 64 KiB; check for a missing line end",
        );
        return None;
    }
    if line.iter().fold(false, |found, &b| found | (b < b' ' && b != b'\t')) {
        let (code, what) = if line.contains(&0) {
            (FindingCode::Nul, "the line contains a NUL byte; save the file again as CSV UTF-8")
        } else if line.contains(&b'\r') {
            (
                FindingCode::LineEnd,
                "the line contains a carriage return alone; save the file with Windows or Unix line ends",
            )
        } else {
            (FindingCode::ControlCharacter, "the line contains a control character; save the file again as CSV UTF-8")
        };
        findings.problem(number, None, code, what);
        return None;
    }
    match std::str::from_utf8(line) {
        Ok(text) => Some(text),
        Err(error) => {
            let what =
                format!("the line is not UTF-8 at its byte {}; save the file as CSV UTF-8", error.valid_up_to() + 1);
            findings.problem(number, None, FindingCode::Utf8, what);
            None
        }
    }
}

pub(in crate::intake) fn unclosed_quote(number: u64, column: Column, findings: &mut Findings) {
    let what = "a double quote is opened here and not closed before the next field or line end; remove or close it";
    findings.problem(number, column, FindingCode::Quote, what);
}
