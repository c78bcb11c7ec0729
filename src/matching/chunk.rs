//! Takes one chunk of families through all stages, over all blocks of children.

use std::time::{Duration, Instant};

use crate::index::{BLOCK, FamilyRecord, Row};
use crate::kinship::KinshipError;
use crate::model::{Family, Unscorable, View};
use crate::screen::{Plan, Screens, Weighing, screen_block, weigh_block};

use super::aim::{Aim, Pair};
use super::compiled::LocusError;
use super::matcher::{Matcher, Near};
use super::result::{MatchResult, Stages};
use super::score::Scorer;
use super::shared_loci::TypedLoci;
use super::watch::{Stopped, Watch};

/// Number of survivors of a family that are scored together, while its tables are in the first-level cache.
const BATCH: usize = 512;

/// Number of blocks after which survivors of counting are weighed: few enough to keep the children's lanes in the cache
/// for the next family, and enough to make it worthwhile to fetch a family's weights.
const ROUND: usize = 4;

/// Number of blocks between two checks of the watch.
const PATIENCE: usize = 64;

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
    /// The weighing of its survivors, if the screen only counted.
    weighing: Option<Weighing<'c>>,
    /// Children that are still to be weighed.
    counted: Vec<usize>,
    /// Children that are still to be scored.
    waiting: Vec<usize>,
    hits: Vec<Hit>,
}

impl Search<'_> {
    /// Weighs the counted children; those who pass wait to be scored.
    fn weigh(&mut self, matcher: &Matcher<'_>) {
        let Some(weighing) = self.weighing else { return };
        let passes = |&child: &usize| weighing.passes(matcher.lanes(child / BLOCK), child % BLOCK);
        self.waiting.extend(self.counted.drain(..).filter(passes));
    }

    /// Scores the waiting children.
    fn score(&mut self, matcher: &Matcher<'_>, copied: &mut Vec<u16>, watch: &Watch) {
        // The codes are copied first, because the children lie apart in memory and the copies do not wait for one
        // another.
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
        let scorers: Vec<Scorer<'_>> = aims.iter().map(|aim| Scorer::new(&aim.family, aim.threshold)).collect();
        for aims in aims.chunk_by(|a, b| a.of == b.of) {
            let pseudonym = self.families[aims[0].of].pseudonym;
            let loci = aims.iter().fold(0, |loci, aim| loci | aim.family.typed_loci());
            self.part.result.informative.push(TypedLoci { pseudonym, loci });
        }
        self.part.stages.compile += started.elapsed();

        let mut hits = self.search(&aims, &plans, &scorers, watch)?;
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

    /// Screens block after block, and scores survivors family by family as batches fill up. Returns the hits of each.
    fn search(
        &mut self,
        aims: &[Aim],
        plans: &[Plan],
        scorers: &[Scorer<'_>],
        watch: &Watch,
    ) -> Result<Vec<Vec<Hit>>, Stopped> {
        let matcher = self.matcher;
        let index = matcher.index;
        let (mut screens, mut weights): (Vec<_>, Vec<Weighing<'_>>) = (Vec::new(), Vec::new());
        let (mut screened, mut weighed, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for (aim, (plan, scorer)) in plans.iter().zip(scorers).enumerate() {
            let (counted, waiting, hits) = (Vec::new(), Vec::new(), Vec::new());
            let mut search = Search { aim, scorer, weighing: None, counted, waiting, hits };
            match plan {
                Plan::Nothing => {
                    self.part.result.families_out_of_reach += u64::from(aims[aim].view == View::Stated);
                }
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
        let mut hits = vec![Vec::new(); aims.len()];
        for mut search in searches {
            search.weigh(matcher);
            survivors += search.waiting.len();
            search.score(matcher, &mut copied, watch);
            hits[search.aim] = search.hits;
        }
        self.part.stages.screen += screening;
        self.part.stages.score += started.elapsed() - screening;
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

/// Appends the children whose bits are set in both rows.
fn push_survivors(block: usize, row: &Row, regular: &Row, children: &mut Vec<usize>) {
    let both = || row.iter().zip(regular).map(|(row, regular)| row & regular);
    // Most rows have no survivor.
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
