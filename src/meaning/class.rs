//! The rules by which classes follow from the numbers.

use serde::Serialize;

use crate::matching::Alternative;

use super::margin::RivalRatio;
use super::weighed::{Class, Lack, Meaning};

/// The numbers by which candidates are classified.
///
/// No rule excludes a pair, and none counts mismatches to exclude one. The loci, the ratio of 10,000 and the posterior
/// of 99.9 % are those of practice; "so many times any rival, and probable from a tenth of it" is the rule of programs
/// that identify victims.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Rules {
    /// The least number of loci compared, for `candidate` and `strong`.
    pub loci: u32,
    /// The least log10 LR over all frequency tables and theta, for `candidate` and `strong`.
    pub log10_lr: f64,
    /// The least log10 LR against every rival explanation, for `candidate` and `strong`.
    pub log10_rival: f64,
    /// The same for `candidate` against the rivals that need more than one mistake: a typed parent's sibling had the child
    /// with the other parent.
    pub log10_rival_in_place: f64,
    /// The least margin, in log10, to the family's next child and the child's next family: for `candidate`, and for
    /// `strong`.
    pub log10_margin: [f64; 2],
    /// The least posterior probability: for `more-loci`, `candidate` and `strong`.
    pub posterior: [f64; 3],
    /// The largest number of incompatible loci, for `candidate` and `strong`.
    pub incompatible_loci: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            loci: 19,
            log10_lr: 4.0,
            log10_rival: 3.0,
            log10_rival_in_place: 2.0,
            log10_margin: [3.0, 4.0],
            posterior: [0.01, 0.9, 0.999],
            incompatible_loci: 2,
        }
    }
}

impl Rules {
    /// Classifies a candidate, and says what it lacks for a higher class.
    pub(super) fn classify(&self, meaning: &Meaning, facts: &Facts) -> (Class, Vec<Lack>) {
        let lacks = |class: Class| -> Vec<Lack> {
            let is_strong = class == Class::Strong;
            let [for_candidate, for_strong] = self.log10_margin;
            let margin = if is_strong { for_strong } else { for_candidate };
            // Without another candidate, the margin is the distance from the threshold; the other one may be far below.
            let is_close = |of: &super::Margin| !of.at_least && of.log10 < margin;
            let beaten = |rival: &RivalRatio| {
                let in_place = matches!(rival.rival, Alternative::ChildOfUncle | Alternative::ChildOfAunt);
                let least = if in_place && !is_strong { self.log10_rival_in_place } else { self.log10_rival };
                rival.log10_lr.is_none_or(|log10_lr| log10_lr >= least)
            };
            let holds = |lack: &Lack| match lack {
                Lack::Loci => facts.loci_compared < self.loci,
                Lack::RivalExplanation => !meaning.rivals.iter().all(beaten) || !meaning.rivals_not_computed.is_empty(),
                Lack::OtherChild => is_close(&meaning.margin_child),
                Lack::OtherFamily => is_close(&meaning.margin_family),
                Lack::LeastRatio => meaning.log10_lr_min + facts.log10_doubt < self.log10_lr,
                Lack::Posterior => meaning.posterior < self.posterior[if is_strong { 2 } else { 1 }],
                Lack::IncompatibleLoci => facts.incompatible_loci > self.incompatible_loci,
                Lack::Papers => is_strong && !facts.as_stated,
                Lack::MarkedFamily => is_strong && facts.is_marked,
            };
            Lack::ALL.into_iter().filter(holds).collect()
        };
        let (strong, candidate) = (lacks(Class::Strong), lacks(Class::Candidate));
        if strong.is_empty() {
            (Class::Strong, strong)
        } else if candidate.is_empty() {
            (Class::Candidate, strong)
        } else if meaning.posterior >= self.posterior[0] {
            (Class::MoreLoci, candidate)
        } else {
            (Class::Unlikely, candidate)
        }
    }
}

/// What the classes depend on besides the meaning.
pub(super) struct Facts {
    pub(super) loci_compared: u32,
    pub(super) incompatible_loci: u32,
    /// The doubt of the view that made the candidate: 0, or less.
    pub(super) log10_doubt: f64,
    /// `true` if the pair is a candidate with the papers as they are stated.
    pub(super) as_stated: bool,
    /// `true` if the family's relatives are inconsistent.
    pub(super) is_marked: bool,
}

#[cfg(test)]
mod tests {
    use super::{Facts, Rules};
    use crate::matching::Alternative;
    use crate::meaning::{Class, Lack, Margin, Meaning, RivalRatio};

    fn strong() -> (Meaning, Facts) {
        let alone = Margin { log10: 9.0, at_least: true };
        let meaning = Meaning {
            class: Class::Unlikely,
            lacks: Vec::new(),
            posterior: 0.9999,
            expected_chance_hits: 1e-6,
            chance_hits_bounded: false,
            observed_at_least: 1,
            expected_cousin_hits: 0.0,
            expected_half_sibling_hits: 0.0,
            rivals: vec![RivalRatio { rival: Alternative::Nephew, log10_lr: Some(3.0) }],
            rivals_not_computed: vec![],
            margin_child: alone,
            margin_family: alone,
            log10_lr_min: 4.0,
            log10_lr_min_with: String::new(),
            further_loci: None,
        };
        let facts =
            Facts { loci_compared: 19, incompatible_loci: 2, log10_doubt: 0.0, as_stated: true, is_marked: false };
        (meaning, facts)
    }

    #[test]
    fn each_lack_alone_lowers_the_class() {
        type Change = fn(&mut Meaning, &mut Facts);
        let close = |log10| Margin { log10, at_least: false };
        let rules = Rules::default();
        let (meaning, facts) = strong();
        assert_eq!(rules.classify(&meaning, &facts), (Class::Strong, vec![]));
        // Each change is the least that lowers the class; the second class is that of a much larger change.
        let cases: [(Lack, Class, Change, Class, Change); 9] = [
            (Lack::Loci, Class::MoreLoci, |_, f| f.loci_compared = 18, Class::MoreLoci, |_, f| f.loci_compared = 5),
            (
                Lack::RivalExplanation,
                Class::MoreLoci,
                |m, _| m.rivals[0].log10_lr = Some(2.99),
                Class::MoreLoci,
                |m, _| m.rivals_not_computed.push(Alternative::PaternalCousin),
            ),
            (
                Lack::OtherChild,
                Class::Candidate,
                |m, _| m.margin_child = Margin { log10: 3.99, at_least: false },
                Class::MoreLoci,
                |m, _| m.margin_child = Margin { log10: 2.99, at_least: false },
            ),
            (
                Lack::OtherFamily,
                Class::Candidate,
                |m, _| m.margin_family = Margin { log10: 3.99, at_least: false },
                Class::MoreLoci,
                |m, _| m.margin_family = Margin { log10: 2.99, at_least: false },
            ),
            (
                Lack::LeastRatio,
                Class::MoreLoci,
                |m, _| m.log10_lr_min = 3.99,
                Class::MoreLoci,
                |_, f| f.log10_doubt = -0.01,
            ),
            (
                Lack::Posterior,
                Class::Candidate,
                |m, _| m.posterior = 0.9989,
                Class::MoreLoci,
                |m, _| m.posterior = 0.89,
            ),
            (
                Lack::IncompatibleLoci,
                Class::MoreLoci,
                |_, f| f.incompatible_loci = 3,
                Class::MoreLoci,
                |_, f| f.incompatible_loci = 9,
            ),
            (Lack::Papers, Class::Candidate, |_, f| f.as_stated = false, Class::Candidate, |_, f| f.as_stated = false),
            (
                Lack::MarkedFamily,
                Class::Candidate,
                |_, f| f.is_marked = true,
                Class::Candidate,
                |_, f| f.is_marked = true,
            ),
        ];
        for (lack, class, change, other_class, other_change) in cases {
            for (expected, change) in [(class, change), (other_class, other_change)] {
                let (mut meaning, mut facts) = strong();
                change(&mut meaning, &mut facts);
                assert_eq!(rules.classify(&meaning, &facts), (expected, vec![lack]), "{lack:?}");
            }
        }
        // A distance from the threshold is no rival, and a posterior below 0.01 is unlikely whatever else holds.
        let (mut meaning, facts) = strong();
        meaning.margin_child = Margin { log10: 0.1, at_least: true };
        assert_eq!(rules.classify(&meaning, &facts).0, Class::Strong);
        (meaning.posterior, meaning.margin_child) = (0.0099, close(9.0));
        assert_eq!(rules.classify(&meaning, &facts).0, Class::Unlikely);
    }
}
