//! The genotypes of a family's relatives at one locus, in a canonical form.

use std::sync::Arc;

use crate::model::{Allele, DropOut, Family, Genotype, Pedigree, Relation};
use crate::population::Convention;

/// The relatives' genotypes at one locus, in canonical order: by relation, then by genotype.
///
/// Equal evidence gives equal tables, bit for bit, regardless of the order in which the relatives were given. With a
/// pedigree of its own, the relatives follow the pedigree's order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Evidence {
    /// The pedigree, if the relations do not define it.
    pedigree: Option<Arc<Pedigree>>,
    relatives: Vec<Shown>,
}

/// The genotype of one relative at one locus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shown {
    /// The relation of the relative to the missing child.
    pub relation: Relation,
    /// The genotype; `None` if untyped.
    pub genotype: Option<Genotype>,
    /// The sample's own drop-out probability, which replaces the model's.
    pub drop_out: Option<DropOut>,
}

impl From<(Relation, Option<Genotype>)> for Shown {
    fn from((relation, genotype): (Relation, Option<Genotype>)) -> Self {
        Self { relation, genotype, drop_out: None }
    }
}

/// The relations, and who is typed: everything that [`super::Structure`] depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Kind {
    pub(super) pedigree: Option<Arc<Pedigree>>,
    pub(super) typed: Vec<(Relation, bool)>,
}

/// Everything that [`super::Calculator::is_compatible`] depends on: the relations, and which persons show equal
/// alleles.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    kind: Kind,
    /// The alleles of the relatives, then the child's two, numbered in the order in which they first appear.
    alleles: Vec<u8>,
}

impl Evidence {
    /// Creates the evidence of these relatives, given by their relations.
    ///
    /// Under [`Convention::Pruned`], untyped relatives carry no information and are left out; under
    /// [`Convention::Full`], they stay in the pedigree.
    #[must_use]
    pub fn new<S: Into<Shown>>(relatives: impl IntoIterator<Item = S>, convention: Convention) -> Self {
        let says = |shown: &Shown| convention == Convention::Full || shown.genotype.is_some();
        let mut relatives: Vec<Shown> = relatives.into_iter().map(Into::into).filter(says).collect();
        relatives.sort_unstable();
        Self { pedigree: None, relatives }
    }

    /// Creates the evidence for an explicit pedigree. `relatives` must follow the order of [`Pedigree::relatives`];
    /// those missing at the end are untyped.
    #[must_use]
    pub fn of_pedigree<S: Into<Shown>>(pedigree: Arc<Pedigree>, relatives: impl IntoIterator<Item = S>) -> Self {
        let count = pedigree.relatives().len();
        let mut relatives: Vec<Shown> = relatives.into_iter().take(count).map(Into::into).collect();
        relatives.resize(count, Shown { relation: Relation::Member, genotype: None, drop_out: None });
        Self { pedigree: Some(pedigree), relatives }
    }

    /// Returns the evidence of a family at a position of the panel.
    ///
    /// # Panics
    /// If the position is outside the panel.
    #[must_use]
    pub fn of_family(family: &Family, locus: usize, convention: Convention) -> Self {
        let shown = family.relatives.iter().map(|relative| {
            let genotype = relative.profile.at(locus);
            // The drop-out probability of an untyped person has no effect.
            let drop_out = relative.drop_out.filter(|_| genotype.is_some());
            Shown { relation: family.relation(relative), genotype, drop_out }
        });
        match &family.pedigree {
            Some(pedigree) => Self::of_pedigree(Arc::clone(pedigree), shown),
            None => Self::new(shown, convention),
        }
    }

    /// Creates the evidence of these relatives in this order, without leaving any out.
    pub(super) fn in_order(pedigree: Option<Arc<Pedigree>>, relatives: Vec<Shown>) -> Self {
        Self { pedigree, relatives }
    }

    /// Returns the genotype of each relative, in canonical order.
    #[must_use]
    pub fn relatives(&self) -> &[Shown] {
        &self.relatives
    }

    /// Reports whether any relative is typed.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        self.relatives.iter().any(|relative| relative.genotype.is_some())
    }

    /// Reports whether the LR of a child can differ from 1: a relative is typed, or the child is inbred in an explicit
    /// pedigree. The genotype probabilities of an inbred child differ from those of a stranger: `p^2 + F p (1 - p)` and
    /// `2 p q (1 - F)` without mutation and theta, where F is its coefficient of inbreeding. Otherwise the LR is
    /// exactly 1; this holds by definition if mutation changes the frequencies in the next generation.
    #[must_use]
    pub fn is_informative(&self) -> bool {
        self.is_typed() || self.pedigree.as_ref().is_some_and(|pedigree| pedigree.child_is_inbred())
    }

    /// Reports whether [`Self::kind`] equals this kind.
    #[must_use]
    pub fn is_of(&self, kind: &Kind) -> bool {
        let typed = self.relatives.iter().map(|shown| (shown.relation, shown.genotype.is_some()));
        self.pedigree == kind.pedigree && typed.eq(kind.typed.iter().copied())
    }

    /// Returns everything that the structure depends on.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let typed = self.relatives.iter().map(|shown| (shown.relation, shown.genotype.is_some())).collect();
        Kind { pedigree: self.pedigree.clone(), typed }
    }

    /// Returns the pattern of this evidence and a child's genotype. Equal patterns are equally compatible.
    #[must_use]
    pub fn pattern(&self, child: Genotype) -> Pattern {
        let mut seen: Vec<Allele> = Vec::with_capacity(2 * self.relatives.len() + 2);
        let number = |allele: Allele| {
            let known = seen.iter().position(|other| *other == allele);
            known.unwrap_or_else(|| {
                seen.push(allele);
                seen.len() - 1
            }) as u8
        };
        let alleles = self.alleles().chain([child.low(), child.high()]).map(number).collect();
        Pattern { kind: self.kind(), alleles }
    }

    /// Returns this evidence without drop-out probabilities, so that no profile may hide an allele.
    pub(super) fn as_seen(&self) -> Self {
        let mut evidence = self.clone();
        evidence.relatives.iter_mut().for_each(|shown| shown.drop_out = None);
        evidence
    }

    /// Returns every observed allele, with repetitions.
    pub fn alleles(&self) -> impl Iterator<Item = Allele> + '_ {
        self.relatives.iter().filter_map(|relative| relative.genotype).flat_map(|g| [g.low(), g.high()])
    }
}
