//! Holds case lists, which describe the samples of files with only genotypes.
//!
//! A list is a tidy file without loci. Its lines are checked once, as rows are, with findings that name the list. Then
//! [`RowReader`](crate::intake::rows::reader::RowReader) looks up each sample of a file of genotypes, whatever its
//! format.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::intake::columns::expected::FieldSet;
use crate::intake::columns::fields::Field;
use crate::intake::columns::header::Header;
use crate::intake::findings::{Findings, Problem};
use crate::model::{FindingCode, Pseudonym};

/// Describes the samples: for families `sample_id, family_id, relation, sex`, for children `sample_id, sex`, and the
/// optional columns of tidy files. A sample has one line, or one for each of its families.
///
/// The list holds the identifiers until it is dropped, and never shows them.
pub struct CaseList {
    pub(super) file: Arc<str>,
    pub(super) header: Header,
    /// Line, pseudonym and cells of each sample.
    pub(super) lines: Vec<Line>,
    /// Positions in `lines`, by sample as written.
    pub(super) by_sample: HashMap<Box<str>, Vec<usize>>,
    pub(super) notes: Vec<Problem>,
}

/// A line of the list.
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) sample: Pseudonym,
    pub(super) cells: Vec<Box<str>>,
}

/// The data of one line about its sample.
#[derive(Clone, Copy)]
pub(in crate::intake) struct Entry<'a> {
    header: &'a Header,
    cells: &'a [Box<str>],
}

impl<'a> Entry<'a> {
    /// Returns the line's text for a field; `None` if the list has no column for it, or gives it through the sample's
    /// name.
    pub(in crate::intake) fn cell(self, field: Field) -> Option<&'a str> {
        let at = self.header.position(field).filter(|_| field != Field::SampleId)?;
        Some(&self.cells[at])
    }
}

impl CaseList {
    /// Returns notes for the sender of the list, in order of lines and columns.
    #[must_use]
    pub fn notes(&self) -> &[Problem] {
        &self.notes
    }

    /// Returns a note for each line whose sample is not among these, which are all that were read with this list.
    #[must_use]
    pub fn without_genotypes(&self, samples: &HashSet<Pseudonym>) -> Vec<Problem> {
        let mut findings = Findings::new(&self.file);
        for line in self.lines.iter().filter(|line| !samples.contains(&line.sample)) {
            let what = "no valid genotypes of this sample were found: not imported";
            findings.note(line.number, self.header.field_column(Field::SampleId), FindingCode::NoGenotypes, what);
        }
        findings.finish().1
    }

    /// Returns the fields that have a column in the list.
    pub(in crate::intake) fn fields(&self) -> FieldSet {
        self.header.fields()
    }

    /// Reports whether the list contains this sample.
    pub(in crate::intake) fn has(&self, sample: &str) -> bool {
        self.by_sample.contains_key(sample.trim())
    }

    /// Returns the lines of a sample.
    pub(in crate::intake) fn entries(&self, sample: &str) -> impl Iterator<Item = Entry<'_>> {
        let places = self.by_sample.get(sample.trim()).map_or(&[][..], Vec::as_slice);
        places.iter().map(|&place| Entry { header: &self.header, cells: &self.lines[place].cells })
    }
}
