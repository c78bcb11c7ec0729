//! Draws pedigrees, bars of likelihood ratios, their distributions, plots of validations and bars of nights, as SVG text.

mod bars;
mod distributions;
mod ece;
mod nights;
mod pedigree;
mod plot;
mod reliability;
mod svg;
mod tippett;

pub use bars::{BarWords, LocusBar, bars};
pub use distributions::{Curves, DistributionWords, distributions};
pub use ece::{EcePoint, EceWords, ece};
pub use nights::{Night, NightWords, nights};
pub use pedigree::{PedigreeWords, Person, pedigree};
pub use plot::PlotWords;
pub use reliability::{ReliabilityPoint, ReliabilityWords, reliability, wilson};
pub use tippett::{TippettCurve, TippettWords, tippett};
