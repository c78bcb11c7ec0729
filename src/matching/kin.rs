//! Close kin among samples that nobody said to be related: relatives of different families, or children.
//!
//! Each sample is taken for the only relative of a missing child, as its parent, its full sibling and its half-sibling,
//! and matched with all samples of the same index, by the screens and sums that families are matched by: the pairs found
//! are those of scoring every pair. Samples of one person are looked for by the alleles that differ.
//!
//! A pair has one likelihood ratio per relation: the larger of the two that it has with either one as the relative.

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

/// Samples that are matched together.
const PAGE: usize = 16_384;

/// What two samples may be to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KinRelation {
    /// One person, or identical twins.
    Identity,
    /// Parent and child, in either direction.
    ParentChild,
    /// Same father and same mother.
    FullSibling,
    /// One parent in common; stands for all relations of the second degree, which unlinked loci cannot tell apart.
    HalfSibling,
}

impl KinRelation {
    /// All, the closest first.
    pub const ALL: [Self; 4] = [Self::Identity, Self::ParentChild, Self::FullSibling, Self::HalfSibling];

    /// The word used in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::ParentChild => "parent-child",
            Self::FullSibling => "full-sibling",
            Self::HalfSibling => "half-sibling",
        }
    }

    /// What the one is taken for in the other's family; `None` if they are one person.
    fn relation(self) -> Option<Relation> {
        match self {
            Self::Identity => None,
            Self::ParentChild => Some(Relation::Father),
            Self::FullSibling => Some(Relation::FullSibling),
            Self::HalfSibling => Some(Relation::PaternalHalfSibling),
        }
    }
}

/// Which pairs are kin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KinCriterion {
    /// The least log10 LR of a relation other than identity.
    pub min_log10_lr: f64,
    /// The most pairs, of all, that may be expected to be listed by chance for such relations, if all samples were
    /// unrelated; above 0. Exact to 2 % and 0.1 in log10 LR, or bounded from above: see `chance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_chance_hits: Option<f64>,
    /// When two samples are alike enough to be one person's.
    pub identity: IdentityRule,
}

/// log10 LR of each relation against "unrelated".
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KinRatios {
    /// One person; linkage between loci is left out.
    pub identity: f64,
    /// Parent and child.
    pub parent_child: f64,
    /// Full siblings.
    pub full_sibling: f64,
    /// Half-siblings.
    pub half_sibling: f64,
}

impl KinRatios {
    /// The log10 LR of a relation.
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

/// Two samples that are close kin, or one person's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KinPair {
    /// The samples, rising.
    pub samples: [Pseudonym; 2],
    /// The relation with the largest likelihood ratio. Identity only if as many loci as the rule asks are compared.
    pub likeliest: KinRelation,
    /// How alike they are.
    #[serde(flatten)]
    pub likeness: Likeness,
    /// What each relation is worth.
    pub log10_lr: KinRatios,
}

/// What a search for kin gives.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct KinResult {
    /// By falling likelihood ratio of the likeliest relation, ties by samples.
    pub pairs: Vec<KinPair>,
    /// Samples that were compared with nobody, because the model refuses alleles without a frequency.
    pub refused: Vec<Pseudonym>,
    /// Samples that could not be scored, and why; identities were looked for all the same.
    pub unscorable: Vec<Unscorable>,
}

/// Looks for kin among the samples of an index.
pub struct KinSearch<'a> {
    index: &'a Index,
    compiler: Arc<Compiler<'a>>,
    criterion: KinCriterion,
}

/// A pair before it is described.
struct Hit {
    /// Numbers in the index, rising.
    pair: [usize; 2],
    /// Whether it reached a threshold; otherwise it is alike enough to be one person's.
    reached: bool,
}

impl<'a> KinSearch<'a> {
    /// Over an index that was built for the calculator's panel. Neither sex nor direction is known, so its mutation rates
    /// should be the same for both sexes; and its drop-out for relatives and children.
    #[must_use]
    pub fn new(index: &'a Index, calculator: &'a Calculator, criterion: KinCriterion) -> Self {
        let compiler = Arc::new(Compiler::new(calculator, Instructions::detect().counts()));
        Self { index, compiler, criterion }
    }

    /// Every pair that is identical, or kin by one of the relations; each once. Pairs that are `known` to be kin are
    /// left out, unless they are identical.
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
                // Every sample is matched with all others, by every relation.
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
        // Of two hits of one pair, the one that reached a threshold comes first.
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

    /// A pair with its numbers; `None` if it is alike and yet not one person's.
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

    /// log10 LR of the relative's relation to the other one, bit for bit that of a match.
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
