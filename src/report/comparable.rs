//! Writes the families and children that are hardly comparable with the others.

use serde::Serialize;

use crate::model::Pseudonym;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};
#[cfg(feature = "cli")]
use super::words::more_rows;

/// The pairs that have too few loci in common to be compared.
///
/// In a delta run this covers the pairs compared in that run: new or changed families with all children, and all
/// families with new or changed children.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The least number of loci in common with which a pair counts as comparable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_loci: Option<u32>,
    /// Number of pairs with fewer loci in common that are not candidates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs_not_comparable: Option<u64>,
    /// Families that are comparable with fewer than half of the children, by pseudonym.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub families_hardly_comparable: Option<Vec<Hardly>>,
    /// Children that are comparable with fewer than half of the families, by pseudonym.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children_hardly_comparable: Option<Vec<Hardly>>,
}

/// A family or child that is comparable with few others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Hardly {
    /// Its pseudonym.
    pub pseudonym: Pseudonym,
    /// Number of panel loci at which it is typed; for a family, at which at least one relative is typed.
    pub typed_loci: u32,
    /// Number of children, or of families, with which it is comparable.
    pub comparable: u64,
}

/// The report on families and children that are hardly comparable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparableReport {
    schema_version: u32,
    #[serde(flatten)]
    comparison: Comparison,
}

impl ComparableReport {
    /// Returns a report of a comparison.
    #[must_use]
    pub fn new(comparison: Comparison) -> Self {
        Self { schema_version: SCHEMA_VERSION, comparison }
    }

    /// Reports whether every family and child is comparable with at least half of the others.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows().next().is_none()
    }

    /// Returns the pseudonyms of the listed families and children.
    pub fn pseudonyms(&self) -> impl Iterator<Item = Pseudonym> {
        self.rows().map(|row| row.1.pseudonym)
    }

    fn rows(&self) -> impl Iterator<Item = (&'static str, &Hardly)> {
        let Comparison { families_hardly_comparable: families, children_hardly_comparable: children, .. } =
            &self.comparison;
        let families = families.iter().flatten().map(|one| ("family", one));
        families.chain(children.iter().flatten().map(|one| ("child", one)))
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with the header `kind,pseudonym,typed_loci,comparable`.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["kind", "pseudonym", "typed_loci", "comparable"]);
        for (kind, Hardly { pseudonym, typed_loci, comparable }) in self.rows() {
            csv.field(kind).field(pseudonym).field(typed_loci).field(comparable).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a table for people of the first `limit` entries.
    #[must_use]
    pub fn table(&self, limit: usize) -> Page {
        let row = |(kind, one): (&str, &Hardly)| {
            [kind.to_owned(), one.pseudonym.to_string(), one.typed_loci.to_string(), one.comparable.to_string()]
        };
        let mut page =
            plain_table(["", "pseudonym", "loci", "comparable with"], &[2, 3], self.rows().take(limit).map(row));
        page += more_rows(self.rows().count(), limit);
        page
    }
}
