//! Files that laboratories bring: one reader per layout, with every finding by line and column.
//!
//! Nothing read from a cell is ever repeated in a finding: in a shifted row any cell may hold a name or an ID-card
//! number. Identifiers become pseudonyms here and go no further.

mod across;
mod amelogenin;
mod case_list;
mod cases;
mod cells;
mod cmf;
mod columns;
mod controls;
mod encoding;
mod fam;
mod fields;
mod findings;
mod genemapper;
mod header;
mod kit_check;
mod kits;
mod lines;
mod links;
mod loci;
mod numbers;
mod pairing;
mod pedigrees;
mod pieces;
#[cfg(test)]
mod proptests;
mod readings;
mod remedies;
mod roles;
mod rows;
mod table;
mod telling;
#[cfg(test)]
mod tests;
mod tidy;
mod types;
mod words;
#[cfg(feature = "xlsx")]
mod workbook;

pub use case_list::CaseList;
pub use cases::{Case, CaseRelative, read_cases};
pub use fam::{FamDatabase, FamLocus, FamMutation, read_fam_database};
pub use findings::{MOST_FINDINGS, Problem, Severity};
pub use kits::{Kit, KitUse};
pub use loci::KNOWN_LOCI;
pub use numbers::NumberKind;
pub use pedigrees::{CasePedigrees, FamilyPedigrees};
pub use remedies::remedy;
pub use telling::read_telling;
pub use tidy::{MOST_BYTES, MOST_LINE_BYTES, file_bytes, read_bytes, read_file};
pub use types::{Format, Intake, IntakeError, Request, SingleAllele};

pub use crate::model::{Layout, SampleRecord as Row};
