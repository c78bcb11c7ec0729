//! What matching compares: families of typed relatives, and children.

use std::sync::Arc;

use super::{DropOut, Pedigree, Profile, Pseudonym, Relation};

/// A typed relative of a missing child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relative {
    /// The sample.
    pub sample: Pseudonym,
    /// What the relative is to the missing child.
    pub relation: Relation,
    /// Genotypes in panel order.
    pub profile: Profile,
    /// The sample's own drop-out probability, in place of the model's.
    pub drop_out: Option<DropOut>,
}

/// The relatives of one missing child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// The family.
    pub pseudonym: Pseudonym,
    /// Its relatives, ordered by relation and then by sample.
    pub relatives: Vec<Relative>,
    /// The pedigree, where relations do not say it. Then every relation is [`Relation::Member`], and the relatives run
    /// along [`Pedigree::relatives`].
    pub pedigree: Option<Arc<Pedigree>>,
}

impl Family {
    /// What a relative is to the missing child, as far as the others tell: [`Relation::beside`] them.
    #[must_use]
    pub fn relation(&self, relative: &Relative) -> Relation {
        relative.relation.beside(|other| self.relatives.iter().any(|relative| relative.relation == other))
    }

    /// [`Self::relation`] of each relative.
    #[must_use]
    pub fn relations(&self) -> Vec<Relation> {
        self.relatives.iter().map(|relative| self.relation(relative)).collect()
    }
}

/// A family's pedigree and who in it is which sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyPedigree {
    /// The family.
    pub family: Pseudonym,
    /// The pedigree.
    pub pedigree: Pedigree,
    /// The samples of [`Pedigree::relatives`], rising.
    pub samples: Vec<Pseudonym>,
}

impl FamilyPedigree {
    /// Position of a sample in the pedigree.
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
    /// The sample's own drop-out probability, in place of the model's.
    pub drop_out: Option<DropOut>,
}
