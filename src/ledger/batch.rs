//! A batch of records to import, how it disagrees with the ledger, and what an import did.

use std::fmt;

use crate::audit::Entry;
use crate::model::{FamilyPedigree, Layout, Locus, Pseudonym, Relation, SampleRecord};

/// The rows of one file.
#[derive(Clone, Debug)]
pub struct Batch {
    /// What they are.
    pub layout: Layout,
    /// BLAKE3 of the file.
    pub file_digest: [u8; 32],
    /// The loci of every profile, each once.
    pub loci: Vec<Locus>,
    /// The rows, in any order.
    pub rows: Vec<SampleRecord>,
    /// Pedigrees of the families whose rows are of the relation [`Relation::Member`], one each, in any order.
    pub pedigrees: Vec<FamilyPedigree>,
}

impl Batch {
    /// Adds to an entry what the audit chain says of the import of this batch.
    pub(super) fn describe_import(&self, entry: Entry, report: &ImportReport) -> Entry {
        let entry = entry.with("as", self.layout.word()).with_digest("file", &self.file_digest);
        [
            ("rows", self.rows.len() as u64),
            ("added", report.added),
            ("unchanged", report.unchanged),
            ("replaced", report.replaced),
            ("kept", report.kept),
        ]
        .into_iter()
        .fold(entry, |entry, (name, number)| entry.with(name, number))
    }
}

/// What to do with a row that disagrees with the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// Import nothing of the file.
    Refuse,
    /// Leave the ledger's version, import the other rows.
    Keep,
    /// Take the file's version. What [`ConflictKind::is_replaceable`] denies refuses the file all the same.
    Replace,
}

impl OnConflict {
    /// The word on the command line and in the audit chain.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Keep => "keep",
            Self::Replace => "replace",
        }
    }
}

/// How a row disagrees with the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ConflictKind {
    /// The sample is known as a child and given as a relative, or the reverse.
    Role,
    /// Other genotypes, or another drop-out probability.
    Profile,
    /// Another sex.
    Sex,
    /// Another agency, region, kit or day of collection.
    Metadata,
    /// Another relation in the same family.
    Relation,
    /// The family would have two of a relative that a child has once.
    Second(Relation),
    /// The family has another pedigree, or this sample another place in it.
    Pedigree,
    /// The family's pedigree would have no place for this sample, which the ledger has.
    Unplaced,
    /// Some of the family's relatives would be given by relation, others by pedigree.
    Half,
    /// Another row of the same file says something else of the sample.
    Itself,
}

impl ConflictKind {
    /// Whether [`OnConflict::Replace`] can settle it.
    #[must_use]
    pub fn is_replaceable(self) -> bool {
        !matches!(self, Self::Role | Self::Second(_) | Self::Unplaced | Self::Half | Self::Itself)
    }
}

impl fmt::Display for ConflictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role => f.write_str("is a child here and a relative there"),
            Self::Profile => f.write_str("has other genotypes, or another drop_out"),
            Self::Sex => f.write_str("has another sex"),
            Self::Metadata => f.write_str("has another agency, region, kit or day of collection"),
            Self::Relation => f.write_str("has another relation in this family"),
            Self::Pedigree => f.write_str("belongs to a family with another pedigree, or has another place in it"),
            Self::Unplaced => f.write_str(
                "is in the store, and has no place in the family's pedigree: write its sample_id in the pedigree file",
            ),
            Self::Half => f.write_str(
                "is in the store and would be left behind: a family is given by relations or by a pedigree, not by both; \
                 import all its relatives in one file",
            ),
            Self::Itself => f.write_str("is described differently by another row of the file"),
            Self::Second(Relation::Parent) => f.write_str("would be the family's third parent"),
            Self::Second(relation) => write!(f, "would be the family's second {relation}"),
        }
    }
}

/// One disagreement between a row and the ledger, or two rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// Line of the file.
    pub line: u64,
    /// The sample.
    pub sample: Pseudonym,
    /// How they disagree.
    pub kind: ConflictKind,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: sample {} {}", self.line, self.sample, self.kind)
    }
}

/// What an import did, or would do. Every row is counted once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// Rows that brought a sample, or a known sample into a further family.
    pub added: u64,
    /// Rows that the ledger holds already.
    pub unchanged: u64,
    /// Rows whose version replaced the ledger's.
    pub replaced: u64,
    /// Rows whose version was left aside for the ledger's.
    pub kept: u64,
    /// Disagreements that were settled, by line.
    pub conflicts: Vec<Conflict>,
    /// Candidates deleted because they were computed from data that was replaced.
    pub candidates_deleted: u64,
    /// When the same file was imported last, in seconds since 1970 UTC.
    pub seen_before: Option<i64>,
}
