//! Formats numbers and counts for people.

use data_encoding::HEXLOWER;

/// Formats bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Formats a count of things: `1 case`, `2,000 cases`, `3 families`, `4 children`. `word` is the singular.
#[must_use]
pub fn plural(number: u64, word: &str) -> String {
    let number_text = count(number);
    match word.strip_suffix('y') {
        _ if number == 1 => format!("{number_text} {word}"),
        Some(stem) => format!("{number_text} {stem}ies"),
        None if word.ends_with("child") => format!("{number_text} {word}ren"),
        None => format!("{number_text} {word}s"),
    }
}

/// Formats a count of things with their plural: `1 sample or family`, `2,000 samples or families`.
#[must_use]
pub fn counted(number: u64, singular: &str, plural: &str) -> String {
    format!("{} {}", count(number), if number == 1 { singular } else { plural })
}

/// Shortens the word of a relation for a table: `pat. uncle`, `sibling`.
#[must_use]
pub fn short_relation(word: &str) -> String {
    word.replace("paternal-", "pat. ").replace("maternal-", "mat. ").replace("full-sibling", "sibling")
}

/// Formats a number with commas between thousands: `2,000`.
#[must_use]
pub fn count(number: u64) -> String {
    thousands(&number.to_string())
}

/// Puts commas between the thousands of a number's digits.
fn thousands(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Joins values with spaces, for several values in one CSV field.
pub(super) fn spaced<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Returns the line below a table that shows the first `limit` of `rows` rows; empty if it shows all rows.
pub(super) fn more_rows(rows: usize, limit: usize) -> String {
    let rest = rows.saturating_sub(limit);
    if rest > 0 { format!("... and {} more\n", count(rest as u64)) } else { String::new() }
}

/// Formats a likelihood ratio, given its log10: `23,500`, `4.1e9`, `0.0012`.
#[must_use]
pub fn ratio(log10_lr: f64) -> String {
    if (-4.0..7.0).contains(&log10_lr) {
        let value = libm::pow(10.0, log10_lr);
        if value < 100.0 {
            return format!("{value:.*}", (1 - log10_lr.floor() as i64).max(0) as usize);
        }
        return thousands(&format!("{value:.0}"));
    }
    let exponent = log10_lr.floor();
    let (mantissa, exponent) = match format!("{:.1}", libm::pow(10.0, log10_lr - exponent)).as_str() {
        "10.0" => ("1.0".to_owned(), exponent + 1.0),
        mantissa => (mantissa.to_owned(), exponent),
    };
    format!("{mantissa}e{exponent}")
}

/// Formats a probability: with as many nines as it has, or as a power of ten if it is small.
#[must_use]
pub fn probability(p: f64) -> String {
    if p >= 0.999_999_5 {
        "over 0.999999".to_owned()
    } else if p >= 0.99 {
        // One digit more than there are nines.
        let digits = (-libm::log10(1.0 - p) + 1e-9).floor() as usize + 1;
        format!("{p:.digits$}")
    } else if p >= 0.01 {
        format!("{p:.3}")
    } else {
        number(p)
    }
}

/// Formats a number of two digits.
#[must_use]
pub fn number(x: f64) -> String {
    if x == 0.0 || (0.01..1000.0).contains(&x) { format!("{x:.2}") } else { format!("{x:.1e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_not_in_brackets() {}

    #[test]
    fn ratios_read_as_people_write_them() {
        let written = [-5.5, -2.0, 0.0, 1.5, 2.0, 4.3711, 6.9999999, 9.6128, 12.9999].map(ratio);
        assert_eq!(written, ["3.2e-6", "0.010", "1.0", "32", "100", "23,502", "9,999,998", "4.1e9", "1.0e13"]);
    }

    #[test]
    fn counts_have_commas_and_their_words_agree() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1, 2_000].map(|number| plural(number, "case")), ["0 cases", "1 case", "2,000 cases"]);
        let irregular =
            [(1, "family"), (2, "family"), (1, "child"), (2, "marked child")].map(|(n, word)| plural(n, word));
        assert_eq!(irregular, ["1 family", "2 families", "1 child", "2 marked children"]);
        let either = [1, 2].map(|number| counted(number, "sample or family", "samples or families"));
        assert_eq!(either, ["1 sample or family", "2 samples or families"]);
        assert_eq!((more_rows(5, 5), more_rows(7, 5)), (String::new(), "... and 2 more\n".to_owned()));
        assert_eq!(hex(&[0, 171]), "00ab");
    }

    #[test]
    fn numbers_and_probabilities_are_short() {
        let shown = [1.0, 0.99999, 0.9991, 0.5, 0.0123, 4.2e-7].map(probability);
        assert_eq!(shown, ["over 0.999999", "0.999990", "0.9991", "0.500", "0.012", "4.2e-7"]);
        assert_eq!([0.0, 3.456, 1234.5].map(number), ["0.00", "3.46", "1.2e3"]);
    }
}
