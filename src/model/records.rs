//! What matching compares: families of typed relatives, and children.

use super::{Profile, Pseudonym, Relation};

/// A typed relative of a missing child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relative {
    /// The sample.
    pub sample: Pseudonym,
    /// What the relative is to the missing child.
    pub relation: Relation,
    /// Genotypes in panel order.
    pub profile: Profile,
}

/// The relatives of one missing child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// The family.
    pub pseudonym: Pseudonym,
    /// Its relatives, ordered by relation and then by sample.
    pub relatives: Vec<Relative>,
}

/// A child of unknown origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// The sample.
    pub pseudonym: Pseudonym,
    /// Genotypes in panel order.
    pub profile: Profile,
}
