//! Reports the findings and results of an import: for people, for programs, and as the manifest in the store.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use crate::intake::{ColumnName, FindingCode, Problem, Severity, column_letters};
#[cfg(feature = "cli")]
use crate::model::Language;
use crate::model::shown;

#[cfg(feature = "cli")]
use super::finding_words::{self, meaning, remedy};
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, narrow_table};
use super::words::count;

/// The maximum number of findings of one code that are listed for a file; the others are only counted.
pub const MOST_LISTED: usize = 20;

/// Numbers of rows of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileRows {
    /// Rows without a problem.
    pub sound: u64,
    /// Rows with a problem; see [`crate::intake::Intake::rejected`].
    pub rejected: u64,
    /// Rows that added something new.
    pub added: u64,
    /// Rows that were already stored.
    pub unchanged: u64,
    /// Rows whose version replaced the stored one.
    pub replaced: u64,
    /// Rows whose version was ignored in favour of the stored one.
    pub kept: u64,
    /// Rows that added a further typing of a sample.
    pub typings: u64,
}

/// The result of importing a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileOutcome {
    /// Its sound rows are stored; in a dry run, they would be. These are all rows, if none was rejected.
    Imported,
    /// All of its rows were already stored.
    Unchanged,
    /// It was imported earlier, and its samples have changed since: nothing was imported again.
    Superseded,
    /// Nothing was imported, because the file has errors.
    Rejected,
    /// Nothing was imported, because the file conflicts with the store or with itself.
    Conflict,
    /// It was skipped.
    Skipped,
    /// Another error occurred, and ended the import.
    Failed,
}

/// One file of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The name, as given.
    pub file: String,
    /// BLAKE3 of its bytes, in hexadecimal; `None` if the file was not read.
    pub blake3: Option<String>,
    /// Number of bytes.
    pub size: Option<u64>,
    /// The format in which it was read.
    pub format: Option<String>,
    /// The layout.
    pub layout: Option<&'static str>,
    /// The result.
    pub outcome: FileOutcome,
    /// The numbers of its rows.
    pub rows: FileRows,
    /// Number of findings, by code.
    pub findings: BTreeMap<FindingCode, u64>,
}

impl FileReport {
    /// Returns the report of a file that has not been read yet.
    #[must_use]
    pub fn new(file: String) -> Self {
        let (rows, findings) = (FileRows::default(), BTreeMap::new());
        Self {
            file,
            blake3: None,
            size: None,
            format: None,
            layout: None,
            outcome: FileOutcome::Skipped,
            rows,
            findings,
        }
    }
}

/// The complete log of an import.
#[derive(Clone, Debug, Default)]
pub struct ImportLog {
    /// Program and version.
    pub program: String,
    /// `true` if nothing was to be changed.
    pub dry_run: bool,
    /// The files, in the order in which they were read.
    pub files: Vec<FileReport>,
    /// The findings of all files: errors, warnings and notes of each file, by place.
    pub findings: Vec<Problem>,
}

/// Findings of one kind.
struct Kind<'l> {
    severity: Severity,
    count: u64,
    first: &'l Problem,
}

/// The beginning of every import manifest's text.
pub const MANIFEST_BEGINS: &str = "{\n  \"dry_run\": ";

impl ImportLog {
    fn kinds(&self) -> Vec<Kind<'_>> {
        let mut places: HashMap<(Severity, FindingCode), usize> = HashMap::new();
        let mut kinds: Vec<Kind<'_>> = Vec::new();
        for problem in &self.findings {
            let at = *places.entry((problem.severity, problem.code)).or_insert(kinds.len());
            match kinds.get_mut(at) {
                Some(kind) => kind.count += 1,
                None => kinds.push(Kind { severity: problem.severity, count: 1, first: problem }),
            }
        }
        kinds.sort_by_key(|kind| (kind.severity, kind.first.code));
        kinds
    }

    fn head(&self) -> Value {
        json!({
            "schema_version": SCHEMA_VERSION,
            "program": self.program,
            "dry_run": self.dry_run,
            "files": self.files,
        })
    }

    /// Returns one JSON object, indented: the files, the kinds of findings, and every finding.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        let place = |problem: &Problem| {
            let (column, name) = match &problem.column {
                None => (None, None),
                Some(ColumnName { number, name }) => (*number, Some(name.to_string())),
            };
            json!({
                "file": &*problem.file,
                "line": Some(problem.line).filter(|&line| line > 0),
                "column": column,
                "column_letter": column.map(column_letters),
                "column_name": name,
            })
        };
        let with = |mut value: Value, fields: Value| {
            if let (Value::Object(into), Value::Object(from)) = (&mut value, fields) {
                into.extend(from);
            }
            value
        };
        let mut report = self.head();
        let kinds = self.kinds().into_iter().map(|kind| {
            let fields = json!({
                "code": kind.first.code, "severity": kind.severity.word(), "count": kind.count,
                "remedy": kind.first.code.remedy(),
            });
            with(fields, json!({ "first": place(kind.first) }))
        });
        report["summary"] = kinds.collect();
        let findings = self.findings.iter().map(|problem| {
            let fields = json!({
                "severity": problem.severity.word(), "code": problem.code, "what": problem.what,
                "remedy": problem.code.remedy(),
            });
            with(place(problem), fields)
        });
        report["findings"] = findings.collect();
        Ok(serde_json::to_string_pretty(&report)? + "\n")
    }

    /// Returns only the files, as JSON.
    ///
    /// # Errors
    /// Never: this type can always be serialised. The text begins with [`MANIFEST_BEGINS`].
    pub fn manifest(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(&self.head())? + "\n")
    }

    #[cfg(feature = "cli")]
    /// Returns a table of the kinds of findings; `None` if there are no findings.
    #[must_use]
    pub fn summary(&self, language: Language) -> Option<Page> {
        let several = self.findings.iter().any(|problem| problem.file != self.findings[0].file);
        let rows = self.kinds().into_iter().map(|Kind { severity, count, first }| {
            let mut place = if several { vec![first.file.to_string()] } else { Vec::new() };
            if first.line > 0 {
                place.push(format!("line {}", first.line));
            }
            match &first.column {
                Some(column) => place.push(column.to_string()),
                None if place.is_empty() => place.push("the file".to_owned()),
                None => {}
            }
            let what = match language {
                Language::English => first.code.remedy().to_owned(),
                // The list of findings is in English.
                Language::Chinese => format!("{}；{}", meaning(first.code, language), remedy(first.code, language)),
            };
            [
                finding_words::severity(severity, language).to_owned(),
                first.code.to_string(),
                count.to_string(),
                place.join(", "),
                what,
            ]
        });
        let rows: Vec<_> = rows.collect();
        let header = match language {
            Language::English => ["severity", "code", "how many", "first", "what to do"],
            Language::Chinese => ["程度", "代码", "数量", "首见于", "含义和处理办法"],
        };
        (!rows.is_empty()).then(|| narrow_table(header, &[2], rows).with_verbatim(|_, column| column == 1))
    }
}

/// A line in the list of a file's findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListingLine {
    /// A finding, or several with the same text about one column.
    Finding {
        /// The severity.
        severity: Severity,
        /// The code.
        code: FindingCode,
        /// The place and text.
        text: String,
    },
    /// The number of findings of one code that are not listed.
    More {
        /// Their severity.
        severity: Severity,
        /// Their code.
        code: FindingCode,
        /// Their number.
        count: usize,
    },
}

impl ListingLine {
    /// Returns the severity of the finding or findings.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::Finding { severity, .. } | Self::More { severity, .. } => *severity,
        }
    }
}

impl fmt::Display for ListingLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finding { severity, code, text } => write!(f, "{text} [{}: {code}]", severity.word()),
            Self::More { severity, code, count } => write!(f, "and {count} more of [{}: {code}]", severity.word()),
        }
    }
}

/// Findings of one file with the same text about one column.
struct Equal<'f> {
    first: &'f Problem,
    /// The text of the first finding.
    text: &'f str,
    lines: Vec<u64>,
}

impl Equal<'_> {
    fn text(&self) -> String {
        if self.lines.len() < 2 {
            return self.text.to_owned();
        }
        let Problem { file, column, what, .. } = self.first;
        let column = column.as_ref().map_or(String::new(), |column| format!("{column}, "));
        format!("{file}: {column}{} rows: {}: {what}", count(self.lines.len() as u64), ranges(&self.lines))
    }
}

/// The maximum number of row ranges that are listed; the others are counted.
const MOST_RANGES: usize = 20;

/// Formats ascending numbers as ranges: `2-24, 30`.
fn ranges(numbers: &[u64]) -> String {
    let (mut text, others) = first_ranges(numbers);
    if others > 0 {
        text += &format!(" and {} more", count(others as u64));
    }
    text
}

/// Formats the first of ascending numbers as ranges. Returns the number of the others, too.
fn first_ranges(numbers: &[u64]) -> (String, usize) {
    let all: Vec<&[u64]> = numbers.chunk_by(|a, b| a + 1 == *b).collect();
    let range = |range: &&[u64]| match range {
        [first, .., last] => format!("{first}-{last}"),
        [only] => only.to_string(),
        [] => String::new(),
    };
    let (named, others) = all.split_at(all.len().min(MOST_RANGES));
    (named.iter().map(range).collect::<Vec<_>>().join(", "), others.iter().map(|range| range.len()).sum())
}

/// Lists the findings of one file, each with its text. Findings with the same code, column and wording become one line
/// with their rows. Of each code the first [`MOST_LISTED`] findings are listed, then the number of the others.
#[must_use]
pub fn list_findings<'f>(findings: impl IntoIterator<Item = (&'f Problem, &'f str)>) -> Vec<ListingLine> {
    let all = grouped(findings);
    let (listed, more) = limited(&all);
    let finding = |equal: &Equal<'f>| {
        let Problem { severity, code, .. } = *equal.first;
        ListingLine::Finding { severity, code, text: equal.text() }
    };
    let more = more.into_iter().map(|(severity, code, count)| ListingLine::More { severity, code, count });
    listed.into_iter().map(finding).chain(more).collect()
}

/// Returns the first [`MOST_LISTED`] of each code, and the number of the lines of the others, by severity and code in the
/// order in which these come first.
fn limited<'e, 'f>(all: &'e [Equal<'f>]) -> (Vec<&'e Equal<'f>>, Vec<(Severity, FindingCode, usize)>) {
    let mut kinds: Vec<(Severity, FindingCode, usize, usize)> = Vec::new();
    let mut listed = Vec::new();
    for equal in all {
        let Problem { severity, code, .. } = *equal.first;
        let at = kinds.iter().position(|kind| (kind.0, kind.1) == (severity, code)).unwrap_or_else(|| {
            kinds.push((severity, code, 0, 0));
            kinds.len() - 1
        });
        kinds[at].2 += 1;
        if kinds[at].2 <= MOST_LISTED {
            listed.push(equal);
        } else {
            kinds[at].3 += equal.lines.len();
        }
    }
    let more = kinds.into_iter().filter(|kind| kind.3 > 0);
    (listed, more.map(|(severity, code, _, count)| (severity, code, count)).collect())
}

/// Findings with the same code, column and wording, as a row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLine {
    /// The severity.
    pub severity: Severity,
    /// The code.
    pub code: FindingCode,
    /// The lines of the file, such as `2-24, 30`; empty if the finding is about the whole file.
    pub lines: String,
    /// The number of lines that are not listed.
    pub further: usize,
    /// The column as a spreadsheet names it.
    pub column: Option<String>,
    /// The name of the column, or of another value of the file.
    pub name: Option<String>,
    /// The cause and the remedy; empty in the row that counts the findings of a code that are not listed.
    pub what: String,
}

/// Lists findings as [`list_findings`] does, as rows of a table: errors first, then by place. The findings of a code that
/// are not listed are counted in a row of their own, in its `further`.
#[must_use]
pub fn found_lines(findings: &[Problem]) -> Vec<FoundLine> {
    let mut all = grouped(findings.iter().map(|problem| (problem, "")));
    all.sort_by_key(|equal| (equal.first.severity, equal.first.place()));
    let (listed, mut more) = limited(&all);
    let mut rows = Vec::new();
    for equal in listed {
        let Problem { severity, code, column, what, .. } = equal.first;
        let numbers: Vec<u64> = equal.lines.iter().copied().filter(|&line| line > 0).collect();
        let (lines, further) = first_ranges(&numbers);
        let letters = column.as_ref().and_then(|column| column.number).map(column_letters);
        let name = column.as_ref().map(|column| shown(&column.name).into_owned());
        rows.push(FoundLine {
            severity: *severity,
            code: *code,
            lines,
            further,
            column: letters,
            name,
            what: what.to_string(),
        });
    }
    more.sort_unstable();
    rows.extend(more.into_iter().map(|(severity, code, further)| {
        let (lines, what) = (String::new(), String::new());
        FoundLine { severity, code, lines, further, column: None, name: None, what }
    }));
    rows
}

/// Collects findings with the same code, column and wording, each with its lines in their order.
fn grouped<'f>(findings: impl IntoIterator<Item = (&'f Problem, &'f str)>) -> Vec<Equal<'f>> {
    let mut places: HashMap<(Severity, FindingCode, &ColumnPlace, &str), usize> = HashMap::new();
    let mut all: Vec<Equal<'f>> = Vec::new();
    for (problem, text) in findings {
        // Findings about the whole file have no rows to collect.
        let key = (problem.severity, problem.code, &problem.column, &*problem.what);
        match places.get(&key).filter(|_| problem.line > 0) {
            Some(&at) => all[at].lines.push(problem.line),
            None => {
                if problem.line > 0 {
                    places.insert(key, all.len());
                }
                all.push(Equal { first: problem, text, lines: vec![problem.line] });
            }
        }
    }
    for equal in &mut all {
        equal.lines.sort_unstable();
        equal.lines.dedup();
    }
    all
}

/// The place of a finding in its line.
type ColumnPlace = Option<ColumnName>;

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(file: &str, line: u64, severity: Severity, code: FindingCode) -> Problem {
        let column = (line > 0).then(|| ColumnName { number: Some(3), name: "vWA".into() });
        Problem { file: file.into(), line, column, severity, code, what: "is so: do this".into() }
    }

    #[test]
    fn rows_of_a_table_have_errors_first_and_count_what_they_leave_out() {
        let mut findings = vec![problem("a.csv", 9, Severity::Note, FindingCode::NoSex)];
        findings.extend((2..5).chain([7]).map(|line| problem("a.csv", line, Severity::Error, FindingCode::Allele)));
        findings.extend((0..=MOST_LISTED as u64).map(|line| Problem {
            what: format!("is {line}").into(),
            ..problem("a.csv", line + 1, Severity::Warning, FindingCode::FewLoci)
        }));
        let rows = found_lines(&findings);
        assert_eq!((rows[0].lines.as_str(), rows[0].column.as_deref(), rows[0].further), ("2-4, 7", Some("C"), 0));
        assert_eq!(rows.len(), 1 + MOST_LISTED + 1 + 1);
        assert_eq!(
            (rows[MOST_LISTED + 1].severity, rows[MOST_LISTED + 1].name.as_deref()),
            (Severity::Note, Some("vWA"))
        );
        let last = rows.last().unwrap();
        assert_eq!((last.severity, last.further, last.what.as_str()), (Severity::Warning, 1, ""));
    }

    #[test]
    fn findings_are_summed_up_by_kind() {
        let findings = vec![
            problem("a.csv", 0, Severity::Note, FindingCode::NoSex),
            problem("a.csv", 4, Severity::Warning, FindingCode::FewLoci),
            problem("a.csv", 9, Severity::Warning, FindingCode::FewLoci),
            problem("b.csv", 2, Severity::Error, FindingCode::Allele),
        ];
        let log = ImportLog { findings, ..ImportLog::default() };
        let text = log.summary(Language::English).unwrap().to_string();
        // The last two columns wrap their lines.
        let rows: Vec<Vec<&str>> = text
            .lines()
            .skip(2)
            .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
            .collect();
        assert_eq!(rows[0], ["error", "allele", "1", "b.csv, line 2, column", "write repeat numbers:"]);
        assert_eq!(rows[1], ["C (vWA)", "14/15, 14 or 9.3"]);
        assert_eq!(rows[2], ["warning", "few-loci", "2", "a.csv, line 4, column", "type more loci; few"]);
        assert_eq!(rows[4], ["note", "no-sex", "1", "a.csv", "add a column sex if"]);
        assert_eq!(ImportLog::default().summary(Language::English), None);
        let json: Value = serde_json::from_str(&log.json().unwrap()).unwrap();
        assert_eq!(json["findings"].as_array().unwrap().len(), 4);
        assert_eq!(json["findings"][1]["line"], 4);
        assert_eq!(json["findings"][0]["line"], Value::Null);
        assert_eq!(json["summary"][1]["count"], 2);
        assert_eq!(json["summary"][1]["first"]["line"], 4);
        let manifest: Value = serde_json::from_str(&log.manifest().unwrap()).unwrap();
        assert_eq!(manifest.get("findings"), None);
    }

    #[test]
    fn one_code_does_not_flood_the_list() {
        let mut many: Vec<Problem> =
            (0..57).map(|i| problem("f.csv", i + 2, Severity::Warning, FindingCode::FewLoci)).collect();
        for (i, one) in many.iter_mut().enumerate() {
            one.what = format!("says {i}").into();
        }
        many.push(problem("f.csv", 99, Severity::Error, FindingCode::Allele));
        let texts: Vec<String> = many.iter().map(ToString::to_string).collect();
        let lines = list_findings(many.iter().zip(texts.iter().map(String::as_str)));
        assert_eq!(lines.len(), MOST_LISTED + 2);
        assert_eq!(lines[19].to_string(), "f.csv:21: column C (vWA): says 19 [warning: few-loci]");
        assert_eq!(lines[20].severity(), Severity::Error);
        assert_eq!(lines[20].to_string(), "f.csv:99: column C (vWA): is so: do this [error: allele]");
        assert_eq!(lines[21].to_string(), "and 37 more of [warning: few-loci]");
    }

    #[test]
    fn equal_findings_of_a_column_are_one_line_with_their_rows() {
        let allele = |line| problem("f.csv", line, Severity::Error, FindingCode::Allele);
        let mut other = allele(5);
        other.column = Some(ColumnName { number: Some(28), name: "FGA".into() });
        let mut without = allele(6);
        without.column = None;
        let whole = problem("f.csv", 0, Severity::Note, FindingCode::NoSex);
        let all = [allele(2), other, allele(3), allele(4), allele(9), without, whole.clone(), whole];
        let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
        let lines = list_findings(all.iter().zip(texts.iter().map(String::as_str)));
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let expected = [
            "f.csv: column C (vWA), 4 rows: 2-4, 9: is so: do this [error: allele]",
            "f.csv:5: column AB (FGA): is so: do this [error: allele]",
            "f.csv:6: is so: do this [error: allele]",
            "f.csv: is so: do this [note: no-sex]",
            "f.csv: is so: do this [note: no-sex]",
        ];
        assert_eq!(lines, expected);
        let scattered: Vec<u64> = (1..=30).map(|n| 2 * n).collect();
        assert!(ranges(&scattered).ends_with(", 38, 40 and 10 more"), "{}", ranges(&scattered));
    }

    #[test]
    fn the_summary_says_what_to_do_and_fits_a_screen() {
        for &code in FindingCode::ALL {
            let findings = vec![problem("a-file-of-a-laboratory.csv", 123_456, code.severity(), code)];
            let text = ImportLog { findings, ..ImportLog::default() }.summary(Language::English).unwrap().to_string();
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            assert!(!text.contains("is so"), "{text}");
        }
    }
}
