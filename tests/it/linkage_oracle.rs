//! Checks two linked loci against brute force: all haplotypes of all members, every meiosis with and without
//! recombination.

use std::sync::Arc;

use crate::kin::allele;
use proptest::prelude::*;
use reunite::kinship::{Calculator, Evidence, KinshipError, LinkedEvidence, LinkedLoci, LinkedShown, haldane};
use reunite::model::{Genotype, Locus, Member, Pedigree, Relation};
use reunite::population::{Convention, DropOuts, FrequencyTable, LocusModel, Model, Mutation, MutationRates};

const A: [(u16, f64); 2] = [(80, 0.3), (90, 0.7)];
const B: [(u16, f64); 2] = [(100, 0.4), (103, 0.6)];

fn locus(name: &str) -> Locus {
    name.parse().unwrap()
}

fn calculator(model: Model, recombination: f64) -> Calculator {
    let table = FrequencyTable::from_counts(&[("A", &A), ("B", &B)]).unwrap();
    let pair = LinkedLoci { loci: [locus("B"), locus("A")], recombination };
    Calculator::new(&table, model).unwrap().with_linked(&[pair]).unwrap()
}

fn genotypes(alleles: [(u16, f64); 2]) -> impl Strategy<Value = Genotype> {
    let one = || (0..2_usize).prop_map(move |i| allele(alleles[i].0));
    (one(), one()).prop_map(|(a, b)| Genotype::new(a, b))
}

type Both = [Option<Genotype>; 2];

fn typed(weight: f64) -> impl Strategy<Value = Both> {
    (prop::option::weighted(weight, genotypes(A)), prop::option::weighted(weight, genotypes(B)))
        .prop_map(|(a, b)| [a, b])
}

fn models() -> impl Strategy<Value = Model> {
    let rates = (0.0..0.2_f64, 0.0..0.2_f64).prop_map(|(male, female)| MutationRates { male, female });
    let theta = prop::sample::select(vec![0.0, 0.0, 0.1]);
    let drop_out = prop::sample::select(vec![0.0, 0.0, 0.1]);
    (0..3, rates, theta, drop_out, any::<bool>()).prop_map(|(kind, rates, theta, drop_out, full)| Model {
        mutation: match kind {
            0 => Mutation::None,
            1 => Mutation::Equal(rates),
            _ => Mutation::Stepwise { rates, range: 0.3, microvariant_rate: 0.01 },
        },
        convention: if full { Convention::Full } else { Convention::Pruned },
        theta,
        drop_out: DropOuts { relatives: drop_out, children: drop_out / 2.0 },
        ..Model::default()
    })
}

/// Up to five members, men at even places, one of them the missing child; and what all others show.
fn pedigrees() -> impl Strategy<Value = (Pedigree, Vec<Both>)> {
    let links = prop::collection::vec((any::<u8>(), any::<u8>(), 0..5_u8), 2..=5);
    let shown = prop::collection::vec(typed(0.8), 5);
    (links, any::<prop::sample::Index>(), shown).prop_map(|(links, child, shown)| {
        let members = crate::kin::members(&links);
        let child = child.index(members.len());
        let relatives: Vec<usize> = (0..members.len()).filter(|&i| i != child).collect();
        let shown = shown[..relatives.len()].to_vec();
        (Pedigree::from_members(&members, child, &relatives).unwrap(), shown)
    })
}

/// A haplotype from the father and one from the mother, each with an allele at both loci.
type Person = [[usize; 2]; 2];

struct Everyone<'a> {
    members: &'a [Member],
    shown: Vec<(Both, f64)>,
    loci: &'a [LocusModel],
    theta: f64,
    recombination: f64,
}

impl Everyone<'_> {
    fn sum(&self, drawn: &mut Vec<Person>, urns: &mut [Vec<usize>; 2]) -> f64 {
        let Some(member) = self.members.get(drawn.len()) else { return 1.0 };
        let mut total = 0.0;
        for code in 0..16 {
            let person: Person = [[code & 1, code >> 1 & 1], [code >> 2 & 1, code >> 3 & 1]];
            let shows = self.shows(drawn.len(), person);
            if shows == 0.0 {
                continue;
            }
            let before = urns.each_ref().map(Vec::len);
            let father = self.haplotype(member.father.map(|f| drawn[f]), true, person[0], urns);
            let mother = self.haplotype(member.mother.map(|m| drawn[m]), false, person[1], urns);
            if father * mother > 0.0 {
                drawn.push(person);
                total += shows * father * mother * self.sum(drawn, urns);
                drawn.pop();
            }
            for (urn, before) in urns.iter_mut().zip(before) {
                urn.truncate(before);
            }
        }
        total
    }

    fn shows(&self, member: usize, person: Person) -> f64 {
        let (shown, d) = self.shown[member];
        let mut total = 1.0;
        for (l, genotype) in shown.into_iter().enumerate() {
            let Some(pair) = genotype.and_then(|genotype| self.loci[l].positions(genotype)) else { continue };
            let (x, y) = (person[0][l].min(person[1][l]), person[0][l].max(person[1][l]));
            total *= match (x == y, pair.0 == pair.1) {
                _ if (x, y) == pair => {
                    if x == y {
                        1.0 - d * d
                    } else {
                        (1.0 - d) * (1.0 - d)
                    }
                }
                (false, true) if x == pair.0 || y == pair.0 => d * (1.0 - d),
                _ => 0.0,
            };
        }
        total
    }

    fn haplotype(&self, parent: Option<Person>, is_father: bool, to: [usize; 2], urns: &mut [Vec<usize>; 2]) -> f64 {
        let Some(parent) = parent else {
            let mut chance = 1.0;
            for l in 0..2 {
                let seen = urns[l].iter().filter(|&&drawn| drawn == to[l]).count() as f64;
                let p = self.loci[l].frequencies()[to[l]];
                let drawn = urns[l].len() as f64;
                chance *= (seen * self.theta + (1.0 - self.theta) * p) / (1.0 + (drawn - 1.0) * self.theta);
                urns[l].push(to[l]);
            }
            return chance;
        };
        let mut total = 0.0;
        for (from_a, from_b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let chance = if from_a == from_b { 1.0 - self.recombination } else { self.recombination } / 2.0;
            let arrives = |l: usize, from: usize| {
                let matrix = if is_father { self.loci[l].paternal() } else { self.loci[l].maternal() };
                matrix.at(parent[from][l], to[l])
            };
            total += chance * arrives(0, from_a) * arrives(1, from_b);
        }
        total
    }
}

fn brute_force(pedigree: &Pedigree, shown: &[Both], child: Both, model: &Model, calculator: &Calculator) -> f64 {
    let mut members = pedigree.members().to_vec();
    let mut all = vec![([None; 2], 0.0); members.len()];
    for (&place, &both) in pedigree.relatives().iter().zip(shown) {
        all[place] = (both, model.drop_out.relatives);
    }
    let run = |members: &[Member], shown: Vec<_>| {
        let recombination = calculator.linked()[0].recombination;
        let everyone = Everyone { members, shown, loci: calculator.loci(), theta: model.theta, recombination };
        everyone.sum(&mut Vec::new(), &mut [Vec::new(), Vec::new()])
    };
    let mut together = all.clone();
    together[pedigree.child()] = (child, model.drop_out.children);
    let related = run(&members, together);
    members.push(Member::default());
    all.push((child, model.drop_out.children));
    (related / run(&members, all)).log10()
}

fn evidence(pedigree: &Pedigree, shown: &[Both]) -> (LinkedEvidence, [Evidence; 2]) {
    let pedigree = Arc::new(pedigree.clone());
    let linked = shown.iter().map(|&genotypes| LinkedShown { relation: Relation::Member, genotypes, drop_out: None });
    let alone = [0, 1].map(|l| {
        Evidence::of_pedigree(Arc::clone(&pedigree), shown.iter().map(move |both| (Relation::Member, both[l])))
    });
    (LinkedEvidence::new(Some(pedigree), linked), alone)
}

fn linked_log10_lr(
    calculator: &Calculator,
    evidence: &LinkedEvidence,
    child: Both,
) -> Result<Option<f64>, KinshipError> {
    calculator.linked_log10_lr(&mut calculator.linked_scorer(0, evidence)?, child, None)
}

/// So near to 1/2 that the calculator scores both loci together, and that linkage changes less than rounding does.
const ALMOST_FREE: f64 = 0.5 - 1e-11;

fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() < 1e-10
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn linked_loci_equal_brute_force(
        (pedigree, shown) in pedigrees(), model in models(), child in typed(0.9), r in 0.0..=0.5_f64
    ) {
        let model = Model { convention: Convention::Full, ..model };
        let calculator = calculator(model, r);
        let (linked, alone) = evidence(&pedigree, &shown);
        prop_assume!(alone.iter().all(Evidence::is_informative) && child != [None, None]);
        let expected = brute_force(&pedigree, &shown, child, &model, &calculator);
        prop_assume!(!expected.is_nan());
        let sum: f64 = [0, 1].map(|l| calculator.log10_lr(l, &alone[l], child[l]).unwrap()).iter().sum();
        match linked_log10_lr(&calculator, &linked, child).unwrap() {
            Some(ours) => {
                prop_assert!(close(ours, expected), "{} {}", ours, expected);
                let slack = calculator.linked_slack(0, &linked).unwrap();
                prop_assert!(ours <= sum + slack, "{} {} {}", ours, sum, slack);
            }
            None => prop_assert!(close(sum, expected), "linkage matters: {} {}", sum, expected),
        }
    }

    #[test]
    fn ratios_of_loci_far_apart_multiply(
        (pedigree, mut shown) in pedigrees(), model in models(), child in typed(0.8)
    ) {
        // Under the pruned convention this holds if the same persons are typed at both loci.
        shown.iter_mut().filter(|both| both.contains(&None)).for_each(|both| *both = [None, None]);
        let (linked, alone) = evidence(&pedigree, &shown);
        prop_assume!(alone[0].is_informative());
        let sum: Result<Vec<f64>, _> = {
            let calculator = calculator(model, 0.5);
            [0, 1].into_iter().map(|l| calculator.log10_lr(l, &alone[l], child[l])).collect()
        };
        prop_assume!(sum.is_ok());
        let sum: f64 = sum.unwrap().iter().sum();
        let far = linked_log10_lr(&calculator(model, ALMOST_FREE), &linked, child);
        // Relatives who contradict each other at a locus where the child is untyped do so only if both loci are scored
        // together.
        prop_assume!(!matches!(far, Err(KinshipError::Contradiction)));
        let far = far.unwrap();
        prop_assert!(far.is_none_or(|far| close(far, sum)), "{:?} {}", far, sum);
    }

    #[test]
    fn the_slack_holds_under_the_pruned_convention(
        (pedigree, shown) in pedigrees(), model in models(), child in typed(0.9), r in 0.0..=0.5_f64
    ) {
        let model = Model { convention: Convention::Pruned, ..model };
        let calculator = calculator(model, r);
        let (linked, alone) = evidence(&pedigree, &shown);
        let sum: Result<Vec<f64>, _> = [0, 1].map(|l| calculator.log10_lr(l, &alone[l], child[l])).into_iter().collect();
        prop_assume!(sum.is_ok());
        if let Ok(Some(ours)) = linked_log10_lr(&calculator, &linked, child) {
            let (sum, slack) = (sum.unwrap().iter().sum::<f64>(), calculator.linked_slack(0, &linked).unwrap());
            prop_assert!(ours <= sum + slack, "{} {} {}", ours, sum, slack);
        }
    }
}

fn named(relatives: &[(Relation, Both)]) -> LinkedEvidence {
    let shown = |&(relation, genotypes): &(Relation, Both)| LinkedShown { relation, genotypes, drop_out: None };
    LinkedEvidence::new(None, relatives.iter().map(shown))
}

#[test]
fn linkage_does_not_change_cases_of_parents_alone() {
    let g = |a, b| Some(Genotype::new(allele(a), allele(b)));
    let calculator = calculator(Model::default(), 0.1);
    let het = [g(80, 90), g(100, 103)];
    for parents in [vec![(Relation::Mother, het)], vec![(Relation::Father, het), (Relation::Mother, het)]] {
        assert_eq!(linked_log10_lr(&calculator, &named(&parents), het).unwrap(), None);
        assert_eq!(calculator.linked_slack(0, &named(&parents)).unwrap(), 0.0);
    }
    for relation in [Relation::FullSibling, Relation::PaternalGrandmother, Relation::MaternalHalfSibling] {
        assert!(calculator.linked_slack(0, &named(&[(relation, het)])).unwrap() > 0.0, "{relation}");
    }
}

/// Full siblings by hand, no mutation: P(both share 2, 1, 0 alleles at both loci), from R = r^2 + (1 - r)^2.
#[test]
fn full_siblings_by_hand() {
    let r = 0.1;
    let g = |a, b| Some(Genotype::new(allele(a), allele(b)));
    let calculator = calculator(Model { mutation: Mutation::None, ..Model::default() }, r);
    let (p, q) = (0.3, 0.4);
    // Both show 80/80 and 100/100. For each parent, the siblings share the allele at both loci with probability R / 2.
    let both = r * r + (1.0 - r) * (1.0 - r);
    let per_parent = both / 2.0 + (1.0 - both) / 2.0 * p + (1.0 - both) / 2.0 * q + both / 2.0 * p * q;
    let expected = (per_parent * per_parent / (p * p * q * q)).log10();
    let shown = [g(80, 80), g(100, 100)];
    let ours = linked_log10_lr(&calculator, &named(&[(Relation::FullSibling, shown)]), shown).unwrap().unwrap();
    assert!((ours - expected).abs() < 1e-12, "{ours} {expected}");
}

#[test]
fn distances_become_fractions() {
    assert_eq!(haldane(0.0), 0.0);
    assert!((haldane(11.9) - 0.105_89).abs() < 1e-5);
    assert!((haldane(1e6) - 0.5).abs() < 1e-12);
}
