//! Tests of what a family can show: cases by hand, laws, and the plan against simulated populations.

use std::sync::Arc;

use proptest::prelude::*;
use reunite::kinship::{Bounds, Calculator, Evidence};
use reunite::model::{
    Family, Genotype, Locus, Member, Pedigree, Profile, Pseudonym, Relation, Relative, genotype_code,
};
use reunite::planning::{Planner, PlanningError, Power};
use reunite::population::{Convention, Floor, FrequencyTable, Model, Mutation, MutationRates};
use reunite::synthesis::{Plan, Population, Shape, SyntheticFamily, SyntheticPerson};

use Relation::{
    Father, FullSibling, MaternalGrandfather, MaternalGrandmother, MaternalHalfSibling, Mother, PaternalGrandfather,
    PaternalGrandmother,
};

fn genotype(text: &str) -> Genotype {
    text.parse().unwrap()
}

/// Makes a family with these relatives and genotypes; an empty genotype is untyped.
fn family(relatives: &[(Relation, &[&str])]) -> Family {
    let relative = |(i, (relation, genotypes)): (usize, &(Relation, &[&str]))| Relative {
        sample: Pseudonym::from_bytes([i as u8; 16]),
        relation: *relation,
        profile: Profile::new(genotypes.iter().map(|text| text.parse().ok()).collect()),
        drop_out: None,
    };
    Family {
        pedigree: None,
        pseudonym: Pseudonym::from_bytes([9; 16]),
        relatives: relatives.iter().enumerate().map(relative).collect(),
    }
}

fn without_mutation() -> Model {
    Model { mutation: Mutation::None, ..Model::default() }
}

#[track_caller]
fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * a.abs().max(b.abs()), "{a} {b}");
}

/// One locus, p = 0.2, q = 0.8, the mother 8/8. A child 8/8 has LR 1/p, a child 8/9 has 1/(2p), a child 9/9 has 0.
#[test]
fn a_mother_by_hand() {
    let table = FrequencyTable::from_counts(&[("A", &[(80, 0.2), (90, 0.8)])]).unwrap();
    let planner = Planner::new(&table, without_mutation(), &family(&[(Mother, &["8"])])).unwrap();
    let (homozygous, heterozygous) = (5_f64.log10(), 2.5_f64.log10());
    let power = planner.power(0.5).unwrap();
    near(power.expected_log10_lr, 0.2 * homozygous + 0.8 * heterozygous);
    near(power.standard_deviation, 0.4 * (homozygous - heterozygous));
    near(power.found.lower, 0.2);
    near(power.found.upper, 0.2);
    near(power.by_chance.lower, 0.04);
    near(power.by_chance.upper, 0.04);
    near(planner.power(0.3).unwrap().found.lower, 1.0);
    near(planner.power(0.3).unwrap().by_chance.upper, 0.04 + 0.32);
    // The father is 8/8, 8/9 or 9/9 with p^2, 2pq, q^2; then the child's genotype is certain, or one of two.
    let both = planner.power_with(Father, 0.5).unwrap();
    // P(8/8 | both) = 1, 1/2, 0; log10 LR of the child: 1/p^2, or 1/(2pq) times P(8/9 | both).
    let sure = 25_f64.log10();
    let half = 0.5 * 12.5_f64.log10() + 0.5 * (0.5 / 0.32_f64).log10();
    let never = (1.0 / 0.32_f64).log10();
    near(both.expected_log10_lr, 0.04 * sure + 0.32 * half + 0.64 * never);
    // log10 LR >= 0.5 needs 8/8 with a father 8/8 or 8/9: 1.40 or 1.10; 8/9 with 9/9 gives 0.49.
    near(both.found.lower, 0.04 + 0.32 * 0.5);
    near(both.by_chance.upper, (0.04 + 0.32) * 0.04);
}

#[test]
fn a_plan_offers_only_relatives_who_add_information() {
    let table = FrequencyTable::from_counts(&[("A", &[(80, 0.2), (90, 0.8)])]).unwrap();
    let options = |relations: &[Relation]| {
        let relatives: Vec<(Relation, &[&str])> = relations.iter().map(|&relation| (relation, &["8/9"][..])).collect();
        Planner::new(&table, Model::default(), &family(&relatives)).unwrap().options()
    };
    assert_eq!(options(&[Father, Mother]), [FullSibling]);
    assert_eq!(options(&[Father]), [Mother, FullSibling, MaternalGrandfather, MaternalGrandmother]);
    assert_eq!(options(&[Mother, FullSibling]), [Father, FullSibling, PaternalGrandfather, PaternalGrandmother]);
    let grandmother = [Father, Mother, FullSibling, PaternalGrandfather, MaternalGrandfather, MaternalGrandmother];
    assert_eq!(options(&[PaternalGrandmother]), grandmother);
    assert_eq!(options(&[MaternalHalfSibling]).len(), 7);
}

/// A mother who is a member of a pedigree counts as a mother; no relative can be added to a pedigree by relation.
#[test]
fn a_member_of_a_pedigree_counts_as_the_same_relation() {
    let table = FrequencyTable::from_counts(&[("A", &[(80, 0.2), (90, 0.8)])]).unwrap();
    let child = Member { father: Some(0), mother: Some(1) };
    let pedigree = Pedigree::from_members(&[Member::default(), Member::default(), child], 2, &[1]).unwrap();
    let by_relation = family(&[(Mother, &["8/9"])]);
    let mut by_pedigree = family(&[(Relation::Member, &["8/9"])]);
    by_pedigree.pedigree = Some(Arc::new(pedigree));
    let [one, other] =
        [by_relation, by_pedigree].map(|family| Planner::new(&table, Model::default(), &family).unwrap());
    assert_eq!(one.power(0.1), other.power(0.1));
    assert!(other.options().is_empty() && other.power_with(Father, 0.1).is_err());
}

#[test]
fn a_contradiction_is_an_error_that_names_the_locus() {
    let table = FrequencyTable::from_counts(&[("A", &[(80, 0.2), (90, 0.8)]), ("B", &[(80, 0.2), (90, 0.8)])]).unwrap();
    let contradiction = family(&[(Mother, &["8", "8"]), (FullSibling, &["8/9", "9"])]);
    let planner = Planner::new(&table, without_mutation(), &contradiction).unwrap();
    for result in [planner.power(4.0), planner.power_with(Father, 4.0)] {
        let error = result.unwrap_err();
        assert!(matches!(&error, PlanningError::Kinship { locus, .. } if locus.name() == "B"), "{error}");
    }
    let untyped = Planner::new(&table, Model::default(), &family(&[(Mother, &["", ""])])).unwrap();
    assert_eq!(untyped.informative_loci(), 0);
    let power = untyped.power(4.0).unwrap();
    assert_eq!((power.expected_log10_lr, power.found.upper, power.by_chance.upper), (0.0, 0.0, 0.0));
    let typed = Planner::new(&table, Model::default(), &family(&[(Mother, &["8", "9"])])).unwrap();
    assert!(typed.power_with(Mother, 4.0).is_err(), "a second mother");
}

/// The missing child has its mother's unlisted allele with probability 1/2, and then a high likelihood ratio.
#[test]
fn an_allele_that_the_table_does_not_list_counts() {
    let table = FrequencyTable::from_counts(&[("A", &[(80, 0.2), (90, 0.8)])]).unwrap();
    let mother = family(&[(Mother, &["8/15"])]);
    let planner = Planner::new(&table, without_mutation(), &mother).unwrap();
    let power = planner.power(2.0).unwrap();
    let calculator = Calculator::new(&table, without_mutation()).unwrap();
    let evidence = Evidence::new([(Mother, Some(genotype("8/15")))], calculator.model().convention);
    let of = |text: &str| calculator.log10_lr(0, &evidence, Some(genotype(text))).unwrap();
    let floor = 1.0 / 2001.0;
    let (p, q, r) = (0.2 / (1.0 + floor), 0.8 / (1.0 + floor), floor / (1.0 + floor));
    let lrs = [("8", p / 2.0), ("8/9", q / 2.0), ("8/15", (p + r) / 2.0), ("9/15", q / 2.0), ("15", r / 2.0)];
    near(lrs.iter().map(|lr| lr.1).sum(), 1.0);
    near(power.expected_log10_lr, lrs.iter().map(|(child, p)| p * of(child)).sum());
    near(power.by_chance.lower, r * r + 2.0 * r * (p + q));
    // The allele is from the mother, or 8 is from the mother and 15 from the father.
    near(power.found.lower, 0.5 + r / 2.0);
    let frequent = Model { floor: Floor::Fixed(0.25), ..without_mutation() };
    let frequent = Planner::new(&table, frequent, &mother).unwrap().power(0.42).unwrap();
    let (p_8, r_15) = (0.16, 0.2);
    // All divided by 1.25, p = 0.16 and r = 0.2: above 10^0.42 = 2.63 are 8/8 with 1/(2p) and 8/15 with (p + r)/(4pr).
    near(frequent.by_chance.lower, p_8 * p_8 + 2.0 * p_8 * r_15);
    let refusing = Model { floor: Floor::Refuse, ..without_mutation() };
    assert!(Planner::new(&table, refusing, &mother).unwrap().power(2.0).is_err());
}

/// Returns the first six loci of the built-in table.
fn small_table() -> FrequencyTable {
    let text = FrequencyTable::chinese_han_23_text();
    let loci: Vec<&str> = FrequencyTable::chinese_han_23().panel().loci()[..6].iter().map(Locus::name).collect();
    let locus = |line: &str| line.split(',').next().unwrap().to_owned();
    let kept = |line: &&str| locus(line) == "locus" || loci.contains(&locus(line).as_str());
    FrequencyTable::from_csv(&text.lines().filter(kept).collect::<Vec<_>>().join("\n")).unwrap()
}

/// Makes families with these relatives, all with their missing child among the children and typed at every locus.
fn population(table: &FrequencyTable, relations: &[Relation], families: usize, children: usize) -> Population {
    let shapes = vec![Shape { relations: relations.to_vec(), weight: 1.0 }];
    let plan = Plan {
        families,
        children,
        seed: 7,
        planted: 1.0,
        shapes,
        untyped: 0.0,
        partial_children: 0.0,
        ..Plan::default()
    };
    let plan = Plan { partial_relatives: 0.0, ..plan };
    Population::generate(&plan, table, &Model::default()).unwrap()
}

fn of(family: &SyntheticFamily, keep: impl Fn(Relation) -> bool) -> Family {
    let relatives = family.relatives.iter().filter(|person| keep(person.relation));
    let relative = |person: &SyntheticPerson| Relative {
        sample: Pseudonym::from_bytes([0; 16]),
        relation: person.relation,
        profile: person.profile.clone(),
        drop_out: None,
    };
    Family { pedigree: None, pseudonym: Pseudonym::from_bytes([0; 16]), relatives: relatives.map(relative).collect() }
}

/// Computes the tables of a family, with which children are scored.
fn tables(family: &SyntheticFamily, calculator: &Calculator) -> Vec<Vec<f64>> {
    let table = |locus: usize| {
        let shown = family.relatives.iter().map(|person| (person.relation, person.profile.at(locus)));
        let evidence = Evidence::new(shown, calculator.model().convention);
        let structure = calculator.structure(&evidence).unwrap();
        calculator.table(locus, &structure, &evidence).unwrap().values().to_vec()
    };
    (0..calculator.panel().len()).map(table).collect()
}

fn log10_lr(tables: &[Vec<f64>], child: &Profile, calculator: &Calculator) -> f64 {
    let value = |(locus, table): (usize, &Vec<f64>)| {
        let (a, b) = calculator.loci()[locus].positions(child.at(locus).unwrap()).unwrap();
        table[genotype_code(a, b)]
    };
    tables.iter().enumerate().map(value).sum()
}

/// Checks that the number of independent events agrees with the bounds of each event's probability, within 4.5 standard
/// deviations.
#[track_caller]
fn happened(count: usize, probabilities: &[Bounds]) {
    let lower: f64 = probabilities.iter().map(|p| p.lower).sum();
    let upper: f64 = probabilities.iter().map(|p| p.upper).sum();
    let room = 4.5 * probabilities.iter().map(|p| p.upper * (1.0 - p.lower)).sum::<f64>().sqrt();
    let count = count as f64;
    assert!((lower - room..=upper + room).contains(&count), "{count}, not from {lower} - {room} to {upper} + {room}");
}

#[test]
fn missing_children_of_a_simulated_population_are_found_as_often_as_planned() {
    let calculator = Calculator::new(FrequencyTable::chinese_han_23(), Model::default()).unwrap();
    for (relations, threshold) in [(&[FullSibling][..], 4.0), (&[Mother], 8.0), (&[Mother, PaternalGrandmother], 11.0)]
    {
        let population = population(FrequencyTable::chinese_han_23(), relations, 80, 80);
        let powers: Vec<Power> = (population.families.iter())
            .map(|family| {
                let planner = Planner::new(FrequencyTable::chinese_han_23(), Model::default(), &of(family, |_| true));
                planner.unwrap().power(threshold).unwrap()
            })
            .collect();
        let values = population.truth.iter().map(|link| {
            let tables = tables(&population.families[link.family], &calculator);
            (link.family, log10_lr(&tables, &population.children[link.child].profile, &calculator))
        });
        let values: Vec<(usize, f64)> = values.collect();
        let reached = values.iter().filter(|value| value.1 >= threshold).count();
        assert!((8..72).contains(&reached), "the threshold tells children apart: {reached}");
        happened(reached, &powers.iter().map(|power| power.found).collect::<Vec<_>>());
        let below: usize = values.iter().filter(|(f, v)| *v < powers[*f].quantiles[1].log10_lr.middle()).count();
        happened(below, &[Bounds { lower: 0.24, upper: 0.26 }; 80]);
        // The mean, in units of its own error.
        let excess: f64 = values.iter().map(|(f, v)| v - powers[*f].expected_log10_lr).sum();
        let variance: f64 = powers.iter().map(|power| power.standard_deviation.powi(2)).sum();
        assert!(excess.abs() < 4.5 * variance.sqrt(), "{relations:?} {excess} {variance}");
    }
}

#[test]
fn unrelated_children_reach_a_ratio_as_often_as_planned() {
    let calculator = Calculator::new(FrequencyTable::chinese_han_23(), Model::default()).unwrap();
    for relations in [&[FullSibling, FullSibling][..], &[Mother]] {
        let population = population(FrequencyTable::chinese_han_23(), relations, 1, 20_000);
        let family = &population.families[0];
        let planner = Planner::new(FrequencyTable::chinese_han_23(), Model::default(), &of(family, |_| true)).unwrap();
        let tables = tables(family, &calculator);
        let own = population.truth[0].child;
        let unrelated = population.children.iter().enumerate().filter(|(i, _)| *i != own);
        let values: Vec<f64> = unrelated.map(|(_, child)| log10_lr(&tables, &child.profile, &calculator)).collect();
        for threshold in [-10.0, -5.0, -2.0, 0.0, 1.0] {
            let reached = values.iter().filter(|&&value| value >= threshold).count();
            happened(reached, &vec![planner.power(threshold).unwrap().by_chance; values.len()]);
        }
    }
}

#[test]
fn the_gain_of_a_further_relative_is_as_planned() {
    let (table, model) = (small_table(), Model::default());
    let threshold = 4.0;
    for (typed, more) in [(Mother, FullSibling), (FullSibling, Mother), (Mother, PaternalGrandfather)] {
        let population = population(&table, &[typed, more], 40, 40);
        let (mut excess, mut variance, mut found, mut found_variance) = (0.0, 0.0, 0.0, 0.0);
        for family in &population.families {
            let before = Planner::new(&table, model, &of(family, |relation| relation == typed)).unwrap();
            let after = Planner::new(&table, model, &of(family, |_| true)).unwrap().power(threshold).unwrap();
            let plan = before.power_with(more, threshold).unwrap();
            assert!(plan.expected_log10_lr > before.power(threshold).unwrap().expected_log10_lr + 0.1, "{more} helps");
            excess += after.expected_log10_lr - plan.expected_log10_lr;
            found += after.found.middle() - plan.found.middle();
            // The relative's genotypes explain a part of the variance in the missing child, at most all of it.
            variance += plan.standard_deviation.powi(2);
            found_variance += plan.found.upper * (1.0 - plan.found.lower);
        }
        assert!(excess.abs() < 3.0 * variance.sqrt(), "{typed} {more} {excess} {variance}");
        assert!(found.abs() < 3.0 * found_variance.sqrt(), "{typed} {more} {found} {found_variance}");
    }
}

/// P(g | relatives) of a further full sibling is that of the missing child itself: LR(g) P(g | H2).
#[test]
fn a_further_full_sibling_shows_what_the_missing_child_would() {
    let table = small_table();
    for convention in [Convention::Full, Convention::Pruned] {
        let model = Model { convention, ..Model::default() };
        let calculator = Calculator::new(&table, model).unwrap();
        let family = family(&[(Mother, &["14/15", "16/17", "9/11", "12", "8/9", "13/14"])]);
        let mut expected = 0.0;
        for (locus, frequencies) in table.loci().iter().enumerate() {
            let mother = family.relatives[0].profile.at(locus);
            let pairs = |evidence: &Evidence| {
                let values = calculator.table(locus, &calculator.structure(evidence).unwrap(), evidence).unwrap();
                let unrelated = calculator.unrelated(locus, evidence).unwrap();
                let values = unrelated.iter().zip(values.values().to_vec()).map(|(p, v)| (p * 10_f64.powf(v), v));
                values.collect::<Vec<_>>()
            };
            let missing = pairs(&Evidence::new([(Mother, mother)], convention));
            for (j, &b) in frequencies.alleles().iter().enumerate() {
                for (i, &a) in frequencies.alleles()[..=j].iter().enumerate() {
                    let sibling = Some(Genotype::new(a, b));
                    let both = pairs(&Evidence::new([(Mother, mother), (FullSibling, sibling)], convention));
                    let (mean, sum) = both.iter().fold((0.0, 0.0), |sums, (p, v)| (sums.0 + p * v, sums.1 + p));
                    expected += missing[genotype_code(i, j)].0 * mean / sum;
                }
            }
        }
        let planner = Planner::new(&table, model, &family).unwrap();
        let planned = planner.power_with(FullSibling, 4.0).unwrap().expected_log10_lr;
        assert!((planned - expected).abs() < 1e-9, "{convention:?} {planned} {expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The expected log10 LR is a relative entropy, and a further relative can only raise it. The pruned convention may
    /// break this, since the model then depends on which relatives are typed.
    #[test]
    fn a_further_relative_never_harms(
        relations in prop::collection::btree_set(prop::sample::select(Relation::ALL.to_vec()), 1..=2),
        genotypes in prop::collection::vec(0..6_usize, 4), rate in 0.0..0.05_f64, theta in 0.0..0.05_f64
    ) {
        let alleles: [(&str, &[(u16, f64)]); 2] =
            [("A", &[(80, 0.2), (90, 0.5), (100, 0.3)]), ("B", &[(80, 0.1), (93, 0.6), (100, 0.3)])];
        let table = FrequencyTable::from_counts(&alleles).unwrap();
        let rates = MutationRates { male: rate, female: rate / 2.0 };
        let mutation = Mutation::Stepwise { rates, range: 0.3, microvariant_rate: 0.01 };
        let model = Model { mutation, theta, convention: Convention::Full, ..Model::default() };
        let words = [["8", "8/9", "8/10", "9", "9/10", "10"], ["8", "8/9.3", "8/10", "9.3", "9.3/10", "10"]];
        let shown: Vec<Vec<&str>> =
            (0..relations.len()).map(|i| vec![words[0][genotypes[2 * i]], words[1][genotypes[2 * i + 1]]]).collect();
        let relatives: Vec<(Relation, &[&str])> =
            relations.iter().zip(&shown).map(|(&relation, shown)| (relation, shown.as_slice())).collect();
        let planner = Planner::new(&table, model, &family(&relatives)).unwrap();
        let Ok(now) = planner.power(0.5) else { return Err(TestCaseError::reject("no plan")) };
        for relation in planner.options() {
            let Ok(with) = planner.power_with(relation, 0.5) else { continue };
            let gain = with.expected_log10_lr - now.expected_log10_lr;
            prop_assert!(gain > -1e-12, "{} {}", relation, gain);
        }
    }
}
