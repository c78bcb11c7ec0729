//! Writes the counts for supervisors.

use serde::Serialize;

use crate::supervision::{Counts, GroupCounts};
#[cfg(feature = "cli")]
use crate::supervision::{Grouping, Interval, Measure};

use super::csv_text::CsvText;
#[cfg(feature = "cli")]
use super::page::{Page, table_of};
#[cfg(feature = "cli")]
use super::words::count;

/// The counts of a store by region, agency and month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatisticsReport {
    /// [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The day on which it was made, by UTC.
    pub made_on: String,
    /// The least number that is shown.
    pub least_shown: u64,
    /// The least log10 LR of a candidate in the last run, as far as it is known; `None` before the first.
    pub min_log10_lr: Option<f64>,
    /// By region, by agency and by month. A number is `null` where it is hidden, and a measure is missing if it was not
    /// computed.
    pub tables: Vec<GroupCounts>,
}

/// The measures of each block of the table, with their headings.
#[cfg(feature = "cli")]
const BLOCKS: [(&str, &[(Measure, &str)]); 3] = [
    (
        "Entered",
        &[
            (Measure::Families, "families"),
            (Measure::Unidentifiable, "not identifiable"),
            (Measure::FamiliesWithCandidate, "with candidate"),
            (Measure::Children, "children"),
        ],
    ),
    (
        "Candidates",
        &[
            (Measure::Strong, "strong"),
            (Measure::Candidate, "candidate"),
            (Measure::MoreLoci, "more-loci"),
            (Measure::Unlikely, "unlikely"),
        ],
    ),
    (
        "Review",
        &[
            (Measure::UnderReview, "under review"),
            (Measure::Confirmed, "confirmed"),
            (Measure::Refuted, "refuted"),
            (Measure::HandedOver, "handed over"),
        ],
    ),
];
#[cfg(feature = "cli")]
const DAYS: [(Interval, &str); 3] = [
    (Interval::FirstCandidate, "first candidate"),
    (Interval::Confirmation, "confirmation"),
    (Interval::HandOver, "hand-over"),
];
/// The mark of a hidden number.
#[cfg(feature = "cli")]
const HIDDEN: &str = "*";
/// The most characters of a group's name in the table.
#[cfg(feature = "cli")]
const NAME: usize = 22;

impl StatisticsReport {
    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with the header `by,within,group,measure,value,hidden`: a row for each number. The group is empty for what
    /// names none and for totals, whose `by` is `total`; the value is empty where it is hidden, or where a median has no
    /// values.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["by", "within", "group", "measure", "value", "hidden"]);
        let mut rows = |by: &str, row: &Counts| {
            let (within, group) = (row.within.as_deref().unwrap_or_default(), row.group.as_deref().unwrap_or_default());
            for (measure, number) in &row.counts {
                csv.field(by)
                    .field(within)
                    .field(group)
                    .field(measure.word())
                    .optional(*number)
                    .field(number.is_none())
                    .end_row();
            }
            for (interval, median) in &row.median_days {
                let is_hidden = row.counts.get(&interval.counted_by()).is_none_or(Option::is_none);
                csv.field(by)
                    .field(within)
                    .field(group)
                    .field(interval.word())
                    .optional(*median)
                    .field(is_hidden)
                    .end_row();
            }
        };
        for table in &self.tables {
            table.groups.iter().for_each(|row| rows(table.by.word(), row));
        }
        if let Some(table) = self.tables.first() {
            rows("total", &table.total);
        }
        csv.finish()
    }

    /// Returns tables in 80 columns.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self) -> Page {
        let blocks = |table: &GroupCounts| -> Page {
            let by = table.by.word();
            let first = if table.by == Grouping::Agency { "region, agency" } else { by };
            let mut page = Page::default();
            for (title, measures) in BLOCKS {
                let measures: Vec<_> =
                    measures.iter().filter(|(measure, _)| table.total.counts.contains_key(measure)).collect();
                if measures.is_empty() {
                    continue;
                }
                let header: Vec<&str> = [first].into_iter().chain(measures.iter().map(|one| one.1)).collect();
                let number = |row: &Counts, measure| {
                    row.counts.get(&measure).copied().flatten().map_or_else(|| HIDDEN.to_owned(), count)
                };
                let cells = |row: &Counts| measures.iter().map(|one| number(row, one.0)).collect();
                page += block(&format!("{title}, by {by}"), &header, table, cells);
            }
            let header: Vec<&str> = [first].into_iter().chain(DAYS.iter().map(|one| one.1)).collect();
            let median = |row: &Counts, interval: Interval| match row.median_days.get(&interval).copied().flatten() {
                Some(days) => days.to_string(),
                None if row.counts.get(&interval.counted_by()).is_none_or(Option::is_none) => HIDDEN.to_owned(),
                None => "-".to_owned(),
            };
            let cells = |row: &Counts| DAYS.iter().map(|one| median(row, one.0)).collect();
            page += block(&format!("Days until, median, by {by}"), &header, table, cells);
            page
        };
        let mut page: Page = self.tables.iter().map(blocks).collect();
        let notes = format!(
            "{HIDDEN} below {}, or hidden so that no such number can be computed. Days count from the day on which family \
             and child were both in the database. Months are by UTC.",
            self.least_shown
        );
        let of_run = match self.min_log10_lr {
            Some(least) => format!(" Candidates are those of the last match, from log10 LR {least} on."),
            None => String::new(),
        };
        page += notes + &of_run + "\n";
        page
    }
}

/// Formats one block: a title, the groups and the total.
#[cfg(feature = "cli")]
fn block(title: &str, header: &[&str], table: &GroupCounts, cells: impl Fn(&Counts) -> Vec<String>) -> Page {
    let row = |name: String, row: &Counts| [name].into_iter().chain(cells(row)).collect();
    let short = |name: &str, most: usize| match name.chars().count() > most {
        true => name.chars().take(most - 2).chain("..".chars()).collect(),
        false => name.to_owned(),
    };
    let name = |row: &Counts| {
        let group = row.group.as_deref().unwrap_or("(not stated)");
        match (table.by, row.within.as_deref()) {
            (Grouping::Agency, within) => format!("{} {}", short(within.unwrap_or("-"), 8), short(group, NAME - 9)),
            _ => short(group, NAME),
        }
    };
    let rows = table.groups.iter().map(|group| row(name(group), group));
    let rows: Vec<Vec<String>> = rows.chain([row("total".to_owned(), &table.total)]).collect();
    let right: Vec<usize> = (1..header.len()).collect();
    let mut page = Page::from(format!("{title}\n\n"));
    page += table_of(header, &right, rows);
    page += "\n";
    page
}
