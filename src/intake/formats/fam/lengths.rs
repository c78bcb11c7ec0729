//! Recognises loci whose alleles are named by their lengths in base pairs.

/// No allele of an STR locus has as many repeats, and no fragment of a kit is as short.
const LEAST: f64 = 60.0;

/// What the numbers that name the alleles of a locus have in common. Names that are no numbers do not count.
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

    /// One number that may be of repeats makes the others mistakes.
    pub(super) fn are_base_pairs(&self) -> bool {
        self.any && !self.any_repeats
    }
}
