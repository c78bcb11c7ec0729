//! `cluster`.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use data_encoding::HEXLOWER;
use serde_json::Value;

use crate::cli::notices::Notices;
use crate::cli::options::{FormatOption, Global, PopulationOption};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count, plural};
use crate::cluster::{
    KubernetesOptions, Plan, ShardFault, SlurmOptions, TileOptions, kubernetes_job, read_shard, run_tile, slurm_script,
};
use crate::index::Access;
use crate::model::shown_path;
use crate::report::{Format, SCHEMA_VERSION};
use crate::store::{MatchOptions, Observer as _, PlanOptions, StoreError};

use super::matching::{CriterionOptions, listing, tell_matched};

/// The variables in which Slurm and Kubernetes state the number of a task.
const NUMBERS: [&str; 2] = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"];

#[derive(Subcommand)]
pub(crate) enum Cluster {
    /// Make a folder with all that the tiles of a full run need: genotypes, but no pseudonyms
    ///
    /// Families and children have numbers in place of pseudonyms. The nodes need the folder and the program, but neither
    /// store nor key. Whoever can read the folder can read genotypes: protect it like the store, and delete it after the
    /// merge.
    Plan(MakePlan),
    /// Compute one tile of a plan, on any machine
    ///
    /// A tile can be killed and repeated at any time: its shard is written at once or not at all, and always has the same
    /// bytes. A tile that is done ends at once.
    Tile(Tile),
    /// Check the shards of all tiles and record the run, as `reunite match --full` would on this machine
    Merge(Merge),
    /// Write a job that computes the tiles, for Slurm or Kubernetes, to standard output
    Script(Script),
}

#[derive(Args)]
pub(crate) struct MakePlan {
    /// The number of tiles, at most 100,000
    #[arg(long, value_name = "N")]
    tiles: NonZeroU32,
    /// The folder to make
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Cut the children into N columns, so that each tile needs less memory; N divides the number of tiles [default: as few
    /// as possible, of at most 4,000,000 children each]
    #[arg(long, value_name = "N")]
    columns: Option<NonZeroU32>,
    /// Score every pair without screening: slow, to check that screening loses nothing
    #[arg(long)]
    exhaustive: bool,
    #[command(flatten)]
    criterion: CriterionOptions,
    #[command(flatten)]
    population: PopulationOption,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Args)]
pub(crate) struct Tile {
    /// The folder that `reunite cluster plan` made
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The number of the tile, from 0 [default: SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX]
    #[arg(long, value_name = "I")]
    index: Option<u32>,
    #[command(flatten)]
    shards: ShardsOption,
    /// Read the children into memory even above 1 GiB, instead of mapping them
    #[arg(long)]
    no_mmap: bool,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Args)]
pub(crate) struct Merge {
    /// The folder that `reunite cluster plan` made
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    shards: ShardsOption,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Args)]
pub(crate) struct Script {
    /// The folder that `reunite cluster plan` made; for Slurm, as the nodes see it
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The scheduler
    #[arg(long, value_name = "NAME")]
    engine: Engine,
    #[command(flatten)]
    shards: ShardsOption,
    /// The processors of a tile
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=512))]
    cpus: u32,
    /// The program on the nodes, for Slurm [default: this program]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// The image with the program, for Kubernetes
    #[arg(long, value_name = "IMAGE", default_value = concat!("reunite:", env!("CARGO_PKG_VERSION")))]
    image: String,
    /// The claim of the volume with the plan, for Kubernetes
    #[arg(long, value_name = "NAME", default_value = "reunite-plan")]
    plan_claim: String,
    /// The claim of the volume for the shards, for Kubernetes
    #[arg(long, value_name = "NAME", default_value = "reunite-shards")]
    shards_claim: String,
}

/// Where the shards are.
#[derive(Args)]
struct ShardsOption {
    /// The folder of the shards [default: shards in FOLDER]
    #[arg(long, value_name = "FOLDER")]
    shards: Option<PathBuf>,
}

impl ShardsOption {
    fn of(&self, folder: &Path) -> PathBuf {
        self.shards.clone().unwrap_or_else(|| Plan::shards(folder))
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Engine {
    /// An array job for sbatch, of the tiles that are not done
    Slurm,
    /// An indexed job for kubectl
    Kubernetes,
}

impl Cluster {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::Plan(command) => command.run(global, output),
            Self::Tile(command) => command.run(output),
            Self::Merge(command) => command.run(global, output),
            Self::Script(command) => command.run(output),
        }
    }
}

impl MakePlan {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = self.population.open(global)?;
        let mut matching = MatchOptions { exhaustive: self.exhaustive, ..MatchOptions::full(&store) };
        self.criterion.over(&mut matching)?;
        let options = PlanOptions { matching, tiles: self.tiles, columns: self.columns, out: &self.out };
        let made = store.plan_cluster(&options, &global.entry("cluster plan"), &Notices::new(output))?;
        let facts = [
            ("tiles", made.grid.tiles().into()),
            ("rows", made.grid.rows.into()),
            ("columns", made.grid.columns.into()),
            ("families", made.families.into()),
            ("children", made.children.into()),
            ("bytes", made.bytes.into()),
            ("memory", made.memory.into()),
            ("plan", HEXLOWER.encode(&made.digest).into()),
        ];
        print_facts(&facts, self.format.format, output)?;
        output.say(&format!(
            "{}: {}, {} x {}, {} MB; a tile needs {} MB of memory\nthe folder holds genotypes: protect it like the store, and \
             delete it after the merge",
            shown_path(&self.out),
            plural(made.grid.tiles().into(), "tile"),
            plural(made.families, "family"),
            plural(made.children, "child"),
            count(made.bytes.div_ceil(1_000_000)),
            count(made.memory.div_ceil(1_000_000)),
        ));
        Ok(Outcome::Done)
    }
}

impl Tile {
    fn run(&self, output: &Output) -> anyhow::Result<Outcome> {
        let tile = match self.index {
            Some(tile) => tile,
            None => number_of_task()?,
        };
        let plan = Plan::read(&self.folder).map_err(StoreError::from)?;
        let notices = Notices::new(output);
        let watch = notices.watch();
        watch.begin("comparing families with children");
        let following = notices.follow(&watch);
        let shards = self.shards.of(&self.folder);
        let access = if self.no_mmap { Access::Read } else { Access::Usual };
        let done = run_tile(&plan, tile, &TileOptions { shards: &shards, access }, &watch).map_err(StoreError::from)?;
        drop(following);
        let facts = [
            ("tile", tile.into()),
            ("families", done.families.into()),
            ("children", done.children.into()),
            ("computed", done.candidates.is_some().into()),
            ("candidates", done.candidates.into()),
            ("bytes", done.bytes.into()),
        ];
        print_facts(&facts, self.format.format, output)?;
        let (families, children) = (plural(done.families, "family"), plural(done.children, "child"));
        output.say(&match done.candidates {
            None => format!("tile {tile} was already done: {families} x {children}"),
            Some(found) => {
                format!("computed tile {tile}: {families} x {children}; {}", plural(found, "candidate"))
            }
        });
        Ok(Outcome::Done)
    }
}

/// Prints facts for programs, in this order.
fn print_facts(facts: &[(&str, Value)], format: Format, output: &Output) -> anyhow::Result<()> {
    match format {
        Format::Table => Ok(()),
        Format::Json => {
            let version = [("schema_version", Value::from(SCHEMA_VERSION))];
            let all = version.iter().chain(facts);
            let lines: Vec<String> = all.map(|(name, value)| format!("  \"{name}\": {value}")).collect();
            output.data(&format!("{{\n{}\n}}\n", lines.join(",\n")))
        }
        Format::Csv => {
            let names: Vec<&str> = facts.iter().map(|fact| fact.0).collect();
            let value = |value: &Value| match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            let values: Vec<String> = facts.iter().map(|fact| value(&fact.1)).collect();
            output.data(&format!("{}\n{}\n", names.join(","), values.join(",")))
        }
    }
}

/// Returns the number that the scheduler gave to this task.
fn number_of_task() -> anyhow::Result<u32> {
    for name in NUMBERS {
        if let Ok(number) = std::env::var(name) {
            return number
                .parse()
                .ok()
                .with_context(|| format!("{name} must be the number of a tile; or give --index I"));
        }
    }
    bail!("which tile? Give --index I, or run the command as a task of an array job")
}

impl Merge {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let plan = Plan::read(&self.folder).map_err(StoreError::from)?;
        let store = global.open()?;
        let store = match &plan.planned().population {
            Some(name) => store.with_population(name)?,
            None => store,
        };
        let entry = global.entry("cluster merge").with("format", self.format.format.word());
        let shards = self.shards.of(&self.folder);
        let matched =
            store.merge_cluster(&plan, &shards, listing(self.format.format), &entry, &Notices::new(output))?;
        tell_matched(&matched, self.format.format, false, output)
    }
}

impl Script {
    fn run(&self, output: &Output) -> anyhow::Result<Outcome> {
        let plan = Plan::read(&self.folder).map_err(StoreError::from)?;
        let absolute = |path: &Path| {
            std::path::absolute(path).with_context(|| format!("cannot find out where {} is", shown_path(path)))
        };
        let text = match self.engine {
            Engine::Slurm => {
                let program = match &self.program {
                    Some(program) => program.clone(),
                    None => std::env::current_exe().context("cannot find out where this program is; give --program")?,
                };
                let shards = self.shards.of(&self.folder);
                let is_left = |tile: &u32| {
                    matches!(
                        read_shard(&shards, &plan, *tile),
                        Err(ShardFault::Missing | ShardFault::Damaged | ShardFault::Io(_))
                    )
                };
                let tiles: Vec<u32> = (0..plan.planned().grid().tiles()).filter(is_left).collect();
                if tiles.is_empty() {
                    output.warn("all tiles are done: merge them with `reunite cluster merge`");
                    return Ok(Outcome::Nothing);
                }
                let shards = self.shards.shards.as_deref().map(absolute).transpose()?;
                slurm_script(
                    &plan,
                    &SlurmOptions {
                        program: &program,
                        folder: &absolute(&self.folder)?,
                        shards: shards.as_deref(),
                        cpus: self.cpus,
                        tiles: &tiles,
                    },
                )
            }
            Engine::Kubernetes => kubernetes_job(
                &plan,
                &KubernetesOptions {
                    image: &self.image,
                    plan_claim: &self.plan_claim,
                    shards_claim: &self.shards_claim,
                    cpus: self.cpus,
                },
            ),
        };
        output.data(&text)?;
        Ok(Outcome::Done)
    }
}
