//! Reads lists about samples that hold no genotypes: one row for each fact.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;

use jiff::civil::Date;

use crate::intake::findings::{Findings, Problem};
use crate::intake::list_header::{Columns, ListColumn, ListHeader};
use crate::intake::rows::cells;
use crate::intake::rows::id_numbers::is_resident_id;
use crate::intake::text::encoding::{TextEncoding, decode_as};
use crate::intake::text::identifiers::{SpreadsheetNumbers, check_folded};
use crate::intake::text::lines::is_blank;
use crate::intake::text::source::{Width, open_source, refuse_cut_off, row_fields};
use crate::model::{FindingCode, Pseudonym};
use crate::pseudonym::Pseudonymizer;

/// What is asked of a list.
#[derive(Clone, Copy)]
pub struct ListRequest<'a> {
    /// Makes the pseudonyms of samples.
    pub names: &'a Pseudonymizer,
    /// What to do with identifiers that a spreadsheet may have rounded.
    pub spreadsheet_numbers: SpreadsheetNumbers,
    /// The sheet of a workbook; `None` for the first.
    pub sheet: Option<&'a str>,
    /// The encoding; `None` to detect it by the bytes.
    pub encoding: Option<TextEncoding>,
}

/// The result of reading a list: its sound rows, each with its line, and its findings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListIntake<T> {
    /// BLAKE3 of the file's bytes.
    pub digest: [u8; 32],
    /// Number of bytes.
    pub size: u64,
    /// Rows without a problem, in file order, each with its line. No two are about the same thing.
    pub rows: Vec<(u64, T)>,
    /// Number of rows that were rejected because of a problem.
    pub rejected: u64,
    /// Errors, in order of lines and columns.
    pub problems: Vec<Problem>,
    /// Warnings and notes, in order of lines and columns.
    pub notes: Vec<Problem>,
}

/// Reads a list. `row` reads a row, and `key` returns what it is about: of two rows about the same thing, the second must
/// be equal.
pub(super) fn read_list<C: ListColumn, T: PartialEq, K: Hash + Eq>(
    file_name: &str,
    bytes: &[u8],
    request: &ListRequest<'_>,
    of_list: &Columns<C>,
    row: impl Fn(&mut Cells<'_, '_, C>) -> Option<T>,
    key: impl Fn(&T) -> Option<K>,
) -> ListIntake<T> {
    let mut findings = Findings::new(file_name);
    let (mut rows, mut rejected): (Vec<(u64, T)>, u64) = (Vec::new(), 0);
    let text = decode_as(bytes, request.sheet, request.encoding, &mut findings);
    let source = text.as_ref().and_then(|text| open_source(text, &mut findings));
    if let Some(mut source) = source
        && let Some(header) = ListHeader::read(&source, of_list, &mut findings)
    {
        let (mut fields, mut last, mut any) = (Vec::new(), None, false);
        let mut seen: HashMap<K, usize> = HashMap::new();
        let width = Width { columns: header.width(), may_end: |cells| header.may_end(cells) };
        for (line, text) in source.lines.by_ref().filter(|(_, line)| !is_blank(line, source.delimiter)) {
            any = true;
            let name = |at| header.column_at(at);
            let whole = row_fields(line, text, source.delimiter, &width, name, &mut fields, &mut findings);
            last = whole.map(|row| (line, row));
            let mut cells = Cells { header: &header, line, cells: &fields, request, findings: &mut findings };
            let Some(one) = whole.and_then(|_| row(&mut cells)) else {
                rejected += 1;
                continue;
            };
            let key = key(&one);
            match key.as_ref().and_then(|key| seen.get(key)).map(|&at| &rows[at]) {
                None => {
                    if let Some(key) = key {
                        seen.insert(key, rows.len());
                    }
                    rows.push((line, one));
                }
                Some((_, before)) if *before == one => {}
                Some((before, _)) => {
                    let what = format!(
                        "line {before} has the same {} with other details; keep the row that is right",
                        of_list.key.name()
                    );
                    findings.problem(line, header.column(of_list.key), FindingCode::ConflictItself, what);
                    rejected += 1;
                }
            }
        }
        refuse_cut_off(&source.lines, last, &mut findings);
        if !any {
            findings.problem(0, None, FindingCode::NoRows, "the file has a header and no rows: nothing to import");
        }
    }
    let (problems, notes) = findings.finish();
    let digest = *blake3::hash(bytes).as_bytes();
    ListIntake { digest, size: bytes.len() as u64, rows, rejected, problems, notes }
}

/// The cells of a row.
pub(super) struct Cells<'a, 'f, C> {
    header: &'a ListHeader<C>,
    line: u64,
    cells: &'a [Cow<'a, str>],
    request: &'a ListRequest<'a>,
    findings: &'f mut Findings,
}

impl<'a, C: ListColumn> Cells<'a, '_, C> {
    /// Returns the number of problems so far.
    pub(super) fn problems(&self) -> u64 {
        self.findings.count()
    }

    /// Returns the cell of a column.
    pub(super) fn cell(&self, column: C) -> &'a str {
        self.header.cell(column, self.cells)
    }

    /// Refuses the row because of a cell.
    pub(super) fn refuse(&mut self, column: C, code: FindingCode, what: impl Into<Cow<'static, str>>) {
        self.findings.problem(self.line, self.header.column(column), code, what);
    }

    /// Warns of a cell.
    pub(super) fn warn(&mut self, column: C, code: FindingCode, what: &'static str) {
        self.findings.warn(self.line, self.header.column(column), code, what);
    }

    /// Reads a day; `None` if there is none, or it is invalid.
    pub(super) fn date(&mut self, column: C) -> Option<Date> {
        let text = self.cell(column);
        let date = cells::date(text);
        if date.is_none() && !is_missing(text) {
            let what = "the cell is not a day with its year first; write YYYY-MM-DD, or leave it empty";
            self.refuse(column, FindingCode::Date, what);
        }
        date
    }

    /// Returns the agency under which the sample is named.
    pub(super) fn agency(&self) -> Option<&'a str> {
        let [_, agency] = C::SAMPLE_AND_AGENCY;
        Some(self.cell(agency)).filter(|agency| !agency.is_empty())
    }

    /// Reads the identifier of a person; `None` if there is none, or it is invalid.
    pub(super) fn person(&mut self, column: C) -> Option<Pseudonym> {
        let text = self.cell(column);
        let [sample, _] = C::SAMPLE_AND_AGENCY;
        if text.is_empty() || (column != sample && is_missing(text)) {
            return None;
        }
        // One in a thousand resident ID numbers ends with three zeros, as rounded numbers do; those have a wrong check digit.
        let numbers = if is_resident_id(text) { SpreadsheetNumbers::Take } else { self.request.spreadsheet_numbers };
        if let Err(doubtful) = check_folded(text, numbers) {
            self.refuse(column, doubtful.code, format!("the cell {}", doubtful.what));
            return None;
        }
        match self.request.names.sample(self.agency(), text) {
            Ok(person) => Some(person),
            Err(error) => {
                self.refuse(column, FindingCode::Identifier, error.to_string());
                None
            }
        }
    }
}

/// Reports whether a cell says that there is nothing: a certificate may name no father.
pub(super) fn is_missing(text: &str) -> bool {
    matches!(text, "" | "-" | "--" | "/" | "—" | "——" | "无" | "不详" | "未知" | "未提供" | "空")
}
