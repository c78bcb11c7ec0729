//! Case lists: who the samples are, beside files that hold genotypes alone.
//!
//! A list is a tidy file without loci. Its lines are checked as rows are, once, with findings that name the list; then
//! [`RowReader`](crate::intake::rows::reader::RowReader) asks it about each sample of a file of genotypes, whatever the form of that file.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::intake::columns::expected::FieldSet;
use crate::intake::columns::fields::Field;
use crate::intake::columns::header::Header;
use crate::intake::findings::{Findings, Problem};
use crate::model::{FindingCode, Pseudonym};

/// Who the samples are: for families `sample_id, family_id, relation, sex`, for children `sample_id, sex`, and the
/// optional columns of tidy files. A sample stands once, or once for each family that it belongs to.
///
/// It holds the identifiers of the list until it is dropped, and shows them nowhere.
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

/// What a line of the list says of its sample.
#[derive(Clone, Copy)]
pub(in crate::intake) struct Entry<'a> {
    header: &'a Header,
    cells: &'a [Box<str>],
}

impl<'a> Entry<'a> {
    /// What the line says of a field; `None` if the list has no such column, or says it by the sample's name.
    pub(in crate::intake) fn cell(self, field: Field) -> Option<&'a str> {
        let at = self.header.position(field).filter(|_| field != Field::SampleId)?;
        Some(&self.cells[at])
    }
}

impl CaseList {
    /// What the sender of the list may want to know, in order of lines and columns.
    #[must_use]
    pub fn notes(&self) -> &[Problem] {
        &self.notes
    }

    /// A note for each line whose sample is not among these, which are all that have been read with this list.
    #[must_use]
    pub fn without_genotypes(&self, samples: &HashSet<Pseudonym>) -> Vec<Problem> {
        let mut findings = Findings::new(&self.file);
        for line in self.lines.iter().filter(|line| !samples.contains(&line.sample)) {
            let what = "no valid genotypes of this sample were found: not imported";
            findings.note(line.number, self.header.field_column(Field::SampleId), FindingCode::NoGenotypes, what);
        }
        findings.finish().1
    }

    /// The fields that the list has columns for.
    pub(in crate::intake) fn fields(&self) -> FieldSet {
        self.header.fields()
    }

    /// Whether the list has this sample.
    pub(in crate::intake) fn has(&self, sample: &str) -> bool {
        self.by_sample.contains_key(sample.trim())
    }

    /// The lines of a sample.
    pub(in crate::intake) fn entries(&self, sample: &str) -> impl Iterator<Item = Entry<'_>> {
        let places = self.by_sample.get(sample.trim()).map_or(&[][..], Vec::as_slice);
        places.iter().map(|&place| Entry { header: &self.header, cells: &self.lines[place].cells })
    }
}
