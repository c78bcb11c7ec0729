//! Files that laboratories bring: one reader per layout, with every finding by line and column.
//!
//! Nothing read from a cell is ever repeated in a finding: in a shifted row any cell may hold a name or an ID-card
//! number. Identifiers become pseudonyms here and go no further.

mod columns;
mod findings;
mod format;
mod formats;
mod guess_layout;
mod kinship_cases;
mod pedigree;
#[cfg(test)]
mod proptests;
mod read;
mod request;
mod result;
mod rows;
#[cfg(test)]
mod tests;
mod text;

pub use crate::model::{FindingCode, Layout, SampleRecord as Row, Severity};
pub use columns::kits::{Kit, KitUse};
pub use columns::loci::KNOWN_LOCI;
pub use columns::number_kind::NumberKind;
pub use findings::{MOST_FINDINGS, Problem};
pub use format::Format;
pub use formats::fam::{FamDatabase, FamLocus, FamMutation, read_fam_database};
pub use guess_layout::read_guessing_layout;
pub use kinship_cases::{Case, CaseRelative, read_cases};
pub use pedigree::files::CasePedigrees;
pub use pedigree::placed::FamilyPedigrees;
pub use read::{file_bytes, read_bytes, read_file};
pub use request::Request;
pub use result::{Intake, IntakeError};
pub use rows::case_list::CaseList;
pub use rows::settle::SingleAllele;
pub use text::encoding::MOST_BYTES;
pub use text::source::MOST_LINE_BYTES;
