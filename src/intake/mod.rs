//! Reads the files of laboratories: one reader for each format, and every finding with its line and column.
//!
//! [`read_file`] and [`read_bytes`] read a file according to a [`Request`]; [`read_guessing_layout`] reads one whose
//! layout is not stated. Additional files may accompany it: a [`CaseList`] describes the samples, [`FamilyPedigrees`]
//! the descent. [`read_cases`] reads the cases of the kinship calculator, [`read_frequency_table`] published tables of
//! allele frequencies, [`read_fam_database`] the tables of Familias projects.
//!
//! | module | contents |
//! |---|---|
//! | `bytes` | reading a file or a stream, with limits on memory |
//! | `read`, `guess_layout`, `kinship_cases` | choosing the reader of a file |
//! | `frequency_table` | tables of allele frequencies |
//! | `formats` | CSV, tables with a row per sample and locus, CODIS CMF, Familias projects |
//! | `rows` | the samples in rows of any format, and checks between rows |
//! | `lists`, `list_columns` | lists that are not genotypes |
//! | `certificates`, `certificate_columns` | registry extracts and claims of birth certificates |
//! | `facts`, `fact_columns` | lists of found and of missing children |
//! | `keeping`, `keeping_columns` | the terms on which samples are kept |
//! | `request`, `result` | the request for reading a file, and its result |
//! | `pedigree` | families that relations do not describe |
//! | `columns` | the meaning of columns |
//! | `text` | encodings, lines, fields |
//! | `examples` | an example of every kind of finding |
//! | `findings` | problems, warnings and notes, with their places |
//!
//! Findings never repeat the contents of a cell: in a shifted row any cell may hold a name or an ID-card number.
//! Identifiers become pseudonyms here and go no further.

mod bytes;
mod certificate_columns;
mod certificates;
mod columns;
mod examples;
mod fact_columns;
mod facts;
mod findings;
mod format;
mod formats;
mod frequency_table;
mod guess_layout;
mod keeping;
mod keeping_columns;
mod kinship_cases;
mod list_columns;
mod lists;
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
pub use bytes::{SourceBytes, file_bytes, list_bytes, list_stream_bytes, source_bytes, stream_bytes};
pub use certificates::{read_certificates, read_claims};
pub use columns::column_map::{ColumnMap, MapError};
pub use columns::kits::{Kit, KitUse, UnknownKit};
pub use columns::loci::KNOWN_LOCI;
pub use columns::number_kind::NumberKind;
pub use examples::{Example, example};
pub use fact_columns::fact_template;
pub use facts::{FactRow, read_facts};
pub use findings::{ColumnName, MOST_FINDINGS, Problem, column_letters};
pub use format::Format;
pub use formats::fam::{FamDatabase, FamLocus, FamMutation, is_fam_database, read_fam_database};
pub use frequency_table::{PublishedTable, TableForm, TableRequest, read_frequency_table};
pub use guess_layout::read_guessing_layout;
pub use keeping::read_terms;
pub use kinship_cases::{Case, CaseRelative, read_cases};
pub use lists::{ListIntake, ListRequest, claimed_number};
pub use pedigree::files::CasePedigrees;
pub use pedigree::placed::FamilyPedigrees;
pub use read::{read_bytes, read_file, workbook_sheets};
pub use request::Request;
pub use result::{Intake, IntakeError};
pub use rows::case_list::CaseList;
pub use rows::settle::SingleAllele;
pub(crate) use rows::variants::differ as identifiers_differ;
pub use rows::variants::{IdentifierForms, IdentifierVariant};
pub use text::encoding::{MOST_BYTES, TextEncoding};
pub use text::identifiers::SpreadsheetNumbers;
pub use text::source::MOST_LINE_BYTES;
