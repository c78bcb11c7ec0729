//! Encodes and decodes profiles in their stored form: the typed loci, the alleles of each, and a checksum.
//!
//! | bytes | content |
//! |---|---|
//! | 0-1 | n, the bytes of the next part |
//! | n | a set of bits: bit b of byte i is locus id 8 i + b (`locus.id`); the last byte is not 0 |
//! | 3 for each typed locus, by rising id | smaller allele in the lower 12 bits, larger one in the upper 12, tenths of a repeat |
//! | last 8 | start of the BLAKE3 hash of the sample's pseudonym, its drop-out probability and all bytes above |
//!
//! All numbers are little-endian. The form is canonical: equal profiles of one sample have equal bytes. SQLite has no
//! checksums, and a changed bit would turn this profile into another one or, in a pseudonym, into another person's
//! profile. The form is short because short profiles take less time to write.

use crate::model::{Allele, DropOut, Genotype, Pseudonym};

const ENTRY: usize = 3;
const SUM: usize = 8;
/// Number of bits of an allele.
const ALLELE: u32 = 12;
const SHORT: &str = "the profile is cut short";

/// Appends the stored form of a sample's profile; `genotypes` must be in the order of rising locus ids, each id once.
pub(super) fn encode(
    sample: Pseudonym,
    drop_out: Option<DropOut>,
    genotypes: impl Iterator<Item = (u16, Genotype)> + Clone,
    bytes: &mut Vec<u8>,
) {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; 2]);
    let loci = bytes.len();
    for (id, _) in genotypes.clone() {
        let at = loci + usize::from(id / 8);
        if bytes.len() <= at {
            bytes.resize(at + 1, 0);
        }
        bytes[at] |= 1 << (id % 8);
    }
    // There are at most 8,192 bytes.
    let n = u16::try_from(bytes.len() - loci).unwrap_or(u16::MAX);
    bytes[start..loci].copy_from_slice(&n.to_le_bytes());
    for (_, genotype) in genotypes {
        let [a, b, c, _] =
            (u32::from(genotype.low().tenths()) | u32::from(genotype.high().tenths()) << ALLELE).to_le_bytes();
        bytes.extend_from_slice(&[a, b, c]);
    }
    let sum = sum(sample, drop_out, &bytes[start..]);
    bytes.extend_from_slice(&sum);
}

fn sum(sample: Pseudonym, drop_out: Option<DropOut>, content: &[u8]) -> [u8; SUM] {
    // No valid probability has these bits.
    let drop_out = drop_out.map_or(u64::MAX, |probability| probability.get().to_bits());
    let mut hash = blake3::Hasher::new();
    hash.update(sample.as_bytes()).update(&drop_out.to_le_bytes()).update(content);
    first_bytes(&hash)
}

fn first_bytes(hash: &blake3::Hasher) -> [u8; SUM] {
    let mut sum = [0; SUM];
    sum.copy_from_slice(&hash.finalize().as_bytes()[..SUM]);
    sum
}

/// Returns the content before the checksum, if the checksum is correct.
///
/// # Errors
/// A description of the fault.
fn checked(sample: Pseudonym, drop_out: Option<DropOut>, blob: &[u8]) -> Result<&[u8], &'static str> {
    let (content, stored) = blob.split_last_chunk::<SUM>().ok_or(SHORT)?;
    if *stored == sum(sample, drop_out, content) {
        Ok(content)
    } else {
        Err("the profile, its drop-out probability or the pseudonym was changed")
    }
}

/// Returns the stored form of the same profile under another pseudonym.
///
/// # Errors
/// A description of the fault.
pub(super) fn under_new_pseudonym(
    former: Pseudonym,
    drop_out: Option<DropOut>,
    blob: &[u8],
    sample: Pseudonym,
) -> Result<Vec<u8>, &'static str> {
    let content = checked(former, drop_out, blob)?;
    Ok([content, &sum(sample, drop_out, content)].concat())
}

/// Reads the stored profile of a sample and calls `each` for every locus, by rising id.
///
/// # Errors
/// A description of the fault; `each` may have been called before.
pub(super) fn decode(
    sample: Pseudonym,
    drop_out: Option<DropOut>,
    blob: &[u8],
    mut each: impl FnMut(u16, Genotype),
) -> Result<(), &'static str> {
    let (n, rest) = checked(sample, drop_out, blob)?.split_first_chunk().ok_or(SHORT)?;
    let (loci, entries) = rest.split_at_checked(usize::from(u16::from_le_bytes(*n))).ok_or(SHORT)?;
    let ids = (0_u16..)
        .zip(loci)
        .flat_map(|(at, byte)| (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| 8 * at + bit));
    let (entries, rest) = entries.as_chunks::<ENTRY>();
    if !rest.is_empty() || loci.iter().map(|byte| byte.count_ones() as usize).sum::<usize>() != entries.len() {
        return Err(SHORT);
    }
    if loci.last() == Some(&0) || loci.first().is_some_and(|byte| byte & 1 == 1) {
        return Err("the loci of the profile are invalid");
    }
    for (id, &[a, b, c]) in ids.zip(entries) {
        let genotype = u32::from_le_bytes([a, b, c, 0]);
        each(id, from_tenths(genotype & ((1 << ALLELE) - 1), genotype >> ALLELE)?);
    }
    Ok(())
}

fn from_tenths(low: u32, high: u32) -> Result<Genotype, &'static str> {
    let allele = |tenths: u32| u16::try_from(tenths).ok().and_then(|tenths| Allele::from_tenths(tenths).ok());
    let (low, high) = (allele(low), allele(high));
    match low.zip(high) {
        Some((low, high)) if low <= high => Ok(Genotype::new(low, high)),
        Some(_) => Err("the alleles of a genotype are out of order"),
        None => Err("an allele is out of range"),
    }
}

/// Converts the stored form of a profile before version 15: for each typed locus its id and both alleles, two bytes
/// each; and since version 14 the hash of the pseudonym and of these bytes.
///
/// # Errors
/// A description of the fault.
pub(super) fn from_former(
    sample: Pseudonym,
    drop_out: Option<DropOut>,
    former: &[u8],
    with_sum: bool,
) -> Result<Vec<u8>, &'static str> {
    let entries = if with_sum {
        let (entries, stored) = former.split_last_chunk::<SUM>().ok_or(SHORT)?;
        if *stored != first_bytes(blake3::Hasher::new().update(sample.as_bytes()).update(entries)) {
            return Err("the profile or the pseudonym was changed");
        }
        entries
    } else {
        former
    };
    let (entries, rest) = entries.as_chunks::<6>();
    if !rest.is_empty() {
        return Err(SHORT);
    }
    let mut genotypes = Vec::with_capacity(entries.len());
    for &[i0, i1, l0, l1, h0, h1] in entries {
        let [low, high] = [[l0, l1], [h0, h1]].map(|tenths| u32::from(u16::from_le_bytes(tenths)));
        genotypes.push((u16::from_le_bytes([i0, i1]), from_tenths(low, high)?));
    }
    if !genotypes.is_sorted_by(|a, b| a.0 < b.0) || genotypes.first().is_some_and(|first| first.0 == 0) {
        return Err("the loci of the profile are out of order");
    }
    let mut bytes = Vec::new();
    encode(sample, drop_out, genotypes.into_iter(), &mut bytes);
    Ok(bytes)
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
        decode(p(1), None, blob, |id, genotype| all.push((id, genotype))).map(|()| all)
    }

    fn with_sum(content: &[u8]) -> Vec<u8> {
        [content, &sum(p(1), None, content)].concat()
    }

    #[test]
    fn damaged_profiles_are_refused() {
        let genotype = |text: &str| text.parse::<Genotype>().unwrap();
        let mut blob = Vec::new();
        encode(p(1), None, [(1, genotype("14/15")), (11, genotype("9.3"))].into_iter(), &mut blob);
        // 140 = 0x8c, 150 = 0x96, 93 = 0x5d.
        let content = [2, 0, 0b10, 0b1000, 0x8c, 0x60, 0x09, 0x5d, 0xd0, 0x05];
        let mut hash = blake3::Hasher::new();
        hash.update(&[1; 16]).update(&[0xff; 8]).update(&content);
        assert_eq!(blob, [&content[..], &hash.finalize().as_bytes()[..8]].concat());
        assert_eq!(read(&blob).unwrap(), [(1, genotype("14/15")), (11, genotype("9.3"))]);
        for bit in 0..blob.len() * 8 {
            let mut damaged = blob.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&damaged).is_err(), "{bit}");
        }
        for length in 0..blob.len() {
            assert!(read(&blob[..length]).is_err(), "{length}");
        }
        let other = under_new_pseudonym(p(1), None, &blob, p(2)).unwrap();
        assert!(read(&other).is_err() && under_new_pseudonym(p(3), None, &blob, p(2)).is_err());
        assert_eq!(under_new_pseudonym(p(2), None, &other, p(1)).unwrap(), blob);
        // Under another drop-out probability the profile counts as another sample's.
        let of = DropOut::new;
        let mut own = Vec::new();
        encode(p(1), of(0.0), [(1, genotype("14/15"))].into_iter(), &mut own);
        let reads = |drop_out| decode(p(1), drop_out, &own, |_, _| {}).is_ok();
        assert!(reads(of(0.0)) && !reads(None) && !reads(of(0.5)));
        // These profiles have a correct checksum.
        assert!(read(&with_sum(&content)).is_ok() && read(&with_sum(&[0, 0])) == Ok(vec![]));
        for length in 0..content.len() {
            assert!(read(&with_sum(&content[..length])).is_err(), "{length}");
        }
        for (at, byte) in [(0, 1), (0, 3), (1, 1), (2, 0b11), (2, 0), (2, 0b110), (3, 0), (4, 0x97), (6, 0x3f), (8, 0)]
        {
            let mut damaged = content;
            damaged[at] = byte;
            assert!(read(&with_sum(&damaged)).is_err(), "{at} {byte}");
        }
    }

    #[test]
    fn former_profiles_are_written_anew_or_refused() {
        let genotype = |text: &str| text.parse::<Genotype>().unwrap();
        let entries = [1, 0, 140, 0, 150, 0, 44, 1, 93, 0, 93, 0];
        let summed = [&entries[..], &first_bytes(blake3::Hasher::new().update(&[1; 16]).update(&entries))].concat();
        for (former, with_sum) in [(&entries[..], false), (&summed, true)] {
            let blob = from_former(p(1), None, former, with_sum).unwrap();
            assert_eq!(read(&blob).unwrap(), [(1, genotype("14/15")), (300, genotype("9.3"))]);
        }
        for bit in 0..summed.len() * 8 {
            let mut damaged = summed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(from_former(p(1), None, &damaged, true).is_err(), "{bit}");
        }
        assert!(from_former(p(2), None, &summed, true).is_err());
        assert!(from_former(p(1), None, &entries[..11], false).is_err());
        for (at, byte) in [(0, 0), (0, 45), (2, 9), (2, 151), (5, 9)] {
            let mut damaged = entries;
            damaged[at] = byte;
            if at == 0 && byte == 45 {
                damaged[1] = 1;
            }
            assert!(from_former(p(1), None, &damaged, false).is_err(), "{at} {byte}");
        }
    }

    prop_compose! {
        fn any_profile()(loci in prop::collection::btree_map(1..=u16::MAX, (10_u16..=999, 10_u16..=999), 0..40))
            -> Vec<(u16, Genotype)>
        {
            let allele = |tenths| Allele::from_tenths(tenths).unwrap();
            loci.into_iter().map(|(id, (a, b))| (id, Genotype::new(allele(a), allele(b)))).collect()
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(profile in any_profile()) {
            let mut blob = vec![7];
            encode(p(1), None, profile.iter().copied(), &mut blob);
            prop_assert_eq!(read(&blob[1..]), Ok(profile));
        }

        #[test]
        fn what_reads_is_canonical(n in 0_u8..4, rest in prop::collection::vec(any::<u8>(), 0..40)) {
            let blob = with_sum(&[&[n, 0], &rest[..]].concat());
            if let Ok(genotypes) = read(&blob) {
                let mut again = Vec::new();
                encode(p(1), None, genotypes.into_iter(), &mut again);
                prop_assert_eq!(again, blob);
            }
        }
    }
}
