//! What the relatives show at one locus.

use std::sync::Arc;

use crate::model::{Allele, DropOut, Family, Genotype, Pedigree, Relation};
use crate::population::Convention;

/// The relatives' genotypes at one locus, in canonical order: by relation, then by genotype.
///
/// Equal evidence gives an equal table, bit for bit, whatever the order in which the relatives came. With a pedigree of
/// its own the relatives stand in the pedigree's order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Evidence {
    /// The pedigree, where relations do not say it.
    pedigree: Option<Arc<Pedigree>>,
    relatives: Vec<Shown>,
}

/// What one relative shows at one locus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shown {
    /// What the relative is to the missing child.
    pub relation: Relation,
    /// `None` if untyped.
    pub genotype: Option<Genotype>,
    /// The sample's own drop-out probability, in place of the model's.
    pub drop_out: Option<DropOut>,
}

impl From<(Relation, Option<Genotype>)> for Shown {
    fn from((relation, genotype): (Relation, Option<Genotype>)) -> Self {
        Self { relation, genotype, drop_out: None }
    }
}

/// Who is related how, and who is typed: all that [`super::Structure`] depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Kind {
    pub(super) pedigree: Option<Arc<Pedigree>>,
    pub(super) typed: Vec<(Relation, bool)>,
}

/// All that [`super::Calculator::is_compatible`] depends on: who is related how, and who shows the same allele as whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    kind: Kind,
    /// The alleles that the relatives show, and then the child's two, numbered in the order in which they appear.
    alleles: Vec<u8>,
}

impl Evidence {
    /// The evidence of these relatives, given by their relations.
    ///
    /// Under [`Convention::Pruned`] an untyped relative says nothing and is left out; under [`Convention::Full`]
    /// it stays part of the pedigree.
    #[must_use]
    pub fn new<S: Into<Shown>>(relatives: impl IntoIterator<Item = S>, convention: Convention) -> Self {
        let says = |shown: &Shown| convention == Convention::Full || shown.genotype.is_some();
        let mut relatives: Vec<Shown> = relatives.into_iter().map(Into::into).filter(says).collect();
        relatives.sort_unstable();
        Self { pedigree: None, relatives }
    }

    /// The evidence of a pedigree of its own; `relatives` run along [`Pedigree::relatives`], and what is missing at
    /// the end is untyped.
    #[must_use]
    pub fn of_pedigree<S: Into<Shown>>(pedigree: Arc<Pedigree>, relatives: impl IntoIterator<Item = S>) -> Self {
        let count = pedigree.relatives().len();
        let mut relatives: Vec<Shown> = relatives.into_iter().take(count).map(Into::into).collect();
        relatives.resize(count, Shown { relation: Relation::Member, genotype: None, drop_out: None });
        Self { pedigree: Some(pedigree), relatives }
    }

    /// What a family shows at a position of the panel.
    ///
    /// # Panics
    /// If there is no such position.
    #[must_use]
    pub fn of_family(family: &Family, locus: usize, convention: Convention) -> Self {
        let shown = family.relatives.iter().map(|relative| {
            let genotype = relative.profile.at(locus);
            // Who shows nothing here is the same whatever might drop out.
            let drop_out = relative.drop_out.filter(|_| genotype.is_some());
            Shown { relation: family.relation(relative), genotype, drop_out }
        });
        match &family.pedigree {
            Some(pedigree) => Self::of_pedigree(Arc::clone(pedigree), shown),
            None => Self::new(shown, convention),
        }
    }

    /// These relatives in this order, none left out.
    pub(super) fn in_order(pedigree: Option<Arc<Pedigree>>, relatives: Vec<Shown>) -> Self {
        Self { pedigree, relatives }
    }

    /// What each relative shows, in canonical order.
    #[must_use]
    pub fn relatives(&self) -> &[Shown] {
        &self.relatives
    }

    /// Whether any relative is typed.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        self.relatives.iter().any(|relative| relative.genotype.is_some())
    }

    /// Whether the LR of a child may be another one than 1: a relative is typed, or the child is inbred in a pedigree of
    /// its own. An inbred child's genotypes have other frequencies than a stranger's, `p^2 + F p (1 - p)` and
    /// `2 p q (1 - F)` without mutation and theta, F being its coefficient of inbreeding. Otherwise the LR is exactly 1,
    /// by definition where mutation makes the frequencies of the next generation others.
    #[must_use]
    pub fn is_informative(&self) -> bool {
        self.is_typed() || self.pedigree.as_ref().is_some_and(|pedigree| pedigree.child_is_inbred())
    }

    /// Whether [`Self::kind`] is this one.
    #[must_use]
    pub fn is_of(&self, kind: &Kind) -> bool {
        let typed = self.relatives.iter().map(|shown| (shown.relation, shown.genotype.is_some()));
        self.pedigree == kind.pedigree && typed.eq(kind.typed.iter().copied())
    }

    /// What the structure depends on.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let typed = self.relatives.iter().map(|shown| (shown.relation, shown.genotype.is_some())).collect();
        Kind { pedigree: self.pedigree.clone(), typed }
    }

    /// The pattern of this evidence and a child's genotype: equal patterns are equally compatible.
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

    /// The same, taken at its word: nobody's profile may hide an allele.
    pub(super) fn as_seen(&self) -> Self {
        let mut evidence = self.clone();
        evidence.relatives.iter_mut().for_each(|shown| shown.drop_out = None);
        evidence
    }

    /// Every allele that is seen, with repetitions.
    pub fn alleles(&self) -> impl Iterator<Item = Allele> + '_ {
        self.relatives.iter().filter_map(|relative| relative.genotype).flat_map(|g| [g.low(), g.high()])
    }
}
