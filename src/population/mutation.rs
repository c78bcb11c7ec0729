//! Mutation models: the probability that a parental allele arrives in the child as a given allele.

use serde::{Deserialize, Serialize};

use crate::model::Allele;

/// A mutation model with its parameters. Rates are per meiosis and locus.
///
/// The matrices are those of the standard software of the field (Familias; R package pedmut), without stabilisation:
/// - The rest allele (all unnamed alleles) counts as one further allele, like the "Rest allele" of Familias: the equal
///   model spreads r over it too, and the proportional model weighs it with its frequency.
/// - A silent allele does not mutate, and no other allele mutates to it. In the equal model it is not among the n
///   alleles. In the proportional model, r is the mean rate over all alleles including the silent one, so the others
///   mutate at r / (1 - s). Familias does the same in both.
/// - The extended stepwise model of Familias requires a number as the name of every allele and rejects others. Here,
///   the rest allele never mutates under this model; Reunite made this choice.
/// - An allele outside the table ([`super::LocusModel::with_alleles`]) enlarges the matrices, so n includes it.
///   Familias does the same if the user adds the allele to the database.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Mutation {
    /// No mutation: the identity matrix.
    None,
    /// A mutated allele becomes each of the other alleles with equal probability.
    Equal(MutationRates),
    /// A mutated allele becomes j in proportion to the frequency of j. The allele frequencies are stationary.
    Proportional(MutationRates),
    /// Extended stepwise model: within a microvariant group, each further repeat makes a change less likely by the
    /// factor `range`. Changes to other groups occur at `microvariant_rate`, spread evenly over the alleles of the
    /// other groups.
    Stepwise {
        /// Rates of changes by whole repeats.
        rates: MutationRates,
        /// Factor per further repeat, above 0 and at most 1.
        range: f64,
        /// Rate of changes to another microvariant group, 0 to 1.
        microvariant_rate: f64,
    },
}

/// Mutation rates by the sex of the parent, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MutationRates {
    /// Rate in transmissions from the father.
    pub male: f64,
    /// Rate in transmissions from the mother.
    pub female: f64,
}

/// The reason why parameters do not define a mutation matrix.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MutationError {
    /// A rate is outside 0 to 1.
    #[error("a mutation rate of {0} is not from 0 to 1")]
    Rate(f64),
    /// A range is outside (0, 1].
    #[error("a mutation range of {0} is not above 0 and at most 1")]
    Range(f64),
    /// An allele would mutate with a probability above 1.
    #[error(
        "a mutation rate of {rate} is too high for these frequencies: an allele would leave with probability {leaves}"
    )]
    Infeasible {
        /// The requested rate.
        rate: f64,
        /// The probability with which that allele would mutate.
        leaves: f64,
    },
}

/// A row-stochastic matrix over alleles: `row(i)[j]` is the probability that parental allele i arrives as j.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    size: usize,
    cells: Vec<f64>,
}

impl Matrix {
    /// Creates the identity matrix, in which no allele changes.
    #[must_use]
    pub fn identity(size: usize) -> Self {
        let mut matrix = Self { size, cells: vec![0.0; size * size] };
        for i in 0..size {
            matrix.cells[i * size + i] = 1.0;
        }
        matrix
    }

    /// Returns the number of alleles.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the probabilities with which parental allele `i` arrives as each allele; they add up to 1.
    ///
    /// # Panics
    /// If `i` is not an allele of the matrix.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f64] {
        &self.cells[i * self.size..(i + 1) * self.size]
    }

    /// Returns all rows, one after the other.
    #[must_use]
    pub fn cells(&self) -> &[f64] {
        &self.cells
    }

    /// Returns the probability that parental allele `i` arrives as `j`.
    ///
    /// # Panics
    /// If `i` or `j` is not an allele of the matrix.
    #[must_use]
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.row(i)[j]
    }

    /// Returns this matrix with one more allele, which never mutates and to which no allele mutates.
    pub(super) fn with_fixed(&self) -> Self {
        let size = self.size + 1;
        let mut cells = Vec::with_capacity(size * size);
        for i in 0..self.size {
            cells.extend_from_slice(self.row(i));
            cells.push(0.0);
        }
        cells.resize(size * size, 0.0);
        cells[size * size - 1] = 1.0;
        Self { size, cells }
    }

    /// Sets the off-diagonal cells of a row, and the diagonal cell to the remaining probability.
    fn set_row(&mut self, i: usize, off_diagonal: impl Fn(usize) -> f64) {
        let mut leaves = 0.0;
        for j in (0..self.size).filter(|&j| j != i) {
            let p = off_diagonal(j);
            self.cells[i * self.size + j] = p;
            leaves += p;
        }
        self.cells[i * self.size + i] = 1.0 - leaves;
    }
}

impl Mutation {
    /// Returns the model's name in files and on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Equal(_) => "equal",
            Self::Proportional(_) => "proportional",
            Self::Stepwise { .. } => "stepwise",
        }
    }

    /// Returns an upper bound, over any set of alleles, on the probability of changes that move the allele frequencies;
    /// 0 for models that keep the frequencies stationary.
    #[must_use]
    pub fn most_change(&self) -> f64 {
        match self {
            Self::None | Self::Proportional(_) => 0.0,
            Self::Equal(rates) => rates.male.max(rates.female),
            Self::Stepwise { rates, microvariant_rate, .. } => rates.male.max(rates.female) + microvariant_rate,
        }
    }

    /// Checks the parameters that can be checked without a frequency table.
    ///
    /// # Errors
    /// Returns [`MutationError::Rate`] or [`MutationError::Range`].
    pub fn check(&self) -> Result<(), MutationError> {
        let rate = |r: f64| if (0.0..=1.0).contains(&r) { Ok(()) } else { Err(MutationError::Rate(r)) };
        let both = |rates: &MutationRates| rate(rates.male).and_then(|()| rate(rates.female));
        match self {
            Self::None => Ok(()),
            Self::Equal(rates) | Self::Proportional(rates) => both(rates),
            Self::Stepwise { rates, range, microvariant_rate } => {
                both(rates)?;
                rate(*microvariant_rate)?;
                for r in [rates.male, rates.female] {
                    rate(r + microvariant_rate)?;
                }
                if *range > 0.0 && *range <= 1.0 { Ok(()) } else { Err(MutationError::Range(*range)) }
            }
        }
    }

    /// Returns the father's and the mother's mutation matrix for a locus without silent alleles: see
    /// [`Self::matrices_beside`].
    ///
    /// # Errors
    /// Returns [`MutationError`] if the parameters do not define a stochastic matrix.
    pub fn matrices(&self, alleles: &[Allele], frequencies: &[f64]) -> Result<[Matrix; 2], MutationError> {
        self.matrices_beside(alleles, frequencies, 0.0)
    }

    /// Returns the father's and the mother's mutation matrix for the alleles of a locus that are not silent.
    ///
    /// `alleles` must be in rising order; `frequencies` are theirs and add up to 1. One more frequency at the end is
    /// that of the rest allele, which counts as one allele here. `silent` is the share of silent alleles, at least 0
    /// and below 1; `frequencies` are relative to the other alleles. Formulas, with n alleles and rate r:
    /// - equal: `M[i,j] = r / (n - 1)`; a single allele cannot change.
    /// - proportional: `M[i,j] = a p_j` with `a = r / ((1 - silent) sum_k p_k (1 - p_k))`, so that r is the mean rate
    ///   over all alleles, including silent ones, which never mutate.
    /// - stepwise: for j in the microvariant group of i, `M[i,j] = r g^|i-j| / sum_k g^|i-k|` over the other alleles k
    ///   of the group; for j outside the group, `s / (number outside)`. Without other alleles in the group, r does not
    ///   apply; without alleles outside, s does not apply. The rest allele does not mutate, and no allele mutates to
    ///   it, because it has no number from which to count steps.
    ///
    /// # Errors
    /// Returns [`MutationError`] if the parameters do not define a stochastic matrix.
    pub fn matrices_beside(
        &self,
        alleles: &[Allele],
        frequencies: &[f64],
        silent: f64,
    ) -> Result<[Matrix; 2], MutationError> {
        self.check()?;
        let both = |rates: &MutationRates, build: &dyn Fn(f64) -> Result<Matrix, MutationError>| {
            Ok([build(rates.male)?, build(rates.female)?])
        };
        let n = frequencies.len();
        match self {
            Self::None => Ok([Matrix::identity(n), Matrix::identity(n)]),
            Self::Equal(rates) => both(rates, &|rate| Ok(equal(n, rate))),
            Self::Proportional(rates) => both(rates, &|rate| proportional(frequencies, rate, silent)),
            Self::Stepwise { rates, range, microvariant_rate } => {
                let named = |rate| stepwise(alleles, rate, *range, *microvariant_rate);
                both(rates, &|rate| Ok(if n > alleles.len() { named(rate).with_fixed() } else { named(rate) }))
            }
        }
    }
}

fn equal(n: usize, rate: f64) -> Matrix {
    let mut matrix = Matrix::identity(n);
    if n > 1 {
        for i in 0..n {
            matrix.set_row(i, |_| rate / (n - 1) as f64);
        }
    }
    matrix
}

fn proportional(frequencies: &[f64], rate: f64, silent: f64) -> Result<Matrix, MutationError> {
    let mut matrix = Matrix::identity(frequencies.len());
    let heterozygosity: f64 = frequencies.iter().map(|p| p * (1.0 - p)).sum();
    if frequencies.len() < 2 || heterozygosity <= 0.0 {
        return Ok(matrix);
    }
    let scale = rate / ((1.0 - silent) * heterozygosity);
    for i in 0..frequencies.len() {
        matrix.set_row(i, |j| scale * frequencies[j]);
        if matrix.at(i, i) < 0.0 {
            return Err(MutationError::Infeasible { rate, leaves: 1.0 - matrix.at(i, i) });
        }
    }
    Ok(matrix)
}

fn stepwise(alleles: &[Allele], rate: f64, range: f64, microvariant_rate: f64) -> Matrix {
    let n = alleles.len();
    let mut matrix = Matrix::identity(n);
    for (i, from) in alleles.iter().enumerate() {
        let in_group = |j: usize| j != i && alleles[j].microvariant() == from.microvariant();
        let weight = |j: usize| libm::pow(range, (alleles[j].repeats() - from.repeats()).abs());
        let sum: f64 = (0..n).filter(|&j| in_group(j)).map(weight).sum();
        let others = alleles.iter().filter(|to| to.microvariant() != from.microvariant()).count();
        matrix.set_row(i, |j| if in_group(j) { rate * weight(j) / sum } else { microvariant_rate / others as f64 });
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn th01() -> (Vec<Allele>, Vec<f64>) {
        let tenths = [60, 70, 80, 90, 93, 100, 110, 120];
        let p = vec![0.1086, 0.25, 0.0516, 0.5263, 0.0402, 0.0223, 0.0005, 0.0005];
        (tenths.map(|t| Allele::from_tenths(t).unwrap()).to_vec(), p)
    }

    fn rates(rate: f64) -> MutationRates {
        MutationRates { male: rate, female: rate / 2.0 }
    }

    #[test]
    fn the_published_stepwise_example() {
        // The published example: TH01, r = 0.002, g = 0.1, s = 1e-6.
        let (alleles, p) = th01();
        let model = Mutation::Stepwise { rates: rates(0.002), range: 0.1, microvariant_rate: 1e-6 };
        let [male, _] = model.matrices(&alleles, &p).unwrap();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} {b}");
        near(male.at(3, 3), 0.997999);
        near(male.at(3, 4), 1e-6);
        near(male.at(3, 5), 0.002 * 0.1 / 0.222);
        near(male.at(4, 4), 1.0 - 1e-6);
        near(male.at(4, 3), 1e-6 / 7.0);
    }

    #[test]
    fn every_row_is_a_distribution_and_proportional_is_stationary() {
        let (alleles, p) = th01();
        let models = [
            Mutation::None,
            Mutation::Equal(rates(0.01)),
            Mutation::Proportional(rates(0.01)),
            Mutation::Stepwise { rates: rates(0.01), range: 0.5, microvariant_rate: 0.001 },
        ];
        for model in models {
            for matrix in model.matrices(&alleles, &p).unwrap() {
                for i in 0..alleles.len() {
                    assert!((matrix.row(i).iter().sum::<f64>() - 1.0).abs() < 1e-14);
                    assert!(matrix.row(i).iter().all(|&x| (0.0..=1.0).contains(&x)));
                }
            }
        }
        let [male, female] = models[2].matrices(&alleles, &p).unwrap();
        let mut mean = 0.0;
        for j in 0..p.len() {
            let arrives: f64 = (0..p.len()).map(|i| p[i] * male.at(i, j)).sum();
            assert!((arrives - p[j]).abs() < 1e-15);
            mean += p[j] * (1.0 - female.at(j, j));
        }
        assert!((mean - 0.005).abs() < 1e-15, "the mean rate is the rate asked for");
    }

    #[test]
    fn beside_silent_alleles_the_mean_rate_over_all_alleles_is_the_rate_asked_for() {
        let (alleles, p) = th01();
        let silent = 0.2;
        let [male, _] = Mutation::Proportional(rates(0.01)).matrices_beside(&alleles, &p, silent).unwrap();
        let mean: f64 = p.iter().enumerate().map(|(i, p)| (1.0 - silent) * p * (1.0 - male.at(i, i))).sum();
        assert!((mean - 0.01).abs() < 1e-15);
        // The equal model counts only the alleles that are not silent; each of them mutates with the rate.
        let [male, _] = Mutation::Equal(rates(0.01)).matrices_beside(&alleles, &p, silent).unwrap();
        assert!((male.at(0, 1) - 0.01 / 7.0).abs() < 1e-15 && (male.at(0, 0) - 0.99).abs() < 1e-15);
        let high = Mutation::Proportional(rates(0.5)).matrices_beside(&alleles, &p, 0.5);
        assert!(matches!(high, Err(MutationError::Infeasible { .. })));
    }

    #[test]
    fn refuses_parameters_that_make_no_matrix() {
        let (alleles, p) = th01();
        assert!(Mutation::Equal(rates(1.5)).matrices(&alleles, &p).is_err());
        assert!(Mutation::Equal(rates(f64::NAN)).matrices(&alleles, &p).is_err());
        let step = |range, s| Mutation::Stepwise { rates: rates(0.9), range, microvariant_rate: s };
        assert_eq!(step(0.0, 0.0).check(), Err(MutationError::Range(0.0)));
        assert!(step(0.1, 0.2).check().is_err());
        let high = Mutation::Proportional(rates(0.9)).matrices(&alleles, &p);
        assert!(matches!(high, Err(MutationError::Infeasible { .. })));
    }
}
