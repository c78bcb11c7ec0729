//! Options that say how far the papers are trusted.

use clap::Args;

use crate::matching::{BadDoubt, DoubtWhom, Doubts};

/// How far the papers are trusted; what is not given stays as it is.
#[derive(Args, Clone, Copy, Default)]
pub(super) struct DoubtOptions {
    /// Whom the papers may be wrong about: none, parents, all. Families are compared as stated, and without each of
    /// these; a pair found so needs an LR 1/P times larger [default: the store's, at first all]
    #[arg(long, value_name = "WHOM", value_parser = doubt_whom)]
    doubt_whom: Option<DoubtWhom>,
    /// The probability P that a relative is not what the papers say [default: the store's, at first 0.01]
    #[arg(long, value_name = "P")]
    doubt: Option<f64>,
    /// The probability that two relatives' samples were taken for each other [default: the store's, at first 0.001]
    #[arg(long, value_name = "P")]
    doubt_exchanged: Option<f64>,
    /// The probability that a full sibling is a half-sibling, or the reverse [default: the store's, at first 0.01]
    #[arg(long, value_name = "P")]
    doubt_half_sibling: Option<f64>,
}

impl DoubtOptions {
    /// These doubts, with what is given in their place.
    pub(super) fn over(self, base: Doubts) -> Result<Doubts, BadDoubt> {
        let doubts = Doubts {
            whom: self.doubt_whom.unwrap_or(base.whom),
            relative: self.doubt.unwrap_or(base.relative),
            exchanged: self.doubt_exchanged.unwrap_or(base.exchanged),
            half_sibling: self.doubt_half_sibling.unwrap_or(base.half_sibling),
        };
        doubts.check().map(|()| doubts)
    }
}

fn doubt_whom(word: &str) -> Result<DoubtWhom, &'static str> {
    DoubtWhom::ALL.into_iter().find(|whom| whom.word() == word).ok_or("is none of: none, parents, all")
}
