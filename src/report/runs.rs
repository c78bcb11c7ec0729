//! Writes the list of runs: when, with which settings, and what each gained and lost.

use serde::Serialize;

use crate::model::Pseudonym;

use super::csv_text::CsvText;
#[cfg(feature = "cli")]
use super::page::Page;
#[cfg(feature = "cli")]
use super::words::count;

/// A pair that is no longer a candidate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LostRow {
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// The last log10 LR.
    pub log10_lr: f64,
    /// The first run of the series in which it was a candidate.
    pub first_run: i64,
    /// The word for the cause.
    pub cause: &'static str,
    /// The cause for people.
    #[serde(skip)]
    pub words: &'static str,
    /// The word for the last step with the family, if the pair was confirmed: it was told, for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<&'static str>,
}

impl LostRow {
    /// Returns the pair and the cause in one line for people.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn line(&self) -> String {
        let told = self.told.map_or(String::new(), |step| format!("; THE FAMILY WAS INFORMED ({step})"));
        format!(
            "family {}, child {} (log10 LR {:.2}, since run {}): {}{told}",
            self.family, self.child, self.log10_lr, self.first_run, self.words
        )
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunRow {
    /// Its number.
    pub run: i64,
    /// When it began, by UTC.
    pub started_at: String,
    /// `full` or `delta`.
    pub mode: String,
    /// Duration in seconds.
    pub seconds: f64,
    /// The least log10 LR of a candidate; `None` for runs of older versions.
    pub min_log10_lr: Option<f64>,
    /// The most candidates of a family, if they were limited.
    pub max_per_family: Option<u32>,
    /// The most expected chance hits of a candidate, if they were limited.
    pub max_chance_hits: Option<f64>,
    /// The population of the frequency table; `None` for the store's own table.
    pub population: Option<String>,
    /// Families compared.
    pub families: u64,
    /// Children compared.
    pub children: u64,
    /// The digest of the results, in hexadecimal.
    pub digest: String,
    /// Candidates that it found first.
    pub gained: u64,
    /// Candidates that came back in it, with the numbers that they had before they were lost.
    pub returned: u64,
    /// Candidates that it lost, or that imports before it removed and it did not find again.
    pub lost: u64,
    /// These candidates.
    pub lost_candidates: Vec<LostRow>,
    /// Candidates whose data were changed and that the run found again; each with its log10 LR of before.
    pub changed_candidates: Vec<LostRow>,
}

/// All runs, in their order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunsReport {
    /// [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The runs.
    pub runs: Vec<RunRow>,
    /// Candidates that imports removed after the last run, until the next one.
    pub removed_since: Vec<LostRow>,
}

impl RunsReport {
    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a row for each run.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header([
            "run",
            "started_at",
            "mode",
            "seconds",
            "min_log10_lr",
            "max_per_family",
            "max_chance_hits",
            "population",
            "families",
            "children",
            "gained",
            "returned",
            "lost",
            "digest",
        ]);
        for row in &self.runs {
            csv.field(row.run).field(&row.started_at).field(&row.mode).field(row.seconds).optional(row.min_log10_lr);
            csv.optional(row.max_per_family).optional(row.max_chance_hits);
            csv.optional(row.population.as_deref()).field(row.families).field(row.children);
            csv.field(row.gained).field(row.returned).field(row.lost).field(&row.digest).end_row();
        }
        csv.finish()
    }

    /// Returns a list in 80 columns: a line for each run, and below it what it lost.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self) -> Page {
        let mut page = " run  began (UTC)       mode   log10 LR    families   children   gained    lost\n".to_owned();
        page += &("-".repeat(79) + "\n");
        for row in &self.runs {
            let at: String = row.started_at.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect();
            let least = row.min_log10_lr.map_or("?".to_owned(), |least| least.to_string());
            page += &format!(
                "{:>4}  {at}  {:<5}{least:>10}{:>12}{:>11}{:>9}{:>8}\n",
                row.run,
                row.mode,
                count(row.families),
                count(row.children),
                count(row.gained),
                count(row.lost)
            );
            if let Some(most) = row.max_per_family {
                page += &format!("      at most {most} of a family\n");
            }
            if let Some(most) = row.max_chance_hits {
                page += &format!("      with at most {most} expected chance hits\n");
            }
            if let Some(population) = &row.population {
                page += &format!("      frequencies of {population}\n");
            }
            if row.returned > 0 {
                page += &format!("      came back: {}\n", count(row.returned));
            }
            page += &listed("lost", &row.lost_candidates);
            page += &listed("changed", &row.changed_candidates);
        }
        if !self.removed_since.is_empty() {
            page += "\nRemoved by imports since then, until the next match\n";
            page += &listed("lost", &self.removed_since);
        }
        page.into()
    }
}

/// Lists lost candidates in two lines each.
#[cfg(feature = "cli")]
fn listed(what: &str, lost: &[LostRow]) -> String {
    let line = |row: &LostRow| {
        format!(
            "      {what}: family {}\n            child  {}\n            log10 LR {:.2}, since run {}: {}\n{}",
            row.family,
            row.child,
            row.log10_lr,
            row.first_run,
            row.words,
            row.told.map_or(String::new(), |step| format!("            THE FAMILY WAS INFORMED ({step})\n"))
        )
    };
    lost.iter().map(line).collect()
}
