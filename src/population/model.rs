//! The choices that turn genotypes into likelihoods.

use std::fmt;
use std::str::FromStr;

use super::{Floor, Mutation, MutationError, MutationRates};

/// Where the allele of an untyped parent comes from, if mutation changes the frequencies over generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// An untyped person who carries no information at the locus is left out, and the allele it would hand on
    /// follows the population frequencies. A locus without a typed relative gives exactly 1.
    Pruned,
    /// Every person of the pedigree stays, so an untyped founder's allele goes through mutation.
    Full,
}

impl Convention {
    /// The word used on the command line and in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pruned => "pruned",
            Self::Full => "full",
        }
    }
}

impl FromStr for Convention {
    type Err = crate::model::UnknownWord;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "pruned" => Ok(Self::Pruned),
            "full" => Ok(Self::Full),
            _ => Err(crate::model::UnknownWord { choices: "pruned, full" }),
        }
    }
}

/// Every choice that enters a likelihood ratio beside the frequencies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// How alleles mutate.
    pub mutation: Mutation,
    /// What untyped persons hand on.
    pub convention: Convention,
    /// Frequency of an allele that the table does not list.
    pub floor: Floor,
}

/// A model that cannot be computed with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// See [`MutationError`].
    #[error(transparent)]
    Mutation(#[from] MutationError),
    /// [`Floor::Counted`] on a table that does not say how many persons were counted.
    #[error(
        "the frequency table does not say how many individuals were counted, so the floor (n+1)/(2N+1) of unlisted \
         alleles is unknown: add the column individuals, or give --rare-allele-frequency"
    )]
    NoIndividuals,
    /// A fixed floor that is no frequency.
    #[error("a frequency of {0} for unlisted alleles is not above 0 and below 1")]
    Floor(f64),
}

impl Default for Model {
    /// Stepwise mutation, range 0.1, microvariant rate 1e-6; 0.002 in fathers (the rate of Chinese laboratory
    /// practice) and 0.002 / 3.5 = 0.00057 in mothers; pruned; floor (n+1)/(2N+1).
    fn default() -> Self {
        Self {
            mutation: Mutation::Stepwise {
                rates: MutationRates { male: 0.002, female: 0.000_57 },
                range: 0.1,
                microvariant_rate: 1e-6,
            },
            convention: Convention::Pruned,
            floor: Floor::Counted,
        }
    }
}

impl fmt::Display for Model {
    /// One line that names every choice, as reports print it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mutation {}", self.mutation.name())?;
        match self.mutation {
            Mutation::None => {}
            Mutation::Equal(rates) | Mutation::Proportional(rates) => {
                write!(f, " (rate male {}, female {})", rates.male, rates.female)?;
            }
            Mutation::Stepwise { rates, range, microvariant_rate } => write!(
                f,
                " (rate male {}, female {}, range {range}, microvariant rate {microvariant_rate})",
                rates.male, rates.female
            )?,
        }
        write!(f, "; theta 0; untyped {}; unlisted alleles ", self.convention.word())?;
        match self.floor {
            Floor::Counted => write!(f, "(n+1)/(2N+1)"),
            Floor::Fixed(floor) => write!(f, "{floor}"),
        }
    }
}
