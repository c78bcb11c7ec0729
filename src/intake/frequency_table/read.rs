//! Reads a frequency table, from the bytes of a file to the finished table.

use super::form::{TableForm, find};
use super::gather::{Gather, Gathered, gather};
use super::grid::{Row, rows};
use super::headed::gather_headed;
use super::headers::find_headers;
use super::labels::{Field, field};
use super::lists;
use super::request::TableRequest;
use super::settle::{Settled, settle};
use super::strider;
#[cfg(feature = "xlsx")]
use super::workbook;
use crate::intake::findings::{Findings, Problem};
use crate::model::{FindingCode, Panel};
use crate::population::FrequencyTable;

/// The number of rows in which a header without loci is searched.
const HEADER_ROWS: usize = 30;

/// A frequency table, and what else its file states.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PublishedTable {
    /// The table: loci in the order of the file, under this program's names.
    pub table: FrequencyTable,
    /// The form of the file.
    pub form: TableForm,
    /// The population, if the file names it.
    pub population: Option<String>,
    /// For each locus of the table, its name in the file.
    pub written: Vec<String>,
    /// For each locus of the table, the file's frequency for alleles without a row; above 0 and below 1.
    pub floors: Vec<Option<f64>>,
    /// Warnings and notes about what is left out, and about sums that are not 1.
    pub notes: Vec<Problem>,
}

/// Reads a table of allele frequencies in any of the forms of [`TableForm`], as laboratories and journals publish them.
///
/// Text is UTF-8, UTF-16, GB18030 or Windows-1252, divided by commas, semicolons, tabs or spaces, with decimal points
/// or commas. Columns and rows are recognised under many names. Those of sex markers, statistics and sums are left out
/// with a note, and unknown ones are a problem. Several headers may name a column together; blanks after a header of
/// merged cells repeat its text. A column of frequencies belongs to the nearest column of alleles on its left. If a
/// workbook has several sheets, the request names one, either directly or as the population. The sum of each locus
/// shows whether values are fractions, percentages or counts. Rows called `N` or `2N` give the number of persons, rows
/// such as `fmin` the frequency of alleles without a row. Rows of allele 0, of off-ladder alleles and of all other
/// alleles are left out, and so are loci whose alleles are named by their lengths in base pairs.
///
/// If the sum of a locus differs from 1 by more than [`FrequencyTable::SUM_ROUNDING`], that is a warning; by more than
/// [`FrequencyTable::SUM_TOLERANCE`], it is a problem.
///
/// `file_name` is only used to name the file in findings.
///
/// ```
/// use reunite::intake::{TableForm, TableRequest, read_frequency_table};
///
/// let text = "Alelo;THO1;D3S1358\n6;0,3;\n9,3;0,7;\n15;;0,6\n16;;0,4\nN;500;480\n";
/// let read = read_frequency_table("table.csv", text.as_bytes(), &TableRequest::default()).unwrap();
/// assert_eq!(read.form, TableForm::Wide);
/// assert_eq!(read.table.panel().loci()[0].name(), "TH01");
/// assert_eq!(read.table.loci()[0].frequencies(), [0.3, 0.7]);
/// assert_eq!(read.table.loci()[1].individuals(), Some(480));
///
/// let text = "population,locus,allele,frequency\nHan,vWA,14,1\nHui,vWA,15,1\n";
/// let problems = read_frequency_table("table.csv", text.as_bytes(), &TableRequest::default()).unwrap_err();
/// assert!(problems[0].to_string().ends_with("the table has 2 populations; choose one of Han, Hui"));
/// let request = TableRequest { population: Some("Hui"), ..TableRequest::default() };
/// assert!(read_frequency_table("table.csv", text.as_bytes(), &request).is_ok());
/// ```
///
/// # Errors
/// Every problem, in order of lines and columns.
pub fn read_frequency_table(
    file_name: &str,
    bytes: &[u8],
    request: &TableRequest<'_>,
) -> Result<PublishedTable, Vec<Problem>> {
    let mut findings = Findings::new(file_name);
    let read = read(bytes, request, &mut findings);
    let (problems, notes) = findings.finish();
    match read {
        Some(read) if problems.is_empty() => Ok(PublishedTable { notes, ..read }),
        _ => Err(problems),
    }
}

#[cfg(feature = "xlsx")]
fn read(bytes: &[u8], request: &TableRequest<'_>, findings: &mut Findings) -> Option<PublishedTable> {
    match workbook::sheet(bytes, request, findings) {
        Ok(None) => read_sheet(bytes, request, findings),
        Ok(Some(sheet)) => {
            let population = if sheet.is_population { None } else { request.population };
            let read = read_sheet(bytes, &TableRequest { population, sheet: Some(&sheet.name), ..*request }, findings)?;
            Some(if sheet.is_population { PublishedTable { population: Some(sheet.name), ..read } } else { read })
        }
        Err(()) => None,
    }
}

#[cfg(not(feature = "xlsx"))]
use read_sheet as read;

fn read_sheet(bytes: &[u8], request: &TableRequest<'_>, findings: &mut Findings) -> Option<PublishedTable> {
    let (form, gathered) = match strider::text(bytes, request, findings) {
        strider::Text::Xml(text) => {
            (TableForm::Xml, strider::gather_xml(&text, Gather::new(TableForm::Xml, request, findings))?)
        }
        strider::Text::Broken => return None,
        strider::Text::Other => table(bytes, request, findings)?,
    };
    let population = gathered.population.clone();
    let before = findings.count();
    let settled = settle(gathered, findings);
    if findings.count() > before {
        return None;
    }
    if settled.is_empty() || settled.len() > Panel::MOST_LOCI {
        let what = format!(
            "the table has {} loci; a table has from 1 to {}; give one row per locus and allele, and leave loci out \
             that nobody types",
            settled.len(),
            Panel::MOST_LOCI
        );
        findings.problem(0, None, FindingCode::Loci, what);
        return None;
    }
    let (mut written, mut floors, mut loci) = (Vec::new(), Vec::new(), Vec::new());
    for Settled { locus, written: name, frequencies, floor } in settled {
        written.push(name);
        floors.push(floor);
        loci.push((locus, frequencies));
    }
    // The number of loci is in range, and each has one name, so the remaining errors cannot occur.
    let table = FrequencyTable::new(loci)
        .map_err(|error| findings.problem(0, None, FindingCode::Loci, format!("{error}; give each locus once")))
        .ok()?;
    if counts_alleles(&table) {
        let what = "the numbers of persons look like numbers of alleles, twice as many, because all frequencies are \
                    whole multiples of 1/N; name the row or column 2N if it counts alleles";
        findings.warn(0, None, FindingCode::SampleAlleles, what);
    }
    for (locus, sum) in table.sums_off() {
        let what = format!(
            "the frequencies of {locus} add up to {sum:.4}, not to 1, so each was divided by the sum; look for a \
             missing or wrong row"
        );
        findings.warn(0, None, FindingCode::SumOff, what);
    }
    Some(PublishedTable { table, form, population, written, floors, notes: Vec::new() })
}

/// Returns the cells of a file that is a table.
fn table(bytes: &[u8], request: &TableRequest<'_>, findings: &mut Findings) -> Option<(TableForm, Gathered)> {
    let rows = rows(bytes, request.sheet, findings)?;
    if let [header] = rows.as_slice() {
        let what = format!("there is no row below line {}; give one line per locus and allele", header.line);
        findings.problem(0, None, FindingCode::NoRows, what);
        return None;
    }
    if let Some(form) = lists::form(&rows) {
        let gathered = lists::gather_list(&rows, form, Gather::new(form, request, findings))?;
        return Some((form, gathered));
    }
    let found = find(&rows, request.keep_loci);
    let first = found.as_ref().map_or(usize::MAX, |found| found.header);
    if let Some(headed) = find_headers(&rows, request.keep_loci).filter(|headed| headed.first <= first) {
        titles(&rows[..headed.first], findings);
        let gathered = gather_headed(&rows, &headed, Gather::new(headed.form, request, findings))?;
        return Some((headed.form, gathered));
    }
    let Some(found) = found else {
        let (line, what) = match no_locus(&rows) {
            Some(line) => (
                line,
                "beside the column of alleles there is no known locus; name the locus in a column locus or over each \
                 column, or keep its name with --keep-locus",
            ),
            None => (
                rows.first().map_or(0, |row| row.line),
                "the file is not a frequency table of a known form; give the columns locus, allele and frequency; or a \
                 row per allele and a column per locus, with the names of the loci in the header; or the other way \
                 round",
            ),
        };
        findings.problem(line, None, FindingCode::TableForm, what);
        return None;
    };
    titles(&rows[..found.header], findings);
    Some((found.form, gather(&rows, &found, request, findings)?))
}

/// Returns the line of a header that has alleles but names no locus.
fn no_locus(rows: &[Row]) -> Option<u64> {
    let has = |row: &Row, wanted: Field| row.cells.iter().any(|name| field(name) == Some(wanted));
    let mut rows = rows.iter().take(HEADER_ROWS);
    rows.find(|row| has(row, Field::Allele) && !has(row, Field::Locus) && row.filled() > 1).map(|row| row.line)
}

fn titles(rows: &[Row], findings: &mut Findings) {
    for title in rows.iter().filter(|row| row.filled() == 1) {
        findings.note(title.line, None, FindingCode::TextRow, "the row is before the header: left out");
    }
}

/// Reports whether the numbers of persons are more likely those of their alleles: then each frequency is a whole
/// multiple of 1/N, and not only of 1/2N. Frequencies that are rounded too much do not decide.
fn counts_alleles(table: &FrequencyTable) -> bool {
    const LEAST: usize = 20;
    let mut seen = 0;
    for locus in table.loci() {
        let Some(persons) = locus.individuals().map(f64::from) else { continue };
        let frequencies: Vec<f64> = locus.frequencies().iter().map(|frequency| frequency * locus.sum()).collect();
        let decimals = frequencies.iter().map(|&frequency| decimals(frequency)).max().unwrap_or(0);
        if 0.5 * persons / 10_f64.powi(decimals) > 0.1 {
            continue;
        }
        for frequency in frequencies {
            let alleles = frequency * persons;
            if (alleles - alleles.round()).abs() > 0.15 {
                return false;
            }
            seen += 1;
        }
    }
    seen >= LEAST
}

/// Returns the number of decimals with which a number was written, at most 9.
fn decimals(number: f64) -> i32 {
    let whole = |&decimals: &i32| {
        let scaled = number * 10_f64.powi(decimals);
        (scaled - scaled.round()).abs() < 1e-6 * 10_f64.powi(decimals - 4).max(1.0)
    };
    (0..9).find(whole).unwrap_or(9)
}
