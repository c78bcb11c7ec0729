//! Weighs several views of a family at once: with one table per locus, through which every child passes who passes one
//! of the views. The few who pass are then weighed by each view.
//!
//! A child passes a view v if what it lacks at all loci, `sum over l of lack_v(l)`, stays within the room R_v. Split the
//! room over the loci, `R_v = sum over l of o_v(l)`, in any way: then `sum over l of min over v of (lack_v(l) - o_v(l))`
//! is at most 0 for every child who passes one of the views. The split determines how many others pass. By Chernoff's
//! bound their share is at most the product over the loci of the mean, over unrelated children, of
//! `max over v of 10^(t (o_v(l) - lack_v(l)))`, for any t above 0. Views split their rooms so that these means, of each
//! view alone, have the same ratio at all loci; the bound also tells which views to merge.

use std::sync::LazyLock;

use super::classes::CLASSES;
use super::instructions::{Costs, Instructions};
use super::locus::ScreenedLocus;
use super::plan::{ClassShares, Plan, Viewed};
use super::weights::Weights;

/// The t of the bound; of 0.35, 0.45, 0.5, 0.6 and 0.7 it merged best over the shapes of synthetic families.
const TILT: f64 = 0.5;

/// Share of the bound that passes: measured with synthetic families, whose bounds are 3 to 20 times the share.
const OF_BOUND: f64 = 0.2;

/// Cost of weighing a child by one view after another has arranged it, relative to the first.
const ONE_MORE: f64 = 0.2;

/// Steps of log10 in which [`SOFT`] is tabulated.
const STEPS: f32 = 16.0;

/// `10^(-t lack)` by what is lacking, in steps; nobody who lacks more matters.
static SOFT: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|step| libm::exp10(-TILT * step as f64 / f64::from(STEPS)) as f32));

/// Shares of unrelated children, or values, by class.
type ByClass = [f32; CLASSES];

/// Views of a family that are weighed together.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Positions of the views, two at least.
    pub views: Vec<usize>,
    /// Weights that let through every child who passes one of the views.
    pub weights: Weights,
}

/// A view whose plan is to weigh all children.
struct WeighedView<'a> {
    /// Position among the views.
    position: usize,
    loci: &'a [Option<&'a ScreenedLocus>],
    /// The most that a child may lack, in log10.
    room: f64,
}

impl<'a> WeighedView<'a> {
    /// Returns the view if its plan is to weigh all children, and if it can be merged with others: a room or a locus
    /// without limit leaves nothing to split.
    fn of(position: usize, view: &'a Viewed<'_>) -> Option<Self> {
        let Plan::Weigh(weights) = view.plan else { return None };
        let room = weights.measure().room;
        let is_finite = room.is_finite() && view.loci.iter().flatten().all(|locus| locus.best.is_finite());
        is_finite.then_some(Self { position, loci: &view.loci, room })
    }
}

/// A view within a group.
struct Member {
    /// Position among the weighed views.
    view: usize,
    /// How it splits its room over the loci.
    split: Vec<f64>,
}

/// Views under one table.
struct Group {
    members: Vec<Member>,
    /// Per locus, by class, the largest `10^(t (o_v - lack_v))` of the members, divided by its mean.
    soft: Vec<ByClass>,
    /// Natural logarithm of the bound.
    bound: f64,
}

impl Merged {
    /// Finds the views that cost less together than each alone, among those whose plans are to weigh all children and
    /// of which `may` is true.
    ///
    /// # Panics
    /// If the views have another number of loci than the shares.
    #[must_use]
    pub fn find(
        views: &[Viewed<'_>],
        may: impl Fn(usize) -> bool,
        shares: &ClassShares,
        instructions: Instructions,
    ) -> Vec<Self> {
        let weighed = views.iter().enumerate().filter(|&(position, _)| may(position));
        let weighed: Vec<WeighedView<'_>> = weighed.filter_map(|(i, view)| WeighedView::of(i, view)).collect();
        if weighed.len() < 2 {
            return Vec::new();
        }
        let (ClassShares(shares), costs) = (shares, instructions.costs());
        let mut groups: Vec<Group> = weighed.iter().enumerate().map(|(i, view)| Group::of(i, view, shares)).collect();
        while let Some((a, b)) = Self::best_join(&groups, shares, costs) {
            let second = groups.swap_remove(b);
            groups[a].join(second, shares);
        }
        let several = groups.into_iter().filter(|group| group.members.len() > 1);
        several.map(|group| group.merged(&weighed)).collect()
    }

    /// Returns the two groups that save most if they are joined; `None` if no two save anything.
    fn best_join(groups: &[Group], shares: &[ByClass], costs: Costs) -> Option<(usize, usize)> {
        let mut best = (0.0, None);
        for (b, second) in groups.iter().enumerate() {
            for (a, first) in groups[..b].iter().enumerate() {
                let joined = costs.of(first.bound_with(second, shares), first.members.len() + second.members.len());
                let saved = first.cost(costs) + second.cost(costs) - joined;
                if saved > best.0 {
                    best = (saved, Some((a, b)));
                }
            }
        }
        best.1
    }
}

impl Costs {
    /// Returns the cost of weighing all children by one table, and those who pass by each of its views.
    fn of(self, bound: f64, views: usize) -> f64 {
        let again = if views > 1 { ONE_MORE * views as f64 } else { 0.0 };
        self.weigh_all + self.weigh_one * (1.0 + again) * f64::min(OF_BOUND * libm::exp(bound), 1.0)
    }
}

impl Group {
    /// Returns the group of one view.
    fn of(number: usize, view: &WeighedView<'_>, shares: &[ByClass]) -> Self {
        assert_eq!(view.loci.len(), shares.len(), "a view has the loci of the layout");
        let soft: &[f32; 256] = &SOFT;
        // Filled in place: to move the values of a locus takes as long as to find them.
        let mut values = vec![[1.0; CLASSES]; shares.len()];
        for (values, locus) in values.iter_mut().zip(view.loci) {
            let Some(locus) = locus else { continue };
            for (value, lacking) in values.iter_mut().zip(&locus.lacking) {
                // The cast stops at 0 and 255.
                *value = soft[usize::from((lacking * STEPS) as u8)];
            }
        }
        let zero = vec![0.0; shares.len()];
        let mut group = Self { members: vec![Member { view: number, split: zero }], soft: values, bound: 0.0 };
        let means: Vec<f64> = group.soft.iter().zip(shares).map(|(soft, shares)| mean(soft, shares)).collect();
        group.level(&means, TILT * std::f64::consts::LN_10 * view.room);
        group
    }

    /// Divides the values by their means, and adds `more`, the logarithm of what the values lack as factors, to the
    /// bound.
    fn level(&mut self, means: &[f64], more: f64) {
        let logarithms: Vec<f64> = means.iter().map(|&mean| libm::log(mean)).collect();
        self.bound = more + logarithms.iter().sum::<f64>();
        let even = self.bound / means.len() as f64;
        for (soft, &mean) in self.soft.iter_mut().zip(means) {
            let factor = (1.0 / mean) as f32;
            soft.iter_mut().for_each(|value| *value *= factor);
        }
        for member in &mut self.members {
            let splits = member.split.iter_mut().zip(&logarithms);
            splits.for_each(|(split, logarithm)| *split += (even - logarithm) / (TILT * std::f64::consts::LN_10));
        }
    }

    fn cost(&self, costs: Costs) -> f64 {
        costs.of(self.bound, self.members.len())
    }

    /// Returns the factor of the values at each locus: the bound, split evenly.
    fn factor(&self) -> f32 {
        libm::exp(self.bound / self.soft.len() as f64) as f32
    }

    /// Returns the bound of this group and another together.
    fn bound_with(&self, other: &Self, shares: &[ByClass]) -> f64 {
        let factors = [self.factor(), other.factor()];
        let loci = self.soft.iter().zip(&other.soft).zip(shares);
        // The product of a few means stays far from the limits of its type, so one logarithm does for all.
        libm::log(loci.map(|((a, b), shares)| mean(&larger([a, b], factors), shares)).product())
    }

    /// Takes another group in.
    fn join(&mut self, other: Self, shares: &[ByClass]) {
        let factors = [self.factor(), other.factor()];
        for (a, b) in self.soft.iter_mut().zip(&other.soft) {
            *a = larger([a, b], factors);
        }
        self.members.extend(other.members);
        let means: Vec<f64> = self.soft.iter().zip(shares).map(|(soft, shares)| mean(soft, shares)).collect();
        self.level(&means, 0.0);
    }

    /// Returns, per locus, what a child lacks by class, more or less than 0: in sum at most 0 for every child who passes
    /// one of the views.
    fn lacking(&self, views: &[WeighedView<'_>]) -> Vec<[f64; CLASSES]> {
        let mut least = vec![[f64::INFINITY; CLASSES]; self.soft.len()];
        for Member { view, split } in &self.members {
            // Rounding is all that is missing.
            let rest = views[*view].room - split.iter().sum::<f64>();
            for (number, ((least, locus), split)) in least.iter_mut().zip(views[*view].loci).zip(split).enumerate() {
                let split = if number == 0 { split + rest } else { *split };
                let lacking = locus.map_or(&[0.0; CLASSES], |locus| &locus.lacking);
                for (least, lacking) in least.iter_mut().zip(lacking) {
                    let lacking = f64::from(*lacking) - split;
                    *least = if lacking < *least { lacking } else { *least };
                }
            }
        }
        least
    }

    fn merged(&self, views: &[WeighedView<'_>]) -> Merged {
        let positions = self.members.iter().map(|member| views[member.view].position).collect();
        Merged { views: positions, weights: Weights::of_lacking(&self.lacking(views)) }
    }
}

/// Returns the larger of two values by class, each multiplied with its factor.
fn larger([a, b]: [&ByClass; 2], factors: [f32; 2]) -> ByClass {
    std::array::from_fn(|class| {
        let (a, b) = (a[class] * factors[0], b[class] * factors[1]);
        if a > b { a } else { b }
    })
}

/// Returns the mean of values over classes with these shares.
fn mean(values: &ByClass, shares: &ByClass) -> f64 {
    // Several sums, so that they do not wait for one another.
    let mut sums = [0.0_f32; 8];
    for (values, shares) in values.as_chunks::<8>().0.iter().zip(shares.as_chunks::<8>().0) {
        for ((sum, value), share) in sums.iter_mut().zip(values).zip(shares) {
            *sum += value * share;
        }
    }
    f64::from(sums.iter().sum::<f32>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kinship::LocusTable;
    use crate::model::genotype_count;
    use crate::screen::classes::Classes;
    use crate::screen::plan::{Layout, UntypedGroup};
    use crate::screen::weights::LIMIT;

    const LOCI: usize = 4;

    /// A locus: its number of alleles, and its values in each of some views; `None` if the view says nothing there.
    type Locus = (usize, Vec<Option<Vec<f64>>>);

    fn locus(views: usize) -> impl Strategy<Value = Locus> {
        (1..14_usize).prop_flat_map(move |alleles| {
            let value = prop_oneof![8 => -5.0..3.0, 1 => Just(f64::NEG_INFINITY), 1 => 3.0..9.0];
            let values = prop::collection::vec(value, genotype_count(alleles));
            (Just(alleles), prop::collection::vec(prop::option::weighted(0.9, values), views))
        })
    }

    fn case() -> impl Strategy<Value = Vec<Locus>> {
        (2..6_usize).prop_flat_map(|views| prop::collection::vec(locus(views), LOCI))
    }

    proptest! {
        /// Every child that reaches the threshold of a view passes, in whatever order the views are merged; children on
        /// the threshold are among them.
        #[test]
        fn who_reaches_the_threshold_of_a_view_passes(
            case in case(),
            below in prop::collection::vec(0.0..9.0, 6),
            picks in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), LOCI), 60),
            turns in prop::collection::vec(any::<prop::sample::Index>(), 6),
        ) {
            let frequencies: Vec<Vec<f64>> = case.iter().map(|(alleles, _)| vec![1.0 / *alleles as f64; *alleles]).collect();
            let classes = Classes::new(frequencies.iter().map(Vec::as_slice));
            let first_rows = vec![0; LOCI];
            let untyped = vec![UntypedGroup { loci: 1, share: 0.5 }];
            let instructions = Instructions::Portable;
            let layout = Layout { first_rows, untyped, classes, instructions };
            let screened = |view: usize| {
                let loci = case.iter().zip(&frequencies).zip(layout.classes.loci());
                let locus = |((locus, frequencies), classes): ((&Locus, &Vec<f64>), _)| {
                    let table = LocusTable::of_values(locus.1[view].clone()?);
                    Some(ScreenedLocus::new(table, frequencies, classes, false))
                };
                loci.map(locus).collect::<Vec<Option<ScreenedLocus>>>()
            };
            let views: Vec<Vec<Option<ScreenedLocus>>> = (0..case[0].1.len()).map(screened).collect();
            let loci: Vec<Vec<Option<&ScreenedLocus>>> =
                views.iter().map(|loci| loci.iter().map(Option::as_ref).collect()).collect();
            // The last code of a locus is that of an untyped child.
            let value = |view: usize, locus: usize, code: usize| {
                case[locus].1[view].as_ref().and_then(|values| values.get(code)).copied().unwrap_or(0.0)
            };
            let child = |picks: &Vec<prop::sample::Index>| -> Vec<usize> {
                picks.iter().zip(&case).map(|(pick, locus)| pick.index(genotype_count(locus.0) + 1)).collect()
            };
            let children: Vec<Vec<usize>> = picks.iter().map(child).collect();
            let sum = |view: usize, codes: &[usize]| -> f64 {
                codes.iter().enumerate().map(|(locus, &code)| value(view, locus, code)).sum()
            };
            // One view's threshold is what a child reaches, to the last bit.
            let mut thresholds: Vec<f64> = loci.iter().zip(&below).map(|(loci, below)| {
                loci.iter().flatten().map(|locus| locus.best).sum::<f64>() - below
            }).collect();
            let reached = sum(0, &children[0]);
            if reached.is_finite() {
                thresholds[0] = reached;
            }
            let plans: Vec<Plan> =
                loci.iter().zip(&thresholds).map(|(loci, &threshold)| Plan::Weigh(Weights::new(loci, threshold))).collect();
            let viewed: Vec<Viewed<'_>> = loci.iter().zip(&thresholds).zip(&plans)
                .map(|((loci, &threshold), plan)| Viewed { loci: loci.clone(), threshold, plan }).collect();
            let weighed: Vec<WeighedView<'_>> =
                viewed.iter().enumerate().filter_map(|(i, view)| WeighedView::of(i, view)).collect();
            let ClassShares(shares) = layout.class_shares();
            let mut groups: Vec<Group> = weighed.iter().enumerate().map(|(i, view)| Group::of(i, view, &shares)).collect();
            for turn in turns.iter().take(weighed.len() - 1) {
                let other = groups.swap_remove(turn.index(groups.len()));
                let into = turn.index(groups.len());
                groups[into].join(other, &shares);
            }
            let mut merged: Vec<Merged> = groups.iter().map(|group| group.merged(&weighed)).collect();
            prop_assert_eq!(merged[0].views.len(), loci.len());
            merged.extend(Merged::find(&viewed, |view| view != 1, &layout.class_shares(), instructions));
            // Before rounding, too: it could hide a room that is a little too small.
            let lacking = groups[0].lacking(&weighed);
            for codes in &children {
                let class = |(locus, &code): (usize, &usize)| layout.classes.loci()[locus].of_code[code];
                let classes = codes.iter().enumerate().map(class);
                let sum_lacking: f64 = lacking.iter().zip(classes).map(|(lacking, class)| lacking[usize::from(class)]).sum();
                let reaches = (0..loci.len()).any(|view| sum(view, codes) >= thresholds[view]);
                prop_assert!(!reaches || sum_lacking <= 0.0, "{}", sum_lacking);
            }
            for Merged { views, weights } in &merged {
                for codes in &children {
                    let class = |(locus, &code): (usize, &usize)| layout.classes.loci()[locus].of_code[code];
                    let classes: Vec<u8> = codes.iter().enumerate().map(class).collect();
                    let weighing = weights.weighing();
                    let weight = |(locus, table): (usize, &crate::screen::Table)| u32::from(table.0[usize::from(classes[locus])]);
                    let total = u32::from(weighing.start) + weighing.loci().map(weight).sum::<u32>();
                    let reaches = views.iter().any(|&view| sum(view, codes) >= thresholds[view]);
                    prop_assert!(!reaches || total <= u32::from(LIMIT), "{:?} {:?} {}", views, codes, total);
                }
            }
        }
    }

    /// Two views of one family in 23 loci are merged, and few unrelated children pass.
    #[test]
    fn views_that_hardly_differ_are_merged() {
        let frequencies = [0.1; 10];
        let classes = Classes::new([&frequencies[..]; 23]);
        // Views of a sibling with the alleles 0 and 1, full and half: what it shares with a child adds up.
        let values = |shared: [f64; 3]| {
            let code = |low: usize, high: usize| shared[usize::from(low < 2) + usize::from(high < 2)];
            (0..10).flat_map(|high| (0..=high).map(move |low| code(low, high))).collect::<Vec<f64>>()
        };
        let table =
            |shared| ScreenedLocus::new(LocusTable::of_values(values(shared)), &frequencies, &classes.loci()[0], false);
        let tables = [table([-0.6, 0.2, 0.9]), table([-0.3, 0.15, 0.3])];
        let loci = tables.each_ref().map(|table| vec![Some(table); 23]);
        let plans = loci.each_ref().map(|loci| Plan::Weigh(Weights::new(loci, 4.0)));
        let [one, other] = loci;
        let view = |(loci, plan)| Viewed { loci, threshold: 4.0, plan };
        let views: Vec<Viewed<'_>> = [one, other].into_iter().zip(&plans).map(view).collect();
        let untyped = vec![UntypedGroup { loci: 0, share: 1.0 }];
        let layout =
            Layout { first_rows: vec![0; 23], untyped, classes: classes.clone(), instructions: Instructions::Portable };
        let find = |may: fn(usize) -> bool| Merged::find(&views, may, &layout.class_shares(), layout.instructions);
        let merged = find(|_| true);
        assert_eq!(merged.iter().map(|merged| merged.views.clone()).collect::<Vec<_>>(), [[0, 1]]);
        assert!(find(|view| view == 0).is_empty());
    }
}
