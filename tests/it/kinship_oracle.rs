//! Checks every model against brute force: all ordered genotypes of all members, founders drawn from the urn one allele
//! after another, what a person shows computed copy by copy. Pedigrees are arbitrary, loops included.

use std::sync::Arc;

use crate::kin::{allele, genotypes, table};
use proptest::prelude::*;
use reunite::kinship::{Calculator, Evidence, KinshipError, Shown};
use reunite::model::{DropOut, Genotype, Member, Pedigree, Relation, genotype_code};
use reunite::population::{Convention, DropOuts, LocusModel, Model, Mutation, MutationRates};

fn models() -> impl Strategy<Value = Model> {
    let rates = (0.0..0.2_f64, 0.0..0.2_f64).prop_map(|(male, female)| MutationRates { male, female });
    let zero_or = |value| prop::sample::select(vec![0.0, value]);
    (0..4, rates, prop::sample::select(vec![0.0, 0.03, 0.3]), zero_or(0.1), zero_or(0.2)).prop_map(
        |(kind, rates, theta, silent, drop_out)| Model {
            mutation: match kind {
                0 => Mutation::None,
                1 => Mutation::Equal(rates),
                2 => Mutation::Proportional(rates),
                _ => Mutation::Stepwise { rates, range: 0.3, microvariant_rate: 0.01 },
            },
            convention: Convention::Full,
            theta,
            silent,
            drop_out: DropOuts { relatives: drop_out, children: drop_out / 2.0 },
            ..Model::default()
        },
    )
}

/// Up to five members in a random order of descent, men at even places, with one of them as the child; and the
/// genotypes of the others.
fn pedigrees() -> impl Strategy<Value = (Pedigree, Vec<Option<Genotype>>)> {
    let links = prop::collection::vec((any::<u8>(), any::<u8>(), 0..4_u8), 2..=5);
    let typed = prop::collection::vec(prop::option::weighted(0.7, genotypes()), 5);
    (links, any::<prop::sample::Index>(), typed).prop_map(|(links, child, typed)| {
        let members = crate::kin::members(&links);
        let child = child.index(members.len());
        let relatives: Vec<usize> = (0..members.len()).filter(|&i| i != child).collect();
        let typed = typed[..relatives.len()].to_vec();
        (Pedigree::from_members(&members, child, &relatives).unwrap(), typed)
    })
}

/// Computes P(shown | the two copies): each copy is visible unless it is silent or drops out.
fn shows(shown: Genotype, copies: (usize, usize), drop_out: f64, locus: &LocusModel) -> f64 {
    let (low, high) = locus.positions(shown).unwrap();
    let visible = |copy: usize, there: bool| (there && Some(copy) != locus.silent()).then_some(copy);
    let mut total = 0.0;
    for (first, second) in [(true, true), (true, false), (false, true), (false, false)] {
        let chance = |there: bool| if there { 1.0 - drop_out } else { drop_out };
        let mut seen: Vec<usize> =
            [visible(copies.0, first), visible(copies.1, second)].into_iter().flatten().collect();
        seen.sort_unstable();
        seen.dedup();
        let expected = if low == high { vec![low] } else { vec![low, high] };
        if seen == expected {
            total += chance(first) * chance(second);
        }
    }
    total
}

struct Everyone<'a> {
    members: &'a [Member],
    /// The genotype that each member shows, and its drop-out probability.
    shown: Vec<Option<(Genotype, f64)>>,
    locus: &'a LocusModel,
    theta: f64,
}

impl Everyone<'_> {
    fn sum(&self, drawn: &mut Vec<(usize, usize)>, urn: &mut Vec<usize>) -> f64 {
        let person = drawn.len();
        let Some(member) = self.members.get(person) else { return 1.0 };
        let mut total = 0.0;
        for x in 0..self.locus.size() {
            let before = urn.len();
            let from_father = self.gamete(member.father.map(|f| drawn[f]), true, x, urn);
            for y in 0..self.locus.size() {
                let between = urn.len();
                let here = self.shown[person].map_or(1.0, |(g, d)| shows(g, (x, y), d, self.locus));
                if here > 0.0 && from_father > 0.0 {
                    let from_mother = self.gamete(member.mother.map(|m| drawn[m]), false, y, urn);
                    if from_mother > 0.0 {
                        drawn.push((x, y));
                        total += here * from_father * from_mother * self.sum(drawn, urn);
                        drawn.pop();
                    }
                }
                urn.truncate(between);
            }
            urn.truncate(before);
        }
        total
    }

    fn gamete(&self, parent: Option<(usize, usize)>, is_father: bool, allele: usize, urn: &mut Vec<usize>) -> f64 {
        let matrix = if is_father { self.locus.paternal() } else { self.locus.maternal() };
        if let Some((c, d)) = parent {
            return (matrix.at(c, allele) + matrix.at(d, allele)) / 2.0;
        }
        let seen = urn.iter().filter(|&&drawn| drawn == allele).count() as f64;
        let p = self.locus.frequencies()[allele];
        let chance = (seen * self.theta + (1.0 - self.theta) * p) / (1.0 + (urn.len() as f64 - 1.0) * self.theta);
        urn.push(allele);
        chance
    }
}

/// Computes P(everything | H1), P(everything | H2), P(relatives | H2).
fn brute_force(
    pedigree: &Pedigree,
    typed: &[Option<Genotype>],
    child: Genotype,
    model: &Model,
    locus: &LocusModel,
) -> [f64; 3] {
    let mut members = pedigree.members().to_vec();
    let mut shown = vec![None; members.len()];
    for (&place, genotype) in pedigree.relatives().iter().zip(typed) {
        shown[place] = genotype.map(|genotype| (genotype, model.drop_out.relatives));
    }
    let run = |members: &[Member], shown: Vec<_>| {
        Everyone { members, shown, locus, theta: model.theta }.sum(&mut Vec::new(), &mut Vec::new())
    };
    let alone = run(&members, shown.clone());
    let mut together = shown.clone();
    together[pedigree.child()] = Some((child, model.drop_out.children));
    let together = run(&members, together);
    members.push(Member::default());
    shown.push(Some((child, model.drop_out.children)));
    [together, run(&members, shown), alone]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_pedigree_under_any_model_equals_brute_force(
        (pedigree, typed) in pedigrees(), model in models(), child in genotypes()
    ) {
        let calculator = Calculator::new(&table(), model).unwrap();
        let locus = &calculator.loci()[0];
        let [related, unrelated, alone] = brute_force(&pedigree, &typed, child, &model, locus);
        let shown = typed.iter().map(|&genotype| (Relation::Member, genotype));
        let evidence = Evidence::of_pedigree(Arc::new(pedigree), shown);
        prop_assume!(evidence.is_informative());
        let ours = calculator.log10_lr(0, &evidence, Some(child));
        let relatives = calculator.relatives_likelihood(0, &calculator.structure(&evidence).unwrap(), &evidence).unwrap();
        prop_assert!((relatives - alone).abs() <= 1e-12 * alone, "{} {}", relatives, alone);
        if alone == 0.0 {
            prop_assert_eq!(ours, Err(KinshipError::Contradiction));
        } else {
            let (ours, expected) = (ours.unwrap(), (related / unrelated).log10());
            prop_assert!(ours == expected || (ours - expected).abs() < 1e-10, "{} {}", ours, expected);
            // The table holds the same bits, and the probabilities under H2 are those of the sum.
            let structure = calculator.structure(&evidence).unwrap();
            let table = calculator.table(0, &structure, &evidence).unwrap();
            let (a, b) = locus.positions(child).unwrap();
            prop_assert_eq!(table.values()[genotype_code(a, b)].to_bits(), ours.to_bits());
            let d = model.drop_out.children;
            let probability = calculator.unrelated(0, &evidence).unwrap()[genotype_code(a, b)];
            prop_assert!((probability * (1.0 - d * d) * alone - unrelated).abs() < 1e-12 * unrelated);
        }
    }

    /// If nobody is typed, the ratio of an inbred child follows the models, too; otherwise it is 1 by definition,
    /// mutation or not.
    #[test]
    fn an_untyped_family_counts_only_by_inbreeding((pedigree, _) in pedigrees(), model in models(), child in genotypes()) {
        let calculator = Calculator::new(&table(), model).unwrap();
        let typed = vec![None; pedigree.relatives().len()];
        let shown = typed.iter().map(|&genotype| (Relation::Member, genotype));
        let evidence = Evidence::of_pedigree(Arc::new(pedigree.clone()), shown);
        let ours = calculator.log10_lr(0, &evidence, Some(child)).unwrap();
        prop_assert_eq!(evidence.is_informative(), pedigree.child_is_inbred());
        if pedigree.child_is_inbred() {
            let [related, unrelated, _] = brute_force(&pedigree, &typed, child, &model, &calculator.loci()[0]);
            prop_assert!((ours - (related / unrelated).log10()).abs() < 1e-10, "{}", ours);
        } else {
            prop_assert_eq!(ours.to_bits(), 0);
        }
    }

    #[test]
    fn probabilities_of_shown_genotypes_add_up(model in models(), (pedigree, typed) in pedigrees()) {
        let calculator = Calculator::new(&table(), model).unwrap();
        let evidence = Evidence::of_pedigree(Arc::new(pedigree), typed.iter().map(|&g| (Relation::Member, g)));
        prop_assume!(evidence.is_informative());
        if let Ok(unrelated) = calculator.unrelated(0, &evidence) {
            let structure = calculator.structure(&evidence).unwrap();
            let table = calculator.table(0, &structure, &evidence).unwrap();
            let under_h1: f64 = table.values().iter().zip(&unrelated).map(|(lr, p)| 10_f64.powf(*lr) * p).sum();
            let under_h2: f64 = unrelated.iter().sum();
            for total in [under_h1, under_h2] {
                prop_assert!(total < 1.0 + 1e-10);
                // A profile with two silent alleles shows nothing.
                prop_assert!(model.silent > 0.0 || (total - 1.0).abs() < 1e-10, "{}", total);
            }
        }
    }

    #[test]
    fn the_bound_holds_under_any_model(
        (pedigree, typed) in pedigrees(), model in models(), a in 0..5_usize, b in 0..5_usize, pruned in any::<bool>()
    ) {
        // Two of the five alleles are not in the table.
        let tenths = [80, 90, 93, 70, 150];
        let child = Genotype::new(allele(tenths[a]), allele(tenths[b]));
        let convention = if pruned { Convention::Pruned } else { Convention::Full };
        let calculator = Calculator::new(&table(), Model { convention, ..model }).unwrap();
        let evidence = Evidence::of_pedigree(Arc::new(pedigree), typed.iter().map(|&g| (Relation::Member, g)));
        let structure = calculator.structure(&evidence).unwrap();
        if let Ok(lr) = calculator.log10_lr(0, &evidence, Some(child)) {
            let bound = calculator.log10_lr_bound(0, &structure, &evidence, child);
            prop_assert!(lr <= bound, "{} {}", lr, bound);
        }
    }
}

fn duo(model: Model, mother: (u16, u16), child: (u16, u16), own: Option<f64>) -> f64 {
    let calculator = Calculator::new(&table(), model).unwrap();
    let genotype = |(a, b)| Some(Genotype::new(allele(a), allele(b)));
    let shown = Shown { relation: Relation::Mother, genotype: genotype(mother), drop_out: own.and_then(DropOut::new) };
    let evidence = Evidence::new([shown], model.convention);
    10_f64.powf(calculator.log10_lr(0, &evidence, genotype(child)).unwrap())
}

fn near(a: f64, b: f64) {
    assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
}

/// Parent and child by hand, p for 8 and q for 9, both reduced by the share s of silent alleles.
#[test]
fn a_silent_allele_by_hand() {
    let s = 0.1;
    let (p, q) = (0.2 * 0.9, 0.5 * 0.9);
    let model = Model { mutation: Mutation::None, silent: s, ..Model::default() };
    // If the mother shows 8, she is 8/8 or 8/silent. She hands on 8 with (p + s) / (p + 2s), else the silent allele.
    let (gives, is_silent) = ((p + s) / (p + 2.0 * s), s / (p + 2.0 * s));
    // Opposite homozygotes: the child has the silent allele from the mother, and 9 from the father.
    near(duo(model, (80, 80), (90, 90), None), is_silent * q / (q * q + 2.0 * q * s));
    near(duo(model, (80, 80), (80, 80), None), (gives * (p + s) + is_silent * p) / (p * p + 2.0 * p * s));
    near(duo(model, (80, 80), (80, 90), None), gives * q / (2.0 * p * q));
    // A heterozygote hides no allele.
    near(duo(model, (80, 90), (80, 80), None), 0.5 * (p + s) / (p * p + 2.0 * p * s));
    let mut without = model;
    without.silent = 0.0;
    assert_eq!(duo(without, (80, 80), (90, 90), None), 0.0);
}

/// Parent and child by hand, with drop-out in the mother's profile alone, and then in the child's alone.
#[test]
fn drop_out_by_hand() {
    let (p, q, d) = (0.2, 0.5, 0.1);
    let model = Model { mutation: Mutation::None, ..Model::default() };
    // Seen 8: 8/8 with p^2 (1 - d^2), 8/x with 2 p p_x d (1 - d).
    let (same, with_q, any) = (p * p * (1.0 - d * d), 2.0 * p * q * d * (1.0 - d), 2.0 * p * (1.0 - p) * d * (1.0 - d));
    let gives_p = (same + any / 2.0) / (same + any);
    let gives_q = with_q / 2.0 / (same + any);
    for (model, own) in [
        (Model { drop_out: DropOuts { relatives: d, children: 0.0 }, ..model }, None),
        (model, Some(d)),
        (Model { drop_out: DropOuts { relatives: 0.7, children: 0.0 }, ..model }, Some(d)),
    ] {
        near(duo(model, (80, 80), (90, 90), own), gives_q / q);
        near(duo(model, (80, 80), (80, 80), own), gives_p / p);
    }
    let model = Model { drop_out: DropOuts { relatives: 0.0, children: d }, ..model };
    // The mother 8/8 hands on 8; the child shows 9 only if that 8 dropped out.
    let shows_q = q * q * (1.0 - d * d) + 2.0 * q * (1.0 - q) * d * (1.0 - d);
    near(duo(model, (80, 80), (90, 90), None), q * d * (1.0 - d) / shows_q);
}

/// Parent ab, child az: (1 + 2 theta) / (4 (theta + (1 - theta) p_a)).
#[test]
fn theta_by_hand() {
    for theta in [0.01, 0.03, 0.2] {
        let model = Model { mutation: Mutation::None, theta, ..Model::default() };
        let expected = (1.0 + 2.0 * theta) / (4.0 * (theta + (1.0 - theta) * 0.2));
        near(duo(model, (80, 90), (80, 93), None), expected);
    }
}

/// The child of a brother and sister shows 8 alone: it is inbred, so a homozygote is more likely.
#[test]
fn an_inbred_loop_by_hand() {
    let couple = |father, mother| Member { father: Some(father), mother: Some(mother) };
    let members = [Member::default(), Member::default(), couple(0, 1), couple(0, 1), couple(2, 3)];
    let pedigree = Pedigree::from_members(&members, 4, &[0]).unwrap();
    let model = Model { mutation: Mutation::None, ..Model::default() };
    let calculator = Calculator::new(&table(), model).unwrap();
    let genotype = |a, b| Some(Genotype::new(allele(a), allele(b)));
    let evidence = Evidence::of_pedigree(Arc::new(pedigree), [(Relation::Member, genotype(80, 90))]);
    assert!(calculator.structure(&evidence).unwrap().has_loop());
    let p = 0.2;
    // Each gamete of the child comes from the grandfather with 1/2 and is then 8 with 1/2, otherwise it is 8 with p.
    // Both gametes are copies of one allele with 1/4, a grandfather's in half of these cases; both come from the
    // grandfather, as copies of different alleles, with 1/8.
    let expected = (1.0 / 8.0 * 0.5 + 1.0 / 8.0 * p + 1.0 / 2.0 * 0.5 * p + 1.0 / 8.0 * p * p) / (p * p);
    let lr = 10_f64.powf(calculator.log10_lr(0, &evidence, genotype(80, 80)).unwrap());
    near(lr, expected);
}
