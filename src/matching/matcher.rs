//! Prepares an index of children, a calculator and a criterion for matching families.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use crate::index::{BLOCK, Index};
use crate::kinship::{Calculator, KinshipError};
use crate::model::{Family, GenotypeCode, Profile, Pseudonym, genotype_count};
use crate::screen::{Classes, Instructions, Layout, Packed, Plan, UntypedGroup};

use super::chance::ChanceHits;
use super::compile::{Compiler, listed_frequencies};
use super::compiled::CompiledFamily;
use super::identity::{IdentityRule, Judge};
use super::irregular::Irregular;
use super::result::Criterion;
use super::shared_loci::{TypedLoci, locus_set};

/// Matches families against the children of an index.
///
/// ```
/// use reunite::index::{Binding, Builder, Index};
/// use reunite::kinship::Calculator;
/// use reunite::matching::{Criterion, Matcher, Watch};
/// use reunite::model::{Child, Family, Profile, Pseudonym, Relation, Relative};
/// use reunite::population::{FrequencyTable, Model};
///
/// let table = FrequencyTable::from_counts(&[
///     ("vWA", &[(140, 0.05), (150, 0.05), (160, 0.9)]),
///     ("FGA", &[(200, 0.05), (210, 0.05), (220, 0.9)]),
/// ])?;
/// let calculator = Calculator::new(&table, Model::default())?;
/// let father = Relative {
///     sample: Pseudonym::from_bytes([1; 16]),
///     relation: Relation::Father,
///     profile: Profile::new(vec![Some("14/15".parse()?), Some("20/21".parse()?)]),
///     drop_out: None,
/// };
/// let family = Family { pseudonym: Pseudonym::from_bytes([2; 16]), relatives: vec![father], pedigree: None };
/// let child = Child {
///     pseudonym: Pseudonym::from_bytes([3; 16]),
///     profile: Profile::new(vec![Some("14/16".parse()?), Some("20/22".parse()?)]),
///     drop_out: None,
/// };
///
/// let loci = table.panel().loci().iter().zip(table.loci());
/// let mut builder = Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect());
/// builder.push(child);
/// let binding = Binding { alleles: table.alleles_digest(), stamp: [0; 16], generation: 1 };
/// let index = Index::from_bytes(&builder.finish(&binding)?)?;
///
/// // A candidate reaches LR 10.
/// let criterion = Criterion { min_log10_lr: 1.0, ..Criterion::default() };
/// let (result, _) = Matcher::new(&index, &calculator, criterion).run(&[family], &Watch::default())?;
/// assert_eq!(result.candidates.len(), 1);
/// // At each locus an allele that one in twenty has is shared: some 5 x 5.
/// assert!((result.candidates[0].log10_lr - 25_f64.log10()).abs() < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Matcher<'a> {
    pub(super) index: &'a Index,
    pub(super) compiler: Arc<Compiler<'a>>,
    pub(super) criterion: Criterion,
    pub(super) irregular: Irregular,
    pub(super) refused: Vec<Pseudonym>,
    pub(super) layout: Layout,
    /// The children of all blocks, arranged for weighing when the first family is weighed.
    packed: OnceLock<Vec<Packed>>,
    exhaustive: bool,
    /// Numbers of the children to skip, in rising order.
    pub(super) without: Vec<usize>,
    /// The loci at which each child is typed; set if chance hits are limited.
    pub(super) chance_hits: Option<ChanceHits>,
    judge: OnceLock<Judge<'a>>,
    /// Set if the result names the relative whose profile a child has.
    tells_identities: bool,
    /// Selection of the pairs that are wanted although they are not candidates.
    pub(super) near: Option<Near>,
}

/// Selection of the pairs that are wanted in addition to the candidates.
pub(super) struct Near {
    /// The largest number of pairs per family.
    pub(super) most: usize,
    /// Pairs of family and child that are candidates or identities already.
    pub(super) candidates: BTreeSet<(Pseudonym, Pseudonym)>,
}

impl<'a> Matcher<'a> {
    /// Creates a matcher over an index that was built for the calculator's panel.
    #[must_use]
    pub fn new(index: &'a Index, calculator: &'a Calculator, criterion: Criterion) -> Self {
        let (irregular, refused) = Irregular::find(index, calculator);
        let mut refused: Vec<Pseudonym> = refused.into_iter().map(|child| index.pseudonym(child)).collect();
        refused.sort_unstable();
        Self {
            index,
            compiler: Arc::new(Compiler::new(calculator, Instructions::detect().counts())),
            criterion,
            irregular,
            refused,
            layout: layout(index, calculator),
            packed: OnceLock::new(),
            exhaustive: false,
            without: Vec::new(),
            chance_hits: criterion.max_chance_hits.map(|_| ChanceHits::of_children(index)),
            judge: OnceLock::new(),
            tells_identities: true,
            near: None,
        }
    }

    /// Returns the compiler of the families, for [`Self::compiling_with`].
    #[must_use]
    pub fn compiler(&self) -> Arc<Compiler<'a>> {
        Arc::clone(&self.compiler)
    }

    /// Compiles families with the compiler of another matcher, which reuses its kept tables. Both matchers must have
    /// the same calculator and instructions.
    #[must_use]
    pub fn compiling_with(mut self, compiler: Arc<Compiler<'a>>) -> Self {
        self.compiler = compiler;
        self
    }

    /// Uses these instructions instead of the best ones of the machine.
    #[must_use]
    pub fn with_instructions(mut self, instructions: Instructions) -> Self {
        self.compiler = Arc::new(Compiler::new(self.compiler.calculator(), instructions.counts()));
        self.layout.instructions = instructions;
        self
    }

    /// Scores every pair by its tables instead of screening. This is slow and serves to show that screening loses no
    /// candidate.
    #[must_use]
    pub fn exhaustive(mut self) -> Self {
        self.exhaustive = true;
        self
    }

    /// The largest distance below the threshold, in log10, at which a pair is a near miss.
    pub const NEAR: f64 = 4.0;

    /// Finds the best pairs of each family that are not among these candidates, at most `most` per family: pairs that
    /// miss the threshold by no more than [`Self::NEAR`], and pairs that a limit per family or on chance hits leaves
    /// out. The result has them in [`MatchResult::near`](super::MatchResult::near).
    #[must_use]
    pub fn near_misses(mut self, most: u32, candidates: BTreeSet<(Pseudonym, Pseudonym)>) -> Self {
        self.criterion.min_log10_lr -= Self::NEAR;
        (self.criterion.max_per_family, self.criterion.max_chance_hits) = (None, None);
        self.chance_hits = None;
        self.near = Some(Near { most: most as usize, candidates });
        self
    }

    /// Keeps identities among the candidates.
    #[must_use]
    pub(super) fn with_identities(mut self) -> Self {
        self.tells_identities = false;
        self
    }

    /// Skips these children.
    #[must_use]
    pub fn without(mut self, children: &BTreeSet<Pseudonym>) -> Self {
        if !children.is_empty() {
            let is_among = |child: &usize| children.contains(&self.index.pseudonym(*child));
            self.without = (0..self.index.children()).into_par_iter().filter(is_among).collect();
            self.refused.retain(|child| !children.contains(child));
        }
        self
    }

    /// Reports whether a child is skipped.
    pub(super) fn passes_by(&self, child: usize) -> bool {
        self.without.binary_search(&child).is_ok()
    }

    /// Returns the children that are compared, each with the loci at which it is typed.
    #[must_use]
    pub fn typed_children(&self) -> Vec<TypedLoci> {
        let untyped: Vec<usize> = self.index.loci().iter().map(|locus| genotype_count(locus.1.len())).collect();
        let set = |codes: &[GenotypeCode]| {
            locus_set(codes.iter().zip(&untyped).map(|(&code, &untyped)| usize::from(code) != untyped))
        };
        let children = self.index.codes().par_chunks_exact(untyped.len()).enumerate();
        let compared = |&(child, _): &(usize, &[GenotypeCode])| {
            !self.passes_by(child)
                && (self.refused.is_empty() || self.refused.binary_search(&self.index.pseudonym(child)).is_err())
        };
        let typed = |(child, codes)| TypedLoci { pseudonym: self.index.pseudonym(child), loci: set(codes) };
        children.filter(compared).map(typed).collect()
    }

    /// Returns the relative whose profile a child has, if there is one; of several relatives the likeliest, then the
    /// first by pseudonym.
    pub(super) fn same_as(&self, family: &Family, child: usize) -> Result<Option<Pseudonym>, KinshipError> {
        if !self.tells_identities {
            return Ok(None);
        }
        let rule = IdentityRule::default();
        let mut best: Option<(f64, Pseudonym)> = None;
        for relative in &family.relatives {
            if !rule.may_hold(&relative.profile, |locus| self.index.genotype(child, locus)) {
                continue;
            }
            let genotypes = (0..self.index.loci().len()).map(|locus| self.index.genotype(child, locus)).collect();
            let judge = self.judge.get_or_init(|| Judge::new(self.compiler()));
            let Some(identity) = judge.identity(&rule, &relative.profile, &Profile::new(genotypes))? else { continue };
            let found = (identity.log10_lr, relative.sample);
            let is_better = |best: &(f64, Pseudonym)| found.0 > best.0 || (found.0 == best.0 && found.1 < best.1);
            if best.as_ref().is_none_or(is_better) {
                best = Some(found);
            }
        }
        Ok(best.map(|best| best.1))
    }

    /// Computes the least log10 LR of a family's candidates in a view with this doubt and with this share of the chance
    /// hits.
    pub(super) fn threshold(&self, family: &CompiledFamily, log10_doubt: f64, share: f64) -> Result<f64, KinshipError> {
        let least = self.criterion.min_log10_lr - log10_doubt;
        match (&self.chance_hits, self.criterion.max_chance_hits) {
            (Some(hits), Some(most)) => Ok(hits.threshold(&self.compiler, family, most * share, least)?.max(least)),
            _ => Ok(least),
        }
    }

    pub(super) fn calculator(&self) -> &'a Calculator {
        self.compiler.calculator()
    }

    /// Returns the screening plan of a compiled family for a threshold, over the rows of the index.
    pub(super) fn plan(&self, family: &CompiledFamily, threshold: f64) -> Plan {
        if self.exhaustive {
            return Plan::Everyone;
        }
        Plan::new(&family.screened(), &self.layout, threshold - family.linkage.slack)
    }

    pub(super) fn codes(&self, child: usize) -> &'a [GenotypeCode] {
        let loci = self.calculator().panel().len();
        &self.index.codes()[child * loci..(child + 1) * loci]
    }

    /// Returns the children of the index, arranged for weighing and filled up to whole blocks.
    pub(super) fn packed(&self) -> &[Packed] {
        self.packed.get_or_init(|| {
            let per_block = BLOCK * self.layout.classes.packs();
            let mut packed = vec![Packed::default(); self.index.blocks() * per_block];
            let blocks = packed.par_chunks_exact_mut(per_block).enumerate();
            blocks.for_each(|(block, packed)| self.layout.classes.arrange(self.index, block * BLOCK, packed));
            packed
        })
    }
}

/// Collects the facts about the index that plans need: where the rows are, and how many children are typed how
/// completely.
fn layout(index: &Index, calculator: &Calculator) -> Layout {
    Layout {
        first_rows: index.first_rows().to_vec(),
        untyped: untyped_groups(index),
        // The silent allele is the last one and never appears in a profile.
        classes: Classes::new(calculator.loci().iter().map(listed_frequencies)),
        instructions: Instructions::detect(),
    }
}

/// Groups the children of an index by how completely they are typed. Two groups are enough for an estimate: the nearly
/// complete children, and the others by their mean.
pub(super) fn untyped_groups(index: &Index) -> Vec<UntypedGroup> {
    let (mut whole, mut partial, mut untyped) = (0.0, 0.0, 0.0);
    for block in 0..index.blocks() {
        match index.untyped(block) {
            0..=2 => whole += 1.0,
            many => {
                partial += 1.0;
                untyped += many as f64;
            }
        }
    }
    let blocks = f64::max(whole + partial, 1.0);
    let mean = if partial > 0.0 { untyped / partial } else { 0.0 };
    vec![
        UntypedGroup { loci: 0, share: whole / blocks },
        UntypedGroup { loci: mean.round() as usize, share: partial / blocks },
    ]
}
