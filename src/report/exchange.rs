//! Writes the agencies of the exchange, and the hits that they told.

use serde::Serialize;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};
#[cfg(feature = "cli")]
use super::words::{count, ratio};
use crate::exchange::HitBody;
use crate::model::Pseudonym;

/// An agency, and what passed between it and this store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartnerRow {
    /// The name that this laboratory has for it.
    pub agency: String,
    /// Fingerprint of its card.
    pub card: String,
    /// `true` if nothing is exchanged with it any more.
    pub is_revoked: bool,
    /// Number of the last package of records to it.
    pub packages_sent: u64,
    /// Number of the last package of hits to it.
    pub hits_packages_sent: u64,
    /// Number of the last package of records from it.
    pub packages_taken: u64,
    /// Number of the last package of hits from it.
    pub hits_packages_taken: u64,
    /// Number of samples and families that were sent to it and not withdrawn.
    pub records_sent: u64,
    /// Number of samples and families that this store has from it.
    pub records_here: u64,
}

/// The agencies of the exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PartnersReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The agencies, by name.
    pub agencies: Vec<PartnerRow>,
}

impl PartnersReport {
    /// Returns a report on these agencies.
    #[must_use]
    pub fn new(agencies: Vec<PartnerRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, agencies }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header([
            "agency",
            "card",
            "is_revoked",
            "packages_sent",
            "hits_packages_sent",
            "packages_taken",
            "hits_packages_taken",
            "records_sent",
            "records_here",
        ]);
        for row in &self.agencies {
            csv.field(&row.agency).field(&row.card).field(row.is_revoked).field(row.packages_sent);
            csv.field(row.hits_packages_sent)
                .field(row.packages_taken)
                .field(row.hits_packages_taken)
                .field(row.records_sent)
                .field(row.records_here)
                .end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a table for people.
    #[must_use]
    pub fn table(&self) -> Page {
        let rows = self.agencies.iter().map(|row| {
            let state = if row.is_revoked { "revoked" } else { "admitted" };
            [
                row.agency.clone(),
                state.to_owned(),
                format!("{} + {}", row.packages_sent, row.hits_packages_sent),
                format!("{} + {}", row.packages_taken, row.hits_packages_taken),
                count(row.records_sent),
                count(row.records_here),
            ]
        });
        let heads = ["agency", "state", "packages sent", "packages taken", "records sent", "records here"];
        plain_table(heads, &[2, 3, 4, 5], rows)
    }
}

/// A hit that an agency told this store about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReceivedHitRow {
    /// The agency.
    pub agency: String,
    /// The name of the hit, the same at the agency of the other side.
    pub reference: Pseudonym,
    /// The family, if it is of this store.
    pub family: Option<Pseudonym>,
    /// The child, if it is of this store.
    pub child: Option<Pseudonym>,
    /// The agency's name for the other side; `None` if both are of this store.
    pub other: Option<Pseudonym>,
    /// The numbers and the decision.
    #[serde(flatten)]
    pub body: HitBody,
    /// The day on which it arrived, by UTC.
    pub received_on: String,
}

/// The hits that agencies told this store about.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReceivedHitsReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The hits, best first.
    pub hits: Vec<ReceivedHitRow>,
}

impl ReceivedHitsReport {
    /// Returns a report on these hits.
    #[must_use]
    pub fn new(hits: Vec<ReceivedHitRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, hits }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header([
            "agency",
            "reference",
            "family",
            "child",
            "other",
            "log10_lr",
            "papers_doubted",
            "loci_compared",
            "incompatible_loci",
            "expected_chance_hits",
            "posterior",
            "class",
            "decision",
            "run",
            "program",
            "frequencies",
            "prior",
            "made_on",
            "received_on",
        ]);
        for row in &self.hits {
            let body = &row.body;
            csv.field(&row.agency).field(row.reference).optional(row.family).optional(row.child).optional(row.other);
            csv.field(body.numbers.log10_lr)
                .field(body.numbers.papers_doubted)
                .field(body.numbers.loci_compared)
                .field(body.numbers.incompatible_loci);
            csv.optional(body.numbers.expected_chance_hits)
                .optional(body.numbers.posterior)
                .optional(body.numbers.class.as_ref());
            csv.field(&body.numbers.decision)
                .field(&body.run)
                .field(&body.program)
                .field(&body.frequencies)
                .field(&body.prior);
            csv.field(&body.made_on).field(&row.received_on).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a table for people.
    #[must_use]
    pub fn table(&self) -> Page {
        let rows = self.hits.iter().map(|row| {
            let body = &row.body;
            let side = |own: Option<Pseudonym>| own.or(row.other).map(|one| one.to_string()).unwrap_or_default();
            let whose = match (row.family, row.child) {
                (Some(_), Some(_)) => "both",
                (Some(_), None) => "family",
                (None, _) => "child",
            };
            [
                row.agency.clone(),
                row.reference.to_string(),
                side(row.family),
                side(row.child),
                whose.to_owned(),
                ratio(body.numbers.log10_lr),
                body.numbers.class.clone().unwrap_or_default(),
                body.numbers.decision.clone(),
            ]
        });
        let heads = ["agency", "reference", "family", "child", "ours", "LR", "class", "review"];
        plain_table(heads, &[5], rows)
    }
}
