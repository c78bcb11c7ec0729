//! One chunk of families on its way through the stages, over all blocks of children.

use std::time::{Duration, Instant};

use crate::index::{BLOCK, FamilyRecord, Row};
use crate::kinship::KinshipError;
use crate::model::{Candidate, Family, Unscorable};
use crate::screen::{Plan, Screens, Weighing, screen_block, weigh_block};

use super::compile::LocusCounts;
use super::compiled::{CompiledFamily, LocusError};
use super::matcher::Matcher;
use super::result::{MatchResult, Stages};
use super::score::Scorer;
use super::shared_loci::TypedLoci;
use super::watch::{Stopped, Watch};

/// Survivors of a family that are scored together, while its tables are in the first-level cache.
const BATCH: usize = 512;

/// Blocks after which survivors of counting are weighed: few enough that the children's lanes are in the cache for the
/// next family, and so many that a family's weights are worth fetching.
const ROUND: usize = 4;

/// Blocks between two looks at the watch.
const PATIENCE: usize = 64;

/// A pair that reached the threshold: child number and log10 LR.
type Hit = (usize, f64);

/// A chunk of families.
pub(super) struct Chunk<'m, 'a> {
    matcher: &'m Matcher<'a>,
    families: &'m [Family],
    /// Whether the families' records are asked for.
    keeps: bool,
    part: Part,
}

/// What a chunk gives.
#[derive(Default)]
pub(super) struct Part {
    pub(super) result: MatchResult,
    pub(super) stages: Stages,
    /// The records of its families, if they are asked for.
    pub(super) records: Vec<u8>,
}

/// A compiled family and the log10 LR that it is matched for.
struct Aimed {
    family: CompiledFamily,
    threshold: f64,
}

/// A family on its way over the children.
struct Search<'c> {
    /// Position in the chunk.
    family: usize,
    scorer: &'c Scorer<'c>,
    /// What its survivors are weighed by, if they were only counted.
    weighing: Option<Weighing<'c>>,
    /// Those to be weighed.
    counted: Vec<usize>,
    /// Those to be scored.
    waiting: Vec<usize>,
    hits: Vec<Hit>,
}

impl Search<'_> {
    /// Weighs those who were counted; who passes waits to be scored.
    fn weigh(&mut self, matcher: &Matcher<'_>) {
        let Some(weighing) = self.weighing else { return };
        let passes = |&child: &usize| weighing.passes(matcher.lanes(child / BLOCK), child % BLOCK);
        self.waiting.extend(self.counted.drain(..).filter(passes));
    }

    /// Scores those who wait.
    fn score(&mut self, matcher: &Matcher<'_>, copied: &mut Vec<u16>, watch: &Watch) {
        // Copied first: the children lie apart, and reading them does not wait for one another.
        copied.clear();
        self.waiting.iter().for_each(|&child| copied.extend_from_slice(matcher.codes(child)));
        let before = self.hits.len();
        let (waiting, hits) = (&self.waiting, &mut self.hits);
        self.scorer.score_all(copied, |place, log10_lr| hits.push((waiting[place], log10_lr)));
        watch.keep(self.hits.len() - before, 0);
        self.waiting.clear();
    }
}

impl<'m, 'a> Chunk<'m, 'a> {
    pub(super) fn new(matcher: &'m Matcher<'a>, families: &'m [Family], keeps: bool) -> Self {
        Self { matcher, families, keeps, part: Part::default() }
    }

    pub(super) fn run(mut self, watch: &Watch) -> Result<Part, Stopped> {
        watch.check()?;
        let started = Instant::now();
        let compiled: Vec<Option<Aimed>> = self.families.iter().map(|family| self.aimed(family)).collect();
        let plan = |aimed: &Option<Aimed>| {
            aimed.as_ref().map_or(Plan::Nothing, |aimed| self.matcher.plan(&aimed.family, aimed.threshold))
        };
        let plans: Vec<Plan> = compiled.iter().map(plan).collect();
        let scorers: Vec<Option<Scorer<'_>>> = compiled
            .iter()
            .map(|aimed| aimed.as_ref().map(|aimed| Scorer::new(&aimed.family, aimed.threshold)))
            .collect();
        if self.keeps {
            let size = FamilyRecord::size(self.matcher.calculator().panel().len());
            self.part.records.reserve_exact(size * self.families.len());
            for ((family, aimed), plan) in self.families.iter().zip(&compiled).zip(&plans) {
                let Some(Aimed { family: compiled, threshold }) = aimed else { continue };
                self.matcher.append_record(family.pseudonym, compiled, *threshold, plan, &mut self.part.records);
            }
        }
        for (family, aimed) in self.families.iter().zip(&compiled) {
            let typed =
                aimed.as_ref().map(|aimed| TypedLoci { pseudonym: family.pseudonym, loci: aimed.family.typed_loci() });
            self.part.result.informative.extend(typed);
        }
        self.part.stages.compile += started.elapsed();

        let mut hits = self.search(&plans, &scorers, watch)?;
        self.irregular(&compiled, &scorers, &mut hits, watch);

        let started = Instant::now();
        for ((family, compiled), hits) in self.families.iter().zip(&compiled).zip(hits) {
            if let Some(compiled) = compiled {
                self.describe(family, compiled, hits, watch);
            }
        }
        self.part.stages.describe += started.elapsed();
        Ok(self.part)
    }

    /// A compiled family and its threshold, or `None` and a note why not.
    fn aimed(&mut self, family: &Family) -> Option<Aimed> {
        let matcher = self.matcher;
        let aimed = matcher.compiler.family(family).and_then(|compiled| match matcher.threshold(&compiled) {
            Ok(threshold) => Ok(Aimed { family: compiled, threshold }),
            Err(reason) => {
                let locus = matcher.calculator().panel().loci()[0].clone();
                Err(Unscorable { family: family.pseudonym, locus, reason: reason.to_string() })
            }
        });
        aimed.map_err(|unscorable| self.part.result.unscorable.push(unscorable)).ok()
    }

    /// Screens block after block, and scores survivors family by family as batches fill up. Gives the hits per family.
    fn search(
        &mut self,
        plans: &[Plan],
        scorers: &[Option<Scorer<'_>>],
        watch: &Watch,
    ) -> Result<Vec<Vec<Hit>>, Stopped> {
        let matcher = self.matcher;
        let index = matcher.index;
        let (mut screens, mut weights): (Vec<_>, Vec<Weighing<'_>>) = (Vec::new(), Vec::new());
        let (mut screened, mut weighed, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for (family, (plan, scorer)) in plans.iter().zip(scorers).enumerate() {
            let Some(scorer) = scorer else { continue };
            let (counted, waiting, hits) = (Vec::new(), Vec::new(), Vec::new());
            let mut search = Search { family, scorer, weighing: None, counted, waiting, hits };
            match plan {
                Plan::Nothing => self.part.result.families_out_of_reach += 1,
                Plan::Screen(screen, weigh) => {
                    screens.push(screen);
                    search.weighing = Some(weigh.weighing());
                    screened.push(search);
                }
                Plan::Weigh(weigh) => {
                    weights.push(weigh.weighing());
                    weighed.push(search);
                }
                Plan::Everyone => all.push(search),
            }
        }
        self.part.result.families_screened += screens.len() as u64;
        let mut parts = Screens::new(&screens);
        self.part.result.families_weighed += weights.len() as u64;
        let mut searches = screened;
        searches.extend(weighed);
        searches.extend(all);
        let (mut passed, mut copied) = (vec![Row::default(); searches.len()], Vec::new());
        let (mut survivors, mut screening, started) = (0, Duration::ZERO, Instant::now());
        if !searches.is_empty() {
            for (block, rows) in index.planes().chunks_exact(index.rows_per_block()).enumerate() {
                if block % PATIENCE == 0 {
                    watch.check()?;
                }
                let begun = Instant::now();
                let (by_screen, rest) = passed.split_at_mut(screens.len());
                let (by_weight, others) = rest.split_at_mut(weights.len());
                screen_block(matcher.layout.instructions, rows, index.untyped(block), &mut parts, by_screen);
                if !weights.is_empty() {
                    weigh_block(matcher.layout.instructions, matcher.lanes(block), &weights, by_weight);
                }
                others.fill([!0; BLOCK / 64]);
                screening += begun.elapsed();
                for (row, search) in passed.iter().zip(&mut searches) {
                    let whose = if search.weighing.is_some() { &mut search.counted } else { &mut search.waiting };
                    push_survivors(block, row, &rows[0], whose);
                }
                if block % ROUND == ROUND - 1 {
                    let begun = Instant::now();
                    searches[..screens.len()].iter_mut().for_each(|search| search.weigh(matcher));
                    screening += begun.elapsed();
                }
                for search in &mut searches {
                    if search.waiting.len() >= BATCH {
                        survivors += search.waiting.len();
                        search.score(matcher, &mut copied, watch);
                    }
                }
                watch.did(BLOCK.min(index.children() - block * BLOCK) * self.families.len());
            }
        } else {
            watch.did(index.children() * self.families.len());
        }
        let mut hits = vec![Vec::new(); self.families.len()];
        for mut search in searches {
            search.weigh(matcher);
            survivors += search.waiting.len();
            search.score(matcher, &mut copied, watch);
            hits[search.family] = search.hits;
        }
        self.part.stages.screen += screening;
        self.part.stages.score += started.elapsed() - screening;
        self.part.result.survivors += survivors as u64;
        Ok(hits)
    }

    fn irregular(
        &mut self,
        compiled: &[Option<Aimed>],
        scorers: &[Option<Scorer<'_>>],
        hits: &mut [Vec<Hit>],
        watch: &Watch,
    ) {
        let started = Instant::now();
        let matcher = self.matcher;
        for (i, hits) in hits.iter_mut().enumerate() {
            let (Some(Aimed { family, threshold }), Some(scorer)) = (&compiled[i], &scorers[i]) else { continue };
            let before = hits.len();
            let found = |child, log10_lr| hits.push((child, log10_lr));
            let threshold = threshold - family.linkage.slack;
            let done = matcher.irregular.score(matcher.index, matcher.calculator(), family, scorer, threshold, found);
            watch.keep(hits.len() - before, 0);
            if let Err(LocusError { locus, reason }) = done {
                let locus = matcher.calculator().panel().loci()[locus].clone();
                self.part.result.unscorable.push(Unscorable {
                    family: self.families[i].pseudonym,
                    locus,
                    reason: reason.to_string(),
                });
            }
        }
        self.part.stages.score += started.elapsed();
    }

    fn describe(&mut self, family: &Family, aimed: &Aimed, mut hits: Vec<Hit>, watch: &Watch) {
        let index = self.matcher.index;
        let found = hits.len();
        hits.retain(|hit| !self.matcher.passes_by(hit.0));
        let mut hits = match self.with_linkage(aimed, hits) {
            Ok(hits) => hits,
            Err(reason) => {
                let calculator = self.matcher.calculator();
                let locus = calculator.panel().loci()[calculator.linked()[0].loci[0]].clone();
                self.part.result.unscorable.push(Unscorable {
                    family: family.pseudonym,
                    locus,
                    reason: reason.to_string(),
                });
                return;
            }
        };
        let mut identities = Vec::new();
        hits.retain(|&(child, log10_lr)| match self.matcher.same_as(family, child) {
            Ok(None) => true,
            Ok(same_as) => {
                identities.push((child, log10_lr, same_as));
                false
            }
            // Nobody is taken out of the candidates for what cannot be told.
            Err(_) => true,
        });
        if let Some(most) = self.matcher.criterion.max_per_family {
            hits.sort_unstable_by(|a, b| {
                b.1.total_cmp(&a.1).then_with(|| index.pseudonym(a.0).cmp(&index.pseudonym(b.0)))
            });
            hits.truncate(most as usize);
        }
        watch.keep(hits.len() + identities.len(), found);
        let candidates = hits.into_iter().map(|(child, log10_lr)| (child, log10_lr, None));
        for (child, log10_lr, same_as) in candidates.chain(identities) {
            let compared = self.matcher.compiler.compare(&aimed.family, |locus| index.genotype(child, locus));
            let LocusCounts { loci_compared, incompatible_loci } = compared.unwrap_or_default();
            self.part.result.candidates.push(Candidate {
                family: family.pseudonym,
                child: index.pseudonym(child),
                log10_lr,
                loci_compared,
                incompatible_loci,
                same_as,
            });
        }
    }

    /// The hits that reach the threshold once linked loci are taken together.
    fn with_linkage(&self, aimed: &Aimed, hits: Vec<Hit>) -> Result<Vec<Hit>, KinshipError> {
        let compiled = &aimed.family;
        if !compiled.linkage.matters() {
            return Ok(hits);
        }
        let (index, calculator) = (self.matcher.index, self.matcher.calculator());
        let mut pairs = compiled.linkage.scorers(calculator)?;
        let mut kept = Vec::new();
        for (child, _) in hits {
            let genotype = |locus: usize| index.genotype(child, locus);
            let log10_lr = compiled.log10_lr(calculator, &mut pairs, genotype, index.drop_out(child))?;
            if log10_lr >= aimed.threshold {
                kept.push((child, log10_lr));
            }
        }
        Ok(kept)
    }
}

/// Appends the children of the bits that are set in both rows.
fn push_survivors(block: usize, row: &Row, regular: &Row, children: &mut Vec<usize>) {
    let both = || row.iter().zip(regular).map(|(row, regular)| row & regular);
    // Most often nobody.
    if both().fold(0, |any, bits| any | bits) == 0 {
        return;
    }
    for (word, mut bits) in both().enumerate() {
        while bits != 0 {
            children.push(block * BLOCK + word * 64 + bits.trailing_zeros() as usize);
            bits &= bits - 1;
        }
    }
}
