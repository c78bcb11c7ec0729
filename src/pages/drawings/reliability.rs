//! Reliability of a posterior: how many candidates with about this posterior are true.

use super::plot::{DASHES, FONT, Frame, Marker, PlotWords, Style, legend, marker};
use super::svg::{self, Anchor, BLUE, Canvas, INK, MOST_WIDTH};
use crate::report::words::count;

/// Candidates with about the same posterior.
#[derive(Clone, Copy, Debug)]
pub struct ReliabilityPoint {
    /// The mean of their posteriors.
    pub mean_posterior: f64,
    /// Number of candidates; without any, nothing is drawn.
    pub candidates: u64,
    /// How many of them are true.
    pub true_candidates: u64,
}

/// The words of the reliability.
#[derive(Clone, Copy, Debug)]
pub struct ReliabilityWords<'a> {
    /// Title, description and axes.
    pub plot: PlotWords<'a>,
    /// The legend of the points, whose numbers of candidates are above the plot.
    pub candidates: &'a str,
    /// The legend of the intervals.
    pub interval: &'a str,
    /// The legend of the diagonal.
    pub diagonal: &'a str,
}

const HIGH: f64 = 240.0;
/// The least and the greatest probability of the axes; others stand at the edge.
const EDGE: f64 = 0.0001;
/// Half the width of the bars that end an interval.
const CAP: f64 = 4.0;
const TICKS: [(f64, &str); 9] = [
    (0.0001, "0.0001"),
    (0.001, "0.001"),
    (0.01, "0.01"),
    (0.1, "0.1"),
    (0.5, "0.5"),
    (0.9, "0.9"),
    (0.99, "0.99"),
    (0.999, "0.999"),
    (0.9999, "0.9999"),
];
const POINT: Style = Style::new(BLUE, "", 0.0, Marker::Dot);

/// Computes the 95 % interval of a share by the score method: Wilson, E. B. (1927), Probable inference, the law of
/// succession, and statistical inference, J. Am. Stat. Assoc. 22, 209-212. `None` without trials.
///
/// With p = k / n and z = 1.96, its ends are (p + z²/2n ± z √(p (1 - p) / n + z²/4n²)) / (1 + z²/n).
#[must_use]
pub fn wilson(successes: u64, trials: u64) -> Option<(f64, f64)> {
    const Z: f64 = 1.959_963_984_540_054;
    if trials == 0 {
        return None;
    }
    let n = trials as f64;
    let p = (successes as f64 / n).min(1.0);
    let square = Z * Z / n;
    let middle = p + square / 2.0;
    let half = Z * (p * (1.0 - p) / n + square / (4.0 * n)).sqrt();
    // At the ends the roots cancel, but for their rounding.
    let low = if successes == 0 { 0.0 } else { (middle - half) / (1.0 + square) };
    let high = if successes >= trials { 1.0 } else { (middle + half) / (1.0 + square) };
    Some((low.clamp(0.0, 1.0), high.clamp(0.0, 1.0)))
}

/// Draws the reliability as one `<svg>` element whose ids begin with `prefix`. Both axes are scales of log odds, on which
/// small and great probabilities have as much room as those about one half.
#[must_use]
pub fn reliability(points: &[ReliabilityPoint], words: &ReliabilityWords<'_>, prefix: &str) -> String {
    let mut canvas = Canvas::new(prefix);
    let (of_interval, of_diagonal) =
        (Style::new(BLUE, "", 1.4, Marker::Bare), Style::new(INK, DASHES, 1.4, Marker::Bare));
    let entries = [(words.candidates, POINT), (words.interval, of_interval), (words.diagonal, of_diagonal)];
    let top = legend(&mut canvas, &entries) + 46.0;
    let range = (log_odds(EDGE), log_odds(1.0 - EDGE));
    let frame = Frame::new(range, range, top, HIGH);
    let ticks: Vec<(f64, String)> = TICKS.iter().map(|(p, text)| (log_odds(*p), (*text).to_owned())).collect();
    frame.grid(&mut canvas, &words.plot, &ticks, &ticks);
    frame.curve(&mut canvas, &[(range.0, range.0), (range.1, range.1)], &of_diagonal);
    frame.axes(&mut canvas);
    let mut taken = [0.0_f64; 2];
    for point in points {
        draw(&mut canvas, &frame, point, &mut taken);
    }
    canvas.finish(MOST_WIDTH, frame.end(), words.plot.title, words.plot.description)
}

/// The decimal logarithm of the odds, within the axes.
fn log_odds(p: f64) -> f64 {
    let p = p.clamp(EDGE, 1.0 - EDGE);
    libm::log10(p / (1.0 - p))
}

/// Draws a point. `taken` says how far the two lines of numbers above the plot are taken.
fn draw(canvas: &mut Canvas, frame: &Frame, point: &ReliabilityPoint, taken: &mut [f64; 2]) {
    let Some((low, high)) = wilson(point.true_candidates, point.candidates) else { return };
    if point.mean_posterior.is_nan() {
        return;
    }
    let share = point.true_candidates as f64 / point.candidates as f64;
    let (x, y) = frame.at((log_odds(point.mean_posterior), log_odds(share)));
    let ends = [low, high].map(|end| frame.y.at(log_odds(end)));
    canvas.line((x, ends[0]), (x, ends[1]), BLUE, 1.4);
    for end in ends {
        canvas.line((x - CAP, end), (x + CAP, end), BLUE, 1.4);
    }
    marker(canvas, (x, y), &POINT);
    let number = count(point.candidates);
    let half = svg::text_width(&number, FONT) / 2.0;
    let middle = x.clamp(half + 4.0, MOST_WIDTH - half - 4.0);
    let line = usize::from(middle - half < taken[0]);
    taken[line] = middle + half + 6.0;
    canvas.text((middle, frame.top - 8.0 - 14.0 * line as f64), FONT, Anchor::Middle, &number);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::drawings::svg::check::assert_well_formed;

    const WORDS: ReliabilityWords<'_> = ReliabilityWords {
        plot: PlotWords { title: "t", description: "d", x_axis: "mean posterior", y_axis: "share true" },
        candidates: "candidates <1>",
        interval: "95 % interval",
        diagonal: "equal",
    };

    fn point(mean_posterior: f64, candidates: u64, true_candidates: u64) -> ReliabilityPoint {
        ReliabilityPoint { mean_posterior, candidates, true_candidates }
    }

    #[test]
    fn any_values_give_a_sound_drawing() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e-300, 0.5, 1.0, 2.0];
        for posterior in odd {
            for (candidates, of_them) in [(0, 0), (0, 5), (1, 0), (1, 1), (1, 9), (u64::MAX, 1), (u64::MAX, u64::MAX)] {
                let points = [point(posterior, candidates, of_them), point(0.9, 10, 9)];
                let drawing = reliability(&points, &WORDS, "r");
                assert_well_formed(&drawing);
                assert_eq!(drawing, reliability(&points, &WORDS, "r"));
            }
        }
        assert_well_formed(&reliability(&[], &WORDS, ""));
    }

    /// The ends for 8 of 10 and for 0 and 10 of 10 as in tables of this interval.
    #[test]
    fn intervals_are_those_of_wilson() {
        let near = |found: Option<(f64, f64)>, low: f64, high: f64| {
            let found = found.unwrap();
            assert!((found.0 - low).abs() < 5e-5 && (found.1 - high).abs() < 5e-5, "{found:?}");
        };
        near(wilson(8, 10), 0.4902, 0.9433);
        near(wilson(0, 10), 0.0, 0.2775);
        near(wilson(10, 10), 0.7225, 1.0);
        assert_eq!(wilson(0, 0), None);
        for n in 1..60 {
            for k in 0..=n {
                let (low, high) = wilson(k, n).unwrap();
                let share = k as f64 / n as f64;
                assert!(low <= share && share <= high && low < high, "{k} of {n}");
            }
        }
    }

    #[test]
    fn a_point_with_its_share_equal_to_its_posterior_lies_on_the_diagonal() {
        let frame = Frame::new((log_odds(0.0), log_odds(1.0)), (log_odds(0.0), log_odds(1.0)), 0.0, HIGH);
        for p in [0.0, 0.01, 0.3, 0.5, 0.99, 1.0] {
            let (x, y) = frame.at((log_odds(p), log_odds(p)));
            let along = (x - frame.x.at(log_odds(0.0))) / (frame.x.at(log_odds(1.0)) - frame.x.at(log_odds(0.0)));
            assert!((along - (frame.bottom - y) / HIGH).abs() < 1e-9, "{p}");
        }
    }

    #[test]
    fn candidates_that_do_not_exist_are_not_drawn() {
        let drawn = |points: &[ReliabilityPoint]| reliability(points, &WORDS, "r").matches("<circle").count();
        // One is in the legend.
        assert_eq!([drawn(&[]), drawn(&[point(0.5, 0, 0)]), drawn(&[point(0.5, 2, 1)])], [1, 1, 2]);
    }
}
