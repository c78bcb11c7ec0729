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

/// The name of a row: for an agency, within its region.
type Name = (Option<String>, Option<String>);

impl Groups {
    fn get(&self, grouping: Grouping) -> Name {
        match grouping {
            Grouping::Region => (None, self.region.clone()),
            Grouping::Agency => (self.region.clone(), self.agency.clone()),
            Grouping::Month => (None, Some(self.month.clone())),
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
    groups: BTreeMap<Grouping, BTreeMap<Name, Cells>>,
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
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// The region of an agency; `None` if the data do not name one, and for other groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
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
        let mut of_kind = |by| Column::all(by, self.groups.remove(&by).unwrap_or_default(), secret);
        let [regions, agencies, months] = [Grouping::Region, Grouping::Agency, Grouping::Month].map(&mut of_kind);
        let by_region = regions.shown(measures, least, None);
        let by_agency = agencies.shown(measures, least, Some(&by_region));
        vec![by_region, by_agency, months.shown(measures, least, None)]
    }
}

/// All rows of a grouping, in their order.
struct Column {
    by: Grouping,
    rows: Vec<(Name, Cells)>,
    /// The order in which larger numbers are hidden.
    order: Vec<u64>,
}

impl Column {
    fn all(by: Grouping, mut of_kind: BTreeMap<Name, Cells>, secret: &[u8; 32]) -> Self {
        if by == Grouping::Month {
            let named: Vec<&String> = of_kind.keys().filter_map(|name| name.1.as_ref()).collect();
            if let [first, .., last] = named[..] {
                for month in months(first, last) {
                    of_kind.entry((None, Some(month))).or_default();
                }
            }
        }
        let mut rows: Vec<(Name, Cells)> = of_kind.into_iter().collect();
        let last_if_none = |name: &Option<String>| (name.is_none(), name.clone());
        rows.sort_by_key(|(name, _)| (last_if_none(&name.0), last_if_none(&name.1)));
        let order = rows.iter().map(|(name, _)| place(by, name, secret)).collect();
        Self { by, rows, order }
    }

    fn numbers(&self, measure: Measure) -> Vec<u64> {
        self.rows.iter().map(|(_, cells)| cells.counts.get(&measure).copied().unwrap_or(0)).collect()
    }

    /// Returns which of the numbers of some rows are hidden, and whether their sum is. A part of another measure is also
    /// hidden where the rest would be small.
    fn hidden(&self, measure: Measure, at: &[usize], least: u64) -> (Vec<bool>, bool) {
        let of = |numbers: &[u64]| at.iter().map(|&at| numbers[at]).collect::<Vec<u64>>();
        let (numbers, order) = (of(&self.numbers(measure)), of(&self.order));
        let (mut hides, mut hides_sum) = hidden(&numbers, &order, least);
        if let Some(whole) = measure.part_of() {
            let rest: Option<Vec<u64>> =
                of(&self.numbers(whole)).iter().zip(&numbers).map(|(all, part)| all.checked_sub(*part)).collect();
            if let Some(rest) = rest {
                let (of_rest, of_sum) = hidden(&rest, &order, least);
                hides.iter_mut().zip(of_rest).for_each(|(hides, rest)| *hides |= rest);
                hides_sum |= of_sum;
            }
        }
        (hides, hides_sum)
    }

    /// Returns what may be shown. `within` are the groups of which these are parts: the parts of a hidden one are hidden,
    /// and a shown one is the sum of its parts.
    fn shown(&self, measures: &BTreeSet<Measure>, least: u64, within: Option<&GroupCounts>) -> GroupCounts {
        let new = |name: &Name| Counts { within: name.0.clone(), group: name.1.clone(), ..Counts::default() };
        let mut groups: Vec<Counts> = self.rows.iter().map(|(name, _)| new(name)).collect();
        let mut total = Counts::default();
        for &measure in measures {
            let numbers = self.numbers(measure);
            let mut hides = vec![false; numbers.len()];
            match within {
                None => {
                    let all: Vec<usize> = (0..numbers.len()).collect();
                    let (hidden, is_total_hidden) = self.hidden(measure, &all, least);
                    hides = hidden;
                    total.counts.insert(measure, (!is_total_hidden).then(|| numbers.iter().sum()));
                }
                Some(wholes) => {
                    for whole in &wholes.groups {
                        let is_part = |at: &usize| self.rows[*at].0.0 == whole.group;
                        let parts: Vec<usize> = (0..numbers.len()).filter(is_part).collect();
                        let is_shown = whole.counts.get(&measure).is_some_and(Option::is_some);
                        let hidden =
                            if is_shown { self.hidden(measure, &parts, least).0 } else { vec![true; parts.len()] };
                        parts.into_iter().zip(hidden).for_each(|(at, hidden)| hides[at] = hidden);
                    }
                    total.counts.insert(measure, wholes.total.counts.get(&measure).copied().flatten());
                }
            }
            for ((row, number), hidden) in groups.iter_mut().zip(&numbers).zip(hides) {
                row.counts.insert(measure, (!hidden).then_some(*number));
            }
        }
        for interval in Interval::ALL {
            let days = |cells: &Cells| cells.days.get(&interval).cloned().unwrap_or_default();
            let is_shown = |row: &Counts| row.counts.get(&interval.counted_by()).is_some_and(Option::is_some);
            for (row, (_, cells)) in groups.iter_mut().zip(&self.rows) {
                let median = if is_shown(row) { median(days(cells)) } else { None };
                row.median_days.insert(interval, median);
            }
            let all = self.rows.iter().flat_map(|(_, cells)| days(cells)).collect();
            let median = if is_shown(&total) { median(all) } else { None };
            total.median_days.insert(interval, median);
        }
        GroupCounts { by: self.by, groups, total }
    }
}

/// Returns a group's place in an order that only the secret gives.
fn place(by: Grouping, (within, group): &Name, secret: &[u8; 32]) -> u64 {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(b"reunite statistics\0").update(by.word().as_bytes());
    for name in [within, group] {
        let name = name.as_deref();
        hasher.update(&[u8::from(name.is_some())]).update(&(name.map_or(0, str::len) as u64).to_le_bytes());
        hasher.update(name.unwrap_or_default().as_bytes());
    }
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
        assert_eq!(agencies.groups.len(), 4);
        assert!(agencies.groups.iter().all(|row| row.group.is_none() && row.within.is_some()));
        // The agencies of a hidden region are hidden, and each agency alone in a shown one has its number.
        for (agency, region) in agencies.groups.iter().zip(&regions.groups) {
            assert_eq!((&agency.within, &agency.counts), (&region.group, &region.counts));
        }
        let names: Vec<&str> = by_month.groups.iter().filter_map(|row| row.group.as_deref()).collect();
        assert_eq!(names, ["2025-11", "2025-12", "2026-01", "2026-02"]);
        // A measure that was not computed is not there.
        assert!(!regions.total.counts.contains_key(&Measure::Children));
    }

    #[test]
    fn no_small_number_of_an_agency_follows_from_the_regions() {
        // Regions with their agencies: one agency each, several, and agencies that work in several regions.
        let layouts: [&[(&str, &str, u64)]; 3] = [
            &[("A", "1", 3), ("B", "2", 22), ("C", "3", 31), ("D", "4", 18), ("E", "5", 26)],
            &[("A", "1", 22), ("A", "2", 4), ("B", "3", 18), ("C", "4", 31), ("C", "5", 25)],
            &[
                ("A", "1", 40),
                ("A", "2", 3),
                ("B", "1", 2),
                ("B", "2", 60),
                ("C", "1", 12),
                ("C", "2", 13),
                ("C", "3", 14),
            ],
        ];
        for layout in layouts {
            for key in 0..40 {
                let mut tally = Tally::default();
                for &(region, agency, number) in layout {
                    let agency = Some(agency.to_owned());
                    for _ in 0..number {
                        tally.count(Measure::Families, &Groups { agency: agency.clone(), ..groups(region, "2026-02") });
                    }
                }
                let all = tally.finish(&BTreeSet::from([Measure::Families]), 10, &[key; 32]);
                let shown = |row: &super::Counts| row.counts[&Measure::Families];
                let (regions, agencies) = (&all[0].groups, &all[1].groups);
                let hidden_regions = regions.iter().filter(|row| shown(row).is_none()).count();
                assert!(hidden_regions != 1, "{layout:?}");
                for region in regions {
                    let parts: Vec<_> = agencies.iter().filter(|row| row.within == region.group).map(shown).collect();
                    let hidden = parts.iter().filter(|part| part.is_none()).count();
                    match shown(region) {
                        None => assert_eq!(hidden, parts.len(), "a part of a hidden region is shown"),
                        Some(_) => assert!(hidden != 1, "the sum of the region gives it away"),
                    }
                    assert!(parts.iter().flatten().all(|part| *part >= 10));
                }
            }
        }
    }

    #[test]
    fn a_part_is_hidden_where_its_rest_is_small() {
        let mut tally = Tally::default();
        for (region, families, with_candidate) in [("A", 50, 47), ("B", 60, 20), ("C", 70, 30), ("D", 45, 15)] {
            for one in 0..families {
                tally.count(Measure::Families, &groups(region, "2026-02"));
                if one < with_candidate {
                    tally.count(Measure::FamiliesWithCandidate, &groups(region, "2026-02"));
                }
            }
        }
        let measures = BTreeSet::from([Measure::Families, Measure::FamiliesWithCandidate]);
        let all = tally.finish(&measures, 10, &[3; 32]);
        let of = |measure: Measure| all[0].groups.iter().map(|row| row.counts[&measure]).collect::<Vec<_>>();
        assert_eq!(of(Measure::Families), [Some(50), Some(60), Some(70), Some(45)]);
        let with_candidate = of(Measure::FamiliesWithCandidate);
        // 3 families of A have none.
        assert_eq!(with_candidate[0], None);
        assert!(with_candidate.iter().filter(|one| one.is_none()).count() > 1, "{with_candidate:?}");
        assert_eq!(all[0].total.counts[&Measure::FamiliesWithCandidate], Some(112));
    }
}
