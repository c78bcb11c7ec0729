//! The model of one locus: everything that a likelihood depends on, except the genotypes.

use crate::model::{Allele, Genotype};

use super::{Floor, LocusFrequencies, Matrix, Model, ModelError};

/// Alleles, frequencies and mutation matrices of one locus.
///
/// By default, the model has the alleles that the frequency table lists. If a person carries an unlisted allele,
/// [`LocusModel::with_alleles`] returns a model that also has that allele: its frequency is the floor, all frequencies
/// are divided by their new sum, and the mutation matrices are built for the larger set.
///
/// If the table has a rest allele (all unnamed alleles taken together), it follows the named alleles with frequency r;
/// the frequencies of the others are (1 - r) times those of the table. It mutates as the mutation model defines, and no
/// profile shows it.
///
/// If the model has a silent allele, it is the last. Its frequency s is a share of all alleles, so the frequencies of
/// the others are (1 - s) times those of the table. It does not mutate, and no other allele mutates to it;
/// [`super::Mutation`] explains the effect on the rates of the others.
#[derive(Clone, Debug)]
pub struct LocusModel {
    alleles: Vec<Allele>,
    /// Frequencies of `alleles`, then of the rest allele and of the silent allele, if the model has them.
    frequencies: Vec<f64>,
    rest: f64,
    silent: f64,
    /// The two mutation matrices: the father's, then the mother's.
    transitions: [Matrix; 2],
    /// Positions in `alleles` of the alleles that the table lists.
    listed: Vec<usize>,
    /// All unordered pairs of alleles.
    pairs: Vec<(usize, usize)>,
    floor: f64,
}

/// Shares of the alleles that no profile shows; 0 if there are none.
#[derive(Clone, Copy)]
struct Unseen {
    /// Share of the rest allele among all alleles that are not silent.
    rest: f64,
    silent: f64,
}

impl LocusModel {
    /// Creates the model over the listed alleles.
    ///
    /// # Errors
    /// Returns [`ModelError`] if the mutation model cannot be built, or if the floor requires a number of individuals
    /// that the table lacks.
    pub fn new(locus: &LocusFrequencies, model: &Model) -> Result<Self, ModelError> {
        let floor = match model.floor {
            Floor::Fixed(floor) => floor,
            Floor::Counted => {
                let persons = locus.individuals().ok_or(ModelError::NoIndividuals)?;
                1.0 / (2.0 * f64::from(persons) + 1.0)
            }
            Floor::Refuse => f64::MIN_POSITIVE,
        };
        model.check()?;
        let listed = (0..locus.alleles().len()).collect();
        let silent = locus.silent().unwrap_or(model.silent);
        let unseen = Unseen { rest: locus.rest().unwrap_or(0.0), silent };
        Self::build(locus.alleles().to_vec(), locus.frequencies().to_vec(), unseen, listed, floor, model)
    }

    fn build(
        alleles: Vec<Allele>,
        mut frequencies: Vec<f64>,
        Unseen { rest, silent }: Unseen,
        listed: Vec<usize>,
        floor: f64,
        model: &Model,
    ) -> Result<Self, ModelError> {
        if rest > 0.0 {
            frequencies.iter_mut().for_each(|p| *p *= 1.0 - rest);
            frequencies.push(rest);
        }
        let mut transitions = model.mutation.matrices_beside(&alleles, &frequencies, silent)?;
        if silent > 0.0 {
            frequencies.iter_mut().for_each(|p| *p *= 1.0 - silent);
            frequencies.push(silent);
            transitions = transitions.map(|matrix| matrix.with_fixed());
        }
        let pairs = all_pairs(frequencies.len());
        Ok(Self { alleles, frequencies, rest, silent, transitions, listed, pairs, floor })
    }

    /// Creates a model of these alleles with equal frequencies and without mutation: sufficient to check what is
    /// possible.
    #[must_use]
    pub fn without_mutation(mut alleles: Vec<Allele>) -> Self {
        alleles.sort_unstable();
        alleles.dedup();
        let n = alleles.len();
        Self {
            frequencies: vec![1.0 / n as f64; n],
            rest: 0.0,
            silent: 0.0,
            transitions: [Matrix::identity(n), Matrix::identity(n)],
            listed: (0..n).collect(),
            pairs: all_pairs(n),
            alleles,
            floor: 1.0,
        }
    }

    /// Returns this model with additional alleles and skips those that it already has; `None` if there is none to add.
    ///
    /// # Errors
    /// Returns [`ModelError`] if the mutation model cannot be built for the larger set, or if the model rejects
    /// unlisted alleles.
    pub fn with_alleles(&self, more: &[Allele], model: &Model) -> Result<Option<Self>, ModelError> {
        let mut unlisted: Vec<Allele> = more.iter().copied().filter(|&a| self.position(a).is_none()).collect();
        unlisted.sort_unstable();
        unlisted.dedup();
        if unlisted.is_empty() {
            return Ok(None);
        }
        if model.floor == Floor::Refuse {
            return Err(ModelError::Refused);
        }
        // The frequencies of the table, without the shares of the rest allele and the silent allele.
        let named = self.frequencies.iter().map(|p| p / ((1.0 - self.silent) * (1.0 - self.rest)));
        let known = self.alleles.iter().copied().zip(named);
        let mut pairs: Vec<(Allele, f64)> = known.chain(unlisted.iter().map(|&a| (a, self.floor))).collect();
        pairs.sort_by_key(|pair| pair.0);
        let sum: f64 = pairs.iter().map(|pair| pair.1).sum();
        let alleles: Vec<Allele> = pairs.iter().map(|pair| pair.0).collect();
        let frequencies: Vec<f64> = pairs.iter().map(|pair| pair.1 / sum).collect();
        let moved = |&i: &usize| alleles.iter().position(|&a| a == self.alleles[i]);
        let listed = self.listed.iter().filter_map(moved).collect();
        let unseen = Unseen { rest: self.rest, silent: self.silent };
        Self::build(alleles, frequencies, unseen, listed, self.floor, model).map(Some)
    }

    /// Returns this model with the mutation matrices of fathers and mothers swapped.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        let mut mirrored = self.clone();
        mirrored.transitions.reverse();
        mirrored
    }

    /// Returns the number of alleles, including the rest allele and the silent allele: the length of
    /// [`Self::frequencies`] and the size of the matrices.
    #[must_use]
    pub fn size(&self) -> usize {
        self.frequencies.len()
    }

    /// Returns the position of the silent allele, if the model has one.
    #[must_use]
    pub fn silent(&self) -> Option<usize> {
        (self.silent > 0.0).then_some(self.size() - 1)
    }

    /// Returns the position of the rest allele, if the table has one.
    #[must_use]
    pub fn rest(&self) -> Option<usize> {
        (self.rest > 0.0).then_some(self.alleles.len())
    }

    /// Returns all named alleles in rising order.
    #[must_use]
    pub fn alleles(&self) -> &[Allele] {
        &self.alleles
    }

    /// Returns the frequencies of the named alleles, then of the rest allele and of the silent allele, if the model has
    /// them. They add up to 1.
    #[must_use]
    pub fn frequencies(&self) -> &[f64] {
        &self.frequencies
    }

    /// Returns the frequency of an allele among all alleles that are not silent; the floor if the model lacks the
    /// allele.
    #[must_use]
    pub fn frequency(&self, allele: Allele) -> f64 {
        self.position(allele).map_or(self.floor, |i| self.frequencies[i] / (1.0 - self.silent))
    }

    /// Returns the frequency of an unlisted allele before normalisation.
    #[must_use]
    pub fn floor(&self) -> f64 {
        self.floor
    }

    /// Returns the father's mutation matrix.
    #[must_use]
    pub fn paternal(&self) -> &Matrix {
        &self.transitions[0]
    }

    /// Returns the mother's mutation matrix.
    #[must_use]
    pub fn maternal(&self) -> &Matrix {
        &self.transitions[1]
    }

    /// Returns the positions in [`Self::alleles`] of the alleles that the frequency table lists.
    #[must_use]
    pub fn listed(&self) -> &[usize] {
        &self.listed
    }

    /// Returns all unordered pairs of alleles, also of those that no profile shows, as positions of which the first is
    /// not above the second: in the order of [`genotype_code`](crate::model::genotype_code).
    #[must_use]
    pub fn pairs(&self) -> &[(usize, usize)] {
        &self.pairs
    }

    /// Returns the position of an allele in [`Self::alleles`]; `None` if the model lacks it.
    #[must_use]
    pub fn position(&self, allele: Allele) -> Option<usize> {
        self.alleles.binary_search(&allele).ok()
    }

    /// Returns the positions of a genotype's two alleles; `None` if the model lacks one of them.
    #[must_use]
    pub fn positions(&self, genotype: Genotype) -> Option<(usize, usize)> {
        Some((self.position(genotype.low())?, self.position(genotype.high())?))
    }

    /// Returns the probability that an unrelated person has the genotype of these positions: `p^2` or `2 p q`
    /// (Hardy-Weinberg).
    ///
    /// # Panics
    /// If a position is out of range.
    #[must_use]
    pub fn genotype_probability(&self, i: usize, j: usize) -> f64 {
        let product = self.frequencies[i] * self.frequencies[j];
        if i == j { product } else { 2.0 * product }
    }
}

fn all_pairs(alleles: usize) -> Vec<(usize, usize)> {
    (0..alleles).flat_map(|b| (0..=b).map(move |a| (a, b))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::FrequencyTable;

    #[test]
    fn an_unlisted_allele_gets_the_floor_and_all_still_add_up() {
        let table = FrequencyTable::from_counts(&[("A", &[(80, 0.5), (100, 0.5)])]).unwrap();
        let model = Model::default();
        let locus = LocusModel::new(&table.loci()[0], &model).unwrap();
        let nine = Allele::from_tenths(90).unwrap();
        assert!(locus.with_alleles(&[locus.alleles()[0]], &model).unwrap().is_none());
        let more = locus.with_alleles(&[nine, nine], &model).unwrap().unwrap();
        assert_eq!(more.alleles()[1], nine);
        assert_eq!(more.listed(), [0, 2]);
        let floor = 1.0 / 2001.0;
        assert_eq!(more.frequencies()[1], floor / (1.0 + floor));
        assert!((more.frequencies().iter().sum::<f64>() - 1.0).abs() < 1e-15);
        assert_eq!(more.paternal().size(), 3);
        let refusing = Model { floor: Floor::Refuse, ..model };
        assert!(matches!(locus.with_alleles(&[nine], &refusing), Err(ModelError::Refused)));
    }

    #[test]
    fn a_silent_allele_takes_its_share_and_never_mutates() {
        let table = FrequencyTable::from_counts(&[("A", &[(80, 0.25), (90, 0.75)])]).unwrap();
        let model = Model { silent: 0.2, ..Model::default() };
        let locus = LocusModel::new(&table.loci()[0], &model).unwrap();
        assert_eq!((locus.silent(), locus.size(), locus.alleles().len()), (Some(2), 3, 2));
        assert_eq!(locus.frequencies(), [0.25 * 0.8, 0.75 * 0.8, 0.2]);
        assert_eq!(locus.paternal().row(2), [0.0, 0.0, 1.0]);
        assert!((locus.paternal().at(0, 1) - 0.002).abs() < 1e-15);
        let ten = Allele::from_tenths(100).unwrap();
        let more = locus.with_alleles(&[ten], &model).unwrap().unwrap();
        let floor = 1.0 / 2001.0;
        assert!((more.frequencies()[2] - 0.8 * floor / (1.0 + floor)).abs() < 1e-15);
        assert!((more.frequencies()[3] - 0.2).abs() < 1e-15);
    }
}
