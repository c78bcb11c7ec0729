//! Defines the closed lists of words of a review: decisions, reasons, states, steps, deadlines.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::UnknownWord;

/// Implements the words of an enumeration; serde writes the same ones.
macro_rules! words {
    ($name:ident: $first:ident = $first_word:literal $(, $variant:ident = $word:literal)* $(,)?) => {
        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[Self::$first $(, Self::$variant)*];

            /// Returns the word on the command line, in lists and in the ledger.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    Self::$first => $first_word,
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let choices = concat!($first_word $(, ", ", $word)*);
                Self::ALL.iter().copied().find(|one| one.word() == text).ok_or(UnknownWord { choices })
            }
        }
    };
}

/// What an enrolled person may do. Who has no stated role is a reviewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks at candidates, and decides nothing.
    Analyst,
    /// Looks at candidates and decides.
    #[default]
    Reviewer,
    /// Sees statistics only.
    Supervisor,
    /// Looks after the program and the accounts: sees no candidates and decides nothing.
    Administrator,
}

impl Role {
    /// Reports whether the role may look at the data of persons.
    #[must_use]
    pub const fn sees_people(self) -> bool {
        matches!(self, Self::Analyst | Self::Reviewer)
    }

    /// Reports whether the role may decide about pairs.
    #[must_use]
    pub const fn decides(self) -> bool {
        matches!(self, Self::Reviewer)
    }
}

words!(Role:
    Analyst = "analyst", Reviewer = "reviewer", Supervisor = "supervisor", Administrator = "administrator",
);

/// A reviewer's decision about a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The child is the family's missing child.
    Confirm,
    /// The child is not the family's missing child.
    Refute,
    /// The child must be typed again before anybody decides. This is a request and not a verdict: everybody sees it.
    Retest,
}

words!(Decision: Confirm = "confirm", Refute = "refute", Retest = "retest");

/// The reason for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonCode {
    /// The profiles agree with the stated relation.
    ProfilesAgree,
    /// A second typing or sample agrees with the first.
    RetestAgrees,
    /// Place, dates, sex and marks of the two cases fit.
    CaseFactsFit,
    /// Too few loci are typed.
    TooFewLoci,
    /// A close relative of the missing child explains the profiles better.
    CloseRelativeLikelier,
    /// The profiles contradict the stated relation.
    ProfilesContradict,
    /// Place, dates, sex or marks of the two cases contradict each other.
    CaseFactsContradict,
    /// A sample may be mixed up, contaminated or degraded.
    SampleDoubtful,
    /// Another reason, which the text states.
    Other,
}

words!(ReasonCode:
    ProfilesAgree = "profiles-agree", RetestAgrees = "retest-agrees", CaseFactsFit = "case-facts-fit",
    TooFewLoci = "too-few-loci", CloseRelativeLikelier = "close-relative-likelier",
    ProfilesContradict = "profiles-contradict", CaseFactsContradict = "case-facts-contradict",
    SampleDoubtful = "sample-doubtful", Other = "other",
);

impl ReasonCode {
    /// Reports whether this can be the reason for a decision.
    #[must_use]
    pub const fn fits(self, decision: Decision) -> bool {
        match self {
            Self::ProfilesAgree | Self::RetestAgrees | Self::CaseFactsFit => matches!(decision, Decision::Confirm),
            Self::ProfilesContradict | Self::CaseFactsContradict => matches!(decision, Decision::Refute),
            Self::TooFewLoci | Self::CloseRelativeLikelier | Self::SampleDoubtful => {
                matches!(decision, Decision::Refute | Decision::Retest)
            }
            Self::Other => true,
        }
    }
}

/// The state of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody has decided.
    New,
    /// A decision is outstanding: one reviewer has decided, or a requested retest is recorded.
    InReview,
    /// A reviewer requested a further typing or sample of the child, and none is recorded since.
    RetestRequested,
    /// One reviewer confirmed. Only that reviewer sees this state; for everybody else the pair is in review.
    ConfirmedOnce,
    /// Two reviewers confirmed.
    Confirmed,
    /// Two reviewers refuted.
    Refuted,
    /// Two reviewers disagreed, or a further typing or sample contradicted: both decide again.
    Reopened,
}

words!(Status:
    New = "new", InReview = "in-review", RetestRequested = "retest-requested", ConfirmedOnce = "confirmed-once",
    Confirmed = "confirmed", Refuted = "refuted", Reopened = "reopened",
);

/// A part of the basis of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasisPart {
    /// The profile of the child.
    Profiles,
    /// The relatives, with their relations and profiles.
    Relatives,
    /// The model and the allele frequencies.
    Model,
}

words!(BasisPart: Profiles = "profiles", Relatives = "relatives", Model = "model");

/// What happens after a pair is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The family was informed.
    Informed,
    /// The family and the child recognised each other.
    Recognised,
    /// The child was handed over to the family.
    HandedOver,
    /// The household register has the child.
    Registered,
    /// The child was placed elsewhere, instead of being handed over.
    Placed,
}

words!(Step:
    Informed = "informed", Recognised = "recognised", HandedOver = "handed-over", Registered = "registered",
    Placed = "placed",
);

impl Step {
    /// Returns the steps of which one must be the last before this one; `None` stands for no step.
    #[must_use]
    pub const fn after(self) -> &'static [Option<Self>] {
        match self {
            Self::Informed => &[None],
            Self::Recognised => &[Some(Self::Informed)],
            Self::HandedOver => &[Some(Self::Recognised)],
            Self::Registered => &[Some(Self::HandedOver)],
            Self::Placed => &[Some(Self::Informed), Some(Self::Recognised)],
        }
    }
}

/// A reason to doubt a pair that the pair itself does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conflict {
    /// The family is withdrawn.
    FamilyWithdrawn,
    /// The pair never was a candidate of a run.
    NeverCandidate,
    /// Another child was confirmed for the family and is not refuted.
    FamilyConfirmed,
    /// The child was confirmed for another family and is not refuted.
    ChildConfirmed,
}

words!(Conflict:
    FamilyWithdrawn = "family-withdrawn", NeverCandidate = "never-candidate", FamilyConfirmed = "family-confirmed", ChildConfirmed = "child-confirmed",
);

/// A reason why a step that was taken should not have been taken. It is recorded, because it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepDoubt {
    /// The pair was not confirmed at that time.
    NotConfirmed,
    /// The basis was not that of the decisions.
    BasisChanged,
    /// No further typing or sample of the child agreed with the first.
    NotRechecked,
    /// Another confirmed pair had the same family or child.
    InConflict,
}

words!(StepDoubt:
    NotConfirmed = "not-confirmed", BasisChanged = "basis-changed", NotRechecked = "not-rechecked",
    InConflict = "in-conflict",
);

/// What has to be done for a child whose parents are not found, counted from the date of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deadline {
    /// The transfer of the child: 7 days.
    Transfer,
    /// The public notice: 30 days.
    PublicNotice,
    /// The certificate of the police: 1 month.
    PoliceCertificate,
    /// The final certificate: 12 months.
    Certificate,
}

words!(Deadline:
    Transfer = "transfer", PublicNotice = "public-notice", PoliceCertificate = "police-certificate",
    Certificate = "certificate",
);

/// What has to be done next about a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NextAction {
    /// A second reviewer decides.
    SecondDecision,
    /// Both reviewers decide.
    Decide,
    /// Both reviewers decide again, because they disagreed or the basis changed.
    DecideAgain,
    /// The child is typed again, as a reviewer requested.
    Retest,
    /// The child is typed a second time before the family is informed.
    Recheck,
    /// One of two confirmed pairs with the same family or child is refuted.
    ResolveConflict,
    /// The family is informed.
    Inform,
    /// The family and the child recognise each other.
    Recognise,
    /// The child is handed over.
    HandOver,
    /// The child is entered in the household register.
    Register,
}

impl NextAction {
    /// Returns the word for who does it: `reviewer`, `laboratory`, or `agency` for that of the family.
    #[must_use]
    pub const fn by(self) -> &'static str {
        match self {
            Self::SecondDecision | Self::Decide | Self::DecideAgain | Self::ResolveConflict => "reviewer",
            Self::Retest | Self::Recheck => "laboratory",
            Self::Inform | Self::Recognise | Self::HandOver | Self::Register => "agency",
        }
    }
}

words!(NextAction:
    SecondDecision = "second-decision", Decide = "decide", DecideAgain = "decide-again", Retest = "retest",
    Recheck = "recheck", ResolveConflict = "resolve-conflict", Inform = "inform", Recognise = "recognise", HandOver = "hand-over", Register = "register",
);
