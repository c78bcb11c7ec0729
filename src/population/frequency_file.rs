//! Frequency tables as CSV: reads them, writes them, and holds the built-in one.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::LazyLock;

use crate::model::{Allele, Locus};

use super::frequencies::{FrequencyTable, LocusFrequencies, LocusFrequenciesError};

/// One thing wrong with a frequency table, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrequencyError {
    /// Line, from 1; 0 if it is the file as a whole.
    pub line: u64,
    /// What is wrong and what to do.
    pub what: String,
}

/// Everything wrong with a frequency table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

/// The word that stands there for all alleles without a name together.
const REST: &str = "rest";

const CHINESE_HAN_23: &str = include_str!("../../fixtures/frequencies_chinese_han_23.csv");

impl FrequencyTable {
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
    /// does not enter that sum; one with the allele `rest` that of all alleles without a name together, which does: see
    /// [`LocusFrequencies::with_rest`].
    ///
    /// # Errors
    /// [`FrequencyErrors`] with every finding: a missing column, a frequency that is not from 0 to 1, an allele
    /// given twice, a locus whose frequencies add up to something more than 2 % away from 1.
    pub fn read(file: &str, text: &str) -> Result<Self, FrequencyErrors> {
        Reader::default().read(file, text)
    }

    /// The table as CSV: `locus,allele,frequency,individuals`, loci in table order, alleles rising, the silent one last.
    ///
    /// Exact: [`Self::read`] makes a table with the same [`Self::digest`] of it. Frequencies are those that the table was
    /// made of, before they were divided by their sum.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = String::from("locus,allele,frequency,individuals\n");
        for (locus, frequencies) in self.panel().loci().iter().zip(self.loci()) {
            let individuals = frequencies.individuals().map_or_else(String::new, |persons| persons.to_string());
            for (allele, frequency) in frequencies.stated() {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{locus},{allele},{frequency},{individuals}");
            }
            if let Some(silent) = frequencies.silent() {
                let _ = writeln!(text, "{locus},{SILENT},{silent},{individuals}");
            }
            if let Some(rest) = frequencies.stated_rest() {
                let _ = writeln!(text, "{locus},{REST},{rest},{individuals}");
            }
        }
        text
    }
}

#[derive(Default)]
struct Reader {
    errors: Vec<FrequencyError>,
    order: Vec<Locus>,
    rows: HashMap<Locus, Vec<Row>>,
    /// Line and frequency of the alleles without a name.
    rests: HashMap<Locus, (u64, f64)>,
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
        if self.errors.is_empty() {
            match FrequencyTable::new(loci) {
                Ok(table) => return Ok(table),
                Err(error) => self.fail(0, format!("{error}; give one line per locus and allele")),
            }
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
            let is_rest = cell(allele).eq_ignore_ascii_case(REST);
            let value = match cell(allele) {
                _ if is_rest => Ok(None),
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
                (Ok(name), Ok(_), Ok(share), Ok(_)) if is_rest => {
                    if !self.rows.contains_key(&name) {
                        self.order.push(name.clone());
                        self.rows.insert(name.clone(), Vec::new());
                    }
                    if let Some((first, _)) = self.rests.insert(name.clone(), (line, share)) {
                        self.fail(line, format!("{name} allele {REST} is given twice, first in line {first}"));
                    }
                }
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

    fn loci(&mut self) -> Vec<(Locus, LocusFrequencies)> {
        let order = std::mem::take(&mut self.order);
        order.into_iter().filter_map(|name| self.locus(&name).map(|locus| (name, locus))).collect()
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
        let first_line = rows.iter().map(|row| row.line).min().or(self.rests.get(name).map(|rest| rest.0)).unwrap_or(0);
        let silent = rows.iter().find(|row| row.allele.is_none()).map(|row| (row.line, row.frequency));
        rows.retain(|row| row.allele.is_some());
        let individuals = rows.first().and_then(|row| row.individuals);
        let stated = rows.iter().filter_map(|row| Some((row.allele?, row.frequency))).collect();
        let rest = self.rests.get(name).copied();
        let silent_frequency = silent.map(|silent| silent.1);
        let locus = LocusFrequencies::of_sorted(stated, rest.map(|rest| rest.1), individuals, silent_frequency);
        for finding in locus.as_ref().err().into_iter().flatten() {
            let silent_line = silent.map_or(first_line, |silent| silent.0);
            match finding {
                LocusFrequenciesError::Silent(_) => {
                    self.fail(silent_line, format!("all alleles of {name} are silent: write a frequency below 1"));
                }
                LocusFrequenciesError::Rest(_) => {
                    let line = rest.map_or(first_line, |rest| rest.0);
                    self.fail(line, format!("no allele of {name} has a name: write a frequency below 1"));
                }
                LocusFrequenciesError::NoAllele => {
                    let what = format!("{name} has no allele but the silent one: add its other alleles");
                    self.fail(first_line, what);
                }
                LocusFrequenciesError::Sum(sum) => {
                    let what = format!(
                        "the frequencies of {name} add up to {sum:.4}, not to 1: look for a missing or wrong line"
                    );
                    self.fail(first_line, what);
                }
                LocusFrequenciesError::TooMany(alleles) => {
                    let most = FrequencyTable::MOST_ALLELES;
                    self.fail(first_line, format!("{name} has {alleles} alleles; at most {most} can be handled"));
                }
                // Found line by line, above and while the rows were read.
                LocusFrequenciesError::Frequency { .. }
                | LocusFrequenciesError::Repeated(_)
                | LocusFrequenciesError::NoPersons => {}
            }
        }
        if let Some(other) = rows.iter().find(|row| row.individuals != individuals) {
            self.fail(other.line, format!("{name} names two numbers of individuals: give one for all its alleles"));
        }
        locus.ok().filter(|_| self.errors.len() == found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PanelError;

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
    fn a_table_survives_its_own_text_bit_for_bit() {
        let text = "locus,allele,frequency,individuals\nB C,14,0.31,7\nB C,silent,0.013,7\nB C,9.3,0,7\nB C,8,0.7,7\nA,8,0.1\nA,9,0.2\nA,10,0.7\n";
        for table in [FrequencyTable::chinese_han_23().clone(), FrequencyTable::read("t", text).unwrap()] {
            let again = FrequencyTable::read("again", &table.to_csv()).unwrap();
            assert_eq!(again.digest(), table.digest());
            assert_eq!((again.panel(), again.loci()), (table.panel(), table.loci()));
            assert_eq!(again.to_csv(), table.to_csv());
        }
    }

    #[test]
    fn values_make_the_table_that_their_text_makes() {
        let read =
            FrequencyTable::read("t", "locus,allele,frequency,individuals\nA,9.3,0.3,5\nA,8,0.69,5\nA,silent,0.02,5\n");
        let allele = |text: &str| text.parse::<Allele>().unwrap();
        let alleles = [(allele("9.3"), 0.3), (allele("8"), 0.69)];
        let locus = LocusFrequencies::new(alleles, Some(5), Some(0.02)).unwrap();
        let made = FrequencyTable::new([("A".parse().unwrap(), locus.clone())]).unwrap();
        assert_eq!(made.digest(), read.unwrap().digest());
        let twice = FrequencyTable::new([("A".parse().unwrap(), locus.clone()), ("A".parse().unwrap(), locus)]);
        assert!(matches!(twice, Err(PanelError::Repeated(_))));
        assert!(matches!(FrequencyTable::new([]), Err(PanelError::Empty)));
    }

    #[test]
    fn values_that_make_no_frequencies_are_refused() {
        use LocusFrequenciesError::{Frequency, NoAllele, NoPersons, Repeated, Silent, Sum, TooMany};
        let allele = |tenths: u16| Allele::from_tenths(tenths).unwrap();
        let refused = |alleles: &[(u16, f64)], individuals, silent| {
            let alleles = alleles.iter().map(|&(tenths, frequency)| (allele(tenths), frequency));
            LocusFrequencies::new(alleles, individuals, silent).unwrap_err()
        };
        let sound = [(80, 0.5), (90, 0.5)];
        assert_eq!(refused(&[(80, 1.5)], None, None), Frequency { allele: allele(80), frequency: 1.5 });
        assert!(matches!(refused(&[(80, f64::NAN)], None, None), Frequency { .. }));
        assert_eq!(refused(&[(80, 0.5), (90, 0.3), (80, 0.2)], None, None), Repeated(allele(80)));
        assert_eq!(refused(&sound, Some(0), None), NoPersons);
        assert_eq!(refused(&sound, None, Some(1.0)), Silent(1.0));
        assert!(matches!(refused(&sound, None, Some(f64::NAN)), Silent(_)));
        assert_eq!(refused(&[], None, None), NoAllele);
        assert_eq!(refused(&[(80, 0.5), (90, 0.25)], None, None), Sum(0.75));
        let many: Vec<(u16, f64)> = (100..229).map(|tenths| (tenths, 1.0 / 129.0)).collect();
        assert_eq!(refused(&many, None, None), TooMany(129));
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
