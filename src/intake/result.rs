//! What a file came to: its sound rows, and everything that is wrong with it.

use std::io;
use std::path::PathBuf;

use crate::intake::findings::{ColumnName, Problem};
use crate::intake::format::Format;
use crate::intake::rows::variants::IdentifierVariant;
use crate::model::{FamilyPedigree, Layout, Locus, SampleRecord, shown_path};

/// A file, read to its end: its sound rows and everything that is wrong with it.
///
/// A file with problems is to be refused as a whole; the sound rows are there to be counted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Intake {
    /// The layout it was read as.
    pub layout: Layout,
    /// The form it was read as.
    pub format: Format,
    /// BLAKE3 of the file's bytes.
    pub digest: [u8; 32],
    /// Bytes of the file.
    pub size: u64,
    /// The loci of its columns, in file order, each spelled as the panel spells it.
    pub loci: Vec<Locus>,
    /// Where each of these columns stands, as findings name it.
    pub locus_columns: Vec<Option<ColumnName>>,
    /// How many rows have a problem and were left out: lines of tidy CSV, samples of a GeneMapper table, specimens of CMF,
    /// persons with DNA data of Familias in each of their families. What could not be read at all has no rows to count.
    pub rejected: u64,
    /// Rows without a problem, in file order.
    pub rows: Vec<SampleRecord>,
    /// Other forms of the identifiers of these rows, in which the store may have them.
    pub variants: Vec<IdentifierVariant>,
    /// Pedigrees of the families of these rows that have one, by family.
    pub pedigrees: Vec<FamilyPedigree>,
    /// Errors, in order of lines and columns; the file is sound if there is none.
    pub problems: Vec<Problem>,
    /// Warnings, and notes that the sender may want to know, in order of lines and columns.
    pub notes: Vec<Problem>,
}

/// Why a file could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// The operating system refused.
    #[error("cannot read {}: {source}", shown_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A pipe, a device or the like.
    #[error("{} is a pipe or a device, not a file; save its content in a file; `-` reads standard input", shown_path(.0))]
    NotAFile(PathBuf),
    /// Above [`super::MOST_BYTES`].
    #[error("{} is larger than 2 GiB; split it into several files, each with the header line", shown_path(.0))]
    TooLarge(PathBuf),
}

impl Intake {
    /// A file of which nothing is read yet.
    pub(in crate::intake) fn new(bytes: &[u8], format: Format, layout: Layout) -> Self {
        Self {
            layout,
            format,
            digest: *blake3::hash(bytes).as_bytes(),
            size: bytes.len() as u64,
            loci: Vec::new(),
            locus_columns: Vec::new(),
            rejected: 0,
            rows: Vec::new(),
            variants: Vec::new(),
            pedigrees: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }
}
