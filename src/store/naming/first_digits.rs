//! Finds families and children by the first digits of their pseudonyms, as pages show them.

use crate::audit::Entry;
use crate::model::Pseudonym;

use super::not_digits::{FirstDigitsError, LEAST, Whom};
use crate::store::error::StoreError;
use crate::store::folder::Store;

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
            Whom::Sample => ledger.samples_between(first, last, 2)?,
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
