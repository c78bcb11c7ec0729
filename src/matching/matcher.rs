//! The run: pages of families, cut into chunks that go over all blocks of children in parallel.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rayon::prelude::*;

use crate::index::Index;
use crate::kinship::{Calculator, KinshipError};
use crate::model::{Family, GenotypeCode, Profile, Pseudonym, genotype_count};
use crate::population::Floor;
use crate::screen::{Classes, Instructions, Lane, Layout, Plan};

use super::chance::Completeness;
use super::chunk::{Chunk, Part};
use super::comparable::{LocusSet, Typed};
use super::compile::{CompiledFamily, Compiler};
use super::identity::{IdentityRule, Judge};
use super::result::{Criterion, MatchResult};
use super::unlisted::Irregular;
use super::watch::{Stopped, Watch};

/// Families per chunk, at most: their plans stay in the second-level cache while the blocks stream by.
const CHUNK: usize = 1024;

/// Chunks per thread that few families are cut into, so that no thread waits long for the others.
const SHARES: usize = 4;

/// What becomes of families' records.
pub type Keep<'k> = &'k mut dyn FnMut(&[u8]);

/// Matches families against the children of an index.
pub struct Matcher<'a> {
    pub(super) index: &'a Index,
    pub(super) compiler: Arc<Compiler<'a>>,
    pub(super) criterion: Criterion,
    pub(super) irregular: Irregular,
    refused: Vec<Pseudonym>,
    pub(super) layout: Layout,
    /// Lanes of all blocks, arranged when the first family is weighed.
    lanes: OnceLock<Vec<Lane>>,
    exhaustive: bool,
    /// Numbers of children to pass by, rising.
    without: Vec<usize>,
    /// How complete the children are, if chance hits are bounded.
    completeness: Option<Completeness>,
    judge: OnceLock<Judge<'a>>,
    /// Whether it is told who has the profile of a relative.
    tells_identities: bool,
}

/// Processor time by stage, added up over threads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stages {
    /// Tables and plans.
    pub compile: Duration,
    /// The kernels.
    pub screen: Duration,
    /// Table sums of survivors.
    pub score: Duration,
    /// Compared and incompatible loci of candidates.
    pub describe: Duration,
}

impl std::ops::AddAssign for Stages {
    fn add_assign(&mut self, other: Self) {
        self.compile += other.compile;
        self.screen += other.screen;
        self.score += other.score;
        self.describe += other.describe;
    }
}

impl<'a> Matcher<'a> {
    /// A matcher over an index that was built for the calculator's panel.
    #[must_use]
    pub fn new(index: &'a Index, calculator: &'a Calculator, criterion: Criterion) -> Self {
        let (irregular, refused) = Irregular::of(index, calculator.model().floor == Floor::Refuse);
        let mut refused: Vec<Pseudonym> = refused.into_iter().map(|child| index.pseudonym(child)).collect();
        refused.sort_unstable();
        Self {
            index,
            compiler: Arc::new(Compiler::new(calculator, Instructions::detect().counts())),
            criterion,
            irregular,
            refused,
            layout: layout(index, calculator),
            lanes: OnceLock::new(),
            exhaustive: false,
            without: Vec::new(),
            completeness: criterion.max_chance_hits.map(|_| Completeness::of(index)),
            judge: OnceLock::new(),
            tells_identities: true,
        }
    }

    /// What it compiles families with, for [`Self::compiling_with`].
    #[must_use]
    pub fn compiler(&self) -> Arc<Compiler<'a>> {
        Arc::clone(&self.compiler)
    }

    /// Compiles families with what a matcher of the same calculator and instructions keeps for the next.
    #[must_use]
    pub fn compiling_with(mut self, compiler: Arc<Compiler<'a>>) -> Self {
        self.compiler = compiler;
        self
    }

    /// Runs on these instructions instead of the best that the machine has.
    #[must_use]
    pub fn with_instructions(mut self, instructions: Instructions) -> Self {
        self.compiler = Arc::new(Compiler::new(self.compiler.calculator(), instructions.counts()));
        self.layout.instructions = instructions;
        self
    }

    /// Scores every pair by its tables instead of screening: slow, and to show that screening loses nothing.
    #[must_use]
    pub fn exhaustive(mut self) -> Self {
        self.exhaustive = true;
        self
    }

    /// Takes no identity out of the candidates.
    #[must_use]
    pub(super) fn with_identities(mut self) -> Self {
        self.tells_identities = false;
        self
    }

    /// Passes these children by.
    #[must_use]
    pub fn without(mut self, children: &BTreeSet<Pseudonym>) -> Self {
        if !children.is_empty() {
            let is_among = |child: &usize| children.contains(&self.index.pseudonym(*child));
            self.without = (0..self.index.children()).into_par_iter().filter(is_among).collect();
            self.refused.retain(|child| !children.contains(child));
        }
        self
    }

    /// Whether a child is passed by.
    pub(super) fn passes_by(&self, child: usize) -> bool {
        self.without.binary_search(&child).is_ok()
    }

    /// The children that are compared, each with the loci at which it is typed.
    #[must_use]
    pub fn typed_children(&self) -> Vec<Typed> {
        let untyped: Vec<usize> = self.index.loci().iter().map(|locus| genotype_count(locus.1.len())).collect();
        let set = |codes: &[GenotypeCode]| {
            let typed =
                codes.iter().zip(&untyped).map(|(&code, &untyped)| LocusSet::from(usize::from(code) != untyped));
            typed.enumerate().fold(0, |set, (locus, typed)| set | typed << locus)
        };
        let children = self.index.codes().par_chunks_exact(untyped.len()).enumerate();
        let compared = |&(child, _): &(usize, &[GenotypeCode])| {
            !self.passes_by(child)
                && (self.refused.is_empty() || self.refused.binary_search(&self.index.pseudonym(child)).is_err())
        };
        children.filter(compared).map(|(child, codes)| (self.index.pseudonym(child), set(codes))).collect()
    }

    /// The relative whose profile a child has, if there is one; of several the likeliest, then the first by pseudonym.
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

    /// The least log10 LR of a family's candidates.
    pub(super) fn threshold(&self, family: &CompiledFamily) -> Result<f64, KinshipError> {
        let least = self.criterion.min_log10_lr;
        match (&self.completeness, self.criterion.max_chance_hits) {
            (Some(children), Some(most)) => {
                let moments = |locus| self.compiler.moments(family, locus);
                Ok(children.threshold(self.calculator(), family, most, moments)?.max(least))
            }
            _ => Ok(least),
        }
    }

    /// Matches families against all children, in parallel on the current rayon pool.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn run(&self, families: &[Family], watch: &Watch) -> Result<(MatchResult, Stages), Stopped> {
        let mut result = self.nothing();
        let mut stages = Stages::default();
        self.page(families, watch, &mut result, &mut stages, false)?;
        result.rank();
        Ok((result, stages))
    }

    /// As [`Self::run`], for families that come page by page, as `next` gives them; an empty page is the last. The next
    /// page is read while one is matched. `keep` is given the families' records, part by part, for a
    /// [`FamilyWriter`](crate::index::FamilyWriter).
    ///
    /// # Errors
    /// What `next` fails with, or [`Stopped`].
    pub fn run_pages<E: Send + From<Stopped>>(
        &self,
        watch: &Watch,
        mut next: impl FnMut() -> Result<Vec<Family>, E> + Send,
        mut keep: Option<Keep<'_>>,
    ) -> Result<(MatchResult, Stages), E> {
        let mut result = self.nothing();
        let mut stages = Stages::default();
        let mut page = next()?;
        while !page.is_empty() {
            let keeps = keep.is_some();
            let (records, read) = rayon::join(|| self.page(&page, watch, &mut result, &mut stages, keeps), &mut next);
            for records in records? {
                keep.iter_mut().for_each(|keep| keep(&records));
            }
            page = read?;
        }
        result.rank();
        Ok((result, stages))
    }

    fn nothing(&self) -> MatchResult {
        let children = (self.index.children() - self.without.len()) as u64;
        MatchResult { children, refused: self.refused.clone(), ..MatchResult::default() }
    }

    /// Gives the families' records, if it `keeps` them, in parts.
    fn page(
        &self,
        families: &[Family],
        watch: &Watch,
        result: &mut MatchResult,
        stages: &mut Stages,
        keeps: bool,
    ) -> Result<Vec<Vec<u8>>, Stopped> {
        let size = families.len().div_ceil(SHARES * rayon::current_num_threads()).clamp(1, CHUNK);
        let run = |chunk| Chunk::new(self, chunk, keeps).run(watch);
        let parts: Vec<Part> = families.par_chunks(size).map(run).collect::<Result<_, Stopped>>()?;
        result.families += families.len() as u64;
        result.pairs += families.len() as u64 * result.children;
        let mut records = Vec::new();
        for part in parts {
            result.take(part.result);
            *stages += part.stages;
            records.push(part.records);
        }
        Ok(records)
    }

    pub(super) fn calculator(&self) -> &'a Calculator {
        self.compiler.calculator()
    }

    /// The plan of a compiled family for a threshold, over the rows of the index.
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

    /// The children of a block arranged for weighing.
    pub(super) fn lanes(&self, block: usize) -> &[Lane] {
        let per_block = self.layout.classes.lanes();
        let all = self.lanes.get_or_init(|| {
            let mut lanes = self.layout.classes.empty(self.index.blocks());
            let blocks = lanes.par_chunks_exact_mut(per_block).enumerate();
            blocks.for_each(|(block, lanes)| self.layout.classes.arrange(self.index, block, lanes));
            lanes
        });
        &all[block * per_block..(block + 1) * per_block]
    }
}

/// What plans need to know of the index: where rows are, and how many children are how complete. The few groups of
/// children are enough for an estimate: those nearly complete, and the others by their mean.
fn layout(index: &Index, calculator: &Calculator) -> Layout {
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
    Layout {
        first_rows: index.first_rows().to_vec(),
        untyped: vec![(0, whole / blocks), (mean.round() as usize, partial / blocks)],
        // The silent allele, which comes last, shows in no profile.
        classes: Classes::new(calculator.loci().iter().map(|l| &l.frequencies()[..l.alleles().len()])),
        instructions: Instructions::detect(),
    }
}
