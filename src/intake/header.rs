//! The header line: which column is what.

use std::borrow::Cow;
use std::sync::Arc;

use super::fields::{FIELDS, Field, allowed, field, plain, required};
use super::findings::{Column, Findings};
use super::loci::{self, Named};
use super::numbers;
use super::pairing::{Found, LocusColumns, Placed, joined};
use super::{Layout, Request, genemapper};
use crate::model::{Locus, Panel};

/// More columns than any kit has loci, two for each.
const MOST_COLUMNS: usize = 256;

/// Where everything stands.
pub(super) struct Header {
    /// The line it stands on.
    pub(super) line: u64,
    names: Vec<Arc<str>>,
    /// Whether the file has columns, to be named by number.
    numbered: bool,
    fields: [Option<usize>; FIELDS.len()],
    /// The loci of the file, in file order.
    pub(super) loci: Vec<Locus>,
    /// Where each locus stands.
    pub(super) locus_columns: Vec<LocusColumns>,
    /// Where the sex marker stands.
    sex_marker: Option<LocusColumns>,
}

impl Header {
    /// How many columns.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Position of a column, from 0.
    pub(super) fn position(&self, field: Field) -> Option<usize> {
        self.fields[field as usize]
    }

    /// A column as findings name it.
    pub(super) fn column(&self, position: usize) -> Column {
        let number = if self.numbered { position + 1 } else { 0 };
        self.names.get(position).map(|name| (number, name.clone()))
    }

    /// The column of a locus as findings name it: the first, if it has two.
    pub(super) fn locus(&self, number: usize) -> Column {
        let (LocusColumns::One(at) | LocusColumns::Two(at, _)) = self.locus_columns[number];
        self.column(at)
    }

    /// The column of a field as findings name it.
    pub(super) fn field(&self, field: Field) -> Column {
        self.position(field).and_then(|position| self.column(position))
    }

    /// The column of the sex marker as findings name it, and what a row has there; its alleles are joined as in one cell.
    pub(super) fn sex_marker<'a>(&self, fields: &'a [Cow<'_, str>]) -> Option<(usize, Cow<'a, str>)> {
        Some(match self.sex_marker? {
            LocusColumns::One(at) => (at, Cow::Borrowed(fields[at].trim())),
            LocusColumns::Two(at, other) => match [fields[at].trim(), fields[other].trim()] {
                [first, ""] => (at, Cow::Borrowed(first)),
                [first, second] => (at, Cow::Owned(format!("{first}/{second}"))),
            },
        })
    }

    /// Reads the header line. `None` if its rows cannot be told apart; the findings then say why.
    pub(super) fn read(
        line: u64,
        text: &str,
        cells: &[Cow<'_, str>],
        request: &Request<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let names: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
        if !shape(line, text, &names, request, findings) {
            return None;
        }
        // A line of text has columns; a table that was made has only their names.
        let mut header = Self { numbered: !text.is_empty(), ..Self::of(line, &names, request.panel) };
        let mut found = Placed::default();
        for (position, name) in names.iter().enumerate() {
            header.place(line, position, name, request, &mut found, findings);
        }
        header.locus_columns = found.loci.iter().map(|found| header.columns_of(*found, findings)).collect();
        header.sex_marker = found.sex_marker.map(|found| header.columns_of(found, findings));
        let mut complete = header.is_complete(line, request, ", or a case list (--cases) that has it", findings);
        if header.loci.is_empty() {
            complete = false;
            findings.problem(line, None, "no-loci", "there is no locus column: add one column per locus, such as vWA");
        }
        complete.then_some(header)
    }

    /// The header of a file without loci: who the samples are. Columns that say something else are noted.
    pub(super) fn read_people(
        line: u64,
        cells: &[Cow<'_, str>],
        request: &Request<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let names: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
        if names.len() > MOST_COLUMNS {
            findings.problem(line, None, "columns", too_many(names.len()));
            return None;
        }
        let mut header = Self::of(line, &names, request.panel);
        for (position, name) in names.iter().enumerate() {
            match field(name).filter(|field| *field != Field::Amelogenin && allowed(*field, request.layout)) {
                Some(field) => header.place_field(line, position, name, field, findings),
                None => findings.note(line, header.column(position), "not-read", "says nothing that is read here"),
            }
        }
        header.is_complete(line, request, "", findings).then_some(header)
    }

    fn columns_of(&self, found: Found, findings: &mut Findings) -> LocusColumns {
        match found {
            Found::Whole(at) => LocusColumns::One(at),
            Found::Halves([Some(first), Some(second)]) => LocusColumns::Two(first, second),
            Found::Halves(_) => {
                let what = "is one of two columns of a locus, and the other is missing: add it, or name this one \
                            like the locus";
                findings.problem(self.line, self.column(found.first()), "half-locus", what);
                LocusColumns::One(found.first())
            }
        }
    }

    fn of(line: u64, names: &[&str], panel: &Panel) -> Self {
        Self {
            line,
            names: names.iter().map(|name| Arc::from(shown(name, panel))).collect(),
            numbered: true,
            fields: [None; FIELDS.len()],
            loci: Vec::new(),
            locus_columns: Vec::new(),
            sex_marker: None,
        }
    }

    /// Whether every column that must be there is. `otherwise` says what else would do.
    fn is_complete(&self, line: u64, request: &Request<'_>, otherwise: &str, findings: &mut Findings) -> bool {
        let mut complete = true;
        let layout = request.layout;
        for (field, name) in FIELDS.iter().filter(|(field, _)| required(*field, request)) {
            if self.position(*field).is_none() {
                complete = false;
                let otherwise = if *field == Field::SampleId { "" } else { otherwise };
                let what = format!("the column {name} is missing: a {layout} file needs it{otherwise}");
                findings.problem(line, None, "missing-column", what);
            }
        }
        if layout == Layout::Children && self.position(Field::Sex).is_none() && request.cases.is_none() {
            let what = match self.sex_marker {
                None => "the file does not say the sex: unknown for all",
                Some(_) => "the file does not say the sex: the sex marker gives it where it shows one",
            };
            findings.note(line, None, "no-sex", what);
        }
        complete
    }

    fn place_field(&mut self, line: u64, position: usize, name: &str, field: Field, findings: &mut Findings) {
        let column = self.column(position);
        match self.fields[field as usize] {
            None => {
                self.fields[field as usize] = Some(position);
                let alias = |known: &str| numbers::kind_of_column(name).is_none() && plain(known) != plain(name);
                if let Some((_, known)) = FIELDS.iter().find(|(one, known)| *one == field && alias(known)) {
                    findings.note(line, column, "alias", format!("is read as {known}"));
                }
            }
            Some(first) => findings.problem(line, column, "repeated-column", repeated(first)),
        }
    }

    fn place(
        &mut self,
        line: u64,
        position: usize,
        name: &str,
        request: &Request<'_>,
        found: &mut Placed,
        findings: &mut Findings,
    ) {
        let (layout, column) = (request.layout, self.column(position));
        // The sex marker may have two columns, as loci do.
        if let Some(field) = field(name).filter(|field| *field != Field::Amelogenin && allowed(*field, layout)) {
            if request.cases.is_some_and(|cases| cases.says(field)) && field != Field::SampleId {
                let what = "stands in the case list, too: remove it from one of the two";
                return findings.problem(line, column, "repeated-column", what);
            }
            return self.place_field(line, position, name, field, findings);
        }
        let columns: Vec<&str> =
            FIELDS.iter().filter(|(field, _)| allowed(*field, layout)).map(|(_, name)| *name).collect();
        let (named, second) = locus(name, request.panel, &columns);
        match named {
            Named::Amelogenin => match found.sex_marker {
                None => found.sex_marker = Some(Found::new(position, second)),
                Some(seen) => match joined(seen, position, second) {
                    Some(both) => found.sex_marker = Some(both),
                    None => findings.problem(line, column, "repeated-column", repeated(seen.first())),
                },
            },
            // Said of the first of two columns.
            Named::Elsewhere if second == Some(true) => {}
            Named::Elsewhere => {
                let what = "lies on a sex chromosome, or is a check of the kit: skipped";
                findings.note(line, column, "elsewhere", what);
            }
            Named::Unknown { nearest } => {
                let what = match nearest {
                    Some(nearest) => {
                        format!("is no known column or locus; did you mean {nearest}? Correct it or remove the column")
                    }
                    None if name.is_empty() => "has no name: name the column or remove it".to_owned(),
                    None => "is no known column or locus: correct its name or remove the column".to_owned(),
                };
                findings.problem(line, column, "locus", what);
            }
            Named::Locus { locus, in_panel, alias } => {
                if let Some(at) = self.loci.iter().position(|seen| *seen == locus) {
                    // Only columns of a file may belong together: a reader that makes a table makes one for each locus.
                    match joined(found.loci[at], position, second).filter(|_| self.numbered) {
                        Some(both) => found.loci[at] = both,
                        None => {
                            let what = repeated(found.loci[at].first());
                            findings.problem(line, column, "repeated-column", what);
                        }
                    }
                    return;
                }
                if alias {
                    findings.note(line, column.clone(), "alias", format!("is read as {locus}"));
                }
                if !in_panel {
                    let what = "is not in this store's panel: kept, not matched on";
                    findings.note(line, column, "not-in-panel", what);
                }
                self.loci.push(locus);
                found.loci.push(Found::new(position, second));
            }
        }
    }
}

fn repeated(first: usize) -> String {
    format!("the same column stands at place {}: remove one of the two", first + 1)
}

fn too_many(columns: usize) -> String {
    format!("{columns} columns are more than the {MOST_COLUMNS} that a file may have")
}

/// The locus that a column means, and for a column of one allele whether it is the second.
fn locus(name: &str, panel: &Panel, columns: &[&str]) -> (Named, Option<bool>) {
    let whole = loci::named(name, panel, columns);
    if matches!(whole, Named::Unknown { .. })
        && let Some((base, second)) = loci::allele_column(name)
    {
        let named = loci::named(base, panel, columns);
        if !matches!(named, Named::Unknown { .. }) {
            return (named, Some(second));
        }
    }
    (whole, None)
}

/// Whether a name is a column's, or nearly. Any other may be a person's or a sample's: the table may be transposed, or
/// the header shifted.
fn is_like_a_column(name: &str, panel: &Panel) -> bool {
    let columns = FIELDS.map(|(_, name)| name);
    field(name).is_some()
        || ((name.parse::<Locus>().is_ok() || loci::allele_column(name).is_some())
            && !matches!(locus(name, panel, &columns).0, Named::Unknown { nearest: None }))
}

/// A column's name as findings show it.
fn shown<'n>(name: &'n str, panel: &Panel) -> &'n str {
    match numbers::kind_of_column(name) {
        Some(kind) => kind.column(),
        None if is_like_a_column(name, panel) => name,
        None => "?",
    }
}

/// Whether this is a header line of this layout at all.
fn shape(line: u64, text: &str, names: &[&str], request: &Request<'_>, findings: &mut Findings) -> bool {
    let layout = request.layout;
    let has = |field: Field| names.iter().any(|name| self::field(name) == Some(field));
    let finding = if names.iter().all(|name| field(name).is_none()) {
        match delimiter(text) {
            Some(found) => {
                Some(("delimiter", format!("columns are separated by {found}: save the file as CSV with commas")))
            }
            None => {
                let usual = |field: Field| match field {
                    Field::SampleId => true,
                    Field::FamilyId | Field::Relation | Field::Sex => request.cases.is_none() && allowed(field, layout),
                    _ => false,
                };
                let usual = FIELDS.iter().filter(|(field, _)| usual(*field)).map(|(_, name)| *name);
                let usual: Vec<_> = usual.collect();
                let what =
                    format!("is no header: the first line must name the columns {} and the loci", usual.join(", "));
                Some(("header", what))
            }
        }
    } else if genemapper::is_header(names) {
        let what = "this looks like a table with a row per sample and locus: import it with --format genemapper";
        Some(("format", what.to_owned()))
    } else if names.len() > MOST_COLUMNS {
        Some(("columns", too_many(names.len())))
    } else {
        match layout {
            _ if request.cases.is_some() => None,
            Layout::Families if has(Field::SampleId) && !has(Field::FamilyId) && !has(Field::Relation) => {
                let what = "this looks like a children file: import it with --as children; or name with --cases a \
                            case list that says whose relatives these are";
                Some(("layout", what.to_owned()))
            }
            Layout::Children if has(Field::FamilyId) || has(Field::Relation) => {
                Some(("layout", "this looks like a families file: import it with --as families".to_owned()))
            }
            _ => None,
        }
    };
    match finding {
        Some((code, what)) => {
            findings.problem(line, None, code, what);
            false
        }
        None => true,
    }
}

/// The separator, if it is none that is read.
fn delimiter(text: &str) -> Option<&'static str> {
    [('|', "vertical bars"), ('，', "full-width commas"), ('；', "full-width semicolons")]
        .into_iter()
        .find(|(separator, _)| {
            let names = text.split(*separator).map(|name| name.trim().trim_matches('"'));
            text.contains(*separator) && names.take(MOST_COLUMNS).any(|name| field(name).is_some())
        })
        .map(|(_, name)| name)
}
