//! Runs in tiles on other machines: makes the folder that the tiles need, and merges their shards into a recorded run.

pub(super) mod merge;
pub(super) mod plan;
