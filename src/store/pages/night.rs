//! Gathers the report of a night.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::audit::Entry;
use crate::ledger::{CandidateFilter, Ledger, RunRecord};
use crate::model::{Pseudonym, Unscorable};
use crate::pages::{NightPage, OwnNumbers, PagePrior, PageSettings};
use crate::report::{CandidateRow, LostRow, StateRow};

use crate::store::actor::now;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::matching::candidates::add_reviews;
use crate::store::matching::manifest::{model_used, table_used};
use crate::store::matching::meaning::MeaningOptions;
use crate::store::observer::Observer;

/// The night to report, and how.
#[derive(Clone, Debug)]
pub struct NightOptions {
    /// The number of the run; `None` for the last one.
    pub run: Option<i64>,
    /// The most rows of a list. Candidates are counted all the same, and pairs whose family was informed are listed all.
    pub most: usize,
    /// Leaves out what candidates mean, which takes some milliseconds for each of them.
    pub brief: bool,
    /// The laboratory's own list of numbers; its use is recorded.
    pub numbers: Option<PathBuf>,
}

impl Default for NightOptions {
    fn default() -> Self {
        Self { run: None, most: 200, brief: false, numbers: None }
    }
}

/// The days that the list of nights covers, in seconds.
const NIGHTS: i64 = 30 * 86_400;

impl Store {
    /// Gathers the report of a run: what it found and lost, which families are flagged, and what waits for whom. Also returns
    /// the families that could not be weighed.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// use reunite::pages::{Language, Templates};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let (page, _) = store.night_page(&NightOptions::default(), &store::entry("report night", None), &Silent)?;
    /// write_private("night.html".as_ref(), page.html(Language::Chinese, &Templates::embedded())?.as_bytes())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NeverMatched`], [`StoreError::NoRun`], [`StoreError::Number`]; those of [`Self::add_meaning`] and
    /// [`Self::review_states`].
    pub fn night_page(
        &self,
        options: &NightOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<(NightPage, Vec<Unscorable>), StoreError> {
        let mut ledger = self.ledger()?;
        let records = ledger.runs()?;
        let Some(last) = records.last().map(|run| run.0) else { return Err(StoreError::NeverMatched) };
        let number = options.run.unwrap_or(last);
        let of_number = records.into_iter().find(|run| run.0 == number);
        let record = of_number.ok_or(StoreError::NoRun { number, last })?.1;
        let all = self.runs_report(&ledger)?;
        let is_last = number == last;
        let of_nights = all.runs.into_iter().filter(|run| run.run <= number);
        let mut nights: Vec<_> = of_nights.filter(|run| is_recent(&run.started_at, record.started_at)).collect();
        nights.reverse();
        let run = nights.first().cloned().ok_or(StoreError::NoRun { number, last })?;
        let (mut report, _) = self.last_report(&ledger, &CandidateFilter::default())?;
        let log10_lr_now: HashMap<_, _> =
            report.candidates.iter().map(|row| ((row.family, row.child), row.log10_lr)).collect();
        report.candidates.retain(|row| row.first_run == number);
        report.identities.retain(|row| row.first_run == number);
        add_reviews(&mut report, &self.review_states()?);
        let (mut unweighed, mut prior) = (Vec::new(), None);
        if !options.brief {
            let prepared = self.prepare(&ledger, &MeaningOptions::default())?;
            unweighed = self.add_meaning_as(&mut report, &ledger, &prepared, observer)?;
            prior = Some(PagePrior { in_database: self.prior().in_database(), children: prepared.hits().children() });
            // Those of a class are in the order of their likelihood ratios.
            report.candidates.sort_by_key(|row| Reverse(row.meaning.as_ref().map(|meaning| meaning.class)));
        }
        let hidden = report.candidates.split_off(report.candidates.len().min(options.most));
        self.add_facts(&mut report)?;
        report.candidates.extend(hidden);
        let due = self.due_report(&ledger, None, 0)?.due;
        let flagged = flagged(&ledger)?;
        let removed_since = if is_last { all.removed_since } else { Vec::new() };
        let mut page = NightPage {
            made_at: now()?.to_string(),
            program: concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned(),
            unscored: record.unscorable.clone(),
            pairs_not_comparable: record.pairs_not_comparable,
            is_last,
            is_outdated: is_last && ledger.generation()?.number != record.generation,
            settings: self.settings_of(&record),
            prior,
            candidates: report.candidates,
            identities: report.identities,
            log10_lr_now,
            removed_since,
            flagged,
            due,
            numbers: OwnNumbers::new(),
            most: options.most,
            nights,
            run,
        };
        let shown = named(&page);
        if let Some(list) = &options.numbers {
            page.numbers = self.own_numbers(list, &shown)?;
        }
        let entry = entry.clone().with("run", number).with("candidates", page.candidates.len());
        let entry = if options.numbers.is_some() { entry.with("numbers", true) } else { entry };
        ledger.append_look(&entry.about(shown))?;
        Ok((page, unweighed))
    }

    /// Returns what the results of a run depend on.
    fn settings_of(&self, run: &RunRecord) -> PageSettings {
        let (digest, table) = table_used(&run.manifest);
        let (model, panel) = model_used(&run.manifest);
        PageSettings {
            model: model.unwrap_or_default(),
            frequencies: digest.unwrap_or_default(),
            population: table.population,
            panel: panel.unwrap_or_else(|| self.table().panel().len()),
            generation: run.generation,
        }
    }

    /// Reads those of the laboratory's own numbers that belong to some samples and families.
    pub(in crate::store) fn own_numbers(
        &self,
        list: &std::path::Path,
        wanted: &[Pseudonym],
    ) -> Result<OwnNumbers, StoreError> {
        let numbers = self.numbers(list, wanted.iter().copied())?;
        Ok(wanted.iter().filter_map(|&who| Some((who, numbers.of(who)?.to_owned()))).collect())
    }
}

/// Reports whether a run began within the days that are listed before another one.
fn is_recent(started_at: &str, until: i64) -> bool {
    started_at.parse::<Timestamp>().is_ok_and(|at| at.as_second() >= until - NIGHTS)
}

/// Returns the marked families, those that are matched first.
fn flagged(ledger: &Ledger) -> Result<Vec<StateRow>, StoreError> {
    let withdrawn: HashMap<Pseudonym, String> = ledger.withdrawn()?.into_iter().collect();
    let mut rows: Vec<StateRow> = Vec::new();
    for (family, cause) in ledger.marks()? {
        match rows.last_mut().filter(|row| row.family == family) {
            Some(row) => row.marks.push(cause),
            None => {
                let mut row = StateRow::new(family);
                row.withdrawn = withdrawn.get(&family).cloned();
                row.marks.push(cause);
                rows.push(row);
            }
        }
    }
    rows.sort_by_key(|row| row.withdrawn.is_some());
    Ok(rows)
}

/// Returns everybody whom the page may name.
fn named(page: &NightPage) -> Vec<Pseudonym> {
    let of_rows = |rows: &[CandidateRow], most: usize| -> Vec<Pseudonym> {
        rows.iter().take(most).flat_map(|row| [row.family, row.child]).collect()
    };
    let of_lost =
        |rows: &[LostRow]| -> Vec<Pseudonym> { rows.iter().flat_map(|row| [row.family, row.child]).collect() };
    let mut named = of_rows(&page.candidates, page.most);
    named.extend(of_rows(&page.identities, usize::MAX));
    named.extend(of_lost(&page.run.lost_candidates));
    named.extend(of_lost(&page.run.changed_candidates));
    named.extend(of_lost(&page.removed_since));
    named.extend(page.unscored.iter().flatten().map(|row| row.family));
    named.extend(page.flagged.iter().take(page.most).map(|row| row.family));
    named.extend(page.due.iter().flat_map(|row| row.family.into_iter().chain([row.child])));
    named
}
