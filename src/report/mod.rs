//! Candidates and plans as tables, CSV and JSON. Text goes out; nothing is printed here.

mod candidates;
mod explain;
mod families;
mod import;
mod power;
mod table;

pub use candidates::{CandidateReport, CandidateRow, Format, RunSummary, SCHEMA_VERSION, ratio};
pub use explain::{CPI_NAME, ExplainedWith, ExplanationReport};
pub use families::{FamiliesReport, FindingRow, StateRow, StatesReport};
pub use import::{FileOutcome, FileReport, FileRows, ImportLog, MOST_LISTED, listing};
pub use power::{PowerReport, PowerRow};
pub use table::plain_table;
