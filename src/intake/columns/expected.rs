//! Which columns a file must, may and must not have.

use std::borrow::Cow;

use crate::intake::columns::column_map::{ColumnMap, Words};
use crate::intake::columns::fields::{FIELDS, Field};

use crate::intake::findings::{ColumnName, Findings};
use crate::model::{FindingCode, Layout, Panel};

/// A set of fields, such as those that a case list has columns for.
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

/// What decides which columns a file has.
#[derive(Clone, Copy)]
pub(in crate::intake) struct Expected<'a> {
    pub(in crate::intake) layout: Layout,
    pub(in crate::intake) panel: &'a Panel,
    /// The columns of the case list beside the file, if there is one.
    pub(in crate::intake) listed: Option<FieldSet>,
    /// What the laboratory calls its columns.
    pub(in crate::intake) map: Option<&'a ColumnMap>,
    /// Whether a column that is like no known one is left aside.
    pub(in crate::intake) ignore_unknown: bool,
}

impl<'a> Expected<'a> {
    /// What a header is called here.
    pub(in crate::intake) fn ours<'n>(&self, theirs: &'n str) -> &'n str
    where
        'a: 'n,
    {
        self.map.map_or(theirs, |map| map.ours(theirs))
    }

    /// What the columns of a table with a row per sample and locus are called here; nothing for those that the map says to
    /// leave aside, which are noted.
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

    /// Whether the map says to leave a column aside.
    pub(in crate::intake) fn is_ignored(&self, theirs: &str) -> bool {
        self.map.is_some_and(|map| map.is_ignored(theirs))
    }

    /// The words of the columns under this header.
    pub(in crate::intake) fn words_under(&self, theirs: &[Cow<'_, str>]) -> Words<'a> {
        self.map
            .map(|map| map.words(&theirs.iter().map(|name| map.ours(name.trim())).collect::<Vec<_>>()))
            .unwrap_or_default()
    }

    /// The words of the columns with these names.
    pub(in crate::intake) fn words(&self, ours: &[&str]) -> Words<'a> {
        self.map.map(|map| map.words(ours)).unwrap_or_default()
    }

    /// Whether the case list says this of each sample, so that the file must not.
    pub(in crate::intake) fn is_listed(&self, field: Field) -> bool {
        field != Field::SampleId && self.listed.is_some_and(|listed| listed.has(field))
    }

    /// Whether a file must have this column. What a case list says need not stand in the file.
    pub(in crate::intake) fn is_required(&self, field: Field) -> bool {
        match field {
            Field::SampleId => true,
            Field::FamilyId | Field::Relation | Field::Sex => self.layout == Layout::Families && self.listed.is_none(),
            Field::Agency | Field::Region | Field::CollectedOn | Field::Kit | Field::DropOut => false,
            Field::ResidentId | Field::BirthCertificate | Field::Category | Field::Amelogenin => false,
        }
    }

    /// Whether files of this layout have this column.
    pub(in crate::intake) fn is_allowed(&self, field: Field) -> bool {
        self.layout == Layout::Families || !matches!(field, Field::FamilyId | Field::Relation)
    }
}
