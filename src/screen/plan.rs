//! Plans the screening of a family: what to count, and how many misses to allow.

use super::bound::{SLACK, STRONG_CLASSES, may_reach, misses_allowed, passes, staircase};
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
        let candidates = tolerances.flat_map(|tolerance| {
            [false, true]
                .into_iter()
                .filter_map(move |strong| Candidate::new(loci, layout, tolerance, strong, threshold - SLACK))
        });
        let counted = candidates.min_by(|a, b| a.cost().total_cmp(&b.cost()));
        let weights = Weights::new(loci, &layout.classes, threshold);
        match counted.filter(|counted| counted.cost() < weighing) {
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
    /// The loci counted; those that exclude most come first.
    counted: Vec<(&'a LocusScreen, usize)>,
    counts_strong: bool,
    allowed: Vec<Allowed>,
    expected: f64,
}

impl<'a> Candidate<'a> {
    fn new(
        loci: &[Option<&'a ScreenedLocus>],
        layout: &Layout,
        tolerance: usize,
        counts_strong: bool,
        threshold: f64,
    ) -> Option<Self> {
        let mut counted: Vec<(&LocusScreen, usize)> = Vec::with_capacity(loci.len());
        // The most that each locus adds if it is neither missed nor strongly matched.
        let mut ordinary = Vec::with_capacity(loci.len());
        for (locus, &first_row) in loci.iter().zip(&layout.first_rows) {
            match locus {
                None => ordinary.push(0.0),
                Some(ScreenedLocus { best, screens, .. }) => match &screens[tolerance] {
                    None => ordinary.push(*best),
                    Some(screen) => {
                        ordinary.push(if counts_strong { screen.best_ordinary } else { screen.best_tolerated });
                        counted.push((screen, first_row));
                    }
                },
            }
        }
        let level = |screen: &LocusScreen| if counts_strong { screen.best_ordinary } else { screen.best_tolerated };
        let mut drops: Vec<f64> = counted.iter().map(|(s, _)| level(s) - s.best_other).collect();
        drops.sort_unstable_by(f64::total_cmp);
        let mut surpluses: Vec<f64> = counted.iter().map(|(s, _)| s.best_tolerated - level(s)).collect();
        surpluses.sort_unstable_by(|a, b| b.total_cmp(a));
        // A child untyped at u loci adds nothing there: it loses at least the u smallest of the ordinary values.
        ordinary.sort_unstable_by(f64::total_cmp);
        let mut sum: f64 = ordinary.iter().sum();
        let mut allowed = Vec::with_capacity(loci.len() + 1);
        let stairs = |sum: f64| {
            let misses = if counts_strong {
                staircase(sum, &surpluses, &drops, threshold)
            } else {
                [misses_allowed(sum, &drops, threshold); STRONG_CLASSES]
            };
            misses[STRONG_CLASSES - 1].is_some().then_some(Allowed { misses })
        };
        allowed.push(stairs(sum)?);
        for lost in &ordinary {
            sum -= lost;
            // The same sum has the same stairs: loci without a typed relative have nothing to lose.
            let next = if *lost == 0.0 { allowed.last().copied() } else { stairs(sum) };
            match next {
                Some(next) => allowed.push(next),
                None => break,
            }
        }
        if allowed[0].most() > Screen::MOST_MISSES || allowed[0].most() >= counted.len() {
            return None;
        }
        let panel = loci.len() as f64;
        let share = |&UntypedGroup { loci: untyped, share }: &UntypedGroup| {
            let typed = 1.0 - untyped as f64 / panel;
            let of = |(screen, _): &(&LocusScreen, usize)| (screen.misses * typed, screen.matches_strongly * typed);
            allowed.get(untyped).map_or(0.0, |allowed| share * passes(&allowed.misses, counted.iter().map(of)))
        };
        let expected: f64 = layout.untyped.iter().map(share).sum();
        counted.sort_by(|a, b| b.0.misses.total_cmp(&a.0.misses));
        Some(Self { counted, counts_strong, allowed, expected })
    }

    fn cost(&self) -> f64 {
        (if self.counts_strong { COST_BOTH } else { COST_ONE }) + COST_WEIGH_ONE * self.expected
    }

    fn screen(&self) -> Screen {
        let counted = |&(locus, first_row): &(&LocusScreen, usize)| Counted {
            first_row: first_row as u16,
            tolerated: locus.tolerated,
            strong: locus.strong,
        };
        Screen {
            loci: self.counted.iter().map(counted).collect(),
            counts_strong: self.counts_strong,
            allowed: self.allowed.clone(),
            expected: self.expected,
        }
    }
}

impl Screen {
    /// The largest number of misses that the kernel's counter of four bits can distinguish from one more.
    pub const MOST_MISSES: usize = 15;

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
