//! Defines what is known of a certificate, and of a claim.

use jiff::civil::Date;

use super::number::{Issue, NumberHash};
use crate::model::{Place, Pseudonym, Sex};

/// A certificate of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The keyed hash of its number.
    pub number: NumberHash,
    /// The letter and province of its number.
    pub issue: Issue,
    /// The sex of the child.
    pub sex: Sex,
    /// The day of birth.
    pub born: Option<Date>,
    /// The place of birth.
    pub birth_place: Option<Place>,
    /// The day of issue.
    pub issued_on: Option<Date>,
    /// The place of issue.
    pub issued_in: Option<Place>,
    /// The mother, in the form of a sample's pseudonym.
    pub mother: Option<Pseudonym>,
    /// The father, in the same form; some certificates name none.
    pub father: Option<Pseudonym>,
}

/// The number in a claim, as hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedNumber {
    /// The keyed hash of the number, or of the text of a malformed one.
    pub hash: NumberHash,
    /// The letter and province; `None` if the number is malformed.
    pub issue: Option<Issue>,
    /// The keyed hashes of the numbers that follow it.
    pub next: Vec<NumberHash>,
}

/// A child's claim of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The child; `None` if the claim is only looked up and names no sample.
    pub child: Option<Pseudonym>,
    /// The number.
    pub number: ClaimedNumber,
    /// The claimed sex.
    pub sex: Sex,
    /// The claimed day of birth.
    pub born: Option<Date>,
    /// The day of the claim.
    pub claimed_on: Option<Date>,
    /// The place of the claim.
    pub place: Option<Place>,
    /// The agency of the child's sample.
    pub agency: Option<String>,
}
