//! Reading a frequency table.

use std::collections::HashMap;
use std::fmt;

use crate::model::{Allele, Locus, Panel};

use super::frequencies::{FrequencyTable, LocusFrequencies};

/// One thing wrong with a frequency table, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrequencyError {
    /// Line, from 1; 0 if it is the file as a whole.
    pub line: u64,
    /// What is wrong and what to do.
    pub what: String,
}

/// Everything wrong with a frequency table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrequencyErrors {
    /// The file's name, as given.
    pub file: String,
    /// In order of lines; never empty.
    pub errors: Vec<FrequencyError>,
}

impl fmt::Display for FrequencyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.errors.iter().enumerate() {
            let end = if i + 1 < self.errors.len() { "\n" } else { "" };
            if error.line == 0 {
                write!(f, "{}: {}{end}", self.file, error.what)?;
            } else {
                write!(f, "{}:{}: {}{end}", self.file, error.line, error.what)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for FrequencyErrors {}

/// The word that stands for silent alleles in the column `allele`.
const SILENT: &str = "silent";

#[derive(Default)]
pub(super) struct Reader {
    errors: Vec<FrequencyError>,
    order: Vec<Locus>,
    rows: HashMap<Locus, Vec<Row>>,
}

struct Row {
    line: u64,
    /// `None`: silent.
    allele: Option<Allele>,
    frequency: f64,
    individuals: Option<u32>,
}

impl Reader {
    fn fail(&mut self, line: u64, what: impl Into<String>) {
        self.errors.push(FrequencyError { line, what: what.into() });
    }

    pub(super) fn read(mut self, file: &str, text: &str) -> Result<FrequencyTable, FrequencyErrors> {
        self.rows(text.strip_prefix('\u{feff}').unwrap_or(text));
        let loci = if self.errors.is_empty() { self.loci() } else { Vec::new() };
        let panel = match Panel::new(std::mem::take(&mut self.order)) {
            Ok(panel) if self.errors.is_empty() => return Ok(FrequencyTable { panel, loci }),
            Ok(_) => None,
            Err(error) => Some(error),
        };
        if let (Some(error), true) = (panel, self.errors.is_empty()) {
            self.fail(0, format!("{error}; give one line per locus and allele"));
        }
        self.errors.sort_by_key(|error| error.line);
        Err(FrequencyErrors { file: file.to_owned(), errors: self.errors })
    }

    fn rows(&mut self, text: &str) {
        let mut csv = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = match csv.headers() {
            Ok(header) => header.clone(),
            Err(error) => return self.fail(1, format!("{error}")),
        };
        let column = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
        let (Some(locus), Some(allele), Some(frequency)) = (column("locus"), column("allele"), column("frequency"))
        else {
            return self.fail(1, "the header must name the columns locus, allele and frequency, separated by commas");
        };
        let individuals = column("individuals");
        for record in csv.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    return self.fail(line, format!("{error}"));
                }
            };
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |i: usize| record.get(i).unwrap_or_default();
            let name = cell(locus).parse::<Locus>().map_err(|e| format!("column {} (locus): {e}", locus + 1));
            let value = match cell(allele) {
                silent if silent.eq_ignore_ascii_case(SILENT) => Ok(None),
                text => text.parse().map(Some).map_err(|e| format!("column {} (allele): {e}", allele + 1)),
            };
            let share = match cell(frequency).parse::<f64>() {
                Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
                _ => Err(format!("column {} (frequency): write a number from 0 to 1", frequency + 1)),
            };
            let persons = match individuals.map(cell) {
                None | Some("") => Ok(None),
                Some(text) => match text.parse::<u32>() {
                    Ok(n) if n > 0 => Ok(Some(n)),
                    _ => Err("column individuals: write how many persons were counted, or leave it empty".to_owned()),
                },
            };
            match (name, value, share, persons) {
                (Ok(name), Ok(allele), Ok(frequency), Ok(individuals)) => {
                    if !self.rows.contains_key(&name) {
                        self.order.push(name.clone());
                    }
                    let row = Row { line, allele, frequency, individuals };
                    self.rows.entry(name).or_default().push(row);
                }
                (name, value, share, persons) => {
                    for what in [name.err(), value.err(), share.err(), persons.err()].into_iter().flatten() {
                        self.fail(line, what);
                    }
                }
            }
        }
        if self.order.is_empty() && self.errors.is_empty() {
            self.fail(0, "there is no line below the header: give one line per locus and allele");
        }
    }

    fn loci(&mut self) -> Vec<LocusFrequencies> {
        let order = self.order.clone();
        order.iter().filter_map(|name| self.locus(name)).collect()
    }

    fn locus(&mut self, name: &Locus) -> Option<LocusFrequencies> {
        let mut rows = self.rows.remove(name)?;
        rows.sort_by_key(|row| (row.allele, row.line));
        let found = self.errors.len();
        for pair in rows.windows(2) {
            if pair[0].allele == pair[1].allele {
                let (first, again) = (pair[0].line, pair[1].line);
                let allele = pair[0].allele.map_or_else(|| SILENT.to_owned(), |allele| allele.to_string());
                self.fail(again, format!("{name} allele {allele} is given twice, first in line {first}"));
            }
        }
        let first_line = rows.iter().map(|row| row.line).min().unwrap_or(0);
        let silent = rows.iter().find(|row| row.allele.is_none()).map(|row| (row.line, row.frequency));
        if let Some((line, _)) = silent.filter(|silent| silent.1 >= 1.0) {
            self.fail(line, format!("all alleles of {name} are silent: write a frequency below 1"));
        }
        rows.retain(|row| row.allele.is_some());
        if rows.is_empty() {
            self.fail(first_line, format!("{name} has no allele but the silent one: add its other alleles"));
            return None;
        }
        let sum: f64 = rows.iter().map(|row| row.frequency).sum();
        if (sum - 1.0).abs() > FrequencyTable::SUM_TOLERANCE {
            let what =
                format!("the frequencies of {name} add up to {sum:.4}, not to 1: look for a missing or wrong line");
            self.fail(first_line, what);
        }
        let individuals = rows[0].individuals;
        if let Some(other) = rows.iter().find(|row| row.individuals != individuals) {
            self.fail(other.line, format!("{name} names two numbers of individuals: give one for all its alleles"));
        }
        rows.retain(|row| row.frequency > 0.0);
        if rows.len() > FrequencyTable::MOST_ALLELES {
            let (n, most) = (rows.len(), FrequencyTable::MOST_ALLELES);
            self.fail(first_line, format!("{name} has {n} alleles; at most {most} can be handled"));
        }
        (self.errors.len() == found).then(|| LocusFrequencies {
            alleles: rows.iter().filter_map(|row| row.allele).collect(),
            frequencies: rows.iter().map(|row| row.frequency / sum).collect(),
            individuals,
            silent: silent.map(|silent| silent.1),
        })
    }
}
