//! Computes the distribution of a family's log10 LR: in unrelated children, and in the missing child itself.
//!
//! Given the hypothesis, the loci are independent, so the distribution of the sum over the loci is the convolution of
//! their distributions. It is computed on a grid of log10 LR, with every value rounded down. A sum of n values is then
//! at most n steps too small, so the probability that the true sum reaches t lies between two tails of the rounded sum:
//! at t, and n steps below. Tails are added from the top, so that a tail of 1e-30 is as exact as one of 0.3.

use super::LocusTable;

/// The hypothesis about the child that a distribution assumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hypothesis {
    /// The child is the missing child.
    H1,
    /// The child is unrelated to the family.
    H2,
}

/// A lower and an upper bound on a number.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Bounds {
    /// Not above the true number.
    pub lower: f64,
    /// Not below the true number.
    pub upper: f64,
}

impl Bounds {
    /// Returns the midpoint of the bounds.
    #[must_use]
    pub fn middle(self) -> f64 {
        // The difference of equal infinities is not a number.
        if self.lower == self.upper { self.lower } else { self.lower + (self.upper - self.lower) / 2.0 }
    }

    /// Returns both bounds times a factor, which must not be negative.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { lower: self.lower * factor, upper: self.upper * factor }
    }

    /// Returns the gap between the bounds as a share of the lower bound; 0 if the bounds are equal.
    #[must_use]
    pub fn relative_gap(self) -> f64 {
        if self.upper == self.lower { 0.0 } else { self.upper / self.lower - 1.0 }
    }
}

/// The possible contributions of one locus, at which the child is typed, to log10 LR, with their probabilities.
#[derive(Clone, Debug, PartialEq)]
pub struct LocusOutcomes {
    outcomes: Vec<Outcome>,
    /// E(LR | H2) over the listed genotypes.
    expected_ratio: f64,
    /// P(genotype not listed | H2).
    unlisted: f64,
}

/// The contribution and the probability of one genotype.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Outcome {
    log10_lr: f64,
    /// Indexed by [`Hypothesis`]: H1, then H2.
    probability: [f64; 2],
}

impl LocusOutcomes {
    /// Creates the outcomes from a family's table at a locus and the probabilities of the genotypes in an unrelated
    /// child ([`super::Calculator::unrelated`]), which are used without a check.
    ///
    /// P(genotype | relatives, H1) is proportional to LR times P(genotype | relatives, H2), because the LR is their
    /// quotient. Under H1, it is divided by its sum over the listed genotypes. That sum is 1, except for genotypes that
    /// the table does not list, and for the effect of pruning on the probability of the relatives' own genotypes.
    ///
    /// The difference between 1 and the sum of `unrelated` belongs to unlisted genotypes. Their LR is unknown. Under
    /// H2, an upper bound therefore counts them as reaching every value, and a lower bound as reaching none.
    #[must_use]
    pub fn new(table: &LocusTable, unrelated: &[f64]) -> Self {
        let values = table.values().iter().take(table.genotypes()).zip(unrelated).filter(|(_, p)| **p > 0.0);
        let mut outcomes: Vec<Outcome> = values
            .map(|(&log10_lr, &p)| Outcome { log10_lr, probability: [p * libm::pow(10.0, log10_lr), p] })
            .collect();
        let sum = |hypothesis: Hypothesis| outcomes.iter().map(|outcome| outcome.under(hypothesis)).sum::<f64>();
        let (expected_ratio, listed) = (sum(Hypothesis::H1), sum(Hypothesis::H2));
        if expected_ratio > 0.0 {
            outcomes.iter_mut().for_each(|outcome| outcome.probability[0] /= expected_ratio);
        }
        // A smaller difference is rounding of the sum.
        let unlisted = if listed < 1.0 - 1e-12 { 1.0 - listed } else { 0.0 };
        Self { outcomes, expected_ratio, unlisted }
    }

    /// Returns the outcomes under the condition that the child shows a listed genotype.
    #[must_use]
    pub fn given_listed(mut self) -> Self {
        let listed = 1.0 - self.unlisted;
        if self.unlisted > 0.0 && listed > 0.0 {
            self.outcomes.iter_mut().for_each(|outcome| outcome.probability[1] /= listed);
            self.expected_ratio /= listed;
            self.unlisted = 0.0;
        }
        self
    }

    /// Returns the mixture of several outcomes: `parts` with their probabilities, which must add up to 1.
    #[must_use]
    pub fn mixture(parts: impl IntoIterator<Item = (f64, Self)>) -> Self {
        let mut mixed = Self { outcomes: Vec::new(), expected_ratio: 0.0, unlisted: 0.0 };
        for (share, part) in parts {
            mixed.expected_ratio += share * part.expected_ratio;
            mixed.unlisted += share * part.unlisted;
            let scaled = |outcome: Outcome| Outcome { probability: outcome.probability.map(|p| share * p), ..outcome };
            mixed.outcomes.extend(part.outcomes.into_iter().map(scaled));
        }
        mixed
    }

    /// Returns E(LR | H2) over the listed genotypes. It is 1 if H1 and H2 differ only in the child and all genotypes
    /// are listed.
    #[must_use]
    pub fn expected_ratio(&self) -> f64 {
        self.expected_ratio
    }

    /// Returns the exact mean of log10 LR over the listed genotypes; negative infinity if a possible genotype has that
    /// log10 LR.
    #[must_use]
    pub fn mean(&self, hypothesis: Hypothesis) -> f64 {
        let possible = self.outcomes.iter().filter(|outcome| outcome.under(hypothesis) > 0.0);
        let listed = if hypothesis == Hypothesis::H2 { 1.0 - self.unlisted } else { 1.0 };
        possible.map(|outcome| outcome.under(hypothesis) * outcome.log10_lr).sum::<f64>() / listed
    }

    /// Returns the variance of log10 LR over the listed genotypes; infinite if the mean is.
    #[must_use]
    pub fn variance(&self, hypothesis: Hypothesis) -> f64 {
        let mean = self.mean(hypothesis);
        if mean == f64::NEG_INFINITY {
            return f64::INFINITY;
        }
        let possible = self.outcomes.iter().filter(|outcome| outcome.under(hypothesis) > 0.0);
        let listed = if hypothesis == Hypothesis::H2 { 1.0 - self.unlisted } else { 1.0 };
        let square = |outcome: &Outcome| (outcome.log10_lr - mean) * (outcome.log10_lr - mean);
        possible.map(|outcome| outcome.under(hypothesis) * square(outcome)).sum::<f64>() / listed
    }

    /// Reports whether the child's genotype can change the LR at this locus, or may do so if it is unlisted.
    fn tells_apart(&self) -> bool {
        self.unlisted > 0.0 || self.outcomes.iter().any(|outcome| outcome.log10_lr != 0.0)
    }

    /// Returns the finite values in steps, rounded down and rising, with equal values merged.
    fn rounded(&self, hypothesis: Hypothesis, step: f64) -> Vec<(i64, f64)> {
        let possible = self.outcomes.iter().filter(|o| o.log10_lr.is_finite() && o.under(hypothesis) > 0.0);
        let mut rounded: Vec<(i64, f64)> =
            possible.map(|o| ((o.log10_lr / step).floor() as i64, o.under(hypothesis))).collect();
        let steps = || rounded.iter().map(|one| one.0);
        let (Some(low), Some(high)) = (steps().min(), steps().max()) else { return rounded };
        // Many values share few steps: sorting them would take longer.
        if let Some(span @ ..MOST_STEPS) = high.checked_sub(low) {
            let mut sums = vec![0.0; span as usize + 1];
            rounded.iter().for_each(|&(step, probability)| sums[(step - low) as usize] += probability);
            let merged = (low..).zip(sums);
            return merged.filter(|&(_, probability)| probability > 0.0).collect();
        }
        rounded.sort_by_key(|one| one.0);
        rounded.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0.0 };
            same
        });
        rounded
    }
}

impl Outcome {
    fn under(&self, hypothesis: Hypothesis) -> f64 {
        self.probability[hypothesis as usize]
    }
}

/// The step width and the lower end of a computed distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Width of a step in log10 LR, above 0.
    pub step: f64,
    /// The least log10 LR of interest; the part that is certain to stay below it is not computed.
    pub from: f64,
}

impl Default for Grid {
    /// Returns a grid with steps of 0.001, from -20.
    fn default() -> Self {
        Self { step: 1e-3, from: -20.0 }
    }
}

/// The distribution of log10 LR in a child who is typed at all of the given loci.
///
/// The bounds hold for the sum in exact arithmetic and for any order of summation in `f64`: they allow for an error of
/// 1e-9 in log10 LR. They also allow for the rounding of the probabilities, each of which is a sum of products of
/// non-negative numbers: a relative error of 2^-52 for each operation that a probability passes through, and an
/// absolute error of the least positive normal number for underflow.
///
/// Example: how often the missing child, and an unrelated child, would reach log10 LR 0.2 (LR 1.6) with a father 14/15
/// typed at one locus.
///
/// ```
/// use reunite::kinship::{Calculator, Evidence, Grid, Hypothesis, LocusOutcomes, LrDistribution};
/// use reunite::model::Relation;
/// use reunite::population::{Convention, FrequencyTable, Model, Mutation};
///
/// let table = FrequencyTable::from_counts(&[("vWA", &[(140, 0.25), (150, 0.25), (160, 0.5)])])?;
/// let model = Model { mutation: Mutation::None, ..Model::default() };
/// let calculator = Calculator::new(&table, model)?;
/// let father = Evidence::new([(Relation::Father, Some("14/15".parse()?))], Convention::Pruned);
///
/// let values = calculator.table(0, &calculator.structure(&father)?, &father)?;
/// let outcomes = LocusOutcomes::new(&values, &calculator.unrelated(0, &father)?);
/// let reached = |hypothesis| LrDistribution::new([&outcomes], hypothesis, Grid::default()).tail(0.2);
///
/// // Probabilities, between bounds. Who has 14 and 15 alone reaches it: half of the father's children, and a quarter of others.
/// let (missing, unrelated) = (reached(Hypothesis::H1), reached(Hypothesis::H2));
/// assert!(missing.lower > 0.499 && missing.upper < 0.501);
/// assert!(unrelated.lower > 0.249 && unrelated.upper < 0.251);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LrDistribution {
    grid: Grid,
    /// The largest number of steps by which a rounded sum may be too small.
    loci: f64,
    /// The value of the first cell, in steps.
    least: i64,
    /// P(the rounded sum is at least the value of the cell).
    from_top: Vec<f64>,
    relative_error: f64,
    /// P(an unlisted genotype at some locus).
    unlisted: f64,
    impossible: f64,
    mean: f64,
    variance: f64,
}

/// Allowance for the rounding of sums of log10 LR in `f64`.
const SLACK: f64 = 1e-9;

impl LrDistribution {
    /// The finest step that [`Self::tail_within`] uses.
    pub const FINEST: f64 = 1e-5;

    /// Computes the distribution over these loci; without any locus, log10 LR is 0.
    ///
    /// # Panics
    /// If the step is not above 0, or `from` is not finite.
    #[must_use]
    pub fn new<'a>(loci: impl IntoIterator<Item = &'a LocusOutcomes>, hypothesis: Hypothesis, grid: Grid) -> Self {
        let Grid { step, from } = grid;
        assert!(step > 0.0 && from.is_finite(), "a grid of step {step} from {from}");
        let loci: Vec<&LocusOutcomes> = loci.into_iter().filter(|locus| locus.tells_apart()).collect();
        let rounded: Vec<Vec<(i64, f64)>> = loci.iter().map(|locus| locus.rounded(hypothesis, step)).collect();
        let least = ((from - SLACK) / step).floor() as i64 - loci.len() as i64 - 1;
        let (least, mut from_top) = convolve(&rounded, least);
        let mut sum = 0.0;
        for cell in from_top.iter_mut().rev() {
            sum += *cell;
            *cell = sum;
        }
        let terms: usize = loci.iter().map(|locus| locus.outcomes.len() + 2).sum();
        let infinite = |outcome: &&Outcome| outcome.log10_lr == f64::NEG_INFINITY;
        let never = |locus: &LocusOutcomes| {
            locus.outcomes.iter().filter(infinite).map(|outcome| outcome.under(hypothesis)).sum::<f64>()
        };
        Self {
            grid,
            loci: loci.len() as f64,
            least,
            relative_error: (2 * terms + from_top.len()) as f64 * f64::EPSILON,
            from_top,
            unlisted: if hypothesis == Hypothesis::H1 {
                0.0
            } else {
                at_least_one(loci.iter().map(|locus| locus.unlisted))
            },
            impossible: at_least_one(loci.iter().map(|locus| never(locus))),
            mean: loci.iter().map(|locus| locus.mean(hypothesis)).sum(),
            variance: loci.iter().map(|locus| locus.variance(hypothesis)).sum(),
        }
    }

    /// Computes P(log10 LR >= t) on a grid that is as fine as necessary: the upper bound exceeds the lower one by at
    /// most `gap` (relative), if a step of [`Self::FINEST`] is sufficient for that.
    ///
    /// # Panics
    /// If `t` is not finite.
    #[must_use]
    pub fn tail_within<'a>(
        loci: impl IntoIterator<Item = &'a LocusOutcomes>,
        hypothesis: Hypothesis,
        t: f64,
        gap: f64,
    ) -> Bounds {
        let loci: Vec<&LocusOutcomes> = loci.into_iter().collect();
        let mut grid = Grid { from: t, ..Grid::default() };
        loop {
            let bounds = Self::new(loci.iter().copied(), hypothesis, grid).tail(t);
            let found = bounds.relative_gap();
            if found <= gap || grid.step <= Self::FINEST {
                return bounds;
            }
            // The gap shrinks with the step. The step shrinks at least by half, so the loop ends soon.
            grid.step = (grid.step * (0.8 * gap / found).clamp(0.1, 0.5)).max(Self::FINEST);
        }
    }

    /// Returns P(log10 LR >= t).
    ///
    /// If `t` is below the grid's `from`, the upper bound is 1.
    #[must_use]
    pub fn tail(&self, t: f64) -> Bounds {
        let steps = t.max(self.grid.from) / self.grid.step;
        let slack = SLACK / self.grid.step;
        let lower = self.rounded_tail((steps + slack).ceil() as i64);
        let upper = self.rounded_tail((steps - slack - self.loci).ceil() as i64);
        Bounds {
            lower: self.less(lower.unwrap_or(0.0)),
            upper: if t < self.grid.from { 1.0 } else { self.more(upper) },
        }
    }

    /// Returns the least log10 LR that at least a share `q` of the children does not exceed, with `q` from 0 to 1.
    ///
    /// A lower bound of negative infinity means that the quantile lies below the grid's `from`, or may itself be
    /// infinite.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Bounds {
        // The rounded quantile is the last cell before the first cell whose tail is at most `rest`. The true quantile
        // lies up to one step per locus above it.
        let value = |cell: usize| (self.least + cell as i64) as f64 * self.grid.step;
        let rest = 1.0 - q;
        let lower = match self.from_top.partition_point(|&p| self.less(p) > rest) {
            0 => f64::NEG_INFINITY,
            i => value(i - 1) - SLACK,
        };
        let upper = match self.from_top.partition_point(|&p| self.more(Some(p)) > rest) {
            _ if self.unlisted > rest => f64::INFINITY,
            0 => self.grid.from,
            i => value(i - 1) + self.loci * self.grid.step + SLACK,
        };
        Bounds { lower, upper }
    }

    /// Returns the exact mean of log10 LR, as a sum over the loci. Under H2, it is the mean over children with listed
    /// genotypes; negative infinity if they include impossible ones.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Returns the exact variance of log10 LR, over the same children as [`Self::mean`]; infinite if the mean is.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.variance
    }

    /// Returns P(log10 LR is negative infinity): the child cannot be the missing child.
    #[must_use]
    pub fn impossible(&self) -> f64 {
        self.impossible
    }

    /// Returns P(the child shows a genotype that the table does not list). All bounds allow for it.
    #[must_use]
    pub fn unlisted(&self) -> f64 {
        self.unlisted
    }

    /// Returns the tail probability from this value on, in steps; `None` above the last cell, where it is 0.
    fn rounded_tail(&self, steps: i64) -> Option<f64> {
        let cell = usize::try_from(steps.saturating_sub(self.least)).unwrap_or(0);
        self.from_top.get(cell).copied()
    }

    fn less(&self, probability: f64) -> f64 {
        (probability * (1.0 - self.relative_error) - f64::MIN_POSITIVE).max(0.0)
    }

    fn more(&self, probability: Option<f64>) -> f64 {
        let rounded = |p: f64| p * (1.0 + self.relative_error) + f64::MIN_POSITIVE;
        (probability.map_or(0.0, rounded) + self.unlisted).min(1.0)
    }
}

/// Computes P(at least one of several independent events), without loss of precision for rare events.
fn at_least_one(probabilities: impl Iterator<Item = f64>) -> f64 {
    -libm::expm1(probabilities.map(|p| libm::log1p(-p)).sum())
}

/// Steps between the values of a locus, below which the values are merged without sorting.
const MOST_STEPS: i64 = 1 << 16;

/// Computes the distribution of a sum of independent integers: returns the value of the first cell, and the cells.
/// Drops sums as soon as they are certain to stay below `least`.
fn convolve(loci: &[Vec<(i64, f64)>], least: i64) -> (i64, Vec<f64>) {
    let ends = |locus: &Vec<(i64, f64)>| Some((locus.first()?.0, locus.last()?.0));
    let Some(ends) = loci.iter().map(ends).collect::<Option<Vec<_>>>() else { return (least, Vec::new()) };
    let mut rest: i64 = ends.iter().map(|ends| ends.1).sum();
    let (mut base, mut cells) = (0, vec![1.0]);
    for (locus, (low, high)) in loci.iter().zip(ends) {
        rest -= high;
        let next_base = (base + low).max(least - rest);
        let Ok(size @ 1..) = usize::try_from(base + cells.len() as i64 + high - next_base) else {
            return (least, Vec::new());
        };
        let next = add_shifted(&cells, locus, next_base - base, size);
        (base, cells) = (next_base, next);
    }
    // Without a locus, the only sum is 0.
    if base < least { (least, Vec::new()) } else { (base, cells) }
}

/// Number of cells whose sums stay in registers.
const TOGETHER: usize = 16;

/// Returns `size` cells, from cell `from` on, of the sum of these cells over all values of a locus, shifted by the value
/// and times its probability. Every cell is added up in the order of the values.
fn add_shifted(cells: &[f64], locus: &[(i64, f64)], from: i64, size: usize) -> Vec<f64> {
    // Zeros on both sides add nothing.
    let mut padded = vec![0.0; cells.len() + 2 * TOGETHER];
    padded[TOGETHER..TOGETHER + cells.len()].copy_from_slice(cells);
    let mut sums = vec![0.0; size.next_multiple_of(TOGETHER)];
    for (block, sums) in sums.chunks_exact_mut(TOGETHER).enumerate() {
        let mut together = [0.0; TOGETHER];
        // The values that shift some cell to this block.
        let end = from + ((block + 1) * TOGETHER) as i64;
        let first = locus.partition_point(|one| one.0 <= end - (TOGETHER + cells.len()) as i64);
        let past = locus.partition_point(|one| one.0 < end);
        for &(value, probability) in &locus[first..past] {
            if let Some(cells) = padded[(end - value) as usize..].first_chunk::<TOGETHER>() {
                together.iter_mut().zip(cells).for_each(|(sum, cell)| *sum += cell * probability);
            }
        }
        sums.copy_from_slice(&together);
    }
    sums.truncate(size);
    sums
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn blocks_of_cells_give_the_bits_of_cell_after_cell(
            cells in prop::collection::vec(0.0..1.0_f64, 1..70),
            values in prop::collection::btree_map(-60..60_i64, 0.0..1.0_f64, 0..30),
            from in -150..150_i64,
            size in 1..200_usize,
        ) {
            let locus: Vec<(i64, f64)> = values.into_iter().collect();
            let mut sums = BTreeMap::new();
            for &(value, probability) in &locus {
                for (cell, p) in (value..).zip(&cells) {
                    *sums.entry(cell).or_insert(0.0) += p * probability;
                }
            }
            let expected: Vec<u64> =
                (from..).take(size).map(|cell| sums.get(&cell).map_or(0, |sum: &f64| sum.to_bits())).collect();
            let ours: Vec<u64> = add_shifted(&cells, &locus, from, size).into_iter().map(f64::to_bits).collect();
            prop_assert_eq!(ours, expected);
        }
    }
}
