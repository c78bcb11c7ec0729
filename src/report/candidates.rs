//! The list of candidates.

use std::fmt::Write as _;
use std::str::FromStr;

use serde::Serialize;

use crate::model::{Pseudonym, UnknownWord};

use super::table::plain_table;

/// Version of the JSON form: raised when a field is renamed or changes its meaning, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// How a list goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
}

impl Format {
    /// The word it is asked for by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

impl FromStr for Format {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "table" => Ok(Self::Table),
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(UnknownWord { choices: "table, csv, json" }),
        }
    }
}

/// The run that candidates come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunSummary {
    /// `full` or `delta`.
    pub mode: String,
    /// The ledger's generation that was matched.
    pub generation: u64,
    /// Families matched.
    pub families: u64,
    /// Children matched.
    pub children: u64,
    /// Families times children.
    pub pairs: u64,
    /// Wall time of matching, from opening the index to the ranked list.
    pub seconds: f64,
    /// BLAKE3 of the canonical result set, in hexadecimal.
    pub digest: String,
}

/// One candidate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CandidateRow {
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// log10 of the likelihood ratio.
    pub log10_lr: f64,
    /// Loci at which the child and at least one relative are typed.
    pub loci_compared: u32,
    /// Loci that need a mutation.
    pub incompatible_loci: u32,
    /// Number of the first run of the unbroken series in which the pair was a candidate.
    pub first_run: i64,
    /// Whether that is the last run.
    pub new: bool,
    /// Why the family's relatives do not fit each other, if they do not.
    pub family_marks: Vec<String>,
}

/// Candidates of a run, best first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CandidateReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The run.
    pub run: RunSummary,
    /// Best first.
    pub candidates: Vec<CandidateRow>,
}

impl CandidateReport {
    /// One JSON object, indented.
    ///
    /// # Errors
    /// None that this type can cause.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// CSV with a header: `family,child,log10_lr,loci_compared,incompatible_loci,first_run,new,family_marks`.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text =
            String::from("family,child,log10_lr,loci_compared,incompatible_loci,first_run,new,family_marks\n");
        for row in &self.candidates {
            // Numbers and hexadecimal digits only: nothing to quote, and writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{}",
                row.family,
                row.child,
                row.log10_lr,
                row.loci_compared,
                row.incompatible_loci,
                row.first_run,
                row.new,
                row.family_marks.join(" ")
            );
        }
        text
    }

    /// A table for people, of the first `limit` candidates.
    #[must_use]
    pub fn table(&self, limit: usize) -> String {
        let rows = self.candidates.iter().take(limit).enumerate().map(|(i, row)| {
            [
                (i + 1).to_string(),
                row.family.to_string(),
                row.child.to_string(),
                format!("{:.2}", row.log10_lr),
                ratio(row.log10_lr),
                row.loci_compared.to_string(),
                row.incompatible_loci.to_string(),
                if row.new { "new".to_owned() } else { format!("run {}", row.first_run) },
                if row.family_marks.is_empty() {
                    String::new()
                } else {
                    format!("family: {}", row.family_marks.join(", "))
                },
            ]
        });
        let header = ["#", "family", "child", "log10 LR", "LR", "loci", "incompatible", "since", ""];
        let table = plain_table(header, &[0, 3, 4, 5, 6], rows);
        let rest = self.candidates.len().saturating_sub(limit);
        let more = if rest > 0 { format!("... and {rest} more\n") } else { String::new() };
        table + &more
    }
}

/// A likelihood ratio as people write it: `23,500`, `4.1e9`, `0.0012`.
#[must_use]
pub fn ratio(log10_lr: f64) -> String {
    if (-4.0..7.0).contains(&log10_lr) {
        let value = libm::pow(10.0, log10_lr);
        if value < 100.0 {
            return format!("{value:.*}", (1 - log10_lr.floor() as i64).max(0) as usize);
        }
        let digits = format!("{value:.0}");
        let mut text = String::new();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        return text;
    }
    let exponent = log10_lr.floor();
    let (mantissa, exponent) = match format!("{:.1}", libm::pow(10.0, log10_lr - exponent)).as_str() {
        "10.0" => ("1.0".to_owned(), exponent + 1.0),
        mantissa => (mantissa.to_owned(), exponent),
    };
    format!("{mantissa}e{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_read_as_people_write_them() {
        let written = [-5.5, -2.0, 0.0, 1.5, 2.0, 4.3711, 6.9999999, 9.6128, 12.9999].map(ratio);
        assert_eq!(written, ["3.2e-6", "0.010", "1.0", "32", "100", "23,502", "9,999,998", "4.1e9", "1.0e13"]);
    }

    #[test]
    fn the_json_form_has_the_promised_fields() {
        let pseudonym = Pseudonym::from_bytes([1; 16]);
        let row = CandidateRow {
            family: pseudonym,
            child: pseudonym,
            log10_lr: 7.25,
            loci_compared: 20,
            incompatible_loci: 1,
            first_run: 1,
            new: true,
            family_marks: Vec::new(),
        };
        let run = RunSummary {
            mode: "full".into(),
            generation: 2,
            families: 1,
            children: 1,
            pairs: 1,
            seconds: 0.5,
            digest: "00".into(),
        };
        let report = CandidateReport { schema_version: SCHEMA_VERSION, run, candidates: vec![row] };
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!(json["schema_version"], 1);
        for field in ["mode", "generation", "families", "children", "pairs", "seconds", "digest"] {
            assert!(!json["run"][field].is_null(), "{field}");
        }
        for field in ["family", "child", "log10_lr", "loci_compared", "incompatible_loci"] {
            assert!(!json["candidates"][0][field].is_null(), "{field}");
        }
        assert!(report.csv().ends_with(",7.25,20,1,1,true,\n"));
        assert!(report.table(0).contains("... and 1 more"));
    }
}
