//! Case lists: who the samples are, beside files that hold genotypes alone.
//!
//! A list is a tidy file without loci. Its lines are checked as rows are, once, with findings that name the list; then
//! [`super::rows::RowReader`] asks it about each sample of a file of genotypes, whatever the form of that file.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::encoding::decode;
use super::fields::Field;
use super::findings::Findings;
use super::header::Header;
use super::lines::is_blank;
use super::rows::RowReader;
use super::tidy::{fields, open, sound};
use super::{Problem, Request};
use crate::model::Pseudonym;

/// Who the samples are: for families `sample_id, family_id, relation, sex`, for children `sample_id, sex`, and the
/// optional columns of tidy files. A sample stands once, or once for each family that it belongs to.
///
/// It holds the identifiers of the list until it is dropped, and shows them nowhere.
pub struct CaseList {
    file: Arc<str>,
    header: Header,
    /// Line, pseudonym and cells of each sample.
    lines: Vec<Line>,
    /// Positions in `lines`, by sample as written.
    by_sample: HashMap<Box<str>, Vec<usize>>,
    notes: Vec<Problem>,
}

struct Line {
    number: u64,
    sample: Pseudonym,
    cells: Vec<Box<str>>,
}

/// A line of the list.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    header: &'a Header,
    cells: &'a [Box<str>],
}

impl<'a> Entry<'a> {
    /// What the line says of a field; `None` if the list has no such column, or says it by the sample's name.
    pub(super) fn cell(self, field: Field) -> Option<&'a str> {
        let at = self.header.position(field).filter(|_| field != Field::SampleId)?;
        Some(&self.cells[at])
    }
}

impl CaseList {
    /// Reads a list for files of a request's layout: text such as [`super::read_bytes`] reads. Columns that say nothing
    /// about a sample's donor are noted and left aside.
    ///
    /// # Errors
    /// Every problem, in order of lines and columns.
    pub fn read(file_name: &str, bytes: &[u8], request: &Request<'_>) -> Result<Self, Vec<Problem>> {
        let mut findings = Findings::new(file_name);
        let request = Request { cases: None, sheet: None, ..*request };
        let read = read(bytes, &request, &mut findings);
        let (problems, notes) = findings.finish();
        match read {
            Some((header, lines, by_sample)) if problems.is_empty() => {
                Ok(Self { file: file_name.into(), header, lines, by_sample, notes })
            }
            _ => Err(problems),
        }
    }

    /// What the sender of the list may want to know, in order of lines and columns.
    #[must_use]
    pub fn notes(&self) -> &[Problem] {
        &self.notes
    }

    /// A note for each line whose sample is not among these, which are all that have been read with this list.
    #[must_use]
    pub fn without_genotypes(&self, samples: &HashSet<Pseudonym>) -> Vec<Problem> {
        let mut findings = Findings::new(&self.file);
        for line in self.lines.iter().filter(|line| !samples.contains(&line.sample)) {
            let what = "no sound genotypes of this sample were found: not imported";
            findings.note(line.number, self.header.field(Field::SampleId), "no-genotypes", what);
        }
        findings.finish().1
    }

    /// Whether the list has this column.
    pub(super) fn says(&self, field: Field) -> bool {
        self.header.position(field).is_some()
    }

    /// Whether the list has this sample.
    pub(super) fn has(&self, sample: &str) -> bool {
        self.by_sample.contains_key(sample.trim())
    }

    /// The lines of a sample.
    pub(super) fn of(&self, sample: &str) -> impl Iterator<Item = Entry<'_>> {
        let places = self.by_sample.get(sample.trim()).map_or(&[][..], Vec::as_slice);
        places.iter().map(|&place| Entry { header: &self.header, cells: &self.lines[place].cells })
    }
}

type Read = (Header, Vec<Line>, HashMap<Box<str>, Vec<usize>>);

fn read(bytes: &[u8], request: &Request<'_>, findings: &mut Findings) -> Option<Read> {
    let text = decode(bytes, None, findings)?;
    let source = open(&text, findings)?;
    let header = Header::read_people(source.line, &source.header, request, findings)?;
    let mut reader = RowReader::new(&header, request);
    let (mut cells, mut texts) = (Vec::new(), Vec::new());
    let mut by_sample: HashMap<Box<str>, Vec<usize>> = HashMap::new();
    let id = header.position(Field::SampleId)?;
    for (number, line) in source.lines {
        let name = |at| header.column(at);
        if is_blank(line, source.delimiter)
            || fields(number, line, source.delimiter, header.len(), name, &mut cells, findings).is_none()
        {
            continue;
        }
        let before = reader.rows.len();
        reader.read(number, &cells, findings);
        // One of its samples has no pseudonym: that has been said.
        let Some(row) = reader.rows.get(before) else { continue };
        let places = by_sample.entry(cells[id].trim().into()).or_default();
        if let Some(&other) = places.iter().find(|&&place| reader.rows[place].sample != row.sample) {
            let what = format!(
                "the same sample_id stands on line {} under another agency: genotypes do not say which of the two is \
                 meant; give them in a file that has the column agency",
                reader.rows[other].line
            );
            findings.problem(number, header.field(Field::SampleId), "two-agencies", what);
        }
        places.push(before);
        texts.push(cells.iter().map(|cell| cell.trim().into()).collect::<Vec<Box<str>>>());
    }
    if texts.is_empty() && findings.count() == 0 {
        findings.problem(0, None, "no-rows", "there is a header and no row: no cases");
    }
    let samples: Vec<(u64, Pseudonym)> = reader.rows.iter().map(|row| (row.line, row.sample)).collect();
    sound(reader, findings);
    let line = |((number, sample), cells)| Line { number, sample, cells };
    let lines = samples.into_iter().zip(texts).map(line).collect();
    Some((header, lines, by_sample))
}
