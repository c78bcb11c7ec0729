//! Reads a text up to its header line, and the fields of each line after it.

use std::borrow::Cow;

use crate::intake::findings::{Column, ColumnName, Findings};
use crate::intake::text::lines;
use crate::intake::text::lines::{Lines, split_fields};
use crate::model::FindingCode;

/// The maximum number of bytes in a line, without its end.
pub const MOST_LINE_BYTES: usize = 64 << 10;

/// A file up to and including its header line.
pub(in crate::intake) struct Source<'a> {
    /// Number of the header line.
    pub(in crate::intake) line: u64,
    /// The header line.
    pub(in crate::intake) text: &'a str,
    /// The separator of the fields.
    pub(in crate::intake) delimiter: u8,
    /// The fields of the header.
    pub(in crate::intake) header: Vec<Cow<'a, str>>,
    /// The following lines.
    pub(in crate::intake) lines: Lines<'a>,
}

/// The maximum number of lines before a header.
const MOST_PREAMBLE: usize = 20;

/// The position of a text's header.
struct Start<'a> {
    /// The number of the line, and the line.
    header: (u64, &'a [u8]),
    /// The lines that follow.
    lines: Lines<'a>,
    /// The delimiter stated by a line such as `sep=;`.
    stated: Option<u8>,
    /// First and last line before the header.
    preamble: Option<(u64, u64)>,
}

/// Finds the header: the first line that is neither blank nor `sep=;`. If that line has only one or two cells, as
/// titles and dates of reports do, it is the first line soon after it that has more. Returns `None` if every line is
/// blank.
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

/// Returns the delimiter that the first line of a file states for spreadsheets: `sep=;`.
fn stated_delimiter(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line.get(..4).filter(|start| start.eq_ignore_ascii_case(b"sep="))? {
        _ if line == b"sep=" => Some(b'\t'),
        _ => line.get(4).copied().filter(|delimiter| matches!(delimiter, b',' | b';' | b'\t')),
    }
}

/// Returns the number of cells in a line that are not blank, ignoring quotes; 0 if the line is not text.
fn cells_filled(line: &[u8], stated: Option<u8>) -> usize {
    let text = Some(line).filter(|line| line.len() <= MOST_LINE_BYTES).and_then(|line| std::str::from_utf8(line).ok());
    text.map_or(0, |text| {
        let delimiter = char::from(stated.unwrap_or_else(|| lines::header_delimiter(text)));
        text.split(delimiter).filter(|cell| !cell.trim_matches([' ', '"']).is_empty()).count()
    })
}

/// Returns the cells of a text's header, to detect its format.
pub(in crate::intake) fn header_cells(text: &[u8]) -> Option<Vec<Cow<'_, str>>> {
    let Start { header: (_, line), stated, .. } = find_start(text)?;
    let line = Some(line).filter(|line| line.len() <= MOST_LINE_BYTES)?;
    let line = std::str::from_utf8(line).ok()?;
    let mut cells = Vec::new();
    split_fields(line, stated.unwrap_or_else(|| lines::header_delimiter(line)), &mut cells).ok()?;
    Some(cells)
}

/// Reads a text from [`decode`](super::encoding::decode) up to its header line. Returns `None` if there is no header;
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

/// The number of cells in a row, and the smallest number that is sufficient.
pub(in crate::intake) struct Width<E: Fn(usize) -> bool> {
    /// Number of columns in the header.
    pub(in crate::intake) columns: usize,
    /// Reports whether a row may have this smaller number of cells.
    pub(in crate::intake) may_end: E,
}

/// Returns the width of rows that require a cell for every column.
pub(in crate::intake) fn whole_rows(columns: usize) -> Width<impl Fn(usize) -> bool> {
    Width { columns, may_end: |_| false }
}

/// A row whose fields were read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::intake) enum Row {
    Whole,
    /// The row ended early: its last fields are empty.
    Short,
}

/// Returns the fields of a row, one for each column of the header. Additional blank cells are dropped, and cells that
/// spreadsheets omit at the end of a row are read as empty. `name` returns the column at a position, from 0, as
/// findings name it.
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

/// Adjusts the number of fields in a row to that of the header, if that is unambiguous.
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

/// Refuses the last row of a file without a final line end, if that row is short: the file may have been cut off within
/// it. `last` is the last row.
pub(in crate::intake) fn refuse_cut_off(lines: &Lines<'_>, last: Option<(u64, Row)>, findings: &mut Findings) {
    if let Some((number, Row::Short)) = last.filter(|_| lines.is_open()) {
        let what = "the file ends within this row, without a line end: it may be cut off; copy or export it again";
        findings.problem(number, None, FindingCode::CutOff, what);
    }
}

/// Returns the text of a line, if it is valid text.
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
