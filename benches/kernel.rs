//! Measures the screening kernels alone, with every instruction set of the processor, and as a baseline the same pairs
//! without index or plan, where table look-ups score every child. One thread; elements are pairs.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

mod people;

use criterion::{Criterion as Bench, Throughput, criterion_group, criterion_main};
use reunite::index::{Index, Row};
use reunite::kinship::Calculator;
use reunite::matching::{Compiler, Criterion, Scorer};
use reunite::population::{FrequencyTable, Model};
use reunite::screen::{
    Classes, Instructions, Layout, Plan as ScreenPlan, Screen, ScreenedLocus, Screens, UntypedGroup, Weighing, Weights,
    screen_block, weigh_block,
};

const FAMILIES: usize = 1024;
const CHILDREN: usize = 20_480;

fn kernel(c: &mut Bench) {
    let table = FrequencyTable::chinese_han_23();
    let calculator = Calculator::new(table, Model::default()).unwrap();
    let threshold = Criterion::default().min_log10_lr;
    for (name, shapes) in people::mixes() {
        let (families, children) = people::people(FAMILIES, CHILDREN, shapes);
        let index = Index::from_bytes(&people::index(&children)).unwrap();
        let compiler = Compiler::new(&calculator, true);
        let compiled: Vec<_> = families.iter().map(|family| compiler.family(family).unwrap()).collect();
        let classes = || Classes::new(calculator.loci().iter().map(|l| &l.frequencies()[..l.alleles().len()]));
        let plans = |instructions: Instructions| -> Vec<ScreenPlan> {
            let layout = Layout {
                first_rows: index.first_rows().to_vec(),
                untyped: vec![UntypedGroup { loci: 0, share: 1.0 }],
                classes: classes(),
                instructions,
            };
            let plan = |family: &reunite::matching::CompiledFamily| {
                let loci: Vec<Option<&ScreenedLocus>> =
                    family.loci.iter().map(|locus| locus.as_ref().map(|locus| &locus.screened)).collect();
                ScreenPlan::new(&loci, &layout, threshold)
            };
            compiled.iter().map(plan).collect()
        };
        // Where weighing is cheap, the plans weigh all families; where it is expensive, they count for many.
        let (weighed, counted) = (plans(Instructions::Avx512Vbmi), plans(Instructions::Portable));
        let weights: Vec<Weighing<'_>> =
            weighed.iter().filter_map(ScreenPlan::weights).map(Weights::weighing).collect();
        let screens: Vec<&Screen> = counted.iter().filter_map(ScreenPlan::screen).collect();
        let (once, twice): (Vec<&Screen>, Vec<&Screen>) = screens.iter().partition(|screen| !screen.counts_strong());
        let classes = classes();
        let mut lanes = classes.empty(index.blocks());
        for (block, lanes) in lanes.chunks_exact_mut(classes.lanes()).enumerate() {
            classes.arrange(&index, block, lanes);
        }

        let mut group = c.benchmark_group(name);
        group.sample_size(10);
        let pairs = |families: usize| Throughput::Elements((families * CHILDREN) as u64);
        for instructions in Instructions::available() {
            group.throughput(pairs(weights.len()));
            let mut passed = vec![Row::default(); weights.len()];
            let title = format!("weigh, {}, {} of {FAMILIES} families", instructions.name(), weights.len());
            group.bench_function(title, |b| {
                b.iter(|| {
                    for block in lanes.chunks_exact(classes.lanes()) {
                        weigh_block(instructions, block, &weights, &mut passed);
                    }
                });
            });
            for (counters, screens) in [("one counter", &once), ("two counters", &twice)] {
                if screens.is_empty() {
                    continue;
                }
                let mut parts = Screens::new(screens);
                group.throughput(pairs(screens.len()));
                let mut passed = vec![Row::default(); screens.len()];
                let title =
                    format!("count, {counters}, {}, {} of {FAMILIES} families", instructions.name(), screens.len());
                group.bench_function(title, |b| {
                    b.iter(|| {
                        for (number, block) in index.planes().chunks_exact(index.rows_per_block()).enumerate() {
                            screen_block(instructions, block, index.untyped(number), &mut parts, &mut passed);
                        }
                    });
                });
            }
        }
        group.throughput(pairs(FAMILIES));
        let scorers: Vec<Scorer<'_>> = compiled.iter().map(|family| Scorer::new(family, threshold)).collect();
        group.bench_function("baseline: every pair by tables", |b| {
            b.iter(|| -> usize {
                let children = || index.codes().chunks_exact(table.panel().len());
                scorers.iter().map(|scorer| children().filter_map(|codes| scorer.score(codes)).count()).sum()
            });
        });
    }
}

criterion_group!(benches, kernel);
criterion_main!(benches);
