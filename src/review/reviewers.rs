//! Defines reviewers, and the roll on which they are enrolled.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::words::Role;
use crate::audit::ReviewerPublicKey;

/// The code by which a laboratory knows a member of its staff: 1 to 20 letters, digits, `-` or `_`. It is no name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StaffCode(String);

/// A text that is no staff code. The error does not contain the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a staff code is 1 to 20 letters, digits, `-` or `_`, and begins with a letter or digit")]
pub struct StaffCodeError;

impl FromStr for StaffCode {
    type Err = StaffCodeError;

    fn from_str(text: &str) -> Result<Self, StaffCodeError> {
        let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        let begins = text.bytes().next().is_some_and(|c| c.is_ascii_alphanumeric());
        if begins && text.len() <= 20 && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(StaffCodeError)
        }
    }
}

impl TryFrom<String> for StaffCode {
    type Error = StaffCodeError;

    fn try_from(text: String) -> Result<Self, StaffCodeError> {
        text.parse()
    }
}

impl From<StaffCode> for String {
    fn from(code: StaffCode) -> Self {
        code.0
    }
}

impl fmt::Display for StaffCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StaffCode {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reports whether two codes are of one person: case does not distinguish people.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

/// An enrolment of a reviewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewer {
    /// The staff code.
    pub staff: StaffCode,
    /// The public key.
    pub key: ReviewerPublicKey,
    /// The role.
    pub role: Role,
    /// Time of the enrolment: seconds since 1970, UTC.
    pub enrolled_at: i64,
    /// The account that enrolled the reviewer.
    pub enrolled_by: String,
    /// Time at which the enrolment ended; `None` if it has not.
    pub withdrawn_at: Option<i64>,
}

/// All enrolments, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roll(pub Vec<Reviewer>);

impl Roll {
    /// Returns the present enrolment of a staff code.
    #[must_use]
    pub fn enrolled(&self, staff: &StaffCode) -> Option<&Reviewer> {
        self.present().find(|one| one.staff.is_same(staff))
    }

    /// Returns the present enrolment with a key.
    #[must_use]
    pub fn with_key(&self, key: ReviewerPublicKey) -> Option<&Reviewer> {
        self.present().find(|one| one.key == key)
    }

    /// Reports whether a key was ever enrolled. It is never enrolled again, so that a key stands for one person.
    #[must_use]
    pub fn knows_key(&self, key: ReviewerPublicKey) -> bool {
        self.0.iter().any(|one| one.key == key)
    }

    /// Ends the present enrolment of a staff code. Returns `false` if there is none.
    pub fn withdraw(&mut self, staff: &StaffCode, at: i64) -> bool {
        let found = self.0.iter_mut().find(|one| one.withdrawn_at.is_none() && one.staff.is_same(staff));
        found.map(|one| one.withdrawn_at = Some(at)).is_some()
    }

    /// Gives the present enrolment of a staff code another role. Returns `false` if there is none.
    pub fn set_role(&mut self, staff: &StaffCode, role: Role) -> bool {
        let found = self.0.iter_mut().find(|one| one.withdrawn_at.is_none() && one.staff.is_same(staff));
        found.map(|one| one.role = role).is_some()
    }

    /// Returns the present enrolments.
    pub(crate) fn present(&self) -> impl Iterator<Item = &Reviewer> {
        self.0.iter().filter(|one| one.withdrawn_at.is_none())
    }
}
