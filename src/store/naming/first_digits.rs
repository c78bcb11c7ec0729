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
        let (first, last) = between(text)?;
        let mut ledger = self.ledger()?;
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

/// Returns the first and the last pseudonym that begin with these digits.
pub(in crate::store) fn between(digits: &str) -> Result<(Pseudonym, Pseudonym), FirstDigitsError> {
    let end = |digit: &str| -> Result<Pseudonym, FirstDigitsError> {
        let missing = (2 * Pseudonym::LEN).checked_sub(digits.len()).ok_or(FirstDigitsError::NotDigits)?;
        (digits.to_owned() + &digit.repeat(missing)).parse().map_err(|_| FirstDigitsError::NotDigits)
    };
    Ok((end("0")?, end("f")?))
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn digits_are_between_the_first_and_the_last_pseudonym() {
        let (first, last) = between("0A1").unwrap();
        assert_eq!(first.to_string(), format!("0a1{}", "0".repeat(29)));
        assert_eq!(last.to_string(), format!("0a1{}", "f".repeat(29)));
        let whole = "00112233445566778899aabbccddeeff";
        assert_eq!(between(whole).unwrap().0, between(whole).unwrap().1);
        for bad in ["g", "0 ", "\u{e9}", &format!("{whole}0")] {
            assert!(between(bad).is_err(), "{bad}");
        }
    }
}
