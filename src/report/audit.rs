//! The audit chain, for people and programs.

use serde::Serialize;

use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::table::plain_table;

/// A record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditRow {
    /// From 1.
    pub number: u64,
    /// UTC, as in `2026-03-01T12:00:00Z`.
    pub at: String,
    /// The user's name; empty if unknown.
    pub user: String,
    /// The user's number.
    pub uid: u32,
    /// The command.
    pub command: String,
    /// What was asked and came of it.
    pub details: serde_json::Value,
    /// Why.
    pub reason: Option<String>,
    /// How many samples and families it is about; `None` if too many to be named.
    pub subjects: Option<u64>,
    /// Its hash: 64 hexadecimal digits.
    pub hash: String,
}

/// Records of the chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// By number.
    pub records: Vec<AuditRow>,
}

impl AuditReport {
    /// A report of these records.
    #[must_use]
    pub fn new(records: Vec<AuditRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, records }
    }

    /// One JSON object, indented.
    ///
    /// # Errors
    /// None that this type can cause.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// CSV with a header; details are a JSON object.
    ///
    /// # Errors
    /// None that this type can cause.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["number", "at", "user", "uid", "command", "reason", "details", "subjects", "hash"])?;
        for row in &self.records {
            writer.write_record([
                row.number.to_string(),
                row.at.clone(),
                row.user.clone(),
                row.uid.to_string(),
                row.command.clone(),
                row.why(),
                row.details.to_string(),
                row.subjects.map_or_else(String::new, |number| number.to_string()),
                row.hash.clone(),
            ])?;
        }
        let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    #[cfg(feature = "cli")]
    /// A table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let rows = self.records.iter().map(|row| {
            let user = if row.user.is_empty() { row.uid.to_string() } else { row.user.clone() };
            [row.number.to_string(), row.at.clone(), user, row.command.clone(), row.what(), row.why()]
        });
        plain_table(["number", "at", "user", "command", "what", "why"], &[0], rows)
    }
}

impl AuditRow {
    fn why(&self) -> String {
        self.reason.clone().unwrap_or_default()
    }

    /// The details in one line; digests by their first digits.
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
