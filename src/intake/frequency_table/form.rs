//! Detects the form of a frequency table, and the meaning of its columns.

use std::fmt;

use super::grid::Row;
use super::labels::{Field, Label, field, is_corner, label};
use super::loci::{Meant, meant};
use super::numbers::number;

/// The form of a frequency table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableForm {
    /// One row per locus and allele.
    Tidy,
    /// One row per locus and allele, with a column of frequencies for each population.
    PopulationColumns,
    /// One row per allele, and one column per locus.
    Wide,
    /// One row per locus, and one column per allele.
    Transposed,
    /// The name of a locus, then one line per allele; no header.
    Ladder,
    /// One row per allele or per locus and allele, and several headers: loci, populations, the kind of numbers.
    Headers,
    /// For each locus, a column of alleles and a column of their frequencies.
    Paired,
    /// Lines `M` with the name of a locus, then lines `A` with an allele and its frequency.
    Merlin,
    /// A line with the name of a locus and `AUTOSOME`, then one line per allele.
    Mendel,
    /// One line per locus: its name, then each allele with its frequency, as `14=0.12`.
    Pairs,
    /// The number of loci; then for each its name and number of alleles, and lines such as `1,14,0.12`.
    Curran,
    /// STRidER's XML.
    Xml,
}

impl fmt::Display for TableForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tidy => "a row per locus and allele",
            Self::PopulationColumns => "a row per locus and allele, a column per population",
            Self::Wide => "a row per allele, a column per locus",
            Self::Transposed => "a row per locus, a column per allele",
            Self::Ladder => "the name of a locus, then a line per allele",
            Self::Headers => "several headers over the columns",
            Self::Paired => "columns of alleles and frequencies for each locus",
            Self::Merlin => "frequencies for Merlin",
            Self::Mendel => "a locus file for Mendel",
            Self::Pairs => "a line per locus, with its alleles as 14=0.12",
            Self::Curran => "the number of loci, then each locus with its alleles numbered",
            Self::Xml => "XML of STRidER",
        })
    }
}

/// The number of rows in which the header is searched; titles may precede it.
const FIRST_ROWS: usize = 30;

/// The position of the header, and the form.
pub(super) struct Found {
    pub(super) form: TableForm,
    /// Row position of the header; in a ladder, of the first locus.
    pub(super) header: usize,
    /// Position of the column with the row labels; 0 in a ladder.
    pub(super) labels: usize,
    /// `true` if the rows have an extra first column: row names that a statistics package wrote.
    pub(super) shifted: bool,
}

/// Finds the header of a table.
pub(super) fn find(rows: &[Row], keep: &[String]) -> Option<Found> {
    (0..rows.len().min(FIRST_ROWS)).find_map(|at| header(rows, at, keep))
}

fn header(rows: &[Row], at: usize, keep: &[String]) -> Option<Found> {
    let (row, below) = (&rows[at], &rows[at + 1..]);
    let next = below.first()?;
    let is_locus = |name: &str| {
        !name.is_empty() && matches!(meant(name, keep), Meant::Known { .. } | Meant::New(_) | Meant::Elsewhere)
    };
    let of = |wanted: Field| row.cells.iter().position(|name| field(name) == Some(wanted));
    let allele = |row: &Row, at: usize| matches!(label(row.cell(at)), Some(Label::Allele(_) | Label::Length(_)));
    if row.filled() == 1 {
        let is_ladder =
            !row.cell(0).is_empty() && next.filled() == 2 && allele(next, 0) && number(next.cell(1)).is_some();
        return is_ladder.then_some(Found { form: TableForm::Ladder, header: at, labels: 0, shifted: false });
    }
    let shifted = has_row_names(row, below) && (is_locus(row.cell(0)) || counts_rows(below));
    let shift = usize::from(shifted);
    let found = |form, labels| Some(Found { form, header: at, labels, shifted });
    if let (Some(locus), Some(_), 3..) = (of(Field::Locus), of(Field::Allele), row.filled()) {
        let values = [Field::Frequency, Field::Count, Field::SomeNumber].iter().any(|&one| of(one).is_some());
        return found(if values { TableForm::Tidy } else { TableForm::PopulationColumns }, locus + shift);
    }
    let corner = row.cells.iter().position(|name| is_corner(name));
    if row.cells.iter().any(|name| is_locus(name)) {
        // The labels are below their name, or in a first column that is not a locus.
        let named = of(Field::Allele).or(corner).or(of(Field::Locus)).map(|named| named + shift);
        let labels = named.or_else(|| {
            let first = shifted || row.cell(0).is_empty() || !is_locus(row.cell(0)) && allele(next, 0);
            first.then_some(0)
        });
        if let Some(labels) = labels {
            return found(TableForm::Wide, labels);
        }
    }
    let labels = if shifted { 0 } else { corner.or(of(Field::Locus)).unwrap_or(0) };
    let alleles = (0..row.cells.len()).filter(|&at| allele(row, at)).count();
    let loci = below.iter().take(FIRST_ROWS).any(|row| is_locus(row.cell(labels)));
    if alleles > 0 && loci && !allele(row, labels) && !is_locus(row.cell(labels)) {
        return found(TableForm::Transposed, labels);
    }
    None
}

/// Reports whether rows have one cell more than their header: row names that a statistics package wrote.
fn has_row_names(header: &Row, rows: &[Row]) -> bool {
    let most = header.cells.len() + 1;
    rows.iter().all(|row| row.cells.len() <= most && !row.cell(0).is_empty())
        && rows.iter().any(|row| row.cells.len() == most)
}

/// Reports whether the first column numbers the rows.
fn counts_rows(rows: &[Row]) -> bool {
    (1_usize..).zip(rows).all(|(number, row)| row.cell(0).parse() == Ok(number))
}
