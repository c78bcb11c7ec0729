//! Reads case lists. Their lines are checked as the rows of a file are.

use std::collections::HashMap;

use crate::intake::columns::fields::Field;
use crate::intake::columns::header::Header;
use crate::intake::findings::{Findings, Problem};
use crate::intake::request::Request;
use crate::intake::rows::case_list::{CaseList, Line};
use crate::intake::rows::finish::sound_rows;
use crate::intake::rows::reader::RowReader;
use crate::intake::text::encoding::decode;
use crate::intake::text::lines::is_blank;
use crate::intake::text::source::{Width, open_source, refuse_cut_off, row_fields};
use crate::model::{FindingCode, Pseudonym};

impl CaseList {
    /// Reads a list for files of a request's layout; the text may have any form that
    /// [`read_bytes`](crate::intake::read_bytes) accepts. Columns that say nothing about a sample's donor are ignored
    /// with a note.
    ///
    /// # Errors
    /// Every problem, in order of lines and columns.
    pub fn read(file_name: &str, bytes: &[u8], request: &Request<'_>) -> Result<Self, Vec<Problem>> {
        let mut findings = Findings::new(file_name);
        let request = Request { cases: None, sheet: None, ..*request };
        let read = read_lines(bytes, &request, &mut findings);
        let (problems, notes) = findings.finish();
        match read {
            Some((header, lines, by_sample)) if problems.is_empty() => {
                Ok(Self { file: file_name.into(), header, lines, by_sample, notes })
            }
            _ => Err(problems),
        }
    }
}

type Read = (Header, Vec<Line>, HashMap<Box<str>, Vec<usize>>);

fn read_lines(bytes: &[u8], request: &Request<'_>, findings: &mut Findings) -> Option<Read> {
    let text = decode(bytes, None, findings)?;
    let mut source = open_source(&text, findings)?;
    let expected = request.expected();
    let words = expected.words_under(&source.header);
    let header = Header::read_people(source.line, &source.header, &expected, findings)?;
    let mut reader = RowReader::new(&header, request);
    let (mut cells, mut texts) = (Vec::new(), Vec::new());
    let mut by_sample: HashMap<Box<str>, Vec<usize>> = HashMap::new();
    let id = header.position(Field::SampleId)?;
    let width = Width { columns: header.len(), may_end: |cells| header.may_end(cells) };
    let mut last = None;
    for (number, line) in source.lines.by_ref().filter(|(_, line)| !is_blank(line, source.delimiter)) {
        let name = |at| header.column(at);
        let row = row_fields(number, line, source.delimiter, &width, name, &mut cells, findings);
        last = row.map(|row| (number, row));
        if row.is_none() {
            continue;
        }
        words.translate(&mut cells);
        let before = reader.rows.len();
        reader.read(number, &cells, findings);
        // A sample without a pseudonym was already reported.
        let Some(row) = reader.rows.get(before) else { continue };
        let places = by_sample.entry(cells[id].trim().into()).or_default();
        if let Some(&other) = places.iter().find(|&&place| reader.rows[place].sample != row.sample) {
            let what = format!(
                "line {} has the same sample_id under another agency, so it is unclear to which of the two the \
                 genotypes belong; give them in a file that has the column agency",
                reader.rows[other].line
            );
            findings.problem(number, header.field_column(Field::SampleId), FindingCode::SampleTwoAgencies, what);
        }
        places.push(before);
        texts.push(cells.iter().map(|cell| cell.trim().into()).collect::<Vec<Box<str>>>());
    }
    refuse_cut_off(&source.lines, last, findings);
    if texts.is_empty() && findings.count() == 0 {
        findings.problem(0, None, FindingCode::NoRows, "the file has a header and no rows: no cases");
    }
    let samples: Vec<(u64, Pseudonym)> = reader.rows.iter().map(|row| (row.line, row.sample)).collect();
    sound_rows(reader, findings);
    let line = |((number, sample), cells)| Line { number, sample, cells };
    let lines = samples.into_iter().zip(texts).map(line).collect();
    Some((header, lines, by_sample))
}
