//! Views: ways to interpret the stated relationships of a family, either as stated or with one statement assumed false.

use serde::{Deserialize, Serialize};

use super::{Locus, Pseudonym, Relation};

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
    /// Both parents.
    pub const ALL: [Self; 2] = [Self::Father, Self::Mother];

    /// Returns the other parent.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Father => Self::Mother,
            Self::Mother => Self::Father,
        }
    }

    /// Returns `father` or `mother`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Father => "father",
            Self::Mother => "mother",
        }
    }
}

/// A way to interpret the stated relationships ("papers") of a family. Samples identify the relatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum View {
    /// Every statement is true.
    Stated,
    /// This sample comes from a person outside the family.
    Without {
        /// The relative in doubt.
        sample: Pseudonym,
        /// The stated relation of the sample.
        relation: Relation,
    },
    /// The stated father or mother is not a parent of the missing child, whose real parent on that side is unknown. The
    /// relationships among the relatives stay as stated.
    OtherParent {
        /// The parent in doubt.
        side: ParentSide,
    },
    /// These two samples were swapped.
    Exchanged {
        /// The first sample.
        sample: Pseudonym,
        /// The stated relation of the first sample.
        relation: Relation,
        /// The second sample.
        with: Pseudonym,
        /// The stated relation of the second sample.
        with_relation: Relation,
    },
    /// This stated full sibling is a half-sibling.
    Half {
        /// The sibling.
        sample: Pseudonym,
        /// The parent whom the sibling and the missing child share.
        shared: ParentSide,
    },
    /// This stated half-sibling is a full sibling.
    Full {
        /// The sibling.
        sample: Pseudonym,
    },
}

impl View {
    /// Returns the samples that this view names.
    pub fn samples(self) -> impl Iterator<Item = Pseudonym> {
        let (one, other) = match self {
            Self::Stated | Self::OtherParent { .. } => (None, None),
            Self::Without { sample, .. } | Self::Half { sample, .. } | Self::Full { sample } => (Some(sample), None),
            Self::Exchanged { sample, with, .. } => (Some(sample), Some(with)),
        };
        one.into_iter().chain(other)
    }

    /// Returns this view with its samples renamed by `rename`.
    ///
    /// # Errors
    /// Returns the first error of `rename`.
    pub fn renamed<E>(self, mut rename: impl FnMut(Pseudonym) -> Result<Pseudonym, E>) -> Result<Self, E> {
        Ok(match self {
            Self::Stated | Self::OtherParent { .. } => self,
            Self::Without { sample, relation } => Self::Without { sample: rename(sample)?, relation },
            Self::Exchanged { sample, relation, with, with_relation } => {
                Self::Exchanged { sample: rename(sample)?, relation, with: rename(with)?, with_relation }
            }
            Self::Half { sample, shared } => Self::Half { sample: rename(sample)?, shared },
            Self::Full { sample } => Self::Full { sample: rename(sample)? },
        })
    }
}

impl View {
    /// Length of [`Self::to_bytes`] in bytes.
    pub const BYTES: usize = 4 + 2 * Pseudonym::LEN;

    /// Encodes the view as bytes: the kind, the parent, two relations and two samples. Unused fields are zero, and
    /// different views have different bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let side = |side: ParentSide| 1 + side as u8;
        let relation = |relation: Relation| 1 + relation as u8;
        let facts = match self {
            Self::Stated => [0; 4],
            Self::Without { relation: one, .. } => [1, 0, relation(one), 0],
            Self::OtherParent { side: parent } => [2, side(parent), 0, 0],
            Self::Exchanged { relation: one, with_relation, .. } => [3, 0, relation(one), relation(with_relation)],
            Self::Half { shared, .. } => [4, side(shared), 0, 0],
            Self::Full { .. } => [5, 0, 0, 0],
        };
        let mut bytes = [0; Self::BYTES];
        let (begin, samples) = bytes.split_at_mut(facts.len());
        begin.copy_from_slice(&facts);
        for (place, sample) in samples.chunks_exact_mut(Pseudonym::LEN).zip(self.samples()) {
            place.copy_from_slice(sample.as_bytes());
        }
        bytes
    }

    /// Decodes the bytes of [`Self::to_bytes`]; `None` if no view has these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (&[kind, parent, one, other], samples) = bytes.split_first_chunk()?;
        let (samples, _) = samples.as_chunks();
        let [sample, with] = [samples[0], samples[1]].map(Pseudonym::from_bytes);
        let side = || ParentSide::ALL.into_iter().find(|&side| 1 + side as u8 == parent);
        let relation = |byte: u8| {
            let mut all = Relation::ALL.into_iter().chain([Relation::Parent, Relation::Member]);
            all.find(|&relation| 1 + relation as u8 == byte)
        };
        let view = match kind {
            0 => Self::Stated,
            1 => Self::Without { sample, relation: relation(one)? },
            2 => Self::OtherParent { side: side()? },
            3 => Self::Exchanged { sample, relation: relation(one)?, with, with_relation: relation(other)? },
            4 => Self::Half { sample, shared: side()? },
            5 => Self::Full { sample },
            _ => return None,
        };
        Some(view).filter(|view| view.to_bytes() == *bytes)
    }

    /// Describes the view in words. For relations that several relatives may have, the first 8 digits of the pseudonym
    /// follow.
    #[must_use]
    pub fn words(self) -> String {
        let who = |relation: Relation, sample: Pseudonym| match relation.is_unique() {
            true => relation.to_string(),
            false => format!("{relation} {}", &sample.to_string()[..8]),
        };
        match self {
            Self::Stated => "as stated".to_owned(),
            Self::Without { sample, relation } => format!("without the {}", who(relation, sample)),
            Self::OtherParent { side } => format!("with another {}", side.word()),
            Self::Exchanged { sample, relation, with, with_relation } => {
                format!("{} and {} exchanged", who(relation, sample), who(with_relation, with))
            }
            Self::Half { sample, shared } => {
                format!("{} as half-sibling through the {}", who(Relation::FullSibling, sample), shared.word())
            }
            Self::Full { sample } => format!("half-sibling {} as full sibling", &sample.to_string()[..8]),
        }
    }
}

/// The likelihood ratio of a pair in one view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InView {
    /// The view.
    pub view: View,
    /// log10 of the stated probability that the statement in doubt is false; 0 for [`View::Stated`].
    pub log10_doubt: f64,
    /// log10 of the likelihood ratio; negative infinity if the child is impossible.
    pub log10_lr: f64,
}

/// The results of all views of a family for one candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Views {
    /// The likelihood ratio in each view. [`View::Stated`] comes first, unless the family cannot be scored as stated.
    pub all: Vec<InView>,
    /// Index in `all` of the view that made the pair a candidate: among the views that reach their threshold, the one
    /// with the largest `log10_lr + log10_doubt`.
    pub made_by: usize,
    /// log10 of a single likelihood ratio over all views: the mean of their likelihood ratios. The weight of a view is
    /// its stated probability (1 for [`View::Stated`]) times the probability of the relatives' genotypes in it. `None`
    /// if that probability is 0 in every view.
    pub log10_lr_mixed: Option<f64>,
    /// Loci that show a contradiction in the family as stated, but not in the view that made the candidate: there the
    /// child is incompatible, or the relatives contradict each other.
    pub contradicting: Vec<Locus>,
}
