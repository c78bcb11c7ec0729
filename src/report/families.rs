//! Writes the inconsistencies within families.

#[cfg(feature = "cli")]
use std::fmt::Write as _;

use serde::Serialize;

use crate::consistency::{Cause, Finding, PairNumbers};
use crate::model::Pseudonym;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};
use super::words::spaced;

/// One finding, ready for output.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FindingRow {
    /// The family.
    pub family: Pseudonym,
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
}

/// The findings of a check.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FamiliesReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Number of families checked.
    pub families: u64,
    /// The model, in one line.
    pub model: String,
    /// The findings, by family.
    pub findings: Vec<FindingRow>,
}

impl FamiliesReport {
    /// Returns a report on this number of families.
    #[must_use]
    pub fn new(families: u64, model: String, findings: Vec<FindingRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, families, model, findings }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header; several samples, relations or loci of a finding are separated by spaces. `stated`,
    /// `likelier` and `log10_lr` (of the stated relation against the likelier one) belong to the pair that fits worst.
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

    /// Returns a text for people: a sentence for each finding.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn text(&self) -> Page {
        let mut text = String::new();
        for FindingRow { family, finding } in &self.findings {
            let _ = writeln!(text, "family {family}, {}:\n  {finding}", finding.severity);
        }
        text.into()
    }
}

/// A family that is marked or withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StateRow {
    /// The family.
    pub family: Pseudonym,
    /// The causes of the marks.
    pub marks: Vec<String>,
    /// The reason why the family is withdrawn; `None` if it is matched.
    pub withdrawn: Option<String>,
}

impl StateRow {
    /// Returns a row for a family that is neither marked nor withdrawn.
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
    /// The families, by pseudonym.
    pub families: Vec<StateRow>,
}

impl StatesReport {
    /// Returns a report on these families.
    #[must_use]
    pub fn new(families: Vec<StateRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, families }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header; several marks are separated by spaces.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["family", "marks", "withdrawn"]);
        for row in &self.families {
            csv.field(row.family).field(row.marks.join(" ")).optional(row.withdrawn.as_ref()).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a table for people.
    #[must_use]
    pub fn table(&self) -> Page {
        let rows = self
            .families
            .iter()
            .map(|row| [row.family.to_string(), row.marks.join(", "), row.withdrawn.clone().unwrap_or_default()]);
        plain_table(["family", "marked for", "withdrawn for"], &[], rows)
    }
}
