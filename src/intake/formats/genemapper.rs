//! Reads tables with a row per sample and locus, as GeneMapper and similar programs write them.
//!
//! Columns are found by name, in any order: `Sample Name`, `Marker`, `Allele 1` and so on, and the columns of tidy CSV
//! that are not loci, which must have the same value on all rows of a sample, or be empty after the first. Rows may be
//! in any order, also the loci of each sample. All rows of a sample are collected and then checked like a row of tidy
//! CSV.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::intake::columns::column_map::ColumnMap;
use crate::intake::columns::controls::{SKIPPED_CONTROL, is_control, is_control_type};
use crate::intake::columns::fields::{Field, shown};
use crate::intake::columns::header::ValueColumn;
use crate::intake::columns::loci::{self, Named};
use crate::intake::columns::tall_table::TallColumns;
use crate::intake::findings::{Column, ColumnName, Findings};
use crate::intake::request::Request;
use crate::intake::rows::amelogenin::{Marker as SexMarker, SexAllele};
use crate::intake::rows::cells::{self, CellError, Reading};
use crate::intake::rows::finish::{SoundRows, read_table};
use crate::intake::rows::settle::{Settled, Settler};
use crate::intake::rows::table::{Table, TableRow, TypedLocus};
use crate::intake::text::lines::{Comma, is_blank};
use crate::intake::text::source::{Source, Width, header_cells, open_source, refuse_cut_off, row_fields};

use crate::model::{Allele, FindingCode, Locus};

/// More distinct marker names than any table has.
const MOST_MARKERS: usize = 1000;

/// Reports whether a text begins with the header of this kind of table, under a column map if there is one.
pub(in crate::intake) fn is_table(text: &[u8], map: Option<&ColumnMap>) -> bool {
    header_cells(text).is_some_and(|cells| {
        let ours = |cell| map.map_or(cell, |map| map.ours(cell));
        TallColumns::find(&cells.iter().map(|cell| ours(cell.trim())).collect::<Vec<_>>()).is_some()
    })
}

/// The meaning of a marker.
#[derive(Clone, Copy)]
enum Marker {
    Locus(u16),
    Amelogenin,
    /// The marker is not read; a finding says so.
    Skipped,
    /// The marker is unknown: samples typed there lack a locus.
    Unknown,
}

/// A sample's alleles at a locus.
struct Found {
    /// Number of the locus.
    locus: u16,
    line: u64,
    /// Two alleles or more.
    reading: Reading,
}

struct Sample {
    /// The first line with the locus.
    line: u64,
    name: Box<str>,
    loci: Vec<Found>,
    sex_marker: Option<SexMarker>,
    /// The value of each field that has a column, with the first line that states it.
    stated: Vec<(Box<str>, u64)>,
    bad: bool,
}

struct Reader<'r> {
    request: &'r Request<'r>,
    columns: TallColumns,
    names: Vec<Column>,
    settler: Settler,
    comma: Comma,
    markers: HashMap<Box<str>, Marker>,
    loci: Vec<Locus>,
    any_sex_marker: bool,
    samples: Vec<Sample>,
    by_name: HashMap<Box<str>, usize>,
    /// Names that were reported as controls.
    controls: HashSet<Box<str>>,
    last: usize,
}

/// Reads a table into tidy rows.
pub(in crate::intake) fn read(text: &[u8], request: &Request<'_>, findings: &mut Findings) -> SoundRows {
    let Some(source) = open_source(text, findings) else { return SoundRows::default() };
    let Source { line, delimiter, header, mut lines, .. } = source;
    let expected = request.expected();
    let names = expected.tall_names(line, &header, findings);
    let words = expected.words(&names);
    let Some(columns) = TallColumns::find(&names) else {
        let what = "is not the header of a table with a row per sample and locus; it must name Sample Name, Marker and \
                    Allele 1; without --format the program detects the format";
        findings.problem(line, None, FindingCode::Format, what);
        return SoundRows::default();
    };
    columns.check_others(line, &names, request.panel, findings);
    // A row that ends after one allele would be read as a homozygote.
    let least =
        1 + columns.alleles.iter().take(2).chain([&columns.sample, &columns.marker]).max().map_or(0, |last| *last);
    let width = Width { columns: names.len(), may_end: |cells| cells >= least };
    let mut reader = Reader { comma: Comma::beside(delimiter), ..Reader::new(request, columns, &names) };
    let mut cells = Vec::new();
    let mut spoilt = HashSet::new();
    let mut any = false;
    let mut last = None;
    for (number, bytes) in lines.by_ref().filter(|(_, bytes)| !is_blank(bytes, delimiter)) {
        any = true;
        let name = |at: usize| reader.names.get(at).cloned().flatten();
        let row = row_fields(number, bytes, delimiter, &width, name, &mut cells, findings);
        last = row.map(|row| (number, row));
        if row.is_some() {
            words.translate(&mut cells);
            reader.row(number, &cells, findings);
        } else if let Some(name) = cells.get(reader.columns.sample) {
            // The name may still be in its place in a damaged row: the sample lacks a locus.
            spoilt.insert(Box::from(name.trim()));
        }
        cells.clear();
    }
    refuse_cut_off(&lines, last, findings);
    if !any {
        findings.problem(0, None, FindingCode::NoRows, "the file has a header and no rows: nothing to import");
    } else if reader.samples.is_empty() && findings.count() == 0 {
        findings.problem(
            0,
            None,
            FindingCode::OnlyControls,
            "every row is of a control or a ladder: nothing to import",
        );
    }
    reader.finish(line, &spoilt, findings)
}

impl<'r> Reader<'r> {
    fn new(request: &'r Request<'r>, columns: TallColumns, names: &[&str]) -> Self {
        let column = |(at, name): (usize, &&str)| Some(ColumnName::at(at, &*shown(name)));
        Self {
            request,
            names: names.iter().enumerate().map(column).collect(),
            columns,
            settler: Settler::new(request.single_allele),
            comma: Comma::Unclear,
            markers: HashMap::new(),
            loci: Vec::new(),
            any_sex_marker: false,
            samples: Vec::new(),
            by_name: HashMap::new(),
            controls: HashSet::new(),
            last: 0,
        }
    }

    fn row(&mut self, line: u64, cells: &[Cow<'_, str>], findings: &mut Findings) {
        let name = cells[self.columns.sample].trim();
        if name.is_empty() {
            let what = "the identifier is empty; give every sample its number";
            return findings.problem(line, self.names[self.columns.sample].clone(), FindingCode::Identifier, what);
        }
        if self.is_control(line, name, cells, findings) {
            return;
        }
        let before = findings.count();
        let sample = self.sample(line, name);
        self.fields(line, sample, cells, findings);
        match self.marker(line, cells[self.columns.marker].trim(), findings) {
            Some(Marker::Locus(locus)) => {
                let found = self.alleles(line, cells, findings);
                if let Some(reading) = found {
                    self.add_locus(sample, Found { locus, line, reading }, findings);
                }
            }
            Some(Marker::Amelogenin) => self.sex_marker(line, sample, cells, findings),
            Some(Marker::Skipped) => {}
            Some(Marker::Unknown) | None => self.samples[sample].bad = true,
        }
        self.samples[sample].bad |= findings.count() > before;
    }

    /// Reports whether a row belongs to a control. A sample in the case list is never a control.
    fn is_control(&mut self, line: u64, name: &str, cells: &[Cow<'_, str>], findings: &mut Findings) -> bool {
        let control = || is_control(name) || self.columns.types.iter().any(|&at| is_control_type(&cells[at]));
        if self.request.cases.is_some_and(|cases| cases.has(name)) || !control() {
            return false;
        }
        if self.controls.insert(name.into()) {
            findings.note(line, self.names[self.columns.sample].clone(), FindingCode::Control, SKIPPED_CONTROL);
        }
        true
    }

    fn sample(&mut self, line: u64, name: &str) -> usize {
        // Rows of a sample are mostly consecutive.
        if self.samples.get(self.last).is_some_and(|last| &*last.name == name) {
            return self.last;
        }
        self.last = self.by_name.get(name).copied().unwrap_or_else(|| {
            self.by_name.insert(name.into(), self.samples.len());
            self.samples.push(Sample {
                line,
                name: name.into(),
                loci: Vec::new(),
                sex_marker: None,
                stated: Vec::new(),
                bad: false,
            });
            self.samples.len() - 1
        });
        self.last
    }

    /// Reads the fields of a row besides the alleles: they must equal those of earlier rows, or be empty.
    fn fields(&mut self, line: u64, sample: usize, cells: &[Cow<'_, str>], findings: &mut Findings) {
        let stated = &mut self.samples[sample].stated;
        if stated.is_empty() {
            stated.extend(self.columns.fields.iter().map(|(_, at)| (Box::from(cells[*at].trim()), line)));
            return;
        }
        for ((_, at), (known, first)) in self.columns.fields.iter().zip(stated) {
            match cells[*at].trim() {
                "" => {}
                text if known.is_empty() => (*known, *first) = (text.into(), line),
                text if text == &**known => {}
                _ => {
                    let what = format!("contradicts line {first} about the same sample; correct one of the two");
                    findings.problem(line, self.names[*at].clone(), FindingCode::SampleDiffers, what);
                }
            }
        }
    }

    fn marker(&mut self, line: u64, name: &str, findings: &mut Findings) -> Option<Marker> {
        if let Some(&known) = self.markers.get(name) {
            return Some(known);
        }
        let column = self.names[self.columns.marker].clone();
        if self.markers.len() >= MOST_MARKERS {
            let what = format!("has more than {MOST_MARKERS} different markers; check that the columns are in place");
            findings.problem(line, column, FindingCode::Locus, what);
            return None;
        }
        let marker = match loci::marker_named(name, self.request.panel, &[]) {
            Named::Locus { locus, alias, .. } => {
                if alias {
                    findings.note(line, column, FindingCode::Alias, format!("is read as {locus}"));
                }
                let at = self.loci.iter().position(|known| *known == locus).unwrap_or_else(|| {
                    self.loci.push(locus);
                    self.loci.len() - 1
                });
                u16::try_from(at).map_or(Marker::Skipped, Marker::Locus)
            }
            Named::Amelogenin => Marker::Amelogenin,
            Named::Elsewhere => {
                let what = "is on a sex chromosome, or is a quality marker of the kit: skipped, here and below";
                findings.note(line, column, FindingCode::Elsewhere, what);
                Marker::Skipped
            }
            Named::Unknown { nearest } => {
                let hint = nearest.map_or(String::from(":"), |nearest| format!("; did you mean {nearest}?"));
                let what = format!("is an unknown locus, here and below{hint} correct it, or remove its rows");
                findings.problem(line, column, FindingCode::Locus, what);
                Marker::Unknown
            }
        };
        self.markers.insert(name.into(), marker);
        Some(marker)
    }

    fn alleles(&mut self, line: u64, cells: &[Cow<'_, str>], findings: &mut Findings) -> Option<Reading> {
        let columns = &self.columns.alleles;
        let cell = |at: usize| cells[columns[at]].trim();
        if let [whole] = columns[..] {
            let text = cells[whole].trim();
            let one = cells::one_cell(text, self.comma);
            return match one.or_else(|_| cells::genotype(text)) {
                Ok(reading) => self.settle(line, 0, reading, findings),
                Err(error) => self.bad_allele(line, 0, error, findings),
            };
        }
        let mut typed: Vec<usize> = (0..columns.len()).filter(|&at| !cell(at).is_empty()).collect();
        if typed.len() > 2 {
            let mut reading = None;
            let mut alleles: Vec<Allele> = Vec::with_capacity(typed.len());
            for &at in &typed {
                match cells::one_cell(cell(at), self.comma) {
                    Ok(Reading::Single(allele)) => alleles.push(allele),
                    Ok(other) => reading = Some(other),
                    Err(error) => return self.bad_allele(line, at, error, findings),
                }
            }
            let Some(reading) = reading else {
                return cells::of_alleles(alleles)
                    .map_or_else(|error| self.bad_allele(line, typed[0], error, findings), Some);
            };
            // A third peak beside it has no certain meaning.
            let reading = if reading == Reading::OffLadder { reading } else { Reading::Half };
            return self.settle(line, 0, reading, findings);
        }
        // A second allele alone is reported as lacking the first.
        if typed.first().is_none_or(|&first| first > 0) {
            typed.insert(0, 0);
        }
        let second = typed.get(1).copied().unwrap_or(typed[0]);
        let reading = if second > 0 {
            cells::two_cells(cell(0), cell(second), self.comma)
        } else {
            cells::one_cell(cell(0), self.comma)
        };
        match reading {
            Ok(reading) => self.settle(line, second.max(usize::from(columns.len() > 1)), reading, findings),
            Err(error) => {
                let first_is_bad = cells::one_cell(cell(0), self.comma).is_err();
                self.bad_allele(line, if first_is_bad { 0 } else { second }, error, findings)
            }
        }
    }

    fn settle(&mut self, line: u64, at: usize, reading: Reading, findings: &mut Findings) -> Option<Reading> {
        let column = || self.names[self.columns.alleles[at]].clone();
        match self.settler.settle(line, column, true, reading, findings) {
            Settled::Typed(genotype) => Some(Reading::Typed(genotype)),
            Settled::Many(alleles) => Some(Reading::Many(alleles)),
            Settled::Untyped => None,
        }
    }

    fn bad_allele(&self, line: u64, at: usize, error: CellError, findings: &mut Findings) -> Option<Reading> {
        let column = self.names[self.columns.alleles[at]].clone();
        findings.problem(line, column, error.code(), format!("the cell {error}"));
        None
    }

    fn add_locus(&mut self, sample: usize, found: Found, findings: &mut Findings) {
        let loci = &mut self.samples[sample].loci;
        match loci.iter().find(|other| other.locus == found.locus) {
            None => loci.push(found),
            Some(first) if first.reading != found.reading => {
                // A table may have a row for each allele.
                let what_to_do = match self.columns.alleles.len() {
                    1 => "write all alleles of a sample and marker into one row, or keep the row that is right",
                    _ => "keep the row that is right",
                };
                let what =
                    format!("line {} has the same sample and marker with other alleles; {what_to_do}", first.line);
                findings.problem(found.line, self.names[self.columns.marker].clone(), FindingCode::RepeatedLocus, what);
            }
            Some(_) => {}
        }
    }

    fn sex_marker(&mut self, line: u64, sample: usize, cells: &[Cow<'_, str>], findings: &mut Findings) {
        self.any_sex_marker = true;
        if let [whole] = self.columns.alleles[..] {
            return self.whole_sex_marker(line, sample, whole, cells[whole].trim(), findings);
        }
        let (mut x, mut y) = (0, 0);
        for &at in &self.columns.alleles {
            match cells[at].trim() {
                "X" | "x" => x += 1,
                "Y" | "y" => y += 1,
                // Off the ladder, or no result: the genotype is then unknown.
                text if !matches!(
                    cells::one_cell(text, self.comma),
                    Ok(Reading::Empty | Reading::OffLadder | Reading::NoResult(_))
                ) =>
                {
                    let what = "the cell is not an allele of the sex marker; write X or Y";
                    return findings.problem(line, self.names[at].clone(), FindingCode::Amelogenin, what);
                }
                _ => {}
            }
        }
        let shown: &[SexAllele] = match (x, y) {
            (0, 0) => return,
            (1, 0) => &[SexAllele::X],
            (_, 0) => &[SexAllele::X, SexAllele::X],
            (0, _) => &[SexAllele::Y],
            _ => &[SexAllele::X, SexAllele::Y],
        };
        self.found_sex_marker(line, sample, SexMarker::of_alleles(shown, self.request.single_allele), findings);
    }

    /// Reads the sex marker of a table with a single column for all alleles.
    fn whole_sex_marker(&mut self, line: u64, sample: usize, at: usize, text: &str, findings: &mut Findings) {
        match SexMarker::read(text, self.request.single_allele) {
            SexMarker::Empty => {}
            SexMarker::Other => {
                let what = "the cell is not a genotype of the sex marker; write X/X or X/Y";
                findings.problem(line, self.names[at].clone(), FindingCode::Amelogenin, what);
            }
            found => self.found_sex_marker(line, sample, found, findings),
        }
    }

    fn found_sex_marker(&mut self, line: u64, sample: usize, found: SexMarker, findings: &mut Findings) {
        let known = self.samples[sample].sex_marker.get_or_insert(found);
        if *known != found {
            let what = "the sample has a row of the sex marker with other alleles; keep the row that is right";
            findings.problem(line, self.names[self.columns.marker].clone(), FindingCode::RepeatedLocus, what);
        }
    }

    /// Returns the collected data as a table with a row per sample.
    fn finish(self, line: u64, spoilt: &HashSet<Box<str>>, findings: &mut Findings) -> SoundRows {
        if self.samples.is_empty() {
            return SoundRows::default();
        }
        let marker = self.any_sex_marker.then_some(ValueColumn::SexMarker { name: "AMEL" });
        let fields: Vec<Field> = self.columns.fields.iter().map(|(field, _)| *field).collect();
        let mut columns = vec![ValueColumn::Field(Field::SampleId)];
        columns.extend(fields.iter().copied().map(ValueColumn::Field).chain(marker));
        let first = columns.len();
        columns.extend(self.loci.into_iter().map(ValueColumn::Locus));
        let samples = self.samples.len();
        let sound = self.samples.into_iter().filter(|sample| !sample.bad && !spoilt.contains(&sample.name));
        let rows: Vec<TableRow> = sound
            .map(|sample| TableRow {
                sex_marker: sample.sex_marker.unwrap_or(SexMarker::Empty),
                typed: sample
                    .loci
                    .into_iter()
                    .map(|found| TypedLocus { column: first + usize::from(found.locus), reading: Ok(found.reading) })
                    .collect(),
                texts: fields.iter().copied().zip(sample.stated.into_iter().map(|(text, _)| text)).collect(),
                ..TableRow::new(sample.line, sample.name.into())
            })
            .collect();
        let left_out = (samples - rows.len()) as u64;
        // If the columns belong to another layout, no sample has been read.
        let Some(read) = read_table(&Table { line, columns, rows }, self.request, findings) else {
            return SoundRows::default();
        };
        findings.rejected += left_out;
        read
    }
}
