//! Finds undeclared close relatives among samples: among relatives of different families, or among children.
//!
//! The search takes each sample as the only relative of a missing child, as its parent, its full sibling and its
//! half-sibling, and matches it with all samples of the same index, by the same screens and sums that match families.
//! It therefore finds the same pairs as scoring every pair. Samples of one person are found by counting the alleles
//! that differ.
//!
//! A pair has one likelihood ratio per relation: the larger of the two that result from taking either sample as the
//! relative.

use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use crate::index::Index;
use crate::kinship::{Calculator, KinshipError};
use crate::model::{Child, Profile, Pseudonym, Relation, Unscorable};
use crate::screen::Instructions;

use super::compile::Compiler;
use super::duplicates::DuplicateSearch;
use super::identity::{IdentityRule, Judge, Likeness, family_of_one};
use super::matcher::Matcher;
use super::result::Criterion;
use super::watch::{Stopped, Watch};

/// Number of samples that are matched together.
const PAGE: usize = 16_384;

/// Relation between two samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KinRelation {
    /// One person, or identical twins.
    Identity,
    /// Parent and child, in either direction.
    ParentChild,
    /// Same father and same mother.
    FullSibling,
    /// One parent in common; represents all relations of the second degree, which unlinked loci cannot distinguish.
    HalfSibling,
}

impl KinRelation {
    /// All relations, the closest first.
    pub const ALL: [Self; 4] = [Self::Identity, Self::ParentChild, Self::FullSibling, Self::HalfSibling];

    /// Returns the word used in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::ParentChild => "parent-child",
            Self::FullSibling => "full-sibling",
            Self::HalfSibling => "half-sibling",
        }
    }

    /// Returns the relation of the one sample to the other's missing child; `None` if both are of one person.
    fn relation(self) -> Option<Relation> {
        match self {
            Self::Identity => None,
            Self::ParentChild => Some(Relation::Father),
            Self::FullSibling => Some(Relation::FullSibling),
            Self::HalfSibling => Some(Relation::PaternalHalfSibling),
        }
    }
}

/// Criterion for a pair to be listed as kin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KinCriterion {
    /// The least log10 LR of a relation other than identity.
    pub min_log10_lr: f64,
    /// The largest expected number of pairs, of all, that reach the threshold for these relations by chance if all
    /// samples are unrelated; above 0. Exact to 2 % and 0.1 in log10 LR, or bounded from above: see `chance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_chance_hits: Option<f64>,
    /// Required similarity of two samples to count as one person's.
    pub identity: IdentityRule,
}

/// log10 LR of each relation against "unrelated".
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KinRatios {
    /// One person; ignores linkage between loci.
    pub identity: f64,
    /// Parent and child.
    pub parent_child: f64,
    /// Full siblings.
    pub full_sibling: f64,
    /// Half-siblings.
    pub half_sibling: f64,
}

impl KinRatios {
    /// Returns the log10 LR of a relation.
    #[must_use]
    pub fn of_relation(&self, relation: KinRelation) -> f64 {
        match relation {
            KinRelation::Identity => self.identity,
            KinRelation::ParentChild => self.parent_child,
            KinRelation::FullSibling => self.full_sibling,
            KinRelation::HalfSibling => self.half_sibling,
        }
    }
}

/// Two samples of close kin, or of one person.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KinPair {
    /// The two samples, in rising order.
    pub samples: [Pseudonym; 2],
    /// The relation with the largest likelihood ratio. Identity only if at least as many loci are compared as the rule
    /// requires.
    pub likeliest: KinRelation,
    /// Similarity of the two samples.
    #[serde(flatten)]
    pub likeness: Likeness,
    /// log10 LR of each relation.
    pub log10_lr: KinRatios,
}

/// Result of a search for kin.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct KinResult {
    /// The pairs, by falling likelihood ratio of the likeliest relation, ties by samples.
    pub pairs: Vec<KinPair>,
    /// Samples that were compared with nobody, because the model refuses alleles without a frequency.
    pub refused: Vec<Pseudonym>,
    /// Samples that could not be scored, and why; the search for identities includes them all the same.
    pub unscorable: Vec<Unscorable>,
}

/// Looks for kin among the samples of an index.
pub struct KinSearch<'a> {
    index: &'a Index,
    compiler: Arc<Compiler<'a>>,
    criterion: KinCriterion,
}

/// A pair that was found but not yet described.
struct Hit {
    /// Numbers of the two samples in the index, in rising order.
    pair: [usize; 2],
    /// Set if the pair reached a threshold; otherwise the pair is similar enough to be of one person.
    reached: bool,
}

impl<'a> KinSearch<'a> {
    /// Creates a search over an index that was built for the calculator's panel. Neither sex nor direction of a pair is
    /// known, so the calculator should use the same mutation rates for both sexes, and the same drop-out for relatives
    /// and children.
    #[must_use]
    pub fn new(index: &'a Index, calculator: &'a Calculator, criterion: KinCriterion) -> Self {
        let compiler = Arc::new(Compiler::new(calculator, Instructions::detect().counts()));
        Self { index, compiler, criterion }
    }

    /// Returns every pair that is identical, or kin by one of the relations; each pair once. Leaves out pairs that are
    /// `known` to be kin, unless they are identical.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn run(
        &self,
        relations: &[KinRelation],
        known: impl Fn(Pseudonym, Pseudonym) -> bool + Sync,
        watch: &Watch,
    ) -> Result<KinResult, Stopped> {
        let mut result = KinResult::default();
        let mut by_name: Vec<(Pseudonym, usize)> =
            (0..self.index.children()).map(|number| (self.index.pseudonym(number), number)).collect();
        by_name.sort_unstable();
        let number = |name: Pseudonym| by_name.binary_search_by_key(&name, |one| one.0).ok().map(|at| by_name[at].1);
        let by_ratio: Vec<Relation> = relations.iter().filter_map(|relation| relation.relation()).collect();
        watch.expect(by_ratio.len() as u64 * self.index.children() as u64 * self.index.children() as u64);
        let mut hits: Vec<Hit> = Vec::new();
        if relations.contains(&KinRelation::Identity) {
            let search = DuplicateSearch::new(self.index, self.compiler.calculator(), self.criterion.identity);
            hits.extend(
                search
                    .pairs_within(watch)?
                    .into_iter()
                    .map(|pair| Hit { pair: [pair.one, pair.other], reached: false }),
            );
        }
        for &relation in &by_ratio {
            let shared = self.criterion.max_chance_hits.map(|most| {
                // Every sample is matched with all others, once for each relation.
                most / (by_ratio.len() as f64 * self.index.children() as f64)
            });
            let criterion = Criterion {
                min_log10_lr: self.criterion.min_log10_lr,
                max_chance_hits: shared,
                ..Criterion::default()
            };
            let matcher = Matcher::new(self.index, self.compiler.calculator(), criterion)
                .compiling_with(Arc::clone(&self.compiler))
                .with_identities();
            for page in 0..self.index.children().div_ceil(PAGE) {
                let numbers = page * PAGE..self.index.children().min((page + 1) * PAGE);
                let families: Vec<_> =
                    numbers.into_par_iter().map(|number| family_of_one(relation, self.sample(number))).collect();
                let (found, _) = matcher.run(&families, watch)?;
                let pairs = found.candidates.into_iter().filter(|pair| pair.family != pair.child);
                let pairs = pairs.filter(|pair| !known(pair.family, pair.child));
                let pairs = pairs.filter_map(|pair| Some((number(pair.family)?, number(pair.child)?)));
                hits.extend(pairs.map(|(a, b)| Hit { pair: [a.min(b), a.max(b)], reached: true }));
                result.unscorable.extend(found.unscorable);
                result.refused.extend(found.refused);
            }
        }
        // Of two hits of one pair, the sort puts the one that reached a threshold first, and `dedup` keeps it.
        hits.sort_unstable_by(|a, b| a.pair.cmp(&b.pair).then(b.reached.cmp(&a.reached)));
        hits.dedup_by_key(|hit| hit.pair);
        let judge = Judge::new(Arc::clone(&self.compiler));
        let described: Vec<Result<Option<KinPair>, Unscorable>> =
            hits.into_par_iter().map(|hit| self.describe(&judge, hit)).collect();
        for pair in described {
            match pair {
                Ok(pair) => result.pairs.extend(pair),
                Err(unscorable) => result.unscorable.push(unscorable),
            }
        }
        result.unscorable.sort_by_key(|one| one.family);
        result.unscorable.dedup_by_key(|one| one.family);
        result.refused.sort_unstable();
        result.refused.dedup();
        result.pairs.sort_unstable_by(|a, b| {
            let best = |pair: &KinPair| pair.log10_lr.of_relation(pair.likeliest);
            best(b).total_cmp(&best(a)).then_with(|| a.samples.cmp(&b.samples))
        });
        Ok(result)
    }

    fn sample(&self, number: usize) -> Child {
        let genotypes = (0..self.index.loci().len()).map(|locus| self.index.genotype(number, locus)).collect();
        Child {
            pseudonym: self.index.pseudonym(number),
            profile: Profile::new(genotypes),
            drop_out: self.index.drop_out(number),
        }
    }

    /// Computes the numbers of a pair; `None` if the pair is similar but not of one person.
    fn describe(&self, judge: &Judge<'_>, Hit { pair, reached }: Hit) -> Result<Option<KinPair>, Unscorable> {
        let [one, other] = pair.map(|number| self.sample(number));
        let failed = |reason: KinshipError| Unscorable {
            family: one.pseudonym,
            locus: self.index.loci()[0].0.clone(),
            reason: reason.to_string(),
        };
        if !reached {
            let identity = judge.identity(&self.criterion.identity, &one.profile, &other.profile).map_err(failed)?;
            if identity.is_none() {
                return Ok(None);
            }
        }
        let best = |relation: Relation| -> Result<f64, Unscorable> {
            Ok(f64::max(self.log10_lr(relation, &one, &other)?, self.log10_lr(relation, &other, &one)?))
        };
        let log10_lr = KinRatios {
            identity: judge.log10_lr(&one.profile, &other.profile).map_err(failed)?,
            parent_child: best(Relation::Father)?,
            full_sibling: best(Relation::FullSibling)?,
            half_sibling: best(Relation::PaternalHalfSibling)?,
        };
        let genotypes = |sample: &Child| sample.profile.genotypes().to_vec();
        let likeness = Likeness::between(genotypes(&one), genotypes(&other));
        let called = likeness.loci_compared >= self.criterion.identity.min_loci;
        let may_be = |relation: &KinRelation| *relation != KinRelation::Identity || called;
        let likelier = |best: KinRelation, next: KinRelation| {
            if log10_lr.of_relation(next) > log10_lr.of_relation(best) { next } else { best }
        };
        let likeliest =
            KinRelation::ALL.into_iter().filter(may_be).reduce(likelier).unwrap_or(KinRelation::HalfSibling);
        let mut samples = [one.pseudonym, other.pseudonym];
        samples.sort_unstable();
        Ok(Some(KinPair { samples, likeliest, likeness, log10_lr }))
    }

    /// Computes the log10 LR of the relative's relation to the other sample, bit for bit as in a match.
    fn log10_lr(&self, relation: Relation, relative: &Child, other: &Child) -> Result<f64, Unscorable> {
        let family = family_of_one(relation, relative.clone());
        let compiled = self.compiler.family(&family)?;
        let calculator = self.compiler.calculator();
        let score = || {
            let mut pairs = compiled.linkage.scorers(calculator)?;
            compiled.log10_lr(calculator, &mut pairs, |locus| other.profile.at(locus), other.drop_out)
        };
        score().map_err(|reason: KinshipError| Unscorable {
            family: relative.pseudonym,
            locus: self.index.loci()[0].0.clone(),
            reason: reason.to_string(),
        })
    }
}
