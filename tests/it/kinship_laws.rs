//! Checks laws that every likelihood ratio obeys, and small pedigrees by brute force.

use crate::kin::{allele, genotypes, table};
use proptest::prelude::*;
use reunite::kinship::cpi::CpiCase;
use reunite::kinship::{Calculator, Evidence, KinshipError};
use reunite::model::{DropOut, Genotype, Pedigree, Relation, genotype_code};
use reunite::population::{Convention, Floor, LocusModel, Model, Mutation, MutationRates};

fn mutations() -> impl Strategy<Value = Mutation> {
    (0..4, 0.0..0.2_f64, 0.0..0.2_f64).prop_map(|(kind, male, female)| {
        let rates = MutationRates { male, female };
        match kind {
            0 => Mutation::None,
            1 => Mutation::Equal(rates),
            2 => Mutation::Proportional(rates),
            _ => Mutation::Stepwise { rates, range: 0.3, microvariant_rate: 0.01 },
        }
    })
}

/// A few relatives of any relation, each typed or not; no parent or grandparent occurs twice.
fn relatives(most: usize) -> impl Strategy<Value = Vec<(Relation, Option<Genotype>)>> {
    let relative = (prop::sample::select(Relation::ALL.to_vec()), prop::option::weighted(0.8, genotypes()));
    prop::collection::vec(relative, 1..=most).prop_map(|given| {
        let mut seen = Vec::new();
        let first = |(relation, _): &(Relation, _)| {
            let again = relation.is_unique() && seen.contains(relation);
            seen.push(*relation);
            !again
        };
        given.into_iter().filter(first).collect()
    })
}

fn calculator(mutation: Mutation, convention: Convention) -> Calculator {
    Calculator::new(&table(), Model { mutation, convention, floor: Floor::Counted, ..Model::default() }).unwrap()
}

/// Returns the sum over all genotypes of all members that agree with the typed ones: ordered pairs of alleles, person
/// by person, without any shortcut.
fn brute_force(pedigree: &Pedigree, locus: &LocusModel, typed: &[Option<(usize, usize)>], with_child: bool) -> f64 {
    fn sum(
        person: usize,
        drawn: &mut Vec<(usize, usize)>,
        pedigree: &Pedigree,
        locus: &LocusModel,
        typed: &[Option<(usize, usize)>],
        with_child: bool,
    ) -> f64 {
        let Some(member) = pedigree.members().get(person) else { return 1.0 };
        if person == pedigree.child() && !with_child {
            drawn.push((0, 0));
            let rest = sum(person + 1, drawn, pedigree, locus, typed, with_child);
            drawn.pop();
            return rest;
        }
        let n = locus.alleles().len();
        let mut total = 0.0;
        for x in 0..n {
            for y in 0..n {
                if typed[person].is_some_and(|(a, b)| (x.min(y), x.max(y)) != (a.min(b), a.max(b))) {
                    continue;
                }
                let from_father = member.father.map_or(locus.frequencies()[x], |f| {
                    (locus.paternal().at(drawn[f].0, x) + locus.paternal().at(drawn[f].1, x)) / 2.0
                });
                let from_mother = member.mother.map_or(locus.frequencies()[y], |m| {
                    (locus.maternal().at(drawn[m].0, y) + locus.maternal().at(drawn[m].1, y)) / 2.0
                });
                let here = from_father * from_mother;
                if here > 0.0 {
                    drawn.push((x, y));
                    total += here * sum(person + 1, drawn, pedigree, locus, typed, with_child);
                    drawn.pop();
                }
            }
        }
        total
    }
    sum(0, &mut Vec::new(), pedigree, locus, typed, with_child)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn peeling_equals_brute_force(relatives in relatives(3), mutation in mutations(), child in genotypes()) {
        let relations: Vec<Relation> = relatives.iter().map(|r| r.0).collect();
        let pedigree = Pedigree::from_relations(&relations).unwrap();
        prop_assume!(pedigree.members().len() - relatives.iter().filter(|r| r.1.is_some()).count() <= 7);
        let calculator = calculator(mutation, Convention::Full);
        let locus = &calculator.loci()[0];
        let evidence = Evidence::new(relatives.clone(), Convention::Full);
        let mut typed = vec![None; pedigree.members().len()];
        for (&member, relative) in pedigree.relatives().iter().zip(&relatives) {
            typed[member] = relative.1.and_then(|g| locus.positions(g));
        }
        let apart = brute_force(&pedigree, locus, &typed, false);
        let (a, b) = locus.positions(child).unwrap();
        typed[pedigree.child()] = Some((a, b));
        let together = brute_force(&pedigree, locus, &typed, true);
        let ours = calculator.log10_lr(0, &evidence, Some(child));
        if !evidence.is_informative() {
            prop_assert_eq!(ours, Ok(0.0));
        } else if apart == 0.0 {
            prop_assert_eq!(ours, Err(KinshipError::Contradiction));
        } else {
            let expected = (together / (apart * locus.genotype_probability(a, b))).log10();
            let ours = ours.unwrap();
            prop_assert!(ours == expected || (ours - expected).abs() < 1e-10, "{} {}", ours, expected);
        }
    }

    #[test]
    fn probabilities_of_the_child_add_up(relatives in relatives(6), mutation in mutations()) {
        let calculator = calculator(mutation, Convention::Full);
        let locus = &calculator.loci()[0];
        let evidence = Evidence::new(relatives, Convention::Full);
        let structure = calculator.structure(&evidence).unwrap();
        if let Ok(table) = calculator.table(0, &structure, &evidence) {
            let mut total = 0.0;
            for b in 0..3 {
                for a in 0..=b {
                    let lr = 10_f64.powf(table.values()[genotype_code(a, b)]);
                    total += lr * locus.genotype_probability(a, b);
                }
            }
            prop_assert!((total - 1.0).abs() < 1e-10, "{}", total);
        }
    }

    #[test]
    fn one_genotype_alone_has_the_ratio_of_the_table(
        relatives in relatives(4), mutation in mutations(), theta in prop::sample::select(vec![0.0, 0.01, 0.2]),
        drop_out in prop::sample::select(vec![0.0, 0.1]), child in genotypes()
    ) {
        let convention = Convention::Full;
        let model = Model { mutation, convention, theta, floor: Floor::Counted, ..Model::default() };
        let calculator = Calculator::new(&table(), model).unwrap();
        let evidence = Evidence::new(relatives, convention);
        let drop_out = DropOut::new(drop_out);
        let with = calculator.log10_lr_with(0, &evidence, Some(child), drop_out);
        let once = calculator.log10_lr_once(0, &evidence, Some(child), drop_out);
        match (&with, &once) {
            (Ok(with), Ok(once)) => prop_assert!(with == once || (with - once).abs() < 1e-12, "{} {}", with, once),
            _ => prop_assert_eq!(with, once),
        }
    }

    #[test]
    fn the_conventions_agree_where_frequencies_are_stationary(
        relatives in relatives(6), rate in 0.0..0.3_f64, child in genotypes()
    ) {
        let mutation = Mutation::Proportional(MutationRates { male: rate, female: rate / 3.0 });
        let lr = |convention| {
            let evidence = Evidence::new(relatives.clone(), convention);
            calculator(mutation, convention).log10_lr(0, &evidence, Some(child))
        };
        match (lr(Convention::Full), lr(Convention::Pruned)) {
            (Ok(full), Ok(pruned)) => prop_assert!(full == pruned || (full - pruned).abs() < 1e-10),
            (full, pruned) => prop_assert_eq!(full, pruned),
        }
    }

    #[test]
    fn the_two_sides_of_the_family_mirror_each_other(
        relatives in relatives(6), male in 0.0..0.2_f64, female in 0.0..0.2_f64, child in genotypes()
    ) {
        let lr = |relatives: Vec<_>, male, female| {
            let rates = MutationRates { male, female };
            let mutation = Mutation::Stepwise { rates, range: 0.2, microvariant_rate: 0.01 };
            let calculator = calculator(mutation, Convention::Pruned);
            calculator.log10_lr(0, &Evidence::new(relatives, Convention::Pruned), Some(child)).unwrap()
        };
        // The mutation rate of a grandparent depends on the grandparent's sex, so the mirror keeps one rate for them.
        let grand = relatives.iter().any(|r| !matches!(
            r.0,
            Relation::Father | Relation::Mother | Relation::FullSibling
                | Relation::PaternalHalfSibling | Relation::MaternalHalfSibling
        ));
        let female = if grand { male } else { female };
        let mirrored = relatives.iter().map(|&(relation, genotype)| (mirror(relation), genotype)).collect();
        let (one, other) = (lr(relatives, male, female), lr(mirrored, female, male));
        prop_assert!(one == other || (one - other).abs() < 1e-10, "{} {}", one, other);
    }

    #[test]
    fn the_bound_holds(relatives in relatives(5), mutation in mutations(), a in 0..5_usize, b in 0..5_usize) {
        // Two of the five alleles are not in the table.
        let tenths = [80, 90, 93, 70, 150];
        let child = Genotype::new(allele(tenths[a]), allele(tenths[b]));
        for convention in [Convention::Pruned, Convention::Full] {
            let calculator = calculator(mutation, convention);
            let evidence = Evidence::new(relatives.clone(), convention);
            let structure = calculator.structure(&evidence).unwrap();
            if let Ok(lr) = calculator.log10_lr(0, &evidence, Some(child)) {
                let bound = calculator.log10_lr_bound(0, &structure, &evidence, child);
                prop_assert!(lr <= bound, "{} {}", lr, bound);
            }
        }
    }

    #[test]
    fn order_of_relatives_changes_no_bit(relatives in relatives(6), mutation in mutations(), child in genotypes()) {
        let calculator = calculator(mutation, Convention::Pruned);
        let mut turned = relatives.clone();
        turned.reverse();
        let lr = |relatives| calculator.log10_lr(0, &Evidence::new(relatives, Convention::Pruned), Some(child));
        prop_assert_eq!(lr(relatives).map(f64::to_bits), lr(turned).map(f64::to_bits));
    }

    #[test]
    fn a_table_holds_the_bits_of_single_values(relatives in relatives(5), mutation in mutations(), child in genotypes()) {
        let calculator = calculator(mutation, Convention::Pruned);
        let evidence = Evidence::new(relatives, Convention::Pruned);
        let structure = calculator.structure(&evidence).unwrap();
        let one = calculator.log10_lr(0, &evidence, Some(child));
        let (a, b) = calculator.loci()[0].positions(child).unwrap();
        let all = calculator.table(0, &structure, &evidence).map(|t| t.values()[genotype_code(a, b)]);
        prop_assert_eq!(one.map(f64::to_bits), all.map(f64::to_bits));
    }

    #[test]
    fn compatible_means_possible_without_mutation(relatives in relatives(5), child in genotypes()) {
        let calculator = calculator(Mutation::None, Convention::Pruned);
        let evidence = Evidence::new(relatives, Convention::Pruned);
        let possible = match calculator.log10_lr(0, &evidence, Some(child)) {
            Ok(lr) => Some(lr > f64::NEG_INFINITY),
            Err(_) => None,
        };
        prop_assert_eq!(calculator.is_compatible(&evidence, child).unwrap(), possible);
    }
}

proptest! {
    /// Without mutation, the rows of the CPI convention are the exact ratios.
    #[test]
    fn the_cpi_is_the_exact_ratio_without_mutation(
        relation in prop::sample::select(Relation::ALL.to_vec()), one in genotypes(), other in genotypes(),
        couple in any::<bool>(), child in genotypes()
    ) {
        let calculator = calculator(Mutation::None, Convention::Pruned);
        let couple = couple && relation <= Relation::Mother;
        let relatives = if couple { vec![(Relation::Father, one), (Relation::Mother, other)] } else { vec![(relation, one)] };
        let relations: Vec<Relation> = relatives.iter().map(|relative| relative.0).collect();
        let evidence = Evidence::new(relatives.iter().map(|&(r, g)| (r, Some(g))), Convention::Pruned);
        let exact = calculator.log10_lr(0, &evidence, Some(child)).unwrap();
        let of = |relation| relatives.iter().find(|relative| relative.0 == relation).map(|relative| relative.1);
        let frequency = |allele| calculator.loci()[0].frequency(allele);
        let index = CpiCase::of_relations(&relations, None).unwrap().index(of, child, frequency).unwrap();
        if index.mutations.is_empty() {
            prop_assert!((index.index.log10() - exact).abs() < 1e-10, "{} {}", index.index.log10(), exact);
        } else {
            prop_assert_eq!(exact, f64::NEG_INFINITY);
        }
    }
}

fn mirror(relation: Relation) -> Relation {
    use Relation::*;
    match relation {
        Father => Mother,
        Mother => Father,
        FullSibling => FullSibling,
        PaternalHalfSibling => MaternalHalfSibling,
        MaternalHalfSibling => PaternalHalfSibling,
        PaternalGrandfather => MaternalGrandfather,
        PaternalGrandmother => MaternalGrandmother,
        MaternalGrandfather => PaternalGrandfather,
        MaternalGrandmother => PaternalGrandmother,
        PaternalUncle => MaternalUncle,
        PaternalAunt => MaternalAunt,
        MaternalUncle => PaternalUncle,
        MaternalAunt => PaternalAunt,
        Parent => Parent,
        Member => Member,
    }
}

/// Ratios by hand: p for 8, q for 9, r for 9.3; no mutation.
#[test]
fn textbook_ratios() {
    let calculator = calculator(Mutation::None, Convention::Pruned);
    let (p, q) = (0.2, 0.5);
    let g = |a, b| Genotype::new(allele(a), allele(b));
    let lr = |relatives: &[(Relation, Genotype)], child| {
        let relatives = relatives.iter().map(|&(relation, genotype)| (relation, Some(genotype)));
        let evidence = Evidence::new(relatives, Convention::Pruned);
        10_f64.powf(calculator.log10_lr(0, &evidence, Some(child)).unwrap())
    };
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    use Relation::{Father, FullSibling, Mother, PaternalGrandfather, PaternalHalfSibling, PaternalUncle};
    near(lr(&[(Mother, g(80, 80))], g(80, 80)), 1.0 / p);
    near(lr(&[(Mother, g(80, 90))], g(80, 80)), 1.0 / (2.0 * p));
    near(lr(&[(Mother, g(80, 90))], g(80, 90)), (p + q) / (4.0 * p * q));
    near(lr(&[(Mother, g(80, 93))], g(80, 90)), 1.0 / (4.0 * p));
    near(lr(&[(Mother, g(80, 80))], g(90, 93)), 0.0);
    near(lr(&[(Father, g(80, 80)), (Mother, g(90, 90))], g(80, 90)), 1.0 / (2.0 * p * q));
    // Second-degree relatives: 1/2 + 1/2 PI; full siblings: 1/4 + 1/2 PI + 1/4 [same]/P.
    for relation in [PaternalHalfSibling, PaternalGrandfather, PaternalUncle] {
        near(lr(&[(relation, g(80, 93))], g(80, 90)), 0.5 + 0.5 / (4.0 * p));
    }
    near(lr(&[(FullSibling, g(80, 90))], g(80, 90)), 0.25 + 0.5 * (p + q) / (4.0 * p * q) + 0.25 / (2.0 * p * q));
}

#[test]
fn alleles_outside_the_table_get_the_floor() {
    let calculator = calculator(Mutation::None, Convention::Pruned);
    let rare = Genotype::new(allele(150), allele(90));
    let evidence = Evidence::new([(Relation::Mother, Some(rare))], Convention::Pruned);
    let floor = 1.0 / 2001.0;
    let p = floor / (1.0 + floor);
    let q = 0.5 / (1.0 + floor);
    let lr = 10_f64.powf(calculator.log10_lr(0, &evidence, Some(rare)).unwrap());
    let expected = (p + q) / (4.0 * p * q);
    assert!((lr / expected - 1.0).abs() < 1e-12, "{lr} {expected}");
}
