//! Decides when two identifiers are the same, and when they are alike.
//!
//! The hashed text decides: the identifier without surrounding blanks, with plain characters for its full-width
//! characters and plain spaces for its other kinds of spaces. The hash cannot ignore more differences: the pseudonyms
//! of every existing store depend on it, and numbers that differ in case may belong to two people. Identifiers that
//! differ only in letter case, in spaces or by Unicode's compatibility (NFKC: `Ⅳ` and `IV`, two codes of one Chinese
//! character) are therefore two identifiers, but alike: the import is refused until somebody decides which ones they
//! are.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// Returns the text that is hashed for an identifier.
#[must_use]
pub(crate) fn folded(id: &str) -> Cow<'_, str> {
    let id = id.trim();
    if id.is_ascii() {
        return Cow::Borrowed(id);
    }
    let is_chinese = id.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
    let fold = |c: char| match c {
        // Chinese text has full-width brackets, and stores have pseudonyms of this text.
        '（' | '）' if is_chinese => c,
        _ => plain_character(c),
    };
    if id.chars().all(|c| fold(c) == c) {
        return Cow::Borrowed(id);
    }
    let folded: String = id.chars().map(fold).collect();
    Cow::Owned(folded.trim().to_owned())
}

/// Returns full-width characters in their plain width, and the plain space for other spaces that have a width.
fn plain_character(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        _ => c,
    }
}

/// Returns the common form of all identifiers that are alike: in Unicode's normal form NFKC, without spaces, in
/// capitals.
pub(super) fn plain(id: &str) -> String {
    id.nfkc().map(plain_character).filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// Reports whether an identifier is certainly in that form already.
pub(super) fn is_plain(id: &str) -> bool {
    id.bytes().all(|b| b.is_ascii() && !b.is_ascii_lowercase() && !b.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_and_spaces_do_not_count_and_case_does() {
        for (id, expected) in [
            ("F１", "F1"),
            (" Ｆ－１\u{3000}", "F-1"),
            ("N\u{a0}B", "N B"),
            ("N\u{3000}B", "N B"),
            ("f1", "f1"),
            ("F  1", "F  1"),
            ("（1）", "(1)"),
            ("鲁公（刑）字１号", "鲁公（刑）字1号"),
            ("é", "é"),
        ] {
            assert_eq!(folded(id), expected);
            assert_eq!(folded(&folded(id)), expected);
        }
    }

    #[test]
    fn alike_identifiers_share_a_form() {
        for ids in [
            &["F1", "f1", "F 1", "f  1", "F１"][..],
            &["鲁公（刑）1", "鲁公(刑) 1"],
            &["É1", "é1", "e\u{301}1"],
            &["Ⅳ-①", "iv-1"],
            &["\u{f9b4}1", "領1"],
        ] {
            assert!(ids.iter().all(|id| plain(id) == plain(ids[0])), "{ids:?}");
        }
        assert_ne!(plain("F1"), plain("F-1"));
        assert!(is_plain("F-1_X") && !is_plain("f1") && !is_plain("F 1") && !is_plain("É"));
    }
}
