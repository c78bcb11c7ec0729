//! Reads the header of a file, which says what each column holds.

use std::borrow::Cow;
use std::sync::Arc;

use crate::intake::columns::expected::{Expected, FieldSet};
use crate::intake::columns::fields::{FIELDS, Field, Ignored, field_named, ignored_column, plain_name, shown};
use crate::intake::columns::loci::{self, Named};
use crate::intake::columns::number_kind::kind_of_column;
use crate::intake::columns::pairing::{Found, LocusColumns, Placed, joined};
use crate::intake::columns::tall_table::{TallColumns, lacks_alleles};
use crate::intake::findings::{Column, ColumnName, Findings};
use crate::intake::text::lines::Comma;

use crate::model::{FindingCode, Layout, Locus, Panel};

/// More columns than the loci of any kit need, two for each.
const MOST_COLUMNS: usize = 256;

/// A column of a table of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::intake) enum ValueColumn {
    Field(Field),
    /// The sex marker, with its name in the format.
    SexMarker {
        name: &'static str,
    },
    Locus(Locus),
}

impl ValueColumn {
    /// Returns the name in findings.
    pub(in crate::intake) fn name(&self) -> &str {
        match self {
            Self::Field(field) => FIELDS[*field as usize].1,
            Self::SexMarker { name } => name,
            Self::Locus(locus) => locus.name(),
        }
    }
}

/// The alternative to a missing column that a finding suggests.
#[derive(Clone, Copy)]
enum Otherwise {
    CaseList,
    Nothing,
}

/// The header: the position of every column.
pub(in crate::intake) struct Header {
    /// The line of the header.
    pub(in crate::intake) line: u64,
    /// The meaning of a comma in a cell of one allele.
    pub(in crate::intake) comma: Comma,
    names: Vec<Arc<str>>,
    /// `true` if the file has columns, so that findings can give their numbers.
    numbered: bool,
    fields: [Option<usize>; FIELDS.len()],
    /// The loci of the file, in file order.
    pub(in crate::intake) loci: Vec<Locus>,
    /// The columns of each locus.
    pub(in crate::intake) locus_columns: Vec<LocusColumns>,
    /// The columns of the sex marker.
    sex_marker: Option<LocusColumns>,
}

impl Header {
    /// Returns the number of columns.
    pub(in crate::intake) fn len(&self) -> usize {
        self.names.len()
    }

    /// Reports whether a row may end after this number of cells. It may not end before it has named its sample and
    /// given part of a locus, nor between the two columns of a locus: the first allele alone would be read as a
    /// homozygote.
    pub(in crate::intake) fn may_end(&self, cells: usize) -> bool {
        let says_who = [Field::SampleId, Field::FamilyId, Field::Relation, Field::Sex];
        let has_who = says_who.iter().all(|field| self.position(*field).is_none_or(|at| at < cells));
        let has_locus = self.locus_columns.is_empty() || self.locus_columns.iter().any(|locus| locus.first() < cells);
        if !(has_who && has_locus) {
            return false;
        }
        self.locus_columns.iter().chain(&self.sex_marker).all(|columns| match *columns {
            LocusColumns::One(_) => true,
            LocusColumns::Two(first, second) => (first < cells) == (second < cells),
        })
    }

    /// Returns the position of a column, from 0.
    pub(in crate::intake) fn position(&self, field: Field) -> Option<usize> {
        self.fields[field as usize]
    }

    /// Returns a column as findings name it.
    pub(in crate::intake) fn column(&self, position: usize) -> Column {
        let number = self.numbered.then_some(position + 1);
        self.names.get(position).map(|name| ColumnName { number, name: name.clone() })
    }

    /// Returns the column of a locus as findings name it: the first, if it has two.
    pub(in crate::intake) fn locus_column(&self, number: usize) -> Column {
        self.column(self.locus_columns[number].first())
    }

    /// Returns the column of a field as findings name it.
    pub(in crate::intake) fn field_column(&self, field: Field) -> Column {
        self.position(field).and_then(|position| self.column(position))
    }

    /// Returns the columns of the sex marker, if the file has it.
    pub(in crate::intake) fn sex_marker(&self) -> Option<LocusColumns> {
        self.sex_marker
    }

    /// Returns the fields that have a column.
    pub(in crate::intake) fn fields(&self) -> FieldSet {
        FIELDS.iter().map(|(field, _)| *field).filter(|field| self.position(*field).is_some()).collect()
    }

    /// Reads the header line. Returns `None` if the columns do not identify the samples; the findings then say why.
    pub(in crate::intake) fn read(
        line: u64,
        text: &str,
        cells: &[Cow<'_, str>],
        expected: &Expected<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let theirs: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
        let ours = our_names(&theirs, expected);
        if !is_header_of_layout(line, text, &ours, expected, findings) {
            return None;
        }
        let channels = loci::without_channels(&ours, expected.panel);
        let ours = channels.as_ref().unwrap_or(&ours);
        let mut header = Self::new(line, shown_names(&theirs, expected).iter().map(AsRef::as_ref));
        if channels.is_some() {
            let what = "the numbers after the loci's names, such as -1, are read as dye channels: each column holds both \
                        alleles";
            findings.note(line, None, FindingCode::DyeChannel, what);
        }
        let mut found = Placed::default();
        for (position, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
            if expected.is_ignored(theirs) {
                header.leave_aside(position, ours, expected, findings);
            } else {
                header.check_mapped_locus(position, theirs, ours, expected, findings);
                header.place_column(line, position, ours, expected, &mut found, findings);
            }
        }
        header.locus_columns = found.loci.iter().map(|found| header.columns_of(*found, findings)).collect();
        header.sex_marker = found.sex_marker.map(|found| header.columns_of(found, findings));
        header.finish(expected, findings)
    }

    /// Returns the header of a table of values, whose columns have names but no numbers. Returns `None` if a required
    /// column is missing; the findings then say so.
    pub(in crate::intake) fn of_values(
        line: u64,
        columns: &[ValueColumn],
        expected: &Expected<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        if columns.len() > MOST_COLUMNS {
            findings.problem(line, None, FindingCode::Columns, too_many(columns.len()));
            return None;
        }
        let has = |field: Field| columns.contains(&ValueColumn::Field(field));
        if let Some(what) = other_layout(expected, has) {
            findings.problem(line, None, FindingCode::Layout, what);
            return None;
        }
        let mut header = Self { numbered: false, ..Self::new(line, columns.iter().map(ValueColumn::name)) };
        for (position, column) in columns.iter().enumerate() {
            match column {
                ValueColumn::Field(field) if expected.is_listed(*field) => {
                    findings.problem(line, header.column(position), FindingCode::RepeatedColumn, LISTED_TOO);
                }
                ValueColumn::Field(field) => header.fields[*field as usize] = Some(position),
                ValueColumn::SexMarker { .. } => header.sex_marker = Some(LocusColumns::One(position)),
                ValueColumn::Locus(locus) => match header.loci.iter().position(|seen| seen == locus) {
                    Some(at) => {
                        let what = repeated_at(header.locus_columns[at].first());
                        findings.problem(line, header.column(position), FindingCode::RepeatedColumn, what);
                    }
                    None => {
                        if !expected.panel.loci().contains(locus) {
                            note_not_in_panel(line, header.column(position), locus, findings);
                        }
                        header.loci.push(locus.clone());
                        header.locus_columns.push(LocusColumns::One(position));
                    }
                },
            }
        }
        header.finish(expected, findings)
    }

    fn finish(self, expected: &Expected<'_>, findings: &mut Findings) -> Option<Self> {
        let line = self.line;
        let mut complete = self.is_complete(expected, Otherwise::CaseList, findings);
        if self.loci.is_empty() {
            complete = false;
            findings.problem(
                line,
                None,
                FindingCode::NoLoci,
                "there is no locus column; add one column per locus, such as vWA",
            );
        }
        complete.then_some(self)
    }

    /// Reads the header of a file without loci that describes the samples. Other columns are noted.
    pub(in crate::intake) fn read_people(
        line: u64,
        cells: &[Cow<'_, str>],
        expected: &Expected<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let theirs: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
        if theirs.len() > MOST_COLUMNS {
            findings.problem(line, None, FindingCode::Columns, too_many(theirs.len()));
            return None;
        }
        let mut header = Self::new(line, shown_names(&theirs, expected).iter().map(AsRef::as_ref));
        for (position, name) in our_names(&theirs, expected).iter().enumerate() {
            match field_named(name).filter(|field| *field != Field::Amelogenin && expected.is_allowed(*field)) {
                Some(field) => header.place_field(line, position, name, field, findings),
                None => note_ignored(line, header.column(position), name, findings),
            }
        }
        header.is_complete(expected, Otherwise::Nothing, findings).then_some(header)
    }

    fn columns_of(&self, found: Found, findings: &mut Findings) -> LocusColumns {
        match found {
            Found::Whole(at) => LocusColumns::One(at),
            Found::Halves([Some(first), Some(second)]) => LocusColumns::Two(first, second),
            Found::Halves(_) => {
                let what = "is one of two columns of a locus, and the other is missing; add it, or name this one like \
                            the locus";
                findings.problem(self.line, self.column(found.first()), FindingCode::HalfLocus, what);
                LocusColumns::One(found.first())
            }
        }
    }

    /// Returns a header of columns with these names, as findings show them, before any column is recognised.
    fn new<'n>(line: u64, names: impl Iterator<Item = &'n str>) -> Self {
        Self {
            line,
            comma: Comma::Unclear,
            names: names.map(Arc::from).collect(),
            numbered: true,
            fields: [None; FIELDS.len()],
            loci: Vec::new(),
            locus_columns: Vec::new(),
            sex_marker: None,
        }
    }

    /// Reports whether every required column is present.
    fn is_complete(&self, expected: &Expected<'_>, otherwise: Otherwise, findings: &mut Findings) -> bool {
        let mut complete = true;
        let (line, layout) = (self.line, expected.layout);
        for (field, name) in FIELDS.iter().filter(|(field, _)| expected.is_required(*field)) {
            if self.position(*field).is_none() {
                complete = false;
                let otherwise = match otherwise {
                    Otherwise::CaseList if *field != Field::SampleId => ", or a case list (--cases) that has it",
                    Otherwise::CaseList | Otherwise::Nothing => "",
                };
                let what = format!("the column {name} is missing; a {layout} file requires it{otherwise}");
                findings.problem(line, None, FindingCode::MissingColumn, what);
            }
        }
        if layout == Layout::Children && self.position(Field::Sex).is_none() && expected.listed.is_none() {
            let what = match self.sex_marker {
                None => "the file does not state the sex: unknown for all",
                Some(_) => "the file does not state the sex: the sex marker gives it where it shows one",
            };
            findings.note(line, None, FindingCode::NoSex, what);
        }
        complete
    }

    /// Notes a column that the map ignores; warns if the column would otherwise be read.
    fn leave_aside(&self, position: usize, name: &str, expected: &Expected<'_>, findings: &mut Findings) {
        let (line, column) = (self.line, self.column(position));
        let is_locus =
            || !matches!(locus_of_column(name, expected.panel, &[]).0, Named::Unknown { .. } | Named::Elsewhere);
        if field_named(name).is_some() || is_locus() {
            let what = "is a known column, but the map says to ignore it";
            findings.warn(line, column, FindingCode::IgnoredColumn, what);
        } else {
            findings.note(line, column, FindingCode::IgnoredColumn, "is ignored, because the map says so");
        }
    }

    /// Warns if a map reads the name of one locus as another locus.
    fn check_mapped_locus(
        &self,
        position: usize,
        theirs: &str,
        ours: &str,
        expected: &Expected<'_>,
        findings: &mut Findings,
    ) {
        if !expected.map.is_some_and(|map| map.names(theirs)) {
            return;
        }
        let locus = |name: &str| match locus_of_column(name, expected.panel, &[]).0 {
            Named::Locus { locus, .. } => Some(locus),
            _ => None,
        };
        if let (Some(theirs), Some(ours)) = (locus(theirs), locus(ours))
            && theirs != ours
        {
            let what = format!("is the name of a locus, {theirs}, but the map reads it as {ours}");
            findings.warn(self.line, self.column(position), FindingCode::MappedLocus, what);
        }
    }

    fn place_field(&mut self, line: u64, position: usize, name: &str, field: Field, findings: &mut Findings) {
        let column = self.column(position);
        match self.fields[field as usize] {
            None => {
                self.fields[field as usize] = Some(position);
                let alias = |known: &str| kind_of_column(name).is_none() && plain_name(known) != plain_name(name);
                if let Some((_, known)) = FIELDS.iter().find(|(one, known)| *one == field && alias(known)) {
                    findings.note(line, column, FindingCode::Alias, format!("is read as {known}"));
                }
            }
            Some(first) => findings.problem(line, column, FindingCode::RepeatedColumn, repeated_at(first)),
        }
    }

    fn place_column(
        &mut self,
        line: u64,
        position: usize,
        name: &str,
        expected: &Expected<'_>,
        found: &mut Placed,
        findings: &mut Findings,
    ) {
        let column = self.column(position);
        // The sex marker may have two columns, as loci do.
        if let Some(field) =
            field_named(name).filter(|field| *field != Field::Amelogenin && expected.is_allowed(*field))
        {
            if expected.is_listed(field) {
                return findings.problem(line, column, FindingCode::RepeatedColumn, LISTED_TOO);
            }
            return self.place_field(line, position, name, field, findings);
        }
        let columns: Vec<&str> =
            FIELDS.iter().filter(|(field, _)| expected.is_allowed(*field)).map(|(_, name)| *name).collect();
        let (named, second) = locus_of_column(name, expected.panel, &columns);
        match named {
            Named::Amelogenin => match found.sex_marker {
                None => found.sex_marker = Some(Found::new(position, second)),
                Some(seen) => match joined(seen, position, second) {
                    Some(both) => found.sex_marker = Some(both),
                    None => findings.problem(line, column, FindingCode::RepeatedColumn, repeated_at(seen.first())),
                },
            },
            // The finding was reported at the first of the two columns.
            Named::Elsewhere if second == Some(true) => {}
            Named::Elsewhere => {
                let what = "is on a sex chromosome, or is a quality marker of the kit: skipped";
                findings.note(line, column, FindingCode::Elsewhere, what);
            }
            Named::Unknown { .. } if ignored_column(name).is_some() => note_ignored(line, column, name, findings),
            // A name that resembles a known one may be a locus, whose loss would weaken a family's evidence.
            Named::Unknown { nearest: None } if expected.ignore_unknown => {
                findings.note(
                    line,
                    column,
                    FindingCode::IgnoredColumn,
                    "is an unknown column or locus: ignored, as requested",
                );
            }
            Named::Unknown { nearest } => {
                let what = match nearest {
                    Some(nearest) => {
                        format!(
                            "is an unknown column or locus; did you mean {nearest}? Correct it or remove the column"
                        )
                    }
                    None if name.is_empty() => "has no name; name the column or remove it".to_owned(),
                    None => "is an unknown column or locus; correct its name or remove the column".to_owned(),
                };
                findings.problem(line, column, FindingCode::Locus, what);
            }
            Named::Locus { locus, in_panel, alias } => {
                if let Some(at) = self.loci.iter().position(|seen| *seen == locus) {
                    match joined(found.loci[at], position, second) {
                        Some(both) => found.loci[at] = both,
                        None => {
                            let what = repeated_at(found.loci[at].first());
                            findings.problem(line, column, FindingCode::RepeatedColumn, what);
                        }
                    }
                    return;
                }
                if alias {
                    findings.note(line, column.clone(), FindingCode::Alias, format!("is read as {locus}"));
                }
                if !in_panel {
                    note_not_in_panel(line, column, &locus, findings);
                }
                self.loci.push(locus);
                found.loci.push(Found::new(position, second));
            }
        }
    }
}

const LISTED_TOO: &str = "is also in the case list; remove it from one of the two";

/// Notes that a locus is not in the panel. A name that no known kit contains may be a misspelled locus; its genotypes
/// would then be lost, so this must be visible.
fn note_not_in_panel(line: u64, column: Column, locus: &Locus, findings: &mut Findings) {
    if loci::KNOWN_LOCI.contains(&locus.name()) {
        let what = "is not in this store's panel: kept, not matched on";
        findings.note(line, column, FindingCode::NotInPanel, what);
    } else {
        let what = "may be the name of a locus, but neither the store's panel nor any known kit has it: kept, not \
                    matched on; correct the name if another locus is meant";
        findings.warn(line, column, FindingCode::UnlistedLocus, what);
    }
}

/// Notes that a known column is not read.
fn note_ignored(line: u64, column: Column, name: &str, findings: &mut Findings) {
    match ignored_column(name) {
        Some(Ignored::Private) => {
            let what = "may hold names, addresses or remarks: not read, and never kept";
            findings.note(line, column, FindingCode::NotKept, what);
        }
        _ => findings.note(line, column, FindingCode::NotRead, "is not used by this program: ignored"),
    }
}

fn repeated_at(first: usize) -> String {
    format!("the file has this column at position {} already; remove one of the two", first + 1)
}

fn too_many(columns: usize) -> String {
    format!(
        "the file has {columns} columns, and at most {MOST_COLUMNS} are allowed; remove those that do not belong to it"
    )
}

/// Returns the meaning of a column's name and, for a column of one allele, `true` if it is the second allele.
fn locus_of_column(name: &str, panel: &Panel, columns: &[&str]) -> (Named, Option<bool>) {
    let whole = loci::marker_named(name, panel, columns);
    if matches!(whole, Named::Unknown { .. })
        && let Some((base, second)) = loci::allele_column(name)
    {
        let named = loci::marker_named(base, panel, columns);
        if !matches!(named, Named::Unknown { .. }) {
            return (named, Some(second));
        }
    }
    (whole, None)
}

/// Reports whether a name is or resembles that of a column. Any other name may be a person's or a sample's: the table
/// may be transposed, or the header shifted.
fn is_like_a_column(name: &str, panel: &Panel) -> bool {
    let columns = FIELDS.map(|(_, name)| name);
    field_named(name).is_some()
        || ignored_column(name).is_some()
        || ((name.parse::<Locus>().is_ok() || loci::allele_column(name).is_some())
            && !matches!(locus_of_column(name, panel, &columns).0, Named::Unknown { nearest: None }))
}

/// Returns this program's names for the columns.
fn our_names<'n>(theirs: &[&'n str], expected: &Expected<'n>) -> Vec<&'n str> {
    theirs.iter().map(|name| expected.ours(name)).collect()
}

/// Returns the names of the columns as findings show them. The file's own names are shown only if its first line
/// certainly names columns: most of them must be known, including one of samples. In a transposed or shifted table the
/// names may be persons' or samples'.
fn shown_names<'n>(theirs: &[&'n str], expected: &Expected<'_>) -> Vec<Cow<'n, str>> {
    let is_known = |name: &str| {
        field_named(name).is_some() || !matches!(locus_of_column(name, expected.panel, &[]).0, Named::Unknown { .. })
    };
    let known = theirs.iter().filter(|name| is_known(expected.ours(name))).count();
    let names_samples = theirs.iter().any(|name| field_named(expected.ours(name)) == Some(Field::SampleId));
    let is_sure = names_samples && known > 2 && 2 * known > theirs.iter().filter(|name| !name.is_empty()).count();
    let show = |name: &&'n str| match kind_of_column(name) {
        Some(kind) => Cow::Borrowed(kind.column()),
        None if is_like_a_column(name, expected.panel) => Cow::Borrowed(*name),
        None if is_sure || expected.map.is_some_and(|map| map.names(name)) => shown(name),
        None => Cow::Borrowed("?"),
    };
    theirs.iter().map(show).collect()
}

/// Reports whether this is a header line of this layout.
fn is_header_of_layout(
    line: u64,
    text: &str,
    names: &[&str],
    expected: &Expected<'_>,
    findings: &mut Findings,
) -> bool {
    let has = |field: Field| names.iter().any(|name| field_named(name) == Some(field));
    let finding = if names.iter().all(|name| field_named(name).is_none()) {
        match unsupported_delimiter(text) {
            Some(found) => Some((
                FindingCode::Delimiter,
                format!("columns are separated by {found}; save the file as CSV with commas"),
            )),
            None => {
                let usual = |field: Field| match field {
                    Field::SampleId => true,
                    Field::FamilyId | Field::Relation | Field::Sex => {
                        expected.listed.is_none() && expected.is_allowed(field)
                    }
                    _ => false,
                };
                let usual = FIELDS.iter().filter(|(field, _)| usual(*field)).map(|(_, name)| *name);
                let usual: Vec<_> = usual.collect();
                let what =
                    format!("is not a header; the first line must name the columns {} and the loci", usual.join(", "));
                Some((FindingCode::Header, what))
            }
        }
    } else if TallColumns::find(names).is_some() {
        let what = "this looks like a table with a row per sample and locus; import it with --format genemapper";
        Some((FindingCode::Format, what.to_owned()))
    } else if lacks_alleles(names) {
        let what = "names samples and markers, like a table with a row per sample and locus, but no columns of \
                    alleles; name these columns Allele 1 and Allele 2, or state them with --map";
        Some((FindingCode::Format, what.to_owned()))
    } else if names.len() > MOST_COLUMNS {
        Some((FindingCode::Columns, too_many(names.len())))
    } else {
        other_layout(expected, has).map(|what| (FindingCode::Layout, what.to_owned()))
    };
    match finding {
        Some((code, what)) => {
            findings.problem(line, None, code, what);
            false
        }
        None => true,
    }
}

/// Returns the message for a file whose columns are those of the other layout.
fn other_layout(expected: &Expected<'_>, has: impl Fn(Field) -> bool) -> Option<&'static str> {
    match expected.layout {
        _ if expected.listed.is_some() => None,
        Layout::Families if has(Field::SampleId) && !has(Field::FamilyId) && !has(Field::Relation) => Some(
            "this looks like a children file; import it with --as children; or give with --cases a case list of the \
             relatives",
        ),
        Layout::Children if has(Field::FamilyId) || has(Field::Relation) => {
            Some("this looks like a families file; import it with --as families")
        }
        _ => None,
    }
}

/// Returns the separator, if it is not supported.
fn unsupported_delimiter(text: &str) -> Option<&'static str> {
    [('|', "vertical bars"), ('，', "full-width commas"), ('；', "full-width semicolons")]
        .into_iter()
        .find(|(separator, _)| {
            let names = text.split(*separator).map(|name| name.trim().trim_matches('"'));
            text.contains(*separator) && names.take(MOST_COLUMNS).any(|name| field_named(name).is_some())
        })
        .map(|(_, name)| name)
}
