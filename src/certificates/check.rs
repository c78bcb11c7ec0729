//! Checks claims against a registry and against each other.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::civil::Date;

use super::answer::{Answer, Code};
use super::facts::{Certificate, Claim};
use super::number::{Issue, NumberHash};
use crate::model::{Pseudonym, Sex, is_province};

/// A claimed birth date may be one of the lunar calendar: up to this many days differ.
const LUNAR_DAYS: i32 = 60;
/// A certificate that was issued more days after the birth is late.
const LATE_DAYS: i32 = 365;
/// The first year of births with certificates, and the last with numbers without a letter.
const OLD_YEARS: (i16, i16) = (1996, 1999);

/// A claim with what the store knows about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The claim.
    pub claim: Claim,
    /// The sex of the child's sample.
    pub sample_sex: Sex,
    /// The certificate of this number, if the registry has it.
    pub certificate: Option<Certificate>,
}

/// The provinces and forms of which the registry has certificates. A number of another province is not unknown: nothing
/// is known about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(HashSet<(u8, bool)>);

impl Coverage {
    /// Adds the province and form of a certificate.
    pub fn add(&mut self, issue: Issue) {
        self.0.insert((issue.province, issue.letter.is_some()));
    }

    /// Reports whether the registry has certificates of this province and form.
    #[must_use]
    pub fn has(&self, issue: Issue) -> bool {
        self.0.contains(&(issue.province, issue.letter.is_some()))
    }
}

/// Checks every claim, also against the others. Returns the answers to each, the gravest first; DNA is not part of them.
#[must_use]
pub fn check(cases: &[Case], coverage: &Coverage) -> Vec<Vec<Answer>> {
    let mut answers: Vec<Vec<Answer>> =
        cases.iter().map(|case| alone(case, coverage).into_iter().map(Answer::from).collect()).collect();
    let together = Together::new(cases);
    for (at, answers) in answers.iter_mut().enumerate() {
        answers.extend(together.several_children(at));
        answers.extend(together.several_numbers(at));
    }
    for (at, others) in together.consecutive() {
        answers[at].push(Answer { code: Code::Consecutive, others: others.into_iter().collect() });
    }
    for answers in &mut answers {
        answers.sort_by_key(|answer| (answer.code.severity(), answer.code));
    }
    answers
}

/// Checks a claim by itself.
fn alone(case: &Case, coverage: &Coverage) -> Vec<Code> {
    let Case { claim, sample_sex, certificate } = case;
    let Some(issue) = claim.number.issue else { return vec![Code::Malformed] };
    let mut found = Vec::new();
    if !is_province(issue.province) {
        found.push(Code::Province);
    }
    let born = certificate.as_ref().and_then(|certificate| certificate.born).or(claim.born);
    if born.is_some_and(|born| !fits_version(issue, born)) {
        found.push(Code::Version);
    }
    match certificate {
        Some(certificate) => {
            found.push(Code::Known);
            found.extend(of_registry(certificate));
            found.extend(against(claim, *sample_sex, certificate));
        }
        None if coverage.has(issue) => found.push(Code::Unknown),
        None => found.push(Code::NotCovered),
    }
    found
}

/// Reports whether a birth of this day may have a number of this form. Lost certificates are issued again with later
/// forms.
fn fits_version(issue: Issue, born: Date) -> bool {
    let (first, last) = OLD_YEARS;
    born.year() >= first && (issue.letter.is_some() || born.year() <= last)
}

/// Checks a certificate by itself.
fn of_registry(certificate: &Certificate) -> Vec<Code> {
    let Certificate { issue, born, birth_place, issued_on, issued_in, .. } = certificate;
    let mut found = Vec::new();
    if let Some(birth) = birth_place {
        let number_elsewhere = is_province(issue.province) && issue.province != birth.province();
        if number_elsewhere || issued_in.is_some_and(|issued| issued.province() != birth.province()) {
            found.push(Code::IssuedElsewhere);
        } else if issued_in.is_some_and(|issued| !issued.is_same_city(*birth)) {
            found.push(Code::OtherCity);
        }
    }
    if let (Some(born), Some(issued)) = (born, issued_on) {
        match days(*born, *issued) {
            ..0 => found.push(Code::IssuedBeforeBirth),
            0..=LATE_DAYS => {}
            _ => found.push(Code::Late),
        }
    }
    found
}

/// Compares a claim with its certificate.
fn against(claim: &Claim, sample_sex: Sex, certificate: &Certificate) -> Vec<Code> {
    let mut found = Vec::new();
    let differs = |sex: Sex| sex != Sex::Unknown && certificate.sex != Sex::Unknown && sex != certificate.sex;
    if differs(claim.sex) || differs(sample_sex) {
        found.push(Code::Sex);
    }
    if let (Some(claimed), Some(born)) = (claim.born, certificate.born) {
        match days(claimed, born).abs() {
            0 => {}
            1..=LUNAR_DAYS => found.push(Code::BirthDateNear),
            _ => found.push(Code::BirthDate),
        }
    }
    if let (Some(claimed), Some(issued)) = (claim.claimed_on, certificate.issued_on)
        && claimed < issued
    {
        found.push(Code::ClaimedBeforeIssue);
    }
    found
}

/// Returns the number of days from one day to another.
fn days(from: Date, to: Date) -> i32 {
    from.until(to).map_or(i32::MAX, |span| span.get_days())
}

/// Claims by number and by child.
struct Together<'a> {
    cases: &'a [Case],
    by_number: HashMap<NumberHash, Vec<usize>>,
    by_child: HashMap<Pseudonym, Vec<usize>>,
}

impl<'a> Together<'a> {
    fn new(cases: &'a [Case]) -> Self {
        let (mut by_number, mut by_child): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = Default::default();
        for (at, Case { claim, .. }) in cases.iter().enumerate() {
            by_number.entry(claim.number.hash).or_default().push(at);
            if let Some(child) = claim.child {
                by_child.entry(child).or_default().push(at);
            }
        }
        Self { cases, by_number, by_child }
    }

    /// Reports whether two claims are of different children. A claim without a sample is of a child of its own.
    fn are_two_children(&self, one: usize, other: usize) -> bool {
        let child = |at: usize| self.cases[at].claim.child;
        one != other && (child(one).is_none() || child(one) != child(other))
    }

    fn several_children(&self, at: usize) -> Option<Answer> {
        let with_number = &self.by_number[&self.cases[at].claim.number.hash];
        let others: Vec<usize> =
            with_number.iter().copied().filter(|&other| self.are_two_children(at, other)).collect();
        let named: BTreeSet<Pseudonym> = others.iter().filter_map(|&other| self.cases[other].claim.child).collect();
        (!others.is_empty()).then(|| Answer { code: Code::SeveralChildren, others: named.into_iter().collect() })
    }

    fn several_numbers(&self, at: usize) -> Option<Answer> {
        let claim = &self.cases[at].claim;
        let of_child = &self.by_child[&claim.child?];
        let is_other = |&other: &usize| self.cases[other].claim.number.hash != claim.number.hash;
        of_child.iter().any(is_other).then(|| Code::SeveralNumbers.into())
    }

    /// Returns the claims with a number close to that of another child at the same place, each with those children.
    fn consecutive(&self) -> HashMap<usize, BTreeSet<Pseudonym>> {
        let mut found: HashMap<usize, BTreeSet<Pseudonym>> = HashMap::new();
        for (at, case) in self.cases.iter().enumerate() {
            let following = case.claim.number.next.iter().filter_map(|next| self.by_number.get(next)).flatten();
            for &other in following {
                if self.are_two_children(at, other)
                    && is_one_place(&case.claim, &self.cases[other].claim)
                    && !are_twins(case.certificate.as_ref(), self.cases[other].certificate.as_ref())
                {
                    for (at, other) in [(at, other), (other, at)] {
                        found.entry(at).or_default().extend(self.cases[other].claim.child);
                    }
                }
            }
        }
        found
    }
}

/// Reports whether two claims were made at one place; where one of them states none, of one agency.
fn is_one_place(one: &Claim, other: &Claim) -> bool {
    match (one.place, other.place) {
        (Some(one), Some(other)) => one == other,
        _ => one.agency.is_some() && one.agency == other.agency,
    }
}

/// Reports whether two certificates are of twins, whose numbers follow each other.
fn are_twins(one: Option<&Certificate>, other: Option<&Certificate>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    let same_birth = match (one.born, other.born) {
        (Some(one), Some(other)) => days(one, other).abs() <= 1,
        _ => false,
    };
    same_birth && one.mother.is_some() && one.mother == other.mother
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::{ClaimedNumber, Number};
    use crate::model::Place;

    fn hash(text: &str) -> NumberHash {
        let mut hash = [0; 16];
        hash[..text.len()].copy_from_slice(text.as_bytes());
        hash
    }

    fn day(text: &str) -> Option<Date> {
        Some(text.parse().unwrap())
    }

    fn claim(child: u8, number: &str) -> Claim {
        let read = Number::parse(number);
        let next = read.iter().flat_map(Number::following).map(|next| hash(&next)).collect();
        Claim {
            child: (child > 0).then(|| Pseudonym::from_bytes([child; 16])),
            number: ClaimedNumber { hash: hash(number), issue: read.map(|number| number.issue()), next },
            sex: Sex::Male,
            born: day("2010-05-01"),
            claimed_on: day("2014-01-01"),
            place: Place::parse("370102"),
            agency: None,
        }
    }

    fn certificate(number: &str) -> Certificate {
        Certificate {
            number: hash(number),
            issue: Number::parse(number).unwrap().issue(),
            sex: Sex::Male,
            born: day("2010-05-01"),
            birth_place: Place::parse("370102"),
            issued_on: day("2010-05-10"),
            issued_in: Place::parse("370103"),
            mother: Some(Pseudonym::from_bytes([200; 16])),
            father: None,
        }
    }

    fn case(child: u8, number: &str) -> Case {
        let certificate = Number::parse(number).map(|_| certificate(number));
        Case { claim: claim(child, number), sample_sex: Sex::Unknown, certificate }
    }

    fn words(cases: &[Case]) -> Vec<Vec<&'static str>> {
        let mut coverage = Coverage::default();
        coverage.add(Issue { letter: Some('Q'), province: 37 });
        let answers = check(cases, &coverage);
        answers.iter().map(|answers| answers.iter().map(|answer| answer.code.word()).collect()).collect()
    }

    fn with(change: impl FnOnce(&mut Case)) -> Vec<&'static str> {
        let mut case = case(1, "Q370000001");
        change(&mut case);
        words(&[case]).remove(0)
    }

    fn of_certificate(change: impl FnOnce(&mut Certificate)) -> Vec<&'static str> {
        with(|case| change(case.certificate.as_mut().unwrap()))
    }

    #[test]
    fn a_number_is_known_unknown_not_covered_or_malformed() {
        assert_eq!(with(|_| ()), ["known"]);
        assert_eq!(with(|case| case.certificate = None), ["unknown"]);
        let other = |number: &str| words(&[Case { certificate: None, ..case(1, number) }]).remove(0);
        assert_eq!(other("Q320000001"), ["not-covered"]);
        assert_eq!(other("Q990000001"), ["province", "not-covered"]);
        assert_eq!(other("Q37000001"), ["malformed"]);
        assert_eq!(other("370000001"), ["version", "not-covered"]);
        let old = Case { certificate: None, ..case(1, "370000001") };
        let born = |text| Case { claim: Claim { born: day(text), ..old.claim.clone() }, ..old.clone() };
        assert_eq!(words(&[born("1997-01-01")]), [["not-covered"]], "old, and not malformed");
        assert_eq!(words(&[born("1995-01-01")]), [["version", "not-covered"]]);
    }

    #[test]
    fn sex_and_dates_that_conflict_are_found() {
        assert_eq!(with(|case| case.claim.sex = Sex::Female), ["sex", "known"]);
        assert_eq!(with(|case| case.sample_sex = Sex::Female), ["sex", "known"]);
        assert_eq!(with(|case| case.claim.sex = Sex::Unknown), ["known"]);
        assert_eq!(with(|case| case.claim.born = day("2010-03-20")), ["birth-date-near", "known"]);
        assert_eq!(with(|case| case.claim.born = day("2010-02-01")), ["birth-date", "known"]);
        assert_eq!(with(|case| case.claim.born = None), ["known"]);
        assert_eq!(with(|case| case.claim.claimed_on = day("2010-05-09")), ["claimed-before-issue", "known"]);
        assert_eq!(of_certificate(|one| one.issued_on = day("2010-04-30")), ["issued-before-birth", "known"]);
    }

    #[test]
    fn issue_far_from_the_birth_or_late_is_found() {
        assert_eq!(of_certificate(|one| one.issued_on = day("2011-05-01")), ["known"]);
        assert_eq!(of_certificate(|one| one.issued_on = day("2011-05-02")), ["late", "known"]);
        assert_eq!(of_certificate(|one| one.birth_place = Place::parse("320102")), ["issued-elsewhere", "known"]);
        assert_eq!(of_certificate(|one| one.issued_in = Place::parse("440102")), ["issued-elsewhere", "known"]);
        assert_eq!(of_certificate(|one| one.issued_in = Place::parse("370202")), ["known", "other-city"]);
        assert_eq!(of_certificate(|one| one.issued_in = Place::parse("371202")), ["known"]);
        assert_eq!(of_certificate(|one| one.issued_in = None), ["known"]);
    }

    #[test]
    fn a_number_of_several_children_names_the_others() {
        let cases = [case(1, "Q370000001"), case(2, "Q370000001"), case(3, "Q370000009"), case(3, "Q370000050")];
        let answers = check(&cases, &Coverage::default());
        assert_eq!(answers[0][0], Answer { code: Code::SeveralChildren, others: vec![Pseudonym::from_bytes([2; 16])] });
        assert_eq!(answers[1][0].others, [Pseudonym::from_bytes([1; 16])]);
        assert_eq!(words(&cases)[2..], [["several-numbers", "known"], ["several-numbers", "known"]]);
        // The same child in a file and in the store is one child; a row without a sample is another one.
        assert_eq!(words(&[case(1, "Q370000001"), case(1, "Q370000001")]), [["known"], ["known"]]);
        assert_eq!(words(&[case(1, "Q370000001"), case(0, "Q370000001")])[1], ["several-children", "known"]);
    }

    #[test]
    fn consecutive_numbers_at_one_place_are_found_unless_they_are_of_twins() {
        let other_mother = |mut case: Case, mother: u8| {
            case.certificate.as_mut().unwrap().mother = Some(Pseudonym::from_bytes([mother; 16]));
            case
        };
        let pair = |second: &str| [case(1, "Q370000001"), other_mother(case(2, second), 9)];
        let found = vec![vec!["consecutive", "known"]; 2];
        assert_eq!(words(&pair("Q370000002")), found);
        assert_eq!(words(&pair("Q370000004")), found);
        assert_eq!(words(&pair("Q370000005")), [["known"], ["known"]], "too far");
        assert_eq!(words(&[case(1, "Q370000001"), case(2, "Q370000002")]), [["known"], ["known"]], "twins");
        let mut apart = pair("Q370000002");
        apart[1].claim.place = Place::parse("370103");
        assert_eq!(words(&apart), [["known"], ["known"]]);
        apart[1].claim.place = None;
        assert_eq!(words(&apart), [["known"], ["known"]]);
        for case in &mut apart {
            case.claim.agency = Some("A".to_owned());
        }
        assert_eq!(words(&apart), found);
    }
}
