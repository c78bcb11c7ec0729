//! Takes one chunk of families through all stages, over all blocks of children.

use std::time::{Duration, Instant};

use crate::index::{BLOCK, FamilyRecord, Row};
use crate::kinship::KinshipError;
use crate::model::{Family, Unscorable, View};
use crate::screen::{
    Asked, CoarseWeights, Lanes, Merged, Passed, Plan, Screens, Shared, Viewed, Weighing, Weights, coarsen,
    screen_block, weigh_block, weigh_coarsely,
};

use super::aim::{Aim, Pair};
use super::compiled::LocusError;
use super::matcher::{Matcher, Near};
use super::result::{MatchResult, Stages};
use super::score::Scorer;
use super::search::{BATCH, Hit, Scales, Search, Sieve};
use super::shared_loci::TypedLoci;
use super::watch::{Stopped, Watch};

/// Number of blocks that are screened for all families before those who passed are taken, family by family.
const ROUND: usize = 4;

/// Number of rounds between two checks of the watch.
const PATIENCE: usize = 16;

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

/// The screens that several views of a family share.
#[derive(Default)]
struct Together {
    /// Views screened by the counters of two of them, each with the position of the family's first view.
    shared: Vec<(usize, Shared)>,
    /// Views weighed together, each with the position of the family's first view.
    merged: Vec<(usize, Merged)>,
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
        let together = self.plan_together(&aims, &plans);
        let scorers: Vec<Scorer<'_>> = aims.iter().map(|aim| Scorer::new(&aim.family, aim.threshold)).collect();
        for aims in aims.chunk_by(|a, b| a.of == b.of) {
            let pseudonym = self.families[aims[0].of].pseudonym;
            let loci = aims.iter().fold(0, |loci, aim| loci | aim.family.typed_loci());
            self.part.result.informative.push(TypedLoci { pseudonym, loci });
        }
        self.part.stages.compile += started.elapsed();

        let mut hits = self.search(&aims, &plans, &together, &scorers, watch)?;
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

    /// Finds the views that are screened together with others of their family.
    fn plan_together(&self, aims: &[Aim], plans: &[Plan]) -> Together {
        let layout = &self.matcher.layout;
        let shares = layout.class_shares();
        let mut together = Together::default();
        let mut first = 0;
        for aims in aims.chunk_by(|a, b| a.of == b.of) {
            let plans = &plans[first..first + aims.len()];
            if aims.len() > 1 {
                let views: Vec<Viewed<'_>> = aims.iter().zip(plans).map(|(aim, plan)| aim.viewed(plan)).collect();
                let shared = Shared::find(&views, layout);
                let is_counted = |view| shared.iter().any(|shared| shared.both.iter().any(|(both, _)| *both == view));
                let merged = Merged::find(&views, |view| !is_counted(view), &shares, layout.instructions);
                together.merged.extend(merged.into_iter().map(|merged| (first, merged)));
                together.shared.extend(shared.map(|shared| (first, shared)));
            }
            first += aims.len();
        }
        together
    }

    /// Screens block after block, and scores survivors family by family as batches fill up. Returns the hits of each.
    fn search<'p>(
        &mut self,
        aims: &[Aim],
        plans: &'p [Plan],
        together: &'p Together,
        scorers: &[Scorer<'_>],
        watch: &Watch,
    ) -> Result<Vec<Vec<Hit>>, Stopped> {
        let matcher = self.matcher;
        let index = matcher.index;
        let instructions = matcher.layout.instructions;
        let (mut asked, mut weights, mut coarse) = (Vec::new(), Vec::new(), Vec::new());
        let (mut screened, mut weighed, mut all) = (Vec::new(), Vec::new(), Vec::new());
        let rough = |aim: usize| Search::new(aim, &scorers[aim], plans[aim].weights().map(Weights::weighing));
        let mut placed = vec![false; plans.len()];
        for (first, Shared { counters, both }) in &together.shared {
            let counters = counters.map(|counter| first + counter);
            let views = || counters.into_iter().chain(both.iter().map(|(view, _)| first + view));
            if let [Some(a), Some(b)] = counters.map(|counter| plans[counter].screen()) {
                asked.push(Asked::Together([a, b], both.iter().map(|(_, both)| both).collect()));
                screened.extend(views().map(|view| Sieve::of(rough(view))));
                views().for_each(|view| placed[view] = true);
            }
        }
        let mut weigh = |weighing: Weighing<'p>| match instructions.weighs_coarsely() {
            true => coarse.push(CoarseWeights::new(&weighing, &matcher.layout.classes)),
            false => weights.push(weighing),
        };
        for (first, Merged { views, weights }) in &together.merged {
            let views = || views.iter().map(|view| first + view);
            weigh(weights.weighing());
            weighed.push(Sieve::of_views(views().map(rough)));
            views().for_each(|view| placed[view] = true);
        }
        for (aim, plan) in plans.iter().enumerate().filter(|&(aim, _)| !placed[aim]) {
            match plan {
                Plan::Nothing => {
                    self.part.result.families_out_of_reach += u64::from(aims[aim].view == View::Stated);
                }
                Plan::Screen(screen, _) => {
                    asked.push(Asked::Alone(screen));
                    screened.push(Sieve::of(rough(aim)));
                }
                Plan::Weigh(own) => {
                    weigh(own.weighing());
                    let search = Search::new(aim, &scorers[aim], None);
                    weighed.push(Sieve::of(if instructions.weighs_coarsely() { rough(aim) } else { search }));
                }
                Plan::Everyone => all.push(Sieve::of(Search::new(aim, &scorers[aim], None))),
            }
        }
        self.part.result.families_screened += screened.len() as u64;
        self.part.result.families_weighed += weighed.iter().map(|sieve| sieve.views() as u64).sum::<u64>();
        let mut hits = vec![Vec::new(); aims.len()];
        let by_counting = screened.len();
        let mut sieves = screened;
        sieves.extend(weighed);
        sieves.extend(all);
        if sieves.is_empty() {
            watch.did(index.children() * self.families.len());
            return Ok(hits);
        }
        let mut parts = Screens::new(&asked);
        let packs = matcher.layout.classes.packs();
        let mut lanes = Lanes::of_block(packs);
        let mut scales = Scales::new(matcher);
        let screens = sieves.len();
        let mut rows = vec![Row::default(); ROUND * screens];
        // The children who passed each screen, until there are enough to weigh them together.
        let (mut listed, mut passed, mut copied) = (Passed::default(), vec![Vec::new(); screens], Vec::new());
        let (mut survivors, mut scoring, started) = (0, Duration::ZERO, Instant::now());
        let per_block = index.rows_per_block();
        for (round, planes) in index.planes().chunks(ROUND * per_block).enumerate() {
            if round % PATIENCE == 0 {
                watch.check()?;
            }
            let first = round * ROUND;
            let blocks = (first..).zip(planes.chunks_exact(per_block));
            for ((block, planes), rows) in blocks.clone().zip(rows.chunks_exact_mut(screens)) {
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
            listed.list(instructions, &rows[..regular.len() * screens], &regular, first * BLOCK);
            for (listed, (passed, sieve)) in listed.families().zip(passed.iter_mut().zip(&mut sieves)) {
                passed.extend_from_slice(listed);
                if passed.len() < BATCH {
                    continue;
                }
                sieve.take(passed, &mut scales);
                passed.clear();
                for search in sieve.searches().filter(|search| search.waiting() >= BATCH) {
                    let begun = Instant::now();
                    survivors += search.waiting();
                    search.score(matcher, &mut copied, watch);
                    scoring += begun.elapsed();
                }
            }
            watch.did((ROUND * BLOCK).min(index.children() - first * BLOCK) * self.families.len());
        }
        let begun = Instant::now();
        for (mut sieve, passed) in sieves.into_iter().zip(passed) {
            sieve.take(&passed, &mut scales);
            for search in sieve.searches() {
                survivors += search.waiting();
                search.score(matcher, &mut copied, watch);
                hits[search.aim()] = search.take_hits();
            }
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
