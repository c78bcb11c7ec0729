//! Formats candidates and plans as tables, CSV and JSON, and families and children as files for other programs. The
//! functions return texts; nothing is printed here.

#![cfg_attr(not(feature = "cli"), allow(dead_code, reason = "the words of tables, which only the command line prints"))]

mod audit;
mod candidates;
mod certificates;
mod cmf;
mod comparable;
mod csv_text;
mod doctor;
mod exchange;
mod explain;
mod facts;
mod fam;
mod families;
mod finding_codes;
#[cfg(feature = "cli")]
mod finding_words;
mod format;
mod frequencies;
mod import;
mod keeping;
mod keeping_record;
mod kin;
mod kits;
mod letters;
mod meaning;
mod missed;
mod near;
#[cfg(feature = "cli")]
mod page;
#[cfg(feature = "parquet")]
mod parquet;
mod power;
mod review;
mod runs;
mod settings;
mod statistics;
mod tidy;
mod typings;
mod validation;
mod views;
pub mod words;

pub use audit::{AuditReport, AuditRow};
pub use candidates::{AlternativesRow, CandidateReport, CandidateRow, RunSummary, SamePerson};
pub use certificates::{CertificateAnswer, CertificateDna, CertificateReport, CertificateRow};
pub use cmf::{CmfError, CmfParties, CmfWriter};
pub use comparable::{ComparableReport, Comparison, Hardly};
pub use csv_text::CsvText;
pub use doctor::{DoctorReport, DoctorRow};
pub use exchange::{PartnerRow, PartnersReport, ReceivedHitRow, ReceivedHitsReport};
pub use explain::{CPI_NAME, ExplainedWith, ExplanationReport, OwnNumber, column_names, mutations};
pub use facts::{
    ComparedFact, FactFactor, FactsCalibrationReport, FactsPair, FactsReport, FactsVersion, OpenedText, WeighedFacts,
};
pub use fam::{FamError, FamFamily, FamPerson, FamWriter};
pub use families::{FamiliesReport, FindingRow, StateRow, StatesReport};
pub use finding_codes::FindingCodesReport;
#[cfg(feature = "cli")]
pub use finding_words::remedy as finding_remedy;
pub use format::{Format, SCHEMA_VERSION, TableFormat};
pub use frequencies::{FrequencyReport, SumOff, TableLocus, TableUsed, TablesReport};
pub use import::{
    FileOutcome, FileReport, FileRows, FoundLine, ImportLog, ListingLine, MANIFEST_BEGINS, MOST_LISTED, found_lines,
    list_findings,
};
#[cfg(feature = "cli")]
pub use keeping::left_out_in_words;
pub use keeping::{KeepingDueReport, KeepingDueRow, TermsReport};
pub use keeping_record::{Activity, AgeRow, Assessment, KeepingRecord, KeptGroup, KeptRow, Retention};
pub use kin::{KinReport, KinRow, KinSample};
pub use kits::{KitRow, KitsReport};
pub use letters::{CodeHalf, CodeResult, LetterCheck, LetterRow, LetterState, LettersReport};
pub use meaning::{PairFacts, SettledBy, prior_in_words};
pub use missed::{MissedReport, MissedRow, Remedy, RemedyRow};
#[cfg(feature = "cli")]
pub use near::near_table;
pub use near::{AgainstRow, NearRow};
#[cfg(feature = "cli")]
pub use page::{HANG, Look, Page, SCREEN, narrow_table, plain_table};
#[cfg(feature = "parquet")]
pub use parquet::{COLUMN_TYPES, ColumnType, parquet};
pub use power::{PowerReport, PowerRow};
pub use review::{
    ConflictRow, DueReport, DueRow, ReviewEventRow, ReviewReport, ReviewState, ReviewerRow, ReviewersReport,
    ReviewsReport,
};
pub use runs::{LostRow, RunRow, RunsReport};
pub use settings::{DifferenceRow, DifferencesReport, SettingRow, SettingsReport};
pub use statistics::StatisticsReport;
pub use tidy::{Origin, TidyCsv, TidyRow, pedigrees_csv};
pub use typings::{SampleTypings, typings_csv};
pub use validation::{PlanRow, ValidationReport};
pub use views::{ViewRow, ViewsRow};
pub use words::ratio;
