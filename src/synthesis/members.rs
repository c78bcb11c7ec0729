//! Draws everyone of one pedigree again and again, to simulate a relation.

use crate::model::{Pedigree, Profile};
use crate::population::{FrequencyTable, Model, MutationError};

use super::genes::GenePool;
use super::random::{Purpose, Seed};

/// Draws of one pedigree. Each draw has a stream of its own, so that a draw does not depend on how many there are.
pub struct PedigreeDraws<'a> {
    pool: GenePool,
    pedigree: &'a Pedigree,
    seed: Seed,
}

impl<'a> PedigreeDraws<'a> {
    /// Prepares the draws. Alleles follow `table` and mutations follow `model`; other settings of the model are not used.
    ///
    /// # Errors
    /// [`MutationError`] if the mutation model gives no matrix for the table.
    pub fn new(
        table: &FrequencyTable,
        model: &Model,
        pedigree: &'a Pedigree,
        seed: u64,
    ) -> Result<Self, MutationError> {
        Ok(Self { pool: GenePool::new(table, &model.mutation)?, pedigree, seed: Seed::new(seed) })
    }

    /// Draws everyone, in the order of the pedigree, typed at all loci.
    #[must_use]
    pub fn members(&self, number: usize) -> Vec<Profile> {
        let everyone = self.pool.drop(self.pedigree, &mut self.seed.stream(Purpose::Validation, number));
        everyone.iter().map(|genes| self.pool.profile(genes, u64::MAX)).collect()
    }

    /// Draws a person who is related to nobody.
    #[must_use]
    pub fn stranger(&self, number: usize) -> Profile {
        let genes = self.pool.founder(&mut self.seed.stream(Purpose::ValidationStranger, number));
        self.pool.profile(&genes, u64::MAX)
    }
}
