//! Standard output and standard error.

use std::io::{self, IsTerminal, Write};

use anyhow::bail;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use jiff::Timestamp;
use serde_json::json;
use terminal_size::{Width, terminal_size_of};

use crate::model::{Language, shown_lines};
#[cfg(feature = "parquet")]
use crate::report;
use crate::report::{HANG, Look, Page, SCREEN};
use crate::words::{in_language, wrap};

pub(super) use crate::report::words::{count, hex, plural};

/// Rows of a table on a terminal; all are in the other formats.
pub(super) const TABLE_ROWS: usize = 50;

/// The columns of a terminal that is too narrow for any table.
const LEAST_COLUMNS: usize = 40;

/// When headings and warnings are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Auto,
    Always,
    Never,
}

impl ValueEnum for Colour {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Always, Self::Never]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }))
    }
}

impl Colour {
    /// Whether this stream is coloured. The variable `NO_COLOR` says no where nothing else is said (no-color.org).
    fn of(self, is_terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// The same for the help of a command.
    pub(super) fn of_help(self) -> clap::ColorChoice {
        match self {
            Self::Always => clap::ColorChoice::Always,
            Self::Never => clap::ColorChoice::Never,
            Self::Auto => clap::ColorChoice::Auto,
        }
    }
}

/// The form of what is not a result: notices, warnings and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogFormat {
    Text,
    Json,
}

impl ValueEnum for LogFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Text, Self::Json]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Text => "text",
            Self::Json => "json",
        }))
    }
}

/// How loud a line on standard error is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The escape sequence of its colour.
    fn colour(self) -> Option<&'static str> {
        match self {
            Self::Info => None,
            Self::Warning => Some("\x1b[33m"),
            Self::Error => Some("\x1b[31m"),
        }
    }
}

/// Where a command speaks: data to standard output, everything else to standard error.
#[derive(Clone, Copy)]
pub(super) struct Output {
    quiet: bool,
    log: LogFormat,
    language: Language,
    look: Look,
    /// Columns and colours of standard error.
    said: Look,
}

impl Output {
    pub(super) fn new(quiet: bool, log: LogFormat, colour: Colour, language: Language) -> Self {
        let look = |is_terminal: bool, size: Option<Width>| {
            // A terminal that does not say its size gets a screen.
            let columns = size.map_or(SCREEN, |width| usize::from(width.0).max(LEAST_COLUMNS));
            Look { language, columns: is_terminal.then_some(columns), short: is_terminal, bold: colour.of(is_terminal) }
        };
        let (out, err) = (io::stdout(), io::stderr());
        Self {
            quiet,
            log,
            language,
            look: look(out.is_terminal(), terminal_size_of(&out).map(|size| size.0)),
            said: look(err.is_terminal(), terminal_size_of(&err).map(|size| size.0)),
        }
    }

    /// The same, but for warnings and results only.
    pub(super) fn quietly(self) -> Self {
        Self { quiet: true, ..self }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(super) fn language(&self) -> Language {
        self.language
    }

    /// Whether standard error is for programs, which no bar may disturb.
    pub(super) fn is_for_programs(&self) -> bool {
        self.log == LogFormat::Json
    }

    /// Writes data. What would deceive a reader at a terminal is escaped: in JSON, where it can only be within a string,
    /// as JSON does.
    pub(super) fn data(&self, text: &str) -> anyhow::Result<()> {
        let text = if text.starts_with(['{', '[']) {
            shown_lines(text, |c| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect())
        } else {
            shown_lines(text, plain_escape)
        };
        self.bytes(text.as_bytes())
    }

    /// Writes a table as Parquet.
    #[cfg(feature = "parquet")]
    pub(super) fn parquet(&self, name: &str, csv: &str) -> anyhow::Result<()> {
        if io::stdout().is_terminal() {
            bail!("Parquet is not for a terminal; send it to a file: > {name}.parquet");
        }
        self.bytes(&report::parquet(name, csv)?)
    }

    /// As no value of an option asks for it.
    #[cfg(not(feature = "parquet"))]
    pub(super) fn parquet(&self, _: &str, _: &str) -> anyhow::Result<()> {
        bail!("this build of the program does not write Parquet")
    }

    /// Writes data that are no text.
    pub(super) fn bytes(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Writes what people read, in their language and in the width of their terminal.
    pub(super) fn page(&self, page: impl Into<Page>) -> anyhow::Result<()> {
        // Bold type is the only escape sequence of a page.
        let plain = Look { bold: false, ..self.look };
        let page = page.into();
        let safe = |look: Look| shown_lines(&page.laid_out(look), plain_escape).into_owned();
        let text = safe(plain);
        let text = if self.look.bold && text == page.laid_out(plain) { page.laid_out(self.look) } else { text };
        self.bytes(text.as_bytes())
    }

    /// Says what is going on, unless asked to be quiet.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.tell(Level::Info, text);
        }
    }

    /// Says what is going on in lines and tables, unless asked to be quiet.
    pub(super) fn say_page(&self, page: &Page) {
        match self.log {
            _ if self.quiet => {}
            LogFormat::Json => self.tell(Level::Info, page.to_string().trim()),
            LogFormat::Text => {
                let look = Look { bold: false, ..self.said };
                let text = page.laid_out(look);
                // As in `tell`.
                let _ = io::stderr().lock().write_all(shown_lines(&text, plain_escape).as_bytes());
            }
        }
    }

    /// Says what must not be missed.
    pub(super) fn warn(&self, text: &str) {
        self.tell(Level::Warning, text);
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
        self.tell(Level::Error, &text);
    }

    /// A line to standard error. If nobody can read it, the work goes on: what was begun is finished or undone in order.
    fn tell(&self, level: Level, text: &str) {
        let text = in_language(text, self.language);
        let text = match self.log {
            LogFormat::Json => {
                let at = Timestamp::now().round(jiff::Unit::Second).unwrap_or_default();
                json!({ "at": at.to_string(), "level": level.word(), "text": text }).to_string()
            }
            LogFormat::Text => {
                // Names were escaped where they became a part of the text; this is for what nobody thought of.
                let width = self.said.columns.unwrap_or(SCREEN);
                let safe = shown_lines(&text, plain_escape);
                let lines: Vec<String> = safe.lines().map(|line| wrap(line, width, HANG)).collect();
                match level.colour().filter(|_| self.said.bold) {
                    Some(colour) => format!("{colour}{}\x1b[0m", lines.join("\n")),
                    None => lines.join("\n"),
                }
            }
        };
        let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
    }
}

/// A character as it is escaped in text; a tab is one of a table's own.
fn plain_escape(c: char) -> String {
    if c == '\t' { c.to_string() } else { c.escape_default().to_string() }
}

/// Whether the reader of our output has gone, which is no error of ours.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}
