//! Issues the letter to a family, and gathers the page to hand over.

use crate::audit::Entry;
use crate::model::Pseudonym;
use crate::pages::LetterPage;
use crate::pseudonym::{CallCode, CodeShift};

use super::kept::KeptLetters;
use super::list::day;
use crate::store::actor::now;
use crate::store::error::StoreError;
use crate::store::folder::Store;

/// The letter to write.
#[derive(Clone, Copy, Debug)]
pub struct LetterOptions<'a> {
    /// The family.
    pub family: Pseudonym,
    /// `true` to replace the letter that the family has: its codes are not valid any more.
    pub renew: bool,
    /// The name of the laboratory; `None` for the one in the store's settings.
    pub laboratory: Option<&'a str>,
    /// The number that the family calls; `None` for the one in the store's settings.
    pub phone: Option<&'a str>,
}

impl Store {
    /// Issues a letter with codes to a family, and gathers its page. A family that has a letter gets the same codes again,
    /// unless it is to be replaced.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// use reunite::pages::{Language, Templates};
    /// use reunite::pseudonym::KeySource;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let store = Store::open("store".as_ref(), Some(KeySource::File("store.key".into())))?;
    /// let family = "6f7d1c0b5a4e4d3c8b2a190817263544".parse()?;
    /// let options = LetterOptions { family, renew: false, laboratory: Some("Laboratory"), phone: Some("0531 1234567") };
    /// let page = store.write_letter(&options, &store::entry("letter", None))?;
    /// write_private("letter.html".as_ref(), page.html(Language::Chinese, &Templates::embedded())?.as_bytes())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::WithdrawnFamily`], [`StoreError::LetterLacksLaboratory`], [`StoreError::LetterLacksPhone`], [`StoreError::VoidLetter`],
    /// [`StoreError::KeyNeeded`], [`StoreError::Locked`]; errors of the ledger. Nothing is recorded then.
    pub fn write_letter(&self, options: &LetterOptions<'_>, entry: &Entry) -> Result<LetterPage, StoreError> {
        self.recording_unknown(entry, self.write_letter_to_known(options, entry))
    }

    fn write_letter_to_known(&self, options: &LetterOptions<'_>, entry: &Entry) -> Result<LetterPage, StoreError> {
        let family = options.family;
        let given = |option: Option<&str>, setting: &Option<String>| {
            let text = option.map(str::to_owned).or_else(|| setting.clone());
            text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let laboratory = given(options.laboratory, &self.letter.laboratory).ok_or(StoreError::LetterLacksLaboratory)?;
        let phone = given(options.phone, &self.letter.phone).ok_or(StoreError::LetterLacksPhone)?;
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let codes = self.call_codes(&mut ledger)?;
        if !ledger.has_family(family)? {
            return Err(StoreError::NoFamily(family));
        }
        if ledger.is_withdrawn(family)? {
            return Err(StoreError::WithdrawnFamily(family));
        }
        let letters = KeptLetters::read(&ledger, &codes)?;
        let last = letters.of(family).last();
        let (issue, code): (u32, CallCode) = match last {
            Some(kept) if !options.renew => {
                let code = kept.code.ok_or(StoreError::VoidLetter(family))?;
                ledger.append(&entry.clone().with("issue", kept.letter.issue).with("again", true).about([family]))?;
                (kept.letter.issue, code)
            }
            _ => {
                // No two letters have the same family's half, so that it names one family.
                let is_used = |code: &CallCode| {
                    letters.all().iter().filter_map(|one| one.code).any(|other| other.has_family_half_of(code))
                };
                let mut issue = last.map_or(0, |kept| kept.letter.issue).saturating_add(1);
                let mut code = codes.derive(family, issue, CodeShift::default());
                while is_used(&code) {
                    issue = issue.saturating_add(1);
                    code = codes.derive(family, issue, CodeShift::default());
                }
                ledger.add_letter(family, issue, entry)?;
                (issue, code)
            }
        };
        Ok(LetterPage {
            issued_on: day(now()?.as_second() / 86_400),
            program: concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned(),
            family,
            issue,
            replaces: letters.of(family).iter().any(|kept| kept.letter.issue < issue),
            family_half: code.family(),
            laboratory_half: code.laboratory(),
            laboratory,
            phone,
        })
    }
}
