//! The tidy CSV layouts, read in one pass.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::findings::{Column, Findings};
use super::header::Header;
use super::lines::{Lines, split};
use super::rows::RowReader;
use super::table::Table;
use super::{Format, Intake, IntakeError, Request, Row, across};
use crate::model::Locus;

/// The most bytes of a file: 2 GiB.
pub const MOST_BYTES: u64 = 2 << 30;
/// The most bytes of a line, without its end.
pub const MOST_LINE_BYTES: usize = 64 << 10;

/// Reads a file; as [`read_bytes`].
///
/// # Errors
/// [`IntakeError`] if the file cannot be read or is larger than [`MOST_BYTES`]. What is wrong inside it is not an
/// error of this function but in [`Intake::problems`].
pub fn read_file(path: &Path, request: &Request<'_>) -> Result<Intake, IntakeError> {
    Ok(read_bytes(&path.display().to_string(), &file_bytes(path)?, request))
}

/// The bytes of a file.
///
/// # Errors
/// As [`read_file`].
pub fn file_bytes(path: &Path) -> Result<Vec<u8>, IntakeError> {
    let io = |source| IntakeError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    if size > MOST_BYTES {
        return Err(IntakeError::TooLarge(path.to_owned()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // The file may grow meanwhile, or be a pipe.
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(IntakeError::TooLarge(path.to_owned()));
    }
    Ok(bytes)
}

/// Reads the bytes of a file, to their end, whatever they are.
///
/// In tidy CSV, columns are found by name, in any order: `sample_id`, `sex`, for families also `family_id` and
/// `relation`; the optional `agency`, `region`, `collected_on` (YYYY-MM-DD), `kit` and `drop_out` (from 0, below 1);
/// `AMEL` (X or X/Y), `resident_id` and `birth_certificate`, which are checked and not kept; any other column is a locus
/// with cells such as `14/15`, `14` for a homozygote, or empty if untyped. Three alleles or more are kept beside the
/// profile. Blank lines, lines of
/// commas alone, a byte order mark and Windows line ends are accepted.
///
/// Rows of a family that is among the request's pedigrees have the relation `member`, and their place there by
/// `sample_id`.
///
/// `file_name` is only used to name the file in findings.
#[must_use]
pub fn read_bytes(file_name: &str, bytes: &[u8], request: &Request<'_>) -> Intake {
    let mut findings = Findings::new(file_name);
    let digest = *blake3::hash(bytes).as_bytes();
    let format = request.format.unwrap_or_else(|| Format::of(bytes));
    let (loci, rows) = match format {
        Format::Csv => tidy(bytes, request, &mut findings),
    };
    let (locus_columns, rejected) = (std::mem::take(&mut findings.locus_columns), findings.rejected);
    let (problems, notes) = findings.finish();
    let pedigrees = request.pedigrees.map_or_else(Vec::new, |pedigrees| pedigrees.of(&rows));
    Intake {
        layout: request.layout,
        format,
        digest,
        size: bytes.len() as u64,
        loci,
        locus_columns,
        rejected,
        rows,
        pedigrees,
        problems,
        notes,
    }
}

fn tidy(bytes: &[u8], request: &Request<'_>, findings: &mut Findings) -> (Vec<Locus>, Vec<Row>) {
    let Some(Source { line, text, header, lines }) = open(bytes, findings) else { return Default::default() };
    let header = Header::read(line, text, &header, request.layout, request.panel, findings);
    let Some(header) = header else { return Default::default() };
    let mut fields = Vec::new();
    let mut reader = RowReader::new(&header, request);
    let mut any = false;
    for (number, line) in lines {
        // Spreadsheets write rows that were emptied as commas alone.
        if line.iter().all(|&b| b == b',' || b == b' ') {
            continue;
        }
        any = true;
        if self::fields(number, line, header.len(), |i| header.column(i), &mut fields, findings).is_some() {
            reader.read(number, &fields, findings);
        }
    }
    if !any {
        findings.problem(0, None, "no-rows", "there is a header and no row: nothing to import");
    }
    sound(reader, findings)
}

/// The rows of a table that was made of a file of another form. A row with another number of cells than the header is a
/// mistake of the maker: it is left out.
pub(super) fn table(table: &Table, request: &Request<'_>, findings: &mut Findings) -> (Vec<Locus>, Vec<Row>) {
    let names: Vec<Cow<'_, str>> = table.header.iter().map(|name| Cow::Borrowed(name.as_str())).collect();
    let header = Header::read(table.line, "", &names, request.layout, request.panel, findings);
    let Some(header) = header.map(Header::without_numbers) else { return Default::default() };
    let mut reader = RowReader::new(&header, request);
    let mut fields = Vec::with_capacity(header.len());
    for (line, cells) in table.rows.iter().filter(|(_, cells)| cells.len() == header.len()) {
        fields.clear();
        fields.extend(cells.iter().map(|cell| Cow::Borrowed(cell.as_str())));
        reader.read(*line, &fields, findings);
    }
    sound(reader, findings)
}

/// What is left of the rows once they were held against each other.
fn sound(reader: RowReader<'_>, findings: &mut Findings) -> (Vec<Locus>, Vec<Row>) {
    let RowReader { header, layout, mut rows, families_without_agency, .. } = reader;
    across::check(layout, header, &rows, &families_without_agency, findings);
    findings.locus_columns = header.locus_columns.iter().map(|&at| header.column(at)).collect();
    let bad_lines = findings.bad_lines();
    let rejected = bad_lines.len() - bad_lines.partition_point(|&line| line <= header.line);
    if !bad_lines.is_empty() {
        rows.retain(|row| bad_lines.binary_search(&row.line).is_err());
    }
    findings.rejected = rejected as u64;
    (header.loci.clone(), rows)
}

/// A file up to and with its header line.
pub(super) struct Source<'a> {
    /// Number of the header line.
    pub(super) line: u64,
    /// The header line.
    pub(super) text: &'a str,
    /// Its fields.
    pub(super) header: Vec<Cow<'a, str>>,
    /// What follows.
    pub(super) lines: Lines<'a>,
}

/// Reads up to the header line. `None` if there is no such thing; the findings then say why.
pub(super) fn open<'a>(bytes: &'a [u8], findings: &mut Findings) -> Option<Source<'a>> {
    if let Some((code, what)) = foreign(bytes) {
        findings.problem(0, None, code, what);
        return None;
    }
    let mut lines = Lines::new(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let Some((line, first)) = lines.find(|(_, line)| !line.trim_ascii().is_empty()) else {
        findings.problem(0, None, "empty", "the file is empty: nothing to import");
        return None;
    };
    let text = text(line, first, findings)?;
    let mut header = Vec::new();
    split(text, &mut header).map_err(|place| quote(line, Some((place, "?".into())), findings)).ok()?;
    Some(Source { line, text, header, lines })
}

/// The fields of a row, if it has as many as the header. `name` gives the column at a position, from 0, as findings
/// name it.
pub(super) fn fields<'a>(
    number: u64,
    line: &'a [u8],
    columns: usize,
    name: impl Fn(usize) -> Column,
    fields: &mut Vec<Cow<'a, str>>,
    findings: &mut Findings,
) -> Option<()> {
    let text = text(number, line, findings)?;
    if let Err(place) = split(text, fields) {
        quote(number, name(place - 1).or_else(|| Some((place, "?".into()))), findings);
        return None;
    }
    if fields.len() != columns {
        let what =
            format!("the row has {} fields, the header has {columns}: a comma is missing or too many", fields.len());
        findings.problem(number, None, "fields", what);
        return None;
    }
    Some(())
}

/// The text of a line, if it is one.
fn text<'a>(number: u64, line: &'a [u8], findings: &mut Findings) -> Option<&'a str> {
    if line.len() > MOST_LINE_BYTES {
        findings.problem(number, None, "line-length", "the line is longer than 64 KiB: a line end is missing");
        return None;
    }
    if line.iter().fold(false, |found, &b| found | (b < b' ' && b != b'\t')) {
        let (code, what) = if line.contains(&0) {
            ("nul", "the line contains a NUL byte: save the file again as CSV UTF-8")
        } else if line.contains(&b'\r') {
            ("line-end", "the line contains a carriage return alone: save the file with Windows or Unix line ends")
        } else {
            ("control", "the line contains a control character: save the file again as CSV UTF-8")
        };
        findings.problem(number, None, code, what);
        return None;
    }
    match std::str::from_utf8(line) {
        Ok(text) => Some(text),
        Err(error) => {
            let what =
                format!("the line is not UTF-8 at its byte {}: save the file as CSV UTF-8", error.valid_up_to() + 1);
            findings.problem(number, None, "utf-8", what);
            None
        }
    }
}

fn quote(number: u64, column: Column, findings: &mut Findings) {
    let what = "a double quote is opened here and not closed before the next comma or line end: remove or close it";
    findings.problem(number, column, "quote", what);
}

/// Recognises what is not a CSV file at all.
fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let start = &bytes[..bytes.len().min(64)];
    let utf_16 = start.starts_with(b"\xff\xfe")
        || start.starts_with(b"\xfe\xff")
        // Without a byte order mark: every second byte of Latin text is zero.
        || (start.len() >= 8 && (0..2).any(|odd| start.iter().skip(odd).step_by(2).all(|&b| b == 0)) && start.iter().any(|&b| b != 0));
    if bytes.len() as u64 > MOST_BYTES {
        Some(("size", "the file is larger than 2 GiB: split it into several files, each with the header line"))
    } else if utf_16 {
        Some(("utf-16", "the file is UTF-16 (\"Unicode text\"): save it as CSV UTF-8"))
    } else if start.starts_with(b"PK\x03\x04") || start.starts_with(b"\xd0\xcf\x11\xe0") {
        Some(("workbook", "the file is a workbook (Excel): open it there and save it as CSV UTF-8"))
    } else if start.starts_with(b"\x1f\x8b") {
        Some(("compressed", "the file is compressed (gzip): unpack it first"))
    } else {
        None
    }
}
