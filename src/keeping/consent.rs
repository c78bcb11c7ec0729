//! Defines a consent, and what is known of a day of birth.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

/// The keyed hash of the reference of a consent, such as the number of its form.
pub type ConsentReference = [u8; 16];

/// Who consented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsentKind {
    /// The person.
    Own,
    /// A parent or another guardian of a minor.
    Guardian,
    /// Nobody any more: the consent was withdrawn.
    Withdrawn,
}

impl ConsentKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Own, Self::Guardian, Self::Withdrawn];

    /// Returns the word in lists and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Guardian => "guardian",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Returns the kind of a word, also of a Chinese one.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "own" | "本人" | "本人同意" => Some(Self::Own),
            "guardian" | "监护人" | "监护人同意" | "父母" => Some(Self::Guardian),
            "withdrawn" | "撤回" | "已撤回" | "撤回同意" => Some(Self::Withdrawn),
            _ => None,
        }
    }
}

/// A consent, or its withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who gave it.
    pub kind: ConsentKind,
    /// The day on which it was given or withdrawn; always known of a consent that was given.
    pub on: Option<Date>,
    /// The keyed hash of its reference.
    pub reference: Option<ConsentReference>,
}

/// What is known of a day of birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Born {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    is_estimated: bool,
}

impl Born {
    /// Returns a day of birth of which the month and the day may be unknown; `None` if there is no such day, or if the day
    /// is known and the month is not.
    #[must_use]
    pub fn new(year: i16, month: Option<i8>, day: Option<i8>, is_estimated: bool) -> Option<Self> {
        let is_possible = Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).is_ok();
        let is_whole = month.is_some() || day.is_none();
        (is_possible && is_whole && (1..9900).contains(&year)).then_some(Self { year, month, day, is_estimated })
    }

    /// Returns a birth on this day.
    #[must_use]
    pub fn on(day: Date, is_estimated: bool) -> Self {
        Self { year: day.year(), month: Some(day.month()), day: Some(day.day()), is_estimated }
    }

    /// Reports whether the day is an estimate, as of a child of unknown origin.
    #[must_use]
    pub fn is_estimated(self) -> bool {
        self.is_estimated
    }

    /// Returns the first day that is possible.
    #[must_use]
    pub fn earliest(self) -> Date {
        Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)).unwrap_or(Date::MIN)
    }

    /// Returns the last day that is possible.
    #[must_use]
    pub fn latest(self) -> Date {
        let first = self.earliest();
        match (self.month, self.day) {
            (Some(_), Some(_)) => first,
            (Some(_), None) => first.last_of_month(),
            _ => first.last_of_year(),
        }
    }

    /// Returns the first day on which the person may be this old.
    #[must_use]
    pub fn may_be(self, years: i16) -> Date {
        later(self.earliest(), years.years())
    }

    /// Reports whether the person is surely this old on a day.
    #[must_use]
    pub fn is_surely(self, years: i16, day: Date) -> bool {
        later(self.latest(), years.years()) <= day
    }

    /// Returns year, month and day as one number: 20240105, or 20240100 if the day is unknown.
    #[must_use]
    pub fn number(self) -> i64 {
        let part = |part: Option<i8>| i64::from(part.unwrap_or(0));
        i64::from(self.year) * 10_000 + part(self.month) * 100 + part(self.day)
    }

    /// Returns the birth of a number that [`Self::number`] returned; `None` for other numbers.
    #[must_use]
    pub fn of_number(number: i64, is_estimated: bool) -> Option<Self> {
        let part = |number: i64| i8::try_from(number % 100).ok().map(|part| (part > 0).then_some(part));
        Self::new(i16::try_from(number / 10_000).ok()?, part(number / 100)?, part(number)?, is_estimated)
    }
}

impl std::fmt::Display for Born {
    /// Writes as much as is known, after a tilde if it is an estimate: `~2011-03`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tilde = if self.is_estimated { "~" } else { "" };
        write!(f, "{tilde}{:04}", self.year)?;
        [self.month, self.day].into_iter().flatten().try_for_each(|part| write!(f, "-{part:02}"))
    }
}

/// Returns a day after a span; the last day of a month that is too short.
pub(super) fn later(day: Date, span: Span) -> Date {
    day.checked_add(span).unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn ages_are_reached_on_the_birthday() {
        let born = Born::on(date(2012, 2, 29), false);
        assert_eq!(born.may_be(14), date(2026, 2, 28));
        assert_eq!(born.may_be(16), date(2028, 2, 29));
        assert!(born.is_surely(14, date(2026, 2, 28)) && !born.is_surely(14, date(2026, 2, 27)));
        let month = Born::new(2012, Some(2), None, true).unwrap();
        assert_eq!((month.may_be(14), month.latest()), (date(2026, 2, 1), date(2012, 2, 29)));
        assert!(!month.is_surely(14, date(2026, 2, 27)) && month.is_surely(14, date(2026, 2, 28)));
        let year = Born::new(2012, None, None, true).unwrap();
        assert_eq!((year.may_be(18), year.latest()), (date(2030, 1, 1), date(2012, 12, 31)));
    }

    #[test]
    fn births_are_numbers_and_texts() {
        for (number, text) in [(20_120_229, "2012-02-29"), (20_120_200, "2012-02"), (20_120_000, "2012")] {
            let born = Born::of_number(number, false).unwrap();
            assert_eq!((born.number(), born.to_string().as_str()), (number, text));
            assert_eq!(Born::of_number(number, true).unwrap().to_string(), format!("~{text}"));
        }
        for bad in [20_110_229, 20_121_301, 20_120_001, 0, -1, 1 << 40, 20_120_133] {
            assert_eq!(Born::of_number(bad, false), None, "{bad}");
        }
    }

    #[test]
    fn kinds_have_words() {
        for kind in ConsentKind::ALL {
            assert_eq!(ConsentKind::named(kind.word()), Some(kind));
        }
        assert_eq!(ConsentKind::named("监护人"), Some(ConsentKind::Guardian));
    }
}
