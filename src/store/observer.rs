//! What an operation tells while it works, and how it is stopped.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::index::IndexError;
use crate::intake::Problem;
use crate::kinship::KinshipError;
use crate::ledger::ImportReport;
use crate::matching::Watch;
use crate::model::{Layout, Pseudonym};
use crate::report::words::{count, plural};

use super::changed_settings::ChangedSetting;
use super::error::StoreError;

/// Follows an operation: hears its notices, shows how far it is, and may stop it.
///
/// Every method has a default that does nothing, so an empty implementation is silent:
///
/// ```
/// use reunite::store::{Notice, Observer};
///
/// struct Log;
/// impl Observer for Log {
///     fn notice(&self, notice: &Notice<'_>) {
///         eprintln!("{notice}");
///     }
/// }
/// ```
pub trait Observer {
    /// Hears a notice, in the order of the work.
    fn notice(&self, notice: &Notice<'_>) {
        let _ = notice;
    }

    /// Gives the watch of long work, which can stop it from another thread.
    fn watch(&self) -> Arc<Watch> {
        Arc::default()
    }

    /// Long work begins; what this returns is dropped when it ends.
    fn follow(&self, watch: &Arc<Watch>) -> Box<dyn Any> {
        let _ = watch;
        Box::new(())
    }
}

/// Hears nothing and stops nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// A finding of an import, with its text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFinding {
    /// Place, severity, code and cause.
    pub problem: Problem,
    /// As it is written in a list of findings: some name several lines.
    pub text: String,
}

impl From<Problem> for ImportFinding {
    fn from(problem: Problem) -> Self {
        let text = problem.to_string();
        Self { problem, text }
    }
}

/// Something that an operation tells while it works.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// The store has no custodian: original identifiers are not kept.
    NoCustodian,
    /// Findings about one file of an import, in the order to show them.
    Findings {
        /// The file, as named.
        file: &'a str,
        /// What was found.
        findings: &'a [ImportFinding],
    },
    /// A file was refused for its errors.
    FileRefused {
        /// The file, as named.
        file: &'a str,
        /// How many errors it has.
        problems: u64,
    },
    /// A file was imported, or would have been in a dry run.
    FileImported {
        /// The file, as named.
        file: &'a str,
        /// What it holds.
        layout: Layout,
        /// What the ledger did with its rows.
        done: &'a ImportReport,
        /// Whether nothing was changed.
        dry_run: bool,
    },
    /// The time that a sound file took, its checks included.
    FileTime {
        /// Seconds.
        seconds: f64,
    },
    /// A file was refused because rows disagree with the store or with each other.
    FileConflicts {
        /// The file, as named.
        file: &'a str,
        /// How many rows.
        rows: u64,
        /// Whether the file's version, or the store's, can be taken for all of them.
        replaceable: bool,
        /// Whether all of them bring somebody back who was expunged.
        expunged: bool,
    },
    /// Samples and families that were expunged were taken in again, as was asked for.
    Restored {
        /// The file, as named.
        file: &'a str,
        /// How many.
        number: u64,
        /// Whether nothing was changed.
        dry_run: bool,
    },
    /// Those who were expunged are not recognised any more, as the key is lost that their pseudonyms were made with.
    ExpungedForgotten(u64),
    /// Pedigrees of families of which no file has a sound row.
    PedigreesWithoutRows {
        /// The file of pedigrees, as named.
        file: &'a str,
        /// How many.
        pedigrees: u64,
    },
    /// A family's consistency could not be checked.
    FamilyNotChecked {
        /// The family.
        family: Pseudonym,
        /// Why not.
        error: &'a KinshipError,
    },
    /// Families that waited for a check of consistency were checked before a match.
    FamiliesChecked {
        /// How many.
        families: u64,
        /// How many marks were set.
        marks: u64,
    },
    /// Settings are others than at the last run.
    SettingsChanged(&'a [ChangedSetting]),
    /// Everything is compared with everything although only changes were asked for.
    MatchingAll(WhyFull),
    /// What a delta compares.
    Changed {
        /// Families that are new or changed.
        families: u64,
        /// Children that are new or changed.
        children: u64,
    },
    /// The children index was built.
    IndexBuilt {
        /// Children in it.
        children: u64,
        /// Seconds that it took.
        seconds: f64,
        /// Why; `None` if there was none before.
        why: Option<&'a IndexError>,
    },
    /// The families index is damaged; it is written again.
    FamiliesIndexDamaged,
    /// The families index could not be written; the next delta takes longer.
    FamiliesIndexNotWritten(&'a StoreError),
    /// What was deleted stays in the ledger's journal as long as another process reads it.
    TracesStay,
    /// A change of the key begins to open and seal records.
    Resealing {
        /// How many.
        records: u64,
    },
}

/// Why a run compares everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyFull {
    /// It was asked for.
    Asked,
    /// There is no run before.
    First,
    /// The last run had another basis.
    OtherBasis,
    /// The criterion makes one child's candidacy depend on the others.
    DependsOnAll,
    /// The ledger does not know what changed.
    UnknownChanges,
}

impl fmt::Display for WhyFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "it was asked for",
            Self::First => "nothing was matched before",
            Self::OtherBasis => "model, frequencies or criterion are not those of the last run",
            Self::DependsOnAll => "who is among a family's best, or a chance hit, depends on all children",
            Self::UnknownChanges => "it is not known what changed since the last run",
        })
    }
}

impl fmt::Display for Notice<'_> {
    /// In a line, without what to type; findings in a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCustodian => f.write_str("no custodian: original identifiers are not kept"),
            Self::Findings { findings, .. } => {
                f.write_str(&findings.iter().map(|finding| finding.text.as_str()).collect::<Vec<_>>().join("\n"))
            }
            Self::FileRefused { file, problems } => {
                write!(f, "{file}: {} found, nothing imported", plural(*problems, "problem"))
            }
            Self::FileImported { file, layout, done, .. } => {
                let rows = done.added + done.unchanged + done.replaced + done.kept + done.typings;
                write!(f, "{file}: {} of {layout}: {} added", plural(rows, "row"), count(done.added))
            }
            Self::FileTime { seconds } => write!(f, "  in {seconds:.2} s"),
            Self::Restored { file, number, dry_run } => {
                let done = if *dry_run { "would be taken in again" } else { "taken in again" };
                write!(f, "{file}: {} who had been expunged {done}", plural(*number, "sample or family"))
            }
            Self::ExpungedForgotten(number) => write!(
                f,
                "{} of before the key was lost cannot be recognised any more: a file that brings them back will not be \
                 refused",
                plural(*number, "expunged sample or family")
            ),
            Self::FileConflicts { file, rows, .. } => write!(
                f,
                "{file}: {} in conflict with the store or with each other, nothing imported",
                plural(*rows, "row")
            ),
            Self::PedigreesWithoutRows { file, pedigrees } => write!(
                f,
                "{file}: {} of families without a sound row here: not imported",
                plural(*pedigrees, "pedigree")
            ),
            Self::FamilyNotChecked { family, error } => {
                write!(f, "family {family} could not be checked for consistency: {error}")
            }
            Self::FamiliesChecked { families, marks } => write!(
                f,
                "checked {} for consistency first: {} set",
                plural(*families, "family"),
                plural(*marks, "mark")
            ),
            Self::SettingsChanged(changed) => {
                f.write_str(&changed.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
            }
            Self::MatchingAll(why) => write!(f, "everything is matched: {why}"),
            Self::Changed { families, children } => write!(
                f,
                "since the last run {} families and {} children came or changed",
                count(*families),
                count(*children)
            ),
            Self::IndexBuilt { children, seconds, why } => {
                write!(f, "built the index of {} in {seconds:.2} s: ", plural(*children, "child"))?;
                match why {
                    Some(why) => write!(f, "{why}"),
                    None => f.write_str("there was no index"),
                }
            }
            Self::FamiliesIndexDamaged => {
                f.write_str("the families index is damaged: all families are compiled again, and it is written anew")
            }
            Self::FamiliesIndexNotWritten(error) => {
                write!(f, "the next delta will compile all families again: {}", error.with_causes())
            }
            Self::TracesStay => f.write_str(
                "traces of what was expunged, or of old pseudonyms, stay in the ledger's journal as long as another \
                 command reads it; the next import, match, expunge or index removes them",
            ),
            Self::Resealing { records } => write!(f, "opening and sealing {} records", count(*records)),
        }
    }
}
