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

/// Reads a text, as [`decode`] gives it, up to its header line. `None` if there is no such thing; the findings then say
/// why.
pub(in crate::intake) fn open_source<'a>(text: &'a [u8], findings: &mut Findings) -> Option<Source<'a>> {
    let mut lines = Lines::new(text);
    let Some((line, first)) = lines.find(|(_, line)| !line.trim_ascii().is_empty()) else {
        findings.problem(0, None, FindingCode::Empty, "the file is empty: nothing to import");
        return None;
    };
    let text = line_text(line, first, findings)?;
    let delimiter = lines::header_delimiter(text);
    let mut header = Vec::new();
    split_fields(text, delimiter, &mut header)
        .map_err(|place| unclosed_quote(line, Some(ColumnName::at(place - 1, "?")), findings))
        .ok()?;
    Some(Source { line, text, delimiter, header, lines })
}

/// The fields of a row, if it has as many as the header. `name` gives the column at a position, from 0, as findings
/// name it.
pub(in crate::intake) fn row_fields<'a>(
    number: u64,
    line: &'a [u8],
    delimiter: u8,
    columns: usize,
    name: impl Fn(usize) -> Column,
    fields: &mut Vec<Cow<'a, str>>,
    findings: &mut Findings,
) -> Option<()> {
    let text = line_text(number, line, findings)?;
    if let Err(place) = split_fields(text, delimiter, fields) {
        unclosed_quote(number, name(place - 1).or_else(|| Some(ColumnName::at(place - 1, "?"))), findings);
        return None;
    }
    if fields.len() != columns {
        let word = match delimiter {
            b'\t' => "tab",
            b';' => "semicolon",
            _ => "comma",
        };
        let what =
            format!("the row has {} fields, the header has {columns}: a {word} is missing or too many", fields.len());
        findings.problem(number, None, FindingCode::Fields, what);
        return None;
    }
    Some(())
}

/// The text of a line, if it is one.
pub(in crate::intake) fn line_text<'a>(number: u64, line: &'a [u8], findings: &mut Findings) -> Option<&'a str> {
    if line.len() > MOST_LINE_BYTES {
        findings.problem(
            number,
            None,
            FindingCode::LineLength,
            "the line is longer than 64 KiB: a line end is missing",
        );
        return None;
    }
    if line.iter().fold(false, |found, &b| found | (b < b' ' && b != b'\t')) {
        let (code, what) = if line.contains(&0) {
            (FindingCode::Nul, "the line contains a NUL byte: save the file again as CSV UTF-8")
        } else if line.contains(&b'\r') {
            (
                FindingCode::LineEnd,
                "the line contains a carriage return alone: save the file with Windows or Unix line ends",
            )
        } else {
            (FindingCode::ControlCharacter, "the line contains a control character: save the file again as CSV UTF-8")
        };
        findings.problem(number, None, code, what);
        return None;
    }
    match std::str::from_utf8(line) {
        Ok(text) => Some(text),
        Err(error) => {
            let what =
                format!("the line is not UTF-8 at its byte {}: save the file as CSV UTF-8", error.valid_up_to() + 1);
            findings.problem(number, None, FindingCode::Utf8, what);
            None
        }
    }
}

pub(in crate::intake) fn unclosed_quote(number: u64, column: Column, findings: &mut Findings) {
    let what = "a double quote is opened here and not closed before the next field or line end: remove or close it";
    findings.problem(number, column, FindingCode::Quote, what);
}
