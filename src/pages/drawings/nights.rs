//! Candidates gained and lost night by night, as bars above and below a line.

use super::plot::{FONT, PlotWords};
use super::svg::{self, Anchor, BLUE, Canvas, INK, MOST_WIDTH, PAPER, VERMILION};
use crate::report::words::count;

/// What one night changed.
#[derive(Clone, Debug)]
pub struct Night {
    /// Its name, such as a date.
    pub label: String,
    /// Candidates that are new.
    pub gained: u64,
    /// Candidates that are no more.
    pub lost: u64,
}

/// The words of the nights.
#[derive(Clone, Copy, Debug)]
pub struct NightWords<'a> {
    /// Title, description and axes.
    pub plot: PlotWords<'a>,
    /// The vertical axis if bars are cut: that broken bars are longer than they are drawn.
    pub y_axis_broken: &'a str,
    /// The legend of the bars above.
    pub gained: &'a str,
    /// The legend of the bars below.
    pub lost: &'a str,
}

/// The most nights in one drawing, the newest ones.
const MOST_NIGHTS: usize = 30;
const LEFT: f64 = 58.0;
const RIGHT: f64 = MOST_WIDTH - 8.0;
const TOP: f64 = 44.0;
/// The heights of the bars above and below together.
const HIGH: f64 = 190.0;
/// A night beyond as many times the median has a broken bar.
const BEYOND: f64 = 20.0;
/// How much further a broken bar goes than the longest other one.
const BROKEN: f64 = 1.35;

/// Draws the nights, the oldest first, as one `<svg>` element whose ids begin with `prefix`.
#[must_use]
pub fn nights(nights: &[Night], words: &NightWords<'_>, prefix: &str) -> String {
    let nights = &nights[nights.len().saturating_sub(MOST_NIGHTS)..];
    let mut canvas = Canvas::new(prefix);
    let hatch = canvas.id("hatch");
    svg::hatching(&mut canvas, &hatch, VERMILION);
    let hatch = format!("url(#{hatch})");
    legend(&mut canvas, words, &hatch);
    let sheet = Sheet::of(nights);
    axis(&mut canvas, &sheet, words);
    for (at, night) in nights.iter().enumerate() {
        let middle = LEFT + sheet.slot * (at as f64 + 0.5);
        canvas.tag("g").open();
        canvas.hint(&format!("{}: +{} −{}", night.label, count(night.gained), count(night.lost)));
        bar(&mut canvas, &sheet, (middle, -1.0), night.gained, BLUE);
        bar(&mut canvas, &sheet, (middle, 1.0), night.lost, &hatch);
        label(&mut canvas, &sheet, middle, &night.label);
        canvas.close("g");
    }
    canvas.line((LEFT, sheet.zero), (RIGHT, sheet.zero), INK, 1.4);
    let end = sheet.bottom + sheet.labels;
    canvas.text(
        ((LEFT + RIGHT) / 2.0, end + 18.0),
        FONT,
        Anchor::Middle,
        &svg::shortened(words.plot.x_axis, 600.0, FONT),
    );
    canvas.finish(MOST_WIDTH, end + 28.0, words.plot.title, words.plot.description)
}

/// Where everything stands.
struct Sheet {
    /// The width for one night.
    slot: f64,
    /// The longest bar that is not broken.
    most: f64,
    /// Whether any bar is broken.
    is_broken: bool,
    /// The height of one candidate.
    unit: f64,
    /// The line between the bars.
    zero: f64,
    /// Below the lowest number.
    bottom: f64,
    /// Whether names are turned, for lack of room.
    is_turned: bool,
    /// The height of the names.
    labels: f64,
}

impl Sheet {
    fn of(nights: &[Night]) -> Self {
        let most = cut(nights);
        let slot = (RIGHT - LEFT) / nights.len().max(4) as f64;
        let reach = |value: fn(&Night) -> u64| {
            let longest = nights.iter().map(value).max().unwrap_or(0) as f64;
            if longest > most { BROKEN } else { longest / most }
        };
        let (up, down) = (reach(|night| night.gained), reach(|night| night.lost));
        // Not less than 1, so that few candidates do not fill the drawing.
        let unit = HIGH / (up + down).max(1.0) / most;
        let room = |value: fn(&Night) -> u64| {
            let longest = nights.iter().map(value).max().unwrap_or(0);
            let width = number_width(longest);
            if width > slot - 2.0 { width + 8.0 } else { FONT + 8.0 }
        };
        let names = nights.iter().map(|night| svg::text_width(&night.label, FONT)).fold(0.0, f64::max);
        let is_turned = names > slot - 4.0;
        let zero = TOP + room(|night| night.gained) + up * most * unit;
        let below = if down > 0.0 { room(|night| night.lost) } else { 4.0 };
        let bottom = zero + down * most * unit + below;
        let labels = if is_turned { names.min(130.0) + 6.0 } else { FONT + 8.0 };
        let is_broken = up.max(down) >= BROKEN;
        Self { slot, most, is_broken, unit, zero, bottom, is_turned, labels }
    }
}

fn number_width(value: u64) -> f64 {
    svg::text_width(&count(value), FONT - 1.0)
}

/// Returns the longest bar that is not broken: the longest one, unless it is far beyond the median of all bars.
fn cut(nights: &[Night]) -> f64 {
    let mut bars: Vec<u64> =
        nights.iter().flat_map(|night| [night.gained, night.lost]).filter(|bar| *bar > 0).collect();
    bars.sort_unstable();
    let Some(median) = bars.get(bars.len().saturating_sub(1) / 2) else { return 1.0 };
    let most = *median as f64 * BEYOND;
    bars.iter().rev().map(|bar| *bar as f64).find(|bar| *bar <= most).unwrap_or(1.0)
}

fn legend(canvas: &mut Canvas, words: &NightWords<'_>, hatch: &str) {
    let mut x = LEFT;
    for (word, fill, line) in [(words.gained, BLUE, BLUE), (words.lost, hatch, VERMILION)] {
        let bar = canvas.tag("rect").at((x, 11.0)).size(20.0, 10.0).word("fill", fill);
        bar.word("stroke", line).number("stroke-width", 1.0).end();
        let text = svg::shortened(word, 250.0, FONT);
        canvas.text((x + 27.0, 20.0), FONT, Anchor::Start, &text);
        x += 52.0 + svg::text_width(&text, FONT);
    }
}

fn axis(canvas: &mut Canvas, sheet: &Sheet, words: &NightWords<'_>) {
    let (up, down) = ((sheet.zero - TOP) / sheet.unit, (sheet.bottom - sheet.zero) / sheet.unit);
    let (marks, decimals) = svg::ticks(-down.min(sheet.most), up.min(sheet.most), 5.0);
    // There is no half candidate.
    let is_whole = |mark: f64| decimals == 0 || (mark - mark.round()).abs() < 1e-6;
    for mark in marks.into_iter().filter(|mark| is_whole(*mark)) {
        let y = sheet.zero - mark * sheet.unit;
        canvas.line((LEFT, y), (RIGHT, y), "#e2e2e2", 0.8);
        canvas.line((LEFT - 4.0, y), (LEFT, y), INK, 1.0);
        let text = svg::shortened(&count(mark.abs().round() as u64), LEFT - 22.0, FONT);
        canvas.text((LEFT - 7.0, y + 4.0), FONT, Anchor::End, &text);
    }
    canvas.line((LEFT, TOP), (LEFT, sheet.bottom), INK, 1.0);
    let name = if sheet.is_broken { words.y_axis_broken } else { words.plot.y_axis };
    // Above the axis, where it has room and reads without turning the page.
    canvas.text((4.0, TOP - 6.0), FONT, Anchor::Start, &svg::shortened(name, MOST_WIDTH - 12.0, FONT));
}

/// A bar from the line: upwards if `out` is negative.
fn bar(canvas: &mut Canvas, sheet: &Sheet, (middle, out): (f64, f64), value: u64, fill: &str) {
    if value == 0 {
        return;
    }
    let is_broken = value as f64 > sheet.most;
    let long = (value as f64).min(sheet.most) * if is_broken { BROKEN } else { 1.0 } * sheet.unit;
    let long = long.max(1.0);
    let width = (sheet.slot * 0.62).min(34.0);
    let end = sheet.zero + out * long;
    let left = middle - width / 2.0;
    let line = if out < 0.0 { BLUE } else { VERMILION };
    let tag = canvas.tag("rect").at((left, end.min(sheet.zero))).size(width, long).word("fill", fill);
    tag.word("stroke", line).number("stroke-width", 1.0).end();
    if is_broken {
        // Two oblique lines with paper between them.
        let at = sheet.zero + out * sheet.most * sheet.unit * f64::midpoint(1.0, BROKEN);
        let (from, to) = (left - 3.0, left + width + 3.0);
        let gap = [(from, at + 5.0), (to, at - 1.0), (to, at - 5.0), (from, at + 1.0)];
        canvas.tag("path").word("d", &format!("{}Z", svg::path(&gap))).word("fill", PAPER).end();
        canvas.line(gap[0], gap[1], INK, 1.0);
        canvas.line(gap[3], gap[2], INK, 1.0);
    }
    let number = count(value);
    if number_width(value) > sheet.slot - 2.0 {
        let anchor = if out < 0.0 { Anchor::Start } else { Anchor::End };
        turned(canvas, (middle + 3.5, end + 5.0 * out), FONT - 1.0, anchor, &number);
    } else {
        let base = if out < 0.0 { end - 5.0 } else { end + FONT + 2.0 };
        canvas.text((middle, base), FONT - 1.0, Anchor::Middle, &number);
    }
}

fn label(canvas: &mut Canvas, sheet: &Sheet, middle: f64, name: &str) {
    if sheet.is_turned {
        let name = svg::shortened(name, sheet.labels - 4.0, FONT);
        turned(canvas, (middle + 4.0, sheet.bottom + 4.0), FONT, Anchor::End, &name);
    } else {
        canvas.text((middle, sheet.bottom + FONT + 4.0), FONT, Anchor::Middle, name);
    }
}

/// Text that reads upwards.
fn turned(canvas: &mut Canvas, at: (f64, f64), size: f64, anchor: Anchor, words: &str) {
    let transform = format!("translate({} {}) rotate(-90)", svg::number(at.0), svg::number(at.1));
    canvas.tag("text").number("font-size", size).anchor(anchor).word("transform", &transform).content(words);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::drawings::svg::check::{Dice, assert_well_formed};

    const WORDS: NightWords<'_> = NightWords {
        plot: PlotWords { title: "t", description: "d", x_axis: "night", y_axis: "candidates" },
        y_axis_broken: "candidates (broken bars are longer)",
        gained: "gained <1>",
        lost: "lost",
    };

    fn night(gained: u64, lost: u64) -> Night {
        Night { label: "2026-11-29 & 30".to_owned(), gained, lost }
    }

    #[test]
    fn any_values_give_a_sound_drawing() {
        let odd = [0, 1, 2, 7, 1_000, 100_000, u64::MAX];
        let mut dice = Dice::new(11);
        for number in 0..40 {
            let list: Vec<Night> =
                (0..number).map(|_| night(odd[dice.below(odd.len())], odd[dice.below(odd.len())])).collect();
            let drawing = nights(&list, &WORDS, "n");
            assert_well_formed(&drawing);
            assert_eq!(drawing, nights(&list, &WORDS, "n"));
            assert_eq!(drawing.matches("<g>").count(), number.min(MOST_NIGHTS));
        }
    }

    #[test]
    fn a_first_night_that_dwarfs_the_others_is_broken_and_the_axis_says_so() {
        let mut list = vec![night(100_000, 0)];
        list.extend((0..20).map(|at| night(at % 6, at % 3)));
        assert_eq!(cut(&list), 5.0);
        let drawing = nights(&list, &WORDS, "n");
        assert!(drawing.contains(WORDS.y_axis_broken) && drawing.contains(">100,000<"));
        list.remove(0);
        let drawing = nights(&list, &WORDS, "n");
        assert!(!drawing.contains(WORDS.y_axis_broken) && drawing.contains(">candidates<"));
    }

    #[test]
    fn only_what_is_far_beyond_the_median_is_cut() {
        assert_eq!(cut(&[]), 1.0);
        assert_eq!(cut(&[night(0, 0)]), 1.0);
        assert_eq!(cut(&[night(100_000, 5)]), 5.0);
        assert_eq!(cut(&[night(40, 5), night(30, 8)]), 40.0);
        assert_eq!(cut(&[night(100_000, 90_000), night(100_000, 3)]), 100_000.0);
    }

    #[test]
    fn bars_are_as_long_as_their_numbers() {
        let sheet = Sheet::of(&[night(40, 10), night(20, 0)]);
        assert!((sheet.unit * 50.0 - HIGH).abs() < 1e-9);
        assert!(sheet.zero - TOP > 40.0 * sheet.unit && sheet.bottom - sheet.zero > 10.0 * sheet.unit);
    }

    #[test]
    fn the_newest_nights_are_kept() {
        let list: Vec<Night> = (0..50).map(|at| Night { label: format!("n{at}."), gained: 1, lost: 0 }).collect();
        let drawing = nights(&list, &WORDS, "n");
        assert!(drawing.contains(">n49.<") && drawing.contains(">n20.<") && !drawing.contains(">n19.<"));
    }
}
