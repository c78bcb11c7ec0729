//! Takes one chunk of families through all stages, over all blocks of children.

use std::time::{Duration, Instant};

use crate::index::{BLOCK, FamilyRecord, Row};
use crate::kinship::KinshipError;
use crate::model::{Family, Unscorable, View};
use crate::screen::{
    Asked, CoarseWeights, Lanes, Passed, Plan, Screens, Shared, Viewed, Weighing, Weights, coarsen, screen_block,
    weigh_block, weigh_coarsely, weigh_few,
};

use super::aim::{Aim, Pair};
use super::compiled::LocusError;
use super::matcher::{Matcher, Near};
use super::result::{MatchResult, Stages};
use super::score::Scorer;
use super::shared_loci::TypedLoci;
use super::watch::{Stopped, Watch};

/// Number of children that are weighed or scored together at least, while a family's tables are in the first-level
/// cache.
const BATCH: usize = 128;

/// Number of children that are weighed at once: those of a register.
const TOGETHER: usize = 64;

/// Number of blocks that are screened for all families before those who passed are taken, family by family.
const ROUND: usize = 4;

/// Number of rounds between two checks of the watch.
const PATIENCE: usize = 16;

/// A pair that reached the threshold: child number and log10 LR.
type Hit = (usize, f64);

/// A chunk of families.
pub(super) struct Chunk<'m, 'a> {
    matcher: &'m Matcher<'a>,
    families: &'m [Family],
    /// Set if the caller wants the families' records.
    keeps: bool,
    part: Part,
}

/// Result of a chunk.
#[derive(Default)]
pub(super) struct Part {
    pub(super) result: MatchResult,
    pub(super) stages: Stages,
    /// The records of its families, if the caller wants them.
    pub(super) records: Vec<u8>,
}

/// A family on its way over the children.
struct Search<'c> {
    /// Position of the family's view among the compiled ones.
    aim: usize,
    scorer: &'c Scorer<'c>,
    /// The weighing of those who pass the screen, if it was a rough one.
    weighing: Option<Weighing<'c>>,
    /// Children that are still to be scored.
    waiting: Vec<u32>,
    hits: Vec<Hit>,
}

impl<'c> Search<'c> {
    fn new(aim: usize, scorer: &'c Scorer<'c>, weighing: Option<Weighing<'c>>) -> Self {
        Self { aim, scorer, weighing, waiting: Vec::new(), hits: Vec::new() }
    }

    /// Takes children who passed the screen: those who also pass the weighing, if there is one, wait to be scored.
    fn take(&mut self, passed: &[u32], scales: &mut Scales<'_, '_>) {
        match &self.weighing {
            Some(weighing) => {
                passed.chunks(TOGETHER).for_each(|children| scales.weigh(weighing, children, &mut self.waiting));
            }
            None => self.waiting.extend_from_slice(passed),
        }
    }

    /// Scores the waiting children.
    fn score(&mut self, matcher: &Matcher<'_>, copied: &mut Vec<u16>, watch: &Watch) {
        // The codes are copied first, because the children lie apart in memory and the copies do not wait for one
        // another.
        copied.clear();
        self.waiting.iter().for_each(|&child| copied.extend_from_slice(matcher.codes(child as usize)));
        let before = self.hits.len();
        let (waiting, hits) = (&self.waiting, &mut self.hits);
        self.scorer.score_all(copied, |place, log10_lr| hits.push((waiting[place] as usize, log10_lr)));
        watch.keep(self.hits.len() - before, 0);
        self.waiting.clear();
    }
}

/// Weighs a few children of the index at a time.
struct Scales<'m, 'a> {
    matcher: &'m Matcher<'a>,
    lanes: Lanes,
}

impl Scales<'_, '_> {
    /// Weighs at most [`TOGETHER`] children, and appends those who pass to `passed`.
    fn weigh(&mut self, weighing: &Weighing<'_>, children: &[u32], passed: &mut Vec<u32>) {
        let instructions = self.matcher.layout.instructions;
        self.lanes.turn_some(instructions, self.matcher.packed(), children);
        let mut bits = weigh_few(instructions, &self.lanes, weighing);
        while bits != 0 {
            // The last places are nobody's if there are fewer children than fill a register.
            passed.extend(children.get(bits.trailing_zeros() as usize));
            bits &= bits - 1;
        }
    }
}

impl<'m, 'a> Chunk<'m, 'a> {
    pub(super) fn new(matcher: &'m Matcher<'a>, families: &'m [Family], keeps: bool) -> Self {
        Self { matcher, families, keeps, part: Part::default() }
    }

    pub(super) fn run(mut self, watch: &Watch) -> Result<Part, Stopped> {
        watch.check()?;
        let started = Instant::now();
        let mut aims: Vec<Aim> = Vec::with_capacity(self.families.len());
        let mut plans: Vec<Plan> = Vec::with_capacity(self.families.len());
        if self.keeps {
            let size = FamilyRecord::size(self.matcher.calculator().panel().len());
            self.part.records.reserve(size * self.families.len());
        }
        for (of, family) in self.families.iter().enumerate() {
            let (compiled, unscorable) = self.matcher.aims(of, family);
            self.part.result.unscorable.extend(unscorable);
            // At once, while its tables are in the cache.
            for aim in compiled {
                let plan = self.matcher.plan(&aim.family, aim.threshold);
                if self.keeps {
                    let (pseudonym, records) = (family.pseudonym, &mut self.part.records);
                    self.matcher.append_record(pseudonym, &aim.family, aim.threshold, &plan, records);
                }
                plans.push(plan);
                aims.push(aim);
            }
        }
        let shared = self.share(&aims, &plans);
        let scorers: Vec<Scorer<'_>> = aims.iter().map(|aim| Scorer::new(&aim.family, aim.threshold)).collect();
        for aims in aims.chunk_by(|a, b| a.of == b.of) {
            let pseudonym = self.families[aims[0].of].pseudonym;
            let loci = aims.iter().fold(0, |loci, aim| loci | aim.family.typed_loci());
            self.part.result.informative.push(TypedLoci { pseudonym, loci });
        }
        self.part.stages.compile += started.elapsed();

        let mut hits = self.search(&aims, &plans, &shared, &scorers, watch)?;
        self.irregular(&aims, &scorers, &mut hits, watch);

        let started = Instant::now();
        let mut hits = hits.into_iter();
        for aims in aims.chunk_by(|a, b| a.of == b.of) {
            let hits: Vec<Vec<Hit>> = hits.by_ref().take(aims.len()).collect();
            self.describe(aims, hits, watch);
        }
        self.part.stages.describe += started.elapsed();
        Ok(self.part)
    }

    /// Finds the families some of whose views are screened together, each with the position of its first view.
    fn share<'v>(&self, aims: &'v [Aim], plans: &'v [Plan]) -> Vec<(usize, Shared)> {
        let mut shared = Vec::new();
        let mut first = 0;
        for aims in aims.chunk_by(|a, b| a.of == b.of) {
            if aims.len() > 2 {
                let view = |(aim, plan): (&'v Aim, &'v Plan)| Viewed {
                    loci: aim.family.screened(),
                    threshold: aim.threshold - aim.family.linkage.slack,
                    plan,
                };
                let views: Vec<Viewed<'_>> = aims.iter().zip(&plans[first..]).map(view).collect();
                shared.extend(Shared::find(&views, &self.matcher.layout).map(|shared| (first, shared)));
            }
            first += aims.len();
        }
        shared
    }

    /// Screens block after block, and scores survivors family by family as batches fill up. Returns the hits of each.
    fn search(
        &mut self,
        aims: &[Aim],
        plans: &[Plan],
        shared: &[(usize, Shared)],
        scorers: &[Scorer<'_>],
        watch: &Watch,
    ) -> Result<Vec<Vec<Hit>>, Stopped> {
        let matcher = self.matcher;
        let index = matcher.index;
        let instructions = matcher.layout.instructions;
        let (mut asked, mut weights, mut coarse) = (Vec::new(), Vec::new(), Vec::new());
        let (mut screened, mut weighed, mut all) = (Vec::new(), Vec::new(), Vec::new());
        let rough = |aim: usize| Search::new(aim, &scorers[aim], plans[aim].weights().map(Weights::weighing));
        let mut together = vec![false; plans.len()];
        for (first, Shared { counters, both }) in shared {
            let counters = counters.map(|counter| first + counter);
            let views = || counters.into_iter().chain(both.iter().map(|(view, _)| first + view));
            if let [Some(a), Some(b)] = counters.map(|counter| plans[counter].screen()) {
                asked.push(Asked::Together([a, b], both.iter().map(|(_, both)| both).collect()));
                screened.extend(views().map(rough));
                views().for_each(|view| together[view] = true);
            }
        }
        for (aim, plan) in plans.iter().enumerate().filter(|&(aim, _)| !together[aim]) {
            match plan {
                Plan::Nothing => {
                    self.part.result.families_out_of_reach += u64::from(aims[aim].view == View::Stated);
                }
                Plan::Screen(screen, _) => {
                    asked.push(Asked::Alone(screen));
                    screened.push(rough(aim));
                }
                Plan::Weigh(weigh) if instructions.weighs_coarsely() => {
                    coarse.push(CoarseWeights::new(&weigh.weighing(), &matcher.layout.classes));
                    weighed.push(rough(aim));
                }
                Plan::Weigh(weigh) => {
                    weights.push(weigh.weighing());
                    weighed.push(Search::new(aim, &scorers[aim], None));
                }
                Plan::Everyone => all.push(Search::new(aim, &scorers[aim], None)),
            }
        }
        self.part.result.families_screened += screened.len() as u64;
        self.part.result.families_weighed += weighed.len() as u64;
        let mut hits = vec![Vec::new(); aims.len()];
        let by_counting = screened.len();
        let mut searches = screened;
        searches.extend(weighed);
        searches.extend(all);
        if searches.is_empty() {
            watch.did(index.children() * self.families.len());
            return Ok(hits);
        }
        let mut parts = Screens::new(&asked);
        let packs = matcher.layout.classes.packs();
        let mut lanes = Lanes::of_block(packs);
        let mut scales = Scales { matcher, lanes: Lanes::of_few(packs) };
        let families = searches.len();
        let mut rows = vec![Row::default(); ROUND * families];
        // The children of each family who passed the screen, until there are enough to weigh them together.
        let (mut listed, mut passed, mut copied) = (Passed::default(), vec![Vec::new(); families], Vec::new());
        let (mut survivors, mut scoring, started) = (0, Duration::ZERO, Instant::now());
        let per_block = index.rows_per_block();
        for (round, planes) in index.planes().chunks(ROUND * per_block).enumerate() {
            if round % PATIENCE == 0 {
                watch.check()?;
            }
            let first = round * ROUND;
            let blocks = (first..).zip(planes.chunks_exact(per_block));
            for ((block, planes), rows) in blocks.clone().zip(rows.chunks_exact_mut(families)) {
                let (by_screen, rest) = rows.split_at_mut(by_counting);
                let (by_weight, others) = rest.split_at_mut(weights.len() + coarse.len());
                screen_block(instructions, planes, index.untyped(block), &mut parts, by_screen);
                if !by_weight.is_empty() {
                    lanes.turn(instructions, &matcher.packed()[block * BLOCK * packs..(block + 1) * BLOCK * packs]);
                    weigh_block(instructions, &lanes, &weights, by_weight);
                }
                if !coarse.is_empty() {
                    coarsen(instructions, &mut lanes, &matcher.layout.classes);
                    weigh_coarsely(instructions, &lanes, &coarse, by_weight);
                }
                others.fill([!0; BLOCK / 64]);
            }
            let regular: Vec<Row> = blocks.map(|(_, planes)| planes[0]).collect();
            listed.list(instructions, &rows[..regular.len() * families], &regular, first * BLOCK);
            for (listed, (passed, search)) in listed.families().zip(passed.iter_mut().zip(&mut searches)) {
                passed.extend_from_slice(listed);
                if passed.len() < BATCH {
                    continue;
                }
                search.take(passed, &mut scales);
                passed.clear();
                if search.waiting.len() >= BATCH {
                    let begun = Instant::now();
                    survivors += search.waiting.len();
                    search.score(matcher, &mut copied, watch);
                    scoring += begun.elapsed();
                }
            }
            watch.did((ROUND * BLOCK).min(index.children() - first * BLOCK) * self.families.len());
        }
        let begun = Instant::now();
        for (mut search, passed) in searches.into_iter().zip(passed) {
            search.take(&passed, &mut scales);
            survivors += search.waiting.len();
            search.score(matcher, &mut copied, watch);
            hits[search.aim] = search.hits;
        }
        scoring += begun.elapsed();
        self.part.stages.screen += started.elapsed() - scoring;
        self.part.stages.score += scoring;
        self.part.result.survivors += survivors as u64;
        Ok(hits)
    }

    fn irregular(&mut self, aims: &[Aim], scorers: &[Scorer<'_>], hits: &mut [Vec<Hit>], watch: &Watch) {
        let started = Instant::now();
        let matcher = self.matcher;
        for ((aim, scorer), hits) in aims.iter().zip(scorers).zip(hits) {
            let before = hits.len();
            let found = |child, log10_lr| hits.push((child, log10_lr));
            let threshold = aim.threshold - aim.family.linkage.slack;
            let done =
                matcher.irregular.score(matcher.index, matcher.calculator(), &aim.family, scorer, threshold, found);
            watch.keep(hits.len() - before, 0);
            if let Err(LocusError { locus, reason }) = done {
                self.note_unscorable(aim.of, locus, &reason);
            }
        }
        self.part.stages.score += started.elapsed();
    }

    fn note_unscorable(&mut self, of: usize, locus: usize, reason: &KinshipError) {
        self.part.result.unscorable.push(Unscorable {
            family: self.families[of].pseudonym,
            locus: self.matcher.calculator().panel().loci()[locus].clone(),
            reason: reason.to_string(),
        });
    }

    /// Turns the hits of one family into candidates: `aims` are its views, and `hits` those of each view.
    fn describe(&mut self, aims: &[Aim], hits: Vec<Vec<Hit>>, watch: &Watch) {
        let (matcher, family) = (self.matcher, &self.families[aims[0].of]);
        if let Some(near) = &matcher.near {
            return self.describe_near(aims, near, &hits);
        }
        let found: usize = hits.iter().map(Vec::len).sum();
        let mut children: Vec<usize> = hits.into_iter().flatten().map(|hit| hit.0).collect();
        children.sort_unstable();
        children.dedup();
        children.retain(|&child| !matcher.passes_by(child));
        let mut pairs = match matcher.pairs(aims, &children) {
            Ok(pairs) => pairs,
            Err(reason) => {
                let locus = matcher.calculator().linked().first().map_or(0, |pair| pair.loci[0]);
                return self.note_unscorable(aims[0].of, locus, &reason);
            }
        };
        let mut identities = Vec::new();
        pairs.retain(|pair| match matcher.same_as(family, pair.child) {
            Ok(None) => true,
            Ok(same_as) => {
                identities.push((pair.clone(), same_as));
                false
            }
            // If the check for identity fails, the pair stays a candidate.
            Err(_) => true,
        });
        if let Some(most) = matcher.criterion.max_per_family {
            pairs.sort_unstable_by(|a, b| matcher.best_first(aims, a, b));
            pairs.truncate(most as usize);
        }
        watch.keep(pairs.len() + identities.len(), found);
        if pairs.is_empty() && identities.is_empty() {
            return;
        }
        let weights = matcher.view_weights(family, aims);
        let pairs = pairs.into_iter().map(|pair| (pair, None));
        let candidate =
            |(pair, same_as): (Pair, _)| matcher.candidate(family.pseudonym, aims, &pair, same_as, weights.as_deref());
        self.part.result.candidates.extend(pairs.chain(identities).map(candidate));
    }
}

impl Chunk<'_, '_> {
    /// Describes pairs that miss the threshold narrowly, in place of candidates.
    fn describe_near(&mut self, aims: &[Aim], near: &Near, hits: &[Vec<Hit>]) {
        let (matcher, family) = (self.matcher, &self.families[aims[0].of]);
        match matcher.near_pairs(family, aims, near, hits) {
            Ok(pairs) => {
                let candidate = |pair| matcher.candidate(family.pseudonym, aims, &pair, None, None);
                self.part.result.near.extend(pairs.into_iter().map(candidate));
            }
            Err(reason) => {
                let locus = matcher.calculator().linked().first().map_or(0, |pair| pair.loci[0]);
                self.note_unscorable(aims[0].of, locus, &reason);
            }
        }
    }
}
