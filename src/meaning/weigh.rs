//! Weighs candidates: from the likelihood ratio of a pair to what it means in this database.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Serialize;

use crate::kinship::{Calculator, KinshipError};
use crate::matching::{
    Alternative, ChanceHits, CompiledFamily, Compiler, Doubts, FamilyView, HitsWithFamily, LocusSet, locus_set, views,
};
use crate::model::{Candidate, Child, Family, Unscorable, View};

use super::assign::Place;
use super::class::{Facts, Rules};
use super::margin::{Margin, RivalRatio};
use super::pair::{compiled_log10_lr, pair_log10_lr};
use super::prior::Prior;
use super::weighed::{Class, Meaning};

/// Another frequency table, or another theta, under which a candidate must hold.
#[derive(Clone, Debug)]
pub struct OtherModel {
    /// Its name, for the report.
    pub name: String,
    /// The calculator; its panel is the same.
    pub calculator: Calculator,
}

/// A family with all of its candidates.
#[derive(Clone, Copy, Debug)]
pub struct FamilyToWeigh<'a> {
    /// The family.
    pub family: &'a Family,
    /// Its candidates, without identities.
    pub candidates: &'a [Candidate],
    /// `true` if the family's relatives are inconsistent with each other.
    pub is_marked: bool,
}

/// A candidate to weigh, with what its meaning depends on.
#[derive(Clone, Copy, Debug)]
pub struct PairToWeigh<'a> {
    /// The child.
    pub child: &'a Child,
    /// The candidate.
    pub candidate: &'a Candidate,
    /// The child's candidates, without identities; this one included.
    pub of_child: &'a [Candidate],
}

/// What typing the child at further loci would settle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settling {
    /// Number of further loci that compare the child with a relative.
    pub further_loci: u32,
    /// Probability that the posterior reaches that of the class `strong`, if the child is the missing one.
    pub probability: f64,
}

/// Weighs the candidates of a database.
pub struct Weigher<'a> {
    pub(super) compiler: Compiler<'a>,
    pub(super) hits: &'a ChanceHits,
    pub(super) prior: Prior,
    /// The least log10 LR of a candidate.
    pub(super) threshold: f64,
    pub(super) doubts: Doubts,
    others: &'a [OtherModel],
    rules: Rules,
}

/// One view of a family, compiled with its rivals.
struct CompiledView<'a> {
    family: Family,
    compiled: CompiledFamily,
    hits: HitsWithFamily<'a>,
    rivals: Vec<Rival>,
}

/// The family as a rival explanation states it.
struct Rival {
    kind: Alternative,
    family: Family,
    /// Whether it is close kin, whose number is expected, too.
    is_close: bool,
    /// Close kin, compiled; `None` if its pedigree is too large, where the family's may not be.
    compiled: Option<CompiledFamily>,
}

/// The base of the published formula for further loci of a single parent: the mean factor of a locus.
const FACTOR_OF_LOCUS: f64 = 1.8432;

/// Largest log10 LR against a rival that no profile can distinguish. Rivals that can be distinguished differ by a mutation
/// rate at least.
const SAME: f64 = 1e-9;

impl<'a> Weigher<'a> {
    /// Creates a weigher over the children of `hits`. `threshold` and `doubts` are those of the candidates' run.
    #[must_use]
    pub fn new(
        calculator: &'a Calculator,
        hits: &'a ChanceHits,
        prior: Prior,
        (threshold, doubts): (f64, Doubts),
        others: &'a [OtherModel],
    ) -> Self {
        let compiler = Compiler::new(calculator, false);
        Self { compiler, hits, prior, threshold, doubts, others, rules: Rules::default() }
    }

    /// Weighs candidates of one family.
    ///
    /// # Errors
    /// [`Unscorable`] with the first locus that fails.
    pub fn weigh(&self, of: &FamilyToWeigh<'_>, pairs: &[PairToWeigh<'_>]) -> Result<Vec<Meaning>, Unscorable> {
        let family = of.family;
        let weights: f64 = of.candidates.iter().map(|candidate| self.weight(candidate)).sum();
        // The papers as they are stated are compiled in any case.
        let mut stated = self.compiled(family)?;
        let all_weights = weights + self.prior.weight_of_none(stated.hits.missed(self.threshold));
        let mut compiled: HashMap<View, CompiledView<'_>> = HashMap::from([(View::Stated, stated)]);
        let all = views(family, &self.doubts);
        let mut meanings = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let view = pair.candidate.view();
            let view = match compiled.entry(view) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    // The views always include the papers as they are stated.
                    let in_view =
                        all.iter().find(|one| one.view == view).map_or(family, |FamilyView { family, .. }| family);
                    new.insert(self.compiled(in_view)?)
                }
            };
            meanings.push(self.pair(of, view, pair, all_weights)?);
        }
        Ok(meanings)
    }

    /// Returns the family's place with its candidates, for the assignment of all.
    ///
    /// # Errors
    /// [`Unscorable`] with the first locus that fails.
    pub fn place(&self, family: &Family, candidates: &[Candidate]) -> Result<Place, Unscorable> {
        let weight = |candidate: &Candidate| (candidate.child, self.weight(candidate));
        Ok(Place {
            family: family.pseudonym,
            weight_of_none: self.prior.weight_of_none(self.missed(family)?),
            children: candidates.iter().filter(|candidate| candidate.same_as.is_none()).map(weight).collect(),
        })
    }

    /// Computes the probability that the family's missing child, if it is in the database, stays below the threshold.
    ///
    /// # Errors
    /// [`Unscorable`] with the first locus that fails.
    pub fn missed(&self, family: &Family) -> Result<f64, Unscorable> {
        let compiled = self.compiler.family(family)?;
        let hits = self.hits.with_family(&self.compiler, &compiled);
        Ok(hits.map_err(|reason| self.unscorable(family, &reason))?.missed(self.threshold))
    }

    /// Computes what further loci of the child would settle: for each set of loci, the probability that the child, if it
    /// is the missing one, reaches the posterior of the class `strong` once it is typed there, too. Only loci count at
    /// which the child is untyped and a relative is typed.
    ///
    /// # Errors
    /// [`Unscorable`] with the first locus that fails.
    pub fn settle(
        &self,
        of: &FamilyToWeigh<'_>,
        child: &Child,
        candidate: &Candidate,
        sets: &[LocusSet],
    ) -> Result<Vec<Settling>, Unscorable> {
        let view = candidate.view();
        let all = views(of.family, &self.doubts);
        let in_view = all.iter().find(|one| one.view == view).map_or(of.family, |FamilyView { family, .. }| family);
        let compiled = self.compiler.family(in_view)?;
        let others = of.candidates.iter().filter(|other| other.child != candidate.child);
        let rest =
            others.map(|other| self.weight(other)).sum::<f64>() + self.prior.weight_of_none(self.missed(of.family)?);
        let posterior = self.rules.posterior[2];
        let lacking = libm::log10(rest * posterior / (1.0 - posterior) / self.weight(candidate));
        let panel = self.compiler.calculator().panel().len();
        let untyped = locus_set((0..panel).map(|locus| child.profile.at(locus).is_none()));
        let hits = self.hits.with_family(&self.compiler, &compiled);
        let hits = hits.map_err(|reason| self.unscorable(in_view, &reason))?;
        let informative = compiled.typed().fold(0, |set: LocusSet, (locus, _)| set | 1 << locus);
        let settling = |set: &LocusSet| {
            let further = set & untyped & informative;
            let probability = match further {
                _ if lacking <= 0.0 => 1.0,
                0 => 0.0,
                _ => hits.reached_as(&compiled, &compiled, further, lacking),
            };
            Settling { further_loci: further.count_ones(), probability }
        };
        Ok(sets.iter().map(settling).collect())
    }

    /// Returns the weight of a candidate: the likelihood ratio over all views of the papers, times the prior.
    pub(super) fn weight(&self, candidate: &Candidate) -> f64 {
        let over_views = candidate.views.as_ref().and_then(|views| views.log10_lr_mixed);
        self.prior.weight(over_views.unwrap_or(candidate.log10_lr), self.hits.children())
    }

    pub(super) fn unscorable(&self, family: &Family, reason: &KinshipError) -> Unscorable {
        Unscorable {
            family: family.pseudonym,
            locus: self.compiler.calculator().panel().loci()[0].clone(),
            reason: reason.to_string(),
        }
    }

    fn compiled(&self, family: &Family) -> Result<CompiledView<'_>, Unscorable> {
        use Alternative::{MaternalCousin, MaternalHalfSibling, PaternalCousin, PaternalHalfSibling};
        let compiled = self.compiler.family(family)?;
        let rival = |kind: Alternative| {
            let family = kind.family(family)?;
            let is_close = matches!(kind, PaternalCousin | MaternalCousin | PaternalHalfSibling | MaternalHalfSibling);
            let compiled = is_close.then(|| self.compiler.family(&family).ok()).flatten();
            Some(Rival { kind, family, is_close, compiled })
        };
        let rivals = Alternative::rivals_in(family).into_iter().filter_map(rival).collect();
        let hits =
            self.hits.with_family(&self.compiler, &compiled).map_err(|reason| self.unscorable(family, &reason))?;
        Ok(CompiledView { hits, compiled, rivals, family: family.clone() })
    }

    fn pair(
        &self,
        of: &FamilyToWeigh<'_>,
        view: &mut CompiledView<'_>,
        pair: &PairToWeigh<'_>,
        all_weights: f64,
    ) -> Result<Meaning, Unscorable> {
        let PairToWeigh { child, candidate, of_child } = *pair;
        let other_children = || of.candidates.iter().filter(|other| other.child != candidate.child);
        let other_families = of_child.iter().filter(|other| other.family != candidate.family);
        let calculator = self.compiler.calculator();
        let log10_lr = candidate.log10_lr;
        let expected = view.hits.expected(log10_lr);
        let typed = locus_set((0..calculator.panel().len()).map(|locus| child.profile.at(locus).is_some()));
        let (mut rivals, mut rivals_not_computed) = (Vec::with_capacity(view.rivals.len()), Vec::new());
        for Rival { kind, family, compiled, .. } in &view.rivals {
            let as_rival = match compiled {
                Some(compiled) => compiled_log10_lr(calculator, compiled, child).ok(),
                None => pair_log10_lr(calculator, family, child).ok(),
            };
            let Some(as_rival) = as_rival else {
                rivals_not_computed.push(*kind);
                continue;
            };
            let against = log10_lr - as_rival;
            rivals.push(RivalRatio { rival: *kind, log10_lr: Some(against).filter(|against| against.is_finite()) });
        }
        let (mut cousins, mut halves) = (None, None);
        for Rival { kind, compiled, .. } in view.rivals.iter().filter(|rival| rival.is_close) {
            let most = match kind {
                Alternative::PaternalCousin | Alternative::MaternalCousin => &mut cousins,
                _ => &mut halves,
            };
            let reached = compiled
                .as_ref()
                .map_or(1.0, |compiled| view.hits.reached_as(&view.compiled, compiled, typed, log10_lr));
            *most = Some(most.unwrap_or(0.0_f64).max(reached));
        }
        rivals.sort_by(|a, b| {
            let value = |rival: &RivalRatio| rival.log10_lr.unwrap_or(f64::INFINITY);
            value(a).total_cmp(&value(b)).then(a.rival.cmp(&b.rival))
        });
        // With one parent's line alone, a half-sibling on that side is that parent's child like any other.
        let halves = match halves {
            Some(halves) => halves,
            None => view.hits.reached_as(&view.compiled, &view.compiled, typed, log10_lr),
        };
        let (log10_lr_min, log10_lr_min_with) = self.least(&view.family, child, log10_lr);
        let at_least = |other: &&Candidate| in_view(other, candidate.view()).is_some_and(|other| other >= log10_lr);
        let rank = candidate.rank();
        let facts = Facts {
            loci_compared: candidate.loci_compared,
            incompatible_loci: candidate.incompatible_loci,
            log10_doubt: candidate.log10_doubt(),
            as_stated: candidate.view() == View::Stated,
            is_marked: of.is_marked,
        };
        let mut meaning = Meaning {
            class: Class::Unlikely,
            lacks: Vec::new(),
            posterior: self.weight(candidate) / all_weights,
            expected_chance_hits: expected.number,
            chance_hits_bounded: expected.is_bound,
            observed_at_least: 1 + other_children().filter(at_least).count() as u64,
            expected_cousin_hits: cousins.unwrap_or(0.0),
            expected_half_sibling_hits: halves,
            rivals,
            rivals_not_computed,
            margin_child: Margin::over(rank, other_children().map(Candidate::rank), self.threshold),
            margin_family: Margin::over(rank, other_families.map(Candidate::rank), self.threshold),
            log10_lr_min,
            log10_lr_min_with,
            further_loci: None,
        };
        (meaning.class, meaning.lacks) = self.rules.classify(&meaning, &facts);
        meaning.further_loci = self.further_loci(&meaning, candidate);
        Ok(meaning)
    }

    /// Returns the least log10 LR over the other models, and the name of its model.
    fn least(&self, family: &Family, child: &Child, log10_lr: f64) -> (f64, String) {
        let mut least = (log10_lr, "the frequencies and theta of the run".to_owned());
        let mut failed = Vec::new();
        for OtherModel { name, calculator } in self.others {
            match pair_log10_lr(calculator, family, child) {
                Ok(with) if with < least.0 => least = (with, name.clone()),
                Ok(_) => {}
                // A table may refuse an allele that it does not list.
                Err(_) => failed.push(name.as_str()),
            }
        }
        if !failed.is_empty() {
            least.1 += &format!(" (not computed: {})", failed.join("; "));
        }
        least
    }

    fn further_loci(&self, meaning: &Meaning, candidate: &Candidate) -> Option<u32> {
        let Rules { loci, log10_lr, log10_rival, log10_margin, posterior, .. } = self.rules;
        let rival = meaning.rivals.first().and_then(|rival| rival.log10_lr).unwrap_or(f64::INFINITY);
        let is_same = |of: &Margin| !of.at_least && of.log10.abs() < SAME;
        if rival.abs() < SAME || is_same(&meaning.margin_child) || is_same(&meaning.margin_family) {
            return None;
        }
        let margin = |of: Margin| if of.at_least { 0.0 } else { log10_margin[1] - of.log10 };
        let log10_odds = |p: f64| libm::log10(p / (1.0 - p));
        let lacking = [
            log10_lr - meaning.log10_lr_min - candidate.log10_doubt(),
            log10_rival - rival,
            margin(meaning.margin_child),
            margin(meaning.margin_family),
            log10_odds(posterior[2]) - log10_odds(meaning.posterior),
        ];
        let most = lacking.into_iter().fold(0.0, f64::max);
        let by_formula = (most / libm::log10(FACTOR_OF_LOCUS)).ceil() as u32;
        Some(by_formula.max(loci.saturating_sub(candidate.loci_compared)))
    }
}

/// Returns the log10 LR of a candidate in a view.
fn in_view(candidate: &Candidate, view: View) -> Option<f64> {
    match &candidate.views {
        None => (view == View::Stated).then_some(candidate.log10_lr),
        Some(views) => views.all.iter().find(|one| one.view == view).map(|one| one.log10_lr),
    }
}
