//! Compares what is stated of a missing child and of a found one, fact by fact.

use jiff::civil::Date;

use super::coded::{Coded, Dialect};
use super::described::{AgeRange, Days, FoundFacts, MissingFacts, PlaceOn, births_of_ages};
use super::mark::Mark;
use super::reason::Reason;
use crate::model::Sex;

/// A fact that both descriptions have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fact {
    /// The sex.
    Sex,
    /// The age on the day of finding.
    Age,
    /// The order of birth, loss and finding.
    Order,
    /// The marks on the body.
    Marks,
    /// The places of loss and finding.
    Place,
    /// The dialect.
    Dialect,
    /// The native place.
    NativePlace,
}

impl Fact {
    /// All facts.
    pub const ALL: [Self; 7] =
        [Self::Sex, Self::Age, Self::Order, Self::Marks, Self::Place, Self::Dialect, Self::NativePlace];

    /// Returns the word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sex => "sex",
            Self::Age => "age",
            Self::Order => "order-of-days",
            Self::Marks => "body-marks",
            Self::Place => "place",
            Self::Dialect => "dialect",
            Self::NativePlace => "native-place",
        }
    }
}

/// What the comparison of a fact says. No verdict excludes a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Both statements can be of one child.
    Agreeing,
    /// The statements are of two children, or one of them is wrong.
    Conflicting,
    /// Something is not stated, or it says nothing.
    Unknown,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Self; 3] = [Self::Agreeing, Self::Conflicting, Self::Unknown];

    /// Returns the word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Agreeing => "agreeing",
            Self::Conflicting => "conflicting",
            Self::Unknown => "unknown",
        }
    }
}

/// What is stated of a child, in words of both languages; empty if nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// The English words.
    pub english: String,
    /// The Chinese words.
    pub chinese: String,
}

impl Stated {
    fn alike<T: ToString>(value: Option<T>) -> Self {
        let text = value.map_or(String::new(), |value| value.to_string());
        Self { english: text.clone(), chinese: text }
    }

    fn coded<T: Coded>(value: Option<T>) -> Self {
        let text = |word: fn(T) -> &'static str| value.map_or(String::new(), |value| word(value).to_owned());
        Self { english: text(T::word), chinese: text(T::chinese) }
    }

    fn sex(sex: Option<Sex>) -> Self {
        let chinese = match sex {
            Some(Sex::Female) => "女",
            Some(Sex::Male) => "男",
            Some(Sex::Unknown) | None => "",
        };
        Self { english: sex.map_or("", Sex::word).to_owned(), chinese: chinese.to_owned() }
    }

    fn marks(marks: &[Mark]) -> Self {
        let all = |words: fn(&Mark) -> String| marks.iter().map(words).collect::<Vec<_>>();
        Self { english: all(Mark::to_string).join("; "), chinese: all(Mark::chinese).join("；") }
    }
}

/// The comparison of one fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The fact.
    pub fact: Fact,
    /// What the comparison says.
    pub verdict: Verdict,
    /// What is stated of the missing child.
    pub missing: Stated,
    /// What is stated of the found child.
    pub found: Stated,
    /// The reason.
    pub reason: Reason,
}

/// Compares every fact, in the order of [`Fact`].
///
/// ```
/// use reunite::facts::{Fact, FoundFacts, MissingFacts, Verdict, compare};
///
/// let missing: MissingFacts = serde_json::from_str(r#"{"sex": "male"}"#)?;
/// let found: FoundFacts = serde_json::from_str(r#"{"sex": "female", "found_on": "2015-06-01"}"#)?;
/// let all = compare(&missing, &found);
/// assert_eq!((all[0].fact, all[0].verdict), (Fact::Sex, Verdict::Conflicting));
/// assert!(all[1..].iter().all(|one| one.verdict == Verdict::Unknown));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn compare(missing: &MissingFacts, found: &FoundFacts) -> Vec<Comparison> {
    vec![
        sex(missing.sex, found.sex),
        age_on_finding(missing.born, found.found_on, found.age),
        order(missing.born, missing.missing_on, found.found_on),
        marks(&missing.marks, &found.marks),
        place(missing.place, found.place),
        dialect(missing.dialect, found.dialect),
        native_place(missing.native_place, found.native_place),
    ]
}

/// Returns the comparison of two statements; unknown unless both are there.
fn of_both<A, B>(
    fact: Fact,
    (missing, found): (Option<A>, Option<B>),
    texts: (Stated, Stated),
    judge: impl Fn(A, B) -> (Verdict, Reason),
) -> Comparison {
    let (verdict, reason) = match (missing, found) {
        (Some(missing), Some(found)) => judge(missing, found),
        _ => (Verdict::Unknown, Reason::NotStated),
    };
    Comparison { fact, verdict, missing: texts.0, found: texts.1, reason }
}

fn sex(missing: Sex, found: Sex) -> Comparison {
    let stated = |sex: Sex| (sex != Sex::Unknown).then_some(sex);
    let (missing, found) = (stated(missing), stated(found));
    let texts = (Stated::sex(missing), Stated::sex(found));
    of_both(Fact::Sex, (missing, found), texts, |missing, found| match missing == found {
        true => (Verdict::Agreeing, Reason::SameSex),
        false => (Verdict::Conflicting, Reason::OtherSex),
    })
}

fn age_on_finding(born: Option<Days>, found_on: Option<Date>, age: Option<AgeRange>) -> Comparison {
    let found = found_on.zip(age);
    let shown = match (found_on, age) {
        (Some(day), Some(age)) => {
            Stated { english: format!("{age} on {day}"), chinese: format!("{}（{day}）", age.chinese()) }
        }
        (None, Some(age)) => Stated { english: age.to_string(), chinese: age.chinese() },
        _ => Stated::default(),
    };
    of_both(Fact::Age, (born, found), (Stated::alike(born), shown), |born, (found_on, age)| {
        let fits =
            births_of_ages(found_on, age.from, age.to).is_some_and(|of| born.from <= of.to && of.from <= born.to);
        match fits {
            true => (Verdict::Agreeing, Reason::AgeFits),
            false => (Verdict::Conflicting, Reason::AgeDiffers),
        }
    })
}

/// Compares the order of days. It agrees only if birth or loss is before the finding.
fn order(born: Option<Days>, missing_on: Option<Date>, found_on: Option<Date>) -> Comparison {
    let before = missing_on.or(born.map(|born| born.from));
    of_both(Fact::Order, (before, found_on), (Stated::alike(before), Stated::alike(found_on)), |_, found_on| {
        if born.is_some_and(|born| born.from > found_on) {
            (Verdict::Conflicting, Reason::BeforeBirth)
        } else if missing_on.is_some_and(|day| day > found_on) {
            (Verdict::Conflicting, Reason::BeforeLoss)
        } else {
            (Verdict::Agreeing, Reason::Afterwards)
        }
    })
}

fn marks(missing: &[Mark], found: &[Mark]) -> Comparison {
    let stated = |marks: &'static str, all: &[Mark]| (!all.is_empty()).then_some(marks);
    let both = (stated("missing", missing), stated("found", found));
    of_both(Fact::Marks, both, (Stated::marks(missing), Stated::marks(found)), |_, _| {
        let is_found = |mark: &Mark| found.iter().any(|other| mark.fits(*other));
        if missing.iter().any(is_found) {
            (Verdict::Agreeing, Reason::SameMark)
        } else if missing.iter().any(|mark| mark.kind.is_lasting()) {
            (Verdict::Conflicting, Reason::LacksMark)
        } else {
            (Verdict::Unknown, Reason::OtherMarks)
        }
    })
}

fn place(missing: Option<PlaceOn>, found: Option<PlaceOn>) -> Comparison {
    of_both(Fact::Place, (missing, found), (Stated::alike(missing), Stated::alike(found)), |missing, found| {
        match missing.is_same_city(found) {
            true => (Verdict::Agreeing, Reason::FoundThere),
            false => (Verdict::Unknown, Reason::FoundElsewhere),
        }
    })
}

fn dialect(missing: Option<Dialect>, found: Option<Dialect>) -> Comparison {
    let texts = (Stated::coded(missing), Stated::coded(found));
    of_both(Fact::Dialect, (missing, found), texts, |missing, found| {
        let is_general = missing == Dialect::Mandarin || found == Dialect::Mandarin;
        if missing == found {
            (Verdict::Agreeing, Reason::SameDialect)
        } else if is_general {
            (Verdict::Unknown, Reason::Mandarin)
        } else {
            (Verdict::Conflicting, Reason::OtherDialect)
        }
    })
}

fn native_place(missing: Option<PlaceOn>, found: Option<PlaceOn>) -> Comparison {
    of_both(Fact::NativePlace, (missing, found), (Stated::alike(missing), Stated::alike(found)), |missing, found| {
        if missing.is_same_city(found) {
            (Verdict::Agreeing, Reason::SameCity)
        } else if missing.place.province() == found.place.province() {
            (Verdict::Unknown, Reason::SameProvince)
        } else {
            (Verdict::Conflicting, Reason::OtherProvince)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::read_marks;
    use crate::model::Place;
    use jiff::civil::date;

    fn pair() -> (MissingFacts, FoundFacts) {
        let place = |digits: &str| Place::parse(digits).map(|place| PlaceOn { place, valid_on: None });
        let missing = MissingFacts {
            sex: Sex::Male,
            born: Some(Days { from: date(2010, 1, 1), to: date(2010, 3, 31) }),
            missing_on: Some(date(2012, 5, 1)),
            place: place("371202"),
            marks: read_marks("birthmark back; scar face").unwrap(),
            dialect: Some(Dialect::Jilu),
            native_place: place("370102"),
        };
        let found = FoundFacts {
            sex: Sex::Male,
            found_on: Some(date(2014, 2, 1)),
            place: place("370102"),
            found_by: None,
            age: AgeRange::new(36, 59),
            marks: read_marks("scar left face").unwrap(),
            dialect: Some(Dialect::Jilu),
            native_place: place("371203"),
            custody: None,
        };
        (missing, found)
    }

    fn verdicts(change: impl Fn(&mut MissingFacts, &mut FoundFacts)) -> String {
        let (mut missing, mut found) = pair();
        change(&mut missing, &mut found);
        compare(&missing, &found).iter().map(|one| &one.verdict.word()[..1]).collect()
    }

    #[test]
    fn every_fact_agrees_conflicts_or_is_unknown() {
        // Sex, age, order, marks, place (Laiwu is Jinan today), dialect, native place.
        assert_eq!(verdicts(|_, _| ()), "aaaaaaa");
        assert_eq!(verdicts(|missing, _| missing.sex = Sex::Female), "caaaaaa");
        assert_eq!(verdicts(|missing, _| missing.sex = Sex::Unknown), "uaaaaaa");
        assert_eq!(verdicts(|_, found| found.age = AgeRange::new(60, 71)), "acaaaaa");
        // Born on 1 January 2010: 4 years and a month on 1 February 2014.
        assert_eq!(verdicts(|_, found| found.age = AgeRange::new(49, 49)), "aaaaaaa");
        assert_eq!(verdicts(|_, found| found.age = AgeRange::new(50, 60)), "acaaaaa");
        assert_eq!(verdicts(|_, found| found.age = AgeRange::new(46, 46)), "aaaaaaa");
        assert_eq!(verdicts(|_, found| found.age = AgeRange::new(40, 45)), "acaaaaa");
        assert_eq!(verdicts(|missing, _| missing.missing_on = Some(date(2014, 2, 2))), "aacaaaa");
        assert_eq!(verdicts(|_, found| found.found_on = Some(date(2009, 2, 2))), "accaaaa");
        assert_eq!(verdicts(|_, found| found.found_on = None), "auuaaaa");
        assert_eq!(verdicts(|_, found| found.marks = read_marks("mole").unwrap()), "aaacaaa");
        let faded = |missing: &mut MissingFacts, found: &mut FoundFacts| {
            missing.marks = read_marks("scar").unwrap();
            found.marks = read_marks("mole").unwrap();
        };
        assert_eq!(verdicts(faded), "aaauaaa");
        assert_eq!(verdicts(|_, found| found.marks.clear()), "aaauaaa");
        assert_eq!(verdicts(|missing, _| missing.place = missing.place.and(None)), "aaaauaa");
        assert_eq!(verdicts(|_, found| found.dialect = Some(Dialect::Wu)), "aaaaaca");
        assert_eq!(verdicts(|_, found| found.dialect = Some(Dialect::Mandarin)), "aaaaaua");
        let native = |native: &'static str| {
            verdicts(move |_, found| {
                found.native_place = Place::parse(native).map(|place| PlaceOn { place, valid_on: None });
            })
        };
        assert_eq!((native("370202"), native("530102")), ("aaaaaau".to_owned(), "aaaaaac".to_owned()));
        let reasons = compare(&pair().0, &pair().1);
        assert_eq!(
            (reasons[1].found.chinese.as_str(), reasons[3].found.chinese.as_str()),
            ("3岁至4岁11个月（2014-02-01）", "左侧面部疤痕")
        );
        assert_eq!(
            (reasons[1].missing.english.as_str(), reasons[1].found.english.as_str()),
            ("2010-01-01..2010-03-31", "3y-4y11m on 2014-02-01")
        );
    }
}
