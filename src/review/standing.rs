//! Computes the state of a case from its events, and refuses events that the rules do not allow.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, offset};

use super::basis::{Basis, Digest};
use super::due::ChildClocks;
use super::event::{Content, Decided, Event};
use super::reviewers::StaffCode;
use super::words::{BasisPart, Deadline, Decision, ReasonCode, Status, Step, StepDoubt};

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
    /// Another pair with the same family or child was confirmed and is not refuted.
    #[error("another pair with the same family or child was confirmed and is not refuted")]
    InConflict,
    /// The step does not follow the last one.
    #[error("{}", order(*step))]
    StepOrder {
        /// The step.
        step: Step,
    },
    /// The family was informed before the pair was confirmed.
    #[error(
        "the date {date} is before the second decision, of {decided} in UTC; the earliest possible date is {first}"
    )]
    BeforeConfirmed {
        /// The day of the step.
        date: Date,
        /// The day of the second decision in UTC.
        decided: Date,
        /// The earliest day that this was anywhere on earth.
        first: Date,
    },
    /// The day is before that of the step before it.
    #[error("the date {date} is before {first}, the date of the step {before}")]
    BeforeStep {
        /// The day of the step.
        date: Date,
        /// The step before it.
        before: Step,
        /// The day of that step.
        first: Date,
    },
    /// The day is before the child was found.
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

fn order(step: Step) -> String {
    let before: Vec<&str> = step.after().iter().flatten().map(|before| before.word()).collect();
    match before.is_empty() {
        true => format!("the step {step} is the first one, and a step is recorded already"),
        false => format!("the step {step} must follow {}", before.join(" or ")),
    }
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
    /// Time of the second verdict.
    at: i64,
    /// Set if another confirmed pair contradicts it: both may decide again on the same basis.
    is_contested: bool,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The number of its event.
    pub number: u64,
    /// The step.
    pub step: Step,
    /// The day.
    pub date: Date,
    /// Reasons why it should not have been taken.
    pub doubts: Vec<StepDoubt>,
    /// What had changed since the decisions.
    pub changed: Vec<BasisPart>,
}

impl Closed {
    /// Refuses a day that was over everywhere on earth when the second reviewer decided.
    fn allows(&self, date: Date) -> Result<(), Refusal> {
        // A time beyond the calendar limits nothing.
        let Ok(at) = Timestamp::from_second(self.at) else { return Ok(()) };
        let first = offset(-12).to_datetime(at).date();
        if date >= first {
            return Ok(());
        }
        Err(Refusal::BeforeConfirmed { date, decided: Offset::UTC.to_datetime(at).date(), first })
    }
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
    /// Set if the last two verdicts that agreed are confirmations.
    was_confirmed: bool,
    /// Number of the last event with which a round ended with two verdicts.
    shown_to: u64,
    rounds: u32,
    steps: Vec<Taken>,
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
            was_confirmed: false,
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
            Event::Decision(decided) => self.decide(number, content.at, decided),
            Event::Retest { agrees, .. } | Event::Typing { agrees, .. } => {
                self.compared(*agrees);
                Ok(())
            }
            Event::Conflict { .. } => match self.closed.as_mut().filter(|closed| closed.confirmed) {
                Some(closed) => {
                    closed.is_contested = true;
                    Ok(())
                }
                None => Err(Refusal::NotConfirmed),
            },
            Event::Step { step, date, basis, rechecks, conflicts } => {
                self.step(number, (*step, *date), basis, (*rechecks, *conflicts))
            }
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

    fn decide(&mut self, number: u64, at: i64, decided: &Decided) -> Result<(), Refusal> {
        let Decided { staff, key, decision, code, text, basis, rechecks } = decided;
        if !code.fits(*decision) {
            return Err(Refusal::Code);
        }
        if *code == ReasonCode::Other && text.is_none() {
            return Err(Refusal::Text);
        }
        let is_waiting = self.awaits_retest(basis, *rechecks);
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
        let stands = |closed: &Closed| !closed.is_contested && closed.basis.differs_from(basis).is_empty();
        if self.closed.as_ref().is_some_and(stands) {
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
            let confirmed = self.status == Status::Confirmed;
            self.was_confirmed = confirmed;
            self.closed = Some(Closed { confirmed, basis: *basis, by, at, is_contested: false });
        }
        self.open = None;
        self.requested = None;
        self.rounds += 1;
        self.shown_to = number;
        Ok(())
    }

    /// Takes in a further typing or sample.
    fn compared(&mut self, agrees: bool) {
        let answered = self.requested.take().is_some();
        if !agrees {
            (self.open, self.closed) = (None, None);
            self.status = Status::Reopened;
        } else if answered {
            self.status = Status::InReview;
        }
    }

    fn step(
        &mut self,
        number: u64,
        (step, date): (Step, Date),
        basis: &Basis,
        (rechecks, conflicts): (u32, u32),
    ) -> Result<(), Refusal> {
        let confirmed = self.closed.as_ref().filter(|closed| closed.confirmed);
        let changed = self.changed(basis);
        let mut doubts = Vec::new();
        if step == Step::Informed {
            // The program prevents that a family is informed too early.
            let closed = confirmed.ok_or(Refusal::NotConfirmed)?;
            if !changed.is_empty() {
                return Err(Refusal::BasisChanged(changed));
            }
            if rechecks == 0 {
                return Err(Refusal::NotRechecked);
            }
            if conflicts > 0 {
                return Err(Refusal::InConflict);
            }
            closed.allows(date)?;
        } else {
            // What follows has happened, so it is recorded.
            doubts.extend(confirmed.is_none().then_some(StepDoubt::NotConfirmed));
            doubts.extend((!changed.is_empty()).then_some(StepDoubt::BasisChanged));
            doubts.extend((rechecks == 0).then_some(StepDoubt::NotRechecked));
            doubts.extend((conflicts > 0).then_some(StepDoubt::InConflict));
        }
        let last = self.steps.last();
        if !step.after().contains(&last.map(|last| last.step)) {
            return Err(Refusal::StepOrder { step });
        }
        if let Some(last) = last.filter(|last| date < last.date) {
            return Err(Refusal::BeforeStep { date, before: last.step, first: last.date });
        }
        self.steps.push(Taken { number, step, date, doubts, changed });
        Ok(())
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

    /// Reports whether two reviewers confirmed the pair and no two have refuted it since. Neither one reviewer, nor a
    /// request for a retest, nor a contradicting sample ends that.
    #[must_use]
    pub fn was_confirmed(&self) -> bool {
        self.was_confirmed
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

    /// Reports whether a requested retest is outstanding: since the request, no further typing or sample was recorded,
    /// the number of those that agree did not rise, and the profile did not change. (One that disagrees changes it.)
    #[must_use]
    pub fn awaits_retest(&self, basis: &Basis, rechecks: u32) -> bool {
        let waits = |requested: &Requested| rechecks <= requested.rechecks && basis.profiles == requested.profiles;
        self.requested.as_ref().is_some_and(waits)
    }

    /// Returns the steps that were taken, in their order.
    #[must_use]
    pub fn steps(&self) -> &[Taken] {
        &self.steps
    }

    /// Returns the deadlines of a child.
    #[must_use]
    pub fn clocks(&self) -> &ChildClocks {
        &self.clocks
    }
}
