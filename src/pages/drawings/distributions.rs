//! How likelihood ratios are spread among true relatives and among unrelated people, with this pair in it.

use super::plot::{DASHES, DOTS, FONT, Frame, LEFT, Marker, PlotWords, RIGHT, Style, legend};
use super::svg::{self, Anchor, BLUE, Canvas, INK, MOST_WIDTH, VERMILION, value_text};

/// Two densities over the decimal logarithm of the likelihood ratio.
#[derive(Clone, Debug)]
pub struct Curves {
    /// Where the first value stands.
    pub from: f64,
    /// From one value to the next.
    pub step: f64,
    /// The density among true relatives.
    pub related: Vec<f64>,
    /// The density among unrelated people.
    pub unrelated: Vec<f64>,
    /// The value of this pair; may be infinite.
    pub at: f64,
    /// The threshold.
    pub threshold: f64,
}

/// The words of the distributions.
#[derive(Clone, Copy, Debug)]
pub struct DistributionWords<'a> {
    /// Title, description and axes.
    pub plot: PlotWords<'a>,
    /// The legend of the solid line.
    pub related: &'a str,
    /// The legend of the dashed line.
    pub unrelated: &'a str,
    /// The name of the value of this pair.
    pub this_pair: &'a str,
    /// The name of the threshold.
    pub threshold: &'a str,
}

const HIGH: f64 = 220.0;
/// More points than this are no more visible.
const MOST_POINTS: usize = 480;
const RELATED: Style = Style::new(BLUE, "", 2.0, Marker::Bare);
const UNRELATED: Style = Style::new(VERMILION, DASHES, 2.0, Marker::Bare);
const THIS_PAIR: Style = Style::new(INK, "", 2.0, Marker::Bare);
const THRESHOLD: Style = Style::new(INK, DOTS, 2.0, Marker::Bare);

/// Draws two distributions as one `<svg>` element whose ids begin with `prefix`.
#[must_use]
pub fn distributions(curves: &Curves, words: &DistributionWords<'_>, prefix: &str) -> String {
    let mut canvas = Canvas::new(prefix);
    let related = points(curves, &curves.related);
    let unrelated = points(curves, &curves.unrelated);
    let entries = [
        (words.related, RELATED),
        (words.unrelated, UNRELATED),
        (words.this_pair, THIS_PAIR),
        (words.threshold, THRESHOLD),
    ];
    // Two lines of labels fit between the legend and the curves.
    let top = legend(&mut canvas, &entries) + 46.0;
    let (x, y) = ranges(curves, &related, &unrelated);
    let frame = Frame::new(x, y, top, HIGH);
    frame.grid(&mut canvas, &words.plot, &frame.x.ticks(8.0), &frame.y.ticks(4.0));
    curve(&mut canvas, &frame, &unrelated, &UNRELATED);
    curve(&mut canvas, &frame, &related, &RELATED);
    frame.axes(&mut canvas);
    marks(&mut canvas, &frame, curves, words);
    canvas.finish(MOST_WIDTH, frame.end(), words.plot.title, words.plot.description)
}

/// The points of a curve, with what is no density left out and many points averaged into few.
fn points(curves: &Curves, densities: &[f64]) -> Vec<(f64, f64)> {
    if !(curves.from.is_finite() && curves.step.is_finite() && curves.step > 0.0) {
        return Vec::new();
    }
    let together = densities.len().div_ceil(MOST_POINTS).max(1);
    let mut points = Vec::new();
    for (index, chunk) in densities.chunks(together).enumerate() {
        let sum: f64 = chunk.iter().filter(|density| density.is_finite() && **density > 0.0).sum();
        let middle = (index * together) as f64 + (chunk.len() - 1) as f64 / 2.0;
        points.push((curves.from + curves.step * middle, sum / chunk.len() as f64));
    }
    points
}

/// The ranges of log10 LR and of the density.
fn ranges(curves: &Curves, related: &[(f64, f64)], unrelated: &[(f64, f64)]) -> ((f64, f64), (f64, f64)) {
    let all = || related.iter().chain(unrelated);
    let most = all().map(|point| point.1).fold(0.0, f64::max);
    let (mut low, mut high) = (f64::MAX, f64::MIN);
    // Tails that no one can see do not squeeze what can be seen.
    let visible = [related, unrelated].into_iter().flat_map(|curve| {
        let least = curve.iter().map(|point| point.1).fold(0.0, f64::max) * 0.001;
        curve.iter().filter(move |point| point.1 > least).map(|point| point.0)
    });
    for value in visible.chain([curves.at, curves.threshold]).filter(|value| value.is_finite()) {
        low = low.min(value);
        high = high.max(value);
    }
    if low > high {
        (low, high) = (-1.0, 1.0);
    }
    let margin = ((high - low) * 0.03).max(0.5);
    let most = if most > 0.0 && most.is_finite() { most * 1.04 } else { 1.0 };
    ((low - margin, high + margin), (0.0, most))
}

/// A curve with the area below it.
fn curve(canvas: &mut Canvas, frame: &Frame, points: &[(f64, f64)], style: &Style) {
    let inside: Vec<(f64, f64)> = points.iter().copied().filter(|point| frame.x.holds(point.0)).collect();
    let (Some(first), Some(last)) = (inside.first(), inside.last()) else { return };
    let mut filled = vec![(frame.x.at(first.0), frame.bottom)];
    filled.extend(inside.iter().map(|point| frame.at(*point)));
    filled.push((frame.x.at(last.0), frame.bottom));
    let tag = canvas.tag("path").word("d", &format!("{}Z", svg::path(&filled))).word("fill", style.colour);
    tag.number("fill-opacity", 0.1).end();
    frame.curve(canvas, &inside, style);
}

/// A vertical line with its label above the curves.
struct Mark {
    x: f64,
    words: String,
    /// Where the label is: the middle of its text and its baseline.
    label: (f64, f64),
}

impl Mark {
    fn new(frame: &Frame, word: &str, value: f64, baseline: f64) -> Option<Self> {
        if value.is_nan() {
            return None;
        }
        let number = value_text(value, 2);
        let room = 320.0 - svg::text_width(&number, FONT);
        let words = format!("{} {number}", svg::shortened(word, room, FONT));
        let words = svg::shortened(&words, MOST_WIDTH - 20.0, FONT);
        // What is infinite stands at the edge, beside the axis.
        let x =
            if value.is_infinite() { frame.x.at(value).clamp(LEFT + 14.0, RIGHT - 14.0) } else { frame.x.at(value) };
        let half = svg::text_width(&words, FONT) / 2.0;
        Some(Self { x, label: (x.clamp(half + 4.0, MOST_WIDTH - half - 4.0), baseline), words })
    }

    fn half(&self) -> f64 {
        svg::text_width(&self.words, FONT) / 2.0
    }
}

/// The lines at this pair and at the threshold.
fn marks(canvas: &mut Canvas, frame: &Frame, curves: &Curves, words: &DistributionWords<'_>) {
    let pair = Mark::new(frame, words.this_pair, curves.at, frame.top - 25.0);
    let threshold = Mark::new(frame, words.threshold, curves.threshold, frame.top - 8.0);
    let mut pair_top = frame.top - 21.0;
    if let Some(mut mark) = threshold {
        if let Some(pair) = &pair
            && (pair.x - mark.label.0).abs() < mark.half() + 5.0
        {
            // The label steps aside, away from the line of this pair; at the edge of the drawing that line yields.
            let away = if mark.x <= pair.x { -1.0 } else { 1.0 };
            let aside = pair.x + away * (mark.half() + 5.0);
            if aside - mark.half() > 4.0 && aside + mark.half() < MOST_WIDTH - 4.0 {
                mark.label.0 = aside;
            } else {
                pair_top = frame.top - 4.0;
            }
        }
        canvas.dashed((mark.x, frame.top - 4.0), (mark.x, frame.bottom), INK, 2.0, DOTS);
        canvas.text(mark.label, FONT, Anchor::Middle, &mark.words);
        beyond(canvas, frame, mark.x, curves.threshold);
    }
    if let Some(mark) = pair {
        canvas.line((mark.x, pair_top), (mark.x, frame.bottom), INK, 2.0);
        let tag = canvas.tag("text").at(mark.label).number("font-size", FONT).word("font-weight", "bold");
        tag.anchor(Anchor::Middle).content(&mark.words);
        beyond(canvas, frame, mark.x, curves.at);
    }
}

/// An arrow head at the edge for a value beyond all others.
fn beyond(canvas: &mut Canvas, frame: &Frame, x: f64, value: f64) {
    if value.is_infinite() {
        let out = if value < 0.0 { -1.0 } else { 1.0 };
        let middle = frame.bottom - HIGH / 2.0;
        let head = [(x, middle - 5.0), (x + 9.0 * out, middle), (x, middle + 5.0)];
        canvas.tag("path").word("d", &format!("{}Z", svg::path(&head))).word("fill", INK).end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::drawings::svg::check::assert_well_formed;

    const WORDS: DistributionWords<'_> = DistributionWords {
        plot: PlotWords { title: "t", description: "d", x_axis: "log10 LR", y_axis: "density" },
        related: "related <1>",
        unrelated: "unrelated",
        this_pair: "this pair",
        threshold: "threshold",
    };

    fn curves(at: f64) -> Curves {
        let hump = |place: usize, middle: f64| 1.0 / (1.0 + (place as f64 / 10.0 - 10.0 - middle).powi(2));
        let curve = |middle: f64| (0..300).map(|place| hump(place, middle)).collect();
        Curves { from: -10.0, step: 0.1, related: curve(8.0), unrelated: curve(-4.0), at, threshold: 4.0 }
    }

    #[test]
    fn any_values_give_a_sound_drawing() {
        for at in [6.0, f64::NEG_INFINITY, f64::INFINITY, f64::NAN, 4.0, 1e9, 1e300] {
            let drawing = distributions(&curves(at), &WORDS, "d1");
            assert_well_formed(&drawing);
            assert_eq!(drawing, distributions(&curves(at), &WORDS, "d1"));
            assert!(drawing.contains("stroke-dasharray"));
        }
        for (from, step) in [(f64::NAN, 0.1), (0.0, 0.0), (0.0, -1.0), (0.0, f64::INFINITY), (1e300, 1e300)] {
            assert_well_formed(&distributions(&Curves { from, step, ..curves(6.0) }, &WORDS, "d"));
        }
        let odd = vec![f64::NAN, f64::INFINITY, -1.0, 0.0];
        assert_well_formed(&distributions(&Curves { related: odd, unrelated: Vec::new(), ..curves(6.0) }, &WORDS, ""));
    }

    #[test]
    fn many_points_become_few() {
        let many = Curves { related: vec![0.2; 100_000], step: 0.0002, ..curves(6.0) };
        assert!(points(&many, &many.related).len() <= MOST_POINTS);
        assert!(distributions(&many, &WORDS, "d").len() < 60_000);
    }

    #[test]
    fn this_pair_and_the_threshold_are_in_the_range() {
        let far = curves(40.0);
        let (low, high) = ranges(&far, &points(&far, &far.related), &points(&far, &far.unrelated)).0;
        assert!(low < 4.0 && high > 40.0);
    }
}
