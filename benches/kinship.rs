//! Measures how long it takes to compile one family at all loci, to score one pair exactly, and to compute the
//! distribution of log10 LR.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

use criterion::{Criterion, criterion_group, criterion_main};
use reunite::kinship::{
    Calculator, Evidence, Grid, Hypothesis, LinkedEvidence, LinkedLoci, LinkedShown, LocusOutcomes, LrDistribution,
};
use reunite::model::{Allele, Genotype, Relation};
use reunite::population::{DropOuts, FrequencyTable, Model};
use reunite::synthesis::{Plan, Population, Shape};

use Relation::{
    Father, FullSibling, MaternalAunt, MaternalGrandmother, Mother, PaternalGrandfather, PaternalGrandmother,
    PaternalHalfSibling, PaternalUncle,
};

fn kinship(c: &mut Criterion) {
    let table = FrequencyTable::chinese_han_23();
    let model = Model::default();
    let calculator = Calculator::new(table, model).unwrap();
    let shapes: [(&str, &[Relation]); 6] = [
        ("duo", &[Mother]),
        ("trio", &[Father, Mother]),
        ("two siblings", &[FullSibling, FullSibling]),
        ("mother, paternal grandparents", &[Mother, PaternalGrandfather, PaternalGrandmother]),
        ("mother, half-sibling, uncle", &[Mother, PaternalHalfSibling, PaternalUncle]),
        ("three generations", &[FullSibling, PaternalGrandfather, MaternalGrandmother, PaternalUncle, MaternalAunt]),
    ];
    for (name, relations) in shapes {
        let shape = Shape { relations: relations.to_vec(), weight: 1.0 };
        let plan =
            Plan { families: 1, children: 1, planted: 1.0, shapes: vec![shape], untyped: 0.0, ..Plan::default() };
        let population = Population::generate(&plan, table, &model).unwrap();
        let (family, child) = (&population.families[0], &population.children[0]);
        let loci = 0..table.panel().len();
        let evidence: Vec<Evidence> = loci
            .clone()
            .map(|l| Evidence::new(family.relatives.iter().map(|r| (r.relation, r.profile.at(l))), model.convention))
            .collect();
        c.bench_function(&format!("lr of a pair, 23 loci, {name}"), |b| {
            b.iter(|| -> f64 {
                loci.clone().map(|l| calculator.log10_lr(l, &evidence[l], child.profile.at(l)).unwrap()).sum()
            });
        });
        let structures: Vec<_> = evidence.iter().map(|evidence| calculator.structure(evidence).unwrap()).collect();
        c.bench_function(&format!("tables of a family, 23 loci, {name}"), |b| {
            b.iter(|| -> usize {
                let table = |l: usize| calculator.table(l, &structures[l], &evidence[l]).unwrap().values().len();
                loci.clone().map(table).sum()
            });
        });
        let outcomes = loci.clone().map(|l| {
            let table = calculator.table(l, &structures[l], &evidence[l]).unwrap();
            LocusOutcomes::new(&table, &calculator.unrelated(l, &evidence[l]).unwrap())
        });
        let outcomes: Vec<LocusOutcomes> = outcomes.collect();
        c.bench_function(&format!("distribution over unrelated children from log10 LR 4, step 0.001, {name}"), |b| {
            let grid = Grid { from: 4.0, ..Grid::default() };
            b.iter(|| LrDistribution::new(&outcomes, Hypothesis::H2, grid).tail(4.0));
        });
        c.bench_function(&format!("tail of log10 LR 4 in unrelated children, to 1 %, {name}"), |b| {
            b.iter(|| LrDistribution::tail_within(&outcomes, Hypothesis::H2, 4.0, 0.01));
        });
    }
}

/// Measures one locus of 40 alleles, the worst case, under stepwise mutation: plain, with theta, with drop-out.
fn large_locus(c: &mut Criterion) {
    let alleles: Vec<(u16, f64)> = (0..40).map(|i| (100 + 10 * (i / 2) + 3 * (i % 2), 0.025)).collect();
    let table = FrequencyTable::from_counts(&[("A", &alleles), ("B", &alleles)]).unwrap();
    let genotype = |i: usize| {
        let at = |i: usize| Allele::from_tenths(alleles[i % 40].0).unwrap();
        // Every other person is a homozygote, who may hide an allele.
        Some(Genotype::new(at(7 * i), at(7 * i + if i.is_multiple_of(2) { 2 } else { 0 })))
    };
    let drop_out = DropOuts { relatives: 0.02, children: 0.02 };
    let models = [
        ("plain", Model::default()),
        ("theta 0.01", Model { theta: 0.01, ..Model::default() }),
        ("drop-out", Model { drop_out, ..Model::default() }),
        ("theta and drop-out", Model { theta: 0.01, drop_out, ..Model::default() }),
    ];
    let shapes: [(&str, &[Relation]); 4] = [
        ("duo", &[Mother]),
        ("trio", &[Father, Mother]),
        ("full sibling", &[FullSibling]),
        ("three generations", &[Mother, FullSibling, PaternalGrandfather, PaternalUncle]),
    ];
    for (name, relations) in shapes {
        for (kind, model) in models {
            let pair = LinkedLoci { loci: ["A", "B"].map(|name| name.parse().unwrap()), recombination: 0.1 };
            let calculator = Calculator::new(&table, model).unwrap().with_linked(&[pair]).unwrap();
            let relatives = relations.iter().enumerate().map(|(i, &relation)| (relation, genotype(i)));
            let evidence = Evidence::new(relatives, model.convention);
            c.bench_function(&format!("lr of a pair, one locus of 40 alleles, {kind}, {name}"), |b| {
                b.iter(|| calculator.log10_lr(0, &evidence, genotype(1)).unwrap());
            });
            let shown = |(i, &relation): (usize, &Relation)| LinkedShown {
                relation,
                genotypes: [genotype(i), genotype(i + 1)],
                drop_out: None,
            };
            let linked = LinkedEvidence::new(None, relations.iter().enumerate().map(shown));
            if calculator.linked_slack(0, &linked).unwrap() > 0.0 {
                c.bench_function(&format!("lr of a pair, two linked loci of 40 alleles, {kind}, {name}"), |b| {
                    b.iter(|| {
                        let mut scorer = calculator.linked_scorer(0, &linked).unwrap();
                        calculator.linked_log10_lr(&mut scorer, [genotype(1), genotype(2)], None).unwrap()
                    });
                });
            }
        }
    }
}

criterion_group!(benches, kinship, large_locus);
criterion_main!(benches);
