//! The language of what the program says: every text is English in the code, and Chinese by a catalogue.
//!
//! The catalogue has the English texts as its keys, with their placeholders: `"{} of {total} children"`. A text that was
//! put together is found again as the template that it came from, and what fills its placeholders is looked up in the same
//! way. A text, or a part of one, that the catalogue does not have stays English, so nothing is lost; a test demands that
//! it has all of them.

mod catalogue;
mod wrap;

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::model::Language;
use catalogue::Catalogue;

pub use wrap::{width_of, wrap};

/// The parts of the catalogue.
const CHINESE: [&str; 7] = [
    include_str!("zh/cli.toml"),
    include_str!("zh/formats.toml"),
    include_str!("zh/intake.toml"),
    include_str!("zh/ledger.toml"),
    include_str!("zh/report.toml"),
    include_str!("zh/store.toml"),
    include_str!("zh/words.toml"),
];

static TEMPLATES: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(CHINESE));

/// Returns a text in a language: of one or several lines, each with the blanks at its beginning, and with its columns
/// where they are.
#[must_use]
pub fn in_language(text: &str, language: Language) -> Cow<'_, str> {
    match language {
        Language::English => Cow::Borrowed(text),
        Language::Chinese => TEMPLATES.text(text),
    }
}
