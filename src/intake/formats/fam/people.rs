//! Turns people with DNA data into rows.

use std::borrow::Cow;
use std::collections::HashMap;

use super::lengths::Lengths;
use super::main_part::{Main, RawLocus};
use crate::intake::columns::fields::Field;
use crate::intake::columns::header::ValueColumn;
use crate::intake::columns::loci::{self, Named};
use crate::intake::findings::{Findings, value_named};
use crate::intake::request::Request;
use crate::intake::rows::amelogenin::Marker;
use crate::intake::rows::cells;
use crate::intake::rows::table::{Table, TableRow, TypedLocus};
use crate::model::{FindingCode, Relation, Sex};

/// A person with DNA data.
pub(super) struct TypedPerson<'a> {
    pub(super) line: u64,
    pub(super) sample: Cow<'a, str>,
    pub(super) sex: Sex,
    /// `true` if alleles may have dropped out.
    pub(super) drop_out: bool,
    pub(super) typed: Vec<Typing<'a>>,
}

/// The two alleles of a person at a locus, as in the file.
#[derive(Clone, Copy)]
pub(super) struct Typing<'a> {
    /// Number of the locus.
    pub(super) locus: usize,
    pub(super) alleles: [&'a str; 2],
}

/// A row of the table: a person, with the relation in a family.
pub(super) struct FamRow {
    /// Number of the person.
    pub(super) person: usize,
    pub(super) family: Option<String>,
    pub(super) relation: Option<Relation>,
}

/// The place of a locus of the file in the table.
#[derive(Clone, Copy)]
enum Place {
    /// Nobody has data there, or the locus is not read.
    Nowhere,
    /// Position among the columns.
    Column(usize),
    SexMarker,
}

/// A name of a locus, with its first line.
pub(super) struct LocusName<'a> {
    line: u64,
    name: &'a str,
}

/// The loci by their names in the file; those of the database come first.
pub(super) struct Loci<'a> {
    pub(super) names: Vec<LocusName<'a>>,
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Loci<'a> {
    pub(super) fn new(loci: &[RawLocus<'a>]) -> Self {
        let mut all = Self { names: Vec::new(), by_name: HashMap::new() };
        for locus in loci {
            all.by_name.entry(locus.name).or_insert(all.names.len());
            all.names.push(LocusName { line: locus.line, name: locus.name });
        }
        all
    }

    pub(super) fn number(&mut self, line: u64, name: &'a str) -> usize {
        let next = self.names.len();
        let number = *self.by_name.entry(name).or_insert(next);
        if number == next {
            self.names.push(LocusName { line, name });
        }
        number
    }
}

/// Returns the table of these rows, with columns for these fields.
pub(super) fn table<'a>(
    fields: &[Field],
    main: &Main<'a>,
    loci: &Loci<'a>,
    people: &[TypedPerson<'a>],
    rows: impl Iterator<Item = FamRow>,
    request: &Request<'_>,
    findings: &mut Findings,
) -> Option<Table> {
    let rows: Vec<FamRow> = rows.collect();
    if rows.is_empty() {
        return None;
    }
    let mut used = vec![false; loci.names.len()];
    rows.iter().flat_map(|row| &people[row.person].typed).for_each(|typing| used[typing.locus] = true);
    let mut columns: Vec<ValueColumn> = fields.iter().copied().map(ValueColumn::Field).collect();
    let drop_out = rows.iter().any(|row| people[row.person].drop_out);
    columns.extend(drop_out.then_some(ValueColumn::Field(Field::DropOut)));
    let mut places = vec![Place::Nowhere; used.len()];
    let in_base_pairs = loci_in_base_pairs(main, &rows, people, &used);
    for (number, &LocusName { line, name }) in loci.names.iter().enumerate().filter(|(number, _)| used[*number]) {
        if in_base_pairs[number] {
            findings.note(
                line,
                value_named("locus"),
                FindingCode::BasePairs,
                "its alleles are lengths in base pairs: left out",
            );
            continue;
        }
        match loci::marker_named(name, request.panel, &[]) {
            Named::Locus { locus, .. } => {
                places[number] = Place::Column(columns.len());
                columns.push(ValueColumn::Locus(locus));
            }
            // The marker is checked against the sex, as in every format.
            Named::Amelogenin => {
                places[number] = Place::SexMarker;
                let marker = ValueColumn::SexMarker { name: "AMEL" };
                if !columns.contains(&marker) {
                    columns.push(marker);
                }
            }
            Named::Elsewhere => {
                let what = "is on a sex chromosome, or is a quality marker of the kit: skipped";
                findings.note(line, value_named("locus"), FindingCode::Elsewhere, what);
            }
            Named::Unknown { nearest } => {
                let like = nearest.map_or_else(String::new, |nearest| format!(" (did you mean {nearest}?)"));
                let what = format!("is an unknown locus{like}; rename it in the file, or remove it there");
                findings.problem(line, value_named("locus"), FindingCode::Locus, what);
            }
        }
    }
    let mut table = Table { line: main.line, columns, rows: Vec::with_capacity(rows.len()) };
    for FamRow { person, family, relation } in rows {
        let person = &people[person];
        let mut row =
            TableRow { family, relation, sex: person.sex, ..TableRow::new(person.line, person.sample.to_string()) };
        row.drop_out = person.drop_out.then(|| self::drop_out(main, person.line, findings));
        let mut has_marker = false;
        for &Typing { locus, alleles: [first, second] } in &person.typed {
            let repeated = match places[locus] {
                Place::Nowhere => continue,
                Place::Column(column) => {
                    let repeated = row.typed.iter().any(|typed| typed.column == column);
                    row.typed.push(TypedLocus { column, reading: cells::two_alleles(first, second) });
                    repeated
                }
                Place::SexMarker => {
                    row.sex_marker = Marker::read_both(first, second, request.single_allele);
                    std::mem::replace(&mut has_marker, true)
                }
            };
            if repeated {
                let what = "the person has two genotypes at one locus; remove one of them";
                findings.problem(person.line, value_named("DNA data"), FindingCode::RepeatedLocus, what);
            }
        }
        table.rows.push(row);
    }
    Some(table)
}

/// Returns the drop-out probability of the database.
fn drop_out(main: &Main<'_>, line: u64, findings: &mut Findings) -> f64 {
    let mut values = main.loci.iter().map(|locus| locus.drop_out);
    let first = values.next().unwrap_or(0.0);
    if values.any(|value| value != first) {
        let what = "the drop-out probability differs between loci; set one for all";
        findings.problem(line, value_named("person"), FindingCode::DropOut, what);
    }
    first
}

/// Reports for each locus whether all alleles are lengths in base pairs: those of persons and, if the database has the
/// locus, those of the database.
fn loci_in_base_pairs(main: &Main<'_>, rows: &[FamRow], people: &[TypedPerson<'_>], used: &[bool]) -> Vec<bool> {
    let database = main.loci.iter().map(|locus| Lengths::of(locus.alleles.iter().map(|allele| allele.name)));
    let mut lengths: Vec<Lengths> = database.chain(std::iter::repeat_with(Lengths::default)).take(used.len()).collect();
    for &Typing { locus, alleles } in rows.iter().flat_map(|row| &people[row.person].typed) {
        alleles.into_iter().for_each(|allele| lengths[locus].add(allele));
    }
    lengths.iter().map(Lengths::are_base_pairs).collect()
}
