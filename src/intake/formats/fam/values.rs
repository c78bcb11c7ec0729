//! A file of one value per line, read from the top.

use crate::intake::findings::{Findings, value_named};
use crate::model::FindingCode;

/// The lines of a file and how far they are read. Every reading function gives `None` after a finding: what follows
/// cannot be told then.
pub(super) struct Values<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl<'a> Values<'a> {
    /// Splits a text. White space around values, Windows line ends and a byte order mark do not count.
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

    /// Number of the next line, from 1.
    pub(super) fn line(&self) -> u64 {
        self.at as u64 + 1
    }

    /// The next line, which stays the next.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.at).copied()
    }

    /// The next line; `None` at the end.
    pub(super) fn skip(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        self.at += 1;
        Some(line)
    }

    /// The next line, which holds `what`.
    pub(super) fn next(&mut self, what: &str, findings: &mut Findings) -> Option<&'a str> {
        if self.at == self.lines.len() {
            // At the last line that there is.
            let what_to_do = "is missing, because the file ends here: it was cut off; save it again";
            findings.problem(self.at as u64, value_named(what), FindingCode::End, what_to_do);
        }
        self.skip()
    }

    /// A text; quotes around it are taken off.
    pub(super) fn text(&mut self, what: &str, findings: &mut Findings) -> Option<&'a str> {
        self.next(what, findings).map(unquoted)
    }

    /// A value that `read` understands.
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

    /// How many things follow, each of at least so many lines: never more than the file has room for.
    pub(super) fn count(&mut self, what: &str, lines: usize, findings: &mut Findings) -> Option<usize> {
        let text = self.peek().unwrap_or_default();
        self.count_of(what, text, lines, findings)
    }

    /// The same, where the count is only this part of the next line.
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

    /// A position, from 0 and below a limit.
    pub(super) fn index(&mut self, what: &str, below: usize, findings: &mut Findings) -> Option<usize> {
        let form = format!("a whole number below {below}");
        self.value(
            what,
            (FindingCode::Index, &form),
            |text| whole_number(text).filter(|&index| index < below),
            findings,
        )
    }

    /// A number that is not negative.
    pub(super) fn number(&mut self, what: &str, findings: &mut Findings) -> Option<f64> {
        self.value(what, (FindingCode::Number, "a number from 0"), not_negative, findings)
    }

    /// `#TRUE#` or `#FALSE#`, whatever follows.
    pub(super) fn flag(&mut self, what: &str, findings: &mut Findings) -> Option<bool> {
        self.value(what, (FindingCode::Flag, "#TRUE# or #FALSE#"), flag_value, findings)
    }
}

/// A finite number that is not negative.
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
    // Without a sign.
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

pub(super) fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim()
}
