//! Loci at which one sample shows three or more alleles.

use std::fmt;

use super::Allele;

/// Three or more different alleles of one person at one locus, in rising order.
///
/// They result from a duplication, a mosaic or a mixture of two persons, and do not form a genotype: likelihood ratios
/// skip the locus. Like a profile, they identify a person, so `Debug` shows only their number.
#[derive(Clone, PartialEq, Eq)]
pub struct ManyAlleles(Vec<Allele>);

impl ManyAlleles {
    /// The least number of alleles.
    pub const FEWEST: usize = 3;
    /// The largest number of alleles; genotyping programs export no more.
    pub const MOST: usize = 8;

    /// Creates the set from alleles in any order and counts each once; `None` if fewer than three or more than eight
    /// differ.
    #[must_use]
    pub fn new(mut alleles: Vec<Allele>) -> Option<Self> {
        alleles.sort_unstable();
        alleles.dedup();
        (Self::FEWEST..=Self::MOST).contains(&alleles.len()).then_some(Self(alleles))
    }

    /// Returns the alleles in rising order, each once.
    #[must_use]
    pub fn alleles(&self) -> &[Allele] {
        &self.0
    }
}

impl fmt::Debug for ManyAlleles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ManyAlleles({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_to_eight_different_alleles_are_many() {
        let many = |tenths: &[u16]| ManyAlleles::new(tenths.iter().map(|&t| Allele::from_tenths(t).unwrap()).collect());
        assert_eq!(many(&[140, 150, 140, 150]), None);
        assert_eq!(many(&[160, 140, 150]), many(&[150, 140, 160, 160]));
        assert!(many(&[160, 140, 150]).unwrap().alleles().is_sorted());
        assert!(many(&[10, 20, 30, 40, 50, 60, 70, 80]).is_some());
        assert_eq!(many(&[10, 20, 30, 40, 50, 60, 70, 80, 90]), None);
        assert_eq!(format!("{:?}", many(&[160, 140, 150])), "Some(ManyAlleles(3))");
    }
}
