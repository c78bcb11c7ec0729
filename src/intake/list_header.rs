//! Recognises the columns of lists that hold no genotypes, by all their names.

use std::borrow::Cow;

use crate::intake::columns::fields::{Ignored, ignored_column, plain_name, shown};
use crate::intake::findings::{Column, ColumnName, Findings};
use crate::intake::text::source::Source;
use crate::model::FindingCode;

/// A column with its name, and others in use in the form of [`plain_name`].
pub(super) type Named<C> = (C, &'static str, &'static [&'static str]);

/// A column of a kind of lists.
pub(super) trait ListColumn: Copy + PartialEq + 'static {
    /// Every column, in the order of [`Self::position`].
    const NAMES: &'static [Named<Self>];
    /// The identifier of the sample that a row is about, and the agency under which it is named.
    const SAMPLE_AND_AGENCY: [Self; 2];

    /// Returns the place in [`Self::NAMES`].
    fn position(self) -> usize;

    /// Returns the name in findings and templates.
    fn name(self) -> &'static str {
        Self::NAMES[self.position()].1
    }

    /// Returns the column of a name.
    fn named(name: &str) -> Option<Self> {
        by_name(name)
    }
}

/// Looks a name up in the table of a kind of lists.
pub(super) fn by_name<C: ListColumn>(name: &str) -> Option<C> {
    let name = plain_name(name);
    let is = |known: &&Named<C>| plain_name(known.1) == name || known.2.contains(&&*name);
    C::NAMES.iter().find(is).map(|known| known.0)
}

/// The columns of a list.
pub(super) struct Columns<C: 'static> {
    /// All of them.
    pub(super) all: &'static [C],
    /// Those that every file has.
    pub(super) required: &'static [C],
    /// The column that tells rows apart.
    pub(super) key: C,
}

/// The positions of the columns in a file.
pub(super) struct ListHeader<C> {
    places: Vec<(C, Option<usize>)>,
    width: usize,
    /// The last of the required columns.
    last_required: usize,
}

impl<C: ListColumn> ListHeader<C> {
    /// Reads the header of a list. Returns `None` if a required column is missing, or a column is unknown or repeated; the
    /// findings then say so.
    pub(super) fn read(source: &Source<'_>, of_list: &Columns<C>, findings: &mut Findings) -> Option<Self> {
        let mut places: Vec<(C, Option<usize>)> = C::NAMES.iter().map(|named| (named.0, None)).collect();
        let before = findings.count();
        for (position, name) in source.header.iter().map(|name| name.trim()).enumerate() {
            match C::named(name).filter(|column| of_list.all.contains(column)) {
                Some(column) if places[column.position()].1.is_some() => {
                    let column = Some(ColumnName::at(position, column.name()));
                    let what = "is repeated; remove one of the two";
                    findings.problem(source.line, column, FindingCode::RepeatedColumn, what);
                }
                Some(column) => places[column.position()].1 = Some(position),
                None => note_other(source.line, position, name, of_list.all, findings),
            }
        }
        let names = names(of_list.all);
        for column in of_list.required.iter().filter(|column| places[column.position()].1.is_none()) {
            let what = format!("the column {} is missing; the columns are {names}", column.name());
            findings.problem(source.line, None, FindingCode::MissingColumn, what);
        }
        let last_required = of_list.required.iter().filter_map(|column| places[column.position()].1).max().unwrap_or(0);
        (findings.count() == before).then_some(Self { places, width: source.header.len(), last_required })
    }

    /// Returns the number of columns.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Reports whether a row may end after this number of cells.
    pub(super) fn may_end(&self, cells: usize) -> bool {
        cells > self.last_required
    }

    /// Returns the cell of a column; empty if the file lacks the column.
    pub(super) fn cell<'c>(&self, column: C, cells: &'c [Cow<'_, str>]) -> &'c str {
        self.place(column).and_then(|place| cells.get(place)).map_or("", |cell| cell.trim())
    }

    /// Returns a column as findings name it.
    pub(super) fn column(&self, column: C) -> Column {
        self.place(column).map(|place| ColumnName::at(place, column.name()))
    }

    /// Returns the column at a position as findings name it.
    pub(super) fn column_at(&self, position: usize) -> Column {
        let (column, _) = self.places.iter().find(|(_, place)| *place == Some(position))?;
        Some(ColumnName::at(position, column.name()))
    }

    fn place(&self, column: C) -> Option<usize> {
        self.places[column.position()].1
    }
}

fn names<C: ListColumn>(columns: &[C]) -> String {
    columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ")
}

/// Reports a column that the list does not have.
fn note_other<C: ListColumn>(line: u64, position: usize, name: &str, of_list: &[C], findings: &mut Findings) {
    let column = Some(ColumnName::at(position, &*shown(name)));
    match ignored_column(name) {
        Some(Ignored::Private) => {
            let what = "may hold names, addresses or remarks: not read, and never kept";
            findings.note(line, column, FindingCode::NotKept, what);
        }
        Some(Ignored::Aside) => {
            findings.note(line, column, FindingCode::NotRead, "is not used by this program: ignored");
        }
        None => {
            let what = format!("is an unknown column; write one of {}, or remove it", names(of_list));
            // The header may be a row of data.
            findings.problem(line, Some(ColumnName::at(position, "?")), FindingCode::Column, what);
        }
    }
}
