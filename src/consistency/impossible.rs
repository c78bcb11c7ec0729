//! Finds loci at which the relatives' genotypes together are impossible without a mutation.

use crate::kinship::{Calculator, Evidence, KinshipError};
use crate::model::{Allele, Family, Genotype};
use crate::population::Convention;

use super::pair::Pair;
use super::stated::Kin;

/// Returns these loci in rising order.
///
/// Two relatives alone are impossible together only as parent and child without a common allele. For three or more
/// relatives, the calculator decides. If the pedigree is too large for it, the remaining loci are checked only for
/// parents and children.
pub(super) fn impossible_loci(
    calculator: &Calculator,
    family: &Family,
    pairs: &[Pair],
) -> Result<Vec<usize>, KinshipError> {
    let related = |a: usize, b: usize| {
        let between = |pair: &&Pair| (pair.stated.first, pair.stated.second) == (a.min(b), a.max(b));
        pairs.iter().find(between).is_some_and(|pair| pair.stated.kin != Kin::Unrelated)
    };
    let relatives = family.relatives.len();
    let kin = |a: usize| (0..relatives).filter(|&b| b != a && related(a, b)).count();
    let of_parents = pairs.iter().filter(|pair| pair.stated.kin == Kin::ParentChild);
    let mut loci: Vec<usize> = of_parents.flat_map(|pair| pair.without_common_allele.iter().copied()).collect();
    if (0..relatives).any(|a| kin(a) >= 2) {
        for locus in 0..calculator.panel().len() {
            let evidence = Evidence::of_family(family, locus, Convention::Pruned);
            // Any child genotype will do, because only the result for the relatives matters.
            let any = family.relatives.iter().find_map(|relative| relative.profile.at(locus));
            match any.map_or(Ok(Some(true)), |child| calculator.is_compatible(&evidence, child)) {
                Ok(None) => loci.push(locus),
                Ok(Some(_)) => {}
                Err(KinshipError::TooLarge) => break,
                Err(error) => return Err(error),
            }
        }
    }
    loci.sort_unstable();
    loci.dedup();
    Ok(loci)
}

/// Returns the least number of whole repeats between an allele of one genotype and an allele of the other; `None` if no
/// two of them are whole repeats apart.
pub(super) fn steps(a: Genotype, b: Genotype) -> Option<u16> {
    let alleles = |genotype: Genotype| [genotype.low(), genotype.high()];
    let apart =
        |x: Allele, y: Allele| (x.microvariant() == y.microvariant()).then(|| x.tenths().abs_diff(y.tenths()) / 10);
    let all = alleles(a).into_iter().flat_map(|x| alleles(b).map(|y| apart(x, y)));
    all.flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_whole_repeats_within_a_microvariant_group() {
        let read = |text: &str| text.parse::<Genotype>().unwrap();
        let of = |a, b| steps(read(a), read(b));
        assert_eq!(of("14/17", "15/20"), Some(1));
        assert_eq!(of("14/17", "20/22"), Some(3));
        assert_eq!(of("9.3/14", "10.3/18"), Some(1));
        assert_eq!(of("9.3", "9/10"), None);
        assert_eq!(of("14", "14/15"), Some(0));
    }
}
