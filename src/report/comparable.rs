//! Who cannot be compared with most of the others.

use serde::Serialize;

use crate::model::Pseudonym;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::table::plain_table;
#[cfg(feature = "cli")]
use super::words::more_rows;

/// Pairs that have too few loci in common to be compared.
///
/// In a delta run it is about the pairs compared in that run: families that came or changed with all children, and all
/// families with children that came or changed.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The least number of loci in common with which a pair counts as comparable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_loci: Option<u32>,
    /// Pairs with fewer that are no candidates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs_not_comparable: Option<u64>,
    /// Families that are comparable with fewer than half of the children, by pseudonym.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub families_hardly_comparable: Option<Vec<Hardly>>,
    /// Children that are comparable with fewer than half of the families, by pseudonym.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children_hardly_comparable: Option<Vec<Hardly>>,
}

/// A family or child that is comparable with few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Hardly {
    /// Who.
    pub pseudonym: Pseudonym,
    /// Loci of the panel at which it is typed; of a family, at which a relative is.
    pub typed_loci: u32,
    /// With how many of the others it is comparable.
    pub comparable: u64,
}

/// The list of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparableReport {
    schema_version: u32,
    #[serde(flatten)]
    comparison: Comparison,
}

impl ComparableReport {
    /// A report of a comparison.
    #[must_use]
    pub fn new(comparison: Comparison) -> Self {
        Self { schema_version: SCHEMA_VERSION, comparison }
    }

    /// Whether everyone is comparable with most.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows().next().is_none()
    }

    /// Who is in it.
    pub fn pseudonyms(&self) -> impl Iterator<Item = Pseudonym> {
        self.rows().map(|row| row.1.pseudonym)
    }

    fn rows(&self) -> impl Iterator<Item = (&'static str, &Hardly)> {
        let Comparison { families_hardly_comparable: families, children_hardly_comparable: children, .. } =
            &self.comparison;
        let families = families.iter().flatten().map(|one| ("family", one));
        families.chain(children.iter().flatten().map(|one| ("child", one)))
    }

    /// One JSON object, indented.
    ///
    /// # Errors
    /// None that this type can cause.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// CSV with a header: `kind,pseudonym,typed_loci,comparable`.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["kind", "pseudonym", "typed_loci", "comparable"]);
        for (kind, Hardly { pseudonym, typed_loci, comparable }) in self.rows() {
            csv.field(kind).field(pseudonym).field(typed_loci).field(comparable).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// A table for people, of the first `limit`.
    #[must_use]
    pub fn table(&self, limit: usize) -> String {
        let row = |(kind, one): (&str, &Hardly)| {
            [kind.to_owned(), one.pseudonym.to_string(), one.typed_loci.to_string(), one.comparable.to_string()]
        };
        let table =
            plain_table(["", "pseudonym", "loci", "comparable with"], &[2, 3], self.rows().take(limit).map(row));
        table + &more_rows(self.rows().count(), limit)
    }
}
