//! Decides when two samples count as one person's.
//!
//! Two measures decide: the alleles that differ at loci typed in both, and the likelihood ratio of one person, mistyped
//! at a locus with probability [`TYPING_ERROR`](crate::kinship::TYPING_ERROR), against full siblings, whose profiles
//! may share much. Identical twins also have one profile.

use std::sync::Arc;

use serde::Serialize;

use crate::kinship::{KinshipError, SamePerson};
use crate::model::{Child, Family, Genotype, Profile, Pseudonym, Relation, Relative};

use super::compile::Compiler;
use super::compiled::{CompiledFamily, LocusError};

/// Required similarity of two profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityRule {
    /// The most alleles that may differ; at most [`Self::MOST_DIFFERENCES`].
    pub max_differences: u8,
    /// The fewest loci that must be typed in both.
    pub min_loci: u32,
}

impl IdentityRule {
    /// The largest value of [`Self::max_differences`].
    pub const MOST_DIFFERENCES: u8 = 20;

    /// Reports whether profiles are similar enough.
    #[must_use]
    pub fn holds(&self, likeness: Likeness) -> bool {
        likeness.differing_alleles <= u32::from(self.max_differences) && likeness.loci_compared >= self.min_loci
    }

    /// Reports whether profiles may be similar enough. The comparison ends as soon as more alleles differ than allowed.
    pub(super) fn may_hold(&self, one: &Profile, other: impl Fn(usize) -> Option<Genotype>) -> bool {
        let mut left = i64::from(self.max_differences);
        (one.genotypes().iter().enumerate()).all(|(locus, genotype)| {
            if let Some((a, b)) = genotype.zip(other(locus)) {
                left -= i64::from(a.differing_alleles(b));
            }
            left >= 0
        })
    }
}

impl Default for IdentityRule {
    /// Allows two alleles to differ: drop-out at two loci, or one locus read wrong. At the ten loci of the built-in
    /// table that distinguish people least, two unrelated persons are this similar with a probability of 3 x 10^-7, at
    /// all 23 with 7 x 10^-24.
    fn default() -> Self {
        Self { max_differences: 2, min_loci: 10 }
    }
}

/// Similarity of two profiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Likeness {
    /// Loci typed in both.
    pub loci_compared: u32,
    /// Alleles that must change to turn one profile into the other.
    pub differing_alleles: u32,
}

impl Likeness {
    /// Compares two profiles, given as genotypes along a panel.
    pub fn between(
        one: impl IntoIterator<Item = Option<Genotype>>,
        other: impl IntoIterator<Item = Option<Genotype>>,
    ) -> Self {
        let mut likeness = Self::default();
        for (a, b) in one.into_iter().zip(other).filter_map(|(a, b)| Some((a?, b?))) {
            likeness.loci_compared += 1;
            likeness.differing_alleles += a.differing_alleles(b);
        }
        likeness
    }
}

/// Two samples of one person, or of identical twins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Identity {
    /// Similarity of the two profiles.
    #[serde(flatten)]
    pub likeness: Likeness,
    /// log10 of P(profiles | one person) / P(profiles | unrelated).
    pub log10_lr: f64,
    /// log10 of P(profiles | one person) / P(profiles | full siblings); not negative.
    pub log10_lr_over_siblings: f64,
}

/// Distinguishes one person from two.
pub struct Judge<'a> {
    compiler: Arc<Compiler<'a>>,
    same_person: SamePerson<'a>,
}

impl<'a> Judge<'a> {
    /// Creates a judge with the compiler's calculator. Loci count as independent: the judge ignores linkage between
    /// them.
    #[must_use]
    pub fn new(compiler: Arc<Compiler<'a>>) -> Self {
        let same_person = SamePerson::new(compiler.calculator());
        Self { compiler, same_person }
    }

    /// Computes the log10 of P(profiles | one person) / P(profiles | unrelated), with loci added up in panel order.
    ///
    /// # Errors
    /// [`KinshipError`].
    pub fn log10_lr(&self, one: &Profile, other: &Profile) -> Result<f64, KinshipError> {
        let mut sum = 0.0;
        for (locus, (a, b)) in one.genotypes().iter().zip(other.genotypes()).enumerate() {
            if let (Some(a), Some(b)) = (a, b) {
                sum += self.same_person.log10_lr(locus, *a, *b)?;
            }
        }
        Ok(sum)
    }

    /// Judges two samples; `None` if they are not similar by the rule, or if full siblings are likelier.
    ///
    /// # Errors
    /// [`KinshipError`].
    pub fn identity(
        &self,
        rule: &IdentityRule,
        one: &Profile,
        other: &Profile,
    ) -> Result<Option<Identity>, KinshipError> {
        let likeness = Likeness::between(one.genotypes().iter().copied(), other.genotypes().iter().copied());
        if !rule.holds(likeness) {
            return Ok(None);
        }
        let log10_lr = self.log10_lr(one, other)?;
        let sibling = self.compiled(Relation::FullSibling, one)?;
        let mut siblings = 0.0;
        for (locus, genotype) in other.genotypes().iter().enumerate() {
            siblings += sibling.locus_log10_lr(self.compiler.calculator(), locus, *genotype, None)?;
        }
        let identity = Identity { likeness, log10_lr, log10_lr_over_siblings: log10_lr - siblings };
        Ok(Some(identity).filter(|identity| identity.log10_lr_over_siblings >= 0.0))
    }

    fn compiled(&self, relation: Relation, profile: &Profile) -> Result<CompiledFamily, KinshipError> {
        let sample = Child { pseudonym: Pseudonym::from_bytes([0; 16]), profile: profile.clone(), drop_out: None };
        self.compiler.unlinked(&family_of_one(relation, sample)).map_err(|LocusError { reason, .. }| reason)
    }
}

/// Builds the family of one relative, under the relative's own pseudonym.
pub(super) fn family_of_one(relation: Relation, sample: Child) -> Family {
    let Child { pseudonym, profile, drop_out } = sample;
    let relative = Relative { sample: pseudonym, relation, profile, drop_out };
    Family { pseudonym, relatives: vec![relative], pedigree: None }
}
