//! Reads the pedigrees of families that relations do not describe.

pub(super) mod columns;
pub(super) mod files;
pub(super) mod link;
pub(super) mod placed;
pub(super) mod reach;
