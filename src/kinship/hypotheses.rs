//! Evaluates both hypotheses, H1 and H2, at one locus for one family.

use std::borrow::Cow;

use crate::model::{DropOut, genotype_count};
use crate::population::LocusModel;

use super::couple::Couple;
use super::descent::{Descent, MOST_CHOICES};
use super::observation::Observation;
use super::peel::Peel;
use super::shape::Shape;
use super::structure::Structure;
use super::{Evidence, KinshipError};

/// Both hypotheses, ready to compute the ratio for any child genotype.
pub(super) struct Hypotheses<'a> {
    model: Cow<'a, LocusModel>,
    /// P(relatives | H2).
    relatives: f64,
    with_child: WithChild<'a>,
    /// The child's drop-out probability.
    drop_out: f64,
    /// The same hypotheses with fathers and mothers swapped, if a parent may be either and their mutation rates differ.
    /// Every likelihood is then the mean of both.
    mirrored: Option<Box<Self>>,
}

/// H1, and the part of H2 that concerns the child.
enum WithChild<'a> {
    /// All child genotypes at once, at `x * n + y`: P(the child has x from the father and y from the mother, and the
    /// relatives are as typed).
    Joint {
        related: Vec<f64>,
        /// `None` if the child's alleles are independent of the relatives' under H2.
        unrelated: Option<Vec<f64>>,
    },
    /// Each child genotype is computed separately.
    OneByOne { theta: f64, observations: Vec<Option<Observation>>, related: &'a Shape, unrelated: Shape },
}

/// The settings of a likelihood besides the model and the evidence.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub(super) theta: f64,
    /// Drop-out probability of relatives whose profile does not state one.
    pub(super) relatives_drop_out: f64,
    pub(super) child_drop_out: f64,
    /// `true` if the ratio of a single child is wanted: where a sum over descents is needed, that of its genotype alone
    /// takes a fraction of the time of that of all genotypes.
    pub(super) one_child: bool,
}

impl<'a> Hypotheses<'a> {
    /// # Errors
    /// Returns [`KinshipError::Contradiction`] or [`KinshipError::TooLarge`].
    pub(super) fn new(
        structure: &'a Structure,
        model: &'a LocusModel,
        evidence: &Evidence,
        settings: Settings,
    ) -> Result<Self, KinshipError> {
        let mut hypotheses = Self::with_model(structure, Cow::Borrowed(model), evidence, settings)?;
        if let Some(mirrored) = mirrored(structure, model) {
            let mirrored = Self::with_model(structure, Cow::Owned(mirrored), evidence, settings)?;
            hypotheses.mirrored = Some(Box::new(mirrored));
        }
        if hypotheses.relatives_likelihood() <= 0.0 {
            return Err(KinshipError::Contradiction);
        }
        Ok(hypotheses)
    }

    /// Builds the hypotheses with the parents in their given places.
    fn with_model(
        structure: &'a Structure,
        locus: Cow<'a, LocusModel>,
        evidence: &Evidence,
        settings: Settings,
    ) -> Result<Self, KinshipError> {
        let model = &*locus;
        let observations = observations(model, evidence, settings.relatives_drop_out);
        let relatives = relatives_of_one(structure, model, &observations, settings.theta)?;
        let is_couple = || Couple::new(&structure.with_child, model, settings.theta, &observations).is_some();
        let with_child = match &structure.trees {
            Some([with_child, _]) if settings.theta == 0.0 => {
                let related = Peel::new(with_child, model, &observations).child_joint().unwrap_or_default();
                WithChild::Joint { related, unrelated: None }
            }
            Some(_) if (!settings.one_child || is_couple()) && !structure.with_child.child_is_parent() => {
                let joint = |shape: &Shape| joint(shape, model, settings.theta, &observations);
                let unrelated = Some(joint(&structure.without_child.with_stranger())?);
                WithChild::Joint { related: joint(&structure.with_child)?, unrelated }
            }
            _ => WithChild::OneByOne {
                theta: settings.theta,
                observations,
                related: &structure.with_child,
                unrelated: structure.without_child.with_stranger(),
            },
        };
        let drop_out = settings.child_drop_out;
        let hypotheses = Self { model: locus, relatives, with_child, drop_out, mirrored: None };
        // A heterozygote needs the largest sum, because it has two phases.
        let last = hypotheses.model.alleles().len().saturating_sub(1);
        match hypotheses.descents(&hypotheses.child(0, last)) {
            Some([related, unrelated]) if related.choices().max(unrelated.choices()) > MOST_CHOICES => {
                Err(KinshipError::TooLarge)
            }
            _ => Ok(hypotheses),
        }
    }

    /// Computes P(child, relatives | H1) / P(child, relatives | H2) for a child who shows the alleles at these
    /// positions.
    pub(super) fn ratio(&self, a: usize, b: usize) -> f64 {
        self.mean(|one| one.related(a, b)) / self.mean(|one| one.unrelated(a, b))
    }

    /// Computes [`Self::ratio`] of every listed genotype, in the order of [`genotype_code`](crate::model::genotype_code).
    pub(super) fn ratios(&self) -> Vec<f64> {
        match &self.with_child {
            // The usual case, without a choice for each genotype.
            WithChild::Joint { related, unrelated: None }
                if self.mirrored.is_none() && self.drop_out == 0.0 && self.model.silent().is_none() =>
            {
                self.ratios_by_row(related)
            }
            _ => listed_genotypes(&self.model).map(|(a, b)| self.ratio(a, b)).collect(),
        }
    }

    /// Computes the ratios if every genotype shows itself and is independent of the relatives under H2: the same bits as
    /// [`Self::ratio`].
    fn ratios_by_row(&self, related: &[f64]) -> Vec<f64> {
        let (n, listed, p) = (self.model.size(), self.model.listed(), self.model.frequencies());
        let mut ratios = Vec::with_capacity(genotype_count(listed.len()) + 1);
        for (j, &b) in listed.iter().enumerate() {
            let row = &related[b * n..][..n];
            let heterozygote = |&a: &usize| (related[a * n + b] + row[a]) / (self.relatives * (2.0 * (p[a] * p[b])));
            ratios.extend(listed[..j].iter().map(heterozygote));
            ratios.push(row[b] / (self.relatives * (p[b] * p[b])));
        }
        ratios
    }

    /// Evaluates `of`; returns the mean over both placements of the parents, if they may be swapped.
    fn mean(&self, of: impl Fn(&Self) -> f64) -> f64 {
        match &self.mirrored {
            None => of(self),
            Some(mirrored) => f64::midpoint(of(self), of(mirrored)),
        }
    }

    /// Returns log10 of [`Self::ratio`].
    pub(super) fn log10_lr(&self, a: usize, b: usize) -> f64 {
        libm::log10(self.ratio(a, b))
    }

    /// Returns P(relatives' genotypes | H2).
    pub(super) fn relatives_likelihood(&self) -> f64 {
        self.mean(|one| one.relatives)
    }

    /// Computes P(the child shows these alleles | relatives, H2, drop-out leaves some allele).
    pub(super) fn probability_if_unrelated(&self, a: usize, b: usize) -> f64 {
        let relatives = self.relatives_likelihood();
        self.mean(|one| one.unrelated(a, b)) / (relatives * (1.0 - self.drop_out * self.drop_out))
    }

    fn child(&self, a: usize, b: usize) -> Observation {
        Observation::new((a, b), self.drop_out, &self.model)
    }

    /// Reports whether these alleles determine the genotype.
    fn is_certain(&self, a: usize, b: usize) -> bool {
        self.drop_out == 0.0 && (a != b || self.model.silent().is_none())
    }

    fn related(&self, a: usize, b: usize) -> f64 {
        // A shortcut for the general case below, without its allocations, because most table entries take this path.
        if let (WithChild::Joint { related, .. }, true) = (&self.with_child, self.is_certain(a, b)) {
            return self.either(related, a, b);
        }
        let child = self.child(a, b);
        match (&self.with_child, self.descents(&child)) {
            (_, Some([related, _])) => related.likelihood(),
            (WithChild::Joint { related, .. }, _) => child.probability(|a, b| self.either(related, a, b)),
            _ => 0.0,
        }
    }

    fn unrelated(&self, a: usize, b: usize) -> f64 {
        if let (WithChild::Joint { unrelated, .. }, true) = (&self.with_child, self.is_certain(a, b)) {
            return match unrelated {
                Some(joint) => self.either(joint, a, b),
                None => self.relatives * self.model.genotype_probability(a, b),
            };
        }
        let child = self.child(a, b);
        match (&self.with_child, self.descents(&child)) {
            (_, Some([_, unrelated])) => unrelated.likelihood(),
            (WithChild::Joint { unrelated: Some(joint), .. }, _) => child.probability(|a, b| self.either(joint, a, b)),
            _ => self.relatives * child.probability(|a, b| self.model.genotype_probability(a, b)),
        }
    }

    /// Returns the value of an unordered genotype from a table over ordered pairs of alleles.
    fn either(&self, joint: &[f64], a: usize, b: usize) -> f64 {
        let at = |x: usize, y: usize| joint[x * self.model.size() + y];
        if a == b { at(a, a) } else { at(a, b) + at(b, a) }
    }

    fn descents(&self, child: &Observation) -> Option<[Descent<'_>; 2]> {
        match &self.with_child {
            WithChild::Joint { .. } => None,
            WithChild::OneByOne { theta, observations, related, unrelated } => Some(
                [related, unrelated].map(|shape| Descent::new(shape, &self.model, *theta, observations, Some(child))),
            ),
        }
    }
}

/// Computes P(the shape's child received x from the father and y from the mother, and all observations), at `x * n + y`,
/// with theta.
///
/// The child must be untyped and without children, and its parents must have no common ancestor.
///
/// # Errors
/// Returns [`KinshipError::TooLarge`]; also if the shape has no child.
pub(super) fn joint(
    shape: &Shape,
    model: &LocusModel,
    theta: f64,
    observations: &[Option<Observation>],
) -> Result<Vec<f64>, KinshipError> {
    if let Some(couple) = Couple::new(shape, model, theta, observations) {
        return Ok(couple.child_joint());
    }
    let descent = Descent::new(shape, model, theta, observations, None);
    let child = shape.child.filter(|_| descent.choices() <= MOST_CHOICES);
    child.map(|child| descent.child_joint(child)).ok_or(KinshipError::TooLarge)
}

/// Returns the genotypes of listed alleles, as positions of alleles in the model, in the order of
/// [`genotype_code`](crate::model::genotype_code).
pub(super) fn listed_genotypes(model: &LocusModel) -> impl Iterator<Item = (usize, usize)> {
    let listed = model.listed();
    listed.iter().enumerate().flat_map(|(j, &b)| listed[..=j].iter().map(move |&a| (a, b)))
}

/// Returns the observation of each relative, in the order of the evidence.
pub(super) fn observations(model: &LocusModel, evidence: &Evidence, drop_out: f64) -> Vec<Option<Observation>> {
    let seen = |shown: &super::Shown| {
        let pair = shown.genotype.and_then(|genotype| model.positions(genotype))?;
        Some(Observation::new(pair, shown.drop_out.map_or(drop_out, DropOut::get), model))
    };
    evidence.relatives().iter().map(seen).collect()
}

/// Returns the locus with fathers and mothers swapped, if a parent may be either and that makes a difference.
pub(super) fn mirrored(structure: &Structure, model: &LocusModel) -> Option<LocusModel> {
    (structure.either_side && model.paternal() != model.maternal()).then(|| model.mirrored())
}

/// Computes P(relatives | H2).
pub(super) fn relatives(
    structure: &Structure,
    model: &LocusModel,
    observations: &[Option<Observation>],
    theta: f64,
) -> Result<f64, KinshipError> {
    let one = relatives_of_one(structure, model, observations, theta)?;
    match mirrored(structure, model) {
        None => Ok(one),
        Some(mirrored) => Ok(f64::midpoint(one, relatives_of_one(structure, &mirrored, observations, theta)?)),
    }
}

fn relatives_of_one(
    structure: &Structure,
    model: &LocusModel,
    observations: &[Option<Observation>],
    theta: f64,
) -> Result<f64, KinshipError> {
    match &structure.trees {
        Some([_, without_child]) if theta == 0.0 => Ok(Peel::new(without_child, model, observations).likelihood()),
        _ => {
            if theta > 0.0
                && let Some(couple) = Couple::new(&structure.without_child, model, theta, observations)
            {
                return Ok(couple.likelihood());
            }
            let descent = Descent::new(&structure.without_child, model, theta, observations, None);
            if descent.choices() > MOST_CHOICES { Err(KinshipError::TooLarge) } else { Ok(descent.likelihood()) }
        }
    }
}
