//! Lists what is due about samples, and deletes what must be deleted.

use std::collections::HashSet;

use jiff::civil::Date;

use crate::audit::Entry;
use crate::keeping::{Action, AsOf, CONSENT_YEARS, DueCode, due};
use crate::ledger::Ledger;
use crate::model::Pseudonym;
use crate::report::{KeepingDueReport, KeepingDueRow};

use super::enforce::from_others;
use crate::store::actor::{require_reason, today};
use crate::store::custody::expunge::ExpungeOptions;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::observer::Observer;

/// What to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueOptions {
    /// The day; `None` for today, UTC.
    pub on: Option<Date>,
    /// Lists also what becomes due within this number of days.
    pub within: u16,
    /// The years after which a consent is renewed.
    pub consent_years: u16,
}

impl Default for DueOptions {
    fn default() -> Self {
        Self { on: None, within: 0, consent_years: CONSENT_YEARS }
    }
}

/// The result of deleting what is due for deletion.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ExpungedDue {
    /// The samples that were deleted.
    pub deleted: Vec<Pseudonym>,
    /// The samples that are not due any more, or are gone: somebody else changed or deleted them meanwhile.
    pub skipped: Vec<Pseudonym>,
    /// The samples whose deletion failed, and why.
    pub failed: Vec<(Pseudonym, StoreError)>,
}

impl Store {
    /// Lists what is due about samples with terms: what must be deleted, renewed or reviewed, each with its reason.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let report = store.due(&DueOptions::default(), &store::entry("due", None))?;
    /// println!("{} samples must be deleted", report.to_delete().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn due(&self, options: &DueOptions, entry: &Entry) -> Result<KeepingDueReport, StoreError> {
        let mut ledger = self.ledger()?;
        let report = self.due_of(&ledger, options)?;
        let entry = entry.clone().with("on", report.on.as_str()).with("within", options.within);
        let entry = entry.with("due", report.samples_due()).with("to_delete", report.to_delete().len());
        ledger.append_look(&entry.about(report.due.iter().map(|row| row.sample)))?;
        Ok(report)
    }

    /// As [`Self::due`], as a step of an operation that is recorded itself.
    pub(in crate::store) fn due_of(
        &self,
        ledger: &Ledger,
        options: &DueOptions,
    ) -> Result<KeepingDueReport, StoreError> {
        let counts = ledger.counts()?;
        let (as_of, with_terms, rows) = due_rows(ledger, options)?;
        let without_terms = (counts.children + counts.relatives).saturating_sub(with_terms);
        Ok(KeepingDueReport::new(&as_of, with_terms, without_terms, rows))
    }

    /// Counts the samples about which something is due today, and those of them that must be deleted. Nothing is
    /// recorded: the numbers say nothing about anybody.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn count_due(&self) -> Result<[u64; 2], StoreError> {
        let today = due_today(&self.ledger()?)?;
        Ok([today.samples_due(), today.to_delete().len() as u64])
    }

    /// Returns the number of samples about which something is due today.
    pub(in crate::store) fn samples_due(&self, ledger: &Ledger) -> Result<u64, StoreError> {
        Ok(due_today(ledger)?.samples_due())
    }

    /// Deletes those of these samples that must be deleted today. A deletion that fails does not stop the others.
    ///
    /// # Errors
    /// [`StoreError::ReasonNeeded`]; errors of the ledger before the first deletion. Later ones are in
    /// [`ExpungedDue::failed`].
    pub fn expunge_due(
        &self,
        samples: &[Pseudonym],
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<ExpungedDue, StoreError> {
        require_reason(entry)?;
        let mut done = ExpungedDue::default();
        let ledger = self.ledger()?;
        let today = today()?;
        let mut whom = Vec::new();
        for &sample in samples {
            let is_due = ledger.terms_of(sample)?.is_some_and(|terms| {
                let all = due(&terms, false, &AsOf::day(today));
                all.iter().any(|one| one.code.action() == Action::Delete && one.is_due(today))
            });
            if is_due { whom.push(sample) } else { done.skipped.push(sample) }
        }
        drop(ledger);
        if whom.is_empty() {
            return Ok(done);
        }
        // All at once is much faster. If that fails, each by itself shows which of them fails.
        match self.expunge_these(&whom, entry, observer) {
            Ok(()) => done.deleted = whom,
            Err(error) if whom.len() == 1 => done.failed.push((whom[0], error)),
            Err(_) => {
                for sample in whom {
                    // The first attempt may have failed after it had deleted them.
                    let is_gone = self.ledger()?.samples_known([sample])?.is_empty();
                    match if is_gone { Ok(()) } else { self.expunge_these(&[sample], entry, observer) } {
                        Ok(()) => done.deleted.push(sample),
                        Err(error) => done.failed.push((sample, error)),
                    }
                }
            }
        }
        Ok(done)
    }

    fn expunge_these(&self, whom: &[Pseudonym], entry: &Entry, observer: &dyn Observer) -> Result<(), StoreError> {
        self.expunge(ExpungeOptions { whom, ..ExpungeOptions::default() }, entry, observer).map(drop)
    }
}

/// Lists what is due today, without the number of samples without terms: to count these would read all of the ledger.
fn due_today(ledger: &Ledger) -> Result<KeepingDueReport, StoreError> {
    let (as_of, with_terms, rows) = due_rows(ledger, &DueOptions::default())?;
    Ok(KeepingDueReport::new(&as_of, with_terms, 0, rows))
}

/// Returns the day, the number of samples with terms, and what is due about them.
fn due_rows(ledger: &Ledger, options: &DueOptions) -> Result<(AsOf, u64, Vec<KeepingDueRow>), StoreError> {
    let &DueOptions { on, within, consent_years } = options;
    let as_of = AsOf { today: on.map_or_else(today, Ok)?, within, consent_years };
    let kept = ledger.kept_samples(false)?;
    let received = if kept.is_empty() { HashSet::new() } else { from_others(ledger)? };
    let mut rows = Vec::new();
    for one in &kept {
        let Some(terms) = &one.terms else { continue };
        let mut all = due(terms, one.is_child, &as_of);
        if received.contains(&one.sample) {
            // The agency that sent the sample holds its consent, and asks for another one.
            all.retain(|due| matches!(due.code, DueCode::Withdrawn | DueCode::KeepUntil | DueCode::ReviewOn));
        }
        rows.extend(all.iter().map(|due| KeepingDueRow::new(one.sample, one.is_child, terms, due, as_of.today)));
    }
    Ok((as_of, kept.len() as u64, rows))
}
