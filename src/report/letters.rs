//! Writes the letters of families, and whose letter a code is of.

use serde::Serialize;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};
#[cfg(feature = "cli")]
use super::words::probability;
use crate::model::Pseudonym;

/// Whether a letter is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LetterState {
    /// It is valid.
    Valid,
    /// It is valid, and was issued before the last change of the key: whoever had that key knows its codes.
    EarlierKey,
    /// Its codes cannot be derived any more, because the key that it was issued under is lost.
    Void,
}

impl LetterState {
    /// Returns the word for the state.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::EarlierKey => "earlier-key",
            Self::Void => "void",
        }
    }
}

/// The last letter of a family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LetterRow {
    /// The family.
    pub family: Pseudonym,
    /// Its number, from 1.
    pub issue: u32,
    /// The day of its issue, by UTC; `None` if it is from before the last change of the key.
    pub issued_on: Option<String>,
    /// Whether it is valid.
    pub state: LetterState,
    /// The reason why the family is withdrawn.
    pub withdrawn: Option<String>,
}

impl LetterRow {
    /// Reports whether somebody should think about the letter.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.state != LetterState::Valid || self.withdrawn.is_some()
    }
}

/// The letters of families.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LettersReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The number of families that have a letter.
    pub families: u64,
    /// The letters that are listed, by family.
    pub letters: Vec<LetterRow>,
}

impl LettersReport {
    /// Returns a report on these letters.
    #[must_use]
    pub fn new(families: u64, letters: Vec<LetterRow>) -> Self {
        Self { schema_version: SCHEMA_VERSION, families, letters }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["family", "issue", "issued_on", "state", "withdrawn"]);
        for row in &self.letters {
            csv.field(row.family).field(row.issue).optional(row.issued_on.as_ref()).field(row.state.word());
            csv.optional(row.withdrawn.as_ref()).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a table for people.
    #[must_use]
    pub fn table(&self) -> Page {
        let rows = self.letters.iter().map(|row| {
            let issued_on = row.issued_on.clone().unwrap_or_default();
            let withdrawn = row.withdrawn.clone().unwrap_or_default();
            [row.family.to_string(), row.issue.to_string(), issued_on, row.state.word().to_owned(), withdrawn]
        });
        plain_table(["family", "letter", "issued on", "state", "withdrawn for"], &[1], rows)
    }
}

/// The halves of a code that were said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeHalf {
    /// The family's.
    Family,
    /// The laboratory's.
    Laboratory,
    /// Both.
    Both,
}

impl CodeHalf {
    /// Returns the word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Family => "family",
            Self::Laboratory => "laboratory",
            Self::Both => "both",
        }
    }
}

/// What a check of a code found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CodeResult {
    /// It is of the last letter of a family.
    Valid,
    /// It is of a letter that another one replaced.
    Replaced,
    /// It is of the last letter of a family that is withdrawn.
    Withdrawn,
    /// The family's half is of a letter, but the laboratory's half is not of the same one.
    Mismatch,
    /// It is of a letter to another family than the one named.
    OtherFamily,
    /// It is of no letter.
    Unknown,
    /// It is no code: its check digit or its number of digits is wrong.
    Mistyped,
}

impl CodeResult {
    /// All results.
    pub const ALL: [Self; 7] = [
        Self::Valid,
        Self::Replaced,
        Self::Withdrawn,
        Self::Mismatch,
        Self::OtherFamily,
        Self::Unknown,
        Self::Mistyped,
    ];

    /// Returns the word for it, in files and in the audit chain.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Replaced => "replaced",
            Self::Withdrawn => "withdrawn",
            Self::Mismatch => "mismatch",
            Self::OtherFamily => "other-family",
            Self::Unknown => "unknown",
            Self::Mistyped => "mistyped",
        }
    }

    /// Reports whether somebody who guesses would get this result.
    #[must_use]
    pub fn is_failed(self) -> bool {
        match self {
            Self::Valid | Self::Replaced | Self::Withdrawn => false,
            Self::Mismatch | Self::OtherFamily | Self::Unknown | Self::Mistyped => true,
        }
    }
}

/// The result of checking a code.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LetterCheck {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The result.
    pub result: CodeResult,
    /// The halves that were said; `None` for what is no code.
    pub said: Option<CodeHalf>,
    /// Why it is no code.
    pub why: Option<String>,
    /// The family to whose letter the code belongs.
    pub family: Option<Pseudonym>,
    /// The number of that letter.
    pub issue: Option<u32>,
    /// The number of the family's last letter.
    pub last_issue: Option<u32>,
    /// The day of its issue, by UTC; `None` if it is from before the last change of the key.
    pub issued_on: Option<String>,
    /// The reason why the family is withdrawn.
    pub withdrawn: Option<String>,
    /// The number of letters with a code, the replaced ones included.
    pub letters: u64,
    /// The probability that a guess with right check digits would be the code of a letter.
    pub chance: Option<f64>,
    /// After a failed check: the number of failed checks in the last seven days, with this one.
    pub failed_in_a_week: Option<u64>,
}

impl LetterCheck {
    /// Returns the result for what is no code.
    #[must_use]
    pub fn new(letters: u64) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            result: CodeResult::Mistyped,
            said: None,
            why: None,
            family: None,
            issue: None,
            last_issue: None,
            issued_on: None,
            withdrawn: None,
            letters,
            chance: None,
            failed_in_a_week: None,
        }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header and one row.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header([
            "result",
            "said",
            "why",
            "family",
            "issue",
            "last_issue",
            "issued_on",
            "withdrawn",
            "letters",
            "chance",
            "failed_in_a_week",
        ]);
        csv.field(self.result.word()).optional(self.said.map(CodeHalf::word)).optional(self.why.as_ref());
        csv.optional(self.family).optional(self.issue).optional(self.last_issue).optional(self.issued_on.as_ref());
        csv.optional(self.withdrawn.as_ref()).field(self.letters).optional(self.chance);
        csv.optional(self.failed_in_a_week).end_row();
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns lines for people.
    #[must_use]
    pub fn page(&self) -> Page {
        let family = self.family.map_or_else(String::new, |family| family.to_string());
        let issue = self.issue.unwrap_or_default();
        let last = self.last_issue.unwrap_or_default();
        let mut text = match self.result {
            CodeResult::Valid => format!("valid: letter {issue} to the family {family}\n"),
            CodeResult::Replaced => format!(
                "replaced: letter {issue} to the family {family}, which now has letter {last}: ask for the code of that one\n"
            ),
            CodeResult::Withdrawn => format!("withdrawn: letter {issue} to the family {family}\n"),
            CodeResult::Mismatch => format!(
                "wrong: the first half is of letter {issue} to the family {family}, the second half is not of that letter: who \
                 said it to the family is not the laboratory\n"
            ),
            CodeResult::OtherFamily => format!("wrong: it is of a letter to another family, {family}\n"),
            CodeResult::Unknown if self.said == Some(CodeHalf::Laboratory) => {
                "wrong: it is not the laboratory's half of a letter to this family: who said it to the family is not the \
                 laboratory\n"
                    .to_owned()
            }
            CodeResult::Unknown => "unknown: it is of no letter; do not say anything about a family to this caller\n".to_owned(),
            CodeResult::Mistyped => format!("mistyped: {}; ask for it again\n", self.why.as_deref().unwrap_or_default()),
        };
        if let Some(issued_on) = &self.issued_on {
            text += &format!("issued on {issued_on}\n");
        } else if self.family.is_some() {
            text += "issued before the last change of the key\n";
        }
        if let Some(reason) = &self.withdrawn {
            text += &format!("the family is withdrawn ({reason}); do not call it about a search\n");
        }
        if let Some(chance) = self.chance.filter(|chance| *chance > 0.0) {
            text += &format!("a guessed code would be found with a probability of {}\n", probability(chance));
        }
        text.into()
    }
}
