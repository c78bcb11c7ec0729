//! What it costs to compile one family at all loci, and to score one pair exactly.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

use criterion::{Criterion, criterion_group, criterion_main};
use reunite::kinship::{Calculator, Evidence};
use reunite::model::Relation;
use reunite::population::{FrequencyTable, Model};
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
    }
}

criterion_group!(benches, kinship);
criterion_main!(benches);
