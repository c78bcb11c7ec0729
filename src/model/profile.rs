//! A person's genotypes over a panel of loci.

use std::fmt;

use super::Genotype;

/// The genotypes of one person in panel order; `None` where the person is untyped.
///
/// A profile identifies a person, so its `Debug` shows only how many loci are typed.
///
/// ```
/// use reunite::model::{Panel, Profile};
///
/// let panel = Panel::new(vec!["vWA".parse()?, "FGA".parse()?])?;
/// let profile = Profile::new(vec![Some("14/15".parse()?), None]);
/// assert_eq!(profile.typed_loci(), 1);
/// let locus = panel.position(&"vWA".parse()?).ok_or("the panel has no vWA")?;
/// assert_eq!(profile.at(locus), Some("14/15".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Profile {
    genotypes: Vec<Option<Genotype>>,
}

impl Profile {
    /// Creates a profile of these genotypes, one entry per locus of the panel.
    #[must_use]
    pub fn new(genotypes: Vec<Option<Genotype>>) -> Self {
        Self { genotypes }
    }

    /// Returns the genotypes in panel order.
    #[must_use]
    pub fn genotypes(&self) -> &[Option<Genotype>] {
        &self.genotypes
    }

    /// Returns the genotype at a position of the panel; `None` if the person is untyped there.
    #[must_use]
    pub fn at(&self, position: usize) -> Option<Genotype> {
        self.genotypes.get(position).copied().flatten()
    }

    /// Returns the number of typed loci.
    #[must_use]
    pub fn typed_loci(&self) -> usize {
        self.genotypes.iter().flatten().count()
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profile({} of {} loci typed)", self.typed_loci(), self.genotypes.len())
    }
}
