//! Lists the letters that families have.

use jiff::Timestamp;

use crate::audit::Entry;
use crate::ledger::Letter;
use crate::report::{LetterRow, LetterState, LettersReport};

use crate::store::error::StoreError;
use crate::store::folder::Store;

impl Store {
    /// Lists the last letter of every family that has one. `outdated` selects letters from before the last change of the
    /// key, which stay valid unless that key was lost, and letters of withdrawn families.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// for row in store.list_letters(true, &store::entry("letter list", None))?.letters {
    ///     println!("{}: letter {}, {}", row.family, row.issue, row.state.word());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn list_letters(&self, outdated: bool, entry: &Entry) -> Result<LettersReport, StoreError> {
        let mut ledger = self.ledger()?;
        let mut rows: Vec<LetterRow> = Vec::new();
        for letter in ledger.letters()? {
            // The last letter of a family comes after the others.
            rows.pop_if(|row| row.family == letter.family);
            let state = match (letter.shift, letter.issued_on) {
                (None, _) => LetterState::Void,
                (Some(_), None) => LetterState::EarlierKey,
                (Some(_), Some(_)) => LetterState::Valid,
            };
            rows.push(LetterRow {
                family: letter.family,
                issue: letter.issue,
                issued_on: issued_on(&letter),
                state,
                withdrawn: letter.withdrawn,
            });
        }
        let families = rows.len() as u64;
        rows.retain(|row| !outdated || row.is_outdated());
        rows.sort_by_key(|row| row.family);
        let entry = entry.clone().with("letters", rows.len()).about(rows.iter().map(|row| row.family));
        ledger.append_look(&entry)?;
        Ok(LettersReport::new(families, rows))
    }
}

/// Returns the day on which a letter was issued; `None` if it is not known.
pub(super) fn issued_on(letter: &Letter) -> Option<String> {
    letter.issued_on.map(|on| day(on.into()))
}

/// Returns a day from the days since 1970, UTC: `2026-11-30`.
pub(super) fn day(days: i64) -> String {
    let at = Timestamp::from_second(days.saturating_mul(86_400)).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%d").to_string()
}
