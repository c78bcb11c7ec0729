//! Reads lists that are not genotypes: a header, a row for each subject, cells of a few common kinds.
//!
//! Identifiers become pseudonyms here, and numbers of birth certificates keyed hashes; neither goes further.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::Date;

use crate::certificates::{ClaimedNumber, Number, folded};
use crate::intake::findings::{Findings, Problem};
use crate::intake::list_columns::{ListColumn, ListHeader};
use crate::intake::rows::cells;
use crate::intake::rows::id_numbers::is_resident_id;
use crate::intake::text::characters::to_ascii;
use crate::intake::text::encoding::{TextEncoding, decode_as};
use crate::intake::text::identifiers::{SpreadsheetNumbers, check_folded};
use crate::intake::text::lines::is_blank;
use crate::intake::text::source::{Width, open_source, refuse_cut_off, row_fields};
use crate::intake::text::words;
use crate::model::{FindingCode, Place, Pseudonym, Sex};
use crate::pseudonym::{CertificateHasher, IdentifierError, Pseudonymizer};

/// What is asked of a list.
#[derive(Clone, Copy)]
pub struct ListRequest<'a> {
    /// Makes the hashes of numbers.
    pub hasher: &'a CertificateHasher,
    /// Makes the pseudonyms of children and parents.
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
    /// Rows without a problem, in file order, each with its line. No two have the same key: number, child and number, or subject.
    pub rows: Vec<(u64, T)>,
    /// Number of rows that were rejected because of a problem.
    pub rejected: u64,
    /// Errors, in order of lines and columns.
    pub problems: Vec<Problem>,
    /// Warnings and notes, in order of lines and columns.
    pub notes: Vec<Problem>,
}

/// Computes the hashes of a number that somebody typed or a file holds.
#[must_use]
pub fn claimed_number(hasher: &CertificateHasher, text: &str) -> ClaimedNumber {
    match Number::parse(text) {
        Some(number) => ClaimedNumber {
            hash: hasher.hash(number.text()),
            issue: Some(number.issue()),
            next: number.following().map(|next| hasher.hash(&next)).collect(),
        },
        None => ClaimedNumber { hash: hasher.hash(&folded(text)), issue: None, next: Vec::new() },
    }
}

/// What is particular to a kind of lists.
pub(super) struct ListForm<'a, C> {
    /// Its columns.
    pub(super) columns: &'a [C],
    /// Those of them that a list must have.
    pub(super) required: &'a [C],
    /// The column that a second row of the same key is reported in.
    pub(super) key: C,
    /// What is wrong with a row whose key an earlier line has with other values.
    pub(super) again: fn(u64) -> String,
    /// What is wrong with a list that has no rows.
    pub(super) no_rows: &'static str,
}

/// Reads a list: `row` reads the cells of a row, and `key` says what no two rows may share.
pub(super) fn read_list<C: ListColumn, T: PartialEq, K: std::hash::Hash + Eq>(
    file_name: &str,
    bytes: &[u8],
    request: &ListRequest<'_>,
    form: &ListForm<'_, C>,
    row: impl Fn(&mut Cells<'_, '_, C>) -> Option<T>,
    key: impl Fn(&T) -> Option<K>,
) -> ListIntake<T> {
    let mut findings = Findings::new(file_name);
    let (mut rows, mut rejected): (Vec<(u64, T)>, u64) = (Vec::new(), 0);
    let text = decode_as(bytes, request.sheet, request.encoding, &mut findings);
    let source = text.as_ref().and_then(|text| open_source(text, &mut findings));
    if let Some(mut source) = source
        && let Some(header) = ListHeader::read(&source, form.columns, form.required, &mut findings)
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
                    let column = header.column(form.key);
                    findings.problem(line, column, FindingCode::ConflictItself, (form.again)(*before));
                    rejected += 1;
                }
            }
        }
        refuse_cut_off(&source.lines, last, &mut findings);
        if !any {
            findings.problem(0, None, FindingCode::NoRows, form.no_rows);
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
    pub(super) request: &'a ListRequest<'a>,
    pub(super) findings: &'f mut Findings,
}

impl<'a, C: ListColumn> Cells<'a, '_, C> {
    pub(super) fn cell(&self, column: C) -> &'a str {
        self.header.cell(column, self.cells)
    }

    /// Returns the number of problems before a row is read, for [`Self::is_sound_since`].
    pub(super) fn problems(&self) -> u64 {
        self.findings.count()
    }

    /// Reports whether nothing was refused since.
    pub(super) fn is_sound_since(&self, before: u64) -> bool {
        self.findings.count() == before
    }

    /// Returns the agency under which the row's people are named, if it names one.
    pub(super) fn agency(&self) -> Option<&'a str> {
        Some(self.cell(C::AGENCY)).filter(|agency| !agency.is_empty())
    }

    pub(super) fn warn(&mut self, column: C, code: FindingCode, what: &'static str) {
        self.findings.warn(self.line, self.header.column(column), code, what);
    }

    pub(super) fn refuse(&mut self, column: C, code: FindingCode, what: impl Into<Cow<'static, str>>) {
        self.findings.problem(self.line, self.header.column(column), code, what);
    }

    pub(super) fn sex(&mut self, column: C) -> Sex {
        words::sex(self.cell(column)).unwrap_or_else(|error| {
            self.refuse(column, FindingCode::Sex, error.to_string());
            Sex::Unknown
        })
    }

    pub(super) fn date(&mut self, column: C) -> Option<Date> {
        let text = self.cell(column);
        let date = cells::date(text);
        if date.is_none() && !is_missing(text) {
            let what = "the cell is not a day with its year first; write YYYY-MM-DD, or leave it empty";
            self.refuse(column, FindingCode::Date, what);
        }
        date
    }

    pub(super) fn place(&mut self, column: C) -> Option<Place> {
        let text = self.cell(column);
        let place = Place::parse(&to_ascii(text));
        if place.is_none() && !is_missing(text) {
            let what =
                "the cell is not the code of a place: six digits by GB/T 2260, such as 370102; or leave it empty";
            self.refuse(column, FindingCode::PlaceCode, what);
        }
        place
    }

    /// Reads the identifier of a sample.
    pub(super) fn sample(&mut self, column: C) -> Option<Pseudonym> {
        let names = self.request.names;
        self.named(column, |agency, text| names.sample(agency, text))
    }

    /// Reads the identifier of a family.
    pub(super) fn family(&mut self, column: C) -> Option<Pseudonym> {
        let names = self.request.names;
        self.named(column, |agency, text| names.family(agency, text))
    }

    /// Reads an identifier; `None` if there is none, or it is invalid.
    fn named(
        &mut self,
        column: C,
        name: impl FnOnce(Option<&str>, &str) -> Result<Pseudonym, IdentifierError>,
    ) -> Option<Pseudonym> {
        let text = self.cell(column);
        if text.is_empty() {
            return None;
        }
        // One in a thousand resident ID numbers ends with three zeros, as rounded numbers do; those have a wrong check digit.
        let numbers = if is_resident_id(text) { SpreadsheetNumbers::Take } else { self.request.spreadsheet_numbers };
        if let Err(doubtful) = check_folded(text, numbers) {
            self.refuse(column, doubtful.code, format!("the cell {}", doubtful.what));
            return None;
        }
        match name(self.agency(), text) {
            Ok(person) => Some(person),
            Err(error) => {
                self.refuse(column, FindingCode::Identifier, error.to_string());
                None
            }
        }
    }

    /// Reads the number of a claimed certificate; one that is malformed is kept, with a warning.
    pub(super) fn claimed_number(&mut self) -> ClaimedNumber {
        let text = C::CERTIFICATE.map_or("", |column| self.cell(column));
        let number = claimed_number(self.request.hasher, text);
        if let Some(column) = C::CERTIFICATE.filter(|_| number.issue.is_none() && !text.is_empty()) {
            let what = "the cell is not the number of a birth certificate: kept as malformed; read it again from the \
                        certificate";
            self.warn(column, FindingCode::BirthCertificateForm, what);
        }
        number
    }
}

/// Reports whether a cell says that there is nothing: a certificate may name no father.
pub(super) fn is_missing(text: &str) -> bool {
    matches!(text, "" | "-" | "--" | "/" | "—" | "——" | "无" | "不详" | "未知" | "未提供" | "空")
}

/// What tests of lists share.
#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::pseudonym::SecretKey;

    pub(in crate::intake) fn with_request<T>(then: impl FnOnce(&ListRequest<'_>) -> T) -> T {
        let key = SecretKey::from_bytes([1; 32]);
        let (hasher, names) = (CertificateHasher::new(&key), Pseudonymizer::new(&key));
        then(&ListRequest {
            hasher: &hasher,
            names: &names,
            spreadsheet_numbers: SpreadsheetNumbers::Refuse,
            sheet: None,
            encoding: None,
        })
    }

    pub(in crate::intake) fn places(problems: &[Problem]) -> Vec<(u64, usize, &'static str)> {
        problems.iter().map(|one| (one.line, one.place().1, one.code.word())).collect()
    }
}
