//! A small locus and random pedigrees, which the tests of kinship share.

use proptest::prelude::*;
use reunite::model::{Allele, Genotype, Member};
use reunite::population::FrequencyTable;

pub(crate) fn allele(tenths: u16) -> Allele {
    Allele::from_tenths(tenths).unwrap()
}

/// Returns a locus with three listed alleles, two of them in one microvariant group.
pub(crate) fn table() -> FrequencyTable {
    FrequencyTable::from_counts(&[("A", &[(80, 0.2), (90, 0.5), (93, 0.3)])]).unwrap()
}

pub(crate) fn genotypes() -> impl Strategy<Value = Genotype> {
    let alleles = prop::sample::select(vec![80, 90, 93]);
    (alleles.clone(), alleles).prop_map(|(a, b)| Genotype::new(allele(a), allele(b)))
}

/// Makes members in an order of descent, men at even places. Each picks its parents among those before it by the two
/// bytes, unless the last number is 0, which makes it a founder.
pub(crate) fn members(links: &[(u8, u8, u8)]) -> Vec<Member> {
    (links.iter().enumerate())
        .map(|(i, &(father, mother, founder))| {
            let pick = |byte: u8, odd: usize| {
                let places: Vec<usize> = (0..i).filter(|p| p % 2 == odd).collect();
                places.get(usize::from(byte) % places.len().max(1)).copied().filter(|_| founder > 0)
            };
            Member { father: pick(father, 0), mother: pick(mother, 1) }
        })
        .collect()
}
