//! Reads registry extracts of birth certificates, and lists of the children who claim them.
//!
//! Numbers become keyed hashes here and go no further, as identifiers do; see the module `certificates`.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::Date;

use crate::certificates::{Certificate, Claim, ClaimedNumber, Number, Place, folded, is_province};
use crate::intake::certificate_columns::{CertificateColumn, CertificateHeader, OF_CLAIMS, OF_REGISTRY};
use crate::intake::findings::{Findings, Problem};
use crate::intake::rows::cells;
use crate::intake::rows::id_numbers::is_resident_id;
use crate::intake::text::characters::to_ascii;
use crate::intake::text::encoding::{TextEncoding, decode_as};
use crate::intake::text::identifiers::{SpreadsheetNumbers, check_folded};
use crate::intake::text::lines::is_blank;
use crate::intake::text::source::{Width, open_source, refuse_cut_off, row_fields};
use crate::intake::text::words;
use crate::model::{FindingCode, Pseudonym, Sex};
use crate::pseudonym::{CertificateHasher, Pseudonymizer};

/// What is asked of a list.
#[derive(Clone, Copy)]
pub struct CertificateRequest<'a> {
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
pub struct CertificateIntake<T> {
    /// BLAKE3 of the file's bytes.
    pub digest: [u8; 32],
    /// Number of bytes.
    pub size: u64,
    /// Rows without a problem, in file order, each with its line. No two have the same number, or child and number.
    pub rows: Vec<(u64, T)>,
    /// Number of rows that were rejected because of a problem.
    pub rejected: u64,
    /// Errors, in order of lines and columns.
    pub problems: Vec<Problem>,
    /// Warnings and notes, in order of lines and columns.
    pub notes: Vec<Problem>,
}

/// Reads a registry extract: `certificate`, and optionally `birth_date`, `birth_place`, `sex`, `mother`, `father`,
/// `issued_on`, `issued_in`, and the `agency` under which the parents' samples are named; also by Chinese names.
/// Places are codes of six digits. Columns of names are not read.
#[must_use]
pub fn read_certificates(
    file_name: &str,
    bytes: &[u8],
    request: &CertificateRequest<'_>,
) -> CertificateIntake<Certificate> {
    let required = &[CertificateColumn::Certificate];
    read(file_name, bytes, request, (OF_REGISTRY, required), certificate_row, |one| Some(one.number))
}

/// Reads claims: `sample_id` and `certificate`, and optionally the claimed `sex` and `birth_date`, `claimed_on`,
/// `claim_place`, and the `agency` under which the sample is named. If `must_name_children` is not set, `sample_id` may
/// be missing.
#[must_use]
pub fn read_claims(
    file_name: &str,
    bytes: &[u8],
    request: &CertificateRequest<'_>,
    must_name_children: bool,
) -> CertificateIntake<Claim> {
    let required = [CertificateColumn::Certificate, CertificateColumn::SampleId];
    let required = if must_name_children { &required[..] } else { &required[..1] };
    read(
        file_name,
        bytes,
        request,
        (OF_CLAIMS, required),
        |cells| cells.claim(must_name_children),
        |one| one.child.map(|child| (child, one.number.hash)),
    )
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

fn read<T: PartialEq, K: std::hash::Hash + Eq>(
    file_name: &str,
    bytes: &[u8],
    request: &CertificateRequest<'_>,
    (of_list, required): (&[CertificateColumn], &[CertificateColumn]),
    row: impl Fn(&mut Cells<'_, '_>) -> Option<T>,
    key: impl Fn(&T) -> Option<K>,
) -> CertificateIntake<T> {
    let mut findings = Findings::new(file_name);
    let (mut rows, mut rejected): (Vec<(u64, T)>, u64) = (Vec::new(), 0);
    let text = decode_as(bytes, request.sheet, request.encoding, &mut findings);
    let source = text.as_ref().and_then(|text| open_source(text, &mut findings));
    if let Some(mut source) = source
        && let Some(header) = CertificateHeader::read(&source, of_list, required, &mut findings)
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
                    let what =
                        format!("line {before} has the same number with other details; keep the row that is right");
                    let column = header.column(CertificateColumn::Certificate);
                    findings.problem(line, column, FindingCode::ConflictItself, what);
                    rejected += 1;
                }
            }
        }
        refuse_cut_off(&source.lines, last, &mut findings);
        if !any {
            findings.problem(0, None, FindingCode::NoRows, "the file has a header and no rows: no certificates");
        }
    }
    let (problems, notes) = findings.finish();
    let digest = *blake3::hash(bytes).as_bytes();
    CertificateIntake { digest, size: bytes.len() as u64, rows, rejected, problems, notes }
}

fn certificate_row(cells: &mut Cells<'_, '_>) -> Option<Certificate> {
    cells.certificate()
}

/// The cells of a row.
struct Cells<'a, 'f> {
    header: &'a CertificateHeader,
    line: u64,
    cells: &'a [Cow<'a, str>],
    request: &'a CertificateRequest<'a>,
    findings: &'f mut Findings,
}

impl<'a> Cells<'a, '_> {
    fn certificate(&mut self) -> Option<Certificate> {
        let before = self.findings.count();
        let text = self.cell(CertificateColumn::Certificate);
        let number = Number::parse(text);
        match &number {
            None if text.is_empty() => self.refuse(CertificateColumn::Certificate, FindingCode::Identifier, NO_NUMBER),
            None => self.refuse(CertificateColumn::Certificate, FindingCode::BirthCertificateForm, MALFORMED),
            Some(number) if !is_province(number.issue().province) => {
                let column = self.header.column(CertificateColumn::Certificate);
                self.findings.warn(self.line, column, FindingCode::BirthCertificateProvince, NO_PROVINCE);
            }
            Some(_) => {}
        }
        let sex = self.sex();
        let [born, issued_on] = [CertificateColumn::BirthDate, CertificateColumn::IssuedOn].map(|at| self.date(at));
        let [birth_place, issued_in] =
            [CertificateColumn::BirthPlace, CertificateColumn::IssuedIn].map(|at| self.place(at));
        let [mother, father] = [CertificateColumn::Mother, CertificateColumn::Father].map(|at| self.person(at));
        let number = number.filter(|_| self.findings.count() == before)?;
        Some(Certificate {
            number: self.request.hasher.hash(number.text()),
            issue: number.issue(),
            sex,
            born,
            birth_place,
            issued_on,
            issued_in,
            mother,
            father,
        })
    }

    fn claim(&mut self, must_name_child: bool) -> Option<Claim> {
        let before = self.findings.count();
        let text = self.cell(CertificateColumn::Certificate);
        let number = claimed_number(self.request.hasher, text);
        if text.is_empty() {
            self.refuse(CertificateColumn::Certificate, FindingCode::Identifier, NO_NUMBER);
        } else if number.issue.is_none() {
            let column = self.header.column(CertificateColumn::Certificate);
            let what = "the cell is not the number of a birth certificate: kept as malformed; read it again from the \
                        certificate";
            self.findings.warn(self.line, column, FindingCode::BirthCertificateForm, what);
        }
        let child = self.person(CertificateColumn::SampleId);
        if must_name_child && child.is_none() && self.findings.count() == before {
            let what = "the identifier is missing: every claim needs the child's";
            self.refuse(CertificateColumn::SampleId, FindingCode::Identifier, what);
        }
        let sex = self.sex();
        let [born, claimed_on] = [CertificateColumn::BirthDate, CertificateColumn::ClaimedOn].map(|at| self.date(at));
        let place = self.place(CertificateColumn::ClaimPlace);
        let agency = Some(self.cell(CertificateColumn::Agency)).filter(|agency| !agency.is_empty());
        let agency = agency.map(str::to_owned);
        (self.findings.count() == before).then_some(Claim { child, number, sex, born, claimed_on, place, agency })
    }

    fn cell(&self, column: CertificateColumn) -> &'a str {
        self.header.cell(column, self.cells)
    }

    fn refuse(&mut self, column: CertificateColumn, code: FindingCode, what: impl Into<Cow<'static, str>>) {
        self.findings.problem(self.line, self.header.column(column), code, what);
    }

    fn sex(&mut self) -> Sex {
        words::sex(self.cell(CertificateColumn::Sex)).unwrap_or_else(|error| {
            self.refuse(CertificateColumn::Sex, FindingCode::Sex, error.to_string());
            Sex::Unknown
        })
    }

    fn date(&mut self, column: CertificateColumn) -> Option<Date> {
        let text = self.cell(column);
        let date = cells::date(text);
        if date.is_none() && !is_missing(text) {
            let what = "the cell is not a day with its year first; write YYYY-MM-DD, or leave it empty";
            self.refuse(column, FindingCode::Date, what);
        }
        date
    }

    fn place(&mut self, column: CertificateColumn) -> Option<Place> {
        let text = self.cell(column);
        let place = Place::parse(&to_ascii(text));
        if place.is_none() && !is_missing(text) {
            let what =
                "the cell is not the code of a place: six digits by GB/T 2260, such as 370102; or leave it empty";
            self.refuse(column, FindingCode::PlaceCode, what);
        }
        place
    }

    /// Reads the identifier of a child or parent; `None` if there is none, or it is invalid.
    fn person(&mut self, column: CertificateColumn) -> Option<Pseudonym> {
        let text = self.cell(column);
        if text.is_empty() || (column != CertificateColumn::SampleId && is_missing(text)) {
            return None;
        }
        // One in a thousand resident ID numbers ends with three zeros, as rounded numbers do; those have a wrong check digit.
        let numbers = if is_resident_id(text) { SpreadsheetNumbers::Take } else { self.request.spreadsheet_numbers };
        if let Err(doubtful) = check_folded(text, numbers) {
            self.refuse(column, doubtful.code, format!("the cell {}", doubtful.what));
            return None;
        }
        let agency = Some(self.cell(CertificateColumn::Agency)).filter(|agency| !agency.is_empty());
        match self.request.names.sample(agency, text) {
            Ok(person) => Some(person),
            Err(error) => {
                self.refuse(column, FindingCode::Identifier, error.to_string());
                None
            }
        }
    }
}

const NO_NUMBER: &str = "the number is missing; every row needs one";
const MALFORMED: &str =
    "the cell is neither a letter and nine digits nor the digits alone of an old number; copy the number again";
const NO_PROVINCE: &str = "the first two digits are not those of a province; compare with the certificate";

/// Reports whether a cell says that there is nothing: a certificate may name no father.
fn is_missing(text: &str) -> bool {
    matches!(text, "" | "-" | "--" | "/" | "—" | "——" | "无" | "不详" | "未知" | "未提供" | "空")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonym::SecretKey;

    fn with_request<T>(then: impl FnOnce(&CertificateRequest<'_>) -> T) -> T {
        let key = SecretKey::from_bytes([1; 32]);
        let (hasher, names) = (CertificateHasher::new(&key), Pseudonymizer::new(&key));
        then(&CertificateRequest {
            hasher: &hasher,
            names: &names,
            spreadsheet_numbers: SpreadsheetNumbers::Refuse,
            sheet: None,
            encoding: None,
        })
    }

    fn places(problems: &[Problem]) -> Vec<(u64, usize, &'static str)> {
        problems.iter().map(|one| (one.line, one.place().1, one.code.word())).collect()
    }

    #[test]
    fn a_registry_extract_is_read_in_two_languages() {
        let english = "certificate,birth_date,birth_place,sex,mother,father,issued_on,issued_in\n\
                       Q370123456,2010-05-01,370102,f,M1,未提供,2010-05-10,370103\n370000001,1997-1-2,,,,,,\n";
        let chinese = "出生医学证明编号,出生日期,出生地代码,性别,母亲身份证号,父亲身份证号,签发日期,签发地代码,母亲姓名\n\
                       Ｑ370123456,2010年5月1日,370102,女,M1,,20100510,370103,某\n370000001,1997/1/2\n";
        with_request(|request| {
            let [one, other] = [english, chinese].map(|text| read_certificates("f", text.as_bytes(), request));
            assert_eq!((places(&one.problems), places(&other.problems)), (vec![], vec![]));
            assert_eq!((one.rows.len(), &one.rows), (2, &other.rows));
            let (_, first) = &one.rows[0];
            assert_eq!(first.number, request.hasher.hash("Q370123456"));
            assert_eq!(first.mother, request.names.sample(None, "M1").ok());
            assert_eq!((first.father, first.sex), (None, Sex::Female));
            assert_eq!(one.rows[1].1.issue.letter, None);
            assert!(other.notes.iter().any(|note| note.code == FindingCode::NotKept));
        });
    }

    #[test]
    fn bad_cells_are_named_by_line_and_column() {
        let text = "certificate,birth_date,birth_place,sex,mother\nQ37,2010-05-01,370102,f,M1\n\
                    Q370123456,spring,Jinan,x,3.7E+17\n,,,,\n,,370102,,\nQ990123456,,,,\nQ370123457,,,f,\n\
                    Q370123457,,,m,\nQ370123457,,,f,\n";
        with_request(|request| {
            let read = read_certificates("f", text.as_bytes(), request);
            let expected = [
                (2, 1, "birth-certificate-form"),
                (3, 2, "date"),
                (3, 3, "place-code"),
                (3, 4, "sex"),
                (3, 5, "identifier-spreadsheet"),
                (5, 1, "identifier"),
                (8, 1, "conflict-itself"),
            ];
            assert_eq!(places(&read.problems), expected);
            assert_eq!(places(&read.notes), [(6, 1, "birth-certificate-province")]);
            assert_eq!((read.rows.len(), read.rejected), (2, 4));
            let missing = read_certificates("f", b"sex,height,born\nf,50,2010-01-01\n", request);
            assert_eq!(places(&missing.problems), [(1, 0, "missing-column"), (1, 2, "column")]);
            assert_eq!(
                places(&read_certificates("f", b"certificate,sex,born\n", request).problems),
                [(0, 0, "no-rows")]
            );
        });
    }

    #[test]
    fn resident_id_numbers_may_end_with_zeros_unless_a_spreadsheet_rounded_them() {
        with_request(|request| {
            let read = |number: &str| {
                let text = format!("certificate,mother\nQ370123456,{number}\n");
                places(&read_certificates("f", text.as_bytes(), request).problems)
            };
            assert_eq!(read("370102199003013000"), [(2, 2, "identifier-spreadsheet")]);
            assert_eq!(read("370102199003012000"), []);
        });
    }

    #[test]
    fn claims_keep_malformed_numbers_as_hashes() {
        let text = "sample_id,certificate,sex,birth_date,claimed_on,claim_place\nC1,Q370123456,m,2010-05-01,2015-01-01,\
                    370102\nC2,不是号码,,,,\n,Q370123457,,,,\n";
        with_request(|request| {
            let read = read_claims("f", text.as_bytes(), request, true);
            assert_eq!(places(&read.problems), [(4, 1, "identifier")]);
            assert_eq!(places(&read.notes), [(3, 2, "birth-certificate-form")]);
            let claims: Vec<&Claim> = read.rows.iter().map(|row| &row.1).collect();
            assert_eq!(claims[0].number.next.len(), Number::WINDOW);
            assert_eq!(claims[0].number.next[0], request.hasher.hash("Q370123457"));
            assert_eq!((claims[1].number.issue, claims[1].number.next.len()), (None, 0));
            let look_up = read_claims("f", "certificate\nQ370123457\nQ370123457\n".as_bytes(), request, false);
            assert_eq!((look_up.rows.len(), look_up.problems.len()), (2, 0), "each may be another child's");
        });
    }
}
