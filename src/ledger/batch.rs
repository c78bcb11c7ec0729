//! Defines a batch of records to import, its conflicts with the ledger, and the report of an import.

use std::collections::HashMap;
use std::fmt;

use crate::audit::Entry;
use crate::model::{FamilyPedigree, Layout, Locus, Pseudonym, Relation, SURE_LOCI, SampleRecord};

/// Commitment to a sample or family that was expunged.
pub type Commitment = [u8; 32];

/// Facts about expunged samples and families that a batch contains again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returning {
    /// Samples and families that were expunged under a former key, by their present pseudonyms.
    pub former: HashMap<Pseudonym, Commitment>,
    /// Set if the import takes them in again.
    pub take_in: bool,
}

/// The rows of one file.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Layout of the rows: families or children.
    pub layout: Layout,
    /// Identifies the file. This is not its plain digest, because the ledger keeps it and somebody could test a guessed
    /// number against a plain digest.
    pub file_digest: [u8; 32],
    /// The loci of every profile, without duplicates.
    pub loci: Vec<Locus>,
    /// The rows, in any order.
    pub rows: Vec<SampleRecord>,
    /// Pedigrees of the families whose rows are of the relation [`Relation::Member`], one each, in any order.
    pub pedigrees: Vec<FamilyPedigree>,
    /// The rows' samples and families that were expunged under a former key, and the decision about all that were
    /// expunged.
    pub returning: Returning,
}

impl Batch {
    /// Adds to an entry the facts about the import of this batch that the audit chain records.
    pub(super) fn describe_import(&self, entry: Entry, report: &ImportReport) -> Entry {
        let entry = entry.with("as", self.layout.word());
        [
            ("rows", self.rows.len() as u64),
            ("added", report.added),
            ("unchanged", report.unchanged),
            ("replaced", report.replaced),
            ("kept", report.kept),
            ("typings", report.typings),
        ]
        .into_iter()
        .fold(entry, |entry, (name, number)| entry.with(name, number))
    }
}

/// Decision about rows that conflict with the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// Imports nothing of the file.
    Refuse,
    /// Keeps the ledger's version and imports the other rows.
    Keep,
    /// Takes the file's version. A conflict that is not [`ConflictKind::is_replaceable`] still refuses the file.
    Replace,
    /// Adds the row as a further typing of its sample. A row that contradicts the ledger about the person or the family
    /// still refuses the file, and so does a row most of whose genotypes differ.
    Add,
}

impl OnConflict {
    /// Returns the word on the command line and in the audit chain.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Keep => "keep",
            Self::Replace => "replace",
            Self::Add => "add",
        }
    }
}

/// Kind of conflict between a row and the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ConflictKind {
    /// The ledger has the sample as a child and the row as a relative, or the reverse.
    Role,
    /// Other genotypes, or another drop-out probability.
    Profile,
    /// The row may be a further typing, but it shares too few loci with the ledger's to be sure: fewer than
    /// [`SURE_LOCI`].
    FewShared,
    /// Another sex.
    Sex,
    /// Another agency, region, kit or day of collection.
    Metadata,
    /// Another relation in the same family.
    Relation,
    /// The family would have two relatives of a relation that a child has once.
    Second(Relation),
    /// The family has another pedigree, or this sample another place in it.
    Pedigree,
    /// The family's pedigree would have no place for this sample of the ledger.
    Unplaced,
    /// The family would have some relatives by relation and others by pedigree.
    Half,
    /// Another row of the same file contradicts this one about the sample.
    Itself,
    /// The sample was expunged.
    Expunged,
    /// The family was expunged.
    ExpungedFamily,
}

impl ConflictKind {
    /// Reports whether [`OnConflict::Replace`] can settle the conflict.
    #[must_use]
    pub fn is_replaceable(self) -> bool {
        let others = matches!(self, Self::Role | Self::Second(_) | Self::Unplaced | Self::Half | Self::Itself);
        !others && !self.is_return()
    }

    /// Reports whether an expunged sample or family is imported again.
    #[must_use]
    pub fn is_return(&self) -> bool {
        matches!(self, Self::Expunged | Self::ExpungedFamily)
    }
}

impl fmt::Display for ConflictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role => f.write_str("is a child here and a relative there"),
            Self::Profile => f.write_str("has other genotypes, or another drop_out"),
            Self::FewShared => write!(f, "shares fewer than {SURE_LOCI} loci with the store's typing"),
            Self::Sex => f.write_str("has another sex"),
            Self::Metadata => f.write_str("has another agency, region, kit or day of collection"),
            Self::Relation => f.write_str("has another relation in this family"),
            Self::Pedigree => f.write_str("belongs to a family with another pedigree, or has another place in it"),
            Self::Unplaced => f.write_str(
                "is in the store, and the family's pedigree does not have it; write its sample_id in the pedigree file",
            ),
            Self::Half => f.write_str(
                "is in the store, and this file states the family in another way: relations and a pedigree cannot be \
                 combined; import all relatives of the family in one file",
            ),
            Self::Itself => f.write_str("is described differently by another row of the file"),
            Self::Expunged => f.write_str("was expunged from the store"),
            Self::ExpungedFamily => f.write_str("belongs to a family that was expunged from the store"),
            Self::Second(Relation::Parent) => f.write_str("would be the family's third parent"),
            Self::Second(relation) => write!(f, "would be the family's second {relation}"),
        }
    }
}

/// A locus at which a row has other alleles than the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DifferingLocus {
    /// The locus.
    pub locus: Locus,
    /// `true` if drop-out of one allele explains the difference: see [`crate::model::drop_out_explains`].
    pub drop_out_explains: bool,
}

/// Comparison of the genotypes of a row with those that the ledger has of its sample.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Comparison {
    /// Number of loci that both have.
    pub shared: usize,
    /// Shared loci at which they differ, by name.
    pub differing: Vec<DifferingLocus>,
    /// Number of loci that only the row has.
    pub new: usize,
    /// Number of loci that only the ledger has.
    pub lacking: usize,
    /// Set if they state different drop-out probabilities.
    pub other_drop_out: bool,
}

impl Comparison {
    /// Reports whether the typings differ too much to be of one person: at more than half of six or more shared loci.
    #[must_use]
    pub fn is_another_person(&self) -> bool {
        self.shared >= SURE_LOCI && 2 * self.differing.len() > self.shared
    }
}

impl fmt::Display for Comparison {
    /// Writes the differences, to follow `sample ...`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loci = |n: usize| if n == 1 { "1 locus".to_owned() } else { format!("{n} loci") };
        let shared =
            if self.shared == 1 { "1 shared locus".to_owned() } else { format!("{} shared loci", self.shared) };
        let mut separator = "";
        if !self.differing.is_empty() {
            let names = |which: &dyn Fn(&DifferingLocus) -> bool| -> String {
                let some = self.differing.iter().filter(|one| which(one)).map(|one| one.locus.name());
                some.collect::<Vec<_>>().join(", ")
            };
            write!(f, "has other genotypes at {} of {shared}: {}", self.differing.len(), names(&|_| true))?;
            let explained = names(&|one| one.drop_out_explains);
            if self.is_another_person() {
                f.write_str("; with this many differences it is hardly the same person")?;
            } else if !explained.is_empty() {
                write!(f, "; drop-out would explain {explained}")?;
            }
            separator = "; ";
        } else if self.new > 0 || self.lacking > 0 {
            write!(
                f,
                "has other genotypes: {shared} agree, {} in the file alone, {} in the store alone",
                loci(self.new),
                loci(self.lacking)
            )?;
            separator = "; ";
        }
        if self.other_drop_out {
            write!(f, "{separator}has another drop_out")?;
        } else if separator.is_empty() {
            write!(f, "agrees at {shared}")?;
        }
        Ok(())
    }
}

/// One conflict between a row and the ledger, or between two rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// Line of the file.
    pub line: u64,
    /// The sample.
    pub sample: Pseudonym,
    /// Kind of the conflict.
    pub kind: ConflictKind,
    /// For [`ConflictKind::Profile`] and [`ConflictKind::FewShared`] with the ledger: the exact differences.
    pub comparison: Option<Comparison>,
}

impl Conflict {
    /// Returns the statement of the conflict about the sample.
    #[must_use]
    pub fn what(&self) -> String {
        match (&self.comparison, self.kind) {
            (Some(comparison), ConflictKind::FewShared) => {
                format!("{comparison}; fewer than {SURE_LOCI} shared loci do not show that it is the same person")
            }
            (Some(comparison), _) => comparison.to_string(),
            (None, kind) => kind.to_string(),
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: sample {} {}", self.line, self.sample, self.what())
    }
}

/// A further typing of a sample that the ledger has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedTyping {
    /// Line of the file.
    pub line: u64,
    /// The sample.
    pub sample: Pseudonym,
    /// Comparison with the typings that the ledger had.
    pub comparison: Comparison,
}

/// Result of an import, or of a dry run. Every row is counted once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// Number of rows that added a sample, or added a known sample to a further family.
    pub added: u64,
    /// Number of rows that the ledger already holds.
    pub unchanged: u64,
    /// Number of rows whose version replaced the ledger's.
    pub replaced: u64,
    /// Number of rows that were ignored in favour of the ledger's version.
    pub kept: u64,
    /// Number of rows that added a further typing of a sample.
    pub typings: u64,
    /// These typings, by line; a typing of a sample with several rows is listed once.
    pub added_typings: Vec<AddedTyping>,
    /// Number of expunged samples and families that were taken in again.
    pub restored: u64,
    /// Conflicts that were settled, by line.
    pub conflicts: Vec<Conflict>,
    /// Number of candidates deleted because they were computed from data that was replaced.
    pub candidates_deleted: u64,
    /// Time of the last import of the same file, in seconds since 1970 UTC.
    pub seen_before: Option<i64>,
    /// Set if the file was skipped because it was imported before and conflicts only with later imports.
    pub superseded: bool,
}
