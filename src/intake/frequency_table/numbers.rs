//! Reads frequencies, counts and alleles with a decimal point or comma.

use crate::model::Allele;

/// A number that is not negative, with `true` if a percent sign follows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) percent: bool,
}

/// Reads `0.12`, `.12`, `0,12`, `12 %` or `1e-4`.
pub(super) fn number(text: &str) -> Option<Number> {
    let (digits, percent) = match text.strip_suffix('%') {
        Some(digits) => (digits.trim_end(), true),
        None => (text, false),
    };
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'e' | b'E' | b'-' | b'+'));
    if !plain || !digits.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',')) {
        return None;
    }
    let marks = digits.bytes().filter(|b| matches!(b, b'.' | b',')).count();
    if marks > 1 {
        return None;
    }
    let value: f64 = digits.replace(',', ".").parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(Number { value, percent })
}

/// Reads a whole number such as `1008` or `1008.0`. Refuses `1,008`, which may be 1.008 or 1008.
pub(super) fn whole(text: &str) -> Option<u32> {
    let (digits, rest) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let zeros = rest.len() != 3 && !rest.is_empty() && rest.bytes().all(|b| b == b'0');
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (zeros && plain).then(|| digits.parse().ok())?
}

/// Reads `14`, `9.3`, `9,3`, `14.0` or `14.00`. Refuses 0, which is not an allele.
pub(super) fn allele(text: &str) -> Option<Allele> {
    let point = text.replace(',', ".");
    let short = match point.split_once('.') {
        Some((whole, tenths)) if tenths.len() > 1 => {
            let (first, rest) = tenths.split_at_checked(1)?;
            rest.bytes().all(|b| b == b'0').then(|| format!("{whole}.{first}"))?
        }
        _ => point,
    };
    short.parse().ok()
}

/// Reads a length in base pairs from 100 to 999.9, in tenths.
pub(super) fn length(text: &str) -> Option<u16> {
    let point = text.replace(',', ".");
    let (whole, tenth) = point.split_once('.').unwrap_or((&point, "0"));
    let digits = |text: &str, number| text.len() == number && text.bytes().all(|b| b.is_ascii_digit());
    let pairs: u16 = if digits(whole, 3) && digits(tenth, 1) { whole.parse().ok()? } else { return None };
    (pairs >= 100).then_some(10 * pairs + tenth.parse::<u16>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_point_comma_and_percent_sign() {
        let read = |text| number(text).map(|Number { value, percent }| (value, percent));
        for (text, value, percent) in [
            ("0.12", 0.12, false),
            (".12", 0.12, false),
            ("0,12", 0.12, false),
            ("12 %", 12.0, true),
            ("1E-4", 1e-4, false),
            ("1", 1.0, false),
            ("0", 0.0, false),
        ] {
            assert_eq!(read(text), Some((value, percent)), "{text}");
        }
        for text in ["", "-0.1", "1.000,5", "0.1*", "x", "NaN", "inf", "%", ".", "e5", "1e999", "0.1 0.2"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_separator_of_thousands_is_no_decimal_mark() {
        assert_eq!(["1008", "1008.0", "1008,00"].map(whole), [Some(1008); 3]);
        assert_eq!(["1,008", "1.000", "10.5", "", "x", "-3", "1 008", "99999999999"].map(whole), [None; 8]);
    }

    #[test]
    fn alleles_are_read_with_point_and_comma() {
        assert_eq!(["9.3", "9,3", "9.30"].map(allele), ["9.3".parse().ok(); 3]);
        assert_eq!(["14", "14.0", "14.00"].map(allele), ["14".parse().ok(); 3]);
        assert_eq!(["0", "9.35", "9.", "<9", "OL", "", "1.2.3", "120", "9.é"].map(allele), [None; 9]);
    }
}
