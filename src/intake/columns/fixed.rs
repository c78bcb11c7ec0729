//! Reads files with fixed columns: cases and pedigrees.

use std::borrow::Cow;

use crate::intake::findings::{Column, ColumnName, Findings};
use crate::intake::text::lines::is_blank;
use crate::intake::text::source::{Source, row_fields, whole_rows};
use crate::model::FindingCode;

/// The positions of the columns in a file.
pub(in crate::intake) struct Columns {
    names: &'static [&'static str],
    places: Vec<Option<usize>>,
    width: usize,
}

impl Columns {
    /// Returns columns without positions, for data from a format that has no columns.
    pub(in crate::intake) fn nowhere(names: &'static [&'static str]) -> Self {
        Self { names, places: vec![None; names.len()], width: 0 }
    }

    /// Finds the columns by name, in any order. The first `required` of `names` are required. Returns `None` if one is
    /// missing; the findings then say so.
    pub(in crate::intake) fn read(
        source: &Source<'_>,
        names: &'static [&'static str],
        required: usize,
        findings: &mut Findings,
    ) -> Option<Self> {
        let at = |name: &&str| source.header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
        let places: Vec<Option<usize>> = names.iter().map(at).collect();
        let missing = || names[..required].iter().zip(&places).filter(|(_, place)| place.is_none());
        for (name, _) in missing() {
            let what = format!("the column {name} is missing; the header must be {}", names[..required].join(","));
            findings.problem(source.line, None, FindingCode::MissingColumn, what);
        }
        let complete = missing().next().is_none();
        complete.then_some(Self { names, places, width: source.header.len() })
    }

    /// Refuses unknown and duplicate columns. The findings do not repeat their names.
    pub(in crate::intake) fn refuse_others(&self, source: &Source<'_>, findings: &mut Findings) {
        for (position, name) in source.header.iter().enumerate() {
            if self.places.contains(&Some(position)) {
                continue;
            }
            let again = self.names.iter().find(|known| known.eq_ignore_ascii_case(name.trim()));
            let column = Some(ColumnName::at(position, *again.unwrap_or(&"?")));
            match again {
                Some(_) => findings.problem(
                    source.line,
                    column,
                    FindingCode::RepeatedColumn,
                    "is repeated; remove one of the two",
                ),
                None => {
                    let what = format!("is an unknown column; write one of `{}`, or remove it", self.names.join(", "));
                    findings.problem(source.line, column, FindingCode::Column, what);
                }
            }
        }
    }

    /// Returns the cell of a column in a row; empty if the file has no column of this kind.
    pub(in crate::intake) fn cell<'a>(&self, column: usize, fields: &'a [Cow<'_, str>]) -> &'a str {
        self.places[column].map_or("", |place| fields[place].trim())
    }

    /// Returns a column as findings name it.
    pub(in crate::intake) fn column(&self, column: usize) -> Column {
        self.places[column].map(|place| ColumnName::at(place, self.names[column]))
    }

    /// Calls `each` with the line and the fields of every row that is not blank. If there are no rows, `of` names what
    /// is missing.
    pub(in crate::intake) fn rows(
        &self,
        source: Source<'_>,
        of: &str,
        findings: &mut Findings,
        mut each: impl FnMut(u64, &[Cow<'_, str>], &mut Findings),
    ) {
        let mut any = false;
        let mut cells = Vec::new();
        let name = |position: usize| {
            let column = self.places.iter().position(|&place| place == Some(position))?;
            Some(ColumnName::at(position, self.names[column]))
        };
        for (line, bytes) in source.lines {
            if is_blank(bytes, source.delimiter) {
                continue;
            }
            any = true;
            if row_fields(line, bytes, source.delimiter, &whole_rows(self.width), name, &mut cells, findings).is_some()
            {
                each(line, &cells, findings);
            }
        }
        if !any {
            findings.problem(0, None, FindingCode::NoRows, format!("the file has a header and no rows: {of}"));
        }
    }
}
