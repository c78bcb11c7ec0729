//! Tests of the limits on candidates: the best of a family, expected chance hits, and how few children pass the screen.

use std::collections::BTreeMap;

use reunite::index::{Binding, Builder, Index};
use reunite::kinship::{Calculator, Evidence, Grid, Hypothesis, LocusOutcomes, LrDistribution};
use reunite::matching::{Criterion, Matcher, Watch};
use reunite::model::{Candidate, Child, Family, Pseudonym, Relation, Relative};
use reunite::population::{FrequencyTable, Model};
use reunite::screen::Instructions;
use reunite::synthesis::{Plan, Population, Shape};

fn pseudonym(kind: u8, number: usize) -> Pseudonym {
    let mut bytes = [kind; Pseudonym::LEN];
    bytes[8..].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Pseudonym::from_bytes(bytes)
}

/// Makes families and children, of whose loci a share of `untyped` is untyped.
fn people(families: usize, children: usize, untyped: f64) -> (Vec<Family>, Index) {
    let plan =
        Plan { families, children, untyped, partial_children: untyped, partial_relatives: 0.0, ..Plan::default() };
    people_of(&plan)
}

fn people_of(plan: &Plan) -> (Vec<Family>, Index) {
    let table = FrequencyTable::chinese_han_23();
    let population = Population::generate(plan, table, &Model::default()).unwrap();
    let loci = table.panel().loci().iter().zip(table.loci());
    let mut builder = Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect());
    for (i, child) in population.children.iter().enumerate() {
        builder.push(Child { pseudonym: pseudonym(3, i), profile: child.profile.clone(), drop_out: None });
    }
    let binding = Binding { alleles: table.alleles_digest(), stamp: [0; 16], generation: 1 };
    let index = Index::from_bytes(&builder.finish(&binding).unwrap()).unwrap();
    let family = |(i, family): (usize, &reunite::synthesis::SyntheticFamily)| Family {
        pseudonym: pseudonym(1, i),
        relatives: (family.relatives.iter().enumerate())
            .map(|(j, person)| Relative {
                sample: pseudonym(2, i * 64 + j),
                relation: person.relation,
                profile: person.profile.clone(),
                drop_out: None,
            })
            .collect(),
        pedigree: None,
    };
    (population.families.iter().enumerate().map(family).collect(), index)
}

fn candidates(
    families: &[Family],
    index: &Index,
    calculator: &Calculator,
    criterion: Criterion,
) -> BTreeMap<Pseudonym, Vec<Candidate>> {
    let (result, _) = Matcher::new(index, calculator, criterion).run(families, &Watch::default()).unwrap();
    let mut by_family: BTreeMap<Pseudonym, Vec<Candidate>> = BTreeMap::new();
    for candidate in result.candidates {
        by_family.entry(candidate.family).or_default().push(candidate);
    }
    by_family.values_mut().for_each(|of_family| of_family.sort_by(Candidate::best_first));
    by_family
}

#[test]
fn a_limit_leaves_the_best_of_each_family() {
    let calculator = Calculator::new(FrequencyTable::chinese_han_23(), Model::default()).unwrap();
    let (families, index) = people(60, 1_500, 0.05);
    let criterion = Criterion { min_log10_lr: -6.0, ..Criterion::default() };
    let all = candidates(&families, &index, &calculator, criterion);
    for most in [1, 3] {
        let few = candidates(&families, &index, &calculator, Criterion { max_per_family: Some(most), ..criterion });
        assert_eq!(few.len(), all.len());
        let mut cut = 0;
        for (family, all) in &all {
            // The list is in the order of falling LR, ties by child.
            assert_eq!(few[family][..], all[..all.len().min(most as usize)]);
            cut += usize::from(all.len() > most as usize);
        }
        assert!(cut > 15, "there is something to cut: {cut}");
    }
}

#[test]
fn as_many_chance_hits_are_expected_as_asked() {
    let calculator = Calculator::new(FrequencyTable::chinese_han_23(), Model::default()).unwrap();
    let (mut sharper, mut families_cut) = (0, 0);
    for untyped in [0.0, 0.1] {
        let (families, index) = people(80, 2_000, untyped);
        let criterion = Criterion { min_log10_lr: -3.0, ..Criterion::default() };
        let all = candidates(&families, &index, &calculator, criterion);
        for most in [0.01, 1.0, 50.0] {
            let bounded = Criterion { max_chance_hits: Some(most), ..criterion };
            let few = candidates(&families, &index, &calculator, bounded);
            let turing = (index.children() as f64 / most).log10();
            for family in &families {
                let none = Vec::new();
                let all = all.get(&family.pseudonym).unwrap_or(&none);
                let few = few.get(&family.pseudonym).unwrap_or(&none);
                // The limit is a threshold and nothing else: whoever is left out has a lower LR than everybody who
                // stays.
                assert_eq!(few[..], all[..few.len()]);
                // The threshold is never stricter than 1 / LR.
                assert!(all[few.len()..].iter().all(|out| out.log10_lr < turing));
                let Some(last) = few.last() else { continue };
                sharper += usize::from(last.log10_lr < turing - 0.1);
                if untyped == 0.0 {
                    let outcomes: Vec<LocusOutcomes> = (0..calculator.panel().len())
                        .map(|locus| {
                            let evidence = Evidence::of_family(family, locus, calculator.model().convention);
                            let structure = calculator.structure(&evidence).unwrap();
                            let table = calculator.table(locus, &structure, &evidence).unwrap();
                            LocusOutcomes::new(&table, &calculator.unrelated(locus, &evidence).unwrap())
                        })
                        .collect();
                    let exact = LrDistribution::new(&outcomes, Hypothesis::H2, Grid { step: 0.002, from: -5.0 });
                    // The threshold is exact up to the step of its grid.
                    let expected = |log10_lr: f64| index.children() as f64 * exact.tail(log10_lr).middle();
                    let kept = expected(last.log10_lr + 0.1);
                    assert!(kept <= 1.02 * most, "{kept} {most} {last:?}");
                    if let Some(out) = all.get(few.len()) {
                        families_cut += 1;
                        let lost = expected(out.log10_lr - 0.1);
                        assert!(lost >= 0.98 * most, "{lost} {most} {out:?}");
                    }
                }
            }
        }
    }
    assert!(sharper > 10, "than 1 / LR: {sharper}");
    assert!(families_cut >= 5, "{families_cut}");
}

/// The screen is tight: few children have to be scored who are not candidates.
#[test]
fn few_unrelated_children_pass_the_screen() {
    use reunite::model::Relation::{Father, FullSibling, Mother};
    let table = FrequencyTable::chinese_han_23();
    let calculator = Calculator::new(table, Model::default()).unwrap();
    let shapes: [(&[Relation], f64); 4] =
        [(&[Mother], 3e-3), (&[Father], 3e-3), (&[Father, Mother], 1e-5), (&[FullSibling], 1e-2)];
    for (relations, most) in shapes {
        let shape = Shape { relations: relations.to_vec(), weight: 1.0 };
        let (families, index) = people_of(&Plan {
            families: 250,
            children: 20_000,
            planted: 0.0,
            shapes: vec![shape],
            partial_children: 0.0,
            partial_relatives: 0.0,
            ..Plan::default()
        });
        // Weighing is precise. Where it is expensive, plans count and let more children through, because that is
        // faster. A plan is the same on a machine that lacks the instructions.
        for (instructions, most) in [
            (Instructions::Avx512Vbmi, most),
            (Instructions::Avx512, 0.02),
            (Instructions::Avx2, 0.02),
            (Instructions::Portable, 0.02),
        ] {
            let matcher = Matcher::new(&index, &calculator, Criterion::default()).with_instructions(instructions);
            let (result, _) = matcher.run(&families, &Watch::default()).unwrap();
            let share = result.survivors as f64 / result.pairs as f64;
            println!("{relations:?}, {}: {share:.1e} pass", instructions.name());
            assert!(share <= most, "{relations:?} {share}");
        }
    }
}
