//! Allele frequency tables.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use crate::model::{Allele, Locus, Panel};

/// The allele frequencies of one locus: alleles in rising order, frequencies that add up to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct LocusFrequencies {
    alleles: Vec<Allele>,
    frequencies: Vec<f64>,
    individuals: Option<u32>,
    silent: Option<f64>,
}

impl LocusFrequencies {
    /// The listed alleles, rising.
    #[must_use]
    pub fn alleles(&self) -> &[Allele] {
        &self.alleles
    }

    /// Their frequencies, in the same order; they add up to 1.
    #[must_use]
    pub fn frequencies(&self) -> &[f64] {
        &self.frequencies
    }

    /// How many persons were counted, if the table says so.
    #[must_use]
    pub fn individuals(&self) -> Option<u32> {
        self.individuals
    }

    /// The frequency of silent (null) alleles among all alleles, if the table says so.
    #[must_use]
    pub fn silent(&self) -> Option<f64> {
        self.silent
    }

    /// Where an allele stands in [`Self::alleles`]; `None` if it is not listed.
    #[must_use]
    pub fn position(&self, allele: Allele) -> Option<usize> {
        self.alleles.binary_search(&allele).ok()
    }
}

/// The frequency given to an allele that the table does not list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Floor {
    /// (n + 1) / (2N + 1) with n = 0 of N counted persons, as recommended by the ISFG for an allele that was
    /// never seen; needs a table that says how many persons were counted.
    Counted,
    /// This frequency at every locus, above 0 and below 1.
    Fixed(f64),
    /// None: a person with such an allele is not computed with at all.
    Refuse,
}

/// Allele frequencies of a panel's loci.
#[derive(Clone, Debug)]
pub struct FrequencyTable {
    panel: Panel,
    loci: Vec<LocusFrequencies>,
}

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

const CHINESE_HAN_23: &str = include_str!("../../fixtures/frequencies_chinese_han_23.csv");

impl FrequencyTable {
    /// The most alleles a locus may have; longer ladders do not occur.
    pub const MOST_ALLELES: usize = 128;
    /// How far a locus' sum may be from 1 before it is taken for a mistake; below that it is normalised away.
    pub const SUM_TOLERANCE: f64 = 0.02;

    /// The table used where none is given: 23 autosomal loci, Chinese Han. Its sources are cited in
    /// `fixtures/README.md`.
    #[must_use]
    pub fn chinese_han_23() -> &'static Self {
        static TABLE: LazyLock<FrequencyTable> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "compiled in, and read by a test")]
            FrequencyTable::read("frequencies_chinese_han_23.csv", CHINESE_HAN_23).expect("the table is sound")
        });
        &TABLE
    }

    /// The text of the table of [`Self::chinese_han_23`], as a store keeps it.
    #[must_use]
    pub fn chinese_han_23_text() -> &'static str {
        CHINESE_HAN_23
    }

    /// Reads a table: CSV with a header and the columns `locus`, `allele`, `frequency` and, optionally,
    /// `individuals` (persons counted); other columns are left alone. Lines that begin with `#` are comments.
    ///
    /// The panel takes the loci in the order of their first lines. Alleles of frequency 0 are left out; the rest
    /// is divided by its sum. A line with the allele `silent` gives the locus' frequency of silent alleles, which
    /// does not enter that sum.
    ///
    /// # Errors
    /// [`FrequencyErrors`] with every finding: a missing column, a frequency that is not from 0 to 1, an allele
    /// given twice, a locus whose frequencies add up to something more than 2 % away from 1.
    pub fn read(file: &str, text: &str) -> Result<Self, FrequencyErrors> {
        Reader::default().read(file, text)
    }

    /// A table of these loci, for small examples and tests: `(locus, [(allele in tenths, frequency)])`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_counts(loci: &[(&str, &[(u16, f64)])]) -> Result<Self, FrequencyErrors> {
        let mut text = String::from("locus,allele,frequency,individuals\n");
        for (locus, alleles) in loci {
            for (tenths, frequency) in *alleles {
                text += &format!("{locus},{}.{},{frequency},1000\n", tenths / 10, tenths % 10);
            }
        }
        Self::read("table", &text)
    }

    /// The loci, in table order.
    #[must_use]
    pub fn panel(&self) -> &Panel {
        &self.panel
    }

    /// Per locus of the panel, its frequencies.
    #[must_use]
    pub fn loci(&self) -> &[LocusFrequencies] {
        &self.loci
    }

    /// BLAKE3 of loci, alleles and normalised frequencies: two tables with the same digest give the same numbers.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.hash("reunite 2026 frequency table v1", true)
    }

    /// BLAKE3 of loci and listed alleles alone: what an index of profiles depends on.
    #[must_use]
    pub fn alleles_digest(&self) -> [u8; 32] {
        self.hash("reunite 2026 loci and alleles v1", false)
    }

    fn hash(&self, context: &str, with_frequencies: bool) -> [u8; 32] {
        let mut hash = blake3::Hasher::new_derive_key(context);
        for (name, locus) in self.panel.loci().iter().zip(&self.loci) {
            hash.update(&(name.name().len() as u64).to_le_bytes());
            hash.update(name.name().as_bytes());
            hash.update(&(locus.alleles.len() as u64).to_le_bytes());
            for (allele, frequency) in locus.alleles.iter().zip(&locus.frequencies) {
                hash.update(&allele.tenths().to_le_bytes());
                if with_frequencies {
                    hash.update(&frequency.to_bits().to_le_bytes());
                }
            }
            if with_frequencies {
                hash.update(&locus.individuals.unwrap_or(0).to_le_bytes());
                if let Some(silent) = locus.silent {
                    hash.update(&silent.to_bits().to_le_bytes());
                }
            }
        }
        *hash.finalize().as_bytes()
    }
}

/// The word that stands for silent alleles in the column `allele`.
const SILENT: &str = "silent";

#[derive(Default)]
struct Reader {
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

    fn read(mut self, file: &str, text: &str) -> Result<FrequencyTable, FrequencyErrors> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<u64> {
        FrequencyTable::read("t.csv", text).unwrap_err().errors.iter().map(|error| error.line).collect()
    }

    #[test]
    fn the_compiled_in_table_is_sound() {
        let table = FrequencyTable::chinese_han_23();
        assert_eq!(table.panel().len(), 23);
        for locus in table.loci() {
            assert!((locus.frequencies().iter().sum::<f64>() - 1.0).abs() < 1e-14);
            assert!(locus.alleles().is_sorted() && locus.individuals().is_some());
        }
    }

    #[test]
    fn errors_name_their_lines() {
        let head = "locus,allele,frequency\n";
        assert_eq!(lines(&format!("{head}A,8,0.5\nA,9,0.5\nA,8,0.1\n")), [2, 4], "twice, and a sum of 1.1");
        assert_eq!(lines(&format!("{head}A,8,-0.1\nA,9,1.1\nA,10,x\nA,x,0.5\n9,8,NaN\n")), [2, 3, 4, 5, 6, 6]);
        assert_eq!(lines(&format!("{head}A,8,0.5\nA,9,0.47\n")), [2]);
        assert_eq!(lines(head), [0]);
        assert_eq!(lines(""), [1]);
        assert_eq!(lines("locus;allele;frequency\nA;8;1\n"), [1]);
        assert!(FrequencyTable::read("t", &format!("{head}A,8,0.5\nA,9,0.485\n")).is_ok(), "1.5 % off is normalised");
    }

    #[test]
    fn a_silent_allele_stands_beside_the_others() {
        let head = "locus,allele,frequency\n";
        let read = |rows: &str| FrequencyTable::read("t", &format!("{head}{rows}")).unwrap();
        let with = read("A,8,0.5\nA,Silent,0.01\nA,9,0.5\n");
        let without = read("A,8,0.5\nA,9,0.5\n");
        assert_eq!((with.loci()[0].silent(), without.loci()[0].silent()), (Some(0.01), None));
        assert_eq!(with.loci()[0].frequencies(), without.loci()[0].frequencies());
        assert_ne!(with.digest(), without.digest());
        assert_eq!(with.alleles_digest(), without.alleles_digest());
        assert_eq!(lines(&format!("{head}A,8,1\nA,silent,0.1\nA,silent,0.1\n")), [4]);
        assert_eq!(lines(&format!("{head}A,8,1\nA,silent,1\n")), [3]);
        assert_eq!(lines(&format!("{head}A,silent,0.1\n")), [2]);
    }

    #[test]
    fn zeros_are_dropped_and_the_rest_normalised_in_any_order() {
        let read = |text: &str| FrequencyTable::read("t", text).unwrap();
        let table = read("\u{feff}allele,locus,frequency,note\r\n9.3,A,0.25,x\r\n8,A,0.76,\r\n7,A,0,\r\n");
        let again = read("locus,allele,frequency\n# a comment\nA,8,0.76\nA,9.3,0.25\n");
        assert_eq!(table.loci(), again.loci());
        assert_eq!(table.digest(), again.digest());
        assert_eq!(table.loci()[0].frequencies(), [0.76 / 1.01, 0.25 / 1.01]);
        assert_ne!(table.digest(), read("locus,allele,frequency\nA,8,0.75\nA,9.3,0.25\n").digest());
    }
}
