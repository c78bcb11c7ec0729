//! Reads lists of the terms on which samples are kept: legal basis, purposes, consent, days.
//!
//! References of consents become keyed hashes here and go no further; see the module `keeping`.

use crate::intake::keeping_columns::{KeepingColumn, OF_TERMS, REQUIRED};
use crate::intake::lists::{Cells, ListForm, ListIntake, ListRequest, is_missing, read_list};
use crate::intake::rows::cells;
use crate::intake::text::characters::to_ascii;
use crate::keeping::{Born, Consent, ConsentKind, ConsentReference, LegalBasis, Purposes, Terms};
use crate::model::{FindingCode, Pseudonym};
use crate::pseudonym::{ConsentHasher, folded};

/// The cells of a row.
type Row<'a, 'f> = Cells<'a, 'f, KeepingColumn>;

/// The most bytes of the reference of a consent.
const LONGEST_REFERENCE: usize = 100;

/// Reads terms: `sample_id`, `legal_basis` and `purposes`, and optionally `consent_kind`, `consent_on`,
/// `consent_reference`, `born_on` (also a month or a year, after a tilde if it is an estimate), `keep_until`, `review_on`
/// and the `agency` under which the sample is named; also by Chinese names and words. No two of the rows have the same
/// sample.
#[must_use]
pub fn read_terms(
    file_name: &str,
    bytes: &[u8],
    hasher: &ConsentHasher,
    request: &ListRequest<'_>,
) -> ListIntake<(Pseudonym, Terms)> {
    let form = ListForm {
        columns: OF_TERMS,
        required: REQUIRED,
        key: KeepingColumn::SampleId,
        again: |before| format!("line {before} has the same sample with other details; keep the row that is right"),
        no_rows: "the file has a header and no rows: no terms",
    };
    read_list(file_name, bytes, request, &form, |cells| terms(cells, hasher), |one| Some(one.0))
}

fn terms(cells: &mut Row<'_, '_>, hasher: &ConsentHasher) -> Option<(Pseudonym, Terms)> {
    let before = cells.problems();
    let sample = cells.sample(KeepingColumn::SampleId);
    if sample.is_none() && cells.problems() == before {
        cells.refuse(
            KeepingColumn::SampleId,
            FindingCode::Identifier,
            "the identifier is missing: terms are a sample's",
        );
    }
    let basis = LegalBasis::named(cells.cell(KeepingColumn::LegalBasis));
    if basis.is_none() {
        cells.refuse(KeepingColumn::LegalBasis, FindingCode::KeepingWord, NO_BASIS);
    }
    let purposes = Purposes::parse(cells.cell(KeepingColumn::Purposes)).filter(|set| *set != Purposes::default());
    if purposes.is_none() {
        cells.refuse(KeepingColumn::Purposes, FindingCode::KeepingWord, NO_PURPOSE);
    }
    let consent = consent(cells, hasher);
    let born = born(cells);
    let [keep_until, review_on] = [KeepingColumn::KeepUntil, KeepingColumn::ReviewOn].map(|column| cells.date(column));
    let (sample, basis, purposes) = (sample?, basis?, purposes?);
    let terms = Terms { basis, purposes, consent, born, keep_until, review_on };
    (cells.problems() == before).then_some((sample, terms))
}

fn consent(cells: &mut Row<'_, '_>, hasher: &ConsentHasher) -> Option<Consent> {
    let text = cells.cell(KeepingColumn::ConsentKind);
    let kind = ConsentKind::named(text);
    if kind.is_none() && !is_missing(text) {
        cells.refuse(KeepingColumn::ConsentKind, FindingCode::KeepingWord, NO_KIND);
        return None;
    }
    let problems = cells.problems();
    let on = cells.date(KeepingColumn::ConsentOn);
    let is_bad_day = cells.problems() > problems;
    let reference = reference(cells, hasher);
    match kind {
        None if on.is_some() || reference.is_some() => {
            cells.refuse(KeepingColumn::ConsentKind, FindingCode::KeepingTerms, KIND_MISSING);
        }
        Some(ConsentKind::Own | ConsentKind::Guardian) if on.is_none() && !is_bad_day => {
            cells.refuse(KeepingColumn::ConsentOn, FindingCode::KeepingTerms, DAY_MISSING);
        }
        _ => {}
    }
    kind.map(|kind| Consent { kind, on, reference })
}

fn reference(cells: &mut Row<'_, '_>, hasher: &ConsentHasher) -> Option<ConsentReference> {
    let text = cells.cell(KeepingColumn::ConsentReference);
    if is_missing(text) {
        return None;
    }
    if text.len() > LONGEST_REFERENCE {
        cells.refuse(KeepingColumn::ConsentReference, FindingCode::Length, TOO_LONG);
        return None;
    }
    Some(hasher.hash(&folded(text)))
}

/// Reads a day, month or year of birth, after a tilde or 约 if it is an estimate.
fn born(cells: &mut Row<'_, '_>) -> Option<Born> {
    let text = cells.cell(KeepingColumn::BornOn);
    if is_missing(text) {
        return None;
    }
    let text = to_ascii(text);
    let plain = text.trim_start_matches(['~', '约', '～']).trim();
    let is_estimated = plain.len() < text.len();
    let day = cells::date(plain).map(|day| Born::on(day, is_estimated));
    let born = day.or_else(|| month_or_year(plain, is_estimated));
    if born.is_none() {
        cells.refuse(KeepingColumn::BornOn, FindingCode::Date, NO_BIRTH);
    }
    born
}

fn month_or_year(text: &str, is_estimated: bool) -> Option<Born> {
    let text = text.trim_end_matches(['月', '年']);
    let (year, month) = match text.split_once(['-', '/', '.', '年']) {
        Some((year, month)) => (year, Some(month)),
        None => (text, None),
    };
    let is_number =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if year.len() != 4 || !is_number(year, 4) || month.is_some_and(|month| !is_number(month, 2)) {
        return None;
    }
    let month = month.map(str::parse).transpose().ok()?;
    Born::new(year.parse().ok()?, month, None, is_estimated)
}

const NO_BASIS: &str =
    "the cell is not a known legal basis; write statutory-duty, consent, court-order or public-interest";
const NO_PURPOSE: &str =
    "the cell is not a list of known purposes; write search, kin, exchange or validation, with spaces between them";
const NO_KIND: &str = "the cell is not a known kind of consent; write own, guardian or withdrawn, or leave it empty";
const KIND_MISSING: &str =
    "a consent has a day or a reference and no kind; write own, guardian or withdrawn, or leave all three empty";
const DAY_MISSING: &str = "the day of the consent is missing, so nobody knows when to renew it; write YYYY-MM-DD";
const TOO_LONG: &str = "the reference is longer than 100 bytes; write the number of the form alone";
const NO_BIRTH: &str =
    "the cell is not a day, month or year; write YYYY-MM-DD, YYYY-MM or YYYY, an estimate after ~, or leave it empty";

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::intake::lists::testing::with_request;
    use crate::keeping::Purpose;
    use crate::pseudonym::SecretKey;

    fn read(text: &str) -> ListIntake<(Pseudonym, Terms)> {
        let hasher = ConsentHasher::new(&SecretKey::from_bytes([1; 32]), &[2; 32]);
        with_request(|request| read_terms("f", text.as_bytes(), &hasher, request))
    }

    fn places(text: &str) -> Vec<(u64, usize, &'static str)> {
        read(text).problems.iter().map(|one| (one.line, one.place().1, one.code.word())).collect()
    }

    #[test]
    fn terms_are_read_in_two_languages() {
        let english = "sample_id,legal_basis,purposes,consent_kind,consent_on,consent_reference,born_on,keep_until,review_on\n\
                       S1,consent,search kin,guardian,2024-02-29,A-12,~2012-03,2030-01-01,2027-01-01\n\
                       S2,statutory-duty,search,,,,2011,,\nS3,consent,exchange,withdrawn,,,,,\n";
        let chinese =
            "样本编号,法律依据,处理目的,同意方式,同意日期,同意书编号,出生日期,保存期限,复核日期,监护人姓名备注\n"
                .replace(",监护人姓名备注", ",姓名")
                + "S1,同意,寻亲、亲缘检索,监护人,2024年2月29日,Ａ-12,约2012年3月,2030/1/1,20270101,某\n\
               S2,法定职责,寻亲,,,,2011年,,,\nS3,同意,交换,已撤回,,,,,,\n";
        let (one, other) = (read(english), read(&chinese));
        assert_eq!((one.problems.len(), other.problems.len()), (0, 0), "{:?}{:?}", one.problems, other.problems);
        assert_eq!((one.rows.len(), &one.rows), (3, &other.rows));
        let terms = one.rows[0].1.1;
        assert_eq!((terms.basis, terms.keep_until), (LegalBasis::Consent, Some(date(2030, 1, 1))));
        assert!(terms.purposes.has(Purpose::Kin) && !terms.purposes.has(Purpose::Exchange));
        assert_eq!(terms.born, Born::new(2012, Some(3), None, true));
        assert_eq!(terms.consent.unwrap().on, Some(date(2024, 2, 29)));
        assert_eq!(one.rows[1].1.1.born, Born::new(2011, None, None, false));
    }

    #[test]
    fn bad_cells_are_named_by_line_and_column() {
        let text = "sample_id,legal_basis,purposes,consent_kind,consent_on,consent_reference,born_on,keep_until\n\
                    ,consent,search,,,,,\nS1,because,search,,,,,\nS2,consent,fun,,,,,\nS3,consent,,,,,,\n\
                    S4,consent,search,uncle,,,,\nS5,consent,search,,2024-01-01,,,\nS6,consent,search,own,,,,\n\
                    S7,consent,search,own,soon,,spring,2024-02-30\nS8,consent,kin,,,,2011-13,\nS9,consent,kin,,,,,\n\
                    S9,consent,search,,,,,\nS9,consent,kin,,,,,\n";
        let expected = [
            (2, 1, "identifier"),
            (3, 2, "keeping-word"),
            (4, 3, "keeping-word"),
            (5, 3, "keeping-word"),
            (6, 4, "keeping-word"),
            (7, 4, "keeping-terms"),
            (8, 5, "keeping-terms"),
            (9, 5, "date"),
            (9, 7, "date"),
            (9, 8, "date"),
            (10, 7, "date"),
            (12, 1, "conflict-itself"),
        ];
        assert_eq!(places(text), expected);
        assert_eq!(read(text).rows.len(), 1);
        assert_eq!(places("sample_id,purposes\nS1,kin\n"), [(1, 0, "missing-column")]);
        let long = format!("sample_id,legal_basis,purposes,consent_reference\nS1,consent,kin,{}\n", "9".repeat(101));
        assert_eq!(places(&long)[0], (2, 4, "length"));
    }
}
