//! Ways to read a family's papers: as they are stated, or with one statement taken to be false.

use serde::{Deserialize, Serialize};

use super::{Locus, Pseudonym};

/// One of a child's parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParentSide {
    /// The father.
    Father,
    /// The mother.
    Mother,
}

impl ParentSide {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Father, Self::Mother];

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Father => Self::Mother,
            Self::Mother => Self::Father,
        }
    }

    /// `father` or `mother`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Father => "father",
            Self::Mother => "mother",
        }
    }
}

/// A way to read a family's papers. Relatives are named by their samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum View {
    /// As they are stated.
    Stated,
    /// This sample is of nobody of the family.
    Without {
        /// The relative in doubt.
        sample: Pseudonym,
    },
    /// The stated father, or mother, is not the missing child's, whose own is unknown; the relatives are what they are to
    /// each other.
    OtherParent {
        /// Which of them.
        side: ParentSide,
    },
    /// These two samples were taken for each other.
    Exchanged {
        /// One.
        sample: Pseudonym,
        /// The other.
        with: Pseudonym,
    },
    /// This full sibling is a half-sibling.
    Half {
        /// The sibling.
        sample: Pseudonym,
        /// The parent whom the two have in common.
        shared: ParentSide,
    },
    /// This half-sibling is a full sibling.
    Full {
        /// The sibling.
        sample: Pseudonym,
    },
}

impl View {
    /// The samples that it names.
    pub fn samples(self) -> impl Iterator<Item = Pseudonym> {
        let (one, other) = match self {
            Self::Stated | Self::OtherParent { .. } => (None, None),
            Self::Without { sample } | Self::Half { sample, .. } | Self::Full { sample } => (Some(sample), None),
            Self::Exchanged { sample, with } => (Some(sample), Some(with)),
        };
        one.into_iter().chain(other)
    }

    /// The same with other names for the samples; what fails to be named is the error.
    ///
    /// # Errors
    /// That of `rename`.
    pub fn renamed<E>(self, mut rename: impl FnMut(Pseudonym) -> Result<Pseudonym, E>) -> Result<Self, E> {
        Ok(match self {
            Self::Stated | Self::OtherParent { .. } => self,
            Self::Without { sample } => Self::Without { sample: rename(sample)? },
            Self::Exchanged { sample, with } => Self::Exchanged { sample: rename(sample)?, with: rename(with)? },
            Self::Half { sample, shared } => Self::Half { sample: rename(sample)?, shared },
            Self::Full { sample } => Self::Full { sample: rename(sample)? },
        })
    }
}

impl View {
    /// Bytes of [`Self::to_bytes`].
    pub const BYTES: usize = 2 + 2 * Pseudonym::LEN;

    /// The view as bytes, which are another's for every other view: the kind, the parent, and two samples, zero where there
    /// is none.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let side = |side: ParentSide| 1 + side as u8;
        let (kind, side) = match self {
            Self::Stated => (0, 0),
            Self::Without { .. } => (1, 0),
            Self::OtherParent { side: parent } => (2, side(parent)),
            Self::Exchanged { .. } => (3, 0),
            Self::Half { shared, .. } => (4, side(shared)),
            Self::Full { .. } => (5, 0),
        };
        let mut bytes = [0; Self::BYTES];
        (bytes[0], bytes[1]) = (kind, side);
        for (place, sample) in bytes[2..].chunks_exact_mut(Pseudonym::LEN).zip(self.samples()) {
            place.copy_from_slice(sample.as_bytes());
        }
        bytes
    }

    /// The view of [`Self::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (samples, _) = bytes[2..].as_chunks();
        let [sample, with] = [samples[0], samples[1]].map(Pseudonym::from_bytes);
        let side = match bytes[1] {
            0 => None,
            one => Some(*ParentSide::ALL.get(usize::from(one) - 1)?),
        };
        let view = match (bytes[0], side) {
            (0, None) => Self::Stated,
            (1, None) => Self::Without { sample },
            (2, Some(side)) => Self::OtherParent { side },
            (3, None) => Self::Exchanged { sample, with },
            (4, Some(shared)) => Self::Half { sample, shared },
            (5, None) => Self::Full { sample },
            _ => return None,
        };
        Some(view).filter(|view| view.to_bytes() == *bytes)
    }
}

/// The likelihood ratio of a pair in one view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InView {
    /// The view.
    pub view: View,
    /// log10 of the stated probability that the papers are false in this way; 0 for [`View::Stated`].
    pub log10_doubt: f64,
    /// log10 of the likelihood ratio; negative infinity if the child is impossible.
    pub log10_lr: f64,
}

/// What the views of a family say of a candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Views {
    /// The likelihood ratio in each view; [`View::Stated`] is the first, unless the family cannot be scored as it is stated.
    pub all: Vec<InView>,
    /// Which of them made the pair a candidate: of those that reach their threshold the one with the most
    /// `log10_lr + log10_doubt`.
    pub made_by: usize,
    /// log10 of the one likelihood ratio over all views: their mean, each weighted with its stated probability, 1 for the
    /// papers, times the probability of the relatives' genotypes in it. Nothing if that is 0 in every view.
    pub log10_lr_mixed: Option<f64>,
    /// Loci at which the child is incompatible with the family as stated, and is not in the view that made the candidate.
    pub contradicting: Vec<Locus>,
}
