//! Says what has to be done next about a pair.

use super::basis::Basis;
use super::standing::Standing;
use super::words::{BasisPart, NextAction, Status, Step};

/// What is true of a pair now, and does not follow from its history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Present<'a> {
    /// What a decision would be based on.
    pub basis: &'a Basis,
    /// Number of further typings and samples of the child that agree with the first.
    pub rechecks: u32,
    /// `true` if another pair with the same family or child was confirmed and is not refuted.
    pub is_in_conflict: bool,
}

/// Returns what has to be done next about a pair; `None` if nothing is.
#[must_use]
pub fn next_action(standing: &Standing, present: &Present<'_>) -> Option<NextAction> {
    let &Present { basis, rechecks, is_in_conflict } = present;
    let last = standing.steps().last().map(|taken| taken.step);
    let is_ended = matches!(last, Some(Step::Registered | Step::Placed));
    let mut changed = standing.changed(basis);
    if is_ended {
        // After the end nobody decides again because of another model, or because a relative was expunged.
        changed.retain(|part| *part == BasisPart::Profiles);
    }
    match standing.status() {
        Status::New => None,
        Status::RetestRequested if standing.awaits_retest(basis, rechecks) => Some(NextAction::Retest),
        Status::RetestRequested => Some(NextAction::Decide),
        _ if !changed.is_empty() => Some(NextAction::DecideAgain),
        Status::InReview | Status::ConfirmedOnce if standing.is_waiting() => Some(NextAction::SecondDecision),
        Status::InReview | Status::ConfirmedOnce => Some(NextAction::Decide),
        Status::Reopened => Some(NextAction::DecideAgain),
        Status::Refuted => None,
        Status::Confirmed if is_in_conflict => Some(NextAction::ResolveConflict),
        Status::Confirmed if is_ended => None,
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
