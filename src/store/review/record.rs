//! Records the review of a pair by two people: decisions, retests, steps; and the deadlines of a child.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;

use crate::audit::{Entry, ReviewerKey};
use crate::ledger::{Ledger, NewReviewEvent, ReviewCase, Reviews};
use crate::matching::{Compiler, IdentityRule, Judge, Likeness};
use crate::model::{Child, Family, Pseudonym};
use crate::report::ConflictRow;
use crate::review::{
    Basis, BasisPart, Case, Conflict, Content, Deadline, Decided, Decision, Digest, Event, ReasonCode, Refusal,
    StaffCode, Standing, Status, Step, StepDoubt, first_link, message, profile_digest,
};

use super::basis::{first_valid, rechecks};
use super::conflicts::{ConfirmedPairs, conflicts};
use crate::store::actor::{checked_reason, now};
use crate::store::error::StoreError;
use crate::store::folder::Store;

/// A decision to record.
#[derive(Clone, Copy, Debug)]
pub struct NewDecision<'a> {
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// The decision.
    pub decision: Decision,
    /// The reason for it.
    pub code: ReasonCode,
    /// A further remark, without names; required with [`ReasonCode::Other`].
    pub text: Option<&'a str>,
    /// The reviewer's key, which signs it.
    pub key: &'a ReviewerKey,
}

/// A recorded decision.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DecisionRecorded {
    /// The reviewer.
    pub staff: StaffCode,
    /// The state of the pair now, as this reviewer may see it.
    pub status: Status,
    /// `true` if a second reviewer must decide.
    pub is_waiting: bool,
    /// What had changed since the decisions before, which therefore do not count any more.
    pub changed: Vec<BasisPart>,
    /// What speaks against a confirmation; empty for another decision, which would show here what was decided.
    pub conflicts: Vec<ConflictRow>,
    /// log10 of the likelihood ratio; `None` if it is not a finite number.
    pub log10_lr: Option<f64>,
}

/// A recorded step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepRecorded {
    /// Reasons why the step should not have been taken.
    pub doubts: Vec<StepDoubt>,
    /// What had changed since the decisions.
    pub changed: Vec<BasisPart>,
    /// Other confirmed pairs with the same family or child.
    pub conflicts: Vec<ConflictRow>,
}

/// A recorded comparison of a further sample with a child's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetestRecorded {
    /// `true` if both samples are one person's.
    pub agrees: bool,
    /// How alike they are.
    pub likeness: Likeness,
}

/// A case while an event of it is being recorded.
struct Open {
    family: Option<Pseudonym>,
    child: Pseudonym,
    case: Case,
    length: u64,
    last: [u8; 32],
    standing: Standing,
}

impl Open {
    /// Returns the known case of these people, or a new one.
    fn new(
        ledger: &Ledger,
        reviews: &Reviews,
        family: Option<Pseudonym>,
        child: Pseudonym,
    ) -> Result<Self, StoreError> {
        Ok(match reviews.of(family, child) {
            Some(ReviewCase { case, events, last, standing, .. }) => Self {
                family,
                child,
                case: case.clone(),
                length: events.len() as u64,
                last: *last,
                standing: standing.clone(),
            },
            None => {
                let case =
                    Case::random().map_err(|error| StoreError::Ledger(crate::ledger::LedgerError::Random(error)))?;
                let last = first_link(&ledger.store_id()?, &case);
                let standing = if family.is_some() { Standing::of_pair() } else { Standing::of_child() };
                Self { family, child, case, length: 0, last, standing }
            }
        })
    }

    /// Checks the next event by the rules and records it.
    fn record(
        &mut self,
        ledger: &mut Ledger,
        content: &Content,
        signature: Option<[u8; 64]>,
        sample: Option<Pseudonym>,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let number = self.length + 1;
        self.standing.apply(number, content)?;
        let Self { family, child, case, last, .. } = self;
        let event = NewReviewEvent {
            family: *family,
            child: *child,
            case,
            number,
            previous: *last,
            content,
            signature,
            sample,
        };
        Ok(ledger.record_review(&[event], entry)?)
    }
}

/// A pair with its case, while the store is locked.
struct Pair {
    family: Family,
    child: Child,
    open: Open,
    reviews: Reviews,
}

impl Store {
    /// Records a reviewer's signed decision about a pair.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reunite::review::{Decision, ReasonCode};
    ///
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let passphrase = reunite::pseudonym::Passphrase::new("four words of it")?;
    /// let key = store.reviewer_key("r17.key".as_ref(), &passphrase)?;
    /// let decision = NewDecision {
    ///     family: "6f7d1c0b5a4e4d3c8b2a190817263544".parse()?,
    ///     child: "00112233445566778899aabbccddeeff".parse()?,
    ///     decision: Decision::Confirm,
    ///     code: ReasonCode::ProfilesAgree,
    ///     text: None,
    ///     key: &key,
    /// };
    /// let recorded = store.decide(&decision, &store::entry("review decide", None))?;
    /// println!("{}", recorded.status);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::NoChild`], [`StoreError::NotAReviewer`],
    /// [`StoreError::RoleDecidesNothing`], [`StoreError::Review`], [`StoreError::Remark`], [`StoreError::Unscorable`], [`StoreError::Locked`]; errors of the ledger. Nothing is
    /// recorded then.
    pub fn decide(&self, decision: &NewDecision<'_>, entry: &Entry) -> Result<DecisionRecorded, StoreError> {
        self.recording_unknown(entry, self.decide_of_known(decision, entry))
    }

    fn decide_of_known(&self, new: &NewDecision<'_>, entry: &Entry) -> Result<DecisionRecorded, StoreError> {
        let &NewDecision { decision, code, text, key, .. } = new;
        let text = text.map(checked_reason).transpose().map_err(|error| StoreError::Remark(error.to_string()))?;
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let Pair { family, child, mut open, reviews } = self.pair(&ledger, new.family, new.child)?;
        let reviewer = reviews.roll.with_key(key.public()).ok_or(StoreError::NotAReviewer)?;
        let staff = reviewer.staff.clone();
        if !reviewer.role.decides() {
            return Err(StoreError::RoleDecidesNothing { staff, role: reviewer.role });
        }
        let basis = self.review_basis(&ledger, &open.case, &family, &child)?;
        let rechecks = rechecks(&ledger, child.pseudonym, reviews.of(Some(family.pseudonym), child.pseudonym))?;
        let changed = open.standing.changed(&basis);
        let log10_lr = basis.log10_lr;
        let store_id = ledger.store_id()?;
        let decided = Decided {
            staff: staff.clone(),
            key: Digest(*key.public().as_bytes()),
            decision,
            code,
            text,
            basis,
            rechecks,
        };
        let confirmed = ConfirmedPairs::of(&reviews);
        let pair = (family.pseudonym, child.pseudonym);
        let mut conflicts = conflicts(&ledger, &confirmed, pair, reviews.of(Some(pair.0), pair.1))?;
        let mut events = Vec::new();
        let (mut number, mut previous) = (open.length, open.last);
        let mut notes = Vec::new();
        if !changed.is_empty() {
            notes.push(Event::Changed { parts: changed.clone(), by: String::new() });
        }
        // Of two confirmed pairs that contradict each other, each may be decided again on the same basis.
        let with: BTreeSet<Conflict> = confirmed.beside(pair.0, pair.1).iter().map(|one| one.conflict).collect();
        if !with.is_empty() && open.standing.status() == Status::Confirmed && decision != Decision::Retest {
            notes.push(Event::Conflict { with: with.into_iter().collect() });
        }
        for note in notes {
            let content = content(entry, note)?;
            number += 1;
            open.standing.apply(number, &content)?;
            let body = serde_json::to_string(&content)?;
            events.push((content, number, previous, None));
            previous = crate::review::event_digest(&store_id, &open.case, (number, &previous), &body, None);
        }
        number += 1;
        let content = content(entry, Event::Decision(decided.clone()))?;
        open.standing.apply(number, &content)?;
        let signed = message(&store_id, &open.case, (number, &previous), content.at, &decided);
        events.push((content, number, previous, Some(key.sign(&signed))));
        let new: Vec<NewReviewEvent<'_>> = (events.iter())
            .map(|(content, number, previous, signature)| NewReviewEvent {
                family: open.family,
                child: open.child,
                case: &open.case,
                number: *number,
                previous: *previous,
                content,
                signature: *signature,
                sample: None,
            })
            .collect();
        ledger.record_review(&new, entry)?;
        let (status, is_waiting) = (open.standing.shown(Some(&staff)), open.standing.is_waiting());
        if decision != Decision::Confirm {
            conflicts.clear();
        }
        Ok(DecisionRecorded { staff, status, is_waiting, changed, conflicts, log10_lr })
    }

    /// Compares a further sample of a child with the child's own, and records whether both are one person's.
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::NoChild`] also for the further sample, [`StoreError::NoFurtherSample`],
    /// [`StoreError::RetestTooShort`], [`StoreError::Locked`]; errors of the ledger. Nothing is recorded then.
    pub fn record_retest(
        &self,
        family: Pseudonym,
        child: Pseudonym,
        sample: Pseudonym,
        entry: &Entry,
    ) -> Result<RetestRecorded, StoreError> {
        self.recording_unknown(entry, self.record_retest_of_known(family, child, sample, entry))
    }

    fn record_retest_of_known(
        &self,
        family: Pseudonym,
        child: Pseudonym,
        sample: Pseudonym,
        entry: &Entry,
    ) -> Result<RetestRecorded, StoreError> {
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let Pair { child, mut open, reviews, .. } = self.pair(&ledger, family, child)?;
        let panel = self.table().panel();
        let further = ledger.child(panel, sample)?.ok_or(StoreError::NoChild(sample))?;
        let case = reviews.of(Some(family), child.pseudonym);
        // After a contradiction an earlier comparison does not count any more, and the sample may be compared again.
        let is_known = |case: &ReviewCase| case.samples[first_valid(case).saturating_sub(1)..].contains(&Some(sample));
        if sample == child.pseudonym || case.is_some_and(is_known) {
            return Err(StoreError::NoFurtherSample);
        }
        let genotypes = |one: &Child| one.profile.genotypes().to_vec();
        let likeness = Likeness::between(genotypes(&child), genotypes(&further));
        let rule = IdentityRule::default();
        if likeness.loci_compared < rule.min_loci {
            return Err(StoreError::RetestTooShort { found: likeness.loci_compared, needed: rule.min_loci });
        }
        let calculator = self.calculator()?;
        let judge = Judge::new(Arc::new(Compiler::new(&calculator, false)));
        let agrees = judge.identity(&rule, &child.profile, &further.profile)?.is_some();
        let event = Event::Retest {
            agrees,
            loci: likeness.loci_compared,
            differing: likeness.differing_alleles,
            profile: profile_digest(&open.case, panel, &further),
        };
        open.record(&mut ledger, &content(entry, event)?, None, Some(sample), entry)?;
        Ok(RetestRecorded { agrees, likeness })
    }

    /// Records a step after a pair was confirmed. Informing the family requires that a second typing or sample of the
    /// child agrees, that two reviewers confirmed, that the basis is unchanged since, and that no other confirmed pair
    /// has the same family or child. What follows is recorded in any case, because it happened; the result says what
    /// speaks against it.
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::NoChild`], [`StoreError::Review`], [`StoreError::ReviewConflict`],
    /// [`StoreError::Future`], [`StoreError::Locked`]; errors of the ledger. Nothing is recorded then.
    pub fn record_step(
        &self,
        family: Pseudonym,
        child: Pseudonym,
        step: Step,
        date: Date,
        entry: &Entry,
    ) -> Result<StepRecorded, StoreError> {
        self.recording_unknown(entry, self.record_step_of_known(family, child, step, date, entry))
    }

    fn record_step_of_known(
        &self,
        family: Pseudonym,
        child: Pseudonym,
        step: Step,
        date: Date,
        entry: &Entry,
    ) -> Result<StepRecorded, StoreError> {
        not_in_the_future(date)?;
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let Pair { family, child, mut open, reviews } = self.pair(&ledger, family, child)?;
        if step == Step::Informed && ledger.is_withdrawn(family.pseudonym)? {
            return Err(StoreError::WithdrawnFamily(family.pseudonym));
        }
        let basis: Basis = self.review_basis(&ledger, &open.case, &family, &child)?;
        let rechecks = rechecks(&ledger, child.pseudonym, reviews.of(Some(family.pseudonym), child.pseudonym))?;
        let conflicts = ConfirmedPairs::of(&reviews).beside(family.pseudonym, child.pseudonym);
        let of_pairs = u32::try_from(conflicts.len()).unwrap_or(u32::MAX);
        let event = Event::Step { step, date, basis, rechecks, conflicts: of_pairs };
        match open.record(&mut ledger, &content(entry, event)?, None, None, entry) {
            Err(StoreError::Review(Refusal::InConflict)) => return Err(StoreError::ReviewConflict(conflicts)),
            done => done?,
        }
        let taken = open.standing.steps().last().cloned();
        let (doubts, changed) = taken.map(|taken| (taken.doubts, taken.changed)).unwrap_or_default();
        Ok(StepRecorded { doubts, changed, conflicts })
    }

    /// Records the day on which a child was found whose parents are not found. Its deadlines are counted from that day.
    /// Returns the day that was recorded before, if it was another one.
    ///
    /// # Errors
    /// [`StoreError::NoChild`], [`StoreError::Review`], [`StoreError::Future`], [`StoreError::Locked`]; errors of the
    /// ledger.
    pub fn record_found(&self, child: Pseudonym, date: Date, entry: &Entry) -> Result<Option<Date>, StoreError> {
        let before = self.recording_unknown(entry, self.record_of_child(child, Event::Found { date }, date, entry))?;
        Ok(before.filter(|before| *before != date))
    }

    /// Records that something was done for a child that a deadline requires.
    ///
    /// # Errors
    /// [`StoreError::NoChild`], [`StoreError::Review`], [`StoreError::Future`], [`StoreError::Locked`]; errors of the
    /// ledger.
    pub fn record_done(
        &self,
        child: Pseudonym,
        deadline: Deadline,
        date: Date,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        self.recording_unknown(entry, self.record_of_child(child, Event::Done { deadline, date }, date, entry))?;
        Ok(())
    }

    /// Records an event of a child. Returns the day on which the child was found, as it was recorded before.
    fn record_of_child(
        &self,
        child: Pseudonym,
        event: Event,
        date: Date,
        entry: &Entry,
    ) -> Result<Option<Date>, StoreError> {
        not_in_the_future(date)?;
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        if !ledger.has_child(child)? {
            return Err(StoreError::NoChild(child));
        }
        let reviews = ledger.reviews()?;
        let mut open = Open::new(&ledger, &reviews, None, child)?;
        let found_before = open.standing.clocks().found;
        open.record(&mut ledger, &content(entry, event)?, None, None, entry)?;
        Ok(found_before)
    }

    /// Reads a pair that must be in the store, with its case.
    fn pair(&self, ledger: &Ledger, family: Pseudonym, child: Pseudonym) -> Result<Pair, StoreError> {
        let family = self.family(ledger, family)?;
        let child = ledger.child(self.table().panel(), child)?.ok_or(StoreError::NoChild(child))?;
        self.refuse_not_searched(ledger, &family, child.pseudonym)?;
        let reviews = ledger.reviews()?;
        let open = Open::new(ledger, &reviews, Some(family.pseudonym), child.pseudonym)?;
        Ok(Pair { family, child, open, reviews })
    }
}

/// Returns an event at the present time.
fn content(entry: &Entry, event: Event) -> Result<Content, StoreError> {
    Ok(Content { at: now()?.as_second(), uid: entry.uid, user: entry.user.clone(), event })
}

/// Refuses a day that has not begun anywhere on earth.
fn not_in_the_future(date: Date) -> Result<(), StoreError> {
    let latest = jiff::tz::offset(14).to_datetime(now()?).date();
    if date <= latest { Ok(()) } else { Err(StoreError::Future(date)) }
}
