//! Stores the families index, which states which children each family can match, so that a run with new children need
//! not compile old families again. A family has a record for each view in which it is compared.
//!
//! All numbers are little-endian. The file begins with a [`Header`]. Parts follow, each a series of records of one
//! size, and at the end a list of the parts with their digests. A record is a [`FamilyHead`], one `f32` per locus of
//! the panel, and, from the next multiple of 64 bytes on, 64 weights per locus of the panel. The modules `screen` and
//! `matching` write and read these values and define their meaning.
//!
//! Like the children's index it is disposable: without it a run compiles the families again. Therefore it is not
//! flushed to the disk, and its digests reveal a file that a crash left incomplete. It is never in memory as a whole: a
//! reader holds one verified part.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use tempfile::NamedTempFile;
use zerocopy::byteorder::little_endian::{F32, F64, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::format::IndexError;
use super::map::{Aligned, length, read_into};
use crate::files;
use crate::model::Pseudonym;

/// Prefix of the name of a families index while it is being written.
const UNFINISHED: &str = ".families-";

const MAGIC: [u8; 8] = *b"REUNIFX\n";
const VERSION: u32 = 1;
const LINE: usize = 64;

/// The data that a families index was built from; the index is valid only while these are unchanged, except for
/// families that changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyBinding {
    /// Digest of everything on which the records depend, except samples and families.
    pub basis: [u8; 32],
    /// The ledger's stamp, which changes with every change of samples or families.
    pub stamp: [u8; 16],
    /// The ledger's generation.
    pub generation: u64,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    version: U32,
    loci: U32,
    basis: [u8; 32],
    stamp: [u8; 16],
    generation: U64,
    families: U64,
    parts: U64,
    /// BLAKE3 of the list of parts.
    parts_digest: [u8; 32],
    /// BLAKE3 of all preceding bytes.
    digest: [u8; 32],
    /// Padding up to a multiple of 64 bytes.
    rest: [u8; 40],
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
struct Part {
    families: U64,
    digest: [u8; 32],
}

/// First part of a record.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct FamilyHead {
    /// The family's pseudonym.
    pub pseudonym: [u8; Pseudonym::LEN],
    /// The most that a child may lack, in log10.
    pub room: F64,
    /// Units of weight per log10.
    pub units: F64,
    /// The weight that sums start with.
    pub start: u8,
    /// Unused padding.
    pub rest: [u8; 7],
}

/// The record of one family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FamilyRecord<'a> {
    /// Its first part.
    pub head: &'a FamilyHead,
    /// A number per locus of the panel.
    pub gaps: &'a [F32],
    /// 64 weights per locus of the panel; the first begins at a multiple of 64 bytes.
    pub weights: &'a [u8],
}

impl FamilyRecord<'_> {
    /// Returns the size of a record in bytes, for a panel of this number of loci.
    #[must_use]
    pub fn size(loci: usize) -> usize {
        front(loci) + loci * LINE
    }

    /// Appends the record to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(self.gaps.as_bytes());
        let lines = front(self.gaps.len()) - size_of::<FamilyHead>() - size_of_val(self.gaps);
        out.resize(out.len() + lines, 0);
        out.extend_from_slice(self.weights);
    }
}

/// Returns the size in bytes of the part of a record before its weights.
fn front(loci: usize) -> usize {
    (size_of::<FamilyHead>() + loci * size_of::<F32>()).next_multiple_of(LINE)
}

impl Header {
    fn computed_digest(&self) -> [u8; 32] {
        let bytes = self.as_bytes();
        *blake3::hash(&bytes[..bytes.len() - size_of_val(&self.rest) - 32]).as_bytes()
    }
}

/// A families index that is being written; if it is dropped, its file is removed.
pub struct FamilyWriter {
    file: NamedTempFile,
    header: Header,
    parts: Vec<Part>,
}

impl FamilyWriter {
    /// Begins a families index in `folder`, where it is to be placed, for a panel of this number of loci. Removes
    /// unfinished files of an interrupted one.
    ///
    /// # Errors
    /// [`IndexError::Io`]
    pub fn new(folder: &Path, binding: &FamilyBinding, loci: usize) -> Result<Self, IndexError> {
        let failed = IndexError::io("write");
        super::build::clear(folder, UNFINISHED)?;
        let mut file = files::temporary(UNFINISHED, folder).map_err(&failed)?;
        let header = Header {
            magic: MAGIC,
            version: U32::new(VERSION),
            loci: U32::new(u32::try_from(loci).map_err(|_| IndexError::TooMany)?),
            basis: binding.basis,
            stamp: binding.stamp,
            generation: U64::new(binding.generation),
            families: U64::ZERO,
            parts: U64::ZERO,
            parts_digest: [0; 32],
            digest: [0; 32],
            rest: [0; 40],
        };
        // The file cannot be read before `finish` has written the true header.
        file.write_all(&[0; size_of::<Header>()]).map_err(&failed)?;
        Ok(Self { file, header, parts: Vec::new() })
    }

    /// Appends a part: records in the form of [`FamilyRecord::write`], of the same panel.
    ///
    /// # Errors
    /// [`IndexError::Io`]
    pub fn append(&mut self, records: &[u8]) -> Result<(), IndexError> {
        let families = (records.len() / FamilyRecord::size(self.header.loci.get() as usize)) as u64;
        if families > 0 {
            self.file.write_all(records).map_err(IndexError::io("write"))?;
            self.header.families += families;
            self.parts.push(Part { families: U64::new(families), digest: *blake3::hash(records).as_bytes() });
        }
        Ok(())
    }

    /// Moves the finished index to `path`, in the folder where it was begun, and replaces an existing file.
    ///
    /// # Errors
    /// [`IndexError::Io`]
    pub fn finish(mut self, path: &Path) -> Result<(), IndexError> {
        let failed = IndexError::io("write");
        let parts = self.parts.as_bytes();
        self.file.write_all(parts).map_err(&failed)?;
        self.header.parts = U64::new(self.parts.len() as u64);
        self.header.parts_digest = *blake3::hash(parts).as_bytes();
        self.header.digest = self.header.computed_digest();
        self.file.rewind().map_err(&failed)?;
        self.file.write_all(self.header.as_bytes()).map_err(&failed)?;
        let mut permissions = self.file.as_file().metadata().map_err(&failed)?.permissions();
        permissions.set_readonly(true);
        self.file.as_file().set_permissions(permissions).map_err(&failed)?;
        self.file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// An opened families index: read-only; its parts are read and checked on demand.
pub struct FamilyIndex {
    source: Source,
    binding: FamilyBinding,
    loci: usize,
    families: u64,
    /// Offset, length and digest of each part.
    parts: Vec<(u64, u64, [u8; 32])>,
}

enum Source {
    File(File),
    Memory(Vec<u8>),
}

impl Source {
    fn length(&self) -> Result<u64, IndexError> {
        match self {
            Self::File(file) => length(file),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// Reads bytes that lie within the file, into memory that may have been used before.
    fn read(&self, offset: u64, length: u64, memory: &mut Aligned) -> Result<(), IndexError> {
        match self {
            Self::File(file) => read_into(file, offset, length, memory),
            Self::Memory(bytes) => memory.copy(&bytes[offset as usize..(offset + length) as usize]),
        }
    }
}

/// A part of a families index, verified.
pub struct FamilyPart {
    bytes: Aligned,
    loci: usize,
}

impl FamilyPart {
    /// Counts the families of the part. All records of a family are adjacent.
    #[must_use]
    pub fn families(&self) -> u64 {
        let names: Vec<[u8; Pseudonym::LEN]> = self.records().map(|record| record.head.pseudonym).collect();
        names.chunk_by(|a, b| a == b).count() as u64
    }

    /// Returns the records of the part.
    pub fn records(&self) -> impl Iterator<Item = FamilyRecord<'_>> {
        self.bytes.chunks_exact(FamilyRecord::size(self.loci)).filter_map(|record| self.record(record))
    }

    /// Returns the record in these bytes; there is always one if they have its length.
    fn record<'a>(&self, bytes: &'a [u8]) -> Option<FamilyRecord<'a>> {
        let (head, rest) = FamilyHead::ref_from_prefix(bytes).ok()?;
        let (gaps, _) = <[F32]>::ref_from_prefix_with_elems(rest, self.loci).ok()?;
        Some(FamilyRecord { head, gaps, weights: &bytes[front(self.loci)..] })
    }
}

impl FamilyIndex {
    /// Opens a file for a panel of this number of loci and checks everything but the records, if `serves` accepts its
    /// binding.
    ///
    /// # Errors
    /// [`IndexError::Stale`] if `serves` rejects it or the number of loci differs; otherwise the fault of the file.
    pub fn open_if(path: &Path, loci: usize, serves: impl FnOnce(&FamilyBinding) -> bool) -> Result<Self, IndexError> {
        let index = Self::check(Source::File(files::open(path).map_err(IndexError::io("open"))?))?;
        if index.loci == loci && serves(&index.binding) { Ok(index) } else { Err(IndexError::Stale) }
    }

    /// Opens the bytes of a file in memory.
    ///
    /// # Errors
    /// [`IndexError`], as for a file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IndexError> {
        Self::check(Source::Memory(bytes.to_vec()))
    }

    fn check(source: Source) -> Result<Self, IndexError> {
        use IndexError::Damaged;
        const FRONT: u64 = size_of::<Header>() as u64;
        let all = source.length()?;
        let (mut beginning, mut list) = (Aligned::empty()?, Aligned::empty()?);
        source.read(0, all.min(FRONT), &mut beginning)?;
        let header = Header::read_from_bytes(&beginning).map_err(|_| Damaged("it is too short"))?;
        if header.magic != MAGIC {
            return Err(Damaged("it does not begin as a families index does"));
        }
        if header.version.get() != VERSION {
            return Err(IndexError::Stale);
        }
        if header.computed_digest() != header.digest {
            return Err(Damaged("header digest"));
        }
        let length = header.parts.get().checked_mul(size_of::<Part>() as u64);
        let length = length.filter(|&length| length <= all - FRONT).ok_or(Damaged("list of parts"))?;
        source.read(all - length, length, &mut list)?;
        if *blake3::hash(&list).as_bytes() != header.parts_digest {
            return Err(Damaged("list of parts"));
        }
        let list = <[Part]>::ref_from_bytes(&list).map_err(|_| Damaged("list of parts"))?;
        let loci = header.loci.get() as usize;
        let (mut parts, mut families, mut end) = (Vec::with_capacity(list.len()), 0_u64, FRONT);
        for part in list {
            let length = part.families.get().checked_mul(FamilyRecord::size(loci) as u64);
            let length = length.filter(|&length| length <= all - end).ok_or(Damaged("length of a part"))?;
            parts.push((end, length, part.digest));
            families += part.families.get();
            end += length;
        }
        if families != header.families.get() || end + size_of_val(list) as u64 != all {
            return Err(Damaged("number of families"));
        }
        let binding = FamilyBinding { basis: header.basis, stamp: header.stamp, generation: header.generation.get() };
        Ok(Self { source, binding, loci, families, parts })
    }

    /// Returns the data that the index was built from.
    #[must_use]
    pub fn binding(&self) -> &FamilyBinding {
        &self.binding
    }

    /// Returns the number of loci of the panel.
    #[must_use]
    pub fn loci(&self) -> usize {
        self.loci
    }

    /// Returns the number of records: each family has one for every view.
    #[must_use]
    pub fn record_count(&self) -> u64 {
        self.families
    }

    /// Returns the number of parts.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Reads and checks a part.
    ///
    /// # Errors
    /// [`IndexError::Damaged`], or an I/O error.
    ///
    /// # Panics
    /// If there is no part with this number.
    pub fn part(&self, number: usize) -> Result<FamilyPart, IndexError> {
        self.part_in(number, None)
    }

    /// Reads and checks a part, as [`Self::part`] does, into the memory of one that is no longer used. This saves the
    /// system from clearing memory for each part.
    ///
    /// # Errors
    /// As [`Self::part`].
    ///
    /// # Panics
    /// If there is no part with this number.
    pub fn part_in(&self, number: usize, memory: Option<FamilyPart>) -> Result<FamilyPart, IndexError> {
        let (offset, length, digest) = self.parts[number];
        let mut bytes = memory.map_or_else(Aligned::empty, |part| Ok(part.bytes))?;
        self.source.read(offset, length, &mut bytes)?;
        if *blake3::hash(&bytes).as_bytes() != digest {
            return Err(IndexError::Damaged("digest of a part"));
        }
        Ok(FamilyPart { bytes, loci: self.loci })
    }
}

const _: () = assert!(size_of::<Header>().is_multiple_of(LINE), "weights lie at multiples of a line");

#[cfg(test)]
mod tests;
