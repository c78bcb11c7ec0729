//! Finds the likely cause of the pairs that do not fit.

use crate::model::Relation;

use super::finding::Cause;
use super::pair::{MARK_LOG10_LR, Pair};
use super::stated::{Kin, stated_pairs};

/// The log10 LR from which a pair confirms its stated relation, so that the error is assumed to lie elsewhere.
const VOUCHES_LOG10_LR: f64 = 2.0;

/// The largest difference of log10 likelihoods at which two explanations count as equally likely.
const EQUAL_LOG10_LR: f64 = 1.0;

/// A cause, the relatives that it concerns, and the misfits (positions of pairs) that it explains.
#[derive(Debug, PartialEq)]
pub(super) struct Explained {
    pub(super) cause: Cause,
    pub(super) relatives: Vec<usize>,
    pub(super) misfits: Vec<usize>,
}

/// All pairs of a family, with the relatives that no cause has explained yet.
pub(super) struct Search<'a> {
    relations: &'a [Relation],
    pairs: &'a [Pair],
    active: Vec<bool>,
}

impl<'a> Search<'a> {
    pub(super) fn new(relations: &'a [Relation], pairs: &'a [Pair]) -> Self {
        Self { relations, pairs, active: vec![true; relations.len()] }
    }

    /// Returns the likely causes of all misfits. First, it finds pairs of samples of one person. Then it looks for an
    /// exchange that makes everything fit. Without one, it blames the sample with the most misfits, or both samples of
    /// a pair, and repeats with the other samples.
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

    /// Finds two samples of one person. Removes the sample without which fewer pairs do not fit.
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

    /// Returns the exchange of two relatives' relations after which every pair fits, if there is one. Among several, it
    /// returns the one with the largest gain.
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

    /// Returns the gain in log10 LR over the active pairs if their relations are those of `kin` instead of the stated
    /// ones; `None` if a pair does not fit then.
    fn gain(&self, kin: impl Fn(&Pair) -> Option<Kin>) -> Option<f64> {
        let mut gain = 0.0;
        for pair in self.active_pairs() {
            let kin = kin(pair).filter(|&kin| pair.fits(kin))?;
            gain += pair.log10_lr(kin) - pair.log10_lr(pair.stated.kin);
        }
        Some(gain)
    }

    /// Returns the sample with the most misfits; `None` if no single sample can be blamed.
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

    /// Reports whether a pair clearly confirms a stated relation of this sample.
    fn is_vouched_for(&self, relative: usize) -> bool {
        self.active_pairs().any(|pair| {
            let kin = pair.stated.kin;
            pair.concerns(relative) && kin != Kin::Unrelated && pair.fits(kin) && pair.log10_lr(kin) >= VOUCHES_LOG10_LR
        })
    }

    /// Returns the likely error of a sample: its relation, if another relation fits better than being unrelated does.
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
        // The log10 LR of a relative who is unrelated to all others is 0.
        let cause = if self.relations[relative] == Relation::Member {
            // The search does not try other places in the pedigree.
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

    /// Returns log10 LR, against being unrelated to all others, of a relative with another relation; `None` if these
    /// relations form no pedigree, do not fit, or make the relative unrelated to all others.
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
