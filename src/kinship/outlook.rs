//! Everything about a family at one locus that planning needs: the likelihood ratio and the chance of every genotype of
//! the child, now or with one more relative.

use crate::model::{Genotype, Relation, genotype_code};
use crate::population::LocusModel;

use super::calculator::unrelated;
use super::effort::{TABLE, within};
use super::hypotheses::{Hypotheses, listed_genotypes, mirrored, observations};
use super::observation::Observation;
use super::sibship::Sibship;
use super::{Calculator, Evidence, KinshipError, LocusTable, Shown, Structure};

/// What a family's relatives say about the child at one locus.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outlook {
    /// P(relatives' genotypes | H2), above 0.
    pub likelihood: f64,
    /// The log10 LR of each listed child genotype.
    pub table: LocusTable,
    /// The probability of each listed genotype in an unrelated child.
    pub unrelated: Vec<f64>,
}

impl Calculator {
    /// Computes [`Self::table`], [`Self::unrelated`] and [`Self::relatives_likelihood`] at once, in a fraction of the
    /// time. `None` if the relatives' genotypes are impossible.
    ///
    /// # Errors
    /// Returns [`KinshipError`], but not [`KinshipError::Contradiction`].
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    pub fn outlook(
        &self,
        locus: usize,
        structure: &Structure,
        evidence: &Evidence,
    ) -> Result<Option<Outlook>, KinshipError> {
        let enlarged = self.enlarged(locus, evidence, None)?;
        let model = enlarged.as_ref().unwrap_or(&self.loci[locus]);
        within(TABLE, || {
            let hypotheses = match Hypotheses::new(structure, model, evidence, self.settings()) {
                Err(KinshipError::Contradiction) => return Ok(None),
                hypotheses => hypotheses?,
            };
            Ok(Some(Outlook {
                likelihood: hypotheses.relatives_likelihood(),
                table: match evidence.is_informative() {
                    true => LocusTable::of_ratios(hypotheses.ratios()),
                    false => LocusTable::of_one(model),
                },
                unrelated: unrelated(model, &hypotheses),
            }))
        })
    }

    /// Computes [`Self::outlook`] with one more relative, for every listed genotype that the relative may show, in the
    /// order of [`genotype_code`]. The results are those of [`Self::outlook`] within 10^-12 of the likelihoods.
    ///
    /// The relations must define the pedigree.
    ///
    /// # Errors
    /// Returns [`KinshipError`], but not [`KinshipError::Contradiction`].
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    pub fn outlooks_with(
        &self,
        locus: usize,
        evidence: &Evidence,
        relation: Relation,
    ) -> Result<Vec<Option<Outlook>>, KinshipError> {
        let alleles = self.loci[locus].alleles();
        let with = |a: usize, b: usize| {
            let one_more = Shown::from((relation, Some(Genotype::new(alleles[a], alleles[b]))));
            Evidence::new(evidence.relatives().iter().copied().chain([one_more]), self.model.convention)
        };
        if alleles.is_empty() {
            return Ok(Vec::new());
        }
        // Relations, and who is typed, are the same for every genotype.
        let first = with(0, 0);
        let structure = self.structure(&first)?;
        if relation == Relation::FullSibling
            && let Some(all) = self.outlooks_with_sibling(locus, &structure, &first)?
        {
            return Ok(all);
        }
        let genotypes = listed_genotypes(&self.loci[locus]);
        genotypes.map(|(a, b)| self.outlook(locus, &structure, &with(a, b))).collect()
    }

    /// Computes [`Self::outlooks_with`] for a full sibling at once, with theta; `None` without theta, where each genotype
    /// takes little time, or if the pedigree has another form. `evidence` includes the sibling, with any genotype.
    fn outlooks_with_sibling(
        &self,
        locus: usize,
        structure: &Structure,
        evidence: &Evidence,
    ) -> Result<Option<Vec<Option<Outlook>>>, KinshipError> {
        let enlarged = self.enlarged(locus, evidence, None)?;
        let model = enlarged.as_ref().unwrap_or(&self.loci[locus]);
        let settings = self.settings();
        if settings.theta == 0.0 || mirrored(structure, model).is_some() {
            return Ok(None);
        }
        let is_sibling = |shown: &Shown| shown.relation == Relation::FullSibling && shown.genotype.is_some();
        let Some(sibling) = evidence.relatives().iter().position(is_sibling) else { return Ok(None) };
        let seen = observations(model, evidence, settings.relatives_drop_out);
        let Some(sibship) = Sibship::new(structure, model, settings.theta, &seen, sibling)? else { return Ok(None) };
        let of_sibling = |pair| {
            let shown = Observation::new(pair, settings.relatives_drop_out, model);
            of_sibship(model, &sibship, &shown, settings.child_drop_out)
        };
        Ok(Some(listed_genotypes(model).map(of_sibling).collect()))
    }
}

/// Returns the outlook with a sibling who shows this.
fn of_sibship(model: &LocusModel, sibship: &Sibship, shown: &Observation, child_drop_out: f64) -> Option<Outlook> {
    let row = |table: &[f64]| {
        let mut row = vec![0.0; sibship.pairs];
        for (&(a, b), likelihood) in shown.pairs.iter().zip(&shown.likelihoods) {
            let of_pair = &table[genotype_code(a, b) * sibship.pairs..][..sibship.pairs];
            row.iter_mut().zip(of_pair).for_each(|(sum, value)| *sum += likelihood * value);
        }
        row
    };
    let (related, unrelated) = (row(&sibship.related), row(&sibship.unrelated));
    // An unrelated child has some genotype.
    let likelihood: f64 = unrelated.iter().sum();
    if likelihood <= 0.0 {
        return None;
    }
    let child = |row: &[f64], a: usize, b: usize| {
        Observation::new((a, b), child_drop_out, model).probability(|a, b| row[genotype_code(a, b)])
    };
    let shows = likelihood * (1.0 - child_drop_out * child_drop_out);
    Some(Outlook {
        likelihood,
        table: LocusTable::of_ratios(
            listed_genotypes(model).map(|(a, b)| child(&related, a, b) / child(&unrelated, a, b)).collect(),
        ),
        unrelated: listed_genotypes(model).map(|(a, b)| child(&unrelated, a, b) / shows).collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Allele, DropOut};
    use crate::population::{Convention, FrequencyTable, LocusFrequencies, Model, Mutation, MutationRates};
    use Relation::{
        Father, FullSibling, MaternalAunt, MaternalHalfSibling, Mother, Parent, PaternalGrandmother,
        PaternalHalfSibling, PaternalUncle,
    };

    /// Families, and whether the genotypes of one more sibling are computed at once.
    const FAMILIES: [(&[Relation], bool); 14] = [
        (&[], true),
        (&[FullSibling], true),
        (&[FullSibling, FullSibling], true),
        (&[PaternalUncle], true),
        (&[PaternalUncle, MaternalAunt], true),
        (&[FullSibling, PaternalUncle], true),
        (&[FullSibling, PaternalGrandmother], true),
        (&[Mother, FullSibling], true),
        (&[Father], true),
        (&[Father, Mother], false),
        (&[FullSibling, PaternalHalfSibling], true),
        (&[PaternalHalfSibling, MaternalHalfSibling], false),
        (&[Mother, MaternalHalfSibling, PaternalUncle], true),
        (&[Parent, FullSibling], false),
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn all_genotypes_of_a_sibling_at_once_give_what_each_gives_by_itself(
            pairs in prop::collection::vec((0..4_usize, 0..4_usize), 3),
            theta in 0.001..0.3_f64,
            (silent, rest) in prop_oneof![Just((0.0, None)), Just((0.05, None)), Just((0.0, Some(0.04)))],
            drop_out in prop_oneof![Just(0.0), Just(0.1)],
            full in any::<bool>(),
            family in 0..FAMILIES.len(),
        ) {
            let (relations, at_once) = FAMILIES[family];
            let listed = [(130, 0.1), (140, 0.3), (142, 0.15), (150, 0.45 - rest.unwrap_or(0.0))];
            let listed = listed.map(|(tenths, p)| (Allele::from_tenths(tenths).unwrap(), p));
            let frequencies = LocusFrequencies::with_rest(listed, rest, Some(200), None).unwrap();
            let table = FrequencyTable::new(vec![("vWA".parse().unwrap(), frequencies)]).unwrap();
            let rates = MutationRates { male: 0.1, female: 0.02 };
            let mut model = Model {
                mutation: Mutation::Stepwise { rates, range: 0.2, microvariant_rate: 0.01 },
                theta,
                silent,
                convention: if full { Convention::Full } else { Convention::Pruned },
                ..Model::default()
            };
            model.drop_out.relatives = drop_out;
            model.drop_out.children = drop_out;
            let calculator = Calculator::new(&table, model).unwrap();
            let alleles = calculator.loci()[0].alleles();
            let shown = relations.iter().zip(&pairs).map(|(&relation, &(a, b))| Shown {
                relation,
                genotype: Some(Genotype::new(alleles[a], alleles[b])),
                drop_out: (a == 3).then(|| DropOut::new(0.2).unwrap()),
            });
            let evidence = Evidence::new(shown, model.convention);
            let ours = calculator.outlooks_with(0, &evidence, FullSibling).unwrap();
            let mut genotypes = (0..alleles.len()).flat_map(|b| (0..=b).map(move |a| (a, b)));
            for ours in &ours {
                let (a, b) = genotypes.next().unwrap();
                let more = Shown::from((FullSibling, Some(Genotype::new(alleles[a], alleles[b]))));
                let with = Evidence::new(evidence.relatives().iter().copied().chain([more]), model.convention);
                let structure = calculator.structure(&with).unwrap();
                let alone = calculator.outlook(0, &structure, &with).unwrap();
                prop_assert_eq!(ours.is_some(), alone.is_some());
                let Some((ours, alone)) = ours.as_ref().zip(alone) else { continue };
                // Relative to a probability, absolute for a logarithm.
                let close = |one: f64, other: f64| (one - other).abs() <= 1e-12;
                prop_assert!(close(ours.likelihood / alone.likelihood, 1.0));
                let mut probabilities = ours.unrelated.iter().zip(&alone.unrelated);
                prop_assert!(probabilities.all(|(one, other)| close(one / other, 1.0)));
                let tables = ours.table.values().iter().zip(alone.table.values());
                for (one, other) in tables {
                    prop_assert!(one == other || close(*one, *other), "{relations:?} {a} {b}: {one} {other}");
                }
            }
            prop_assert_eq!(genotypes.next(), None);
            let more = Shown::from((FullSibling, Some(Genotype::new(alleles[0], alleles[0]))));
            let with = Evidence::new(evidence.relatives().iter().copied().chain([more]), model.convention);
            let structure = calculator.structure(&with).unwrap();
            let is_at_once = calculator.outlooks_with_sibling(0, &structure, &with).unwrap().is_some();
            prop_assert_eq!(is_at_once, at_once, "{:?}", relations);
        }
    }
}
