//! Counts what a laboratory entered, found and decided, for those who supervise it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::audit::Entry;
use crate::ledger::{CandidateFilter, Entered, Ledger, ReviewCase};
use crate::model::{Family, Pseudonym, Unscorable};
use crate::report::{CandidateReport, SCHEMA_VERSION, StatisticsReport};
use crate::review::{Event, Status, Step};
use crate::supervision::{Groups, Interval, LEAST_SHOWN, Measure, Tally};

use super::actor::now;
use super::error::StoreError;
use super::folder::Store;
use super::matching::manifest::criterion_used;
use super::matching::meaning::{MeaningOptions, Prepared};
use super::matching::missed::each_family;
use super::observer::Observer;

/// The derivation of the secret that decides which larger numbers are hidden with small ones.
const HIDING: &str = "reunite 2026 order in which statistics hide numbers";

/// How statistics are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatisticsOptions {
    /// The least number that is shown.
    pub least: u64,
    /// Leaves out what must be computed for every family and candidate: classes, and families that cannot be identified.
    pub counts_only: bool,
}

impl Default for StatisticsOptions {
    fn default() -> Self {
        Self { least: LEAST_SHOWN, counts_only: false }
    }
}

/// Statistics of a store.
#[derive(Debug)]
#[non_exhaustive]
pub struct Statistics {
    /// The numbers.
    pub report: StatisticsReport,
    /// `true` if nothing was ever matched: there are no candidates then, and no threshold by which to identify families.
    pub never_matched: bool,
    /// `true` if the ledger has changed since the last run.
    pub outdated: bool,
    /// Families that could not be weighed; neither they nor their candidates have a class.
    pub unweighed: Vec<Unscorable>,
}

/// Families and children, with when and from where they were entered.
struct People {
    families: HashMap<Pseudonym, Entered>,
    children: HashMap<Pseudonym, Entered>,
}

impl People {
    fn read(ledger: &Ledger) -> Result<Self, StoreError> {
        let by_name = |all: Vec<Entered>| all.into_iter().map(|one| (one.who, one)).collect();
        Ok(Self { families: by_name(ledger.families_entered()?), children: by_name(ledger.children_entered()?) })
    }

    /// Returns the groups of a family for something that happened then.
    fn of_family(&self, family: Pseudonym, day: i64) -> Groups {
        groups(self.families.get(&family), day)
    }

    /// Returns the day since which a family and a child were both in the database.
    fn both_since(&self, family: Pseudonym, child: Pseudonym) -> Option<i64> {
        Some(day(self.families.get(&family)?.at.max(self.children.get(&child)?.at)))
    }
}

fn groups(entered: Option<&Entered>, day: i64) -> Groups {
    let of = |text: fn(&Entered) -> &Option<String>| entered.and_then(|entered| text(entered).clone());
    let date = Timestamp::from_second(day * DAY).map(|at| Offset::UTC.to_datetime(at).date());
    let month = date.map_or_else(|_| String::new(), |date| format!("{:04}-{:02}", date.year(), date.month()));
    Groups { region: of(|one| &one.region), agency: of(|one| &one.agency), month }
}

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Returns the number of a day since 1970, by UTC.
fn day(at: i64) -> i64 {
    at.div_euclid(DAY)
}

fn days(since: i64, until: i64) -> u32 {
    u32::try_from(until - since).unwrap_or(0)
}

impl Store {
    /// Counts families and children, candidates, decisions and times, by region, agency and month. No number below
    /// [`StatisticsOptions::least`] is in the report, nor one from which such a number could be computed.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let found = store.statistics(&StatisticsOptions::default(), &store::entry("stats", None), &Silent)?;
    /// println!("{}", found.report.csv());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Model`], [`StoreError::Stopped`]; errors of the ledger.
    pub fn statistics(
        &self,
        options: &StatisticsOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Statistics, StoreError> {
        let mut ledger = self.ledger()?;
        let people = People::read(&ledger)?;
        let mut tally = Tally::default();
        for family in people.families.values() {
            tally.count(Measure::Families, &groups(Some(family), day(family.at)));
        }
        for child in people.children.values() {
            tally.count(Measure::Children, &groups(Some(child), day(child.at)));
        }
        let last = ledger.last_run()?;
        let run_days: HashMap<i64, i64> =
            ledger.runs()?.into_iter().map(|(number, run)| (number, day(run.started_at))).collect();
        count_first_candidates(&ledger, &people, &run_days, &mut tally)?;
        let reviews = ledger.reviews()?;
        for case in &reviews.cases {
            count_review(case, &people, &mut tally);
        }
        let mut unweighed = Vec::new();
        let is_weighed = !options.counts_only && last.is_some();
        if is_weighed {
            let prepared = self.prepare(&ledger, &MeaningOptions::default())?;
            unweighed = self.count_unidentifiable(&ledger, &prepared, &people, &mut tally, observer)?;
            let classes = self.count_classes(&ledger, &prepared, &people, &run_days, &mut tally, observer);
            for failed in classes? {
                if !unweighed.iter().any(|one| one.family == failed.family) {
                    unweighed.push(failed);
                }
            }
        }
        let measures: BTreeSet<Measure> =
            Measure::ALL.into_iter().filter(|measure| is_weighed || !measure.is_weighed()).collect();
        let tables = tally.finish(&measures, options.least, &ledger.lasting_secret(HIDING)?);
        let report = StatisticsReport {
            schema_version: SCHEMA_VERSION,
            made_on: Offset::UTC.to_datetime(now()?).date().to_string(),
            least_shown: options.least,
            min_log10_lr: last
                .as_ref()
                .and_then(|(_, run)| criterion_used(&run.manifest))
                .map(|used| used.min_log10_lr),
            tables,
        };
        let generation = ledger.generation()?.number;
        let outdated = last.as_ref().is_some_and(|(_, run)| run.generation != generation);
        ledger
            .append_look(&entry.clone().with("least_shown", options.least).with("counts_only", options.counts_only))?;
        Ok(Statistics { report, never_matched: last.is_none(), outdated, unweighed })
    }

    /// Counts the families whose child would rather be missed than found.
    fn count_unidentifiable(
        &self,
        ledger: &Ledger,
        prepared: &Prepared,
        people: &People,
        tally: &mut Tally,
        observer: &dyn Observer,
    ) -> Result<Vec<Unscorable>, StoreError> {
        let weigher = prepared.weigher();
        let watch = observer.watch();
        watch.begin("computing what is missed");
        watch.expect(ledger.families_matched()?);
        let following = observer.follow(&watch);
        let missed = |family: &Family| (family.pseudonym, weigher.missed_in_all(family));
        let all = each_family(self, ledger, &watch, missed)?;
        drop(following);
        let mut failed = Vec::new();
        for (family, missed) in all {
            match missed {
                Ok(missed) if missed > 0.5 => {
                    let entered = people.families.get(&family).map_or(0, |family| day(family.at));
                    tally.count(Measure::Unidentifiable, &people.of_family(family, entered));
                }
                Ok(_) => {}
                Err(error) => failed.push(error),
            }
        }
        Ok(failed)
    }

    /// Counts the present candidates by class, in the month of the run that found them.
    fn count_classes(
        &self,
        ledger: &Ledger,
        prepared: &Prepared,
        people: &People,
        run_days: &HashMap<i64, i64>,
        tally: &mut Tally,
        observer: &dyn Observer,
    ) -> Result<Vec<Unscorable>, StoreError> {
        let filter = CandidateFilter { identities: Some(false), ..CandidateFilter::default() };
        let mut report: CandidateReport = self.last_report(ledger, &filter)?.0;
        let failed = self.add_meaning_as(&mut report, ledger, prepared, observer)?;
        for row in &report.candidates {
            if let Some((meaning, day)) = row.meaning.as_ref().zip(run_days.get(&row.first_run)) {
                tally.count(Measure::of(meaning.class), &people.of_family(row.family, *day));
            }
        }
        Ok(failed)
    }
}

/// Counts the families that have or had a candidate, and the days until its first one.
fn count_first_candidates(
    ledger: &Ledger,
    people: &People,
    run_days: &HashMap<i64, i64>,
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let filter = CandidateFilter { identities: Some(false), ..CandidateFilter::default() };
    let present =
        ledger.candidates(&filter)?.into_iter().map(|one| (one.candidate.family, one.candidate.child, one.first_run));
    let lost = ledger.lost()?.into_iter().map(|one| (one.family, one.child, one.first_run));
    // For each family, the day of its first candidate and the shortest time until then.
    let mut first: BTreeMap<Pseudonym, (i64, u32)> = BTreeMap::new();
    for (family, child, run) in present.chain(lost) {
        if let Some((&found, since)) = run_days.get(&run).zip(people.both_since(family, child)) {
            let one = (found, days(since, found));
            first.entry(family).and_modify(|known| *known = one.min(*known)).or_insert(one);
        }
    }
    for (family, (found, days)) in first {
        tally.end(Interval::FirstCandidate, days, &people.of_family(family, found));
    }
    Ok(())
}

/// Counts the state of a pair under review, and how long it took to get there.
fn count_review(case: &ReviewCase, people: &People, tally: &mut Tally) {
    let Some(family) = case.family else { return };
    let last = |is_wanted: fn(&Event) -> bool| {
        case.events.iter().rev().find(|content| is_wanted(&content.event)).map(|content| day(content.at))
    };
    let since = people.both_since(family, case.child);
    let decided = last(|event| matches!(event, Event::Decision(_)));
    match (case.standing.shown(None), decided) {
        (Status::Confirmed, Some(decided)) => {
            let days = since.map_or(0, |since| days(since, decided));
            tally.end(Interval::Confirmation, days, &people.of_family(family, decided));
        }
        (Status::Refuted, Some(decided)) => tally.count(Measure::Refuted, &people.of_family(family, decided)),
        (Status::New, _) => {}
        _ => {
            let latest = last(|_| true).unwrap_or(0);
            tally.count(Measure::UnderReview, &people.of_family(family, latest));
        }
    }
    let handed_over = case.standing.steps().iter().find(|taken| taken.step == Step::HandedOver);
    if let Some(taken) = handed_over {
        let handed_over = Offset::UTC.to_timestamp(taken.date.at(0, 0, 0, 0)).map_or(0, |at| day(at.as_second()));
        let days = since.map_or(0, |since| days(since, handed_over));
        tally.end(Interval::HandOver, days, &people.of_family(family, handed_over));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_midnight_to_midnight() {
        let at = |text: &str| day(text.parse::<Timestamp>().unwrap().as_second());
        assert_eq!(days(at("2026-01-01T23:59:59Z"), at("2026-01-04T00:00:00Z")), 3);
        assert_eq!(days(at("2026-01-01T00:00:00Z"), at("2026-01-01T23:59:59Z")), 0);
        // A date before the entry is that of another clock.
        assert_eq!(days(at("2026-01-04T00:00:00Z"), at("2026-01-01T00:00:00Z")), 0);
        assert_eq!(day(-1), -1);
    }
}
