//! Takes a family through the stages in each of its views, and selects the pairs that reach the threshold in one of
//! them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::kinship::KinshipError;
use crate::model::{Candidate, Family, InView, Locus, Panel, Pseudonym, Unscorable, View, Views};
use crate::screen::{Plan, Viewed};

use super::compile::Compared;
use super::compiled::CompiledFamily;
use super::doubt::{FamilyView, views};
use super::matcher::{Matcher, Near};
use super::shared_loci::LocusSet;
use super::view_weights::{CompiledView, mixed, view_weights};

/// A family compiled in one of its views, with the threshold for that view.
pub(super) struct Aim {
    /// Position of the family in its chunk.
    pub(super) of: usize,
    pub(super) view: View,
    pub(super) log10_doubt: f64,
    /// The relatives in this view.
    relatives: Family,
    pub(super) family: CompiledFamily,
    pub(super) threshold: f64,
}

impl Aim {
    fn compiled(&self) -> CompiledView<'_> {
        let Self { view, log10_doubt, relatives, family: compiled, .. } = self;
        CompiledView { view: *view, log10_doubt: *log10_doubt, relatives, compiled }
    }

    /// Returns the view as it is screened by this plan.
    pub(super) fn viewed<'a>(&'a self, plan: &'a Plan) -> Viewed<'a> {
        Viewed { loci: self.family.screened(), threshold: self.threshold - self.family.linkage.slack, plan }
    }
}

/// A family and a child that reach the threshold of a view.
#[derive(Clone)]
pub(super) struct Pair {
    /// Number of the child in the index.
    pub(super) child: usize,
    /// log10 LR in each view.
    log10_lrs: Vec<f64>,
    /// Number of the view that made it a candidate.
    made_by: usize,
}

impl Pair {
    /// Returns the value by which the candidates of a family are ranked: see [`Candidate::rank`].
    fn rank(&self, aims: &[Aim]) -> f64 {
        self.log10_lrs[self.made_by] + aims[self.made_by].log10_doubt
    }
}

impl Matcher<'_> {
    /// Compares two pairs of a family: by falling rank, ties by the child.
    pub(super) fn best_first(&self, aims: &[Aim], a: &Pair, b: &Pair) -> Ordering {
        let by_name = || self.index.pseudonym(a.child).cmp(&self.index.pseudonym(b.child));
        b.rank(aims).total_cmp(&a.rank(aims)).then_with(by_name)
    }

    /// Finds the best pairs of a family that are not candidates. `hits` are children with their log10 LR in each view.
    pub(super) fn near_pairs(
        &self,
        family: &Family,
        aims: &[Aim],
        near: &Near,
        hits: &[Vec<(usize, f64)>],
    ) -> Result<Vec<Pair>, KinshipError> {
        let mut best: BTreeMap<usize, f64> = BTreeMap::new();
        for (aim, hits) in aims.iter().zip(hits) {
            for &(child, log10_lr) in hits {
                let rank = best.entry(child).or_insert(f64::NEG_INFINITY);
                // With linked loci the hit is only a bound.
                *rank = rank.max(log10_lr + aim.log10_doubt + aim.family.linkage.slack);
            }
        }
        let mut order: Vec<(usize, f64)> = best.into_iter().filter(|one| !self.passes_by(one.0)).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut pairs: Vec<Pair> = Vec::new();
        for (child, bound) in order {
            // The pairs that follow cannot exceed their bound.
            if pairs.len() >= near.most && bound < pairs[near.most - 1].rank(aims) {
                break;
            }
            if near.candidates.contains(&(family.pseudonym, self.index.pseudonym(child))) {
                continue;
            }
            for pair in self.pairs(aims, &[child])? {
                if matches!(self.same_as(family, child), Ok(Some(_))) {
                    continue;
                }
                let at = pairs.binary_search_by(|other| self.best_first(aims, other, &pair)).unwrap_or_else(|at| at);
                pairs.insert(at, pair);
            }
        }
        pairs.truncate(near.most);
        Ok(pairs)
    }

    /// Compiles a family in all its views, and returns the views that cannot be compiled separately.
    pub(super) fn aims(&self, of: usize, family: &Family) -> (Vec<Aim>, Vec<Unscorable>) {
        let views = views(family, &self.criterion.doubts);
        let share = 1.0 / views.len() as f64;
        let is_alone = views.len() == 1;
        let aim = |FamilyView { view, log10_doubt, family: relatives }: FamilyView| {
            let family = self.compiler.family(&relatives).map_err(|error| match is_alone {
                true => error,
                false => Unscorable { reason: format!("{}: {}", view.words(), error.reason), ..error },
            })?;
            match self.threshold(&family, log10_doubt, share) {
                Ok(threshold) => Ok(Aim { of, view, log10_doubt, relatives, family, threshold }),
                Err(reason) => {
                    let locus = self.calculator().panel().loci()[0].clone();
                    Err(Unscorable { family: relatives.pseudonym, locus, reason: reason.to_string() })
                }
            }
        };
        let (mut aims, mut unscorable) = (Vec::with_capacity(views.len()), Vec::new());
        for view in views {
            match aim(view) {
                Ok(aim) => aims.push(aim),
                Err(error) => unscorable.push(error),
            }
        }
        (aims, unscorable)
    }

    /// Returns the children who reach the threshold in a view of a family, with linked loci taken together.
    pub(super) fn pairs(&self, aims: &[Aim], children: &[usize]) -> Result<Vec<Pair>, KinshipError> {
        let (index, calculator) = (self.index, self.calculator());
        let mut scorers = Vec::with_capacity(aims.len());
        for aim in aims {
            scorers.push(aim.family.linkage.scorers(calculator)?);
        }
        let mut pairs = Vec::with_capacity(children.len());
        for &child in children {
            let genotype = |locus: usize| index.genotype(child, locus);
            let mut log10_lrs = Vec::with_capacity(aims.len());
            for (aim, linked) in aims.iter().zip(&mut scorers) {
                log10_lrs.push(aim.family.log10_lr(calculator, linked, genotype, index.drop_out(child))?);
            }
            let views = log10_lrs.iter().zip(aims).map(|(&log10_lr, aim)| (log10_lr, aim.log10_doubt, aim.threshold));
            if let Some(made_by) = made_by(views) {
                pairs.push(Pair { child, log10_lrs, made_by });
            }
        }
        Ok(pairs)
    }

    /// Computes [`view_weights`] for the views of a family.
    pub(super) fn view_weights(&self, family: &Family, aims: &[Aim]) -> Option<Vec<f64>> {
        view_weights(self.calculator(), family, &aims.iter().map(Aim::compiled).collect::<Vec<_>>())
    }

    /// Builds the candidate of a pair.
    pub(super) fn candidate(
        &self,
        family: Pseudonym,
        aims: &[Aim],
        pair: &Pair,
        same_as: Option<Pseudonym>,
        weights: Option<&[f64]>,
    ) -> Candidate {
        let genotype = |locus: usize| self.index.genotype(pair.child, locus);
        let compared = |aim: &Aim| self.compiler.compared(&aim.family, genotype).unwrap_or_default();
        let made_by = &aims[pair.made_by];
        let Compared { loci, incompatible, contradicted } = compared(made_by);
        let is_plain = aims.len() == 1 && made_by.view == View::Stated;
        let views = || {
            let stated = aims.iter().find(|aim| aim.view == View::Stated);
            let against = |of: Compared| of.incompatible | of.contradicted;
            let contradicting = stated.map_or(0, |stated| against(compared(stated)) & !(incompatible | contradicted));
            let in_view =
                |(aim, &log10_lr): (&Aim, &f64)| InView { view: aim.view, log10_doubt: aim.log10_doubt, log10_lr };
            Box::new(Views {
                all: aims.iter().zip(&pair.log10_lrs).map(in_view).collect(),
                made_by: pair.made_by,
                log10_lr_mixed: weights.and_then(|weights| mixed(weights, &pair.log10_lrs)),
                contradicting: names(self.calculator().panel(), contradicting),
            })
        };
        Candidate {
            family,
            child: self.index.pseudonym(pair.child),
            log10_lr: pair.log10_lrs[pair.made_by],
            loci_compared: loci.count_ones(),
            incompatible_loci: incompatible.count_ones(),
            same_as,
            views: (!is_plain).then(views),
        }
    }
}

/// Returns the view that makes a pair a candidate, of views with log10 LR, log10 doubt and threshold: of the views that
/// reach their threshold the one with the largest `log10 LR + log10 doubt`; of equal ones the first, which is the
/// papers if they are among them.
pub(super) fn made_by(views: impl Iterator<Item = (f64, f64, f64)>) -> Option<usize> {
    let reach = views.enumerate().filter(|(_, (log10_lr, _, threshold))| log10_lr >= threshold);
    let ranked = reach.map(|(view, (log10_lr, log10_doubt, _))| (view, log10_lr + log10_doubt));
    ranked.reduce(|best, one| if one.1 > best.1 { one } else { best }).map(|best| best.0)
}

/// Returns the names of these loci of a panel.
pub(super) fn names(panel: &Panel, loci: LocusSet) -> Vec<Locus> {
    let all = panel.loci().iter().enumerate();
    all.filter(|(position, _)| loci >> position & 1 == 1).map(|(_, name)| name.clone()).collect()
}
