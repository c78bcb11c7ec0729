//! The kernel alone, the whole run, and the baseline of scoring every pair by tables: pairs per second of each.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

use criterion::{Criterion as Bench, Throughput, criterion_group, criterion_main};
use reunite::index::{Binding, Builder, Index, Row};
use reunite::kinship::Calculator;
use reunite::matching::{Compiler, Criterion, Matcher, Scorer, Watch};
use reunite::model::{Child, Family, Pseudonym, Relation, Relative};
use reunite::population::{FrequencyTable, Model};
use reunite::screen::{Classes, Instructions, Layout, Plan as ScreenPlan, Screen, screen_block};
use reunite::synthesis::{Plan, Population, Shape};

const FAMILIES: usize = 512;
const CHILDREN: usize = 20_480;

fn pseudonym(kind: u8, number: usize) -> Pseudonym {
    let mut bytes = [kind; Pseudonym::LEN];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    Pseudonym::from_bytes(bytes)
}

fn population(shapes: Vec<Shape>, table: &FrequencyTable) -> (Vec<Family>, Index) {
    let plan = Plan { families: FAMILIES, children: CHILDREN, shapes, ..Plan::default() };
    let population = Population::generate(&plan, table, &Model::default()).unwrap();
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
    let loci = table.panel().loci().iter().zip(table.loci());
    let mut builder = Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect());
    for (i, child) in population.children.iter().enumerate() {
        builder.push(Child { pseudonym: pseudonym(3, i), profile: child.profile.clone(), drop_out: None });
    }
    let binding = Binding { alleles: table.alleles_digest(), stamp: [0; 16], generation: 1 };
    let index = Index::from_bytes(&builder.finish(&binding).unwrap()).unwrap();
    (population.families.iter().enumerate().map(family).collect(), index)
}

fn matching(c: &mut Bench) {
    let table = FrequencyTable::chinese_han_23();
    let calculator = Calculator::new(table, Model::default()).unwrap();
    let one = |relations: &[Relation]| vec![Shape { relations: relations.to_vec(), weight: 1.0 }];
    let mixes = [
        ("duo", one(&[Relation::Mother])),
        ("trio", one(&[Relation::Father, Relation::Mother])),
        ("full sibling", one(&[Relation::FullSibling])),
        ("mixed", Plan::default_shapes()),
    ];
    let criterion = Criterion::default();
    for (name, shapes) in mixes {
        let (families, index) = population(shapes, table);
        let mut group = c.benchmark_group(name);
        group.sample_size(10);
        group.throughput(Throughput::Elements((FAMILIES * CHILDREN) as u64));
        let compiler = Compiler::new(&calculator, true);
        let compiled: Vec<_> = families.iter().map(|family| compiler.family(family).unwrap()).collect();
        let frequencies = calculator.loci().iter().map(|l| &l.frequencies()[..l.alleles().len()]);
        let layout = Layout {
            first_rows: index.first_rows().to_vec(),
            untyped: vec![(0, 1.0)],
            classes: Classes::new(frequencies),
            instructions: Instructions::Avx2,
        };
        let screens: Vec<Screen> = compiled
            .iter()
            .filter_map(|family| {
                let loci: Vec<_> = family.loci.iter().map(|l| l.as_ref().map(|l| &*l.screened)).collect();
                match ScreenPlan::new(&loci, &layout, criterion.min_log10_lr) {
                    ScreenPlan::Screen(screen) => Some(screen),
                    _ => None,
                }
            })
            .collect();
        let screens: Vec<&Screen> = screens.iter().collect();
        let mut passed = vec![Row::default(); screens.len()];
        // Where relatives exclude nothing there is no kernel to time.
        let kernels = if screens.is_empty() { Vec::new() } else { Instructions::available() };
        for instructions in kernels {
            let name = format!("kernel, {}, {} of {FAMILIES} families", instructions.name(), screens.len());
            group.bench_function(name, |b| {
                b.iter(|| {
                    for (number, block) in index.planes().chunks_exact(index.rows_per_block()).enumerate() {
                        screen_block(instructions, block, index.untyped(number), &screens, &mut passed);
                    }
                });
            });
        }
        group.bench_function("whole run", |b| {
            b.iter(|| Matcher::new(&index, &calculator, criterion).run(&families, &Watch::default()).unwrap());
        });
        let scorers: Vec<Scorer<'_>> = compiled.iter().map(|f| Scorer::new(f, criterion.min_log10_lr)).collect();
        group.bench_function("baseline: every pair by tables, one thread", |b| {
            b.iter(|| -> usize {
                let children = || index.codes().chunks_exact(table.panel().len());
                scorers.iter().map(|s| children().filter_map(|codes| s.score(codes)).count()).sum()
            });
        });
    }
}

criterion_group!(benches, matching);
criterion_main!(benches);
