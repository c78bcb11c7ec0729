//! Compares typing kits with each other.

use serde::Serialize;

use crate::model::Locus;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};

/// A kit, ready for output.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KitRow {
    /// Its name.
    pub name: String,
    /// Its loci.
    pub loci: Vec<Locus>,
    /// Number of its loci that are in the panel.
    pub loci_in_panel: usize,
    /// `true` if its loci were verified against a source.
    pub verified: bool,
}

/// Kits, and the numbers of loci that they share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KitsReport {
    schema_version: u32,
    /// Number of loci of the panel.
    panel_loci: usize,
    kits: Vec<KitRow>,
    /// Number of shared loci by kit and kit, in the order of `kits`.
    shared_loci: Vec<Vec<usize>>,
}

impl KitsReport {
    /// Returns a report of these kits, for a panel with this number of loci.
    #[must_use]
    pub fn new(panel_loci: usize, kits: Vec<KitRow>) -> Self {
        let shared = |one: &KitRow, other: &KitRow| one.loci.iter().filter(|locus| other.loci.contains(locus)).count();
        let shared_loci = kits.iter().map(|one| kits.iter().map(|other| shared(one, other)).collect()).collect();
        Self { schema_version: SCHEMA_VERSION, panel_loci, kits, shared_loci }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with the header `kit,verified,loci,loci_in_panel`, followed by a column per kit with the number of
    /// loci shared with it.
    #[must_use]
    pub fn csv(&self) -> String {
        let names = self.kits.iter().map(|kit| kit.name.as_str());
        let mut csv = CsvText::with_header(["kit", "verified", "loci", "loci_in_panel"].into_iter().chain(names));
        for (kit, shared) in self.kits.iter().zip(&self.shared_loci) {
            csv.field(&kit.name).field(kit.verified).field(kit.loci.len()).field(kit.loci_in_panel);
            csv.fields(shared).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns two tables for people: the kits, and the number of loci that each two share.
    #[must_use]
    pub fn table(&self) -> Page {
        let row = |(number, kit): (usize, &KitRow)| {
            let verified = if kit.verified { "" } else { "not verified" };
            let [number, loci, in_panel] = [number + 1, kit.loci.len(), kit.loci_in_panel].map(|n| n.to_string());
            [number, kit.name.clone(), loci, in_panel, verified.to_owned()]
        };
        let in_panel = format!("of the panel's {}", self.panel_loci);
        let mut text =
            plain_table(["#", "kit", "loci", &in_panel, ""], &[0, 2, 3], self.kits.iter().enumerate().map(row));
        text += "\nLoci that two kits share, by their numbers above\n\n   ";
        (1..=self.kits.len()).for_each(|number| text += format!("{number:>4}"));
        for (number, shared) in self.shared_loci.iter().enumerate() {
            text += format!("\n{:>3}", number + 1);
            shared.iter().for_each(|count| text += format!("{count:>4}"));
        }
        text += "\n";
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_loci_are_counted_both_ways() {
        let kit = |name: &str, loci: &[&str]| KitRow {
            name: name.to_owned(),
            loci: loci.iter().map(|locus| locus.parse().unwrap()).collect(),
            loci_in_panel: 1,
            verified: true,
        };
        let report = KitsReport::new(2, vec![kit("A, B", &["vWA", "FGA", "TH01"]), kit("C", &["FGA", "SE33"])]);
        assert_eq!(report.shared_loci, [[3, 1], [1, 2]]);
        assert_eq!(report.csv(), "kit,verified,loci,loci_in_panel,\"A, B\",C\n\"A, B\",true,3,1,3,1\nC,true,2,1,1,2\n");
        assert!(report.table().to_string().ends_with("      1   2\n  1   3   1\n  2   1   2\n"), "{}", report.table());
    }
}
