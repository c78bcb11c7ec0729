//! What comes out of a file.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::{CaseList, FamilyPedigrees, KitUse, NumberKind, Problem, cmf, fam, genemapper};
use crate::model::{FamilyPedigree, Layout, Locus, Panel, SampleRecord};
use crate::pseudonym::Pseudonymizer;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Tidy CSV: a row per person, a column per locus, or two.
    Csv,
    /// A table as GeneMapper and its like write it: a row per sample and locus.
    GeneMapper,
    /// CODIS Common Message Format 3.2 or 3.3: XML.
    Cmf,
    /// A project of the program Familias.
    Fam,
}

impl Format {
    /// Tells the form of a file by its text, in UTF-8; what is none of the others is read as CSV, and told what it lacks.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        if cmf::begins(text) {
            Self::Cmf
        } else if fam::is_fam(text) {
            Self::Fam
        } else if genemapper::is_table(text) {
            Self::GeneMapper
        } else {
            Self::Csv
        }
    }
}

/// What one allele alone means: a homozygote is written so, but the other allele may also have been lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SingleAllele {
    /// Both alleles are the same.
    #[default]
    Homozygote,
    /// Nothing certain: the locus is left untyped.
    Untyped,
}

/// What is asked of a file.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What it holds.
    pub layout: Layout,
    /// Its form; `None` if its content tells.
    pub format: Option<Format>,
    /// The loci matched on.
    pub panel: &'a Panel,
    /// Makes pseudonyms of its identifiers.
    pub pseudonymizer: &'a Pseudonymizer,
    /// Pedigrees of families that relations do not describe.
    pub pedigrees: Option<&'a FamilyPedigrees>,
    /// Who the samples are, where the file holds genotypes alone.
    pub cases: Option<&'a CaseList>,
    /// What one allele alone means.
    pub single_allele: SingleAllele,
    /// The sheet of a workbook; `None` for the first.
    pub sheet: Option<&'a str>,
    /// Whether the names of persons in the families of a DVI project, such as `Father`, are theirs within the family only:
    /// `FAMILY/PERSON` then names the sample.
    pub names_within_family: bool,
    /// What is said of typing kits.
    pub kits: KitUse,
    /// What its sample_id are, if they are such numbers: they are checked then.
    pub sample_id_kind: Option<NumberKind>,
}

impl<'a> Request<'a> {
    /// A file of this layout, of whatever form, by itself.
    #[must_use]
    pub fn new(layout: Layout, panel: &'a Panel, pseudonymizer: &'a Pseudonymizer) -> Self {
        Self {
            layout,
            format: None,
            panel,
            pseudonymizer,
            pedigrees: None,
            cases: None,
            single_allele: SingleAllele::default(),
            sheet: None,
            names_within_family: false,
            kits: KitUse::default(),
            sample_id_kind: None,
        }
    }
}

/// A file, read to its end: its sound rows and everything that is wrong with it.
///
/// A file with problems is to be refused as a whole; the sound rows are there to be counted.
#[derive(Clone, Debug)]
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
    pub locus_columns: Vec<Option<(usize, Arc<str>)>>,
    /// How many rows have a problem and were left out: lines of tidy CSV, samples of a GeneMapper table, specimens of CMF,
    /// persons with DNA data of Familias in each of their families. What could not be read at all has no rows to count.
    pub rejected: u64,
    /// Rows without a problem, in file order.
    pub rows: Vec<SampleRecord>,
    /// Pedigrees of the families of these rows that have one, by family.
    pub pedigrees: Vec<FamilyPedigree>,
    /// Errors, in order of lines and columns; the file is sound if there is none.
    pub problems: Vec<Problem>,
    /// Warnings, and notes that the sender may want to know, in order of lines and columns.
    pub notes: Vec<Problem>,
}

/// Why a file could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The operating system refused.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Above [`super::MOST_BYTES`].
    #[error("{} is larger than 2 GiB: split it into several files, each with the header line", .0.display())]
    TooLarge(PathBuf),
}
