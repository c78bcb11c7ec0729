//! Writes pages to hand over, as self-contained HTML in Chinese and English: no script, no network, nothing to install.
//!
//! A page has its text from the templates in `templates`, which a laboratory may replace by its own, and every word from
//! the catalogues in `words`.

mod candidate;
mod drawings;
mod error;
mod family;
mod letter;
mod night;
mod people;
mod phrases;
mod render;
mod rows;
mod screens;
mod templates;
#[cfg(test)]
mod tests;
mod validation;

pub use crate::model::Language;
pub use candidate::{CandidatePage, PageRun};
pub use drawings::{
    BarWords, Curves, DistributionWords, EcePoint, EceWords, LocusBar, Night, NightWords, PedigreeWords, Person,
    PlotWords, ReliabilityPoint, ReliabilityWords, TippettCurve, TippettWords, bars, distributions, ece, nights,
    pedigree, reliability, tippett, wilson,
};
pub use error::PageError;
pub use family::FamilyPage;
pub use letter::LetterPage;
pub use night::NightPage;
pub use people::PagePerson;
pub use rows::{OwnNumbers, PagePrior, PageSettings};
pub use screens::{ICON, SAYINGS, SCRIPT, STYLES, Screen, candidate_rows, phrase_of, saying};
pub use templates::Templates;
pub use validation::{NotAValidation, ValidationPage};
