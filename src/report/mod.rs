//! Candidates as tables, CSV and JSON. Text goes out; nothing is printed here.

mod candidates;

pub use candidates::{CandidateReport, CandidateRow, Format, RunSummary, SCHEMA_VERSION, ratio};
