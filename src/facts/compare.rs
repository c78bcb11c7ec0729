//! Compares what is stated of a missing child and of a found one, fact by fact.

use jiff::civil::Date;

use super::coded::Dialect;
use super::described::{AgeRange, Days, FoundFacts, MissingFacts, PlaceOn, word};
use super::mark::Mark;
use super::weigh::births_of_ages;
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
    /// Returns the word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sex => "sex",
            Self::Age => "age",
            Self::Order => "order-of-days",
            Self::Marks => "marks",
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

/// The comparison of one fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The fact.
    pub fact: Fact,
    /// What the comparison says.
    pub verdict: Verdict,
    /// What is stated of the missing child; empty if nothing is.
    pub missing: String,
    /// What is stated of the found child; empty if nothing is.
    pub found: String,
    /// The reason.
    pub reason: &'static str,
}

const NOT_STATED: &str = "not stated of both";

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
        age(missing.born, found.found_on, found.age),
        order(missing.born, missing.missing_on, found.found_on),
        marks(&missing.marks, &found.marks),
        place(missing.place, found.place),
        dialect(missing.dialect, found.dialect),
        native_place(missing.native_place, found.native_place),
    ]
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

/// Returns the comparison of two statements; unknown unless both are there.
fn of_both<A, B>(
    fact: Fact,
    (missing, found): (Option<A>, Option<B>),
    texts: (String, String),
    judge: impl Fn(A, B) -> (Verdict, &'static str),
) -> Comparison {
    let (verdict, reason) = match (missing, found) {
        (Some(missing), Some(found)) => judge(missing, found),
        _ => (Verdict::Unknown, NOT_STATED),
    };
    Comparison { fact, verdict, missing: texts.0, found: texts.1, reason }
}

fn sex(missing: Sex, found: Sex) -> Comparison {
    let stated = |sex: Sex| (sex != Sex::Unknown).then_some(sex);
    let (missing, found) = (stated(missing), stated(found));
    let texts = (text(missing.map(Sex::word)), text(found.map(Sex::word)));
    of_both(Fact::Sex, (missing, found), texts, |missing, found| match missing == found {
        true => (Verdict::Agreeing, "the same sex"),
        false => (Verdict::Conflicting, "the sexes differ; records of a sex can be wrong"),
    })
}

fn age(born: Option<Days>, found_on: Option<Date>, age: Option<AgeRange>) -> Comparison {
    let found = found_on.zip(age);
    let shown = match (found_on, age) {
        (Some(day), Some(age)) => format!("{age} on {day}"),
        (None, Some(age)) => age.to_string(),
        _ => String::new(),
    };
    of_both(Fact::Age, (born, found), (text(born), shown), |born, (found_on, age)| {
        let fits = births_of_ages(found_on, age.from, age.to).is_some_and(|of| born.from <= of.to && of.from <= born.to);
        match fits {
            true => (Verdict::Agreeing, "a day of birth that the family states gives the apparent age"),
            false => (Verdict::Conflicting, "no day of birth that the family states gives the apparent age, which is an estimate"),
        }
    })
}

/// Compares the order of days. It agrees only if birth or loss is before the finding.
fn order(born: Option<Days>, missing_on: Option<Date>, found_on: Option<Date>) -> Comparison {
    let before = missing_on.or(born.map(|born| born.from));
    of_both(Fact::Order, (before, found_on), (text(before), text(found_on)), |_, found_on| {
        if born.is_some_and(|born| born.from > found_on) {
            (Verdict::Conflicting, "found before the missing child was born")
        } else if missing_on.is_some_and(|day| day > found_on) {
            (Verdict::Conflicting, "found before the child went missing")
        } else {
            (Verdict::Agreeing, "found after the child was born or went missing")
        }
    })
}

fn marks(missing: &[Mark], found: &[Mark]) -> Comparison {
    let shown = |marks: &[Mark]| marks.iter().map(Mark::to_string).collect::<Vec<_>>().join("; ");
    let stated = |marks: &'static str, all: &[Mark]| (!all.is_empty()).then_some(marks);
    let both = (stated("missing", missing), stated("found", found));
    of_both(Fact::Marks, both, (shown(missing), shown(found)), |_, _| {
        let is_found = |mark: &Mark| found.iter().any(|other| mark.fits(*other));
        if missing.iter().any(is_found) {
            (Verdict::Agreeing, "a mark of both may be the same")
        } else if missing.iter().any(|mark| mark.kind.is_lasting()) {
            (Verdict::Conflicting, "a lasting mark of the missing child is not among those of the found one")
        } else {
            (Verdict::Unknown, "no mark in common; marks come, fade and are overlooked")
        }
    })
}

fn place(missing: Option<PlaceOn>, found: Option<PlaceOn>) -> Comparison {
    of_both(Fact::Place, (missing, found), (text(missing), text(found)), |missing, found| {
        match missing.is_same_city(found) {
            true => (Verdict::Agreeing, "lost and found in the same city"),
            false => (Verdict::Unknown, "another city, which says nothing: children are taken far away"),
        }
    })
}

fn dialect(missing: Option<Dialect>, found: Option<Dialect>) -> Comparison {
    let texts = (missing.map_or(String::new(), word), found.map_or(String::new(), word));
    of_both(Fact::Dialect, (missing, found), texts, |missing, found| {
        let is_general = missing == Dialect::Mandarin || found == Dialect::Mandarin;
        if missing == found {
            (Verdict::Agreeing, "the same dialect")
        } else if is_general {
            (Verdict::Unknown, "many speak Mandarin besides their dialect")
        } else {
            (Verdict::Conflicting, "the dialects differ; a child takes on the dialect of its surroundings")
        }
    })
}

fn native_place(missing: Option<PlaceOn>, found: Option<PlaceOn>) -> Comparison {
    of_both(Fact::NativePlace, (missing, found), (text(missing), text(found)), |missing, found| {
        if missing.is_same_city(found) {
            (Verdict::Agreeing, "the same city")
        } else if missing.place.province() == found.place.province() {
            (Verdict::Unknown, "the same province, another city")
        } else {
            (Verdict::Conflicting, "another province; children remember places wrongly")
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
        let place = |code: &str| Place::parse(code).map(|place| PlaceOn { place, valid_on: None });
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
        let native = |code: &'static str| {
            verdicts(move |_, found| {
                found.native_place = Place::parse(code).map(|place| PlaceOn { place, valid_on: None });
            })
        };
        assert_eq!((native("370202"), native("530102")), ("aaaaaau".to_owned(), "aaaaaac".to_owned()));
        let reasons = compare(&pair().0, &pair().1);
        assert_eq!((reasons[1].missing.as_str(), reasons[1].found.as_str()), ("2010-01-01..2010-03-31", "3y-4y11m on 2014-02-01"));
    }
}
