//! Defines what people state about a found child and about a missing one.

use std::fmt;

use jiff::civil::Date;
use jiff::{Span, Unit};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::coded::{Custody, Dialect, FoundBy};
use super::mark::Mark;
use crate::model::{Place, Sex};

/// Whom facts are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A found child, named by its sample.
    Found,
    /// A missing child, named by its family.
    Missing,
}

impl Subject {
    /// Returns the word in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Missing => "missing",
        }
    }
}

/// The code of a place, with the day on which the code was valid: codes change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceOn {
    /// The code.
    pub place: Place,
    /// The day; `None` if it is unknown.
    pub valid_on: Option<Date>,
}

impl PlaceOn {
    /// Reports whether both places are in one city, as cities are today.
    #[must_use]
    pub fn is_same_city(self, other: Self) -> bool {
        self.place.is_same_city(other.place)
    }
}

impl fmt::Display for PlaceOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.valid_on {
            Some(day) => write!(f, "{} ({day})", self.place),
            None => self.place.fmt(f),
        }
    }
}

/// The form of [`PlaceOn`] in the ledger.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPlace {
    code: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_on: Option<Date>,
}

impl Serialize for PlaceOn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StoredPlace { code: self.place.code(), valid_on: self.valid_on }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PlaceOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let StoredPlace { code, valid_on } = StoredPlace::deserialize(deserializer)?;
        let place = Place::of_code(code).ok_or_else(|| de::Error::custom("an invalid place"))?;
        Ok(Self { place, valid_on })
    }
}

/// An apparent age, in completed months, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeRange {
    /// The least age.
    pub from: u16,
    /// The greatest age; not below `from`.
    pub to: u16,
}

impl AgeRange {
    /// The most months of an age that can be stated: 120 years.
    pub const MOST: u16 = 1440;

    /// Returns the range, if its ends are in order and no age is above [`Self::MOST`].
    #[must_use]
    pub fn new(from: u16, to: u16) -> Option<Self> {
        (from <= to && to <= Self::MOST).then_some(Self { from, to })
    }
}

impl AgeRange {
    /// Returns the range in Chinese: 3岁至5岁11个月, or 3岁6个月 if both ends are the same.
    #[must_use]
    pub fn chinese(self) -> String {
        let in_words = |months: u16| match (months / 12, months % 12) {
            (0, months) => format!("{months}个月"),
            (years, 0) => format!("{years}岁"),
            (years, months) => format!("{years}岁{months}个月"),
        };
        let from = in_words(self.from);
        if self.from == self.to { from } else { format!("{from}至{}", in_words(self.to)) }
    }
}

impl fmt::Display for AgeRange {
    /// Writes years and months: `3y-5y11m`, or `3y6m` if both ends are the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_words = |months: u16| match (months / 12, months % 12) {
            (0, months) => format!("{months}m"),
            (years, 0) => format!("{years}y"),
            (years, months) => format!("{years}y{months}m"),
        };
        f.write_str(&in_words(self.from))?;
        if self.from == self.to { Ok(()) } else { write!(f, "-{}", in_words(self.to)) }
    }
}

/// Days from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// The first day.
    pub from: Date,
    /// The last day; not before `from`.
    pub to: Date,
}

impl Days {
    /// Returns the number of days.
    #[must_use]
    pub fn count(self) -> u32 {
        let days = self.to.since((Unit::Day, self.from)).map_or(0, |span| i64::from(span.get_days())) + 1;
        u32::try_from(days).unwrap_or(0)
    }
}

/// Returns the days of birth that give these completed months of age on a day, both included.
#[must_use]
pub fn births_of_ages(on: Date, from: u16, to: u16) -> Option<Days> {
    let before = |months: u32| on.checked_sub(Span::new().try_months(i64::from(months)).ok()?).ok();
    let first = before(u32::from(to) + 1)?.tomorrow().ok()?;
    Some(Days { from: first, to: before(u32::from(from))? })
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { self.from.fmt(f) } else { write!(f, "{}..{}", self.from, self.to) }
    }
}

/// What is stated about a found child. Nothing of it is a name, a number of a person, or free text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundFacts {
    /// The recorded sex.
    #[serde(with = "sex_word")]
    pub sex: Sex,
    /// The day of finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_on: Option<Date>,
    /// The place of finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceOn>,
    /// The kind of agency that found the child.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_by: Option<FoundBy>,
    /// The apparent age on the day of finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<AgeRange>,
    /// Marks on the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// The dialect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// The native place that the child names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native_place: Option<PlaceOn>,
    /// Where the child lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custody: Option<Custody>,
}

/// What a family states about its missing child.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingFacts {
    /// The sex.
    #[serde(with = "sex_word")]
    pub sex: Sex,
    /// The days on which the child may have been born.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born: Option<Days>,
    /// The day since which the child is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_on: Option<Date>,
    /// The place where the child went missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceOn>,
    /// Marks on the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// The dialect that the child spoke or heard at home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// The native place of the family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native_place: Option<PlaceOn>,
}

/// The facts of one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Facts {
    /// Of a found child.
    Found(FoundFacts),
    /// Of a missing child.
    Missing(MissingFacts),
}

impl Facts {
    /// Returns whom they are about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::Found(_) => Subject::Found,
            Self::Missing(_) => Subject::Missing,
        }
    }

    /// Returns the facts that are stated, each with its name and value in words.
    #[must_use]
    pub fn stated(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        let mut add = |name, value: Option<String>| all.extend(value.map(|value| (name, value)));
        let words = |marks: &[Mark]| {
            let words: Vec<String> = marks.iter().map(Mark::to_string).collect();
            (!words.is_empty()).then(|| words.join("; "))
        };
        let sex = |sex: Sex| (sex != Sex::Unknown).then(|| sex.word().to_owned());
        match self {
            Self::Found(FoundFacts {
                sex: of,
                found_on,
                place,
                found_by,
                age,
                marks,
                dialect,
                native_place,
                custody,
            }) => {
                add("sex", sex(*of));
                add("found_on", found_on.map(|day| day.to_string()));
                add("found_place", place.map(|place| place.to_string()));
                add("found_by", found_by.map(word));
                add("apparent_age", age.map(|age| age.to_string()));
                add("body_marks", words(marks));
                add("dialect", dialect.map(word));
                add("native_place", native_place.map(|place| place.to_string()));
                add("custody", custody.map(word));
            }
            Self::Missing(MissingFacts { sex: of, born, missing_on, place, marks, dialect, native_place }) => {
                add("sex", sex(*of));
                add("born", born.map(|days| days.to_string()));
                add("missing_on", missing_on.map(|day| day.to_string()));
                add("missing_place", place.map(|place| place.to_string()));
                add("body_marks", words(marks));
                add("dialect", dialect.map(word));
                add("native_place", native_place.map(|place| place.to_string()));
            }
        }
        all
    }
}

fn word<T: super::coded::Coded>(value: T) -> String {
    value.word().to_owned()
}

/// Writes and reads a sex as its word.
mod sex_word {
    use super::{Deserialize, Deserializer, Serializer, Sex, de};

    pub(super) fn serialize<S: Serializer>(sex: &Sex, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(sex.word())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sex, D::Error> {
        let word = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        word.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::read_marks;

    #[test]
    fn facts_are_stored_and_read_as_they_were() {
        let found = FoundFacts {
            sex: Sex::Female,
            found_on: Some(jiff::civil::date(2015, 6, 1)),
            place: Place::parse("370102").map(|place| PlaceOn { place, valid_on: None }),
            found_by: Some(FoundBy::Police),
            age: AgeRange::new(36, 71),
            marks: read_marks("scar left hand; mole").unwrap(),
            dialect: Some(Dialect::Wu),
            native_place: None,
            custody: Some(Custody::Institution),
        };
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<FoundFacts>(&text).unwrap(), found, "{text}");
        assert!(serde_json::from_str::<FoundFacts>(&text.replace("370102", "990102")).is_err());
        assert!(serde_json::from_str::<FoundFacts>(&text.replace("\"wu\"", "\"woo\"")).is_err());
        let stated = Facts::Found(found).stated();
        assert_eq!(stated[4], ("apparent_age", "3y-5y11m".to_owned()));
        assert_eq!(stated[5], ("body_marks", "scar left-side hand; mole".to_owned()));
        assert_eq!(AgeRange::new(5, 4), None);
    }
}
