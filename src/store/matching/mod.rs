//! Matches, and what is asked of their candidates.

pub(super) mod candidates;
pub(super) mod comparability;
pub(super) mod compare;
pub(super) mod digests;
pub(super) mod duplicates;
pub(super) mod explain;
pub(super) mod indices;
pub(super) mod kin;
pub(super) mod manifest;
pub(super) mod meaning;
pub(super) mod missed;
pub(super) mod near;
pub(super) mod power;
pub(super) mod returning;
pub(super) mod run;
pub(super) mod runs;
pub(in crate::store) mod side_by_side;
pub(in crate::store) mod slice;
