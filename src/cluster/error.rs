//! Why a tile cannot be planned, computed or merged.

use std::io;
use std::path::{Path, PathBuf};

use crate::index::IndexError;
use crate::matching::Stopped;
use crate::model::shown_path;

/// Why a tile cannot be planned, computed or merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The operating system refused a file or folder.
    #[error("{doing} {}", shown_path(path))]
    Io {
        /// What cannot be done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The folder holds no plan.
    #[error("{}: there is no plan in this folder", shown_path(.0))]
    NoPlan(PathBuf),
    /// The bytes of a file are not those that were written.
    #[error("{}: the file is damaged ({what})", shown_path(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// A file was written by a program with another layout of files.
    #[error("{}: the file has layout version {version}, which this program cannot read", shown_path(path))]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// The file of a column cannot be used.
    #[error("{}: {source}", shown_path(path))]
    Index {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: IndexError,
    },
    /// The plan was made by another program.
    #[error("the plan was made by {planned}, and this is {here}: both must be the same program")]
    OtherProgram {
        /// Name, version and scoring version of the program that made the plan.
        planned: String,
        /// The same of this program.
        here: String,
    },
    /// There is no tile with this number.
    #[error("there is no tile {index}: the plan has the tiles 0 to {}", tiles.saturating_sub(1))]
    NoTile {
        /// The number.
        index: u32,
        /// Number of tiles.
        tiles: u32,
    },
    /// A plan cannot have this many tiles.
    #[error("{tiles} tiles cannot be arranged in {columns} columns")]
    Grid {
        /// Number of tiles.
        tiles: u32,
        /// Number of columns.
        columns: u32,
    },
    /// The folder of a plan to be made is there, and is not empty.
    #[error("{}: the folder is not empty", shown_path(.0))]
    FolderExists(PathBuf),
    /// A tile has more results than a shard can hold.
    #[error("the results of a tile do not fit into one file")]
    TooMuch,
    /// Some tiles have no sound shard.
    #[error("{}", of_tiles(missing, damaged))]
    Incomplete {
        /// The tiles without a shard, in rising order.
        missing: Vec<u32>,
        /// The tiles whose shard cannot be used, in rising order.
        damaged: Vec<u32>,
        /// Number of all tiles.
        tiles: u32,
    },
    /// The samples or families of the store are no longer those of the plan.
    #[error("the store has changed since the plan was made: the plan is of generation {planned}, the store of {now}")]
    StoreChanged {
        /// Generation of the plan.
        planned: u64,
        /// Generation of the store.
        now: u64,
    },
    /// The frequencies or the model of the store are no longer those of the plan.
    #[error("the plan was made with another frequency table or model than the store has now")]
    SettingsChanged,
    /// The folder was made from another store.
    #[error("the plan was made from another store, or from another state of this one")]
    OtherStore,
    /// The run was stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl ClusterError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, what: &'static str) -> Self {
        Self::Damaged { path: path.to_owned(), what }
    }
}

/// The most ranges of tiles that a message names.
const NAMED: usize = 20;

/// Returns numbers in rising order as ranges, as Slurm reads and writes them: `0-3,7`.
pub(super) fn ranges(tiles: &[u32]) -> Vec<String> {
    let runs = tiles.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    let range = |run: &[u32]| match run {
        [one] => one.to_string(),
        run => format!("{}-{}", run[0], run[run.len() - 1]),
    };
    runs.map(range).collect()
}

fn of_tiles(missing: &[u32], damaged: &[u32]) -> String {
    let list = |tiles: &[u32]| {
        let mut ranges = ranges(tiles);
        if ranges.len() > NAMED {
            ranges.truncate(NAMED);
            ranges.push("...".to_owned());
        }
        ranges.join(",")
    };
    let missing = match missing.len() {
        0 => None,
        1 => Some(format!("1 tile has no shard: {}", list(missing))),
        number => Some(format!("{number} tiles have no shard: {}", list(missing))),
    };
    let damaged = match damaged.len() {
        0 => None,
        1 => Some(format!("1 tile has a shard that cannot be used: {}", list(damaged))),
        number => Some(format!("{number} tiles have shards that cannot be used: {}", list(damaged))),
    };
    missing.into_iter().chain(damaged).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_ranges() {
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8]), ["0-2", "5", "7-8"]);
        let every_second: Vec<u32> = (0..50).map(|number| number * 2).collect();
        let said = of_tiles(&every_second, &[4]);
        assert!(said.starts_with("50 tiles have no shard: 0,2,4,"), "{said}");
        assert!(said.ends_with(",38,...; 1 tile has a shard that cannot be used: 4"), "{said}");
    }
}
