//! Reads registry extracts of birth certificates, and lists of the children who claim them.
//!
//! Numbers become keyed hashes here and go no further, as identifiers do; see the module `certificates`.

use crate::certificates::{Certificate, Claim, Number};
use crate::intake::certificate_columns::{CertificateColumn, OF_CLAIMS, OF_REGISTRY};
use crate::intake::lists::{Cells, ListForm, ListIntake, ListRequest, is_missing, read_list};
use crate::model::{FindingCode, Pseudonym, is_province};

/// Reads a registry extract: `certificate`, and optionally `birth_date`, `birth_place`, `sex`, `mother`, `father`,
/// `issued_on`, `issued_in`, and the `agency` under which the parents' samples are named; also by Chinese names.
/// Places are codes of six digits. Columns of names are not read.
#[must_use]
pub fn read_certificates(file_name: &str, bytes: &[u8], request: &ListRequest<'_>) -> ListIntake<Certificate> {
    let required = &[CertificateColumn::Certificate];
    read_list(file_name, bytes, request, &form(OF_REGISTRY, required), certificate, |one| Some(one.number))
}

/// Reads claims: `sample_id` and `certificate`, and optionally the claimed `sex` and `birth_date`, `claimed_on`,
/// `claim_place`, and the `agency` under which the sample is named. If `must_name_children` is not set, `sample_id` may
/// be missing.
#[must_use]
pub fn read_claims(
    file_name: &str,
    bytes: &[u8],
    request: &ListRequest<'_>,
    must_name_children: bool,
) -> ListIntake<Claim> {
    let required = [CertificateColumn::Certificate, CertificateColumn::SampleId];
    let required = if must_name_children { &required[..] } else { &required[..1] };
    read_list(
        file_name,
        bytes,
        request,
        &form(OF_CLAIMS, required),
        |cells| claim(cells, must_name_children),
        |one| one.child.map(|child| (child, one.number.hash)),
    )
}

fn form<'a>(columns: &'a [CertificateColumn], required: &'a [CertificateColumn]) -> ListForm<'a, CertificateColumn> {
    ListForm {
        columns,
        required,
        key: CertificateColumn::Certificate,
        again: |before| format!("line {before} has the same number with other details; keep the row that is right"),
        no_rows: "the file has a header and no rows: no certificates",
    }
}

fn certificate(cells: &mut Cells<'_, '_, CertificateColumn>) -> Option<Certificate> {
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
    let sex = cells.sex(CertificateColumn::Sex);
    let [born, issued_on] = [CertificateColumn::BirthDate, CertificateColumn::IssuedOn].map(|at| cells.date(at));
    let [birth_place, issued_in] =
        [CertificateColumn::BirthPlace, CertificateColumn::IssuedIn].map(|at| cells.place(at));
    let [mother, father] = [CertificateColumn::Mother, CertificateColumn::Father].map(|at| parent(cells, at));
    let number = number.filter(|_| cells.is_sound_since(before))?;
    Some(Certificate {
        number: cells.request.hasher.hash(number.text()),
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

fn claim(cells: &mut Cells<'_, '_, CertificateColumn>, must_name_child: bool) -> Option<Claim> {
    let before = cells.problems();
    if cells.cell(CertificateColumn::Certificate).is_empty() {
        cells.refuse(CertificateColumn::Certificate, FindingCode::Identifier, NO_NUMBER);
    }
    let number = cells.claimed_number();
    let child = cells.sample(CertificateColumn::SampleId);
    if must_name_child && child.is_none() && cells.is_sound_since(before) {
        let what = "the identifier is missing: every claim needs the child's";
        cells.refuse(CertificateColumn::SampleId, FindingCode::Identifier, what);
    }
    let sex = cells.sex(CertificateColumn::Sex);
    let [born, claimed_on] = [CertificateColumn::BirthDate, CertificateColumn::ClaimedOn].map(|at| cells.date(at));
    let place = cells.place(CertificateColumn::ClaimPlace);
    let agency = cells.agency().map(str::to_owned);
    (cells.is_sound_since(before)).then_some(Claim { child, number, sex, born, claimed_on, place, agency })
}

/// Reads the identifier of a parent; a certificate may name none.
fn parent(cells: &mut Cells<'_, '_, CertificateColumn>, column: CertificateColumn) -> Option<Pseudonym> {
    if is_missing(cells.cell(column)) { None } else { cells.sample(column) }
}

const NO_NUMBER: &str = "the number is missing; every row needs one";
const MALFORMED: &str =
    "the cell is neither a letter and nine digits nor the digits alone of an old number; copy the number again";
const NO_PROVINCE: &str = "the first two digits are not those of a province; compare with the certificate";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::lists::testing::{places, with_request};
    use crate::model::Sex;

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
