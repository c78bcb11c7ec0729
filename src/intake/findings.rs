//! Collects the problems, warnings and notes about a file, each with its place.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::model::{FindingCode, Severity, shown};

/// A finding about a file: its place, its cause, and what to do. A finding never repeats the contents of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The name of the file, as given.
    pub file: Arc<str>,
    /// The line, from 1; 0 if the finding is about the whole file.
    pub line: u64,
    /// The column, or the value in a format without columns.
    pub column: Option<ColumnName>,
    /// The severity.
    pub severity: Severity,
    /// The kind of finding.
    pub code: FindingCode,
    /// The cause and the remedy.
    pub what: Cow<'static, str>,
}

impl Problem {
    /// Returns a finding about a whole file.
    #[must_use]
    pub fn about_file(file: &str, severity: Severity, code: FindingCode, what: impl Into<Cow<'static, str>>) -> Self {
        Self { file: file.into(), line: 0, column: None, severity, code, what: what.into() }
    }

    /// Returns line and column, to sort by.
    #[must_use]
    pub fn place(&self) -> (u64, usize) {
        (self.line, self.column.as_ref().and_then(|column| column.number).unwrap_or(0))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if let Some(column) = &self.column {
            write!(f, ": {column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// A column, or another value of a file, as findings name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnName {
    /// The number, from 1; `None` in a format without columns, such as XML, where the name alone identifies the value.
    pub number: Option<usize>,
    /// The name in the header; `?` for a name that cannot be a column's.
    pub name: Arc<str>,
}

impl fmt::Display for ColumnName {
    /// Writes the column as a spreadsheet names it, `column D (TH01)`, or only the name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "column {} ({})", column_letters(number), shown(&self.name)),
            None => f.write_str(&shown(&self.name)),
        }
    }
}

/// Returns a spreadsheet's name for a column, from 1: A to Z, then AA and so on; empty for 0.
///
/// ```
/// use reunite::intake::column_letters;
///
/// assert_eq!([1, 26, 27, 702, 703].map(column_letters), ["A", "Z", "AA", "ZZ", "AAA"]);
/// ```
#[must_use]
pub fn column_letters(mut number: usize) -> String {
    let mut letters = Vec::new();
    while number > 0 {
        number -= 1;
        // The remainder is below 26.
        letters.push(char::from(b'A' + u8::try_from(number % 26).unwrap_or_default()));
        number /= 26;
    }
    letters.iter().rev().collect()
}

impl ColumnName {
    /// Returns the column at a position, from 0.
    pub(super) fn at(position: usize, name: impl Into<Arc<str>>) -> Self {
        Self { number: Some(position + 1), name: name.into() }
    }
}

/// The place of a finding in its line, if it has one.
pub(super) type Column = Option<ColumnName>;

/// Returns a value as findings name it, for a format without columns.
pub(super) fn value_named(name: &str) -> Column {
    Some(ColumnName { number: None, name: name.into() })
}

/// Collects the findings of one file.
pub(super) struct Findings {
    file: Arc<str>,
    problems: Vec<Problem>,
    notes: Vec<Problem>,
    bad_lines: Vec<u64>,
    left_out: u64,
    notes_left_out: u64,
    /// Findings that are reported once per file, each with its first place.
    once: Vec<Problem>,
    /// The columns of the loci, once they are known.
    pub(super) locus_columns: Vec<Column>,
    /// Number of rows that were rejected because of a problem, or would have been: lines of a table, samples,
    /// specimens, persons.
    pub(super) rejected: u64,
}

/// The maximum number of findings. More would help nobody, and would use more memory than the file.
pub const MOST_FINDINGS: usize = 100_000;

impl Findings {
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.into(),
            problems: Vec::new(),
            notes: Vec::new(),
            bad_lines: Vec::new(),
            left_out: 0,
            notes_left_out: 0,
            once: Vec::new(),
            locus_columns: Vec::new(),
            rejected: 0,
        }
    }

    pub(super) fn problem(&mut self, line: u64, column: Column, code: FindingCode, what: impl Into<Cow<'static, str>>) {
        // Rows are read in order, so comparing with the last line keeps one entry per line.
        if self.bad_lines.last() != Some(&line) {
            self.bad_lines.push(line);
        }
        if self.problems.len() < MOST_FINDINGS {
            let (file, severity) = (self.file.clone(), Severity::Error);
            self.problems.push(Problem { file, line, column, severity, code, what: what.into() });
        } else {
            self.left_out += 1;
        }
    }

    /// Adds a warning, which refuses nothing.
    pub(super) fn warn(&mut self, line: u64, column: Column, code: FindingCode, what: impl Into<Cow<'static, str>>) {
        self.remark(line, column, Severity::Warning, code, what.into());
    }

    pub(super) fn note(&mut self, line: u64, column: Column, code: FindingCode, what: impl Into<Cow<'static, str>>) {
        self.remark(line, column, Severity::Note, code, what.into());
    }

    /// Adds a note once per file for each `code` and `what`, at the first place.
    pub(super) fn note_once(
        &mut self,
        line: u64,
        column: Column,
        code: FindingCode,
        what: impl Into<Cow<'static, str>>,
    ) {
        let (file, severity, what) = (self.file.clone(), Severity::Note, what.into());
        self.add_once(Problem { file, line, column, severity, code, what });
    }

    fn add_once(&mut self, note: Problem) {
        if !self.once.iter().any(|said| (said.code, &said.what) == (note.code, &note.what)) {
            self.once.push(note);
        }
    }

    /// Returns findings for a piece of the file, which are appended later.
    pub(super) fn for_piece(&self) -> Self {
        Self { file: self.file.clone(), ..Self::new("") }
    }

    /// Appends the findings of the next piece of the file.
    pub(super) fn append(&mut self, piece: Self) {
        self.bad_lines.extend(piece.bad_lines);
        self.left_out += piece.left_out + append_bounded(&mut self.problems, piece.problems);
        self.notes_left_out += piece.notes_left_out + append_bounded(&mut self.notes, piece.notes);
        piece.once.into_iter().for_each(|note| self.add_once(note));
    }

    fn remark(&mut self, line: u64, column: Column, severity: Severity, code: FindingCode, what: Cow<'static, str>) {
        if self.notes.len() < MOST_FINDINGS {
            self.notes.push(Problem { file: self.file.clone(), line, column, severity, code, what });
        } else {
            self.notes_left_out += 1;
        }
    }

    /// Returns the number of problems so far.
    pub(super) fn count(&self) -> u64 {
        self.problems.len() as u64 + self.left_out
    }

    /// Reports whether a listed problem has this code.
    pub(super) fn has_code(&self, code: FindingCode) -> bool {
        self.problems.iter().any(|problem| problem.code == code)
    }

    /// Returns the lines that have a problem, in ascending order.
    pub(super) fn bad_lines(&mut self) -> &[u64] {
        self.bad_lines.sort_unstable();
        self.bad_lines.dedup();
        &self.bad_lines
    }

    /// Returns the problems, and the warnings with the notes, each sorted by line and column.
    pub(super) fn finish(mut self) -> (Vec<Problem>, Vec<Problem>) {
        self.problems.sort_by_key(Problem::place);
        self.notes.append(&mut self.once);
        self.notes.sort_by_key(Problem::place);
        let more = |severity, what: String| {
            let what = what.into();
            Problem { file: self.file.clone(), line: 0, column: None, severity, code: FindingCode::More, what }
        };
        if self.left_out > 0 {
            self.problems
                .push(more(Severity::Error, format!("further problems that are not listed: {}", self.left_out)));
        }
        if self.notes_left_out > 0 {
            let what = format!("further warnings and notes that are not listed: {}", self.notes_left_out);
            self.notes.push(more(Severity::Note, what));
        }
        (self.problems, self.notes)
    }
}

/// Appends findings up to the limit. Returns the number of those left out.
fn append_bounded(all: &mut Vec<Problem>, mut more: Vec<Problem>) -> u64 {
    let left_out = more.split_off(more.len().min(MOST_FINDINGS - all.len()));
    all.append(&mut more);
    left_out.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_bounded_and_say_so() {
        let mut findings = Findings::new("f.csv");
        for line in 0..100_007 {
            findings.problem(line + 2, None, FindingCode::Allele, "x");
            findings.warn(line + 2, None, FindingCode::Amelogenin, "x");
        }
        assert_eq!(findings.count(), 100_007);
        assert_eq!(findings.bad_lines().len(), 100_007);
        let (problems, notes) = findings.finish();
        assert_eq!(notes[100_000].to_string(), "f.csv: further warnings and notes that are not listed: 7");
        assert_eq!(problems.len(), 100_001);
        assert_eq!(problems[100_000].to_string(), "f.csv: further problems that are not listed: 7");
    }

    #[test]
    fn findings_name_their_place() {
        let mut findings = Findings::new("f.csv");
        findings.problem(17, Some(ColumnName::at(8, "vWA")), FindingCode::Allele, "is bad");
        findings.problem(3, None, FindingCode::Fields, "is short");
        let (problems, _) = findings.finish();
        assert_eq!(problems[0].to_string(), "f.csv:3: is short");
        assert_eq!(problems[1].to_string(), "f.csv:17: column I (vWA): is bad");
    }
}
