//! The search for close kin gives the pairs that scoring every pair in both directions gives, bit for bit.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use reunite::index::{Binding, Builder, Index};
use reunite::kinship::{Calculator, Evidence, Shown, TYPING_ERROR};
use reunite::matching::{
    Compiler, DuplicateSearch, IdentityRule, Judge, KinCriterion, KinPair, KinRelation, KinResult, KinSearch, Likeness,
    Watch,
};
use reunite::model::{Allele, Child, DropOut, Genotype, Profile, Pseudonym, Relation, genotype_code};
use reunite::population::{Convention, DropOuts, FrequencyTable, Model, Mutation, MutationRates};
use reunite::screen::Instructions;
use reunite::synthesis::{Plan, Population, Shape};

fn pseudonym(number: usize) -> Pseudonym {
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Pseudonym::from_bytes(bytes)
}

fn shape(relations: &[Relation]) -> Shape {
    Shape { relations: relations.to_vec(), weight: 1.0 }
}

/// Returns the relatives of small families as samples of unknown kinship, and the family and relation of each.
fn samples(plan: &Plan, table: &FrequencyTable, model: &Model) -> (Vec<Child>, Vec<(usize, Relation)>) {
    let population = Population::generate(plan, table, model).unwrap();
    let people = population.families.iter().enumerate();
    let people = people.flat_map(|(family, one)| one.relatives.iter().map(move |person| (family, person)));
    let (mut samples, mut truth) = (Vec::new(), Vec::new());
    for (number, (family, person)) in people.enumerate() {
        samples.push(Child { pseudonym: pseudonym(number), profile: person.profile.clone(), drop_out: None });
        truth.push((family, person.relation));
    }
    (samples, truth)
}

fn index(samples: &[Child], table: &FrequencyTable) -> Index {
    let loci = table.panel().loci().iter().zip(table.loci());
    let mut builder = Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect());
    samples.iter().for_each(|one| builder.push(one.clone()));
    let binding = Binding { alleles: table.alleles_digest(), stamp: [0; 16], generation: 0 };
    Index::from_bytes(&builder.finish(&binding).unwrap()).unwrap()
}

fn alike() -> Model {
    let rates = MutationRates { male: 0.0013, female: 0.0013 };
    Model { mutation: Mutation::Stepwise { rates, range: 0.1, microvariant_rate: 1e-6 }, ..Model::default() }
}

/// Returns the sample with one allele moved by 0.7 at each of these loci, mostly to a value outside the table.
fn mistyped(sample: &Child, number: usize, loci: &[usize]) -> Child {
    let mut genotypes = sample.profile.genotypes().to_vec();
    for &locus in loci {
        let moved = |g: Genotype| Genotype::new(g.low(), Allele::from_tenths(g.high().tenths() + 7).unwrap());
        genotypes[locus] = genotypes[locus].map(moved);
    }
    Child { pseudonym: pseudonym(number), profile: Profile::new(genotypes), drop_out: None }
}

/// Locus, relation, what the relative shows, the other's genotype and the other's drop-out.
type Asked = (usize, Relation, Shown, Option<Genotype>, Option<DropOut>);

/// log10 LR by the calculator alone; computed once for each locus, relation and pair of genotypes.
struct Exact<'a> {
    calculator: &'a Calculator,
    known: HashMap<Asked, f64>,
    strangers: HashMap<(usize, Genotype), f64>,
}

impl Exact<'_> {
    fn log10_lr(&mut self, relation: Relation, relative: &Child, other: &Child) -> f64 {
        let mut sum = 0.0;
        for locus in 0..self.calculator.panel().len() {
            let shown = Shown { relation, genotype: relative.profile.at(locus), drop_out: relative.drop_out };
            let genotype = other.profile.at(locus);
            sum += *self.known.entry((locus, relation, shown, genotype, other.drop_out)).or_insert_with(|| {
                let evidence = Evidence::new([shown], self.calculator.model().convention);
                self.calculator.log10_lr_with(locus, &evidence, genotype, other.drop_out).unwrap()
            });
        }
        sum
    }

    /// Compares "one person" with "full siblings". Both samples get the model's drop-out, not their own.
    fn over_siblings(&mut self, one: &Child, other: &Child) -> f64 {
        let plain = |child: &Child| Child { drop_out: None, ..child.clone() };
        self.same_person(one, other) - self.log10_lr(Relation::FullSibling, &plain(one), &plain(other))
    }

    /// Computes the likelihood ratio by its definition, with the probability that a stranger shows the genotype.
    fn same_person(&mut self, one: &Child, other: &Child) -> f64 {
        let mut sum = 0.0;
        for (locus, model) in self.calculator.loci().iter().enumerate() {
            let (Some(a), Some(b)) = (one.profile.at(locus), other.profile.at(locus)) else { continue };
            let calculator = self.calculator;
            let stranger = *self.strangers.entry((locus, a)).or_insert_with(|| match model.positions(a) {
                Some((i, j)) => {
                    let evidence = Evidence::new([(Relation::Father, Some(a))], Convention::Pruned);
                    calculator.unrelated(locus, &evidence).unwrap()[genotype_code(i, j)]
                }
                None => {
                    let more = model.with_alleles(&[a.low(), a.high()], calculator.model()).unwrap().unwrap();
                    let (i, j) = more.positions(a).unwrap();
                    more.genotype_probability(i, j)
                }
            });
            sum += libm::log10(TYPING_ERROR + if a == b { (1.0 - TYPING_ERROR) / stranger } else { 0.0 });
        }
        sum
    }
}

/// Returns every pair that reaches the threshold by a relation, or that the rule calls alike and that is more likely
/// one person than siblings.
fn exhaustive(
    samples: &[Child],
    calculator: &Calculator,
    criterion: &KinCriterion,
    known: impl Fn(Pseudonym, Pseudonym) -> bool,
) -> BTreeMap<[Pseudonym; 2], (Likeness, [f64; 4])> {
    let mut exact = Exact { calculator, known: HashMap::new(), strangers: HashMap::new() };
    let mut found = BTreeMap::new();
    for (i, one) in samples.iter().enumerate() {
        for other in &samples[..i] {
            let (mut loci_compared, mut differing_alleles) = (0, 0);
            for (a, b) in one.profile.genotypes().iter().zip(other.profile.genotypes()) {
                let (Some(a), Some(b)) = (a, b) else { continue };
                loci_compared += 1;
                let mut left = vec![b.low(), b.high()];
                for allele in [a.low(), a.high()] {
                    if let Some(place) = left.iter().position(|other| *other == allele) {
                        left.remove(place);
                    }
                }
                differing_alleles += left.len() as u32;
            }
            let likeness = Likeness { loci_compared, differing_alleles };
            let mut both =
                |relation| f64::max(exact.log10_lr(relation, one, other), exact.log10_lr(relation, other, one));
            let kin = [Relation::Father, Relation::FullSibling, Relation::PaternalHalfSibling].map(&mut both);
            let same = exact.same_person(one, other);
            let rule = criterion.identity;
            let alike = differing_alleles <= u32::from(rule.max_differences) && loci_compared >= rule.min_loci;
            let over_siblings = exact.over_siblings(one, other);
            let is_known = known(one.pseudonym, other.pseudonym);
            let reaches = !is_known && kin.iter().any(|&value| value >= criterion.min_log10_lr);
            if reaches || (alike && over_siblings >= 0.0) {
                let mut two = [one.pseudonym, other.pseudonym];
                two.sort_unstable();
                found.insert(two, (likeness, [same, kin[0], kin[1], kin[2]]));
            }
        }
    }
    found
}

fn ratios(pair: &KinPair) -> [f64; 4] {
    KinRelation::ALL.map(|relation| pair.log10_lr.of_relation(relation))
}

#[track_caller]
fn assert_same(found: &KinResult, expected: &BTreeMap<[Pseudonym; 2], (Likeness, [f64; 4])>) {
    assert_eq!((&found.unscorable, &found.refused), (&vec![], &vec![]));
    let names: BTreeSet<[Pseudonym; 2]> = found.pairs.iter().map(|pair| pair.samples).collect();
    let missing: Vec<_> = expected.iter().filter(|pair| !names.contains(pair.0)).collect();
    assert!(missing.is_empty(), "not found: {missing:?}");
    assert_eq!(found.pairs.len(), expected.len());
    let best = |pair: &KinPair| pair.log10_lr.of_relation(pair.likeliest);
    assert!(found.pairs.is_sorted_by(|a, b| best(a) > best(b) || (best(a) == best(b) && a.samples < b.samples)));
    for pair in &found.pairs {
        let (likeness, values) = expected[&pair.samples];
        assert_eq!(pair.likeness, likeness);
        let ours = ratios(pair);
        assert!((ours[0] - values[0]).abs() < 1e-9, "{ours:?} {values:?}");
        assert_eq!(ours[1..], values[1..], "not the same bits");
        let may_be = |i: &usize| *i > 0 || likeness.loci_compared >= IdentityRule::default().min_loci;
        assert!((0..4).filter(may_be).all(|i| ours[i] <= best(pair)));
    }
}

fn models() -> impl Strategy<Value = Model> {
    (0..3, any::<bool>(), 0..3, 0..3).prop_map(|(kind, full, silent, drop_out)| {
        let rates = MutationRates { male: 0.002, female: 0.002 };
        Model {
            mutation: match kind {
                0 => Mutation::Equal(rates),
                1 => Mutation::Proportional(rates),
                _ => Mutation::Stepwise { rates, range: 0.1, microvariant_rate: 1e-6 },
            },
            convention: if full { Convention::Full } else { Convention::Pruned },
            silent: if silent == 0 { 0.01 } else { 0.0 },
            drop_out: if drop_out == 0 { DropOuts { relatives: 0.03, children: 0.03 } } else { DropOuts::default() },
            ..Model::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn kin_are_those_of_scoring_every_pair(
        model in models(), seed in any::<u64>(), least in -0.5..6.0_f64, untyped in 0.0..0.4_f64,
        max_differences in 0..4_u8, whole in any::<bool>(),
    ) {
        use Relation::{Father, FullSibling, Mother, PaternalHalfSibling};
        let table = FrequencyTable::chinese_han_23();
        let shapes = vec![
            shape(&[Father, FullSibling]), shape(&[FullSibling, FullSibling]), shape(&[Mother]),
            shape(&[FullSibling, PaternalHalfSibling]),
        ];
        let plan = Plan {
            families: 20, children: 0, seed, planted: 0.0, shapes, untyped: if whole { 0.0 } else { untyped },
            ..Plan::default()
        };
        let (mut samples, truth) = samples(&plan, table, &model);
        let count = samples.len();
        for i in 0..6 {
            samples.push(mistyped(&samples[i * 3], count + i, &[5, 1, 20, 13][..i.min(4)]));
        }
        // A sample that has a copy, and one that has none.
        for sample in [1, 3] {
            samples[sample].drop_out = DropOut::new(0.2);
        }
        // The kinship within the first five families is known.
        let families: BTreeMap<Pseudonym, usize> =
            samples.iter().zip(&truth).map(|(one, truth)| (one.pseudonym, truth.0)).collect();
        let known = |a: Pseudonym, b: Pseudonym| {
            families.get(&a).zip(families.get(&b)).is_some_and(|(a, b)| a == b && *a < 5)
        };
        let calculator = Calculator::new(table, model).unwrap();
        let identity = IdentityRule { max_differences, ..IdentityRule::default() };
        let criterion = KinCriterion { min_log10_lr: least, max_chance_hits: None, identity };
        let expected = exhaustive(&samples, &calculator, &criterion, known);
        let exact = RefCell::new(Exact { calculator: &calculator, known: HashMap::new(), strangers: HashMap::new() });
        let index = index(&samples, table);
        let search = KinSearch::new(&index, &calculator, criterion);
        let found = search.run(&KinRelation::ALL, known, &Watch::default()).unwrap();
        assert_same(&found, &expected);
        // A search for one relation gives the pairs of that relation.
        for (place, relation) in KinRelation::ALL.into_iter().enumerate() {
            let alone = search.run(&[relation], known, &Watch::default()).unwrap();
            let reaches = |pair: &&KinPair| {
                if place > 0 {
                    return ratios(pair)[place] >= least;
                }
                let [one, other] = pair.samples.map(|name| samples.iter().find(|one| one.pseudonym == name).unwrap());
                identity.holds(pair.likeness) && exact.borrow_mut().over_siblings(one, other) >= 0.0
            };
            let is_known = |pair: &&KinPair| place == 0 || !known(pair.samples[0], pair.samples[1]);
            let expected: Vec<&KinPair> = found.pairs.iter().filter(reaches).filter(is_known).collect();
            prop_assert_eq!(alone.pairs.iter().collect::<Vec<_>>(), expected);
        }
        prop_assert!(max_differences < 2 || !whole || found.pairs.iter().any(|pair| pair.likeliest == KinRelation::Identity));
    }
}

/// Searches more than a block of samples and more than a chunk of queries, by every kernel and in any order.
#[test]
fn duplicates_are_found_in_every_block_by_every_kernel() {
    let table = FrequencyTable::chinese_han_23();
    let shapes = vec![shape(&[Relation::Father])];
    let plan = Plan { families: 1_100, children: 0, planted: 0.0, shapes, untyped: 0.15, ..Plan::default() };
    let (mut samples, _) = samples(&plan, table, &alike());
    let count = samples.len();
    for (i, loci) in [&[][..], &[3], &[4, 9], &[1, 2, 3], &[], &[22], &[0, 21]].into_iter().enumerate() {
        samples.push(mistyped(&samples[i * 183], count + i, loci));
    }
    // One of two, and both.
    for sample in [183, 2 * 183, count + 2] {
        samples[sample].drop_out = DropOut::new(0.2);
    }
    let calculator = Calculator::new(table, alike()).unwrap();
    let index = index(&samples, table);
    assert!(index.blocks() > 2);
    for rule in [(0, 10), (1, 10), (2, 10), (3, 10), (2, 20), (20, 1)] {
        let rule = IdentityRule { max_differences: rule.0, min_loci: rule.1 };
        let mut expected: Vec<[Pseudonym; 2]> = Vec::new();
        for (i, one) in samples.iter().enumerate() {
            for other in &samples[..i] {
                let genotypes = |child: &Child| child.profile.genotypes().to_vec();
                if rule.holds(Likeness::between(genotypes(one), genotypes(other))) {
                    let mut two = [one.pseudonym, other.pseudonym];
                    two.sort_unstable();
                    expected.push(two);
                }
            }
        }
        expected.sort_unstable();
        assert!(expected.len() >= 2, "{rule:?}");
        for instructions in Instructions::available() {
            let search = DuplicateSearch::new(&index, &calculator, rule).with_instructions(instructions);
            let within = search.pairs_within(&Watch::default()).unwrap();
            let names = |one: usize, other: usize| {
                let mut two = [index.pseudonym(one), index.pseudonym(other)];
                two.sort_unstable();
                two
            };
            let mut found: Vec<_> = within.iter().map(|double| names(double.one, double.other)).collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{rule:?} {instructions:?}");
            let both = search.pairs_with(&index, &Watch::default()).unwrap();
            let mut found: Vec<_> = both.iter().map(|double| names(double.one, double.other)).collect();
            found.sort_unstable();
            assert_eq!(found.len(), 2 * expected.len());
            found.dedup();
            assert_eq!(found, expected, "{rule:?} {instructions:?}");
        }
    }
}

/// Among unrelated people hardly anybody is reported as kin; among relatives nearly all close kin are found, most with
/// their true relation.
#[test]
fn kin_are_found_and_strangers_are_not() {
    use KinRelation::{FullSibling, ParentChild};
    let table = FrequencyTable::chinese_han_23();
    let calculator = Calculator::new(table, alike()).unwrap();
    let criterion = KinCriterion { min_log10_lr: 4.0, max_chance_hits: Some(10.0), identity: IdentityRule::default() };
    let run = |samples: &[Child]| {
        let index = index(samples, table);
        let search = KinSearch::new(&index, &calculator, criterion);
        search.run(&KinRelation::ALL, |_, _| false, &Watch::default()).unwrap()
    };
    let strangers = Plan {
        families: 2_500,
        children: 0,
        planted: 0.0,
        shapes: vec![shape(&[Relation::Father])],
        ..Plan::default()
    };
    let found = run(&samples(&strangers, table, &alike()).0);
    assert!(found.pairs.len() <= 10, "{}", found.pairs.len());

    // Half-siblings reach the threshold only if they share more alleles than most, and then look like closer kin.
    for (relations, likeliest, least, least_right) in [
        ([Relation::Father, Relation::FullSibling], ParentChild, 0.95, 0.8),
        ([Relation::FullSibling, Relation::FullSibling], FullSibling, 0.7, 0.8),
        ([Relation::FullSibling, Relation::PaternalHalfSibling], KinRelation::HalfSibling, 0.01, 0.2),
    ] {
        let plan = Plan {
            families: 200,
            children: 0,
            planted: 0.0,
            shapes: vec![shape(&relations)],
            untyped: 0.0,
            partial_relatives: 0.0,
            ..Plan::default()
        };
        let (samples, truth) = samples(&plan, table, &alike());
        let family: BTreeMap<Pseudonym, usize> =
            samples.iter().zip(&truth).map(|(one, truth)| (one.pseudonym, truth.0)).collect();
        let found = run(&samples);
        let (true_pairs, others): (Vec<&KinPair>, Vec<_>) =
            found.pairs.iter().partition(|pair| family[&pair.samples[0]] == family[&pair.samples[1]]);
        let share = true_pairs.len() as f64 / 200.0;
        assert!(share >= least, "{likeliest:?}: {share}");
        assert!(others.len() <= 10, "{likeliest:?}: {}", others.len());
        let right = true_pairs.iter().filter(|pair| pair.likeliest == likeliest).count() as f64;
        assert!(right / true_pairs.len() as f64 >= least_right, "{likeliest:?}: {right} of {}", true_pairs.len());
        assert!(found.pairs.iter().all(|pair| pair.likeliest != KinRelation::Identity), "siblings are two persons");
    }
}

/// Siblings who by chance share nearly all alleles are not reported as one person; samples of one person are, with a
/// large likelihood ratio.
#[test]
fn siblings_are_not_one_person() {
    let table = FrequencyTable::chinese_han_23();
    let calculator = Calculator::new(table, alike()).unwrap();
    let judge = Judge::new(std::sync::Arc::new(Compiler::new(&calculator, false)));
    let shapes = vec![shape(&[Relation::FullSibling, Relation::FullSibling])];
    let plan = Plan {
        families: 2_000,
        children: 0,
        planted: 0.0,
        shapes,
        untyped: 0.0,
        partial_relatives: 0.0,
        ..Plan::default()
    };
    let (samples, _) = samples(&plan, table, &alike());
    // The number of differing alleles does not limit the pairs, so the likelihood ratio alone decides.
    let rule = IdentityRule { max_differences: IdentityRule::MOST_DIFFERENCES, min_loci: 10 };
    let mut alike = 0;
    for two in samples.chunks_exact(2) {
        let genotypes = |child: &Child| child.profile.genotypes().to_vec();
        alike += u32::from(rule.holds(Likeness::between(genotypes(&two[0]), genotypes(&two[1]))));
        assert_eq!(judge.identity(&rule, &two[0].profile, &two[1].profile).unwrap(), None);
    }
    assert!(alike > 600, "{alike} of 2000 differ at no more than 20 alleles");
    for one in samples.iter().take(200) {
        let again = mistyped(one, 0, &[4, 11]);
        let identity = judge.identity(&IdentityRule::default(), &one.profile, &again.profile).unwrap().unwrap();
        assert!(identity.log10_lr_over_siblings > 2.0 && identity.log10_lr > 10.0, "{identity:?}");
    }
}
