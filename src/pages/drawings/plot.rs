//! The frame of a plot: scales, axes with ticks, lines with dash patterns and markers, and the legend above them.

use super::svg::{self, Anchor, BLUE, Canvas, INK, MOST_WIDTH, PAPER, VERMILION, value_text};

/// The words that every plot needs.
#[derive(Clone, Copy, Debug)]
pub struct PlotWords<'a> {
    /// The accessible name of the drawing.
    pub title: &'a str,
    /// What the drawing shows, for people who cannot see it.
    pub description: &'a str,
    /// The horizontal axis with its unit, such as "log10 LR".
    pub x_axis: &'a str,
    /// The vertical axis with its unit, such as "density".
    pub y_axis: &'a str,
}

pub(super) const FONT: f64 = 11.0;
pub(super) const LEFT: f64 = 58.0;
pub(super) const RIGHT: f64 = MOST_WIDTH - 18.0;
pub(super) const DASHES: &str = "7 4";
pub(super) const DOTS: &str = "2 3";
/// Lines of the grid.
const GRID: &str = "#e2e2e2";

/// Values along one axis, and where they stand.
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// From `low` at `from` to `high` at `to`; a range without extent gets one.
    pub(super) fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let is_sound = low.is_finite() && high.is_finite() && high > low && (high - low).is_finite();
        let (low, high) = if is_sound { (low, high) } else { (0.0, 1.0) };
        Self { low, high, from, to }
    }

    /// Where a value stands; values beyond the range stand at its end.
    pub(super) fn at(&self, value: f64) -> f64 {
        self.from + (self.to - self.from) * ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Reports whether a value lies in the range.
    pub(super) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Round values with their texts, about `about` of them.
    pub(super) fn ticks(&self, about: f64) -> Vec<(f64, String)> {
        let (marks, decimals) = svg::ticks(self.low, self.high, about);
        marks.into_iter().map(|mark| (mark, value_text(mark, decimals))).collect()
    }
}

/// A plotting area with two axes.
pub(super) struct Frame {
    pub(super) x: Scale,
    pub(super) y: Scale,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Frame {
    /// An area as wide as the drawing, of this height, below `top`.
    pub(super) fn new(x: (f64, f64), y: (f64, f64), top: f64, height: f64) -> Self {
        let bottom = top + height;
        Self { x: Scale::new(x, (LEFT, RIGHT)), y: Scale::new(y, (bottom, top)), top, bottom }
    }

    /// Where a point stands.
    pub(super) fn at(&self, point: (f64, f64)) -> (f64, f64) {
        (self.x.at(point.0), self.y.at(point.1))
    }

    /// The height of the whole drawing.
    pub(super) fn end(&self) -> f64 {
        self.bottom + 44.0
    }

    /// Grid, ticks and the names of the axes; the axes themselves come later, over what is drawn.
    pub(super) fn grid(
        &self,
        canvas: &mut Canvas,
        words: &PlotWords<'_>,
        x_ticks: &[(f64, String)],
        y_ticks: &[(f64, String)],
    ) {
        for (mark, text) in x_ticks {
            let x = self.x.at(*mark);
            canvas.line((x, self.bottom), (x, self.bottom + 4.0), INK, 1.0);
            canvas.text((x, self.bottom + 16.0), FONT, Anchor::Middle, text);
        }
        for (mark, text) in y_ticks {
            let y = self.y.at(*mark);
            canvas.line((LEFT, y), (RIGHT, y), GRID, 0.8);
            canvas.line((LEFT - 4.0, y), (LEFT, y), INK, 1.0);
            let text = svg::shortened(text, LEFT - 20.0, FONT);
            canvas.text((LEFT - 7.0, y + 4.0), FONT, Anchor::End, &text);
        }
        let x_name = svg::shortened(words.x_axis, RIGHT - LEFT, FONT);
        canvas.text(((LEFT + RIGHT) / 2.0, self.bottom + 33.0), FONT, Anchor::Middle, &x_name);
        self.y_name(canvas, words.y_axis);
    }

    /// The name of the vertical axis, turned.
    fn y_name(&self, canvas: &mut Canvas, name: &str) {
        let middle = f64::midpoint(self.top, self.bottom);
        let turned = format!("translate(12 {}) rotate(-90)", svg::number(middle));
        let tag = canvas.tag("text").number("font-size", FONT).anchor(Anchor::Middle).word("transform", &turned);
        tag.content(&svg::shortened(name, self.bottom - self.top, FONT));
    }

    /// The two axes.
    pub(super) fn axes(&self, canvas: &mut Canvas) {
        canvas.line((LEFT, self.bottom), (RIGHT, self.bottom), INK, 1.0);
        canvas.line((LEFT, self.top), (LEFT, self.bottom), INK, 1.0);
    }

    /// A line through points, in the order of the points. Points that are no numbers are left out.
    pub(super) fn curve(&self, canvas: &mut Canvas, points: &[(f64, f64)], style: &Style) {
        let line: Vec<(f64, f64)> =
            points.iter().filter(|point| !point.0.is_nan() && !point.1.is_nan()).map(|point| self.at(*point)).collect();
        if line.is_empty() {
            return;
        }
        let tag = canvas.tag("path").through(&line).word("fill", "none").word("stroke", style.colour);
        let tag = tag.number("stroke-width", style.width).word("stroke-linejoin", "round");
        if style.dashes.is_empty() { tag } else { tag.word("stroke-dasharray", style.dashes) }.end();
    }
}

/// How a line looks. No two of [`STYLES`] have the same dashes and the same marker, so that none needs its colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub(super) colour: &'static str,
    pub(super) dashes: &'static str,
    pub(super) width: f64,
    pub(super) marker: Marker,
}

impl Style {
    pub(super) const fn new(colour: &'static str, dashes: &'static str, width: f64, marker: Marker) -> Self {
        Self { colour, dashes, width, marker }
    }
}

/// What marks the points of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// Nothing.
    Bare,
    /// A filled circle.
    Dot,
    /// An empty circle.
    Ring,
    /// A filled square.
    Block,
    /// An empty square.
    Square,
    /// A filled triangle.
    Triangle,
    /// An empty diamond.
    Diamond,
    /// An oblique cross.
    Cross,
}

/// Styles of lines: two strong ones, then thinner ones with markers.
pub(super) const STYLES: [Style; 9] = [
    Style::new(BLUE, "", 2.2, Marker::Bare),
    Style::new(VERMILION, DASHES, 2.2, Marker::Bare),
    Style::new("#00795a", "", 1.1, Marker::Dot),
    Style::new("#7a4b9a", "", 1.1, Marker::Square),
    Style::new("#7a5c00", DOTS, 1.1, Marker::Triangle),
    Style::new("#a8326f", DOTS, 1.1, Marker::Diamond),
    Style::new("#444444", "5 3", 1.1, Marker::Cross),
    Style::new("#00627a", "5 3", 1.1, Marker::Ring),
    Style::new("#5a3b28", "8 3 2 3", 1.1, Marker::Block),
];

/// Draws a marker.
pub(super) fn marker(canvas: &mut Canvas, (x, y): (f64, f64), style: &Style) {
    let outline = match style.marker {
        Marker::Bare => return,
        Marker::Dot | Marker::Ring => {
            let tag = canvas.tag("circle").number("cx", x).number("cy", y).number("r", 3.2);
            let fill = if style.marker == Marker::Ring { PAPER } else { style.colour };
            tag.word("fill", fill).word("stroke", style.colour).number("stroke-width", 1.3).end();
            return;
        }
        Marker::Cross => {
            canvas.line((x - 3.2, y - 3.2), (x + 3.2, y + 3.2), style.colour, 1.5);
            canvas.line((x - 3.2, y + 3.2), (x + 3.2, y - 3.2), style.colour, 1.5);
            return;
        }
        Marker::Block | Marker::Square => {
            vec![(x - 3.0, y - 3.0), (x + 3.0, y - 3.0), (x + 3.0, y + 3.0), (x - 3.0, y + 3.0)]
        }
        Marker::Triangle => vec![(x, y - 4.0), (x + 3.8, y + 3.0), (x - 3.8, y + 3.0)],
        Marker::Diamond => vec![(x, y - 4.2), (x + 4.2, y), (x, y + 4.2), (x - 4.2, y)],
    };
    let fill = if matches!(style.marker, Marker::Square | Marker::Diamond) { PAPER } else { style.colour };
    let tag = canvas.tag("path").word("d", &format!("{}Z", svg::path(&outline))).word("fill", fill);
    tag.word("stroke", style.colour).number("stroke-width", 1.3).end();
}

/// The legend, in a strip of its own above the plot, which so covers nothing; returns where it ends.
pub(super) fn legend(canvas: &mut Canvas, entries: &[(&str, Style)]) -> f64 {
    let (mut x, mut y) = (LEFT, 16.0);
    for (word, style) in entries {
        let text = svg::shortened(word, RIGHT - LEFT - 40.0, FONT);
        let needed = 52.0 + svg::text_width(&text, FONT);
        if x > LEFT && x + needed > RIGHT {
            x = LEFT;
            y += 18.0;
        }
        if style.width > 0.0 {
            canvas.dashed((x, y), (x + 28.0, y), style.colour, style.width, style.dashes);
        }
        marker(canvas, (x + 14.0, y), style);
        canvas.text((x + 34.0, y + 4.0), FONT, Anchor::Start, &text);
        x += needed;
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_differs_without_its_colour() {
        for (at, one) in STYLES.iter().enumerate() {
            for other in &STYLES[at + 1..] {
                assert!(one.dashes != other.dashes || one.marker != other.marker, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn values_beyond_a_scale_stand_at_its_ends() {
        let scale = Scale::new((-2.0, 2.0), (100.0, 0.0));
        assert_eq!([f64::NEG_INFINITY, -2.0, 0.0, 1e300].map(|value| scale.at(value)), [100.0, 100.0, 50.0, 0.0]);
        for range in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (f64::MIN, f64::MAX)] {
            assert_eq!(Scale::new(range, (0.0, 10.0)).at(0.5), 5.0);
        }
    }
}
