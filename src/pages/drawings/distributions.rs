//! How likelihood ratios are spread among true relatives and among unrelated people, with this pair in it.

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
    /// The accessible name of the drawing.
    pub title: &'a str,
    /// What the drawing shows, for people who cannot see it.
    pub description: &'a str,
    /// The horizontal axis with its unit, such as "log10 LR".
    pub x_axis: &'a str,
    /// The vertical axis, such as "density".
    pub y_axis: &'a str,
    /// The legend of the solid line.
    pub related: &'a str,
    /// The legend of the dashed line.
    pub unrelated: &'a str,
    /// The name of the value of this pair.
    pub this_pair: &'a str,
    /// The name of the threshold.
    pub threshold: &'a str,
}

const FONT: f64 = 11.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = MOST_WIDTH - 18.0;
const HIGH: f64 = 220.0;
/// More points than this are no more visible.
const MOST_POINTS: usize = 480;
const DASHES: &str = "7 4";
const DOTS: &str = "2 3";

/// The plotting area.
struct Area {
    low: f64,
    high: f64,
    most: f64,
    top: f64,
}

impl Area {
    fn x(&self, value: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (value.clamp(self.low, self.high) - self.low) / (self.high - self.low)
    }

    fn y(&self, density: f64) -> f64 {
        self.bottom() - HIGH * (density / self.most).clamp(0.0, 1.0)
    }

    fn bottom(&self) -> f64 {
        self.top + HIGH
    }
}

/// Draws two distributions as one `<svg>` element whose ids begin with `prefix`.
#[must_use]
pub fn distributions(curves: &Curves, words: &DistributionWords<'_>, prefix: &str) -> String {
    let mut canvas = Canvas::new(prefix);
    let related = points(curves, &curves.related);
    let unrelated = points(curves, &curves.unrelated);
    let y = legend(&mut canvas, words);
    // Two lines of labels fit between the legend and the curves.
    let area = area_of(curves, &related, &unrelated, y + 46.0);
    grid(&mut canvas, &area, words);
    curve(&mut canvas, &area, &unrelated, VERMILION, DASHES);
    curve(&mut canvas, &area, &related, BLUE, "");
    canvas.line((LEFT, area.bottom()), (RIGHT, area.bottom()), INK, 1.0);
    canvas.line((LEFT, area.top), (LEFT, area.bottom()), INK, 1.0);
    marks(&mut canvas, &area, curves, words);
    canvas.finish(MOST_WIDTH, area.bottom() + 44.0, words.title, words.description)
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

fn area_of(curves: &Curves, related: &[(f64, f64)], unrelated: &[(f64, f64)], top: f64) -> Area {
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
    Area { low: low - margin, high: high + margin, most, top }
}

fn grid(canvas: &mut Canvas, area: &Area, words: &DistributionWords<'_>) {
    let (marks, decimals) = svg::ticks(area.low, area.high, 8.0);
    for mark in marks {
        let x = area.x(mark);
        canvas.line((x, area.bottom()), (x, area.bottom() + 4.0), INK, 1.0);
        canvas.text((x, area.bottom() + 16.0), FONT, Anchor::Middle, &value_text(mark, decimals));
    }
    let (marks, decimals) = svg::ticks(0.0, area.most, 4.0);
    for mark in marks {
        let y = area.y(mark);
        canvas.line((LEFT, y), (RIGHT, y), "#e2e2e2", 0.8);
        canvas.line((LEFT - 4.0, y), (LEFT, y), INK, 1.0);
        let text = svg::shortened(&value_text(mark, decimals), LEFT - 26.0, FONT);
        canvas.text((LEFT - 7.0, y + 4.0), FONT, Anchor::End, &text);
    }
    let below = area.bottom() + 33.0;
    let middle = (LEFT + RIGHT) / 2.0;
    canvas.text((middle, below), FONT, Anchor::Middle, &svg::shortened(words.x_axis, RIGHT - LEFT, FONT));
    let middle = area.top + HIGH / 2.0;
    let tag = canvas.tag("text").number("font-size", FONT).anchor(Anchor::Middle);
    let turned = format!("translate(14 {}) rotate(-90)", svg::number(middle));
    tag.word("transform", &turned).content(&svg::shortened(words.y_axis, HIGH, FONT));
}

fn curve(canvas: &mut Canvas, area: &Area, points: &[(f64, f64)], colour: &str, dashes: &str) {
    let inside = points.iter().filter(|point| point.0 >= area.low && point.0 <= area.high);
    let line: Vec<(f64, f64)> = inside.map(|point| (area.x(point.0), area.y(point.1))).collect();
    let (Some(first), Some(last)) = (line.first().copied(), line.last().copied()) else { return };
    let mut filled = vec![(first.0, area.bottom())];
    filled.extend_from_slice(&line);
    filled.push((last.0, area.bottom()));
    let tag = canvas.tag("path").word("d", &format!("{}Z", svg::path(&filled))).word("fill", colour);
    tag.number("fill-opacity", 0.1).end();
    let tag = canvas.tag("path").through(&line).word("fill", "none").word("stroke", colour);
    let tag = tag.number("stroke-width", 2.0).word("stroke-linejoin", "round");
    if dashes.is_empty() { tag } else { tag.word("stroke-dasharray", dashes) }.end();
}

/// A vertical line with its label above the curves.
struct Mark {
    x: f64,
    words: String,
    /// Where the label is: the middle of its text and its baseline.
    label: (f64, f64),
}

impl Mark {
    fn new(area: &Area, word: &str, value: f64, baseline: f64) -> Option<Self> {
        if value.is_nan() {
            return None;
        }
        let number = value_text(value, 2);
        let room = 320.0 - svg::text_width(&number, FONT);
        let words = format!("{} {number}", svg::shortened(word, room, FONT));
        // What is infinite stands at the edge, beside the axis.
        let x = if value.is_infinite() { area.x(value).clamp(LEFT + 14.0, RIGHT - 14.0) } else { area.x(value) };
        let half = svg::text_width(&words, FONT) / 2.0;
        Some(Self { x, label: (x.clamp(half + 4.0, MOST_WIDTH - half - 4.0), baseline), words })
    }

    fn half(&self) -> f64 {
        svg::text_width(&self.words, FONT) / 2.0
    }
}

/// The lines at this pair and at the threshold.
fn marks(canvas: &mut Canvas, area: &Area, curves: &Curves, words: &DistributionWords<'_>) {
    let pair = Mark::new(area, words.this_pair, curves.at, area.top - 25.0);
    let threshold = Mark::new(area, words.threshold, curves.threshold, area.top - 8.0);
    let mut pair_top = area.top - 21.0;
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
                pair_top = area.top - 4.0;
            }
        }
        canvas.dashed((mark.x, area.top - 4.0), (mark.x, area.bottom()), INK, 2.0, DOTS);
        canvas.text(mark.label, FONT, Anchor::Middle, &mark.words);
        beyond(canvas, area, mark.x, curves.threshold);
    }
    if let Some(mark) = pair {
        canvas.line((mark.x, pair_top), (mark.x, area.bottom()), INK, 2.0);
        let tag = canvas.tag("text").at(mark.label).number("font-size", FONT).word("font-weight", "bold");
        tag.anchor(Anchor::Middle).content(&mark.words);
        beyond(canvas, area, mark.x, curves.at);
    }
}

/// An arrow head at the edge for a value beyond all others.
fn beyond(canvas: &mut Canvas, area: &Area, x: f64, value: f64) {
    if value.is_infinite() {
        let out = if value < 0.0 { -1.0 } else { 1.0 };
        let middle = area.bottom() - HIGH / 2.0;
        let head = [(x, middle - 5.0), (x + 9.0 * out, middle), (x, middle + 5.0)];
        canvas.tag("path").word("d", &format!("{}Z", svg::path(&head))).word("fill", INK).end();
    }
}

/// The legend, in a strip of its own above the curves, which so covers nothing; returns where it ends.
fn legend(canvas: &mut Canvas, words: &DistributionWords<'_>) -> f64 {
    let entries = [
        (words.related, BLUE, ""),
        (words.unrelated, VERMILION, DASHES),
        (words.this_pair, INK, ""),
        (words.threshold, INK, DOTS),
    ];
    let mut x = LEFT;
    let mut y = 16.0;
    for (word, colour, dashes) in entries {
        let text = svg::shortened(word, RIGHT - LEFT - 40.0, FONT);
        let needed = 52.0 + svg::text_width(&text, FONT);
        if x > LEFT && x + needed > RIGHT {
            x = LEFT;
            y += 18.0;
        }
        canvas.dashed((x, y), (x + 28.0, y), colour, 2.2, dashes);
        canvas.text((x + 34.0, y + 4.0), FONT, Anchor::Start, &text);
        x += needed;
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::drawings::svg::check::assert_well_formed;

    const WORDS: DistributionWords<'_> = DistributionWords {
        title: "t",
        description: "d",
        x_axis: "log10 LR",
        y_axis: "density",
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
        for at in [6.0, f64::NEG_INFINITY, f64::INFINITY, f64::NAN, 4.0, 1e9] {
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
        let area = area_of(&far, &points(&far, &far.related), &points(&far, &far.unrelated), 0.0);
        assert!(area.low < 4.0 && area.high > 40.0);
    }
}
