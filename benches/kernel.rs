//! Measures the screening kernels alone, with every instruction set of the processor, and as a baseline the same pairs
//! without index or plan, where table look-ups score every child. One thread; elements are pairs.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

mod people;

use criterion::{Criterion as Bench, Throughput, criterion_group, criterion_main};
use reunite::index::{BLOCK, Index, Row};
use reunite::kinship::Calculator;
use reunite::matching::{Compiler, Criterion, Scorer};
use reunite::population::{FrequencyTable, Model};
use reunite::screen::{
    Asked, Classes, CoarseWeights, Instructions, Lanes, Layout, Packed, Passed, Plan as ScreenPlan, Screen,
    ScreenedLocus, Screens, UntypedGroup, Weighing, Weights, coarsen, screen_block, weigh_block, weigh_coarsely,
    weigh_few,
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
        let classes = classes();
        let coarse: Vec<CoarseWeights> = weights.iter().map(|weights| CoarseWeights::new(weights, &classes)).collect();
        let per_block = BLOCK * classes.packs();
        let mut packed = vec![Packed::default(); index.blocks() * per_block];
        classes.arrange(&index, 0, &mut packed);

        let mut group = c.benchmark_group(name);
        group.sample_size(10);
        let pairs = |families: usize| Throughput::Elements((families * CHILDREN) as u64);
        for instructions in Instructions::available() {
            group.throughput(pairs(weights.len()));
            let mut passed = vec![Row::default(); weights.len()];
            let mut lanes = Lanes::of_block(classes.packs());
            for coarsely in [false, true] {
                let how = if coarsely { "weigh coarsely" } else { "weigh" };
                let title = format!("{how}, {}, {} of {FAMILIES} families", instructions.name(), weights.len());
                group.bench_function(title, |b| {
                    b.iter(|| {
                        for block in packed.chunks_exact(per_block) {
                            lanes.turn(instructions, block);
                            if coarsely {
                                coarsen(instructions, &mut lanes, &classes);
                                weigh_coarsely(instructions, &lanes, &coarse, &mut passed);
                            } else {
                                weigh_block(instructions, &lanes, &weights, &mut passed);
                            }
                        }
                    });
                });
            }
            if screens.is_empty() {
                continue;
            }
            let asked: Vec<Asked<'_>> = screens.iter().map(|screen| Asked::Alone(screen)).collect();
            let mut parts = Screens::new(&asked);
            group.throughput(pairs(screens.len()));
            let mut rows = vec![Row::default(); screens.len()];
            let title = format!("count, {}, {} of {FAMILIES} families", instructions.name(), screens.len());
            group.bench_function(title, |b| {
                b.iter(|| {
                    for (number, block) in index.planes().chunks_exact(index.rows_per_block()).enumerate() {
                        screen_block(instructions, block, index.untyped(number), &mut parts, &mut rows);
                    }
                });
            });
            // Those who pass: each is listed and weighed. Here elements are children, not pairs.
            let mut lists: Vec<Vec<u32>> = vec![Vec::new(); screens.len()];
            let mut listed = Passed::default();
            let blocks = || index.planes().chunks_exact(index.rows_per_block()).enumerate();
            for (number, block) in blocks() {
                screen_block(instructions, block, index.untyped(number), &mut parts, &mut rows);
                listed.list(instructions, &rows, &block[..1], number * BLOCK);
                lists.iter_mut().zip(listed.families()).for_each(|(list, listed)| list.extend_from_slice(listed));
            }
            group.throughput(Throughput::Elements(lists.iter().map(Vec::len).sum::<usize>() as u64));
            group.bench_function(format!("weigh those who passed, {}", instructions.name()), |b| {
                let mut few = Lanes::of_few(classes.packs());
                let weighings =
                    || counted.iter().filter(|plan| plan.screen().is_some()).filter_map(ScreenPlan::weights);
                b.iter(|| {
                    let mut passed = 0;
                    for (weights, list) in weighings().zip(&lists) {
                        for children in list.chunks(64) {
                            few.turn_some(instructions, &packed, children);
                            passed += weigh_few(instructions, &few, &weights.weighing()).count_ones();
                        }
                    }
                    passed
                });
            });
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
