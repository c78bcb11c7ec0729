//! What two people decide about a pair, and what waits for them.

pub(super) mod basis;
pub(super) mod conflicts;
pub(super) mod lists;
pub(super) mod record;
pub(super) mod reviewers;
