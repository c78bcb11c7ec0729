//! Contains one reader for each format of files.

pub(super) mod cmf;
mod detect;
pub(super) mod fam;
pub(super) mod genemapper;
pub(super) mod parallel;
pub(super) mod tidy;
