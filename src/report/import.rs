//! What an import found and did: for people, for programs, and as the manifest that stays.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use crate::intake::{ColumnName, FindingCode, Problem, Severity, column_letters};

use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::table::narrow_table;
use super::words::count;

/// So many findings of one code are listed per file; the others are counted.
pub const MOST_LISTED: usize = 20;

/// Rows of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileRows {
    /// Without a problem.
    pub sound: u64,
    /// With one; see [`crate::intake::Intake::rejected`].
    pub rejected: u64,
    /// That brought something new.
    pub added: u64,
    /// That the store had already.
    pub unchanged: u64,
    /// Whose version replaced the store's.
    pub replaced: u64,
    /// Whose version was left aside for the store's.
    pub kept: u64,
    /// That brought a further typing of a sample.
    pub typings: u64,
}

/// What a file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileOutcome {
    /// Its sound rows are in the store, or would be after a dry run; all rows, if none was rejected.
    Imported,
    /// The store had everything.
    Unchanged,
    /// It was imported before, and its samples were changed since: nothing of it was imported again.
    Superseded,
    /// Nothing of it was imported, for what is wrong with it.
    Rejected,
    /// Nothing of it was imported, because it disagrees with the store or itself.
    Conflict,
    /// It was not looked at.
    Skipped,
    /// Something else failed, and the import ended with it.
    Failed,
}

/// One file of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Its name, as given.
    pub file: String,
    /// BLAKE3 of its bytes, in hexadecimal; none if it was not read.
    pub blake3: Option<String>,
    /// Its bytes.
    pub size: Option<u64>,
    /// The form it was read as.
    pub format: Option<String>,
    /// What it holds.
    pub layout: Option<&'static str>,
    /// What it came to.
    pub outcome: FileOutcome,
    /// Its rows.
    pub rows: FileRows,
    /// How many findings there are by code.
    pub findings: BTreeMap<FindingCode, u64>,
}

impl FileReport {
    /// A file that was not looked at yet.
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

/// Everything about an import.
#[derive(Clone, Debug, Default)]
pub struct ImportLog {
    /// Program and version.
    pub program: String,
    /// Whether nothing was to be changed.
    pub dry_run: bool,
    /// In the order in which they were read.
    pub files: Vec<FileReport>,
    /// Of all files: errors, warnings and notes of each, by place.
    pub findings: Vec<Problem>,
}

/// Findings of one kind.
struct Kind<'l> {
    severity: Severity,
    count: u64,
    first: &'l Problem,
}

/// What the text of every manifest of an import begins with.
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

    /// One JSON object, indented: files, kinds of findings, and every finding.
    ///
    /// # Errors
    /// None that this type can cause.
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

    /// The files alone, as JSON.
    ///
    /// # Errors
    /// None that this type can cause. The text begins with [`MANIFEST_BEGINS`].
    pub fn manifest(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(&self.head())? + "\n")
    }

    #[cfg(feature = "cli")]
    /// A table of the kinds of findings; `None` if there is none.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
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
            let what = first.code.remedy().to_owned();
            [severity.word().to_owned(), first.code.to_string(), count.to_string(), place.join(", "), what]
        });
        let rows: Vec<_> = rows.collect();
        (!rows.is_empty()).then(|| narrow_table(["severity", "code", "how many", "first", "what to do"], &[2], rows))
    }
}

/// A line of the list of one file's findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListingLine {
    /// A finding, or several that say the same of one column.
    Finding {
        /// How bad it is.
        severity: Severity,
        /// What kind of finding.
        code: FindingCode,
        /// Its place and text.
        text: String,
    },
    /// How many findings of one code are not listed.
    More {
        /// How bad they are.
        severity: Severity,
        /// What kind of finding.
        code: FindingCode,
        /// How many.
        count: usize,
    },
}

impl ListingLine {
    /// How bad the finding is, or the findings are.
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

/// Findings of one file that say the same of one column.
struct Equal<'f> {
    first: &'f Problem,
    /// The first one's text.
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

/// Ranges of rows that are named; the others are counted.
const MOST_RANGES: usize = 20;

/// Rising numbers as ranges: `2-24, 30`.
fn ranges(numbers: &[u64]) -> String {
    let all: Vec<&[u64]> = numbers.chunk_by(|a, b| a + 1 == *b).collect();
    let range = |range: &&[u64]| match range {
        [first, .., last] => format!("{first}-{last}"),
        [only] => only.to_string(),
        [] => String::new(),
    };
    let (named, others) = all.split_at(all.len().min(MOST_RANGES));
    let mut text = named.iter().map(range).collect::<Vec<_>>().join(", ");
    let others: usize = others.iter().map(|range| range.len()).sum();
    if others > 0 {
        text += &format!(" and {} more", count(others as u64));
    }
    text
}

/// Lists the findings of one file, each with its text: those of one code, column and wording as one, with their rows. Of one
/// code the first [`MOST_LISTED`] are listed, then how many findings more there are.
#[must_use]
pub fn list_findings<'f>(findings: impl IntoIterator<Item = (&'f Problem, &'f str)>) -> Vec<ListingLine> {
    let mut places: HashMap<(Severity, FindingCode, &ColumnPlace, &str), usize> = HashMap::new();
    let mut all: Vec<Equal<'f>> = Vec::new();
    for (problem, text) in findings {
        // What is said of a file as a whole has no rows to gather.
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
    let mut kinds: Vec<(Severity, FindingCode, usize, usize)> = Vec::new();
    let mut lines = Vec::new();
    for equal in &mut all {
        equal.lines.sort_unstable();
        equal.lines.dedup();
        let Problem { severity, code, .. } = *equal.first;
        let at = kinds.iter().position(|kind| (kind.0, kind.1) == (severity, code)).unwrap_or_else(|| {
            kinds.push((severity, code, 0, 0));
            kinds.len() - 1
        });
        kinds[at].2 += 1;
        if kinds[at].2 <= MOST_LISTED {
            lines.push(ListingLine::Finding { severity, code, text: equal.text() });
        } else {
            kinds[at].3 += equal.lines.len();
        }
    }
    let more = kinds.into_iter().filter(|kind| kind.3 > 0);
    lines.extend(more.map(|(severity, code, _, count)| ListingLine::More { severity, code, count }));
    lines
}

/// Where in its line a finding is.
type ColumnPlace = Option<ColumnName>;

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(file: &str, line: u64, severity: Severity, code: FindingCode) -> Problem {
        let column = (line > 0).then(|| ColumnName { number: Some(3), name: "vWA".into() });
        Problem { file: file.into(), line, column, severity, code, what: "is so: do this".into() }
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
        let text = log.summary().unwrap();
        // The last two columns break their lines.
        let rows: Vec<Vec<&str>> = text
            .lines()
            .skip(2)
            .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
            .collect();
        assert_eq!(rows[0], ["error", "allele", "1", "b.csv, line 2, column", "write repeat numbers:"]);
        assert_eq!(rows[1], ["C (vWA)", "14/15, 14 or 9.3"]);
        assert_eq!(rows[2], ["warning", "few-loci", "2", "a.csv, line 4, column", "type more loci; few"]);
        assert_eq!(rows[4], ["note", "no-sex", "1", "a.csv", "add a column sex if"]);
        assert_eq!(ImportLog::default().summary(), None);
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
            let text = ImportLog { findings, ..ImportLog::default() }.summary().unwrap();
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            assert!(!text.contains("is so"), "{text}");
        }
    }
}
