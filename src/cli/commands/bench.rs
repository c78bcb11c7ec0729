//! `bench`.

use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use crate::audit::Attribution;
use crate::cli::model_options::ModelOptions;
use crate::cli::notices::Notices;
use crate::cli::options::FrequencyOption;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count};
use crate::index::{Access, BLOCK, Index, Row};
use crate::ledger::{Batch, Ledger, OnConflict, Returning};
use crate::matching::{Criterion, Matcher, Watch};
use crate::model::{
    Allele, GenotypeCode, Layout, Locus, Profile, Pseudonym, Relation, SampleRecord, Sex, genotype_code,
};
use crate::screen::{Asked, Differences, Instructions, Screen, Screens, screen_block};
use crate::store::{self, Listing, MatchOptions, Matched, NewStore, Store, checked_threshold};
use crate::synthesis::{Plan, Population};

/// Families of the comparison with scoring every pair.
const SCORED: u32 = 64;

#[derive(Args)]
pub(crate) struct Bench {
    /// Number of families
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    families: usize,
    /// Number of children
    #[arg(long, value_name = "N", default_value_t = 500_000)]
    children: usize,
    /// How many of either come after the first match
    #[arg(long, value_name = "N", default_value_t = 200)]
    new: usize,
    /// How often everything is matched; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=99))]
    runs: u64,
    /// The same seed gives the same population, on every machine
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The least log10 LR of a candidate
    #[arg(long, value_name = "X", default_value_t = 4.0, allow_negative_numbers = true)]
    min_log10_lr: f64,
    /// Use no better instructions than these, to see what another machine would do
    #[arg(long, value_name = "SET")]
    instructions: Option<Instructions>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    frequencies: FrequencyOption,
    #[command(flatten)]
    model: ModelOptions,
}

/// What was measured. Times are seconds; those in `processor` are added up over threads.
#[derive(Serialize)]
struct Measured {
    program: &'static str,
    instructions: &'static str,
    threads: usize,
    families: u64,
    children: u64,
    seed: u64,
    model: String,
    digest: String,
    synthesise: f64,
    /// Relatives and children imported.
    samples: usize,
    import: f64,
    index_build: f64,
    index_open: f64,
    index_bytes_per_child: f64,
    full: Full,
    delta: Delta,
    every_pair: EveryPair,
    /// The most memory that the process held, mapped files included; unknown where the system does not say.
    memory_peak_bytes: Option<u64>,
}

/// Everything matched: the run of median length.
#[derive(Serialize)]
struct Full {
    wall: f64,
    pairs: u64,
    pairs_per_second: f64,
    survivors: u64,
    candidates: usize,
    processor: Processor,
    digest: f64,
    write: f64,
    kernel_pairs_per_second_and_thread: f64,
    /// Pairs a second of one thread that only counts: one set of alleles per locus, all loci.
    bare_counting_pairs_per_second: f64,
    /// Processor time of all over that of the bare counter for the same pairs.
    ratio_to_bare_counting: f64,
    /// Processor time of all over that of the kernels.
    ratio_to_kernel: f64,
    /// Length of each run.
    runs: Vec<f64>,
}

#[derive(Serialize)]
struct Processor {
    compile: f64,
    screen: f64,
    score: f64,
    describe: f64,
}

/// New families and children matched.
#[derive(Serialize)]
struct Delta {
    new: u64,
    wall: f64,
    share_of_full: f64,
    /// Whether a full run afterwards had the same digest.
    equal: bool,
}

/// A few families scored with every child, by table look-ups.
#[derive(Serialize)]
struct EveryPair {
    families: u64,
    pairs_per_second_and_thread: f64,
    /// Whether the candidates were the same.
    equal: bool,
}

impl Bench {
    pub(super) fn run(&self, output: &Output) -> anyhow::Result<Outcome> {
        self.instructions.into_iter().for_each(Instructions::limit);
        let measured = self.measure(output)?;
        if self.json {
            output.data(&format!("{}\n", serde_json::to_string_pretty(&measured)?))?;
        } else {
            output.page(measured.text())?;
        }
        Ok(if measured.delta.equal && measured.every_pair.equal { Outcome::Done } else { Outcome::Nothing })
    }

    fn measure(&self, output: &Output) -> anyhow::Result<Measured> {
        let quiet = output.quietly();
        let quiet = Notices::new(&quiet);
        let frequencies = self.frequencies.read(output)?;
        let table = &frequencies.table;
        let settings = self.model.settings()?;
        let criterion = Criterion { min_log10_lr: checked_threshold(self.min_log10_lr)?, ..Criterion::default() };
        output.say(&format!(
            "{} families and {} children in a temporary store, {} runs",
            count(self.families as u64),
            count(self.children as u64),
            self.runs
        ));
        let plan = Plan { families: self.families, children: self.children, seed: self.seed, ..Plan::default() };
        let started = Instant::now();
        let population = Population::generate(&plan, table, &settings.model)?;
        let synthesise = started.elapsed();

        let folder = tempfile::tempdir()?;
        let new = NewStore { criterion, ..NewStore::new(&frequencies, &settings) }.for_invented_people();
        let store = Store::create(&folder.path().join("store"), &new)?;
        let mut ledger = store.ledger()?;
        let [first, later] = batches(&population, self.new, table.panel().loci());
        drop(population);
        let samples = first.iter().map(|batch| batch.rows.len()).sum();
        let started = Instant::now();
        import(&mut ledger, &first)?;
        let import_time = started.elapsed();
        drop(first);
        let started = Instant::now();
        drop(store.build_index(&ledger, Access::Usual)?);
        let index_build = started.elapsed();
        let started = Instant::now();
        let index = store.open_index(&ledger, Access::Usual)??;
        let index_open = started.elapsed();
        let index_bytes_per_child = index.size() as f64 / f64::max(index.children() as f64, 1.0);
        drop(index);

        let full = MatchOptions { listing: Listing::New, ..MatchOptions::full(&store) };
        let entry = store::entry("bench", None);
        let mut runs: Vec<Matched> = Vec::new();
        for _ in 0..self.runs {
            runs.push(store.match_all(&full, &entry, &quiet)?);
        }
        runs.sort_by(|a, b| a.report.run.seconds.total_cmp(&b.report.run.seconds));
        let lengths = runs.iter().map(|run| run.report.run.seconds).collect();
        let median = runs.swap_remove(runs.len() / 2);
        let bare = bare_counting(&store.open_index(&ledger, Access::Usual)??);
        let full_measured = Full::from_run(&median, lengths, bare);
        import(&mut ledger, &later)?;
        let delta = store.match_all(&MatchOptions { full: false, ..full }, &entry, &quiet)?;
        // Its own index first, so that only matching is compared.
        drop(store.build_index(&ledger, Access::Usual)?);
        let after = store.match_all(&full, &entry, &quiet)?;
        Ok(Measured {
            program: concat!("reunite ", env!("CARGO_PKG_VERSION")),
            instructions: Instructions::detect().name(),
            threads: rayon::current_num_threads(),
            families: median.report.run.families,
            children: median.report.run.children,
            seed: self.seed,
            model: store.calculator()?.settings_line(),
            digest: median.report.run.digest.clone(),
            synthesise: synthesise.as_secs_f64(),
            samples,
            import: import_time.as_secs_f64(),
            index_build: index_build.as_secs_f64(),
            index_open: index_open.as_secs_f64(),
            index_bytes_per_child,
            delta: Delta {
                new: self.new as u64,
                wall: delta.report.run.seconds,
                share_of_full: delta.report.run.seconds / after.report.run.seconds,
                equal: delta.report.run.mode == "delta" && delta.report.run.digest == after.report.run.digest,
            },
            every_pair: every_pair(&store, &ledger, criterion)?,
            full: full_measured,
            memory_peak_bytes: memory_peak(),
        })
    }
}

impl Full {
    fn from_run(run: &Matched, runs: Vec<f64>, bare: f64) -> Self {
        let seconds = |time: Duration| time.as_secs_f64();
        let (wall, pairs) = (run.report.run.seconds, run.report.run.pairs);
        let screen = f64::max(seconds(run.stages.screen), 1e-9);
        Self {
            wall,
            pairs,
            pairs_per_second: pairs as f64 / wall.max(1e-9),
            survivors: run.result.survivors,
            candidates: run.result.candidates.len(),
            processor: Processor {
                compile: seconds(run.stages.compile),
                screen: seconds(run.stages.screen),
                score: seconds(run.stages.score),
                describe: seconds(run.stages.describe),
            },
            digest: seconds(run.digest),
            write: seconds(run.write),
            kernel_pairs_per_second_and_thread: pairs as f64 / screen,
            bare_counting_pairs_per_second: bare,
            ratio_to_bare_counting: wall * rayon::current_num_threads() as f64 * bare / f64::max(pairs as f64, 1.0),
            ratio_to_kernel: wall * rayon::current_num_threads() as f64 / screen,
            runs,
        }
    }
}

/// The population as two batches each of families and of children: the first, and what comes later.
fn batches(population: &Population, later: usize, loci: &[Locus]) -> [[Batch; 2]; 2] {
    let name = |id: &str| {
        let hash = blake3::hash(id.as_bytes());
        Pseudonym::from_bytes(std::array::from_fn(|byte| hash.as_bytes()[byte]))
    };
    let record =
        |line: usize, id: &str, family: Option<(Pseudonym, Relation)>, sex: Sex, profile: &Profile| SampleRecord {
            line: line as u64,
            sample: name(id),
            family,
            sex,
            agency: None,
            region: None,
            kit: None,
            collected_on: None,
            drop_out: None,
            profile: profile.clone(),
            many: Vec::new(),
        };
    let batch = |layout, rows| Batch {
        layout,
        file_digest: [0; 32],
        loci: loci.to_vec(),
        rows,
        pedigrees: Vec::new(),
        returning: Returning::default(),
    };
    let split = |all: usize| all - later.min(all);
    let families = population.families.iter().enumerate().flat_map(|(number, family)| {
        let one = move |person: &crate::synthesis::SyntheticPerson| {
            let of = Some((name(&family.id), person.relation));
            (number, record(number, &person.id, of, person.sex, &person.profile))
        };
        family.relatives.iter().map(one)
    });
    let (first, last): (Vec<_>, Vec<_>) = families.partition(|row| row.0 < split(population.families.len()));
    let children = population.children.iter().enumerate();
    let children = children.map(|(number, child)| (number, record(number, &child.id, None, child.sex, &child.profile)));
    let (some, others): (Vec<_>, Vec<_>) = children.partition(|row| row.0 < split(population.children.len()));
    let rows = |numbered: Vec<(usize, SampleRecord)>| numbered.into_iter().map(|row| row.1).collect();
    [(first, some), (last, others)]
        .map(|(families, children)| [batch(Layout::Families, rows(families)), batch(Layout::Children, rows(children))])
}

fn import(ledger: &mut Ledger, batches: &[Batch; 2]) -> anyhow::Result<()> {
    for batch in batches {
        ledger.import(batch, OnConflict::Refuse, false, Attribution::Unrecorded("the store is synthetic"))?;
    }
    Ok(())
}

/// Scores every child with a few families, and screens for the same.
fn every_pair(store: &Store, ledger: &Ledger, criterion: Criterion) -> anyhow::Result<EveryPair> {
    let calculator = store.calculator()?;
    let index = store.open_index(ledger, Access::Usual)??;
    let families = ledger.families_after(store.table().panel(), None, SCORED, &ledger.generation()?)?;
    let watch = Watch::default();
    let (all, stages) = Matcher::new(&index, &calculator, criterion).exhaustive().run(&families, &watch)?;
    let (screened, _) = Matcher::new(&index, &calculator, criterion).run(&families, &watch)?;
    Ok(EveryPair {
        families: families.len() as u64,
        pairs_per_second_and_thread: all.pairs as f64 / f64::max(stages.score.as_secs_f64(), 1e-9),
        equal: all.candidates == screened.candidates,
    })
}

/// Counts, on one thread, the misses of one allele per locus in the index's first blocks, and returns pairs a second: what
/// the fastest kernel does if it has nothing else to do.
fn bare_counting(index: &Index) -> f64 {
    const FAMILIES: usize = 1024;
    const BLOCKS: usize = 64;
    const LEAST: Duration = Duration::from_millis(200);
    let differences = Differences::default();
    let screen = |family: usize| {
        let loci = index.first_rows().iter().zip(index.loci()).enumerate();
        let code = |(locus, (&first_row, of)): (usize, (&usize, &(Locus, Vec<Allele>)))| {
            let allele = (family * 31 + locus * 7) % of.1.len().max(1);
            (first_row, genotype_code(allele, allele) as GenotypeCode)
        };
        differences.screen(loci.map(code), index.loci().len(), 4)
    };
    let screens: Vec<Screen> = (0..FAMILIES).map(screen).collect();
    let mut parts = Screens::new(&screens.iter().map(Asked::Alone).collect::<Vec<_>>());
    let mut passed = vec![Row::default(); FAMILIES];
    let (started, mut pairs) = (Instant::now(), 0);
    while started.elapsed() < LEAST && index.blocks() > 0 {
        for (number, block) in index.planes().chunks_exact(index.rows_per_block()).enumerate().take(BLOCKS) {
            screen_block(Instructions::detect(), block, index.untyped(number), &mut parts, &mut passed);
            pairs += FAMILIES * BLOCK;
        }
    }
    pairs as f64 / f64::max(started.elapsed().as_secs_f64(), 1e-9)
}

/// The most memory that this process held, in bytes, as Linux tells it.
fn memory_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

impl Measured {
    fn text(&self) -> String {
        let Full { processor, .. } = &self.full;
        let threads = self.threads as f64;
        let share = |time: f64| format!("{time:8.2} s  {:4.0} %", 100.0 * time / (self.full.wall * threads));
        let rest = self.full.wall * threads
            - processor.compile
            - processor.screen
            - processor.score
            - processor.describe
            - (self.full.digest) * threads;
        let equal = |equal: bool| if equal { "the same" } else { "NOT THE SAME" };
        format!(
            "{} families x {} children = {} pairs, {}, {} threads\n\n\
             import           {:8.2} s  {:.0} samples a second\n\
             index, build     {:8.2} s  {:.0} bytes per child\n\
             index, open      {:8.3} s\n\
             match everything {:8.2} s  {:.2e} pairs a second\n\
             \x20 compile        {}\n  screen         {}  {:.2e} pairs a second and thread\n  score          {}  {} survivors\n\
             \x20 describe       {}  {} candidates\n  digest         {}\n  rest           {}\n\
             write the run    {:8.2} s\n\
             match {:<10} {:8.2} s  {:.1} % of everything; candidates {}\n\n\
             the whole run takes {:.2} times as long as its kernels\n\
             a bare counter, one set a locus: {:.2e} pairs a second and thread\n\
             the whole run takes {:.1} times as long as a bare counter\n\
             every pair by tables: {:.2e} pairs a second and thread; candidates {}\n\
             memory: {}\ndigest {}\n",
            count(self.families),
            count(self.children),
            count(self.full.pairs),
            self.instructions,
            self.threads,
            self.import,
            self.samples as f64 / self.import,
            self.index_build,
            self.index_bytes_per_child,
            self.index_open,
            self.full.wall,
            self.full.pairs_per_second,
            share(processor.compile),
            share(processor.screen),
            self.full.kernel_pairs_per_second_and_thread,
            share(processor.score),
            count(self.full.survivors),
            share(processor.describe),
            count(self.full.candidates as u64),
            share(self.full.digest * threads),
            share(rest),
            self.full.write,
            format!("{} new", count(self.delta.new)),
            self.delta.wall,
            100.0 * self.delta.share_of_full,
            equal(self.delta.equal),
            self.full.ratio_to_kernel,
            self.full.bare_counting_pairs_per_second,
            self.full.ratio_to_bare_counting,
            self.every_pair.pairs_per_second_and_thread,
            equal(self.every_pair.equal),
            self.memory_peak_bytes.map_or("unknown".to_owned(), |bytes| format!("{} MB at most", bytes >> 20)),
            self.digest,
        )
    }
}
