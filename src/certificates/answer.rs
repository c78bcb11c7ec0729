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
            Self::Contradiction => "contradicts",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// The kind of an answer. Its word is stable: programs may depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The claimed birth date is far from the registry's.
    BirthDate,
    /// The claimed birth date differs from the registry's by so little that it may be one of the lunar calendar.
    BirthDateNear,
    /// The claim is older than the certificate.
    ClaimedBeforeIssue,
    /// Other children claim numbers close to this one at the same place.
    Consecutive,
    /// DNA contradicts the parents on the certificate.
    DnaContradicts,
    /// DNA could not be compared.
    DnaFailed,
    /// DNA supports the parents on the certificate.
    DnaSupports,
    /// DNA neither supports nor contradicts the parents.
    DnaUndecided,
    /// The certificate is older than the child.
    IssuedBeforeBirth,
    /// The certificate was issued in another province than that of the birth.
    IssuedElsewhere,
    /// The registry has the number.
    Known,
    /// The certificate was issued more than a year after the birth.
    Late,
    /// The number is malformed.
    Malformed,
    /// The registry has nothing of this province and form.
    NotCovered,
    /// No parent on the certificate is typed.
    NotTyped,
    /// The certificate was issued in another city than that of the birth.
    OtherCity,
    /// The digits of the province are invalid.
    Province,
    /// Other children claim the number.
    SeveralChildren,
    /// The child claims several numbers.
    SeveralNumbers,
    /// The sexes differ.
    Sex,
    /// The registry does not have the number.
    Unknown,
    /// The form of the number does not belong to the year of birth.
    Version,
}

/// What is fixed about a code.
struct Facts {
    code: Code,
    word: &'static str,
    severity: Severity,
    text: &'static str,
}

const fn facts(code: Code, word: &'static str, severity: Severity, text: &'static str) -> Facts {
    Facts { code, word, severity, text }
}

use Severity::{Contradiction, Note, Warning};

/// The facts of every code, in the order of the codes.
const FACTS: [Facts; 22] = [
    facts(
        Code::BirthDate,
        "birth-date",
        Contradiction,
        "the claimed birth date is more than 60 days from the registry's; compare with the certificate",
    ),
    facts(
        Code::BirthDateNear,
        "birth-date-near",
        Warning,
        "the claimed birth date is up to 60 days from the registry's, as a date of the lunar calendar may be; compare with the certificate",
    ),
    facts(
        Code::ClaimedBeforeIssue,
        "claimed-before-issue",
        Contradiction,
        "the certificate was claimed before the day of issue in the registry; compare both dates",
    ),
    facts(
        Code::Consecutive,
        "consecutive",
        Warning,
        "other children claimed numbers close to this one at the same place; find out how they were obtained",
    ),
    facts(
        Code::DnaContradicts,
        "dna-contradicts",
        Contradiction,
        "the DNA contradicts the parents on the certificate, which may be another child's or was sold; type a second sample, then investigate",
    ),
    facts(
        Code::DnaFailed,
        "dna-failed",
        Warning,
        "the DNA of the certificate's parents could not be compared; `reunite lr` shows the reason for a case file",
    ),
    facts(Code::DnaSupports, "dna-supports", Note, "the DNA supports the parents on the certificate"),
    facts(
        Code::DnaUndecided,
        "dna-undecided",
        Note,
        "the DNA neither supports nor contradicts the parents on the certificate; type more loci, or the other parent",
    ),
    facts(
        Code::IssuedBeforeBirth,
        "issued-before-birth",
        Contradiction,
        "the day of issue in the registry is before the day of birth; ask the office that issued it",
    ),
    facts(
        Code::IssuedElsewhere,
        "issued-elsewhere",
        Warning,
        "the number or the place of issue is of another province than the birth; ask the office that issued it",
    ),
    facts(Code::Known, "known", Note, "the registry has the number"),
    facts(
        Code::Late,
        "late",
        Warning,
        "the certificate was issued more than a year after the birth; ask the office for its papers",
    ),
    facts(
        Code::Malformed,
        "malformed",
        Contradiction,
        "the number has neither a letter and nine digits nor digits alone; read it again from the certificate",
    ),
    facts(
        Code::NotCovered,
        "not-covered",
        Note,
        "the registry has no certificate of this province and form, so the number cannot be checked; import the registry extract of that province",
    ),
    facts(
        Code::NotTyped,
        "not-typed",
        Note,
        "no parent on the certificate is typed, so a genuine certificate that was sold cannot be recognised; take samples of the parents",
    ),
    facts(
        Code::OtherCity,
        "other-city",
        Note,
        "the certificate was issued in another city of the province than the birth",
    ),
    facts(
        Code::Province,
        "province",
        Warning,
        "the first two digits of the number are not those of a province; compare with the certificate",
    ),
    facts(
        Code::SeveralChildren,
        "several-children",
        Contradiction,
        "other children claim the same number; compare their samples with `reunite kin --within children --relation identity`, then investigate",
    ),
    facts(
        Code::SeveralNumbers,
        "several-numbers",
        Warning,
        "the child claims several certificates; find out which is the child's",
    ),
    facts(
        Code::Sex,
        "sex",
        Contradiction,
        "the claimed sex, or that of the sample, is not the sex in the registry; rule out exchanged samples, then investigate",
    ),
    facts(
        Code::Unknown,
        "unknown",
        Contradiction,
        "the registry has certificates of this province and form, but not this number; ask the office that issued it",
    ),
    facts(
        Code::Version,
        "version",
        Warning,
        "the form of the number does not belong to the year of birth, as numbers without a letter are for births of 1996 to 1999 and no certificate is for an earlier birth; compare with the certificate",
    ),
];

impl Code {
    /// Returns every code, by word.
    pub fn all() -> impl Iterator<Item = Self> {
        FACTS.iter().map(|facts| facts.code)
    }

    /// Returns the stable word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        FACTS[self as usize].word
    }

    /// Returns the severity.
    #[must_use]
    pub fn severity(self) -> Severity {
        FACTS[self as usize].severity
    }

    /// Returns the reason, and what to do.
    #[must_use]
    pub fn text(self) -> &'static str {
        FACTS[self as usize].text
    }
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
        assert!(Code::all().is_sorted_by(|a, b| a.word() < b.word() && a < b));
        assert!(Code::all().enumerate().all(|(at, code)| code as usize == at));
        for code in Code::all() {
            assert!(code.word().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", code.word());
            // A colon stands before the text in lists, which are translated part by part.
            assert!(!code.text().contains(": ") && !code.text().ends_with('.'), "{}", code.word());
            // An answer that demands something says what to do.
            assert!(code.severity() == Note || code.text().contains("; "), "{}", code.word());
        }
    }

    #[test]
    fn dna_decides_at_ten_thousand() {
        let codes = [4.0, 3.99, 0.0, -3.99, -4.0, f64::NEG_INFINITY].map(dna_code);
        let (undecided, contradicts) = (Code::DnaUndecided, Code::DnaContradicts);
        assert_eq!(codes, [Code::DnaSupports, undecided, undecided, undecided, contradicts, contradicts]);
        assert!(Contradiction < Warning && Warning < Note);
    }
}
