//! The run: chunks of families, in parallel, each over all blocks of children.

use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::index::{BLOCK, Index, Row, UNLISTED};
use crate::kinship::{Calculator, KinshipError};
use crate::model::{Family, GenotypeCode, Pseudonym, genotype_count};
use crate::population::Floor;
use crate::screen::{Instructions, Layout, Plan, Screen, screen_block};

use super::compile::{CompiledFamily, Compiler};
use super::result::{Candidate, Criterion, MatchResult, Unscorable};
use super::score::Scorer;
use super::unlisted::Irregular;

/// Families per chunk: their plans stay in the second-level cache while the blocks stream by.
const CHUNK: usize = 256;

/// Survivors of a family that are scored together, while its tables are in the first-level cache.
const BATCH: usize = 512;

/// Matches families against the children of an index.
pub struct Matcher<'a> {
    index: &'a Index,
    compiler: Compiler<'a>,
    criterion: Criterion,
    instructions: Instructions,
    irregular: Irregular,
    refused: Vec<Pseudonym>,
    layout: Layout,
}

/// Processor time by stage, added up over threads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stages {
    /// Tables and plans.
    pub compile: Duration,
    /// The kernel.
    pub screen: Duration,
    /// Table sums of survivors and of scanned families.
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

/// A pair that reached the threshold: child number and log10 LR.
type Hit = (usize, f64);

impl<'a> Matcher<'a> {
    /// A matcher over an index that was built for the calculator's panel.
    #[must_use]
    pub fn new(index: &'a Index, calculator: &'a Calculator, criterion: Criterion) -> Self {
        let (irregular, refused) = Irregular::of(index, calculator.model().floor == Floor::Refuse);
        let refused = refused.into_iter().map(|child| index.pseudonym(child)).collect();
        Self {
            index,
            compiler: Compiler::new(calculator),
            criterion,
            instructions: Instructions::detect(),
            irregular,
            refused,
            layout: layout(index),
        }
    }

    /// Runs on these instructions instead of the best that the machine has.
    #[must_use]
    pub fn with_instructions(mut self, instructions: Instructions) -> Self {
        self.instructions = instructions;
        self
    }

    /// Matches families against all children, in parallel on the current rayon pool.
    #[must_use]
    pub fn run(&self, families: &[Family]) -> (MatchResult, Stages) {
        let chunks: Vec<(MatchResult, Stages)> =
            families.par_chunks(CHUNK).map(|chunk| Chunk::new(self, chunk).run()).collect();
        let mut result = MatchResult {
            families: families.len() as u64,
            children: self.index.children() as u64,
            refused: self.refused.clone(),
            ..MatchResult::default()
        };
        let mut stages = Stages::default();
        for (part, part_stages) in chunks {
            result.candidates.extend(part.candidates);
            result.unscorable.extend(part.unscorable);
            result.families_screened += part.families_screened;
            result.families_scanned += part.families_scanned;
            result.families_out_of_reach += part.families_out_of_reach;
            result.survivors += part.survivors;
            stages += part_stages;
        }
        result.rank();
        result.unscorable.sort_unstable_by_key(|unscorable| unscorable.family);
        (result, stages)
    }

    fn calculator(&self) -> &'a Calculator {
        self.compiler.calculator()
    }

    /// The plan of a compiled family, over the rows of the index.
    fn plan(&self, family: &CompiledFamily) -> Plan {
        let loci: Vec<_> = family.loci.iter().map(|locus| locus.as_ref().map(|locus| &*locus.screened)).collect();
        Plan::new(&loci, &self.layout, self.criterion.min_log10_lr - family.linkage.slack)
    }

    fn codes(&self, child: usize) -> &'a [u16] {
        let loci = self.calculator().panel().len();
        &self.index.codes()[child * loci..(child + 1) * loci]
    }
}

/// What plans need to know of the index: where rows are, and how many children are how complete. The few groups of
/// children are enough for an estimate: those nearly complete, and the others by their mean.
fn layout(index: &Index) -> Layout {
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
    }
}

/// The children of a row's set bits.
fn children(block: usize, row: &Row) -> impl Iterator<Item = usize> + '_ {
    row.iter().enumerate().flat_map(move |(word, &bits)| {
        let mut bits = bits;
        std::iter::from_fn(move || {
            let bit = bits.trailing_zeros() as usize;
            (bits != 0).then(|| {
                bits &= bits - 1;
                block * BLOCK + word * 64 + bit
            })
        })
    })
}

/// The codes of a block arranged locus by locus. Who is irregular, or not there, counts as untyped.
struct BlockCodes {
    by_locus: Vec<GenotypeCode>,
    untyped: Vec<GenotypeCode>,
}

impl BlockCodes {
    fn new(index: &Index) -> Self {
        let untyped = index.loci().iter().map(|locus| genotype_count(locus.1.len()) as GenotypeCode);
        Self { by_locus: vec![0; index.loci().len() * BLOCK], untyped: untyped.collect() }
    }

    fn load(&mut self, index: &Index, block: usize) {
        let loci = self.untyped.len();
        let end = index.children().min((block + 1) * BLOCK);
        let codes = &index.codes()[block * BLOCK * loci..end * loci];
        for (locus, (row, &untyped)) in self.by_locus.chunks_exact_mut(BLOCK).zip(&self.untyped).enumerate() {
            row.fill(untyped);
            for (cell, child) in row.iter_mut().zip(codes.chunks_exact(loci)) {
                if child[locus] != UNLISTED {
                    *cell = child[locus];
                }
            }
        }
    }
}

/// One chunk of families on its way through the stages.
struct Chunk<'m, 'a> {
    matcher: &'m Matcher<'a>,
    families: &'m [Family],
    result: MatchResult,
    stages: Stages,
}

impl<'m, 'a> Chunk<'m, 'a> {
    fn new(matcher: &'m Matcher<'a>, families: &'m [Family]) -> Self {
        Self { matcher, families, result: MatchResult::default(), stages: Stages::default() }
    }

    fn run(mut self) -> (MatchResult, Stages) {
        let started = Instant::now();
        let compiled: Vec<Option<CompiledFamily>> =
            self.families.iter().map(|family| self.keep(self.matcher.compiler.family(family))).collect();
        let plans: Vec<Plan> = compiled
            .iter()
            .map(|family| family.as_ref().map_or(Plan::Nothing, |family| self.matcher.plan(family)))
            .collect();
        let threshold = self.matcher.criterion.min_log10_lr;
        let scorers: Vec<Option<Scorer<'_>>> =
            compiled.iter().map(|family| family.as_ref().map(|family| Scorer::new(family, threshold))).collect();
        self.stages.compile += started.elapsed();

        let mut hits: Vec<Vec<Hit>> = vec![Vec::new(); self.families.len()];
        self.screened(&plans, &scorers, &mut hits);
        self.scanned(&plans, &scorers, &mut hits);
        self.irregular(&compiled, &scorers, &mut hits);
        self.result.families_out_of_reach = self.families.len() as u64
            - self.result.families_screened
            - self.result.families_scanned
            - compiled.iter().filter(|family| family.is_none()).count() as u64;

        let started = Instant::now();
        for ((family, compiled), hits) in self.families.iter().zip(&compiled).zip(hits) {
            if let Some(compiled) = compiled {
                self.describe(family, compiled, hits);
            }
        }
        self.stages.describe += started.elapsed();
        (self.result, self.stages)
    }

    fn keep<T>(&mut self, compiled: Result<T, Unscorable>) -> Option<T> {
        compiled.map_err(|unscorable| self.result.unscorable.push(unscorable)).ok()
    }

    /// Screens block after block, and scores survivors family by family as batches fill up.
    fn screened(&mut self, plans: &[Plan], scorers: &[Option<Scorer<'_>>], hits: &mut [Vec<Hit>]) {
        let chosen = plans.iter().zip(scorers).enumerate().filter_map(|(family, (plan, scorer))| match plan {
            Plan::Screen(screen) => Some((family, screen, scorer.as_ref()?)),
            _ => None,
        });
        let chosen: Vec<(usize, &Screen, &Scorer<'_>)> = chosen.collect();
        let screens: Vec<&Screen> = chosen.iter().map(|chosen| chosen.1).collect();
        let index = self.matcher.index;
        let mut passed = vec![Row::default(); screens.len()];
        let mut waiting: Vec<Vec<usize>> = vec![Vec::with_capacity(BATCH + BLOCK); screens.len()];
        let mut score = |at: usize, waiting: &mut Vec<usize>| {
            let (family, _, scorer) = chosen[at];
            let score = |child| scorer.score(self.matcher.codes(child)).map(|log10_lr| (child, log10_lr));
            hits[family].extend(waiting.drain(..).filter_map(score));
        };
        let (mut survivors, mut screening, started) = (0, Duration::ZERO, Instant::now());
        if !screens.is_empty() {
            for (block, rows) in index.planes().chunks_exact(index.rows_per_block()).enumerate() {
                let begun = Instant::now();
                screen_block(self.matcher.instructions, rows, index.untyped(block), &screens, &mut passed);
                screening += begun.elapsed();
                for (at, (row, waiting)) in passed.iter().zip(&mut waiting).enumerate() {
                    waiting.extend(children(block, row));
                    if waiting.len() >= BATCH {
                        survivors += waiting.len();
                        score(at, waiting);
                    }
                }
            }
        }
        for (at, waiting) in waiting.iter_mut().enumerate() {
            survivors += waiting.len();
            score(at, waiting);
        }
        self.stages.screen += screening;
        self.stages.score += started.elapsed() - screening;
        self.result.survivors += survivors as u64;
        self.result.families_screened += screens.len() as u64;
    }

    /// Scores every regular child with the families that exclude too little: block by block, for all of them.
    fn scanned(&mut self, plans: &[Plan], scorers: &[Option<Scorer<'_>>], hits: &mut [Vec<Hit>]) {
        let started = Instant::now();
        let index = self.matcher.index;
        let chosen = plans.iter().zip(scorers).enumerate().filter_map(|(family, (plan, scorer))| match plan {
            Plan::Scan => Some((family, scorer.as_ref()?)),
            _ => None,
        });
        let chosen: Vec<(usize, &Scorer<'_>)> = chosen.collect();
        self.result.families_scanned += chosen.len() as u64;
        let mut codes = BlockCodes::new(index);
        let blocks = if chosen.is_empty() { 0 } else { index.blocks() };
        for block in 0..blocks {
            codes.load(index, block);
            let regular = &index.planes()[block * index.rows_per_block()];
            for &(family, scorer) in &chosen {
                scorer.near(&codes.by_locus, |lane| {
                    if regular[lane / 64] >> (lane % 64) & 1 == 1 {
                        let child = block * BLOCK + lane;
                        let scored = scorer.score(self.matcher.codes(child)).map(|log10_lr| (child, log10_lr));
                        hits[family].extend(scored);
                    }
                });
            }
        }
        self.stages.score += started.elapsed();
    }

    fn irregular(
        &mut self,
        compiled: &[Option<CompiledFamily>],
        scorers: &[Option<Scorer<'_>>],
        hits: &mut [Vec<Hit>],
    ) {
        let started = Instant::now();
        let matcher = self.matcher;
        for (i, hits) in hits.iter_mut().enumerate() {
            let (Some(family), Some(scorer)) = (&compiled[i], &scorers[i]) else { continue };
            let found = |child, log10_lr| hits.push((child, log10_lr));
            let threshold = matcher.criterion.min_log10_lr - family.linkage.slack;
            let done = matcher.irregular.score(matcher.index, matcher.calculator(), family, scorer, threshold, found);
            if let Err((locus, reason)) = done {
                let locus = matcher.calculator().panel().loci()[locus].clone();
                self.result.unscorable.push(Unscorable { family: self.families[i].pseudonym, locus, reason });
            }
        }
        self.stages.score += started.elapsed();
    }

    fn describe(&mut self, family: &Family, compiled: &CompiledFamily, hits: Vec<Hit>) {
        let (index, calculator) = (self.matcher.index, self.matcher.calculator());
        let hits = match self.with_linkage(compiled, hits) {
            Ok(hits) => hits,
            Err(reason) => {
                let locus = calculator.panel().loci()[calculator.linked()[0].loci[0]].clone();
                self.result.unscorable.push(Unscorable { family: family.pseudonym, locus, reason });
                return;
            }
        };
        for (child, log10_lr) in hits {
            let compared = compiled.compare(calculator, |locus| index.genotype(child, locus));
            let (loci_compared, incompatible_loci) = compared.unwrap_or_default();
            self.result.candidates.push(Candidate {
                family: family.pseudonym,
                child: index.pseudonym(child),
                log10_lr,
                loci_compared,
                incompatible_loci,
            });
        }
    }

    /// The hits that reach the threshold once linked loci are taken together.
    fn with_linkage(&self, compiled: &CompiledFamily, hits: Vec<Hit>) -> Result<Vec<Hit>, KinshipError> {
        if !compiled.linkage.matters() {
            return Ok(hits);
        }
        let (index, calculator) = (self.matcher.index, self.matcher.calculator());
        let mut pairs = compiled.linkage.scorers(calculator)?;
        let mut kept = Vec::new();
        for (child, _) in hits {
            let genotype = |locus: usize| index.genotype(child, locus);
            let log10_lr = compiled.log10_lr(calculator, &mut pairs, genotype, index.drop_out(child))?;
            if log10_lr >= self.matcher.criterion.min_log10_lr {
                kept.push((child, log10_lr));
            }
        }
        Ok(kept)
    }
}
