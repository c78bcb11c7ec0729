//! People with DNA data, and the rows made of them.

use std::borrow::Cow;
use std::collections::HashMap;

use super::main_part::{Main, RawLocus};
use super::values::named;
use crate::intake::findings::Findings;
use crate::intake::loci::{self, Named};
use crate::intake::table::Table;
use crate::model::{Panel, Sex};

const AMELOGENIN: &str = "AMEL";

/// A person with DNA data.
pub(super) struct Someone<'a> {
    pub(super) line: u64,
    pub(super) sample: Cow<'a, str>,
    pub(super) sex: Sex,
    /// Whether alleles may have dropped out.
    pub(super) drop_out: bool,
    /// Locus by number, and the cell.
    pub(super) cells: Vec<(usize, String)>,
}

/// Loci by the names the file gives them; those of the database first.
pub(super) struct Loci<'a> {
    pub(super) names: Vec<(u64, &'a str)>,
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Loci<'a> {
    pub(super) fn new(loci: &[RawLocus<'a>]) -> Self {
        let mut all = Self { names: Vec::new(), by_name: HashMap::new() };
        for locus in loci {
            all.by_name.entry(locus.name).or_insert(all.names.len());
            all.names.push((locus.line, locus.name));
        }
        all
    }

    pub(super) fn number(&mut self, line: u64, name: &'a str) -> usize {
        let next = self.names.len();
        let number = *self.by_name.entry(name).or_insert(next);
        if number == next {
            self.names.push((line, name));
        }
        number
    }
}

/// The table of these rows, each with the number of a person and the first cells.
pub(super) fn table<'a>(
    columns: &[&str],
    main: &Main<'a>,
    loci: &Loci<'a>,
    people: &[Someone<'a>],
    rows: impl Iterator<Item = (usize, Vec<String>)>,
    panel: &Panel,
    findings: &mut Findings,
) -> Option<Table> {
    let rows: Vec<(usize, Vec<String>)> = rows.collect();
    if rows.is_empty() {
        return None;
    }
    // Where each locus with data stands in the rows.
    let mut used = vec![false; loci.names.len()];
    rows.iter().flat_map(|row| &people[row.0].cells).for_each(|cell| used[cell.0] = true);
    let mut header: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
    let drop_out = rows.iter().any(|row| people[row.0].drop_out);
    header.extend(drop_out.then(|| "drop_out".to_owned()));
    let first = header.len();
    let mut place = vec![None; used.len()];
    for (number, &(line, name)) in loci.names.iter().enumerate().filter(|(number, _)| used[*number]) {
        match loci::named(name, panel, &[]) {
            Named::Locus { locus, .. } => {
                place[number] = Some(header.len() - first);
                header.push(locus.name().to_owned());
            }
            // Held against the sex, as in every form.
            Named::Amelogenin => {
                let known = header[first..].iter().position(|column| column == AMELOGENIN);
                place[number] = Some(known.unwrap_or(header.len() - first));
                header.extend(known.is_none().then(|| AMELOGENIN.to_owned()));
            }
            Named::Elsewhere => {
                let what = "lies on a sex chromosome, or is a check of the kit: skipped";
                findings.note(line, named("locus"), "elsewhere", what);
            }
            Named::Unknown { nearest } => {
                let like = nearest.map_or_else(String::new, |nearest| format!(" (did you mean {nearest}?)"));
                let what = format!("is no known locus{like}: rename it in the file, or leave it out there");
                findings.problem(line, named("locus"), "locus", what);
            }
        }
    }
    let width = header.len() - first;
    let mut table = Table { line: main.line, header, rows: Vec::with_capacity(rows.len()) };
    for (number, mut cells) in rows {
        let person = &people[number];
        cells.push(person.sex.word().to_owned());
        if drop_out {
            cells.push(if person.drop_out { self::drop_out(main, person.line, findings) } else { String::new() });
        }
        let mut genotypes = vec![String::new(); width];
        for (locus, cell) in &person.cells {
            let Some(at) = place[*locus] else { continue };
            if !genotypes[at].is_empty() {
                let what = "the person has two genotypes at one locus: remove one of them";
                findings.problem(person.line, named("DNA data"), "repeated-locus", what);
            }
            genotypes[at].clone_from(cell);
        }
        cells.extend(genotypes);
        table.rows.push((person.line, cells));
    }
    Some(table)
}

/// The drop-out probability of the database, as a cell.
fn drop_out(main: &Main<'_>, line: u64, findings: &mut Findings) -> String {
    let mut values = main.loci.iter().map(|locus| locus.drop_out);
    let first = values.next().unwrap_or(0.0);
    if values.any(|value| value != first) {
        let what = "alleles may have dropped out, with another probability at each locus: set one for all";
        findings.problem(line, named("person"), "drop-out", what);
    }
    first.to_string()
}
