//! Decides which columns are required, allowed and forbidden in a file.

use std::borrow::Cow;

use crate::intake::columns::column_map::{ColumnMap, Words};
use crate::intake::columns::fields::{FIELDS, Field};

use crate::intake::findings::{ColumnName, Findings};
use crate::model::{FindingCode, Layout, Panel};

/// A set of fields, for example those with a column in a case list.
#[derive(Clone, Copy, Default)]
pub(in crate::intake) struct FieldSet([bool; FIELDS.len()]);

impl FieldSet {
    pub(in crate::intake) fn has(self, field: Field) -> bool {
        self.0[field as usize]
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        let mut set = Self::default();
        fields.into_iter().for_each(|field| set.0[field as usize] = true);
        set
    }
}

/// The conditions that decide which columns a file has.
#[derive(Clone, Copy)]
pub(in crate::intake) struct Expected<'a> {
    pub(in crate::intake) layout: Layout,
    pub(in crate::intake) panel: &'a Panel,
    /// The columns of the case list for this file, if there is one.
    pub(in crate::intake) listed: Option<FieldSet>,
    /// The laboratory's names for columns.
    pub(in crate::intake) map: Option<&'a ColumnMap>,
    /// `true` if columns that resemble no known one are ignored.
    pub(in crate::intake) ignore_unknown: bool,
}

impl<'a> Expected<'a> {
    /// Returns this program's name for a header.
    pub(in crate::intake) fn ours<'n>(&self, theirs: &'n str) -> &'n str
    where
        'a: 'n,
    {
        self.map.map_or(theirs, |map| map.ours(theirs))
    }

    /// Returns this program's names for the columns of a table with a row per sample and locus; empty for columns that
    /// the map ignores, which are noted.
    pub(in crate::intake) fn tall_names<'n>(
        &self,
        line: u64,
        theirs: &'n [Cow<'_, str>],
        findings: &mut Findings,
    ) -> Vec<&'n str>
    where
        'a: 'n,
    {
        let ours = |(position, theirs): (usize, &'n Cow<'_, str>)| {
            let theirs = theirs.trim();
            if self.is_ignored(theirs) {
                let column = Some(ColumnName::at(position, theirs));
                findings.note(line, column, FindingCode::IgnoredColumn, "is ignored, because the map says so");
                return "";
            }
            self.ours(theirs)
        };
        theirs.iter().enumerate().map(ours).collect()
    }

    /// Reports whether the map ignores a column.
    pub(in crate::intake) fn is_ignored(&self, theirs: &str) -> bool {
        self.map.is_some_and(|map| map.is_ignored(theirs))
    }

    /// Returns the translations of words for the columns of this header.
    pub(in crate::intake) fn words_under(&self, theirs: &[Cow<'_, str>]) -> Words<'a> {
        self.map
            .map(|map| map.words(&theirs.iter().map(|name| map.ours(name.trim())).collect::<Vec<_>>()))
            .unwrap_or_default()
    }

    /// Returns the translations of words for columns with these names.
    pub(in crate::intake) fn words(&self, ours: &[&str]) -> Words<'a> {
        self.map.map(|map| map.words(ours)).unwrap_or_default()
    }

    /// Reports whether the case list gives this field for each sample, so that the file must not contain it.
    pub(in crate::intake) fn is_listed(&self, field: Field) -> bool {
        field != Field::SampleId && self.listed.is_some_and(|listed| listed.has(field))
    }

    /// Reports whether a file requires this column. The file need not contain what the case list gives.
    pub(in crate::intake) fn is_required(&self, field: Field) -> bool {
        match field {
            Field::SampleId => true,
            Field::FamilyId | Field::Relation | Field::Sex => self.layout == Layout::Families && self.listed.is_none(),
            Field::Agency | Field::Region | Field::CollectedOn | Field::Kit | Field::DropOut => false,
            Field::ResidentId | Field::BirthCertificate | Field::Category | Field::Amelogenin => false,
        }
    }

    /// Reports whether files of this layout may have this column.
    pub(in crate::intake) fn is_allowed(&self, field: Field) -> bool {
        self.layout == Layout::Families || !matches!(field, Field::FamilyId | Field::Relation)
    }
}
