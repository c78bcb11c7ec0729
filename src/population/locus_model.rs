//! Everything that the likelihood of a locus depends on, except the genotypes.

use crate::model::{Allele, Genotype};

use super::{Floor, LocusFrequencies, Matrix, Model, ModelError};

/// Alleles, frequencies and mutation matrices of one locus.
///
/// Normally over the alleles that the frequency table lists. Where a person carries an allele that it does not,
/// [`LocusModel::with_alleles`] gives the model that also has that allele: its frequency is the floor, all are
/// divided by their new sum, and the mutation matrices are built over the enlarged set.
///
/// Where the table has alleles without a name, they follow as one, of frequency r; the others have (1 - r) times what the
/// table says. It mutates as the model says, and shows in no profile.
///
/// A silent allele, where the model has one, is the last. Its frequency s is a share of all
/// alleles, so the others have (1 - s) times what the table says. It neither mutates nor arises by mutation;
/// [`super::Mutation`] says what that means for the rates of the others.
#[derive(Clone, Debug)]
pub struct LocusModel {
    alleles: Vec<Allele>,
    /// Of `alleles`, then of those without a name and of the silent allele, if there are such.
    frequencies: Vec<f64>,
    rest: f64,
    silent: f64,
    /// The two matrices, father's and mother's.
    transitions: [Matrix; 2],
    /// Positions in `alleles` of the alleles of the table.
    listed: Vec<usize>,
    floor: f64,
}

/// Shares of alleles that show in no profile; 0 without such.
#[derive(Clone, Copy)]
struct Unseen {
    /// Of those without a name, among all but silent ones.
    rest: f64,
    silent: f64,
}

impl LocusModel {
    /// The model over the listed alleles.
    ///
    /// # Errors
    /// [`ModelError`] if the mutation model cannot be built, or the floor needs a number of individuals.
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
        Ok(Self { alleles, frequencies, rest, silent, transitions, listed, floor })
    }

    /// Just these alleles, equally frequent and never mutating: enough to ask what is possible.
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
            alleles,
            floor: 1.0,
        }
    }

    /// This model with further alleles, those that it has already left out; `None` if there is none to add.
    ///
    /// # Errors
    /// [`ModelError`] if the mutation model cannot be built over the enlarged set, or the model refuses such alleles.
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
        // As the table says them, without the shares of those that nobody shows.
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

    /// This model with the rates of fathers and mothers exchanged.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        let mut mirrored = self.clone();
        mirrored.transitions.reverse();
        mirrored
    }

    /// How many alleles there are, those that nobody shows included: the length of [`Self::frequencies`] and the size of the
    /// matrices.
    #[must_use]
    pub fn size(&self) -> usize {
        self.frequencies.len()
    }

    /// The position of the silent allele, if the model has one.
    #[must_use]
    pub fn silent(&self) -> Option<usize> {
        (self.silent > 0.0).then_some(self.size() - 1)
    }

    /// The position of the alleles without a name, if the table has such.
    #[must_use]
    pub fn rest(&self) -> Option<usize> {
        (self.rest > 0.0).then_some(self.alleles.len())
    }

    /// All alleles with a name, rising.
    #[must_use]
    pub fn alleles(&self) -> &[Allele] {
        &self.alleles
    }

    /// Their frequencies, then those of the alleles without a name and of the silent one, if there are such; adding up to 1.
    #[must_use]
    pub fn frequencies(&self) -> &[f64] {
        &self.frequencies
    }

    /// The frequency of an allele as the table says it, without regard to silent alleles; the floor if it is not listed.
    #[must_use]
    pub fn frequency(&self, allele: Allele) -> f64 {
        self.position(allele).map_or(self.floor, |i| self.frequencies[i] / (1.0 - self.silent))
    }

    /// The frequency of an allele that the table does not list, before all are divided by their sum.
    #[must_use]
    pub fn floor(&self) -> f64 {
        self.floor
    }

    /// The father's transition matrix.
    #[must_use]
    pub fn paternal(&self) -> &Matrix {
        &self.transitions[0]
    }

    /// The mother's transition matrix.
    #[must_use]
    pub fn maternal(&self) -> &Matrix {
        &self.transitions[1]
    }

    /// Positions in [`Self::alleles`] of the alleles that the frequency table lists.
    #[must_use]
    pub fn listed(&self) -> &[usize] {
        &self.listed
    }

    /// Where an allele stands in [`Self::alleles`].
    #[must_use]
    pub fn position(&self, allele: Allele) -> Option<usize> {
        self.alleles.binary_search(&allele).ok()
    }

    /// Positions of a genotype's two alleles; `None` if the model lacks one.
    #[must_use]
    pub fn positions(&self, genotype: Genotype) -> Option<(usize, usize)> {
        Some((self.position(genotype.low())?, self.position(genotype.high())?))
    }

    /// The probability that an unrelated person has the genotype of these positions: `p^2` or `2 p q`
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
