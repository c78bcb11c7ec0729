//! From pairs that do not fit to the likely cause.

use crate::model::Relation;

use super::finding::Cause;
use super::pair::{MARK_LOG10_LR, Pair};
use super::stated::{Kin, stated_pairs};

/// A log10 LR that vouches for a stated relation: a pair that fits so well is not the one that is wrong.
const VOUCHES_LOG10_LR: f64 = 2.0;

/// Explanations whose log10 likelihoods are this close are told apart by nothing.
const EQUAL_LOG10_LR: f64 = 1.0;

/// A cause, whom it concerns, and the misfits (positions of pairs) that it explains.
#[derive(Debug, PartialEq)]
pub(super) struct Explained {
    pub(super) cause: Cause,
    pub(super) relatives: Vec<usize>,
    pub(super) misfits: Vec<usize>,
}

/// All pairs of a family, and the relatives not yet explained away.
pub(super) struct Search<'a> {
    relations: &'a [Relation],
    pairs: &'a [Pair],
    active: Vec<bool>,
}

impl<'a> Search<'a> {
    pub(super) fn new(relations: &'a [Relation], pairs: &'a [Pair]) -> Self {
        Self { relations, pairs, active: vec![true; relations.len()] }
    }

    /// The likely causes of all misfits: doubles first; then one exchange, if one makes everything fit; then the
    /// sample with which most is wrong, and so on with the rest.
    pub(super) fn run(mut self) -> Vec<Explained> {
        let mut causes = Vec::new();
        while let Some(double) = self.double() {
            causes.push(double);
        }
        loop {
            let misfits = self.misfits();
            let Some(&first) = misfits.first() else { return causes };
            if let Some(exchange) = self.exchange(&misfits) {
                causes.push(exchange);
                return causes;
            }
            let explained = match self.culprit(&misfits) {
                Some(relative) => self.of_sample(relative, &misfits),
                None => {
                    let relatives = vec![self.pairs[first].stated.first, self.pairs[first].stated.second];
                    Explained {
                        cause: Cause::SampleOrRelation { fits_as: Vec::new() },
                        relatives,
                        misfits: vec![first],
                    }
                }
            };
            explained.relatives.iter().for_each(|&relative| self.active[relative] = false);
            causes.push(explained);
        }
    }

    fn is_active(&self, pair: &Pair) -> bool {
        self.active[pair.stated.first] && self.active[pair.stated.second]
    }

    fn active_pairs(&self) -> impl Iterator<Item = &'a Pair> {
        let pairs = self.pairs;
        pairs.iter().filter(|pair| self.is_active(pair))
    }

    fn misfits(&self) -> Vec<usize> {
        let is_misfit = |pair: &Pair| self.is_active(pair) && !pair.fits(pair.stated.kin);
        (0..self.pairs.len()).filter(|&i| is_misfit(&self.pairs[i])).collect()
    }

    /// Two samples of one person. Of the two, the one goes without which fewer pairs do not fit.
    fn double(&mut self) -> Option<Explained> {
        let misfits = self.misfits();
        let is_double = |&&i: &&usize| self.pairs[i].best_other(self.pairs[i].stated.kin) == Kin::SamePerson;
        let double = *misfits.iter().find(is_double)?;
        let relatives = [self.pairs[double].stated.first, self.pairs[double].stated.second];
        let left = relatives.map(|relative| misfits.iter().filter(|&&i| !self.pairs[i].concerns(relative)).count());
        let gone = relatives[usize::from(left[1] <= left[0])];
        self.active[gone] = false;
        Some(Explained { cause: Cause::SamePerson, relatives: relatives.to_vec(), misfits: vec![double] })
    }

    /// The exchange of two relatives' relations after which every pair fits, if there is one.
    fn exchange(&self, misfits: &[usize]) -> Option<Explained> {
        let n = self.relations.len();
        let mut best: Option<(f64, [usize; 2])> = None;
        for a in 0..n {
            for b in a + 1..n {
                let alike = self.relations[a] == self.relations[b] && self.relations[a] != Relation::Member;
                if !(self.active[a] && self.active[b]) || alike {
                    continue;
                }
                let exchanged = |i: usize| {
                    if i == a {
                        b
                    } else if i == b {
                        a
                    } else {
                        i
                    }
                };
                let gain =
                    self.gain(|pair| self.stated_kin(exchanged(pair.stated.first), exchanged(pair.stated.second)));
                if let Some(gain) = gain.filter(|&gain| best.is_none_or(|best| gain > best.0)) {
                    best = Some((gain, [a, b]));
                }
            }
        }
        let (gain_log10_lr, relatives) = best.filter(|best| best.0 >= MARK_LOG10_LR)?;
        Some(Explained {
            cause: Cause::Exchanged { gain_log10_lr },
            relatives: relatives.to_vec(),
            misfits: misfits.to_vec(),
        })
    }

    fn stated_kin(&self, a: usize, b: usize) -> Option<Kin> {
        let between = |pair: &&Pair| (pair.stated.first, pair.stated.second) == (a.min(b), a.max(b));
        self.pairs.iter().find(between).map(|pair| pair.stated.kin)
    }

    /// By how much the log10 LR of the active pairs rises if they are to each other what `kin` says instead of what
    /// is stated; `None` if one of them does not fit then.
    fn gain(&self, kin: impl Fn(&Pair) -> Option<Kin>) -> Option<f64> {
        let mut gain = 0.0;
        for pair in self.active_pairs() {
            let kin = kin(pair).filter(|&kin| pair.fits(kin))?;
            gain += pair.log10_lr(kin) - pair.log10_lr(pair.stated.kin);
        }
        Some(gain)
    }

    /// The sample with which most is wrong; `None` if nothing tells between two.
    fn culprit(&self, misfits: &[usize]) -> Option<usize> {
        let count = |relative: usize| misfits.iter().filter(|&&i| self.pairs[i].concerns(relative)).count();
        let most = (0..self.relations.len()).map(count).max()?;
        let suspects: Vec<usize> = (0..self.relations.len()).filter(|&i| count(i) == most).collect();
        let unvouched: Vec<usize> = suspects.iter().copied().filter(|&i| !self.is_vouched_for(i)).collect();
        match (&suspects[..], &unvouched[..]) {
            (&[only], _) | (_, &[only]) => Some(only),
            _ => None,
        }
    }

    /// Whether a relation of this sample to another one is clearly as stated.
    fn is_vouched_for(&self, relative: usize) -> bool {
        self.active_pairs().any(|pair| {
            let kin = pair.stated.kin;
            pair.concerns(relative) && kin != Kin::Unrelated && pair.fits(kin) && pair.log10_lr(kin) >= VOUCHES_LOG10_LR
        })
    }

    /// What may be wrong with a sample: the relation, if another one makes it fit better than being unrelated does.
    fn of_sample(&self, relative: usize, misfits: &[usize]) -> Explained {
        let misfits = misfits.iter().copied().filter(|&i| self.pairs[i].concerns(relative)).collect();
        let mut fits: Vec<(f64, Relation)> = Vec::new();
        for relation in Relation::ALL.into_iter().filter(|&relation| relation != self.relations[relative]) {
            let mut relations = self.relations.to_vec();
            relations[relative] = relation;
            fits.extend(self.log10_lr_as(relative, &relations).map(|log10_lr| (log10_lr, relation)));
        }
        let best = fits.iter().fold(f64::NEG_INFINITY, |best, fit| best.max(fit.0));
        fits.retain(|fit| fit.0 >= best - EQUAL_LOG10_LR);
        let fits_as = fits.into_iter().map(|fit| fit.1).collect();
        let mut own = self.active_pairs().filter(|pair| pair.concerns(relative));
        // The log10 LR of being unrelated to all is 0.
        let cause = if self.relations[relative] == Relation::Member {
            // The other places in the pedigree are not tried.
            Cause::SampleOrRelation { fits_as }
        } else if best > EQUAL_LOG10_LR {
            Cause::WrongRelation { fits_as }
        } else if best < -EQUAL_LOG10_LR && own.all(|pair| pair.fits(Kin::Unrelated)) {
            Cause::SwappedSample
        } else {
            Cause::SampleOrRelation { fits_as }
        };
        Explained { cause, relatives: vec![relative], misfits }
    }

    /// log10 LR against being unrelated to all, if a relative's relation were another; `None` if that makes no
    /// family, does not fit, or makes it unrelated to all.
    fn log10_lr_as(&self, relative: usize, relations: &[Relation]) -> Option<f64> {
        let (mut sum, mut related) = (0.0, false);
        for stated in stated_pairs(relations).ok()? {
            let same = |pair: &&Pair| (pair.stated.first, pair.stated.second) == (stated.first, stated.second);
            if let Some(pair) = self.active_pairs().filter(|pair| pair.concerns(relative)).find(same) {
                sum += Some(pair.log10_lr(stated.kin)).filter(|_| pair.fits(stated.kin))?;
                related |= stated.kin != Kin::Unrelated;
            }
        }
        related.then_some(sum)
    }
}
