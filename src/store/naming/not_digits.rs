//! Defines why digits do not name one family or child.

use std::fmt;

use crate::model::PseudonymError;

/// The least number of digits.
pub(in crate::store) const LEAST: usize = 6;

/// Whose pseudonym begins with some digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A family.
    Family,
    /// A child.
    Child,
    /// A sample of a child or a relative.
    Sample,
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Family => "family",
            Self::Child => "child",
            Self::Sample => "sample",
        })
    }
}

/// Why digits do not name one family or child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FirstDigitsError {
    /// They are neither a pseudonym nor its first digits.
    #[error("{PseudonymError}, or at least its first {LEAST} digits")]
    NotDigits,
    /// Nobody's pseudonym begins with them.
    #[error("the store has no {0} whose pseudonym begins with these digits")]
    Nobody(Whom),
    /// Several pseudonyms begin with them.
    #[error("several pseudonyms begin with these digits: give more of them, for one {0}")]
    Several(Whom),
}
