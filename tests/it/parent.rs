//! Tests of a parent of unstated sex, who is with equal probability the father or the mother.

use crate::kin::{allele, genotypes, table};
use proptest::prelude::*;
use reunite::consistency::Checker;
use reunite::kinship::{Calculator, Evidence, KinshipError, LinkedEvidence, LinkedLoci, LinkedShown, StructureError};
use reunite::matching::explain;
use reunite::model::{Child, Family, Genotype, PedigreeError, Profile, Pseudonym, Relation, Relative, genotype_code};
use reunite::planning::Planner;
use reunite::population::{Convention, DropOuts, FrequencyTable, Model, Mutation, MutationRates};
use reunite::synthesis::{Plan, Population, Shape, SyntheticPerson};

use Relation::{Father, FullSibling, MaternalAunt, Mother, Parent, PaternalUncle};

type Typed = (Relation, Option<Genotype>);

fn models() -> impl Strategy<Value = Model> {
    let rates = (0.0..0.2_f64, 0.0..0.2_f64).prop_map(|(male, female)| MutationRates { male, female });
    let theta = prop::sample::select(vec![0.0, 0.05]);
    let rare = prop::sample::select(vec![0.0, 0.1]);
    (0..4, rates, theta, rare, any::<bool>()).prop_map(|(kind, rates, theta, rare, full)| Model {
        mutation: match kind {
            0 => Mutation::None,
            1 => Mutation::Equal(rates),
            2 => Mutation::Proportional(rates),
            _ => Mutation::Stepwise { rates, range: 0.3, microvariant_rate: 0.01 },
        },
        convention: if full { Convention::Full } else { Convention::Pruned },
        theta,
        silent: rare / 2.0,
        drop_out: DropOuts { relatives: rare, children: rare / 3.0 },
        ..Model::default()
    })
}

/// One parent or two, with or without full siblings.
fn families() -> impl Strategy<Value = Vec<Typed>> {
    let genotype = || prop::option::weighted(0.8, genotypes());
    let parents = prop::collection::vec(genotype().prop_map(|genotype| (Parent, genotype)), 1..=2);
    let siblings = prop::collection::vec(genotype().prop_map(|genotype| (FullSibling, genotype)), 0..=2);
    (parents, siblings).prop_map(|(parents, siblings)| parents.into_iter().chain(siblings).collect())
}

/// Returns the relatives with the parents renamed to these relations, in their order.
fn called(relatives: &[Typed], names: [Relation; 2]) -> Vec<Typed> {
    let mut names = names.into_iter();
    let name = |&(relation, genotype): &Typed| match relation {
        Parent => (names.next().unwrap(), genotype),
        _ => (relation, genotype),
    };
    relatives.iter().map(name).collect()
}

/// Computes P(relatives | H2), and P(child, relatives | H1) / P(child | H2, no relatives).
fn likelihoods(calculator: &Calculator, relatives: &[Typed], child: Genotype) -> [f64; 2] {
    let evidence = Evidence::new(relatives.to_vec(), calculator.model().convention);
    let of_relatives =
        calculator.relatives_likelihood(0, &calculator.structure(&evidence).unwrap(), &evidence).unwrap();
    if of_relatives > 0.0 {
        let structure = calculator.structure(&evidence).unwrap();
        let code = |allele| [80, 90, 93].iter().position(|&tenths| crate::kin::allele(tenths) == allele).unwrap();
        let code = genotype_code(code(child.low()), code(child.high()));
        let lr = 10_f64.powf(calculator.table(0, &structure, &evidence).unwrap().values()[code]);
        let p = calculator.unrelated(0, &evidence).unwrap()[code];
        [lr * p * of_relatives, p * of_relatives]
    } else {
        [0.0, 0.0]
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn an_unstated_parent_has_the_mean_likelihood_of_both(model in models(), relatives in families(), child in genotypes()) {
        let calculator = Calculator::new(&table(), model).unwrap();
        let evidence = Evidence::new(relatives.clone(), model.convention);
        prop_assume!(evidence.is_informative());
        let [one, other] = [[Father, Mother], [Mother, Father]]
            .map(|names| likelihoods(&calculator, &called(&relatives, names), child));
        let (related, unrelated) = (one[0] + other[0], one[1] + other[1]);
        match calculator.log10_lr(0, &evidence, Some(child)) {
            Ok(log10_lr) => {
                prop_assert!((10_f64.powf(log10_lr) * unrelated / related - 1.0).abs() < 1e-9 || related < 1e-300);
            }
            Err(KinshipError::Contradiction) => prop_assert_eq!(unrelated, 0.0),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn the_expected_ratio_of_an_unrelated_child_is_1(model in models(), relatives in families()) {
        // Without a silent allele and drop-out every child shows something, so the list of genotypes is complete.
        let model = Model { silent: 0.0, drop_out: DropOuts { children: 0.0, ..model.drop_out }, ..model };
        let calculator = Calculator::new(&table(), model).unwrap();
        let evidence = Evidence::new(relatives, model.convention);
        prop_assume!(evidence.is_informative());
        let structure = calculator.structure(&evidence).unwrap();
        let Ok(values) = calculator.table(0, &structure, &evidence) else { return Err(TestCaseError::reject("no tables")) };
        let unrelated = calculator.unrelated(0, &evidence).unwrap();
        prop_assert!((unrelated.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let related: f64 = values.values().iter().zip(&unrelated).map(|(value, p)| 10_f64.powf(*value) * p).sum();
        // Under the pruned convention H1 and H2 may give the relatives different probabilities.
        if model.convention == Convention::Full {
            prop_assert!((related - 1.0).abs() < 1e-9, "{}", related);
        }
        // No genotype exceeds the bound by which the screen skips irregular children.
        for (i, a) in [80, 90, 93].into_iter().enumerate() {
            for (j, b) in [80, 90, 93].into_iter().enumerate().skip(i) {
                let child = Genotype::new(allele(a), allele(b));
                let bound = calculator.log10_lr_bound(0, &structure, &evidence, child);
                prop_assert!(values.values()[genotype_code(i, j)] <= bound + 1e-9);
            }
        }
    }

    #[test]
    fn with_equal_rates_an_unstated_parent_scores_as_the_father(model in models(), relatives in families(), child in genotypes()) {
        let rates = MutationRates { male: 0.03, female: 0.03 };
        let mutation = match model.mutation {
            Mutation::None => Mutation::None,
            Mutation::Equal(_) => Mutation::Equal(rates),
            Mutation::Proportional(_) => Mutation::Proportional(rates),
            Mutation::Stepwise { range, microvariant_rate, .. } => Mutation::Stepwise { rates, range, microvariant_rate },
        };
        let model = Model { mutation, ..model };
        let calculator = Calculator::new(&table(), model).unwrap();
        let of = |relatives: Vec<Typed>| calculator.log10_lr(0, &Evidence::new(relatives, model.convention), Some(child));
        match (of(relatives.clone()), of(called(&relatives, [Father, Mother]))) {
            (Ok(one), Ok(other)) => prop_assert!((one - other).abs() < 1e-9 || one == other, "{} {}", one, other),
            (one, other) => prop_assert_eq!(one, other),
        }
    }

    #[test]
    fn unlinked_loci_taken_together_are_the_sum_of_both(
        model in models(), relatives in prop::collection::vec((genotypes(), genotypes()), 2..=3),
        child in (genotypes(), genotypes()), recombination in 0.0..0.5_f64,
    ) {
        let alleles: &[(u16, f64)] = &[(80, 0.2), (90, 0.5), (93, 0.3)];
        let table = FrequencyTable::from_counts(&[("A", alleles), ("B", alleles)]).unwrap();
        let model = Model { theta: 0.0, ..model };
        let linked = |recombination: f64| {
            let pair = LinkedLoci { loci: ["A", "B"].map(|name| name.parse().unwrap()), recombination };
            Calculator::new(&table, model).unwrap().with_linked(&[pair]).unwrap()
        };
        let relation = |i: usize| if i == 0 { Parent } else { FullSibling };
        let child = [Some(child.0), Some(child.1)];
        let shown = || relatives.iter().enumerate().map(|(i, &(a, b))| LinkedShown {
            relation: relation(i), genotypes: [Some(a), Some(b)], drop_out: None,
        });
        let evidence = LinkedEvidence::new(None, shown());
        let single = |locus: usize, calculator: &Calculator| {
            let typed = relatives.iter().enumerate().map(|(i, &(a, b))| (relation(i), Some([a, b][locus])));
            calculator.log10_lr(locus, &Evidence::new(typed, model.convention), child[locus])
        };
        let together = |calculator: &Calculator| {
            calculator.linked_log10_lr(&mut calculator.linked_scorer(0, &evidence)?, child, None)
        };
        let unlinked = linked(0.5);
        let (Ok(a), Ok(b)) = (single(0, &unlinked), single(1, &unlinked)) else { return Err(TestCaseError::reject("no tables")) };
        if let Some(both) = together(&unlinked).unwrap() {
            prop_assert!((both - a - b).abs() < 1e-9 || both == a + b, "{} {} {}", both, a, b);
        }
        // A bound limits what linkage adds.
        let calculator = linked(recombination);
        if let Ok(Some(both)) = together(&calculator) {
            let slack = calculator.linked_slack(0, &evidence).unwrap();
            prop_assert!(both <= a + b + slack + 1e-9, "{} {} {} {}", both, a, b, slack);
        }
    }
}

/// A single parent by hand: 8/9 hands on 8 to an 8/8 child, or 9 that mutated to 8.
#[test]
fn a_single_parent_by_hand() {
    let table = FrequencyTable::from_counts(&[("A", &[(80, 0.25), (90, 0.75)])]).unwrap();
    let mutation = Mutation::Equal(MutationRates { male: 0.04, female: 0.01 });
    let calculator = Calculator::new(&table, Model { mutation, ..Model::default() }).unwrap();
    let of = |relation, parent: &str, child: &str| {
        let evidence = Evidence::new([(relation, parent.parse().ok())], Convention::Pruned);
        10_f64.powf(calculator.log10_lr(0, &evidence, child.parse().ok()).unwrap())
    };
    // P(hands on 8) = 1/2 (1 - mu) + 1/2 mu = 1/2 for any mu; divided by p.
    assert!((of(Parent, "8/9", "8") - 2.0).abs() < 1e-12);
    // 9/9 hands on 8 by mutation only.
    assert!((of(Father, "9", "8") - 0.04 / 0.25).abs() < 1e-12);
    assert!((of(Mother, "9", "8") - 0.01 / 0.25).abs() < 1e-12);
    assert!((of(Parent, "9", "8") - 0.025 / 0.25).abs() < 1e-12);
}

fn family(relatives: &[(Relation, &[&str])]) -> Family {
    let relative = |(i, (relation, cells)): (usize, &(Relation, &[&str]))| Relative {
        sample: Pseudonym::from_bytes([i as u8; 16]),
        relation: *relation,
        profile: Profile::new(cells.iter().map(|text| text.parse().ok()).collect()),
        drop_out: None,
    };
    let relatives = relatives.iter().enumerate().map(relative).collect();
    Family { pseudonym: Pseudonym::from_bytes([9; 16]), relatives, pedigree: None }
}

#[test]
fn a_parent_beside_a_father_is_the_mother_at_every_locus() {
    let alleles: &[(u16, f64)] = &[(80, 0.25), (90, 0.75)];
    let table = FrequencyTable::from_counts(&[("A", alleles), ("B", alleles)]).unwrap();
    let mutation = Mutation::Equal(MutationRates { male: 0.04, female: 0.01 });
    let calculator = Calculator::new(&table, Model { mutation, ..Model::default() }).unwrap();
    let child = Child {
        pseudonym: Pseudonym::from_bytes([3; 16]),
        profile: Profile::new(["8", "8"].map(|text| text.parse().ok()).to_vec()),
        drop_out: None,
    };
    // At the second locus the father is untyped; the parent beside him is still the mother.
    let total = |relation, beside| {
        let family = family(&[(beside, &["8/9", ""]), (relation, &["9", "9"])]);
        explain(&calculator, &family, &child, None).unwrap()
    };
    let (parent, mother) = (total(Parent, Father), total(Mother, Father));
    assert_eq!(parent.log10_lr.to_bits(), mother.log10_lr.to_bits());
    assert_eq!((parent.relations, &parent.cpi), (vec![Father, Mother], &mother.cpi));
    assert_eq!(total(Parent, Mother).log10_lr.to_bits(), total(Father, Mother).log10_lr.to_bits());
    // A single parent has no paternity index, since the parent's mutation rate is unknown.
    assert!(explain(&calculator, &family(&[(Parent, &["9", "9"])]), &child, None).unwrap().cpi.is_err());
}

#[test]
fn a_parent_beside_one_side_only_is_refused() {
    let calculator = Calculator::new(&table(), Model::default()).unwrap();
    let genotype = Some(Genotype::new(allele(80), allele(90)));
    let of = |relations: &[Relation]| {
        let evidence = Evidence::new(relations.iter().map(|&relation| (relation, genotype)), Convention::Pruned);
        calculator.log10_lr(0, &evidence, genotype)
    };
    let side = KinshipError::Structure(StructureError::Pedigree(PedigreeError::Side));
    assert_eq!(of(&[Parent, PaternalUncle]), Err(side.clone()));
    assert_eq!(of(&[Parent, Parent, MaternalAunt]), Err(side.clone()));
    assert!(side.to_string().contains("state father or mother"));
    assert_eq!(of(&[Father, Parent, MaternalAunt]), of(&[Father, Mother, MaternalAunt]));
    let three = KinshipError::Structure(StructureError::Pedigree(PedigreeError::ThreeParents));
    assert_eq!(of(&[Father, Mother, Parent]), Err(three));
}

#[test]
fn a_plan_offers_the_other_parent() {
    let table = FrequencyTable::from_counts(&[("A", &[(80, 0.25), (90, 0.75)])]).unwrap();
    let planner =
        |relatives: &[(Relation, &[&str])]| Planner::new(&table, Model::default(), &family(relatives)).unwrap();
    let one = planner(&[(Parent, &["8/9"])]);
    assert_eq!(one.options(), [FullSibling, Parent]);
    let as_father = planner(&[(Father, &["8/9"])]);
    let [with, as_trio] = [one.power_with(Parent, 0.5).unwrap(), as_father.power_with(Mother, 0.5).unwrap()];
    assert!((with.expected_log10_lr - as_trio.expected_log10_lr).abs() < 0.01);
    assert!(with.expected_log10_lr > one.power(0.5).unwrap().expected_log10_lr);
    assert_eq!(planner(&[(Parent, &["8"]), (Parent, &["9"])]).options(), [FullSibling]);
    assert!(!planner(&[(Parent, &["8"]), (Father, &["9"])]).options().contains(&Mother));
}

/// A true family of a parent and siblings is not flagged; with a stranger in the parent's place it is.
#[test]
fn a_parent_is_checked_against_the_siblings() {
    let table = FrequencyTable::chinese_han_23();
    let calculator = Calculator::new(table, Model::default()).unwrap();
    let checker = Checker::new(&calculator, &calculator);
    let shapes = vec![Shape { relations: vec![FullSibling, FullSibling, Parent], weight: 1.0 }];
    let plan = Plan { families: 40, children: 0, seed: 3, planted: 0.0, shapes, ..Plan::default() };
    let population = Population::generate(&plan, table, &Model::default()).unwrap();
    let families: Vec<Family> = (population.families.iter())
        .map(|family| {
            let relative = |(i, person): (usize, &SyntheticPerson)| Relative {
                sample: Pseudonym::from_bytes([i as u8; 16]),
                relation: person.relation,
                profile: person.profile.clone(),
                drop_out: None,
            };
            let relatives = family.relatives.iter().enumerate().map(relative).collect();
            Family { pseudonym: Pseudonym::from_bytes([9; 16]), relatives, pedigree: None }
        })
        .collect();
    let causes = |family: &Family| -> Vec<&str> {
        let marks = checker.check(family).unwrap().into_iter().filter(|finding| finding.severity.is_mark());
        marks.map(|finding| finding.cause.code().word()).collect()
    };
    assert!(families.iter().filter(|family| !causes(family).is_empty()).count() <= 1);
    let swapped = |relation: Relation| {
        let pairs = families.iter().zip(families.iter().skip(1));
        let causes = pairs.map(|(family, other)| {
            let mut family = family.clone();
            assert_eq!(family.relatives[2].relation, Parent);
            family.relatives[2].relation = relation;
            family.relatives[2].profile = other.relatives[2].profile.clone();
            causes(&family)
        });
        causes.collect::<Vec<_>>()
    };
    let found = swapped(Parent);
    assert!(found.iter().filter(|causes| !causes.is_empty()).count() >= 37, "{found:?}");
    let of_fathers = swapped(Father);
    assert!(
        found.iter().zip(&of_fathers).filter(|(one, other)| one == other).count() >= 38,
        "{found:?} {of_fathers:?}"
    );
}
