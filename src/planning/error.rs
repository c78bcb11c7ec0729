//! What can go wrong.

use crate::kinship::{CalculatorError, KinshipError};
use crate::model::Locus;
use crate::population::FrequencyTableError;

/// Why a family's power cannot be given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanningError {
    /// The family's likelihoods cannot be computed.
    #[error("at locus {locus}: {reason}")]
    Kinship {
        /// The first locus that fails.
        locus: Locus,
        /// Why.
        reason: KinshipError,
    },
    /// The model does not go with the frequencies and the family's unlisted alleles.
    #[error(transparent)]
    Calculator(#[from] CalculatorError),
    /// The frequencies cannot take the family's unlisted alleles.
    #[error("with the alleles that the frequency table does not list: {0}")]
    Frequencies(#[from] FrequencyTableError),
}
