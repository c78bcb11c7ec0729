//! The settings of the likelihood model: mutation, untyped persons, unlisted alleles, theta, silent alleles, drop-out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Floor, Mutation, MutationError, MutationRates};

/// The origin of an untyped parent's allele. It matters if mutation changes the allele frequencies over generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Convention {
    /// Leaves out an untyped person who carries no information at the locus; the allele that the person would transmit
    /// follows the population frequencies. A locus without a typed relative gives an LR of exactly 1, unless the child
    /// is inbred.
    Pruned,
    /// Keeps every person of the pedigree, so that the allele of an untyped founder also passes through mutation.
    Full,
}

impl Convention {
    /// Returns the word used on the command line and in reports.
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

/// All settings that affect a likelihood ratio, except the frequencies.
///
/// ```
/// use reunite::population::{Floor, Model, Mutation, MutationRates};
///
/// // Mutations per transmission; theta is an F_ST; the floor is a frequency.
/// let model = Model {
///     mutation: Mutation::Equal(MutationRates { male: 0.002, female: 0.0005 }),
///     floor: Floor::Fixed(0.001),
///     theta: 0.01,
///     ..Model::default()
/// };
/// model.check()?;
/// assert_eq!(
///     model.to_string(),
///     "mutation equal (rate male 0.002, female 0.0005); theta 0.01; untyped pruned; unlisted alleles 0.001"
/// );
/// # Ok::<(), reunite::population::ModelError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The mutation model.
    pub mutation: Mutation,
    /// The treatment of untyped persons.
    pub convention: Convention,
    /// Frequency of an allele that the table does not list.
    pub floor: Floor,
    /// F_ST, at least 0 and below 1: the similarity of the alleles of unrelated persons (Balding & Nichols 1994).
    pub theta: f64,
    /// Frequency of silent (null) alleles, at least 0 and below 1, at loci for which the frequency table states none.
    pub silent: f64,
    /// The probabilities that an allele does not show.
    pub drop_out: DropOuts,
}

/// Probabilities of allelic drop-out: the probability that a given copy of an allele does not show in the profile.
///
/// Copies drop out independently, so a heterozygote shows one allele with probability 2 d (1 - d), and a genotype shows
/// nothing with probability d^2. A locus that shows nothing is untyped. Because d^2 is the same for every genotype,
/// skipping these loci causes no bias.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct DropOuts {
    /// In profiles of relatives.
    pub relatives: f64,
    /// In profiles of children.
    pub children: f64,
}

/// The reason why a model cannot be used for computation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// See [`MutationError`].
    #[error(transparent)]
    Mutation(#[from] MutationError),
    /// [`Floor::Counted`] was used with a table that does not state the number of counted persons.
    #[error(
        "the frequency table does not say how many individuals were counted, so the floor (n+1)/(2N+1) of unlisted \
         alleles is unknown; add that number to it, as a row or column N; or, where a store is made and for `lr`, give \
         --rare-allele-frequency"
    )]
    NoIndividuals,
    /// Theta is outside [0, 1).
    #[error("a theta of {0} is not from 0 and below 1")]
    Theta(f64),
    /// The frequency of silent alleles is outside [0, 1).
    #[error("a frequency of {0} for silent alleles is not from 0 and below 1")]
    Silent(f64),
    /// A drop-out probability is outside [0, 1).
    #[error("a drop-out probability of {0} is not from 0 and below 1")]
    DropOut(f64),
    /// An allele has no frequency, and the floor is [`Floor::Refuse`].
    #[error(
        "an allele has no frequency, and the model refuses such alleles; complete the frequency table, or give \
         --rare-allele-frequency"
    )]
    Refused,
    /// A fixed floor is not above 0 and below 1.
    #[error("a frequency of {0} for unlisted alleles is not above 0 and below 1")]
    Floor(f64),
}

impl Default for Model {
    /// Returns the default model: stepwise mutation with range 0.1 and microvariant rate 1e-6; rate 0.002 in fathers
    /// (the rate of Chinese laboratory practice) and 0.002 / 3.5 = 0.00057 in mothers; untyped persons pruned; floor
    /// (n+1)/(2N+1).
    fn default() -> Self {
        Self {
            mutation: Mutation::Stepwise {
                rates: MutationRates { male: 0.002, female: 0.000_57 },
                range: 0.1,
                microvariant_rate: 1e-6,
            },
            convention: Convention::Pruned,
            floor: Floor::Counted,
            theta: 0.0,
            silent: 0.0,
            drop_out: DropOuts::default(),
        }
    }
}

impl Model {
    /// Checks the numbers that can be checked without a frequency table.
    ///
    /// # Errors
    /// Returns [`ModelError`] with the first number that is out of range.
    pub fn check(&self) -> Result<(), ModelError> {
        let share = |value: f64, error: fn(f64) -> ModelError| {
            if (0.0..1.0).contains(&value) { Ok(()) } else { Err(error(value)) }
        };
        self.mutation.check()?;
        share(self.theta, ModelError::Theta)?;
        share(self.silent, ModelError::Silent)?;
        share(self.drop_out.relatives, ModelError::DropOut)?;
        share(self.drop_out.children, ModelError::DropOut)?;
        match self.floor {
            Floor::Fixed(floor) if !(floor > 0.0 && floor < 1.0) => Err(ModelError::Floor(floor)),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Model {
    /// Writes one line that names every setting, as in reports.
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
        write!(f, "; theta {}; untyped {}; unlisted alleles ", self.theta, self.convention.word())?;
        match self.floor {
            Floor::Counted => write!(f, "(n+1)/(2N+1)")?,
            Floor::Fixed(floor) => write!(f, "{floor}")?,
            Floor::Refuse => write!(f, "refused")?,
        }
        if self.silent > 0.0 {
            write!(f, "; silent alleles {}", self.silent)?;
        }
        let DropOuts { relatives, children } = self.drop_out;
        if relatives > 0.0 || children > 0.0 {
            write!(f, "; drop-out in relatives {relatives}, in children {children}")?;
        }
        Ok(())
    }
}
