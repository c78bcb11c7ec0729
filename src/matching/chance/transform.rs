//! Computes the distribution of sums of log10 LR over the loci, by Fourier's transform: a convolution over the loci is
//! a product of transforms, so that many children with different loci cost little more than one.
//!
//! log10 LR lies on a grid; a value is divided between the three nearest steps so that its mean and its variance stay.
//! The probabilities are tilted, p(x) by 10^(x/2), so that rounding does not hide the tail. The grid is a circle of 32
//! units of log10 LR: a value that lies further below counts 32 units above, at 10^-16 of its probability. Values more
//! than 10 above the bound are left out; they are rarer than the bound by the same factor.
//!
//! The more loci, the smoother the distribution, and the smaller its transform at high frequencies. The sum therefore
//! takes the frequencies in turn, from the lowest on, until they add next to nothing. The remaining frequencies would
//! only distinguish values that hardly differ.

use std::f64::consts::PI;
use std::sync::{Arc, LazyLock};

use crate::kinship::LocusTable;

use super::typed_sets::TypedSets;

/// Number of steps of the circle; a power of 2.
const CIRCLE: usize = 1024;

/// Number of steps per unit of log10 LR.
const STEPS: f64 = 32.0;

/// Number of frequencies. The transform of a real sequence repeats itself in the other half; the one frequency between
/// the halves is left out.
const FREQUENCIES: usize = CIRCLE / 2;

/// Number of frequencies computed together, so that the diagram's values stay in the cache.
const BAND: usize = 16;

/// Number of bands that are always computed: they distinguish values half a unit of log10 LR apart.
const LEAST_BANDS: usize = 4;

/// The exponent of the tilt.
const TILT: f64 = 0.5;

/// Largest distance above the bound at which values are distinguished, in log10 LR.
const HEADROOM: f64 = 10.0;

/// cos and sin of every step around the circle.
static TURNS: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let turn = |step: usize| 2.0 * PI * step as f64 / CIRCLE as f64;
    (0..CIRCLE).map(|step| (libm::cos(turn(step)), libm::sin(turn(step)))).collect()
});

/// The values of log10 LR that a child can have at a locus, on the circle: its steps with their tilted probabilities.
pub(super) struct Cells(Vec<(usize, f64)>);

impl Cells {
    /// Puts the values with these probabilities on the circle. The probabilities are divided by their sum.
    pub(super) fn new(values: &[f64], probabilities: &[f64]) -> Self {
        let listed: f64 = probabilities.iter().sum();
        let mut cells = vec![0.0; CIRCLE];
        for (&log10_lr, p) in values.iter().zip(probabilities) {
            if log10_lr == f64::NEG_INFINITY {
                continue;
            }
            let nearest = (log10_lr * STEPS).round();
            let off = log10_lr * STEPS - nearest;
            let shares = [(off * off - off) / 2.0, 1.0 - off * off, (off * off + off) / 2.0];
            for (share, step) in shares.into_iter().zip([nearest - 1.0, nearest, nearest + 1.0]) {
                cells[around(step as i64)] += share * p / listed * tilt(step);
            }
        }
        Self(cells.into_iter().enumerate().filter(|cell| cell.1 != 0.0).collect())
    }

    /// Computes the transform at these many frequencies, from the frequency `first` on.
    fn transform(&self, first: usize, re: &mut [f64], im: &mut [f64]) {
        re.fill(0.0);
        im.fill(0.0);
        for &(cell, weight) in &self.0 {
            let mut at = first * cell % CIRCLE;
            for (re, im) in re.iter_mut().zip(im.iter_mut()) {
                let (cos, sin) = TURNS[at];
                *re += weight * cos;
                *im -= weight * sin;
                at = (at + cell) % CIRCLE;
            }
        }
    }
}

/// The transform of a locus: of log10 LR in an unrelated child that shows a listed genotype there.
#[derive(Clone)]
pub(in crate::matching) struct Transform {
    re: Vec<f64>,
    im: Vec<f64>,
}

impl Transform {
    /// Size of one transform in bytes.
    pub(in crate::matching) const BYTES: usize = 2 * FREQUENCIES * size_of::<f64>();

    /// Builds the transform from a table and the probabilities of its genotypes in an unrelated child.
    pub(in crate::matching) fn new(table: &LocusTable, unrelated: &[f64]) -> Self {
        let (mut re, mut im) = (vec![0.0; FREQUENCIES], vec![0.0; FREQUENCIES]);
        Cells::new(table.values(), unrelated).transform(0, &mut re, &mut im);
        Self { re, im }
    }
}

/// Returns a step's place on the circle.
fn around(step: i64) -> usize {
    step.rem_euclid(CIRCLE as i64) as usize
}

fn tilt(step: f64) -> f64 {
    libm::pow(10.0, TILT * step / STEPS)
}

/// The transform of the sum over the loci, one band of frequencies after another.
pub(super) trait Bands {
    /// Computes the frequencies from `first` on.
    fn band(&mut self, first: usize) -> ([f64; BAND], [f64; BAND]);
}

/// Children with several sets of typed loci, each counted once.
pub(super) struct OfSets<'a> {
    sets: &'a TypedSets,
    /// A transform for each locus that has one.
    loci: &'a [Option<Arc<Transform>>],
    /// One value per node of the diagram, and one for its end.
    values: Vec<([f64; BAND], [f64; BAND])>,
}

impl<'a> OfSets<'a> {
    pub(super) fn new(sets: &'a TypedSets, loci: &'a [Option<Arc<Transform>>]) -> Self {
        let mut values = vec![([0.0; BAND], [0.0; BAND]); sets.nodes.len() + 1];
        values[0] = ([1.0; BAND], [0.0; BAND]);
        Self { sets, loci, values }
    }
}

impl Bands for OfSets<'_> {
    fn band(&mut self, first: usize) -> ([f64; BAND], [f64; BAND]) {
        let values = &mut self.values;
        for (number, node) in self.sets.nodes.iter().enumerate() {
            let mut value = values[node.typed];
            if let Some(locus) = &self.loci[node.locus] {
                multiply(&mut value, &locus.re[first..first + BAND], &locus.im[first..first + BAND]);
            }
            if let Some((untyped, factor)) = node.untyped {
                let untyped = &values[untyped];
                for i in 0..BAND {
                    value.0[i] += factor * untyped.0[i];
                    value.1[i] += factor * untyped.1[i];
                }
            }
            values[number + 1] = value;
        }
        let (re, im) = &values[self.sets.start];
        (re.map(|re| self.sets.children * re), im.map(|im| self.sets.children * im))
    }
}

/// One child who is typed at all of these loci.
pub(super) struct OfOne<'a>(pub(super) &'a [Cells]);

impl Bands for OfOne<'_> {
    fn band(&mut self, first: usize) -> ([f64; BAND], [f64; BAND]) {
        let mut value = ([1.0; BAND], [0.0; BAND]);
        let (mut re, mut im) = ([0.0; BAND], [0.0; BAND]);
        for locus in self.0 {
            locus.transform(first, &mut re, &mut im);
            multiply(&mut value, &re, &im);
        }
        value
    }
}

/// Multiplies complex numbers by others.
fn multiply(value: &mut ([f64; BAND], [f64; BAND]), res: &[f64], ims: &[f64]) {
    for i in 0..BAND {
        let (re, im) = (value.0[i], value.1[i]);
        value.0[i] = re * res[i] - im * ims[i];
        value.1[i] = re * ims[i] + im * res[i];
    }
}

/// The part of the children to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Children who reach a log10 LR, with the probabilities of the transform.
    Reaching,
    /// Children who stay below it, if the children are the missing one: each probability times the LR.
    TrueBelow,
}

/// Computes the expected number of children in this part, by the inverse transform with the tilt removed.
///
/// The values lie on the grid, and those at a step stand for half a step on both sides of it. The result is therefore
/// interpolated between the two sums that begin half a step above and below; the logarithm of the number is about linear
/// there. A value is counted if it is within 16 of `log10_lr`; those further away are
/// rarer than the result by ten powers of ten and more.
pub(super) fn count(bands: &mut dyn Bands, log10_lr: f64, part: Part) -> f64 {
    let at = log10_lr * STEPS + 0.5;
    let below = at.floor();
    let steps = [below as i64, below as i64 + 1];
    let far = CIRCLE as i64 / 2;
    // 10 to the power of minus the tilt for a step upwards, or of plus the tilt.
    let (sign, end) = match part {
        Part::Reaching => (-1.0, steps[0] + far),
        Part::TrueBelow => (1.0, steps[0] - far),
    };
    let one = tilt(sign);
    let powers = steps.map(|step| tilt(sign * step as f64));
    let end_power = tilt(sign * end as f64);
    let (by_steps, by_end) = (steps.map(around), around(end));
    let mut sums = [0.0; 2];
    for first in (0..FREQUENCIES).step_by(BAND) {
        let (res, ims) = bands.band(first);
        let mut adds = 0.0;
        for i in 0..BAND {
            let k = first + i;
            let turn = TURNS[k];
            let (below_re, below_im) = (1.0 - one * turn.0, -one * turn.1);
            let size = below_re * below_re + below_im * below_im;
            let end_turn = TURNS[k * by_end % CIRCLE];
            let twice = if k == 0 { 1.0 } else { 2.0 };
            for (sum, (power, by_step)) in sums.iter_mut().zip(powers.iter().zip(by_steps)) {
                let step_turn = TURNS[k * by_step % CIRCLE];
                let (re, im) =
                    (power * step_turn.0 - end_power * end_turn.0, power * step_turn.1 - end_power * end_turn.1);
                let (g_re, g_im) = (res[i] * re - ims[i] * im, res[i] * im + ims[i] * re);
                *sum -= sign * twice * (g_re * below_re + g_im * below_im) / size;
            }
            adds += twice * res[i].abs().max(ims[i].abs()) * powers[0].max(powers[1]) / size.sqrt();
        }
        if first / BAND + 1 >= LEAST_BANDS && adds <= 1e-4 * sums[1].abs() {
            break;
        }
    }
    let [low, high] = sums.map(|sum| (sum / CIRCLE as f64).max(f64::MIN_POSITIVE));
    let share = at - below;
    libm::exp((1.0 - share) * libm::log(low) + share * libm::log(high))
}

/// Expected number of unrelated children that reach a log10 LR.
pub(super) struct Expected {
    /// Real parts by frequency, as far as they are needed.
    re: Vec<f64>,
    im: Vec<f64>,
    /// The first step of log10 LR that is left out.
    top: i64,
}

impl Expected {
    /// The largest share of the requested number that the last band may add at the bound.
    const LAST: f64 = 1e-3;

    /// Combines these children with a family's transform at each locus that has one. The result is usable where about
    /// `most` children are expected, at or below `bound`.
    pub(super) fn new(sets: &TypedSets, loci: &[Option<Arc<Transform>>], most: f64, bound: f64) -> Self {
        let (mut re, mut im) = (Vec::with_capacity(FREQUENCIES), Vec::with_capacity(FREQUENCIES));
        let mut bands = OfSets::new(sets, loci);
        for first in (0..FREQUENCIES).step_by(BAND) {
            let (res, ims) = bands.band(first);
            re.extend(res);
            im.extend(ims);
            let adds: f64 = (first..first + BAND).map(|k| re[k].abs().max(im[k].abs()) * weight(k)).sum();
            if first / BAND + 1 >= LEAST_BANDS && adds * tilt(-bound * STEPS) <= Self::LAST * most {
                break;
            }
        }
        Self { re, im, top: ((bound + HEADROOM) * STEPS).ceil() as i64 }
    }

    /// Returns the expected number of children that reach this log10 LR, rounded up to the next step of the grid.
    ///
    /// Computes the inverse transform, with the tilt removed, added up from the step to the top: with r_k = 10^(-1/2
    /// step) e^(2 pi i k / n), and G the transform, the sum over k of G_k (r_k^step - r_k^top) / (1 - r_k), divided by
    /// n.
    pub(super) fn at(&self, log10_lr: f64) -> f64 {
        let step = (log10_lr * STEPS).ceil() as i64;
        let (down, down_step, down_top) = (tilt(-1.0), tilt(-step as f64), tilt(-self.top as f64));
        let (by_step, by_top) = (around(step), around(self.top));
        let (mut at_step, mut at_top) = (0, 0);
        let mut sum = 0.0;
        for k in 0..self.re.len() {
            let (step, top, one) = (TURNS[at_step], TURNS[at_top], TURNS[k]);
            let (re, im) = (down_step * step.0 - down_top * top.0, down_step * step.1 - down_top * top.1);
            let (below_re, below_im) = (1.0 - down * one.0, -down * one.1);
            // Re(G (re + i im) / (below_re + i below_im)).
            let (g_re, g_im) = (self.re[k] * re - self.im[k] * im, self.re[k] * im + self.im[k] * re);
            let term = (g_re * below_re + g_im * below_im) / (below_re * below_re + below_im * below_im);
            sum += if k == 0 { term } else { 2.0 * term };
            at_step = (at_step + by_step) % CIRCLE;
            at_top = (at_top + by_top) % CIRCLE;
        }
        sum / CIRCLE as f64
    }
}

/// Returns the most that a frequency adds to a tail before the tilt is removed, for 1 of its transform: 2 / (n |1 -
/// r_k|).
fn weight(k: usize) -> f64 {
    let ((cos, sin), down) = (TURNS[k], tilt(-1.0));
    let (re, im) = (1.0 - down * cos, down * sin);
    2.0 / (CIRCLE as f64 * (re * re + im * im).sqrt())
}

/// Finds the least log10 LR on the grid, from `low` (or the step below it) up to `high`, for which `holds` is true,
/// given that it is then true for all above it; `high` if it is true for none below it.
pub(super) fn least_step(low: f64, high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high_step) = ((low * STEPS).floor() as i64, (high * STEPS).ceil() as i64);
    while low < high_step {
        let middle = low + (high_step - low) / 2;
        if holds(middle as f64 / STEPS) { high_step = middle } else { low = middle + 1 }
    }
    f64::min(low as f64 / STEPS, high)
}
