//! Takes the children who passed a screen on to scoring, view by view.

use crate::screen::{Lanes, Weighing, weigh_few};

use super::matcher::Matcher;
use super::score::Scorer;
use super::watch::Watch;

/// Number of children that are weighed or scored together at least, while a family's tables are in the first-level
/// cache.
pub(super) const BATCH: usize = 128;

/// Number of children that are weighed at once: those of a register.
const TOGETHER: usize = 64;

/// A pair that reached the threshold: child number and log10 LR.
pub(super) type Hit = (usize, f64);

/// The views of a family that one screen is for.
pub(super) struct Sieve<'c> {
    searches: Vec<Search<'c>>,
}

/// A family, in one of its views, on its way over the children.
pub(super) struct Search<'c> {
    /// Position of the family's view among the compiled ones.
    aim: usize,
    scorer: &'c Scorer<'c>,
    /// The weighing of those who pass the screen, if it was a rough one.
    weighing: Option<Weighing<'c>>,
    /// Children that are still to be scored.
    waiting: Vec<u32>,
    hits: Vec<Hit>,
}

impl<'c> Sieve<'c> {
    /// Creates the sieve of one view.
    pub(super) fn of(search: Search<'c>) -> Self {
        Self { searches: vec![search] }
    }

    /// Creates the sieve of several views.
    pub(super) fn of_views(searches: impl Iterator<Item = Search<'c>>) -> Self {
        Self { searches: searches.collect() }
    }

    /// Returns the number of views.
    pub(super) fn views(&self) -> usize {
        self.searches.len()
    }

    pub(super) fn searches(&mut self) -> impl Iterator<Item = &mut Search<'c>> {
        self.searches.iter_mut()
    }

    /// Takes children who passed the screen: those who also pass the weighing of a view, if it has one, wait to be
    /// scored.
    pub(super) fn take(&mut self, passed: &[u32], scales: &mut Scales<'_, '_>) {
        for search in self.searches.iter_mut().filter(|search| search.weighing.is_none()) {
            search.waiting.extend_from_slice(passed);
        }
        if self.searches.iter().all(|search| search.weighing.is_none()) {
            return;
        }
        for children in passed.chunks(TOGETHER) {
            scales.arrange(children);
            for Search { weighing, waiting, .. } in &mut self.searches {
                if let Some(weighing) = weighing {
                    scales.weigh(weighing, children, waiting);
                }
            }
        }
    }
}

impl<'c> Search<'c> {
    pub(super) fn new(aim: usize, scorer: &'c Scorer<'c>, weighing: Option<Weighing<'c>>) -> Self {
        Self { aim, scorer, weighing, waiting: Vec::new(), hits: Vec::new() }
    }

    /// Returns the position of the family's view among the compiled ones.
    pub(super) fn aim(&self) -> usize {
        self.aim
    }

    /// Returns the number of children that wait to be scored.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn take_hits(&mut self) -> Vec<Hit> {
        std::mem::take(&mut self.hits)
    }

    /// Scores the waiting children.
    pub(super) fn score(&mut self, matcher: &Matcher<'_>, copied: &mut Vec<u16>, watch: &Watch) {
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
pub(super) struct Scales<'m, 'a> {
    matcher: &'m Matcher<'a>,
    lanes: Lanes,
}

impl<'m, 'a> Scales<'m, 'a> {
    pub(super) fn new(matcher: &'m Matcher<'a>) -> Self {
        Self { matcher, lanes: Lanes::of_few(matcher.layout.classes.packs()) }
    }

    /// Arranges at most [`TOGETHER`] children for weighing.
    fn arrange(&mut self, children: &[u32]) {
        self.lanes.turn_some(self.matcher.layout.instructions, self.matcher.packed(), children);
    }

    /// Weighs the children just arranged, and appends those who pass to `passed`.
    fn weigh(&self, weighing: &Weighing<'_>, children: &[u32], passed: &mut Vec<u32>) {
        let mut bits = weigh_few(self.matcher.layout.instructions, &self.lanes, weighing);
        while bits != 0 {
            // The last places are nobody's if there are fewer children than fill a register.
            passed.extend(children.get(bits.trailing_zeros() as usize));
            bits &= bits - 1;
        }
    }
}
