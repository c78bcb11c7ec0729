//! Escapes characters in names and texts from outside that would be invisible, or would move or forge other text on
//! screen.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Reports whether a character is invisible or changes the display of the text around it: control and format
/// characters, line separators, direction marks, zero-width and other blank characters, variation selectors, private
/// characters.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control() || is_ignorable(c) || is_private(c) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2800}')
}

/// Reports whether Unicode calls a character default-ignorable: it has no shape of its own.
#[must_use]
pub fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Reports whether a character has a meaning only by private agreement, or no meaning at all.
#[must_use]
pub fn is_private(c: char) -> bool {
    let code = u32::from(c);
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..) || code & 0xfffe == 0xfffe || matches!(code, 0xfdd0..=0xfdef)
}

/// Returns a text in one line, with every deceptive character escaped in Rust's notation: `\n`, `\u{202e}`. If the text
/// has a deceptive character, backslashes are doubled to distinguish them from escapes; otherwise the text is
/// unchanged.
///
/// ```
/// use reunite::model::shown;
///
/// assert_eq!(shown("children.csv"), "children.csv");
/// assert_eq!(shown("a\u{1b}[2J\nerror"), r"a\u{1b}[2J\nerror");
/// ```
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    push_escaped(text, &mut escaped);
    Cow::Owned(escaped)
}

fn push_escaped(text: &str, escaped: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\n' | '\r' | '\t' => escaped.extend(c.escape_default()),
            c if is_deceptive(c) => escaped.extend(c.escape_unicode()),
            c => escaped.push(c),
        }
    }
}

/// Returns a path, escaped as [`shown`] escapes a text; bytes that are not UTF-8 are escaped as well: `\xff`.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    shown_os(path.as_os_str())
}

/// Returns an argument or a name from the operating system, escaped as [`shown_path`] escapes a path.
#[must_use]
pub fn shown_os(name: &OsStr) -> String {
    if let Some(text) = name.to_str() {
        return shown(text).into_owned();
    }
    let mut escaped = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        push_escaped(chunk.valid(), &mut escaped);
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\x{byte:02x}");
        }
    }
    escaped
}

/// Returns the text with every deceptive character escaped except line feeds, which belong to the text. This is the
/// last protection before a terminal. `escape` writes one character.
#[must_use]
pub fn shown_lines(text: &str, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    let hides = |c: char| c != '\n' && is_deceptive(c);
    if !text.contains(hides) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hides(c) { escaped.push_str(&escape(c)) } else { escaped.push(c) }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_deceive_is_escaped() {
        for (text, expected) in [
            ("济南 (1).csv", "济南 (1).csv"),
            (r"a\b", r"a\b"),
            ("a\\b\n", r"a\\b\n"),
            ("\u{202e}vsc.x", r"\u{202e}vsc.x"),
            ("a\u{200b}b\u{feff}", r"a\u{200b}b\u{feff}"),
            ("\u{9b}2J\u{7f}\u{2028}", r"\u{9b}2J\u{7f}\u{2028}"),
            ("\u{e000}\u{10ffff}\u{fe0f}\u{e0041}", r"\u{e000}\u{10ffff}\u{fe0f}\u{e0041}"),
        ] {
            assert_eq!(shown(text), expected);
            assert_eq!(shown_path(Path::new(text)), expected);
        }
        assert_eq!(shown_os(OsStr::from_bytes(b"a\xff\n\xe6\xb5")), r"a\xff\n\xe6\xb5");
    }

    #[test]
    fn lines_stay_lines() {
        let escape = |c: char| format!("<{:x}>", u32::from(c));
        assert_eq!(shown_lines("a\nb", escape), "a\nb");
        assert_eq!(shown_lines("a\x1b[1m\nb\r", escape), "a<1b>[1m\nb<d>");
    }
}
