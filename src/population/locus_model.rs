//! Everything that the likelihood of a locus depends on, except the genotypes.

use crate::model::{Allele, Genotype};

use super::{Floor, LocusFrequencies, Matrix, Model, ModelError};

/// Alleles, frequencies and mutation matrices of one locus.
///
/// Normally over the alleles that the frequency table lists. Where a person carries an allele that it does not,
/// [`LocusModel::with_alleles`] gives the model that also has that allele: its frequency is the floor, all are
/// divided by their new sum, and the mutation matrices are built over the enlarged set.
#[derive(Clone, Debug)]
pub struct LocusModel {
    alleles: Vec<Allele>,
    frequencies: Vec<f64>,
    /// The two matrices, father's and mother's.
    transitions: [Matrix; 2],
    /// Positions in `alleles` of the alleles of the table.
    listed: Vec<usize>,
    floor: f64,
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
        };
        if !(floor > 0.0 && floor < 1.0) {
            return Err(ModelError::Floor(floor));
        }
        Ok(Self {
            alleles: locus.alleles().to_vec(),
            frequencies: locus.frequencies().to_vec(),
            transitions: model.mutation.matrices(locus.alleles(), locus.frequencies())?,
            listed: (0..locus.alleles().len()).collect(),
            floor,
        })
    }

    /// Just these alleles, equally frequent and never mutating: enough to ask what is possible.
    #[must_use]
    pub fn without_mutation(mut alleles: Vec<Allele>) -> Self {
        alleles.sort_unstable();
        alleles.dedup();
        let n = alleles.len();
        Self {
            frequencies: vec![1.0 / n as f64; n],
            transitions: [Matrix::identity(n), Matrix::identity(n)],
            listed: (0..n).collect(),
            alleles,
            floor: 1.0,
        }
    }

    /// This model with further alleles, those that it has already left out; `None` if there is none to add.
    ///
    /// # Errors
    /// [`ModelError`] if the mutation model cannot be built over the enlarged set.
    pub fn with_alleles(&self, more: &[Allele], model: &Model) -> Result<Option<Self>, ModelError> {
        let mut unlisted: Vec<Allele> = more.iter().copied().filter(|&a| self.position(a).is_none()).collect();
        unlisted.sort_unstable();
        unlisted.dedup();
        if unlisted.is_empty() {
            return Ok(None);
        }
        let known = self.alleles.iter().copied().zip(self.frequencies.iter().copied());
        let mut pairs: Vec<(Allele, f64)> = known.chain(unlisted.iter().map(|&a| (a, self.floor))).collect();
        pairs.sort_by_key(|pair| pair.0);
        let sum: f64 = pairs.iter().map(|pair| pair.1).sum();
        let alleles: Vec<Allele> = pairs.iter().map(|pair| pair.0).collect();
        let frequencies: Vec<f64> = pairs.iter().map(|pair| pair.1 / sum).collect();
        let moved = |&i: &usize| alleles.iter().position(|&a| a == self.alleles[i]);
        Ok(Some(Self {
            transitions: model.mutation.matrices(&alleles, &frequencies)?,
            listed: self.listed.iter().filter_map(moved).collect(),
            floor: self.floor,
            alleles,
            frequencies,
        }))
    }

    /// All alleles of the model, rising.
    #[must_use]
    pub fn alleles(&self) -> &[Allele] {
        &self.alleles
    }

    /// Their frequencies, adding up to 1.
    #[must_use]
    pub fn frequencies(&self) -> &[f64] {
        &self.frequencies
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
    }
}
