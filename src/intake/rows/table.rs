//! Tables of values: what the readers of other forms than CSV hand on.

use crate::intake::columns::fields::Field;
use crate::intake::columns::header::ValueColumn;
use crate::intake::rows::amelogenin::Marker;
use crate::intake::rows::cells::{CellError, Reading};
use crate::model::{Relation, Sex};

/// A row per person, its values understood. Its rows are checked as those of a CSV file are.
pub(in crate::intake) struct Table {
    /// Where the columns were found, for findings about them; 0 if it is the file as a whole.
    pub(in crate::intake) line: u64,
    pub(in crate::intake) columns: Vec<ValueColumn>,
    pub(in crate::intake) rows: Vec<TableRow>,
}

/// A person. What the table has no column for is left out.
pub(in crate::intake) struct TableRow {
    /// Where the person begins in the file, from 1.
    pub(in crate::intake) line: u64,
    pub(in crate::intake) sample: String,
    pub(in crate::intake) family: Option<String>,
    pub(in crate::intake) relation: Option<Relation>,
    pub(in crate::intake) sex: Sex,
    pub(in crate::intake) agency: Option<String>,
    pub(in crate::intake) kit: Option<String>,
    /// The sample's own drop-out probability, which need not be one yet.
    pub(in crate::intake) drop_out: Option<f64>,
    pub(in crate::intake) sex_marker: Marker,
    /// What the file says in words, as the cells of CSV do; it counts in place of the values above.
    pub(in crate::intake) texts: Vec<(Field, Box<str>)>,
    pub(in crate::intake) typed: Vec<TypedLocus>,
}

/// What a person has at a locus.
pub(in crate::intake) struct TypedLocus {
    /// Position of the locus among the columns of the table.
    pub(in crate::intake) column: usize,
    pub(in crate::intake) reading: Result<Reading, CellError>,
}

impl TableRow {
    /// What the file says of a field in words, if it has a column for it.
    pub(in crate::intake) fn text(&self, field: Field) -> Option<&str> {
        self.texts.iter().find(|(known, _)| *known == field).map(|(_, text)| &**text)
    }

    /// A person of whom nothing but the sample's name is known.
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
