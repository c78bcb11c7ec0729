//! Writes the audit chain for people and programs.

use serde::Serialize;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::Page;
#[cfg(feature = "cli")]
#[cfg(feature = "cli")]
use crate::model::shown;

/// A record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditRow {
    /// The record's number, from 1.
    pub number: u64,
    /// The time in UTC, as in `2026-03-01T12:00:00Z`.
    pub at: String,
    /// The user's name; empty if unknown.
    pub user: String,
    /// The user's number.
    pub uid: u32,
    /// The command.
    pub command: String,
    /// The options of the command and its results.
    pub details: serde_json::Value,
    /// The reason; `None` if none was stated.
    pub reason: Option<String>,
    /// Number of samples and families that it is about; `None` if there are too many to name.
    pub subjects: Option<u64>,
    /// Its hash: 64 hexadecimal digits.
    pub hash: String,
}

/// Records of the chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditReport {
    /// Equals [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The records, in the order of their numbers.
    pub records: Vec<AuditRow>,
}

impl AuditReport {
    /// Returns a report of these records.
    #[must_use]
    pub fn new(records: Vec<AuditRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, records }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header; the details are a JSON object.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv =
            CsvText::with_header(["number", "at", "user", "uid", "command", "reason", "details", "subjects", "hash"]);
        for row in &self.records {
            csv.field(row.number).field(&row.at).field(&row.user).field(row.uid).field(&row.command).field(row.why());
            csv.field(&row.details).optional(row.subjects).field(&row.hash).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a list for people: each record with its details and its reason below.
    #[must_use]
    pub fn table(&self) -> Page {
        let record = |row: &AuditRow| {
            let user = if row.user.is_empty() { row.uid.to_string() } else { row.user.clone() };
            let mut text = format!("{}  {}  {}  {}\n", row.number, row.at, shown(&user), shown(&row.command));
            let reason = row.reason.as_ref().map(|reason| format!("reason: {reason}"));
            for line in [Some(row.what()).filter(|what| !what.is_empty()), reason].into_iter().flatten() {
                text += &format!("    {}\n", shown(&line));
            }
            text
        };
        Page::verbatim(self.records.iter().map(record).collect())
    }
}

impl AuditRow {
    fn why(&self) -> String {
        self.reason.clone().unwrap_or_default()
    }

    /// Returns the details on one line; digests are shortened to their first digits.
    fn what(&self) -> String {
        let Some(details) = self.details.as_object() else { return String::new() };
        let detail = |(name, value): (&String, &serde_json::Value)| match value.as_str() {
            Some(digest) if digest.len() == 64 => format!("{name} {}", &digest[..12]),
            Some(text) => format!("{name} {text}"),
            None => format!("{name} {value}"),
        };
        details.iter().map(detail).collect::<Vec<_>>().join(", ")
    }
}
