//! Adds up counts and times by group.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::hide::hidden;
use super::measure::{Grouping, Interval, Measure};

/// The groups that something belongs to; `None` if the data do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The region.
    pub region: Option<String>,
    /// The agency.
    pub agency: Option<String>,
    /// The month: year and month, as in `2026-11`.
    pub month: String,
}

impl Groups {
    fn get(&self, grouping: Grouping) -> Option<String> {
        match grouping {
            Grouping::Region => self.region.clone(),
            Grouping::Agency => self.agency.clone(),
            Grouping::Month => Some(self.month.clone()),
        }
    }
}

/// The numbers of one group.
#[derive(Clone, Debug, Default)]
struct Cells {
    counts: BTreeMap<Measure, u64>,
    days: BTreeMap<Interval, Vec<u32>>,
}

/// Counts while they are added up.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    groups: BTreeMap<Grouping, BTreeMap<Option<String>, Cells>>,
}

/// The numbers of all groups of a kind, as they may be shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GroupCounts {
    /// What the rows are about.
    pub by: Grouping,
    /// The groups, by name; months without gaps; at last what belongs to no group.
    pub groups: Vec<Counts>,
    /// All groups together.
    pub total: Counts,
}

/// The numbers of one group; each is `None` where it is hidden.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// The name of the group; `None` if the data do not name one, and for the total.
    pub group: Option<String>,
    /// How many there are of each measure.
    pub counts: BTreeMap<Measure, Option<u64>>,
    /// The median of each interval, in days.
    pub median_days: BTreeMap<Interval, Option<f64>>,
}

impl Tally {
    /// Counts one thing in its groups.
    pub fn count(&mut self, measure: Measure, groups: &Groups) {
        for cells in self.cells(groups) {
            *cells.counts.entry(measure).or_insert(0) += 1;
        }
    }

    /// Counts the end of an interval and its length.
    pub fn end(&mut self, interval: Interval, days: u32, groups: &Groups) {
        self.count(interval.counted_by(), groups);
        for cells in self.cells(groups) {
            cells.days.entry(interval).or_default().push(days);
        }
    }

    fn cells(&mut self, groups: &Groups) -> impl Iterator<Item = &mut Cells> {
        for grouping in Grouping::ALL {
            self.groups.entry(grouping).or_default().entry(groups.get(grouping)).or_default();
        }
        self.groups.iter_mut().filter_map(|(grouping, of_kind)| of_kind.get_mut(&groups.get(*grouping)))
    }

    /// Returns what may be shown of these measures: no number below `least`, and none from which one can be computed. The
    /// secret decides which larger numbers are hidden with small ones; with the same secret they are the same.
    #[must_use]
    pub fn finish(mut self, measures: &BTreeSet<Measure>, least: u64, secret: &[u8; 32]) -> Vec<GroupCounts> {
        let finish = |by: Grouping| finish(by, self.groups.remove(&by).unwrap_or_default(), measures, least, secret);
        Grouping::ALL.into_iter().map(finish).collect()
    }
}

fn finish(
    by: Grouping,
    mut of_kind: BTreeMap<Option<String>, Cells>,
    measures: &BTreeSet<Measure>,
    least: u64,
    secret: &[u8; 32],
) -> GroupCounts {
    if by == Grouping::Month {
        let named: Vec<&String> = of_kind.keys().flatten().collect();
        if let [first, .., last] = named[..] {
            for month in months(first, last) {
                of_kind.entry(Some(month)).or_default();
            }
        }
    }
    let mut rows: Vec<(Option<String>, Cells)> = of_kind.into_iter().collect();
    rows.sort_by(|(a, _), (b, _)| a.is_none().cmp(&b.is_none()).then(a.cmp(b)));
    let order: Vec<u64> = rows.iter().map(|(group, _)| place(by, group.as_deref(), secret)).collect();
    let mut groups: Vec<Counts> = rows.iter().map(|(group, _)| Counts::of(group.clone())).collect();
    let mut total = Counts::of(None);
    for &measure in measures {
        let of = |cells: &Cells| cells.counts.get(&measure).copied().unwrap_or(0);
        let numbers: Vec<u64> = rows.iter().map(|(_, cells)| of(cells)).collect();
        let (hidden, is_total_hidden) = hidden(&numbers, &order, least);
        for ((row, number), hidden) in groups.iter_mut().zip(&numbers).zip(hidden) {
            row.counts.insert(measure, (!hidden).then_some(*number));
        }
        total.counts.insert(measure, (!is_total_hidden).then(|| numbers.iter().sum()));
    }
    for interval in Interval::ALL {
        let days = |cells: &Cells| cells.days.get(&interval).cloned().unwrap_or_default();
        let is_shown = |row: &Counts| row.counts.get(&interval.counted_by()).is_some_and(Option::is_some);
        for (row, (_, cells)) in groups.iter_mut().zip(&rows) {
            let median = if is_shown(row) { median(days(cells)) } else { None };
            row.median_days.insert(interval, median);
        }
        let all = rows.iter().flat_map(|(_, cells)| days(cells)).collect();
        let median = if is_shown(&total) { median(all) } else { None };
        total.median_days.insert(interval, median);
    }
    GroupCounts { by, groups, total }
}

impl Counts {
    fn of(group: Option<String>) -> Self {
        Self { group, counts: BTreeMap::new(), median_days: BTreeMap::new() }
    }
}

/// Returns a group's place in an order that only the secret gives.
fn place(by: Grouping, group: Option<&str>, secret: &[u8; 32]) -> u64 {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(b"reunite statistics\0").update(by.word().as_bytes()).update(&[0, u8::from(group.is_some())]);
    hasher.update(group.unwrap_or_default().as_bytes());
    let hash = hasher.finalize();
    hash.as_bytes().iter().take(8).fold(0, |place, byte| place << 8 | u64::from(*byte))
}

/// Returns the months between these two, with both, if they are months.
fn months(first: &str, last: &str) -> Vec<String> {
    let number = |month: &str| {
        let (year, month) = month.split_once('-')?;
        Some(year.parse::<u32>().ok()? * 12 + month.parse::<u32>().ok()?.checked_sub(1)?)
    };
    let Some((first, last)) = number(first).zip(number(last)) else { return Vec::new() };
    (first..=last).map(|month| format!("{:04}-{:02}", month / 12, month % 12 + 1)).collect()
}

fn median(mut days: Vec<u32>) -> Option<f64> {
    days.sort_unstable();
    let last = days.len().checked_sub(1)?;
    Some(f64::midpoint(days[last / 2].into(), days[last.div_ceil(2)].into()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Groups, Tally};
    use crate::supervision::{Grouping, Interval, Measure};

    fn groups(region: &str, month: &str) -> Groups {
        Groups { region: Some(region.to_owned()), agency: None, month: month.to_owned() }
    }

    #[test]
    fn counts_are_added_up_by_group() {
        let mut tally = Tally::default();
        for (number, region) in [(12, "A"), (15, "B"), (4, "C"), (6, "D")] {
            for one in 0..number {
                tally.count(Measure::Families, &groups(region, if one % 2 == 0 { "2025-11" } else { "2026-02" }));
            }
        }
        for days in [1, 2, 3, 10] {
            tally.end(Interval::Confirmation, days, &groups("A", "2026-02"));
        }
        let measures = BTreeSet::from([Measure::Families, Measure::Confirmed]);
        let all = tally.finish(&measures, 4, &[7; 32]);
        assert_eq!(all.iter().map(|one| one.by).collect::<Vec<_>>(), Grouping::ALL);
        let [regions, agencies, by_month] = &all[..] else { panic!("three groupings") };
        let of = |row: &super::Counts, measure| row.counts[&measure];
        let families: Vec<Option<u64>> = regions.groups.iter().map(|row| of(row, Measure::Families)).collect();
        assert_eq!(families, [Some(12), Some(15), Some(4), Some(6)]);
        assert_eq!(of(&regions.total, Measure::Families), Some(37));
        assert_eq!(regions.total.median_days[&Interval::Confirmation], Some(2.5));
        // Region A has all four confirmed pairs; the zeros of the others would give that away, and are hidden.
        let confirmed: Vec<Option<u64>> = regions.groups.iter().map(|row| of(row, Measure::Confirmed)).collect();
        assert_eq!(confirmed, [None; 4]);
        assert_eq!(regions.groups[0].median_days[&Interval::Confirmation], None);
        assert_eq!(of(&regions.total, Measure::Confirmed), Some(4));
        assert_eq!(agencies.groups.len(), 1);
        assert_eq!(agencies.groups[0].group, None);
        let names: Vec<&str> = by_month.groups.iter().filter_map(|row| row.group.as_deref()).collect();
        assert_eq!(names, ["2025-11", "2025-12", "2026-01", "2026-02"]);
        // A measure that was not computed is not there.
        assert!(!regions.total.counts.contains_key(&Measure::Children));
    }
}
