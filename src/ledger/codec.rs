//! Profiles as stored: per typed locus its id, smaller and larger allele in tenths.
//!
//! | bytes | content |
//! |---|---|
//! | 0-1 | id of the locus (`locus.id`), rising from entry to entry |
//! | 2-3 | smaller allele, tenths of a repeat |
//! | 4-5 | larger allele, tenths of a repeat |
//!
//! All little-endian. The form is canonical: equal profiles are equal bytes.

use crate::model::{Allele, Genotype};

const ENTRY: usize = 6;

/// Appends the stored form of a profile; `genotypes` by rising locus id, each id once.
pub(super) fn encode(genotypes: impl Iterator<Item = (u16, Genotype)>, bytes: &mut Vec<u8>) {
    for (id, genotype) in genotypes {
        let ([i0, i1], [l0, l1], [h0, h1]) =
            (id.to_le_bytes(), genotype.low().tenths().to_le_bytes(), genotype.high().tenths().to_le_bytes());
        // In one piece: many of these are written.
        bytes.extend_from_slice(&[i0, i1, l0, l1, h0, h1]);
    }
}

/// Reads a stored profile, calling `each` for every locus, by rising id.
///
/// # Errors
/// What is wrong with the bytes; `each` may have been called before.
pub(super) fn decode(blob: &[u8], mut each: impl FnMut(u16, Genotype)) -> Result<(), &'static str> {
    let (entries, rest) = blob.as_chunks::<ENTRY>();
    if !rest.is_empty() {
        return Err("the profile is cut short");
    }
    let mut last = 0;
    for &[i0, i1, l0, l1, h0, h1] in entries {
        let id = u16::from_le_bytes([i0, i1]);
        if id <= last {
            return Err("the loci of the profile are out of order");
        }
        last = id;
        let allele = |bytes| Allele::from_tenths(u16::from_le_bytes(bytes)).map_err(|_| "an allele is out of range");
        let (low, high) = (allele([l0, l1])?, allele([h0, h1])?);
        if low > high {
            return Err("the alleles of a genotype are out of order");
        }
        each(id, Genotype::new(low, high));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(blob: &[u8]) -> Result<Vec<(u16, Genotype)>, &'static str> {
        let mut all = Vec::new();
        decode(blob, |id, genotype| all.push((id, genotype))).map(|()| all)
    }

    #[test]
    fn damaged_profiles_are_refused() {
        let genotype = |text: &str| text.parse::<Genotype>().unwrap();
        let mut blob = Vec::new();
        encode([(1, genotype("14/15")), (300, genotype("9.3"))].into_iter(), &mut blob);
        assert_eq!(blob, [1, 0, 140, 0, 150, 0, 44, 1, 93, 0, 93, 0]);
        assert_eq!(read(&blob).unwrap(), [(1, genotype("14/15")), (300, genotype("9.3"))]);
        assert!(read(&blob[..11]).is_err());
        for (at, byte) in [(0, 0), (7, 0), (2, 9), (5, 9), (2, 151)] {
            let mut damaged = blob.clone();
            damaged[at] = byte;
            if at == 7 {
                damaged[6] = 1;
            }
            assert!(read(&damaged).is_err(), "{at}");
        }
    }

    proptest! {
        #[test]
        fn what_reads_is_canonical(blob in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(genotypes) = read(&blob) {
                let mut again = Vec::new();
                encode(genotypes.into_iter(), &mut again);
                prop_assert_eq!(again, blob);
            }
        }
    }
}
