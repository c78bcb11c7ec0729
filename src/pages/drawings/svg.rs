//! A small SVG builder: escapes text, writes numbers in one fixed form, and estimates the width of text.

use std::fmt::Write as _;

/// The widest drawing, in user units.
pub(crate) const MOST_WIDTH: f64 = 680.0;
/// Lines and text.
pub(crate) const INK: &str = "#1a1a1a";
/// Ticks, grids and other lines of little weight.
pub(crate) const FAINT: &str = "#8a8a8a";
/// One of the colour-blind-safe pair.
pub(crate) const BLUE: &str = "#0072B2";
/// The other of the colour-blind-safe pair.
pub(crate) const VERMILION: &str = "#D55E00";
/// Behind everything.
pub(crate) const PAPER: &str = "#ffffff";

const FONTS: &str = "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, sans-serif";

/// A number with at most one decimal, never `-0`; what is not finite becomes 0, since SVG has no word for it.
pub(crate) fn number(value: f64) -> String {
    let tenths = if value.is_finite() { (value * 10.0).round() } else { 0.0 };
    if tenths == 0.0 {
        return "0".to_owned();
    }
    if tenths % 10.0 == 0.0 { format!("{:.0}", tenths / 10.0) } else { format!("{:.1}", tenths / 10.0) }
}

/// A value as people read it, with a true minus sign and a sign for infinity.
pub(crate) fn value_text(value: f64, decimals: usize) -> String {
    if value.is_nan() {
        return "–".to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "−∞" } else { "∞" }.to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let is_zero = text.chars().all(|digit| digit == '0' || digit == '.');
    if value < 0.0 && !is_zero { format!("−{text}") } else { text }
}

/// Escapes `text` for element content and for attributes; characters that XML forbids become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// A drawing in the making.
pub(crate) struct Canvas {
    prefix: String,
    body: String,
}

/// An element whose attributes are being written.
#[must_use]
pub(crate) struct Tag<'a> {
    body: &'a mut String,
    name: &'static str,
}

/// Where text stands to its point.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Canvas {
    /// An empty drawing whose ids begin with `prefix`.
    pub(crate) fn new(prefix: &str) -> Self {
        let mut kept: String =
            prefix.chars().filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')).collect();
        // A name in XML begins with a letter.
        if !kept.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            kept.insert_str(0, "drawing");
        }
        Self { prefix: kept, body: String::new() }
    }

    /// The id of a part of this drawing.
    pub(crate) fn id(&self, part: &str) -> String {
        format!("{}-{part}", self.prefix)
    }

    /// Begins an element.
    pub(crate) fn tag(&mut self, name: &'static str) -> Tag<'_> {
        self.body.push('<');
        self.body.push_str(name);
        Tag { body: &mut self.body, name }
    }

    /// Ends an element that [`Tag::open`] opened.
    pub(crate) fn close(&mut self, name: &'static str) {
        let _ = write!(self.body, "</{name}>");
    }

    /// The words that a browser shows over the element just opened.
    pub(crate) fn hint(&mut self, words: &str) {
        self.tag("title").content(words);
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, width: f64) {
        self.dashed(from, to, stroke, width, "");
    }

    /// A straight line with a dash pattern; an empty pattern is a solid line.
    pub(crate) fn dashed(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, width: f64, dashes: &str) {
        let tag = self.tag("line").number("x1", from.0).number("y1", from.1).number("x2", to.0).number("y2", to.1);
        let tag = tag.word("stroke", stroke).number("stroke-width", width);
        if dashes.is_empty() { tag } else { tag.word("stroke-dasharray", dashes) }.end();
    }

    /// Text in ink on one line.
    pub(crate) fn text(&mut self, at: (f64, f64), size: f64, anchor: Anchor, words: &str) {
        self.tag("text").at(at).number("font-size", size).anchor(anchor).content(words);
    }

    /// The whole drawing.
    pub(crate) fn finish(self, width: f64, height: f64, title: &str, description: &str) -> String {
        let (wide, high) = (number(width), number(height));
        let (title_id, description_id) = (self.id("title"), self.id("desc"));
        let mut out = String::with_capacity(self.body.len() + 800);
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" \
             width=\"{wide}\" role=\"img\" aria-labelledby=\"{title_id} {description_id}\" \
             font-family=\"{FONTS}\" fill=\"{INK}\">"
        );
        let _ = write!(out, "<title id=\"{title_id}\">{}</title>", escape(title));
        let _ = write!(out, "<desc id=\"{description_id}\">{}</desc>", escape(description));
        let _ = write!(out, "<rect width=\"{wide}\" height=\"{high}\" fill=\"{PAPER}\"/>");
        out.push_str(&self.body);
        out.push_str("</svg>");
        out
    }
}

impl Tag<'_> {
    /// A numeric attribute.
    pub(crate) fn number(self, name: &str, value: f64) -> Self {
        let _ = write!(self.body, " {name}=\"{}\"", number(value));
        self
    }

    /// A textual attribute.
    pub(crate) fn word(self, name: &str, value: &str) -> Self {
        let _ = write!(self.body, " {name}=\"{}\"", escape(value));
        self
    }

    /// The position of a text or of a rectangle.
    pub(crate) fn at(self, at: (f64, f64)) -> Self {
        self.number("x", at.0).number("y", at.1)
    }

    /// The size of a rectangle.
    pub(crate) fn size(self, width: f64, height: f64) -> Self {
        self.number("width", width).number("height", height)
    }

    /// The path through `points`.
    pub(crate) fn through(self, points: &[(f64, f64)]) -> Self {
        self.word("d", &path(points))
    }

    /// How the text stands to its point.
    pub(crate) fn anchor(self, anchor: Anchor) -> Self {
        match anchor {
            Anchor::Start => self,
            Anchor::Middle => self.word("text-anchor", "middle"),
            Anchor::End => self.word("text-anchor", "end"),
        }
    }

    /// Ends an empty element.
    pub(crate) fn end(self) {
        self.body.push_str("/>");
    }

    /// Leaves the element open for children; [`Canvas::close`] ends it.
    pub(crate) fn open(self) {
        self.body.push('>');
    }

    /// Ends the element with text in it.
    pub(crate) fn content(self, words: &str) {
        let _ = write!(self.body, ">{}</{}>", escape(words), self.name);
    }
}

/// Defines oblique hatching, to fill with `url(#id)`.
pub(crate) fn hatching(canvas: &mut Canvas, id: &str, colour: &str) {
    canvas.tag("defs").open();
    let tag = canvas.tag("pattern").word("id", id).size(5.0, 5.0).word("patternUnits", "userSpaceOnUse");
    tag.word("patternTransform", "rotate(45)").open();
    canvas.tag("rect").size(5.0, 5.0).word("fill", PAPER).end();
    canvas.tag("rect").size(2.0, 5.0).word("fill", colour).end();
    canvas.close("pattern");
    canvas.close("defs");
}

/// The path data through `points`.
pub(crate) fn path(points: &[(f64, f64)]) -> String {
    let mut data = String::new();
    for (place, (x, y)) in points.iter().enumerate() {
        let _ = write!(data, "{}{} {}", if place == 0 { "M" } else { "L" }, number(*x), number(*y));
    }
    data
}

/// The estimated width of one character, in units of the font size. Rather too wide than too narrow: the reader's
/// font is unknown.
fn letter_width(letter: char) -> f64 {
    match letter {
        // Combining marks, joiners and variation selectors take no room.
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' => 0.0,
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.32,
        ' ' | 'f' | 'r' | 't' | 'I' | '(' | ')' | '[' | ']' | '-' | '/' => 0.4,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.95,
        'A'..='Z' => 0.7,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' => 1.0,
        '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' => 1.0,
        '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}' => 1.0,
        _ => 0.62,
    }
}

fn is_wide(letter: char) -> bool {
    letter_width(letter) >= 1.0
}

/// The estimated width of `text` at a font size.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    size * text.chars().map(letter_width).sum::<f64>()
}

/// `text` cut so that it fits, with an ellipsis if anything was cut.
pub(crate) fn shortened(text: &str, width: f64, size: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let room = width - text_width("…", size);
    let mut kept = String::new();
    let mut used = 0.0;
    for letter in text.chars() {
        used += size * letter_width(letter);
        if used > room {
            break;
        }
        kept.push(letter);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// `text` in at most `most` lines, broken at spaces, hyphens and between wide characters where that is possible; the
/// last line is shortened.
pub(crate) fn wrapped(text: &str, width: f64, size: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut rest = pieces(text).into_iter().peekable();
    while let Some(piece) = rest.peek() {
        let joined = format!("{line}{piece}");
        if text_width(joined.trim_end(), size) <= width {
            line = joined;
            rest.next();
        } else if lines.len() + 1 >= most {
            // The last line takes everything that is left and is cut.
            let left: String = rest.by_ref().collect();
            line = shortened(format!("{line}{left}").trim(), width, size);
        } else if !line.trim().is_empty() {
            lines.push(std::mem::take(&mut line).trim().to_owned());
        } else {
            // One word wider than the line: broken where the line ends.
            let word = rest.next().unwrap_or_default();
            let (head, tail) = broken(&word, width, size);
            lines.push(head);
            let left: String = std::iter::once(tail).chain(rest.by_ref()).collect();
            if !left.trim().is_empty() {
                lines.extend(wrapped(left.trim(), width, size, most - lines.len()));
            }
            return lines;
        }
    }
    if !line.trim().is_empty() {
        lines.push(line.trim().to_owned());
    }
    lines
}

/// A word that is too wide in two parts. Words get a hyphen; names of samples do not, since it would read as theirs.
fn broken(word: &str, width: f64, size: f64) -> (String, String) {
    let letters: Vec<char> = word.trim_end().chars().collect();
    let is_word = letters.iter().all(|letter| letter.is_alphabetic() && !is_wide(*letter));
    let hyphen = if is_word { size * letter_width('-') } else { 0.0 };
    let mut used = hyphen;
    let mut count = 0;
    for letter in &letters {
        used += size * letter_width(*letter);
        if used > width {
            break;
        }
        count += 1;
    }
    // At least one letter, and no single letter left over.
    if is_word && count + 1 == letters.len() && count > 2 {
        count -= 1;
    }
    let (head, tail) = letters.split_at(count.clamp(1, letters.len().max(1)).min(letters.len()));
    let mut head: String = head.iter().collect();
    if is_word && !tail.is_empty() && count > 1 {
        head.push('-');
    }
    let space = &word[word.trim_end().len()..];
    (head, format!("{}{space}", tail.iter().collect::<String>()))
}

/// The parts of `text` between which a line may break; each keeps the space after it.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut piece = String::new();
    let mut letters = text.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter }).peekable();
    while let Some(letter) = letters.next() {
        piece.push(letter);
        let next = letters.peek().copied();
        // No line begins with closing punctuation.
        let may_break = letter == ' ' || letter == '-' || is_wide(letter) || next.is_some_and(is_wide);
        let holds_on = next.is_some_and(|next| matches!(next, ' ' | '，' | '。' | '、' | '）' | '：' | '；' | '」'));
        let opens = matches!(letter, '（' | '「' | '《');
        if may_break && !holds_on && !opens {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// Ticks at 1, 2 or 5 times a power of ten within a range, about `about` of them, and the decimals they need.
pub(crate) fn ticks(low: f64, high: f64, about: f64) -> (Vec<f64>, usize) {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 {
        return (Vec::new(), 0);
    }
    let rough = span / about;
    let mut power = 1.0_f64;
    let mut decimals = 0;
    // Multiplied instead of raised to a power: the same bits on every machine.
    while power > rough && decimals < 12 {
        power /= 10.0;
        decimals += 1;
    }
    while power * 10.0 <= rough {
        power *= 10.0;
    }
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| power * times >= rough).unwrap_or(10.0);
    let step = power * times;
    if times >= 10.0 && decimals > 0 {
        decimals -= 1;
    }
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    let mut marks = Vec::new();
    let mut count = first;
    while count <= last && marks.len() < 100 {
        marks.push(count * step);
        count += 1.0;
    }
    (marks, decimals)
}

#[cfg(test)]
pub(crate) mod check {
    /// Fails unless `text` is well-formed as far as this crate writes XML: tags balance, attributes are quoted,
    /// entities are known.
    pub(crate) fn assert_well_formed(text: &str) {
        let mut open: Vec<String> = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find('<') {
            assert_entities(&rest[..start]);
            let end = rest[start..].find('>').expect("the tag ends") + start;
            let tag = &rest[start + 1..end];
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
            } else {
                let body = tag.strip_suffix('/').unwrap_or(tag);
                assert_eq!(body.matches('"').count() % 2, 0, "{tag}");
                assert_entities(body);
                let mut names: Vec<&str> =
                    body.split('"').step_by(2).map(|part| part.trim().trim_end_matches('=')).collect();
                names.sort_unstable();
                let before = names.len();
                names.dedup();
                assert_eq!(before, names.len(), "an attribute twice: {tag}");
                if !tag.ends_with('/') {
                    open.push(body.split_whitespace().next().expect("a name").to_owned());
                }
            }
            rest = &rest[end + 1..];
        }
        assert!(open.is_empty(), "{open:?}");
        assert!(!text.contains("NaN") && !text.contains("inf"), "a number is not finite");
    }

    fn assert_entities(text: &str) {
        assert!(!text.contains('>'));
        for after in text.split('&').skip(1) {
            let name = after.split(';').next().expect("the entity ends");
            assert!(matches!(name, "amp" | "lt" | "gt" | "quot" | "#39"), "{name}");
        }
    }

    /// A small generator of numbers (xorshift), the same on every machine.
    pub(crate) struct Dice(u64);

    impl Dice {
        pub(crate) fn new(seed: u64) -> Self {
            Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
        }

        pub(crate) fn below(&mut self, most: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from((self.0 >> 33) % (most.max(1) as u64)).expect("it fits")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_decimal_at_most() {
        let written: Vec<String> = [0.0, -0.04, 1.0, -2.25, 10.04, 1e6, f64::NAN].map(number).to_vec();
        assert_eq!(written, ["0", "0", "1", "-2.3", "10", "1000000", "0"]);
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("a<b & \"c\"\u{1}"), "a&lt;b &amp; &quot;c&quot;\u{fffd}");
    }

    #[test]
    fn labels_break_and_shorten() {
        assert_eq!(wrapped("maternal grandmother", 70.0, 10.0, 2), ["maternal", "grandmother"]);
        assert_eq!(wrapped("失踪儿童的外祖母", 42.0, 10.0, 2), ["失踪儿童", "的外祖母"]);
        assert_eq!(wrapped("ABCDEFGHIJKLMNOP", 30.0, 10.0, 3).len(), 3);
        assert_eq!(wrapped("", 30.0, 10.0, 3), Vec::<String>::new());
        for line in wrapped("W".repeat(50).as_str(), 5.0, 10.0, 3) {
            assert!(line.chars().count() <= 1, "{line}");
        }
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(-3.2, 7.9, 6.0).0, [-2.0, 0.0, 2.0, 4.0, 6.0]);
        assert_eq!(ticks(0.0, 0.35, 5.0), (vec![0.0, 0.1, 0.2, 0.30000000000000004], 1));
        assert!(ticks(1.0, 1.0, 5.0).0.is_empty());
    }

    #[test]
    fn values_read_well() {
        assert_eq!(value_text(-0.001, 2), "0.00");
        assert_eq!(value_text(-1.5, 2), "−1.50");
        assert_eq!(value_text(f64::NEG_INFINITY, 2), "−∞");
    }
}
