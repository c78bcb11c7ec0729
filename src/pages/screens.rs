//! The pages to work on that the program serves: the list of candidates, forms, statistics. Reports are shown in the
//! same frame: see [`Templates::framed`].

use serde_json::Value;

use super::error::PageError;
use super::phrases::{Catalogue, parts};
use super::render::page;
use super::rows::{OwnNumbers, add_numbers, candidates};
use super::templates::Templates;
use crate::model::Language;
use crate::report::CandidateRow;

/// The script of the pages.
pub const SCRIPT: &str = include_str!("templates/work/keys.js");

/// The icon of the pages.
pub const ICON: &str = include_str!("templates/work/icon.svg");

/// The styles of the pages, those of reports first.
pub const STYLES: [&str; 3] =
    [include_str!("templates/style.css"), include_str!("templates/lists.css"), include_str!("templates/work/work.css")];

/// A page that is not a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Asks for a staff code and a passphrase.
    SignIn,
    /// Lists candidates.
    Candidates,
    /// Shows candidates of one child or of one family side by side.
    Compare,
    /// Lists what waits for whom.
    Waiting,
    /// Lists what is due about samples.
    Samples,
    /// Shows counts for supervisors.
    Statistics,
    /// Lists the enrolled persons.
    Accounts,
    /// Lists the open sessions of a person.
    Sessions,
    /// Takes a file, shows what was found in it, and asks for a confirmation.
    Import,
    /// Shows what a family can find, and whom to sample next.
    Power,
    /// Starts, follows and stops a match.
    Match,
    /// Says why there is no other page.
    Message,
}

impl Screen {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::SignIn,
        Self::Candidates,
        Self::Compare,
        Self::Waiting,
        Self::Samples,
        Self::Statistics,
        Self::Accounts,
        Self::Sessions,
        Self::Import,
        Self::Power,
        Self::Match,
        Self::Message,
    ];

    pub(super) fn template(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in.html",
            Self::Candidates => "list.html",
            Self::Compare => "compare.html",
            Self::Waiting => "waiting.html",
            Self::Samples => "samples.html",
            Self::Statistics => "statistics.html",
            Self::Accounts => "accounts.html",
            Self::Sessions => "sessions.html",
            Self::Import => "import.html",
            Self::Power => "power.html",
            Self::Match => "match.html",
            Self::Message => "message.html",
        }
    }

    /// Returns the page with these values in a frame, see [`Templates::framed`].
    ///
    /// # Errors
    /// [`PageError`] if a value is missing.
    pub fn html(self, language: Language, templates: &Templates, context: &Value) -> Result<String, PageError> {
        page(templates, Catalogue::of(language)?, self.template(), context)
    }
}

/// Returns candidates as values for [`Screen::Candidates`].
///
/// # Errors
/// Never: these types can always be serialised.
pub fn candidate_rows(rows: &[CandidateRow]) -> serde_json::Result<Value> {
    let mut rows = Value::from(candidates(rows, rows.len())?);
    add_numbers(&mut rows, &OwnNumbers::default());
    Ok(rows)
}

/// The phrases that are said above a page, after what was done or refused.
pub const SAYINGS: [&str; 16] = [
    "sign_in.failed",
    "pair.decided",
    "pair.decided_waiting",
    "pair.stale",
    "pair.wrong_passphrase",
    "pair.incomplete",
    "pair.refused",
    "import.no_file",
    "import.not_for_lists",
    "import.no_map",
    "import.busy",
    "import.gone",
    "import.discarded",
    "match.busy",
    "match.stopping",
    "sessions.ended",
];

/// Returns one of [`SAYINGS`] as plain text, with its placeholders replaced.
///
/// # Errors
/// [`PageError::NoPhrase`] for another key.
pub fn saying(language: Language, key: &str, values: &[(&str, &str)]) -> Result<String, PageError> {
    let words = Catalogue::of(language)?;
    let value = |name: &str| values.iter().find(|value| value.0 == name).map_or("", |value| value.1);
    Ok(parts(words.need(key)?).into_iter().map(|part| part.unwrap_or_else(value)).collect())
}

/// Returns the phrase for a word of the program, such as `status` and `in-review`.
///
/// # Errors
/// [`PageError::NoPhrase`] for an unknown word.
pub fn phrase_of(language: Language, section: &str, word: &str) -> Result<String, PageError> {
    Ok(Catalogue::of(language)?.need(&format!("{section}.{word}"))?.to_owned())
}
