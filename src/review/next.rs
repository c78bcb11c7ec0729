//! Says what has to be done next about a pair.

use super::standing::Standing;
use super::words::{NextAction, Status, Step};

/// Returns what has to be done next about a pair; `None` if nothing is. `is_changed`: the basis differs from that of the
/// present verdicts. `rechecks`: number of further typings and samples of the child that agree with the first.
#[must_use]
pub fn next_action(standing: &Standing, is_changed: bool, rechecks: u32) -> Option<NextAction> {
    // After a hand-over nobody decides again because of another model; a profile that changes says more than that.
    let last = standing.steps().last().map(|step| step.0);
    if matches!(last, Some(Step::Registered | Step::Placed)) {
        return None;
    }
    match standing.status() {
        Status::New => None,
        _ if is_changed => Some(NextAction::DecideAgain),
        Status::InReview | Status::ConfirmedOnce if standing.is_waiting() => Some(NextAction::SecondDecision),
        Status::InReview | Status::ConfirmedOnce => Some(NextAction::Decide),
        Status::RetestRequested => Some(NextAction::Retest),
        Status::Reopened => Some(NextAction::DecideAgain),
        Status::Refuted => None,
        Status::Confirmed if rechecks == 0 => Some(NextAction::Recheck),
        Status::Confirmed => match last {
            None => Some(NextAction::Inform),
            Some(Step::Informed) => Some(NextAction::Recognise),
            Some(Step::Recognised) => Some(NextAction::HandOver),
            Some(Step::HandedOver) => Some(NextAction::Register),
            Some(Step::Registered | Step::Placed) => None,
        },
    }
}
