//! Candidates and plans as tables, CSV and JSON. Text goes out; nothing is printed here.

mod candidates;
mod comparable;
mod explain;
mod families;
mod kits;
mod power;
mod table;

pub use candidates::{CandidateReport, CandidateRow, Format, RunSummary, SCHEMA_VERSION, ratio};
pub use comparable::{ComparableReport, Comparison, Hardly};
pub use explain::{CPI_NAME, ExplainedWith, ExplanationReport};
pub use families::{FamiliesReport, FindingRow, StateRow, StatesReport};
pub use kits::{KitRow, KitsReport};
pub use power::{PowerReport, PowerRow};
pub use table::plain_table;
