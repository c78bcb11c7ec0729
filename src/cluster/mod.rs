//! Cuts a full run into tiles, which other machines compute without key, ledger and store.
//!
//! The children are cut into columns, the families into rows; a tile is one row matched with one column. A folder holds
//! what the tiles need: the [`Plan`], one file per column and one per row. Numbers in the order of the pseudonyms stand
//! for families, children and relatives, so that the folder holds no identifier, but the genotypes. [`run_tile`]
//! computes one tile and writes its [`Shard`], at once or not at all; the same tile always has the same bytes. The store
//! makes the folder and merges the shards.
//!
//! Schedulers, queues and copying are the cluster's own: [`slurm_script`] and [`kubernetes_job`] write what they need.

mod codec;
mod columns;
mod error;
mod plan;
mod rows;
mod script;
mod shard;
mod tile;

pub use columns::column_of;
pub use error::ClusterError;
pub use plan::{Column, Grid, Plan, PlanFile, Planned, RowPart};
pub use rows::{FamilyNames, RowReader, RowWriter, ordinal};
pub use script::{KubernetesOptions, SlurmOptions, kubernetes_job, slurm_script};
pub use shard::{Shard, ShardCandidate, ShardFault, read_shard};
pub use tile::{TileDone, TileOptions, run_tile};
