//! What readers of other forms than CSV make of a file.

/// A tidy table: a row per person, under the column names of tidy CSV. Its rows are checked as those of a CSV file are.
#[derive(Default)]
pub(super) struct Table {
    /// Where the names were found, for findings about them; 0 if it is the file as a whole.
    pub(super) line: u64,
    /// The names of the columns.
    pub(super) header: Vec<String>,
    /// Where each person begins in the file, from 1, and the person's cells, as many as there are columns.
    pub(super) rows: Vec<(u64, Vec<String>)>,
}
