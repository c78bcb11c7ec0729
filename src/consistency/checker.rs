//! Checks one family at a time: compares all pairs of relatives and returns the findings.

use crate::kinship::{Calculator, Evidence, KinshipError};
use crate::model::{Family, Pedigree, Relation, Relative};

use super::cause::{Explained, Search};
use super::finding::{Cause, Finding, Involved, LogRatios, PairNumbers, Severity};
use super::impossible::{impossible_loci, steps};
use super::pair::{CLEAR_LOG10_LR, Pair, Typed};
use super::stated::{Kin, Stated, pairs_of};
use super::tables::Tables;

/// The largest number of loci at which a family, all of whose pairs fit, may need a mutation without being flagged.
/// Loci at which a stated parent and child share no allele do not count. At 23 loci and 0.002 mutations per
/// transmission, a family with ten transmissions has three or more mutations with probability 0.012, and one with two
/// transmissions (a child and both parents) with 10^-4.
const MOST_MUTATIONS: usize = 2;

/// Checks the relatives of families against each other.
///
/// It keeps tables for the next family, so use one checker for many families. Threads can share it.
///
/// Example: a father and a full sibling who share no allele at twelve loci.
///
/// ```
/// use reunite::consistency::Checker;
/// use reunite::kinship::Calculator;
/// use reunite::model::{Family, Genotype, Profile, Pseudonym, Relation, Relative};
/// use reunite::population::{FrequencyTable, Model};
///
/// let names: Vec<String> = (1..=12).map(|number| format!("L{number}")).collect();
/// let alleles: &[(u16, f64)] = &[(140, 0.25), (150, 0.25), (160, 0.25), (170, 0.25)];
/// let loci: Vec<_> = names.iter().map(|name| (name.as_str(), alleles)).collect();
/// let table = FrequencyTable::from_counts(&loci)?;
/// let calculator = Calculator::new(&table, Model::default())?;
///
/// let relative = |sample: u8, relation, genotype: Genotype| Relative {
///     sample: Pseudonym::from_bytes([sample; 16]),
///     relation,
///     profile: Profile::new(vec![Some(genotype); 12]),
///     drop_out: None,
/// };
/// let relatives = vec![
///     relative(1, Relation::Father, "14/15".parse()?),
///     relative(2, Relation::FullSibling, "16/17".parse()?),
/// ];
/// let family = Family { pseudonym: Pseudonym::from_bytes([3; 16]), relatives, pedigree: None };
///
/// let findings = Checker::new(&calculator, &calculator).check(&family)?;
/// assert_eq!(findings.len(), 1);
/// assert_eq!((findings[0].loci.len(), findings[0].severity.is_mark()), (12, true));
/// // log10 LR of "father and child" against the likeliest other relation.
/// assert!(findings[0].pairs[0].support() < -6.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Checker<'a> {
    tables: Tables<'a>,
    scoring: &'a Calculator,
}

impl<'a> Checker<'a> {
    /// Creates a checker that computes with `calculator`. Its model should have mutation; otherwise one mutated locus
    /// would count against a relation as much as twenty do. Both relatives of a pair are typed samples of relatives, so
    /// the model's drop-out probability of children should equal that of relatives.
    ///
    /// `scoring` is the calculator used for matching: a family that is impossible under its model cannot be scored, and
    /// is flagged for that reason. Both calculators must have the same frequencies.
    #[must_use]
    pub fn new(calculator: &'a Calculator, scoring: &'a Calculator) -> Self {
        Self { tables: Tables::new(calculator), scoring }
    }

    /// Returns the findings of a family, or nothing if everything fits. Samples follow the family's order.
    ///
    /// # Errors
    /// Returns [`KinshipError`] if the relations do not form a pedigree, or if the model cannot be built with an allele
    /// that the frequency table does not list.
    pub fn check(&self, family: &Family) -> Result<Vec<Finding>, KinshipError> {
        if family.relatives.len() < 2 {
            return Ok(Vec::new());
        }
        let relations = family.relations();
        let pairs = self.pairs(family, &relations)?;
        let impossible = impossible_loci(self.tables.calculator, family, &pairs)?;
        let causes = Search::new(&relations, &pairs).run();
        if causes.is_empty() {
            return self.at_single_loci(family, &pairs, &impossible);
        }
        let excluded = self.excluded(family, &impossible)?;
        let finding = |explained: Explained| {
            let numbers: Vec<PairNumbers> = explained.misfits.iter().map(|&i| numbers(family, &pairs[i])).collect();
            let worst = numbers.iter().fold(0.0, |worst, pair| f64::min(worst, pair.support()));
            let clear = worst <= -CLEAR_LOG10_LR || !excluded.is_empty();
            Finding {
                cause: explained.cause,
                severity: if clear { Severity::Contradicted } else { Severity::Doubtful },
                samples: involved(family, explained.relatives),
                pairs: numbers,
                loci: self.names(&impossible),
            }
        };
        Ok(causes.into_iter().map(finding).collect())
    }

    fn pairs(&self, family: &Family, relations: &[Relation]) -> Result<Vec<Pair>, KinshipError> {
        let loci = self.tables.calculator.panel().len();
        let typed = |relative: &Relative| Typed {
            relation: family.relation(relative),
            drop_out: relative.drop_out,
            loci: (0..loci).map(|locus| Some(self.tables.code(locus, relative.profile.at(locus)?))).collect(),
        };
        let relatives: Vec<Typed> = family.relatives.iter().map(typed).collect();
        let stated = match &family.pedigree {
            Some(pedigree) => pairs_of(pedigree),
            None => pairs_of(&Pedigree::from_relations(relations).map_err(crate::kinship::StructureError::from)?),
        };
        let pair = |mut stated: Stated| {
            if let Some(place) = &mut stated.as_relative
                && place.relation.is_parent()
            {
                // The pedigree places a parent of unstated sex as the father or the mother.
                let parent = if place.child_is_second { stated.first } else { stated.second };
                if relations[parent] == Relation::Parent {
                    place.relation = Relation::Parent;
                }
            }
            Pair::new(&self.tables, stated, &relatives)
        };
        stated.into_iter().map(pair).collect()
    }

    /// Returns the findings of a family in which every pair fits: mutations, or more of them than plausible.
    fn at_single_loci(
        &self,
        family: &Family,
        pairs: &[Pair],
        impossible: &[usize],
    ) -> Result<Vec<Finding>, KinshipError> {
        let excluded = self.excluded(family, impossible)?;
        let all = || involved(family, 0..family.relatives.len());
        let parents = |locus: usize| {
            let apart =
                move |pair: &&Pair| pair.stated.kin == Kin::ParentChild && pair.without_common_allele.contains(&locus);
            pairs.iter().find(apart)
        };
        let unseen = impossible.iter().filter(|&&locus| parents(locus).is_none()).count();
        if unseen > MOST_MUTATIONS {
            return Ok(vec![Finding {
                cause: Cause::Contradiction,
                severity: if excluded.is_empty() { Severity::Doubtful } else { Severity::Contradicted },
                samples: all(),
                pairs: Vec::new(),
                loci: self.names(impossible),
            }]);
        }
        let mutation = |&locus: &usize| {
            let (samples, steps) = match parents(locus) {
                Some(pair) => {
                    let two = [pair.stated.first, pair.stated.second];
                    let [a, b] = two.map(|i| family.relatives[i].profile.at(locus));
                    (involved(family, two), a.zip(b).and_then(|(a, b)| steps(a, b)))
                }
                None => (all(), None),
            };
            Finding {
                cause: Cause::Mutation { steps },
                severity: if excluded.contains(&locus) { Severity::Contradicted } else { Severity::Note },
                samples,
                pairs: Vec::new(),
                loci: self.names(&[locus]),
            }
        };
        Ok(impossible.iter().map(mutation).collect())
    }

    /// Returns those of `loci` at which the family cannot be scored.
    fn excluded(&self, family: &Family, loci: &[usize]) -> Result<Vec<usize>, KinshipError> {
        let mut excluded = Vec::new();
        for &locus in loci {
            let evidence = Evidence::of_family(family, locus, self.scoring.model().convention);
            let structure = self.scoring.structure(&evidence)?;
            match self.scoring.relatives_likelihood(locus, &structure, &evidence) {
                Ok(likelihood) if likelihood > 0.0 => {}
                Ok(_) => excluded.push(locus),
                // Matching reports this error for the family, whatever its genotypes.
                Err(KinshipError::TooLarge) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(excluded)
    }

    fn names(&self, loci: &[usize]) -> Vec<crate::model::Locus> {
        loci.iter().map(|&locus| self.tables.calculator.panel().loci()[locus].clone()).collect()
    }
}

fn involved(family: &Family, relatives: impl IntoIterator<Item = usize>) -> Vec<Involved> {
    let one = |i: usize| Involved { sample: family.relatives[i].sample, relation: family.relatives[i].relation };
    relatives.into_iter().map(one).collect()
}

fn numbers(family: &Family, pair: &Pair) -> PairNumbers {
    let one = |i: usize| Involved { sample: family.relatives[i].sample, relation: family.relatives[i].relation };
    PairNumbers {
        samples: [one(pair.stated.first), one(pair.stated.second)],
        stated: pair.stated.kin,
        likelier: pair.best_other(pair.stated.kin),
        loci: pair.loci,
        loci_without_common_allele: pair.without_common_allele.len() as u32,
        log10_lr: LogRatios(Kin::ALL.map(|kin| pair.log10_lr(kin))),
    }
}
