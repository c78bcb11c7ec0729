//! Finds the template that a text came from, and fills the template of the other language.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::wrap::width_of;

/// Texts within texts within texts; no message is deeper.
const DEEPEST: usize = 6;

/// From this many letters on, a template may hold values of several words that are not in the catalogue.
const SURE: usize = 12;

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
    letters: usize,
    target: Vec<Piece>,
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
            for (from, to) in part {
                match Template::new(&from, &to) {
                    Some(template) if template.names.is_empty() => _ = texts.insert(from, to),
                    Some(template) => templates.push(template),
                    None => {}
                }
            }
        }
        templates.sort_by(|one, other| (other.letters, &one.around).cmp(&(one.letters, &other.around)));
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
        let mut parts = Vec::new();
        let mut from = 0;
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

    /// Returns a text of one line and no columns; the same one if no part of it is known.
    fn phrase<'a>(&self, phrase: &'a str) -> Cow<'a, str> {
        self.deep(phrase, DEEPEST).map_or(Cow::Borrowed(phrase), Cow::Owned)
    }

    fn deep(&self, text: &str, depth: usize) -> Option<String> {
        if depth == 0 || !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return None;
        }
        if let Some(text) = self.texts.get(text) {
            return Some(text.clone());
        }
        if let Some(text) = self.templates.iter().find_map(|template| self.fill(template, text, depth)) {
            return Some(text);
        }
        self.framed(text, depth).or_else(|| self.split(text, depth))
    }

    /// A text between signs: at its end a stop or a colon, around it brackets.
    fn framed(&self, text: &str, depth: usize) -> Option<String> {
        let ends = [(":", "："), (";", "；"), (",", "，"), (".", "。"), (" *", " *")];
        for (sign, in_chinese) in ends {
            if let Some(rest) = text.strip_suffix(sign) {
                return Some(self.deep(rest, depth - 1)? + in_chinese);
            }
        }
        if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            return Some(format!("（{}）", self.deep(inner, depth - 1)?));
        }
        let rest = text.strip_prefix("* ")?;
        Some(format!("* {}", self.deep(rest, depth - 1)?))
    }

    /// A text whose parts are joined by signs, or that ends with a remark in brackets.
    fn split(&self, text: &str, depth: usize) -> Option<String> {
        for (joint, in_chinese) in JOINTS {
            if text.contains(joint) {
                let parts: Vec<&str> = text.split(joint).collect();
                let found: Vec<Option<String>> = parts.iter().map(|part| self.deep(part, depth - 1)).collect();
                if found.iter().any(Option::is_some) {
                    let shown: Vec<String> = parts
                        .iter()
                        .zip(found)
                        .map(|(part, found)| found.unwrap_or_else(|| (*part).to_owned()))
                        .collect();
                    return Some(shown.join(in_chinese));
                }
            }
        }
        let inner = text.strip_suffix(')')?;
        let (before, inner) = inner.split_once(" (")?;
        let (found, inside) = (self.deep(before, depth - 1), self.deep(inner, depth - 1));
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
    fn fill(&self, template: &Template, text: &str, depth: usize) -> Option<String> {
        let rest = text.strip_prefix(template.around.first()?.as_str())?;
        let last = template.around.last()?;
        let rest = rest.strip_suffix(last.as_str())?;
        let between = &template.around[1..template.around.len() - 1];
        let values = self.values(rest, between, template.letters >= SURE, depth)?;
        let mut shown = String::new();
        for piece in &template.target {
            match piece {
                Piece::Text(text) => shown += text,
                Piece::Value(number) => shown += values.get(*number)?,
            }
        }
        Some(shown)
    }

    /// Returns what stands between pieces of text, in the other language.
    fn values(&self, text: &str, between: &[String], is_sure: bool, depth: usize) -> Option<Vec<String>> {
        let value = |of: &str| -> Option<String> {
            match self.deep(of, depth - 1) {
                Some(value) => Some(value),
                None if is_sure || !of.trim().contains(' ') || is_quoted(of) => Some(of.to_owned()),
                None => None,
            }
        };
        let Some((piece, others)) = between.split_first() else {
            return Some(vec![value(text)?]);
        };
        // The first place need not be the right one: a name may contain the same words.
        let mut from = 0;
        while let Some(at) = text[from..].find(piece.as_str()) {
            let (before, after) = (&text[..from + at], &text[from + at + piece.len()..]);
            if let Some(rest) = self.values(after, others, is_sure, depth)
                && let Some(first) = value(before)
            {
                return Some([first].into_iter().chain(rest).collect());
            }
            from += at + piece.chars().next().map_or(1, char::len_utf8);
            if from > text.len() {
                break;
            }
        }
        None
    }
}

fn is_quoted(text: &str) -> bool {
    let ends = |sign: char| text.len() > 1 && text.starts_with(sign) && text.ends_with(sign);
    ends('"') || ends('`')
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
        let letters = around.iter().flat_map(|text| text.chars()).filter(|c| c.is_alphabetic()).count();
        Some(Self { around, names, letters, target })
    }
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
        assert_eq!(of("a brace {}"), "花括号{}");
        assert_eq!(of("what nobody translated"), "what nobody translated");
        assert_eq!(of("1.25"), "1.25");
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
