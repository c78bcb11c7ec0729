//! Plans the screening of a family: what to count, and how many misses to allow.

use super::bound::{MOST_MISSES, SLACK, may_reach, misses_allowed, passes};
use super::classes::Classes;
use super::instructions::{Costs, Instructions};
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
    /// Per number of untyped loci, the misses allowed; the list ends where nobody can reach the threshold any more.
    pub(super) allowed: Vec<usize>,
    expected: f64,
}

/// A locus that is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// The locus's first row within a block.
    pub(super) first_row: u16,
    /// The tolerated genotypes; untyped children are tolerated, too.
    pub(super) tolerated: Carries,
    /// The probability that an unrelated typed child misses the locus.
    pub(super) misses: f64,
}

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
        let tolerances = 0..TOLERANCES.len();
        let candidates =
            tolerances.filter_map(|tolerance| Candidate::new(loci, layout, tolerance, threshold - SLACK));
        let counted = candidates.min_by(|a, b| a.expected.total_cmp(&b.expected));
        let weights = Weights::new(loci, threshold);
        let Costs { weigh_all, weigh_one } = layout.instructions.costs();
        match counted.filter(|counted| 1.0 + weigh_one * counted.expected < weigh_all) {
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
    allowed: Vec<usize>,
    expected: f64,
}

/// Returns the misses allowed by the number of untyped loci, given the most that each locus adds, and the least that each
/// counted one loses if it is missed; `None` if nobody can reach the threshold. The list ends where nobody can any more.
fn allowances(mut most: Vec<f64>, mut drops: Vec<f64>, threshold: f64) -> Option<Vec<usize>> {
    drops.sort_unstable_by(f64::total_cmp);
    // A child untyped at u loci adds nothing there: it loses at least the u smallest of these values.
    most.sort_unstable_by(f64::total_cmp);
    let mut sum: f64 = most.iter().sum();
    let mut allowed = Vec::with_capacity(most.len() + 1);
    allowed.push(misses_allowed(sum, &drops, threshold)?);
    for lost in &most {
        sum -= lost;
        // The same sum allows the same misses: loci without a typed relative have nothing to lose.
        let next = if *lost == 0.0 { allowed.last().copied() } else { misses_allowed(sum, &drops, threshold) };
        match next {
            Some(next) => allowed.push(next),
            None => break,
        }
    }
    Some(allowed)
}

/// Returns the expected share of unrelated children who pass, given a probability per counted locus and the misses
/// allowed by the number of untyped loci.
fn expected(layout: &Layout, allowed: &[usize], panel: usize, misses: impl Iterator<Item = f64> + Clone) -> f64 {
    let share = |&UntypedGroup { loci: untyped, share }: &UntypedGroup| {
        let typed = 1.0 - untyped as f64 / panel as f64;
        let passes = |&allowed: &usize| share * passes(allowed, misses.clone().map(|misses| misses * typed));
        allowed.get(untyped).map_or(0.0, passes)
    };
    layout.untyped.iter().filter(|group| group.share > 0.0).map(share).sum()
}

/// A way to screen a view with the counters of two other views of its family. For example, the children of a couple miss
/// few loci of the father alone and few of the mother alone.
#[derive(Clone, Debug)]
pub struct Both {
    /// Per counter and number of untyped loci, the misses allowed; the list ends where nobody can reach the threshold any
    /// more.
    allowed: [Vec<usize>; 2],
    expected: f64,
}

impl Both {
    /// Derives the misses that a view allows to the counters of two screens. Every regular child whose sum of table
    /// values reaches the threshold has no more.
    ///
    /// `loci` holds, per locus of the panel, the view's compiled locus if it is informative. The result is `None` if no
    /// child can reach the threshold or if a counter excludes nobody.
    #[must_use]
    pub fn new(
        loci: &[Option<&ScreenedLocus>],
        counters: [&Screen; 2],
        layout: &Layout,
        threshold: f64,
    ) -> Option<Self> {
        let (mut allowed, mut share) = ([Vec::new(), Vec::new()], 1.0);
        for (allowed, counter) in allowed.iter_mut().zip(counters) {
            let most = loci.iter().map(|locus| locus.map_or(0.0, |locus| locus.best)).collect();
            let drop = |counted: &Counted| {
                let locus = layout.first_rows.binary_search(&usize::from(counted.first_row)).ok();
                locus.and_then(|locus| loci[locus]).map_or(0.0, |locus| locus.drop_if_missed(counted.tolerated))
            };
            *allowed = allowances(most, counter.loci.iter().map(drop).collect(), threshold - SLACK)?;
            if allowed[0] > Screen::MOST_MISSES {
                return None;
            }
            share *= expected(layout, allowed, loci.len(), counter.loci.iter().map(|counted| counted.misses));
        }
        Some(Self { allowed, expected: share })
    }

    /// Returns the misses that each counter allows to a child untyped at `untyped` loci; `None` if it cannot reach the
    /// threshold.
    pub(super) fn misses_allowed(&self, untyped: usize) -> Option<[usize; 2]> {
        Some([*self.allowed[0].get(untyped)?, *self.allowed[1].get(untyped)?])
    }
}

/// A view of a family that is to be screened.
pub struct Viewed<'a> {
    /// Per locus of the panel, the compiled locus if it is informative.
    pub loci: Vec<Option<&'a ScreenedLocus>>,
    /// The least log10 LR of its candidates.
    pub threshold: f64,
    /// Its own plan.
    pub plan: &'a Plan,
}

/// The views of a family that the counters of two of them screen, too.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Positions of the views whose counters are shared.
    pub counters: [usize; 2],
    /// Positions of the other views, and how the counters screen them.
    pub both: Vec<(usize, Both)>,
}

impl Shared {
    /// Finds the views of a family that are screened at less cost with the counters of two others than by their own
    /// plans; `None` if there are none.
    #[must_use]
    pub fn find(views: &[Viewed<'_>], layout: &Layout) -> Option<Self> {
        let screens = views.iter().enumerate().filter_map(|(i, view)| Some((i, view.plan.screen()?)));
        let mut screens: Vec<(usize, &Screen)> = screens.filter(|(_, screen)| !screen.has_pairs()).collect();
        screens.sort_by(|a, b| a.1.expected.total_cmp(&b.1.expected));
        let [(first, a), (second, b)] = *screens.first_chunk()?;
        let Costs { weigh_all, weigh_one } = layout.instructions.costs();
        let other = |&(i, view): &(usize, &Viewed<'_>)| i != first && i != second && !matches!(view.plan, Plan::Nothing);
        let shared = |(i, view): (usize, &Viewed<'_>)| {
            let both = Both::new(&view.loci, [a, b], layout, view.threshold)?;
            let alone = match view.plan.screen() {
                Some(screen) => 1.0 + weigh_one * screen.expected,
                None => weigh_all,
            };
            (COST_OF_COMPARING + weigh_one * both.expected < alone).then_some((i, both))
        };
        let both: Vec<(usize, Both)> = views.iter().enumerate().filter(other).filter_map(shared).collect();
        (!both.is_empty()).then_some(Self { counters: [first, second], both })
    }
}

/// Cost of comparing two counters with the misses that another view allows, in units of counting.
const COST_OF_COMPARING: f64 = 0.2;

impl<'a> Candidate<'a> {
    fn new(
        loci: &[Option<&'a ScreenedLocus>],
        layout: &Layout,
        tolerance: usize,
        threshold: f64,
    ) -> Option<Self> {
        let mut counted: Vec<(&LocusScreen, usize)> = Vec::with_capacity(loci.len());
        // The most that each locus adds if it is not missed.
        let mut most = Vec::with_capacity(loci.len());
        for (locus, &first_row) in loci.iter().zip(&layout.first_rows) {
            match locus {
                None => most.push(0.0),
                Some(ScreenedLocus { best, screens, .. }) => match &screens[tolerance] {
                    None => most.push(*best),
                    Some(screen) => {
                        most.push(screen.best_tolerated);
                        counted.push((screen, first_row));
                    }
                },
            }
        }
        let drops = counted.iter().map(|(s, _)| s.best_tolerated - s.best_other).collect();
        let allowed = allowances(most, drops, threshold)?;
        if allowed[0] > Screen::MOST_MISSES || allowed[0] >= counted.len() {
            return None;
        }
        let expected = expected(layout, &allowed, loci.len(), counted.iter().map(|(screen, _)| screen.misses));
        counted.sort_by(|a, b| b.0.misses.total_cmp(&a.0.misses));
        Some(Self { counted, allowed, expected })
    }

    fn screen(&self) -> Screen {
        let counted = |&(locus, first_row): &(&LocusScreen, usize)| Counted {
            first_row: first_row as u16,
            tolerated: locus.tolerated,
            misses: locus.misses,
        };
        Screen {
            loci: self.counted.iter().map(counted).collect(),
            allowed: self.allowed.clone(),
            expected: self.expected,
        }
    }
}

impl Screen {
    /// The largest number of misses that the kernel's counter of four bits can distinguish from one more.
    pub const MOST_MISSES: usize = MOST_MISSES;

    pub(super) fn of_parts(loci: Vec<Counted>, allowed: Vec<usize>) -> Self {
        Self { loci, allowed, expected: 0.0 }
    }

    /// Reports whether the screen has two different sets at a locus.
    pub(super) fn has_pairs(&self) -> bool {
        self.loci.iter().any(|locus| locus.tolerated.second != locus.tolerated.first)
    }

    /// Returns the expected share of unrelated children who pass.
    #[must_use]
    pub fn expected_share(&self) -> f64 {
        self.expected
    }

    /// Returns the number of loci that a child may miss if it is untyped at `untyped` others; `None` if it cannot reach
    /// the threshold.
    #[must_use]
    pub fn misses_allowed(&self, untyped: usize) -> Option<usize> {
        self.allowed.get(untyped).copied()
    }
}
