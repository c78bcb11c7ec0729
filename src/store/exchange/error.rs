//! Defines why an exchange with another agency is refused.

use std::path::PathBuf;

use crate::exchange::{CardError, ContentKind, PackageFault};
use crate::model::{Pseudonym, shown_path};

/// Reason why nothing is sent to an agency, or nothing taken from it. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// No agency has the name. The error does not repeat it, because it may be a person's.
    #[error("no agency has the given name; `reunite exchange partner list` lists them")]
    NoPartner,
    /// An agency has the name already.
    #[error("there is an agency {0:?} already; `--replace` gives it another card")]
    PartnerExists(String),
    /// A name that cannot be written in lists.
    #[error("the name of an agency has 1 to 60 letters, digits, blanks and the characters - _ . and no other")]
    PartnerName,
    /// Another agency has the card.
    #[error("the agency {0:?} has this card already")]
    CardInUse(String),
    /// The card is that of the given exchange key.
    #[error("the card is that of this laboratory's own exchange key")]
    OwnCard,
    /// A card cannot be read.
    #[error("{}: {source}", shown_path(path))]
    Card {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: CardError,
    },
    /// Nothing is exchanged with the agency any more.
    #[error("the agency {0:?} is revoked; `reunite exchange partner add --replace` with a new card admits it again")]
    Revoked(String),
    /// The sender is not among the agencies.
    #[error(
        "it says that it is from the agency with the card {0}, which is not among the agencies of this store; if the \
         agency confirms that fingerprint by telephone, add it with `reunite exchange partner add`"
    )]
    UnknownSender(String),
    /// A package is refused.
    #[error("{}: {source}", shown_path(path))]
    Package {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PackageFault,
    },
    /// A package that was taken already, or one from before it.
    #[error(
        "it is package {number} of {agency} ({}), and package {last} was taken already: nothing to do; only if the store of {agency} was \
         restored from a backup, ask for one with `--complete --after {last}`", content.word()
    )]
    Replay {
        /// The agency.
        agency: String,
        /// What the package holds.
        content: ContentKind,
        /// The number of the package.
        number: u64,
        /// The number of the last one taken.
        last: u64,
    },
    /// Packages before it are missing.
    #[error(
        "it is package {number} of {agency} ({}), and package {last} was the last one taken (0: none): take those between them first, or \
         ask {agency} for one with `--complete`", content.word()
    )]
    Gap {
        /// The agency.
        agency: String,
        /// What the package holds.
        content: ContentKind,
        /// The number of the package.
        number: u64,
        /// The number of the last one taken.
        last: u64,
    },
    /// It follows another package than the one that was taken.
    #[error(
        "it is package {number} of {agency} ({}), and does not follow the package before it that was taken here; ask {agency} for \
         one with `--complete`", content.word()
    )]
    OtherHistory {
        /// The agency.
        agency: String,
        /// What the package holds.
        content: ContentKind,
        /// The number of the package.
        number: u64,
    },
    /// Two names of the package become one pseudonym, or a pseudonym is of somebody else.
    #[error("the record {0} of the package has the pseudonym of another record of this store")]
    Collision(Pseudonym),
    /// Records contradict the store in a way that cannot be settled.
    #[error("{number} records of the package contradict the store; the first: {first}")]
    Conflicts {
        /// How many.
        number: usize,
        /// The first one.
        first: String,
    },
    /// A number of a package that is below the last one, or too large.
    #[error("--after {after} is below the last package to {agency}, which is {last}, or too large")]
    After {
        /// The agency.
        agency: String,
        /// The number given.
        after: u64,
        /// The number of the last package.
        last: u64,
    },
}
