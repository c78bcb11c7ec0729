//! Writes what is stated of children, how two statements compare, and what sex and age weigh.

use serde::Serialize;

use crate::facts::{Comparison, Facts, Reason, Subject, Verdict, Weighed, Weights};
use crate::model::Pseudonym;
use crate::validation::{FactsBand, FactsCalibration, FactsPlan};

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, narrow_table, plain_table};
#[cfg(feature = "cli")]
use super::words::{count, probability, ratio};

/// Free text about a child, opened for a custodian.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct OpenedText {
    /// The description of marks.
    pub marks: String,
    /// Any other description.
    pub description: String,
}

impl std::fmt::Debug for OpenedText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenedText(..)")
    }
}

/// The facts of one time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactsVersion {
    /// The number, rising from 1.
    pub number: u32,
    /// When they were imported, in UTC: RFC 3339.
    pub recorded_at: String,
    /// What is stated.
    pub facts: Facts,
    /// `true` if there is free text, which only custodians can open.
    pub has_text: bool,
    /// The free text, if it was opened.
    pub text: Option<OpenedText>,
}

/// What is stated of a child.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactsReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The found child, or the family of the missing one.
    pub subject: Pseudonym,
    /// `found` or `missing`.
    pub kind: &'static str,
    /// The last facts, or all of them, the first ones first.
    pub versions: Vec<FactsVersion>,
}

impl FactsReport {
    /// Returns the report on these facts.
    #[must_use]
    pub fn new(subject: Pseudonym, kind: Subject, versions: Vec<FactsVersion>) -> Self {
        Self { schema_version: SCHEMA_VERSION, subject, kind: kind.word(), versions }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header and a row for each fact.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["subject", "kind", "number", "recorded_at", "fact", "value"]);
        for (version, fact, value) in self.rows() {
            csv.field(self.subject).field(self.kind).field(version.number).field(&version.recorded_at);
            csv.field(fact).field(value).end_row();
        }
        csv.finish()
    }

    /// Returns the facts as tables for people, one for each time.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self) -> Page {
        let mut page = Page::default();
        for version in &self.versions {
            let day = version.recorded_at.get(..10).unwrap_or_default();
            page += format!("facts {}, recorded on {day}\n\n", version.number);
            let rows = self.rows().filter(|row| row.0.number == version.number);
            page += narrow_table(
                ["fact", "value"],
                &[],
                rows.map(|(_, fact, value)| [fact.to_owned(), part_by_part(fact, &value)]),
            );
            page += "\n";
        }
        page
    }

    fn rows(&self) -> impl Iterator<Item = (&FactsVersion, &'static str, String)> {
        self.versions.iter().flat_map(|version| {
            let mut stated = version.facts.stated();
            match &version.text {
                Some(text) => {
                    let texts = [("marks_text", &text.marks), ("description", &text.description)];
                    stated.extend(texts.into_iter().filter(|one| !one.1.is_empty()).map(|one| (one.0, one.1.clone())));
                }
                None if version.has_text => stated.push(("text", "sealed".to_owned())),
                None => {}
            }
            stated.into_iter().map(move |(fact, value)| (version, fact, value))
        })
    }
}

/// Returns the words of marks with commas, so that each is translated by itself.
#[cfg(feature = "cli")]
fn part_by_part(fact: &str, value: &str) -> String {
    if ["body_marks", "body-marks"].contains(&fact) {
        value.replace("; ", ";").replace(' ', ", ").replace(';', "; ")
    } else {
        value.to_owned()
    }
}

/// The comparison of one fact, ready for output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedFact {
    /// The fact.
    pub fact: &'static str,
    /// `agreeing`, `conflicting` or `unknown`.
    pub verdict: &'static str,
    /// What is stated of the missing child; empty if nothing is.
    pub missing: String,
    /// What is stated of the found child; empty if nothing is.
    pub found: String,
    /// The reason.
    pub reason: &'static str,
    /// What is stated of both, in Chinese.
    #[serde(skip)]
    pub chinese: [String; 2],
}

/// The likelihood ratio of one fact, ready for output.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FactFactor {
    /// The fact.
    pub fact: &'static str,
    /// log10 of its likelihood ratio; `None` if it has none for this pair.
    pub log10_lr: Option<f64>,
    /// The reason, if there is none.
    pub reason: &'static str,
}

/// What sex and age weigh, apart from the DNA.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeighedFacts {
    /// The assumed rate of wrong records of a sex.
    pub sex_error: f64,
    /// The assumed rate of true ages outside the apparent window.
    pub age_error: f64,
    /// The assumed share of girls among found children.
    pub girls: f64,
    /// The range of ages, in years.
    pub years: u8,
    /// The factors.
    pub factors: Vec<FactFactor>,
    /// The sum of their log10 LR.
    pub log10_lr_facts: f64,
    /// log10 LR of the DNA, in which no fact has a part; `None` if the DNA is impossible for the family.
    pub log10_lr_dna: Option<f64>,
    /// The probability that the family's missing child is in the database.
    pub prior: f64,
    /// Number of children of the database, over which it is spread evenly.
    pub children: u64,
    /// log10 of the prior odds of this child.
    pub log10_prior_odds: f64,
    /// log10 of the odds with the facts.
    pub log10_odds_with_facts: f64,
    /// log10 of the odds with the facts and the DNA.
    pub log10_odds_with_dna: Option<f64>,
}

impl WeighedFacts {
    /// Returns the odds of one of the children of the database.
    #[must_use]
    pub fn new(weighed: &Weighed, weights: &Weights, log10_lr_dna: f64, (prior, children): (f64, u64)) -> Self {
        let of_child = prior / children.max(1) as f64;
        let log10_prior_odds = libm::log10(of_child / (1.0 - of_child));
        let log10_odds_with_facts = log10_prior_odds + weighed.log10_lr;
        let factor = |one: &crate::facts::Factor| FactFactor {
            fact: one.fact.word(),
            log10_lr: one.log10_lr,
            reason: one.reason.map_or("", Reason::words),
        };
        let log10_lr_dna = Some(log10_lr_dna).filter(|log10_lr| log10_lr.is_finite());
        Self {
            sex_error: weights.sex_error.get(),
            age_error: weights.age_error.get(),
            girls: weights.girls.get(),
            years: weights.years,
            factors: weighed.factors.iter().map(factor).collect(),
            log10_lr_facts: weighed.log10_lr,
            log10_lr_dna,
            prior,
            children,
            log10_prior_odds,
            log10_odds_with_facts,
            log10_odds_with_dna: log10_lr_dna.map(|dna| log10_odds_with_facts + dna),
        }
    }
}

/// The comparison of what is stated of a missing child and of a found one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactsPair {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// Every fact.
    pub facts: Vec<ComparedFact>,
    /// What sex and age weigh, if it was asked for.
    pub weighed: Option<WeighedFacts>,
}

impl FactsPair {
    /// Returns the report on a pair.
    #[must_use]
    pub fn new(
        family: Pseudonym,
        child: Pseudonym,
        comparisons: Vec<Comparison>,
        weighed: Option<WeighedFacts>,
    ) -> Self {
        let compared = |one: Comparison| ComparedFact {
            fact: one.fact.word(),
            verdict: one.verdict.word(),
            missing: one.missing.english,
            found: one.found.english,
            reason: one.reason.words(),
            chinese: [one.missing.chinese, one.found.chinese],
        };
        let facts = comparisons.into_iter().map(compared).collect();
        Self { schema_version: SCHEMA_VERSION, family, child, facts, weighed }
    }

    /// Returns the number of facts with a verdict.
    #[must_use]
    pub fn with(&self, verdict: Verdict) -> u64 {
        self.facts.iter().filter(|one| one.verdict == verdict.word()).count() as u64
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header and a row for each fact; the factor is empty if none was asked for, or there is none.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv =
            CsvText::with_header(["family", "child", "fact", "verdict", "missing", "found", "log10_lr", "reason"]);
        for one in &self.facts {
            csv.field(self.family).field(self.child).field(one.fact).field(one.verdict);
            csv.field(&one.missing).field(&one.found);
            csv.optional(self.factor(one.fact).and_then(|factor| factor.log10_lr)).field(one.reason).end_row();
        }
        csv.finish()
    }

    fn factor(&self, fact: &str) -> Option<&FactFactor> {
        self.weighed.as_ref()?.factors.iter().find(|factor| factor.fact == fact)
    }

    /// Returns tables for people.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self) -> Page {
        let row = |one: &ComparedFact| {
            let [missing, found] = [&one.missing, &one.found].map(|value| part_by_part(one.fact, value));
            [one.fact.to_owned(), one.verdict.to_owned(), missing, found]
        };
        let mut page =
            narrow_table(["fact", "verdict", "missing child", "found child"], &[], self.facts.iter().map(row));
        page += "\n";
        for one in self.facts.iter().filter(|one| one.verdict != Verdict::Unknown.word() || !one.missing.is_empty()) {
            page += format!("{}: {}\n", one.fact, one.reason);
        }
        let Some(weighed) = &self.weighed else { return page };
        page += "\n";
        let shown = |log10: Option<f64>| log10.map_or("-".to_owned(), |log10| format!("{log10:.2}"));
        let odds = |log10: Option<f64>| log10.map_or("-".to_owned(), ratio);
        let factor = |name: &str, log10: Option<f64>| [name.to_owned(), shown(log10), odds(log10)];
        let of = |name: &str| self.factor(name).and_then(|factor| factor.log10_lr);
        let rows = [
            factor("prior odds", Some(weighed.log10_prior_odds)),
            factor("factor of the sex", of("sex")),
            factor("factor of the age", of("age")),
            factor("odds with facts", Some(weighed.log10_odds_with_facts)),
            factor("LR of the DNA, without facts", weighed.log10_lr_dna),
            factor("odds with facts and DNA", weighed.log10_odds_with_dna),
        ];
        page += plain_table(["stage", "log10", "value"], &[1, 2], rows);
        page += "\n";
        for one in weighed.factors.iter().filter(|one| one.log10_lr.is_none()) {
            page += format!("no factor of the {}: {}\n", one.fact, one.reason);
        }
        page += format!(
            "prior: {} that the missing child is in the database, spread evenly over {} children\n",
            probability(weighed.prior),
            count(weighed.children)
        );
        page += format!(
            "assumed: {} of recorded sexes wrong, {} of ages outside the apparent window, {} of found children girls, ages below {} years\n",
            weighed.sex_error, weighed.age_error, weighed.girls, weighed.years
        );
        page += "marks, places, dialect and native place have no factor: there are no data to support one\n";
        page
    }
}

/// The calibration of the likelihood ratios of sex and age, with what it depends on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactsCalibrationReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Simulated pairs per truth.
    pub pairs: u64,
    /// The seed.
    pub seed: u64,
    /// The assumed rate of wrong records of a sex.
    pub sex_error: f64,
    /// The assumed rate of true ages outside the apparent window.
    pub age_error: f64,
    /// The share of girls among found children.
    pub girls: f64,
    /// The range of ages, in years.
    pub years: u8,
    /// The rate of wrong records of a sex in the simulation.
    pub true_sex_error: f64,
    /// The rate of true ages outside the apparent window in the simulation.
    pub true_age_error: f64,
    /// The result.
    #[serde(flatten)]
    pub calibration: FactsCalibration,
}

impl FactsCalibrationReport {
    /// Returns the report on a simulation.
    #[must_use]
    pub fn new(plan: &FactsPlan, calibration: FactsCalibration) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            pairs: plan.pairs as u64,
            seed: plan.seed,
            sex_error: plan.weights.sex_error.get(),
            age_error: plan.weights.age_error.get(),
            girls: plan.weights.girls.get(),
            years: plan.weights.years,
            true_sex_error: plan.true_sex_error.get(),
            true_age_error: plan.true_age_error.get(),
            calibration,
        }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header and a row for each band.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["from", "to", "same", "different", "observed", "stated"]);
        for &FactsBand { from, to, same, different, observed, stated } in &self.calibration.bands {
            csv.optional(from).optional(to).field(same).field(different).optional(observed).optional(stated).end_row();
        }
        csv.finish()
    }

    /// Returns a table for people.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self) -> Page {
        let end = |end: Option<f64>| end.map_or(String::new(), |end| end.to_string());
        let value = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
        let percent = |share: f64| format!("{:.2}", 100.0 * share);
        let rows = self.calibration.bands.iter().map(|band| {
            let both = band.observed.zip(band.stated).map(|(observed, stated)| observed / stated);
            [
                end(band.from),
                end(band.to),
                percent(band.same),
                percent(band.different),
                value(band.observed),
                value(band.stated),
                value(both),
            ]
        });
        let header = ["from", "below", "same, %", "different, %", "observed", "stated", "quotient"];
        let mut page = plain_table(header, &[0, 1, 2, 3, 4, 5, 6], rows);
        let FactsCalibration { mean_lr_different, standard_error, cllr, cllr_min, .. } = &self.calibration;
        page += format!(
            "\nlog10 LR of sex and age, {} pairs of the same child and as many of two children, seed {}\n",
            count(self.pairs),
            self.seed
        );
        page += format!(
            "mean LR of two children: {mean_lr_different:.4}, standard error {standard_error:.4}; expected 1\n"
        );
        page += format!("Cllr {cllr:.4}, least {cllr_min:.4}\n");
        page += format!(
            "assumed: {} of recorded sexes wrong, {} of ages outside the apparent window, {} of found children girls, ages below {} years\n",
            self.sex_error, self.age_error, self.girls, self.years
        );
        page += format!(
            "simulated: {} of recorded sexes wrong, {} of ages outside the apparent window\n",
            self.true_sex_error, self.true_age_error
        );
        page
    }
}
