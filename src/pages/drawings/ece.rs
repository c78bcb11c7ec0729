//! Empirical cross-entropy: the uncertainty that remains after the comparison, for each prior.

use super::plot::{DASHES, Frame, Marker, PlotWords, Style, legend, marker};
use super::svg::{BLUE, Canvas, MOST_WIDTH, VERMILION};

/// The cross-entropy at one prior.
#[derive(Clone, Copy, Debug)]
pub struct EcePoint {
    /// The decimal logarithm of the prior odds.
    pub log10_prior_odds: f64,
    /// The cross-entropy with the likelihood ratios, in bits.
    pub with: f64,
    /// The cross-entropy without them.
    pub without: f64,
}

/// The words of the cross-entropy.
#[derive(Clone, Copy, Debug)]
pub struct EceWords<'a> {
    /// Title, description and axes.
    pub plot: PlotWords<'a>,
    /// The legend of the curve with the likelihood ratios.
    pub with: &'a str,
    /// The legend of the curve without them.
    pub without: &'a str,
}

const HIGH: f64 = 110.0;
const WITH: Style = Style::new(BLUE, "", 2.0, Marker::Dot);
const WITHOUT: Style = Style::new(VERMILION, DASHES, 2.0, Marker::Bare);

/// Draws the cross-entropy as one `<svg>` element whose ids begin with `prefix`.
#[must_use]
pub fn ece(points: &[EcePoint], words: &EceWords<'_>, prefix: &str) -> String {
    let mut canvas = Canvas::new(prefix);
    let top = legend(&mut canvas, &[(words.with, WITH), (words.without, WITHOUT)]) + 20.0;
    let of = |value: fn(&EcePoint) -> f64| -> Vec<(f64, f64)> {
        let all = points.iter().map(|point| (point.log10_prior_odds, value(point)));
        all.filter(|point| point.0.is_finite() && !point.1.is_nan()).collect()
    };
    let (with, without) = (of(|point| point.with), of(|point| point.without));
    let (x, y) = ranges(&with, &without);
    let frame = Frame::new(x, y, top, HIGH);
    frame.grid(&mut canvas, &words.plot, &frame.x.ticks(8.0), &frame.y.ticks(5.0));
    frame.curve(&mut canvas, &without, &WITHOUT);
    frame.axes(&mut canvas);
    frame.curve(&mut canvas, &with, &WITH);
    for point in &with {
        marker(&mut canvas, frame.at(*point), &WITH);
    }
    canvas.finish(MOST_WIDTH, frame.end(), words.plot.title, words.plot.description)
}

/// The ranges of the axes. The vertical one begins at 0; what is far above the curve without the likelihood ratios is cut.
fn ranges(with: &[(f64, f64)], without: &[(f64, f64)]) -> ((f64, f64), (f64, f64)) {
    let (mut low, mut high, mut most) = (f64::MAX, f64::MIN, 1.0_f64);
    for point in with.iter().chain(without) {
        (low, high) = (low.min(point.0), high.max(point.0));
        most = most.max(point.1.min(4.0));
    }
    let x = if low < high { (low, high) } else { (-1.0, 1.0) };
    (x, (0.0, most * 1.04))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::drawings::svg::check::{Dice, assert_well_formed};

    const WORDS: EceWords<'_> = EceWords {
        plot: PlotWords { title: "t", description: "d", x_axis: "log10 prior odds", y_axis: "bits" },
        with: "with <LR>",
        without: "without",
    };

    #[test]
    fn any_values_give_a_sound_drawing() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 0.5, 1e300];
        let mut dice = Dice::new(3);
        for number in 0..20 {
            let mut value = || odd[dice.below(odd.len())];
            let points: Vec<EcePoint> =
                (0..number).map(|_| EcePoint { log10_prior_odds: value(), with: value(), without: value() }).collect();
            let drawing = ece(&points, &WORDS, "e");
            assert_well_formed(&drawing);
            assert_eq!(drawing, ece(&points, &WORDS, "e"));
        }
    }

    #[test]
    fn the_vertical_axis_begins_at_nought_and_holds_one_bit() {
        assert_eq!(ranges(&[(-3.0, 0.001)], &[(3.0, 1.0)]), ((-3.0, 3.0), (0.0, 1.04)));
        // A misleading system has more than one bit; one that fails altogether is cut.
        assert_eq!(ranges(&[(-3.0, 2.0)], &[(3.0, 1.0)]).1, (0.0, 2.08));
        assert_eq!(ranges(&[(-3.0, f64::INFINITY)], &[(3.0, 1.0)]).1, (0.0, 4.16));
    }

    #[test]
    fn a_useful_ratio_is_drawn_below_none() {
        let points = [-1.0, 0.0, 1.0].map(|odds| EcePoint { log10_prior_odds: odds, with: 0.2, without: 0.8 });
        let drawing = ece(&points, &WORDS, "e");
        let path = |dashed: bool| {
            let found = drawing.split("<path").skip(1).filter(|one| one.contains("fill=\"none\""));
            let mut found = found.filter(|one| one.contains("stroke-dasharray") == dashed);
            found.next().unwrap().split('"').nth(1).unwrap().to_owned()
        };
        let first = |path: String| path[1..].split(['L', ' ']).nth(1).unwrap().parse::<f64>().unwrap();
        assert!(first(path(false)) > first(path(true)));
    }
}
