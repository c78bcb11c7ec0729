//! Allele frequency tables.

use std::sync::LazyLock;

use crate::model::{Allele, Panel};

use super::frequency_file::{FrequencyErrors, Reader};

/// The allele frequencies of one locus: alleles in rising order, frequencies that add up to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct LocusFrequencies {
    pub(super) alleles: Vec<Allele>,
    pub(super) frequencies: Vec<f64>,
    pub(super) individuals: Option<u32>,
    pub(super) silent: Option<f64>,
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
    pub(super) panel: Panel,
    pub(super) loci: Vec<LocusFrequencies>,
}

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
