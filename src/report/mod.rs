//! Candidates as tables, CSV and JSON. Text goes out; nothing is printed here.

mod candidates;
mod table;

pub use candidates::{CandidateReport, CandidateRow, Format, RunSummary, SCHEMA_VERSION, ratio};
pub use table::plain_table;
