//! Turns the bytes of a file into lines and fields.

pub(super) mod characters;
pub(super) mod encoding;
pub(super) mod identifiers;
pub(super) mod lines;
pub(super) mod source;
pub(super) mod spreadsheet;
pub(super) mod words;
#[cfg(feature = "xlsx")]
pub(super) mod workbook;
