//! What comparing families with children finds: candidates, and families that could not be scored.

use serde::{Deserialize, Serialize};

use super::{Locus, Pseudonym};

/// A family and a child whose likelihood ratio reached the threshold, with the numbers of their comparison.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// log10 of the likelihood ratio over all loci.
    pub log10_lr: f64,
    /// Loci at which the child and at least one relative are typed.
    pub loci_compared: u32,
    /// Loci at which the child cannot be the missing child without a mutation.
    pub incompatible_loci: u32,
    /// The sample of the relative who has the child's own profile, the likeliest of several: one person under two numbers,
    /// or identical twins. The pair is an identity then, and no candidate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_as: Option<Pseudonym>,
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
