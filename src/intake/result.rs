//! Holds the result of reading a file: its sound rows and its findings.

use std::io;
use std::path::PathBuf;

use crate::intake::findings::{ColumnName, Problem};
use crate::intake::format::Format;
use crate::intake::rows::variants::IdentifierVariant;
use crate::model::{FamilyPedigree, Layout, Locus, SampleRecord, shown_path};

/// The result of reading a file to its end: its sound rows and its findings.
///
/// A file with problems should be refused as a whole; its sound rows are then only counted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Intake {
    /// The layout in which the file was read.
    pub layout: Layout,
    /// The format in which the file was read.
    pub format: Format,
    /// BLAKE3 of the file's bytes.
    pub digest: [u8; 32],
    /// Number of bytes.
    pub size: u64,
    /// The loci of its columns in file order, each in the panel's spelling.
    pub loci: Vec<Locus>,
    /// The place of each of these columns, as findings name it.
    pub locus_columns: Vec<Option<ColumnName>>,
    /// Number of rows that were rejected because of a problem: lines of tidy CSV, samples of a GeneMapper table,
    /// specimens of CMF, and for Familias persons with DNA data in each of their families. A file that cannot be read
    /// at all has no rows to count.
    pub rejected: u64,
    /// Rows without a problem, in file order.
    pub rows: Vec<SampleRecord>,
    /// Other forms of the identifiers of these rows, which the store may hold.
    pub variants: Vec<IdentifierVariant>,
    /// Pedigrees of the families of these rows that have one, by family.
    pub pedigrees: Vec<FamilyPedigree>,
    /// Errors, in order of lines and columns; empty if the file is sound.
    pub problems: Vec<Problem>,
    /// Warnings, and notes for the sender, in order of lines and columns.
    pub notes: Vec<Problem>,
}

/// The reason why a file could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// The operating system reported an error.
    #[error("cannot read {}: {source}", shown_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// The path is a pipe, a device or similar.
    #[error("{} is a pipe or a device, not a file; save its content in a file; `-` reads standard input", shown_path(.0))]
    NotAFile(PathBuf),
    /// The file is larger than [`super::MOST_BYTES`].
    #[error("{} is larger than 2 GiB; split it into several files, each with the header line", shown_path(.0))]
    TooLarge(PathBuf),
}

impl Intake {
    /// Returns the result of a file before anything is read.
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
