//! Holds a family compiled for scoring: one table per locus, and the pairs of linked loci that matter.
//!
//! Screening and scoring use tables of single loci. If linkage matters in a family, its threshold is lowered by the
//! most that linkage can add, and every child that reaches the lowered threshold is scored again with linked loci taken
//! together.

use std::sync::{Arc, OnceLock};

use crate::kinship::{Calculator, Evidence, KinshipError, LinkedEvidence, LinkedScorer, LinkedShown, Structure};
use crate::model::{DropOut, Family, Genotype, genotype_code};
use crate::screen::ScreenedLocus;

use super::shared_loci::LocusSet;

/// A family that is ready to be scored.
pub struct CompiledFamily {
    /// Per locus of the panel; `None` if the LR of every child is 1 there: no relative is typed, and the child of its
    /// pedigree is not inbred.
    pub loci: Vec<Option<Arc<CompiledLocus>>>,
    /// The linked loci.
    pub linkage: FamilyLinkage,
}

/// One locus of a family, shared by all families whose relatives show the same there.
pub struct CompiledLocus {
    /// Its table and its screens.
    pub screened: ScreenedLocus,
    /// The evidence that it was compiled from.
    pub evidence: Evidence,
    /// The pedigree that it was compiled from.
    pub structure: Arc<Structure>,
    /// log10 of [`Calculator::relatives_likelihood`].
    pub log10_likelihood: f64,
    is_typed: bool,
    bound: OnceLock<f64>,
}

impl CompiledLocus {
    pub(super) fn new(
        screened: ScreenedLocus,
        evidence: Evidence,
        structure: Arc<Structure>,
        log10_likelihood: f64,
    ) -> Self {
        Self { screened, is_typed: evidence.is_typed(), evidence, structure, log10_likelihood, bound: OnceLock::new() }
    }

    /// Computes [`Calculator::bound_by_family`] at this position of the panel, once for all families.
    pub(super) fn bound_by_family(&self, calculator: &Calculator, position: usize) -> f64 {
        *self.bound.get_or_init(|| calculator.bound_by_family(position, &self.structure, &self.evidence))
    }
}

/// A locus that cannot be computed, and the reason.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LocusError {
    /// Position in the panel.
    pub(super) locus: usize,
    pub(super) reason: KinshipError,
}

/// The pairs of linked loci that matter in a family.
#[derive(Default)]
pub struct FamilyLinkage {
    /// Number of each pair in the calculator, and what the relatives show there.
    pairs: Vec<(usize, LinkedEvidence)>,
    /// The largest amount by which linkage can raise log10 LR.
    pub slack: f64,
}

impl FamilyLinkage {
    /// Finds the pairs that matter in a family.
    ///
    /// # Errors
    /// [`LocusError`] with the first locus of the pair that fails.
    pub(super) fn find(calculator: &Calculator, family: &Family) -> Result<Self, LocusError> {
        let mut linkage = Self::default();
        for (number, pair) in calculator.linked().iter().enumerate() {
            let shown = family.relatives.iter().map(|relative| LinkedShown {
                relation: family.relation(relative),
                genotypes: pair.loci.map(|locus| relative.profile.at(locus)),
                drop_out: relative.drop_out,
            });
            let evidence = LinkedEvidence::new(family.pedigree.clone(), shown);
            let slack = calculator
                .linked_slack(number, &evidence)
                .map_err(|reason| LocusError { locus: pair.loci[0], reason })?;
            if slack > 0.0 {
                linkage.slack += slack;
                linkage.pairs.push((number, evidence));
            }
        }
        Ok(linkage)
    }

    /// Reports whether linkage matters at all.
    #[must_use]
    pub fn matters(&self) -> bool {
        !self.pairs.is_empty()
    }

    /// Creates the scorers of the pairs. They can score one child after another.
    ///
    /// # Errors
    /// [`KinshipError`].
    pub fn scorers<'a>(&'a self, calculator: &'a Calculator) -> Result<Vec<PairScorer<'a>>, KinshipError> {
        let scorer = |(number, evidence): &'a (usize, LinkedEvidence)| {
            Ok(PairScorer {
                loci: calculator.linked()[*number].loci,
                scorer: calculator.linked_scorer(*number, evidence)?,
            })
        };
        self.pairs.iter().map(scorer).collect()
    }
}

/// Scores a pair of linked loci that matters.
pub struct PairScorer<'a> {
    /// Positions of the two loci in the panel, rising.
    pub(super) loci: [usize; 2],
    pub(super) scorer: LinkedScorer<'a>,
}

impl CompiledFamily {
    /// Returns the loci at which the LR of a typed child may differ from 1.
    pub fn informative(&self) -> impl Iterator<Item = (usize, &CompiledLocus)> {
        self.loci.iter().enumerate().filter_map(|(position, locus)| Some((position, locus.as_deref()?)))
    }

    /// Returns the loci at which a typed child is compared: at least one relative is typed. Other loci of an inbred
    /// child count in the LR but compare the child with nobody.
    pub fn typed(&self) -> impl Iterator<Item = (usize, &CompiledLocus)> {
        self.informative().filter(|(_, locus)| locus.is_typed)
    }

    /// Returns the positions of [`Self::typed`].
    pub(super) fn typed_loci(&self) -> LocusSet {
        self.typed().fold(0, |set, (position, _)| set | 1 << position)
    }

    /// Returns, per locus of the panel, the table and the screens.
    pub(super) fn screened(&self) -> Vec<Option<&ScreenedLocus>> {
        self.loci.iter().map(|locus| locus.as_ref().map(|locus| &locus.screened)).collect()
    }

    /// Computes the log10 LR of one locus alone, from the table if it has the genotype. `drop_out` is the probability
    /// of the child's sample, if it differs from the model's.
    ///
    /// # Errors
    /// [`KinshipError`].
    pub fn locus_log10_lr(
        &self,
        calculator: &Calculator,
        locus: usize,
        genotype: Option<Genotype>,
        drop_out: Option<DropOut>,
    ) -> Result<f64, KinshipError> {
        let (Some(compiled), Some(genotype)) = (&self.loci[locus], genotype) else { return Ok(0.0) };
        match calculator.loci()[locus].positions(genotype) {
            Some((a, b)) if drop_out.is_none() => Ok(compiled.screened.table.values()[genotype_code(a, b)]),
            _ => calculator.log10_lr_with(locus, &compiled.evidence, Some(genotype), drop_out),
        }
    }

    /// Computes the log10 LR with linked loci taken together, added up in panel order; each pair is added at its first
    /// locus. `pairs` are the family's own [`FamilyLinkage::scorers`].
    ///
    /// # Errors
    /// [`KinshipError`].
    pub fn log10_lr(
        &self,
        calculator: &Calculator,
        pairs: &mut [PairScorer<'_>],
        child: impl Fn(usize) -> Option<Genotype>,
        drop_out: Option<DropOut>,
    ) -> Result<f64, KinshipError> {
        let mut linked = Vec::with_capacity(pairs.len());
        for PairScorer { loci, scorer } in pairs {
            if let Some(value) = calculator.linked_log10_lr(scorer, loci.map(&child), drop_out)? {
                linked.push((*loci, value));
            }
        }
        let mut sum = 0.0;
        for locus in 0..self.loci.len() {
            sum += match linked.iter().find(|(loci, _)| loci.contains(&locus)) {
                Some((loci, value)) if loci[0] == locus => *value,
                Some(_) => 0.0,
                None => self.locus_log10_lr(calculator, locus, child(locus), drop_out)?,
            };
        }
        Ok(sum + 0.0)
    }
}
