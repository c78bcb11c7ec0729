//! Writes the findings of a look at a store and its machine.

use serde::Serialize;

use super::csv_text::CsvText;
#[cfg(feature = "cli")]
use super::page::Page;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoctorRow {
    /// The part that it is about.
    pub part: &'static str,
    /// `ok`, `warning` or `problem`.
    pub state: &'static str,
    /// What was found.
    pub text: String,
    /// What to do.
    pub remedy: Option<String>,
}

/// All findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoctorReport {
    /// [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Number of problems.
    pub problems: usize,
    /// Number of warnings.
    pub warnings: usize,
    /// The findings.
    pub checks: Vec<DoctorRow>,
}

impl DoctorReport {
    /// Counts the findings.
    #[must_use]
    pub fn new(checks: Vec<DoctorRow>) -> Self {
        let count = |state| checks.iter().filter(|check| check.state == state).count();
        let (problems, warnings) = (count("problem"), count("warning"));
        Self { schema_version: super::SCHEMA_VERSION, problems, warnings, checks }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a row for each finding.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["part", "state", "text", "remedy"]);
        for row in &self.checks {
            csv.field(row.part).field(row.state).field(&row.text).optional(row.remedy.as_deref()).end_row();
        }
        csv.finish()
    }

    /// Returns a line for each finding, in 80 columns.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self) -> Page {
        let line = |row: &DoctorRow| {
            let remedy = row.remedy.as_ref().map_or(String::new(), |remedy| format!(": {remedy}"));
            format!("{:<8} {}: {}{remedy}\n", row.state, row.part, row.text)
        };
        self.checks.iter().map(line).collect::<String>().into()
    }
}
