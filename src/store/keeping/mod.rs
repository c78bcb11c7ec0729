//! How long and for what samples are kept: imports terms, lists what is due, deletes it, and records the processing.

pub(super) mod due;
pub(super) mod enforce;
pub(super) mod record;
pub(super) mod show;
