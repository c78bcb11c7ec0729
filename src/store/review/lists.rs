//! Shows reviews: one with its history, all of them, and what is due.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;

use crate::audit::{Entry, ReviewerKey, ReviewerPublicKey};
use crate::ledger::{Ledger, ReviewCase, Reviews};
use crate::model::Pseudonym;
use crate::report::{DueReport, DueRow, ReviewEventRow, ReviewReport, ReviewState, ReviewsReport};
use crate::review::{Content, Deadline, Decided, Event, Present, StaffCode, Status, Viewer, next_action};

use super::basis::{agreeing, rechecks, retests_that_agree};
use super::conflicts::{ConfirmedPairs, conflicts};
use crate::store::actor::today;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::pages::people::People;

/// The states of pairs, by family and child.
pub type ReviewStates = HashMap<(Pseudonym, Pseudonym), ReviewState>;

/// Selects reviews.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReviewFilter {
    /// Only pairs in this state.
    pub status: Option<Status>,
    /// Only pairs whose basis changed since the present decisions.
    pub changed: bool,
}

impl Store {
    /// Returns the state of every pair that has a history. Nothing is recorded: the caller, who shows the states, does
    /// that. A decision that waits for the second one is not among the states, only its reviewer.
    ///
    /// ```no_run
    /// # use reunite::store::Store;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// for ((family, child), review) in store.review_states()? {
    ///     println!("{family} {child} {} {:?}", review.status, review.changed);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LedgerError::Review`](crate::ledger::LedgerError::Review) if a history was tampered with; errors of the ledger.
    pub fn review_states(&self) -> Result<ReviewStates, StoreError> {
        let ledger = self.ledger()?;
        if !ledger.has_reviews()? {
            return Ok(HashMap::new());
        }
        let reviews = ledger.reviews()?;
        let states = self.states(&ledger, &reviews, &reviews.cases)?.into_iter();
        Ok(states.filter_map(|state| Some(((state.family?, state.child), state))).collect())
    }

    /// Returns the states of these pairs, as far as they have a history, as everybody may see them.
    pub(in crate::store) fn review_states_of(
        &self,
        ledger: &Ledger,
        pairs: &BTreeSet<(Pseudonym, Pseudonym)>,
    ) -> Result<ReviewStates, StoreError> {
        if pairs.is_empty() || !ledger.has_reviews()? {
            return Ok(HashMap::new());
        }
        let reviews = ledger.reviews()?;
        let is_wanted = |case: &&ReviewCase| case.family.is_some_and(|family| pairs.contains(&(family, case.child)));
        let cases: Vec<ReviewCase> = reviews.cases.iter().filter(is_wanted).cloned().collect();
        let states = self.states(ledger, &reviews, &cases)?.into_iter();
        Ok(states.filter_map(|state| Some(((state.family?, state.child), state))).collect())
    }

    /// Returns what a page about a pair was made from: the generation of the ledger, and the number of events of the
    /// pair's history. Nothing is recorded: this says nothing about anybody.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn state_of_pair(&self, family: Pseudonym, child: Pseudonym) -> Result<(u64, u64), StoreError> {
        let ledger = self.ledger()?;
        let reviews = ledger.reviews()?;
        let events = reviews.of(Some(family), child).map_or(0, |case| case.events.len() as u64);
        Ok((ledger.generation()?.number, events))
    }

    /// Shows a review and its history to a viewer who has proved to have the secret half of this key: that viewer's own
    /// decision is shown even if it waits for the second one.
    ///
    /// # Errors
    /// As [`Self::show_review`].
    pub fn show_review_to(
        &self,
        (family, child): (Pseudonym, Pseudonym),
        viewer: ReviewerPublicKey,
        entry: &Entry,
    ) -> Result<ReviewReport, StoreError> {
        self.recording_unknown(entry, self.show_review_of_known(family, child, Some(viewer), entry))
    }

    /// Shows a review and its history. With `viewer`, a reviewer's key, shows that reviewer's own decision even if it
    /// waits for the second one.
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::NoChild`], [`StoreError::NotAReviewer`]; errors of the ledger.
    pub fn show_review(
        &self,
        family: Pseudonym,
        child: Pseudonym,
        viewer: Option<&ReviewerKey>,
        entry: &Entry,
    ) -> Result<ReviewReport, StoreError> {
        self.recording_unknown(entry, self.show_review_of_known(family, child, viewer.map(ReviewerKey::public), entry))
    }

    fn show_review_of_known(
        &self,
        family: Pseudonym,
        child: Pseudonym,
        viewer: Option<ReviewerPublicKey>,
        entry: &Entry,
    ) -> Result<ReviewReport, StoreError> {
        let mut ledger = self.ledger()?;
        if !ledger.has_family(family)? {
            return Err(StoreError::NoFamily(family));
        }
        if !ledger.has_child(child)? {
            return Err(StoreError::NoChild(child));
        }
        let (report, viewer) = self.review_of_pair(&ledger, family, child, viewer)?;
        let entry = entry.clone().with("viewer", viewer.as_ref().map(StaffCode::as_str)).about([family, child]);
        ledger.append_look(&entry)?;
        Ok(report)
    }

    /// Returns the review of a pair, as a viewer may see it, and the staff code of the viewer. The viewer has proved to
    /// have the secret half of the key.
    pub(in crate::store) fn review_of_pair(
        &self,
        ledger: &Ledger,
        family: Pseudonym,
        child: Pseudonym,
        key: Option<ReviewerPublicKey>,
    ) -> Result<(ReviewReport, Option<StaffCode>), StoreError> {
        let reviews = ledger.reviews()?;
        let viewer: Option<StaffCode> = match key {
            None => None,
            Some(key) => Some(reviews.roll.with_key(key).ok_or(StoreError::NotAReviewer)?.staff.clone()),
        };
        let Some(case) = reviews.of(Some(family), child) else {
            let mut review = ReviewState::new(Some(family), child);
            review.rechecks = rechecks(ledger, child, None)?;
            review.conflicts = conflicts(ledger, &ConfirmedPairs::of(&reviews), (family, child), None)?;
            return Ok((ReviewReport::new(review, Vec::new()), viewer));
        };
        // A staff code may be enrolled again with another key, of another person: a decision is the own one of its key.
        let is_own = |viewer: &StaffCode| {
            case.events.iter().all(|content| match &content.event {
                Event::Decision(decided) if viewer.is_same(&decided.staff) => {
                    key.is_some_and(|key| ReviewerPublicKey::from_bytes(decided.key.0) == Some(key))
                }
                _ => true,
            })
        };
        let of_key = viewer.clone();
        let viewer = viewer.filter(is_own);
        let mut states = self.states(ledger, &reviews, std::slice::from_ref(case))?;
        let mut review = states.pop().unwrap_or_else(|| ReviewState::new(Some(family), child));
        review.status = case.standing.shown(viewer.as_ref());
        let history = history(case, viewer.as_ref())?;
        Ok((ReviewReport::new(review, history), of_key))
    }

    /// Lists reviews, in the order of their first events.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn list_reviews(&self, filter: &ReviewFilter, entry: &Entry) -> Result<ReviewsReport, StoreError> {
        let mut ledger = self.ledger()?;
        let reviews = ledger.reviews()?;
        let mut states = self.states(&ledger, &reviews, &reviews.cases)?;
        states.retain(|state| {
            filter.status.is_none_or(|status| state.family.is_some() && state.status == status)
                && (!filter.changed || !state.changed.is_empty())
        });
        let shown = states.iter().flat_map(|state| state.family.into_iter().chain([state.child]));
        ledger.append_look(&entry.clone().with("reviews", states.len()).about(shown))?;
        Ok(ReviewsReport::new(states))
    }

    /// Lists what is due on a day: the deadlines of children whose parents are not found, and what has to be done next
    /// about pairs.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn due_reviews(&self, on: Option<Date>, entry: &Entry) -> Result<DueReport, StoreError> {
        self.due_reviews_within(on, 0, entry)
    }

    /// As [`Self::due_reviews`], with the deadlines that end within a number of days after that day.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn due_reviews_within(&self, on: Option<Date>, days: u16, entry: &Entry) -> Result<DueReport, StoreError> {
        let mut ledger = self.ledger()?;
        let report = self.due_report(&ledger, on, days)?;
        let shown = report.due.iter().flat_map(|row| row.family.into_iter().chain([row.child]));
        ledger.append_look(&entry.clone().with("due", report.due.len()).about(shown))?;
        Ok(report)
    }

    /// Lists what is due, without a record.
    pub(in crate::store) fn due_report(
        &self,
        ledger: &Ledger,
        on: Option<Date>,
        days: u16,
    ) -> Result<DueReport, StoreError> {
        let on = on.map_or_else(today, Ok)?;
        let reviews = ledger.reviews()?;
        let states = self.states(ledger, &reviews, &reviews.cases)?;
        let confirmed = states.iter().filter(|state| state.family.is_some() && state.status == Status::Confirmed);
        let with_parents: BTreeSet<Pseudonym> = confirmed.map(|state| state.child).collect();
        let mut of_children = Vec::new();
        for case in reviews.cases.iter().filter(|case| case.family.is_none() && !with_parents.contains(&case.child)) {
            let clocks = case.standing.clocks();
            for due in clocks.due_within(on, days) {
                let found = clocks.found.map_or_else(String::new, |found| found.to_string());
                let mut row = DueRow::new(None, case.child, due.deadline.word(), found);
                row.due = Some(due.due.to_string());
                row.overdue_days = u32::try_from(due.overdue_days).ok();
                row.days_left = u32::try_from(-due.overdue_days).ok().filter(|&left| left > 0);
                of_children.push((due.due, row));
            }
        }
        of_children.sort_by_key(|(due, row)| (*due, row.child));
        let mut rows: Vec<DueRow> = of_children.into_iter().map(|(_, row)| row).collect();
        for state in states.iter().filter(|state| state.family.is_some()) {
            if let Some(next) = state.next {
                let since = state.last_at.as_deref().and_then(|at| at.split('T').next()).unwrap_or_default();
                if since <= on.to_string().as_str() {
                    let mut row = DueRow::new(state.family, state.child, next.word(), since.to_owned());
                    row.conflicts.clone_from(&state.conflicts);
                    row.step = state.step;
                    row.who = Some(next.by());
                    row.days = days_since(since, on);
                    row.decided_by.clone_from(&state.decided_by);
                    rows.push(row);
                }
            }
        }
        Ok(DueReport::new(on.to_string(), rows))
    }

    /// Returns the state of some cases of all reviews, as everybody may see it.
    fn states(&self, ledger: &Ledger, reviews: &Reviews, cases: &[ReviewCase]) -> Result<Vec<ReviewState>, StoreError> {
        let panel = self.table().panel();
        let confirmed = ConfirmedPairs::of(reviews);
        let pairs = cases.iter().filter_map(|case| Some((case.family?, case.child)));
        let people = People::read(ledger, panel, pairs.clone())?;
        let children: BTreeSet<Pseudonym> = pairs.map(|(_, child)| child).collect();
        let children: Vec<Pseudonym> = children.into_iter().collect();
        let typings = if children.is_empty() { Default::default() } else { ledger.typings(Some(&children))? };
        let model = self.review_model(&self.calculator()?)?;
        let mut states = Vec::with_capacity(cases.len());
        for case in cases {
            let mut state = ReviewState::new(case.family, case.child);
            state.events = case.events.len() as u64;
            state.last_at = case.events.last().map(|last| time(last.at)).transpose()?;
            if let Some((family, child)) = case.family.and_then(|family| people.pair(family, case.child)) {
                let standing = &case.standing;
                let basis = self.review_parts(&case.case, family, child, model);
                state.status = standing.shown(None);
                state.decided_by = standing.decided_by().into_iter().map(ToString::to_string).collect();
                state.changed = standing.changed(&basis);
                state.rechecks =
                    typings.get(&case.child).map_or(0, |typings| agreeing(typings)) + retests_that_agree(case);
                state.step = standing.steps().last().map(|taken| taken.step);
                let pair = (family.pseudonym, child.pseudonym);
                let is_in_conflict = !confirmed.beside(pair.0, pair.1).is_empty();
                // What two reviewers refuted contradicts no other pair.
                if state.status != Status::Refuted {
                    state.conflicts = conflicts(ledger, &confirmed, pair, Some(case))?;
                }
                let present = Present { basis: &basis, rechecks: state.rechecks, is_in_conflict };
                state.next = next_action(standing, &present);
            } else {
                let clocks = case.standing.clocks();
                state.found = clocks.found.map(|found| found.to_string());
                state.done = clocks.done.keys().copied().collect::<Vec<Deadline>>();
            }
            states.push(state);
        }
        Ok(states)
    }
}

/// Returns the number of days from a date until a day; `None` if the text is not a date.
fn days_since(since: &str, on: Date) -> Option<u32> {
    let since: Date = since.parse().ok()?;
    u32::try_from((on - since).get_days()).ok()
}

fn time(at: i64) -> Result<String, StoreError> {
    Ok(jiff::Timestamp::from_second(at)?.to_string())
}

/// Returns the events of a case, as a viewer may see them.
fn history(case: &ReviewCase, viewer: Viewer<'_>) -> Result<Vec<ReviewEventRow>, StoreError> {
    let events = (1..).zip(&case.events).zip(&case.samples);
    events.map(|((number, content), sample)| row(case, number, content, *sample, viewer)).collect()
}

fn row(
    case: &ReviewCase,
    number: u64,
    content: &Content,
    sample: Option<Pseudonym>,
    viewer: Viewer<'_>,
) -> Result<ReviewEventRow, StoreError> {
    let account = if content.user.is_empty() { content.uid.to_string() } else { content.user.clone() };
    let new = |kind| Ok::<_, StoreError>(ReviewEventRow::new(number, time(content.at)?, account, kind));
    Ok(match &content.event {
        Event::Decision(Decided { staff, decision, code, text, basis, rechecks, .. }) => {
            let mut row = new("decision")?;
            row.staff = Some(staff.to_string());
            row.hidden = !case.standing.shows(number, content, viewer);
            if !row.hidden {
                (row.decision, row.code, row.text) = (Some(*decision), Some(*code), text.clone());
                (row.log10_lr, row.run, row.rechecks) = (basis.log10_lr, basis.run, Some(*rechecks));
            }
            row
        }
        Event::Retest { agrees, loci, differing, .. } => {
            let mut row = new("retest")?;
            (row.sample, row.agrees) = (sample, Some(*agrees));
            (row.loci_compared, row.differing_alleles) = (Some(*loci), Some(*differing));
            row
        }
        Event::Typing { agrees, loci, differing, by } => {
            let mut row = new("typing")?;
            (row.agrees, row.loci_compared, row.differing_loci) = (Some(*agrees), Some(*loci), Some(*differing));
            row.text = Some(by.clone()).filter(|by| !by.is_empty());
            row
        }
        Event::Conflict { with } => {
            let mut row = new("conflict")?;
            row.conflicts.clone_from(with);
            row
        }
        Event::Step { step, date, rechecks, .. } => {
            let mut row = new("step")?;
            (row.step, row.date, row.rechecks) = (Some(*step), Some(date.to_string()), Some(*rechecks));
            if let Some(taken) = case.standing.steps().iter().find(|taken| taken.number == number) {
                row.doubts.clone_from(&taken.doubts);
                row.changed.clone_from(&taken.changed);
            }
            row
        }
        Event::Changed { parts, by } => {
            let mut row = new("changed")?;
            row.changed = parts.clone();
            row.text = Some(by.clone()).filter(|by| !by.is_empty());
            row
        }
        Event::Found { date } => {
            let mut row = new("found")?;
            row.date = Some(date.to_string());
            row
        }
        Event::Done { deadline, date } => {
            let mut row = new("done")?;
            (row.deadline, row.date) = (Some(*deadline), Some(date.to_string()));
            row
        }
    })
}
