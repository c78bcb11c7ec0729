//! Options that say how far the papers are trusted.

use clap::Args;

use crate::matching::{BadDoubt, DoubtWhom, Doubts};

/// How far the papers are trusted; options that are not given change nothing.
#[derive(Args, Clone, Copy, Default)]
pub(super) struct DoubtOptions {
    /// Whom the papers may be wrong about: none, parents, all. Families are also compared without each of these; a pair found
    /// so requires an LR 1/P times larger [default: the store's, initially all]
    #[arg(long, value_name = "WHOM", value_parser = doubt_whom)]
    doubt_whom: Option<DoubtWhom>,
    /// The probability P that a relative is not as stated [default: the store's, initially 0.01]
    #[arg(long, value_name = "P")]
    doubt: Option<f64>,
    /// The probability that two relatives' samples were swapped [default: the store's, initially 0.001]
    #[arg(long, value_name = "P")]
    doubt_exchanged: Option<f64>,
    /// The probability that a full sibling is a half-sibling, or the reverse [default: the store's, initially 0.01]
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
    DoubtWhom::ALL.into_iter().find(|whom| whom.word() == word).ok_or("must be one of: none, parents, all")
}
