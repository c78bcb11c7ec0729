//! Computes the distribution of sums of log10 LR over the loci, by Fourier's transform: a convolution over the loci is
//! a product of transforms, so that many children with different loci cost little more than one.
//!
//! log10 LR lies on a grid; a value between two steps is divided between them so that its mean stays. The probabilities
//! are tilted, p(x) by 10^(x/2), so that rounding does not hide the tail. The grid is a circle of 32 units of log10 LR:
//! a value that lies further below counts 32 units above, at 10^-16 of its probability. Values more than 10 above the
//! bound are left out; they are rarer than the bound by the same factor.
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
        let listed: f64 = unrelated.iter().sum();
        let (mut cells, one_up) = (vec![0.0; CIRCLE], tilt(1.0));
        for (&log10_lr, p) in table.values().iter().zip(unrelated) {
            if log10_lr == f64::NEG_INFINITY {
                continue;
            }
            let below = (log10_lr * STEPS).floor();
            let above = log10_lr * STEPS - below;
            let (cell, tilted) = (around(below as i64), p / listed * tilt(below));
            cells[cell] += (1.0 - above) * tilted;
            cells[(cell + 1) % CIRCLE] += above * tilted * one_up;
        }
        let (mut re, mut im) = (vec![0.0; FREQUENCIES], vec![0.0; FREQUENCIES]);
        for (cell, &weight) in cells.iter().enumerate().filter(|cell| *cell.1 > 0.0) {
            let mut at = 0;
            for (re, im) in re.iter_mut().zip(&mut im) {
                let (cos, sin) = TURNS[at];
                *re += weight * cos;
                *im -= weight * sin;
                at = (at + cell) % CIRCLE;
            }
        }
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
        let mut values = vec![([0.0; BAND], [0.0; BAND]); sets.nodes.len() + 1];
        values[0] = ([1.0; BAND], [0.0; BAND]);
        for first in (0..FREQUENCIES).step_by(BAND) {
            for (number, node) in sets.nodes.iter().enumerate() {
                let mut value = values[node.typed];
                if let Some(locus) = &loci[node.locus] {
                    let (res, ims) = (&locus.re[first..first + BAND], &locus.im[first..first + BAND]);
                    for i in 0..BAND {
                        let (re, im) = (value.0[i], value.1[i]);
                        value.0[i] = re * res[i] - im * ims[i];
                        value.1[i] = re * ims[i] + im * res[i];
                    }
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
            let (res, ims) = &values[sets.start];
            re.extend(res.iter().map(|re| sets.children * re));
            im.extend(ims.iter().map(|im| sets.children * im));
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
