//! Tippett curves: which share of simulated pairs reaches a likelihood ratio, for each truth.

use super::plot::{DOTS, FONT, Frame, PlotWords, STYLES, Style, legend, marker};
use super::svg::{self, Anchor, Canvas, INK, MOST_WIDTH, value_text};

/// The shares of one truth.
#[derive(Clone, Debug)]
pub struct TippettCurve {
    /// The name of the truth.
    pub label: String,
    /// log10 LR, rising, each with the share of pairs at or above it.
    pub points: Vec<(f64, f64)>,
}

/// The words of Tippett curves.
#[derive(Clone, Copy, Debug)]
pub struct TippettWords<'a> {
    /// Title, description and axes.
    pub plot: PlotWords<'a>,
    /// The name of the threshold.
    pub threshold: &'a str,
}

const HIGH: f64 = 180.0;
/// Of as many points one is marked; each curve begins at another one, so that curves that coincide show both markers.
const EVERY: usize = 3;

/// Draws Tippett curves as one `<svg>` element whose ids begin with `prefix`. The first two curves, those of the missing
/// child and of unrelated children, are stronger than the others.
#[must_use]
pub fn tippett(curves: &[TippettCurve], threshold: f64, words: &TippettWords<'_>, prefix: &str) -> String {
    let mut canvas = Canvas::new(prefix);
    let style = |at: usize| STYLES[if at < STYLES.len() { at } else { 2 + (at - 2) % (STYLES.len() - 2) }];
    // The threshold has its name at its line.
    let entries: Vec<(&str, Style)> =
        curves.iter().enumerate().map(|(at, curve)| (curve.label.as_str(), style(at))).collect();
    let top = legend(&mut canvas, &entries) + 34.0;
    let frame = Frame::new(range(curves, threshold), (0.0, 1.0), top, HIGH);
    frame.grid(&mut canvas, &words.plot, &frame.x.ticks(10.0), &frame.y.ticks(5.0));
    // The strong lines lie over the others.
    for (at, curve) in curves.iter().enumerate().rev() {
        let inside = points(curve).into_iter().filter(|point| frame.x.holds(point.0)).collect::<Vec<_>>();
        canvas.tag("g").open();
        canvas.hint(&curve.label);
        frame.curve(&mut canvas, &inside, &style(at));
        for point in marked(&inside, at) {
            marker(&mut canvas, frame.at(point), &style(at));
        }
        canvas.close("g");
    }
    frame.axes(&mut canvas);
    if !threshold.is_nan() {
        let x = frame.x.at(threshold);
        canvas.dashed((x, top - 4.0), (x, frame.bottom), INK, 2.0, DOTS);
        let label = format!("{} {}", svg::shortened(words.threshold, 300.0, FONT), value_text(threshold, 2));
        let label = svg::shortened(&label, MOST_WIDTH - 20.0, FONT);
        let half = svg::text_width(&label, FONT) / 2.0;
        let middle = x.clamp(half + 4.0, MOST_WIDTH - half - 4.0);
        canvas.text((middle, top - 9.0), FONT, Anchor::Middle, &label);
    }
    canvas.finish(MOST_WIDTH, frame.end(), words.plot.title, words.plot.description)
}

/// The points of a curve that are numbers.
fn points(curve: &TippettCurve) -> Vec<(f64, f64)> {
    curve.points.iter().copied().filter(|point| point.0.is_finite() && point.1.is_finite()).collect()
}

/// The range in which any curve moves, and the threshold.
fn range(curves: &[TippettCurve], threshold: f64) -> (f64, f64) {
    let (mut low, mut high) = (f64::MAX, f64::MIN);
    for curve in curves {
        let points = points(curve);
        if points.first().is_none_or(|point| point.1 < 0.001) {
            continue;
        }
        // The last value that all pairs reach, and the first that none does, if there are such values.
        let before = points.iter().rfind(|point| point.1 > 0.999).or_else(|| points.first());
        let after = points.iter().find(|point| point.1 < 0.001).or_else(|| points.last());
        for value in before.into_iter().chain(after).map(|point| point.0) {
            (low, high) = (low.min(value), high.max(value));
        }
    }
    if threshold.is_finite() {
        (low, high) = (low.min(threshold), high.max(threshold));
    }
    if low > high { (-1.0, 1.0) } else { (low - 0.5, high + 0.5) }
}

/// The points that get a marker: some of those where the curve falls, at least one
/// unless no pair reaches the plot.
fn marked(points: &[(f64, f64)], curve: usize) -> Vec<(f64, f64)> {
    let falls = |point: &(f64, f64)| (0.01..0.99).contains(&point.1);
    let some: Vec<(f64, f64)> = (points.iter().enumerate())
        .filter(|(at, point)| (at + curve).is_multiple_of(EVERY) && falls(point))
        .map(|one| *one.1)
        .collect();
    if !some.is_empty() {
        return some;
    }
    // A curve at 0 everywhere lies below the plot.
    let from_half = |point: &(f64, f64)| (point.1 - 0.5).abs();
    let is_there = points.iter().any(|point| point.1 > 0.001);
    points
        .iter()
        .copied()
        .filter(|_| is_there)
        .min_by(|a, b| from_half(a).total_cmp(&from_half(b)))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::drawings::svg::check::{Dice, assert_well_formed};

    const WORDS: TippettWords<'_> = TippettWords {
        plot: PlotWords { title: "t <1>", description: "d & d", x_axis: "log10 LR", y_axis: "share" },
        threshold: "threshold",
    };

    /// A curve that falls from 1 to 0 over four units around a value.
    fn curve(middle: f64) -> TippettCurve {
        let share = |x: f64| (0.5 - (x - middle) / 4.0).clamp(0.0, 1.0);
        TippettCurve {
            label: format!("<{middle}>"),
            points: (-10..=30).map(f64::from).map(|x| (x, share(x))).collect(),
        }
    }

    #[test]
    fn any_values_give_a_sound_drawing() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, 1.0, -3.0, 1e300, -1e300, 0.5];
        let mut dice = Dice::new(5);
        for number in 0..14 {
            let point = |dice: &mut Dice| (odd[dice.below(odd.len())], odd[dice.below(odd.len())]);
            let mut curves: Vec<TippettCurve> = (0..number).map(|at| curve(at as f64)).collect();
            for one in &mut curves {
                one.points = (0..dice.below(9)).map(|_| point(&mut dice)).collect();
            }
            let threshold = odd[dice.below(odd.len())];
            let drawing = tippett(&curves, threshold, &WORDS, "t");
            assert_well_formed(&drawing);
            assert_eq!(drawing, tippett(&curves, threshold, &WORDS, "t"));
            assert_eq!(drawing.matches("<g>").count(), number);
        }
    }

    #[test]
    fn the_plot_shows_where_curves_fall_and_the_threshold() {
        assert_eq!(range(&[curve(0.0), curve(12.0)], 4.0), (-2.5, 14.5));
        assert_eq!(range(&[curve(0.0)], 20.0), (-2.5, 20.5));
        assert_eq!(range(&[], f64::NAN), (-1.0, 1.0));
    }

    #[test]
    fn every_curve_with_points_has_a_marker_and_neighbours_have_theirs_elsewhere() {
        let (one, other) = (marked(&curve(3.0).points, 2), marked(&curve(3.0).points, 3));
        assert!(!one.is_empty() && !other.is_empty() && one.iter().all(|point| !other.contains(point)));
        let sudden = TippettCurve { label: String::new(), points: vec![(0.0, 1.0), (1.0, 0.0)] };
        assert_eq!(marked(&sudden.points, 4).len(), 1);
        assert!(marked(&[(0.0, 0.0), (1.0, 0.0)], 4).is_empty());
    }

    #[test]
    fn a_curve_that_falls_is_drawn_falling() {
        let frame = Frame::new((-10.0, 30.0), (0.0, 1.0), 0.0, HIGH);
        let drawn: Vec<(f64, f64)> = curve(2.0).points.iter().map(|point| frame.at(*point)).collect();
        assert!(drawn.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1));
    }
}
