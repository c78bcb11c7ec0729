//! Opening an index, with everything checked before it is used.

use std::path::Path;

use zerocopy::FromBytes;

use crate::model::{Allele, Genotype, GenotypeCode, Locus, Pseudonym, genotype_count};

use super::format::{
    BLOCK, Binding, CODES, Header, IndexError, MAGIC, METADATA, Metadata, PLANES, PSEUDONYMS, Row, SECTIONS, UNLISTED,
    UNLISTED_SECTION, UnlistedRecord, VERSION, codec, rows_per_block,
};
use super::map::{Access, Aligned, Bytes, load};

/// An opened index: read-only, checked, cheap to share between threads.
pub struct Index {
    bytes: Bytes,
    binding: Binding,
    loci: Vec<(Locus, Vec<Allele>)>,
    first_row: Vec<usize>,
    rows_per_block: usize,
    children: usize,
    sections: [(usize, usize); SECTIONS],
    unlisted: Vec<Unlisted>,
    /// Per block, the least number of loci at which a child is untyped.
    untyped: Vec<usize>,
}

/// A child's genotype with an allele that the frequency table does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unlisted {
    /// Number of the child in the index.
    pub child: usize,
    /// Position of the locus in the panel.
    pub locus: usize,
    /// The genotype.
    pub genotype: Genotype,
}

impl Index {
    /// Opens an index file and verifies every byte of it: header, bounds, digests of all sections, codes.
    ///
    /// # Errors
    /// [`IndexError::Stale`] if it was built from something else than `binding`; else what is wrong with it.
    pub fn open(path: &Path, access: Access, binding: &Binding) -> Result<Self, IndexError> {
        let index = Self::check(load(path, access)?)?;
        let same = index.binding.alleles == binding.alleles && index.binding.stamp == binding.stamp;
        if same { Ok(index) } else { Err(IndexError::Stale) }
    }

    /// Opens the bytes of an index in memory.
    ///
    /// # Errors
    /// [`IndexError`], as for a file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IndexError> {
        Self::check(Bytes::Owned(Aligned::copy_of(bytes)))
    }

    fn check(bytes: Bytes) -> Result<Self, IndexError> {
        use IndexError::Damaged;
        let (header, _) = Header::read_from_prefix(&bytes).map_err(|_| Damaged("it is too short"))?;
        if header.magic != MAGIC {
            return Err(Damaged("it does not begin as an index does"));
        }
        if header.oldest_reader.get() > VERSION {
            return Err(IndexError::Version(header.version.get()));
        }
        if header.computed_digest() != header.digest {
            return Err(Damaged("header digest"));
        }
        let mut sections = [(0, 0); SECTIONS];
        for (place, section) in sections.iter_mut().zip(&header.sections) {
            let bounds = || {
                let offset = usize::try_from(section.offset.get()).ok()?;
                let length = usize::try_from(section.length.get()).ok()?;
                bytes.get(offset..offset.checked_add(length)?).map(|part| (offset, length, part))
            };
            let (offset, length, part) = bounds().ok_or(Damaged("a section lies outside the file"))?;
            if *blake3::hash(part).as_bytes() != section.digest {
                return Err(Damaged("section digest"));
            }
            *place = (offset, length);
        }
        let part = |section: usize| &bytes[sections[section].0..][..sections[section].1];
        let metadata = codec::decode(part(METADATA)).ok_or(Damaged("metadata"))?;
        let loci = checked_loci(metadata).ok_or(Damaged("loci or alleles"))?;
        let children = usize::try_from(header.children.get()).map_err(|_| Damaged("number of children"))?;
        let rows_per_block = rows_per_block(&loci);
        let expected = [
            Some(sections[METADATA].1),
            children.checked_mul(Pseudonym::LEN),
            children.div_ceil(BLOCK).checked_mul(rows_per_block * size_of::<Row>()),
            children.checked_mul(loci.len() * size_of::<GenotypeCode>()),
            Some(sections[UNLISTED_SECTION].1),
        ];
        if sections.iter().zip(expected).any(|(section, expected)| Some(section.1) != expected) {
            return Err(Damaged("a section has the wrong length"));
        }
        let unlisted =
            checked_unlisted(part(UNLISTED_SECTION), children, loci.len()).ok_or(Damaged("unlisted alleles"))?;
        let mut first_row = Vec::with_capacity(loci.len());
        let mut row = 1;
        for (_, alleles) in &loci {
            first_row.push(row);
            row += 1 + alleles.len();
        }
        let binding = Binding { alleles: header.alleles, stamp: header.stamp, generation: header.generation.get() };
        let index =
            Self { bytes, binding, loci, first_row, rows_per_block, children, sections, unlisted, untyped: Vec::new() };
        let untyped = index.check_codes()?;
        Ok(Self { untyped, ..index })
    }

    /// Every code must be one that a table of its locus has, so that no look-up can miss. Gives [`Self::untyped`].
    fn check_codes(&self) -> Result<Vec<usize>, IndexError> {
        let codes = <[GenotypeCode]>::ref_from_bytes(self.part(CODES)).map_err(|_| IndexError::Damaged("alignment"))?;
        <[Row]>::ref_from_bytes(self.part(PLANES)).map_err(|_| IndexError::Damaged("alignment"))?;
        let limits: Vec<usize> = self.loci.iter().map(|locus| genotype_count(locus.1.len())).collect();
        let sound = codes.chunks_exact(limits.len()).all(|child| {
            child.iter().zip(&limits).all(|(&code, &limit)| usize::from(code) <= limit || code == UNLISTED)
        });
        if !sound {
            return Err(IndexError::Damaged("genotype codes"));
        }
        let untyped = |child: &[GenotypeCode]| {
            child.iter().zip(&limits).filter(|&(&code, &limit)| usize::from(code) == limit).count()
        };
        let blocks = codes.chunks(limits.len() * BLOCK);
        Ok(blocks.map(|block| block.chunks_exact(limits.len()).map(untyped).min().unwrap_or(0)).collect())
    }

    fn part(&self, section: usize) -> &[u8] {
        let (offset, length) = self.sections[section];
        &self.bytes[offset..offset + length]
    }

    /// What the index was built from.
    #[must_use]
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// Loci of the panel and their listed alleles.
    #[must_use]
    pub fn loci(&self) -> &[(Locus, Vec<Allele>)] {
        &self.loci
    }

    /// How many children.
    #[must_use]
    pub fn children(&self) -> usize {
        self.children
    }

    /// How many blocks of [`BLOCK`] children, the last one perhaps not full.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.children.div_ceil(BLOCK)
    }

    /// Bytes of the index in memory.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Per locus of the panel, the number within each block of its first row, that of untyped children; those of its
    /// alleles follow. The first row of a block is the mask of its regular children.
    #[must_use]
    pub fn first_rows(&self) -> &[usize] {
        &self.first_row
    }

    /// At how many loci of the panel every child of a block is untyped, at least.
    ///
    /// # Panics
    /// If there is no such block.
    #[must_use]
    pub fn untyped(&self, block: usize) -> usize {
        self.untyped[block]
    }

    /// The rows of all blocks; each block has [`Self::rows_per_block`] of them.
    #[must_use]
    pub fn planes(&self) -> &[Row] {
        <[Row]>::ref_from_bytes(self.part(PLANES)).unwrap_or_default()
    }

    /// Rows of one block.
    #[must_use]
    pub fn rows_per_block(&self) -> usize {
        self.rows_per_block
    }

    /// The genotype codes of all children, each with one per locus of the panel.
    #[must_use]
    pub fn codes(&self) -> &[GenotypeCode] {
        <[GenotypeCode]>::ref_from_bytes(self.part(CODES)).unwrap_or_default()
    }

    /// Genotypes with an unlisted allele, by child and locus.
    #[must_use]
    pub fn unlisted(&self) -> &[Unlisted] {
        &self.unlisted
    }

    /// A child's genotype at a locus of the panel; `None` if untyped.
    ///
    /// # Panics
    /// If there is no such child or locus.
    #[must_use]
    pub fn genotype(&self, child: usize, locus: usize) -> Option<Genotype> {
        let (_, alleles) = &self.loci[locus];
        let code = self.codes()[child * self.loci.len() + locus];
        if code == UNLISTED {
            let found = self.unlisted.binary_search_by_key(&(child, locus), |u| (u.child, u.locus));
            return found.ok().map(|i| self.unlisted[i].genotype);
        }
        let code = usize::from(code);
        let high = (0..alleles.len()).find(|&high| code < genotype_count(high + 1))?;
        Some(Genotype::new(alleles[code - genotype_count(high)], alleles[high]))
    }

    /// The pseudonym of a child.
    ///
    /// # Panics
    /// If there is no such child.
    #[must_use]
    pub fn pseudonym(&self, child: usize) -> Pseudonym {
        let bytes = <[[u8; Pseudonym::LEN]]>::ref_from_bytes(self.part(PSEUDONYMS)).unwrap_or_default();
        Pseudonym::from_bytes(bytes[child])
    }
}

fn checked_loci(metadata: Metadata) -> Option<Vec<(Locus, Vec<Allele>)>> {
    let locus = |(name, tenths): (String, Vec<u16>)| {
        let alleles: Vec<Allele> = tenths.into_iter().map(Allele::from_tenths).collect::<Result<_, _>>().ok()?;
        let sound = !alleles.is_empty() && alleles.is_sorted_by(|a, b| a < b) && alleles.len() <= 128;
        sound.then_some((name.parse().ok()?, alleles))
    };
    let loci: Option<Vec<_>> = metadata.loci.into_iter().map(locus).collect();
    loci.filter(|loci| !loci.is_empty())
}

fn checked_unlisted(bytes: &[u8], children: usize, loci: usize) -> Option<Vec<Unlisted>> {
    let records = <[UnlistedRecord]>::ref_from_bytes(bytes).ok()?;
    let check = |record: &UnlistedRecord| {
        let allele = |tenths: u16| Allele::from_tenths(tenths).ok();
        let genotype = Genotype::new(allele(record.low.get())?, allele(record.high.get())?);
        let (child, locus) = (record.child.get() as usize, usize::from(record.locus.get()));
        (child < children && locus < loci).then_some(Unlisted { child, locus, genotype })
    };
    let unlisted: Vec<Unlisted> = records.iter().map(check).collect::<Option<_>>()?;
    unlisted.is_sorted_by(|a, b| (a.child, a.locus) < (b.child, b.locus)).then_some(unlisted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Builder;
    use crate::model::{Child, Profile};

    fn loci() -> Vec<(Locus, Vec<Allele>)> {
        let alleles = |tenths: &[u16]| tenths.iter().map(|&t| Allele::from_tenths(t).unwrap()).collect();
        vec![("A".parse().unwrap(), alleles(&[80, 90, 93])), ("B".parse().unwrap(), alleles(&[100, 110]))]
    }

    fn binding() -> Binding {
        Binding { alleles: [1; 32], stamp: [2; 16], generation: 3 }
    }

    fn child(number: u16, cells: [&str; 2]) -> Child {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        Child {
            pseudonym: Pseudonym::from_bytes(bytes),
            profile: Profile::new(cells.iter().map(|cell| cell.parse().ok()).collect()),
        }
    }

    /// 520 children: two blocks, the second nearly empty, one child irregular, one untyped at a locus.
    fn sample() -> Vec<u8> {
        let mut builder = Builder::new(loci());
        for number in 0..520 {
            let cells = match number {
                7 => ["", "10/11"],
                8 => ["8/15", "11"],
                _ => ["8/9.3", "10"],
            };
            builder.push(child(number, cells));
        }
        builder.finish(&binding()).unwrap()
    }

    #[test]
    fn an_index_holds_what_was_put_in() {
        let index = Index::from_bytes(&sample()).unwrap();
        assert_eq!((index.children(), index.blocks(), index.rows_per_block()), (520, 2, 8));
        // The child with an untyped locus comes last.
        assert_eq!([7, 8, 519].map(|n| index.pseudonym(n)), [8, 9, 7].map(|n| child(n, ["", ""]).pseudonym));
        assert_eq!([index.untyped(0), index.untyped(1)], [0, 0]);
        assert_eq!(index.codes()[..2], [3, 0]);
        assert_eq!(index.codes()[14..16], [UNLISTED, 2]);
        assert_eq!(index.codes()[519 * 2..], [6, 1]);
        let unlisted = Unlisted { child: 7, locus: 0, genotype: "8/15".parse().unwrap() };
        assert_eq!(index.unlisted(), [unlisted]);
        let genotype = |child, locus| index.genotype(child, locus).map(|g| g.to_string()).unwrap_or_default();
        assert_eq!(
            [genotype(519, 0), genotype(519, 1), genotype(7, 0), genotype(0, 0)],
            ["", "10/11", "8/15", "8/9.3"]
        );
        let first = &index.planes()[..8];
        let but_irregular = !0 ^ (1 << 7);
        assert_eq!(
            first.each_row(),
            [but_irregular, 1 << 7, but_irregular, 0, but_irregular, 0, but_irregular, 1 << 7]
        );
        assert_eq!(index.planes()[8][0], 0xff, "the last block is not full");
        assert_eq!([index.planes()[9][0], index.planes()[10][0]], [0x80, 0x7f], "the last child is untyped");
    }

    trait FirstWords {
        fn each_row(&self) -> Vec<u64>;
    }
    impl FirstWords for [Row] {
        fn each_row(&self) -> Vec<u64> {
            self.iter().map(|row| row[0]).collect()
        }
    }

    #[test]
    fn no_changed_byte_and_no_cut_goes_unseen() {
        let bytes = sample();
        let end = bytes.len();
        let padding = |at: usize| {
            let header = Header::read_from_prefix(&bytes).unwrap().0;
            let within = |s: &super::super::format::Section| {
                (s.offset.get() as usize..(s.offset.get() + s.length.get()) as usize).contains(&at)
            };
            at >= size_of::<Header>() && !header.sections.iter().any(within)
        };
        for at in (0..end).filter(|&at| !padding(at)) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            assert!(Index::from_bytes(&damaged).is_err(), "byte {at}");
        }
        let kept = |length: usize| Index::from_bytes(&bytes[..length]).is_ok();
        let last = (0..end).filter(|&length| kept(length)).count();
        assert!(last < 64, "only padding may be missing");
    }

    #[test]
    fn what_has_a_right_digest_but_wrong_content_is_refused() {
        // Codes beyond the table, written by a program gone wrong.
        let mut builder = Builder::new(loci());
        builder.push(child(1, ["8", "10"]));
        let bytes = builder.finish(&binding()).unwrap();
        let mut header = Header::read_from_prefix(&bytes).unwrap().0;
        let place = header.sections[CODES];
        let mut damaged = bytes;
        let at = place.offset.get() as usize;
        damaged[at] = 7;
        header.sections[CODES].digest = *blake3::hash(&damaged[at..at + 4]).as_bytes();
        header.digest = header.computed_digest();
        damaged[..size_of::<Header>()].copy_from_slice(zerocopy::IntoBytes::as_bytes(&header));
        assert!(matches!(Index::from_bytes(&damaged), Err(IndexError::Damaged("genotype codes"))));
    }

    #[test]
    fn a_file_is_replaced_whole_and_bound_to_its_data() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("children.idx");
        let write = |binding: &Binding| {
            let mut builder = Builder::new(loci());
            builder.push(child(1, ["8", "10"]));
            builder.write(&path, binding).unwrap();
        };
        write(&binding());
        for access in [Access::Mapped, Access::Read] {
            assert_eq!(Index::open(&path, access, &binding()).unwrap().children(), 1);
        }
        let other = Binding { stamp: [9; 16], ..binding() };
        assert!(matches!(Index::open(&path, Access::Mapped, &other), Err(IndexError::Stale)));
        write(&other);
        assert!(Index::open(&path, Access::Mapped, &other).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn an_empty_index_is_an_index() {
        let index = Index::from_bytes(&Builder::new(loci()).finish(&binding()).unwrap()).unwrap();
        assert_eq!((index.children(), index.blocks(), index.planes().len()), (0, 0, 0));
    }
}
