//! Reads the letters of the ledger with the codes that they bear.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::ledger::{Ledger, LedgerError, Letter, LetterShifts};
use crate::model::Pseudonym;
use crate::pseudonym::{CallCode, CallCodes, CodeShift, SecretKey};

use crate::store::error::StoreError;
use crate::store::folder::Store;

/// A letter of the ledger, and its code; `None` if the key that it was issued under is lost.
pub(super) struct KeptLetter {
    pub(super) letter: Letter,
    pub(super) code: Option<CallCode>,
}

/// All letters, those of a family together by number.
pub(super) struct KeptLetters {
    all: Vec<KeptLetter>,
}

impl KeptLetters {
    /// Reads all letters, and derives their codes.
    pub(super) fn read(ledger: &Ledger, codes: &CallCodes) -> Result<Self, LedgerError> {
        let with_code = |letter: Letter| {
            let code = code_of(codes, &letter)?;
            Ok(KeptLetter { letter, code })
        };
        let all = ledger.letters()?.into_par_iter().map(with_code).collect::<Result<_, LedgerError>>()?;
        Ok(Self { all })
    }

    /// Returns all letters.
    pub(super) fn all(&self) -> &[KeptLetter] {
        &self.all
    }

    /// Returns the letters of a family, the last one last.
    pub(super) fn of(&self, family: Pseudonym) -> &[KeptLetter] {
        let Some(first) = self.all.iter().position(|one| one.letter.family == family) else { return &[] };
        let number = self.all[first..].iter().take_while(|one| one.letter.family == family).count();
        &self.all[first..first + number]
    }
}

/// Returns the code of a letter; `None` if the key that it was issued under is lost.
fn code_of(codes: &CallCodes, letter: &Letter) -> Result<Option<CallCode>, LedgerError> {
    let Some(shift) = letter.shift else { return Ok(None) };
    let damaged = || LedgerError::Damaged {
        of: format!("a letter to the family {}", letter.family),
        what: "its shift is out of range",
    };
    let shift = CodeShift::from_bytes(shift).ok_or_else(damaged)?;
    Ok(Some(codes.derive(letter.family, letter.issue, shift)))
}

/// Returns what keeps the codes of all letters valid under the next key, for families with these new names.
pub(in crate::store) fn carried_codes(
    ledger: &Ledger,
    present: &SecretKey,
    next: &SecretKey,
    families: &HashMap<Pseudonym, Pseudonym>,
) -> Result<LetterShifts, StoreError> {
    let (present, next) = (CallCodes::new(present), CallCodes::new(next));
    let mut shifts = LetterShifts::new();
    for letter in ledger.letters()? {
        if let (Some(code), Some(new)) = (code_of(&present, &letter)?, families.get(&letter.family)) {
            shifts.insert((letter.family, letter.issue), next.shift_to(code, *new, letter.issue).bytes());
        }
    }
    Ok(shifts)
}

impl Store {
    /// Returns the codes of the store's key, after checking that the key belongs to this store.
    pub(super) fn call_codes(&self, ledger: &mut Ledger) -> Result<CallCodes, StoreError> {
        self.pseudonymizer(ledger)?;
        Ok(CallCodes::new(&*self.key()?))
    }
}
