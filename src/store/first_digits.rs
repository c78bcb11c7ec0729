//! Finds families and children by the first digits of their pseudonyms, as pages show them.

use std::fmt;

use crate::audit::Entry;
use crate::model::{Pseudonym, PseudonymError};

use super::error::StoreError;
use super::folder::Store;

/// The least number of digits.
const LEAST: usize = 6;

/// Whose pseudonym begins with some digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A family.
    Family,
    /// A child.
    Child,
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Family => "family",
            Self::Child => "child",
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

impl Store {
    /// Returns a pseudonym from its text: all of it, which is not looked up, or at least 6 of its first digits, if they are
    /// those of one family or child of the store only. A question that nobody answers to is recorded.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let entry = store::entry("missed", None);
    /// let family = store.whom(Whom::Family, "6f7d1c0b", &entry)?;
    /// println!("{family}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::FirstDigits`]; errors of the ledger.
    pub fn whom(&self, whom: Whom, text: &str, entry: &Entry) -> Result<Pseudonym, StoreError> {
        if let Ok(whole) = text.parse() {
            return Ok(whole);
        }
        let is_short = (LEAST..2 * Pseudonym::LEN).contains(&text.len());
        if !is_short || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(FirstDigitsError::NotDigits.into());
        }
        let end = |digit: &str| -> Result<Pseudonym, StoreError> {
            let padded = text.to_owned() + &digit.repeat(2 * Pseudonym::LEN - text.len());
            padded.parse().map_err(|_| FirstDigitsError::NotDigits.into())
        };
        let mut ledger = self.ledger()?;
        let (first, last) = (end("0")?, end("f")?);
        let found = match whom {
            Whom::Family => ledger.families_between(first, last, 2)?,
            Whom::Child => ledger.children_between(first, last, 2)?,
        };
        match found.as_slice() {
            [one] => Ok(*one),
            [] => {
                ledger.append_look(&entry.clone().with("outcome", "unknown"))?;
                Err(FirstDigitsError::Nobody(whom).into())
            }
            _ => Err(FirstDigitsError::Several(whom).into()),
        }
    }
}
