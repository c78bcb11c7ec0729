//! Reads the cells of a table in which several headers name each column.

use std::collections::{BTreeMap, HashMap};

use super::gather::{Gather, Gathered};
use super::grid::Row;
use super::headers::{ColumnHeads, Headed};
use super::labels::{Field, Label, label};
use super::loci::{Meant, meant};
use super::numbers::whole;
use crate::intake::findings::{Column, ColumnName};
use crate::model::FindingCode;

/// The maximum number of letters of a header that a finding repeats.
const MOST_LETTERS: usize = 40;

/// The columns of a locus in the requested population.
struct LocusColumns {
    /// Name of the locus; `None` if the rows name it.
    locus: Option<String>,
    alleles: usize,
    value: Option<usize>,
    /// `true` if the value is a count.
    counts: bool,
    /// Column with the number of occurrences of an allele, beside its frequency.
    seen: Option<usize>,
    persons: Option<(usize, bool)>,
}

/// Reads the rows below the headers; `None` if that is impossible, and the findings then say why.
pub(super) fn gather_headed(rows: &[Row], headed: &Headed, mut gather: Gather<'_, '_>) -> Option<Gathered> {
    let before = gather.findings.count();
    let line = rows[headed.first].line;
    for row in rows[..headed.first].iter().filter(|row| row.filled() > 1) {
        let what = "the row is before the header and is not a title; remove it, or name the columns in the first row";
        gather.problem(row.line, None, FindingCode::Header, what);
    }
    let below = &rows[headed.rows..];
    let mut populations: Vec<&str> = Vec::new();
    for name in headed.columns.iter().filter_map(|heads| heads.population.as_deref()) {
        if !populations.contains(&name) {
            populations.push(name);
        }
    }
    let chosen = if populations.is_empty() {
        if gather.request.population.is_some() {
            let what = "the table does not say whose frequencies these are; leave out the population";
            gather.problem(0, None, FindingCode::NoPopulations, what);
            return None;
        }
        None
    } else {
        Some(gather.choose(&populations, line, None)?)
    };
    let by_rows = locus_column(headed);
    let mut loci = columns_of_loci(headed, below, chosen.as_deref(), by_rows, &mut gather)?;
    gather.population = chosen.clone();
    if loci.iter().any(|columns| columns.counts) {
        if loci.iter().any(|columns| !columns.counts) {
            let what = "some loci have only counts, and others frequencies; give all alike";
            gather.problem(line, None, FindingCode::FrequencyUnits, what);
            return None;
        }
        gather.counts = true;
    }
    // Numbers of persons given in headers.
    let mut sizes: HashMap<usize, (u32, bool)> = HashMap::new();
    let mut places: Vec<Option<usize>> = Vec::with_capacity(loci.len());
    for (at, columns) in loci.iter().enumerate() {
        let place = match (&columns.locus, columns.value) {
            (Some(name), Some(value)) => gather.locus(name, line, column_of(headed, value)),
            _ => None,
        };
        places.push(place);
        let size = columns.value.and_then(|value| headed.columns[value].size);
        if let Some(size) = size {
            sizes.insert(at, (size.number, size.alleles));
        }
    }
    for (at, place) in places.iter().enumerate() {
        if let (Some(place), Some((number, alleles))) = (place, sizes.get(&at)) {
            gather.persons(*place, *alleles, &number.to_string(), line, None);
        }
    }
    for columns in &mut loci {
        // A number `n` that differs from row to row belongs to the allele; otherwise it belongs to the locus.
        let Some(number) = columns.seen else { continue };
        let alleles = below.iter().filter(|row| matches!(label(row.cell(columns.alleles)), Some(Label::Allele(_))));
        let mut numbers = alleles.map(|row| row.cell(number)).filter(|cell| !cell.is_empty());
        let first = numbers.next();
        if headed.columns[number].field == Some(Field::SomeNumber)
            && columns.persons.is_none()
            && by_rows.is_none()
            && numbers.next().is_some()
            && below.iter().map(|row| row.cell(number)).filter(|cell| !cell.is_empty()).all(|cell| Some(cell) == first)
        {
            columns.persons = Some((number, false));
            columns.seen = None;
        }
    }
    let mut above: Option<String> = None;
    for row in below {
        row_of(row, headed, &loci, &places, by_rows, &mut above, &mut gather);
    }
    if gather.findings.count() == before { gather.finish() } else { None }
}

/// Returns the column whose cells name the locus of each row.
fn locus_column(headed: &Headed) -> Option<usize> {
    let by_headers = headed.columns.iter().any(|heads| heads.locus.is_some());
    if by_headers { None } else { headed.columns.iter().position(|heads| heads.field == Some(Field::Locus)) }
}

fn row_of(
    row: &Row,
    headed: &Headed,
    loci: &[LocusColumns],
    places: &[Option<usize>],
    by_rows: Option<usize>,
    above: &mut Option<String>,
    gather: &mut Gather<'_, '_>,
) {
    // Columns of values, of this population or another one.
    let valued = (0..headed.columns.len()).any(|column| {
        let heads = &headed.columns[column];
        let value = !matches!(heads.field, Some(Field::Allele | Field::Locus | Field::Statistic | Field::Remark));
        value && !row.cell(column).is_empty()
    });
    if let Some(column) = by_rows.filter(|&column| !row.cell(column).is_empty()) {
        let name = row.cell(column);
        if valued || matches!(meant(name, &[]), Meant::Known { .. }) {
            *above = Some(name.to_owned());
        }
    }
    if !valued {
        let alleles = loci.iter().any(|columns| matches!(label(row.cell(columns.alleles)), Some(Label::Allele(_))));
        let begins_block = by_rows.is_some() && row.filled() == 1 && above.as_deref() == by_rows.map(|at| row.cell(at));
        if !alleles && !begins_block {
            gather.text_row(row.line);
        }
        return;
    }
    let mut left_out = None;
    for (columns, place) in loci.iter().zip(places) {
        let Some(value) = columns.value else { continue };
        let (text, written) = (row.cell(value), row.cell(columns.alleles));
        if text.is_empty() {
            // A count or a number of persons without a frequency beside it is not an allele of this population.
            continue;
        }
        let Some(label) = label(written) else {
            gather.not_an_allele_of(text, row.line, column_of(headed, columns.alleles));
            continue;
        };
        if left_out == Some(columns.alleles) {
            continue;
        }
        if gather.leaves_out(label, row.line) {
            left_out = Some(columns.alleles);
            continue;
        }
        let place = match by_rows {
            None => *place,
            Some(column) => match above.as_deref() {
                Some(name) => gather.locus(name, row.line, column_of(headed, column)),
                None => {
                    let what = "names no locus, and no row above it does; write the locus";
                    gather.problem(row.line, column_of(headed, column), FindingCode::TableLocus, what);
                    None
                }
            },
        };
        let Some(place) = place else { continue };
        let seen = columns.seen.and_then(|column| whole(row.cell(column)));
        gather.value(place, label, text, seen, (row.line, column_of(headed, value)));
        if let Some((column, alleles)) = columns.persons.filter(|(column, _)| !row.cell(*column).is_empty()) {
            gather.persons(place, alleles, row.cell(column), row.line, column_of(headed, column));
        }
        if let (Some(size), Some(_)) = (headed.columns[value].size, by_rows) {
            gather.persons(place, size.alleles, &size.number.to_string(), row.line, column_of(headed, value));
        }
    }
}

/// Returns a column as findings name it. A long text or number in a header may be personal data and is not shown.
fn column_of(headed: &Headed, column: usize) -> Column {
    let name = &headed.columns[column].shown;
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let shown = !name.is_empty() && name.chars().count() <= MOST_LETTERS && digits <= 8;
    Some(ColumnName::at(column, if shown { name.as_str() } else { "?" }))
}

/// Returns the columns of each locus, in the order of the table; `None` if that is impossible, and the findings then
/// say why.
fn columns_of_loci(
    headed: &Headed,
    below: &[Row],
    chosen: Option<&str>,
    by_rows: Option<usize>,
    gather: &mut Gather<'_, '_>,
) -> Option<Vec<LocusColumns>> {
    let before = gather.findings.count();
    let line = below.first().map_or(0, |row| row.line.saturating_sub(1));
    let is_empty = |column: usize| below.iter().all(|row| row.cell(column).is_empty());
    let mut loci: Vec<LocusColumns> = Vec::new();
    let mut of: BTreeMap<(Option<&str>, usize), usize> = BTreeMap::new();
    // The alleles for a column of values are in the nearest column of alleles to its left.
    let mut alleles: Option<usize> = None;
    let mut others: Vec<(&str, usize)> = Vec::new();
    for (column, heads) in headed.columns.iter().enumerate() {
        let ColumnHeads { locus, population, field, .. } = heads;
        if *field == Some(Field::Allele) {
            alleles = Some(column);
            continue;
        }
        let is_labels = Some(column) == by_rows;
        let counts_rows = || (1_usize..).zip(below).all(|(number, row)| row.cell(column).parse() == Ok(number));
        if is_labels || is_empty(column) || column == 0 && locus.is_none() && field.is_none() && counts_rows() {
            continue;
        }
        if matches!(field, Some(Field::Statistic | Field::Remark)) {
            let what = "is not a frequency: the column is left out";
            gather.findings.note(line, column_of(headed, column), FindingCode::Statistic, what);
            continue;
        }
        let has_population = chosen.is_none() || population.is_some();
        if locus.is_none() && by_rows.is_none()
            || !has_population
            || matches!(field, Some(Field::Locus | Field::Population))
        {
            let what = "does not have a name in each of the headers above it; write the locus, and the population if \
                        there are several, over each column";
            gather.problem(line, column_of(headed, column), FindingCode::TableColumn, what);
            continue;
        }
        let Some(labels) = headed.labels.or(alleles) else {
            let what = "has no column of alleles on its left; put the alleles of a locus before their frequencies";
            gather.problem(line, column_of(headed, column), FindingCode::TableColumn, what);
            continue;
        };
        if headed.labels.is_some_and(|labels| labels > column) {
            let what = "has no column of alleles on its left; put the alleles of a locus before their frequencies";
            gather.problem(line, column_of(headed, column), FindingCode::TableColumn, what);
            continue;
        }
        let over_alleles = headed.columns[labels].locus.as_deref();
        if headed.form == super::form::TableForm::Paired
            && over_alleles.is_some_and(|other| Some(other) != locus.as_deref() && !shared(headed, labels))
        {
            let what = "is beside alleles of another locus; put the alleles of each locus before its frequencies";
            gather.problem(line, column_of(headed, column), FindingCode::TableColumn, what);
            continue;
        }
        if chosen.is_some() && population.as_deref() != chosen {
            if let Some(name) = locus.as_deref().filter(|name| !others.iter().any(|(other, _)| other == name)) {
                others.push((name, column));
            }
            continue;
        }
        let at = *of.entry((locus.as_deref(), labels)).or_insert_with(|| {
            loci.push(LocusColumns {
                locus: locus.clone(),
                alleles: labels,
                value: None,
                counts: false,
                seen: None,
                persons: None,
            });
            loci.len() - 1
        });
        let columns = &mut loci[at];
        let repeated = match field {
            None | Some(Field::Frequency) => columns.value.replace(column).is_some(),
            Some(Field::Persons) => columns.persons.replace((column, false)).is_some(),
            Some(Field::Chromosomes) => columns.persons.replace((column, true)).is_some(),
            _ => columns.seen.replace(column).is_some(),
        };
        if repeated {
            let what = "is repeated; remove one of the two";
            gather.problem(line, column_of(headed, column), FindingCode::RepeatedColumn, what);
        }
    }
    for (name, column) in others {
        if !loci.iter().any(|columns| columns.locus.as_deref() == Some(name)) {
            gather.not_of_population(name, line, column_of(headed, column));
        }
    }
    for columns in &mut loci {
        if columns.value.is_none() {
            // The table has only counts.
            columns.value = columns.seen.take();
            columns.counts = columns.value.is_some();
        }
        if columns.value.is_none() {
            let what = "a locus has no column of frequencies; name it frequency";
            gather.problem(line, None, FindingCode::MissingColumn, what);
        }
    }
    (gather.findings.count() == before).then_some(loci)
}

/// Reports whether a column of alleles only appears to belong to one locus, because the preceding locus name was
/// carried on to it.
fn shared(headed: &Headed, labels: usize) -> bool {
    let locus = headed.columns[labels].locus.as_deref();
    let next = headed.columns.get(labels + 1).and_then(|heads| heads.locus.as_deref());
    let last = labels.checked_sub(1).and_then(|column| headed.columns[column].locus.as_deref());
    locus == last && next != locus
}
