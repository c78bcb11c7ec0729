//! Lists what must be done about a sample, and when.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use super::consent::{Consent, ConsentKind, later};
use super::terms::{LegalBasis, Terms};

/// The years after which a consent is renewed unless another number is stated. No law states one.
pub const CONSENT_YEARS: u16 = 5;
/// The age from which a guardian alone cannot consent any more.
const YOUNG: i16 = 14;
/// The age of majority.
const ADULT: i16 = 18;

/// What to do about a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Delete it.
    Delete,
    /// Ask for a consent.
    Renew,
    /// Decide whether it is still needed.
    Review,
}

impl Action {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Delete, Self::Renew, Self::Review];

    /// Returns the word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Renew => "renew",
            Self::Review => "review",
        }
    }
}

/// Why something is due. The codes are sorted by urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DueCode {
    /// The consent was withdrawn.
    Withdrawn,
    /// The last day of keeping is over.
    KeepUntil,
    /// The sample is kept by consent, and there is none.
    ConsentMissing,
    /// The consent of a child under 14 is not a guardian's.
    GuardianMissing,
    /// The person is 14 or older, and the consent is from before.
    Turns14,
    /// The person is of age, and the consent is from before, or is not their own.
    Turns18,
    /// The consent is old.
    ConsentOld,
    /// Nobody knows when the person will be 14 and 18.
    BirthUnknown,
    /// A consent was withdrawn that is not the legal basis.
    WithdrawnBesides,
    /// The day of review is reached.
    ReviewOn,
}

impl DueCode {
    /// All codes, sorted.
    pub const ALL: [Self; 10] = [
        Self::Withdrawn,
        Self::KeepUntil,
        Self::ConsentMissing,
        Self::GuardianMissing,
        Self::Turns14,
        Self::Turns18,
        Self::ConsentOld,
        Self::BirthUnknown,
        Self::WithdrawnBesides,
        Self::ReviewOn,
    ];

    /// Returns the stable word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::KeepUntil => "keep-until",
            Self::ConsentMissing => "consent-missing",
            Self::GuardianMissing => "guardian-missing",
            Self::Turns14 => "turns-14",
            Self::Turns18 => "turns-18",
            Self::ConsentOld => "consent-old",
            Self::BirthUnknown => "birth-unknown",
            Self::WithdrawnBesides => "withdrawn-besides",
            Self::ReviewOn => "review-on",
        }
    }

    /// Returns what to do.
    #[must_use]
    pub fn action(self) -> Action {
        match self {
            Self::Withdrawn | Self::KeepUntil => Action::Delete,
            Self::ConsentMissing | Self::GuardianMissing | Self::Turns14 | Self::Turns18 | Self::ConsentOld => {
                Action::Renew
            }
            Self::BirthUnknown | Self::WithdrawnBesides | Self::ReviewOn => Action::Review,
        }
    }

    /// Returns the article of the PIPL that it rests on; `None` where the laboratory's own rule is the reason.
    #[must_use]
    pub fn article(self) -> Option<&'static str> {
        match self {
            Self::Withdrawn | Self::KeepUntil | Self::WithdrawnBesides => Some("47"),
            Self::ConsentMissing => Some("29"),
            Self::GuardianMissing | Self::Turns14 | Self::Turns18 | Self::BirthUnknown => Some("31"),
            Self::ConsentOld | Self::ReviewOn => None,
        }
    }

    /// Returns the reason and what to do.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Withdrawn => "the consent was withdrawn, and the sample is kept by consent alone; delete the sample",
            Self::KeepUntil => "the last day of keeping is over; delete the sample",
            Self::ConsentMissing => "the sample is kept by consent, and no consent is recorded; ask for it",
            Self::GuardianMissing => "a child under 14 cannot consent; ask the guardian",
            Self::Turns14 => {
                "the consent is from before the 14th birthday; ask the person for their own, beside the guardian's"
            }
            Self::Turns18 => "the person is of age, and the consent is a guardian's or from before; ask the person",
            Self::ConsentOld => "the consent is older than the laboratory's rule allows; ask again",
            Self::BirthUnknown => {
                "no birth is recorded, so nobody knows when the child will be 14 and 18; estimate it and import it"
            }
            Self::WithdrawnBesides => {
                "a consent was withdrawn that is not the legal basis; decide whether the sample is still needed"
            }
            Self::ReviewOn => "the day of review is reached; decide whether the sample is still needed",
        }
    }
}

/// The day as of which a list is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// The day.
    pub today: Date,
    /// Lists also what becomes due within this number of days.
    pub within: u16,
    /// The years after which a consent is renewed.
    pub consent_years: u16,
}

impl AsOf {
    /// Lists what is due on this day.
    #[must_use]
    pub fn day(today: Date) -> Self {
        Self { today, within: 0, consent_years: CONSENT_YEARS }
    }
}

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Why.
    pub code: DueCode,
    /// The first day on which it is due; `None` if that day is unknown, and it is due now.
    pub on: Option<Date>,
}

impl Due {
    /// Reports whether it is due on a day, or only later.
    #[must_use]
    pub fn is_due(&self, today: Date) -> bool {
        self.on.is_none_or(|on| on <= today)
    }
}

/// Lists what is due about a sample of a child or a relative, the most urgent first.
#[must_use]
pub fn due(terms: &Terms, is_child: bool, as_of: &AsOf) -> Vec<Due> {
    let last = later(as_of.today, i64::from(as_of.within).days());
    let mut all = Vec::new();
    let mut add = |code, on: Option<Date>| {
        if on.is_none_or(|on| on <= last) {
            all.push(Due { code, on });
        }
    };
    if let Some(until) = terms.keep_until {
        add(DueCode::KeepUntil, Some(later(until, 1.days())));
    }
    if let Some(on) = terms.review_on {
        add(DueCode::ReviewOn, Some(on));
    }
    let by_consent = terms.basis == LegalBasis::Consent;
    match terms.consent {
        Some(Consent { kind: ConsentKind::Withdrawn, on, .. }) => {
            add(if by_consent { DueCode::Withdrawn } else { DueCode::WithdrawnBesides }, on);
        }
        // A consent that is given only later is no ground to keep the sample now.
        consent if by_consent && consent.is_none_or(|one| one.on.is_some_and(|on| on > as_of.today)) => {
            add(DueCode::ConsentMissing, None);
        }
        Some(consent) if by_consent => {
            of_age(terms, is_child, &consent, as_of.today, last).into_iter().for_each(|one| add(one.code, one.on));
            if let Some(given) = consent.on {
                let years = Span::new().try_years(as_of.consent_years).unwrap_or_default();
                add(DueCode::ConsentOld, Some(later(given, years)));
            }
        }
        None | Some(_) => {}
    }
    all.sort_by_key(|one| (one.code, one.on));
    all
}

/// Returns what the age of the person requires of a consent, up to the last day of the list.
fn of_age(terms: &Terms, is_child: bool, consent: &Consent, today: Date, last: Date) -> Vec<Due> {
    let Some(born) = terms.born else {
        // A relative of unknown age is an adult as a rule. A guardian's consent says that it is a minor.
        let is_minor = is_child || consent.kind == ConsentKind::Guardian;
        return if is_minor { vec![Due { code: DueCode::BirthUnknown, on: None }] } else { Vec::new() };
    };
    let (young, adult) = (born.may_be(YOUNG), born.may_be(ADULT));
    let is_before = |birthday: Date| birthday <= last && consent.on.is_none_or(|given| given < birthday);
    let mut all = Vec::new();
    // The consent of an adult replaces that of a minor.
    if is_before(young) && adult > today {
        all.push(Due { code: DueCode::Turns14, on: Some(young) });
    }
    if is_before(adult) || (adult <= last && consent.kind == ConsentKind::Guardian) {
        all.push(Due { code: DueCode::Turns18, on: Some(adult) });
    }
    if young > today && consent.kind == ConsentKind::Own {
        all.push(Due { code: DueCode::GuardianMissing, on: None });
    }
    all
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::keeping::consent::Born;
    use crate::keeping::purpose::Purposes;

    fn terms(basis: LegalBasis) -> Terms {
        Terms::new(basis, Purposes::default())
    }

    fn by_consent(kind: ConsentKind, on: Date, born: Option<Born>) -> Terms {
        Terms { consent: Some(Consent { kind, on: Some(on), reference: None }), born, ..terms(LegalBasis::Consent) }
    }

    fn on(terms: &Terms, today: Date) -> Vec<(DueCode, Option<Date>)> {
        due(terms, true, &AsOf::day(today)).into_iter().map(|one| (one.code, one.on)).collect()
    }

    #[test]
    fn codes_are_sorted_and_have_words_and_texts() {
        assert!(DueCode::ALL.is_sorted());
        let words: std::collections::BTreeSet<&str> = DueCode::ALL.iter().map(|code| code.word()).collect();
        assert_eq!(words.len(), DueCode::ALL.len());
        assert!(DueCode::ALL.iter().all(|code| !code.text().is_empty()));
    }

    #[test]
    fn nothing_is_due_of_terms_without_days() {
        assert_eq!(on(&terms(LegalBasis::StatutoryDuty), date(2026, 1, 1)), []);
    }

    #[test]
    fn a_sample_is_deleted_on_the_day_after_its_last() {
        let terms = Terms { keep_until: Some(date(2028, 2, 28)), ..terms(LegalBasis::StatutoryDuty) };
        assert_eq!(on(&terms, date(2028, 2, 28)), []);
        assert_eq!(on(&terms, date(2028, 2, 29)), [(DueCode::KeepUntil, Some(date(2028, 2, 29)))]);
        // Before that, only a list of the next days has it.
        let next = AsOf { within: 1, ..AsOf::day(date(2028, 2, 28)) };
        let all = due(&terms, true, &next);
        assert_eq!((all.len(), all[0].is_due(next.today)), (1, false));
        assert_eq!(due(&terms, true, &AsOf { within: 1, ..AsOf::day(date(2028, 2, 27)) }), []);
        let never = Terms { keep_until: Some(Date::MAX), ..terms };
        assert_eq!(due(&never, true, &AsOf { within: u16::MAX, ..next }), []);
    }

    #[test]
    fn a_review_is_due_on_its_very_day() {
        let terms = Terms { review_on: Some(date(2026, 5, 1)), ..terms(LegalBasis::CourtOrder) };
        assert_eq!(on(&terms, date(2026, 4, 30)), []);
        assert_eq!(on(&terms, date(2026, 5, 1)), [(DueCode::ReviewOn, Some(date(2026, 5, 1)))]);
    }

    #[test]
    fn a_withdrawal_deletes_only_what_rests_on_consent() {
        let withdrawn = by_consent(ConsentKind::Withdrawn, date(2026, 1, 1), None);
        assert_eq!(on(&withdrawn, date(2026, 1, 1)), [(DueCode::Withdrawn, Some(date(2026, 1, 1)))]);
        let by_law = Terms { basis: LegalBasis::StatutoryDuty, ..withdrawn };
        assert_eq!(on(&by_law, date(2026, 1, 1))[0].0, DueCode::WithdrawnBesides);
        let unknown = Some(Consent { kind: ConsentKind::Withdrawn, on: None, reference: None });
        assert_eq!(on(&Terms { consent: unknown, ..withdrawn }, date(2026, 1, 1)), [(DueCode::Withdrawn, None)]);
    }

    #[test]
    fn a_consent_is_missing_or_old() {
        assert_eq!(on(&terms(LegalBasis::Consent), date(2026, 1, 1)), [(DueCode::ConsentMissing, None)]);
        let grown = Some(Born::on(date(1980, 1, 1), false));
        let leap = by_consent(ConsentKind::Own, date(2024, 2, 29), grown);
        assert_eq!(on(&leap, date(2029, 2, 27)), []);
        assert_eq!(on(&leap, date(2029, 2, 28)), [(DueCode::ConsentOld, Some(date(2029, 2, 28)))]);
        let two = AsOf { consent_years: 2, ..AsOf::day(date(2026, 2, 28)) };
        assert_eq!(due(&leap, true, &two)[0].code, DueCode::ConsentOld);
        assert_eq!(on(&leap, date(2024, 2, 28)), [(DueCode::ConsentMissing, None)], "given the day after");
        // Where the law requires no consent, none grows old.
        assert_eq!(on(&Terms { basis: LegalBasis::StatutoryDuty, ..leap }, date(2040, 1, 1)), []);
    }

    #[test]
    fn a_child_needs_new_consents_at_14_and_18() {
        let born = Some(Born::on(date(2012, 2, 29), false));
        let child = by_consent(ConsentKind::Guardian, date(2025, 1, 1), born);
        assert_eq!(on(&child, date(2026, 2, 27)), []);
        assert_eq!(on(&child, date(2026, 2, 28)), [(DueCode::Turns14, Some(date(2026, 2, 28)))]);
        // A consent of that very day is one of a person of 14.
        let renewed = by_consent(ConsentKind::Own, date(2026, 2, 28), born);
        assert_eq!(on(&renewed, date(2026, 3, 1)), []);
        let eighteen = AsOf { consent_years: 50, ..AsOf::day(date(2030, 2, 28)) };
        assert_eq!(due(&renewed, true, &eighteen)[0].code, DueCode::Turns18);
        assert_eq!(due(&renewed, true, &AsOf { today: date(2030, 2, 27), ..eighteen }), []);
        let adult = by_consent(ConsentKind::Own, date(2030, 2, 28), born);
        assert_eq!(due(&adult, true, &eighteen), []);
        // A guardian cannot consent for an adult.
        let guardian = by_consent(ConsentKind::Guardian, date(2030, 3, 1), born);
        assert_eq!(on(&guardian, date(2030, 3, 1))[0].0, DueCode::Turns18);
        // A list of the next days says both.
        let both = AsOf { within: 30, consent_years: 50, ..AsOf::day(date(2030, 2, 1)) };
        let codes: Vec<DueCode> = due(&child, true, &both).iter().map(|one| one.code).collect();
        assert_eq!(codes, [DueCode::Turns14, DueCode::Turns18]);
        let soon = AsOf { within: 30, ..AsOf::day(date(2026, 1, 29)) };
        assert_eq!(due(&child, true, &soon)[0].on, Some(date(2026, 2, 28)));
        assert_eq!(due(&child, true, &AsOf { within: 29, ..soon }), []);
    }

    #[test]
    fn a_child_under_14_needs_a_guardian() {
        let born = Some(Born::on(date(2015, 6, 1), false));
        let own = by_consent(ConsentKind::Own, date(2026, 1, 1), born);
        assert_eq!(on(&own, date(2026, 1, 2)), [(DueCode::GuardianMissing, None)]);
    }

    #[test]
    fn an_unknown_day_counts_as_the_first_that_is_possible() {
        let month = by_consent(ConsentKind::Guardian, date(2025, 1, 1), Born::new(2012, Some(2), None, true));
        assert_eq!(on(&month, date(2026, 1, 31)), []);
        assert_eq!(on(&month, date(2026, 2, 1)), [(DueCode::Turns14, Some(date(2026, 2, 1)))]);
        let unknown = by_consent(ConsentKind::Guardian, date(2025, 1, 1), None);
        assert_eq!(on(&unknown, date(2025, 1, 1)), [(DueCode::BirthUnknown, None)]);
        // A relative without a day of birth is an adult, unless a guardian consented.
        let relative = by_consent(ConsentKind::Own, date(2025, 1, 1), None);
        assert_eq!(due(&relative, false, &AsOf::day(date(2025, 1, 1))), []);
        assert_eq!(due(&unknown, false, &AsOf::day(date(2025, 1, 1))).len(), 1);
    }
}
