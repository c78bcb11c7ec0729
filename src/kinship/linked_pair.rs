//! Pairs of linked loci and their recombination fractions.

use crate::model::{Locus, Panel};

/// Two loci, with the frequency at which a meiosis separates their alleles on one chromosome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkedPair {
    /// Positions in the panel, rising.
    pub loci: [usize; 2],
    /// Recombination fraction, from 0 to 0.5, the same for fathers and mothers.
    pub recombination: f64,
}

/// Two loci to link, by name, with the frequency at which a meiosis separates their alleles on one chromosome.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedLoci {
    /// The loci, in any order.
    pub loci: [Locus; 2],
    /// Recombination fraction, from 0 to 0.5, the same for fathers and mothers.
    pub recombination: f64,
}

/// The reason why loci cannot be linked as requested.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkedError {
    /// A locus is not in the panel.
    #[error("locus {0} is not in the frequency table, so it cannot be linked")]
    Unknown(Locus),
    /// A locus is linked to itself, or is in two pairs.
    #[error("locus {0} is named twice in linked pairs; link each locus with one other locus")]
    Twice(Locus),
    /// A recombination fraction is not from 0 to 0.5.
    #[error("a recombination fraction of {0} is not from 0 to 0.5")]
    Fraction(f64),
}

/// Converts pairs of names to positions in the panel, in panel order.
pub(super) fn linked_pairs(panel: &Panel, named: &[LinkedLoci]) -> Result<Vec<LinkedPair>, LinkedError> {
    let mut pairs: Vec<LinkedPair> = Vec::with_capacity(named.len());
    for LinkedLoci { loci: names, recombination } in named {
        if !(0.0..=0.5).contains(recombination) {
            return Err(LinkedError::Fraction(*recombination));
        }
        let mut loci = [0; 2];
        for (place, name) in loci.iter_mut().zip(names) {
            *place = panel.position(name).ok_or_else(|| LinkedError::Unknown(name.clone()))?;
            if names[0] == names[1] || pairs.iter().any(|pair| pair.loci.contains(place)) {
                return Err(LinkedError::Twice(name.clone()));
            }
        }
        loci.sort_unstable();
        pairs.push(LinkedPair { loci, recombination: *recombination });
    }
    pairs.sort_by_key(|pair| pair.loci);
    Ok(pairs)
}

/// Returns the recombination fraction for a distance in centimorgan: `(1 - exp(-2 d / 100)) / 2` (Haldane 1919).
#[must_use]
pub fn haldane(centimorgan: f64) -> f64 {
    -libm::expm1(-2.0 * centimorgan / 100.0) / 2.0
}
