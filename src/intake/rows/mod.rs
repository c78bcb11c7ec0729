//! Turns the cells or values of a row into a sample, and checks the rows of a file against each other.

pub(super) mod amelogenin;
pub(super) mod case_list;
pub(super) mod case_list_reader;
pub(super) mod cells;
pub(super) mod duplicates;
pub(super) mod finish;
pub(super) mod id_numbers;
pub(super) mod interner;
pub(super) mod kit_check;
pub(super) mod no_result;
pub(super) mod occurrences;
pub(super) mod person_category;
pub(super) mod reader;
pub(super) mod relation;
pub(super) mod relation_words;
pub(super) mod settle;
pub(super) mod table;
pub(super) mod variants;
