//! Defines the events of a case, in the form in which the ledger keeps them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::basis::{Basis, Digest};
use super::reviewers::StaffCode;
use super::words::{BasisPart, Conflict, Deadline, Decision, ReasonCode, Step};

/// An event with its time and the account that recorded it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Seconds since 1970, UTC.
    pub at: i64,
    /// The number of the account in the operating system.
    pub uid: u32,
    /// The name of the account; empty if it has none.
    pub user: String,
    /// What happened.
    pub event: Event,
}

/// A reviewer's decision with everything that the reviewer signs beside the place in the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// The reviewer's staff code.
    pub staff: StaffCode,
    /// The reviewer's public key.
    pub key: Digest,
    /// The decision.
    pub decision: Decision,
    /// The reason for it.
    pub code: ReasonCode,
    /// A further remark, without names.
    pub text: Option<String>,
    /// What the decision is based on.
    pub basis: Basis,
    /// Number of further typings and samples of the child that agree with the first.
    pub rechecks: u32,
}

/// What happened to a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Event {
    /// A reviewer decided, and signed that.
    Decision(Decided),
    /// A further sample of the child was compared with the first.
    Retest {
        /// `true` if both are one person's.
        agrees: bool,
        /// Loci typed in both.
        loci: u32,
        /// Alleles that differ.
        differing: u32,
        /// Digest of the further profile.
        profile: Digest,
    },
    /// A further typing of the child was imported, and compared with those before it.
    Typing {
        /// `true` if all shared loci agree.
        agrees: bool,
        /// Loci typed in both.
        loci: u32,
        /// Loci that differ.
        differing: u32,
        /// The operation that imported it.
        by: String,
    },
    /// A confirmed pair has the same family or child as another one: both reviewers may decide again.
    Conflict {
        /// What the two pairs have in common.
        with: Vec<Conflict>,
    },
    /// A step after the confirmation was taken.
    Step {
        /// The step.
        step: Step,
        /// The day.
        date: Date,
        /// The basis at that time.
        basis: Basis,
        /// See [`Decided::rechecks`].
        rechecks: u32,
        /// Number of other pairs with the same family or child that were confirmed and are not refuted.
        #[serde(default)]
        conflicts: u32,
    },
    /// The basis changed, or something that bears on it.
    Changed {
        /// What changed.
        parts: Vec<BasisPart>,
        /// The operation that changed it; empty if it was noticed only afterwards.
        by: String,
    },
    /// The day on which a child was found. A later event of this kind corrects it.
    Found {
        /// The day.
        date: Date,
    },
    /// Something that a deadline requires was done for a child.
    Done {
        /// The deadline.
        deadline: Deadline,
        /// The day.
        date: Date,
    },
}
