//! Offers the operations of a laboratory on its store: create, import, match, explain, check, export, expunge, rotate
//! the key, verify.
//!
//! [`Store`] is the entry point. Each operation is a method that takes plain options and the
//! [`Entry`](crate::audit::Entry) for the audit chain, and returns values. Progress, notices and warnings go to an
//! [`Observer`]; failures are [`StoreError`]s with data. Nothing in this module prints or depends on a command line.

mod actor;
mod audit;
mod candidates;
mod changed_settings;
mod checking;
mod column_maps;
mod comparability;
mod compare;
mod config;
mod diagnose;
mod digests;
mod duplicates;
mod error;
mod explain;
mod export;
mod expunge;
mod familias;
mod families;
mod files;
mod folder;
mod frequencies;
mod identifiers;
mod import;
mod indices;
mod kin;
mod manifest;
mod meaning;
mod missed;
mod near;
mod numbers;
mod observer;
mod output;
mod output_error;
mod people;
mod power;
mod reidentify;
mod returning;
mod review;
mod review_basis;
mod review_lists;
mod reviewers;
mod rotate;
mod run;
mod runs;
mod sealing;
mod settings;
mod sources;
mod tables;
mod traces;
mod validate;
mod vault;
mod verify;

pub use actor::{BadReason, checked_reason, entry};
pub use audit::{AuditCheck, AuditFilter, AuditTrail, CheckedCheckpoint, SignedCheckpoints};
pub use candidates::{CandidateQuery, Candidates, Since, Sort};
pub use changed_settings::ChangedSetting;
pub use comparability::Comparable;
#[cfg(feature = "cli")]
pub(crate) use config::REFUSE;
pub use config::{Members, SettingsError};
pub use error::{BadLine, BadNumber, ExportConflict, FileAction, Incomplete, RotationState, StoreError};
pub use explain::{CertainParent, ExplainOptions, Explained};
pub use export::{ExportForm, ExportOptions, ExportRemark, Exported, ExportedContent};
pub use expunge::{ExpungeOptions, ExpungeReport, ToExpunge};
pub use familias::{FrequencyNote, UnknownFloor, UnknownMutation};
pub use families::{FamilyStates, WithdrawalReason};
pub use files::{write_output, write_private};
pub use folder::{NewStore, Store};
pub use frequencies::{Frequencies, ModelBase};
pub use identifiers::{IdentifierKind, IdentifierList, read_identifiers};
pub use import::{Identifiers, ImportOptions, Imported, Sheets};
pub use indices::IndexBuilt;
pub use kin::{FoundKin, KinOptions, KinWithin, WantedKin};
pub use meaning::{Assigning, MeaningOptions};
pub use missed::FoundMissed;
pub use numbers::Numbers;
pub use observer::{ImportFinding, Notice, Observer, Silent, WhyFull};
pub use output::{Replace, check_output};
pub use output_error::OutputError;
pub use power::{FurtherRelatives, Planned, PowerOptions};
pub use reidentify::{OriginalIdentifier, Reidentification, Reidentified};
pub use review::{DecisionRecorded, NewDecision, RetestRecorded};
pub use review_lists::ReviewFilter;
pub use rotate::{KeyRotated, KeyRotation};
pub use run::{MatchOptions, Matched, checked_chance_hits, checked_threshold};
pub use sealing::custodians;
pub use settings::{Link, LinkError, Settings, UnfitModel};
pub use tables::{KeptTable, TableExchange};
pub use validate::{ValidateOptions, Validated};
pub use verify::{IndexCheck, KeyChange, LedgerCheck, MarkFinding, MarksCheck, VaultCheck, VaultFault, Verification};
