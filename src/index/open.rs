//! Opens an index, and checks all of it before it is used.

use std::path::Path;
use std::thread;

use rayon::prelude::*;
use zerocopy::FromBytes;

use crate::model::{Allele, DropOut, Genotype, GenotypeCode, Locus, Pseudonym, genotype_count};

use super::format::{
    BLOCK, Binding, CODES, DROP_OUTS, DropOutRecord, Header, IndexError, MAGIC, METADATA, Metadata, PLANES, PSEUDONYMS,
    Row, SECTIONS, Section, UNLISTED, UNLISTED_SECTION, UnlistedRecord, VERSION, codec, rows_per_block,
};
use super::map::{Access, Aligned, Bytes, load};

/// An opened index: read-only, checked, and cheap to share between threads.
pub struct Index {
    bytes: Bytes,
    binding: Binding,
    loci: Vec<(Locus, Vec<Allele>)>,
    first_row: Vec<usize>,
    rows_per_block: usize,
    children: usize,
    sections: [(usize, usize); SECTIONS],
    unlisted: Vec<Unlisted>,
    drop_outs: Vec<(usize, DropOut)>,
    /// Per block, the smallest number of untyped loci of a child.
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
    /// Opens an index file and verifies every byte of it: header, bounds, digests of all sections, and codes.
    ///
    /// # Errors
    /// [`IndexError::Stale`] if the index was built from other data than `binding`; otherwise the fault of the file.
    pub fn open(path: &Path, access: Access, binding: &Binding) -> Result<Self, IndexError> {
        Self::open_if(path, access, |found| found.alleles == binding.alleles && found.stamp == binding.stamp)
    }

    /// Opens an index file as [`Self::open`] does, if `serves` accepts its binding.
    ///
    /// # Errors
    /// [`IndexError::Stale`] if `serves` rejects it; otherwise the fault of the file.
    pub fn open_if(path: &Path, access: Access, serves: impl FnOnce(&Binding) -> bool) -> Result<Self, IndexError> {
        let index = Self::check(load(path, access)?)?;
        if serves(&index.binding) { Ok(index) } else { Err(IndexError::Stale) }
    }

    /// Opens the bytes of an index in memory.
    ///
    /// # Errors
    /// [`IndexError`], as for a file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IndexError> {
        Self::check(Bytes::Owned(Aligned::copy_of(bytes)?))
    }

    fn check(bytes: Bytes) -> Result<Self, IndexError> {
        use IndexError::Damaged;
        let (header, _) = Header::read_from_prefix(&bytes).map_err(|_| Damaged("it is too short"))?;
        if header.magic != MAGIC {
            return Err(Damaged("it does not begin as an index does"));
        }
        if header.version.get() < VERSION {
            return Err(IndexError::Stale);
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
                bytes.get(offset..offset.checked_add(length)?).map(|_| (offset, length))
            };
            *place = bounds().ok_or(Damaged("a section lies outside the file"))?;
        }
        let part = |section: usize| &bytes[sections[section].0..][..sections[section].1];
        // The sections are hashed in parallel, because two of them are most of the file.
        let sound = |(number, section): (usize, &Section)| *blake3::hash(part(number)).as_bytes() == section.digest;
        let sound = thread::scope(|scope| {
            let start =
                |section| thread::Builder::new().spawn_scoped(scope, move || sound(section)).map_err(|_| section);
            let checks: Vec<_> = header.sections.iter().enumerate().map(start).collect();
            // If no other thread can be started, this thread checks the section.
            checks.into_iter().all(|check| check.map_or_else(sound, |check| check.join().unwrap_or(false)))
        });
        if !sound {
            return Err(Damaged("section digest"));
        }
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
            Some(sections[DROP_OUTS].1),
        ];
        if sections.iter().zip(expected).any(|(section, expected)| Some(section.1) != expected) {
            return Err(Damaged("a section has the wrong length"));
        }
        let unlisted =
            checked_unlisted(part(UNLISTED_SECTION), children, loci.len()).ok_or(Damaged("unlisted alleles"))?;
        let drop_outs =
            checked_drop_outs(part(DROP_OUTS), children).ok_or(Damaged("drop-out probabilities of children"))?;
        let mut first_row = Vec::with_capacity(loci.len());
        let mut row = 1;
        for (_, alleles) in &loci {
            first_row.push(row);
            row += 1 + alleles.len();
        }
        let binding = Binding { alleles: header.alleles, stamp: header.stamp, generation: header.generation.get() };
        let index = Self {
            bytes,
            binding,
            loci,
            first_row,
            rows_per_block,
            children,
            sections,
            unlisted,
            drop_outs,
            untyped: Vec::new(),
        };
        let untyped = index.check_codes()?;
        Ok(Self { untyped, ..index })
    }

    /// Checks that every code is in the table of its locus, so that no look-up can fail. Returns [`Self::untyped`].
    fn check_codes(&self) -> Result<Vec<usize>, IndexError> {
        let codes = <[GenotypeCode]>::ref_from_bytes(self.part(CODES)).map_err(|_| IndexError::Damaged("alignment"))?;
        <[Row]>::ref_from_bytes(self.part(PLANES)).map_err(|_| IndexError::Damaged("alignment"))?;
        let limits: Vec<u16> = self.loci.iter().map(|locus| genotype_count(locus.1.len()) as u16).collect();
        let block = |block: &[GenotypeCode]| {
            let mut sound = true;
            let untyped = block.chunks_exact(limits.len()).map(|child| {
                child.iter().zip(&limits).fold(0, |untyped, (&code, &limit)| {
                    sound &= code <= limit || code == UNLISTED;
                    untyped + usize::from(code == limit)
                })
            });
            let least = untyped.min().unwrap_or(0);
            sound.then_some(least)
        };
        let least: Option<Vec<_>> = codes.par_chunks(limits.len() * BLOCK).map(block).collect();
        least.ok_or(IndexError::Damaged("genotype codes"))
    }

    fn part(&self, section: usize) -> &[u8] {
        let (offset, length) = self.sections[section];
        &self.bytes[offset..offset + length]
    }

    /// Returns the data that the index was built from.
    #[must_use]
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// Returns the loci of the panel and their listed alleles.
    #[must_use]
    pub fn loci(&self) -> &[(Locus, Vec<Allele>)] {
        &self.loci
    }

    /// Returns the number of children.
    #[must_use]
    pub fn children(&self) -> usize {
        self.children
    }

    /// Returns the number of blocks of [`BLOCK`] children; the last one may be partly empty.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.children.div_ceil(BLOCK)
    }

    /// Returns the size of the index in memory, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Returns, per locus of the panel, the number of its first row within each block. This is the row of untyped
    /// children; the rows of the locus's alleles follow. The first row of a block is the mask of its regular children.
    #[must_use]
    pub fn first_rows(&self) -> &[usize] {
        &self.first_row
    }

    /// Returns the number of loci of the panel at which every child of a block is untyped at least.
    ///
    /// # Panics
    /// If there is no block with this number.
    #[must_use]
    pub fn untyped(&self, block: usize) -> usize {
        self.untyped[block]
    }

    /// Returns the rows of all blocks; each block has [`Self::rows_per_block`] rows.
    #[must_use]
    pub fn planes(&self) -> &[Row] {
        <[Row]>::ref_from_bytes(self.part(PLANES)).unwrap_or_default()
    }

    /// Returns the number of rows of one block.
    #[must_use]
    pub fn rows_per_block(&self) -> usize {
        self.rows_per_block
    }

    /// Returns the genotype codes of all children; each child has one per locus of the panel.
    #[must_use]
    pub fn codes(&self) -> &[GenotypeCode] {
        <[GenotypeCode]>::ref_from_bytes(self.part(CODES)).unwrap_or_default()
    }

    /// Returns the genotypes with an unlisted allele, by child and locus.
    #[must_use]
    pub fn unlisted(&self) -> &[Unlisted] {
        &self.unlisted
    }

    /// Returns the children whose sample has a drop-out probability of its own, by number.
    #[must_use]
    pub fn drop_outs(&self) -> &[(usize, DropOut)] {
        &self.drop_outs
    }

    /// Returns the drop-out probability of a child's own sample, if it has one.
    #[must_use]
    pub fn drop_out(&self, child: usize) -> Option<DropOut> {
        let found = self.drop_outs.binary_search_by_key(&child, |entry| entry.0);
        found.ok().map(|place| self.drop_outs[place].1)
    }

    /// Returns a child's genotype at a locus of the panel; `None` if untyped.
    ///
    /// # Panics
    /// If there is no child or locus with this number.
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

    /// Returns the pseudonym of a child.
    ///
    /// # Panics
    /// If there is no child with this number.
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

fn checked_drop_outs(bytes: &[u8], children: usize) -> Option<Vec<(usize, DropOut)>> {
    let records = <[DropOutRecord]>::ref_from_bytes(bytes).ok()?;
    let check = |record: &DropOutRecord| {
        let child = record.child.get() as usize;
        Some((child, DropOut::new(f64::from_bits(record.probability.get()))?)).filter(|_| child < children)
    };
    let drop_outs: Vec<(usize, DropOut)> = records.iter().map(check).collect::<Option<_>>()?;
    drop_outs.is_sorted_by(|a, b| a.0 < b.0).then_some(drop_outs)
}
