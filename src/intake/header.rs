//! The header line: which column is what.

use std::borrow::Cow;
use std::sync::Arc;

use super::Layout;
use super::findings::{Column, Findings};
use super::loci::{self, Named};
use super::numbers::{self, NumberKind};
use crate::model::{Locus, Panel};

/// Columns that are no loci.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    FamilyId,
    SampleId,
    Relation,
    Sex,
    Agency,
    Region,
    CollectedOn,
    Kit,
    DropOut,
    ResidentId,
    BirthCertificate,
    Amelogenin,
}

const FIELDS: [(Field, &str); 12] = [
    (Field::FamilyId, "family_id"),
    (Field::SampleId, "sample_id"),
    (Field::Relation, "relation"),
    (Field::Sex, "sex"),
    (Field::Agency, "agency"),
    (Field::Region, "region"),
    (Field::CollectedOn, "collected_on"),
    (Field::Kit, "kit"),
    (Field::DropOut, "drop_out"),
    (Field::ResidentId, "resident_id"),
    (Field::BirthCertificate, "birth_certificate"),
    (Field::Amelogenin, "AMEL"),
];

/// More columns than any kit has loci.
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
    /// Position of each locus' column, from 0.
    pub(super) locus_columns: Vec<usize>,
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

    /// The same, for a file that has no columns: findings name them without a number.
    pub(super) fn without_numbers(self) -> Self {
        Self { numbered: false, ..self }
    }

    /// The column of a field as findings name it.
    pub(super) fn field(&self, field: Field) -> Column {
        self.position(field).and_then(|position| self.column(position))
    }

    /// Reads the header line. `None` if its rows cannot be told apart; the findings then say why.
    pub(super) fn read(
        line: u64,
        text: &str,
        cells: &[Cow<'_, str>],
        layout: Layout,
        panel: &Panel,
        findings: &mut Findings,
    ) -> Option<Self> {
        let names: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
        if !shape(line, text, &names, layout, findings) {
            return None;
        }
        let mut header = Self {
            line,
            names: names.iter().map(|name| Arc::from(shown(name, panel))).collect(),
            numbered: true,
            fields: [None; FIELDS.len()],
            loci: Vec::new(),
            locus_columns: Vec::new(),
        };
        for (position, name) in names.iter().enumerate() {
            header.place(line, position, name, layout, panel, findings);
        }
        let mut complete = true;
        for (field, name) in FIELDS.iter().filter(|(field, _)| required(*field, layout)) {
            if header.position(*field).is_none() {
                complete = false;
                let what = format!("the column {name} is missing: a {layout} file needs it");
                findings.problem(line, None, "missing-column", what);
            }
        }
        if header.loci.is_empty() {
            complete = false;
            findings.problem(line, None, "no-loci", "there is no locus column: add one column per locus, such as vWA");
        }
        complete.then_some(header)
    }

    fn place(
        &mut self,
        line: u64,
        position: usize,
        name: &str,
        layout: Layout,
        panel: &Panel,
        findings: &mut Findings,
    ) {
        let column = self.column(position);
        let repeated = |first: usize| format!("the same column stands at place {}: remove one of the two", first + 1);
        if let Some(field) = field(name).filter(|field| allowed(*field, layout)) {
            match self.fields[field as usize] {
                None => self.fields[field as usize] = Some(position),
                Some(first) => findings.problem(line, column, "repeated-column", repeated(first)),
            }
            return;
        }
        let columns: Vec<&str> =
            FIELDS.iter().filter(|(field, _)| allowed(*field, layout)).map(|(_, name)| *name).collect();
        match loci::named(name, panel, &columns) {
            Named::Amelogenin => match self.fields[Field::Amelogenin as usize] {
                None => self.fields[Field::Amelogenin as usize] = Some(position),
                Some(first) => findings.problem(line, column, "repeated-column", repeated(first)),
            },
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
                if let Some(first) = self.loci.iter().position(|seen| *seen == locus) {
                    let what = repeated(self.locus_columns[first]);
                    return findings.problem(line, column, "repeated-column", what);
                }
                if alias {
                    findings.note(line, column.clone(), "alias", format!("is read as {locus}"));
                }
                if !in_panel {
                    let what = "is not in this store's panel: kept, not matched on";
                    findings.note(line, column, "not-in-panel", what);
                }
                self.loci.push(locus);
                self.locus_columns.push(position);
            }
        }
    }
}

/// Whether a name is a column's, or nearly. Any other may be a person's or a sample's: the table may be transposed, or
/// the header shifted.
fn is_like_a_column(name: &str, panel: &Panel) -> bool {
    let columns = FIELDS.map(|(_, name)| name);
    name.parse::<Locus>().is_ok()
        && (field(name).is_some() || !matches!(loci::named(name, panel, &columns), Named::Unknown { nearest: None }))
}

/// A column's name as findings show it.
fn shown<'n>(name: &'n str, panel: &Panel) -> &'n str {
    match numbers::kind_of_column(name) {
        Some(kind) => kind.column(),
        None if is_like_a_column(name, panel) => name,
        None => "?",
    }
}

fn field(name: &str) -> Option<Field> {
    match numbers::kind_of_column(name) {
        Some(NumberKind::ResidentId) => Some(Field::ResidentId),
        Some(NumberKind::BirthCertificate) => Some(Field::BirthCertificate),
        None => FIELDS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(field, _)| *field),
    }
}

fn required(field: Field, layout: Layout) -> bool {
    match field {
        Field::SampleId | Field::Sex => true,
        Field::FamilyId | Field::Relation => layout == Layout::Families,
        Field::Agency | Field::Region | Field::CollectedOn | Field::Kit | Field::DropOut => false,
        Field::ResidentId | Field::BirthCertificate | Field::Amelogenin => false,
    }
}

fn allowed(field: Field, layout: Layout) -> bool {
    layout == Layout::Families || !matches!(field, Field::FamilyId | Field::Relation)
}

/// Whether this is a header line of this layout at all.
fn shape(line: u64, text: &str, names: &[&str], layout: Layout, findings: &mut Findings) -> bool {
    let has = |field: Field| names.iter().any(|name| self::field(name) == Some(field));
    let finding = if names.iter().all(|name| field(name).is_none()) {
        match delimiter(text) {
            Some(found) => {
                Some(("delimiter", format!("columns are separated by {found}: save the file as CSV with commas")))
            }
            None => {
                let needed = FIELDS.iter().filter(|(field, _)| required(*field, layout)).map(|(_, name)| *name);
                let needed: Vec<_> = needed.collect();
                let what =
                    format!("is no header: the first line must name the columns {} and the loci", needed.join(", "));
                Some(("header", what))
            }
        }
    } else if names.len() > MOST_COLUMNS {
        Some(("columns", format!("{} columns are more than the {MOST_COLUMNS} that a file may have", names.len())))
    } else {
        match layout {
            Layout::Families if has(Field::SampleId) && !has(Field::FamilyId) && !has(Field::Relation) => {
                Some(("layout", "this looks like a children file: import it with --as children".to_owned()))
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

/// The separator, if it is not the comma.
fn delimiter(text: &str) -> Option<&'static str> {
    [(';', "semicolons"), ('\t', "tabs"), ('|', "vertical bars"), ('，', "full-width commas")]
        .into_iter()
        .find(|(separator, _)| {
            let names = text.split(*separator).map(|name| name.trim().trim_matches('"'));
            text.contains(*separator) && names.take(MOST_COLUMNS).any(|name| field(name).is_some())
        })
        .map(|(_, name)| name)
}
