use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::model::{Profile, Relation, Sex};
use crate::population::{FrequencyTable, Model, Mutation, MutationRates};

fn table() -> &'static FrequencyTable {
    FrequencyTable::chinese_han_23()
}

fn without_mutation() -> Model {
    Model { mutation: Mutation::None, ..Model::default() }
}

fn make(plan: &Plan) -> Population {
    Population::generate(plan, table(), &Model::default()).unwrap()
}

fn small() -> Plan {
    Plan { families: 300, children: 1_000, seed: 11, ..Plan::default() }
}

fn complete(shapes: &[&[Relation]]) -> Plan {
    let shapes = shapes.iter().map(|relations| Shape { relations: relations.to_vec(), weight: 1.0 }).collect();
    Plan { shapes, planted: 1.0, untyped: 0.0, partial_children: 0.0, partial_relatives: 0.0, ..small() }
}

/// Reports whether a binomial count lies within 5 standard deviations.
fn near(seen: usize, n: usize, p: f64) -> bool {
    let n = n as f64;
    (seen as f64 - n * p).abs() <= 5.0 * (n * p * (1.0 - p)).sqrt()
}

fn shared_loci(a: &Profile, b: &Profile) -> usize {
    let both = a.genotypes().iter().zip(b.genotypes()).filter_map(|(a, b)| a.zip(*b));
    both.filter(|(a, b)| [b.low(), b.high()].iter().any(|allele| [a.low(), a.high()].contains(allele))).count()
}

fn parent<'a>(population: &'a Population, link: &Link, relation: Relation) -> &'a Profile {
    let relatives = &population.families[link.family].relatives;
    &relatives.iter().find(|person| person.relation == relation).unwrap().profile
}

fn digest(population: &Population) -> String {
    let mut hash = blake3::Hasher::new();
    let profile = |profile: &Profile| {
        let cells = profile.genotypes().iter().map(|g| g.map_or(String::new(), |g| g.to_string()));
        cells.collect::<Vec<_>>().join(",")
    };
    for family in &population.families {
        for person in &family.relatives {
            let line = format!("{} {} {} {}", family.id, person.id, person.relation, person.sex);
            hash.update(format!("{line} {}\n", profile(&person.profile)).as_bytes());
        }
    }
    for child in &population.children {
        hash.update(format!("{} {} {}\n", child.id, child.sex, profile(&child.profile)).as_bytes());
    }
    hash.update(format!("{:?}\n{:?}\n", population.truth, population.traps).as_bytes());
    hash.finalize().to_hex().to_string()
}

#[test]
fn a_parent_of_unstated_sex_is_father_or_mother() {
    use Relation::{Father, FullSibling, Mother, Parent};
    let rates = MutationRates { male: 0.5, female: 0.0 };
    let model =
        Model { mutation: Mutation::Stepwise { rates, range: 0.1, microvariant_rate: 0.0 }, ..Model::default() };
    let whole = |relations: &[Relation]| {
        let population = Population::generate(&complete(&[relations]), table(), &model).unwrap();
        let mutated = |link: &&Link| {
            let child = &population.children[link.child].profile;
            shared_loci(child, parent(&population, link, *relations.last().unwrap())) < child.typed_loci()
        };
        let persons = population.families.iter().flat_map(|family| &family.relatives);
        let stated = persons.filter(|person| person.relation == Parent && person.sex != Sex::Unknown).count();
        (population.truth.iter().filter(mutated).count(), population.truth.len(), stated)
    };
    // Only fathers mutate here, at nearly every locus: half of the parents are fathers.
    let (mutated, all, stated) = whole(&[Parent]);
    assert!(near(mutated, all, 0.5), "{mutated} of {all}");
    assert_eq!(stated, 0, "the files do not tell");
    let (mutated, all, _) = whole(&[FullSibling, Parent]);
    assert!(near(mutated, all, 0.5), "{mutated} of {all}");
    assert_eq!(whole(&[Father, Parent]).0, 0, "beside a father it is the mother");
    let (mutated, all, _) = whole(&[Mother, Parent]);
    assert_eq!(mutated, all);
}

#[test]
fn a_seed_means_the_same_population_for_ever() {
    let plan = Plan { forced_mutations: 5, nephew_traps: 4, sibling_parent_traps: 3, ..small() };
    let population = make(&plan);
    assert_eq!(population, make(&plan));
    // A change of this value changes every published synthetic population, so it requires a new stream label.
    assert_eq!(digest(&population), "58c76e2877a5d38580533cedbb21e53475cde46cca32d39292cfb0728771ebc2");
    assert_ne!(population.children, make(&Plan { seed: 12, ..plan }).children);
}

#[test]
fn a_family_does_not_depend_on_how_many_there_are() {
    let few = make(&small());
    let many = make(&Plan { families: 700, children: 3_000, nephew_traps: 20, forced_mutations: 20, ..small() });
    assert_eq!(few.families[..], many.families[..300]);
    let unplanted = make(&Plan { planted: 0.0, ..small() });
    assert_eq!(few.families, unplanted.families);
    assert!(unplanted.truth.is_empty());
    let planted = |population: &Population| -> Vec<usize> {
        population.truth.iter().map(|link| link.family).filter(|&family| family < 300).collect()
    };
    assert_eq!(planted(&few), planted(&many));
}

#[test]
fn alleles_of_unrelated_people_follow_the_table() {
    let plan = Plan { families: 0, children: 10_000, seed: 3, untyped: 0.0, partial_children: 0.0, ..small() };
    let population = make(&plan);
    let (mut chi_square, mut freedom) = (0.0, 0.0);
    for (i, locus) in table().loci().iter().enumerate() {
        let mut seen = vec![0; locus.alleles().len()];
        let mut homozygous = 0;
        for child in &population.children {
            let genotype = child.profile.at(i).unwrap();
            homozygous += usize::from(genotype.is_homozygous());
            for allele in [genotype.low(), genotype.high()] {
                seen[locus.position(allele).unwrap()] += 1;
            }
        }
        for (&seen, &p) in seen.iter().zip(locus.frequencies()) {
            assert!(near(seen, 20_000, p), "locus {i}: {seen} of 20000 for {p}");
            chi_square += (f64::from(u32::try_from(seen).unwrap()) - 20_000.0 * p).powi(2) / (20_000.0 * p);
        }
        freedom += locus.alleles().len() as f64 - 1.0;
        let homozygosity = locus.frequencies().iter().map(|p| p * p).sum();
        assert!(near(homozygous, 10_000, homozygosity), "locus {i}: {homozygous} homozygotes");
    }
    assert!((chi_square - freedom).abs() < 5.0 * (2.0 * freedom).sqrt(), "{chi_square} at {freedom}");
}

#[test]
fn without_mutation_parents_share_an_allele_with_their_child_at_every_locus() {
    let plan = complete(&[&[Relation::Father, Relation::Mother], &[Relation::Mother, Relation::PaternalAunt]]);
    let population = Population::generate(&plan, table(), &without_mutation()).unwrap();
    assert_eq!(population.truth.len(), 300);
    let mut relatives = 0;
    for link in &population.truth {
        assert_eq!(link.mutated_loci, 0);
        let child = &population.children[link.child].profile;
        assert_eq!(shared_loci(child, parent(&population, link, Relation::Mother)), 23);
        relatives += population.families[link.family].relatives.len();
    }
    assert_eq!(relatives, 600);
}

#[test]
fn each_parent_mutates_at_its_own_rate() {
    // A mutation is invisible if the new allele is the parent's other one, or if the child's other allele fits the
    // parent. So fewer mutations are visible, but of the same order.
    let visible = |rates, relation| {
        let model = Model { mutation: Mutation::Equal(rates), ..Model::default() };
        let population = Population::generate(&complete(&[&[relation]]), table(), &model).unwrap();
        population.truth.iter().map(|link| usize::from(link.mutated_loci)).sum::<usize>()
    };
    let rates = MutationRates { male: 0.1, female: 0.0 };
    let transmissions = 300.0 * 23.0;
    let seen = visible(rates, Relation::Father) as f64;
    assert!((0.4..1.0).contains(&(seen / transmissions / 0.1)), "{seen}");
    assert_eq!(visible(rates, Relation::Mother), 0);
    let rates = MutationRates { male: 0.0, female: 0.1 };
    assert_eq!(visible(rates, Relation::Father), 0);
    assert!(visible(rates, Relation::Mother) > 0);
}

#[test]
fn shapes_relations_and_sexes_are_as_planned() {
    let population = make(&Plan { families: 4_000, children: 3_000, ..small() });
    let mut shapes: BTreeMap<String, usize> = BTreeMap::new();
    let mut relations = BTreeSet::new();
    for family in &population.families {
        *shapes.entry(relation_shape(family)).or_default() += 1;
        assert!(family.relatives.is_sorted_by_key(|person| person.relation));
        for person in &family.relatives {
            relations.insert(person.relation);
            assert!(person.relation.sex().is_none_or(|sex| sex == person.sex) && person.sex != Sex::Unknown);
        }
    }
    assert_eq!(relations.into_iter().collect::<Vec<_>>(), Relation::ALL);
    assert!(near(shapes["father+mother"], 4_000, 0.45) && near(shapes["mother"], 4_000, 0.22));
    assert!(near(shapes["full-sibling+full-sibling"], 4_000, 0.015));
    assert!(shapes.contains_key("mother+paternal-grandfather+paternal-grandmother"));
    assert!(near(population.truth.len(), 4_000, 0.5));
    let females = population.children.iter().filter(|child| child.sex == Sex::Female).count();
    assert!(near(females, 3_000, 0.5));
}

#[test]
fn profiles_are_as_complete_as_planned() {
    let population = make(&Plan { families: 4_000, children: 10_000, ..small() });
    let children: Vec<&Profile> = population.children.iter().map(|child| &child.profile).collect();
    let relatives: Vec<&Profile> =
        population.families.iter().flat_map(|family| &family.relatives).map(|person| &person.profile).collect();
    for (profiles, share) in [(children, 0.05), (relatives, 0.03)] {
        // A complete profile loses five loci with a probability below 1e-5.
        let partial = profiles.iter().filter(|profile| profile.typed_loci() <= 18).count();
        assert!(near(partial, profiles.len(), share), "{partial} of {}", profiles.len());
        assert!(profiles.iter().all(|profile| profile.typed_loci() >= 10));
        let typed: usize = profiles.iter().map(|profile| profile.typed_loci()).filter(|&typed| typed > 18).sum();
        assert!(near(typed, (profiles.len() - partial) * 23, 0.99));
    }
}

#[test]
fn identifiers_are_unique_and_places_of_planted_children_tell_nothing() {
    let population = make(&small());
    let ids: BTreeSet<&str> = population
        .families
        .iter()
        .flat_map(|family| family.relatives.iter().map(|person| person.id.as_str()).chain([family.id.as_str()]))
        .chain(population.children.iter().map(|child| child.id.as_str()))
        .collect();
    let relatives: usize = population.families.iter().map(|family| family.relatives.len()).sum();
    assert_eq!(ids.len(), 300 + relatives + 1_000);
    assert_eq!(population.children[41].id, "C0000042");
    let n = population.truth.len() as f64;
    let places: f64 = population.truth.iter().map(|link| link.child as f64).sum::<f64>() / n;
    assert!((places - 500.0).abs() < 5.0 * 289.0 / n.sqrt(), "mean place {places} of 1000");
    let rising = population.truth.windows(2).filter(|pair| pair[0].child < pair[1].child).count();
    assert!(near(rising, population.truth.len() - 1, 0.5));
}

#[test]
fn forced_mutations_contradict_a_typed_parent_at_one_or_two_loci() {
    let plan = Plan { forced_mutations: 60, ..small() };
    let plain = Population::generate(&small(), table(), &without_mutation()).unwrap();
    let forced = Population::generate(&plan, table(), &without_mutation()).unwrap();
    assert!(plain.truth.iter().all(|link| link.mutated_loci == 0));
    let mutated: Vec<&Link> = forced.truth.iter().filter(|link| link.mutated_loci > 0).collect();
    assert_eq!(mutated.len(), 60);
    assert!(mutated.iter().all(|link| link.mutated_loci <= 2));
    assert!(mutated.iter().any(|link| link.mutated_loci == 2));
    for (link, before) in forced.truth.iter().zip(&plain.truth) {
        let (child, twin) = (&forced.children[link.child].profile, &plain.children[before.child].profile);
        let changed: Vec<_> = child.genotypes().iter().zip(twin.genotypes()).filter(|(a, b)| a != b).collect();
        assert_eq!(changed.len(), usize::from(link.mutated_loci), "nothing else is changed");
        for (a, b) in changed.into_iter().filter_map(|(a, b)| a.zip(*b)) {
            let sum = |g: crate::model::Genotype| g.low().tenths() + g.high().tenths();
            assert!([10, 20].contains(&sum(a).abs_diff(sum(b))), "{a} {b}");
        }
    }
}

#[test]
fn traps_resemble_the_truth_and_are_not_in_it() {
    let plan = Plan { nephew_traps: 60, sibling_parent_traps: 40, ..small() };
    let population = Population::generate(&plan, table(), &without_mutation()).unwrap();
    assert_eq!(population.children.len(), 1_000);
    let kinds = |kind| population.traps.iter().filter(|trap| trap.kind == kind).count();
    assert_eq!((kinds(NEPHEW), kinds(SIBLING_PARENT)), (60, 40));
    let families: BTreeSet<usize> = population.traps.iter().map(|trap| trap.family).collect();
    assert_eq!(families.len(), 100, "one trap a family");
    let (mut shared, mut compared, mut chance, mut compared_by_chance) = (0, 0, 0, 0);
    for trap in &population.traps {
        assert!(population.truth.iter().all(|link| link.child != trap.child));
        assert!(trap.kind == NEPHEW || population.truth.iter().all(|link| link.family != trap.family));
        let child = &population.children[trap.child].profile;
        let stranger = &population.children[(trap.child + 1) % 1_000].profile;
        let relatives = &population.families[trap.family].relatives;
        let typed = |other: &Profile, parent: &Profile| {
            other.genotypes().iter().zip(parent.genotypes()).filter(|(a, b)| a.is_some() && b.is_some()).count()
        };
        let parents: Vec<&Profile> = relatives
            .iter()
            .filter(|person| matches!(person.relation, Relation::Father | Relation::Mother))
            .map(|person| &person.profile)
            .collect();
        assert!(!parents.is_empty());
        if trap.kind == SIBLING_PARENT && parents.len() == 2 {
            let full = parents.iter().filter(|parent| shared_loci(child, parent) == typed(child, parent)).count();
            assert!(full >= 1, "the other parent is the true one");
        }
        for parent in parents {
            shared += shared_loci(child, parent);
            compared += typed(child, parent);
            chance += shared_loci(stranger, parent);
            compared_by_chance += typed(stranger, parent);
        }
    }
    let share = |part: usize, all: usize| part as f64 / all as f64;
    let (trap, stranger) = (share(shared, compared), share(chance, compared_by_chance));
    assert!(trap > stranger + 0.1 && trap < 0.95, "{trap} against {stranger}");
}

#[test]
fn plans_that_do_not_fit_are_refused() {
    let refused = |plan: Plan| Population::generate(&plan, table(), &Model::default()).unwrap_err();
    let few = refused(Plan { children: 10, ..small() });
    assert!(matches!(few, PlanError::TooFewChildren { children: 10, .. }));
    let traps = refused(Plan { nephew_traps: 301, children: 5_000, ..small() });
    assert!(matches!(traps, PlanError::TooFewFamilies { name: "nephew_traps", wanted: 301, found: 200..300 }));
    let one = FrequencyTable::from_counts(&[("A", &[(100, 1.0)])]).unwrap();
    let stuck = Population::generate(&Plan { forced_mutations: 1, ..small() }, &one, &Model::default());
    assert!(matches!(stuck, Err(PlanError::TooFewFamilies { name: "forced_mutations", found: 0, .. })));
    let none = Population::generate(&Plan { families: 0, children: 0, ..small() }, &one, &Model::default()).unwrap();
    assert!(none.families.is_empty() && none.children.is_empty());
}

#[test]
fn false_papers_are_false_as_planned_and_change_nobody_else() {
    use Relation::{Father, FullSibling, Mother};
    let truth = complete(&[&[Father, Mother], &[Father, Mother, FullSibling]]);
    let truth = Plan { families: 400, ..truth };
    let stated = Population::generate(&truth, table(), &without_mutation()).unwrap();
    assert!(stated.families.iter().all(|family| family.papers.is_none()));
    let plan = Plan { wrong_father: 0.2, exchanged: 0.2, half_as_full: 0.3, ..truth };
    let population = Population::generate(&plan, table(), &without_mutation()).unwrap();
    assert_eq!(population.children, stated.children, "only papers change");
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for link in &population.truth {
        let (family, before) = (&population.families[link.family], &stated.families[link.family]);
        let child = &population.children[link.child].profile;
        let of =
            |relation: Relation| family.relatives.iter().find(|one| one.relation == relation).map(|one| &one.profile);
        *seen.entry(family.papers.map_or("true", FalsePapers::word)).or_default() += 1;
        let (father, mother) = (of(Father).unwrap(), of(Mother).unwrap());
        match family.papers {
            None => assert_eq!(family.relatives, before.relatives),
            Some(FalsePapers::WrongFather) => {
                assert!(shared_loci(child, father) < 23 && shared_loci(child, mother) == 23);
            }
            Some(FalsePapers::Exchanged) => {
                // A parent is in the sibling's place, so the child shares an allele with it at every locus.
                assert_eq!(shared_loci(child, of(FullSibling).unwrap()), 23);
                assert!(shared_loci(child, father) == 23 || shared_loci(child, mother) == 23);
            }
            Some(FalsePapers::HalfAsFull) => {
                let sibling = of(FullSibling).unwrap();
                assert!(shared_loci(sibling, father) < 23 && shared_loci(sibling, mother) == 23);
                assert_eq!(shared_loci(child, father), 23);
            }
            Some(FalsePapers::WrongMother) => panic!("not asked for"),
        }
    }
    assert!(near(seen["wrong-father"], population.families.len(), 0.2), "{seen:?}");
    // Couples have nobody to exchange, and no sibling. The first falsification that is drawn and fits is used.
    let with_sibling = population.families.iter().filter(|family| family.relatives.len() == 3).count();
    assert!(near(seen["exchanged"], with_sibling, 0.8 * 0.2), "{seen:?}");
    assert!(near(seen["half-as-full"], with_sibling, 0.8 * 0.8 * 0.3), "{seen:?}");
}
