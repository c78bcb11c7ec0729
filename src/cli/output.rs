//! Standard output and standard error.

use std::io::{self, Write};

use crate::model::shown_lines;
use crate::report::SCREEN;
use crate::report::words::wrap;

pub(super) use crate::report::words::{count, hex, plural};

/// Rows of a table on a terminal; all are in the other formats.
pub(super) const TABLE_ROWS: usize = 50;

/// Where a command speaks: data to standard output, everything else to standard error.
pub(super) struct Output {
    quiet: bool,
}

impl Output {
    pub(super) fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Writes data. What would deceive a reader at a terminal is escaped: in JSON, where it can only be within a string,
    /// as JSON does.
    pub(super) fn data(&self, text: &str) -> anyhow::Result<()> {
        let text = if text.starts_with(['{', '[']) {
            shown_lines(text, |c| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect())
        } else {
            shown_lines(text, plain_escape)
        };
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Says what is going on, unless asked to be quiet.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            tell(text);
        }
    }

    /// Says what must not be missed.
    pub(super) fn warn(&self, text: &str) {
        tell(text);
    }

    /// Says why the command failed: the error and its causes, each once, and what to do.
    pub(super) fn error(&self, error: &anyhow::Error, fix: Option<&str>) {
        let mut text = String::from("error");
        let mut last = None;
        for cause in error.chain().map(ToString::to_string) {
            // Many errors name their cause themselves, and SQLite's have themselves as their cause.
            if !text.ends_with(&cause) && !last.is_some_and(|last: String| cause.ends_with(&last)) {
                text += ": ";
                text += &cause;
            }
            last = Some(cause);
        }
        if let Some(fix) = fix {
            text += "; ";
            text += fix;
        }
        tell(&text);
    }
}

/// A character as it is escaped in text; a tab is one of a table's own.
fn plain_escape(c: char) -> String {
    if c == '\t' { c.to_string() } else { c.escape_default().to_string() }
}

/// A line to standard error. If nobody can read it, the work goes on: what was begun is finished or undone in order.
fn tell(text: &str) {
    // Names were escaped where they became a part of the text; this is for what nobody thought of.
    let text: Vec<String> = shown_lines(text, plain_escape).lines().map(|line| wrap(line, SCREEN)).collect();
    let text = text.join("\n");
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Whether the reader of our output has gone, which is no error of ours.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}
