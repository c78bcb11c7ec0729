//! More alleles at a locus than two.

use std::fmt;

use super::Allele;

/// Three or more different alleles of one person at one locus, rising.
///
/// They happen (a duplication, a mosaic, a mixture of two persons) and make no genotype: the locus is left out of
/// likelihood ratios. Like a profile they identify a person, so `Debug` shows only how many there are.
#[derive(Clone, PartialEq, Eq)]
pub struct ManyAlleles(Vec<Allele>);

impl ManyAlleles {
    /// The fewest.
    pub const FEWEST: usize = 3;
    /// The most; genotyping programs export no more.
    pub const MOST: usize = 8;

    /// These alleles, in any order and each counted once; `None` if they are fewer than three or more than eight.
    #[must_use]
    pub fn new(mut alleles: Vec<Allele>) -> Option<Self> {
        alleles.sort_unstable();
        alleles.dedup();
        (Self::FEWEST..=Self::MOST).contains(&alleles.len()).then_some(Self(alleles))
    }

    /// The alleles, rising, each once.
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
