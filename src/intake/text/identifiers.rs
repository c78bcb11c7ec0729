//! Refuses identifiers that would merge or split people silently: numbers changed by spreadsheets, signs for missing
//! values, look-alike characters.

use crate::intake::text::spreadsheet::{Made, made_of_identifier};
use crate::model::FindingCode;
use crate::pseudonym::folded;

/// What to do with identifiers that a spreadsheet may have changed: numbers in scientific notation, numbers whose
/// digits from the 16th on are zeros, whole numbers with a point, dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpreadsheetNumbers {
    /// They are errors: two numbers that begin alike become equal when rounded.
    #[default]
    Refuse,
    /// They are accepted as identifiers.
    Take,
}

/// A fault in an identifier, and the remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) struct Doubtful {
    pub(in crate::intake) code: FindingCode,
    pub(in crate::intake) what: &'static str,
}

/// Signs for a missing value.
const PLACEHOLDERS: [&str; 36] = [
    "-",
    "--",
    "---",
    "—",
    "——",
    "/",
    "?",
    "??",
    "？",
    "*",
    "na",
    "n/a",
    "n.a.",
    "nan",
    "null",
    "none",
    "nil",
    "unknown",
    "未知",
    "无",
    "不详",
    "空",
    "待定",
    "缺失",
    "0",
    "00",
    "000",
    "0000",
    "待补",
    "待补充",
    "未编号",
    "暂无",
    "暂缺",
    "未填",
    "不明",
    "tbd",
];

/// Letters of other alphabets that look like Latin ones.
const LOOKALIKES: &str = "АВЕЅІЈКМНОРСТУХаеіјорсухѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο";

/// Checks that a text is a valid identifier which cannot be confused with another. Surrounding white space is ignored.
///
/// # Errors
/// [`Doubtful`].
pub(in crate::intake) fn check(text: &str, numbers: SpreadsheetNumbers) -> Result<(), Doubtful> {
    let text = text.trim();
    let doubtful = |code, what| Err(Doubtful { code, what });
    if text.starts_with(['=', '\'']) {
        return doubtful(
            FindingCode::IdentifierSpreadsheet,
            "begins with = or ', which spreadsheets put before formulas or texts and which is not part of a number; \
             export the file again from its source, or remove the sign, and quotes, from the whole column",
        );
    }
    match made_of_identifier(text) {
        Some(Made::Error) => {
            return doubtful(
                FindingCode::IdentifierSpreadsheet,
                "holds the error value of a spreadsheet's formula, which many rows may share; correct the formula",
            );
        }
        Some(Made::Number) if numbers == SpreadsheetNumbers::Refuse => {
            return doubtful(
                FindingCode::IdentifierSpreadsheet,
                "holds a number that a spreadsheet has rounded (scientific notation, zeros from the 16th digit on, or \
                 a point), so different numbers may have become the same; format the column as text and export the \
                 file again from its source, or accept these numbers with --spreadsheet-numbers take",
            );
        }
        Some(Made::Date) if numbers == SpreadsheetNumbers::Refuse => {
            return doubtful(
                FindingCode::IdentifierSpreadsheet,
                "holds a date, because a spreadsheet changes numbers such as 3-1 into dates; format the column as text \
                 and export the file again from its source, or accept these identifiers with --spreadsheet-numbers \
                 take",
            );
        }
        _ => {}
    }
    if text.len() <= 12 && PLACEHOLDERS.iter().any(|sign| sign.eq_ignore_ascii_case(text)) {
        return doubtful(
            FindingCode::IdentifierPlaceholder,
            "holds a sign for a missing value, which many rows may share; give every sample and family its number",
        );
    }
    if !text.is_ascii() && has_lookalike(text) {
        return doubtful(
            FindingCode::IdentifierLookalike,
            "contains a character that looks like another, or like nothing: a full-width letter, digit or sign, \
             another kind of space, a separate accent or a letter of another alphabet, so two different identifiers \
             could look alike; type it again in plain letters and digits",
        );
    }
    Ok(())
}

/// Checks an identifier that becomes a pseudonym. Full-width characters and unusual spaces in it are ignored: see
/// [`folded`]. Returns `true` if it had any.
///
/// # Errors
/// [`Doubtful`].
pub(in crate::intake) fn check_folded(text: &str, numbers: SpreadsheetNumbers) -> Result<bool, Doubtful> {
    let plain = folded(text);
    check(&plain, numbers)?;
    Ok(*plain != *text.trim())
}

fn has_lookalike(text: &str) -> bool {
    let foreign = |c: char| LOOKALIKES.contains(c);
    let is_chinese = text.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
    // Chinese text has full-width brackets.
    let is_bracket = |c: char| is_chinese && matches!(c, '（' | '）');
    text.chars().any(|c| looks_like_another(c) && !is_bracket(c))
        || text.chars().any(foreign) && text.chars().all(|c| c.is_ascii() || foreign(c))
}

/// Reports whether a character resembles another one: full-width and half-width forms, spaces, combining accents,
/// variation selectors, blank letters, private-use and replacement characters, mathematical letters, ligatures and
/// circled digits.
fn looks_like_another(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{300}'..='\u{36f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{1680}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}' | '\u{20d0}'..='\u{20ff}' | '\u{2100}'..='\u{214f}' | '\u{2160}'..='\u{217f}'
        | '\u{2460}'..='\u{24ff}' | '\u{2800}' | '\u{3000}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
        | '\u{f900}'..='\u{fb06}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ff00}'..='\u{ffff}'
        | '\u{1d400}'..='\u{1d7ff}' | '\u{e0000}'..='\u{10ffff}')
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<FindingCode> {
        check(text, SpreadsheetNumbers::Refuse).err().map(|doubtful| doubtful.code)
    }

    #[test]
    fn rounded_numbers_are_refused_or_taken() {
        for text in ["3.70102E+17", "370102199003077000", " 3.7E17 ", "1001.0", "9月11日"] {
            assert_eq!(code(text), Some(FindingCode::IdentifierSpreadsheet), "{text}");
            assert_eq!(check(text, SpreadsheetNumbers::Take), Ok(()), "{text}");
        }
        assert!(check("#N/A", SpreadsheetNumbers::Take).is_err());
    }

    #[test]
    fn signs_for_nothing_are_no_identifiers() {
        for text in ["NA", "n/a", "-", "未知", "NULL", "Unknown"] {
            assert_eq!(code(text), Some(FindingCode::IdentifierPlaceholder), "{text}");
        }
    }

    #[test]
    fn characters_that_look_like_others_are_refused() {
        for text in [
            "F１",
            "A\u{308}1",
            "N\u{a0}B",
            "N\u{3000}B",
            "X\u{fe0f}1",
            "X\u{2800}1",
            "X\u{3164}1",
            "К1",
            "SО1",
            "S\u{2013}1",
            "①",
            "\u{e000}",
            "\u{fffd}1",
        ] {
            assert_eq!(code(text), Some(FindingCode::IdentifierLookalike), "{text}");
        }
        for text in [
            "S-1",
            "鲁-2031é",
            "济南市局2024第3号",
            "鲁公（刑）字〔2024〕1号",
            "Иванов-1",
            "10",
            "370102199003077736",
            "N B",
            "NA1",
        ] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn signs_of_spreadsheets_and_of_missing_numbers_are_no_identifiers() {
        for text in ["=\"001\"", "=001", "'0011"] {
            assert_eq!(code(text), Some(FindingCode::IdentifierSpreadsheet), "{text}");
        }
        for text in ["0", "000", "待补", "未编号", "暂无"] {
            assert_eq!(code(text), Some(FindingCode::IdentifierPlaceholder), "{text}");
        }
        for text in ["001", "10", "O'Neil", "A=1"] {
            assert_eq!(code(text), None, "{text}");
        }
    }
}
