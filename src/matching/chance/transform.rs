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

use std::borrow::Cow;
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

/// The values of log10 LR that a child can have at a locus, on the circle: the steps with their tilted probabilities, each
/// turned to the next frequency.
pub(super) struct Cells {
    /// The probability times e^(-2 pi i k c / n), for the frequency k and the step c; then the turn to the next k.
    re: Vec<f64>,
    im: Vec<f64>,
    cos: Vec<f64>,
    sin: Vec<f64>,
}

impl Cells {
    /// Puts the values with these probabilities on the circle. The probabilities are divided by their sum.
    pub(super) fn new(values: &[f64], probabilities: &[f64]) -> Self {
        Self::divided(values, probabilities, probabilities.iter().sum())
    }

    /// As [`Self::new`], with the probabilities divided by `sum`.
    pub(super) fn divided(values: &[f64], probabilities: &[f64], sum: f64) -> Self {
        let mut cells = vec![0.0; CIRCLE];
        for (&log10_lr, p) in values.iter().zip(probabilities) {
            if log10_lr == f64::NEG_INFINITY {
                continue;
            }
            let nearest = (log10_lr * STEPS).round();
            let off = log10_lr * STEPS - nearest;
            let shares = [(off * off - off) / 2.0, 1.0 - off * off, (off * off + off) / 2.0];
            for (share, step) in shares.into_iter().zip([nearest - 1.0, nearest, nearest + 1.0]) {
                cells[around(step as i64)] += share * p / sum * known_tilt(step as i64);
            }
        }
        let some: Vec<(usize, f64)> = cells.into_iter().enumerate().filter(|cell| cell.1 != 0.0).collect();
        Self {
            re: some.iter().map(|cell| cell.1).collect(),
            im: vec![0.0; some.len()],
            cos: some.iter().map(|cell| TURNS[cell.0].0).collect(),
            sin: some.iter().map(|cell| -TURNS[cell.0].1).collect(),
        }
    }

    /// Computes the transform at the next frequencies.
    fn next(&mut self, re: &mut [f64], im: &mut [f64]) {
        for (sum_re, sum_im) in re.iter_mut().zip(im) {
            (*sum_re, *sum_im) = (total(&self.re), total(&self.im));
            let turns = self.cos.iter().zip(&self.sin);
            for ((re, im), (cos, sin)) in self.re.iter_mut().zip(&mut self.im).zip(turns) {
                (*re, *im) = (*re * cos - *im * sin, *re * sin + *im * cos);
            }
        }
    }
}

/// Adds up values, several sums side by side, so that the additions need not wait for each other.
fn total(values: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += value);
    }
    sums.iter().sum::<f64>() + rest.iter().sum::<f64>()
}

/// Number of sums side by side.
const LANES: usize = 8;

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
        Cells::new(table.values(), unrelated).next(&mut re, &mut im);
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

/// [`tilt`] of every step around the middle of the scale, from `-TILTS_FROM` on.
static TILTS: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..2 * TILTS_FROM).map(|at| tilt((at - TILTS_FROM) as f64)).collect());

const TILTS_FROM: i64 = 1024;

/// Returns [`tilt`], from memory if possible.
fn known_tilt(step: i64) -> f64 {
    let at = usize::try_from(step + TILTS_FROM).ok().and_then(|at| TILTS.get(at));
    at.copied().unwrap_or_else(|| tilt(step as f64))
}

/// One band of frequencies of a transform: real and imaginary parts.
type Band = ([f64; BAND], [f64; BAND]);

/// The transform of the sum over the loci, of children with one or several sets of typed loci. The frequencies are
/// computed when they are first needed.
pub(super) struct Sum<'a> {
    sets: Cow<'a, TypedSets>,
    /// The values at each locus; `None` if every child has LR 1 there.
    loci: Vec<Option<Cells>>,
    /// Per locus, the factor of its probabilities for [`Part::TrueBelow`].
    true_factors: Vec<f64>,
    /// Per band, the transforms of the loci.
    of_loci: Vec<Vec<Option<Band>>>,
    /// By [`Part`], the bands of the sum.
    bands: [Vec<Band>; 2],
    /// Working memory.
    values: Vec<Band>,
}

impl<'a> Sum<'a> {
    /// Prepares the sum over the loci. `true_factors` are, per locus, the factors of the probabilities for
    /// [`Part::TrueBelow`]; without them the probabilities are taken as they are.
    pub(super) fn new(sets: Cow<'a, TypedSets>, loci: Vec<Option<Cells>>, true_factors: Option<Vec<f64>>) -> Self {
        let true_factors = true_factors.unwrap_or_else(|| vec![1.0; loci.len()]);
        Self { sets, loci, true_factors, of_loci: Vec::new(), bands: Default::default(), values: Vec::new() }
    }

    /// Returns an upper bound on the number of children that reach a log10 LR: `P(x >= t) <= E(10^(x/2)) / 10^(t/2)`.
    pub(super) fn bound(&mut self, log10_lr: f64) -> f64 {
        self.band(Part::Reaching, 0).0[0] * tilt(-log10_lr * STEPS)
    }

    fn band(&mut self, part: Part, number: usize) -> &Band {
        while self.of_loci.len() <= number {
            let transform = |cells: &mut Cells| {
                let mut band = ([0.0; BAND], [0.0; BAND]);
                cells.next(&mut band.0, &mut band.1);
                band
            };
            self.of_loci.push(self.loci.iter_mut().map(|cells| cells.as_mut().map(transform)).collect());
        }
        while self.bands[part as usize].len() <= number {
            let mut loci = self.of_loci[self.bands[part as usize].len()].clone();
            if part == Part::TrueBelow {
                for (band, factor) in loci.iter_mut().zip(&self.true_factors) {
                    band.iter_mut().flat_map(|(re, im)| re.iter_mut().chain(im)).for_each(|value| *value *= factor);
                }
            }
            let of_locus = |locus: usize| loci[locus].as_ref().map(|band| (&band.0, &band.1));
            self.bands[part as usize].push(over_sets(&self.sets, of_locus, &mut self.values));
        }
        &self.bands[part as usize][number]
    }
}

/// Adds up the children of all sets, each the product over the loci at which it is typed. `values` is working memory.
fn over_sets<'l>(
    sets: &TypedSets,
    of_locus: impl Fn(usize) -> Option<(&'l [f64; BAND], &'l [f64; BAND])>,
    values: &mut Vec<Band>,
) -> Band {
    values.clear();
    values.reserve(sets.nodes.len() + 1);
    values.push(([1.0; BAND], [0.0; BAND]));
    for node in &sets.nodes {
        let mut value = values[node.typed];
        if let Some((res, ims)) = of_locus(node.locus) {
            multiply(&mut value, res, ims);
        }
        if let Some((untyped, factor)) = node.untyped {
            let untyped = values[untyped];
            for i in 0..BAND {
                value.0[i] += factor * untyped.0[i];
                value.1[i] += factor * untyped.1[i];
            }
        }
        values.push(value);
    }
    let (re, im) = &values[sets.start];
    (re.map(|re| sets.children * re), im.map(|im| sets.children * im))
}

/// Multiplies complex numbers by others.
fn multiply(value: &mut Band, res: &[f64; BAND], ims: &[f64; BAND]) {
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
/// there. A value is counted if it is within 16 of `log10_lr`; those further away are rarer than the result by ten powers
/// of ten and more.
pub(super) fn count(sum: &mut Sum<'_>, log10_lr: f64, part: Part) -> f64 {
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
        let (res, ims) = sum.band(part, first / BAND);
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
        let mut values = Vec::new();
        for first in (0..FREQUENCIES).step_by(BAND) {
            let of_locus = |locus: usize| {
                let (re, im) = loci[locus].as_ref().map(|locus| (&locus.re[first..], &locus.im[first..]))?;
                re.first_chunk().zip(im.first_chunk())
            };
            let (res, ims) = over_sets(sets, of_locus, &mut values);
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
