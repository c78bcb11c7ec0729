//! Replaces characters of Chinese input methods and word processors with the ASCII characters that they stand for.

use std::borrow::Cow;

/// Returns a cell without surrounding white space, in ASCII where only the look changes: full-width letters, digits and
/// signs, dashes of any length, fraction slashes, the middle dot for a point, the enumeration comma as a semicolon.
/// Invisible characters are removed. Other characters stay.
///
/// This is for values and words only: every character of an identifier counts.
pub(in crate::intake) fn to_ascii(cell: &str) -> Cow<'_, str> {
    let cell = cell.trim();
    if cell.is_ascii() {
        return Cow::Borrowed(cell);
    }
    let folded: String = cell.chars().filter(|&c| !is_invisible(c)).map(ascii_of).collect();
    Cow::Owned(folded.trim().to_owned())
}

/// Returns the ASCII character that a character stands for, or the character itself.
fn ascii_of(c: char) -> char {
    match c {
        // The block of full-width forms is in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{2500}' => '-',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{b7}' | '\u{2022}' | '\u{30fb}' => '.',
        '\u{3001}' | '\u{ff64}' => ';',
        _ => c,
    }
}

/// Reports whether a character is a zero-width character, direction mark, byte order mark, soft hyphen or variation
/// selector.
pub(in crate::intake) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_characters_become_ascii() {
        for (cell, expected) in [
            ("７／９", "7/9"),
            ("７、９．３", "7;9.3"),
            ("９·３", "9.3"),
            ("\u{3000}Ｘ／Ｙ\u{a0}", "X/Y"),
            ("—", "-"),
            ("——", "--"),
            ("１４－１５", "14-15"),
            ("1\u{200b}4", "14"),
            ("未检出", "未检出"),
            (" 14/15 ", "14/15"),
            ("", ""),
        ] {
            assert_eq!(to_ascii(cell), expected, "{cell}");
        }
    }
}
