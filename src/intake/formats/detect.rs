//! Detects the format of a file.

use crate::intake::columns::column_map::ColumnMap;
use crate::intake::format::Format;
use crate::intake::formats::{cmf, fam, genemapper};

impl Format {
    /// Detects the format of a file by its text, in UTF-8. Text of no other format is read as CSV.
    #[must_use]
    pub fn detect(text: &[u8]) -> Self {
        Self::detect_under(text, None)
    }

    /// Detects the format as [`Format::detect`] does, with the laboratory's names for columns.
    pub(in crate::intake) fn detect_under(text: &[u8], map: Option<&ColumnMap>) -> Self {
        if cmf::is_xml(text) {
            Self::Cmf
        } else if fam::is_fam(text) {
            Self::Fam
        } else if cmf::is_lines(text) {
            Self::Dat
        } else if genemapper::is_table(text, map) {
            Self::GeneMapper
        } else {
            Self::Csv
        }
    }
}
