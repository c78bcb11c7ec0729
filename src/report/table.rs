//! Formats tables for people.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table};

/// Formats a plain table: a header, a line, and rows. Columns whose numbers are in `right` are aligned to the right.
#[must_use]
pub fn plain_table<const N: usize>(
    header: [&str; N],
    right: &[usize],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    table(header.to_vec(), right, rows, false)
}

/// Formats the same table with as many columns as the header has.
#[must_use]
pub(super) fn table_of(header: Vec<&str>, right: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    table(header, right, rows, false)
}

/// Formats the same table in at most [`SCREEN`] columns, if its words allow it: the last two columns wrap their lines.
#[must_use]
pub fn narrow_table<const N: usize>(
    header: [&str; N],
    right: &[usize],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    table(header.to_vec(), right, rows, true)
}

/// The width of a screen, in columns.
pub const SCREEN: usize = 80;

fn table<R: IntoIterator<Item = String>>(
    header: Vec<&str>,
    right: &[usize],
    rows: impl IntoIterator<Item = R>,
    is_narrow: bool,
) -> String {
    let columns = header.len();
    let mut table = Table::new();
    if is_narrow {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(SCREEN as u16);
    }
    table.load_style(NOTHING.header_separator(LineStyle::none().fill('-').junction('-')));
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    if is_narrow {
        for column in 0..columns.saturating_sub(2) {
            if let Some(column) = table.column_mut(column) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    for &column in right {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text: String = table.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    if text.is_empty() {
        text.push('\n');
    }
    text
}
