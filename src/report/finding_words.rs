//! What findings mean and what to do about them, in the language of the reader.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::model::{FindingCode, Language, Severity};

/// The Chinese texts, by the English ones of the codes; a test compares the two.
static ZH: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| toml::from_str(include_str!("findings_zh.toml")).unwrap_or_default());

fn in_language(english: &'static str, language: Language) -> &'static str {
    match language {
        Language::English => english,
        Language::Chinese => ZH.get(english).map_or(english, String::as_str),
    }
}

/// Returns what a finding means.
pub(super) fn meaning(code: FindingCode, language: Language) -> &'static str {
    in_language(code.meaning(), language)
}

/// Returns what to do about a finding, in a language.
#[must_use]
pub fn remedy(code: FindingCode, language: Language) -> &'static str {
    in_language(code.remedy(), language)
}

/// Returns the word for a severity.
pub(super) fn severity(of: Severity, language: Language) -> &'static str {
    match (language, of) {
        (Language::English, _) => of.word(),
        (Language::Chinese, Severity::Error) => "错误",
        (Language::Chinese, Severity::Warning) => "警告",
        (Language::Chinese, Severity::Note) => "提示",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_text_of_a_finding_has_its_chinese() {
        let english: BTreeSet<&str> =
            FindingCode::ALL.iter().flat_map(|code| [code.meaning(), code.remedy()]).collect();
        let known: BTreeSet<&str> = ZH.keys().map(String::as_str).collect();
        assert_eq!(known, english);
        for (english, chinese) in &*ZH {
            assert!(!chinese.is_ascii() && !chinese.ends_with('。'), "{english}");
            for word in english.split_whitespace().filter(|word| word.starts_with("--")) {
                let option = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                assert!(chinese.contains(option), "{english}: {option}");
            }
        }
        assert_eq!(remedy(FindingCode::RepeatedSample, Language::English), "remove one of the two rows");
        assert_ne!(remedy(FindingCode::RepeatedSample, Language::Chinese), "remove one of the two rows");
    }
}
