//! Profiles as stored: per typed locus its id, smaller and larger allele in tenths; then a checksum.
//!
//! | bytes | content |
//! |---|---|
//! | 0-1 | id of the locus (`locus.id`), rising from entry to entry |
//! | 2-3 | smaller allele, tenths of a repeat |
//! | 4-5 | larger allele, tenths of a repeat |
//! | last 8 | start of the BLAKE3 hash of the sample's pseudonym and all entries |
//!
//! All little-endian. The form is canonical: equal profiles of one sample are equal bytes. SQLite has no checksums, and a
//! changed bit would make another profile of this one; or, in a pseudonym, another one's.

use crate::model::{Allele, Genotype, Pseudonym};

const ENTRY: usize = 6;
const SUM: usize = 8;

/// Appends the stored form of a sample's profile; `genotypes` by rising locus id, each id once.
pub(super) fn encode(sample: Pseudonym, genotypes: impl Iterator<Item = (u16, Genotype)>, bytes: &mut Vec<u8>) {
    let start = bytes.len();
    for (id, genotype) in genotypes {
        let ([i0, i1], [l0, l1], [h0, h1]) =
            (id.to_le_bytes(), genotype.low().tenths().to_le_bytes(), genotype.high().tenths().to_le_bytes());
        // In one piece: many of these are written.
        bytes.extend_from_slice(&[i0, i1, l0, l1, h0, h1]);
    }
    let sum = sum(sample, &bytes[start..]);
    bytes.extend_from_slice(&sum);
}

fn sum(sample: Pseudonym, entries: &[u8]) -> [u8; SUM] {
    let mut hash = blake3::Hasher::new();
    hash.update(sample.as_bytes()).update(entries);
    let mut sum = [0; SUM];
    sum.copy_from_slice(&hash.finalize().as_bytes()[..SUM]);
    sum
}

/// The entries of a stored profile.
///
/// # Errors
/// What is wrong with the bytes.
fn checked(sample: Pseudonym, blob: &[u8]) -> Result<&[u8], &'static str> {
    let (entries, stored) = blob.split_last_chunk::<SUM>().ok_or("the profile is cut short")?;
    if *stored == sum(sample, entries) { Ok(entries) } else { Err("the profile or the pseudonym was changed") }
}

/// The stored form of the same profile under another pseudonym.
///
/// # Errors
/// What is wrong with the bytes.
pub(super) fn renamed(former: Pseudonym, blob: &[u8], sample: Pseudonym) -> Result<Vec<u8>, &'static str> {
    let entries = checked(former, blob)?;
    Ok(with_sum(sample, entries))
}

/// The stored form of entries without a checksum, as they were written once.
pub(super) fn with_sum(sample: Pseudonym, entries: &[u8]) -> Vec<u8> {
    [entries, &sum(sample, entries)].concat()
}

/// Reads the stored profile of a sample, calling `each` for every locus, by rising id.
///
/// # Errors
/// What is wrong with the bytes; `each` may have been called before.
pub(super) fn decode(sample: Pseudonym, blob: &[u8], mut each: impl FnMut(u16, Genotype)) -> Result<(), &'static str> {
    let (entries, rest) = checked(sample, blob)?.as_chunks::<ENTRY>();
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

    fn p(n: u8) -> Pseudonym {
        Pseudonym::from_bytes([n; 16])
    }

    fn read(blob: &[u8]) -> Result<Vec<(u16, Genotype)>, &'static str> {
        let mut all = Vec::new();
        decode(p(1), blob, |id, genotype| all.push((id, genotype))).map(|()| all)
    }

    #[test]
    fn damaged_profiles_are_refused() {
        let genotype = |text: &str| text.parse::<Genotype>().unwrap();
        let mut blob = Vec::new();
        encode(p(1), [(1, genotype("14/15")), (300, genotype("9.3"))].into_iter(), &mut blob);
        let entries = [1, 0, 140, 0, 150, 0, 44, 1, 93, 0, 93, 0];
        let mut hash = blake3::Hasher::new();
        hash.update(&[1; 16]).update(&entries);
        assert_eq!(blob, [&entries[..], &hash.finalize().as_bytes()[..8]].concat());
        assert_eq!(read(&blob).unwrap(), [(1, genotype("14/15")), (300, genotype("9.3"))]);
        for bit in 0..blob.len() * 8 {
            let mut damaged = blob.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&damaged).is_err(), "{bit}");
        }
        for length in 0..blob.len() {
            assert!(read(&blob[..length]).is_err(), "{length}");
        }
        let other = renamed(p(1), &blob, p(2)).unwrap();
        assert!(read(&other).is_err() && renamed(p(3), &blob, p(2)).is_err());
        assert_eq!(renamed(p(2), &other, p(1)).unwrap(), blob);
        // With a checksum that is right.
        assert!(read(&with_sum(p(1), &entries)).is_ok());
        assert!(read(&with_sum(p(1), &entries[..11])).is_err());
        for (at, byte) in [(0, 0), (7, 0), (2, 9), (5, 9), (2, 151)] {
            let mut damaged = entries;
            damaged[at] = byte;
            if at == 7 {
                damaged[6] = 1;
            }
            assert!(read(&with_sum(p(1), &damaged)).is_err(), "{at}");
        }
    }

    proptest! {
        #[test]
        fn what_reads_is_canonical(entries in prop::collection::vec(any::<u8>(), 0..40)) {
            let blob = with_sum(p(1), &entries);
            if let Ok(genotypes) = read(&blob) {
                let mut again = Vec::new();
                encode(p(1), genotypes.into_iter(), &mut again);
                prop_assert_eq!(again, blob);
            }
        }
    }
}
