//! Files that laboratories bring: one reader per layout, with every finding by line and column.
//!
//! Nothing read from a cell is ever repeated in a finding: in a shifted row any cell may hold a name or an ID-card
//! number. Identifiers become pseudonyms here and go no further.

mod across;
mod amelogenin;
mod cases;
mod cells;
mod columns;
mod findings;
mod header;
mod lines;
mod links;
mod loci;
mod numbers;
mod pedigrees;
#[cfg(test)]
mod proptests;
mod remedies;
mod rows;
mod table;
mod telling;
#[cfg(test)]
mod tests;
mod tidy;
mod types;

pub use cases::{Case, CaseRelative, read_cases};
pub use findings::{MOST_FINDINGS, Problem, Severity};
pub use loci::KNOWN_LOCI;
pub use numbers::NumberKind;
pub use pedigrees::{CasePedigrees, FamilyPedigrees};
pub use remedies::remedy;
pub use telling::read_telling;
pub use tidy::{MOST_BYTES, MOST_LINE_BYTES, file_bytes, read_bytes, read_file};
pub use types::{Format, Intake, IntakeError, Layout, Request, Row};
