//! Plans the screening of a family: what to count, and how many misses to allow.

use super::bound::{MOST_MISSES, SLACK, STRONG_CLASSES, may_reach, misses_allowed, passes, staircase};
use super::classes::Classes;
use super::instructions::Instructions;
use super::locus::{Carries, LocusScreen, ScreenedLocus, TOLERANCES};
use super::weights::Weights;

/// Way to find the children that can reach the threshold with a family.
#[derive(Clone, Debug)]
pub enum Plan {
    /// No regular child can reach the threshold.
    Nothing,
    /// Count, weigh the genotypes of each child that is left, and score those that are still left.
    Screen(Screen, Weights),
    /// The relatives exclude too little to count: weigh the genotypes of all children, and score those that are left.
    Weigh(Weights),
    /// Score everyone; never chosen, but useful for comparison.
    Everyone,
}

/// Description of the index that plans are made for.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Per locus of the panel, the number of its first row within a block, the row of untyped children. The rows of the
    /// locus's alleles follow.
    pub first_rows: Vec<usize>,
    /// Groups of children by the number of loci at which they are untyped, each with its share of all children.
    pub untyped: Vec<UntypedGroup>,
    /// The classes of genotypes that are weighed.
    pub classes: Classes,
    /// The instructions of the kernels; they determine which kernel is faster.
    pub instructions: Instructions,
}

/// Children who are untyped at the same number of loci.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UntypedGroup {
    /// Number of untyped loci of the panel.
    pub loci: usize,
    /// Their share of all children, from 0 to 1.
    pub share: f64,
}

/// A screening plan over the rows of an index.
#[derive(Clone, Debug)]
pub struct Screen {
    /// The loci counted; those that exclude most come first.
    pub(super) loci: Vec<Counted>,
    /// Set if strong matches are counted, too.
    pub(super) counts_strong: bool,
    /// Per number of untyped loci, the allowed counts; the list ends where nobody can reach the threshold any more.
    pub(super) allowed: Vec<Allowed>,
    expected: f64,
}

/// A locus that is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// The locus's first row within a block.
    pub(super) first_row: u16,
    /// The tolerated genotypes; untyped children are tolerated, too.
    pub(super) tolerated: Carries,
    /// The tolerated genotypes that match strongly.
    pub(super) strong: Carries,
}

/// Allowed counts of a child. They rise with the number of strong matches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed {
    /// Misses allowed with each number of strong matches; the last class is 7 or more.
    pub(super) misses: [Option<usize>; STRONG_CLASSES],
}

impl Allowed {
    /// Returns the most misses allowed to any child.
    pub(super) fn most(&self) -> usize {
        self.misses.iter().flatten().copied().max().unwrap_or(0)
    }
}

/// Cost of taking a child through one counter, through both, and of weighing it alone; measured, in units of the first.
const COST_ONE: f64 = 1.0;
const COST_BOTH: f64 = 3.2;
const COST_WEIGH_ONE: f64 = 200.0;

impl Plan {
    /// Builds the plan of a family for a threshold on log10 LR.
    ///
    /// `loci` holds, per locus of the panel, the compiled locus if it is informative. Every regular child whose sum of
    /// table values reaches the threshold passes the plan.
    #[must_use]
    pub fn new(loci: &[Option<&ScreenedLocus>], layout: &Layout, threshold: f64) -> Self {
        let best: f64 = loci.iter().flatten().map(|locus| locus.best).sum();
        if !may_reach(best, threshold - SLACK) {
            return Self::Nothing;
        }
        let weighing = layout.instructions.cost_of_weighing();
        let tolerances = if layout.instructions.counts() { 0..TOLERANCES.len() } else { 0..0 };
        let mut best: Option<Candidate<'_>> = None;
        for (tolerance, counts_strong) in tolerances.flat_map(|tolerance| [(tolerance, false), (tolerance, true)]) {
            // The cost of the counters alone often is more than the whole of another way.
            let cheapest = best.as_ref().map_or(weighing, Candidate::cost);
            if Candidate::counting_cost(counts_strong) < cheapest {
                let candidate = Candidate::new(loci, layout, tolerance, counts_strong, threshold - SLACK);
                best = candidate.filter(|candidate| candidate.cost() < cheapest).or(best);
            }
        }
        let weights = Weights::new(loci, threshold);
        match best {
            Some(counted) => Self::Screen(counted.screen(), weights),
            None => Self::Weigh(weights),
        }
    }
}

impl Plan {
    /// Returns the screen of a family whose misses are counted.
    #[must_use]
    pub fn screen(&self) -> Option<&Screen> {
        if let Self::Screen(screen, _) = self { Some(screen) } else { None }
    }

    /// Returns the weights of a family, if it has a screen of either kind.
    #[must_use]
    pub fn weights(&self) -> Option<&Weights> {
        if let Self::Screen(_, weights) | Self::Weigh(weights) = self { Some(weights) } else { None }
    }
}

/// One way of screening a family.
struct Candidate<'a> {
    /// The loci counted, in panel order.
    counted: Vec<(&'a LocusScreen, usize)>,
    counts_strong: bool,
    stairs: Stairs,
    expected: f64,
}

/// What children can have at the loci if misses are counted, and possibly strong matches.
struct Stairs {
    /// The most that each locus adds if it is neither missed nor strongly matched, in rising order.
    ordinary: Vec<f64>,
    /// The least that each counted locus costs if it is missed, in rising order.
    drops: Vec<f64>,
    /// The most that a strong match adds at each counted locus, in falling order; `None` if strong matches are not
    /// counted.
    surpluses: Option<Vec<f64>>,
    threshold: f64,
}

impl Stairs {
    /// Returns the allowed counts by the number of untyped loci. The list ends where nobody can reach the threshold any
    /// more.
    fn allowed(&self) -> impl Iterator<Item = Allowed> + '_ {
        // A child untyped at u loci adds nothing there: it loses at least the u smallest of the ordinary values.
        let mut sum: f64 = self.ordinary.iter().sum();
        let mut last = self.of_sum(sum);
        let later = self.ordinary.iter().map_while(move |lost| {
            sum -= lost;
            // The same sum has the same stairs: loci without a typed relative have nothing to lose.
            if *lost != 0.0 {
                last = self.of_sum(sum);
            }
            last
        });
        last.into_iter().chain(later)
    }

    /// Returns one entry of [`Self::allowed`].
    fn allowed_at(&self, untyped: usize) -> Option<Allowed> {
        let all: f64 = self.ordinary.iter().sum();
        self.of_sum(self.ordinary.get(..untyped)?.iter().fold(all, |sum, lost| sum - lost))
    }

    fn of_sum(&self, sum: f64) -> Option<Allowed> {
        let misses = match &self.surpluses {
            Some(surpluses) => staircase(sum, surpluses, &self.drops, self.threshold),
            None => [misses_allowed(sum, &self.drops, self.threshold); STRONG_CLASSES],
        };
        misses[STRONG_CLASSES - 1].is_some().then_some(Allowed { misses })
    }
}

impl<'a> Candidate<'a> {
    /// Returns `None` if nobody can reach the threshold, or if counting would exclude nobody.
    fn new(
        loci: &[Option<&'a ScreenedLocus>],
        layout: &Layout,
        tolerance: usize,
        counts_strong: bool,
        threshold: f64,
    ) -> Option<Self> {
        let level = |screen: &LocusScreen| if counts_strong { screen.best_ordinary } else { screen.best_tolerated };
        let mut counted: Vec<(&LocusScreen, usize)> = Vec::with_capacity(loci.len());
        let mut ordinary = Vec::with_capacity(loci.len());
        for (locus, &first_row) in loci.iter().zip(&layout.first_rows) {
            match locus.map(|locus| (locus, &locus.screens[tolerance])) {
                None => ordinary.push(0.0),
                Some((locus, None)) => ordinary.push(locus.best),
                Some((_, Some(screen))) => {
                    ordinary.push(level(screen));
                    counted.push((screen, first_row));
                }
            }
        }
        ordinary.sort_unstable_by(f64::total_cmp);
        let mut drops: Vec<f64> = counted.iter().map(|(s, _)| level(s) - s.best_other).collect();
        drops.sort_unstable_by(f64::total_cmp);
        let surpluses = counts_strong.then(|| {
            let mut surpluses: Vec<f64> = counted.iter().map(|(s, _)| s.best_tolerated - level(s)).collect();
            surpluses.sort_unstable_by(|a, b| b.total_cmp(a));
            surpluses
        });
        let stairs = Stairs { ordinary, drops, surpluses, threshold };
        let most = stairs.allowed_at(0)?.most();
        if most > Screen::MOST_MISSES || most >= counted.len() {
            return None;
        }
        let panel = loci.len() as f64;
        let share = |group: &UntypedGroup| {
            let typed = 1.0 - group.loci as f64 / panel;
            let of = |(screen, _): &(&LocusScreen, usize)| (screen.misses * typed, screen.matches_strongly * typed);
            let passes = |allowed: Allowed| passes(&allowed.misses, counted.iter().map(of));
            group.share * stairs.allowed_at(group.loci).map_or(0.0, passes)
        };
        let expected = layout.untyped.iter().filter(|group| group.share > 0.0).map(share).sum();
        Some(Self { counted, counts_strong, stairs, expected })
    }

    fn cost(&self) -> f64 {
        Self::counting_cost(self.counts_strong) + COST_WEIGH_ONE * self.expected
    }

    fn counting_cost(counts_strong: bool) -> f64 {
        if counts_strong { COST_BOTH } else { COST_ONE }
    }

    fn screen(mut self) -> Screen {
        // The loci that exclude most come first.
        self.counted.sort_by(|a, b| b.0.misses.total_cmp(&a.0.misses));
        let counted = |&(locus, first_row): &(&LocusScreen, usize)| Counted {
            first_row: first_row as u16,
            tolerated: locus.tolerated,
            strong: locus.strong,
        };
        Screen {
            loci: self.counted.iter().map(counted).collect(),
            counts_strong: self.counts_strong,
            allowed: self.stairs.allowed().collect(),
            expected: self.expected,
        }
    }
}

impl Screen {
    /// The largest number of misses that the kernel's counter of four bits can distinguish from one more.
    pub const MOST_MISSES: usize = MOST_MISSES;

    pub(super) fn of_parts(loci: Vec<Counted>, counts_strong: bool, allowed: Vec<Allowed>) -> Self {
        Self { loci, counts_strong, allowed, expected: 0.0 }
    }

    /// Reports whether strong matches are counted in addition to misses.
    #[must_use]
    pub fn counts_strong(&self) -> bool {
        self.counts_strong
    }

    /// Returns the expected share of unrelated children who pass.
    #[must_use]
    pub fn expected_share(&self) -> f64 {
        self.expected
    }

    /// Returns the number of loci that a child may miss if it is untyped at `untyped` others and matches strongly at
    /// `strong`; `None` if it cannot reach the threshold.
    #[must_use]
    pub fn misses_allowed(&self, untyped: usize, strong: usize) -> Option<usize> {
        self.allowed.get(untyped)?.misses[strong.min(STRONG_CLASSES - 1)]
    }
}
