//! Defines the terms on which a sample is kept.

use jiff::civil::Date;

use super::consent::{Born, Consent, ConsentKind};
use super::purpose::{Purpose, Purposes};

/// The ground on which a sample is processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegalBasis {
    /// A duty or power that a law gives to the agency; requires no consent.
    StatutoryDuty,
    /// The consent of the person or of a guardian.
    Consent,
    /// An order of a court.
    CourtOrder,
    /// Another ground that a law or regulation states, in the public interest.
    PublicInterest,
}

impl LegalBasis {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::StatutoryDuty, Self::Consent, Self::CourtOrder, Self::PublicInterest];

    /// Returns the word in lists and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::StatutoryDuty => "statutory-duty",
            Self::Consent => "consent",
            Self::CourtOrder => "court-order",
            Self::PublicInterest => "public-interest",
        }
    }

    /// Returns the basis of a word, also of a Chinese one.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "statutory-duty" | "法定职责" | "法定义务" | "履行法定职责" => Some(Self::StatutoryDuty),
            "consent" | "同意" | "个人同意" | "知情同意" => Some(Self::Consent),
            "court-order" | "法院命令" | "法院裁定" | "法院决定" => Some(Self::CourtOrder),
            "public-interest" | "公共利益" => Some(Self::PublicInterest),
            _ => None,
        }
    }

    /// Returns the basis in words for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::StatutoryDuty => "a statutory duty",
            Self::Consent => "the consent of the person or a guardian",
            Self::CourtOrder => "an order of a court",
            Self::PublicInterest => "the public interest",
        }
    }

    /// Returns the articles of the PIPL about it; `None` where the basis is in another law, which the laboratory knows.
    #[must_use]
    pub fn articles(self) -> Option<&'static str> {
        match self {
            Self::StatutoryDuty => Some("13(3), 34-36"),
            Self::Consent => Some("28-31"),
            Self::CourtOrder | Self::PublicInterest => None,
        }
    }
}

/// The terms on which a sample is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The ground.
    pub basis: LegalBasis,
    /// What the sample may be used for.
    pub purposes: Purposes,
    /// The consent, or its withdrawal.
    pub consent: Option<Consent>,
    /// When the person was born.
    pub born: Option<Born>,
    /// The last day on which the sample may be kept.
    pub keep_until: Option<Date>,
    /// The day on which somebody decides whether the sample is still needed.
    pub review_on: Option<Date>,
}

impl Terms {
    /// Returns terms without consent and days.
    #[must_use]
    pub fn new(basis: LegalBasis, purposes: Purposes) -> Self {
        Self { basis, purposes, consent: None, born: None, keep_until: None, review_on: None }
    }

    /// Reports whether the sample is kept by a consent that was withdrawn.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.basis == LegalBasis::Consent && self.consent.is_some_and(|one| one.kind == ConsentKind::Withdrawn)
    }

    /// Reports whether the last day of keeping is over.
    #[must_use]
    pub fn is_over(&self, today: Date) -> bool {
        self.keep_until.is_some_and(|last| last < today)
    }

    /// Reports whether the sample may be used for a purpose.
    #[must_use]
    pub fn allows(&self, purpose: Purpose) -> bool {
        self.purposes.has(purpose) && !self.is_withdrawn()
    }

    /// Names the fields in which two terms differ.
    #[must_use]
    pub fn changes(&self, other: &Self) -> Vec<&'static str> {
        let of = |terms: &Self| terms.consent;
        let differs = [
            ("legal_basis", self.basis != other.basis),
            ("purposes", self.purposes != other.purposes),
            ("consent_kind", of(self).map(|one| one.kind) != of(other).map(|one| one.kind)),
            ("consent_on", of(self).map(|one| one.on) != of(other).map(|one| one.on)),
            ("consent_reference", of(self).map(|one| one.reference) != of(other).map(|one| one.reference)),
            ("born_on", self.born != other.born),
            ("keep_until", self.keep_until != other.keep_until),
            ("review_on", self.review_on != other.review_on),
        ];
        differs.into_iter().filter(|one| one.1).map(|one| one.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_withdrawn_consent_ends_all_purposes_that_rest_on_it() {
        let withdrawn = Some(Consent { kind: ConsentKind::Withdrawn, on: None, reference: None });
        let both = Purposes::parse("search kin").unwrap();
        let terms = Terms { consent: withdrawn, ..Terms::new(LegalBasis::Consent, both) };
        assert!(!terms.allows(Purpose::Search) && !terms.allows(Purpose::Kin));
        let by_law = Terms { basis: LegalBasis::StatutoryDuty, ..terms };
        assert!(by_law.allows(Purpose::Kin) && !by_law.allows(Purpose::Exchange));
    }

    #[test]
    fn the_last_day_is_still_allowed() {
        let terms =
            Terms { keep_until: Some(date(2024, 2, 29)), ..Terms::new(LegalBasis::StatutoryDuty, Purposes::default()) };
        assert!(!terms.is_over(date(2024, 2, 29)) && terms.is_over(date(2024, 3, 1)));
    }

    #[test]
    fn bases_have_words_and_changes_have_names() {
        for basis in LegalBasis::ALL {
            assert_eq!(LegalBasis::named(basis.word()), Some(basis));
        }
        let one = Terms::new(LegalBasis::Consent, Purposes::default());
        assert_eq!(one.changes(&one), Vec::<&str>::new());
        let other = Terms { review_on: Some(date(2030, 1, 1)), ..Terms::new(LegalBasis::CourtOrder, one.purposes) };
        assert_eq!(one.changes(&other), ["legal_basis", "review_on"]);
    }
}
