//! Recognises the columns of lists that are not genotypes, by all their names.

use std::marker::PhantomData;

use crate::intake::columns::fields::{Ignored, ignored_column, plain_name, shown};
use crate::intake::columns::number_kind::{NumberKind, kind_of_column};
use crate::intake::findings::{Column, ColumnName, Findings};
use crate::intake::text::source::Source;
use crate::model::FindingCode;

/// Other names of the column `sample_id`.
pub(super) const SAMPLE_NAMES: &[&str] =
    &["sample", "sampleno", "samplenumber", "样本编号", "样品编号", "样本名称", "实验室编号"];

/// A column of a kind of lists.
pub(super) trait ListColumn: Copy + PartialEq + 'static {
    /// Every column in the order of [`Self::position`], with its name, and others in use in the form of [`plain_name`].
    const NAMES: &'static [(Self, &'static str, &'static [&'static str])];
    /// The column of numbers of birth certificates, if there is one.
    const CERTIFICATE: Option<Self> = None;
    /// The column of the agency under which samples and families are named.
    const AGENCY: Self;

    /// Returns the position in [`Self::NAMES`].
    fn position(self) -> usize;

    /// Returns the name in findings and templates.
    fn name(self) -> &'static str {
        Self::NAMES[self.position()].1
    }

    /// Returns the column with this name.
    fn named(name: &str) -> Option<Self> {
        if kind_of_column(name) == Some(NumberKind::BirthCertificate) {
            return Self::CERTIFICATE;
        }
        let name = plain_name(name);
        let is = |known: &&(Self, &str, &[&str])| plain_name(known.1) == name || known.2.contains(&&*name);
        Self::NAMES.iter().find(is).map(|known| known.0)
    }
}

/// The positions of the columns in a file.
pub(super) struct ListHeader<C> {
    places: Vec<Option<usize>>,
    width: usize,
    /// The last of the required columns.
    last_required: usize,
    of: PhantomData<C>,
}

impl<C: ListColumn> ListHeader<C> {
    /// Reads the header of a list with these columns, of which some are required. Returns `None` if a required column is
    /// missing, or a column is unknown or repeated; the findings then say so.
    pub(super) fn read(source: &Source<'_>, of_list: &[C], required: &[C], findings: &mut Findings) -> Option<Self> {
        let mut places = vec![None; C::NAMES.len()];
        let before = findings.count();
        for (position, name) in source.header.iter().map(|name| name.trim()).enumerate() {
            match C::named(name).filter(|column| of_list.contains(column)) {
                Some(column) if places[column.position()].is_some() => {
                    let column = Some(ColumnName::at(position, column.name()));
                    let what = "is repeated; remove one of the two";
                    findings.problem(source.line, column, FindingCode::RepeatedColumn, what);
                }
                Some(column) => places[column.position()] = Some(position),
                None => note_other(source.line, position, name, of_list, findings),
            }
        }
        let names = of_list.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ");
        for column in required.iter().filter(|column| places[column.position()].is_none()) {
            let what = format!("the column `{}` is missing; the columns are `{names}`", column.name());
            findings.problem(source.line, None, FindingCode::MissingColumn, what);
        }
        let last_required = required.iter().filter_map(|column| places[column.position()]).max().unwrap_or(0);
        (findings.count() == before).then_some(Self {
            places,
            width: source.header.len(),
            last_required,
            of: PhantomData,
        })
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
    pub(super) fn cell<'c>(&self, column: C, cells: &'c [std::borrow::Cow<'_, str>]) -> &'c str {
        self.places[column.position()].and_then(|place| cells.get(place)).map_or("", |cell| cell.trim())
    }

    /// Returns a column as findings name it.
    pub(super) fn column(&self, column: C) -> Column {
        self.places[column.position()].map(|place| ColumnName::at(place, column.name()))
    }

    /// Returns the column at a position as findings name it.
    pub(super) fn column_at(&self, position: usize) -> Column {
        let at = self.places.iter().position(|place| *place == Some(position))?;
        Some(ColumnName::at(position, C::NAMES[at].1))
    }
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
            let names = of_list.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ");
            let what = format!("is an unknown column; write one of `{names}`, or remove it");
            // The header may be a row of data.
            findings.problem(line, Some(ColumnName::at(position, "?")), FindingCode::Column, what);
        }
    }
}
