//! What does not fit in a family, and the likely cause.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;

use crate::kinship::{Calculator, Evidence, KinshipError, LocusTable, Shown};
use crate::model::{Family, Genotype, Locus, Pedigree, Profile, Pseudonym, Relation, Relative, Sex, genotype_code};

use super::bond::{Bond, bond};

/// A stated bond is doubted if another one is this much more likely, in log10.
///
/// Under the true bond, another is 10^3 times more likely with a probability of at most 10^-3, by Markov's inequality:
/// the likelihood ratio of a false hypothesis has mean 1.
pub const MARGIN: f64 = 3.0;

/// Two samples are taken for the same person from so many loci on, if all genotypes but one at most are equal.
///
/// Full siblings share the genotype of a locus in little more than one of three cases, so not at ten loci in a row.
pub const IDENTICAL_LOCI: usize = 10;

/// A mutation is the likely cause at so many loci; at more of them a relation or a sample is doubted.
///
/// With a rate of 0.002 per meiosis, a parent and a child differ by mutation at three of 23 loci once in 10^5 times.
pub const MUTATED_LOCI: usize = 2;

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The likely cause.
    pub cause: Cause,
    /// The samples it is about, in the order of the family.
    pub samples: Vec<Pseudonym>,
    /// What they are said to be to the missing child.
    pub relations: Vec<Relation>,
    /// The stated bond and its log10 LR against unrelated persons.
    pub stated: Option<(Bond, f64)>,
    /// The most likely bond and its log10 LR.
    pub likelier: Option<(Bond, f64)>,
    /// The loci that show it.
    pub loci: Vec<Locus>,
}

/// What is likely behind a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A mutation, at a locus or two; nothing else speaks against the relation.
    Mutation,
    /// Two relatives have each other's relation.
    Exchanged,
    /// One sample fits none of the others that it should fit.
    SwappedSample,
    /// A relation is wrong, or one of the two samples is someone else's.
    WrongRelation,
    /// Two samples are of one person, or of identical twins.
    SamePerson,
}

impl Cause {
    /// The word of machine-readable forms.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Mutation => "mutation",
            Self::Exchanged => "exchanged",
            Self::SwappedSample => "swapped-sample",
            Self::WrongRelation => "wrong-relation",
            Self::SamePerson => "same-person",
        }
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Mutation => "a mutation",
            Self::Exchanged => "the samples of the two are exchanged",
            Self::SwappedSample => "a swapped sample",
            Self::WrongRelation => "a wrong relation, or a swapped sample",
            Self::SamePerson => "the same person twice, or identical twins",
        }
    }
}

/// Holds families against themselves.
pub struct Checker<'a> {
    calculator: &'a Calculator,
    /// Per locus, what one relative says of another's genotype: families look alike at a locus.
    tables: Vec<RwLock<Tables>>,
}

type Tables = HashMap<(Relation, Genotype), Arc<LocusTable>>;

/// A pair that is doubted.
struct Doubt {
    pair: [usize; 2],
    stated: (Bond, f64),
    likelier: (Bond, f64),
}

impl<'a> Checker<'a> {
    /// A checker under the calculator's model, which should allow mutation: without it, a true relation with a single
    /// mutated locus is impossible, and taken for a wrong one.
    #[must_use]
    pub fn new(calculator: &'a Calculator) -> Self {
        let tables = (0..calculator.panel().len()).map(|_| RwLock::default()).collect();
        Self { calculator, tables }
    }

    /// What does not fit in a family; nothing if it has a pedigree of its own, or fewer than two relatives.
    ///
    /// # Errors
    /// [`KinshipError`], but not for relatives who contradict each other.
    pub fn check(&self, family: &Family) -> Result<Vec<Finding>, KinshipError> {
        let relatives = &family.relatives;
        let relations: Vec<Relation> = relatives.iter().map(|relative| relative.relation).collect();
        if relatives.len() < 2 || relations.contains(&Relation::Member) {
            return Ok(Vec::new());
        }
        let mut findings = Vec::new();
        let same: Vec<[usize; 2]> = pairs(relatives.len())
            .filter(|[a, b]| same_person(&relatives[*a].profile, &relatives[*b].profile))
            .collect();
        for &pair in &same {
            findings.push(finding(Cause::SamePerson, relatives, &pair));
        }
        let mut doubts = self.doubts(relatives, &relations)?;
        // Of two samples of one person at least one is wrong, which says enough.
        doubts.retain(|doubt| !same.contains(&doubt.pair));
        if doubts.is_empty() {
            findings.extend(self.mutations(relatives, &relations)?);
        } else {
            findings.extend(self.causes(relatives, &relations, &doubts)?);
        }
        Ok(findings)
    }

    /// Pairs whose stated bond is much less likely than another.
    fn doubts(&self, relatives: &[Relative], relations: &[Relation]) -> Result<Vec<Doubt>, KinshipError> {
        let pedigree = Pedigree::from_relations(relations).map_err(crate::kinship::StructureError::from)?;
        let mut doubts = Vec::new();
        for [a, b] in pairs(relatives.len()) {
            let stated = bond(&pedigree, pedigree.relatives()[a], pedigree.relatives()[b]);
            if stated == Bond::Distant {
                continue;
            }
            let mut values = Vec::with_capacity(Bond::TOLD_APART.len());
            for other in Bond::TOLD_APART {
                values.push((other, self.log10_lr(other, &relatives[a], &relatives[b])?));
            }
            let own = values.iter().find(|value| value.0 == stated).map_or(0.0, |value| value.1);
            let best = values.iter().copied().max_by(|x, y| x.1.total_cmp(&y.1));
            if let Some(likelier) = best.filter(|best| best.1 - own > MARGIN) {
                doubts.push(Doubt { pair: [a, b], stated: (stated, own), likelier });
            }
        }
        Ok(doubts)
    }

    /// log10 LR of a bond against unrelated persons, over all loci.
    fn log10_lr(&self, bond: Bond, one: &Relative, other: &Relative) -> Result<f64, KinshipError> {
        let parent = |relative: &Relative| match relative.relation.sex() {
            Some(Sex::Female) => Relation::Mother,
            _ => Relation::Father,
        };
        let as_child = |relation: Relation, one: &Relative, child: &Relative| -> Result<f64, KinshipError> {
            let mut sum = 0.0;
            for locus in 0..self.calculator.panel().len() {
                let (Some(shown), Some(genotype)) = (one.profile.at(locus), child.profile.at(locus)) else { continue };
                let listed = self.calculator.loci()[locus].positions(genotype);
                sum += match listed.filter(|_| one.drop_out.is_none() && child.drop_out.is_none()) {
                    Some((a, b)) => self.table(locus, relation, shown)?.values()[genotype_code(a, b)],
                    None => {
                        let shown = Shown { relation, genotype: Some(shown), drop_out: one.drop_out };
                        let evidence = Evidence::new([shown], self.calculator.model().convention);
                        self.calculator.log10_lr_with(locus, &evidence, Some(genotype), child.drop_out)?
                    }
                };
            }
            Ok(sum)
        };
        match bond {
            Bond::ParentChild => Ok(as_child(parent(one), one, other)?.max(as_child(parent(other), other, one)?)),
            Bond::FullSiblings => as_child(Relation::FullSibling, one, other),
            Bond::SecondDegree | Bond::Distant => as_child(Relation::PaternalHalfSibling, one, other),
            Bond::Unrelated => Ok(0.0),
        }
    }

    fn table(&self, locus: usize, relation: Relation, shown: Genotype) -> Result<Arc<LocusTable>, KinshipError> {
        let key = (relation, shown);
        let kept = self.tables[locus].read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(table) = kept {
            return Ok(table);
        }
        let evidence = Evidence::new([(relation, Some(shown))], self.calculator.model().convention);
        let table = Arc::new(self.calculator.table(locus, &self.calculator.structure(&evidence)?, &evidence)?);
        let mut tables = self.tables[locus].write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(tables.entry(key).or_insert(table)))
    }

    /// The likely cause of what is doubted.
    fn causes(
        &self,
        relatives: &[Relative],
        relations: &[Relation],
        doubts: &[Doubt],
    ) -> Result<Vec<Finding>, KinshipError> {
        for [a, b] in pairs(relatives.len()) {
            let sexes = [relations[a].sex(), relations[b].sex()];
            if relations[a] == relations[b] || matches!(sexes, [Some(x), Some(y)] if x != y) {
                continue;
            }
            let mut exchanged = relatives.to_vec();
            (exchanged[a].relation, exchanged[b].relation) = (relations[b], relations[a]);
            let relations: Vec<Relation> = exchanged.iter().map(|relative| relative.relation).collect();
            if self.doubts(&exchanged, &relations)?.is_empty() {
                return Ok(vec![finding(Cause::Exchanged, relatives, &[a, b])]);
            }
        }
        let about = |sample: usize| doubts.iter().filter(|doubt| doubt.pair.contains(&sample)).count();
        let blamed = (0..relatives.len()).find(|&sample| about(sample) > 1 && about(sample) == doubts.len());
        let of = |doubt: &Doubt, cause: Cause, samples: &[usize]| Finding {
            stated: Some(doubt.stated),
            likelier: Some(doubt.likelier),
            ..finding(cause, relatives, samples)
        };
        Ok(match blamed {
            // The pair that speaks loudest stands for all.
            Some(sample) => {
                let gap = |doubt: &Doubt| doubt.likelier.1 - doubt.stated.1;
                let loudest = doubts.iter().max_by(|x, y| gap(x).total_cmp(&gap(y)));
                loudest.map(|doubt| of(doubt, Cause::SwappedSample, &[sample])).into_iter().collect()
            }
            None => doubts.iter().map(|doubt| of(doubt, Cause::WrongRelation, &doubt.pair)).collect(),
        })
    }

    /// Loci at which the family is impossible without a mutation: those of parents and children who share no allele, and
    /// those of the family as a whole.
    fn mutations(&self, relatives: &[Relative], relations: &[Relation]) -> Result<Vec<Finding>, KinshipError> {
        let pedigree = Pedigree::from_relations(relations).map_err(crate::kinship::StructureError::from)?;
        let panel = self.calculator.panel();
        let (mut findings, mut explained) = (Vec::new(), vec![false; panel.len()]);
        for [a, b] in pairs(relatives.len()) {
            if bond(&pedigree, pedigree.relatives()[a], pedigree.relatives()[b]) != Bond::ParentChild {
                continue;
            }
            let apart = |&locus: &usize| {
                let genotypes = relatives[a].profile.at(locus).zip(relatives[b].profile.at(locus));
                genotypes.is_some_and(|(one, other)| !share(one, other))
            };
            let loci: Vec<usize> = (0..panel.len()).filter(apart).collect();
            if !loci.is_empty() {
                loci.iter().for_each(|&locus| explained[locus] = true);
                let loci = loci.iter().map(|&locus| panel.loci()[locus].clone()).collect();
                findings.push(impossible(loci, relatives, &[a, b]));
            }
        }
        // Two relatives who are not parent and child can show anything without a mutation.
        if relatives.len() == 2 {
            return Ok(findings);
        }
        let mut loci = Vec::new();
        for locus in (0..panel.len()).filter(|&locus| !explained[locus]) {
            let shown = relatives.iter().map(|relative| (relative.relation, relative.profile.at(locus)));
            let evidence = Evidence::new(shown, self.calculator.model().convention);
            let Some(any) = relatives.iter().find_map(|relative| relative.profile.at(locus)) else { continue };
            if self.calculator.is_compatible(&evidence, any)?.is_none() {
                loci.push(panel.loci()[locus].clone());
            }
        }
        if !loci.is_empty() {
            let everyone: Vec<usize> = (0..relatives.len()).collect();
            findings.push(impossible(loci, relatives, &everyone));
        }
        Ok(findings)
    }
}

fn pairs(count: usize) -> impl Iterator<Item = [usize; 2]> {
    (0..count).flat_map(move |a| (a + 1..count).map(move |b| [a, b]))
}

fn finding(cause: Cause, relatives: &[Relative], samples: &[usize]) -> Finding {
    Finding {
        cause,
        samples: samples.iter().map(|&sample| relatives[sample].sample).collect(),
        relations: samples.iter().map(|&sample| relatives[sample].relation).collect(),
        stated: None,
        likelier: None,
        loci: Vec::new(),
    }
}

/// Samples that need a mutation at these loci to fit.
fn impossible(loci: Vec<Locus>, relatives: &[Relative], samples: &[usize]) -> Finding {
    let cause = if loci.len() > MUTATED_LOCI { Cause::WrongRelation } else { Cause::Mutation };
    Finding { loci, ..finding(cause, relatives, samples) }
}

fn share(one: Genotype, other: Genotype) -> bool {
    [one.low(), one.high()].into_iter().any(|allele| allele == other.low() || allele == other.high())
}

fn same_person(one: &Profile, other: &Profile) -> bool {
    let both = one.genotypes().iter().zip(other.genotypes()).filter_map(|(one, other)| (*one).zip(*other));
    let (compared, equal) =
        both.fold((0, 0), |(compared, equal), (one, other)| (compared + 1, equal + usize::from(one == other)));
    compared >= IDENTICAL_LOCI && equal + 1 >= compared
}
