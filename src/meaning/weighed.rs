//! A weighed candidate: its class, and the numbers behind it.

use serde::Serialize;

use super::margin::{Margin, RivalRatio};
use crate::matching::Alternative;

/// What a candidate deserves next. The order is from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Class {
    /// Other explanations are at least a hundred times as probable. Not an exclusion.
    Unlikely,
    /// More loci, another relative or a second sample decide.
    MoreLoci,
    /// Worth a second sample now.
    Candidate,
    /// Worth a second sample first of all.
    Strong,
}

impl Class {
    /// All classes, from the most to the least.
    pub const ALL: [Self; 4] = [Self::Strong, Self::Candidate, Self::MoreLoci, Self::Unlikely];

    /// Returns the word for the class, as used in files, options and lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Strong => "strong",
            Self::Candidate => "candidate",
            Self::MoreLoci => "more-loci",
            Self::Unlikely => "unlikely",
        }
    }
}

/// What a candidate lacks for a higher class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Lack {
    /// Fewer than 19 loci are compared.
    Loci,
    /// Another relation of the child explains the profiles nearly as well.
    RivalExplanation,
    /// Another child fits the family nearly as well.
    OtherChild,
    /// Another family fits the child nearly as well.
    OtherFamily,
    /// The least likelihood ratio over the frequency tables and theta is below 10,000.
    LeastRatio,
    /// The posterior probability is too small for the size of the database.
    Posterior,
    /// Three or more loci require a mutation.
    IncompatibleLoci,
    /// The pair is a candidate only if a statement of the papers is false.
    Papers,
    /// The family's relatives are inconsistent with each other.
    MarkedFamily,
}

impl Lack {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 9] = [
        Self::Loci,
        Self::RivalExplanation,
        Self::OtherChild,
        Self::OtherFamily,
        Self::LeastRatio,
        Self::Posterior,
        Self::IncompatibleLoci,
        Self::Papers,
        Self::MarkedFamily,
    ];

    /// Returns the word for it, as used in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Loci => "loci",
            Self::RivalExplanation => "rival-explanation",
            Self::OtherChild => "other-child",
            Self::OtherFamily => "other-family",
            Self::LeastRatio => "least-ratio",
            Self::Posterior => "posterior",
            Self::IncompatibleLoci => "incompatible-loci",
            Self::Papers => "papers",
            Self::MarkedFamily => "marked-family",
        }
    }

    /// Returns a phrase for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Loci => "fewer than 19 loci",
            Self::RivalExplanation => "close kin not ruled out",
            Self::OtherChild => "another child not ruled out",
            Self::OtherFamily => "another family not ruled out",
            Self::LeastRatio => "below 10,000 with other frequencies",
            Self::Posterior => "posterior too small",
            Self::IncompatibleLoci => "3 or more incompatible loci",
            Self::Papers => "only if the papers are wrong",
            Self::MarkedFamily => "relatives inconsistent",
        }
    }
}

/// What a candidate's likelihood ratio means in its database.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Meaning {
    /// What the candidate deserves next.
    pub class: Class,
    /// What it lacks for the next higher class.
    pub lacks: Vec<Lack>,
    /// Probability that the child is the family's missing child, under the prior, given the family's other candidates.
    pub posterior: f64,
    /// Expected number of children of the database that reach this likelihood ratio with this family if all are
    /// unrelated to it.
    pub expected_chance_hits: f64,
    /// `true` if [`Self::expected_chance_hits`] is an upper bound.
    pub chance_hits_bounded: bool,
    /// Number of the family's candidates with at least this likelihood ratio, in the same view; this one included.
    pub observed_at_least: u64,
    /// Expected number of children who reach this likelihood ratio, for each child of a parent's sibling in the
    /// database, typed as this child: the larger one of the two parents. 0 if it is below 10^-12.
    pub expected_cousin_hits: f64,
    /// The same for each half-sibling of the missing child.
    pub expected_half_sibling_hits: f64,
    /// log10 LR against each rival explanation, the smallest first.
    pub rivals: Vec<RivalRatio>,
    /// Rivals whose pedigree with these relatives is too large to compute. None of them counts as beaten, and a cousin or
    /// half-sibling counts as certain to reach the likelihood ratio.
    pub rivals_not_computed: Vec<Alternative>,
    /// Distance from the family's best other child.
    pub margin_child: Margin,
    /// Distance from the child's best other family.
    pub margin_family: Margin,
    /// The least log10 LR over the frequency tables and theta.
    pub log10_lr_min: f64,
    /// The frequency table and theta of [`Self::log10_lr_min`].
    pub log10_lr_min_with: String,
    /// Number of further loci that would be expected to make the candidate `strong`, by the published formula for a
    /// single parent: log of what is lacking, to the base 1.8432. `None` if loci cannot: a rival has the same
    /// likelihood ratio whatever the profiles are, or another child or family has the same profiles.
    pub further_loci: Option<u32>,
}
