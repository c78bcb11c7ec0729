//! Allele frequency tables, and the checks of their numbers.

use serde::{Deserialize, Serialize};

use crate::model::{Allele, AlleleError, Locus, LocusError, Panel, PanelError};

/// The allele frequencies of one locus: alleles in rising order, with frequencies that add up to 1.
///
/// ```
/// use reunite::population::LocusFrequencies;
///
/// let alleles = [("8".parse()?, 0.3), ("9.3".parse()?, 0.7)];
/// let locus = LocusFrequencies::new(alleles, Some(500), None)?;
/// assert_eq!(locus.frequencies(), [0.3, 0.7]);
/// assert_eq!(locus.position("9.3".parse()?), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LocusFrequencies {
    alleles: Vec<Allele>,
    frequencies: Vec<f64>,
    individuals: Option<u32>,
    silent: Option<f64>,
    rest: Option<Rest>,
    /// Alleles and frequencies before normalisation, rising. Kept because a second normalisation would change the last
    /// bits.
    stated: Vec<(Allele, f64)>,
}

/// The rest allele: all unnamed alleles of a locus taken together.
#[derive(Clone, Copy, Debug)]
struct Rest {
    /// The frequency before normalisation.
    stated: f64,
    share: f64,
}

/// The reason why numbers are not valid allele frequencies of a locus.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LocusFrequenciesError {
    /// A frequency is outside [0, 1].
    #[error("allele {allele} has a frequency of {frequency}, which is not from 0 to 1")]
    Frequency {
        /// The allele.
        allele: Allele,
        /// Its frequency.
        frequency: f64,
    },
    /// An allele is duplicate.
    #[error("allele {0} is given twice")]
    Repeated(Allele),
    /// The frequency of silent alleles is outside [0, 1).
    #[error("the frequency of silent alleles is {0}, which is not from 0 and below 1")]
    Silent(f64),
    /// The frequency of the rest allele is outside [0, 1).
    #[error("the frequency of all alleles without a name is {0}, which is not from 0 and below 1")]
    Rest(f64),
    /// The number of counted persons is 0.
    #[error("the frequencies are of 0 persons; give the number of persons counted, or none")]
    NoPersons,
    /// There is no allele.
    #[error("there is no allele but the silent one")]
    NoAllele,
    /// The sum differs from 1 by more than [`FrequencyTable::SUM_TOLERANCE`].
    #[error("the frequencies add up to {0:.4}, not to 1")]
    Sum(f64),
    /// There are more alleles than [`FrequencyTable::MOST_ALLELES`].
    #[error("there are {0} alleles; at most {most} can be handled", most = FrequencyTable::MOST_ALLELES)]
    TooMany(usize),
}

/// The reason why values do not form a frequency table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FrequencyTableError {
    /// The numbers of a locus are not valid allele frequencies.
    #[error("locus {locus}: {error}")]
    Frequencies {
        /// The locus.
        locus: Locus,
        /// The problem.
        error: LocusFrequenciesError,
    },
    /// There is no locus, there are too many, or one is duplicate.
    #[error(transparent)]
    Panel(#[from] PanelError),
    /// A text is not a locus name.
    #[error(transparent)]
    Name(#[from] LocusError),
    /// A number is not an allele.
    #[error(transparent)]
    Allele(#[from] AlleleError),
}

impl LocusFrequencies {
    /// Creates the frequencies of these alleles, given in any order. Drops alleles of frequency 0 and divides the
    /// others by their sum. `individuals` is the number of counted persons; `silent` is the frequency of silent
    /// alleles, which is not part of the sum.
    ///
    /// # Errors
    /// Returns [`LocusFrequenciesError`] with the first problem.
    pub fn new(
        alleles: impl IntoIterator<Item = (Allele, f64)>,
        individuals: Option<u32>,
        silent: Option<f64>,
    ) -> Result<Self, LocusFrequenciesError> {
        Self::with_rest(alleles, None, individuals, silent)
    }

    /// Creates the frequencies as [`Self::new`] does, with one more allele, the rest allele: all unnamed alleles taken
    /// together, like the "Rest allele" of Familias. No profile shows it, untyped persons may have it, and mutation
    /// models count it. Its frequency `rest` is part of the sum; [`Self::frequencies`] are relative to the named
    /// alleles only.
    ///
    /// # Errors
    /// Returns [`LocusFrequenciesError`] with the first problem.
    pub fn with_rest(
        alleles: impl IntoIterator<Item = (Allele, f64)>,
        rest: Option<f64>,
        individuals: Option<u32>,
        silent: Option<f64>,
    ) -> Result<Self, LocusFrequenciesError> {
        let mut stated: Vec<(Allele, f64)> = alleles.into_iter().collect();
        stated.sort_by_key(|one| one.0);
        for &(allele, frequency) in &stated {
            if !(0.0..=1.0).contains(&frequency) {
                return Err(LocusFrequenciesError::Frequency { allele, frequency });
            }
        }
        if let Some(pair) = stated.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(LocusFrequenciesError::Repeated(pair[0].0));
        }
        if individuals == Some(0) {
            return Err(LocusFrequenciesError::NoPersons);
        }
        if let Some(silent) = silent.filter(|silent| !(0.0..1.0).contains(silent)) {
            return Err(LocusFrequenciesError::Silent(silent));
        }
        if stated.is_empty() {
            return Err(LocusFrequenciesError::NoAllele);
        }
        let rest = rest.filter(|&rest| rest != 0.0);
        if let Some(rest) = rest.filter(|rest| !(0.0..1.0).contains(rest)) {
            return Err(LocusFrequenciesError::Rest(rest));
        }
        let sum: f64 = stated.iter().map(|one| one.1).sum();
        let with_rest = sum + rest.unwrap_or(0.0);
        if exceeds(with_rest - 1.0, FrequencyTable::SUM_TOLERANCE) {
            return Err(LocusFrequenciesError::Sum(with_rest));
        }
        let present = || stated.iter().filter(|one| one.1 > 0.0);
        let alleles: Vec<Allele> = present().map(|one| one.0).collect();
        if alleles.len() > FrequencyTable::MOST_ALLELES {
            return Err(LocusFrequenciesError::TooMany(alleles.len()));
        }
        let frequencies = present().map(|one| one.1 / sum).collect();
        Ok(Self {
            alleles,
            frequencies,
            individuals,
            silent,
            rest: rest.map(|stated| Rest { stated, share: stated / with_rest }),
            stated,
        })
    }

    /// Returns the listed alleles in rising order.
    #[must_use]
    pub fn alleles(&self) -> &[Allele] {
        &self.alleles
    }

    /// Returns the frequencies among the listed alleles, in the same order; they add up to 1.
    #[must_use]
    pub fn frequencies(&self) -> &[f64] {
        &self.frequencies
    }

    /// Returns the sum of the frequencies before normalisation: 1, except for rounding or a missing row.
    ///
    /// ```
    /// use reunite::population::LocusFrequencies;
    ///
    /// let locus = LocusFrequencies::new([("8".parse()?, 0.25), ("9".parse()?, 0.71875)], None, None)?;
    /// assert_eq!(locus.sum(), 0.96875);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.stated.iter().map(|one| one.1).sum::<f64>() + self.stated_rest().unwrap_or(0.0)
    }

    /// Returns alleles and frequencies before normalisation, in rising order, with the alleles of frequency 0.
    pub(super) fn stated(&self) -> &[(Allele, f64)] {
        &self.stated
    }

    /// Returns the number of counted persons, if the table states it.
    #[must_use]
    pub fn individuals(&self) -> Option<u32> {
        self.individuals
    }

    /// Returns the frequency of silent (null) alleles among all alleles, if the table states it.
    #[must_use]
    pub fn silent(&self) -> Option<f64> {
        self.silent
    }

    /// Returns the frequency of the rest allele among all alleles that are not silent, if there is one: see
    /// [`Self::with_rest`].
    #[must_use]
    pub fn rest(&self) -> Option<f64> {
        self.rest.map(|rest| rest.share)
    }

    /// Returns the frequency of the rest allele before normalisation.
    pub(super) fn stated_rest(&self) -> Option<f64> {
        self.rest.map(|rest| rest.stated)
    }

    /// Returns the position of an allele in [`Self::alleles`]; `None` if it is not listed.
    #[must_use]
    pub fn position(&self, allele: Allele) -> Option<usize> {
        self.alleles.binary_search(&allele).ok()
    }
}

/// Reports whether a sum is off by more than `most`, with a tolerance for the rounding of binary fractions.
fn exceeds(off: f64, most: f64) -> bool {
    const BITS: f64 = 1e-9;
    off.abs() > most + BITS
}

impl PartialEq for LocusFrequencies {
    /// Compares the resulting numbers, not the numbers as stated.
    fn eq(&self, other: &Self) -> bool {
        self.alleles == other.alleles
            && self.frequencies == other.frequencies
            && self.individuals == other.individuals
            && self.silent == other.silent
            && self.rest() == other.rest()
    }
}

/// The frequency assigned to an allele that the table does not list.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Floor {
    /// (n + 1) / (2N + 1) with n = 0, where N is the number of counted persons, as the ISFG recommends for an allele
    /// that was never seen. Requires a table that states the number of counted persons.
    Counted,
    /// This frequency at every locus, above 0 and below 1.
    Fixed(f64),
    /// No frequency: the model rejects a person with an unlisted allele.
    Refuse,
}

/// Allele frequencies of the loci of a panel.
///
/// [`FrequencyTable::chinese_han_23`] is built in; [`FrequencyTable::from_csv`] reads the output of
/// [`FrequencyTable::to_csv`]; [`FrequencyTable::new`] takes values:
///
/// ```
/// use reunite::population::{FrequencyTable, LocusFrequencies};
///
/// let alleles = [("14".parse()?, 0.25), ("15".parse()?, 0.75)];
/// let table = FrequencyTable::new([("vWA".parse()?, LocusFrequencies::new(alleles, Some(500), None)?)])?;
/// assert_eq!(table.loci()[0].frequencies(), [0.25, 0.75]);
///
/// // Equal digests mean equal numbers, and the table's text keeps every bit.
/// let again = FrequencyTable::from_csv(&table.to_csv())?;
/// assert_eq!(again.digest(), table.digest());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrequencyTable {
    panel: Panel,
    loci: Vec<LocusFrequencies>,
}

impl FrequencyTable {
    /// The largest number of alleles at a locus; longer allelic ladders do not occur.
    pub const MOST_ALLELES: usize = 128;
    /// The largest difference of a locus' sum from 1 that is accepted. Normalisation removes it; a larger difference is
    /// an error.
    pub const SUM_TOLERANCE: f64 = 0.05;
    /// The largest difference of a locus' sum from 1 without a warning; the rounding of published tables stays below
    /// it.
    pub const SUM_ROUNDING: f64 = 0.005;

    /// Creates the table of these loci, in this order.
    ///
    /// # Errors
    /// Returns [`PanelError`] if there is no locus, one is duplicate, or there are more than [`Panel::MOST_LOCI`].
    pub fn new(loci: impl IntoIterator<Item = (Locus, LocusFrequencies)>) -> Result<Self, PanelError> {
        let (names, loci): (Vec<Locus>, Vec<LocusFrequencies>) = loci.into_iter().unzip();
        Ok(Self { panel: Panel::new(names)?, loci })
    }

    /// Creates a table with 1,000 counted persons per locus, for small examples and tests. The form of `loci` is
    /// `(locus, [(allele in tenths of a repeat, frequency)])`.
    ///
    /// # Errors
    /// Returns [`FrequencyTableError`] with the first problem.
    pub fn from_counts(loci: &[(&str, &[(u16, f64)])]) -> Result<Self, FrequencyTableError> {
        let mut table = Vec::with_capacity(loci.len());
        for (name, alleles) in loci {
            let locus: Locus = name.parse()?;
            let alleles = alleles.iter().map(|&(tenths, frequency)| Ok((Allele::from_tenths(tenths)?, frequency)));
            let frequencies =
                LocusFrequencies::new(alleles.collect::<Result<Vec<_>, AlleleError>>()?, Some(1000), None)
                    .map_err(|error| FrequencyTableError::Frequencies { locus: locus.clone(), error })?;
            table.push((locus, frequencies));
        }
        Ok(Self::new(table)?)
    }

    /// Returns the loci in table order.
    #[must_use]
    pub fn panel(&self) -> &Panel {
        &self.panel
    }

    /// Returns the frequencies of each locus, in panel order.
    #[must_use]
    pub fn loci(&self) -> &[LocusFrequencies] {
        &self.loci
    }

    /// Returns the table restricted to the loci of a panel, in the panel's order.
    ///
    /// # Errors
    /// Returns the loci of the panel that are not in the table.
    pub fn of_panel(&self, panel: &Panel) -> Result<Self, Vec<Locus>> {
        let at = |locus: &Locus| self.panel.position(locus).map(|at| self.loci[at].clone());
        let lacking: Vec<Locus> = panel.loci().iter().filter(|locus| at(locus).is_none()).cloned().collect();
        if lacking.is_empty() {
            Ok(Self { panel: panel.clone(), loci: panel.loci().iter().filter_map(at).collect() })
        } else {
            Err(lacking)
        }
    }

    /// Returns the loci whose frequency sum differs from 1 by more than [`Self::SUM_ROUNDING`], in table order, with
    /// the sums.
    pub fn sums_off(&self) -> impl Iterator<Item = (&Locus, f64)> {
        let sums = self.panel.loci().iter().zip(self.loci.iter().map(LocusFrequencies::sum));
        sums.filter(|(_, sum)| exceeds(sum - 1.0, Self::SUM_ROUNDING))
    }

    /// Returns a BLAKE3 hash of loci, alleles and normalised frequencies. Tables with equal digests give equal results.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.hash("reunite 2026 frequency table v1", true)
    }

    /// Returns a BLAKE3 hash of loci and listed alleles only, on which an index of profiles depends.
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
                if let Some(rest) = locus.rest() {
                    hash.update(b"rest");
                    hash.update(&rest.to_bits().to_le_bytes());
                }
            }
        }
        *hash.finalize().as_bytes()
    }
}
