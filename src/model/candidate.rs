//! What comparing families with children finds: candidates, and families that could not be scored.

use serde::{Deserialize, Serialize};

use super::{InView, Locus, Pseudonym, View, Views};

/// A family and a child whose likelihood ratio reached the threshold, with the numbers of their comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// log10 of the likelihood ratio over all loci, in the view that made the pair a candidate.
    pub log10_lr: f64,
    /// Loci at which the child and at least one relative of that view are typed.
    pub loci_compared: u32,
    /// Loci at which the child cannot be the missing child without a mutation.
    pub incompatible_loci: u32,
    /// The sample of the relative who has the child's own profile, the likeliest of several: one person under two numbers,
    /// or identical twins. The pair is an identity then, and no candidate.
    pub same_as: Option<Pseudonym>,
    /// What all views say; nothing if the family is compared as it is stated only.
    pub views: Option<Box<Views>>,
}

impl Candidate {
    /// The view that made it a candidate.
    #[must_use]
    pub fn view(&self) -> View {
        self.made_by().view
    }

    /// log10 LR in the view that made it, less what the view's doubt costs: by this candidates are ranked.
    #[must_use]
    pub fn rank(&self) -> f64 {
        self.log10_lr + self.log10_doubt()
    }

    /// log10 of the stated probability of the view that made it; 0 for the papers themselves.
    #[must_use]
    pub fn log10_doubt(&self) -> f64 {
        self.made_by().log10_doubt
    }

    fn made_by(&self) -> InView {
        let stated = InView { view: View::Stated, log10_doubt: 0.0, log10_lr: self.log10_lr };
        self.views.as_ref().and_then(|views| views.all.get(views.made_by)).copied().unwrap_or(stated)
    }
}

/// A family that could not be scored, and why: never left out silently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("family {family} cannot be scored at locus {locus}: {reason}")]
pub struct Unscorable {
    /// The family.
    pub family: Pseudonym,
    /// The locus at which it fails.
    pub locus: Locus,
    /// The reason.
    pub reason: String,
}
