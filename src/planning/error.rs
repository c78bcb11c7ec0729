//! Errors of planning: why the expected power of a family cannot be computed.

use crate::kinship::{CalculatorError, KinshipError};
use crate::model::Locus;
use crate::population::FrequencyTableError;

/// Why the expected power of a family cannot be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanningError {
    /// The family's likelihoods cannot be computed.
    #[error("at locus {locus}: {reason}")]
    Kinship {
        /// The first locus that fails.
        locus: Locus,
        /// The reason.
        reason: KinshipError,
    },
    /// The model is incompatible with the frequencies or the family's unlisted alleles.
    #[error(transparent)]
    Calculator(#[from] CalculatorError),
    /// The family's unlisted alleles cannot be added to the frequencies.
    #[error("with the alleles that the frequency table does not list: {0}")]
    Frequencies(#[from] FrequencyTableError),
}
