//! Genotypes: unordered pairs of alleles.

use std::fmt;
use std::str::FromStr;

use super::{Allele, AlleleError};

/// The two alleles at a locus, unordered: 14/15 and 15/14 are the same genotype.
///
/// ```
/// use reunite::model::Genotype;
///
/// let genotype: Genotype = "9.3/14".parse()?;
/// assert_eq!(genotype, "14/9.3".parse()?);
/// // In tenths of a repeat.
/// assert_eq!((genotype.low().tenths(), genotype.high().tenths()), (93, 140));
/// assert!("14".parse::<Genotype>()?.is_homozygous());
/// # Ok::<(), reunite::model::GenotypeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Genotype {
    low: Allele,
    high: Allele,
}

/// The reason why a cell is not a genotype.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenotypeError {
    /// One of the two parts is not an allele.
    #[error("{0}")]
    Allele(#[from] AlleleError),
    /// The cell is not of the form `a/b` or `a`.
    #[error("is not a genotype; write 14/15, or 14 for a homozygote, or leave it empty if untyped")]
    Form,
    /// The cell has more than two alleles.
    #[error("has more than two alleles; leave the locus empty in this row and keep the finding in your case file")]
    TooMany,
}

impl Genotype {
    /// Creates the genotype of two alleles, given in either order.
    #[must_use]
    pub fn new(a: Allele, b: Allele) -> Self {
        Self { low: a.min(b), high: a.max(b) }
    }

    /// Returns the smaller allele.
    #[must_use]
    pub fn low(self) -> Allele {
        self.low
    }

    /// Returns the larger allele; equal to [`Self::low`] in a homozygote.
    #[must_use]
    pub fn high(self) -> Allele {
        self.high
    }

    /// Reports whether both alleles are the same.
    #[must_use]
    pub fn is_homozygous(self) -> bool {
        self.low == self.high
    }

    /// Returns the number of alleles that must change to turn one genotype into the other: 0, 1 or 2.
    #[must_use]
    pub fn differing_alleles(self, other: Self) -> u32 {
        let same = |a: Allele, b: Allele| u32::from(a == b);
        let straight = same(self.low, other.low) + same(self.high, other.high);
        let crossed = same(self.low, other.high) + same(self.high, other.low);
        2 - straight.max(crossed)
    }
}

/// Position of a genotype among the unordered pairs of a locus' listed alleles: `j (j + 1) / 2 + i` for allele
/// positions i <= j.
pub type GenotypeCode = u16;

/// Returns the code of the genotype with alleles at positions `i` and `j`, in either order; both must be below 128.
#[must_use]
pub fn genotype_code(i: usize, j: usize) -> usize {
    let (low, high) = (i.min(j), i.max(j));
    high * (high + 1) / 2 + low
}

/// Returns the number of genotypes that `alleles` alleles form.
#[must_use]
pub fn genotype_count(alleles: usize) -> usize {
    alleles * (alleles + 1) / 2
}

impl FromStr for Genotype {
    type Err = GenotypeError;

    /// Reads a cell of the tidy layout: `14/15`, or `14` for a homozygote.
    fn from_str(text: &str) -> Result<Self, GenotypeError> {
        let mut parts = text.split('/').map(str::trim);
        let first = parts.next().unwrap_or_default();
        let second = parts.next();
        if parts.next().is_some() {
            return Err(GenotypeError::TooMany);
        }
        let first: Allele = first.parse()?;
        match second {
            None => Ok(Self::new(first, first)),
            Some("") => Err(GenotypeError::Form),
            Some(second) => Ok(Self::new(first, second.parse()?)),
        }
    }
}

impl fmt::Display for Genotype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_homozygous() { write!(f, "{}", self.low) } else { write!(f, "{}/{}", self.low, self.high) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_count_every_genotype_once() {
        let mut seen = vec![false; genotype_count(7)];
        for j in 0..7 {
            for i in 0..=j {
                assert_eq!(genotype_code(i, j), genotype_code(j, i));
                assert!(!std::mem::replace(&mut seen[genotype_code(i, j)], true));
            }
        }
        assert!(seen.into_iter().all(|x| x));
    }

    #[test]
    fn a_genotype_has_no_order() {
        let read = |text: &str| text.parse::<Genotype>().unwrap();
        assert_eq!(read("15/14"), read("14/15"));
        assert_eq!(read("14"), read("14/14"));
        assert_eq!(read("9.3 / 8").to_string(), "8/9.3");
        assert_eq!(read("14/14").to_string(), "14");
        let differing = |a: &str, b: &str| [read(a).differing_alleles(read(b)), read(b).differing_alleles(read(a))];
        let pairs = [("14/15", "14/15"), ("14/15", "15/16"), ("14", "14/15"), ("14", "15"), ("14/15", "16/17")];
        assert_eq!(pairs.map(|(a, b)| differing(a, b)), [[0, 0], [1, 1], [1, 1], [2, 2], [2, 2]]);
    }

    #[test]
    fn refuses_what_is_no_genotype() {
        assert_eq!("14/".parse::<Genotype>(), Err(GenotypeError::Form));
        assert_eq!("14/15/16".parse::<Genotype>(), Err(GenotypeError::TooMany));
        for text in ["14/x", "/14", "14-15", "14,15", "14;15", "?"] {
            assert_eq!(text.parse::<Genotype>(), Err(GenotypeError::Allele(AlleleError::Form)), "{text}");
        }
    }
}
