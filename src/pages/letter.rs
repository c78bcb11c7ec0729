//! The letter to a family: how it can tell a call of the laboratory from fraud.

use serde_json::{Value, json};

use super::error::PageError;
use super::phrases::Catalogue;
use super::render::{finish, json_page};
use super::templates::Templates;
use crate::model::{Language, Pseudonym};

/// Everything that the letter to a family says.
pub struct LetterPage {
    /// The day of its issue, by UTC.
    pub issued_on: String,
    /// The program and its version.
    pub program: String,
    /// The family. The page shows its first digits only.
    pub family: Pseudonym,
    /// The number of the letter.
    pub issue: u32,
    /// `true` if it replaces an earlier letter.
    pub replaces: bool,
    /// The half of the code that the family says.
    pub family_half: String,
    /// The half of the code that the laboratory says.
    pub laboratory_half: String,
    /// The name of the laboratory.
    pub laboratory: String,
    /// The number that the family calls.
    pub phone: String,
}

/// The digits of a pseudonym that the letter shows.
const DIGITS: usize = 8;

impl LetterPage {
    /// Returns what the page says as one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        json_page("letter", self.context())
    }

    /// Returns the page: one HTML file without script and without any other file.
    ///
    /// # Errors
    /// [`PageError`] if a laboratory's own template is invalid, or names what there is not.
    pub fn html(&self, language: Language, templates: &Templates) -> Result<String, PageError> {
        finish((language, Catalogue::of(language)?), templates, "letter.html", self.context())
    }

    /// Returns the values of the page, without what depends on the language.
    fn context(&self) -> Value {
        let digits: String = self.family.to_string().chars().take(DIGITS).collect();
        json!({
            "issued_on": self.issued_on,
            "program": self.program,
            "family": digits,
            "issue": self.issue,
            "replaces": self.replaces,
            "family_code": self.family_half,
            "laboratory_code": self.laboratory_half,
            "laboratory": self.laboratory,
            "phone": self.phone,
        })
    }
}
