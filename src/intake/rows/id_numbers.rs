//! Checks personal numbers: the resident ID number (GB 11643) and the number of a birth certificate.
//!
//! Numbers are checked if a column is known to hold them, and are neither stored nor repeated.
//!
//! A resident ID number consists of six digits of an area, the day of birth (YYYYMMDD), three digits of which the last
//! is odd for men, and a check digit: the sum of the first 17 digits times [`WEIGHTS`], modulo 11, is its position in
//! [`CHECKS`]. Areas are not looked up, because numbers with retired areas stay valid. A birth certificate has a
//! capital letter and nine digits, of which the first two are usually those of the province; numbers of the first
//! version have no letter.

use jiff::civil::Date;

use crate::certificates::Number;
use crate::intake::columns::number_kind::NumberKind;
use crate::intake::findings::{Column, Findings};
use crate::model::{FindingCode, Sex, is_province};

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";

/// A fault in a number.
struct Wrong {
    code: FindingCode,
    /// The cause and the remedy.
    what: &'static str,
}

impl Wrong {
    const fn new(code: FindingCode, what: &'static str) -> Self {
        Self { code, what }
    }
}

const NOT_AN_ID: Wrong =
    Wrong::new(FindingCode::IdForm, "the cell is not 17 digits and a check digit (0-9 or X); copy the number again");
const NOT_A_CERTIFICATE: Wrong = Wrong::new(
    FindingCode::BirthCertificateForm,
    "the cell is neither a capital letter and nine digits nor the digits alone of an old number; copy the number again",
);

fn resident_id(number: &str, stated: Sex) -> Option<Wrong> {
    let bytes = number.as_bytes();
    if bytes.len() == 15 && bytes.iter().all(u8::is_ascii_digit) {
        return Some(Wrong::new(
            FindingCode::IdForm,
            "the number has 15 digits, the form without a check digit that was used before 1999; write the 18 digits \
             of the present form",
        ));
    }
    let (digits, last) = match bytes {
        [digits @ .., last] if digits.len() == 17 && digits.iter().all(u8::is_ascii_digit) => (digits, *last),
        _ => {
            return Some(NOT_AN_ID);
        }
    };
    if !(last.is_ascii_digit() || last.eq_ignore_ascii_case(&b'X')) || digits[0] == b'0' {
        return Some(NOT_AN_ID);
    }
    let digit = |at: usize| u32::from(digits[at] - b'0');
    let number = |from: usize, to: usize| (from..to).fold(0, |sum, at| sum * 10 + digit(at));
    let sum: u32 = WEIGHTS.iter().enumerate().map(|(at, weight)| weight * digit(at)).sum();
    if CHECKS[sum as usize % CHECKS.len()] != last.to_ascii_uppercase() {
        return Some(Wrong::new(
            FindingCode::IdCheckDigit,
            "the check digit is wrong: a digit is wrong, or two are exchanged; copy the number again",
        ));
    }
    let (year, month, day) = (number(6, 10), number(10, 12), number(12, 14));
    let is_day = |year: u32| Date::new(i16::try_from(year).ok()?, month as i8, day as i8).ok();
    if !(1850..2100).contains(&year) || is_day(year).is_none() {
        return Some(Wrong::new(
            FindingCode::IdDate,
            "the day of birth in the number is not a valid day; compare with the card",
        ));
    }
    let sex = if digit(16) % 2 == 1 { Sex::Male } else { Sex::Female };
    if stated != Sex::Unknown && stated != sex {
        return Some(Wrong::new(
            FindingCode::IdSex,
            "the number is that of a person of the other sex than stated; check whether rows or samples were swapped",
        ));
    }
    None
}

/// Reports whether a text is a resident ID number with a right check digit.
pub(in crate::intake) fn is_resident_id(text: &str) -> bool {
    resident_id(text, Sex::Unknown).is_none()
}

fn birth_certificate(text: &str) -> Option<Wrong> {
    // A small letter or a blank is read, but the number as it is written names a sample.
    let Some(number) = Number::parse(text).filter(|number| number.text() == text) else {
        return Some(NOT_A_CERTIFICATE);
    };
    (!is_province(number.issue().province)).then_some(Wrong::new(
        FindingCode::BirthCertificateProvince,
        "the first two digits are not those of a province; compare with the certificate",
    ))
}

/// Checks a number, if the cell is not empty. `is_name` means that the number identifies a sample, so that its spelling
/// matters.
pub(in crate::intake) fn check_number(
    kind: NumberKind,
    line: u64,
    number: &str,
    stated: Sex,
    is_name: bool,
    column: Column,
    findings: &mut Findings,
) {
    if number.is_empty() {
        return;
    }
    let wrong = match kind {
        NumberKind::ResidentId => resident_id(number, stated),
        NumberKind::BirthCertificate => birth_certificate(number),
    };
    if let Some(Wrong { code, what }) = wrong {
        findings.warn(line, column, code, what);
    } else if is_name && number.ends_with('x') {
        let what = "the number ends with a small x; write X, because the same number would become two pseudonyms";
        findings.warn(line, column, FindingCode::IdSmallX, what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Invented; 3·7+7·9+0·10+1·5+0·8+2·4+1·2+9·1+9·6+0·3+0·7+3·9+0·10+7·5+7·8+7·4+3·2 = 314 = 28·11 + 6: place 6 is 6.
    const MALE: &str = "370102199003077736";
    /// Invented; 3·7+7·9+9·10+9·5+0+0+2·2+0+0+0+0+2·9+2·10+9·5+0+0+2·2 = 310 = 28·11 + 2: place 2 is X.
    const FEMALE: &str = "37990020000229002X";

    fn code(number: &str, stated: Sex) -> Option<&'static str> {
        resident_id(number, stated).map(|wrong| wrong.code.word())
    }

    #[test]
    fn numbers_computed_by_hand_are_right() {
        for stated in [Sex::Male, Sex::Unknown] {
            assert_eq!(code(MALE, stated), None);
        }
        assert_eq!(code(FEMALE, Sex::Female), None);
        assert_eq!(code(&FEMALE.to_lowercase(), Sex::Female), None);
        assert_eq!(code(MALE, Sex::Female), Some("id-sex"));
        assert_eq!(code(FEMALE, Sex::Male), Some("id-sex"));
    }

    #[test]
    fn every_wrong_digit_and_every_exchange_is_found() {
        for right in [MALE, FEMALE] {
            for at in 0..17 {
                for digit in b'0'..=b'9' {
                    let mut bytes = right.as_bytes().to_vec();
                    if bytes[at] != digit {
                        bytes[at] = digit;
                        assert!(code(std::str::from_utf8(&bytes).unwrap(), Sex::Unknown).is_some(), "{at} {digit}");
                    }
                }
                let mut bytes = right.as_bytes().to_vec();
                if at < 16 && bytes[at] != bytes[at + 1] {
                    bytes.swap(at, at + 1);
                    let found = code(std::str::from_utf8(&bytes).unwrap(), Sex::Unknown);
                    assert_eq!(found, Some("id-check-digit"), "{at}");
                }
            }
        }
    }

    #[test]
    fn the_reason_is_named() {
        assert_eq!(code("370102199003077731", Sex::Male), Some("id-check-digit"));
        for form in [
            "",
            "1",
            "37010219900307773",
            "3701021990030777366",
            "37010219900307773Y",
            "X70102199003077736",
            "370102 19900307773",
            "３70102199003077736",
        ] {
            assert_eq!(code(form, Sex::Male), Some("id-form"), "{form}");
        }
        assert!(resident_id("370102900307773", Sex::Male).unwrap().what.contains("15 digits"));
        // With correct check digits: 30 February, month 13, the year 1066.
        let with_check = |digits: &str| {
            let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
            format!("{digits}{}", char::from(CHECKS[sum as usize % 11]))
        };
        assert_eq!(with_check(&MALE[..17]), MALE);
        for digits in ["37010219900230773", "37010219901307773", "37010210660307773", "37010219900300773"] {
            assert_eq!(code(&with_check(digits), Sex::Male), Some("id-date"), "{digits}");
        }
        assert_eq!(code(&with_check("37010219000228773"), Sex::Male), None, "1900 was no leap year");
        assert_eq!(code(&with_check("37010219000229773"), Sex::Male), Some("id-date"));
    }

    #[test]
    fn birth_certificates_have_a_form_and_usually_a_province() {
        let code = |number: &str| birth_certificate(number).map(|wrong| wrong.code.word());
        assert_eq!((code("Q370123456"), code("370123456")), (None, None));
        assert_eq!(code("Q990123456"), Some("birth-certificate-province"));
        for form in
            ["q370123456", "37012345", "Q37012345", "Q3701234567", "QQ37012345", "Q37012345x", "出370123456", ""]
        {
            assert_eq!(code(form), Some("birth-certificate-form"), "{form}");
        }
    }
}
