//! Writes the power of a family, and whom to sample next.

#[cfg(feature = "cli")]
use std::fmt::Write as _;

use serde::Serialize;

use crate::kinship::Bounds;
use crate::model::{Pseudonym, Relation};
use crate::planning::Power;

use super::csv_text::CsvText;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};
#[cfg(feature = "cli")]
use super::words::count;
use super::words::ratio;

/// The power of one family.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PowerReport {
    /// Equals [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The family.
    pub family: Pseudonym,
    /// Its relatives, in canonical order.
    pub relatives: Vec<Relation>,
    /// Number of loci of the panel.
    pub loci: usize,
    /// Number of loci at which a relative is typed.
    pub informative_loci: usize,
    /// The least log10 LR of a candidate.
    pub min_log10_lr: f64,
    /// Number of children in the store.
    pub children: u64,
    /// Every setting that the result depends on besides the frequencies, in one line.
    pub settings: String,
    /// BLAKE3 of the frequencies, in hexadecimal.
    pub frequencies: String,
    /// The present family, and then the family with each further relative, the most useful first.
    pub power: Vec<PowerRow>,
}

/// The power of the present family, or of the family with one further relative.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PowerRow {
    /// The further relative; `None` for the present family.
    pub with: Option<Relation>,
    /// The increase of the expected log10 LR by the further relative.
    pub gain: f64,
    /// The power.
    #[serde(flatten)]
    pub power: Power,
    /// The expected number of unrelated children who reach the threshold, among as many as the store holds.
    pub expected_unrelated: Bounds,
}

impl PowerReport {
    /// Builds the rows; `with` may be in any order.
    #[must_use]
    pub fn rows(power: Power, with: Vec<(Relation, Power)>, children: u64) -> Vec<PowerRow> {
        let now = power.expected_log10_lr;
        let row = |with, power: Power| PowerRow {
            with,
            gain: power.expected_log10_lr - now,
            expected_unrelated: power.by_chance.times(children as f64),
            power,
        };
        let mut more: Vec<PowerRow> = with.into_iter().map(|(relation, power)| row(Some(relation), power)).collect();
        more.sort_by(|a, b| b.gain.total_cmp(&a.gain).then(a.with.cmp(&b.with)));
        let mut rows = vec![row(None, power)];
        rows.append(&mut more);
        rows
    }

    /// Returns one JSON object, indented. A quantile's bound that is not finite is `null`.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header: one row for the present family (`with` is empty), and one for each further relative.
    /// Quantiles are halfway between their bounds.
    #[must_use]
    pub fn csv(&self) -> String {
        let quantiles = Power::SHARES.iter().map(|share| format!("quantile_{share}"));
        let bounds = ["found", "by_chance", "expected_unrelated"];
        let bounds = bounds.iter().flat_map(|name| [format!("{name}_lower"), format!("{name}_upper")]);
        let first = ["with", "expected_log10_lr", "gain", "standard_deviation"].map(str::to_owned);
        let mut csv = CsvText::with_header(first.into_iter().chain(quantiles).chain(bounds));
        for PowerRow { with, gain, power, expected_unrelated } in &self.power {
            csv.optional(with.map(Relation::word));
            csv.fields([power.expected_log10_lr, *gain, power.standard_deviation]);
            csv.fields(power.quantiles.iter().map(|quantile| quantile.log10_lr.middle()));
            let bounds = [power.found, power.by_chance, *expected_unrelated];
            csv.fields(bounds.into_iter().flat_map(|bounds| [bounds.lower, bounds.upper]));
            csv.end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a page for people.
    #[must_use]
    pub fn table(&self) -> Page {
        let relatives: Vec<&str> = self.relatives.iter().copied().map(Relation::word).collect();
        let mut text = Page::from(format!(
            "Family {}: {}; {} of {} loci can be compared\n\n",
            self.family,
            relatives.join(", "),
            self.informative_loci,
            self.loci
        ));
        let rows = self.power.iter().map(|row| {
            let power = &row.power;
            let quantile = |i: usize| power.quantiles.get(i).map_or(String::new(), |q| tenths(q.log10_lr.middle()));
            [
                row.with.map_or("unchanged".to_owned(), |relation| format!("+ {relation}")),
                format!("{:.2}", power.expected_log10_lr),
                row.with.map_or(String::new(), |_| format!("{:+.2}", row.gain)),
                quantile(0),
                quantile(1),
                quantile(2),
                quantile(3),
                quantile(4),
                percent(power.found.middle()),
                number(power.by_chance.middle()),
                number(row.expected_unrelated.middle()),
            ]
        });
        let header =
            ["relatives", "log10 LR", "gain", "5 %", "25 %", "50 %", "75 %", "95 %", "found", "by chance", "unrelated"];
        text += plain_table(header, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], rows);
        let _ = write!(
            text,
            "\nlog10 LR   expected value for the missing child; quantiles from 5 % to 95 %\n\
             found      probability that the missing child reaches log10 LR {min} (LR {lr})\n\
             by chance  probability that an unrelated child reaches it\n\
             unrelated  expected number of unrelated children who reach it, if all of the\n           \
             store's children ({children}) are unrelated\n\n\
             All for children, and further relatives, typed at all {loci} loci.\n{settings}\n",
            min = self.min_log10_lr,
            lr = ratio(self.min_log10_lr),
            children = count(self.children),
            loci = self.loci,
            settings = self.settings,
        );
        text
    }
}

/// Formats a quantile, which may be unknown.
fn tenths(value: f64) -> String {
    if value.is_finite() { format!("{value:.1}") } else { "-".to_owned() }
}

/// Formats a number above 0.
fn number(value: f64) -> String {
    if value > 0.0 { ratio(libm::log10(value)) } else { "0".to_owned() }
}

/// Formats a probability. Values close to 0 or 1, but not equal, become `<0.1 %` or `>99.9 %`.
fn percent(share: f64) -> String {
    match share {
        _ if share > 0.0 && share < 0.0005 => "<0.1 %".to_owned(),
        _ if share > 0.9995 && share < 1.0 => ">99.9 %".to_owned(),
        _ => format!("{:.1} %", 100.0 * share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_numbers_read_as_people_write_them() {
        let written = [0.0, 1e-9, 0.0123, 0.5, 0.9994, 0.99999, 1.0].map(percent);
        assert_eq!(written, ["0.0 %", "<0.1 %", "1.2 %", "50.0 %", "99.9 %", ">99.9 %", "100.0 %"]);
        assert_eq!([0.0, 2.5e-12, 0.25, 1234.0].map(number), ["0", "2.5e-12", "0.25", "1,234"]);
        assert_eq!([f64::NEG_INFINITY, 4.26].map(tenths), ["-", "4.3"]);
    }
}
