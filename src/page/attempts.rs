//! Limits how often a passphrase may be tried.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// From this many failures on, nothing is tried for a while.
const MOST: usize = 5;
/// The time in which failures count.
const WHILE: Duration = Duration::from_secs(15 * 60);

/// The failures of enrolled persons. There are no others: an unknown staff code has nothing to guess.
#[derive(Debug, Default)]
pub(super) struct Attempts(HashMap<String, Vec<Instant>>);

impl Attempts {
    /// Reports whether a passphrase of this person may be tried now.
    pub(super) fn may_try(&mut self, staff: &str, now: Instant) -> bool {
        let Some(failures) = self.0.get_mut(staff) else { return true };
        failures.retain(|at| now.duration_since(*at) < WHILE);
        failures.len() < MOST
    }

    /// Counts a try before it is made, so that tries side by side do not get around the limit.
    pub(super) fn begin(&mut self, staff: &str, now: Instant) -> bool {
        let may = self.may_try(staff, now);
        if may {
            self.0.entry(staff.to_owned()).or_default().push(now);
        }
        may
    }

    /// Forgets the failures after a success.
    pub(super) fn succeeded(&mut self, staff: &str) {
        self.0.remove(staff);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_end_trying_for_a_quarter_of_an_hour() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..MOST {
            assert!(attempts.begin("R1", now));
        }
        assert!(!attempts.begin("R1", now) && !attempts.may_try("R1", now + WHILE - Duration::from_secs(1)));
        assert!(attempts.begin("R2", now), "another person is not affected");
        assert!(attempts.begin("R1", now + WHILE));
        attempts.succeeded("R1");
        assert!((0..MOST).all(|_| attempts.begin("R1", now + WHILE)), "a success forgets the failures");
    }
}
