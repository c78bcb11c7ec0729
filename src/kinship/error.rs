//! Why a likelihood ratio cannot be computed.

use crate::model::{Locus, PedigreeError};
use crate::population::ModelError;

/// Why a pedigree cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StructureError {
    /// The relations contradict each other.
    #[error(transparent)]
    Pedigree(#[from] PedigreeError),
    /// More siblings than their 2^n phases allow.
    #[error("more than {most} typed children of one couple; leave out those typed at fewest loci")]
    Siblings {
        /// The most typed children that one couple may have.
        most: usize,
    },
}

/// An incompatibility of a frequency table and a model, with its locus.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("locus {locus}: {error}")]
#[non_exhaustive]
pub struct CalculatorError {
    /// The locus.
    pub locus: Locus,
    /// What is wrong.
    pub error: ModelError,
}

/// Why a likelihood ratio cannot be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KinshipError {
    /// The relations do not form a pedigree that can be peeled.
    #[error(transparent)]
    Structure(#[from] StructureError),
    /// The relatives' own genotypes are impossible under the model, so the ratio is 0/0.
    #[error(
        "the relatives' own genotypes contradict their relations under this model (no mutation explains them); check \
         samples and relations, or use a mutation model that allows it"
    )]
    Contradiction,
    /// A loop, or theta above 0, with more ways of descent than can be summed.
    #[error(
        "the pedigree is too large to compute with its loop, or with theta above 0; leave out untyped links or \
         siblings, or set theta to 0"
    )]
    TooLarge,
    /// The model cannot be built with an allele that the frequency table does not list.
    #[error("with an allele that the frequency table does not list: {0}")]
    Model(#[from] ModelError),
}
