//! Writes the probability that families' missing children are in the database and were missed.

use serde::Serialize;

use crate::meaning::Missed;
use crate::model::{Pseudonym, Relation};

use super::csv_text::CsvText;
#[cfg(feature = "cli")]
use super::meaning::relatives;
#[cfg(feature = "cli")]
use super::page::Page;
#[cfg(feature = "cli")]
use super::words::{more_rows, probability};

/// One family.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MissedRow {
    /// The family.
    pub family: Pseudonym,
    /// Its relatives.
    pub relatives: Vec<Relation>,
    /// Number of its candidates, without identities.
    pub candidates: u64,
    /// Probability that the missing child is in the database and is not among the candidates.
    pub in_database_and_missed: f64,
    /// Probability that a child in the database is missed, by cause.
    #[serde(flatten)]
    pub missed: Missed,
    /// What would lower it, the most first, if requested.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<RemedyRow>,
}

/// What would lower the probability of a miss.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RemedyRow {
    /// What to do.
    pub remedy: Remedy,
    /// Probability that a child in the database is missed then.
    pub missed: f64,
}

/// A remedy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Remedy {
    /// Take a sample of this relative, if all children are typed at all loci.
    Sample(Relation),
    /// Type the children at all loci of the panel.
    TypeAllLoci,
    /// Lower the threshold by a factor of ten.
    LowerThreshold,
}

impl Remedy {
    /// Returns the word for the remedy, without its relation.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sample(_) => "sample",
            Self::TypeAllLoci => "type-all-loci",
            Self::LowerThreshold => "lower-threshold",
        }
    }

    /// Returns the relation of the relative to sample.
    #[must_use]
    pub fn relation(self) -> Option<Relation> {
        match self {
            Self::Sample(relation) => Some(relation),
            Self::TypeAllLoci | Self::LowerThreshold => None,
        }
    }

    /// Returns words for people.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Sample(relation) => format!("a sample of one more relative, {}", relation.word()),
            Self::TypeAllLoci => "children typed at all loci".to_owned(),
            Self::LowerThreshold => "a threshold ten times lower, with more chance hits".to_owned(),
        }
    }
}

/// Families, those most likely to be missed first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MissedReport {
    /// [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The prior, in words.
    pub prior: String,
    /// The least log10 LR of a candidate.
    pub min_log10_lr: f64,
    /// Mean of `missed` over the families; `None` without families.
    pub mean_missed: Option<f64>,
    /// The families.
    pub families: Vec<MissedRow>,
}

impl MissedReport {
    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with the header `family,relatives,candidates,in_database_and_missed,missed,by_relatives,by_loci,
    /// by_mutation,by_drop_out,by_papers`.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header([
            "family",
            "relatives",
            "candidates",
            "in_database_and_missed",
            "missed",
            "by_relatives",
            "by_loci",
            "by_mutation",
            "by_drop_out",
            "by_papers",
        ]);
        for row in &self.families {
            let words: Vec<&str> = row.relatives.iter().map(|one| one.word()).collect();
            csv.field(row.family).field(words.join(" ")).field(row.candidates).field(row.in_database_and_missed);
            csv.field(row.missed.missed).fields(row.missed.parts()).end_row();
        }
        csv.finish()
    }

    /// Returns a table of the families in 80 columns, or the whole answer for one family.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self, limit: usize) -> Page {
        if let [row] = &self.families[..]
            && !row.remedies.is_empty()
        {
            return self.answer(row).into();
        }
        let mut page = String::new();
        page += "in database   missed, by:\n and missed    total  relatives  loci  mutation  drop-out  papers\n";
        page += &("-".repeat(66) + "\n");
        for row in self.families.iter().take(limit) {
            let [few, loci, mutation, drop_out, papers] = row.missed.parts();
            let missed = row.missed.missed;
            page += &format!(
                "{:>11.4}{missed:>9.4}{few:>11.4}{loci:>7.4}{mutation:>9.4}{drop_out:>10.4}{papers:>9.4}\n",
                row.in_database_and_missed
            );
            page += &format!("    {}  {}\n", row.family, relatives(&row.relatives));
        }
        (page + &more_rows(self.families.len(), limit) + &self.footer()).into()
    }

    #[cfg(feature = "cli")]
    fn answer(&self, row: &MissedRow) -> String {
        let mut page = format!(
            "family {}\n{}\n\nThe child is in the database and was missed: {}\nIf it is in the database, it is missed with {}:\n",
            row.family,
            relatives(&row.relatives),
            probability(row.in_database_and_missed),
            probability(row.missed.missed)
        );
        let causes = [
            "the relatives say too little, even with all loci",
            "children are typed at some of the loci only",
            "a mutation",
            "alleles that dropped out",
            "papers that are wrong in one statement",
        ];
        for (value, cause) in row.missed.parts().into_iter().zip(causes) {
            page += &format!("{value:>9.4}  {cause}\n");
        }
        page += "\nWhat would lower it, the most first\n\n";
        for RemedyRow { remedy, missed } in &row.remedies {
            page += &format!("{missed:>9.4}  {}\n", remedy.words());
        }
        page + "\n" + &self.footer()
    }

    #[cfg(feature = "cli")]
    fn footer(&self) -> String {
        let mean = match self.mean_missed {
            Some(mean) if self.families.len() > 1 => format!("mean of all families: {}\n", probability(mean)),
            _ => String::new(),
        };
        mean + &format!("threshold log10 LR {}; prior: {}\n", self.min_log10_lr, self.prior)
    }
}
