//! Computes a tile.

use std::path::Path;

use crate::index::{Access, Index};
use crate::matching::{MatchResult, Matcher, Watch};

use super::error::ClusterError;
use super::plan::Plan;
use super::rows::RowReader;
use super::shard::{ShardFault, read_shard, write_shard};

/// How a tile is computed.
#[derive(Clone, Copy, Debug)]
pub struct TileOptions<'a> {
    /// The folder for the shard.
    pub shards: &'a Path,
    /// The way in which the column of children is read.
    pub access: Access,
}

/// What came of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TileDone {
    /// Number of families of its row.
    pub families: u64,
    /// Number of children of its column.
    pub children: u64,
    /// Number of candidates, before limits that concern several tiles; `None` if the tile was already done.
    pub candidates: Option<u64>,
    /// Length of the shard in bytes; `None` if the tile was already done.
    pub bytes: Option<u64>,
}

/// Computes a tile and writes its shard, in parallel on the current rayon pool. A sound shard that is already there
/// stays, and nothing is computed. Several machines may compute the same tile at once.
///
/// # Errors
/// [`ClusterError`]; no shard is written then.
pub fn run_tile(plan: &Plan, tile: u32, options: &TileOptions<'_>, watch: &Watch) -> Result<TileDone, ClusterError> {
    let (row, column) = plan.place(tile)?;
    let planned = plan.planned();
    let (families, children) = (planned.rows[row as usize], planned.columns[column as usize]);
    let mut done = TileDone {
        families: families.families.into(),
        children: children.children.into(),
        candidates: None,
        bytes: None,
    };
    match read_shard(options.shards, plan, tile) {
        Ok(_) => return Ok(done),
        Err(ShardFault::Io(error)) => return Err(error),
        Err(ShardFault::Missing | ShardFault::Damaged) => {}
    }
    let path = Plan::column_file(plan.folder(), column);
    let failed = |source| ClusterError::Index { path: path.clone(), source };
    children.file.check(&path)?;
    let index = Index::open_if(&path, options.access, |_| true).map_err(failed)?;
    let loci = plan.calculator().panel().loci().iter().zip(plan.calculator().loci());
    let is_of_panel = index.loci().len() == plan.calculator().loci().len()
        && index
            .loci()
            .iter()
            .zip(loci)
            .all(|((name, alleles), (locus, model))| name == locus && alleles == model.alleles());
    if !is_of_panel || index.children() as u64 != done.children {
        return Err(ClusterError::damaged(&path, "it is not a column of the plan"));
    }
    let path = Plan::row_file(plan.folder(), row);
    let mut reader = RowReader::open(&path, &families, index.loci().len())?;
    watch.expect(done.families * done.children);
    let matcher = Matcher::new(&index, plan.calculator(), planned.criterion()).as_part_of(&planned.whole);
    let matcher = if planned.exhaustive { matcher.exhaustive() } else { matcher };
    let mut records = Vec::new();
    let mut keep = |more: &[u8]| records.extend_from_slice(more);
    let is_first = column == 0;
    let keeps = is_first && planned.keeps_records;
    let next = || reader.page();
    let (mut result, _): (MatchResult, _) =
        if keeps { matcher.run_pages(watch, next, Some(&mut keep))? } else { matcher.run_pages(watch, next, None)? };
    watch.check()?;
    if result.families != done.families {
        return Err(ClusterError::damaged(&path, "number of families"));
    }
    // The first column says once what all columns would say.
    if !is_first {
        result.informative.clear();
    }
    done.candidates = Some(result.candidates.len() as u64);
    done.bytes = Some(write_shard(options.shards, plan, tile, (&result, &records))?);
    Ok(done)
}
