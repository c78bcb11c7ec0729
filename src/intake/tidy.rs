//! The tidy CSV layouts, read in one pass.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::encoding::decode;
use super::fields::{Field, field};
use super::findings::{Column, Findings};
use super::header::Header;
use super::lines::{self, Lines, split};
use super::pieces::{self, PIECE};
use super::rows::RowReader;
use super::table::Table;
use super::{Format, Intake, IntakeError, Layout, Request, Row, across, cmf, fam, genemapper, kit_check};
use crate::model::{FamilyPedigree, Locus};

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
/// Text is UTF-8, UTF-16 or GB18030, with fields between commas, tabs or semicolons. In tidy CSV, columns are found by
/// name, in any order: `sample_id`, for families also `family_id`, `relation` and `sex`; the optional `sex` of children,
/// `agency`, `region`, `collected_on` (YYYY-MM-DD), `kit` and `drop_out` (from 0, below 1); `AMEL` (X or X/Y),
/// `resident_id` and `birth_certificate`, which are checked and not kept; any other column is a locus with cells such as
/// `14/15`, `14` (see [`super::SingleAllele`]), or empty if untyped; or one of two columns of a locus, with an allele
/// each. Three alleles or more are kept beside the profile. Blank lines, lines of delimiters alone and Windows line ends
/// are accepted. A table with a row per sample and locus is read too, as [`Format::GeneMapper`] says.
///
/// With a case list, the file holds `sample_id` and loci; what else is known of each sample stands in the list.
/// Where the file has neither a column of sexes nor a list, the sex marker gives the sex; otherwise it is held against it.
///
/// Memory, beside `bytes`: at most three times their size for text that is not UTF-8, at most 128 times for what is read,
/// and the findings, of which no more than 100,000 of each kind are kept.
///
/// Rows of a family that is among the request's pedigrees have the relation `member`, and their place there by
/// `sample_id`.
///
/// `file_name` is only used to name the file in findings.
#[must_use]
pub fn read_bytes(file_name: &str, bytes: &[u8], request: &Request<'_>) -> Intake {
    read_hashed(file_name, bytes, *blake3::hash(bytes).as_bytes(), request)
}

/// The same of bytes whose BLAKE3 is known.
pub(super) fn read_hashed(file_name: &str, bytes: &[u8], digest: [u8; 32], request: &Request<'_>) -> Intake {
    let mut findings = Findings::new(file_name);
    let (format, (loci, rows, pedigrees)) = read_form(bytes, request, &mut findings);
    let (locus_columns, rejected) = (std::mem::take(&mut findings.locus_columns), findings.rejected);
    let (problems, notes) = findings.finish();
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

/// What is read of a file: its loci, sound rows, and pedigrees of their families.
type Whole = (Vec<Locus>, Vec<Row>, Vec<FamilyPedigree>);

/// Reads a file as the form asked for, or as the one that its content tells.
fn read_form(bytes: &[u8], request: &Request<'_>, findings: &mut Findings) -> (Format, Whole) {
    // XML says itself how it is encoded.
    if request.format.map_or_else(|| cmf::begins(bytes), |format| format == Format::Cmf) {
        return (Format::Cmf, with_pedigrees(messages(bytes, request, findings), request));
    }
    let Some(text) = decode(bytes, request.sheet, findings) else {
        return (request.format.unwrap_or(Format::Csv), Whole::default());
    };
    let format = request.format.unwrap_or_else(|| Format::of(&text));
    let read = match format {
        Format::Csv => with_pedigrees(tidy(&text, request, PIECE, findings), request),
        Format::GeneMapper => with_pedigrees(genemapper::read(&text, request, findings), request),
        Format::Cmf => Whole::default(),
        Format::Fam => fam::read(&text, request, findings),
    };
    (format, read)
}

fn with_pedigrees((loci, rows): (Vec<Locus>, Vec<Row>), request: &Request<'_>) -> Whole {
    let pedigrees = request.pedigrees.map_or_else(Vec::new, |pedigrees| pedigrees.of(&rows));
    (loci, rows, pedigrees)
}

fn messages(bytes: &[u8], request: &Request<'_>, findings: &mut Findings) -> (Vec<Locus>, Vec<Row>) {
    let listed = |sample: &str| {
        let entry = request.cases?.of(sample).next()?;
        let cell = |field| entry.cell(field).unwrap_or_default();
        let [family, relation, sex] = [Field::FamilyId, Field::Relation, Field::Sex].map(cell);
        Some(cmf::Listed { family, relation, sex })
    };
    let Some(mut made) = cmf::table(bytes, request, &listed, findings) else { return Default::default() };
    if let Some(cases) = request.cases {
        // It goes before the categories, which were held against it.
        made.keep_columns(|name| field(name).is_none_or(|field| field == Field::SampleId || !cases.says(field)));
    } else if request.layout == Layout::Children {
        // Categories of children say no sex; the marker may.
        made.keep_columns(|name| field(name) != Some(Field::Sex));
    }
    table(&made, request, findings)
}

/// Reads tidy CSV, in pieces of so many bytes.
pub(super) fn tidy(
    text: &[u8],
    request: &Request<'_>,
    bytes: usize,
    findings: &mut Findings,
) -> (Vec<Locus>, Vec<Row>) {
    let Some(source) = open(text, findings) else { return Default::default() };
    let Source { line, text, delimiter, header, lines } = source;
    let header = Header::read(line, text, &header, request, findings);
    let Some(header) = header else { return Default::default() };
    let (reader, any) = pieces::read(lines, delimiter, &header, request, bytes, findings);
    if !any {
        findings.problem(0, None, "no-rows", "there is a header and no row: nothing to import");
    }
    sound(reader, findings)
}

/// The rows of a table that was made of a file of another form. A row with another number of cells than the header is a
/// mistake of the maker: it is left out. To what the maker has rejected comes every row whose line is not sound.
pub(super) fn table(table: &Table, request: &Request<'_>, findings: &mut Findings) -> (Vec<Locus>, Vec<Row>) {
    let names: Vec<Cow<'_, str>> = table.header.iter().map(|name| Cow::Borrowed(name.as_str())).collect();
    let header = Header::read(table.line, "", &names, request, findings);
    let Some(header) = header else { return Default::default() };
    let mut reader = RowReader::new(&header, request);
    let mut fields = Vec::with_capacity(header.len());
    for (line, cells) in table.rows.iter().filter(|(_, cells)| cells.len() == header.len()) {
        fields.clear();
        fields.extend(cells.iter().map(|cell| Cow::Borrowed(cell.as_str())));
        reader.read(*line, &fields, findings);
    }
    let before = findings.rejected;
    let (loci, rows) = sound(reader, findings);
    // A person has many lines, and with a case list perhaps many rows.
    let lines: HashSet<u64> = rows.iter().map(|row| row.line).collect();
    findings.rejected = before + table.rows.iter().filter(|row| !lines.contains(&row.0)).count() as u64;
    (loci, rows)
}

/// What is left of the rows once they were held against each other.
pub(super) fn sound(reader: RowReader<'_>, findings: &mut Findings) -> (Vec<Locus>, Vec<Row>) {
    let RowReader { header, layout, mut rows, families_without_agency, told_by_sex, kits, .. } = reader;
    if let Some((line, count)) = told_by_sex {
        let what = format!(
            "{count} rows with the relation parent, the first of them here, are read as father or mother by \
                            their sex"
        );
        findings.note(line, header.field(Field::Relation), "parent-by-sex", what);
    }
    kit_check::check(header, &rows, kits, findings);
    across::check(layout, header, &rows, &families_without_agency, findings);
    findings.locus_columns = (0..header.loci.len()).map(|locus| header.locus(locus)).collect();
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
    /// What separates its fields.
    pub(super) delimiter: u8,
    /// Its fields.
    pub(super) header: Vec<Cow<'a, str>>,
    /// What follows.
    pub(super) lines: Lines<'a>,
}

/// Reads a text, as [`decode`] gives it, up to its header line. `None` if there is no such thing; the findings then say
/// why.
pub(super) fn open<'a>(text: &'a [u8], findings: &mut Findings) -> Option<Source<'a>> {
    let mut lines = Lines::new(text);
    let Some((line, first)) = lines.find(|(_, line)| !line.trim_ascii().is_empty()) else {
        findings.problem(0, None, "empty", "the file is empty: nothing to import");
        return None;
    };
    let text = self::text(line, first, findings)?;
    let delimiter = lines::delimiter(text);
    let mut header = Vec::new();
    split(text, delimiter, &mut header).map_err(|place| quote(line, Some((place, "?".into())), findings)).ok()?;
    Some(Source { line, text, delimiter, header, lines })
}

/// The fields of a row, if it has as many as the header. `name` gives the column at a position, from 0, as findings
/// name it.
pub(super) fn fields<'a>(
    number: u64,
    line: &'a [u8],
    delimiter: u8,
    columns: usize,
    name: impl Fn(usize) -> Column,
    fields: &mut Vec<Cow<'a, str>>,
    findings: &mut Findings,
) -> Option<()> {
    let text = text(number, line, findings)?;
    if let Err(place) = split(text, delimiter, fields) {
        quote(number, name(place - 1).or_else(|| Some((place, "?".into()))), findings);
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
    let what = "a double quote is opened here and not closed before the next field or line end: remove or close it";
    findings.problem(number, column, "quote", what);
}
