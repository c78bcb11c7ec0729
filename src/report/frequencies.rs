//! Describes frequency tables: the one that a result depends on, and the contents of a table's file.

use serde::{Deserialize, Serialize};

use crate::model::Locus;
use crate::population::{FrequencyTable, LocusFrequencies};

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};

/// A locus whose frequencies do not add up to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SumOff {
    /// The locus.
    pub locus: Locus,
    /// The sum of the frequencies; each frequency is divided by it.
    pub sum: f64,
}

/// The frequency table that a result was computed with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableUsed {
    /// The population, if it is not the store's own table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<String>,
    /// Loci whose frequencies do not add up to 1, by more than rounding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sums_off: Vec<SumOff>,
}

impl TableUsed {
    /// Describes the table of this population.
    #[must_use]
    pub fn new(table: &FrequencyTable, population: Option<&str>) -> Self {
        let sums_off = table.sums_off().map(|(locus, sum)| SumOff { locus: locus.clone(), sum }).collect();
        Self { population: population.map(str::to_owned), sums_off }
    }

    /// Returns the remark on the table for readers of results, without a line end; `None` if the table is the store's
    /// own and sound.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let of = self.population.as_ref().map(|name| format!("With the frequency table of the population {name}"));
        let sums: Vec<String> = self.sums_off.iter().map(|off| format!("{} {:.4}", off.locus, off.sum)).collect();
        let off = (!sums.is_empty()).then(|| {
            format!("The frequency table does not add up to 1 (look for a missing or wrong row): {}", sums.join(", "))
        });
        match (of, off) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some(one),
            (Some(of), Some(off)) => Some(format!("{of}\n{off}")),
        }
    }
}

/// A locus of a frequency table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableLocus {
    /// The locus.
    pub locus: Locus,
    /// Its name in the file.
    pub written: String,
    /// Number of persons counted.
    pub individuals: Option<u32>,
    /// Number of alleles with a frequency.
    pub alleles: usize,
    /// The sum of the frequencies.
    pub sum: f64,
    /// The frequency of alleles without a row: the one in the file, or else 1/(2N+1).
    pub floor: Option<f64>,
    /// `true` if the file states that frequency.
    pub floor_stated: bool,
}

/// The contents of a frequency file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrequencyReport {
    schema_version: u32,
    /// The population, if the file names it.
    population: Option<String>,
    /// BLAKE3 of loci, alleles and frequencies, in hexadecimal.
    digest: String,
    /// The loci of the panel, in their order.
    loci: Vec<TableLocus>,
}

impl FrequencyReport {
    /// Returns a report of a table; `written` and `floors` come from its file, one for each locus.
    #[must_use]
    pub fn new(table: &FrequencyTable, population: Option<&str>, written: &[String], floors: &[Option<f64>]) -> Self {
        let loci = table.panel().loci().iter().zip(table.loci()).enumerate().map(|(at, (locus, frequencies))| {
            let stated = floors.get(at).copied().flatten();
            let counted = frequencies.individuals().map(|persons| 1.0 / (2.0 * f64::from(persons) + 1.0));
            TableLocus {
                locus: locus.clone(),
                written: written.get(at).cloned().unwrap_or_else(|| locus.name().to_owned()),
                individuals: frequencies.individuals(),
                alleles: frequencies.alleles().len(),
                sum: frequencies.sum(),
                floor: stated.or(counted),
                floor_stated: stated.is_some(),
            }
        });
        let digest = data_encoding::HEXLOWER.encode(&table.digest());
        Self { schema_version: SCHEMA_VERSION, population: population.map(str::to_owned), digest, loci: loci.collect() }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with the header `locus,written,individuals,alleles,sum,floor,floor_stated`.
    #[must_use]
    pub fn csv(&self) -> String {
        let header = ["locus", "written", "individuals", "alleles", "sum", "floor", "floor_stated"];
        let mut csv = CsvText::with_header(header);
        for row in &self.loci {
            csv.field(&row.locus).field(&row.written).optional(row.individuals).field(row.alleles);
            csv.field(row.sum).optional(row.floor).field(row.floor_stated).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a table for people, at most 80 columns wide.
    #[must_use]
    pub fn table(&self) -> Page {
        let rows = self.loci.iter().map(|row| {
            let short: String = row.written.chars().take(20).collect();
            [
                row.locus.to_string(),
                if row.written == row.locus.name() { String::new() } else { short },
                row.individuals.map_or("-".to_owned(), |persons| persons.to_string()),
                row.alleles.to_string(),
                format!("{:.4}", row.sum),
                row.floor.map_or("-".to_owned(), |floor| format!("{floor:.5}")),
            ]
        });
        let header = ["locus", "in the file", "N", "alleles", "sum", "floor"];
        plain_table(header, &[2, 3, 4, 5], rows)
    }
}

/// A table of a store.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct TableRow {
    /// The population; `None` for the store's own table.
    population: Option<String>,
    loci: usize,
    /// The smallest and the largest number of persons counted at a locus.
    individuals: Option<(u32, u32)>,
    digest: String,
    sums_off: Vec<SumOff>,
}

/// The tables of a store.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TablesReport {
    schema_version: u32,
    tables: Vec<TableRow>,
}

impl TablesReport {
    /// Returns a report of these tables, each with its population.
    #[must_use]
    pub fn new<'a>(tables: impl Iterator<Item = (Option<&'a str>, &'a FrequencyTable)>) -> Self {
        let tables = tables.map(|(population, table)| {
            let persons: Option<Vec<u32>> = table.loci().iter().map(LocusFrequencies::individuals).collect();
            let persons = persons.unwrap_or_default();
            TableRow {
                loci: table.panel().len(),
                individuals: persons.iter().min().copied().zip(persons.iter().max().copied()),
                digest: data_encoding::HEXLOWER.encode(&table.digest()),
                sums_off: TableUsed::new(table, None).sums_off,
                population: population.map(str::to_owned),
            }
        });
        Self { schema_version: SCHEMA_VERSION, tables: tables.collect() }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with the header `population,loci,individuals_from,individuals_to,sums_off,digest`.
    #[must_use]
    pub fn csv(&self) -> String {
        let header = ["population", "loci", "individuals_from", "individuals_to", "sums_off", "digest"];
        let mut csv = CsvText::with_header(header);
        for row in &self.tables {
            csv.optional(row.population.as_ref()).field(row.loci).optional(row.individuals.map(|persons| persons.0));
            csv.optional(row.individuals.map(|persons| persons.1))
                .field(row.sums_off.len())
                .field(&row.digest)
                .end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a table for people.
    #[must_use]
    pub fn table(&self) -> Page {
        let rows = self.tables.iter().map(|row| {
            [
                row.population.clone().unwrap_or_else(|| "(the store's own)".to_owned()),
                row.loci.to_string(),
                row.individuals.map_or("-".to_owned(), |(least, most)| match least == most {
                    true => least.to_string(),
                    false => format!("{least}-{most}"),
                }),
                row.sums_off.len().to_string(),
                row.digest[..16].to_owned(),
            ]
        });
        plain_table(["population", "loci", "N", "sums off", "digest"], &[1, 2, 3], rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_shown_by_locus_and_remarks_say_what_is_off() {
        let alleles = [("14".parse().unwrap(), 0.5), ("15".parse().unwrap(), 0.46875)];
        let locus = LocusFrequencies::new(alleles, Some(500), None).unwrap();
        let table = FrequencyTable::new([("TH01".parse().unwrap(), locus)]).unwrap();
        let report = FrequencyReport::new(&table, None, &["THO1".to_owned()], &[None]);
        assert!(report.csv().ends_with("\nTH01,THO1,500,2,0.96875,0.000999000999000999,false\n"), "{}", report.csv());
        assert!(report.table().contains("THO1") && report.table().to_string().lines().all(|line| line.len() <= 80));
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!(json["loci"][0]["individuals"], 500);
        let used = TableUsed::new(&table, Some("Hui"));
        let remark = used.remark().unwrap();
        assert!(remark.contains("population Hui\n") && remark.ends_with("TH01 0.9688"), "{remark}");
        assert_eq!(TableUsed::new(FrequencyTable::chinese_han_23(), None).remark(), None);
    }
}
