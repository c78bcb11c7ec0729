//! The evidence locus by locus, as horizontal bars.

use super::plot::PlotWords;
use super::svg::{self, Anchor, BLUE, Canvas, FAINT, INK, MOST_WIDTH, VERMILION, value_text};

/// The evidence of one locus.
#[derive(Clone, Debug)]
pub struct LocusBar {
    /// The name of the locus.
    pub locus: String,
    /// The decimal logarithm of the likelihood ratio; may be infinite.
    pub log10_lr: f64,
    /// The sum up to this locus.
    pub running: f64,
    /// Whether the locus was compared at all.
    pub is_compared: bool,
    /// Whether the profiles do not fit without a mutation: hatched and marked.
    pub is_incompatible: bool,
}

/// The words of the bars.
#[derive(Clone, Copy, Debug)]
pub struct BarWords<'a> {
    /// Title, description and axes; the vertical one is the head of the names.
    pub plot: PlotWords<'a>,
    /// The head of the running sums.
    pub running: &'a str,
    /// The legend of the mark "×".
    pub incompatible: &'a str,
    /// The legend of "–".
    pub not_compared: &'a str,
}

const FONT: f64 = 11.0;
const ROW: f64 = 19.0;
const TOP: f64 = 30.0;
/// Where the names end and the bars may begin.
const NAMES: f64 = 106.0;
/// Where the bars end and the sums may begin.
const SUMS: f64 = MOST_WIDTH - 84.0;
/// Room for the mark of an incompatible locus beside its name.
const MARK: f64 = 18.0;
/// Room for a value beside its bar.
const VALUE: f64 = 40.0;

/// The horizontal scale.
struct Scale {
    low: f64,
    high: f64,
    left: f64,
    right: f64,
}

impl Scale {
    fn of(loci: &[LocusBar]) -> Self {
        let values = || loci.iter().filter(|locus| is_drawn(locus)).map(|locus| locus.log10_lr);
        let finite = || values().filter(|value| value.is_finite());
        let (mut low, mut high) = (finite().fold(0.0, f64::min), finite().fold(0.0, f64::max));
        // An infinite bar needs an edge to go to, beyond all others.
        let reach = (high - low).max(1.0);
        if values().any(|value| value == f64::NEG_INFINITY) {
            low -= 0.25 * reach;
        }
        if values().any(|value| value == f64::INFINITY) {
            high += 0.25 * reach;
        }
        if high - low < 0.1 {
            high = low + 1.0;
        }
        let left = if low < 0.0 { NAMES + VALUE } else { NAMES + 14.0 };
        Self { low, high, left, right: SUMS - VALUE }
    }

    fn x(&self, value: f64) -> f64 {
        let share = (value.clamp(self.low, self.high) - self.low) / (self.high - self.low);
        self.left + (self.right - self.left) * share
    }
}

fn is_drawn(locus: &LocusBar) -> bool {
    locus.is_compared && !locus.log10_lr.is_nan()
}

/// Draws the evidence of each locus as one `<svg>` element whose ids begin with `prefix`.
#[must_use]
pub fn bars(loci: &[LocusBar], words: &BarWords<'_>, prefix: &str) -> String {
    let mut canvas = Canvas::new(prefix);
    let scale = Scale::of(loci);
    let bottom = TOP + ROW * loci.len().max(1) as f64;
    let hatch = canvas.id("hatch");
    svg::hatching(&mut canvas, &hatch, VERMILION);
    heads(&mut canvas, words);
    axis(&mut canvas, &scale, words, bottom);
    for (index, locus) in loci.iter().enumerate() {
        row(&mut canvas, &scale, locus, TOP + ROW * index as f64, &format!("url(#{hatch})"));
    }
    // Over the bars, so that every bar begins at a clean line.
    canvas.line((scale.x(0.0), TOP - 4.0), (scale.x(0.0), bottom + 4.0), INK, 1.4);
    let height = legend(&mut canvas, loci, words, bottom + 52.0, &format!("url(#{hatch})"));
    canvas.finish(MOST_WIDTH, height, words.plot.title, words.plot.description)
}

fn heads(canvas: &mut Canvas, words: &BarWords<'_>) {
    let y = TOP - 12.0;
    let mut head = |x: f64, anchor: Anchor, words: &str| {
        let tag = canvas.tag("text").at((x, y)).number("font-size", FONT).word("font-weight", "bold");
        tag.anchor(anchor).content(words);
    };
    head(NAMES - MARK, Anchor::End, &svg::shortened(words.plot.y_axis, NAMES - MARK - 6.0, FONT * 1.05));
    head(MOST_WIDTH - 8.0, Anchor::End, &svg::shortened(words.running, 200.0, FONT * 1.05));
}

fn axis(canvas: &mut Canvas, scale: &Scale, words: &BarWords<'_>, bottom: f64) {
    let (marks, decimals) = svg::ticks(scale.low, scale.high, 6.0);
    for mark in marks {
        let x = scale.x(mark);
        canvas.dashed((x, TOP - 4.0), (x, bottom), "#d8d8d8", 0.8, "");
        canvas.line((x, bottom), (x, bottom + 4.0), INK, 1.0);
        canvas.text((x, bottom + 16.0), FONT, Anchor::Middle, &value_text(mark, decimals));
    }
    canvas.line((scale.left, bottom), (scale.right, bottom), INK, 1.0);
    let middle = (scale.left + scale.right) / 2.0;
    canvas.text((middle, bottom + 32.0), FONT, Anchor::Middle, &svg::shortened(words.plot.x_axis, SUMS - NAMES, FONT));
}

fn row(canvas: &mut Canvas, scale: &Scale, locus: &LocusBar, top: f64, hatch: &str) {
    let middle = top + ROW / 2.0;
    let base = middle + 4.0;
    canvas.tag("g").open();
    canvas.hint(&locus.locus);
    let name = svg::shortened(&locus.locus, NAMES - MARK - 6.0, FONT);
    canvas.text((NAMES - MARK, base), FONT, Anchor::End, &name);
    if locus.is_compared && locus.is_incompatible {
        let tag = canvas
            .tag("text")
            .at((NAMES - MARK + 5.0, base))
            .number("font-size", FONT + 2.0)
            .word("font-weight", "bold");
        tag.word("fill", "#a34700").content("×");
    }
    let zero = scale.x(0.0);
    if is_drawn(locus) {
        let end = scale.x(locus.log10_lr);
        let is_negative = locus.log10_lr < 0.0;
        let out = if is_negative { -1.0 } else { 1.0 };
        let colour = if is_negative { VERMILION } else { BLUE };
        let fill = if locus.is_incompatible { hatch } else { colour };
        let (left, width) = (zero.min(end), (zero - end).abs().max(0.5));
        let bar = canvas.tag("rect").at((left, top + 4.0)).size(width, ROW - 8.0).word("fill", fill);
        if locus.is_incompatible { bar.word("stroke", VERMILION).number("stroke-width", 1.0) } else { bar }.end();
        let mut beside = end + 5.0 * out;
        if locus.log10_lr.is_infinite() {
            // An arrow head: the bar goes on.
            let tip = end + 9.0 * out;
            let head = [(end, top + 1.0), (tip, middle), (end, top + ROW - 1.0)];
            canvas.tag("path").word("d", &format!("{}Z", svg::path(&head))).word("fill", INK).end();
            beside = tip + 4.0 * out;
        }
        let anchor = if is_negative { Anchor::End } else { Anchor::Start };
        canvas.text((beside, base), FONT - 1.0, anchor, &value_text(locus.log10_lr, 2));
    } else {
        canvas.text((zero + 6.0, base), FONT, Anchor::Start, "–");
    }
    let sum = if locus.is_compared { value_text(locus.running, 2) } else { "–".to_owned() };
    canvas.text((MOST_WIDTH - 8.0, base), FONT, Anchor::End, &sum);
    canvas.close("g");
}

/// The legend of what occurs; returns the height of the drawing.
fn legend(canvas: &mut Canvas, loci: &[LocusBar], words: &BarWords<'_>, mut y: f64, hatch: &str) -> f64 {
    let has_incompatible = loci.iter().any(|locus| locus.is_compared && locus.is_incompatible);
    let has_gaps = loci.iter().any(|locus| !is_drawn(locus));
    let mut x = NAMES + 14.0;
    let room = MOST_WIDTH - x - 40.0;
    if has_incompatible {
        let tag = canvas.tag("text").at((x - 14.0, y + 4.0)).number("font-size", FONT + 2.0);
        tag.word("font-weight", "bold").word("fill", "#a34700").content("×");
        let bar = canvas.tag("rect").at((x, y - 5.0)).size(20.0, 10.0).word("fill", hatch);
        bar.word("stroke", VERMILION).number("stroke-width", 1.0).end();
        let text = svg::shortened(words.incompatible, room, FONT);
        canvas.text((x + 26.0, y + 4.0), FONT, Anchor::Start, &text);
        x += 56.0 + svg::text_width(&text, FONT);
    }
    if has_gaps {
        let text = svg::shortened(words.not_compared, room, FONT);
        if x + 16.0 + svg::text_width(&text, FONT) > MOST_WIDTH {
            x = NAMES + 14.0;
            y += 18.0;
        }
        canvas.text((x, y + 4.0), FONT, Anchor::Start, "–");
        canvas.text((x + 14.0, y + 4.0), FONT, Anchor::Start, &text);
    }
    if loci.is_empty() {
        canvas.text((NAMES - MARK, TOP + ROW / 2.0 + 4.0), FONT, Anchor::End, "–");
    }
    // A hairline between the bars and the sums.
    canvas.line((SUMS + 8.0, TOP - 4.0), (SUMS + 8.0, TOP + ROW * loci.len().max(1) as f64), FAINT, 0.6);
    if has_incompatible || has_gaps { y + 16.0 } else { y - 8.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::drawings::svg::check::{Dice, assert_well_formed};

    const WORDS: BarWords<'_> = BarWords {
        plot: PlotWords { title: "Bars <1>", description: "d & d", x_axis: "log10 LR", y_axis: "Locus" },
        running: "Sum",
        incompatible: "needs a mutation",
        not_compared: "not compared",
    };

    fn locus(log10_lr: f64) -> LocusBar {
        let locus = "D3S1358".to_owned();
        LocusBar { locus, log10_lr, running: log10_lr, is_compared: true, is_incompatible: false }
    }

    #[test]
    fn any_values_give_a_sound_drawing() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e300, -1e300, f64::MIN_POSITIVE, 1.0];
        let mut dice = Dice::new(7);
        for count in 0..31 {
            let mut loci: Vec<LocusBar> = (0..count).map(|_| locus(odd[dice.below(odd.len())])).collect();
            for one in &mut loci {
                one.is_compared = dice.below(4) > 0;
                one.is_incompatible = dice.below(4) == 0;
            }
            let drawing = bars(&loci, &WORDS, "b");
            assert_well_formed(&drawing);
            assert_eq!(drawing, bars(&loci, &WORDS, "b"));
            assert_eq!(drawing.matches("D3S1358</text>").count(), count);
        }
    }

    #[test]
    fn negative_bars_lie_left_of_zero() {
        let scale = Scale::of(&[locus(-2.0), locus(1.0)]);
        assert!(scale.x(-2.0) < scale.x(0.0) && scale.x(0.0) < scale.x(1.0));
        assert!(scale.left > NAMES && scale.right < SUMS);
    }

    #[test]
    fn what_is_infinite_goes_to_the_edge() {
        let scale = Scale::of(&[locus(f64::NEG_INFINITY), locus(1.0)]);
        assert!(scale.x(f64::NEG_INFINITY) < scale.x(0.0));
        assert!((scale.x(f64::NEG_INFINITY) - scale.left).abs() < 1e-9);
    }
}
