//! Recognises what spreadsheets make of cells: dates from genotypes, rounded numbers from identifiers, error values of
//! formulas.
//!
//! None of these can be undone: only 15 digits of a number are kept, and a date is stored as a number of days. The
//! source must be exported again with the columns formatted as text.

/// The result of a spreadsheet's change to a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Made {
    /// A date: `11-Sep`, `9月11日`, `2024/9/11`, or the number of a day, 43168.
    Date,
    /// A changed number: `3.70102E+17`, a long number whose last digits became zeros, or `1001.0`.
    Number,
    /// An error value: `#N/A`, `#####`.
    Error,
}

/// Short month names in the languages whose spreadsheets write them: first English, then German, French, Spanish,
/// Italian, Portuguese.
const MONTHS: [&str; 38] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sept", "mrz", "mär", "mai",
    "okt", "dez", "janv", "févr", "mars", "avr", "juin", "juil", "août", "déc", "ene", "abr", "ago", "dic", "gen",
    "mag", "giu", "lug", "set", "ott", "fev", "out",
];
/// Number of English month names. Others are ambiguous: `Set-1` may be a sample's name.
const ENGLISH: usize = 13;

/// Returns what a spreadsheet made of a genotype's cell, which should be in ASCII where possible.
pub(in crate::intake) fn made_of_alleles(cell: &str) -> Option<Made> {
    if is_error(cell) {
        return Some(Made::Error);
    }
    if is_date_with_month(cell, &MONTHS) || is_date_with_year(cell) || is_day_number(cell) {
        return Some(Made::Date);
    }
    is_scientific(cell).then_some(Made::Number)
}

/// Returns what a spreadsheet made of an identifier. Names such as `2024/3/1` or `2E10` may be a laboratory's own.
pub(in crate::intake) fn made_of_identifier(text: &str) -> Option<Made> {
    // Nearly every identifier is plain.
    let is_plain = |b: u8| b.is_ascii_alphanumeric() && !matches!(b, b'E' | b'e') || b == b'_';
    if text.len() < 16 && text.bytes().all(is_plain) {
        return None;
    }
    if is_error(text) {
        Some(Made::Error)
    } else if is_scientific(text) || is_rounded(text) || is_whole_with_point(text) {
        Some(Made::Number)
    } else {
        is_date_with_month(text, &MONTHS[..ENGLISH]).then_some(Made::Date)
    }
}

/// Reports whether a text is `#N/A`, `#REF!`, `#VALUE!`, `#NAME?`, `#DIV/0!`, `#NUM!`, `#NULL!`, or `####` for a column
/// that is too narrow.
fn is_error(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('#') else { return false };
    let words = ["n/a", "ref!", "value!", "name?", "div/0!", "num!", "null!"];
    rest.len() > 1 && rest.bytes().all(|b| b == b'#') || words.iter().any(|word| word.eq_ignore_ascii_case(rest))
}

/// Reports whether a text is a number such as `3.70102E+17`, `3,7E17`, `1E+05`. Without a point and a sign it may be a
/// name, such as `2E10`.
fn is_scientific(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let signed = exponent.strip_prefix(['+', '-']);
    if !digits(signed.unwrap_or(exponent)) || signed.unwrap_or(exponent).len() > 3 {
        return false;
    }
    match mantissa.split_once(['.', ',']) {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => signed.is_some() && digits(mantissa),
    }
}

/// Reports whether a number has 16 digits or more, all zeros from the 16th on: a spreadsheet keeps 15.
fn is_rounded(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 16 && bytes.iter().all(u8::is_ascii_digit) && bytes[15..].iter().all(|&b| b == b'0')
}

/// Reports whether a text is `1001.0` or `1001.00`: the number of a program that has no integers.
fn is_whole_with_point(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, zeros)| {
        let all = |part: &str, is: fn(&u8) -> bool| !part.is_empty() && part.as_bytes().iter().all(is);
        all(whole, u8::is_ascii_digit) && all(zeros, |&b| b == b'0')
    })
}

/// Reports whether a text is a day and a month by name, in either order, with or without a year.
fn is_date_with_month(text: &str, months: &[&str]) -> bool {
    if let Some((month, day)) = text.split_once('月') {
        let month = month.rsplit('年').next().unwrap_or(month);
        return in_range(month.trim(), 1, 12) && in_range(day.trim().trim_end_matches(['日', '号']).trim(), 1, 31);
    }
    let is_between = |c: char| matches!(c, '-' | '/' | '.' | ' ');
    let mut parts = text.split(is_between).filter(|part| !part.is_empty());
    let (Some(first), Some(second), third, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    // In `Sep-11` the number may be a day or a year.
    let number = |part: &str| in_range(part, 0, 99) || in_range(part, 1900, 2099);
    let month = |part: &str| (3..=5).contains(&part.len()) && months.contains(&&*part.to_lowercase());
    (month(first) && number(second) || number(first) && month(second)) && third.is_none_or(number)
}

/// Reports whether a text is a day with a four-digit year, first or last.
fn is_date_with_year(text: &str) -> bool {
    let text = text.split_once([' ', 'T']).map_or(text, |(day, _)| day);
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let [a, b, c] = parts[..] else { return false };
    let day = |part: &str| in_range(part, 1, 31);
    let year = |part: &str| in_range(part, 1900, 2099);
    year(a) && day(b) && day(c) || day(a) && day(b) && year(c)
}

/// Reports whether a text is a day number since 1900, for the years 1954 to 2064.
fn is_day_number(text: &str) -> bool {
    in_range(text, 20_000, 60_000)
}

fn in_range(text: &str, least: u32, most: u32) -> bool {
    text.len() <= 5
        && text.bytes().all(|b| b.is_ascii_digit())
        && text.parse::<u32>().is_ok_and(|number| (least..=most).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_made_of_genotypes_are_recognised() {
        for cell in [
            "9月11日",
            "2024年9月11日",
            "11-Sep",
            "9-Nov",
            "Sep-11",
            "11. Sep",
            "9. Mrz",
            "11-sept",
            "2024/9/11",
            "2024-09-11",
            "2024-09-11 00:00:00",
            "11/9/2024",
            "11-Sep-24",
            "43168",
            "45546",
        ] {
            assert_eq!(made_of_alleles(cell), Some(Made::Date), "{cell}");
        }
        for cell in ["#N/A", "#REF!", "####"] {
            assert_eq!(made_of_alleles(cell), Some(Made::Error), "{cell}");
        }
        assert_eq!(made_of_alleles("1.1E+01"), Some(Made::Number));
        for cell in ["9/11", "9-11", "14", "9.3", "x", "14/x", "Sep", "may", "101", "9/11/12", "", "S-1", "1000000"] {
            assert_eq!(made_of_alleles(cell), None, "{cell}");
        }
    }

    #[test]
    fn spoilt_identifiers_are_recognised_and_own_names_are_not() {
        for text in [
            "3.70102E+17",
            "3.7E17",
            "1,23E+05",
            "1e+05",
            "370102199003077000",
            "1234567890123450",
            "1001.0",
            "3.70102e+017",
        ] {
            assert_eq!(made_of_identifier(text), Some(Made::Number), "{text}");
        }
        for text in ["1-Mar", "3月1日", "Mar-01"] {
            assert_eq!(made_of_identifier(text), Some(Made::Date), "{text}");
        }
        for text in ["#N/A", "########"] {
            assert_eq!(made_of_identifier(text), Some(Made::Error), "{text}");
        }
        for text in [
            "370102199003077736",
            "37010219900307773X",
            "1000000000000000000001",
            "S-1",
            "2E10",
            "1000",
            "100000000000000",
            "2024/3/1",
            "E17",
            "#1",
            "F1.0",
            "Set-1",
            "1.0.0",
            "鲁-2031",
            "Mar",
            "",
        ] {
            assert_eq!(made_of_identifier(text), None, "{text}");
        }
    }
}
