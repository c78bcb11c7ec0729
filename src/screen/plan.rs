//! Plans the screening of a family: what to count, and how many misses to allow.

use std::collections::BTreeMap;

use super::bound::{MOST_MISSES, SLACK, may_reach, misses_allowed, passes};
use super::classes::{CLASSES, Classes};
use super::instructions::{Costs, Instructions};
use super::locus::{AlleleSet, Carries, LocusScreen, ScreenedLocus, TOLERANCES};
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

impl Layout {
    /// Returns the shares of unrelated children by class.
    #[must_use]
    pub fn class_shares(&self) -> ClassShares {
        let panel = self.first_rows.len().max(1) as f64;
        let untyped: f64 = self.untyped.iter().map(|group| group.share * group.loci as f64 / panel).sum();
        ClassShares(self.classes.loci().iter().map(|locus| locus.shares(1.0 - untyped)).collect())
    }
}

/// Per locus of the panel, the shares of unrelated children by class of genotypes.
#[derive(Clone, Debug)]
pub struct ClassShares(pub(super) Vec<[f32; CLASSES]>);

/// A screening plan over the rows of an index.
#[derive(Clone, Debug)]
pub struct Screen {
    /// The sets counted, one or two per locus; loci that exclude most come first.
    pub(super) sets: Vec<Counted>,
    /// Per number of untyped loci, the misses allowed; the list ends where nobody can reach the threshold any more.
    pub(super) allowed: Vec<usize>,
    expected: f64,
}

/// A set of alleles that is counted: a child misses it if it is typed and has none of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// The locus's first row within a block.
    pub(super) first_row: u16,
    pub(super) alleles: AlleleSet,
    /// The probability that an unrelated typed child misses it.
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
        let candidates = tolerances.filter_map(|tolerance| Candidate::new(loci, layout, tolerance, threshold - SLACK));
        let counted = candidates.min_by(|a, b| a.expected.total_cmp(&b.expected));
        let weights = Weights::new(loci, threshold);
        let Costs { weigh_all, weigh_one } = layout.instructions.costs();
        match counted.map(|counted| counted.screen()).filter(|screen| screen.cost(weigh_one) < weigh_all) {
            Some(screen) => Self::Screen(screen, weights),
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
fn expected(layout: &Layout, allowed: &[usize], panel: usize, misses: &[f64]) -> f64 {
    let share = |&UntypedGroup { loci: untyped, share }: &UntypedGroup| {
        let typed = 1.0 - untyped as f64 / panel as f64;
        let passes = |&allowed: &usize| share * passes(allowed, misses.iter().map(|misses| misses * typed));
        allowed.get(untyped).map_or(0.0, passes)
    };
    layout.untyped.iter().filter(|group| group.share > 0.0).map(share).sum()
}

/// A way to screen a view with the counters of two other views of its family. For example, the children of a couple miss
/// few sets of the father alone and of the mother alone together.
#[derive(Clone, Debug)]
pub struct Both {
    /// Per number of untyped loci, the misses allowed to both counters together; the list ends where nobody can reach the
    /// threshold any more.
    allowed: Vec<usize>,
    expected: f64,
}

impl Both {
    /// Derives the misses that a view allows to two counters together. Every regular child whose sum of table values
    /// reaches the threshold has no more.
    ///
    /// `loci` holds, per locus of the panel, the view's compiled locus if it is informative, and `counters` the set of
    /// each counted locus by its first row. The result is `None` if no child can reach the threshold, or if it would
    /// exclude nobody.
    fn new(
        loci: &[Option<&ScreenedLocus>],
        counters: &[BTreeMap<u16, &Counted>; 2],
        layout: &Layout,
        threshold: f64,
    ) -> Option<Self> {
        let most = loci.iter().map(|locus| locus.map_or(0.0, |locus| locus.best)).collect();
        let (mut drops, mut misses) = (Vec::with_capacity(2 * loci.len()), Vec::with_capacity(2 * loci.len()));
        for (locus, &first_row) in loci.iter().zip(&layout.first_rows) {
            let sets = counters.each_ref().map(|counter| counter.get(&(first_row as u16)).copied());
            let (first, second) = match sets {
                [None, None] => continue,
                [Some(one), None] | [None, Some(one)] => (one, one),
                [Some(first), Some(second)] => (first, second),
            };
            // A miss of both counters counts twice, even if their sets are the same.
            let carries = Carries { first: first.alleles, second: second.alleles };
            let drop = locus.map_or(0.0, |locus| locus.drop_per_miss(carries));
            let twice = sets[0].is_some() && sets[1].is_some();
            let drop = if twice && first.alleles == second.alleles { drop / 2.0 } else { drop };
            for set in sets.into_iter().flatten() {
                drops.push(drop);
                misses.push(set.misses);
            }
        }
        let allowed = allowances(most, drops, threshold - SLACK)?;
        if allowed[0] > Screen::MOST_MISSES {
            return None;
        }
        let expected = expected(layout, &allowed, loci.len(), &misses);
        Some(Self { allowed, expected })
    }

    #[cfg(test)]
    pub(super) fn of_parts(allowed: Vec<usize>) -> Self {
        Self { allowed, expected: 0.0 }
    }

    /// Returns the misses allowed to a child untyped at `untyped` loci; `None` if it cannot reach the threshold.
    pub(super) fn misses_allowed(&self, untyped: usize) -> Option<usize> {
        self.allowed.get(untyped).copied()
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
        let mut screens: Vec<(usize, &Screen)> = screens.collect();
        screens.sort_by(|a, b| a.1.expected.total_cmp(&b.1.expected));
        let mut single = screens.into_iter().filter_map(|(i, screen)| Some((i, screen.single_sets()?)));
        let ((first, a), (second, b)) = (single.next()?, single.next()?);
        let counters = [a, b];
        let Costs { weigh_all, weigh_one } = layout.instructions.costs();
        let other =
            |&(i, view): &(usize, &Viewed<'_>)| i != first && i != second && !matches!(view.plan, Plan::Nothing);
        let shared = |(i, view): (usize, &Viewed<'_>)| {
            let both = Both::new(&view.loci, &counters, layout, view.threshold)?;
            let alone = match view.plan.screen() {
                Some(screen) => screen.cost(weigh_one),
                None => weigh_all,
            };
            (COST_OF_COMPARING + weigh_one * both.expected < alone).then_some((i, both))
        };
        let both: Vec<(usize, Both)> = views.iter().enumerate().filter(other).filter_map(shared).collect();
        (!both.is_empty()).then_some(Self { counters: [first, second], both })
    }
}

/// Number of sets that cost one unit.
const USUAL_SETS: f64 = 24.0;

/// Cost of comparing two counters with the misses that another view allows, in units of counting.
const COST_OF_COMPARING: f64 = 0.2;

impl<'a> Candidate<'a> {
    fn new(loci: &[Option<&'a ScreenedLocus>], layout: &Layout, tolerance: usize, threshold: f64) -> Option<Self> {
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
        let drop = |(screen, _): &(&LocusScreen, usize)| {
            let drop = screen.drop_per_miss();
            screen.sets().map(move |_| drop)
        };
        let drops: Vec<f64> = counted.iter().flat_map(drop).collect();
        let sets = drops.len();
        let allowed = allowances(most, drops, threshold)?;
        if allowed[0] > Screen::MOST_MISSES || allowed[0] >= sets {
            return None;
        }
        let misses: Vec<f64> = counted.iter().flat_map(|(screen, _)| screen.sets()).map(|(_, misses)| misses).collect();
        let expected = expected(layout, &allowed, loci.len(), &misses);
        counted.sort_by(|a, b| b.0.exclusion().total_cmp(&a.0.exclusion()));
        Some(Self { counted, allowed, expected })
    }

    fn screen(&self) -> Screen {
        let counted = |&(locus, first_row): &(&LocusScreen, usize)| {
            let first_row = first_row as u16;
            locus.sets().map(move |(alleles, misses)| Counted { first_row, alleles, misses })
        };
        Screen {
            sets: self.counted.iter().flat_map(counted).collect(),
            allowed: self.allowed.clone(),
            expected: self.expected,
        }
    }
}

impl Screen {
    /// The largest number of misses that the kernel's counter of four bits can distinguish from one more.
    pub const MOST_MISSES: usize = MOST_MISSES;

    pub(super) fn of_parts(sets: Vec<Counted>, allowed: Vec<usize>) -> Self {
        Self { sets, allowed, expected: 0.0 }
    }

    /// Returns the set of each locus by its first row; `None` if a locus has two.
    fn single_sets(&self) -> Option<BTreeMap<u16, &Counted>> {
        let sets: BTreeMap<u16, &Counted> = self.sets.iter().map(|set| (set.first_row, set)).collect();
        (sets.len() == self.sets.len()).then_some(sets)
    }

    /// Returns the cost of screening a child, in units of counting one set per locus, given that of weighing one.
    fn cost(&self, weigh_one: f64) -> f64 {
        self.sets.len() as f64 / USUAL_SETS + weigh_one * self.expected
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kinship::LocusTable;
    use crate::model::{genotype_code, genotype_count};

    const LOCI: usize = 3;
    const ALLELES: usize = 4;

    /// Every genotype of a locus with the log10 LR and the alleles, and last the untyped child.
    fn genotypes(locus: &ScreenedLocus) -> Vec<(f64, Option<AlleleSet>)> {
        let pairs = (0..ALLELES).flat_map(|high| (0..=high).map(move |low| (low, high)));
        let typed = pairs.map(|(a, b)| (locus.table.values()[genotype_code(a, b)], Some(1 << a | 1 << b)));
        typed.chain([(0.0, None)]).collect()
    }

    /// Returns every child of three loci: its log10 LR, its number of untyped loci and the alleles that it has at each.
    fn children(loci: &[ScreenedLocus]) -> Vec<(f64, usize, [Option<AlleleSet>; LOCI])> {
        let all: Vec<_> = loci.iter().map(genotypes).collect();
        let mut children = Vec::new();
        for first in &all[0] {
            for second in &all[1] {
                for third in &all[2] {
                    let alleles = [first.1, second.1, third.1];
                    let untyped = alleles.iter().filter(|alleles| alleles.is_none()).count();
                    children.push((first.0 + second.0 + third.0, untyped, alleles));
                }
            }
        }
        children
    }

    fn misses(screen: &Screen, layout: &Layout, alleles: &[Option<AlleleSet>; LOCI]) -> usize {
        let at = |set: &Counted| layout.first_rows.iter().position(|&row| row == usize::from(set.first_row));
        let misses =
            |set: &&Counted| at(set).and_then(|locus| alleles[locus]).is_some_and(|has| has & set.alleles == 0);
        screen.sets.iter().filter(misses).count()
    }

    fn layout() -> Layout {
        Layout {
            first_rows: (0..LOCI).map(|locus| 1 + locus * (1 + ALLELES)).collect(),
            untyped: vec![UntypedGroup { loci: 0, share: 1.0 }],
            classes: Classes::new([&[0.25; ALLELES][..]; LOCI]),
            instructions: Instructions::Portable,
        }
    }

    fn loci() -> impl Strategy<Value = Vec<ScreenedLocus>> {
        let value = prop_oneof![6 => -5.0..3.0, 2 => Just(-3.0), 1 => Just(f64::NEG_INFINITY), 1 => Just(1.0)];
        let table = prop::collection::vec(value, genotype_count(ALLELES)).prop_map(LocusTable::of_values);
        prop::collection::vec(table, LOCI).prop_map(|tables| {
            let classes = layout().classes;
            let locus = |(table, classes)| ScreenedLocus::new(table, &[0.25; ALLELES], classes, true);
            tables.into_iter().zip(classes.loci()).map(locus).collect()
        })
    }

    /// Returns counters of one set for each of some loci.
    fn counter() -> impl Strategy<Value = Screen> {
        prop::collection::vec(prop::option::weighted(0.8, 1..(1 as AlleleSet) << ALLELES), LOCI).prop_map(|sets| {
            let rows = layout().first_rows;
            let counted = |(set, &row): (Option<AlleleSet>, &usize)| {
                Some(Counted { first_row: row as u16, alleles: set?, misses: 0.5 })
            };
            Screen::of_parts(sets.into_iter().zip(&rows).filter_map(counted).collect(), vec![0])
        })
    }

    proptest! {
        /// Each child is on the bound once, with its own log10 LR as the threshold.
        #[test]
        fn nobody_on_the_bound_misses_more_than_is_allowed(loci in loci(), a in counter(), b in counter()) {
            let layout = layout();
            let some: Vec<Option<&ScreenedLocus>> = loci.iter().map(Some).collect();
            let counters = [&a, &b].map(|counter| counter.single_sets().unwrap());
            let children = children(&loci);
            for &(threshold, ..) in children.iter().filter(|child| child.0.is_finite()).step_by(17) {
                let both = Both::new(&some, &counters, &layout, threshold);
                let own: Vec<Candidate<'_>> = (0..TOLERANCES.len())
                    .filter_map(|tolerance| Candidate::new(&some, &layout, tolerance, threshold - SLACK))
                    .collect();
                let screens: Vec<Screen> = own.iter().map(Candidate::screen).collect();
                for (_, untyped, alleles) in children.iter().filter(|child| child.0 >= threshold) {
                    let together = misses(&a, &layout, alleles) + misses(&b, &layout, alleles);
                    if let Some(both) = &both {
                        let allowed = both.misses_allowed(*untyped);
                        prop_assert!(allowed.is_some_and(|allowed| together <= allowed), "{:?} {}", both, together);
                    }
                    for screen in &screens {
                        let missed = misses(screen, &layout, alleles);
                        let allowed = screen.misses_allowed(*untyped);
                        prop_assert!(allowed.is_some_and(|allowed| missed <= allowed), "{:?} {}", screen, missed);
                    }
                }
            }
        }
    }
}
