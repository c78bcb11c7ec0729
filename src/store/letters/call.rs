//! Shows the laboratory's half of a code, for a call to the family.

use crate::audit::Entry;
use crate::model::Pseudonym;

use super::kept::KeptLetters;
use crate::store::error::StoreError;
use crate::store::folder::Store;

impl Store {
    /// Returns the laboratory's half of the code of a family's letter, which proves to the family who calls. It is recorded
    /// that it was shown.
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::WithdrawnFamily`], [`StoreError::NoLetter`], [`StoreError::VoidLetter`],
    /// [`StoreError::KeyNeeded`]; errors of the ledger, also if this account cannot write to it.
    pub fn call_family(&self, family: Pseudonym, entry: &Entry) -> Result<String, StoreError> {
        self.recording_unknown(entry, self.call_known_family(family, entry))
    }

    fn call_known_family(&self, family: Pseudonym, entry: &Entry) -> Result<String, StoreError> {
        let mut ledger = self.ledger()?;
        let codes = self.call_codes(&mut ledger)?;
        if !ledger.has_family(family)? {
            return Err(StoreError::NoFamily(family));
        }
        if ledger.is_withdrawn(family)? {
            return Err(StoreError::WithdrawnFamily(family));
        }
        let letters = KeptLetters::read(&ledger, &codes)?;
        let kept = letters.of(family).last().ok_or(StoreError::NoLetter(family))?;
        let code = kept.code.ok_or(StoreError::VoidLetter(family))?;
        ledger.append(&entry.clone().with("issue", kept.letter.issue).about([family]))?;
        Ok(code.laboratory())
    }
}
