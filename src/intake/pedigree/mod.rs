//! Families whose relations do not say who descends from whom.

pub(super) mod columns;
pub(super) mod files;
pub(super) mod link;
pub(super) mod placed;
pub(super) mod reach;
