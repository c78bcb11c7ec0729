//! The records that matching compares: families of typed relatives, and children of unknown origin.

use std::sync::Arc;

use super::{DropOut, Pedigree, Profile, Pseudonym, Relation};

/// A typed relative of a missing child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relative {
    /// The sample.
    pub sample: Pseudonym,
    /// The relation of the relative to the missing child.
    pub relation: Relation,
    /// Genotypes in panel order.
    pub profile: Profile,
    /// The sample's own drop-out probability, which replaces the model's.
    pub drop_out: Option<DropOut>,
}

/// The relatives of one missing child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// The family.
    pub pseudonym: Pseudonym,
    /// Its relatives, ordered by relation and then by sample.
    pub relatives: Vec<Relative>,
    /// The pedigree, if the relations do not define it. Every relation is then [`Relation::Member`], and the relatives
    /// follow the order of [`Pedigree::relatives`].
    pub pedigree: Option<Arc<Pedigree>>,
}

impl Family {
    /// Returns the relation of a relative to the missing child. The other relatives may determine the sex of a
    /// [`Relation::Parent`]: see [`Relation::beside`].
    #[must_use]
    pub fn relation(&self, relative: &Relative) -> Relation {
        relative.relation.beside(|other| self.relatives.iter().any(|relative| relative.relation == other))
    }

    /// Returns [`Self::relation`] of each relative.
    #[must_use]
    pub fn relations(&self) -> Vec<Relation> {
        self.relatives.iter().map(|relative| self.relation(relative)).collect()
    }
}

/// A family's pedigree, and the sample of each typed person in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyPedigree {
    /// The family.
    pub family: Pseudonym,
    /// The pedigree.
    pub pedigree: Pedigree,
    /// The samples of [`Pedigree::relatives`], in the same order, rising.
    pub samples: Vec<Pseudonym>,
}

impl FamilyPedigree {
    /// Returns the position of a sample's donor in the pedigree; `None` if the sample is not in it.
    #[must_use]
    pub fn place(&self, sample: Pseudonym) -> Option<usize> {
        let at = self.samples.binary_search(&sample).ok()?;
        self.pedigree.relatives().get(at).copied()
    }
}

/// A child of unknown origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// The sample.
    pub pseudonym: Pseudonym,
    /// Genotypes in panel order.
    pub profile: Profile,
    /// The sample's own drop-out probability, which replaces the model's.
    pub drop_out: Option<DropOut>,
}
