//! Weighs the views of a family against each other, by what its relatives show.

use std::sync::Arc;

use crate::kinship::{Calculator, Evidence};
use crate::model::{Family, Member, Pedigree, Relation, Relative, View};

use super::compiled::CompiledFamily;
use super::doubt::{are_founders, with_all};
use super::roster::Roster;

/// A view of a family.
pub(super) struct CompiledView<'a> {
    pub(super) view: View,
    pub(super) log10_doubt: f64,
    /// The relatives in this view.
    pub(super) relatives: &'a Family,
    pub(super) compiled: &'a CompiledFamily,
}

/// Computes how probable the views of a family are after a look at its relatives, in log10 and up to a common factor:
/// the stated probability times that of the genotypes of all relatives, in every view. `None` if that cannot be
/// computed.
pub(super) fn view_weights(calculator: &Calculator, family: &Family, views: &[CompiledView<'_>]) -> Option<Vec<f64>> {
    let whole = |one: &CompiledView<'_>| with_all(family, one.view, one.relatives);
    // Unrelated relatives are equally probable in every view. Who is left out is related to nobody.
    let are_unrelated = |one: &CompiledView<'_>| match one.view {
        View::OtherParent { .. } => whole(one).is_some_and(|family| are_founders(&family)),
        _ => are_founders(one.relatives),
    };
    if views.iter().all(are_unrelated) {
        return Some(views.iter().map(|one| one.log10_doubt).collect());
    }
    let stated = views.iter().find(|one| one.view == View::Stated);
    let are_apart = are_apart(calculator, family);
    let weight = |one: &CompiledView<'_>| {
        let compiled = |of: &CompiledView<'_>| {
            of.compiled.informative().fold(one.log10_doubt, |sum, (_, locus)| sum + locus.log10_likelihood)
        };
        match (one.view, stated) {
            (View::Without { sample, .. }, _) if are_apart => {
                let out = family.relatives.iter().find(|relative| relative.sample == sample)?;
                Some(compiled(one) + log10_likelihood(calculator, &alone(out)?)?)
            }
            // Another parent of the child changes nothing between relatives of whom none descends from the child.
            (View::OtherParent { .. }, Some(stated)) if family.pedigree.is_none() => Some(compiled(stated)),
            (View::Without { .. } | View::OtherParent { .. }, _) => {
                Some(one.log10_doubt + log10_likelihood(calculator, &whole(one)?)?)
            }
            _ => Some(compiled(one)),
        }
    };
    views.iter().map(weight).collect()
}

/// Reports whether a stranger's genotypes are independent of the family's, and nobody's alleles change the frequencies.
fn are_apart(calculator: &Calculator, family: &Family) -> bool {
    let is_listed = |relative: &Relative| {
        let mut loci = calculator.loci().iter().enumerate();
        loci.all(|(locus, model)| relative.profile.at(locus).is_none_or(|shown| model.positions(shown).is_some()))
    };
    calculator.model().theta == 0.0 && family.relatives.iter().all(is_listed)
}

/// Returns a person as the only relative, a stranger to the child.
fn alone(stranger: &Relative) -> Option<Family> {
    let pedigree = Pedigree::from_members(&[Member::default(); 2], 0, &[1]).ok()?;
    let relative = Relative { relation: Relation::Member, ..stranger.clone() };
    Some(Family { pseudonym: stranger.sample, relatives: vec![relative], pedigree: Some(Arc::new(pedigree)) })
}

/// Computes log10 of the probability of the genotypes of all relatives.
fn log10_likelihood(calculator: &Calculator, family: &Family) -> Option<f64> {
    let mut roster = Roster::new(family);
    let mut sum = 0.0;
    for locus in 0..calculator.panel().len() {
        let evidence = Evidence::of_family(family, locus, calculator.model().convention);
        if !evidence.is_typed() {
            continue;
        }
        let find = || calculator.structure(&evidence).map(Arc::new);
        // Most loci have the same relatives typed, and so the same structure.
        let structure = match roster.typed(locus) {
            Some(typed) => roster.known(typed, find),
            None => find(),
        };
        sum += libm::log10(calculator.relatives_likelihood(locus, &*structure.ok()?, &evidence).ok()?);
    }
    Some(sum)
}

/// Computes the log10 of the mean likelihood ratio, by these log10 weights. `None` if no view is possible.
pub(super) fn mixed(weights: &[f64], log10_lrs: &[f64]) -> Option<f64> {
    let sum = |of: &dyn Fn(usize) -> f64| {
        let most = (0..weights.len()).map(of).fold(f64::NEG_INFINITY, f64::max);
        let part = |view| libm::pow(10.0, of(view) - most);
        if most == f64::NEG_INFINITY { most } else { most + libm::log10((0..weights.len()).map(part).sum()) }
    };
    let all = sum(&|view| weights[view]);
    (all > f64::NEG_INFINITY).then(|| sum(&|view| weights[view] + log10_lrs[view]) - all + 0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::compile::Compiler;
    use super::super::doubt::{Doubts, views};
    use super::*;
    use crate::model::{Allele, Genotype, Profile, Pseudonym};
    use crate::population::{FrequencyTable, Model};
    use Relation::{
        Father, FullSibling, MaternalHalfSibling, MaternalUncle, Mother, PaternalGrandfather, PaternalGrandmother,
        PaternalHalfSibling,
    };

    const FAMILIES: [&[Relation]; 8] = [
        &[Father, Mother],
        &[Father, Mother, FullSibling],
        &[Mother, FullSibling],
        &[FullSibling, FullSibling, MaternalHalfSibling],
        &[Mother, PaternalGrandfather, PaternalGrandmother],
        &[Father, Mother, PaternalHalfSibling],
        &[Father, MaternalUncle],
        &[Mother, PaternalGrandmother, FullSibling],
    ];

    proptest! {
        /// What is known from compiling the views gives what the pedigrees of all samples give.
        #[test]
        fn weights_are_those_of_all_samples_in_each_view(
            relations in prop::sample::select(&FAMILIES[..]),
            picks in prop::collection::vec(prop::option::weighted(0.9, (0..5_usize, 0..5_usize)), 6),
            drop_out in prop_oneof![Just(0.0), Just(0.05)],
            theta in prop_oneof![3 => Just(0.0), 1 => Just(0.02)],
            own_pedigree in any::<bool>(),
        ) {
            let alleles: &[(u16, f64)] = &[(140, 0.2), (150, 0.3), (160, 0.4), (170, 0.1)];
            let table = FrequencyTable::from_counts(&[("vWA", alleles), ("FGA", alleles)]).unwrap();
            let mut model = Model { theta, ..Model::default() };
            model.drop_out.relatives = drop_out;
            let calculator = Calculator::new(&table, model).unwrap();
            // The last allele is not in the table.
            let named = [140, 150, 160, 170, 180].map(|tenths| Allele::from_tenths(tenths).unwrap());
            let mut shown = picks.iter().map(|pick| pick.map(|(a, b)| Genotype::new(named[a], named[b])));
            let relative = |(number, &relation): (usize, &Relation)| Relative {
                sample: Pseudonym::from_bytes([number as u8; 16]),
                relation,
                profile: Profile::new(shown.by_ref().take(2).collect()),
                drop_out: None,
            };
            let relatives: Vec<Relative> = relations.iter().enumerate().map(relative).collect();
            let pseudonym = Pseudonym::from_bytes([9; 16]);
            let mut family = Family { pseudonym, relatives, pedigree: None };
            if own_pedigree {
                family.pedigree = Some(Arc::new(Pedigree::from_relations(relations).unwrap()));
                family.relatives.iter_mut().for_each(|relative| relative.relation = Relation::Member);
            }
            let compiler = Compiler::new(&calculator, false);
            let views = views(&family, &Doubts::usual());
            let compiled: Result<Vec<CompiledFamily>, _> = views.iter().map(|one| compiler.family(&one.family)).collect();
            // Relatives may contradict each other in a view.
            let Ok(compiled) = compiled else { return Ok(()) };
            let compiled: Vec<CompiledView<'_>> = (views.iter().zip(&compiled))
                .map(|(one, compiled)| {
                    CompiledView { view: one.view, log10_doubt: one.log10_doubt, relatives: &one.family, compiled }
                })
                .collect();
            let weights = view_weights(&calculator, &family, &compiled).unwrap();
            let expected = compiled.iter().map(|one| {
                let all = with_all(&family, one.view, one.relatives).unwrap();
                one.log10_doubt + log10_likelihood(&calculator, &all).unwrap()
            });
            let expected: Vec<f64> = expected.collect();
            // Up to a common factor.
            for (weight, expected) in weights.iter().zip(&expected).map(|(a, b)| (a - weights[0], b - expected[0])) {
                prop_assert!((weight - expected).abs() < 1e-9, "{:?}: {} {}", relations, weight, expected);
            }
        }
    }

    #[test]
    fn one_number_is_the_mean_of_the_ratios() {
        // (1 x 100 + 0.01 x 10^6) / 1.01.
        let log10_lr = mixed(&[0.0, -2.0], &[2.0, 6.0]).unwrap();
        assert!((log10_lr - libm::log10(10_100.0 / 1.01)).abs() < 1e-12);
        // A view in which the pair is impossible counts with 0; one that the relatives rule out does not count at all.
        let impossible = mixed(&[0.0, -2.0], &[f64::NEG_INFINITY, 6.0]).unwrap();
        assert!((impossible - libm::log10(10_000.0 / 1.01)).abs() < 1e-12);
        assert_eq!(mixed(&[0.0, f64::NEG_INFINITY], &[2.0, 6.0]), Some(2.0));
        assert_eq!(mixed(&[f64::NEG_INFINITY], &[2.0]), None);
        assert_eq!(mixed(&[0.0, 0.0], &[f64::NEG_INFINITY; 2]), Some(f64::NEG_INFINITY));
    }
}
