//! Simulates statements about children with known truth, and measures what the likelihood ratios of sex and age promise.
//!
//! The apparent window is drawn first, then the age by the model of the module `facts`. The rates of errors that rule the
//! simulation may differ from those that the likelihood ratios assume: the table then shows what a wrong assumption costs.

use jiff::Span;
use jiff::civil::Date;
use serde::Serialize;

use super::measures::{cllr, cllr_min};
use crate::facts::{AgeRange, Days, FoundFacts, MissingFacts, Rate, Weights, births_of_ages, weigh};
use crate::model::Sex;
use crate::synthesis::StatementDraws;

/// What to simulate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FactsPlan {
    /// Number of pairs per truth.
    pub pairs: usize,
    /// The seed: the same seed gives the same numbers.
    pub seed: u64,
    /// The numbers that the likelihood ratios assume.
    pub weights: Weights,
    /// The rate of wrong records of a sex in the simulation.
    pub true_sex_error: Rate,
    /// The rate of true ages outside the apparent window in the simulation.
    pub true_age_error: Rate,
}

/// Pairs whose log10 LR is in one band.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FactsBand {
    /// The lower end, inclusive; `None` for the first band.
    pub from: Option<f64>,
    /// The upper end, exclusive; `None` for the last band.
    pub to: Option<f64>,
    /// The share of pairs of the same child that are in the band.
    pub same: f64,
    /// The share of pairs of two children that are in the band.
    pub different: f64,
    /// The ratio of both shares: what the band is worth; `None` if a share is 0.
    pub observed: Option<f64>,
    /// The mean LR of pairs of two children in the band: what it claims to be worth; `None` without any.
    pub stated: Option<f64>,
}

/// What a simulation shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactsCalibration {
    /// The bands, the lowest first.
    pub bands: Vec<FactsBand>,
    /// The mean LR of pairs of two children: 1 for likelihood ratios that keep their promise.
    pub mean_lr_different: f64,
    /// The standard error of that mean.
    pub standard_error: f64,
    /// Cllr: 0 is perfect, 1 says nothing.
    pub cllr: f64,
    /// The least Cllr that a rising function of these likelihood ratios can have.
    pub cllr_min: f64,
}

/// The inner ends of the bands.
const ENDS: [f64; 9] = [-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0];

/// Lengths in days of the windows of birth that families state.
const STATED: [usize; 4] = [1, 31, 365, 1096];

/// Simulates pairs of the same child and pairs of two children, and measures the likelihood ratios.
#[must_use]
pub fn calibrate_facts(plan: &FactsPlan) -> FactsCalibration {
    let of = |is_same: bool| -> Vec<f64> {
        let pair = |number: usize| {
            let draws = StatementDraws::new(plan.seed, 2 * number + usize::from(is_same));
            log10_lr(plan, draws, is_same).unwrap_or(0.0)
        };
        (0..plan.pairs).map(pair).collect()
    };
    let (same, different) = (of(true), of(false));
    let lr: Vec<f64> = different.iter().map(|log10_lr| libm::pow(10.0, *log10_lr)).collect();
    let number = lr.len().max(1) as f64;
    let mean = lr.iter().sum::<f64>() / number;
    let variance = lr.iter().map(|lr| (lr - mean) * (lr - mean)).sum::<f64>() / (number - 1.0).max(1.0);
    let edges = ENDS.iter().copied();
    let froms = std::iter::once(None).chain(edges.clone().map(Some));
    let tos = edges.map(Some).chain(std::iter::once(None));
    let band = |(from, to): (Option<f64>, Option<f64>)| {
        let is_in = |log10_lr: f64| from.is_none_or(|from| log10_lr >= from) && to.is_none_or(|to: f64| log10_lr < to);
        let share = |all: &[f64]| all.iter().filter(|one| is_in(**one)).count() as f64 / all.len().max(1) as f64;
        let (of_same, of_different) = (share(&same), share(&different));
        let inside: Vec<f64> = different.iter().zip(&lr).filter(|one| is_in(*one.0)).map(|one| *one.1).collect();
        FactsBand {
            from,
            to,
            same: of_same,
            different: of_different,
            observed: (of_same > 0.0 && of_different > 0.0).then(|| of_same / of_different),
            stated: (!inside.is_empty()).then(|| inside.iter().sum::<f64>() / inside.len() as f64),
        }
    };
    FactsCalibration {
        bands: froms.zip(tos).map(band).collect(),
        mean_lr_different: mean,
        standard_error: libm::sqrt(variance / number),
        cllr: cllr(&same, &different),
        cllr_min: cllr_min(&same, &different),
    }
}

/// Simulates one pair; `None` if the calendar does not reach that far.
fn log10_lr(plan: &FactsPlan, mut draws: StatementDraws, is_same: bool) -> Option<f64> {
    let found_on = Date::constant(2015, 6, 1);
    let months = u16::from(plan.weights.years) * 12;
    let age = apparent_age(&mut draws, months)?;
    let (range, window) = (births_of_ages(found_on, 0, months - 1)?, births_of_ages(found_on, age.from, age.to)?);
    let is_inside = is_same && !draws.chance(plan.true_age_error.get());
    let number = |days: Days| days.count() as usize;
    let born = if is_inside || (is_same && number(window) >= number(range)) {
        day(window.from, draws.below(number(window)))?
    } else if is_same {
        // The days outside the window: those before it, then those after it.
        let at = draws.below(number(range) - number(window));
        let before = number(Days { from: range.from, to: window.from }) - 1;
        day(range.from, if at < before { at } else { at + number(window) })?
    } else {
        day(range.from, draws.below(number(range)))?
    };
    let length = STATED[draws.below(STATED.len())];
    let from = born.checked_sub(Span::new().days(draws.below(length) as i64)).ok()?;
    let stated = Days { from, to: day(from, length - 1)? };
    let girls = plan.weights.girls.get();
    let mut sex = |girls: f64| if draws.chance(girls) { Sex::Female } else { Sex::Male };
    let missing = sex(girls);
    let found = if is_same {
        let wrong = plan.true_sex_error.get();
        sex(if missing == Sex::Female { 1.0 - wrong } else { wrong })
    } else {
        sex(girls)
    };
    let missing = MissingFacts {
        sex: missing,
        born: Some(stated),
        missing_on: None,
        place: None,
        marks: Vec::new(),
        dialect: None,
        native_place: None,
    };
    let found = FoundFacts {
        sex: found,
        found_on: Some(found_on),
        place: None,
        found_by: None,
        age: Some(age),
        marks: Vec::new(),
        dialect: None,
        native_place: None,
        custody: None,
    };
    Some(weigh(&missing, &found, &plan.weights).log10_lr)
}

/// Draws an apparent age: the older the child, the wider the estimate.
fn apparent_age(draws: &mut StatementDraws, months: u16) -> Option<AgeRange> {
    let middle = u16::try_from(draws.below(usize::from(months))).ok()?;
    let half = match middle {
        ..36 => 6,
        36..96 => 12,
        _ => 24,
    };
    AgeRange::new(middle.saturating_sub(half), (middle + half - 1).min(months - 1))
}

fn day(from: Date, after: usize) -> Option<Date> {
    from.checked_add(Span::new().days(i64::try_from(after).ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pairs: usize, sex_error: f64, age_error: f64) -> FactsPlan {
        let rate = |rate: f64| Rate::try_from(rate).unwrap();
        let weights = Weights::default();
        FactsPlan { pairs, seed: 1, weights, true_sex_error: rate(sex_error), true_age_error: rate(age_error) }
    }

    #[test]
    fn the_numbers_keep_their_promise_if_the_rates_are_right() {
        let shown = calibrate_facts(&plan(20_000, 0.01, 0.1));
        assert!((shown.mean_lr_different - 1.0).abs() < 4.0 * shown.standard_error, "{shown:?}");
        assert!(shown.cllr < 0.75 && shown.cllr - shown.cllr_min < 0.02, "{shown:?}");
        let sum = |of: fn(&FactsBand) -> f64| shown.bands.iter().map(of).sum::<f64>();
        assert!((sum(|band| band.same) - 1.0).abs() < 1e-9 && (sum(|band| band.different) - 1.0).abs() < 1e-9);
        for band in shown.bands.iter().filter(|band| band.same > 0.02 && band.different > 0.02) {
            let (observed, stated) = (band.observed.unwrap(), band.stated.unwrap());
            assert!((observed / stated).ln().abs() < 0.25, "{band:?}");
        }
        assert_eq!(calibrate_facts(&plan(200, 0.01, 0.1)), calibrate_facts(&plan(200, 0.01, 0.1)));
    }

    #[test]
    fn wrong_rates_show() {
        let (right, wrong) = (calibrate_facts(&plan(5_000, 0.01, 0.1)), calibrate_facts(&plan(5_000, 0.2, 0.5)));
        assert!(wrong.cllr > right.cllr + 0.2 && wrong.cllr - wrong.cllr_min > 0.05, "{wrong:?}");
    }
}
