//! Holds tables of values, which the readers of formats other than CSV produce.

use crate::intake::columns::fields::Field;
use crate::intake::columns::header::ValueColumn;
use crate::intake::rows::amelogenin::Marker;
use crate::intake::rows::cells::{CellError, Reading};
use crate::model::{Relation, Sex};

/// A table with one row per person and interpreted values. Its rows are checked like those of a CSV file.
pub(in crate::intake) struct Table {
    /// The line for findings about the columns; 0 for the whole file.
    pub(in crate::intake) line: u64,
    pub(in crate::intake) columns: Vec<ValueColumn>,
    pub(in crate::intake) rows: Vec<TableRow>,
}

/// A person. Values without a column in the table are left out.
pub(in crate::intake) struct TableRow {
    /// The line where the person begins in the file, from 1.
    pub(in crate::intake) line: u64,
    pub(in crate::intake) sample: String,
    pub(in crate::intake) family: Option<String>,
    pub(in crate::intake) relation: Option<Relation>,
    pub(in crate::intake) sex: Sex,
    pub(in crate::intake) agency: Option<String>,
    pub(in crate::intake) kit: Option<String>,
    /// The sample's own drop-out probability, which may still be out of range.
    pub(in crate::intake) drop_out: Option<f64>,
    pub(in crate::intake) sex_marker: Marker,
    /// Texts of the file, like the cells of CSV; they override the values above.
    pub(in crate::intake) texts: Vec<(Field, Box<str>)>,
    pub(in crate::intake) typed: Vec<TypedLocus>,
}

/// A person's alleles at a locus.
pub(in crate::intake) struct TypedLocus {
    /// Position of the locus among the columns of the table.
    pub(in crate::intake) column: usize,
    pub(in crate::intake) reading: Result<Reading, CellError>,
}

impl TableRow {
    /// Returns the file's text for a field, if it has a column for it.
    pub(in crate::intake) fn text(&self, field: Field) -> Option<&str> {
        self.texts.iter().find(|(known, _)| *known == field).map(|(_, text)| &**text)
    }

    /// Returns a person of whom only the sample's name is known.
    pub(in crate::intake) fn new(line: u64, sample: String) -> Self {
        Self {
            line,
            sample,
            family: None,
            relation: None,
            sex: Sex::Unknown,
            agency: None,
            kit: None,
            drop_out: None,
            sex_marker: Marker::Empty,
            texts: Vec::new(),
            typed: Vec::new(),
        }
    }
}
