//! What does not fit inside families.

use std::fmt::Write as _;

use serde::Serialize;

use crate::consistency::{Cause, Finding, PairNumbers};
use crate::model::Pseudonym;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::table::plain_table;
use super::words::spaced;

/// One finding, as it goes out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FindingRow {
    /// The family.
    pub family: Pseudonym,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// The findings of a check.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FamiliesReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// How many families were checked.
    pub families: u64,
    /// The model, in one line.
    pub model: String,
    /// By family.
    pub findings: Vec<FindingRow>,
}

impl FamiliesReport {
    /// A report on so many families.
    #[must_use]
    pub fn new(families: u64, model: String, findings: Vec<FindingRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, families, model, findings }
    }

    /// One JSON object, indented.
    ///
    /// # Errors
    /// None that this type can cause.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// CSV with a header; several samples, relations or loci of a finding are separated by spaces. `stated`, `likelier` and
    /// `log10_lr`, the one against the other, are those of the pair that fits least.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header([
            "family",
            "cause",
            "severity",
            "samples",
            "relations",
            "fits_as",
            "stated",
            "likelier",
            "log10_lr",
            "loci",
        ]);
        for FindingRow { family, finding } in &self.findings {
            let (samples, relations): (Vec<_>, Vec<_>) =
                finding.samples.iter().map(|one| (one.sample, one.relation)).unzip();
            let worst = finding.pairs.iter().min_by(|a, b| a.support().total_cmp(&b.support()));
            let fits_as = match &finding.cause {
                Cause::WrongRelation { fits_as } | Cause::SampleOrRelation { fits_as } => spaced(fits_as),
                _ => String::new(),
            };
            csv.field(family).field(finding.cause.code()).field(finding.severity.word());
            csv.field(spaced(&samples)).field(spaced(&relations)).field(fits_as);
            csv.optional(worst.map(|pair| pair.stated.word())).optional(worst.map(|pair| pair.likelier.word()));
            csv.optional(worst.map(PairNumbers::support)).field(spaced(&finding.loci)).end_row();
        }
        csv.finish()
    }

    /// For people: a sentence for each finding.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for FindingRow { family, finding } in &self.findings {
            let _ = writeln!(text, "family {family}, {}:\n  {finding}", finding.severity);
        }
        text
    }
}

/// A family that is marked or withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StateRow {
    /// The family.
    pub family: Pseudonym,
    /// Causes by which its relatives do not fit.
    pub marks: Vec<String>,
    /// Why it is not matched; `None` if it is.
    pub withdrawn: Option<String>,
}

impl StateRow {
    /// A family that is neither.
    #[must_use]
    pub fn new(family: Pseudonym) -> Self {
        Self { family, marks: Vec::new(), withdrawn: None }
    }
}

/// Families that are marked or withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StatesReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// By pseudonym.
    pub families: Vec<StateRow>,
}

impl StatesReport {
    /// A report on these families.
    #[must_use]
    pub fn new(families: Vec<StateRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, families }
    }

    /// One JSON object, indented.
    ///
    /// # Errors
    /// None that this type can cause.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// CSV with a header; several marks are separated by spaces.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["family", "marks", "withdrawn"]);
        for row in &self.families {
            csv.field(row.family).field(row.marks.join(" ")).optional(row.withdrawn.as_ref()).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// A table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let rows = self
            .families
            .iter()
            .map(|row| [row.family.to_string(), row.marks.join(", "), row.withdrawn.clone().unwrap_or_default()]);
        plain_table(["family", "marked for", "withdrawn for"], &[], rows)
    }
}
