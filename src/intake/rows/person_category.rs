//! Reads the column with the category of a person: a child of unknown origin, or a relative.

use crate::intake::rows::relation_words::stated_relation;
use crate::intake::text::characters::to_ascii;

/// The category of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum PersonCategory {
    /// A child of unknown origin, or a person whose own sample is searched for.
    Child,
    /// A relative of a missing person.
    Relative,
}

/// Words that mark a person as a relative if a text contains one. They have priority: `被拐儿童父母` are parents.
const OF_RELATIVES: [&str; 8] = ["父", "母", "亲属", "家属", "relative", "parent", "father", "mother"];
/// Words that mark a person as the one who is searched for if a text contains one.
const OF_CHILDREN: [&str; 12] = [
    "儿童",
    "孩",
    "婴",
    "幼",
    "孤儿",
    "本人",
    "失踪人",
    "无名",
    "child",
    "foundling",
    "missing person",
    "unidentified",
];

/// Returns the category in a cell; `None` if it is unknown. Numbers are codes of the national system: 10 a trafficked
/// child, 11 a parent of one, 6 a missing person, 7 a relative of one.
pub(in crate::intake) fn person_category(cell: &str) -> Option<PersonCategory> {
    let text = to_ascii(cell).to_lowercase();
    let text = text.trim();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match text {
        "10" | "6" => Some(PersonCategory::Child),
        "11" | "7" => Some(PersonCategory::Relative),
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => None,
        _ if has(&OF_RELATIVES) => Some(PersonCategory::Relative),
        _ if has(&OF_CHILDREN) => Some(PersonCategory::Child),
        _ => stated_relation(cell).is_ok().then_some(PersonCategory::Relative),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_told_by_word_and_by_national_code() {
        use PersonCategory::{Child, Relative};
        for (cell, category) in [
            ("打拐儿童", Some(Child)),
            ("疑似被拐儿童", Some(Child)),
            ("来历不明儿童", Some(Child)),
            ("孩子", Some(Child)),
            ("本人", Some(Child)),
            ("Child of unknown origin", Some(Child)),
            ("10", Some(Child)),
            ("打拐父母", Some(Relative)),
            ("被拐儿童父母", Some(Relative)),
            ("失踪人员亲属", Some(Relative)),
            ("父亲", Some(Relative)),
            ("祖母", Some(Relative)),
            ("叔叔", Some(Relative)),
            ("relative of a missing child", Some(Relative)),
            ("１１", Some(Relative)),
            ("嫌疑人", None),
            ("1", None),
            ("", None),
        ] {
            assert_eq!(person_category(cell), category, "{cell}");
        }
    }
}
