//! Candidates as tables, CSV and JSON. Text goes out; nothing is printed here.

mod candidates;
mod explain;
mod table;

pub use candidates::{CandidateReport, CandidateRow, Format, RunSummary, SCHEMA_VERSION, ratio};
pub use explain::{CPI_NAME, ExplainedWith, ExplanationReport};
pub use table::plain_table;
