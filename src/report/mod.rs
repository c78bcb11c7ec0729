//! Candidates and plans as tables, CSV and JSON; families and children as files for other programs. Text goes out; nothing
//! is printed here.

mod audit;
mod candidates;
mod comparable;
mod csv_text;
mod explain;
mod fam;
mod families;
mod import;
mod kin;
mod kits;
mod power;
mod table;
mod tidy;

pub use audit::{AuditReport, AuditRow};
pub use candidates::{CandidateReport, CandidateRow, Format, RunSummary, SCHEMA_VERSION, SamePerson, ratio};
pub use comparable::{ComparableReport, Comparison, Hardly};
pub use csv_text::CsvText;
pub use explain::{CPI_NAME, ExplainedWith, ExplanationReport};
pub use fam::{FamError, FamFamily, FamPerson, FamWriter};
pub use families::{FamiliesReport, FindingRow, StateRow, StatesReport};
pub use import::{FileOutcome, FileReport, FileRows, ImportLog, MOST_LISTED, listing};
pub use kin::{KinReport, KinRow, KinSample};
pub use kits::{KitRow, KitsReport};
pub use power::{PowerReport, PowerRow};
pub use table::plain_table;
pub use tidy::{TidyCsv, TidyRow, pedigrees_csv};
