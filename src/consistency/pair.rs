//! Compares two relatives under every kind of relation.

use crate::kinship::KinshipError;
use crate::model::{DropOut, Relation, Sex};

use super::stated::{AsRelative, Kin, Stated};
use super::tables::{Coded, Tables};

/// A stated relation does not fit if another one, or no relation, is at least 10^2 times as likely.
///
/// If the stated relation is true, another one reaches a likelihood ratio of t with a probability of at most 1/t
/// (Turing's inequality; Good, 1950). A true pair is therefore flagged with a probability of at most 1 % per other
/// relation; the measured rate is 0.1 to 0.3 % in all (see the tests). With a limit of 10^3, a stranger given as a full
/// sibling would be missed three times as often (16 % instead of 5 %, at 23 loci), and the check would miss four of
/// five strangers given as half-siblings that it finds now.
pub(super) const MARK_LOG10_LR: f64 = 2.0;

/// Two relatives who are stated to be unrelated do not fit if a relation is at least 10^3 times as likely. The limit is
/// higher for three reasons: in-laws are rarely relatives; they resemble each other slightly in any population that is
/// not perfectly mixed; and most pairs are of this kind, above all father and mother.
pub(super) const MARK_UNRELATED_LOG10_LR: f64 = 3.0;

/// At a ratio of 10^6 or more, an error is almost certain: chance gives it in at most one of a million true pairs, for
/// each other relation.
pub(super) const CLEAR_LOG10_LR: f64 = 6.0;

/// The results of comparing the genotypes of two relatives.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) stated: Stated,
    /// Number of loci typed in both.
    pub(super) loci: u32,
    /// Loci at which the two share no allele.
    pub(super) without_common_allele: Vec<usize>,
    /// log10 LR against "unrelated" of each kind, in the order of [`Kin::ALL`].
    log10_lr: [f64; Kin::ALL.len()],
}

/// A relative, in the form in which pairs are computed.
pub(super) struct Typed {
    pub(super) relation: Relation,
    pub(super) drop_out: Option<DropOut>,
    pub(super) loci: Vec<Option<Coded>>,
}

impl Typed {
    /// Returns [`Relation::Mother`] if the relation implies a female; otherwise [`Relation::Father`], who normally has
    /// the higher mutation rate.
    fn as_parent(&self) -> Relation {
        if self.relation.sex() == Some(Sex::Female) { Relation::Mother } else { Relation::Father }
    }
}

impl Pair {
    /// Creates a pair; sums its log10 LR over the loci in panel order.
    pub(super) fn new(tables: &Tables<'_>, stated: Stated, relatives: &[Typed]) -> Result<Self, KinshipError> {
        let (one, other) = (&relatives[stated.first], &relatives[stated.second]);
        let both = || one.loci.iter().zip(&other.loci).enumerate().filter_map(|(l, (a, b))| Some((l, (*a)?, (*b)?)));
        let mut same_person = 0.0;
        let (mut loci, mut without_common_allele) = (0, Vec::new());
        for (locus, a, b) in both() {
            same_person += tables.log10_lr_same_person(locus, a, b)?;
            loci += 1;
            let shared = [a.genotype.low(), a.genotype.high()]
                .iter()
                .any(|&allele| allele == b.genotype.low() || allele == b.genotype.high());
            if !shared {
                without_common_allele.push(locus);
            }
        }
        let sum = |AsRelative { child_is_second, relation }: AsRelative| {
            both().try_fold(0.0, |sum, (locus, a, b)| {
                let (two, drop_outs) = if child_is_second {
                    ((a, b), [one.drop_out, other.drop_out])
                } else {
                    ((b, a), [other.drop_out, one.drop_out])
                };
                Ok::<_, KinshipError>(sum + tables.log10_lr(locus, relation, two, drop_outs)?)
            })
        };
        let as_second = |relation| AsRelative { child_is_second: true, relation };
        let of = |kin: Kin| match (kin, stated.as_relative.filter(|_| stated.kin == kin)) {
            (Kin::SamePerson, _) => Ok(same_person),
            (Kin::Unrelated, _) => Ok(0.0),
            (_, Some(place)) => sum(place),
            // The stated relation does not define the parent, so both directions are tried.
            (Kin::ParentChild, None) => {
                let reverse = AsRelative { child_is_second: false, relation: other.as_parent() };
                Ok(f64::max(sum(as_second(one.as_parent()))?, sum(reverse)?))
            }
            (Kin::FullSiblings, None) => sum(as_second(Relation::FullSibling)),
            // One relation represents all relations of the second degree.
            (Kin::SecondDegree, None) => sum(as_second(Relation::PaternalHalfSibling)),
        };
        let mut log10_lr = [0.0; Kin::ALL.len()];
        for (value, kin) in log10_lr.iter_mut().zip(Kin::ALL) {
            *value = of(kin)?;
        }
        Ok(Self { stated, loci, without_common_allele, log10_lr })
    }

    /// Reports whether this relative is one of the two.
    pub(super) fn concerns(&self, relative: usize) -> bool {
        self.stated.first == relative || self.stated.second == relative
    }

    /// Returns log10 LR of a kind against "unrelated". For the stated kind, it is that of exactly the stated relation.
    pub(super) fn log10_lr(&self, kin: Kin) -> f64 {
        self.log10_lr[kin as usize]
    }

    /// Returns the kind with the largest log10 LR, except `kin`.
    pub(super) fn best_other(&self, kin: Kin) -> Kin {
        let others = Kin::ALL.into_iter().filter(|&other| other != kin);
        // The first of equal kinds, so that the result is always the same.
        others.rev().max_by(|&a, &b| self.log10_lr(a).total_cmp(&self.log10_lr(b))).unwrap_or(kin)
    }

    /// Returns log10 LR of a kind against the best other kind; negative infinity if the kind is impossible.
    pub(super) fn support(&self, kin: Kin) -> f64 {
        self.log10_lr(kin) - self.log10_lr(self.best_other(kin))
    }

    /// Reports whether a kind fits the genotypes: the best other kind exceeds it by less than the limit.
    pub(super) fn fits(&self, kin: Kin) -> bool {
        let mark = if kin == Kin::Unrelated { MARK_UNRELATED_LOG10_LR } else { MARK_LOG10_LR };
        self.support(kin) > -mark
    }
}
