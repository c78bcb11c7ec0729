//! Reads a file of one value per line from the top.

use crate::intake::findings::{Findings, value_named};
use crate::model::FindingCode;

/// The lines of a file, and the position reached. Every reading function returns `None` after a finding, because the
/// meaning of the following lines is then unknown.
pub(super) struct Values<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl<'a> Values<'a> {
    /// Splits a text into lines. White space around values, Windows line ends and a byte order mark are ignored.
    pub(super) fn new(bytes: &'a [u8], findings: &mut Findings) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Some(Self { lines: text.lines().map(str::trim).collect(), at: 0 }),
            Err(error) => {
                let before = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() as u64;
                let what = "the line is not UTF-8; give persons names in Latin letters, or save the file as UTF-8";
                findings.problem(before + 1, None, FindingCode::Utf8, what);
                None
            }
        }
    }

    /// Returns the number of the next line, from 1.
    pub(super) fn line(&self) -> u64 {
        self.at as u64 + 1
    }

    /// Returns the next line without consuming it.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.at).copied()
    }

    /// Consumes and returns the next line; `None` at the end.
    pub(super) fn skip(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        self.at += 1;
        Some(line)
    }

    /// Consumes and returns the next line, which holds `what`.
    pub(super) fn next(&mut self, what: &str, findings: &mut Findings) -> Option<&'a str> {
        if self.at == self.lines.len() {
            // The finding is placed at the last existing line.
            let what_to_do = "is missing, because the file ends here: it was cut off; save it again";
            findings.problem(self.at as u64, value_named(what), FindingCode::End, what_to_do);
        }
        self.skip()
    }

    /// Reads a text and removes the quotes around it.
    pub(super) fn text(&mut self, what: &str, findings: &mut Findings) -> Option<&'a str> {
        self.next(what, findings).map(unquoted)
    }

    /// Reads a value with `read`.
    fn value<T>(
        &mut self,
        what: &str,
        (code, form): (FindingCode, &str),
        read: impl FnOnce(&str) -> Option<T>,
        findings: &mut Findings,
    ) -> Option<T> {
        let line = self.line();
        let value = read(self.next(what, findings)?);
        if value.is_none() {
            let what_to_do = format!("is not {form}: the file was damaged; save it again");
            findings.problem(line, value_named(what), code, what_to_do);
        }
        value
    }

    /// Reads the number of items that follow, each with at least this number of lines. The number must fit into the
    /// rest of the file.
    pub(super) fn count(&mut self, what: &str, lines: usize, findings: &mut Findings) -> Option<usize> {
        let text = self.peek().unwrap_or_default();
        self.count_of(what, text, lines, findings)
    }

    /// Reads the number as [`Self::count`] does, from a part of the next line.
    pub(super) fn count_of(&mut self, what: &str, text: &str, lines: usize, findings: &mut Findings) -> Option<usize> {
        let line = self.line();
        let count = self.value(what, (FindingCode::Number, "a whole number"), |_| whole_number(text), findings)?;
        if count > (self.lines.len() - self.at) / lines.max(1) {
            let what_to_do = "is larger than the file allows: the file was cut off, or damaged; save it again";
            findings.problem(line, value_named(what), FindingCode::Count, what_to_do);
            return None;
        }
        Some(count)
    }

    /// Reads a position, from 0 and below a limit.
    pub(super) fn index(&mut self, what: &str, below: usize, findings: &mut Findings) -> Option<usize> {
        let form = format!("a whole number below {below}");
        self.value(
            what,
            (FindingCode::Index, &form),
            |text| whole_number(text).filter(|&index| index < below),
            findings,
        )
    }

    /// Reads a number that is not negative.
    pub(super) fn number(&mut self, what: &str, findings: &mut Findings) -> Option<f64> {
        self.value(what, (FindingCode::Number, "a number from 0"), not_negative, findings)
    }

    /// Reads `#TRUE#` or `#FALSE#`, and ignores what follows.
    pub(super) fn flag(&mut self, what: &str, findings: &mut Findings) -> Option<bool> {
        self.value(what, (FindingCode::Flag, "#TRUE# or #FALSE#"), flag_value, findings)
    }
}

/// Parses a finite number that is not negative.
pub(super) fn not_negative(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

pub(super) fn flag_value(text: &str) -> Option<bool> {
    if text.starts_with("#TRUE#") {
        Some(true)
    } else if text.starts_with("#FALSE#") {
        Some(false)
    } else {
        None
    }
}

fn whole_number(text: &str) -> Option<usize> {
    // A sign is refused.
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

pub(super) fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim()
}
