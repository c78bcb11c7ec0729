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

impl Table {
    /// Takes out the columns that are not to stay.
    pub(super) fn keep_columns(&mut self, stays: impl Fn(&str) -> bool) {
        let keep: Vec<bool> = self.header.iter().map(|name| stays(name)).collect();
        let only = |cells: &mut Vec<String>| {
            let mut kept = keep.iter();
            cells.retain(|_| kept.next().is_none_or(|&keep| keep));
        };
        self.rows.iter_mut().for_each(|row| only(&mut row.1));
        only(&mut self.header);
    }
}
