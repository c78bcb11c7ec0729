//! Results of the comparison of families with children: candidates, and families that could not be scored.

use std::cmp::Ordering;

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
    /// Number of loci at which the child and at least one relative of that view are typed.
    pub loci_compared: u32,
    /// Number of loci at which the child cannot be the missing child without a mutation.
    pub incompatible_loci: u32,
    /// The sample of the relative whose profile is also the child's; the likeliest of several. One person has two
    /// sample numbers, or the two are identical twins. The pair is then an identity, not a candidate.
    pub same_as: Option<Pseudonym>,
    /// The results of all views; `None` if the family was compared only as stated.
    pub views: Option<Box<Views>>,
}

impl Candidate {
    /// Returns the family and the child.
    #[must_use]
    pub fn pair(&self) -> (Pseudonym, Pseudonym) {
        (self.family, self.child)
    }

    /// Returns the view that made the pair a candidate.
    #[must_use]
    pub fn view(&self) -> View {
        self.made_by().view
    }

    /// Returns the value by which candidates are ranked: log10 LR in the view that made the candidate, plus
    /// [`Self::log10_doubt`] as a penalty for that view.
    #[must_use]
    pub fn rank(&self) -> f64 {
        self.log10_lr + self.log10_doubt()
    }

    /// Orders candidates as lists show them: by falling rank, ties by family and child.
    #[must_use]
    pub fn best_first(&self, other: &Self) -> Ordering {
        other.rank().total_cmp(&self.rank()).then_with(|| self.pair().cmp(&other.pair()))
    }

    /// Returns log10 of the stated probability of the view that made the candidate; 0 for [`View::Stated`].
    #[must_use]
    pub fn log10_doubt(&self) -> f64 {
        self.made_by().log10_doubt
    }

    fn made_by(&self) -> InView {
        let stated = InView { view: View::Stated, log10_doubt: 0.0, log10_lr: self.log10_lr };
        self.views.as_ref().and_then(|views| views.all.get(views.made_by)).copied().unwrap_or(stated)
    }
}

/// A family that could not be scored, with the reason, so that no family is skipped silently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("family {family} cannot be scored at locus {locus}: {reason}")]
pub struct Unscorable {
    /// The family.
    pub family: Pseudonym,
    /// The locus at which scoring failed.
    pub locus: Locus,
    /// The reason.
    pub reason: String,
}
