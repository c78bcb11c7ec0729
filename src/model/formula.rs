//! Protects texts in CSV files that a spreadsheet would otherwise run as formulas, and restores them on reading.

use std::borrow::Cow;

/// Returns the text for a field of a CSV file so that a spreadsheet displays it and does not compute it: puts an
/// apostrophe before a text that begins like a formula, because formulas can start programs. Numbers are unchanged.
/// [`stated`] removes the apostrophe.
///
/// ```
/// use reunite::model::{inert, stated};
///
/// assert_eq!(inert("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
/// assert_eq!([inert("-3.5"), inert("Jinan")], ["-3.5", "Jinan"]);
/// assert_eq!(stated("'=cmd|' /C calc'!A0"), "=cmd|' /C calc'!A0");
/// ```
#[must_use]
pub fn inert(text: &str) -> Cow<'_, str> {
    if begins_a_formula(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Returns the original text, from which [`inert`] made this one.
#[must_use]
pub fn stated(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| begins_a_formula(rest)).unwrap_or(text)
}

/// Reports whether a text begins like a formula, also after apostrophes.
fn begins_a_formula(text: &str) -> bool {
    let bare = text.trim_start_matches('\'');
    let begins = bare.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    begins && bare.chars().nth(1).is_some() && (bare.len() < text.len() || text.parse::<f64>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_shown_and_come_back() {
        for text in ["=1+1", "+cmd|x", "-1+1", "@SUM(A1)", "\t=1", "＝1+1", "'=1", "''-x", "'-1", "--"] {
            assert_eq!(inert(text), format!("'{text}"));
            assert_eq!(stated(&inert(text)), text);
        }
        for text in ["", "-", "=", "-3.5", "+1e9", "-inf", "a=b", "O'Neil", "'quoted'", "济南", "2024-01-01"] {
            assert_eq!(inert(text), text);
            assert_eq!(stated(text), text);
        }
    }
}
