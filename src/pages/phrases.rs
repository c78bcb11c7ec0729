//! Holds the phrases of one language, by section and key.

use std::collections::BTreeMap;

use super::error::PageError;
use crate::model::Language;

const EN: &str = include_str!("words/en.toml");
const ZH: &str = include_str!("words/zh.toml");

/// The phrases of a language: `section.key` and the phrase.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    phrases: BTreeMap<String, String>,
}

impl Catalogue {
    /// Returns the catalogue of a language.
    ///
    /// # Errors
    /// [`PageError`] if the catalogue is not a table of tables of texts.
    pub(super) fn of(language: Language) -> Result<Self, PageError> {
        let sections: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(match language {
            Language::English => EN,
            Language::Chinese => ZH,
        })?;
        let named = |(section, keys): (String, BTreeMap<String, String>)| {
            keys.into_iter().map(move |(key, phrase)| (format!("{section}.{key}"), phrase))
        };
        Ok(Self { phrases: sections.into_iter().flat_map(named).collect() })
    }

    /// Returns a phrase; `None` if there is none.
    #[must_use]
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.phrases.get(key).map(String::as_str)
    }

    /// Returns a phrase.
    ///
    /// # Errors
    /// [`PageError`] if there is none.
    pub(super) fn need(&self, key: &str) -> Result<&str, PageError> {
        self.get(key).ok_or_else(|| PageError::NoPhrase(key.to_owned()))
    }

    /// Lists all keys with their phrases.
    #[cfg(test)]
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.phrases.iter().map(|(key, phrase)| (key.as_str(), phrase.as_str()))
    }
}

/// Splits a phrase into texts and names of placeholders, in order: `Ok` is text, `Err` a name.
pub(super) fn parts(phrase: &str) -> Vec<Result<&str, &str>> {
    let (mut parts, mut rest) = (Vec::new(), phrase);
    while let Some((text, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        parts.push(Ok(text));
        parts.push(Err(name));
        rest = after;
    }
    parts.push(Ok(rest));
    parts
}
