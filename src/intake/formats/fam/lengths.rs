//! Recognises loci whose alleles are named by their lengths in base pairs.

/// No allele of an STR locus has this many repeats, and no fragment of a kit is this short.
const LEAST: f64 = 60.0;

/// The common properties of the numbers that name the alleles of a locus. Names that are not numbers are ignored.
#[derive(Clone, Copy, Default)]
pub(super) struct Lengths {
    any: bool,
    any_repeats: bool,
}

impl Lengths {
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut lengths = Self::default();
        names.for_each(|name| lengths.add(name));
        lengths
    }

    pub(super) fn add(&mut self, name: &str) {
        if let Some(length) = name.parse::<f64>().ok().filter(|length| length.is_finite()) {
            self.any = true;
            self.any_repeats |= length < LEAST;
        }
    }

    /// Reports whether the names are lengths: if a single number may be a repeat number, the others are mistakes.
    pub(super) fn are_base_pairs(&self) -> bool {
        self.any && !self.any_repeats
    }
}
