//! Defines the byte layout of an index file.
//!
//! All numbers are little-endian. The file begins with a [`Header`] of fixed size, and six sections follow, each at a
//! multiple of 64 bytes:
//!
//! | section | holds |
//! |---|---|
//! | metadata | [`Metadata`], encoded by bincode: loci of the panel and their listed alleles |
//! | pseudonyms | 16 bytes per child; children typed at most loci first, then by pseudonym |
//! | planes | per block of 512 children its [`Row`]s: the mask of regular children, then per locus a row of untyped children and one per listed allele |
//! | codes | per child and locus a `u16`: the genotype's code, the number of genotypes if untyped, or [`UNLISTED`] |
//! | unlisted | [`UnlistedRecord`]s of genotypes with an allele that the frequency table does not list, by child |
//! | drop-outs | [`DropOutRecord`]s of children whose sample has a drop-out probability of its own, by child |
//!
//! A set bit in an allele's row states that the child carries the allele. A child is irregular if one of its genotypes
//! has an unlisted allele, where it counts as untyped, or if its sample has a drop-out probability of its own, which
//! the tables do not include. The screen skips irregular children, and they are scored separately.

use serde::{Deserialize, Serialize};
use zerocopy::byteorder::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::model::{Allele, Locus};

#[cfg(target_endian = "big")]
compile_error!("index files are read in place and need a little-endian machine");

/// Number of children per block: the bits of one [`Row`].
pub const BLOCK: usize = 512;

/// One bit per child of a block; its size is that of a cache line.
pub type Row = [u64; BLOCK / 64];

/// The code of a genotype with an allele that the frequency table does not list.
pub const UNLISTED: u16 = u16::MAX;

pub(super) const MAGIC: [u8; 8] = *b"REUNIDX\n";
/// Version of the layout that this program writes.
pub(super) const VERSION: u32 = 2;
/// The oldest program layout version that can read the files of this program.
pub(super) const OLDEST_READER: u32 = 2;
pub(super) const ALIGNMENT: usize = 64;
pub(super) const SECTIONS: usize = 6;
/// The most bytes of metadata that the program decodes.
pub(super) const METADATA_LIMIT: usize = 1 << 20;

pub(super) const METADATA: usize = 0;
pub(super) const PSEUDONYMS: usize = 1;
pub(super) const PLANES: usize = 2;
pub(super) const CODES: usize = 3;
pub(super) const UNLISTED_SECTION: usize = 4;
pub(super) const DROP_OUTS: usize = 5;

/// Returns the number of rows of a block: the mask of regular children, and per locus one row for untyped children and
/// one per allele.
pub(super) fn rows_per_block(loci: &[(Locus, Vec<Allele>)]) -> usize {
    1 + loci.iter().map(|locus| 1 + locus.1.len()).sum::<usize>()
}

/// The data that an index was built from; the index is valid only while alleles and stamp are unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Digest of the panel's loci and listed alleles.
    pub alleles: [u8; 32],
    /// The ledger's stamp, which changes with every change of samples.
    pub stamp: [u8; 16],
    /// The ledger's generation, for human readers.
    pub generation: u64,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
pub(super) struct Header {
    pub(super) magic: [u8; 8],
    pub(super) version: U32,
    pub(super) oldest_reader: U32,
    pub(super) alleles: [u8; 32],
    pub(super) stamp: [u8; 16],
    pub(super) generation: U64,
    pub(super) children: U64,
    pub(super) sections: [Section; SECTIONS],
    /// BLAKE3 of all preceding bytes.
    pub(super) digest: [u8; 32],
}

/// Position of a section in the file.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
pub(super) struct Section {
    pub(super) offset: U64,
    pub(super) length: U64,
    pub(super) digest: [u8; 32],
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
pub(super) struct UnlistedRecord {
    pub(super) child: U32,
    pub(super) locus: U16,
    pub(super) low: U16,
    pub(super) high: U16,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
pub(super) struct DropOutRecord {
    pub(super) child: U32,
    /// The bits of the probability, an IEEE 754 double.
    pub(super) probability: U64,
}

/// Loci and alleles, in the order of the planes.
#[derive(Serialize, Deserialize)]
pub(super) struct Metadata {
    pub(super) loci: Vec<(String, Vec<u16>)>,
}

impl Header {
    pub(super) fn computed_digest(&self) -> [u8; 32] {
        let bytes = self.as_bytes();
        *blake3::hash(&bytes[..bytes.len() - 32]).as_bytes()
    }
}

/// Bincode always has a limit here, because a manipulated length could exhaust memory.
pub(super) mod codec {
    use super::{METADATA_LIMIT, Metadata};

    pub(in crate::index) fn encode(metadata: &Metadata) -> Result<Vec<u8>, bincode::error::EncodeError> {
        bincode::serde::encode_to_vec(metadata, bincode::config::standard().with_limit::<METADATA_LIMIT>())
    }

    pub(in crate::index) fn decode(bytes: &[u8]) -> Option<Metadata> {
        let config = bincode::config::standard().with_limit::<METADATA_LIMIT>();
        let (metadata, read) = bincode::serde::decode_from_slice(bytes, config).ok()?;
        (read == bytes.len()).then_some(metadata)
    }
}

/// Reason why an index cannot be used. Rebuilding the index from the ledger fixes each of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The file cannot be read or written.
    #[error("cannot {doing} the index: {error}")]
    Io {
        /// The operation that failed.
        doing: &'static str,
        /// The system's error.
        #[source]
        error: std::io::Error,
    },
    /// The bytes are not those that were written.
    #[error("the index is damaged ({0})")]
    Damaged(&'static str),
    /// The index was written by a newer program.
    #[error("the index has layout version {0}, which this program is too old to read")]
    Version(u32),
    /// The index was built from other data.
    #[error("the index belongs to another state of the store")]
    Stale,
    /// There are more children than 32 bits can count.
    #[error("an index holds at most 2^32 - 1 children")]
    TooMany,
}

impl IndexError {
    pub(super) fn io(doing: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |error| Self::Io { doing, error }
    }
}
