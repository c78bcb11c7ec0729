//! Linked loci: what they change in a family, and the final score with them.
//!
//! Screening and scoring go by tables of single loci. A family in which linkage matters is searched with a threshold
//! lowered by the most that linkage can add, and whoever reaches it is scored again with the pairs taken together.

use crate::kinship::{Calculator, KinshipError, LinkedEvidence, LinkedScorer, LinkedShown};
use crate::model::{DropOut, Family, Genotype, genotype_code};

use super::compile::CompiledFamily;

/// The pairs of linked loci that matter in a family.
#[derive(Default)]
pub struct FamilyLinkage {
    /// Which of the calculator's pairs, and what the relatives show.
    pairs: Vec<(usize, LinkedEvidence)>,
    /// How much larger log10 LR can be with linkage than without.
    pub slack: f64,
}

impl FamilyLinkage {
    /// # Errors
    /// The locus and the reason.
    pub(super) fn of(calculator: &Calculator, family: &Family) -> Result<Self, (usize, KinshipError)> {
        let mut linkage = Self::default();
        for (number, pair) in calculator.linked().iter().enumerate() {
            let shown = family.relatives.iter().map(|relative| LinkedShown {
                relation: family.relation(relative),
                genotypes: pair.loci.map(|locus| relative.profile.at(locus)),
                drop_out: relative.drop_out,
            });
            let evidence = LinkedEvidence::new(family.pedigree.clone(), shown);
            let slack = calculator.linked_slack(number, &evidence).map_err(|error| (pair.loci[0], error))?;
            if slack > 0.0 {
                linkage.slack += slack;
                linkage.pairs.push((number, evidence));
            }
        }
        Ok(linkage)
    }

    /// Whether linkage matters at all.
    #[must_use]
    pub fn matters(&self) -> bool {
        !self.pairs.is_empty()
    }

    /// What scores the pairs, for one child after another.
    ///
    /// # Errors
    /// [`KinshipError`].
    pub fn scorers<'a>(&'a self, calculator: &'a Calculator) -> Result<PairScorers<'a>, KinshipError> {
        let scorer = |(number, evidence): &'a (usize, LinkedEvidence)| {
            Ok((calculator.linked()[*number].loci, calculator.linked_scorer(*number, evidence)?))
        };
        self.pairs.iter().map(scorer).collect()
    }
}

/// The loci of each pair that matters, and what scores it.
pub type PairScorers<'a> = Vec<([usize; 2], LinkedScorer<'a>)>;

impl CompiledFamily {
    /// log10 LR of one locus by itself, from the table where it has the genotype. `drop_out` is the probability of the
    /// child's sample, if it is not the model's.
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

    /// log10 LR with linked loci taken together, added up in panel order; each pair where its first locus stands.
    /// `pairs` are the family's own [`FamilyLinkage::scorers`].
    ///
    /// # Errors
    /// [`KinshipError`].
    pub fn log10_lr(
        &self,
        calculator: &Calculator,
        pairs: &mut PairScorers<'_>,
        child: impl Fn(usize) -> Option<Genotype>,
        drop_out: Option<DropOut>,
    ) -> Result<f64, KinshipError> {
        let mut linked = Vec::with_capacity(pairs.len());
        for (loci, scorer) in pairs {
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
