//! Renders pages from templates: the functions `t`, `word`, `say`, `num`, `sci`, `ratio`, `lr`, `heading`
//! and `view`.

use std::fmt::Write as _;
use std::sync::Arc;

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, HtmlEscape, UndefinedBehavior};

use super::error::PageError;
use super::phrases::{Catalogue, parts};
use super::templates::Templates;
use crate::model::Language;
use crate::report::SCHEMA_VERSION;
use crate::report::words::{count, probability, ratio};

/// Renders a template with a context.
///
/// # Errors
/// [`PageError`] for an invalid template, an unknown phrase, a missing or surplus placeholder, and a missing field of the
/// context.
pub(super) fn page(
    templates: &Templates,
    catalogue: Catalogue,
    template: &str,
    context: &serde_json::Value,
) -> Result<String, PageError> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    // A laboratory's own template may loop without end.
    env.set_fuel(Some(FUEL));
    // Blocks leave no empty lines.
    env.set_trim_blocks(true);
    env.set_lstrip_blocks(true);
    for (name, text) in &templates.files {
        env.add_template(name, text)?;
    }
    add_functions(&mut env, catalogue);
    // Given to templates that are included, too.
    if let Some(frame) = &templates.frame {
        env.add_global("work", Value::from_serialize(frame));
    }
    Ok(env.get_template(template)?.render(Value::from_serialize(context))?)
}

/// Renders a page whose context lacks only the language and the digest of the templates.
///
/// # Errors
/// As [`page`].
pub(super) fn finish(
    (language, words): (Language, Catalogue),
    templates: &Templates,
    template: &str,
    mut context: serde_json::Value,
) -> Result<String, PageError> {
    context["lang"] = language.code().into();
    context["template_digest"] = templates.digest().into();
    page(templates, words, template, &context)
}

/// Returns a context as JSON for programs.
///
/// # Errors
/// Never: a value can always be serialised.
pub(super) fn json_page(kind: &str, mut context: serde_json::Value) -> serde_json::Result<String> {
    context["schema_version"] = SCHEMA_VERSION.into();
    context["kind"] = kind.into();
    Ok(serde_json::to_string_pretty(&context)? + "\n")
}

/// Returns a time to the minute, for people: `2026-11-29 23:59 UTC`.
pub(super) fn minute(at: &str) -> String {
    format!("{} UTC", at.get(..16).unwrap_or(at).replace('T', " "))
}

/// The most steps of a template; the program's own take some ten thousand.
const FUEL: u64 = 20_000_000;

/// From here on a probability rounds to 1 with six digits.
const OVER: f64 = 0.999_999_5;

/// Adds the functions that templates call.
pub(super) fn add_functions(env: &mut Environment<'_>, catalogue: Catalogue) {
    let words = Arc::new(catalogue);
    let of = Arc::clone(&words);
    env.add_function("t", move |key: &str, named: Kwargs| phrase(&of, key, &named));
    let of = Arc::clone(&words);
    env.add_function("word", move |section: &str, key: &str| {
        let key = format!("{section}.{key}");
        of.get(&key).map(str::to_owned).ok_or_else(|| unknown(&key))
    });
    // For texts of the program that may have a phrase of their own: without one, the text itself.
    let of = Arc::clone(&words);
    env.add_function("say", move |section: &str, text: &str| {
        of.get(&format!("{section}.{text}")).unwrap_or(text).to_owned()
    });
    let of = Arc::clone(&words);
    env.add_function("heading", move |person: Value| {
        let (name, relation) = (person.get_attr("name")?, person.get_attr("relation")?);
        heading(&of, name.as_str(), relation.as_str())
            .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
    });
    let of = Arc::clone(&words);
    env.add_function("view", move |row: Value| view(&of, &row));
    env.add_function("num", |x: Option<f64>, digits: Option<usize>| match (x, digits) {
        (None, _) => "\u{2212}\u{221e}".to_owned(),
        (Some(x), None) => minus(&x.to_string()),
        (Some(x), Some(digits)) => minus(&format!("{x:.digits$}")),
    });
    let of = words;
    env.add_function("sci", move |x: f64| {
        Ok::<_, Error>(match x {
            _ if x > 1.0 => markup(&ratio(libm::log10(x))),
            _ if x == 0.0 => Value::from("0"),
            _ if x >= OVER => Value::from(of.get("number.over").ok_or_else(|| unknown("number.over"))?),
            _ => markup(&probability(x)),
        })
    });
    env.add_function("ratio", |x: f64| markup(&ratio(libm::log10(x))));
    env.add_function("lr", |log10: Option<f64>| log10.map_or_else(|| Value::from("0"), |log10| markup(&ratio(log10))));
}

fn unknown(key: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("the catalogue has no phrase {key}"))
}

/// Returns a phrase with its placeholders replaced, as safe markup. With `n` equal to 1 the phrase `key-one` is used if
/// there is one. Whole numbers get commas; other numbers must be formatted before.
fn phrase(words: &Catalogue, key: &str, named: &Kwargs) -> Result<Value, Error> {
    let is_one = named.has("n") && named.peek::<Value>("n")?.as_i64() == Some(1);
    let one = is_one.then(|| words.get(&format!("{key}-one"))).flatten();
    let phrase = one.or_else(|| words.get(key)).ok_or_else(|| unknown(key))?;
    let mut text = String::with_capacity(phrase.len());
    for part in parts(phrase) {
        match part {
            Ok(part) => text += &HtmlEscape(part).to_string(),
            Err(name) => text += &shown(&named.get::<Value>(name)?, key)?,
        }
    }
    // A singular needs no number.
    if is_one {
        named.get::<Value>("n")?;
    }
    named.assert_all_used()?;
    Ok(Value::from_safe_string(text))
}

fn shown(value: &Value, key: &str) -> Result<String, Error> {
    match value.kind() {
        ValueKind::Number if value.is_integer() => Ok(match u64::try_from(value.clone()) {
            Ok(number) => count(number),
            Err(_) => minus(&value.to_string()),
        }),
        ValueKind::Number | ValueKind::None | ValueKind::Undefined => {
            Err(Error::new(ErrorKind::InvalidOperation, format!("{key}: a value for a phrase must be formatted")))
        }
        _ if value.is_safe() => Ok(value.to_string()),
        _ => Ok(HtmlEscape(&value.to_string()).to_string()),
    }
}

/// Returns the heading of a person's column: a letter unchanged, otherwise the short word of the relation, with the number
/// that the name ends in (`sibling 2`).
///
/// # Errors
/// [`PageError::NoPhrase`].
pub(super) fn heading(words: &Catalogue, name: Option<&str>, relation: Option<&str>) -> Result<String, PageError> {
    let name = name.unwrap_or_default();
    if name.len() == 1 {
        return Ok(name.to_owned());
    }
    let short = words.need(&format!("short.{}", relation.unwrap_or_default()))?;
    let number = name.rsplit_once(' ').map(|(_, last)| last).filter(|last| last.bytes().all(|b| b.is_ascii_digit()));
    Ok(number.map_or_else(|| short.to_owned(), |number| format!("{short} {number}")))
}

/// Returns a view in words: composed from its parts (`kind` and what belongs to it), or from the word or the sentence in
/// `view`.
fn view(words: &Catalogue, row: &Value) -> Result<String, Error> {
    let text = |name: &str| row.get_attr(name).ok().and_then(|value| value.as_str().map(str::to_owned));
    let get = |key: &str| words.get(key).ok_or_else(|| unknown(key));
    let Some(kind) = text("kind") else {
        let view = text("view").unwrap_or_default();
        return Ok(words.get(&format!("view.{view}")).map_or(view, str::to_owned));
    };
    let relation = |name: &str| {
        text(name).ok_or_else(|| unknown(name)).and_then(|word| Ok(get(&format!("relation.{word}"))?.to_owned()))
    };
    let digits = |name: &str| text(name).map_or_else(String::new, |sample| sample.chars().take(8).collect::<String>());
    // A family may have several of these.
    let who = |of: &str, sample: &str| -> Result<String, Error> {
        let word = text(of).unwrap_or_default();
        let is_unique = matches!(word.as_str(), "father" | "mother") || word.contains("grand");
        Ok(if is_unique { relation(of)? } else { format!("{} {}", relation(of)?, digits(sample)) })
    };
    let values = match kind.as_str() {
        "without" => vec![("who", who("relation", "sample")?)],
        "other-parent" => vec![("who", relation("side")?)],
        "exchanged" => vec![("who", who("relation", "sample")?), ("with", who("with_relation", "with")?)],
        "half" => vec![("who", digits("sample")), ("shared", relation("shared")?)],
        "full" => vec![("who", digits("sample"))],
        _ => Vec::new(),
    };
    let mut line = String::new();
    for part in parts(get(&format!("view.{kind}"))?) {
        match part {
            Ok(part) => line += part,
            Err(name) => line += values.iter().find(|value| value.0 == name).map_or("", |value| value.1.as_str()),
        }
    }
    Ok(line)
}

/// Writes the minus sign of print, which is as wide as a plus and is not broken from its number.
fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

/// Turns `1.2e-6` into markup with a power of ten; other texts remain.
fn markup(text: &str) -> Value {
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let mut safe = String::new();
            let _ = write!(safe, "{}\u{a0}\u{d7}\u{a0}10<sup>{}</sup>", minus(mantissa), minus(exponent));
            Value::from_safe_string(format!("<span class=\"n\">{safe}</span>"))
        }
        None => Value::from(minus(text)),
    }
}
