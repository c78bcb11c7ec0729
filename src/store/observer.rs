//! Notices that an operation of the store sends while it works, and the means to stop it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::index::IndexError;
use crate::intake::Problem;
use crate::kinship::KinshipError;
use crate::ledger::ImportReport;
use crate::matching::Watch;
use crate::model::{Layout, Pseudonym};
use crate::report::words::{count, counted, plural};

use super::changed_settings::ChangedSetting;
use super::error::StoreError;

/// Follows an operation: receives its notices, shows its progress, and can stop it.
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
    /// Receives a notice, in the order of the work.
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

/// Ignores all notices and stops nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// A finding of an import, with its text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFinding {
    /// Place, severity, code and cause.
    pub problem: Problem,
    /// The text in a list of findings; some texts name several lines.
    pub text: String,
}

impl From<Problem> for ImportFinding {
    fn from(problem: Problem) -> Self {
        let text = problem.to_string();
        Self { problem, text }
    }
}

/// A notice that an operation sends while it works.
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
    /// A file was refused because of its errors.
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
        /// `true` if nothing was changed.
        dry_run: bool,
    },
    /// The time that a sound file took, its checks included.
    FileTime {
        /// Seconds.
        seconds: f64,
    },
    /// A file was refused because rows conflict with the store or with each other.
    FileConflicts {
        /// The file, as named.
        file: &'a str,
        /// How many rows.
        rows: u64,
        /// `true` if one version, the file's or the store's, can be kept for all of them.
        replaceable: bool,
        /// `true` if all of them bring back somebody who was expunged.
        expunged: bool,
    },
    /// Expunged samples and families were imported again, as requested.
    Restored {
        /// The file, as named.
        file: &'a str,
        /// How many.
        number: u64,
        /// `true` if nothing was changed.
        dry_run: bool,
    },
    /// Expunged samples and families cannot be recognised any more, because the key of their pseudonyms is lost.
    ExpungedForgotten(u64),
    /// Pedigrees of families for which no file has a valid row.
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
    /// Families whose consistency had not been checked yet were checked before a match.
    FamiliesChecked {
        /// How many.
        families: u64,
        /// How many marks were set.
        marks: u64,
    },
    /// Settings have changed since the last run.
    SettingsChanged(&'a [ChangedSetting]),
    /// All pairs are compared, although only changes were requested.
    MatchingAll(WhyFull),
    /// The families and children that a delta run compares.
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
    /// Deleted data stays in the ledger's journal as long as another process reads the ledger.
    TracesStay,
    /// A change of the key begins to open and seal records.
    Resealing {
        /// How many.
        records: u64,
    },
}

/// Why a run compares all pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyFull {
    /// It was requested.
    Asked,
    /// There was no run before.
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
            Self::Asked => "as requested",
            Self::First => "nothing was matched before",
            Self::OtherBasis => "the model, the frequencies or the criterion changed since the last run",
            Self::DependsOnAll => "a limit per family or on chance hits depends on all children",
            Self::UnknownChanges => "the changes since the last run are unknown",
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
                let done = if *dry_run { "would be imported again" } else { "imported again" };
                let expunged = counted(*number, "expunged sample or family", "expunged samples or families");
                write!(f, "{file}: {expunged} {done}")
            }
            Self::ExpungedForgotten(number) => write!(
                f,
                "{} cannot be recognised any more, because the key of their pseudonyms is lost: a file that brings \
                 them back will not be refused",
                counted(*number, "expunged sample or family", "expunged samples or families")
            ),
            Self::FileConflicts { file, rows, .. } => write!(
                f,
                "{file}: {} in conflict with the store or with each other, nothing imported",
                plural(*rows, "row")
            ),
            Self::PedigreesWithoutRows { file, pedigrees } => write!(
                f,
                "{file}: {} not imported, because no file has a valid row of the family",
                plural(*pedigrees, "pedigree")
            ),
            Self::FamilyNotChecked { family, error } => {
                write!(f, "family {family} could not be checked for consistency: {error}")
            }
            Self::FamiliesChecked { families, marks } => write!(
                f,
                "checked {} for consistency first: {} set",
                counted(*families, "family", "families"),
                plural(*marks, "mark")
            ),
            Self::SettingsChanged(changed) => {
                f.write_str(&changed.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
            }
            Self::MatchingAll(why) => write!(f, "everything is matched: {why}"),
            Self::Changed { families, children } => write!(
                f,
                "new or changed since the last run: {} and {}",
                counted(*families, "family", "families"),
                counted(*children, "child", "children")
            ),
            Self::IndexBuilt { children, seconds, why } => {
                write!(f, "built the index of {} in {seconds:.2} s (", counted(*children, "child", "children"))?;
                match why {
                    Some(why) => write!(f, "{why})"),
                    None => f.write_str("there is no index yet)"),
                }
            }
            Self::FamiliesIndexDamaged => f.write_str(
                "the families index is damaged: this run compiles all families again and rewrites the index",
            ),
            Self::FamiliesIndexNotWritten(error) => {
                write!(
                    f,
                    "cannot write the families index, so the next delta match compiles all families again: {}",
                    error.with_causes()
                )
            }
            Self::TracesStay => f.write_str(
                "another command is reading the ledger, so traces of expunged records or of old pseudonyms stay in its \
                 journal; the next import, match, expunge or index deletes them",
            ),
            Self::Resealing { records } => write!(f, "opening and sealing {}", plural(*records, "record")),
        }
    }
}
