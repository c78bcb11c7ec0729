//! Writes pages to hand over, as self-contained HTML in Chinese and English: no script, no network, nothing to install.
//!
//! A page has its text from the templates in `templates`, which a laboratory may replace by its own, and every word from
//! the catalogues in `words`.

mod candidate;
mod drawings;
mod error;
mod language;
mod phrases;
mod render;
mod templates;
#[cfg(test)]
mod tests;

pub use candidate::{CandidatePage, PagePerson, PageRun};
pub use drawings::{
    BarWords, Curves, DistributionWords, LocusBar, PedigreeWords, Person, bars, distributions, pedigree,
};
pub use error::PageError;
pub use language::Language;
pub use templates::Templates;
