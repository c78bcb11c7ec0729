//! Defines how an operation reports its progress, and how it is stopped.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::facts::Subject;
use crate::index::IndexError;
use crate::intake::Problem;
use crate::kinship::KinshipError;
use crate::ledger::{FactsImported, ImportReport, ListImported};
use crate::matching::Watch;
use crate::model::{Layout, Pseudonym};
use crate::report::words::{count, counted, plural};

use super::configuration::changed::ChangedSetting;
use super::error::StoreError;
use super::intake::list_kind::ListKind;

/// Follows an operation: receives its notices, shows its progress, and may stop it.
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

    /// Returns the watch of a long operation, which can stop it from another thread.
    fn watch(&self) -> Arc<Watch> {
        Arc::default()
    }

    /// Called when a long operation begins; the returned value is dropped when the operation ends.
    fn follow(&self, watch: &Arc<Watch>) -> Box<dyn Any> {
        let _ = watch;
        Box::new(())
    }
}

/// An observer that ignores all notices and never stops an operation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// A finding of an import, with its text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFinding {
    /// The place, severity, code and cause.
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

/// A message of an operation while it works.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// The store has no custodian, so original identifiers are not kept.
    NoCustodian,
    /// Findings about one file of an import, in the order to show them.
    Findings {
        /// The file, as given.
        file: &'a str,
        /// The findings.
        findings: &'a [ImportFinding],
    },
    /// A file was refused because of its errors.
    FileRefused {
        /// The file, as given.
        file: &'a str,
        /// Number of errors.
        problems: u64,
    },
    /// A file was imported; in a dry run, it would have been.
    FileImported {
        /// The file, as given.
        file: &'a str,
        /// The layout of the file.
        layout: Layout,
        /// The changes that the ledger made.
        done: &'a ImportReport,
        /// `true` if nothing was changed.
        dry_run: bool,
    },
    /// A list without genotypes was imported; in a dry run, it would have been.
    ListImported {
        /// The file, as given.
        file: &'a str,
        /// What the list holds.
        list: ListKind,
        /// The changes that the ledger made.
        done: &'a ListImported,
        /// `true` if nothing was changed.
        dry_run: bool,
    },
    /// A list of found or missing children was imported; in a dry run, it would have been.
    FactsImported {
        /// The file, as given.
        file: &'a str,
        /// Whom the list is about.
        subject: Subject,
        /// The changes that the ledger made.
        done: &'a FactsImported,
        /// `true` if nothing was changed.
        dry_run: bool,
    },
    /// Claims of birth certificates could not be checked in a match.
    CertificatesNotChecked(&'a StoreError),
    /// The time for a sound file, including its checks.
    FileTime {
        /// The time in seconds.
        seconds: f64,
    },
    /// A file was refused because its rows conflict with the store or with each other.
    FileConflicts {
        /// The file, as given.
        file: &'a str,
        /// Number of rows in conflict.
        rows: u64,
        /// `true` if the user can choose the file's version, or the store's, for all of the rows.
        replaceable: bool,
        /// `true` if all of the rows would restore expunged samples or families.
        expunged: bool,
    },
    /// Expunged samples and families were imported again, as requested.
    Restored {
        /// The file, as given.
        file: &'a str,
        /// Number of samples and families.
        number: u64,
        /// `true` if nothing was changed.
        dry_run: bool,
    },
    /// This many expunged samples and families can no longer be recognised, because the key of their pseudonyms is
    /// lost.
    ExpungedForgotten(u64),
    /// This many letters have no valid code any more, because the key that they were issued under is lost.
    LettersVoid(u64),
    /// This many references of consents are deleted, because the key that their hashes were made with is lost.
    ConsentReferencesLost(u64),
    /// What is due about samples could not be listed in a match.
    DueNotListed(&'a StoreError),
    /// Some pedigrees belong to families for which no file has a sound row.
    PedigreesWithoutRows {
        /// The file of pedigrees, as given.
        file: &'a str,
        /// Number of pedigrees.
        pedigrees: u64,
    },
    /// The consistency of a family could not be checked.
    FamilyNotChecked {
        /// The family.
        family: Pseudonym,
        /// The reason.
        error: &'a KinshipError,
    },
    /// Families that waited for a consistency check were checked before a match.
    FamiliesChecked {
        /// Number of families.
        families: u64,
        /// Number of marks that were set.
        marks: u64,
    },
    /// Settings differ from those of the last run.
    SettingsChanged(&'a [ChangedSetting]),
    /// Everything is compared, although only changes were requested.
    MatchingAll(WhyFull),
    /// The extent of a comparison of changes (a delta).
    Changed {
        /// Number of families that are new or changed.
        families: u64,
        /// Number of children that are new or changed.
        children: u64,
    },
    /// The children index was built.
    IndexBuilt {
        /// Number of children in the index.
        children: u64,
        /// The time in seconds.
        seconds: f64,
        /// The reason; `None` if there was no index before.
        why: Option<&'a IndexError>,
    },
    /// The families index is damaged and is written again.
    FamiliesIndexDamaged,
    /// The families index could not be written, so the next delta takes longer.
    FamiliesIndexNotWritten(&'a StoreError),
    /// Deleted data stays in the ledger's journal while another process reads the journal.
    TracesStay,
    /// A key rotation begins to open records and seal them again.
    Resealing {
        /// Number of records.
        records: u64,
    },
}

/// The reason why a run compares everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyFull {
    /// The user requested it.
    Asked,
    /// There was no earlier run.
    First,
    /// The last run had another basis.
    OtherBasis,
    /// The criterion makes one child's candidacy depend on the others.
    DependsOnAll,
    /// The ledger does not know what changed.
    UnknownChanges,
    /// The candidates are not those that the last run recorded, although nothing else changed.
    OtherCandidates,
}

impl fmt::Display for WhyFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "as requested",
            Self::First => "nothing was matched before",
            Self::OtherBasis => "the model, the frequencies or the criterion changed since the last run",
            Self::DependsOnAll => "a limit per family or on chance hits depends on all children",
            Self::UnknownChanges => "the changes since the last run are unknown",
            Self::OtherCandidates => "the stored candidates are not those of the last run: somebody changed them",
        })
    }
}

impl fmt::Display for Notice<'_> {
    /// Writes the notice on one line, without instructions; findings take a line each.
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
            Self::ListImported { file, list, done, dry_run } => {
                let rows = done.added + done.unchanged + done.replaced + done.kept;
                write!(f, "{file}: {} of {}: {} added", plural(rows, "row"), list.word(), count(done.added))?;
                for (number, what) in [
                    (done.unchanged, "unchanged"),
                    (done.replaced, "replaced"),
                    (done.kept, "left as the store has them"),
                ] {
                    if number > 0 {
                        write!(f, ", {} {what}", count(number))?;
                    }
                }
                if done.expunged > 0 {
                    write!(f, "; {} left out, because their samples were expunged", plural(done.expunged, "parent"))?;
                }
                if done.candidates_deleted > 0 {
                    let candidates = plural(done.candidates_deleted, "candidate");
                    write!(f, "; {candidates} withdrawn until the next match")?;
                }
                if *dry_run { f.write_str("; dry run, nothing changed") } else { Ok(()) }
            }
            Self::FactsImported { file, subject, done, dry_run } => {
                let rows = plural(done.added + done.changed + done.unchanged, "row");
                let list = ListKind::Facts(*subject).word();
                write!(f, "{file}: {rows} of {list}: {} added", count(done.added))?;
                for (number, what) in
                    [(done.changed, "changed, with their history kept"), (done.unchanged, "unchanged")]
                {
                    if number > 0 {
                        write!(f, ", {} {what}", count(number))?;
                    }
                }
                if done.claims > 0 {
                    let claims = counted(done.claims, "claim of a certificate", "claims of certificates");
                    write!(f, "; {claims} added")?;
                }
                if *dry_run { f.write_str("; dry run, nothing changed") } else { Ok(()) }
            }
            Self::CertificatesNotChecked(error) => {
                write!(f, "the claims of birth certificates could not be checked: {}", error.with_causes())
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
            Self::LettersVoid(number) => write!(
                f,
                "letters to families whose codes are void, because the key that they were derived from is lost: {}; these \
                 families cannot tell a call of the laboratory from fraud until they have new letters",
                count(*number)
            ),
            Self::ConsentReferencesLost(number) => write!(
                f,
                "references of consents that are deleted, because the key that their hashes were made with is lost: {}",
                count(*number)
            ),
            Self::DueNotListed(error) => {
                write!(f, "what is due about samples could not be listed: {}", error.with_causes())
            }
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
                plural(*families, "family"),
                plural(*marks, "mark")
            ),
            Self::SettingsChanged(changed) => {
                f.write_str(&changed.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
            }
            Self::MatchingAll(why) => write!(f, "everything is matched: {why}"),
            Self::Changed { families, children } => write!(
                f,
                "new or changed since the last run: {} and {}",
                plural(*families, "family"),
                plural(*children, "child")
            ),
            Self::IndexBuilt { children, seconds, why } => {
                write!(f, "built the index of {} in {seconds:.2} s: ", plural(*children, "child"))?;
                match why {
                    Some(why) => write!(f, "{why}"),
                    None => f.write_str("there was no index"),
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
