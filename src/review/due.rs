//! Computes the deadlines of a child whose parents are not found, from the day on which the child was found.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::words::Deadline;

/// The day on which a child was found, and what was done since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChildClocks {
    /// The day; `None` if it is not recorded.
    pub found: Option<Date>,
    /// What was done, and when.
    pub done: BTreeMap<Deadline, Date>,
}

/// A deadline that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueDeadline {
    /// The deadline.
    pub deadline: Deadline,
    /// Its last day.
    pub due: Date,
    /// Number of days since then; negative before.
    pub overdue_days: i32,
}

impl Deadline {
    /// Returns the last day of this deadline for a child that was found on a day; `None` after the year 9999.
    #[must_use]
    pub fn day(self, found: Date) -> Option<Date> {
        let span = match self {
            Self::Transfer => 7.days(),
            Self::PublicNotice => 30.days(),
            Self::PoliceCertificate => 1.month(),
            Self::Certificate => 12.months(),
        };
        found.checked_add(span).ok()
    }
}

impl ChildClocks {
    /// Lists what is due on a day and not done, by day.
    #[must_use]
    pub fn due(&self, on: Date) -> Vec<DueDeadline> {
        self.due_within(on, 0)
    }

    /// Lists what is due within a number of days after a day and not done, by day.
    #[must_use]
    pub fn due_within(&self, on: Date, days: u16) -> Vec<DueDeadline> {
        let last = on.checked_add(i64::from(days).days()).unwrap_or(Date::MAX);
        let Some(found) = self.found else { return Vec::new() };
        let outstanding = Deadline::ALL.iter().filter(|deadline| !self.done.contains_key(deadline));
        let mut due: Vec<DueDeadline> = outstanding
            .filter_map(|&deadline| {
                let due = deadline.day(found).filter(|due| *due <= last)?;
                let overdue_days = due.until(on).ok()?.get_days();
                Some(DueDeadline { deadline, due, overdue_days })
            })
            .collect();
        due.sort_by_key(|one| (one.due, one.deadline));
        due
    }
}
