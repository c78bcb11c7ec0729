//! A batch of records to import, how it disagrees with the ledger, and what an import did.

use std::collections::HashMap;
use std::fmt;

use crate::audit::Entry;
use crate::model::{FamilyPedigree, Layout, Locus, Pseudonym, Relation, SURE_LOCI, SampleRecord};

/// Stands for a sample or family that was expunged.
pub type Commitment = [u8; 32];

/// What is known of those that were expunged and that a batch brings again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returning {
    /// Samples and families that were expunged under a former key, by their present pseudonyms.
    pub former: HashMap<Pseudonym, Commitment>,
    /// Whether they are taken in again.
    pub take_in: bool,
}

/// The rows of one file.
#[derive(Clone, Debug)]
pub struct Batch {
    /// What they are.
    pub layout: Layout,
    /// Tells the file from others. Not its plain digest, of which a number could be told: the ledger keeps it.
    pub file_digest: [u8; 32],
    /// The loci of every profile, each once.
    pub loci: Vec<Locus>,
    /// The rows, in any order.
    pub rows: Vec<SampleRecord>,
    /// Pedigrees of the families whose rows are of the relation [`Relation::Member`], one each, in any order.
    pub pedigrees: Vec<FamilyPedigree>,
    /// Those of them who were expunged under a former key, and what becomes of all who were expunged.
    pub returning: Returning,
}

impl Batch {
    /// Adds to an entry what the audit chain says of the import of this batch.
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

/// What to do with a row that disagrees with the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// Import nothing of the file.
    Refuse,
    /// Leave the ledger's version, import the other rows.
    Keep,
    /// Take the file's version. What [`ConflictKind::is_replaceable`] denies refuses the file all the same.
    Replace,
    /// Add the row as a further typing of its sample. What says of the person or the family something else than the ledger
    /// refuses the file all the same, and so do genotypes most of which differ.
    Add,
}

impl OnConflict {
    /// The word on the command line and in the audit chain.
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

/// How a row disagrees with the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ConflictKind {
    /// The sample is known as a child and given as a relative, or the reverse.
    Role,
    /// Other genotypes, or another drop-out probability.
    Profile,
    /// It may be a further typing, and shares too few loci with the ledger's to be sure: fewer than [`SURE_LOCI`].
    FewShared,
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
    /// The sample was expunged.
    Expunged,
    /// The family was expunged.
    ExpungedFamily,
}

impl ConflictKind {
    /// Whether [`OnConflict::Replace`] can settle it.
    #[must_use]
    pub fn is_replaceable(self) -> bool {
        let others = matches!(self, Self::Role | Self::Second(_) | Self::Unplaced | Self::Half | Self::Itself);
        !others && !self.is_return()
    }

    /// Whether somebody who was expunged comes back.
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

/// A locus at which a row shows other alleles than the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DifferingLocus {
    /// The locus.
    pub locus: Locus,
    /// Whether drop-out of one allele explains it: see [`crate::model::drop_out_explains`].
    pub drop_out_explains: bool,
}

/// The genotypes of a row beside those that the ledger has of its sample.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Comparison {
    /// How many loci both show.
    pub shared: usize,
    /// Those of them that differ, by name.
    pub differing: Vec<DifferingLocus>,
    /// How many loci the row alone shows.
    pub new: usize,
    /// How many loci the ledger alone shows.
    pub lacking: usize,
    /// Whether they state different drop-out probabilities.
    pub other_drop_out: bool,
}

impl Comparison {
    /// Whether so much differs that the typings can hardly be one person's: of six shared loci or more, more than half.
    #[must_use]
    pub fn is_another_person(&self) -> bool {
        self.shared >= SURE_LOCI && 2 * self.differing.len() > self.shared
    }
}

impl fmt::Display for Comparison {
    /// What differs, after `sample ...`.
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

/// One disagreement between a row and the ledger, or two rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// Line of the file.
    pub line: u64,
    /// The sample.
    pub sample: Pseudonym,
    /// How they disagree.
    pub kind: ConflictKind,
    /// For [`ConflictKind::Profile`] and [`ConflictKind::FewShared`] with the ledger: what exactly differs.
    pub comparison: Option<Comparison>,
}

impl Conflict {
    /// What it says of the sample.
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
    /// How it compares with what the ledger had.
    pub comparison: Comparison,
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
    /// Rows that brought a further typing of a sample.
    pub typings: u64,
    /// Those typings, by line; one of a sample with several rows once.
    pub added_typings: Vec<AddedTyping>,
    /// Samples and families that were expunged and are taken in again.
    pub restored: u64,
    /// Disagreements that were settled, by line.
    pub conflicts: Vec<Conflict>,
    /// Candidates deleted because they were computed from data that was replaced.
    pub candidates_deleted: u64,
    /// When the same file was imported last, in seconds since 1970 UTC.
    pub seen_before: Option<i64>,
    /// Whether the file was skipped: it was imported before, and what it disagrees with came later.
    pub superseded: bool,
}
