//! Offers the operations of a laboratory on its store: create, import, match, explain, check, export, expunge, back up,
//! restore, rotate the key, verify.
//!
//! [`Store`] is the entry point. Each operation is a method that takes plain options and the
//! [`Entry`](crate::audit::Entry) for the audit chain, and returns values. Progress, notices and warnings go to an
//! [`Observer`]; failures are [`StoreError`]s with data. Nothing in this module prints or depends on a command line.

mod actor;
mod audit;
mod backup;
mod certificates;
mod checking;
mod cluster;
mod configuration;
mod custody;
mod diagnose;
mod error;
mod exchange;
mod facts;
mod families;
mod folder;
mod health;
mod intake;
mod keeping;
mod letters;
mod matching;
mod naming;
mod observer;
mod output;
mod pages;
mod review;
mod statistics;
mod validate;

pub use actor::{BadReason, checked_reason, entry};
pub use audit::{AuditCheck, AuditFilter, AuditTrail, CheckedCheckpoint, SignedCheckpoints};
pub use backup::container::BackupFault;
pub use backup::restore::{LastRun, RestoreOptions, RestoreWith, Restored};
pub use backup::write::{BackedUp, BackupFor, BackupOptions};
pub use certificates::check::{CertificateNight, CertificateQuery};
pub use cluster::plan::{PlanMade, PlanOptions};
pub use configuration::bad_setting::BadSetting;
pub use configuration::changed::ChangedSetting;
#[cfg(feature = "cli")]
pub(crate) use configuration::config::REFUSE;
pub use configuration::config::{Members, SettingsError};
pub use configuration::limits::{checked_chance_hits, checked_threshold};
pub use configuration::settings::{Link, LinkError, Settings, UnfitModel};
pub use custody::expunge::{ExpungeOptions, ExpungeReport, ToExpunge};
pub use custody::reidentify::{OriginalIdentifier, Reidentification, Reidentified};
pub use custody::rotate::{KeyRotated, KeyRotation};
pub use custody::sealing::custodians;
pub use error::{BadLine, BadNumber, ExportConflict, FileAction, Incomplete, RotationState, StoreError};
pub use exchange::content::PackageOptions;
pub use exchange::error::ExchangeError;
pub use exchange::partners::NewPartner;
pub use exchange::results::HitsSent;
pub use exchange::send::RecordsSent;
pub use exchange::take::PackageTaken;
pub use facts::look::FactsQuery;
pub use facts::pair::FactsWeighing;
pub use families::{FamilyStates, WithdrawalReason};
pub use folder::{NewStore, Store};
pub use health::condition::{Condition, Finding, Gravity};
pub use health::machine::Swap;
pub use health::verify::{
    IndexCheck, KeyChange, LedgerCheck, MarkFinding, MarksCheck, VaultCheck, VaultFault, Verification,
};
pub use intake::frequencies::{Frequencies, ModelBase};
pub use intake::import::{Identifiers, ImportOptions, Imported, Sheets};
pub use intake::list_kind::ListKind;
pub use intake::tables::{KeptTable, TableExchange};
pub use keeping::due::{DueOptions, ExpungedDue};
pub use keeping::record::RecordOptions;
pub use letters::write::LetterOptions;
pub use matching::candidates::{CandidateQuery, Candidates, Since, Sort};
pub use matching::comparability::Comparable;
pub use matching::explain::{CertainParent, ExplainOptions, Explained};
pub use matching::indices::IndexBuilt;
pub use matching::kin::{FoundKin, KinOptions, KinWithin, WantedKin};
pub use matching::meaning::{Assigning, MeaningOptions};
pub use matching::missed::FoundMissed;
pub use matching::power::{FurtherRelatives, Planned, PowerOptions};
pub use matching::run::{Listing, MatchOptions, Matched, RunCounts};
pub use matching::side_by_side::{LocusRatio, PairDetails, Shared, SideBySide, SideBySideQuery};
pub use matching::slice::{Slice, SliceOrder, SlicePlace, SliceQuery};
pub use naming::identifiers::{IdentifierKind, IdentifierList, read_identifiers};
pub use naming::not_digits::{FirstDigitsError, Whom};
pub use observer::{ImportFinding, Notice, Observer, Silent, WhyFull};
pub use output::check::{Replace, check_output};
pub use output::error::OutputError;
pub use output::export::{ExportForm, ExportOptions, ExportRemark, Exported, ExportedContent};
pub use output::familias::{FrequencyNote, UnknownFloor, UnknownMutation};
pub use output::write::{write_output, write_private};
pub use pages::candidate::PageNotes;
pub use pages::family::{FamilyNotes, FamilyOptions};
pub use pages::night::NightOptions;
pub use pages::numbers::Numbers;
pub use review::lists::{ReviewFilter, ReviewStates};
pub use review::record::{DecisionRecorded, NewDecision, RetestRecorded, StepRecorded};
pub use statistics::{Statistics, StatisticsOptions};
pub use validate::{ValidateOptions, Validated};
