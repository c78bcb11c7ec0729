//! What comes out of a file.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Date;

use crate::intake::findings::Problem;
use crate::model::{DropOut, FamilyPedigree, Locus, ManyAlleles, Profile, Pseudonym, Relation, Sex, UnknownWord};

/// What a tidy CSV file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Typed relatives of missing children: `family_id`, `sample_id`, `relation`, `sex`, one column per locus.
    Families,
    /// Children of unknown origin: `sample_id`, `sex`, one column per locus.
    Children,
}

impl Layout {
    /// The word used on the command line and in the ledger.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Families => "families",
            Self::Children => "children",
        }
    }
}

impl FromStr for Layout {
    type Err = UnknownWord;

    /// Reads `families` or `children`.
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Families, Self::Children]
            .into_iter()
            .find(|layout| layout.word() == text)
            .ok_or(UnknownWord { choices: "families, children" })
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

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

/// What one allele alone means: a homozygote is written so, but the other allele may also have been lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SingleAllele {
    /// Both alleles are the same.
    #[default]
    Homozygote,
    /// Nothing certain: the locus is left untyped.
    Untyped,
}

/// One sound row: a sample and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Line of the file, from 1.
    pub line: u64,
    /// The sample.
    pub sample: Pseudonym,
    /// The family and what the sample's donor is to its missing child; `None` in a children file.
    pub family: Option<(Pseudonym, Relation)>,
    /// The recorded sex.
    pub sex: Sex,
    /// Who gave out the identifiers.
    pub agency: Option<Arc<str>>,
    /// Where the sample comes from.
    pub region: Option<Arc<str>>,
    /// The typing kit.
    pub kit: Option<Arc<str>>,
    /// When the sample was taken.
    pub collected_on: Option<Date>,
    /// The sample's own drop-out probability, in place of the model's.
    pub drop_out: Option<DropOut>,
    /// Genotypes over [`Intake::loci`].
    pub profile: Profile,
    /// Loci with more than two alleles, by position in [`Intake::loci`]: untyped in the profile.
    pub many: Vec<(usize, ManyAlleles)>,
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
    pub rows: Vec<Row>,
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
