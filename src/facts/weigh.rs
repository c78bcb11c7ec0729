//! Computes likelihood ratios of sex and age, with stated rates of errors: see the module for the formulas.

use jiff::civil::Date;

use super::compare::Fact;
use super::described::{AgeRange, Days, FoundFacts, MissingFacts, births_of_ages};
use super::reason::Reason;
use crate::model::Sex;

/// A probability above 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(f64);

/// A rate that is not above 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a rate must be above 0 and below 1, and {0} is not")]
pub struct BadRate(pub f64);

impl TryFrom<f64> for Rate {
    type Error = BadRate;

    fn try_from(rate: f64) -> Result<Self, BadRate> {
        if rate > 0.0 && rate < 1.0 { Ok(Self(rate)) } else { Err(BadRate(rate)) }
    }
}

impl Rate {
    /// Returns the probability.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// The numbers that the factors depend on. No default is an estimate from data: state your own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// The rate of wrong records of a sex.
    pub sex_error: Rate,
    /// The rate of true ages outside the apparent window.
    pub age_error: Rate,
    /// The share of girls among found children.
    pub girls: Rate,
    /// The range of ages of found children, in completed years: 0 to below this.
    pub years: u8,
}

impl Default for Weights {
    /// Returns 0.01 for sexes, 0.1 for ages, as many girls as boys, 18 years.
    fn default() -> Self {
        Self { sex_error: Rate(0.01), age_error: Rate(0.1), girls: Rate(0.5), years: 18 }
    }
}

/// The likelihood ratio of one fact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    /// The fact.
    pub fact: Fact,
    /// log10 of the likelihood ratio; `None` if the fact has no factor for this pair.
    pub log10_lr: Option<f64>,
    /// Why there is no factor; `None` if there is one.
    pub reason: Option<Reason>,
}

/// The factors of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// The factors, of sex and age.
    pub factors: Vec<Factor>,
    /// The sum of their log10 LR.
    pub log10_lr: f64,
}

/// Computes the factors of a pair.
#[must_use]
pub fn weigh(missing: &MissingFacts, found: &FoundFacts, weights: &Weights) -> Weighed {
    let factor = |fact, lr: Result<f64, Reason>| match lr {
        Ok(lr) => Factor { fact, log10_lr: Some(libm::log10(lr)), reason: None },
        Err(reason) => Factor { fact, log10_lr: None, reason: Some(reason) },
    };
    let sex = sex_factor(missing.sex, found.sex, weights);
    let age = match (missing.born, found.found_on, found.age) {
        (Some(born), Some(found_on), Some(age)) => age_factor(born, found_on, age, weights),
        _ => Err(Reason::NotStated),
    };
    let factors = vec![factor(Fact::Sex, sex), factor(Fact::Age, age)];
    let log10_lr = factors.iter().filter_map(|factor| factor.log10_lr).sum();
    Weighed { factors, log10_lr }
}

/// Computes the likelihood ratio of the recorded sexes.
///
/// # Errors
/// The reason why there is none.
pub fn sex_factor(missing: Sex, found: Sex, weights: &Weights) -> Result<f64, Reason> {
    let girls = weights.girls.0;
    let share = match found {
        _ if missing == Sex::Unknown => return Err(Reason::NotStated),
        Sex::Female => girls,
        Sex::Male => 1.0 - girls,
        Sex::Unknown => return Err(Reason::NotStated),
    };
    let error = weights.sex_error.0;
    Ok(if missing == found { 1.0 - error } else { error } / share)
}

/// Computes the likelihood ratio of a window of birth days and an apparent age on the day of finding.
///
/// # Errors
/// The reason why there is none.
pub fn age_factor(born: Days, found_on: Date, age: AgeRange, weights: &Weights) -> Result<f64, Reason> {
    let range = births_of_ages(found_on, 0, u16::from(weights.years) * 12 - 1).ok_or(Reason::BornOutside)?;
    let apparent =
        births_of_ages(found_on, age.from, age.to).and_then(|days| overlap(days, range)).ok_or(Reason::AgeOutside)?;
    let stated = overlap(born, range).ok_or(Reason::BornOutside)?;
    let [n, w, k] = [range, apparent, stated].map(Days::count);
    if w == n {
        return Ok(1.0);
    }
    let o = overlap(stated, apparent).map_or(0, Days::count);
    let [n, w, k, o] = [n, w, k, o].map(f64::from);
    let error = weights.age_error.0;
    Ok(n / k * ((1.0 - error) * o / w + error * (k - o) / (n - w)))
}

fn overlap(one: Days, other: Days) -> Option<Days> {
    let days = Days { from: one.from.max(other.from), to: one.to.min(other.to) };
    (days.from <= days.to).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Span;
    use jiff::civil::date;

    fn weights(sex_error: f64, age_error: f64, girls: f64) -> Weights {
        let rate = |rate| Rate::try_from(rate).unwrap();
        Weights { sex_error: rate(sex_error), age_error: rate(age_error), girls: rate(girls), years: 18 }
    }

    #[test]
    fn the_sex_adds_up_to_one_under_both_hypotheses() {
        for girls in [0.1, 0.5, 0.83] {
            let weights = weights(0.03, 0.1, girls);
            for missing in [Sex::Female, Sex::Male] {
                let of = |found| sex_factor(missing, found, &weights).unwrap();
                let (female, male) = (of(Sex::Female), of(Sex::Male));
                assert!((girls * female + (1.0 - girls) * male - 1.0).abs() < 1e-15);
            }
        }
        // By hand: 0.99 / 0.5 and 0.01 / 0.5.
        let usual = Weights::default();
        assert!((sex_factor(Sex::Male, Sex::Male, &usual).unwrap() - 1.98).abs() < 1e-12);
        assert!((sex_factor(Sex::Male, Sex::Female, &usual).unwrap() - 0.02).abs() < 1e-12);
        assert!(sex_factor(Sex::Unknown, Sex::Female, &usual).is_err());
        assert!(sex_factor(Sex::Male, Sex::Unknown, &usual).is_err());
    }

    /// Splits all days of the range into windows, and adds up what each has: P(window | H2) = k / n, and LR times that is
    /// P(window | H1).
    #[test]
    fn the_age_adds_up_to_one_for_every_way_to_state_birth_days() {
        for (found_on, age) in [
            (date(2015, 6, 1), AgeRange { from: 36, to: 59 }),
            (date(2016, 2, 29), AgeRange { from: 0, to: 0 }),
            (date(2001, 12, 31), AgeRange { from: 200, to: 400 }),
        ] {
            let weights = weights(0.01, 0.07, 0.5);
            let range = births_of_ages(found_on, 0, 215).unwrap();
            let n = f64::from(range.count());
            for length in [1, 31, 365, 5000, 7000] {
                let (mut from, mut of_h2, mut of_h1) = (range.from, 0.0, 0.0);
                while from <= range.to {
                    let to = from.saturating_add(Span::new().days(length - 1)).min(range.to);
                    let days = Days { from, to };
                    let share = f64::from(days.count()) / n;
                    of_h2 += share;
                    of_h1 += share * age_factor(days, found_on, age, &weights).unwrap();
                    from = to.tomorrow().unwrap();
                }
                assert!((of_h2 - 1.0).abs() < 1e-10 && (of_h1 - 1.0).abs() < 1e-10, "{length}: {of_h1}");
            }
        }
    }

    #[test]
    fn the_age_is_weighed_as_by_hand() {
        let (found_on, weights) = (date(2015, 6, 1), Weights::default());
        let age = AgeRange { from: 36, to: 59 };
        let factor = |from, to| age_factor(Days { from, to }, found_on, age, &weights);
        // 18 years before 1 June 2015 have 6574 days, of which the two years of the window have 731 (29 February 2012).
        let day = date(2011, 1, 1);
        assert!((factor(day, day).unwrap() - 6574.0 * 0.9 / 731.0).abs() < 1e-9);
        let outside = date(2005, 1, 1);
        assert!((factor(outside, outside).unwrap() - 6574.0 * 0.1 / (6574.0 - 731.0)).abs() < 1e-9);
        // Half inside: the mean of both.
        let half = factor(date(2010, 6, 1), date(2010, 6, 2)).unwrap();
        let both = f64::midpoint(6574.0 * 0.9 / 731.0, 6574.0 * 0.1 / (6574.0 - 731.0));
        assert!((half - both).abs() < 1e-9, "{half} {both}");
        // Days outside the range are left out, or there is no factor.
        let inside = factor(date(2014, 1, 1), date(2015, 6, 1)).unwrap();
        assert_eq!(factor(date(2014, 1, 1), date(2016, 1, 1)), Ok(inside));
        assert!(
            factor(date(2015, 6, 2), date(2016, 1, 1)).is_err() && factor(date(1990, 1, 1), date(1990, 1, 1)).is_err()
        );
        let all = AgeRange { from: 0, to: 300 };
        assert_eq!(age_factor(Days { from: day, to: day }, found_on, all, &weights), Ok(1.0));
        let adult = AgeRange { from: 240, to: 300 };
        assert_eq!(age_factor(Days { from: day, to: day }, found_on, adult, &weights), Err(Reason::AgeOutside));
    }

    #[test]
    fn a_month_ends_where_the_next_one_begins() {
        // Born on 31 January: one month old on 28 February and on 1 March, not on 27 February.
        for (on, months) in [(date(2015, 2, 27), 0), (date(2015, 3, 1), 1)] {
            let births = births_of_ages(on, months, months).unwrap();
            assert!(births.from <= date(2015, 1, 31) && date(2015, 1, 31) <= births.to, "{on}");
        }
        for months in 0..300 {
            let on = date(2016, 3, 31);
            let (one, next) =
                (births_of_ages(on, months, months).unwrap(), births_of_ages(on, months + 1, months + 1).unwrap());
            assert_eq!(next.to.tomorrow().unwrap(), one.from, "{months}");
        }
    }
}
