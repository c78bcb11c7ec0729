//! Draws pedigrees, bars of likelihood ratios and their distributions, as SVG text.

mod bars;
mod distributions;
mod pedigree;
mod svg;

pub use bars::{BarWords, LocusBar, bars};
pub use distributions::{Curves, DistributionWords, distributions};
pub use pedigree::{PedigreeWords, Person, pedigree};
