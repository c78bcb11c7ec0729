//! Measures the stages of a match and the whole of it: compile, score, index, import, a full run and an incremental
//! run.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

mod people;

use criterion::{BatchSize, Criterion as Bench, Throughput, criterion_group, criterion_main};
use reunite::audit::Attribution;
use reunite::index::{Access, Binding, Index};
use reunite::kinship::Calculator;
use reunite::ledger::{Batch, Ledger, LedgerKey, OnConflict, Returning};
use reunite::matching::{Compiler, Criterion, Matcher, Scorer, Watch};
use reunite::model::{Layout, SampleRecord, Sex};
use reunite::population::{FrequencyTable, Model};

const FAMILIES: usize = 512;
const CHILDREN: usize = 51_200;
/// Number of new families, and of new children, in an incremental run.
const NEW: usize = 8;

fn matching(c: &mut Bench) {
    let calculator = Calculator::new(FrequencyTable::chinese_han_23(), Model::default()).unwrap();
    let criterion = Criterion::default();
    for (name, shapes) in people::mixes() {
        let (families, children) = people::people(FAMILIES, CHILDREN, shapes);
        let index = Index::from_bytes(&people::index(&children)).unwrap();
        let mut group = c.benchmark_group(name);
        group.sample_size(10);
        group.throughput(Throughput::Elements(FAMILIES as u64));
        group.bench_function("compile: families", |b| {
            b.iter(|| {
                let compiler = Compiler::new(&calculator, false);
                families.iter().filter(|family| compiler.family(family).is_ok()).count()
            });
        });
        let compiler = Compiler::new(&calculator, false);
        let compiled: Vec<_> = families.iter().map(|family| compiler.family(family).unwrap()).collect();
        // Without a threshold, the scorer sums every pair over all loci, as it does for a pair that survives.
        let scorers: Vec<Scorer<'_>> = compiled.iter().map(|family| Scorer::new(family, f64::NEG_INFINITY)).collect();
        let few = &index.codes()[..index.loci().len() * 1_024];
        group.throughput(Throughput::Elements((FAMILIES * 1_024) as u64));
        group.bench_function("score: pairs", |b| {
            b.iter(|| -> usize {
                let children = || few.chunks_exact(index.loci().len());
                scorers.iter().map(|scorer| children().filter_map(|codes| scorer.score(codes)).count()).sum()
            });
        });
        group.throughput(Throughput::Elements((FAMILIES * CHILDREN) as u64));
        group.bench_function("full run: pairs", |b| {
            b.iter(|| Matcher::new(&index, &calculator, criterion).run(&families, &Watch::default()).unwrap());
        });
        let new = Index::from_bytes(&people::index(&children[..NEW])).unwrap();
        group.throughput(Throughput::Elements((NEW * CHILDREN + FAMILIES * NEW) as u64));
        group.bench_function("delta: pairs", |b| {
            b.iter(|| {
                let watch = Watch::default();
                let few = Matcher::new(&index, &calculator, criterion).run(&families[..NEW], &watch).unwrap();
                (few, Matcher::new(&new, &calculator, criterion).run(&families, &watch).unwrap())
            });
        });
    }
}

fn storage(c: &mut Bench) {
    let table = FrequencyTable::chinese_han_23();
    let (_, children) = people::people(1, CHILDREN, people::mixes()[0].1.clone());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("children.idx");
    std::fs::write(&path, people::index(&children)).unwrap();
    let rows = children.iter().enumerate().map(|(line, child)| SampleRecord {
        line: line as u64,
        sample: child.pseudonym,
        family: None,
        sex: Sex::Unknown,
        agency: None,
        region: None,
        kit: None,
        collected_on: None,
        drop_out: None,
        profile: child.profile.clone(),
        many: Vec::new(),
    });
    let loci = table.panel().loci().to_vec();
    let batch = Batch {
        layout: Layout::Children,
        file_digest: [0; 32],
        loci,
        rows: rows.collect(),
        pedigrees: Vec::new(),
        returning: Returning::default(),
    };

    let mut group = c.benchmark_group("storage");
    group.sample_size(10);
    group.throughput(Throughput::Elements(CHILDREN as u64));
    group.bench_function("index, build: children", |b| b.iter(|| people::index(&children)));
    let binding = Binding { alleles: table.alleles_digest(), stamp: [0; 16], generation: 1 };
    group.bench_function("index, open: children", |b| {
        b.iter(|| Index::open(&path, Access::Mapped, &binding).unwrap());
    });
    let mut number = 0;
    let key = LedgerKey::new([1; 32].into());
    group.bench_function("import: children", |b| {
        let fresh = || {
            number += 1;
            Ledger::create(&folder.path().join(format!("{number}.db")), Some(&key)).unwrap()
        };
        let import = |mut ledger: Ledger| {
            ledger.import(&batch, OnConflict::Refuse, false, Attribution::Unrecorded("a measurement")).unwrap()
        };
        b.iter_batched(fresh, import, BatchSize::PerIteration);
    });
}

criterion_group!(benches, matching, storage);
criterion_main!(benches);
