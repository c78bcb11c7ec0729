//! Computes the state of a case from its events, and refuses events that the rules do not allow.

use jiff::civil::Date;

use super::basis::{Basis, Digest};
use super::due::ChildClocks;
use super::event::{Content, Decided, Event};
use super::reviewers::StaffCode;
use super::words::{BasisPart, Deadline, Decision, ReasonCode, Status, Step};

/// Reason why the rules of a review do not allow an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The same person, by staff code or by key, has already decided in this round.
    #[error("this reviewer has already decided in this round, and another reviewer must decide next")]
    DecidedBefore,
    /// The pair is decided, and nothing of its basis has changed.
    #[error("the pair is already {0}, and its basis has not changed")]
    Decided(Status),
    /// A retest was requested and is not recorded.
    #[error("a retest was requested, and no further typing or sample of the child is recorded since")]
    RetestMissing,
    /// A retest is already requested.
    #[error("a retest is already requested")]
    RetestRequested,
    /// The reason is not one for this decision.
    #[error("this reason code does not fit the decision")]
    Code,
    /// The reason "other" has no text.
    #[error("the reason code `other` requires a text")]
    Text,
    /// Not two reviewers have confirmed the pair.
    #[error("two reviewers must confirm the pair first")]
    NotConfirmed,
    /// The pair was confirmed on another basis.
    #[error("the basis has changed since the pair was confirmed ({}); both reviewers must decide again", words(.0))]
    BasisChanged(Vec<BasisPart>),
    /// Nobody has typed the child a second time.
    #[error("no second typing, kit or sample of the child agrees with the first")]
    NotRechecked,
    /// The step does not follow the last one.
    #[error("the step {step} must follow {}", followed(*step))]
    StepOrder {
        /// The step.
        step: Step,
    },
    /// The day is before that of the step before it, or before the child was found.
    #[error("the date is before {0}, the date of what came before it")]
    TooEarly(Date),
    /// The day on which the child was found is not recorded.
    #[error("the date on which the child was found is not recorded")]
    NotFound,
    /// The deadline is already met.
    #[error("{0} is already recorded as done")]
    AlreadyDone(Deadline),
    /// The event is of a pair and the case is a child, or the reverse.
    #[error("the event does not belong to a case of this kind")]
    Kind,
}

fn words(parts: &[BasisPart]) -> String {
    parts.iter().map(|part| part.word()).collect::<Vec<_>>().join(", ")
}

fn followed(step: Step) -> String {
    let names = step.after().iter().map(|before| before.map_or("no other step", Step::word));
    names.collect::<Vec<_>>().join(" or ")
}

/// A verdict in the present round.
#[derive(Clone, Debug, PartialEq)]
struct Verdict {
    staff: StaffCode,
    key: Digest,
    decision: Decision,
    basis: Basis,
}

/// Two verdicts that agree.
#[derive(Clone, Debug, PartialEq)]
struct Closed {
    confirmed: bool,
    basis: Basis,
    by: [StaffCode; 2],
}

/// A request for a retest that is not answered.
#[derive(Clone, Debug, PartialEq)]
struct Requested {
    profiles: Digest,
    rechecks: u32,
}

/// Somebody who looks at a case, as far as the person proved it with a key.
pub type Viewer<'a> = Option<&'a StaffCode>;

/// The state of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    is_pair: bool,
    status: Status,
    /// The verdict of the present round, which waits for the second one.
    open: Option<Verdict>,
    closed: Option<Closed>,
    requested: Option<Requested>,
    /// Number of the last event with which a round ended with two verdicts.
    shown_to: u64,
    rounds: u32,
    steps: Vec<(Step, Date)>,
    clocks: ChildClocks,
}

impl Standing {
    /// Returns the state of a pair without events.
    #[must_use]
    pub fn of_pair() -> Self {
        Self::new(true)
    }

    /// Returns the state of a child without events.
    #[must_use]
    pub fn of_child() -> Self {
        Self::new(false)
    }

    fn new(is_pair: bool) -> Self {
        Self {
            is_pair,
            status: Status::New,
            open: None,
            closed: None,
            requested: None,
            shown_to: 0,
            rounds: 0,
            steps: Vec::new(),
            clocks: ChildClocks::default(),
        }
    }

    /// Takes in the next event of the case.
    ///
    /// # Errors
    /// [`Refusal`]; the state is unchanged then.
    pub fn apply(&mut self, number: u64, content: &Content) -> Result<(), Refusal> {
        let of_child = matches!(content.event, Event::Found { .. } | Event::Done { .. });
        if of_child == self.is_pair {
            return Err(Refusal::Kind);
        }
        match &content.event {
            Event::Changed { .. } => Ok(()),
            Event::Decision(decided) => self.decide(number, decided),
            Event::Retest { agrees, .. } => {
                self.retest(*agrees);
                Ok(())
            }
            Event::Step { step, date, basis, rechecks } => self.step(*step, *date, basis, *rechecks),
            Event::Found { date } => match self.clocks.done.values().min() {
                Some(first) if first < date => Err(Refusal::TooEarly(*date)),
                _ => {
                    self.clocks.found = Some(*date);
                    Ok(())
                }
            },
            Event::Done { deadline, date } => {
                let found = self.clocks.found.ok_or(Refusal::NotFound)?;
                if self.clocks.done.contains_key(deadline) {
                    return Err(Refusal::AlreadyDone(*deadline));
                }
                if *date < found {
                    return Err(Refusal::TooEarly(found));
                }
                self.clocks.done.insert(*deadline, *date);
                Ok(())
            }
        }
    }

    fn decide(&mut self, number: u64, decided: &Decided) -> Result<(), Refusal> {
        let Decided { staff, key, decision, code, text, basis, rechecks } = decided;
        if !code.fits(*decision) {
            return Err(Refusal::Code);
        }
        if *code == ReasonCode::Other && text.is_none() {
            return Err(Refusal::Text);
        }
        // A further typing that disagrees changes the profile.
        let waits = |requested: &Requested| *rechecks <= requested.rechecks && basis.profiles == requested.profiles;
        let is_waiting = self.requested.as_ref().is_some_and(waits);
        if *decision == Decision::Retest {
            if is_waiting {
                return Err(Refusal::RetestRequested);
            }
            self.requested = Some(Requested { profiles: basis.profiles, rechecks: *rechecks });
            (self.open, self.closed) = (None, None);
            self.status = Status::RetestRequested;
            return Ok(());
        }
        // Both verdicts wait: if only one did, the other one would be known.
        if is_waiting {
            return Err(Refusal::RetestMissing);
        }
        if self.closed.as_ref().is_some_and(|closed| closed.basis.differs_from(basis).is_empty()) {
            return Err(Refusal::Decided(self.status));
        }
        let open =
            self.open.take_if(|open| !open.basis.differs_from(basis).is_empty()).map_or(self.open.as_ref(), |_| None);
        let Some(first) = open else {
            let (staff, key) = (staff.clone(), *key);
            self.open = Some(Verdict { staff, key, decision: *decision, basis: *basis });
            (self.closed, self.requested) = (None, None);
            self.status = if *decision == Decision::Confirm { Status::ConfirmedOnce } else { Status::InReview };
            return Ok(());
        };
        if first.staff.is_same(staff) || first.key == *key {
            return Err(Refusal::DecidedBefore);
        }
        self.status = match (first.decision, decision) {
            (Decision::Confirm, Decision::Confirm) => Status::Confirmed,
            (Decision::Refute, Decision::Refute) => Status::Refuted,
            _ => Status::Reopened,
        };
        let by = [first.staff.clone(), staff.clone()];
        if self.status != Status::Reopened {
            self.closed = Some(Closed { confirmed: self.status == Status::Confirmed, basis: *basis, by });
        }
        self.open = None;
        self.requested = None;
        self.rounds += 1;
        self.shown_to = number;
        Ok(())
    }

    fn retest(&mut self, agrees: bool) {
        let answered = self.requested.take().is_some();
        if !agrees {
            (self.open, self.closed) = (None, None);
            self.status = Status::Reopened;
        } else if answered {
            self.status = Status::InReview;
        }
    }

    fn step(&mut self, step: Step, date: Date, basis: &Basis, rechecks: u32) -> Result<(), Refusal> {
        let Some(closed) = self.closed.as_ref().filter(|closed| closed.confirmed) else {
            return Err(Refusal::NotConfirmed);
        };
        let mut changed = closed.basis.differs_from(basis);
        if step != Step::Informed {
            // The family knows already: a new table of frequencies does not stop what follows.
            changed.retain(|part| *part != BasisPart::Model);
        }
        if !changed.is_empty() {
            return Err(Refusal::BasisChanged(changed));
        }
        if rechecks == 0 {
            return Err(Refusal::NotRechecked);
        }
        let last = self.steps.last();
        if !step.after().contains(&last.map(|last| last.0)) {
            return Err(Refusal::StepOrder { step });
        }
        match last {
            Some((_, before)) if date < *before => Err(Refusal::TooEarly(*before)),
            _ => {
                self.steps.push((step, date));
                Ok(())
            }
        }
    }

    /// Returns the state as the program itself knows it. Do not show it: see [`Self::shown`].
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Returns the state that a viewer may see. While one verdict waits for the second, only its reviewer sees that it
    /// is a confirmation.
    #[must_use]
    pub fn shown(&self, viewer: Viewer<'_>) -> Status {
        let is_own = |open: &Verdict| viewer.is_some_and(|viewer| open.staff.is_same(viewer));
        match self.status {
            Status::ConfirmedOnce if !self.open.as_ref().is_some_and(is_own) => Status::InReview,
            status => status,
        }
    }

    /// Reports whether a viewer may see what an event decided: a request for a retest, an own decision, or a verdict
    /// of a round in which two reviewers decided, or before one.
    #[must_use]
    pub fn shows(&self, number: u64, content: &Content, viewer: Viewer<'_>) -> bool {
        match &content.event {
            Event::Decision(decided) if decided.decision != Decision::Retest => {
                number <= self.shown_to || viewer.is_some_and(|viewer| viewer.is_same(&decided.staff))
            }
            _ => true,
        }
    }

    /// Reports whether one verdict waits for the second.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.open.is_some()
    }

    /// Returns the staff codes of the reviewers with a present verdict: one while it waits for the second, two after
    /// they agreed.
    #[must_use]
    pub fn decided_by(&self) -> Vec<&StaffCode> {
        let closed = self.closed.iter().flat_map(|closed| &closed.by);
        self.open.iter().map(|open| &open.staff).chain(closed).collect()
    }

    /// Returns the parts in which a basis differs from that of the present verdicts; none if there is no verdict.
    #[must_use]
    pub fn changed(&self, basis: &Basis) -> Vec<BasisPart> {
        let of_verdicts =
            self.open.as_ref().map(|open| &open.basis).or(self.closed.as_ref().map(|closed| &closed.basis));
        of_verdicts.map_or_else(Vec::new, |of_verdicts| of_verdicts.differs_from(basis))
    }

    /// Returns the number of rounds that ended with two verdicts.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Returns the steps that were taken, in their order.
    #[must_use]
    pub fn steps(&self) -> &[(Step, Date)] {
        &self.steps
    }

    /// Returns the deadlines of a child.
    #[must_use]
    pub fn clocks(&self) -> &ChildClocks {
        &self.clocks
    }
}
