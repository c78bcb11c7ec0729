//! Recognises samples that are not persons: ladders, positive and negative controls.

/// Words that identify a control by themselves: control DNAs and kinds of control.
const CONTROLS: [&str; 36] = [
    "ladder",
    "positive",
    "negative",
    "blank",
    "control",
    "ctrl",
    "pos",
    "neg",
    "nc",
    "pc",
    "ntc",
    "9947a",
    "9948",
    "2800m",
    "k562",
    "f9947a",
    "m9948",
    "阳性对照",
    "阴性对照",
    "阳性",
    "阴性",
    "空白对照",
    "空白",
    "对照",
    "标准品",
    "分型标准物",
    "阴",
    "阳",
    "质控",
    "质控品",
    "lad",
    "yin",
    "water",
    "9947",
    "007",
    "f9948",
];

/// The text of the note about a control.
pub(in crate::intake) const SKIPPED_CONTROL: &str =
    "has the name of a control or ladder: skipped; if it is a person's sample, add it to a case list";

/// Words that may accompany them.
const BESIDE: [&str; 11] = ["allelic", "dna", "sample", "amp", "pcr", "extraction", "reagent", "kit", "h2o", "f", "m"];

/// Reports whether a sample's name is that of a control: it consists only of these words, running numbers of one or two
/// digits, and wells. So `NC-1` and `Ladder_A01` are controls; `NC-0012` and `Blank, J.` are not.
pub(in crate::intake) fn is_control(name: &str) -> bool {
    // No control has a name this long.
    if name.len() > 64 {
        return false;
    }
    let is = |known: &[&str], word: &str| known.iter().any(|known| known.eq_ignore_ascii_case(word));
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut any = false;
    for word in words {
        if is(&CONTROLS, word) {
            any = true;
        } else if !(is(&BESIDE, word) || is_number(word) || is_well(word)) {
            // A word with a number, such as `NC1` or `ladder2`.
            let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
            if word.len() - stem.len() > 2 || !is(&CONTROLS, stem) {
                return false;
            }
            any = true;
        }
    }
    any
}

/// Reports whether a cell of a column such as Sample Type or Specimen Category identifies a control.
pub(in crate::intake) fn is_control_type(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    ["ladder", "control", "对照", "质控", "标准物"].iter().any(|word| text.contains(word))
}

fn is_number(word: &str) -> bool {
    word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit())
}

/// Reports whether a word is a place on a plate, `A01` to `H12`.
fn is_well(word: &str) -> bool {
    matches!(
        word.as_bytes(),
        [b'a'..=b'h' | b'A'..=b'H', b'0'..=b'9'] | [b'a'..=b'h' | b'A'..=b'H', b'0'..=b'1', b'0'..=b'9']
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_known_by_name_and_persons_are_not() {
        for name in [
            "Ladder",
            "Allelic Ladder",
            "ladder_A01",
            "LADDER2",
            "NC",
            "nc-1",
            "NC1",
            "PC 2",
            "NTC",
            "9947A",
            "9948",
            "2800M",
            "2800M_H12",
            "Positive Control",
            "neg. ctrl",
            "Blank",
            "阴性对照",
            "阳性对照-1",
            "Extraction blank 3",
            "YIN",
            "LAD",
            "Water",
            "F-9948",
            "9947",
            "007",
            "阳性 1",
        ] {
            assert!(is_control(name), "{name}");
        }
        for name in [
            "S1",
            "NC-0012",
            "PC2024",
            "NC001",
            "9949",
            "99480",
            "Blank, J.",
            "Ladderman",
            "A01",
            "DNA",
            "",
            "12",
            "李阴性",
            "control of S1",
            "0071",
            "F1",
            "M-12",
        ] {
            assert!(!is_control(name), "{name}");
        }
        assert!(is_control_type("Allelic Ladder") && is_control_type(" Positive Control"));
        assert!(!is_control_type("Sample") && !is_control_type(""));
    }
}
