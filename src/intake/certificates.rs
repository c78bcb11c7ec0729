//! Reads registry extracts of birth certificates, and lists of the children who claim them.
//!
//! Numbers become keyed hashes here and go no further, as identifiers do; see the module `certificates`.

use crate::certificates::{Certificate, Claim, ClaimedNumber, Number, Place, folded, is_province};
use crate::intake::certificate_columns::{CertificateColumn, OF_CLAIMS, OF_LOOKED_UP, OF_REGISTRY};
use crate::intake::list::{Cells, ListIntake, ListRequest, is_missing, read_list};
use crate::intake::text::characters::to_ascii;
use crate::intake::text::words;
use crate::model::{FindingCode, Sex};
use crate::pseudonym::CertificateHasher;

/// Reads a registry extract: `certificate`, and optionally `birth_date`, `birth_place`, `sex`, `mother`, `father`,
/// `issued_on`, `issued_in`, and the `agency` under which the parents' samples are named; also by Chinese names.
/// Places are codes of six digits. Columns of names are not read. No two of the rows have the same number.
#[must_use]
pub fn read_certificates(
    file_name: &str,
    bytes: &[u8],
    hasher: &CertificateHasher,
    request: &ListRequest<'_>,
) -> ListIntake<Certificate> {
    read_list(file_name, bytes, request, &OF_REGISTRY, |cells| certificate(cells, hasher), |one| Some(one.number))
}

/// Reads claims: `sample_id` and `certificate`, and optionally the claimed `sex` and `birth_date`, `claimed_on`,
/// `claim_place`, and the `agency` under which the sample is named. If `must_name_children` is not set, `sample_id` may
/// be missing. No two of the rows have the same child and number.
#[must_use]
pub fn read_claims(
    file_name: &str,
    bytes: &[u8],
    hasher: &CertificateHasher,
    request: &ListRequest<'_>,
    must_name_children: bool,
) -> ListIntake<Claim> {
    let columns = if must_name_children { &OF_CLAIMS } else { &OF_LOOKED_UP };
    let row = |cells: &mut Row<'_, '_>| claim(cells, hasher, must_name_children);
    read_list(file_name, bytes, request, columns, row, |one| one.child.map(|child| (child, one.number.hash)))
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

/// The cells of a row.
type Row<'a, 'f> = Cells<'a, 'f, CertificateColumn>;

fn certificate(cells: &mut Row<'_, '_>, hasher: &CertificateHasher) -> Option<Certificate> {
    let before = cells.problems();
    let text = cells.cell(CertificateColumn::Certificate);
    let number = Number::parse(text);
    match &number {
        None if text.is_empty() => cells.refuse(CertificateColumn::Certificate, FindingCode::Identifier, NO_NUMBER),
        None => cells.refuse(CertificateColumn::Certificate, FindingCode::BirthCertificateForm, MALFORMED),
        Some(number) if !is_province(number.issue().province) => {
            cells.warn(CertificateColumn::Certificate, FindingCode::BirthCertificateProvince, NO_PROVINCE);
        }
        Some(_) => {}
    }
    let sex = sex(cells);
    let [born, issued_on] = [CertificateColumn::BirthDate, CertificateColumn::IssuedOn].map(|at| cells.date(at));
    let [birth_place, issued_in] =
        [CertificateColumn::BirthPlace, CertificateColumn::IssuedIn].map(|at| place(cells, at));
    let [mother, father] = [CertificateColumn::Mother, CertificateColumn::Father].map(|at| cells.person(at));
    let number = number.filter(|_| cells.problems() == before)?;
    let (issue, number) = (number.issue(), hasher.hash(number.text()));
    Some(Certificate { number, issue, sex, born, birth_place, issued_on, issued_in, mother, father })
}

fn claim(cells: &mut Row<'_, '_>, hasher: &CertificateHasher, must_name_child: bool) -> Option<Claim> {
    let before = cells.problems();
    let text = cells.cell(CertificateColumn::Certificate);
    let number = claimed_number(hasher, text);
    if text.is_empty() {
        cells.refuse(CertificateColumn::Certificate, FindingCode::Identifier, NO_NUMBER);
    } else if number.issue.is_none() {
        let what = "the cell is not the number of a birth certificate: kept as malformed; read it again from the \
                    certificate";
        cells.warn(CertificateColumn::Certificate, FindingCode::BirthCertificateForm, what);
    }
    let child = cells.person(CertificateColumn::SampleId);
    if must_name_child && child.is_none() && cells.problems() == before {
        let what = "the identifier is missing: every claim needs the child's";
        cells.refuse(CertificateColumn::SampleId, FindingCode::Identifier, what);
    }
    let sex = sex(cells);
    let [born, claimed_on] = [CertificateColumn::BirthDate, CertificateColumn::ClaimedOn].map(|at| cells.date(at));
    let place = place(cells, CertificateColumn::ClaimPlace);
    let agency = cells.agency().map(str::to_owned);
    (cells.problems() == before).then_some(Claim { child, number, sex, born, claimed_on, place, agency })
}

fn sex(cells: &mut Row<'_, '_>) -> Sex {
    words::sex(cells.cell(CertificateColumn::Sex)).unwrap_or_else(|error| {
        cells.refuse(CertificateColumn::Sex, FindingCode::Sex, error.to_string());
        Sex::Unknown
    })
}

fn place(cells: &mut Row<'_, '_>, column: CertificateColumn) -> Option<Place> {
    let text = cells.cell(column);
    let place = Place::parse(&to_ascii(text));
    if place.is_none() && !is_missing(text) {
        let what = "the cell is not the code of a place: six digits by GB/T 2260, such as 370102; or leave it empty";
        cells.refuse(column, FindingCode::PlaceCode, what);
    }
    place
}

const NO_NUMBER: &str = "the number is missing; every row needs one";
const MALFORMED: &str =
    "the cell is neither a letter and nine digits nor the digits alone of an old number; copy the number again";
const NO_PROVINCE: &str = "the first two digits are not those of a province; compare with the certificate";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::findings::Problem;
    use crate::intake::text::identifiers::SpreadsheetNumbers;
    use crate::pseudonym::{Pseudonymizer, SecretKey};

    fn with_request<T>(then: impl FnOnce(&CertificateHasher, &ListRequest<'_>) -> T) -> T {
        let key = SecretKey::from_bytes([1; 32]);
        let names = Pseudonymizer::new(&key);
        let spreadsheet_numbers = SpreadsheetNumbers::Refuse;
        let request = ListRequest { names: &names, spreadsheet_numbers, sheet: None, encoding: None };
        then(&CertificateHasher::new(&key), &request)
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
        with_request(|hasher, request| {
            let [one, other] = [english, chinese].map(|text| read_certificates("f", text.as_bytes(), hasher, request));
            assert_eq!((places(&one.problems), places(&other.problems)), (vec![], vec![]));
            assert_eq!((one.rows.len(), &one.rows), (2, &other.rows));
            let (_, first) = &one.rows[0];
            assert_eq!(first.number, hasher.hash("Q370123456"));
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
        with_request(|hasher, request| {
            let read = read_certificates("f", text.as_bytes(), hasher, request);
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
            let missing = read_certificates("f", b"sex,height,born\nf,50,2010-01-01\n", hasher, request);
            assert_eq!(places(&missing.problems), [(1, 0, "missing-column"), (1, 2, "column")]);
            assert_eq!(
                places(&read_certificates("f", b"certificate,sex,born\n", hasher, request).problems),
                [(0, 0, "no-rows")]
            );
        });
    }

    #[test]
    fn resident_id_numbers_may_end_with_zeros_unless_a_spreadsheet_rounded_them() {
        with_request(|hasher, request| {
            let read = |number: &str| {
                let text = format!("certificate,mother\nQ370123456,{number}\n");
                places(&read_certificates("f", text.as_bytes(), hasher, request).problems)
            };
            assert_eq!(read("370102199003013000"), [(2, 2, "identifier-spreadsheet")]);
            assert_eq!(read("370102199003012000"), []);
        });
    }

    #[test]
    fn claims_keep_malformed_numbers_as_hashes() {
        let text = "sample_id,certificate,sex,birth_date,claimed_on,claim_place\nC1,Q370123456,m,2010-05-01,2015-01-01,\
                    370102\nC2,不是号码,,,,\n,Q370123457,,,,\n";
        with_request(|hasher, request| {
            let read = read_claims("f", text.as_bytes(), hasher, request, true);
            assert_eq!(places(&read.problems), [(4, 1, "identifier")]);
            assert_eq!(places(&read.notes), [(3, 2, "birth-certificate-form")]);
            let claims: Vec<&Claim> = read.rows.iter().map(|row| &row.1).collect();
            assert_eq!(claims[0].number.next.len(), Number::WINDOW);
            assert_eq!(claims[0].number.next[0], hasher.hash("Q370123457"));
            assert_eq!((claims[1].number.issue, claims[1].number.next.len()), (None, 0));
            let look_up = read_claims("f", "certificate\nQ370123457\nQ370123457\n".as_bytes(), hasher, request, false);
            assert_eq!((look_up.rows.len(), look_up.problems.len()), (2, 0), "each may be another child's");
        });
    }
}
