//! Reads and writes a frequency table in its own CSV form, which a store keeps, and contains the built-in table.
//!
//! `intake` reads frequency files of laboratories, in any form. This form keeps the names of loci and all numbers
//! unchanged.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::model::{Allele, Locus, PanelError};

use super::frequencies::{FrequencyTable, LocusFrequencies, LocusFrequenciesError};

/// The word for silent alleles in the column `allele`.
const SILENT: &str = "silent";
/// The word for the rest allele (all unnamed alleles) in the column `allele`.
const REST: &str = "rest";

const CHINESE_HAN_23: &str = include_str!("../../fixtures/frequencies_chinese_han_23.csv");

/// The reason why a text is not a frequency table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TableTextError {
    /// A line is not of the form `locus,allele,frequency,individuals`.
    #[error("line {0} does not hold a locus, an allele, a frequency and a number of individuals")]
    Line(u64),
    /// The numbers of a locus are not valid allele frequencies.
    #[error("locus {locus}: {error}")]
    Locus {
        /// The locus.
        locus: Locus,
        /// The problem.
        error: LocusFrequenciesError,
    },
    /// The loci do not form a panel.
    #[error(transparent)]
    Panel(#[from] PanelError),
}

/// The data in the lines of one locus.
#[derive(Default)]
struct Rows {
    alleles: Vec<(Allele, f64)>,
    silent: Option<f64>,
    rest: Option<f64>,
    individuals: Option<u32>,
}

impl FrequencyTable {
    /// Returns the default table: 23 autosomal loci, Chinese Han. `fixtures/README.md` cites its sources.
    #[must_use]
    pub fn chinese_han_23() -> &'static Self {
        static TABLE: LazyLock<FrequencyTable> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "compiled in, and read by a test")]
            FrequencyTable::from_csv(CHINESE_HAN_23).expect("the table is sound")
        });
        &TABLE
    }

    /// Returns the text of the table of [`Self::chinese_han_23`], as stored.
    #[must_use]
    pub fn chinese_han_23_text() -> &'static str {
        CHINESE_HAN_23
    }

    /// Reads the text of a table: the output of [`Self::to_csv`], or the same columns in any order. Keeps the names of
    /// loci unchanged. For files of laboratories, use `intake::read_frequency_table`.
    ///
    /// # Errors
    /// Returns [`TableTextError`] with the first problem.
    pub fn from_csv(text: &str) -> Result<Self, TableTextError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut csv = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = csv.headers().map_err(|_| TableTextError::Line(1))?.clone();
        let column = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
        let [locus, allele, frequency] =
            [column("locus"), column("allele"), column("frequency")].map(|found| found.ok_or(TableTextError::Line(1)));
        let ([locus, allele, frequency], individuals) = ([locus?, allele?, frequency?], column("individuals"));
        let mut order: Vec<Locus> = Vec::new();
        let mut loci: HashMap<Locus, Rows> = HashMap::new();
        for record in csv.records() {
            let record =
                record.map_err(|error| TableTextError::Line(error.position().map_or(0, csv::Position::line)))?;
            let line = TableTextError::Line(record.position().map_or(0, csv::Position::line));
            let cell = |at: usize| record.get(at).unwrap_or_default();
            let name: Locus = cell(locus).parse().map_err(|_| line.clone())?;
            let share: f64 = cell(frequency).parse().map_err(|_| line.clone())?;
            let persons = match individuals.map(cell) {
                None | Some("") => None,
                Some(persons) => Some(persons.parse::<u32>().map_err(|_| line.clone())?),
            };
            if !loci.contains_key(&name) {
                order.push(name.clone());
                loci.insert(name.clone(), Rows { individuals: persons, ..Rows::default() });
            }
            let Some(rows) = loci.get_mut(&name) else { continue };
            if rows.individuals != persons {
                return Err(line);
            }
            match cell(allele) {
                silent if silent.eq_ignore_ascii_case(SILENT) => {
                    if rows.silent.replace(share).is_some() {
                        return Err(line);
                    }
                }
                rest if rest.eq_ignore_ascii_case(REST) => {
                    if rows.rest.replace(share).is_some() {
                        return Err(line);
                    }
                }
                named => rows.alleles.push((named.parse().map_err(|_| line)?, share)),
            }
        }
        let table = order.into_iter().filter_map(|locus| loci.remove(&locus).map(|rows| (locus, rows)));
        let table =
            table.map(|(locus, Rows { alleles, silent, rest, individuals })| {
                match LocusFrequencies::with_rest(alleles, rest, individuals, silent) {
                    Ok(frequencies) => Ok((locus, frequencies)),
                    Err(error) => Err(TableTextError::Locus { locus, error }),
                }
            });
        Ok(Self::new(table.collect::<Result<Vec<_>, _>>()?)?)
    }

    /// Returns the table as CSV with the columns `locus,allele,frequency,individuals`: loci in table order, alleles in
    /// rising order, then the silent allele and the rest allele.
    ///
    /// The text is exact: [`Self::from_csv`] restores a table with the same [`Self::digest`]. The frequencies are those
    /// before normalisation.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_table_is_sound() {
        let table = FrequencyTable::chinese_han_23();
        assert_eq!(table.panel().len(), 23);
        for locus in table.loci() {
            assert!((locus.frequencies().iter().sum::<f64>() - 1.0).abs() < 1e-14);
            assert!(locus.alleles().is_sorted() && locus.individuals().is_some());
        }
        assert_eq!(table.sums_off().count(), 0);
    }

    #[test]
    fn a_text_that_is_none_is_refused_with_its_line() {
        let head = "locus,allele,frequency,individuals\n";
        let read = |rows: &str| FrequencyTable::from_csv(&format!("{head}{rows}")).unwrap_err();
        for (rows, line) in [
            ("A,8,x,\n", 2),
            ("A,8,0.5,7\nA,9,0.5,8\n", 3),
            ("A,8,0.5,-1\n", 2),
            ("A,x,1,\n", 2),
            ("9,8,1,\n", 2),
            ("A,8,1,\nA,silent,0.1,\nA,silent,0.1,\n", 4),
        ] {
            assert_eq!(read(rows), TableTextError::Line(line), "{rows}");
        }
        assert!(matches!(
            read("A,8,0.5,\nA,9,0.4,\n"),
            TableTextError::Locus { error: LocusFrequenciesError::Sum(_), .. }
        ));
        assert!(matches!(
            read("A,8,0.5,\nA,8,0.5,\n"),
            TableTextError::Locus { error: LocusFrequenciesError::Repeated(_), .. }
        ));
        assert_eq!(read(""), TableTextError::Panel(PanelError::Empty));
        assert_eq!(FrequencyTable::from_csv("locus;allele;frequency\n").unwrap_err(), TableTextError::Line(1));
    }

    #[test]
    fn a_silent_allele_stands_beside_the_others() {
        let head = "locus,allele,frequency\n";
        let read = |rows: &str| FrequencyTable::from_csv(&format!("{head}{rows}")).unwrap();
        let with = read("A,8,0.5\nA,Silent,0.01\nA,9,0.5\n");
        let without = read("A,8,0.5\nA,9,0.5\n");
        assert_eq!((with.loci()[0].silent(), without.loci()[0].silent()), (Some(0.01), None));
        assert_eq!(with.loci()[0].frequencies(), without.loci()[0].frequencies());
        assert_ne!(with.digest(), without.digest());
        assert_eq!(with.alleles_digest(), without.alleles_digest());
    }

    #[test]
    fn a_table_survives_its_own_text_bit_for_bit() {
        let text = "locus,allele,frequency,individuals\nB C,14,0.31,7\nB C,silent,0.013,7\nB C,9.3,0,7\nB C,8,0.7,7\nA,8,0.1\nA,9,0.2\nA,10,0.7\n";
        for table in [FrequencyTable::chinese_han_23().clone(), FrequencyTable::from_csv(text).unwrap()] {
            let again = FrequencyTable::from_csv(&table.to_csv()).unwrap();
            assert_eq!(again.digest(), table.digest());
            assert_eq!((again.panel(), again.loci()), (table.panel(), table.loci()));
            assert_eq!(again.to_csv(), table.to_csv());
        }
    }

    #[test]
    fn values_make_the_table_that_their_text_makes() {
        let read =
            FrequencyTable::from_csv("locus,allele,frequency,individuals\nA,9.3,0.3,5\nA,8,0.69,5\nA,silent,0.02,5\n");
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
    fn a_sum_is_kept_and_named_where_it_is_off() {
        let locus = |share: f64| {
            let alleles = [(Allele::from_tenths(80).unwrap(), 0.5), (Allele::from_tenths(90).unwrap(), share)];
            LocusFrequencies::new(alleles, None, None)
        };
        for (share, fits, off) in [
            (0.45, true, true),
            (0.4499, false, true),
            (0.495, true, false),
            (0.4949, true, true),
            (0.505, true, false),
        ] {
            let found = locus(share);
            assert_eq!(found.is_ok(), fits, "{share}");
            if let Ok(found) = found {
                let table = FrequencyTable::new([("A".parse().unwrap(), found)]).unwrap();
                assert_eq!(table.sums_off().count(), usize::from(off), "{share}");
                assert_eq!(table.loci()[0].sum(), 0.5 + share);
            }
        }
        // The sum of twenty frequencies of four decimals is off by at most 0.001.
        let alleles = (1..=20).map(|n| (Allele::from_tenths(10 * n).unwrap(), 0.04995));
        let table = FrequencyTable::new([("A".parse().unwrap(), LocusFrequencies::new(alleles, None, None).unwrap())]);
        assert_eq!(table.unwrap().sums_off().count(), 0);
    }

    #[test]
    fn zeros_are_dropped_and_the_rest_normalised_in_any_order() {
        let read = |text: &str| FrequencyTable::from_csv(text).unwrap();
        let table = read("\u{feff}allele,locus,frequency,note\r\n9.3,A,0.25,x\r\n8,A,0.76,\r\n7,A,0,\r\n");
        let again = read("locus,allele,frequency\n# a comment\nA,8,0.76\nA,9.3,0.25\n");
        assert_eq!(table.loci(), again.loci());
        assert_eq!(table.digest(), again.digest());
        assert_eq!(table.loci()[0].frequencies(), [0.76 / 1.01, 0.25 / 1.01]);
        assert_ne!(table.digest(), read("locus,allele,frequency\nA,8,0.75\nA,9.3,0.25\n").digest());
    }
}
