//! Collects the cells of a table of any form, locus by locus.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::form::{Found, TableForm};
use super::grid::Row;
use super::headers::{Size, sized};
use super::labels::{Field, Label, field, label};
use super::loci::{Meant, meant};
use super::numbers::{Number, number, whole};
use super::request::TableRequest;
use crate::intake::columns::loci::AMBIGUOUS;
use crate::intake::findings::{Column, ColumnName, Findings};
use crate::model::{FindingCode, Locus};

/// The maximum number of populations that a finding lists.
const MOST_POPULATIONS: usize = 40;
/// The maximum number of letters of a name that a finding repeats.
const MOST_LETTERS: usize = 40;

/// The data of a table about one locus.
pub(super) struct LocusCells {
    pub(super) locus: Locus,
    /// The name in the file.
    pub(super) written: String,
    /// The line of its first occurrence.
    pub(super) line: u64,
    pub(super) column: Column,
    pub(super) values: Vec<Value>,
    /// Number of persons counted.
    pub(super) persons: Option<u32>,
    /// `true` if a finding already reports two different numbers.
    persons_differ: bool,
}

/// A frequency or count.
pub(super) struct Value {
    pub(super) line: u64,
    pub(super) column: Column,
    /// Never a number of persons, a statistic or a total.
    pub(super) label: Label,
    pub(super) number: Number,
    /// Number of occurrences of the allele, if the table gives it beside the frequency.
    pub(super) count: Option<u32>,
}

/// The data of a table about all loci.
pub(super) struct Gathered {
    pub(super) loci: Vec<LocusCells>,
    /// `true` if the header states that the values are counts.
    pub(super) counts: bool,
    /// The selected population of the table.
    pub(super) population: Option<String>,
}

/// Reads the rows below the header; `None` if that is impossible, and the findings then say why.
pub(super) fn gather(
    rows: &[Row],
    found: &Found,
    request: &TableRequest<'_>,
    findings: &mut Findings,
) -> Option<Gathered> {
    let before = findings.count();
    for row in &rows[..found.header] {
        if row.filled() > 1 {
            let what =
                "the row is before the header and is not a title; remove it, or name the columns in the first row";
            findings.problem(row.line, None, FindingCode::Header, what);
        }
    }
    let table =
        Table { header: &rows[found.header], rows: &rows[found.header + 1..], shift: usize::from(found.shifted) };
    let gather = Gather::new(found.form, request, findings);
    let gathered = match found.form {
        TableForm::Tidy | TableForm::PopulationColumns => gather.tidy(&table),
        TableForm::Wide => gather.wide(&table, found.labels),
        TableForm::Transposed => gather.transposed(&table, found.labels),
        TableForm::Ladder => gather.ladder(&rows[found.header..]),
        // These forms have separate readers.
        TableForm::Headers
        | TableForm::Paired
        | TableForm::Merlin
        | TableForm::Mendel
        | TableForm::Pairs
        | TableForm::Curran
        | TableForm::Xml => None,
    };
    if findings.count() == before { gathered } else { None }
}

/// A header and the rows below it.
struct Table<'a> {
    header: &'a Row,
    rows: &'a [Row],
    /// Number of columns that the rows have before those of the header.
    shift: usize,
}

impl Table<'_> {
    /// Returns the number of columns.
    fn width(&self) -> usize {
        self.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0).max(self.header.cells.len() + self.shift)
    }

    fn name(&self, column: usize) -> &str {
        column.checked_sub(self.shift).map_or("", |column| self.header.cell(column))
    }

    /// Returns a column as findings name it. A long text or number in a header may be personal data and is not shown.
    fn column(&self, column: usize) -> Column {
        let name = self.name(column);
        let digits = name.bytes().filter(u8::is_ascii_digit).count();
        let shown = !name.is_empty() && name.chars().count() <= MOST_LETTERS && digits <= 8;
        Some(ColumnName::at(column, if shown { name } else { "?" }))
    }

    fn is_empty(&self, column: usize) -> bool {
        self.rows.iter().all(|row| row.cell(column).is_empty())
    }
}

pub(super) struct Gather<'r, 'f> {
    pub(super) request: &'r TableRequest<'r>,
    pub(super) findings: &'f mut Findings,
    form: TableForm,
    loci: Vec<LocusCells>,
    /// The locus that each name in the file denotes.
    names: HashMap<String, Option<usize>>,
    places: HashMap<Locus, usize>,
    pub(super) population: Option<String>,
    /// `true` if the values are counts.
    pub(super) counts: bool,
}

/// The columns of a tidy table.
#[derive(Default)]
struct TidyColumns {
    locus: usize,
    allele: usize,
    value: usize,
    /// A count beside a frequency.
    count: Option<usize>,
    persons: Option<(usize, Field)>,
    /// The number of persons that the header states.
    size: Option<Size>,
}

impl<'r, 'f> Gather<'r, 'f> {
    pub(super) fn new(form: TableForm, request: &'r TableRequest<'r>, findings: &'f mut Findings) -> Self {
        Self {
            request,
            findings,
            form,
            loci: Vec::new(),
            names: HashMap::new(),
            places: HashMap::new(),
            population: None,
            counts: false,
        }
    }
}

impl Gather<'_, '_> {
    pub(super) fn finish(self) -> Option<Gathered> {
        Some(Gathered { loci: self.loci, counts: self.counts, population: self.population })
    }

    pub(super) fn problem(&mut self, line: u64, column: Column, code: FindingCode, what: impl Into<Cow<'static, str>>) {
        self.findings.problem(line, column, code, what);
    }

    /// Returns the locus with this name; `None` if it is left out, which a finding reports.
    pub(super) fn locus(&mut self, name: &str, line: u64, column: Column) -> Option<usize> {
        if let Some(&known) = self.names.get(name) {
            let by_rows = matches!(self.form, TableForm::Tidy | TableForm::PopulationColumns | TableForm::Headers);
            if !by_rows && known.is_some() {
                let what = "names a locus that the table has already; remove one of the two";
                self.problem(line, column, FindingCode::TwoNames, what);
                return None;
            }
            return known;
        }
        let place = self.new_locus(name, line, column);
        self.names.insert(name.to_owned(), place);
        place
    }

    fn new_locus(&mut self, name: &str, line: u64, column: Column) -> Option<usize> {
        let locus = match meant(name, self.request.keep_loci) {
            Meant::Known { locus, alias } => {
                if alias {
                    let what = format!("is another name of {locus}");
                    self.findings.note(line, column.clone(), FindingCode::Alias, what);
                }
                locus
            }
            Meant::New(locus) => {
                let what = format!("{locus} is a marker that is not known here: it is kept under this name");
                self.findings.note(line, column.clone(), FindingCode::NewLocus, what);
                locus
            }
            Meant::Elsewhere => {
                let what = "is on a sex chromosome, or not an STR marker: left out of the table";
                self.findings.note(line, column, FindingCode::Elsewhere, what);
                return None;
            }
            Meant::Unknown { nearest } => {
                let advice = "correct the name, give the marker one such as D2S1776 or Penta_X, or keep the name with \
                              --keep-locus";
                let what = match nearest {
                    Some(nearest) => format!("is an unknown locus; did you mean {nearest}? Otherwise {advice}"),
                    None => format!("is an unknown locus; {advice}"),
                };
                self.problem(line, column, FindingCode::TableLocus, what);
                return None;
            }
        };
        if locus.name() == AMBIGUOUS {
            let what = "names different markers in different kits; check that the table and your kit have the same one";
            self.findings.warn(line, column.clone(), FindingCode::AmbiguousLocus, what);
        }
        if let Some(&other) = self.places.get(&locus) {
            let first = self.loci[other].line;
            let where_first = if first == line { String::new() } else { format!(" of line {first}") };
            let what = format!("means {locus}, like another name{where_first}; remove one of the two");
            self.problem(line, column, FindingCode::TwoNames, what);
            return None;
        }
        self.places.insert(locus.clone(), self.loci.len());
        self.loci.push(LocusCells {
            locus,
            written: name.to_owned(),
            line,
            column,
            values: Vec::new(),
            persons: None,
            persons_differ: false,
        });
        Some(self.loci.len() - 1)
    }

    /// Adds the value of a cell to a locus.
    pub(super) fn value(
        &mut self,
        locus: usize,
        label: Label,
        text: &str,
        count: Option<u32>,
        (line, column): (u64, Column),
    ) {
        match label {
            Label::Persons | Label::Chromosomes => self.persons(locus, label == Label::Chromosomes, text, line, column),
            Label::Statistic | Label::Total => {}
            _ => match number(text) {
                Some(number) => self.loci[locus].values.push(Value { line, column, label, number, count }),
                None => {
                    let what = "is not a frequency; write a number from 0 to 1, or from 0 to 100 in percent, or leave \
                                it empty";
                    self.problem(line, column, FindingCode::FrequencyValue, what);
                }
            },
        }
    }

    /// Adds a number of persons, or of their alleles.
    pub(super) fn persons(&mut self, locus: usize, alleles: bool, text: &str, line: u64, column: Column) {
        let Some(number) = whole(text).map(|number| if alleles { number / 2 } else { number }).filter(|&n| n > 0)
        else {
            let what = "must be the number of persons or alleles counted; write it in digits alone, or leave it empty";
            self.problem(line, column, FindingCode::SampleSize, what);
            return;
        };
        let cells = &mut self.loci[locus];
        if cells.persons.is_some_and(|other| other != number) && !cells.persons_differ {
            cells.persons_differ = true;
            let what = format!("{} has two numbers of individuals; give one for all its alleles", cells.locus);
            self.problem(line, column, FindingCode::SampleSizes, what);
        } else {
            cells.persons = Some(number);
        }
    }

    /// Reports with a finding why a row that does not belong to an allele is left out; returns `true` if it is.
    pub(super) fn leaves_out(&mut self, label: Label, line: u64) -> bool {
        let what = match label {
            Label::Statistic => "the row is a statistic of the loci, such as heterozygosity: left out",
            Label::Total => "the row is the sum of others: left out",
            _ => return false,
        };
        self.findings.note(line, None, FindingCode::Statistic, what);
        true
    }

    /// Reports that the requested population has no frequencies for a locus.
    pub(super) fn not_of_population(&mut self, name: &str, line: u64, column: Column) {
        if let Meant::Known { locus, .. } | Meant::New(locus) = meant(name, self.request.keep_loci) {
            let what = format!("{locus} has no frequency of this population: left out of the table");
            self.findings.warn(line, column, FindingCode::EmptyLocus, what);
        }
    }

    pub(super) fn text_row(&mut self, line: u64) {
        self.findings.note(line, None, FindingCode::TextRow, "the row has no value at any locus: left out");
    }

    /// Returns the rows of the requested population, or all rows if there is no column of populations.
    fn rows_of<'t>(&mut self, table: &Table<'t>, column: Option<usize>) -> Option<Vec<&'t Row>> {
        let rows = || table.rows.iter();
        let Some(column) = column else {
            if self.request.population.is_some() {
                let what = "the table does not say whose frequencies these are; leave out the population";
                self.problem(0, None, FindingCode::NoPopulations, what);
                return None;
            }
            return Some(rows().collect());
        };
        let names: BTreeSet<&str> = rows().map(|row| row.cell(column)).filter(|name| !name.is_empty()).collect();
        let name = self.choose(&names.into_iter().collect::<Vec<_>>(), table.header.line, table.column(column))?;
        // Rows without a population are probably footers.
        let wanted = rows().filter(|row| row.cell(column) == name || row.cell(column).is_empty() && row.filled() > 0);
        let wanted = wanted.collect();
        self.population = Some(name);
        Some(wanted)
    }

    /// Selects one of the populations.
    pub(super) fn choose(&mut self, names: &[&str], line: u64, column: Column) -> Option<String> {
        let list = || {
            let short = |name: &&str| name.chars().take(MOST_LETTERS).collect::<String>();
            let mut list = names.iter().take(MOST_POPULATIONS).map(short).collect::<Vec<_>>().join(", ");
            if names.len() > MOST_POPULATIONS {
                list += &format!(" and {} more", names.len() - MOST_POPULATIONS);
            }
            list
        };
        let what = match (self.request.population, names) {
            (None, [one]) => return Some((*one).to_owned()),
            (None, []) => "the column of populations is empty; remove it".to_owned(),
            (None, _) => format!("the table has {} populations; choose one of {}", names.len(), list()),
            (Some(wanted), _) => {
                let same = names.iter().find(|name| **name == wanted);
                match same.or_else(|| names.iter().find(|name| name.to_lowercase() == wanted.to_lowercase())) {
                    Some(name) => return Some((*name).to_owned()),
                    None => format!("the table does not have this population; choose one of {}", list()),
                }
            }
        };
        self.problem(line, column, FindingCode::Population, what);
        None
    }

    /// Reports that a column is left out or not allowed.
    fn other_column(&mut self, table: &Table<'_>, column: usize, field: Option<Field>) {
        let (line, place) = (table.header.line, table.column(column));
        match field {
            Some(Field::Statistic | Field::Remark) => {
                let what = "is not a frequency: the column is left out";
                self.findings.note(line, place, FindingCode::Statistic, what);
            }
            _ if table.is_empty(column) => {}
            _ => {
                let what = "is an unknown column of a frequency table; correct its name, or remove the column";
                self.problem(line, place, FindingCode::TableColumn, what);
            }
        }
    }

    fn ladder(mut self, rows: &[Row]) -> Option<Gathered> {
        if self.request.population.is_some() {
            let what = "the table does not say whose frequencies these are; leave out the population";
            self.problem(0, None, FindingCode::NoPopulations, what);
        }
        let mut locus = None;
        for (at, row) in rows.iter().enumerate() {
            match (row.filled(), row.cells.as_slice()) {
                (1, [name]) if has_lengths(&rows[at + 1..]) && is_unknown(name, self.request.keep_loci) => {
                    locus = None;
                    let what = "the alleles of this locus are lengths in base pairs: left out of the table";
                    self.findings.note(row.line, None, FindingCode::BasePairs, what);
                }
                (1, [name]) => locus = self.locus(name, row.line, None),
                (2, [text, value]) => match label(text) {
                    Some(label) if self.leaves_out(label, row.line) => {}
                    Some(label) => {
                        if let Some(locus) = locus {
                            self.value(locus, label, value, None, (row.line, None));
                        }
                    }
                    None => self.not_an_allele_of(value, row.line, None),
                },
                _ => {
                    let what = "the line is neither the name of a locus nor an allele with its frequency";
                    self.problem(row.line, None, FindingCode::LadderLine, what);
                }
            }
        }
        self.finish()
    }

    /// Reports that a label is not an allele's. If `text`, the value beside it, is 0, nothing is lost.
    pub(super) fn not_an_allele_of(&mut self, text: &str, line: u64, column: Column) {
        if number(text).is_some_and(|number| number.value == 0.0) {
            let what = "rows whose label is not an allele and whose frequency is 0 are left out";
            self.findings.note_once(line, column, FindingCode::TextRow, what);
        } else {
            self.not_an_allele(line, column);
        }
    }

    pub(super) fn not_an_allele(&mut self, line: u64, column: Column) {
        let what = "is not an allele; write a repeat number such as 14 or 9.3, or remove the row";
        self.problem(line, column, FindingCode::TableLabel, what);
    }

    fn wide(mut self, table: &Table<'_>, labels: usize) -> Option<Gathered> {
        let mut loci: Vec<(usize, usize)> = Vec::new();
        let (mut population, mut persons, mut elsewhere) = (None, None, false);
        for column in (0..table.width()).filter(|&column| column != labels) {
            let name = table.name(column);
            match field(name) {
                Some(Field::Population) if population.is_none() => population = Some(column),
                Some(kind @ (Field::Persons | Field::Chromosomes | Field::SomeNumber)) if persons.is_none() => {
                    persons = Some((column, kind));
                }
                Some(field) => self.other_column(table, column, Some(field)),
                // Row numbers.
                None if name.is_empty() && column == 0 && counts(table, column) => {}
                None if name.is_empty() => self.other_column(table, column, None),
                None => match self.locus(name, table.header.line, table.column(column)) {
                    Some(locus) => loci.push((column, locus)),
                    None => elsewhere = true,
                },
            }
        }
        let rows = self.rows_of(table, population)?;
        for row in rows {
            let valued = loci.iter().any(|&(column, _)| !row.cell(column).is_empty());
            let label = label(row.cell(labels));
            match label {
                _ if !valued => {
                    // The cell belongs to a locus that is left out, or to an allele that this population does not have.
                    if !(elsewhere || matches!(label, Some(Label::Allele(_)))) || row.filled() == 1 && label.is_none() {
                        self.text_row(row.line);
                    }
                    continue;
                }
                None => {
                    let mut values = loci.iter().map(|&(column, _)| row.cell(column)).filter(|text| !text.is_empty());
                    let text = values.find(|text| number(text).is_none_or(|number| number.value > 0.0)).unwrap_or("0");
                    self.not_an_allele_of(text, row.line, table.column(labels));
                }
                Some(label) => {
                    if self.leaves_out(label, row.line) {
                        continue;
                    }
                    for &(column, locus) in &loci {
                        let text = row.cell(column);
                        if !text.is_empty() {
                            self.value(locus, label, text, None, (row.line, table.column(column)));
                        }
                        if let Some((at, kind)) = persons
                            && !row.cell(at).is_empty()
                            && !text.is_empty()
                        {
                            let alleles = kind == Field::Chromosomes;
                            self.persons(locus, alleles, row.cell(at), row.line, table.column(at));
                        }
                    }
                }
            }
        }
        self.finish()
    }

    fn transposed(mut self, table: &Table<'_>, labels: usize) -> Option<Gathered> {
        let mut columns: Vec<(usize, Label)> = Vec::new();
        let mut population = None;
        for column in (0..table.width()).filter(|&column| column != labels) {
            let name = table.name(column);
            match (field(name), label(name)) {
                (Some(Field::Population), _) if population.is_none() => population = Some(column),
                (_, Some(Label::Statistic | Label::Total)) => self.other_column(table, column, Some(Field::Statistic)),
                (_, Some(label)) => {
                    let repeated = |&(_, other): &(usize, Label)| other == label;
                    if matches!(label, Label::Allele(_)) && columns.iter().any(repeated) {
                        let what = "is a repeated column of an allele; remove one of the two";
                        self.problem(table.header.line, table.column(column), FindingCode::RepeatedColumn, what);
                    }
                    columns.push((column, label));
                }
                (field, None) => self.other_column(table, column, field),
            }
        }
        let rows = self.rows_of(table, population)?;
        for row in rows {
            if columns.iter().all(|&(column, _)| row.cell(column).is_empty()) {
                self.text_row(row.line);
                continue;
            }
            let name = row.cell(labels);
            if label(name).is_some_and(|label| self.leaves_out(label, row.line)) {
                continue;
            }
            let column = if name.is_empty() { None } else { table.column(labels) };
            let Some(locus) = self.locus(name, row.line, column) else { continue };
            for &(column, label) in &columns {
                if !row.cell(column).is_empty() {
                    self.value(locus, label, row.cell(column), None, (row.line, table.column(column)));
                }
            }
        }
        self.finish()
    }

    fn tidy(mut self, table: &Table<'_>) -> Option<Gathered> {
        let (columns, rows) = self.tidy_columns(table)?;
        let TidyColumns { locus: names, allele, value, count, persons, size } = columns;
        let mut above: Option<&str> = None;
        let mut filled_down = false;
        for row in rows {
            let mut name = row.cell(names);
            let (text, written) = (row.cell(value), row.cell(allele));
            if text.is_empty() && written.is_empty() {
                if !name.is_empty() && row.filled() == 1 && matches!(meant(name, &[]), Meant::Known { .. }) {
                    // The first cell of a block, without cells beside it.
                    above = Some(name);
                } else {
                    self.text_row(row.line);
                }
                continue;
            }
            if name.is_empty() {
                let Some(last) = above else {
                    let what = "names no locus, and no row above it does; write the locus";
                    self.problem(row.line, table.column(names), FindingCode::TableLocus, what);
                    continue;
                };
                name = last;
                if !filled_down {
                    filled_down = true;
                    let what = "is empty in some rows: they belong to the locus above";
                    self.findings.note(row.line, table.column(names), FindingCode::FilledDown, what);
                }
            }
            above = Some(name);
            let Some(locus) = self.locus(name, row.line, table.column(names)) else { continue };
            let Some(label) = label(written) else {
                self.not_an_allele_of(text, row.line, table.column(allele));
                continue;
            };
            if self.leaves_out(label, row.line) {
                continue;
            }
            if text.is_empty() {
                // Another population has the allele; in a tidy table with one population an empty value has no
                // explanation.
                if self.form == TableForm::Tidy {
                    let what = "is empty; write a number from 0 to 1, or remove the row";
                    self.problem(row.line, table.column(value), FindingCode::FrequencyValue, what);
                }
                continue;
            }
            let seen = count.and_then(|column| whole(row.cell(column)));
            self.value(locus, label, text, seen, (row.line, table.column(value)));
            if let Some((at, kind)) = persons
                && !row.cell(at).is_empty()
            {
                self.persons(locus, kind == Field::Chromosomes, row.cell(at), row.line, table.column(at));
            }
            if let Some(Size { number, alleles }) = size {
                self.persons(locus, alleles, &number.to_string(), row.line, table.column(value));
            }
        }
        self.finish()
    }

    /// Finds the columns of a tidy table, and the rows of the requested population.
    fn tidy_columns<'t>(&mut self, table: &Table<'t>) -> Option<(TidyColumns, Vec<&'t Row>)> {
        let mut of: HashMap<Field, usize> = HashMap::new();
        let mut populations = Vec::new();
        for column in 0..table.width() {
            let name = table.name(column);
            match field(name) {
                Some(field @ (Field::Statistic | Field::Remark)) => self.other_column(table, column, Some(field)),
                Some(field) => {
                    if of.insert(field, column).is_some() {
                        let what = "is repeated; remove one of the two";
                        self.problem(table.header.line, table.column(column), FindingCode::RepeatedColumn, what);
                    }
                }
                None if name.is_empty() && column == 0 && counts(table, column) => {}
                None if !name.is_empty() && self.form == TableForm::PopulationColumns && !table.is_empty(column) => {
                    populations.push(column);
                }
                None => self.other_column(table, column, None),
            }
        }
        let (locus, allele) = (*of.get(&Field::Locus)?, *of.get(&Field::Allele)?);
        let rows = match self.form {
            TableForm::PopulationColumns if of.contains_key(&Field::Population) || populations.is_empty() => {
                let what = "the table has no column of frequencies; name it frequency";
                self.problem(table.header.line, None, FindingCode::MissingColumn, what);
                return None;
            }
            TableForm::PopulationColumns => table.rows.iter().collect(),
            _ => self.rows_of(table, of.get(&Field::Population).copied())?,
        };
        let named = |field| of.get(&field).map(|&column| (column, field));
        let mut columns = TidyColumns { locus, allele, ..TidyColumns::default() };
        columns.persons = named(Field::Persons).or(named(Field::Chromosomes));
        let number = of.get(&Field::SomeNumber).copied();
        let count = of.get(&Field::Count).copied();
        if self.form == TableForm::PopulationColumns {
            let sized_names: Vec<_> = populations.iter().map(|&column| sized(table.name(column))).collect();
            let names: Vec<&str> = sized_names.iter().map(|(name, _)| *name).collect();
            let chosen = self.choose(&names, table.header.line, None)?;
            let at = names.iter().position(|name| *name == chosen)?;
            columns.value = populations[at];
            columns.size = sized_names[at].1;
            self.population = Some(chosen);
        } else if let Some(&frequency) = of.get(&Field::Frequency) {
            columns.value = frequency;
            columns.count = count;
            // A number `n` that differs from row to row belongs to the allele; otherwise it belongs to the locus.
            match number {
                Some(number) if columns.persons.is_none() && !differs(&rows, locus, number) => {
                    columns.persons = Some((number, Field::Persons));
                }
                Some(number) => columns.count = columns.count.or(Some(number)),
                None => {}
            }
        } else {
            self.counts = true;
            columns.value = count.or(number)?;
            if let (Some(_), Some(number), None) = (count, number, columns.persons) {
                columns.persons = Some((number, Field::Persons));
            }
        }
        Some((columns, rows))
    }
}

/// Reports whether the alleles down to the next locus name are lengths in base pairs.
fn has_lengths(rows: &[Row]) -> bool {
    let mut rows = rows.iter().take_while(|row| row.filled() > 1).peekable();
    rows.peek().is_some() && rows.all(|row| matches!(label(row.cell(0)), Some(Label::Length(_))))
}

fn is_unknown(name: &str, keep: &[String]) -> bool {
    matches!(meant(name, keep), Meant::Unknown { .. })
}

/// Reports whether the rows of a locus have different numbers in a column.
fn differs(rows: &[&Row], locus: usize, column: usize) -> bool {
    let mut first: HashMap<&str, &str> = HashMap::new();
    rows.iter().any(|row| {
        let number = row.cell(column);
        !number.is_empty() && *first.entry(row.cell(locus)).or_insert(number) != number
    })
}

/// Reports whether a column numbers the rows.
fn counts(table: &Table<'_>, column: usize) -> bool {
    (1_usize..).zip(table.rows).all(|(number, row)| row.cell(column).parse() == Ok(number))
}
