//! H1 and H2 at one locus for one family.

use std::borrow::Cow;

use crate::model::DropOut;
use crate::population::LocusModel;

use super::descent::{Descent, MOST_CHOICES};
use super::observation::Observation;
use super::peel::Peel;
use super::shape::Shape;
use super::structure::Structure;
use super::{Evidence, KinshipError};

/// Both hypotheses, ready to be asked for the ratio of any child genotype.
pub(super) struct Hypotheses<'a> {
    model: Cow<'a, LocusModel>,
    /// P(relatives | H2).
    relatives: f64,
    with_child: WithChild<'a>,
    /// The child's drop-out probability.
    drop_out: f64,
    /// The same with fathers and mothers exchanged, where a parent may be either and their mutation rates differ. Every
    /// likelihood is then the mean of both.
    mirrored: Option<Box<Self>>,
}

/// H1, and what H2 says of the child.
enum WithChild<'a> {
    /// Everything about the child at once, at `x * n + y`: P(the child has x from the father and y from the mother, and
    /// the relatives are as typed).
    Joint {
        related: Vec<f64>,
        /// `None` if the child's alleles are independent of the relatives' under H2.
        unrelated: Option<Vec<f64>>,
    },
    /// One child genotype at a time.
    OneByOne { theta: f64, observations: Vec<Option<Observation>>, related: &'a Shape, unrelated: Shape },
}

/// What goes into the likelihood beside model and evidence.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub(super) theta: f64,
    /// Of relatives whose profile does not say otherwise.
    pub(super) relatives_drop_out: f64,
    pub(super) child_drop_out: f64,
}

impl<'a> Hypotheses<'a> {
    /// # Errors
    /// [`KinshipError::Contradiction`] or [`KinshipError::TooLarge`].
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
        if hypotheses.mean(|one| one.relatives) <= 0.0 {
            return Err(KinshipError::Contradiction);
        }
        Ok(hypotheses)
    }

    /// With parents in the places in which they stand.
    fn with_model(
        structure: &'a Structure,
        locus: Cow<'a, LocusModel>,
        evidence: &Evidence,
        settings: Settings,
    ) -> Result<Self, KinshipError> {
        let model = &*locus;
        let observations = observations(model, evidence, settings.relatives_drop_out);
        let relatives = relatives_of_one(structure, model, &observations, settings.theta)?;
        let with_child = match &structure.trees {
            Some([with_child, _]) if settings.theta == 0.0 => {
                let related = Peel::new(with_child, model, &observations).child_joint().unwrap_or_default();
                WithChild::Joint { related, unrelated: None }
            }
            Some(_) if !structure.with_child.child_is_parent() => {
                let joint = |shape: &Shape| {
                    let descent = Descent::new(shape, model, settings.theta, &observations, None);
                    let child = shape.child.filter(|_| descent.choices() <= MOST_CHOICES);
                    child.map(|child| descent.child_joint(child)).ok_or(KinshipError::TooLarge)
                };
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
        // The largest sum: a heterozygote has two phases.
        let last = hypotheses.model.alleles().len().saturating_sub(1);
        match hypotheses.descents(&hypotheses.child(0, last)) {
            Some([related, unrelated]) if related.choices().max(unrelated.choices()) > MOST_CHOICES => {
                Err(KinshipError::TooLarge)
            }
            _ => Ok(hypotheses),
        }
    }

    /// P(child, relatives | H1) / P(child, relatives | H2), the child showing the alleles at these positions.
    pub(super) fn ratio(&self, a: usize, b: usize) -> f64 {
        self.mean(|one| one.related(a, b)) / self.mean(|one| one.unrelated(a, b))
    }

    /// What is asked of the hypotheses, with the parents in either place if they may be.
    fn mean(&self, of: impl Fn(&Self) -> f64) -> f64 {
        match &self.mirrored {
            None => of(self),
            Some(mirrored) => f64::midpoint(of(self), of(mirrored)),
        }
    }

    /// The logarithm of [`Self::ratio`].
    pub(super) fn log10_lr(&self, a: usize, b: usize) -> f64 {
        libm::log10(self.ratio(a, b))
    }

    /// P(the child shows these alleles | relatives, H2, it shows any), as far as drop-out goes.
    pub(super) fn probability_if_unrelated(&self, a: usize, b: usize) -> f64 {
        let relatives = self.mean(|one| one.relatives);
        self.mean(|one| one.unrelated(a, b)) / (relatives * (1.0 - self.drop_out * self.drop_out))
    }

    fn child(&self, a: usize, b: usize) -> Observation {
        Observation::new((a, b), self.drop_out, &self.model)
    }

    /// Whether only the genotype itself can lie behind these alleles.
    fn is_certain(&self, a: usize, b: usize) -> bool {
        self.drop_out == 0.0 && (a != b || self.model.silent().is_none())
    }

    fn related(&self, a: usize, b: usize) -> f64 {
        // What the general case below comes to, without its allocations: most tables are made of this.
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

    /// An entry of a table by ordered alleles, for alleles in no order.
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

/// What each relative shows, in the order of the evidence.
pub(super) fn observations(model: &LocusModel, evidence: &Evidence, drop_out: f64) -> Vec<Option<Observation>> {
    let seen = |shown: &super::Shown| {
        let pair = shown.genotype.and_then(|genotype| model.positions(genotype))?;
        Some(Observation::new(pair, shown.drop_out.map_or(drop_out, DropOut::get), model))
    };
    evidence.relatives().iter().map(seen).collect()
}

/// The locus with fathers and mothers exchanged, if a parent may be either and that makes a difference.
pub(super) fn mirrored(structure: &Structure, model: &LocusModel) -> Option<LocusModel> {
    (structure.either_side && model.paternal() != model.maternal()).then(|| model.mirrored())
}

/// P(relatives | H2).
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
            let descent = Descent::new(&structure.without_child, model, theta, observations, None);
            if descent.choices() > MOST_CHOICES { Err(KinshipError::TooLarge) } else { Ok(descent.likelihood()) }
        }
    }
}
