//! Writes reviewers, reviews and what is due for people and programs.

use std::collections::BTreeSet;
#[cfg(feature = "cli")]
use std::fmt::Write as _;

use serde::Serialize;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::Page;
#[cfg(feature = "cli")]
use super::words::plural;
use super::words::spaced;
use crate::model::Pseudonym;
use crate::review::{BasisPart, Conflict, Deadline, Decision, NextAction, ReasonCode, Role, Status, Step, StepDoubt};

/// The enrolment of a reviewer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReviewerRow {
    /// The staff code.
    pub staff: String,
    /// The public key: 64 hexadecimal digits.
    pub public_key: String,
    /// Time of the enrolment, in UTC.
    pub enrolled_at: String,
    /// The account that enrolled the reviewer.
    pub enrolled_by: String,
    /// What the person may do.
    pub role: Role,
    /// Time at which the enrolment ended; `None` if it has not.
    pub withdrawn_at: Option<String>,
}

impl ReviewerRow {
    /// Returns the row of an enrolment that has not ended.
    #[must_use]
    pub fn new(staff: String, public_key: String, enrolled_at: String, enrolled_by: String) -> Self {
        Self { staff, public_key, enrolled_at, enrolled_by, role: Role::default(), withdrawn_at: None }
    }
}

/// The reviewers of a store.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReviewersReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The enrolments, in their order.
    pub reviewers: Vec<ReviewerRow>,
}

impl ReviewersReport {
    /// Returns a report of these enrolments.
    #[must_use]
    pub fn new(reviewers: Vec<ReviewerRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, reviewers }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv =
            CsvText::with_header(["staff", "public_key", "enrolled_at", "enrolled_by", "withdrawn_at", "role"]);
        for row in &self.reviewers {
            csv.field(&row.staff).field(&row.public_key).field(&row.enrolled_at).field(&row.enrolled_by);
            csv.optional(row.withdrawn_at.as_ref()).field(row.role.word()).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a list for people.
    #[must_use]
    pub fn table(&self) -> Page {
        let mut text = String::new();
        for row in &self.reviewers {
            let ended = row.withdrawn_at.as_ref().map_or(String::new(), |at| format!(", withdrawn {at}"));
            let role =
                if row.role == Role::default() { String::new() } else { format!(", with the role {}", row.role) };
            let _ = writeln!(text, "{}  enrolled {} by {}{role}{ended}", row.staff, row.enrolled_at, row.enrolled_by);
            let _ = writeln!(text, "    {}", row.public_key);
        }
        text.into()
    }
}

/// Something that speaks against a pair and that the pair itself does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConflictRow {
    /// What it is.
    pub conflict: Conflict,
    /// The family of the other confirmed pair; `None` if it is not about another pair.
    pub family: Option<Pseudonym>,
    /// The child of that pair.
    pub child: Option<Pseudonym>,
}

impl ConflictRow {
    /// Returns a conflict that is not with another pair.
    #[must_use]
    pub fn new(conflict: Conflict) -> Self {
        Self { conflict, family: None, child: None }
    }

    /// Returns a conflict with another confirmed pair.
    #[must_use]
    pub fn with(conflict: Conflict, family: Pseudonym, child: Pseudonym) -> Self {
        Self { conflict, family: Some(family), child: Some(child) }
    }

    /// Names the other pair.
    #[must_use]
    pub fn pair(&self) -> Option<String> {
        self.family.zip(self.child).map(|(family, child)| format!("family {family} and child {child}"))
    }

    /// Describes it in words for people.
    #[must_use]
    pub fn words(&self) -> String {
        let what = match self.conflict {
            Conflict::FamilyWithdrawn => "the family is withdrawn",
            Conflict::NeverCandidate => "never a candidate of a run",
            Conflict::FamilyConfirmed => "another child was confirmed for the family",
            Conflict::ChildConfirmed => "the child was confirmed for another family",
        };
        self.pair().map_or_else(|| what.to_owned(), |pair| format!("{what} ({pair})"))
    }
}

/// The state of a review, as everybody may see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReviewState {
    /// The family; `None` for a child whose parents are not found.
    pub family: Option<Pseudonym>,
    /// The child.
    pub child: Pseudonym,
    /// The state. It does not show what a reviewer decided before a second one has decided.
    pub status: Status,
    /// Staff codes of the reviewers with a present decision.
    pub decided_by: Vec<String>,
    /// The parts of the basis that changed since then.
    pub changed: Vec<BasisPart>,
    /// What speaks against the pair.
    pub conflicts: Vec<ConflictRow>,
    /// Number of further typings and samples of the child that agree with the first.
    pub rechecks: u32,
    /// The last step that was taken.
    pub step: Option<Step>,
    /// What has to be done next.
    pub next: Option<NextAction>,
    /// The day on which a child without parents was found.
    pub found: Option<String>,
    /// What was done for that child.
    pub done: Vec<Deadline>,
    /// Number of events in the history.
    pub events: u64,
    /// Time of the last event, in UTC; `None` without an event.
    pub last_at: Option<String>,
}

impl ReviewState {
    /// Returns the state of a case without events.
    #[must_use]
    pub fn new(family: Option<Pseudonym>, child: Pseudonym) -> Self {
        Self {
            family,
            child,
            status: Status::New,
            decided_by: Vec::new(),
            changed: Vec::new(),
            conflicts: Vec::new(),
            rechecks: 0,
            step: None,
            next: None,
            found: None,
            done: Vec::new(),
            events: 0,
            last_at: None,
        }
    }

    const COLUMNS: [&'static str; 13] = [
        "family",
        "child",
        "status",
        "decided_by",
        "changed",
        "conflicts",
        "rechecks",
        "step",
        "next",
        "found",
        "done",
        "events",
        "last_at",
    ];

    fn row(&self, csv: &mut CsvText) {
        csv.optional(self.family).field(self.child).field(self.status).field(self.decided_by.join(" "));
        csv.field(spaced(&self.changed)).field(conflict_words(&self.conflicts)).field(self.rechecks);
        csv.optional(self.step).optional(self.next);
        csv.optional(self.found.as_ref()).field(spaced(&self.done)).field(self.events);
        csv.optional(self.last_at.as_ref()).end_row();
    }

    #[cfg(feature = "cli")]
    fn text(&self) -> String {
        let mut text = match self.family {
            Some(family) => format!("family {family}\nchild  {}\n", self.child),
            None => format!("child  {}\n", self.child),
        };
        let mut facts = Vec::new();
        if self.family.is_some() {
            facts.push(format!("state {}", self.status));
        }
        if !self.decided_by.is_empty() {
            facts.push(format!("decided by {}", self.decided_by.join(" and ")));
        }
        if !self.changed.is_empty() {
            facts.push(format!("changed since then: {}", listed(&self.changed)));
        }
        facts.extend(self.conflicts.iter().map(|conflict| format!("conflict: {}", conflict.words())));
        if self.rechecks > 0 {
            facts.push(format!("rechecks that agree: {}", self.rechecks));
        }
        facts.extend(self.step.map(|step| format!("last step {step}")));
        facts.extend(self.found.as_ref().map(|found| format!("found {found}")));
        if !self.done.is_empty() {
            facts.push(format!("done: {}", listed(&self.done)));
        }
        facts.extend(self.next.map(|next| format!("next {next}")));
        text += &indented(&facts.join("; "));
        text
    }
}

/// Returns the words of conflicts, each once, with spaces between them.
fn conflict_words(conflicts: &[ConflictRow]) -> String {
    spaced(&conflicts.iter().map(|one| one.conflict).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>())
}

#[cfg(feature = "cli")]
fn listed<T: ToString>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(feature = "cli")]
fn indented(line: &str) -> String {
    format!("    {line}\n")
}

/// Reviews of a store.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReviewsReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The reviews, in the order of their first events.
    pub reviews: Vec<ReviewState>,
}

impl ReviewsReport {
    /// Returns a report of these reviews.
    #[must_use]
    pub fn new(reviews: Vec<ReviewState>) -> Self {
        Self { schema_version: SCHEMA_VERSION, reviews }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header; several values of a field are separated by spaces.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(ReviewState::COLUMNS);
        self.reviews.iter().for_each(|review| review.row(&mut csv));
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a list for people.
    #[must_use]
    pub fn table(&self) -> Page {
        self.reviews.iter().map(ReviewState::text).collect::<String>().into()
    }
}

/// An event of a review, as a viewer may see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReviewEventRow {
    /// Its number, from 1.
    pub number: u64,
    /// Its time, in UTC.
    pub at: String,
    /// The account that recorded it.
    pub account: String,
    /// `decision`, `retest`, `typing`, `step`, `changed`, `conflict`, `found` or `done`.
    pub kind: &'static str,
    /// The staff code of the reviewer.
    pub staff: Option<String>,
    /// `true` if the decision is not shown yet.
    pub hidden: bool,
    /// The decision.
    pub decision: Option<Decision>,
    /// The reason for it.
    pub code: Option<ReasonCode>,
    /// The remark about it, or the operation that changed the basis.
    pub text: Option<String>,
    /// log10 of the likelihood ratio at that time.
    pub log10_lr: Option<f64>,
    /// The run in which the pair was a candidate at that time.
    pub run: Option<i64>,
    /// Number of further typings and samples that agreed at that time.
    pub rechecks: Option<u32>,
    /// The parts that changed; for a step, those that had changed since the decisions.
    pub changed: Vec<BasisPart>,
    /// What a confirmed pair has in common with another one.
    pub conflicts: Vec<Conflict>,
    /// The further sample of a retest.
    pub sample: Option<Pseudonym>,
    /// `true` if the further sample or typing agrees.
    pub agrees: Option<bool>,
    /// Loci compared in a retest or typing.
    pub loci_compared: Option<u32>,
    /// Alleles that differ in a retest.
    pub differing_alleles: Option<u32>,
    /// Loci that differ in a further typing.
    pub differing_loci: Option<u32>,
    /// The step.
    pub step: Option<Step>,
    /// Reasons why the step should not have been taken.
    pub doubts: Vec<StepDoubt>,
    /// The deadline that was met.
    pub deadline: Option<Deadline>,
    /// The day of a step, of a finding, or on which a deadline was met.
    pub date: Option<String>,
}

impl ReviewEventRow {
    /// Returns the event without its details.
    #[must_use]
    pub fn new(number: u64, at: String, account: String, kind: &'static str) -> Self {
        Self { number, at, account, kind, ..Self::default() }
    }

    #[cfg(feature = "cli")]
    fn text(&self) -> String {
        let mut text = format!("{}  {}  {}  {}\n", self.number, self.at, self.account, self.kind);
        let mut facts = Vec::new();
        facts.extend(self.staff.as_ref().map(|staff| format!("reviewer {staff}")));
        if self.hidden {
            facts.push("the decision is not shown before a second reviewer has decided".to_owned());
        }
        facts.extend(self.decision.map(|decision| decision.to_string()));
        facts.extend(self.code.map(|code| code.to_string()));
        facts.extend(self.log10_lr.map(|ratio| format!("log10 LR {ratio:.2}")));
        facts.extend(self.run.map(|run| format!("run {run}")));
        facts.extend(self.rechecks.map(|rechecks| format!("rechecks that agree: {rechecks}")));
        if !self.changed.is_empty() {
            facts.push(format!("changed: {}", listed(&self.changed)));
        }
        if !self.conflicts.is_empty() {
            facts.push(listed(&self.conflicts));
        }
        facts.extend(self.agrees.map(|agrees| if agrees { "agrees".to_owned() } else { "disagrees".to_owned() }));
        let likeness = self.loci_compared.zip(self.differing_alleles);
        facts.extend(likeness.map(|(loci, alleles)| format!("{loci} loci compared, differing alleles {alleles}")));
        let likeness = self.loci_compared.zip(self.differing_loci);
        facts.extend(likeness.map(|(loci, differing)| format!("{loci} loci compared, differing loci {differing}")));
        facts.extend(self.sample.map(|sample| format!("sample {sample}")));
        facts.extend(self.step.map(|step| step.to_string()));
        facts.extend(self.deadline.map(|deadline| deadline.to_string()));
        facts.extend(self.date.clone());
        if !self.doubts.is_empty() {
            facts.push(format!("warning: {}", listed(&self.doubts)));
        }
        text += &indented(&facts.join("; "));
        if let Some(remark) = &self.text {
            text += &indented(&format!("text: {}", crate::model::shown(remark)));
        }
        text
    }
}

/// A review with its history.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReviewReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Its state.
    pub review: ReviewState,
    /// Its events.
    pub history: Vec<ReviewEventRow>,
}

impl ReviewReport {
    /// Returns a report of a review.
    #[must_use]
    pub fn new(review: ReviewState, history: Vec<ReviewEventRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, review, history }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV of the history with a header.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header([
            "number",
            "at",
            "account",
            "kind",
            "staff",
            "hidden",
            "decision",
            "code",
            "text",
            "log10_lr",
            "run",
            "rechecks",
            "changed",
            "conflicts",
            "sample",
            "agrees",
            "loci_compared",
            "differing_alleles",
            "differing_loci",
            "step",
            "doubts",
            "deadline",
            "date",
        ]);
        for row in &self.history {
            csv.field(row.number).field(&row.at).field(&row.account).field(row.kind).optional(row.staff.as_ref());
            csv.field(row.hidden).optional(row.decision).optional(row.code).optional(row.text.as_ref());
            csv.optional(row.log10_lr).optional(row.run).optional(row.rechecks).field(spaced(&row.changed));
            csv.field(spaced(&row.conflicts)).optional(row.sample).optional(row.agrees).optional(row.loci_compared);
            csv.optional(row.differing_alleles).optional(row.differing_loci).optional(row.step);
            csv.field(spaced(&row.doubts)).optional(row.deadline);
            csv.optional(row.date.as_ref()).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a text for people: the state, and the events below it.
    #[must_use]
    pub fn table(&self) -> Page {
        let events = self.history.iter().map(ReviewEventRow::text);
        std::iter::once(self.review.text()).chain(events).collect::<String>().into()
    }
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DueRow {
    /// The family; `None` for a child whose parents are not found.
    pub family: Option<Pseudonym>,
    /// The child.
    pub child: Pseudonym,
    /// A word of [`NextAction`] or [`Deadline`].
    pub what: &'static str,
    /// Day of the last event of a pair; day on which a child was found.
    pub since: String,
    /// Last day of a deadline; `None` for a pair.
    pub due: Option<String>,
    /// Number of days since then; `None` before.
    pub overdue_days: Option<u32>,
    /// Number of days until then, if it is later than the day of the list.
    #[serde(skip)]
    pub days_left: Option<u32>,
    /// What speaks against the pair.
    pub conflicts: Vec<ConflictRow>,
    /// The last step with the family of a pair.
    pub step: Option<Step>,
    /// Who acts next on a pair: `reviewer`, `laboratory` or `agency`.
    pub who: Option<&'static str>,
    /// Number of days since then, for a pair.
    pub days: Option<u32>,
    /// Staff codes of the reviewers with a present decision.
    pub decided_by: Vec<String>,
}

impl DueRow {
    /// Returns a row without a deadline.
    #[must_use]
    pub fn new(family: Option<Pseudonym>, child: Pseudonym, what: &'static str, since: String) -> Self {
        let (conflicts, decided_by) = (Vec::new(), Vec::new());
        Self {
            family,
            child,
            what,
            since,
            due: None,
            overdue_days: None,
            days_left: None,
            conflicts,
            step: None,
            who: None,
            days: None,
            decided_by,
        }
    }
}

/// What is due on a day.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DueReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The day.
    pub on: String,
    /// Deadlines of children first, by day, then pairs.
    pub due: Vec<DueRow>,
}

impl DueReport {
    /// Returns a report for a day.
    #[must_use]
    pub fn new(on: String, due: Vec<DueRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, on, due }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header([
            "family",
            "child",
            "what",
            "since",
            "due",
            "overdue_days",
            "conflicts",
            "step",
            "who",
            "days",
            "decided_by",
        ]);
        for row in &self.due {
            csv.optional(row.family).field(row.child).field(row.what).field(&row.since);
            csv.optional(row.due.as_ref()).optional(row.overdue_days).field(conflict_words(&row.conflicts));
            csv.optional(row.step.map(Step::word)).optional(row.who).optional(row.days);
            csv.field(row.decided_by.join(" ")).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a list for people.
    #[must_use]
    pub fn table(&self) -> Page {
        let mut text = String::new();
        for row in &self.due {
            let _ = match (&row.due, row.overdue_days) {
                (Some(due), Some(days)) => {
                    let late = if days == 0 { String::new() } else { format!(", {} ago", plural(days.into(), "day")) };
                    writeln!(text, "{}: by {due}{late}; found {}", row.what, row.since)
                }
                _ => writeln!(text, "{}: since {}", row.what, row.since),
            };
            if let Some(family) = row.family {
                let _ = writeln!(text, "    family {family}");
            }
            let _ = writeln!(text, "    child  {}", row.child);
            if let Some(step) = row.step {
                let _ = writeln!(text, "    last step with the family: {step}");
            }
            for conflict in &row.conflicts {
                text += &indented(&format!("conflict: {}", conflict.words()));
            }
        }
        text.into()
    }
}
