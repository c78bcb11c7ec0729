//! Computes the joint likelihood ratio of two linked loci.
//!
//! Alleles of two loci on one chromosome are often transmitted together. This matters if several meioses of one parent
//! are compared, as between siblings or between grandparent and grandchild. It does not matter between parent and
//! child, because a single meiosis of a parent of unknown phase gives no information. Mutation, theta and drop-out act
//! at each locus separately; the alleles of founders are independent between the loci (linkage equilibrium).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{DropOut, Genotype, Pedigree, Relation};
use crate::population::{LocusModel, ModelError};

use super::calculator::Calculator;
use super::effort::{RATIO, TABLE, within};
use super::evidence::{Evidence, Kind, Shown};
use super::hypotheses::{Settings, mirrored, observations};
use super::linked_pair::LinkedPair;
use super::observation::Observation;
use super::shape::Shape;
use super::spectrum::{MOST_MEIOSES, Meioses, Spectrum};
use super::structure::Structure;
use super::{KinshipError, descent::MOST_CHOICES};

/// The genotypes of the relatives at both loci of a pair, person by person, in canonical order.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedEvidence {
    pedigree: Option<Arc<Pedigree>>,
    relatives: Vec<LinkedShown>,
}

/// The genotypes of one relative at two loci.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkedShown {
    /// The relation of the relative to the missing child.
    pub relation: Relation,
    /// The genotypes; `None` where untyped.
    pub genotypes: [Option<Genotype>; 2],
    /// The sample's own drop-out probability, which replaces the model's.
    pub drop_out: Option<DropOut>,
}

impl LinkedEvidence {
    /// Creates the evidence of relatives given by relation; with a pedigree of its own, in the order of
    /// [`Pedigree::relatives`].
    #[must_use]
    pub fn new(pedigree: Option<Arc<Pedigree>>, relatives: impl IntoIterator<Item = LinkedShown>) -> Self {
        let mut relatives: Vec<LinkedShown> = relatives.into_iter().collect();
        if pedigree.is_none() {
            relatives.sort_unstable();
        }
        Self { pedigree, relatives }
    }

    /// Reports whether both loci are informative about a child: see [`Evidence::is_informative`]. If not, linkage
    /// between them has no effect.
    #[must_use]
    pub fn is_informative(&self) -> bool {
        [0, 1].into_iter().all(|locus| self.at(locus).is_informative())
    }

    /// Returns the evidence at one of the two loci, with the relatives in this order.
    pub(super) fn at(&self, locus: usize) -> Evidence {
        let shown = self.relatives.iter().map(|shown| Shown {
            relation: shown.relation,
            genotype: shown.genotypes[locus],
            drop_out: shown.drop_out,
        });
        Evidence::in_order(self.pedigree.clone(), shown.collect())
    }

    /// Returns the kind of the joint evidence: everyone who is typed at one or both loci stays in the pedigree for
    /// both.
    pub(super) fn kind(&self) -> Kind {
        let typed = |shown: &LinkedShown| (shown.relation, shown.genotypes.iter().any(Option::is_some));
        Kind { pedigree: self.pedigree.clone(), typed: self.relatives.iter().map(typed).collect() }
    }
}

impl Calculator {
    /// Computes log10 LR of the two loci of a linked pair together; `None` if linkage changes nothing, so that the two
    /// values of [`Self::log10_lr`] can be added. This applies to families without meioses to compare, for example
    /// parents alone, and if the child is untyped at both loci, or the relatives are untyped at one locus and the child
    /// is not inbred.
    ///
    /// `scorer` is the result of [`Self::linked_scorer`]; keep it for the next child. `child_drop_out` is as in
    /// [`Self::log10_lr_with`].
    ///
    /// # Errors
    /// Returns [`KinshipError`] if the ratio cannot be computed.
    pub fn linked_log10_lr(
        &self,
        scorer: &mut LinkedScorer<'_>,
        child: [Option<Genotype>; 2],
        child_drop_out: Option<DropOut>,
    ) -> Result<Option<f64>, KinshipError> {
        let listed = |i: usize| child[i].is_none_or(|genotype| scorer.models()[i].positions(genotype).is_some());
        if listed(0) && listed(1) && child_drop_out.is_none() {
            return within(RATIO, || scorer.log10_lr(child));
        }
        within(RATIO, || self.scorer(scorer.pair(), scorer.evidence(), child, child_drop_out)?.log10_lr(child))
    }

    /// Creates the scorer of children at a linked pair for one family.
    ///
    /// # Errors
    /// Returns [`KinshipError`] if the family cannot be computed.
    ///
    /// # Panics
    /// If `pair` is not an index of [`Self::linked`].
    pub fn linked_scorer<'a>(
        &'a self,
        pair: usize,
        evidence: &'a LinkedEvidence,
    ) -> Result<LinkedScorer<'a>, KinshipError> {
        self.scorer(pair, evidence, [None, None], None)
    }

    /// Creates a scorer with the alleles and the drop-out probability of one child.
    fn scorer<'a>(
        &'a self,
        pair: usize,
        evidence: &'a LinkedEvidence,
        child: [Option<Genotype>; 2],
        child_drop_out: Option<DropOut>,
    ) -> Result<LinkedScorer<'a>, KinshipError> {
        let structure = Structure::of_kind(&evidence.kind(), self.model.convention)?;
        let LinkedPair { loci, recombination } = self.linked[pair];
        let model = |i: usize| -> Result<Cow<'a, LocusModel>, ModelError> {
            let enlarged = self.enlarged(loci[i], &evidence.at(i), child[i])?;
            Ok(enlarged.map_or(Cow::Borrowed(&self.loci[loci[i]]), Cow::Owned))
        };
        Ok(LinkedScorer::new(
            pair,
            structure,
            evidence,
            [model(0)?, model(1)?],
            recombination,
            self.settings_for(child_drop_out),
        ))
    }

    /// Computes an upper bound, for any child, on the difference between [`Self::linked_log10_lr`] and the sum of
    /// [`Self::log10_lr`] of both loci; 0 if linkage changes nothing.
    ///
    /// # Errors
    /// Returns [`KinshipError`] if the family cannot be computed.
    ///
    /// # Panics
    /// If `pair` is not an index of [`Self::linked`].
    pub fn linked_slack(&self, pair: usize, evidence: &LinkedEvidence) -> Result<f64, KinshipError> {
        let scorer = self.linked_scorer(pair, evidence)?;
        if scorer.slack() == 0.0 {
            return Ok(0.0);
        }
        // A lower limit than for a child, because a child adds work.
        within(TABLE / 4, || (0..2).try_for_each(|locus| scorer.spectra_of(locus, None).map(drop)))?;
        let mut slack = scorer.slack() + 1e-9;
        let together = Structure::of_kind(&evidence.kind(), self.model.convention)?;
        for (i, model) in scorer.models().into_iter().enumerate() {
            // A person who is typed only at the other locus also stays in the pedigree here, with mutations on the way.
            let alone = self.structure(&evidence.at(i))?;
            let more = together.persons().saturating_sub(alone.persons()) as f64;
            let change = self.model.mutation.most_change();
            let least = model.frequencies().iter().fold(model.floor(), |least, &p| least.min(p));
            // Half of it, because a child may have unlisted alleles of its own.
            let least = least / 2.0 * self.urn_share(&together);
            slack += 2.0 * more * (libm::log10(1.0 + change / least) - libm::log10(1.0 - change));
        }
        Ok(slack)
    }
}

/// A family's two linked loci, ready to score children. It keeps the results for each child genotype at each locus.
pub struct LinkedScorer<'a> {
    pair: usize,
    evidence: &'a LinkedEvidence,
    /// The models of the two loci, with every allele of the relatives.
    models: [Cow<'a, LocusModel>; 2],
    recombination: f64,
    settings: Settings,
    /// The models of the two loci with fathers and mothers swapped, if a parent may be either.
    mirrored: [Option<LocusModel>; 2],
    /// H1 and H2.
    hypotheses: [(Shape, Meioses); 2],
    slack: f64,
    /// For each locus and child genotype, the spectra under H1 and H2; recombination is applied to those of the second
    /// locus.
    spectra: [HashMap<Option<Genotype>, [Vec<f64>; 2]>; 2],
}

/// Returns the likelihood ratio of a locus at which the child is untyped, from its spectra under H1 and H2.
///
/// By definition, this ratio is 1. It differs if the pruned convention keeps an untyped ancestor only because of the
/// child, and the mutation model is not stationary: the relatives' alleles then follow p M under H1, but p under H2.
/// The mean over all vectors is the probability of the locus by itself, with or without recombination.
fn ratio_without_child([related, unrelated]: &[Vec<f64>; 2]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let ratio = mean(related) / mean(unrelated);
    // A deviation from 1 by rounding alone must not change a bit of the result.
    if ratio.is_finite() && ratio > 0.0 && (ratio - 1.0).abs() > 1e-12 { ratio } else { 1.0 }
}

impl<'a> LinkedScorer<'a> {
    pub(super) fn new(
        pair: usize,
        structure: Structure,
        evidence: &'a LinkedEvidence,
        models: [Cow<'a, LocusModel>; 2],
        recombination: f64,
        settings: Settings,
    ) -> Self {
        let mirrored = models.each_ref().map(|model| mirrored(&structure, model));
        let hypotheses = [structure.without_child.with_stranger(), structure.with_child].map(|shape| {
            let meioses = Meioses::in_shape(&shape);
            (shape, meioses)
        });
        let [unrelated, related] = hypotheses;
        let (most, _) = related.1.factors(recombination);
        let (_, least) = unrelated.1.factors(recombination);
        let slack = libm::log10(most) - libm::log10(least);
        // A product of factors 1 deviates from 1 only by rounding.
        let slack = if slack > 1e-12 && evidence.is_informative() { slack } else { 0.0 };
        let hypotheses = [related, unrelated];
        Self {
            pair,
            evidence,
            models,
            recombination,
            settings,
            mirrored,
            hypotheses,
            slack,
            spectra: [HashMap::new(), HashMap::new()],
        }
    }

    /// Returns an upper bound on the difference between log10 LR and the sum of both loci without linkage, in this
    /// pedigree: see [`Meioses::factors`]. 0 if linkage changes nothing.
    pub(super) fn slack(&self) -> f64 {
        self.slack
    }

    /// Returns the index of the linked pair in the calculator.
    pub(super) fn pair(&self) -> usize {
        self.pair
    }

    /// Returns the evidence of the relatives.
    pub(super) fn evidence(&self) -> &'a LinkedEvidence {
        self.evidence
    }

    /// Returns the models of the two loci.
    pub(super) fn models(&self) -> [&LocusModel; 2] {
        [&self.models[0], &self.models[1]]
    }

    /// Computes log10 LR of both loci together for a child whose alleles are in the models; `None` as described for
    /// [`super::Calculator::linked_log10_lr`].
    pub(super) fn log10_lr(&mut self, child: [Option<Genotype>; 2]) -> Result<Option<f64>, KinshipError> {
        if child == [None, None] || self.slack == 0.0 {
            return Ok(None);
        }
        for (locus, genotype) in child.into_iter().enumerate() {
            if !self.spectra[locus].contains_key(&genotype) {
                let spectra = self.spectra_of(locus, genotype)?;
                self.spectra[locus].insert(genotype, spectra);
            }
        }
        let [one, other] = [0, 1].map(|locus| &self.spectra[locus][&child[locus]]);
        let joint = |h: usize| one[h].iter().zip(&other[h]).map(|(a, b)| a * b).sum::<f64>() / one[h].len() as f64;
        let (related, unrelated) = (joint(0), joint(1));
        if unrelated <= 0.0 {
            return Err(KinshipError::Contradiction);
        }
        let untyped = [one, other].into_iter().zip(child).filter(|(_, genotype)| genotype.is_none());
        let ratio = untyped.fold(related / unrelated, |ratio, (spectra, _)| ratio / ratio_without_child(spectra));
        Ok(Some(libm::log10(ratio)))
    }

    fn spectra_of(&self, locus: usize, child: Option<Genotype>) -> Result<[Vec<f64>; 2], KinshipError> {
        let model = &*self.models[locus];
        let seen = observations(model, &self.evidence.at(locus), self.settings.relatives_drop_out);
        let child = child.and_then(|genotype| model.positions(genotype));
        let child = child.map(|pair| Observation::new(pair, self.settings.child_drop_out, model));
        let mut spectra = [Vec::new(), Vec::new()];
        for (values, (shape, meioses)) in spectra.iter_mut().zip(&self.hypotheses) {
            if meioses.count() > MOST_MEIOSES {
                return Err(KinshipError::TooLarge);
            }
            let of = |model| Spectrum::new(shape, meioses, model, self.settings.theta, &seen, child.as_ref());
            let spectrum = of(model);
            if meioses.count() + spectrum.phases() > MOST_CHOICES {
                return Err(KinshipError::TooLarge);
            }
            *values = spectrum.values();
            if let Some(mirrored) = &self.mirrored[locus] {
                // Averages entry by entry: both models have the same meioses and differ only in the rates.
                let others = of(mirrored).values();
                values.iter_mut().zip(others).for_each(|(value, other)| *value = f64::midpoint(*value, other));
            }
            if locus == 1 {
                meioses.recombine(values, self.recombination);
            }
        }
        Ok(spectra)
    }
}
