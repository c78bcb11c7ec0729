//! Defines the answers of a check, with their words.

use crate::model::Pseudonym;

/// How much an answer matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The certificate cannot be this child's, or cannot be genuine, unless there is a mistake.
    Contradiction,
    /// It is unusual, and needs an explanation.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// Returns the word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Contradiction => "contradiction",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Makes the enum and its table of rows `Variant, word, severity, meaning and remedy;`.
macro_rules! codes {
    ($($variant:ident, $word:literal, $severity:ident, $text:literal;)+) => {
        /// The kind of an answer. Its word is stable: programs may depend on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = concat!("`", $word, "`: ", $text, ".")] $variant,)+
        }

        impl Code {
            /// Every code, by word.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the stable word in reports.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Returns the severity.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// Returns the reason, and what to do.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

codes! {
    BirthDate, "birth-date", Contradiction, "the claimed birth date is more than 60 days from the registry's; compare with the certificate";
    BirthDateNear, "birth-date-near", Warning, "the claimed birth date is up to 60 days from the registry's, as a date of the lunar calendar may be; compare with the certificate";
    ClaimedBeforeIssue, "claimed-before-issue", Contradiction, "the certificate was claimed before the day of issue in the registry; compare both dates";
    Consecutive, "consecutive", Warning, "other children claimed numbers close to this one at the same place; find out how they were obtained";
    DnaContradicts, "dna-contradicts", Contradiction, "the DNA contradicts the parents on the certificate: it may be another child's, or was sold; type a second sample, then investigate";
    DnaFailed, "dna-failed", Warning, "the DNA of the certificate's parents could not be compared; `reunite lr` shows the reason for a case file";
    DnaSupports, "dna-supports", Note, "the DNA supports the parents on the certificate";
    DnaUndecided, "dna-undecided", Note, "the DNA neither supports nor contradicts the parents on the certificate; type more loci, or the other parent";
    IssuedBeforeBirth, "issued-before-birth", Contradiction, "the day of issue in the registry is before the day of birth; ask the office that issued it";
    IssuedElsewhere, "issued-elsewhere", Warning, "the number or the place of issue is of another province than the birth; ask the office that issued it";
    Known, "known", Note, "the registry has the number";
    Late, "late", Warning, "the certificate was issued more than a year after the birth; ask the office for its papers";
    Malformed, "malformed", Contradiction, "the number has neither a letter and nine digits nor digits alone; read it again from the certificate";
    NotCovered, "not-covered", Note, "the registry has no certificate of this province and form, so the number cannot be checked; import the registry extract of that province";
    NotTyped, "not-typed", Note, "no parent on the certificate is typed: a genuine certificate that was sold cannot be recognised; take samples of the parents";
    OtherCity, "other-city", Note, "the certificate was issued in another city of the province than the birth";
    Province, "province", Warning, "the first two digits of the number are not those of a province; compare with the certificate";
    SeveralChildren, "several-children", Contradiction, "other children claim the same number; compare their samples with `reunite kin --within children --relation identity`, then investigate";
    SeveralNumbers, "several-numbers", Warning, "the child claims several certificates; find out which is the child's";
    Sex, "sex", Contradiction, "the claimed sex, or that of the sample, is not the sex in the registry; rule out exchanged samples, then investigate";
    Unknown, "unknown", Contradiction, "the registry has certificates of this province and form, but not this number; ask the office that issued it";
    Version, "version", Warning, "the form of the number does not belong to the year of birth: numbers without a letter are for births of 1996 to 1999, and no certificate is for an earlier birth; compare with the certificate";
}

/// One answer of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The kind.
    pub code: Code,
    /// The other children that it is about.
    pub others: Vec<Pseudonym>,
}

impl From<Code> for Answer {
    fn from(code: Code) -> Self {
        Self { code, others: Vec::new() }
    }
}

/// log10 LR from which DNA supports the parents, and under whose negative it contradicts them.
const DECIDES: f64 = 4.0;

/// Returns what a likelihood ratio of the certificate's parents against unrelated persons says.
#[must_use]
pub fn dna_code(log10_lr: f64) -> Code {
    if log10_lr >= DECIDES {
        Code::DnaSupports
    } else if log10_lr <= -DECIDES {
        Code::DnaContradicts
    } else {
        Code::DnaUndecided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_have_words_and_texts() {
        assert!(Code::ALL.is_sorted_by(|a, b| a.word() < b.word() && a < b));
        for code in Code::ALL {
            assert!(code.word().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", code.word());
            assert!(!code.text().is_empty() && !code.text().ends_with('.'), "{}", code.word());
            // An answer that demands something says what to do.
            assert!(code.severity() == Severity::Note || code.text().contains("; "), "{}", code.word());
        }
    }

    #[test]
    fn dna_decides_at_ten_thousand() {
        let codes = [4.0, 3.99, 0.0, -3.99, -4.0, f64::NEG_INFINITY].map(dna_code);
        let (undecided, contradicts) = (Code::DnaUndecided, Code::DnaContradicts);
        assert_eq!(codes, [Code::DnaSupports, undecided, undecided, undecided, contradicts, contradicts]);
        assert!(Severity::Contradiction < Severity::Warning && Severity::Warning < Severity::Note);
    }
}
