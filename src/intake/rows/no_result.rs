//! Recognises the signs for "no result" that laboratories write in place of an allele.

/// A sign for "no result".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) struct NoResult(usize);

/// The signs, each with its spellings in lower case; notes show the first. A sign may be alone in a cell, or in the
/// place of an allele.
const SIGNS: [&[&str]; 21] = [
    &["-", "--", "---", "----"],
    &["NA", "na", "n/a", "n.a.", "n.a"],
    &["0"],
    &["?", "??"],
    &["ND", "nd", "n/d", "n.d.", "not detected"],
    &["NR", "nr", "n/r", "n.r.", "no result"],
    &["INC", "inc", "inconclusive"],
    &["/", "//"],
    &["*", "**", "***"],
    &["NULL", "null"],
    &["none"],
    &["NaN", "nan"],
    &["NT", "nt", "n/t", "n.t.", "not typed"],
    &["untyped"],
    &["failed", "失败"],
    &["未检出", "未检测", "未检"],
    &["未分型"],
    &["无结果", "无峰"],
    &["无"],
    &["缺失"],
    &["空"],
];

impl NoResult {
    /// Number of signs.
    pub(in crate::intake) const COUNT: usize = SIGNS.len();

    /// Returns the sign in a text, in any case.
    pub(in crate::intake) fn read(text: &str) -> Option<Self> {
        // No sign is this long.
        if text.len() > 16 {
            return None;
        }
        SIGNS.iter().position(|sign| sign.iter().any(|spelling| spelling.eq_ignore_ascii_case(text))).map(Self)
    }

    /// Returns the number of the sign, from 0.
    pub(in crate::intake) fn number(self) -> usize {
        self.0
    }

    /// Returns the sign as notes show it.
    pub(in crate::intake) fn sign(self) -> &'static str {
        SIGNS[self.0][0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_known_in_any_case_and_alleles_are_none() {
        for (text, sign) in [
            ("-", "-"),
            ("--", "-"),
            ("n/a", "NA"),
            ("nd", "ND"),
            ("N.D.", "ND"),
            ("Inc", "INC"),
            ("nr", "NR"),
            ("NaN", "NaN"),
            ("None", "none"),
            ("Failed", "failed"),
            ("无", "无"),
        ] {
            assert_eq!(NoResult::read(text).map(NoResult::sign), Some(sign), "{text}");
        }
        for text in ["", "14", "00", "X", "OL", "NB", "neg", "9.3"] {
            assert_eq!(NoResult::read(text), None, "{text}");
        }
        for sign in SIGNS {
            assert!(sign[1..].iter().all(|spelling| spelling.to_lowercase() == *spelling));
        }
    }
}
