//! Says whose letter a code is of.

use crate::audit::Entry;
use crate::model::Pseudonym;
use crate::pseudonym::{CallCode, Mistyped, SaidCode};
use crate::report::{CodeHalf, CodeResult, LetterCheck};

use super::kept::{KeptLetter, KeptLetters};
use super::list::issued_on;
use crate::store::actor::now;
use crate::store::error::StoreError;
use crate::store::folder::Store;

/// The time in which failed checks are counted, in seconds.
const WEEK: i64 = 7 * 86_400;

impl Store {
    /// Finds the family to whose letter a code belongs. `said` is the family's half, the laboratory's half or both; `family`
    /// is who the caller claims to be, which is required with the laboratory's half alone. Every check is recorded with its
    /// result, and without the code.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// use reunite::pseudonym::KeySource;
    /// use reunite::report::CodeResult;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let store = Store::open("store".as_ref(), Some(KeySource::File("store.key".into())))?;
    /// let check = store.check_letter("1234 5678 9012", None, &store::entry("letter check", None))?;
    /// if check.result == CodeResult::Valid {
    ///     println!("family {}", check.family.map_or_else(String::new, |family| family.to_string()));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::HalfAlone`], [`StoreError::KeyNeeded`]; errors of the ledger, also if this
    /// account cannot write to it: a check without a record would let somebody guess.
    pub fn check_letter(
        &self,
        said: &str,
        family: Option<Pseudonym>,
        entry: &Entry,
    ) -> Result<LetterCheck, StoreError> {
        self.recording_unknown(entry, self.check_letter_of_known(said, family, entry))
    }

    fn check_letter_of_known(
        &self,
        said: &str,
        family: Option<Pseudonym>,
        entry: &Entry,
    ) -> Result<LetterCheck, StoreError> {
        let said: Result<SaidCode, Mistyped> = said.parse();
        if family.is_none() && said.is_ok_and(|said| !said.has_family()) {
            return Err(StoreError::HalfAlone);
        }
        let mut ledger = self.ledger()?;
        let codes = self.call_codes(&mut ledger)?;
        if let Some(family) = family
            && !ledger.has_family(family)?
        {
            return Err(StoreError::NoFamily(family));
        }
        let letters = KeptLetters::read(&ledger, &codes)?;
        let mut check = checked(said, family, &letters);
        let about = check.family.into_iter().chain(family);
        let record = entry.clone().with("result", check.result.word()).with("said", check.said.map(CodeHalf::word));
        ledger.append(&record.about(about))?;
        if check.result.is_failed() {
            let failed: Vec<&str> =
                CodeResult::ALL.into_iter().filter(|one| one.is_failed()).map(CodeResult::word).collect();
            let since = now()?.as_second() - WEEK;
            check.failed_in_a_week = Some(ledger.count_records(&entry.command, since, "result", &failed)?);
        }
        Ok(check)
    }
}

/// Compares what was said with all letters.
fn checked(said: Result<SaidCode, Mistyped>, named: Option<Pseudonym>, letters: &KeptLetters) -> LetterCheck {
    let mut check = LetterCheck::new(letters.all().iter().filter(|kept| kept.code.is_some()).count() as u64);
    let said = match said {
        Ok(said) => said,
        Err(why) => {
            check.why = Some(why.to_string());
            return check;
        }
    };
    let (half, chance) = match (said.has_family(), said.has_laboratory()) {
        (true, true) => (CodeHalf::Both, in_all(check.letters) / CallCode::LABORATORY_CODES as f64),
        (true, false) => {
            (CodeHalf::Family, named.map_or(in_all(check.letters), |family| in_all(letters.of(family).len() as u64)))
        }
        (false, _) => {
            let of_family = named.map_or(0, |family| letters.of(family).len());
            (CodeHalf::Laboratory, of_family as f64 / CallCode::LABORATORY_CODES as f64)
        }
    };
    (check.said, check.chance) = (Some(half), Some(chance));
    let found = |kept: &&KeptLetter| {
        kept.code.is_some_and(|code| match half {
            CodeHalf::Laboratory => said.is_laboratory_of(&code),
            CodeHalf::Family | CodeHalf::Both => said.is_family_of(&code),
        })
    };
    let kept = match (half, named) {
        (CodeHalf::Laboratory, Some(family)) => letters.of(family).iter().rev().find(found),
        (CodeHalf::Laboratory, None) => None,
        _ => letters.all().iter().find(found),
    };
    let Some(kept) = kept else {
        check.result = CodeResult::Unknown;
        return check;
    };
    let letter = &kept.letter;
    let last = letters.of(letter.family).last().map_or(letter.issue, |last| last.letter.issue);
    check.family = Some(letter.family);
    (check.issue, check.last_issue) = (Some(letter.issue), Some(last));
    check.issued_on = issued_on(letter);
    check.withdrawn.clone_from(&letter.withdrawn);
    let has_other_half = half == CodeHalf::Both && !kept.code.is_some_and(|code| said.is_laboratory_of(&code));
    check.result = if named.is_some_and(|named| named != letter.family) {
        CodeResult::OtherFamily
    } else if has_other_half {
        CodeResult::Mismatch
    } else if letter.issue < last {
        CodeResult::Replaced
    } else if letter.withdrawn.is_some() {
        CodeResult::Withdrawn
    } else {
        CodeResult::Valid
    };
    check
}

/// Returns the probability that a guessed half of a family is that of one of these letters.
fn in_all(letters: u64) -> f64 {
    letters as f64 / CallCode::FAMILY_CODES as f64
}
