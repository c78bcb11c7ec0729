//! Writes a validation: as JSON, as CSV of the Tippett curves, and as a text for a laboratory's validation file.

#[cfg(feature = "cli")]
use std::fmt::Write as _;

use serde::Serialize;

use crate::validation::{Validation, ValidationPlan};

use super::csv_text::CsvText;
#[cfg(feature = "cli")]
use super::meaning::relatives;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};
#[cfg(feature = "cli")]
use super::words::{count, number, probability};

/// What a validation depends on, and its result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValidationReport {
    /// [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The program and its version.
    pub program: String,
    /// The model, in words.
    pub model: String,
    /// BLAKE3 of the frequency table, in hexadecimal.
    pub frequencies: String,
    /// The population of the table, if it is not the store's own.
    pub population: Option<String>,
    /// Number of loci of the panel.
    pub loci: usize,
    /// Number of families of the database that is validated.
    pub families: u64,
    /// Number of its children.
    pub children: u64,
    /// The least log10 LR of a candidate.
    pub min_log10_lr: f64,
    /// The prior, in words.
    pub prior: String,
    /// Pairs per set of relatives and truth.
    pub pairs: u64,
    /// The seed: the same seed gives the same numbers.
    pub seed: u64,
    /// What was simulated.
    pub plan: PlanRow,
    /// The results.
    #[serde(flatten)]
    pub validation: Validation,
}

/// What a validation simulates, besides its pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PlanRow {
    /// The prior: the probability that a missing child is in the database.
    pub prior: f64,
    /// Number of pairs per set and truth that are classified.
    pub classified: u64,
    /// Number of families of the synthetic database for the reliability of the posterior.
    pub families: u64,
    /// Number of its children.
    pub children: u64,
}

impl From<&ValidationPlan> for PlanRow {
    fn from(plan: &ValidationPlan) -> Self {
        Self {
            prior: plan.prior.in_database(),
            classified: plan.classified.min(plan.pairs) as u64,
            families: plan.database_families as u64,
            children: plan.database_children as u64,
        }
    }
}

impl ValidationReport {
    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns the Tippett curves: `relatives,truth,log10_lr,share_at_or_above`.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["relatives", "truth", "log10_lr", "share_at_or_above"]);
        for shape in &self.validation.shapes {
            let words: Vec<&str> = shape.relations.iter().map(|one| one.word()).collect();
            for truth in &shape.truths {
                for point in &truth.tippett {
                    csv.field(words.join(" ")).field(truth.truth.word()).field(point.log10_lr).field(point.share);
                    csv.end_row();
                }
            }
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns the text, in 80 columns. `digest` is that of the JSON.
    #[must_use]
    pub fn text(&self, digest: &str) -> Page {
        let mut page = Page::from("Validation by simulation\n\n");
        for line in [
            format!("program       {}", self.program),
            format!("model         {}", self.model),
            format!("frequencies   {}", self.population.as_deref().unwrap_or("the store's own table")),
            format!("              {}", self.frequencies),
            format!(
                "database      {} families, {} children, {} loci",
                count(self.families),
                count(self.children),
                self.loci
            ),
            format!("threshold     log10 LR {}", self.min_log10_lr),
            format!("prior         {}", self.prior),
            format!("simulation    {} pairs per truth, seed {}", count(self.pairs), self.seed),
            format!("digest        {digest}"),
        ] {
            page += line + "\n";
        }
        let assumed = "Genotypes are drawn from these frequencies with this mutation model, without typing errors, drop-out and \
             wrong papers. Children and relatives are typed at the loci of the database. The figures show what the numbers are \
             worth if the model holds. Classes are those of a candidate without another child and family beside it; the listed rest is unlikely.";
        page += format!("\n{assumed}\n");
        for shape in &self.validation.shapes {
            let _ = writeln!(page, "\n{} ({} families)\n", relatives(&shape.relations), count(shape.families));
            let rows = shape.truths.iter().map(|truth| {
                let of = |class: &str| {
                    truth.classes.iter().find(|one| one.0 == class).map_or(String::new(), |one| percent(one.1))
                };
                [
                    truth.truth.word().to_owned(),
                    format!("{:.1}", truth.median_log10_lr),
                    percent(truth.candidates),
                    of("strong"),
                    of("candidate"),
                    of("more-loci"),
                ]
            });
            let header = ["in truth, %", "median", "listed", "strong", "candidate", "more-loci"];
            page += plain_table(header, &[1, 2, 3, 4, 5], rows);
            let turing = if shape.turing_holds { "holds" } else { "DOES NOT HOLD" };
            let line = format!(
                "Cllr {:.2e}, least {:.2e}; P(LR >= t | unrelated) <= 1/t {turing}; false candidates of these families in a full \
                 match: {}",
                shape.cllr,
                shape.cllr_min,
                number(shape.false_candidates_per_match)
            );
            page += line + "\n";
        }
        let _ = writeln!(
            page,
            "\nUnrelated candidates expected in one full match: {}",
            number(self.validation.false_candidates_per_match)
        );
        page += "\nReliability of the posterior, over a synthetic database\n\n";
        let rows = self.validation.reliability.iter().map(|bin| {
            let share = bin.true_candidates as f64 / bin.candidates.max(1) as f64;
            [
                format!("{} to {}", bin.from, bin.to),
                count(bin.candidates),
                if bin.candidates == 0 { "-".to_owned() } else { probability(bin.mean_posterior) },
                if bin.candidates == 0 { "-".to_owned() } else { format!("{share:.4}") },
            ]
        });
        page += plain_table(["posterior", "candidates", "mean posterior", "share true"], &[1, 2, 3], rows);
        page += "\nPublished figures\n\n";
        let shown = |value: f64| if value.abs() < 1.0 { format!("{value:.3}") } else { format!("{value:.1}") };
        for figure in &self.validation.published {
            let computed = figure.computed.map_or("panel lacks loci".to_owned(), shown);
            page += format!("{:>9}  here {computed:>9}  {}\n", shown(figure.published), figure.figure);
        }
        page
    }
}

#[cfg(feature = "cli")]
fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
