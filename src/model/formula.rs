//! Texts that a spreadsheet would take for formulas, in the CSV files that this program writes and reads again.

use std::borrow::Cow;

/// A text for a field of a CSV file that a spreadsheet then shows and does not compute: before what begins as a formula,
/// which may start programs, stands an apostrophe. Numbers stay. [`stated`] takes the apostrophe away again.
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

/// The text of which [`inert`] makes this one.
#[must_use]
pub fn stated(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| begins_a_formula(rest)).unwrap_or(text)
}

/// Finds out whether a text begins as formulas do, also behind apostrophes.
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
