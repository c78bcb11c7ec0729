//! What does not fit inside families.

use std::fmt::Write as _;

use serde::Serialize;

use crate::consistency::{Bond, Cause, Finding};
use crate::model::Pseudonym;

use super::candidates::SCHEMA_VERSION;
use super::table::plain_table;

/// One finding, as it goes out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingRow {
    /// The family.
    pub family: Pseudonym,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// The findings of a check.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

    /// CSV with a header; several samples, relations or loci of a finding are separated by spaces.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv =
            String::from("family,cause,samples,relations,stated,stated_log10_lr,likelier,likelier_log10_lr,loci\n");
        for FindingRow { family, finding } in &self.findings {
            let bond = |bond: Option<(Bond, f64)>| {
                bond.map_or(",".to_owned(), |(bond, log10_lr)| format!("{},{log10_lr}", bond.words()))
            };
            // No value can hold a comma, and writing to a string cannot fail.
            let _ = writeln!(
                csv,
                "{family},{},{},{},{},{},{}",
                finding.cause.code(),
                spaced(&finding.samples),
                spaced(&finding.relations),
                bond(finding.stated),
                bond(finding.likelier),
                spaced(&finding.loci)
            );
        }
        csv
    }

    /// A page for people.
    #[must_use]
    pub fn table(&self) -> String {
        let rows = self.findings.iter().map(|row| {
            [row.family.to_string(), spaced(&row.finding.relations), row.finding.cause.words().to_owned(), why(row)]
        });
        let mut page = plain_table(["family", "relatives", "likely cause", "because"], &[], rows);
        for FindingRow { finding, .. } in self.findings.iter().filter(|row| row.finding.cause != Cause::Mutation) {
            let _ = writeln!(page, "\n{}: samples", finding.cause.words());
            for (sample, relation) in finding.samples.iter().zip(&finding.relations) {
                let _ = writeln!(page, "  {sample}  {relation}");
            }
        }
        page
    }
}

/// A family that is marked or withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
        let rows = self.families.iter().map(|row| {
            format!("{},{},{}\n", row.family, row.marks.join(" "), row.withdrawn.as_deref().unwrap_or_default())
        });
        "family,marks,withdrawn\n".to_owned() + &rows.collect::<String>()
    }

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

fn why(row: &FindingRow) -> String {
    let finding = &row.finding;
    match (finding.cause, finding.stated, finding.likelier) {
        (Cause::Mutation, ..) => format!("impossible without one at {}", spaced(&finding.loci)),
        _ if !finding.loci.is_empty() => format!("impossible without a mutation at {}", spaced(&finding.loci)),
        (Cause::SamePerson, ..) => "all genotypes but one at most are equal".to_owned(),
        (Cause::Exchanged, ..) => "with the relations exchanged everything fits".to_owned(),
        (_, Some((stated, own)), Some((likelier, other))) => {
            format!("{} (log10 LR {own:.1}) fits worse than {} ({other:.1})", stated.words(), likelier.words())
        }
        _ => String::new(),
    }
}

fn spaced<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
