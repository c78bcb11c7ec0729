//! Finds the template that a text came from, and fills the template of the other language.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::wrap::width_of;

/// Texts within texts within texts; no message is deeper.
const DEEPEST: usize = 6;

/// From this many letters on, a template may hold values of several words that are not in the catalogue.
const SURE: usize = 12;

/// The signs of a message of which all ways to split it are tried.
const MOST_CUTS: usize = 24;

/// What joins the parts of a message, in the order in which they are split, and what joins them in Chinese.
const JOINTS: [(&str, &str); 3] = [("; ", "；"), (": ", "："), (", ", "，")];

/// Texts of one language by those of another.
#[derive(Debug)]
pub(super) struct Catalogue {
    /// Texts without placeholders.
    texts: HashMap<String, String>,
    /// Texts with placeholders, those with more letters of their own first.
    templates: Vec<Template>,
}

#[derive(Debug)]
struct Template {
    /// The text around the placeholders: one piece more than there are placeholders.
    around: Vec<String>,
    /// The names of the placeholders; numbers for those that have none.
    names: Vec<String>,
    /// What fills each placeholder.
    fillings: Vec<Filling>,
    letters: usize,
    target: Vec<Piece>,
}

/// What fills a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filling {
    /// A text, which is looked up by itself.
    Text,
    /// A part of a command, or a name in back quotes, which a reader types.
    Typed,
    /// The name of a column in a finding. It is translated only as `column NAME`, to a heading that imports accept.
    Column,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    /// What fills the placeholder of this number.
    Value(usize),
}

impl Catalogue {
    pub(super) fn new<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut texts, mut templates) = (HashMap::new(), Vec::new());
        for part in parts {
            let part: BTreeMap<String, String> = toml::from_str(part).unwrap_or_default();
            // What nobody reads is there without its Chinese.
            for (from, to) in part.into_iter().filter(|text| !text.1.is_empty()) {
                match Template::new(&from, &to) {
                    Some(Template { around, names, target, .. }) if names.is_empty() => {
                        let said =
                            target.iter().map(|piece| if let Piece::Text(text) = piece { text.as_str() } else { "" });
                        texts.insert(around.concat(), said.collect());
                    }
                    Some(template) => templates.push(template),
                    None => {}
                }
            }
        }
        // Of two with the same letters, the one with more placeholders has more signs: `column {} ({})`, `column {}`.
        templates.sort_by(|one, other| {
            (other.letters, other.around.len(), &one.around).cmp(&(one.letters, one.around.len(), &other.around))
        });
        Self { texts, templates }
    }

    /// Returns a text of several lines.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let lines: Vec<Cow<'a, str>> = text.split('\n').map(|line| self.line(line)).collect();
        if lines.iter().all(|line| matches!(line, Cow::Borrowed(_))) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(lines.join("\n"))
    }

    /// Returns a line. Parts with two blanks between them are columns, which begin where they began if there is room.
    fn line<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let begin = line.len() - line.trim_start_matches(' ').len();
        if let Some(found) = self.whole_line(&line[begin..]) {
            return Cow::Owned(line[..begin].to_owned() + &found);
        }
        let mut parts = Vec::new();
        let mut from = begin;
        while let Some(blanks) = line[from..].find("  ") {
            let at = from + blanks;
            let next = at + line[at..].bytes().take_while(|&byte| byte == b' ').count();
            parts.push((from, &line[from..at]));
            from = next;
        }
        parts.push((from, &line[from..]));
        let found: Vec<Cow<'a, str>> = parts.iter().map(|part| self.phrase(part.1)).collect();
        if found.iter().all(|part| matches!(part, Cow::Borrowed(_))) {
            return Cow::Borrowed(line);
        }
        let mut shown = String::new();
        for ((begin, was), part) in parts.iter().zip(&found) {
            let column = width_of(&line[..*begin]);
            let room = if shown.is_empty() || was.is_empty() { 0 } else { 2 };
            let blanks = column.saturating_sub(width_of(&shown)).max(room);
            shown.extend(std::iter::repeat_n(' ', blanks));
            shown += part;
        }
        Cow::Owned(shown)
    }

    /// Returns a line that the catalogue has with its columns.
    fn whole_line(&self, line: &str) -> Option<String> {
        if !line.contains("  ") {
            return None;
        }
        let has_columns = |template: &&Template| template.around.iter().any(|text| text.contains("  "));
        self.texts.get(line).cloned().or_else(|| {
            self.templates
                .iter()
                .filter(has_columns)
                .find_map(|template| self.fill(template, line, DEEPEST, Values::Short))
        })
    }

    /// Returns a text of one line and no columns; the same one if no part of it is known.
    fn phrase<'a>(&self, phrase: &'a str) -> Cow<'a, str> {
        self.deep(phrase, DEEPEST).map_or(Cow::Borrowed(phrase), Cow::Owned)
    }

    /// Tries what is surer first: a text as a whole, parts of it that are all known, a template that holds several parts of a
    /// message, and the parts that are known.
    fn deep(&self, text: &str, depth: usize) -> Option<String> {
        if depth == 0 || !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return None;
        }
        if let Some(said) = self.whole(text, depth).or_else(|| self.framed(text, depth)) {
            return Some(said);
        }
        let parts = self.parts(text, depth);
        if let Some(Parts { unknown: 0, said, .. }) = parts {
            return Some(said);
        }
        // A short template would take a word out of the middle of a message.
        let mut sure = self.templates.iter().filter(|template| template.letters >= SURE);
        sure.find_map(|template| self.fill(template, text, depth, Values::Any))
            .or(parts.map(|parts| parts.said))
            .or_else(|| self.remark(text, depth))
    }

    /// A text, or a template whose values are no messages of several parts.
    fn whole(&self, text: &str, depth: usize) -> Option<String> {
        if let Some(text) = self.texts.get(text) {
            return Some(text.clone());
        }
        self.templates.iter().find_map(|template| self.fill(template, text, depth, Values::Short))
    }

    /// A text with signs at its ends: a stop, brackets, the mark of a list, the code of a finding.
    fn framed(&self, text: &str, depth: usize) -> Option<String> {
        let ends = [(":", "："), (";", "；"), (",", "，"), (".", "。"), (" *", " *")];
        for (sign, in_chinese) in ends {
            if let Some(rest) = text.strip_suffix(sign) {
                return Some(self.deep(rest, depth.saturating_sub(1))? + in_chinese);
            }
        }
        if let Some((before, (severity, code))) = text
            .strip_suffix(']')
            .and_then(|rest| rest.rsplit_once(" ["))
            .and_then(|(before, inside)| Some((before, inside.split_once(": ")?)))
        {
            let of = |text: &str| self.deep(text, depth.saturating_sub(1)).unwrap_or_else(|| text.to_owned());
            // The code is looked up with `reunite findings`.
            return Some(format!("{} [{}: {code}]", of(before), of(severity)));
        }
        if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            return Some(format!("（{}）", self.deep(inner, depth.saturating_sub(1))?));
        }
        ["* ", "- ", "# "].iter().find_map(|mark| {
            let rest = text.strip_prefix(mark)?;
            Some((*mark).to_owned() + &self.deep(rest, depth.saturating_sub(1))?)
        })
    }

    /// Splits a text at signs, so that as few letters as possible are in parts that are not known, and there are few parts.
    fn parts(&self, text: &str, depth: usize) -> Option<Parts> {
        let mut cuts: Vec<(usize, usize, &str)> = JOINTS
            .iter()
            .flat_map(|&(joint, in_chinese)| {
                text.match_indices(joint).map(move |(at, _)| (at, joint.len(), in_chinese))
            })
            .collect();
        if cuts.is_empty() || cuts.len() > MOST_CUTS {
            return None;
        }
        cuts.sort_unstable();
        cuts.push((text.len(), 0, ""));
        // From behind: the best way to say the text from each place on.
        let mut best: HashMap<usize, Parts> = HashMap::from([(text.len(), Parts::default())]);
        let begins: Vec<usize> = std::iter::once(0).chain(cuts.iter().map(|cut| cut.0 + cut.1)).collect();
        for &begin in begins.iter().rev().filter(|&&begin| begin < text.len()) {
            let mut is_next = true;
            let mut found: Option<Parts> = None;
            for &(end, length, in_chinese) in cuts.iter().filter(|cut| cut.0 > begin) {
                let part = &text[begin..end];
                let said = if part.len() == text.len() { None } else { self.whole(part, depth.saturating_sub(1)) };
                // What is not known stays as it was, and as short as it can be.
                let said = match said {
                    Some(said) => Some((0, said)),
                    None if is_plain(part) => Some((0, part.to_owned())),
                    None if is_next && part.len() < text.len() => {
                        let inner = self
                            .framed(part, depth.saturating_sub(1))
                            .or_else(|| self.remark(part, depth.saturating_sub(1)));
                        Some(inner.map_or_else(|| (letters(part), part.to_owned()), |said| (1, said)))
                    }
                    None => None,
                };
                is_next = false;
                if let Some((unknown, said)) = said
                    && let Some(after) = best.get(&(end + length))
                {
                    let all = Parts {
                        unknown: unknown + after.unknown,
                        number: 1 + after.number,
                        said: said + in_chinese + &after.said,
                    };
                    if found.as_ref().is_none_or(|one| (all.unknown, all.number) < (one.unknown, one.number)) {
                        found = Some(all);
                    }
                }
            }
            if let Some(found) = found {
                best.insert(begin, found);
            }
        }
        let all = best.remove(&0)?;
        (all.unknown < letters(text) && all.said != text).then_some(all)
    }

    /// A text that ends with a remark in brackets.
    fn remark(&self, text: &str, depth: usize) -> Option<String> {
        let inner = text.strip_suffix(')')?;
        let (before, inner) = inner.split_once(" (")?;
        let (found, inside) = (self.deep(before, depth.saturating_sub(1)), self.deep(inner, depth.saturating_sub(1)));
        if found.is_none() && inside.is_none() {
            return None;
        }
        Some(format!(
            "{}（{}）",
            found.unwrap_or_else(|| before.to_owned()),
            inside.unwrap_or_else(|| inner.to_owned())
        ))
    }

    /// Fills a template's other side, if the text came from it.
    fn fill(&self, template: &Template, text: &str, depth: usize, values: Values) -> Option<String> {
        let rest = text.strip_prefix(template.around.first()?.as_str())?;
        let rest = rest.strip_suffix(template.around.last()?.as_str())?;
        let between = &template.around[1..template.around.len() - 1];
        let found = self.values(rest, between, template, depth, values, true)?;
        let mut shown = String::new();
        for piece in &template.target {
            match piece {
                Piece::Text(text) => shown += text,
                Piece::Value(number) => shown += found.get(*number)?,
            }
        }
        Some(shown)
    }

    /// Returns what stands between pieces of text, in the other language.
    fn values(
        &self,
        text: &str,
        between: &[String],
        template: &Template,
        depth: usize,
        values: Values,
        is_first: bool,
    ) -> Option<Vec<String>> {
        let is_sure = template.letters >= SURE;
        let value = |of: &str| -> Option<String> {
            let is_several = values == Values::Short && JOINTS[..2].iter().any(|joint| of.contains(joint.0));
            if is_several || of.ends_with([':', ';', ',']) {
                return None;
            }
            match template.fillings[template.names.len() - 1 - between.len()] {
                Filling::Typed => return Some(of.to_owned()),
                Filling::Column => {
                    let heading = self.texts.get(&format!("column {of}"));
                    return Some(heading.map_or(of, String::as_str).to_owned());
                }
                Filling::Text => {}
            }
            let said = self.deep(of, depth.saturating_sub(1)).filter(|said| said != of);
            // `{} families` counts them, and does not take a word from another text.
            let counts = is_first && template.around[0].is_empty() && !is_sure;
            // Nor does `{} replaced` take numbers that are counted before it, or `{} children` count no child.
            let begins = is_first && template.around[0].is_empty() && values == Values::Short;
            if (counts || begins) && of.contains(", ") || counts && of == "no" {
                return None;
            }
            match said {
                Some(said) => Some(said),
                None if counts => is_number(of).then(|| of.to_owned()),
                None => (is_sure || !of.is_empty() && is_plain(of)).then(|| of.to_owned()),
            }
        };
        let Some((piece, others)) = between.split_first() else {
            return Some(vec![value(text)?]);
        };
        // The first place need not be the right one: a name may contain the same words.
        for (at, _) in text.match_indices(piece.as_str()) {
            let (before, after) = (&text[..at], &text[at + piece.len()..]);
            if let Some(rest) = self.values(after, others, template, depth, values, false)
                && let Some(first) = value(before)
            {
                return Some([first].into_iter().chain(rest).collect());
            }
        }
        None
    }
}

/// A text in parts.
#[derive(Debug, Default)]
struct Parts {
    /// Letters in parts that are not known.
    unknown: usize,
    number: usize,
    said: String,
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

/// What may fill a placeholder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    /// No message of several parts.
    Short,
    Any,
}

/// Whether a text has nothing to say in another language: a name, a number, a quotation.
fn is_plain(text: &str) -> bool {
    let ends = |sign: char| text.len() > 1 && text.starts_with(sign) && text.ends_with(sign);
    !text.trim().contains(' ') || ends('"') || ends('`')
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
}

impl Template {
    fn new(from: &str, to: &str) -> Option<Self> {
        let mut number = 0;
        let mut names = Vec::new();
        let mut around = vec![String::new()];
        for piece in pieces(from)? {
            match piece {
                Ok(text) => around.last_mut()?.push_str(&text),
                Err(name) => {
                    names.push(if name.is_empty() { number.to_string() } else { name.clone() });
                    number += usize::from(name.is_empty());
                    around.push(String::new());
                }
            }
        }
        let target = pieces(to)?.into_iter().map(|piece| {
            Some(match piece {
                Ok(text) => Piece::Text(text),
                Err(name) => Piece::Value(names.iter().position(|one| *one == name)?),
            })
        });
        let target = target.collect::<Option<Vec<Piece>>>()?;
        let letters = around.iter().map(|text| letters(text)).sum();
        let fillings = (1..around.len()).map(|number| filling(&around[..number])).collect();
        Some(Self { around, names, fillings, letters, target })
    }
}

/// Returns what follows these texts of a template. Within back quotes, and as the value of an option, it is typed.
fn filling(before: &[String]) -> Filling {
    match before.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [.., column, " ("] if column.ends_with("column ") => return Filling::Column,
        // The code of a finding, after its severity.
        [.., severity, ": "] if severity.ends_with('[') => return Filling::Typed,
        _ => {}
    }
    let last = before.last().map_or("", String::as_str);
    let is_quoted = before.iter().map(|text| text.matches('`').count()).sum::<usize>() % 2 == 1;
    let is_value =
        last.ends_with(' ') && last.split_whitespace().next_back().is_some_and(|word| word.starts_with("--"));
    if is_quoted || is_value { Filling::Typed } else { Filling::Text }
}

/// Splits a template into texts and the names of its placeholders; `None` if a brace is not closed.
fn pieces(template: &str) -> Option<Vec<Result<String, String>>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text += &rest[..at];
        let sign = &rest[at..=at];
        if rest[at + 1..].starts_with(sign) {
            text += sign;
            rest = &rest[at + 2..];
            continue;
        }
        let end = rest[at..].find('}')?;
        let name = rest.get(at + 1..at + end)?;
        pieces.push(Ok(std::mem::take(&mut text)));
        pieces.push(Err(name.split(':').next().unwrap_or(name).to_owned()));
        rest = &rest[at + end + 1..];
    }
    text += rest;
    pieces.push(Ok(text));
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::new([r#"
            "families" = "家系"
            "{} families" = "{0}个家系"
            "{} children" = "{0}名儿童"
            "{} of {} were compared" = "共{1}，比对了{0}"
            "the store {path} cannot be read" = "无法读取库{path}"
            "permission denied" = "没有权限"
            "give another folder" = "请换一个文件夹"
            "new" = "新"
            "a brace {{}}" = "花括号{{}}"
            "convert it with `x --kind {kind}`" = "用 `x --kind {kind}` 换算"
            "{} replaced" = "替换{0}"
            "{} left" = "剩余{0}"
            "column {}" = "{0}列"
            "column {} ({})" = "{0}列（{1}）"
            "line {}, column {} ({})" = "第{0}行{1}列（{2}）"
            "column born" = "出生日期"
            "#])
    }

    #[test]
    fn a_text_is_found_again_as_its_template() {
        let words = catalogue();
        let of = |text: &str| words.text(text).into_owned();
        assert_eq!(of("families"), "家系");
        assert_eq!(of("12 families"), "12个家系");
        assert_eq!(of("12 families of 2,000 families were compared"), "共2,000个家系，比对了12个家系");
        assert_eq!(of("the store /a b/c cannot be read"), "无法读取库/a b/c");
        assert_eq!(of("as families"), "as families");
        assert_eq!(of("x.csv, line 3: families [error: families]"), "x.csv，line 3：家系 [error: families]");
        assert_eq!(of("a brace {}"), "花括号{}");
        assert_eq!(of("what nobody translated"), "what nobody translated");
        assert_eq!(of("1.25"), "1.25");
        assert_eq!(of("convert it with `x --kind families`"), "用 `x --kind families` 换算");
    }

    #[test]
    fn parts_of_a_message_are_found_by_themselves() {
        let words = catalogue();
        let of = |text: &str| words.text(text).into_owned();
        assert_eq!(
            of("error: the store x cannot be read: permission denied; give another folder"),
            "error：无法读取库x：没有权限；请换一个文件夹"
        );
        assert_eq!(of("(new)\nfamilies:"), "（新）\n家系：");
        assert_eq!(of("3 families (2 children)"), "3个家系（2名儿童）");
        // What a short template would tear apart stays whole.
        assert_eq!(of("one thing and other families"), "one thing and other families");
    }

    #[test]
    fn counts_one_after_the_other_keep_their_order() {
        let words = catalogue();
        assert_eq!(words.text("0 left, 1 replaced"), "剩余0，替换1");
    }

    #[test]
    fn the_name_of_a_column_stays_unless_it_has_a_heading() {
        let words = catalogue();
        assert_eq!(words.text("x.csv, line 3, column F (born)"), "x.csv，第3行F列（出生日期）");
        assert_eq!(words.text("x.csv:3: column AB (families): new"), "x.csv:3：AB列（families）：新");
    }

    #[test]
    fn columns_begin_where_they_began() {
        let words = catalogue();
        assert_eq!(words.text("  1  families            new"), "  1  家系                新");
        assert_eq!(words.text("     families  x"), "     家系      x");
    }

    #[test]
    fn a_name_with_the_words_of_a_template_does_not_mislead() {
        let words = catalogue();
        assert_eq!(words.text("the store a cannot be read b cannot be read"), "无法读取库a cannot be read b");
    }
}
