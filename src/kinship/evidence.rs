//! What the relatives show at one locus.

use crate::model::{Allele, Genotype, Relation};
use crate::population::Convention;

/// The relatives' genotypes at one locus, in canonical order: by relation, then by genotype.
///
/// Equal evidence gives an equal table, bit for bit, whatever the order in which the relatives came.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Evidence {
    relatives: Vec<(Relation, Option<Genotype>)>,
}

impl Evidence {
    /// The evidence of these relatives.
    ///
    /// Under [`Convention::Pruned`] an untyped relative says nothing and is left out; under [`Convention::Full`]
    /// it stays part of the pedigree.
    #[must_use]
    pub fn new(relatives: impl IntoIterator<Item = (Relation, Option<Genotype>)>, convention: Convention) -> Self {
        let says = |relative: &(Relation, Option<Genotype>)| convention == Convention::Full || relative.1.is_some();
        let mut relatives: Vec<_> = relatives.into_iter().filter(says).collect();
        relatives.sort_unstable();
        Self { relatives }
    }

    /// Relations and genotypes in canonical order.
    #[must_use]
    pub fn relatives(&self) -> &[(Relation, Option<Genotype>)] {
        &self.relatives
    }

    /// Whether any relative is typed. Without one, the LR of any child is exactly 1.
    #[must_use]
    pub fn is_informative(&self) -> bool {
        self.relatives.iter().any(|relative| relative.1.is_some())
    }

    /// Who is typed, as [`super::Structure::new`] takes it.
    #[must_use]
    pub fn typed(&self) -> Vec<(Relation, bool)> {
        self.relatives.iter().map(|&(relation, genotype)| (relation, genotype.is_some())).collect()
    }

    /// Every allele that is seen, with repetitions.
    pub fn alleles(&self) -> impl Iterator<Item = Allele> + '_ {
        self.relatives.iter().filter_map(|relative| relative.1).flat_map(|g| [g.low(), g.high()])
    }
}
